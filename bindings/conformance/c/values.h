/*
 * Values that were given to the library, which gives each of them back exactly once: a callback is
 * called or dropped, an item is got or dropped, a closable and what a variable had are dropped. So
 * what they stand for is looked up by a number that is never used twice.
 */
#ifndef CONFORMANCE_VALUES_H
#define CONFORMANCE_VALUES_H

#include "arena.h"
#include "objects.h"

typedef enum value_kind {
    VALUE_NONE,
    VALUE_CALLBACK,
    VALUE_CLOSABLE,
    VALUE_ITEM,
    VALUE_VAR,
    VALUE_KINDS
} value_kind_t;

typedef struct value {
    value_kind_t kind;
    callback_fn_t fn; /* of a callback */
    void *arg;        /* of a callback; the body of a closable */
    int64_t number;   /* of an item or a variable */
} value_t;

typedef struct values {
    arena_t *arena;
    struct value_slot *slots;
    uint32_t room;
    uint32_t free; /* the first of those that are, counted from 1 */
    size_t out[VALUE_KINDS];
} values_t;

/* Gives one away. Never 0. */
uint64_t value_give(values_t *values, value_t value);

/* Looks at one of this kind that is out. */
value_t value_look(const values_t *values, value_kind_t kind, uint64_t number);

/* The same, and it has come back. */
value_t value_take(values_t *values, value_kind_t kind, uint64_t number);

/* Whatever kind it is of. */
void value_drop(values_t *values, uint64_t number);

#endif
