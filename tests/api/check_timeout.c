/* Timeouts: when they expire, and what other cancels have to do with it. */
#include "check_support.h"

#define NS_OF_MS(ms) (UINT64_C(1000000) * (ms))

/* --- helpers ----------------------------------------------------------------------------- */

static runner_timeout_t *made(void)
{
    runner_timeout_t *timeout = NULL;
    ck_assert_code(runner_timeout_new(&timeout), 0);
    ck_assert_ptr_nonnull(timeout);
    return timeout;
}

static runner_timeout_t *opened(uint64_t timeout_ms)
{
    runner_timeout_t *timeout = made();
    ck_assert_code(runner_timeout_open(timeout, timeout_ms), 0);
    return timeout;
}

/* Close, compare and release. */
#define ck_assert_closes(timeout, code, expected, has_expired)                                     \
    do {                                                                                           \
        ck_assert_code(runner_timeout_close(timeout, code), expected);                             \
        ck_assert_int_eq(runner_timeout_expired(timeout), has_expired);                            \
        runner_timeout_unref(timeout);                                                             \
    } while (0)

static runner_task_t *spawn(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    return task;
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

static int cancel_task(void *arg)
{
    return runner_task_cancel(arg);
}

static void cancel_later(runner_task_t *task, int64_t ms)
{
    ck_assert_code(runner_call_later(runner_current(), ms, cancel_task, task, NULL, NULL), 0);
}

/* Have a cancel request that was delivered and swallowed, and still counts. */
static void swallow_a_cancel(void)
{
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    ck_assert_code(runner_yield(), RUNNER_ECANCELED);
}

/* The running task has so many requests, the latest for this reason; what waits now, waits. */
static void expect_requests(int count, int reason)
{
    runner_task_t *self = runner_current_task();
    ck_assert_int_eq(runner_task_cancelling(self), count);
    ck_assert_int_eq(runner_task_cancel_reason(self), reason);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(1), 0);
}

/* --- expiry ------------------------------------------------------------------------------ */

static int outlive_deadline(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    ck_assert_int_eq(runner_timeout_expired(timeout), 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_int_eq(runner_timeout_expired(timeout), 1);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    return 0;
}

START_TEST(R170_a_body_that_outlives_its_deadline_is_cancelled_and_times_out)
{
    run(outlive_deadline);
}
END_TEST

static int outlive_deadline_at(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(3), 0);
    runner_timeout_t *timeout = made();
    uint64_t when = runner_time_ns(runner_current()) + NS_OF_MS(10);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), UINT64_MAX);
    ck_assert_code(runner_timeout_open_at_ns(timeout, when), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), when);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_uint_eq(runner_time_ns(runner_current()), when);
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), when);
    runner_timeout_unref(timeout);
    return 0;
}

START_TEST(R170_a_deadline_may_be_given_on_the_loops_clock)
{
    run(outlive_deadline_at);
}
END_TEST

static int wait_and_tell(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    ck_assert_int_eq(runner_task_cancel_reason(runner_current_task()), RUNNER_REASON_PARENT);
    log_add("inner %s", code_name(code));
    return code;
}

static int expire_in_await(void *arg, void **result)
{
    runner_task_t *inner = spawn(wait_and_tell, NULL);
    runner_timeout_t *timeout = opened(10);
    (void)arg;
    ck_assert_code(runner_await(inner, result), RUNNER_ECANCELED);
    log_add("outer");
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 1);
    ck_assert_int_eq(runner_task_cancel_reason(runner_current_task()), RUNNER_REASON_TIMEOUT);
    ck_assert_ptr_null(runner_task_cancel_message(runner_current_task()));
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(0, 0);
    runner_task_unref(inner);
    return 0;
}

START_TEST(R170_the_expiry_is_a_cancel_that_names_the_timeout_and_reaches_the_innermost_wait)
{
    run(expire_in_await);
    log_expect("inner RUNNER_ECANCELED,outer");
}
END_TEST

enum { MANY = 200 };

static int expire_as_number(void *arg, void **result)
{
    uint64_t ms = 1 + (uint64_t)number_of(arg) * 7 % MANY;
    (void)result;
    runner_timeout_t *timeout = opened(ms);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), ms);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    return 0;
}

static int expire_many(void *arg, void **result)
{
    runner_task_t *tasks[MANY];
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        tasks[i] = spawn(expire_as_number, value_of(i));
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(R170_each_timeout_cancels_its_own_task_at_its_own_time)
{
    run(expire_many);
}
END_TEST

static int expire_eagerly(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    (void)arg;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.eager = 1;
    ck_assert_code(runner_spawn(outlive_deadline, NULL, &opts, &task), 0);
    ck_assert_code(runner_sleep(20), 0); /* the spawner has no timeout */
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R170_a_timeout_of_an_eager_first_step_belongs_to_the_new_task)
{
    run(expire_eagerly);
}
END_TEST

/* --- no expiry --------------------------------------------------------------------------- */

static int finish_first(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(1000);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), NS_OF_MS(1000));
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_closes(timeout, 0, 0, 0);
    timeout = opened(1000);
    ck_assert_closes(timeout, -5, -5, 0);
    timeout = opened(1000);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 0);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R171_a_body_that_ends_first_has_its_own_outcome_and_leaves_no_timer)
{
    run_into_deadlock(finish_first, 10);
}
END_TEST

static int never_expire(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(RUNNER_FOREVER);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), UINT64_MAX);
    ck_assert_code(runner_sleep(1000000000), 0);
    ck_assert_closes(timeout, 0, 0, 0);
    timeout = made();
    ck_assert_code(runner_timeout_open_at_ns(timeout, UINT64_MAX), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), UINT64_MAX);
    ck_assert_code(runner_sleep(1000), 0);
    ck_assert_closes(timeout, 0, 0, 0);
    return 0;
}

START_TEST(R172_a_timeout_without_a_deadline_never_expires)
{
    run(never_expire);
}
END_TEST

static int wait_disabled(void *arg, void **result)
{
    runner_timeout_t **timeout = arg;
    (void)result;
    *timeout = opened(RUNNER_FOREVER);
    int code = runner_sleep(RUNNER_FOREVER);
    return runner_timeout_close(*timeout, code);
}

START_TEST(R172_a_timeout_without_a_deadline_is_nothing_that_can_happen)
{
    runner_t *runner = test_runner();
    runner_timeout_t *timeout = NULL;
    ck_assert_code(runner_run(runner, wait_disabled, &timeout, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(runner_timeout_expired(timeout), 0);
    runner_timeout_unref(timeout);
    runner_free(runner);
}
END_TEST

static int wait_for_the_far_future(void *arg, void **result)
{
    static const uint64_t far[] = {UINT64_MAX - 1, UINT64_MAX / 2, UINT64_MAX / 1000000 + 2};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        runner_timeout_t *timeout = opened(far[i]);
        ck_assert_uint_ge(runner_timeout_when_ns(timeout), INT64_MAX);
        ck_assert_code(runner_sleep(1000), 0);
        ck_assert_code(runner_timeout_reschedule(timeout, 1), 0);
        ck_assert_code(runner_timeout_reschedule(timeout, far[i]), 0);
        ck_assert_code(runner_sleep(1000), 0);
        ck_assert_closes(timeout, 0, 0, 0);
    }
    return 0;
}

START_TEST(R172_a_time_beyond_the_clocks_range_is_far_away_and_not_in_the_past)
{
    run(wait_for_the_far_future);
}
END_TEST

/* --- at once ----------------------------------------------------------------------------- */

static int expire_at_once(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t now = runner_time_ns(runner_current());
        runner_timeout_t *timeout = opened(0);
        log_add("body");
        ck_assert_int_eq(runner_timeout_expired(timeout), 0);
        ck_assert_uint_eq(runner_timeout_when_ns(timeout), now);
        ck_assert_code(runner_sleep(i * 10), RUNNER_ECANCELED); /* 0 is a yield */
        ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
        ck_assert_uint_eq(runner_time_ns(runner_current()), now);
        expect_requests(0, 0);
    }
    return 0;
}

START_TEST(R173_a_timeout_of_zero_expires_at_the_first_wait_be_it_a_yield)
{
    run(expire_at_once);
    log_expect("body,body");
}
END_TEST

static int expire_in_the_past(void *arg, void **result)
{
    static const uint64_t past[] = {0, NS_OF_MS(5), NS_OF_MS(20)};
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(20), 0);
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++) {
        runner_timeout_t *timeout = made();
        ck_assert_code(runner_timeout_open_at_ns(timeout, past[i]), 0);
        ck_assert_uint_eq(runner_timeout_when_ns(timeout), past[i]);
        ck_assert_int_eq(runner_timeout_expired(timeout), 0);
        ck_assert_code(runner_yield(), RUNNER_ECANCELED);
        ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    }
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    return 0;
}

START_TEST(R173_a_deadline_in_the_past_or_now_expires_at_the_first_wait)
{
    run(expire_in_the_past);
}
END_TEST

static int log_expired(void *arg, void **result)
{
    (void)result;
    log_add("%d", runner_timeout_expired(*(runner_timeout_t **)arg));
    return 0;
}

static int expire_in_order(void *arg, void **result)
{
    runner_timeout_t *timeout = made();
    (void)arg;
    (void)result;
    runner_task_t *before = spawn(log_expired, &timeout);
    ck_assert_code(runner_timeout_open(timeout, 0), 0);
    runner_task_t *after = spawn(log_expired, &timeout);
    log_add("wait");
    ck_assert_code(runner_yield(), RUNNER_ECANCELED);
    log_add("cancelled");
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    runner_task_unref(before);
    runner_task_unref(after);
    return 0;
}

START_TEST(R173_an_expiry_that_is_due_waits_for_its_turn_like_everything_else)
{
    run(expire_in_order);
    log_expect("wait,0,1,cancelled");
}
END_TEST

static int do_not_wait(void *arg, void **result)
{
    runner_task_t *done = spawn(log_body, "done");
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    runner_timeout_t *timeout = opened(0);
    ck_assert_code(runner_await(done, NULL), 0); /* does not wait */
    ck_assert_closes(timeout, 0, 0, 0);
    expect_requests(0, 0);
    runner_task_unref(done);
    return 0;
}

START_TEST(R173_a_body_that_does_not_wait_ends_before_an_expiry_that_is_due)
{
    run(do_not_wait);
    log_expect("done");
}
END_TEST

/* --- other cancels ----------------------------------------------------------------------- */

static int cancel_before_expiry(void *arg, void **result)
{
    (void)result;
    runner_timeout_t *timeout = opened(1000);
    if (arg != NULL) {
        cancel_later(runner_current_task(), 10);
    } else {
        ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    }
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 0);
    expect_requests(1, RUNNER_REASON_USER);
    return runner_sleep(RUNNER_FOREVER);
}

static int cancel_before_expiry_from_outside(void *arg, void **result)
{
    (void)arg;
    return cancel_before_expiry(value_of(1), result);
}

START_TEST(R176_a_cancel_before_the_expiry_passes_and_is_no_timeout)
{
    run_into_deadlock(cancel_before_expiry, 1);
    run_into_deadlock(cancel_before_expiry_from_outside, 11);
}
END_TEST

/* The timer of the cancel is started before or after that of the timeout: both fire in one
 * iteration, in that order. */
static int cancel_at_expiry(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    (void)result;
    for (int cancel_first = 0; cancel_first < 2; cancel_first++) {
        if (cancel_first) {
            cancel_later(self, 10);
        }
        runner_timeout_t *timeout = opened(10);
        if (!cancel_first) {
            cancel_later(self, 10);
        }
        ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelling(self), 2);
        ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 1);
        expect_requests(1, RUNNER_REASON_USER);
        ck_assert_int_eq(runner_task_uncancel(self), 0);
    }
    return 0;
}

START_TEST(R177_a_cancel_and_an_expiry_in_one_turn_are_a_cancel_that_still_counts)
{
    run(cancel_at_expiry);
}
END_TEST

static int cancel_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    cancel_later(runner_current_task(), 10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED); /* cleaning up */
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 1);
    expect_requests(1, RUNNER_REASON_USER);
    return 0;
}

START_TEST(R177_a_cancel_while_the_body_cleans_up_after_the_expiry_wins)
{
    run(cancel_in_cleanup);
}
END_TEST

static int interrupt(void *arg)
{
    return runner_interrupt(arg);
}

static int be_interrupted(void *arg, void **result)
{
    uint64_t *timeout_ms = arg;
    (void)result;
    ck_assert_code(runner_call_later(runner_current(), 10, interrupt, runner_current(), NULL, NULL),
                   0);
    runner_timeout_t *timeout = opened(*timeout_ms);
    int code = runner_sleep(RUNNER_FOREVER);
    ck_assert_closes(timeout, code, RUNNER_ECANCELED, *timeout_ms == 10);
    expect_requests(1, RUNNER_REASON_SIGINT);
    return code;
}

START_TEST(R137_R177_an_interrupt_is_not_taken_for_a_timeout_also_when_both_happen)
{
    for (uint64_t timeout_ms = 10; timeout_ms <= 20; timeout_ms += 10) {
        runner_t *runner = test_runner();
        ck_assert_code(runner_run(runner, be_interrupted, &timeout_ms, NULL, NULL), RUNNER_EINTR);
        runner_free(runner);
    }
}
END_TEST

/* --- counts ------------------------------------------------------------------------------ */

static int time_out_quietly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(0, 0);
    return 0;
}

static int await_timed_out(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn(time_out_quietly, NULL);
    ck_assert_code(runner_await(task, result), 0);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R178_a_task_is_not_left_cancelled_by_its_timeout)
{
    run(await_timed_out);
}
END_TEST

static int time_out_after_cancel(void *arg, void **result)
{
    (void)arg;
    (void)result;
    swallow_a_cancel();
    runner_timeout_t *timeout = opened(0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(1, RUNNER_REASON_USER);
    return 0;
}

START_TEST(R178_requests_from_before_the_timeout_do_not_hide_the_expiry)
{
    run(time_out_after_cancel);
}
END_TEST

static int cancel_after_cancel(void *arg, void **result)
{
    (void)arg;
    (void)result;
    swallow_a_cancel();
    runner_timeout_t *timeout = opened(1000);
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 0);
    expect_requests(2, RUNNER_REASON_USER);

    timeout = opened(10);
    cancel_later(runner_current_task(), 10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 1);
    expect_requests(3, RUNNER_REASON_USER);
    return 0;
}

START_TEST(R176_R177_a_cancel_counts_on_top_of_those_from_before_the_timeout)
{
    run(cancel_after_cancel);
}
END_TEST

static int take_requests_back(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    (void)result;
    /* A cancel that came and was taken back inside the body. */
    runner_timeout_t *timeout = opened(10);
    swallow_a_cancel();
    ck_assert_int_eq(runner_task_uncancel(self), 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(0, 0);

    /* One from before, taken back inside the body. */
    swallow_a_cancel();
    timeout = opened(10);
    ck_assert_int_eq(runner_task_uncancel(self), 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(0, 0);

    /* The expiry itself. */
    timeout = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_uncancel(self), 0);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(0, 0);
    return 0;
}

START_TEST(R178_requests_that_the_body_takes_back_do_not_count)
{
    run(take_requests_back);
}
END_TEST

static int replace_request(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    (void)result;
    swallow_a_cancel();
    runner_timeout_t *timeout = opened(10);
    ck_assert_int_eq(runner_task_uncancel(self), 0);
    swallow_a_cancel();
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_requests(1, RUNNER_REASON_USER);
    return 0;
}

START_TEST(R178_requests_are_counted_and_not_told_apart)
{
    run(replace_request); /* as in asyncio: one went, one came, so none is new */
}
END_TEST

static int swallow_expiry(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_code(runner_sleep(100), 0); /* it expires only once */
    ck_assert_uint_eq(now_ms(runner_current()), 110);
    ck_assert_closes(timeout, 0, 0, 1);
    expect_requests(0, 0);
    return 0;
}

START_TEST(R178_a_body_may_swallow_the_expiry)
{
    run(swallow_expiry);
}
END_TEST

static int answer_expiry(void *arg, void **result)
{
    static const int codes[] = {-5, RUNNER_EUSER, RUNNER_ETIMEDOUT, RUNNER_EGROUP};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        runner_timeout_t *timeout = opened(10);
        ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
        ck_assert_closes(timeout, codes[i], codes[i], 1);
        expect_requests(0, 0);
    }
    return 0;
}

START_TEST(R179_a_body_that_answers_the_expiry_with_another_error_ends_with_that)
{
    run(answer_expiry);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_expiry_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "expiry");
    tcase_add_test(tcase, R170_a_body_that_outlives_its_deadline_is_cancelled_and_times_out);
    tcase_add_test(tcase, R170_a_deadline_may_be_given_on_the_loops_clock);
    tcase_add_test(
        tcase, R170_the_expiry_is_a_cancel_that_names_the_timeout_and_reaches_the_innermost_wait);
    tcase_add_test(tcase, R170_each_timeout_cancels_its_own_task_at_its_own_time);
    tcase_add_test(tcase, R170_a_timeout_of_an_eager_first_step_belongs_to_the_new_task);
    tcase = test_case(suite, "no expiry");
    tcase_add_test(tcase, R171_a_body_that_ends_first_has_its_own_outcome_and_leaves_no_timer);
    tcase_add_test(tcase, R172_a_timeout_without_a_deadline_never_expires);
    tcase_add_test(tcase, R172_a_timeout_without_a_deadline_is_nothing_that_can_happen);
    tcase_add_test(tcase, R172_a_time_beyond_the_clocks_range_is_far_away_and_not_in_the_past);
    tcase = test_case(suite, "at once");
    tcase_add_test(tcase, R173_a_timeout_of_zero_expires_at_the_first_wait_be_it_a_yield);
    tcase_add_test(tcase, R173_a_deadline_in_the_past_or_now_expires_at_the_first_wait);
    tcase_add_test(tcase, R173_an_expiry_that_is_due_waits_for_its_turn_like_everything_else);
    tcase_add_test(tcase, R173_a_body_that_does_not_wait_ends_before_an_expiry_that_is_due);
}

static void add_cancel_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "other cancels");
    tcase_add_test(tcase, R176_a_cancel_before_the_expiry_passes_and_is_no_timeout);
    tcase_add_test(tcase, R177_a_cancel_and_an_expiry_in_one_turn_are_a_cancel_that_still_counts);
    tcase_add_test(tcase, R177_a_cancel_while_the_body_cleans_up_after_the_expiry_wins);
    tcase_add_test(tcase, R137_R177_an_interrupt_is_not_taken_for_a_timeout_also_when_both_happen);
    tcase = test_case(suite, "counts");
    tcase_add_test(tcase, R178_a_task_is_not_left_cancelled_by_its_timeout);
    tcase_add_test(tcase, R178_requests_from_before_the_timeout_do_not_hide_the_expiry);
    tcase_add_test(tcase, R176_R177_a_cancel_counts_on_top_of_those_from_before_the_timeout);
    tcase_add_test(tcase, R178_requests_that_the_body_takes_back_do_not_count);
    tcase_add_test(tcase, R178_requests_are_counted_and_not_told_apart);
    tcase_add_test(tcase, R178_a_body_may_swallow_the_expiry);
    tcase_add_test(tcase, R179_a_body_that_answers_the_expiry_with_another_error_ends_with_that);
}

int main(void)
{
    Suite *suite = suite_create("timeout");
    add_expiry_tests(suite);
    add_cancel_tests(suite);
    return test_main(suite);
}
