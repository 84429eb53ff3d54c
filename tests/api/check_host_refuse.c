/* The calls that drive a runner, refused: in which state, with which code, without any effect. */
#include "host_driver.h"

/* --- helpers ----------------------------------------------------------------------------- */

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int return_at_once(host_task_t *t)
{
    (void)t;
    return 0;
}

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
    }
    return t->status;
}

/* What the calls write to; nobody else knows these values. */
static struct {
    runner_host_event_t events[2];
    size_t n_events;
    int64_t wait_ns;
    uint64_t id;
    int64_t a;
    uint64_t b;
    int fd;
} out;

static void out_fill(void)
{
    memset(&out, 0x5a, sizeof out);
}

static void out_check_untouched(void)
{
    unsigned char expected[sizeof out];
    memset(expected, 0x5a, sizeof expected);
    ck_assert_mem_eq(&out, expected, sizeof out);
}

static int try_step(runner_t *runner)
{
    return runner_step(runner, NULL, 0, out.events, 2, &out.n_events, &out.wait_ns);
}

/* Every call on a runner where these are the answers. Commands are refused as a whole, or each. */
static void check_all(runner_t *runner, int begin, int step, int commands, int command)
{
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_FUTURE_NEW};
    out_fill();
    ck_assert_code(runner_begin(runner, 0, &out.id), begin);
    ck_assert_code(runner_begin_close(runner), begin);
    ck_assert_code(try_step(runner), step);
    ck_assert_code(runner_end(runner), step);
    ck_assert_code(runner_backend_wait(runner, 0), step);
    out_check_untouched();
    ck_assert_code(runner_commands(runner, &cmd, 1), commands);
    ck_assert_code(cmd.status, commands == 0 ? command : 0);
    ck_assert_uint_eq(cmd.id, 0);
    ck_assert_code(runner_command(runner, 0, RUNNER_HOST_FUTURE_NEW, 0, &cmd.id, NULL, NULL),
                   command);
    ck_assert_uint_eq(cmd.id, 0);
}

/* --- arguments --------------------------------------------------------------------------- */

START_TEST(R024_null_is_refused)
{
    runner_t *runner = test_runner();
    runner_host_exception_t exception = {.size = sizeof exception};
    uint64_t id = 1;
    int32_t code = 1;
    size_t count = 1;
    check_all(NULL, RUNNER_EINVAL, RUNNER_EINVAL, RUNNER_EINVAL, RUNNER_EINVAL);
    out_fill();
    ck_assert_code(runner_backend_fd(NULL, &out.fd), RUNNER_EINVAL);
    ck_assert_code(runner_reserve(NULL, &out.id, 1), RUNNER_EINVAL);
    ck_assert_uint_eq(runner_host_count(NULL), 0);
    ck_assert_code(runner_host_gather(NULL, &id, 1, 0, &out.id), RUNNER_EINVAL);
    ck_assert_code(runner_host_wait(NULL, 1, &id, 1, RUNNER_ALL_COMPLETED, 0), RUNNER_EINVAL);
    ck_assert_code(runner_host_errors(NULL, 1, &out.id, &code, 1, &count), RUNNER_EINVAL);
    ck_assert_code(runner_host_name(NULL, 1, "name"), RUNNER_EINVAL);
    ck_assert_code(runner_host_exception(NULL, &exception), RUNNER_EINVAL);
    ck_assert_code(runner_host_post(NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_host_job_end(NULL, 1, 0, 0), RUNNER_EINVAL);
    out_check_untouched();
    ck_assert_code(runner_begin(runner, 0, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_backend_fd(runner, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_reserve(runner, NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_commands(runner, NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_host_exception(runner, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_host_gather(runner, NULL, 1, 0, &out.id), RUNNER_EINVAL);
    ck_assert_code(runner_host_gather(runner, &id, 1, 0, NULL), RUNNER_EINVAL);
    ck_assert_uint_eq(runner_host_count(runner), 0);
    runner_free(runner);
}
END_TEST

START_TEST(a_step_needs_somewhere_to_write)
{
    host_t *host = host_new(ONE_CALL);
    host_begin(host, return_at_once);
    runner_t *runner = host->runner;
    out_fill();
    ck_assert_code(runner_step(runner, NULL, 0, NULL, 2, &out.n_events, &out.wait_ns),
                   RUNNER_EINVAL);
    ck_assert_code(runner_step(runner, NULL, 0, out.events, 0, &out.n_events, &out.wait_ns),
                   RUNNER_EINVAL);
    ck_assert_code(runner_step(runner, NULL, 0, out.events, 2, NULL, &out.wait_ns), RUNNER_EINVAL);
    ck_assert_code(runner_step(runner, NULL, 0, out.events, 2, &out.n_events, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_step(runner, NULL, 1, out.events, 2, &out.n_events, &out.wait_ns),
                   RUNNER_EINVAL);
    out_check_untouched();
    ck_assert_code(host_drive(host), 0); /* nothing was lost */
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R018_a_run_in_a_context_that_is_none)
{
    host_t *host = host_new(ONE_CALL);
    uint64_t future = host_make(&host->nobody, FUTURE_NEW);
    uint64_t gone = host_make(&host->nobody, CONTEXT_NEW);
    host_release(&host->nobody, gone);
    out_fill();
    ck_assert_code(runner_begin(host->runner, future, &out.id), RUNNER_EBADID);
    ck_assert_code(runner_begin(host->runner, gone, &out.id), RUNNER_EBADID);
    ck_assert_code(runner_begin(host->runner, UINT64_MAX, &out.id), RUNNER_EBADID);
    out_check_untouched();
    ck_assert_code(try_step(host->runner), RUNNER_ENOLOOP);
    ck_assert_code(host_run(host, return_at_once), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- states ------------------------------------------------------------------------------ */

START_TEST(nothing_has_begun)
{
    host_t *host = host_new(ONE_CALL);
    for (int i = 0; i < 2; i++) {
        out_fill();
        ck_assert_code(try_step(host->runner), RUNNER_ENOLOOP);
        ck_assert_code(runner_end(host->runner), RUNNER_ENOLOOP);
        ck_assert_code(runner_backend_wait(host->runner, 0), RUNNER_ENOLOOP);
        ck_assert_code(runner_interrupt(host->runner), RUNNER_ENOLOOP);
        out_check_untouched();
        ck_assert_code(host_run(host, return_at_once), 0);
    }
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R046_a_run_has_begun)
{
    host_t *host = host_new(ONE_CALL);
    host_begin(host, park_for_ever);
    host_step(host);
    out_fill();
    ck_assert_code(runner_begin(host->runner, 0, &out.id), RUNNER_EBUSY);
    ck_assert_code(runner_begin_close(host->runner), RUNNER_EBUSY);
    ck_assert_code(runner_run(host->runner, do_nothing, NULL, NULL, NULL), RUNNER_EBUSY);
    ck_assert_code(runner_close(host->runner), RUNNER_EBUSY);
    out_check_untouched();
    ck_assert_code(host_drive(host), RUNNER_EDEADLK);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(a_close_has_begun)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(host_run(host, return_at_once), 0);
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    out_fill();
    ck_assert_code(runner_begin(host->runner, 0, &out.id), RUNNER_EBUSY);
    ck_assert_code(runner_begin_close(host->runner), RUNNER_EBUSY);
    out_check_untouched();
    host->over = 0;
    ck_assert_code(host_drive(host), 0);
    host_free(host);
}
END_TEST

START_TEST(the_end_was_told)
{
    host_t *host = host_new(ONE_CALL);
    host_begin(host, return_at_once);
    while (!host->over)
        host_step(host);
    out_fill();
    ck_assert_code(try_step(host->runner), RUNNER_ENOLOOP);
    ck_assert_code(runner_begin(host->runner, 0, &out.id), RUNNER_EBUSY);
    out_check_untouched();
    ck_assert_code(runner_end(host->runner), 0);
    ck_assert_code(runner_end(host->runner), RUNNER_ENOLOOP);
    host->main = NULL;
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R007_it_is_closed)
{
    const uint64_t id = 1;
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(host_run(host, return_at_once), 0);
    ck_assert_code(host_close(host), 0);
    check_all(host->runner, RUNNER_ECLOSED, RUNNER_ENOLOOP, 0, RUNNER_ECLOSED);
    out_fill();
    ck_assert_code(runner_backend_fd(host->runner, &out.fd), RUNNER_ECLOSED);
    ck_assert_code(runner_reserve(host->runner, &out.id, 1), RUNNER_ECLOSED);
    ck_assert_code(runner_host_post(host->runner, 1), RUNNER_ECLOSED);
    ck_assert_code(runner_host_job_end(host->runner, 1, 0, 0), RUNNER_ECLOSED);
    ck_assert_code(runner_host_gather(host->runner, NULL, 0, 0, &out.id), RUNNER_ECLOSED);
    ck_assert_code(runner_host_wait(host->runner, 1, &id, 1, RUNNER_ALL_COMPLETED, 0),
                   RUNNER_ECLOSED);
    out_check_untouched();
    ck_assert_code(runner_close(host->runner), 0); /* R006 */
    host_free(host);
}
END_TEST

START_TEST(R004_there_is_nothing_to_close_in_a_runner_that_was_never_used)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(runner_begin_close(host->runner), RUNNER_ECLOSED);
    ck_assert_int_eq(runner_is_closed(host->runner), 0);
    ck_assert_code(try_step(host->runner), RUNNER_ENOLOOP);
    ck_assert_code(host_run(host, return_at_once), 0);
    ck_assert_code(host_close(host), 0);
    ck_assert_code(runner_begin_close(host->runner), RUNNER_ECLOSED);
    host_free(host);
}
END_TEST

/* What a host holds can still be looked at, and let go. */
START_TEST(a_closed_runner_lets_objects_go)
{
    host_t *host = host_new(ONE_CALL);
    uint64_t future = host_make(&host->nobody, FUTURE_NEW);
    uint64_t lock = host_make(&host->nobody, LOCK_NEW);
    host_begin(host, return_at_once);
    uint64_t task = host->main->id;
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_do(&host->nobody, RESOLVE, .id = future, .b = 4), 0);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    ck_assert_code(host_drive(host), 0);
    ck_assert_uint_eq(host_ask(&host->nobody, STATUS, .id = future), 4);
    ck_assert_uint_eq(host_ask(&host->nobody, RESULT, .id = future), 4);
    ck_assert_code(host_do(&host->nobody, RESULT, .id = task), 0);
    ck_assert_uint_eq(host_ask(&host->nobody, CANCELLING, .id = task), 0);
    ck_assert_code(host_do(&host->nobody, CANCEL, .id = task), RUNNER_ECLOSED);
    ck_assert_code(host_do(&host->nobody, LOCK_RELEASE, .id = lock), RUNNER_ECLOSED);
    host_release_all(host);
    ck_assert_uint_eq(runner_host_count(host->runner), 0);
    ck_assert_code(host_do(&host->nobody, STATUS, .id = future), RUNNER_EBADID);
    host_discard(host);
}
END_TEST

START_TEST(a_runner_that_no_host_has_used_takes_no_posts)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_host_post(runner, 1), RUNNER_ENOLOOP);
    ck_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(runner_host_post(runner, 1), RUNNER_ENOLOOP);
    runner_free(runner);
}
END_TEST

/* --- inside a loop ----------------------------------------------------------------------- */

static int inside(void *arg)
{
    check_all(arg, RUNNER_ELOOP, RUNNER_ELOOP, RUNNER_ELOOP, RUNNER_ELOOP);
    log_add("inside");
    return 0;
}

static int call_inside(void *arg, void **result)
{
    (void)result;
    inside(arg);
    return 0;
}

START_TEST(R031_inside_the_loop_of_another_runner)
{
    host_t *host = host_new(ONE_CALL);
    runner_t *other = test_runner();
    host_begin(host, return_at_once);
    ck_assert_code(runner_run(other, call_inside, host->runner, NULL, NULL), 0);
    log_expect("inside");
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
    runner_free(other);
}
END_TEST

START_TEST(R030_inside_its_own_loop)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(runner_call_soon(host->runner, inside, host->runner, NULL), 0);
    ck_assert_code(host_run(host, return_at_once), 0);
    log_expect("inside");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int run_here(void *arg)
{
    ck_assert_code(runner_run(arg, do_nothing, NULL, NULL, NULL), RUNNER_ELOOP);
    ck_assert_code(runner_close(arg), RUNNER_ELOOP);
    log_add("refused");
    return 0;
}

START_TEST(R030_a_run_inside_a_step_is_refused)
{
    host_t *host = host_new(ONE_CALL);
    runner_t *other = test_runner();
    ck_assert_code(runner_run(other, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(runner_call_soon(host->runner, run_here, other, NULL), 0);
    ck_assert_code(runner_call_soon(host->runner, run_here, host->runner, NULL), 0);
    ck_assert_code(host_run(host, return_at_once), 0);
    log_expect("refused,refused");
    ck_assert_code(host_close(host), 0);
    host_free(host);
    runner_free(other);
}
END_TEST

/* --- a runner with tasks of a host ------------------------------------------------------- */

static int leave_one(host_task_t *t)
{
    host_spawn_detached(t, park_for_ever, "left");
    return 0;
}

START_TEST(runs_and_closes_in_c_are_refused_while_the_host_has_tasks)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(runner_run(host->runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(host_run(host, leave_one), 0);
    ck_assert_code(runner_run(host->runner, do_nothing, NULL, NULL, NULL), RUNNER_EHOSTED);
    ck_assert_code(runner_close(host->runner), RUNNER_EHOSTED);
    ck_assert_int_eq(runner_is_closed(host->runner), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(a_runner_whose_host_has_no_task_left_is_as_any_other)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(host_run(host, return_at_once), 0);
    host_release_all(host);
    ck_assert_code(runner_run(host->runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_code(host_run(host, return_at_once), 0);
    host_release_all(host);
    ck_assert_code(runner_close(host->runner), 0);
    ck_assert_int_eq(runner_is_closed(host->runner), 1);
    host_discard(host);
}
END_TEST

/* Nobody asks the host any more: its tasks are given up where they stand, its values with them. */
START_TEST(a_runner_is_freed_with_tasks_of_the_host)
{
    host_play(MANY_CALL, return_at_once, 0); /* makes what the process keeps */
    int fds = fd_count();
    host_t *host = host_new(MANY_CALL);
    uint64_t value = host_value(host, VALUE_CALL, "later", NULL);
    host_make(&host->nobody, CALL_LATER, .a = MS(1000), .b = value);
    ck_assert_code(host_run(host, leave_one), 0);
    host_begin(host, park_for_ever);
    host_step(host);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host_discard(host);
    ck_assert_int_eq(fd_count(), fds);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_refuse");
    TCase *tcase = test_case(suite, "arguments");
    tcase_add_test(tcase, R024_null_is_refused);
    tcase_add_test(tcase, a_step_needs_somewhere_to_write);
    tcase_add_test(tcase, R018_a_run_in_a_context_that_is_none);
    tcase = test_case(suite, "states");
    tcase_add_test(tcase, nothing_has_begun);
    tcase_add_test(tcase, R046_a_run_has_begun);
    tcase_add_test(tcase, a_close_has_begun);
    tcase_add_test(tcase, the_end_was_told);
    tcase_add_test(tcase, R007_it_is_closed);
    tcase_add_test(tcase, R004_there_is_nothing_to_close_in_a_runner_that_was_never_used);
    tcase_add_test(tcase, a_closed_runner_lets_objects_go);
    tcase_add_test(tcase, a_runner_that_no_host_has_used_takes_no_posts);
    tcase = test_case(suite, "inside a loop");
    tcase_add_test(tcase, R031_inside_the_loop_of_another_runner);
    tcase_add_test(tcase, R030_inside_its_own_loop);
    tcase_add_test(tcase, R030_a_run_inside_a_step_is_refused);
    tcase = test_case(suite, "tasks of a host");
    tcase_add_test(tcase, runs_and_closes_in_c_are_refused_while_the_host_has_tasks);
    tcase_add_test(tcase, a_runner_whose_host_has_no_task_left_is_as_any_other);
    tcase_add_test(tcase, a_runner_is_freed_with_tasks_of_the_host);
    return test_main(suite);
}
