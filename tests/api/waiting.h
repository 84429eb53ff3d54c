/*
 * Tasks that take, wait and give as a script says, for the tests of events, locks and conditions.
 *
 *     actor_t *a = start(scene, "a", TAKE YIELD GIVE);
 *
 * The same script runs as a coroutine or as a stackless task: the order must be the same. A scene
 * has actors of one kind, or of both by turns.
 */
#ifndef API_WAITING_H
#define API_WAITING_H

#include "check_support.h"

enum { COROUTINES, STACKLESS, BOTH, KINDS };
enum { MOST_ACTORS = 6 };

/* A test that is run for each kind, which is `_i`; or only for the first two. */
#define add_for_each_kind(tcase, test) tcase_add_loop_test(tcase, test, 0, KINDS)
#define add_for_two_kinds(tcase, test) tcase_add_loop_test(tcase, test, 0, BOTH)

/* A wait that fails logs "<name> <code>" and ends its actor with that code; after a wait for a
 * condition the actor first goes on to the end of its script, because it holds the lock. */
#define FLAG "f"       /* wait for the event; logs "<name> woke" */
#define CLEAR "c"      /* clear the event */
#define TAKE "t"       /* take the lock; logs "<name> took" */
#define ENTER "e"      /* the same, without a log */
#define GIVE "g"       /* release the lock */
#define WAIT "w"       /* wait for the condition; logs "<name> woke" */
#define WAIT_OTHER "o" /* for the other condition of the same lock */
#define NOTIFY "n"     /* one that waits for the condition */
#define YIELD "y"
#define PARK "p" /* sleep for ever; a cancel of it is swallowed */

typedef struct scene scene_t;

typedef struct actor {
    const scene_t *scene;
    const char *name;
    const char *script; /* what is left of it */
    runner_event_t *event;
    runner_lock_t *lock;
    int parked; /* stackless: the first of the script has parked it */
    int code;
    runner_task_t *task;
} actor_t;

struct scene {
    int kind;
    runner_event_t *event;
    runner_lock_t *lock;
    runner_condition_t *condition;
    runner_condition_t *other;
    int count;
    actor_t actors[MOST_ACTORS];
};

/* --- actors ------------------------------------------------------------------------------ */

static inline int actor_begin(const actor_t *actor)
{
    switch (*actor->script) {
    case 'f':
        return runner_event_wait(actor->event);
    case 'c':
        return runner_event_clear(actor->event);
    case 't':
    case 'e':
        return runner_lock_acquire(actor->lock);
    case 'g':
        return runner_lock_release(actor->lock);
    case 'w':
        return runner_condition_wait(actor->scene->condition);
    case 'o':
        return runner_condition_wait(actor->scene->other);
    case 'n':
        return runner_condition_notify(actor->scene->condition, 1);
    case 'y':
        return runner_yield();
    default:
        return runner_sleep(RUNNER_FOREVER);
    }
}

static inline void actor_end(actor_t *actor, int code)
{
    char act = *actor->script++;
    int waited = act == 'w' || act == 'o';
    int takes = waited || act == 't' || act == 'e';
    if (act == 'p') {
        return;
    }
    if (actor->scene->lock != NULL && (waited || (takes && code == 0))) {
        ck_assert_int_eq(runner_lock_locked(actor->lock), 1);
        ck_assert_uint_eq(runner_lock_holder(actor->lock), runner_task_id(actor->task));
    }
    if (code != 0) {
        log_add("%s %s", actor->name, code_name(code));
        actor->code = code;
        actor->script = waited ? actor->script : "";
    } else if (act == 't') {
        log_add("%s took", actor->name);
    } else if (waited || act == 'f') {
        log_add("%s woke", actor->name);
    }
}

static inline int actor_on_stack(void *arg, void **result)
{
    actor_t *actor = arg;
    (void)result;
    while (*actor->script != '\0') {
        actor_end(actor, actor_begin(actor));
    }
    return actor->code;
}

static inline int actor_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->parked) {
        actor->parked = 0;
        actor_end(actor, status);
    } else {
        ck_assert_code(status, 0);
    }
    while (*actor->script != '\0') {
        int code = actor_begin(actor);
        if (code == RUNNER_EPARKED) {
            actor->parked = 1;
            return code;
        }
        actor_end(actor, code);
    }
    return actor->code;
}

static inline actor_t *start_with(scene_t *scene, const char *name, const char *script, int eager)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .name = name, .drop = drop_count};
    int stackless = scene->kind == BOTH ? scene->count % 2 : scene->kind == STACKLESS;
    ck_assert_int_lt(scene->count, MOST_ACTORS);
    actor_t *actor = &scene->actors[scene->count++];
    *actor = (actor_t){
        .scene = scene, .name = name, .script = script, .event = scene->event, .lock = scene->lock};
    opts.eager = eager;
    ck_assert_code(stackless ? runner_spawn_step(actor_in_steps, actor, &opts, &actor->task)
                             : runner_spawn(actor_on_stack, actor, &opts, &actor->task),
                   0);
    return actor;
}

/* Spawns an actor, which takes its first step in the next turn. */
static inline actor_t *start(scene_t *scene, const char *name, const char *script)
{
    return start_with(scene, name, script, 0);
}

/* Spawns an actor, which takes its first step before this returns. */
static inline actor_t *start_now(scene_t *scene, const char *name, const char *script)
{
    return start_with(scene, name, script, 1);
}

static inline void cancel(const actor_t *actor)
{
    ck_assert_code(runner_task_cancel(actor->task), 0);
}

/* Lets everything run that is ready, and says that it did. */
static inline void turn(const char *entry)
{
    ck_assert_code(runner_yield(), 0);
    log_add("%s", entry);
}

/* --- the flag ---------------------------------------------------------------------------- */

static inline void set_flag(runner_event_t *event)
{
    ck_assert_code(runner_event_set(event), 0);
    ck_assert_int_eq(runner_event_is_set(event), 1);
}

static inline int set_flag_callback(void *arg)
{
    set_flag(arg);
    return 0;
}

static inline void clear_flag(runner_event_t *event)
{
    ck_assert_code(runner_event_clear(event), 0);
    ck_assert_int_eq(runner_event_is_set(event), 0);
}

/* --- the lock ---------------------------------------------------------------------------- */

static inline void take(runner_lock_t *lock)
{
    ck_assert_code(runner_lock_acquire(lock), 0);
    ck_assert_int_eq(runner_lock_locked(lock), 1);
    ck_assert_uint_eq(runner_lock_holder(lock), runner_task_id(runner_current_task()));
}

static inline void give(runner_lock_t *lock)
{
    ck_assert_code(runner_lock_release(lock), 0);
    ck_assert_int_eq(runner_lock_locked(lock), 0);
    ck_assert_uint_eq(runner_lock_holder(lock), 0);
}

static inline void check_held(const runner_lock_t *lock, const actor_t *holder, size_t waiters)
{
    ck_assert_int_eq(runner_lock_locked(lock), 1);
    ck_assert_uint_eq(runner_lock_holder(lock), runner_task_id(holder->task));
    ck_assert_uint_eq(runner_lock_waiters(lock), waiters);
}

/* Nobody holds it; one of those who wait may have been given it. */
static inline void check_not_held(const runner_lock_t *lock, size_t waiters)
{
    ck_assert_int_eq(runner_lock_locked(lock), 0);
    ck_assert_uint_eq(runner_lock_holder(lock), 0);
    ck_assert_uint_eq(runner_lock_waiters(lock), waiters);
}

/* --- the condition ----------------------------------------------------------------------- */

/* Takes the lock for as long as it takes to notify so many. */
static inline void notify(const scene_t *scene, size_t count)
{
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, count), 0);
    give(scene->lock);
}

/* --- scenes ------------------------------------------------------------------------------ */

static inline runner_event_t *new_event(void)
{
    runner_event_t *event = NULL;
    ck_assert_code(runner_event_new(&event), 0);
    ck_assert_ptr_nonnull(event);
    return event;
}

static inline runner_lock_t *new_lock(void)
{
    runner_lock_t *lock = NULL;
    ck_assert_code(runner_lock_new(&lock), 0);
    ck_assert_ptr_nonnull(lock);
    return lock;
}

static inline scene_t scene_begin(int kind)
{
    scene_t scene = {.kind = kind, .event = new_event(), .lock = new_lock()};
    ck_assert_code(runner_condition_new(&scene.condition, scene.lock), 0);
    ck_assert_code(runner_condition_new(&scene.other, scene.lock), 0);
    return scene;
}

/* Every actor is over, and was dropped once. Also after runner_free(). */
static inline void scene_end(scene_t *scene)
{
    for (int i = 0; i < scene->count; i++) {
        ck_assert_int_eq(runner_task_done(scene->actors[i].task), 1);
        runner_task_unref(scene->actors[i].task);
    }
    ck_assert_int_eq(drops(), scene->count);
    ck_assert_int_eq(exceptions(), 0);
    runner_event_unref(scene->event);
    runner_condition_unref(scene->condition);
    runner_condition_unref(scene->other);
    runner_lock_unref(scene->lock);
}

/* Runs a main task on a scene, from the first to the last. */
static inline void run(runner_fn body, int kind)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(kind);
    ck_assert_code(runner_run(runner, body, &scene, NULL, NULL), 0);
    runner_free(runner);
    scene_end(&scene);
}

/* A main task that only lets a turn pass. */
static inline int take_a_turn(void *arg, void **result)
{
    (void)arg;
    (void)result;
    turn("main");
    return 0;
}

static inline void call_soon(const char *entry)
{
    ck_assert_code(runner_call_soon(runner_current(), log_callback, (void *)(uintptr_t)entry, NULL),
                   0);
}

/* What the list of the running runner's tasks says of an actor. */
static inline runner_task_info_t info_of(const actor_t *actor)
{
    runner_task_info_t infos[MOST_ACTORS + 1] = {{.size = sizeof infos[0]}};
    size_t count = 0;
    size_t at = 0;
    ck_assert_code(runner_tasks(runner_current(), infos, MOST_ACTORS + 1, &count), 0);
    while (at < count && infos[at].id != runner_task_id(actor->task)) {
        at++;
    }
    ck_assert_uint_lt(at, count);
    return infos[at];
}

#endif
