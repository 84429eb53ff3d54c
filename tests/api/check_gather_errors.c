/*
 * Gather: what fails, whose error is reported, and gathers that go before they are done.
 */
#include "inputs.h"

/* --- errors ------------------------------------------------------------------------------ */

static int fail_one(void *arg, void **result)
{
    runner_future_t *futures[5];
    (void)arg;
    (void)result;
    new_futures(futures, 5);
    waiter_t waiter = {"w", gather(futures, 5, 0), 5};
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    resolve(futures[0], 1);
    reject(futures[1], -5);
    await_and_unref(task, 0);
    ck_assert_code(runner_future_status(waiter.future), -5);
    for (int i = 2; i < 5; i++) { /* they go on */
        ck_assert_int_eq(runner_future_done(futures[i]), 0);
    }
    resolve(futures[2], 3);
    cancel(futures[3]);
    reject(futures[4], -6);
    yield_times(2);
    ck_assert_code(runner_future_status(waiter.future), -5);
    unref_all(futures, 5);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(the_first_error_is_the_outcome_and_later_ones_are_taken_too)
{
    run(fail_one);
    log_expect("w -5");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_two_at_once(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *gathered = gather(futures, 2, 0);
    reject(futures[1], -6);
    reject(futures[0], -5);
    ck_assert_code(runner_future_await(gathered, NULL), -6);
    unref_all(futures, 2);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(the_first_error_is_the_first_in_time)
{
    run(fail_two_at_once);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int gather_failed_ones(void *arg, void **result)
{
    runner_future_t *futures[3];
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    reject(futures[2], -6);
    reject(futures[1], -5);
    runner_future_t *gathered = gather(futures, 3, 0);
    ck_assert_code(runner_future_status(gathered), -5); /* of those, in the order of arguments */
    ck_assert_code(runner_future_status(futures[0]), RUNNER_EPENDING);
    ck_assert_code(runner_future_result(gathered, NULL), -5);
    unref_all(futures, 3);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(what_failed_already_fails_the_gather_at_once)
{
    run(gather_failed_ones);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_late(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *gathered = gather(futures, 2, 0);
    reject(futures[0], -5);
    ck_assert_code(runner_future_await(gathered, NULL), -5);
    runner_future_unref(gathered);
    reject(futures[1], -6);
    yield_times(2);
    ck_assert_int_eq(exceptions(), 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(R093_an_error_that_comes_when_nobody_has_the_gather_any_more_is_taken_by_it)
{
    run(fail_late);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int leave_a_failed_one(void *arg, void **result)
{
    runner_task_t *tasks[2] = {spawn(fail_with, -5), spawn(fail_with, -6)};
    runner_future_t *inputs[2] = {runner_task_future(tasks[0]), runner_task_future(tasks[1])};
    (void)arg;
    (void)result;
    runner_future_t *gathered = gather(inputs, 2, 0);
    runner_task_unref(tasks[0]);
    runner_task_unref(tasks[1]);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_code(runner_future_status(gathered), -5); /* only a look */
    ck_assert_int_eq(exceptions(), 0);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(R093_the_error_of_a_gather_that_nobody_took_is_reported_once)
{
    run(leave_a_failed_one);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "");
    ck_assert_int_eq(exception_at(0)->has_future, 1);
}
END_TEST

static int return_errors(void *arg, void **result)
{
    runner_future_t *futures[4];
    (void)arg;
    (void)result;
    new_futures(futures, 4);
    waiter_t waiter = {"w", gather(futures, 4, 1), 4};
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    resolve(futures[1], 1);
    reject(futures[2], -5);
    resolve(futures[0], 3);
    yield_times(3);
    ck_assert_int_eq(runner_future_done(waiter.future), 0);
    reject(futures[3], -6);
    await_and_unref(task, 0);
    ck_assert_code(runner_future_status(futures[2]), -5);
    ck_assert_code(runner_future_status(futures[3]), -6);
    unref_all(futures, 4);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(an_error_may_be_an_outcome_like_another)
{
    run(return_errors);
    log_expect("w [3 1 - -]");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int return_cancels(void *arg, void **result)
{
    runner_future_t *futures[4];
    (void)arg;
    (void)result;
    new_futures(futures, 4);
    reject(futures[0], -5); /* before it is gathered */
    waiter_t waiter = {"main", gather(futures, 4, 1), 4};
    cancel(futures[1]);
    resolve(futures[2], 3);
    yield_times(3);
    ck_assert_int_eq(runner_future_done(waiter.future), 0);
    cancel(futures[3]);
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    ck_assert_code(runner_future_status(futures[1]), RUNNER_ECANCELED);
    unref_all(futures, 4);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(an_input_that_was_cancelled_may_be_an_outcome_like_another)
{
    run(return_cancels);
    log_expect("main [- - 3 -]");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_with_a_result(void *arg, void **result)
{
    *result = value_of(9);
    return (int)number_of(arg);
}

static int return_an_error_with_a_result(void *arg, void **result)
{
    runner_task_t *bad = spawn(fail_with_a_result, -5);
    runner_task_t *canceled = spawn(fail_with_a_result, RUNNER_ECANCELED);
    runner_future_t *inputs[2] = {runner_task_future(bad), runner_task_future(canceled)};
    waiter_t waiter = {"main", gather(inputs, 2, 1), 2};
    (void)arg;
    (void)result;
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    runner_task_unref(bad);
    runner_task_unref(canceled);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(a_task_that_failed_has_no_value)
{
    run(return_an_error_with_a_result);
    log_expect("main [- -]");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int gather_a_group(void *arg, void **result)
{
    runner_task_t *child = spawn(fail_as_a_group, -7);
    runner_future_t *input = runner_task_future(child);
    runner_future_t *inner = gather(&input, 1, 0);
    runner_future_t *outer = gather(&inner, 1, 0);
    runner_task_t *task = NULL;
    (void)arg;
    (void)result;
    ck_assert_ptr_null(runner_future_errors(inner));
    ck_assert_code(runner_spawn(await_future, outer, NULL, &task), 0);
    ck_assert_code(runner_await(task, NULL), RUNNER_EGROUP);
    runner_task_unref(child);
    check_errors(inner, -7);
    check_errors(outer, -7);
    check_errors(runner_task_future(task), -7); /* who awaited it has them as well */
    runner_task_unref(task);
    runner_future_unref(inner);
    runner_future_unref(outer);
    return 0;
}

START_TEST(R162_the_errors_of_a_group_are_handed_on)
{
    run(gather_a_group);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int return_a_group(void *arg, void **result)
{
    runner_task_t *child = spawn(fail_as_a_group, -7);
    runner_future_t *input = runner_task_future(child);
    waiter_t waiter = {"main", gather(&input, 1, 1), 1};
    (void)arg;
    (void)result;
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    ck_assert_ptr_null(runner_future_errors(waiter.future));
    check_errors(input, -7); /* of the input alone */
    runner_task_unref(child);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R162_errors_that_are_returned_stay_with_their_task)
{
    run(return_a_group);
    log_expect("main [-]");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- life -------------------------------------------------------------------------------- */

static int let_go_early(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_task_t *task = spawn(sleep_and_give, 5);
    runner_future_t *inputs[3] = {futures[0], runner_task_future(task), futures[1]};
    runner_future_unref(gather(inputs, 3, 0));
    resolve(futures[0], 1);
    reject(futures[1], -5);
    ck_assert_int_eq(exceptions(), 0);
    await_and_unref(task, 0); /* nobody has cancelled it */
    yield_times(1);
    ck_assert_exception(0, -5, ""); /* of the gather, which nobody has looked at */
    unref_all(futures, 2);
    return 0;
}

START_TEST(R093_without_a_handle_a_gather_goes_once_its_inputs_have_ended)
{
    run(let_go_early);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "");
}
END_TEST

static int let_go_between(void *arg, void **result)
{
    runner_future_t *futures[4];
    (void)arg;
    (void)result;
    new_futures(futures, 4);
    runner_future_t *gathered = gather(futures, 4, 0);
    resolve(futures[0], 1);
    reject(futures[1], -5);
    cancel(futures[2]);
    /* Three of them are done, and the gather has not been told. */
    runner_future_unref(gathered);
    yield_times(2);
    unref_all(futures, 4);
    return 0;
}

START_TEST(R093_it_may_go_between_the_end_of_an_input_and_the_turn_after)
{
    run(let_go_between);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "");
}
END_TEST

static int unref_in_callback(runner_future_t *future, void *arg)
{
    runner_future_t **box = arg;
    (void)future;
    log_add("unref");
    runner_future_unref(*box);
    return 0;
}

static int let_go_in_callback(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int after = 0; after < 2; after++) {
        /* The callback is told before the gather, or after it. */
        runner_future_t *input = new_future();
        runner_future_t *box = after ? gather(&input, 1, 0) : NULL;
        ck_assert_code(runner_future_on_done(input, unref_in_callback, &box, drop_count), 0);
        if (!after) {
            box = gather(&input, 1, 0);
        }
        resolve(input, 1);
        yield_times(3);
        runner_future_unref(input);
    }
    return 0;
}

START_TEST(it_may_go_in_a_callback_of_an_input)
{
    run(let_go_in_callback);
    log_expect("unref,unref");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int keep_by_waiting(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    waiter_t waiter = {"w", gather(futures, 2, 0), 2};
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    on_done(waiter.future, "done");
    runner_future_unref(waiter.future);
    resolve(futures[0], 1);
    resolve(futures[1], 2);
    unref_all(futures, 2);
    /* The callback, which comes after the task, keeps the array for it. */
    await_and_unref(task, 0);
    return runner_sleep(1);
}

START_TEST(callbacks_and_waiters_keep_it)
{
    run(keep_by_waiting);
    log_expect("w [1 2],done");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int leave_tasks(void *arg, void **result)
{
    runner_future_t **kept = arg;
    runner_task_t *a = spawn(wait_for_ever, 0);
    runner_task_t *b = spawn(give_now, 2);
    runner_future_t *inputs[2] = {runner_task_future(a), runner_task_future(b)};
    (void)result;
    kept[0] = gather(inputs, 2, 0);
    kept[1] = gather(&inputs[1], 1, 0);
    runner_task_unref(a);
    runner_task_unref(b);
    return runner_sleep(1);
}

START_TEST(a_gather_that_is_held_outlives_its_runner)
{
    runner_t *runner = test_runner();
    runner_future_t *kept[3] = {NULL, NULL, NULL};
    runner_future_t *future = future_of(runner);
    kept[2] = gather(&future, 1, 0);
    ck_assert_code(runner_run(runner, leave_tasks, kept, NULL, NULL), 0);
    check_values(kept[1], 1, "[2]");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_future_status(kept[0]), RUNNER_ECANCELED); /* as its task at close */
    ck_assert_code(runner_future_status(kept[2]), RUNNER_EPENDING);
    runner_free(runner);
    check_values(kept[1], 1, "[2]");
    ck_assert_code(runner_future_status(kept[2]), RUNNER_EPENDING);
    unref_all(kept, 3);
    runner_future_unref(future);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

START_TEST(R093_a_failed_gather_is_reported_at_close)
{
    runner_t *runner = test_runner();
    runner_future_t *future = future_of(runner);
    runner_future_t *gathered = gather(&future, 1, 0);
    reject(future, -5);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main,eh"); /* for the gather, which took it from the future */
    ck_assert_exception(0, -5, "");
    runner_free(runner);
    runner_future_unref(future);
    runner_future_unref(gathered);
    ck_assert_int_eq(exceptions(), 1);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("gather errors");
    TCase *tcase = test_case(suite, "errors");
    tcase_add_test(tcase, the_first_error_is_the_outcome_and_later_ones_are_taken_too);
    tcase_add_test(tcase, the_first_error_is_the_first_in_time);
    tcase_add_test(tcase, what_failed_already_fails_the_gather_at_once);
    tcase_add_test(tcase,
                   R093_an_error_that_comes_when_nobody_has_the_gather_any_more_is_taken_by_it);
    tcase_add_test(tcase, R093_the_error_of_a_gather_that_nobody_took_is_reported_once);
    tcase_add_test(tcase, an_error_may_be_an_outcome_like_another);
    tcase_add_test(tcase, an_input_that_was_cancelled_may_be_an_outcome_like_another);
    tcase_add_test(tcase, a_task_that_failed_has_no_value);
    tcase_add_test(tcase, R162_the_errors_of_a_group_are_handed_on);
    tcase_add_test(tcase, R162_errors_that_are_returned_stay_with_their_task);
    tcase = test_case(suite, "life");
    tcase_add_test(tcase, R093_without_a_handle_a_gather_goes_once_its_inputs_have_ended);
    tcase_add_test(tcase, R093_it_may_go_between_the_end_of_an_input_and_the_turn_after);
    tcase_add_test(tcase, it_may_go_in_a_callback_of_an_input);
    tcase_add_test(tcase, callbacks_and_waiters_keep_it);
    tcase_add_test(tcase, a_gather_that_is_held_outlives_its_runner);
    tcase_add_test(tcase, R093_a_failed_gather_is_reported_at_close);
    return test_main(suite);
}
