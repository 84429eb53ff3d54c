/* What a task waits with: await, yield, sleep. */
#include "task.h"

#include "coroutine.h"
#include "runner/error.h"

#define NS_PER_MS UINT64_C(1000000)

bool runner__wait_cut(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    (void)cancel;
    runner_task_t *task = RUNNER__CONTAINER(wait, runner_task_t, wait);
    if ((task->future.task_flags & RUNNER__TASK_QUEUED) != 0) {
        return false;
    }
    runner__list_remove(&task->timer.entry.node);
    task->future.task_flags |= RUNNER__TASK_CUT;
    runner__task_queue(task);
    return true;
}

void runner__task_cancel_at_once(runner_task_t *task)
{
    runner__cancel_t cancel = {RUNNER_REASON_PARENT, task->future.note};
    if (task->wait.ops->cancel(&task->wait, &cancel) && task->wait.ops != NULL) {
        task->future.task_flags &= ~(uint32_t)RUNNER__TASK_MUST_CANCEL;
    }
}

/* A task that awaits itself is told so by its next step, as the model does: a cancel that comes
 * before that is told instead. */
static bool cancel_refusal(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    (void)wait;
    (void)cancel;
    return false;
}

static int end_refusal(runner__wait_t *wait, runner__wait_how_t how)
{
    (void)wait;
    return how == RUNNER__WAIT_WOKEN ? RUNNER_ESELF : RUNNER_ECANCELED;
}

static const runner__wait_ops_t wait_for_itself = {
    .what = "itself", .cancel = cancel_refusal, .end = end_refusal};

static inline int await_future(runner_future_t *future, void **result)
{
    if (future == NULL) {
        return RUNNER_EINVAL;
    }
    int code = 0;
    runner_task_t *task = runner__task_may_wait(&code);
    if (task == NULL) {
        return code;
    }
    if (RUNNER__UNLIKELY(future->home != task->future.home)) {
        return RUNNER_EFOREIGN;
    }
    if (runner__future_is_done(future)) {
        code = runner__future_take(future, result);
        if (RUNNER__UNLIKELY(future->note != NULL)) {
            runner__task_take_note(task, future);
        }
        return code;
    }
    if (RUNNER__UNLIKELY(future == &task->future)) {
        task->wait.ops = &wait_for_itself;
        runner__task_queue(task);
        return runner__task_park(task);
    }
    return runner__task_park_on(task, runner_future_ref(future), result);
}

int runner_future_await(runner_future_t *future, void **result)
{
    return await_future(future, result);
}

int runner_await(runner_task_t *task, void **result)
{
    return task != NULL ? await_future(&task->future, result) : RUNNER_EINVAL;
}

/* A yield is over as soon as it has begun: the entry is queued, and there is nothing to wait for. */
int runner_yield(void)
{
    int code = 0;
    runner_task_t *task = runner__task_may_wait(&code);
    if (RUNNER__UNLIKELY(task == NULL)) {
        return code;
    }
    runner__task_queue(task);
    if ((task->future.task_flags & RUNNER__TASK_COROUTINE) == 0) {
        return RUNNER_EPARKED;
    }
    return runner__cotask_park(runner__task_owner(task), (runner__cotask_t *)task);
}

/* The timer's own turn: the sleeper is made ready and runs a turn later, as if the timer had
 * settled a future that it waits for. */
static void wake_sleeper(runner__loop_t *loop, runner__entry_t *entry)
{
    (void)loop;
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    runner__list_init(&entry->node);
    runner__task_queue(RUNNER__CONTAINER(timer, runner_task_t, timer));
}

/* Still in the heap, or fired and not run yet: either way the sleep has not ended. */
static bool cancel_sleep(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    runner_task_t *task = RUNNER__CONTAINER(wait, runner_task_t, wait);
    runner__timer_stop(&task->future.home->loop.timers, &task->timer);
    return runner__wait_cut(wait, cancel);
}

static int end_sleep(runner__wait_t *wait, runner__wait_how_t how)
{
    (void)wait;
    return how == RUNNER__WAIT_WOKEN ? 0 : RUNNER_ECANCELED;
}

const runner__wait_ops_t runner__wait_for_time = {
    .what = "sleep",
    .cancel = cancel_sleep,
    .end = end_sleep,
};

int runner_sleep_ns(uint64_t timeout_ns)
{
    if (timeout_ns == 0) {
        return runner_yield();
    }
    int code = 0;
    runner_task_t *task = runner__task_may_wait(&code);
    if (RUNNER__UNLIKELY(task == NULL)) {
        return code;
    }
    runner__loop_t *loop = &task->future.home->loop;
    runner__list_init(&task->timer.entry.node);
    if (timeout_ns != UINT64_MAX) {
        int64_t deadline_ns = runner__loop_deadline(loop, timeout_ns);
        code = runner__loop_start_timer(loop, &task->timer, deadline_ns);
        if (code != 0) {
            return code;
        }
    }
    task->timer.entry.run = wake_sleeper;
    task->wait.ops = &runner__wait_for_time;
    return runner__task_park(task);
}

int runner_sleep(uint64_t timeout_ms)
{
    bool endless = timeout_ms > UINT64_MAX / NS_PER_MS;
    return runner_sleep_ns(endless ? UINT64_MAX : timeout_ms * NS_PER_MS);
}
