/*
 * What every way of running shares: who may run, and what came of a run.
 */
#ifndef RUNNER__RUN_H
#define RUNNER__RUN_H

#include "handle.h"

/* Takes the runner for a run or a close; why not, in the order of lifecycle.h. */
int runner__acquire(runner_t *self);
/* The same for those that turn the loop themselves: not of a guest, nor with tasks of a host. */
int runner__acquire_own(runner_t *self);
void runner__release(runner_t *self);

/* Opens the runner on a loop, with a copy of the caller's context. On failure all is as before. */
int runner__open_on(runner_t *self, uv_loop_t *uv);

/* Makes the main task of a run, and queues it. */
int runner__run_make_main(runner_t *self, runner_fn main, void *arg,
                          const runner_run_options_t *opts);

/* What the run of self->main has ended with, which is let go of. */
int runner__run_end(runner_t *self, runner__loop_end_t end, void **result);

/* What a run ended with stays to be looked at; NULL forgets it. */
void runner__run_keep_errors(runner_t *self, runner_error_group_t *errors);

#endif
