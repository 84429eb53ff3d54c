/* Semaphores whose waiters are cancelled, end or are given up: what they were given is not lost. */
#include "semaphores.h"

/* --- cancel ------------------------------------------------------------------------------ */

static void cancel_waiter(void)
{
    spawn(A);
    turn();
    cancel(A);
    release();
    check_state(1, 0); /* A is not in line any more, though it has not run yet */
    acquire();
    log_add("main");
    join(A, RUNNER_ECANCELED);
    release();
    check_state(1, 0);
}

START_TEST(cancelled_waiter_is_out_of_the_line_at_once)
{
    play_new(_i, 0, cancel_waiter);
    log_expect("-,main,a RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static void cancel_before_release(void)
{
    for (int who = A; who <= D; who++) {
        spawn(who);
    }
    turn();
    cancel(A);
    cancel(B);
    release();
    turn();
    check_state(0, 1);
    check_pending(D);
    cancel(D);
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
    join(D, RUNNER_ECANCELED);
    check_state(0, 1);
}

START_TEST(release_passes_over_who_is_cancelled)
{
    play_new(_i, 0, cancel_before_release);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED,c,-,d RUNNER_ECANCELED");
}
END_TEST

static void cancel_first_in_line(void)
{
    spawn(A);
    spawn(B);
    spawn(C);
    turn();
    cancel(A);
    turn();
    release();
    release();
    join(A, RUNNER_ECANCELED);
    join(B, 0);
    join(C, 0);
}

START_TEST(line_keeps_its_order_when_its_first_is_cancelled)
{
    play_new(_i, 0, cancel_first_in_line);
    log_expect("-,a RUNNER_ECANCELED,-,b,c");
}
END_TEST

static void cancel_chosen(void)
{
    spawn(A);
    spawn(B);
    spawn(C);
    turn();
    release();
    cancel(A);
    check_state(0, 1);
    turn();
    cancel(B); /* A has handed it to B in this turn */
    turn();
    turn();
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
    check_state(0, 1);
}

START_TEST(semaphore_hands_on_what_a_cancelled_waiter_was_given)
{
    play_new(_i, 0, cancel_chosen);
    log_expect("-,a RUNNER_ECANCELED,-,b RUNNER_ECANCELED,-,c,-");
}
END_TEST

static void cancel_all_chosen(void)
{
    acquire();
    acquire();
    spawn(A);
    spawn(B);
    turn();
    release();
    release();
    cancel(A);
    cancel(B);
    check_state(0, 1);
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    check_state(2, 0);
    ck_assert_code(runner_semaphore_release(semaphore), RUNNER_ERELEASED);
}

START_TEST(what_no_waiter_takes_goes_back_into_the_value)
{
    play_new_bounded(_i, 2, cancel_all_chosen);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED");
}
END_TEST

/* Holds it for a turn, and cancels B to which it goes. */
static int release_and_cancel(void *arg, void **result)
{
    (void)arg;
    (void)result;
    acquire();
    ck_assert_code(runner_yield(), 0);
    release();
    cancel(B);
    return 0;
}

static int acquire_body(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_semaphore_acquire(semaphore);
}

static void cancel_next_holder(void)
{
    ck_assert_code(runner_spawn(release_and_cancel, NULL, NULL, &cast[A].task), 0);
    spawn(B);
    join(A, 0);
    join(B, RUNNER_ECANCELED);
    ck_assert_code(runner_with_timeout(1000, acquire_body, NULL, NULL), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
}

START_TEST(semaphore_is_not_lost_with_a_holder_that_never_ran)
{
    play_new(_i, 1, cancel_next_holder);
    log_expect("b RUNNER_ECANCELED");
}
END_TEST

/* Swallows every cancel and acquires again. */
static int insist_on_stack(void *arg, void **result)
{
    (void)result;
    int code = runner_semaphore_acquire(semaphore);
    while (code == RUNNER_ECANCELED) {
        log_outcome(arg, code);
        code = runner_semaphore_acquire(semaphore);
    }
    return log_outcome(arg, code);
}

static int insist_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        return runner_semaphore_acquire(semaphore);
    }
    log_outcome(actor, status);
    return status == RUNNER_ECANCELED ? runner_semaphore_acquire(semaphore) : status;
}

static void swallow_cancel(void)
{
    spawn_body(A, insist_on_stack, insist_in_steps);
    spawn(B);
    turn();
    release();
    cancel(A);
    turn();
    release(); /* for A, which has come again, behind B */
    join(B, 0);
    join(A, 0);
    check_state(0, 1);
}

START_TEST(who_swallows_a_cancel_waits_again_behind_the_others)
{
    play_new(_i, 0, swallow_cancel);
    log_expect("-,a RUNNER_ECANCELED,-,b,a");
}
END_TEST

/* --- a crowd ----------------------------------------------------------------------------- */

enum { CROWD = 1000 };

static actor_t crowd[CROWD];
static actor_t *crowd_next = crowd;

/* Those with an odd place are cancelled; the others come in order. */
static int check_place(const actor_t *actor, int code)
{
    if (code == 0) {
        ck_assert_ptr_eq(actor, crowd_next);
        crowd_next += 2;
    }
    return code;
}

static int come_on_stack(void *arg, void **result)
{
    (void)result;
    return check_place(arg, runner_semaphore_acquire(semaphore));
}

static int come_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    return actor->begun++ == 0 ? runner_semaphore_acquire(semaphore) : check_place(actor, status);
}

static void let_a_crowd_in(void)
{
    for (int i = 0; i < CROWD; i++) {
        actor_t *actor = &crowd[i];
        int code = kind == STACKLESS ? runner_spawn_step(come_in_steps, actor, NULL, &actor->task)
                                     : runner_spawn(come_on_stack, actor, NULL, &actor->task);
        ck_assert_code(code, 0);
    }
    ck_assert_code(runner_yield(), 0);
    for (int i = CROWD - 1; i > 0; i -= 2) {
        ck_assert_code(runner_task_cancel(crowd[i].task), 0);
        release();
    }
    check_state(0, 1);
    for (int i = 0; i < CROWD; i++) {
        ck_assert_code(runner_await(crowd[i].task, NULL), i % 2 == 0 ? 0 : RUNNER_ECANCELED);
        runner_task_unref(crowd[i].task);
    }
    ck_assert_ptr_eq(crowd_next, crowd + CROWD);
    check_state(0, 1);
}

START_TEST(a_crowd_keeps_its_order_while_every_second_leaves)
{
    play_new(_i, 0, let_a_crowd_in);
}
END_TEST

/* Ends while it waits, without a word. */
static int end_in_line(void *arg, int status, void **result)
{
    (void)result;
    ck_assert_code(runner_semaphore_acquire(semaphore), RUNNER_EPARKED);
    return log_outcome(arg, status);
}

static void leave_the_line(void)
{
    spawn_body(A, NULL, end_in_line);
    spawn(B);
    turn();
    release();
    join(A, 0);
    join(B, 0);
    release();
    check_state(1, 0);
}

START_TEST(step_that_ends_while_it_waits_leaves_the_line)
{
    play_new(STACKLESS, 0, leave_the_line);
    log_expect("a,-,b");
}
END_TEST

/* Gives it to itself, lets B come, and ends. */
static int end_when_given(void *arg, int status, void **result)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .eager = 1};
    (void)result;
    ck_assert_code(runner_semaphore_acquire(semaphore), RUNNER_EPARKED);
    release();
    ck_assert_code(runner_spawn(acquire_on_stack, &cast[B], &opts, &cast[B].task), 0);
    check_state(0, 1);
    return log_outcome(arg, status);
}

static void end_with_it(void)
{
    spawn_body(A, NULL, end_when_given);
    turn();
    join(A, 0);
    join(B, 0);
    check_state(0, 1);
}

START_TEST(step_that_ends_before_it_sees_what_it_was_given_hands_it_on)
{
    play_new(STACKLESS, 0, end_with_it);
    log_expect("a,-,b");
}
END_TEST

/* --- runners ----------------------------------------------------------------------------- */

static void leave_waiter(void)
{
    spawn(A);
    turn();
}

static void acquire_in_main(void)
{
    log_add("main %s", code_name(runner_semaphore_acquire(semaphore)));
}

START_TEST(woken_waiter_of_another_runner_stands_before_who_comes)
{
    runner_t *first = test_runner();
    kind = _i;
    ck_assert_code(runner_semaphore_new(&semaphore, 0), 0);
    ck_assert_code(play_on(first, leave_waiter), 0);
    release(); /* for A, that has it when its runner goes on */
    check_state(0, 1);
    play(acquire_in_main);
    log_expect("-,main RUNNER_EFOREIGN");
    ck_assert_code(runner_run(first, log_body, "next", NULL, NULL), 0);
    log_expect("a,next");
    release();
    play(acquire_in_main);
    log_expect("main 0");
    unref(A);
    unref_semaphore();
    runner_free(first);
}
END_TEST

START_TEST(close_gives_back_what_a_waiter_was_given)
{
    runner_t *first = test_runner();
    kind = _i;
    ck_assert_code(runner_semaphore_new(&semaphore, 0), 0);
    ck_assert_code(play_on(first, leave_waiter), 0);
    release();
    ck_assert_code(runner_close(first), 0);
    log_expect("-,a RUNNER_ECANCELED");
    check_state(1, 0);
    play(acquire_in_main);
    log_expect("main 0");
    unref(A);
    unref_semaphore();
    runner_free(first);
}
END_TEST

static int release_when_cancelled(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    release();
    return log_outcome(arg, code);
}

/* When they are cancelled, A waits again, and then it is handed what B releases. */
static void leave_insistent(void)
{
    spawn_body(A, insist_on_stack, insist_in_steps);
    ck_assert_code(runner_spawn(release_when_cancelled, &cast[B], NULL, NULL), 0);
    turn();
}

START_TEST(abandoned_waiter_gives_back_what_it_was_given)
{
    kind = _i;
    ck_assert_code(runner_semaphore_new(&semaphore, 0), 0);
    play_and_abandon(leave_insistent);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED");
    check_state(1, 0);
    play(acquire_in_main);
    log_expect("main 0");
    unref_semaphore();
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("semaphore_cancel");
    TCase *tcase = test_case(suite, "cancel");
    add_for_each_kind(tcase, cancelled_waiter_is_out_of_the_line_at_once);
    add_for_each_kind(tcase, release_passes_over_who_is_cancelled);
    add_for_each_kind(tcase, line_keeps_its_order_when_its_first_is_cancelled);
    add_for_each_kind(tcase, semaphore_hands_on_what_a_cancelled_waiter_was_given);
    add_for_each_kind(tcase, what_no_waiter_takes_goes_back_into_the_value);
    add_for_each_kind(tcase, semaphore_is_not_lost_with_a_holder_that_never_ran);
    add_for_each_kind(tcase, who_swallows_a_cancel_waits_again_behind_the_others);
    add_for_each_kind(tcase, a_crowd_keeps_its_order_while_every_second_leaves);
    tcase_add_test(tcase, step_that_ends_while_it_waits_leaves_the_line);
    tcase_add_test(tcase, step_that_ends_before_it_sees_what_it_was_given_hands_it_on);
    tcase = test_case(suite, "runners");
    add_for_each_kind(tcase, woken_waiter_of_another_runner_stands_before_who_comes);
    add_for_each_kind(tcase, close_gives_back_what_a_waiter_was_given);
    add_for_each_kind(tcase, abandoned_waiter_gives_back_what_it_was_given);
    return test_main(suite);
}
