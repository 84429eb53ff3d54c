/*
 * Signals in child processes: dispositions, compared byte for byte, and a way to know
 * that a child has nothing left to do.
 */
#ifndef CHILD_SIGNALS_H
#define CHILD_SIGNALS_H

#include <signal.h>

#include "check_support.h"

/* The whole disposition of a signal: handler, mask, flags. What the C library leaves unwritten in
 * it is zero, so that two of them can be compared byte for byte. */
typedef struct sigaction disposition_t;

disposition_t disposition_of(int signal_number);

/* Whether the disposition is this one, byte for byte. */
int disposition_is(int signal_number, const disposition_t *expected);

/* Whether its handler is SIG_DFL. */
int is_default(int signal_number);

/* In a child: write a line to the parent, at once. */
void child_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait until the main thread of a child sleeps in the kernel. 0 if it ended, or its time did. */
int child_await_sleep(const child_t *child);

/* child_start(), then a signal each time the next text of a list has come and the child sleeps;
 * child_finish(). The list ends with NULL. */
void child_run_signalled(child_t *child, child_fn fn, int signal_number, const char *const *texts);

#endif
