/*
 * The worker threads of one executor, and the queue that feeds them.
 *
 * Shared between the loop and the threads, by count. A thread that is abandoned at close keeps
 * this alive, and touches nothing else of the runner. Instead of own threads there may be the
 * program's: then this only keeps count of the jobs.
 */
#ifndef RUNNER__WORKERS_H
#define RUNNER__WORKERS_H

#include "job.h"

typedef struct runner__workers runner__workers_t;

/* `theirs` is copied; NULL uses own threads. NULL without memory. */
runner__workers_t *runner__workers_new(runner__home_t *home, unsigned most_threads,
                                       const runner_executor_t *theirs);

/* A job that was accepted holds a reference. */
void runner__workers_unref(runner__workers_t *workers);

/* Accepts a job, or says why not: a code of libuv if there is no thread at all, or the code of the
 * program's executor. */
int runner__workers_submit(runner__workers_t *workers, runner_job_t *job);

/* Accepts a job that somebody has begun with, and will give to runner_job_run(). */
void runner__workers_adopt(runner__workers_t *workers, runner_job_t *job);

/* Takes a job out of the queue; false if it has been started. A job that only the program's
 * executor can find stays there and will not call its function. */
bool runner__workers_cancel(runner__workers_t *workers, runner_job_t *job);

/* Runs what is queued and then ends the threads. `done` is called on the loop after the last job
 * has ended there. */
void runner__workers_shutdown(runner__workers_t *workers, void (*done)(runner_t *self));

/* Joins the threads, or abandons them if jobs have not ended. How many have not. */
size_t runner__workers_release(runner__workers_t *workers);

#endif
