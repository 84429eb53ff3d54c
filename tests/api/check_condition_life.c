/* Conditions at their edges: refusals, two runners, handles that go early, shutdown, deadlock. */
#include "waiting.h"

#include <pthread.h>

/* --- refusals ---------------------------------------------------------------------------- */

START_TEST(bad_input_is_refused)
{
    runner_lock_t *lock = new_lock();
    ck_assert_code(runner_condition_new(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_condition_new(NULL, lock), RUNNER_EINVAL);
    ck_assert_ptr_null(runner_condition_lock(NULL));
    ck_assert_code(runner_condition_wait(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_condition_notify(NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_condition_notify_all(NULL), RUNNER_EINVAL);
    runner_condition_unref(NULL);
    runner_lock_unref(lock); /* refused, so it was not shared */
}
END_TEST

static int wait_in_callback(void *arg)
{
    ck_assert_code(runner_condition_wait(arg), RUNNER_ENOTASK);
    log_add("callback");
    return 0;
}

static int hold_for_a_turn(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    turn("main");
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    return 0;
}

START_TEST(only_tasks_can_wait)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(COROUTINES);
    ck_assert_code(runner_call_soon(runner, wait_in_callback, scene.condition, NULL), 0);
    ck_assert_code(runner_run(runner, hold_for_a_turn, &scene, NULL, NULL), 0);
    ck_assert_code(runner_condition_wait(scene.condition), RUNNER_ENOTASK);
    log_expect("callback,main");
    give(scene.lock); /* nobody has */
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

static void check_not_locked(const scene_t *scene)
{
    ck_assert_code(runner_condition_wait(scene->condition), RUNNER_ENOTLOCKED);
    ck_assert_code(runner_condition_notify(scene->condition, 1), RUNNER_ENOTLOCKED);
    ck_assert_code(runner_condition_notify_all(scene->condition), RUNNER_ENOTLOCKED);
}

static int use_without_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    check_not_locked(scene);
    start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    check_not_locked(scene);
    take(scene->lock);
    start(scene, "x", TAKE GIVE);
    turn("t2");
    give(scene->lock);
    check_not_locked(scene); /* handed over to "x", which has not run */
    turn("t3");
    check_not_locked(scene);
    notify(scene, 1);
    turn("t4");
    return 0;
}

START_TEST(nothing_is_done_while_nobody_holds_the_lock)
{
    run(use_without_lock, _i);
    log_expect("t1,t2,x took,t3,a woke,t4");
}
END_TEST

static int step_without_lock(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    ck_assert_code(runner_condition_wait(arg), RUNNER_ENOTLOCKED);
    ck_assert_code(runner_yield(), RUNNER_EPARKED); /* the refusal has not parked it */
    log_add("step");
    return 0;
}

static int await_step_without_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(step_without_lock, scene->condition, NULL, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(a_step_that_is_refused_is_not_parked)
{
    run(await_step_without_lock, STACKLESS);
    log_expect("step");
}
END_TEST

static void *notify_from_thread(void *arg)
{
    ck_assert_code(runner_condition_notify(arg, 1), RUNNER_ETHREAD);
    ck_assert_code(runner_condition_notify_all(arg), RUNNER_ETHREAD);
    return NULL;
}

static int let_a_thread_notify(void *arg, void **result)
{
    scene_t *scene = arg;
    pthread_t thread;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    ck_assert_int_eq(pthread_create(&thread, NULL, notify_from_thread, scene->condition), 0);
    pthread_join(thread, NULL);
    give(scene->lock);
    turn("t2");
    notify(scene, 1);
    turn("t3");
    return 0;
}

START_TEST(debug_mode_refuses_a_notification_from_another_thread)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    runner_t *runner = test_runner_with(&opts);
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, let_a_thread_notify, &scene, NULL, NULL), 0);
    log_expect("t1,t2,a woke,t3");
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- two runners ------------------------------------------------------------------------- */

static int leave_waiter(void *arg, void **result)
{
    (void)result;
    start(arg, "a", ENTER WAIT GIVE);
    return runner_yield();
}

static int wait_beside_foreign_waiter(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_condition_wait(scene->condition), RUNNER_EFOREIGN);
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    log_add("foreign");
    give(scene->lock);
    return runner_yield();
}

static int leave_holder(void *arg, void **result)
{
    (void)result;
    start(arg, "b", TAKE FLAG GIVE);
    return runner_yield();
}

static int wait_with_foreign_holder(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    ck_assert_code(runner_condition_wait(scene->condition), RUNNER_EFOREIGN);
    ck_assert_int_eq(runner_lock_locked(scene->lock), 1);
    log_add("foreign");
    return runner_yield();
}

static int use_alone(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "c", ENTER WAIT GIVE);
    turn("t1");
    notify(scene, 1);
    turn("t2");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(tasks_of_two_loops_can_not_use_it_at_once)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, leave_holder, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, wait_with_foreign_holder, &scene, NULL, NULL), 0);
    check_held(scene.lock, &scene.actors[0], 0);
    set_flag(scene.event);
    ck_assert_code(runner_run(first, leave_waiter, &scene, NULL, NULL), 0);
    log_expect("b took,foreign,b woke");
    ck_assert_code(runner_run(second, wait_beside_foreign_waiter, &scene, NULL, NULL), 0);
    log_expect("foreign");
    ck_assert_code(runner_close(first), 0);
    log_expect("a RUNNER_ECANCELED");
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    log_expect("t1,c woke,t2");
    runner_free(first);
    runner_free(second);
    scene_end(&scene);
}
END_TEST

static int hold_and_notify(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    return 0;
}

START_TEST(who_was_notified_and_has_not_run_uses_it_still)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, hold_and_notify, &scene, NULL, NULL), 0);
    ck_assert_code(runner_condition_notify(scene.condition, 1), 0);
    give(scene.lock);
    ck_assert_code(runner_run(second, wait_beside_foreign_waiter, &scene, NULL, NULL), 0);
    log_expect("t1,foreign");
    ck_assert_code(runner_run(first, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("a woke,main");
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    log_expect("t1,c woke,t2");
    runner_free(first);
    runner_free(second);
    scene_end(&scene);
}
END_TEST

static int let_go(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    set_flag(scene->event);
    turn("t1");
    return 0;
}

START_TEST(a_cancelled_waiter_does_not_get_a_lock_that_another_loop_holds)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, leave_waiter, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, leave_holder, &scene, NULL, NULL), 0);
    ck_assert_code(runner_close(first), RUNNER_EDEADLK);
    log_expect("b took");
    ck_assert_code(runner_task_status(scene.actors[0].task), RUNNER_EABANDONED);
    check_held(scene.lock, &scene.actors[1], 0);
    ck_assert_code(runner_run(second, let_go, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    log_expect("b woke,t1,t1,c woke,t2");
    runner_free(first);
    runner_free(second);
    scene_end(&scene);
}
END_TEST

START_TEST(two_loops_may_use_it_one_after_the_other)
{
    scene_t scene = scene_begin(_i);
    for (int i = 0; i < 2; i++) {
        runner_t *runner = test_runner();
        ck_assert_code(runner_run(runner, use_alone, &scene, NULL, NULL), 0);
        log_expect("t1,c woke,t2");
        runner_free(runner);
    }
    scene_end(&scene);
}
END_TEST

/* --- handles ----------------------------------------------------------------------------- */

/* Releases every handle of the condition and its lock that the scene has. */
static void forget(scene_t *scene)
{
    runner_condition_unref(scene->condition);
    runner_condition_unref(scene->other);
    runner_lock_unref(scene->lock);
    scene->condition = scene->other = NULL;
    scene->lock = NULL;
}

static int notify_and_forget(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT GIVE); /* can release the lock because "b" waits for it */
    start(scene, "b", ENTER WAIT);
    turn("t1");
    notify(scene, 2);
    forget(scene);
    turn("t2");
    turn("t3");
    return 0;
}

START_TEST(who_waits_keeps_it_and_its_lock_alive)
{
    run(notify_and_forget, _i);
    log_expect("t1,a woke,b woke,t2,t3");
}
END_TEST

static int cancel_and_forget(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE); /* the next is woken by its cancel */
    start(scene, "b", ENTER WAIT);
    turn("t1");
    forget(scene);
    cancel(a);
    turn("t2");
    turn("t3");
    return 0;
}

START_TEST(it_is_freed_when_the_last_waiter_has_left)
{
    run(cancel_and_forget, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b woke,t3");
}
END_TEST

static int forget_while_the_lock_is_taken_again(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_lock_t *lock = scene->lock;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT);
    turn("t1");
    take(lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    turn("t2");
    forget(scene);
    cancel(a);
    turn("t3");
    give(lock); /* "a" stands in line for it, and keeps it */
    turn("t4");
    return 0;
}

START_TEST(who_takes_the_lock_again_keeps_both_alive)
{
    run(forget_while_the_lock_is_taken_again, _i);
    log_expect("t1,t2,t3,a RUNNER_ECANCELED,t4");
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

static int leave_three(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT YIELD GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    start(scene, "c", ENTER WAIT GIVE);
    return runner_yield();
}

START_TEST(waiters_that_are_left_over_are_cancelled_one_after_the_other)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, leave_three, &scene, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,c RUNNER_ECANCELED");
    check_not_held(scene.lock, 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

static int leave_one_that_keeps_the_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", ENTER WAIT);
    start(scene, "b", ENTER WAIT GIVE);
    return runner_yield();
}

START_TEST(a_cancelled_waiter_that_keeps_the_lock_leaves_the_others_in_a_deadlock)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    const runner_report_t *report = NULL;
    ck_assert_code(runner_run(runner, leave_one_that_keeps_the_lock, &scene, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_EDEADLK);
    log_expect("a RUNNER_ECANCELED");
    ck_assert_code(runner_task_status(scene.actors[1].task), RUNNER_EABANDONED);
    ck_assert_code(runner_get_report(runner, &report), 0);
    ck_assert_uint_eq(runner_report_count(report, RUNNER_REPORT_ABANDONED), 1);
    check_held(scene.lock, &scene.actors[0], 0);
    give(scene.lock);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* Waits once more after each cancel, so that shutdown has to give it up. */
static int insist(void *arg, void **result)
{
    const scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    for (;;) {
        int code = runner_condition_wait(scene->condition);
        if (code != 0) {
            log_add("%s", code_name(code));
        }
    }
    return 0;
}

static int insist_in_steps(void *arg, int status, void **result)
{
    const scene_t *scene = arg;
    (void)result;
    if (status != 0) {
        log_add("%s", code_name(status));
    } else if (!runner_lock_locked(scene->lock)) {
        take(scene->lock);
    }
    return runner_condition_wait(scene->condition);
}

static runner_task_t *spawn_insistent(scene_t *scene, int stackless)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
    runner_task_t *task = NULL;
    ck_assert_code(stackless ? runner_spawn_step(insist_in_steps, scene, &opts, &task)
                             : runner_spawn(insist, scene, &opts, &task),
                   0);
    return task;
}

static int leave_insistent(void *arg, void **result)
{
    (void)result;
    runner_task_unref(spawn_insistent(arg, 0));
    runner_task_unref(spawn_insistent(arg, 1));
    return runner_yield();
}

/* Another loop can use what the given up tasks have left; consumes the scene. */
static void check_usable(scene_t *scene)
{
    runner_t *runner = test_runner();
    int dropped = drops();
    check_not_held(scene->lock, 0);
    ck_assert_code(runner_run(runner, use_alone, scene, NULL, NULL), 0);
    log_expect("t1,c woke,t2");
    runner_free(runner);
    ck_assert_int_eq(drops(), dropped + 1);
    runner_task_unref(scene->actors[0].task);
    runner_event_unref(scene->event);
    runner_condition_unref(scene->condition);
    runner_condition_unref(scene->other);
    runner_lock_unref(scene->lock);
}

static runner_t *impatient_runner(void)
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = RUNNER_NO_WAIT;
    return test_runner_with(&opts);
}

START_TEST(waiters_that_shutdown_gives_up_are_forgotten)
{
    runner_t *runner = impatient_runner();
    scene_t scene = scene_begin(COROUTINES);
    ck_assert_code(runner_run(runner, leave_insistent, &scene, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ECANCELED,RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
    check_usable(&scene);
}
END_TEST

/* A task that keeps the lock for ever, two that insist, and what happens when shutdown has given up
 * the first of them. */
typedef struct stubborn {
    scene_t scene;
    runner_task_t *waiters[2];
    int releases;
    int cancels;
} stubborn_t;

static int keep_for_ever(void *arg, void **result)
{
    const stubborn_t *stubborn = arg;
    (void)result;
    ck_assert_code(runner_yield(), 0); /* both others wait now */
    take(stubborn->scene.lock);
    ck_assert_code(runner_condition_notify(stubborn->scene.condition, 1), 0);
    for (;;) {
        (void)runner_sleep(RUNNER_FOREVER);
    }
    return 0;
}

static void drop_keeper(void *arg)
{
    stubborn_t *stubborn = arg;
    drop_count(arg);
    if (stubborn->releases) {
        give(stubborn->scene.lock);
    }
    if (stubborn->cancels) {
        ck_assert_code(runner_task_cancel(stubborn->waiters[0]), 0);
    }
}

static int leave_stubborn(void *arg, void **result)
{
    stubborn_t *stubborn = arg;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_keeper};
    (void)result;
    ck_assert_code(runner_spawn(keep_for_ever, stubborn, &opts, NULL), 0);
    for (int i = 0; i < 2; i++) {
        stubborn->waiters[i] = spawn_insistent(&stubborn->scene, i);
    }
    turn("t1");
    turn("t2");
    turn("t3");
    ck_assert_uint_eq(runner_lock_waiters(stubborn->scene.lock), 1);
    return 0;
}

START_TEST(waiters_that_are_given_up_while_they_take_the_lock_leave_the_line)
{
    runner_t *runner = impatient_runner();
    stubborn_t stubborn = {.scene = scene_begin(COROUTINES), .releases = _i & 1, .cancels = _i & 2};
    ck_assert_code(runner_run(runner, leave_stubborn, &stubborn, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    log_expect("t1,t2,t3"); /* who does not get the lock is told nothing */
    ck_assert_int_eq(drops(), 3);
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_task_status(stubborn.waiters[i]), RUNNER_EABANDONED);
        runner_task_unref(stubborn.waiters[i]);
    }
    runner_free(runner);
    ck_assert_uint_eq(runner_lock_waiters(stubborn.scene.lock), 0);
    if (!stubborn.releases) {
        give(stubborn.scene.lock);
    }
    check_usable(&stubborn.scene);
}
END_TEST

/* --- deadlock ---------------------------------------------------------------------------- */

static int wait_for_nobody(void *arg, void **result)
{
    const scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    int code = runner_condition_wait(scene->condition);
    log_add("main %s", code_name(code));
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    give(scene->lock);
    return code;
}

START_TEST(a_condition_that_nobody_can_notify_is_a_deadlock)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(COROUTINES);
    runner_report_item_t item = {.size = sizeof item};
    const runner_report_t *report = NULL;
    ck_assert_code(runner_run(runner, wait_for_nobody, &scene, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_get_report(runner, &report), 0);
    ck_assert_code(runner_report_get(report, 0, &item), 0);
    ck_assert_int_eq(item.kind, RUNNER_REPORT_DEADLOCK);
    ck_assert_ptr_nonnull(strstr(item.name, "condition"));
    log_expect("");
    check_not_held(scene.lock, 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main RUNNER_ECANCELED");
    check_not_held(scene.lock, 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("condition life");
    TCase *tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, only_tasks_can_wait);
    add_for_two_kinds(tcase, nothing_is_done_while_nobody_holds_the_lock);
    tcase_add_test(tcase, a_step_that_is_refused_is_not_parked);
    add_for_two_kinds(tcase, debug_mode_refuses_a_notification_from_another_thread);
    tcase = test_case(suite, "two runners");
    add_for_two_kinds(tcase, tasks_of_two_loops_can_not_use_it_at_once);
    add_for_two_kinds(tcase, two_loops_may_use_it_one_after_the_other);
    add_for_two_kinds(tcase, who_was_notified_and_has_not_run_uses_it_still);
    add_for_two_kinds(tcase, a_cancelled_waiter_does_not_get_a_lock_that_another_loop_holds);
    tcase = test_case(suite, "handles");
    add_for_each_kind(tcase, who_waits_keeps_it_and_its_lock_alive);
    add_for_each_kind(tcase, it_is_freed_when_the_last_waiter_has_left);
    add_for_two_kinds(tcase, who_takes_the_lock_again_keeps_both_alive);
    tcase = test_case(suite, "shutdown");
    add_for_each_kind(tcase, waiters_that_are_left_over_are_cancelled_one_after_the_other);
    add_for_each_kind(tcase,
                      a_cancelled_waiter_that_keeps_the_lock_leaves_the_others_in_a_deadlock);
    tcase_add_test(tcase, waiters_that_shutdown_gives_up_are_forgotten);
    tcase_add_loop_test(tcase, waiters_that_are_given_up_while_they_take_the_lock_leave_the_line, 0,
                        4);
    tcase = test_case(suite, "deadlock");
    tcase_add_test(tcase, a_condition_that_nobody_can_notify_is_a_deadlock);
    return test_main(suite);
}
