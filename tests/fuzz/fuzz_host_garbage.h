/*
 * Commands that make no sense: any operation, in the name of anybody, on ids that live, are gone,
 * are of another kind or nobody's, with any numbers. Nothing may come of it but codes; the run and the
 * close still come to their end, and what was made can be released.
 */
#ifndef FUZZ_HOST_GARBAGE_H
#define FUZZ_HOST_GARBAGE_H

#include "fuzz_host.h"

enum { IDS = 64, RING = 6, MOST_STEPS = 20000, LAST_OPERATION = 150 };

static struct {
    const uint8_t *data;
    size_t left;
    runner_t *runner;
    size_t cap;
    uint64_t ids[IDS]; /* that were seen, the latest last; also those that are gone */
    size_t n_ids;
    uint64_t tasks[IDS]; /* that may run */
    size_t n_tasks;
    runner_host_event_t events[EVENTS];
    size_t n_events;
    int64_t wait_ns;
    int over;
    int code;
} garbage;

static unsigned any_byte(void)
{
    if (garbage.left == 0)
        return 0;
    garbage.left--;
    return *garbage.data++;
}

static void remember(uint64_t *list, size_t *count, uint64_t id)
{
    if (id == 0)
        return;
    if (*count == IDS)
        memmove(list, list + 1, --*count * sizeof *list);
    list[(*count)++] = id;
}

/* --- commands ---------------------------------------------------------------------------- */

/* An id that was seen; or one that is nobody's. */
static uint64_t any_id(void)
{
    unsigned byte = any_byte();
    if (byte < 200 && garbage.n_ids > 0)
        return garbage.ids[byte % garbage.n_ids];
    switch (byte % 6) {
    case 0:
        return 0;
    case 1:
        return byte;
    case 2:
        return (uint64_t)byte << 32;
    case 3:
        return UINT64_MAX - byte;
    case 4:
        return garbage.n_ids > 0 ? garbage.ids[0] + (UINT64_C(1) << 32) : 1;
    default:
        return garbage.n_ids > 0 ? (uint32_t)garbage.ids[garbage.n_ids - 1] : 2;
    }
}

static int64_t any_number(void)
{
    static const int64_t extremes[] = {
        0, 1, -1, 2, 3, INT64_MAX, INT64_MIN, 1000000, 500000, INT32_MAX, (int64_t)1 << 40, -5};
    unsigned byte = any_byte();
    return byte % 4 == 0 ? (int64_t)any_id()
                         : extremes[byte / 4 % (sizeof extremes / sizeof extremes[0])];
}

static int makes(uint32_t op)
{
    switch (op) {
    case RUNNER_HOST_SPAWN:
    case RUNNER_HOST_FUTURE_NEW:
    case RUNNER_HOST_SHIELD:
    case RUNNER_HOST_GROUP_NEW:
    case RUNNER_HOST_TIMEOUT_NEW:
    case RUNNER_HOST_EVENT_NEW:
    case RUNNER_HOST_LOCK_NEW:
    case RUNNER_HOST_CONDITION_NEW:
    case RUNNER_HOST_SEMAPHORE_NEW:
    case RUNNER_HOST_BARRIER_NEW:
    case RUNNER_HOST_QUEUE_NEW:
    case RUNNER_HOST_CALL_LATER:
    case RUNNER_HOST_CALL_AT:
    case RUNNER_HOST_VAR_NEW:
    case RUNNER_HOST_CONTEXT_NEW:
    case RUNNER_HOST_CONTEXT_COPY:
    case RUNNER_HOST_TO_THREAD:
    case RUNNER_HOST_JOB:
    case RUNNER_HOST_CLOSABLE_REGISTER:
        return 1;
    default:
        return 0;
    }
}

static runner_host_cmd_t any_command(void)
{
    unsigned byte = any_byte();
    runner_host_cmd_t cmd = {.op = byte % (LAST_OPERATION + 5), .id = any_id(), .a = any_number()};
    if (any_byte() % 4 == 0)
        cmd.op |= RUNNER_HOST_SUSPENDED;
    byte = any_byte();
    if (byte < 220 && garbage.n_tasks > 0)
        cmd.task = garbage.tasks[byte % garbage.n_tasks];
    else if (byte < 240)
        cmd.task = any_id();
    cmd.status = (int32_t)(any_byte() % 4 == 0 ? any_number() : 0);
    cmd.b = (uint64_t)any_number();
    /* What makes nothing on an id that is taken makes something without one. */
    if (makes(cmd.op & ~RUNNER_HOST_SUSPENDED) && any_byte() % 8 != 0)
        cmd.id = 0;
    fuzz_operations++;
    return cmd;
}

/* Of a command that was done: the code is one that is documented, and its id is known. */
static void look_at(const runner_host_cmd_t *cmd)
{
    note("operation %u%s of %llx on %llx, %lld, %llu: %s", cmd->op & ~RUNNER_HOST_SUSPENDED,
         cmd->op & RUNNER_HOST_SUSPENDED ? ", suspended," : "", (unsigned long long)cmd->task,
         (unsigned long long)cmd->id, (long long)cmd->a, (unsigned long long)cmd->b,
         code_name(cmd->status));
    if (makes(cmd->op & ~RUNNER_HOST_SUSPENDED))
        remember(garbage.ids, &garbage.n_ids, cmd->id);
    if (cmd->op == RUNNER_HOST_JOB && cmd->status == 0)
        remember(garbage.ids, &garbage.n_ids, cmd->b);
}

static void do_some(void)
{
    runner_host_cmd_t cmds[RING];
    size_t count = any_byte() % (RING + 1);
    for (size_t i = 0; i < count; i++)
        cmds[i] = any_command();
    if (any_byte() % 2 == 0) {
        CHECK_CODE(runner_commands(garbage.runner, cmds, count), 0);
        for (size_t i = 0; i < count; i++)
            look_at(&cmds[i]);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        runner_host_cmd_t *cmd = &cmds[i];
        cmd->status = runner_command(garbage.runner, cmd->task, cmd->op, cmd->status, &cmd->id,
                                     &cmd->a, &cmd->b);
        look_at(cmd);
    }
}

/* Calls beside the commands. */
static void call_something(void)
{
    uint64_t ids[3] = {any_id(), any_id(), any_id()};
    uint64_t out = 0;
    uint64_t tasks[2];
    int32_t codes[2];
    size_t count = 0;
    runner_t *runner = garbage.runner;
    unsigned byte = any_byte();
    switch (byte % 9) {
    case 0:
        if (runner_host_gather(runner, ids, byte % 4, 0, &out) == 0)
            remember(garbage.ids, &garbage.n_ids, out);
        break;
    case 1:
        (void)runner_host_wait(runner, garbage.n_tasks > 0 ? garbage.tasks[0] : 5, ids, byte % 4,
                               (int)(byte % 5), any_number());
        break;
    case 2:
        (void)runner_host_errors(runner, ids[0], tasks, codes, byte % 3, &count);
        break;
    case 3:
        (void)runner_host_name(runner, ids[0], byte % 2 == 0 ? "a name" : NULL);
        break;
    case 4:
        (void)runner_host_job_end(runner, ids[0], -(int)byte, byte);
        break;
    case 5:
        if (runner_reserve(runner, ids, 3) == 0)
            for (int i = 0; i < 3; i++)
                remember(garbage.ids, &garbage.n_ids, ids[i]);
        break;
    case 6:
        (void)runner_interrupt(runner);
        break;
    case 7:
        (void)runner_host_post(runner, byte);
        break;
    default:
        (void)runner_wakeup(runner);
        break;
    }
}

/* --- steps ------------------------------------------------------------------------------- */

static void look_at_events(void)
{
    runner_host_exception_t exception = {.size = sizeof exception};
    for (size_t i = 0; i < garbage.n_events; i++) {
        const runner_host_event_t *event = &garbage.events[i];
        note("event %d of %llx: %s", event->kind, (unsigned long long)event->task,
             code_name(event->status));
        CHECK(event->status <= 0);
        if (event->kind == RUNNER_HOST_START || event->kind == RUNNER_HOST_RESUME)
            remember(garbage.tasks, &garbage.n_tasks, event->task);
        else if (event->kind == RUNNER_HOST_EXCEPTION)
            (void)runner_host_exception(garbage.runner, &exception);
        else if (event->kind == RUNNER_HOST_END)
            garbage.over = 1;
        if (garbage.over)
            garbage.code = event->status;
    }
}

static void step(runner_host_cmd_t *cmds, size_t n_cmds)
{
    CHECK_CODE(runner_step(garbage.runner, cmds, n_cmds, garbage.events, garbage.cap,
                           &garbage.n_events, &garbage.wait_ns),
               0);
    for (size_t i = 0; i < n_cmds; i++)
        look_at(&cmds[i]);
    look_at_events();
}

static void step_with_some(void)
{
    runner_host_cmd_t cmds[RING];
    size_t count = any_byte() % (RING + 1);
    for (size_t i = 0; i < count; i++)
        cmds[i] = any_command();
    step(cmds, count);
}

/* Whoever may run ends; whatever may be a job too. */
static void end_all(void)
{
    for (size_t i = 0; i < garbage.n_tasks; i++)
        (void)runner_command(garbage.runner, garbage.tasks[i], RUNNER_HOST_DONE, RUNNER_ECANCELED,
                             NULL, NULL, NULL);
    garbage.n_tasks = 0;
    for (size_t i = 0; i < garbage.n_ids; i++) {
        uint64_t id = garbage.ids[i];
        (void)runner_command(garbage.runner, 0, RUNNER_HOST_JOB_END, 0, &id, NULL, NULL);
    }
}

/* To the end, with sense: a run that has none is broken off. */
static void drain(void)
{
    for (int steps = 0; !garbage.over; steps++) {
        CHECK(steps < MOST_STEPS);
        end_all();
        step(NULL, 0);
        if (!garbage.over && garbage.n_events == 0 && garbage.wait_ns != 0)
            break;
    }
    int code = runner_end(garbage.runner);
    CHECK(!garbage.over || code == garbage.code);
}

static void some_of_everything(void)
{
    while (garbage.left > 0 && !garbage.over) {
        unsigned byte = any_byte() % 8;
        if (byte < 3)
            do_some();
        else if (byte < 4)
            call_something();
        else
            step_with_some();
    }
}

static void run_garbage(const uint8_t *data, size_t size)
{
    uint64_t id = 0;
    memset(&garbage, 0, sizeof garbage);
    garbage.data = data;
    garbage.left = size;
    garbage.runner = fuzz_runner();
    garbage.cap = 1 + any_byte() % EVENTS;
    for (int run = 0; run < 3; run++) {
        garbage.over = 0;
        do_some(); /* outside of a run */
        CHECK_CODE(runner_begin(garbage.runner, 0, &id), 0);
        remember(garbage.ids, &garbage.n_ids, id);
        remember(garbage.tasks, &garbage.n_tasks, id);
        if (run == 2)
            some_of_everything();
        else
            for (int i = 0; i < 40 && !garbage.over; i++)
                step_with_some();
        drain();
    }
    garbage.over = 0;
    CHECK_CODE(runner_begin_close(garbage.runner), 0);
    drain();
    runner_free(garbage.runner);
}

#endif
