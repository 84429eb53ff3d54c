/*
 * What a condition needs of its lock: taking it, and standing in line for it as part of a longer
 * wait.
 *
 * A task stays in line until it runs, also once the lock was handed to it or it was cancelled: as
 * in the model, a release wakes whoever stands first, and nobody if that one is about to leave.
 * Leaving it wakes the next. So the line has links of its own, beside the entries of the tasks.
 */
#ifndef RUNNER__LOCK_H
#define RUNNER__LOCK_H

#include "runner/lock.h"
#include "waiters.h"

struct runner_lock {
    runner__node_t line;  /* links of waits, in the order of their coming */
    size_t waiters;       /* how many in line were not cancelled */
    runner__home_t *home; /* of those who hold it or stand in line; compared, never looked into */
    uint64_t holder;      /* number of the task that took it */
    uint32_t refs;
    bool locked;
};

/* RUNNER_EFOREIGN if tasks of another loop hold it or wait for it. */
int runner__lock_check(const runner_lock_t *lock, const runner_task_t *task);

/* Takes the lock if it is free and nobody came earlier. */
bool runner__lock_take(runner_lock_t *lock, const runner_task_t *task);

/* Gives it to the first in line; it must be locked. */
void runner__lock_give(runner_lock_t *lock);

/* The last place in line, for a task that is going to park. */
void runner__lock_line_up(runner_lock_t *lock, runner_task_t *task);

/* The cancel of a wait in line. */
bool runner__lock_cut(runner_lock_t *lock, runner__wait_t *wait, const runner__cancel_t *cancel);

/* Leaves the line; whether the task has got the lock. */
bool runner__lock_leave_line(runner_lock_t *lock, runner__wait_t *wait, runner__wait_how_t how);

void runner__lock_unref(runner_lock_t *lock);

#endif
