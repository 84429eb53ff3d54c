/*
 * Plain callbacks: soon, later, when a future is done.
 */
#ifndef RUNNER__CALLBACK_H
#define RUNNER__CALLBACK_H

#include "runner/callback.h"

void runner__callbacks_init(runner_t *self);
void runner__callbacks_fini(runner_t *self);

/* Drops every callback that has not run, in the order in which they were asked for. */
void runner__callbacks_drop(runner_t *self);

/* As runner_call_at_ns(), also for times before the clock began. */
int runner__call_at(runner_t *self, int64_t when_ns, runner_callback_fn fn, void *arg,
                    runner_drop_fn drop, runner_timer_t **out);

#endif
