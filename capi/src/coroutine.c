#include "coroutine.h"

#include "coro/overflow.h"

/* Runs in the handler of a stack overflow: no library call that may take a lock. */
static const char *overflow_label(const void *owner)
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

static void cotask_main(void *arg)
{
    runner__cotask_t *cotask = arg;
    runner_task_t *task = &cotask->task;
    task->future.code = task->body.coroutine(task->arg, &task->future.value);
    task->flags |= RUNNER__TASK_RETURNED;
    runner__coro_exit(&cotask->coro, cotask->back);
}

runner__cotask_t *runner__cotask_alloc(runner__tasks_t *tasks, size_t stack_bytes)
{
    runner__stack_t *stack = runner__stack_acquire(&tasks->stacks, stack_bytes);
    if (stack == NULL) {
        return NULL;
    }
    runner__cotask_t *cotask = stack->header;
    stack->label = overflow_label;
    stack->owner = &cotask->task;
    cotask->stack = stack;
    cotask->top = &cotask->coro;
    runner__coro_make(&cotask->coro, stack, cotask_main, cotask);
    return cotask;
}

/* After runner_free() the pool is gone and the stack takes its slab along. */
void runner__cotask_free(runner__tasks_t *tasks, runner__cotask_t *cotask)
{
    runner__stackpool_t *pool = tasks->home.free_last == NULL ? &tasks->stacks : NULL;
    runner__coro_destroy(&cotask->coro);
    runner__stack_release(pool, cotask->stack);
}
