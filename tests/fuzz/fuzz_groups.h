/*
 * Operations of the call fuzzer on task groups and on what went wrong in them. Included once.
 */
#ifndef FUZZ_GROUPS_H
#define FUZZ_GROUPS_H

#include "fuzz_tasks.h"
#include "fuzz_waits.h"

enum { CREATED, ENTERED, CLOSING, CLOSED, MOST_NESTED = 8 };

/* --- errors ------------------------------------------------------------------------------ */

static void check_errors(runner_error_group_t *errors, int depth)
{
    size_t count = runner_error_group_count(errors);
    runner_group_error_t error = {.size = sizeof error};
    CHECK(runner_error_group_get(errors, count, &error) == RUNNER_EINVAL);
    for (size_t i = 0; i < count; i++) {
        CHECK_CODE(runner_error_group_get(errors, i, &error), 0);
        CHECK_CODE(error.code, OUTCOMES);
        CHECK(error.code != 0 && error.code != RUNNER_ECANCELED);
        CHECK(error.task == NULL || runner_task_status(error.task) == error.code);
        CHECK(error.nested == NULL || error.code == RUNNER_EGROUP);
        if (error.nested != NULL && depth < MOST_NESTED)
            check_errors(error.nested, depth + 1);
    }
}

/* Looks at errors that were handed out, and sometimes keeps them beyond what they belong to. */
static void look_at_errors(runner_error_group_t *errors)
{
    held_t *slot = errors != NULL ? free_slot(group_errors) : NULL;
    if (errors == NULL)
        return;
    CHECK(runner_error_group_count(errors) > 0);
    check_errors(errors, 0);
    if (slot != NULL && (take_byte() & 1) != 0)
        hold(slot, runner_error_group_ref(errors), NULL, 0);
}

static void raise_or_release(place_t *at, held_t *slot)
{
    check_errors(slot->handle, 0);
    if ((take_byte() & 1) != 0) {
        int code = runner_error_group_raise(slot->handle);
        note("token %d raises errors: %d", number_of(at), code);
        if (may_wait(at))
            CHECK_CODE(code, RUNNER_EGROUP, RUNNER_EFOREIGN, RUNNER_EPENDING);
        else
            CHECK_CODE(code, RUNNER_ENOTASK);
    } else {
        runner_error_group_t *errors = slot->handle;
        *slot = (held_t){0};
        runner_error_group_unref(errors);
    }
}

static void op_errors(place_t *at)
{
    held_t *slot = some_held(group_errors);
    held_t *const tables[] = {tasks, futures, fans};
    held_t *table = tables[take_below(3)];
    if (slot != NULL)
        raise_or_release(at, slot);
    held_t *of = some_held(table);
    if (of == NULL)
        return;
    runner_future_t *future = table == tasks ? runner_task_future(of->handle) : of->handle;
    runner_error_group_t *errors = runner_future_errors(future);
    CHECK(errors == NULL || runner_future_status(future) == RUNNER_EGROUP);
    look_at_errors(errors);
}

/* --- groups ------------------------------------------------------------------------------ */

static void group_new(place_t *at)
{
    token_t *object;
    held_t *slot = object_slot(groups, &object);
    runner_group_t *group = NULL;
    if (slot == NULL)
        return;
    int code = runner_group_new(&group);
    CHECK_CODE(code, at->kind == TOP ? RUNNER_ENOLOOP : 0);
    note("group, object %d: %d", object->number, code);
    if (code == 0)
        hold(slot, group, object, object->serial);
}

static void group_open(place_t *at, held_t *slot)
{
    token_t *object = slot->token;
    int expected = object->state != CREATED ? RUNNER_EENTERED
                   : !may_wait(at)          ? RUNNER_ENOTASK
                   : is_foreign(slot)       ? RUNNER_EFOREIGN
                                            : 0;
    int code = runner_group_open(slot->handle);
    note("open group, object %d: %d", object->number, code);
    CHECK_CODE(code, expected);
    if (code == 0) {
        object->state = ENTERED;
        object->owner = runner_task_id(runner_current_task());
    }
}

static void group_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, OUTCOMES);
    CHECK(code <= 0 && wait->object->state == CLOSING);
    wait->object->state = CLOSED;
}

static int take_close_code(void)
{
    static const int codes[] = {0, 0, 0, 0, RUNNER_ECANCELED, USER_CODE, RUNNER_EGROUP, 5};
    return codes[take_below(8)];
}

static int is_owner(const place_t *at, const held_t *slot)
{
    return may_wait(at) && !is_foreign(slot) &&
           slot->token->owner == runner_task_id(runner_current_task());
}

static void group_close(place_t *at, held_t *slot)
{
    wait_for_t own;
    token_t *object = slot->token;
    int with = take_close_code();
    int refusal = with > 0                   ? RUNNER_EINVAL
                  : object->state == CREATED ? RUNNER_ENOTENTERED
                  : object->state != ENTERED ? RUNNER_EFINISHED
                  : !may_wait(at)            ? RUNNER_ENOTASK
                  : !is_owner(at, slot)      ? RUNNER_EOWNER
                                             : 0;
    note("token %d closes group, object %d, with %d", number_of(at), object->number, with);
    if (refusal != 0) {
        CHECK_CODE(runner_group_close(slot->handle, with), refusal);
        return;
    }
    object->state = CLOSING;
    wait_for_t *wait = wait_begin(at, &own, object, group_ended);
    int code = runner_group_close(slot->handle, with);
    (void)wait_return(at, wait, code);
    if (at->parked || slot->token != object)
        return;
    /* The handle was not released meanwhile. */
    CHECK(runner_group_count(slot->handle) == 0);
    CHECK(code != 0 || runner_group_errors(slot->handle) == NULL);
    CHECK(code != RUNNER_EGROUP || aborts || runner_group_errors(slot->handle) != NULL);
}

static void op_group(place_t *at)
{
    held_t *slot = some_held(groups);
    uint8_t bits = take_byte();
    if (wants_new(slot, bits)) {
        group_new(at);
    } else if ((bits & 7) < 2) {
        group_open(at, slot);
    } else if ((bits & 7) < 4) {
        group_close(at, slot);
    } else if ((bits & 7) == 4) {
        note("cancel group, object %d", slot->token->number);
        CHECK_CODE(runner_group_cancel(slot->handle), 0);
    } else if ((bits & 7) == 5 && slot->pins == 0) {
        note("unref group, object %d", slot->token->number);
        runner_group_t *group = slot->handle;
        *slot = (held_t){0};
        runner_group_unref(group);
    } else {
        CHECK(slot->token->state != CREATED || runner_group_count(slot->handle) == 0);
        look_at_errors(runner_group_errors(slot->handle));
    }
}

/* --- children ---------------------------------------------------------------------------- */

static void check_group_spawn(const place_t *at, const held_t *group, int code)
{
    int state = group->token->state;
    if (at->kind == TOP)
        CHECK_CODE(code, RUNNER_ENOLOOP);
    else if (is_foreign(group))
        CHECK_CODE(code, RUNNER_EFOREIGN);
    else if (state == CREATED || state == CLOSED)
        CHECK_CODE(code, state == CREATED ? RUNNER_ENOTENTERED : RUNNER_EFINISHED);
    else
        CHECK_CODE(code, 0, RUNNER_EABORTING, state == CLOSING ? RUNNER_EFINISHED : 0);
}

/* Whatever comes of it, the argument is given. */
static void op_group_spawn(place_t *at)
{
    held_t *group = some_held(groups);
    uint8_t bits = take_byte();
    held_runner_t *runner = here();
    int stackless = (bits & 128) != 0;
    int bad = take_below(16) == 0;
    held_t *slot = (bits & 3) == 3 ? NULL : free_slot(tasks);
    token_t *token = group == NULL
                         ? NULL
                         : token_new(stackless ? STEP : TASK, runner == NULL ? 0 : runner->serial);
    if (token == NULL)
        return;
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    task_options(&opts, token, bits);
    opts.reserved = bad;
    if (slot != NULL) {
        hold(slot, slot, token, token->serial);
        slot->pins = 1;
    }
    token->accepted = 1;
    note("group, object %d, spawns%s token %d, options %02x, slot %d", group->token->number,
         stackless ? " step" : "", token->number, bits, slot_number(tasks, slot));
    group->pins++;
    nesting += opts.eager;
    int code =
        stackless ? runner_group_spawn_step(group->handle, step, token, &opts, slot ? &task : NULL)
                  : runner_group_spawn(group->handle, coroutine, token, &opts, slot ? &task : NULL);
    nesting -= opts.eager;
    group->pins--;
    note("  spawned token %d: %d", token->number, code);
    if (bad)
        CHECK_CODE(code, RUNNER_EINVAL);
    else
        check_group_spawn(at, group, code);
    CHECK(code == 0 || (task == NULL && token->runs == 0 && token->drops == 1));
    if (slot != NULL)
        *slot = (held_t){0};
    if (slot != NULL && code == 0)
        hold(slot, task, token, token->serial);
}

/* --- in one call ------------------------------------------------------------------------- */

/* Others may use the group while the body runs, or has been given up in the middle. */
static int group_body(runner_group_t *group, void *arg)
{
    place_t *at = arg;
    token_t *object;
    held_t *slot = object_slot(groups, &object);
    if (slot != NULL) {
        hold(slot, group, object, object->serial);
        slot->pins = slot->borrowed = 1;
        object->state = ENTERED;
        object->owner = runner_task_id(runner_current_task());
    }
    at->depth++;
    int code = run_body(at);
    at->depth--;
    note("  body of a group ends with %d", code);
    if (slot != NULL && slot->token == object)
        *slot = (held_t){0};
    return code;
}

static void op_with_group(place_t *at)
{
    runner_error_group_t *errors = NULL;
    held_runner_t *runner = here();
    if (at->depth == MOST_DEPTH)
        return;
    note("token %d with group", number_of(at));
    int code = runner_with_group(group_body, at, &errors);
    note("  token %d, with group: %d", number_of(at), code);
    if (!is_coroutine(at)) {
        CHECK_CODE(code, at->kind == IN_STEP ? RUNNER_ENOTSUP : RUNNER_ENOTASK);
        return;
    }
    /* The body may have closed it; that of a generator may end in another task than it began. */
    CHECK_CODE(code, OUTCOMES, RUNNER_EFINISHED, at->kind == IN_GEN ? RUNNER_EOWNER : 0);
    CHECK(code == RUNNER_EGROUP ? errors != NULL || aborts : errors == NULL);
    CHECK(here() == runner);
    look_at_errors(errors);
    runner_error_group_unref(errors);
}

static void give_back_groups(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (group_errors[i].handle != NULL)
            check_errors(group_errors[i].handle, 0);
        runner_error_group_unref(group_errors[i].handle);
        runner_group_unref(groups[i].handle);
    }
}

#endif
