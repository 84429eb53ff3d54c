/* What a host's driver waits with: the time that a step tells, and the descriptor. */
#include "host_driver.h"

#include <pthread.h>

/* --- bodies ------------------------------------------------------------------------------ */

static int return_at_once(host_task_t *t)
{
    say(t, "runs");
    return 0;
}

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int readable(runner_t *runner)
{
    int fd = -1;
    ck_assert_code(runner_backend_fd(runner, &fd), 0);
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    return poll(&pollfd, 1, 0) > 0;
}

/* Steps until nothing is ready. */
static void settle(host_t *host)
{
    do {
        host_take(host);
        host_work(host);
    } while (host->n_events > 0 || host->wait_ns == 0);
}

/* --- how long to wait -------------------------------------------------------------------- */

static int sleep_for_50ms(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, SLEEP, .a = MS(50));
    }
    return 0;
}

START_TEST(R194_a_sleep_is_never_too_short)
{
    runner_options_t opts = host_options();
    opts.clock = RUNNER_CLOCK_REAL;
    host_t *host = host_new_with(_i, &opts);
    uint64_t begin_ns = monotonic_ns();
    ck_assert_code(host_run(host, sleep_for_50ms), 0);
    ck_assert_uint_ge(monotonic_ns() - begin_ns, (uint64_t)MS(50));
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int sleep_for_an_hour(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(3600000));
    }
    return 0;
}

START_TEST(a_step_tells_when_the_next_one_is_due)
{
    runner_options_t opts = host_options();
    opts.clock = RUNNER_CLOCK_REAL;
    host_t *host = host_new_with(ONE_CALL, &opts);
    host_begin(host, sleep_for_an_hour);
    settle(host);
    ck_assert_int_le(host->wait_ns, MS(3600000));
    ck_assert_int_gt(host->wait_ns, MS(3000000));
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* Waiting is left to whoever drives: a step never does. */
START_TEST(a_step_does_not_wait)
{
    runner_options_t opts = host_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.deadlock = RUNNER_OFF;
    host_t *host = host_new_with(ONE_CALL, &opts);
    host_begin(host, park_for_ever);
    for (int i = 0; i < 3; i++) {
        settle(host); /* would not come back */
        ck_assert_int_eq(host->wait_ns, RUNNER_HOST_FOREVER);
    }
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(the_virtual_clock_asks_for_no_wait)
{
    host_t *host = host_new(_i);
    host_begin(host, sleep_for_50ms);
    while (!host->over) {
        host_take(host);
        ck_assert(host->n_events > 0 || host->wait_ns == 0);
        host_work(host);
    }
    ck_assert_uint_eq(now_ms(host->runner), 50);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- the descriptor ---------------------------------------------------------------------- */

static int await_a_post(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
    }
    return 0;
}

static int resolve_what_main_awaits(host_task_t *t)
{
    return host_do(t, RESOLVE, .id = t->host->main->id_kept, .b = 1);
}

static void *post(void *arg)
{
    void **both = arg;
    ck_assert_code(runner_host_post(both[0], *(uint64_t *)both[1]), 0);
    return NULL;
}

static host_t *host_with_real_time(void)
{
    runner_options_t opts = host_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.deadlock = RUNNER_OFF;
    return host_new_with(ONE_CALL, &opts);
}

START_TEST(the_descriptor_tells_that_something_came_from_another_thread)
{
    host_t *host = host_with_real_time();
    uint64_t value = host_value(host, VALUE_CALL, "posted", resolve_what_main_awaits);
    void *both[] = {host->runner, &value};
    pthread_t thread;
    host_begin(host, await_a_post);
    settle(host);
    ck_assert_int_eq(readable(host->runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, post, both), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(readable(host->runner), 1);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(a_wake_up_is_seen_and_used_up_by_a_step)
{
    host_t *host = host_with_real_time();
    host_begin(host, park_for_ever);
    settle(host);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(readable(host->runner), 0);
        ck_assert_code(runner_wakeup(host->runner), 0);
        ck_assert_int_eq(readable(host->runner), 1);
        settle(host);
        ck_assert_int_eq(host->wait_ns, RUNNER_HOST_FOREVER);
    }
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(the_descriptor_stays_until_the_close)
{
    host_t *host = host_new(ONE_CALL);
    int fd = -1;
    int again = -2;
    ck_assert_code(runner_backend_fd(host->runner, &fd), 0); /* makes the runner ready to use */
    ck_assert_int_ge(fd, 0);
    ck_assert_code(host_run(host, return_at_once), 0);
    ck_assert_code(runner_backend_fd(host->runner, &again), 0);
    ck_assert_int_eq(again, fd);
    ck_assert_code(host_close(host), 0);
    ck_assert_code(runner_backend_fd(host->runner, &again), RUNNER_ECLOSED);
    ck_assert_int_eq(again, fd);
    host_free(host);
}
END_TEST

static void *wake(void *arg)
{
    ck_assert_code(runner_wakeup(arg), 0);
    return NULL;
}

START_TEST(waiting_ends_with_a_wake_up)
{
    host_t *host = host_with_real_time();
    pthread_t thread;
    host_begin(host, park_for_ever);
    settle(host);
    ck_assert_int_eq(pthread_create(&thread, NULL, wake, host->runner), 0);
    ck_assert_code(runner_backend_wait(host->runner, RUNNER_HOST_FOREVER), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_code(runner_backend_wait(host->runner, 0), 0);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(waiting_ends_when_its_time_is_over)
{
    host_t *host = host_with_real_time();
    host_begin(host, park_for_ever);
    settle(host);
    uint64_t begin_ns = monotonic_ns();
    ck_assert_code(runner_backend_wait(host->runner, MS(20)), 0);
    ck_assert_uint_ge(monotonic_ns() - begin_ns, (uint64_t)MS(20));
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int sleep_thrice(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 3; t->i++)
            WAIT_CODE(t, 0, SLEEP, .a = MS(2));
    }
    return 0;
}

START_TEST(a_driver_that_waits_with_the_library)
{
    runner_options_t opts = host_options();
    opts.clock = RUNNER_CLOCK_REAL;
    host_t *host = host_new_with(ONE_CALL, &opts);
    host_begin(host, sleep_thrice);
    while (!host->over) {
        host_take(host);
        host_work(host);
        if (host->n_events == 0 && host->wait_ns > 0)
            ck_assert_code(runner_backend_wait(host->runner, host->wait_ns), 0);
    }
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_backend");
    TCase *tcase = test_case(suite, "time");
    add_for_each_way(tcase, R194_a_sleep_is_never_too_short);
    tcase_add_test(tcase, a_step_tells_when_the_next_one_is_due);
    tcase_add_test(tcase, a_step_does_not_wait);
    add_for_each_way(tcase, the_virtual_clock_asks_for_no_wait);
    tcase = test_case(suite, "descriptor");
    tcase_add_test(tcase, the_descriptor_tells_that_something_came_from_another_thread);
    tcase_add_test(tcase, a_wake_up_is_seen_and_used_up_by_a_step);
    tcase_add_test(tcase, the_descriptor_stays_until_the_close);
    tcase_add_test(tcase, waiting_ends_with_a_wake_up);
    tcase_add_test(tcase, waiting_ends_when_its_time_is_over);
    tcase_add_test(tcase, a_driver_that_waits_with_the_library);
    return test_main(suite);
}
