/* Bodies as coroutines of librunner: each has a stack, and a wait is a call that takes long. */
#include <string.h>

#include "body.h"
#include "native.h"

/* --- whose paths tasks have --- */

static void register_path(world_t *world, const path_t *path)
{
    struct held *held = world->held;
    size_t id = (size_t)runner_task_id(runner_current_task());
    if (id >= held->paths_room) {
        size_t room = id * 2 > 64 ? id * 2 : 64;
        const path_t **paths = arena_array(world->arena, room, sizeof(void *));
        if (held->paths_room > 0) {
            memcpy(paths, held->paths, held->paths_room * sizeof(void *));
        }
        held->paths = paths;
        held->paths_room = room;
    }
    held->paths[id] = path;
}

/* librunner spawns tasks of its own only to close what is closed with awaits. */
static const char *whose(const world_t *world, const runner_exception_t *exception)
{
    if (exception->task == NULL) {
        return exception->name != NULL ? WHO_CLOSABLE : WHO_NONE;
    }
    const struct held *held = world->held;
    size_t id = (size_t)runner_task_id(exception->task);
    const path_t *path = id < held->paths_room ? held->paths[id] : NULL;
    return path != NULL ? path->text : WHO_CLOSABLE;
}

int report_exception(runner_t *runner, const runner_exception_t *exception, void *arg)
{
    world_t *world = arg;
    (void)runner;
    const runner_future_t *future =
        exception->task != NULL ? runner_task_future(exception->task) : exception->future;
    const outcome_t outcome = {.code = exception->code,
                               .errors = errors_of(exception->code, runner_future_errors(future))};
    trace_report(world, whose(world, exception), &outcome);
    return 0;
}

/* --- how a body is started --- */

static int run_body(body_t *body, void **result)
{
    const outcome_t outcome = body_run(body);
    *result = value_of(outcome.value);
    return code_to_raise(&outcome);
}

static int run_coroutine(void *arg, void **result)
{
    body_t *body = arg;
    register_path(body->world, body->path);
    return run_body(body, result);
}

/* Nobody else holds a main task, which may go on after its run and fail then. */
static int run_main_coroutine(void *arg, void **result)
{
    const body_t *body = arg;
    keep(body->world, KEPT_TASK, runner_task_ref(runner_current_task()));
    return run_coroutine(arg, result);
}

static runner_spawn_options_t options_of(const body_t *body)
{
    return (runner_spawn_options_t){.size = sizeof(runner_spawn_options_t),
                                    .name = body->path->text};
}

static int spawned(world_t *world, int code, runner_task_t *task, future_t **out)
{
    if (code == 0) {
        keep(world, KEPT_TASK, task);
        *out = (future_t *)runner_task_future(task);
    }
    return code;
}

int start_body(body_t *body, future_t **task)
{
    const runner_spawn_options_t opts = options_of(body);
    runner_task_t *handle = NULL;
    int code = runner_spawn(run_coroutine, body, &opts, &handle);
    return spawned(body->world, code, handle, task);
}

int start_child(group_t *group, body_t *body, future_t **task)
{
    const runner_spawn_options_t opts = options_of(body);
    runner_task_t *handle = NULL;
    int code = runner_group_spawn((runner_group_t *)group, run_coroutine, body, &opts, &handle);
    return spawned(body->world, code, handle, task);
}

/* The task that closes it is librunner's: it has no path. */
static int run_generator(void *arg, void **result)
{
    (void)runner_gen_yield(NULL);
    return run_body(arg, result);
}

int start_closable(body_t *body)
{
    runner_gen_t *gen;
    check(runner_gen_new(run_generator, body, NULL, 0, &gen), "runner_gen_new");
    int code = runner_gen_next(gen, NULL);
    runner_gen_unref(gen);
    return code;
}

outcome_t run_main(body_t *body, context_t *context)
{
    runner_t *runner = body->world->runner;
    const runner_run_options_t opts = {
        .size = sizeof opts, .name = body->path->text, .context = (runner_context_t *)context};
    void *value = NULL;
    int code = runner_run(runner, run_main_coroutine, body, &opts, &value);
    return (outcome_t){code, number_of(value), errors_of(code, runner_run_errors(runner))};
}

int close_runner(world_t *world)
{
    return runner_close(world->runner);
}

/* --- how it waits --- */

int wait_turn(world_t *world)
{
    (void)world;
    return runner_yield();
}

int wait_time(world_t *world, int64_t ms)
{
    (void)world;
    return runner_sleep((uint64_t)ms);
}

outcome_t wait_future(world_t *world, future_t *future)
{
    (void)world;
    void *value = NULL;
    int code = runner_future_await(future_of(future), &value);
    return (outcome_t){code, number_of(value),
                       errors_of(code, runner_future_errors(future_of(future)))};
}

int wait_several(world_t *world, future_t *const *futures, size_t count, int mode, int64_t ms)
{
    (void)world;
    runner_future_t *const *list = (runner_future_t *const *)(uintptr_t)futures;
    return runner_wait(list, count, mode, ms == NO_TIME ? RUNNER_FOREVER : (uint64_t)ms, NULL);
}

int wait_event(world_t *world, event_t *event)
{
    (void)world;
    return runner_event_wait((runner_event_t *)event);
}

int wait_lock(world_t *world, lock_t *lock)
{
    (void)world;
    return runner_lock_acquire((runner_lock_t *)lock);
}

int wait_semaphore(world_t *world, semaphore_t *semaphore)
{
    (void)world;
    return runner_semaphore_acquire((runner_semaphore_t *)semaphore);
}

int wait_put(world_t *world, queue_t *queue, int64_t item)
{
    (void)world;
    return runner_queue_put((runner_queue_t *)queue, value_of(item));
}

int wait_get(world_t *world, queue_t *queue, int64_t *item)
{
    (void)world;
    void *value = NULL;
    int code = runner_queue_get((runner_queue_t *)queue, &value);
    *item = number_of(value);
    return code;
}

outcome_t wait_group(world_t *world, group_t *group, const outcome_t *body)
{
    (void)world;
    runner_group_t *handle = (runner_group_t *)group;
    int code = runner_group_close(handle, code_to_raise(body));
    return (outcome_t){.code = code, .errors = errors_of(code, runner_group_errors(handle))};
}
