/*
 * Closables: what closes with awaits at shutdown, after the tasks and before the executor.
 */
#include "check_support.h"

#include <string.h>
#include <time.h>

enum { CLOSE_ERROR = -30001 };

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int fail_to_close(void *arg, void **result)
{
    log_body(arg, result);
    return CLOSE_ERROR;
}

static int park(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", (const char *)arg);
    return code;
}

static runner_closable_t *registered(runner_t *runner, const char *name, runner_fn close, void *arg)
{
    runner_closable_t *closable = NULL;
    ck_assert_code(runner_closable_register(runner, name, close, arg, drop_count, &closable), 0);
    ck_assert_ptr_nonnull(closable);
    return closable;
}

static const runner_report_t *report_of(const runner_t *runner)
{
    const runner_report_t *report = NULL;
    ck_assert_code(runner_get_report(runner, &report), 0);
    return report;
}

/* How many items of a kind have this name. */
static int items_named(const runner_t *runner, int kind, const char *name)
{
    const runner_report_t *report = report_of(runner);
    int found = 0;
    for (size_t i = 0; i < runner_report_count(report, 0); i++) {
        runner_report_item_t item = {.size = sizeof item};
        ck_assert_code(runner_report_get(report, i, &item), 0);
        found += item.kind == kind && strcmp(item.name, name) == 0;
    }
    return found;
}

/* --- closing ----------------------------------------------------------------------------- */

/* Takes 30 ms for "a", 20 ms for "b", 10 ms for "c". */
static int close_slowly(void *arg, void **result)
{
    const char *name = arg;
    (void)result;
    log_add("start %s", name);
    ck_assert_code(runner_sleep((uint64_t)('d' - name[0]) * 10), 0);
    log_add("end %s", name);
    return 0;
}

START_TEST(R094_closables_close_concurrently_and_start_in_registration_order)
{
    runner_t *runner = test_runner();
    registered(runner, "a", close_slowly, "a");
    registered(runner, "b", close_slowly, "b");
    registered(runner, "c", close_slowly, "c");
    ck_assert_code(runner_close(runner), 0);
    log_expect("start a,start b,start c,end c,end b,end a");
    ck_assert_int_eq(drops(), 3);
    runner_free(runner);
    ck_assert_int_eq(drops(), 3);
}
END_TEST

START_TEST(R094_error_of_one_closable_is_reported_and_disturbs_no_other)
{
    runner_t *runner = test_runner();
    registered(runner, "first", fail_to_close, "first");
    registered(runner, "second", log_body, "second");
    registered(runner, "third", fail_to_close, "third");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(exceptions(), 2);
    ck_assert_exception(0, CLOSE_ERROR, "clos");
    ck_assert_str_eq(exception_at(0)->name, "first");
    ck_assert_str_eq(exception_at(1)->name, "third");
    ck_assert_ptr_nonnull(strstr(log_text(), "second"));
    ck_assert_int_eq(items_named(runner, RUNNER_REPORT_CLOSABLE, "first"), 1);
    ck_assert_int_eq(items_named(runner, RUNNER_REPORT_CLOSABLE, "third"), 1);
    ck_assert_uint_eq(runner_report_count(report_of(runner), RUNNER_REPORT_CLOSABLE), 2);
    runner_free(runner);
}
END_TEST

START_TEST(R094_closable_without_a_name_is_called_closable)
{
    runner_t *runner = test_runner();
    registered(runner, NULL, fail_to_close, "");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_str_eq(exception_at(0)->name, "closable");
    runner_free(runner);
}
END_TEST

START_TEST(R094_name_is_copied)
{
    char name[] = "socket";
    runner_t *runner = test_runner();
    registered(runner, name, fail_to_close, "");
    memset(name, 'x', sizeof name - 1);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_str_eq(exception_at(0)->name, "socket");
    runner_free(runner);
}
END_TEST

static int register_and_park(void *arg, void **result)
{
    (void)arg;
    (void)result;
    registered(runner_current(), "late", log_body, "closable");
    ck_assert_code(runner_spawn(park, "task", NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R080_R094_closables_close_after_the_tasks_have_ended)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, register_and_park, NULL, NULL, NULL), 0);
    log_expect("");
    ck_assert_code(runner_close(runner), 0);
    log_expect("task,closable");
    runner_free(runner);
}
END_TEST

START_TEST(R006_R094_second_close_closes_nothing_again)
{
    runner_t *runner = test_runner();
    registered(runner, "c", log_body, "closed");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    log_expect("closed");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

/* --- what a closable may do -------------------------------------------------------------- */

static int log_job(void *arg, void **result)
{
    return log_body(arg, result);
}

static int child(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_sleep(5), 0);
    *result = value_of(5);
    return 0;
}

static int close_with_everything(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = NULL;
    void *value = NULL;
    ck_assert_code(runner_sleep(10), 0);
    log_add("slept");
    ck_assert_code(runner_to_thread(log_job, "job", NULL, NULL), 0);
    ck_assert_code(runner_spawn(child, NULL, NULL, &task), 0);
    ck_assert_code(runner_await(task, &value), 0);
    runner_task_unref(task);
    log_add("child %d", (int)number_of(value));
    return 0;
}

START_TEST(R095_closable_may_await_and_spawn_and_use_the_executor)
{
    runner_t *runner = test_runner();
    registered(runner, "c", close_with_everything, NULL);
    ck_assert_code(runner_close(runner), 0);
    log_expect("slept,job,child 5");
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}
END_TEST

static int register_late(void *arg)
{
    int *accepted = arg;
    int code =
        runner_closable_register(runner_current(), "late", log_body, "closed", drop_count, NULL);
    *accepted = code == 0;
    ck_assert_msg(code == 0 || code == RUNNER_ECLOSED, "%s", code_name(code));
    return 0;
}

typedef struct late {
    runner_t *runner;
    int accepted;
} late_t;

static int register_from_a_job(void *arg, void **result)
{
    late_t *late = arg;
    (void)result;
    return runner_call_soon_threadsafe(late->runner, register_late, &late->accepted, NULL);
}

static int submit_that_job(void *arg, void **result)
{
    late_t *late = arg;
    (void)result;
    return runner_run_in_executor(late->runner, register_from_a_job, late, NULL, NULL);
}

/* Whether the executor phase has begun when the job runs is a matter of threads; either way the
 * closable is closed, refused or reported, never forgotten. */
START_TEST(R096_closable_registered_after_the_phase_is_not_lost)
{
    late_t late = {test_runner(), -1};
    registered(late.runner, "first", submit_that_job, &late);
    ck_assert_code(runner_close(late.runner), 0);
    ck_assert_int_ne(late.accepted, -1);
    int closed = strstr(log_text(), "closed") != NULL;
    if (late.accepted)
        ck_assert_int_ge(closed + exceptions(), 1);
    else
        ck_assert_int_eq(closed, 0);
    ck_assert_int_eq(drops(), 1 + late.accepted);
    runner_free(late.runner);
}
END_TEST

static int close_and_leave_a_task(void *arg, void **result)
{
    log_body(arg, result);
    ck_assert_code(runner_spawn(park, "its task", NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R097_tasks_that_a_closable_leaves_are_cancelled_too)
{
    runner_t *runner = test_runner();
    registered(runner, "c", close_and_leave_a_task, "closable");
    ck_assert_code(runner_close(runner), 0);
    log_expect("closable,its task");
    ck_assert_uint_ge(runner_report_generations(report_of(runner)), 2);
    ck_assert_uint_eq(runner_report_count(report_of(runner), RUNNER_REPORT_CANCELED), 1);
    runner_free(runner);
}
END_TEST

static int close_and_register(void *arg, void **result)
{
    log_body(arg, result);
    registered(runner_current(), "second", log_body, "second");
    return 0;
}

START_TEST(R096_R097_closable_registered_by_a_closable_is_closed_too)
{
    runner_t *runner = test_runner();
    registered(runner, "first", close_and_register, "first");
    ck_assert_code(runner_close(runner), 0);
    log_expect("first,second");
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
}
END_TEST

static int close_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;)
        runner_sleep(1000);
    return 0;
}

START_TEST(R085_R094_closable_that_does_not_end_is_abandoned_after_the_grace)
{
    runner_options_t opts = test_options();
    opts.closable_grace_ms = 50;
    runner_t *runner = test_runner_with(&opts);
    registered(runner, "stuck", close_for_ever, NULL);
    registered(runner, "other", log_body, "other");
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    log_expect("other");
    ck_assert_int_eq(items_named(runner, RUNNER_REPORT_ABANDONED, "stuck"), 1);
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
}
END_TEST

/* A task that, when shutdown cancels it, has all waiting given up. */
static int give_up_shutdown(void *arg, void **result)
{
    park(arg, result);
    ck_assert_code(runner_interrupt(runner_current()), 0);
    ck_assert_code(runner_interrupt(runner_current()), 0);
    return runner_sleep(RUNNER_FOREVER);
}

static int leave_one_that_gives_up(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(give_up_shutdown, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R094_R132_closable_that_never_started_is_dropped_once)
{
    runner_t *runner = test_runner();
    registered(runner, "c", log_body, "closed");
    ck_assert_code(runner_run(runner, leave_one_that_gives_up, "task", NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_EINTR);
    log_expect("task");
    ck_assert_int_eq(drops(), 1);
    runner_free(runner);
    ck_assert_int_eq(drops(), 1);
}
END_TEST

/* --- taking a registration back ---------------------------------------------------------- */

START_TEST(R094_unregistered_closable_is_dropped_at_once_and_never_closed)
{
    runner_t *runner = test_runner();
    runner_closable_t *closable = registered(runner, "c", log_body, "closed");
    registered(runner, "other", log_body, "other");
    ck_assert_code(runner_closable_unregister(closable), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_close(runner), 0);
    log_expect("other");
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
}
END_TEST

static int unregister_oneself(void *arg, void **result)
{
    (void)result;
    runner_closable_t **self = arg;
    ck_assert_code(runner_closable_unregister(*self), RUNNER_EDONE);
    log_add("refused");
    return 0;
}

START_TEST(R094_closable_that_is_being_closed_can_not_be_unregistered)
{
    runner_closable_t *closable = NULL;
    runner_t *runner = test_runner();
    closable = registered(runner, "c", unregister_oneself, &closable);
    ck_assert_code(runner_close(runner), 0);
    log_expect("refused");
    ck_assert_int_eq(drops(), 1);
    runner_free(runner);
}
END_TEST

typedef struct later {
    runner_t *runner;
    runner_closable_t *closable;
} later_t;

static int unregister_too_late(void *arg)
{
    later_t *later = arg;
    ck_assert_code(runner_closable_unregister(later->closable), RUNNER_EDONE);
    log_add("refused");
    return 0;
}

/* A job that waits until the executor drains: the closables have closed. */
static int post_when_draining(void *arg, void **result)
{
    later_t *later = arg;
    (void)result;
    while (runner_run_in_executor(later->runner, log_job, "", NULL, NULL) == RUNNER_ETHREAD)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return runner_call_soon_threadsafe(later->runner, unregister_too_late, later, NULL);
}

START_TEST(R094_registration_is_valid_until_the_runner_is_closed)
{
    later_t later = {test_runner(), NULL};
    later.closable = registered(later.runner, "c", log_body, "closed");
    ck_assert_code(runner_run_in_executor(later.runner, post_when_draining, &later, NULL, NULL), 0);
    ck_assert_code(runner_close(later.runner), 0);
    log_expect("closed,refused");
    ck_assert_int_eq(drops(), 1);
    runner_free(later.runner);
}
END_TEST

START_TEST(R024_R094_refused_registrations_consume_nothing)
{
    runner_closable_t *closable = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(NULL, "c", do_nothing, NULL, drop_count, &closable),
                   RUNNER_EINVAL);
    ck_assert_code(runner_closable_register(runner, "c", NULL, NULL, drop_count, &closable),
                   RUNNER_EINVAL);
    ck_assert_code(runner_closable_unregister(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_closable_register(runner, "c", do_nothing, NULL, drop_count, &closable),
                   RUNNER_ECLOSED);
    ck_assert_ptr_null(closable);
    ck_assert_int_eq(drops(), 0);
    runner_free(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("closable");
    TCase *tcase = test_case(suite, "close");
    tcase_add_test(tcase, R094_closables_close_concurrently_and_start_in_registration_order);
    tcase_add_test(tcase, R094_error_of_one_closable_is_reported_and_disturbs_no_other);
    tcase_add_test(tcase, R094_closable_without_a_name_is_called_closable);
    tcase_add_test(tcase, R094_name_is_copied);
    tcase_add_test(tcase, R080_R094_closables_close_after_the_tasks_have_ended);
    tcase_add_test(tcase, R006_R094_second_close_closes_nothing_again);

    tcase = test_case(suite, "generations");
    tcase_add_test(tcase, R095_closable_may_await_and_spawn_and_use_the_executor);
    tcase_add_test(tcase, R096_closable_registered_after_the_phase_is_not_lost);
    tcase_add_test(tcase, R097_tasks_that_a_closable_leaves_are_cancelled_too);
    tcase_add_test(tcase, R096_R097_closable_registered_by_a_closable_is_closed_too);
    tcase_add_test(tcase, R085_R094_closable_that_does_not_end_is_abandoned_after_the_grace);

    tcase_add_test(tcase, R094_R132_closable_that_never_started_is_dropped_once);

    tcase = test_case(suite, "unregister");
    tcase_add_test(tcase, R094_unregistered_closable_is_dropped_at_once_and_never_closed);
    tcase_add_test(tcase, R094_closable_that_is_being_closed_can_not_be_unregistered);
    tcase_add_test(tcase, R094_registration_is_valid_until_the_runner_is_closed);
    tcase_add_test(tcase, R024_R094_refused_registrations_consume_nothing);
    return test_main(suite);
}
