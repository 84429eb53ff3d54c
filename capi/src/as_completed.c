/* An iteration over futures in the order of their ends: a queue of those that are done. */
#include "base/alloc.h"
#include "runner/gather.h"
#include "several.h"
#include "waiters.h"

#define NS_PER_MS UINT64_C(1000000)

struct runner_as_completed {
    runner__timer_t timer;
    runner__home_t *home;
    runner__node_t done;    /* entries of those that are done and have not been handed out */
    runner__node_t waiters; /* tasks that wait for the next */
    size_t pending;         /* different futures that are not done */
    size_t late;            /* that were not when the time was over, and have not been told of */
    size_t left;            /* that nobody has asked for */
    uint32_t refs;
    size_t count;
    runner__one_t ones[];
};

static const runner__wait_ops_t wait_ops;

static void stop_timer(runner_as_completed_t *self)
{
    runner__timer_stop(&self->home->loop.timers, &self->timer);
    runner__list_remove(&self->timer.entry.node);
    runner__list_init(&self->timer.entry.node);
}

static void unref(runner_as_completed_t *self)
{
    if (--self->refs > 0) {
        return;
    }
    runner__home_t *home = self->home;
    stop_timer(self);
    runner__several_drop(self->ones, self->count);
    runner__free(self);
    runner__home_drop(home);
}

/* The entry stays, in a list of ours. */
static void one_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__one_t *one = RUNNER__CONTAINER(entry, runner__one_t, done);
    runner_as_completed_t *self = one->of;
    (void)loop;
    one->of = NULL; /* says that it has come */
    runner__list_push(&self->done, &entry->node);
    if (--self->pending == 0) {
        stop_timer(self);
    }
    (void)runner__waiters_wake(&self->waiters);
}

/* Those that have not come; also one that is done, but too late to have come. */
static void forget_pending(runner_as_completed_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->ones[i].of != NULL) {
            runner__one_forget(&self->ones[i]);
        }
    }
}

static void time_is_over(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    runner_as_completed_t *self = RUNNER__CONTAINER(timer, runner_as_completed_t, timer);
    (void)loop;
    runner__list_init(&entry->node);
    forget_pending(self);
    self->late = self->pending;
    self->pending = 0;
    for (size_t i = 0; i < self->late; i++) {
        (void)runner__waiters_wake(&self->waiters);
    }
}

static int take_or_wait(runner_as_completed_t *self, runner_task_t *task, runner_future_t **out)
{
    if (!runner__list_empty(&self->done)) {
        runner__node_t *node = runner__list_pop(&self->done);
        runner__entry_t *entry = RUNNER__CONTAINER(node, runner__entry_t, node);
        runner__list_init(node);
        *out = RUNNER__CONTAINER(entry, runner__one_t, done)->future;
        return 0;
    }
    if (self->late > 0) {
        self->late--;
        return RUNNER_ETIMEDOUT;
    }
    task->wait.future = out;
    return runner__waiters_join(&self->waiters, task, &wait_ops, self);
}

/* The wait holds a reference, unless it goes on. */
static int over(runner_as_completed_t *self, int code)
{
    if (code != RUNNER_EPARKED) {
        unref(self);
    }
    return code;
}

static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_as_completed_t *self = wait->on;
    if (how == RUNNER__WAIT_WOKEN) {
        return over(self, take_or_wait(self, runner__task_of_wait(wait), wait->future));
    }
    self->left++;
    if (how == RUNNER__WAIT_LATE && (!runner__list_empty(&self->done) || self->late > 0)) {
        (void)runner__waiters_wake(&self->waiters);
    }
    return over(self, RUNNER_ECANCELED);
}

static void drop_wait(runner__wait_t *wait)
{
    (void)end_wait(wait, runner__wait_lost(wait));
}

static const runner__wait_ops_t wait_ops = {
    .what = "as_completed", .cancel = runner__wait_cut, .end = end_wait, .drop = drop_wait};

static runner_as_completed_t *make(runner_future_t *const *futures, size_t count,
                                   runner__home_t *home)
{
    if (count > (SIZE_MAX - sizeof(runner_as_completed_t)) / sizeof(runner__one_t)) {
        return NULL;
    }
    runner_as_completed_t *self = runner__malloc(sizeof *self + count * sizeof(runner__one_t));
    if (self == NULL) {
        return NULL;
    }
    self->timer.entry.run = time_is_over;
    self->timer.slot = RUNNER__TIMER_IDLE;
    runner__list_init(&self->timer.entry.node);
    runner__list_init(&self->done);
    runner__list_init(&self->waiters);
    self->home = home;
    self->late = 0;
    self->refs = 1;
    self->count = count;
    runner__several_hold(self->ones, futures, count, self, one_is_done);
    runner__home_hold(home);
    return self;
}

int runner_as_completed_new(runner_future_t *const *futures, size_t count, uint64_t timeout_ms,
                            runner_as_completed_t **out)
{
    runner__home_t *home;
    int code = out != NULL ? runner__several_home(futures, count, &home) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (&home->loop != runner__loop_current) {
        return runner__loop_current == NULL ? RUNNER_ENOLOOP : RUNNER_EFOREIGN;
    }
    runner_as_completed_t *self = make(futures, count, home);
    if (self == NULL) {
        return RUNNER_ENOMEM;
    }
    if (count > 0 && timeout_ms <= UINT64_MAX / NS_PER_MS) {
        int64_t when_ns = runner__loop_deadline(&home->loop, timeout_ms * NS_PER_MS);
        code = runner__loop_start_timer(&home->loop, &self->timer, when_ns);
        if (code != 0) {
            unref(self);
            return code;
        }
    }
    self->pending = runner__several_each(self->ones, count, runner__one_wait);
    self->left = self->pending;
    *out = self;
    return 0;
}

int runner_as_completed_next(runner_as_completed_t *self, runner_future_t **future)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = self != NULL && future != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    if (self->home != task->future.home) {
        return RUNNER_EFOREIGN;
    }
    if (self->left == 0) {
        return RUNNER_EEND;
    }
    self->left--;
    self->refs++;
    return runner__park_if(over(self, take_or_wait(self, task, future)), task);
}

void runner_as_completed_unref(runner_as_completed_t *self)
{
    if (self != NULL) {
        unref(self);
    }
}
