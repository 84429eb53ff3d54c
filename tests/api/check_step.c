/* Stackless tasks: callbacks with an outcome, that may park. */
#include "check_support.h"

/* --- helpers ----------------------------------------------------------------------------- */

static runner_task_t *spawn_step(runner_step_fn fn, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn_step(fn, arg, &opts, &task), 0);
    return task;
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

/* Await a task and release it. */
static int await_and_unref(runner_task_t *task, void **result)
{
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

/* --- without a wait ---------------------------------------------------------------------- */

static int give_arg(void *arg, int status, void **result)
{
    ck_assert_code(status, 0);
    ck_assert_ptr_null(*result);
    ck_assert_ptr_nonnull(runner_current_task());
    log_add("step");
    *result = arg;
    return 0;
}

static int await_one_step(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_step(give_arg, value_of(7));
    log_add("main");
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(await_and_unref(task, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    ck_assert_int_eq(drops(), 1);
    return 0;
}

START_TEST(a_step_is_a_callback_with_an_outcome)
{
    run(await_one_step);
    log_expect("main,step");
    ck_assert_int_eq(result_drops(), 0);
}
END_TEST

static int return_arg_as_code(void *arg, int status, void **result)
{
    (void)status;
    *result = value_of(1);
    return (int)number_of(arg);
}

static int await_failing_steps(void *arg, void **result)
{
    void *value = value_of(-1);
    (void)arg;
    (void)result;
    ck_assert_code(await_and_unref(spawn_step(return_arg_as_code, value_of(-5)), &value), -5);
    ck_assert_code(await_and_unref(spawn_step(return_arg_as_code, value_of(5)), &value),
                   RUNNER_EBADRESULT);
    runner_task_t *task = spawn_step(return_arg_as_code, value_of(RUNNER_ECANCELED));
    ck_assert_code(runner_await(task, &value), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    ck_assert_int_eq(number_of(value), -1);
    return 0;
}

START_TEST(R026_the_code_of_a_step_is_its_outcome)
{
    run(await_failing_steps);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int detach_step(void *arg, void **result)
{
    runner_spawn_options_t opts;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn_step(give_arg, value_of(7), &opts, NULL), 0);
    ck_assert_code(runner_spawn_step(return_arg_as_code, value_of(-5), &opts, NULL), 0);
    return runner_sleep(1);
}

START_TEST(R093_a_detached_step_that_fails_is_reported)
{
    run(detach_step);
    log_expect("step,eh");
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

/* --- parking ----------------------------------------------------------------------------- */

/* A little state machine: yield, sleep, await a future, run a job, end. */
typedef struct machine {
    int state;
    runner_future_t *future;
    runner_task_t *task;
    void *value;
} machine_t;

static int job(void *arg, void **result)
{
    *result = value_of(number_of(arg) + 1);
    return 0;
}

static int step_through(void *arg, int status, void **result)
{
    machine_t *m = arg;
    log_add("%d:%s", m->state, code_name(status));
    switch (m->state++) {
    case 0:
        return runner_yield();
    case 1:
        return runner_sleep(5);
    case 2:
        log_add("%dms", (int)now_ms(runner_current()));
        return runner_future_await(m->future, &m->value);
    case 3:
        log_add("got %d", (int)number_of(m->value));
        return runner_await(m->task, &m->value);
    case 4:
        log_add("got %d", (int)number_of(m->value));
        return runner_to_thread(job, value_of(8), NULL, &m->value);
    default:
        log_add("got %d", (int)number_of(m->value));
        *result = value_of(10);
        return 0;
    }
}

static int resolve_with_7(void *arg)
{
    return runner_future_resolve(arg, value_of(7));
}

static int sleep_and_give_8(void *arg, void **result)
{
    (void)arg;
    *result = value_of(8);
    return runner_sleep(20);
}

static int await_machine(void *arg, void **result)
{
    machine_t m = {0, NULL, NULL, NULL};
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &m.future), 0);
    ck_assert_code(runner_spawn(sleep_and_give_8, NULL, NULL, &m.task), 0);
    ck_assert_code(runner_call_later(runner_current(), 10, resolve_with_7, m.future, NULL, NULL),
                   0);
    int code = await_and_unref(spawn_step(step_through, &m), result);
    runner_future_unref(m.future);
    runner_task_unref(m.task);
    return code;
}

START_TEST(a_step_parks_at_every_kind_of_wait)
{
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, await_machine, NULL, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 10);
    log_expect("0:0,1:0,2:0,5ms,3:0,got 7,4:0,got 8,5:0,got 9");
    runner_free(runner);
}
END_TEST

static int wait_for_done(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    log_add("%d:%s", m->state, code_name(status));
    if (m->state++ > 0) {
        return status;
    }
    /* What is done already does not park. */
    ck_assert_code(runner_await(m->task, &m->value), 0);
    ck_assert_int_eq(number_of(m->value), 8);
    ck_assert_code(runner_future_await(m->future, &m->value), -5);
    return runner_yield();
}

static int await_done_waits(void *arg, void **result)
{
    machine_t m = {0, NULL, NULL, NULL};
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &m.future), 0);
    ck_assert_code(runner_future_reject(m.future, -5), 0);
    ck_assert_code(runner_spawn(sleep_and_give_8, NULL, NULL, &m.task), 0);
    ck_assert_code(runner_await(m.task, NULL), 0);
    int code = await_and_unref(spawn_step(wait_for_done, &m), result);
    runner_future_unref(m.future);
    runner_task_unref(m.task);
    return code;
}

START_TEST(a_step_does_not_park_for_what_is_done)
{
    run(await_done_waits);
    log_expect("0:0,1:0");
}
END_TEST

static int park_and_return(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)status;
    log_add("step");
    ck_assert_int_eq(m->state++, 0);
    ck_assert_code(runner_sleep(5), RUNNER_EPARKED);
    *result = value_of(3);
    return 0;
}

static int await_impatient(void *arg, void **result)
{
    machine_t m = {0, NULL, NULL, NULL};
    void *value = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(await_and_unref(spawn_step(park_and_return, &m), &value), 0);
    ck_assert_int_eq(number_of(value), 3);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    return runner_sleep(10);
}

START_TEST(another_return_value_than_parked_ends_the_task)
{
    run(await_impatient);
    log_expect("step");
}
END_TEST

/* --- order ------------------------------------------------------------------------------- */

static int yield_twice(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    (void)status;
    log_add("s%d", m->state);
    return m->state++ < 2 ? runner_yield() : 0;
}

static int yield_twice_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        log_add("c%d", i);
        if (i < 2) {
            ck_assert_code(runner_yield(), 0);
        }
    }
    return 0;
}

static int interleave(void *arg, void **result)
{
    machine_t m = {0, NULL, NULL, NULL};
    runner_task_t *coroutine = NULL;
    (void)arg;
    runner_task_t *step = spawn_step(yield_twice, &m);
    ck_assert_code(runner_spawn(yield_twice_on_stack, NULL, NULL, &coroutine), 0);
    ck_assert_code(await_and_unref(step, result), 0);
    log_add("main");
    return await_and_unref(coroutine, result);
}

START_TEST(R190_steps_take_their_turns_as_coroutines_do)
{
    run(interleave);
    log_expect("s0,c0,s1,c1,s2,c2,main");
}
END_TEST

static int eager_step(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    machine_t m = {1, NULL, NULL, NULL};
    (void)arg;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.eager = 1;
    ck_assert_code(runner_spawn_step(yield_twice, &m, &opts, &task), 0);
    log_add("main");
    return await_and_unref(task, result);
}

START_TEST(R189_a_step_may_start_eagerly)
{
    run(eager_step);
    log_expect("s1,main,s2");
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int clean_up(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    log_add("%d:%s", m->state, code_name(status));
    switch (m->state++) {
    case 0:
        return runner_sleep(RUNNER_FOREVER);
    case 1:
        return runner_sleep(5); /* cleaning up may wait */
    default:
        return RUNNER_ECANCELED;
    }
}

static int cancel_step(void *arg, void **result)
{
    machine_t m = {0, NULL, NULL, NULL};
    (void)arg;
    runner_task_t *task = spawn_step(clean_up, &m);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_uint_eq(now_ms(runner_current()), 5);
    runner_task_unref(task);
    return 0;
}

START_TEST(R144_a_cancelled_step_is_told_and_may_clean_up)
{
    run(cancel_step);
    log_expect("0:0,1:RUNNER_ECANCELED,2:0");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int cancel_new_step(void *arg, void **result)
{
    machine_t m = {0, NULL, NULL, NULL};
    (void)arg;
    runner_task_t *task = spawn_step(clean_up, &m);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(await_and_unref(task, result), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R145_a_step_cancelled_before_its_start_never_starts)
{
    run(cancel_new_step);
    log_expect("");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int await_inner(void *arg, int status, void **result)
{
    machine_t *m = arg;
    if (m->state++ == 0) {
        return runner_await(m->task, result);
    }
    log_add("outer %s", code_name(status));
    return status;
}

static int cancel_outer_step(void *arg, void **result)
{
    machine_t inner = {0, NULL, NULL, NULL};
    machine_t outer = {0, NULL, NULL, NULL};
    (void)arg;
    outer.task = spawn_step(clean_up, &inner);
    runner_task_t *task = spawn_step(await_inner, &outer);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(await_and_unref(task, result), RUNNER_ECANCELED);
    runner_task_unref(outer.task);
    return 0;
}

START_TEST(R147_the_innermost_wait_of_steps_goes_first)
{
    run(cancel_outer_step);
    log_expect("0:0,1:RUNNER_ECANCELED,2:0,outer RUNNER_ECANCELED");
}
END_TEST

static int leave_step(void *arg, void **result)
{
    (void)result;
    runner_task_unref(spawn_step(clean_up, arg));
    return runner_yield();
}

START_TEST(R079_a_leftover_step_is_cancelled_at_close)
{
    runner_t *runner = test_runner();
    machine_t m = {0, NULL, NULL, NULL};
    ck_assert_code(runner_run(runner, leave_step, &m, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("0:0,1:RUNNER_ECANCELED,2:0");
    ck_assert_int_eq(drops(), 1);
    runner_free(runner);
}
END_TEST

/* --- abort and refusals ------------------------------------------------------------------ */

static int abort_step(void *arg, int status, void **result)
{
    (void)arg;
    (void)status;
    (void)result;
    return runner_abort(-77);
}

static int await_abort(void *arg, void **result)
{
    (void)arg;
    return await_and_unref(spawn_step(abort_step, NULL), result);
}

START_TEST(R038_a_step_may_abort_the_run)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_abort, NULL, NULL, NULL), -77);
    runner_free(runner);
}
END_TEST

static int give_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int need_a_stack(void *arg, int status, void **result)
{
    runner_gen_t *gen = NULL;
    (void)arg;
    (void)status;
    ck_assert_code(runner_gen_new(give_nothing, NULL, NULL, 0, &gen), 0);
    ck_assert_code(runner_gen_next(gen, result), RUNNER_ENOTSUP);
    runner_gen_unref(gen);
    log_add("step");
    return 0;
}

static int await_stack_user(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    ck_assert_code(runner_spawn_step(NULL, NULL, NULL, &task), RUNNER_EINVAL);
    ck_assert_ptr_null(task);
    return await_and_unref(spawn_step(need_a_stack, NULL), result);
}

START_TEST(what_needs_a_stack_is_refused)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(give_arg, NULL, NULL, &task), RUNNER_ENOLOOP);
    ck_assert_ptr_null(task);
    run(await_stack_user);
    log_expect("step");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("step");
    TCase *tcase = test_case(suite, "outcomes");
    tcase_add_test(tcase, a_step_is_a_callback_with_an_outcome);
    tcase_add_test(tcase, R026_the_code_of_a_step_is_its_outcome);
    tcase_add_test(tcase, R093_a_detached_step_that_fails_is_reported);
    tcase = test_case(suite, "parking");
    tcase_add_test(tcase, a_step_parks_at_every_kind_of_wait);
    tcase_add_test(tcase, a_step_does_not_park_for_what_is_done);
    tcase_add_test(tcase, another_return_value_than_parked_ends_the_task);
    tcase_add_test(tcase, R190_steps_take_their_turns_as_coroutines_do);
    tcase_add_test(tcase, R189_a_step_may_start_eagerly);
    tcase = test_case(suite, "cancel");
    tcase_add_test(tcase, R144_a_cancelled_step_is_told_and_may_clean_up);
    tcase_add_test(tcase, R145_a_step_cancelled_before_its_start_never_starts);
    tcase_add_test(tcase, R147_the_innermost_wait_of_steps_goes_first);
    tcase_add_test(tcase, R079_a_leftover_step_is_cancelled_at_close);
    tcase = test_case(suite, "abort and refusals");
    tcase_add_test(tcase, R038_a_step_may_abort_the_run);
    tcase_add_test(tcase, what_needs_a_stack_is_refused);
    return test_main(suite);
}
