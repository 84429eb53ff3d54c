/*
 * What a runner_t is made of: the state of every module of this row and of those below.
 */
#ifndef RUNNER__HANDLE_H
#define RUNNER__HANDLE_H

#include <assert.h>

#include "base/pool.h"
#include "executor.h"
#include "handler.h"
#include "report.h"
#include "runner/lifecycle.h"
#include "signals.h"
#include "task.h"

/* The phases of runner_close(). */
typedef enum runner__closing {
    RUNNER__PHASE_CANCEL,    /* tasks that are left are cancelled, and waited for */
    RUNNER__PHASE_CLOSABLES, /* closables are closed; what they leave is a further generation */
    RUNNER__PHASE_EXECUTOR,  /* jobs end */
    RUNNER__PHASE_NONE
} runner__closing_t;

/* What runner_close() keeps while it turns the loop. */
typedef struct runner__shutdown {
    bool active;
    bool turning; /* the phase has begun and not ended */
    bool drained; /* the executor has been */
    bool given_up_before;
    bool phase_done;
    bool late;     /* the grace of the phase is over */
    bool skip;     /* a signal ended it */
    bool give_up;  /* a second one ended all of them */
    unsigned seen; /* signals acted on */
    runner__closing_t phase;
    int generation;
    int code; /* the first thing that went wrong */
    runner__timer_t grace;
    runner__entry_t step;   /* of the phase */
    runner__entry_t stop;   /* ends the phase */
    runner__node_t closers; /* closables that are being closed */
    size_t closers_left;
} runner__shutdown_t;

struct runner {
    runner__tasks_t tasks;
    runner_options_t options;
    runner_executor_t executor;   /* what options.executor points to */
    uv_loop_t *uv;                /* ours or the factory's; NULL before it is opened */
    runner_context_t *context;    /* of the main tasks; copied from the caller when it is opened */
    runner_task_t *main;          /* of the current run */
    runner_error_group_t *errors; /* of the latest, held, or NULL */
    runner__shutdown_t shutdown;
    runner__node_t callbacks; /* every callback that has not run, wherever it stands */
    runner__pool_t callback_pool;
    runner__node_t closables;    /* registered and not being closed, in registration order */
    runner__node_t closed;       /* closables that are over; until the runner is closed */
    bool closables_closed;       /* shutdown has been through them once */
    bool guarded;                /* stack overflows are caught */
    struct runner__posts *posts; /* memory for messages; guarded by the inbox's lock */
    runner__signals_t signals;
    struct runner__host *host;    /* NULL unless it is driven by one */
    struct runner__guest *guest;  /* NULL unless it is one */
    struct runner__workers *jobs; /* NULL until the first job */
    atomic_bool tasks_shut;       /* no further task of another thread is accepted */
    atomic_bool jobs_shut;        /* no further job is accepted */
    runner__handler_t handler;
    runner_report_t report;
};

/* runner_t *, runner__home_t * and runner__loop_t * are the same address; see home.h. */
static_assert(offsetof(struct runner, tasks) == 0, "a runner begins with its tasks");
static_assert(offsetof(runner__tasks_t, home) == 0, "tasks begin with their home");
static_assert(offsetof(runner__home_t, loop) == 0, "a home begins with its loop");

static inline runner_t *runner__of_loop(runner__loop_t *loop)
{
    return (runner_t *)loop;
}

static inline runner__loop_t *runner__loop_of(runner_t *self)
{
    return &self->tasks.home.loop;
}

#endif
