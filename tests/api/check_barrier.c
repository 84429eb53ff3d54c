/*
 * Barriers: a number of tasks wait for each other. Reset and abort have check_barrier_reset.c, what
 * holds for every wait has check_waiting.c.
 */
#include "barriers.h"

/* --- passing ----------------------------------------------------------------------------- */

START_TEST(null_and_no_parties_are_refused)
{
    ck_assert_code(runner_barrier_new(NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_barrier_new(&barrier, 0), RUNNER_EINVAL);
    ck_assert_ptr_null(barrier);
    ck_assert_code(runner_barrier_reset(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_barrier_abort(NULL), RUNNER_EINVAL);
    ck_assert_uint_eq(runner_barrier_parties(NULL), 0);
    check_state(0, 0);
    runner_barrier_unref(NULL);
}
END_TEST

START_TEST(new_barrier_waits_for_its_parties)
{
    static const size_t parties[] = {1, 5, SIZE_MAX};
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++) {
        ck_assert_code(runner_barrier_new(&barrier, parties[i]), 0);
        ck_assert_uint_eq(runner_barrier_parties(barrier), parties[i]);
        check_state(0, 0);
        unref_barrier();
    }
}
END_TEST

static void fill(void)
{
    spawn(A);
    turn();
    check_state(1, 0);
    spawn(B);
    turn();
    check_state(2, 0);
    spawn(C);
    turn();
    check_state(0, 0); /* it drains */
    turn();
    check_state(0, 0);
    join(A, 0);
    join(B, 0);
    join(C, 0);
}

START_TEST(last_to_come_passes_at_once_and_the_others_in_the_order_of_their_coming)
{
    play_new(_i, 3, fill);
    log_expect("-,-,c2,-,a0,b1,-");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

static void pass_alone(void)
{
    spawn(A);
    pass(0); /* at once: before the other has run */
    check_state(0, 0);
    ck_assert_code(runner_barrier_wait(barrier, NULL), 0); /* who wants no number gets none */
    turn();
    join(A, 0);
    check_state(0, 0);
}

START_TEST(barrier_of_one_lets_everybody_pass_at_once)
{
    play_new(_i, 1, pass_alone);
    log_expect("main,a0,-");
}
END_TEST

static void come_while_it_drains(void)
{
    spawn(A);
    turn();
    spawn(B);
    spawn(C);
    turn();
    check_state(0, 0); /* B has passed, A has not run, C may not come in yet */
    turn();
    check_state(0, 0); /* A has passed, C has not run */
    turn();
    check_state(1, 0);
    spawn(D);
    turn();
    for (int who = A; who <= D; who++) {
        join(who, 0);
    }
}

START_TEST(who_comes_while_it_drains_belongs_to_the_next_passing)
{
    play_new(_i, 2, come_while_it_drains);
    log_expect("-,b1,-,a0,-,-,d1,-,c0");
}
END_TEST

static int wait_twice(void *arg, void **result)
{
    (void)result;
    int code = wait_and_log(arg);
    return code != 0 ? code : wait_and_log(arg);
}

static void come_back_at_once(void)
{
    for (int who = A; who <= C; who++) {
        spawn_body(who, wait_twice, NULL);
    }
    turn();
    check_state(0, 0);
    turn();
    check_state(1, 0); /* B, which left last; the others waited for that */
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
    check_state(0, 0);
}

START_TEST(barrier_can_be_used_again_once_all_have_left)
{
    play_new(COROUTINE, 3, come_back_at_once);
    log_expect("c2,-,a0,b1,-,a2,b0,c1");
}
END_TEST

static runner_barrier_t *other;

/* The first two that leave come back; the others first wait for each other elsewhere. */
static int come_back_or_go_elsewhere(void *arg, void **result)
{
    actor_t *actor = arg;
    size_t index = NO_INDEX;
    (void)result;
    ck_assert_code(wait_and_log(actor), 0);
    if (left++ >= 2) {
        ck_assert_code(runner_barrier_wait(other, &index), 0);
        log_add("%s!%zu", actor->name, index);
    }
    return wait_and_log(actor);
}

START_TEST(two_barriers_do_not_disturb_each_other)
{
    ck_assert_code(runner_barrier_new(&other, 3), 0);
    play_new_five(come_back_or_go_elsewhere, 0);
    log_expect("e4,a0,b1,c2,d3,d!2,b!0,c!1,c4,d0,e1,a2,b3");
    ck_assert_uint_eq(runner_barrier_waiting(other), 0);
    runner_barrier_unref(other);
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static void cancel_waiter(void)
{
    unsigned seen = 0;
    spawn(A);
    spawn(B);
    turn();
    cancel(A);
    check_state(2, 0);
    turn();
    check_state(1, 0);
    join(A, RUNNER_ECANCELED);
    spawn(C);
    turn();
    check_state(2, 0);
    spawn(D);
    for (int who = B; who <= D; who++) {
        join(who, 0);
        ck_assert_uint_lt(cast[who].index, 3);
        seen |= 1u << cast[who].index;
    }
    ck_assert_uint_eq(seen, 7); /* each number once */
    check_state(0, 0);
}

START_TEST(cancelled_waiter_is_not_counted_and_every_number_is_given_once)
{
    play_new(_i, 3, cancel_waiter);
}
END_TEST

static void cancel_released(void)
{
    spawn(A);
    spawn(B);
    turn();
    pass(2);
    cancel(A);
    spawn(C);
    turn();
    check_state(1, 0); /* A and B have left it all the same */
    join(A, RUNNER_ECANCELED);
    join(B, 0);
    cancel(C);
    join(C, RUNNER_ECANCELED);
    check_state(0, 0);
}

START_TEST(cancel_of_one_that_may_pass_does_not_hold_up_the_others)
{
    play_new(_i, 3, cancel_released);
    log_expect("-,main,a RUNNER_ECANCELED,b1,-,c RUNNER_ECANCELED");
}
END_TEST

static void cancel_last_to_leave(void)
{
    spawn(A);
    turn();
    spawn(B); /* comes before A leaves */
    pass(1);
    cancel(A);
    turn();
    check_state(0, 0);
    turn();
    check_state(1, 0);
    pass(1);
    join(A, RUNNER_ECANCELED);
    join(B, 0);
}

START_TEST(cancel_of_the_last_to_leave_lets_in_who_waits_outside)
{
    play_new(_i, 2, cancel_last_to_leave);
    log_expect("-,main,a RUNNER_ECANCELED,-,-,main,b0");
}
END_TEST

/* In the turn in which main cancels B, that waits outside because A has not left. */
static void cancel_outside(void)
{
    spawn(A);
    turn();
    spawn(C);
    spawn(B);
    turn();
    cancel(B);
    turn();
    check_state(0, 0);
    spawn(D);
    turn();
    check_state(1, 0);
    pass(1);
    join(A, 0);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
    join(D, 0);
}

START_TEST(who_is_cancelled_outside_never_comes_in)
{
    play_new(_i, 2, cancel_outside);
    log_expect("-,c1,-,a0,b RUNNER_ECANCELED,-,-,main,d0");
}
END_TEST

static void cancel_on_the_threshold(void)
{
    spawn(A);
    turn();
    spawn(B);
    spawn(C);
    pass(1);
    turn();
    cancel(B); /* the barrier is free, and B was told; it has not run */
    turn();
    check_state(1, 0);
    pass(1);
    join(A, 0);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
}

START_TEST(who_is_cancelled_before_it_comes_in_never_does)
{
    play_new(_i, 2, cancel_on_the_threshold);
    log_expect("-,main,a0,-,b RUNNER_ECANCELED,-,main,c0");
}
END_TEST

static void cancel_and_reset(void)
{
    spawn(A);
    spawn(B);
    turn();
    cancel(A);
    reset();
    cancel(B);
    turn();
    check_state(0, 0);
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
}

START_TEST(cancel_counts_more_than_a_reset_of_the_same_turn)
{
    play_new(_i, 3, cancel_and_reset);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED,-");
}
END_TEST

/* --- stackless tasks --------------------------------------------------------------------- */

/* Ends while it waits. */
static int end_inside(void *arg, int status, void **result)
{
    (void)arg;
    (void)status;
    (void)result;
    ck_assert_code(runner_barrier_wait(barrier, NULL), RUNNER_EPARKED);
    check_state(1, 0);
    return 0;
}

/* Ends its own wait, and then itself, without hearing of it. */
static int end_after_reset(void *arg, int status, void **result)
{
    ck_assert_code(end_inside(arg, status, result), 0);
    reset();
    return 0;
}

static void pass_without_a(void)
{
    turn();
    join(A, 0);
    check_state(0, 0);
    spawn(B);
    turn();
    check_state(1, 0);
    pass(1);
    join(B, 0);
}

static void leave_early(void)
{
    spawn_body(A, NULL, end_inside);
    pass_without_a();
}

START_TEST(step_that_ends_while_it_waits_is_not_counted)
{
    play_new(STACKLESS, 2, leave_early);
    log_expect("-,-,main,b0");
}
END_TEST

static void reset_and_leave_early(void)
{
    spawn_body(A, NULL, end_after_reset);
    pass_without_a();
}

START_TEST(step_that_ends_before_it_hears_of_a_reset_does_not_hold_it_up)
{
    play_new(STACKLESS, 2, reset_and_leave_early);
    log_expect("-,-,main,b0");
}
END_TEST

/* Ends while it waits outside. */
static int end_outside(void *arg, int status, void **result)
{
    (void)arg;
    (void)status;
    (void)result;
    ck_assert_code(runner_barrier_wait(barrier, NULL), RUNNER_EPARKED);
    check_state(0, 0);
    return 0;
}

static void never_come_in(void)
{
    spawn(A);
    turn();
    spawn_body(B, NULL, end_outside);
    pass(1);
    turn();
    turn();
    check_state(0, 0);
    join(A, 0);
    join(B, 0);
}

START_TEST(step_that_ends_while_it_waits_outside_never_comes_in)
{
    play_new(STACKLESS, 2, never_come_in);
    log_expect("-,main,a0,-,-");
}
END_TEST

/* --- runners ----------------------------------------------------------------------------- */

static void two_pass(void)
{
    spawn(C);
    turn();
    check_state(1, 0);
    pass(1);
    join(C, 0);
}

static void leave_waiter(void)
{
    spawn(A);
    turn();
}

static void wait_in_main(void)
{
    log_add("main %s", code_name(runner_barrier_wait(barrier, NULL)));
}

START_TEST(who_has_not_left_keeps_other_runners_out)
{
    runner_t *first = test_runner();
    kind = _i;
    ck_assert_code(runner_barrier_new(&barrier, 2), 0);
    ck_assert_code(play_on(first, leave_waiter), 0);
    reset(); /* between runs anybody may: A hears of it in the next one */
    play(wait_in_main);
    log_expect("-,main RUNNER_EFOREIGN");
    ck_assert_code(runner_run(first, log_body, "next", NULL, NULL), 0);
    log_expect("a RUNNER_EBROKEN,next");
    ck_assert_code(runner_task_result(cast[A].task, NULL), RUNNER_EBROKEN);
    play(two_pass);
    log_expect("-,main,c0");
    unref(A);
    unref_barrier();
    runner_free(first);
}
END_TEST

static void leave_one_on_the_threshold(void)
{
    spawn(A);
    turn();
    spawn(B); /* comes before A leaves, and waits outside */
    pass(1);
    turn();
    join(A, 0);
    ck_assert_code(runner_stop(runner_current()), 0); /* before B can come in */
    (void)runner_yield();
}

START_TEST(who_waited_outside_and_has_not_come_in_keeps_other_runners_out)
{
    runner_t *first = test_runner();
    kind = _i;
    ck_assert_code(runner_barrier_new(&barrier, 2), 0);
    ck_assert_code(play_on(first, leave_one_on_the_threshold), RUNNER_ESTOPPED);
    log_expect("-,main,a0,-");
    play(wait_in_main);
    log_expect("main RUNNER_EFOREIGN");
    ck_assert_code(runner_close(first), 0);
    log_expect("b RUNNER_ECANCELED");
    play(two_pass);
    log_expect("-,main,c0");
    unref(B);
    unref_barrier();
    runner_free(first);
}
END_TEST

START_TEST(close_takes_who_waits_out_of_the_count)
{
    runner_t *first = test_runner();
    kind = _i;
    ck_assert_code(runner_barrier_new(&barrier, 2), 0);
    ck_assert_code(play_on(first, leave_waiter), 0);
    check_state(1, 0);
    ck_assert_code(runner_close(first), 0);
    log_expect("-,a RUNNER_ECANCELED");
    check_state(0, 0);
    play(two_pass);
    log_expect("-,main,c0");
    unref(A);
    unref_barrier();
    runner_free(first);
}
END_TEST

/* Swallows every cancel and waits again. */
static int insist_on_stack(void *arg, void **result)
{
    int code = RUNNER_ECANCELED;
    (void)result;
    while (code == RUNNER_ECANCELED) {
        code = wait_and_log(arg);
    }
    return code;
}

static int insist_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ > 0 && log_outcome(actor, status) != RUNNER_ECANCELED) {
        return status;
    }
    actor->index = NO_INDEX;
    return runner_barrier_wait(barrier, &actor->index);
}

static int come_when_cancelled(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return wait_and_log(arg);
}

static void leave_insistent(void)
{
    spawn_body(A, insist_on_stack, insist_in_steps);
    turn();
}

START_TEST(abandoned_waiter_is_not_counted)
{
    kind = _i;
    ck_assert_code(runner_barrier_new(&barrier, 2), 0);
    play_and_abandon(leave_insistent);
    log_expect("-,a RUNNER_ECANCELED");
    check_state(0, 0);
    play(two_pass);
    log_expect("-,main,c0");
    unref_barrier();
}
END_TEST

/* When they are cancelled, A waits again, and B comes as the last. */
static void leave_insistent_and_last(void)
{
    spawn_body(A, insist_on_stack, insist_in_steps);
    ck_assert_code(runner_spawn(come_when_cancelled, &cast[B], NULL, NULL), 0);
    turn();
}

START_TEST(abandoned_waiter_that_may_pass_does_not_hold_up_who_comes)
{
    kind = _i;
    ck_assert_code(runner_barrier_new(&barrier, 2), 0);
    play_and_abandon(leave_insistent_and_last);
    log_expect("-,a RUNNER_ECANCELED,b1");
    play(two_pass);
    log_expect("-,main,c0");
    unref_barrier();
}
END_TEST

static void release_handle(void)
{
    ck_assert_code(runner_barrier_new(&barrier, 2), 0);
    spawn(A);
    turn();
    spawn(C);
    spawn(B);
    turn();
    unref_barrier(); /* A is about to leave, B waits outside */
    turn();
    turn();
    join(A, 0);
    join(C, 0);
    cancel(B);
    join(B, RUNNER_ECANCELED);
}

START_TEST(barrier_lives_as_long_as_tasks_wait_at_it)
{
    kind = _i;
    play(release_handle);
    log_expect("-,c1,-,a0,-,-,b RUNNER_ECANCELED");
}
END_TEST

static void check_info(int state, const char *waits)
{
    runner_task_info_t infos[3];
    size_t count = 0;
    memset(infos, 0, sizeof infos);
    infos[0].size = sizeof infos[0];
    ck_assert_code(runner_tasks(runner_current(), infos, 3, &count), 0);
    ck_assert_uint_ge(count, 2);
    const runner_task_info_t *last = &infos[count - 1];
    ck_assert_int_eq(last->state, state);
    ck_assert_uint_eq(last->awaits, 0);
    if (waits != NULL) {
        ck_assert_str_eq(last->waits, waits);
    }
}

static void list_waiters(void)
{
    spawn(A);
    turn();
    check_info(RUNNER_STATE_WAITING, "barrier");
    spawn(C);
    spawn(B);
    turn(); /* C has passed, B waits outside for A to leave */
    check_info(RUNNER_STATE_WAITING, "barrier");
    turn();
    check_info(RUNNER_STATE_READY, NULL);
    turn();
    pass(1);
    join(A, 0);
    join(B, 0);
    join(C, 0);
}

START_TEST(list_of_tasks_says_who_waits_at_a_barrier)
{
    play_new(_i, 2, list_waiters);
    log_expect("-,c1,-,a0,-,-,main,b0");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

#define add_for_each_kind(tcase, test) tcase_add_loop_test(tcase, test, COROUTINE, KINDS)

int main(void)
{
    Suite *suite = suite_create("barrier");
    TCase *tcase = test_case(suite, "passing");
    tcase_add_test(tcase, null_and_no_parties_are_refused);
    tcase_add_test(tcase, new_barrier_waits_for_its_parties);
    add_for_each_kind(tcase,
                      last_to_come_passes_at_once_and_the_others_in_the_order_of_their_coming);
    add_for_each_kind(tcase, barrier_of_one_lets_everybody_pass_at_once);
    add_for_each_kind(tcase, who_comes_while_it_drains_belongs_to_the_next_passing);
    tcase_add_test(tcase, barrier_can_be_used_again_once_all_have_left);
    tcase_add_test(tcase, two_barriers_do_not_disturb_each_other);
    tcase = test_case(suite, "cancel");
    add_for_each_kind(tcase, cancelled_waiter_is_not_counted_and_every_number_is_given_once);
    add_for_each_kind(tcase, cancel_of_one_that_may_pass_does_not_hold_up_the_others);
    add_for_each_kind(tcase, cancel_of_the_last_to_leave_lets_in_who_waits_outside);
    add_for_each_kind(tcase, who_is_cancelled_outside_never_comes_in);
    add_for_each_kind(tcase, who_is_cancelled_before_it_comes_in_never_does);
    add_for_each_kind(tcase, cancel_counts_more_than_a_reset_of_the_same_turn);
    tcase = test_case(suite, "stackless");
    tcase_add_test(tcase, step_that_ends_while_it_waits_is_not_counted);
    tcase_add_test(tcase, step_that_ends_before_it_hears_of_a_reset_does_not_hold_it_up);
    tcase_add_test(tcase, step_that_ends_while_it_waits_outside_never_comes_in);
    tcase = test_case(suite, "runners");
    add_for_each_kind(tcase, who_has_not_left_keeps_other_runners_out);
    add_for_each_kind(tcase, who_waited_outside_and_has_not_come_in_keeps_other_runners_out);
    add_for_each_kind(tcase, close_takes_who_waits_out_of_the_count);
    add_for_each_kind(tcase, abandoned_waiter_is_not_counted);
    add_for_each_kind(tcase, abandoned_waiter_that_may_pass_does_not_hold_up_who_comes);
    add_for_each_kind(tcase, barrier_lives_as_long_as_tasks_wait_at_it);
    add_for_each_kind(tcase, list_of_tasks_says_who_waits_at_a_barrier);
    return test_main(suite);
}
