/*
 * A job: a blocking call on its way through the executor and back.
 *
 * The job is shared between the loop and the thread that runs it; the future that it settles
 * belongs to the loop alone. An abandoned job has lost its future and frees itself where it ends.
 */
#ifndef RUNNER__JOB_H
#define RUNNER__JOB_H

#include <stdbool.h>

#include "context.h"
#include "future.h"
#include "runner/executor.h"

struct runner__workers;

typedef enum runner__job_state {
    RUNNER__JOB_QUEUED,
    RUNNER__JOB_RUNNING,
    RUNNER__JOB_ENDED
} runner__job_state_t;

struct runner_job {
    runner__entry_t entry;   /* in a list of the workers, then in the inbox */
    runner_future_t *future; /* NULL once abandoned */
    struct runner__workers *workers;
    runner__scope_t scope; /* what the job sees */
    runner_job_fn fn;
    void *arg;
    runner_drop_fn drop;
    runner_drop_fn result_drop;
    runner__job_state_t state; /* guarded by the workers' lock */
    bool canceled;             /* likewise: will not run any more */
    int code;
    void *value;
};

/* NULL without memory. Nothing is consumed until the workers accept it. */
runner_job_t *runner__job_new(runner__home_t *home, runner_job_fn fn, void *arg,
                              const runner_job_options_t *opts);

/* Takes a job back that nobody accepted: nothing is dropped. */
void runner__job_refuse(runner_job_t *job);

/* On the thread of its choice: calls the function. */
void runner__job_call(runner_job_t *job, runner__home_t *home);

/* On the loop, when it has ended: settles the future and frees the job. */
void runner__job_finish(runner_job_t *job);

/* On the loop: settles the future with `code` now; the job will end without it. */
void runner__job_forget(runner_job_t *job, int code);

/* Frees a job that nobody waits for any more, on any thread. */
void runner__job_discard(runner_job_t *job);

/* The home whose job runs in this thread, or NULL. */
runner__home_t *runner__job_home(void);

#endif
