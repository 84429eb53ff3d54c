/*
 * Drives a random program in one way after the other, and compares what it was told.
 */
#ifndef FUZZ_HOST_DRIVE_H
#define FUZZ_HOST_DRIVE_H

#include "fuzz_host_ops.h"

enum { STEPS = 20000 };

/* --- tasks ------------------------------------------------------------------------------- */

/* A wait is over: at once, or with a RUNNER_HOST_RESUME, which makes no difference. */
static void end_wait(fiber_t *f, int status, uint64_t value)
{
    uint32_t op = f->wait;
    f->wait = 0;
    f->status = status;
    if (op == RUNNER_HOST_QUEUE_PUT) {
        if (status != 0)
            value_refused(f->item);
        f->item = value = 0;
    }
    if (op == RUNNER_HOST_QUEUE_GET && status == 0) {
        got(value);
        value = 0;
    }
    if (status == RUNNER_ECANCELED && op != RUNNER_HOST_AWAIT && op != RUNNER_HOST_AWAIT_FOR)
        value = 0; /* the payload comes with an event; at once, only where there is an out(b) */
    if (op == RUNNER_HOST_POLL && status != 0)
        value = 0; /* at once, what was asked for is left there */
    tell("%u goes on %s %llu", f->number, code_name(status), (unsigned long long)value);
    /* Who is cancelled does not go on for long. */
    if (status == RUNNER_ECANCELED && f->budget > 2)
        f->budget = 2;
}

/* What ends it: what it has open comes first. RUNNER_EPARKED if that waits. */
static int wind_up(fiber_t *f)
{
    if (f->group != 0) {
        int code = close_group(f);
        if (code == RUNNER_EPARKED)
            return code;
        end_wait(f, code, 0);
    }
    if (f->timeout != 0)
        close_timeout(f);
    return 0;
}

static void end_fiber(fiber_t *f)
{
    unsigned byte = byte_of(f);
    runner_host_cmd_t cmd = {.task = f->id, .op = RUNNER_HOST_DONE, .status = f->status, .b = byte};
    if (cmd.status == 0 && byte % 8 == 0)
        cmd.status = RUNNER_EUSER;
    if (cmd.status != 0 && byte % 32 < 3)
        cmd.a = RUNNER_HOST_ABORTS;
    if (f->held && byte % 3 == 0) {
        cmd.a |= RUNNER_HOST_RELEASED;
        f->held = 0;
    }
    f->phase = OVER;
    tell("%u ends %s", f->number, code_name(cmd.status));
    if (program.way.keeps && (cmd.a & RUNNER_HOST_ABORTS) == 0)
        keep(&cmd);
    else
        CHECK_CODE(command(f, &cmd), 0);
}

static int operate(fiber_t *f)
{
    unsigned choice = byte_of(f) % OPERATIONS;
    fuzz_operations++;
    note("  %u operation %u", f->number, choice);
    int code = operations[choice](f);
    if (code == RUNNER_EPARKED)
        return code;
    if (f->wait != 0)
        end_wait(f, code, f->value);
    else if (code != 0)
        tell("  %u refused %s", f->number, code_name(code));
    return 0;
}

static void run_fiber(fiber_t *f)
{
    f->phase = PARKED;
    while (f->budget-- > 0)
        if (operate(f) == RUNNER_EPARKED)
            return;
    f->budget = 0;
    if (wind_up(f) == RUNNER_EPARKED)
        return;
    f->wait = 0;
    end_fiber(f);
}

static void resume_fiber(fiber_t *f, int status, uint64_t value)
{
    CHECK(f->phase == PARKED);
    end_wait(f, status, value);
    run_fiber(f);
}

static void start_fiber(fiber_t *f, const runner_host_event_t *event)
{
    runner_host_cmd_t cmd = {.task = event->task, .op = RUNNER_HOST_DONE, .status = event->status};
    if (event->value != 0) { /* closes a closable: a task that the host does not follow */
        value_came(event->value, VALUE_CLOSABLE);
        tell("closes %zu", value_index(event->value));
        keep(&cmd);
        return;
    }
    CHECK(f != NULL && f->phase == NEW);
    if (event->status == 0) {
        tell("%u starts", f->number);
        run_fiber(f);
        return;
    }
    CHECK(event->status == RUNNER_ECANCELED);
    f->phase = OVER; /* not told: the library may end it as well, and say so with what comes next */
    keep(&cmd);
}

/* --- events ------------------------------------------------------------------------------ */

/* A callback settles, sets, spawns or cancels. */
static void be_called(uint64_t value)
{
    value_came(value, VALUE_CALL);
    unsigned byte = values[value_index(value)].byte;
    tell("callback %zu", value_index(value));
    uint64_t future = program.slots[FUTURE][byte / 4 % SLOTS];
    uint64_t event = program.slots[EVENT][byte / 4 % SLOTS];
    fiber_t *f = &program.fibers[byte / 4 % program.count];
    int code = 0;
    if (byte % 4 == 0 && future != 0)
        code = DO(NULL, RESOLVE, .id = future, .b = byte);
    else if (byte % 4 == 1 && event != 0)
        code = DO(NULL, EVENT_SET, .id = event);
    else if (byte % 4 == 2)
        code = spawn_in(NULL, 0);
    else if (byte % 4 == 3 && f->held)
        code = DO(NULL, CANCEL, .id = f->id);
    tell("  %s", code_name(code));
}

static void tell_error(const runner_host_event_t *event)
{
    runner_host_exception_t exception = {.size = sizeof exception};
    CHECK_CODE(runner_host_exception(program.runner, &exception), 0);
    CHECK(exception.task == event->task && exception.code == event->status);
    const fiber_t *f = event->task != 0 ? fiber_of(event->task) : NULL;
    size_t room = sizeof told.errors - told.errors_len;
    int n = snprintf(told.errors + told.errors_len, room, "%d %s %llu\n",
                     f != NULL ? (int)f->number : -1, code_name(exception.code),
                     (unsigned long long)exception.value);
    told.errors_len += (size_t)n < room ? (size_t)n : room - 1;
}

static void handle(const runner_host_event_t *event)
{
    fiber_t *f = event->task != 0 ? fiber_of(event->task) : NULL;
    note("event %d of %d: %s", event->kind, f != NULL ? (int)f->number : -1,
         code_name(event->status));
    switch (event->kind) {
    case RUNNER_HOST_NONE:
        break;
    case RUNNER_HOST_START:
        start_fiber(f, event);
        break;
    case RUNNER_HOST_RESUME:
        CHECK(f != NULL);
        resume_fiber(f, event->status, event->value);
        break;
    case RUNNER_HOST_CALL:
        be_called(event->value);
        break;
    case RUNNER_HOST_ENDED:
        if (f != NULL) {
            CHECK(f->phase == (event->status == RUNNER_ECANCELED ? NEW : f->phase));
            f->phase = OVER;
            if (f->item != 0)
                value_refused(f->item); /* it was given up while it put that */
            f->item = 0;
        }
        break;
    case RUNNER_HOST_DROP:
        if (f != NULL) {
            CHECK(f->phase == OVER);
            f->id = 0;
        }
        if (event->value != 0)
            value_dropped(event->value);
        break;
    case RUNNER_HOST_EXCEPTION:
        tell_error(event);
        break;
    default:
        CHECK(event->kind == RUNNER_HOST_END);
        program.over = 1;
        program.code = event->status;
        tell("the end: %s", code_name(event->status));
    }
}

/* --- runs -------------------------------------------------------------------------------- */

/* Nothing comes but from outside: a job ends. */
static void end_a_job(void)
{
    CHECK(program.n_jobs > 0);
    int code = DO(NULL, JOB_END, .id = program.jobs[--program.n_jobs], .b = 1);
    tell("a job ends: %s", code_name(code));
}

static void drive(void)
{
    int64_t wait_ns = 0;
    program.over = 0;
    for (int step = 0; !program.over; step++) {
        CHECK(step < STEPS);
        CHECK_CODE(runner_step(program.runner, program.kept, program.n_kept, program.events,
                               program.way.cap, &program.n_events, &wait_ns),
                   0);
        note("a step brings %zu", program.n_events);
        check_kept();
        for (program.event = 0; program.event < program.n_events; program.event++)
            handle(&program.events[program.event]);
        if (program.n_events == 0 && wait_ns != 0)
            end_a_job();
    }
    flush(); /* what was done last belongs to this run */
    CHECK_CODE(runner_end(program.runner), program.code);
}

static void begin_run(void)
{
    fiber_t *f = &program.fibers[program.count];
    *f = (fiber_t){.number = program.count++, .budget = BUDGET, .held = 1};
    f->at = f->number * 61;
    CHECK_CODE(runner_begin(program.runner, 0, &f->id), 0);
    tell("run with %u", f->number);
}

static void release(uint64_t id)
{
    if (id != 0)
        CHECK_CODE(DO(NULL, RELEASE, .id = id), 0);
}

/* Those that were never begun are only reserved. */
static void end_jobs(void)
{
    while (program.n_jobs > 0) {
        uint64_t id = program.jobs[--program.n_jobs];
        if (DO(NULL, JOB_END, .id = id) != 0)
            (void)DO(NULL, RELEASE, .id = id);
    }
}

static void release_all(void)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < SLOTS; i++)
            if (kind != TIMER)
                release(program.slots[kind][i]);
    memset(program.slots, 0, sizeof program.slots);
    while (program.n_made > 0)
        release(program.made[--program.n_made]);
    for (unsigned i = 0; i < program.count; i++) {
        if (program.fibers[i].held)
            release(program.fibers[i].id);
        program.fibers[i].held = 0;
    }
}

static void play(const way_t *way, const uint8_t *data, size_t size)
{
    memset(&program, 0, sizeof program);
    memset(&told, 0, sizeof told);
    value_count = 0;
    program.way = *way;
    program.data = data;
    program.size = size;
    program.runner = fuzz_runner();
    note("--- %s", way->name);
    for (int run = 0; run < RUNS && program.count < FIBERS; run++) {
        begin_run();
        drive();
    }
    release_all();
    size_t given = value_count;
    program.closing = 1;
    CHECK_CODE(runner_begin_close(program.runner), 0);
    drive();
    end_jobs();
    values_check_end(given, program.n_made > 0);
    release_all(); /* what was made during the close, with values that nobody is told of */
    CHECK(runner_host_count(program.runner) == 0);
    runner_free(program.runner);
}

/* The lines at which two texts begin to differ are in the notes. */
static void compare(const char *what, const char *text, const char *wanted)
{
    size_t at = 0;
    size_t line = 0;
    while (text[at] != '\0' && text[at] == wanted[at])
        if (text[at++] == '\n')
            line = at;
    if (text[at] == wanted[at])
        return;
    note("--- %s differ: %.60s\n--- where the first way has: %.60s", what, text + line,
         wanted + line);
    fuzz_fail(__FILE__, __LINE__, "two ways of driving do not agree", 0);
}

static void run_program(const uint8_t *data, size_t size)
{
    for (int i = 0; i < WAYS; i++) {
        play(&ways[i], data, size);
        if (i == 0) {
            expected = told;
            continue;
        }
        compare("logs", told.text, expected.text);
        compare("errors", told.errors, expected.errors);
    }
}

#endif
