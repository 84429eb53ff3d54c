/*
 * The exception handler of a runner.
 */
#ifndef RUNNER__HANDLER_H
#define RUNNER__HANDLER_H

#include <stdbool.h>

#include "runner/handler.h"

struct runner__loop;

typedef struct runner__handler {
    runner_exception_fn fn; /* NULL: the default one */
    void *arg;
    runner_drop_fn drop;
    runner_exception_fn standard; /* in place of NULL; NULL writes a record */
} runner__handler_t;

/* Tells the handler; the hook of the loop. `exception` is a runner_exception_t. */
void runner__handler_call(struct runner__loop *loop, const void *exception);

/* What a callback returned, if it is not 0: an abort that it asked for ends the run, any other error
 * goes to the handler. `future` and `address`, who asked for the callback, may be NULL. */
void runner__handler_returned(struct runner__loop *loop, int code, runner_future_t *future,
                              const void *address);

/* Debug: an entry took long; the hook of the loop. */
void runner__handler_slow(struct runner__loop *loop, const char *label, uint64_t duration_ns);

/* Goes back to the default handler. */
void runner__handler_fini(runner__handler_t *handler);

#endif
