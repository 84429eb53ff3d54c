/* What every benchmark program written in C shares. Header only: each program is one small
 * executable, and inlining keeps the helpers out of the way of what is measured.
 *
 * Include it before any other header: it asks the system headers for the Linux calls it needs. */
#ifndef RUNNER_BENCH_H
#define RUNNER_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BENCH_REPETITIONS = 9, BENCH_QUICK_REPETITIONS = 3 };

struct bench {
    const char *peer; /* first column of every line */
    const char *only; /* run this operation alone, NULL for all */
    bool quick;       /* fewer repetitions, smaller batches */
    size_t sleepers;  /* how many tasks the sleep_1m operations park */
    int cpu;          /* the core everything is pinned to */
    int other_cpu;    /* a second core, -1 if the machine lends none */
};

/* Runs n operations and returns how long they took in ns. The function holds the watch itself, so
 * that it can leave its preparation and its cleaning up out of the figure. */
typedef uint64_t (*bench_fn)(size_t n, void *arg);

static inline uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Keeps the compiler from removing or hoisting work whose result nobody reads. */
static inline void bench_keep(void *pointer)
{
    __asm__ volatile("" : : "r"(pointer) : "memory");
}

/* The same cheap pseudo-random sequence in every peer, so that all of them order the same due
 * times. */
static inline uint32_t bench_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Pins the calling thread; threads it creates afterwards inherit the core. */
static inline void bench_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("bench: sched_setaffinity");
        exit(1);
    }
}

/* The last core allowed is the one measured on: interrupts tend to go to the first. */
static inline void bench_choose_cpus(struct bench *bench)
{
    cpu_set_t set;
    bench->cpu = bench->other_cpu = -1;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        perror("bench: sched_getaffinity");
        exit(1);
    }
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        if (!CPU_ISSET((size_t)cpu, &set)) {
            continue;
        }
        if (bench->cpu < 0) {
            bench->cpu = cpu;
        } else {
            bench->other_cpu = cpu;
            return;
        }
    }
}

static inline void bench_usage(const char *program)
{
    fprintf(stderr, "usage: %s [--quick] [--only OP] [--count SLEEPERS]\n", program);
    exit(2);
}

static inline struct bench bench_init(const char *peer, int argc, char **argv)
{
    struct bench bench = {.peer = peer};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            bench.quick = true;
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            bench.only = argv[++i];
        } else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) {
            bench.sleepers = strtoul(argv[++i], NULL, 10);
        } else {
            bench_usage(argv[0]);
        }
    }
    if (bench.sleepers == 0) {
        bench.sleepers = bench.quick ? 100000 : 1000000;
    }
    bench_choose_cpus(&bench);
    bench_pin(bench.cpu);
    return bench;
}

static inline bool bench_wants(const struct bench *bench, const char *op)
{
    return bench->only == NULL || strcmp(bench->only, op) == 0;
}

/* One line of result: peer, operation, value, unit, separated by tabs. Flushed at once, so that a
 * crash later costs only what comes later and a forked child inherits no unwritten text. */
static inline void bench_line(const struct bench *bench, const char *op, double value,
                              const char *unit)
{
    printf("%s\t%s\t%.2f\t%s\n", bench->peer, op, value, unit);
    fflush(stdout);
}

static inline void bench_skip(const struct bench *bench, const char *op, const char *why)
{
    fprintf(stderr, "skipped: %s %s (%s)\n", bench->peer, op, why);
}

static inline int bench_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static inline double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, bench_compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Median ns per operation: one warm-up, then 9 repetitions (3 if quick) of n operations each. */
static inline double bench_measure(const struct bench *bench, size_t n, bench_fn fn, void *arg)
{
    double values[BENCH_REPETITIONS];
    size_t repetitions = bench->quick ? BENCH_QUICK_REPETITIONS : BENCH_REPETITIONS;
    fn(n, arg);
    for (size_t i = 0; i < repetitions; i++) {
        values[i] = (double)fn(n, arg) / (double)n;
    }
    return bench_median(values, repetitions);
}

/* Measures and prints, unless --only asks for another operation. */
static inline void bench_run(const struct bench *bench, const char *op, size_t n, bench_fn fn,
                             void *arg)
{
    if (bench_wants(bench, op)) {
        bench_line(bench, op, bench_measure(bench, n, fn, arg), "ns");
    }
}

/* A batch for quick runs that is a quarter of the usual one. */
static inline size_t bench_batch(const struct bench *bench, size_t n)
{
    return bench->quick ? n / 4 : n;
}

/* Runs body in a forked child, for what needs an untouched process: memory per task is wrong on a
 * heap with holes in it, and a first call is only a first call once. Returns the child's status. */
static inline int bench_in_child(const struct bench *bench,
                                 void (*body)(const struct bench *, void *), void *arg)
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body(bench, arg);
        fflush(stdout);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "bench: a child of %s failed (status %d)\n", bench->peer, status);
        return -1;
    }
    return 0;
}

/* A field of /proc/self/status in bytes; 0 if the kernel does not report it. */
static inline size_t bench_status_bytes(const char *field)
{
    char line[256];
    size_t kib = 0;
    size_t length = strlen(field);
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, length) == 0 && line[length] == ':') {
            kib = strtoul(line + length + 1, NULL, 10);
            break;
        }
    }
    fclose(status);
    return kib * 1024;
}

/* Touches that much memory in a child and gives it back: in a virtual machine the host finds the
 * memory on its first touch, which can cost more than the guest's own page fault and is not part of
 * what a program on that machine does. Call it before measuring what cold memory costs. */
static inline void bench_back_memory(size_t bytes)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base != MAP_FAILED) {
            madvise(base, bytes, MADV_NOHUGEPAGE);
            memset(base, 1, bytes);
            bench_keep(base);
        }
        _exit(0);
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
}

/* Memory the process really holds, with its page tables: stacks that are far apart cost a page
 * table entry page of their own, which the resident size alone does not show. */
static inline size_t bench_memory(void)
{
    return bench_status_bytes("VmRSS") + bench_status_bytes("VmPTE");
}

#endif
