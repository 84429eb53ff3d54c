#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)32 * 1024)
#define ALIGNMENT sizeof(max_align_t)

typedef struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    max_align_t bytes[];
} arena_chunk_t;

void *must(void *pointer)
{
    if (pointer == NULL) {
        fputs("conformance: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return pointer;
}

static void add_chunk(arena_t *arena, size_t size)
{
    arena_chunk_t *chunk = must(malloc(sizeof *chunk + size));
    chunk->older = arena->chunks;
    chunk->size = size;
    arena->chunks = chunk;
    arena->used = 0;
}

void *arena_alloc(arena_t *arena, size_t size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (arena->chunks == NULL || size > arena->chunks->size - arena->used) {
        add_chunk(arena, size > CHUNK_BYTES ? size : CHUNK_BYTES);
    }
    void *memory = (char *)arena->chunks->bytes + arena->used;
    arena->used += size;
    return memset(memory, 0, size);
}

void *arena_array(arena_t *arena, size_t count, size_t size)
{
    return count > SIZE_MAX / 2 / size ? must(NULL) : arena_alloc(arena, count * size);
}

char *arena_text(arena_t *arena, const char *text, size_t length)
{
    return memcpy(arena_alloc(arena, length + 1), text, length);
}

void arena_reset(arena_t *arena)
{
    while (arena->chunks != NULL && arena->chunks->older != NULL) {
        arena_chunk_t *chunk = arena->chunks;
        arena->chunks = chunk->older;
        free(chunk);
    }
    arena->used = 0;
}

void arena_free(arena_t *arena)
{
    arena_reset(arena);
    free(arena->chunks);
    arena->chunks = NULL;
}
