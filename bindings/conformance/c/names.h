/* Names that a program uses, each with a number. Every namespace has numbers of its own. */
#ifndef CONFORMANCE_NAMES_H
#define CONFORMANCE_NAMES_H

#include <stdbool.h>

#include "arena.h"

typedef enum namespace {
    NAMES_HANDLE,
    NAMES_EVENT,
    NAMES_LOCK,
    NAMES_SEMAPHORE,
    NAMES_QUEUE,
    NAMES_VAR,
    NAMES_ERROR,
    NAMESPACES
} namespace_t;

#define NAME_UNKNOWN (-1)

typedef struct names {
    const char **texts;
    int count;
    int room;
} names_t;

/* The number of a name; NAME_UNKNOWN if nothing has added it. */
int names_find(const names_t *names, const char *name);

/* The number of a name, which is added if need be. */
int names_add(names_t *names, arena_t *arena, const char *name);

/* [a-z][a-z0-9_]* */
bool is_name(const char *text, size_t length);

/* [A-Z][A-Za-z]* */
bool is_error_name(const char *text, size_t length);

#endif
