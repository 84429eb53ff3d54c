/*
 * As completed: ended by time or by a cancel; without a stack; and who keeps what meanwhile.
 */
#include "inputs.h"

/* --- time -------------------------------------------------------------------------------- */

static int run_out_of_time(void *arg, void **result)
{
    runner_t *runner = runner_current();
    runner_task_t *a = spawn(sleep_and_give, 10);
    runner_task_t *b = spawn(sleep_and_give, 15);
    runner_future_t *inputs[3] = {runner_task_future(a), runner_task_future(b), new_future()};
    (void)arg;
    (void)result;
    runner_as_completed_t *iteration = iterate(inputs, 3, 12);
    ask_now(iteration, inputs, 1);
    ck_assert_uint_eq(now_ms(runner), 10);
    ask_now(iteration, inputs, 1);
    ck_assert_uint_eq(now_ms(runner), 12);
    ask_now(iteration, inputs, 2); /* once for every one that has not come */
    ck_assert_uint_eq(now_ms(runner), 12);
    ck_assert_int_eq(runner_task_cancelling(b), 0); /* they go on */
    await_and_unref(b, 0);
    ask_now(iteration, inputs, 1); /* and do not come any more */
    runner_as_completed_unref(iteration);
    runner_task_unref(a);
    runner_future_unref(inputs[2]);
    return 0;
}

START_TEST(the_time_is_for_all_of_them)
{
    run(run_out_of_time);
    log_expect("main 0,main RUNNER_ETIMEDOUT,main RUNNER_ETIMEDOUT,main RUNNER_EEND,"
               "main RUNNER_EEND");
}
END_TEST

static int ask_too_late(void *arg, void **result)
{
    runner_future_t *futures[3];
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    runner_as_completed_t *iteration = iterate(futures, 3, 10);
    resolve(futures[1], 1);
    ck_assert_code(runner_sleep(20), 0);
    resolve(futures[0], 1);
    ck_assert_code(runner_sleep(1), 0);
    ask_now(iteration, futures, 4); /* what came in time comes first */
    runner_as_completed_unref(iteration);
    unref_all(futures, 3);
    return 0;
}

START_TEST(what_came_in_time_is_not_lost)
{
    run(ask_too_late);
    log_expect("main 1,main RUNNER_ETIMEDOUT,main RUNNER_ETIMEDOUT,main RUNNER_EEND");
}
END_TEST

static int time_out_askers(void *arg, void **result)
{
    runner_future_t *futures[3];
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    runner_as_completed_t *iteration = iterate(futures, 3, 10);
    asker_t askers[2] = {{"x", iteration, futures}, {"y", iteration, futures}};
    runner_task_t *x = spawn_parked(ask, &askers[0]);
    runner_task_t *y = spawn_parked(ask, &askers[1]);
    ck_assert_code(runner_sleep(20), 0);
    await_and_unref(x, 0);
    await_and_unref(y, 0);
    resolve(futures[0], 1);
    ask_now(iteration, futures, 2);
    runner_as_completed_unref(iteration);
    unref_all(futures, 3);
    return 0;
}

START_TEST(every_task_that_asks_is_told_that_the_time_has_passed)
{
    run(time_out_askers);
    log_expect("x RUNNER_ETIMEDOUT,y RUNNER_ETIMEDOUT,main RUNNER_ETIMEDOUT,main RUNNER_EEND");
}
END_TEST

static int ask_without_time(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 4};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    resolve(futures[0], 1);
    runner_as_completed_t *iteration = iterate(futures, 2, 0);
    start_ticker(&ticker);
    ask_now(iteration, futures, 3);
    yield_times(4);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    runner_as_completed_unref(iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(no_time_is_enough_for_what_is_done_already)
{
    run(ask_without_time);
    log_expect("1,main 0,main RUNNER_ETIMEDOUT,main RUNNER_EEND,2,3,4");
}
END_TEST

static int leave_timers(void *arg, void **result)
{
    runner_future_t *future = new_future();
    runner_as_completed_t *unused = iterate(&future, 1, 1000);
    runner_as_completed_t *released = iterate(&future, 1, 1000);
    runner_as_completed_t *empty = iterate(NULL, 0, 1000);
    (void)arg;
    (void)result;
    runner_as_completed_unref(released);
    resolve(future, 1);
    ask_now(unused, &future, 1);
    /* A timer that was left behind would move the clock while main sleeps for ever. */
    int code = runner_sleep(RUNNER_FOREVER);
    runner_as_completed_unref(unused);
    runner_as_completed_unref(empty);
    runner_future_unref(future);
    return code;
}

START_TEST(R196_a_time_that_is_not_needed_any_more_is_forgotten)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_timers, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), 0);
    log_expect("main 0");
    runner_free(runner);
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int cancel_asker(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 2};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_as_completed_t *iteration = iterate(futures, 2, RUNNER_FOREVER);
    asker_t asker = {"x", iteration, futures};
    runner_task_t *task = spawn_parked(ask, &asker);
    start_ticker(&ticker);
    ck_assert_code(runner_task_cancel(task), 0);
    yield_times(3);
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_code(runner_future_status(futures[0]), RUNNER_EPENDING);
    resolve(futures[0], 1);
    resolve(futures[1], 1);
    ask_now(iteration, futures, 3); /* what it has not got is still to come */
    runner_as_completed_unref(iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(R147_a_cancelled_task_leaves_the_inputs_alone_and_takes_none_away)
{
    run(cancel_asker);
    log_expect("1,x RUNNER_ECANCELED,2,main 0,main 1,main RUNNER_EEND");
}
END_TEST

static int cancel_late(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int other = 0; other < 2; other++) {
        runner_future_t *future = new_future();
        runner_future_t *inputs[2] = {future, new_future()};
        runner_as_completed_t *iteration = iterate(inputs, 2, RUNNER_FOREVER);
        asker_t askers[2] = {{"x", iteration, inputs}, {"y", iteration, inputs}};
        runner_task_t *x = spawn_parked(ask, &askers[0]);
        runner_task_t *y = other ? spawn_parked(ask, &askers[1]) : NULL;
        resolve(future, 1);
        yield_times(1); /* "x" was woken, and has not run */
        ck_assert_code(runner_task_cancel(x), 0);
        yield_times(3);
        await_and_unref(x, RUNNER_ECANCELED);
        if (other) {
            await_and_unref(y, 0);
        } else {
            ask_now(iteration, inputs, 1);
        }
        resolve(inputs[1], 1);
        ask_now(iteration, inputs, 2);
        runner_as_completed_unref(iteration);
        unref_all(inputs, 2);
    }
    return 0;
}

START_TEST(R147_a_future_that_its_task_cannot_take_any_more_goes_to_the_next)
{
    run(cancel_late);
    log_expect("x RUNNER_ECANCELED,main 0,main 1,main RUNNER_EEND,"
               "x RUNNER_ECANCELED,y 0,main 1,main RUNNER_EEND");
}
END_TEST

static int cancel_timed_out(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_as_completed_t *iteration = iterate(futures, 2, 0);
    asker_t askers[2] = {{"x", iteration, futures}, {"y", iteration, futures}};
    runner_task_t *x = NULL;
    runner_task_t *y = NULL;
    ck_assert_code(runner_spawn(ask, &askers[0], NULL, &x), 0);
    ck_assert_code(runner_spawn(ask, &askers[1], NULL, &y), 0);
    ck_assert_code(runner_yield(), 0); /* both are woken in this turn */
    ck_assert_code(runner_task_cancel(x), 0);
    await_and_unref(x, RUNNER_ECANCELED);
    await_and_unref(y, 0);
    ask_now(iteration, futures, 2);
    runner_as_completed_unref(iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(R147_a_cancelled_task_does_not_swallow_that_the_time_has_passed)
{
    run(cancel_timed_out);
    log_expect("x RUNNER_ECANCELED,y RUNNER_ETIMEDOUT,main RUNNER_ETIMEDOUT,main RUNNER_EEND");
}
END_TEST

/* --- stackless --------------------------------------------------------------------------- */

typedef struct stepper {
    runner_as_completed_t *iteration;
    runner_future_t *const *futures;
    runner_future_t *got;
    int called;
} stepper_t;

static int step_through(void *arg, int status, void **result)
{
    stepper_t *stepper = arg;
    (void)result;
    int code = status;
    if (stepper->called++ > 0) {
        log_add("step %s %d", code_name(status), stepper->got == stepper->futures[1]);
    }
    while (code == 0) {
        stepper->got = NULL;
        code = runner_as_completed_next(stepper->iteration, &stepper->got);
        if (code == 0) { /* it was there already */
            log_add("at once %d", stepper->got == stepper->futures[1]);
        }
    }
    if (code == RUNNER_EPARKED) {
        ck_assert_code(runner_as_completed_next(stepper->iteration, &stepper->got), RUNNER_EBUSY);
        return code;
    }
    log_add("end %s", code_name(code));
    return code == RUNNER_ECANCELED ? code : 0;
}

static int go_through_in_steps(void *arg, void **result)
{
    runner_future_t *futures[3];
    runner_task_t *task = NULL;
    (void)arg;
    (void)result;
    new_futures(futures, 3);
    stepper_t stepper = {iterate(futures, 3, RUNNER_FOREVER), futures, NULL, 0};
    ck_assert_code(runner_spawn_step(step_through, &stepper, NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    resolve(futures[1], 1);
    yield_times(3);
    resolve(futures[0], 1);
    resolve(futures[2], 1);
    await_and_unref(task, 0);
    runner_as_completed_unref(stepper.iteration);
    unref_all(futures, 3);
    return 0;
}

START_TEST(a_stackless_task_parks)
{
    run(go_through_in_steps);
    log_expect("step 0 1,step 0 0,at once 0,end RUNNER_EEND");
}
END_TEST

static int cancel_in_steps(void *arg, void **result)
{
    runner_future_t *futures[2];
    runner_task_t *task = NULL;
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    stepper_t stepper = {iterate(futures, 2, RUNNER_FOREVER), futures, NULL, 0};
    ck_assert_code(runner_spawn_step(step_through, &stepper, NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_ptr_null(stepper.got);
    runner_as_completed_unref(stepper.iteration);
    unref_all(futures, 2);
    return 0;
}

START_TEST(a_stackless_task_is_cancelled)
{
    run(cancel_in_steps);
    log_expect("step RUNNER_ECANCELED 0,end RUNNER_ECANCELED");
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
    runner_as_completed_t *iteration = iterate(inputs, 3, 1000);
    resolve(futures[0], 1);
    ask_now(iteration, inputs, 1);
    reject(futures[1], -5);
    runner_as_completed_unref(iteration); /* one has come, one is done, one is not */
    await_and_unref(task, 0);
    ck_assert_int_eq(exceptions(), 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(R093_what_has_not_come_goes_on_by_itself)
{
    run(let_go_early);
    log_expect("main 0,eh");
    ck_assert_exception(0, -5, "");
}
END_TEST

static int keep_by_waiting(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    asker_t asker = {"w", iterate(futures, 2, RUNNER_FOREVER), futures};
    runner_task_t *task = spawn_parked(ask, &asker);
    runner_as_completed_unref(asker.iteration);
    resolve(futures[1], 1);
    await_and_unref(task, 0);
    unref_all(futures, 2);
    return 0;
}

START_TEST(a_task_that_waits_keeps_it)
{
    run(keep_by_waiting);
    log_expect("w 1");
}
END_TEST

static int let_go_of_inputs(void *arg, void **result)
{
    runner_task_t *bad = spawn(fail_later, -5);
    runner_future_t *input = runner_task_future(bad);
    runner_as_completed_t *iteration = iterate(&input, 1, RUNNER_FOREVER);
    (void)arg;
    (void)result;
    runner_task_unref(bad);
    ask_now(iteration, &input, 1);
    ck_assert_code(runner_future_status(input), -5);
    ck_assert_int_eq(exceptions(), 0);
    runner_as_completed_unref(iteration);
    return 0;
}

START_TEST(R093_it_keeps_its_inputs)
{
    run(let_go_of_inputs);
    log_expect("main 0,eh");
    ck_assert_exception(0, -5, "");
}
END_TEST

typedef struct leftover {
    runner_future_t *futures[2];
    runner_as_completed_t *iterations[3];
    asker_t asker;
} leftover_t;

static int leave_iterations(void *arg, void **result)
{
    leftover_t *left = arg;
    runner_task_t *task = NULL;
    (void)result;
    for (int i = 0; i < 3; i++) { /* with a timer and without one; with a task that waits */
        left->iterations[i] = iterate(left->futures, 2, i == 0 ? RUNNER_FOREVER : 1000);
    }
    left->asker = (asker_t){"left", left->iterations[2], left->futures};
    resolve(left->futures[0], 1);
    ask_now(left->iterations[0], left->futures, 1);
    ask_now(left->iterations[2], left->futures, 1);
    ck_assert_code(runner_spawn(ask, &left->asker, NULL, &task), 0);
    runner_task_unref(task);
    return runner_yield();
}

START_TEST(R079_iterations_that_are_held_outlive_their_runner)
{
    runner_t *runner = test_runner();
    leftover_t left = {{future_of(runner), future_of(runner)}, {NULL, NULL, NULL}, {0}};
    ck_assert_code(runner_run(runner, leave_iterations, &left, NULL, NULL), 0);
    log_expect("main 0,main 0");
    runner_as_completed_unref(left.iterations[0]);
    ck_assert_code(runner_close(runner), 0);
    log_expect("left RUNNER_ECANCELED");
    runner_as_completed_unref(left.iterations[1]);
    runner_free(runner);
    unref_all(left.futures, 2);
    runner_as_completed_unref(left.iterations[2]);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("as completed end");
    TCase *tcase = test_case(suite, "time");
    tcase_add_test(tcase, the_time_is_for_all_of_them);
    tcase_add_test(tcase, what_came_in_time_is_not_lost);
    tcase_add_test(tcase, every_task_that_asks_is_told_that_the_time_has_passed);
    tcase_add_test(tcase, no_time_is_enough_for_what_is_done_already);
    tcase_add_test(tcase, R196_a_time_that_is_not_needed_any_more_is_forgotten);
    tcase = test_case(suite, "cancel");
    tcase_add_test(tcase, R147_a_cancelled_task_leaves_the_inputs_alone_and_takes_none_away);
    tcase_add_test(tcase, R147_a_future_that_its_task_cannot_take_any_more_goes_to_the_next);
    tcase_add_test(tcase, R147_a_cancelled_task_does_not_swallow_that_the_time_has_passed);
    tcase = test_case(suite, "stackless");
    tcase_add_test(tcase, a_stackless_task_parks);
    tcase_add_test(tcase, a_stackless_task_is_cancelled);
    tcase = test_case(suite, "life");
    tcase_add_test(tcase, R093_what_has_not_come_goes_on_by_itself);
    tcase_add_test(tcase, a_task_that_waits_keeps_it);
    tcase_add_test(tcase, R093_it_keeps_its_inputs);
    tcase_add_test(tcase, R079_iterations_that_are_held_outlive_their_runner);
    return test_main(suite);
}
