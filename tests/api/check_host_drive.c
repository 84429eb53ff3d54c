/*
 * What a host's driver relies on: steps from any thread, nothing left in the thread, signals and
 * forks.
 */
#include "host_driver.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the ABI ----------------------------------------------------------------------------- */

START_TEST(the_abi_is_what_the_headers_say)
{
    ck_assert_uint_eq(
        runner_abi_version(),
        (uint32_t)(RUNNER_VERSION_MAJOR << 16 | RUNNER_VERSION_MINOR << 8 | RUNNER_VERSION_PATCH));
    ck_assert_uint_eq(sizeof(runner_host_event_t), 24);
    ck_assert_uint_eq(sizeof(runner_host_cmd_t), 40);
}
END_TEST

/* --- threads ----------------------------------------------------------------------------- */

static int yield_and_sleep(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 3; t->i++) {
            say(t, "%d", t->i);
            WAIT_CODE(t, 0, YIELD);
            WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        }
    }
    return 0;
}

static int spawn_and_await(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, yield_and_sleep, "child");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
    }
    return 0;
}

static void *step_here(void *arg)
{
    ck_assert_ptr_null(runner_current());
    host_step(arg);
    ck_assert_ptr_null(runner_current());
    ck_assert_ptr_null(runner_current_task());
    return NULL;
}

static void step_in_a_thread(host_t *host)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, step_here, host), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(R047_every_step_may_come_from_another_thread)
{
    host_t *host = host_new(_i);
    host_begin(host, spawn_and_await);
    while (!host->over)
        step_in_a_thread(host);
    ck_assert_code(runner_end(host->runner), 0);
    log_expect("child:0,child:1,child:2");
    host->main = NULL;
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    while (!host->over)
        step_in_a_thread(host);
    ck_assert_code(runner_end(host->runner), 0);
    host_free(host);
}
END_TEST

/* Debug mode looks for calls from the wrong thread: these are not. */
START_TEST(R071_moving_between_threads_is_right_in_debug_mode_too)
{
    runner_options_t opts = host_options();
    opts.debug = RUNNER_ON;
    host_t *host = host_new_with(ONE_CALL, &opts);
    host_begin(host, spawn_and_await);
    while (!host->over)
        step_in_a_thread(host);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}
END_TEST

static int check_current(void *arg)
{
    ck_assert_ptr_eq(runner_current(), arg);
    log_add("callback");
    return 0;
}

static int main_in_c(void *arg, void **result)
{
    (void)result;
    ck_assert_ptr_eq(runner_current(), arg);
    return runner_yield();
}

START_TEST(R050_nothing_is_left_in_the_thread_between_two_steps)
{
    host_t *host = host_new(_i);
    runner_t *other = test_runner();
    ck_assert_code(runner_call_soon(host->runner, check_current, host->runner, NULL), 0);
    host_begin(host, spawn_and_await);
    while (!host->over) {
        host_step(host);
        ck_assert_ptr_null(runner_current());
        ck_assert_int_eq(runner_is_running(host->runner), !host->over);
        ck_assert_code(runner_run(other, main_in_c, other, NULL, NULL), 0);
    }
    ck_assert_code(host_drive(host), 0);
    ck_assert_int_eq(runner_is_running(host->runner), 0);
    log_expect("callback,child:0,child:1,child:2");
    ck_assert_code(host_close(host), 0);
    host_free(host);
    runner_free(other);
}
END_TEST

START_TEST(R048_two_runners_are_stepped_in_turn)
{
    host_t *hosts[2];
    for (int i = 0; i < 2; i++) {
        hosts[i] = host_new(_i);
        host_begin(hosts[i], spawn_and_await);
    }
    while (!hosts[0]->over || !hosts[1]->over)
        for (int i = 0; i < 2; i++)
            if (!hosts[i]->over)
                host_step(hosts[i]);
    for (int i = 0; i < 2; i++) {
        ck_assert_code(host_drive(hosts[i]), 0);
        ck_assert_code(host_close(hosts[i]), 0);
        host_free(hosts[i]);
    }
}
END_TEST

/* --- signals and forks ------------------------------------------------------------------- */

static void check_dispositions(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGSEGV};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action;
        ck_assert_int_eq(sigaction(numbers[i], NULL, &action), 0);
        ck_assert(action.sa_handler == SIG_DFL);
    }
}

START_TEST(R116_no_signal_is_taken)
{
    runner_options_t opts = host_options();
    opts.signals = RUNNER_SIGNALS_INT | RUNNER_SIGNALS_TERM | RUNNER_SIGNALS_HUP;
    host_t *host = host_new_with(ONE_CALL, &opts);
    signal(SIGSEGV, SIG_DFL); /* sanitizers have a handler */
    host_begin(host, spawn_and_await);
    while (!host->over) {
        check_dispositions();
        host_step(host);
    }
    ck_assert_code(host_drive(host), 0);
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    while (!host->over) {
        check_dispositions();
        host_step(host);
    }
    ck_assert_code(host_drive(host), 0);
    check_dispositions();
    host_free(host);
}
END_TEST

/* Status of a process that was forked here and does this. */
static int forked(int (*fn)(host_t *host), host_t *host)
{
    int status = -1;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        alarm((unsigned)scaled_ms(10000) / 1000);
        _exit(fn(host));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

static int everything_is_refused(host_t *host)
{
    runner_t *runner = host->runner;
    runner_host_cmd_t cmd = {.op = RUNNER_HOST_FUTURE_NEW};
    runner_host_exception_t exception = {.size = sizeof exception};
    runner_host_event_t event;
    size_t count = 0;
    int64_t wait_ns = 0;
    uint64_t id = 0;
    int32_t code = 0;
    int fd = -1;
    child_assert_code(runner_begin(runner, 0, &id), RUNNER_EFORK);
    child_assert_code(runner_begin_close(runner), RUNNER_EFORK);
    child_assert_code(runner_step(runner, NULL, 0, &event, 1, &count, &wait_ns), RUNNER_EFORK);
    child_assert_code(runner_end(runner), RUNNER_EFORK);
    child_assert_code(runner_commands(runner, &cmd, 1), RUNNER_EFORK);
    child_assert_code(runner_command(runner, 0, RUNNER_HOST_FUTURE_NEW, 0, &id, NULL, NULL),
                      RUNNER_EFORK);
    child_assert_code(runner_backend_fd(runner, &fd), RUNNER_EFORK);
    child_assert_code(runner_backend_wait(runner, 0), RUNNER_EFORK);
    child_assert_code(runner_reserve(runner, &id, 1), RUNNER_EFORK);
    child_assert_code(runner_host_errors(runner, 1, &id, &code, 1, &count), RUNNER_EFORK);
    child_assert_code(runner_host_name(runner, 1, NULL), RUNNER_EFORK);
    child_assert_code(runner_host_exception(runner, &exception), RUNNER_EFORK);
    child_assert_code(runner_host_post(runner, 1), RUNNER_EFORK);
    child_assert_code(runner_host_job_end(runner, 1, 0, 0), RUNNER_EFORK);
    child_assert_code(runner_interrupt(runner), RUNNER_EFORK);
    child_assert(runner_is_running(runner) == 0);
    child_assert(id == 0 && fd == -1 && cmd.id == 0);
    runner_free(runner);
    return 0;
}

START_TEST(R201_in_a_forked_child_everything_is_refused)
{
    host_t *host = host_new(ONE_CALL);
    host_begin(host, spawn_and_await);
    host_step(host);
    ck_assert_int_eq(forked(everything_is_refused, host), 0);
    ck_assert_code(host_drive(host), 0); /* the parent's goes on */
    log_expect("child:0,child:1,child:2");
    ck_assert_int_eq(forked(everything_is_refused, host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int a_new_runner_works(host_t *parent)
{
    (void)parent;
    child_assert(runner_current() == NULL);
    host_t *host = host_new(ONE_CALL);
    child_assert_code(host_run(host, spawn_and_await), 0);
    child_assert_code(host_close(host), 0);
    host_free(host);
    return 0;
}

START_TEST(R199_a_forked_child_makes_a_runner_of_its_own)
{
    host_t *host = host_new(ONE_CALL);
    host_begin(host, spawn_and_await);
    host_step(host);
    ck_assert_int_eq(forked(a_new_runner_works, host), 0);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_drive");
    TCase *tcase = test_case(suite, "abi");
    tcase_add_test(tcase, the_abi_is_what_the_headers_say);
    tcase = test_case(suite, "threads");
    add_for_each_way(tcase, R047_every_step_may_come_from_another_thread);
    tcase_add_test(tcase, R071_moving_between_threads_is_right_in_debug_mode_too);
    add_for_each_way(tcase, R050_nothing_is_left_in_the_thread_between_two_steps);
    add_for_each_way(tcase, R048_two_runners_are_stepped_in_turn);
    tcase = test_case(suite, "signals and forks");
    tcase_add_test(tcase, R116_no_signal_is_taken);
    tcase_add_test(tcase, R201_in_a_forked_child_everything_is_refused);
    tcase_add_test(tcase, R199_a_forked_child_makes_a_runner_of_its_own);
    return test_main(suite);
}
