/*
 * Operations of the call fuzzer on events, locks, conditions, semaphores and barriers. They belong
 * to no runner: tasks of several use them, callbacks too, and calls from outside any loop. Included
 * once.
 */
#ifndef FUZZ_SYNC_H
#define FUZZ_SYNC_H

#include "fuzz_waits.h"

/* --- events ------------------------------------------------------------------------------ */

static void event_ended(wait_for_t *wait, int code)
{
    (void)wait;
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
}

static void event_new(void)
{
    token_t *object;
    held_t *slot = object_slot(events, &object);
    runner_event_t *event = NULL;
    if (slot == NULL)
        return;
    CHECK_CODE(runner_event_new(&event), 0);
    note("event, object %d", object->number);
    hold(slot, event, object, 0);
}

static void op_event(place_t *at)
{
    held_t *slot = some_held(events);
    uint8_t bits = take_byte();
    wait_for_t own;
    if (wants_new(slot, bits)) {
        event_new();
        return;
    }
    if ((bits & 7) == 0) {
        note("unref event, object %d", slot->token->number);
        runner_event_unref(slot->handle);
        *slot = (held_t){0};
        return;
    }
    note("token %d waits for event, object %d", number_of(at), slot->token->number);
    wait_for_t *wait = wait_begin(at, &own, slot->token, event_ended);
    (void)wait_return(at, wait, runner_event_wait(slot->handle));
}

static void poke_event(held_t *slot, uint8_t bits)
{
    note("%s event, object %d", (bits & 3) == 0 ? "clear" : "set", slot->token->number);
    if ((bits & 3) == 0)
        CHECK_CODE(runner_event_clear(slot->handle), 0);
    else
        CHECK_CODE(runner_event_set(slot->handle), 0);
    slot->token->state = (bits & 3) != 0;
    CHECK(runner_event_is_set(slot->handle) == slot->token->state);
}

/* --- locks ------------------------------------------------------------------------------- */

/* The state of its object is whether it is locked. */
static void check_lock(const runner_lock_t *lock, const token_t *object)
{
    CHECK(runner_lock_locked(lock) == object->state);
    CHECK((runner_lock_holder(lock) != 0) == (object->state != 0));
}

static void lock_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
    CHECK(code != 0 || wait->object->state == 0);
    if (code == 0)
        wait->object->state = 1;
}

static void lock_new(void)
{
    token_t *object;
    held_t *slot = object_slot(locks, &object);
    runner_lock_t *lock = NULL;
    if (slot == NULL)
        return;
    CHECK_CODE(runner_lock_new(&lock), 0);
    note("lock, object %d", object->number);
    hold(slot, lock, object, 0);
}

static void acquire(place_t *at, runner_lock_t *lock, token_t *object)
{
    wait_for_t own;
    check_lock(lock, object);
    note("token %d acquires lock, object %d", number_of(at), object->number);
    wait_for_t *wait = wait_begin(at, &own, object, lock_ended);
    (void)wait_return(at, wait, runner_lock_acquire(lock));
}

static void op_lock(place_t *at)
{
    held_t *slot = some_held(locks);
    uint8_t bits = take_byte();
    if (wants_new(slot, bits)) {
        lock_new();
    } else if ((bits & 7) == 0) {
        note("unref lock, object %d", slot->token->number);
        runner_lock_unref(slot->handle);
        *slot = (held_t){0};
    } else {
        acquire(at, slot->handle, slot->token);
    }
}

static void release(runner_lock_t *lock, token_t *object)
{
    check_lock(lock, object);
    int code = runner_lock_release(lock);
    note("release lock, object %d: %d", object->number, code);
    CHECK_CODE(code, object->state != 0 ? 0 : RUNNER_ENOTLOCKED);
    object->state = 0;
    check_lock(lock, object);
}

/* --- conditions -------------------------------------------------------------------------- */

static token_t *lock_object(const held_t *condition)
{
    return condition->token->parts[0];
}

static void condition_new(uint8_t bits)
{
    token_t *object;
    held_t *slot = object_slot(conditions, &object);
    held_t *shared = (bits & 1) != 0 ? some_held(locks) : NULL;
    runner_condition_t *condition = NULL;
    if (slot == NULL)
        return;
    token_t *lock = shared != NULL ? shared->token : token_new(OBJECT, 0);
    if (lock == NULL)
        return;
    CHECK_CODE(runner_condition_new(&condition, shared != NULL ? shared->handle : NULL), 0);
    object->parts[0] = lock;
    note("condition, object %d, with lock, object %d", object->number, lock->number);
    hold(slot, condition, object, 0);
}

/* Whatever it ends with, the lock is held again. */
static void condition_ended(wait_for_t *wait, int code)
{
    token_t *lock = wait->object->parts[0];
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
    CHECK(lock->state == 0);
    lock->state = 1;
}

static void condition_wait(place_t *at, held_t *slot)
{
    wait_for_t own;
    token_t *object = slot->token;
    token_t *lock = lock_object(slot);
    note("token %d waits for condition, object %d", number_of(at), object->number);
    if (lock->state == 0) {
        int expected = may_wait(at) ? RUNNER_ENOTLOCKED : RUNNER_ENOTASK;
        CHECK_CODE(runner_condition_wait(slot->handle), expected);
        return;
    }
    wait_for_t *wait = wait_begin(at, &own, object, condition_ended);
    object->users |= lock->users;
    use_object(lock);
    lock->state = 0;
    if (wait_return(at, wait, runner_condition_wait(slot->handle)))
        lock->state = 1;
}

static void op_condition(place_t *at)
{
    held_t *slot = some_held(conditions);
    uint8_t bits = take_byte();
    if (wants_new(slot, bits)) {
        condition_new(bits);
    } else if ((bits & 7) == 0) {
        note("unref condition, object %d", slot->token->number);
        runner_condition_unref(slot->handle);
        *slot = (held_t){0};
    } else if ((bits & 7) < 4) {
        acquire(at, runner_condition_lock(slot->handle), lock_object(slot));
    } else {
        condition_wait(at, slot);
    }
}

static void poke_condition(held_t *slot, uint8_t bits)
{
    if ((bits & 3) == 0) {
        release(runner_condition_lock(slot->handle), lock_object(slot));
        return;
    }
    int code = (bits & 3) == 1 ? runner_condition_notify_all(slot->handle)
                               : runner_condition_notify(slot->handle, bits >> 5);
    note("notify condition, object %d: %d", slot->token->number, code);
    CHECK_CODE(code, lock_object(slot)->state != 0 ? 0 : RUNNER_ENOTLOCKED);
}

/* --- semaphores -------------------------------------------------------------------------- */

/* The count of its object is the value, with what is on its way to a task. */
static void semaphore_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
    CHECK(code != 0 || wait->object->count > 0);
    if (code == 0)
        wait->object->count--;
}

static void semaphore_new(uint8_t bits)
{
    token_t *object;
    held_t *slot = object_slot(semaphores, &object);
    runner_semaphore_t *semaphore = NULL;
    if (slot == NULL)
        return;
    object->count = bits & 3;
    object->limit = (bits & 4) != 0 ? object->count : SIZE_MAX;
    CHECK_CODE((bits & 4) != 0 ? runner_semaphore_new_bounded(&semaphore, object->count)
                               : runner_semaphore_new(&semaphore, object->count),
               0);
    note("semaphore, object %d, value %zu", object->number, object->count);
    hold(slot, semaphore, object, 0);
}

static void op_semaphore(place_t *at)
{
    held_t *slot = some_held(semaphores);
    uint8_t bits = take_byte();
    wait_for_t own;
    if (wants_new(slot, bits)) {
        semaphore_new(bits);
        return;
    }
    if ((bits & 7) == 0) {
        note("unref semaphore, object %d", slot->token->number);
        runner_semaphore_unref(slot->handle);
        *slot = (held_t){0};
        return;
    }
    note("token %d acquires semaphore, object %d", number_of(at), slot->token->number);
    int locked = runner_semaphore_locked(slot->handle);
    wait_for_t *wait = wait_begin(at, &own, slot->token, semaphore_ended);
    int code = runner_semaphore_acquire(slot->handle);
    CHECK(locked || !may_wait(at) || code == 0);
    (void)wait_return(at, wait, code);
}

static void poke_semaphore(held_t *slot, uint8_t bits)
{
    token_t *object = slot->token;
    size_t value = runner_semaphore_value(slot->handle);
    (void)bits;
    CHECK(value <= object->count);
    CHECK(value > 0 || runner_semaphore_locked(slot->handle));
    int code = runner_semaphore_release(slot->handle);
    note("release semaphore, object %d: %d", object->number, code);
    CHECK_CODE(code, value >= object->limit ? RUNNER_ERELEASED : 0);
    if (code == 0)
        object->count++;
}

/* --- barriers ---------------------------------------------------------------------------- */

static void barrier_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED, RUNNER_EBROKEN);
    CHECK(wait->number == SIZE_MAX || (code == 0 && wait->number < wait->object->limit));
}

static void barrier_new(uint8_t bits)
{
    token_t *object;
    held_t *slot = object_slot(barriers, &object);
    runner_barrier_t *barrier = NULL;
    if (slot == NULL)
        return;
    object->limit = (bits & 3) + 1u;
    CHECK_CODE(runner_barrier_new(&barrier, object->limit), 0);
    note("barrier, object %d, parties %zu", object->number, object->limit);
    hold(slot, barrier, object, 0);
}

static void op_barrier(place_t *at)
{
    held_t *slot = some_held(barriers);
    uint8_t bits = take_byte();
    wait_for_t own;
    if (wants_new(slot, bits)) {
        barrier_new(bits);
        return;
    }
    if ((bits & 7) == 0) {
        note("unref barrier, object %d", slot->token->number);
        runner_barrier_unref(slot->handle);
        *slot = (held_t){0};
        return;
    }
    note("token %d waits at barrier, object %d", number_of(at), slot->token->number);
    wait_for_t *wait = wait_begin(at, &own, slot->token, barrier_ended);
    wait->number = SIZE_MAX;
    int code = runner_barrier_wait(slot->handle, (bits & 8) != 0 ? &wait->number : NULL);
    (void)wait_return(at, wait, code);
}

static void poke_barrier(held_t *slot, uint8_t bits)
{
    note("%s barrier, object %d", (bits & 1) != 0 ? "abort" : "reset", slot->token->number);
    CHECK_CODE((bits & 1) != 0 ? runner_barrier_abort(slot->handle)
                               : runner_barrier_reset(slot->handle),
               0);
    CHECK(runner_barrier_broken(slot->handle) == (bits & 1));
    CHECK(runner_barrier_waiting(slot->handle) == 0);
    CHECK(runner_barrier_parties(slot->handle) == slot->token->limit);
}

/* --- in the end -------------------------------------------------------------------------- */

/* Every runner is gone, and with them all who waited: nothing is on its way to anybody. */
static void check_sync_end(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (locks[i].handle != NULL) {
            check_lock(locks[i].handle, locks[i].token);
            CHECK(runner_lock_waiters(locks[i].handle) == 0);
        }
        if (conditions[i].handle != NULL) {
            const runner_lock_t *lock = runner_condition_lock(conditions[i].handle);
            check_lock(lock, lock_object(&conditions[i]));
            CHECK(runner_lock_waiters(lock) == 0);
        }
        if (semaphores[i].handle != NULL)
            CHECK(runner_semaphore_value(semaphores[i].handle) == semaphores[i].token->count);
        CHECK(runner_barrier_waiting(barriers[i].handle) == 0);
    }
}

static void give_back_sync(void)
{
    for (int i = 0; i < SLOTS; i++) {
        runner_event_unref(events[i].handle);
        runner_lock_unref(locks[i].handle);
        runner_condition_unref(conditions[i].handle);
        runner_semaphore_unref(semaphores[i].handle);
        runner_barrier_unref(barriers[i].handle);
    }
}

#endif
