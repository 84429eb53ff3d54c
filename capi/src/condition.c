/* A wait for a condition has two parts: until it is notified, then until it has the lock again. A
 * cancel in either ends the wait with RUNNER_ECANCELED, but only once the lock was taken. */
#include "runner/condition.h"

#include "base/alloc.h"
#include "lock.h"

struct runner_condition {
    runner__node_t waiters;
    runner_lock_t *lock;
    runner__home_t *home; /* of those who are in a wait; compared, never looked into */
    size_t inside;        /* how many those are, notified or not */
    uint32_t refs;
};

static const runner__wait_ops_t notified_ops;
static const runner__wait_ops_t retake_ops;
static const runner__wait_ops_t retake_canceled_ops;

static void unref(runner_condition_t *condition)
{
    if (--condition->refs == 0) {
        runner__lock_unref(condition->lock);
        runner__free(condition);
    }
}

/* The wait is over, in all its parts. */
static void leave(runner_condition_t *condition)
{
    condition->inside--;
    unref(condition);
}

/* The same for one that was meant to be told, and will not make use of it. */
static void hand_on(runner_condition_t *condition)
{
    (void)runner__waiters_wake(&condition->waiters);
    leave(condition);
}

static int finish(runner_condition_t *condition, bool canceled)
{
    if (canceled) {
        hand_on(condition);
        return RUNNER_ECANCELED;
    }
    leave(condition);
    return 0;
}

static int retake(runner_condition_t *condition, runner__wait_t *wait, bool canceled)
{
    runner_task_t *task = runner__task_of_wait(wait);
    if (runner__lock_take(condition->lock, task)) {
        return finish(condition, canceled);
    }
    wait->ops = canceled ? &retake_canceled_ops : &retake_ops;
    runner__lock_line_up(condition->lock, task);
    return RUNNER_EPARKED;
}

static int end_notified(runner__wait_t *wait, runner__wait_how_t how)
{
    return retake(wait->on, wait, how != RUNNER__WAIT_WOKEN);
}

static void drop_notified(runner__wait_t *wait)
{
    runner_condition_t *condition = wait->on;
    if (runner__wait_lost(wait) == RUNNER__WAIT_LATE) {
        hand_on(condition);
    } else {
        leave(condition);
    }
}

static const runner__wait_ops_t notified_ops = {
    .what = "condition", .cancel = runner__wait_cut, .end = end_notified, .drop = drop_notified};

static bool cancel_retake(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    const runner_condition_t *condition = wait->on;
    return runner__lock_cut(condition->lock, wait, cancel);
}

static int end_retake(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_condition_t *condition = wait->on;
    if (runner__lock_leave_line(condition->lock, wait, how)) {
        return finish(condition, false);
    }
    return retake(condition, wait, true);
}

static int end_retake_canceled(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_condition_t *condition = wait->on;
    if (runner__lock_leave_line(condition->lock, wait, how)) {
        return finish(condition, true);
    }
    return retake(condition, wait, true);
}

static void drop_retake(runner__wait_t *wait)
{
    runner_condition_t *condition = wait->on;
    bool cut = (runner__task_of_wait(wait)->future.task_flags & RUNNER__TASK_CUT) != 0;
    (void)runner__lock_leave_line(condition->lock, wait,
                                  cut ? RUNNER__WAIT_CUT : RUNNER__WAIT_LATE);
    hand_on(condition);
}

static uint64_t holder_of(const runner__wait_t *wait)
{
    return runner_lock_holder(((const runner_condition_t *)wait->on)->lock);
}

static const runner__wait_ops_t retake_ops = {.what = "lock",
                                              .cancel = cancel_retake,
                                              .end = end_retake,
                                              .drop = drop_retake,
                                              .holder = holder_of};

static const runner__wait_ops_t retake_canceled_ops = {.what = "lock",
                                                       .cancel = cancel_retake,
                                                       .end = end_retake_canceled,
                                                       .drop = drop_retake,
                                                       .holder = holder_of};

int runner_condition_new(runner_condition_t **out, runner_lock_t *lock)
{
    if (out == NULL) {
        return RUNNER_EINVAL;
    }
    runner_condition_t *condition = runner__malloc(sizeof *condition);
    if (condition == NULL) {
        return RUNNER_ENOMEM;
    }
    if (lock != NULL) {
        lock->refs++;
    } else if (runner_lock_new(&lock) != 0) {
        runner__free(condition);
        return RUNNER_ENOMEM;
    }
    runner__list_init(&condition->waiters);
    condition->lock = lock;
    condition->home = NULL;
    condition->inside = 0;
    condition->refs = 1;
    *out = condition;
    return 0;
}

runner_lock_t *runner_condition_lock(const runner_condition_t *condition)
{
    return condition != NULL ? condition->lock : NULL;
}

int runner_condition_wait(runner_condition_t *condition)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = condition != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    runner_lock_t *lock = condition->lock;
    if (!lock->locked) {
        return RUNNER_ENOTLOCKED;
    }
    if (condition->inside > 0 && condition->home != task->future.home) {
        return RUNNER_EFOREIGN;
    }
    code = runner__lock_check(lock, task);
    if (code != 0) {
        return code;
    }
    runner__lock_give(lock);
    condition->home = task->future.home;
    condition->inside++;
    condition->refs++;
    code = runner__waiters_join(&condition->waiters, task, &notified_ops, condition);
    return runner__park_if(code, task);
}

int runner_condition_notify(runner_condition_t *condition, size_t count)
{
    if (condition == NULL) {
        return RUNNER_EINVAL;
    }
    if (!condition->lock->locked) {
        return RUNNER_ENOTLOCKED;
    }
    int code = runner__waiters_check_thread(&condition->waiters);
    if (code != 0) {
        return code;
    }
    while (count > 0 && runner__waiters_wake(&condition->waiters)) {
        count--;
    }
    return 0;
}

int runner_condition_notify_all(runner_condition_t *condition)
{
    return runner_condition_notify(condition, SIZE_MAX);
}

void runner_condition_unref(runner_condition_t *condition)
{
    if (condition != NULL) {
        unref(condition);
    }
}
