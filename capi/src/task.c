#include "task.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "coroutine.h"
#include "runner/error.h"
#include "runner/handler.h"

#define ABSURD_STACK_BYTES RUNNER__STACK_MAX_BYTES

static bool cancel_task(runner_future_t *future, const runner__cancel_t *cancel)
{
    return runner__task_cancel(runner__task_of_future(future), cancel);
}

static void free_extra(runner__tasks_t *tasks, runner__task_extra_t *extra)
{
    if (extra != NULL) {
        runner__free(extra->name);
        runner__note_unref(extra->errors);
        runner__pool_give(&tasks->extras, extra);
    }
}

/* The value goes to result_drop unless somebody was given it. */
static void drop_result(runner_task_t *task)
{
    const runner__task_extra_t *extra = task->extra;
    bool left = task->future.code == 0 && task->future.value != NULL &&
                (task->future.flags & RUNNER__FUTURE_VALUE_TAKEN) == 0;
    if (left && extra != NULL && extra->result_drop != NULL) {
        extra->result_drop(task->future.value);
    }
}

static void free_task(runner_future_t *future)
{
    runner_task_t *task = runner__task_of_future(future);
    runner__tasks_t *tasks = runner__task_owner(task);
    if (task->extra != NULL) {
        drop_result(task);
        free_extra(tasks, task->extra);
    }
    runner__scope_fini(&task->scope);
    if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_HOST) != 0)) {
        tasks->host_ops->freed(task);
    }
    if ((task->future.task_flags & RUNNER__TASK_COROUTINE) != 0) {
        runner__cotask_free(tasks, (runner__cotask_t *)task);
    } else {
        runner__pool_give(&tasks->plain, task);
    }
}

static void report_task(runner_future_t *future)
{
    runner__task_report(runner__task_of_future(future), "Task exception was never retrieved");
}

static const runner__future_ops_t task_ops = {
    .what = "task", .cancel = cancel_task, .report = report_task, .free = free_task};

bool runner__future_is_task(const runner_future_t *future)
{
    return future->ops == &task_ops;
}

bool runner__task_add_extra(runner__tasks_t *tasks, runner_task_t *task)
{
    if (task->extra == NULL) {
        task->extra = runner__pool_take(&tasks->extras);
        if (task->extra != NULL) {
            memset(task->extra, 0, sizeof *task->extra);
        }
    }
    return task->extra != NULL;
}

static int set_extra(runner__tasks_t *tasks, runner_task_t *task,
                     const runner_spawn_options_t *opts)
{
    if (!runner__task_add_extra(tasks, task)) {
        return RUNNER_ENOMEM;
    }
    if (opts->name != NULL) {
        task->extra->name = runner__strdup(opts->name);
        if (task->extra->name == NULL) {
            free_extra(tasks, task->extra);
            task->extra = NULL;
            return RUNNER_ENOMEM;
        }
    }
    task->extra->site = opts->site;
    task->extra->drop = opts->drop;
    task->extra->result_drop = opts->result_drop;
    return 0;
}

static inline int make_task(runner__tasks_t *tasks, runner__body_t body, void *arg, bool coroutine,
                            const runner_spawn_options_t *opts, runner_task_t **out)
{
    runner_task_t *task;
    if (coroutine) {
        runner__cotask_t *cotask =
            runner__cotask_alloc(tasks, opts != NULL ? opts->stack_bytes : 0);
        task = cotask != NULL ? &cotask->task : NULL;
    } else {
        task = runner__pool_take(&tasks->plain);
    }
    if (task == NULL) {
        return RUNNER_ENOMEM;
    }
    task->extra = NULL;
    if (opts != NULL && (opts->name != NULL || opts->site != NULL || opts->drop != NULL ||
                         opts->result_drop != NULL)) {
        int code = set_extra(tasks, task, opts);
        if (code != 0) {
            if (coroutine) {
                runner__cotask_free(tasks, (runner__cotask_t *)task);
            } else {
                runner__pool_give(&tasks->plain, task);
            }
            return code;
        }
    }
    runner__future_init(&task->future, &tasks->home, &task_ops);
    task->timer.cancels = 0;
    task->timer.entry.run = runner__task_entry;
    task->timer.slot = RUNNER__TIMER_IDLE;
    runner__list_init(&task->timer.entry.node);
    task->wait.ops = NULL;
    task->body = body;
    task->arg = arg;
    if (opts != NULL && opts->context != NULL) {
        runner__scope_share(&task->scope, opts->context);
    } else if (RUNNER__LIKELY(tasks->home.loop.scope != NULL)) {
        runner__scope_copy_from(&task->scope, tasks->home.loop.scope);
    } else {
        runner__scope_copy(&task->scope);
    }
    task->future.task_flags = coroutine ? RUNNER__TASK_COROUTINE : 0;
    task->id = ++tasks->spawned;
    task->parent = tasks->current != NULL ? tasks->current->id : 0;
    task->reasons = 0;
    runner__list_push(&tasks->all, &task->all);
    tasks->count++;
    *out = task;
    return 0;
}

int runner__task_new(runner__tasks_t *tasks, runner__body_t body, void *arg, bool coroutine,
                     const runner_spawn_options_t *opts, runner_task_t **out)
{
    return make_task(tasks, body, arg, coroutine, opts, out);
}

/* Shutdown waits for it: what it ended with is looked at once all have. */
static void finish_leftover(runner__tasks_t *tasks)
{
    if (--tasks->leftovers_left == 0) {
        runner__loop_push(&tasks->home.loop, &tasks->leftovers_done);
    }
}

static void finish(runner_task_t *task, int code, void *value)
{
    runner__tasks_t *tasks = runner__task_owner(task);
    if (RUNNER__UNLIKELY(code > 0)) {
        code = RUNNER_EBADRESULT;
    }
    if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_MUST_CANCEL) != 0) && code == 0) {
        task->future.value = value;
        drop_result(task);
        code = RUNNER_ECANCELED;
    }
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_MUST_CANCEL;
    if (RUNNER__UNLIKELY(code == RUNNER_EGROUP) && task->extra != NULL) {
        runner__future_set_note(&task->future, task->extra->errors);
    }
    /* The host's value also says what a failure was. */
    bool has_value = code == 0 || (task->future.task_flags & RUNNER__TASK_HOST) != 0;
    runner__future_settle(&task->future, code, has_value ? value : NULL);
    tasks->count--;
    if (task->extra != NULL && task->extra->drop != NULL) {
        task->extra->drop(task->arg);
    }
    if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_ABORTS) != 0) && code < 0) {
        tasks->abort_code = code;
        runner__loop_escape(&tasks->home.loop);
    }
    if (RUNNER__UNLIKELY((task->future.task_flags & RUNNER__TASK_LEFTOVER) != 0)) {
        finish_leftover(tasks);
        return;
    }
    runner__list_remove(&task->all);
    runner__future_unref(&task->future);
}

/* A stackless body says by its code whether it is over. What it left behind if it says so while it
 * is parked is taken back. */
static bool run_step(runner_task_t *task, int status)
{
    int code = task->body.step(task->arg, status, &task->future.value);
    bool parked = task->wait.ops != NULL || (task->future.task_flags & RUNNER__TASK_QUEUED) != 0;
    if (code == RUNNER_EPARKED && parked) {
        return false;
    }
    if (parked) {
        runner__timer_stop(&task->future.home->loop.timers, &task->timer);
        runner__list_remove(&task->timer.entry.node);
        runner__list_init(&task->timer.entry.node);
        runner__wait_drop(&task->wait);
        task->future.task_flags &= ~(uint32_t)RUNNER__TASK_QUEUED;
    }
    task->future.code = code;
    return true;
}

static inline bool run_body(runner__tasks_t *tasks, runner_task_t *task, int status)
{
    if ((task->future.task_flags & RUNNER__TASK_COROUTINE) == 0) {
        return run_step(task, status);
    }
    runner__cotask_resume(tasks, (runner__cotask_t *)task, status);
    return (task->future.task_flags & RUNNER__TASK_RETURNED) != 0;
}

/* A wait for a future that is over, which it mostly is one. */
static inline int end_future_wait(runner_task_t *task)
{
    runner_future_t *future = task->wait.on;
    task->wait.ops = NULL;
    int status = runner__future_take(future, task->wait.out);
    if (RUNNER__UNLIKELY(future->note != NULL)) {
        runner__task_take_note(task, future);
    }
    runner__future_unref(future);
    return status;
}

static int end_other_wait(runner_task_t *task, uint32_t flags)
{
    runner__wait_how_t how = RUNNER__WAIT_WOKEN;
    if ((flags & RUNNER__TASK_CUT) != 0) {
        how = RUNNER__WAIT_CUT;
    } else if ((flags & RUNNER__TASK_MUST_CANCEL) != 0) {
        how = RUNNER__WAIT_LATE;
    }
    return runner__wait_end(&task->wait, how);
}

/* The outcome of the wait that is over, by the flags that the task had. */
static inline int end_wait(runner_task_t *task, uint32_t flags)
{
    if (RUNNER__LIKELY((flags & (RUNNER__TASK_MUST_CANCEL | RUNNER__TASK_CUT)) == 0)) {
        if (task->wait.ops == NULL) {
            return 0;
        }
        if (task->wait.ops == &runner__wait_for_future) {
            return end_future_wait(task);
        }
    }
    return end_other_wait(task, flags);
}

/* Ends the wait; false if there is nothing to run. */
__attribute__((always_inline)) static inline bool wake(runner_task_t *task, runner__loop_t *loop,
                                                       int *status)
{
    uint32_t flags = task->future.task_flags;
    task->future.task_flags =
        flags & ~(uint32_t)(RUNNER__TASK_QUEUED | RUNNER__TASK_MUST_CANCEL | RUNNER__TASK_CUT);
    *status = end_wait(task, flags);
    if (RUNNER__UNLIKELY(task->wait.ops != NULL)) {
        return false; /* the wait goes on */
    }
    if (RUNNER__UNLIKELY(loop->debug)) {
        const char *label = runner__task_label(task, loop->label, sizeof loop->label);
        if (label != loop->label) {
            snprintf(loop->label, sizeof loop->label, "%s", label);
        }
    }
    if ((flags & RUNNER__TASK_STARTED) == 0) {
        if (RUNNER__UNLIKELY((flags & RUNNER__TASK_MUST_CANCEL) != 0)) {
            finish(task, RUNNER_ECANCELED, NULL);
            return false;
        }
        task->future.task_flags |= RUNNER__TASK_STARTED;
    }
    return true;
}

/* A signal that came while the body ran is acted on as if it had come in the middle. */
static inline void end(runner_task_t *task, runner__loop_t *loop, int code, void *value)
{
    if (RUNNER__UNLIKELY(atomic_load_explicit(&loop->attention, memory_order_relaxed) != 0) &&
        !loop->forked) {
        loop->hooks->attention(loop);
    }
    finish(task, code, value);
}

/* Inline in its callers for the same reason as the switch itself. */
__attribute__((always_inline)) static inline void take_step(runner_task_t *task)
{
    runner__tasks_t *tasks = runner__task_owner(task);
    runner__loop_t *loop = &tasks->home.loop;
    int status;
    if (RUNNER__UNLIKELY(!wake(task, loop, &status))) {
        return;
    }
    runner_task_t *before = tasks->current;
    void *scope = loop->scope;
    tasks->current = task;
    loop->scope = &task->scope;
    task->future.task_flags |= RUNNER__TASK_RUNNING;
    bool over = run_body(tasks, task, status);
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_RUNNING;
    tasks->current = before;
    loop->scope = scope;
    if (over) {
        end(task, loop, task->future.code, task->future.value);
    }
}

void runner__task_entry(runner__loop_t *loop, runner__entry_t *entry)
{
    (void)loop;
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    take_step(RUNNER__CONTAINER(timer, runner_task_t, timer));
}

void runner__task_step(runner_task_t *task)
{
    take_step(task);
}

bool runner__task_wake(runner_task_t *task, int *status)
{
    return wake(task, &task->future.home->loop, status);
}

void runner__task_end(runner_task_t *task, int code, void *value)
{
    end(task, &task->future.home->loop, code, value);
}

bool runner__task_take_errors(runner_task_t *task, runner__note_t *errors)
{
    if (!runner__task_add_extra(runner__task_owner(task), task)) {
        return false;
    }
    runner__note_t *before = task->extra->errors;
    task->extra->errors = runner__note_ref(errors);
    runner__note_unref(before);
    return true;
}

void runner__task_take_note(runner_task_t *task, const runner_future_t *future)
{
    if (future->code == RUNNER_ECANCELED) {
        runner__future_set_note(&task->future, future->note);
    } else if (future->code == RUNNER_EGROUP && future->note->is_errors) {
        (void)runner__task_take_errors(task, future->note);
    }
}

void runner__task_abandon(runner_task_t *task)
{
    runner__timer_stop(&task->future.home->loop.timers, &task->timer);
    runner__list_remove(&task->timer.entry.node);
    runner__list_init(&task->timer.entry.node);
    runner__wait_drop(&task->wait);
    if ((task->future.task_flags & RUNNER__TASK_COROUTINE) != 0) {
        runner__cotask_abandon((runner__cotask_t *)task);
    }
    if ((task->future.task_flags & RUNNER__TASK_HOST) != 0) {
        runner__task_owner(task)->host_ops->abandoned(task);
    }
    task->future.task_flags &= ~(uint32_t)(RUNNER__TASK_MUST_CANCEL | RUNNER__TASK_ABORTS);
    finish(task, RUNNER_EABANDONED, NULL);
}

int runner__spawn_options_check(const runner_spawn_options_t *complete)
{
    bool bad = complete->stack_bytes > ABSURD_STACK_BYTES || complete->reserved != 0;
    return bad ? RUNNER_EINVAL : 0;
}

static inline int start(runner__body_t body, void *arg, bool coroutine,
                        const runner_spawn_options_t *opts, const void *address,
                        runner_task_t **out)
{
    runner__tasks_t *tasks = runner__tasks_current();
    if (RUNNER__UNLIKELY(tasks == NULL)) {
        return RUNNER_ENOLOOP;
    }
    runner_task_t *task;
    int code = make_task(tasks, body, arg, coroutine, opts, &task);
    if (code != 0) {
        return code;
    }
    if (RUNNER__UNLIKELY(tasks->home.loop.debug) && runner__task_add_extra(tasks, task)) {
        task->extra->address = address;
    }
    if (out != NULL) {
        task->future.refs++;
        *out = task;
    }
    if (RUNNER__UNLIKELY(opts != NULL && opts->eager != 0)) {
        runner__task_step(task);
    } else {
        runner__task_queue(task);
    }
    return 0;
}

int runner__task_spawn(runner__body_t body, void *arg, bool coroutine,
                       const runner_spawn_options_t *opts, const void *address, runner_task_t **out)
{
    return start(body, arg, coroutine, opts, address, out);
}

static inline int spawn(runner__body_t body, void *arg, bool coroutine,
                        const runner_spawn_options_t *opts, const void *address,
                        runner_task_t **out)
{
    runner_spawn_options_t complete;
    if (opts != NULL) {
        int code = runner__options_read(&complete, sizeof complete, opts);
        code = code != 0 ? code : runner__spawn_options_check(&complete);
        if (code != 0) {
            return code;
        }
        opts = &complete;
    }
    return start(body, arg, coroutine, opts, address, out);
}

int runner_spawn(runner_fn fn, void *arg, const runner_spawn_options_t *opts, runner_task_t **out)
{
    if (fn == NULL) {
        return RUNNER_EINVAL;
    }
    return spawn((runner__body_t){.coroutine = fn}, arg, true, opts, __builtin_return_address(0),
                 out);
}

int runner_spawn_step(runner_step_fn fn, void *arg, const runner_spawn_options_t *opts,
                      runner_task_t **out)
{
    if (fn == NULL) {
        return RUNNER_EINVAL;
    }
    return spawn((runner__body_t){.step = fn}, arg, false, opts, __builtin_return_address(0), out);
}
