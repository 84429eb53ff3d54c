/*
 * What a program has while it runs: its runner, what its names are bound to, the paths of its tasks,
 * and everything that is held until the runner is closed. A task that shutdown gives up never ends,
 * so nothing is left to its frames.
 */
#ifndef CONFORMANCE_WORLD_H
#define CONFORMANCE_WORLD_H

#include <runner.h>

#include "objects.h"
#include "program.h"
#include "text.h"

/* Who a line of the trace is about; see README.md, "spawn path". */
typedef struct path {
    char *text;
    const char *name; /* the task's or closable's own */
    unsigned spawned; /* by all tasks that have this path */
    struct path *closables;
    struct path *next; /* among the closables of its maker, or the main tasks */
} path_t;

struct world {
    const program_t *program;
    arena_t *arena;
    text_t *trace;
    runner_t *runner;
    size_t stack_bytes;         /* what the evaluation of its deepest body takes */
    future_t **handles;         /* by name */
    void **objects[NAMESPACES]; /* by name: event_t *, lock_t *, ... */
    struct held *held;          /* what objects.h has of its own */
    path_t *mains;
};

void world_init(world_t *world, const program_t *program, text_t *trace);

/* What a name is bound to; NULL if to nothing yet. */
future_t *bound_handle(const world_t *world, int name);
event_t *bound_event(const world_t *world, int name);
lock_t *bound_lock(const world_t *world, int name);
semaphore_t *bound_semaphore(const world_t *world, int name);
queue_t *bound_queue(const world_t *world, int name);

/* Whether shutdown has given a task up. In asyncio such a task stays pending for ever. */
bool is_given_up(world_t *world, const future_t *future);

/* What has to be waited for in place of a handle; NULL if the name is not bound. */
future_t *awaitable_of(world_t *world, int name);

/* A context variable, made on first use. */
var_t *world_var(world_t *world, int name);

/* The library cannot do something for which a program gives no reason: the process ends. */
void check(int code, const char *what);

#endif
