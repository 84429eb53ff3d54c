/*
 * Operations of the call fuzzer on several futures at once: gather, shield, wait, as_completed. What
 * they make is itself among what they are made of. Included once.
 */
#ifndef FUZZ_SEVERAL_H
#define FUZZ_SEVERAL_H

#include "fuzz_objects.h"
#include "fuzz_timeouts.h"

/* Variants of a future that is made of others; and that of a job, whose value is the job's. */
enum { GATHER, SHIELD, OF_JOB };

/* --- what they are made of --------------------------------------------------------------- */

typedef struct inputs {
    runner_future_t *futures[PARTS];
    held_t *slots[PARTS];
    token_t *parts[PARTS]; /* NULL for a plain future, whose value is nobody's */
    size_t count;
    size_t different;
    int mixed; /* of several runners */
    int serial;
} inputs_t;

static int is_new(const inputs_t *inputs, const runner_future_t *future)
{
    for (size_t i = 0; i < inputs->count; i++)
        if (inputs->futures[i] == future)
            return 0;
    return 1;
}

static void add_input(inputs_t *inputs)
{
    held_t *const tables[] = {tasks, tasks, futures, fans};
    held_t *table = tables[take_below(4)];
    held_t *slot = some_held(table);
    if (slot == NULL)
        return;
    runner_future_t *future = table == tasks ? runner_task_future(slot->handle) : slot->handle;
    inputs->different += is_new(inputs, future) ? 1 : 0;
    inputs->mixed |= inputs->count > 0 && inputs->serial != slot->serial;
    inputs->serial = slot->serial;
    inputs->slots[inputs->count] = slot;
    inputs->parts[inputs->count] = slot->token;
    inputs->futures[inputs->count++] = future;
}

static inputs_t take_inputs(void)
{
    inputs_t inputs = {0};
    for (unsigned count = take_below(PARTS + 1); count > 0; count--)
        add_input(&inputs);
    return inputs;
}

/* --- futures made of others -------------------------------------------------------------- */

/* Somebody received this value: with an array all that is in it. */
static void part_take(token_t *part, void *value)
{
    if (part == NULL || value == NULL)
        return;
    if (part->kind != OBJECT) {
        token_take(part, value);
    } else if (part->variant != GATHER) {
        part_take(part->parts[0], value);
    } else {
        void **values = value;
        for (size_t i = 0; i < part->limit; i++)
            part_take(part->parts[i], values[i]);
    }
}

static held_t *fan_slot(const inputs_t *inputs, int variant, token_t **object)
{
    held_t *slot = object_slot(fans, object);
    if (slot == NULL)
        return NULL;
    (*object)->variant = variant;
    (*object)->limit = inputs->count;
    memcpy((*object)->parts, inputs->parts, sizeof inputs->parts);
    return slot;
}

static void op_gather(place_t *at)
{
    token_t *object;
    inputs_t inputs = take_inputs();
    int return_errors = take_byte() & 1;
    held_t *slot = fan_slot(&inputs, GATHER, &object);
    runner_future_t *future = NULL;
    if (slot == NULL)
        return;
    int code = runner_gather(inputs.futures, inputs.count, return_errors, &future);
    note("gather, object %d of %zu: %d", object->number, inputs.count, code);
    for (size_t i = 0; i < inputs.count; i++)
        note("  of token %d", inputs.parts[i] == NULL ? -1 : inputs.parts[i]->number);
    if (inputs.mixed)
        CHECK_CODE(code, RUNNER_EFOREIGN);
    else
        CHECK_CODE(code, inputs.count == 0 && at->kind == TOP ? RUNNER_ENOLOOP : 0);
    if (code != 0)
        return;
    hold(slot, future, object, inputs.count > 0 ? inputs.serial : object->serial);
    slot->shared = return_errors;
}

static void op_shield(place_t *at)
{
    token_t *object;
    inputs_t inputs = {0};
    runner_future_t *future = NULL;
    (void)at;
    add_input(&inputs);
    held_t *slot = fan_slot(&inputs, SHIELD, &object);
    if (slot == NULL || inputs.count == 0)
        return;
    int done = runner_future_done(inputs.futures[0]);
    CHECK_CODE(runner_shield(inputs.futures[0], &future), 0);
    note("shield, object %d of token %d", object->number,
         inputs.parts[0] == NULL ? -1 : inputs.parts[0]->number);
    CHECK((future == inputs.futures[0]) == done);
    hold(slot, future, object, inputs.serial);
}

static void op_job(place_t *at)
{
    token_t *object;
    inputs_t inputs = {0};
    held_runner_t *runner = any_runner();
    runner_job_options_t opts;
    runner_future_t *future = NULL;
    held_t *slot = runner->handle == NULL ? NULL : fan_slot(&inputs, OF_JOB, &object);
    token_t *token = slot == NULL ? NULL : job_token(runner, &opts);
    (void)at;
    if (token == NULL)
        return;
    object->parts[0] = token;
    int code = runner_run_in_executor(runner->handle, job, token, &opts, &future);
    note("job token %d of runner %d, object %d: %d", token->number, (int)(runner - runners),
         object->number, code);
    token->accepted = code == 0;
    if (code != RUNNER_ESHUTDOWN || !runner->closing)
        check_accepted(runner, code);
    runner->used |= code == 0;
    if (code == 0)
        hold(slot, future, object, runner->serial);
}

/* It changes once, and where errors are outcomes none is its own. */
static void check_fan(held_t *slot)
{
    int status = runner_future_status(slot->handle);
    CHECK(runner_future_done(slot->handle) == (status != RUNNER_EPENDING));
    CHECK(slot->status == 1 || slot->status == status);
    CHECK_CODE(status, OUTCOMES, RUNNER_EPENDING);
    if (slot->shared)
        CHECK_CODE(status, 0, RUNNER_ECANCELED, RUNNER_EPENDING);
    slot->status = status == RUNNER_EPENDING ? 1 : status;
}

static void fan_ended(wait_for_t *wait, int code)
{
    (void)wait;
    CHECK_CODE(code, OUTCOMES);
}

static void fan_await(place_t *at, held_t *slot)
{
    wait_for_t own;
    void *value = NULL;
    token_t *object = slot->token;
    int with_value = (take_byte() & 1) != 0 && at->kind != IN_STEP;
    note("token %d awaits object %d", number_of(at), object->number);
    slot->pins++;
    if (!may_wait(at) || is_foreign(slot)) {
        CHECK_CODE(runner_future_await(slot->handle, &value),
                   !may_wait(at) ? RUNNER_ENOTASK : RUNNER_EFOREIGN);
        slot->pins--;
        return;
    }
    wait_for_t *wait = wait_begin(at, &own, object, fan_ended);
    int code = runner_future_await(slot->handle, with_value ? &value : NULL);
    (void)wait_return(at, wait, code);
    slot->pins--;
    CHECK(code == 0 || value == NULL);
    if (code == 0)
        part_take(object, value);
    check_fan(slot);
}

static void fan_cancel(held_t *slot)
{
    int done = runner_future_done(slot->handle);
    slot->pins++;
    int code = runner_future_cancel(slot->handle);
    slot->pins--;
    note("cancel object %d: %d", slot->token->number, code);
    /* Nothing that a gather is made of may be left to be cancelled. */
    CHECK_CODE(code, done ? RUNNER_EDONE : 0, slot->token->variant == GATHER ? RUNNER_EDONE : 0);
    CHECK(code != 0 || slot->token->variant == GATHER ||
          runner_future_status(slot->handle) == RUNNER_ECANCELED);
}

static void op_fan(place_t *at)
{
    held_t *slot = some_held(fans);
    uint8_t bits = take_byte();
    void *value = NULL;
    if (slot == NULL)
        return;
    check_fan(slot);
    if ((bits & 7) < 3) {
        fan_await(at, slot);
    } else if ((bits & 7) == 3) {
        fan_cancel(slot);
        check_fan(slot);
    } else if ((bits & 7) == 4) {
        int code = runner_future_result(slot->handle, (bits & 8) != 0 ? &value : NULL);
        CHECK_CODE(code, slot->status == 1 ? RUNNER_EPENDING : slot->status);
        if (code == 0)
            part_take(slot->token, value);
    } else if (slot->pins == 0) {
        note("unref object %d", slot->token->number);
        runner_future_t *future = slot->handle;
        *slot = (held_t){0};
        runner_future_unref(future);
    }
}

/* --- wait -------------------------------------------------------------------------------- */

static void several_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
    CHECK(code == 0 ? wait->number <= PARTS : wait->number == SIZE_MAX);
}

static void pin_inputs(inputs_t *inputs, int by)
{
    for (size_t i = 0; i < inputs->count; i++)
        inputs->slots[i]->pins += by;
}

static size_t count_done(const inputs_t *inputs)
{
    size_t done = 0;
    for (size_t i = 0; i < inputs->count; i++)
        done += runner_future_done(inputs->futures[i]) ? 1 : 0;
    return done;
}

/* Half of the waits keep the futures for themselves, and can count when they have ended. */
static void op_wait(place_t *at)
{
    wait_for_t own;
    inputs_t inputs = take_inputs();
    int when = RUNNER_FIRST_COMPLETED + (int)take_below(3);
    int pinned = take_byte() & 1;
    uint64_t ms = take_timeout_ms();
    held_runner_t *runner = here();
    int refusal = inputs.count == 0                 ? RUNNER_EINVAL
                  : inputs.mixed                    ? RUNNER_EFOREIGN
                  : !may_wait(at)                   ? RUNNER_ENOTASK
                  : inputs.serial != runner->serial ? RUNNER_EFOREIGN
                                                    : 0;
    if (refusal != 0) {
        CHECK_CODE(runner_wait(inputs.futures, inputs.count, when, ms, NULL), refusal);
        return;
    }
    note("token %d waits for %zu, %d, %" PRIu64 " ms", number_of(at), inputs.count, when, ms);
    wait_for_t *wait = wait_begin(at, &own, at->self, several_ended);
    wait->number = SIZE_MAX;
    pin_inputs(&inputs, pinned);
    int code = runner_wait(inputs.futures, inputs.count, when, ms, &wait->number);
    pin_inputs(&inputs, -pinned);
    (void)wait_return(at, wait, code);
    if (code != 0 || !pinned)
        return;
    CHECK(wait->number == count_done(&inputs));
    CHECK(ms != RUNNER_FOREVER || wait->number > 0);
    CHECK(ms != RUNNER_FOREVER || when != RUNNER_ALL_COMPLETED || wait->number == inputs.count);
}

/* --- as_completed ------------------------------------------------------------------------ */

/* Each future comes once, or is told of as too late. */
static void next_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, RUNNER_EEND);
    CHECK((wait->next != NULL) == (code == 0));
    if (code == 0 || code == RUNNER_ETIMEDOUT)
        CHECK(++wait->object->count <= wait->object->limit);
}

static void iteration_new(place_t *at)
{
    token_t *object;
    inputs_t inputs = take_inputs();
    uint64_t ms = take_timeout_ms();
    held_t *slot = object_slot(iterations, &object);
    runner_as_completed_t *iteration = NULL;
    if (slot == NULL)
        return;
    int code = runner_as_completed_new(inputs.futures, inputs.count, ms, &iteration);
    note("as_completed, object %d of %zu, %" PRIu64 " ms: %d", object->number, inputs.count, ms,
         code);
    int foreign = inputs.count > 0 && inputs.serial != object->serial;
    if (inputs.mixed)
        CHECK_CODE(code, RUNNER_EFOREIGN);
    else if (at->kind == TOP)
        CHECK_CODE(code, RUNNER_ENOLOOP);
    else
        CHECK_CODE(code, foreign ? RUNNER_EFOREIGN : 0);
    if (code != 0)
        return;
    object->limit = inputs.different;
    hold(slot, iteration, object, object->serial);
}

static void iterate(place_t *at, held_t *slot)
{
    wait_for_t own;
    token_t *object = slot->token;
    runner_future_t *next = NULL;
    note("token %d asks object %d for the next", number_of(at), object->number);
    if (!may_wait(at) || is_foreign(slot)) {
        CHECK_CODE(runner_as_completed_next(slot->handle, &next),
                   !may_wait(at) ? RUNNER_ENOTASK : RUNNER_EFOREIGN);
        return;
    }
    wait_for_t *wait = wait_begin(at, &own, object, next_ended);
    int code = runner_as_completed_next(slot->handle, &wait->next);
    (void)wait_return(at, wait, code);
    /* The future is the iteration's, which may have been released meanwhile. */
    if (code == 0 && slot->token == object)
        CHECK(runner_future_done(wait->next));
}

static void op_iteration(place_t *at)
{
    held_t *slot = some_held(iterations);
    uint8_t bits = take_byte();
    if (wants_new(slot, bits)) {
        iteration_new(at);
    } else if ((bits & 7) == 0) {
        note("unref iteration, object %d", slot->token->number);
        runner_as_completed_t *iteration = slot->handle;
        *slot = (held_t){0};
        runner_as_completed_unref(iteration);
    } else {
        iterate(at, slot);
    }
}

/* --- from inside the library ------------------------------------------------------------- */

static void release_one(held_t *table)
{
    held_t *slot = some_held(table);
    if (slot == NULL || slot->pins > 0)
        return;
    void *handle = slot->handle;
    *slot = (held_t){0};
    note("  releases a handle");
    if (table == fans)
        runner_future_unref(handle);
    else if (table == groups)
        runner_group_unref(handle);
    else if (table == group_errors)
        runner_error_group_unref(handle);
    else
        runner_as_completed_unref(handle);
}

static void cancel_one(void)
{
    held_t *task = some_held(tasks);
    held_t *group = some_held(groups);
    if (task != NULL && (take_byte() & 1) != 0)
        (void)runner_task_cancel(task->handle);
    else if (group != NULL)
        CHECK_CODE(runner_group_cancel(group->handle), 0);
}

/* What a drop function or an exception handler may do that the library calls in the middle of
 * something else. */
static void reenter(void)
{
    held_t *const tables[] = {fans, groups, group_errors, iterations};
    if (reentered || input_left == 0)
        return;
    reentered = 1;
    switch (take_below(8)) {
    case 0:
    case 1:
        release_one(tables[take_below(4)]);
        break;
    case 2:
        cancel_one();
        break;
    case 3:
        poke();
        break;
    default:
        break;
    }
    reentered = 0;
}

static void give_back_several(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (fans[i].handle != NULL)
            check_fan(&fans[i]);
        runner_future_unref(fans[i].handle);
        runner_as_completed_unref(iterations[i].handle);
    }
}

#endif
