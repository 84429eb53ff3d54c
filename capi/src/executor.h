/*
 * The executor of one runner: made with the first job, drained and joined at close.
 */
#ifndef RUNNER__EXECUTOR_H
#define RUNNER__EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/executor.h"

/* A job that somebody else runs, by runner_job_run(). On success the caller has a reference of the
 * future that it settles. */
int runner__executor_adopt(runner_t *self, runner_job_fn fn, void *arg,
                           const runner_job_options_t *opts, runner_job_t **job,
                           runner_future_t **out);

/* Refuses jobs from now on; those that were accepted still run. `done` is called on the loop, in a
 * turn of its own, once the last has ended; false if there never was a job, and nothing to wait
 * for. */
bool runner__executor_shutdown(runner_t *self, void (*done)(runner_t *self));

/* Takes back the resources of an executor that was shut down: joins its threads if all jobs have
 * ended, else leaves them to themselves. The number of jobs that had not ended. */
size_t runner__executor_release(runner_t *self);

#endif
