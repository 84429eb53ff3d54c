/*
 * Waits of the call fuzzer for objects that outlive their handles: what is known of an object is in
 * a token, since the slot of its handle may hold another one when the wait is over. Included once.
 */
#ifndef FUZZ_WAITS_H
#define FUZZ_WAITS_H

#include "fuzz_place.h"

/* --- objects ----------------------------------------------------------------------------- */

/* A slot and a token for a new object; NULL if there is no room. */
static held_t *object_slot(held_t *table, token_t **object)
{
    held_runner_t *runner = here();
    held_t *slot = free_slot(table);
    *object = slot == NULL ? NULL : token_new(OBJECT, runner == NULL ? 0 : runner->serial);
    return *object == NULL ? NULL : slot;
}

/* Whether the object of this handle is to be made: there is none, or one more is wanted. */
static int wants_new(const held_t *slot, uint8_t bits)
{
    return slot == NULL || (bits & 0xe0) == 0xe0;
}

static uint64_t user_bit(const held_runner_t *runner)
{
    return runner == NULL || runner->serial >= 64 ? 0 : UINT64_C(1) << runner->serial;
}

static void use_object(token_t *object)
{
    object->users |= user_bit(here());
}

/* Whether tasks of another loop may have anything to do with it. */
static int is_shared(const token_t *object)
{
    return serials >= 64 || (object->users & ~user_bit(here())) != 0;
}

static int is_foreign(const held_t *slot)
{
    const held_runner_t *runner = here();
    return runner == NULL || runner->serial != slot->serial;
}

static int may_wait(const place_t *at)
{
    return at->kind != TOP && at->kind != IN_CALLBACK;
}

static int number_of(const place_t *at)
{
    return at->self == NULL ? -1 : at->self->number;
}

/* --- waiting ----------------------------------------------------------------------------- */

/* Where the call of a wait puts its result. `own` lies on the stack of the caller. */
static wait_for_t *wait_begin(place_t *at, wait_for_t *own, token_t *object,
                              void (*ended)(wait_for_t *wait, int code))
{
    wait_for_t *wait = at->kind == IN_STEP ? &at->self->wait : own;
    *wait = (wait_for_t){.ended = ended, .object = object};
    use_object(object);
    return wait;
}

/* The call has returned. Whether it refused: who may not wait is told so, and so is who comes from
 * another loop than those who use the object. */
static int wait_return(place_t *at, wait_for_t *wait, int code)
{
    note("  token %d: waited for object %d: %d", number_of(at), wait->object->number, code);
    if (!may_wait(at)) {
        CHECK_CODE(code, RUNNER_ENOTASK);
    } else if (code == RUNNER_EFOREIGN) {
        CHECK(is_shared(wait->object));
    } else {
        at->parked = code == RUNNER_EPARKED;
        CHECK(at->kind == IN_STEP || !at->parked);
        if (!at->parked)
            wait->ended(wait, code);
        if (at->kind == IN_STEP && !at->parked)
            wait->ended = NULL;
        return 0;
    }
    wait->ended = NULL;
    return 1;
}

#endif
