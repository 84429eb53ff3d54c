/*
 * The wait link: what a parked task waits for, how that is cancelled, and how it ends.
 *
 * Whoever parks a task fills its wait. When the wait is over the task's entry is queued; when the
 * entry runs, runner__wait_end() turns the wait into the outcome that the task sees. A task that
 * was cancelled between the two still ends its wait here, and the wait is told: so a wake-up that
 * was consumed and will not be used is handed on, once, for every primitive.
 *
 * A wait may have several parts (a condition waits to be notified, then for its lock): its end then
 * fills the wait again, and the task stays parked without having run.
 */
#ifndef RUNNER__WAIT_H
#define RUNNER__WAIT_H

#include <stdbool.h>

#include "future.h"

typedef struct runner__wait runner__wait_t;

/* How a wait has ended. */
typedef enum runner__wait_how {
    RUNNER__WAIT_WOKEN, /* by what it waited for */
    RUNNER__WAIT_CUT,   /* by a cancel */
    RUNNER__WAIT_LATE   /* by what it waited for, and was cancelled before its task ran */
} runner__wait_how_t;

typedef struct runner__wait_ops {
    const char *what; /* for people */
    /* Ends the wait early and queues the waiter, now or once what it waits for has ended; false
     * if the wait is over and the waiter queued already. */
    bool (*cancel)(runner__wait_t *wait, const runner__cancel_t *cancel);
    /* The outcome of a wait that is over, RUNNER_ECANCELED unless it was woken; stores nothing
     * then. Or RUNNER_EPARKED, with the wait filled again: it goes on. */
    int (*end)(runner__wait_t *wait, runner__wait_how_t how);
    /* The waiter is gone: gives back what the wait holds, and hands on what it was given. NULL if
     * that is nothing. */
    void (*drop)(runner__wait_t *wait);
    /* The future that it waits for; NULL for other waits. */
    runner_future_t *(*future)(const runner__wait_t *wait);
    /* The number of the task that has to do something first, such as release a lock, or 0. */
    uint64_t (*holder)(const runner__wait_t *wait);
} runner__wait_ops_t;

struct runner__wait {
    const runner__wait_ops_t *ops; /* NULL: waits for nothing */
    void *on;                      /* what for; the ops know its type */
    union {
        void **out;               /* where the result goes, or NULL */
        runner_future_t **future; /* where the future goes, of as_completed */
        runner__node_t link;      /* place in the line of a lock */
        struct {
            void *item;
            int64_t priority;
        } put; /* into a queue */
        struct {
            size_t *out;
            size_t index;
        } turn; /* at a barrier */
    };
};

/* Waits for a future, which the wait holds a reference of: its settling queues the waiter. */
extern const runner__wait_ops_t runner__wait_for_future;

/* Waits for a timer alone. */
extern const runner__wait_ops_t runner__wait_for_time;

/* The outcome of a wait that is over, which it clears. */
int runner__wait_end(runner__wait_t *wait, runner__wait_how_t how);

/* Forgets a wait whose waiter was taken out of every queue. */
void runner__wait_drop(runner__wait_t *wait);

#endif
