#include "host_ids.h"

#include "base/alloc.h"

#define FIRST_ROOM 64
#define MOST_ROOM UINT32_C(0x40000000)

void runner__ids_init(runner__ids_t *ids)
{
    *ids = (runner__ids_t){.slots = NULL};
}

void runner__ids_fini(runner__ids_t *ids)
{
    runner__free(ids->slots);
}

static uint64_t id_of(const runner__ids_t *ids, const runner__slot_t *slot)
{
    return (uint64_t)slot->generation << 32 | (uint64_t)(slot - ids->slots);
}

static bool grow(runner__ids_t *ids)
{
    uint32_t room = ids->room > 0 ? ids->room * 2 : FIRST_ROOM;
    if (room > MOST_ROOM) {
        return false;
    }
    runner__slot_t *slots = runner__realloc(ids->slots, room * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    ids->slots = slots;
    ids->room = room;
    return true;
}

uint64_t runner__ids_new(runner__ids_t *ids)
{
    runner__slot_t *slot;
    if (ids->free != 0) {
        slot = &ids->slots[ids->free - 1];
        ids->free = slot->next;
    } else {
        if (ids->made == ids->room && !grow(ids)) {
            return 0;
        }
        slot = &ids->slots[ids->made++];
        slot->generation = 0;
    }
    slot->generation = slot->generation < UINT32_MAX ? slot->generation + 1 : 1;
    slot->object = NULL;
    slot->kind = RUNNER__KIND_RESERVED;
    slot->held = true;
    ids->used++;
    return id_of(ids, slot);
}

runner__slot_t *runner__ids_find(const runner__ids_t *ids, uint64_t id)
{
    uint32_t index = (uint32_t)id;
    if (index >= ids->made) {
        return NULL;
    }
    runner__slot_t *slot = &ids->slots[index];
    bool known = slot->generation == id >> 32 && slot->kind != RUNNER__KIND_FREE &&
                 slot->kind != RUNNER__KIND_GONE;
    return known ? slot : NULL;
}

void *runner__ids_get(const runner__ids_t *ids, uint64_t id, runner__kind_t kind)
{
    const runner__slot_t *slot = runner__ids_find(ids, id);
    return slot != NULL && slot->kind == (uint16_t)kind ? slot->object : NULL;
}

void runner__ids_free(runner__ids_t *ids, runner__slot_t *slot)
{
    slot->kind = RUNNER__KIND_FREE;
    slot->next = ids->free;
    ids->free = (uint32_t)(slot - ids->slots) + 1;
    ids->used--;
}

void runner__ids_gone(runner__ids_t *ids, runner__slot_t *slot)
{
    uint32_t place = (uint32_t)(slot - ids->slots) + 1;
    slot->kind = RUNNER__KIND_GONE;
    slot->next = 0;
    if (ids->gone_last != 0) {
        ids->slots[ids->gone_last - 1].next = place;
    } else {
        ids->gone = place;
    }
    ids->gone_last = place;
}

uint64_t runner__ids_pop_gone(runner__ids_t *ids)
{
    if (ids->gone == 0) {
        return 0;
    }
    runner__slot_t *slot = &ids->slots[ids->gone - 1];
    uint64_t id = id_of(ids, slot);
    ids->gone = slot->next;
    if (ids->gone == 0) {
        ids->gone_last = 0;
    }
    runner__ids_free(ids, slot);
    return id;
}
