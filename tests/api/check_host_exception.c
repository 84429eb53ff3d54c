/* Errors that nobody can be given, and names. */
#include "host_driver.h"

/* --- bodies ------------------------------------------------------------------------------ */

static int fail_with_8(host_task_t *t)
{
    t->result = 8;
    return RUNNER_EUSER;
}

static int spawn_one_that_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn_detached(t, fail_with_8, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

static void check_error(const host_t *host, int index, const host_task_t *t, const char *message)
{
    ck_assert_int_gt(host->n_errors, index);
    const host_error_t *error = &host->errors[index];
    ck_assert_code(error->code, RUNNER_EUSER);
    ck_assert_uint_eq(error->value, 8);
    ck_assert_uint_eq(error->task, t->id);
    ck_assert_msg(strstr(error->message, message) != NULL, "\"%s\" without \"%s\"", error->message,
                  message);
}

/* --- failures that nobody took ----------------------------------------------------------- */

START_TEST(R093_the_failure_of_a_task_on_its_own_is_told)
{
    host_t *host = host_new(_i);
    host_begin(host, spawn_one_that_fails);
    host_task_t *main_task = host->main;
    ck_assert_code(host_drive(host), 0);
    ck_assert_int_eq(host->n_errors, 1);
    check_error(host, 0, main_task->other, "never retrieved");
    ck_assert_str_eq(host->errors[0].name, "Task-2");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int hold_one_that_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, fail_with_8, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EUSER); /* only a look */
        ck_assert_int_eq(t->host->n_errors, 0);
        host_release(t, t->other->id);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_int_eq(t->host->n_errors, 1);
        t->other = host_spawn(t, fail_with_8, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_do(t, RESULT, .id = t->other->id), RUNNER_EUSER); /* takes it */
        host_release(t, t->other->id);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(R093_a_failure_is_told_when_the_host_releases_the_task)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, hold_one_that_fails), 0);
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 1);
    host_free(host);
}
END_TEST

static int keep_one_that_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, fail_with_8, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(R093_at_the_latest_when_the_runner_closes)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, keep_one_that_fails), 0);
    host_task_t *child = host->all;
    ck_assert_int_eq(host->n_errors, 0);
    ck_assert_code(runner_begin_close(host->runner), 0); /* without releasing it */
    host->over = 0;
    while (!host->over)
        host_step(host);
    ck_assert_int_eq(host->n_errors, 1);
    check_error(host, 0, child, "never retrieved");
    host_release_all(host);
    ck_assert_code(runner_end(host->runner), 0);
    ck_assert_int_eq(host->n_errors, 1);
    host_discard(host);
}
END_TEST

/* --- asking ------------------------------------------------------------------------------ */

static int spawn_many_that_fail(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 5; t->i++)
            host_spawn_detached(t, fail_with_8, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

/* The tasks that the events of the batch are about; its other events are handled. */
static int exceptions_of_batch(host_t *host, uint64_t *tasks)
{
    int count = 0;
    for (size_t i = 0; i < host->n_events; i++)
        if (host->events[i].kind == RUNNER_HOST_EXCEPTION) {
            ck_assert_code(host->events[i].status, RUNNER_EUSER);
            tasks[count++] = host->events[i].task;
        } else {
            host_handle(host, &host->events[i]);
        }
    return count;
}

/* A host may first look at all events of a batch, and ask then. */
START_TEST(R198_what_went_wrong_is_told_in_the_order_of_the_events)
{
    host_t *host = host_new(MANY_CALL);
    runner_host_exception_t exception = {.size = sizeof exception};
    uint64_t tasks[HOST_EVENTS];
    int total = 0;
    int most = 0;
    host_begin(host, spawn_many_that_fail);
    while (!host->over) {
        host_take(host);
        int count = exceptions_of_batch(host, tasks);
        for (int i = 0; i < count; i++) {
            ck_assert_code(runner_host_exception(host->runner, &exception), 0);
            ck_assert_uint_eq(exception.task, tasks[i]);
            ck_assert_uint_eq(exception.value, 8);
            ck_assert_int_eq(exception.reserved, 0);
        }
        total += count;
        most = count > most ? count : most;
    }
    ck_assert_int_eq(total, 5);
    ck_assert_int_gt(most, 1);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int ask_before_the_event(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        runner_host_exception_t exception = {.size = sizeof exception, .task = 77};
        runner_t *runner = t->host->runner;
        t->id_kept = host_make(t, FUTURE_NEW);
        ck_assert_code(host_do(t, REJECT, .id = t->id_kept, .status = RUNNER_EUSER, .b = 8), 0);
        ck_assert_code(runner_host_exception(runner, &exception), RUNNER_EEND);
        ck_assert_uint_eq(exception.task, 77);
        host_release(t, t->id_kept);
        ck_assert_code(runner_host_exception(runner, &exception), 0);
        ck_assert_code(exception.code, RUNNER_EUSER);
        ck_assert_uint_eq(exception.value, 8);
        ck_assert_uint_eq(exception.task, 0);
        ck_assert_code(runner_host_exception(runner, &exception), RUNNER_EEND);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    }
    return 0;
}

/* host_play() sees that the event does not come then. */
START_TEST(an_error_may_be_asked_for_before_its_event)
{
    host_play(_i, ask_before_the_event, 0);
}
END_TEST

/* A host that does not ask is not told for ever. */
START_TEST(what_was_not_asked_for_by_the_next_step_is_forgotten)
{
    host_t *host = host_new(MANY_CALL);
    runner_host_exception_t exception = {.size = sizeof exception};
    uint64_t tasks[HOST_EVENTS];
    host_begin(host, spawn_many_that_fail);
    do {
        host_take(host);
    } while (exceptions_of_batch(host, tasks) == 0);
    host_take(host);
    ck_assert_code(runner_host_exception(host->runner, &exception), RUNNER_EEND);
    host_work(host);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(only_a_size_that_makes_sense_is_written_to)
{
    host_t *host = host_new(ONE_CALL);
    runner_host_exception_t exception = {.size = 0};
    ck_assert_code(host_run(host, fail_with_8), RUNNER_EUSER);
    ck_assert_code(runner_host_exception(host->runner, &exception), RUNNER_EINVAL);
    exception.size = sizeof(size_t) - 1;
    ck_assert_code(runner_host_exception(host->runner, &exception), RUNNER_EINVAL);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* A caller that was built when the struct was shorter. */
START_TEST(a_shorter_struct_is_filled_as_far_as_it_goes)
{
    host_t *host = host_new(ONE_CALL);
    runner_host_exception_t exception;
    memset(&exception, 0x5a, sizeof exception);
    exception.size = offsetof(runner_host_exception_t, name);
    uint64_t task = 0;
    host_begin(host, spawn_one_that_fails);
    do {
        host_take(host);
    } while (exceptions_of_batch(host, &task) == 0);
    ck_assert_code(runner_host_exception(host->runner, &exception), 0);
    ck_assert_ptr_nonnull(strstr(exception.message, "never retrieved"));
    ck_assert_int_eq(exception.code, 0x5a5a5a5a);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R198_a_handler_of_the_program_is_called_instead)
{
    runner_options_t opts = test_options(); /* with the recorder */
    host_t *host = host_new_with(_i, &opts);
    ck_assert_code(host_run(host, spawn_one_that_fails), 0);
    ck_assert_int_eq(host->n_errors, 0);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_exception(0, RUNNER_EUSER, "never retrieved");
    /* NULL brings the events back. */
    ck_assert_code(runner_set_exception_handler(host->runner, NULL, NULL, NULL), 0);
    ck_assert_code(host_run(host, spawn_one_that_fails), 0);
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(host_close(host), 0);
    host_free(host);
    log_clear();
}
END_TEST

/* --- slow steps -------------------------------------------------------------------------- */

static int be_slow(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, TOOK, .a = MS(99)), 0);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, TOOK, .a = MS(150)), 0);
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

START_TEST(R070_a_step_that_took_long_is_told_in_debug_mode)
{
    runner_options_t opts = host_options();
    opts.debug = RUNNER_ON;
    host_t *host = host_new_with(_i, &opts);
    host_begin(host, be_slow);
    uint64_t id = host->main->id;
    ck_assert_code(host_drive(host), 0);
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_uint_eq(host->errors[0].duration_ns, (uint64_t)MS(150));
    ck_assert_uint_eq(host->errors[0].task, id);
    ck_assert_code(host->errors[0].code, 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R070_without_debug_mode_nobody_is_told)
{
    host_play(_i, be_slow, 0);
}
END_TEST

/* --- names ------------------------------------------------------------------------------- */

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
    }
    return t->status;
}

static void look_at_names(host_t *host, const char *expected)
{
    runner_task_info_t infos[2] = {{.size = sizeof infos[0]}};
    size_t count = 0;
    host_flush(host);
    ck_assert_code(runner_tasks(host->runner, infos, 2, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(infos[0].name, "main task");
    ck_assert_uint_eq(infos[0].id, 1);
    ck_assert_str_eq(infos[1].name, expected);
    ck_assert_uint_eq(infos[1].id, 2);
    ck_assert_uint_eq(infos[1].parent, 1); /* who spawned it */
    ck_assert_int_eq(infos[1].state, RUNNER_STATE_WAITING);
    ck_assert_str_eq(infos[1].waits, "sleep");
}

static int name_tasks(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        runner_t *runner = t->host->runner;
        char name[] = "worker";
        t->other = host_spawn(t, park_for_ever, "child");
        host_flush(t->host);
        ck_assert_code(runner_host_name(runner, t->id, "main task"), 0);
        ck_assert_code(runner_host_name(runner, t->other->id, name), 0);
        memset(name, 'x', sizeof name - 1); /* it was copied */
        WAIT_CODE(t, 0, YIELD);
        look_at_names(t->host, "worker");
        ck_assert_code(runner_host_name(t->host->runner, t->other->id, "other"), 0);
        look_at_names(t->host, "other");
        ck_assert_code(runner_host_name(t->host->runner, t->other->id, NULL), 0);
        look_at_names(t->host, "Task-2");
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    }
    return 0;
}

START_TEST(R202_tasks_have_names)
{
    host_play(_i, name_tasks, 0);
}
END_TEST

static int name_one_that_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, fail_with_8, "child");
        host_flush(t->host);
        ck_assert_code(runner_host_name(t->host->runner, t->other->id, "culprit"), 0);
        host_release(t, t->other->id);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(R093_an_error_names_the_task)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, name_one_that_fails), 0);
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_str_eq(host->errors[0].name, "culprit");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_exception");
    TCase *tcase = test_case(suite, "failures");
    add_for_each_way(tcase, R093_the_failure_of_a_task_on_its_own_is_told);
    add_for_each_way(tcase, R093_a_failure_is_told_when_the_host_releases_the_task);
    add_for_each_way(tcase, R093_at_the_latest_when_the_runner_closes);
    tcase = test_case(suite, "asking");
    tcase_add_test(tcase, R198_what_went_wrong_is_told_in_the_order_of_the_events);
    add_for_each_way(tcase, an_error_may_be_asked_for_before_its_event);
    tcase_add_test(tcase, what_was_not_asked_for_by_the_next_step_is_forgotten);
    tcase_add_test(tcase, only_a_size_that_makes_sense_is_written_to);
    tcase_add_test(tcase, a_shorter_struct_is_filled_as_far_as_it_goes);
    add_for_each_way(tcase, R198_a_handler_of_the_program_is_called_instead);
    tcase = test_case(suite, "slow");
    add_for_each_way(tcase, R070_a_step_that_took_long_is_told_in_debug_mode);
    add_for_each_way(tcase, R070_without_debug_mode_nobody_is_told);
    tcase = test_case(suite, "names");
    add_for_each_way(tcase, R202_tasks_have_names);
    add_for_each_way(tcase, R093_an_error_names_the_task);
    return test_main(suite);
}
