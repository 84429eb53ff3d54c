/* Tasks: spawn, await, yield, cancel. */
#include "bench_librunner.h"

static int nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int spawn_await(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        runner_task_t *task;
        BENCH_OK(runner_spawn(nothing, NULL, NULL, &task));
        BENCH_OK(runner_await(task, NULL));
        runner_task_unref(task);
    }
    job->ns = bench_now() - start;
    return 0;
}

static int step_nothing(void *arg, int status, void **result)
{
    (void)arg;
    (void)result;
    return status;
}

/* In batches that the warm pools of a program would hold. */
static int callback_tasks(void *arg, void **result)
{
    enum { BATCH = 1000 };
    struct bench_job *job = arg;
    (void)result;
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i += BATCH) {
        for (size_t k = 0; k < BATCH; k++) {
            BENCH_OK(runner_spawn_step(step_nothing, NULL, NULL, NULL));
        }
        BENCH_OK(runner_yield());
    }
    job->ns = bench_now() - start;
    return 0;
}

static int yield_n(void *arg, void **result)
{
    (void)result;
    for (size_t i = *(size_t *)arg; i > 0; i--) {
        BENCH_OK(runner_yield());
    }
    return 0;
}

static int yields(struct bench_job *job, size_t tasks)
{
    size_t each = job->n / tasks;
    runner_task_t **handles = calloc(tasks, sizeof *handles);
    for (size_t i = 0; i < tasks; i++) {
        BENCH_OK(runner_spawn(yield_n, &each, NULL, &handles[i]));
    }
    uint64_t start = bench_now();
    for (size_t i = 0; i < tasks; i++) {
        BENCH_OK(runner_await(handles[i], NULL));
        runner_task_unref(handles[i]);
    }
    job->ns = bench_now() - start;
    free(handles);
    return 0;
}

static int yield_1(void *arg, void **result)
{
    (void)result;
    return yields(arg, 1);
}

static int yield_2(void *arg, void **result)
{
    (void)result;
    return yields(arg, 2);
}

static int yield_1000(void *arg, void **result)
{
    (void)result;
    return yields(arg, 1000);
}

static int step_yield(void *arg, int status, void **result)
{
    size_t *left = arg;
    (void)result;
    if (status != 0 || *left == 0) {
        return status;
    }
    --*left;
    return runner_yield();
}

static int yield_2_callback(void *arg, void **result)
{
    struct bench_job *job = arg;
    size_t left[2] = {job->n / 2, job->n / 2};
    runner_task_t *tasks[2];
    (void)result;
    for (int i = 0; i < 2; i++) {
        BENCH_OK(runner_spawn_step(step_yield, &left[i], NULL, &tasks[i]));
    }
    uint64_t start = bench_now();
    for (int i = 0; i < 2; i++) {
        BENCH_OK(runner_await(tasks[i], NULL));
        runner_task_unref(tasks[i]);
    }
    job->ns = bench_now() - start;
    return 0;
}

static int park(void *arg, void **result)
{
    (void)result;
    return runner_future_await(arg, NULL);
}

static int spawn_park_cancel_await(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    runner_future_t *never;
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        runner_task_t *task;
        BENCH_OK(runner_future_new(runner_current(), &never));
        BENCH_OK(runner_spawn(park, never, NULL, &task));
        BENCH_OK(runner_yield());
        BENCH_OK(runner_task_cancel(task));
        if (runner_await(task, NULL) != RUNNER_ECANCELED) {
            exit(1);
        }
        runner_task_unref(task);
        runner_future_unref(never);
    }
    job->ns = bench_now() - start;
    return 0;
}

#define IN_TASK(body)                                                                              \
    static uint64_t run_##body(size_t n, void *arg)                                                \
    {                                                                                              \
        (void)arg;                                                                                 \
        return bench_in_task(n, body);                                                             \
    }

IN_TASK(spawn_await)
IN_TASK(callback_tasks)
IN_TASK(yield_1)
IN_TASK(yield_2)
IN_TASK(yield_1000)
IN_TASK(yield_2_callback)
IN_TASK(spawn_park_cancel_await)

void bench_tasks(const struct bench *bench)
{
    size_t n = bench_batch(bench, 1000000);
    bench_run(bench, "spawn_await", n, run_spawn_await, NULL);
    bench_run(bench, "callback_task", n, run_callback_tasks, NULL);
    bench_run(bench, "yield_1", n, run_yield_1, NULL);
    bench_run(bench, "yield_2", n, run_yield_2, NULL);
    bench_run(bench, "yield_2_callback", n, run_yield_2_callback, NULL);
    bench_run(bench, "yield_1000", n, run_yield_1000, NULL);
    bench_run(bench, "spawn_park_cancel_await", n / 2, run_spawn_park_cancel_await, NULL);
}
