/*
 * As completed: futures one after the other, in the order in which they end. What happens when the
 * time is over or a task is cancelled is in check_as_completed_end.c.
 */
#include "inputs.h"

/* --- order ------------------------------------------------------------------------------- */

static int go_through_tasks(void *arg, void **result)
{
    runner_task_t *tasks[3] = {spawn(sleep_and_give, 20), spawn(sleep_and_give, 10),
                               spawn(sleep_and_give, 30)};
    runner_future_t *inputs[3];
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        inputs[i] = runner_task_future(tasks[i]);
    }
    runner_as_completed_t *iteration = iterate(inputs, 3, RUNNER_FOREVER);
    for (unsigned i = 1; i <= 3; i++) {
        ask_now(iteration, inputs, 1);
        ck_assert_uint_eq(now_ms(runner_current()), 10u * i);
    }
    ask_now(iteration, inputs, 2); /* the end stays the end */
    runner_as_completed_unref(iteration);
    for (int i = 0; i < 3; i++) {
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(they_come_in_the_order_of_their_ends)
{
    run(go_through_tasks);
    log_expect("main 1,main 0,main 2,main RUNNER_EEND,main RUNNER_EEND");
}
END_TEST

static int go_through_outcomes(void *arg, void **result)
{
    runner_future_t *futures[4];
    (void)arg;
    (void)result;
    new_futures(futures, 4);
    runner_future_t *inputs[5] = {futures[0], futures[1], gather(&futures[2], 1, 0),
                                  shield(futures[2]), futures[3]};
    runner_as_completed_t *iteration = iterate(inputs, 5, RUNNER_FOREVER);
    cancel(futures[1]);
    resolve(futures[2], 1);
    reject(futures[0], -5);
    ask_now(iteration, inputs, 4); /* the combined ones are done a turn later */
    reject(futures[3], -6);
    ask_now(iteration, inputs, 2);
    ck_assert_code(runner_future_result(futures[0], NULL), -5);
    ck_assert_int_eq(exceptions(), 0);
    runner_as_completed_unref(iteration);
    unref_all(futures, 3);
    ck_assert_int_eq(exceptions(), 0);
    runner_future_unref(futures[3]); /* nobody has taken its error */
    runner_future_unref(inputs[2]);
    runner_future_unref(inputs[3]);
    return 0;
}

START_TEST(R093_every_end_is_an_end_and_no_outcome_is_taken)
{
    run(go_through_outcomes);
    log_expect("main 1,main 0,main 2,main 3,main 4,main RUNNER_EEND,eh");
    ck_assert_exception(0, -6, "");
}
END_TEST

static int go_through_duplicates(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *inputs[4] = {futures[0], futures[0], futures[1], futures[0]};
    runner_as_completed_t *iteration = iterate(inputs, 4, RUNNER_FOREVER);
    resolve(futures[1], 1);
    resolve(futures[0], 1);
    ask_now(iteration, futures, 3);
    runner_as_completed_unref(iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(one_that_occurs_more_than_once_comes_once)
{
    run(go_through_duplicates);
    log_expect("main 1,main 0,main RUNNER_EEND");
}
END_TEST

static int go_through_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_as_completed_t *iteration = iterate(NULL, 0, 10);
    ask_now(iteration, NULL, 2);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    runner_as_completed_unref(iteration);
    return 0;
}

START_TEST(without_futures_it_is_over_at_once)
{
    run(go_through_nothing);
    log_expect("main RUNNER_EEND,main RUNNER_EEND");
}
END_TEST

static int go_on_later(void *arg, void **result)
{
    runner_task_t *tasks[4];
    runner_future_t *inputs[4];
    (void)arg;
    (void)result;
    for (int i = 0; i < 4; i++) {
        tasks[i] = spawn(sleep_and_give, i + 1);
        inputs[i] = runner_task_future(tasks[i]);
    }
    runner_as_completed_t *iteration = iterate(inputs, 4, RUNNER_FOREVER);
    ask_now(iteration, inputs, 2);
    ck_assert_code(runner_sleep(10), 0);
    log_add("later");
    ask_now(iteration, inputs, 3);
    runner_as_completed_unref(iteration);
    for (int i = 0; i < 4; i++) {
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(it_can_be_gone_on_with_later)
{
    run(go_on_later);
    log_expect("main 0,main 1,later,main 2,main 3,main RUNNER_EEND");
}
END_TEST

/* --- turns ------------------------------------------------------------------------------- */

static int ask_for_done_ones(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int turns = 0; turns < 2; turns++) {
        runner_future_t *futures[2];
        ticker_t ticker = {0, 3};
        new_futures(futures, 2);
        resolve(futures[0], 1);
        resolve(futures[1], 1);
        runner_as_completed_t *iteration = iterate(futures, 2, RUNNER_FOREVER);
        yield_times(turns);
        start_ticker(&ticker);
        ask_now(iteration, futures, 2);
        yield_times(4);
        runner_as_completed_unref(iteration);
        unref_all(futures, 2);
    }
    return 0;
}

START_TEST(what_is_done_already_comes_after_a_turn_and_then_without_a_wait)
{
    run(ask_for_done_ones);
    log_expect("1,main 0,main 1,2,3,main 0,main 1,1,2,3");
}
END_TEST

static int count_turns(void *arg, void **result)
{
    runner_future_t *future = new_future();
    asker_t asker = {"w", iterate(&future, 1, RUNNER_FOREVER), &future};
    ticker_t ticker = {0, 4};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(ask, &asker);
    start_ticker(&ticker);
    resolve(future, 1);
    yield_times(5);
    await_and_unref(task, 0);
    runner_as_completed_unref(asker.iteration);
    runner_future_unref(future);
    return 0;
}

START_TEST(who_asks_runs_two_turns_after_the_end)
{
    run(count_turns);
    log_expect("1,2,w 0,3,4");
}
END_TEST

/* --- several that ask -------------------------------------------------------------------- */

static int ask_in_several_tasks(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 4};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_as_completed_t *iteration = iterate(futures, 2, RUNNER_FOREVER);
    asker_t askers[3] = {
        {"x", iteration, futures}, {"y", iteration, futures}, {"z", iteration, futures}};
    runner_task_t *x = spawn_parked(ask, &askers[0]);
    runner_task_t *y = spawn_parked(ask, &askers[1]);
    runner_task_t *z = spawn_parked(ask, &askers[2]); /* both are spoken for */
    start_ticker(&ticker);
    resolve(futures[1], 1);
    resolve(futures[0], 1);
    yield_times(5);
    await_and_unref(x, 0);
    await_and_unref(y, 0);
    await_and_unref(z, 0);
    runner_as_completed_unref(iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(every_task_that_asks_gets_another_one_in_the_order_of_asking)
{
    run(ask_in_several_tasks);
    log_expect("z RUNNER_EEND,1,2,x 1,y 0,3,4");
}
END_TEST

static int iterate_twice(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    asker_t a = {"a", iterate(futures, 2, RUNNER_FOREVER), futures};
    asker_t b = {"b", iterate(futures, 1, RUNNER_FOREVER), futures};
    runner_task_t *first = spawn_parked(ask, &a);
    runner_task_t *second = spawn_parked(ask, &b);
    resolve(futures[0], 1);
    await_and_unref(first, 0);
    await_and_unref(second, 0);
    runner_as_completed_unref(a.iteration);
    runner_as_completed_unref(b.iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(two_iterations_over_the_same_ones_do_not_disturb_each_other)
{
    run(iterate_twice);
    log_expect("a 0,b 0");
}
END_TEST

/* --- refusals and introspection ---------------------------------------------------------- */

static int ask_in_callback(void *arg)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_as_completed_next(arg, &future), RUNNER_ENOTASK);
    ck_assert_ptr_null(future);
    log_add("callback");
    return 0;
}

static int use_badly(void *arg, void **result)
{
    runner_future_t *foreign = arg;
    runner_future_t *future = new_future();
    runner_future_t *with_null[2] = {future, NULL};
    runner_future_t *of_two_loops[2] = {future, foreign};
    runner_as_completed_t *const untouched = (runner_as_completed_t *)(void *)&with_null;
    runner_as_completed_t *out = untouched;
    runner_future_t *next = foreign;
    (void)result;
    ck_assert_code(runner_as_completed_new(with_null, 2, 1, &out), RUNNER_EINVAL);
    ck_assert_code(runner_as_completed_new(NULL, 1, 1, &out), RUNNER_EINVAL);
    ck_assert_code(runner_as_completed_new(&future, 1, 1, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_as_completed_new(of_two_loops, 2, 1, &out), RUNNER_EFOREIGN);
    ck_assert_code(runner_as_completed_new(&foreign, 1, 1, &out), RUNNER_EFOREIGN);
    ck_assert_ptr_eq(out, untouched);
    runner_as_completed_t *iteration = iterate(&future, 1, RUNNER_FOREVER);
    ck_assert_code(runner_as_completed_next(NULL, &next), RUNNER_EINVAL);
    ck_assert_code(runner_as_completed_next(iteration, NULL), RUNNER_EINVAL);
    ck_assert_ptr_eq(next, foreign);
    ck_assert_code(runner_call_soon(runner_current(), ask_in_callback, iteration, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    resolve(future, 1);
    ask_now(iteration, &future, 2); /* no refusal has taken anything */
    runner_as_completed_unref(iteration);
    runner_as_completed_unref(NULL);
    runner_future_unref(future);
    return 0;
}

START_TEST(bad_input_is_refused)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_future_t *foreign = future_of(other);
    ck_assert_code(runner_run(runner, use_badly, foreign, NULL, NULL), 0);
    log_expect("callback,main 0,main RUNNER_EEND");
    runner_free(runner);
    runner_future_unref(foreign);
    runner_free(other);
}
END_TEST

START_TEST(it_is_made_where_a_loop_runs)
{
    runner_t *runner = test_runner();
    runner_future_t *future = future_of(runner);
    runner_as_completed_t *out = NULL;
    ck_assert_code(runner_as_completed_new(NULL, 0, 1, &out), RUNNER_ENOLOOP);
    ck_assert_code(runner_as_completed_new(&future, 1, 1, &out), RUNNER_ENOLOOP);
    ck_assert_ptr_null(out);
    runner_future_unref(future);
    runner_free(runner);
}
END_TEST

static int make_iteration(void *arg, void **result)
{
    runner_future_t *future = new_future();
    (void)result;
    *(runner_as_completed_t **)arg = iterate(&future, 1, RUNNER_FOREVER);
    runner_future_unref(future);
    return 0;
}

static int ask_foreign(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)result;
    ck_assert_code(runner_as_completed_next(arg, &future), RUNNER_EFOREIGN);
    ck_assert_ptr_null(future);
    return 0;
}

START_TEST(R041_the_iteration_of_another_loop_cannot_be_waited_for)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_as_completed_t *iteration = NULL;
    ck_assert_code(runner_run(other, make_iteration, &iteration, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, ask_foreign, iteration, NULL, NULL), 0);
    runner_as_completed_unref(iteration);
    runner_free(runner);
    runner_free(other);
}
END_TEST

static int show_wait(void *arg, void **result)
{
    runner_future_t *future = new_future();
    asker_t asker = {"w", iterate(&future, 1, RUNNER_FOREVER), &future};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(ask, &asker);
    check_waits("as_completed");
    resolve(future, 1);
    await_and_unref(task, 0);
    runner_as_completed_unref(asker.iteration);
    runner_future_unref(future);
    return 0;
}

START_TEST(R202_a_task_is_shown_to_wait_for_an_iteration)
{
    run(show_wait);
    log_expect("w 0");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("as completed");
    TCase *tcase = test_case(suite, "order");
    tcase_add_test(tcase, they_come_in_the_order_of_their_ends);
    tcase_add_test(tcase, R093_every_end_is_an_end_and_no_outcome_is_taken);
    tcase_add_test(tcase, one_that_occurs_more_than_once_comes_once);
    tcase_add_test(tcase, without_futures_it_is_over_at_once);
    tcase_add_test(tcase, it_can_be_gone_on_with_later);
    tcase = test_case(suite, "turns");
    tcase_add_test(tcase, what_is_done_already_comes_after_a_turn_and_then_without_a_wait);
    tcase_add_test(tcase, who_asks_runs_two_turns_after_the_end);
    tcase = test_case(suite, "several that ask");
    tcase_add_test(tcase, every_task_that_asks_gets_another_one_in_the_order_of_asking);
    tcase_add_test(tcase, two_iterations_over_the_same_ones_do_not_disturb_each_other);
    tcase = test_case(suite, "refusals and introspection");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, it_is_made_where_a_loop_runs);
    tcase_add_test(tcase, R041_the_iteration_of_another_loop_cannot_be_waited_for);
    tcase_add_test(tcase, R202_a_task_is_shown_to_wait_for_an_iteration);
    return test_main(suite);
}
