/* What librunner's operations cost; see OPS.md. */
#include "bench_librunner.h"

uint64_t bench_in_task(size_t n, runner_fn body)
{
    struct bench_job job = {.n = n};
    BENCH_OK(runner_main(body, &job, NULL, NULL));
    return job.ns;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_init("librunner", argc, argv);
    bench_tasks(&bench);
    bench_timers(&bench);
    bench_sync(&bench);
    bench_poll(&bench);
    bench_threads(&bench);
    bench_runs(&bench);
    bench_sleepers(&bench);
    return 0;
}
