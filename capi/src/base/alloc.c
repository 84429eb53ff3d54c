#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "runner/alloc.h"
#include "runner/error.h"

static runner_malloc_fn use_malloc = malloc;
static runner_calloc_fn use_calloc = calloc;
static runner_realloc_fn use_realloc = realloc;
static runner_free_fn use_free = free;

void *runner__malloc(size_t size)
{
    return use_malloc(size);
}

void *runner__calloc(size_t count, size_t size)
{
    return use_calloc(count, size);
}

void *runner__realloc(void *ptr, size_t size)
{
    return use_realloc(ptr, size);
}

void runner__free(void *ptr)
{
    use_free(ptr);
}

char *runner__strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = runner__malloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

int runner_replace_allocator(runner_malloc_fn malloc_fn, runner_calloc_fn calloc_fn,
                             runner_realloc_fn realloc_fn, runner_free_fn free_fn)
{
    if (malloc_fn == NULL && calloc_fn == NULL && realloc_fn == NULL && free_fn == NULL) {
        use_malloc = malloc;
        use_calloc = calloc;
        use_realloc = realloc;
        use_free = free;
        return 0;
    }
    if (malloc_fn == NULL || calloc_fn == NULL || realloc_fn == NULL || free_fn == NULL) {
        return RUNNER_EINVAL;
    }
    use_malloc = malloc_fn;
    use_calloc = calloc_fn;
    use_realloc = realloc_fn;
    use_free = free_fn;
    return 0;
}
