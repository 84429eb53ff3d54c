/*
 * Gather: a cancel goes down to all inputs and comes back when they have ended.
 */
#include "inputs.h"

/* --- bodies ------------------------------------------------------------------------------ */

/* Logs its name when it is cancelled, and ends so. */
static int log_cancel(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", (const char *)arg);
    return code;
}

/* Swallows the cancel and gives 5. */
static int swallow(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    *result = value_of(5);
    return 0;
}

/* Needs ten milliseconds to clean up. */
static int clean_up(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    ck_assert_code(runner_sleep(10), 0);
    log_add("clean");
    return code;
}

/* Is told three times how many requests there are. */
static int count_requests(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
        log_add("told %d", runner_task_cancelling(runner_current_task()));
    }
    return RUNNER_ECANCELED;
}

static int answer_with_error(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return (int)number_of(arg);
}

static runner_task_t *spawn_named(runner_fn fn, const char *name)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, (void *)(uintptr_t)name, NULL, &task), 0);
    return task;
}

static void unref_tasks(runner_task_t *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        runner_task_unref(tasks[i]);
    }
}

/* --- down and back ----------------------------------------------------------------------- */

static int cancel_waiter(void *arg, void **result)
{
    runner_task_t *tasks[2] = {spawn_named(log_cancel, "a"), spawn_named(log_cancel, "b")};
    runner_future_t *inputs[2] = {runner_task_future(tasks[0]), runner_task_future(tasks[1])};
    waiter_t waiter = {"w", gather(inputs, 2, 0), 2};
    ticker_t ticker = {0, 4};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_future_done(waiter.future), 0); /* not before they have ended */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(runner_task_cancelling(tasks[i]), 1);
        ck_assert_int_eq(runner_task_cancel_reason(tasks[i]), RUNNER_REASON_PARENT);
    }
    yield_times(6);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED);
    await_and_unref(task, RUNNER_ECANCELED);
    unref_tasks(tasks, 2);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R147_cancelling_the_waiter_cancels_all_inputs_first)
{
    run(cancel_waiter);
    log_expect("1,a,b,2,3,w RUNNER_ECANCELED,4");
}
END_TEST

static int cancel_gather(void *arg, void **result)
{
    runner_task_t *task = spawn_named(clean_up, NULL);
    runner_future_t *plain = new_future();
    runner_future_t *inputs[2] = {runner_task_future(task), plain};
    waiter_t waiter = {"main", gather(inputs, 2, 1), 2};
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    cancel(waiter.future);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_EPENDING);
    ck_assert_code(runner_future_status(plain), RUNNER_ECANCELED);
    ck_assert_code(wait_and_log(&waiter, NULL), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_code(runner_future_cancel(waiter.future), RUNNER_EDONE);
    runner_task_unref(task);
    runner_future_unref(plain);
    runner_future_unref(waiter.future);
    return 0;
}

/* With return_errors all inputs are waited for, and it ends cancelled all the same. */
START_TEST(a_gather_that_is_cancelled_ends_so_once_its_inputs_have_ended)
{
    run(cancel_gather);
    log_expect("clean,main RUNNER_ECANCELED");
}
END_TEST

static int cancel_some_done(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int return_errors = 0; return_errors < 2; return_errors++) {
        runner_future_t *futures[2];
        new_futures(futures, 2);
        waiter_t waiter = {"w", gather(futures, 2, return_errors), 2};
        runner_task_t *task = spawn_parked(wait_and_log, &waiter);
        resolve(futures[0], 1);
        yield_times(2);
        ck_assert_code(runner_task_cancel(task), 0);
        ck_assert_code(runner_future_status(futures[0]), 0);
        ck_assert_code(runner_future_status(futures[1]), RUNNER_ECANCELED);
        await_and_unref(task, RUNNER_ECANCELED);
        unref_all(futures, 2);
        runner_future_unref(waiter.future);
    }
    return 0;
}

START_TEST(what_is_done_already_is_not_cancelled)
{
    run(cancel_some_done);
    log_expect("w RUNNER_ECANCELED,w RUNNER_ECANCELED");
}
END_TEST

static int cancel_swallower(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int return_errors = 0; return_errors < 2; return_errors++) {
        runner_task_t *child = spawn_named(swallow, NULL);
        runner_future_t *input = runner_task_future(child);
        void *value = NULL;
        waiter_t waiter = {"w", gather(&input, 1, return_errors), 1};
        runner_task_t *task = spawn_parked(wait_and_log, &waiter);
        ck_assert_code(runner_task_cancel(task), 0);
        await_and_unref(task, RUNNER_ECANCELED);
        ck_assert_code(runner_await(child, &value), 0); /* the input itself was not cancelled */
        ck_assert_int_eq(number_of(value), 5);
        runner_task_unref(child);
        runner_future_unref(waiter.future);
    }
    return 0;
}

START_TEST(inputs_that_swallow_the_cancel_do_not_lose_it)
{
    run(cancel_swallower);
    log_expect("w RUNNER_ECANCELED,w RUNNER_ECANCELED");
}
END_TEST

static int cancel_failing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int return_errors = 0; return_errors < 2; return_errors++) {
        runner_task_t *child = spawn(answer_with_error, -5);
        runner_future_t *input = runner_task_future(child);
        waiter_t waiter = {"w", gather(&input, 1, return_errors), 1};
        runner_task_t *task = spawn_parked(wait_and_log, &waiter);
        ck_assert_code(runner_task_cancel(task), 0);
        await_and_unref(task, return_errors ? RUNNER_ECANCELED : 0);
        ck_assert_code(runner_task_status(child), -5);
        runner_task_unref(child);
        runner_future_unref(waiter.future);
    }
    return 0;
}

START_TEST(an_input_that_answers_a_cancel_with_an_error_fails_the_gather)
{
    run(cancel_failing);
    log_expect("w -5,w RUNNER_ECANCELED");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int cancel_again(void *arg, void **result)
{
    runner_task_t *child = spawn_named(count_requests, NULL);
    runner_future_t *input = runner_task_future(child);
    waiter_t waiter = {"w", gather(&input, 1, 0), 1};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_task_cancel(task), 0);
        yield_times(3);
    }
    ck_assert_int_eq(runner_task_cancelling(task), 3);
    await_and_unref(task, RUNNER_ECANCELED);
    runner_task_unref(child);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R144_every_request_is_handed_down)
{
    run(cancel_again);
    log_expect("told 1,told 2,told 3,w RUNNER_ECANCELED");
}
END_TEST

static int cancel_duplicates(void *arg, void **result)
{
    runner_task_t *child = spawn_named(wait_for_ever, NULL);
    runner_future_t *inputs[3] = {runner_task_future(child), runner_task_future(child),
                                  runner_task_future(child)};
    runner_future_t *gathered = gather(inputs, 3, 0);
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    cancel(gathered);
    ck_assert_int_eq(runner_task_cancelling(child), 3);
    ck_assert_code(runner_future_await(gathered, NULL), RUNNER_ECANCELED);
    runner_task_unref(child);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(one_that_occurs_more_than_once_is_asked_as_often)
{
    run(cancel_duplicates);
}
END_TEST

static int log_message(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %d", runner_task_cancel_message(runner_current_task()),
            (int)runner_task_cancel_payload(runner_current_task()));
    return code;
}

static int cancel_with_message(void *arg, void **result)
{
    runner_task_t *child = spawn_named(log_message, NULL);
    runner_future_t *input = runner_task_future(child);
    waiter_t waiter = {"w", gather(&input, 1, 0), 1};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    ck_assert_code(runner_task_cancel_with(task, "why", 7), 0);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    ck_assert_str_eq(runner_task_cancel_message(task), "why");
    runner_task_unref(task);
    runner_task_unref(child);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R153_the_message_reaches_the_inputs)
{
    run(cancel_with_message);
    log_expect("why 7,w RUNNER_ECANCELED");
}
END_TEST

static int never(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("never");
    return 0;
}

static int cancel_unstarted(void *arg, void **result)
{
    runner_task_t *tasks[2] = {spawn_named(never, NULL), spawn_named(never, NULL)};
    runner_future_t *inputs[2] = {runner_task_future(tasks[0]), runner_task_future(tasks[1])};
    waiter_t waiter = {"main", gather(inputs, 2, 0), 2};
    (void)arg;
    (void)result;
    cancel(waiter.future);
    ck_assert_code(wait_and_log(&waiter, NULL), RUNNER_ECANCELED);
    unref_tasks(tasks, 2);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R145_inputs_that_have_not_started_never_do)
{
    run(cancel_unstarted);
    log_expect("main RUNNER_ECANCELED");
}
END_TEST

/* --- what is not cancelled --------------------------------------------------------------- */

static int cancel_too_late(void *arg, void **result)
{
    runner_future_t *future = new_future();
    waiter_t waiter = {"w", gather(&future, 1, 0), 1};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    resolve(future, 1);
    /* Its inputs are done, and it has not been told: there is nothing to cancel any more, but the
     * request of the task is not lost. */
    ck_assert_code(runner_future_cancel(waiter.future), RUNNER_EDONE);
    ck_assert_code(runner_task_cancel(task), 0);
    await_and_unref(task, RUNNER_ECANCELED);
    check_values(waiter.future, 1, "[1]");
    runner_future_unref(future);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(R147_with_all_inputs_done_it_refuses_and_the_task_is_cancelled_alone)
{
    run(cancel_too_late);
    log_expect("w RUNNER_ECANCELED");
}
END_TEST

static int cancel_failed(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    runner_future_t *gathered = gather(futures, 2, 0);
    reject(futures[0], -5);
    ck_assert_code(runner_future_await(gathered, NULL), -5);
    ck_assert_code(runner_future_cancel(gathered), RUNNER_EDONE);
    ck_assert_code(runner_future_status(futures[1]), RUNNER_EPENDING);
    unref_all(futures, 2);
    runner_future_unref(gathered);
    return 0;
}

START_TEST(a_gather_that_has_failed_leaves_the_others_alone)
{
    run(cancel_failed);
}
END_TEST

static int cancel_input(void *arg, void **result)
{
    runner_future_t *futures[2];
    ticker_t ticker = {0, 3};
    (void)arg;
    (void)result;
    new_futures(futures, 2);
    waiter_t waiter = {"w", gather(futures, 2, 0), 2};
    runner_task_t *task = spawn_parked(wait_and_log, &waiter);
    start_ticker(&ticker);
    cancel(futures[0]);
    yield_times(4);
    ck_assert_code(runner_future_status(waiter.future), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelling(task), 0); /* nobody has asked it to end */
    ck_assert_code(runner_future_status(futures[1]), RUNNER_EPENDING);
    await_and_unref(task, RUNNER_ECANCELED);
    unref_all(futures, 2);
    runner_future_unref(waiter.future);
    return 0;
}

START_TEST(an_input_that_is_cancelled_by_itself_is_an_error_like_another)
{
    run(cancel_input);
    log_expect("1,2,w RUNNER_ECANCELED,3");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- shared ------------------------------------------------------------------------------ */

static int cancel_one_of_two(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int of_one_gather = 0; of_one_gather < 2; of_one_gather++) {
        runner_future_t *future = new_future();
        waiter_t v = {"v", gather(&future, 1, 0), 1};
        waiter_t w = {"w", NULL, 1};
        w.future = of_one_gather ? runner_future_ref(v.future) : gather(&future, 1, 0);
        runner_task_t *a = spawn_parked(wait_and_log, &v);
        runner_task_t *b = spawn_parked(wait_and_log, &w);
        ck_assert_code(runner_task_cancel(b), 0);
        ck_assert_code(runner_await(a, NULL), RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelling(a), 0);
        ck_assert_int_eq(runner_task_cancelling(b), 1);
        await_and_unref(b, RUNNER_ECANCELED);
        runner_task_unref(a);
        runner_future_unref(future);
        runner_future_unref(v.future);
        runner_future_unref(w.future);
    }
    return 0;
}

START_TEST(R147_a_shared_gather_and_a_shared_input_are_cancelled_for_everybody)
{
    run(cancel_one_of_two);
    log_expect("v RUNNER_ECANCELED,w RUNNER_ECANCELED,v RUNNER_ECANCELED,w RUNNER_ECANCELED");
}
END_TEST

static int cancel_nested(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int return_errors = 0; return_errors < 2; return_errors++) {
        runner_future_t *futures[3];
        new_futures(futures, 3);
        runner_future_t *inner = gather(futures, 2, return_errors);
        runner_future_t *inputs[2] = {inner, futures[2]};
        waiter_t waiter = {"w", gather(inputs, 2, return_errors), 2};
        runner_task_t *task = spawn_parked(wait_and_log, &waiter);
        ck_assert_code(runner_task_cancel(task), 0);
        for (int i = 0; i < 3; i++) {
            ck_assert_code(runner_future_status(futures[i]), RUNNER_ECANCELED);
        }
        await_and_unref(task, RUNNER_ECANCELED);
        unref_all(futures, 3);
        yield_times(2);
        ck_assert_code(runner_future_status(inner), RUNNER_ECANCELED);
        runner_future_unref(inner);
        runner_future_unref(waiter.future);
    }
    return 0;
}

START_TEST(a_gather_of_a_gather_is_cancelled_as_a_whole)
{
    run(cancel_nested);
    log_expect("w RUNNER_ECANCELED,w RUNNER_ECANCELED");
}
END_TEST

/* A stackless waiter. */
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
    log_add("step %s", status == 0 ? values_text(stepper->value, 2) : code_name(status));
    return status;
}

static int await_in_steps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int canceled = 0; canceled < 2; canceled++) {
        runner_future_t *futures[2];
        runner_task_t *task = NULL;
        new_futures(futures, 2);
        stepper_t stepper = {gather(futures, 2, 0), 0, NULL};
        ck_assert_code(runner_spawn_step(step_and_log, &stepper, NULL, &task), 0);
        ck_assert_code(runner_yield(), 0);
        if (canceled) {
            ck_assert_code(runner_task_cancel(task), 0);
            ck_assert_code(runner_future_status(futures[1]), RUNNER_ECANCELED);
        } else {
            resolve(futures[0], 1);
            resolve(futures[1], 2);
        }
        await_and_unref(task, canceled ? RUNNER_ECANCELED : 0);
        unref_all(futures, 2);
        runner_future_unref(stepper.future);
    }
    return 0;
}

START_TEST(a_stackless_task_waits_and_is_cancelled_in_the_same_way)
{
    run(await_in_steps);
    log_expect("step [1 2],step RUNNER_ECANCELED");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("gather cancel");
    TCase *tcase = test_case(suite, "down and back");
    tcase_add_test(tcase, R147_cancelling_the_waiter_cancels_all_inputs_first);
    tcase_add_test(tcase, a_gather_that_is_cancelled_ends_so_once_its_inputs_have_ended);
    tcase_add_test(tcase, what_is_done_already_is_not_cancelled);
    tcase_add_test(tcase, inputs_that_swallow_the_cancel_do_not_lose_it);
    tcase_add_test(tcase, an_input_that_answers_a_cancel_with_an_error_fails_the_gather);
    tcase_add_test(tcase, R144_every_request_is_handed_down);
    tcase_add_test(tcase, one_that_occurs_more_than_once_is_asked_as_often);
    tcase_add_test(tcase, R153_the_message_reaches_the_inputs);
    tcase_add_test(tcase, R145_inputs_that_have_not_started_never_do);
    tcase = test_case(suite, "what is not cancelled");
    tcase_add_test(tcase, R147_with_all_inputs_done_it_refuses_and_the_task_is_cancelled_alone);
    tcase_add_test(tcase, a_gather_that_has_failed_leaves_the_others_alone);
    tcase_add_test(tcase, an_input_that_is_cancelled_by_itself_is_an_error_like_another);
    tcase = test_case(suite, "shared");
    tcase_add_test(tcase, R147_a_shared_gather_and_a_shared_input_are_cancelled_for_everybody);
    tcase_add_test(tcase, a_gather_of_a_gather_is_cancelled_as_a_whole);
    tcase_add_test(tcase, a_stackless_task_waits_and_is_cancelled_in_the_same_way);
    return test_main(suite);
}
