/*
 * Futures as an argument: an array in which one may occur more than once.
 */
#ifndef RUNNER__SEVERAL_H
#define RUNNER__SEVERAL_H

#include "future.h"
#include "loop.h"

/* One of several futures, and the entry by which its end is waited for. */
typedef struct runner__one {
    runner__entry_t done;    /* leads to itself where it waits for nothing */
    runner_future_t *future; /* held */
    void *of;                /* whom it belongs to */
} runner__one_t;

/* The home that all of them have. RUNNER_EINVAL, RUNNER_EFOREIGN; RUNNER_ENOLOOP if there are none
 * and no loop runs in this thread. */
int runner__several_home(runner_future_t *const *futures, size_t count, runner__home_t **home);

/* Fills `ones`, one for every argument, that wait for nothing. */
void runner__several_hold(runner__one_t *ones, runner_future_t *const *futures, size_t count,
                          void *of, runner__entry_fn done);

/* How many different futures there are. Calls fn for the first occurrence of each. */
size_t runner__several_each(runner__one_t *ones, size_t count, void (*fn)(runner__one_t *one));

/* Has the entry of one queued when its future is done; now, if it is. */
void runner__one_wait(runner__one_t *one);

/* Takes the entry back. */
void runner__one_forget(runner__one_t *one);

/* Takes all entries back and lets go of the futures. */
void runner__several_drop(runner__one_t *ones, size_t count);

#endif
