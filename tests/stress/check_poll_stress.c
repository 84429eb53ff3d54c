/*
 * Threads write into pipes while tasks wait for these, with and without a time, several for each, and
 * are cancelled in the middle: every byte is read once, and nobody is forgotten.
 */
#include "check_support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { PIPES = 8, READERS = 3, BYTES = 20000, CANCELS = 2000 };

static int pipes[PIPES][2];
static atomic_long got;
static int cancelled;

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* In bursts; a full pipe is waited for as any thread does that blocks. */
static void *write_bytes(void *arg)
{
    int i = (int)number_of(arg);
    uint32_t state = (uint32_t)i;
    static const char block[64];
    for (int left = BYTES; left > 0;) {
        size_t size = 1 + next_random(&state) % sizeof block;
        size = size < (size_t)left ? size : (size_t)left;
        ssize_t n = write(pipes[i][1], block, size);
        ck_assert_int_gt(n, 0);
        left -= (int)n;
    }
    return NULL;
}

/* Until the writing end is closed. */
static int read_bytes(void *arg, void **result)
{
    static const uint64_t times[] = {RUNNER_FOREVER, RUNNER_FOREVER, 0, 1, 3};
    int i = (int)number_of(arg) % PIPES;
    uint32_t state = (uint32_t)number_of(arg);
    char bytes[40];
    (void)result;
    for (;;) {
        ssize_t n = read(pipes[i][0], bytes, 1 + next_random(&state) % sizeof bytes);
        if (n == 0) {
            return 0;
        }
        if (n > 0) {
            atomic_fetch_add(&got, (long)n);
            continue;
        }
        uint32_t revents = 0;
        int code =
            runner_poll(pipes[i][0], RUNNER_READABLE, times[next_random(&state) % 5], &revents);
        ck_assert(code == 0 || code == RUNNER_ECANCELED);
        cancelled += code == RUNNER_ECANCELED;
        if (code == 0 && revents == 0) {
            code = runner_yield(); /* the look was not a wait */
            ck_assert(code == 0 || code == RUNNER_ECANCELED);
        }
    }
}

static int disturb(void *arg, void **result)
{
    runner_task_t **readers = arg;
    uint32_t state = 1;
    (void)result;
    for (int i = 0; i < CANCELS; i++) {
        (void)runner_task_cancel(readers[next_random(&state) % (PIPES * READERS)]);
        int code = i % 16 == 0 ? runner_sleep(1) : runner_yield();
        ck_assert_code(code, 0);
    }
    return 0;
}

static int stress(void *arg, void **result)
{
    runner_task_t *readers[PIPES * READERS];
    runner_task_t *disturber = NULL;
    pthread_t threads[PIPES];
    (void)arg;
    (void)result;
    for (int i = 0; i < PIPES * READERS; i++) {
        ck_assert_code(runner_spawn(read_bytes, value_of(i), NULL, &readers[i]), 0);
    }
    ck_assert_code(runner_spawn(disturb, readers, NULL, &disturber), 0);
    for (int i = 0; i < PIPES; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_bytes, value_of(i)), 0);
    }
    ck_assert_code(runner_await(disturber, NULL), 0);
    runner_task_unref(disturber);
    while (atomic_load(&got) < (long)PIPES * BYTES) {
        ck_assert_code(runner_sleep(1), 0);
    }
    for (int i = 0; i < PIPES; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(close(pipes[i][1]), 0);
    }
    for (int i = 0; i < PIPES * READERS; i++) {
        int code = runner_await(readers[i], NULL);
        ck_assert(code == 0 ||
                  code == RUNNER_ECANCELED); /* told when there was nothing to wait for */
        runner_task_unref(readers[i]);
    }
    return 0;
}

START_TEST(every_byte_is_read)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    for (int i = 0; i < PIPES; i++) {
        ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
        ck_assert_int_eq(fcntl(pipes[i][0], F_SETFL, O_NONBLOCK), 0);
    }
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, stress, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    ck_assert_int_eq(atomic_load(&got), PIPES * BYTES);
    ck_assert_int_gt(cancelled, 0);
    for (int i = 0; i < PIPES; i++) {
        ck_assert_int_eq(close(pipes[i][0]), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("poll_stress");
    TCase *tcase = test_case(suite, "pipes");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_byte_is_read);
    return test_main(suite);
}
