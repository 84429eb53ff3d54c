/*
 * A free list of objects of one size, so that hot paths do not allocate. It keeps all that it is
 * given, so that a burst finds its memory again, and lets go of what is beyond its bound when there is
 * time. Used by one thread at a time. Under AddressSanitizer nothing is kept, so that a use after free
 * is found at the object that was freed.
 */
#ifndef RUNNER__BASE_POOL_H
#define RUNNER__BASE_POOL_H

#include <stddef.h>

#include "base/alloc.h"
#include "base/platform.h"

#if defined(__SANITIZE_ADDRESS__)
#define RUNNER__POOL_KEEPS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RUNNER__POOL_KEEPS 0
#endif
#endif
#ifndef RUNNER__POOL_KEEPS
#define RUNNER__POOL_KEEPS 1
#endif

#define RUNNER__POOL_TRIM 1024

typedef struct runner__pool {
    void *head;
    size_t object_bytes;
    unsigned count;
    unsigned most; /* that are kept in the long run; 0: none at all */
} runner__pool_t;

static inline void runner__pool_init(runner__pool_t *pool, size_t object_bytes, unsigned most)
{
    pool->head = NULL;
    pool->object_bytes = object_bytes;
    pool->count = 0;
    pool->most = RUNNER__POOL_KEEPS ? most : 0;
}

/* An object with unspecified content, or NULL without memory. */
static inline void *runner__pool_take(runner__pool_t *pool)
{
    void *object = pool->head;
    if (object == NULL) {
        return runner__malloc(pool->object_bytes);
    }
    pool->head = *(void **)object;
    pool->count--;
    return object;
}

static inline void runner__pool_give(runner__pool_t *pool, void *object)
{
    if (RUNNER__UNLIKELY(pool->most == 0)) {
        runner__free(object);
        return;
    }
    *(void **)object = pool->head;
    pool->head = object;
    pool->count++;
}

/* Frees what is beyond the bound, a part of it at a time: there may be very much. */
static inline void runner__pool_trim(runner__pool_t *pool)
{
    for (unsigned i = 0; i < RUNNER__POOL_TRIM && pool->count > pool->most; i++) {
        void *object = pool->head;
        pool->head = *(void **)object;
        pool->count--;
        runner__free(object);
    }
}

static inline void runner__pool_clear(runner__pool_t *pool)
{
    while (pool->head != NULL) {
        void *object = pool->head;
        pool->head = *(void **)object;
        runner__free(object);
    }
    pool->count = 0;
}

/* The same, and what is given back later is freed at once. */
static inline void runner__pool_end(runner__pool_t *pool)
{
    runner__pool_clear(pool);
    pool->most = 0;
}

#endif
