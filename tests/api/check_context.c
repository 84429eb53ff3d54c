/* Context variables, and which context everything runs in. */
#include "check_support.h"

#include <pthread.h>

/* The variable of these tests. */
static runner_var_t *var;

static void make_var(void)
{
    ck_assert_code(runner_var_new("var", NULL, &var), 0);
}

static void release_var(void)
{
    runner_var_unref(var);
    var = NULL;
}

/* Its value in the current context, or -1 if it was never set there. */
static int var_now(void)
{
    void *value = NULL;
    int code = runner_var_get(var, &value);
    ck_assert_msg(code == 0 || code == RUNNER_EPENDING, "get: %s", code_name(code));
    return code == 0 ? (int)number_of(value) : -1;
}

static void set_var(int number)
{
    ck_assert_code(runner_var_set(var, value_of(number)), 0);
}

/* The same in a context that nothing runs in. */
static int var_in(const runner_context_t *context)
{
    void *value = NULL;
    int code = runner_context_get(context, var, &value);
    ck_assert_msg(code == 0 || code == RUNNER_EPENDING, "get: %s", code_name(code));
    return code == 0 ? (int)number_of(value) : -1;
}

/* --- bodies ------------------------------------------------------------------------------ */

/* Give back the value, after setting it to `arg` where that is not NULL. */
static int exchange(void *arg, void **result)
{
    *result = value_of(var_now());
    if (arg != NULL) {
        set_var((int)number_of(arg));
    }
    return runner_yield();
}

static int run_exchange(runner_t *runner, int set, runner_context_t *context)
{
    runner_run_options_t opts;
    void *result = NULL;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.context = context;
    ck_assert_code(runner_run(runner, exchange, value_of(set), &opts, &result), 0);
    return (int)number_of(result);
}

/* Log "<arg><value>". */
static int log_var(void *arg, void **result)
{
    (void)result;
    log_add("%s%d", (const char *)arg, var_now());
    return 0;
}

static int log_var_callback(void *arg)
{
    return log_var(arg, NULL);
}

static int log_var_and_set_99(void *arg)
{
    log_var(arg, NULL);
    set_var(99);
    return 0;
}

static int log_var_done(runner_future_t *future, void *arg)
{
    (void)future;
    return log_var(arg, NULL);
}

/* --- the context of a runner ------------------------------------------------------------- */

START_TEST(R054_R055_all_runs_of_a_runner_share_its_context)
{
    runner_t *runner = test_runner();
    ck_assert_int_eq(run_exchange(runner, 1, NULL), -1);
    ck_assert_int_eq(run_exchange(runner, 2, NULL), 1);
    ck_assert_int_eq(run_exchange(runner, 0, NULL), 2);
    runner_free(runner);
}
END_TEST

static int copy_context(void *arg, void **result)
{
    (void)result;
    return runner_context_copy(arg);
}

START_TEST(R055_the_last_run_can_give_its_context_out)
{
    runner_t *runner = test_runner();
    runner_context_t *context = NULL;
    ck_assert_int_eq(run_exchange(runner, 1, NULL), -1);
    ck_assert_int_eq(run_exchange(runner, 2, NULL), 1);
    ck_assert_code(runner_run(runner, copy_context, &context, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(var_in(context), 2);
    runner_context_unref(context);
}
END_TEST

START_TEST(R056_the_variable_of_the_caller_stays_as_it_was)
{
    runner_t *runner = test_runner();
    set_var(5);
    ck_assert_int_eq(run_exchange(runner, 6, NULL), 5);
    ck_assert_int_eq(var_now(), 5);
    ck_assert_int_eq(run_exchange(runner, 0, NULL), 6);
    ck_assert_int_eq(var_now(), 5);
    runner_free(runner);
}
END_TEST

START_TEST(R057_the_context_is_copied_when_the_runner_is_made_ready)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    set_var(1);
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    set_var(2);
    ck_assert_int_eq(run_exchange(runner, 0, NULL), 1);
    set_var(3);
    ck_assert_int_eq(run_exchange(runner, 0, NULL), 1);
    runner_free(runner);
}
END_TEST

START_TEST(R057_not_when_it_is_constructed_or_refused)
{
    set_var(1);
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, NULL, NULL, NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_close(runner), 0);
    set_var(2);
    ck_assert_int_eq(run_exchange(runner, 0, NULL), 2);
    runner_free(runner);
}
END_TEST

START_TEST(R058_R059_a_run_may_have_a_context_of_its_own)
{
    runner_t *runner = test_runner();
    runner_context_t *context = NULL;
    ck_assert_code(runner_context_new(&context), 0);
    ck_assert_code(runner_context_set(context, var, value_of(10)), 0);
    ck_assert_int_eq(run_exchange(runner, 1, NULL), -1);
    ck_assert_int_eq(run_exchange(runner, 11, context), 10);
    ck_assert_int_eq(var_in(context), 11);
    ck_assert_int_eq(run_exchange(runner, 0, NULL), 1);
    ck_assert_int_eq(run_exchange(runner, 0, context), 11);
    runner_free(runner);
    ck_assert_int_eq(var_in(context), 11);
    runner_context_unref(context);
}
END_TEST

/* --- tasks ------------------------------------------------------------------------------- */

static int child_writes(void *arg, void **result)
{
    log_var(arg, result);
    set_var(20);
    int code = runner_yield();
    log_var(arg, result);
    return code;
}

static int spawn_and_write(void *arg, void **result)
{
    runner_task_t *child = NULL;
    (void)arg;
    set_var(1);
    ck_assert_code(runner_spawn(child_writes, "child", NULL, &child), 0);
    set_var(2);
    ck_assert_code(runner_await(child, NULL), 0);
    runner_task_unref(child);
    return log_var("parent", result);
}

START_TEST(R060_a_child_has_a_copy_from_the_moment_of_its_spawn)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_and_write, NULL, NULL, NULL), 0);
    log_expect("child1,child20,parent2");
    runner_free(runner);
}
END_TEST

static int spawn_sharing(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *first = NULL;
    runner_task_t *second = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.context = arg;
    set_var(1);
    ck_assert_code(runner_spawn(child_writes, "first", &opts, &first), 0);
    ck_assert_code(runner_spawn(log_var, "second", &opts, &second), 0);
    ck_assert_code(runner_await(first, NULL), 0);
    ck_assert_code(runner_await(second, NULL), 0);
    runner_task_unref(first);
    runner_task_unref(second);
    return log_var("parent", result);
}

START_TEST(R061_a_child_with_an_explicit_context_shares_it)
{
    runner_t *runner = test_runner();
    runner_context_t *context = NULL;
    ck_assert_code(runner_context_new(&context), 0);
    ck_assert_code(runner_context_set(context, var, value_of(10)), 0);
    ck_assert_code(runner_run(runner, spawn_sharing, context, NULL, NULL), 0);
    log_expect("first10,second20,first20,parent1");
    ck_assert_int_eq(var_in(context), 20);
    runner_context_unref(context);
    runner_free(runner);
}
END_TEST

static int job_writes(void *arg, void **result)
{
    *result = value_of(var_now());
    (void)arg;
    set_var(30);
    return 0;
}

static int use_executor(void *arg, void **result)
{
    runner_future_t *future = NULL;
    void *seen = NULL;
    set_var(1);
    ck_assert_code(runner_to_thread(job_writes, NULL, NULL, &seen), 0);
    log_add("to_thread%d", (int)number_of(seen));
    ck_assert_code(runner_run_in_executor(arg, job_writes, NULL, NULL, &future), 0);
    ck_assert_code(runner_future_await(future, &seen), 0);
    log_add("executor%d", (int)number_of(seen));
    runner_future_unref(future);
    return log_var("parent", result);
}

START_TEST(R062_a_job_runs_in_a_copy_and_a_raw_one_in_an_empty_context)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, use_executor, runner, NULL, NULL), 0);
    log_expect("to_thread1,executor-1,parent1");
    runner_free(runner);
}
END_TEST

/* --- callbacks --------------------------------------------------------------------------- */

static int schedule_in_contexts(void *arg, void **result)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(arg, &future), 0);
    set_var(1);
    ck_assert_code(runner_call_soon(arg, log_var_and_set_99, "soon", NULL), 0);
    ck_assert_code(runner_call_later(arg, 1, log_var_callback, "later", NULL, NULL), 0);
    set_var(2);
    ck_assert_code(runner_future_on_done(future, log_var_done, "done", NULL), 0);
    ck_assert_code(runner_call_soon(arg, log_var_callback, "soon", NULL), 0);
    set_var(3);
    ck_assert_code(runner_future_resolve(future, NULL), 0);
    ck_assert_code(runner_call_soon_threadsafe(arg, log_var_callback, "threadsafe", NULL), 0);
    int code = runner_sleep(2);
    runner_future_unref(future);
    log_var("main", result);
    return code;
}

START_TEST(R064_callbacks_run_in_the_context_of_their_scheduling)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, schedule_in_contexts, runner, NULL, NULL), 0);
    log_expect("soon1,soon2,done2,threadsafe3,later1,main3");
    runner_free(runner);
}
END_TEST

START_TEST(R064_a_callback_that_is_scheduled_between_runs_has_the_context_of_its_thread)
{
    runner_t *runner = test_runner();
    set_var(4);
    ck_assert_code(runner_call_soon(runner, log_var_callback, "soon", NULL), 0);
    set_var(5);
    ck_assert_code(runner_run(runner, log_var, "main", NULL, NULL), 0);
    log_expect("soon4,main4");
    ck_assert_code(runner_call_soon(runner, log_var_callback, "soon", NULL), 0);
    ck_assert_code(runner_run(runner, log_var, "main", NULL, NULL), 0);
    log_expect("soon5,main4");
    runner_free(runner);
}
END_TEST

static int handler_reads(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)exception;
    return log_var(arg, NULL);
}

static int write_and_fail(void *arg, void **result)
{
    (void)result;
    set_var((int)number_of(arg));
    return -5;
}

static int spawn_failing(void *arg, void **result)
{
    (void)result;
    set_var(1);
    ck_assert_code(runner_spawn(write_and_fail, arg, NULL, NULL), 0);
    return runner_sleep(1);
}

START_TEST(R065_the_exception_handler_runs_in_the_context_of_the_task)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_set_exception_handler(runner, handler_reads, "handler", NULL), 0);
    ck_assert_code(runner_run(runner, spawn_failing, value_of(40), NULL, NULL), 0);
    log_expect("handler40");
    runner_free(runner);
}
END_TEST

/* --- lifetimes --------------------------------------------------------------------------- */

static int set_arg(void *arg, void **result)
{
    (void)result;
    return runner_var_set(arg, value_of(1));
}

START_TEST(R063_close_releases_the_context)
{
    runner_t *runner = test_runner();
    runner_var_t *counted = NULL;
    ck_assert_code(runner_var_new("counted", drop_count, &counted), 0);
    ck_assert_code(runner_run(runner, set_arg, counted, NULL, NULL), 0);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_run(runner, set_arg, counted, NULL, NULL), 0);
    ck_assert_int_eq(drops(), 1); /* the value that was replaced */
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(drops(), 2);
    runner_var_unref(counted);
    runner_free(runner);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

START_TEST(a_value_lives_as_long_as_any_context_holds_it)
{
    runner_var_t *counted = NULL;
    runner_context_t *context = NULL;
    void *value = NULL;
    ck_assert_code(runner_var_new("counted", drop_count, &counted), 0);
    ck_assert_str_eq(runner_var_name(counted), "counted");
    ck_assert_code(runner_context_new(&context), 0);
    ck_assert_code(runner_context_set(context, counted, value_of(1)), 0);
    ck_assert_ptr_eq(runner_context_ref(context), context);
    runner_context_unref(context);
    ck_assert_code(runner_context_get(context, counted, &value), 0);
    ck_assert_int_eq(number_of(value), 1);
    ck_assert_code(runner_context_set(context, counted, value_of(2)), 0);
    ck_assert_int_eq(drops(), 1);
    runner_var_unref(counted); /* the context keeps it */
    ck_assert_int_eq(drops(), 1);
    runner_context_unref(context);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

START_TEST(a_copy_does_not_see_later_writes_of_either_side)
{
    runner_context_t *copy = NULL;
    set_var(1);
    ck_assert_code(runner_context_copy(&copy), 0);
    set_var(2);
    ck_assert_int_eq(var_in(copy), 1);
    ck_assert_code(runner_context_set(copy, var, value_of(3)), 0);
    ck_assert_int_eq(var_now(), 2);
    ck_assert_int_eq(var_in(copy), 3);
    runner_context_unref(copy);
}
END_TEST

static void *thread_writes(void *arg)
{
    *(int *)arg = var_now();
    set_var(50);
    return NULL;
}

START_TEST(every_thread_has_a_context_of_its_own)
{
    pthread_t thread;
    int seen = 0;
    set_var(1);
    ck_assert_int_eq(pthread_create(&thread, NULL, thread_writes, &seen), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(seen, -1);
    ck_assert_int_eq(var_now(), 1);
}
END_TEST

static void *thread_writes_counted(void *arg)
{
    return runner_var_set(arg, value_of(1)) == 0 ? NULL : arg;
}

START_TEST(the_context_of_a_thread_ends_with_it)
{
    pthread_t thread;
    runner_var_t *counted = NULL;
    void *failed = NULL;
    ck_assert_code(runner_var_new("counted", drop_count, &counted), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, thread_writes_counted, counted), 0);
    pthread_join(thread, &failed);
    ck_assert_ptr_null(failed);
    ck_assert_int_eq(drops(), 1);
    runner_var_unref(counted);
}
END_TEST

static int set_many(void *arg, void **result)
{
    runner_var_t **vars = arg;
    (void)result;
    for (int round = 1; round <= 2; round++) {
        for (int i = 0; i < 100; i++) {
            ck_assert_code(runner_var_set(vars[i], value_of(i * round)), 0);
        }
    }
    for (int i = 0; i < 100; i++) {
        void *value = NULL;
        ck_assert_code(runner_var_get(vars[i], &value), 0);
        ck_assert_int_eq(number_of(value), i * 2);
    }
    return 0;
}

START_TEST(a_context_holds_many_variables)
{
    runner_t *runner = test_runner();
    runner_var_t *vars[100];
    for (int i = 0; i < 100; i++) {
        ck_assert_code(runner_var_new("one of many", drop_count, &vars[i]), 0);
    }
    ck_assert_code(runner_run(runner, set_many, vars, NULL, NULL), 0);
    ck_assert_int_eq(drops(), 100);
    runner_free(runner);
    ck_assert_int_eq(drops(), 200);
    for (int i = 0; i < 100; i++) {
        runner_var_unref(vars[i]);
    }
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static TCase *context_case(Suite *suite, const char *name)
{
    TCase *tcase = test_case(suite, name);
    tcase_add_checked_fixture(tcase, make_var, release_var);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("context");
    TCase *tcase = context_case(suite, "runner");
    tcase_add_test(tcase, R054_R055_all_runs_of_a_runner_share_its_context);
    tcase_add_test(tcase, R055_the_last_run_can_give_its_context_out);
    tcase_add_test(tcase, R056_the_variable_of_the_caller_stays_as_it_was);
    tcase_add_test(tcase, R057_the_context_is_copied_when_the_runner_is_made_ready);
    tcase_add_test(tcase, R057_not_when_it_is_constructed_or_refused);
    tcase_add_test(tcase, R058_R059_a_run_may_have_a_context_of_its_own);
    tcase = context_case(suite, "tasks");
    tcase_add_test(tcase, R060_a_child_has_a_copy_from_the_moment_of_its_spawn);
    tcase_add_test(tcase, R061_a_child_with_an_explicit_context_shares_it);
    tcase_add_test(tcase, R062_a_job_runs_in_a_copy_and_a_raw_one_in_an_empty_context);
    tcase = context_case(suite, "callbacks");
    tcase_add_test(tcase, R064_callbacks_run_in_the_context_of_their_scheduling);
    tcase_add_test(tcase,
                   R064_a_callback_that_is_scheduled_between_runs_has_the_context_of_its_thread);
    tcase_add_test(tcase, R065_the_exception_handler_runs_in_the_context_of_the_task);
    tcase = context_case(suite, "lifetimes");
    tcase_add_test(tcase, R063_close_releases_the_context);
    tcase_add_test(tcase, a_value_lives_as_long_as_any_context_holds_it);
    tcase_add_test(tcase, a_copy_does_not_see_later_writes_of_either_side);
    tcase_add_test(tcase, every_thread_has_a_context_of_its_own);
    tcase_add_test(tcase, the_context_of_a_thread_ends_with_it);
    tcase_add_test(tcase, a_context_holds_many_variables);
    return test_main(suite);
}
