/* What the host says of several objects at once, and with texts. */
#include "base/alloc.h"
#include "closable.h"
#include "gather.h"
#include "handler.h"
#include "host.h"
#include "runner/error.h"
#include "runner/gather.h"
#include "runner/group.h"

/* The futures of ids, to be freed; NULL with the reason in `code`. */
static runner_future_t **futures_of(const runner__host_t *host, const uint64_t *ids, size_t count,
                                    int *code)
{
    runner_future_t **futures = runner__calloc(count > 0 ? count : 1, sizeof(runner_future_t *));
    if (futures == NULL) {
        *code = RUNNER_ENOMEM;
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        futures[i] = runner__host_future(host, ids[i]);
        if (futures[i] == NULL) {
            runner__free(futures);
            *code = RUNNER_EBADID;
            return NULL;
        }
    }
    return futures;
}

static int use(runner_t *self, const uint64_t *ids, size_t count, runner__host_t **host)
{
    if (self == NULL || (ids == NULL && count > 0)) {
        return RUNNER_EINVAL;
    }
    int code = runner__host_use(self, host);
    if (code == 0 && runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        code = RUNNER_ECLOSED;
    }
    return code;
}

int runner_host_gather(runner_t *self, const uint64_t *ids, size_t count, int return_errors,
                       uint64_t *out)
{
    runner__host_t *host;
    runner_future_t *future;
    uint64_t id = 0;
    int code = out != NULL ? use(self, ids, count, &host) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    runner_future_t **futures = futures_of(host, ids, count, &code);
    if (futures == NULL) {
        return code;
    }
    code = runner__host_prepare_id(host, &id);
    if (code == 0) {
        runner__host_enter(host, NULL);
        code = runner__gather(futures, count, return_errors != 0, false, &future);
        runner__host_leave(host);
        if (code == 0) {
            runner__host_bind(host, id, RUNNER__KIND_FUTURE, future);
            *out = id;
        } else {
            runner__host_give_back_id(host, id, false);
        }
    }
    runner__free(futures);
    runner__guest_touched(self);
    return code;
}

int runner_host_wait(runner_t *self, uint64_t task_id, const uint64_t *ids, size_t count,
                     int return_when, int64_t timeout_ns)
{
    runner__host_t *host;
    int code = use(self, ids, count, &host);
    if (code != 0) {
        return code;
    }
    runner_task_t *task = runner__batch_running(host, task_id);
    if (task == NULL) {
        return RUNNER_ENOTASK;
    }
    runner_future_t **futures = futures_of(host, ids, count, &code);
    if (futures == NULL) {
        return code;
    }
    runner__host_enter(host, task);
    task->arg = NULL;
    code = runner_wait(futures, count, return_when, runner__host_ms(timeout_ns), NULL);
    runner__host_leave(host);
    if (code == RUNNER_EPARKED) {
        runner__batch_parked(host, task);
    }
    runner__free(futures);
    runner__guest_touched(self);
    return code;
}

int runner_host_errors(runner_t *self, uint64_t id, uint64_t *tasks, int32_t *codes, size_t cap,
                       size_t *count)
{
    int code = runner__home_check(self);
    if (code != 0 || ((tasks == NULL || codes == NULL) && cap > 0) || count == NULL) {
        return code != 0 ? code : RUNNER_EINVAL;
    }
    runner_group_t *group =
        self->host != NULL ? runner__ids_get(&self->host->ids, id, RUNNER__KIND_GROUP) : NULL;
    if (group == NULL) {
        return RUNNER_EBADID;
    }
    runner_error_group_t *errors = runner_group_errors(group);
    *count = runner_error_group_count(errors);
    for (size_t i = 0; i < *count && i < cap; i++) {
        runner_group_error_t error = {.size = sizeof error};
        (void)runner_error_group_get(errors, i, &error);
        bool is_host =
            error.task != NULL && (error.task->future.task_flags & RUNNER__TASK_HOST) != 0;
        tasks[i] = is_host ? error.task->body.id : 0;
        codes[i] = error.code;
    }
    return 0;
}

static int name_task(runner_t *self, runner_task_t *task, const char *name)
{
    char *copy = name != NULL ? runner__strdup(name) : NULL;
    if (name != NULL && (copy == NULL || !runner__task_add_extra(&self->tasks, task))) {
        runner__free(copy);
        return RUNNER_ENOMEM;
    }
    if (task->extra != NULL) {
        runner__free(task->extra->name);
        task->extra->name = copy;
    }
    return 0;
}

int runner_host_name(runner_t *self, uint64_t id, const char *name)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    const runner__slot_t *slot = self->host != NULL ? runner__ids_find(&self->host->ids, id) : NULL;
    if (slot != NULL && slot->kind == RUNNER__KIND_TASK) {
        return name_task(self, slot->object, name);
    }
    if (slot == NULL || slot->kind != RUNNER__KIND_CLOSABLE) {
        return RUNNER_EBADID;
    }
    bool named = slot->object == NULL || runner__closable_rename(slot->object, name);
    return named ? 0 : RUNNER_ENOMEM;
}

void runner__host_took(runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    char label[32];
    runner__loop_t *loop = runner__loop_of(host->self);
    if (loop->debug && cmd->a > 0 && (uint64_t)cmd->a >= loop->slow_ns) {
        runner_exception_t info = {.size = sizeof info,
                                   .message = "Executing a step took long",
                                   .task = task,
                                   .duration_ns = (uint64_t)cmd->a};
        info.name = task != NULL ? runner__task_label(task, label, sizeof label) : NULL;
        runner__handler_call(loop, &info);
    }
}
