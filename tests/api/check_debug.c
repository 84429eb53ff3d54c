/* Debug mode: when it is on, and what it finds. */
#include "check_support.h"

#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

/* --- on or off --------------------------------------------------------------------------- */

static int debug_inside(void *arg, void **result)
{
    (void)arg;
    *result = value_of(runner_debug(runner_current()));
    return 0;
}

/* Debug mode as a task sees it; it is the same before and after. */
static int debug_of(int option)
{
    runner_options_t opts = test_options();
    void *inside = value_of(-1);
    opts.debug = option;
    runner_t *runner = test_runner_with(&opts);
    int before = runner_debug(runner);
    ck_assert_code(runner_run(runner, debug_inside, NULL, NULL, &inside), 0);
    ck_assert_int_eq(runner_debug(runner), before);
    ck_assert_int_eq(number_of(inside), before);
    runner_free(runner);
    return before;
}

START_TEST(R066_debug_on_is_on_whatever_the_environment_says)
{
    ck_assert_int_eq(debug_of(RUNNER_ON), 1);
    setenv("LIBRUNNER_DEBUG", "", 1);
    ck_assert_int_eq(debug_of(RUNNER_ON), 1);
    setenv("LIBRUNNER_DEBUG", "1", 1);
    ck_assert_int_eq(debug_of(RUNNER_ON), 1);
}
END_TEST

START_TEST(R067_debug_off_is_off_whatever_the_environment_says)
{
    ck_assert_int_eq(debug_of(RUNNER_OFF), 0);
    setenv("LIBRUNNER_DEBUG", "1", 1);
    ck_assert_int_eq(debug_of(RUNNER_OFF), 0);
}
END_TEST

START_TEST(R068_by_default_a_non_empty_variable_turns_debug_on)
{
    ck_assert_int_eq(debug_of(RUNNER_DEFAULT), 0);
    setenv("LIBRUNNER_DEBUG", "", 1);
    ck_assert_int_eq(debug_of(RUNNER_DEFAULT), 0);
    setenv("LIBRUNNER_DEBUG", "1", 1);
    ck_assert_int_eq(debug_of(RUNNER_DEFAULT), 1);
    setenv("LIBRUNNER_DEBUG", "0", 1);
    ck_assert_int_eq(debug_of(RUNNER_DEFAULT), 1); /* not empty */
}
END_TEST

START_TEST(R068_the_variable_is_read_when_the_loop_is_made)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    ck_assert_int_eq(runner_debug(runner), 0);
    setenv("LIBRUNNER_DEBUG", "1", 1);
    ck_assert_int_eq(runner_debug(runner), 1); /* no loop yet: what it would be now */
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    unsetenv("LIBRUNNER_DEBUG");
    ck_assert_int_eq(runner_debug(runner), 1);
    ck_assert_code(runner_set_debug(runner, RUNNER_DEFAULT), 0);
    ck_assert_int_eq(runner_debug(runner), 0);
    runner_free(runner);
}
END_TEST

static int turn_on(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_set_debug(arg, RUNNER_ON), 0);
    return runner_debug(arg) == 1 ? 0 : -5;
}

START_TEST(R066_R067_debug_can_be_turned_on_and_off)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_set_debug(runner, RUNNER_ON), 0);
    ck_assert_int_eq(runner_debug(runner), 1);
    ck_assert_code(runner_set_debug(runner, RUNNER_OFF), 0);
    ck_assert_int_eq(runner_debug(runner), 0);
    ck_assert_code(runner_set_debug(runner, 2), RUNNER_EINVAL);
    ck_assert_code(runner_set_debug(runner, -2), RUNNER_EINVAL);
    ck_assert_code(runner_set_debug(NULL, RUNNER_ON), RUNNER_EINVAL);
    ck_assert_int_eq(runner_debug(runner), 0);
    ck_assert_int_eq(runner_debug(NULL), 0);
    ck_assert_code(runner_run(runner, turn_on, runner, NULL, NULL), 0);
    ck_assert_int_eq(runner_debug(runner), 1);
    runner_free(runner);
}
END_TEST

static int make_loop(void *arg, struct uv_loop_s **loop)
{
    *loop = arg;
    return uv_loop_init(arg);
}

START_TEST(R069_debug_is_the_same_with_a_loop_factory)
{
    static const int options[] = {RUNNER_ON, RUNNER_OFF, RUNNER_DEFAULT};
    static const int expected[] = {1, 0, 1};
    setenv("LIBRUNNER_DEBUG", "1", 1);
    for (int i = 0; i < 3; i++) {
        uv_loop_t loop;
        void *inside = value_of(-1);
        runner_options_t opts = test_options();
        opts.debug = options[i];
        opts.loop_factory = make_loop;
        opts.loop_arg = &loop;
        ck_assert_code(runner_main(debug_inside, NULL, &opts, &inside), 0);
        ck_assert_int_eq(number_of(inside), expected[i]);
    }
}
END_TEST

/* --- slow steps -------------------------------------------------------------------------- */

static void block_ms(uint64_t ms)
{
    uint64_t end = monotonic_ns() + ms * 1000000u;
    while (monotonic_ns() < end) {
        ;
    }
}

static int slow_body(void *arg, void **result)
{
    (void)result;
    int code = runner_yield();
    block_ms((uint64_t)number_of(arg));
    return code;
}

static int slow_callback(void *arg)
{
    block_ms((uint64_t)number_of(arg));
    return 0;
}

static int spawn_slow(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = "slowpoke";
    ck_assert_code(runner_spawn(slow_body, arg, &opts, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

/* A runner on the real clock that reports steps of this length. */
static runner_t *slow_runner(int debug, uint64_t slow_callback_ms)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.debug = debug;
    opts.slow_callback_ms = slow_callback_ms;
    return test_runner_with(&opts);
}

START_TEST(R070_a_slow_step_is_reported_with_its_task_and_duration)
{
    runner_t *runner = slow_runner(RUNNER_ON, 20);
    ck_assert_code(runner_run(runner, spawn_slow, value_of(25), NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    int found = 0;
    for (int i = 0; i < exceptions(); i++) {
        const recorded_t *report = exception_at(i);
        ck_assert_uint_ge(report->duration_ns, 20 * 1000000u);
        if (strcmp(report->task_name, "slowpoke") == 0 || strcmp(report->name, "slowpoke") == 0) {
            ck_assert_uint_ge(report->duration_ns, 25 * 1000000u);
            ck_assert_code(report->code, 0);
            found++;
        }
    }
    ck_assert_int_eq(found, 1);
}
END_TEST

START_TEST(R070_a_slow_callback_is_reported)
{
    runner_t *runner = slow_runner(RUNNER_ON, 0);
    ck_assert_code(runner_call_soon(runner, slow_callback, value_of(110), NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_ge(exceptions(), 1);
    ck_assert_uint_ge(exception_at(0)->duration_ns, 110 * 1000000u);
    ck_assert_uint_eq(exception_at(0)->task_id, 0);
}
END_TEST

START_TEST(R070_the_limit_can_be_set)
{
    runner_t *runner = slow_runner(RUNNER_ON, 600000);
    ck_assert_code(runner_run(runner, spawn_slow, value_of(110), NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

START_TEST(R070_without_debug_nothing_is_measured)
{
    runner_t *runner = slow_runner(RUNNER_OFF, 1);
    ck_assert_code(runner_run(runner, spawn_slow, value_of(25), NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- the wrong thread -------------------------------------------------------------------- */

static int not_called(void *arg)
{
    (void)arg;
    log_add("called");
    return 0;
}

static int not_called_done(runner_future_t *future, void *arg)
{
    (void)future;
    return not_called(arg);
}

static int not_called_job(void *arg, void **result)
{
    (void)result;
    return not_called(arg);
}

static int not_called_handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)exception;
    return not_called(arg);
}

/* What another thread tries while the loop's own thread stands still in a task. */
typedef struct intruder {
    runner_t *runner;
    runner_task_t *task;
    runner_future_t *future;
    runner_timer_t *timer;
    int code; /* of the one call of allowed() */
} intruder_t;

static void *intrude(void *arg)
{
    intruder_t *i = arg;
    runner_t *r = i->runner;
    runner_future_t *future = NULL;
    runner_timer_t *timer = NULL;
    runner_closable_t *closable = NULL;
    ck_assert_code(runner_call_soon(r, not_called, NULL, drop_count), RUNNER_ETHREAD);
    ck_assert_code(runner_call_later(r, 1, not_called, NULL, drop_count, &timer), RUNNER_ETHREAD);
    ck_assert_code(runner_call_at_ns(r, 1, not_called, NULL, drop_count, &timer), RUNNER_ETHREAD);
    ck_assert_code(runner_timer_cancel(i->timer), RUNNER_ETHREAD);
    ck_assert_code(runner_future_new(r, &future), RUNNER_ETHREAD);
    ck_assert_code(runner_future_resolve(i->future, NULL), RUNNER_ETHREAD);
    ck_assert_code(runner_future_reject(i->future, -5), RUNNER_ETHREAD);
    ck_assert_code(runner_future_cancel(i->future), RUNNER_ETHREAD);
    ck_assert_code(runner_future_on_done(i->future, not_called_done, NULL, drop_count),
                   RUNNER_ETHREAD);
    ck_assert_code(runner_task_cancel(i->task), RUNNER_ETHREAD);
    ck_assert_code(runner_task_cancel_with(i->task, "why", 1), RUNNER_ETHREAD);
    ck_assert_code(runner_stop(r), RUNNER_ETHREAD);
    ck_assert_code(runner_run_in_executor(r, not_called_job, NULL, NULL, &future), RUNNER_ETHREAD);
    ck_assert_code(runner_closable_register(r, NULL, not_called_job, NULL, drop_count, &closable),
                   RUNNER_ETHREAD);
    ck_assert_code(runner_set_exception_handler(r, not_called_handler, NULL, drop_count),
                   RUNNER_ETHREAD);
    ck_assert(future == NULL && timer == NULL && closable == NULL);
    return NULL;
}

static void *allowed(void *arg)
{
    intruder_t *i = arg;
    i->code = runner_call_soon_threadsafe(i->runner, log_callback, "threadsafe", NULL);
    return NULL;
}

static void *unchecked(void *arg)
{
    intruder_t *i = arg;
    i->code = runner_call_soon(i->runner, log_callback, "unchecked", NULL);
    return NULL;
}

/* The task blocks its thread, so that nothing happens at the same time. */
static void run_in_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
    pthread_join(thread, NULL);
}

static int let_in(void *arg, void **result)
{
    intruder_t *i = arg;
    (void)result;
    i->task = runner_current_task();
    ck_assert_code(runner_future_new(i->runner, &i->future), 0);
    ck_assert_code(runner_call_later(i->runner, 5, log_callback, "timer", NULL, &i->timer), 0);
    run_in_thread(intrude, i);
    ck_assert_int_eq(runner_task_cancelling(i->task), 0);
    ck_assert_code(runner_future_status(i->future), RUNNER_EPENDING);
    ck_assert_int_eq(drops(), 0);
    run_in_thread(allowed, i);
    ck_assert_code(i->code, 0);
    int code = runner_sleep(10);
    runner_timer_unref(i->timer);
    runner_future_unref(i->future);
    return code;
}

START_TEST(R071_in_debug_mode_calls_from_another_thread_are_refused)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    opts.slow_callback_ms = 600000;
    intruder_t intruder = {test_runner_with(&opts), NULL, NULL, NULL, -1};
    ck_assert_code(runner_run(intruder.runner, let_in, &intruder, NULL, NULL), 0);
    log_expect("threadsafe,timer");
    ck_assert_code(runner_close(intruder.runner), 0);
    runner_free(intruder.runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

START_TEST(R071_while_no_loop_runs_any_thread_may_call)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    opts.slow_callback_ms = 600000;
    intruder_t intruder = {test_runner_with(&opts), NULL, NULL, NULL, -1};
    run_in_thread(unchecked, &intruder);
    ck_assert_code(intruder.code, 0);
    ck_assert_code(runner_run(intruder.runner, log_body, "main", NULL, NULL), 0);
    log_expect("unchecked,main");
    runner_free(intruder.runner);
}
END_TEST

static int let_in_unchecked(void *arg, void **result)
{
    intruder_t *i = arg;
    (void)result;
    run_in_thread(unchecked, i);
    ck_assert_code(i->code, 0);
    return runner_yield();
}

START_TEST(R071_without_debug_there_is_no_check)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_OFF;
    intruder_t intruder = {test_runner_with(&opts), NULL, NULL, NULL, -1};
    ck_assert_code(runner_run(intruder.runner, let_in_unchecked, &intruder, NULL, NULL), 0);
    log_expect("unchecked");
    runner_free(intruder.runner);
}
END_TEST

/* --- what is not a function -------------------------------------------------------------- */

static int call_nothing(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_call_soon(arg, NULL, NULL, drop_count), RUNNER_EINVAL);
    ck_assert_code(runner_call_later(arg, 1, NULL, NULL, drop_count, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_to_thread(NULL, NULL, NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run_in_executor(arg, NULL, NULL, NULL, NULL), RUNNER_EINVAL);
    return runner_sleep(2);
}

START_TEST(R072_a_null_callback_is_refused_at_once)
{
    for (int debug = RUNNER_OFF; debug <= RUNNER_ON; debug++) {
        runner_options_t opts = test_options();
        opts.debug = debug;
        opts.slow_callback_ms = 600000;
        runner_t *runner = test_runner_with(&opts);
        ck_assert_code(runner_run(runner, call_nothing, runner, NULL, NULL), 0);
        ck_assert_code(runner_close(runner), 0);
        runner_free(runner);
    }
    ck_assert_int_eq(drops(), 0);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- where it came from ------------------------------------------------------------------ */

static int fail_with_5(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return -5;
}

static int spawn_labelled(void *arg, void **result)
{
    runner_spawn_options_t opts;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = "labelled";
    opts.site = "server.c:42";
    ck_assert_code(runner_spawn(fail_with_5, NULL, &opts, NULL), 0);
    return runner_sleep(1);
}

START_TEST(R073_a_report_says_where_the_task_was_spawned)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    opts.slow_callback_ms = 600000;
    ck_assert_code(runner_main(spawn_labelled, NULL, &opts, NULL), 0);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_str_eq(exception_at(0)->site, "server.c:42");
    ck_assert_str_eq(exception_at(0)->task_name, "labelled");
}
END_TEST

START_TEST(R019_a_runner_that_was_not_closed_is_reported_when_it_is_freed)
{
    for (int debug = RUNNER_OFF; debug <= RUNNER_ON; debug += 2) {
        runner_options_t opts = test_options();
        opts.debug = debug;
        opts.slow_callback_ms = 600000;
        runner_t *runner = test_runner_with(&opts);
        runner_free(runner); /* a new one has nothing to close */
        ck_assert_int_eq(exceptions(), 0);
        runner = test_runner_with(&opts);
        ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
        runner_free(runner);
        ck_assert_int_eq(exceptions(), debug == RUNNER_ON ? 1 : 0);
    }
    ck_assert_exception(0, 0, "unclosed event loop");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("debug");
    TCase *tcase = test_case(suite, "on or off");
    tcase_add_test(tcase, R066_debug_on_is_on_whatever_the_environment_says);
    tcase_add_test(tcase, R066_R067_debug_can_be_turned_on_and_off);
    tcase_add_test(tcase, R067_debug_off_is_off_whatever_the_environment_says);
    tcase_add_test(tcase, R068_by_default_a_non_empty_variable_turns_debug_on);
    tcase_add_test(tcase, R068_the_variable_is_read_when_the_loop_is_made);
    tcase_add_test(tcase, R069_debug_is_the_same_with_a_loop_factory);
    tcase = test_case(suite, "slow steps");
    tcase_add_test(tcase, R070_a_slow_step_is_reported_with_its_task_and_duration);
    tcase_add_test(tcase, R070_a_slow_callback_is_reported);
    tcase_add_test(tcase, R070_the_limit_can_be_set);
    tcase_add_test(tcase, R070_without_debug_nothing_is_measured);
    tcase = test_case(suite, "wrong thread");
    tcase_add_test(tcase, R071_in_debug_mode_calls_from_another_thread_are_refused);
    tcase_add_test(tcase, R071_while_no_loop_runs_any_thread_may_call);
    tcase_add_test(tcase, R071_without_debug_there_is_no_check);
    tcase = test_case(suite, "callables and sites");
    tcase_add_test(tcase, R072_a_null_callback_is_refused_at_once);
    tcase_add_test(tcase, R019_a_runner_that_was_not_closed_is_reported_when_it_is_freed);
    tcase_add_test(tcase, R073_a_report_says_where_the_task_was_spawned);
    return test_main(suite);
}
