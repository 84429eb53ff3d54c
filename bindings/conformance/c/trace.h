/* The trace: its lines, the paths of tasks, the texts of outcomes. */
#ifndef CONFORMANCE_TRACE_H
#define CONFORMANCE_TRACE_H

#include "world.h"

/* Callbacks have no path. */
#define WHO_LOOP "loop"

/* Nor has what closes a closable, nor what no task is known of. */
#define WHO_CLOSABLE "closable"
#define WHO_NONE "none"

/* Errors of a program as codes of librunner: every name has its own. */
int code_of_error(int error);

/* --- paths --- */

/* Of the main task of a run. */
path_t *path_main(world_t *world, const char *task);

/* Of a new child; it counts once path_spawned() says that there is one. */
path_t *path_child(world_t *world, const path_t *spawner, const char *task);
void path_spawned(path_t *spawner);

/* Of the body of a closable. */
path_t *path_closable(world_t *world, path_t *maker, const char *name);

/* --- lines --- */

/* Begins a line: the time, who, and a space. */
void trace_begin(world_t *world, const char *who);

/* The rest of a line. */
void trace_end(world_t *world);

/* A whole line. */
void trace(world_t *world, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds to the line that was begun: "value 3", "error E", "cancelled", "group [...]". */
void trace_outcome(world_t *world, const outcome_t *outcome);

/* A whole line for an error that the exception handler is told. */
void trace_report(world_t *world, const char *who, const outcome_t *outcome);

#endif
