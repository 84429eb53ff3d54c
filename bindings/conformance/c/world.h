/*
 * What a program has while it runs: its runner, what its names are bound to, the paths of its tasks,
 * and everything that is held until the runner is closed. A task that shutdown gives up never ends,
 * so nothing is left to its frames.
 */
#ifndef CONFORMANCE_WORLD_H
#define CONFORMANCE_WORLD_H

#include <runner.h>

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

/* What a name of a handle is bound to. */
typedef struct handle {
    runner_task_t *task; /* NULL: a bare future */
    runner_future_t *future;
} handle_t;

typedef struct world {
    const program_t *program;
    arena_t *arena;
    text_t *trace;
    runner_t *runner;
    handle_t *handles;          /* by name */
    void **objects[NAMESPACES]; /* by name: runner_event_t *, runner_lock_t *, ... */
    struct kept *kept;          /* the newest first */
    path_t *mains;
    const path_t **paths; /* by number of the task; NULL for those of librunner itself */
    size_t paths_room;
    runner_future_t *last; /* the last thing of which a close reports */
    uint64_t closed_ns;    /* when it did */
} world_t;

void world_init(world_t *world, const program_t *program, text_t *trace);

/* Releases what was held. The runner is closed. */
void world_release(world_t *world);

/* What is held until the end. */
typedef enum kept_kind {
    KEPT_TASK,
    KEPT_FUTURE,
    KEPT_GROUP,
    KEPT_ERRORS,
    KEPT_TIMEOUT,
    KEPT_EVENT,
    KEPT_LOCK,
    KEPT_SEMAPHORE,
    KEPT_QUEUE,
    KEPT_VAR
} kept_kind_t;

/* Takes over one reference, and gives it back at the end. */
void world_keep(world_t *world, kept_kind_t kind, void *object);

/* Bind a name to something new, which is held. */
void bind_task(world_t *world, int name, runner_task_t *task);
void bind_future(world_t *world, int name, runner_future_t *future);
void bind_object(world_t *world, namespace_t names, int name, kept_kind_t kind, void *object);

/* What a name is bound to; NULL if to nothing yet. */
const handle_t *bound_handle(const world_t *world, int name);
runner_event_t *bound_event(const world_t *world, int name);
runner_lock_t *bound_lock(const world_t *world, int name);
runner_semaphore_t *bound_semaphore(const world_t *world, int name);
runner_queue_t *bound_queue(const world_t *world, int name);

/* Whether shutdown has given a task up. In asyncio such a task stays pending for ever. */
bool is_given_up(const runner_future_t *future);

/* What has to be waited for in place of a handle; NULL if the name is not bound. */
runner_future_t *awaitable_of(world_t *world, int name);

/* A context variable, made on first use. */
runner_var_t *world_var(world_t *world, int name);

/* The library cannot do something for which a program gives no reason: the process ends. */
void check(int code, const char *what);

#endif
