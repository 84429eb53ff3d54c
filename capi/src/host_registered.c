/* What the runner keeps for its host beside tasks and objects: callbacks, variables, jobs, closables. */
#include "base/alloc.h"
#include "callback.h"
#include "closable.h"
#include "coroutine.h"
#include "executor.h"
#include "handler.h"
#include "host.h"
#include "runner/callback.h"
#include "runner/context.h"
#include "runner/error.h"

/* --- callbacks --- */

static int call_soon(runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner__value_t *value = runner__value_new(host, cmd->b);
    if (value == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = runner_call_soon(host->self, runner__value_call, value, runner__value_drop);
    if (code != 0) {
        (void)runner__value_take(value);
    }
    return code;
}

static int start_timer(runner__host_t *host, const runner_host_cmd_t *cmd, void **out)
{
    int64_t when_ns = cmd->a;
    runner__value_t *value = runner__value_new(host, cmd->b);
    if (value == NULL) {
        return RUNNER_ENOMEM;
    }
    if (cmd->op == RUNNER_HOST_CALL_LATER) {
        int64_t now_ns = runner__loop_time(runner__loop_of(host->self));
        when_ns = cmd->a > INT64_MAX - now_ns ? INT64_MAX : now_ns + cmd->a;
    }
    value->id = cmd->id;
    int code = runner__call_at(host->self, when_ns, runner__value_call, value, runner__value_drop,
                               (runner_timer_t **)out);
    if (code != 0) {
        (void)runner__value_take(value);
    }
    return code;
}

int runner_host_post(runner_t *self, uint64_t value)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    if (self->host == NULL) {
        return RUNNER_ENOLOOP;
    }
    runner__value_t *post = runner__value_new_outside(self->host, value);
    if (post == NULL) {
        return RUNNER_ENOMEM;
    }
    code = runner_call_soon_threadsafe(self, runner__value_call, post, runner__value_drop);
    if (code != 0) {
        (void)runner__value_take(post);
    }
    return code;
}

/* --- variables --- */

static int set_var(runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner_var_t *var = runner__ids_get(&host->ids, cmd->id, RUNNER__KIND_VAR);
    runner__value_t *value = var != NULL ? runner__value_new(host, cmd->b) : NULL;
    if (value == NULL) {
        return var != NULL ? RUNNER_ENOMEM : RUNNER_EBADID;
    }
    int code = runner_var_set(var, value);
    if (code != 0) {
        (void)runner__value_take(value);
    }
    return code;
}

static int get_var(const runner__host_t *host, runner_host_cmd_t *cmd)
{
    const runner_var_t *var = runner__ids_get(&host->ids, cmd->id, RUNNER__KIND_VAR);
    void *value;
    int code = var != NULL ? runner_var_get(var, &value) : RUNNER_EBADID;
    if (code == 0) {
        cmd->b = ((const runner__value_t *)value)->value;
    }
    return code;
}

/* --- closables --- */

/* The host has no reference of this task: what comes of it, shutdown looks at. */
static int make_closer(runner_t *self, void *arg, const runner_spawn_options_t *opts,
                       runner_task_t **out)
{
    const runner__value_t *value = arg;
    uint64_t id = 0;
    int code = runner__host_make_task(self->host, value->value, opts, &id, out);
    return code != 0 ? code : runner__host_release(self->host, id);
}

static void drop_closable(void *arg)
{
    runner__value_t *value = arg;
    runner__host_t *host = value->host;
    runner__slot_t *slot = runner__ids_find(&host->ids, value->id);
    if (slot != NULL) {
        slot->object = NULL;
    }
    host->tasks--;
    runner__value_drop(value);
}

static int register_closable(runner__host_t *host, const runner_host_cmd_t *cmd, void **out)
{
    runner__value_t *value = runner__value_new(host, cmd->b);
    if (value == NULL) {
        return RUNNER_ENOMEM;
    }
    value->id = cmd->id;
    int code = runner__closable_register(host->self, NULL, make_closer, value, drop_closable,
                                         (runner_closable_t **)out);
    if (code != 0) {
        (void)runner__value_take(value);
        return code;
    }
    host->tasks++;
    return 0;
}

static int unregister(const runner__host_t *host, const runner_host_cmd_t *cmd)
{
    const runner__slot_t *slot = runner__ids_find(&host->ids, cmd->id);
    if (slot == NULL || slot->kind != RUNNER__KIND_CLOSABLE) {
        return RUNNER_EBADID;
    }
    return slot->object != NULL ? runner_closable_unregister(slot->object) : RUNNER_EDONE;
}

/* --- jobs --- */

typedef struct host_job {
    runner_job_t *job;
    int status;
    uint64_t value;
} host_job_t;

/* Its outcome is known when the loop hears of it. */
static int tell_outcome(void *arg, void **result)
{
    const host_job_t *job = arg;
    *result = (void *)(uintptr_t)job->value;
    return job->status;
}

static int new_job(runner__host_t *host, void **out, runner_future_t **future)
{
    host_job_t *job = runner__calloc(1, sizeof *job);
    if (job == NULL) {
        return RUNNER_ENOMEM;
    }
    runner_job_options_t opts = {.size = sizeof opts, .drop = runner__free};
    int code = runner__executor_adopt(host->self, tell_outcome, job, &opts, &job->job, future);
    if (code != 0) {
        runner__free(job);
        return code;
    }
    *out = job;
    return 0;
}

static int start_job(runner__host_t *host, runner_host_cmd_t *cmd)
{
    bool was_reserved = cmd->id != 0;
    runner_future_t *future = NULL;
    uint64_t future_id = 0;
    void *job = NULL;
    int code = runner__host_prepare_id(host, &cmd->id);
    if (code != 0) {
        return code;
    }
    code = runner__host_prepare_id(host, &future_id);
    if (code == 0) {
        code = new_job(host, &job, &future);
        if (code != 0) {
            runner__host_give_back_id(host, future_id, false);
        }
    }
    code = runner__host_made(host, cmd, RUNNER__KIND_JOB, code, job, was_reserved);
    if (code == 0) {
        runner__host_bind(host, future_id, RUNNER__KIND_FUTURE, future);
        cmd->b = future_id;
    }
    return code;
}

int runner__host_to_thread(runner__host_t *host, runner_host_cmd_t *cmd, runner_task_t *task)
{
    bool was_reserved = cmd->id != 0;
    runner_future_t *future = NULL;
    void *job = NULL;
    int code = 0;
    if (runner__task_may_wait(&code) == NULL) {
        return code;
    }
    code = runner__host_prepare_id(host, &cmd->id);
    if (code != 0) {
        return code;
    }
    code = new_job(host, &job, &future);
    (void)runner__host_made(host, cmd, RUNNER__KIND_JOB, code, job, was_reserved);
    return code != 0 ? code : runner__task_park_on(task, future, &task->arg);
}

static int end_job(runner__host_t *host, uint64_t id, int status, uint64_t value)
{
    runner__slot_t *slot = runner__ids_find(&host->ids, id);
    if (slot == NULL || slot->kind != RUNNER__KIND_JOB) {
        return RUNNER_EBADID;
    }
    if (status > 0) {
        return RUNNER_EINVAL;
    }
    host_job_t *job = slot->object;
    runner__ids_free(&host->ids, slot);
    job->status = status;
    job->value = value;
    runner_job_run(job->job);
    return 0;
}

/* Those that shutdown has given up: their memory. */
void runner__host_end_jobs(runner__host_t *host)
{
    for (uint32_t i = 0; i < host->ids.made; i++) {
        const runner__slot_t *slot = &host->ids.slots[i];
        if (slot->kind == RUNNER__KIND_JOB) {
            (void)end_job(host, (uint64_t)slot->generation << 32 | i, RUNNER_EABANDONED, 0);
        }
    }
}

typedef struct job_message {
    runner_t *self;
    uint64_t id;
    uint64_t value;
    int status;
} job_message_t;

static int job_has_ended(void *arg)
{
    const job_message_t *message = arg;
    (void)end_job(message->self->host, message->id, message->status, message->value);
    return 0;
}

int runner_host_job_end(runner_t *self, uint64_t id, int status, uint64_t value)
{
    int code = status > 0 ? RUNNER_EINVAL : runner__home_check(self);
    if (code != 0) {
        return code;
    }
    job_message_t *message = runner__malloc(sizeof *message);
    if (message == NULL) {
        return RUNNER_ENOMEM;
    }
    *message = (job_message_t){.self = self, .id = id, .value = value, .status = status};
    code = runner_call_soon_threadsafe(self, job_has_ended, message, runner__free);
    if (code != 0) {
        runner__free(message);
    }
    return code;
}

/* --- all of them --- */

static int make(runner__host_t *host, runner_host_cmd_t *cmd)
{
    bool was_reserved = cmd->id != 0;
    runner__kind_t kind = RUNNER__KIND_TIMER;
    void *object = NULL;
    int code = runner__host_prepare_id(host, &cmd->id);
    if (code != 0) {
        return code;
    }
    switch (cmd->op) {
    case RUNNER_HOST_VAR_NEW:
        kind = RUNNER__KIND_VAR;
        code = runner_var_new("host", runner__value_drop, (runner_var_t **)&object);
        break;
    case RUNNER_HOST_CONTEXT_NEW:
        kind = RUNNER__KIND_CONTEXT;
        code = runner_context_new((runner_context_t **)&object);
        break;
    case RUNNER_HOST_CONTEXT_COPY:
        kind = RUNNER__KIND_CONTEXT;
        code = runner_context_copy((runner_context_t **)&object);
        break;
    case RUNNER_HOST_CLOSABLE_REGISTER:
        kind = RUNNER__KIND_CLOSABLE;
        code = register_closable(host, cmd, &object);
        break;
    default:
        code = start_timer(host, cmd, &object);
        break;
    }
    return runner__host_made(host, cmd, kind, code, object, was_reserved);
}

int runner__host_do_registered(runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_timer_t *timer;
    switch (cmd->op) {
    case RUNNER_HOST_CALL_SOON:
        return call_soon(host, cmd);
    case RUNNER_HOST_CALL_LATER:
    case RUNNER_HOST_CALL_AT:
    case RUNNER_HOST_VAR_NEW:
    case RUNNER_HOST_CONTEXT_NEW:
    case RUNNER_HOST_CONTEXT_COPY:
    case RUNNER_HOST_CLOSABLE_REGISTER:
        return make(host, cmd);
    case RUNNER_HOST_TIMER_CANCEL:
        timer = runner__ids_get(&host->ids, cmd->id, RUNNER__KIND_TIMER);
        return timer != NULL ? runner_timer_cancel(timer) : RUNNER_EBADID;
    case RUNNER_HOST_VAR_SET:
        return set_var(host, cmd);
    case RUNNER_HOST_VAR_GET:
        return get_var(host, cmd);
    case RUNNER_HOST_JOB:
        return start_job(host, cmd);
    case RUNNER_HOST_JOB_END:
        return end_job(host, cmd->id, cmd->status, cmd->b);
    case RUNNER_HOST_CLOSABLE_UNREGISTER:
        return unregister(host, cmd);
    default:
        return RUNNER_EINVAL;
    }
}
