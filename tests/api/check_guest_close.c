/*
 * Guest mode: the shutdown of a guest goes through the phases of any close, and takes the loop from
 * nobody meanwhile.
 */
#include "guests.h"

/* --- the end of a close ------------------------------------------------------------------ */

static void no_handle_is_left(runner_t *self, int code, void *result, void *arg)
{
    note_ending(self, code, result, arg);
    ck_assert_int_eq(handles_open(), 0);
    ck_assert_int_eq(runner_is_closed(self), 1);
}

START_TEST(R013_R205_the_handles_are_gone_when_ended_is_told)
{
    ending_t ending = {0};
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, log_body, "main"), 0);
    ck_assert_int_gt(handles_open(), 0);
    ck_assert_code(runner_start_close(runner, no_handle_is_left, &ending), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(uv_loop_close(&program), 0);
    runner_free(runner); /* and not before */
}
END_TEST

START_TEST(R005_R205_a_closed_guest_stays_good_to_look_at)
{
    uv_loop_t *loop = NULL;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, log_body, "main"), 0);
    ck_assert_code(guest_close(runner), 0);
    ck_assert_int_eq(runner_is_running(runner), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_start_close(runner, note_ending, NULL), RUNNER_ECLOSED);
    ck_assert_code(runner_start(runner, log_body, "x", NULL, note_ending, NULL), RUNNER_ECLOSED);
    ck_assert_code(runner_call_soon(runner, log_callback, "x", NULL), RUNNER_ECLOSED);
    ck_assert_code(runner_call_soon_threadsafe(runner, log_callback, "x", NULL), RUNNER_ECLOSED);
    ck_assert_code(runner_get_loop(runner, &loop), RUNNER_ECLOSED);
    ck_assert_code(runner_interrupt(runner), RUNNER_ECLOSED);
    ck_assert_int_eq(reported(runner, RUNNER_REPORT_ABANDONED), 0);
    log_expect("main,ended 0,ended 0");
    runner_free(runner);
    program_close();
}
END_TEST

START_TEST(R004_R205_a_guest_that_never_ran_is_closed)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_close(runner), 0);
    log_expect("ended 0");
    runner_free(runner);
    program_close();
}
END_TEST

static void note_report(const runner_report_t *report, void *arg)
{
    (void)arg;
    log_add("report %d", (int)runner_report_count(report, RUNNER_REPORT_CANCELED));
}

static int leave_sleepers(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(sleep_long, NULL, NULL, NULL), 0);
    ck_assert_code(runner_spawn(sleep_long, NULL, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R092_R205_the_report_comes_before_ended)
{
    program_open();
    runner_options_t opts = guest_options();
    opts.on_report = note_report;
    runner_t *runner = guest_with(&opts);
    ck_assert_code(guest_run(runner, leave_sleepers, NULL), 0);
    ck_assert_code(guest_close(runner), 0);
    log_expect("ended 0,report 2,ended 0");
    runner_free(runner);
    program_close();
}
END_TEST

/* --- tasks ------------------------------------------------------------------------------- */

static int clean_up(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(3600 * 1000);
    log_add("%s %s", (const char *)arg, code_name(code));
    ck_assert_code(runner_sleep(1), 0);
    log_add("%s cleaned up", (const char *)arg);
    return code;
}

static runner_event_t *dust; /* the program takes it away */

static int clean_with_program(void *arg, void **result)
{
    int code = clean_up(arg, result);
    ck_assert_code(runner_event_wait(dust), 0);
    log_add("%s is clean", (const char *)arg);
    return code;
}

static void take_dust_away(tick_t *tick)
{
    if (tick->count == 5) {
        log_add("program");
        runner_event_set(dust);
        tick_end(tick);
    }
}

static int leave_cleanups(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(clean_up, "a", NULL, NULL), 0);
    ck_assert_code(runner_spawn(clean_with_program, "b", NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R079_R083_R205_leftovers_are_cancelled_and_clean_up)
{
    tick_t tick;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_event_new(&dust), 0);
    ck_assert_code(guest_run(runner, leave_cleanups, NULL), 0);
    log_clear();
    ck_assert_code(close_beside(runner, &tick, take_dust_away, NULL), 0);
    ck_assert_int_eq(strncmp(log_text(), "a RUNNER_ECANCELED,b RUNNER_ECANCELED,", 38), 0);
    ck_assert_ptr_nonnull(strstr(log_text(), "a cleaned up"));
    ck_assert_ptr_nonnull(strstr(log_text(), "program"));
    ck_assert_ptr_nonnull(strstr(log_text(), "b is clean,ended 0"));
    runner_event_unref(dust);
    ck_assert_int_eq(reported(runner, RUNNER_REPORT_CANCELED), 2);
    runner_free(runner);
    program_close();
}
END_TEST

static int fail_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    (void)runner_sleep(3600 * 1000);
    return -5;
}

static int leave_failing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(fail_in_cleanup, NULL, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R081_R205_errors_of_the_cleanup_are_reported)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_failing, NULL), 0);
    ck_assert_code(guest_close(runner), 0);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, -5, "shutdown");
    ck_assert_int_eq(reported(runner, RUNNER_REPORT_FAILED), 1);
    runner_free(runner);
    program_close();
}
END_TEST

static int spawn_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    (void)runner_sleep(3600 * 1000);
    ck_assert_code(runner_spawn(clean_up, "late", NULL, NULL), 0);
    return RUNNER_ECANCELED;
}

static int leave_spawner(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(spawn_in_cleanup, NULL, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R087_R205_the_phases_are_repeated)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_spawner, NULL), 0);
    ck_assert_code(guest_close(runner), 0);
    ck_assert_int_eq((int)runner_report_generations(report_of(runner)), 2);
    runner_free(runner);
    program_close();
}
END_TEST

static int never_end(void *arg, void **result)
{
    int code = 0;
    (void)arg;
    (void)result;
    while (code != RUNNER_EPENDING) { /* which is never */
        code = runner_sleep(3600 * 1000);
    }
    return code;
}

static int leave_never_ending(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(never_end, NULL, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R085_R205_a_grace_runs_out)
{
    tick_t tick;
    program_open();
    runner_options_t opts = guest_options();
    opts.cancel_grace_ms = 5;
    runner_t *runner = guest_with(&opts);
    ck_assert_code(guest_run(runner, leave_never_ending, NULL), 0);
    ck_assert_code(close_beside(runner, &tick, tick_until_closed, runner), RUNNER_ETIMEDOUT);
    ck_assert_int_ge(tick.count, 1);
    ck_assert_int_eq(reported(runner, RUNNER_REPORT_ABANDONED), 1);
    runner_free(runner);
    program_close();
}
END_TEST

/* The first ends the grace of the phase. */
static void interrupt_close(tick_t *tick)
{
    ck_assert_code(runner_interrupt(tick->arg), 0);
    tick_end(tick);
}

START_TEST(R132_R207_an_interrupt_ends_the_grace)
{
    tick_t tick;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_never_ending, NULL), 0);
    ck_assert_code(close_beside(runner, &tick, interrupt_close, runner), RUNNER_EINTR);
    ck_assert_int_eq(reported(runner, RUNNER_REPORT_ABANDONED), 1);
    runner_free(runner);
    program_close();
}
END_TEST

static int wait_for_ever(void *arg, void **result)
{
    runner_future_t **futures = arg;
    (void)runner_future_await(futures[0], result);
    return runner_future_await(futures[1], result);
}

static int leave_waiting(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(wait_for_ever, arg, NULL, NULL), 0);
    return runner_yield();
}

/* As in a run: only the program knows that nobody will come. */
START_TEST(R205_a_close_that_nothing_can_bring_on_keeps_nothing_alive)
{
    ending_t ending = {0};
    program_open();
    runner_t *runner = guest();
    runner_future_t *futures[] = {guest_future(runner), guest_future(runner)};
    ck_assert_code(guest_run(runner, leave_waiting, futures), 0);
    ck_assert_code(runner_start_close(runner, note_ending, &ending), 0);
    program_run();
    ck_assert_int_eq(ending.times, 0);
    ck_assert_int_eq(runner_is_closed(runner), 0);
    ck_assert_code(runner_interrupt(runner), 0);
    program_turn_a_while();
    ck_assert_ended(&ending, RUNNER_EINTR);
    runner_future_unref(futures[0]);
    runner_future_unref(futures[1]);
    runner_free(runner);
    program_close();
}
END_TEST

static int abort_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    (void)runner_sleep(3600 * 1000);
    return runner_abort(-5);
}

static int leave_aborting(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(abort_in_cleanup, NULL, NULL, NULL), 0);
    ck_assert_code(runner_spawn(clean_up, "a", NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R090_R205_an_abort_in_the_cleanup)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_aborting, NULL), 0);
    log_clear();
    ck_assert_code(guest_close(runner), -5);
    log_expect("a RUNNER_ECANCELED,a cleaned up,eh,ended UV_EIO");
    runner_free(runner);
    program_close();
}
END_TEST

/* --- a run that ends in another way ------------------------------------------------------ */

static int stop_and_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_stop(runner_current()), 0);
    int code = runner_yield();
    log_add("main %s", code_name(code));
    return code;
}

START_TEST(R033_R205_a_run_is_stopped)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, stop_and_wait, NULL), RUNNER_ESTOPPED);
    log_expect("ended RUNNER_ESTOPPED");
    ck_assert_code(guest_run(runner, log_body, "next"), 0);
    log_expect("main 0,next,ended 0");
    guest_end(runner);
}
END_TEST

static int abort_child(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_abort(-5);
}

static int await_aborting(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(abort_child, NULL, NULL, NULL), 0);
    return runner_sleep(3600 * 1000);
}

START_TEST(R038_R205_a_run_is_aborted)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, await_aborting, NULL), -5);
    log_expect("eh,ended UV_EIO");
    guest_end(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest close");
    TCase *end = test_case(suite, "end");
    tcase_add_test(end, R013_R205_the_handles_are_gone_when_ended_is_told);
    tcase_add_test(end, R005_R205_a_closed_guest_stays_good_to_look_at);
    tcase_add_test(end, R004_R205_a_guest_that_never_ran_is_closed);
    tcase_add_test(end, R092_R205_the_report_comes_before_ended);

    TCase *tasks = test_case(suite, "tasks");
    tcase_add_test(tasks, R079_R083_R205_leftovers_are_cancelled_and_clean_up);
    tcase_add_test(tasks, R081_R205_errors_of_the_cleanup_are_reported);
    tcase_add_test(tasks, R087_R205_the_phases_are_repeated);
    tcase_add_test(tasks, R085_R205_a_grace_runs_out);
    tcase_add_test(tasks, R132_R207_an_interrupt_ends_the_grace);
    tcase_add_test(tasks, R205_a_close_that_nothing_can_bring_on_keeps_nothing_alive);
    tcase_add_test(tasks, R090_R205_an_abort_in_the_cleanup);

    TCase *runs = test_case(suite, "runs");
    tcase_add_test(runs, R033_R205_a_run_is_stopped);
    tcase_add_test(runs, R038_R205_a_run_is_aborted);
    return test_main(suite);
}
