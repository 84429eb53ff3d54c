/* Locks at their edges: refusals, two runners, handles that go early, shutdown, deadlock. */
#include "waiting.h"

#include <pthread.h>

/* --- refusals ---------------------------------------------------------------------------- */

START_TEST(bad_input_is_refused)
{
    ck_assert_code(runner_lock_new(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_lock_acquire(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_lock_release(NULL), RUNNER_EINVAL);
    ck_assert_int_eq(runner_lock_locked(NULL), 0);
    ck_assert_uint_eq(runner_lock_holder(NULL), 0);
    ck_assert_uint_eq(runner_lock_waiters(NULL), 0);
    runner_lock_unref(NULL);
}
END_TEST

static int take_in_callback(void *arg)
{
    ck_assert_code(runner_lock_acquire(arg), RUNNER_ENOTASK);
    log_add("callback");
    return 0;
}

static int take_and_keep(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    log_add("main");
    return 0;
}

START_TEST(only_tasks_can_take_it)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(COROUTINES);
    ck_assert_code(runner_lock_acquire(scene.lock), RUNNER_ENOTASK);
    ck_assert_code(runner_call_soon(runner, take_in_callback, scene.lock, NULL), 0);
    ck_assert_code(runner_run(runner, take_and_keep, &scene, NULL, NULL), 0);
    ck_assert_code(runner_lock_acquire(scene.lock), RUNNER_ENOTASK); /* held or not */
    ck_assert_uint_eq(runner_lock_waiters(scene.lock), 0);
    log_expect("callback,main");
    give(scene.lock);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

START_TEST(what_nobody_holds_can_not_be_released)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(COROUTINES);
    ck_assert_code(runner_lock_release(scene.lock), RUNNER_ENOTLOCKED);
    check_not_held(scene.lock, 0);
    ck_assert_code(runner_run(runner, take_and_keep, &scene, NULL, NULL), 0);
    give(scene.lock);
    ck_assert_code(runner_lock_release(scene.lock), RUNNER_ENOTLOCKED);
    check_not_held(scene.lock, 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

static void *release_from_thread(void *arg)
{
    ck_assert_code(runner_lock_release(arg), RUNNER_ETHREAD);
    return NULL;
}

static int let_a_thread_release(void *arg, void **result)
{
    scene_t *scene = arg;
    pthread_t thread;
    (void)result;
    take(scene->lock);
    start(scene, "a", TAKE GIVE);
    turn("t1");
    ck_assert_int_eq(pthread_create(&thread, NULL, release_from_thread, scene->lock), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(runner_lock_locked(scene->lock), 1);
    turn("t2");
    give(scene->lock);
    turn("t3");
    return 0;
}

START_TEST(debug_mode_refuses_a_release_from_another_thread)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    runner_t *runner = test_runner_with(&opts);
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, let_a_thread_release, &scene, NULL, NULL), 0);
    log_expect("t1,t2,a took,t3");
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- two runners ------------------------------------------------------------------------- */

static int take_foreign(void *arg, void **result)
{
    scene_t *scene = arg;
    size_t waiters = runner_lock_waiters(scene->lock);
    (void)result;
    ck_assert_code(runner_lock_acquire(scene->lock), RUNNER_EFOREIGN);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), waiters);
    log_add("foreign");
    return runner_yield();
}

static int leave_holder_and_waiter(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", TAKE FLAG GIVE);
    start(scene, "b", TAKE GIVE);
    return runner_yield();
}

static int let_go(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    set_flag(scene->event);
    turn("t1");
    turn("t2");
    return 0;
}

static int use_alone(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    start(scene, "c", TAKE GIVE);
    turn("t1");
    give(scene->lock);
    turn("t2");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(tasks_of_two_loops_can_not_want_it_at_once)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, leave_holder_and_waiter, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, take_foreign, &scene, NULL, NULL), 0); /* held */
    check_held(scene.lock, &scene.actors[0], 1);
    give(scene.lock);
    ck_assert_code(runner_run(second, take_foreign, &scene, NULL, NULL), 0); /* handed over */
    log_expect("a took,foreign,foreign");
    ck_assert_code(runner_run(first, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("b took,main");
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    log_expect("t1,c took,t2");
    cancel(&scene.actors[0]);
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
        log_expect("t1,c took,t2");
        runner_free(runner);
    }
    scene_end(&scene);
}
END_TEST

START_TEST(a_lock_that_the_tasks_of_a_closed_loop_have_left_is_free_for_another)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, leave_holder_and_waiter, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(first, let_go, &scene, NULL, NULL), 0);
    log_expect("a took,a woke,t1,b took,t2");
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    ck_assert_code(runner_close(first), 0);
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    log_expect("t1,c took,t2,t1,c took,t2");
    runner_free(first);
    runner_free(second);
    scene_end(&scene);
}
END_TEST

START_TEST(a_lock_that_was_left_held_can_be_released_and_used_by_another_loop)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, take_and_keep, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, take_foreign, &scene, NULL, NULL), 0);
    runner_free(first);
    ck_assert_int_eq(runner_lock_locked(scene.lock), 1);
    ck_assert_uint_eq(runner_lock_holder(scene.lock), 1);
    give(scene.lock);
    ck_assert_code(runner_run(second, use_alone, &scene, NULL, NULL), 0);
    log_expect("main,foreign,t1,c took,t2");
    runner_free(second);
    scene_end(&scene);
}
END_TEST

/* --- handles ----------------------------------------------------------------------------- */

/* Releases every handle of the lock that the scene has. */
static void forget(scene_t *scene)
{
    runner_condition_unref(scene->condition);
    runner_condition_unref(scene->other);
    runner_lock_unref(scene->lock);
    scene->condition = scene->other = NULL;
    scene->lock = NULL;
}

static int give_and_forget(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    start(scene, "a", TAKE GIVE); /* can release it because "b" waits for it */
    start(scene, "b", TAKE);
    turn("t1");
    give(scene->lock);
    forget(scene);
    turn("t2");
    turn("t3");
    return 0;
}

START_TEST(who_waits_keeps_it_alive)
{
    run(give_and_forget, _i);
    log_expect("t1,a took,t2,b took,t3");
}
END_TEST

static int cancel_and_forget(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    actor_t *b = start(scene, "b", TAKE);
    actor_t *c = start(scene, "c", TAKE);
    turn("t1");
    cancel(a);
    forget(scene); /* it stays held for ever */
    turn("t2");
    cancel(c);
    turn("t3");
    cancel(b);
    turn("t4");
    return 0;
}

START_TEST(it_is_freed_when_the_last_waiter_has_left)
{
    run(cancel_and_forget, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,c RUNNER_ECANCELED,t3,b RUNNER_ECANCELED,t4");
}
END_TEST

static int hand_over_cancel_and_forget(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE);
    turn("t1");
    give(scene->lock);
    cancel(a);
    forget(scene);
    turn("t2");
    return 0;
}

START_TEST(the_last_waiter_may_be_one_that_was_chosen_and_cancelled)
{
    run(hand_over_cancel_and_forget, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2");
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

static int leave_a_line(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", TAKE PARK GIVE); /* releases it when it is cancelled */
    start(scene, "b", TAKE GIVE);
    start(scene, "c", TAKE GIVE);
    return runner_yield();
}

START_TEST(waiters_that_are_left_over_are_cancelled)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, leave_a_line, &scene, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("a took,b RUNNER_ECANCELED,c RUNNER_ECANCELED");
    check_not_held(scene.lock, 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

static int leave_cleanups(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", TAKE PARK YIELD YIELD GIVE);
    start(scene, "b", PARK TAKE GIVE);
    start(scene, "c", PARK TAKE GIVE);
    return runner_yield();
}

START_TEST(a_cleanup_may_wait_for_the_lock)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, leave_cleanups, &scene, NULL, NULL), 0);
    log_expect("a took");
    ck_assert_code(runner_close(runner), 0);
    log_expect("b took,c took");
    check_not_held(scene.lock, 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* Asks for the lock once more after each cancel, so that shutdown has to give it up. */
static int insist(void *arg, void **result)
{
    (void)result;
    for (;;) {
        log_add("%s", code_name(runner_lock_acquire(arg)));
    }
    return 0;
}

static int insist_in_steps(void *arg, int status, void **result)
{
    (void)result;
    if (status != 0) {
        log_add("%s", code_name(status));
    }
    return runner_lock_acquire(arg);
}

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
    take(stubborn->scene.lock);
    for (;;) {
        (void)runner_sleep(RUNNER_FOREVER);
    }
    return 0;
}

static void drop_keeper(void *arg)
{
    const stubborn_t *stubborn = arg;
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
    runner_lock_t *lock = stubborn->scene.lock;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_keeper};
    (void)result;
    ck_assert_code(runner_spawn(keep_for_ever, stubborn, &opts, NULL), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_spawn(insist, lock, &opts, &stubborn->waiters[0]), 0);
    ck_assert_code(runner_spawn_step(insist_in_steps, lock, &opts, &stubborn->waiters[1]), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_uint_eq(runner_lock_waiters(lock), 2);
    return 0;
}

START_TEST(waiters_that_shutdown_gives_up_leave_the_line)
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = RUNNER_NO_WAIT;
    runner_t *first = test_runner_with(&opts);
    runner_t *second = test_runner();
    stubborn_t stubborn = {.scene = scene_begin(COROUTINES), .releases = _i & 1, .cancels = _i & 2};
    ck_assert_code(runner_run(first, leave_stubborn, &stubborn, NULL, NULL), 0);
    ck_assert_code(runner_close(first), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ECANCELED,RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 3);
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_task_status(stubborn.waiters[i]), RUNNER_EABANDONED);
        runner_task_unref(stubborn.waiters[i]);
    }
    runner_free(first);
    if (!stubborn.releases) { /* the holder had no chance to */
        ck_assert_uint_eq(runner_lock_waiters(stubborn.scene.lock), 0);
        give(stubborn.scene.lock);
    }
    check_not_held(stubborn.scene.lock, 0);
    ck_assert_code(runner_run(second, take_and_keep, &stubborn.scene, NULL, NULL), 0);
    log_expect("main");
    runner_free(second);
    forget(&stubborn.scene);
    runner_event_unref(stubborn.scene.event);
}
END_TEST

/* --- deadlock ---------------------------------------------------------------------------- */

static int take_twice(void *arg, void **result)
{
    (void)result;
    take(arg);
    int code = runner_lock_acquire(arg);
    log_add("%s", code_name(code));
    return code;
}

START_TEST(a_task_that_takes_it_twice_waits_for_itself)
{
    runner_t *runner = test_runner();
    runner_lock_t *lock = new_lock();
    runner_task_info_t info = {.size = sizeof info};
    runner_report_item_t item = {.size = sizeof item};
    const runner_report_t *report = NULL;
    size_t count = 0;
    ck_assert_code(runner_run(runner, take_twice, lock, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_get_report(runner, &report), 0);
    ck_assert_code(runner_report_get(report, 0, &item), 0);
    ck_assert_int_eq(item.kind, RUNNER_REPORT_DEADLOCK);
    ck_assert_ptr_nonnull(strstr(item.name, "lock"));
    ck_assert_code(runner_tasks(runner, &info, 1, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_pstr_eq(info.waits, "lock");
    ck_assert_uint_eq(info.awaits, info.id);
    ck_assert_code(runner_close(runner), 0);
    log_expect("RUNNER_ECANCELED");
    ck_assert_int_eq(runner_lock_locked(lock), 1); /* from the first time */
    ck_assert_uint_eq(runner_lock_waiters(lock), 0);
    give(lock);
    runner_lock_unref(lock);
    runner_free(runner);
}
END_TEST

static int await_waiter(void *arg, void **result)
{
    scene_t *scene = arg;
    take(scene->lock);
    actor_t *a = start(scene, "a", TAKE GIVE);
    int code = runner_await(a->task, result);
    log_add("main %s", code_name(code));
    return code;
}

START_TEST(a_release_from_outside_ends_a_deadlock)
{
    runner_t *runner = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, await_waiter, &scene, NULL, NULL), RUNNER_EDEADLK);
    log_expect("");
    give(scene.lock);
    ck_assert_code(runner_run(runner, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("a took,main 0,main");
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("lock life");
    TCase *tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, only_tasks_can_take_it);
    tcase_add_test(tcase, what_nobody_holds_can_not_be_released);
    add_for_two_kinds(tcase, debug_mode_refuses_a_release_from_another_thread);
    tcase = test_case(suite, "two runners");
    add_for_two_kinds(tcase, tasks_of_two_loops_can_not_want_it_at_once);
    add_for_two_kinds(tcase, two_loops_may_use_it_one_after_the_other);
    add_for_two_kinds(tcase, a_lock_that_the_tasks_of_a_closed_loop_have_left_is_free_for_another);
    add_for_two_kinds(tcase, a_lock_that_was_left_held_can_be_released_and_used_by_another_loop);
    tcase = test_case(suite, "handles");
    add_for_each_kind(tcase, who_waits_keeps_it_alive);
    add_for_each_kind(tcase, it_is_freed_when_the_last_waiter_has_left);
    add_for_two_kinds(tcase, the_last_waiter_may_be_one_that_was_chosen_and_cancelled);
    tcase = test_case(suite, "shutdown");
    add_for_each_kind(tcase, waiters_that_are_left_over_are_cancelled);
    add_for_each_kind(tcase, a_cleanup_may_wait_for_the_lock);
    tcase_add_loop_test(tcase, waiters_that_shutdown_gives_up_leave_the_line, 0, 4);
    tcase = test_case(suite, "deadlock");
    tcase_add_test(tcase, a_task_that_takes_it_twice_waits_for_itself);
    add_for_two_kinds(tcase, a_release_from_outside_ends_a_deadlock);
    return test_main(suite);
}
