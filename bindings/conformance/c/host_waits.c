/* How a host task waits: a command each. */
#include "host.h"

int wait_event(world_t *world, event_t *event)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_EVENT_WAIT, .id = id_of(event)};
    return command_wait(world, cmd, false).status;
}

int wait_lock(world_t *world, lock_t *lock)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_LOCK_ACQUIRE, .id = id_of(lock)};
    return command_wait(world, cmd, false).status;
}

int wait_semaphore(world_t *world, semaphore_t *semaphore)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_SEMAPHORE_ACQUIRE, .id = id_of(semaphore)};
    return command_wait(world, cmd, false).status;
}

int wait_put(world_t *world, queue_t *queue, int64_t item)
{
    values_t *values = &world->held->values;
    uint64_t value = value_give(values, (value_t){.kind = VALUE_ITEM, .number = item});
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_QUEUE_PUT, .id = id_of(queue), .b = value};
    int code = command_wait(world, cmd, false).status;
    if (code != 0) {
        value_drop(values, value);
    }
    return code;
}

int wait_get(world_t *world, queue_t *queue, int64_t *item)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_QUEUE_GET, .id = id_of(queue)};
    wake_t wake = command_wait(world, cmd, false);
    if (wake.status == 0) {
        *item = value_take(&world->held->values, VALUE_ITEM, wake.value).number;
    }
    return wake.status;
}

int wait_turn(world_t *world)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_YIELD};
    return command_wait(world, cmd, true).status;
}

int wait_time(world_t *world, int64_t ms)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_SLEEP, .a = ns_of(ms)};
    return command_wait(world, cmd, true).status;
}

/* Not even one that is known to be pending parks only its task: a cancel that the task was not told
 * of yet is handed on to what it awaits. */
outcome_t wait_future(world_t *world, future_t *future)
{
    const runner_host_cmd_t cmd = {.op = RUNNER_HOST_AWAIT, .id = future->id};
    wake_t wake = command_wait(world, cmd, false);
    return outcome_of(world, wake.status, wake.value);
}

int wait_several(world_t *world, future_t *const *futures, size_t count, int mode, int64_t ms)
{
    commands_flush(world);
    int code =
        runner_host_wait(world->runner, world->held->running->id, ids_of(world, futures, count),
                         count, mode, ms == NO_TIME ? RUNNER_HOST_FOREVER : ns_of(ms));
    return code == RUNNER_EPARKED ? suspend(world).status : code;
}

/* Each with what it is of in turn: a child by its id, the body by what it has ended with. */
static errors_t *errors_of_group(world_t *world, const group_t *group, const outcome_t *body)
{
    size_t room = 8;
    size_t count = 0;
    uint64_t *tasks;
    int32_t *codes;
    for (;;) {
        tasks = arena_array(world->arena, room, sizeof *tasks);
        codes = arena_array(world->arena, room, sizeof *codes);
        check(runner_host_errors(world->runner, id_of(group), tasks, codes, room, &count),
              "runner_host_errors");
        if (count <= room) {
            break;
        }
        room = count;
    }
    errors_t *errors = arena_alloc(world->arena, sizeof *errors + count * sizeof *errors->list);
    errors->count = count;
    for (size_t i = 0; i < count; i++) {
        errors->list[i] = tasks[i] != 0 ? outcome_of(world, codes[i], tasks[i]) : *body;
    }
    return errors;
}

outcome_t wait_group(world_t *world, group_t *group, const outcome_t *body)
{
    const runner_host_cmd_t cmd = {
        .op = RUNNER_HOST_GROUP_CLOSE, .id = id_of(group), .status = body->code};
    outcome_t outcome = {.code = command_wait(world, cmd, false).status};
    if (outcome.code == RUNNER_EGROUP) {
        outcome.errors = errors_of_group(world, group, body);
    }
    let_go_id(world, id_of(group));
    return outcome;
}
