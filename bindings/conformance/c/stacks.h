/*
 * Stacks of the interpreter's own, on which the bodies of host tasks run: a host has its own way of
 * suspending what it runs.
 */
#ifndef CONFORMANCE_STACKS_H
#define CONFORMANCE_STACKS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fiber fiber_t;

/* A fiber that will call `fn` on a stack of at least so many bytes. Never NULL. */
fiber_t *fiber_new(size_t bytes, void (*fn)(void *arg), void *arg);

/* Runs it until it suspends itself, or `fn` returns: false then. */
bool fiber_resume(fiber_t *fiber);

/* On its stack: goes back to whoever has resumed it. */
void fiber_suspend(fiber_t *fiber);

/* Its stack is used again, whether `fn` has returned or not. */
void fiber_free(fiber_t *fiber);

#endif
