/* Runs that a host drives: begin, steps, end. Outcomes, and what is left for the next run. */
#include "host_driver.h"

#include <uv.h>

/* --- bodies ------------------------------------------------------------------------------ */

static int succeed(host_task_t *t)
{
    say(t, "runs");
    t->result = 42;
    return 0;
}

static int fail_with_43(host_task_t *t)
{
    t->result = 43;
    return RUNNER_EUSER;
}

static int say_it_was_cancelled(host_task_t *t)
{
    (void)t;
    return RUNNER_ECANCELED;
}

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "parks");
        WAIT(t, SLEEP, .a = INT64_MAX);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

/* --- outcomes ---------------------------------------------------------------------------- */

START_TEST(R025_the_result_of_main_comes_with_the_end)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, succeed), 0);
    ck_assert_uint_eq(host->result, 42);
    log_expect("main:runs");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R026_the_code_of_main_is_that_of_the_run)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, fail_with_43), RUNNER_EUSER);
    ck_assert_uint_eq(host->result, 43);
    /* The run has told it, so it is nobody else's to report. */
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}
END_TEST

START_TEST(R028_a_run_after_a_failed_one)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, fail_with_43), RUNNER_EUSER);
    ck_assert_code(host_run(host, succeed), 0);
    ck_assert_code(host_run(host, fail_with_43), RUNNER_EUSER);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R029_main_ends_cancelled_though_nobody_asked)
{
    host_play(_i, say_it_was_cancelled, RUNNER_ECANCELED);
}
END_TEST

static int try_a_positive_status(host_task_t *t)
{
    host_flush(t->host);
    ck_assert_code(host_do(t, DONE, .status = 7), RUNNER_EINVAL);
    ck_assert_code(host_do(t, DONE, .a = 4), RUNNER_EINVAL);
    say(t, "goes on");
    return RUNNER_EUSER;
}

START_TEST(a_positive_status_is_no_outcome)
{
    host_play(_i, try_a_positive_status, RUNNER_EUSER);
    log_expect("main:goes on");
}
END_TEST

static int abort_the_run(host_task_t *t)
{
    say(t, "aborts");
    t->done_flags = RUNNER_HOST_ABORTS;
    return RUNNER_EUSER;
}

static int spawn_one_that_aborts(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, abort_the_run, "child");
        host_spawn(t, succeed, "behind");
        WAIT(t, AWAIT, .id = t->other->id);
        say(t, "%s", code_name(t->status));
    }
    return 0;
}

START_TEST(R038_a_task_that_aborts_ends_the_run_at_once)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_one_that_aborts), RUNNER_EUSER);
    log_expect("child:aborts");
    ck_assert_code(host_run(host, succeed), 0);
    /* What was left pending has gone on. */
    log_expect("behind:runs,main:RUNNER_EUSER,main:runs");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R037_main_aborts)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, abort_the_run), RUNNER_EUSER);
    log_expect("main:aborts");
    ck_assert_code(host_run(host, succeed), 0);
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}
END_TEST

/* --- what main leaves -------------------------------------------------------------------- */

static int step_twice(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "1");
        host_spawn_detached(t, park_for_ever, "grandchild");
        WAIT(t, YIELD);
        say(t, "%s", t->status == 0 ? "2" : code_name(t->status));
    }
    return t->status;
}

static int spawn_and_return(host_task_t *t)
{
    host_spawn_detached(t, step_twice, "child");
    return 0;
}

START_TEST(R035_what_is_ready_when_main_ends_has_its_step)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_and_return), 0);
    log_expect("child:1");
    ck_assert_code(host_close(host), 0);
    log_expect("grandchild:ended RUNNER_ECANCELED,child:RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

static int call_soon_and_later(host_task_t *t)
{
    uint64_t soon = host_value(t->host, VALUE_CALL, "soon", NULL);
    uint64_t later = host_value(t->host, VALUE_CALL, "later", NULL);
    ck_assert_code(host_do(t, CALL_SOON, .b = soon), 0);
    host_make(t, CALL_LATER, .a = MS(5), .b = later);
    return 0;
}

START_TEST(R036_a_callback_of_the_last_step_runs_a_timer_does_not)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, call_soon_and_later), 0);
    log_expect("soon:called");
    ck_assert_code(host_close(host), 0);
    log_expect("");
    host_free(host);
}
END_TEST

static int tick(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 4 && t->status == 0; t->i++) {
            say(t, "%d", t->i);
            WAIT(t, SLEEP, .a = MS(10));
        }
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int start_ticking(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, tick, "ticker");
        WAIT(t, SLEEP, .a = MS(15));
    }
    return 0;
}

static int watch_it_tick(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "again");
        WAIT(t, SLEEP, .a = MS(12));
    }
    return 0;
}

START_TEST(R034_leftover_tasks_go_on_in_the_next_run)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, start_ticking), 0);
    log_expect("ticker:0,ticker:1");
    ck_assert_code(host_run(host, watch_it_tick), 0);
    log_expect("main:again,ticker:2");
    ck_assert_code(host_close(host), 0);
    log_expect("ticker:RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

/* --- stopped before the end -------------------------------------------------------------- */

static int stop_and_park(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, succeed, "child");
        say(t, "stops");
        ck_assert_code(host_do(t, STOP), 0);
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s after %dms", code_name(t->status), (int)now_ms(t->host->runner));
    }
    return 0;
}

START_TEST(R033_a_run_that_is_stopped_leaves_main_pending)
{
    host_t *host = host_new(_i);
    host_begin(host, stop_and_park);
    host_task_t *first = host->main;
    ck_assert_code(host_drive(host), RUNNER_ESTOPPED);
    /* The iteration completes; what was spawned in it belongs to the next. */
    log_expect("main:stops");
    ck_assert_int_eq(first->phase, HOST_PARKED);
    ck_assert_code(host_run(host, watch_it_tick), 0);
    log_expect("child:runs,main:again,main:0 after 5ms");
    ck_assert_int_eq(first->phase, HOST_OVER);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R033_main_that_was_left_pending_is_cancelled_by_the_close)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, stop_and_park), RUNNER_ESTOPPED);
    ck_assert_code(host_close(host), 0);
    log_expect("main:stops,child:ended RUNNER_ECANCELED,main:RUNNER_ECANCELED after 0ms");
    host_free(host);
}
END_TEST

START_TEST(a_deadlock_ends_the_run)
{
    host_t *host = host_new(_i);
    const runner_report_t *report = NULL;
    runner_report_item_t item = {.size = sizeof item};
    ck_assert_code(host_run(host, park_for_ever), RUNNER_EDEADLK);
    log_expect("main:parks");
    ck_assert_code(runner_get_report(host->runner, &report), 0);
    ck_assert_uint_eq(runner_report_count(report, RUNNER_REPORT_DEADLOCK), 1);
    ck_assert_code(runner_report_get(report, 0, &item), 0);
    ck_assert_ptr_nonnull(strstr(item.name, "Task-1"));
    ck_assert_code(host_close(host), 0);
    log_expect("main:RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

static uv_idle_t idle; /* of the program */

static int close_and_park(host_task_t *t)
{
    if (t->line == 0)
        uv_close((uv_handle_t *)&idle, NULL);
    return park_for_ever(t);
}

/* That it is closing is something that the loop waits for, and it is the last. */
START_TEST(a_deadlock_is_found_when_the_last_handle_has_closed)
{
    uv_loop_t *loop = NULL;
    host_t *host = host_new(_i);
    ck_assert_code(runner_get_loop(host->runner, &loop), 0);
    ck_assert_int_eq(uv_idle_init(loop, &idle), 0);
    ck_assert_code(host_run(host, close_and_park), RUNNER_EDEADLK);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- broken off -------------------------------------------------------------------------- */

static int spawn_two(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, succeed, "a");
        host_spawn_detached(t, succeed, "b");
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
    }
    return 0;
}

/* Steps until the first event of this kind, and works those before it. */
static size_t step_to(host_t *host, int kind)
{
    for (;;) {
        host_take(host);
        for (size_t i = 0; i < host->n_events; i++) {
            if (host->events[i].kind == kind)
                return i;
            host_handle(host, &host->events[i]);
        }
    }
}

START_TEST(R035_who_was_not_resumed_when_a_run_is_broken_off_keeps_the_turn)
{
    host_t *host = host_new(MANY_CALL);
    host_begin(host, spawn_two);
    host_step(host); /* main */
    size_t at = step_to(host, RUNNER_HOST_START);
    host_handle(host, &host->events[at]);
    ck_assert_uint_eq(host->n_events, at + 2); /* b is not resumed */
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    log_expect("a:runs");
    host->main = NULL;
    ck_assert_code(host_run(host, watch_it_tick), 0);
    log_expect("b:runs,main:again,main:0");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(a_run_is_broken_off_before_its_first_step)
{
    host_t *host = host_new(MANY_CALL);
    host_begin(host, succeed);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    log_expect("");
    host->main = NULL;
    ck_assert_code(host_run(host, watch_it_tick), 0);
    log_expect("main:runs,main:again");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* The outcome was there, and would have been told by the next step. */
START_TEST(a_run_is_broken_off_though_main_is_done)
{
    host_t *host = host_new(ONE_CALL);
    host_begin(host, fail_with_43);
    host_step(host);
    ck_assert_int_eq(host->over, 0);
    ck_assert_code(runner_end(host->runner), RUNNER_EUSER);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}
END_TEST

/* --- interrupts -------------------------------------------------------------------------- */

static int interrupt_and_park(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 1);
        ck_assert_int_eq(t->a_out, RUNNER_REASON_SIGINT);
    }
    return RUNNER_ECANCELED;
}

START_TEST(R119_an_interrupt_cancels_main)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, interrupt_and_park), RUNNER_EINTR);
    log_expect("main:RUNNER_ECANCELED");
    ck_assert_uint_eq(now_ms(host->runner), 0);
    ck_assert_code(host_run(host, succeed), 0); /* R133: none is left over */
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int swallow_an_interrupt(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        WAIT(t, SLEEP, .a = MS(5));
        ck_assert_code(t->status, RUNNER_ECANCELED);
        ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = t->id), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
    }
    return 0;
}

START_TEST(R124_main_swallows_an_interrupt)
{
    host_play(_i, swallow_an_interrupt, 0);
}
END_TEST

static int interrupt_twice(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        WAIT(t, SLEEP, .a = MS(5));
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
    }
    return 0;
}

START_TEST(R128_the_second_interrupt_ends_the_run)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, interrupt_twice), RUNNER_EINTR);
    log_expect("");
    ck_assert_code(host_run(host, watch_it_tick), 0);
    log_expect("main:again,main:0"); /* R134: the old main goes on */
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_outcomes(Suite *suite)
{
    TCase *tcase = test_case(suite, "outcomes");
    add_for_each_way(tcase, R025_the_result_of_main_comes_with_the_end);
    add_for_each_way(tcase, R026_the_code_of_main_is_that_of_the_run);
    add_for_each_way(tcase, R028_a_run_after_a_failed_one);
    add_for_each_way(tcase, R029_main_ends_cancelled_though_nobody_asked);
    add_for_each_way(tcase, a_positive_status_is_no_outcome);
    add_for_each_way(tcase, R037_main_aborts);
    add_for_each_way(tcase, R038_a_task_that_aborts_ends_the_run_at_once);
    tcase = test_case(suite, "leftovers");
    add_for_each_way(tcase, R034_leftover_tasks_go_on_in_the_next_run);
    add_for_each_way(tcase, R035_what_is_ready_when_main_ends_has_its_step);
    add_for_each_way(tcase, R036_a_callback_of_the_last_step_runs_a_timer_does_not);
}

int main(void)
{
    Suite *suite = suite_create("host_run");
    add_outcomes(suite);
    TCase *tcase = test_case(suite, "stopped");
    add_for_each_way(tcase, R033_a_run_that_is_stopped_leaves_main_pending);
    add_for_each_way(tcase, R033_main_that_was_left_pending_is_cancelled_by_the_close);
    add_for_each_way(tcase, a_deadlock_ends_the_run);
    add_for_each_way(tcase, a_deadlock_is_found_when_the_last_handle_has_closed);
    tcase = test_case(suite, "broken off");
    tcase_add_test(tcase, R035_who_was_not_resumed_when_a_run_is_broken_off_keeps_the_turn);
    tcase_add_test(tcase, a_run_is_broken_off_before_its_first_step);
    tcase_add_test(tcase, a_run_is_broken_off_though_main_is_done);
    tcase = test_case(suite, "interrupts");
    add_for_each_way(tcase, R119_an_interrupt_cancels_main);
    add_for_each_way(tcase, R124_main_swallows_an_interrupt);
    add_for_each_way(tcase, R128_the_second_interrupt_ends_the_run);
    return test_main(suite);
}
