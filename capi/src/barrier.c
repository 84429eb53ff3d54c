/* A task at a barrier waits in one of two parts: until the passing before has ended, then until all
 * have come. Either may have to be waited for again. */
#include "runner/barrier.h"

#include "base/alloc.h"
#include "waiters.h"

typedef enum phase {
    FILLING,
    DRAINING,  /* all have come and leave */
    RESETTING, /* those who had come leave with an error */
    BROKEN
} phase_t;

struct runner_barrier {
    runner__node_t waiters; /* of both parts */
    runner__home_t *home;   /* of those who wait; compared, never looked into */
    size_t waits;           /* how many those are, woken or not */
    size_t parties;
    size_t count; /* tasks inside */
    phase_t phase;
    uint32_t refs;
};

static const runner__wait_ops_t blocked_ops;
static const runner__wait_ops_t inside_ops;

static void unref(runner_barrier_t *barrier)
{
    if (--barrier->refs == 0) {
        runner__free(barrier);
    }
}

static void leave(runner_barrier_t *barrier)
{
    barrier->count--;
    if (barrier->count > 0) {
        return;
    }
    if (barrier->phase == RESETTING || barrier->phase == DRAINING) {
        barrier->phase = FILLING;
    }
    runner__waiters_wake_all(&barrier->waiters);
}

/* All have come: numbers them in the order of their coming. Only now, since one that was cancelled
 * meanwhile has left no gap and no number twice. */
static void let_pass(runner_barrier_t *barrier)
{
    size_t index = 0;
    barrier->phase = DRAINING;
    for (runner__node_t *node = barrier->waiters.next; node != &barrier->waiters;
         node = node->next) {
        runner__task_of_entry(node)->wait.turn.index = index++;
    }
    runner__waiters_wake_all(&barrier->waiters);
}

/* The task is inside: it waits for the rest, or all have come. */
static int stay(runner_barrier_t *barrier, runner_task_t *task, size_t *out, size_t index)
{
    if (barrier->phase == FILLING) {
        task->wait.turn.out = out;
        return runner__waiters_join(&barrier->waiters, task, &inside_ops, barrier);
    }
    int code = barrier->phase == DRAINING ? 0 : RUNNER_EBROKEN;
    leave(barrier);
    if (code == 0 && out != NULL) {
        *out = index;
    }
    return code;
}

static int arrive(runner_barrier_t *barrier, runner_task_t *task, size_t *out)
{
    if (barrier->phase == DRAINING || barrier->phase == RESETTING) {
        task->wait.turn.out = out;
        return runner__waiters_join(&barrier->waiters, task, &blocked_ops, barrier);
    }
    if (barrier->phase == BROKEN) {
        return RUNNER_EBROKEN;
    }
    if (++barrier->count == barrier->parties) {
        let_pass(barrier);
    }
    return stay(barrier, task, out, barrier->parties - 1);
}

/* The wait holds a reference until it is over. */
static int over(runner_barrier_t *barrier, int code)
{
    if (code != RUNNER_EPARKED) {
        barrier->waits--;
        unref(barrier);
    }
    return code;
}

static int end_blocked(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_barrier_t *barrier = wait->on;
    if (how == RUNNER__WAIT_WOKEN) {
        return over(barrier, arrive(barrier, runner__task_of_wait(wait), wait->turn.out));
    }
    return over(barrier, RUNNER_ECANCELED);
}

static void drop_blocked(runner__wait_t *wait)
{
    (void)end_blocked(wait, runner__wait_lost(wait));
}

static const runner__wait_ops_t blocked_ops = {
    .what = "barrier", .cancel = runner__wait_cut, .end = end_blocked, .drop = drop_blocked};

static int end_inside(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_barrier_t *barrier = wait->on;
    if (how == RUNNER__WAIT_WOKEN) {
        return over(barrier,
                    stay(barrier, runner__task_of_wait(wait), wait->turn.out, wait->turn.index));
    }
    leave(barrier);
    return over(barrier, RUNNER_ECANCELED);
}

static void drop_inside(runner__wait_t *wait)
{
    (void)end_inside(wait, runner__wait_lost(wait));
}

static const runner__wait_ops_t inside_ops = {
    .what = "barrier", .cancel = runner__wait_cut, .end = end_inside, .drop = drop_inside};

int runner_barrier_new(runner_barrier_t **out, size_t parties)
{
    if (out == NULL || parties == 0) {
        return RUNNER_EINVAL;
    }
    runner_barrier_t *barrier = runner__malloc(sizeof *barrier);
    if (barrier == NULL) {
        return RUNNER_ENOMEM;
    }
    runner__list_init(&barrier->waiters);
    barrier->home = NULL;
    barrier->waits = 0;
    barrier->parties = parties;
    barrier->count = 0;
    barrier->phase = FILLING;
    barrier->refs = 1;
    *out = barrier;
    return 0;
}

int runner_barrier_wait(runner_barrier_t *barrier, size_t *index)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = barrier != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    if (barrier->waits > 0 && barrier->home != task->future.home) {
        return RUNNER_EFOREIGN;
    }
    code = arrive(barrier, task, index);
    if (code == RUNNER_EPARKED) {
        barrier->home = task->future.home;
        barrier->waits++;
        barrier->refs++;
    }
    return runner__park_if(code, task);
}

int runner_barrier_reset(runner_barrier_t *barrier)
{
    int code = barrier != NULL ? runner__waiters_check_thread(&barrier->waiters) : RUNNER_EINVAL;
    if (code == 0) {
        barrier->phase = barrier->count > 0 ? RESETTING : FILLING;
        runner__waiters_wake_all(&barrier->waiters);
    }
    return code;
}

int runner_barrier_abort(runner_barrier_t *barrier)
{
    int code = barrier != NULL ? runner__waiters_check_thread(&barrier->waiters) : RUNNER_EINVAL;
    if (code == 0) {
        barrier->phase = BROKEN;
        runner__waiters_wake_all(&barrier->waiters);
    }
    return code;
}

size_t runner_barrier_parties(const runner_barrier_t *barrier)
{
    return barrier != NULL ? barrier->parties : 0;
}

size_t runner_barrier_waiting(const runner_barrier_t *barrier)
{
    return barrier != NULL && barrier->phase == FILLING ? barrier->count : 0;
}

int runner_barrier_broken(const runner_barrier_t *barrier)
{
    return barrier != NULL && barrier->phase == BROKEN;
}

void runner_barrier_unref(runner_barrier_t *barrier)
{
    if (barrier != NULL) {
        unref(barrier);
    }
}
