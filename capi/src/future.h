/*
 * A future: one result, settled once, and a list of entries that are queued when it is.
 *
 * A task begins with its future. What differs between kinds is how they are cancelled and freed.
 */
#ifndef RUNNER__FUTURE_H
#define RUNNER__FUTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "home.h"
#include "runner/error.h"
#include "runner/future.h"

/* What a cancel or a group of errors says besides its code; shared by whoever it is handed to. */
typedef struct runner__note {
    uint32_t refs;
    bool is_errors;   /* of RUNNER_EGROUP: the beginning of a runner_error_group_t */
    const char *text; /* of a cancel, or NULL */
    uint64_t payload; /* of a cancel */
    void (*free)(struct runner__note *note);
} runner__note_t;

typedef struct runner__cancel {
    unsigned reason; /* RUNNER_REASON_... */
    runner__note_t *note;
} runner__cancel_t;

typedef struct runner__future_ops {
    const char *what; /* what a waiter waits for, for people */
    /* Asks the future to end cancelled; false if it is done. */
    bool (*cancel)(runner_future_t *future, const runner__cancel_t *cancel);
    /* Tells the exception handler that nobody took its failure. */
    void (*report)(runner_future_t *future);
    void (*free)(runner_future_t *future);
    /* Of a runner__fan_t alone: the nth future that it was made of, NULL behind the last; and that
     * a cancel has reached some of them. */
    runner_future_t *(*child)(runner_future_t *future, size_t index);
    void (*children_canceled)(runner_future_t *future);
} runner__future_ops_t;

enum {
    RUNNER__FUTURE_DONE = 1,
    RUNNER__FUTURE_TAKEN = 2,       /* somebody took the outcome */
    RUNNER__FUTURE_LISTED = 4,      /* in home->failed */
    RUNNER__FUTURE_VALUE_TAKEN = 8, /* somebody was given the value */
    RUNNER__FUTURE_MARKED = 16,     /* seen, while several are gone through */
};

struct runner_future {
    runner__node_t waiters; /* entries to queue; once failed, the link in home->failed */
    runner__home_t *home;
    const runner__future_ops_t *ops;
    void *value;
    runner__note_t *note; /* of a cancel, or of RUNNER_EGROUP, or NULL */
    uint64_t order;       /* of creation */
    uint32_t refs;
    int32_t code; /* meaningful once done */
    uint32_t flags;
    uint32_t task_flags; /* RUNNER__TASK_..., of the task that begins with it */
};

/* A future whose cancel goes on to others. The rest is the state of a cancel in progress, which may
 * have to go through more of them than a stack is deep; see cancel.c. */
typedef struct runner__fan {
    runner_future_t future;
    struct runner__fan *up; /* the one that has led here */
    runner_task_t *waiter;  /* the task whose wait has led here, or NULL */
    size_t next;            /* child */
    bool busy;
    bool any; /* of the children could be cancelled */
} runner__fan_t;

void runner__future_init(runner_future_t *future, runner__home_t *home,
                         const runner__future_ops_t *ops);

/* The memory of a home's plain futures; after fini it is not kept any more. */
void runner__futures_init(runner__home_t *home);
void runner__futures_fini(runner__home_t *home);

/* A plain future; NULL without memory. */
runner_future_t *runner__future_new(runner__home_t *home);

/* Remembers a failure until somebody takes it. */
void runner__future_list(runner_future_t *future);

/* Settles a pending future and queues its waiters. That something was given up at shutdown is in the
 * report, and no failure to be told again. */
static inline void runner__future_settle(runner_future_t *future, int code, void *value)
{
    future->code = code;
    future->value = value;
    future->flags |= RUNNER__FUTURE_DONE;
    runner__loop_push_all(&future->home->loop, &future->waiters);
    if (RUNNER__UNLIKELY(code < 0 && code != RUNNER_ECANCELED && code != RUNNER_EABANDONED)) {
        runner__future_list(future);
    }
}

/* Remembers why the future is being cancelled, or what it failed of. */
void runner__future_set_note(runner_future_t *future, runner__note_t *note);

void runner__future_unlist(runner_future_t *future);

/* Takes the outcome of a future that is done: nobody needs to be told any more. */
static inline int runner__future_take(runner_future_t *future, void **result)
{
    future->flags |= RUNNER__FUTURE_TAKEN;
    if (RUNNER__UNLIKELY((future->flags & RUNNER__FUTURE_LISTED) != 0)) {
        runner__future_unlist(future);
    }
    if (result != NULL && future->code == 0) {
        future->flags |= RUNNER__FUTURE_VALUE_TAKEN;
        *result = future->value;
    }
    return future->code;
}

/* Settles a pending future as another one, of the same home, has ended. The value stays the other
 * one's until somebody takes it here. */
void runner__future_follow(runner_future_t *future, runner_future_t *other);

/* The report of a future that is nothing more. */
void runner__future_report_plain(runner_future_t *future);

/* Reports a failure that nobody took, once. */
void runner__future_report(runner_future_t *future);

/* Reports every failure that nobody took, in the order of creation. */
void runner__future_report_all(runner__home_t *home);

/* What the end of every kind of future does: reports, lets go of the note, frees. */
void runner__future_release(runner_future_t *future);

runner__note_t *runner__note_new(const char *message, uint64_t payload);

static inline runner__note_t *runner__note_ref(runner__note_t *note)
{
    if (note != NULL) {
        note->refs++;
    }
    return note;
}

void runner__note_unref(runner__note_t *note);

static inline bool runner__future_is_done(const runner_future_t *future)
{
    return (future->flags & RUNNER__FUTURE_DONE) != 0;
}

static inline void runner__future_unref(runner_future_t *future)
{
    if (--future->refs == 0) {
        runner__future_release(future);
    }
}

#endif
