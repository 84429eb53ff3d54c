/*
 * Gather: one future for several. What it ends with when all is well, and in which turn. Errors are
 * in check_gather_errors.c, cancels in check_gather_cancel.c.
 */
#include "inputs.h"

/* --- values ------------------------------------------------------------------------------ */

static void resolve_out_of_order(int return_errors)
{
    runner_future_t *futures[3];
    new_futures(futures, 3);
    runner_future_t *gathered = gather(futures, 3, return_errors);
    on_done(gathered, "done");
    resolve(futures[1], 1);
    resolve(futures[0], 2);
    yield_times(3);
    ck_assert_code(runner_future_status(gathered), RUNNER_EPENDING);
    resolve(futures[2], 3);
    ck_assert_code(runner_future_status(gathered), RUNNER_EPENDING); /* a turn later */
    yield_times(3);
    check_values(gathered, 3, "[2 1 3]");
    unref_all(futures, 3);
    runner_future_unref(gathered);
}

static int resolve_both_ways(void *arg, void **result)
{
    (void)arg;
    (void)result;
    resolve_out_of_order(0);
    resolve_out_of_order(1);
    return 0;
}

START_TEST(values_come_in_the_order_of_the_arguments)
{
    run(resolve_both_ways);
    log_expect("done,done");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int gather_every_kind(void *arg, void **result)
{
    runner_t *runner = runner_current();
    runner_future_t *plain = future_of(runner);
    runner_future_t *job = NULL;
    runner_task_t *step = NULL;
    runner_task_t *coroutine = spawn(sleep_and_give, 20);
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_step(give_step, value_of(3), NULL, &step), 0);
    ck_assert_code(runner_run_in_executor(runner, give_now, value_of(4), NULL, &job), 0);
    runner_future_t *inputs[] = {runner_task_future(coroutine), plain, runner_task_future(step),
                                 job};
    waiter_t waiter = {"main", gather(inputs, 4, 0), 4};
    /* All of them are the gather's own business now. */
    runner_task_unref(coroutine);
    runner_task_unref(step);
    runner_future_unref(job);
    resolve(plain, 2);
    runner_future_unref(plain);
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    ck_assert_uint_eq(now_ms(runner), 20);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(coroutines_steps_futures_and_jobs_take_part_and_are_kept)
{
    run(gather_every_kind);
    log_expect("main [20 2 3 4]");
}
END_TEST

static int gather_duplicates(void *arg, void **result)
{
    runner_task_t *a = spawn(give_now, 1);
    runner_task_t *b = spawn(sleep_and_give, 2);
    runner_future_t *inputs[] = {runner_task_future(a), runner_task_future(a),
                                 runner_task_future(b), runner_task_future(a)};
    (void)arg;
    (void)result;
    runner_future_t *gathered = gather(inputs, 4, 0);
    waiter_t waiter = {"main", gathered, 4};
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 2); /* not done before the last one is */
    runner_task_unref(a);
    runner_task_unref(b);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(one_that_occurs_more_than_once_has_its_value_at_every_place)
{
    run(gather_duplicates);
    log_expect("main [1 1 2 1]");
}
END_TEST

static int gather_done_ones(void *arg, void **result)
{
    runner_future_t *futures[3];
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    for (int i = 0; i < 3; i++) {
        resolve(futures[i], i + 1);
    }
    runner_future_t *gathered = gather(futures, 3, 0);
    ck_assert_int_eq(runner_future_done(gathered), 1);
    unref_all(futures, 3);
    waiter_t waiter = {"main", gathered, 3};
    ticker_t ticker = {0, 1};
    start_ticker(&ticker);
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    yield_times(1);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(with_all_done_already_it_is_done_at_once)
{
    run(gather_done_ones);
    log_expect("main [1 2 3],1");
}
END_TEST

static int gather_some_done(void *arg, void **result)
{
    runner_future_t *futures[3];
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    resolve(futures[0], 1);
    resolve(futures[2], 3);
    runner_future_t *gathered = gather(futures, 3, 0);
    ck_assert_int_eq(runner_future_done(gathered), 0);
    resolve(futures[1], 2);
    yield_times(1);
    check_values(gathered, 3, "[1 2 3]");
    unref_all(futures, 3);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(what_is_done_already_is_not_waited_for)
{
    run(gather_some_done);
}
END_TEST

static int gather_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int return_errors = 0; return_errors < 2; return_errors++) {
        runner_future_t *gathered = gather(NULL, 0, return_errors);
        ck_assert_code(runner_future_status(gathered), 0);
        on_done(gathered, "done");
        ck_assert_code(runner_future_await(gathered, NULL), 0);
        ck_assert_code(runner_future_cancel(gathered), RUNNER_EDONE);
        runner_future_unref(gathered); /* the callback keeps it */
    }
    return runner_sleep(1);
}

START_TEST(without_futures_it_is_done_at_once)
{
    run(gather_nothing);
    log_expect("done,done");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int take_twice(void *arg, void **result)
{
    runner_task_t *tasks[2] = {spawn(give_now, 1), spawn(give_now, 2)};
    runner_future_t *inputs[2] = {runner_task_future(tasks[0]), runner_task_future(tasks[1])};
    void *first = NULL;
    void *second = NULL;
    (void)arg;
    (void)result;
    runner_future_t *gathered = gather(inputs, 2, 0);
    inputs[0] = NULL; /* the list was only borrowed */
    ck_assert_code(runner_future_await(gathered, &first), 0);
    await_and_unref(tasks[0], 0);
    await_and_unref(tasks[1], 0);
    ck_assert_code(runner_future_result(gathered, &second), 0);
    ck_assert_ptr_eq(first, second);
    ck_assert_str_eq(values_text(second, 2), "[1 2]");
    runner_future_unref(gathered);
    return 0;
}

START_TEST(the_array_lives_as_long_as_the_gather)
{
    run(take_twice);
}
END_TEST

enum { MANY = 300 };

static int gather_many(void *arg, void **result)
{
    runner_future_t *inputs[MANY];
    runner_task_t *tasks[MANY];
    void *value = NULL;
    (void)arg;
    (void)result;
    for (int i = 0; i < MANY; i++) { /* the last one ends first */
        tasks[i] = spawn(sleep_and_give, MANY - i);
        inputs[i] = runner_task_future(tasks[i]);
    }
    runner_future_t *gathered = gather(inputs, MANY, 0);
    for (int i = 0; i < MANY; i++) {
        runner_task_unref(tasks[i]);
    }
    ck_assert_code(runner_future_await(gathered, &value), 0);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(number_of(((void **)value)[i]), MANY - i);
    }
    ck_assert_uint_eq(now_ms(runner_current()), MANY);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(many_come_in_order_too)
{
    run(gather_many);
}
END_TEST

static int take_results(void *arg, void **result)
{
    runner_task_t *task = spawn_with_result_drop(give_now, 1);
    runner_future_t *input = runner_task_future(task);
    waiter_t waiter = {"main", gather(&input, 1, 0), 1};
    (void)arg;
    (void)result;
    runner_task_unref(task);
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    runner_future_unref(waiter.future);
    return runner_sleep(1);
}

START_TEST(a_result_that_the_gather_handed_on_is_not_dropped)
{
    run(take_results);
    log_expect("main [1]");
    ck_assert_int_eq(result_drops(), 0);
}
END_TEST

static int lose_results(void *arg, void **result)
{
    runner_task_t *good = spawn_with_result_drop(give_now, 1);
    runner_task_t *bad = spawn(fail_with, -5);
    runner_future_t *inputs[2] = {runner_task_future(good), runner_task_future(bad)};
    runner_future_t *gathered = gather(inputs, 2, 0);
    (void)arg;
    (void)result;
    ck_assert_code(runner_future_await(gathered, NULL), -5);
    runner_task_unref(good);
    runner_task_unref(bad);
    runner_future_unref(gathered);
    return runner_sleep(1);
}

START_TEST(a_result_that_a_failed_gather_did_not_hand_on_is_dropped)
{
    run(lose_results);
    ck_assert_int_eq(result_drops(), 1);
}
END_TEST

/* The array has no value where a shield was cancelled: the task behind it keeps its own. */
static int cancel_shield_in_gather(void *arg, void **result)
{
    runner_task_t *task = spawn_with_result_drop(give_now, 1);
    runner_future_t *shield = NULL;
    void *values = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_shield(runner_task_future(task), &shield), 0);
    runner_future_t *gathered = gather(&shield, 1, 1);
    ck_assert_code(runner_future_cancel(shield), 0);
    ck_assert_code(runner_future_await(gathered, &values), 0);
    ck_assert_ptr_null(((void **)values)[0]);
    runner_future_unref(gathered);
    runner_future_unref(shield);
    ck_assert_code(runner_sleep(1), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R182_R184_a_result_that_was_never_in_the_array_is_dropped)
{
    run(cancel_shield_in_gather);
    ck_assert_int_eq(result_drops(), 1);
}
END_TEST

START_TEST(it_can_be_made_and_settled_between_runs)
{
    runner_t *runner = test_runner();
    runner_future_t *futures[2] = {future_of(runner), future_of(runner)};
    waiter_t waiter = {"main", gather(futures, 2, 0), 2};
    resolve(futures[0], 1);
    resolve(futures[1], 2);
    ck_assert_int_eq(runner_future_done(waiter.future), 0); /* no turn has passed */
    ck_assert_code(runner_run(runner, wait_and_log, &waiter, NULL, NULL), 0);
    log_expect("main [1 2]");
    unref_all(futures, 2);
    runner_future_unref(waiter.future);
    runner_free(runner);
}
END_TEST

/* --- turns ------------------------------------------------------------------------------- */

static int count_turns(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 5};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    waiter_t waiter = {"w", gather(futures, 2, 0), 2};
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    resolve(futures[1], 1);
    resolve(futures[0], 2);
    on_done(waiter.future, "done");
    yield_times(6);
    await_and_unref(task, 0);
    unref_all(futures, 2);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(a_waiter_runs_two_turns_after_the_last_input)
{
    run(count_turns);
    log_expect("1,2,w [2 1],done,3,4,5");
}
END_TEST

static int log_and_give(void *arg, void **result)
{
    ck_assert_code(runner_yield(), 0);
    log_add("child");
    *result = arg;
    return 0;
}

static int count_turns_of_a_task(void *arg, void **result)
{
    ticker_t ticker = {0, 7};
    runner_task_t *child = spawn(log_and_give, 1);
    runner_future_t *input = runner_task_future(child);
    waiter_t waiter = {"w", gather(&input, 1, 0), 1};
    runner_task_t *task = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(wait_and_log, &waiter, NULL, &task), 0);
    start_ticker(&ticker);
    yield_times(8);
    await_and_unref(task, 0);
    runner_task_unref(child);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(a_child_that_ends_goes_through_a_turn_of_its_own)
{
    run(count_turns_of_a_task);
    log_expect("1,child,2,3,w [1],4,5,6,7");
}
END_TEST

static int count_turns_of_a_nested_one(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 6};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *inner = gather(&futures[0], 1, 0);
    runner_future_t *inputs[2] = {inner, futures[1]};
    runner_future_t *outer = gather(inputs, 2, 0);
    on_done(outer, "done");
    ck_assert_code(runner_yield(), 0);
    start_ticker(&ticker);
    resolve(futures[1], 2);
    resolve(futures[0], 1);
    yield_times(7);
    runner_future_unref(inner); /* its array is part of the value of the outer one */
    unref_all(futures, 2);
    void *value = NULL;
    ck_assert_code(runner_future_result(outer, &value), 0);
    ck_assert_str_eq(values_text(((void **)value)[0], 1), "[1]");
    ck_assert_int_eq(number_of(((void **)value)[1]), 2);
    runner_future_unref(outer);
    return 0;
}

START_TEST(a_gather_of_a_gather_takes_a_turn_for_each)
{
    run(count_turns_of_a_nested_one);
    log_expect("1,2,3,done,4,5,6");
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

START_TEST(bad_input_is_refused)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_future_t *a = future_of(runner);
    runner_future_t *b = future_of(other);
    runner_future_t *out = b;
    runner_future_t *with_null[3] = {a, NULL, a};
    runner_future_t *of_two_loops[2] = {a, b};
    ck_assert_code(runner_gather(&a, 1, 0, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_gather(with_null, 3, 0, &out), RUNNER_EINVAL);
    ck_assert_code(runner_gather(NULL, 1, 0, &out), RUNNER_EINVAL);
    ck_assert_code(runner_gather(of_two_loops, 2, 1, &out), RUNNER_EFOREIGN);
    ck_assert_code(runner_gather(NULL, 0, 0, &out), RUNNER_ENOLOOP);
    ck_assert_code(runner_gather(&a, 0, 0, &out), RUNNER_ENOLOOP);
    ck_assert_ptr_eq(out, b);
    /* Nothing listens to them: what happens to them is nobody else's business. */
    reject(a, -5);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_future_unref(a);
    log_expect("main,eh");
    runner_future_unref(b);
    runner_free(runner);
    runner_free(other);
}
END_TEST

static int await_foreign(void *arg, void **result)
{
    void *value = value_of(-1);
    (void)result;
    ck_assert_code(runner_future_await(arg, &value), RUNNER_EFOREIGN);
    ck_assert_int_eq(number_of(value), -1);
    return 0;
}

START_TEST(R041_the_gather_of_another_loop_cannot_be_awaited)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_future_t *input = future_of(other);
    runner_future_t *gathered = gather(&input, 1, 0);
    ck_assert_code(runner_run(runner, await_foreign, gathered, NULL, NULL), 0);
    runner_future_unref(input);
    runner_future_unref(gathered);
    runner_free(runner);
    runner_free(other);
}
END_TEST

/* --- introspection ----------------------------------------------------------------------- */

static int show_wait(void *arg, void **result)
{
    runner_future_t *future = new_future();
    waiter_t waiter = {"w", gather(&future, 1, 0), 1};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    check_waits("gather");
    resolve(future, 1);
    await_and_unref(task, 0);
    runner_future_unref(future);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R202_a_task_is_shown_to_wait_for_a_gather)
{
    run(show_wait);
    log_expect("w [1]");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("gather");
    TCase *tcase = test_case(suite, "values");
    tcase_add_test(tcase, values_come_in_the_order_of_the_arguments);
    tcase_add_test(tcase, coroutines_steps_futures_and_jobs_take_part_and_are_kept);
    tcase_add_test(tcase, one_that_occurs_more_than_once_has_its_value_at_every_place);
    tcase_add_test(tcase, with_all_done_already_it_is_done_at_once);
    tcase_add_test(tcase, what_is_done_already_is_not_waited_for);
    tcase_add_test(tcase, without_futures_it_is_done_at_once);
    tcase_add_test(tcase, the_array_lives_as_long_as_the_gather);
    tcase_add_test(tcase, many_come_in_order_too);
    tcase_add_test(tcase, a_result_that_the_gather_handed_on_is_not_dropped);
    tcase_add_test(tcase, a_result_that_a_failed_gather_did_not_hand_on_is_dropped);
    tcase_add_test(tcase, R182_R184_a_result_that_was_never_in_the_array_is_dropped);
    tcase_add_test(tcase, it_can_be_made_and_settled_between_runs);
    tcase = test_case(suite, "turns");
    tcase_add_test(tcase, a_waiter_runs_two_turns_after_the_last_input);
    tcase_add_test(tcase, a_child_that_ends_goes_through_a_turn_of_its_own);
    tcase_add_test(tcase, a_gather_of_a_gather_takes_a_turn_for_each);
    tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, R041_the_gather_of_another_loop_cannot_be_awaited);
    tcase = test_case(suite, "introspection");
    tcase_add_test(tcase, R202_a_task_is_shown_to_wait_for_a_gather);
    return test_main(suite);
}
