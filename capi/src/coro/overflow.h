/*
 * A coroutine that runs into its guard ends the process with a message that says whose it was.
 */
#ifndef RUNNER__CORO_OVERFLOW_H
#define RUNNER__CORO_OVERFLOW_H

#include "stack.h"

/* For the process: the handler, which passes every fault outside of our guards on to the one before
 * it. Counted; each call is undone by one runner__overflow_uninstall(), on any thread. 0, or -1 with
 * errno when it could not be set up; overflows then die without a word. */
int runner__overflow_install(void);
void runner__overflow_uninstall(void);

/* For the calling thread: an alternate signal stack for the handler, unless it has one. It stays
 * until the thread ends. 0, or -1 with errno, and overflows in this thread die without a word. */
int runner__overflow_guard_thread(void);

/* Reports an overflow of this stack and ends the process by SIGSEGV. Async-signal-safe. */
__attribute__((noreturn)) void runner__overflow_die(const runner__stack_t *stack);

#endif
