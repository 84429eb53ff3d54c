/*
 * Shield: a future that ends as another one does, and whose cancel does not reach it. Shields and
 * gathers of each other, and errors that come after the cancel, are in check_shield_errors.c.
 */
#include "inputs.h"

/* --- bodies ------------------------------------------------------------------------------ */

/* Ends with its number as value after ten milliseconds, and says so. */
static int finish(void *arg, void **result)
{
    int code = runner_sleep(10);
    log_add("inner %s", code_name(code));
    *result = arg;
    return code;
}

/* --- the outer one is cancelled ---------------------------------------------------------- */

static int cancel_waiter(void *arg, void **result)
{
    runner_task_t *inner = spawn(finish, 7);
    waiter_t waiter = {"w", shield(runner_task_future(inner)), 0};
    ticker_t ticker = {0, 3};
    void *value = NULL;
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED); /* at once */
    ck_assert_int_eq(runner_task_cancelling(inner), 0);
    yield_times(4);
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 0); /* nobody has waited for the inner one */
    ck_assert_code(runner_await(inner, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    runner_task_unref(inner);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R182_the_inner_task_goes_on_when_who_awaits_it_is_cancelled)
{
    run(cancel_waiter);
    log_expect("1,w RUNNER_ECANCELED,2,3,inner 0");
}
END_TEST

static int cancel_outer(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    runner_future_t *outer = shield(inner);
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    cancel(outer);
    ck_assert_code(runner_future_status(outer), RUNNER_ECANCELED);
    ck_assert_code(runner_future_cancel(outer), RUNNER_EDONE);
    ck_assert_code(runner_future_status(inner), RUNNER_EPENDING);
    yield_times(2);
    resolve(inner, 1);
    yield_times(2);
    ck_assert_code(runner_future_status(outer), RUNNER_ECANCELED); /* it was settled once */
    runner_future_unref(inner);
    runner_future_unref(outer);
    return 0;
}

START_TEST(R182_the_shield_itself_can_be_cancelled)
{
    run(cancel_outer);
}
END_TEST

typedef struct stepper {
    runner_future_t *future;
    int called;
    void *value;
} stepper_t;

static int step_and_log(void *arg, int status, void **result)
{
    stepper_t *stepper = arg;
    (void)result;
    if (stepper->called++ == 0) {
        return runner_future_await(stepper->future, &stepper->value);
    }
    log_add("step %s %d", code_name(status), (int)number_of(stepper->value));
    return status;
}

static int await_in_steps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int canceled = 0; canceled < 2; canceled++) {
        runner_task_t *inner = NULL;
        runner_task_t *task = NULL;
        runner_future_t *gate = new_future();
        stepper_t gated = {gate, 0, NULL};
        ck_assert_code(runner_spawn_step(step_and_log, &gated, NULL, &inner), 0);
        stepper_t stepper = {shield(runner_task_future(inner)), 0, value_of(-1)};
        ck_assert_code(runner_spawn_step(step_and_log, &stepper, NULL, &task), 0);
        ck_assert_code(runner_yield(), 0);
        if (canceled) {
            ck_assert_code(runner_task_cancel(task), 0);
            ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
            ck_assert_int_eq(runner_task_cancelling(inner), 0);
        }
        resolve(gate, 3);
        await_and_unref(inner, 0);
        await_and_unref(task, canceled ? RUNNER_ECANCELED : 0);
        runner_future_unref(stepper.future);
        runner_future_unref(gate);
    }
    return 0;
}

START_TEST(R182_stackless_tasks_do_the_same)
{
    run(await_in_steps);
    log_expect("step 0 3,step 0 0,step RUNNER_ECANCELED -1,step 0 3");
}
END_TEST

static int cancel_one_of_two(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    waiter_t a = {"a", shield(inner), 0};
    waiter_t b = {"b", shield(inner), 0};
    (void)arg;
    (void)result;
    runner_task_t *first = spawn_parked(wait_and_log, &a);
    runner_task_t *second = spawn_parked(wait_and_log, &b);
    ck_assert_code(runner_task_cancel(first), 0);
    await_and_unref(first, RUNNER_ECANCELED);
    resolve(inner, 5);
    await_and_unref(second, 0);
    runner_future_unref(inner);
    runner_future_unref(a.future);
    runner_future_unref(b.future);
    return 0;
}

START_TEST(R182_another_shield_of_the_same_one_is_not_concerned)
{
    run(cancel_one_of_two);
    log_expect("a RUNNER_ECANCELED,b 5");
}
END_TEST

/* --- the inner one ends ------------------------------------------------------------------ */

static int resolve_inner(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    waiter_t waiter = {"w", shield(inner), 0};
    ticker_t ticker = {0, 4};
    (void)arg;
    (void)result;
    ck_assert_ptr_ne(waiter.future, inner);
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    resolve(inner, 42);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_EPENDING); /* a turn later */
    yield_times(5);
    await_and_unref(task, 0);
    runner_future_unref(inner);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R183_the_value_comes_through_a_turn_later)
{
    run(resolve_inner);
    log_expect("1,2,w 42,3,4");
}
END_TEST

static int reject_inner(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    runner_future_t *outer = shield(inner);
    void *value = value_of(-1);
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    reject(inner, -5);
    ck_assert_code(runner_future_await(outer, &value), -5);
    ck_assert_int_eq(number_of(value), -1);
    runner_future_unref(inner); /* its error was taken with that of the outer one */
    runner_future_unref(outer);
    return 0;
}

START_TEST(R183_the_error_comes_through)
{
    run(reject_inner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int leave_a_failed_one(void *arg, void **result)
{
    runner_task_t *inner = spawn(fail_with, -5);
    runner_future_t *outer = shield(runner_task_future(inner));
    (void)arg;
    (void)result;
    runner_task_unref(inner);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_code(runner_future_status(outer), -5); /* only a look */
    ck_assert_int_eq(exceptions(), 0);
    runner_future_unref(outer);
    return 0;
}

START_TEST(R183_an_error_that_nobody_took_from_the_shield_is_reported_once)
{
    run(leave_a_failed_one);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "");
}
END_TEST

static int cancel_inner(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    waiter_t waiter = {"w", shield(inner), 0};
    ticker_t ticker = {0, 3};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    cancel(inner);
    yield_times(4);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    await_and_unref(task, RUNNER_ECANCELED);
    runner_future_unref(inner);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R183_a_cancel_of_the_inner_one_cancels_the_outer_one)
{
    run(cancel_inner);
    log_expect("1,2,w RUNNER_ECANCELED,3");
}
END_TEST

static int shield_done_ones(void *arg, void **result)
{
    runner_future_t *futures[3];
    void *value = NULL;
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    resolve(futures[0], 42);
    reject(futures[1], -5);
    cancel(futures[2]);
    for (int i = 0; i < 3; i++) {
        runner_future_t *outer = shield(futures[i]);
        ck_assert_ptr_eq(outer, futures[i]);
        runner_future_unref(futures[i]); /* the shield is a handle of its own */
        ck_assert_code(runner_future_await(outer, &value), i == 0   ? 0
                                                           : i == 1 ? -5
                                                                    : RUNNER_ECANCELED);
        runner_future_unref(outer);
    }
    ck_assert_int_eq(number_of(value), 42);
    return 0;
}

START_TEST(R183_what_is_done_is_its_own_shield)
{
    run(shield_done_ones);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int settle_together(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    waiter_t waiter = {"w", shield(inner), 0};
    void *value = NULL;
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    resolve(inner, 4);
    ck_assert_code(runner_task_cancel(task), 0); /* the shield has not been told */
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED);
    ck_assert_code(runner_future_result(inner, &value), 0);
    ck_assert_int_eq(number_of(value), 4);
    runner_future_unref(inner);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R182_a_cancel_in_the_turn_in_which_the_inner_one_ends_wins)
{
    run(settle_together);
    log_expect("w RUNNER_ECANCELED");
}
END_TEST

static int drop_results(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    for (int taken = 0; taken < 2; taken++) {
        runner_task_t *inner = spawn_with_result_drop(give_now, 7);
        runner_future_t *outer = shield(runner_task_future(inner));
        runner_task_unref(inner);
        ck_assert_code(runner_sleep(1), 0);
        if (taken) {
            ck_assert_code(runner_future_result(outer, &value), 0);
            ck_assert_int_eq(number_of(value), 7);
        }
        ck_assert_int_eq(result_drops(), taken); /* of the round before */
        runner_future_unref(outer);
        ck_assert_int_eq(result_drops(), 1);
    }
    return 0;
}

START_TEST(a_result_is_dropped_unless_it_was_taken_from_the_shield)
{
    run(drop_results);
    ck_assert_int_eq(result_drops(), 1);
}
END_TEST

static int shield_a_group(void *arg, void **result)
{
    runner_task_t *inner = spawn(fail_as_a_group, -7);
    runner_future_t *outer = shield(runner_task_future(inner));
    (void)arg;
    (void)result;
    runner_task_unref(inner);
    ck_assert_code(runner_future_await(outer, NULL), RUNNER_EGROUP);
    check_errors(outer, -7);
    runner_future_unref(outer);
    return 0;
}

START_TEST(R162_the_errors_of_a_group_are_handed_on)
{
    run(shield_a_group);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- refusals and introspection ---------------------------------------------------------- */

START_TEST(bad_input_is_refused)
{
    runner_t *runner = test_runner();
    runner_future_t *inner = future_of(runner);
    runner_future_t *out = inner;
    ck_assert_code(runner_shield(NULL, &out), RUNNER_EINVAL);
    ck_assert_code(runner_shield(inner, NULL), RUNNER_EINVAL);
    ck_assert_ptr_eq(out, inner);
    runner_future_unref(inner);
    runner_free(runner);
}
END_TEST

START_TEST(it_can_be_made_and_settled_between_runs)
{
    runner_t *runner = test_runner();
    runner_future_t *inner = future_of(runner);
    waiter_t waiter = {"main", shield(inner), 0};
    resolve(inner, 6);
    ck_assert_int_eq(runner_future_done(waiter.future), 0); /* no turn has passed */
    ck_assert_code(runner_run(runner, wait_and_log, &waiter, NULL, NULL), 0);
    log_expect("main 6");
    runner_future_unref(inner);
    runner_future_unref(waiter.future);
    runner_free(runner);
}
END_TEST

static int show_wait(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    waiter_t waiter = {"w", shield(inner), 0};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    check_waits("shield");
    resolve(inner, 1);
    await_and_unref(task, 0);
    runner_future_unref(inner);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R202_a_task_is_shown_to_wait_for_a_shield)
{
    run(show_wait);
    log_expect("w 1");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("shield");
    TCase *tcase = test_case(suite, "the outer one is cancelled");
    tcase_add_test(tcase, R182_the_inner_task_goes_on_when_who_awaits_it_is_cancelled);
    tcase_add_test(tcase, R182_the_shield_itself_can_be_cancelled);
    tcase_add_test(tcase, R182_stackless_tasks_do_the_same);
    tcase_add_test(tcase, R182_another_shield_of_the_same_one_is_not_concerned);
    tcase = test_case(suite, "the inner one ends");
    tcase_add_test(tcase, R183_the_value_comes_through_a_turn_later);
    tcase_add_test(tcase, R183_the_error_comes_through);
    tcase_add_test(tcase, R183_an_error_that_nobody_took_from_the_shield_is_reported_once);
    tcase_add_test(tcase, R183_a_cancel_of_the_inner_one_cancels_the_outer_one);
    tcase_add_test(tcase, R183_what_is_done_is_its_own_shield);
    tcase_add_test(tcase, R182_a_cancel_in_the_turn_in_which_the_inner_one_ends_wins);
    tcase_add_test(tcase, a_result_is_dropped_unless_it_was_taken_from_the_shield);
    tcase_add_test(tcase, R162_the_errors_of_a_group_are_handed_on);
    tcase = test_case(suite, "refusals and introspection");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, it_can_be_made_and_settled_between_runs);
    tcase_add_test(tcase, R202_a_task_is_shown_to_wait_for_a_shield);
    return test_main(suite);
}
