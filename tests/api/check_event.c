/* Events: a flag that tasks wait for. */
#include "waiting.h"

/* --- the flag ---------------------------------------------------------------------------- */

START_TEST(a_flag_is_set_and_cleared)
{
    runner_event_t *event = new_event();
    ck_assert_int_eq(runner_event_is_set(event), 0);
    clear_flag(event);
    set_flag(event);
    set_flag(event);
    clear_flag(event);
    runner_event_unref(event);
}
END_TEST

static int wait_for_set(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    set_flag(scene->event);
    call_soon("soon");
    start(scene, "a", FLAG);
    ck_assert_code(runner_event_wait(scene->event), 0);
    log_add("main");
    turn("t1");
    ck_assert_int_eq(runner_event_is_set(scene->event), 1); /* waiting takes nothing from it */
    return 0;
}

START_TEST(who_waits_for_a_set_flag_goes_on_at_once)
{
    run(wait_for_set, _i);
    log_expect("main,soon,a woke,t1");
}
END_TEST

/* --- order ------------------------------------------------------------------------------- */

static int set_before_a_start(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", FLAG);
    start(scene, "b", FLAG);
    turn("t1");
    start(scene, "c", FLAG); /* stands in the ready queue before those who are woken now */
    set_flag(scene->event);
    log_add("set");
    turn("t2");
    return 0;
}

START_TEST(waiters_are_woken_in_the_order_of_their_coming_and_run_a_turn_later)
{
    run(set_before_a_start, _i);
    log_expect("t1,set,c woke,a woke,b woke,t2");
}
END_TEST

static int set_and_clear(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", FLAG);
    turn("t1");
    set_flag(scene->event);
    clear_flag(scene->event);
    start(scene, "late", FLAG);
    set_flag(scene->event);
    set_flag(scene->event);
    clear_flag(scene->event);
    turn("t2");
    set_flag(scene->event);
    turn("t3");
    return 0;
}

START_TEST(who_was_woken_goes_on_though_the_flag_was_cleared_and_who_comes_later_waits)
{
    run(set_and_clear, _i);
    log_expect("t1,a woke,t2,late woke,t3");
}
END_TEST

static int wait_again(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", FLAG CLEAR FLAG CLEAR);
    start(scene, "b", FLAG FLAG);
    start(scene, "c", FLAG);
    turn("t1");
    set_flag(scene->event);
    turn("t2");
    ck_assert_int_eq(runner_event_is_set(scene->event), 0);
    turn("t3");
    set_flag(scene->event);
    turn("t4");
    return 0;
}

START_TEST(who_clears_the_flag_waits_for_the_next_set)
{
    run(wait_again, _i);
    log_expect("t1,a woke,b woke,c woke,t2,t3,a woke,b woke,t4");
}
END_TEST

static int wait_twice_for_a_set_flag(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", FLAG FLAG);
    start(scene, "b", FLAG);
    turn("t1");
    set_flag(scene->event);
    turn("t2");
    return 0;
}

START_TEST(who_waits_again_while_the_flag_is_set_does_not_go_behind_the_others)
{
    run(wait_twice_for_a_set_flag, _i);
    log_expect("t1,a woke,a woke,b woke,t2");
}
END_TEST

typedef struct crowd {
    runner_event_t *event;
    int arrived;
    int woken;
} crowd_t;

static int wait_in_crowd(void *arg, void **result)
{
    crowd_t *crowd = arg;
    int place = crowd->arrived++;
    (void)result;
    ck_assert_code(runner_event_wait(crowd->event), 0);
    ck_assert_int_eq(crowd->woken++, place);
    return 0;
}

static int wake_crowd(void *arg, void **result)
{
    enum { CROWD = 300 };
    crowd_t *crowd = arg;
    (void)result;
    for (int i = 0; i < CROWD; i++) {
        ck_assert_code(runner_spawn(wait_in_crowd, crowd, NULL, NULL), 0);
    }
    ck_assert_code(runner_yield(), 0);
    ck_assert_int_eq(crowd->arrived, CROWD);
    set_flag(crowd->event);
    ck_assert_int_eq(crowd->woken, 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_int_eq(crowd->woken, CROWD);
    return 0;
}

START_TEST(a_crowd_is_woken_in_one_turn)
{
    runner_t *runner = test_runner();
    crowd_t crowd = {new_event(), 0, 0};
    ck_assert_code(runner_run(runner, wake_crowd, &crowd, NULL, NULL), 0);
    runner_free(runner);
    runner_event_unref(crowd.event);
}
END_TEST

/* --- who sets it ------------------------------------------------------------------------- */

static int set_by_callbacks(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_t *runner = runner_current();
    (void)result;
    ck_assert_code(runner_call_soon(runner, set_flag_callback, scene->event, NULL), 0);
    ck_assert_code(runner_event_wait(scene->event), 0);
    ck_assert_uint_eq(now_ms(runner), 0);
    clear_flag(scene->event);
    ck_assert_code(runner_call_later(runner, 20, set_flag_callback, scene->event, NULL, NULL), 0);
    ck_assert_code(runner_event_wait(scene->event), 0);
    ck_assert_uint_eq(now_ms(runner), 20);
    return 0;
}

START_TEST(a_callback_or_a_timer_may_set_it)
{
    run(set_by_callbacks, COROUTINES);
}
END_TEST

static int start_one(void *arg, void **result)
{
    (void)result;
    start(arg, "a", FLAG);
    return runner_yield();
}

START_TEST(it_can_be_set_between_runs)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, start_one, &scene, NULL, NULL), 0);
    set_flag(scene.event);
    clear_flag(scene.event);
    log_expect("");
    ck_assert_code(runner_run(runner, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("a woke,main");
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int cancel_waiter(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", FLAG);
    start(scene, "b", FLAG);
    turn("t1");
    cancel(a);
    turn("t2");
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    set_flag(scene->event);
    turn("t3");
    return 0;
}

START_TEST(a_cancelled_waiter_is_told_and_the_others_go_on_waiting)
{
    run(cancel_waiter, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b woke,t3");
}
END_TEST

static int cancel_around_set(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", FLAG);
    actor_t *b = start(scene, "b", FLAG);
    actor_t *c = start(scene, "c", FLAG);
    turn("t1");
    cancel(c);
    set_flag(scene->event);
    cancel(b);
    turn("t2");
    ck_assert_int_eq(runner_event_is_set(scene->event), 1);
    return 0;
}

START_TEST(a_cancel_in_the_turn_of_the_set_wins_before_it_and_after_it)
{
    run(cancel_around_set, _i);
    log_expect("t1,c RUNNER_ECANCELED,a woke,b RUNNER_ECANCELED,t2");
}
END_TEST

static int take_cancels_back(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", FLAG);
    actor_t *b = start(scene, "b", FLAG);
    turn("t1");
    cancel(a); /* has ended the wait: taking it back comes too late */
    ck_assert_int_eq(runner_task_uncancel(a->task), 0);
    set_flag(scene->event);
    cancel(b); /* the wait was over, and nobody has told the task yet */
    ck_assert_int_eq(runner_task_uncancel(b->task), 0);
    turn("t2");
    return 0;
}

START_TEST(a_cancel_that_is_taken_back_spares_only_who_was_woken)
{
    run(take_cancels_back, _i);
    log_expect("t1,a RUNNER_ECANCELED,b woke,t2");
}
END_TEST

/* Cancels itself, does what does not wait, and waits. */
static int cancel_oneself(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    set_flag(scene->event);
    ck_assert_code(runner_event_wait(scene->event), 0);
    clear_flag(scene->event);
    call_soon("soon");
    ck_assert_code(runner_event_wait(scene->event), RUNNER_ECANCELED);
    log_add("told");
    return 0;
}

static int cancel_oneself_in_steps(void *arg, int status, void **result)
{
    scene_t *scene = arg;
    (void)result;
    if (status != 0) {
        ck_assert_code(status, RUNNER_ECANCELED);
        log_add("told");
        return 0;
    }
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    set_flag(scene->event);
    ck_assert_code(runner_event_wait(scene->event), 0);
    clear_flag(scene->event);
    call_soon("soon");
    return runner_event_wait(scene->event);
}

static int let_it_cancel_itself(void *arg, void **result)
{
    runner_task_t *task = NULL;
    scene_t *scene = arg;
    if (scene->kind == STACKLESS) {
        ck_assert_code(runner_spawn_step(cancel_oneself_in_steps, arg, NULL, &task), 0);
    } else {
        ck_assert_code(runner_spawn(cancel_oneself, arg, NULL, &task), 0);
    }
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(a_task_that_cancels_itself_is_told_when_it_has_to_wait)
{
    run(let_it_cancel_itself, _i);
    log_expect("soon,told");
}
END_TEST

/* --- stackless tasks --------------------------------------------------------------------- */

static int wait_and_leave(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    ck_assert_code(runner_event_wait(arg), RUNNER_EPARKED);
    log_add("left");
    return 0;
}

static int leave_waiting(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(wait_and_leave, scene->event, NULL, &task), 0);
    start(scene, "a", FLAG);
    ck_assert_code(runner_await(task, result), 0);
    runner_task_unref(task);
    turn("t1");
    set_flag(scene->event);
    turn("t2");
    return 0;
}

START_TEST(a_step_that_returns_while_it_waits_is_forgotten)
{
    run(leave_waiting, STACKLESS);
    log_expect("left,t1,a woke,t2");
}
END_TEST

typedef struct busy {
    runner_event_t *event;
    int called;
} busy_t;

static int wait_while_parked(void *arg, int status, void **result)
{
    busy_t *busy = arg;
    (void)result;
    if (busy->called++ > 0) {
        log_add("%s", code_name(status));
        return 0;
    }
    int code = runner_sleep(5);
    ck_assert_code(runner_event_wait(busy->event), RUNNER_EBUSY);
    set_flag(busy->event);
    ck_assert_code(runner_event_wait(busy->event), RUNNER_EBUSY);
    return code;
}

static int await_busy_step(void *arg, void **result)
{
    scene_t *scene = arg;
    busy_t busy = {scene->event, 0};
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(wait_while_parked, &busy, NULL, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    return code;
}

START_TEST(a_step_that_is_parked_already_can_not_wait)
{
    run(await_busy_step, STACKLESS);
    log_expect("0");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("event");
    TCase *tcase = test_case(suite, "flag");
    tcase_add_test(tcase, a_flag_is_set_and_cleared);
    add_for_each_kind(tcase, who_waits_for_a_set_flag_goes_on_at_once);
    tcase = test_case(suite, "order");
    add_for_each_kind(tcase, waiters_are_woken_in_the_order_of_their_coming_and_run_a_turn_later);
    add_for_each_kind(tcase,
                      who_was_woken_goes_on_though_the_flag_was_cleared_and_who_comes_later_waits);
    add_for_each_kind(tcase, who_clears_the_flag_waits_for_the_next_set);
    add_for_each_kind(tcase, who_waits_again_while_the_flag_is_set_does_not_go_behind_the_others);
    tcase_add_test(tcase, a_crowd_is_woken_in_one_turn);
    tcase = test_case(suite, "who sets it");
    tcase_add_test(tcase, a_callback_or_a_timer_may_set_it);
    add_for_two_kinds(tcase, it_can_be_set_between_runs);
    tcase = test_case(suite, "cancel");
    add_for_each_kind(tcase, a_cancelled_waiter_is_told_and_the_others_go_on_waiting);
    add_for_each_kind(tcase, a_cancel_in_the_turn_of_the_set_wins_before_it_and_after_it);
    add_for_each_kind(tcase, a_cancel_that_is_taken_back_spares_only_who_was_woken);
    add_for_two_kinds(tcase, a_task_that_cancels_itself_is_told_when_it_has_to_wait);
    tcase = test_case(suite, "stackless");
    tcase_add_test(tcase, a_step_that_returns_while_it_waits_is_forgotten);
    tcase_add_test(tcase, a_step_that_is_parked_already_can_not_wait);
    return test_main(suite);
}
