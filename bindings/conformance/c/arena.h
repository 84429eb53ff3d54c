/*
 * Memory of a program: what is made for it stays until all of it goes at once. So nothing is lost
 * with the frames of a task that shutdown gives up.
 */
#ifndef CONFORMANCE_ARENA_H
#define CONFORMANCE_ARENA_H

#include <stddef.h>

typedef struct arena {
    struct arena_chunk *chunks; /* the newest first */
    size_t used;                /* of the newest */
} arena_t;

/* Zeroed. Never NULL: without memory the process ends. */
void *arena_alloc(arena_t *arena, size_t size);

/* `count` objects of a size. */
void *arena_array(arena_t *arena, size_t count, size_t size);

/* A copy of a text, with a NUL behind it. */
char *arena_text(arena_t *arena, const char *text, size_t length);

/* Takes everything back. The oldest chunk is kept for what comes next. */
void arena_reset(arena_t *arena);

void arena_free(arena_t *arena);

/* Ends the process if `pointer` is NULL, which is what an allocation gave. */
void *must(void *pointer);

#endif
