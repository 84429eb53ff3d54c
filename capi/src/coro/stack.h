/*
 * Stacks for coroutines: guarded, dense, reused last-in first-out.
 *
 * A stack is cut so that a parked coroutine touches one page: the bookkeeping of the stack, the
 * owner's header and the first frames all lie in its topmost page.
 *
 *     guard | limit ............ frames grow down ............ base | header | runner__stack_t
 *
 * A pool is used by one thread at a time. Nothing here is async-signal-safe.
 */
#ifndef RUNNER__CORO_STACK_H
#define RUNNER__CORO_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "sanitizer.h"

#define RUNNER__STACK_DEFAULT_BYTES ((size_t)64 * 1024)
#define RUNNER__STACK_MIN_BYTES ((size_t)16 * 1024)
#define RUNNER__STACK_MAX_BYTES ((size_t)1024 * 1024 * 1024)
/* One size class per power of two from the smallest to the largest stack. */
#define RUNNER__STACK_CLASSES 17
/* What a class keeps warm over idle times: this many stacks, and no more than this many bytes. While
 * there is work everything stays warm, since a stack is soon needed again. */
#define RUNNER__STACK_WARM_STACKS 1024
#define RUNNER__STACK_WARM_BYTES ((size_t)64 * 1024 * 1024)

#define RUNNER__STACK_CANARY UINT64_C(0x5afe57ac4c0ffee1)

typedef struct runner__slab runner__slab_t;
typedef struct runner__stack runner__stack_t;
typedef struct runner__stackclass runner__stackclass_t;
typedef struct runner__stackpool runner__stackpool_t;

/* The name of a stack's owner for the overflow message. It runs in a signal handler. */
typedef const char *(*runner__stack_label_fn)(const void *owner);

struct runner__stack {
    runner__stack_t *next; /* free list; the owner may use it while the stack is out */
    runner__slab_t *slab;
    char *limit;      /* lowest usable byte; the guard ends here */
    char *base;       /* 16-byte aligned: the initial stack pointer */
    void *header;     /* the owner's header_bytes, 64-byte aligned; content is unspecified */
    uint64_t *canary; /* NULL with a guard; else the lowest word, which must keep its value */
    runner__stack_label_fn label; /* may be NULL; the owner sets both again on every use */
    const void *owner;
    void *fiber; /* the system's own coroutine, where it comes with its own stack */
    uint32_t valgrind_id;
    uint32_t rank;  /* warm: how many there are from here to the end of the list */
    uint16_t index; /* its place in the slab */
    uint8_t klass;
    uint8_t watched; /* each release takes the slow path: for the canary, or for Valgrind */
};

struct runner__stackclass {
    runner__stack_t *warm; /* LIFO: the newest is the one whose lines are still in the cache */
    runner__slab_t *open;  /* slabs with at least one cold stack */
    runner__slab_t *full;
    uint32_t next_count; /* stacks in the next slab */
};

struct runner__stackpool {
    size_t header_bytes;
    unsigned default_class;
    /* The last one stays empty: the class of sizes that no class has. */
    runner__stackclass_t classes[RUNNER__STACK_CLASSES + 1];
};

/* Neither allocates nor enters the kernel. default_stack_bytes 0 = 64 KiB; a value that is too
 * large makes every acquire of the default size fail. */
void runner__stackpool_init(runner__stackpool_t *pool, size_t header_bytes,
                            size_t default_stack_bytes);

/* Gives back some of what is warm beyond the bound: for the owner to call when it has nothing else
 * to do. Bounded to some hundred microseconds. */
void runner__stackpool_idle(runner__stackpool_t *pool);

/* Gives back all that is warm beyond the bound and unmaps slabs that nobody uses. */
void runner__stackpool_trim(runner__stackpool_t *pool);

/* Stacks that are still out stay valid: each is released with pool == NULL, from any thread, and
 * the last one takes its slab along. The pool is as after init and may be used again. */
void runner__stackpool_destroy(runner__stackpool_t *pool);

/* Bytes of the stack that were ever touched, in whole pages, counted down from its top; a stack
 * that was used before counts its earlier users. For diagnostics: enters the kernel. */
size_t runner__stack_high_water(const runner__stack_t *stack);

/* What the owner of the stack may use between limit and the top, header included. */
size_t runner__stack_bytes(const runner__stack_t *stack);

runner__stack_t *runner__stack_acquire_slow(runner__stackpool_t *pool, size_t stack_bytes);
void runner__stack_release_slow(runner__stackpool_t *pool, runner__stack_t *stack);

/* Ends the process with the overflow message when an unguarded stack lost its canary. */
void runner__stack_check_canary(const runner__stack_t *stack);

/* Counted in the stacks: a counter in the class would be the longest chain of dependent memory
 * accesses from one acquire to the next. */
static inline uint32_t runner__stack_warm_count(const runner__stackclass_t *klass)
{
    return klass->warm != NULL ? klass->warm->rank : 0;
}

/* stack_bytes is rounded up to a size class, 0 = the default. The header and the bookkeeping are
 * part of it. NULL = out of memory or an absurd size. */
static inline runner__stack_t *runner__stack_acquire(runner__stackpool_t *pool, size_t stack_bytes)
{
    runner__stackclass_t *klass = &pool->classes[pool->default_class];
    runner__stack_t *stack = klass->warm;
    if (__builtin_expect(stack_bytes != 0 || stack == NULL, 0)) {
        return runner__stack_acquire_slow(pool, stack_bytes);
    }
    klass->warm = stack->next;
    return stack;
}

/* pool is the one the stack came from, or NULL when that one was destroyed in the meantime. */
static inline void runner__stack_release(runner__stackpool_t *pool, runner__stack_t *stack)
{
    runner__san_unpoison(stack->limit, stack->base);
    if (__builtin_expect(pool != NULL && !stack->watched, 1)) {
        runner__stackclass_t *klass = &pool->classes[stack->klass];
        stack->rank = runner__stack_warm_count(klass) + 1;
        stack->next = klass->warm;
        klass->warm = stack;
        return;
    }
    runner__stack_release_slow(pool, stack);
}

#endif
