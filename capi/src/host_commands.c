/* Commands: what host tasks do, and how objects get their ids. */
#include "host.h"
#include "poller.h"
#include "runner/callback.h"
#include "runner/error.h"
#include "runner/group.h"
#include "runner/lifecycle.h"
#include "runner/timeout.h"

/* --- in whose name --- */

void runner__host_enter(runner__host_t *host, runner_task_t *task)
{
    runner__tasks_t *tasks = &host->self->tasks;
    runner__loop_current = &tasks->home.loop;
    tasks->current = task;
    tasks->home.loop.scope = task != NULL ? &task->scope : &host->called;
}

void runner__host_leave(runner__host_t *host)
{
    runner__tasks_t *tasks = &host->self->tasks;
    tasks->home.loop.scope = NULL;
    tasks->current = NULL;
    runner__loop_current = NULL;
}

/* --- ids --- */

int runner__host_prepare_id(runner__host_t *host, uint64_t *id)
{
    if (*id == 0) {
        *id = runner__ids_new(&host->ids);
        return *id != 0 ? 0 : RUNNER_ENOMEM;
    }
    const runner__slot_t *slot = runner__ids_find(&host->ids, *id);
    return slot != NULL && slot->kind == RUNNER__KIND_RESERVED ? 0 : RUNNER_EBADID;
}

void runner__host_give_back_id(runner__host_t *host, uint64_t id, bool was_reserved)
{
    if (!was_reserved) {
        runner__ids_free(&host->ids, runner__ids_find(&host->ids, id));
    }
}

void runner__host_bind(runner__host_t *host, uint64_t id, runner__kind_t kind, void *object)
{
    runner__slot_t *slot = runner__ids_find(&host->ids, id);
    slot->kind = (uint16_t)kind;
    slot->object = object;
}

runner_task_t *runner__host_task(const runner__host_t *host, uint64_t id)
{
    return runner__ids_get(&host->ids, id, RUNNER__KIND_TASK);
}

runner_future_t *runner__host_future(const runner__host_t *host, uint64_t id)
{
    const runner__slot_t *slot = runner__ids_find(&host->ids, id);
    if (slot == NULL) {
        return NULL;
    }
    if (slot->kind == RUNNER__KIND_TASK) {
        return &((runner_task_t *)slot->object)->future;
    }
    return slot->kind == RUNNER__KIND_FUTURE ? slot->object : NULL;
}

/* --- tasks --- */

/* The body of a task that only the host can run. */
static int not_here(void *arg, int status, void **result)
{
    (void)arg;
    (void)status;
    (void)result;
    return RUNNER_EHOSTED;
}

/* It stays known until its memory goes; the reference is the host's. */
static void adopt(runner__host_t *host, uint64_t id, runner_task_t *task, uint64_t value)
{
    task->body.id = id;
    task->arg = (void *)(uintptr_t)value;
    if (task->extra != NULL) {
        task->extra->address = NULL; /* who has spawned it is the host's to know */
    }
    task->future.task_flags |= RUNNER__TASK_HOST;
    runner__host_bind(host, id, RUNNER__KIND_TASK, task);
    host->tasks++;
}

int runner__host_make_task(runner__host_t *host, uint64_t value, const runner_spawn_options_t *opts,
                           uint64_t *id, runner_task_t **out)
{
    bool was_reserved = *id != 0;
    int code = runner__host_prepare_id(host, id);
    if (code != 0) {
        return code;
    }
    code = runner__task_new(&host->self->tasks, (runner__body_t){.step = not_here}, NULL, false,
                            opts, out);
    if (code != 0) {
        runner__host_give_back_id(host, *id, was_reserved);
        return code;
    }
    adopt(host, *id, runner_task_ref(*out), value);
    return 0;
}

static int spawn_in(const runner__host_t *host, uint64_t group_id,
                    const runner_spawn_options_t *opts, runner_task_t **out)
{
    if (group_id == 0) {
        return runner_spawn_step(not_here, NULL, opts, out);
    }
    runner_group_t *group = runner__ids_get(&host->ids, group_id, RUNNER__KIND_GROUP);
    return group != NULL ? runner_group_spawn_step(group, not_here, NULL, opts, out)
                         : RUNNER_EBADID;
}

static int spawn(runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_spawn_options_t opts = {.size = sizeof opts};
    bool was_reserved = cmd->id != 0;
    runner_task_t *task;
    if (host->mode == RUNNER__HOST_IDLE) {
        return RUNNER_ENOLOOP;
    }
    if (cmd->b != 0) {
        opts.context = runner__ids_get(&host->ids, cmd->b, RUNNER__KIND_CONTEXT);
        if (opts.context == NULL) {
            return RUNNER_EBADID;
        }
    }
    int code = runner__host_prepare_id(host, &cmd->id);
    if (code != 0) {
        return code;
    }
    code = spawn_in(host, (uint64_t)cmd->a, cmd->b != 0 ? &opts : NULL, &task);
    if (code != 0) {
        runner__host_give_back_id(host, cmd->id, was_reserved);
        cmd->id = was_reserved ? cmd->id : 0;
        return code;
    }
    adopt(host, cmd->id, task, 0);
    return 0;
}

static int done(runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    if (cmd->status > 0 || (cmd->a & ~INT64_C(3)) != 0) {
        return RUNNER_EINVAL;
    }
    uint64_t id = cmd->task;
    bool releases = (cmd->a & RUNNER_HOST_RELEASED) != 0;
    if ((cmd->a & RUNNER_HOST_ABORTS) != 0) {
        task->future.task_flags |= RUNNER__TASK_ABORTS;
    }
    host->tasks--;
    runner__batch_parked(host, task);
    runner__task_end(task, cmd->status, (void *)(uintptr_t)cmd->b);
    return releases ? runner__host_release(host, id) : 0;
}

/* --- releasing --- */

static void release_object(runner__kind_t kind, void *object)
{
    switch (kind) {
    case RUNNER__KIND_TIMER:
        runner_timer_unref(object);
        break;
    case RUNNER__KIND_CONTEXT:
        runner_context_unref(object);
        break;
    case RUNNER__KIND_VAR:
        runner_var_unref(object);
        break;
    default:
        runner__host_release_object(kind, object);
        break;
    }
}

/* The id of a job goes when it ends, that of a task when nothing refers to it any more. */
int runner__host_release(runner__host_t *host, uint64_t id)
{
    runner__slot_t *slot = runner__ids_find(&host->ids, id);
    if (slot == NULL || !slot->held || slot->kind == RUNNER__KIND_JOB) {
        return RUNNER_EBADID;
    }
    runner__kind_t kind = (runner__kind_t)slot->kind;
    void *object = slot->object;
    if (kind == RUNNER__KIND_TASK) {
        slot->held = false;
        runner_task_unref(object);
        return 0;
    }
    runner__ids_free(&host->ids, slot);
    if (object != NULL) {
        release_object(kind, object);
    }
    return 0;
}

/* --- waiting --- */

static int await_for(const runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    runner_task_t *awaited = runner__host_task(host, cmd->id);
    uint64_t timeout_ms = runner__host_ms(cmd->a);
    return awaited != NULL ? runner_await_for(awaited, timeout_ms, &task->arg) : RUNNER_EBADID;
}

/* A failure that is there at once has its value as well. */
static int await(const runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    runner_future_t *future = runner__host_future(host, cmd->id);
    if (future == NULL) {
        return RUNNER_EBADID;
    }
    bool is_done = runner__future_is_done(future);
    int code = runner_future_await(future, &task->arg);
    if (is_done && code != RUNNER_ECANCELED) {
        task->arg = future->value;
    }
    return code;
}

static int sleep_ns(int64_t timeout_ns)
{
    return runner_sleep_ns(timeout_ns <= 0           ? 0
                           : timeout_ns == INT64_MAX ? UINT64_MAX
                                                     : (uint64_t)timeout_ns);
}

static int poll_for(const runner_host_cmd_t *cmd, runner_task_t *task)
{
    int fd = (int)(int32_t)(uint32_t)cmd->b;
    uint32_t events = (uint32_t)(cmd->b >> 32);
    uint64_t timeout_ns = cmd->a == INT64_MAX ? UINT64_MAX : cmd->a > 0 ? (uint64_t)cmd->a : 0;
    return runner__poll_value(fd, events, timeout_ns, &task->arg);
}

/* --- looking, cancelling --- */

static int status(const runner__host_t *host, runner_host_cmd_t *cmd, bool take)
{
    runner_future_t *future = runner__host_future(host, cmd->id);
    if (future == NULL) {
        return RUNNER_EBADID;
    }
    int code = take ? runner_future_result(future, NULL) : runner_future_status(future);
    if (runner__future_is_done(future)) {
        cmd->b = (uint64_t)(uintptr_t)future->value;
    }
    return code;
}

static int cancel(const runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner_task_t *task = runner__host_task(host, cmd->id);
    if (task != NULL && cmd->b != 0) {
        return runner_task_cancel_with(task, NULL, cmd->b);
    }
    runner_future_t *future = runner__host_future(host, cmd->id);
    return future != NULL ? runner_future_cancel(future) : RUNNER_EBADID;
}

static int cancels(const runner__host_t *host, runner_host_cmd_t *cmd, bool take_back)
{
    runner_task_t *task = runner__host_task(host, cmd->id);
    if (task == NULL) {
        return RUNNER_EBADID;
    }
    cmd->b = (uint64_t)(take_back ? runner_task_uncancel(task) : runner_task_cancelling(task));
    if (!take_back) {
        cmd->a = runner_task_cancel_reason(task);
    }
    return 0;
}

/* --- doing --- */

/* Those that a task alone can do. Their value is in task->arg. */
static int do_wait(runner__host_t *host, runner_host_cmd_t *cmd, uint32_t op, runner_task_t *task)
{
    switch (op) {
    case RUNNER_HOST_YIELD:
        return runner_yield();
    case RUNNER_HOST_SLEEP:
        return sleep_ns(cmd->a);
    case RUNNER_HOST_AWAIT:
        return await(host, cmd, task);
    case RUNNER_HOST_AWAIT_FOR:
        return await_for(host, cmd, task);
    case RUNNER_HOST_TO_THREAD:
        return runner__host_to_thread(host, cmd, task);
    case RUNNER_HOST_POLL:
        return poll_for(cmd, task);
    default:
        return runner__host_wait_object(host, cmd, op, task);
    }
}

static int watch(const runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner_task_t *task = runner__host_task(host, cmd->id);
    if (task == NULL) {
        return RUNNER_EBADID;
    }
    task->future.task_flags |= RUNNER__TASK_WATCHED;
    return 0;
}

static int astray(runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    if (task == NULL) {
        return RUNNER_ENOTASK;
    }
    runner__batch_astray(host, task, cmd->b != 0);
    return 0;
}

static bool is_wait(uint32_t op)
{
    switch (op) {
    case RUNNER_HOST_YIELD:
    case RUNNER_HOST_SLEEP:
    case RUNNER_HOST_AWAIT:
    case RUNNER_HOST_AWAIT_FOR:
    case RUNNER_HOST_TO_THREAD:
    case RUNNER_HOST_GROUP_CLOSE:
    case RUNNER_HOST_EVENT_WAIT:
    case RUNNER_HOST_LOCK_ACQUIRE:
    case RUNNER_HOST_CONDITION_WAIT:
    case RUNNER_HOST_SEMAPHORE_ACQUIRE:
    case RUNNER_HOST_BARRIER_WAIT:
    case RUNNER_HOST_QUEUE_PUT:
    case RUNNER_HOST_QUEUE_GET:
    case RUNNER_HOST_QUEUE_JOIN:
    case RUNNER_HOST_POLL:
        return true;
    default:
        return false;
    }
}

static int do_other(runner__host_t *host, runner_host_cmd_t *cmd, runner_task_t *task)
{
    switch (cmd->op) {
    case RUNNER_HOST_SPAWN:
        return spawn(host, cmd);
    case RUNNER_HOST_DONE:
        return task != NULL ? done(host, cmd, task) : RUNNER_ENOTASK;
    case RUNNER_HOST_CANCEL:
        return cancel(host, cmd);
    case RUNNER_HOST_UNCANCEL:
        return cancels(host, cmd, true);
    case RUNNER_HOST_CANCELLING:
        return cancels(host, cmd, false);
    case RUNNER_HOST_STATUS:
        return status(host, cmd, false);
    case RUNNER_HOST_RESULT:
        return status(host, cmd, true);
    case RUNNER_HOST_RELEASE:
        return runner__host_release(host, cmd->id);
    case RUNNER_HOST_TOOK:
        runner__host_took(host, cmd, task);
        return 0;
    case RUNNER_HOST_STOP:
        return host->mode == RUNNER__HOST_RUN ? runner_stop(host->self) : RUNNER_ENOLOOP;
    case RUNNER_HOST_WATCH:
        return watch(host, cmd);
    case RUNNER_HOST_ASTRAY:
        return astray(host, cmd, task);
    case RUNNER_HOST_UNPARK:
        return runner__batch_unpark(host, cmd->id);
    default:
        return runner__host_do_object(host, cmd);
    }
}

/* What a closed runner can still be asked. */
static bool is_allowed(const runner__host_t *host, uint32_t op)
{
    bool closed = runner__home_phase(&host->self->tasks.home) == RUNNER__CLOSED;
    return !closed || op == RUNNER_HOST_RELEASE || op == RUNNER_HOST_STATUS ||
           op == RUNNER_HOST_RESULT || op == RUNNER_HOST_CANCELLING;
}

static int wait_in_turn(runner__host_t *host, runner_host_cmd_t *cmd, runner_task_t *task)
{
    uint32_t op = cmd->op & ~RUNNER_HOST_SUSPENDED;
    if (task == NULL) {
        return RUNNER_ENOTASK;
    }
    task->arg = NULL;
    int code = do_wait(host, cmd, op, task);
    if (code == RUNNER_EPARKED) {
        runner__batch_parked(host, task);
        return code;
    }
    host->ending = host->ending || (task->future.task_flags & RUNNER__TASK_ABORTS) != 0;
    uint64_t value = code == RUNNER_ECANCELED ? runner_task_cancel_payload(task)
                                              : (uint64_t)(uintptr_t)task->arg;
    if ((cmd->op & RUNNER_HOST_SUSPENDED) != 0) {
        runner__batch_resume(host, task, code, value);
        return RUNNER_EPARKED;
    }
    if (code == 0 || value != 0) {
        cmd->b = value;
    }
    return code;
}

static int do_one(runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_task_t *task = NULL;
    if (!is_allowed(host, cmd->op)) {
        return RUNNER_ECLOSED;
    }
    if (cmd->task != 0) {
        task = runner__batch_running(host, cmd->task);
        if (task == NULL) {
            return RUNNER_ENOTASK;
        }
    }
    runner__host_enter(host, task);
    bool waits = is_wait(cmd->op & ~RUNNER_HOST_SUSPENDED);
    int code = waits ? wait_in_turn(host, cmd, task) : do_other(host, cmd, task);
    runner__host_leave(host);
    return code;
}

void runner__host_do(runner__host_t *host, runner_host_cmd_t *cmds, size_t n_cmds)
{
    runner__loop_t *loop = runner__loop_of(host->self);
    bool polling = loop->polling;
    loop->polling = false;
    for (size_t i = 0; i < n_cmds; i++) {
        cmds[i].status = do_one(host, &cmds[i]);
    }
    runner__list_prepend(&loop->current, &host->returned);
    loop->polling = polling;
}

/* A signal that the host has told of is acted on before its next task. If the run has ended by that,
 * or will by what the running task was told, nobody else begins. */
static void attend(runner__host_t *host)
{
    runner__loop_t *loop = runner__loop_of(host->self);
    if (host->mode == RUNNER__HOST_IDLE || host->over) {
        return;
    }
    runner__loop_current = loop;
    if (runner__loop_check(loop) || host->ending) {
        runner__batch_return(host);
    }
    runner__loop_current = NULL;
}

int runner_commands(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds)
{
    runner__host_t *host;
    if (self == NULL || (cmds == NULL && n_cmds > 0)) {
        return RUNNER_EINVAL;
    }
    int code = runner__host_use(self, &host);
    if (code != 0) {
        return code;
    }
    runner__host_do(host, cmds, n_cmds);
    attend(host);
    runner__guest_touched(self);
    return 0;
}

int runner_command(runner_t *self, uint64_t task, uint32_t op, int status, uint64_t *id, int64_t *a,
                   uint64_t *b)
{
    runner_host_cmd_t cmd = {.task = task,
                             .op = op,
                             .status = status,
                             .id = id != NULL ? *id : 0,
                             .a = a != NULL ? *a : 0,
                             .b = b != NULL ? *b : 0};
    int code = runner_commands(self, &cmd, 1);
    if (code != 0) {
        return code;
    }
    if (id != NULL) {
        *id = cmd.id;
    }
    if (a != NULL) {
        *a = cmd.a;
    }
    if (b != NULL) {
        *b = cmd.b;
    }
    return cmd.status;
}

/* --- ids, as calls --- */

int runner_reserve(runner_t *self, uint64_t *ids, size_t count)
{
    runner__host_t *host;
    if (self == NULL || (ids == NULL && count > 0)) {
        return RUNNER_EINVAL;
    }
    int code = runner__host_use(self, &host);
    if (code == 0 && runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        code = RUNNER_ECLOSED;
    }
    for (size_t i = 0; i < count && code == 0; i++) {
        ids[i] = runner__ids_new(&host->ids);
        if (ids[i] == 0) {
            while (i-- > 0) {
                (void)runner__host_release(host, ids[i]);
            }
            return RUNNER_ENOMEM;
        }
    }
    return code;
}

size_t runner_host_count(const runner_t *self)
{
    return runner__home_check(self) == 0 && self->host != NULL ? self->host->ids.used : 0;
}
