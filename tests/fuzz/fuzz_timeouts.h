/*
 * Operations of the call fuzzer on timeouts, and waits with a deadline. Included once.
 */
#ifndef FUZZ_TIMEOUTS_H
#define FUZZ_TIMEOUTS_H

#include "fuzz_groups.h"

static uint64_t take_timeout_ms(void)
{
    return take_below(8) == 0 ? RUNNER_FOREVER : take_ms(here());
}

/* A deadline that has passed is one that there was. */
static void check_timeout(const held_t *slot)
{
    const held_runner_t *runner = runner_by_serial(slot->serial);
    uint64_t when_ns = runner_timeout_when_ns(slot->handle);
    int state = slot->token->state;
    CHECK(state != CREATED || when_ns == UINT64_MAX);
    if (!runner_timeout_expired(slot->handle))
        return;
    CHECK(state != CREATED && when_ns != UINT64_MAX);
    CHECK(runner == NULL || runner->closed || runner_time_ns(runner->handle) >= when_ns);
}

static void timeout_new(place_t *at)
{
    token_t *object;
    held_t *slot = object_slot(timeouts, &object);
    runner_timeout_t *timeout = NULL;
    if (slot == NULL)
        return;
    int code = runner_timeout_new(&timeout);
    CHECK_CODE(code, at->kind == TOP ? RUNNER_ENOLOOP : 0);
    note("timeout, object %d: %d", object->number, code);
    if (code == 0)
        hold(slot, timeout, object, object->serial);
}

/* Half of the calls give the time on the loop's clock. */
static uint64_t when_from(const held_t *slot, uint64_t ms)
{
    const held_runner_t *runner = runner_by_serial(slot->serial);
    if (ms == RUNNER_FOREVER || runner == NULL)
        return UINT64_MAX;
    if (ms == 0)
        return 0;
    return runner_time_ns(runner->handle) + ms * 1000000;
}

static void timeout_open(place_t *at, held_t *slot, uint8_t bits)
{
    token_t *object = slot->token;
    uint64_t ms = take_timeout_ms();
    int expected = object->state != CREATED ? RUNNER_EENTERED
                   : !may_wait(at)          ? RUNNER_ENOTASK
                   : is_foreign(slot)       ? RUNNER_EFOREIGN
                                            : 0;
    int code = (bits & 8) != 0 ? runner_timeout_open_at_ns(slot->handle, when_from(slot, ms))
                               : runner_timeout_open(slot->handle, ms);
    note("open timeout, object %d, %" PRIu64 " ms: %d", object->number, ms, code);
    CHECK_CODE(code, expected);
    if (code != 0)
        return;
    object->state = ENTERED;
    object->owner = runner_task_id(runner_current_task());
    CHECK((runner_timeout_when_ns(slot->handle) == UINT64_MAX) == (ms == RUNNER_FOREVER));
}

static int timeout_over(const held_t *slot)
{
    return runner_timeout_expired(slot->handle) ? RUNNER_EEXPIRED : RUNNER_EFINISHED;
}

static void timeout_reschedule(held_t *slot, uint8_t bits)
{
    token_t *object = slot->token;
    uint64_t ms = take_timeout_ms();
    uint64_t before_ns = runner_timeout_when_ns(slot->handle);
    int expected = object->state == CREATED               ? RUNNER_ENOTENTERED
                   : object->state == CLOSED              ? timeout_over(slot)
                   : runner_timeout_expired(slot->handle) ? RUNNER_EEXPIRING
                   : is_foreign(slot)                     ? RUNNER_EFOREIGN
                                                          : 0;
    int code = (bits & 8) != 0 ? runner_timeout_reschedule_at_ns(slot->handle, when_from(slot, ms))
                               : runner_timeout_reschedule(slot->handle, ms);
    note("reschedule timeout, object %d, %" PRIu64 " ms: %d", object->number, ms, code);
    CHECK_CODE(code, expected);
    uint64_t when_ns = runner_timeout_when_ns(slot->handle);
    CHECK(code == 0 || when_ns == before_ns);
    CHECK(code != 0 || (when_ns == UINT64_MAX) == (ms == RUNNER_FOREVER));
}

static void timeout_close(place_t *at, held_t *slot)
{
    token_t *object = slot->token;
    int with = take_close_code();
    int expired = runner_timeout_expired(slot->handle);
    int refusal = with > 0                   ? RUNNER_EINVAL
                  : object->state == CREATED ? RUNNER_ENOTENTERED
                  : object->state == CLOSED  ? timeout_over(slot)
                  : !is_owner(at, slot)      ? RUNNER_EOWNER
                                             : 0;
    int code = runner_timeout_close(slot->handle, with);
    note("close timeout, object %d, with %d: %d", object->number, with, code);
    CHECK(runner_timeout_expired(slot->handle) == expired);
    if (refusal != 0) {
        CHECK_CODE(code, refusal);
        return;
    }
    CHECK_CODE(code, with, expired && with == RUNNER_ECANCELED ? RUNNER_ETIMEDOUT : with);
    object->state = CLOSED;
}

static void op_timeout(place_t *at)
{
    held_t *slot = some_held(timeouts);
    uint8_t bits = take_byte();
    if (wants_new(slot, bits)) {
        timeout_new(at);
        return;
    }
    check_timeout(slot);
    if ((bits & 7) < 3) {
        timeout_open(at, slot, bits);
    } else if ((bits & 7) < 5) {
        timeout_reschedule(slot, bits);
    } else if ((bits & 7) < 7) {
        timeout_close(at, slot);
    } else {
        note("unref timeout, object %d", slot->token->number);
        runner_timeout_t *timeout = slot->handle;
        *slot = (held_t){0};
        runner_timeout_unref(timeout);
    }
}

/* --- in one call ------------------------------------------------------------------------- */

typedef struct timed_body {
    place_t *at;
    int code;
} timed_body_t;

static int body_in_time(void *arg, void **result)
{
    timed_body_t *body = arg;
    body->at->depth++;
    body->code = run_body(body->at);
    body->at->depth--;
    *result = body;
    note("  body of a timeout ends with %d", body->code);
    return body->code;
}

static void op_with_timeout(place_t *at)
{
    held_runner_t *runner = here();
    timed_body_t body = {at, 1};
    void *value = NULL;
    if (at->depth == MOST_DEPTH)
        return;
    uint64_t ms = take_timeout_ms();
    note("token %d with timeout, %" PRIu64 " ms", number_of(at), ms);
    int code = runner_with_timeout(ms, body_in_time, &body, &value);
    note("  token %d, with timeout: %d", number_of(at), code);
    if (!is_coroutine(at)) {
        CHECK_CODE(code, at->kind == IN_STEP ? RUNNER_ENOTSUP : RUNNER_ENOTASK);
        return;
    }
    int ended = body.code > 0 ? RUNNER_EBADRESULT : body.code;
    CHECK_CODE(code, ended, ended == RUNNER_ECANCELED ? RUNNER_ETIMEDOUT : ended);
    CHECK(value == (code == 0 ? &body : NULL));
    CHECK(here() == runner);
}

/* --- waiting for a task ------------------------------------------------------------------ */

static void await_for_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, OUTCOMES, wait->number != 0 ? RUNNER_ESELF : 0);
}

static void op_await_for(place_t *at)
{
    held_t *slot = some_held(tasks);
    wait_for_t own;
    void *value = NULL;
    if (slot == NULL)
        return;
    int refusal = !may_wait(at) ? RUNNER_ENOTASK : is_foreign(slot) ? RUNNER_EFOREIGN : 0;
    token_t *token = slot->token;
    uint64_t ms = take_timeout_ms();
    int with_value = (take_byte() & 1) != 0 && at->kind != IN_STEP;
    note("token %d awaits token %d for %" PRIu64 " ms", number_of(at), token->number, ms);
    slot->pins++;
    if (refusal != 0) {
        CHECK_CODE(runner_await_for(slot->handle, ms, &value), refusal);
        slot->pins--;
        return;
    }
    wait_for_t *wait = wait_begin(at, &own, token, await_for_ended);
    wait->number = slot->handle == runner_current_task();
    int code = runner_await_for(slot->handle, ms, with_value ? &value : NULL);
    slot->pins--;
    (void)wait_return(at, wait, code);
    CHECK(code == 0 || value == NULL);
    if (code == 0)
        token_take(token, value);
}

static void give_back_timeouts(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (timeouts[i].handle != NULL)
            check_timeout(&timeouts[i]);
        runner_timeout_unref(timeouts[i].handle);
    }
}

#endif
