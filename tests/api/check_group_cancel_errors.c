/* Task groups that are cancelled from outside, and in which something fails on the way. */
#include "groups.h"

/* --- helpers ----------------------------------------------------------------------------- */

/* Cancel a task of this body after 10 ms, and give what it then ends with. */
static int cancel_after_10ms(runner_fn body, void *arg)
{
    runner_task_t *task = spawn_task(body, arg);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    return await_and_unref(task);
}

/* --- from outside, and something fails --------------------------------------------------- */

/* Its group has failed though the owner was cancelled: the cancel is still there, and delivered at
 * the next wait. */
static int expect_pending_cancels(int count)
{
    ck_assert_int_eq(cancelling(), count);
    ck_assert_int_eq(reason(), RUNNER_REASON_USER);
    int code = runner_yield();
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), count);
    ck_assert_code(runner_yield(), 0); /* delivered once */
    log_add("end");
    return code;
}

static int fail_in_cleanup(void *arg, void **result)
{
    static work_t works[] = {{"a", 50, 0, -5}, {"b", 50, 0, -5}};
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &works[0]);
    start(group, do_work, &works[1]);
    int code = arg != NULL ? runner_sleep(100) : 0;
    ck_assert_code(runner_group_close(group, code), RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(runner_group_errors(group)), 2);
    runner_group_unref(group);
    return expect_pending_cancels(1);
}

static int cancel_failing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(fail_in_cleanup, value_of(1)), RUNNER_ECANCELED);
    ck_assert_code(cancel_after_10ms(fail_in_cleanup, NULL), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_errors_win_and_the_cancel_stays)
{
    run(cancel_failing);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,end,a RUNNER_ECANCELED,b RUNNER_ECANCELED,"
               "end");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_while_body_cleans_up(void *arg, void **result)
{
    static work_t work = {"a", 30, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    int code = runner_sleep(100);
    ck_assert_code(code, RUNNER_ECANCELED);
    /* The child fails while this goes on, and the group cancels its owner as well. */
    ck_assert_code(runner_sleep(50), RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 2);
    ck_assert_uint_eq(now(), 30);
    ck_assert_code(close_and_unref(group, code), RUNNER_EGROUP);
    return expect_pending_cancels(1);
}

static int cancel_cleaning(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(fail_while_body_cleans_up, NULL), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_a_child_may_fail_while_the_body_answers_a_cancel)
{
    run(cancel_cleaning);
    log_expect("a 0,end");
}
END_TEST

static int rethrow_error_of_group(void *arg, void **result)
{
    static work_t work = {"a", 30, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    int code = runner_sleep(100);
    (void)runner_sleep(50);
    code = close_and_unref(group, code);
    return code;
}

static int await_rethrown(void *arg, void **result)
{
    (void)result;
    return await_and_unref(spawn_task(rethrow_error_of_group, arg));
}

static int cancel_awaiter(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_task(await_rethrown, NULL);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, NULL), RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(runner_future_errors(runner_task_future(task))), 1);
    runner_task_unref(task);
    return 0;
}

START_TEST(R161_whoever_awaits_the_owner_gets_the_errors_and_not_the_cancel)
{
    run(cancel_awaiter);
    log_expect("a 0");
}
END_TEST

static int answer_cancel_with_error(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_code(close_and_unref(group, -5), RUNNER_EGROUP);
    return expect_pending_cancels(1);
}

static int cancel_answering(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(answer_cancel_with_error, NULL), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_a_body_may_answer_a_cancel_with_an_error)
{
    run(cancel_answering);
    log_expect("end");
}
END_TEST

static int clean_up_slowly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    return runner_sleep(30);
}

static int fail_with_slow_child(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, clean_up_slowly, NULL);
    ck_assert_code(runner_yield(), 0);
    ck_assert_fails(group, -5, "-5*");
    ck_assert_uint_eq(now(), 30);
    return expect_pending_cancels(1);
}

static int cancel_failed(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(fail_with_slow_child, NULL), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R159_R161_a_cancel_does_not_hide_the_error_of_the_body)
{
    run(cancel_failed);
    log_expect("end");
}
END_TEST

static int swallow_and_fail_later(void *arg, void **result)
{
    static work_t work = {"a", 30, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_sleep(20), RUNNER_ECANCELED);
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP);
    return expect_pending_cancels(1);
}

static int cancel_swallower(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(swallow_and_fail_later, NULL), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_a_cancel_that_the_body_swallowed_comes_back_with_a_failure)
{
    run(cancel_swallower);
    log_expect("a 0,end");
}
END_TEST

/* A child that fails 30 ms after it was cancelled. */
static int fail_slowly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    (void)runner_sleep(100);
    (void)runner_sleep(30);
    return -5;
}

static int close_with_slow_failure(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, fail_slowly, NULL);
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP);
    return expect_pending_cancels(2);
}

static int cancel_twice(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_task(close_with_slow_failure, NULL);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(await_and_unref(task), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_two_cancels_stay_two)
{
    run(cancel_twice);
    log_expect("end");
}
END_TEST

/* Already cancelled by its group when it is cancelled from outside. */
static int close_aborting(void *arg, void **result)
{
    static work_t work = {"a", 10, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, fail_slowly, NULL);
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP);
    return expect_pending_cancels(1);
}

static int cancel_aborting(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_task(close_aborting, NULL);
    ck_assert_code(runner_sleep(20), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_GROUP);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 2);
    ck_assert_code(await_and_unref(task), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_the_group_takes_back_its_own_cancel_and_no_other)
{
    run(cancel_aborting);
    log_expect("a 0,end");
}
END_TEST

/* The child has failed, and the group does not know yet, when the owner is cancelled. */
static int wait_and_fail(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_future_resolve(arg, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    return -5;
}

static int own_waiting(void *arg, void **result)
{
    (void)result;
    runner_group_t *group = open_group();
    start(group, wait_and_fail, arg);
    int code = runner_sleep(1000);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_code(close_and_unref(group, code), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 1);
    code = runner_sleep(1000);
    ck_assert_code(code, RUNNER_ECANCELED);
    return code;
}

static int cancel_in_the_same_turn(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    runner_task_t *task = spawn_task(own_waiting, future);
    ck_assert_code(runner_future_await(future, NULL), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    runner_future_unref(future);
    ck_assert_uint_eq(now(), 0);
    return 0;
}

START_TEST(R161_an_error_and_a_cancel_in_one_turn)
{
    run(cancel_in_the_same_turn);
}
END_TEST

static int interrupt(void *arg)
{
    return runner_interrupt(arg);
}

static int be_interrupted(void *arg, void **result)
{
    work_t work = {"a", 100, 0, -5};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_call_later(runner_current(), 10, interrupt, runner_current(), NULL, NULL),
                   0);
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), RUNNER_REASON_SIGINT);
    return runner_sleep(1000);
}

START_TEST(R135_R161_an_interrupt_stays_one)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, be_interrupted, NULL, NULL, NULL), RUNNER_EINTR);
    ck_assert_uint_eq(now_ms(runner), 10);
    runner_free(runner);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

/* --- groups in groups -------------------------------------------------------------------- */

/* Cancelled from outside; everything fails in its cleanup. */
static int fail_nested(void *arg, void **result)
{
    static work_t outer_work = {"outer", 100, 0, 0};
    static work_t works[] = {{"a", 100, 0, -5}, {"b", 100, 0, -6}};
    runner_group_error_t error = {.size = sizeof error};
    (void)result;
    runner_group_t *outer = open_group();
    if (arg != NULL) {
        start(outer, do_work, &outer_work);
    }
    runner_group_t *inner = open_group();
    start(inner, do_work, &works[0]);
    start(inner, do_work, &works[1]);
    int code = close_and_unref(inner, runner_sleep(100));
    ck_assert_code(code, RUNNER_EGROUP);
    code = runner_group_close(outer, code);
    ck_assert_code(code, RUNNER_EGROUP);
    runner_error_group_t *errors = runner_group_errors(outer);
    ck_assert_uint_eq(runner_error_group_count(errors), 1);
    ck_assert_code(runner_error_group_get(errors, 0, &error), 0);
    ck_assert_code(error.code, RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(error.nested), 2);
    ck_assert_code(runner_error_group_get(error.nested, 1, &error), 0);
    ck_assert_code(error.code, -6);
    runner_group_unref(outer);
    return expect_pending_cancels(1);
}

static int cancel_nested(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(fail_nested, NULL), RUNNER_ECANCELED);
    ck_assert_code(cancel_after_10ms(fail_nested, value_of(1)), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R161_R162_a_cancel_goes_through_nested_groups_that_fail)
{
    run(cancel_nested);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,end,"
               "a RUNNER_ECANCELED,b RUNNER_ECANCELED,outer RUNNER_ECANCELED,end");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_cancel_errors");
    TCase *tcase = test_case(suite, "from outside, and something fails");
    tcase_add_test(tcase, R161_errors_win_and_the_cancel_stays);
    tcase_add_test(tcase, R161_a_child_may_fail_while_the_body_answers_a_cancel);
    tcase_add_test(tcase, R161_whoever_awaits_the_owner_gets_the_errors_and_not_the_cancel);
    tcase_add_test(tcase, R161_a_body_may_answer_a_cancel_with_an_error);
    tcase_add_test(tcase, R159_R161_a_cancel_does_not_hide_the_error_of_the_body);
    tcase_add_test(tcase, R161_a_cancel_that_the_body_swallowed_comes_back_with_a_failure);
    tcase_add_test(tcase, R161_two_cancels_stay_two);
    tcase_add_test(tcase, R161_the_group_takes_back_its_own_cancel_and_no_other);
    tcase_add_test(tcase, R161_an_error_and_a_cancel_in_one_turn);
    tcase_add_test(tcase, R135_R161_an_interrupt_stays_one);
    tcase = test_case(suite, "groups in groups");
    tcase_add_test(tcase, R161_R162_a_cancel_goes_through_nested_groups_that_fail);
    return test_main(suite);
}
