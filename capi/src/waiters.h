/*
 * Tasks that wait for one thing, in the order of their coming: a list of their entries. What all of
 * event, condition, semaphore, barrier and queue have in common.
 *
 * A wait begins in two steps: `begin` fills the task's wait and says RUNNER_EPARKED, and the public
 * function then parks the task. So the end of a wait can begin it again by the same code.
 */
#ifndef RUNNER__WAITERS_H
#define RUNNER__WAITERS_H

#include "coroutine.h"
#include "task.h"

static inline runner_task_t *runner__task_of_entry(runner__node_t *node)
{
    return RUNNER__CONTAINER(node, runner_task_t, timer.entry.node);
}

static inline runner_task_t *runner__task_of_wait(runner__wait_t *wait)
{
    return RUNNER__CONTAINER(wait, runner_task_t, wait);
}

/* Puts a task behind the others, to wait by these ops. */
static inline int runner__waiters_join(runner__node_t *waiters, runner_task_t *task,
                                       const runner__wait_ops_t *ops, void *on)
{
    task->wait.ops = ops;
    task->wait.on = on;
    runner__list_push(waiters, &task->timer.entry.node);
    return RUNNER_EPARKED;
}

/* Wakes the first; false if there is none. */
static inline bool runner__waiters_wake(runner__node_t *waiters)
{
    if (runner__list_empty(waiters)) {
        return false;
    }
    runner__task_queue(runner__task_of_entry(runner__list_pop(waiters)));
    return true;
}

static inline void runner__waiters_wake_all(runner__node_t *waiters)
{
    while (runner__waiters_wake(waiters)) {}
}

/* RUNNER_EFOREIGN if those who wait are of another loop. */
static inline int runner__waiters_check(runner__node_t *waiters, const runner_task_t *task)
{
    bool foreign = !runner__list_empty(waiters) &&
                   runner__task_of_entry(waiters->next)->future.home != task->future.home;
    return RUNNER__UNLIKELY(foreign) ? RUNNER_EFOREIGN : 0;
}

/* RUNNER_ETHREAD if debug mode finds that those who wait are another thread's. */
static inline int runner__waiters_check_thread(runner__node_t *waiters)
{
    if (RUNNER__LIKELY(runner__list_empty(waiters))) {
        return 0;
    }
    return runner__home_check_thread(runner__task_of_entry(waiters->next)->future.home);
}

/* How the wait of a task that is gone stands: woken and not used, or cut. */
static inline runner__wait_how_t runner__wait_lost(runner__wait_t *wait)
{
    uint32_t flags = runner__task_of_wait(wait)->future.task_flags;
    bool woken = (flags & (RUNNER__TASK_QUEUED | RUNNER__TASK_CUT)) == RUNNER__TASK_QUEUED;
    return woken ? RUNNER__WAIT_LATE : RUNNER__WAIT_CUT;
}

/* The running task, if it is a coroutine; else NULL and why not: RUNNER_ENOTASK, RUNNER_ENOTSUP. */
static inline runner_task_t *runner__coroutine_current(int *code)
{
    runner__tasks_t *tasks = runner__tasks_current();
    runner_task_t *task = tasks != NULL ? tasks->current : NULL;
    if (task == NULL || (task->future.task_flags & RUNNER__TASK_COROUTINE) == 0) {
        *code = task == NULL ? RUNNER_ENOTASK : RUNNER_ENOTSUP;
        return NULL;
    }
    return task;
}

/* Parks the running task if `code` says so: what the public functions end with. */
static inline int runner__park_if(int code, runner_task_t *task)
{
    return code == RUNNER_EPARKED ? runner__task_park(task) : code;
}

#endif
