/* What the parts of bench_librunner share. */
#ifndef BENCH_LIBRUNNER_H
#define BENCH_LIBRUNNER_H

#include "bench.h"

#include <runner.h>

/* Ends the program when a call of the library fails: a figure would mean nothing. */
#define BENCH_OK(call)                                                                             \
    do {                                                                                           \
        int bench_code = (call);                                                                   \
        if (bench_code != 0) {                                                                     \
            fprintf(stderr, "bench: %s: %s\n", #call, runner_error_name(bench_code));              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* n operations inside a task; `ns` is how long they took. */
struct bench_job {
    size_t n;
    uint64_t ns;
};

/* Runs `body` as the main task of a new runner, with n operations to do, and returns its time. */
uint64_t bench_in_task(size_t n, runner_fn body);

void bench_tasks(const struct bench *bench);
void bench_timers(const struct bench *bench);
void bench_sync(const struct bench *bench);
void bench_poll(const struct bench *bench);
void bench_sleepers(const struct bench *bench);
void bench_threads(const struct bench *bench);
void bench_runs(const struct bench *bench);

#endif
