/* Guest mode: signals are the program's. All of this in child processes. */
#include "child_signals.h"
#include "guests.h"

#include <unistd.h>

/* --- dispositions ------------------------------------------------------------------------ */

typedef struct signals {
    disposition_t all[65];
    stack_t stack;
} signals_t;

static void signals_read(signals_t *signals)
{
    for (int i = 1; i <= 64; i++) {
        signals->all[i] = disposition_of(i);
    }
    child_assert(sigaltstack(NULL, &signals->stack) == 0);
}

static void signals_compare(const signals_t *signals)
{
    stack_t stack;
    for (int i = 1; i <= 64; i++) {
        child_assert(disposition_is(i, &signals->all[i]));
    }
    child_assert(sigaltstack(NULL, &stack) == 0);
    child_assert(stack.ss_sp == signals->stack.ss_sp);
    child_assert(stack.ss_flags == signals->stack.ss_flags);
}

static int compare_in_task(void *arg, void **result)
{
    (void)result;
    signals_compare(arg);
    child_assert_code(runner_sleep(1), 0);
    signals_compare(arg);
    return 0;
}

static const int takes[] = {RUNNER_SIGNALS_AUTO,
                            RUNNER_SIGNALS_INT | RUNNER_SIGNALS_TERM | RUNNER_SIGNALS_HUP,
                            RUNNER_SIGNALS_NONE};

static int change_nothing(void *arg)
{
    signals_t signals;
    ending_t ending = {0};
    signals_read(&signals);
    runner_t *runner = child_guest(*(const int *)arg);
    signals_compare(&signals);
    child_assert_code(
        runner_start(runner, compare_in_task, &signals, NULL, child_note_ending, &ending), 0);
    signals_compare(&signals);
    uv_run(&program, UV_RUN_DEFAULT);
    child_assert(ending.times == 1);
    signals_compare(&signals);
    child_end(runner);
    signals_compare(&signals);
    return 0;
}

START_TEST(R207_a_guest_changes_no_disposition)
{
    child_t child;
    int signals = takes[_i];
    child_run(&child, change_nothing, &signals, 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

static int sleep_and_say(void *arg, void **result)
{
    (void)arg;
    (void)result;
    child_say("sleeps");
    int code = runner_sleep(3600 * 1000);
    child_say("%s", code_name(code));
    return code;
}

static int wait_for_sigint(void *arg)
{
    ending_t ending = {0};
    runner_t *runner = child_guest(*(const int *)arg);
    child_assert_code(runner_start(runner, sleep_and_say, NULL, NULL, child_note_ending, &ending),
                      0);
    uv_run(&program, UV_RUN_DEFAULT);
    return 1;
}

/* The program has no handler, so it dies, as it would without a guest. */
START_TEST(R207_sigint_is_not_the_guests)
{
    child_t child;
    int signals = takes[_i];
    child_start(&child, wait_for_sigint, &signals, 10000);
    ck_assert_int_eq(child_await_output(&child, "sleeps"), 1);
    child_signal(&child, SIGINT);
    child_finish(&child);
    ck_assert_child_signaled(&child, SIGINT);
    ck_assert_ptr_null(strstr(child.out, "RUNNER_"));
}
END_TEST

/* --- the program hands signals on -------------------------------------------------------- */

static runner_t *interrupted;

static void on_signal(uv_signal_t *handle, int number)
{
    child_assert(runner_current() == NULL);
    child_assert_code(runner_interrupt(interrupted), 0);
    child_say("signal %d", number);
    if (handle->data != NULL) {
        uv_close((uv_handle_t *)handle, NULL);
    }
}

static int hand_on_by_uv(void *arg)
{
    ending_t ending = {0};
    uv_signal_t sigint;
    (void)arg;
    interrupted = child_guest(RUNNER_SIGNALS_AUTO);
    child_assert(uv_signal_init(&program, &sigint) == 0);
    sigint.data = &program;
    child_assert(uv_signal_start(&sigint, on_signal, SIGINT) == 0);
    child_assert_code(
        runner_start(interrupted, sleep_and_say, NULL, NULL, child_note_ending, &ending), 0);
    uv_run(&program, UV_RUN_DEFAULT);
    child_assert(ending.times == 1);
    child_assert_code(ending.code, RUNNER_EINTR);
    child_assert_code(runner_interrupt(interrupted), RUNNER_ENOLOOP);
    child_end(interrupted);
    return 0;
}

START_TEST(R119_R207_the_program_hands_a_signal_on)
{
    child_t child;
    child_start(&child, hand_on_by_uv, NULL, 10000);
    ck_assert_int_eq(child_await_output(&child, "sleeps"), 1);
    child_signal(&child, SIGINT);
    child_finish(&child);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "sleeps\nsignal 2\nRUNNER_ECANCELED\n");
}
END_TEST

static void handle_signal(int number)
{
    (void)number;
    (void)runner_interrupt(interrupted);
}

static int hand_on_by_handler(void *arg)
{
    ending_t ending = {0};
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};
    (void)arg;
    interrupted = child_guest(RUNNER_SIGNALS_AUTO);
    child_assert(sigaction(SIGTERM, &action, NULL) == 0);
    child_assert_code(
        runner_start(interrupted, sleep_and_say, NULL, NULL, child_note_ending, &ending), 0);
    uv_run(&program, UV_RUN_DEFAULT);
    child_assert(ending.times == 1);
    child_assert_code(ending.code, RUNNER_EINTR);
    child_end(interrupted);
    return 0;
}

START_TEST(R121_R207_a_signal_handler_wakes_the_loop)
{
    child_t child;
    child_start(&child, hand_on_by_handler, NULL, 10000);
    ck_assert_int_eq(child_await_output(&child, "sleeps"), 1);
    ck_assert_int_eq(child_await_sleep(&child), 1);
    child_signal(&child, SIGTERM);
    child_finish(&child);
    ck_assert_child_exited(&child, 0);
    ck_assert_str_eq(child.out, "sleeps\nRUNNER_ECANCELED\n");
}
END_TEST

/* --- interrupts, without any signal ------------------------------------------------------ */

static int begun;

static int swallow(void *arg, void **result)
{
    (void)arg;
    (void)result;
    begun = 1;
    log_add("%s", code_name(runner_sleep(3600 * 1000)));
    int code = runner_sleep(3600 * 1000);
    log_add("then %s", code_name(code));
    return code;
}

/* The first once main has begun, the second once it has heard of that. */
static void interrupt_twice(tick_t *tick)
{
    int heard = strstr(log_text(), "RUNNER_ECANCELED") != NULL;
    if (begun == 1 || heard) {
        begun++;
        ck_assert_code(runner_interrupt(tick->arg), 0);
    }
    if (heard) {
        tick_end(tick);
    }
}

START_TEST(R128_R207_the_second_interrupt_ends_the_run)
{
    ending_t ending;
    tick_t tick;
    begun = 0;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, swallow, NULL, &ending);
    tick_start(&tick, 2, interrupt_twice, runner);
    program_run();
    ck_assert_ended(&ending, RUNNER_EINTR);
    log_expect("RUNNER_ECANCELED,ended RUNNER_EINTR");

    /* Main was left pending, as in own mode: the next run goes on with it, the close ends it. */
    ck_assert_code(guest_run(runner, log_body, "next"), 0);
    log_expect("next,ended 0");
    ck_assert_code(runner_interrupt(runner), RUNNER_ENOLOOP);
    guest_end(runner);
    log_expect("then RUNNER_ECANCELED,ended 0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest signals");
    TCase *untouched = test_case(suite, "untouched");
    tcase_add_loop_test(untouched, R207_a_guest_changes_no_disposition, 0, 3);
    tcase_add_loop_test(untouched, R207_sigint_is_not_the_guests, 0, 3);

    TCase *handed_on = test_case(suite, "handed_on");
    tcase_add_test(handed_on, R119_R207_the_program_hands_a_signal_on);
    tcase_add_test(handed_on, R121_R207_a_signal_handler_wakes_the_loop);
    tcase_add_test(handed_on, R128_R207_the_second_interrupt_ends_the_run);
    return test_main(suite);
}
