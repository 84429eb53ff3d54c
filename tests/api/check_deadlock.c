/*
 * Deadlocks: nothing is ready, and nothing that the runner knows of can ever wake a task.
 */
#include "check_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
#include <uv.h>

static const runner_report_t *report_of(const runner_t *runner)
{
    const runner_report_t *report = NULL;
    ck_assert_code(runner_get_report(runner, &report), 0);
    return report;
}

static runner_future_t *future_of(runner_t *runner)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    return future;
}

static int await_future(void *arg, void **result)
{
    int code = runner_future_await(arg, result);
    log_add("%s", code_name(code));
    return code;
}

/* --- what is a deadlock ------------------------------------------------------------------ */

START_TEST(main_that_nobody_can_wake_is_a_deadlock)
{
    runner_t *runner = test_runner();
    runner_future_t *never = future_of(runner);
    ck_assert_code(runner_run(runner, await_future, never, NULL, NULL), RUNNER_EDEADLK);
    log_expect("");
    ck_assert_int_eq(runner_is_running(runner), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("RUNNER_ECANCELED");
    runner_future_unref(never);
    runner_free(runner);
}
END_TEST

START_TEST(real_clock_knows_deadlocks_too)
{
    runner_t *runner = test_runner_with(NULL);
    runner_future_t *never = future_of(runner);
    ck_assert_code(runner_run(runner, await_future, never, NULL, NULL), RUNNER_EDEADLK);
    runner_future_unref(never);
    runner_free(runner);
}
END_TEST

static int sleep_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(sleeping_for_ever_is_a_deadlock)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, sleep_for_ever, NULL, NULL, NULL), RUNNER_EDEADLK);
    runner_free(runner);
}
END_TEST

static int await_task(void *arg, void **result)
{
    runner_task_t **task = arg;
    return runner_await(*task, result);
}

/* Main and a child that wait for each other. */
static int await_each_other(void *arg, void **result)
{
    runner_task_t **pair = arg;
    runner_spawn_options_t opts = {.size = sizeof opts, .name = "child"};
    pair[0] = runner_current_task();
    ck_assert_code(runner_spawn(await_task, &pair[0], &opts, &pair[1]), 0);
    return runner_await(pair[1], result);
}

START_TEST(tasks_that_await_each_other_are_a_deadlock_and_close_ends_it)
{
    runner_task_t *pair[2] = {NULL, NULL};
    runner_run_options_t opts = {.size = sizeof opts, .name = "parent"};
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_each_other, pair, &opts, NULL), RUNNER_EDEADLK);
    const runner_report_t *report = report_of(runner);
    runner_report_item_t item = {.size = sizeof item};
    ck_assert_uint_ge(runner_report_count(report, RUNNER_REPORT_DEADLOCK), 1);
    ck_assert_code(runner_report_get(report, 0, &item), 0);
    ck_assert_int_eq(item.kind, RUNNER_REPORT_DEADLOCK);
    ck_assert_ptr_nonnull(strstr(item.name, "parent"));
    ck_assert_ptr_nonnull(strstr(item.name, "child"));
    runner_close(runner);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    runner_task_unref(pair[1]);
    runner_free(runner);
}
END_TEST

static int await_a_named_child(void *arg, void **result)
{
    runner_task_t *child = NULL;
    runner_spawn_options_t opts = {.size = sizeof opts, .name = "fetcher"};
    ck_assert_code(runner_spawn(await_future, arg, &opts, &child), 0);
    int code = runner_await(child, result);
    runner_task_unref(child);
    return code;
}

START_TEST(report_of_a_deadlock_names_the_chain_of_waits)
{
    runner_run_options_t opts = {.size = sizeof opts, .name = "the main"};
    runner_t *runner = test_runner();
    runner_future_t *never = future_of(runner);
    ck_assert_code(runner_run(runner, await_a_named_child, never, &opts, NULL), RUNNER_EDEADLK);
    runner_report_item_t item = {.size = sizeof item};
    ck_assert_code(runner_report_get(report_of(runner), 0, &item), 0);
    ck_assert_int_eq(item.kind, RUNNER_REPORT_DEADLOCK);
    const char *main_at = strstr(item.name, "the main");
    const char *child_at = strstr(item.name, "fetcher");
    ck_assert_ptr_nonnull(main_at);
    ck_assert_ptr_nonnull(child_at);
    ck_assert(main_at < child_at);
    ck_assert_code(runner_close(runner), 0);
    runner_future_unref(never);
    runner_free(runner);
}
END_TEST

static int await_and_resolve(void *arg, void **result)
{
    (void)result;
    return runner_future_resolve(arg, value_of(5));
}

START_TEST(runner_goes_on_after_a_deadlock)
{
    runner_t *runner = test_runner();
    runner_future_t *late = future_of(runner);
    ck_assert_code(runner_run(runner, await_future, late, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_run(runner, await_and_resolve, late, NULL, NULL), 0);
    log_expect("0");
    ck_assert_code(runner_close(runner), 0);
    runner_future_unref(late);
    runner_free(runner);
}
END_TEST

/* Two tasks in a circle; the second closes it while a cancel is on its way to it. */
static int cancel_oneself_and_await(void *arg, int status, void **result)
{
    runner_task_t **pair = arg;
    (void)result;
    log_add("step %s", code_name(status));
    if (status != 0)
        return status;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    return runner_await(pair[0], NULL);
}

static int await_second(void *arg, void **result)
{
    runner_task_t **pair = arg;
    int code = runner_await(pair[1], result);
    log_add("first %s", code_name(code));
    return code;
}

static int make_a_circle(void *arg, void **result)
{
    runner_task_t **pair = arg;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
    ck_assert_code(runner_spawn(await_second, pair, &opts, &pair[0]), 0);
    ck_assert_code(runner_spawn_step(cancel_oneself_and_await, pair, &opts, &pair[1]), 0);
    return runner_await(pair[0], result);
}

START_TEST(R136_cancel_of_a_stackless_task_that_closes_a_circle)
{
    runner_task_t *pair[2] = {NULL, NULL};
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, make_a_circle, pair, NULL, NULL), RUNNER_ECANCELED);
    log_expect("step 0,step RUNNER_ECANCELED,first RUNNER_ECANCELED");
    ck_assert_int_eq(runner_task_cancelled(pair[1]), 1);
    ck_assert_int_eq(drops(), 2);
    runner_task_unref(pair[0]);
    runner_task_unref(pair[1]);
    runner_free(runner);
}
END_TEST

/* --- what is none ------------------------------------------------------------------------ */

static int resolve(void *arg)
{
    return runner_future_resolve(arg, NULL);
}

START_TEST(timer_is_no_deadlock)
{
    runner_t *runner = test_runner();
    runner_future_t *future = future_of(runner);
    ck_assert_code(runner_call_later(runner, 86400000, resolve, future, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, await_future, future, NULL, NULL), 0);
    ck_assert_uint_eq(now_ms(runner), 86400000);
    runner_future_unref(future);
    runner_free(runner);
}
END_TEST

static void on_uv_timer(uv_timer_t *timer)
{
    ck_assert_code(runner_future_resolve(timer->data, NULL), 0);
    uv_close((uv_handle_t *)timer, NULL);
}

START_TEST(handle_of_the_program_is_no_deadlock)
{
    uv_loop_t *loop = NULL;
    uv_timer_t timer;
    runner_t *runner = test_runner_with(NULL);
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    runner_future_t *future = timer.data = future_of(runner);
    ck_assert_int_eq(uv_timer_init(loop, &timer), 0);
    ck_assert_int_eq(uv_timer_start(&timer, on_uv_timer, 20, 0), 0);
    ck_assert_code(runner_run(runner, await_future, future, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_future_unref(future);
    runner_free(runner);
}
END_TEST

static int sleep_in_job(void *arg, void **result)
{
    (void)arg;
    *result = value_of(3);
    usleep(20000);
    return 0;
}

static int await_job(void *arg, void **result)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_run_in_executor(runner_current(), sleep_in_job, arg, NULL, &future), 0);
    int code = runner_future_await(future, result);
    runner_future_unref(future);
    return code;
}

START_TEST(job_of_the_executor_is_no_deadlock)
{
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(runner, await_job, NULL, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 3);
    runner_free(runner);
}
END_TEST

/* --- submitters -------------------------------------------------------------------------- */

typedef struct outside {
    runner_t *runner;
    runner_future_t *future;
    sem_t go;
} outside_t;

static void *submit_later(void *arg)
{
    outside_t *outside = arg;
    sem_wait(&outside->go);
    ck_assert_code(runner_call_soon_threadsafe(outside->runner, resolve, outside->future, NULL), 0);
    ck_assert_code(runner_submitter_release(outside->runner), 0);
    return NULL;
}

static int let_it_submit(void *arg, void **result)
{
    outside_t *outside = arg;
    sem_post(&outside->go);
    return await_future(outside->future, result);
}

START_TEST(submitter_is_no_deadlock)
{
    pthread_t thread;
    outside_t outside = {.runner = test_runner()};
    outside.future = future_of(outside.runner);
    sem_init(&outside.go, 0, 0);
    ck_assert_code(runner_submitter_acquire(outside.runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, submit_later, &outside), 0);
    ck_assert_code(runner_run(outside.runner, let_it_submit, &outside, NULL, NULL), 0);
    pthread_join(thread, NULL);
    runner_future_unref(outside.future);
    runner_free(outside.runner);
    sem_destroy(&outside.go);
}
END_TEST

static void *only_release(void *arg)
{
    outside_t *outside = arg;
    sem_wait(&outside->go);
    ck_assert_code(runner_submitter_release(outside->runner), 0);
    return NULL;
}

START_TEST(release_of_the_last_submitter_shows_the_deadlock)
{
    pthread_t thread;
    outside_t outside = {.runner = test_runner()};
    outside.future = future_of(outside.runner);
    sem_init(&outside.go, 0, 0);
    ck_assert_code(runner_submitter_acquire(outside.runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, only_release, &outside), 0);
    ck_assert_code(runner_run(outside.runner, let_it_submit, &outside, NULL, NULL), RUNNER_EDEADLK);
    pthread_join(thread, NULL);
    ck_assert_code(runner_close(outside.runner), 0);
    runner_future_unref(outside.future);
    runner_free(outside.runner);
    sem_destroy(&outside.go);
}
END_TEST

START_TEST(submitters_are_counted)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_submitter_release(runner), RUNNER_EINVAL);
    ck_assert_code(runner_submitter_acquire(runner), 0);
    ck_assert_code(runner_submitter_acquire(runner), 0);
    ck_assert_code(runner_submitter_release(runner), 0);
    ck_assert_code(runner_submitter_release(runner), 0);
    ck_assert_code(runner_submitter_release(runner), RUNNER_EINVAL);
    ck_assert_code(runner_submitter_acquire(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_submitter_release(NULL), RUNNER_EINVAL);
    runner_free(runner);
}
END_TEST

static void *submit_unannounced(void *arg)
{
    outside_t *outside = arg;
    sem_wait(&outside->go);
    usleep(20000); /* the loop has nothing to do meanwhile */
    ck_assert_code(runner_call_soon_threadsafe(outside->runner, resolve, outside->future, NULL), 0);
    return NULL;
}

START_TEST(detection_can_be_turned_off)
{
    pthread_t thread;
    runner_options_t opts = test_options();
    opts.deadlock = RUNNER_OFF;
    outside_t outside = {.runner = test_runner_with(&opts)};
    outside.future = future_of(outside.runner);
    sem_init(&outside.go, 0, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, submit_unannounced, &outside), 0);
    ck_assert_code(runner_run(outside.runner, let_it_submit, &outside, NULL, NULL), 0);
    pthread_join(thread, NULL);
    runner_future_unref(outside.future);
    runner_free(outside.runner);
    sem_destroy(&outside.go);
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

/* Waits for the first future; when that is cancelled, for the second. */
static int await_two(void *arg, void **result)
{
    runner_future_t **futures = arg;
    runner_future_await(futures[0], NULL);
    log_add("cleanup");
    return runner_future_await(futures[1], result);
}

static int leave_a_stuck_cleanup(void *arg, void **result)
{
    (void)result;
    runner_spawn_options_t opts = {.size = sizeof opts, .name = "stuck", .drop = drop_count};
    ck_assert_code(runner_spawn(await_two, arg, &opts, NULL), 0);
    return runner_yield();
}

static int log_close(void *arg, void **result)
{
    return log_body(arg, result);
}

START_TEST(R085_deadlock_in_a_cleanup_ends_shutdown)
{
    runner_t *runner = test_runner();
    runner_future_t *futures[2] = {future_of(runner), future_of(runner)};
    ck_assert_code(runner_closable_register(runner, "c", log_close, "closed", NULL, NULL), 0);
    ck_assert_code(runner_run(runner, leave_a_stuck_cleanup, futures, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_EDEADLK);
    log_expect("cleanup,closed");
    ck_assert_int_eq(drops(), 1);
    const runner_report_t *report = report_of(runner);
    ck_assert_uint_eq(runner_report_count(report, RUNNER_REPORT_ABANDONED), 1);
    ck_assert_uint_ge(runner_report_count(report, RUNNER_REPORT_DEADLOCK), 1);
    runner_future_unref(futures[0]);
    runner_future_unref(futures[1]);
    runner_free(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deadlock");
    TCase *tcase = test_case(suite, "deadlock");
    tcase_add_test(tcase, main_that_nobody_can_wake_is_a_deadlock);
    tcase_add_test(tcase, real_clock_knows_deadlocks_too);
    tcase_add_test(tcase, sleeping_for_ever_is_a_deadlock);
    tcase_add_test(tcase, tasks_that_await_each_other_are_a_deadlock_and_close_ends_it);
    tcase_add_test(tcase, report_of_a_deadlock_names_the_chain_of_waits);
    tcase_add_test(tcase, runner_goes_on_after_a_deadlock);
    tcase_add_test(tcase, R085_deadlock_in_a_cleanup_ends_shutdown);
    tcase_add_test(tcase, R136_cancel_of_a_stackless_task_that_closes_a_circle);

    tcase = test_case(suite, "no deadlock");
    tcase_add_test(tcase, timer_is_no_deadlock);
    tcase_add_test(tcase, handle_of_the_program_is_no_deadlock);
    tcase_add_test(tcase, job_of_the_executor_is_no_deadlock);
    tcase_add_test(tcase, submitter_is_no_deadlock);
    tcase_add_test(tcase, release_of_the_last_submitter_shows_the_deadlock);
    tcase_add_test(tcase, submitters_are_counted);
    tcase_add_test(tcase, detection_can_be_turned_off);
    return test_main(suite);
}
