#include "lock.h"

#include "base/alloc.h"

static runner_task_t *task_of_link(runner__node_t *node)
{
    return RUNNER__CONTAINER(node, runner_task_t, wait.link);
}

static void wake_first(runner_lock_t *lock)
{
    if (!runner__list_empty(&lock->line)) {
        runner_task_t *first = task_of_link(lock->line.next);
        if ((first->future.task_flags & RUNNER__TASK_QUEUED) == 0) {
            runner__task_queue(first);
        }
    }
}

int runner__lock_check(const runner_lock_t *lock, const runner_task_t *task)
{
    bool used = lock->locked || lock->waiters > 0;
    return RUNNER__UNLIKELY(used && lock->home != task->future.home) ? RUNNER_EFOREIGN : 0;
}

static inline void hold(runner_lock_t *lock, const runner_task_t *task)
{
    lock->locked = true;
    lock->holder = task->id;
    lock->home = task->future.home;
}

static inline bool take(runner_lock_t *lock, const runner_task_t *task)
{
    if (lock->locked || lock->waiters > 0) {
        return false;
    }
    hold(lock, task);
    return true;
}

bool runner__lock_take(runner_lock_t *lock, const runner_task_t *task)
{
    return take(lock, task);
}

void runner__lock_give(runner_lock_t *lock)
{
    lock->locked = false;
    wake_first(lock);
}

void runner__lock_line_up(runner_lock_t *lock, runner_task_t *task)
{
    runner__list_init(&task->timer.entry.node);
    runner__list_push(&lock->line, &task->wait.link);
    lock->waiters++;
}

bool runner__lock_cut(runner_lock_t *lock, runner__wait_t *wait, const runner__cancel_t *cancel)
{
    if (!runner__wait_cut(wait, cancel)) {
        return false;
    }
    lock->waiters--;
    return true;
}

bool runner__lock_leave_line(runner_lock_t *lock, runner__wait_t *wait, runner__wait_how_t how)
{
    runner__list_remove(&wait->link);
    if (how != RUNNER__WAIT_CUT) {
        lock->waiters--;
    }
    if (how == RUNNER__WAIT_WOKEN) {
        hold(lock, runner__task_of_wait(wait));
        return true;
    }
    if (!lock->locked) {
        wake_first(lock);
    }
    return false;
}

void runner__lock_unref(runner_lock_t *lock)
{
    if (--lock->refs == 0) {
        runner__free(lock);
    }
}

static bool cancel_wait(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    return runner__lock_cut(wait->on, wait, cancel);
}

static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_lock_t *lock = wait->on;
    bool taken = runner__lock_leave_line(lock, wait, how);
    runner__lock_unref(lock);
    return taken ? 0 : RUNNER_ECANCELED;
}

/* Nobody has counted out a task that was given up while it stood in line. */
static void drop_wait(runner__wait_t *wait)
{
    bool cut = (runner__task_of_wait(wait)->future.task_flags & RUNNER__TASK_CUT) != 0;
    (void)end_wait(wait, cut ? RUNNER__WAIT_CUT : RUNNER__WAIT_LATE);
}

static uint64_t holder_of(const runner__wait_t *wait)
{
    return runner_lock_holder(wait->on);
}

static const runner__wait_ops_t wait_ops = {
    .what = "lock", .cancel = cancel_wait, .end = end_wait, .drop = drop_wait, .holder = holder_of};

int runner_lock_new(runner_lock_t **out)
{
    runner_lock_t *lock = out != NULL ? runner__calloc(1, sizeof *lock) : NULL;
    if (lock == NULL) {
        return out != NULL ? RUNNER_ENOMEM : RUNNER_EINVAL;
    }
    runner__list_init(&lock->line);
    lock->refs = 1;
    *out = lock;
    return 0;
}

static int wait_in_line(runner_lock_t *lock, runner_task_t *task)
{
    int code = runner__lock_check(lock, task);
    if (code != 0) {
        return code;
    }
    lock->refs++;
    task->wait.ops = &wait_ops;
    task->wait.on = lock;
    runner__lock_line_up(lock, task);
    return runner__task_park(task);
}

int runner_lock_acquire(runner_lock_t *lock)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = lock != NULL ? runner__task_may_wait(&code) : NULL;
    if (RUNNER__UNLIKELY(task == NULL)) {
        return code;
    }
    return RUNNER__LIKELY(take(lock, task)) ? 0 : wait_in_line(lock, task);
}

int runner_lock_release(runner_lock_t *lock)
{
    if (RUNNER__UNLIKELY(lock == NULL)) {
        return RUNNER_EINVAL;
    }
    if (RUNNER__UNLIKELY(!lock->locked)) {
        return RUNNER_ENOTLOCKED;
    }
    if (RUNNER__UNLIKELY(!runner__list_empty(&lock->line))) {
        int code = runner__home_check_thread(lock->home);
        if (code != 0) {
            return code;
        }
    }
    runner__lock_give(lock);
    return 0;
}

int runner_lock_locked(const runner_lock_t *lock)
{
    return lock != NULL && lock->locked;
}

uint64_t runner_lock_holder(const runner_lock_t *lock)
{
    return lock != NULL && lock->locked ? lock->holder : 0;
}

size_t runner_lock_waiters(const runner_lock_t *lock)
{
    return lock != NULL ? lock->waiters : 0;
}

void runner_lock_unref(runner_lock_t *lock)
{
    if (lock != NULL) {
        runner__lock_unref(lock);
    }
}
