/* What Ruby and Node have in common: buffers.h, and functions that read and fill the buffers
 * without making an object for each event or command.
 *
 *     events = core_events_new(256)
 *     code, count, wait_ns = runner_step(runner, commands, events)
 *     core_event_kind(events, 0) ...
 *
 * A result with outputs is a list: the code, then the outputs in the order of the parameters. What
 * is written only on success is 0 or nothing after a failure. */

%inline %{
static core_events_t *core_events_new(size_t capacity) { return core_events_alloc(capacity); }

/* Of an event that is not there, all is 0: RUNNER_HOST_NONE. */
static uint64_t core_event_task(const core_events_t *events, size_t index)
{
    return index < events->cap ? events->items[index].task : 0;
}

static int32_t core_event_kind(const core_events_t *events, size_t index)
{
    return index < events->cap ? events->items[index].kind : 0;
}

static int32_t core_event_status(const core_events_t *events, size_t index)
{
    return index < events->cap ? events->items[index].status : 0;
}

static uint64_t core_event_value(const core_events_t *events, size_t index)
{
    return index < events->cap ? events->items[index].value : 0;
}

static core_commands_t *core_commands_new(size_t capacity) { return core_commands_alloc(capacity); }

/* 0, or RUNNER_EFULL: give them to the library, then clear. */
static int core_commands_add(core_commands_t *commands, uint64_t task, uint32_t op, int32_t status,
                             uint64_t id, int64_t a, uint64_t b)
{
    runner_host_cmd_t *command;
    if (commands->count == commands->cap)
        return RUNNER_EFULL;
    command = &commands->items[commands->count++];
    command->task = task;
    command->op = op;
    command->status = status;
    command->id = id;
    command->a = a;
    command->b = b;
    return 0;
}

static size_t core_commands_count(const core_commands_t *commands) { return commands->count; }

static void core_commands_clear(core_commands_t *commands) { commands->count = 0; }

/* Outcomes, until the next clear. */
static int32_t core_command_status(const core_commands_t *commands, size_t index)
{
    return index < commands->count ? commands->items[index].status : RUNNER_EINVAL;
}

static uint64_t core_command_id(const core_commands_t *commands, size_t index)
{
    return index < commands->count ? commands->items[index].id : 0;
}

static int64_t core_command_a(const core_commands_t *commands, size_t index)
{
    return index < commands->count ? commands->items[index].a : 0;
}

static uint64_t core_command_b(const core_commands_t *commands, size_t index)
{
    return index < commands->count ? commands->items[index].b : 0;
}
%}

/* Constants that SWIG does not find, since their values are macros of <stdint.h>. */
%constant uint32_t RUNNER_HOST_SUSPENDED = RUNNER_HOST_SUSPENDED;
%constant int64_t RUNNER_HOST_FOREVER = RUNNER_HOST_FOREVER;
%constant uint64_t RUNNER_FOREVER = RUNNER_FOREVER;
%constant uint64_t RUNNER_NO_WAIT = RUNNER_NO_WAIT;
