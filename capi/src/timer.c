#include "timer.h"

#include "base/alloc.h"
#include "base/platform.h"
#include "runner/error.h"

/* Four children share a cache line or two: fewer misses on the way down than with two. */
#define ARITY 4
#define FIRST_ROOM 16

void runner__timers_init(runner__timers_t *timers)
{
    timers->slots = NULL;
    timers->count = 0;
    timers->room = 0;
    timers->started = 0;
}

void runner__timers_fini(runner__timers_t *timers)
{
    runner__free(timers->slots);
    runner__timers_init(timers);
}

static inline bool before(const runner__timer_slot_t *a, const runner__timer_slot_t *b)
{
    return a->deadline_ns < b->deadline_ns ||
           (a->deadline_ns == b->deadline_ns && a->order < b->order);
}

static inline void place(runner__timers_t *timers, uint32_t index, runner__timer_slot_t slot)
{
    timers->slots[index] = slot;
    slot.timer->slot = index;
}

static void sift_up(runner__timers_t *timers, uint32_t index, runner__timer_slot_t slot)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / ARITY;
        if (!before(&slot, &timers->slots[parent])) {
            break;
        }
        place(timers, index, timers->slots[parent]);
        index = parent;
    }
    place(timers, index, slot);
}

static void sift_down(runner__timers_t *timers, uint32_t index, runner__timer_slot_t slot)
{
    for (;;) {
        uint64_t first = (uint64_t)index * ARITY + 1;
        if (first >= timers->count) {
            break;
        }
        uint32_t end = first + ARITY < timers->count ? (uint32_t)first + ARITY : timers->count;
        uint32_t least = (uint32_t)first;
        for (uint32_t child = least + 1; child < end; child++) {
            if (before(&timers->slots[child], &timers->slots[least])) {
                least = child;
            }
        }
        if (!before(&timers->slots[least], &slot)) {
            break;
        }
        place(timers, index, timers->slots[least]);
        index = least;
    }
    place(timers, index, slot);
}

static int grow(runner__timers_t *timers)
{
    if (timers->room > UINT32_MAX / 4) {
        return RUNNER_ENOMEM;
    }
    uint32_t room = timers->room == 0 ? FIRST_ROOM : timers->room * 2;
    runner__timer_slot_t *slots = runner__realloc(timers->slots, room * sizeof *slots);
    if (slots == NULL) {
        return RUNNER_ENOMEM;
    }
    timers->slots = slots;
    timers->room = room;
    return 0;
}

int runner__timer_start(runner__timers_t *timers, runner__timer_t *timer, int64_t deadline_ns)
{
    if (RUNNER__UNLIKELY(timers->count == timers->room)) {
        int code = grow(timers);
        if (code != 0) {
            return code;
        }
    }
    uint32_t index = timers->count++;
    uint64_t order = timers->started++;
    /* Later than the parent, or equal and started after it: stands where it is. Field by field: a
     * slot that is put together on the stack and copied in larger pieces stalls. */
    if (RUNNER__LIKELY(index == 0 ||
                       timers->slots[(index - 1) / ARITY].deadline_ns <= deadline_ns)) {
        runner__timer_slot_t *slot = &timers->slots[index];
        slot->deadline_ns = deadline_ns;
        slot->order = order;
        slot->timer = timer;
        timer->slot = index;
        return 0;
    }
    sift_up(timers, index, (runner__timer_slot_t){deadline_ns, order, timer});
    return 0;
}

/* Fills the hole at index with the last slot. Not inlined: most timers that are stopped are the last,
 * or the only one, and need no copy of a slot. */
__attribute__((noinline)) static void fill_hole(runner__timers_t *timers, uint32_t index)
{
    runner__timer_slot_t last = timers->slots[timers->count];
    if (index > 0 && before(&last, &timers->slots[(index - 1) / ARITY])) {
        sift_up(timers, index, last);
    } else {
        sift_down(timers, index, last);
    }
}

static void take_out(runner__timers_t *timers, uint32_t index)
{
    timers->slots[index].timer->slot = RUNNER__TIMER_IDLE;
    if (index != --timers->count) {
        fill_hole(timers, index);
    }
}

void runner__timer_stop(runner__timers_t *timers, runner__timer_t *timer)
{
    if (runner__timer_active(timer)) {
        take_out(timers, timer->slot);
    }
}

runner__timer_t *runner__timers_pop_due(runner__timers_t *timers, int64_t now_ns)
{
    if (timers->count == 0 || timers->slots[0].deadline_ns > now_ns) {
        return NULL;
    }
    runner__timer_t *timer = timers->slots[0].timer;
    take_out(timers, 0);
    return timer;
}
