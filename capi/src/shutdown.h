/*
 * Shutdown: the phases of runner_close(), in order, each with a deadline.
 */
#ifndef RUNNER__SHUTDOWN_H
#define RUNNER__SHUTDOWN_H

#include "handle.h"

/* Turns the loop until `future` is done and the iteration that found it is complete, or until
 * something else ends the turning. */
runner__loop_end_t runner__drive(runner_t *self, runner_future_t *future);

/* Signals during a close: the first ends the grace of the phase, the second all waiting. */
void runner__shutdown_attend(runner_t *self);

/* Goes through all phases and closes the loop. The code of the first thing that went wrong. */
int runner__shutdown(runner_t *self);

/* Refuses from now on, and drops what was accepted and has not run. */
void runner__shutdown_refuse(runner_t *self);

#endif
