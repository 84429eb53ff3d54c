#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct kept {
    struct kept *older;
    kept_kind_t kind;
    void *object;
} kept_t;

void check(int code, const char *what)
{
    if (code != 0) {
        fprintf(stderr, "conformance: %s: %s\n", what, runner_strerror(code));
        exit(EXIT_FAILURE);
    }
}

void world_init(world_t *world, const program_t *program, text_t *trace)
{
    *world = (world_t){.program = program, .arena = program->arena, .trace = trace};
    for (int i = NAMES_EVENT; i <= NAMES_VAR; i++) {
        world->objects[i] =
            arena_array(world->arena, (size_t)program->names[i].count, sizeof(void *));
    }
    world->handles = arena_array(world->arena, (size_t)program->names[NAMES_HANDLE].count,
                                 sizeof *world->handles);
}

static void release(const kept_t *kept)
{
    switch (kept->kind) {
    case KEPT_TASK:
        runner_task_unref(kept->object);
        break;
    case KEPT_FUTURE:
        runner_future_unref(kept->object);
        break;
    case KEPT_GROUP:
        runner_group_unref(kept->object);
        break;
    case KEPT_ERRORS:
        runner_error_group_unref(kept->object);
        break;
    case KEPT_TIMEOUT:
        runner_timeout_unref(kept->object);
        break;
    case KEPT_EVENT:
        runner_event_unref(kept->object);
        break;
    case KEPT_LOCK:
        runner_lock_unref(kept->object);
        break;
    case KEPT_SEMAPHORE:
        runner_semaphore_unref(kept->object);
        break;
    case KEPT_QUEUE:
        runner_queue_unref(kept->object);
        break;
    case KEPT_VAR:
        runner_var_unref(kept->object);
        break;
    default:
        break;
    }
}

void world_release(world_t *world)
{
    for (const kept_t *kept = world->kept; kept != NULL; kept = kept->older) {
        release(kept);
    }
    world->kept = NULL;
}

void world_keep(world_t *world, kept_kind_t kind, void *object)
{
    kept_t *kept = arena_alloc(world->arena, sizeof *kept);
    kept->older = world->kept;
    kept->kind = kind;
    kept->object = object;
    world->kept = kept;
}

void bind_task(world_t *world, int name, runner_task_t *task)
{
    world_keep(world, KEPT_TASK, task);
    world->handles[name] = (handle_t){task, runner_task_future(task)};
}

void bind_future(world_t *world, int name, runner_future_t *future)
{
    world_keep(world, KEPT_FUTURE, future);
    world->handles[name] = (handle_t){NULL, future};
}

void bind_object(world_t *world, namespace_t names, int name, kept_kind_t kind, void *object)
{
    world_keep(world, kind, object);
    world->objects[names][name] = object;
}

const handle_t *bound_handle(const world_t *world, int name)
{
    return world->handles[name].future != NULL ? &world->handles[name] : NULL;
}

runner_event_t *bound_event(const world_t *world, int name)
{
    return world->objects[NAMES_EVENT][name];
}

runner_lock_t *bound_lock(const world_t *world, int name)
{
    return world->objects[NAMES_LOCK][name];
}

runner_semaphore_t *bound_semaphore(const world_t *world, int name)
{
    return world->objects[NAMES_SEMAPHORE][name];
}

runner_queue_t *bound_queue(const world_t *world, int name)
{
    return world->objects[NAMES_QUEUE][name];
}

bool is_given_up(const runner_future_t *future)
{
    return runner_future_status(future) == RUNNER_EABANDONED;
}

runner_future_t *awaitable_of(world_t *world, int name)
{
    const handle_t *handle = bound_handle(world, name);
    if (handle == NULL || !is_given_up(handle->future)) {
        return handle != NULL ? handle->future : NULL;
    }
    runner_future_t *never;
    check(runner_future_new(world->runner, &never), "runner_future_new");
    world_keep(world, KEPT_FUTURE, never);
    return never;
}

runner_var_t *world_var(world_t *world, int name)
{
    void **slot = &world->objects[NAMES_VAR][name];
    if (*slot == NULL) {
        runner_var_t *var;
        check(runner_var_new(world->program->names[NAMES_VAR].texts[name], NULL, &var),
              "runner_var_new");
        world_keep(world, KEPT_VAR, var);
        *slot = var;
    }
    return *slot;
}
