/*
 * Shield: together with gather; what becomes of an error that comes after the cancel; and shields
 * that go before they are done.
 */
#include "inputs.h"

/* --- with gather ------------------------------------------------------------------------- */

static int shield_a_gather(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *parent = gather(futures, 2, 0);
    waiter_t waiter = {"w", shield(parent), 2};
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    ck_assert_code(runner_task_cancel(task), 0);
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED);
    ck_assert_code(runner_future_status(parent), RUNNER_EPENDING);
    resolve(futures[0], 1);
    resolve(futures[1], 2);
    yield_times(1);
    check_values(parent, 2, "[1 2]");
    unref_all(futures, 2);
    runner_future_unref(parent);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R184_a_cancelled_shield_of_a_gather_leaves_the_gather_alone)
{
    run(shield_a_gather);
    log_expect("w RUNNER_ECANCELED");
}
END_TEST

static int await_a_shielded_gather(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 5};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *parent = gather(futures, 2, 0);
    waiter_t waiter = {"w", shield(parent), 2};
    runner_future_unref(parent); /* the array of the values is the shield's now */
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    resolve(futures[0], 1);
    resolve(futures[1], 2);
    unref_all(futures, 2);
    yield_times(6);
    await_and_unref(task, 0);
    check_values(waiter.future, 2, "[1 2]");
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R184_a_shield_of_a_gather_has_its_values)
{
    run(await_a_shielded_gather);
    log_expect("1,2,3,w [1 2],4,5");
}
END_TEST

static int gather_shields(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int return_errors = 0; return_errors < 2; return_errors++) {
        runner_future_t *futures[2];
        ticker_t ticker = {0, 4};
        new_futures(futures, 2);
        runner_future_t *shields[2] = {shield(futures[0]), shield(futures[1])};
        waiter_t waiter = {"w", gather(shields, 2, return_errors), 2};
        runner_task_t *task = spawn_parked(wait_and_log, &waiter);
        start_ticker(&ticker);
        ck_assert_code(runner_task_cancel(task), 0);
        for (int i = 0; i < 2; i++) {
            ck_assert_code(runner_future_status(shields[i]), RUNNER_ECANCELED);
            ck_assert_code(runner_future_status(futures[i]), RUNNER_EPENDING);
        }
        ck_assert_code(runner_future_status(waiter.future), RUNNER_EPENDING);
        yield_times(5);
        ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED);
        await_and_unref(task, RUNNER_ECANCELED);
        for (int i = 0; i < 2; i++) {
            resolve(futures[i], i);
        }
        yield_times(2);
        unref_all(shields, 2);
        unref_all(futures, 2);
        runner_future_unref(waiter.future);
    }
    return 0;
}

START_TEST(R184_a_cancelled_gather_of_shields_leaves_what_they_shield_alone)
{
    run(gather_shields);
    log_expect("1,2,w RUNNER_ECANCELED,3,4,1,2,w RUNNER_ECANCELED,3,4");
}
END_TEST

static int await_gathered_shields(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *shields[2] = {shield(futures[0]), shield(futures[1])};
    waiter_t waiter = {"main", gather(shields, 2, 0), 2};
    unref_all(shields, 2);
    resolve(futures[1], 2);
    resolve(futures[0], 1);
    unref_all(futures, 2);
    ck_assert_code(wait_and_log(&waiter, NULL), 0);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R184_a_gather_of_shields_has_their_values)
{
    run(await_gathered_shields);
    log_expect("main [1 2]");
}
END_TEST

/* --- an error after the cancel ----------------------------------------------------------- */

static int fail_in_a_while(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(10);
    return code != 0 ? code : (int)number_of(arg);
}

static int fail_after_cancel(void *arg, void **result)
{
    runner_task_t *inner = spawn(fail_in_a_while, -5);
    waiter_t waiter = {"w", shield(runner_task_future(inner)), 0};
    (void)arg;
    (void)result;
    runner_task_unref(inner);
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    ck_assert_code(runner_task_cancel(task), 0);
    await_and_unref(task, RUNNER_ECANCELED);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_code(runner_sleep(20), 0);
    runner_future_unref(waiter.future); /* it does not matter who holds that one */
    return 0;
}

START_TEST(R185_an_error_after_the_cancel_is_reported)
{
    run(fail_after_cancel);
    log_expect("w RUNNER_ECANCELED,eh");
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "");
    ck_assert_uint_ne(exception_at(0)->task_id, 0); /* on the inner task */
}
END_TEST

static int fail_together(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int cancel_first = 0; cancel_first < 2; cancel_first++) {
        runner_future_t *inner = new_future();
        waiter_t waiter = {"w", shield(inner), 0};
        runner_task_t *task = spawn_parked(wait_and_log, &waiter);
        if (cancel_first) {
            ck_assert_code(runner_task_cancel(task), 0);
        }
        reject(inner, -5 - cancel_first);
        if (!cancel_first) {
            ck_assert_code(runner_task_cancel(task), 0); /* the shield has not been told */
        }
        await_and_unref(task, RUNNER_ECANCELED);
        yield_times(2);
        runner_future_unref(waiter.future);
        ck_assert_int_eq(exceptions(), cancel_first);
        runner_future_unref(inner);
        ck_assert_int_eq(exceptions(), cancel_first + 1);
    }
    return 0;
}

START_TEST(R185_also_if_both_happen_in_the_same_turn)
{
    run(fail_together);
    ck_assert_int_eq(exceptions(), 2);
    ck_assert_exception(0, -5, "");
    ck_assert_exception(1, -6, "");
}
END_TEST

static int cancel_in_callback(runner_future_t *future, void *arg)
{
    (void)future;
    cancel(*(runner_future_t **)arg);
    return 0;
}

static int fail_just_before(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    runner_future_t *outer = NULL;
    (void)arg;
    (void)result;
    /* Asked to be told before the shield was made, it is told before the shield is. */
    ck_assert_code(runner_future_on_done(inner, cancel_in_callback, &outer, NULL), 0);
    outer = shield(inner);
    reject(inner, -5);
    yield_times(2);
    ck_assert_code(runner_future_status(outer), RUNNER_ECANCELED);
    runner_future_unref(outer);
    ck_assert_int_eq(exceptions(), 0);
    runner_future_unref(inner);
    return 0;
}

START_TEST(R185_also_if_the_cancel_comes_between_the_end_and_the_shield)
{
    run(fail_just_before);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "");
}
END_TEST

static int take_after_cancel(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int way = 0; way < 3; way++) {
        runner_task_t *inner = spawn(fail_in_a_while, -5);
        runner_future_t *outer = shield(runner_task_future(inner));
        runner_future_t *another = way == 2 ? shield(runner_task_future(inner)) : NULL;
        ck_assert_code(runner_yield(), 0);
        cancel(outer);
        if (way == 0) {
            ck_assert_code(runner_await(inner, NULL), -5);
        } else if (way == 1) {
            ck_assert_code(runner_sleep(20), 0);
            ck_assert_code(runner_task_result(inner, NULL), -5);
        } else {
            ck_assert_code(runner_future_await(another, NULL), -5);
        }
        runner_task_unref(inner);
        runner_future_unref(another);
        runner_future_unref(outer);
    }
    return 0;
}

START_TEST(R185_somebody_else_may_take_it)
{
    run(take_after_cancel);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_in_a_gather(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int held = 0; held < 2; held++) {
        runner_future_t *future = new_future();
        runner_future_t *parent = gather(&future, 1, 0);
        runner_future_t *outer = shield(parent);
        if (!held) {
            runner_future_unref(parent); /* only the shield knows it */
        }
        cancel(outer);
        yield_times(2);
        reject(future, -5 - held);
        yield_times(2);
        runner_future_unref(outer);
        runner_future_unref(future);
        if (held) {
            ck_assert_int_eq(exceptions(), 1);
            runner_future_unref(parent);
        }
        ck_assert_int_eq(exceptions(), held + 1);
    }
    return 0;
}

START_TEST(R184_R185_an_error_in_a_gather_after_the_cancel_of_its_shield_is_reported_once)
{
    run(fail_in_a_gather);
    ck_assert_int_eq(exceptions(), 2);
    ck_assert_exception(0, -5, "");
    ck_assert_exception(1, -6, "");
}
END_TEST

static int finish_after_cancel(void *arg, void **result)
{
    runner_task_t *inner = spawn_with_result_drop(sleep_and_give, 10);
    runner_future_t *outer = shield(runner_task_future(inner));
    (void)arg;
    (void)result;
    runner_task_unref(inner);
    cancel(outer);
    runner_future_unref(outer);
    return runner_sleep(20);
}

START_TEST(R185_a_result_after_the_cancel_is_dropped)
{
    run(finish_after_cancel);
    ck_assert_int_eq(result_drops(), 1);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- life -------------------------------------------------------------------------------- */

static int let_go_early(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int settled = 0; settled < 2; settled++) {
        runner_future_t *inner = new_future();
        runner_future_t *outer = shield(inner);
        if (!settled) {
            runner_future_unref(outer);
        }
        reject(inner, -5 - settled);
        if (settled) {
            runner_future_unref(outer); /* it has not been told yet */
        }
        yield_times(2);
        ck_assert_int_eq(exceptions(), settled);
        runner_future_unref(inner);
        ck_assert_int_eq(exceptions(), settled + 1);
    }
    return 0;
}

START_TEST(R093_without_handle_and_waiter_the_inner_one_is_on_its_own)
{
    run(let_go_early);
    ck_assert_exception(0, -5, "");
    ck_assert_exception(1, -6, "");
}
END_TEST

static int keep_by_waiting(void *arg, void **result)
{
    runner_future_t *inner = new_future();
    waiter_t waiter = {"w", shield(inner), 0};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    on_done(waiter.future, "done");
    runner_future_unref(waiter.future);
    resolve(inner, 3);
    runner_future_unref(inner);
    await_and_unref(task, 0);
    return runner_sleep(1);
}

START_TEST(callbacks_and_waiters_keep_it)
{
    run(keep_by_waiting);
    log_expect("w 3,done");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

enum { DEEP = 5000 };

static runner_future_t *new_tower(runner_future_t *inner)
{
    runner_future_t *top = runner_future_ref(inner);
    for (int i = 0; i < DEEP; i++) {
        runner_future_t *above = shield(top);
        runner_future_unref(top);
        top = above;
    }
    return top;
}

static int settle_towers(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    for (int way = 0; way < 4; way++) {
        runner_future_t *inner = new_future();
        runner_future_t *top = new_tower(inner);
        if (way == 0) {
            resolve(inner, 7);
            ck_assert_code(runner_future_await(top, &value), 0);
            ck_assert_int_eq(number_of(value), 7);
        } else if (way == 1) {
            reject(inner, -5);
            ck_assert_code(runner_future_await(top, NULL), -5);
        } else if (way == 2) {
            cancel(inner);
            ck_assert_code(runner_future_await(top, NULL), RUNNER_ECANCELED);
        } /* else it goes before it is done */
        runner_future_unref(top);
        runner_future_unref(inner);
    }
    return 0;
}

START_TEST(a_deep_tower_of_shields_ends_and_goes_on_a_small_stack)
{
    run(settle_towers);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int leave_tasks(void *arg, void **result)
{
    runner_future_t **kept = arg;
    runner_task_t *sleeper = spawn(wait_for_ever, 0);
    runner_task_t *giver = spawn(give_now, 2);
    (void)result;
    kept[0] = shield(runner_task_future(sleeper));
    kept[1] = shield(runner_task_future(giver));
    runner_task_unref(sleeper);
    runner_task_unref(giver);
    return runner_sleep(1);
}

START_TEST(a_shield_that_is_held_outlives_its_runner)
{
    runner_t *runner = test_runner();
    runner_future_t *kept[3] = {NULL, NULL, NULL};
    runner_future_t *inner = future_of(runner);
    void *value = NULL;
    kept[2] = shield(inner);
    ck_assert_code(runner_run(runner, leave_tasks, kept, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_future_status(kept[0]), RUNNER_ECANCELED); /* as its task at close */
    runner_free(runner);
    ck_assert_code(runner_future_result(kept[1], &value), 0);
    ck_assert_int_eq(number_of(value), 2);
    ck_assert_code(runner_future_status(kept[2]), RUNNER_EPENDING);
    unref_all(kept, 3);
    runner_future_unref(inner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("shield errors");
    TCase *tcase = test_case(suite, "with gather");
    tcase_add_test(tcase, R184_a_cancelled_shield_of_a_gather_leaves_the_gather_alone);
    tcase_add_test(tcase, R184_a_shield_of_a_gather_has_its_values);
    tcase_add_test(tcase, R184_a_cancelled_gather_of_shields_leaves_what_they_shield_alone);
    tcase_add_test(tcase, R184_a_gather_of_shields_has_their_values);
    tcase = test_case(suite, "an error after the cancel");
    tcase_add_test(tcase, R185_an_error_after_the_cancel_is_reported);
    tcase_add_test(tcase, R185_also_if_both_happen_in_the_same_turn);
    tcase_add_test(tcase, R185_also_if_the_cancel_comes_between_the_end_and_the_shield);
    tcase_add_test(tcase, R185_somebody_else_may_take_it);
    tcase_add_test(tcase,
                   R184_R185_an_error_in_a_gather_after_the_cancel_of_its_shield_is_reported_once);
    tcase_add_test(tcase, R185_a_result_after_the_cancel_is_dropped);
    tcase = test_case(suite, "life");
    tcase_add_test(tcase, R093_without_handle_and_waiter_the_inner_one_is_on_its_own);
    tcase_add_test(tcase, callbacks_and_waiters_keep_it);
    tcase_add_test(tcase, a_deep_tower_of_shields_ends_and_goes_on_a_small_stack);
    tcase_add_test(tcase, a_shield_that_is_held_outlives_its_runner);
    return test_main(suite);
}
