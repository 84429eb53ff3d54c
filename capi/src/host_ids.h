/*
 * Ids: a table of objects, each named by its index and a generation, so that one that is gone is
 * never taken for another.
 */
#ifndef RUNNER__HOST_IDS_H
#define RUNNER__HOST_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum runner__kind {
    RUNNER__KIND_FREE,
    RUNNER__KIND_RESERVED,
    RUNNER__KIND_GONE, /* of a task, whose end was not told yet */
    RUNNER__KIND_TASK,
    RUNNER__KIND_FUTURE,
    RUNNER__KIND_GROUP,
    RUNNER__KIND_TIMEOUT,
    RUNNER__KIND_EVENT,
    RUNNER__KIND_LOCK,
    RUNNER__KIND_CONDITION,
    RUNNER__KIND_SEMAPHORE,
    RUNNER__KIND_BARRIER,
    RUNNER__KIND_QUEUE,
    RUNNER__KIND_TIMER,
    RUNNER__KIND_VAR,
    RUNNER__KIND_CONTEXT,
    RUNNER__KIND_JOB,
    RUNNER__KIND_CLOSABLE
} runner__kind_t;

typedef struct runner__slot {
    union {
        void *object;
        uint32_t next; /* free, or gone: index of the next one plus one, 0 for the last */
    };
    uint32_t generation;
    uint16_t kind; /* runner__kind_t */
    uint16_t held; /* the host has a reference to release */
} runner__slot_t;

typedef struct runner__ids {
    runner__slot_t *slots;
    uint32_t room;
    uint32_t made; /* slots that were ever used */
    uint32_t used;
    uint32_t free; /* as next */
    uint32_t gone; /* the first, and the last: as next */
    uint32_t gone_last;
} runner__ids_t;

void runner__ids_init(runner__ids_t *ids);
void runner__ids_fini(runner__ids_t *ids);

/* A new id, reserved; 0 without memory. */
uint64_t runner__ids_new(runner__ids_t *ids);

/* The slot of an id that is in use, or NULL. */
runner__slot_t *runner__ids_find(const runner__ids_t *ids, uint64_t id);

/* The object of an id, or NULL: there is none, or of another kind. */
void *runner__ids_get(const runner__ids_t *ids, uint64_t id, runner__kind_t kind);

/* The id is nobody's any more. */
void runner__ids_free(runner__ids_t *ids, runner__slot_t *slot);

/* The same once it was told: runner__ids_pop_gone() gives it out, and frees it. 0 for none. */
void runner__ids_gone(runner__ids_t *ids, runner__slot_t *slot);
uint64_t runner__ids_pop_gone(runner__ids_t *ids);

#endif
