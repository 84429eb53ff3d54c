/* Barriers that are reset or broken, in every phase. */
#include "barriers.h"

/* --- reset ------------------------------------------------------------------------------- */

static void pass_alone(void)
{
    pass(0);
    check_state(0, 0);
}

START_TEST(reset_of_an_idle_barrier_changes_nothing_and_needs_no_loop)
{
    ck_assert_code(runner_barrier_new(&barrier, 1), 0);
    reset();
    check_state(0, 0);
    play(pass_alone);
    log_expect("main");
    unref_barrier();
}
END_TEST

static void reset_waiters(void)
{
    spawn(A);
    spawn(B);
    turn();
    reset();
    check_state(0, 0);
    spawn(C); /* comes when A and B have gone */
    turn();
    check_state(1, 0);
    spawn(D);
    spawn(E);
    turn();
    join(A, RUNNER_EBROKEN);
    join(B, RUNNER_EBROKEN);
    join(C, 0);
    join(D, 0);
    join(E, 0);
    check_state(0, 0);
}

START_TEST(reset_breaks_the_wait_of_all_and_the_barrier_is_as_new)
{
    play_new(_i, 3, reset_waiters);
    log_expect("-,a RUNNER_EBROKEN,b RUNNER_EBROKEN,-,e2,-,c0,d1");
}
END_TEST

static void come_while_it_resets(void)
{
    spawn(A);
    turn();
    spawn(B);
    reset();
    turn();
    check_state(0, 0); /* A has gone, B waits outside: it ran before A did */
    turn();
    check_state(1, 0);
    pass(1);
    join(A, RUNNER_EBROKEN);
    join(B, 0);
}

START_TEST(who_comes_while_it_resets_waits_until_all_have_gone)
{
    play_new(_i, 2, come_while_it_resets);
    log_expect("-,a RUNNER_EBROKEN,-,-,main,b0");
}
END_TEST

static void reset_released(void)
{
    spawn(A);
    spawn(B);
    turn();
    pass(2);
    reset();
    turn();
    check_state(0, 0);
    join(A, RUNNER_EBROKEN);
    join(B, RUNNER_EBROKEN);
}

START_TEST(reset_breaks_the_wait_of_those_who_have_not_left)
{
    play_new(_i, 3, reset_released);
    log_expect("-,main,a RUNNER_EBROKEN,b RUNNER_EBROKEN,-");
}
END_TEST

static int reset_as_third(void *arg, void **result)
{
    (void)result;
    if (wait_and_log(arg) == 0 && ++left == 3) {
        reset();
        log_add("reset");
    }
    return 0;
}

START_TEST(reset_while_half_have_left)
{
    play_new_five(reset_as_third, 0);
    log_expect("e4,a0,b1,reset,c RUNNER_EBROKEN,d RUNNER_EBROKEN");
}
END_TEST

/* The first two that leave come back and wait outside; the third resets and comes back. */
static int reset_and_come_back(void *arg, void **result)
{
    (void)result;
    if (wait_and_log(arg) == 0 && ++left == 3) {
        reset();
        log_add("reset");
    }
    return wait_and_log(arg);
}

START_TEST(reset_does_not_break_the_wait_of_those_outside)
{
    play_new_five(reset_and_come_back, 0);
    log_expect("e4,a0,b1,reset,c RUNNER_EBROKEN,d RUNNER_EBROKEN,c4,d0,e1,a2,b3");
}
END_TEST

static int reset_callback(void *arg)
{
    return runner_barrier_reset(arg);
}

static int wait_until_not_broken(void *arg, void **result)
{
    (void)result;
    return wait_and_log(arg) == RUNNER_EBROKEN ? wait_and_log(arg) : 0;
}

static void reset_and_fill_up(void)
{
    for (int who = A; who <= D; who++) {
        spawn_body(who, wait_until_not_broken, NULL);
    }
    ck_assert_code(runner_call_soon(runner_current(), reset_callback, barrier, NULL), 0);
    turn();
    spawn(E);
    for (int who = A; who <= E; who++) {
        join(who, 0);
    }
    check_state(0, 0);
}

START_TEST(who_comes_back_after_a_reset_is_counted_again)
{
    play_new(COROUTINE, 5, reset_and_fill_up);
    log_expect("-,a RUNNER_EBROKEN,b RUNNER_EBROKEN,c RUNNER_EBROKEN,d RUNNER_EBROKEN,"
               "c4,d0,e1,a2,b3");
}
END_TEST

/* The last that leaves resets, while the others are outside again. */
static int reset_as_last(void *arg, void **result)
{
    (void)result;
    ck_assert_code(wait_and_log(arg), 0);
    if (++left == 5) {
        reset();
        log_add("reset");
    }
    ck_assert_code(wait_and_log(arg), 0);
    return wait_and_log(arg);
}

START_TEST(reset_by_the_last_that_leaves_breaks_no_wait)
{
    play_new_five(reset_as_last, 0);
    log_expect("e4,a0,b1,c2,d3,reset,c4,d0,e1,a2,b3,a4,b0,c1,d2,e3");
}
END_TEST

/* --- abort ------------------------------------------------------------------------------- */

static void wait_at_broken(void)
{
    check_state(0, 1);
    spawn(A);
    ck_assert_code(runner_barrier_wait(barrier, NULL), RUNNER_EBROKEN);
    log_add("main"); /* at once */
    turn();
    join(A, RUNNER_EBROKEN);
    reset();
    check_state(0, 0);
    pass(0);
}

START_TEST(broken_barrier_refuses_everybody_until_it_is_reset)
{
    kind = _i;
    ck_assert_code(runner_barrier_new(&barrier, 1), 0);
    break_it();
    play(wait_at_broken);
    log_expect("main,a RUNNER_EBROKEN,-,main");
    unref_barrier();
}
END_TEST

static void abort_waiters(void)
{
    spawn(A);
    spawn(B);
    turn();
    break_it();
    check_state(0, 1);
    spawn(C);
    turn();
    check_state(0, 1);
    join(A, RUNNER_EBROKEN);
    join(B, RUNNER_EBROKEN);
    join(C, RUNNER_EBROKEN);
    reset();
    check_state(0, 0);
    spawn(D);
    turn();
    check_state(1, 0);
    cancel(D);
    join(D, RUNNER_ECANCELED);
}

START_TEST(abort_breaks_the_wait_of_all)
{
    play_new(_i, 3, abort_waiters);
    log_expect("-,a RUNNER_EBROKEN,b RUNNER_EBROKEN,c RUNNER_EBROKEN,-,-,d RUNNER_ECANCELED");
}
END_TEST

static void abort_released(void)
{
    spawn(A);
    spawn(B);
    turn();
    pass(2);
    break_it();
    turn();
    check_state(0, 1);
    join(A, RUNNER_EBROKEN);
    join(B, RUNNER_EBROKEN);
}

START_TEST(abort_breaks_the_wait_of_those_who_have_not_left)
{
    play_new(_i, 3, abort_released);
    log_expect("-,main,a RUNNER_EBROKEN,b RUNNER_EBROKEN,-");
}
END_TEST

static void abort_outside(void)
{
    spawn(A);
    turn();
    spawn(B);
    reset(); /* B comes before A has gone, and waits outside */
    turn();
    break_it();
    turn();
    check_state(0, 1);
    join(A, RUNNER_EBROKEN);
    join(B, RUNNER_EBROKEN);
}

START_TEST(abort_breaks_the_wait_of_those_outside_too)
{
    play_new(_i, 2, abort_outside);
    log_expect("-,a RUNNER_EBROKEN,-,b RUNNER_EBROKEN,-");
}
END_TEST

static void abort_and_reset(void)
{
    spawn(A);
    turn();
    break_it();
    reset();
    check_state(0, 0);
    turn();
    spawn(B);
    turn();
    check_state(1, 0);
    pass(1);
    join(A, RUNNER_EBROKEN);
    join(B, 0);
}

START_TEST(abort_is_told_also_after_a_reset_of_the_same_turn)
{
    play_new(_i, 2, abort_and_reset);
    log_expect("-,a RUNNER_EBROKEN,-,-,main,b0");
}
END_TEST

static void reset_and_abort(void)
{
    spawn(A);
    turn();
    reset();
    break_it();
    check_state(0, 1);
    turn();
    check_state(0, 1); /* that A has gone does not mend it */
    join(A, RUNNER_EBROKEN);
}

START_TEST(abort_of_a_barrier_that_resets_leaves_it_broken)
{
    play_new(_i, 2, reset_and_abort);
    log_expect("-,a RUNNER_EBROKEN,-");
}
END_TEST

/* The first two that leave come back and wait outside; the third breaks it. */
static int abort_as_third(void *arg, void **result)
{
    (void)result;
    if (wait_and_log(arg) != 0) {
        return 0;
    }
    if (++left == 3) {
        break_it();
        log_add("abort");
    } else {
        ck_assert_code(wait_and_log(arg), RUNNER_EBROKEN);
    }
    return 0;
}

START_TEST(abort_while_half_have_left_and_some_are_outside)
{
    play_new_five(abort_as_third, 1);
    log_expect(
        "e4,a0,b1,abort,c RUNNER_EBROKEN,d RUNNER_EBROKEN,e RUNNER_EBROKEN,a RUNNER_EBROKEN");
}
END_TEST

static runner_barrier_t *other;

/* Passes, and passes again, but for the one in the middle: that one breaks the barrier. Then they
 * meet at another barrier, so that one of them can reset the first, and pass that again. */
static int break_and_mend(void *arg, void **result)
{
    actor_t *actor = arg;
    size_t index = NO_INDEX;
    (void)result;
    int code = wait_and_log(actor);
    if (code == 0 && actor->index == 2) {
        break_it();
        log_add("abort");
    } else if (code == 0) {
        ck_assert_code(wait_and_log(actor), RUNNER_EBROKEN);
    }
    ck_assert_code(runner_barrier_wait(other, &index), 0);
    if (index == 2) {
        check_state(0, 1);
        reset();
        log_add("reset");
    }
    ck_assert_code(runner_barrier_wait(other, NULL), 0);
    return wait_and_log(actor);
}

START_TEST(broken_barrier_can_be_mended_when_all_have_left)
{
    ck_assert_code(runner_barrier_new(&other, 5), 0);
    play_new_five(break_and_mend, 0);
    log_expect("e4,a0,b1,c2,abort,d RUNNER_EBROKEN,e RUNNER_EBROKEN,a RUNNER_EBROKEN,"
               "b RUNNER_EBROKEN,reset,d4,e0,a1,b2,c3");
    runner_barrier_unref(other);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("barrier_reset");
    TCase *tcase = test_case(suite, "reset");
    tcase_add_test(tcase, reset_of_an_idle_barrier_changes_nothing_and_needs_no_loop);
    add_for_each_kind(tcase, reset_breaks_the_wait_of_all_and_the_barrier_is_as_new);
    add_for_each_kind(tcase, who_comes_while_it_resets_waits_until_all_have_gone);
    add_for_each_kind(tcase, reset_breaks_the_wait_of_those_who_have_not_left);
    tcase_add_test(tcase, reset_while_half_have_left);
    tcase_add_test(tcase, reset_does_not_break_the_wait_of_those_outside);
    tcase_add_test(tcase, who_comes_back_after_a_reset_is_counted_again);
    tcase_add_test(tcase, reset_by_the_last_that_leaves_breaks_no_wait);
    tcase = test_case(suite, "abort");
    add_for_each_kind(tcase, broken_barrier_refuses_everybody_until_it_is_reset);
    add_for_each_kind(tcase, abort_breaks_the_wait_of_all);
    add_for_each_kind(tcase, abort_breaks_the_wait_of_those_who_have_not_left);
    add_for_each_kind(tcase, abort_breaks_the_wait_of_those_outside_too);
    add_for_each_kind(tcase, abort_is_told_also_after_a_reset_of_the_same_turn);
    add_for_each_kind(tcase, abort_of_a_barrier_that_resets_leaves_it_broken);
    tcase_add_test(tcase, abort_while_half_have_left_and_some_are_outside);
    tcase_add_test(tcase, broken_barrier_can_be_mended_when_all_have_left);
    return test_main(suite);
}
