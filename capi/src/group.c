#include "group.h"

#include "waiters.h"

/* What the pools keep: about a hundred KiB each. */
#define WARM_GROUPS 512
#define WARM_MEMBERS 4096

static const runner__wait_ops_t wait_ops;

void runner__groups_init(runner__tasks_t *tasks)
{
    runner__pool_init(&tasks->groups, sizeof(runner_group_t), WARM_GROUPS);
    runner__pool_init(&tasks->members, sizeof(runner__member_t), WARM_MEMBERS);
}

/* --- life --- */

static void free_thrown(runner__trash_t *trash)
{
    runner_error_group_t *errors = RUNNER__CONTAINER(trash, runner_error_group_t, trash);
    runner_group_t *group = (runner_group_t *)errors;
    runner__tasks_t *tasks = errors->tasks;
    runner__error_group_fini(&group->errors, &group->body);
    runner_task_unref(group->owner);
    runner__pool_give(&tasks->groups, group);
    runner__home_drop(&tasks->home);
}

/* Errors hold tasks that hold errors. */
static void free_group(runner__note_t *note)
{
    runner_error_group_t *errors = (runner_error_group_t *)note;
    runner__home_throw(&errors->tasks->home, &errors->trash, free_thrown);
}

int runner_group_new(runner_group_t **out)
{
    runner__tasks_t *tasks = runner__tasks_current();
    if (out == NULL || tasks == NULL) {
        return out == NULL ? RUNNER_EINVAL : RUNNER_ENOLOOP;
    }
    runner_group_t *group = runner__pool_take(&tasks->groups);
    if (group == NULL) {
        return RUNNER_ENOMEM;
    }
    runner__error_group_init(&group->errors, tasks, free_group);
    runner__home_hold(&tasks->home);
    runner__list_init(&group->children);
    group->count = 0;
    group->owner = NULL;
    group->body_code = 0;
    group->base_code = 0;
    group->state = RUNNER__GROUP_CREATED;
    group->aborting = false;
    group->owner_canceled = false;
    group->canceled_before = false;
    group->propagate = false;
    group->cut_again = false;
    *out = group;
    return 0;
}

void runner_group_unref(runner_group_t *group)
{
    if (group != NULL) {
        runner__group_unref(group);
    }
}

int runner_group_cancel(runner_group_t *group)
{
    int code =
        group != NULL ? runner__home_check_thread(&group->errors.tasks->home) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (group->state == RUNNER__GROUP_CREATED) {
        group->canceled_before = true;
    } else if (group->state != RUNNER__GROUP_FINISHED) {
        if (!group->aborting) {
            runner__group_abort(group);
        }
        if (group->state == RUNNER__GROUP_ENTERED && !group->owner_canceled) {
            runner__group_cancel_owner(group);
        }
    }
    return 0;
}

int runner_group_open(runner_group_t *group)
{
    runner__tasks_t *tasks = runner__tasks_current();
    if (group == NULL) {
        return RUNNER_EINVAL;
    }
    if (group->state != RUNNER__GROUP_CREATED) {
        return RUNNER_EENTERED;
    }
    if (tasks == NULL || tasks->current == NULL) {
        return RUNNER_ENOTASK;
    }
    if (group->errors.tasks != tasks) {
        return RUNNER_EFOREIGN;
    }
    group->owner = runner_task_ref(tasks->current);
    group->cancels = tasks->current->timer.cancels;
    group->state = RUNNER__GROUP_ENTERED;
    if (group->canceled_before) {
        (void)runner_group_cancel(group);
    }
    return 0;
}

/* --- the end --- */

/* The errors win over a cancel from outside, which the owner is then told at its next wait: its
 * count stays as it was. */
static int fail(runner_group_t *group, runner_task_t *owner)
{
    if (owner->timer.cancels > 0) {
        runner__future_set_note(&owner->future, NULL);
        owner->future.task_flags |= RUNNER__TASK_MUST_CANCEL;
    }
    (void)runner__task_take_errors(owner, &group->errors.note);
    return RUNNER_EGROUP;
}

static int outcome(runner_group_t *group, runner_task_t *owner)
{
    bool body_failed = group->body_code != 0 && group->body_code != RUNNER_ECANCELED;
    if (group->base_code != 0) {
        owner->future.task_flags |=
            RUNNER__TASK_ABORTS; /* it ends the run, wherever it comes out */
        return group->base_code;
    }
    if (group->owner_canceled && runner__task_uncancel(owner, RUNNER_REASON_GROUP) == 0) {
        group->propagate = false;
    } else if (group->cut_again && owner->timer.cancels > group->cancels && !body_failed) {
        group->propagate = true; /* a cancel from outside met one of the group's own */
    }
    if (group->propagate && group->errors.count == 0) {
        return RUNNER_ECANCELED;
    }
    if (body_failed) {
        bool is_group = group->body_code == RUNNER_EGROUP && owner->extra != NULL;
        group->body.task = NULL;
        runner__error_group_add(&group->errors, &group->body, group->body_code,
                                is_group ? owner->extra->errors : NULL);
    }
    return group->errors.count > 0 ? fail(group, owner) : 0;
}

/* Every child has ended, or they are waited for. */
static int finish_or_wait(runner_group_t *group)
{
    runner_task_t *owner = group->owner;
    if (group->count > 0) {
        runner__list_init(&owner->timer.entry.node);
        owner->wait.ops = &wait_ops;
        owner->wait.on = group;
        return RUNNER_EPARKED;
    }
    int code = outcome(group, owner);
    group->state = RUNNER__GROUP_FINISHED;
    group->errors.complete = true;
    group->owner = NULL;
    runner_task_unref(owner);
    return code;
}

/* The wait holds a reference, unless it goes on. */
static int over(runner_group_t *group, int code)
{
    if (code != RUNNER_EPARKED) {
        runner__group_unref(group);
    }
    return code;
}

static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_group_t *group = wait->on;
    if (how != RUNNER__WAIT_WOKEN && group->aborting) {
        group->cut_again = true;
    } else if (how != RUNNER__WAIT_WOKEN) {
        group->propagate = true;
        runner__group_abort(group);
    }
    return over(group, finish_or_wait(group));
}

/* The owner was given up: nobody will ask for the outcome. */
static void drop_wait(runner__wait_t *wait)
{
    runner_group_t *group = wait->on;
    group->state = RUNNER__GROUP_FINISHED;
    runner__group_unref(group);
}

static const runner__wait_ops_t wait_ops = {
    .what = "group", .cancel = runner__wait_cut, .end = end_wait, .drop = drop_wait};

static int check_close(const runner_group_t *group, int body_code, runner_task_t **owner)
{
    if (group == NULL || body_code > 0) {
        return RUNNER_EINVAL;
    }
    if (group->state == RUNNER__GROUP_CREATED) {
        return RUNNER_ENOTENTERED;
    }
    if (group->state != RUNNER__GROUP_ENTERED) {
        return RUNNER_EFINISHED;
    }
    int code = 0;
    *owner = runner__task_may_wait(&code);
    if (*owner == NULL) {
        return code;
    }
    return *owner != group->owner ? RUNNER_EOWNER : 0;
}

int runner_group_close(runner_group_t *group, int code)
{
    runner_task_t *owner;
    int refused = check_close(group, code, &owner);
    if (refused != 0) {
        return refused;
    }
    group->state = RUNNER__GROUP_EXITING;
    group->body_code = code;
    group->propagate = code == RUNNER_ECANCELED;
    if (code != 0) {
        if ((owner->future.task_flags & RUNNER__TASK_ABORTS) != 0 && group->base_code == 0) {
            group->base_code = code;
        }
        if (!group->aborting) {
            runner__group_abort(group);
        }
    }
    runner__group_ref(group);
    return runner__park_if(over(group, finish_or_wait(group)), owner);
}

/* --- in one call --- */

static void release_scoped(runner__scoped_t *scoped)
{
    runner__list_remove(&scoped->node);
    runner__group_unref(RUNNER__CONTAINER(scoped, runner_group_t, scoped));
}

/* The errors are handed out with the reference that this function has. */
static int close_scoped(runner_group_t *group, int body_code, runner_error_group_t **errors)
{
    int code = runner_group_close(group, body_code > 0 ? RUNNER_EBADRESULT : body_code);
    if (code == RUNNER_EGROUP && errors != NULL && group->errors.count > 0) {
        *errors = runner_error_group_ref(&group->errors);
    }
    release_scoped(&group->scoped);
    return code;
}

int runner_with_group(runner_group_fn fn, void *arg, runner_error_group_t **errors)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = fn != NULL ? runner__coroutine_current(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    runner_group_t *group;
    code = runner_group_new(&group);
    if (code != 0) {
        return code;
    }
    (void)runner_group_open(group);
    runner__scoped_add(group->errors.tasks, &group->scoped, release_scoped);
    return close_scoped(group, fn(group, arg), errors);
}

/* --- to be looked at --- */

size_t runner_group_count(const runner_group_t *group)
{
    return group != NULL ? group->count : 0;
}

runner_error_group_t *runner_group_errors(runner_group_t *group)
{
    return group != NULL && group->errors.count > 0 ? &group->errors : NULL;
}

runner_group_t *runner__group_awaited(const runner_task_t *task)
{
    return task->wait.ops == &wait_ops ? task->wait.on : NULL;
}
