/* Futures: settled once, by anybody, for any number of waiters. */
#include "check_support.h"

/* --- helpers ----------------------------------------------------------------------------- */

static runner_future_t *new_future(void)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    ck_assert_ptr_nonnull(future);
    return future;
}

/* A named task that waits for a future and logs what it got. */
typedef struct waiter {
    const char *name;
    runner_future_t *future;
} waiter_t;

static int wait_and_log(void *arg, void **result)
{
    waiter_t *waiter = arg;
    void *value = value_of(-1);
    (void)result;
    int code = runner_future_await(waiter->future, &value);
    if (code == 0) {
        log_add("%s %d", waiter->name, (int)number_of(value));
    } else {
        log_add("%s %s", waiter->name, code_name(code));
    }
    return code;
}

static runner_task_t *spawn_waiter(waiter_t *waiter)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(wait_and_log, waiter, NULL, &task), 0);
    return task;
}

static int log_done(runner_future_t *future, void *arg)
{
    ck_assert_int_eq(runner_future_done(future), 1);
    log_add("%s", (const char *)arg);
    return 0;
}

static void on_done(runner_future_t *future, const char *entry)
{
    ck_assert_code(runner_future_on_done(future, log_done, (void *)(uintptr_t)entry, drop_count),
                   0);
}

static void call_soon(const char *entry)
{
    ck_assert_code(runner_call_soon(runner_current(), log_callback, (void *)(uintptr_t)entry, NULL),
                   0);
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

/* --- settling ---------------------------------------------------------------------------- */

static int resolve(void *arg, void **result)
{
    runner_future_t *future = new_future();
    waiter_t waiters[3] = {{"a", future}, {"b", future}, {"c", future}};
    runner_task_t *tasks[3];
    void *value = value_of(-1);
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        tasks[i] = spawn_waiter(&waiters[i]);
    }
    ck_assert_code(runner_yield(), 0);
    ck_assert_int_eq(runner_future_done(future), 0);
    ck_assert_code(runner_future_status(future), RUNNER_EPENDING);
    ck_assert_code(runner_future_result(future, &value), RUNNER_EPENDING);
    ck_assert_code(runner_future_resolve(future, value_of(7)), 0);
    log_add("resolved");
    ck_assert_int_eq(runner_future_done(future), 1);
    ck_assert_code(runner_future_status(future), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_await(tasks[i], NULL), 0);
        runner_task_unref(tasks[i]);
    }
    ck_assert_code(runner_future_await(future, &value), 0); /* late comers too */
    ck_assert_int_eq(number_of(value), 7);
    ck_assert_code(runner_future_result(future, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    runner_future_unref(future);
    return 0;
}

START_TEST(every_waiter_gets_the_value_in_the_order_of_waiting)
{
    run(resolve);
    log_expect("resolved,a 7,b 7,c 7");
}
END_TEST

static int reject(void *arg, void **result)
{
    runner_future_t *future = new_future();
    waiter_t waiters[2] = {{"a", future}, {"b", future}};
    void *value = value_of(-1);
    (void)arg;
    (void)result;
    for (int i = 0; i < 2; i++) {
        runner_task_unref(spawn_waiter(&waiters[i]));
    }
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_future_reject(future, RUNNER_EUSER), 0);
    ck_assert_code(runner_future_status(future), RUNNER_EUSER);
    ck_assert_code(runner_future_await(future, &value), RUNNER_EUSER);
    ck_assert_code(runner_future_result(future, &value), RUNNER_EUSER);
    ck_assert_int_eq(number_of(value), -1);
    int code = runner_sleep(1);
    runner_future_unref(future);
    return code;
}

START_TEST(every_waiter_gets_the_error)
{
    run(reject);
    /* The waiters fail with it, and nobody awaits them. */
    log_expect("a RUNNER_EUSER,eh,b RUNNER_EUSER,eh");
    ck_assert_int_eq(exceptions(), 2);
}
END_TEST

static int cancel(void *arg, void **result)
{
    runner_future_t *futures[2];
    (void)arg;
    (void)result;
    for (int i = 0; i < 2; i++) {
        futures[i] = new_future();
        waiter_t waiter = {"a", futures[i]};
        runner_task_t *task = spawn_waiter(&waiter);
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(i == 0 ? runner_future_cancel(futures[i])
                              : runner_future_reject(futures[i], RUNNER_ECANCELED),
                       0);
        ck_assert_code(runner_future_status(futures[i]), RUNNER_ECANCELED);
        ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelled(task), 1);
        ck_assert_int_eq(runner_task_cancelling(task), 0); /* it was not asked to end */
        runner_task_unref(task);
        runner_future_unref(futures[i]);
    }
    return 0;
}

START_TEST(a_cancelled_future_cancels_who_waits_for_it)
{
    run(cancel);
    log_expect("a RUNNER_ECANCELED,a RUNNER_ECANCELED");
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int settle_twice(void *arg, void **result)
{
    runner_future_t *future = new_future();
    (void)arg;
    ck_assert_code(runner_future_reject(future, 0), RUNNER_EINVAL);
    ck_assert_code(runner_future_reject(future, 5), RUNNER_EINVAL);
    ck_assert_int_eq(runner_future_done(future), 0);
    ck_assert_code(runner_future_resolve(future, value_of(7)), 0);
    ck_assert_code(runner_future_resolve(future, value_of(8)), RUNNER_EDONE);
    ck_assert_code(runner_future_reject(future, -5), RUNNER_EDONE);
    ck_assert_code(runner_future_cancel(future), RUNNER_EDONE);
    int code = runner_future_await(future, result);
    runner_future_unref(future);
    return code;
}

START_TEST(a_future_is_settled_once)
{
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, settle_twice, NULL, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
    runner_free(runner);
}
END_TEST

START_TEST(a_future_can_be_settled_between_runs)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_future_resolve(future, value_of(7)), 0);
    waiter_t waiter = {"main", future};
    ck_assert_code(runner_run(runner, wait_and_log, &waiter, NULL, NULL), 0);
    log_expect("main 7");
    runner_future_unref(future);
    runner_free(runner);
}
END_TEST

/* --- order ------------------------------------------------------------------------------- */

static int order(void *arg, void **result)
{
    runner_future_t *future = new_future();
    waiter_t waiters[2] = {{"a", future}, {"b", future}};
    (void)arg;
    (void)result;
    on_done(future, "done1");
    for (int i = 0; i < 2; i++) {
        runner_task_unref(spawn_waiter(&waiters[i]));
    }
    ck_assert_code(runner_yield(), 0);
    on_done(future, "done2");
    call_soon("soon1");
    ck_assert_code(runner_future_resolve(future, NULL), 0);
    call_soon("soon2");
    log_add("set");
    ck_assert_code(runner_yield(), 0);
    log_add("main");
    on_done(future, "late");
    log_add("x");
    int code = runner_yield();
    runner_future_unref(future);
    return code;
}

START_TEST(R190_waiters_and_callbacks_are_queued_in_the_order_of_their_coming)
{
    run(order);
    log_expect("set,soon1,done1,a 0,b 0,done2,soon2,main,x,late");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

/* --- done callbacks ---------------------------------------------------------------------- */

static int failing_done(runner_future_t *future, void *arg)
{
    (void)future;
    return (int)number_of(arg);
}

static int fail_in_done(void *arg, void **result)
{
    runner_future_t *future = new_future();
    (void)arg;
    (void)result;
    ck_assert_code(runner_future_on_done(future, failing_done, value_of(-5), NULL), 0);
    ck_assert_code(runner_future_on_done(future, failing_done, value_of(5), NULL), 0);
    on_done(future, "last");
    ck_assert_code(runner_future_resolve(future, NULL), 0);
    runner_future_unref(future); /* its callbacks keep it */
    return runner_sleep(1);
}

START_TEST(R039_a_done_callback_that_fails_is_reported)
{
    run(fail_in_done);
    log_expect("eh,eh,last");
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_code(exception_at(1)->code, RUNNER_EBADRESULT);
}
END_TEST

START_TEST(callbacks_of_a_future_that_is_never_settled_are_dropped)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    on_done(future, "never");
    on_done(future, "never");
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(drops(), 2);
    runner_future_unref(future);
    runner_free(runner);
    ck_assert_int_eq(drops(), 2);
    log_expect("main");
}
END_TEST

START_TEST(a_future_of_a_closed_runner_takes_no_callbacks)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_future_on_done(future, log_done, "never", drop_count), RUNNER_ECLOSED);
    ck_assert_code(runner_future_new(runner, &future), RUNNER_ECLOSED);
    runner_free(runner);
    ck_assert_code(runner_future_on_done(future, log_done, "never", drop_count), RUNNER_ECLOSED);
    ck_assert_code(runner_future_status(future), RUNNER_EPENDING);
    ck_assert_int_eq(drops(), 0);
    runner_future_unref(future);
}
END_TEST

static int task_as_future(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    ck_assert_code(runner_spawn(log_body, "task", NULL, &task), 0);
    on_done(runner_task_future(task), "done");
    ck_assert_code(runner_await(task, result), 0);
    log_add("main");
    ck_assert_int_eq(runner_future_done(runner_task_future(task)), 1);
    ck_assert_code(runner_future_status(runner_task_future(task)), 0);
    runner_task_unref(task);
    return runner_sleep(1);
}

START_TEST(R154_a_task_is_a_future_for_everything_else)
{
    run(task_as_future);
    log_expect("task,done,main");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

/* --- outcomes that nobody took ----------------------------------------------------------- */

START_TEST(R093_an_error_that_nobody_took_is_reported_with_the_last_handle)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_ptr_eq(runner_future_ref(future), future);
    ck_assert_code(runner_future_reject(future, -5), 0);
    ck_assert_code(runner_future_status(future), -5); /* only a look */
    runner_future_unref(future);
    ck_assert_int_eq(exceptions(), 0);
    runner_future_unref(future);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_int_eq(exception_at(0)->has_future, 1);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 1);
}
END_TEST

START_TEST(R093_an_error_that_was_taken_is_not_reported)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_future_reject(future, -5), 0);
    ck_assert_code(runner_future_result(future, NULL), -5);
    runner_future_unref(future);
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_future_cancel(future), 0);
    runner_future_unref(future);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- outside of tasks -------------------------------------------------------------------- */

static int await_in_callback(void *arg)
{
    void *value = value_of(-1);
    ck_assert_code(runner_future_await(arg, &value), RUNNER_ENOTASK);
    ck_assert_code(runner_sleep(1), RUNNER_ENOTASK);
    ck_assert_code(runner_yield(), RUNNER_ENOTASK);
    ck_assert_int_eq(number_of(value), -1);
    log_add("callback");
    return 0;
}

START_TEST(only_tasks_can_wait)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_future_await(future, NULL), RUNNER_ENOTASK);
    ck_assert_code(runner_sleep(1), RUNNER_ENOTASK);
    ck_assert_code(runner_yield(), RUNNER_ENOTASK);
    ck_assert_code(runner_call_soon(runner, await_in_callback, future, NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    log_expect("callback,main");
    runner_future_unref(future);
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("future");
    TCase *tcase = test_case(suite, "settling");
    tcase_add_test(tcase, every_waiter_gets_the_value_in_the_order_of_waiting);
    tcase_add_test(tcase, every_waiter_gets_the_error);
    tcase_add_test(tcase, a_cancelled_future_cancels_who_waits_for_it);
    tcase_add_test(tcase, a_future_is_settled_once);
    tcase_add_test(tcase, a_future_can_be_settled_between_runs);
    tcase = test_case(suite, "order");
    tcase_add_test(tcase, R190_waiters_and_callbacks_are_queued_in_the_order_of_their_coming);
    tcase = test_case(suite, "done callbacks");
    tcase_add_test(tcase, R039_a_done_callback_that_fails_is_reported);
    tcase_add_test(tcase, callbacks_of_a_future_that_is_never_settled_are_dropped);
    tcase_add_test(tcase, a_future_of_a_closed_runner_takes_no_callbacks);
    tcase_add_test(tcase, R154_a_task_is_a_future_for_everything_else);
    tcase = test_case(suite, "outcomes that nobody took");
    tcase_add_test(tcase, R093_an_error_that_nobody_took_is_reported_with_the_last_handle);
    tcase_add_test(tcase, R093_an_error_that_was_taken_is_not_reported);
    tcase = test_case(suite, "outside of tasks");
    tcase_add_test(tcase, only_tasks_can_wait);
    return test_main(suite);
}
