/* Cancellation: counted, delivered once a request, to the innermost wait first. */
#include "task.h"

#include "runner/error.h"

#define REASON_BITS 4
#define REASON_MASK UINT64_C(15)
#define MOST_REASONS (64 / REASON_BITS)

static void push_reason(runner_task_t *task, unsigned reason)
{
    task->cancels++;
    task->reasons = (task->reasons << REASON_BITS) | (reason & REASON_MASK);
}

/* Takes back the latest request of the program's own, else the latest of all: whoever uncancels by
 * hand has cancelled by hand, and what a signal asked for stays attributed to the signal. */
static void pop_reason(runner_task_t *task)
{
    unsigned at = 0;
    for (unsigned i = 0; i < task->cancels && i < MOST_REASONS; i++) {
        if (((task->reasons >> (i * REASON_BITS)) & REASON_MASK) == RUNNER_REASON_USER) {
            at = i;
            break;
        }
    }
    uint64_t below = task->reasons & ((UINT64_C(1) << (at * REASON_BITS)) - 1);
    uint64_t above = at + 1 < MOST_REASONS ? task->reasons >> ((at + 1) * REASON_BITS) : 0;
    task->reasons = (above << (at * REASON_BITS)) | below;
    task->cancels--;
}

runner_task_t *runner__task_awaited(const runner_task_t *task)
{
    if (task->wait.ops != &runner__wait_for_future || !runner__future_is_task(task->wait.on)) {
        return NULL;
    }
    return runner__task_of_future(task->wait.on);
}

/* Two tasks that wait for each other have no innermost wait: this one's is cut. */
static void cut_cycle(runner_task_t *task)
{
    runner__list_remove(&task->timer.entry.node);
    runner__wait_drop(&task->wait);
    task->flags |= RUNNER__TASK_MUST_CANCEL;
    runner__task_queue(task);
}

static void clear_visited(runner_task_t *task)
{
    while (task != NULL && (task->flags & RUNNER__TASK_VISITED) != 0) {
        task->flags &= ~(uint32_t)RUNNER__TASK_VISITED;
        task = runner__task_awaited(task);
    }
}

static void cancel_wait(runner_task_t *task, const runner__cancel_t *cancel)
{
    bool queued = (task->flags & RUNNER__TASK_QUEUED) != 0;
    if (queued || task->wait.ops == NULL || !task->wait.ops->cancel(&task->wait, cancel)) {
        task->flags |= RUNNER__TASK_MUST_CANCEL;
    }
}

/* Follows the chain of awaits by a loop: it may be longer than a stack is deep. */
bool runner__task_cancel(runner_task_t *task, const runner__cancel_t *cancel)
{
    if (runner__future_is_done(&task->future)) {
        return false;
    }
    runner__cancel_t request = *cancel;
    runner_task_t *at = task;
    for (;;) {
        push_reason(at, request.reason);
        runner__future_set_note(&at->future, request.note);
        runner_task_t *next = runner__task_awaited(at);
        if (next == NULL || runner__future_is_done(&next->future)) {
            cancel_wait(at, &request);
            break;
        }
        at->flags |= RUNNER__TASK_VISITED;
        if ((next->flags & RUNNER__TASK_VISITED) != 0) {
            clear_visited(task);
            cut_cycle(at);
            return true;
        }
        at = next;
        request.reason = RUNNER_REASON_PARENT;
    }
    clear_visited(task);
    return true;
}

static int check(const runner_task_t *task)
{
    return task == NULL ? RUNNER_EINVAL : runner__home_check_thread(task->future.home);
}

int runner_task_cancel(runner_task_t *task)
{
    int code = check(task);
    if (code != 0) {
        return code;
    }
    runner__cancel_t cancel = {RUNNER_REASON_USER, NULL};
    return runner__task_cancel(task, &cancel) ? 0 : RUNNER_EDONE;
}

int runner_task_cancel_with(runner_task_t *task, const char *message, uint64_t payload)
{
    int code = check(task);
    if (code != 0) {
        return code;
    }
    if (runner__future_is_done(&task->future)) {
        return RUNNER_EDONE;
    }
    runner__cancel_t cancel = {RUNNER_REASON_USER, runner__note_new(message, payload)};
    if (cancel.note == NULL) {
        return RUNNER_ENOMEM;
    }
    (void)runner__task_cancel(task, &cancel);
    runner__note_unref(cancel.note);
    return 0;
}

int runner_task_uncancel(runner_task_t *task)
{
    if (task == NULL) {
        return 0;
    }
    if (task->cancels > 0) {
        pop_reason(task);
        if (task->cancels == 0) {
            task->flags &= ~(uint32_t)RUNNER__TASK_MUST_CANCEL;
        }
    }
    return (int)task->cancels;
}

int runner_task_cancelling(const runner_task_t *task)
{
    return task != NULL ? (int)task->cancels : 0;
}

int runner_task_cancel_reason(const runner_task_t *task)
{
    return task != NULL && task->cancels > 0 ? (int)(task->reasons & REASON_MASK) : 0;
}

const char *runner_task_cancel_message(const runner_task_t *task)
{
    const runner__note_t *note = task != NULL ? task->future.note : NULL;
    return note != NULL && note->has_text ? note->text : NULL;
}

uint64_t runner_task_cancel_payload(const runner_task_t *task)
{
    const runner__note_t *note = task != NULL ? task->future.note : NULL;
    return note != NULL ? note->payload : 0;
}
