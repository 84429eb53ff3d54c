#include "job.h"

#include "base/alloc.h"
#include "runner/error.h"
#include "workers.h"

/* The future of a job, which can take the job back while it waits in the queue. */
typedef struct job_future {
    runner_future_t future;
    runner_job_t *job; /* NULL once the job has ended or was forgotten */
    runner_drop_fn result_drop;
} job_future_t;

static RUNNER__THREAD_LOCAL runner__home_t *job_home;

runner__home_t *runner__job_home(void)
{
    return job_home;
}

/* A job that runs goes on to its end; the waiter is told at once. */
static bool cancel_job(runner_future_t *future, const runner__cancel_t *cancel)
{
    runner_job_t *job = RUNNER__CONTAINER(future, job_future_t, future)->job;
    if (runner__future_is_done(future)) {
        return false;
    }
    runner__future_set_note(future, cancel->note);
    runner__future_settle(future, RUNNER_ECANCELED, NULL);
    if (job != NULL && runner__workers_cancel(job->workers, job)) {
        runner__job_finish(job);
    }
    return true;
}

static void free_job_future(runner_future_t *future)
{
    job_future_t *owner = RUNNER__CONTAINER(future, job_future_t, future);
    bool left = future->code == 0 && future->value != NULL &&
                (future->flags & RUNNER__FUTURE_VALUE_TAKEN) == 0;
    if (left && owner->result_drop != NULL) {
        owner->result_drop(future->value);
    }
    runner__free(owner);
}

static const runner__future_ops_t job_ops = {.what = "thread",
                                             .cancel = cancel_job,
                                             .report = runner__future_report_plain,
                                             .free = free_job_future};

runner_job_t *runner__job_new(runner__home_t *home, runner_job_fn fn, void *arg,
                              const runner_job_options_t *opts)
{
    runner_job_t *job = runner__calloc(1, sizeof *job);
    job_future_t *owner = runner__malloc(sizeof *owner);
    if (job == NULL || owner == NULL) {
        runner__free(job);
        runner__free(owner);
        return NULL;
    }
    runner__future_init(&owner->future, home, &job_ops);
    owner->job = job;
    owner->result_drop = opts->result_drop;
    job->future = &owner->future;
    runner__scope_init(&job->scope);
    job->fn = fn;
    job->arg = arg;
    job->drop = opts->drop;
    job->result_drop = opts->result_drop;
    job->state = RUNNER__JOB_QUEUED;
    return job;
}

static void free_job(runner_job_t *job)
{
    if (job->workers != NULL) {
        runner__workers_unref(job->workers);
    }
    runner__scope_fini(&job->scope);
    runner__free(job);
}

/* Cuts the tie between a job and its future. */
static runner_future_t *detach(runner_job_t *job)
{
    runner_future_t *future = job->future;
    if (future != NULL) {
        RUNNER__CONTAINER(future, job_future_t, future)->job = NULL;
        job->future = NULL;
    }
    return future;
}

void runner__job_refuse(runner_job_t *job)
{
    runner__future_unref(detach(job));
    free_job(job);
}

void runner__job_call(runner_job_t *job, runner__home_t *home)
{
    runner__home_t *before = job_home;
    runner__scope_t *scope = runner__scope_enter_thread(&job->scope);
    job_home = home;
    int code = job->fn(job->arg, &job->value);
    job_home = before;
    (void)runner__scope_enter_thread(scope);
    job->code = code > 0 ? RUNNER_EBADRESULT : code;
}

/* What of a job is nobody's any more. */
static void drop_all(runner_job_t *job, bool with_value)
{
    if (with_value && job->code == 0 && job->value != NULL && job->result_drop != NULL) {
        job->result_drop(job->value);
    }
    if (job->drop != NULL) {
        job->drop(job->arg);
    }
}

void runner__job_finish(runner_job_t *job)
{
    runner_future_t *future = detach(job);
    bool pending = future != NULL && !runner__future_is_done(future);
    if (pending) {
        runner__future_settle(future, job->code, job->value);
    }
    drop_all(job, !pending);
    free_job(job);
    if (future != NULL) {
        runner__future_unref(future);
    }
}

void runner__job_forget(runner_job_t *job, int code)
{
    runner_future_t *future = detach(job);
    if (future == NULL) {
        return;
    }
    if (!runner__future_is_done(future)) {
        runner__future_settle(future, code, NULL);
        (void)runner__future_take(future, NULL);
    }
    runner__future_unref(future);
}

void runner__job_discard(runner_job_t *job)
{
    drop_all(job, true);
    free_job(job);
}
