/* Events at their edges: refusals, two runners, handles that go early, shutdown, deadlock. */
#include "waiting.h"

#include <pthread.h>

/* --- helpers ----------------------------------------------------------------------------- */

static int start_one(void *arg, void **result)
{
    (void)result;
    start(arg, "a", FLAG);
    return runner_yield();
}

/* --- refusals ---------------------------------------------------------------------------- */

START_TEST(bad_input_is_refused)
{
    ck_assert_code(runner_event_new(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_event_set(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_event_clear(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_event_wait(NULL), RUNNER_EINVAL);
    ck_assert_int_eq(runner_event_is_set(NULL), 0);
    runner_event_unref(NULL);
}
END_TEST

static int wait_in_callback(void *arg)
{
    ck_assert_code(runner_event_wait(arg), RUNNER_ENOTASK);
    log_add("callback");
    return 0;
}

START_TEST(only_tasks_can_wait)
{
    runner_t *runner = test_runner();
    runner_event_t *event = new_event();
    ck_assert_code(runner_event_wait(event), RUNNER_ENOTASK);
    ck_assert_code(runner_call_soon(runner, wait_in_callback, event, NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    set_flag(event);
    ck_assert_code(runner_event_wait(event), RUNNER_ENOTASK);
    ck_assert_code(runner_call_soon(runner, wait_in_callback, event, NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    log_expect("callback,main,callback,main");
    runner_event_unref(event);
    runner_free(runner);
}
END_TEST

static void *set_from_thread(void *arg)
{
    ck_assert_code(runner_event_set(arg), RUNNER_ETHREAD);
    return NULL;
}

static int let_a_thread_set(void *arg, void **result)
{
    scene_t *scene = arg;
    pthread_t thread;
    (void)result;
    start(scene, "a", FLAG);
    turn("t1");
    ck_assert_int_eq(pthread_create(&thread, NULL, set_from_thread, scene->event), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(runner_event_is_set(scene->event), 0);
    turn("t2");
    set_flag(scene->event);
    turn("t3");
    return 0;
}

START_TEST(debug_mode_refuses_a_set_from_another_thread)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    runner_t *runner = test_runner_with(&opts);
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(runner, let_a_thread_set, &scene, NULL, NULL), 0);
    log_expect("t1,t2,a woke,t3");
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    scene_end(&scene);
}
END_TEST

/* --- two runners ------------------------------------------------------------------------- */

static int wait_foreign(void *arg, void **result)
{
    runner_event_t *event = arg;
    (void)result;
    ck_assert_code(runner_event_wait(event), RUNNER_EFOREIGN);
    log_add("foreign");
    return runner_yield();
}

static int wait_for_set_flag(void *arg, void **result)
{
    (void)result;
    return runner_event_wait(arg);
}

START_TEST(tasks_of_two_loops_can_not_wait_at_once)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, start_one, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, wait_foreign, scene.event, NULL, NULL), 0);
    log_expect("foreign");
    set_flag(scene.event); /* what is set is waited for by nobody */
    ck_assert_code(runner_run(second, wait_for_set_flag, scene.event, NULL, NULL), 0);
    ck_assert_code(runner_run(first, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("a woke,main");
    runner_free(first);
    runner_free(second);
    scene_end(&scene);
}
END_TEST

static int wait_for_one(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    clear_flag(scene->event);
    start(scene, "a", FLAG);
    turn("t1");
    set_flag(scene->event);
    turn("t2");
    return 0;
}

START_TEST(two_loops_may_use_it_one_after_the_other)
{
    scene_t scene = scene_begin(_i);
    for (int i = 0; i < 2; i++) {
        runner_t *runner = test_runner();
        ck_assert_code(runner_run(runner, wait_for_one, &scene, NULL, NULL), 0);
        log_expect("t1,a woke,t2");
        runner_free(runner);
    }
    scene_end(&scene);
}
END_TEST

START_TEST(the_end_of_a_loop_frees_it_for_the_next)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    scene_t scene = scene_begin(_i);
    ck_assert_code(runner_run(first, start_one, &scene, NULL, NULL), 0);
    ck_assert_code(runner_run(second, wait_foreign, scene.event, NULL, NULL), 0);
    ck_assert_code(runner_close(first), 0);
    log_expect("foreign,a RUNNER_ECANCELED");
    ck_assert_code(runner_run(second, wait_for_one, &scene, NULL, NULL), 0);
    log_expect("t1,a woke,t2");
    runner_free(first);
    runner_free(second);
    scene_end(&scene);
}
END_TEST

/* --- handles ----------------------------------------------------------------------------- */

static int set_and_release(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    start(scene, "a", FLAG);
    actor_t *b = start(scene, "b", FLAG);
    turn("t1");
    set_flag(scene->event);
    cancel(b);
    runner_event_unref(scene->event);
    scene->event = NULL;
    turn("t2");
    return 0;
}

START_TEST(who_was_woken_does_not_need_the_handle)
{
    run(set_and_release, _i);
    log_expect("t1,a woke,b RUNNER_ECANCELED,t2");
}
END_TEST

static int release_while_waiting(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", FLAG);
    actor_t *b = start(scene, "b", FLAG);
    turn("t1");
    runner_event_unref(scene->event);
    scene->event = NULL;
    cancel(a);
    turn("t2");
    cancel(b);
    turn("t3");
    return 0;
}

START_TEST(who_waits_keeps_it_alive)
{
    run(release_while_waiting, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b RUNNER_ECANCELED,t3");
}
END_TEST

/* --- shutdown and deadlock --------------------------------------------------------------- */

/* Waits once more after each cancel, so that shutdown has to give it up. */
static int wait_for_ever(void *arg, void **result)
{
    (void)result;
    for (;;) {
        log_add("%s", code_name(runner_event_wait(arg)));
    }
    return 0;
}

static int wait_for_ever_in_steps(void *arg, int status, void **result)
{
    (void)result;
    if (status != 0) {
        log_add("%s", code_name(status));
    }
    return runner_event_wait(arg);
}

static int leave_stubborn_waiters(void *arg, void **result)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
    (void)result;
    ck_assert_code(runner_spawn(wait_for_ever, arg, &opts, NULL), 0);
    ck_assert_code(runner_spawn_step(wait_for_ever_in_steps, arg, &opts, NULL), 0);
    return runner_yield();
}

static int wait_for_callback(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_soon(runner_current(), set_flag_callback, arg, NULL), 0);
    ck_assert_code(runner_event_wait(arg), 0);
    log_add("woke");
    return 0;
}

START_TEST(waiters_that_shutdown_gives_up_are_forgotten)
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = RUNNER_NO_WAIT;
    runner_t *first = test_runner_with(&opts);
    runner_t *second = test_runner();
    runner_event_t *event = new_event();
    ck_assert_code(runner_run(first, leave_stubborn_waiters, event, NULL, NULL), 0);
    ck_assert_code(runner_close(first), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ECANCELED,RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 2);
    ck_assert_code(runner_run(second, wait_for_callback, event, NULL, NULL), 0);
    log_expect("woke");
    runner_free(first);
    runner_free(second);
    runner_event_unref(event);
}
END_TEST

static int wait_and_log(void *arg, void **result)
{
    (void)result;
    int code = runner_event_wait(arg);
    log_add("main %s", code_name(code));
    return code;
}

START_TEST(an_event_that_nobody_can_set_is_a_deadlock)
{
    runner_t *runner = test_runner();
    runner_event_t *event = new_event();
    runner_report_item_t item = {.size = sizeof item};
    const runner_report_t *report = NULL;
    ck_assert_code(runner_run(runner, wait_and_log, event, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_get_report(runner, &report), 0);
    ck_assert_code(runner_report_get(report, 0, &item), 0);
    ck_assert_int_eq(item.kind, RUNNER_REPORT_DEADLOCK);
    ck_assert_ptr_nonnull(strstr(item.name, "event"));
    log_expect("");
    set_flag(event); /* main is still there, and the next run goes on with it */
    ck_assert_code(runner_run(runner, take_a_turn, NULL, NULL, NULL), 0);
    log_expect("main 0,main");
    runner_event_unref(event);
    runner_free(runner);
}
END_TEST

/* --- the list of tasks ------------------------------------------------------------------- */

static void check_info(const actor_t *actor, int32_t state, const char *waits)
{
    runner_task_info_t info = info_of(actor);
    ck_assert_int_eq(info.state, state);
    ck_assert_pstr_eq(info.waits, waits);
    ck_assert_uint_eq(info.awaits, 0);
}

static int look_at_waiters(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", FLAG);
    ck_assert_code(runner_yield(), 0);
    check_info(a, RUNNER_STATE_WAITING, "event");
    set_flag(scene->event);
    check_info(a, RUNNER_STATE_READY, NULL);
    ck_assert_code(runner_yield(), 0);
    return 0;
}

START_TEST(the_list_of_tasks_shows_who_waits_for_an_event)
{
    run(look_at_waiters, _i);
    log_expect("a woke");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("event life");
    TCase *tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, bad_input_is_refused);
    tcase_add_test(tcase, only_tasks_can_wait);
    add_for_two_kinds(tcase, debug_mode_refuses_a_set_from_another_thread);
    tcase = test_case(suite, "two runners");
    add_for_two_kinds(tcase, tasks_of_two_loops_can_not_wait_at_once);
    add_for_two_kinds(tcase, two_loops_may_use_it_one_after_the_other);
    add_for_two_kinds(tcase, the_end_of_a_loop_frees_it_for_the_next);
    tcase = test_case(suite, "handles");
    add_for_each_kind(tcase, who_was_woken_does_not_need_the_handle);
    add_for_each_kind(tcase, who_waits_keeps_it_alive);
    tcase = test_case(suite, "shutdown and deadlock");
    tcase_add_test(tcase, waiters_that_shutdown_gives_up_are_forgotten);
    tcase_add_test(tcase, an_event_that_nobody_can_set_is_a_deadlock);
    tcase = test_case(suite, "list of tasks");
    add_for_two_kinds(tcase, the_list_of_tasks_shows_who_waits_for_an_event);
    return test_main(suite);
}
