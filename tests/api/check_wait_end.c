/*
 * Wait: ended by time or by a cancel; without a stack; and who keeps what meanwhile.
 */
#include "inputs.h"

/* --- time -------------------------------------------------------------------------------- */

static int wait_for_a_time(void *arg, void **result)
{
    runner_t *runner = runner_current();
    runner_task_t *a = spawn(sleep_and_give, 10);
    runner_task_t *b = spawn(sleep_and_give, 15);
    runner_future_t *inputs[2] = {runner_task_future(a), runner_task_future(b)};
    (void)arg;
    (void)result;
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_ALL_COMPLETED, 11), 1);
    ck_assert_uint_eq(now_ms(runner), 11);
    ck_assert_int_eq(runner_task_cancelling(b), 0);
    ck_assert_uint_eq(wait_now(&inputs[1], 1, RUNNER_ALL_COMPLETED, 3), 0);
    ck_assert_uint_eq(now_ms(runner), 14);
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_ALL_COMPLETED, 1000), 2);
    ck_assert_uint_eq(now_ms(runner), 15);
    await_and_unref(a, 0);
    await_and_unref(b, 0);
    return 0;
}

START_TEST(it_ends_when_the_time_has_passed)
{
    run(wait_for_a_time);
}
END_TEST

static int wait_until_the_end(void *arg, void **result)
{
    runner_task_t *a = spawn(sleep_and_give, 10);
    runner_task_t *b = spawn(sleep_and_give, 15);
    runner_future_t *inputs[2] = {runner_task_future(b), runner_task_future(a)};
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0); /* equal deadlines: the sleep began first */
    ck_assert_uint_eq(wait_now(inputs, 2, RUNNER_ALL_COMPLETED, 10), 1);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    await_and_unref(a, 0);
    await_and_unref(b, 0);
    return 0;
}

START_TEST(what_ends_at_the_same_time_is_done)
{
    run(wait_until_the_end);
}
END_TEST

static int wait_for_no_time(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 4};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    resolve(futures[1], 1);
    start_ticker(&ticker);
    log_add("main %d", (int)wait_now(futures, 2, RUNNER_ALL_COMPLETED, 0));
    yield_times(3);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    ck_assert_uint_eq(wait_now(futures, 1, RUNNER_FIRST_COMPLETED, 0), 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(no_time_is_two_turns)
{
    run(wait_for_no_time);
    log_expect("1,2,main 1,3,4");
}
END_TEST

static int leave_timers(void *arg, void **result)
{
    runner_future_t *future = new_future();
    wait_t wait = {"w", &future, 1, RUNNER_ALL_COMPLETED, 1000};
    (void)arg;
    (void)result;
    /* Neither one that has ended nor one that was cancelled leaves its timer behind: then the
     * clock would go on to it while main sleeps for ever. */
    runner_task_t *task = spawn_parked(wait_for_several, &wait);
    cancel_and_unref(task);
    resolve(future, 1);
    ck_assert_uint_eq(wait_now(&future, 1, RUNNER_ALL_COMPLETED, 1000), 1);
    runner_future_unref(future);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R196_a_time_that_is_not_needed_any_more_is_forgotten)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_timers, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), 0);
    log_expect("w RUNNER_ECANCELED");
    runner_free(runner);
}
END_TEST

static int wait_for_myself(void *arg, void **result)
{
    runner_future_t *self = runner_task_future(runner_current_task());
    (void)arg;
    (void)result;
    ck_assert_uint_eq(wait_now(&self, 1, RUNNER_ALL_COMPLETED, 5), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    size_t done = 99;
    int code = runner_wait(&self, 1, RUNNER_ALL_COMPLETED, RUNNER_FOREVER, &done);
    log_add("main %s", code_name(code));
    return code;
}

START_TEST(a_task_that_waits_for_itself_waits_for_the_time_or_for_ever)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, wait_for_myself, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main RUNNER_ECANCELED");
    runner_free(runner);
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int cancel_waiter(void *arg, void **result)
{
    runner_task_t *child = spawn(sleep_and_give, 5);
    runner_future_t *inputs[2] = {new_future(), runner_task_future(child)};
    wait_t wait = {"w", inputs, 2, RUNNER_ALL_COMPLETED, RUNNER_FOREVER};
    ticker_t ticker = {0, 2};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_for_several, &wait);
    start_ticker(&ticker);
    ck_assert_code(runner_task_cancel(task), 0);
    yield_times(3);
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_code(runner_future_status(inputs[0]), RUNNER_EPENDING);
    ck_assert_int_eq(runner_task_cancelling(child), 0);
    resolve(inputs[0], 1); /* nobody listens any more */
    await_and_unref(child, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    runner_future_unref(inputs[0]);
    return 0;
}

START_TEST(R147_cancelling_the_waiter_leaves_the_inputs_alone)
{
    run(cancel_waiter);
    log_expect("1,w RUNNER_ECANCELED,2");
}
END_TEST

static int cancel_late(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int turns = 0; turns < 2; turns++) {
        runner_future_t *future = new_future();
        wait_t wait = {"w", &future, 1, RUNNER_ALL_COMPLETED, 1000};
        ticker_t ticker = {0, 3};
        runner_task_t *task = spawn_parked(wait_for_several, &wait);
        start_ticker(&ticker);
        resolve(future, 1);
        yield_times(turns); /* the end was not noticed yet, or the task is about to go on */
        ck_assert_code(runner_task_cancel(task), 0);
        yield_times(4);
        await_and_unref(task, RUNNER_ECANCELED);
        runner_future_unref(future);
    }
    return 0;
}

START_TEST(R147_a_cancel_after_the_end_is_not_lost)
{
    run(cancel_late);
    log_expect("1,w RUNNER_ECANCELED,2,3,1,2,w RUNNER_ECANCELED,3");
}
END_TEST

static int cancel_first_then_wait(void *arg, void **result)
{
    runner_future_t *future = new_future();
    wait_t wait = {"main", &future, 1, RUNNER_ALL_COMPLETED, 10};
    (void)arg;
    (void)result;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    ck_assert_code(wait_for_several(&wait, NULL), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_uncancel(runner_current_task()), 0);
    resolve(future, 1);
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    ck_assert_code(wait_for_several(&wait, NULL), RUNNER_ECANCELED); /* with all done, too */
    ck_assert_int_eq(runner_task_uncancel(runner_current_task()), 0);
    ck_assert_code(wait_for_several(&wait, NULL), 0);
    runner_future_unref(future);
    return 0;
}

START_TEST(R146_a_request_from_before_is_told_at_the_wait)
{
    run(cancel_first_then_wait);
    log_expect("main RUNNER_ECANCELED,main RUNNER_ECANCELED,main 1");
}
END_TEST

/* --- stackless --------------------------------------------------------------------------- */

typedef struct stepper {
    runner_future_t *futures[2];
    uint64_t timeout_ms;
    size_t done;
    int called;
} stepper_t;

static int step_and_log(void *arg, int status, void **result)
{
    stepper_t *stepper = arg;
    (void)result;
    if (stepper->called++ == 0) {
        runner_future_t *list[2] = {stepper->futures[0], stepper->futures[1]};
        int code =
            runner_wait(list, 2, RUNNER_FIRST_COMPLETED, stepper->timeout_ms, &stepper->done);
        ck_assert_code(code, RUNNER_EPARKED);
        ck_assert_code(runner_wait(list, 2, RUNNER_FIRST_COMPLETED, 1, &stepper->done),
                       RUNNER_EBUSY);
        memset(list, 0, sizeof list); /* the list was only borrowed */
        return code;
    }
    log_add("step %s %d", code_name(status), (int)stepper->done);
    return status;
}

static int wait_in_steps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int way = 0; way < 3; way++) {
        runner_task_t *task = NULL;
        stepper_t stepper = {{NULL, NULL}, 20, 99, 0};
        new_futures(stepper.futures, 2);
        ck_assert_code(runner_spawn_step(step_and_log, &stepper, NULL, &task), 0);
        ck_assert_code(runner_yield(), 0);
        if (way == 0) {
            resolve(stepper.futures[1], 1);
        } else if (way == 1) {
            ck_assert_code(runner_task_cancel(task), 0);
        } /* else the time passes */
        await_and_unref(task, way == 1 ? RUNNER_ECANCELED : 0);
        unref_all(stepper.futures, 2);
    }
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    return 0;
}

START_TEST(a_stackless_task_parks)
{
    run(wait_in_steps);
    log_expect("step 0 1,step RUNNER_ECANCELED 99,step 0 0");
}
END_TEST

/* --- life -------------------------------------------------------------------------------- */

static int let_go_of_inputs(void *arg, void **result)
{
    runner_task_t *a = spawn(sleep_and_give, 5);
    runner_task_t *b = spawn(fail_later, -5);
    runner_future_t *gathered = NULL;
    runner_future_t *inputs[3] = {runner_task_future(a), runner_task_future(b), NULL};
    (void)arg;
    (void)result;
    gathered = gather(inputs, 1, 0);
    inputs[2] = gathered;
    wait_t wait = {"w", inputs, 3, RUNNER_ALL_COMPLETED, RUNNER_FOREVER};
    runner_task_t *task = spawn_parked(wait_for_several, &wait);
    runner_task_unref(a);
    runner_task_unref(b);
    runner_future_unref(gathered);
    ck_assert_code(runner_sleep(2), 0);
    ck_assert_int_eq(exceptions(), 0); /* the wait keeps it */
    await_and_unref(task, 0);
    return 0;
}

START_TEST(R093_inputs_are_kept_while_the_task_waits)
{
    run(let_go_of_inputs);
    ck_assert_ptr_nonnull(strstr(log_text(), "w 3"));
    ck_assert_int_eq(exceptions(), 1); /* when it let go of them */
    ck_assert_exception(0, -5, "");
}
END_TEST

static int share_inputs(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    wait_t all = {"all", futures, 2, RUNNER_ALL_COMPLETED, RUNNER_FOREVER};
    wait_t some = {"some", futures, 2, RUNNER_FIRST_COMPLETED, RUNNER_FOREVER};
    runner_task_t *tasks[3] = {spawn_parked(wait_for_several, &all),
                               spawn_parked(wait_for_several, &some),
                               spawn_parked(wait_for_several, &all)};
    ck_assert_code(runner_task_cancel(tasks[0]), 0);
    resolve(futures[0], 1);
    yield_times(3);
    resolve(futures[1], 1);
    await_and_unref(tasks[0], RUNNER_ECANCELED);
    await_and_unref(tasks[1], 0);
    await_and_unref(tasks[2], 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(any_number_of_tasks_may_wait_for_the_same_ones)
{
    run(share_inputs);
    log_expect("all RUNNER_ECANCELED,some 1,all 2");
}
END_TEST

static int leave_waiter(void *arg, void **result)
{
    const wait_t *wait = arg;
    runner_task_t *task = NULL;
    (void)result;
    ck_assert_code(runner_spawn(wait_for_several, (void *)(uintptr_t)wait, NULL, &task), 0);
    runner_task_unref(task);
    return runner_yield();
}

START_TEST(R079_a_task_that_still_waits_is_cancelled_at_close)
{
    runner_t *runner = test_runner();
    runner_future_t *future = future_of(runner);
    wait_t wait = {"w", &future, 1, RUNNER_ALL_COMPLETED, 1000};
    ck_assert_code(runner_run(runner, leave_waiter, &wait, NULL, NULL), 0);
    log_expect("");
    ck_assert_code(runner_close(runner), 0);
    log_expect("w RUNNER_ECANCELED");
    ck_assert_code(runner_future_status(future), RUNNER_EPENDING);
    runner_free(runner);
    runner_future_unref(future);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("wait end");
    TCase *tcase = test_case(suite, "time");
    tcase_add_test(tcase, it_ends_when_the_time_has_passed);
    tcase_add_test(tcase, what_ends_at_the_same_time_is_done);
    tcase_add_test(tcase, no_time_is_two_turns);
    tcase_add_test(tcase, R196_a_time_that_is_not_needed_any_more_is_forgotten);
    tcase_add_test(tcase, a_task_that_waits_for_itself_waits_for_the_time_or_for_ever);
    tcase = test_case(suite, "cancel");
    tcase_add_test(tcase, R147_cancelling_the_waiter_leaves_the_inputs_alone);
    tcase_add_test(tcase, R147_a_cancel_after_the_end_is_not_lost);
    tcase_add_test(tcase, R146_a_request_from_before_is_told_at_the_wait);
    tcase = test_case(suite, "stackless");
    tcase_add_test(tcase, a_stackless_task_parks);
    tcase = test_case(suite, "life");
    tcase_add_test(tcase, R093_inputs_are_kept_while_the_task_waits);
    tcase_add_test(tcase, any_number_of_tasks_may_wait_for_the_same_ones);
    tcase_add_test(tcase, R079_a_task_that_still_waits_is_cancelled_at_close);
    return test_main(suite);
}
