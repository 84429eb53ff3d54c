/* Guest mode: a pause holds everything that a guest would do, and a resume lets it go on. */
#include "guests.h"

/* --- what is held ------------------------------------------------------------------------ */

typedef struct held {
    runner_t *runner;
    runner_future_t *future;
    int steps;
    int seen; /* when the pause began */
} held_t;

static int do_everything(void *arg, void **result)
{
    held_t *held = arg;
    runner_t *runner = runner_current();
    (void)result;
    ck_assert_code(runner_spawn(yield_for_ever, &held->steps, NULL, NULL), 0);
    ck_assert_code(runner_call_later(runner, 250, log_callback, "late", NULL, NULL), 0);
    ck_assert_code(runner_call_later(runner, 200, log_callback, "early", NULL, NULL), 0);
    int code = runner_future_await(held->future, NULL);
    log_add("main");
    return code == 0 ? runner_sleep(10) : code;
}

/* Pauses at its first tick, and lets the times of all timers pass. */
static void hold(tick_t *tick)
{
    held_t *held = tick->arg;
    if (held->steps == 0) {
        tick->count = 0; /* it has not begun yet */
        return;
    }
    if (tick->count == 1) {
        held->seen = held->steps;
        log_clear();
        ck_assert_code(runner_pause(held->runner), 0);
        ck_assert_code(runner_future_resolve(held->future, NULL), 0);
        ck_assert_code(runner_call_soon(held->runner, log_callback, "soon", NULL), 0);
        ck_assert_code(runner_call_soon_threadsafe(held->runner, log_callback, "post", NULL), 0);
        ck_assert_code(runner_call_later(held->runner, 1, log_callback, "new", NULL, NULL), 0);
        ck_assert_code(runner_wakeup(held->runner), 0);
    }
    ck_assert_int_eq(held->steps, held->seen);
    ck_assert_int_eq(runner_is_running(held->runner), 1);
    if (tick->count == 20) {
        log_expect("");
        ck_assert_code(runner_resume(held->runner), 0);
        log_expect("");
        tick_end(tick);
    }
}

START_TEST(R205_a_pause_holds_all_that_is_ready_or_falls_due)
{
    held_t held = {0};
    ending_t ending;
    tick_t tick;
    program_open();
    held.runner = guest();
    held.future = guest_future(held.runner);
    guest_start(held.runner, do_everything, &held, &ending);
    tick_start(&tick, 15, hold, &held);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(tick.count, 20);
    ck_assert_int_gt(held.steps, held.seen);
    static const char *const texts[] = {"soon", "post", "early", "late", "new", "main"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_ptr_nonnull(strstr(log_text(), texts[i]));
    }
    /* What fell due meanwhile comes by its deadline. */
    ck_assert_ptr_ne(strstr(log_text(), "early"), NULL);
    ck_assert(strstr(log_text(), "early") < strstr(log_text(), "late"));
    runner_future_unref(held.future);
    guest_end(held.runner);
}
END_TEST

/* --- the loop ---------------------------------------------------------------------------- */

static int sleep_short(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(2);
    log_add("slept");
    return code;
}

/* A step that pauses its guest goes on to its end. */
static int pause_and_sleep(void *arg, void **result)
{
    ck_assert_code(runner_pause(runner_current()), 0);
    return sleep_short(arg, result);
}

START_TEST(R205_a_paused_run_keeps_nothing_alive)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, pause_and_sleep, NULL, &ending);
    ck_assert_int_eq(uv_loop_alive(&program), 1);
    program_run();
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    program_turn_a_while();
    log_expect("");
    ck_assert_int_eq(ending.times, 0);
    ck_assert_code(runner_resume(runner), 0);
    ck_assert_int_eq(uv_loop_alive(&program), 1);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("slept,ended 0");
    guest_end(runner);
}
END_TEST

START_TEST(R205_a_pause_before_the_start_holds_main)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_pause(runner), 0);
    guest_start(runner, log_body, "main", &ending);
    program_run();
    program_turn_a_while();
    log_expect("");
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("main,ended 0");
    guest_end(runner);
}
END_TEST

START_TEST(R205_pauses_are_not_counted)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_resume(runner), 0);
    ck_assert_code(runner_pause(runner), 0);
    ck_assert_code(runner_pause(runner), 0);
    guest_start(runner, log_body, "main", &ending);
    ck_assert_code(runner_resume(runner), 0);
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("main,ended 0");
    guest_end(runner);
}
END_TEST

START_TEST(R205_a_closed_guest_is_not_paused)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_close(runner), 0);
    ck_assert_code(runner_pause(runner), RUNNER_ECLOSED);
    ck_assert_code(runner_resume(runner), RUNNER_ECLOSED);
    runner_free(runner);
    program_close();
}
END_TEST

/* --- from the inside --------------------------------------------------------------------- */

static int pause_self(void *arg, void **result)
{
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner, log_callback, "soon", NULL), 0);
    ck_assert_code(runner_spawn(log_body, "child", NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_call_soon(runner, log_callback, "held", NULL), 0);
    ck_assert_code(runner_yield(), 0);
    log_add("pause");
    ck_assert_code(runner_pause(runner), 0);
    log_add("goes on");
    ck_assert_code(runner_yield(), 0);
    log_add("main");
    return 0;
}

static int pause_in_callback(void *arg)
{
    log_add("pause");
    return runner_pause(arg);
}

static int leave_behind_pause(void *arg, void **result)
{
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner, pause_in_callback, runner, NULL), 0);
    ck_assert_code(runner_call_soon(runner, log_callback, "behind", NULL), 0);
    ck_assert_code(runner_yield(), 0);
    log_add("main");
    return 0;
}

static void check_held(runner_fn body, const char *before, const char *after)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, body, NULL, &ending);
    program_run();
    program_turn_a_while();
    log_expect(before);
    ck_assert_int_eq(ending.times, 0);
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect(after);
    guest_end(runner);
}

START_TEST(R205_a_task_that_pauses_its_guest_ends_its_step)
{
    check_held(pause_self, "soon,child,held,pause,goes on", "main,ended 0");
}
END_TEST

START_TEST(R205_the_rest_of_the_iteration_is_held_too)
{
    check_held(leave_behind_pause, "pause", "behind,main,ended 0");
}
END_TEST

static int pause_and_return(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("main");
    return runner_pause(runner_current());
}

START_TEST(R205_the_end_of_a_run_is_held_too)
{
    check_held(pause_and_return, "main", "ended 0");
}
END_TEST

/* --- what goes on meanwhile -------------------------------------------------------------- */

static int time_out(void *arg, void **result)
{
    runner_timeout_t *timeout = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_timeout_new(&timeout), 0);
    ck_assert_code(runner_timeout_open(timeout, 2), 0);
    log_add("waits");
    ck_assert_code(runner_pause(runner_current()), 0);
    int code = runner_sleep(3600 * 1000);
    code = runner_timeout_close(timeout, code);
    log_add("%s", code_name(code));
    runner_timeout_unref(timeout);
    return code == RUNNER_ETIMEDOUT ? 0 : code;
}

START_TEST(R205_time_passes_in_a_pause)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, time_out, NULL, &ending);
    program_run();
    uint64_t before_ns = runner_time_ns(runner);
    program_turn_a_while();
    ck_assert_uint_gt(runner_time_ns(runner), before_ns);
    log_expect("waits");
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("RUNNER_ETIMEDOUT,ended 0");
    guest_end(runner);
}
END_TEST

static int quick_job(void *arg, void **result)
{
    (void)arg;
    *result = value_of(7);
    return 0;
}

static int pause_and_await_job(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_pause(runner_current()), 0);
    int code = runner_to_thread(quick_job, NULL, NULL, result);
    log_add("job");
    return code;
}

START_TEST(R205_a_job_may_end_in_a_pause)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, pause_and_await_job, NULL, &ending);
    program_run();
    program_turn_a_while();
    log_expect("");
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(number_of(ending.result), 7);
    log_expect("job,ended 0");
    guest_end(runner);
}
END_TEST

START_TEST(R119_R207_an_interrupt_waits_for_the_resume)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, sleep_long, NULL, &ending);
    uv_run(&program, UV_RUN_NOWAIT);
    ck_assert_code(runner_pause(runner), 0);
    ck_assert_code(runner_interrupt(runner), 0);
    program_turn_a_while();
    ck_assert_int_eq(ending.times, 0);
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, RUNNER_EINTR);
    guest_end(runner);
}
END_TEST

START_TEST(R205_a_pause_holds_one_guest)
{
    ending_t held;
    ending_t free_one;
    program_open();
    runner_t *first = guest();
    runner_t *second = guest();
    guest_start(first, sleep_short, NULL, &held);
    guest_start(second, sleep_short, NULL, &free_one);
    ck_assert_code(runner_pause(first), 0);
    program_run();
    ck_assert_ended(&free_one, 0);
    ck_assert_int_eq(held.times, 0);
    ck_assert_code(guest_close(second), 0);
    runner_free(second);
    ck_assert_code(runner_resume(first), 0);
    program_run();
    ck_assert_ended(&held, 0);
    guest_end(first);
}
END_TEST

/* --- a close ----------------------------------------------------------------------------- */

static int sleep_and_log(void *arg, void **result)
{
    int code = sleep_long(arg, result);
    log_add("%s", code_name(code));
    return code;
}

static int leave_sleeper(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(sleep_and_log, NULL, NULL, NULL), 0);
    return runner_yield();
}

/* The first pauses before the close begins, the second in the middle of it. */
START_TEST(R205_a_pause_holds_a_close)
{
    ending_t ending = {0};
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_sleeper, NULL), 0);
    log_clear();
    if (_i == 0) {
        ck_assert_code(runner_pause(runner), 0);
    }
    ck_assert_code(runner_start_close(runner, note_ending, &ending), 0);
    ck_assert_code(runner_pause(runner), 0);
    program_run();
    program_turn_a_while();
    log_expect("");
    ck_assert_int_eq(runner_is_closed(runner), 0);
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("RUNNER_ECANCELED,ended 0");
    runner_free(runner);
    program_close();
}
END_TEST

static int pause_in_handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)exception;
    (void)arg;
    log_add("handler");
    return runner_pause(self);
}

/* The last thing that a close tells is what nobody took: nothing is left then but the handles. */
START_TEST(R205_a_pause_holds_the_very_end_of_a_close)
{
    ending_t ending = {0};
    program_open();
    runner_t *runner = guest();
    runner_future_t *future = guest_future(runner);
    ck_assert_code(runner_future_reject(future, -5), 0);
    ck_assert_code(runner_set_exception_handler(runner, pause_in_handler, NULL, NULL), 0);
    ck_assert_code(runner_start_close(runner, note_ending, &ending), 0);
    program_run();
    program_turn_a_while();
    log_expect("handler");
    ck_assert_int_eq(ending.times, 0);
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_code(runner_resume(runner), RUNNER_ECLOSED);
    runner_future_unref(future);
    runner_free(runner);
    program_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest pause");
    TCase *held = test_case(suite, "held");
    tcase_add_test(held, R205_a_pause_holds_all_that_is_ready_or_falls_due);
    tcase_add_test(held, R205_a_paused_run_keeps_nothing_alive);
    tcase_add_test(held, R205_a_pause_before_the_start_holds_main);
    tcase_add_test(held, R205_pauses_are_not_counted);
    tcase_add_test(held, R205_a_closed_guest_is_not_paused);

    TCase *inside = test_case(suite, "inside");
    tcase_add_test(inside, R205_a_task_that_pauses_its_guest_ends_its_step);
    tcase_add_test(inside, R205_the_rest_of_the_iteration_is_held_too);
    tcase_add_test(inside, R205_the_end_of_a_run_is_held_too);

    TCase *meanwhile = test_case(suite, "meanwhile");
    tcase_add_test(meanwhile, R205_time_passes_in_a_pause);
    tcase_add_test(meanwhile, R205_a_job_may_end_in_a_pause);
    tcase_add_test(meanwhile, R119_R207_an_interrupt_waits_for_the_resume);
    tcase_add_test(meanwhile, R205_a_pause_holds_one_guest);
    tcase_add_loop_test(meanwhile, R205_a_pause_holds_a_close, 0, 2);
    tcase_add_test(meanwhile, R205_a_pause_holds_the_very_end_of_a_close);
    return test_main(suite);
}
