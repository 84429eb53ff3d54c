/* The loop and time: when the clock is read and the kernel is asked, deadlines, virtual time. */
#include "check_support.h"

#include <pthread.h>

#include "loop.h"
#include "steps.h"

static void setup_virtual(void)
{
    setup();
    loop.is_virtual = true;
}

/* --- the adaptive clock ------------------------------------------------------------------- */

/* An entry that is always ready: one run in every iteration. From one of them on, a timer is due. */
typedef struct spinner {
    runner__entry_t entry;
    runner__timer_t timer;
    int runs;
    int start_at;  /* the run that starts the timer */
    int fired_at;  /* the latest run before the timer's */
    int long_from; /* runs take longer than a millisecond from here on */
} spinner_t;

static spinner_t spinner;

static void on_due(runner__loop_t *of, runner__entry_t *entry)
{
    (void)entry;
    spinner.fired_at = spinner.runs;
    runner__loop_stop(of);
}

static void spin(runner__loop_t *of, runner__entry_t *entry)
{
    uint64_t end_ns = uv_hrtime() + (spinner.runs >= spinner.long_from ? 1100000 : 0);
    while (uv_hrtime() < end_ns) {}
    spinner.runs++;
    if (spinner.runs == spinner.start_at) {
        ck_assert_code(runner__timer_start(&of->timers, &spinner.timer, (int64_t)uv_hrtime()), 0);
    }
    runner__loop_push(of, entry);
}

/* How many iterations after its deadline the timer ran. */
static int iterations_late(int start_at, int long_from)
{
    spinner = (spinner_t){.entry = {.run = spin},
                          .timer = {.entry = {.run = on_due}, .slot = RUNNER__TIMER_IDLE},
                          .start_at = start_at,
                          .long_from = long_from};
    runner__loop_push(&loop, &spinner.entry);
    run_until(STOPPED);
    runner__list_remove(&spinner.entry.node);
    ck_assert_int_ge(spinner.fired_at, start_at);
    return spinner.fired_at - start_at;
}

START_TEST(R191_test_loop__due_timers_are_seen_within_the_poll_interval)
{
    for (int start_at = 1; start_at <= 130; start_at++) {
        ck_assert_int_le(iterations_late(start_at, INT32_MAX), 61);
    }
    loop.poll_interval = 5;
    for (int start_at = 1; start_at <= 20; start_at++) {
        ck_assert_int_le(iterations_late(start_at, INT32_MAX), 5);
    }
    loop.poll_interval = 1;
    for (int start_at = 1; start_at <= 5; start_at++) {
        ck_assert_int_le(iterations_late(start_at, INT32_MAX), 1);
    }
}
END_TEST

/* With long entries each iteration is followed by a look, also if the entries before were short
 * and the clock was read for every 64th only. */
START_TEST(R191_test_loop__due_timers_are_seen_at_once_when_entries_are_long)
{
    loop.poll_interval = UINT32_MAX;
    for (int start_at = 1; start_at <= 4; start_at++) {
        ck_assert_int_le(iterations_late(start_at, 0), 1);
    }
    ck_assert_int_le(iterations_late(1000 + 130, 1000), 1);
}
END_TEST

static void on_check(uv_check_t *check)
{
    ++*(int *)check->data;
}

static void stop_when_spun(runner__loop_t *of, runner__entry_t *entry)
{
    if (++spinner.runs == spinner.start_at) {
        runner__loop_stop(of);
    } else {
        runner__loop_push(of, entry);
    }
}

/* Time that stands still: only the count of iterations asks the kernel, exactly so often. */
START_TEST(test_loop__ready_work_asks_the_kernel_only_every_poll_interval)
{
    static uv_check_t check;
    int polls = 0;
    check.data = &polls;
    ck_assert_code(uv_check_init(&uv, &check), 0);
    ck_assert_code(uv_check_start(&check, on_check), 0);
    spinner = (spinner_t){.entry = {.run = stop_when_spun}, .start_at = 61 * 20};
    runner__loop_push(&loop, &spinner.entry);
    run_until(STOPPED);
    ck_assert_int_eq(polls, 20);
    ck_assert_uint_eq(loop.clock_stride, 64);
    ck_assert_int_eq(idles, 0);
    uv_close((uv_handle_t *)&check, NULL);
}
END_TEST

/* --- real time ---------------------------------------------------------------------------- */

static int64_t deadline_ns;

static void check_deadline(void)
{
    ck_assert_int_ge((int64_t)uv_hrtime(), deadline_ns);
    stop();
}

START_TEST(R194_test_loop__timer_is_never_early_and_waited_for_in_the_kernel)
{
    step_t step = STEP("t", check_deadline);
    for (int i = 1; i <= 20; i++) {
        deadline_ns = runner__loop_deadline(&loop, (uint64_t)i * 170001);
        start(&step, deadline_ns);
        run_until(STOPPED);
    }
    log_expect("t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t");
    ck_assert_int_le(idles, 2 * 20); /* it sleeps until then, and does not look again and again */
}
END_TEST

START_TEST(R192_test_loop__deadlines_that_have_passed_are_due_now_in_their_order)
{
    step_t step[] = {STEP("a", stop), STEP("b", NULL), STEP("c", NULL), STEP("d", NULL)};
    start(&step[0], runner__loop_time(&loop));
    start(&step[1], -5);
    start(&step[2], INT64_MIN);
    start(&step[3], 0);
    run_until(STOPPED);
    log_expect("c,b,d,a");
}
END_TEST

START_TEST(R197_test_loop__deadlines_do_not_overflow)
{
    int64_t now_ns = runner__loop_time(&loop);
    ck_assert_int_eq(runner__loop_deadline(&loop, UINT64_MAX), INT64_MAX);
    ck_assert_int_eq(runner__loop_deadline(&loop, INT64_MAX), INT64_MAX);
    ck_assert_int_ge(runner__loop_deadline(&loop, 1000), now_ns + 1000);
    loop.is_virtual = true;
    loop.now_ns = INT64_MAX - 10;
    ck_assert_int_eq(runner__loop_deadline(&loop, 9), INT64_MAX - 1);
    ck_assert_int_eq(runner__loop_deadline(&loop, 10), INT64_MAX);
    ck_assert_int_eq(runner__loop_deadline(&loop, 11), INT64_MAX);
}
END_TEST

START_TEST(test_loop__limit_ends_a_run_before_its_timers)
{
    step_t late = STEP("late", NULL);
    start(&late, runner__loop_deadline(&loop, UINT64_C(3600000000000)));
    uint64_t begin_ns = uv_hrtime();
    runner__loop_set_limit(&loop, 2000000);
    run_until(STOPPED);
    ck_assert_uint_ge(uv_hrtime() - begin_ns, 2000000);
    ck_assert(runner__timer_active(&late.timer));
    log_expect("");
}
END_TEST

START_TEST(test_loop__limit_ends_a_run_that_always_has_work)
{
    spinner = (spinner_t){.entry = {.run = spin}, .long_from = INT32_MAX};
    runner__loop_push(&loop, &spinner.entry);
    runner__loop_set_limit(&loop, 1000000);
    run_until(STOPPED);
    ck_assert(runner__loop_limit_reached(&loop));
    ck_assert_int_ge(spinner.runs, 1);
}
END_TEST

/* --- virtual time ------------------------------------------------------------------------- */

static void log_time(void)
{
    log_add("%d", (int)runner__loop_time(&loop));
}

START_TEST(R193_test_loop__virtual_time_jumps_from_deadline_to_deadline)
{
    step_t step[] = {STEP("a", log_time), STEP("b", log_time), STEP("c", log_time),
                     STEP("d", log_time)};
    static const int64_t at[] = {500, 20, 500, 20};
    for (int i = 0; i < 4; i++) {
        start(&step[i], at[i]);
    }
    ck_assert_int_eq(runner__loop_time(&loop), 0);
    run_until(DEADLOCK);
    log_expect("b,20,d,20,a,500,c,500");
    ck_assert_int_eq(runner__loop_time(&loop), 500);
    ck_assert_int_eq(idles, 0);
}
END_TEST

static step_t first_of_chain = STEP("first", push_extra);

START_TEST(test_loop__virtual_time_stands_still_while_anything_is_ready)
{
    step_t early = STEP("early", log_time);
    step_t now = STEP("now", log_time);
    start(&early, 1);
    start(&now, 0);
    push(&first_of_chain);
    run_until(DEADLOCK);
    log_expect("first,now,0,extra,early,1");
}
END_TEST

static void end_job(void)
{
    log_time();
    atomic_fetch_sub(&loop.jobs, 1);
}

static step_t job_end = STEP("job", end_job);

static void *post_job_end(void *arg)
{
    (void)arg;
    while (!atomic_load(&loop.running)) {}
    (void)runner__inbox_post(&loop.inbox, &job_end.timer.entry);
    return NULL;
}

START_TEST(test_loop__virtual_time_waits_for_jobs)
{
    step_t late = STEP("late", log_time);
    pthread_t thread;
    start(&late, 1);
    atomic_fetch_add(&loop.jobs, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_job_end, NULL), 0);
    run_until(DEADLOCK);
    pthread_join(thread, NULL);
    log_expect("job,0,late,1");
}
END_TEST

START_TEST(test_loop__limit_of_real_time_ends_a_wait)
{
    atomic_fetch_add(&loop.jobs, 1); /* one that never ends */
    uint64_t begin_ns = uv_hrtime();
    ck_assert(!runner__loop_limit_reached(&loop));
    runner__loop_set_limit(&loop, 2000000);
    run_until(STOPPED);
    ck_assert_uint_ge(uv_hrtime() - begin_ns, 2000000);
    ck_assert(runner__loop_limit_reached(&loop));
    ck_assert_int_eq(runner__loop_time(&loop), 0);
    runner__loop_set_limit(&loop, UINT64_MAX);
    ck_assert(!runner__loop_limit_reached(&loop));
    atomic_fetch_sub(&loop.jobs, 1);
    run_until(DEADLOCK);
}
END_TEST

static TCase *loop_case(Suite *suite, const char *name, void (*fixture)(void))
{
    TCase *tcase = test_case(suite, name);
    tcase_add_checked_fixture(tcase, fixture, teardown);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("loop_time");
    TCase *tcase = loop_case(suite, "real", setup);
    tcase_add_test(tcase, R191_test_loop__due_timers_are_seen_within_the_poll_interval);
    tcase_add_test(tcase, R191_test_loop__due_timers_are_seen_at_once_when_entries_are_long);
    tcase_add_test(tcase, R194_test_loop__timer_is_never_early_and_waited_for_in_the_kernel);
    tcase_add_test(tcase, R192_test_loop__deadlines_that_have_passed_are_due_now_in_their_order);
    tcase_add_test(tcase, R197_test_loop__deadlines_do_not_overflow);
    tcase_add_test(tcase, test_loop__limit_ends_a_run_before_its_timers);
    tcase_add_test(tcase, test_loop__limit_ends_a_run_that_always_has_work);

    tcase = loop_case(suite, "virtual", setup_virtual);
    tcase_add_test(tcase, test_loop__ready_work_asks_the_kernel_only_every_poll_interval);
    tcase_add_test(tcase, R193_test_loop__virtual_time_jumps_from_deadline_to_deadline);
    tcase_add_test(tcase, test_loop__virtual_time_stands_still_while_anything_is_ready);
    tcase_add_test(tcase, test_loop__virtual_time_waits_for_jobs);
    tcase_add_test(tcase, test_loop__limit_of_real_time_ends_a_wait);
    return test_main(suite);
}
