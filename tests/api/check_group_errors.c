/* Task groups: children and bodies that fail, and what becomes of their errors. */
#include "groups.h"

/* --- a child fails ----------------------------------------------------------------------- */

static int tick(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 8; i++) {
        log_add("t%d", i);
        ck_assert_code(runner_yield(), 0);
    }
    return 0;
}

static int fail_and_log(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("fail");
    return -5;
}

static int fail_while_closing(void *arg, void **result)
{
    work_t work = {"b", 100, 0, 0};
    (void)arg;
    (void)result;
    runner_task_t *ticker = spawn_task(tick, NULL);
    runner_group_t *group = open_group();
    runner_task_t *b = spawn(group, do_work, &work);
    start(group, fail_and_log, NULL);
    ck_assert_fails(group, 0, "-5");
    log_add("closed");
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_int_eq(runner_task_cancelled(b), 1);
    runner_task_unref(b);
    return await_and_unref(ticker);
}

START_TEST(R158_a_failing_child_has_its_siblings_cancelled)
{
    run(fail_while_closing);
    log_expect("t0,fail,t1,t2,b RUNNER_ECANCELED,t3,t4,closed,t5,t6,t7");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int fail_while_the_body_waits(void *arg, void **result)
{
    work_t works[] = {{"a", 10, -5, 0}, {"b", 50, 0, 0}, {"c", 50, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 3; i++) {
        start(group, do_work, &works[i]);
    }
    int code = runner_sleep(100);
    log_add("body %s", code_name(code));
    ck_assert_uint_eq(now(), 10);
    ck_assert_fails(group, code, "-5");
    return 0;
}

START_TEST(R158_and_the_body_at_its_wait)
{
    run(fail_while_the_body_waits);
    log_expect("a 0,b RUNNER_ECANCELED,c RUNNER_ECANCELED,body RUNNER_ECANCELED");
}
END_TEST

static int fail_before_siblings_start(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, fail_at_once, value_of(-5));
    ck_assert_code(runner_yield(), 0);
    /* The failure is known in the next turn, and this one then has not started. */
    start(group, log_body, "never");
    int code = runner_yield();
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_fails(group, code, "-5");
    return 0;
}

START_TEST(R158_a_sibling_that_has_not_started_never_does)
{
    run(fail_before_siblings_start);
    log_expect("");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int await_failing_child(void *arg, void **result)
{
    (void)arg;
    runner_group_t *group = open_group();
    runner_task_t *task = spawn(group, fail_at_once, value_of(-5));
    int code = runner_await(task, result);
    ck_assert_code(code, RUNNER_ECANCELED); /* the group has heard of it first */
    ck_assert_code(runner_task_status(task), -5);
    runner_task_unref(task);
    ck_assert_fails(group, code, "-5");
    return 0;
}

START_TEST(R158_a_body_that_awaits_the_failing_child_is_cancelled)
{
    run(await_failing_child);
}
END_TEST

static int await_child_of_group(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_await(arg, NULL), -5);
    log_add("got it too");
    return 0;
}

static int share_failure(void *arg, void **result)
{
    work_t work = {"a", 10, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *child = spawn(group, do_work, &work);
    runner_task_t *awaiter = spawn_task(await_child_of_group, child);
    ck_assert_fails(group, 0, "-5");
    runner_task_unref(child);
    return await_and_unref(awaiter);
}

START_TEST(R158_whoever_else_awaits_the_child_gets_its_code)
{
    run(share_failure);
    log_expect("a 0,got it too");
}
END_TEST

static int fail_on_cleanup(void *arg, void **result)
{
    work_t works[] = {{"a", 10, -5, 0}, {"b", 50, 0, -6}, {"c", 50, 0, 0}, {"d", 50, 0, -7}};
    (void)arg;
    (void)result;
    runner_task_t *tasks[4];
    runner_group_t *group = open_group();
    for (int i = 0; i < 4; i++) {
        tasks[i] = spawn(group, do_work, &works[i]);
    }
    ck_assert_code(runner_group_close(group, 0), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_group_errors(group);
    ck_assert_errors(errors, "-5,-6,-7");
    ck_assert_ptr_eq(error_at(errors, 0).task, tasks[0]);
    ck_assert_ptr_eq(error_at(errors, 1).task, tasks[1]);
    ck_assert_ptr_eq(error_at(errors, 2).task, tasks[3]);
    for (int i = 0; i < 4; i++) {
        runner_task_unref(tasks[i]);
    }
    runner_group_unref(group);
    return 0;
}

START_TEST(R158_every_error_is_kept_in_the_order_of_the_failures)
{
    run(fail_on_cleanup);
    log_expect("a 0,b RUNNER_ECANCELED,c RUNNER_ECANCELED,d RUNNER_ECANCELED");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* A child that needs a while to clean up, and then fails as well. */
static int fail_late(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_errors(runner_group_errors(arg), "-5");
    ck_assert_code(runner_sleep(20), 0);
    return -6;
}

static int look_at_group(void *arg)
{
    ck_assert_ptr_null(runner_group_errors(arg));
    log_add("callback");
    return 0;
}

static int look_while_it_ends(void *arg, void **result)
{
    work_t work = {"a", 10, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, fail_late, group);
    ck_assert_code(runner_call_later(runner_current(), 5, look_at_group, group, NULL, NULL), 0);
    ck_assert_fails(group, 0, "-5,-6");
    ck_assert_uint_eq(now(), 30);
    return 0;
}

START_TEST(R158_errors_can_be_looked_at_while_the_group_ends)
{
    run(look_while_it_ends);
    log_expect("callback,a 0");
}
END_TEST

static int fail_oddly(void *arg, void **result)
{
    static const int codes[] = {RUNNER_EUSER, 7, -2, RUNNER_EGROUP};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 4; i++) {
        start(group, fail_at_once, value_of(codes[i]));
    }
    ck_assert_code(runner_group_close(group, 0), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_group_errors(group);
    ck_assert_uint_eq(runner_error_group_count(errors), 4);
    ck_assert_code(error_at(errors, 0).code, RUNNER_EUSER);
    ck_assert_code(error_at(errors, 1).code, RUNNER_EBADRESULT);
    ck_assert_code(error_at(errors, 2).code, -2);
    ck_assert_code(error_at(errors, 3).code, RUNNER_EGROUP);
    ck_assert_ptr_null(error_at(errors, 3).nested); /* it had no group */
    runner_group_unref(group);
    return 0;
}

START_TEST(R026_R158_codes_are_handed_on_unchanged)
{
    run(fail_oddly);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_eagerly(void *arg, void **result)
{
    work_t work = {"b", 50, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_yield(), 0);
    runner_task_t *task = spawn_eager(group, fail_at_once, value_of(-5));
    ck_assert_code(runner_task_status(task), -5);
    ck_assert_int_eq(drops(), 1);
    runner_task_unref(task);
    log_add("body");
    int code = runner_yield();
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_fails(group, code, "-5");
    return runner_yield();
}

START_TEST(R158_R189_a_child_may_fail_within_its_spawn)
{
    run(fail_eagerly);
    log_expect("body,b RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- the body fails ---------------------------------------------------------------------- */

static int fail_in_body(void *arg, void **result)
{
    work_t works[] = {{"a", 50, 0, 0}, {"b", 60, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *a = spawn(group, do_work, &works[0]);
    runner_task_t *b = spawn(group, do_work, &works[1]);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_group_close(group, -5), RUNNER_EGROUP);
    ck_assert_uint_eq(now(), 10);
    ck_assert_errors(runner_group_errors(group), "-5*");
    ck_assert_int_eq(runner_task_cancelled(a), 1);
    ck_assert_int_eq(runner_task_cancelled(b), 1);
    runner_task_unref(a);
    runner_task_unref(b);
    runner_group_unref(group);
    return 0;
}

START_TEST(R159_a_failing_body_has_the_children_cancelled)
{
    run(fail_in_body);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_without_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *task = spawn(group, log_body, "never");
    ck_assert_fails(group, -5, "-5*");
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    return 0;
}

START_TEST(R159_children_that_have_not_started_never_do)
{
    run(fail_without_wait);
    log_expect("");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int fail_alone(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner_current(), log_callback, "soon", NULL), 0);
    runner_group_t *group = open_group();
    ck_assert_fails(group, -5, "-5*");
    log_add("closed");
    return runner_yield();
}

START_TEST(R159_a_body_without_children_fails_without_a_wait)
{
    run(fail_alone);
    log_expect("closed,soon");
}
END_TEST

static int fail_both(void *arg, void **result)
{
    work_t works[] = {{"a", 10, -5, 0}, {"b", 50, 0, -7}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &works[0]);
    start(group, do_work, &works[1]);
    ck_assert_code(runner_sleep(50), RUNNER_ECANCELED);
    ck_assert_fails(group, -6, "-5,-7,-6*");
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    return runner_yield();
}

START_TEST(R158_R159_the_error_of_the_body_comes_last)
{
    run(fail_both);
    log_expect("a 0,b RUNNER_ECANCELED");
}
END_TEST

/* --- looking at errors ------------------------------------------------------------------- */

static int look_badly(void *arg, void **result)
{
    runner_group_error_t error;
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, fail_at_once, value_of(-5));
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_close(group, -6), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_group_errors(group);
    memset(&error, 0x55, sizeof error);
    const runner_group_error_t before = error;
    ck_assert_code(runner_error_group_get(errors, 0, &error), RUNNER_EINVAL); /* a wild size */
    ck_assert_mem_eq(&error, &before, sizeof error);
    error.size = sizeof(size_t) - 1;
    ck_assert_code(runner_error_group_get(errors, 0, &error), RUNNER_EINVAL);
    error.size = sizeof error;
    ck_assert_code(runner_error_group_get(errors, 2, &error), RUNNER_EINVAL);
    ck_assert_code(runner_error_group_get(errors, SIZE_MAX, &error), RUNNER_EINVAL);
    ck_assert_code(runner_error_group_get(NULL, 0, &error), RUNNER_EINVAL);
    ck_assert_code(runner_error_group_get(errors, 0, NULL), RUNNER_EINVAL);
    ck_assert_int_eq(error.code, before.code);
    ck_assert_ptr_eq(error.task, before.task);
    runner_group_unref(group);
    return 0;
}

START_TEST(R158_a_bad_look_at_errors_is_refused)
{
    run(look_badly);
}
END_TEST

/* As of a caller that was built when the struct ended after its first pointer. */
static int look_with_old_struct(void *arg, void **result)
{
    runner_group_error_t error;
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *child = spawn(group, fail_at_once, value_of(-5));
    ck_assert_code(runner_group_close(group, 0), RUNNER_EGROUP);
    memset(&error, 0x55, sizeof error);
    error.size = offsetof(runner_group_error_t, nested);
    ck_assert_code(runner_error_group_get(runner_group_errors(group), 0, &error), 0);
    ck_assert_ptr_eq(error.task, child);
    ck_assert_int_eq(error.code, 0x55555555);
    ck_assert_uint_eq(error.size, offsetof(runner_group_error_t, nested));
    runner_task_unref(child);
    runner_group_unref(group);
    return 0;
}

START_TEST(R158_an_older_struct_gets_what_it_has_room_for)
{
    run(look_with_old_struct);
}
END_TEST

enum { MANY = 300 };

static int look_in_any_order(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 1; i <= MANY; i++) {
        start(group, fail_at_once, value_of(-i));
    }
    ck_assert_code(runner_group_close(group, 0), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_group_errors(group);
    ck_assert_uint_eq(runner_error_group_count(errors), MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(error_at(errors, (size_t)i).code, -1 - i);
    }
    for (int i = MANY - 1; i >= 0; i -= 7) {
        ck_assert_int_eq(error_at(errors, (size_t)i).code, -1 - i);
        ck_assert_int_eq(error_at(errors, 0).code, -1);
    }
    runner_group_unref(group);
    return 0;
}

START_TEST(R158_errors_can_be_looked_at_in_any_order)
{
    run(look_in_any_order);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int keep_errors(void *arg, void **result)
{
    runner_spawn_options_t opts;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = "culprit";
    ck_assert_code(runner_group_spawn(group, fail_at_once, value_of(-5), &opts, NULL), 0);
    ck_assert_code(runner_group_close(group, 0), RUNNER_EGROUP);
    *(runner_error_group_t **)arg = runner_error_group_ref(runner_group_errors(group));
    runner_group_unref(group);
    return 0;
}

START_TEST(R158_errors_may_outlive_group_and_runner)
{
    runner_error_group_t *errors = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, keep_errors, &errors, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_errors(errors, "-5");
    ck_assert_str_eq(runner_task_name(error_at(errors, 0).task), "culprit");
    runner_error_group_unref(errors);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- runner_with_group() ----------------------------------------------------------------- */

static int spawn_three(runner_group_t *group, void *arg)
{
    work_t *works = arg;
    ck_assert_ptr_nonnull(group);
    for (int i = 0; i < 3; i++) {
        start(group, do_work, &works[i]);
    }
    log_add("body");
    return 0;
}

static int with_good_group(void *arg, void **result)
{
    work_t works[] = {{"a", 10, 0, 0}, {"b", 20, 0, 0}, {"c", 30, 0, 0}};
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_group(spawn_three, works, &errors), 0);
    ck_assert_ptr_null(errors);
    ck_assert_uint_eq(now(), 30);
    return runner_with_group(spawn_three, works, NULL);
}

START_TEST(R156_with_group_opens_calls_and_closes)
{
    run(with_good_group);
    log_expect("body,a 0,b 0,c 0,body,a 0,b 0,c 0");
}
END_TEST

static int with_bad_group(void *arg, void **result)
{
    work_t works[] = {{"a", 10, -5, 0}, {"b", 20, 0, 0}, {"c", 30, 0, -6}};
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_group(spawn_three, works, &errors), RUNNER_EGROUP);
    ck_assert_errors(errors, "-5,-6");
    runner_error_group_unref(errors);
    ck_assert_code(runner_with_group(spawn_three, works, NULL), RUNNER_EGROUP);
    return 0;
}

START_TEST(R158_with_group_hands_the_errors_out)
{
    run(with_bad_group);
    log_clear();
    ck_assert_int_eq(drops(), 6);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int return_number(runner_group_t *group, void *arg)
{
    start(group, log_body, "never");
    return (int)number_of(arg);
}

static int with_failing_bodies(void *arg, void **result)
{
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_group(return_number, value_of(-5), &errors), RUNNER_EGROUP);
    ck_assert_errors(errors, "-5*");
    runner_error_group_unref(errors);
    errors = NULL;
    ck_assert_code(runner_with_group(return_number, value_of(3), &errors), RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(errors), 1);
    ck_assert_code(error_at(errors, 0).code, RUNNER_EBADRESULT);
    runner_error_group_unref(errors);
    errors = NULL;
    ck_assert_code(runner_with_group(return_number, value_of(RUNNER_ECANCELED), &errors),
                   RUNNER_ECANCELED);
    ck_assert_ptr_null(errors);
    return 0;
}

START_TEST(R159_with_group_takes_what_the_body_returns_for_its_outcome)
{
    run(with_failing_bodies);
    log_expect("");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

static int with_group_in_callback(void *arg)
{
    ck_assert_code(runner_with_group(return_number, NULL, arg), RUNNER_ENOTASK);
    log_add("callback");
    return 0;
}

static int with_nothing(void *arg, void **result)
{
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_group(NULL, NULL, &errors), RUNNER_EINVAL);
    ck_assert_code(runner_call_soon(runner_current(), with_group_in_callback, &errors, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_ptr_null(errors);
    return 0;
}

START_TEST(R166_with_group_wants_a_body_and_a_task)
{
    runner_error_group_t *errors = NULL;
    ck_assert_code(runner_with_group(return_number, NULL, &errors), RUNNER_ENOTASK);
    ck_assert_ptr_null(errors);
    run(with_nothing);
    log_expect("callback");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_errors");
    TCase *tcase = test_case(suite, "a child fails");
    tcase_add_test(tcase, R158_a_failing_child_has_its_siblings_cancelled);
    tcase_add_test(tcase, R158_and_the_body_at_its_wait);
    tcase_add_test(tcase, R158_a_sibling_that_has_not_started_never_does);
    tcase_add_test(tcase, R158_a_body_that_awaits_the_failing_child_is_cancelled);
    tcase_add_test(tcase, R158_whoever_else_awaits_the_child_gets_its_code);
    tcase_add_test(tcase, R158_every_error_is_kept_in_the_order_of_the_failures);
    tcase_add_test(tcase, R158_errors_can_be_looked_at_while_the_group_ends);
    tcase_add_test(tcase, R026_R158_codes_are_handed_on_unchanged);
    tcase_add_test(tcase, R158_R189_a_child_may_fail_within_its_spawn);
    tcase = test_case(suite, "the body fails");
    tcase_add_test(tcase, R159_a_failing_body_has_the_children_cancelled);
    tcase_add_test(tcase, R159_children_that_have_not_started_never_do);
    tcase_add_test(tcase, R159_a_body_without_children_fails_without_a_wait);
    tcase_add_test(tcase, R158_R159_the_error_of_the_body_comes_last);
    tcase = test_case(suite, "looking at errors");
    tcase_add_test(tcase, R158_a_bad_look_at_errors_is_refused);
    tcase_add_test(tcase, R158_an_older_struct_gets_what_it_has_room_for);
    tcase_add_test(tcase, R158_errors_can_be_looked_at_in_any_order);
    tcase_add_test(tcase, R158_errors_may_outlive_group_and_runner);
    tcase = test_case(suite, "runner_with_group()");
    tcase_add_test(tcase, R156_with_group_opens_calls_and_closes);
    tcase_add_test(tcase, R158_with_group_hands_the_errors_out);
    tcase_add_test(tcase, R159_with_group_takes_what_the_body_returns_for_its_outcome);
    tcase_add_test(tcase, R166_with_group_wants_a_body_and_a_task);
    return test_main(suite);
}
