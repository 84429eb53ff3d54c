/* Floors of starting, turning and closing a libuv loop. */
#include "raw.h"

static void on_async(uv_async_t *async)
{
    uv_close((uv_handle_t *)async, NULL);
}

static void ignore_async(uv_async_t *async)
{
    (void)async;
}

/* Every runner needs at least this: a loop and one handle other threads can wake it by. Closing a
 * handle takes a turn of the loop, hence uv_run. */
static void init_close(void)
{
    uv_loop_t loop;
    uv_async_t async;
    raw_check(uv_loop_init(&loop), "uv_loop_init");
    raw_check(uv_async_init(&loop, &async, ignore_async), "uv_async_init");
    uv_close((uv_handle_t *)&async, NULL);
    raw_check(uv_run(&loop, UV_RUN_DEFAULT), "uv_run");
    raw_check(uv_loop_close(&loop), "uv_loop_close");
}

static uint64_t init_closes(size_t n, void *arg)
{
    (void)arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        init_close();
    }
    return bench_now() - start;
}

/* The same with one real wake-up through the kernel in between. */
static uint64_t init_run_closes(size_t n, void *arg)
{
    (void)arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        uv_loop_t loop;
        uv_async_t async;
        raw_check(uv_loop_init(&loop), "uv_loop_init");
        raw_check(uv_async_init(&loop, &async, on_async), "uv_async_init");
        raw_check(uv_async_send(&async), "uv_async_send");
        raw_check(uv_run(&loop, UV_RUN_DEFAULT), "uv_run");
        raw_check(uv_loop_close(&loop), "uv_loop_close");
    }
    return bench_now() - start;
}

static void first_init_close(const struct bench *bench, void *arg)
{
    int out = *(int *)arg;
    (void)bench;
    uint64_t start = bench_now();
    init_close();
    uint64_t elapsed = bench_now() - start;
    if (write(out, &elapsed, sizeof elapsed) != (ssize_t)sizeof elapsed) {
        _exit(1);
    }
}

/* A process has only one first time, so each repetition is a fresh child. */
static void init_close_first(const struct bench *bench)
{
    double values[BENCH_REPETITIONS];
    size_t repetitions = bench->quick ? BENCH_QUICK_REPETITIONS : BENCH_REPETITIONS;
    for (size_t i = 0; i < repetitions; i++) {
        int ends[2];
        uint64_t elapsed = 0;
        if (pipe(ends) != 0) {
            perror("bench_raw: pipe");
            exit(1);
        }
        bool done = bench_in_child(bench, first_init_close, &ends[1]) == 0 &&
                    read(ends[0], &elapsed, sizeof elapsed) == (ssize_t)sizeof elapsed;
        close(ends[0]);
        close(ends[1]);
        if (!done) {
            return;
        }
        values[i] = (double)elapsed;
    }
    bench_line(bench, "loop_init_close_first", bench_median(values, repetitions), "ns");
}

static uint64_t iterations(size_t n, void *arg)
{
    uv_loop_t *loop = arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        uv_run(loop, UV_RUN_NOWAIT);
    }
    return bench_now() - start;
}

static uint64_t pending_sends(size_t n, void *arg)
{
    uv_async_t *async = arg;
    uv_async_send(async);
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        uv_async_send(async);
    }
    return bench_now() - start;
}

void raw_loops(const struct bench *bench)
{
    uv_loop_t loop;
    uv_async_t async;
    /* Before any loop exists here: a child inherits what libuv has set up already. */
    if (bench_wants(bench, "loop_init_close_first")) {
        init_close_first(bench);
    }
    bench_run(bench, "loop_init_close", bench_batch(bench, 4000), init_closes, NULL);
    bench_run(bench, "loop_init_run_close", bench_batch(bench, 4000), init_run_closes, NULL);

    raw_check(uv_loop_init(&loop), "uv_loop_init");
    raw_check(uv_async_init(&loop, &async, ignore_async), "uv_async_init");
    bench_run(bench, "loop_iteration", bench_batch(bench, 200000), iterations, &loop);
    bench_run(bench, "async_send_pending", bench_batch(bench, 2000000), pending_sends, &async);
    uv_close((uv_handle_t *)&async, NULL);
    raw_check(uv_run(&loop, UV_RUN_DEFAULT), "uv_run");
    raw_check(uv_loop_close(&loop), "uv_loop_close");
}
