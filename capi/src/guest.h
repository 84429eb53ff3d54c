/*
 * A guest: a runner on a libuv loop that somebody else turns.
 */
#ifndef RUNNER__GUEST_H
#define RUNNER__GUEST_H

#include "handle.h"
#include "runner/guest.h"

/* Why these do not drive this runner: RUNNER_ENOTSUP, or 0. */
int runner__guest_refuses_own(const runner_t *self);  /* those that turn the loop */
int runner__guest_refuses_step(const runner_t *self); /* runner_step() and its like */
int runner__guest_refuses_host(const runner_t *self); /* runner_begin() and its like */

/* Closes its handles. True if that is still under way: runner__host_closed() will be called then, if
 * the host waits for it. */
bool runner__guest_close(runner_t *self);

/* The runner is being freed. */
void runner__guest_free(runner_t *self);

/* The hook of the loop: see loop.h. */
void runner__guest_ready(runner__loop_t *loop);

#endif
