/*
 * A coroutine that runs into its guard ends the process with a message that says whose it was.
 */
#ifndef RUNNER__CORO_OVERFLOW_H
#define RUNNER__CORO_OVERFLOW_H

#include "stack.h"

/* For the calling thread: an alternate signal stack, unless it has one. For the process: the
 * handler, which passes every fault outside of our guards on to the one before it. Counted, per
 * thread and per process; each call is undone by one runner__overflow_uninstall() on the same
 * thread. 0, or -1 with errno when neither could be set up; overflows then die without a word. */
int runner__overflow_install(void);
void runner__overflow_uninstall(void);

/* Reports an overflow of this stack and ends the process by SIGSEGV. Async-signal-safe. */
__attribute__((noreturn)) void runner__overflow_die(const runner__stack_t *stack);

#endif
