/*
 * What holds for every wait for a semaphore, at a barrier and for a queue: who may wait, who may
 * end a wait, and how a cancel does.
 */
#include "ways.h"

#include <pthread.h>

/* --- turns ------------------------------------------------------------------------------- */

static void wake_waiter(void)
{
    spawn(A);
    turn();
    check_pending(A);
    wake();
    check_pending(A);
    join(A, way->outcome);
}

START_TEST(who_is_woken_runs_a_turn_later)
{
    play_new(_i, 1, wake_waiter);
    log_expect_woken("-,");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

START_TEST(who_need_not_wait_goes_on_at_once)
{
    play_new(_i, 0, wait_in_main);
    log_expect("main 0");
}
END_TEST

static void need_not_wait(void)
{
    spawn(A);
    turn();
    join(A, 0);
}

START_TEST(task_that_need_not_wait_ends_in_its_first_turn)
{
    play_new(_i, 0, need_not_wait);
    log_expect("a 0,-");
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static void wait_for_null(void)
{
    ck_assert_code(way->wait_for_null(), RUNNER_EINVAL);
}

START_TEST(null_is_refused)
{
    play_new(_i, 1, wait_for_null);
}
END_TEST

static int wait_in_callback(void *arg)
{
    actor_t actor = untouched;
    (void)arg;
    ck_assert_code(way->wait(&actor), RUNNER_ENOTASK);
    ck_assert_uint_eq(actor.index, untouched.index);
    ck_assert_ptr_eq(actor.item, untouched.item);
    log_add("callback");
    return 0;
}

static void wait_outside(void)
{
    ck_assert_code(runner_call_soon(runner_current(), wait_in_callback, NULL, NULL), 0);
    turn();
}

START_TEST(only_tasks_may_wait)
{
    for (int busy = 0; busy <= 1; busy++) {
        begin(_i);
        way->make(busy);
        ck_assert_code(wait_in_callback(NULL), 0);
        play(wait_outside);
        log_expect("callback,callback,-");
        if (!busy) {
            play(wait_in_main);
            log_expect("main 0"); /* it is as it was */
        }
        way->unref();
    }
}
END_TEST

/* Tries to wait while it is parked: for this first, then for something else. */
static int wait_when_parked(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        actor->index = untouched.index;
        actor->item = untouched.item;
        ck_assert_code(runner_yield(), RUNNER_EPARKED);
        ck_assert_code(way->wait(actor), RUNNER_EBUSY);
        return RUNNER_EPARKED;
    }
    if (actor->begun == 2) {
        ck_assert_code(status, 0);
        int code = way->wait(actor);
        if (code == RUNNER_EPARKED) {
            ck_assert_code(way->wait(actor), RUNNER_EBUSY);
            ck_assert_code(runner_yield(), RUNNER_EBUSY);
        }
        return code;
    }
    return log_outcome(actor, status);
}

static void let_it_try(void)
{
    spawn_body(A, NULL, wait_when_parked);
    turn();
    turn();
    wake();
    join(A, way->outcome);
}

START_TEST(step_that_is_parked_may_not_wait)
{
    play_new(_i * KINDS + STACKLESS, 1, let_it_try);
    log_expect_woken("-,-,");
}
END_TEST

static void try_when_free(void)
{
    spawn_body(A, NULL, wait_when_parked);
    turn();
    join(A, 0);
}

START_TEST(step_that_is_parked_may_not_even_take_what_is_free)
{
    play_new(_i * KINDS + STACKLESS, 0, try_when_free);
    log_expect("-");
}
END_TEST

static void *wake_in_thread(void *arg)
{
    *(int *)arg = way->wake();
    return NULL;
}

/* The calling task blocks its thread meanwhile, so that nothing happens at the same time. */
static void wake_from_thread(void)
{
    pthread_t thread;
    int code = 1;
    spawn(A);
    turn();
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_in_thread, &code), 0);
    pthread_join(thread, NULL);
    ck_assert_code(code, RUNNER_ETHREAD);
    turn();
    check_pending(A);
    wake(); /* as nothing was done */
    join(A, way->outcome);
}

START_TEST(in_debug_mode_another_thread_may_not_wake_who_waits)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    opts.slow_callback_ms = 600000;
    begin(_i);
    way->make(1);
    play_with(&opts, wake_from_thread);
    log_expect_woken("-,-,");
    way->unref();
}
END_TEST

START_TEST(without_waiters_any_thread_may_do_it)
{
    pthread_t thread;
    int code = 1;
    begin(_i * KINDS);
    way->make(1);
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_in_thread, &code), 0);
    pthread_join(thread, NULL);
    ck_assert_code(code, 0);
    way->unref();
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static void cancel_waiter(void)
{
    spawn(A);
    spawn(B);
    turn();
    cancel(A);
    check_pending(A);
    turn();
    join(A, RUNNER_ECANCELED);
    check_pending(B);
    wake();
    join(B, way->outcome);
}

START_TEST(cancelled_waiter_runs_a_turn_later_and_the_others_wait_on)
{
    play_new(_i, 1, cancel_waiter);
    char expected[64];
    snprintf(expected, sizeof expected, "-,a RUNNER_ECANCELED,-,b %s", code_name(way->outcome));
    log_expect(expected);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

/* Cancels itself and waits. */
static int cancel_self_on_stack(void *arg, void **result)
{
    cancel(A);
    return wait_on_stack(arg, result);
}

static int cancel_self_in_steps(void *arg, int status, void **result)
{
    if (((actor_t *)arg)->begun == 0) {
        cancel(A);
    }
    return wait_in_steps(arg, status, result);
}

static void cancel_self(void)
{
    spawn_body(A, cancel_self_on_stack, cancel_self_in_steps);
    turn();
    check_pending(A);
    turn();
    join(A, RUNNER_ECANCELED);
}

START_TEST(cancel_of_before_ends_the_wait)
{
    play_new(_i, 1, cancel_self);
    log_expect("-,a RUNNER_ECANCELED,-");
}
END_TEST

static void cancel_self_when_free(void)
{
    spawn_body(A, cancel_self_on_stack, cancel_self_in_steps);
    turn();
    join(A, RUNNER_ECANCELED); /* with nothing to be told at, it ends so */
}

START_TEST(cancel_is_not_told_to_who_need_not_wait)
{
    play_new(_i, 0, cancel_self_when_free);
    log_expect("a 0,-");
}
END_TEST

static int wait_body(void *arg, void **result)
{
    (void)result;
    return way->wait(arg);
}

static void time_out(void)
{
    actor_t actor = untouched;
    ck_assert_code(runner_with_timeout(50, wait_body, &actor, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 50);
    ck_assert_uint_eq(actor.index, untouched.index);
    ck_assert_ptr_eq(actor.item, untouched.item);
    spawn(A); /* is the only one in line */
    turn();
    wake();
    join(A, way->outcome);
}

START_TEST(wait_may_time_out)
{
    play_new(_i * KINDS, 1, time_out);
    log_expect_woken("-,");
}
END_TEST

static void swallow_cancel(void)
{
    spawn_body(A, insist_on_stack, insist_in_steps);
    turn();
    cancel(A);
    turn();
    check_pending(A);
    wake();
    join(A, way->outcome);
}

START_TEST(who_swallows_a_cancel_may_wait_again)
{
    play_new(_i, 1, swallow_cancel);
    log_expect_woken("-,a RUNNER_ECANCELED,-,");
}
END_TEST

/* Ends while it waits, without a word. */
static int end_in_line(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    ck_assert_code(way->wait(arg), RUNNER_EPARKED);
    return 0;
}

static void leave_the_line(void)
{
    spawn_body(A, NULL, end_in_line);
    spawn(B);
    turn();
    join(A, 0);
    wake();
    join(B, way->outcome);
}

START_TEST(step_that_ends_while_it_waits_is_out_of_the_line)
{
    play_new(_i * KINDS + STACKLESS, 1, leave_the_line);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tcase = test_case(suite, "turns");
    add_for_each_way_and_kind(tcase, who_is_woken_runs_a_turn_later);
    add_for_each_way(tcase, who_need_not_wait_goes_on_at_once);
    add_for_each_way_and_kind(tcase, task_that_need_not_wait_ends_in_its_first_turn);
    tcase = test_case(suite, "refusals");
    add_for_each_way(tcase, null_is_refused);
    add_for_each_way(tcase, only_tasks_may_wait);
    add_for_each_way(tcase, step_that_is_parked_may_not_wait);
    add_for_each_way(tcase, step_that_is_parked_may_not_even_take_what_is_free);
    add_for_each_way_and_kind(tcase, in_debug_mode_another_thread_may_not_wake_who_waits);
    add_for_each_way(tcase, without_waiters_any_thread_may_do_it);
    tcase = test_case(suite, "cancel");
    add_for_each_way_and_kind(tcase, cancelled_waiter_runs_a_turn_later_and_the_others_wait_on);
    add_for_each_way_and_kind(tcase, cancel_of_before_ends_the_wait);
    add_for_each_way_and_kind(tcase, cancel_is_not_told_to_who_need_not_wait);
    add_for_each_way(tcase, wait_may_time_out);
    add_for_each_way_and_kind(tcase, who_swallows_a_cancel_may_wait_again);
    add_for_each_way(tcase, step_that_ends_while_it_waits_is_out_of_the_line);
    return test_main(suite);
}
