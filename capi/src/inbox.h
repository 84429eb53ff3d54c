/*
 * The cross-thread inbox of a loop: entries from any thread, in order, and a wake-up.
 *
 * Whether an entry is accepted is decided under the lock that closing takes: what was accepted is
 * drained, by the loop or by whoever closed it.
 */
#ifndef RUNNER__INBOX_H
#define RUNNER__INBOX_H

#include <stdatomic.h>
#include <stdbool.h>

#include <uv.h>

#include "timer.h"

typedef struct runner__inbox {
    uv_mutex_t lock;
    runner__node_t entries; /* guarded by lock */
    bool closed;            /* guarded by lock */
    atomic_bool filled;     /* entries is not empty: the loop looks without the lock */
    atomic_uint wakers;     /* threads inside runner__inbox_wake() */
    atomic_bool async_open;
    uv_async_t async;
} runner__inbox_t;

/* A code of libuv if the lock cannot be made. No descriptor is opened. */
int runner__inbox_init(runner__inbox_t *inbox);
void runner__inbox_fini(runner__inbox_t *inbox);

/* Adds the wake-up to a loop, or takes it away; the handle closes asynchronously. */
int runner__inbox_attach(runner__inbox_t *inbox, uv_loop_t *loop, uv_async_cb woken);
void runner__inbox_leave(runner__inbox_t *inbox); /* the first half: nobody wakes it any more */
void runner__inbox_detach(runner__inbox_t *inbox, uv_close_cb closed);

/* From any thread: false, with nothing done, if the inbox is closed. */
bool runner__inbox_post(runner__inbox_t *inbox, runner__entry_t *entry);

/* The same in two steps with the lock held between them: begin, unless it is closed, and commit.
 * What lies between them is guarded by the lock. */
bool runner__inbox_begin(runner__inbox_t *inbox);
void runner__inbox_commit(runner__inbox_t *inbox, runner__entry_t *entry);
/* Instead of commit: nothing is posted. */
void runner__inbox_give_up(runner__inbox_t *inbox);

/* Wakes the loop if it waits. From any thread; async-signal-safe. */
void runner__inbox_wake(runner__inbox_t *inbox);

/* Moves everything to the end of `into`. */
void runner__inbox_drain(runner__inbox_t *inbox, runner__node_t *into);

/* Refuses from now on, and moves what was accepted to the end of `into`. */
void runner__inbox_close(runner__inbox_t *inbox, runner__node_t *into);

static inline bool runner__inbox_filled(const runner__inbox_t *inbox)
{
    return atomic_load_explicit(&inbox->filled, memory_order_relaxed);
}

#endif
