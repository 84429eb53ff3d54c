/*
 * The task group: an owner whose body opens and closes it, and children that end before that.
 */
#ifndef RUNNER__GROUP_H
#define RUNNER__GROUP_H

#include "error_group.h"
#include "runner/group.h"

void runner__groups_init(runner__tasks_t *tasks);

/* The group that a task is a child of, or NULL. Looks for it among those who wait for its end. */
runner_group_t *runner__group_of_task(const runner_task_t *task);

/* The group whose children a task waits for, or NULL. */
runner_group_t *runner__group_awaited(const runner_task_t *task);

/* The task that has entered it; NULL before, and once it is closed. */
runner_task_t *runner__group_owner(const runner_group_t *group);

/* The first child that has not ended, or NULL; and the one after that. */
runner_task_t *runner__group_first(const runner_group_t *group);
runner_task_t *runner__group_next(const runner_group_t *group, const runner_task_t *child);

#endif
