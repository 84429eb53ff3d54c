/**
 * @file
 * The allocator of the library.
 */
#ifndef RUNNER_ALLOC_H
#define RUNNER_ALLOC_H

#include <stddef.h>

#include "export.h"

/** malloc() of a program's own allocator. */
typedef void *(*runner_malloc_fn)(size_t size);
/** calloc() of a program's own allocator. */
typedef void *(*runner_calloc_fn)(size_t count, size_t size);
/** realloc() of a program's own allocator. */
typedef void *(*runner_realloc_fn)(void *ptr, size_t size);
/** free() of a program's own allocator. */
typedef void (*runner_free_fn)(void *ptr);

RUNNER_BEGIN_DECLS

/**
 * Use other functions for the library's memory. Stacks of coroutines are mapped, not allocated,
 * and libuv has uv_replace_allocator() for its own.
 *
 * Call it before anything else of the library.
 *
 * @param malloc_fn   As malloc().
 * @param calloc_fn   As calloc().
 * @param realloc_fn  As realloc().
 * @param free_fn     As free().
 *
 * @return 0, or RUNNER_EINVAL (a NULL function): nothing changed. Four NULLs bring the C library's
 *         functions back.
 * @note Thread: any, while no other uses the library. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_replace_allocator(runner_malloc_fn malloc_fn, runner_calloc_fn calloc_fn,
                                           runner_realloc_fn realloc_fn, runner_free_fn free_fn);

RUNNER_END_DECLS

#endif
