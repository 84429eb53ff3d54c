/* Descriptors: cancels of who waits. */
#include "polls.h"

static void cancel_who_waits(void)
{
    spawn(A, ends[0], R);
    settle();
    cancel(A);
    put(ends[1]);
    check_pending(A);
    turn();
    join(A, RUNNER_ECANCELED);
    spawn(B, ends[0], R); /* nobody has taken the event */
    join(B, 0);
}

START_TEST(cancelled_waiter_runs_a_turn_later)
{
    play_with_pipe(_i, cancel_who_waits);
    log_expect("a RUNNER_ECANCELED,-,b r");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int cancel_b_on_stack(void *arg, void **result)
{
    int code = wish_on_stack(arg, result);
    cancel(B);
    return code;
}

static int cancel_b_in_steps(void *arg, int status, void **result)
{
    int code = wish_in_steps(arg, status, result);
    if (code != RUNNER_EPARKED) {
        cancel(B);
    }
    return code;
}

static void cancel_who_is_woken(void)
{
    wishes[A] = (wish_t){.fd = ends[0], .events = R, .timeout_ms = RUNNER_FOREVER};
    spawn_body(A, cancel_b_on_stack, cancel_b_in_steps);
    spawn(B, ends[0], R);
    spawn(C, ends[0], R);
    settle();
    put(ends[1]);
    join(A, 0);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
}

START_TEST(who_is_woken_and_cancelled_before_its_turn_is_told_the_cancel)
{
    play_with_pipe(_i, cancel_who_is_woken);
    log_expect("a r,b RUNNER_ECANCELED,c r");
}
END_TEST

static int cancel_a_callback(void *arg)
{
    (void)arg;
    cancel(A);
    return 0;
}

static void cancel_when_the_time_is_over(void)
{
    ck_assert_code(runner_call_later(runner_current(), 5, cancel_a_callback, NULL, NULL, NULL), 0);
    spawn_for(A, ends[0], R, 5);
    join(A, RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
}

START_TEST(cancel_in_the_turn_in_which_the_time_is_over)
{
    play_with_pipe(_i, cancel_when_the_time_is_over);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

static void cancel_with_time_left(void)
{
    spawn_for(A, ends[0], R, 50);
    settle();
    cancel(A);
    join(A, RUNNER_ECANCELED);
    ck_assert_code(runner_sleep(100), 0);
    put(ends[1]);
    settle();
}

START_TEST(after_a_cancel_neither_time_nor_event_comes)
{
    play_with_pipe(_i, cancel_with_time_left);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

static void swallow_cancels(void)
{
    spawn_insisting(A, ends[0], R);
    settle();
    cancel(A);
    settle();
    cancel(A);
    settle();
    put(ends[1]);
    join(A, 0);
}

START_TEST(who_swallows_a_cancel_may_wait_again)
{
    play_with_pipe(_i, swallow_cancels);
    log_expect("a RUNNER_ECANCELED,a RUNNER_ECANCELED,a r");
}
END_TEST

static int cancel_self_on_stack(void *arg, void **result)
{
    cancel(A);
    return wish_on_stack(arg, result);
}

static int cancel_self_in_steps(void *arg, int status, void **result)
{
    if (((actor_t *)arg)->begun == 0) {
        cancel(A);
    }
    return wish_in_steps(arg, status, result);
}

static void cancel_self(void)
{
    put(ends[1]);
    wishes[A] = (wish_t){.fd = ends[0], .events = R, .timeout_ms = RUNNER_FOREVER};
    spawn_body(A, cancel_self_on_stack, cancel_self_in_steps);
    join(A, RUNNER_ECANCELED);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    wishes[A].fd = file;
    spawn_body(A, cancel_self_on_stack, cancel_self_in_steps);
    join(A, RUNNER_ECANCELED); /* with nothing to be told at, it ends so */
    ck_assert_int_eq(close(file), 0);
}

START_TEST(cancel_of_before_ends_the_wait_if_it_is_one)
{
    play_with_pipe(_i, cancel_self);
    log_expect("a RUNNER_ECANCELED,a r");
}
END_TEST

static int poll_body(void *arg, void **result)
{
    (void)arg;
    (void)result;
    uint32_t revents = UNTOUCHED;
    int code = runner_poll(ends[0], R, RUNNER_FOREVER, &revents);
    ck_assert_uint_eq(revents, UNTOUCHED);
    return code;
}

static void time_out(void)
{
    ck_assert_code(runner_with_timeout(50, poll_body, NULL, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 50);
    put(ends[1]);
    ck_assert_uint_eq(wait_now(ends[0], R), R);
}

START_TEST(wait_may_stand_in_a_timeout)
{
    play_with_pipe(COROUTINE, time_out);
}
END_TEST

/* Ends while it waits, without a word. */
static int end_while_waiting(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    ck_assert_code(begin_wish(arg), RUNNER_EPARKED);
    return 0;
}

static void end_in_line(void)
{
    wishes[A] = (wish_t){.fd = ends[0], .events = R, .timeout_ms = 5};
    spawn_body(A, NULL, end_while_waiting);
    spawn(B, ends[0], R);
    settle();
    join(A, 0);
    ck_assert_code(runner_sleep(10), 0);
    put(ends[1]);
    join(B, 0);
    ck_assert_uint_eq(wishes[A].revents, UNTOUCHED);
}

START_TEST(step_that_ends_while_it_waits_is_out_of_the_line)
{
    play_with_pipe(STACKLESS, end_in_line);
    log_expect("b r");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("poll_cancel");
    TCase *tcase = test_case(suite, "cancels");
    add_for_each_kind(tcase, cancelled_waiter_runs_a_turn_later);
    add_for_each_kind(tcase, who_is_woken_and_cancelled_before_its_turn_is_told_the_cancel);
    add_for_each_kind(tcase, cancel_in_the_turn_in_which_the_time_is_over);
    add_for_each_kind(tcase, after_a_cancel_neither_time_nor_event_comes);
    add_for_each_kind(tcase, who_swallows_a_cancel_may_wait_again);
    add_for_each_kind(tcase, cancel_of_before_ends_the_wait_if_it_is_one);
    tcase_add_test(tcase, wait_may_stand_in_a_timeout);
    tcase_add_test(tcase, step_that_ends_while_it_waits_is_out_of_the_line);
    return test_main(suite);
}
