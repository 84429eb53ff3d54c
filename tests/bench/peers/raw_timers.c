/* Floors of timers: one uv_timer_t each, which is what a program on bare libuv would use. */
#include "raw.h"

struct timers {
    uv_loop_t loop;
    uv_timer_t one; /* started and stopped while the others are armed */
    uv_timer_t *many;
    uint32_t random;
};

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

/* One to two hours away, so that nothing fires while others are measured. */
static uint64_t far_away(struct timers *timers)
{
    return 3600000u + bench_random(&timers->random) % 3600000u;
}

/* Sooner than all the others, but late enough not to fire either. */
static uint64_t soonest(struct timers *timers)
{
    return 600000u + bench_random(&timers->random) % 600000u;
}

static uint64_t fires(size_t n, void *arg)
{
    struct timers *timers = arg;
    uint64_t start = bench_now();
    uv_update_time(&timers->loop);
    for (size_t i = 0; i < n; i++) {
        uv_timer_start(&timers->many[i], on_timer, 1 + i % 8, 0);
    }
    uv_run(&timers->loop, UV_RUN_DEFAULT);
    return bench_now() - start;
}

static uint64_t cancels(size_t n, void *arg)
{
    struct timers *timers = arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        uv_timer_start(&timers->one, on_timer, far_away(timers), 0);
        uv_timer_stop(&timers->one);
    }
    return bench_now() - start;
}

static uint64_t soonest_cancels(size_t n, void *arg)
{
    struct timers *timers = arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        uv_timer_start(&timers->one, on_timer, soonest(timers), 0);
        uv_timer_stop(&timers->one);
    }
    return bench_now() - start;
}

void raw_timers(const struct bench *bench)
{
    struct timers timers = {.random = 1};
    timers.many = calloc(RAW_TIMERS, sizeof *timers.many);
    if (timers.many == NULL) {
        perror("bench_raw: calloc");
        exit(1);
    }
    raw_check(uv_loop_init(&timers.loop), "uv_loop_init");
    raw_check(uv_timer_init(&timers.loop, &timers.one), "uv_timer_init");
    for (size_t i = 0; i < RAW_TIMERS; i++) {
        raw_check(uv_timer_init(&timers.loop, &timers.many[i]), "uv_timer_init");
    }
    bench_run(bench, "timer_fire_100k", RAW_TIMERS, fires, &timers);
    for (size_t i = 0; i < RAW_TIMERS; i++) {
        uv_timer_start(&timers.many[i], on_timer, far_away(&timers), 0);
    }
    bench_run(bench, "timer_cancel_100k_armed", bench_batch(bench, 200000), cancels, &timers);
    bench_run(bench, "timer_cancel_100k_soonest", bench_batch(bench, 200000), soonest_cancels,
              &timers);
    for (size_t i = 0; i < RAW_TIMERS; i++) {
        uv_close((uv_handle_t *)&timers.many[i], NULL);
    }
    uv_close((uv_handle_t *)&timers.one, NULL);
    raw_check(uv_run(&timers.loop, UV_RUN_DEFAULT), "uv_run");
    raw_check(uv_loop_close(&timers.loop), "uv_loop_close");
    free(timers.many);
}
