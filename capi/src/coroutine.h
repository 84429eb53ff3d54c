/*
 * A task with a stack of its own. The task lies in the topmost page of that stack, so that a
 * parked coroutine touches one page.
 */
#ifndef RUNNER__COROUTINE_H
#define RUNNER__COROUTINE_H

#include "runner/error.h"
#include "task.h"

typedef struct runner__cotask {
    runner_task_t task;
    runner__coro_t coro;
    runner__coro_t *top;  /* where it stopped: its own context, or a generator's on top of it */
    runner__coro_t *back; /* who resumed it, and runs on when it parks */
    runner__stack_t *stack;
    int status; /* what the wait in progress returns */
} runner__cotask_t;

/* A context that runs on top of a task's own: a generator's. */
typedef struct runner__nested {
    runner__coro_t coro;
    runner__coro_t *caller; /* the context below it, while it runs */
    /* The task is given up while it waits in this context, which will not run any more. */
    void (*abandoned)(struct runner__nested *nested);
} runner__nested_t;

/* Gives up every context on top of the task's own. */
void runner__cotask_abandon(runner__cotask_t *cotask);

/* The name of a task for the message of a stack overflow. */
const char *runner__cotask_overflow_label(const void *owner);

/* Where a coroutine begins. */
void runner__cotask_main(void *arg);

/* Memory for a coroutine task on a stack of its own; NULL without memory or for an absurd size. */
static inline runner__cotask_t *runner__cotask_alloc(runner__tasks_t *tasks, size_t stack_bytes)
{
    runner__stack_t *stack = runner__stack_acquire(&tasks->stacks, stack_bytes);
    if (RUNNER__UNLIKELY(stack == NULL)) {
        return NULL;
    }
    runner__cotask_t *cotask = stack->header;
    stack->label = runner__cotask_overflow_label;
    stack->owner = &cotask->task;
    cotask->stack = stack;
    cotask->top = &cotask->coro;
    runner__coro_make(&cotask->coro, stack, runner__cotask_main, cotask);
    return cotask;
}

/* After runner_free() the pool is gone and the stack takes its slab along. */
static inline void runner__cotask_free(runner__tasks_t *tasks, runner__cotask_t *cotask)
{
    runner__stackpool_t *pool = tasks->home.free_last == NULL ? &tasks->stacks : NULL;
    runner__coro_destroy(&cotask->coro);
    runner__stack_release(pool, cotask->stack);
}

/* These are inline, and so are their callers where it matters: a return after a switch goes where
 * the processor does not expect it, and costs as much as the switch. */

/* Runs the body on, with `status` as the outcome of its wait, until it parks or returns. */
static inline void runner__cotask_resume(runner__tasks_t *tasks, runner__cotask_t *cotask,
                                         int status)
{
    runner__coro_t *from = tasks->active;
    cotask->status = status;
    cotask->back = from;
    tasks->active = cotask->top;
    runner__coro_switch(from, cotask->top);
    tasks->active = from;
}

/* Leaves the running coroutine until it is resumed; the outcome of its wait. */
static inline int runner__cotask_park(runner__tasks_t *tasks, runner__cotask_t *cotask)
{
    cotask->top = tasks->active;
    runner__coro_switch(cotask->top, cotask->back);
    return cotask->status;
}

/* Parks the running task, whose wait is filled and whose entry will be queued by what it waits
 * for. The outcome, or RUNNER_EPARKED for a stackless task. */
static inline int runner__task_park(runner_task_t *task)
{
    if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_MUST_CANCEL) != 0)) {
        runner__task_cancel_at_once(task);
    }
    if ((task->future.task_flags & RUNNER__TASK_COROUTINE) == 0) {
        return RUNNER_EPARKED;
    }
    return runner__cotask_park(runner__task_owner(task), (runner__cotask_t *)task);
}

/* Parks the running task until the future is done, of which the wait takes over a reference. */
static inline int runner__task_park_on(runner_task_t *task, runner_future_t *future, void **result)
{
    task->wait.ops = &runner__wait_for_future;
    task->wait.on = future;
    task->wait.out = result;
    runner__list_push(&future->waiters, &task->timer.entry.node);
    return runner__task_park(task);
}

#endif
