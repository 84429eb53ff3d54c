/*
 * What the tests of semaphores, barriers and queues share. Each test is a scene that main plays
 * with one object and a few tasks, A to E. Most are played twice: with coroutines, and with
 * stackless tasks, which take their turns alike.
 */
#ifndef API_SCENES_H
#define API_SCENES_H

#include "check_support.h"

/* --- tasks ------------------------------------------------------------------------------- */

enum { COROUTINE, STACKLESS, KINDS };

/* What the tasks of this scene are. */
static int kind;

enum { A, B, C, D, E, CAST };

/* A task of a scene, and what its calls store: a barrier the index, a queue the item. */
typedef struct actor {
    const char *name;
    runner_task_t *task;
    int begun; /* times that its body was called, if it is stackless */
    size_t index;
    void *item;
} actor_t;

static actor_t cast[CAST] = {
    {.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}, {.name = "e"}};

static inline void spawn_body(int who, runner_fn on_stack, runner_step_fn in_steps)
{
    runner_spawn_options_t opts;
    actor_t *actor = &cast[who];
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = actor->name;
    opts.drop = drop_count;
    actor->begun = 0;
    int code = kind == STACKLESS ? runner_spawn_step(in_steps, actor, &opts, &actor->task)
                                 : runner_spawn(on_stack, actor, &opts, &actor->task);
    ck_assert_code(code, 0);
}

static inline void cancel(int who)
{
    ck_assert_code(runner_task_cancel(cast[who].task), 0);
}

static inline void check_pending(int who)
{
    ck_assert_int_eq(runner_task_done(cast[who].task), 0);
}

static inline void unref(int who)
{
    runner_task_unref(cast[who].task);
    cast[who].task = NULL;
}

/* The task ends, or has ended, with this code. */
static inline void join(int who, int expected)
{
    ck_assert_code(runner_await(cast[who].task, NULL), expected);
    ck_assert_int_eq(runner_task_cancelled(cast[who].task), expected == RUNNER_ECANCELED);
    unref(who);
}

/* One turn of the loop, which shows in the log. */
static inline void turn(void)
{
    ck_assert_code(runner_yield(), 0);
    log_add("-");
}

/* --- scenes ------------------------------------------------------------------------------ */

typedef struct scene {
    void (*play)(void);
} scene_t;

static inline int scene_body(void *arg, void **result)
{
    (void)result;
    ((const scene_t *)arg)->play();
    return 0;
}

/* Plays a scene on a runner that is there. What runner_run() returned. */
static inline int play_on(runner_t *runner, void (*scene)(void))
{
    scene_t body = {scene};
    return runner_run(runner, scene_body, &body, NULL, NULL);
}

static inline void play_with(const runner_options_t *opts, void (*scene)(void))
{
    runner_t *runner = test_runner_with(opts);
    ck_assert_code(play_on(runner, scene), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}

/* Plays a scene on a runner of its own. */
static inline void play(void (*scene)(void))
{
    runner_options_t opts = test_options();
    play_with(&opts, scene);
}

/* Plays a scene and closes its runner without any patience: a task that is left is told to end, and
 * is abandoned if it does not do so in that very turn. Its handle, A's, is released. */
static inline void play_and_abandon(void (*scene)(void))
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = RUNNER_NO_WAIT;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(play_on(runner, scene), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_task_status(cast[A].task), RUNNER_EABANDONED);
    unref(A);
    runner_free(runner);
}

#define add_for_each_kind(tcase, test) tcase_add_loop_test(tcase, test, COROUTINE, KINDS)

#endif
