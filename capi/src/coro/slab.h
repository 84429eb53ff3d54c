/*
 * Slabs: one mapping that holds many stacks of one size, and which of them were handed out.
 *
 *     slab page | guard | stack 0 | guard | stack 1 | ...
 *
 * A stack is cold while it is with its slab: its memory may have been given back, and even its
 * runner__stack_t does not exist. Taking it writes that into the top of the stack.
 */
#ifndef RUNNER__CORO_SLAB_H
#define RUNNER__CORO_SLAB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "stack.h"

#define RUNNER__SLAB_MAX_STACKS 1024
#define RUNNER__SLAB_SMALL_STACKS 16
#define RUNNER__SLAB_WORDS (RUNNER__SLAB_MAX_STACKS / 64)

typedef struct runner__slabmap {
    uint64_t word[RUNNER__SLAB_WORDS];
} runner__slabmap_t;

typedef struct runner__registry_entry runner__registry_entry_t;

struct runner__slab {
    runner__slab_t *next; /* in a list of its pool's class */
    runner__slab_t **link;
    runner__slab_t *batch; /* in the list of slabs that are about to give memory back */
    char *stacks;          /* the first guard */
    size_t stride;         /* guard and stack */
    size_t guard_bytes;
    size_t stack_bytes;
    size_t map_bytes;
    runner__registry_entry_t *registered;
    uint32_t count;
    uint32_t cold_count;
    atomic_uint out; /* stacks still out after the pool was destroyed */
    atomic_uint vma_guards;
    uint8_t klass;
    runner__slabmap_t cold;
    runner__slabmap_t guarded;
    runner__slabmap_t cooling;
};

size_t runner__page_bytes(void);

/* A slab of up to count stacks; fewer when memory is short, NULL when there is none. */
runner__slab_t *runner__slab_new(size_t stack_bytes, uint8_t klass, uint32_t count);

/* No stack is out. May keep the mapping for the next runner__slab_new() of the same size. */
void runner__slab_free(runner__slab_t *slab, int may_cache);

/* The slab must have a cold stack. A stack whose guard cannot be set up gets a canary. */
runner__stack_t *runner__slab_take(runner__slab_t *slab, size_t header_bytes);

/* The stack becomes cold; its memory stays as it is. */
void runner__slab_put(runner__slab_t *slab, runner__stack_t *stack);

/* The stack will become cold with the next runner__slab_cool(). */
void runner__slab_mark(runner__slab_t *slab, runner__stack_t *stack);

/* Gives the memory of all marked stacks back, one system call per run of neighbours. */
void runner__slab_cool(runner__slab_t *slab);

void runner__slab_link(runner__slab_t **head, runner__slab_t *slab);
void runner__slab_unlink(runner__slab_t *slab);

/* Valgrind forgets a stack that is going to be cold. */
static inline void runner__slab_unwatch(const runner__stack_t *stack)
{
    if (runner__san_on_valgrind()) {
        runner__san_deregister(stack->valgrind_id);
    }
}

static inline char *runner__slab_guard(const runner__slab_t *slab, uint32_t index)
{
    return slab->stacks + index * slab->stride;
}

static inline char *runner__slab_top(const runner__slab_t *slab, uint32_t index)
{
    return slab->stacks + (index + 1) * slab->stride;
}

/* A stack's record fills whole cache lines at its top. */
static inline runner__stack_t *runner__slab_record(const runner__slab_t *slab, uint32_t index)
{
    size_t bytes = (sizeof(runner__stack_t) + 63) & ~(size_t)63;
    return (runner__stack_t *)(void *)(runner__slab_top(slab, index) - bytes);
}

static inline int runner__slabmap_has(const runner__slabmap_t *map, uint32_t index)
{
    return (int)((map->word[index / 64] >> (index % 64)) & 1);
}

static inline void runner__slabmap_set(runner__slabmap_t *map, uint32_t index)
{
    map->word[index / 64] |= UINT64_C(1) << (index % 64);
}

static inline void runner__slabmap_clear(runner__slabmap_t *map, uint32_t index)
{
    map->word[index / 64] &= ~(UINT64_C(1) << (index % 64));
}

#endif
