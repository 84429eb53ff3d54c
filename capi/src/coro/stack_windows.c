/*
 * Stacks for Windows: the memory belongs to the fiber, so that a runner__stack_t is only a record
 * with the owner's header, and the pool a list of those. Guards are the system's.
 */
#include "stack.h"

#if defined(_WIN32)

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overflow.h"
#include "switch.h"

#define LINE_BYTES ((size_t)64)

static size_t class_bytes(unsigned klass)
{
    return RUNNER__STACK_MIN_BYTES << klass;
}

static unsigned class_of(size_t bytes)
{
    unsigned klass = 0;
    while (klass < RUNNER__STACK_CLASSES && class_bytes(klass) < bytes) {
        klass++;
    }
    return klass;
}

static uint32_t warm_bound(unsigned klass)
{
    size_t by_bytes = RUNNER__STACK_WARM_BYTES / class_bytes(klass);
    return by_bytes < RUNNER__STACK_WARM_STACKS ? (uint32_t)by_bytes : RUNNER__STACK_WARM_STACKS;
}

static void reset(runner__stackpool_t *pool)
{
    memset(pool->classes, 0, sizeof pool->classes);
}

void runner__stackpool_init(runner__stackpool_t *pool, size_t header_bytes,
                            size_t default_stack_bytes)
{
    pool->header_bytes = header_bytes;
    pool->default_class =
        class_of(default_stack_bytes != 0 ? default_stack_bytes : RUNNER__STACK_DEFAULT_BYTES);
    reset(pool);
}

static void discard(runner__stack_t *stack)
{
    runner__fiber_free(stack);
    _aligned_free(stack);
}

static runner__stack_t *create(const runner__stackpool_t *pool, unsigned klass)
{
    size_t record = (sizeof(runner__stack_t) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    runner__stack_t *stack = _aligned_malloc(record + pool->header_bytes, LINE_BYTES);
    if (stack != NULL) {
        memset(stack, 0, sizeof *stack);
        stack->header = (char *)stack + record;
        stack->klass = (uint8_t)klass;
    }
    return stack;
}

runner__stack_t *runner__stack_acquire_slow(runner__stackpool_t *pool, size_t stack_bytes)
{
    unsigned klass = stack_bytes == 0 ? pool->default_class : class_of(stack_bytes);
    if (klass >= RUNNER__STACK_CLASSES) {
        return NULL;
    }
    runner__stackclass_t *class = &pool->classes[klass];
    runner__stack_t *stack = class->warm;
    if (stack != NULL) {
        class->warm = stack->next;
        return stack;
    }
    stack = create(pool, klass);
    if (stack != NULL && runner__fiber_prepare(stack) != 0) {
        discard(stack);
        return NULL;
    }
    return stack;
}

/* Only what is beyond the bound, or not fit for another round, comes here. */
void runner__stack_release_slow(runner__stackpool_t *pool, runner__stack_t *stack)
{
    (void)pool;
    discard(stack);
}

void runner__stackpool_trim(runner__stackpool_t *pool)
{
    (void)pool; /* never more than the bound */
}

void runner__stackpool_destroy(runner__stackpool_t *pool)
{
    for (unsigned i = 0; i < RUNNER__STACK_CLASSES; i++) {
        while (pool->classes[i].warm != NULL) {
            runner__stack_t *stack = pool->classes[i].warm;
            pool->classes[i].warm = stack->next;
            discard(stack);
        }
    }
    reset(pool);
}

size_t runner__stack_bytes(const runner__stack_t *stack)
{
    return class_bytes(stack->klass);
}

size_t runner__stack_high_water(const runner__stack_t *stack)
{
    (void)stack;
    return 0; /* a fiber does not tell where its stack lies */
}

void runner__stack_check_canary(const runner__stack_t *stack)
{
    (void)stack;
}

/* The system reports an overflow itself and ends the process. */
int runner__overflow_guard_thread(void)
{
    return 0;
}

int runner__overflow_install(void)
{
    return 0;
}

void runner__overflow_uninstall(void)
{
}

void runner__overflow_die(const runner__stack_t *stack)
{
    const char *name = stack->label != NULL ? stack->label(stack->owner) : NULL;
    (void)fprintf(stderr, "librunner: stack overflow in task '%s'\n", name != NULL ? name : "?");
    abort();
}

#endif
