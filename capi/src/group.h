/*
 * The task group: an owner whose body opens and closes it, and children that end before that.
 */
#ifndef RUNNER__GROUP_H
#define RUNNER__GROUP_H

#include "error_group.h"
#include "runner/group.h"

typedef enum runner__group_state {
    RUNNER__GROUP_CREATED,
    RUNNER__GROUP_ENTERED, /* the body runs */
    RUNNER__GROUP_EXITING, /* the owner waits for the children */
    RUNNER__GROUP_FINISHED
} runner__group_state_t;

/* References: the handle, every member, a wait for the end. */
struct runner_group {
    runner_error_group_t errors;
    runner__node_t children; /* in spawn order */
    size_t count;
    runner_task_t *owner; /* held from open to the end, or NULL */
    runner__member_t body;
    runner__scoped_t scoped; /* of runner_with_group() */
    int body_code;
    int base_code;    /* of an abort, which ends the group as it is, or 0 */
    uint32_t cancels; /* of the owner, when it entered */
    runner__group_state_t state;
    bool aborting;        /* the children were cancelled */
    bool owner_canceled;  /* by the group, which takes it back */
    bool canceled_before; /* it was entered */
    bool propagate;       /* the owner was cancelled from outside */
    bool cut_again;       /* its wait was, while the children were being cancelled already */
};

void runner__groups_init(runner__tasks_t *tasks);

static inline void runner__group_ref(runner_group_t *group)
{
    group->errors.note.refs++;
}

static inline void runner__group_unref(runner_group_t *group)
{
    runner__note_unref(&group->errors.note);
}

/* Cancels the children, from now on. */
void runner__group_abort(runner_group_t *group);

/* Cancels the owner, which the group takes back at its end. */
void runner__group_cancel_owner(runner_group_t *group);

/* The group that a task is a child of, or NULL. Looks for it among those who wait for its end. */
runner_group_t *runner__group_of_task(const runner_task_t *task);

/* The group whose children a task waits for, or NULL. */
runner_group_t *runner__group_awaited(const runner_task_t *task);

/* The first child that has not ended, or NULL; and the one after that. */
runner_task_t *runner__group_first(const runner_group_t *group);
runner_task_t *runner__group_next(const runner_group_t *group, const runner_task_t *child);

#endif
