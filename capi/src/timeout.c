#include "timeout.h"

#include "waiters.h"

#define NS_PER_MS UINT64_C(1000000)
#define NEVER INT64_MAX
/* What the pool keeps: about 60 KiB. */
#define WARM_TIMEOUTS 512

typedef enum state {
    CREATED,
    ENTERED,
    EXPIRING, /* the deadline has passed and the body was cancelled */
    EXPIRED,
    FINISHED
} state_t;

struct runner_timeout {
    runner__timer_t timer;
    runner__tasks_t *tasks;
    runner_task_t *task; /* held while it is open, or NULL */
    int64_t when_ns;
    runner__scoped_t scoped; /* of runner_with_timeout() */
    uint32_t cancels;        /* of the task, when it entered */
    state_t state;
};

void runner__timeouts_init(runner__tasks_t *tasks)
{
    runner__pool_init(&tasks->timeouts, sizeof(runner_timeout_t), WARM_TIMEOUTS);
}

static void expire(runner__loop_t *loop, runner__entry_t *entry)
{
    const runner__cancel_t cancel = {RUNNER_REASON_TIMEOUT, NULL};
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    runner_timeout_t *timeout = RUNNER__CONTAINER(timer, runner_timeout_t, timer);
    (void)loop;
    runner__list_init(&entry->node);
    timeout->state = EXPIRING;
    (void)runner__task_cancel(timeout->task, &cancel);
}

runner_timeout_t *runner__timeout_new(runner__tasks_t *tasks)
{
    runner_timeout_t *timeout = runner__pool_take(&tasks->timeouts);
    if (RUNNER__LIKELY(timeout != NULL)) {
        timeout->timer.entry.run = expire;
        timeout->timer.slot = RUNNER__TIMER_IDLE;
        runner__list_init(&timeout->timer.entry.node);
        timeout->tasks = tasks;
        timeout->task = NULL;
        timeout->when_ns = NEVER;
        timeout->state = CREATED;
        runner__home_hold(&tasks->home);
    }
    return timeout;
}

/* Wherever the timer stands: in the heap, in the ready queue, or nowhere. */
static inline void stop(runner_timeout_t *timeout)
{
    runner__timer_stop(&timeout->tasks->home.loop.timers, &timeout->timer);
    runner__list_remove(&timeout->timer.entry.node);
    runner__list_init(&timeout->timer.entry.node);
}

/* `now_ns`: a deadline that is not later is due at once. */
static inline int start(runner_timeout_t *timeout, int64_t now_ns, int64_t when_ns)
{
    runner__loop_t *loop = &timeout->tasks->home.loop;
    int code = 0;
    if (when_ns == NEVER) {
        /* no timer */
    } else if (when_ns <= now_ns) {
        runner__loop_push(loop, &timeout->timer.entry);
    } else {
        code = runner__loop_start_timer(loop, &timeout->timer, when_ns);
    }
    if (RUNNER__LIKELY(code == 0)) {
        timeout->when_ns = when_ns;
    }
    return code;
}

static inline int64_t after(int64_t now_ns, uint64_t timeout_ms)
{
    if (RUNNER__UNLIKELY(timeout_ms > (uint64_t)INT64_MAX / NS_PER_MS)) {
        return NEVER;
    }
    int64_t timeout_ns = (int64_t)(timeout_ms * NS_PER_MS);
    return timeout_ns > INT64_MAX - now_ns ? NEVER : now_ns + timeout_ns;
}

static inline int enter(runner_timeout_t *timeout, runner_task_t *task, int64_t now_ns,
                        int64_t when_ns)
{
    int code = start(timeout, now_ns, when_ns);
    if (RUNNER__LIKELY(code == 0)) {
        task->future.refs++;
        timeout->task = task;
        timeout->cancels = task->timer.cancels;
        timeout->state = ENTERED;
    }
    return code;
}

int runner__timeout_enter(runner_timeout_t *timeout, runner_task_t *task, uint64_t timeout_ms)
{
    int64_t now_ns =
        timeout_ms == RUNNER_FOREVER ? 0 : runner__loop_time(&timeout->tasks->home.loop);
    return enter(timeout, task, now_ns, after(now_ns, timeout_ms));
}

int runner__timeout_leave(runner_timeout_t *timeout, int code)
{
    runner_task_t *task = timeout->task;
    stop(timeout);
    if (timeout->state == ENTERED) {
        timeout->state = FINISHED;
    } else {
        timeout->state = EXPIRED;
        bool only_ours = runner__task_uncancel(task, RUNNER_REASON_TIMEOUT) <= timeout->cancels;
        if (only_ours && code == RUNNER_ECANCELED) {
            code = RUNNER_ETIMEDOUT;
        }
    }
    timeout->task = NULL;
    runner__future_unref(&task->future);
    return code;
}

void runner__timeout_free(runner_timeout_t *timeout)
{
    runner__tasks_t *tasks = timeout->tasks;
    stop(timeout);
    runner_task_unref(timeout->task);
    runner__pool_give(&tasks->timeouts, timeout);
    runner__home_drop(&tasks->home);
}

int runner_timeout_new(runner_timeout_t **out)
{
    runner__tasks_t *tasks = runner__tasks_current();
    if (out == NULL || tasks == NULL) {
        return out == NULL ? RUNNER_EINVAL : RUNNER_ENOLOOP;
    }
    runner_timeout_t *timeout = runner__timeout_new(tasks);
    if (timeout == NULL) {
        return RUNNER_ENOMEM;
    }
    *out = timeout;
    return 0;
}

static inline int check_open(const runner_timeout_t *timeout, runner_task_t **task)
{
    const runner__tasks_t *tasks = runner__tasks_current();
    if (RUNNER__UNLIKELY(timeout == NULL)) {
        return RUNNER_EINVAL;
    }
    if (RUNNER__UNLIKELY(timeout->state != CREATED)) {
        return RUNNER_EENTERED;
    }
    if (RUNNER__UNLIKELY(tasks == NULL || tasks->current == NULL)) {
        return RUNNER_ENOTASK;
    }
    *task = tasks->current;
    return RUNNER__UNLIKELY(timeout->tasks != tasks) ? RUNNER_EFOREIGN : 0;
}

int runner_timeout_open(runner_timeout_t *timeout, uint64_t timeout_ms)
{
    runner_task_t *task;
    int code = check_open(timeout, &task);
    return code != 0 ? code : runner__timeout_enter(timeout, task, timeout_ms);
}

static inline int64_t at(uint64_t when_ns)
{
    return when_ns > (uint64_t)INT64_MAX ? NEVER : (int64_t)when_ns;
}

int runner_timeout_open_at_ns(runner_timeout_t *timeout, uint64_t when_ns)
{
    runner_task_t *task;
    int code = check_open(timeout, &task);
    if (code != 0) {
        return code;
    }
    return enter(timeout, task, runner__loop_time(&timeout->tasks->home.loop), at(when_ns));
}

/* A timer that can not be started again leaves the old one as it was. */
static int restart(runner_timeout_t *timeout, int64_t now_ns, int64_t when_ns)
{
    bool active = runner__timer_active(&timeout->timer);
    int64_t before_ns = timeout->when_ns;
    stop(timeout);
    int code = start(timeout, now_ns, when_ns);
    if (code != 0) {
        /* In the room that it had, or due again. */
        (void)start(timeout, active ? INT64_MIN : INT64_MAX, before_ns);
    }
    return code;
}

static int check_reschedule(const runner_timeout_t *timeout)
{
    static const int codes[] = {[CREATED] = RUNNER_ENOTENTERED,
                                [ENTERED] = 0,
                                [EXPIRING] = RUNNER_EEXPIRING,
                                [EXPIRED] = RUNNER_EEXPIRED,
                                [FINISHED] = RUNNER_EFINISHED};
    if (timeout == NULL) {
        return RUNNER_EINVAL;
    }
    if (codes[timeout->state] != 0) {
        return codes[timeout->state];
    }
    return timeout->tasks != runner__tasks_current() ? RUNNER_EFOREIGN : 0;
}

int runner_timeout_reschedule(runner_timeout_t *timeout, uint64_t timeout_ms)
{
    int code = check_reschedule(timeout);
    if (code != 0) {
        return code;
    }
    int64_t now_ns = runner__loop_time(&timeout->tasks->home.loop);
    return restart(timeout, now_ns, after(now_ns, timeout_ms));
}

int runner_timeout_reschedule_at_ns(runner_timeout_t *timeout, uint64_t when_ns)
{
    int code = check_reschedule(timeout);
    if (code != 0) {
        return code;
    }
    return restart(timeout, runner__loop_time(&timeout->tasks->home.loop), at(when_ns));
}

int runner_timeout_close(runner_timeout_t *timeout, int code)
{
    if (timeout == NULL || code > 0) {
        return RUNNER_EINVAL;
    }
    if (timeout->state == CREATED) {
        return RUNNER_ENOTENTERED;
    }
    if (timeout->state == EXPIRED || timeout->state == FINISHED) {
        return timeout->state == EXPIRED ? RUNNER_EEXPIRED : RUNNER_EFINISHED;
    }
    const runner__tasks_t *tasks = runner__tasks_current();
    if (tasks == NULL || tasks->current != timeout->task) {
        return RUNNER_EOWNER;
    }
    return runner__timeout_leave(timeout, code);
}

int runner_timeout_expired(const runner_timeout_t *timeout)
{
    return timeout != NULL && (timeout->state == EXPIRING || timeout->state == EXPIRED);
}

uint64_t runner_timeout_when_ns(const runner_timeout_t *timeout)
{
    bool has_none = timeout == NULL || timeout->when_ns == NEVER;
    return has_none ? UINT64_MAX : (uint64_t)timeout->when_ns;
}

void runner_timeout_unref(runner_timeout_t *timeout)
{
    if (timeout != NULL) {
        runner__timeout_free(timeout);
    }
}

static void release_scoped(runner__scoped_t *scoped)
{
    runner__list_remove(&scoped->node);
    runner__timeout_free(RUNNER__CONTAINER(scoped, runner_timeout_t, scoped));
}

static int call(runner_timeout_t *timeout, runner_fn fn, void *arg, void **result)
{
    void *value = NULL;
    runner__scoped_add(timeout->tasks, &timeout->scoped, release_scoped);
    int code = fn(arg, &value);
    code = runner__timeout_leave(timeout, code > 0 ? RUNNER_EBADRESULT : code);
    release_scoped(&timeout->scoped);
    if (code == 0 && result != NULL) {
        *result = value;
    }
    return code;
}

int runner_with_timeout(uint64_t timeout_ms, runner_fn fn, void *arg, void **result)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = fn != NULL ? runner__coroutine_current(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    runner_timeout_t *timeout = runner__timeout_new(runner__task_owner(task));
    if (timeout == NULL) {
        return RUNNER_ENOMEM;
    }
    code = runner__timeout_enter(timeout, task, timeout_ms);
    if (code != 0) {
        runner__timeout_free(timeout);
        return code;
    }
    return call(timeout, fn, arg, result);
}
