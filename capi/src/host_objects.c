/* What commands do with objects by id: futures, groups, timeouts, what tasks wait for, queues. */
#include "host.h"
#include "runner/barrier.h"
#include "runner/condition.h"
#include "runner/error.h"
#include "runner/event.h"
#include "runner/gather.h"
#include "runner/group.h"
#include "runner/lock.h"
#include "runner/queue.h"
#include "runner/semaphore.h"
#include "runner/timeout.h"

#define NS_PER_MS INT64_C(1000000)

uint64_t runner__host_ms(int64_t timeout_ns)
{
    if (timeout_ns == INT64_MAX) {
        return RUNNER_FOREVER;
    }
    return timeout_ns <= 0 ? 0 : (uint64_t)(timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0));
}

uint64_t runner__host_deadline(runner__host_t *host, int64_t timeout_ns)
{
    if (timeout_ns == INT64_MAX) {
        return UINT64_MAX;
    }
    return (uint64_t)runner__loop_deadline(runner__loop_of(host->self),
                                           timeout_ns > 0 ? (uint64_t)timeout_ns : 0);
}

static uint64_t at_ns(int64_t when_ns)
{
    return when_ns == INT64_MAX ? UINT64_MAX : (uint64_t)(when_ns > 0 ? when_ns : 0);
}

static void *get(const runner__host_t *host, uint64_t id, runner__kind_t kind)
{
    return runner__ids_get(&host->ids, id, kind);
}

int runner__host_made(runner__host_t *host, runner_host_cmd_t *cmd, runner__kind_t kind, int code,
                      void *object, bool was_reserved)
{
    if (code != 0) {
        runner__host_give_back_id(host, cmd->id, was_reserved);
        cmd->id = was_reserved ? cmd->id : 0;
        return code;
    }
    runner__host_bind(host, cmd->id, kind, object);
    return 0;
}

/* --- making --- */

static int new_queue(const runner_host_cmd_t *cmd, void **out)
{
    runner_queue_options_t opts = {.size = sizeof opts,
                                   .maxsize = cmd->a > 0 ? (size_t)cmd->a : 0,
                                   .kind = (int32_t)cmd->b,
                                   .drop = runner__value_drop};
    if (cmd->a < 0 || cmd->b > INT32_MAX) {
        return RUNNER_EINVAL;
    }
    return runner_queue_new((runner_queue_t **)out, &opts);
}

static int new_semaphore(const runner_host_cmd_t *cmd, void **out)
{
    if (cmd->a < 0 || cmd->b > 1) {
        return RUNNER_EINVAL;
    }
    return cmd->b == 1 ? runner_semaphore_new_bounded((runner_semaphore_t **)out, (size_t)cmd->a)
                       : runner_semaphore_new((runner_semaphore_t **)out, (size_t)cmd->a);
}

static int new_condition(const runner__host_t *host, const runner_host_cmd_t *cmd, void **out)
{
    runner_lock_t *lock = get(host, (uint64_t)cmd->a, RUNNER__KIND_LOCK);
    return lock != NULL ? runner_condition_new((runner_condition_t **)out, lock) : RUNNER_EBADID;
}

/* A shield of what is done is that itself. */
static int new_shield(const runner__host_t *host, const runner_host_cmd_t *cmd, void **out)
{
    runner_future_t *inner = runner__host_future(host, (uint64_t)cmd->a);
    return inner != NULL ? runner_shield(inner, (runner_future_t **)out) : RUNNER_EBADID;
}

static int new_object(runner__host_t *host, const runner_host_cmd_t *cmd, runner__kind_t *kind,
                      void **out)
{
    switch (cmd->op) {
    case RUNNER_HOST_FUTURE_NEW:
        *kind = RUNNER__KIND_FUTURE;
        return runner_future_new(host->self, (runner_future_t **)out);
    case RUNNER_HOST_SHIELD:
        *kind = RUNNER__KIND_FUTURE;
        return new_shield(host, cmd, out);
    case RUNNER_HOST_GROUP_NEW:
        *kind = RUNNER__KIND_GROUP;
        return runner_group_new((runner_group_t **)out);
    case RUNNER_HOST_TIMEOUT_NEW:
        *kind = RUNNER__KIND_TIMEOUT;
        return runner_timeout_new((runner_timeout_t **)out);
    case RUNNER_HOST_EVENT_NEW:
        *kind = RUNNER__KIND_EVENT;
        return runner_event_new((runner_event_t **)out);
    case RUNNER_HOST_LOCK_NEW:
        *kind = RUNNER__KIND_LOCK;
        return runner_lock_new((runner_lock_t **)out);
    case RUNNER_HOST_CONDITION_NEW:
        *kind = RUNNER__KIND_CONDITION;
        return new_condition(host, cmd, out);
    case RUNNER_HOST_SEMAPHORE_NEW:
        *kind = RUNNER__KIND_SEMAPHORE;
        return new_semaphore(cmd, out);
    case RUNNER_HOST_BARRIER_NEW:
        *kind = RUNNER__KIND_BARRIER;
        return cmd->a > 0 ? runner_barrier_new((runner_barrier_t **)out, (size_t)cmd->a)
                          : RUNNER_EINVAL;
    case RUNNER_HOST_QUEUE_NEW:
        *kind = RUNNER__KIND_QUEUE;
        return new_queue(cmd, out);
    default:
        return RUNNER_EINVAL;
    }
}

static bool makes_object(uint32_t op)
{
    switch (op) {
    case RUNNER_HOST_FUTURE_NEW:
    case RUNNER_HOST_SHIELD:
    case RUNNER_HOST_GROUP_NEW:
    case RUNNER_HOST_TIMEOUT_NEW:
    case RUNNER_HOST_EVENT_NEW:
    case RUNNER_HOST_LOCK_NEW:
    case RUNNER_HOST_CONDITION_NEW:
    case RUNNER_HOST_SEMAPHORE_NEW:
    case RUNNER_HOST_BARRIER_NEW:
    case RUNNER_HOST_QUEUE_NEW:
        return true;
    default:
        return false;
    }
}

static int make(runner__host_t *host, runner_host_cmd_t *cmd)
{
    bool was_reserved = cmd->id != 0;
    runner__kind_t kind = RUNNER__KIND_FREE;
    void *object = NULL;
    int code = runner__host_prepare_id(host, &cmd->id);
    if (code != 0) {
        return code;
    }
    code = new_object(host, cmd, &kind, &object);
    return runner__host_made(host, cmd, kind, code, object, was_reserved);
}

void runner__host_release_object(runner__kind_t kind, void *object)
{
    switch (kind) {
    case RUNNER__KIND_FUTURE:
        runner_future_unref(object);
        break;
    case RUNNER__KIND_GROUP:
        runner_group_unref(object);
        break;
    case RUNNER__KIND_TIMEOUT:
        runner_timeout_unref(object);
        break;
    case RUNNER__KIND_EVENT:
        runner_event_unref(object);
        break;
    case RUNNER__KIND_LOCK:
        runner_lock_unref(object);
        break;
    case RUNNER__KIND_CONDITION:
        runner_condition_unref(object);
        break;
    case RUNNER__KIND_SEMAPHORE:
        runner_semaphore_unref(object);
        break;
    case RUNNER__KIND_BARRIER:
        runner_barrier_unref(object);
        break;
    case RUNNER__KIND_QUEUE:
        runner_queue_unref(object);
        break;
    default:
        break;
    }
}

/* --- futures, groups, timeouts --- */

static int settle(const runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner_future_t *future = get(host, cmd->id, RUNNER__KIND_FUTURE);
    if (future == NULL) {
        return RUNNER_EBADID;
    }
    if (cmd->op == RUNNER_HOST_RESOLVE) {
        return runner_future_resolve(future, (void *)(uintptr_t)cmd->b);
    }
    int code = runner_future_reject(future, cmd->status);
    if (code == 0) {
        future->value = (void *)(uintptr_t)cmd->b; /* what identifies it */
    }
    return code;
}

static int do_timeout(runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_timeout_t *timeout = get(host, cmd->id, RUNNER__KIND_TIMEOUT);
    if (timeout == NULL) {
        return RUNNER_EBADID;
    }
    uint64_t when_ns;
    switch (cmd->op) {
    case RUNNER_HOST_TIMEOUT_OPEN:
        return runner_timeout_open_at_ns(timeout, runner__host_deadline(host, cmd->a));
    case RUNNER_HOST_TIMEOUT_OPEN_AT:
        return runner_timeout_open_at_ns(timeout, at_ns(cmd->a));
    case RUNNER_HOST_TIMEOUT_RESCHEDULE:
        return runner_timeout_reschedule_at_ns(timeout, runner__host_deadline(host, cmd->a));
    case RUNNER_HOST_TIMEOUT_RESCHEDULE_AT:
        return runner_timeout_reschedule_at_ns(timeout, at_ns(cmd->a));
    case RUNNER_HOST_TIMEOUT_CLOSE:
        return runner_timeout_close(timeout, cmd->status);
    default:
        when_ns = runner_timeout_when_ns(timeout);
        cmd->a = when_ns > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)when_ns;
        cmd->b = (uint64_t)runner_timeout_expired(timeout);
        return 0;
    }
}

static int do_group(const runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner_group_t *group = get(host, cmd->id, RUNNER__KIND_GROUP);
    if (group == NULL) {
        return RUNNER_EBADID;
    }
    return cmd->op == RUNNER_HOST_GROUP_OPEN ? runner_group_open(group)
                                             : runner_group_cancel(group);
}

/* --- what tasks wait for --- */

static int do_event(const runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_event_t *event = get(host, cmd->id, RUNNER__KIND_EVENT);
    if (event == NULL) {
        return RUNNER_EBADID;
    }
    if (cmd->op == RUNNER_HOST_EVENT_IS_SET) {
        cmd->b = (uint64_t)runner_event_is_set(event);
        return 0;
    }
    return cmd->op == RUNNER_HOST_EVENT_SET ? runner_event_set(event) : runner_event_clear(event);
}

static int do_lock(const runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_lock_t *lock = get(host, cmd->id, RUNNER__KIND_LOCK);
    if (lock == NULL) {
        return RUNNER_EBADID;
    }
    if (cmd->op == RUNNER_HOST_LOCK_STATE) {
        cmd->a = (int64_t)runner_lock_waiters(lock);
        cmd->b = (uint64_t)runner_lock_locked(lock);
        return 0;
    }
    return runner_lock_release(lock);
}

static int notify(const runner__host_t *host, const runner_host_cmd_t *cmd)
{
    runner_condition_t *condition = get(host, cmd->id, RUNNER__KIND_CONDITION);
    if (condition == NULL) {
        return RUNNER_EBADID;
    }
    return cmd->a < 0 ? runner_condition_notify_all(condition)
                      : runner_condition_notify(condition, (size_t)cmd->a);
}

static int do_semaphore(const runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_semaphore_t *semaphore = get(host, cmd->id, RUNNER__KIND_SEMAPHORE);
    if (semaphore == NULL) {
        return RUNNER_EBADID;
    }
    if (cmd->op == RUNNER_HOST_SEMAPHORE_STATE) {
        cmd->a = (int64_t)runner_semaphore_value(semaphore);
        cmd->b = (uint64_t)runner_semaphore_locked(semaphore);
        return 0;
    }
    return runner_semaphore_release(semaphore);
}

static int do_barrier(const runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_barrier_t *barrier = get(host, cmd->id, RUNNER__KIND_BARRIER);
    if (barrier == NULL) {
        return RUNNER_EBADID;
    }
    if (cmd->op == RUNNER_HOST_BARRIER_STATE) {
        cmd->a = (int64_t)runner_barrier_waiting(barrier);
        cmd->b = (uint64_t)runner_barrier_broken(barrier);
        return 0;
    }
    return cmd->op == RUNNER_HOST_BARRIER_RESET ? runner_barrier_reset(barrier)
                                                : runner_barrier_abort(barrier);
}

/* --- queues: an item is a value that C holds --- */

static int put_nowait(runner__host_t *host, runner_queue_t *queue, const runner_host_cmd_t *cmd)
{
    runner__value_t *item = runner__value_new(host, cmd->b);
    if (item == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = runner_queue_put_priority_nowait(queue, item, cmd->a);
    if (code != 0) {
        (void)runner__value_take(item);
    }
    return code;
}

static int get_nowait(runner_queue_t *queue, runner_host_cmd_t *cmd)
{
    void *item;
    int code = runner_queue_get_nowait(queue, &item);
    if (code == 0) {
        cmd->b = runner__value_take(item);
    }
    return code;
}

static int do_queue(runner__host_t *host, runner_host_cmd_t *cmd)
{
    runner_queue_t *queue = get(host, cmd->id, RUNNER__KIND_QUEUE);
    if (queue == NULL) {
        return RUNNER_EBADID;
    }
    switch (cmd->op) {
    case RUNNER_HOST_QUEUE_PUT_NOWAIT:
        return put_nowait(host, queue, cmd);
    case RUNNER_HOST_QUEUE_GET_NOWAIT:
        return get_nowait(queue, cmd);
    case RUNNER_HOST_QUEUE_TASK_DONE:
        return runner_queue_task_done(queue);
    case RUNNER_HOST_QUEUE_SHUTDOWN:
        return runner_queue_shutdown(queue, cmd->a == 1);
    default:
        cmd->b = runner_queue_count(queue);
        return 0;
    }
}

int runner__host_do_object(runner__host_t *host, runner_host_cmd_t *cmd)
{
    if (makes_object(cmd->op)) {
        return make(host, cmd);
    }
    switch (cmd->op) {
    case RUNNER_HOST_RESOLVE:
    case RUNNER_HOST_REJECT:
        return settle(host, cmd);
    case RUNNER_HOST_GROUP_OPEN:
    case RUNNER_HOST_GROUP_CANCEL:
        return do_group(host, cmd);
    case RUNNER_HOST_TIMEOUT_OPEN:
    case RUNNER_HOST_TIMEOUT_OPEN_AT:
    case RUNNER_HOST_TIMEOUT_CLOSE:
    case RUNNER_HOST_TIMEOUT_RESCHEDULE:
    case RUNNER_HOST_TIMEOUT_RESCHEDULE_AT:
    case RUNNER_HOST_TIMEOUT_STATE:
        return do_timeout(host, cmd);
    case RUNNER_HOST_EVENT_SET:
    case RUNNER_HOST_EVENT_CLEAR:
    case RUNNER_HOST_EVENT_IS_SET:
        return do_event(host, cmd);
    case RUNNER_HOST_LOCK_RELEASE:
    case RUNNER_HOST_LOCK_STATE:
        return do_lock(host, cmd);
    case RUNNER_HOST_CONDITION_NOTIFY:
        return notify(host, cmd);
    case RUNNER_HOST_SEMAPHORE_RELEASE:
    case RUNNER_HOST_SEMAPHORE_STATE:
        return do_semaphore(host, cmd);
    case RUNNER_HOST_BARRIER_RESET:
    case RUNNER_HOST_BARRIER_ABORT:
    case RUNNER_HOST_BARRIER_STATE:
        return do_barrier(host, cmd);
    case RUNNER_HOST_QUEUE_PUT_NOWAIT:
    case RUNNER_HOST_QUEUE_GET_NOWAIT:
    case RUNNER_HOST_QUEUE_TASK_DONE:
    case RUNNER_HOST_QUEUE_SHUTDOWN:
    case RUNNER_HOST_QUEUE_COUNT:
        return do_queue(host, cmd);
    default:
        return runner__host_do_registered(host, cmd);
    }
}

/* --- waits --- */

static int put(runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    runner_queue_t *queue = get(host, cmd->id, RUNNER__KIND_QUEUE);
    runner__value_t *item = queue != NULL ? runner__value_new(host, cmd->b) : NULL;
    if (item == NULL) {
        return queue != NULL ? RUNNER_ENOMEM : RUNNER_EBADID;
    }
    int code = runner_queue_put_priority(queue, item, cmd->a);
    if (code == RUNNER_EPARKED) {
        task->arg = item;
        task->future.task_flags |= RUNNER__TASK_PUTS;
    } else if (code != 0) {
        (void)runner__value_take(item);
    }
    return code;
}

static int get_item(const runner__host_t *host, const runner_host_cmd_t *cmd, runner_task_t *task)
{
    runner_queue_t *queue = get(host, cmd->id, RUNNER__KIND_QUEUE);
    int code = queue != NULL ? runner_queue_get(queue, &task->arg) : RUNNER_EBADID;
    if (code == RUNNER_EPARKED) {
        task->future.task_flags |= RUNNER__TASK_GETS;
    } else if (code == 0) {
        task->arg = (void *)(uintptr_t)runner__value_take(task->arg);
    }
    return code;
}

void runner__host_end_item(runner_task_t *task, int status)
{
    uint32_t flags = task->future.task_flags & (RUNNER__TASK_PUTS | RUNNER__TASK_GETS);
    if (flags == 0) {
        return;
    }
    task->future.task_flags &= ~flags;
    if (flags == RUNNER__TASK_PUTS) {
        if (status != 0) {
            (void)runner__value_take(task->arg);
        }
        task->arg = NULL;
    } else {
        task->arg = status == 0 ? (void *)(uintptr_t)runner__value_take(task->arg) : NULL;
    }
}

int runner__host_wait_object(runner__host_t *host, const runner_host_cmd_t *cmd, uint32_t op,
                             runner_task_t *task)
{
    static const struct {
        uint32_t op;
        runner__kind_t kind;
    } kinds[] = {
        {RUNNER_HOST_GROUP_CLOSE, RUNNER__KIND_GROUP},
        {RUNNER_HOST_EVENT_WAIT, RUNNER__KIND_EVENT},
        {RUNNER_HOST_LOCK_ACQUIRE, RUNNER__KIND_LOCK},
        {RUNNER_HOST_CONDITION_WAIT, RUNNER__KIND_CONDITION},
        {RUNNER_HOST_SEMAPHORE_ACQUIRE, RUNNER__KIND_SEMAPHORE},
        {RUNNER_HOST_BARRIER_WAIT, RUNNER__KIND_BARRIER},
        {RUNNER_HOST_QUEUE_JOIN, RUNNER__KIND_QUEUE},
    };
    void *object = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].op == op && (object = get(host, cmd->id, kinds[i].kind)) == NULL) {
            return RUNNER_EBADID;
        }
    }
    switch (op) {
    case RUNNER_HOST_GROUP_CLOSE:
        return runner_group_close(object, cmd->status);
    case RUNNER_HOST_EVENT_WAIT:
        return runner_event_wait(object);
    case RUNNER_HOST_LOCK_ACQUIRE:
        return runner_lock_acquire(object);
    case RUNNER_HOST_CONDITION_WAIT:
        return runner_condition_wait(object);
    case RUNNER_HOST_SEMAPHORE_ACQUIRE:
        return runner_semaphore_acquire(object);
    case RUNNER_HOST_BARRIER_WAIT:
        return runner_barrier_wait(object, (size_t *)(void *)&task->arg);
    case RUNNER_HOST_QUEUE_JOIN:
        return runner_queue_join(object);
    case RUNNER_HOST_QUEUE_PUT:
        return put(host, cmd, task);
    case RUNNER_HOST_QUEUE_GET:
        return get_item(host, cmd, task);
    default:
        return RUNNER_EINVAL;
    }
}
