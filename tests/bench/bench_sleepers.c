/* A million sleeping tasks: what one costs in time and memory. */
#include "bench_librunner.h"

enum { PAGE = 4096 };

struct sleepers {
    const struct bench *bench;
    size_t before; /* bytes of the process when nobody sleeps */
    bool stackless;
};

static int sleep_long(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(3600000) == RUNNER_ECANCELED ? 0 : 1;
}

static int step_sleep_long(void *arg, int status, void **result)
{
    (void)arg;
    (void)result;
    return status == 0 ? runner_sleep(3600000) : 0;
}

static uint64_t park_all(size_t n, bool stackless, runner_task_t **tasks)
{
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        if (stackless) {
            BENCH_OK(runner_spawn_step(step_sleep_long, NULL, NULL, &tasks[i]));
        } else {
            BENCH_OK(runner_spawn(sleep_long, NULL, NULL, &tasks[i]));
        }
    }
    BENCH_OK(runner_yield());
    return bench_now() - start;
}

static void end_all(size_t n, runner_task_t **tasks)
{
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_task_cancel(tasks[i]));
    }
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_await(tasks[i], NULL));
        runner_task_unref(tasks[i]);
    }
}

static int measure(void *arg, void **result)
{
    struct sleepers *sleepers = arg;
    const struct bench *bench = sleepers->bench;
    size_t n = bench->sleepers;
    runner_task_t **tasks = calloc(n, sizeof *tasks);
    (void)result;
    if (tasks == NULL) {
        exit(1);
    }
    memset(tasks, 1, n * sizeof *tasks);
    sleepers->before = bench_memory();
    uint64_t cold_ns = park_all(n, sleepers->stackless, tasks);
    double bytes = (double)(bench_memory() - sleepers->before) / (double)n;
    if (sleepers->stackless) {
        bench_line(bench, "sleep_1m_callback_bytes", bytes, "B");
        bench_line(bench, "sleep_1m_callback_park_ns", (double)cold_ns / (double)n, "ns");
    } else {
        bench_line(bench, "sleep_1m_bytes", bytes, "B");
        bench_line(bench, "sleep_1m_cold_ns", (double)cold_ns / (double)n, "ns");
    }
    end_all(n, tasks);
    if (!sleepers->stackless) {
        double warm_ns = (double)park_all(n, false, tasks) / (double)n;
        bench_line(bench, "sleep_1m_warm_ns", warm_ns, "ns");
        end_all(n, tasks);
    }
    free(tasks);
    return 0;
}

static void in_child(const struct bench *bench, void *arg)
{
    struct sleepers sleepers = {.bench = bench, .stackless = *(bool *)arg};
    BENCH_OK(runner_main(measure, &sleepers, NULL, NULL));
}

void bench_sleepers(const struct bench *bench)
{
    bool stackless = true;
    bool stackful = false;
    bool wanted = bench->only == NULL || strncmp(bench->only, "sleep_1m", 8) == 0;
    if (!wanted) {
        return;
    }
    bench_back_memory(bench->sleepers * PAGE);
    bench_in_child(bench, in_child, &stackful);
    bench_back_memory(bench->sleepers * 256);
    bench_in_child(bench, in_child, &stackless);
}
