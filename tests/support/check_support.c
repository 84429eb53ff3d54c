#include "check_support.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- programs ---------------------------------------------------------------------------- */

int test_main(Suite *suite)
{
    SRunner *srunner = srunner_create(suite);
    srunner_run_all(srunner, CK_ENV);
    int failed = srunner_ntests_failed(srunner);
    srunner_free(srunner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void state_reset(void);

static void test_setup(void)
{
    /* Check handles these itself; a runner that finds another's handler installs none. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    unsetenv("LIBRUNNER_DEBUG");
    state_reset();
}

TCase *test_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, test_setup, NULL);
    tcase_set_timeout(tcase, 20);
    suite_add_tcase(suite, tcase);
    return tcase;
}

uint64_t scaled_ms(uint64_t ms)
{
    const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
    double factor = text != NULL ? atof(text) : 1.0;
    return factor > 1.0 ? (uint64_t)((double)ms * factor) : ms;
}

/* --- codes ------------------------------------------------------------------------------- */

const char *code_name(int code)
{
    return code == 0 ? "0" : runner_error_name(code);
}

/* --- runners ----------------------------------------------------------------------------- */

runner_options_t test_options(void)
{
    runner_options_t opts;
    ck_assert_code(runner_options_init(&opts, sizeof opts), 0);
    opts.clock = RUNNER_CLOCK_VIRTUAL;
    opts.exception_handler = record_exception;
    return opts;
}

runner_t *test_runner_with(const runner_options_t *opts)
{
    runner_t *runner = NULL;
    ck_assert_code(runner_new(&runner, opts), 0);
    ck_assert_ptr_nonnull(runner);
    return runner;
}

runner_t *test_runner(void)
{
    runner_options_t opts = test_options();
    return test_runner_with(&opts);
}

uint64_t now_ms(const runner_t *runner)
{
    return runner_time_ns(runner) / 1000000u;
}

void *value_of(intptr_t number)
{
    return (void *)number;
}

intptr_t number_of(const void *value)
{
    return (intptr_t)value;
}

/* --- the order log ----------------------------------------------------------------------- */

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static char log_buffer[16384];
static size_t log_len;

void log_add(const char *format, ...)
{
    va_list args;
    char entry[256];
    va_start(args, format);
    vsnprintf(entry, sizeof entry, format, args);
    va_end(args);

    pthread_mutex_lock(&log_mutex);
    size_t left = sizeof log_buffer - log_len;
    int n = snprintf(log_buffer + log_len, left, "%s%s", log_len > 0 ? "," : "", entry);
    int fits = n >= 0 && (size_t)n < left;
    if (fits) {
        log_len += (size_t)n;
    }
    pthread_mutex_unlock(&log_mutex);
    ck_assert_msg(fits, "the log is full");
}

const char *log_text(void)
{
    return log_buffer;
}

void log_clear(void)
{
    pthread_mutex_lock(&log_mutex);
    log_len = 0;
    log_buffer[0] = '\0';
    pthread_mutex_unlock(&log_mutex);
}

int log_body(void *arg, void **result)
{
    (void)result;
    log_add("%s", (const char *)arg);
    return 0;
}

int log_callback(void *arg)
{
    log_add("%s", (const char *)arg);
    return 0;
}

/* --- drop functions ---------------------------------------------------------------------- */

static atomic_int drop_counter;
static atomic_int result_drop_counter;

void drop_count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&drop_counter, 1);
}

void drop_result_count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&result_drop_counter, 1);
}

void drop_increment(void *arg)
{
    ++*(int *)arg;
}

void drop_log(void *arg)
{
    (void)arg;
    log_add("drop");
}

int drops(void)
{
    return atomic_load(&drop_counter);
}

int result_drops(void)
{
    return atomic_load(&result_drop_counter);
}

/* --- the exception handler --------------------------------------------------------------- */

enum { RECORDED_MAX = 64 };

/* Handlers of runners in several threads may record at once. */
static pthread_mutex_t recorded_mutex = PTHREAD_MUTEX_INITIALIZER;
static recorded_t recorded[RECORDED_MAX];
static int recorded_count;

static void copy_text(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text != NULL ? text : "");
}

int record_exception(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)arg;
    pthread_mutex_lock(&recorded_mutex);
    if (recorded_count < RECORDED_MAX) {
        recorded_t *to = &recorded[recorded_count];
        copy_text(to->message, sizeof to->message, exception->message);
        copy_text(to->name, sizeof to->name, exception->name);
        copy_text(to->site, sizeof to->site, exception->site);
        copy_text(to->task_name, sizeof to->task_name, runner_task_name(exception->task));
        to->task_id = runner_task_id(exception->task);
        to->duration_ns = exception->duration_ns;
        to->code = exception->code;
        to->has_future = exception->future != NULL;
    }
    recorded_count++;
    pthread_mutex_unlock(&recorded_mutex);
    log_add("eh");
    return 0;
}

int exceptions(void)
{
    pthread_mutex_lock(&recorded_mutex);
    int count = recorded_count;
    pthread_mutex_unlock(&recorded_mutex);
    return count;
}

const recorded_t *exception_at(int index)
{
    ck_assert_msg(index >= 0 && index < exceptions() && index < RECORDED_MAX,
                  "no exception %d: %d were reported", index, exceptions());
    return &recorded[index];
}

static void state_reset(void)
{
    log_clear();
    atomic_store(&drop_counter, 0);
    atomic_store(&result_drop_counter, 0);
    memset(recorded, 0, sizeof recorded);
    recorded_count = 0;
}

/* --- the process ------------------------------------------------------------------------- */

int fd_count(void)
{
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 3; /* ".", ".." and the directory itself */
}

int thread_count(void)
{
    DIR *dir = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2;
}

uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int threads_settle(int most)
{
    uint64_t deadline = monotonic_ns() + UINT64_C(10000000000);
    while (thread_count() > most) {
        if (monotonic_ns() > deadline) {
            return 0;
        }
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return 1;
}
