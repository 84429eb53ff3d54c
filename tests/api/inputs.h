/*
 * What the tests of gather, shield, wait and as_completed share: futures and tasks to put in, ways
 * to log what comes out, and the turns that pass meanwhile.
 */
#ifndef API_INPUTS_H
#define API_INPUTS_H

#include "check_support.h"

#include <stdio.h>

/* --- runs and turns ---------------------------------------------------------------------- */

static inline void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

static inline void yield_times(int times)
{
    for (int i = 0; i < times; i++) {
        ck_assert_code(runner_yield(), 0);
    }
}

/* Logs the number of each turn of the loop that follows, at its place in the ready queue. */
typedef struct ticker {
    int at;
    int last;
} ticker_t;

static inline int tick(void *arg)
{
    ticker_t *ticker = arg;
    log_add("%d", ++ticker->at);
    return ticker->at < ticker->last ? runner_call_soon(runner_current(), tick, ticker, NULL) : 0;
}

static inline void start_ticker(ticker_t *ticker)
{
    ck_assert_code(runner_call_soon(runner_current(), tick, ticker, NULL), 0);
}

/* --- futures ----------------------------------------------------------------------------- */

static inline runner_future_t *future_of(runner_t *runner)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    return future;
}

static inline runner_future_t *new_future(void)
{
    return future_of(runner_current());
}

static inline void new_futures(runner_future_t **futures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        futures[i] = new_future();
    }
}

static inline void unref_all(runner_future_t *const *futures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        runner_future_unref(futures[i]);
    }
}

static inline void resolve(runner_future_t *future, int number)
{
    ck_assert_code(runner_future_resolve(future, value_of(number)), 0);
}

static inline void reject(runner_future_t *future, int code)
{
    ck_assert_code(runner_future_reject(future, code), 0);
}

static inline void cancel(runner_future_t *future)
{
    ck_assert_code(runner_future_cancel(future), 0);
}

static inline runner_future_t *gather(runner_future_t *const *futures, size_t count,
                                      int return_errors)
{
    runner_future_t *out = NULL;
    ck_assert_code(runner_gather(futures, count, return_errors, &out), 0);
    ck_assert_ptr_nonnull(out);
    return out;
}

static inline runner_future_t *shield(runner_future_t *inner)
{
    runner_future_t *out = NULL;
    ck_assert_code(runner_shield(inner, &out), 0);
    ck_assert_ptr_nonnull(out);
    return out;
}

static inline int log_done(runner_future_t *future, void *arg)
{
    ck_assert_int_eq(runner_future_done(future), 1);
    log_add("%s", (const char *)arg);
    return 0;
}

static inline void on_done(runner_future_t *future, const char *entry)
{
    ck_assert_code(runner_future_on_done(future, log_done, (void *)(uintptr_t)entry, drop_count),
                   0);
}

/* --- tasks ------------------------------------------------------------------------------- */

/* A task with a small number as its argument. */
static inline runner_task_t *spawn(runner_fn fn, int number)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, value_of(number), NULL, &task), 0);
    return task;
}

/* Spawn a task and let it come to its first wait. */
static inline runner_task_t *spawn_parked(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    return task;
}

static inline runner_task_t *spawn_with_result_drop(runner_fn fn, int number)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn(fn, value_of(number), &opts, &task), 0);
    return task;
}

static inline void await_and_unref(runner_task_t *task, int expected)
{
    ck_assert_code(runner_await(task, NULL), expected);
    runner_task_unref(task);
}

static inline int give_now(void *arg, void **result)
{
    *result = arg;
    return 0;
}

static inline int give_step(void *arg, int status, void **result)
{
    *result = arg;
    return status;
}

/* Sleep as many milliseconds, and give that number back. */
static inline int sleep_and_give(void *arg, void **result)
{
    *result = arg;
    return runner_sleep((uint64_t)number_of(arg));
}

static inline int fail_with(void *arg, void **result)
{
    (void)result;
    return (int)number_of(arg);
}

/* Sleep a millisecond, then fail. */
static inline int fail_later(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(1);
    return code != 0 ? code : (int)number_of(arg);
}

static inline int wait_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

static inline int await_future(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

/* --- errors of a group ------------------------------------------------------------------- */

static inline int spawn_failing_child(runner_group_t *group, void *arg)
{
    return runner_group_spawn(group, fail_with, arg, NULL, NULL);
}

/* Ends with RUNNER_EGROUP, of one child that failed. */
static inline int fail_as_a_group(void *arg, void **result)
{
    (void)result;
    return runner_with_group(spawn_failing_child, arg, NULL);
}

static inline void check_errors(const runner_future_t *future, int expected)
{
    runner_group_error_t error = {.size = sizeof error};
    runner_error_group_t *errors = runner_future_errors(future);
    ck_assert_uint_eq(runner_error_group_count(errors), 1);
    ck_assert_code(runner_error_group_get(errors, 0, &error), 0);
    ck_assert_code(error.code, expected);
}

/* --- what comes out ---------------------------------------------------------------------- */

/* "[2 1 -]": the values of a gather; "-" is NULL. Valid until the next call. */
static inline const char *values_text(void *value, size_t count)
{
    static char text[256];
    void **values = value;
    size_t len = 1;
    text[0] = '[';
    for (size_t i = 0; i < count; i++) {
        const char *space = i > 0 ? " " : "";
        size_t left = sizeof text - len;
        int n = values[i] != NULL
                    ? snprintf(text + len, left, "%s%d", space, (int)number_of(values[i]))
                    : snprintf(text + len, left, "%s-", space);
        ck_assert(n > 0 && (size_t)n < left);
        len += (size_t)n;
    }
    snprintf(text + len, sizeof text - len, "]");
    return text;
}

/* The gather is done, and these are its values. */
static inline void check_values(runner_future_t *gathered, size_t count, const char *expected)
{
    void *value = NULL;
    ck_assert_code(runner_future_result(gathered, &value), 0);
    ck_assert_ptr_nonnull(value);
    ck_assert_str_eq(values_text(value, count), expected);
}

/* A task that awaits a future and logs what it got: so many values of a gather; 0 is a plain
 * value. */
typedef struct waiter {
    const char *name;
    runner_future_t *future;
    size_t count;
} waiter_t;

static inline int wait_and_log(void *arg, void **result)
{
    waiter_t *waiter = arg;
    void *value = NULL;
    (void)result;
    int code = runner_future_await(waiter->future, &value);
    if (code < 0 && code > -1000) { /* one of the tests' own */
        log_add("%s %d", waiter->name, code);
    } else if (code != 0) {
        log_add("%s %s", waiter->name, code_name(code));
    } else if (waiter->count > 0) {
        log_add("%s %s", waiter->name, values_text(value, waiter->count));
    } else {
        log_add("%s %d", waiter->name, (int)number_of(value));
    }
    return code == RUNNER_ECANCELED ? code : 0;
}

/* While one other task than the running one is not done: it waits for this. */
static inline void check_waits(const char *expected)
{
    runner_task_info_t infos[2];
    size_t count = 0;
    memset(infos, 0, sizeof infos);
    infos[0].size = sizeof infos[0];
    ck_assert_code(runner_tasks(runner_current(), infos, 2, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(infos[1].state, RUNNER_STATE_WAITING);
    ck_assert_str_eq(infos[1].waits, expected);
}

/* --- runner_wait() ------------------------------------------------------------------------ */

/* A task that waits and logs how many are done. */
typedef struct wait {
    const char *name;
    runner_future_t *const *futures;
    size_t count;
    int return_when;
    uint64_t timeout_ms;
} wait_t;

static inline int wait_for_several(void *arg, void **result)
{
    const wait_t *wait = arg;
    size_t done = 99;
    (void)result;
    int code = runner_wait(wait->futures, wait->count, wait->return_when, wait->timeout_ms, &done);
    if (code == 0) {
        log_add("%s %d", wait->name, (int)done);
    } else {
        ck_assert_uint_eq(done, 99); /* not written */
        log_add("%s %s", wait->name, code_name(code));
    }
    return code;
}

/* Wait in the running task. How many are done. */
static inline size_t wait_now(runner_future_t *const *futures, size_t count, int return_when,
                              uint64_t timeout_ms)
{
    size_t done = 99;
    ck_assert_code(runner_wait(futures, count, return_when, timeout_ms, &done), 0);
    return done;
}

static inline void cancel_and_unref(runner_task_t *task)
{
    ck_assert_code(runner_task_cancel(task), 0);
    await_and_unref(task, RUNNER_ECANCELED);
}

/* --- as completed ------------------------------------------------------------------------ */

static inline runner_as_completed_t *iterate(runner_future_t *const *futures, size_t count,
                                             uint64_t timeout_ms)
{
    runner_as_completed_t *iteration = NULL;
    ck_assert_code(runner_as_completed_new(futures, count, timeout_ms, &iteration), 0);
    ck_assert_ptr_nonnull(iteration);
    return iteration;
}

/* A task that asks for the next one and logs its place among the futures. */
typedef struct asker {
    const char *name;
    runner_as_completed_t *iteration;
    runner_future_t *const *futures;
} asker_t;

static inline int ask(void *arg, void **result)
{
    const asker_t *asker = arg;
    runner_future_t *future = NULL;
    (void)result;
    int code = runner_as_completed_next(asker->iteration, &future);
    if (code != 0) {
        ck_assert_ptr_null(future); /* not written */
        log_add("%s %s", asker->name, code_name(code));
        return code == RUNNER_ECANCELED ? code : 0;
    }
    int place = 0;
    ck_assert_int_eq(runner_future_done(future), 1);
    while (asker->futures[place] != future) {
        place++;
    }
    log_add("%s %d", asker->name, place);
    return 0;
}

/* Ask in the running task. */
static inline void ask_now(runner_as_completed_t *iteration, runner_future_t *const *futures,
                           int times)
{
    asker_t asker = {"main", iteration, futures};
    for (int i = 0; i < times; i++) {
        (void)ask(&asker, NULL);
    }
}

#endif
