/* Cancellation: counted, delivered once a request, to the innermost wait first. */
#include "task.h"

#include "runner/error.h"

#define REASON_BITS 4
#define REASON_MASK UINT64_C(15)
#define MOST_REASONS (64 / REASON_BITS)

#define WATCHED (uint32_t)(RUNNER__TASK_WATCHED | RUNNER__TASK_RUNNING)

static void push_reason(runner_task_t *task, unsigned reason)
{
    task->timer.cancels++;
    task->reasons = (task->reasons << REASON_BITS) | (reason & REASON_MASK);
}

/* Takes back the latest request with this reason, else the latest of all. So whoever takes one back
 * takes back their own, and what a signal asked for stays attributed to the signal. */
static void pop_reason(runner_task_t *task, unsigned reason)
{
    unsigned at = 0;
    for (unsigned i = 0; i < task->timer.cancels && i < MOST_REASONS; i++) {
        if (((task->reasons >> (i * REASON_BITS)) & REASON_MASK) == reason) {
            at = i;
            break;
        }
    }
    uint64_t below = task->reasons & ((UINT64_C(1) << (at * REASON_BITS)) - 1);
    uint64_t above = at + 1 < MOST_REASONS ? task->reasons >> ((at + 1) * REASON_BITS) : 0;
    task->reasons = (above << (at * REASON_BITS)) | below;
    task->timer.cancels--;
}

/* The future that a parked task waits for, or NULL. */
static runner_future_t *awaited(const runner_task_t *task)
{
    const runner__wait_ops_t *ops = task->wait.ops;
    return ops != NULL && ops->future != NULL ? ops->future(&task->wait) : NULL;
}

runner_task_t *runner__task_awaited(const runner_task_t *task)
{
    runner_future_t *future = awaited(task);
    bool is_task = future != NULL && runner__future_is_task(future);
    return is_task ? runner__task_of_future(future) : NULL;
}

/* Tasks that wait for each other have no innermost wait: this one's is cut. */
static void cut_cycle(runner_task_t *task)
{
    runner__list_remove(&task->timer.entry.node);
    runner__wait_drop(&task->wait);
    task->future.task_flags |= RUNNER__TASK_MUST_CANCEL;
    runner__task_queue(task);
}

static void clear_visited(runner_task_t *task)
{
    while (task != NULL && (task->future.task_flags & RUNNER__TASK_VISITED) != 0) {
        task->future.task_flags &= ~(uint32_t)RUNNER__TASK_VISITED;
        task = runner__task_awaited(task);
    }
}

static void cancel_wait(runner_task_t *task, const runner__cancel_t *cancel)
{
    bool queued = (task->future.task_flags & RUNNER__TASK_QUEUED) != 0;
    if (queued || task->wait.ops == NULL || !task->wait.ops->cancel(&task->wait, cancel)) {
        task->future.task_flags |= RUNNER__TASK_MUST_CANCEL;
        if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_OUT) != 0)) {
            runner__task_owner(task)->host_ops->revised(task);
        } else if (RUNNER__UNLIKELY((task->future.task_flags & WATCHED) == WATCHED)) {
            runner__task_owner(task)->host_ops->noticed(task);
        }
    }
}

/* Counts the request in every task of a chain of awaits. The last one is the innermost; NULL if the
 * chain was a circle, which is cut then. */
static runner_task_t *count_in_chain(runner_task_t *task, const runner__cancel_t *cancel)
{
    runner__cancel_t request = *cancel;
    runner_task_t *at = task;
    for (;;) {
        push_reason(at, request.reason);
        runner__future_set_note(&at->future, request.note);
        runner_task_t *next = runner__task_awaited(at);
        if (next == NULL || runner__future_is_done(&next->future)) {
            break;
        }
        at->future.task_flags |= RUNNER__TASK_VISITED;
        if ((next->future.task_flags & RUNNER__TASK_VISITED) != 0) {
            clear_visited(task);
            cut_cycle(at);
            return NULL;
        }
        at = next;
        request.reason = RUNNER_REASON_PARENT;
    }
    clear_visited(task);
    return at;
}

static bool is_fan(const runner_future_t *future)
{
    return future != NULL && future->ops->child != NULL && !runner__future_is_done(future);
}

static bool is_open_fan(const runner_future_t *future)
{
    return is_fan(future) && !((const runner__fan_t *)future)->busy;
}

/* A cancel that goes through it has come back to it. */
static bool is_busy_fan(const runner_future_t *future)
{
    return is_fan(future) && ((const runner__fan_t *)future)->busy;
}

/* Cancels one future as far as it goes without branching. The fan at which that ends is returned,
 * with the task that waits for it; else NULL and whether it could be cancelled. */
static runner__fan_t *cancel_straight(runner_future_t *future, const runner__cancel_t *cancel,
                                      runner_task_t **waiter, bool *could)
{
    *waiter = NULL;
    if (is_open_fan(future)) {
        return (runner__fan_t *)future;
    }
    if (!runner__future_is_task(future)) {
        *could = future->ops->child == NULL && future->ops->cancel(future, cancel);
        return NULL;
    }
    *could = !runner__future_is_done(future);
    runner_task_t *inner = *could ? count_in_chain(runner__task_of_future(future), cancel) : NULL;
    if (inner == NULL) {
        return NULL;
    }
    runner_future_t *on = awaited(inner);
    if (is_open_fan(on)) {
        *waiter = inner;
        return (runner__fan_t *)on;
    }
    if (is_busy_fan(on)) {
        cut_cycle(inner);
    } else {
        cancel_wait(inner, cancel);
    }
    return NULL;
}

static void enter_fan(runner__fan_t *fan, runner__fan_t *up, runner_task_t *waiter)
{
    fan->up = up;
    fan->waiter = waiter;
    fan->next = 0;
    fan->any = false;
    fan->busy = true;
    fan->future.refs++;
}

/* Whether whoever led to the fan could be cancelled by it. */
static bool leave_fan(runner__fan_t *fan)
{
    bool could = fan->any;
    fan->busy = false;
    if (fan->any) {
        fan->future.ops->children_canceled(&fan->future);
    }
    if (fan->waiter != NULL) {
        if (!fan->any) {
            fan->waiter->future.task_flags |= RUNNER__TASK_MUST_CANCEL;
        }
        could = true;
    }
    runner__future_unref(&fan->future);
    return could;
}

/* Follows chains of awaits, and the branches of fans, by loops: they may be deeper than a stack. */
bool runner__cancel(runner_future_t *future, const runner__cancel_t *cancel)
{
    runner__cancel_t request = *cancel;
    runner__fan_t *fan = NULL;
    bool could = false;
    for (;;) {
        runner_task_t *waiter;
        runner__fan_t *inner = cancel_straight(future, &request, &waiter, &could);
        request.reason = RUNNER_REASON_PARENT;
        if (inner != NULL) {
            enter_fan(inner, fan, waiter);
            fan = inner;
        } else if (fan != NULL) {
            fan->any = fan->any || could;
        }
        while (fan != NULL &&
               (future = fan->future.ops->child(&fan->future, fan->next++)) == NULL) {
            runner__fan_t *up = fan->up;
            could = leave_fan(fan);
            fan = up;
            if (fan != NULL) {
                fan->any = fan->any || could;
            }
        }
        if (fan == NULL) {
            return could;
        }
    }
}

bool runner__task_cancel(runner_task_t *task, const runner__cancel_t *cancel)
{
    return runner__cancel(&task->future, cancel);
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

uint32_t runner__task_uncancel(runner_task_t *task, unsigned reason)
{
    if (task->timer.cancels > 0) {
        pop_reason(task, reason);
        if (task->timer.cancels == 0) {
            task->future.task_flags &= ~(uint32_t)RUNNER__TASK_MUST_CANCEL;
            if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_OUT) != 0)) {
                runner__task_owner(task)->host_ops->revised(task);
            }
        }
    }
    return task->timer.cancels;
}

int runner_task_uncancel(runner_task_t *task)
{
    return task != NULL ? (int)runner__task_uncancel(task, RUNNER_REASON_USER) : 0;
}

int runner_task_cancelling(const runner_task_t *task)
{
    return task != NULL ? (int)task->timer.cancels : 0;
}

int runner_task_cancel_reason(const runner_task_t *task)
{
    return task != NULL && task->timer.cancels > 0 ? (int)(task->reasons & REASON_MASK) : 0;
}

const char *runner_task_cancel_message(const runner_task_t *task)
{
    const runner__note_t *note = task != NULL ? task->future.note : NULL;
    return note != NULL ? note->text : NULL;
}

uint64_t runner_task_cancel_payload(const runner_task_t *task)
{
    const runner__note_t *note = task != NULL ? task->future.note : NULL;
    return note != NULL ? note->payload : 0;
}
