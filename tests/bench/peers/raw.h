/* The floors: what libuv and the kernel charge for a step when nobody is in between. */
#ifndef RUNNER_BENCH_RAW_H
#define RUNNER_BENCH_RAW_H

#include "../bench.h"

#include <uv.h>

enum { RAW_TIMERS = 100000, RAW_MESSAGES = 100000 };

/* Ends the program with libuv's message: a floor measured past an error would be a wrong one. */
void raw_check(int status, const char *what);

void raw_loops(const struct bench *bench);
void raw_timers(const struct bench *bench);
void raw_polls(const struct bench *bench);
void raw_threads(const struct bench *bench);

#endif
