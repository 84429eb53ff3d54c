/*
 * What a queue keeps its items in: a ring that is worked from either end, or a heap by priority.
 */
#ifndef RUNNER__ITEMS_H
#define RUNNER__ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/queue.h"

typedef struct runner__ranked {
    int64_t priority;
    uint64_t order; /* of their coming: decides between equals */
    void *item;
} runner__ranked_t;

typedef struct runner__items {
    int kind; /* RUNNER_QUEUE_... */
    union {
        void **ring; /* `room` is a power of two */
        runner__ranked_t *heap;
    };
    size_t room;
    size_t first; /* of a ring */
    size_t count;
    uint64_t pushed;
} runner__items_t;

void runner__items_init(runner__items_t *items, int kind);
void runner__items_fini(runner__items_t *items);

/* Makes room for one more; false without memory. */
bool runner__items_grow(runner__items_t *items);

void runner__items_push_ranked(runner__items_t *items, void *item, int64_t priority);
void *runner__items_pop_ranked(runner__items_t *items);

/* There must be room. */
static inline void runner__items_push(runner__items_t *items, void *item, int64_t priority)
{
    if (items->kind == RUNNER_QUEUE_PRIORITY) {
        runner__items_push_ranked(items, item, priority);
        return;
    }
    items->ring[(items->first + items->count) & (items->room - 1)] = item;
    items->count++;
}

/* The next item, taken out; there must be one. */
static inline void *runner__items_pop(runner__items_t *items)
{
    if (items->kind == RUNNER_QUEUE_PRIORITY) {
        return runner__items_pop_ranked(items);
    }
    items->count--;
    if (items->kind == RUNNER_QUEUE_LIFO) {
        return items->ring[(items->first + items->count) & (items->room - 1)];
    }
    void *item = items->ring[items->first];
    items->first = (items->first + 1) & (items->room - 1);
    return item;
}

#endif
