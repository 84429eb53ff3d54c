/*
 * The host's side of a runner: what the batch interface keeps between two calls.
 *
 * host.c begins, steps and ends; host_batch.c hands tasks out, host_tell.c tells what has happened;
 * host_commands.c and host_objects.c do what the host says, by the public functions, in the name of
 * the task that does it.
 */
#ifndef RUNNER__HOST_H
#define RUNNER__HOST_H

#include "handle.h"
#include "host_ids.h"
#include "runner/host.h"

/* A value of the host that C holds: with a callback, in a queue, in a variable, of a closable. */
typedef struct runner__value {
    runner__node_t node; /* in host->calls or host->dropped */
    struct runner__host *host;
    uint64_t value;
    uint64_t id;  /* of the timer or closable, or 0 */
    bool outside; /* the memory is not of the pool, which is the loop's thread's */
} runner__value_t;

typedef enum runner__host_mode {
    RUNNER__HOST_IDLE, /* nothing has begun */
    RUNNER__HOST_RUN,
    RUNNER__HOST_CLOSE
} runner__host_mode_t;

typedef struct runner__host {
    runner_t *self;
    runner__ids_t ids;
    runner__pool_t values;
    size_t tasks; /* of the host that are not done, and its closables */

    /* What is to be told, in this order. */
    runner__node_t ended;       /* tasks, by their entry, with a reference */
    runner__node_t noticed;     /* ids of watched tasks that were cancelled, as values */
    runner__node_t dropped;     /* values */
    runner__node_t errors;      /* exceptions */
    runner__node_t told_errors; /* told of, and not asked for yet */
    void *asked;                /* the one that the host has asked for last */
    runner__node_t calls;
    runner__node_t returned; /* tasks whose command had its outcome at once */

    /* The batch that is out. */
    runner_host_event_t *events;
    size_t cap;
    size_t count;
    size_t batch;           /* tasks */
    bool complete;          /* no other may be of this batch */
    bool ending;            /* the run will end by what a running task was told */
    runner__node_t out;     /* those of them that have not begun, in their order */
    runner__scope_t called; /* what the callback sees that the host was told of */

    runner__host_mode_t mode;
    bool over;        /* the loop has ended, and code and value say how */
    bool told;        /* so has the host been */
    bool silent;      /* the host is told nothing any more: the runner has closed */
    bool listens;     /* there is somebody to be told */
    bool closing;     /* a guest's handles are being closed, which is the last of its close */
    bool takes_value; /* of a main task in C */
    int code;
    void *value;
    uint64_t main;
    runner__entry_t stopper;
} runner__host_t;

/* The host of a runner, made on first use; NULL without memory. */
runner__host_t *runner__host_of(runner_t *self);

/* Why nothing can be done with a runner now, or 0: NULL, fork, a loop that runs in this thread. */
int runner__host_check(const runner_t *self);

/* Opens the runner if it is new, unless it is closed, and gives its host. */
int runner__host_use(runner_t *self, runner__host_t **out);

/* One turn, after commands: the batch is in host->events. */
int runner__host_turn(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds,
                      runner_host_event_t *events, size_t cap, size_t *n_events);

/* Lets go of everything; the runner is being freed. Before it, `free` gives up host tasks. */
void runner__host_free(runner_t *self);

/* The parts of begin and end that guests share. */
void runner__host_enter_mode(runner__host_t *host, runner__host_mode_t mode);
void runner__host_closed(runner__host_t *host);
int runner__host_begin(runner_t *self, uint64_t context, uint64_t *main);
int runner__host_begin_close(runner_t *self);
int runner__host_finish(runner_t *self);

/* True while there are tasks that only a host can run. */
bool runner__host_has_tasks(const runner_t *self);

/* --- host_batch.c --- */

/* What happens to host tasks without the host. */
extern const runner__host_ops_t runner__host_ops;

/* The hook of the loop: see loop.h. */
bool runner__batch_take(runner__loop_t *loop, runner__entry_t *entry);

/* A new batch, for these events: what was out before counts as begun. */
void runner__batch_begin(runner__host_t *host, runner_host_event_t *events, size_t cap);

bool runner__batch_push(runner__host_t *host, uint64_t task, int kind, int status, uint64_t value);

/* Takes back what is out and was not begun with: it stands in the queue again. */
void runner__batch_return(runner__host_t *host);

/* The task is running from now on, if it is out or was already; else NULL. */
runner_task_t *runner__batch_running(runner__host_t *host, uint64_t id);

/* The running task has parked, or ended. */
void runner__batch_parked(runner__host_t *host, runner_task_t *task);

/* Whether the loop counts a running task as something that can still come. */
void runner__batch_astray(runner__host_t *host, runner_task_t *task, bool uncounted);

/* A task that awaits something runs on, unless it is to be resumed already. */
int runner__batch_unpark(runner__host_t *host, uint64_t id);

/* Its wait was over at once, but the host has suspended it: it is resumed with that. */
void runner__batch_resume(runner__host_t *host, runner_task_t *task, int status, uint64_t value);

/* --- host_tell.c --- */

void runner__tell_init(runner__host_t *host);
void runner__tell_fini(runner__host_t *host);

/* The host is told nothing any more: what was to be told goes. */
void runner__tell_nobody(runner__host_t *host);

/* Tells what has happened. False if there is no room for all of it. */
bool runner__tell(runner__host_t *host);

/* Whether nothing waits to be told. */
bool runner__tell_is_empty(const runner__host_t *host);

/* Keeps an exception to be told; false without memory. */
bool runner__tell_exception(runner__host_t *host, const runner_exception_t *info);

/* The texts of exceptions that were told are not needed any more. */
void runner__tell_forget(runner__host_t *host);

/* A value that C will hold; NULL without memory. It comes back by one of the others. */
runner__value_t *runner__value_new(runner__host_t *host, uint64_t value);
/* The same from any thread. */
runner__value_t *runner__value_new_outside(runner__host_t *host, uint64_t value);
uint64_t runner__value_take(runner__value_t *value);
void runner__value_drop(void *arg);
/* A callback: the value comes with RUNNER_HOST_CALL. */
int runner__value_call(void *arg);

/* --- host_commands.c --- */

/* Does commands, in a thread that runs no loop. */
void runner__host_do(runner__host_t *host, runner_host_cmd_t *cmds, size_t n_cmds);

/* Around what is done in the name of a task, or of nobody. */
void runner__host_enter(runner__host_t *host, runner_task_t *task);
void runner__host_leave(runner__host_t *host);

/* Makes a host task, which is not queued; `value` comes with its start. `id`: in 0 or reserved. */
int runner__host_make_task(runner__host_t *host, uint64_t value, const runner_spawn_options_t *opts,
                           uint64_t *id, runner_task_t **out);

/* What has to be there before an object is made: its id, reserved. */
int runner__host_prepare_id(runner__host_t *host, uint64_t *id);
void runner__host_give_back_id(runner__host_t *host, uint64_t id, bool was_reserved);

/* Then the object has it. */
void runner__host_bind(runner__host_t *host, uint64_t id, runner__kind_t kind, void *object);

/* A task or future; NULL if there is none. */
runner_future_t *runner__host_future(const runner__host_t *host, uint64_t id);
runner_task_t *runner__host_task(const runner__host_t *host, uint64_t id);

/* Releases the reference that the host has of an object. */
int runner__host_release(runner__host_t *host, uint64_t id);

/* --- host_objects.c --- */

int runner__host_do_object(runner__host_t *host, runner_host_cmd_t *cmd);
int runner__host_wait_object(runner__host_t *host, const runner_host_cmd_t *cmd, uint32_t op,
                             runner_task_t *task);
void runner__host_release_object(runner__kind_t kind, void *object);

/* An object was made, or not: binds the id of the command, or gives it back. */
int runner__host_made(runner__host_t *host, runner_host_cmd_t *cmd, runner__kind_t kind, int code,
                      void *object, bool was_reserved);

/* A wait is over: the item that it put or got. */
void runner__host_end_item(runner_task_t *task, int status);

/* Times of commands, for the functions that they stand for. */
uint64_t runner__host_ms(int64_t timeout_ns);
uint64_t runner__host_deadline(runner__host_t *host, int64_t timeout_ns);

/* --- host_registered.c --- */

int runner__host_do_registered(runner__host_t *host, runner_host_cmd_t *cmd);
int runner__host_to_thread(runner__host_t *host, runner_host_cmd_t *cmd, runner_task_t *task);

/* The memory of jobs that shutdown has given up. */
void runner__host_end_jobs(runner__host_t *host);

/* --- host_several.c --- */

void runner__host_took(runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task);

/* --- guest.c --- */

/* The host has done something outside of a turn: a guest looks whether it has to take one. */
void runner__guest_touched(runner_t *self);

#endif
