/*
 * Shutdown: what runner_close() does with what is left, in which order, and whom it tells.
 * Closables have check_closable.c, the report has check_report.c, signals have check_sigint.c.
 */
#include "check_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

enum { MAIN_ERROR = -30001, TASK_ERROR = -30002, ABORT_CODE = -30003 };

/* --- what main leaves behind ------------------------------------------------------------- */

typedef struct leftover {
    runner_fn fn;
    void *arg;
    runner_task_t *task;
} leftover_t;

/* Main: spawns a list of leftovers, lets them park, and returns 7. */
static int leave(void *arg, void **result)
{
    for (leftover_t *left = arg; left->fn != NULL; left++) {
        runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
        ck_assert_code(runner_spawn(left->fn, left->arg, &opts, &left->task), 0);
    }
    ck_assert_code(runner_yield(), 0);
    log_add("main");
    *result = value_of(7);
    return 0;
}

static int leave_and_fail(void *arg, void **result)
{
    leave(arg, result);
    return MAIN_ERROR;
}

static void run_and_leave(runner_t *runner, leftover_t *list)
{
    void *result = NULL;
    ck_assert_code(runner_run(runner, leave, list, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
}

static void release(runner_t *runner, leftover_t *list)
{
    for (; list->fn != NULL; list++)
        runner_task_unref(list->task);
    runner_free(runner);
}

static const runner_report_t *report_of(const runner_t *runner)
{
    const runner_report_t *report = NULL;
    ck_assert_code(runner_get_report(runner, &report), 0);
    return report;
}

/* --- bodies: all park until shutdown cancels them ---------------------------------------- */

static int park(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", (const char *)arg);
    return code;
}

static int park_then_fail(void *arg, void **result)
{
    park(arg, result);
    return TASK_ERROR;
}

static int park_then_swallow(void *arg, void **result)
{
    park(arg, result);
    *result = value_of(42);
    return 0;
}

static int park_then_abort(void *arg, void **result)
{
    park(arg, result);
    return runner_abort(ABORT_CODE);
}

static int park_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;)
        runner_sleep(1000);
    return 0;
}

static int yield_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;)
        runner_yield();
    return 0;
}

static int close_something(void *arg, void **result)
{
    (void)result;
    log_add("%s", (const char *)arg);
    return 0;
}

/* --- leftover tasks ---------------------------------------------------------------------- */

START_TEST(R079_R083_leftover_task_is_cancelled_and_not_reported)
{
    leftover_t left[] = {{park, "cancelled", NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_int_eq(runner_task_done(left[0].task), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,cancelled");
    ck_assert_int_eq(runner_task_cancelled(left[0].task), 1);
    ck_assert_int_eq(runner_task_cancel_reason(left[0].task), RUNNER_REASON_CLOSE);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_int_eq(drops(), 1);
    release(runner, left);
}
END_TEST

START_TEST(R079_one_shot_run_cancels_leftovers_and_keeps_the_result)
{
    leftover_t left[] = {{park, "cancelled", NULL}, {0}};
    void *result = NULL;
    runner_options_t opts = test_options();
    ck_assert_code(runner_main(leave, left, &opts, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
    log_expect("main,cancelled");
    ck_assert_int_eq(runner_task_cancelled(left[0].task), 1);
    release(NULL, left);
}
END_TEST

static int close_and_post(void *arg, void **result)
{
    (void)result;
    log_add("agen-close");
    sem_post(arg);
    return 0;
}

static int wait_in_job(void *arg, void **result)
{
    (void)result;
    sem_wait(arg);
    log_add("executor-job-done");
    return 0;
}

START_TEST(R080_phases_run_in_order)
{
    sem_t closed;
    sem_init(&closed, 0, 0);
    leftover_t left[] = {{park_then_fail, "task-cancel", NULL}, {0}};
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, "agen", close_and_post, &closed, NULL, NULL),
                   0);
    ck_assert_code(runner_run_in_executor(runner, wait_in_job, &closed, NULL, NULL), 0);
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,task-cancel,eh,agen-close,executor-job-done");
    release(runner, left);
    sem_destroy(&closed);
}
END_TEST

START_TEST(R081_leftover_that_fails_is_reported_once)
{
    leftover_t left[] = {{park_then_fail, "failing", NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    uint64_t id = runner_task_id(left[0].task);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, TASK_ERROR, "shutdown");
    ck_assert_uint_eq(exception_at(0)->task_id, id);
    ck_assert_code(runner_task_status(left[0].task), TASK_ERROR);
    release(runner, left);
    ck_assert_int_eq(exceptions(), 1);
}
END_TEST

START_TEST(R082_leftover_fails_after_main_failed)
{
    leftover_t left[] = {{park_then_fail, "failing", NULL}, {0}};
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, "c", close_something, "closed", NULL, NULL), 0);
    ck_assert_code(runner_run(runner, leave_and_fail, left, NULL, NULL), MAIN_ERROR);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,failing,eh,closed");
    ck_assert_exception(0, TASK_ERROR, "shutdown");
    release(runner, left);
}
END_TEST

START_TEST(R084_leftover_that_swallows_the_cancel_is_waited_for)
{
    leftover_t left[] = {{park_then_swallow, "swallowed", NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,swallowed");
    void *result = NULL;
    ck_assert_code(runner_task_result(left[0].task, &result), 0);
    ck_assert_int_eq(number_of(result), 42);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_uint_eq(runner_report_count(report_of(runner), RUNNER_REPORT_REFUSED), 1);
    release(runner, left);
}
END_TEST

START_TEST(R085_leftover_that_goes_on_is_abandoned_after_the_grace)
{
    leftover_t left[] = {{park_for_ever, NULL, NULL}, {park, "cancelled", NULL}, {0}};
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 50;
    runner_t *runner = test_runner_with(&opts);
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_code(runner_task_status(left[0].task), RUNNER_EABANDONED);
    ck_assert_int_eq(runner_task_cancelled(left[1].task), 1);
    ck_assert_int_eq(drops(), 2);
    ck_assert_uint_eq(runner_report_count(report_of(runner), RUNNER_REPORT_ABANDONED), 1);
    release(runner, left);
}
END_TEST

START_TEST(R085_leftover_that_only_yields_is_abandoned_too)
{
    leftover_t left[] = {{yield_for_ever, NULL, NULL}, {0}};
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.cancel_grace_ms = 20;
    runner_t *runner = test_runner_with(&opts);
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_task_status(left[0].task), RUNNER_EABANDONED);
    ck_assert_int_eq(drops(), 1);
    release(runner, left);
}
END_TEST

START_TEST(R085_no_wait_abandons_what_does_not_end_at_once)
{
    leftover_t left[] = {{park_for_ever, NULL, NULL}, {0}};
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = RUNNER_NO_WAIT;
    runner_t *runner = test_runner_with(&opts);
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_task_status(left[0].task), RUNNER_EABANDONED);
    release(runner, left);
}
END_TEST

/* --- cleaning up with awaits ------------------------------------------------------------- */

static int resolve(void *arg)
{
    ck_assert_code(runner_future_resolve(arg, NULL), 0);
    return 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    ck_assert_int_eq(status, 0);
    uv_poll_stop(poll);
    resolve(poll->data);
}

static void on_closed(uv_handle_t *handle)
{
    resolve(handle->data);
}

static runner_future_t *future_here(void)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    return future;
}

static void await_and_unref(runner_future_t *future)
{
    ck_assert_code(runner_future_await(future, NULL), 0);
    runner_future_unref(future);
}

/* Wait until a pipe can be read, by a libuv handle. */
static void await_io(void)
{
    int fds[2];
    uv_loop_t *loop = NULL;
    uv_poll_t poll;
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_code(runner_get_loop(runner_current(), &loop), 0);
    ck_assert_int_eq(uv_poll_init(loop, &poll, fds[0]), 0);
    runner_future_t *readable = poll.data = future_here();
    ck_assert_int_eq(uv_poll_start(&poll, UV_READABLE, on_readable), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    await_and_unref(readable);
    runner_future_t *closed = poll.data = future_here();
    uv_close((uv_handle_t *)&poll, on_closed);
    await_and_unref(closed);
    close(fds[0]);
    close(fds[1]);
}

static int log_job(void *arg, void **result)
{
    (void)result;
    log_add("%s", (const char *)arg);
    return 0;
}

static int clean_up_with_everything(void *arg, void **result)
{
    park(arg, result);
    ck_assert_code(runner_sleep(3600000), 0);
    log_add("slept");
    runner_future_t *future = future_here();
    ck_assert_code(runner_call_soon(runner_current(), resolve, future, NULL), 0);
    await_and_unref(future);
    log_add("called");
    ck_assert_code(runner_to_thread(log_job, "job", NULL, NULL), 0);
    await_io();
    log_add("io");
    return RUNNER_ECANCELED;
}

START_TEST(R086_cleanup_may_use_timers_callbacks_jobs_and_io)
{
    leftover_t left[] = {{clean_up_with_everything, "cancel", NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,cancel,slept,called,job,io");
    ck_assert_int_eq(runner_task_cancelled(left[0].task), 1);
    release(runner, left);
}
END_TEST

static int clean_up_by_a_new_task(void *arg, void **result)
{
    park(arg, result);
    ck_assert_code(runner_spawn(park, "late", NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    return RUNNER_ECANCELED;
}

START_TEST(R087_task_spawned_by_a_cleanup_is_cancelled_as_well)
{
    leftover_t left[] = {{clean_up_by_a_new_task, "first", NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,first,late");
    ck_assert_uint_ge(runner_report_generations(report_of(runner)), 2);
    ck_assert_uint_eq(runner_report_count(report_of(runner), RUNNER_REPORT_CANCELED), 2);
    release(runner, left);
}
END_TEST

/* Each one leaves a successor that parks, for ever. */
static int hydra(void *arg, void **result)
{
    (void)result;
    runner_sleep(RUNNER_FOREVER);
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
    if (runner_spawn(hydra, arg, &opts, NULL) == 0)
        ++*(int *)arg;
    runner_yield();
    return RUNNER_ECANCELED;
}

START_TEST(R087_generations_are_bounded)
{
    int spawned = 1;
    leftover_t left[] = {{hydra, &spawned, NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    runner_close(runner);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_int_gt(spawned, 2);
    ck_assert_int_eq(drops(), spawned);
    release(runner, left);
}
END_TEST

/* --- who is cancelled, and when ---------------------------------------------------------- */

static int spawn_one_that_never_starts(void *arg, void **result)
{
    (void)result;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_log};
    ck_assert_code(runner_spawn(log_body, "grandchild", &opts, arg), 0);
    log_add("child");
    return 0;
}

static int spawn_and_return_at_once(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(spawn_one_that_never_starts, arg, NULL, NULL), 0);
    log_add("main");
    return 0;
}

START_TEST(R088_leftover_that_never_started_is_dropped_without_running)
{
    runner_task_t *grandchild = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_and_return_at_once, &grandchild, NULL, NULL), 0);
    log_expect("main,child");
    ck_assert_code(runner_close(runner), 0);
    log_expect("drop");
    ck_assert_int_eq(runner_task_cancelled(grandchild), 1);
    runner_task_unref(grandchild);
    runner_free(runner);
}
END_TEST

static int park_and_clean_up_slowly(void *arg, void **result)
{
    park(arg, result);
    ck_assert_code(runner_sleep(10), 0);
    log_add("end of %s", (const char *)arg);
    return RUNNER_ECANCELED;
}

START_TEST(R089_all_leftovers_are_cancelled_before_one_is_waited_for)
{
    leftover_t left[] = {{park_and_clean_up_slowly, "a", NULL},
                         {park_and_clean_up_slowly, "b", NULL},
                         {park_and_clean_up_slowly, "c", NULL},
                         {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,a,b,c,end of a,end of b,end of c");
    release(runner, left);
}
END_TEST

START_TEST(R090_abort_in_a_cleanup_lets_the_phases_finish)
{
    leftover_t left[] = {
        {park_then_abort, "aborting", NULL}, {park_and_clean_up_slowly, "other", NULL}, {0}};
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, "c", close_something, "closed", NULL, NULL), 0);
    run_and_leave(runner, left);
    ck_assert_code(runner_close(runner), ABORT_CODE);
    ck_assert_ptr_nonnull(strstr(log_text(), "main,aborting,other,"));
    ck_assert_ptr_nonnull(strstr(log_text(), "end of other,eh,closed"));
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_code(runner_task_status(left[0].task), ABORT_CODE);
    ck_assert_int_eq(drops(), 2);
    release(runner, left);
}
END_TEST

START_TEST(R090_one_shot_run_returns_the_code_of_the_abort)
{
    leftover_t left[] = {{park_then_abort, "aborting", NULL}, {0}};
    runner_options_t opts = test_options();
    ck_assert_code(runner_main(leave, left, &opts, NULL), ABORT_CODE);
    release(NULL, left);
}
END_TEST

/* --- the exception handler --------------------------------------------------------------- */

static int failing_handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)exception;
    (void)arg;
    puts("handler");
    return TASK_ERROR;
}

static int close_with_a_failing_handler(void *arg)
{
    (void)arg;
    leftover_t left[] = {{park_then_fail, "failing", NULL}, {0}};
    runner_options_t opts = test_options();
    opts.exception_handler = failing_handler;
    void *result = NULL;
    runner_t *runner = test_runner_with(&opts);
    child_assert_code(runner_closable_register(runner, "c", close_something, "closed", NULL, NULL),
                      0);
    child_assert_code(runner_run(runner, leave, left, NULL, &result), 0);
    child_assert(number_of(result) == 7);
    child_assert_code(runner_close(runner), 0);
    child_assert(strcmp(log_text(), "main,failing,closed") == 0);
    release(runner, left);
    return 0;
}

START_TEST(R091_exception_handler_that_fails_does_not_stop_shutdown)
{
    child_t child;
    child_run(&child, close_with_a_failing_handler, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "handler\n");
    ck_assert_ptr_nonnull(strstr(child.err, "exception handler"));
}
END_TEST

static int report_by_default(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    runner_exception_t exception = {.size = sizeof exception,
                                    .message = "It went wrong",
                                    .code = RUNNER_ETIMEDOUT,
                                    .name = "worker",
                                    .site = "file.c:12"};
    child_assert_code(runner_default_exception_handler(runner, &exception), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R092_default_handler_writes_message_then_facts_sorted_by_key)
{
    child_t child;
    char *rest = NULL;
    char last[64] = "";
    int facts = 0;
    child_run(&child, report_by_default, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(strtok_r(child.err, "\n", &rest), "It went wrong");
    for (char *line; (line = strtok_r(NULL, "\n", &rest)) != NULL; facts++) {
        char *colon = strstr(line, ": ");
        ck_assert_ptr_nonnull(colon);
        *colon = '\0';
        ck_assert_str_gt(line, last);
        snprintf(last, sizeof last, "%s", line);
    }
    ck_assert_int_ge(facts, 3);
}
END_TEST

static int fail_without_handler(void *arg)
{
    (void)arg;
    leftover_t left[] = {{park_then_fail, "failing", NULL}, {0}};
    runner_options_t opts = test_options();
    opts.exception_handler = NULL;
    child_assert_code(runner_main(leave, left, &opts, NULL), 0);
    release(NULL, left);
    return 0;
}

START_TEST(R092_without_a_handler_stderr_is_told)
{
    child_t child;
    child_run(&child, fail_without_handler, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_ptr_nonnull(strstr(child.err, "shutdown"));
}
END_TEST

/* --- failures that nobody looked at ------------------------------------------------------ */

static int fail_now(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return TASK_ERROR;
}

static int spawn_failing_and_release(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fail_now, NULL, NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    log_add("failed");
    runner_task_unref(task);
    log_add("released");
    return 0;
}

START_TEST(R093_failure_is_reported_when_the_last_handle_goes)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_failing_and_release, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("failed,eh,released");
    ck_assert_int_eq(exception_at(0)->code, TASK_ERROR);
    runner_free(runner);
}
END_TEST

START_TEST(R093_failure_is_reported_at_close_at_the_latest)
{
    leftover_t left[] = {{fail_now, NULL, NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_int_eq(exception_at(0)->code, TASK_ERROR);
    ck_assert_uint_eq(runner_report_count(report_of(runner), RUNNER_REPORT_FAILED), 1);
    release(runner, left);
    ck_assert_int_eq(exceptions(), 1);
}
END_TEST

START_TEST(R093_failure_that_was_taken_is_not_reported)
{
    leftover_t left[] = {{fail_now, NULL, NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_code(runner_task_result(left[0].task, NULL), TASK_ERROR);
    ck_assert_code(runner_close(runner), 0);
    release(runner, left);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

START_TEST(R093_looking_at_the_status_takes_nothing)
{
    leftover_t left[] = {{fail_now, NULL, NULL}, {0}};
    runner_t *runner = test_runner();
    run_and_leave(runner, left);
    ck_assert_code(runner_task_status(left[0].task), TASK_ERROR);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(exceptions(), 1);
    release(runner, left);
}
END_TEST

static int spawn_detached_failing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(fail_now, NULL, NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    return 0;
}

START_TEST(R093_failure_of_a_detached_task_is_reported_at_once)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_detached_failing, NULL, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 1);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 1);
}
END_TEST

/* --- the end of the loop ----------------------------------------------------------------- */

START_TEST(R098_pending_timers_are_dropped_without_being_called)
{
    runner_timer_t *timer = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_later(runner, 1000, log_callback, "late", drop_count, &timer), 0);
    ck_assert_code(runner_call_at_ns(runner, UINT64_MAX, log_callback, "at", drop_count, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("");
    ck_assert_int_eq(drops(), 2);
    ck_assert_code(runner_timer_cancel(timer), RUNNER_EDONE);
    runner_timer_unref(timer);
    runner_free(runner);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int count_call(void *arg)
{
    ++*(int *)arg;
    return 0;
}

START_TEST(R098_pending_callbacks_run_or_are_dropped_and_drop_once)
{
    int calls = 0;
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_soon(runner, count_call, &calls, drop_count), 0);
    ck_assert_code(runner_call_soon_threadsafe(runner, count_call, &calls, drop_count), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_le(calls, 2);
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
}
END_TEST

/* Every call that schedules something. */
static void expect_all_closed(runner_t *runner)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_call_soon(runner, log_callback, "", drop_count), RUNNER_ECLOSED);
    ck_assert_code(runner_call_later(runner, 0, log_callback, "", drop_count, NULL),
                   RUNNER_ECLOSED);
    ck_assert_code(runner_call_at_ns(runner, 0, log_callback, "", drop_count, NULL),
                   RUNNER_ECLOSED);
    ck_assert_code(runner_future_new(runner, &future), RUNNER_ECLOSED);
    ck_assert_ptr_null(future);
    ck_assert_code(runner_closable_register(runner, "", log_body, "", drop_count, NULL),
                   RUNNER_ECLOSED);
    ck_assert_code(runner_run_in_executor(runner, log_job, "", NULL, NULL), RUNNER_ECLOSED);
}

static void expect_all_closed_from_anywhere(runner_t *runner)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
    ck_assert_code(runner_call_soon_threadsafe(runner, log_callback, "", drop_count),
                   RUNNER_ECLOSED);
    ck_assert_code(runner_spawn_threadsafe(runner, log_body, "", &opts, NULL), RUNNER_ECLOSED);
    ck_assert_code(runner_wakeup(runner), RUNNER_ECLOSED);
    ck_assert_code(runner_submitter_acquire(runner), RUNNER_ECLOSED);
    ck_assert_code(runner_submitter_release(runner), RUNNER_ECLOSED);
    ck_assert_code(runner_interrupt(runner), RUNNER_ECLOSED);
}

static void *expect_all_closed_in_thread(void *runner)
{
    expect_all_closed_from_anywhere(runner);
    return NULL;
}

START_TEST(R099_nothing_can_be_scheduled_after_close)
{
    pthread_t thread;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    expect_all_closed(runner);
    expect_all_closed_from_anywhere(runner);
    ck_assert_int_eq(pthread_create(&thread, NULL, expect_all_closed_in_thread, runner), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(drops(), 0);
    log_expect("main");
    runner_free(runner);
}
END_TEST

static int fail_to_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return TASK_ERROR;
}

/* Main: leaves a failing task, one that refuses its cancel, and a failing closable. */
static int leave_all_kinds(void *arg, void **result)
{
    ck_assert_code(runner_closable_register(runner_current(), "c", fail_to_close, NULL, NULL, NULL),
                   0);
    return leave(arg, result);
}

START_TEST(R100_result_of_the_run_survives_the_errors_of_shutdown)
{
    leftover_t left[] = {{park_then_fail, "failing", NULL},
                         {park_then_swallow, "refusing", NULL},
                         {park, "cancelled", NULL},
                         {0}};
    runner_options_t opts = test_options();
    void *result = NULL;
    ck_assert_code(runner_main(leave_all_kinds, left, &opts, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
    ck_assert_int_eq(exceptions(), 2);
    release(NULL, left);
}
END_TEST

START_TEST(R043_R100_error_of_the_run_survives_a_shutdown_that_timed_out)
{
    leftover_t left[] = {{park_for_ever, NULL, NULL}, {0}};
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 10;
    ck_assert_code(runner_main(leave_and_fail, left, &opts, NULL), MAIN_ERROR);
    ck_assert_code(runner_task_status(left[0].task), RUNNER_EABANDONED);
    release(NULL, left);
}
END_TEST

static void add_leftovers(Suite *suite)
{
    TCase *tcase = test_case(suite, "leftovers");
    tcase_add_test(tcase, R079_R083_leftover_task_is_cancelled_and_not_reported);
    tcase_add_test(tcase, R079_one_shot_run_cancels_leftovers_and_keeps_the_result);
    tcase_add_test(tcase, R080_phases_run_in_order);
    tcase_add_test(tcase, R081_leftover_that_fails_is_reported_once);
    tcase_add_test(tcase, R082_leftover_fails_after_main_failed);
    tcase_add_test(tcase, R084_leftover_that_swallows_the_cancel_is_waited_for);
    tcase_add_test(tcase, R085_leftover_that_goes_on_is_abandoned_after_the_grace);
    tcase_add_test(tcase, R085_leftover_that_only_yields_is_abandoned_too);
    tcase_add_test(tcase, R085_no_wait_abandons_what_does_not_end_at_once);
    tcase_add_test(tcase, R086_cleanup_may_use_timers_callbacks_jobs_and_io);
    tcase_add_test(tcase, R087_task_spawned_by_a_cleanup_is_cancelled_as_well);
    tcase_add_test(tcase, R087_generations_are_bounded);
    tcase_add_test(tcase, R088_leftover_that_never_started_is_dropped_without_running);
    tcase_add_test(tcase, R089_all_leftovers_are_cancelled_before_one_is_waited_for);
    tcase_add_test(tcase, R090_abort_in_a_cleanup_lets_the_phases_finish);
    tcase_add_test(tcase, R090_one_shot_run_returns_the_code_of_the_abort);
}

static void add_errors(Suite *suite)
{
    TCase *tcase = test_case(suite, "errors");
    tcase_add_test(tcase, R091_exception_handler_that_fails_does_not_stop_shutdown);
    tcase_add_test(tcase, R092_default_handler_writes_message_then_facts_sorted_by_key);
    tcase_add_test(tcase, R092_without_a_handler_stderr_is_told);
    tcase_add_test(tcase, R093_failure_is_reported_when_the_last_handle_goes);
    tcase_add_test(tcase, R093_failure_is_reported_at_close_at_the_latest);
    tcase_add_test(tcase, R093_failure_that_was_taken_is_not_reported);
    tcase_add_test(tcase, R093_looking_at_the_status_takes_nothing);
    tcase_add_test(tcase, R093_failure_of_a_detached_task_is_reported_at_once);
    tcase_add_test(tcase, R100_result_of_the_run_survives_the_errors_of_shutdown);
    tcase_add_test(tcase, R043_R100_error_of_the_run_survives_a_shutdown_that_timed_out);
}

static void add_end(Suite *suite)
{
    TCase *tcase = test_case(suite, "end");
    tcase_add_test(tcase, R098_pending_timers_are_dropped_without_being_called);
    tcase_add_test(tcase, R098_pending_callbacks_run_or_are_dropped_and_drop_once);
    tcase_add_test(tcase, R099_nothing_can_be_scheduled_after_close);
}

int main(void)
{
    Suite *suite = suite_create("shutdown");
    add_leftovers(suite);
    add_errors(suite);
    add_end(suite);
    return test_main(suite);
}
