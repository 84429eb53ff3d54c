/* Closables of a host: closed at shutdown by tasks that begin with the host's value. */
#include "host_driver.h"

/* --- helpers ----------------------------------------------------------------------------- */

static int return_at_once(host_task_t *t)
{
    (void)t;
    return 0;
}

static int say_it_closes(host_task_t *t)
{
    say(t, "closes");
    return 0;
}

static uint64_t closable(host_task_t *t, const char *name, host_fn fn)
{
    return host_make(t, CLOSABLE_REGISTER, .b = host_value(t->host, VALUE_CLOSABLE, name, fn));
}

/* A runner that was used, and its host, with nothing registered. */
static host_t *used_host(int way)
{
    host_t *host = host_new(way);
    ck_assert_code(host_run(host, return_at_once), 0);
    return host;
}

/* --- closing ----------------------------------------------------------------------------- */

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int leave_one(host_task_t *t)
{
    host_spawn_detached(t, park_for_ever, "leftover");
    return 0;
}

static int close_slowly(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "begins");
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
        say(t, "ends at %dms", (int)now_ms(t->host->runner));
    }
    return 0;
}

START_TEST(R080_R094_closables_close_together_after_the_tasks_have_ended)
{
    host_t *host = host_new(_i);
    closable(&host->nobody, "a", close_slowly);
    closable(&host->nobody, "b", close_slowly);
    ck_assert_code(host_run(host, leave_one), 0);
    ck_assert_code(host_close(host), 0);
    log_expect("leftover:RUNNER_ECANCELED,a:begins,b:begins,a:ends at 10ms,b:ends at 10ms");
    host_free(host);
}
END_TEST

static int fail_to_close(host_task_t *t)
{
    say(t, "fails");
    t->result = 9;
    return RUNNER_EUSER;
}

START_TEST(R094_an_error_of_a_closable_disturbs_no_other)
{
    host_t *host = used_host(_i);
    const runner_report_t *report = NULL;
    uint64_t id = closable(&host->nobody, "a", fail_to_close);
    ck_assert_code(runner_host_name(host->runner, id, "the closable"), 0);
    closable(&host->nobody, "b", close_slowly);
    ck_assert_code(host_close(host), 0);
    log_expect("a:fails,b:begins,b:ends at 10ms");
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_code(host->errors[0].code, RUNNER_EUSER);
    ck_assert_str_eq(host->errors[0].name, "the closable");
    ck_assert_code(runner_get_report(host->runner, &report), 0);
    ck_assert_uint_eq(runner_report_count(report, RUNNER_REPORT_CLOSABLE), 1);
    host_free(host);
}
END_TEST

static int spawn_while_closing(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn_detached(t, close_slowly, "helper");
        WAIT_CODE(t, 0, SLEEP, .a = MS(20));
        host_spawn_detached(t, park_for_ever, "late");
        WAIT_CODE(t, 0, YIELD);
        say(t, "closed");
    }
    return 0;
}

START_TEST(R095_R097_a_closable_spawns_tasks)
{
    host_t *host = used_host(_i);
    const runner_report_t *report = NULL;
    closable(&host->nobody, "a", spawn_while_closing);
    ck_assert_code(host_close(host), 0);
    log_expect("helper:begins,helper:ends at 10ms,a:closed,late:RUNNER_ECANCELED");
    ck_assert_code(runner_get_report(host->runner, &report), 0);
    ck_assert_uint_eq(runner_report_generations(report), 2);
    host_free(host);
}
END_TEST

static int register_another(host_task_t *t)
{
    host_disown(t->host, closable(t, "late", say_it_closes));
    say(t, "registers");
    return 0;
}

START_TEST(R096_a_closable_that_is_registered_late_is_closed_too)
{
    host_t *host = used_host(_i);
    closable(&host->nobody, "a", register_another);
    ck_assert_code(host_close(host), 0);
    log_expect("a:registers,late:closes");
    host_check_values(host);
    host_discard(host);
}
END_TEST

/* --- taken back -------------------------------------------------------------------------- */

START_TEST(a_closable_is_taken_back)
{
    host_t *host = used_host(_i);
    uint64_t id = closable(&host->nobody, "a", say_it_closes);
    ck_assert_code(host_do(&host->nobody, CLOSABLE_UNREGISTER, .id = id), 0);
    ck_assert_code(host_do(&host->nobody, CLOSABLE_UNREGISTER, .id = id), RUNNER_EDONE);
    host_release(&host->nobody, id);
    ck_assert_code(host_do(&host->nobody, CLOSABLE_UNREGISTER, .id = id), RUNNER_EBADID);
    ck_assert_code(host_close(host), 0);
    log_expect("");
    host_free(host); /* its value was dropped */
}
END_TEST

static uint64_t closing;

static int take_itself_back(host_task_t *t)
{
    ck_assert_code(host_do(t, CLOSABLE_UNREGISTER, .id = closing), RUNNER_EDONE);
    say(t, "closes");
    return 0;
}

START_TEST(one_that_is_being_closed_cannot_be_taken_back)
{
    host_t *host = used_host(_i);
    closing = closable(&host->nobody, "a", take_itself_back);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    while (!host->over)
        host_step(host);
    ck_assert_code(runner_end(host->runner), 0);
    log_expect("a:closes");
    host_check_values(host);
    host_discard(host);
}
END_TEST

/* The id is only needed to take it back. */
START_TEST(a_closable_whose_id_was_released_is_closed)
{
    host_t *host = used_host(_i);
    host_release(&host->nobody, closable(&host->nobody, "a", say_it_closes));
    ck_assert_code(host_close(host), 0);
    log_expect("a:closes");
    host_free(host);
}
END_TEST

/* --- grace ------------------------------------------------------------------------------- */

START_TEST(R085_a_closable_that_takes_too_long_is_given_up)
{
    runner_options_t opts = host_options();
    opts.closable_grace_ms = 5;
    host_t *host = host_new_with(_i, &opts);
    closable(&host->nobody, "a", close_slowly);
    ck_assert_code(host_run(host, return_at_once), 0);
    ck_assert_code(host_close(host), RUNNER_ETIMEDOUT);
    log_expect("a:begins,a:ended RUNNER_EABANDONED");
    host_free(host);
}
END_TEST

/* A closable needs the host, as a task does. */
START_TEST(a_close_in_c_is_refused_while_there_is_a_closable)
{
    host_t *host = used_host(ONE_CALL);
    closable(&host->nobody, "a", say_it_closes);
    host_release_all(host);
    ck_assert_code(runner_close(host->runner), RUNNER_EHOSTED);
    ck_assert_code(host_close(host), 0);
    log_expect("a:closes");
    host_free(host);
}
END_TEST

START_TEST(a_close_in_c_is_all_right_once_the_closable_was_taken_back)
{
    host_t *host = used_host(ONE_CALL);
    uint64_t id = closable(&host->nobody, "a", say_it_closes);
    ck_assert_code(host_do(&host->nobody, CLOSABLE_UNREGISTER, .id = id), 0);
    host_release_all(host);
    ck_assert_code(runner_close(host->runner), 0);
    log_expect("");
    host_discard(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_closable");
    TCase *tcase = test_case(suite, "closing");
    add_for_each_way(tcase, R080_R094_closables_close_together_after_the_tasks_have_ended);
    add_for_each_way(tcase, R094_an_error_of_a_closable_disturbs_no_other);
    add_for_each_way(tcase, R095_R097_a_closable_spawns_tasks);
    add_for_each_way(tcase, R096_a_closable_that_is_registered_late_is_closed_too);
    tcase = test_case(suite, "taken back");
    add_for_each_way(tcase, a_closable_is_taken_back);
    add_for_each_way(tcase, one_that_is_being_closed_cannot_be_taken_back);
    add_for_each_way(tcase, a_closable_whose_id_was_released_is_closed);
    tcase = test_case(suite, "grace");
    add_for_each_way(tcase, R085_a_closable_that_takes_too_long_is_given_up);
    tcase_add_test(tcase, a_close_in_c_is_refused_while_there_is_a_closable);
    tcase_add_test(tcase, a_close_in_c_is_all_right_once_the_closable_was_taken_back);
    return test_main(suite);
}
