/*
 * Operations of the call fuzzer on all that is neither a runner nor a task. Included once.
 */
#ifndef FUZZ_OBJECTS_H
#define FUZZ_OBJECTS_H

#include "fuzz_place.h"

/* What a runner answers to a call that schedules: while it closes, one or the other. */
static void check_accepted(const held_runner_t *runner, int code)
{
    if (runner->closed)
        CHECK_CODE(code, RUNNER_ECLOSED);
    else
        CHECK_CODE(code, 0, runner->closing ? RUNNER_ECLOSED : 0);
}

/* --- futures ----------------------------------------------------------------------------- */

static void op_future_new(place_t *at)
{
    held_runner_t *runner = any_runner();
    held_t *slot = free_slot(futures);
    runner_future_t *future = NULL;
    (void)at;
    if (runner->handle == NULL || slot == NULL)
        return;
    int code = runner_future_new(runner->handle, &future);
    note("future %d of runner %d: %d", slot_number(futures, slot), (int)(runner - runners), code);
    check_accepted(runner, code);
    if (code != 0)
        return;
    runner->used = 1;
    hold(slot, future, NULL, runner->serial);
}

/* A future changes once, by this program or by the cancel of a task that awaits it. */
static void check_future(held_t *slot)
{
    int status = runner_future_status(slot->handle);
    int seen = slot->status;
    CHECK(runner_future_done(slot->handle) == (status != RUNNER_EPENDING));
    if (status == RUNNER_EPENDING)
        CHECK(seen == 1);
    else if (seen == 1)
        CHECK_CODE(status, RUNNER_ECANCELED, RUNNER_EABANDONED);
    else
        CHECK(status == seen);
    slot->status = status == RUNNER_EPENDING ? 1 : status;
}

static void op_settle(place_t *at)
{
    static const int codes[] = {USER_CODE, RUNNER_ECANCELED, RUNNER_EUSER, OTHER_CODE};
    held_t *slot = any_held(futures);
    uint8_t bits = take_byte();
    (void)at;
    if (slot->handle == NULL)
        return;
    check_future(slot);
    int code = 0, status = 0;
    if ((bits & 3) == 0) {
        status = codes[(bits >> 2) & 3];
        code = runner_future_reject(slot->handle, status);
    } else if ((bits & 3) == 1) {
        status = RUNNER_ECANCELED;
        code = runner_future_cancel(slot->handle);
    } else {
        code = runner_future_resolve(slot->handle, slot);
    }
    note("settle future %d with %d: %d", slot_number(futures, slot), status, code);
    CHECK_CODE(code, slot->status == 1 ? 0 : RUNNER_EDONE);
    if (code == 0)
        slot->status = status;
    CHECK(runner_future_reject(slot->handle, 1) == RUNNER_EINVAL);
    check_future(slot);
}

static void op_future_await(place_t *at)
{
    held_t *slot = any_held(futures);
    held_runner_t *runner = here();
    void *value = NULL;
    if (slot->handle == NULL)
        return;
    int foreign = runner != NULL && slot->serial != runner->serial;
    slot->pins++;
    note("token %d awaits future %d", at->self == NULL ? -1 : at->self->number,
         slot_number(futures, slot));
    int code = runner_future_await(slot->handle, at->kind == IN_STEP ? NULL : &value);
    slot->pins--;
    note("  future %d awaited: %d", slot_number(futures, slot), code);
    if (at->kind == TOP || at->kind == IN_CALLBACK) {
        CHECK_CODE(code, RUNNER_ENOTASK);
        return;
    }
    if (foreign) {
        CHECK_CODE(code, RUNNER_EFOREIGN);
        return;
    }
    CHECK_CODE(code, OUTCOMES);
    at->parked = code == RUNNER_EPARKED;
    CHECK(at->kind == IN_STEP || !at->parked);
    CHECK(code != 0 || at->kind == IN_STEP || value == slot);
    check_future(slot);
}

static void op_future_result(place_t *at)
{
    held_t *slot = any_held(futures);
    void *value = NULL;
    (void)at;
    if (slot->handle == NULL)
        return;
    check_future(slot);
    int code = runner_future_result(slot->handle, &value);
    CHECK_CODE(code, slot->status == 1 ? RUNNER_EPENDING : slot->status);
    CHECK(value == (code == 0 ? slot : NULL));
}

static void op_on_done(place_t *at)
{
    held_t *const tables[] = {tasks, futures, fans};
    held_t *table = tables[take_below(3)];
    held_t *slot = some_held(table);
    (void)at;
    if (slot == NULL)
        return;
    runner_future_t *future = table == tasks ? runner_task_future(slot->handle) : slot->handle;
    token_t *token = token_new(DONE_CALL, slot->serial);
    if (token == NULL)
        return;
    held_runner_t *runner = runner_by_serial(slot->serial);
    int code = runner_future_on_done(future, done_call, token, token_drop);
    note("on_done token %d: %d", token->number, code);
    token->accepted = code == 0;
    if (runner == NULL || runner_is_closed(runner->handle))
        CHECK_CODE(code, RUNNER_ECLOSED);
    else
        CHECK_CODE(code, 0);
}

static void op_future_unref(place_t *at)
{
    held_t *slot = any_held(futures);
    (void)at;
    if (slot->handle == NULL || slot->pins > 0)
        return;
    runner_future_t *future = slot->handle;
    CHECK(runner_future_ref(future) == future);
    runner_future_unref(future);
    note("unref future %d", slot_number(futures, slot));
    *slot = (held_t){0};
    runner_future_unref(future);
}

/* --- callbacks and timers ---------------------------------------------------------------- */

static void op_call_soon(place_t *at)
{
    held_runner_t *runner = any_runner();
    int threadsafe = (take_byte() & 1) != 0;
    token_t *token = runner->handle == NULL ? NULL : token_new(CALLBACK, runner->serial);
    (void)at;
    if (token == NULL)
        return;
    if (!threadsafe)
        token->order = ++runner->order_given;
    int code = threadsafe ? runner_call_soon_threadsafe(runner->handle, callback, token, token_drop)
                          : runner_call_soon(runner->handle, callback, token, token_drop);
    note("call_soon%s token %d on runner %d: %d", threadsafe ? "_threadsafe" : "", token->number,
         (int)(runner - runners), code);
    token->accepted = code == 0;
    check_accepted(runner, code);
    runner->used |= code == 0 && !threadsafe;
    runner->posted |= code == 0;
}

static void op_call_later(place_t *at)
{
    held_runner_t *runner = any_runner();
    uint8_t bits = take_byte();
    held_t *slot = (bits & 3) == 3 ? NULL : free_slot(timers);
    token_t *token = runner->handle == NULL ? NULL : token_new(TIMER, runner->serial);
    runner_timer_t *timer = NULL;
    (void)at;
    if (token == NULL)
        return;
    uint64_t ms = take_ms(runner);
    uint64_t now = runner_time_ns(runner->handle);
    int code = 0;
    if ((bits & 4) != 0) {
        token->due_ns = (bits & 8) != 0 ? ms : now + ms * 1000000;
        code = runner_call_at_ns(runner->handle, token->due_ns, callback, token, token_drop,
                                 slot == NULL ? NULL : &timer);
    } else {
        token->due_ns = (bits & 8) != 0 ? 0 : now + ms * 1000000;
        code = runner_call_later(runner->handle, (bits & 8) != 0 ? -(int64_t)ms : (int64_t)ms,
                                 callback, token, token_drop, slot == NULL ? NULL : &timer);
    }
    note("timer token %d on runner %d, slot %d: %d", token->number, (int)(runner - runners),
         slot_number(timers, slot), code);
    token->accepted = code == 0;
    check_accepted(runner, code);
    runner->used |= code == 0;
    if (code == 0 && slot != NULL)
        hold(slot, timer, token, runner->serial);
}

static void op_timer_cancel(place_t *at)
{
    held_t *slot = any_held(timers);
    (void)at;
    if (slot->handle == NULL)
        return;
    token_t *token = slot->token;
    int over = atomic_load(&token->runs) + atomic_load(&token->drops) > 0;
    int code = runner_timer_cancel(slot->handle);
    note("cancel timer token %d: %d", token->number, code);
    CHECK_CODE(code, over ? RUNNER_EDONE : 0);
    CHECK(over || atomic_load(&token->drops) == 1);
}

static void op_timer_unref(place_t *at)
{
    held_t *slot = any_held(timers);
    (void)at;
    runner_timer_unref(slot->handle);
    *slot = (held_t){0};
}

/* --- from other threads ------------------------------------------------------------------ */

static void op_wakeup(place_t *at)
{
    held_runner_t *runner = any_runner();
    (void)at;
    if (runner->handle == NULL)
        return;
    int expected = runner_is_closed(runner->handle) ? RUNNER_ECLOSED : 0;
    int refused = expected == 0 ? RUNNER_EINVAL : expected;
    CHECK_CODE(runner_wakeup(runner->handle), expected);
    CHECK_CODE(runner_submitter_acquire(runner->handle), expected);
    CHECK_CODE(runner_submitter_release(runner->handle), expected);
    CHECK_CODE(runner_submitter_release(runner->handle), refused);
}

static void op_submit(place_t *at)
{
    held_runner_t *runner = any_runner();
    uint8_t bits = take_byte();
    held_t *slot = (bits & 3) == 3 ? NULL : free_slot(submissions);
    token_t *token = runner->handle == NULL ? NULL : token_new(SUBMISSION, runner->serial);
    runner_submission_t *submission = NULL;
    (void)at;
    if (token == NULL)
        return;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = token_drop};
    opts.result_drop = (bits & 4) != 0 ? token_result_drop : NULL;
    opts.name = (bits & 8) != 0 ? "submitted" : NULL;
    token->drops_result = opts.result_drop != NULL;
    int code = runner_spawn_threadsafe(runner->handle, coroutine, token, &opts,
                                       slot == NULL ? NULL : &submission);
    note("submit token %d to runner %d, slot %d: %d", token->number, (int)(runner - runners),
         slot_number(submissions, slot), code);
    token->accepted = code == 0;
    check_accepted(runner, code);
    runner->posted |= code == 0;
    if (code == 0 && slot != NULL)
        hold(slot, submission, token, runner->serial);
}

static void check_submission(held_t *slot, int in_loop)
{
    held_runner_t *runner = runner_by_serial(slot->serial);
    int done = runner_submission_done(slot->handle);
    void *value = NULL;
    int code = runner_submission_wait(slot->handle, 0, &value);
    note("wait for submission token %d: %d", slot->token->number, code);
    CHECK(done || (runner != NULL && !runner->closed));
    if (in_loop && code == RUNNER_ELOOP)
        return;
    CHECK(done || code == RUNNER_ETIMEDOUT); /* which a body may end with, too */
    if (done)
        token_status(slot->token, code);
    if (code == 0)
        token_take(slot->token, value);
}

static void op_submission_wait(place_t *at)
{
    held_t *slot = any_held(submissions);
    if (slot->handle != NULL)
        check_submission(slot, at->kind != TOP);
}

static void op_submission_cancel(place_t *at)
{
    held_t *slot = any_held(submissions);
    (void)at;
    if (slot->handle == NULL)
        return;
    int done = runner_submission_done(slot->handle);
    int code = runner_submission_cancel(slot->handle);
    note("cancel submission token %d: %d", slot->token->number, code);
    CHECK_CODE(code, done ? RUNNER_EDONE : 0);
}

static void op_submission_unref(place_t *at)
{
    held_t *slot = any_held(submissions);
    (void)at;
    if (slot->handle == NULL)
        return;
    note("unref submission token %d", slot->token->number);
    runner_submission_unref(slot->handle);
    *slot = (held_t){0};
}

/* --- contexts ---------------------------------------------------------------------------- */

/* A value that comes out of a context is one that is still held there. */
static void check_value(void *value)
{
    if (value != NULL)
        CHECK(atomic_load(&token_of(value)->drops) == 0);
}

/* The thread's own context outlives the case: nothing is put there. */
static void op_var_set(place_t *at)
{
    held_t *var = any_held(vars);
    if (var->handle == NULL || at->kind == TOP)
        return;
    token_t *token = token_new(VALUE, 0);
    CHECK_CODE(runner_var_set(var->handle, token), 0);
    if (token != NULL)
        token->accepted = 1;
}

static void op_var_get(place_t *at)
{
    held_t *var = any_held(vars);
    void *value = NULL;
    (void)at;
    if (var->handle == NULL)
        return;
    CHECK_CODE(runner_var_get(var->handle, &value), 0, RUNNER_EPENDING);
    check_value(value);
    CHECK(strcmp(runner_var_name(var->handle), "v") == 0);
}

static void value_drop(void *arg)
{
    if (arg != NULL)
        token_drop(arg);
}

static void op_var_new(place_t *at)
{
    held_t *slot = any_held(vars);
    (void)at;
    if (slot->handle != NULL) {
        runner_var_unref(slot->handle);
        *slot = (held_t){0};
        return;
    }
    runner_var_t *var = NULL;
    CHECK(runner_var_new("v", value_drop, &var) == 0);
    hold(slot, var, NULL, 0);
}

static void op_context(place_t *at)
{
    held_t *slot = any_held(contexts);
    held_t *var = any_held(vars);
    uint8_t bits = take_byte();
    void *value = NULL;
    (void)at;
    if (slot->handle == NULL) {
        runner_context_t *context = NULL;
        CHECK(((bits & 1) != 0 ? runner_context_new(&context) : runner_context_copy(&context)) ==
              0);
        hold(slot, context, NULL, 0);
    } else if ((bits & 3) == 0) {
        runner_context_unref(slot->handle);
        *slot = (held_t){0};
    } else if (!slot->shared && var->handle != NULL && (bits & 1) != 0) {
        CHECK_CODE(runner_context_get(slot->handle, var->handle, &value), 0, RUNNER_EPENDING);
        check_value(value);
    } else if (!slot->shared && var->handle != NULL) {
        token_t *token = token_new(VALUE, 0);
        CHECK_CODE(runner_context_set(slot->handle, var->handle, token), 0);
        if (token != NULL)
            token->accepted = 1;
    }
}

/* --- closables and generators ------------------------------------------------------------ */

static void op_closable(place_t *at)
{
    held_runner_t *runner = any_runner();
    uint8_t bits = take_byte();
    held_t *slot = (bits & 3) == 3 ? NULL : free_slot(closables);
    token_t *token = runner->handle == NULL ? NULL : token_new(CLOSABLE, runner->serial);
    runner_closable_t *closable = NULL;
    (void)at;
    if (token == NULL)
        return;
    int code =
        runner_closable_register(runner->handle, (bits & 4) != 0 ? "closable" : NULL, coroutine,
                                 token, token_drop, slot == NULL ? NULL : &closable);
    note("closable token %d on runner %d: %d", token->number, (int)(runner - runners), code);
    token->accepted = code == 0;
    check_accepted(runner, code);
    runner->used |= code == 0;
    if (code == 0 && slot != NULL)
        hold(slot, closable, token, runner->serial);
}

static void op_unregister(place_t *at)
{
    held_t *slot = any_held(closables);
    (void)at;
    if (slot->handle == NULL)
        return;
    token_t *token = slot->token;
    int code = runner_closable_unregister(slot->handle);
    note("unregister closable token %d: %d", token->number, code);
    CHECK_CODE(code, 0, RUNNER_EDONE);
    CHECK(code != 0 || (atomic_load(&token->runs) == 0 && atomic_load(&token->drops) == 1));
    if (code == 0)
        *slot = (held_t){0};
}

static void op_gen_new(place_t *at)
{
    held_t *slot = free_slot(gens);
    held_runner_t *runner = here();
    runner_gen_t *gen = NULL;
    token_t *token = slot == NULL ? NULL : token_new(GEN, runner == NULL ? 0 : runner->serial);
    if (token == NULL)
        return;
    int code = runner_gen_new(gen_body, token, token_drop, 0, &gen);
    note("gen token %d: %d", token->number, code);
    CHECK_CODE(code, at->kind == TOP ? RUNNER_ENOLOOP : 0);
    token->accepted = token->held = code == 0;
    if (code == 0)
        hold(slot, gen, token, token->serial);
}

static void op_gen_next(place_t *at)
{
    held_t *slot = any_held(gens);
    held_runner_t *runner = here();
    int closing = (take_byte() & 3) == 0;
    void *value = NULL;
    if (slot->handle == NULL)
        return;
    int foreign = runner != NULL && slot->serial != runner->serial;
    token_t *token = slot->token;
    slot->pins++;
    note("%s of gen token %d", closing ? "close" : "next", token->number);
    int code = closing ? runner_gen_close(slot->handle) : runner_gen_next(slot->handle, &value);
    slot->pins--;
    note("  gen token %d: %d", token->number, code);
    if (!is_coroutine(at))
        CHECK_CODE(code, at->kind == IN_STEP ? RUNNER_ENOTSUP : RUNNER_ENOTASK);
    else if (foreign)
        CHECK_CODE(code, RUNNER_EFOREIGN);
    else
        CHECK_CODE(code, OUTCOMES, RUNNER_EEND, RUNNER_EBUSY, RUNNER_EIGNORED);
    CHECK(closing || code != 0 || value == token);
    CHECK(!is_coroutine(at) || here() == runner);
}

static void op_gen_yield(place_t *at)
{
    int code = runner_gen_yield(at->self);
    note("gen yield: %d", code);
    if (at->kind == IN_GEN)
        CHECK_CODE(code, 0, RUNNER_ECLOSED);
    else
        CHECK_CODE(code, RUNNER_ENOTASK);
}

static void op_gen_unref(place_t *at)
{
    held_t *slot = any_held(gens);
    (void)at;
    if (slot->handle == NULL || slot->pins > 0)
        return;
    note("unref gen token %d", slot->token->number);
    runner_gen_t *gen = slot->handle;
    slot->token->held = 0;
    *slot = (held_t){0};
    runner_gen_unref(gen);
}

/* --- jobs -------------------------------------------------------------------------------- */

static token_t *job_token(held_runner_t *runner, runner_job_options_t *opts)
{
    token_t *token = token_new(JOB, runner == NULL ? 0 : runner->serial);
    CHECK(runner_job_options_init(opts, sizeof *opts) == 0);
    opts->drop = token_drop;
    opts->result_drop = token_result_drop;
    if (token != NULL)
        token->drops_result = 1;
    return token;
}

static void op_to_thread(place_t *at)
{
    runner_job_options_t opts;
    void *value = NULL;
    token_t *token = job_token(here(), &opts);
    if (token == NULL)
        return;
    token->accepted = at->kind != TOP && at->kind != IN_CALLBACK;
    note("to_thread token %d", token->number);
    int code = runner_to_thread(job, token, &opts, at->kind == IN_STEP ? NULL : &value);
    note("  to_thread token %d: %d", token->number, code);
    if (at->kind == TOP || at->kind == IN_CALLBACK) {
        CHECK_CODE(code, RUNNER_ENOTASK);
        return;
    }
    CHECK_CODE(code, 0, RUNNER_ECANCELED, RUNNER_ESHUTDOWN, RUNNER_EPARKED);
    at->parked = code == RUNNER_EPARKED;
    CHECK(at->kind == IN_STEP || !at->parked);
    if (code == RUNNER_ESHUTDOWN)
        token->accepted = 0;
    if (code == 0)
        token_take(token, value);
}

static void op_executor(place_t *at)
{
    held_runner_t *runner = any_runner();
    held_t *slot = free_slot(futures);
    runner_job_options_t opts;
    (void)at;
    if (runner->handle == NULL)
        return;
    token_t *token = job_token(runner, &opts);
    if (token == NULL)
        return;
    int code = runner_run_in_executor(runner->handle, job, token, &opts, NULL);
    note("executor token %d of runner %d: %d", token->number, (int)(runner - runners), code);
    token->accepted = code == 0;
    if (code != RUNNER_ESHUTDOWN || !runner->closing)
        check_accepted(runner, code);
    runner->used |= code == 0;
    (void)slot;
}

#endif
