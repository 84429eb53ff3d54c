/*
 * The sweep of sweep.h through runners, tasks, futures, callbacks, contexts and shutdown.
 */
#include "sweep.h"

#include <stdio.h>

/* --- bodies ------------------------------------------------------------------------------ */

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int do_nothing_soon(void *arg)
{
    (void)arg;
    return 0;
}

static int sleep_and_give(void *arg, void **result)
{
    TRY(runner_sleep(10));
    *result = arg;
    return 0;
}

static int park(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

/* --- lifecycle --------------------------------------------------------------------------- */

static int own_loop(void *arg, uv_loop_t **loop)
{
    TRY(uv_loop_init(arg));
    *loop = arg;
    return 0;
}

static int use_runner(runner_t *runner)
{
    struct uv_loop_s *loop = NULL;
    TRY(took(runner_set_exception_handler(runner, record_exception, NULL, drop_count)));
    TRY(runner_get_loop(runner, &loop));
    TRY(runner_run(runner, do_nothing, NULL, NULL, NULL));
    TRY(runner_run(runner, do_nothing, NULL, NULL, NULL));
    TRY(took(runner_set_exception_handler(runner, NULL, NULL, drop_count)));
    return 0;
}

static int lifecycle_scenario(void)
{
    uv_loop_t loop;
    runner_options_t opts = test_options();
    opts.loop_factory = own_loop;
    opts.loop_arg = &loop;
    for (int i = 0; i < 2; i++) {
        runner_t *runner = NULL;
        TRY(runner_new(&runner, i == 0 ? &opts : NULL));
        int code = use_runner(runner);
        ck_assert_code(runner_close(runner), 0);
        runner_free(runner);
        TRY(code);
    }
    return 0;
}

START_TEST(R020_lifecycle)
{
    sweep(lifecycle_scenario, 0);
}
END_TEST

static int one_shot_scenario(void)
{
    void *result = NULL;
    TRY(runner_main(sleep_and_give, &main_started, NULL, &result));
    ck_assert_ptr_eq(result, &main_started);
    return 0;
}

START_TEST(R013_one_shot_run)
{
    sweep(one_shot_scenario, 0);
}
END_TEST

/* --- tasks ------------------------------------------------------------------------------- */

static int await_and_unref(runner_task_t *task, void **result)
{
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

static int step_twice(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    return ++*steps == 1 ? runner_sleep(5) : status;
}

static int task_main(void *arg, void **result)
{
    runner_spawn_options_t opts = named("child");
    runner_task_t *task = NULL;
    int steps = 0;
    TRY(took(runner_spawn(sleep_and_give, arg, &opts, &task)));
    TRY(await_and_unref(task, result));
    TRY(took(runner_spawn_step(step_twice, &steps, &opts, &task)));
    TRY(await_and_unref(task, result));
    opts.eager = 1;
    TRY(took(runner_spawn(sleep_and_give, arg, &opts, &task)));
    int code = runner_task_cancel_with(task, "not needed any more", 7);
    int ended = await_and_unref(task, result);
    TRY(code);
    return ended == RUNNER_ECANCELED ? 0 : ended;
}

static int task_scenario(void)
{
    return run_main(task_main);
}

START_TEST(tasks)
{
    sweep(task_scenario, 0);
}
END_TEST

static int many_tasks_main(void *arg, void **result)
{
    runner_task_t *list[50] = {NULL};
    int code = 0;
    for (int i = 0; i < 50 && code == 0; i++)
        code = runner_spawn(sleep_and_give, arg, NULL, &list[i]);
    for (int i = 0; i < 50; i++) {
        int ended = list[i] != NULL ? await_and_unref(list[i], result) : 0;
        code = code == 0 ? ended : code;
    }
    return code;
}

static int many_tasks_scenario(void)
{
    return run_main(many_tasks_main);
}

START_TEST(many_sleeping_tasks)
{
    sweep(many_tasks_scenario, 0);
}
END_TEST

/* --- futures, callbacks, timers ---------------------------------------------------------- */

static int be_told(runner_future_t *future, void *arg)
{
    (void)arg;
    return runner_future_status(future);
}

static int await_future(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

static int use_future(runner_future_t *future, void **result)
{
    runner_spawn_options_t opts = named(NULL);
    runner_task_t *waiter = NULL;
    TRY(took(runner_future_on_done(future, be_told, NULL, drop_count)));
    TRY(took(runner_spawn(await_future, future, &opts, &waiter)));
    int code = runner_yield();
    if (code == 0)
        code = runner_future_resolve(future, NULL);
    int ended = await_and_unref(waiter, result);
    return code == 0 ? ended : code;
}

static int future_main(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)arg;
    TRY(runner_future_new(runner_current(), &future));
    int code = use_future(future, result);
    runner_future_unref(future);
    TRY(code);
    TRY(runner_future_new(runner_current(), &future));
    code = runner_future_reject(future, TASK_ERROR); /* nobody looks: it is reported */
    runner_future_unref(future);
    return code;
}

static int future_scenario(void)
{
    return run_main(future_main);
}

START_TEST(futures)
{
    sweep(future_scenario, 0);
}
END_TEST

static int fail_soon(void *arg)
{
    (void)arg;
    return TASK_ERROR;
}

static int timer_main(void *arg, void **result)
{
    runner_t *self = runner_current();
    runner_timer_t *timer = NULL;
    (void)arg;
    (void)result;
    TRY(took(runner_call_soon(self, do_nothing_soon, NULL, drop_count)));
    TRY(took(runner_call_soon(self, fail_soon, NULL, drop_count)));
    TRY(took(runner_call_soon_threadsafe(self, do_nothing_soon, NULL, drop_count)));
    for (int i = 0; i < 40; i++)
        TRY(took(runner_call_later(self, 100 - i, do_nothing_soon, NULL, drop_count, NULL)));
    TRY(took(runner_call_later(self, 3600000, do_nothing_soon, NULL, drop_count, NULL)));
    TRY(took(runner_call_later(self, 50, do_nothing_soon, NULL, drop_count, &timer)));
    ck_assert_code(runner_timer_cancel(timer), 0);
    runner_timer_unref(timer);
    return runner_sleep(200);
}

static int timer_scenario(void)
{
    return run_main(timer_main);
}

START_TEST(R098_callbacks_and_timers)
{
    sweep(timer_scenario, 0);
}
END_TEST

/* --- other threads ----------------------------------------------------------------------- */

static int submission_scenario(void)
{
    runner_options_t opts = test_options();
    runner_spawn_options_t spawn = named("submitted");
    runner_submission_t *submission = NULL;
    runner_t *runner = NULL;
    TRY(runner_new(&runner, &opts));
    int code = took(runner_spawn_threadsafe(runner, sleep_and_give, NULL, &spawn, &submission));
    if (code == 0)
        code = runner_run(runner, sleep_and_give, NULL, NULL, NULL);
    runner_free(runner);
    if (submission != NULL) {
        int settled = runner_submission_wait(submission, 0, NULL);
        ck_assert_int_ne(settled, RUNNER_ETIMEDOUT);
        code = code == 0 && settled != RUNNER_ECANCELED ? settled : code;
    }
    runner_submission_unref(submission);
    return code;
}

START_TEST(R188_submissions)
{
    sweep(submission_scenario, 0);
}
END_TEST

static int give_job(void *arg, void **result)
{
    *result = arg;
    return 0;
}

static int job_main(void *arg, void **result)
{
    static const runner_job_options_t opts = {.size = sizeof opts, .drop = drop_count};
    runner_future_t *future = NULL;
    int code = runner_to_thread(give_job, arg, &opts, result);
    /* Whether it was refused or failed is not to be seen: it does nothing that could fail. */
    TRY(took(code));
    TRY(took(runner_run_in_executor(runner_current(), give_job, arg, &opts, &future)));
    code = runner_future_await(future, result);
    runner_future_unref(future);
    TRY(code);
    return took(runner_run_in_executor(runner_current(), give_job, arg, &opts, NULL));
}

static int job_scenario(void)
{
    return run_main(job_main);
}

START_TEST(R107_jobs)
{
    sweep(job_scenario, 0);
}
END_TEST

/* --- contexts ---------------------------------------------------------------------------- */

static int use_context(runner_var_t *var, runner_context_t *context)
{
    runner_spawn_options_t opts = named(NULL);
    runner_task_t *task = NULL;
    opts.context = context;
    TRY(took(runner_context_set(context, var, NULL)));
    TRY(took(runner_var_set(var, NULL)));
    TRY(took(runner_spawn(do_nothing, NULL, &opts, &task)));
    return await_and_unref(task, NULL);
}

static int context_main(void *arg, void **result)
{
    runner_var_t *vars[12] = {NULL};
    runner_context_t *context = NULL;
    int code = runner_context_copy(&context);
    (void)arg;
    (void)result;
    for (int i = 0; i < 12 && code == 0; i++) {
        code = runner_var_new("var", drop_count, &vars[i]);
        if (code == 0)
            code = use_context(vars[i], context);
    }
    for (int i = 0; i < 12; i++)
        runner_var_unref(vars[i]);
    runner_context_unref(context);
    return code;
}

static int context_scenario(void)
{
    return run_main(context_main);
}

START_TEST(R063_contexts)
{
    sweep(context_scenario, 0);
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

static int park_then_fail(void *arg, void **result)
{
    park(arg, result);
    return TASK_ERROR;
}

static int park_then_spawn(void *arg, void **result)
{
    runner_spawn_options_t opts = named("late");
    park(arg, result);
    TRY(took(runner_spawn(park, NULL, &opts, NULL)));
    return runner_sleep(10);
}

static int fail_to_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return TASK_ERROR;
}

static int shutdown_main(void *arg, void **result)
{
    static const runner_fn bodies[] = {park, park_then_fail, park_then_spawn, do_nothing};
    runner_spawn_options_t opts = named("leftover");
    runner_t *self = runner_current();
    (void)arg;
    (void)result;
    TRY(took(runner_closable_register(self, "failing", fail_to_close, NULL, drop_count, NULL)));
    TRY(took(runner_closable_register(self, NULL, sleep_and_give, NULL, drop_count, NULL)));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        TRY(took(runner_spawn(bodies[i], NULL, &opts, NULL)));
    TRY(runner_yield());
    return took(runner_spawn(do_nothing, NULL, &opts, NULL)); /* never starts */
}

static int shutdown_scenario(void)
{
    return run_main(shutdown_main);
}

START_TEST(R080_shutdown_with_everything_left)
{
    sweep(shutdown_scenario, 0);
}
END_TEST

static int count_up(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = 0;
    while (code == 0)
        code = runner_gen_yield(NULL);
    return code;
}

static int use_gen(runner_gen_t *gen, int close)
{
    int code = runner_gen_next(gen, NULL);
    if (code == 0 && close)
        code = runner_gen_close(gen);
    runner_gen_unref(gen);
    return code;
}

static int gen_main(void *arg, void **result)
{
    runner_gen_t *gen = NULL;
    (void)arg;
    (void)result;
    TRY(took(runner_gen_new(count_up, NULL, drop_count, 0, &gen)));
    TRY(use_gen(gen, 1));
    TRY(took(runner_gen_new(count_up, NULL, drop_count, 0, &gen)));
    return use_gen(gen, 0);
}

static int gen_scenario(void)
{
    return run_main(gen_main);
}

START_TEST(R094_generators)
{
    sweep(gen_scenario, 0);
}
END_TEST

/* --- deadlocks and inspection ------------------------------------------------------------ */

static int deadlock_main(void *arg, void **result)
{
    runner_spawn_options_t opts = named("awaited");
    runner_task_t *task = NULL;
    TRY(took(runner_spawn(park, arg, &opts, &task)));
    return await_and_unref(task, result);
}

static int deadlock_scenario(void)
{
    return run_main(deadlock_main);
}

START_TEST(deadlock)
{
    sweep(deadlock_scenario, RUNNER_EDEADLK);
}
END_TEST

static int inspect_main(void *arg, void **result)
{
    runner_task_info_t infos[4] = {{.size = sizeof infos[0]}};
    runner_spawn_options_t opts = named("watched");
    size_t count = 0;
    FILE *file = arg;
    (void)result;
    TRY(took(runner_spawn(park, NULL, &opts, NULL)));
    TRY(runner_yield());
    ck_assert_code(runner_tasks(runner_current(), infos, 4, &count), 0);
    ck_assert_uint_eq(count, 2);
    return runner_print_tasks(runner_current(), file);
}

static FILE *null_file;

static int inspect_null_file(void *arg, void **result)
{
    (void)arg;
    return inspect_main(null_file, result);
}

static int inspect_scenario(void)
{
    return run_main(inspect_null_file);
}

START_TEST(inspection)
{
    null_file = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(null_file);
    sweep(inspect_scenario, 0);
    fclose(null_file);
}
END_TEST

/* --- replacing it ------------------------------------------------------------------------ */

START_TEST(R024_functions_must_be_all_or_none)
{
    ck_assert_code(runner_replace_allocator(malloc, calloc, realloc, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_replace_allocator(NULL, calloc, realloc, free), RUNNER_EINVAL);
    ck_assert_code(runner_replace_allocator(malloc, NULL, realloc, free), RUNNER_EINVAL);
    ck_assert_code(runner_replace_allocator(malloc, calloc, NULL, free), RUNNER_EINVAL);
    /* Nothing has changed: the library still asks here. */
    long live = atomic_load(&heap.live);
    runner_t *runner = test_runner();
    ck_assert_int_gt(atomic_load(&heap.live), live);
    runner_free(runner);
    ck_assert_int_eq(atomic_load(&heap.live), live);
}
END_TEST

START_TEST(R024_no_functions_bring_the_c_library_back)
{
    ck_assert_code(runner_replace_allocator(NULL, NULL, NULL, NULL), 0);
    long live = atomic_load(&heap.live);
    runner_t *runner = test_runner();
    ck_assert_int_eq(atomic_load(&heap.live), live);
    runner_free(runner);
    ck_assert_code(
        runner_replace_allocator(failing_malloc, failing_calloc, failing_realloc, counted_free), 0);
}
END_TEST

static void add_sweeps(Suite *suite)
{
    TCase *tcase = test_case(suite, "sweep");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, R020_lifecycle);
    tcase_add_test(tcase, R013_one_shot_run);
    tcase_add_test(tcase, tasks);
    tcase_add_test(tcase, many_sleeping_tasks);
    tcase_add_test(tcase, futures);
    tcase_add_test(tcase, R098_callbacks_and_timers);
    tcase_add_test(tcase, R188_submissions);
    tcase_add_test(tcase, R107_jobs);
    tcase_add_test(tcase, R063_contexts);
    tcase_add_test(tcase, R080_shutdown_with_everything_left);
    tcase_add_test(tcase, R094_generators);
    tcase_add_test(tcase, deadlock);
    tcase_add_test(tcase, inspection);
}

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    Suite *suite = suite_create("oom");
    add_sweeps(suite);
    TCase *tcase = test_case(suite, "replace");
    tcase_add_test(tcase, R024_functions_must_be_all_or_none);
    tcase_add_test(tcase, R024_no_functions_bring_the_c_library_back);
    return test_main(suite);
}
