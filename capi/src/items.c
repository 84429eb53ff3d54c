#include "items.h"

#include <string.h>

#include "base/alloc.h"

#define FIRST_ROOM 16

void runner__items_init(runner__items_t *items, int kind)
{
    memset(items, 0, sizeof *items);
    items->kind = kind;
}

void runner__items_fini(runner__items_t *items)
{
    runner__free(items->ring);
}

/* The part of a ring that had wrapped around goes behind the rest. */
static void unwrap(runner__items_t *items)
{
    size_t wrapped = items->first + items->count - items->room;
    memcpy(items->ring + items->room, items->ring, wrapped * sizeof *items->ring);
}

bool runner__items_grow(runner__items_t *items)
{
    if (items->count < items->room) {
        return true;
    }
    bool ranked = items->kind == RUNNER_QUEUE_PRIORITY;
    size_t each = ranked ? sizeof *items->heap : sizeof *items->ring;
    size_t room = items->room == 0 ? FIRST_ROOM : items->room * 2;
    if (room > SIZE_MAX / each) {
        return false;
    }
    void *larger = runner__realloc(items->ring, room * each);
    if (larger == NULL) {
        return false;
    }
    items->ring = larger;
    if (!ranked && items->room > 0) {
        unwrap(items);
    }
    items->room = room;
    return true;
}

static bool before(const runner__ranked_t *a, const runner__ranked_t *b)
{
    return a->priority < b->priority || (a->priority == b->priority && a->order < b->order);
}

void runner__items_push_ranked(runner__items_t *items, void *item, int64_t priority)
{
    runner__ranked_t ranked = {priority, items->pushed++, item};
    size_t at = items->count++;
    while (at > 0 && before(&ranked, &items->heap[(at - 1) / 2])) {
        items->heap[at] = items->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    items->heap[at] = ranked;
}

void *runner__items_pop_ranked(runner__items_t *items)
{
    void *item = items->heap[0].item;
    runner__ranked_t last = items->heap[--items->count];
    size_t at = 0;
    for (size_t child = 1; child < items->count; child = at * 2 + 1) {
        if (child + 1 < items->count && before(&items->heap[child + 1], &items->heap[child])) {
            child++;
        }
        if (!before(&items->heap[child], &last)) {
            break;
        }
        items->heap[at] = items->heap[child];
        at = child;
    }
    items->heap[at] = last;
    return item;
}
