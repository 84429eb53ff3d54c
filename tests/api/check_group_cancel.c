/* Task groups that are cancelled: from outside, and by a failure within. */
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

/* --- from outside ------------------------------------------------------------------------ */

static int close_with_five(void *arg, void **result)
{
    static work_t works[] = {
        {"a", 50, 0, 0}, {"b", 50, 0, 0}, {"c", 50, 0, 0}, {"d", 50, 0, 0}, {"e", 50, 0, 0}};
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 5; i++) {
        start(group, do_work, &works[i]);
    }
    int code = runner_group_close(group, 0);
    log_add("closed");
    ck_assert_ptr_null(runner_group_errors(group));
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), (int)number_of(arg));
    runner_group_unref(group);
    return code;
}

static int cancel_closing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(close_with_five, value_of(RUNNER_REASON_USER)),
                   RUNNER_ECANCELED);
    ck_assert_uint_eq(now(), 10);
    return 0;
}

START_TEST(R160_a_cancelled_owner_has_its_children_cancelled_and_waits_for_them)
{
    run(cancel_closing);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,c RUNNER_ECANCELED,d RUNNER_ECANCELED,"
               "e RUNNER_ECANCELED,closed");
}
END_TEST

static int wait_in_body(void *arg, void **result)
{
    static work_t works[] = {{"a", 50, 0, 0}, {"b", 50, 0, 0}};
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < number_of(arg); i++) {
        start(group, do_work, &works[i]);
    }
    int code = runner_sleep(100);
    log_add("body %s", code_name(code));
    code = close_and_unref(group, code);
    log_add("closed");
    return code;
}

static int cancel_bodies(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(wait_in_body, value_of(2)), RUNNER_ECANCELED);
    log_add("next");
    ck_assert_code(cancel_after_10ms(wait_in_body, value_of(0)), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R160_a_body_that_is_cancelled_has_the_children_cancelled)
{
    run(cancel_bodies);
    log_expect("body RUNNER_ECANCELED,a RUNNER_ECANCELED,b RUNNER_ECANCELED,closed,next,"
               "body RUNNER_ECANCELED,closed");
}
END_TEST

static int end_body_cancelled(void *arg, void **result)
{
    work_t work = {"a", 50, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(close_and_unref(group, RUNNER_ECANCELED), RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

START_TEST(R160_a_body_may_end_cancelled_though_nobody_asked)
{
    run(end_body_cancelled);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

static int cancel_task(runner_future_t *future, void *arg)
{
    (void)future;
    log_add("cancel");
    return runner_task_cancel(arg);
}

/* The owner is ready to go on when it is cancelled. */
static int close_and_be_cancelled(void *arg, void **result)
{
    work_t work = {"a", 10, 0, 0};
    runner_task_t *child = NULL;
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_code(runner_group_spawn(group, do_work, &work, NULL, &child), 0);
    ck_assert_code(
        runner_future_on_done(runner_task_future(child), cancel_task, runner_current_task(), NULL),
        0);
    int code = close_and_unref(group, 0);
    runner_task_unref(child);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_code(runner_yield(), 0); /* it was delivered */
    log_add("end");
    return code;
}

static int cancel_late(void *arg, void **result)
{
    (void)result;
    ck_assert_code(await_and_unref(spawn_task(close_and_be_cancelled, arg)), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R160_a_cancel_after_the_last_child_is_not_lost)
{
    run(cancel_late);
    log_expect("a 0,cancel,end");
}
END_TEST

/* A child that does not give in at once. */
static int be_stubborn(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        log_add("stubborn %s", code_name(runner_sleep(30)));
    }
    return 0;
}

static int close_with_stubborn(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, be_stubborn, NULL);
    int code = close_and_unref(group, 0);
    ck_assert_int_eq(cancelling(), 2);
    ck_assert_uint_eq(now(), 70);
    return code;
}

static int cancel_again(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_task(close_with_stubborn, NULL);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(await_and_unref(task), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R160_an_owner_that_is_cancelled_again_still_waits)
{
    run(cancel_again);
    log_expect("stubborn RUNNER_ECANCELED,stubborn 0,stubborn 0"); /* the children only once */
}
END_TEST

static int note_reason(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(100);
    log_add("%s %d", (const char *)arg, reason());
    return code;
}

static int own_with_reasons(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, note_reason, "child");
    int code = runner_sleep(100);
    log_add("owner %d", reason());
    return close_and_unref(group, code);
}

static int cancel_with_reasons(void *arg, void **result)
{
    work_t work = {"a", 10, -5, 0};
    (void)arg;
    (void)result;
    ck_assert_code(cancel_after_10ms(own_with_reasons, NULL), RUNNER_ECANCELED);
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, note_reason, "sibling");
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    log_add("body %d", reason());
    ck_assert_code(close_and_unref(group, RUNNER_ECANCELED), RUNNER_EGROUP);
    ck_assert_int_eq(reason(), 0);
    return 0;
}

START_TEST(R158_R160_each_task_knows_who_cancelled_it)
{
    ck_assert_int_eq(RUNNER_REASON_USER, 1);
    ck_assert_int_eq(RUNNER_REASON_GROUP, 2);
    run(cancel_with_reasons);
    log_expect("owner 1,child 2,a 0,sibling 2,body 2");
}
END_TEST

static int leave_group_open(void *arg, void **result)
{
    (void)result;
    runner_task_unref(spawn_task(close_with_five, arg));
    return runner_sleep(1);
}

START_TEST(R079_R160_a_group_is_unwound_when_its_runner_closes)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_group_open, value_of(RUNNER_REASON_CLOSE), NULL, NULL),
                   0);
    log_expect("");
    ck_assert_code(runner_close(runner), 0);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,c RUNNER_ECANCELED,d RUNNER_ECANCELED,"
               "e RUNNER_ECANCELED,closed");
    runner_free(runner);
}
END_TEST

static int fail_at_close(void *arg, void **result)
{
    static work_t works[] = {{"a", 50, 0, -5}, {"b", 50, 0, -6}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &works[0]);
    start(group, do_work, &works[1]);
    return close_and_unref(group, 0);
}

static int leave_group_that_fails(void *arg, void **result)
{
    (void)result;
    runner_task_unref(spawn_task(fail_at_close, arg));
    return runner_sleep(1);
}

START_TEST(R081_R161_failures_in_a_group_at_close_are_reported)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_group_that_fails, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,eh,eh,eh");
    ck_assert_code(exception_at(0)->code, RUNNER_EGROUP);
    ck_assert_code(exception_at(1)->code, -5);
    ck_assert_code(exception_at(2)->code, -6);
}
END_TEST

/* --- from inside ------------------------------------------------------------------------- */

static int yield_and_fail(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_yield(), 0);
    return (int)number_of(arg);
}

static int fail_and_go_on(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, yield_and_fail, value_of(-5));
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(10), 0);

    group = open_group();
    start(group, fail_at_once, value_of(-5));
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), RUNNER_REASON_GROUP);
    ck_assert_code(close_and_unref(group, -6), RUNNER_EGROUP); /* its cleanup fails as well */
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_int_eq(reason(), 0);
    ck_assert_code(runner_yield(), 0);
    return runner_sleep(10);
}

START_TEST(R164_a_group_takes_its_cancel_back)
{
    run(fail_and_go_on);
}
END_TEST

static int swallow_cancel_of_group(void *arg, void **result)
{
    work_t work = {"a", 10, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_sleep(20), RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

START_TEST(R164_also_if_the_body_swallowed_it)
{
    run(swallow_cancel_of_group);
    log_expect("a 0");
}
END_TEST

static int end_without_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, fail_at_once, value_of(-5));
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(close_and_unref(group, 0), RUNNER_EGROUP); /* it hears of it while it waits */
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

START_TEST(R164_also_if_the_body_had_ended)
{
    run(end_without_wait);
}
END_TEST

/* --- groups in groups -------------------------------------------------------------------- */

/* Both groups fail in one turn, in one or the other order. */
static int fail_in_both(void *arg, void **result)
{
    (void)result;
    runner_group_t *outer = open_group();
    runner_group_t *inner = open_group();
    start(arg == NULL ? inner : outer, yield_and_fail, value_of(-5));
    start(arg == NULL ? outer : inner, yield_and_fail, value_of(-6));
    ck_assert_code(close_and_unref(inner, 0), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 1); /* that of the outer group */
    ck_assert_int_eq(reason(), RUNNER_REASON_GROUP);
    int code = runner_yield();
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_code(runner_group_close(outer, code), RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(runner_group_errors(outer)), 1);
    runner_group_unref(outer);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

static int fail_in_both_orders(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(fail_in_both(NULL, result), 0);
    return fail_in_both(value_of(1), result);
}

START_TEST(R162_two_groups_that_fail_at_once_each_take_their_cancel_back)
{
    run(fail_in_both_orders);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_cancel");
    TCase *tcase = test_case(suite, "from outside");
    tcase_add_test(tcase, R160_a_cancelled_owner_has_its_children_cancelled_and_waits_for_them);
    tcase_add_test(tcase, R160_a_body_that_is_cancelled_has_the_children_cancelled);
    tcase_add_test(tcase, R160_a_body_may_end_cancelled_though_nobody_asked);
    tcase_add_test(tcase, R160_a_cancel_after_the_last_child_is_not_lost);
    tcase_add_test(tcase, R160_an_owner_that_is_cancelled_again_still_waits);
    tcase_add_test(tcase, R158_R160_each_task_knows_who_cancelled_it);
    tcase_add_test(tcase, R079_R160_a_group_is_unwound_when_its_runner_closes);
    tcase_add_test(tcase, R081_R161_failures_in_a_group_at_close_are_reported);
    tcase = test_case(suite, "from inside");
    tcase_add_test(tcase, R164_a_group_takes_its_cancel_back);
    tcase_add_test(tcase, R164_also_if_the_body_swallowed_it);
    tcase_add_test(tcase, R164_also_if_the_body_had_ended);
    tcase = test_case(suite, "groups in groups");
    tcase_add_test(tcase, R162_two_groups_that_fail_at_once_each_take_their_cancel_back);
    return test_main(suite);
}
