#include "stack.h"

#if !defined(_WIN32)

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard.h"
#include "overflow.h"
#include "slab.h"

/* Slabs grow by this factor, up to this many bytes of address space for large stacks. */
#define SLAB_GROWTH 4
#define SLAB_MAX_BYTES ((size_t)256 * 1024 * 1024)
/* What a stack needs below its header to be of any use. */
#define MIN_FRAME_BYTES ((size_t)4096)
/* At most this many stacks are given back at a time: some hundred microseconds. */
#define COOL_BATCH 1024

static size_t class_bytes(unsigned klass)
{
    return RUNNER__STACK_MIN_BYTES << klass;
}

/* The class that holds this many bytes, or RUNNER__STACK_CLASSES when there is none. */
static unsigned class_of(size_t bytes)
{
    unsigned klass = 0;
    size_t page = runner__page_bytes();
    if (bytes > RUNNER__STACK_MAX_BYTES) {
        return RUNNER__STACK_CLASSES;
    }
    while (class_bytes(klass) < bytes || class_bytes(klass) < page) {
        klass++;
    }
    return klass;
}

static uint32_t warm_bound(unsigned klass)
{
    size_t by_bytes = RUNNER__STACK_WARM_BYTES / class_bytes(klass);
    return by_bytes < RUNNER__STACK_WARM_STACKS ? (uint32_t)by_bytes : RUNNER__STACK_WARM_STACKS;
}

static uint32_t slab_limit(unsigned klass)
{
    size_t by_bytes = SLAB_MAX_BYTES / class_bytes(klass);
    if (by_bytes < 1) {
        return 1;
    }
    return by_bytes < RUNNER__SLAB_MAX_STACKS ? (uint32_t)by_bytes : RUNNER__SLAB_MAX_STACKS;
}

void runner__stackpool_init(runner__stackpool_t *pool, size_t header_bytes,
                            size_t default_stack_bytes)
{
    size_t bytes = default_stack_bytes != 0 ? default_stack_bytes : RUNNER__STACK_DEFAULT_BYTES;
    memset(pool, 0, sizeof *pool);
    pool->header_bytes = header_bytes;
    pool->default_class = class_of(bytes);
    for (unsigned i = 0; i < RUNNER__STACK_CLASSES; i++) {
        pool->classes[i].next_count = RUNNER__SLAB_SMALL_STACKS;
    }
}

static runner__slab_t *add_slab(runner__stackclass_t *class, unsigned klass)
{
    uint32_t limit = slab_limit(klass);
    uint32_t count = class->next_count < limit ? class->next_count : limit;
    runner__slab_t *slab = runner__slab_new(class_bytes(klass), (uint8_t)klass, count);
    if (slab != NULL) {
        runner__slab_link(&class->open, slab);
        class->next_count = count < limit / SLAB_GROWTH ? count * SLAB_GROWTH : limit;
    }
    return slab;
}

runner__stack_t *runner__stack_acquire_slow(runner__stackpool_t *pool, size_t stack_bytes)
{
    unsigned klass = stack_bytes == 0 ? pool->default_class : class_of(stack_bytes);
    if (klass >= RUNNER__STACK_CLASSES ||
        pool->header_bytes > class_bytes(klass) - MIN_FRAME_BYTES) {
        return NULL;
    }
    runner__stackclass_t *class = &pool->classes[klass];
    runner__stack_t *stack = class->warm;
    if (stack != NULL) {
        class->warm = stack->next;
        return stack;
    }
    runner__slab_t *slab = class->open != NULL ? class->open : add_slab(class, klass);
    if (slab == NULL) {
        return NULL;
    }
    stack = runner__slab_take(slab, pool->header_bytes);
    if (slab->cold_count == 0) {
        runner__slab_unlink(slab);
        runner__slab_link(&class->full, slab);
    }
    return stack;
}

/* Gives the newest `count` warm stacks of a class back to the system. */
static void cool(runner__stackclass_t *class, uint32_t count)
{
    runner__slab_t *batch = NULL;
    for (; count > 0 && class->warm != NULL; count--) {
        runner__stack_t *stack = class->warm;
        runner__slab_t *slab = stack->slab;
        class->warm = stack->next;
        if (slab->batch == NULL) {
            /* The end of the list points to itself, so that NULL can mean "not listed". */
            slab->batch = batch != NULL ? batch : slab;
            batch = slab;
        }
        runner__slab_mark(slab, stack);
    }
    while (batch != NULL) {
        runner__slab_t *slab = batch;
        batch = slab->batch != slab ? slab->batch : NULL;
        slab->batch = NULL;
        if (slab->cold_count == 0) {
            runner__slab_unlink(slab);
            runner__slab_link(&class->open, slab);
        }
        runner__slab_cool(slab);
    }
}

static void cool_to_bound(runner__stackpool_t *pool, uint32_t most)
{
    for (unsigned i = 0; i < RUNNER__STACK_CLASSES; i++) {
        runner__stackclass_t *class = &pool->classes[i];
        uint32_t warm = runner__stack_warm_count(class);
        uint32_t bound = warm_bound(i);
        if (warm > bound) {
            cool(class, warm - bound < most ? warm - bound : most);
        }
    }
}

void runner__stackpool_idle(runner__stackpool_t *pool)
{
    cool_to_bound(pool, COOL_BATCH);
}

static void release_orphan(runner__stack_t *stack)
{
    runner__slab_t *slab = stack->slab;
    runner__slab_unwatch(stack);
    if (atomic_fetch_sub(&slab->out, 1) == 1) {
        runner__slab_free(slab, 1);
    }
}

void runner__stack_release_slow(runner__stackpool_t *pool, runner__stack_t *stack)
{
    runner__stack_check_canary(stack);
    if (stack->watched) {
        runner__san_revive(stack->limit + sizeof *stack->canary, stack->base);
    }
    if (pool == NULL) {
        release_orphan(stack);
        return;
    }
    runner__stackclass_t *class = &pool->classes[stack->klass];
    stack->rank = runner__stack_warm_count(class) + 1;
    stack->next = class->warm;
    class->warm = stack;
}

void runner__stackpool_trim(runner__stackpool_t *pool)
{
    cool_to_bound(pool, UINT32_MAX);
    for (unsigned i = 0; i < RUNNER__STACK_CLASSES; i++) {
        runner__stackclass_t *class = &pool->classes[i];
        for (runner__slab_t *slab = class->open, *next; slab != NULL; slab = next) {
            next = slab->next;
            if (slab->cold_count == slab->count && slab->count > RUNNER__SLAB_SMALL_STACKS) {
                runner__slab_unlink(slab);
                runner__slab_free(slab, 0);
            }
        }
        if (class->open == NULL && class->full == NULL) {
            class->next_count = RUNNER__SLAB_SMALL_STACKS;
        }
    }
}

static void drop_slabs(runner__slab_t *slab)
{
    while (slab != NULL) {
        runner__slab_t *next = slab->next;
        if (slab->cold_count == slab->count) {
            runner__slab_free(slab, 1);
        } else {
            atomic_store(&slab->out, slab->count - slab->cold_count);
        }
        slab = next;
    }
}

void runner__stackpool_destroy(runner__stackpool_t *pool)
{
    for (unsigned i = 0; i < RUNNER__STACK_CLASSES; i++) {
        runner__stackclass_t *class = &pool->classes[i];
        runner__stack_t *stack = class->warm;
        while (stack != NULL) {
            runner__stack_t *next = stack->next;
            runner__slab_put(stack->slab, stack);
            stack = next;
        }
        drop_slabs(class->open);
        drop_slabs(class->full);
        *class = (runner__stackclass_t){.next_count = RUNNER__SLAB_SMALL_STACKS};
    }
}

size_t runner__stack_bytes(const runner__stack_t *stack)
{
    return stack->slab->stack_bytes;
}

void runner__stack_check_canary(const runner__stack_t *stack)
{
    if (stack->canary != NULL && *stack->canary != RUNNER__STACK_CANARY) {
        runner__overflow_die(stack);
    }
}

#if defined(__APPLE__) || defined(__FreeBSD__)
typedef char residency_t;
#else
typedef unsigned char residency_t;
#endif

size_t runner__stack_high_water(const runner__stack_t *stack)
{
    residency_t resident[64];
    size_t page = runner__page_bytes();
    char *top = runner__slab_top(stack->slab, stack->index);
    char *lowest = top;
    char *high = top;
    /* Downwards in steps, as stacks grow; a step that was never touched is taken for the end. */
    while (high > stack->limit) {
        size_t left = (size_t)(high - stack->limit) / page;
        size_t n = left < sizeof resident ? left : sizeof resident;
        size_t i = 0;
        high -= n * page;
        if (mincore(high, n * page, resident) != 0) {
            break;
        }
        while (i < n && (resident[i] & 1) == 0) {
            i++;
        }
        if (i == n) {
            break;
        }
        lowest = high + i * page;
    }
    return (size_t)(top - lowest);
}

#endif
