#include "world.h"

#include <stdio.h>
#include <stdlib.h>

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

future_t *bound_handle(const world_t *world, int name)
{
    return world->handles[name];
}

event_t *bound_event(const world_t *world, int name)
{
    return world->objects[NAMES_EVENT][name];
}

lock_t *bound_lock(const world_t *world, int name)
{
    return world->objects[NAMES_LOCK][name];
}

semaphore_t *bound_semaphore(const world_t *world, int name)
{
    return world->objects[NAMES_SEMAPHORE][name];
}

queue_t *bound_queue(const world_t *world, int name)
{
    return world->objects[NAMES_QUEUE][name];
}

bool is_given_up(world_t *world, const future_t *future)
{
    return future_status(world, future) == RUNNER_EABANDONED;
}

future_t *awaitable_of(world_t *world, int name)
{
    future_t *future = bound_handle(world, name);
    return future != NULL && is_given_up(world, future) ? future_new(world) : future;
}

var_t *world_var(world_t *world, int name)
{
    void **slot = &world->objects[NAMES_VAR][name];
    if (*slot == NULL) {
        *slot = var_new(world, world->program->names[NAMES_VAR].texts[name]);
    }
    return *slot;
}
