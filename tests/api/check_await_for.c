/* runner_await_for(): a wait for a task that ends with a deadline. */
#include "check_support.h"

/* --- helpers ----------------------------------------------------------------------------- */

static runner_task_t *spawn(runner_fn fn, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn(fn, arg, &opts, &task), 0);
    return task;
}

/* Spawn a task and let it come to its first wait. */
static runner_task_t *spawn_parked(runner_fn fn, void *arg)
{
    runner_task_t *task = spawn(fn, arg);
    ck_assert_code(runner_yield(), 0);
    return task;
}

static int await_and_unref(runner_task_t *task)
{
    int code = runner_await(task, NULL);
    runner_task_unref(task);
    return code;
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}

/* Run a body that ends in a wait for ever. A timer that was left behind would be something that
 * can still happen: the clock would jump to it. */
static void run_into_deadlock(runner_fn body, uint64_t ms)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), ms);
    runner_free(runner);
}

/* The running task has so many requests, none of them undelivered. */
static void expect_requests(int count)
{
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), count);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(1), 0);
}

/* --- bodies that are awaited ------------------------------------------------------------- */

static int wait_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("inner");
    return code;
}

static int give_arg(void *arg, void **result)
{
    log_add("given");
    *result = arg;
    return 0;
}

static int give_5_at_10(void *arg, void **result)
{
    (void)arg;
    *result = value_of(5);
    return runner_sleep(10);
}

static int swallow_and_give_42(void *arg, void **result)
{
    *result = value_of(42);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return runner_sleep((uint64_t)number_of(arg));
}

static int fail_when_cancelled(void *arg, void **result)
{
    (void)arg;
    *result = value_of(1);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return -5;
}

/* Needs 20 ms to clean up, and tells if that is interrupted. */
static int clean_up_slowly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    log_add("cleaning");
    int code = runner_sleep(20);
    log_add("cleaned %s %dms", code_name(code), (int)now_ms(runner_current()));
    return RUNNER_ECANCELED;
}

/* --- outcomes ---------------------------------------------------------------------------- */

static int await_in_time(void *arg, void **result)
{
    static const uint64_t times[] = {11, 1000, RUNNER_FOREVER, RUNNER_FOREVER - 1};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        void *value = NULL;
        runner_task_t *task = spawn(give_5_at_10, NULL);
        ck_assert_code(runner_await_for(task, times[i], &value), 0);
        ck_assert_int_eq(number_of(value), 5);
        runner_task_unref(task);
    }
    ck_assert_int_eq(result_drops(), 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(a_task_that_ends_in_time_gives_its_result_and_leaves_no_timer)
{
    run_into_deadlock(await_in_time, 40);
    ck_assert_int_eq(drops(), 4);
}
END_TEST

static int await_too_long(void *arg, void **result)
{
    void *value = value_of(1);
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(wait_for_ever, NULL);
    ck_assert_code(runner_await_for(task, 10, &value), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_int_eq(runner_task_done(task), 1);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_PARENT);
    ck_assert_int_eq(number_of(value), 1);
    runner_task_unref(task);
    expect_requests(0);
    return 0;
}

START_TEST(R170_a_task_that_does_not_end_in_time_is_cancelled)
{
    run(await_too_long);
    log_expect("inner");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int await_failures(void *arg, void **result)
{
    void *value = value_of(1);
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(fail_when_cancelled, NULL);
    ck_assert_code(runner_await_for(task, 10, &value), -5);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    runner_task_unref(task);
    expect_requests(0);
    task = spawn_parked(fail_when_cancelled, NULL);
    ck_assert_code(runner_await_for(task, 0, &value), -5);
    ck_assert_int_eq(number_of(value), 1);
    runner_task_unref(task);
    expect_requests(0);
    return 0;
}

START_TEST(R179_a_task_that_fails_in_its_cleanup_is_no_timeout)
{
    run(await_failures); /* which also says that the failures were taken */
}
END_TEST

static int await_swallowers(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        for (int longer = 0; longer <= 5; longer += 5) {
            void *value = NULL;
            uint64_t begin = now_ms(runner_current());
            runner_task_t *task = spawn_parked(swallow_and_give_42, value_of(longer));
            ck_assert_code(runner_await_for(task, timeout_ms, &value), 0);
            ck_assert_int_eq(number_of(value), 42);
            ck_assert_uint_eq(now_ms(runner_current()) - begin, timeout_ms + (uint64_t)longer);
            ck_assert_int_eq(runner_task_cancelled(task), 0);
            runner_task_unref(task);
            expect_requests(0);
        }
    }
    ck_assert_int_eq(result_drops(), 0);
    return 0;
}

START_TEST(R148_R149_a_task_that_swallows_the_cancel_gives_its_result_in_the_end)
{
    run(await_swallowers);
}
END_TEST

static int await_slow_cleanups(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(clean_up_slowly, NULL);
    ck_assert_code(runner_await_for(task, 10, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 30);
    runner_task_unref(task);
    task = spawn_parked(clean_up_slowly, NULL);
    ck_assert_code(runner_await_for(task, 0, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 50);
    runner_task_unref(task);
    return 0;
}

START_TEST(R144_a_cleanup_is_waited_for_beyond_the_deadline)
{
    run(await_slow_cleanups);
    log_expect("cleaning,cleaned 0 30ms,cleaning,cleaned 0 50ms");
}
END_TEST

static int cancel_task(void *arg)
{
    return runner_task_cancel(arg);
}

static void cancel_later(runner_task_t *task, int64_t ms)
{
    ck_assert_code(runner_call_later(runner_current(), ms, cancel_task, task, NULL, NULL), 0);
}

static int await_cancelled(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(wait_for_ever, NULL);
    cancel_later(task, 5);
    ck_assert_code(runner_await_for(task, 10, NULL), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    runner_task_unref(task);
    expect_requests(0);

    task = spawn(wait_for_ever, NULL);
    cancel_later(task, 10); /* its timer comes first, the deadline in the same turn */
    ck_assert_code(runner_await_for(task, 10, NULL), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_task_cancelling(task), 2);
    runner_task_unref(task);
    expect_requests(0);
    return 0;
}

START_TEST(R176_a_task_that_somebody_else_cancels_before_the_deadline_is_no_timeout)
{
    run(await_cancelled);
    log_expect("inner,inner");
}
END_TEST

static int await_end_at_deadline(void *arg, void **result)
{
    void *value = value_of(1);
    (void)arg;
    (void)result;
    for (int task_first = 0; task_first < 2; task_first++) {
        runner_task_t *task = spawn(give_5_at_10, NULL);
        if (task_first) {
            ck_assert_code(runner_yield(), 0);
        }
        ck_assert_code(runner_await_for(task, 10, &value), RUNNER_ETIMEDOUT);
        ck_assert_int_eq(runner_task_cancelled(task), 1);
        runner_task_unref(task);
        expect_requests(0);
    }
    ck_assert_int_eq(number_of(value), 1);
    return 0;
}

START_TEST(R147_a_task_whose_sleep_ends_at_the_deadline_is_cancelled)
{
    run(await_end_at_deadline);
}
END_TEST

/* --- no time at all ---------------------------------------------------------------------- */

static int fail_at_once(void *arg, void **result)
{
    (void)result;
    return (int)number_of(arg);
}

static int await_done(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *given = spawn(give_arg, value_of(5));
    runner_task_t *failed = spawn(fail_at_once, value_of(-5));
    runner_task_t *cancelled = spawn_parked(fail_at_once, value_of(RUNNER_ECANCELED));
    runner_task_t *other = spawn(log_body, "other");
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        void *value = value_of(1);
        ck_assert_code(runner_await_for(failed, timeout_ms, &value), -5);
        ck_assert_code(runner_await_for(cancelled, timeout_ms, &value), RUNNER_ECANCELED);
        ck_assert_int_eq(number_of(value), 1);
        ck_assert_code(runner_await_for(given, timeout_ms, NULL), 0); /* leaves the result */
        ck_assert_code(runner_await_for(given, timeout_ms, &value), 0);
        ck_assert_int_eq(number_of(value), 5);
    }
    log_add("not waited");
    ck_assert_code(await_and_unref(other), 0);
    runner_task_unref(given);
    runner_task_unref(failed);
    runner_task_unref(cancelled);
    return 0;
}

START_TEST(a_task_that_is_done_is_not_waited_for)
{
    run(await_done);
    log_expect("given,not waited,other");
    ck_assert_int_eq(result_drops(), 0);
}
END_TEST

static int await_unstarted(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(give_arg, value_of(5));
    ck_assert_code(runner_await_for(task, 0, NULL), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_int_eq(drops(), 1);
    runner_task_unref(task);
    expect_requests(0);
    return 0;
}

START_TEST(R145_a_task_that_has_not_started_never_does_without_time)
{
    run(await_unstarted);
    log_expect("");
}
END_TEST

static int await_started(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(wait_for_ever, NULL);
    ck_assert_code(runner_await_for(task, 0, NULL), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_TIMEOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    runner_task_unref(task);
    expect_requests(0);
    return 0;
}

START_TEST(R173_a_task_that_waits_is_cancelled_at_once_without_time)
{
    run(await_started);
    log_expect("inner");
}
END_TEST

/* --- turns ------------------------------------------------------------------------------- */

static int tick(void *arg, void **result)
{
    (void)result;
    int code = arg != NULL ? runner_sleep((uint64_t)number_of(arg)) : 0;
    for (int i = 0; i < 4 && code == 0; i++) {
        log_add("%d", i);
        code = runner_yield();
    }
    return code;
}

static int tell_await(void *arg, void **result)
{
    void **args = arg;
    int code = runner_await_for(args[0], (uint64_t)number_of(args[1]), result);
    log_add("%s", code_name(code));
    return 0;
}

static int count_turns(void *arg, void **result)
{
    (void)arg;
    (void)result;
    /* An end goes through an entry of its own if there was no time at all ... */
    runner_task_t *task = spawn(wait_for_ever, NULL);
    void *args[2] = {task, value_of(0)};
    runner_task_t *awaiter = spawn_parked(tell_await, args);
    runner_task_t *ticker = spawn(tick, value_of(0));
    ck_assert_code(await_and_unref(awaiter), 0);
    ck_assert_code(await_and_unref(ticker), 0);
    runner_task_unref(task);
    log_expect("inner,0,1,RUNNER_ETIMEDOUT,2,3");

    /* ... else the task wakes who awaits it. */
    task = spawn_parked(wait_for_ever, NULL);
    args[0] = task;
    args[1] = value_of(10);
    awaiter = spawn(tell_await, args);
    ticker = spawn(tick, value_of(10));
    ck_assert_code(await_and_unref(awaiter), 0);
    ck_assert_code(await_and_unref(ticker), 0);
    runner_task_unref(task);
    log_expect("inner,0,RUNNER_ETIMEDOUT,1,2,3");
    return 0;
}

START_TEST(R190_the_caller_hears_of_the_end_in_its_turn)
{
    run(count_turns);
}
END_TEST

/* --- the caller is cancelled ------------------------------------------------------------- */

typedef struct waiter {
    runner_task_t *task;
    uint64_t timeout_ms;
    void *value;
    int status;
} waiter_t;

static int await_as_told(void *arg, void **result)
{
    waiter_t *waiter = arg;
    (void)result;
    waiter->status = runner_await_for(waiter->task, waiter->timeout_ms, &waiter->value);
    log_add("%s %dms, %d", code_name(waiter->status), (int)now_ms(runner_current()),
            runner_task_done(waiter->task));
    return waiter->status;
}

static int cancel_callers(void *arg, void **result)
{
    static const uint64_t times[] = {60, RUNNER_FOREVER};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        waiter_t waiter = {spawn(wait_for_ever, NULL), times[i], value_of(1), 0};
        runner_task_t *caller = spawn_parked(await_as_told, &waiter);
        ck_assert_code(runner_task_cancel(caller), 0);
        ck_assert_int_eq(runner_task_cancel_reason(waiter.task), RUNNER_REASON_PARENT);
        ck_assert_code(runner_await(caller, NULL), RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelling(caller), 1);
        ck_assert_int_eq(runner_task_cancel_reason(caller), RUNNER_REASON_USER);
        ck_assert_int_eq(runner_task_cancelled(waiter.task), 1);
        ck_assert_int_eq(number_of(waiter.value), 1);
        runner_task_unref(caller);
        runner_task_unref(waiter.task);
    }
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R147_R176_a_cancel_of_the_caller_cancels_the_task_and_unwinds_it_first)
{
    run_into_deadlock(cancel_callers, 0);
    log_expect("inner,RUNNER_ECANCELED 0ms, 1,inner,RUNNER_ECANCELED 0ms, 1");
}
END_TEST

static int cancel_caller_of_swallower(void *arg, void **result)
{
    (void)arg;
    (void)result;
    waiter_t waiter = {spawn(swallow_and_give_42, value_of(30)), 60, NULL, 0};
    runner_task_t *caller = spawn_parked(await_as_told, &waiter);
    ck_assert_code(runner_task_cancel(caller), 0);
    ck_assert_code(runner_await(caller, NULL), 0);
    ck_assert_int_eq(runner_task_cancelling(caller), 1);
    ck_assert_int_eq(number_of(waiter.value), 42);
    runner_task_unref(caller);
    runner_task_unref(waiter.task);
    return 0;
}

START_TEST(R147_a_cancel_of_the_caller_waits_for_a_task_that_swallows_it)
{
    run(cancel_caller_of_swallower);
    log_expect("0 30ms, 1");
}
END_TEST

static int cancel_caller_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    waiter_t waiter = {spawn(clean_up_slowly, NULL), 5, NULL, 0};
    runner_task_t *caller = spawn(await_as_told, &waiter);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_int_eq(runner_task_cancelling(caller), 1);
    ck_assert_int_eq(runner_task_cancel_reason(caller), RUNNER_REASON_TIMEOUT);
    ck_assert_code(runner_task_cancel(caller), 0);
    ck_assert_code(runner_await(caller, NULL), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelling(caller), 1);
    ck_assert_int_eq(runner_task_cancel_reason(caller), RUNNER_REASON_USER);
    ck_assert_int_eq(runner_task_cancelling(waiter.task), 2);
    runner_task_unref(caller);
    runner_task_unref(waiter.task);
    return 0;
}

START_TEST(R177_a_cancel_of_the_caller_after_the_deadline_wins)
{
    run(cancel_caller_in_cleanup);
    log_expect("cleaning,cleaned RUNNER_ECANCELED 10ms,RUNNER_ECANCELED 10ms, 1");
}
END_TEST

static int cancel_caller_without_time(void *arg, void **result)
{
    (void)arg;
    (void)result;
    waiter_t waiter = {spawn_parked(clean_up_slowly, NULL), 0, NULL, 0};
    runner_task_t *caller = spawn(await_as_told, &waiter);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_int_eq(runner_task_cancelling(caller), 0); /* only the task was cancelled */
    ck_assert_code(runner_task_cancel(caller), 0);
    ck_assert_code(runner_await(caller, NULL), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelling(waiter.task), 1);
    ck_assert_code(runner_await(waiter.task, NULL), RUNNER_ECANCELED);
    runner_task_unref(caller);
    runner_task_unref(waiter.task);
    return 0;
}

START_TEST(R176_a_cancel_of_the_caller_is_told_at_once_if_there_was_no_time)
{
    run(cancel_caller_without_time);
    log_expect("cleaning,RUNNER_ECANCELED 5ms, 0,cleaned 0 20ms");
}
END_TEST

static int cancel_caller_of_ended(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (uint64_t timeout_ms = 0; timeout_ms <= 100; timeout_ms += 100) {
        /* The task has ended, and the caller has not heard of it yet. */
        void *value = NULL;
        waiter_t waiter = {spawn_parked(swallow_and_give_42, value_of(0)), timeout_ms, NULL, 0};
        runner_task_t *caller = spawn_parked(await_as_told, &waiter);
        if (timeout_ms != 0) {
            ck_assert_code(runner_task_cancel(waiter.task), 0);
        }
        while (!runner_task_done(waiter.task)) {
            ck_assert_code(runner_yield(), 0);
        }
        ck_assert_int_eq(runner_task_done(caller), 0);
        ck_assert_code(runner_task_cancel(caller), 0);
        ck_assert_code(runner_await(caller, NULL), RUNNER_ECANCELED);
        ck_assert_ptr_null(waiter.value);
        ck_assert_code(runner_await(waiter.task, &value), 0); /* nobody has taken it */
        ck_assert_int_eq(number_of(value), 42);
        runner_task_unref(caller);
        runner_task_unref(waiter.task);
    }
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R147_a_cancel_of_the_caller_is_not_lost_when_the_task_has_just_ended)
{
    run_into_deadlock(cancel_caller_of_ended, 0);
    log_expect("RUNNER_ECANCELED 0ms, 1,RUNNER_ECANCELED 0ms, 1");
}
END_TEST

static int cancel_self_first(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    (void)result;
    runner_task_t *done = spawn_parked(give_arg, NULL);
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        ck_assert_code(runner_task_cancel(self), 0);
        ck_assert_code(runner_await_for(done, timeout_ms, NULL), 0); /* does not wait */
        runner_task_t *task = spawn(give_arg, NULL);
        ck_assert_code(runner_await_for(task, timeout_ms, NULL), RUNNER_ECANCELED);
        ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
        runner_task_unref(task);
        expect_requests(1);
        ck_assert_int_eq(runner_task_uncancel(self), 0);
    }
    runner_task_unref(done);
    return 0;
}

START_TEST(R146_a_caller_that_has_cancelled_itself_is_told_by_the_wait)
{
    run(cancel_self_first);
    log_expect("given");
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static int await_foreign(void *arg, void **result)
{
    void *value = value_of(1);
    (void)result;
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        ck_assert_code(runner_await_for(arg, timeout_ms, &value), RUNNER_EFOREIGN);
    }
    ck_assert_int_eq(number_of(value), 1);
    return 0;
}

static int await_in_callback(void *arg)
{
    void *value = value_of(1);
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        ck_assert_code(runner_await_for(arg, timeout_ms, &value), RUNNER_ENOTASK);
    }
    ck_assert_int_eq(number_of(value), 1);
    log_add("callback");
    return 0;
}

static int await_wrongly(void *arg, void **result)
{
    runner_task_t **kept = arg;
    void *value = value_of(1);
    (void)result;
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        ck_assert_code(runner_await_for(NULL, timeout_ms, &value), RUNNER_EINVAL);
        ck_assert_code(runner_await_for(runner_current_task(), timeout_ms, &value), RUNNER_ESELF);
    }
    ck_assert_int_eq(number_of(value), 1);
    *kept = spawn_parked(wait_for_ever, NULL);
    ck_assert_code(runner_call_soon(runner_current(), await_in_callback, *kept, NULL), 0);
    expect_requests(0);
    return 0;
}

START_TEST(R041_a_wait_that_is_refused_cancels_nobody)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(runner, await_wrongly, &task, NULL, NULL), 0);
    ck_assert_code(runner_run(other, await_foreign, task, NULL, NULL), 0);
    ck_assert_code(runner_await_for(task, 10, NULL), RUNNER_ENOTASK);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    log_expect("callback");
    runner_task_unref(task);
    runner_free(other);
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_cancel_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "the caller is cancelled");
    tcase_add_test(tcase, R147_R176_a_cancel_of_the_caller_cancels_the_task_and_unwinds_it_first);
    tcase_add_test(tcase, R147_a_cancel_of_the_caller_waits_for_a_task_that_swallows_it);
    tcase_add_test(tcase, R177_a_cancel_of_the_caller_after_the_deadline_wins);
    tcase_add_test(tcase, R176_a_cancel_of_the_caller_is_told_at_once_if_there_was_no_time);
    tcase_add_test(tcase, R147_a_cancel_of_the_caller_is_not_lost_when_the_task_has_just_ended);
    tcase_add_test(tcase, R146_a_caller_that_has_cancelled_itself_is_told_by_the_wait);
    tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, R041_a_wait_that_is_refused_cancels_nobody);
}

int main(void)
{
    Suite *suite = suite_create("await_for");
    TCase *tcase = test_case(suite, "outcomes");
    tcase_add_test(tcase, a_task_that_ends_in_time_gives_its_result_and_leaves_no_timer);
    tcase_add_test(tcase, R170_a_task_that_does_not_end_in_time_is_cancelled);
    tcase_add_test(tcase, R179_a_task_that_fails_in_its_cleanup_is_no_timeout);
    tcase_add_test(tcase, R148_R149_a_task_that_swallows_the_cancel_gives_its_result_in_the_end);
    tcase_add_test(tcase, R144_a_cleanup_is_waited_for_beyond_the_deadline);
    tcase_add_test(tcase, R176_a_task_that_somebody_else_cancels_before_the_deadline_is_no_timeout);
    tcase_add_test(tcase, R147_a_task_whose_sleep_ends_at_the_deadline_is_cancelled);
    tcase = test_case(suite, "no time at all");
    tcase_add_test(tcase, a_task_that_is_done_is_not_waited_for);
    tcase_add_test(tcase, R145_a_task_that_has_not_started_never_does_without_time);
    tcase_add_test(tcase, R173_a_task_that_waits_is_cancelled_at_once_without_time);
    tcase = test_case(suite, "turns");
    tcase_add_test(tcase, R190_the_caller_hears_of_the_end_in_its_turn);
    add_cancel_tests(suite);
    return test_main(suite);
}
