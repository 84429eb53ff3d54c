/*
 * A small host: its tasks are state machines in C, and it turns a runner step by step.
 *
 *     static int greet(host_task_t *t)
 *     {
 *         switch (t->line) {
 *         case 0:
 *             say(t, "begins");
 *             WAIT(t, SLEEP, .a = MS(5));
 *             say(t, "%s", code_name(t->status));
 *         }
 *         return t->status;
 *     }
 *
 * A body is called again for every RUNNER_HOST_RESUME, and goes on where it waited. What it returns
 * is what its task ends with, `t->result` the value. Commands are written with their operation and
 * their fields: host_do(t, EVENT_SET, .id = event).
 *
 * Every scene is played in several ways: one event at a time or many, with commands given at once
 * or with the next step. They all have to come to the same log.
 */
#ifndef API_HOST_H
#define API_HOST_H

#include "check_support.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MS(n) ((int64_t)(n)*1000000)

/* --- what a host has --------------------------------------------------------------------- */

typedef struct host host_t;
typedef struct host_task host_task_t;
typedef int (*host_fn)(host_task_t *t);

/* Where a task is, as the host sees it. */
enum { HOST_NEW, HOST_RUNS, HOST_PARKED, HOST_OVER };

struct host_task {
    host_t *host;
    uint64_t id; /* 0: nobody, on whose behalf callbacks and main() of the test do commands */
    const char *name;
    host_fn body;
    host_task_t *parent; /* who spawned it */
    int line;            /* where it goes on */
    int phase;
    int outcome; /* once it is over */
    int dropped; /* its id is gone */
    /* of its latest wait */
    int status;
    uint64_t value;
    /* of its latest command */
    uint64_t id_out;
    int64_t a_out;
    uint64_t b_out;
    /* what it ends with, beside the code */
    uint64_t result;
    int64_t done_flags;
    /* for bodies */
    int i;
    uint64_t id_kept;
    host_task_t *other;
    host_task_t *next; /* of all */
};

/* What a value that was given away is for, and how often it came back. */
enum { VALUE_CALL, VALUE_ITEM, VALUE_VAR, VALUE_CLOSABLE };
typedef struct host_value {
    int kind;
    int given;
    int came;    /* called, got, or closed */
    int dropped; /* by RUNNER_HOST_DROP */
    const char *name;
    host_fn fn; /* of a callback, or the body of the task that closes */
} host_value_t;

typedef struct host_error {
    uint64_t task;
    uint64_t value;
    uint64_t duration_ns;
    int code;
    char message[256];
    char name[64];
    char site[64];
} host_error_t;

/* How events and commands go to and fro. */
typedef struct host_way {
    const char *name;
    size_t cap;
    int keeps;    /* commands that only park, spawn or end go with the next step */
    int suspends; /* all waits do, as RUNNER_HOST_SUSPENDED; only right if `cap` is 1 */
} host_way_t;

enum { ONE_CALL, ONE_STEP, MANY_CALL, MANY_KEPT, THREE_KEPT, WAYS };
static const host_way_t host_ways[WAYS] = {
    [ONE_CALL] = {"one event, commands at once", 1, 0, 0},
    [ONE_STEP] = {"one event, commands with the step", 1, 1, 1},
    [MANY_CALL] = {"many events, commands at once", 64, 0, 0},
    [MANY_KEPT] = {"many events, commands with the step", 64, 1, 0},
    [THREE_KEPT] = {"three events, commands with the step", 3, 1, 0},
};

enum { HOST_EVENTS = 64, HOST_KEPT = 64, HOST_MADE = 256, HOST_VALUES = 256, HOST_ERRORS = 64 };

struct host {
    runner_t *runner;
    host_way_t way;
    host_task_t nobody;
    host_task_t *all;
    host_task_t **tasks; /* by the index in their ids */
    size_t n_tasks;
    host_task_t *main;
    runner_host_cmd_t kept[HOST_KEPT];
    size_t n_kept;
    runner_host_event_t arrays[2][HOST_EVENTS]; /* used in turn */
    runner_host_event_t *events;                /* the one that is out */
    size_t n_events;
    int64_t wait_ns;
    int idle_steps; /* without an event and without a wait, one after the other */
    int over;
    int code;                 /* of RUNNER_HOST_END */
    uint64_t result;          /* of main */
    uint64_t made[HOST_MADE]; /* objects that are not released */
    size_t n_made;
    host_value_t values[HOST_VALUES];
    size_t n_values;
    host_error_t errors[HOST_ERRORS];
    int n_errors;
    void (*watch)(host_t *host, const runner_host_event_t *event); /* sees every event first */
};

/* --- values ------------------------------------------------------------------------------ */

/* All 64 bits are the host's. */
#define HOST_VALUE_TAG UINT64_C(0xfeed5eed00000000)

static inline uint64_t host_value(host_t *host, int kind, const char *name, host_fn fn)
{
    ck_assert_uint_lt(host->n_values, HOST_VALUES);
    host->values[host->n_values] = (host_value_t){.kind = kind, .given = 1, .name = name, .fn = fn};
    return HOST_VALUE_TAG | ++host->n_values;
}

static inline host_value_t *host_value_of(host_t *host, uint64_t value)
{
    uint64_t index = value & ~HOST_VALUE_TAG;
    ck_assert_msg((value & HOST_VALUE_TAG) == HOST_VALUE_TAG && index >= 1 &&
                      index <= host->n_values,
                  "%llx is no value of the host", (unsigned long long)value);
    return &host->values[index - 1];
}

/* A value whose call was refused never comes back. */
static inline void host_value_refused(host_t *host, uint64_t value)
{
    host_value_of(host, value)->given = 0;
}

/* An item came out of a queue. Its name. */
static inline const char *host_got(host_t *host, uint64_t value)
{
    host_value_t *item = host_value_of(host, value);
    ck_assert_int_eq(item->kind, VALUE_ITEM);
    item->came++;
    return item->name;
}

static inline void host_check_values(host_t *host)
{
    for (size_t i = 0; i < host->n_values; i++) {
        const host_value_t *value = &host->values[i];
        int ends = value->dropped;
        if (value->kind == VALUE_CALL || value->kind == VALUE_ITEM)
            ends += value->came;
        ck_assert_msg(ends == value->given, "value \"%s\": given %d, came %d, dropped %d",
                      value->name, value->given, value->came, value->dropped);
        ck_assert_int_le(value->came, 1);
    }
}

/* --- tasks by id ------------------------------------------------------------------------- */

static inline uint32_t host_index(uint64_t id)
{
    return (uint32_t)id;
}

static inline host_task_t *host_task(host_t *host, uint64_t id)
{
    host_task_t *t = host_index(id) < host->n_tasks ? host->tasks[host_index(id)] : NULL;
    ck_assert_msg(t != NULL && t->id == id, "event for %llx, which is no task of the host",
                  (unsigned long long)id);
    return t;
}

/* A task that the host knows from now on. No id is used again before its RUNNER_HOST_DROP. */
static inline host_task_t *host_learn(host_t *host, uint64_t id, host_fn body, const char *name)
{
    uint32_t index = host_index(id);
    ck_assert_uint_ne(id, 0);
    if (index >= host->n_tasks) {
        size_t count = (size_t)index * 2 + 16;
        host->tasks = realloc(host->tasks, count * sizeof(host_task_t *));
        ck_assert_ptr_nonnull(host->tasks);
        memset(host->tasks + host->n_tasks, 0, (count - host->n_tasks) * sizeof(host_task_t *));
        host->n_tasks = count;
    }
    ck_assert_ptr_null(host->tasks[index]);
    host_task_t *t = calloc(1, sizeof *t);
    ck_assert_ptr_nonnull(t);
    *t = (host_task_t){.host = host, .id = id, .body = body, .name = name, .next = host->all};
    host->all = t;
    host->tasks[index] = t;
    return t;
}

static inline void host_forget(host_t *host, uint64_t id)
{
    uint32_t index = host_index(id);
    host_task_t *t = index < host->n_tasks ? host->tasks[index] : NULL;
    if (t == NULL || t->id != id)
        return; /* a timer or a closable */
    ck_assert_msg(t->phase == HOST_OVER, "%s was dropped in phase %d", t->name, t->phase);
    t->dropped = 1;
    host->tasks[index] = NULL;
}

static inline void say(const host_task_t *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void say(const host_task_t *t, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_add("%s:%s", t->name, text);
}

/* --- commands ---------------------------------------------------------------------------- */

/* Does an operation end in a wait, whatever happens? */
static inline int host_only_parks(uint32_t op)
{
    return op == RUNNER_HOST_YIELD || op == RUNNER_HOST_SLEEP;
}

static inline void host_check_kept(host_t *host)
{
    for (size_t i = 0; i < host->n_kept; i++) {
        const runner_host_cmd_t *cmd = &host->kept[i];
        if ((cmd->op & RUNNER_HOST_SUSPENDED) == 0)
            ck_assert_code(cmd->status, host_only_parks(cmd->op) ? RUNNER_EPARKED : 0);
    }
    host->n_kept = 0;
}

static inline void host_flush(host_t *host)
{
    if (host->n_kept == 0)
        return;
    ck_assert_code(runner_commands(host->runner, host->kept, host->n_kept), 0);
    host_check_kept(host);
}

static inline void host_keep(host_t *host, const runner_host_cmd_t *cmd)
{
    if (host->n_kept == HOST_KEPT)
        host_flush(host);
    host->kept[host->n_kept++] = *cmd;
}

/* Do a command now, behind those that were kept. Its status; the rest is left in the task. */
static inline int host_do_now(host_task_t *t, runner_host_cmd_t *cmd)
{
    host_t *host = t->host;
    cmd->task = t->id;
    if (host->way.keeps) {
        host_keep(host, cmd);
        ck_assert_code(runner_commands(host->runner, host->kept, host->n_kept), 0);
        *cmd = host->kept[--host->n_kept];
        host_check_kept(host);
    } else {
        cmd->status = runner_command(host->runner, cmd->task, cmd->op, cmd->status, &cmd->id,
                                     &cmd->a, &cmd->b);
    }
    t->id_out = cmd->id;
    t->a_out = cmd->a;
    t->b_out = cmd->b;
    return cmd->status;
}

/* Do a command that waits: now, or with the next step. RUNNER_EPARKED, or its outcome. */
static inline int host_park(host_task_t *t, runner_host_cmd_t *cmd)
{
    host_t *host = t->host;
    cmd->task = t->id;
    if (!host->way.suspends && !(host->way.keeps && host_only_parks(cmd->op))) {
        int status = host_do_now(t, cmd);
        t->value = t->b_out;
        return status;
    }
    if (host->way.suspends)
        cmd->op |= RUNNER_HOST_SUSPENDED;
    host_keep(host, cmd);
    return RUNNER_EPARKED;
}

#define HOST_CMD(operation, ...) (&(runner_host_cmd_t){.op = RUNNER_HOST_##operation, __VA_ARGS__})

/* A command that does not wait. Its status. */
#define host_do(t, operation, ...) host_do_now(t, HOST_CMD(operation, __VA_ARGS__))

/* In a body: wait, and go on with the outcome in `t->status` and `t->value`. */
#define WAIT_FOR(t, expr)                                                                          \
    do {                                                                                           \
        (t)->line = __LINE__;                                                                      \
        (t)->status = (expr);                                                                      \
        if ((t)->status == RUNNER_EPARKED)                                                         \
            return RUNNER_EPARKED;                                                                 \
        __attribute__((fallthrough));                                                              \
    case __LINE__:;                                                                                \
    } while (0)
#define WAIT(t, operation, ...) WAIT_FOR(t, host_park(t, HOST_CMD(operation, __VA_ARGS__)))

/* The same, and the outcome is this one. */
#define WAIT_CODE(t, expected, operation, ...)                                                     \
    do {                                                                                           \
        WAIT(t, operation, __VA_ARGS__);                                                           \
        ck_assert_code((t)->status, expected);                                                     \
    } while (0)

/* --- objects ----------------------------------------------------------------------------- */

/* An object that the host has to release: host_free() does, unless the test did. */
static inline void host_own(host_t *host, uint64_t id)
{
    ck_assert_uint_lt(host->n_made, HOST_MADE);
    ck_assert_uint_ne(id, 0);
    host->made[host->n_made++] = id;
}

/* The test has released it, or the command did that. */
static inline void host_disown(host_t *host, uint64_t id)
{
    for (size_t i = 0; i < host->n_made; i++)
        if (host->made[i] == id) {
            host->made[i] = host->made[--host->n_made];
            return;
        }
    ck_abort_msg("%llx is released twice by the test", (unsigned long long)id);
}

static inline void host_release(host_task_t *t, uint64_t id)
{
    host_disown(t->host, id);
    ck_assert_code(host_do(t, RELEASE, .id = id), 0);
}

static inline uint64_t host_make_now(host_task_t *t, runner_host_cmd_t *cmd)
{
    ck_assert_code(host_do_now(t, cmd), 0);
    host_own(t->host, t->id_out);
    return t->id_out;
}

/* Make an object. Its id. */
#define host_make(t, operation, ...) host_make_now(t, HOST_CMD(operation, __VA_ARGS__))

/* The `b` that a command leaves which succeeds. */
static inline uint64_t host_ask_now(host_task_t *t, runner_host_cmd_t *cmd)
{
    ck_assert_code(host_do_now(t, cmd), 0);
    return t->b_out;
}
#define host_ask(t, operation, ...) host_ask_now(t, HOST_CMD(operation, __VA_ARGS__))

/* Spawn a task in a group or context, which are 0 for none. The status; the task, if that is 0. */
static inline int host_try_spawn(host_task_t *t, uint64_t group, uint64_t context, host_fn body,
                                 const char *name, host_task_t **out)
{
    host_t *host = t->host;
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_SPAWN, .a = (int64_t)group, .b = context};
    int status = 0;
    if (host->way.keeps && group == 0) {
        ck_assert_code(runner_reserve(host->runner, &cmd.id, 1), 0);
        cmd.task = t->id;
        host_keep(host, &cmd);
    } else {
        status = host_do_now(t, &cmd);
    }
    if (status != 0)
        return status;
    *out = host_learn(host, cmd.id, body, name);
    (*out)->parent = t;
    host_own(host, cmd.id);
    return 0;
}

static inline host_task_t *host_spawn_in(host_task_t *t, uint64_t group, host_fn body,
                                         const char *name)
{
    host_task_t *task = NULL;
    ck_assert_code(host_try_spawn(t, group, 0, body, name, &task), 0);
    return task;
}

static inline host_task_t *host_spawn(host_task_t *t, host_fn body, const char *name)
{
    return host_spawn_in(t, 0, body, name);
}

/* The task that was spawned last. */
static inline host_task_t *host_latest(const host_task_t *t)
{
    return t->host->all;
}

/* A task on its own: its failure is reported. */
static inline host_task_t *host_spawn_detached(host_task_t *t, host_fn body, const char *name)
{
    host_task_t *task = host_spawn(t, body, name);
    host_release(t, task->id);
    return task;
}

#endif
