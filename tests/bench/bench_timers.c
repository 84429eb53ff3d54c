/* Timers: start and fire, start and cancel. */
#include "bench_librunner.h"

enum { ARMED = 100000, DUE_VALUES = 8 };

struct firing {
    runner_future_t *done;
    size_t left;
};

static int on_fire(void *arg)
{
    struct firing *firing = arg;
    return --firing->left == 0 ? runner_future_resolve(firing->done, NULL) : 0;
}

static int fire_all(void *arg, void **result)
{
    struct bench_job *job = arg;
    struct firing firing = {.left = job->n};
    runner_t *self = runner_current();
    (void)result;
    BENCH_OK(runner_future_new(self, &firing.done));
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        int64_t due_ms = (int64_t)(i % DUE_VALUES) + 1;
        BENCH_OK(runner_call_later(self, due_ms, on_fire, &firing, NULL, NULL));
    }
    BENCH_OK(runner_future_await(firing.done, NULL));
    job->ns = bench_now() - start;
    runner_future_unref(firing.done);
    return 0;
}

static int never(void *arg)
{
    (void)arg;
    return 0;
}

static int cancel_beside_armed(struct bench_job *job, int64_t from_ms, uint32_t range_ms)
{
    uint32_t seed = 1;
    runner_t *self = runner_current();
    for (size_t i = 0; i < ARMED; i++) {
        int64_t due_ms = 3600000 + (int64_t)(bench_random(&seed) % 3600000);
        BENCH_OK(runner_call_later(self, due_ms, never, NULL, NULL, NULL));
    }
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        runner_timer_t *timer;
        int64_t due_ms = from_ms + (int64_t)(bench_random(&seed) % range_ms);
        BENCH_OK(runner_call_later(self, due_ms, never, NULL, NULL, &timer));
        BENCH_OK(runner_timer_cancel(timer));
        runner_timer_unref(timer);
    }
    job->ns = bench_now() - start;
    return 0;
}

static int cancel_random(void *arg, void **result)
{
    (void)result;
    return cancel_beside_armed(arg, 3600000, 3600000);
}

static int cancel_soonest(void *arg, void **result)
{
    (void)result;
    return cancel_beside_armed(arg, 600000, 600000);
}

static uint64_t run_fire_all(size_t n, void *arg)
{
    (void)arg;
    return bench_in_task(n, fire_all);
}

static uint64_t run_cancel_random(size_t n, void *arg)
{
    (void)arg;
    return bench_in_task(n, cancel_random);
}

static uint64_t run_cancel_soonest(size_t n, void *arg)
{
    (void)arg;
    return bench_in_task(n, cancel_soonest);
}

void bench_timers(const struct bench *bench)
{
    size_t n = bench_batch(bench, 400000);
    bench_run(bench, "timer_fire_100k", ARMED, run_fire_all, NULL);
    bench_run(bench, "timer_cancel_100k_armed", n, run_cancel_random, NULL);
    bench_run(bench, "timer_cancel_100k_soonest", n, run_cancel_soonest, NULL);
}
