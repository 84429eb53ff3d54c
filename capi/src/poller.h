/*
 * Waits for descriptors. poll.c has the waits, in a line for each descriptor; what watches the
 * descriptors, in a turn of the loop, is poll_epoll.c, or poll_uv.c where there is no epoll.
 *
 * A descriptor is watched for one event at a time: who still waits after it has it watched again. So
 * nothing is left to watch where nobody waits, and a descriptor that the program has closed can be
 * told from another one that got its number.
 */
#ifndef RUNNER__POLLER_H
#define RUNNER__POLLER_H

#include "runner/poll.h"
#include "task.h"

/* Those who wait for one descriptor. Kept once it is made: the next wait finds it. */
typedef struct runner__line {
    runner__node_t waits; /* in the order of their coming */
    int fd;
    uint32_t
        turn; /* counts the times that it was watched: what comes of an earlier one is dropped */
    bool watched;   /* it was, and should still be known to the watch, which may take it back */
    void *watching; /* of the watch */
} runner__line_t;

typedef struct runner__watch runner__watch_t;

/* What the waits of one runner share. */
typedef struct runner__poller {
    runner__loop_t *loop;
    runner__watch_t *watch;
    runner__line_t **lines; /* by descriptor; NULL where nobody ever waited */
    size_t room;
    size_t pending;      /* waits */
    bool resting;        /* a guest that rests: waits do not keep the loop alive */
    runner__pool_t free; /* waits that are over */
} runner__poller_t;

/* As runner_poll(), in nanoseconds, UINT64_MAX for ever; the events go where the value of a host's
 * task does. */
int runner__poll_value(int fd, uint32_t events, uint64_t timeout_ns, void **value);

extern const runner__wait_ops_t runner__wait_for_descriptor;

/* There is time: gives memory back that a burst has left. */
void runner__poller_tidy(runner__tasks_t *tasks);

/* A guest rests, or no longer. */
void runner__poller_rest(runner__tasks_t *tasks, bool rests);

/* The loop is being closed, and no task waits any more. True if handles are still closing: `closed` is
 * called once they are. `pending`: the program has closed them itself, and is not through. */
bool runner__poller_close(runner__tasks_t *tasks, bool pending, void (*closed)(void *arg),
                          void *arg);

/* A descriptor is ready, with these events; RUNNER__POLL_ALL for errors. */
#define RUNNER__POLL_ALL UINT32_MAX
void runner__poller_ready(runner__poller_t *poller, runner__line_t *line, uint32_t ready);

/* Whether this is a forked child, where the program may turn its copy of a guest's loop: what comes is
 * the parent's. */
static inline bool runner__poller_is_parents(const runner__poller_t *poller)
{
    return RUNNER__UNLIKELY(runner__home_check((const runner_t *)poller->loop) != 0);
}

/* --- the watch: poll_epoll.c or poll_uv.c --- */

int runner__watch_open(runner__poller_t *poller);

/* As runner__poller_close(). The poller itself is gone then. */
bool runner__watch_close(runner__watch_t *watch, bool pending, void (*closed)(void *arg),
                         void *arg);

/* Watches a descriptor, for the next of these events. UV_EPERM: it is one that is always ready. */
int runner__watch_add(runner__poller_t *poller, runner__line_t *line, uint32_t events);

/* The same of one that was watched before; UV_ENOENT, UV_EBADF or UV_EPERM if it has been closed since.
 * Where it fails, those who wait are still woken unless it is not `watched` any more. */
int runner__watch_again(runner__poller_t *poller, runner__line_t *line, uint32_t events);

/* Nobody waits for it any more. */
void runner__watch_leave(runner__poller_t *poller, runner__line_t *line);

/* Whether it keeps the loop alive. */
void runner__watch_hold(runner__poller_t *poller, bool holds);

#endif
