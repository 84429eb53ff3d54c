/* What the tests of semaphores share: scenes with one semaphore. */
#ifndef API_SEMAPHORES_H
#define API_SEMAPHORES_H

#include "scenes.h"

static runner_semaphore_t *semaphore;

/* Releases it and forgets it, so that a leak is seen as one. */
static inline void unref_semaphore(void)
{
    runner_semaphore_unref(semaphore);
    semaphore = NULL;
}

static inline void acquire(void)
{
    ck_assert_code(runner_semaphore_acquire(semaphore), 0);
}

static inline void release(void)
{
    ck_assert_code(runner_semaphore_release(semaphore), 0);
}

static inline void check_state(size_t value, int locked)
{
    ck_assert_uint_eq(runner_semaphore_value(semaphore), value);
    ck_assert_int_eq(runner_semaphore_locked(semaphore), locked);
}

static inline int log_outcome(const actor_t *actor, int code)
{
    if (code == 0) {
        log_add("%s", actor->name);
    } else {
        log_add("%s %s", actor->name, code_name(code));
    }
    return code;
}

static inline int acquire_on_stack(void *arg, void **result)
{
    (void)result;
    return log_outcome(arg, runner_semaphore_acquire(semaphore));
}

static inline int acquire_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        status = runner_semaphore_acquire(semaphore);
        if (status == RUNNER_EPARKED) {
            return status;
        }
    }
    return log_outcome(actor, status);
}

static inline void spawn(int who)
{
    spawn_body(who, acquire_on_stack, acquire_in_steps);
}

/* Plays a scene with a new semaphore, and releases that. */
static inline void play_new(int kind_of_tasks, size_t value, void (*scene)(void))
{
    kind = kind_of_tasks;
    ck_assert_code(runner_semaphore_new(&semaphore, value), 0);
    play(scene);
    unref_semaphore();
}

static inline void play_new_bounded(int kind_of_tasks, size_t value, void (*scene)(void))
{
    kind = kind_of_tasks;
    ck_assert_code(runner_semaphore_new_bounded(&semaphore, value), 0);
    play(scene);
    unref_semaphore();
}

#endif
