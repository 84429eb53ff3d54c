/*
 * What went wrong in a task group. It is the beginning of the group itself, so that a failure needs
 * no memory: the record of a child that fails moves from the children to the failures.
 *
 * It is a note, which an outcome of RUNNER_EGROUP carries from task to task; its references are
 * the group's.
 */
#ifndef RUNNER__ERROR_GROUP_H
#define RUNNER__ERROR_GROUP_H

#include "runner/group.h"
#include "task.h"

/* A child of a group, or one that has failed. */
typedef struct runner__member {
    runner__node_t node; /* in the group's children, then in failures or nowhere */
    runner_group_t *group;
    runner_task_t *task; /* held; NULL: the body */
    union {
        runner__entry_t done; /* of a child: waits for its end */
        struct {
            runner__note_t *nested; /* held: what it failed of, if that was a group, or NULL */
            int code;
        } failure;
    };
} runner__member_t;

struct runner_error_group {
    runner__note_t note;
    runner__tasks_t *tasks;
    runner__node_t failures;
    size_t count;
    runner__node_t *cursor; /* where the latest look was */
    size_t cursor_index;
    bool complete; /* the group has ended: whoever holds the errors now is not in them */
    runner__trash_t trash;
};

void runner__error_group_init(runner_error_group_t *errors, runner__tasks_t *tasks,
                              void (*free)(runner__note_t *note));

/* Takes over a member, which says nothing of failures yet. */
void runner__error_group_add(runner_error_group_t *errors, runner__member_t *member, int code,
                             runner__note_t *nested);

/* Frees what the failures hold. `own` is the member that is no object of the pool. */
void runner__error_group_fini(runner_error_group_t *errors, const runner__member_t *own);

#endif
