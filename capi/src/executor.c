#include "executor.h"

#include "base/alloc.h"
#include "base/options.h"
#include "coroutine.h"
#include "handle.h"
#include "job.h"
#include "runner/error.h"
#include "workers.h"

#define MOST_DEFAULT_THREADS 32
#define MORE_THAN_CORES 4

static unsigned default_threads(void)
{
    unsigned threads = uv_available_parallelism() + MORE_THAN_CORES;
    return threads < MOST_DEFAULT_THREADS ? threads : MOST_DEFAULT_THREADS;
}

static int make_executor(runner_t *self)
{
    unsigned threads = self->options.executor_threads;
    self->jobs = runner__workers_new(&self->tasks.home, threads > 0 ? threads : default_threads(),
                                     self->options.executor);
    return self->jobs != NULL ? 0 : RUNNER_ENOMEM;
}

static int use_executor(runner_t *self)
{
    if (atomic_load_explicit(&self->jobs_shut, memory_order_relaxed)) {
        return RUNNER_ESHUTDOWN;
    }
    return self->jobs != NULL ? 0 : make_executor(self);
}

/* Hands an accepted job over. On failure it is as if it had never been. */
static int submit(runner_t *self, runner_job_t *job)
{
    int code = use_executor(self);
    return code != 0 ? code : runner__workers_submit(self->jobs, job);
}

int runner__executor_adopt(runner_t *self, runner_job_fn fn, void *arg,
                           const runner_job_options_t *opts, runner_job_t **job,
                           runner_future_t **out)
{
    int code = use_executor(self);
    if (code != 0) {
        return code;
    }
    *job = runner__job_new(&self->tasks.home, fn, arg, opts);
    if (*job == NULL) {
        return RUNNER_ENOMEM;
    }
    *out = runner_future_ref((*job)->future);
    runner__workers_adopt(self->jobs, *job);
    return 0;
}

/* On success the caller has a reference of the future that the job settles. */
static int start(runner_t *self, runner_job_fn fn, void *arg, const runner_job_options_t *opts,
                 bool with_context, runner_future_t **out)
{
    runner_job_options_t complete;
    if (fn == NULL || runner__options_read(&complete, sizeof complete, opts) != 0) {
        return RUNNER_EINVAL;
    }
    runner_job_t *job = runner__job_new(&self->tasks.home, fn, arg, &complete);
    if (job == NULL) {
        return RUNNER_ENOMEM;
    }
    if (with_context) {
        runner__scope_copy(&job->scope);
    }
    *out = runner_future_ref(job->future);
    int code = submit(self, job);
    if (code != 0) {
        runner__future_unref(*out);
        runner__job_refuse(job);
    }
    return code;
}

int runner_to_thread(runner_job_fn fn, void *arg, const runner_job_options_t *opts, void **result)
{
    int code = 0;
    runner_task_t *task = runner__task_may_wait(&code);
    if (task == NULL) {
        return code;
    }
    runner_future_t *future;
    code = start((runner_t *)task->future.home, fn, arg, opts, true, &future);
    if (code != 0) {
        return code;
    }
    return runner__task_park_on(task, future, result);
}

int runner_run_in_executor(runner_t *self, runner_job_fn fn, void *arg,
                           const runner_job_options_t *opts, runner_future_t **out)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    if (runner__job_home() == &self->tasks.home) {
        bool shut = atomic_load_explicit(&self->jobs_shut, memory_order_relaxed);
        return shut ? RUNNER_ESHUTDOWN : RUNNER_ETHREAD;
    }
    runner__home_t *home;
    runner_future_t *future;
    code = runner__home_use(self, &home);
    code = code != 0 ? code : start(self, fn, arg, opts, false, &future);
    if (code != 0) {
        return code;
    }
    if (out != NULL) {
        *out = future;
    } else {
        runner__future_unref(future);
    }
    return 0;
}

bool runner__executor_shutdown(runner_t *self, void (*done)(runner_t *self))
{
    atomic_store_explicit(&self->jobs_shut, true, memory_order_relaxed);
    if (self->jobs == NULL) {
        return false;
    }
    runner__workers_shutdown(self->jobs, done);
    return true;
}

size_t runner__executor_release(runner_t *self)
{
    size_t left = 0;
    atomic_store_explicit(&self->jobs_shut, true, memory_order_relaxed);
    if (self->jobs != NULL) {
        left = runner__workers_release(self->jobs);
        self->jobs = NULL;
    }
    return left;
}
