/*
 * Signals: what Ctrl-C does to a run, and that nothing of it stays behind. Every test runs in a
 * child process and uses real signals.
 */
#include "child_signals.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAIN_ERROR = -30001, HOUR_MS = 3600000 };

/* --- what the children share ------------------------------------------------------------- */

/* Run a child, which must end by itself with status 0. */
static void expect_child(child_fn fn)
{
    child_t child;
    child_run(&child, fn, NULL, 10000);
    ck_assert_child_exited(&child, 0);
}

/* Run a child, which must die by this signal. */
static void expect_death(child_fn fn, int signal_number)
{
    child_t child;
    child_run(&child, fn, NULL, 10000);
    ck_assert_child_signaled(&child, signal_number);
}

/* A callback that raises a signal. */
static int raise_signal(void *arg)
{
    raise((int)number_of(arg));
    return 0;
}

static int raise_sigint(void)
{
    return raise(SIGINT);
}

/* A runner with the virtual clock and a SIGINT that comes after 10 ms. */
static runner_t *runner_with_sigint(void)
{
    runner_t *runner = test_runner();
    child_assert_code(runner_call_later(runner, 10, raise_signal, value_of(SIGINT), NULL, NULL), 0);
    return runner;
}

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
    return runner_sleep(HOUR_MS);
}

/* The same, and says so to the parent. */
static int park_aloud(void *arg, void **result)
{
    child_say("parked");
    int code = park(arg, result);
    child_say("main %s, reason %d", code_name(code),
              runner_task_cancel_reason(runner_current_task()));
    return code;
}

static volatile sig_atomic_t user_signals;

static void user_handler(int signal_number)
{
    (void)signal_number;
    user_signals++;
}

static void set_user_handler(int signal_number)
{
    struct sigaction action = {.sa_handler = user_handler};
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(signal_number, &action, NULL);
}

/* --- whose disposition it is ------------------------------------------------------------- */

static int see_ours(void *arg, void **result)
{
    (void)arg;
    (void)result;
    child_assert(!is_default(SIGINT));
    child_assert((disposition_of(SIGINT).sa_flags & SA_ONSTACK) != 0);
    child_assert((disposition_of(SIGINT).sa_flags & SA_RESTART) != 0);
    child_say("ours");
    return 0;
}

static int see_ours_and_fail(void *arg, void **result)
{
    see_ours(arg, result);
    return MAIN_ERROR;
}

static int run_with_an_odd_disposition(void *arg)
{
    (void)arg;
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NODEFER | SA_NOCLDSTOP};
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGINT, &action, NULL);
    disposition_t odd = disposition_of(SIGINT);
    runner_t *runner = test_runner();
    child_assert(disposition_is(SIGINT, &odd));
    child_assert_code(runner_run(runner, see_ours, NULL, NULL, NULL), 0);
    child_assert(disposition_is(SIGINT, &odd));
    child_assert_code(runner_run(runner, see_ours_and_fail, NULL, NULL, NULL), MAIN_ERROR);
    child_assert(disposition_is(SIGINT, &odd));
    child_assert_code(runner_close(runner), 0);
    child_assert(disposition_is(SIGINT, &odd));
    runner_free(runner);
    child_assert_code(runner_main(see_ours, NULL, NULL, NULL), 0);
    child_assert(disposition_is(SIGINT, &odd));
    return 0;
}

START_TEST(R114_disposition_is_ours_inside_and_restored_byte_for_byte)
{
    child_t child;
    child_run(&child, run_with_an_odd_disposition, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "ours\nours\nours\n");
}
END_TEST

static int run_beside_other_signals(void *arg)
{
    (void)arg;
    disposition_t before[] = {disposition_of(SIGTERM), disposition_of(SIGHUP),
                              disposition_of(SIGUSR1), disposition_of(SIGPIPE)};
    sigset_t mask_before, mask_after;
    memset(&mask_before, 0, sizeof mask_before);
    memset(&mask_after, 0, sizeof mask_after);
    sigprocmask(SIG_BLOCK, NULL, &mask_before);
    child_assert_code(runner_main(see_ours, NULL, NULL, NULL), 0);
    child_assert(disposition_is(SIGTERM, &before[0]));
    child_assert(disposition_is(SIGHUP, &before[1]));
    child_assert(disposition_is(SIGUSR1, &before[2]));
    child_assert(disposition_is(SIGPIPE, &before[3]));
    sigprocmask(SIG_BLOCK, NULL, &mask_after);
    child_assert(memcmp(&mask_before, &mask_after, sizeof mask_before) == 0);
    return 0;
}

START_TEST(R114_R140_other_signals_and_the_mask_are_left_alone)
{
    expect_child(run_beside_other_signals);
}
END_TEST

static int see_default(void *arg, void **result)
{
    child_assert(is_default(SIGINT));
    return park_aloud(arg, result);
}

static void *run_in_thread(void *arg)
{
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_run(runner, see_default, arg, NULL, NULL), 0);
    return NULL;
}

static int run_in_second_thread(void *arg)
{
    pthread_t thread;
    child_assert(pthread_create(&thread, NULL, run_in_thread, arg) == 0);
    pthread_join(thread, NULL);
    return 0;
}

START_TEST(R115_run_in_another_thread_leaves_sigint_to_the_program)
{
    child_t child;
    child_run_signalled(&child, run_in_second_thread, SIGINT,
                        (const char *const[]){"parked\n", NULL});
    ck_assert_child_signaled(&child, SIGINT);
    ck_assert_str_eq(child.out, "parked\n");
}
END_TEST

static int raise_and_yield(void *arg, void **result)
{
    (void)result;
    child_assert(disposition_is(SIGINT, arg));
    raise_sigint();
    child_assert_code(runner_yield(), 0);
    child_assert_code(runner_sleep(10), 0);
    child_assert(runner_task_cancelling(runner_current_task()) == 0);
    return 0;
}

static int run_with_user_handler(void *arg)
{
    (void)arg;
    set_user_handler(SIGINT);
    disposition_t before = disposition_of(SIGINT);
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, raise_and_yield, &before, NULL, NULL), 0);
    child_assert(user_signals == 1);
    child_assert(disposition_is(SIGINT, &before));
    runner_free(runner);
    child_assert(disposition_is(SIGINT, &before));
    return 0;
}

START_TEST(R116_handler_of_the_program_is_left_alone_and_gets_the_signal)
{
    expect_child(run_with_user_handler);
}
END_TEST

static int run_ignoring(void *arg)
{
    (void)arg;
    signal(SIGINT, SIG_IGN);
    disposition_t before = disposition_of(SIGINT);
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, raise_and_yield, &before, NULL, NULL), 0);
    child_assert(disposition_is(SIGINT, &before));
    runner_free(runner);
    return 0;
}

START_TEST(R116_ignored_sigint_stays_ignored)
{
    expect_child(run_ignoring);
}
END_TEST

/* Installing a handler fails while this is set. */
static int sigaction_fails;

int sigaction(int signal_number, const struct sigaction *restrict action,
              struct sigaction *restrict old)
{
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sigaction");
    if (sigaction_fails && action != NULL) {
        errno = EINVAL;
        return -1;
    }
    return real(signal_number, action, old);
}

static int see_default_now(void *arg, void **result)
{
    (void)arg;
    child_assert(is_default(SIGINT));
    *result = value_of(4);
    return 0;
}

static int run_where_installing_fails(void *arg)
{
    void *result = NULL;
    (void)arg;
    sigaction_fails = 1;
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, see_default_now, NULL, NULL, &result), 0);
    child_assert(number_of(result) == 4);
    child_assert_code(runner_close(runner), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R117_run_works_where_no_handler_can_be_installed)
{
    expect_child(run_where_installing_fails);
}
END_TEST

static int replace_handler(void *arg, void **result)
{
    (void)result;
    set_user_handler(SIGINT);
    *(disposition_t *)arg = disposition_of(SIGINT);
    return 0;
}

static int run_that_replaces_the_handler(void *arg)
{
    (void)arg;
    disposition_t theirs;
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, replace_handler, &theirs, NULL, NULL), 0);
    child_assert(disposition_is(SIGINT, &theirs));
    child_assert_code(runner_close(runner), 0);
    child_assert(disposition_is(SIGINT, &theirs));
    runner_free(runner);
    return 0;
}

START_TEST(R118_handler_that_the_program_set_during_the_run_stays)
{
    expect_child(run_that_replaces_the_handler);
}
END_TEST

static int run_without_signals(void *arg)
{
    (void)arg;
    runner_options_t opts = test_options();
    opts.signals = RUNNER_SIGNALS_NONE;
    runner_t *runner = test_runner_with(&opts);
    child_assert_code(runner_run(runner, see_default_now, NULL, NULL, NULL), 0);
    runner_call_soon(runner, raise_signal, value_of(SIGINT), NULL);
    runner_run(runner, park, NULL, NULL, NULL);
    return 0;
}

START_TEST(R114_option_none_touches_nothing)
{
    expect_death(run_without_signals, SIGINT);
}
END_TEST

/* --- the first SIGINT -------------------------------------------------------------------- */

static int run_parked(void *arg)
{
    (void)arg;
    disposition_t before = disposition_of(SIGINT);
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_run(runner, park_aloud, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert(disposition_is(SIGINT, &before));
    runner_free(runner);
    return 0;
}

START_TEST(R119_R121_loop_that_waits_in_the_kernel_wakes_at_once)
{
    child_t child;
    uint64_t began = monotonic_ns();
    child_run_signalled(&child, run_parked, SIGINT, (const char *const[]){"parked\n", NULL});
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "parked\nmain RUNNER_ECANCELED, reason 4\n");
    ck_assert_uint_lt(monotonic_ns() - began, scaled_ms(5000) * 1000000);
    ck_assert_int_eq(RUNNER_REASON_SIGINT, 4);
}
END_TEST

static int await_future(void *arg, void **result)
{
    int code = runner_future_await(arg, result);
    child_assert_code(code, RUNNER_ECANCELED);
    child_assert(runner_task_cancel_reason(runner_current_task()) == RUNNER_REASON_SIGINT);
    return code;
}

static int run_on_a_future(void *arg)
{
    (void)arg;
    runner_future_t *future = NULL;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_future_new(runner, &future), 0);
    child_assert_code(runner_run(runner, await_future, future, NULL, NULL), RUNNER_EINTR);
    child_assert_code(runner_future_status(future), RUNNER_ECANCELED);
    runner_future_unref(future);
    runner_free(runner);
    return 0;
}

START_TEST(R119_first_sigint_cancels_what_main_waits_for)
{
    expect_child(run_on_a_future);
}
END_TEST

static int yield_until_cancelled(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = 0;
    child_say("busy");
    while (code == 0) {
        code = runner_yield();
    }
    child_say("main %s", code_name(code));
    return code;
}

static int run_yielding(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_run(runner, yield_until_cancelled, NULL, NULL, NULL), RUNNER_EINTR);
    runner_free(runner);
    return 0;
}

START_TEST(R120_first_sigint_while_main_only_yields)
{
    child_t child;
    child_start(&child, run_yielding, NULL, 10000);
    ck_assert_int_eq(child_await_output(&child, "busy\n"), 1);
    child_signal(&child, SIGINT);
    child_finish(&child);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "busy\nmain RUNNER_ECANCELED\n");
}
END_TEST

static int raise_then_park(void *arg, void **result)
{
    raise_sigint();
    int code = park(arg, result);
    child_assert_code(code, RUNNER_ECANCELED);
    return code;
}

static int raise_then_return(void *arg, void **result)
{
    raise_sigint();
    *result = arg;
    return 0;
}

static int run_after_a_tight_loop(void *arg)
{
    runner_run_options_t opts = {.size = sizeof opts, .result_drop = drop_result_count};
    void *result = NULL;
    (void)arg;
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, raise_then_park, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert_code(runner_run(runner, raise_then_return, value_of(3), &opts, &result),
                      RUNNER_EINTR);
    child_assert(result == NULL);
    child_assert(result_drops() == 1);
    runner_free(runner);
    return 0;
}

START_TEST(R122_sigint_in_a_tight_loop_comes_where_main_parks_or_returns)
{
    expect_child(run_after_a_tight_loop);
}
END_TEST

static int clean_up_with_awaits(void *arg, void **result)
{
    child_assert_code(park(arg, result), RUNNER_ECANCELED);
    child_assert_code(runner_yield(), 0);
    child_assert_code(runner_sleep(1000), 0);
    child_say("clean");
    return RUNNER_ECANCELED;
}

static int run_with_cleanup(void *arg)
{
    (void)arg;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, clean_up_with_awaits, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert(now_ms(runner) == 1010);
    runner_free(runner);
    return 0;
}

START_TEST(R123_cleanup_runs_to_its_end)
{
    child_t child;
    child_run(&child, run_with_cleanup, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "clean\n");
}
END_TEST

/* Main: ends with the code that is its argument when it is cancelled. */
static int answer_cancel(void *arg, void **result)
{
    child_assert_code(park(arg, result), RUNNER_ECANCELED);
    *result = value_of(8);
    return (int)number_of(arg);
}

static int run_that_answers(void *arg)
{
    (void)arg;
    void *result = NULL;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, answer_cancel, value_of(0), NULL, &result), 0);
    child_assert(number_of(result) == 8);
    runner_free(runner);

    runner = runner_with_sigint();
    child_assert_code(runner_run(runner, answer_cancel, value_of(MAIN_ERROR), NULL, &result),
                      MAIN_ERROR);
    runner_free(runner);
    return 0;
}

START_TEST(R124_R125_main_may_swallow_the_cancel_or_turn_it_into_an_error)
{
    expect_child(run_that_answers);
}
END_TEST

static int cancel_task(void *arg)
{
    runner_task_t **task = arg;
    child_assert_code(runner_task_cancel(*task), 0);
    return 0;
}

/* Main: shows its handle to the callbacks that are to cancel it, and parks. */
static int show_and_park(void *arg, void **result)
{
    runner_task_t **self = arg;
    *self = runner_current_task();
    return park(NULL, result);
}

static int run_cancelled_by_two(void *arg)
{
    runner_task_t *main_task = NULL;
    int cancel_first = number_of(arg) != 0;
    runner_t *runner = test_runner();
    if (cancel_first)
        runner_call_later(runner, 10, cancel_task, &main_task, NULL, NULL);
    runner_call_later(runner, 10, raise_signal, value_of(SIGINT), NULL, NULL);
    if (!cancel_first)
        runner_call_later(runner, 10, cancel_task, &main_task, NULL, NULL);
    child_assert_code(runner_run(runner, show_and_park, &main_task, NULL, NULL), RUNNER_ECANCELED);
    runner_free(runner);
    return 0;
}

/* A main that leaves no trace of the signal in its cancel count, as a task without uncancel. */
static int take_back_and_end_cancelled(void *arg, void **result)
{
    int code = park(arg, result);
    child_assert(runner_task_uncancel(runner_current_task()) == 0);
    return code;
}

static int run_without_count(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    runner_call_later(runner, 10, raise_signal, value_of(SIGINT), NULL, NULL);
    child_assert_code(runner_run(runner, take_back_and_end_cancelled, NULL, NULL, NULL),
                      RUNNER_ECANCELED);
    runner_free(runner);
    return 0;
}

START_TEST(R127_cancel_that_no_count_ties_to_the_signal_is_cancelled)
{
    expect_child(run_without_count);
}
END_TEST

START_TEST(R126_cancelled_by_sigint_and_by_someone_else_is_cancelled)
{
    child_t child;
    child_run(&child, run_cancelled_by_two, value_of(0), 10000);
    ck_assert_child_exited(&child, 0);
    child_run(&child, run_cancelled_by_two, value_of(1), 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

static int take_back_and_be_cancelled(void *arg, void **result)
{
    runner_task_t **self = arg;
    child_assert_code(show_and_park(arg, result), RUNNER_ECANCELED);
    child_assert(runner_task_uncancel(*self) == 0);
    child_assert(runner_task_cancel_reason(*self) == 0);
    child_assert_code(runner_call_soon(runner_current(), cancel_task, self, NULL), 0);
    child_assert_code(park(NULL, result), RUNNER_ECANCELED);
    child_assert(runner_task_cancel_reason(*self) == RUNNER_REASON_USER);
    return RUNNER_ECANCELED;
}

static int run_that_takes_it_back(void *arg)
{
    runner_task_t *main_task = NULL;
    (void)arg;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, take_back_and_be_cancelled, &main_task, NULL, NULL),
                      RUNNER_ECANCELED);
    runner_free(runner);
    return 0;
}

START_TEST(R135_cancel_after_sigint_was_taken_back_is_not_sigints)
{
    expect_child(run_that_takes_it_back);
}
END_TEST

/* Awaits a child of its own until there are none left to make; logs how each ended. */
static int await_nested(void *arg, void **result)
{
    intptr_t depth = number_of(arg);
    runner_task_t *child = NULL;
    int code = 0;
    if (depth == 0) {
        code = park(NULL, result);
    } else {
        child_assert_code(runner_spawn(await_nested, value_of(depth - 1), NULL, &child), 0);
        code = runner_await(child, result);
        child_assert(runner_task_cancel_reason(child) == RUNNER_REASON_PARENT);
        runner_task_unref(child);
    }
    log_add("%d %s", (int)depth, code_name(code));
    return code;
}

static int run_nested(void *arg)
{
    (void)arg;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, await_nested, value_of(2), NULL, NULL), RUNNER_EINTR);
    child_assert(strcmp(log_text(), "0 RUNNER_ECANCELED,1 RUNNER_ECANCELED,2 RUNNER_ECANCELED") ==
                 0);
    runner_free(runner);
    return 0;
}

START_TEST(R136_cancel_goes_to_the_innermost_wait_first)
{
    expect_child(run_nested);
}
END_TEST

/* A time limit by hand: a timer that cancels the task, and a flag that says so. */
typedef struct limit {
    runner_task_t *task;
    int expired;
} limit_t;

static int expire(void *arg)
{
    limit_t *limit = arg;
    limit->expired = 1;
    return runner_task_cancel(limit->task);
}

typedef struct limited {
    int64_t limit_ms;
    int64_t sigint_ms;
    int expected;
} limited_t;

static int park_with_limit(void *arg, void **result)
{
    const limited_t *limited = arg;
    limit_t limit = {runner_current_task(), 0};
    runner_timer_t *timer = NULL;
    child_assert_code(
        runner_call_later(runner_current(), limited->limit_ms, expire, &limit, NULL, &timer), 0);
    child_assert_code(runner_call_later(runner_current(), limited->sigint_ms, raise_signal,
                                        value_of(SIGINT), NULL, NULL),
                      0);
    int code = park(NULL, result);
    runner_timer_cancel(timer);
    runner_timer_unref(timer);
    if (limit.expired && runner_task_uncancel(limit.task) == 0)
        return RUNNER_ETIMEDOUT;
    return code;
}

/* Whichever comes first; and both in one turn of the loop. */
static int run_with_limit(void *arg)
{
    static const limited_t cases[] = {
        {5, 10, RUNNER_ETIMEDOUT}, {10, 5, RUNNER_EINTR}, {10, 10, RUNNER_EINTR}};
    (void)arg;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        runner_t *runner = test_runner();
        child_assert_code(runner_run(runner, park_with_limit, (void *)&cases[i], NULL, NULL),
                          cases[i].expected);
        runner_free(runner);
    }
    return 0;
}

START_TEST(R137_sigint_inside_a_time_limit_is_no_time_out)
{
    expect_child(run_with_limit);
}
END_TEST

/* A shield by hand: the outer future ends when the inner task does. */
static int resolve_outer(runner_future_t *inner, void *arg)
{
    (void)inner;
    runner_future_resolve(arg, NULL);
    return 0;
}

static int log_how_parking_ends(void *arg, void **result)
{
    int code = park(NULL, result);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

static void unref_future(void *arg)
{
    runner_future_unref(arg);
}

static int await_shielded(void *arg, void **result)
{
    runner_future_t *outer = NULL;
    runner_task_t *inner = NULL;
    (void)arg;
    child_assert_code(runner_future_new(runner_current(), &outer), 0);
    child_assert_code(runner_spawn(log_how_parking_ends, "inner", NULL, &inner), 0);
    child_assert_code(runner_future_on_done(runner_task_future(inner), resolve_outer,
                                            runner_future_ref(outer), unref_future),
                      0);
    int code = runner_future_await(outer, result);
    log_add("main %s", code_name(code));
    child_assert(runner_task_done(inner) == 0);
    runner_task_unref(inner);
    runner_future_unref(outer);
    return code;
}

static int run_shielded(void *arg)
{
    (void)arg;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, await_shielded, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert(strcmp(log_text(), "main RUNNER_ECANCELED") == 0);
    child_assert_code(runner_close(runner), 0);
    child_assert(strcmp(log_text(), "main RUNNER_ECANCELED,inner RUNNER_ECANCELED") == 0);
    runner_free(runner);
    return 0;
}

START_TEST(R138_shielded_task_goes_on_until_close)
{
    expect_child(run_shielded);
}
END_TEST

/* The kernel gives the signal to any thread that does not block it. */
static void *raise_in_thread(void *arg)
{
    sem_wait(arg);
    raise_sigint();
    return NULL;
}

static int post_and_park(void *arg, void **result)
{
    sem_post(arg);
    return park(NULL, result);
}

static int run_with_another_thread(void *arg)
{
    pthread_t thread;
    sem_t parked;
    (void)arg;
    sem_init(&parked, 0, 0);
    child_assert(pthread_create(&thread, NULL, raise_in_thread, &parked) == 0);
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_run(runner, post_and_park, &parked, NULL, NULL), RUNNER_EINTR);
    pthread_join(thread, NULL);
    runner_free(runner);
    sem_destroy(&parked);
    return 0;
}

START_TEST(R121_signal_that_another_thread_receives_wakes_the_loop)
{
    expect_child(run_with_another_thread);
}
END_TEST

/* --- the second SIGINT ------------------------------------------------------------------- */

/* Main: raises a second SIGINT in its cleanup, and parks. */
static int raise_again_in_cleanup(void *arg, void **result)
{
    log_add("%s", code_name(park(arg, result)));
    child_assert(!is_default(SIGINT));
    raise_sigint();
    child_assert(is_default(SIGINT));
    log_add("%s", code_name(park(arg, result)));
    return RUNNER_ECANCELED;
}

static int run_interrupted_twice(void *arg)
{
    (void)arg;
    disposition_t before = disposition_of(SIGINT);
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, raise_again_in_cleanup, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert(disposition_is(SIGINT, &before));
    child_assert(strcmp(log_text(), "RUNNER_ECANCELED") == 0);
    child_assert(now_ms(runner) == 10);
    child_assert_code(runner_close(runner), 0);
    child_assert(strcmp(log_text(), "RUNNER_ECANCELED,RUNNER_ECANCELED") == 0);
    child_assert(disposition_is(SIGINT, &before));
    runner_free(runner);
    return 0;
}

START_TEST(R128_second_sigint_ends_the_run_and_close_cancels_main_again)
{
    expect_child(run_interrupted_twice);
}
END_TEST

/* Main: its cleanup takes an hour. */
static int clean_up_for_an_hour(void *arg, void **result)
{
    park_aloud(arg, result);
    child_say("cleaning");
    return park_aloud(arg, result);
}

static int run_and_clean_up_for_an_hour(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_run(runner, clean_up_for_an_hour, NULL, NULL, NULL), RUNNER_EINTR);
    child_say("run is over");
    child_assert(is_default(SIGINT));
    child_assert_code(runner_close(runner), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R128_ctrl_c_twice_from_outside)
{
    child_t child;
    child_run_signalled(&child, run_and_clean_up_for_an_hour, SIGINT,
                        (const char *const[]){"parked\n", "cleaning\nparked\n", NULL});
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "parked\nmain RUNNER_ECANCELED, reason 4\ncleaning\nparked\n"
                                "run is over\nmain RUNNER_ECANCELED, reason 7\n");
    ck_assert_int_eq(RUNNER_REASON_CLOSE, 7);
}
END_TEST

static int raise_twice(void *arg, void **result)
{
    (void)arg;
    (void)result;
    raise_sigint();
    child_say("alive");
    raise_sigint();
    child_say("still alive");
    return 0;
}

static int run_raising_twice(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    runner_run(runner, raise_twice, NULL, NULL, NULL);
    return 0;
}

START_TEST(R129_R139_second_sigint_in_a_tight_loop_kills_the_process)
{
    child_t child;
    child_run(&child, run_raising_twice, NULL, 10000);
    ck_assert_child_signaled(&child, SIGINT);
    ck_assert_str_eq(child.out, "alive\n");
}
END_TEST

/* Main: never comes back to the loop. */
static int never_come_back(void *arg, void **result)
{
    (void)arg;
    (void)result;
    child_say("stuck");
    for (;;)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return 0;
}

static int run_stuck(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    runner_run(runner, never_come_back, NULL, NULL, NULL);
    return 0;
}

START_TEST(R129_R139_ctrl_c_again_and_again_ends_a_stuck_program)
{
    child_t child;
    child_start(&child, run_stuck, NULL, 10000);
    ck_assert_int_eq(child_await_output(&child, "stuck\n"), 1);
    /* Two that come at once are one: as many as it takes, 10 ms apart. */
    for (int i = 0; i < 500 && child_await_sleep(&child); i++) {
        child_signal(&child, SIGINT);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    child_finish(&child);
    ck_assert_child_signaled(&child, SIGINT);
}
END_TEST

/* --- around the run ---------------------------------------------------------------------- */

/* A callback of the last iteration: main is done, the run has not returned. The signal that is
 * delivered again waits in the mask. */
static int raise_late(void *arg)
{
    sigset_t sigint;
    (void)arg;
    raise_sigint();
    sigemptyset(&sigint);
    sigaddset(&sigint, SIGINT);
    sigprocmask(SIG_BLOCK, &sigint, NULL);
    return 0;
}

static int return_before_the_signal(void *arg, void **result)
{
    child_assert_code(runner_call_soon(runner_current(), arg == NULL ? raise_late : raise_signal,
                                       value_of(SIGINT), NULL),
                      0);
    *result = value_of(6);
    return 0;
}

static int run_signalled_at_its_end(void *arg)
{
    (void)arg;
    sigset_t pending;
    void *result = NULL;
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, return_before_the_signal, NULL, NULL, &result), 0);
    child_assert(number_of(result) == 6);
    child_assert(is_default(SIGINT));
    sigpending(&pending);
    child_assert(sigismember(&pending, SIGINT));
    runner_free(runner);
    return 0;
}

START_TEST(R130_sigint_after_main_is_done_keeps_the_result_and_is_delivered_again)
{
    expect_child(run_signalled_at_its_end);
}
END_TEST

static int run_killed_at_its_end(void *arg)
{
    runner_t *runner = test_runner();
    runner_run(runner, return_before_the_signal, runner, NULL, &arg);
    child_say("alive");
    return 0;
}

START_TEST(R130_sigint_after_main_is_done_has_its_normal_effect)
{
    child_t child;
    child_run(&child, run_killed_at_its_end, NULL, 10000);
    ck_assert_child_signaled(&child, SIGINT);
    ck_assert_str_eq(child.out, "");
}
END_TEST

/* A callback of the last iteration: no signal came, so there is none to deliver again. */
static int interrupt_late(void *arg)
{
    child_assert_code(runner_interrupt(arg), 0);
    return 0;
}

static int return_before_the_call(void *arg, void **result)
{
    child_assert_code(runner_call_soon(runner_current(), interrupt_late, runner_current(), NULL),
                      0);
    *result = arg;
    return 0;
}

static int run_interrupted_at_its_end(void *arg)
{
    static const int32_t signals[] = {RUNNER_SIGNALS_AUTO, RUNNER_SIGNALS_NONE};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        runner_options_t opts = test_options();
        opts.signals = signals[i];
        runner_t *runner = test_runner_with(&opts);
        child_assert_code(runner_run(runner, return_before_the_call, value_of(6), NULL, &arg), 0);
        child_assert(number_of(arg) == 6);
        child_assert_code(runner_run(runner, return_before_the_call, value_of(7), NULL, &arg), 0);
        runner_free(runner);
    }
    return 0;
}

START_TEST(R130_interrupt_call_after_main_is_done_raises_no_signal)
{
    expect_child(run_interrupted_at_its_end);
}
END_TEST

static int raise_between_runs(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    child_say("between");
    raise_sigint();
    child_say("alive");
    return 0;
}

START_TEST(R131_sigint_between_two_runs_is_not_ours)
{
    child_t child;
    child_run(&child, raise_between_runs, NULL, 10000);
    ck_assert_child_signaled(&child, SIGINT);
    ck_assert_str_eq(child.out, "between\n");
}
END_TEST

static int handle_between_runs(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    child_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    set_user_handler(SIGINT);
    raise_sigint();
    child_assert(user_signals == 1);
    disposition_t before = disposition_of(SIGINT);
    child_assert_code(runner_run(runner, raise_and_yield, &before, NULL, NULL), 0);
    child_assert(user_signals == 2);
    runner_free(runner);
    return 0;
}

START_TEST(R131_handler_set_between_two_runs_is_respected)
{
    expect_child(handle_between_runs);
}
END_TEST

static int run_again_and_again(void *arg)
{
    (void)arg;
    void *result = NULL;
    runner_t *runner = test_runner();
    for (int i = 0; i < 3; i++) {
        runner_call_later(runner, 10, raise_signal, value_of(SIGINT), NULL, NULL);
        child_assert_code(runner_run(runner, clean_up_with_awaits, NULL, NULL, NULL), RUNNER_EINTR);
        child_assert_code(runner_run(runner, see_ours, NULL, NULL, NULL), 0);
    }
    runner_call_later(runner, 10, raise_signal, value_of(SIGINT), NULL, NULL);
    child_assert_code(runner_run(runner, answer_cancel, value_of(0), NULL, &result), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R133_every_run_counts_its_own_signals)
{
    expect_child(run_again_and_again);
}
END_TEST

static int sleep_a_while(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(100);
}

/* Main of the first run: goes on where a second SIGINT left it. */
static int go_on_later(void *arg, void **result)
{
    child_assert_code(park(arg, result), RUNNER_ECANCELED);
    raise_sigint();
    child_assert_code(runner_sleep(50), 0);
    log_add("old main goes on");
    int code = park(arg, result);
    log_add("%s", code_name(code));
    return code;
}

static int run_after_two_sigints(void *arg)
{
    (void)arg;
    runner_t *runner = runner_with_sigint();
    child_assert_code(runner_run(runner, go_on_later, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert(log_text()[0] == '\0');
    child_assert_code(runner_run(runner, sleep_a_while, NULL, NULL, NULL), 0);
    child_assert(strcmp(log_text(), "old main goes on") == 0);
    child_assert_code(runner_close(runner), 0);
    child_assert(strcmp(log_text(), "old main goes on,RUNNER_ECANCELED") == 0);
    runner_free(runner);
    return 0;
}

START_TEST(R134_main_that_was_left_goes_on_in_the_next_run_and_ends_in_close)
{
    expect_child(run_after_two_sigints);
}
END_TEST

/* --- during close ------------------------------------------------------------------------ */

/* A leftover whose cleanup takes an hour. */
static int clean_up_too_long(void *arg, void **result)
{
    park(arg, result);
    child_say("task cleans up");
    return park(arg, result);
}

static int close_quickly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    child_say("closable closes");
    return 0;
}

static int close_too_long(void *arg, void **result)
{
    close_quickly(arg, result);
    return park(arg, result);
}

static int leave_long_cleanup(void *arg, void **result)
{
    (void)result;
    runner_spawn_options_t opts = {.size = sizeof opts, .name = "slow", .drop = drop_count};
    child_assert_code(runner_spawn(clean_up_too_long, arg, &opts, NULL), 0);
    return runner_yield();
}

static size_t reported(const runner_t *runner, int kind)
{
    const runner_report_t *report = NULL;
    child_assert_code(runner_get_report(runner, &report), 0);
    return runner_report_count(report, kind);
}

/* Close a runner with such a leftover and a closable; SIGINT is as before afterwards. */
static runner_t *close_slowly(runner_fn closable, int expected)
{
    disposition_t before = disposition_of(SIGINT);
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_closable_register(runner, "c", closable, NULL, drop_count, NULL), 0);
    child_assert_code(runner_run(runner, leave_long_cleanup, NULL, NULL, NULL), 0);
    child_assert_code(runner_close(runner), expected);
    child_assert(disposition_is(SIGINT, &before));
    child_assert(runner_is_closed(runner));
    child_assert(drops() == 2);
    return runner;
}

static int close_interrupted_once(void *arg)
{
    (void)arg;
    runner_t *runner = close_slowly(close_quickly, RUNNER_EINTR);
    child_assert(reported(runner, RUNNER_REPORT_ABANDONED) == 1);
    runner_free(runner);
    return 0;
}

START_TEST(R132_first_sigint_in_close_goes_on_with_the_next_phase)
{
    child_t child;
    child_run_signalled(&child, close_interrupted_once, SIGINT,
                        (const char *const[]){"task cleans up\n", NULL});
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "task cleans up\nclosable closes\n");
}
END_TEST

static int close_interrupted_twice(void *arg)
{
    (void)arg;
    runner_t *runner = close_slowly(close_too_long, RUNNER_EINTR);
    child_assert(reported(runner, RUNNER_REPORT_ABANDONED) == 2);
    runner_free(runner);
    return 0;
}

START_TEST(R132_second_sigint_in_close_abandons_what_is_left)
{
    child_t child;
    child_run_signalled(
        &child, close_interrupted_twice, SIGINT,
        (const char *const[]){"task cleans up\n", "task cleans up\nclosable closes\n", NULL});
    ck_assert_child_exited(&child, 0);
}
END_TEST

static int leave_task_and_closable(void *arg, void **result)
{
    child_assert_code(
        runner_closable_register(runner_current(), "c", close_too_long, NULL, NULL, NULL), 0);
    return leave_long_cleanup(arg, result);
}

static int main_interrupted_in_shutdown(void *arg)
{
    (void)arg;
    int code = runner_main(leave_task_and_closable, NULL, NULL, NULL);
    child_assert_code(code, RUNNER_EINTR);
    runner_die_by_signal(code);
    return 0;
}

START_TEST(R132_R139_one_shot_run_whose_shutdown_is_interrupted_says_so)
{
    child_t child;
    child_run_signalled(
        &child, main_interrupted_in_shutdown, SIGINT,
        (const char *const[]){"task cleans up\n", "task cleans up\nclosable closes\n", NULL});
    ck_assert_child_signaled(&child, SIGINT);
}
END_TEST

/* A job that says when the executor drains, and never ends. */
static int never_end(void *arg, void **result)
{
    (void)result;
    while (runner_run_in_executor(arg, never_end, NULL, NULL, NULL) == RUNNER_ETHREAD)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    child_say("draining");
    for (;;)
        pause();
    return 0;
}

static int close_with_a_stuck_job(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner_with(NULL);
    child_assert_code(runner_run_in_executor(runner, never_end, runner, NULL, NULL), 0);
    child_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    child_assert_code(runner_close(runner), RUNNER_EINTR);
    child_assert(reported(runner, RUNNER_REPORT_JOB) == 1);
    _exit(0); /* without freeing the runner, which the job has seen */
}

START_TEST(R110_R132_sigint_in_close_gives_up_a_job)
{
    child_t child;
    child_run_signalled(&child, close_with_a_stuck_job, SIGINT,
                        (const char *const[]){"draining\n", NULL});
    ck_assert_child_exited(&child, 0);
}
END_TEST

static int close_with_user_handler(void *arg)
{
    (void)arg;
    set_user_handler(SIGINT);
    disposition_t before = disposition_of(SIGINT);
    runner_t *runner = test_runner();
    child_assert_code(runner_closable_register(runner, "c", raise_and_yield, &before, NULL, NULL),
                      0);
    child_assert_code(runner_close(runner), 0);
    child_assert(user_signals == 1);
    child_assert(disposition_is(SIGINT, &before));
    runner_free(runner);
    return 0;
}

START_TEST(R116_R132_close_leaves_a_handler_of_the_program_alone)
{
    expect_child(close_with_user_handler);
}
END_TEST

/* --- exit statuses ----------------------------------------------------------------------- */

START_TEST(R139_exit_status_follows_the_shell)
{
    ck_assert_int_eq(runner_exit_status(0), 0);
    ck_assert_int_eq(runner_exit_status(RUNNER_EINTR), 130);
    ck_assert_int_eq(runner_exit_status(RUNNER_ETERM), 143);
    ck_assert_int_eq(runner_exit_status(RUNNER_EHUP), 129);
    ck_assert_int_eq(runner_exit_status(RUNNER_ECANCELED), 1);
    ck_assert_int_eq(runner_exit_status(MAIN_ERROR), 1);
    ck_assert_int_eq(runner_signal_of(RUNNER_EINTR), SIGINT);
    ck_assert_int_eq(runner_signal_of(RUNNER_ETERM), SIGTERM);
    ck_assert_int_eq(runner_signal_of(RUNNER_EHUP), SIGHUP);
    ck_assert_int_eq(runner_signal_of(RUNNER_ECANCELED), 0);
    ck_assert_int_eq(runner_signal_of(0), 0);
}
END_TEST

static void never_called(void)
{
    child_say("exit handler");
}

/* Dies also where the signal is ignored and blocked. */
static int die(void *arg)
{
    int code = (int)number_of(arg);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signal(runner_signal_of(code), SIG_IGN);
    atexit(never_called);
    static char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    fputs("buffered", stdout);
    runner_die_by_signal(code);
    return 0;
}

START_TEST(R139_die_by_signal_flushes_and_dies_whatever_the_disposition)
{
    static const int codes[] = {RUNNER_EINTR, RUNNER_ETERM, RUNNER_EHUP};
    child_t child;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        child_run(&child, die, value_of(codes[i]), 10000);
        ck_assert_child_signaled(&child, runner_signal_of(codes[i]));
        ck_assert_str_eq(child.out, "buffered");
    }
}
END_TEST

static int do_not_die(void *arg)
{
    (void)arg;
    runner_die_by_signal(0);
    runner_die_by_signal(RUNNER_ECANCELED);
    runner_die_by_signal(MAIN_ERROR);
    return 0;
}

START_TEST(R139_other_codes_kill_nobody)
{
    expect_child(do_not_die);
}
END_TEST

/* What hello.c does: the whole program in three lines. */
static int whole_program(void *arg)
{
    (void)arg;
    int code = runner_main(park_aloud, NULL, NULL, NULL);
    runner_die_by_signal(code);
    return runner_exit_status(code);
}

START_TEST(R139_program_that_is_interrupted_dies_by_sigint)
{
    child_t child;
    child_run_signalled(&child, whole_program, SIGINT, (const char *const[]){"parked\n", NULL});
    ck_assert_child_signaled(&child, SIGINT);
    ck_assert_str_eq(child.out, "parked\nmain RUNNER_ECANCELED, reason 4\n");
}
END_TEST

/* --- SIGTERM and SIGHUP ------------------------------------------------------------------ */

START_TEST(R140_sigterm_is_not_ours_unless_asked_for)
{
    child_t child;
    child_run_signalled(&child, whole_program, SIGTERM, (const char *const[]){"parked\n", NULL});
    ck_assert_child_signaled(&child, SIGTERM);
    ck_assert_str_eq(child.out, "parked\n");
}
END_TEST

static int run_with_set(int signals, int expected)
{
    disposition_t before[] = {disposition_of(SIGINT), disposition_of(SIGTERM),
                              disposition_of(SIGHUP)};
    runner_options_t opts = {.size = sizeof opts, .signals = signals};
    runner_t *runner = test_runner_with(&opts);
    child_assert_code(runner_run(runner, park_aloud, NULL, NULL, NULL), expected);
    child_assert(disposition_is(SIGINT, &before[0]));
    child_assert(disposition_is(SIGTERM, &before[1]));
    child_assert(disposition_is(SIGHUP, &before[2]));
    runner_free(runner);
    return 0;
}

static int run_with_sigterm(void *arg)
{
    (void)arg;
    return run_with_set(RUNNER_SIGNALS_INT | RUNNER_SIGNALS_TERM | RUNNER_SIGNALS_HUP,
                        RUNNER_ETERM);
}

static int run_with_sighup(void *arg)
{
    (void)arg;
    return run_with_set(RUNNER_SIGNALS_HUP, RUNNER_EHUP);
}

START_TEST(R140_signal_that_was_asked_for_is_named_in_the_outcome)
{
    child_t child;
    child_run_signalled(&child, run_with_sigterm, SIGTERM, (const char *const[]){"parked\n", NULL});
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "parked\nmain RUNNER_ECANCELED, reason 5\n");
    ck_assert_int_eq(RUNNER_REASON_SIGTERM, 5);

    child_run_signalled(&child, run_with_sighup, SIGHUP, (const char *const[]){"parked\n", NULL});
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "parked\nmain RUNNER_ECANCELED, reason 6\n");
    ck_assert_int_eq(RUNNER_REASON_SIGHUP, 6);
}
END_TEST

START_TEST(R140_set_without_sigint_leaves_sigint_alone)
{
    child_t child;
    child_run_signalled(&child, run_with_sighup, SIGINT, (const char *const[]){"parked\n", NULL});
    ck_assert_child_signaled(&child, SIGINT);
}
END_TEST

/* --- runner_interrupt() ------------------------------------------------------------------ */

static int interrupt_callback(void *arg)
{
    child_assert_code(runner_interrupt(arg), 0);
    return 0;
}

static int run_interrupted_by_call(void *arg)
{
    (void)arg;
    runner_options_t opts = test_options();
    opts.signals = RUNNER_SIGNALS_NONE;
    runner_t *runner = test_runner_with(&opts);
    child_assert_code(runner_interrupt(runner), RUNNER_ENOLOOP);
    runner_call_later(runner, 10, interrupt_callback, runner, NULL, NULL);
    child_assert_code(runner_run(runner, clean_up_with_awaits, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert_code(runner_interrupt(runner), RUNNER_ENOLOOP);
    child_assert_code(runner_run(runner, sleep_a_while, NULL, NULL, NULL), 0);
    child_assert_code(runner_close(runner), 0);
    child_assert_code(runner_interrupt(runner), RUNNER_ECLOSED);
    child_assert_code(runner_interrupt(NULL), RUNNER_EINVAL);
    runner_free(runner);
    return 0;
}

START_TEST(R119_interrupt_call_does_what_sigint_does)
{
    expect_child(run_interrupted_by_call);
}
END_TEST

static int park_twice(void *arg, void **result)
{
    child_assert_code(park(arg, result), RUNNER_ECANCELED);
    return park(arg, result);
}

static int run_interrupted_by_two_calls(void *arg)
{
    (void)arg;
    runner_t *runner = test_runner();
    runner_call_later(runner, 10, interrupt_callback, runner, NULL, NULL);
    runner_call_later(runner, 20, interrupt_callback, runner, NULL, NULL);
    child_assert_code(runner_run(runner, park_twice, NULL, NULL, NULL), RUNNER_EINTR);
    child_assert(now_ms(runner) == 20);
    child_assert_code(runner_run(runner, do_nothing, NULL, NULL, NULL), 0);
    child_assert_code(runner_close(runner), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R128_second_interrupt_call_ends_the_run)
{
    expect_child(run_interrupted_by_two_calls);
}
END_TEST

static runner_t *volatile handled_runner;

static void interrupting_handler(int signal_number)
{
    (void)signal_number;
    runner_interrupt(handled_runner);
}

/* A program with a handler of its own, which hands the signal on. */
static int run_with_interrupting_handler(void *arg)
{
    (void)arg;
    signal(SIGUSR1, interrupting_handler);
    handled_runner = test_runner_with(NULL);
    child_assert_code(runner_run(handled_runner, park_aloud, NULL, NULL, NULL), RUNNER_EINTR);
    runner_free(handled_runner);
    return 0;
}

START_TEST(R121_interrupt_call_is_safe_in_a_signal_handler)
{
    child_t child;
    child_run_signalled(&child, run_with_interrupting_handler, SIGUSR1,
                        (const char *const[]){"parked\n", NULL});
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "parked\nmain RUNNER_ECANCELED, reason 4\n");
}
END_TEST

static void *interrupt_in_thread(void *arg)
{
    sem_wait(arg);
    child_assert_code(runner_interrupt(handled_runner), 0);
    return NULL;
}

static int run_interrupted_by_thread(void *arg)
{
    pthread_t thread;
    sem_t parked;
    (void)arg;
    sem_init(&parked, 0, 0);
    handled_runner = test_runner_with(NULL);
    child_assert(pthread_create(&thread, NULL, interrupt_in_thread, &parked) == 0);
    child_assert_code(runner_run(handled_runner, post_and_park, &parked, NULL, NULL), RUNNER_EINTR);
    pthread_join(thread, NULL);
    runner_free(handled_runner);
    sem_destroy(&parked);
    return 0;
}

START_TEST(R121_interrupt_call_from_another_thread_wakes_the_loop)
{
    expect_child(run_interrupted_by_thread);
}
END_TEST

/* --- the suite --------------------------------------------------------------------------- */

static void add_dispositions(Suite *suite)
{
    TCase *tcase = test_case(suite, "dispositions");
    tcase_add_test(tcase, R114_disposition_is_ours_inside_and_restored_byte_for_byte);
    tcase_add_test(tcase, R114_R140_other_signals_and_the_mask_are_left_alone);
    tcase_add_test(tcase, R114_option_none_touches_nothing);
    tcase_add_test(tcase, R115_run_in_another_thread_leaves_sigint_to_the_program);
    tcase_add_test(tcase, R116_handler_of_the_program_is_left_alone_and_gets_the_signal);
    tcase_add_test(tcase, R116_ignored_sigint_stays_ignored);
    tcase_add_test(tcase, R117_run_works_where_no_handler_can_be_installed);
    tcase_add_test(tcase, R118_handler_that_the_program_set_during_the_run_stays);
}

static void add_first(Suite *suite)
{
    TCase *tcase = test_case(suite, "first");
    tcase_add_test(tcase, R119_R121_loop_that_waits_in_the_kernel_wakes_at_once);
    tcase_add_test(tcase, R119_first_sigint_cancels_what_main_waits_for);
#ifdef TEST_UNDER_TSAN
    /* It keeps a signal for the fiber that it met, and now and then for ever if that only yields. */
    (void)R120_first_sigint_while_main_only_yields;
#else
    tcase_add_test(tcase, R120_first_sigint_while_main_only_yields);
#endif
    tcase_add_test(tcase, R122_sigint_in_a_tight_loop_comes_where_main_parks_or_returns);
    tcase_add_test(tcase, R123_cleanup_runs_to_its_end);
    tcase_add_test(tcase, R124_R125_main_may_swallow_the_cancel_or_turn_it_into_an_error);
    tcase_add_test(tcase, R126_cancelled_by_sigint_and_by_someone_else_is_cancelled);
    tcase_add_test(tcase, R127_cancel_that_no_count_ties_to_the_signal_is_cancelled);
    tcase_add_test(tcase, R135_cancel_after_sigint_was_taken_back_is_not_sigints);
    tcase_add_test(tcase, R136_cancel_goes_to_the_innermost_wait_first);
    tcase_add_test(tcase, R137_sigint_inside_a_time_limit_is_no_time_out);
    tcase_add_test(tcase, R138_shielded_task_goes_on_until_close);
    tcase_add_test(tcase, R121_signal_that_another_thread_receives_wakes_the_loop);
}

static void add_second(Suite *suite)
{
    TCase *tcase = test_case(suite, "second");
    tcase_add_test(tcase, R128_second_sigint_ends_the_run_and_close_cancels_main_again);
    tcase_add_test(tcase, R128_ctrl_c_twice_from_outside);
    tcase_add_test(tcase, R129_R139_second_sigint_in_a_tight_loop_kills_the_process);
    tcase_add_test(tcase, R129_R139_ctrl_c_again_and_again_ends_a_stuck_program);
    tcase_add_test(tcase, R134_main_that_was_left_goes_on_in_the_next_run_and_ends_in_close);
}

static void add_around(Suite *suite)
{
    TCase *tcase = test_case(suite, "around");
    tcase_add_test(tcase, R130_sigint_after_main_is_done_keeps_the_result_and_is_delivered_again);
    tcase_add_test(tcase, R130_interrupt_call_after_main_is_done_raises_no_signal);
    tcase_add_test(tcase, R130_sigint_after_main_is_done_has_its_normal_effect);
    tcase_add_test(tcase, R131_sigint_between_two_runs_is_not_ours);
    tcase_add_test(tcase, R131_handler_set_between_two_runs_is_respected);
    tcase_add_test(tcase, R133_every_run_counts_its_own_signals);

    tcase = test_case(suite, "close");
    tcase_add_test(tcase, R132_first_sigint_in_close_goes_on_with_the_next_phase);
    tcase_add_test(tcase, R132_second_sigint_in_close_abandons_what_is_left);
    tcase_add_test(tcase, R132_R139_one_shot_run_whose_shutdown_is_interrupted_says_so);
    tcase_add_test(tcase, R110_R132_sigint_in_close_gives_up_a_job);
    tcase_add_test(tcase, R116_R132_close_leaves_a_handler_of_the_program_alone);
}

static void add_outcomes(Suite *suite)
{
    TCase *tcase = test_case(suite, "outcomes");
    tcase_add_test(tcase, R139_exit_status_follows_the_shell);
    tcase_add_test(tcase, R139_die_by_signal_flushes_and_dies_whatever_the_disposition);
    tcase_add_test(tcase, R139_other_codes_kill_nobody);
    tcase_add_test(tcase, R139_program_that_is_interrupted_dies_by_sigint);
    tcase_add_test(tcase, R140_sigterm_is_not_ours_unless_asked_for);
    tcase_add_test(tcase, R140_signal_that_was_asked_for_is_named_in_the_outcome);
    tcase_add_test(tcase, R140_set_without_sigint_leaves_sigint_alone);

    tcase = test_case(suite, "interrupt");
    tcase_add_test(tcase, R119_interrupt_call_does_what_sigint_does);
    tcase_add_test(tcase, R128_second_interrupt_call_ends_the_run);
    tcase_add_test(tcase, R121_interrupt_call_is_safe_in_a_signal_handler);
    tcase_add_test(tcase, R121_interrupt_call_from_another_thread_wakes_the_loop);
}

int main(void)
{
    Suite *suite = suite_create("sigint");
    add_dispositions(suite);
    add_first(suite);
    add_second(suite);
    add_around(suite);
    add_outcomes(suite);
    return test_main(suite);
}
