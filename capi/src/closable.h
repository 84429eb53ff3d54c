/*
 * Closables: coroutines that shutdown runs, all at once, to close what needs awaits to close.
 */
#ifndef RUNNER__CLOSABLE_H
#define RUNNER__CLOSABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/closable.h"
#include "runner/task.h"

/* Makes the task that closes it, not queued. */
typedef int (*runner__closer_fn)(runner_t *self, void *arg, const runner_spawn_options_t *opts,
                                 runner_task_t **out);

/* As runner_closable_register(), closed by a task of another kind. */
int runner__closable_register(runner_t *self, const char *name, runner__closer_fn make, void *arg,
                              runner_drop_fn drop, runner_closable_t **out);

/* Another name, copied; false without memory. */
bool runner__closable_rename(runner_closable_t *closable, const char *name);

/* Starts every closable as a task, in registration order. How many were started; once all have
 * ended, shutdown.step is queued. */
size_t runner__closables_start(runner_t *self);

/* Reports the errors of those that have ended and forgets all; those that have not are abandoned
 * with `code`. */
void runner__closables_finish(runner_t *self, int code);

/* Drops those that were not started, and will not be. */
void runner__closables_drop(runner_t *self);

/* The runner is closed: forgets the registrations that are over. */
void runner__closables_free(runner_t *self);

#endif
