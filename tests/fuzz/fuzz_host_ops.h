/*
 * What the tasks of a random program do. An operation returns its status, or RUNNER_EPARKED.
 */
#ifndef FUZZ_HOST_OPS_H
#define FUZZ_HOST_OPS_H

#include "fuzz_host_program.h"

#include <fcntl.h>

/* --- operations of tasks and futures ----------------------------------------------------- */

typedef int (*operation_fn)(fiber_t *f);

static int op_yield(fiber_t *f)
{
    return AWAIT(f, YIELD, .a = 0);
}

static int op_sleep(fiber_t *f)
{
    return AWAIT(f, SLEEP, .a = (int64_t)(byte_of(f) % 4) * 500000);
}

static int spawn_in(const fiber_t *f, uint64_t group)
{
    if (program.count == FIBERS || !has_room())
        return 0;
    fiber_t *child = &program.fibers[program.count];
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_SPAWN, .a = (int64_t)group};
    if (program.way.keeps && group == 0) {
        CHECK_CODE(runner_reserve(program.runner, &cmd.id, 1), 0);
        cmd.task = f != NULL ? f->id : 0;
        keep(&cmd);
    } else if (command(f, &cmd) != 0) {
        return cmd.status;
    }
    *child = (fiber_t){.id = cmd.id, .number = program.count++, .budget = BUDGET, .held = 1};
    child->at = child->number * 61;
    if (!program.closing)
        return 0;
    child->held = 0; /* a task keeps its context as long as it is held, and so values in it */
    return DO(f, RELEASE, .id = child->id);
}

static int op_spawn(fiber_t *f)
{
    return spawn_in(f, f->group != 0 && byte_of(f) % 2 == 0 ? f->group : 0);
}

static int op_await(fiber_t *f)
{
    return AWAIT(f, AWAIT, .id = some_fiber(f)->id);
}

static int op_await_for(fiber_t *f)
{
    fiber_t *other = some_fiber(f);
    return AWAIT(f, AWAIT_FOR, .id = other->id, .a = (int64_t)(byte_of(f) % 3) * 1000000);
}

static int op_cancel(fiber_t *f)
{
    fiber_t *other = some_fiber(f);
    return DO(f, CANCEL, .id = other->id, .b = byte_of(f) % 4);
}

static int op_uncancel(fiber_t *f)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_UNCANCEL, .id = some_fiber(f)->id};
    int code = command(f, &cmd);
    tell("  %d requests left", (int)cmd.b);
    return code;
}

static int op_look(fiber_t *f)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_STATUS, .id = some_fiber(f)->id};
    if (byte_of(f) % 2 == 0)
        cmd.op = RUNNER_HOST_RESULT;
    return command(f, &cmd);
}

static int op_release(fiber_t *f)
{
    fiber_t *other = some_fiber(f);
    if (!other->held || other->number == 0)
        return 0;
    other->held = 0;
    return DO(f, RELEASE, .id = other->id);
}

static int op_settle(fiber_t *f)
{
    uint64_t id = slot(f, FUTURE);
    unsigned byte = byte_of(f);
    if (byte % 4 == 0)
        return DO(f, REJECT, .id = id, .status = RUNNER_EUSER, .b = byte);
    if (byte % 4 == 1)
        return DO(f, CANCEL, .id = id);
    return DO(f, RESOLVE, .id = id, .b = byte);
}

static int op_future_await(fiber_t *f)
{
    return AWAIT(f, AWAIT, .id = slot(f, FUTURE));
}

/* Forget a future: the next one in its place is new. */
static int op_future_forget(fiber_t *f)
{
    unsigned which = byte_of(f) % SLOTS;
    uint64_t id = program.slots[FUTURE][which];
    program.slots[FUTURE][which] = 0;
    return id != 0 ? DO(f, RELEASE, .id = id) : 0;
}

static uint64_t some_future(fiber_t *f)
{
    return byte_of(f) % 2 == 0 ? slot(f, FUTURE) : some_fiber(f)->id;
}

static int op_gather(fiber_t *f)
{
    uint64_t ids[3] = {some_future(f), some_future(f), some_future(f)};
    unsigned byte = byte_of(f);
    uint64_t out = 0;
    if (!has_room())
        return 0;
    flush();
    int code = runner_host_gather(program.runner, ids, byte % 4, byte >> 2 & 1, &out);
    if (code != 0)
        return code;
    own(out);
    return AWAIT(f, AWAIT, .id = out);
}

static int op_wait(fiber_t *f)
{
    uint64_t ids[3] = {some_future(f), some_future(f), some_future(f)};
    unsigned byte = byte_of(f);
    flush();
    f->wait = RUNNER_HOST_YIELD; /* has no value */
    return runner_host_wait(program.runner, f->id, ids, 1 + byte % 3, 1 + (int)(byte >> 2) % 3,
                            (int64_t)(byte >> 4 & 3) * 1000000);
}

static int op_shield(fiber_t *f)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_SHIELD, .a = (int64_t)some_future(f)};
    if (!has_room() || command(f, &cmd) != 0)
        return cmd.status;
    own(cmd.id);
    return AWAIT(f, AWAIT, .id = cmd.id);
}

/* --- groups, timeouts -------------------------------------------------------------------- */

static int op_group(fiber_t *f)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_GROUP_NEW};
    if (f->group != 0)
        return byte_of(f) % 4 == 0 ? DO(f, GROUP_CANCEL, .id = f->group) : spawn_in(f, f->group);
    if (!has_room() || command(f, &cmd) != 0)
        return cmd.status;
    own(cmd.id);
    f->group = cmd.id;
    return DO(f, GROUP_OPEN, .id = f->group);
}

static int close_group(fiber_t *f)
{
    uint64_t group = f->group;
    f->group = 0;
    return AWAIT(f, GROUP_CLOSE, .id = group, .status = f->status);
}

static int op_group_close(fiber_t *f)
{
    return f->group != 0 ? close_group(f) : 0;
}

/* A child spawns into the group of its parent, which may wait already. */
static int op_group_join(fiber_t *f)
{
    fiber_t *other = some_fiber(f);
    return other->group != 0 ? spawn_in(f, other->group) : 0;
}

static int close_timeout(fiber_t *f)
{
    runner_host_cmd_t cmd = {
        .op = RUNNER_HOST_TIMEOUT_CLOSE, .id = f->timeout, .status = f->status};
    f->timeout = 0;
    f->status = command(f, &cmd);
    return f->status;
}

static int op_timeout(fiber_t *f)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_TIMEOUT_NEW};
    int64_t timeout_ns = (int64_t)(byte_of(f) % 4) * 1000000;
    if (f->timeout != 0)
        return byte_of(f) % 2 == 0 ? close_timeout(f)
                                   : DO(f, TIMEOUT_RESCHEDULE, .id = f->timeout, .a = timeout_ns);
    if (!has_room() || command(f, &cmd) != 0)
        return cmd.status;
    own(cmd.id);
    f->timeout = cmd.id;
    return DO(f, TIMEOUT_OPEN, .id = f->timeout, .a = timeout_ns);
}

/* --- what tasks wait for ----------------------------------------------------------------- */

static int op_event(fiber_t *f)
{
    uint64_t id = slot(f, EVENT);
    unsigned byte = byte_of(f);
    if (byte % 3 == 0)
        return DO(f, EVENT_SET, .id = id);
    return byte % 3 == 1 ? DO(f, EVENT_CLEAR, .id = id) : AWAIT(f, EVENT_WAIT, .id = id);
}

static int op_lock(fiber_t *f)
{
    uint64_t id = slot(f, LOCK);
    return byte_of(f) % 2 == 0 ? AWAIT(f, LOCK_ACQUIRE, .id = id) : DO(f, LOCK_RELEASE, .id = id);
}

static int op_condition(fiber_t *f)
{
    uint64_t id = slot(f, CONDITION);
    unsigned byte = byte_of(f);
    if (id == 0)
        return 0;
    return byte % 2 == 0 ? AWAIT(f, CONDITION_WAIT, .id = id)
                         : DO(f, CONDITION_NOTIFY, .id = id, .a = (int64_t)(byte % 5) - 2);
}

static int op_semaphore(fiber_t *f)
{
    uint64_t id = slot(f, SEMAPHORE);
    return byte_of(f) % 2 == 0 ? AWAIT(f, SEMAPHORE_ACQUIRE, .id = id)
                               : DO(f, SEMAPHORE_RELEASE, .id = id);
}

static int op_barrier(fiber_t *f)
{
    uint64_t id = slot(f, BARRIER);
    unsigned byte = byte_of(f) % 8;
    if (byte == 0)
        return DO(f, BARRIER_RESET, .id = id);
    return byte == 1 ? DO(f, BARRIER_ABORT, .id = id) : AWAIT(f, BARRIER_WAIT, .id = id);
}

static int put(fiber_t *f, uint64_t id, unsigned byte)
{
    uint64_t item = value_new(VALUE_ITEM, 0);
    if (item == 0)
        return 0;
    if (byte % 2 == 0) {
        int code = DO(f, QUEUE_PUT_NOWAIT, .id = id, .b = item, .a = byte % 5);
        if (code == 0)
            value_given(item);
        return code;
    }
    f->item = item;
    value_given(item);
    return AWAIT(f, QUEUE_PUT, .id = id, .b = item, .a = byte % 5);
}

static void got(uint64_t value)
{
    value_came(value, VALUE_ITEM);
    tell("  got item %zu", value_index(value));
}

static int op_queue(fiber_t *f)
{
    uint64_t id = slot(f, QUEUE);
    unsigned byte = byte_of(f);
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_QUEUE_GET, .id = id};
    switch (byte % 16) {
    case 0:
        return DO(f, QUEUE_TASK_DONE, .id = id);
    case 1:
        return AWAIT(f, QUEUE_JOIN, .id = id);
    case 2:
        return byte / 16 % 4 == 0 ? DO(f, QUEUE_SHUTDOWN, .id = id, .a = byte / 64 % 2) : 0;
    case 3:
        cmd.op = RUNNER_HOST_QUEUE_GET_NOWAIT;
        if (command(f, &cmd) == 0)
            got(cmd.b);
        return cmd.status;
    default:
        return byte % 2 == 0 ? put(f, id, byte / 2) : await(f, &cmd);
    }
}

/* When the kernel is asked is not the same in every way. So a descriptor is always ready, or never and
 * for a time, or there is none. */
static int op_poll(fiber_t *f)
{
    static int never[2] = {-1, -1};
    static int always = -1;
    unsigned byte = byte_of(f);
    if (always < 0) {
        CHECK(pipe2(never, O_CLOEXEC) == 0);
        always = open("/dev/null", O_RDONLY | O_CLOEXEC);
        CHECK(always >= 0);
    }
    const int fds[] = {never[0], never[0], never[0], always, -1};
    uint64_t fd = (uint32_t)fds[byte % 5];
    uint64_t events = byte % 7 == 0 ? 64 : RUNNER_READABLE;
    return AWAIT(f, POLL, .b = fd | events << 32, .a = (int64_t)(byte_of(f) % 4) * 500000);
}

/* --- callbacks, variables, jobs ---------------------------------------------------------- */

static int c_callback(void *arg)
{
    tell("C callback %u", (unsigned)(uintptr_t)arg);
    return 0;
}

static int op_callback(fiber_t *f)
{
    unsigned byte = byte_of(f);
    if (byte % 4 == 0) {
        flush();
        return runner_call_soon(program.runner, c_callback, (void *)(uintptr_t)f->number, NULL);
    }
    uint64_t value = value_new(VALUE_CALL, byte_of(f));
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_CALL_SOON, .b = value};
    if (value == 0 || !has_room())
        return 0;
    if (byte % 4 != 1) {
        cmd.op = RUNNER_HOST_CALL_LATER;
        cmd.a = (int64_t)(byte / 4 % 4) * 1000000;
    }
    if (command(f, &cmd) != 0)
        return cmd.status;
    value_given(value);
    if (cmd.id != 0) {
        own(cmd.id);
        program.slots[TIMER][byte / 16 % SLOTS] = cmd.id;
    }
    return 0;
}

static int op_timer_cancel(fiber_t *f)
{
    uint64_t id = slot(f, TIMER);
    return id != 0 ? DO(f, TIMER_CANCEL, .id = id) : 0;
}

static int op_var(fiber_t *f)
{
    uint64_t id = slot(f, VAR);
    if (byte_of(f) % 2 == 0) {
        runner_host_cmd_t cmd = {.op = RUNNER_HOST_VAR_GET, .id = id};
        if (command(f, &cmd) == 0)
            tell("  is value %zu", value_index(cmd.b));
        return cmd.status;
    }
    uint64_t value = value_new(VALUE_VAR, 0);
    if (value == 0)
        return 0;
    int code = DO(f, VAR_SET, .id = id, .b = value);
    if (code == 0)
        value_given(value);
    return code;
}

/* Jobs end when nothing else is left to do, or by another task. */
static int op_job(fiber_t *f)
{
    if (program.n_jobs > 0 && byte_of(f) % 2 == 0)
        return DO(f, JOB_END, .id = program.jobs[--program.n_jobs], .b = byte_of(f));
    uint64_t id = 0;
    if (program.n_jobs == JOBS)
        return 0;
    CHECK_CODE(runner_reserve(program.runner, &id, 1), 0);
    program.jobs[program.n_jobs++] = id;
    return AWAIT(f, TO_THREAD, .id = id);
}

static int op_stop(fiber_t *f)
{
    return byte_of(f) % 16 == 0 ? DO(f, STOP, .a = 0) : 0;
}

static int op_closable(fiber_t *f)
{
    uint64_t value = value_new(VALUE_CLOSABLE, 0);
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_CLOSABLE_REGISTER, .b = value};
    if (value == 0 || !has_room() || command(f, &cmd) != 0)
        return cmd.status;
    value_given(value);
    own(cmd.id);
    return byte_of(f) % 2 == 0 ? DO(f, CLOSABLE_UNREGISTER, .id = cmd.id) : 0;
}

/* What is wanted often stands here more than once. */
static const operation_fn operations[] = {
    op_yield,     op_yield,     op_yield,       op_sleep,        op_sleep,        op_sleep,
    op_spawn,     op_spawn,     op_spawn,       op_spawn,        op_await,        op_await,
    op_await,     op_await_for, op_cancel,      op_cancel,       op_uncancel,     op_look,
    op_release,   op_settle,    op_settle,      op_future_await, op_future_await, op_future_forget,
    op_gather,    op_gather,    op_wait,        op_wait,         op_shield,       op_group,
    op_group,     op_group,     op_group_close, op_group_join,   op_timeout,      op_timeout,
    op_event,     op_event,     op_lock,        op_lock,         op_lock,         op_condition,
    op_condition, op_semaphore, op_semaphore,   op_barrier,      op_queue,        op_queue,
    op_queue,     op_queue,     op_callback,    op_callback,     op_timer_cancel, op_var,
    op_var,       op_job,       op_stop,        op_closable,     op_poll,         op_poll};
enum { OPERATIONS = sizeof operations / sizeof operations[0] };

#endif
