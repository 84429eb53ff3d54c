/*
 * A task with a stack of its own. The task lies in the topmost page of that stack, so that a
 * parked coroutine touches one page.
 */
#ifndef RUNNER__COROUTINE_H
#define RUNNER__COROUTINE_H

#include "task.h"

typedef struct runner__cotask {
    runner_task_t task;
    runner__coro_t coro;
    runner__coro_t *top;  /* where it stopped: its own context, or a generator's on top of it */
    runner__coro_t *back; /* who resumed it, and runs on when it parks */
    runner__stack_t *stack;
    int status;           /* what the wait in progress returns */
} runner__cotask_t;

/* Memory for a coroutine task on a stack of its own; NULL without memory or for an absurd size. */
runner__cotask_t *runner__cotask_alloc(runner__tasks_t *tasks, size_t stack_bytes);
void runner__cotask_free(runner__tasks_t *tasks, runner__cotask_t *cotask);

/* Runs the body on, with `status` as the outcome of its wait, until it parks or returns. */
void runner__cotask_resume(runner__tasks_t *tasks, runner__cotask_t *cotask, int status);

/* Leaves the running coroutine until it is resumed; the outcome of its wait. */
int runner__cotask_park(runner__tasks_t *tasks, runner__cotask_t *cotask);

#endif
