/* Guest mode with tasks of a host: what wakes the host, and what it takes. */
#include "guest_hosts.h"

#include <pthread.h>

/* --- a run ------------------------------------------------------------------------------- */

static uint64_t children[2];

static runner_host_cmd_t sleeper(int state, int status, uint64_t value)
{
    (void)value;
    log_add("s%d %s", state, code_name(status));
    return state < 2 ? waits(RUNNER_HOST_SLEEP, 0, 1000000) : ends(status, 7);
}

static runner_host_cmd_t yielder(int state, int status, uint64_t value)
{
    (void)value;
    log_add("y%d %s", state, code_name(status));
    return status == 0 ? waits(RUNNER_HOST_YIELD, 0, 0) : ends(status, 0);
}

static runner_host_cmd_t main_step(int state, int status, uint64_t value)
{
    log_add("m%d %s %d", state, code_name(status), (int)value);
    switch (state) {
    case 0:
        children[0] = spawn(sleeper);
        return waits(RUNNER_HOST_AWAIT, children[0], 0);
    case 1:
        log_clear();
        children[1] = spawn(yielder);
        return waits(RUNNER_HOST_YIELD, 0, 0);
    case 2:
        return waits(RUNNER_HOST_YIELD, 0, 0);
    case 3:
        ck_assert_code(now(running, RUNNER_HOST_CANCEL, &children[1], NULL, NULL), 0);
        return waits(RUNNER_HOST_AWAIT, children[1], 0);
    default:
        return ends(0, 42);
    }
}

/* The first takes inside of the wake function, the second when it likes; the others take one event
 * at a time. */
START_TEST(R205_a_host_is_woken_and_takes_its_batches)
{
    program_open();
    host_init(on_wake);
    host.takes_later = _i & 1;
    host.cap = _i & 2 ? 1 : 8;
    host_run(main_step);
    ck_assert_code(host.code, 0);
    ck_assert_uint_eq(host.value, 42);
    log_expect("y0 0,m2 0 0,y1 0,m3 0 0,y2 RUNNER_ECANCELED,m4 RUNNER_ECANCELED 0,ended 0");
    ck_assert_int_gt(host.wakes, 0);
    host_end();
}
END_TEST

START_TEST(R002_R205_a_host_runs_again)
{
    program_open();
    host_init(on_wake);
    for (int i = 0; i < 3; i++) {
        host_run(return_at_once);
        ck_assert_code(host.code, 0);
        ck_assert_uint_eq(host.value, 7);
    }
    log_expect("m0 0,ended 0,m0 0,ended 0,m0 0,ended 0");
    host_end();
}
END_TEST

static uint64_t began_ns;

static runner_host_cmd_t sleep_and_look(int state, int status, uint64_t value)
{
    (void)value;
    if (state > 0) {
        ck_assert_uint_ge(monotonic_ns() - began_ns, 3000000);
    }
    began_ns = monotonic_ns();
    return state < 10 ? waits(RUNNER_HOST_SLEEP, 0, 3000000) : ends(status, 0);
}

START_TEST(R194_R205_a_host_is_never_woken_early)
{
    program_open();
    host_init(on_wake);
    host_run(sleep_and_look);
    ck_assert_code(host.code, 0);
    host_end();
}
END_TEST

/* --- what wakes a host ------------------------------------------------------------------- */

static uint64_t future; /* 0 before main has made it */

static runner_host_cmd_t await_future_of_host(int state, int status, uint64_t value)
{
    if (state == 0) {
        ck_assert_code(now(running, RUNNER_HOST_FUTURE_NEW, &future, NULL, NULL), 0);
        return waits(RUNNER_HOST_AWAIT, future, 0);
    }
    log_add("woken %d", (int)value);
    ck_assert_code(now(running, RUNNER_HOST_RELEASE, &future, NULL, NULL), 0);
    return ends(status, value);
}

static void resolve_between(tick_t *tick)
{
    uint64_t value = 42;
    if (future == 0) {
        return; /* main has not begun */
    }
    tick_end(tick);
    log_add("resolves");
    ck_assert_code(now(0, RUNNER_HOST_RESOLVE, &future, NULL, &value), 0);
    log_add("-");
}

START_TEST(R205_a_command_between_two_turns_wakes_the_host)
{
    tick_t tick;
    future = 0;
    program_open();
    host_init(on_wake);
    host.takes_later = _i;
    host_begin(await_future_of_host);
    tick_start(&tick, 3, resolve_between, NULL);
    program_run();
    log_expect("resolves,-,woken 42,ended 0");
    ck_assert_uint_eq(host.value, 42);
    host_end();
}
END_TEST

/* Nobody can bring this run on; so the program's loop ends, and the run does not. */
START_TEST(R205_a_run_of_a_host_that_nothing_can_bring_on_keeps_nothing_alive)
{
    uint64_t value = 7;
    program_open();
    host_init(on_wake);
    host_begin(await_future_of_host);
    program_run();
    ck_assert_int_eq(host.over, 0);
    ck_assert_int_eq(runner_is_running(host.runner), 1);
    ck_assert_code(now(0, RUNNER_HOST_RESOLVE, &future, NULL, &value), 0);
    program_run();
    log_expect("woken 7,ended 0");
    host_end();
}
END_TEST

static void *post_calls(void *arg)
{
    (void)arg;
    for (uint64_t i = 1; i <= 3; i++) {
        ck_assert_code(runner_host_post(host.runner, i), 0);
    }
    ck_assert_code(runner_submitter_release(host.runner), 0);
    return NULL;
}

static pthread_t poster;

static runner_host_cmd_t start_thread(int state, int status, uint64_t value)
{
    (void)value;
    if (state == 0) {
        ck_assert_code(runner_submitter_acquire(host.runner), 0);
        ck_assert_int_eq(pthread_create(&poster, NULL, post_calls, NULL), 0);
    }
    int done = strstr(log_text(), "call 3") != NULL;
    return done ? ends(status, 0) : waits(RUNNER_HOST_SLEEP, 0, 1000000);
}

START_TEST(R098_R205_a_post_from_another_thread_wakes_the_host)
{
    program_open();
    host_init(on_wake);
    host_run(start_thread);
    pthread_join(poster, NULL);
    log_expect("call 1,call 2,call 3,ended 0");
    host_end();
}
END_TEST

/* A host that is told and does not come is not told again and again. */
static void take_at_last(tick_t *tick)
{
    if (tick->count == 1) {
        ck_assert_code(runner_host_post(host.runner, 1), 0);
        ck_assert_code(runner_host_post(host.runner, 2), 0);
    }
    if (tick->count == 5) {
        ck_assert_int_eq(host.wakes, 1);
        log_expect("");
    }
    if (tick->count >= 5) {
        take();
    }
    if (host.over > 0) {
        tick_end(tick);
    }
}

START_TEST(R205_a_host_is_woken_once_until_it_takes)
{
    tick_t tick;
    program_open();
    host_init(forget_wake);
    host_begin(sleep_short);
    tick_start(&tick, 2, take_at_last, NULL);
    program_run();
    ck_assert_int_eq(host.over, 1);
    log_expect("call 1,call 2,ended 0");
    ck_assert_code(runner_begin_close(host.runner), 0);
    host.over = 0;
    tick_start(&tick, 2, take_at_last, NULL);
    tick.count = 5;
    program_run();
    ck_assert_int_eq(host.over, 1);
    runner_free(host.runner);
    uv_close((uv_handle_t *)&host.later, NULL);
    program_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest host");
    TCase *run = test_case(suite, "run");
    tcase_add_loop_test(run, R205_a_host_is_woken_and_takes_its_batches, 0, 4);
    tcase_add_test(run, R002_R205_a_host_runs_again);
    tcase_add_test(run, R194_R205_a_host_is_never_woken_early);

    TCase *wake = test_case(suite, "wake");
    tcase_add_loop_test(wake, R205_a_command_between_two_turns_wakes_the_host, 0, 2);
    tcase_add_test(wake, R205_a_run_of_a_host_that_nothing_can_bring_on_keeps_nothing_alive);
    tcase_add_test(wake, R098_R205_a_post_from_another_thread_wakes_the_host);
    tcase_add_test(wake, R205_a_host_is_woken_once_until_it_takes);
    return test_main(suite);
}
