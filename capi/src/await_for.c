/* A wait for a task with a deadline: the wait for its future inside a timeout, as one wait. */
#include "base/alloc.h"
#include "timeout.h"
#include "waiters.h"

typedef struct deadline {
    runner_timeout_t *timeout;
    runner_future_t *future; /* held */
    void **out;
} deadline_t;

static void free_deadline(deadline_t *deadline)
{
    runner__timeout_free(deadline->timeout);
    runner__future_unref(deadline->future);
    runner__free(deadline);
}

static bool cancel_wait(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    runner_future_t *future = ((deadline_t *)wait->on)->future;
    return future->ops->cancel(future, cancel);
}

static int take(runner_task_t *task, runner_future_t *future, void **out)
{
    int code = runner__future_take(future, out);
    if (future->note != NULL) {
        runner__task_take_note(task, future);
    }
    return code;
}

static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    deadline_t *deadline = wait->on;
    int code = RUNNER_ECANCELED;
    if (how == RUNNER__WAIT_WOKEN) {
        code = take(runner__task_of_wait(wait), deadline->future, deadline->out);
    } else {
        (void)runner__future_take(deadline->future, NULL);
    }
    code = runner__timeout_leave(deadline->timeout, code);
    free_deadline(deadline);
    return code;
}

static void drop_wait(runner__wait_t *wait)
{
    free_deadline(wait->on);
}

static runner_future_t *future_of(const runner__wait_t *wait)
{
    return ((const deadline_t *)wait->on)->future;
}

static const runner__wait_ops_t wait_ops = {
    .what = "task", .cancel = cancel_wait, .end = end_wait, .drop = drop_wait, .future = future_of};

static int wait_until(runner_task_t *task, runner_future_t *future, uint64_t timeout_ms, void **out)
{
    deadline_t *deadline = runner__malloc(sizeof *deadline);
    runner_timeout_t *timeout = runner__timeout_new(runner__task_owner(task));
    int code = deadline != NULL && timeout != NULL
                   ? runner__timeout_enter(timeout, task, timeout_ms)
                   : RUNNER_ENOMEM;
    if (code != 0) {
        if (timeout != NULL) {
            runner__timeout_free(timeout);
        }
        runner__free(deadline);
        return code;
    }
    deadline->timeout = timeout;
    deadline->future = runner_future_ref(future);
    deadline->out = out;
    (void)runner__waiters_join(&future->waiters, task, &wait_ops, deadline);
    return runner__task_park(task);
}

/* No time at all: the task is cancelled, and told apart from it is the cancel of the caller, which
 * ends the wait at once. */
typedef struct ending {
    runner__entry_t done;
    runner_task_t *waiter;
    runner_future_t *future; /* held */
    void **out;
} ending_t;

static void has_ended(runner__loop_t *loop, runner__entry_t *entry)
{
    const ending_t *ending = RUNNER__CONTAINER(entry, ending_t, done);
    (void)loop;
    runner__list_init(&entry->node);
    if ((ending->waiter->future.task_flags & RUNNER__TASK_QUEUED) == 0) {
        runner__task_queue(ending->waiter);
    }
}

static void free_ending(ending_t *ending)
{
    runner__list_remove(&ending->done.node);
    runner__future_unref(ending->future);
    runner__free(ending);
}

static int end_ending(runner__wait_t *wait, runner__wait_how_t how)
{
    ending_t *ending = wait->on;
    int code = RUNNER_ECANCELED;
    if (how == RUNNER__WAIT_WOKEN) {
        code = take(ending->waiter, ending->future, ending->out);
        code = code == RUNNER_ECANCELED ? RUNNER_ETIMEDOUT : code;
    }
    free_ending(ending);
    return code;
}

static void drop_ending(runner__wait_t *wait)
{
    free_ending(wait->on);
}

/* A cancel does not follow it, and so it is not the future that the wait is for. */
static uint64_t ending_task(const runner__wait_t *wait)
{
    return runner__task_of_future(((const ending_t *)wait->on)->future)->id;
}

static const runner__wait_ops_t ending_ops = {.what = "task",
                                              .cancel = runner__wait_cut,
                                              .end = end_ending,
                                              .drop = drop_ending,
                                              .holder = ending_task};

static int cancel_and_wait(runner_task_t *task, runner_future_t *future, void **out)
{
    const runner__cancel_t cancel = {RUNNER_REASON_TIMEOUT, NULL};
    ending_t *ending = runner__malloc(sizeof *ending);
    if (ending == NULL) {
        return RUNNER_ENOMEM;
    }
    ending->done.run = has_ended;
    ending->waiter = task;
    ending->future = runner_future_ref(future);
    ending->out = out;
    runner__list_push(&future->waiters, &ending->done.node);
    (void)runner__cancel(future, &cancel);
    runner__list_init(&task->timer.entry.node);
    task->wait.ops = &ending_ops;
    task->wait.on = ending;
    return runner__task_park(task);
}

int runner_await_for(runner_task_t *awaited, uint64_t timeout_ms, void **result)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = awaited != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    if (awaited->future.home != task->future.home) {
        return RUNNER_EFOREIGN;
    }
    if (runner__future_is_done(&awaited->future)) {
        return take(task, &awaited->future, result);
    }
    if (awaited == task) {
        return RUNNER_ESELF;
    }
    if (timeout_ms == 0) {
        return cancel_and_wait(task, &awaited->future, result);
    }
    return wait_until(task, &awaited->future, timeout_ms, result);
}
