/* Waits for descriptors: two tasks pass a byte to and fro through two pipes. */
#include "bench_librunner.h"

#include <fcntl.h>

struct pipes {
    int here[2]; /* reading end, writing end */
    int there[2];
};

static void pass(const int *from, const int *to, size_t n)
{
    char byte;
    for (size_t i = 0; i < n; i++) {
        BENCH_OK(runner_poll(from[0], RUNNER_READABLE, RUNNER_FOREVER, NULL));
        if (read(from[0], &byte, 1) != 1 || write(to[1], &byte, 1) != 1) {
            perror("bench: pipe");
            exit(1);
        }
    }
}

struct passer {
    const int *from;
    const int *to;
    size_t n;
};

static int passer(void *arg, void **result)
{
    const struct passer *passer = arg;
    (void)result;
    pass(passer->from, passer->to, passer->n);
    return 0;
}

static int poll_pipes(void *arg, void **result)
{
    struct bench_job *job = arg;
    struct pipes pipes;
    struct passer other = {pipes.there, pipes.here, job->n / 2};
    runner_task_t *task;
    (void)result;
    if (pipe2(pipes.here, O_CLOEXEC) != 0 || pipe2(pipes.there, O_CLOEXEC) != 0 ||
        write(pipes.here[1], "x", 1) != 1) {
        perror("bench: pipe");
        exit(1);
    }
    BENCH_OK(runner_spawn(passer, &other, NULL, &task));
    uint64_t start = bench_now();
    pass(pipes.here, pipes.there, job->n / 2);
    BENCH_OK(runner_await(task, NULL));
    job->ns = bench_now() - start;
    runner_task_unref(task);
    for (int i = 0; i < 2; i++) {
        close(pipes.here[i]);
        close(pipes.there[i]);
    }
    return 0;
}

static uint64_t run_poll(size_t n, void *arg)
{
    (void)arg;
    return bench_in_task(n, poll_pipes);
}

void bench_poll(const struct bench *bench)
{
    bench_run(bench, "poll", bench_batch(bench, 200000), run_poll, NULL);
}
