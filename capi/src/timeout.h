/*
 * The timeout: a timer that cancels the task that has entered it, and the arithmetic by which its
 * end knows whether the cancel was its own.
 */
#ifndef RUNNER__TIMEOUT_H
#define RUNNER__TIMEOUT_H

#include "runner/timeout.h"
#include "task.h"

void runner__timeouts_init(runner__tasks_t *tasks);

/* A timeout of the loop of this thread; NULL without memory. */
runner_timeout_t *runner__timeout_new(runner__tasks_t *tasks);

/* Enters it for a task, with a deadline so far from now. */
int runner__timeout_enter(runner_timeout_t *timeout, runner_task_t *task, uint64_t timeout_ms);

/* Leaves it: what the code of the body becomes. */
int runner__timeout_leave(runner_timeout_t *timeout, int code);

void runner__timeout_free(runner_timeout_t *timeout);

#endif
