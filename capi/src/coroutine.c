#include "coroutine.h"

/* Runs in the handler of a stack overflow: no library call that may take a lock. */
const char *runner__cotask_overflow_label(const void *owner)
{
    static char text[32];
    const runner_task_t *task = owner;
    if (task->extra != NULL && task->extra->name != NULL) {
        return task->extra->name;
    }
    char digits[20];
    size_t count = 0;
    for (uint64_t id = task->id; count == 0 || id > 0; id /= 10) {
        digits[count++] = (char)('0' + id % 10);
    }
    size_t length = 0;
    for (const char *from = "Task-"; *from != '\0'; from++) {
        text[length++] = *from;
    }
    while (count > 0) {
        text[length++] = digits[--count];
    }
    text[length] = '\0';
    return text;
}

void runner__cotask_main(void *arg)
{
    runner__cotask_t *cotask = arg;
    runner_task_t *task = &cotask->task;
    task->future.code = task->body.coroutine(task->arg, &task->future.value);
    task->future.task_flags |= RUNNER__TASK_RETURNED;
    runner__coro_exit(&cotask->coro, cotask->back);
}

void runner__cotask_abandon(runner__cotask_t *cotask)
{
    while (cotask->top != &cotask->coro) {
        runner__nested_t *nested = RUNNER__CONTAINER(cotask->top, runner__nested_t, coro);
        cotask->top = nested->caller;
        nested->abandoned(nested);
    }
}
