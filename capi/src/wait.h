/*
 * The wait link: what a parked task waits for, how that is cancelled, and how it ends.
 *
 * Whoever parks a task fills its wait. When the wait is over the task's entry is queued; when the
 * entry runs, runner__wait_end() turns the wait into the outcome that the task sees. A task that
 * was cancelled between the two still ends its wait here, so that a wake-up which it consumed and
 * will not use is handed on: once, for every primitive.
 */
#ifndef RUNNER__WAIT_H
#define RUNNER__WAIT_H

#include <stdbool.h>

#include "future.h"

typedef struct runner__wait runner__wait_t;

typedef struct runner__wait_ops {
    const char *what; /* for people */
    /* Ends the wait early and queues the waiter, now or once what it waits for has ended; false
     * if the wait is over and the waiter queued already. */
    bool (*cancel)(runner__wait_t *wait, const runner__cancel_t *cancel);
    /* The outcome of a wait that is over; may store through wait->out. */
    int (*end)(runner__wait_t *wait);
    /* The wait is over but its outcome will not be seen: the wake-up goes to the next in line.
     * NULL if nothing is lost by that; then it ends as usual, without storing anything. */
    void (*hand_on)(runner__wait_t *wait);
    /* The waiter is gone: gives back what the wait holds. NULL if that is nothing. */
    void (*drop)(runner__wait_t *wait);
} runner__wait_ops_t;

struct runner__wait {
    const runner__wait_ops_t *ops; /* NULL: waits for nothing */
    void *on;                      /* what for; the ops know its type */
    void **out;                    /* where the result goes, or NULL */
};

/* Waits for a future, which the wait holds a reference of: its settling queues the waiter. */
extern const runner__wait_ops_t runner__wait_for_future;

/* The outcome of a wait that is over, which it clears. `canceled`: the task will be told
 * RUNNER_ECANCELED whatever the outcome is. */
int runner__wait_end(runner__wait_t *wait, bool canceled);

/* Forgets a wait whose waiter was taken out of every queue. */
void runner__wait_drop(runner__wait_t *wait);

#endif
