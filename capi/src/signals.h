/*
 * Signals are borrowed: taken for the time of a run or a close, if their disposition is the
 * default, and put back exactly. The only file that touches their dispositions.
 */
#ifndef RUNNER__SIGNALS_H
#define RUNNER__SIGNALS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runner/signal.h"
#include "runner/types.h"

#define RUNNER__SIGNAL_KINDS 3

typedef struct runner__signals {
    atomic_uint count;     /* interrupts since the current run or close began */
    atomic_uint raised;    /* the kind of the first that was a real signal, plus one */
    atomic_uint first;     /* which kind the first of them was, plus one */
    atomic_bool acted;     /* the loop has acted on the first */
    atomic_bool listening; /* runner_interrupt() has an effect */
    unsigned held;         /* nested runner__signals_take() */
    unsigned taken;        /* bit set of kinds whose disposition is ours */
    unsigned carried; /* the kind of one that nobody acted on, plus one: raised again at the end */
} runner__signals_t;

void runner__signals_init(runner__signals_t *signals);

/* Begins a run or a close: takes what the runner's options ask for. Nested calls keep it. */
void runner__signals_take(runner_t *self);

/* The same without taking any: somebody else does, and calls runner_interrupt(). */
void runner__signals_listen(runner_t *self);

/* Ends it: puts back what is still ours. An interrupt that nobody acted on is raised again. */
void runner__signals_give_back(runner_t *self);

/* Starts counting anew, with the dispositions taken again that a second signal gave back. One that
 * nobody has acted on is kept for the end. */
void runner__signals_restart(runner_t *self);

/* The code of the first signal: RUNNER_EINTR, RUNNER_ETERM or RUNNER_EHUP. */
int runner__signals_code(const runner__signals_t *signals);

/* Its reason for a cancel: RUNNER_REASON_SIGINT ... */
unsigned runner__signals_reason(const runner__signals_t *signals);

/* The code that goes with a reason, or 0 if it is not a signal's. */
int runner__signals_code_of_reason(unsigned reason);

#endif
