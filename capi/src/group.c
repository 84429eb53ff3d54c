#include "group.h"

#include "base/options.h"
#include "waiters.h"

/* What the pools keep: about a hundred KiB each. */
#define WARM_GROUPS 512
#define WARM_MEMBERS 4096

typedef enum state {
    CREATED,
    ENTERED, /* the body runs */
    EXITING, /* the owner waits for the children */
    FINISHED
} state_t;

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
    state_t state;
    bool aborting;        /* the children were cancelled */
    bool owner_canceled;  /* by the group, which takes it back */
    bool canceled_before; /* it was entered */
    bool propagate;       /* the owner was cancelled from outside */
    bool cut_again;       /* its wait was, while the children were being cancelled already */
};

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

static void unref(runner_group_t *group)
{
    runner__note_unref(&group->errors.note);
}

static void ref(runner_group_t *group)
{
    group->errors.note.refs++;
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
    group->state = CREATED;
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
        unref(group);
    }
}

/* --- cancel --- */

static void abort_children(runner_group_t *group)
{
    const runner__cancel_t cancel = {RUNNER_REASON_GROUP, NULL};
    group->aborting = true;
    for (runner__node_t *node = group->children.next; node != &group->children; node = node->next) {
        runner_task_t *task = RUNNER__CONTAINER(node, runner__member_t, node)->task;
        (void)runner__task_cancel(task, &cancel);
    }
}

static void cancel_owner(runner_group_t *group)
{
    const runner__cancel_t cancel = {RUNNER_REASON_GROUP, NULL};
    group->owner_canceled = true;
    (void)runner__task_cancel(group->owner, &cancel);
}

int runner_group_cancel(runner_group_t *group)
{
    int code =
        group != NULL ? runner__home_check_thread(&group->errors.tasks->home) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (group->state == CREATED) {
        group->canceled_before = true;
    } else if (group->state != FINISHED) {
        if (!group->aborting) {
            abort_children(group);
        }
        if (group->state == ENTERED && !group->owner_canceled) {
            cancel_owner(group);
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
    if (group->state != CREATED) {
        return RUNNER_EENTERED;
    }
    if (tasks == NULL || tasks->current == NULL) {
        return RUNNER_ENOTASK;
    }
    if (group->errors.tasks != tasks) {
        return RUNNER_EFOREIGN;
    }
    group->owner = runner_task_ref(tasks->current);
    group->cancels = tasks->current->cancels;
    group->state = ENTERED;
    if (group->canceled_before) {
        (void)runner_group_cancel(group);
    }
    return 0;
}

/* --- children --- */

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
    if ((task->flags & RUNNER__TASK_ABORTS) != 0 && group->base_code == 0) {
        group->base_code = code;
    }
    if (group->owner == NULL || runner__future_is_done(&group->owner->future)) {
        runner__task_report(task, "task has failed but the owner of its group is done");
    } else if (!group->aborting && !group->owner_canceled) {
        abort_children(group);
        cancel_owner(group);
    }
}

static void child_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__member_t *member = RUNNER__CONTAINER(entry, runner__member_t, done);
    runner_group_t *group = member->group;
    (void)loop;
    runner__list_remove(&member->node);
    group->count--;
    if (group->count == 0 && group->state == EXITING &&
        (group->owner->flags & RUNNER__TASK_QUEUED) == 0) {
        runner__task_queue(group->owner);
    }
    account_for(group, member);
    unref(group);
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
    if (group->state == CREATED) {
        return RUNNER_ENOTENTERED;
    }
    if (group->state == FINISHED || (group->state == EXITING && group->count == 0)) {
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
    ref(group);
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

/* --- the end --- */

/* The errors win over a cancel from outside, which the owner is then told at its next wait: its
 * count stays as it was. */
static int fail(runner_group_t *group, runner_task_t *owner)
{
    if (owner->cancels > 0) {
        runner__future_set_note(&owner->future, NULL);
        owner->flags |= RUNNER__TASK_MUST_CANCEL;
    }
    (void)runner__task_take_errors(owner, &group->errors.note);
    return RUNNER_EGROUP;
}

static int outcome(runner_group_t *group, runner_task_t *owner)
{
    bool body_failed = group->body_code != 0 && group->body_code != RUNNER_ECANCELED;
    if (group->base_code != 0) {
        owner->flags |= RUNNER__TASK_ABORTS; /* it ends the run, wherever it comes out */
        return group->base_code;
    }
    if (group->owner_canceled && runner__task_uncancel(owner, RUNNER_REASON_GROUP) == 0) {
        group->propagate = false;
    } else if (group->cut_again && owner->cancels > group->cancels && !body_failed) {
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
    group->state = FINISHED;
    group->errors.complete = true;
    group->owner = NULL;
    runner_task_unref(owner);
    return code;
}

/* The wait holds a reference, unless it goes on. */
static int over(runner_group_t *group, int code)
{
    if (code != RUNNER_EPARKED) {
        unref(group);
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
        abort_children(group);
    }
    return over(group, finish_or_wait(group));
}

/* The owner was given up: nobody will ask for the outcome. */
static void drop_wait(runner__wait_t *wait)
{
    runner_group_t *group = wait->on;
    group->state = FINISHED;
    unref(group);
}

static const runner__wait_ops_t wait_ops = {
    .what = "group", .cancel = runner__wait_cut, .end = end_wait, .drop = drop_wait};

static int check_close(const runner_group_t *group, int body_code, runner_task_t **owner)
{
    if (group == NULL || body_code > 0) {
        return RUNNER_EINVAL;
    }
    if (group->state == CREATED) {
        return RUNNER_ENOTENTERED;
    }
    if (group->state != ENTERED) {
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
    group->state = EXITING;
    group->body_code = code;
    group->propagate = code == RUNNER_ECANCELED;
    if (code != 0) {
        if ((owner->flags & RUNNER__TASK_ABORTS) != 0 && group->base_code == 0) {
            group->base_code = code;
        }
        if (!group->aborting) {
            abort_children(group);
        }
    }
    ref(group);
    return runner__park_if(over(group, finish_or_wait(group)), owner);
}

/* --- in one call --- */

static void release_scoped(runner__scoped_t *scoped)
{
    runner__list_remove(&scoped->node);
    unref(RUNNER__CONTAINER(scoped, runner_group_t, scoped));
}

/* The errors are handed out with the reference that this function has. */
static int close_scoped(runner_group_t *group, int body_code, runner_error_group_t **errors)
{
    int code = runner_group_close(group, body_code > 0 ? RUNNER_EBADRESULT : body_code);
    if (code == RUNNER_EGROUP && errors != NULL) {
        *errors = runner_error_group_ref(&group->errors);
    }
    release_scoped(&group->scoped);
    return code;
}

int runner_with_group(runner_group_fn fn, void *arg, runner_error_group_t **errors)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = fn != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    if ((task->flags & RUNNER__TASK_COROUTINE) == 0) {
        return RUNNER_ENOTSUP;
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

runner_group_t *runner__group_awaited(const runner_task_t *task)
{
    return task->wait.ops == &wait_ops ? task->wait.on : NULL;
}

runner_task_t *runner__group_owner(const runner_group_t *group)
{
    return group->owner;
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
