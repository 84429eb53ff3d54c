/*
 * Operations of the call fuzzer on runners and tasks. Included once.
 */
#ifndef FUZZ_TASKS_H
#define FUZZ_TASKS_H

#include <inttypes.h>

#include "fuzz_place.h"

/* --- runners ----------------------------------------------------------------------------- */

static void op_new(place_t *at)
{
    static const runner_executor_t inline_executor = {sizeof inline_executor, run_job_at_once, NULL,
                                                      NULL};
    static const uint64_t graces[] = {0, 0, 5, RUNNER_NO_WAIT};
    held_runner_t *slot = &runners[take_below(RUNNERS)];
    uint8_t bits = take_byte();
    (void)at;
    if (slot->handle != NULL)
        return;
    runner_options_t opts;
    CHECK(runner_options_init(&opts, sizeof opts) == 0);
    opts.signals = RUNNER_SIGNALS_NONE;
    opts.debug = (bits & 1) != 0 ? RUNNER_ON : RUNNER_OFF;
    opts.clock = (bits & 14) == 14 ? RUNNER_CLOCK_REAL : RUNNER_CLOCK_VIRTUAL;
    opts.poll_interval = (bits & 16) != 0 ? 1 : 0;
    opts.cancel_grace_ms = graces[(bits >> 5) & 3];
    opts.closable_grace_ms = graces[(bits >> 6) & 3];
    opts.executor_threads = 1;
    opts.executor = (bits & 0x62) != 0 ? &inline_executor : NULL;
    opts.exception_handler = handler;
    opts.on_report = on_report;
    *slot = (held_runner_t){.serial = ++serials};
    CHECK(runner_new(&slot->handle, &opts) == 0);
    slot->real_clock = opts.clock == RUNNER_CLOCK_REAL;
    slot->own_pool = opts.executor == NULL;
    note("runner %d = new, options %02x", (int)(slot - runners), bits);
}

static void op_run(place_t *at)
{
    held_runner_t *runner = any_runner();
    if (runner->handle == NULL)
        return;
    token_t *token = token_new(MAIN, runner->serial);
    if (token == NULL)
        return;
    runner_run_options_t opts = {.size = sizeof opts, .drop = token_drop};
    void *result = NULL;
    if ((take_byte() & 1) != 0)
        opts.result_drop = token_result_drop;
    int refusal = at->kind != TOP ? RUNNER_ELOOP : runner->closed ? RUNNER_ECLOSED : 0;
    token->accepted = refusal == 0;
    token->drops_result = opts.result_drop != NULL;
    runner->used |= refusal == 0;
    note("run runner %d, token %d", (int)(runner - runners), token->number);
    int code = runner_run(runner->handle, coroutine, token, &opts, &result);
    note("  ran: %d", code);
    if (refusal != 0) {
        CHECK_CODE(code, refusal);
        return;
    }
    CHECK_CODE(code, OUTCOMES, RUNNER_EINTR, RUNNER_ESTOPPED, RUNNER_EDEADLK);
    CHECK(code != 0 || token->returned);
    CHECK(code == RUNNER_EGROUP || runner_run_errors(runner->handle) == NULL);
    token_take(token, result);
    CHECK(runner_current() == NULL && runner_is_running(runner->handle) == 0);
}

/* What goes with its runner. */
static void forget_borrowed(int serial)
{
    for (int i = 0; i < SLOTS; i++) {
        if (closables[i].serial == serial)
            closables[i] = (held_t){0};
        if (groups[i].serial == serial && groups[i].borrowed)
            groups[i] = (held_t){0};
    }
}

static void op_close(place_t *at)
{
    held_runner_t *runner = any_runner();
    if (runner->handle == NULL)
        return;
    note("close runner %d", (int)(runner - runners));
    int was_closed = runner->closed;
    int was_closing = runner->closing;
    runner->closing = 1;
    int code = runner_close(runner->handle);
    runner->closing = was_closing;
    note("  closed: %d", code);
    if (at->kind != TOP) {
        /* Where there is nothing to close it may say so. */
        CHECK_CODE(code, RUNNER_ELOOP, was_closed || !runner->used ? 0 : RUNNER_ELOOP);
        return;
    }
    /* After an abort any error that a body returned. */
    CHECK_CODE(code, OUTCOMES, RUNNER_EDEADLK, RUNNER_ETIMEDOUT, RUNNER_EINTR);
    CHECK(!was_closed || code == 0);
    runner->closed = runner_is_closed(runner->handle);
    CHECK(runner->closed || !runner->used);
    CHECK(!runner->closed || was_closed || runner->used || runner->posted);
    if (runner->closed) {
        forget_borrowed(runner->serial);
        tokens_check_closed(runner->serial);
    }
}

static void op_free(place_t *at)
{
    held_runner_t *runner = any_runner();
    if (at->kind != TOP || runner->handle == NULL)
        return;
    note("free runner %d", (int)(runner - runners));
    runner->closing = 1;
    runner_free(runner->handle);
    forget_borrowed(runner->serial);
    tokens_check_closed(runner->serial);
    *runner = (held_runner_t){0};
}

static void op_look(place_t *at)
{
    held_runner_t *runner = any_runner();
    struct uv_loop_s *loop = NULL;
    const runner_report_t *report = NULL;
    if (runner->handle == NULL)
        return;
    CHECK((runner_current() == NULL) == (at->kind == TOP));
    CHECK(runner_is_running(runner->handle) == (here() == runner));
    uint64_t now = runner_time_ns(runner->handle);
    CHECK(now >= runner->last_ns || runner->closed);
    runner->last_ns = now;
    int code = runner_get_loop(runner->handle, &loop);
    CHECK_CODE(code, runner_is_closed(runner->handle) ? RUNNER_ECLOSED : 0);
    CHECK((code == 0) == (loop != NULL));
    runner->used |= code == 0;
    code = runner_get_report(runner->handle, &report);
    CHECK_CODE(code, 0, RUNNER_EPENDING);
    if (code == 0 && at->kind == TOP)
        on_report(report, NULL);
}

static void op_inspect(place_t *at)
{
    held_runner_t *runner = any_runner();
    runner_task_info_t infos[4];
    size_t count = 0;
    (void)at;
    if (runner->handle == NULL)
        return;
    memset(infos, 0, sizeof infos);
    infos[0].size = sizeof infos[0];
    CHECK_CODE(runner_tasks(runner->handle, infos, 4, &count), 0);
    for (size_t i = 0; i < count && i < 4; i++) {
        CHECK(infos[i].id != 0);
        CHECK(infos[i].state >= RUNNER_STATE_NEW && infos[i].state <= RUNNER_STATE_WAITING);
        CHECK(i == 0 || infos[i].id > infos[i - 1].id);
    }
    CHECK_CODE(runner_print_tasks(runner->handle, null_file), 0);
}

static void op_stop(place_t *at)
{
    held_runner_t *runner = any_runner();
    if (runner->handle == NULL)
        return;
    int running = here() == runner;
    int code = runner_stop(runner->handle);
    note("stop runner %d: %d", (int)(runner - runners), code);
    if (running)
        CHECK_CODE(code, 0, RUNNER_ENOLOOP);
    else
        CHECK_CODE(code, runner->closed ? RUNNER_ECLOSED : RUNNER_ENOLOOP);
    CHECK(at->kind != TOP || runner_abort(ABORT_CODE) == RUNNER_ENOLOOP);
    CHECK(runner_abort(1) == RUNNER_EINVAL);
}

static void op_interrupt(place_t *at)
{
    held_runner_t *runner = any_runner();
    (void)at;
    if (runner->handle == NULL)
        return;
    int running = here() == runner;
    int code = runner_interrupt(runner->handle);
    note("interrupt runner %d: %d", (int)(runner - runners), code);
    CHECK_CODE(code, running ? 0 : runner->closed ? RUNNER_ECLOSED : RUNNER_ENOLOOP);
}

static void op_handler(place_t *at)
{
    held_runner_t *runner = any_runner();
    token_t *token = runner->handle != NULL ? token_new(HANDLER, runner->serial) : NULL;
    (void)at;
    if (token == NULL)
        return;
    int code = runner_set_exception_handler(runner->handle, handler, token, token_drop);
    note("handler of runner %d, token %d: %d", (int)(runner - runners), token->number, code);
    CHECK_CODE(code, runner->closed ? RUNNER_ECLOSED : 0);
    token->accepted = code == 0;
}

/* --- tasks ------------------------------------------------------------------------------- */

static void task_options(runner_spawn_options_t *opts, token_t *token, uint8_t bits)
{
    CHECK(runner_spawn_options_init(opts, sizeof *opts) == 0);
    opts->drop = token_drop;
    opts->result_drop = (bits & 1) != 0 ? token_result_drop : NULL;
    opts->name = (bits & 2) != 0 ? "named" : NULL;
    opts->eager = (bits & 12) == 12 && nesting < MOST_DEPTH;
    opts->stack_bytes = (bits & 48) == 48 ? 131072 : 0;
    token->drops_result = opts->result_drop != NULL;
    held_t *context = &contexts[bits % SLOTS];
    if ((bits & 64) != 0 && context->handle != NULL) {
        opts->context = context->handle;
        context->shared = 1;
    }
}

static void op_spawn(place_t *at)
{
    uint8_t bits = take_byte();
    held_runner_t *runner = here();
    int stackless = (bits & 128) != 0;
    held_t *slot = (bits & 3) == 3 ? NULL : free_slot(tasks);
    token_t *token = token_new(stackless ? STEP : TASK, runner == NULL ? 0 : runner->serial);
    if (token == NULL)
        return;
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    task_options(&opts, token, bits);
    /* An eager body runs before the call returns, and may fill the slot. */
    if (slot != NULL)
        hold(slot, slot, token, token->serial);
    if (slot != NULL)
        slot->pins = 1;
    token->accepted = runner != NULL;
    note("spawn%s token %d, options %02x, slot %d", stackless ? " step" : "", token->number, bits,
         slot_number(tasks, slot));
    nesting += opts.eager;
    int code = stackless ? runner_spawn_step(step, token, &opts, slot == NULL ? NULL : &task)
                         : runner_spawn(coroutine, token, &opts, slot == NULL ? NULL : &task);
    nesting -= opts.eager;
    CHECK_CODE(code, at->kind == TOP ? RUNNER_ENOLOOP : 0);
    if (slot != NULL)
        *slot = (held_t){0};
    if (slot != NULL && code == 0)
        hold(slot, task, token, token->serial);
}

/* A slot whose spawn has not returned holds a pointer to itself. */
static runner_task_t *task_in(const held_t *slot)
{
    return slot->handle == slot ? NULL : slot->handle;
}

static void check_task(const held_t *slot)
{
    runner_task_t *task = task_in(slot);
    int done = runner_task_done(task);
    int status = runner_task_status(task);
    CHECK(done == (status != RUNNER_EPENDING));
    CHECK(runner_task_cancelled(task) == (status == RUNNER_ECANCELED));
    CHECK(runner_task_cancelling(task) >= 0);
    CHECK(runner_task_id(task) != 0 && runner_task_name(task)[0] != '\0');
    if (done)
        token_status(slot->token, status);
}

static void op_await(place_t *at)
{
    held_t *slot = any_held(tasks);
    runner_task_t *task = task_in(slot);
    if (task == NULL)
        return;
    held_runner_t *runner = here();
    int own = task == runner_current_task();
    int foreign = runner != NULL && slot->serial != runner->serial;
    token_t *token = slot->token;
    void *value = NULL;
    int with_value = (take_byte() & 1) != 0 && at->kind != IN_STEP;
    slot->pins++;
    note("token %d awaits token %d", at->self == NULL ? -1 : at->self->number, token->number);
    int code = runner_await(task, with_value ? &value : NULL);
    slot->pins--;
    note("  token %d awaited: %d", token->number, code);
    if (at->kind == TOP || at->kind == IN_CALLBACK) {
        CHECK_CODE(code, RUNNER_ENOTASK);
        return;
    }
    if (foreign) {
        CHECK_CODE(code, RUNNER_EFOREIGN);
        return;
    }
    if (own) /* told by its next step, unless that has been cancelled */
        CHECK_CODE(code, at->kind == IN_STEP ? RUNNER_EPARKED : RUNNER_ESELF, RUNNER_ECANCELED);
    else
        CHECK_CODE(code, OUTCOMES);
    at->parked = code == RUNNER_EPARKED;
    CHECK(at->kind == IN_STEP || !at->parked);
    if (code == 0)
        token_take(token, value);
}

static void op_sleep(place_t *at)
{
    held_runner_t *runner = here();
    uint8_t bits = take_byte();
    uint64_t ms = (bits & 15) == 15 ? RUNNER_FOREVER : take_ms(runner);
    uint64_t before = runner == NULL ? 0 : runner_time_ns(runner->handle);
    note("token %d sleeps %" PRIu64, at->self == NULL ? -1 : at->self->number, ms);
    int code = (bits & 32) != 0                           ? runner_yield()
               : (bits & 16) != 0 && ms != RUNNER_FOREVER ? runner_sleep_ns(ms * 1000000)
                                                          : runner_sleep(ms);
    if (at->kind == TOP || at->kind == IN_CALLBACK) {
        CHECK_CODE(code, RUNNER_ENOTASK);
        return;
    }
    if (at->kind == IN_STEP) {
        CHECK_CODE(code, RUNNER_EPARKED, RUNNER_ECANCELED);
        at->parked = code == RUNNER_EPARKED;
        return;
    }
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
    CHECK(here() == runner);
    if (code == 0 && (bits & 32) == 0)
        CHECK(runner_time_ns(runner->handle) >= before + ms * 1000000);
}

static void op_cancel(place_t *at)
{
    held_t *slot = any_held(tasks);
    runner_task_t *task = task_in(slot);
    uint8_t bits = take_byte();
    (void)at;
    if (task == NULL)
        return;
    int done = runner_task_done(task);
    int before = runner_task_cancelling(task);
    int code = 0;
    if ((bits & 3) == 0) {
        reentered++; /* nobody else cancels it meanwhile */
        code = runner_task_cancel_with(task, "why", bits);
        reentered--;
        if (code == 0) {
            const char *message = runner_task_cancel_message(task);
            CHECK(message != NULL && strcmp(message, "why") == 0);
            CHECK(runner_task_cancel_payload(task) == bits);
        }
    } else {
        code = (bits & 3) == 1 ? runner_future_cancel(runner_task_future(task))
                               : runner_task_cancel(task);
    }
    note("cancel token %d: %d", slot->token->number, code);
    CHECK_CODE(code, done ? RUNNER_EDONE : 0);
    /* More than one, where the way through a gather leads back to it. */
    int more = runner_task_cancelling(task) - before;
    CHECK(code == 0 ? more >= 1 : more == 0);
    check_task(slot);
}

static void op_uncancel(place_t *at)
{
    held_t *slot = any_held(tasks);
    runner_task_t *task = task_in(slot);
    (void)at;
    if (task == NULL)
        return;
    int before = runner_task_cancelling(task);
    int left = runner_task_uncancel(task);
    note("uncancel token %d: %d left", slot->token->number, left);
    CHECK(left == (before > 0 ? before - 1 : 0));
    int reason = runner_task_cancel_reason(task);
    CHECK(reason >= 0 && reason <= RUNNER_REASON_PARENT);
    check_task(slot);
}

static void op_task_result(place_t *at)
{
    held_t *slot = any_held(tasks);
    runner_task_t *task = task_in(slot);
    void *value = NULL;
    (void)at;
    if (task == NULL)
        return;
    int status = runner_task_status(task);
    int code = runner_task_result(task, (take_byte() & 1) != 0 ? &value : NULL);
    note("result of token %d: %d", slot->token->number, code);
    CHECK_CODE(code, status);
    if (code == 0)
        token_take(slot->token, value);
    check_task(slot);
    CHECK(runner_future_resolve(runner_task_future(task), NULL) == RUNNER_EINVAL);
    CHECK(runner_future_status(runner_task_future(task)) == status);
}

static void op_task_unref(place_t *at)
{
    held_t *slot = any_held(tasks);
    (void)at;
    if (task_in(slot) == NULL || slot->pins > 0)
        return;
    note("unref task %d", slot->token->number);
    CHECK(runner_task_ref(slot->handle) == slot->handle);
    runner_task_unref(slot->handle);
    void *handle = slot->handle;
    *slot = (held_t){0};
    runner_task_unref(handle);
}

#endif
