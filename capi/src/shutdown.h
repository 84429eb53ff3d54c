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

/* Goes through all phases and closes the loop. The code of the first thing that went wrong.
 * `give_up`: without turning the loop for any. */
int runner__shutdown(runner_t *self, bool give_up);

/* The same in parts, for whoever turns the loop in another way: begin; while next() says that there
 * is a phase to be turned, turn while it wants to be; settle, release the loop, end. A forked child
 * leaves everything as it is. */
void runner__shutdown_begin(runner_t *self);
bool runner__shutdown_next(runner_t *self);
bool runner__shutdown_wants_turn(const runner_t *self);
/* Is told how a run of the loop has ended; false if the phase wants no other. */
bool runner__shutdown_turned(runner_t *self, runner__loop_end_t end);
/* Tells what nobody has taken, refuses from now on. */
void runner__shutdown_settle(runner_t *self);
void runner__shutdown_release_loop(runner_t *self);
int runner__shutdown_end(runner_t *self);

/* Remembers the first thing that goes wrong. */
void runner__shutdown_note(runner_t *self, int code);

/* Refuses from now on, and drops what was accepted and has not run. */
void runner__shutdown_refuse(runner_t *self);

#endif
