/*
 * What the Check programs share. Every test case comes from test_case(), which gives each test a
 * clean state: empty log, counters at zero, no LIBRUNNER_DEBUG, signals as in a fresh program.
 *
 *     START_TEST(R001_new_makes_nothing)
 *     {
 *         runner_t *runner = test_runner();
 *         ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
 *         log_expect("body");
 *         runner_free(runner);
 *     }
 *     END_TEST
 *
 *     int main(void)
 *     {
 *         Suite *suite = suite_create("lifecycle");
 *         TCase *tcase = test_case(suite, "new");
 *         tcase_add_test(tcase, R001_new_makes_nothing);
 *         return test_main(suite);
 *     }
 */
#ifndef CHECK_SUPPORT_H
#define CHECK_SUPPORT_H

#include <check.h>
#include <runner.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

/* gcc and clang say in different ways that a program is instrumented by ThreadSanitizer. */
#if defined(__SANITIZE_THREAD__)
#define TEST_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_UNDER_TSAN 1
#endif
#endif

/* --- programs ---------------------------------------------------------------------------- */

/* Run a suite as the environment says (CK_FORK, CK_VERBOSITY, CK_RUN_CASE, CK_TAP_LOG_FILE_NAME).
 * Consumes the suite. The exit status of the program. */
int test_main(Suite *suite);

/* A new test case in a suite, with the fixture above and a time limit of 20 s for each test. */
TCase *test_case(Suite *suite, const char *name);

/* Milliseconds made longer for slow builds (CK_TIMEOUT_MULTIPLIER). For limits, never for sleeps. */
uint64_t scaled_ms(uint64_t ms);

/* --- codes ------------------------------------------------------------------------------- */

/* "0", "RUNNER_EBUSY", "UV_EMFILE" ... */
const char *code_name(int code);

/* The expression, evaluated once, has this value; else both are printed by name. */
#define ck_assert_code(expr, expected)                                                             \
    do {                                                                                           \
        const int code_is_ = (expr);                                                               \
        const int code_want_ = (expected);                                                         \
        ck_assert_msg(code_is_ == code_want_, "%s is %s (%d), not %s (%d)", #expr,                 \
                      code_name(code_is_), code_is_, code_name(code_want_), code_want_);           \
    } while (0)

/* --- runners ----------------------------------------------------------------------------- */

/* Options with the virtual clock and the recorder below as exception handler. */
runner_options_t test_options(void);

/* A runner with test_options(). */
runner_t *test_runner(void);

/* A runner with these options; NULL is all defaults. */
runner_t *test_runner_with(const runner_options_t *opts);

/* Milliseconds of the loop's clock. */
uint64_t now_ms(const runner_t *runner);

/* A small integer as a value, and back. */
void *value_of(intptr_t number);
intptr_t number_of(const void *value);

/* --- the order log (any thread) ---------------------------------------------------------- */

/* Append an entry; entries are separated by commas. */
void log_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What was added so far. Valid until the next call of log_...(). */
const char *log_text(void);

void log_clear(void);

/* The log reads exactly so; it is empty afterwards. */
#define log_expect(expected)                                                                       \
    do {                                                                                           \
        ck_assert_str_eq(log_text(), expected);                                                    \
        log_clear();                                                                               \
    } while (0)

/* Bodies and callbacks that only log their argument, a string. */
int log_body(void *arg, void **result);
int log_callback(void *arg);

/* --- drop functions (any thread) --------------------------------------------------------- */

void drop_count(void *arg);        /* one more drops() */
void drop_result_count(void *arg); /* one more result_drops() */
void drop_increment(void *arg);    /* ++*(int *)arg; for one thread */
void drop_log(void *arg);          /* log_add("drop") */
int drops(void);
int result_drops(void);

/* --- the exception handler --------------------------------------------------------------- */

/* A copy of what a handler was given. Texts are "" where NULL was given. */
typedef struct recorded {
    char message[256];
    char name[64];
    char site[64];
    char task_name[64];
    uint64_t task_id; /* 0: no task */
    uint64_t duration_ns;
    int code;
    int has_future;
} recorded_t;

/* Handler that adds "eh" to the log and keeps a copy. */
int record_exception(runner_t *self, const runner_exception_t *exception, void *arg);

/* How many were recorded. */
int exceptions(void);

/* The copy of one, from 0; fails the test if there is no such. */
const recorded_t *exception_at(int index);

/* One recorded exception has this code and this text in its message. */
#define ck_assert_exception(index, expected_code, text)                                            \
    do {                                                                                           \
        const recorded_t *recorded_ = exception_at(index);                                         \
        ck_assert_code(recorded_->code, expected_code);                                            \
        ck_assert_msg(strstr(recorded_->message, text) != NULL,                                    \
                      "message is \"%s\", without \"%s\"", recorded_->message, text);              \
    } while (0)

/* --- the process ------------------------------------------------------------------------- */

int fd_count(void);
int thread_count(void);

/* Wait until there are at most so many threads: the kernel needs a moment to take one away after
 * it was joined. 0 if there are too many after 10 s. */
int threads_settle(int most);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t monotonic_ns(void);

/* --- child processes --------------------------------------------------------------------- */

/* A function that runs in a forked process, with default signals, and what it wrote and ended
 * with. It is killed when its time is over, and when the test process ends. */
typedef struct child {
    pid_t pid;
    int out_fd;
    int err_fd;
    int status;    /* of waitpid(), after child_finish() */
    int timed_out; /* had to be killed */
    uint64_t deadline_ns;
    size_t out_len;
    size_t err_len;
    char out[16384]; /* its stdout, a string */
    char err[16384]; /* its stderr, a string */
} child_t;

/* Body of a child; what it returns is its exit status. It must not use ck_assert...(): use
 * child_assert(). stdout is line-buffered. */
typedef int (*child_fn)(void *arg);

/* Start a child. Fill `child` with it; every start wants a child_finish(). */
void child_start(child_t *child, child_fn fn, void *arg, uint64_t timeout_ms);

/* Wait until its stdout contains the text. 0 if it ended, or its time did, without that. */
int child_await_output(child_t *child, const char *text);

/* Send it a signal. */
void child_signal(child_t *child, int signal_number);

/* Wait for its end and read all that it wrote. */
void child_finish(child_t *child);

/* child_start() and child_finish(). */
void child_run(child_t *child, child_fn fn, void *arg, uint64_t timeout_ms);

/* In a child: end it with a message and status CHILD_FAILED. */
#define CHILD_FAILED 101
#define child_assert(expr)                                                                         \
    do {                                                                                           \
        if (!(expr))                                                                               \
            child_fail(__FILE__, __LINE__, #expr);                                                 \
    } while (0)
#define child_assert_code(expr, expected)                                                          \
    do {                                                                                           \
        const int code_is_ = (expr);                                                               \
        if (code_is_ != (expected))                                                                \
            child_fail_code(__FILE__, __LINE__, #expr, code_is_, (expected));                      \
    } while (0)
void child_fail(const char *file, int line, const char *expr) __attribute__((noreturn));
void child_fail_code(const char *file, int line, const char *expr, int is, int want)
    __attribute__((noreturn));

/* How it ended, with everything it said in the message if that is not so. */
#define ck_assert_child_exited(child, expected)                                                    \
    ck_assert_msg(child_exited(child, expected), "%s", child_text(child))
#define ck_assert_child_signaled(child, expected)                                                  \
    ck_assert_msg(child_signaled(child, expected), "%s", child_text(child))
int child_exited(const child_t *child, int expected);
int child_signaled(const child_t *child, int expected);
const char *child_text(const child_t *child);

#endif
