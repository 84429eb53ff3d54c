/* What Ruby and Node hold instead of pointers: a runner, and buffers for commands and events. It
 * goes into the output of both as it is, for C and C++. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Events of the latest step. The library writes to them until the next one, so they are counted: by
 * the host's handle, and by the runner whose step filled them. */
typedef struct core_events {
    size_t refs;
    size_t cap;
    runner_host_event_t *items;
} core_events_t;

/* Commands for a step, in the order in which they were added. */
typedef struct core_commands {
    size_t cap;
    size_t count;
    runner_host_cmd_t *items;
} core_commands_t;

/* A runner; NULL after runner_free(), which every function of the library refuses. */
typedef struct core_runner {
    runner_t *runner;
    core_events_t *offered; /* to the step that is called now */
    core_events_t *written; /* by the library, until another step has succeeded */
} core_runner_t;

static void core_events_unref(core_events_t *events)
{
    if (events == NULL || --events->refs > 0)
        return;
    free(events->items);
    free(events);
}

static core_events_t *core_events_alloc(size_t cap)
{
    core_events_t *events = (core_events_t *)calloc(1, sizeof(*events));
    if (events == NULL)
        return NULL;
    events->items = (runner_host_event_t *)calloc(cap ? cap : 1, sizeof(*events->items));
    if (events->items == NULL) {
        free(events);
        return NULL;
    }
    events->refs = 1;
    events->cap = cap;
    return events;
}

static void core_commands_free(core_commands_t *commands)
{
    if (commands != NULL)
        free(commands->items);
    free(commands);
}

static core_commands_t *core_commands_alloc(size_t cap)
{
    core_commands_t *commands = (core_commands_t *)calloc(1, sizeof(*commands));
    if (commands == NULL)
        return NULL;
    commands->items = (runner_host_cmd_t *)calloc(cap ? cap : 1, sizeof(*commands->items));
    if (commands->items == NULL) {
        free(commands);
        return NULL;
    }
    commands->cap = cap;
    return commands;
}

/* The step has succeeded: its events are borrowed by the library, and those before no more. */
static void core_runner_stepped(core_runner_t *self)
{
    core_events_t *before = self->written;
    self->written = self->offered;
    self->written->refs++;
    core_events_unref(before);
}

static void core_runner_free(core_runner_t *self)
{
    runner_t *runner = self->runner;
    self->runner = NULL;
    runner_free(runner);
    core_events_unref(self->written);
    self->written = NULL;
}

/* The collector of the host has found a runner that nobody holds. Nothing may wait there, so only
 * one that is closed is freed; another one is lost, and the layer above has to complain of it. */
static void core_runner_collect(core_runner_t *self)
{
    if (self->runner == NULL || runner_is_closed(self->runner))
        core_runner_free(self);
    free(self);
}

/* Options by their names. What is a pointer is not for hosts. */
typedef enum { CORE_INT32, CORE_UINT32, CORE_UINT64, CORE_SIZE } core_option_type_t;

static const struct core_option {
    const char *name;
    size_t offset;
    core_option_type_t type;
} core_options[] = {
    {"debug", offsetof(runner_options_t, debug), CORE_INT32},
    {"clock", offsetof(runner_options_t, clock), CORE_INT32},
    {"deadlock", offsetof(runner_options_t, deadlock), CORE_INT32},
    {"signals", offsetof(runner_options_t, signals), CORE_INT32},
    {"poll_interval", offsetof(runner_options_t, poll_interval), CORE_UINT32},
    {"executor_threads", offsetof(runner_options_t, executor_threads), CORE_UINT32},
    {"executor_join_timeout_ms", offsetof(runner_options_t, executor_join_timeout_ms), CORE_UINT64},
    {"cancel_grace_ms", offsetof(runner_options_t, cancel_grace_ms), CORE_UINT64},
    {"closable_grace_ms", offsetof(runner_options_t, closable_grace_ms), CORE_UINT64},
    {"slow_callback_ms", offsetof(runner_options_t, slow_callback_ms), CORE_UINT64},
    {"stack_bytes", offsetof(runner_options_t, stack_bytes), CORE_SIZE},
};

static const struct core_option *core_option_find(const char *name)
{
    size_t i;
    for (i = 0; i < sizeof(core_options) / sizeof(core_options[0]); i++) {
        if (strcmp(core_options[i].name, name) == 0)
            return &core_options[i];
    }
    return NULL;
}
