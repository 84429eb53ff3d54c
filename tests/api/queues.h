/* What the tests of queues share: scenes with one queue of small numbers. */
#ifndef API_QUEUES_H
#define API_QUEUES_H

#include "scenes.h"

static runner_queue_t *queue;

/* Releases it and forgets it, so that a leak is seen as one. */
static inline void unref_queue(void)
{
    runner_queue_unref(queue);
    queue = NULL;
}

/* How often each number was dropped. */
static int dropped[10];

static inline void drop_item(void *item)
{
    ck_assert_int_lt(number_of(item), 10);
    dropped[number_of(item)]++;
}

/* Makes `queue`, which drops its items with drop_item(). */
static inline void make_queue(int32_t kind_of_queue, size_t maxsize)
{
    runner_queue_options_t opts;
    ck_assert_code(runner_queue_options_init(&opts, sizeof opts), 0);
    opts.kind = kind_of_queue;
    opts.maxsize = maxsize;
    opts.drop = drop_item;
    ck_assert_code(runner_queue_new(&queue, &opts), 0);
}

static inline void put(intptr_t number)
{
    ck_assert_code(runner_queue_put_nowait(queue, value_of(number)), 0);
}

/* The next item is this one. */
static inline void get(intptr_t number)
{
    void *item = value_of(-1);
    ck_assert_code(runner_queue_get_nowait(queue, &item), 0);
    ck_assert_int_eq(number_of(item), number);
}

static inline void task_done(void)
{
    ck_assert_code(runner_queue_task_done(queue), 0);
}

static inline void check_count(size_t count)
{
    ck_assert_uint_eq(runner_queue_count(queue), count);
}

/* --- tasks that get ---------------------------------------------------------------------- */

static inline int log_get(const actor_t *actor, int code)
{
    if (code == 0) {
        log_add("%s=%d", actor->name, (int)number_of(actor->item));
    } else {
        log_add("%s %s", actor->name, code_name(code));
        ck_assert_int_eq(number_of(actor->item), -1);
    }
    return code;
}

/* One get of a coroutine. */
static inline int get_and_log(actor_t *actor)
{
    actor->item = value_of(-1);
    int code = runner_queue_get(queue, &actor->item);
    return log_get(actor, code);
}

static inline int get_on_stack(void *arg, void **result)
{
    (void)result;
    return get_and_log(arg);
}

static inline int get_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        actor->item = value_of(-1);
        status = runner_queue_get(queue, &actor->item);
        if (status == RUNNER_EPARKED) {
            return status;
        }
    }
    return log_get(actor, status);
}

static inline void spawn_get(int who)
{
    spawn_body(who, get_on_stack, get_in_steps);
}

/* --- tasks that put or join -------------------------------------------------------------- */

static inline int log_done(const actor_t *actor, int code)
{
    if (code == 0) {
        log_add("%s", actor->name);
    } else {
        log_add("%s %s", actor->name, code_name(code));
    }
    return code;
}

static inline int put_on_stack(void *arg, void **result)
{
    actor_t *actor = arg;
    (void)result;
    return log_done(actor, runner_queue_put(queue, actor->item));
}

static inline int put_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        status = runner_queue_put(queue, actor->item);
        if (status == RUNNER_EPARKED) {
            return status;
        }
    }
    return log_done(actor, status);
}

static inline void spawn_put(int who, intptr_t number)
{
    cast[who].item = value_of(number);
    spawn_body(who, put_on_stack, put_in_steps);
}

static inline int join_on_stack(void *arg, void **result)
{
    (void)result;
    return log_done(arg, runner_queue_join(queue));
}

static inline int join_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        status = runner_queue_join(queue);
        if (status == RUNNER_EPARKED) {
            return status;
        }
    }
    return log_done(actor, status);
}

static inline void spawn_join(int who)
{
    spawn_body(who, join_on_stack, join_in_steps);
}

/* Plays a scene with a new queue, which is empty in the end. */
static inline void play_new(int kind_of_tasks, int32_t kind_of_queue, size_t maxsize,
                            void (*scene)(void))
{
    kind = kind_of_tasks;
    make_queue(kind_of_queue, maxsize);
    play(scene);
    check_count(0);
    unref_queue();
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(dropped[i], 0);
    }
}

#endif
