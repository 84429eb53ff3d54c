/* Groups, timeouts and gather, and what tasks share: locks, semaphores, events, queues. */
#include "bench_librunner.h"

enum {
    STEP_CHILDREN = 100000,
    COROUTINE_CHILDREN = 10000,
    GATHERED = 1000,
    BURST = 1000,
    LATER_MS = 60000,
};

static int nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int step_nothing(void *arg, int status, void **result)
{
    (void)arg;
    (void)result;
    return status;
}

static uint64_t group_of_steps(size_t n)
{
    runner_group_t *group;
    uint64_t start = bench_now();
    BENCH_OK(runner_group_new(&group));
    BENCH_OK(runner_group_open(group));
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_group_spawn_step(group, step_nothing, NULL, NULL, NULL));
    }
    BENCH_OK(runner_group_close(group, 0));
    runner_group_unref(group);
    return bench_now() - start;
}

static uint64_t group_of_coroutines(size_t n)
{
    runner_group_t *group;
    uint64_t start = bench_now();
    BENCH_OK(runner_group_new(&group));
    BENCH_OK(runner_group_open(group));
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_group_spawn(group, nothing, NULL, NULL, NULL));
    }
    BENCH_OK(runner_group_close(group, 0));
    runner_group_unref(group);
    return bench_now() - start;
}

/* All children are alive at once, so fresh memory would be most of the first group of a runner. The
 * peers keep one runner for all repetitions; here the first group is the warm-up. */
static int group(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    (void)group_of_steps(STEP_CHILDREN);
    for (size_t i = 0; i < job->n; i += STEP_CHILDREN) {
        job->ns += group_of_steps(STEP_CHILDREN);
    }
    return 0;
}

static int group_coroutines(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    (void)group_of_coroutines(COROUTINE_CHILDREN);
    for (size_t i = 0; i < job->n; i += COROUTINE_CHILDREN) {
        job->ns += group_of_coroutines(COROUTINE_CHILDREN);
    }
    return 0;
}

static int timeout(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        runner_timeout_t *scope;
        BENCH_OK(runner_timeout_new(&scope));
        BENCH_OK(runner_timeout_open(scope, LATER_MS));
        BENCH_OK(runner_timeout_close(scope, 0));
        runner_timeout_unref(scope);
    }
    job->ns = bench_now() - start;
    return 0;
}

static int timeout_with(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        BENCH_OK(runner_with_timeout(LATER_MS, nothing, NULL, NULL));
    }
    job->ns = bench_now() - start;
    return 0;
}

static int yield_once(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_yield();
}

static void gather_once(void)
{
    runner_task_t *tasks[GATHERED];
    runner_future_t *futures[GATHERED];
    runner_future_t *all;
    for (size_t i = 0; i < GATHERED; i++) {
        BENCH_OK(runner_spawn(yield_once, NULL, NULL, &tasks[i]));
        futures[i] = runner_task_future(tasks[i]);
    }
    BENCH_OK(runner_gather(futures, GATHERED, 0, &all));
    BENCH_OK(runner_future_await(all, NULL));
    runner_future_unref(all);
    for (size_t i = 0; i < GATHERED; i++) {
        runner_task_unref(tasks[i]);
    }
}

static int gather(void *arg, void **result)
{
    struct bench_job *job = arg;
    (void)result;
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i += GATHERED) {
        gather_once();
    }
    job->ns = bench_now() - start;
    return 0;
}

static int lock(void *arg, void **result)
{
    struct bench_job *job = arg;
    runner_lock_t *lock;
    (void)result;
    BENCH_OK(runner_lock_new(&lock));
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        BENCH_OK(runner_lock_acquire(lock));
        BENCH_OK(runner_lock_release(lock));
    }
    job->ns = bench_now() - start;
    runner_lock_unref(lock);
    return 0;
}

static int semaphore(void *arg, void **result)
{
    struct bench_job *job = arg;
    runner_semaphore_t *semaphore;
    (void)result;
    BENCH_OK(runner_semaphore_new(&semaphore, 1));
    uint64_t start = bench_now();
    for (size_t i = 0; i < job->n; i++) {
        BENCH_OK(runner_semaphore_acquire(semaphore));
        BENCH_OK(runner_semaphore_release(semaphore));
    }
    job->ns = bench_now() - start;
    runner_semaphore_unref(semaphore);
    return 0;
}

/* What two tasks share. */
struct shared {
    runner_lock_t *lock;
    runner_event_t *there;
    runner_event_t *back;
    runner_queue_t *queue;
    size_t n;     /* how often each task does its part */
    size_t burst; /* after so many items the producer gives way; 0: never */
};

static void start_two(runner_fn first, runner_fn second, struct shared *shared,
                      runner_task_t *tasks[2])
{
    BENCH_OK(runner_spawn(first, shared, NULL, &tasks[0]));
    BENCH_OK(runner_spawn(second, shared, NULL, &tasks[1]));
}

static void await_two(runner_task_t *tasks[2])
{
    for (int i = 0; i < 2; i++) {
        BENCH_OK(runner_await(tasks[i], NULL));
        runner_task_unref(tasks[i]);
    }
}

static int pass_lock(void *arg, void **result)
{
    struct shared *shared = arg;
    (void)result;
    for (size_t i = 0; i < shared->n; i++) {
        BENCH_OK(runner_lock_acquire(shared->lock));
        BENCH_OK(runner_lock_release(shared->lock));
    }
    return 0;
}

/* Both tasks wait before the watch starts: from then on whoever releases the lock finds the other
 * one in line, and stands behind it. */
static int lock_contended(void *arg, void **result)
{
    struct bench_job *job = arg;
    struct shared shared = {.n = job->n / 2};
    runner_task_t *tasks[2];
    (void)result;
    BENCH_OK(runner_lock_new(&shared.lock));
    BENCH_OK(runner_lock_acquire(shared.lock));
    start_two(pass_lock, pass_lock, &shared, tasks);
    BENCH_OK(runner_yield());
    uint64_t start = bench_now();
    BENCH_OK(runner_lock_release(shared.lock));
    await_two(tasks);
    job->ns = bench_now() - start;
    runner_lock_unref(shared.lock);
    return 0;
}

static int ping(void *arg, void **result)
{
    struct shared *shared = arg;
    (void)result;
    for (size_t i = 0; i < shared->n; i++) {
        BENCH_OK(runner_event_set(shared->there));
        BENCH_OK(runner_event_wait(shared->back));
        BENCH_OK(runner_event_clear(shared->back));
    }
    return 0;
}

static int pong(void *arg, void **result)
{
    struct shared *shared = arg;
    (void)result;
    for (size_t i = 0; i < shared->n; i++) {
        BENCH_OK(runner_event_wait(shared->there));
        BENCH_OK(runner_event_clear(shared->there));
        BENCH_OK(runner_event_set(shared->back));
    }
    return 0;
}

static int event(void *arg, void **result)
{
    struct bench_job *job = arg;
    struct shared shared = {.n = job->n / 2};
    runner_task_t *tasks[2];
    (void)result;
    BENCH_OK(runner_event_new(&shared.there));
    BENCH_OK(runner_event_new(&shared.back));
    start_two(pong, ping, &shared, tasks);
    uint64_t start = bench_now();
    await_two(tasks);
    job->ns = bench_now() - start;
    runner_event_unref(shared.there);
    runner_event_unref(shared.back);
    return 0;
}

static int produce(void *arg, void **result)
{
    struct shared *shared = arg;
    (void)result;
    for (size_t i = 1; i <= shared->n; i++) {
        BENCH_OK(runner_queue_put(shared->queue, shared));
        if (shared->burst != 0 && i % shared->burst == 0) {
            BENCH_OK(runner_yield());
        }
    }
    return 0;
}

static int consume(void *arg, void **result)
{
    struct shared *shared = arg;
    (void)result;
    for (size_t i = 0; i < shared->n; i++) {
        void *item;
        BENCH_OK(runner_queue_get(shared->queue, &item));
        bench_keep(item);
    }
    return 0;
}

static int through_queue(struct bench_job *job, size_t maxsize, size_t burst)
{
    struct shared shared = {.n = job->n, .burst = burst};
    runner_queue_options_t opts;
    runner_task_t *tasks[2];
    BENCH_OK(runner_queue_options_init(&opts, sizeof opts));
    opts.maxsize = maxsize;
    BENCH_OK(runner_queue_new(&shared.queue, &opts));
    start_two(consume, produce, &shared, tasks);
    uint64_t start = bench_now();
    await_two(tasks);
    job->ns = bench_now() - start;
    runner_queue_unref(shared.queue);
    return 0;
}

static int queue(void *arg, void **result)
{
    (void)result;
    return through_queue(arg, 64, 0);
}

static int queue_1(void *arg, void **result)
{
    (void)result;
    return through_queue(arg, 1, 0);
}

/* A producer that never waits would be done before the consumer gets its first item. */
static int queue_unbounded(void *arg, void **result)
{
    (void)result;
    return through_queue(arg, 0, BURST);
}

#define IN_TASK(body)                                                                              \
    static uint64_t run_##body(size_t n, void *arg)                                                \
    {                                                                                              \
        (void)arg;                                                                                 \
        return bench_in_task(n, body);                                                             \
    }

IN_TASK(group)
IN_TASK(group_coroutines)
IN_TASK(timeout)
IN_TASK(timeout_with)
IN_TASK(gather)
IN_TASK(lock)
IN_TASK(lock_contended)
IN_TASK(semaphore)
IN_TASK(event)
IN_TASK(queue)
IN_TASK(queue_1)
IN_TASK(queue_unbounded)

void bench_sync(const struct bench *bench)
{
    size_t n = bench_batch(bench, 1000000);
    size_t groups = 4;
    bench_run(bench, "group", groups * STEP_CHILDREN, run_group, NULL);
    bench_run(bench, "group_coroutines", groups * COROUTINE_CHILDREN, run_group_coroutines, NULL);
    bench_run(bench, "timeout", n, run_timeout, NULL);
    bench_run(bench, "timeout_with", n, run_timeout_with, NULL);
    bench_run(bench, "gather", n / 2, run_gather, NULL);
    bench_run(bench, "lock", 4 * n, run_lock, NULL);
    bench_run(bench, "lock_contended", n, run_lock_contended, NULL);
    bench_run(bench, "semaphore", 4 * n, run_semaphore, NULL);
    bench_run(bench, "event", n, run_event, NULL);
    bench_run(bench, "queue", n, run_queue, NULL);
    bench_run(bench, "queue_1", n, run_queue_1, NULL);
    bench_run(bench, "queue_unbounded", n, run_queue_unbounded, NULL);
}
