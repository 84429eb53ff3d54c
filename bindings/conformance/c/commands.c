/* How commands are given: at once, or kept for the next step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define NS_PER_MS INT64_C(1000000)
#define DEFAULT_CAPACITY 64
#define MOST_CAPACITY 4096

/* --- the way --- */

static void bad_way(const char *way)
{
    fprintf(stderr, "conformance: CONFORMANCE_HOST is batch, batch:N or plain, not \"%s\"\n", way);
    exit(EXIT_FAILURE);
}

static size_t capacity_of(const char *way)
{
    char *end;
    long capacity = strtol(way + strlen("batch:"), &end, 10);
    if (*end != '\0' || capacity < 1 || capacity > MOST_CAPACITY) {
        bad_way(way);
    }
    return (size_t)capacity;
}

void commands_begin(world_t *world)
{
    struct held *held = world->held;
    const char *way = getenv("CONFORMANCE_HOST");
    held->capacity = DEFAULT_CAPACITY;
    if (way == NULL || *way == '\0' || strcmp(way, "batch") == 0) {
        /* the default */
    } else if (strcmp(way, "plain") == 0) {
        held->plain = true;
        held->capacity = 1;
    } else if (strncmp(way, "batch:", strlen("batch:")) == 0) {
        held->capacity = capacity_of(way);
    } else {
        bad_way(way);
    }
    held->events = arena_array(world->arena, held->capacity, sizeof *held->events);
}

/* --- ids --- */

uint64_t id_of(const void *object)
{
    return ((const object_t *)object)->id;
}

void hold_id(world_t *world, uint64_t id)
{
    struct held *held = world->held;
    if (held->made_count == held->made_room) {
        size_t room = held->made_room == 0 ? FIRST_ROOM : held->made_room * 2;
        uint64_t *made = arena_array(world->arena, room, sizeof *made);
        if (held->made_count > 0) {
            memcpy(made, held->made, held->made_count * sizeof *made);
        }
        held->made = made;
        held->made_room = room;
    }
    held->made[held->made_count++] = id;
}

/* Mostly one of the latest: scopes are made and left in turn. */
void let_go_id(world_t *world, uint64_t id)
{
    struct held *held = world->held;
    size_t at = held->made_count - 1;
    while (held->made[at] != id) {
        at--;
    }
    held->made[at] = held->made[--held->made_count];
    command_kept(world, (runner_host_cmd_t){.op = RUNNER_HOST_RELEASE, .id = id});
}

static uint64_t reserved_id(world_t *world)
{
    struct held *held = world->held;
    if (held->stock_count == 0) {
        check(runner_reserve(world->runner, held->stock, STOCK), "runner_reserve");
        held->stock_count = STOCK;
    }
    return held->stock[--held->stock_count];
}

int64_t ns_of(int64_t ms)
{
    return ms > INT64_MAX / NS_PER_MS ? INT64_MAX : ms * NS_PER_MS;
}

/* --- giving --- */

static void check_command(const runner_host_cmd_t *cmd)
{
    char what[32];
    int wanted = (cmd->op & RUNNER_HOST_SUSPENDED) != 0 ? RUNNER_EPARKED : 0;
    if (cmd->status != wanted) {
        (void)snprintf(what, sizeof what, "command %u", cmd->op & ~RUNNER_HOST_SUSPENDED);
        check(cmd->status != 0 ? cmd->status : RUNNER_EBADRESULT, what);
    }
}

void commands_stepped(world_t *world)
{
    struct held *held = world->held;
    for (size_t i = 0; i < held->kept_count; i++) {
        check_command(&held->kept[i]);
    }
    held->kept_count = 0;
}

void commands_flush(world_t *world)
{
    struct held *held = world->held;
    if (held->kept_count > 0) {
        check(runner_commands(world->runner, held->kept, held->kept_count), "runner_commands");
        commands_stepped(world);
    }
}

static void give_plainly(world_t *world, runner_host_cmd_t *cmd)
{
    cmd->status =
        runner_command(world->runner, cmd->task, cmd->op, cmd->status, &cmd->id, &cmd->a, &cmd->b);
}

static void keep(world_t *world, const runner_host_cmd_t *cmd)
{
    struct held *held = world->held;
    if (held->kept_count == MOST_KEPT) {
        commands_flush(world);
    }
    held->kept[held->kept_count++] = *cmd;
}

/* Together with what was kept before it. */
static void give(world_t *world, runner_host_cmd_t *cmd)
{
    struct held *held = world->held;
    keep(world, cmd);
    check(runner_commands(world->runner, held->kept, held->kept_count), "runner_commands");
    *cmd = held->kept[--held->kept_count];
    commands_stepped(world);
}

static uint64_t running_id(const world_t *world)
{
    return world->held->running != NULL ? world->held->running->id : 0;
}

int command(world_t *world, runner_host_cmd_t *cmd)
{
    cmd->task = running_id(world);
    if (world->held->plain) {
        give_plainly(world, cmd);
    } else {
        give(world, cmd);
    }
    return cmd->status;
}

void command_done(world_t *world, uint32_t op, uint64_t id)
{
    runner_host_cmd_t cmd = {.op = op, .id = id};
    (void)command(world, &cmd);
    check_command(&cmd);
}

void command_kept(world_t *world, runner_host_cmd_t cmd)
{
    if (world->held->plain || !world->held->driving) {
        (void)command(world, &cmd);
        check_command(&cmd);
    } else {
        cmd.task = running_id(world);
        keep(world, &cmd);
    }
}

uint64_t command_make(world_t *world, runner_host_cmd_t cmd)
{
    if (world->held->plain || !world->held->driving) {
        (void)command(world, &cmd);
        check_command(&cmd);
    } else {
        cmd.id = reserved_id(world);
        command_kept(world, cmd);
    }
    hold_id(world, cmd.id);
    return cmd.id;
}

/* A wait can be kept if nobody runs before the step that does it, or if it parks its task whatever
 * happens, and has no effect on others: a task that went on at once would come too late. */
wake_t command_wait(world_t *world, runner_host_cmd_t cmd, bool only_parks)
{
    struct held *held = world->held;
    if (!held->plain && (only_parks || held->last)) {
        cmd.op |= RUNNER_HOST_SUSPENDED;
        command_kept(world, cmd);
        return suspend(world);
    }
    if (command(world, &cmd) != RUNNER_EPARKED) {
        return (wake_t){cmd.status, cmd.b};
    }
    return suspend(world);
}

/* --- the end --- */

static void check_nothing_left(const world_t *world)
{
    const struct held *held = world->held;
    size_t ids = runner_host_count(world->runner);
    size_t callbacks = held->values.out[VALUE_CALLBACK];
    size_t closables = held->values.out[VALUE_CLOSABLE];
    if (ids + callbacks + closables > 0) {
        fprintf(stderr, "conformance: left are %zu ids, %zu callbacks, %zu closables\n", ids,
                callbacks, closables);
        exit(EXIT_FAILURE);
    }
}

static void release(world_t *world, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const runner_host_cmd_t cmd = {.op = RUNNER_HOST_RELEASE, .id = ids[i]};
        if (world->held->plain) {
            command_done(world, cmd.op, cmd.id);
        } else {
            keep(world, &cmd);
        }
    }
}

void commands_release(world_t *world)
{
    const struct held *held = world->held;
    release(world, held->stock, held->stock_count);
    release(world, held->made, held->made_count);
    commands_flush(world);
    check_nothing_left(world);
}
