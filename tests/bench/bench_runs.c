/* Whole runs: warm, cold, the first of a process. */
#include "bench_librunner.h"

static int nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static uint64_t run_warm(size_t n, void *signals)
{
    runner_t *runner;
    runner_options_t opts;
    BENCH_OK(runner_options_init(&opts, sizeof opts));
    opts.signals = *(int *)signals;
    BENCH_OK(runner_new(&runner, &opts));
    BENCH_OK(runner_run(runner, nothing, NULL, NULL, NULL));
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_run(runner, nothing, NULL, NULL, NULL));
    }
    uint64_t ns = bench_now() - start;
    runner_free(runner);
    return ns;
}

static uint64_t run_cold(size_t n, void *arg)
{
    (void)arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_main(nothing, NULL, NULL, NULL));
    }
    return bench_now() - start;
}

static void run_first(const struct bench *bench, void *arg)
{
    (void)arg;
    bench_line(bench, "run_first", (double)run_cold(1, NULL), "ns");
}

void bench_runs(const struct bench *bench)
{
    int off = RUNNER_SIGNALS_NONE;
    int on = RUNNER_SIGNALS_AUTO;
    bench_run(bench, "run_warm_nosignals", bench_batch(bench, 200000), run_warm, &off);
    bench_run(bench, "run_warm_signals", bench_batch(bench, 100000), run_warm, &on);
    bench_run(bench, "run_cold", bench_batch(bench, 4000), run_cold, NULL);
    if (bench_wants(bench, "run_first")) {
        bench_in_child(bench, run_first, NULL);
    }
}
