/*
 * What becomes of a wait for a semaphore, at a barrier and for a queue when handles, tasks and
 * runners go, and who sees it.
 */
#include "ways.h"

/* --- runners ----------------------------------------------------------------------------- */

static void leave_waiter(void)
{
    spawn(A);
    turn();
}

static void wait_and_be_woken(void)
{
    spawn(B);
    turn();
    wake();
    join(B, way->outcome);
}

START_TEST(tasks_of_two_runners_do_not_wait_for_the_same)
{
    runner_t *first = test_runner();
    begin(_i);
    way->make(1);
    ck_assert_code(play_on(first, leave_waiter), 0);
    log_expect("-");
    play(wait_in_main);
    log_expect("main RUNNER_EFOREIGN");
    wake(); /* between runs anybody may: A runs in the next one */
    ck_assert_code(runner_run(first, log_body, "next", NULL, NULL), 0);
    char expected[64];
    snprintf(expected, sizeof expected, "a %s,next", code_name(way->outcome));
    log_expect(expected);
    ck_assert_code(runner_task_result(cast[A].task, NULL), way->outcome);
    unref(A);
    way->unref();
    runner_free(first);
}
END_TEST

static void wait_and_be_cancelled(void)
{
    spawn(A);
    turn();
    cancel(A);
    join(A, RUNNER_ECANCELED);
}

START_TEST(runners_may_use_it_one_after_the_other)
{
    begin(_i);
    for (int i = 0; i < 2; i++) {
        way->make(1);
        play(wait_and_be_cancelled);
        play(wait_and_be_woken);
        way->unref();
    }
}
END_TEST

START_TEST(close_cancels_who_waits_and_frees_it_for_others)
{
    runner_t *first = test_runner();
    begin(_i);
    way->make(1);
    ck_assert_code(play_on(first, leave_waiter), 0);
    ck_assert_code(runner_close(first), 0);
    log_expect("-,a RUNNER_ECANCELED");
    ck_assert_code(runner_task_status(cast[A].task), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancel_reason(cast[A].task), RUNNER_REASON_CLOSE);
    play(wait_and_be_woken);
    unref(A);
    way->unref();
    runner_free(first);
}
END_TEST

static void leave_insistent(void)
{
    spawn_body(A, insist_on_stack, insist_in_steps);
    turn();
}

START_TEST(abandoned_waiter_frees_it_for_others)
{
    begin(_i);
    way->make(1);
    play_and_abandon(leave_insistent);
    log_expect("-,a RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 1);
    play(wait_and_be_woken);
    way->unref();
}
END_TEST

static void release_handle(void)
{
    way->make(1);
    spawn(A);
    spawn(B);
    turn();
    wake();
    way->unref(); /* A has not run, and B may wait still */
    turn();
    join(A, way->outcome);
    if (runner_task_done(cast[B].task)) {
        join(B, way->outcome);
    } else {
        cancel(B);
        join(B, RUNNER_ECANCELED);
    }
}

START_TEST(it_lives_as_long_as_tasks_wait_for_it)
{
    begin(_i);
    play(release_handle);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static void release_handle_of_the_woken(void)
{
    way->make(1);
    spawn(A);
    turn();
    wake();
    way->unref();
    cancel(A); /* which has nobody to hand on to what it was given */
    join(A, RUNNER_ECANCELED);
}

START_TEST(it_goes_with_the_last_task_that_waits)
{
    begin(_i);
    play(release_handle_of_the_woken);
    log_expect("-,a RUNNER_ECANCELED");
}
END_TEST

START_TEST(waiting_for_what_nobody_can_do_is_a_deadlock)
{
    runner_t *runner = test_runner();
    begin(_i * KINDS);
    way->make(1);
    ck_assert_code(play_on(runner, wait_in_main), RUNNER_EDEADLK);
    log_expect("");
    ck_assert_code(runner_close(runner), 0);
    log_expect("main RUNNER_ECANCELED");
    way->unref();
    runner_free(runner);
}
END_TEST

/* The other task of this loop, besides main. */
static runner_task_info_t info_of_other(void)
{
    runner_task_info_t infos[2];
    size_t count = 0;
    memset(infos, 0, sizeof infos);
    infos[0].size = sizeof infos[0];
    ck_assert_code(runner_tasks(runner_current(), infos, 2, &count), 0);
    ck_assert_uint_eq(count, 2);
    return infos[1];
}

static void list_waiter(void)
{
    spawn(A);
    turn();
    runner_task_info_t info = info_of_other();
    ck_assert_str_eq(info.name, "a");
    ck_assert_int_eq(info.state, RUNNER_STATE_WAITING);
    ck_assert_str_eq(info.waits, way->waits);
    ck_assert_uint_eq(info.awaits, 0);
    wake();
    info = info_of_other();
    ck_assert_int_eq(info.state, RUNNER_STATE_READY);
    ck_assert_ptr_null(info.waits);
    join(A, way->outcome);
}

START_TEST(list_of_tasks_says_what_each_waits_for)
{
    play_new(_i, 1, list_waiter);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("waiting_runners");
    TCase *tcase = test_case(suite, "runners");
    add_for_each_way_and_kind(tcase, tasks_of_two_runners_do_not_wait_for_the_same);
    add_for_each_way_and_kind(tcase, runners_may_use_it_one_after_the_other);
    add_for_each_way_and_kind(tcase, close_cancels_who_waits_and_frees_it_for_others);
    add_for_each_way_and_kind(tcase, abandoned_waiter_frees_it_for_others);
    add_for_each_way_and_kind(tcase, it_lives_as_long_as_tasks_wait_for_it);
    add_for_each_way_and_kind(tcase, it_goes_with_the_last_task_that_waits);
    add_for_each_way(tcase, waiting_for_what_nobody_can_do_is_a_deadlock);
    add_for_each_way_and_kind(tcase, list_of_tasks_says_what_each_waits_for);
    return test_main(suite);
}
