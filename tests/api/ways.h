/*
 * What the tests of waiting share: every way to wait for a semaphore, at a barrier and for a queue.
 * They run for each way, most of them for each kind of tasks too.
 */
#ifndef API_WAYS_H
#define API_WAYS_H

#include "scenes.h"

#include <stdio.h>

/* --- ways to wait ------------------------------------------------------------------------ */

static runner_semaphore_t *semaphore;
static runner_barrier_t *barrier;
static runner_queue_t *queue;

/* One way to wait. `make` makes the object, if `busy` so that a task has to wait; `unref` releases
 * it and forgets it, so that a leak is seen as one. */
typedef struct way {
    const char *waits; /* what runner_tasks() calls it */
    int outcome;       /* of the wait that `wake` ends */
    void (*make)(int busy);
    void (*unref)(void);
    int (*wait)(actor_t *actor);
    int (*wait_for_null)(void);
    int (*wake)(void);
} way_t;

static inline void make_semaphore(int busy)
{
    ck_assert_code(runner_semaphore_new(&semaphore, busy ? 0 : 1), 0);
}

static inline void unref_semaphore(void)
{
    runner_semaphore_unref(semaphore);
    semaphore = NULL;
}

static inline int acquire(actor_t *actor)
{
    (void)actor;
    return runner_semaphore_acquire(semaphore);
}

static inline int acquire_null(void)
{
    return runner_semaphore_acquire(NULL);
}

static inline int release(void)
{
    return runner_semaphore_release(semaphore);
}

static inline void make_barrier(int busy)
{
    ck_assert_code(runner_barrier_new(&barrier, busy ? 5 : 1), 0);
}

static inline void unref_barrier(void)
{
    runner_barrier_unref(barrier);
    barrier = NULL;
}

static inline int wait_at_barrier(actor_t *actor)
{
    return runner_barrier_wait(barrier, &actor->index);
}

static inline int wait_at_null(void)
{
    size_t index = 7;
    int code = runner_barrier_wait(NULL, &index);
    ck_assert_uint_eq(index, 7);
    return code;
}

static inline int reset(void)
{
    return runner_barrier_reset(barrier);
}

static inline int break_it(void)
{
    return runner_barrier_abort(barrier);
}

static inline void make_queue(size_t items)
{
    runner_queue_options_t opts;
    ck_assert_code(runner_queue_options_init(&opts, sizeof opts), 0);
    opts.maxsize = 1;
    ck_assert_code(runner_queue_new(&queue, &opts), 0);
    for (size_t i = 0; i < items; i++) {
        ck_assert_code(runner_queue_put_nowait(queue, NULL), 0);
    }
}

static inline void unref_queue(void)
{
    runner_queue_unref(queue);
    queue = NULL;
}

static inline void make_empty_queue(int busy)
{
    make_queue(busy ? 0 : 1);
}

static inline int get(actor_t *actor)
{
    return runner_queue_get(queue, &actor->item);
}

static inline int get_from_null(void)
{
    void *item = value_of(7);
    int code = runner_queue_get(NULL, &item);
    ck_assert_int_eq(number_of(item), 7);
    return code;
}

static inline int put_something(void)
{
    return runner_queue_put_nowait(queue, value_of(1));
}

static inline void make_full_queue(int busy)
{
    make_queue(busy ? 1 : 0);
}

static inline int put(actor_t *actor)
{
    return runner_queue_put(queue, actor);
}

static inline int put_priority(actor_t *actor)
{
    return runner_queue_put_priority(queue, actor, -1);
}

static inline int put_into_null(void)
{
    ck_assert_code(runner_queue_put_priority(NULL, NULL, 1), RUNNER_EINVAL);
    return runner_queue_put(NULL, NULL);
}

static inline int get_something(void)
{
    void *item;
    return runner_queue_get_nowait(queue, &item);
}

static inline int join_queue(actor_t *actor)
{
    (void)actor;
    return runner_queue_join(queue);
}

static inline int join_null(void)
{
    return runner_queue_join(NULL);
}

static inline int do_task(void)
{
    return runner_queue_task_done(queue);
}

static inline int shut_down(void)
{
    return runner_queue_shutdown(queue, 0);
}

static inline int shut_down_at_once(void)
{
    return runner_queue_shutdown(queue, 1);
}

static const way_t ways[] = {
    {"semaphore", 0, make_semaphore, unref_semaphore, acquire, acquire_null, release},
    {"barrier", RUNNER_EBROKEN, make_barrier, unref_barrier, wait_at_barrier, wait_at_null, reset},
    {"barrier", RUNNER_EBROKEN, make_barrier, unref_barrier, wait_at_barrier, wait_at_null,
     break_it},
    {"queue get", 0, make_empty_queue, unref_queue, get, get_from_null, put_something},
    {"queue get", RUNNER_EQUEUESHUT, make_empty_queue, unref_queue, get, get_from_null, shut_down},
    {"queue put", 0, make_full_queue, unref_queue, put, put_into_null, get_something},
    {"queue put", 0, make_full_queue, unref_queue, put_priority, put_into_null, get_something},
    {"queue put", RUNNER_EQUEUESHUT, make_full_queue, unref_queue, put, put_into_null, shut_down},
    {"queue join", 0, make_full_queue, unref_queue, join_queue, join_null, do_task},
    {"queue join", 0, make_full_queue, unref_queue, join_queue, join_null, shut_down_at_once},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static const way_t *way;

/* --- helpers ----------------------------------------------------------------------------- */

/* The way and the kind of tasks that a loop test is about. */
static inline void begin(int index)
{
    way = &ways[index / KINDS];
    kind = index % KINDS;
}

static inline void wake(void)
{
    ck_assert_code(way->wake(), 0);
}

static const actor_t untouched = {.index = 99, .item = (void *)99};

static inline int log_outcome(const actor_t *actor, int code)
{
    log_add("%s %s", actor->name, code_name(code));
    if (code != 0) {
        ck_assert_uint_eq(actor->index, untouched.index);
        ck_assert_ptr_eq(actor->item, untouched.item);
    }
    return code;
}

static inline int wait_on_stack(void *arg, void **result)
{
    actor_t *actor = arg;
    (void)result;
    actor->index = untouched.index;
    actor->item = untouched.item;
    return log_outcome(actor, way->wait(actor));
}

static inline int wait_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        actor->index = untouched.index;
        actor->item = untouched.item;
        status = way->wait(actor);
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

/* What the log says when A's wait was ended by `wake`. */
static inline void log_expect_woken(const char *before)
{
    char expected[64];
    snprintf(expected, sizeof expected, "%sa %s", before, code_name(way->outcome));
    log_expect(expected);
}

static inline void wait_in_main(void)
{
    actor_t actor = {.name = "main"};
    wait_on_stack(&actor, NULL);
}

/* Plays a scene with a new object, and releases that. */
static inline void play_new(int index, int busy, void (*scene)(void))
{
    begin(index);
    way->make(busy);
    play(scene);
    way->unref();
}

/* Swallows every cancel and waits again. */
static inline int insist_on_stack(void *arg, void **result)
{
    int code = RUNNER_ECANCELED;
    while (code == RUNNER_ECANCELED) {
        code = wait_on_stack(arg, result);
    }
    return code;
}

static inline int insist_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ > 0 && log_outcome(actor, status) != RUNNER_ECANCELED) {
        return status;
    }
    actor->index = untouched.index;
    actor->item = untouched.item;
    return way->wait(actor);
}

#define add_for_each_way(tcase, test) tcase_add_loop_test(tcase, test, 0, (int)WAYS)
#define add_for_each_way_and_kind(tcase, test) tcase_add_loop_test(tcase, test, 0, (int)WAYS *KINDS)

#endif
