/* Other threads: messages into the loop, jobs out of it. */
#include "bench_librunner.h"

#include <pthread.h>

struct delivery {
    runner_t *runner;
    runner_future_t *done;
    size_t messages;
    size_t left; /* only the loop counts */
    int cpu;
};

static int on_message(void *arg)
{
    struct delivery *delivery = arg;
    return --delivery->left == 0 ? runner_future_resolve(delivery->done, NULL) : 0;
}

static void *send_all(void *arg)
{
    struct delivery *delivery = arg;
    if (delivery->cpu >= 0) {
        bench_pin(delivery->cpu);
    }
    for (size_t i = 0; i < delivery->messages; i++) {
        BENCH_OK(runner_call_soon_threadsafe(delivery->runner, on_message, delivery, NULL));
    }
    return NULL;
}

struct bulk {
    struct bench_job job;
    int cpu;
};

static int receive_all(void *arg, void **result)
{
    struct bulk *bulk = arg;
    pthread_t sender;
    struct delivery delivery = {runner_current(), NULL, bulk->job.n, bulk->job.n, bulk->cpu};
    (void)result;
    BENCH_OK(runner_future_new(delivery.runner, &delivery.done));
    BENCH_OK(runner_submitter_acquire(delivery.runner));
    uint64_t start = bench_now();
    if (pthread_create(&sender, NULL, send_all, &delivery) != 0) {
        exit(1);
    }
    BENCH_OK(runner_future_await(delivery.done, NULL));
    bulk->job.ns = bench_now() - start;
    pthread_join(sender, NULL);
    BENCH_OK(runner_submitter_release(delivery.runner));
    runner_future_unref(delivery.done);
    return 0;
}

static uint64_t run_bulk(size_t n, void *cpu)
{
    struct bulk bulk = {.job.n = n, .cpu = *(int *)cpu};
    BENCH_OK(runner_main(receive_all, &bulk, NULL, NULL));
    return bulk.job.ns;
}

static int empty_job(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int round_trips(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    BENCH_OK(runner_to_thread(empty_job, NULL, NULL, NULL));
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        BENCH_OK(runner_to_thread(empty_job, NULL, NULL, NULL));
    }
    job->ns = bench_now() - start;
    return 0;
}

static uint64_t run_round_trips(size_t n, void *arg)
{
    (void)arg;
    return bench_in_task(n, round_trips);
}

void bench_threads(const struct bench *bench)
{
    int same_cpu = -1;
    int other_cpu = bench->other_cpu;
    bench_run(bench, "submit_bulk", 100000, run_bulk, &same_cpu);
    if (other_cpu >= 0) {
        bench_run(bench, "submit_bulk_2cores", 100000, run_bulk, &other_cpu);
    } else {
        bench_skip(bench, "submit_bulk_2cores", "one core only");
    }
    bench_run(bench, "executor_round_trip", bench_batch(bench, 20000), run_round_trips, NULL);
}
