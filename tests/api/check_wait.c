/*
 * Wait: until some or all of several futures are done, whatever they end with. Waits that end
 * otherwise, and what they leave behind, are in check_wait_end.c.
 */
#include "inputs.h"

/* --- all --------------------------------------------------------------------------------- */

static int wait_for_all(void *arg, void **result)
{
    runner_t *runner = runner_current();
    runner_task_t *a = spawn(sleep_and_give, 10);
    runner_task_t *b = spawn(sleep_and_give, 15);
    runner_future_t *inputs[2] = {runner_task_future(b), runner_task_future(a)};
    (void)arg;
    (void)result;
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_ALL_COMPLETED, RUNNER_FOREVER), 2);
    ck_assert_uint_eq(now_ms(runner), 15);
    /* Once more takes no time. */
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_ALL_COMPLETED, RUNNER_FOREVER), 2);
    ck_assert_uint_eq(now_ms(runner), 15);
    await_and_unref(a, 0);
    await_and_unref(b, 0);
    return 0;
}

START_TEST(all_of_them)
{
    run(wait_for_all);
}
END_TEST

static int step_for_ten(void *arg, int status, void **result)
{
    int *called = arg;
    (void)result;
    return (*called)++ == 0 ? runner_sleep(10) : status;
}

static int wait_for_every_kind(void *arg, void **result)
{
    runner_t *runner = runner_current();
    int called = 0;
    runner_task_t *step = NULL;
    runner_task_t *coroutine = spawn(sleep_and_give, 5);
    runner_future_t *plain = new_future();
    runner_future_t *job = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_step(step_for_ten, &called, NULL, &step), 0);
    ck_assert_code(runner_run_in_executor(runner, give_now, NULL, NULL, &job), 0);
    runner_future_t *gathered = gather(&job, 1, 0);
    runner_future_t *inputs[6] = {runner_task_future(step),
                                  runner_task_future(coroutine),
                                  plain,
                                  job,
                                  gathered,
                                  shield(plain)};
    resolve(plain, 1);
    ck_assert_uint_eq(wait_now(inputs, 6, RUNNER_ALL_COMPLETED, RUNNER_FOREVER), 6);
    ck_assert_uint_eq(now_ms(runner), 10);
    runner_task_unref(step);
    runner_task_unref(coroutine);
    unref_all(inputs + 2, 4);
    return 0;
}

START_TEST(coroutines_steps_jobs_and_every_kind_of_future_take_part)
{
    run(wait_for_every_kind);
}
END_TEST

static int wait_for_errors(void *arg, void **result)
{
    runner_task_t *bad = spawn(fail_later, -5);
    runner_future_t *canceled = new_future();
    runner_task_t *good = spawn(sleep_and_give, 10);
    runner_future_t *inputs[3] = {runner_task_future(bad), canceled, runner_task_future(good)};
    (void)arg;
    (void)result;
    cancel(canceled);
    ck_assert_uint_eq(wait_now(inputs, 3, RUNNER_ALL_COMPLETED, RUNNER_FOREVER), 3);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_code(runner_task_status(bad), -5);
    ck_assert_int_eq(exceptions(), 0);
    runner_task_unref(bad); /* nobody has taken its error */
    ck_assert_int_eq(exceptions(), 1);
    runner_task_unref(good);
    runner_future_unref(canceled);
    return 0;
}

START_TEST(R093_errors_are_waited_for_and_not_taken)
{
    run(wait_for_errors);
    ck_assert_exception(0, -5, "");
}
END_TEST

static int wait_for_duplicates(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *inputs[4] = {futures[0], futures[1], futures[0], futures[0]};
    wait_t all = {"all", inputs, 4, RUNNER_ALL_COMPLETED, RUNNER_FOREVER};
    wait_t first = {"first", inputs, 4, RUNNER_FIRST_COMPLETED, RUNNER_FOREVER};
    runner_task_t *a = spawn_parked(wait_for_several, &all);
    runner_task_t *b = spawn_parked(wait_for_several, &first);
    resolve(futures[0], 1);
    await_and_unref(b, 0);
    ck_assert_int_eq(runner_task_done(a), 0);
    resolve(futures[1], 1);
    await_and_unref(a, 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(one_that_occurs_more_than_once_is_counted_at_every_place)
{
    run(wait_for_duplicates);
    log_expect("first 3,all 4");
}
END_TEST

/* --- the first --------------------------------------------------------------------------- */

static int wait_for_first(void *arg, void **result)
{
    runner_task_t *a = spawn(wait_for_ever, 0);
    runner_task_t *b = spawn(sleep_and_give, 10);
    runner_future_t *inputs[2] = {runner_task_future(a), runner_task_future(b)};
    (void)arg;
    (void)result;
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_FIRST_COMPLETED, RUNNER_FOREVER), 1);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_int_eq(runner_task_done(a), 0);
    ck_assert_int_eq(runner_task_cancelling(a), 0); /* the others go on */
    await_and_unref(b, 0);
    cancel_and_unref(a);
    return 0;
}

START_TEST(the_first_of_them)
{
    run(wait_for_first);
}
END_TEST

static int yield_as_often(void *arg, void **result)
{
    (void)result;
    yield_times((int)number_of(arg));
    return 0;
}

static int wait_for_close_ones(void *arg, void **result)
{
    runner_task_t *a = spawn(yield_as_often, 1);
    runner_task_t *b = spawn(yield_as_often, 2);
    runner_future_t *inputs[2] = {runner_task_future(b), runner_task_future(a)};
    (void)arg;
    (void)result;
    /* The second one ends in the turn in which the end of the first is noticed. */
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_FIRST_COMPLETED, RUNNER_FOREVER), 2);
    await_and_unref(a, 0);
    await_and_unref(b, 0);
    return 0;
}

START_TEST(who_is_done_is_counted_when_the_task_goes_on)
{
    run(wait_for_close_ones);
}
END_TEST

static int wait_for_each_in_turn(void *arg, void **result)
{
    enum { COUNT = 20 };
    runner_task_t *tasks[COUNT];
    runner_future_t *pending[COUNT];
    size_t count = COUNT;
    uint64_t expected = 1;
    (void)arg;
    (void)result;
    for (int i = 0; i < COUNT; i++) {
        tasks[i] = spawn(sleep_and_give, COUNT - i);
        pending[i] = runner_task_future(tasks[i]);
    }
    while (count > 0) { /* the last one ends first */
        ck_assert_uint_eq(wait_now(pending, count, RUNNER_FIRST_COMPLETED, RUNNER_FOREVER), 1);
        ck_assert_uint_eq(now_ms(runner_current()), expected++);
        ck_assert_int_eq(runner_future_done(pending[--count]), 1);
    }
    for (int i = 0; i < COUNT; i++) {
        await_and_unref(tasks[i], 0);
    }
    return 0;
}

START_TEST(a_loop_may_wait_for_what_is_left)
{
    run(wait_for_each_in_turn);
}
END_TEST

/* --- the first error --------------------------------------------------------------------- */

static int wait_for_error(void *arg, void **result)
{
    runner_task_t *never = spawn(wait_for_ever, 0);
    runner_task_t *good = spawn(give_now, 1);
    runner_task_t *bad = spawn(fail_later, -5);
    runner_future_t *inputs[3] = {runner_task_future(never), runner_task_future(good),
                                  runner_task_future(bad)};
    (void)arg;
    (void)result;
    ck_assert_uint_eq(wait_now(inputs, 3, RUNNER_FIRST_EXCEPTION, RUNNER_FOREVER), 2);
    ck_assert_uint_eq(now_ms(runner_current()), 1);
    await_and_unref(bad, -5);
    await_and_unref(good, 0);
    cancel_and_unref(never);
    return 0;
}

START_TEST(the_first_error)
{
    run(wait_for_error);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int wait_for_old_error(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 3};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    reject(futures[1], -5);
    start_ticker(&ticker);
    log_add("main %d", (int)wait_now(futures, 2, RUNNER_FIRST_EXCEPTION, RUNNER_FOREVER));
    yield_times(2);
    ck_assert_code(runner_future_result(futures[1], NULL), -5);
    unref_all(futures, 2);
    return 0;
}

START_TEST(an_error_that_is_there_already_takes_two_turns_too)
{
    run(wait_for_old_error);
    log_expect("1,2,main 1,3");
}
END_TEST

static int wait_without_errors(void *arg, void **result)
{
    runner_future_t *futures[3];
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    wait_t wait = {"w", futures, 3, RUNNER_FIRST_EXCEPTION, RUNNER_FOREVER};
    runner_task_t *task = spawn_parked(wait_for_several, &wait);
    resolve(futures[0], 1);
    cancel(futures[1]); /* not an error */
    yield_times(3);
    log_add("-");
    resolve(futures[2], 1);
    await_and_unref(task, 0);
    unref_all(futures, 3);
    return 0;
}

START_TEST(without_an_error_all_are_waited_for_and_a_cancel_is_none)
{
    run(wait_without_errors);
    log_expect("-,w 3");
}
END_TEST

static int leave_the_error(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    for (int last = 0; last < 2; last++) {
        new_futures(futures, 2);
        reject(futures[1], -5);
        if (last) {
            resolve(futures[0], 1);
        }
        ck_assert_uint_eq(wait_now(futures, 2, RUNNER_FIRST_EXCEPTION, RUNNER_FOREVER),
                          last ? 2 : 1);
        ck_assert_int_eq(exceptions(), 0);
        unref_all(futures, 2);
        ck_assert_int_eq(exceptions(), last);
    }
    return 0;
}

/* As in asyncio, which looks at an error only where it has to. */
START_TEST(R093_only_the_error_that_ends_a_wait_early_has_been_noticed)
{
    run(leave_the_error);
    ck_assert_exception(0, -5, "");
}
END_TEST

/* --- turns ------------------------------------------------------------------------------- */

static int wait_for_done_ones(void *arg, void **result)
{
    static const int whens[] = {RUNNER_ALL_COMPLETED, RUNNER_FIRST_COMPLETED};
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    resolve(futures[0], 1);
    resolve(futures[1], 2);
    for (int i = 0; i < 2; i++) {
        ticker_t ticker = {0, 4};
        start_ticker(&ticker);
        log_add("main %d", (int)wait_now(futures, 2, whens[i], RUNNER_FOREVER));
        yield_times(4);
    }
    unref_all(futures, 2);
    return 0;
}

START_TEST(with_all_done_already_it_takes_two_turns)
{
    run(wait_for_done_ones);
    log_expect("1,2,main 2,3,4,1,2,main 2,3,4");
}
END_TEST

static int count_turns(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 5};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    wait_t wait = {"w", futures, 2, RUNNER_ALL_COMPLETED, RUNNER_FOREVER};
    runner_task_t *task = spawn_parked(wait_for_several, &wait);
    start_ticker(&ticker);
    resolve(futures[0], 1);
    log_add("a");
    yield_times(2);
    resolve(futures[1], 1);
    log_add("b");
    yield_times(5);
    await_and_unref(task, 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(a_waiter_runs_two_turns_after_the_last_input)
{
    run(count_turns);
    log_expect("a,1,2,b,3,4,w 2,5");
}
END_TEST

/* --- refusals and introspection ---------------------------------------------------------- */

static int wait_in_callback(void *arg)
{
    runner_future_t *future = arg;
    size_t done = 99;
    ck_assert_code(runner_wait(&future, 1, RUNNER_ALL_COMPLETED, 1, &done), RUNNER_ENOTASK);
    ck_assert_uint_eq(done, 99);
    log_add("callback");
    return 0;
}

static int wait_badly(void *arg, void **result)
{
    runner_future_t *foreign = arg;
    runner_future_t *future = new_future();
    runner_future_t *with_null[2] = {future, NULL};
    runner_future_t *of_two_loops[2] = {future, foreign};
    size_t done = 99;
    (void)result;
    const int codes[] = {
        runner_wait(NULL, 0, RUNNER_ALL_COMPLETED, 1, &done),
        runner_wait(&future, 0, RUNNER_ALL_COMPLETED, 1, &done),
        runner_wait(NULL, 1, RUNNER_ALL_COMPLETED, 1, &done),
        runner_wait(with_null, 2, RUNNER_ALL_COMPLETED, 1, &done),
        runner_wait(&future, 1, 0, 1, &done),
        runner_wait(&future, 1, 4, 1, &done),
        runner_wait(&future, 1, -1, 1, &done),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ck_assert_code(codes[i], RUNNER_EINVAL);
    }
    ck_assert_code(runner_wait(&foreign, 1, RUNNER_ALL_COMPLETED, 1, &done), RUNNER_EFOREIGN);
    ck_assert_code(runner_wait(of_two_loops, 2, RUNNER_ALL_COMPLETED, 1, &done), RUNNER_EFOREIGN);
    ck_assert_uint_eq(done, 99);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    ck_assert_code(runner_wait(&future, 1, RUNNER_ALL_COMPLETED, 1, NULL), 0); /* that is fine */
    ck_assert_code(runner_call_soon(runner_current(), wait_in_callback, future, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    runner_future_unref(future);
    return 0;
}

START_TEST(bad_input_is_refused)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_future_t *foreign = future_of(other);
    size_t done = 99;
    ck_assert_code(runner_wait(&foreign, 1, RUNNER_ALL_COMPLETED, 1, &done), RUNNER_ENOTASK);
    ck_assert_uint_eq(done, 99);
    ck_assert_code(runner_run(runner, wait_badly, foreign, NULL, NULL), 0);
    log_expect("callback");
    runner_free(runner);
    runner_future_unref(foreign);
    runner_free(other);
}
END_TEST

static int show_wait(void *arg, void **result)
{
    runner_future_t *future = new_future();
    wait_t wait = {"w", &future, 1, RUNNER_ALL_COMPLETED, RUNNER_FOREVER};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_for_several, &wait);
    check_waits("wait");
    resolve(future, 1);
    await_and_unref(task, 0);
    runner_future_unref(future);
    return 0;
}

START_TEST(R202_a_task_is_shown_to_wait_for_several)
{
    run(show_wait);
    log_expect("w 1");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("wait");
    TCase *tcase = test_case(suite, "all");
    tcase_add_test(tcase, all_of_them);
    tcase_add_test(tcase, coroutines_steps_jobs_and_every_kind_of_future_take_part);
    tcase_add_test(tcase, R093_errors_are_waited_for_and_not_taken);
    tcase_add_test(tcase, one_that_occurs_more_than_once_is_counted_at_every_place);
    tcase = test_case(suite, "the first");
    tcase_add_test(tcase, the_first_of_them);
    tcase_add_test(tcase, who_is_done_is_counted_when_the_task_goes_on);
    tcase_add_test(tcase, a_loop_may_wait_for_what_is_left);
    tcase = test_case(suite, "the first error");
    tcase_add_test(tcase, the_first_error);
    tcase_add_test(tcase, an_error_that_is_there_already_takes_two_turns_too);
    tcase_add_test(tcase, without_an_error_all_are_waited_for_and_a_cancel_is_none);
    tcase_add_test(tcase, R093_only_the_error_that_ends_a_wait_early_has_been_noticed);
    tcase = test_case(suite, "turns");
    tcase_add_test(tcase, with_all_done_already_it_takes_two_turns);
    tcase_add_test(tcase, a_waiter_runs_two_turns_after_the_last_input);
    tcase = test_case(suite, "refusals and introspection");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, R202_a_task_is_shown_to_wait_for_several);
    return test_main(suite);
}
