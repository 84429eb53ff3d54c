/* Cancelling tasks: requests are counted, and each is delivered once, at the innermost wait. */
#include "check_support.h"

#include <stdlib.h>

/* --- bodies ------------------------------------------------------------------------------ */

static int wait_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

static int log_wait(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

/* Swallow the first cancel, then wait a little more, and return 42. */
static int swallow(void *arg, void **result)
{
    (void)arg;
    log_add("%s", code_name(runner_sleep(RUNNER_FOREVER)));
    log_add("%s", code_name(runner_sleep(5)));
    *result = value_of(42);
    return 0;
}

static runner_task_t *spawn(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    return task;
}

/* Spawn a task and let it come to its first wait. */
static runner_task_t *spawn_parked(runner_fn fn, void *arg)
{
    runner_task_t *task = spawn(fn, arg);
    ck_assert_code(runner_yield(), 0);
    return task;
}

/* Run the body of a test on a runner with a virtual clock. */
static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

/* --- requests ---------------------------------------------------------------------------- */

static int cancel_pending(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(wait_for_ever, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    ck_assert_code(runner_task_status(task), RUNNER_EPENDING);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_done(task), 1);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R141_a_pending_task_counts_the_request_and_unwinds_later)
{
    run(cancel_pending);
}
END_TEST

static int cancel_finished(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn(log_body, "task");
    ck_assert_code(runner_await(task, result), 0);
    ck_assert_code(runner_task_cancel(task), RUNNER_EDONE);
    ck_assert_code(runner_task_cancel_with(task, "late", 1), RUNNER_EDONE);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    ck_assert_code(runner_task_status(task), 0);
    ck_assert_ptr_null(runner_task_cancel_message(task));
    runner_task_unref(task);
    return 0;
}

START_TEST(R142_a_finished_task_refuses)
{
    run(cancel_finished);
}
END_TEST

static int cancel_twice_at_once(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(swallow, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 2);
    ck_assert_code(runner_await(task, result), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 2);
    runner_task_unref(task);
    return 0;
}

START_TEST(R143_two_requests_before_it_wakes_are_one_delivery)
{
    run(cancel_twice_at_once);
    log_expect("RUNNER_ECANCELED,0");
}
END_TEST

static int cancel_in_cleanup(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(swallow, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_yield(), 0);
    log_add("again");
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 2);
    runner_task_unref(task);
    return 0;
}

START_TEST(R144_a_request_during_cleanup_is_delivered_again)
{
    run(cancel_in_cleanup);
    log_expect("RUNNER_ECANCELED,again,RUNNER_ECANCELED");
}
END_TEST

static int cancel_unstarted(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    (void)arg;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_spawn(log_body, "entered", &opts, &task), 0);
    ck_assert_code(runner_task_cancel_with(task, "why", 0), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_str_eq(runner_task_cancel_message(task), "why");
    ck_assert_int_eq(drops(), 1);
    runner_task_unref(task);
    return 0;
}

START_TEST(R145_a_task_cancelled_before_its_first_step_never_starts)
{
    run(cancel_unstarted);
    log_expect("");
}
END_TEST

/* --- by itself --------------------------------------------------------------------------- */

static int cancel_self_then_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    log_add("still here");
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 1);
    int code = runner_yield();
    log_add("%s", code_name(code));
    return code;
}

static int cancel_self_then_return(void *arg, void **result)
{
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    *result = value_of(1);
    return (int)number_of(arg);
}

static int await_self_cancellers(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = spawn(cancel_self_then_wait, NULL);
    (void)arg;
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    runner_task_unref(task);

    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn(cancel_self_then_return, value_of(0), &opts, &task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_int_eq(result_drops(), 1);
    runner_task_unref(task);

    task = spawn(cancel_self_then_return, value_of(-5));
    ck_assert_code(runner_await(task, result), -5);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R146_a_task_that_cancels_itself_is_told_at_its_next_wait_or_at_its_end)
{
    run(await_self_cancellers);
    log_expect("still here,RUNNER_ECANCELED");
}
END_TEST

static int every_wait_tells(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    runner_task_t *done = spawn(log_body, "done");
    runner_future_t *settled = NULL;
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &settled), 0);
    ck_assert_code(runner_future_resolve(settled, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    /* An await of what is done does not wait, so the request stays. */
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_code(runner_await(done, result), 0);
    ck_assert_code(runner_future_await(settled, result), 0);
    ck_assert_code(runner_sleep(1), RUNNER_ECANCELED);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_code(runner_sleep(0), RUNNER_ECANCELED);
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_code(runner_sleep_ns(1), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelling(self), 3);
    runner_task_unref(done);
    runner_future_unref(settled);
    return runner_yield();
}

START_TEST(R146_the_next_wait_is_the_next_one_that_waits)
{
    run(every_wait_tells);
    log_expect("done");
}
END_TEST

/* --- innermost first --------------------------------------------------------------------- */

static int await_future(void *arg, void **result)
{
    int code = runner_future_await(arg, result);
    log_add("waiter %s", code_name(code));
    return code;
}

static int cancel_future_waiter(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    runner_task_t *task = spawn_parked(await_future, future);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_future_status(future), RUNNER_ECANCELED);
    ck_assert_code(runner_future_resolve(future, NULL), RUNNER_EDONE);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    runner_task_unref(task);
    runner_future_unref(future);
    return 0;
}

START_TEST(R147_the_awaited_future_is_cancelled)
{
    run(cancel_future_waiter);
    log_expect("waiter RUNNER_ECANCELED");
}
END_TEST

static int await_task(void *arg, void **result)
{
    int code = runner_await(arg, result);
    log_add("outer %s", code_name(code));
    return code;
}

static int cancel_outer(void *arg, void **result)
{
    (void)arg;
    runner_task_t *inner = spawn(log_wait, "inner");
    runner_task_t *outer = spawn_parked(await_task, inner);
    ck_assert_code(runner_task_cancel(outer), 0);
    ck_assert_int_eq(runner_task_cancelling(inner), 1);
    ck_assert_int_eq(runner_task_cancel_reason(inner), RUNNER_REASON_PARENT);
    ck_assert_int_eq(runner_task_cancel_reason(outer), RUNNER_REASON_USER);
    ck_assert_code(runner_await(outer, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(inner), 1);
    runner_task_unref(inner);
    runner_task_unref(outer);
    return 0;
}

START_TEST(R147_the_awaited_task_is_cancelled_and_unwinds_first)
{
    run(cancel_outer);
    log_expect("inner RUNNER_ECANCELED,outer RUNNER_ECANCELED");
}
END_TEST

static int cancel_swallowed_by_inner(void *arg, void **result)
{
    (void)arg;
    void *value = NULL;
    runner_task_t *inner = spawn(swallow, NULL);
    runner_task_t *outer = spawn_parked(await_task, inner);
    ck_assert_code(runner_task_cancel(outer), 0);
    ck_assert_code(runner_await(outer, &value), 0);
    ck_assert_int_eq(number_of(value), 42);
    ck_assert_int_eq(runner_task_cancelling(outer), 1);
    ck_assert_int_eq(runner_task_cancelled(outer), 0);
    (void)result;
    runner_task_unref(inner);
    runner_task_unref(outer);
    return 0;
}

START_TEST(R147_a_task_that_swallows_it_answers_for_the_one_that_awaits_it)
{
    run(cancel_swallowed_by_inner);
    log_expect("RUNNER_ECANCELED,0,outer 0");
}
END_TEST

static int cancel_after_resolve(void *arg, void **result)
{
    runner_future_t *future = NULL;
    void *value = NULL;
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    runner_task_t *task = spawn_parked(await_future, future);
    ck_assert_code(runner_future_resolve(future, value_of(3)), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_code(runner_future_result(future, &value), 0);
    ck_assert_int_eq(number_of(value), 3);
    runner_task_unref(task);
    runner_future_unref(future);
    return 0;
}

START_TEST(R147_a_future_that_is_settled_already_does_not_lose_the_cancel)
{
    run(cancel_after_resolve);
    log_expect("waiter RUNNER_ECANCELED");
}
END_TEST

static int cancel_both(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    runner_task_t *task = spawn_parked(await_future, future);
    ck_assert_code(runner_future_cancel(future), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    runner_task_unref(task);
    runner_future_unref(future);
    return 0;
}

START_TEST(R147_task_and_future_cancelled_together)
{
    run(cancel_both);
    log_expect("waiter RUNNER_ECANCELED");
}
END_TEST

typedef struct pair {
    const char *name;
    runner_future_t *future;
} pair_t;

static int await_shared(void *arg, void **result)
{
    pair_t *pair = arg;
    ck_assert_code(runner_future_await(pair->future, result), RUNNER_ECANCELED);
    log_add("%s%d", pair->name, runner_task_cancelling(runner_current_task()));
    return 0;
}

static int cancel_one_of_two(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    pair_t pairs[2] = {{"a", future}, {"b", future}};
    runner_task_t *a = spawn(await_shared, &pairs[0]);
    runner_task_t *b = spawn_parked(await_shared, &pairs[1]);
    ck_assert_code(runner_task_cancel(a), 0);
    ck_assert_code(runner_await(a, result), 0);
    ck_assert_code(runner_await(b, result), 0);
    runner_task_unref(a);
    runner_task_unref(b);
    runner_future_unref(future);
    return 0;
}

START_TEST(R147_the_future_is_cancelled_for_everybody)
{
    run(cancel_one_of_two);
    log_expect("a1,b0");
}
END_TEST

static int sleep_5(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(5);
    log_add("%s", code_name(code));
    return 0;
}

static int cancel_callback(void *arg)
{
    log_add("cancel");
    return runner_task_cancel(arg);
}

static int cancel_after_timer(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(sleep_5, NULL);
    /* Due at the same time: it runs when the sleep is over and the task has not gone on yet. */
    ck_assert_code(runner_call_later(runner_current(), 5, cancel_callback, task, NULL, NULL), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R147_a_sleep_that_is_over_already_does_not_lose_the_cancel)
{
    run(cancel_after_timer);
    log_expect("cancel,RUNNER_ECANCELED");
}
END_TEST

enum { CHAIN = 3000 };

static int await_previous(void *arg, void **result)
{
    runner_task_t **task = arg;
    int code = runner_await(task[-1], result);
    return code == RUNNER_ECANCELED ? code : -5;
}

static int cancel_chain(void *arg, void **result)
{
    runner_task_t **tasks = calloc(CHAIN, sizeof(runner_task_t *));
    (void)arg;
    ck_assert_ptr_nonnull(tasks);
    tasks[0] = spawn(wait_for_ever, NULL);
    for (int i = 1; i < CHAIN; i++) {
        tasks[i] = spawn(await_previous, &tasks[i]);
    }
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(tasks[CHAIN - 1]), 0);
    ck_assert_code(runner_await(tasks[CHAIN - 1], result), RUNNER_ECANCELED);
    for (int i = 0; i < CHAIN; i++) {
        ck_assert_int_eq(runner_task_cancelled(tasks[i]), 1);
        runner_task_unref(tasks[i]);
    }
    free(tasks);
    return 0;
}

START_TEST(R147_a_long_chain_of_waits_unwinds_from_its_innermost_end)
{
    run(cancel_chain);
}
END_TEST

/* --- answers ----------------------------------------------------------------------------- */

static int return_42_when_cancelled(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    *result = value_of(42);
    return 0;
}

static int await_catcher(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(return_42_when_cancelled, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, &value), 0);
    ck_assert_int_eq(number_of(value), 42);
    ck_assert_int_eq(runner_task_done(task), 1);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R148_a_task_may_swallow_the_cancel_and_return)
{
    run(await_catcher);
}
END_TEST

static int await_ignorer(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_parked(swallow, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, &value), 0);
    ck_assert_int_eq(number_of(value), 42);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    runner_task_unref(task);
    return 0;
}

START_TEST(R149_a_task_may_swallow_the_cancel_and_go_on_waiting)
{
    run(await_ignorer);
    log_expect("RUNNER_ECANCELED,0");
}
END_TEST

static int abort_when_cancelled(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return runner_abort(-66);
}

static int cancel_aborter(void *arg, void **result)
{
    runner_task_t **task = arg;
    (void)result;
    *task = spawn_parked(abort_when_cancelled, NULL);
    ck_assert_code(runner_task_cancel(*task), 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R150_a_cancel_answered_with_an_abort_is_an_error_and_ends_the_run)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(runner, cancel_aborter, &task, NULL, NULL), -66);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    ck_assert_code(runner_task_result(task, NULL), -66);
    runner_task_unref(task);
    runner_free(runner);
}
END_TEST

/* --- uncancel ---------------------------------------------------------------------------- */

static int uncancel_counts(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(swallow, NULL);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_uncancel(task), 2);
    ck_assert_int_eq(runner_task_cancelling(task), 2);
    ck_assert_int_eq(runner_task_uncancel(task), 1);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R151_uncancel_counts_down_to_zero)
{
    run(uncancel_counts);
    /* The wait was cancelled with the first request already. */
    log_expect("RUNNER_ECANCELED,0");
}
END_TEST

static int log_yield(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("start");
    int code = runner_yield();
    log_add("%s", code_name(code));
    return code;
}

static int withdraw_undelivered(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn(log_yield, NULL);
    ck_assert_code(runner_task_cancel(task), 0); /* not started */
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(task), 0); /* in the ready queue */
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_code(runner_await(task, result), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R151_at_zero_an_undelivered_cancel_is_withdrawn)
{
    run(withdraw_undelivered);
    log_expect("start,0");
}
END_TEST

static int withdraw_own(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    (void)result;
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_int_eq(runner_task_uncancel(self), 1);
    ck_assert_int_eq(runner_task_cancel_reason(self), RUNNER_REASON_USER);
    ck_assert_int_eq(runner_task_uncancel(self), 0);
    ck_assert_int_eq(runner_task_cancel_reason(self), 0);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_code(runner_task_cancel(self), 0);
    ck_assert_int_eq(runner_task_uncancel(self), 1);
    ck_assert_code(runner_sleep(1), RUNNER_ECANCELED); /* one still counts */
    return runner_sleep(1);
}

START_TEST(R151_a_task_may_take_its_own_request_back)
{
    run(withdraw_own);
}
END_TEST

static int uncancel_finished(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(wait_for_ever, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_code(runner_task_status(task), RUNNER_ECANCELED);
    runner_task_unref(task);
    return 0;
}

START_TEST(R152_uncancel_does_not_change_an_outcome)
{
    run(uncancel_finished);
}
END_TEST

/* --- messages and reasons ---------------------------------------------------------------- */

static int read_message(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    (void)result;
    ck_assert_ptr_null(runner_task_cancel_message(self));
    ck_assert_uint_eq(runner_task_cancel_payload(self), 0);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %#llx", runner_task_cancel_message(self),
            (unsigned long long)runner_task_cancel_payload(self));
    return code;
}

static int await_quietly(void *arg, void **result)
{
    return runner_await(arg, result);
}

static int cancel_with_message(void *arg, void **result)
{
    char message[] = "enough";
    runner_task_t *self = runner_current_task();
    runner_task_t *inner = spawn(read_message, NULL);
    runner_task_t *outer = spawn_parked(await_quietly, inner);
    (void)arg;
    ck_assert_code(runner_task_cancel_with(outer, message, UINT64_C(0xfedcba9876543210)), 0);
    memset(message, 'x', sizeof message - 1); /* it was copied */
    ck_assert_code(runner_await(outer, result), RUNNER_ECANCELED);
    ck_assert_str_eq(runner_task_cancel_message(outer), "enough");
    ck_assert_str_eq(runner_task_cancel_message(self), "enough");
    ck_assert(runner_task_cancel_payload(self) == UINT64_C(0xfedcba9876543210));
    ck_assert_int_eq(runner_task_cancelling(self), 0);
    runner_task_unref(inner);
    runner_task_unref(outer);
    return 0;
}

START_TEST(R153_message_and_payload_go_down_to_the_innermost_wait_and_up_to_the_awaiter)
{
    run(cancel_with_message);
    log_expect("enough 0xfedcba9876543210");
}
END_TEST

static int cancel_with_messages(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_parked(swallow, NULL);
    ck_assert_code(runner_task_cancel_with(task, "first", 1), 0);
    ck_assert_str_eq(runner_task_cancel_message(task), "first");
    ck_assert_code(runner_task_cancel_with(task, "second", 2), 0);
    ck_assert_str_eq(runner_task_cancel_message(task), "second");
    ck_assert_uint_eq(runner_task_cancel_payload(task), 2);
    ck_assert_code(runner_task_cancel_with(task, NULL, 3), 0);
    ck_assert_ptr_null(runner_task_cancel_message(task));
    ck_assert_uint_eq(runner_task_cancel_payload(task), 3);
    ck_assert_int_eq(runner_task_cancelling(task), 3);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R153_the_latest_message_counts)
{
    run(cancel_with_messages);
    log_expect("RUNNER_ECANCELED,0");
}
END_TEST

static int log_reason(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)result;
    ck_assert_int_eq(runner_task_cancel_reason(self), 0);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %d", (const char *)arg, runner_task_cancel_reason(self));
    return code;
}

static int cancel_for_reasons(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    (void)arg;
    runner_task_t *task = spawn_parked(log_reason, "user");
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    runner_task_unref(task);
    ck_assert_code(runner_spawn(log_reason, "close", NULL, NULL), 0);
    ck_assert_code(runner_interrupt(runner_current()), 0);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancel_reason(self), RUNNER_REASON_SIGINT);
    ck_assert_int_eq(runner_task_uncancel(self), 0);
    return 0;
}

START_TEST(R141_a_request_has_a_reason)
{
    run(cancel_for_reasons);
    log_expect("user 1,close 7");
}
END_TEST

/* --- outcomes ---------------------------------------------------------------------------- */

static int return_arg(void *arg, void **result)
{
    *result = arg;
    return runner_yield();
}

static int fail_with_5(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return -5;
}

static int settle_by_hand(void *arg, void **result)
{
    (void)arg;
    void *value = NULL;
    runner_task_t *task = spawn(return_arg, value_of(7));
    runner_future_t *future = runner_task_future(task);
    ck_assert_ptr_nonnull(future);
    ck_assert_ptr_null(runner_task_future(NULL));
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_future_resolve(future, value_of(1)), RUNNER_EINVAL);
        ck_assert_code(runner_future_reject(future, -5), RUNNER_EINVAL);
        int code = runner_future_await(future, &value);
        ck_assert_code(code, 0);
        ck_assert_int_eq(number_of(value), 7);
    }
    runner_task_unref(task);

    task = spawn_parked(wait_for_ever, NULL);
    ck_assert_code(runner_future_cancel(runner_task_future(task)), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    runner_task_unref(task);
    return 0;
}

START_TEST(R154_a_task_can_not_be_settled_by_hand)
{
    run(settle_by_hand);
}
END_TEST

static int ask_for_outcomes(void *arg, void **result)
{
    void *value = value_of(1);
    (void)arg;
    runner_task_t *task = spawn(return_arg, value_of(7));
    ck_assert_code(runner_task_result(task, &value), RUNNER_EPENDING);
    ck_assert_code(runner_task_status(task), RUNNER_EPENDING);
    ck_assert_int_eq(number_of(value), 1);
    ck_assert_code(runner_await(task, NULL), 0);
    ck_assert_code(runner_task_result(task, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    runner_task_unref(task);

    task = spawn_parked(wait_for_ever, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_task_result(task, &value), RUNNER_EPENDING);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_code(runner_task_result(task, &value), RUNNER_ECANCELED);
    runner_task_unref(task);

    task = spawn_parked(fail_with_5, NULL);
    ck_assert_code(runner_task_status(task), -5);
    ck_assert_code(runner_task_result(task, &value), -5);
    ck_assert_code(runner_task_result(task, &value), -5);
    ck_assert_int_eq(number_of(value), 7);
    runner_task_unref(task);
    return 0;
}

START_TEST(R155_an_outcome_can_be_taken_when_there_is_one)
{
    run(ask_for_outcomes);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_answer_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "answers");
    tcase_add_test(tcase, R148_a_task_may_swallow_the_cancel_and_return);
    tcase_add_test(tcase, R149_a_task_may_swallow_the_cancel_and_go_on_waiting);
    tcase_add_test(tcase, R150_a_cancel_answered_with_an_abort_is_an_error_and_ends_the_run);
    tcase = test_case(suite, "uncancel");
    tcase_add_test(tcase, R151_uncancel_counts_down_to_zero);
    tcase_add_test(tcase, R151_at_zero_an_undelivered_cancel_is_withdrawn);
    tcase_add_test(tcase, R151_a_task_may_take_its_own_request_back);
    tcase_add_test(tcase, R152_uncancel_does_not_change_an_outcome);
    tcase = test_case(suite, "messages and reasons");
    tcase_add_test(tcase,
                   R153_message_and_payload_go_down_to_the_innermost_wait_and_up_to_the_awaiter);
    tcase_add_test(tcase, R153_the_latest_message_counts);
    tcase_add_test(tcase, R141_a_request_has_a_reason);
    tcase = test_case(suite, "outcomes");
    tcase_add_test(tcase, R154_a_task_can_not_be_settled_by_hand);
    tcase_add_test(tcase, R155_an_outcome_can_be_taken_when_there_is_one);
}

int main(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tcase = test_case(suite, "requests");
    tcase_add_test(tcase, R141_a_pending_task_counts_the_request_and_unwinds_later);
    tcase_add_test(tcase, R142_a_finished_task_refuses);
    tcase_add_test(tcase, R143_two_requests_before_it_wakes_are_one_delivery);
    tcase_add_test(tcase, R144_a_request_during_cleanup_is_delivered_again);
    tcase_add_test(tcase, R145_a_task_cancelled_before_its_first_step_never_starts);
    tcase = test_case(suite, "by itself");
    tcase_add_test(tcase, R146_a_task_that_cancels_itself_is_told_at_its_next_wait_or_at_its_end);
    tcase_add_test(tcase, R146_the_next_wait_is_the_next_one_that_waits);
    tcase = test_case(suite, "innermost first");
    tcase_add_test(tcase, R147_the_awaited_future_is_cancelled);
    tcase_add_test(tcase, R147_the_awaited_task_is_cancelled_and_unwinds_first);
    tcase_add_test(tcase, R147_a_task_that_swallows_it_answers_for_the_one_that_awaits_it);
    tcase_add_test(tcase, R147_a_future_that_is_settled_already_does_not_lose_the_cancel);
    tcase_add_test(tcase, R147_the_future_is_cancelled_for_everybody);
    tcase_add_test(tcase, R147_a_sleep_that_is_over_already_does_not_lose_the_cancel);
    tcase_add_test(tcase, R147_a_long_chain_of_waits_unwinds_from_its_innermost_end);
    tcase_add_test(tcase, R147_task_and_future_cancelled_together);
    add_answer_tests(suite);
    return test_main(suite);
}
