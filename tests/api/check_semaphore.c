/*
 * Semaphores: so many tasks at a time, in the order of their coming. Cancels have
 * check_semaphore_cancel.c, what holds for every wait has check_waiting.c.
 */
#include "semaphores.h"

/* --- values ------------------------------------------------------------------------------ */

START_TEST(semaphore_begins_with_its_value)
{
    static const size_t values[] = {0, 1, 3, SIZE_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        ck_assert_code(runner_semaphore_new(&semaphore, values[i]), 0);
        check_state(values[i], values[i] == 0);
        unref_semaphore();
        ck_assert_code(runner_semaphore_new_bounded(&semaphore, values[i]), 0);
        check_state(values[i], values[i] == 0);
        unref_semaphore();
    }
}
END_TEST

START_TEST(null_is_refused)
{
    ck_assert_code(runner_semaphore_new(NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_semaphore_new_bounded(NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_semaphore_release(NULL), RUNNER_EINVAL);
    ck_assert_uint_eq(runner_semaphore_value(NULL), 0);
    ck_assert_int_eq(runner_semaphore_locked(NULL), 0);
    runner_semaphore_unref(NULL);
}
END_TEST

START_TEST(release_raises_the_value_and_needs_no_loop)
{
    ck_assert_code(runner_semaphore_new(&semaphore, 0), 0);
    for (size_t i = 1; i <= 3; i++) {
        release();
        check_state(i, 0);
    }
    unref_semaphore();
}
END_TEST

static void release_once_too_often(void)
{
    size_t value = runner_semaphore_value(semaphore);
    ck_assert_code(runner_semaphore_release(semaphore), RUNNER_ERELEASED);
    check_state(value, 0);
    acquire();
    acquire();
    check_state(value - 2, value == 2);
    release();
    release();
    check_state(value, 0);
    ck_assert_code(runner_semaphore_release(semaphore), RUNNER_ERELEASED);
    check_state(value, 0);
}

START_TEST(bounded_semaphore_is_not_released_more_often_than_it_was_acquired)
{
    play_new_bounded(COROUTINE, 2, release_once_too_often);
    ck_assert_code(runner_semaphore_new_bounded(&semaphore, 0), 0);
    ck_assert_code(runner_semaphore_release(semaphore), RUNNER_ERELEASED);
    check_state(0, 1);
    unref_semaphore();
}
END_TEST

START_TEST(value_does_not_overflow)
{
    play_new(COROUTINE, SIZE_MAX, release_once_too_often);
}
END_TEST

/* --- waiting ----------------------------------------------------------------------------- */

static void acquire_free(void)
{
    spawn(A);
    spawn(B);
    turn();
    check_state(0, 1);
    join(A, 0);
    join(B, 0);
    release();
    spawn(C);
    acquire(); /* at once: it comes before the other has run */
    log_add("main");
    release();
    join(C, 0);
}

START_TEST(acquire_of_a_free_semaphore_does_not_wait)
{
    play_new(_i, 2, acquire_free);
    log_expect("a,b,-,main,c");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

static void wait_in_line(void)
{
    acquire();
    acquire();
    check_state(1, 0);
    spawn(A);
    spawn(B);
    spawn(C);
    turn();
    check_state(0, 1);
    spawn(D); /* takes its place before those run that are woken here */
    release();
    release();
    check_state(0, 1);
    turn();
    check_state(0, 1);
    check_pending(D);
    release();
    turn();
    check_state(0, 1);
    for (int who = A; who <= D; who++) {
        join(who, 0);
    }
}

START_TEST(waiters_get_it_in_the_order_of_their_coming)
{
    play_new(_i, 3, wait_in_line);
    log_expect("a,-,b,c,-,d,-");
}
END_TEST

static void come_late(void)
{
    spawn(A);
    turn();
    spawn(B);
    release();
    release();
    check_state(1, 1); /* B runs before A does, and may not pass it */
    turn();
    check_state(0, 1); /* A has seen to it that B gets the rest */
    turn();
    check_state(0, 1);
    join(A, 0);
    join(B, 0);
}

START_TEST(who_comes_while_a_woken_one_has_not_run_waits_behind_it)
{
    play_new(_i, 0, come_late);
    log_expect("-,a,-,b,-");
}
END_TEST

static int release_callback(void *arg)
{
    return runner_semaphore_release(arg);
}

static void release_by_callback(void)
{
    runner_t *runner = runner_current();
    spawn(A);
    ck_assert_code(runner_call_later(runner, 10, release_callback, semaphore, NULL, NULL), 0);
    join(A, 0);
    ck_assert_uint_eq(now_ms(runner), 10);
    check_state(0, 1);
}

START_TEST(callback_may_release)
{
    play_new(_i, 0, release_by_callback);
    log_expect("a");
}
END_TEST

static void hand_over_bounded(void)
{
    acquire();
    spawn(A);
    turn();
    release();
    check_state(0, 1);
    release(); /* that of A, which has acquired it, though it has not run */
    check_state(1, 1);
    ck_assert_code(runner_semaphore_release(semaphore), RUNNER_ERELEASED);
    turn();
    check_state(1, 0);
    join(A, 0);
}

START_TEST(bounded_semaphore_counts_what_is_on_its_way_as_acquired)
{
    play_new_bounded(_i, 1, hand_over_bounded);
    log_expect("-,a,-");
}
END_TEST

/* Acquires twice, and holds it 10 ms each time. */
static int acquire_twice(void *arg, void **result)
{
    const actor_t *actor = arg;
    (void)result;
    for (int i = 1; i <= 2; i++) {
        acquire();
        log_add("%s%d", actor->name, i);
        ck_assert_code(runner_sleep(10), 0);
        release();
    }
    return 0;
}

static void take_turns(void)
{
    for (int who = A; who <= C; who++) {
        spawn_body(who, acquire_twice, NULL);
    }
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
    ck_assert_uint_eq(now_ms(runner_current()), 60);
    check_state(1, 0);
}

START_TEST(who_comes_again_waits_behind_the_others)
{
    play_new(COROUTINE, 1, take_turns);
    log_expect("a1,b1,c1,a2,b2,c2");
}
END_TEST

static int release_and_come_again(void *arg, void **result)
{
    const actor_t *actor = arg;
    (void)result;
    acquire();
    log_add("%s1", actor->name);
    release();
    acquire();
    log_add("%s2", actor->name);
    return 0;
}

static void come_again(void)
{
    spawn(A);
    spawn_body(B, release_and_come_again, NULL);
    spawn(C);
    turn();
    release();
    release();
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
    check_state(0, 1);
}

START_TEST(who_releases_and_acquires_passes_nobody)
{
    play_new(COROUTINE, 1, come_again);
    log_expect("a,-,b1,c,b2");
}
END_TEST

static int log_name(void *arg, void **result)
{
    (void)result;
    return log_outcome(arg, 0);
}

static int acquire_and_spawn(void *arg, void **result)
{
    (void)result;
    acquire();
    check_state(0, 1); /* the others are woken already */
    spawn_body(D, log_name, NULL);
    return log_outcome(arg, 0);
}

static int release_for_three(void *arg, void **result)
{
    (void)result;
    release();
    release();
    release();
    check_state(2, 1); /* A has not run */
    acquire();
    return log_outcome(arg, 0);
}

static void wake_many(void)
{
    spawn_body(A, acquire_and_spawn, NULL);
    spawn_body(B, release_for_three, NULL);
    spawn(C);
    turn();
    check_state(2, 1);
    turn();
    for (int who = A; who <= D; who++) {
        join(who, 0);
    }
}

START_TEST(who_gets_it_wakes_as_many_others_as_the_value_allows)
{
    play_new(COROUTINE, 0, wake_many);
    log_expect("-,a,-,b,c,d");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("semaphore");
    TCase *tcase = test_case(suite, "values");
    tcase_add_test(tcase, semaphore_begins_with_its_value);
    tcase_add_test(tcase, null_is_refused);
    tcase_add_test(tcase, release_raises_the_value_and_needs_no_loop);
    tcase_add_test(tcase, bounded_semaphore_is_not_released_more_often_than_it_was_acquired);
    tcase_add_test(tcase, value_does_not_overflow);
    tcase = test_case(suite, "waiting");
    add_for_each_kind(tcase, acquire_of_a_free_semaphore_does_not_wait);
    add_for_each_kind(tcase, waiters_get_it_in_the_order_of_their_coming);
    add_for_each_kind(tcase, who_comes_while_a_woken_one_has_not_run_waits_behind_it);
    add_for_each_kind(tcase, callback_may_release);
    add_for_each_kind(tcase, bounded_semaphore_counts_what_is_on_its_way_as_acquired);
    tcase_add_test(tcase, who_comes_again_waits_behind_the_others);
    tcase_add_test(tcase, who_releases_and_acquires_passes_nobody);
    tcase_add_test(tcase, who_gets_it_wakes_as_many_others_as_the_value_allows);
    return test_main(suite);
}
