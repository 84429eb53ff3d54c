#include "values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

typedef struct value_slot {
    value_t value; /* VALUE_NONE: it is free */
    uint32_t generation;
    uint32_t next; /* free one, counted from 1 */
} value_slot_t;

static void grow(values_t *values)
{
    uint32_t room = values->room == 0 ? FIRST_ROOM : values->room * 2;
    value_slot_t *slots = arena_array(values->arena, room, sizeof *slots);
    if (values->room > 0) {
        memcpy(slots, values->slots, values->room * sizeof *slots);
    }
    for (uint32_t i = values->room; i < room; i++) {
        slots[i].next = i + 1 < room ? i + 2 : 0;
    }
    values->free = values->room + 1;
    values->slots = slots;
    values->room = room;
}

uint64_t value_give(values_t *values, value_t value)
{
    if (values->free == 0) {
        grow(values);
    }
    uint32_t place = values->free;
    value_slot_t *slot = &values->slots[place - 1];
    values->free = slot->next;
    values->out[value.kind]++;
    slot->value = value;
    return (uint64_t)slot->generation << 32 | place;
}

static value_slot_t *find(const values_t *values, value_kind_t kind, uint64_t number)
{
    uint32_t place = (uint32_t)number;
    value_slot_t *slot = place > 0 && place <= values->room ? &values->slots[place - 1] : NULL;
    if (slot == NULL || slot->generation != number >> 32 || slot->value.kind == VALUE_NONE ||
        (kind != VALUE_NONE && slot->value.kind != kind)) {
        fprintf(stderr, "conformance: value %" PRIx64 " of kind %d is not out\n", number, kind);
        exit(EXIT_FAILURE);
    }
    return slot;
}

value_t value_look(const values_t *values, value_kind_t kind, uint64_t number)
{
    return find(values, kind, number)->value;
}

value_t value_take(values_t *values, value_kind_t kind, uint64_t number)
{
    value_slot_t *slot = find(values, kind, number);
    value_t value = slot->value;
    values->out[value.kind]--;
    slot->value.kind = VALUE_NONE;
    slot->generation++;
    slot->next = values->free;
    values->free = (uint32_t)number;
    return value;
}

void value_drop(values_t *values, uint64_t number)
{
    (void)value_take(values, VALUE_NONE, number);
}
