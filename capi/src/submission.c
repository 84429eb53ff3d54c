/* Tasks for a loop that runs in another thread, with a handle for any thread. */
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "handle.h"
#include "runner/error.h"
#include "runner/submission.h"

struct runner_submission {
    runner__entry_t entry;  /* in the inbox; then waits for the task; then, on a cancel, again */
    runner__entry_t cancel; /* in the inbox once asked to cancel */
    atomic_uint refs;       /* the handle's, and the loop's until it is settled */
    uv_mutex_t lock;
    uv_cond_t settled;
    bool done; /* guarded by lock, like the rest up to the line */
    bool cancel_asked;
    bool taken;
    int code;
    void *value;
    /* --- only the loop's thread --- */
    runner_t *self;
    runner_fn fn;
    void *arg;
    runner_spawn_options_t opts;
    char *name;
    runner__scope_t scope;
    runner_task_t *task; /* NULL before it was spawned and after it was settled */
};

static void unref(runner_submission_t *submission)
{
    if (atomic_fetch_sub_explicit(&submission->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    bool left = submission->done && submission->code == 0 && submission->value != NULL;
    if (left && !submission->taken && submission->opts.result_drop != NULL) {
        submission->opts.result_drop(submission->value);
    }
    uv_cond_destroy(&submission->settled);
    uv_mutex_destroy(&submission->lock);
    runner__free(submission);
}

static void free_request(runner_submission_t *submission)
{
    runner__free(submission->name);
    submission->name = NULL;
    runner__scope_fini(&submission->scope);
    runner_context_unref(submission->opts.context);
    submission->opts.context = NULL;
}

/* The loop's part is over. */
static void settle(runner_submission_t *submission, int code, void *value)
{
    free_request(submission);
    uv_mutex_lock(&submission->lock);
    submission->done = true;
    submission->code = code;
    submission->value = value;
    uv_cond_broadcast(&submission->settled);
    uv_mutex_unlock(&submission->lock);
    unref(submission);
}

/* The task has ended. Its value moves on to whoever waits; a failure that nobody can ask for is
 * left with the task, which is reported when it goes. */
static void task_ended(runner__loop_t *loop, runner__entry_t *entry)
{
    runner_submission_t *submission = RUNNER__CONTAINER(entry, runner_submission_t, entry);
    runner_task_t *task = submission->task;
    void *value = NULL;
    (void)loop;
    submission->task = NULL;
    int code = task->future.code;
    if (code == 0 || atomic_load(&submission->refs) > 1) {
        code = runner__future_take(&task->future, &value);
    }
    runner__future_unref(&task->future);
    settle(submission, code, value);
}

static void refuse(runner_submission_t *submission, int code)
{
    if (submission->opts.drop != NULL) {
        submission->opts.drop(submission->arg);
    }
    settle(submission, code, NULL);
}

static bool is_canceled(runner_submission_t *submission)
{
    uv_mutex_lock(&submission->lock);
    bool canceled = submission->cancel_asked;
    uv_mutex_unlock(&submission->lock);
    return canceled;
}

/* On the loop: the task begins, unless the runner has closed or the submitter has changed its
 * mind. */
static void start_task(runner__loop_t *loop, runner__entry_t *entry)
{
    runner_submission_t *submission = RUNNER__CONTAINER(entry, runner_submission_t, entry);
    runner__tasks_t *tasks = (runner__tasks_t *)loop;
    if (runner__home_phase(&tasks->home) == RUNNER__CLOSED || is_canceled(submission)) {
        refuse(submission, RUNNER_ECANCELED);
        return;
    }
    void *scope = loop->scope;
    loop->scope = &submission->scope;
    runner_spawn_options_t opts = submission->opts;
    opts.name = submission->name;
    runner_task_t *task;
    int code = runner__task_new(tasks, (runner__body_t){.coroutine = submission->fn},
                                submission->arg, true, &opts, &task);
    loop->scope = scope;
    if (code != 0) {
        refuse(submission, code);
        return;
    }
    submission->task = runner_task_ref(task);
    submission->entry.run = task_ended;
    runner__list_push(&task->future.waiters, &submission->entry.node);
    runner__task_queue(task);
}

static void cancel_task(runner__loop_t *loop, runner__entry_t *entry)
{
    runner_submission_t *submission = RUNNER__CONTAINER(entry, runner_submission_t, cancel);
    (void)loop;
    if (submission->task != NULL) {
        (void)runner_task_cancel(submission->task);
    }
    unref(submission);
}

static int init(runner_submission_t *submission, runner_t *self, runner_fn fn, void *arg)
{
    if (submission == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = uv_mutex_init(&submission->lock);
    if (code != 0) {
        return code;
    }
    code = uv_cond_init(&submission->settled);
    if (code != 0) {
        uv_mutex_destroy(&submission->lock);
        return code;
    }
    submission->entry.run = start_task;
    submission->cancel.run = cancel_task;
    atomic_init(&submission->refs, 2);
    submission->self = self;
    submission->fn = fn;
    submission->arg = arg;
    return 0;
}

static int copy_options(runner_submission_t *submission, const runner_spawn_options_t *opts)
{
    submission->opts = *opts;
    submission->opts.eager = 0;
    (void)runner_context_ref(opts->context);
    runner__scope_copy(&submission->scope);
    if (opts->name != NULL) {
        submission->name = runner__strdup(opts->name);
        return submission->name != NULL ? 0 : RUNNER_ENOMEM;
    }
    return 0;
}

static int make(runner_t *self, runner_fn fn, void *arg, const runner_spawn_options_t *opts,
                runner_submission_t **out)
{
    runner_submission_t *submission = runner__calloc(1, sizeof *submission);
    int code = init(submission, self, fn, arg);
    if (code != 0) {
        runner__free(submission);
        return code;
    }
    code = copy_options(submission, opts);
    if (code != 0) {
        free_request(submission);
        unref(submission);
        unref(submission);
        return code;
    }
    *out = submission;
    return 0;
}

int runner_spawn_threadsafe(runner_t *self, runner_fn fn, void *arg,
                            const runner_spawn_options_t *opts, runner_submission_t **out)
{
    runner_spawn_options_t complete;
    runner_submission_t *submission;
    if (fn == NULL || runner__options_read(&complete, sizeof complete, opts) != 0 ||
        complete.stack_bytes > RUNNER__STACK_MAX_BYTES || complete.reserved != 0) {
        return RUNNER_EINVAL;
    }
    int code = runner__home_check(self);
    if (code == 0 && atomic_load_explicit(&self->tasks_shut, memory_order_relaxed)) {
        code = RUNNER_ECLOSED;
    }
    code = code != 0 ? code : make(self, fn, arg, &complete, &submission);
    if (code != 0) {
        return code;
    }
    if (!runner__inbox_post(&runner__loop_of(self)->inbox, &submission->entry)) {
        free_request(submission);
        unref(submission);
        unref(submission);
        return RUNNER_ECLOSED;
    }
    if (out != NULL) {
        *out = submission;
    } else {
        unref(submission);
    }
    return 0;
}

/* With the lock held: until it is settled, or the time is up. */
static bool wait_settled(runner_submission_t *submission, uint64_t timeout_ms)
{
    if (timeout_ms == RUNNER_FOREVER) {
        while (!submission->done) {
            uv_cond_wait(&submission->settled, &submission->lock);
        }
        return true;
    }
    uint64_t now_ns = uv_hrtime();
    uint64_t most_ms = (UINT64_MAX / 2 - now_ns) / 1000000;
    uint64_t end_ns = now_ns + (timeout_ms < most_ms ? timeout_ms : most_ms) * 1000000;
    while (!submission->done) {
        now_ns = uv_hrtime();
        if (now_ns >= end_ns ||
            uv_cond_timedwait(&submission->settled, &submission->lock, end_ns - now_ns) != 0) {
            break;
        }
    }
    return submission->done;
}

int runner_submission_wait(runner_submission_t *submission, uint64_t timeout_ms, void **result)
{
    if (submission == NULL) {
        return RUNNER_EINVAL;
    }
    int code;
    uv_mutex_lock(&submission->lock);
    if (!submission->done && runner__loop_current == runner__loop_of(submission->self)) {
        code = RUNNER_ELOOP;
    } else if (!wait_settled(submission, timeout_ms)) {
        code = RUNNER_ETIMEDOUT;
    } else {
        code = submission->code;
        if (code == 0 && result != NULL) {
            *result = submission->value;
            submission->taken = true;
        }
    }
    uv_mutex_unlock(&submission->lock);
    return code;
}

/* While it is not settled the runner is alive: its close settles it, under the same lock. */
int runner_submission_cancel(runner_submission_t *submission)
{
    if (submission == NULL) {
        return RUNNER_EINVAL;
    }
    int code = 0;
    uv_mutex_lock(&submission->lock);
    if (submission->done) {
        code = RUNNER_EDONE;
    } else if (!submission->cancel_asked) {
        submission->cancel_asked = true;
        atomic_fetch_add_explicit(&submission->refs, 1, memory_order_relaxed);
        if (!runner__inbox_post(&runner__loop_of(submission->self)->inbox, &submission->cancel)) {
            atomic_fetch_sub_explicit(&submission->refs, 1, memory_order_relaxed);
        }
    }
    uv_mutex_unlock(&submission->lock);
    return code;
}

int runner_submission_done(runner_submission_t *submission)
{
    if (submission == NULL) {
        return 0;
    }
    uv_mutex_lock(&submission->lock);
    bool done = submission->done;
    uv_mutex_unlock(&submission->lock);
    return done;
}

void runner_submission_unref(runner_submission_t *submission)
{
    if (submission != NULL) {
        unref(submission);
    }
}
