/* Locks and cancels: who has left the line, when, and who gets what a cancelled task was given. */
#include "waiting.h"

/* --- in line ----------------------------------------------------------------------------- */

static int cancel_waiter(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE GIVE);
    start(scene, "b", TAKE GIVE);
    turn("t1");
    cancel(a);
    turn("t2");
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    give(scene->lock);
    turn("t3");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(a_cancelled_waiter_leaves_the_line)
{
    run(cancel_waiter, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b took,t3");
}
END_TEST

static int cancel_and_release(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    cancel(a);
    give(scene->lock); /* finds "a" at the head of the line, and wakes nobody */
    turn("t2");
    check_not_held(scene->lock, 1);
    turn("t3");
    check_held(scene->lock, b, 0);
    return 0;
}

START_TEST(a_cancelled_waiter_stands_in_line_until_it_has_run)
{
    run(cancel_and_release, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b took,t3");
}
END_TEST

static int release_once_it_has_run(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    cancel(a);
    turn("t2");
    give(scene->lock);
    turn("t3");
    check_held(scene->lock, b, 0);
    return 0;
}

START_TEST(a_release_wakes_the_next_once_the_cancelled_one_has_run)
{
    run(release_once_it_has_run, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b took,t3");
}
END_TEST

static int come_behind_cancelled(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    cancel(a);
    cancel(b);
    give(scene->lock);
    take(scene->lock); /* everybody in line is about to leave */
    log_add("main");
    turn("t2");
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 0);
    give(scene->lock);
    return 0;
}

START_TEST(who_comes_does_not_wait_for_those_who_are_cancelled)
{
    run(come_behind_cancelled, _i);
    log_expect("t1,main,a RUNNER_ECANCELED,b RUNNER_ECANCELED,t2");
}
END_TEST

static int come_behind_one_that_waits(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    start(scene, "b", TAKE GIVE);
    turn("t1");
    cancel(a);
    give(scene->lock);
    take(scene->lock);
    log_add("main");
    give(scene->lock);
    turn("t2");
    return 0;
}

START_TEST(who_comes_does_not_overtake_one_that_waits_behind_a_cancelled_one)
{
    run(come_behind_one_that_waits, _i);
    log_expect("t1,a RUNNER_ECANCELED,b took,main,t2");
}
END_TEST

static int cancel_one_start_another(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    actor_t *c = start(scene, "c", TAKE); /* takes its first step before "b" is told */
    cancel(b);
    give(scene->lock);
    turn("t2");
    check_held(scene->lock, c, 0);
    ck_assert_int_eq(runner_task_cancelled(b->task), 1);
    return 0;
}

START_TEST(a_cancelled_waiter_that_runs_does_not_touch_a_lock_that_another_has_taken)
{
    run(cancel_one_start_another, _i);
    log_expect("t1,c took,b RUNNER_ECANCELED,t2");
}
END_TEST

/* Goes to the end of the line when it is cancelled. */
static int ask_again(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    ck_assert_code(runner_lock_acquire(scene->lock), RUNNER_ECANCELED);
    log_add("again");
    take(scene->lock);
    log_add("last");
    give(scene->lock);
    return 0;
}

static int ask_again_in_steps(void *arg, int status, void **result)
{
    scene_t *scene = arg;
    (void)result;
    if (status == 0 && runner_lock_waiters(scene->lock) > 0) {
        log_add("last");
        give(scene->lock);
        return 0;
    }
    if (status == RUNNER_ECANCELED) {
        log_add("again");
    }
    return runner_lock_acquire(scene->lock);
}

static int cancel_and_let_ask_again(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    take(scene->lock);
    ck_assert_code(scene->kind == STACKLESS
                       ? runner_spawn_step(ask_again_in_steps, scene, NULL, &task)
                       : runner_spawn(ask_again, scene, NULL, &task),
                   0);
    start(scene, "b", TAKE GIVE);
    turn("t1");
    ck_assert_code(runner_task_cancel(task), 0);
    turn("t2");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 2);
    start(scene, "c", TAKE GIVE);
    turn("t3");
    give(scene->lock);
    int code = runner_await(task, result);
    runner_task_unref(task);
    turn("t4");
    return code;
}

START_TEST(a_cancelled_waiter_that_asks_again_goes_to_the_end_of_the_line)
{
    run(cancel_and_let_ask_again, _i);
    log_expect("t1,again,t2,t3,b took,last,c took,t4");
}
END_TEST

/* --- what was handed over ---------------------------------------------------------------- */

static int cancel_the_chosen(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    actor_t *c = start(scene, "c", TAKE);
    turn("t1");
    give(scene->lock);
    cancel(a);
    turn("t2");
    check_not_held(scene->lock, 2);
    cancel(b); /* it was given what "a" did not take */
    turn("t3");
    check_not_held(scene->lock, 1);
    turn("t4");
    check_held(scene->lock, c, 0);
    return 0;
}

START_TEST(lock_hands_on_what_a_cancelled_waiter_was_given)
{
    run(cancel_the_chosen, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b RUNNER_ECANCELED,t3,c took,t4");
}
END_TEST

/* Two are cancelled in the turn of the release, of which the first is given the lock. */
static int cancel_two(scene_t *scene, int second_before_release)
{
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    actor_t *c = start(scene, "c", TAKE);
    turn("t1");
    if (second_before_release) {
        cancel(b);
    }
    give(scene->lock);
    cancel(a);
    if (!second_before_release) {
        cancel(b);
    }
    turn("t2");
    check_not_held(scene->lock, 1);
    turn("t3");
    check_held(scene->lock, c, 0);
    return 0;
}

static int cancel_second_late(void *arg, void **result)
{
    (void)result;
    return cancel_two(arg, 0);
}

static int cancel_second_early(void *arg, void **result)
{
    (void)result;
    return cancel_two(arg, 1);
}

START_TEST(lock_hands_on_past_those_who_are_cancelled_in_the_same_turn)
{
    run(cancel_second_late, _i);
    log_expect("t1,a RUNNER_ECANCELED,b RUNNER_ECANCELED,t2,c took,t3");
}
END_TEST

START_TEST(lock_hands_on_past_those_who_were_cancelled_before)
{
    run(cancel_second_early, _i);
    log_expect("t1,b RUNNER_ECANCELED,a RUNNER_ECANCELED,t2,c took,t3");
}
END_TEST

static int cancel_the_only_one(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    turn("t1");
    give(scene->lock);
    cancel(a);
    check_not_held(scene->lock, 1);
    turn("t2");
    check_not_held(scene->lock, 0);
    ck_assert_code(runner_lock_release(scene->lock), RUNNER_ENOTLOCKED);
    take(scene->lock);
    log_add("main");
    return 0;
}

START_TEST(a_lock_that_nobody_wants_any_more_is_free)
{
    run(cancel_the_only_one, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,main");
}
END_TEST

static int come_while_it_is_handed_over(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    turn("t1");
    start(scene, "b", TAKE GIVE); /* runs before "a", which has been given the lock */
    give(scene->lock);
    cancel(a);
    turn("t2");
    check_not_held(scene->lock, 1);
    turn("t3");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_comes_waits_for_a_chosen_one_even_if_it_is_cancelled)
{
    run(come_while_it_is_handed_over, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b took,t3");
}
END_TEST

static int cancel_and_release_callback(void *arg)
{
    scene_t *scene = arg;
    cancel(&scene->actors[0]);
    give(scene->lock);
    log_add("callback");
    return 0;
}

static int await_cancelled(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    actor_t *c = start(scene, "c", TAKE);
    turn("t1");
    ck_assert_code(runner_call_soon(runner_current(), cancel_and_release_callback, scene, NULL), 0);
    ck_assert_code(runner_await(a->task, NULL), RUNNER_ECANCELED);
    log_add("main");
    check_held(scene->lock, b, 1);
    ck_assert_int_eq(runner_task_done(b->task), 1);
    cancel(c);
    turn("t2");
    check_held(scene->lock, b, 0);
    return 0;
}

START_TEST(a_cancel_and_a_release_let_one_task_in_and_not_two)
{
    run(await_cancelled, _i);
    log_expect("t1,callback,a RUNNER_ECANCELED,b took,main,c RUNNER_ECANCELED,t2");
}
END_TEST

static int cancel_while_the_holder_is_woken(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", TAKE FLAG GIVE);
    turn("t1");
    actor_t *b = start(scene, "b", TAKE GIVE);
    start(scene, "c", TAKE GIVE);
    turn("t2");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 2);
    set_flag(scene->event); /* "a" will release the lock in the turn in which "b" is told */
    cancel(b);
    turn("t3");
    check_not_held(scene->lock, 1);
    ck_assert_int_eq(runner_task_cancelled(b->task), 1);
    turn("t4");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(a_waiter_that_is_cancelled_in_the_turn_of_the_release_does_not_keep_the_next_waiting)
{
    run(cancel_while_the_holder_is_woken, _i);
    log_expect("a took,t1,t2,a woke,b RUNNER_ECANCELED,t3,c took,t4");
}
END_TEST

/* --- cancels that are taken back, or come early ------------------------------------------ */

static int take_cancels_back(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    cancel(a); /* has ended the wait: taking it back comes too late */
    ck_assert_int_eq(runner_task_uncancel(a->task), 0);
    turn("t2");
    give(scene->lock);
    cancel(b); /* the wait was over, and nobody has told the task yet */
    ck_assert_int_eq(runner_task_uncancel(b->task), 0);
    turn("t3");
    check_held(scene->lock, b, 0);
    return 0;
}

START_TEST(a_cancel_that_is_taken_back_leaves_the_lock_to_whom_it_was_given)
{
    run(take_cancels_back, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b took,t3");
}
END_TEST

static int cancel_holder(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", TAKE FLAG);
    actor_t *b = start(scene, "b", TAKE GIVE);
    turn("t1");
    cancel(a);
    turn("t2");
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    check_held(scene->lock, a, 1); /* its cleanup has to release it, and it had none */
    give(scene->lock);
    turn("t3");
    ck_assert_int_eq(runner_task_done(b->task), 1);
    return 0;
}

START_TEST(a_cancel_of_the_holder_does_not_release_the_lock)
{
    run(cancel_holder, _i);
    log_expect("a took,t1,a RUNNER_ECANCELED,t2,b took,t3");
}
END_TEST

/* Cancels itself and takes the lock. */
static int cancel_oneself(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    return runner_lock_acquire(scene->lock);
}

static int cancel_oneself_in_steps(void *arg, int status, void **result)
{
    return status == 0 ? cancel_oneself(arg, result) : status;
}

static runner_task_t *spawn_self_canceller(scene_t *scene)
{
    runner_task_t *task = NULL;
    ck_assert_code(scene->kind == STACKLESS
                       ? runner_spawn_step(cancel_oneself_in_steps, scene, NULL, &task)
                       : runner_spawn(cancel_oneself, scene, NULL, &task),
                   0);
    return task;
}

static int let_it_cancel_itself(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    runner_task_t *task = spawn_self_canceller(scene);
    actor_t *b = start(scene, "b", TAKE);
    turn("t1");
    ck_assert_int_eq(runner_task_done(task), 0); /* it is told a turn later */
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock); /* it stands in line still */
    turn("t2");
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    check_not_held(scene->lock, 1);
    turn("t3");
    check_held(scene->lock, b, 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(a_task_that_cancels_itself_does_not_get_a_lock_that_it_has_to_wait_for)
{
    run(let_it_cancel_itself, _i);
    log_expect("t1,t2,b took,t3");
}
END_TEST

static int let_it_cancel_itself_and_take(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    runner_task_t *task = spawn_self_canceller(scene);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_lock_locked(scene->lock), 1);
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(task));
    runner_task_unref(task);
    return 0;
}

START_TEST(a_task_that_cancels_itself_takes_a_free_lock)
{
    run(let_it_cancel_itself_and_take, _i);
}
END_TEST

/* --- what cancels ------------------------------------------------------------------------ */

static int await_actor(void *arg, void **result)
{
    const actor_t *actor = arg;
    return runner_await(actor->task, result);
}

static int cancel_outer(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *outer = NULL;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    ck_assert_code(runner_spawn(await_actor, a, NULL, &outer), 0);
    turn("t1");
    ck_assert_code(runner_task_cancel(outer), 0);
    ck_assert_code(runner_await(outer, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    ck_assert_int_eq(runner_task_cancel_reason(a->task), RUNNER_REASON_PARENT);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 0);
    runner_task_unref(outer);
    return 0;
}

START_TEST(a_cancel_of_who_awaits_the_waiter_reaches_the_lock)
{
    run(cancel_outer, _i);
    log_expect("t1,a RUNNER_ECANCELED");
}
END_TEST

static int acquire(void *arg, void **result)
{
    (void)result;
    return runner_lock_acquire(arg);
}

static int time_out(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", TAKE FLAG GIVE);
    turn("t1");
    ck_assert_code(runner_with_timeout(10, acquire, scene->lock, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    check_held(scene->lock, a, 0);
    set_flag(scene->event);
    ck_assert_code(runner_with_timeout(10, acquire, scene->lock, NULL), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    return 0;
}

START_TEST(a_timeout_ends_the_wait_for_a_lock)
{
    run(time_out, _i);
    log_expect("a took,t1,a woke");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("lock cancel");
    TCase *tcase = test_case(suite, "in line");
    add_for_each_kind(tcase, a_cancelled_waiter_leaves_the_line);
    add_for_each_kind(tcase, a_cancelled_waiter_stands_in_line_until_it_has_run);
    add_for_each_kind(tcase, a_release_wakes_the_next_once_the_cancelled_one_has_run);
    add_for_each_kind(tcase, who_comes_does_not_wait_for_those_who_are_cancelled);
    add_for_each_kind(tcase, who_comes_does_not_overtake_one_that_waits_behind_a_cancelled_one);
    add_for_each_kind(tcase,
                      a_cancelled_waiter_that_runs_does_not_touch_a_lock_that_another_has_taken);
    add_for_two_kinds(tcase, a_cancelled_waiter_that_asks_again_goes_to_the_end_of_the_line);
    tcase = test_case(suite, "handed over");
    add_for_each_kind(tcase, lock_hands_on_what_a_cancelled_waiter_was_given);
    add_for_each_kind(tcase, lock_hands_on_past_those_who_are_cancelled_in_the_same_turn);
    add_for_each_kind(tcase, lock_hands_on_past_those_who_were_cancelled_before);
    add_for_each_kind(tcase, a_lock_that_nobody_wants_any_more_is_free);
    add_for_each_kind(tcase, who_comes_waits_for_a_chosen_one_even_if_it_is_cancelled);
    add_for_each_kind(tcase, a_cancel_and_a_release_let_one_task_in_and_not_two);
    add_for_each_kind(
        tcase,
        a_waiter_that_is_cancelled_in_the_turn_of_the_release_does_not_keep_the_next_waiting);
    tcase = test_case(suite, "taken back or early");
    add_for_each_kind(tcase, a_cancel_that_is_taken_back_leaves_the_lock_to_whom_it_was_given);
    add_for_each_kind(tcase, a_cancel_of_the_holder_does_not_release_the_lock);
    add_for_two_kinds(tcase,
                      a_task_that_cancels_itself_does_not_get_a_lock_that_it_has_to_wait_for);
    add_for_two_kinds(tcase, a_task_that_cancels_itself_takes_a_free_lock);
    tcase = test_case(suite, "what cancels");
    add_for_two_kinds(tcase, a_cancel_of_who_awaits_the_waiter_reaches_the_lock);
    add_for_two_kinds(tcase, a_timeout_ends_the_wait_for_a_lock);
    return test_main(suite);
}
