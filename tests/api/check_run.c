/* runner_run(): results, errors, and what happens to everything around the main task. */
#include "check_support.h"

#include <sys/mman.h>

/* --- results ----------------------------------------------------------------------------- */

static int yield_and_return(void *arg, void **result)
{
    int code = runner_yield();
    *result = arg;
    return code;
}

START_TEST(R025_the_result_is_that_very_pointer)
{
    runner_t *runner = test_runner();
    int value = 0;
    void *result = NULL;
    ck_assert_code(runner_run(runner, yield_and_return, &value, NULL, &result), 0);
    ck_assert_ptr_eq(result, &value);
    result = NULL;
    ck_assert_code(runner_main(yield_and_return, &value, NULL, &result), 0);
    ck_assert_ptr_eq(result, &value);
    runner_free(runner);
}
END_TEST

static int return_nothing(void *arg, void **result)
{
    (void)arg;
    ck_assert_ptr_null(*result);
    return 0;
}

START_TEST(R025_a_result_that_was_not_set_is_null)
{
    runner_t *runner = test_runner();
    void *result = &runner;
    ck_assert_code(runner_run(runner, return_nothing, NULL, NULL, &result), 0);
    ck_assert_ptr_null(result);
    runner_free(runner);
}
END_TEST

static int yield_and_fail(void *arg, void **result)
{
    (void)result;
    int code = runner_yield();
    return code != 0 ? code : (int)number_of(arg);
}

START_TEST(R026_an_error_comes_back_unchanged)
{
    static const int codes[] = {-1, -77, -4095, RUNNER_EUSER, RUNNER_EINVAL, -2000000000};
    runner_t *runner = test_runner();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        void *result = value_of(1);
        ck_assert_code(runner_run(runner, yield_and_fail, value_of(codes[i]), NULL, &result),
                       codes[i]);
        ck_assert_code(runner_main(yield_and_fail, value_of(codes[i]), NULL, &result), codes[i]);
        ck_assert_int_eq(number_of(result), 1);
    }
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

START_TEST(R027_argument_and_result_are_never_looked_into)
{
    /* Memory that nobody can read. */
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(page != MAP_FAILED);
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, yield_and_return, page, NULL, &result), 0);
    ck_assert_ptr_eq(result, page);
    ck_assert_code(runner_run(runner, yield_and_return, page, NULL, NULL), 0);
    runner_free(runner);
    munmap(page, 4096);
}
END_TEST

START_TEST(R028_a_failed_run_does_not_poison_the_runner)
{
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, yield_and_fail, value_of(-5), NULL, NULL), -5);
    ck_assert_code(runner_run(runner, yield_and_return, value_of(6), NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 6);
    runner_free(runner);
}
END_TEST

static int return_canceled(void *arg, void **result)
{
    *(runner_task_t **)arg = runner_task_ref(runner_current_task());
    (void)result;
    return RUNNER_ECANCELED;
}

START_TEST(R029_a_main_that_says_cancelled_counts_as_cancelled)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(runner, return_canceled, &task, NULL, NULL), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    runner_task_unref(task);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int return_positive(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 5;
}

START_TEST(R026_a_positive_code_of_a_body_is_an_error_of_its_own)
{
    runner_t *runner = test_runner();
    void *result = value_of(1);
    ck_assert_code(runner_run(runner, return_positive, NULL, NULL, &result), RUNNER_EBADRESULT);
    ck_assert_int_eq(number_of(result), 1);
    runner_free(runner);
}
END_TEST

START_TEST(R044_an_error_of_a_host_travels_as_a_plain_code)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, yield_and_fail, value_of(RUNNER_EUSER), NULL, NULL),
                   RUNNER_EUSER);
    ck_assert_code(runner_run(runner, return_nothing, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- nested runs ------------------------------------------------------------------------- */

static int run_inside(void *arg, void **result)
{
    runner_t *other = arg;
    (void)result;
    ck_assert_code(runner_run(runner_current(), log_body, "same", NULL, NULL), RUNNER_ELOOP);
    ck_assert_code(runner_main(log_body, "main", NULL, NULL), RUNNER_ELOOP);
    if (other != NULL) {
        ck_assert_code(runner_run(other, log_body, "other", NULL, NULL), RUNNER_ELOOP);
    }
    int code = runner_sleep(1);
    log_add("outer");
    return code;
}

START_TEST(R018_R030_a_run_inside_a_run_is_refused)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, run_inside, NULL, NULL, NULL), 0);
    log_expect("outer");
    runner_free(runner);
}
END_TEST

START_TEST(R031_also_on_another_runner)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    ck_assert_code(runner_run(runner, run_inside, other, NULL, NULL), 0);
    log_expect("outer");
    ck_assert_code(runner_run(other, log_body, "other", NULL, NULL), 0);
    log_expect("other");
    runner_free(runner);
    runner_free(other);
}
END_TEST

START_TEST(R030_the_running_loop_is_found_before_the_closed_runner)
{
    runner_t *runner = test_runner();
    runner_t *closed = test_runner();
    ck_assert_code(runner_run(closed, log_body, "other", NULL, NULL), 0);
    log_expect("other");
    ck_assert_code(runner_close(closed), 0);
    ck_assert_code(runner_run(runner, run_inside, closed, NULL, NULL), 0);
    log_expect("outer");
    runner_free(runner);
    runner_free(closed);
}
END_TEST

static int run_from_callback(void *arg)
{
    ck_assert_code(runner_run(arg, log_body, "callback", NULL, NULL), RUNNER_ELOOP);
    ck_assert_code(runner_main(log_body, "callback", NULL, NULL), RUNNER_ELOOP);
    return 0;
}

static int run_from_step(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    return run_from_callback(arg);
}

static int spawn_runs(void *arg, void **result)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_call_soon(arg, run_from_callback, arg, NULL), 0);
    ck_assert_code(runner_spawn_step(run_from_step, arg, NULL, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R030_nor_from_a_callback_or_a_stackless_task)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_runs, runner, NULL, NULL), 0);
    runner_free(runner);
    log_expect("");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int run_in_job(void *arg, void **result)
{
    return runner_main(yield_and_return, arg, NULL, result);
}

static int send_to_thread(void *arg, void **result)
{
    return runner_to_thread(run_in_job, arg, NULL, result);
}

START_TEST(R032_a_job_of_the_executor_may_run_a_runner)
{
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, send_to_thread, value_of(9), NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 9);
    runner_free(runner);
}
END_TEST

/* --- stop -------------------------------------------------------------------------------- */

static int stop_and_yield(void *arg, void **result)
{
    runner_t *runner = runner_current();
    (void)result;
    *(runner_task_t **)arg = runner_task_ref(runner_current_task());
    ck_assert_code(runner_call_soon(runner, log_callback, "a", NULL), 0);
    ck_assert_code(runner_stop(runner), 0);
    ck_assert_code(runner_call_soon(runner, log_callback, "b", NULL), 0);
    log_add("main");
    int code = runner_yield();
    log_add("resumed");
    code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", code_name(code));
    return code;
}

START_TEST(R033_stop_ends_the_run_after_this_iteration)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(runner, stop_and_yield, &task, NULL, NULL), RUNNER_ESTOPPED);
    log_expect("main");
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(runner_run(runner, log_body, "second", NULL, NULL), 0);
    log_expect("a,b,resumed,second");
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("RUNNER_ECANCELED");
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    runner_free(runner);
}
END_TEST

static int stop_loop(void *arg)
{
    return runner_stop(arg);
}

static int wait_for_stop(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_later(arg, 5, stop_loop, arg, NULL, NULL), 0);
    return runner_sleep(10);
}

START_TEST(R033_stop_from_a_callback)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_stop(runner), RUNNER_ENOLOOP);
    ck_assert_code(runner_run(runner, wait_for_stop, runner, NULL, NULL), RUNNER_ESTOPPED);
    ck_assert_uint_eq(now_ms(runner), 5);
    ck_assert_code(runner_stop(runner), RUNNER_ENOLOOP);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_stop(runner), RUNNER_ECLOSED);
    runner_free(runner);
}
END_TEST

static int stop_and_return(void *arg, void **result)
{
    (void)arg;
    *result = value_of(5);
    return runner_stop(runner_current());
}

START_TEST(R033_stop_of_a_main_that_is_done_leaves_nothing_behind)
{
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, stop_and_return, NULL, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 5);
    ck_assert_code(runner_run(runner, yield_and_return, value_of(6), NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 6);
    runner_free(runner);
}
END_TEST

static int stop_and_wait(void *arg, void **result)
{
    *(runner_task_t **)arg = runner_task_ref(runner_current_task());
    (void)result;
    ck_assert_code(runner_stop(runner_current()), 0);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("first %s", code_name(code));
    return code;
}

static int yield_twice(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_yield(), 0);
    log_add("%s", (const char *)arg);
    return 0;
}

START_TEST(R033_R141_a_main_that_was_stopped_can_be_cancelled_between_runs)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(runner, stop_and_wait, &task, NULL, NULL), RUNNER_ESTOPPED);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(runner_run(runner, yield_twice, "second", NULL, NULL), 0);
    log_expect("first RUNNER_ECANCELED,second");
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    runner_free(runner);
}
END_TEST

static int cancel_arg(void *arg)
{
    return runner_task_cancel(arg);
}

static int wait_to_be_cancelled(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_soon(arg, cancel_arg, runner_current_task(), NULL), 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R029_a_main_that_is_cancelled_by_others_ends_the_run_so)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, wait_to_be_cancelled, runner, NULL, NULL), RUNNER_ECANCELED);
    ck_assert_code(runner_run(runner, yield_twice, "second", NULL, NULL), 0);
    log_expect("second");
    runner_free(runner);
}
END_TEST

/* --- what is left over ------------------------------------------------------------------- */

static int tick(void *arg, void **result)
{
    int code = 0;
    (void)result;
    for (int i = 1; code == 0; i++) {
        log_add("%s%d", (const char *)arg, i);
        code = runner_sleep(10);
    }
    return code;
}

static int spawn_ticker(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(tick, arg, NULL, NULL), 0);
    return runner_sleep(15);
}

static int sleep_20ms(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(20);
}

START_TEST(R034_a_leftover_task_goes_on_in_the_next_run)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_ticker, "t", NULL, NULL), 0);
    log_expect("t1,t2");
    ck_assert_code(runner_run(runner, sleep_20ms, NULL, NULL, NULL), 0);
    log_expect("t3,t4");
    ck_assert_code(runner_close(runner), 0);
    log_expect("");
    runner_free(runner);
}
END_TEST

static int spawn_grandchild(void *arg, void **result)
{
    runner_spawn_options_t opts;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    log_add("child");
    return runner_spawn(log_body, "grandchild", &opts, NULL);
}

static int spawn_and_return(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(spawn_grandchild, NULL, NULL, NULL), 0);
    log_add("main");
    return 0;
}

START_TEST(R035_a_task_spawned_last_takes_its_first_step_but_its_children_do_not)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_and_return, NULL, NULL, NULL), 0);
    log_expect("main,child");
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("");
    ck_assert_int_eq(drops(), 1);
    runner_free(runner);
}
END_TEST

START_TEST(R035_its_children_start_in_the_next_run)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_and_return, NULL, NULL, NULL), 0);
    log_expect("main,child");
    ck_assert_code(runner_run(runner, log_body, "second", NULL, NULL), 0);
    log_expect("grandchild,second");
    runner_free(runner);
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int call_soon_again(void *arg)
{
    log_add("soon");
    return runner_call_soon(arg, log_callback, "too late for the run", drop_count);
}

static int schedule_and_return(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_soon(arg, call_soon_again, arg, NULL), 0);
    ck_assert_code(runner_call_later(arg, 0, log_callback, "due", drop_count, NULL), 0);
    ck_assert_code(runner_call_later(arg, 1, log_callback, "later", drop_count, NULL), 0);
    log_add("main");
    return 0;
}

START_TEST(R036_a_callback_queued_last_runs_and_a_timer_does_not)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, schedule_and_return, runner, NULL, NULL), 0);
    log_expect("main,soon,due");
    ck_assert_int_eq(drops(), 1);
    /* Close turns the loop: what is ready runs, what is not due does not. */
    ck_assert_code(runner_close(runner), 0);
    log_expect("too late for the run");
    ck_assert_int_eq(drops(), 3);
    runner_free(runner);
}
END_TEST

/* --- abort ------------------------------------------------------------------------------- */

static int abort_main(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_soon(arg, log_callback, "callback", NULL), 0);
    log_add("main");
    return runner_abort(-77);
}

START_TEST(R037_abort_ends_the_run_at_once_and_leaves_no_stop_behind)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, abort_main, runner, NULL, NULL), -77);
    log_expect("main");
    ck_assert_code(runner_run(runner, sleep_20ms, NULL, NULL, NULL), 0);
    log_expect("callback");
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int abort_child(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("child");
    return runner_abort(-78);
}

typedef struct tasks {
    runner_task_t *main;
    runner_task_t *child;
} tasks_t;

static int await_aborting_child(void *arg, void **result)
{
    tasks_t *tasks = arg;
    (void)result;
    tasks->main = runner_task_ref(runner_current_task());
    ck_assert_code(runner_spawn(abort_child, NULL, NULL, &tasks->child), 0);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("main %s", code_name(code));
    return code;
}

START_TEST(R038_abort_of_a_child_leaves_main_pending)
{
    runner_t *runner = test_runner();
    tasks_t tasks = {NULL, NULL};
    ck_assert_code(runner_run(runner, await_aborting_child, &tasks, NULL, NULL), -78);
    log_expect("child");
    ck_assert_code(runner_task_status(tasks.child), -78);
    ck_assert_code(runner_task_result(tasks.child, NULL), -78);
    ck_assert_int_eq(runner_task_done(tasks.main), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main RUNNER_ECANCELED");
    ck_assert_int_eq(runner_task_cancelled(tasks.main), 1);
    runner_task_unref(tasks.main);
    runner_task_unref(tasks.child);
    runner_free(runner);
}
END_TEST

static int abort_callback(void *arg)
{
    (void)arg;
    return runner_abort(-79);
}

static int wait_for_abort(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_later(arg, 5, abort_callback, NULL, NULL, NULL), 0);
    return runner_sleep(10);
}

START_TEST(R038_abort_of_a_callback_ends_the_run_without_a_report)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, wait_for_abort, runner, NULL, NULL), -79);
    ck_assert_uint_eq(now_ms(runner), 5);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_code(runner_run(runner, sleep_20ms, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int abort_badly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_abort(0), RUNNER_EINVAL);
    ck_assert_code(runner_abort(5), RUNNER_EINVAL);
    return runner_sleep(1);
}

START_TEST(R037_abort_wants_a_negative_code_and_a_running_body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_abort(-77), RUNNER_ENOLOOP);
    ck_assert_code(runner_run(runner, abort_badly, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* --- errors of others -------------------------------------------------------------------- */

static int fail_callback(void *arg)
{
    return (int)number_of(arg);
}

static int queue_failing_callbacks(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_soon(arg, fail_callback, value_of(-5), NULL), 0);
    ck_assert_code(runner_call_later(arg, 1, fail_callback, value_of(-6), NULL, NULL), 0);
    ck_assert_code(runner_call_soon(arg, fail_callback, value_of(3), NULL), 0);
    int code = runner_sleep(2);
    log_add("main");
    return code;
}

START_TEST(R039_a_callback_that_fails_is_reported_and_main_goes_on)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, queue_failing_callbacks, runner, NULL, NULL), 0);
    log_expect("eh,eh,eh,main");
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_code(exception_at(1)->code, RUNNER_EBADRESULT);
    ck_assert_code(exception_at(2)->code, -6);
    ck_assert_uint_eq(exception_at(0)->task_id, 0);
    ck_assert_str_ne(exception_at(0)->message, "");
    runner_free(runner);
}
END_TEST

static int await_foreign_future(void *arg, void **result)
{
    ck_assert_code(runner_future_await(arg, result), RUNNER_EFOREIGN);
    return runner_sleep(1);
}

START_TEST(R040_R041_a_future_of_another_loop_is_refused)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(other, &future), 0);
    ck_assert_code(runner_run(runner, await_foreign_future, future, NULL, NULL), 0);
    ck_assert_code(runner_future_resolve(future, NULL), 0);
    ck_assert_code(runner_run(runner, await_foreign_future, future, NULL, NULL), 0);
    runner_future_unref(future);
    runner_free(runner);
    runner_free(other);
}
END_TEST

static int spawn_kept(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(log_body, "child", NULL, arg), 0);
    return runner_yield();
}

static int await_foreign_task(void *arg, void **result)
{
    ck_assert_code(runner_await(arg, result), RUNNER_EFOREIGN);
    return runner_sleep(1);
}

START_TEST(R041_a_task_of_another_loop_is_refused)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(other, spawn_kept, &task, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, await_foreign_task, task, NULL, NULL), 0);
    runner_task_unref(task);
    runner_free(runner);
    runner_free(other);
}
END_TEST

static int await_self(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    ck_assert_code(runner_await(self, result), RUNNER_ESELF);
    ck_assert_code(runner_future_await(runner_task_future(self), result), RUNNER_ESELF);
    return runner_sleep(1);
}

START_TEST(R042_a_task_can_not_await_itself)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_self, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* --- main and shutdown ------------------------------------------------------------------- */

static int fail_when_cancelled(void *arg, void **result)
{
    (void)result;
    (void)runner_sleep(RUNNER_FOREVER);
    return (int)number_of(arg);
}

static int leave_failing_task(void *arg, void **result)
{
    ck_assert_code(runner_spawn(fail_when_cancelled, value_of(-6), NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    *result = value_of(7);
    return (int)number_of(arg);
}

static void log_report(const runner_report_t *report, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < runner_report_count(report, 0); i++) {
        runner_report_item_t item;
        memset(&item, 0, sizeof item);
        item.size = sizeof item;
        ck_assert_code(runner_report_get(report, i, &item), 0);
        log_add("kind %d code %d", item.kind, item.code);
    }
}

START_TEST(R043_the_outcome_of_main_is_returned_and_that_of_shutdown_reported)
{
    runner_options_t opts = test_options();
    void *result = NULL;
    opts.on_report = log_report;
    ck_assert_code(runner_main(leave_failing_task, value_of(-5), &opts, &result), -5);
    log_expect("eh,kind 2 code -6");
    ck_assert_code(exception_at(0)->code, -6);
    ck_assert_ptr_null(result);
    ck_assert_code(runner_main(leave_failing_task, value_of(0), &opts, &result), 0);
    log_expect("eh,kind 2 code -6");
    ck_assert_int_eq(number_of(result), 7);
}
END_TEST

static int abort_when_cancelled(void *arg, void **result)
{
    (void)result;
    (void)runner_sleep(RUNNER_FOREVER);
    return runner_abort((int)number_of(arg));
}

static int leave_aborting_task(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(abort_when_cancelled, value_of(-6), NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    return (int)number_of(arg);
}

START_TEST(R043_an_abort_of_shutdown_is_returned_only_if_main_succeeded)
{
    runner_options_t opts = test_options();
    ck_assert_code(runner_main(leave_aborting_task, value_of(0), &opts, NULL), -6);
    ck_assert_code(runner_main(leave_aborting_task, value_of(-5), &opts, NULL), -5);
}
END_TEST

/* --- run options ------------------------------------------------------------------------- */

static int check_name(void *arg, void **result)
{
    (void)result;
    ck_assert_str_eq(runner_task_name(runner_current_task()), arg);
    return 0;
}

START_TEST(the_main_task_has_a_name_and_a_number)
{
    runner_t *runner = test_runner();
    runner_run_options_t opts;
    char name[] = "server";
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    ck_assert_code(runner_run(runner, check_name, "Task-1", NULL, NULL), 0);
    ck_assert_code(runner_run(runner, check_name, "Task-2", &opts, NULL), 0);
    opts.name = name;
    ck_assert_code(runner_run(runner, check_name, "server", &opts, NULL), 0);
    ck_assert_code(runner_run(runner, check_name, "Task-4", NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

static int use_stack(void *arg, void **result)
{
    char large[400 * 1024];
    (void)arg;
    memset(large, 1, sizeof large);
    *result = value_of(large[sizeof large / 2]);
    return 0;
}

START_TEST(the_stack_of_main_can_be_larger)
{
    runner_t *runner = test_runner();
    runner_run_options_t opts;
    void *result = NULL;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.stack_bytes = 1024 * 1024;
    ck_assert_code(runner_run(runner, use_stack, NULL, &opts, &result), 0);
    ck_assert_int_eq(number_of(result), 1);
    runner_free(runner);

    runner_options_t runner_opts = test_options();
    runner_opts.stack_bytes = 1024 * 1024;
    ck_assert_code(runner_main(use_stack, NULL, &runner_opts, &result), 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_leftover_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "stop");
    tcase_add_test(tcase, R033_stop_ends_the_run_after_this_iteration);
    tcase_add_test(tcase, R033_stop_from_a_callback);
    tcase_add_test(tcase, R033_stop_of_a_main_that_is_done_leaves_nothing_behind);
    tcase_add_test(tcase, R033_R141_a_main_that_was_stopped_can_be_cancelled_between_runs);
    tcase = test_case(suite, "left over");
    tcase_add_test(tcase, R034_a_leftover_task_goes_on_in_the_next_run);
    tcase_add_test(tcase, R035_a_task_spawned_last_takes_its_first_step_but_its_children_do_not);
    tcase_add_test(tcase, R035_its_children_start_in_the_next_run);
    tcase_add_test(tcase, R036_a_callback_queued_last_runs_and_a_timer_does_not);
    tcase = test_case(suite, "abort");
    tcase_add_test(tcase, R037_abort_ends_the_run_at_once_and_leaves_no_stop_behind);
    tcase_add_test(tcase, R037_abort_wants_a_negative_code_and_a_running_body);
    tcase_add_test(tcase, R038_abort_of_a_child_leaves_main_pending);
    tcase_add_test(tcase, R038_abort_of_a_callback_ends_the_run_without_a_report);
}

static void add_error_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "errors of others");
    tcase_add_test(tcase, R039_a_callback_that_fails_is_reported_and_main_goes_on);
    tcase_add_test(tcase, R040_R041_a_future_of_another_loop_is_refused);
    tcase_add_test(tcase, R041_a_task_of_another_loop_is_refused);
    tcase_add_test(tcase, R042_a_task_can_not_await_itself);
    tcase = test_case(suite, "main and shutdown");
    tcase_add_test(tcase, R043_the_outcome_of_main_is_returned_and_that_of_shutdown_reported);
    tcase_add_test(tcase, R043_an_abort_of_shutdown_is_returned_only_if_main_succeeded);
    tcase = test_case(suite, "run options");
    tcase_add_test(tcase, the_main_task_has_a_name_and_a_number);
    tcase_add_test(tcase, the_stack_of_main_can_be_larger);
}

int main(void)
{
    Suite *suite = suite_create("run");
    TCase *tcase = test_case(suite, "results");
    tcase_add_test(tcase, R025_the_result_is_that_very_pointer);
    tcase_add_test(tcase, R025_a_result_that_was_not_set_is_null);
    tcase_add_test(tcase, R026_an_error_comes_back_unchanged);
    tcase_add_test(tcase, R026_a_positive_code_of_a_body_is_an_error_of_its_own);
    tcase_add_test(tcase, R027_argument_and_result_are_never_looked_into);
    tcase_add_test(tcase, R028_a_failed_run_does_not_poison_the_runner);
    tcase_add_test(tcase, R029_a_main_that_says_cancelled_counts_as_cancelled);
    tcase_add_test(tcase, R029_a_main_that_is_cancelled_by_others_ends_the_run_so);
    tcase_add_test(tcase, R044_an_error_of_a_host_travels_as_a_plain_code);
    tcase = test_case(suite, "nested runs");
    tcase_add_test(tcase, R018_R030_a_run_inside_a_run_is_refused);
    tcase_add_test(tcase, R030_the_running_loop_is_found_before_the_closed_runner);
    tcase_add_test(tcase, R030_nor_from_a_callback_or_a_stackless_task);
    tcase_add_test(tcase, R031_also_on_another_runner);
    tcase_add_test(tcase, R032_a_job_of_the_executor_may_run_a_runner);
    add_leftover_tests(suite);
    add_error_tests(suite);
    return test_main(suite);
}
