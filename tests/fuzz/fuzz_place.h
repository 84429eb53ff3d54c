/*
 * What a case of the call fuzzer holds, and the bodies and callbacks through which it acts: each
 * does what the input says, at its own place in the program. Included once.
 */
#ifndef FUZZ_PLACE_H
#define FUZZ_PLACE_H

#include "fuzz_model.h"

/* --- what the case holds ----------------------------------------------------------------- */

enum { RUNNERS = 3, SLOTS = 8, CASE_SECONDS = 60, MOST_DEPTH = 3 };

/* Codes that bodies end with. */
enum { USER_CODE = -30001, OTHER_CODE = -30002, ABORT_CODE = -30003, STALE = -30004 };

#define OUTCOMES                                                                                   \
    0, RUNNER_ECANCELED, RUNNER_EBADRESULT, RUNNER_EABANDONED, RUNNER_EUSER, USER_CODE,            \
        OTHER_CODE, ABORT_CODE, RUNNER_EPARKED, RUNNER_ECLOSED, RUNNER_EGROUP, RUNNER_ETIMEDOUT

typedef struct held_runner {
    runner_t *handle;
    int serial;
    int closed;
    int used;   /* it has a loop */
    int posted; /* another thread's calls were accepted */
    int closing;
    int real_clock;
    int own_pool; /* jobs may still run when close gives up */
    uint64_t order_given;
    uint64_t order_seen;
    uint64_t last_ns;
} held_runner_t;

/* A handle of any kind. Somebody waits for it while `pins` is not 0. */
typedef struct held {
    void *handle;
    token_t *token;
    int serial;
    int pins;
    int settled;  /* futures: by this program */
    int status;   /* futures: 1 while it is pending */
    int shared;   /* contexts: a task may run in it; gathers: errors are outcomes */
    int borrowed; /* groups: it goes with the call that has made it, or with its runner */
} held_t;

static held_runner_t runners[RUNNERS];
static held_t tasks[SLOTS], futures[SLOTS], timers[SLOTS], submissions[SLOTS], closables[SLOTS],
    gens[SLOTS], contexts[SLOTS], vars[SLOTS];
static held_t groups[SLOTS], group_errors[SLOTS], timeouts[SLOTS], fans[SLOTS], iterations[SLOTS];
static held_t events[SLOTS], locks[SLOTS], conditions[SLOTS], semaphores[SLOTS], barriers[SLOTS],
    queues[SLOTS];
static int serials;
static int nesting; /* eager spawns inside each other: stackless bodies share a stack */
static int reentered;
static int aborts; /* runner_abort() was called: whatever such a task ends with ends its run */
static FILE *null_file;

/* Where a call is made from. */
typedef enum place_kind { TOP, CORO, IN_GEN, IN_STEP, IN_CALLBACK } place_kind_t;

typedef struct place {
    place_kind_t kind;
    token_t *self;
    int parked; /* IN_STEP: a call said RUNNER_EPARKED */
    int depth;  /* bodies of groups and timeouts around it */
} place_t;

static int is_coroutine(const place_t *at)
{
    return at->kind == CORO || at->kind == IN_GEN;
}

static held_runner_t *runner_by_serial(int serial)
{
    for (int i = 0; i < RUNNERS; i++)
        if (runners[i].handle != NULL && runners[i].serial == serial)
            return &runners[i];
    return NULL;
}

/* The runner whose loop runs now, or NULL. */
static held_runner_t *here(void)
{
    runner_t *current = runner_current();
    for (int i = 0; i < RUNNERS && current != NULL; i++)
        if (runners[i].handle == current)
            return &runners[i];
    return NULL;
}

/* Any runner, preferably the one that runs. */
static held_runner_t *any_runner(void)
{
    unsigned which = take_below(RUNNERS * 2);
    held_runner_t *running = here();
    return which >= RUNNERS && running != NULL ? running : &runners[which % RUNNERS];
}

static held_t *any_held(held_t *table)
{
    return &table[take_below(SLOTS)];
}

/* One that there is, if there is any. A slot whose spawn has not returned holds itself. */
static held_t *some_held(held_t *table)
{
    unsigned from = take_below(SLOTS);
    for (unsigned i = 0; i < SLOTS; i++) {
        held_t *slot = &table[(from + i) % SLOTS];
        if (slot->handle != NULL && slot->handle != slot)
            return slot;
    }
    return NULL;
}

static held_t *free_slot(held_t *table)
{
    for (int i = 0; i < SLOTS; i++)
        if (table[i].handle == NULL)
            return &table[i];
    return NULL;
}

static void hold(held_t *slot, void *handle, token_t *token, int serial)
{
    *slot = (held_t){.handle = handle, .token = token, .serial = serial, .status = 1};
}

static int slot_number(const held_t *table, const held_t *slot)
{
    return slot == NULL ? -1 : (int)(slot - table);
}

/* Times are short on the real clock. */
static uint64_t take_ms(const held_runner_t *runner)
{
    static const uint64_t choices[] = {0, 1, 1, 2, 3, 10, 1000, 86400000};
    uint64_t ms = choices[take_below(8)];
    return runner != NULL && runner->real_clock && ms > 2 ? 2 : ms;
}

/* --- bodies ------------------------------------------------------------------------------ */

static void operate(place_t *at);
static void poke(void);

/* Do what the input says until it says that the body ends; the code to end with. */
static int run_body(place_t *at)
{
    static const int codes[] = {0,
                                0,
                                0,
                                USER_CODE,
                                OTHER_CODE,
                                RUNNER_ECANCELED,
                                RUNNER_EUSER,
                                5,
                                RUNNER_EGROUP,
                                RUNNER_ETIMEDOUT};
    while (input_left > 0) {
        if (input_at[0] % 16 == 0) {
            take_byte();
            unsigned choice = take_below(11);
            aborts |= choice == 10;
            return choice == 10 ? runner_abort(ABORT_CODE) : codes[choice];
        }
        operate(at);
        if (at->parked)
            return RUNNER_EPARKED;
    }
    return 0;
}

static int end_body(token_t *token, int code, void **result)
{
    token->returned = 1;
    token->code = code;
    if (code == 0 && (take_byte() & 1) != 0) {
        token->gave = 1;
        *result = token;
    }
    note("  token %d ends with %d", token->number, code);
    return code;
}

static int coroutine(void *arg, void **result)
{
    token_t *token = token_run(arg);
    place_t at = {.kind = CORO, .self = token};
    CHECK(*result == NULL);
    note("  token %d starts", token->number);
    return end_body(token, run_body(&at), result);
}

static int gen_body(void *arg, void **result)
{
    place_t at = {.kind = IN_GEN, .self = token_run(arg)};
    (void)result;
    note("  gen of token %d starts", at.self->number);
    int code = run_body(&at);
    note("  gen of token %d ends with %d", at.self->number, code);
    return code;
}

static void end_wait(token_t *token, int status)
{
    wait_for_t wait = token->wait;
    token->wait.ended = NULL;
    if (wait.ended != NULL)
        wait.ended(&wait, status);
}

/* The body ends although it is parked: also when what it waits for has just come. */
static int leave_wait(token_t *token)
{
    note("  token %d leaves its wait", token->number);
    CHECK(runner_yield() == RUNNER_EBUSY);
    for (unsigned count = take_below(4); count > 0; count--)
        poke();
    token->wait.ended = NULL;
    return (take_byte() & 1) != 0 ? 0 : OTHER_CODE;
}

static int step(void *arg, int status, void **result)
{
    token_t *token = token_run(arg);
    place_t at = {.kind = IN_STEP, .self = token};
    CHECK(token->steps++ > 0 || status == 0);
    CHECK(status <= 0 && status != RUNNER_EPARKED);
    end_wait(token, status);
    int code = run_body(&at);
    if (at.parked && (take_byte() & 15) != 15)
        return RUNNER_EPARKED;
    if (at.parked)
        code = leave_wait(token);
    return end_body(token, code, result);
}

static int callback(void *arg)
{
    token_t *token = token_run(arg);
    place_t at = {.kind = IN_CALLBACK, .self = token};
    held_runner_t *runner = here();
    CHECK(runner != NULL && runner->serial == token->serial);
    if (token->kind == CALLBACK && token->order != 0) {
        CHECK(token->order > runner->order_seen);
        runner->order_seen = token->order;
    }
    CHECK(token->kind != TIMER || runner_time_ns(runner->handle) >= token->due_ns);
    return run_body(&at);
}

static int done_call(runner_future_t *future, void *arg)
{
    token_t *token = token_run(arg);
    place_t at = {.kind = IN_CALLBACK, .self = token};
    CHECK(runner_future_done(future) == 1);
    return run_body(&at);
}

/* Jobs read no input: they may run on another thread. */
static int job(void *arg, void **result)
{
    token_t *token = token_run(arg);
    token->returned = token->gave = 1;
    *result = token;
    return 0;
}

static int run_job_at_once(void *arg, runner_job_t *given)
{
    (void)arg;
    runner_job_run(given);
    return 0;
}

static int handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)arg;
    CHECK(self != NULL && exception->size >= sizeof exception->size);
    CHECK(exception->message != NULL && exception->message[0] != '\0');
    CHECK(exception->code <= 0);
    runner_task_status(exception->task);
    runner_task_name(exception->task);
    note("  reported: %s (%d)", exception->message, exception->code);
    reenter();
    return 0;
}

static void on_report(const runner_report_t *report, void *arg)
{
    (void)arg;
    size_t count = runner_report_count(report, 0);
    for (size_t i = 0; i < count; i++) {
        runner_report_item_t item = {.size = sizeof item};
        CHECK(runner_report_get(report, i, &item) == 0);
        CHECK(item.kind >= RUNNER_REPORT_CANCELED && item.kind <= RUNNER_REPORT_DEADLOCK);
        CHECK(item.name != NULL);
    }
}

#endif
