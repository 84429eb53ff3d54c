/* What the tests of barriers share: scenes with one barrier. */
#ifndef API_BARRIERS_H
#define API_BARRIERS_H

#include "scenes.h"

enum { NO_INDEX = 99 };

static runner_barrier_t *barrier;

/* Releases it and forgets it, so that a leak is seen as one. */
static inline void unref_barrier(void)
{
    runner_barrier_unref(barrier);
    barrier = NULL;
}

static inline void check_state(size_t waiting, int broken)
{
    ck_assert_uint_eq(runner_barrier_waiting(barrier), waiting);
    ck_assert_int_eq(runner_barrier_broken(barrier), broken);
}

static inline void reset(void)
{
    ck_assert_code(runner_barrier_reset(barrier), 0);
}

static inline void break_it(void)
{
    ck_assert_code(runner_barrier_abort(barrier), 0);
}

static inline int log_outcome(const actor_t *actor, int code)
{
    if (code == 0) {
        log_add("%s%zu", actor->name, actor->index);
    } else {
        log_add("%s %s", actor->name, code_name(code));
        ck_assert_uint_eq(actor->index, NO_INDEX);
    }
    return code;
}

/* One wait of a coroutine. */
static inline int wait_and_log(actor_t *actor)
{
    actor->index = NO_INDEX;
    int code = runner_barrier_wait(barrier, &actor->index);
    return log_outcome(actor, code);
}

static inline int wait_on_stack(void *arg, void **result)
{
    (void)result;
    return wait_and_log(arg);
}

static inline int wait_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        actor->index = NO_INDEX;
        status = runner_barrier_wait(barrier, &actor->index);
        if (status == RUNNER_EPARKED) {
            return status;
        }
    }
    return log_outcome(actor, status);
}

static inline void spawn(int who)
{
    spawn_body(who, wait_on_stack, wait_in_steps);
}

/* Main is the last to come and passes at once. */
static inline void pass(size_t index)
{
    size_t got = NO_INDEX;
    ck_assert_code(runner_barrier_wait(barrier, &got), 0);
    ck_assert_uint_eq(got, index);
    log_add("main");
}

/* Plays a scene with a new barrier, and releases that. */
static inline void play_new(int kind_of_tasks, size_t parties, void (*scene)(void))
{
    kind = kind_of_tasks;
    ck_assert_code(runner_barrier_new(&barrier, parties), 0);
    play(scene);
    unref_barrier();
}

/* Plays a scene of five coroutines with this body, until all have ended well, and whether the
 * barrier is broken then. */
static runner_fn body_of_five;
static int broken_in_the_end;
static int left; /* how many of them have passed */

static inline void play_five(void)
{
    for (int who = A; who <= E; who++) {
        spawn_body(who, body_of_five, NULL);
    }
    for (int who = A; who <= E; who++) {
        join(who, 0);
    }
    check_state(0, broken_in_the_end);
}

static inline void play_new_five(runner_fn body, int broken)
{
    body_of_five = body;
    broken_in_the_end = broken;
    play_new(COROUTINE, 5, play_five);
}

#endif
