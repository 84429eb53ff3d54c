/* Timeouts as objects: rescheduled, refused, left open when their task or runner ends. */
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

/* The running task has so many requests, the latest for this reason; what waits now, waits. */
static void expect_requests(int count, int reason)
{
    runner_task_t *self = runner_current_task();
    ck_assert_int_eq(runner_task_cancelling(self), count);
    ck_assert_int_eq(runner_task_cancel_reason(self), reason);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(1), 0);
}

/* --- reschedule -------------------------------------------------------------------------- */

typedef struct shared {
    runner_timeout_t *timeout;
    runner_future_t *future;
    int status;
} shared_t;

static int wait_in_timeout(void *arg, void **result)
{
    shared_t *shared = arg;
    (void)result;
    shared->timeout = opened(10);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%dms", (int)now_ms(runner_current()));
    return runner_timeout_close(shared->timeout, code);
}

static int reschedule_to_30(void *arg)
{
    ck_assert_code(runner_timeout_reschedule_at_ns(arg, NS_OF_MS(30)), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(arg), NS_OF_MS(30));
    return 0;
}

static int move_deadline(void *arg, void **result)
{
    shared_t shared = {NULL, NULL, 0};
    (void)arg;
    runner_task_t *task = spawn(wait_in_timeout, &shared);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(shared.timeout), NS_OF_MS(10));
    ck_assert_code(runner_timeout_reschedule(shared.timeout, 50), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(shared.timeout), NS_OF_MS(55));
    ck_assert_code(runner_timeout_reschedule(shared.timeout, RUNNER_FOREVER), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(shared.timeout), UINT64_MAX);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_timeout_reschedule_at_ns(shared.timeout, UINT64_MAX), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(shared.timeout), UINT64_MAX);
    ck_assert_code(runner_timeout_reschedule(shared.timeout, 100), 0);
    ck_assert_code(runner_call_soon(runner_current(), reschedule_to_30, shared.timeout, NULL), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_timeout_expired(shared.timeout), 1);
    runner_timeout_unref(shared.timeout);
    runner_task_unref(task);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R180_a_deadline_may_be_moved_back_and_forth_and_taken_away)
{
    run_into_deadlock(move_deadline, 30);
    log_expect("30ms");
}
END_TEST

static int cancel_rescheduled(void *arg, void **result)
{
    shared_t shared = {NULL, NULL, 0};
    (void)arg;
    runner_task_t *task = spawn(wait_in_timeout, &shared);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_timeout_reschedule(shared.timeout, RUNNER_FOREVER), 0);
    ck_assert_code(runner_sleep(100), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_timeout_expired(shared.timeout), 0);
    runner_timeout_unref(shared.timeout);
    runner_task_unref(task);
    return 0;
}

START_TEST(R180_a_timeout_whose_deadline_was_taken_away_does_not_expire)
{
    run(cancel_rescheduled);
    log_expect("100ms");
}
END_TEST

static int reschedule_to_the_past(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(20), 0);
    runner_timeout_t *timeout = opened(1000);
    ck_assert_code(runner_timeout_reschedule(timeout, 0), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), NS_OF_MS(20));
    ck_assert_int_eq(runner_timeout_expired(timeout), 0);
    ck_assert_code(runner_yield(), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);

    timeout = opened(1000);
    ck_assert_code(runner_timeout_reschedule_at_ns(timeout, NS_OF_MS(5)), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), NS_OF_MS(5));
    ck_assert_code(runner_yield(), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);

    /* An expiry that is due already can still be put off. */
    timeout = opened(0);
    ck_assert_code(runner_timeout_reschedule(timeout, 10), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 30);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    return 0;
}

START_TEST(R180_a_deadline_may_be_moved_into_the_past_and_out_of_it)
{
    run(reschedule_to_the_past);
}
END_TEST

static int await_in_timeout(void *arg, void **result)
{
    shared_t *shared = arg;
    shared->timeout = opened(1000);
    shared->status =
        runner_timeout_close(shared->timeout, runner_future_await(shared->future, result));
    expect_requests(0, 0);
    return 0;
}

static int expire_while_ready(void *arg, void **result)
{
    (void)arg;
    for (int expiry_first = 0; expiry_first < 2; expiry_first++) {
        shared_t shared = {NULL, NULL, RUNNER_EPENDING};
        ck_assert_code(runner_future_new(runner_current(), &shared.future), 0);
        runner_task_t *task = spawn(await_in_timeout, &shared);
        ck_assert_code(runner_yield(), 0);
        if (expiry_first) {
            ck_assert_code(runner_timeout_reschedule(shared.timeout, 0), 0);
        }
        ck_assert_code(runner_future_resolve(shared.future, NULL), 0);
        if (!expiry_first) {
            ck_assert_code(runner_timeout_reschedule(shared.timeout, 0), 0);
        }
        ck_assert_code(runner_await(task, result), 0);
        ck_assert_code(shared.status, expiry_first ? RUNNER_ETIMEDOUT : 0);
        ck_assert_int_eq(runner_timeout_expired(shared.timeout), expiry_first);
        ck_assert_code(runner_future_status(shared.future), 0);
        runner_timeout_unref(shared.timeout);
        runner_future_unref(shared.future);
        runner_task_unref(task);
    }
    return 0;
}

START_TEST(R171_R180_a_body_and_its_expiry_that_are_both_due_take_their_turns)
{
    run(expire_while_ready);
}
END_TEST

static void expect_no_reschedule(runner_timeout_t *timeout, int code)
{
    uint64_t when = runner_timeout_when_ns(timeout);
    ck_assert_code(runner_timeout_reschedule(timeout, 20), code);
    ck_assert_code(runner_timeout_reschedule(timeout, RUNNER_FOREVER), code);
    ck_assert_code(runner_timeout_reschedule_at_ns(timeout, 0), code);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), when);
}

static int reschedule_in_every_state(void *arg, void **result)
{
    (void)arg;
    (void)result;
    expect_no_reschedule(NULL, RUNNER_EINVAL);
    runner_timeout_t *timeout = made();
    expect_no_reschedule(timeout, RUNNER_ENOTENTERED);
    ck_assert_code(runner_timeout_open(timeout, 10), 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    expect_no_reschedule(timeout, RUNNER_EEXPIRING);
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    expect_no_reschedule(timeout, RUNNER_EEXPIRED);
    runner_timeout_unref(timeout);

    timeout = opened(10);
    ck_assert_code(runner_timeout_close(timeout, 0), 0);
    expect_no_reschedule(timeout, RUNNER_EFINISHED);
    runner_timeout_unref(timeout);
    expect_requests(0, 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R180_only_an_active_timeout_can_be_rescheduled)
{
    run_into_deadlock(reschedule_in_every_state, 11);
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static void expect_no_open(runner_timeout_t *timeout, int code)
{
    uint64_t when = runner_timeout_when_ns(timeout);
    int expired = runner_timeout_expired(timeout);
    ck_assert_code(runner_timeout_open(timeout, 1), code);
    ck_assert_code(runner_timeout_open(timeout, RUNNER_FOREVER), code);
    ck_assert_code(runner_timeout_open_at_ns(timeout, 0), code);
    ck_assert_uint_eq(runner_timeout_when_ns(timeout), when);
    ck_assert_int_eq(runner_timeout_expired(timeout), expired);
}

static int enter_twice(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    expect_no_open(timeout, RUNNER_EENTERED);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    expect_no_open(timeout, RUNNER_EENTERED);
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    expect_no_open(timeout, RUNNER_EENTERED);
    runner_timeout_unref(timeout);

    timeout = opened(10);
    ck_assert_code(runner_timeout_close(timeout, 0), 0);
    expect_no_open(timeout, RUNNER_EENTERED);
    runner_timeout_unref(timeout);
    expect_no_open(NULL, RUNNER_EINVAL);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R181_a_timeout_is_entered_once)
{
    run_into_deadlock(enter_twice, 10);
}
END_TEST

static int enter_without_task(void *arg)
{
    runner_timeout_t **timeout = arg;
    *timeout = made();
    expect_no_open(*timeout, RUNNER_ENOTASK);
    expect_no_reschedule(*timeout, RUNNER_ENOTENTERED);
    log_add("callback");
    return 0;
}

static int enter_after_callback(void *arg, void **result)
{
    runner_timeout_t *timeout = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner_current(), enter_without_task, &timeout, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_timeout_open(timeout, 10), 0); /* the refusals have changed nothing */
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    return 0;
}

START_TEST(R181_a_timeout_is_entered_by_a_task)
{
    run(enter_after_callback);
    log_expect("callback");
}
END_TEST

static int close_of_another(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_timeout_close(arg, 0), RUNNER_EOWNER);
    ck_assert_code(runner_timeout_close(arg, RUNNER_ECANCELED), RUNNER_EOWNER);
    log_add("other");
    return 0;
}

static int close_in_callback(void *arg)
{
    ck_assert_code(runner_timeout_close(arg, 0), RUNNER_EOWNER);
    log_add("callback");
    return 0;
}

static int close_wrongly(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_timeout_close(NULL, 0), RUNNER_EINVAL);
    runner_timeout_t *timeout = made();
    ck_assert_code(runner_timeout_close(timeout, 0), RUNNER_ENOTENTERED);
    ck_assert_code(runner_timeout_open(timeout, 10), 0);
    ck_assert_code(runner_timeout_close(timeout, 1), RUNNER_EINVAL);
    ck_assert_code(runner_call_soon(runner_current(), close_in_callback, timeout, NULL), 0);
    runner_task_t *other = spawn(close_of_another, timeout);
    ck_assert_code(runner_await(other, result), 0);
    runner_task_unref(other);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED); /* it is still open */
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    other = spawn(close_of_another, timeout);
    ck_assert_code(runner_await(other, result), 0);
    runner_task_unref(other);
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_EEXPIRED);
    ck_assert_int_eq(runner_timeout_expired(timeout), 1);
    runner_timeout_unref(timeout);

    timeout = opened(10);
    ck_assert_code(runner_timeout_close(timeout, 0), 0);
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_EFINISHED);
    runner_timeout_unref(timeout);
    expect_requests(0, 0);
    return 0;
}

START_TEST(a_close_is_for_the_owner_and_once)
{
    run(close_wrongly);
    log_expect("callback,other,other");
}
END_TEST

static int make_two(void *arg, void **result)
{
    runner_timeout_t **timeouts = arg;
    timeouts[0] = made();
    timeouts[1] = opened(10);
    (void)result;
    return runner_stop(runner_current()) == 0 ? runner_sleep(100) : -5;
}

static int use_foreign(void *arg, void **result)
{
    runner_timeout_t **timeouts = arg;
    (void)result;
    expect_no_open(timeouts[0], RUNNER_EFOREIGN);
    expect_no_reschedule(timeouts[1], RUNNER_EFOREIGN);
    ck_assert_code(runner_timeout_close(timeouts[1], 0), RUNNER_EOWNER);
    return runner_sleep(1);
}

static int use_own(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_timeout_open(arg, 1), 0);
    ck_assert_code(runner_sleep(5), RUNNER_ECANCELED);
    ck_assert_code(runner_timeout_close(arg, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    return runner_sleep(20);
}

START_TEST(R181_a_timeout_of_another_loop_is_refused)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_timeout_t *timeouts[2] = {NULL, NULL};
    ck_assert_code(runner_run(runner, make_two, timeouts, NULL, NULL), RUNNER_ESTOPPED);
    ck_assert_code(runner_run(other, use_foreign, timeouts, NULL, NULL), 0);
    /* The one that is open expires in the next run, the other was never entered. */
    ck_assert_code(runner_run(runner, use_own, timeouts[0], NULL, NULL), 0);
    ck_assert_int_eq(runner_timeout_expired(timeouts[1]), 1);
    runner_timeout_unref(timeouts[0]);
    runner_timeout_unref(timeouts[1]);
    runner_free(runner);
    runner_free(other);
}
END_TEST

START_TEST(a_timeout_is_made_on_a_loop)
{
    runner_timeout_t *timeout = (runner_timeout_t *)value_of(1);
    ck_assert_code(runner_timeout_new(&timeout), RUNNER_ENOLOOP);
    ck_assert_int_eq(number_of(timeout), 1);
    ck_assert_code(runner_timeout_new(NULL), RUNNER_EINVAL);
    ck_assert_int_eq(runner_timeout_expired(NULL), 0);
    ck_assert_uint_eq(runner_timeout_when_ns(NULL), UINT64_MAX);
    runner_timeout_unref(NULL);
}
END_TEST

/* --- left open --------------------------------------------------------------------------- */

static int release_open(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_unref(made());
    runner_timeout_unref(opened(0));
    runner_timeout_unref(opened(10));
    runner_timeout_unref(opened(RUNNER_FOREVER));
    expect_requests(0, 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(a_timeout_that_is_released_while_open_never_expires)
{
    run_into_deadlock(release_open, 1);
}
END_TEST

static int release_expired(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    runner_timeout_unref(timeout);
    expect_requests(1, RUNNER_REASON_TIMEOUT);
    return 0;
}

START_TEST(an_expiry_counts_for_ever_if_nobody_closes_the_timeout)
{
    run(release_expired);
}
END_TEST

static int open_and_end(void *arg, void **result)
{
    (void)result;
    *(runner_timeout_t **)arg = opened(10);
    return 0;
}

/* The next task is likely to lie where the owner lay. */
static int sleep_over_deadline(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_timeout_close(arg, 0), RUNNER_EOWNER);
    ck_assert_code(runner_sleep(20), 0);
    ck_assert_code(runner_timeout_close(arg, 0), RUNNER_EOWNER);
    expect_requests(0, 0);
    return 0;
}

static int outlive_owners(void *arg, void **result)
{
    (void)arg;
    for (int keep = 0; keep < 2; keep++) {
        runner_timeout_t *timeout = NULL;
        runner_task_t *owner = spawn(open_and_end, &timeout);
        ck_assert_code(runner_await(owner, result), 0);
        runner_task_ref(keep ? owner : NULL);
        runner_task_unref(owner);
        runner_task_t *next = spawn(sleep_over_deadline, timeout);
        ck_assert_code(runner_await(next, result), 0);
        runner_task_unref(next);
        if (keep) {
            ck_assert_int_eq(runner_task_cancelling(owner), 0);
            ck_assert_code(runner_task_status(owner), 0);
            runner_task_unref(owner);
        }
        runner_timeout_unref(timeout);
    }
    return 0;
}

START_TEST(a_timeout_that_is_left_open_by_a_task_that_ends_cancels_nobody)
{
    run(outlive_owners);
}
END_TEST

static int close_and_fail(void *arg, void **result)
{
    runner_timeout_t **timeouts = arg;
    (void)result;
    timeouts[0] = opened(0);
    timeouts[1] = opened(10);
    ck_assert_code(runner_yield(), RUNNER_ECANCELED);
    ck_assert_code(runner_timeout_close(timeouts[1], RUNNER_ECANCELED), RUNNER_ECANCELED);
    ck_assert_code(runner_timeout_close(timeouts[0], RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    return -5;
}

static int keep_timeouts(void *arg, void **result)
{
    runner_timeout_t *timeouts[2] = {NULL, NULL};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(close_and_fail, timeouts);
    ck_assert_code(runner_sleep(1), 0);
    runner_task_unref(task);
    log_add("released"); /* the failure was told with the last handle of the task */
    runner_timeout_unref(timeouts[0]);
    runner_timeout_unref(timeouts[1]);
    return 0;
}

START_TEST(R093_a_timeout_that_is_closed_holds_nothing_of_its_task)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, keep_timeouts, NULL, NULL, NULL), 0);
    log_expect("eh,released");
    runner_free(runner);
}
END_TEST

static int open_and_wait(void *arg, void **result)
{
    (void)result;
    *(runner_timeout_t **)arg = opened(1000);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", code_name(code));
    return code;
}

static int leave_four(void *arg, void **result)
{
    runner_timeout_t **timeouts = arg;
    (void)result;
    timeouts[0] = made();
    timeouts[1] = opened(1000);
    ck_assert_code(runner_spawn(open_and_wait, &timeouts[2], NULL, NULL), 0);
    ck_assert_code(runner_spawn(open_and_wait, &timeouts[3], NULL, NULL), 0);
    return runner_yield();
}

START_TEST(timeouts_that_are_open_when_the_runner_closes_are_released_before_or_after_its_end)
{
    runner_t *runner = test_runner();
    runner_timeout_t *timeouts[4];
    ck_assert_code(runner_run(runner, leave_four, timeouts, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("RUNNER_ECANCELED,RUNNER_ECANCELED");
    ck_assert_int_eq(runner_timeout_expired(timeouts[2]), 0);
    runner_timeout_unref(timeouts[2]);
    runner_free(runner);
    runner_timeout_unref(timeouts[0]);
    runner_timeout_unref(timeouts[1]);
    runner_timeout_unref(timeouts[3]);
}
END_TEST

static int refuse_to_end(void *arg, void **result)
{
    (void)result;
    *(runner_timeout_t **)arg = opened(1000);
    for (;;) {
        log_add("%s", code_name(runner_sleep(RUNNER_FOREVER)));
    }
    return 0;
}

static int leave_refuser(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(refuse_to_end, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(the_timeout_of_an_abandoned_task_never_expires)
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 10;
    runner_t *runner = test_runner_with(&opts);
    runner_timeout_t *timeout = NULL;
    ck_assert_code(runner_run(runner, leave_refuser, &timeout, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ECANCELED");
    ck_assert_int_eq(runner_timeout_expired(timeout), 0);
    runner_free(runner);
    runner_timeout_unref(timeout);
}
END_TEST

static int expire_in_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(50);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancel_reason(runner_current_task()), RUNNER_REASON_CLOSE);
    log_add("%dms", (int)now_ms(runner_current()));
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    log_add("%dms", (int)now_ms(runner_current()));
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ECANCELED, 1);
    expect_requests(1, RUNNER_REASON_CLOSE);

    timeout = opened(10); /* one for the rest of the cleanup */
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(timeout, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    log_add("%dms", (int)now_ms(runner_current()));
    return RUNNER_ECANCELED;
}

static int leave_expirer(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(expire_in_close, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R177_timeouts_go_on_while_the_runner_closes)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_expirer, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("0ms,50ms,61ms");
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("timeout_state");
    TCase *tcase = test_case(suite, "reschedule");
    tcase_add_test(tcase, R180_a_deadline_may_be_moved_back_and_forth_and_taken_away);
    tcase_add_test(tcase, R180_a_timeout_whose_deadline_was_taken_away_does_not_expire);
    tcase_add_test(tcase, R180_a_deadline_may_be_moved_into_the_past_and_out_of_it);
    tcase_add_test(tcase, R171_R180_a_body_and_its_expiry_that_are_both_due_take_their_turns);
    tcase_add_test(tcase, R180_only_an_active_timeout_can_be_rescheduled);
    tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, R181_a_timeout_is_entered_once);
    tcase_add_test(tcase, R181_a_timeout_is_entered_by_a_task);
    tcase_add_test(tcase, a_close_is_for_the_owner_and_once);
    tcase_add_test(tcase, R181_a_timeout_of_another_loop_is_refused);
    tcase_add_test(tcase, a_timeout_is_made_on_a_loop);
    tcase = test_case(suite, "left open");
    tcase_add_test(tcase, a_timeout_that_is_released_while_open_never_expires);
    tcase_add_test(tcase, an_expiry_counts_for_ever_if_nobody_closes_the_timeout);
    tcase_add_test(tcase, R093_a_timeout_that_is_closed_holds_nothing_of_its_task);
    tcase_add_test(tcase, a_timeout_that_is_left_open_by_a_task_that_ends_cancels_nobody);
    tcase_add_test(
        tcase, timeouts_that_are_open_when_the_runner_closes_are_released_before_or_after_its_end);
    tcase_add_test(tcase, the_timeout_of_an_abandoned_task_never_expires);
    tcase_add_test(tcase, R177_timeouts_go_on_while_the_runner_closes);
    return test_main(suite);
}
