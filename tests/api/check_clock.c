/*
 * The virtual clock: it stands still while anything is ready and then jumps to the next deadline,
 * so that programs that sleep for days end at once, in the order of their deadlines.
 */
#include "check_support.h"

static const uint64_t ms = 1000000; /* in nanoseconds */

static int sleep_and_log(void *arg, void **result)
{
    (void)result;
    uint64_t *timeout_ms = arg;
    int code = runner_sleep(*timeout_ms);
    log_add("%llu at %llu", (unsigned long long)*timeout_ms,
            (unsigned long long)now_ms(runner_current()));
    return code;
}

static int log_time(void *arg)
{
    log_add("%s at %llu", (const char *)arg, (unsigned long long)now_ms(runner_current()));
    return 0;
}

static void run(runner_t *runner, runner_fn main, void *arg)
{
    ck_assert_code(runner_run(runner, main, arg, NULL, NULL), 0);
}

/* --- the time ---------------------------------------------------------------------------- */

static int expect_time_zero(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_uint_eq(runner_time_ns(runner_current()), 0);
    return 0;
}

START_TEST(virtual_clock_starts_at_zero)
{
    runner_t *runner = test_runner();
    ck_assert_uint_eq(runner_time_ns(runner), 0);
    run(runner, expect_time_zero, NULL);
    ck_assert_uint_eq(runner_time_ns(runner), 0);
    ck_assert_uint_eq(runner_time_ns(NULL), 0);
    runner_free(runner);
}
END_TEST

static int yield_often(void *arg, void **result)
{
    (void)arg;
    (void)result;
    uint64_t began = monotonic_ns();
    while (monotonic_ns() - began < 5 * ms)
        ck_assert_code(runner_yield(), 0);
    ck_assert_uint_eq(runner_time_ns(runner_current()), 0);
    return 0;
}

START_TEST(virtual_clock_stands_still_while_anything_is_ready)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_later(runner, 1, log_time, "timer", NULL, NULL), 0);
    run(runner, yield_often, NULL);
    log_expect("");
    runner_free(runner);
}
END_TEST

static int sleep_exactly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_t *self = runner_current();
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_uint_eq(runner_time_ns(self), 10 * ms);
    ck_assert_code(runner_sleep_ns(1), 0);
    ck_assert_uint_eq(runner_time_ns(self), 10 * ms + 1);
    ck_assert_code(runner_sleep(0), 0);
    ck_assert_uint_eq(runner_time_ns(self), 10 * ms + 1);
    return 0;
}

START_TEST(R194_virtual_clock_jumps_exactly_to_the_deadline)
{
    runner_t *runner = test_runner();
    run(runner, sleep_exactly, NULL);
    runner_free(runner);
}
END_TEST

START_TEST(time_goes_on_from_run_to_run)
{
    uint64_t ten = 10;
    runner_t *runner = test_runner();
    run(runner, sleep_and_log, &ten);
    run(runner, sleep_and_log, &ten);
    log_expect("10 at 10,10 at 20");
    runner_free(runner);
}
END_TEST

static int sleep_a_century(void *arg, void **result)
{
    (void)arg;
    (void)result;
    const uint64_t day = 86400000;
    for (int i = 0; i < 100; i++)
        ck_assert_code(runner_sleep(365 * day), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 36500 * day);
    return 0;
}

START_TEST(R197_a_century_passes_at_once)
{
    runner_t *runner = test_runner();
    run(runner, sleep_a_century, NULL);
    runner_free(runner);
}
END_TEST

/* --- the order --------------------------------------------------------------------------- */

static int sleep_in_tasks(void *arg, void **result)
{
    uint64_t *list = arg;
    runner_task_t *tasks[4];
    for (int i = 0; i < 4; i++)
        ck_assert_code(runner_spawn(sleep_and_log, &list[i], NULL, &tasks[i]), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(sleepers_wake_in_the_order_of_their_deadlines)
{
    uint64_t list[] = {30, 3600000, 10, 20};
    runner_t *runner = test_runner();
    run(runner, sleep_in_tasks, list);
    log_expect("10 at 10,20 at 20,30 at 30,3600000 at 3600000");
    runner_free(runner);
}
END_TEST

static int sleep_ten(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(10);
}

START_TEST(R193_timers_of_one_deadline_fire_in_start_order)
{
    static const char *names[] = {"a", "b", "c", "d", "e"};
    runner_t *runner = test_runner();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_code(runner_call_at_ns(runner, 5 * ms, log_time, (void *)names[i], NULL, NULL),
                       0);
    run(runner, sleep_ten, NULL);
    log_expect("a at 5,b at 5,c at 5,d at 5,e at 5");
    runner_free(runner);
}
END_TEST

START_TEST(R192_past_deadlines_are_due_now_in_their_order)
{
    runner_t *runner = test_runner();
    run(runner, sleep_ten, NULL);
    ck_assert_code(runner_call_later(runner, -1, log_time, "-1", NULL, NULL), 0);
    ck_assert_code(runner_call_later(runner, -2, log_time, "-2", NULL, NULL), 0);
    ck_assert_code(runner_call_at_ns(runner, 1, log_time, "long ago", NULL, NULL), 0);
    run(runner, sleep_ten, NULL);
    log_expect("long ago at 10,-2 at 10,-1 at 10");
    runner_free(runner);
}
END_TEST

/* A callback of one instant puts another at the same instant. */
static int call_again_now(void *arg)
{
    log_time("first");
    return runner_call_later(arg, 0, log_time, "second", NULL, NULL);
}

START_TEST(timer_of_this_instant_fires_before_the_clock_moves)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_later(runner, 5, call_again_now, runner, NULL, NULL), 0);
    ck_assert_code(runner_call_later(runner, 6, log_time, "third", NULL, NULL), 0);
    run(runner, sleep_ten, NULL);
    log_expect("first at 5,second at 5,third at 6");
    runner_free(runner);
}
END_TEST

START_TEST(R196_cancelled_timer_does_not_move_the_clock)
{
    runner_timer_t *timer = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_later(runner, 5, log_time, "no", drop_count, &timer), 0);
    ck_assert_code(runner_timer_cancel(timer), 0);
    ck_assert_int_eq(drops(), 1);
    runner_timer_unref(timer);
    run(runner, sleep_ten, NULL);
    ck_assert_uint_eq(now_ms(runner), 10);
    log_expect("");
    runner_free(runner);
}
END_TEST

/* --- two clocks -------------------------------------------------------------------------- */

START_TEST(every_runner_has_its_own_time)
{
    uint64_t ten = 10;
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    run(first, sleep_and_log, &ten);
    run(second, sleep_and_log, &ten);
    log_expect("10 at 10,10 at 10");
    runner_free(first);
    runner_free(second);
}
END_TEST

static int sleep_really(void *arg, void **result)
{
    (void)arg;
    (void)result;
    uint64_t before = runner_time_ns(runner_current());
    uint64_t began = monotonic_ns();
    ck_assert_code(runner_sleep(20), 0);
    ck_assert_uint_ge(monotonic_ns() - began, 20 * ms);
    ck_assert_uint_ge(runner_time_ns(runner_current()) - before, 20 * ms);
    return 0;
}

START_TEST(R194_real_clock_waits_as_long_as_it_says)
{
    runner_t *runner = test_runner_with(NULL);
    run(runner, sleep_really, NULL);
    runner_free(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = test_case(suite, "time");
    tcase_add_test(tcase, virtual_clock_starts_at_zero);
    tcase_add_test(tcase, virtual_clock_stands_still_while_anything_is_ready);
    tcase_add_test(tcase, R194_virtual_clock_jumps_exactly_to_the_deadline);
    tcase_add_test(tcase, time_goes_on_from_run_to_run);
    tcase_add_test(tcase, R197_a_century_passes_at_once);

    tcase = test_case(suite, "order");
    tcase_add_test(tcase, sleepers_wake_in_the_order_of_their_deadlines);
    tcase_add_test(tcase, R193_timers_of_one_deadline_fire_in_start_order);
    tcase_add_test(tcase, R192_past_deadlines_are_due_now_in_their_order);
    tcase_add_test(tcase, timer_of_this_instant_fires_before_the_clock_moves);
    tcase_add_test(tcase, R196_cancelled_timer_does_not_move_the_clock);

    tcase = test_case(suite, "clocks");
    tcase_add_test(tcase, every_runner_has_its_own_time);
    tcase_add_test(tcase, R194_real_clock_waits_as_long_as_it_says);
    return test_main(suite);
}
