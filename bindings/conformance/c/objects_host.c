/* Objects as ids of the batch interface. */
#include "host.h"

static void *object_of(world_t *world, uint64_t id)
{
    object_t *object = arena_alloc(world->arena, sizeof *object);
    object->id = id;
    return object;
}

static void *make(world_t *world, runner_host_cmd_t cmd)
{
    return object_of(world, command_make(world, cmd));
}

void objects_begin(world_t *world)
{
    world->held = arena_alloc(world->arena, sizeof *world->held);
    world->held->values.arena = world->arena;
    commands_begin(world);
}

void objects_release(world_t *world)
{
    commands_release(world);
}

/* --- outcomes --- */

size_t errors_count(const errors_t *errors)
{
    return errors != NULL ? errors->count : 0;
}

outcome_t errors_get(errors_t *errors, size_t index)
{
    return errors->list[index];
}

/* They are the arena's. */
void errors_keep(world_t *world, errors_t *errors)
{
    (void)world;
    (void)errors;
}

int code_to_raise(const outcome_t *outcome)
{
    return outcome->code;
}

/* --- tasks and futures --- */

future_t *future_new(world_t *world)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_FUTURE_NEW};
    return future_make(world, command_make(world, cmd), NULL);
}

int future_resolve(world_t *world, future_t *future, int64_t value)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_RESOLVE, .id = future->id, .b = value_of(value)};
    return command(world, &cmd);
}

/* Failures are told by the id of what has failed. */
int future_reject(world_t *world, future_t *future, int code)
{
    runner_host_cmd_t cmd = {
        .op = RUNNER_HOST_REJECT, .status = code, .id = future->id, .b = future->id};
    return command(world, &cmd);
}

int future_cancel(world_t *world, future_t *future)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_CANCEL, .id = future->id};
    return command(world, &cmd);
}

int future_status(world_t *world, const future_t *future)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_STATUS, .id = future->id};
    return command(world, &cmd);
}

outcome_t future_take(world_t *world, future_t *future)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_RESULT, .id = future->id};
    int code = command(world, &cmd);
    return outcome_of(world, code, cmd.b);
}

future_t *future_shield(world_t *world, future_t *inner)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_SHIELD, .a = (int64_t)inner->id};
    return future_make(world, command_make(world, cmd), NULL);
}

future_t *future_gather(world_t *world, future_t *const *futures, size_t count, bool return_errors)
{
    uint64_t id;
    commands_flush(world);
    check(
        runner_host_gather(world->runner, ids_of(world, futures, count), count, return_errors, &id),
        "runner_host_gather");
    hold_id(world, id);
    return future_make(world, id, NULL);
}

/* --- the running task --- */

int self_cancel(world_t *world)
{
    return future_cancel(world, world->held->running);
}

int self_cancelling(world_t *world)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_CANCELLING, .id = world->held->running->id};
    check(command(world, &cmd), "the count of cancels");
    return (int)cmd.b;
}

int self_uncancel(world_t *world)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_UNCANCEL, .id = world->held->running->id};
    check(command(world, &cmd), "taking back a cancel");
    return (int)cmd.b;
}

/* --- what tasks wait for, and scopes --- */

event_t *event_new(world_t *world)
{
    return make(world, (runner_host_cmd_t){.op = RUNNER_HOST_EVENT_NEW});
}

void event_set(world_t *world, event_t *event)
{
    command_done(world, RUNNER_HOST_EVENT_SET, id_of(event));
}

void event_clear(world_t *world, event_t *event)
{
    command_done(world, RUNNER_HOST_EVENT_CLEAR, id_of(event));
}

lock_t *lock_new(world_t *world)
{
    return make(world, (runner_host_cmd_t){.op = RUNNER_HOST_LOCK_NEW});
}

void lock_release(world_t *world, lock_t *lock)
{
    command_done(world, RUNNER_HOST_LOCK_RELEASE, id_of(lock));
}

semaphore_t *semaphore_new(world_t *world, int64_t value)
{
    return make(world, (runner_host_cmd_t){.op = RUNNER_HOST_SEMAPHORE_NEW, .a = value});
}

void semaphore_release(world_t *world, semaphore_t *semaphore)
{
    command_done(world, RUNNER_HOST_SEMAPHORE_RELEASE, id_of(semaphore));
}

queue_t *queue_new(world_t *world, int64_t most)
{
    return make(
        world, (runner_host_cmd_t){.op = RUNNER_HOST_QUEUE_NEW, .a = most, .b = RUNNER_QUEUE_FIFO});
}

group_t *group_new(world_t *world)
{
    group_t *group = make(world, (runner_host_cmd_t){.op = RUNNER_HOST_GROUP_NEW});
    command_kept(world, (runner_host_cmd_t){.op = RUNNER_HOST_GROUP_OPEN, .id = id_of(group)});
    return group;
}

timeout_t *timeout_new(world_t *world, int64_t ms)
{
    timeout_t *timeout = make(world, (runner_host_cmd_t){.op = RUNNER_HOST_TIMEOUT_NEW});
    command_kept(world, (runner_host_cmd_t){
                            .op = RUNNER_HOST_TIMEOUT_OPEN, .id = id_of(timeout), .a = ns_of(ms)});
    return timeout;
}

outcome_t timeout_close(world_t *world, timeout_t *timeout, const outcome_t *body)
{
    runner_host_cmd_t cmd = {
        .op = RUNNER_HOST_TIMEOUT_CLOSE, .id = id_of(timeout), .status = body->code};
    int code = command(world, &cmd);
    let_go_id(world, id_of(timeout));
    return (outcome_t){.code = code, .errors = code == body->code ? body->errors : NULL};
}

/* --- variables, contexts --- */

var_t *var_new(world_t *world, const char *name)
{
    (void)name;
    return make(world, (runner_host_cmd_t){.op = RUNNER_HOST_VAR_NEW});
}

void var_set(world_t *world, var_t *var, int64_t value)
{
    uint64_t given =
        value_give(&world->held->values, (value_t){.kind = VALUE_VAR, .number = value});
    command_kept(world,
                 (runner_host_cmd_t){.op = RUNNER_HOST_VAR_SET, .id = id_of(var), .b = given});
}

bool var_get(world_t *world, var_t *var, int64_t *value)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_VAR_GET, .id = id_of(var)};
    int code = command(world, &cmd);
    if (code == RUNNER_EPENDING) {
        return false;
    }
    check(code, "reading a variable");
    *value = value_look(&world->held->values, VALUE_VAR, cmd.b).number;
    return true;
}

context_t *context_new(world_t *world)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_CONTEXT_NEW};
    check(command(world, &cmd), "making a context");
    return object_of(world, cmd.id);
}

void context_release(world_t *world, context_t *context)
{
    if (context != NULL) {
        command_done(world, RUNNER_HOST_RELEASE, id_of(context));
    }
}

/* --- callbacks --- */

static uint64_t give_callback(world_t *world, callback_fn_t fn, void *arg)
{
    return value_give(&world->held->values,
                      (value_t){.kind = VALUE_CALLBACK, .fn = fn, .arg = arg});
}

void call_soon(world_t *world, callback_fn_t fn, void *arg)
{
    command_kept(world, (runner_host_cmd_t){.op = RUNNER_HOST_CALL_SOON,
                                            .b = give_callback(world, fn, arg)});
}

alarm_t *call_later(world_t *world, int64_t ms, callback_fn_t fn, void *arg)
{
    return make(world, (runner_host_cmd_t){.op = RUNNER_HOST_CALL_LATER,
                                           .a = ns_of(ms),
                                           .b = give_callback(world, fn, arg)});
}

void alarm_cancel(world_t *world, alarm_t *alarm)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_TIMER_CANCEL, .id = id_of(alarm)};
    (void)command(world, &cmd);
}
