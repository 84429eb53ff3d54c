/*
 * Random programs of host tasks. Each task reads its own bytes, so what a program does depends only
 * on what it is told: every way of driving it has to come to the same log.
 */
#ifndef FUZZ_HOST_PROGRAM_H
#define FUZZ_HOST_PROGRAM_H

#include "fuzz_host.h"

/* --- the program ------------------------------------------------------------------------- */

enum { FIBERS = 32, SLOTS = 3, BUDGET = 14, RUNS = 3, JOBS = 16 };
enum { NEW, PARKED, OVER };

typedef struct fiber {
    uint64_t id;
    unsigned number;
    int phase;
    int held; /* the host has not released it */
    int budget;
    size_t at;      /* its place in the input */
    uint32_t wait;  /* the operation that it waits in, or whose outcome was there at once */
    uint64_t value; /* that came with it */
    uint64_t item;  /* that it puts */
    uint64_t group;
    uint64_t timeout;
    int status; /* of its latest wait */
} fiber_t;

enum { FUTURE, EVENT, LOCK, CONDITION, SEMAPHORE, BARRIER, QUEUE, VAR, TIMER, KINDS };

static struct {
    const uint8_t *data;
    size_t size;
    runner_t *runner;
    way_t way;
    fiber_t fibers[FIBERS];
    unsigned count;
    uint64_t slots[KINDS][SLOTS];
    uint64_t made[256]; /* to be released: futures made of others, groups, timeouts, old timers */
    size_t n_made;
    uint64_t jobs[JOBS];
    size_t n_jobs;
    runner_host_cmd_t kept[KEPT];
    size_t n_kept;
    runner_host_event_t events[EVENTS];
    size_t n_events;
    size_t event; /* that is being handled */
    int closing;
    int over;
    int code;
} program;

/* What the program was told, in every way the same; errors apart, which may come a step later. */
static struct {
    char text[1 << 16];
    size_t len;
    char errors[1 << 12];
    size_t errors_len;
} told, expected;

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    va_list args;
    char line[128];
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    note("%s", line);
    size_t length = (size_t)n < sizeof line - 2 ? (size_t)n : sizeof line - 2;
    line[length++] = '\n';
    if (told.len + length < sizeof told.text) {
        memcpy(told.text + told.len, line, length);
        told.len += length;
    }
}

static unsigned byte_of(fiber_t *f)
{
    unsigned byte = program.size > 0 ? program.data[f->at++ % program.size] : 0;
    return (byte * 167 + f->number * 41) & 0xff;
}

static fiber_t *fiber_of(uint64_t id)
{
    for (unsigned i = program.count; i-- > 0;)
        if (program.fibers[i].id == id)
            return &program.fibers[i];
    return NULL;
}

/* --- commands ---------------------------------------------------------------------------- */

static int only_parks(uint32_t op)
{
    return op == RUNNER_HOST_YIELD || op == RUNNER_HOST_SLEEP;
}

static void check_kept(void)
{
    for (size_t i = 0; i < program.n_kept; i++) {
        const runner_host_cmd_t *cmd = &program.kept[i];
        note("  kept: %u (%lld) of %llx: %s", cmd->op, (long long)cmd->a,
             (unsigned long long)cmd->task, code_name(cmd->status));
        if ((cmd->op & RUNNER_HOST_SUSPENDED) == 0)
            CHECK(cmd->status == (only_parks(cmd->op) ? RUNNER_EPARKED : 0));
    }
    program.n_kept = 0;
}

static void flush(void)
{
    if (program.n_kept > 0)
        CHECK_CODE(runner_commands(program.runner, program.kept, program.n_kept), 0);
    check_kept();
}

static void keep(const runner_host_cmd_t *cmd)
{
    if (program.n_kept == KEPT)
        flush();
    program.kept[program.n_kept++] = *cmd;
}

/* At once. */
static int command(const fiber_t *f, runner_host_cmd_t *cmd)
{
    flush();
    cmd->task = f != NULL ? f->id : 0;
    CHECK_CODE(runner_commands(program.runner, cmd, 1), 0);
    return cmd->status;
}

#define CMD(operation, ...) (&(runner_host_cmd_t){.op = RUNNER_HOST_##operation, __VA_ARGS__})
#define DO(f, operation, ...) command(f, CMD(operation, __VA_ARGS__))

/* Is nobody resumed before the next step? */
static int is_last(void)
{
    for (size_t i = program.event + 1; i < program.n_events; i++)
        if (program.events[i].kind == RUNNER_HOST_START ||
            program.events[i].kind == RUNNER_HOST_RESUME)
            return 0;
    return 1;
}

/* A wait, in one way or another. RUNNER_EPARKED, or its outcome. */
static int await(fiber_t *f, runner_host_cmd_t *cmd)
{
    cmd->task = f->id;
    f->wait = cmd->op;
    int suspends = program.way.suspends && is_last();
    if (!suspends && !(program.way.keeps && only_parks(cmd->op))) {
        int code = command(f, cmd);
        f->value = cmd->b;
        return code;
    }
    if (suspends)
        cmd->op |= RUNNER_HOST_SUSPENDED;
    keep(cmd);
    return RUNNER_EPARKED;
}

#define AWAIT(f, operation, ...) await(f, CMD(operation, __VA_ARGS__))

static void own(uint64_t id)
{
    CHECK(program.n_made < sizeof program.made / sizeof program.made[0]);
    program.made[program.n_made++] = id;
}

static int has_room(void)
{
    return program.n_made + 8 < sizeof program.made / sizeof program.made[0];
}

/* The object of a slot, made where there is none. */
static uint64_t slot(fiber_t *f, int kind)
{
    static const uint32_t makers[KINDS] = {
        RUNNER_HOST_FUTURE_NEW,    RUNNER_HOST_EVENT_NEW,     RUNNER_HOST_LOCK_NEW,
        RUNNER_HOST_CONDITION_NEW, RUNNER_HOST_SEMAPHORE_NEW, RUNNER_HOST_BARRIER_NEW,
        RUNNER_HOST_QUEUE_NEW,     RUNNER_HOST_VAR_NEW,       0};
    unsigned which = byte_of(f) % SLOTS;
    uint64_t *id = &program.slots[kind][which];
    if (*id != 0 || makers[kind] == 0)
        return *id;
    runner_host_cmd_t cmd = {.op = makers[kind], .a = kind == QUEUE ? which : which + 1};
    if (kind == CONDITION) {
        if (program.slots[LOCK][0] == 0)
            return 0;
        cmd.a = (int64_t)program.slots[LOCK][0];
    }
    if (kind == SEMAPHORE)
        cmd.b = which == 2;
    if (kind == QUEUE)
        cmd.b = which % 3;
    CHECK_CODE(command(f, &cmd), 0);
    return *id = cmd.id;
}

/* A task that the host still holds; itself if there is no other. */
static fiber_t *some_fiber(fiber_t *f)
{
    fiber_t *other = &program.fibers[byte_of(f) % program.count];
    return other->held ? other : f;
}

#endif
