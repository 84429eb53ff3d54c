/* Eager tasks: the first step runs inside the spawn. */
#include "check_support.h"

/* --- helpers ----------------------------------------------------------------------------- */

static runner_task_t *spawn_eager(runner_fn fn, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.eager = 1;
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn(fn, arg, &opts, &task), 0);
    ck_assert_ptr_nonnull(task);
    return task;
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

/* --- completion -------------------------------------------------------------------------- */

static int give_seven(void *arg, void **result)
{
    log_add("%s", (const char *)arg);
    *result = value_of(7);
    return 0;
}

static int complete_in_spawn(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    log_add("before");
    runner_task_t *task = spawn_eager(give_seven, "task");
    log_add("after");
    ck_assert_int_eq(runner_task_done(task), 1);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_task_result(task, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    ck_assert_code(runner_await(task, &value), 0); /* does not wait */
    log_add("end");
    runner_task_unref(task);
    return 0;
}

START_TEST(R189_a_task_that_never_waits_is_done_when_spawn_returns)
{
    run(complete_in_spawn);
    log_expect("before,task,after,end");
}
END_TEST

static int fail_with_5(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return -5;
}

static int fail_in_spawn(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_eager(fail_with_5, NULL);
    ck_assert_code(runner_task_status(task), -5);
    ck_assert_code(runner_task_result(task, NULL), -5);
    runner_task_unref(task);
    runner_task_unref(spawn_eager(fail_with_5, NULL)); /* nobody looks */
    return 0;
}

START_TEST(R189_a_failure_in_the_first_step_is_the_outcome)
{
    run(fail_in_spawn);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
}
END_TEST

/* --- blocking ---------------------------------------------------------------------------- */

static int two_steps(void *arg, void **result)
{
    (void)arg;
    log_add("e1");
    int code = runner_yield();
    log_add("e2");
    *result = value_of(8);
    return code;
}

static int block_in_spawn(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    log_add("m1");
    runner_task_t *task = spawn_eager(two_steps, NULL);
    log_add("m2");
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(runner_call_soon(runner_current(), log_callback, "soon", NULL), 0);
    ck_assert_code(runner_await(task, &value), 0);
    ck_assert_int_eq(number_of(value), 8);
    log_add("m3");
    runner_task_unref(task);
    return 0;
}

START_TEST(R189_a_task_that_waits_goes_on_as_any_other)
{
    run(block_in_spawn);
    log_expect("m1,e1,m2,e2,soon,m3");
}
END_TEST

static int spawn_nested(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("outer1");
    runner_task_t *task = spawn_eager(two_steps, NULL);
    log_add("outer2");
    int code = runner_await(task, NULL);
    log_add("outer3");
    runner_task_unref(task);
    return code;
}

static int await_nested(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_eager(spawn_nested, NULL);
    log_add("main");
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R189_eager_tasks_nest)
{
    run(await_nested);
    log_expect("outer1,e1,outer2,main,e2,outer3");
}
END_TEST

static int spawn_in_callback(void *arg)
{
    ck_assert_ptr_null(runner_current_task());
    *(runner_task_t **)arg = spawn_eager(two_steps, NULL);
    ck_assert_ptr_null(runner_current_task());
    log_add("callback");
    return 0;
}

static int await_from_callback(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    ck_assert_code(runner_call_soon(runner_current(), spawn_in_callback, &task, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R189_also_from_a_callback)
{
    run(await_from_callback);
    log_expect("e1,callback,e2");
}
END_TEST

/* --- the current task -------------------------------------------------------------------- */

static int note_current(void *arg, void **result)
{
    runner_task_t **seen = arg;
    (void)result;
    seen[0] = runner_current_task();
    int code = runner_yield();
    seen[1] = runner_current_task();
    return code;
}

static int compare_current(void *arg, void **result)
{
    runner_task_t *seen[2] = {NULL, NULL};
    runner_task_t *self = runner_current_task();
    (void)arg;
    runner_task_t *task = spawn_eager(note_current, seen);
    ck_assert_ptr_eq(runner_current_task(), self);
    ck_assert_ptr_eq(seen[0], task);
    ck_assert_code(runner_await(task, result), 0);
    ck_assert_ptr_eq(runner_current_task(), self);
    ck_assert_ptr_eq(seen[1], task);
    runner_task_unref(task);
    return 0;
}

START_TEST(R189_the_current_task_is_right_before_in_and_after_the_first_step)
{
    run(compare_current);
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int log_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("start");
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", code_name(code));
    return code;
}

static int cancel_eager(void *arg, void **result)
{
    (void)arg;
    runner_task_t *task = spawn_eager(give_seven, "done");
    ck_assert_code(runner_task_cancel(task), RUNNER_EDONE);
    ck_assert_int_eq(runner_task_cancelled(task), 0);
    runner_task_unref(task);
    ck_assert_int_eq(result_drops(), 1);

    task = spawn_eager(log_wait, NULL);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    return 0;
}

START_TEST(R189_cancel_after_completion_does_nothing_and_after_a_wait_unwinds)
{
    run(cancel_eager);
    log_expect("done,start,RUNNER_ECANCELED");
}
END_TEST

/* --- context ----------------------------------------------------------------------------- */

static int write_var(void *arg, void **result)
{
    void *value = NULL;
    ck_assert_code(runner_var_get(arg, &value), 0);
    *result = value;
    return runner_var_set(arg, value_of(2));
}

static int isolate(void *arg, void **result)
{
    runner_var_t *var = NULL;
    void *value = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_var_new("var", NULL, &var), 0);
    ck_assert_code(runner_var_set(var, value_of(1)), 0);
    runner_task_t *task = spawn_eager(write_var, var);
    ck_assert_code(runner_var_get(var, &value), 0);
    ck_assert_int_eq(number_of(value), 1);
    ck_assert_code(runner_task_result(task, &value), 0);
    ck_assert_int_eq(number_of(value), 1);
    runner_task_unref(task);
    runner_var_unref(var);
    return 0;
}

START_TEST(R189_the_first_step_has_a_context_of_its_own)
{
    run(isolate);
}
END_TEST

static int detach(void *arg, void **result)
{
    runner_spawn_options_t opts;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.eager = 1;
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn(give_seven, "detached", &opts, NULL), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    return 0;
}

START_TEST(R189_a_detached_one_is_over_and_gone)
{
    run(detach);
    log_expect("detached");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("eager");
    TCase *tcase = test_case(suite, "first step");
    tcase_add_test(tcase, R189_a_task_that_never_waits_is_done_when_spawn_returns);
    tcase_add_test(tcase, R189_a_failure_in_the_first_step_is_the_outcome);
    tcase_add_test(tcase, R189_a_task_that_waits_goes_on_as_any_other);
    tcase_add_test(tcase, R189_eager_tasks_nest);
    tcase_add_test(tcase, R189_also_from_a_callback);
    tcase_add_test(tcase, R189_a_detached_one_is_over_and_gone);
    tcase = test_case(suite, "state");
    tcase_add_test(tcase, R189_the_current_task_is_right_before_in_and_after_the_first_step);
    tcase_add_test(tcase, R189_cancel_after_completion_does_nothing_and_after_a_wait_unwinds);
    tcase_add_test(tcase, R189_the_first_step_has_a_context_of_its_own);
    return test_main(suite);
}
