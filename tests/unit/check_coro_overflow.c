/*
 * A stack overflow ends the process, says whose it was, and leaves everybody else's faults alone.
 * Every test that crashes does so in a child of its own.
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/coro.h"
#include "coro/guard.h"
#include "coro/overflow.h"
#include "coro/slab.h"

#define HEADER_BYTES 256
#define NOINLINE __attribute__((noinline))

typedef struct outcome {
    int status;
    char text[4096];
} outcome_t;

/* Runs the body in a child whose stderr is read; the body should not return. */
static outcome_t in_child(void (*body)(void))
{
    outcome_t outcome = {0};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        body();
        _exit(99);
    }
    (void)close(ends[1]);
    size_t used = 0;
    for (ssize_t n; used < sizeof outcome.text - 1; used += (size_t)n) {
        n = read(ends[0], outcome.text + used, sizeof outcome.text - 1 - used);
        if (n <= 0) {
            break;
        }
    }
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(child, &outcome.status, 0), child);
    return outcome;
}

static runner__stackpool_t pool;
static runner__coro_t native;
static size_t stack_bytes;

static const char *label(const void *owner)
{
    return owner;
}

static NOINLINE int recurse(int depth)
{
    volatile char fill[512];
    fill[0] = (char)depth;
    int below = depth > 1000000 ? 0 : recurse(depth + 1);
    return below + fill[0];
}

static void overflow(void *arg)
{
    (void)recurse(0);
    runner__coro_exit(arg, &native);
}

/* Overflows by little and then comes back, as a word that only a canary notices. */
static void trespass(void *arg)
{
    runner__coro_t *self = arg;
    *(volatile char *)self->stack->limit = 1;
    runner__coro_switch(self, &native);
    runner__coro_exit(self, &native);
}

static void run_on_stack(void (*entry)(void *), const char *name)
{
    runner__stackpool_init(&pool, HEADER_BYTES, 0);
    runner__coro_main_init(&native);
    if (runner__overflow_guard_thread() != 0 || runner__overflow_install() != 0) {
        _exit(98);
    }
    runner__stack_t *stack = runner__stack_acquire(&pool, stack_bytes);
    if (stack == NULL) {
        _exit(97);
    }
    stack->label = name != NULL ? label : NULL;
    stack->owner = name;
    runner__coro_make(stack->header, stack, entry, stack->header);
    runner__coro_switch(&native, stack->header);
}

static void overflow_with_name(void)
{
    run_on_stack(overflow, "worker-7");
}

static void overflow_without_name(void)
{
    run_on_stack(overflow, NULL);
}

static void assert_killed_with(const outcome_t *outcome, const char *message)
{
    ck_assert_msg(WIFSIGNALED(outcome->status), "status %x, text: %s", outcome->status,
                  outcome->text);
    ck_assert_int_eq(WTERMSIG(outcome->status), SIGSEGV);
    ck_assert_msg(strstr(outcome->text, message) != NULL, "text: %s", outcome->text);
}

START_TEST(test_overflow__names_the_owner_and_dies_by_segv)
{
    outcome_t outcome = in_child(overflow_with_name);
    assert_killed_with(&outcome, "librunner: stack overflow in task 'worker-7' (64 KiB stack); "
                                 "raise stack_bytes\n");
}
END_TEST

START_TEST(test_overflow__without_a_name_and_of_another_size)
{
    stack_bytes = (size_t)128 * 1024;
    outcome_t outcome = in_child(overflow_without_name);
    stack_bytes = 0;
    assert_killed_with(&outcome, "librunner: stack overflow in a coroutine (128 KiB stack); ");
}
END_TEST

static void overflow_with_long_name(void)
{
    static char name[1000];
    memset(name, 'x', sizeof name - 1);
    run_on_stack(overflow, name);
}

START_TEST(test_overflow__a_very_long_name_is_cut)
{
    outcome_t outcome = in_child(overflow_with_long_name);
    assert_killed_with(&outcome, "xxx' (64 KiB stack); raise stack_bytes\n");
}
END_TEST

START_TEST(test_overflow__is_caught_by_mprotect_guards)
{
    runner__guard_force(RUNNER__GUARD_MPROTECT);
    outcome_t outcome = in_child(overflow_with_name);
    runner__guard_force(RUNNER__GUARD_UNKNOWN);
    assert_killed_with(&outcome, "in task 'worker-7'");
}
END_TEST

static void trespass_with_name(void)
{
    run_on_stack(trespass, "worker-8");
}

START_TEST(test_overflow__is_noticed_by_the_canary_on_the_next_switch)
{
    runner__guard_force(RUNNER__GUARD_CANARY);
    outcome_t outcome = in_child(trespass_with_name);
    runner__guard_force(RUNNER__GUARD_UNKNOWN);
    assert_killed_with(&outcome, "in task 'worker-8'");
}
END_TEST

static void *thread_overflows(void *unused)
{
    (void)unused;
    overflow_with_name();
    return NULL;
}

static void overflow_on_thread(void)
{
    pthread_t thread;
    (void)runner__overflow_guard_thread();
    (void)runner__overflow_install();
    if (pthread_create(&thread, NULL, thread_overflows, NULL) == 0) {
        (void)pthread_join(thread, NULL);
    }
}

START_TEST(test_overflow__on_another_thread)
{
    outcome_t outcome = in_child(overflow_on_thread);
    assert_killed_with(&outcome, "in task 'worker-7'");
}
END_TEST

static runner__stack_t *made_before_fork;

static void overflow_made_before_fork(void)
{
    (void)runner__overflow_guard_thread();
    (void)runner__overflow_install();
    runner__coro_make(made_before_fork->header, made_before_fork, overflow,
                      made_before_fork->header);
    runner__coro_switch(&native, made_before_fork->header);
}

START_TEST(test_overflow__guards_hold_in_a_child_process)
{
    runner__stackpool_init(&pool, HEADER_BYTES, 0);
    runner__coro_main_init(&native);
    made_before_fork = runner__stack_acquire(&pool, 0);
    ck_assert_ptr_nonnull(made_before_fork);
    made_before_fork->label = label;
    made_before_fork->owner = "worker-9";
    outcome_t outcome = in_child(overflow_made_before_fork);
    assert_killed_with(&outcome, "in task 'worker-9'");
    runner__stack_release(&pool, made_before_fork);
    runner__stackpool_destroy(&pool);
}
END_TEST

static volatile sig_atomic_t seen_signal;

static void exit_42(int signum, siginfo_t *info, void *context)
{
    (void)context;
    _exit(signum == SIGSEGV && info->si_addr == (void *)16 ? 42 : 43);
}

static void exit_44(int signum)
{
    _exit(signum == SIGSEGV ? 44 : 45);
}

/* Through a variable, so that no compiler knows that it is wrong. */
static volatile uintptr_t bad_address = 16;

static NOINLINE void fault(void)
{
    *(volatile char *)bad_address = 1;
}

static void fault_on_coroutine(void *arg)
{
    fault();
    runner__coro_exit(arg, &native);
}

static void install_before(void (*extended)(int, siginfo_t *, void *), void (*plain)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    if (extended != NULL) {
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        action.sa_sigaction = extended;
    } else {
        action.sa_handler = plain;
    }
    (void)sigaction(SIGSEGV, &action, NULL);
}

static void foreign_fault_extended(void)
{
    install_before(exit_42, NULL);
    run_on_stack(fault_on_coroutine, "innocent");
}

static void foreign_fault_plain(void)
{
    install_before(NULL, exit_44);
    (void)runner__overflow_guard_thread();
    (void)runner__overflow_install();
    fault();
}

static void foreign_fault_default(void)
{
    install_before(NULL, SIG_DFL);
    run_on_stack(fault_on_coroutine, "innocent");
}

static void sent_signal_default(void)
{
    install_before(NULL, SIG_DFL);
    (void)runner__overflow_guard_thread();
    (void)runner__overflow_install();
    (void)raise(SIGSEGV);
}

static void sent_signal_ignored(void)
{
    install_before(NULL, SIG_IGN);
    (void)runner__overflow_guard_thread();
    (void)runner__overflow_install();
    (void)raise(SIGSEGV);
    _exit(46);
}

START_TEST(test_overflow__foreign_faults_reach_the_handler_before)
{
    const char *under = getenv("RUNNER_TEST_UNDER");
    if (under != NULL && strcmp(under, "valgrind") == 0) {
        return; /* it gives a program that faulted an exit status of its own */
    }
    outcome_t outcome = in_child(foreign_fault_extended);
    ck_assert(WIFEXITED(outcome.status));
    ck_assert_int_eq(WEXITSTATUS(outcome.status), 42);
    ck_assert_str_eq(outcome.text, "");
    outcome = in_child(foreign_fault_plain);
    ck_assert(WIFEXITED(outcome.status));
    ck_assert_int_eq(WEXITSTATUS(outcome.status), 44);
}
END_TEST

START_TEST(test_overflow__foreign_faults_die_as_without_it)
{
    outcome_t outcome = in_child(foreign_fault_default);
    assert_killed_with(&outcome, "");
    ck_assert_ptr_null(strstr(outcome.text, "librunner"));
    outcome = in_child(sent_signal_default);
    assert_killed_with(&outcome, "");
    outcome = in_child(sent_signal_ignored);
    ck_assert(WIFEXITED(outcome.status));
    ck_assert_int_eq(WEXITSTATUS(outcome.status), 46);
}
END_TEST

static void noted(int signum)
{
    seen_signal = signum;
}

static void assert_same_action(const struct sigaction *one, const struct sigaction *two)
{
    ck_assert_int_eq(one->sa_flags, two->sa_flags);
    ck_assert_ptr_eq((void *)(uintptr_t)one->sa_handler, (void *)(uintptr_t)two->sa_handler);
    for (int signum = 1; signum < 32; signum++) {
        ck_assert_int_eq(sigismember(&one->sa_mask, signum), sigismember(&two->sa_mask, signum));
    }
}

START_TEST(test_overflow__restores_exactly_what_was_there)
{
    struct sigaction original, mine, now;
    stack_t before, after;
    memset(&mine, 0, sizeof mine);
    mine.sa_handler = noted;
    mine.sa_flags = SA_RESTART | SA_NODEFER;
    (void)sigaddset(&mine.sa_mask, SIGUSR1);
    ck_assert_int_eq(sigaction(SIGSEGV, &mine, &original), 0);
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &mine), 0);
    ck_assert_int_eq(sigaltstack(NULL, &before), 0);
    ck_assert_int_eq(runner__overflow_guard_thread(), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(runner__overflow_install(), 0);
    }
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
    ck_assert(now.sa_handler != noted);
    for (int i = 0; i < 3; i++) {
        runner__overflow_uninstall();
    }
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
    assert_same_action(&now, &mine);
    ck_assert_int_eq(sigaltstack(NULL, &after), 0);
    ck_assert_int_eq(after.ss_flags & SS_DISABLE, 0); /* ours stays as long as the thread */
    if ((before.ss_flags & SS_DISABLE) == 0) {
        ck_assert_ptr_eq(after.ss_sp, before.ss_sp);
    }
    ck_assert_int_eq(sigaction(SIGSEGV, &original, NULL), 0);
}
END_TEST

START_TEST(test_overflow__leaves_a_later_handler_alone)
{
    struct sigaction original, mine, now;
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &original), 0);
    memset(&mine, 0, sizeof mine);
    mine.sa_handler = noted;
    ck_assert_int_eq(runner__overflow_install(), 0);
    ck_assert_int_eq(sigaction(SIGSEGV, &mine, NULL), 0);
    runner__overflow_uninstall();
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
    ck_assert(now.sa_handler == noted);
    /* It may pass faults on to ours: setting ours above it again would make a circle. */
    ck_assert_int_eq(runner__overflow_install(), 0);
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &now), 0);
    ck_assert(now.sa_handler == noted);
    runner__overflow_uninstall();
    ck_assert_int_eq(sigaction(SIGSEGV, &original, NULL), 0);
}
END_TEST

START_TEST(test_overflow__keeps_the_alternate_stack_of_the_program)
{
    static char memory[64 * 1024];
    stack_t original, mine, now;
    memset(&mine, 0, sizeof mine);
    mine.ss_sp = memory;
    mine.ss_size = sizeof memory;
    ck_assert_int_eq(sigaltstack(&mine, &original), 0);
    ck_assert_int_eq(runner__overflow_guard_thread(), 0);
    ck_assert_int_eq(sigaltstack(NULL, &now), 0);
    ck_assert_ptr_eq(now.ss_sp, memory);
    ck_assert_int_eq(sigaltstack(NULL, &now), 0);
    ck_assert_ptr_eq(now.ss_sp, memory);
    ck_assert_uint_eq(now.ss_size, sizeof memory);
    if ((original.ss_flags & SS_DISABLE) != 0) {
        original.ss_size = sizeof memory;
    }
    ck_assert_int_eq(sigaltstack(&original, NULL), 0);
}
END_TEST

static Suite *make_suite(int crashes)
{
    Suite *suite = suite_create("coro_overflow");
    TCase *tcase = tcase_create("overflow");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_overflow__restores_exactly_what_was_there);
    tcase_add_test(tcase, test_overflow__leaves_a_later_handler_alone);
    tcase_add_test(tcase, test_overflow__keeps_the_alternate_stack_of_the_program);
    if (crashes) {
        tcase_add_test(tcase, test_overflow__names_the_owner_and_dies_by_segv);
        tcase_add_test(tcase, test_overflow__without_a_name_and_of_another_size);
        tcase_add_test(tcase, test_overflow__a_very_long_name_is_cut);
        tcase_add_test(tcase, test_overflow__is_caught_by_mprotect_guards);
        tcase_add_test(tcase, test_overflow__is_noticed_by_the_canary_on_the_next_switch);
        tcase_add_test(tcase, test_overflow__on_another_thread);
        tcase_add_test(tcase, test_overflow__guards_hold_in_a_child_process);
        tcase_add_test(tcase, test_overflow__foreign_faults_reach_the_handler_before);
        tcase_add_test(tcase, test_overflow__foreign_faults_die_as_without_it);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    const char *fork_wanted = getenv("CK_FORK");
    int crashes = fork_wanted == NULL || strcmp(fork_wanted, "no") != 0;
    SRunner *runner = srunner_create(make_suite(crashes));
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
