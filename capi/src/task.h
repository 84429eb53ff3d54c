/*
 * The task: a future, an entry that takes its next step, a wait link and a cancel count.
 *
 * It is a small state machine without a stack. A coroutine task (coroutine.h) adds one; a
 * stackless task is called again for every step.
 */
#ifndef RUNNER__TASK_H
#define RUNNER__TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "context.h"
#include "coro/coro.h"
#include "future.h"
#include "runner/error.h"
#include "runner/task.h"
#include "wait.h"

enum {
    RUNNER__TASK_COROUTINE = 1,
    RUNNER__TASK_STARTED = 2,
    RUNNER__TASK_QUEUED = 4, /* its entry is in the ready queue, to take a step */
    RUNNER__TASK_RUNNING = 8,
    RUNNER__TASK_MUST_CANCEL = 16, /* the next step is told RUNNER_ECANCELED */
    RUNNER__TASK_RETURNED = 32,    /* the body is over */
    RUNNER__TASK_ABORTS = 64,      /* its error will end the run */
    RUNNER__TASK_VISITED = 128,    /* on the path of a cancel */
    RUNNER__TASK_LEFTOVER = 256,   /* shutdown waits for it */
    RUNNER__TASK_AWAITED = 512,    /* marks of a print in progress */
    RUNNER__TASK_PRINTED = 1024,
    RUNNER__TASK_CUT = 2048,      /* its wait was ended by a cancel */
    RUNNER__TASK_HOST = 4096,     /* its body is the host's */
    RUNNER__TASK_OUT = 8192,      /* it was handed to the host, which may not have begun with it */
    RUNNER__TASK_PUTS = 16384,    /* its arg is an item of the host, which it puts */
    RUNNER__TASK_GETS = 32768,    /* its arg will be one */
    RUNNER__TASK_ASTRAY = 131072, /* it runs, and the loop does not count it */
    RUNNER__TASK_WATCHED = 65536, /* the host wants to be told of a cancel while it runs */
};

/* What few tasks have. */
typedef struct runner__task_extra {
    char *name;
    const char *site;
    const void *address;    /* debug: who spawned it */
    runner__note_t *errors; /* of the latest RUNNER_EGROUP that it was told, or NULL */
    runner_drop_fn drop;
    runner_drop_fn result_drop;
} runner__task_extra_t;

typedef union runner__body {
    runner_fn coroutine;
    runner_step_fn step;
    uint64_t id; /* of a host task, in host_ids.h; its arg is what its wait has brought */
} runner__body_t;

/* What the host's side is told of its tasks. */
typedef struct runner__host_ops {
    void (*freed)(runner_task_t *task);
    void (*abandoned)(runner_task_t *task);
    /* A cancel has come, or was taken back, while it was out. */
    void (*revised)(runner_task_t *task);
    /* A cancel has come while it runs, and the host watches it. */
    void (*noticed)(runner_task_t *task);
} runner__host_ops_t;

/* Ordered by how often a step touches it. A parked stackless task is this and a timer's slot: its
 * flags and its count of cancels lie where the future and the timer have room. */
struct runner_task {
    runner_future_t future;
    runner__timer_t timer; /* its entry is the task's */
    runner__wait_t wait;
    runner__body_t body;
    void *arg;
    runner__scope_t scope;
    runner__node_t all;
    runner__task_extra_t *extra;
    uint64_t id;
    uint64_t parent;  /* number of the spawner */
    uint64_t reasons; /* of the requests, four bits each, the latest lowest */
};

/* What the tasks of one runner share; begins with the home that their futures refer to. */
typedef struct runner__tasks {
    runner__home_t home;
    runner_task_t *current; /* takes a step now */
    runner__coro_t *active; /* the context that runs now: native, a coroutine or a generator */
    runner__coro_t native;  /* the stack that called the loop */
    runner__stackpool_t stacks;
    runner__pool_t plain; /* of stackless tasks */
    runner__pool_t extras;
    runner__pool_t groups; /* this and the next two: the layer above says of what size */
    runner__pool_t members;
    runner__pool_t timeouts;
    const runner__host_ops_t *host_ops; /* NULL before there are host tasks */
    struct runner__poller *poller;      /* NULL before a task has waited for a descriptor */
    runner__node_t scoped;              /* what running functions have opened and will close */
    runner__node_t all;                 /* tasks that are not done, in spawn order */
    size_t count;                       /* how many */
    uint64_t spawned;
    runner__node_t
        leftovers;         /* those that shutdown has cancelled, in spawn order, also done ones */
    size_t leftovers_left; /* how many of them are not done */
    runner__entry_t leftovers_done; /* queued when the last of them is */
    bool aborts;                    /* the running callback has called runner_abort() */
    int abort_code;                 /* what runner_abort() ended the run with, or 0 */
} runner__tasks_t;

int runner__tasks_init(runner__tasks_t *tasks, const runner__loop_hooks_t *hooks,
                       size_t stack_bytes);
/* No task is left that has not ended; handles may be. */
void runner__tasks_fini(runner__tasks_t *tasks);

/* There is time: gives memory back that a burst has left. */
void runner__tasks_tidy(runner__tasks_t *tasks);

/* What a function has opened for the time that it runs. It may be given up in the middle, with its
 * stack: so these are found by the runner, which releases at its end what is left. */
typedef struct runner__scoped {
    runner__node_t node;
    void (*release)(struct runner__scoped *scoped);
} runner__scoped_t;

static inline void runner__scoped_add(runner__tasks_t *tasks, runner__scoped_t *scoped,
                                      void (*release)(runner__scoped_t *scoped))
{
    scoped->release = release;
    runner__list_push(&tasks->scoped, &scoped->node);
}

/* No task runs any more: releases what such functions have left. */
void runner__scoped_release_all(runner__tasks_t *tasks);

/* Around every run: which native stack the loop is on. */
void runner__tasks_enter(runner__tasks_t *tasks);
void runner__tasks_leave(runner__tasks_t *tasks);

/* Makes a task with one reference for the runner, given back when it ends, and none for the
 * caller. It is not queued. `opts` are checked and complete; NULL is all defaults. */
int runner__task_new(runner__tasks_t *tasks, runner__body_t body, void *arg, bool coroutine,
                     const runner_spawn_options_t *opts, runner_task_t **out);

/* Makes a task and starts it, with a reference for the caller. `opts` are checked and complete; NULL
 * is all defaults. `address`: who spawned it. */
int runner__task_spawn(runner__body_t body, void *arg, bool coroutine,
                       const runner_spawn_options_t *opts, const void *address,
                       runner_task_t **out);

/* Why the options of a caller, complete, are refused; or 0. */
int runner__spawn_options_check(const runner_spawn_options_t *complete);

/* Gives a task its extra, if it has none; false without memory. */
bool runner__task_add_extra(runner__tasks_t *tasks, runner_task_t *task);

/* The entry of a task: takes its next step. */
void runner__task_entry(runner__loop_t *loop, runner__entry_t *entry);

/* Queues its next step. */
static inline void runner__task_queue(runner_task_t *task)
{
    task->timer.entry.run = runner__task_entry;
    task->future.task_flags |= RUNNER__TASK_QUEUED;
    runner__loop_push(&task->future.home->loop, &task->timer.entry);
}

/* Takes its next step now. */
void runner__task_step(runner_task_t *task);

/* A step of a host task in two parts. The first ends its wait; false if there is nothing to run: the
 * wait goes on, or it was cancelled before it ever ran and has ended. */
bool runner__task_wake(runner_task_t *task, int *status);
/* The second, if the body is over. */
void runner__task_end(runner_task_t *task, int code, void *value);

/* Ends a task that cannot go on, without running it. */
void runner__task_abandon(runner_task_t *task);

/* Tells the exception handler about the task's error, in the task's context. */
void runner__task_report(runner_task_t *task, const char *message);

/* The task as the label of a report; `text` is used if it has no name. */
const char *runner__task_label(const runner_task_t *task, char *text, size_t size);

/* Where it was spawned, or NULL; `text` is used in debug mode. */
const char *runner__task_site(const runner_task_t *task, char *text, size_t size);

/* A request to end, handed down to the innermost wait; false if the task is done. */
bool runner__task_cancel(runner_task_t *task, const runner__cancel_t *cancel);

/* The same for a future of any kind. */
bool runner__cancel(runner_future_t *future, const runner__cancel_t *cancel);

/* Takes a request back, of this reason if there is one; how many are left. */
uint32_t runner__task_uncancel(runner_task_t *task, unsigned reason);

/* Was told of an outcome that has a note. */
void runner__task_take_note(runner_task_t *task, const runner_future_t *future);

/* Was told RUNNER_EGROUP: if it ends with that, it was because of these. False without memory. */
bool runner__task_take_errors(runner_task_t *task, runner__note_t *errors);

/* What it waits for, in a word; NULL if it does not wait or will run next. */
const char *runner__task_waits(const runner_task_t *task);

/* The future of a task? */
bool runner__future_is_task(const runner_future_t *future);

/* The task that this one waits for, or NULL. */
runner_task_t *runner__task_awaited(const runner_task_t *task);

/* The number of the task that has to do something first, such as release a lock, or 0. */
uint64_t runner__task_holder(const runner_task_t *task);

/* The tasks of the loop that runs in this thread, or NULL. */
static inline runner__tasks_t *runner__tasks_current(void)
{
    return (runner__tasks_t *)runner__loop_current;
}

static inline runner__tasks_t *runner__task_owner(const runner_task_t *task)
{
    return (runner__tasks_t *)task->future.home;
}

static inline runner_task_t *runner__task_of_future(runner_future_t *future)
{
    return RUNNER__CONTAINER(future, runner_task_t, future);
}

/* The cancel of a wait that needs nothing but the waiter taken out of its list. */
bool runner__wait_cut(runner__wait_t *wait, const runner__cancel_t *cancel);

/* The running task, if it may wait now; else NULL and why not: RUNNER_ENOTASK, or RUNNER_EBUSY
 * for a stackless task that is parked already. */
static inline runner_task_t *runner__task_may_wait(int *code)
{
    runner__tasks_t *tasks = runner__tasks_current();
    runner_task_t *task = tasks != NULL ? tasks->current : NULL;
    if (RUNNER__UNLIKELY(task == NULL)) {
        *code = RUNNER_ENOTASK;
    } else if (RUNNER__UNLIKELY(task->wait.ops != NULL ||
                                (task->future.task_flags & RUNNER__TASK_QUEUED) != 0)) {
        *code = RUNNER_EBUSY;
        return NULL;
    }
    return task;
}

/* The running task was cancelled before it parked: the wait that it begins is cancelled at once. */
void runner__task_cancel_at_once(runner_task_t *task);

#endif
