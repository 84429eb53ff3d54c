/*
 * Timers: a 4-ary heap of deadlines, earliest first, equal ones in the order of their start.
 *
 * A timer is a ready-queue entry that knows its place in the heap, so that a task carries its
 * timer for four bytes more, and stopping one needs no search.
 */
#ifndef RUNNER__TIMER_H
#define RUNNER__TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct runner__loop;
typedef struct runner__entry runner__entry_t;
typedef void (*runner__entry_fn)(struct runner__loop *loop, runner__entry_t *entry);

/* Something that the loop runs once. Where it stands is its owner's business: in the ready queue,
 * in the list of a future, or nowhere. */
struct runner__entry {
    runner__node_t node;
    runner__entry_fn run;
};

#define RUNNER__TIMER_IDLE UINT32_MAX

typedef struct runner__timer {
    runner__entry_t entry;
    uint32_t slot;    /* place in the heap, or RUNNER__TIMER_IDLE */
    uint32_t cancels; /* requests that count, of the task that it belongs to */
} runner__timer_t;

typedef struct runner__timer_slot {
    int64_t deadline_ns;
    uint64_t order;
    runner__timer_t *timer;
} runner__timer_slot_t;

typedef struct runner__timers {
    runner__timer_slot_t *slots;
    uint32_t count;
    uint32_t room;
    uint64_t started;
} runner__timers_t;

void runner__timers_init(runner__timers_t *timers);
void runner__timers_fini(runner__timers_t *timers);

/* RUNNER_ENOMEM, with nothing changed, if the heap cannot grow. The timer must be idle. */
int runner__timer_start(runner__timers_t *timers, runner__timer_t *timer, int64_t deadline_ns);

/* Takes a timer out of the heap; one that is idle stays so. */
void runner__timer_stop(runner__timers_t *timers, runner__timer_t *timer);

/* The earliest timer if it is due, taken out; else NULL. */
runner__timer_t *runner__timers_pop_due(runner__timers_t *timers, int64_t now_ns);

static inline bool runner__timer_active(const runner__timer_t *timer)
{
    return timer->slot != RUNNER__TIMER_IDLE;
}

static inline bool runner__timers_empty(const runner__timers_t *timers)
{
    return timers->count == 0;
}

/* The earliest deadline; there must be one. */
static inline int64_t runner__timers_next(const runner__timers_t *timers)
{
    return timers->slots[0].deadline_ns;
}

#endif
