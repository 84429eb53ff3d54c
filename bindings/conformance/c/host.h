/*
 * What the files of the host mode share: objects by their ids, and how commands are given.
 *
 * CONFORMANCE_HOST says how: `batch` (the default) takes many events in a step and keeps what can be
 * kept for the next one, `batch:N` at most N events; `plain` takes one event in a step, and gives
 * each command by a call of its own.
 */
#ifndef CONFORMANCE_HOST_H
#define CONFORMANCE_HOST_H

#include "body.h"
#include "stacks.h"
#include "values.h"

/* Objects of most types are nothing but their id. */
typedef struct object {
    uint64_t id;
} object_t;

/* A future, or a task, which is one. */
struct future {
    uint64_t id;
    body_t *body;   /* of a task; NULL for other futures */
    bool is_closer; /* the library has made it, to close a closable */
    bool over;      /* it has ended, as far as the host was told */
    fiber_t *fiber; /* while its body runs or is suspended */
    outcome_t end;  /* of its body */
    int status;     /* of its latest wait */
    uint64_t value; /* likewise */
};

struct errors {
    size_t count;
    outcome_t list[];
};

#define MOST_KEPT 64
#define STOCK 32
#define FIRST_ROOM 32

struct held {
    bool plain;
    bool driving; /* a run or a close is under way */
    bool last;    /* no event of the batch stands behind the one that is worked */
    size_t capacity;
    runner_host_event_t *events;
    runner_host_cmd_t kept[MOST_KEPT]; /* for the next step */
    size_t kept_count;
    uint64_t stock[STOCK]; /* reserved ids */
    size_t stock_count;
    uint64_t *made; /* ids that have to be released */
    size_t made_count;
    size_t made_room;
    future_t **tasks; /* by the index in their ids */
    size_t tasks_room;
    future_t *running; /* NULL: no task */
    values_t values;
};

/* How a wait has ended. */
typedef struct wake {
    int status;
    uint64_t value;
} wake_t;

/* --- commands.c --- */

void commands_begin(world_t *world);

/* Does a command on behalf of the running task; its status. What it leaves is filled in. */
int command(world_t *world, runner_host_cmd_t *cmd);

/* The same for one that is always done. */
void command_done(world_t *world, uint32_t op, uint64_t id);

/* Does one that is always done and cannot change the events of the tasks behind in the batch: at the
 * latest with the next step. */
void command_kept(world_t *world, runner_host_cmd_t cmd);

/* The same with one that makes an object, which is released at the end. */
uint64_t command_make(world_t *world, runner_host_cmd_t cmd);

/* Waits. `only_parks`: nothing comes of it but that the running task is parked. */
wake_t command_wait(world_t *world, runner_host_cmd_t cmd, bool only_parks);

/* Does what was kept. */
void commands_flush(world_t *world);

/* After the step that was given what was kept. */
void commands_stepped(world_t *world);

/* Has an id released at the end. */
void hold_id(world_t *world, uint64_t id);

/* Releases one of them before that. */
void let_go_id(world_t *world, uint64_t id);

/* Releases all that are left. */
void commands_release(world_t *world);

/* Of any object but a future. */
uint64_t id_of(const void *object);

/* Saturated; at and above INT64_MAX is never. */
int64_t ns_of(int64_t ms);

/* --- host_tasks.c --- */

future_t *future_make(world_t *world, uint64_t id, body_t *body);

/* NULL if no task of the host has it. */
future_t *task_of(const world_t *world, uint64_t id);

/* Suspends the running task, which is parked. */
wake_t suspend(world_t *world);

/* Tells of the errors that the running task has just caused: no event will. */
void report_early(world_t *world);

/* A failure is identified by the id of the task or future that has failed. */
outcome_t outcome_of(const world_t *world, int code, uint64_t value);

uint64_t *ids_of(world_t *world, future_t *const *futures, size_t count);

/* As the library takes them: 64 bits. */
static inline uint64_t value_of(int64_t number)
{
    return (uint64_t)number;
}

static inline int64_t number_of(uint64_t value)
{
    return (int64_t)value;
}

#endif
