/*
 * Bodies as host tasks: the library knows their ids, and the interpreter turns the runner by steps.
 * Each body has a stack of the interpreter's own, and a wait suspends what runs on it.
 */
#include <signal.h>
#include <string.h>

#include "host.h"

/* The library's own frames lie on these stacks as well: commands are given from them. */
#define STACK_FOR_COMMANDS ((size_t)64 * 1024)

/* --- the tasks that the host knows --- */

static void register_task(world_t *world, future_t *task)
{
    struct held *held = world->held;
    size_t index = (uint32_t)task->id;
    if (index >= held->tasks_room) {
        size_t room = index * 2 > FIRST_ROOM ? index * 2 : FIRST_ROOM;
        future_t **tasks = arena_array(world->arena, room, sizeof *tasks);
        if (held->tasks_room > 0) {
            memcpy(tasks, held->tasks, held->tasks_room * sizeof *tasks);
        }
        held->tasks = tasks;
        held->tasks_room = room;
    }
    held->tasks[index] = task;
}

future_t *future_make(world_t *world, uint64_t id, body_t *body)
{
    future_t *future = arena_alloc(world->arena, sizeof *future);
    future->id = id;
    future->body = body;
    if (body != NULL) {
        register_task(world, future);
    }
    return future;
}

future_t *task_of(const world_t *world, uint64_t id)
{
    const struct held *held = world->held;
    size_t index = (uint32_t)id;
    future_t *task = index < held->tasks_room ? held->tasks[index] : NULL;
    return task != NULL && task->id == id ? task : NULL;
}

outcome_t outcome_of(const world_t *world, int code, uint64_t value)
{
    const future_t *failed = code == RUNNER_EGROUP ? task_of(world, value) : NULL;
    return (outcome_t){code, number_of(value), failed != NULL ? failed->end.errors : NULL};
}

uint64_t *ids_of(world_t *world, future_t *const *futures, size_t count)
{
    uint64_t *ids = arena_array(world->arena, count, sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        ids[i] = futures[i]->id;
    }
    return ids;
}

static future_t *known_task(const world_t *world, const runner_host_event_t *event)
{
    future_t *task = task_of(world, event->task);
    check(task != NULL && !task->over ? 0 : RUNNER_EBADID, "an event of a task");
    return task;
}

/* --- running them --- */

static void run_body(void *arg)
{
    future_t *task = arg;
    task->end = body_run(task->body);
}

static void end_task(world_t *world, future_t *task, const outcome_t *end)
{
    bool good = end->code == 0;
    task->over = true;
    command_kept(world, (runner_host_cmd_t){.op = RUNNER_HOST_DONE,
                                            .status = end->code,
                                            .b = good ? value_of(end->value) : task->id});
}

/* Until it waits, or ends. */
static void go_on(world_t *world, future_t *task)
{
    struct held *held = world->held;
    held->running = task;
    if (!fiber_resume(task->fiber)) {
        fiber_free(task->fiber);
        task->fiber = NULL;
        end_task(world, task, &task->end);
    }
    held->running = NULL;
}

wake_t suspend(world_t *world)
{
    const future_t *task = world->held->running;
    fiber_suspend(task->fiber);
    return (wake_t){task->status, task->value};
}

/* The task that closes a closable is the library's: the host hears of it now. */
static future_t *begun_task(world_t *world, const runner_host_event_t *event)
{
    if (event->value == 0) {
        return known_task(world, event);
    }
    value_t closable = value_look(&world->held->values, VALUE_CLOSABLE, event->value);
    future_t *task = future_make(world, event->task, closable.arg);
    task->is_closer = true;
    return task;
}

static void on_start(world_t *world, const runner_host_event_t *event)
{
    future_t *task = begun_task(world, event);
    if (event->status != 0) {
        const outcome_t end = {.code = event->status};
        world->held->running = task;
        end_task(world, task, &end);
        world->held->running = NULL;
        return;
    }
    task->fiber = fiber_new(world->stack_bytes + STACK_FOR_COMMANDS, run_body, task);
    go_on(world, task);
}

static void on_resume(world_t *world, const runner_host_event_t *event)
{
    future_t *task = known_task(world, event);
    task->status = event->status;
    task->value = event->value;
    go_on(world, task);
}

/* It never ran, or was given up: its frames are forgotten where they stand. */
static void on_ended(world_t *world, const runner_host_event_t *event)
{
    future_t *task = known_task(world, event);
    task->over = true;
    if (task->fiber != NULL) {
        fiber_free(task->fiber);
        task->fiber = NULL;
    }
}

/* --- what else is told --- */

static void on_call(world_t *world, const runner_host_event_t *event)
{
    value_t callback = value_take(&world->held->values, VALUE_CALLBACK, event->value);
    check(callback.fn(callback.arg), "a callback");
}

static const char *whose(const world_t *world, const runner_host_exception_t *exception)
{
    if (exception->task == 0) {
        return exception->name != NULL ? WHO_CLOSABLE : WHO_NONE;
    }
    const future_t *task = task_of(world, exception->task);
    return task != NULL && !task->is_closer ? task->body->path->text : WHO_CLOSABLE;
}

/* False if there is none. */
static bool report_next(world_t *world)
{
    runner_host_exception_t exception = {.size = sizeof exception};
    int code = runner_host_exception(world->runner, &exception);
    if (code == RUNNER_EEND) {
        return false;
    }
    check(code, "runner_host_exception");
    const outcome_t outcome = outcome_of(world, exception.code, exception.value);
    trace_report(world, whose(world, &exception), &outcome);
    return true;
}

void report_early(world_t *world)
{
    while (report_next(world)) {}
}

static void on_exception(world_t *world)
{
    check(report_next(world) ? 0 : RUNNER_EEND, "runner_host_exception");
}

/* The host holds all tasks but those that the library has made. */
static void on_drop(world_t *world, const runner_host_event_t *event)
{
    if (event->task != 0) {
        const future_t *task = task_of(world, event->task);
        check(task != NULL && task->is_closer && task->over ? 0 : RUNNER_EBADID, "a dropped task");
        world->held->tasks[(uint32_t)event->task] = NULL;
    }
    if (event->value != 0) {
        value_drop(&world->held->values, event->value);
    }
}

/* --- steps --- */

/* True if the run or close is over. */
static bool handle(world_t *world, const runner_host_event_t *event)
{
    switch (event->kind) {
    case RUNNER_HOST_NONE:
        break;
    case RUNNER_HOST_START:
        on_start(world, event);
        break;
    case RUNNER_HOST_RESUME:
        on_resume(world, event);
        break;
    case RUNNER_HOST_CALL:
        on_call(world, event);
        break;
    case RUNNER_HOST_ENDED:
        on_ended(world, event);
        break;
    case RUNNER_HOST_DROP:
        on_drop(world, event);
        break;
    case RUNNER_HOST_EXCEPTION:
        on_exception(world);
        break;
    case RUNNER_HOST_END:
        return true;
    default:
        check(RUNNER_EINVAL, "the kind of an event");
    }
    return false;
}

/* Events are looked at one after the other: what a task does may change those behind its own. */
static bool step(world_t *world, runner_host_event_t *end)
{
    struct held *held = world->held;
    size_t count;
    int64_t wait_ns;
    runner_host_cmd_t *cmds = held->kept_count > 0 ? held->kept : NULL;
    check(runner_step(world->runner, cmds, held->kept_count, held->events, held->capacity, &count,
                      &wait_ns),
          "runner_step");
    commands_stepped(world);
    for (size_t i = 0; i < count; i++) {
        held->last = i + 1 == count;
        if (handle(world, &held->events[i])) {
            *end = held->events[i];
            return true;
        }
    }
    if (count == 0 && wait_ns != 0) {
        check(runner_backend_wait(world->runner, wait_ns), "runner_backend_wait");
    }
    return false;
}

/* Turns the runner to the end of what has begun. */
static outcome_t drive(world_t *world)
{
    runner_host_event_t end;
    world->held->driving = true;
    while (!step(world, &end)) {}
    world->held->driving = false;
    commands_flush(world);
    int code = runner_end(world->runner);
    check(code == end.status ? 0 : RUNNER_EBADRESULT, "runner_end");
    return outcome_of(world, code, end.value);
}

/* --- runs --- */

static runner_t *volatile interrupted;

static void on_interrupt(int signum)
{
    (void)signum;
    (void)runner_interrupt(interrupted);
}

outcome_t run_main(body_t *body, context_t *context)
{
    world_t *world = body->world;
    struct sigaction before;
    const struct sigaction ours = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    uint64_t id;
    interrupted = world->runner;
    (void)sigaction(SIGINT, &ours, &before);
    check(runner_begin(world->runner, context != NULL ? id_of(context) : 0, &id), "runner_begin");
    hold_id(world, id);
    (void)future_make(world, id, body);
    outcome_t outcome = drive(world);
    (void)sigaction(SIGINT, &before, NULL);
    return outcome;
}

int close_runner(world_t *world)
{
    check(runner_begin_close(world->runner), "runner_begin_close");
    return drive(world).code;
}

/* --- how a body is started --- */

int start_body(body_t *body, future_t **task)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_SPAWN};
    *task = future_make(body->world, command_make(body->world, cmd), body);
    return 0;
}

/* A group that is being cancelled refuses. */
int start_child(group_t *group, body_t *body, future_t **task)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_SPAWN, .a = (int64_t)id_of(group)};
    int code = command(body->world, &cmd);
    if (code == 0) {
        hold_id(body->world, cmd.id);
        *task = future_make(body->world, cmd.id, body);
    }
    return code;
}

int start_closable(body_t *body)
{
    world_t *world = body->world;
    runner_host_cmd_t cmd = {
        .op = RUNNER_HOST_CLOSABLE_REGISTER,
        .b = value_give(&world->held->values, (value_t){.kind = VALUE_CLOSABLE, .arg = body})};
    int code = command(world, &cmd);
    if (code == 0) {
        hold_id(world, cmd.id);
        report_early(world);
    }
    return code;
}
