/*
 * The library's memory. What is allocated above the layer of the coroutines comes through here, so
 * that a program can bring its own allocator and the tests can make the Nth allocation fail.
 */
#ifndef RUNNER__BASE_ALLOC_H
#define RUNNER__BASE_ALLOC_H

#include <stddef.h>

void *runner__malloc(size_t size);
void *runner__calloc(size_t count, size_t size);
void *runner__realloc(void *ptr, size_t size);
void runner__free(void *ptr);

/* A copy of a text, or NULL without memory. */
char *runner__strdup(const char *text);

#endif
