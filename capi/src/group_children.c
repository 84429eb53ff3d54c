/* The children of a group: how they are started, and what their ends do to it. */
#include "base/options.h"
#include "group.h"

void runner__group_abort(runner_group_t *group)
{
    const runner__cancel_t cancel = {RUNNER_REASON_GROUP, NULL};
    group->aborting = true;
    for (runner__node_t *node = group->children.next; node != &group->children; node = node->next) {
        runner_task_t *task = RUNNER__CONTAINER(node, runner__member_t, node)->task;
        (void)runner__task_cancel(task, &cancel);
    }
}

void runner__group_cancel_owner(runner_group_t *group)
{
    const runner__cancel_t cancel = {RUNNER_REASON_GROUP, NULL};
    group->owner_canceled = true;
    (void)runner__task_cancel(group->owner, &cancel);
}

/* What a child ended with, for the group to know. Takes over the member. */
static void account_for(runner_group_t *group, runner__member_t *member)
{
    runner_task_t *task = member->task;
    int code = runner__future_take(&task->future, NULL);
    if (code == 0 || code == RUNNER_ECANCELED || code == RUNNER_EABANDONED) {
        runner__pool_give(&group->errors.tasks->members, member);
        runner__future_unref(&task->future);
        return;
    }
    bool is_group = code == RUNNER_EGROUP;
    runner__error_group_add(&group->errors, member, code, is_group ? task->future.note : NULL);
    if ((task->future.task_flags & RUNNER__TASK_ABORTS) != 0 && group->base_code == 0) {
        group->base_code = code;
    }
    if (group->owner == NULL || runner__future_is_done(&group->owner->future)) {
        runner__task_report(task, "task has failed but the owner of its group is done");
    } else if (!group->aborting && !group->owner_canceled) {
        runner__group_abort(group);
        runner__group_cancel_owner(group);
    }
}

static void child_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__member_t *member = RUNNER__CONTAINER(entry, runner__member_t, done);
    runner_group_t *group = member->group;
    (void)loop;
    runner__list_remove(&member->node);
    group->count--;
    if (group->count == 0 && group->state == RUNNER__GROUP_EXITING &&
        (group->owner->future.task_flags & RUNNER__TASK_QUEUED) == 0) {
        runner__task_queue(group->owner);
    }
    account_for(group, member);
    runner__group_unref(group);
}

/* Why nothing can be spawned into the group, or 0. */
static int check_spawn(const runner_group_t *group)
{
    const runner__tasks_t *tasks = runner__tasks_current();
    if (RUNNER__UNLIKELY(tasks == NULL)) {
        return RUNNER_ENOLOOP;
    }
    if (RUNNER__UNLIKELY(group->errors.tasks != tasks)) {
        return RUNNER_EFOREIGN;
    }
    if (group->state == RUNNER__GROUP_CREATED) {
        return RUNNER_ENOTENTERED;
    }
    if (group->state == RUNNER__GROUP_FINISHED ||
        (group->state == RUNNER__GROUP_EXITING && group->count == 0)) {
        return RUNNER_EFINISHED;
    }
    return group->aborting ? RUNNER_EABORTING : 0;
}

static int spawn_member(runner_group_t *group, runner__body_t body, void *arg, bool coroutine,
                        const runner_spawn_options_t *opts, const void *address,
                        runner_task_t **out)
{
    int code = check_spawn(group);
    if (RUNNER__UNLIKELY(code != 0)) {
        return code;
    }
    runner__member_t *member = runner__pool_take(&group->errors.tasks->members);
    if (RUNNER__UNLIKELY(member == NULL)) {
        return RUNNER_ENOMEM;
    }
    code = runner__task_spawn(body, arg, coroutine, opts, address, &member->task);
    if (RUNNER__UNLIKELY(code != 0)) {
        runner__pool_give(&group->errors.tasks->members, member);
        return code;
    }
    member->group = group;
    if (out != NULL) {
        *out = runner_task_ref(member->task);
    }
    if (RUNNER__UNLIKELY(runner__future_is_done(&member->task->future))) {
        account_for(group, member);
        return 0;
    }
    member->done.run = child_is_done;
    runner__list_push(&member->task->future.waiters, &member->done.node);
    runner__list_push(&group->children, &member->node);
    group->count++;
    runner__group_ref(group);
    if (RUNNER__UNLIKELY(group->aborting)) { /* by its own first step */
        const runner__cancel_t cancel = {RUNNER_REASON_GROUP, NULL};
        (void)runner__task_cancel(member->task, &cancel);
    }
    return 0;
}

/* Whatever comes of it, `arg` is not the caller's any more. */
static inline int spawn(runner_group_t *group, runner__body_t body, void *arg, bool coroutine,
                        const runner_spawn_options_t *opts, const void *address,
                        runner_task_t **out, bool has_body)
{
    runner_spawn_options_t complete;
    if (opts != NULL) {
        int code = runner__options_read(&complete, sizeof complete, opts);
        if (code != 0) {
            return code; /* a struct that cannot be read names no drop */
        }
        opts = &complete;
    }
    int code = RUNNER_EINVAL;
    bool good = opts == NULL || runner__spawn_options_check(opts) == 0;
    if (RUNNER__LIKELY(group != NULL && has_body && good)) {
        code = spawn_member(group, body, arg, coroutine, opts, address, out);
    }
    if (RUNNER__UNLIKELY(code != 0) && opts != NULL && opts->drop != NULL) {
        opts->drop(arg);
    }
    return code;
}

int runner_group_spawn(runner_group_t *group, runner_fn fn, void *arg,
                       const runner_spawn_options_t *opts, runner_task_t **out)
{
    return spawn(group, (runner__body_t){.coroutine = fn}, arg, true, opts,
                 __builtin_return_address(0), out, fn != NULL);
}

int runner_group_spawn_step(runner_group_t *group, runner_step_fn fn, void *arg,
                            const runner_spawn_options_t *opts, runner_task_t **out)
{
    return spawn(group, (runner__body_t){.step = fn}, arg, false, opts, __builtin_return_address(0),
                 out, fn != NULL);
}

static const runner__member_t *membership(const runner_task_t *task)
{
    const runner__node_t *head = &task->future.waiters;
    for (runner__node_t *node = head->next; node != head; node = node->next) {
        runner__entry_t *entry = RUNNER__CONTAINER(node, runner__entry_t, node);
        if (entry->run == child_is_done) {
            return RUNNER__CONTAINER(entry, runner__member_t, done);
        }
    }
    return NULL;
}

runner_group_t *runner__group_of_task(const runner_task_t *task)
{
    const runner__member_t *member = membership(task);
    return member != NULL ? member->group : NULL;
}

/* The first member, from this node on, that has not ended. */
static runner_task_t *first_from(const runner_group_t *group, runner__node_t *node)
{
    for (; node != &group->children; node = node->next) {
        runner_task_t *task = RUNNER__CONTAINER(node, runner__member_t, node)->task;
        if (!runner__future_is_done(&task->future)) {
            return task;
        }
    }
    return NULL;
}

runner_task_t *runner__group_first(const runner_group_t *group)
{
    return first_from(group, group->children.next);
}

runner_task_t *runner__group_next(const runner_group_t *group, const runner_task_t *child)
{
    return first_from(group, membership(child)->node.next);
}
