/*
 * fork(): the child sees no running loop, can not touch the parent's, and may make its own.
 */
#include "child_signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

/* Fork here, let the child do something, and give back how it ended. Unlike child_run() this works
 * in the middle of a run. */
static int fork_here(void (*child)(runner_t *), runner_t *runner)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        alarm((unsigned)(scaled_ms(10000) / 1000));
        child(runner);
        fflush(NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

#define ck_assert_forked(child, runner)                                                            \
    do {                                                                                           \
        int status_ = fork_here(child, runner);                                                    \
        ck_assert_msg(WIFEXITED(status_) && WEXITSTATUS(status_) == 0, "the child ended with %x",  \
                      (unsigned)status_);                                                          \
    } while (0)

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

/* --- a fresh run in the child ------------------------------------------------------------ */

static int sleep_twice(void *arg, void **result)
{
    (void)arg;
    child_assert_code(runner_sleep(1), 0);
    child_assert_code(runner_sleep(1), 0);
    *result = value_of(5);
    return 0;
}

static int spawn_and_await(void *arg, void **result)
{
    runner_task_t *task = NULL;
    child_assert_code(runner_spawn(sleep_twice, arg, NULL, &task), 0);
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

static void run_afresh(runner_t *parents)
{
    void *result = NULL;
    child_assert(runner_current() == NULL);
    child_assert(runner_current_task() == NULL);
    child_assert(runner_is_running(parents) == 0);
    child_assert_code(runner_yield(), RUNNER_ENOTASK);
    child_assert_code(runner_main(spawn_and_await, NULL, NULL, &result), 0);
    child_assert(number_of(result) == 5);
    runner_t *own = test_runner();
    child_assert_code(runner_run(own, spawn_and_await, NULL, NULL, &result), 0);
    child_assert_code(runner_run(own, spawn_and_await, NULL, NULL, &result), 0);
    child_assert_code(runner_close(own), 0);
    runner_free(own);
}

/* Main: forks between two waits, with timers and a task under way. */
static int fork_in_main(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    ck_assert_code(runner_spawn(sleep_twice, NULL, NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_forked(run_afresh, runner_current());
    ck_assert_ptr_nonnull(runner_current());
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

START_TEST(R199_child_of_a_task_sees_no_loop_and_can_run_its_own)
{
    void *result = NULL;
    runner_t *runner = test_runner_with(NULL);
    ck_assert_code(runner_run(runner, fork_in_main, NULL, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 5);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
}
END_TEST

static int fork_in_callback(void *arg)
{
    ck_assert_forked(run_afresh, arg);
    log_add("forked");
    return 0;
}

START_TEST(R199_child_of_a_callback_can_run_its_own)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_soon(runner, fork_in_callback, runner, NULL), 0);
    ck_assert_code(runner_run(runner, spawn_and_await, NULL, NULL, NULL), 0);
    log_expect("forked");
    runner_free(runner);
}
END_TEST

START_TEST(R199_child_of_an_idle_program_can_run_its_own)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    ck_assert_forked(run_afresh, runner);
    ck_assert_code(runner_run(runner, spawn_and_await, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
}
END_TEST

/* --- the parent's handle in the child ---------------------------------------------------- */

static void expect_refused_everywhere(runner_t *runner)
{
    uv_loop_t *loop = NULL;
    runner_future_t *future = NULL;
    child_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), RUNNER_EFORK);
    child_assert_code(runner_get_loop(runner, &loop), RUNNER_EFORK);
    child_assert_code(runner_close(runner), RUNNER_EFORK);
    child_assert_code(runner_stop(runner), RUNNER_EFORK);
    child_assert_code(runner_interrupt(runner), RUNNER_EFORK);
    child_assert_code(runner_call_soon(runner, do_nothing_soon, NULL, drop_count), RUNNER_EFORK);
    child_assert_code(runner_call_later(runner, 0, do_nothing_soon, NULL, drop_count, NULL),
                      RUNNER_EFORK);
    child_assert_code(runner_call_at_ns(runner, 0, do_nothing_soon, NULL, drop_count, NULL),
                      RUNNER_EFORK);
    child_assert_code(runner_call_soon_threadsafe(runner, do_nothing_soon, NULL, drop_count),
                      RUNNER_EFORK);
    child_assert_code(runner_spawn_threadsafe(runner, do_nothing, NULL, NULL, NULL), RUNNER_EFORK);
    child_assert_code(runner_wakeup(runner), RUNNER_EFORK);
    child_assert_code(runner_submitter_acquire(runner), RUNNER_EFORK);
    child_assert_code(runner_submitter_release(runner), RUNNER_EFORK);
    child_assert_code(runner_future_new(runner, &future), RUNNER_EFORK);
    child_assert_code(runner_closable_register(runner, "c", do_nothing, NULL, drop_count, NULL),
                      RUNNER_EFORK);
    child_assert_code(runner_run_in_executor(runner, do_nothing, NULL, NULL, NULL), RUNNER_EFORK);
    child_assert_code(runner_set_exception_handler(runner, NULL, NULL, drop_count), RUNNER_EFORK);
    child_assert(loop == NULL && future == NULL);
    child_assert(drops() == 0);
}

static void expect_no_insight(runner_t *runner)
{
    size_t count = 99;
    runner_exception_t exception = {.size = sizeof exception, .message = "it"};
    child_assert_code(runner_tasks(runner, NULL, 0, &count), RUNNER_EFORK);
    child_assert_code(runner_print_tasks(runner, stdout), RUNNER_EFORK);
    child_assert_code(runner_call_exception_handler(runner, &exception), RUNNER_EFORK);
    child_assert(count == 99);
    child_assert(exceptions() == 0);
}

static void refuse_then_free(runner_t *runner)
{
    expect_refused_everywhere(runner);
    expect_no_insight(runner);
    runner_free(runner);
}

/* Main: forks a child that frees the runner, then waits for a pipe. */
typedef struct piped {
    int fds[2];
    runner_future_t *readable;
    uv_poll_t poll;
} piped_t;

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    piped_t *piped = poll->data;
    ck_assert_int_eq(status, 0);
    ck_assert_code(runner_future_resolve(piped->readable, NULL), 0);
    uv_close((uv_handle_t *)poll, NULL);
}

static int fork_and_read(void *arg, void **result)
{
    piped_t *piped = arg;
    ck_assert_forked(refuse_then_free, runner_current());
    ck_assert_int_eq(write(piped->fds[1], "x", 1), 1);
    ck_assert_code(runner_future_await(piped->readable, result), 0);
    return runner_sleep(1);
}

START_TEST(R201_parents_handle_is_refused_in_the_child_and_its_loop_not_touched)
{
    piped_t piped;
    uv_loop_t *loop = NULL;
    runner_t *runner = test_runner_with(NULL);
    ck_assert_int_eq(pipe(piped.fds), 0);
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_code(runner_future_new(runner, &piped.readable), 0);
    ck_assert_int_eq(uv_poll_init(loop, &piped.poll, piped.fds[0]), 0);
    piped.poll.data = &piped;
    ck_assert_int_eq(uv_poll_start(&piped.poll, UV_READABLE, on_readable), 0);
    ck_assert_code(runner_run(runner, fork_and_read, &piped, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_future_unref(piped.readable);
    runner_free(runner);
    close(piped.fds[0]);
    close(piped.fds[1]);
}
END_TEST

static void free_only(runner_t *runner)
{
    runner_free(runner);
}

START_TEST(R201_child_may_free_a_runner_that_was_never_used)
{
    runner_t *runner = test_runner();
    ck_assert_forked(free_only, runner);
    ck_assert_forked(refuse_then_free, runner);
    ck_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

static int leave_parked(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_log};
    ck_assert_code(runner_spawn(spawn_and_await, NULL, &opts, NULL), 0);
    return 0;
}

static void free_and_log(runner_t *runner)
{
    runner_free(runner);
    child_assert(exceptions() == 0);
}

START_TEST(R201_child_may_free_a_runner_with_tasks)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_parked, NULL, NULL, NULL), 0);
    ck_assert_forked(free_and_log, runner);
    ck_assert_code(runner_close(runner), 0);
    log_expect("drop");
    runner_free(runner);
}
END_TEST

/* --- signals ----------------------------------------------------------------------------- */

static void raise_sigint(runner_t *runner)
{
    (void)runner;
    raise(SIGINT);
}

static int fork_a_child_that_is_signalled(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int status = fork_here(raise_sigint, runner_current());
    /* What it does to the child is the child's matter; it does not reach the parent. */
    ck_assert(WIFSIGNALED(status) || WIFEXITED(status));
    ck_assert_code(runner_sleep(20), 0);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    return 0;
}

START_TEST(R200_signal_of_the_child_does_not_reach_the_parent)
{
    runner_t *runner = test_runner_with(NULL);
    ck_assert_code(runner_run(runner, fork_a_child_that_is_signalled, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

static int park(void *arg, void **result)
{
    (void)arg;
    (void)result;
    child_say("parked");
    return runner_sleep(3600000);
}

static void run_until_sigint(runner_t *parents)
{
    (void)parents;
    child_assert_code(runner_main(park, NULL, NULL, NULL), RUNNER_EINTR);
    child_say("child was interrupted");
}

/* Main: forks a child that runs its own loop and is interrupted there by the test. */
static int fork_a_child_that_runs(void *arg, void **result)
{
    (void)arg;
    (void)result;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        run_until_sigint(NULL);
        fflush(NULL);
        _exit(0);
    }
    child_say("pid %d", (int)pid);
    int status = 0;
    child_assert(waitpid(pid, &status, 0) == pid);
    child_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    child_assert_code(runner_sleep(20), 0);
    child_say("parent was not");
    return 0;
}

static int run_both(void *arg)
{
    (void)arg;
    alarm((unsigned)(scaled_ms(10000) / 1000));
    return runner_main(fork_a_child_that_runs, NULL, NULL, NULL) == 0 ? 0 : 1;
}

START_TEST(R200_own_run_of_the_child_is_interrupted_alone)
{
    child_t child;
    child_start(&child, run_both, NULL, 10000);
    ck_assert_int_eq(child_await_output(&child, "pid "), 1);
    ck_assert_int_eq(child_await_output(&child, "parked\n"), 1);
    ck_assert_int_eq(kill((pid_t)atoi(strstr(child.out, "pid ") + 4), SIGINT), 0);
    child_finish(&child);
    ck_assert_child_exited(&child, 0);
    ck_assert_ptr_nonnull(strstr(child.out, "child was interrupted\nparent was not\n"));
}
END_TEST

/* --- a fork in the middle of a close ----------------------------------------------------- */

static int forked_in_cleanup;

/* A leftover that forks while it cleans up; the child goes on as if it were the parent. */
static int fork_while_cleaning_up(void *arg, void **result)
{
    int *is_child = arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    fflush(NULL);
    pid_t pid = fork();
    *is_child = pid == 0;
    if (pid > 0) {
        int status = 0;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        forked_in_cleanup++;
    }
    return code;
}

static int leave_one_that_forks(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(fork_while_cleaning_up, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R199_R201_child_forked_inside_a_close_comes_back_at_once)
{
    int is_child = 0;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_one_that_forks, &is_child, NULL, NULL), 0);
    int code = runner_close(runner);
    if (is_child) {
        _exit(code == RUNNER_EFORK ? 0 : 1);
    }
    ck_assert_code(code, 0);
    ck_assert_int_eq(forked_in_cleanup, 1);
    runner_free(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fork");
    TCase *tcase = test_case(suite, "fresh");
    tcase_add_test(tcase, R199_child_of_a_task_sees_no_loop_and_can_run_its_own);
    tcase_add_test(tcase, R199_child_of_a_callback_can_run_its_own);
    tcase_add_test(tcase, R199_child_of_an_idle_program_can_run_its_own);

    tcase = test_case(suite, "parents handle");
    tcase_add_test(tcase, R201_parents_handle_is_refused_in_the_child_and_its_loop_not_touched);
    tcase_add_test(tcase, R201_child_may_free_a_runner_that_was_never_used);
    tcase_add_test(tcase, R201_child_may_free_a_runner_with_tasks);

    tcase = test_case(suite, "signals");
    tcase_add_test(tcase, R200_signal_of_the_child_does_not_reach_the_parent);
#ifdef TEST_UNDER_TSAN
    /* It never delivers a signal to the child of a process that had more than one fiber. */
    (void)R200_own_run_of_the_child_is_interrupted_alone;
#else
    tcase_add_test(tcase, R200_own_run_of_the_child_is_interrupted_alone);
#endif
    tcase = test_case(suite, "close");
    tcase_add_test(tcase, R199_R201_child_forked_inside_a_close_comes_back_at_once);
    return test_main(suite);
}
