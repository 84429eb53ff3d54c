#include "error_group.h"

#include "base/options.h"

void runner__error_group_init(runner_error_group_t *errors, runner__tasks_t *tasks,
                              void (*free)(runner__note_t *note))
{
    errors->note = (runner__note_t){.refs = 1, .is_errors = true, .free = free};
    errors->tasks = tasks;
    errors->count = 0;
    errors->cursor = NULL;
    errors->complete = false;
    runner__list_init(&errors->failures);
}

void runner__error_group_add(runner_error_group_t *errors, runner__member_t *member, int code,
                             runner__note_t *nested)
{
    member->failure.nested = runner__note_ref(nested);
    member->failure.code = code;
    runner__list_push(&errors->failures, &member->node);
    errors->count++;
}

void runner__error_group_fini(runner_error_group_t *errors, const runner__member_t *own)
{
    while (!runner__list_empty(&errors->failures)) {
        runner__node_t *node = runner__list_pop(&errors->failures);
        runner__member_t *member = RUNNER__CONTAINER(node, runner__member_t, node);
        runner__note_unref(member->failure.nested);
        runner_task_unref(member->task);
        if (member != own) {
            runner__pool_give(&errors->tasks->members, member);
        }
    }
}

size_t runner_error_group_count(const runner_error_group_t *errors)
{
    return errors != NULL ? errors->count : 0;
}

/* From where the latest look was, if that is before. */
static const runner__member_t *nth(runner_error_group_t *errors, size_t index)
{
    runner__node_t *at = errors->failures.next;
    size_t here = 0;
    if (errors->cursor != NULL && errors->cursor_index <= index) {
        at = errors->cursor;
        here = errors->cursor_index;
    }
    for (; here < index; here++) {
        at = at->next;
    }
    errors->cursor = at;
    errors->cursor_index = index;
    return RUNNER__CONTAINER(at, runner__member_t, node);
}

int runner_error_group_get(runner_error_group_t *errors, size_t index, runner_group_error_t *out)
{
    if (errors == NULL || out == NULL || index >= errors->count) {
        return RUNNER_EINVAL;
    }
    const runner__member_t *member = nth(errors, index);
    runner_group_error_t error = {.size = sizeof error,
                                  .task = member->task,
                                  .nested = (runner_error_group_t *)member->failure.nested,
                                  .code = member->failure.code};
    return runner__options_write(out, &error, sizeof error);
}

int runner_error_group_raise(runner_error_group_t *errors)
{
    runner__tasks_t *tasks = runner__tasks_current();
    if (errors == NULL) {
        return RUNNER_EINVAL;
    }
    if (tasks == NULL || tasks->current == NULL) {
        return RUNNER_ENOTASK;
    }
    if (errors->tasks != tasks) {
        return RUNNER_EFOREIGN;
    }
    if (!errors->complete) {
        return RUNNER_EPENDING;
    }
    return runner__task_take_errors(tasks->current, &errors->note) ? RUNNER_EGROUP : RUNNER_ENOMEM;
}

runner_error_group_t *runner_error_group_ref(runner_error_group_t *errors)
{
    if (errors != NULL) {
        errors->note.refs++;
    }
    return errors;
}

void runner_error_group_unref(runner_error_group_t *errors)
{
    if (errors != NULL) {
        runner__note_unref(&errors->note);
    }
}
