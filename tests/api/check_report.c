/*
 * The shutdown report: what runner_close() found and did, as data.
 */
#include "check_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <uv.h>

enum { TASK_ERROR = -30001 };

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int park(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

static int park_then_fail(void *arg, void **result)
{
    park(arg, result);
    return TASK_ERROR;
}

static int park_then_swallow(void *arg, void **result)
{
    park(arg, result);
    return 0;
}

static int sleep_long_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;)
        runner_sleep(3600000);
    return 0;
}

static int fail_to_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return TASK_ERROR;
}

/* Main: spawns one task with a body and a name, detached, and lets it park. */
typedef struct one {
    runner_fn fn;
    const char *name;
} one_t;

static int leave_one(void *arg, void **result)
{
    one_t *one = arg;
    (void)result;
    runner_spawn_options_t opts = {.size = sizeof opts, .name = one->name};
    ck_assert_code(runner_spawn(one->fn, NULL, &opts, NULL), 0);
    return runner_yield();
}

static const runner_report_t *report_of(const runner_t *runner)
{
    const runner_report_t *report = NULL;
    ck_assert_code(runner_get_report(runner, &report), 0);
    ck_assert_ptr_nonnull(report);
    return report;
}

/* The only item of the report. */
static runner_report_item_t only_item(const runner_t *runner, int kind)
{
    runner_report_item_t item = {.size = sizeof item};
    ck_assert_uint_eq(runner_report_count(report_of(runner), 0), 1);
    ck_assert_uint_eq(runner_report_count(report_of(runner), kind), 1);
    ck_assert_code(runner_report_get(report_of(runner), 0, &item), 0);
    ck_assert_int_eq(item.kind, kind);
    return item;
}

/* A closed runner that had one leftover. */
static runner_t *closed_with(runner_fn fn, const char *name, int expected)
{
    one_t one = {fn, name};
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 100;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, leave_one, &one, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), expected);
    return runner;
}

/* --- when there is one ------------------------------------------------------------------- */

START_TEST(there_is_no_report_before_close)
{
    const runner_report_t *report = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_get_report(runner, &report), RUNNER_EPENDING);
    ck_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(runner_get_report(runner, &report), RUNNER_EPENDING);
    ck_assert_ptr_null(report);
    runner_free(runner);
}
END_TEST

START_TEST(clean_shutdown_has_an_empty_report)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_uint_eq(runner_report_count(report_of(runner), 0), 0);
    ck_assert_uint_eq(runner_report_generations(report_of(runner)), 1);
    runner_free(runner);
}
END_TEST

static void count_reports(const runner_report_t *report, void *arg)
{
    ck_assert_uint_eq(runner_report_count(report, RUNNER_REPORT_CANCELED), 1);
    ++*(int *)arg;
}

START_TEST(callback_is_told_once_at_the_end_of_close)
{
    int told = 0;
    one_t one = {park, NULL};
    runner_options_t opts = test_options();
    opts.on_report = count_reports;
    opts.on_report_arg = &told;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, leave_one, &one, NULL, NULL), 0);
    ck_assert_int_eq(told, 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(told, 1);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    ck_assert_int_eq(told, 1);
}
END_TEST

START_TEST(R043_one_shot_run_tells_its_report)
{
    int told = 0;
    one_t one = {park, NULL};
    runner_options_t opts = test_options();
    opts.on_report = count_reports;
    opts.on_report_arg = &told;
    ck_assert_code(runner_main(leave_one, &one, &opts, NULL), 0);
    ck_assert_int_eq(told, 1);
}
END_TEST

/* --- what it says ------------------------------------------------------------------------ */

START_TEST(R079_report_of_a_cancelled_task)
{
    runner_t *runner = closed_with(park, "parked", 0);
    runner_report_item_t item = only_item(runner, RUNNER_REPORT_CANCELED);
    ck_assert_str_eq(item.name, "parked");
    ck_assert_uint_eq(item.id, 2);
    ck_assert_ptr_null(item.waits);
    runner_free(runner);
}
END_TEST

START_TEST(R081_report_of_a_failed_task)
{
    runner_t *runner = closed_with(park_then_fail, "failing", 0);
    runner_report_item_t item = only_item(runner, RUNNER_REPORT_FAILED);
    ck_assert_str_eq(item.name, "failing");
    ck_assert_code(item.code, TASK_ERROR);
    runner_free(runner);
}
END_TEST

START_TEST(R084_report_of_a_task_that_refused)
{
    runner_t *runner = closed_with(park_then_swallow, "refusing", 0);
    runner_report_item_t item = only_item(runner, RUNNER_REPORT_REFUSED);
    ck_assert_str_eq(item.name, "refusing");
    ck_assert_code(item.code, 0);
    runner_free(runner);
}
END_TEST

START_TEST(R085_report_of_an_abandoned_task_says_what_it_waited_for)
{
    runner_t *runner = closed_with(sleep_long_for_ever, "stuck", RUNNER_ETIMEDOUT);
    runner_report_item_t item = only_item(runner, RUNNER_REPORT_ABANDONED);
    ck_assert_str_eq(item.name, "stuck");
    ck_assert_uint_eq(item.id, 2);
    ck_assert_ptr_nonnull(item.waits);
    ck_assert_str_eq(item.waits, "sleep");
    runner_free(runner);
}
END_TEST

START_TEST(R094_report_of_a_failed_closable)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, "socket", fail_to_close, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_report_item_t item = only_item(runner, RUNNER_REPORT_CLOSABLE);
    ck_assert_str_eq(item.name, "socket");
    ck_assert_code(item.code, TASK_ERROR);
    runner_free(runner);
}
END_TEST

static int wait_in_job(void *arg, void **result)
{
    (void)result;
    sem_wait(arg);
    return 0;
}

/* How many threads there are. Some tools start one of their own with the program's first, so one
 * is started before they are counted. */
static void *count_without_me(void *arg)
{
    *(int *)arg = thread_count() - 1;
    return NULL;
}

static int threads_before(void)
{
    pthread_t thread;
    int count = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, count_without_me, &count), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(threads_settle(count), 1);
    return count;
}

START_TEST(R110_report_of_a_job_that_did_not_end)
{
    sem_t go;
    sem_init(&go, 0, 0);
    int threads = threads_before();
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.executor_join_timeout_ms = 20;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run_in_executor(runner, wait_in_job, &go, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    only_item(runner, RUNNER_REPORT_JOB);
    runner_free(runner);
    sem_post(&go);
    ck_assert_int_eq(threads_settle(threads), 1);
    sem_destroy(&go);
}
END_TEST

/* --- handles of the program -------------------------------------------------------------- */

/* The program's own loop, so that it can close what it left open afterwards. */
static int own_loop(void *arg, uv_loop_t **loop)
{
    int code = uv_loop_init(arg);
    if (code == 0)
        *loop = arg;
    return code;
}

START_TEST(R078_report_of_a_handle_that_was_left_open)
{
    uv_loop_t loop;
    uv_timer_t timer;
    runner_options_t opts = test_options();
    opts.loop_factory = own_loop;
    opts.loop_arg = &loop;
    runner_t *runner = test_runner_with(&opts);
    uv_loop_t *same = NULL;
    ck_assert_code(runner_get_loop(runner, &same), 0);
    ck_assert_ptr_eq(same, &loop);
    ck_assert_int_eq(uv_timer_init(&loop, &timer), 0);
    ck_assert_code(runner_close(runner), RUNNER_EHANDLES);
    runner_report_item_t item = only_item(runner, RUNNER_REPORT_HANDLE);
    ck_assert_str_eq(item.name, "timer");
    ck_assert_int_eq(runner_is_closed(runner), 1);
    runner_free(runner);
    uv_close((uv_handle_t *)&timer, NULL);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

/* --- reading it -------------------------------------------------------------------------- */

/* Main: leaves a failing, a cancelled and a refusing task, in this order. */
static int leave_three(void *arg, void **result)
{
    one_t list[] = {{park_then_fail, "first"}, {park, "second"}, {park_then_swallow, "third"}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        ck_assert_code(leave_one(&list[i], result), 0);
    (void)arg;
    return 0;
}

START_TEST(items_are_read_in_the_order_in_which_things_happened)
{
    static const struct {
        int kind;
        const char *name;
    } want[] = {{RUNNER_REPORT_FAILED, "first"},
                {RUNNER_REPORT_CANCELED, "second"},
                {RUNNER_REPORT_REFUSED, "third"}};
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_three, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    const runner_report_t *report = report_of(runner);
    ck_assert_uint_eq(runner_report_count(report, 0), 3);
    for (size_t i = 0; i < 3; i++) {
        runner_report_item_t item = {.size = sizeof item};
        ck_assert_code(runner_report_get(report, i, &item), 0);
        ck_assert_int_eq(item.kind, want[i].kind);
        ck_assert_str_eq(item.name, want[i].name);
    }
    runner_free(runner);
}
END_TEST

START_TEST(item_is_filled_up_to_its_size)
{
    runner_t *runner = closed_with(park, "parked", 0);
    runner_report_item_t item;
    memset(&item, 0x55, sizeof item);
    item.size = offsetof(runner_report_item_t, id);
    ck_assert_code(runner_report_get(report_of(runner), 0, &item), 0);
    ck_assert_int_eq(item.kind, RUNNER_REPORT_CANCELED);
    ck_assert_uint_eq(item.id, UINT64_C(0x5555555555555555));
    runner_free(runner);
}
END_TEST

START_TEST(R024_refused_reads_write_nothing)
{
    runner_t *runner = closed_with(park, "parked", 0);
    const runner_report_t *report = report_of(runner);
    runner_report_item_t item = {.size = sizeof item};
    ck_assert_code(runner_report_get(report, 1, &item), RUNNER_EINVAL);
    ck_assert_code(runner_report_get(NULL, 0, &item), RUNNER_EINVAL);
    ck_assert_code(runner_report_get(report, 0, NULL), RUNNER_EINVAL);
    item.size = 1;
    ck_assert_code(runner_report_get(report, 0, &item), RUNNER_EINVAL);
    ck_assert_int_eq(item.kind, 0);
    ck_assert_uint_eq(runner_report_count(NULL, 0), 0);
    ck_assert_uint_eq(runner_report_count(report, 99), 0);
    ck_assert_uint_eq(runner_report_generations(NULL), 0);
    ck_assert_code(runner_get_report(NULL, &report), RUNNER_EINVAL);
    ck_assert_code(runner_get_report(runner, NULL), RUNNER_EINVAL);
    runner_free(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tcase = test_case(suite, "when");
    tcase_add_test(tcase, there_is_no_report_before_close);
    tcase_add_test(tcase, clean_shutdown_has_an_empty_report);
    tcase_add_test(tcase, callback_is_told_once_at_the_end_of_close);
    tcase_add_test(tcase, R043_one_shot_run_tells_its_report);

    tcase = test_case(suite, "kinds");
    tcase_add_test(tcase, R079_report_of_a_cancelled_task);
    tcase_add_test(tcase, R081_report_of_a_failed_task);
    tcase_add_test(tcase, R084_report_of_a_task_that_refused);
    tcase_add_test(tcase, R085_report_of_an_abandoned_task_says_what_it_waited_for);
    tcase_add_test(tcase, R094_report_of_a_failed_closable);
    tcase_add_test(tcase, R110_report_of_a_job_that_did_not_end);
    tcase_add_test(tcase, R078_report_of_a_handle_that_was_left_open);

    tcase = test_case(suite, "reading");
    tcase_add_test(tcase, items_are_read_in_the_order_in_which_things_happened);
    tcase_add_test(tcase, item_is_filled_up_to_its_size);
    tcase_add_test(tcase, R024_refused_reads_write_nothing);
    return test_main(suite);
}
