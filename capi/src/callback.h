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

#endif
