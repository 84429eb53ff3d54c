/* Timeouts inside timeouts; functions and stackless tasks as their bodies. */
#include "check_support.h"

/* --- helpers ----------------------------------------------------------------------------- */

static runner_timeout_t *opened(uint64_t timeout_ms)
{
    runner_timeout_t *timeout = NULL;
    ck_assert_code(runner_timeout_new(&timeout), 0);
    ck_assert_code(runner_timeout_open(timeout, timeout_ms), 0);
    return timeout;
}

/* Close, compare and release. */
#define ck_assert_closes(timeout, code, expected, has_expired)                                     \
    do {                                                                                           \
        ck_assert_code(runner_timeout_close(timeout, code), expected);                             \
        ck_assert_int_eq(runner_timeout_expired(timeout), has_expired);                            \
        runner_timeout_unref(timeout);                                                             \
    } while (0)

static int await_and_unref(runner_task_t *task)
{
    int code = runner_await(task, NULL);
    runner_task_unref(task);
    return code;
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}

static int sleep_for_arg(void *arg, void **result)
{
    *result = value_of(2);
    return runner_sleep((uint64_t)number_of(arg));
}

/* Nothing is left of a cancel in the running task. */
static void expect_no_requests(void)
{
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(1), 0);
}

/* --- nested ------------------------------------------------------------------------------ */

typedef struct nest {
    uint64_t ms[3]; /* from the outermost to the innermost */
    const char *log;
    int level;
} nest_t;

static int open_level(nest_t *nest)
{
    if (nest->level == 3) {
        return runner_sleep(1000);
    }
    int level = nest->level++;
    runner_timeout_t *timeout = opened(nest->ms[level]);
    int code = runner_timeout_close(timeout, open_level(nest));
    log_add("%d:%s %d", level, code_name(code), runner_timeout_expired(timeout));
    runner_timeout_unref(timeout);
    return code == RUNNER_ETIMEDOUT ? RUNNER_EUSER : code;
}

static int nest_timeouts(void *arg, void **result)
{
    nest_t nests[] = {
        {{10, 10, 10}, "2:RUNNER_ECANCELED 1,1:RUNNER_ECANCELED 1,0:RUNNER_ETIMEDOUT 1", 0},
        {{10, 20, 30}, "2:RUNNER_ECANCELED 0,1:RUNNER_ECANCELED 0,0:RUNNER_ETIMEDOUT 1", 0},
        {{20, 10, 30}, "2:RUNNER_ECANCELED 0,1:RUNNER_ETIMEDOUT 1,0:RUNNER_EUSER 0", 0},
        {{30, 20, 10}, "2:RUNNER_ETIMEDOUT 1,1:RUNNER_EUSER 0,0:RUNNER_EUSER 0", 0},
        {{RUNNER_FOREVER, 10, 20}, "2:RUNNER_ECANCELED 0,1:RUNNER_ETIMEDOUT 1,0:RUNNER_EUSER 0", 0},
        {{20, 10, 10}, "2:RUNNER_ECANCELED 1,1:RUNNER_ETIMEDOUT 1,0:RUNNER_EUSER 0", 0},
    };
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        uint64_t begin = now_ms(runner_current());
        ck_assert_code(open_level(&nests[i]), RUNNER_EUSER);
        ck_assert_uint_eq(now_ms(runner_current()) - begin, 10);
        log_expect(nests[i].log);
        expect_no_requests();
    }
    return 0;
}

START_TEST(R174_of_nested_timeouts_the_outermost_that_has_expired_times_out)
{
    run(nest_timeouts);
}
END_TEST

enum { DEPTH = 100 };

static int nest_deeply(void *arg, void **result)
{
    runner_timeout_t *timeouts[DEPTH];
    (void)arg;
    (void)result;
    for (int i = 0; i < DEPTH; i++) {
        timeouts[i] = opened(10);
    }
    int code = runner_sleep(100);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), DEPTH);
    for (int i = DEPTH - 1; i >= 0; i--) {
        ck_assert_code(code, RUNNER_ECANCELED);
        code = runner_timeout_close(timeouts[i], code);
        ck_assert_int_eq(runner_task_cancelling(runner_current_task()), i);
        runner_timeout_unref(timeouts[i]);
    }
    ck_assert_code(code, RUNNER_ETIMEDOUT);
    expect_no_requests();
    return 0;
}

START_TEST(R174_many_timeouts_with_one_deadline_time_out_once)
{
    run(nest_deeply);
}
END_TEST

/* Be busy until a deadline has passed. */
static void spin_past(const runner_timeout_t *timeout)
{
    while (runner_time_ns(runner_current()) <= runner_timeout_when_ns(timeout)) {}
}

/* Open two timeouts of which none is due yet, the inner one with the earlier deadline. On a machine
 * that stood still meanwhile it takes another go, with more time. */
static void open_both(runner_timeout_t **outer, runner_timeout_t **inner)
{
    for (uint64_t ms = 2;; ms *= 2) {
        *outer = opened(ms);
        uint64_t when = runner_timeout_when_ns(*outer) - UINT64_C(1000000);
        ck_assert_code(runner_timeout_new(inner), 0);
        ck_assert_code(runner_timeout_open_at_ns(*inner, when), 0);
        if (runner_time_ns(runner_current()) < when) {
            return;
        }
        ck_assert_closes(*inner, 0, 0, 0);
        ck_assert_closes(*outer, 0, 0, 0);
    }
}

static int be_busy_in_inner(void *arg, void **result)
{
    runner_timeout_t *outer = NULL;
    runner_timeout_t *inner = NULL;
    (void)arg;
    (void)result;
    open_both(&outer, &inner);
    spin_past(outer);
    int code = runner_sleep(RUNNER_FOREVER);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 2);
    ck_assert_closes(inner, code, RUNNER_ECANCELED, 1);
    ck_assert_closes(outer, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_no_requests();
    return 0;
}

/* The outer deadline passes when the inner timeout has cancelled the body already. */
static int be_busy_after_inner(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *outer = opened(RUNNER_FOREVER);
    runner_timeout_t *inner = opened(1);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    ck_assert_code(runner_timeout_reschedule(outer, 1), 0);
    spin_past(outer);
    ck_assert_closes(inner, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_int_eq(runner_timeout_expired(outer), 0);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED); /* later code */
    ck_assert_closes(outer, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_no_requests();
    return 0;
}

static void run_in_real_time(runner_fn body)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

START_TEST(R175_a_loop_that_was_busy_past_both_deadlines_cancels_for_both)
{
    run_in_real_time(be_busy_in_inner);
}
END_TEST

START_TEST(R175_the_outer_timeout_interrupts_what_follows_the_inner_one)
{
    run_in_real_time(be_busy_after_inner);
}
END_TEST

static int clean_up_in_timeout(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *outer = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    runner_timeout_t *inner = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    ck_assert_closes(inner, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 1);
    ck_assert_closes(outer, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_no_requests();
    return 0;
}

START_TEST(R178_the_cleanup_after_an_expiry_may_have_a_timeout_of_its_own)
{
    run(clean_up_in_timeout);
}
END_TEST

static int close_outer_first(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *first = opened(10);
    runner_timeout_t *second = opened(20);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_closes(first, 0, 0, 0);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    ck_assert_closes(second, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_no_requests();

    first = opened(10);
    second = opened(10);
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_closes(first, RUNNER_ECANCELED, RUNNER_ECANCELED, 1);
    ck_assert_closes(second, RUNNER_ECANCELED, RUNNER_ETIMEDOUT, 1);
    expect_no_requests();
    return 0;
}

START_TEST(R174_timeouts_that_overlap_may_be_closed_in_any_order)
{
    run(close_outer_first);
}
END_TEST

/* --- functions --------------------------------------------------------------------------- */

static int give_7_or_fail(void *arg, void **result)
{
    ck_assert_ptr_null(*result);
    *result = value_of(7);
    int code = runner_yield();
    return code != 0 ? code : (int)number_of(arg);
}

static int swallow_and_give_7(void *arg, void **result)
{
    (void)arg;
    *result = value_of(7);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return 0;
}

static int call_with_timeout(void *arg, void **result)
{
    void *value = value_of(1);
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, NULL, NULL), 0);
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, value_of(-5), &value), -5);
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, value_of(5), &value), RUNNER_EBADRESULT);
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, value_of(RUNNER_ECANCELED), &value),
                   RUNNER_ECANCELED);
    ck_assert_code(runner_with_timeout(0, give_7_or_fail, NULL, &value), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    ck_assert_code(runner_with_timeout(10, sleep_for_arg, value_of(20), &value), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_int_eq(number_of(value), 1); /* written only on success */
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, NULL, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    ck_assert_code(runner_with_timeout(RUNNER_FOREVER, sleep_for_arg, value_of(90), &value), 0);
    ck_assert_int_eq(number_of(value), 2);
    ck_assert_uint_eq(now_ms(runner_current()), 100);
    ck_assert_code(runner_with_timeout(10, swallow_and_give_7, NULL, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    ck_assert_uint_eq(now_ms(runner_current()), 110);
    expect_no_requests();
    return runner_sleep(RUNNER_FOREVER); /* no timer is left */
}

START_TEST(R170_R171_R173_a_function_may_be_the_body_of_a_timeout)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, call_with_timeout, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), 111);
    runner_free(runner);
}
END_TEST

static int call_inner(void *arg, void **result)
{
    (void)arg;
    int code = runner_with_timeout(10, sleep_for_arg, value_of(100), result);
    log_add("inner %s", code_name(code));
    return code;
}

static int nest_functions(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_with_timeout(10, call_inner, NULL, result), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_with_timeout(20, call_inner, NULL, result), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    expect_no_requests();
    return 0;
}

START_TEST(R174_functions_with_timeouts_nest)
{
    run(nest_functions);
    log_expect("inner RUNNER_ECANCELED,inner RUNNER_ETIMEDOUT");
}
END_TEST

static int sleep_in_generator(void *arg, void **result)
{
    (void)arg;
    /* A timeout inside the body is one of the task that asks for the value. */
    int code = runner_with_timeout(10, sleep_for_arg, value_of(100), result);
    log_add("inside %s %dms", code_name(code), (int)now_ms(runner_current()));
    ck_assert_code(runner_gen_yield(value_of(4)), 0);
    code = runner_sleep(100);
    log_add("around %s %dms", code_name(code), (int)now_ms(runner_current()));
    return code;
}

static int next_of(void *arg, void **result)
{
    return runner_gen_next(arg, result);
}

static int use_generator(void *arg, void **result)
{
    runner_gen_t *gen = NULL;
    void *value = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_gen_new(sleep_in_generator, NULL, NULL, 0, &gen), 0);
    ck_assert_code(runner_with_timeout(20, next_of, gen, &value), 0);
    ck_assert_int_eq(number_of(value), 4);
    ck_assert_code(runner_with_timeout(20, next_of, gen, &value), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_gen_next(gen, &value), RUNNER_EEND);
    ck_assert_int_eq(number_of(value), 4);
    runner_gen_unref(gen);
    expect_no_requests();
    return 0;
}

START_TEST(R170_timeouts_stand_inside_and_around_generators)
{
    run(use_generator);
    log_expect("inside RUNNER_ETIMEDOUT 10ms,around RUNNER_ECANCELED 30ms");
}
END_TEST

static int abort_after_expiry(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    return runner_abort(-66);
}

static int abort_in_timeout(void *arg, void **result)
{
    (void)arg;
    int code = runner_with_timeout(10, abort_after_expiry, NULL, result);
    log_add("%d", code);
    return code;
}

START_TEST(R179_an_abort_passes_through_a_timeout_that_has_expired)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, abort_in_timeout, NULL, NULL, NULL), -66);
    log_expect("-66");
    runner_free(runner);
}
END_TEST

static int refuse_to_end(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;) {
        log_add("%s", code_name(runner_sleep(RUNNER_FOREVER)));
    }
    return 0;
}

static int refuse_in_timeout(void *arg, void **result)
{
    (void)arg;
    return runner_with_timeout(1000, refuse_to_end, NULL, result);
}

static int refuse_in_both(void *arg, void **result)
{
    (void)arg;
    return runner_with_timeout(RUNNER_FOREVER, refuse_in_timeout, NULL, result);
}

static int leave_refuser(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(refuse_in_both, NULL, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R085_the_timeouts_of_functions_that_are_abandoned_end_with_them)
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 10;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, leave_refuser, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ECANCELED");
    runner_free(runner);
}
END_TEST

static int call_without_task(void *arg)
{
    void *value = value_of(1);
    (void)arg;
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, NULL, &value), RUNNER_ENOTASK);
    ck_assert_int_eq(number_of(value), 1);
    log_add("callback");
    return 0;
}

static int call_in_step(void *arg, int status, void **result)
{
    void *value = value_of(1);
    (void)arg;
    (void)result;
    ck_assert_code(status, 0);
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, NULL, &value), RUNNER_ENOTSUP);
    ck_assert_int_eq(number_of(value), 1);
    log_add("step");
    return 0;
}

static int call_wrongly(void *arg, void **result)
{
    void *value = value_of(1);
    runner_task_t *step = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_timeout(10, NULL, NULL, &value), RUNNER_EINVAL);
    ck_assert_int_eq(number_of(value), 1);
    ck_assert_code(runner_call_soon(runner_current(), call_without_task, NULL, NULL), 0);
    ck_assert_code(runner_spawn_step(call_in_step, NULL, NULL, &step), 0);
    return await_and_unref(step);
}

START_TEST(R181_a_function_gets_a_timeout_only_in_a_task_with_a_stack)
{
    void *value = value_of(1);
    ck_assert_code(runner_with_timeout(10, give_7_or_fail, NULL, &value), RUNNER_ENOTASK);
    ck_assert_int_eq(number_of(value), 1);
    run(call_wrongly);
    log_expect("callback,step");
}
END_TEST

/* --- stackless tasks --------------------------------------------------------------------- */

typedef struct machine {
    int state;
    uint64_t timeout_ms;
    runner_timeout_t *outer;
    runner_timeout_t *inner;
} machine_t;

static int step_in_timeout(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    log_add("%d:%s", m->state, code_name(status));
    switch (m->state++) {
    case 0:
        m->outer = opened(m->timeout_ms);
        return runner_sleep(20);
    case 1:
        status = runner_timeout_close(m->outer, status);
        log_add("%s %d", code_name(status), runner_timeout_expired(m->outer));
        ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
        return runner_sleep(30); /* nothing is left of the timeout */
    default:
        return status;
    }
}

static int await_machine(uint64_t timeout_ms, runner_step_fn fn)
{
    machine_t m = {0, timeout_ms, NULL, NULL};
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(fn, &m, NULL, &task), 0);
    int code = await_and_unref(task);
    runner_timeout_unref(m.outer);
    runner_timeout_unref(m.inner);
    return code;
}

static int await_steps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(await_machine(10, step_in_timeout), 0);
    log_expect("0:0,1:RUNNER_ECANCELED,RUNNER_ETIMEDOUT 1,2:0");
    ck_assert_code(await_machine(0, step_in_timeout), 0);
    log_expect("0:0,1:RUNNER_ECANCELED,RUNNER_ETIMEDOUT 1,2:0");
    ck_assert_code(await_machine(30, step_in_timeout), 0);
    log_expect("0:0,1:0,0 0,2:0");
    ck_assert_code(await_machine(RUNNER_FOREVER, step_in_timeout), 0);
    log_expect("0:0,1:0,0 0,2:0");
    return 0;
}

START_TEST(R170_R171_R173_a_stackless_task_has_its_body_between_open_and_close)
{
    run(await_steps);
}
END_TEST

static int nest_in_step(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->outer = opened(10);
        m->inner = opened(m->timeout_ms);
        return runner_sleep(100);
    default:
        status = runner_timeout_close(m->inner, status);
        log_add("%s", code_name(status));
        return runner_timeout_close(m->outer, status);
    }
}

static int leave_step_open(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)status;
    (void)result;
    m->outer = opened(5);
    /* A wait that is taken back, and a timeout that nobody closes. */
    ck_assert_code(runner_sleep(100), RUNNER_EPARKED);
    return 0;
}

static int await_nested_steps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(await_machine(10, nest_in_step), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ECANCELED");
    ck_assert_code(await_machine(5, nest_in_step), RUNNER_ETIMEDOUT);
    log_expect("RUNNER_ETIMEDOUT");
    ck_assert_code(await_machine(0, leave_step_open), 0);
    return runner_sleep(20);
}

START_TEST(R174_timeouts_of_a_stackless_task_nest)
{
    run(await_nested_steps);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("with_timeout");
    TCase *tcase = test_case(suite, "nested");
    tcase_add_test(tcase, R174_of_nested_timeouts_the_outermost_that_has_expired_times_out);
    tcase_add_test(tcase, R174_many_timeouts_with_one_deadline_time_out_once);
    tcase_add_test(tcase, R174_timeouts_that_overlap_may_be_closed_in_any_order);
    tcase_add_test(tcase, R175_a_loop_that_was_busy_past_both_deadlines_cancels_for_both);
    tcase_add_test(tcase, R175_the_outer_timeout_interrupts_what_follows_the_inner_one);
    tcase_add_test(tcase, R178_the_cleanup_after_an_expiry_may_have_a_timeout_of_its_own);
    tcase = test_case(suite, "functions");
    tcase_add_test(tcase, R170_R171_R173_a_function_may_be_the_body_of_a_timeout);
    tcase_add_test(tcase, R174_functions_with_timeouts_nest);
    tcase_add_test(tcase, R170_timeouts_stand_inside_and_around_generators);
    tcase_add_test(tcase, R179_an_abort_passes_through_a_timeout_that_has_expired);
    tcase_add_test(tcase, R085_the_timeouts_of_functions_that_are_abandoned_end_with_them);
    tcase_add_test(tcase, R181_a_function_gets_a_timeout_only_in_a_task_with_a_stack);
    tcase = test_case(suite, "stackless tasks");
    tcase_add_test(tcase, R170_R171_R173_a_stackless_task_has_its_body_between_open_and_close);
    tcase_add_test(tcase, R174_timeouts_of_a_stackless_task_nest);
    return test_main(suite);
}
