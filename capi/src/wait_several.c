/* runner_wait(): a task waits for some or all of several futures, and leaves them as they are. */
#include "base/alloc.h"
#include "runner/gather.h"
#include "several.h"
#include "waiters.h"

#define NS_PER_MS UINT64_C(1000000)

typedef struct wait_several {
    runner__timer_t timer;
    runner_task_t *task; /* NULL once its wait is over */
    size_t *done;        /* where the count goes, or NULL */
    size_t left;         /* different futures that have not ended */
    int return_when;
    size_t queued; /* once the wait is over: entries that will still run */
    size_t count;
    runner__one_t ones[];
} wait_several_t;

static void wake(wait_several_t *several)
{
    if (several->task == NULL) {
        return;
    }
    runner__timer_stop(&several->task->future.home->loop.timers, &several->timer);
    if ((several->task->future.task_flags & RUNNER__TASK_QUEUED) == 0) {
        runner__task_queue(several->task);
    }
}

static void time_is_over(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    (void)loop;
    runner__list_init(&entry->node);
    wake(RUNNER__CONTAINER(timer, wait_several_t, timer));
}

/* An error that ends the wait, or would have, was heard of. */
static bool is_exception(runner_future_t *future)
{
    if (future->code == 0 || future->code == RUNNER_ECANCELED) {
        return false;
    }
    (void)runner__future_take(future, NULL);
    return true;
}

static void one_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__one_t *one = RUNNER__CONTAINER(entry, runner__one_t, done);
    wait_several_t *several = one->of;
    (void)loop;
    runner__list_init(&entry->node);
    several->left--;
    if (several->left == 0 || several->return_when == RUNNER_FIRST_COMPLETED ||
        (several->return_when == RUNNER_FIRST_EXCEPTION && is_exception(one->future))) {
        wake(several);
    }
    if (several->task == NULL && --several->queued == 0) {
        runner__several_drop(several->ones, several->count);
        runner__free(several);
    }
}

/* The wait is over. What has ended in this turn still has its say: its entry is queued. */
static void finish(wait_several_t *several)
{
    runner__timer_stop(&several->task->future.home->loop.timers, &several->timer);
    runner__list_remove(&several->timer.entry.node);
    several->task = NULL;
    several->queued = 0;
    for (size_t i = 0; i < several->count; i++) {
        runner__one_t *one = &several->ones[i];
        if (!runner__future_is_done(one->future)) {
            runner__one_forget(one);
        } else if (!runner__list_empty(&one->done.node)) {
            several->queued++;
        }
    }
    if (several->queued == 0) {
        runner__several_drop(several->ones, several->count);
        runner__free(several);
    }
}

static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    wait_several_t *several = wait->on;
    if (how == RUNNER__WAIT_WOKEN && several->done != NULL) {
        *several->done = 0;
        for (size_t i = 0; i < several->count; i++) {
            *several->done += runner__future_is_done(several->ones[i].future) ? 1 : 0;
        }
    }
    finish(several);
    return how == RUNNER__WAIT_WOKEN ? 0 : RUNNER_ECANCELED;
}

static void drop_wait(runner__wait_t *wait)
{
    finish(wait->on);
}

static const runner__wait_ops_t wait_ops = {
    .what = "wait", .cancel = runner__wait_cut, .end = end_wait, .drop = drop_wait};

static int start_timer(wait_several_t *several, runner__loop_t *loop, uint64_t timeout_ms)
{
    several->timer.entry.run = time_is_over;
    several->timer.slot = RUNNER__TIMER_IDLE;
    runner__list_init(&several->timer.entry.node);
    if (timeout_ms > UINT64_MAX / NS_PER_MS) {
        return 0;
    }
    return runner__loop_start_timer(loop, &several->timer,
                                    runner__loop_deadline(loop, timeout_ms * NS_PER_MS));
}

/* The futures, and the task that is going to park, without anything started. */
static wait_several_t *make(runner_future_t *const *futures, size_t count, runner_task_t *task)
{
    if (count > (SIZE_MAX - sizeof(wait_several_t)) / sizeof(runner__one_t)) {
        return NULL;
    }
    wait_several_t *several = runner__malloc(sizeof *several + count * sizeof(runner__one_t));
    if (several != NULL) {
        several->task = task;
        several->count = count;
        runner__several_hold(several->ones, futures, count, several, one_is_done);
    }
    return several;
}

static int check(runner_future_t *const *futures, size_t count, int return_when,
                 runner_task_t **task)
{
    runner__home_t *home;
    if (count == 0 || return_when < RUNNER_FIRST_COMPLETED || return_when > RUNNER_ALL_COMPLETED) {
        return RUNNER_EINVAL;
    }
    int code = runner__several_home(futures, count, &home);
    if (code != 0) {
        return code;
    }
    *task = runner__task_may_wait(&code);
    if (*task == NULL) {
        return code;
    }
    return (*task)->future.home != home ? RUNNER_EFOREIGN : 0;
}

int runner_wait(runner_future_t *const *futures, size_t count, int return_when, uint64_t timeout_ms,
                size_t *done)
{
    runner_task_t *task;
    int code = check(futures, count, return_when, &task);
    if (code != 0) {
        return code;
    }
    wait_several_t *several = make(futures, count, task);
    code = several != NULL ? start_timer(several, &task->future.home->loop, timeout_ms)
                           : RUNNER_ENOMEM;
    if (code != 0) {
        if (several != NULL) {
            runner__several_drop(several->ones, count);
            runner__free(several);
        }
        return code;
    }
    several->done = done;
    several->return_when = return_when;
    several->left = runner__several_each(several->ones, count, runner__one_wait);
    runner__list_init(&task->timer.entry.node);
    task->wait.ops = &wait_ops;
    task->wait.on = several;
    return runner__task_park(task);
}
