/*
 * Signals in child processes: dispositions, compared as the kernel keeps them, and a way to know
 * that a child has nothing left to do.
 */
#ifndef CHILD_SIGNALS_H
#define CHILD_SIGNALS_H

#include <signal.h>

#include "check_support.h"

/* The whole disposition of a signal: handler, mask, flags. */
struct sigaction disposition_of(int signal_number);

/* Set one. */
void disposition_set(int signal_number, const struct sigaction *action);

/* Whether the disposition is this one, byte for byte. */
int disposition_is(int signal_number, const struct sigaction *expected);

/* Wait until the main thread of a child sleeps in the kernel. 0 if it ended, or its time did. */
int child_await_sleep(const child_t *child);

/* child_start(), then a signal each time the next text of a list has come and the child sleeps;
 * child_finish(). The list ends with NULL. */
void child_run_signalled(child_t *child, child_fn fn, int signal_number, const char *const *texts);

#endif
