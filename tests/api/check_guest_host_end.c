/* Guest mode with tasks of a host: pauses, ends of runs and closes, refusals. */
#include "guest_hosts.h"

/* --- pause ------------------------------------------------------------------------------- */

static runner_host_cmd_t yield_for_ever_hosted(int state, int status, uint64_t value)
{
    (void)state;
    (void)value;
    return status == 0 ? waits(RUNNER_HOST_YIELD, 0, 0) : ends(status, 0);
}

static int steps_seen;

static void pause_host(tick_t *tick)
{
    if (tick->count == 1) {
        ck_assert_code(runner_pause(host.runner), 0);
        host.wakes = 0;
    }
    if (tick->count < 5) {
        ck_assert_int_eq(host.wakes, 0);
        steps_seen = host.tasks[0].state;
    } else {
        ck_assert_int_eq(host.tasks[0].state, steps_seen);
        ck_assert_code(now(0, RUNNER_HOST_CANCEL, &host.tasks[0].id, NULL, NULL), 0);
        ck_assert_code(runner_resume(host.runner), 0);
        tick_end(tick);
    }
}

START_TEST(R205_a_pause_holds_a_host)
{
    tick_t tick;
    program_open();
    host_init(on_wake);
    host_begin(yield_for_ever_hosted);
    tick_start(&tick, 1, pause_host, NULL);
    program_run();
    ck_assert_int_eq(host.over, 1);
    ck_assert_code(host.code, RUNNER_ECANCELED);
    ck_assert_int_gt(host.wakes, 0);
    host_end();
}
END_TEST

/* --- the end ----------------------------------------------------------------------------- */

static runner_host_cmd_t clean_up(int state, int status, uint64_t value)
{
    (void)value;
    log_add("c%d %s", state, code_name(status));
    return state == 0   ? waits(RUNNER_HOST_SLEEP, 0, RUNNER_HOST_FOREVER)
           : state == 1 ? waits(RUNNER_HOST_SLEEP, 0, 2000000)
                        : ends(RUNNER_ECANCELED, 0);
}

static runner_host_cmd_t leave_cleanup(int state, int status, uint64_t value)
{
    (void)value;
    if (state == 0) {
        spawn(clean_up);
        return waits(RUNNER_HOST_YIELD, 0, 0);
    }
    return ends(status, 0);
}

START_TEST(R079_R205_tasks_of_a_host_clean_up)
{
    program_open();
    host_init(on_wake);
    host.takes_later = _i;
    host_run(leave_cleanup);
    host_end();
    log_expect("c0 0,ended 0,c1 RUNNER_ECANCELED,c2 0,ended 0");
}
END_TEST

START_TEST(R205_the_handles_of_a_hosts_guest_are_gone_after_its_end)
{
    program_open();
    host_init(on_wake);
    host_run(return_at_once);
    uv_close((uv_handle_t *)&host.later, NULL);
    ck_assert_code(runner_begin_close(host.runner), 0);
    program_run();
    ck_assert_int_eq(host.over, 1 + 1);
    ck_assert_int_eq(handles_open(), 0);
    ck_assert_int_eq(uv_loop_close(&program), 0);
    ck_assert_uint_eq(runner_host_count(host.runner), 0);
    runner_free(host.runner);
}
END_TEST

/* Longer than the rest of the test, however slow the machine: the close ends it. */
static runner_host_cmd_t sleep_an_hour(int state, int status, uint64_t value)
{
    (void)value;
    return state == 0 ? waits(RUNNER_HOST_SLEEP, 0, INT64_C(3600000000000)) : ends(status, 0);
}

START_TEST(R033_R205_a_run_of_a_host_is_broken_off)
{
    program_open();
    host_init(on_wake);
    host_begin(sleep_an_hour);
    (void)uv_run(&program, UV_RUN_NOWAIT);
    ck_assert_int_eq(host.over, 0);
    ck_assert_code(runner_end(host.runner), RUNNER_ESTOPPED);
    ck_assert_code(runner_end(host.runner), RUNNER_ENOLOOP);
    int wakes = host.wakes;
    program_turn_a_while();
    ck_assert_int_eq(host.wakes, wakes);
    host_run(return_at_once); /* the old main goes on beside the new one */
    host_end();
}
END_TEST

/* Also with a batch that was not taken. */
START_TEST(R208_the_program_leaves_a_host_in_the_middle)
{
    program_open();
    host_init(_i == 0 ? on_wake : forget_wake);
    host_begin(leave_cleanup);
    for (int i = 0; i < 3; i++) {
        (void)uv_run(&program, UV_RUN_NOWAIT);
    }
    ck_assert_code(runner_host_post(host.runner, 1), 0);
    int wakes = host.wakes;
    runner_free(host.runner);
    ck_assert_int_eq(host.wakes, wakes);
    uv_close((uv_handle_t *)&host.later, NULL);
    program_run();
    ck_assert_int_eq(host.wakes, wakes);
    ck_assert_int_eq(uv_loop_close(&program), 0);
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static void never_told(runner_t *self, int code, void *result, void *arg)
{
    (void)self;
    (void)code;
    (void)result;
    (void)arg;
    ck_abort_msg("nobody is to be told");
}

START_TEST(R205_a_guest_of_a_host_is_driven_by_it_alone)
{
    runner_host_event_t event;
    size_t count = 7;
    int64_t wait_ns = 7;
    program_open();
    host_init(on_wake);
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_start(host.runner, log_body, "x", NULL, never_told, NULL),
                       RUNNER_ENOTSUP);
        ck_assert_code(runner_start_close(host.runner, never_told, NULL), RUNNER_ENOTSUP);
        ck_assert_code(runner_run(host.runner, log_body, "x", NULL, NULL), RUNNER_ENOTSUP);
        ck_assert_code(runner_close(host.runner), RUNNER_ENOTSUP);
        ck_assert_code(runner_step(host.runner, NULL, 0, &event, 1, &count, &wait_ns),
                       RUNNER_ENOTSUP);
        ck_assert_code(runner_backend_wait(host.runner, 0), RUNNER_ENOTSUP);
        host_run(return_at_once);
    }
    ck_assert_int_eq((int)count, 7);
    host_end();
}
END_TEST

static int take_inside(void *arg, void **result)
{
    runner_host_event_t event;
    size_t count = 7;
    (void)arg;
    (void)result;
    ck_assert_code(runner_take(host.runner, NULL, 0, &event, 1, &count), RUNNER_ELOOP);
    ck_assert_code(runner_end(host.runner), RUNNER_ELOOP);
    ck_assert_int_eq((int)count, 7);
    return 0;
}

START_TEST(R206_a_take_that_is_refused_does_nothing)
{
    runner_host_event_t event;
    size_t count = 7;
    program_open();
    host_init(on_wake);
    ck_assert_code(runner_take(host.runner, NULL, 0, &event, 1, &count), RUNNER_ENOLOOP);
    host_begin(return_at_once);
    ck_assert_code(runner_take(host.runner, NULL, 0, &event, 0, &count), RUNNER_EINVAL);
    ck_assert_code(runner_take(host.runner, NULL, 0, NULL, 1, &count), RUNNER_EINVAL);
    ck_assert_code(runner_take(host.runner, NULL, 0, &event, 1, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_main(take_inside, NULL, NULL, NULL), 0);
    ck_assert_int_eq((int)count, 7);
    program_run();
    ck_assert_int_eq(host.over, 1);
    log_expect("m0 0,ended 0");
    ck_assert_code(runner_take(host.runner, NULL, 0, &event, 1, &count), RUNNER_ENOLOOP);
    host_end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest host end");
    TCase *pause = test_case(suite, "pause");
    tcase_add_test(pause, R205_a_pause_holds_a_host);

    TCase *end = test_case(suite, "end");
    tcase_add_loop_test(end, R079_R205_tasks_of_a_host_clean_up, 0, 2);
    tcase_add_test(end, R205_the_handles_of_a_hosts_guest_are_gone_after_its_end);
    tcase_add_test(end, R033_R205_a_run_of_a_host_is_broken_off);
    tcase_add_loop_test(end, R208_the_program_leaves_a_host_in_the_middle, 0, 2);

    TCase *refused = test_case(suite, "refused");
    tcase_add_test(refused, R205_a_guest_of_a_host_is_driven_by_it_alone);
    tcase_add_test(refused, R206_a_take_that_is_refused_does_nothing);
    return test_main(suite);
}
