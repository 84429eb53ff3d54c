/*
 * Memory runs out: every scenario is run once for every allocation that it makes, the library's
 * and libuv's, with that one refused, and again with that one and all later ones refused. Whatever
 * call it hits says so with a documented code, nothing leaks, every drop that was accepted runs
 * exactly once, and the runner goes on working. Included once by each program.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "check_support.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

enum { TASK_ERROR = -30001, MOST_ALLOCATIONS = 20000 };

/* --- the allocator ----------------------------------------------------------------------- */

static struct {
    atomic_long fail_at; /* 0: none is refused */
    atomic_int for_ever; /* and all after it */
    atomic_int enough;   /* for the moment none is refused, and none counts */
    atomic_long calls;
    atomic_int hit;
    atomic_long live;
} heap;

static int refuses(void)
{
    long fail_at = atomic_load(&heap.fail_at);
    if (fail_at == 0 || atomic_load(&heap.enough))
        return 0;
    long call = atomic_fetch_add(&heap.calls, 1) + 1;
    if (call != fail_at && (call < fail_at || !atomic_load(&heap.for_ever)))
        return 0;
    atomic_store(&heap.hit, 1);
    return 1;
}

static void *counted(void *ptr)
{
    if (ptr != NULL)
        atomic_fetch_add(&heap.live, 1);
    return ptr;
}

static void *failing_malloc(size_t size)
{
    return refuses() ? NULL : counted(malloc(size));
}

static void *failing_calloc(size_t count, size_t size)
{
    return refuses() ? NULL : counted(calloc(count, size));
}

static void *failing_realloc(void *old, size_t size)
{
    if (refuses())
        return NULL;
    void *ptr = realloc(old, size);
    return old == NULL ? counted(ptr) : ptr;
}

/* libuv's: where it can not let its table of descriptors grow, it ends the process. */
static void *counted_realloc(void *old, size_t size)
{
    void *ptr = realloc(old, size);
    return old == NULL ? counted(ptr) : ptr;
}

static void counted_free(void *ptr)
{
    if (ptr != NULL)
        atomic_fetch_sub(&heap.live, 1);
    free(ptr);
}

static void arm(long fail_at, int for_ever)
{
    atomic_store(&heap.calls, 0);
    atomic_store(&heap.hit, 0);
    atomic_store(&heap.for_ever, for_ever);
    atomic_store(&heap.fail_at, fail_at);
}

static int disarm(void)
{
    atomic_store(&heap.fail_at, 0);
    return atomic_load(&heap.hit);
}

/* What the programs begin with; 0 if that is not possible. */
static int use_failing_allocator(void)
{
    return uv_replace_allocator(failing_malloc, counted_realloc, failing_calloc, counted_free) ==
               0 &&
           runner_replace_allocator(failing_malloc, failing_calloc, failing_realloc,
                                    counted_free) == 0;
}

/* --- the sweep --------------------------------------------------------------------------- */

typedef int (*scenario_fn)(void);

static atomic_int accepted;

/* A call that was given a drop: remembers whether it accepted. */
static int took(int code)
{
    if (code == 0)
        atomic_fetch_add(&accepted, 1);
    return code;
}

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        int try_code_ = (expr);                                                                    \
        if (try_code_ != 0)                                                                        \
            return try_code_;                                                                      \
    } while (0)

typedef struct before {
    long live;
    int fds;
    int drops;
    int accepted;
} before_t;

static before_t look(void)
{
    return (before_t){atomic_load(&heap.live), fd_count(), drops(), atomic_load(&accepted)};
}

static void check_one(scenario_fn scenario, int success, long fail_at, int for_ever)
{
    before_t before = look();
    log_clear();
    arm(fail_at, for_ever);
    int code = scenario();
    int hit = disarm();
    before_t after = look();
    const char *how = for_ever ? "from there on" : "only";
    int said = code == success || (hit && (code == RUNNER_ENOMEM || code == UV_ENOMEM));
    ck_assert_msg(said, "allocation %ld, %s: %s", fail_at, how, code_name(code));
    ck_assert_msg(after.live == before.live, "allocation %ld, %s: %ld blocks leaked", fail_at, how,
                  after.live - before.live);
    ck_assert_msg(after.fds == before.fds, "allocation %ld, %s: %d descriptors leaked", fail_at,
                  how, after.fds - before.fds);
    ck_assert_msg(after.drops - before.drops == after.accepted - before.accepted,
                  "allocation %ld, %s: %d drops for %d accepted calls", fail_at, how,
                  after.drops - before.drops, after.accepted - before.accepted);
}

static void sweep(scenario_fn scenario, int success)
{
    /* The first round makes what the process keeps. */
    ck_assert_code(scenario(), success);
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        long fail_at = 0;
        do {
            ck_assert_int_lt(++fail_at, MOST_ALLOCATIONS);
            check_one(scenario, success, fail_at, for_ever);
        } while (atomic_load(&heap.hit));
        ck_assert_int_gt(fail_at, 1);
    }
}

/* --- what the scenarios share ------------------------------------------------------------ */

static int main_started;
static runner_fn main_body;
static runner_fn
    second_main; /* has memory, and must succeed, whatever came of the first; or NULL */

static int count_start(void *arg, void **result)
{
    main_started = 1;
    return main_body(arg, result);
}

/* A runner that runs one main, and is closed whatever came of it. */
static int run_main_with(runner_fn body, const runner_options_t *opts)
{
    runner_run_options_t run = {.size = sizeof run, .name = "main", .drop = drop_count};
    runner_t *runner = NULL;
    TRY(runner_new(&runner, opts));
    main_started = 0;
    main_body = body;
    int code = runner_run(runner, count_start, NULL, &run, NULL);
    if (main_started)
        atomic_fetch_add(&accepted, 1);
    if (second_main != NULL) {
        atomic_store(&heap.enough, 1);
        ck_assert_code(runner_run(runner, second_main, NULL, NULL, NULL), 0);
        atomic_store(&heap.enough, 0);
    }
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    return code;
}

static int run_main(runner_fn body)
{
    runner_options_t opts = test_options();
    opts.executor_threads = 1;
    return run_main_with(body, &opts);
}

/* Options by which every argument and result is counted. */
static runner_spawn_options_t named(const char *name)
{
    runner_spawn_options_t opts;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = name;
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    return opts;
}

#endif
