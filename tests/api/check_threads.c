/* Several threads, several runners. The loop's own threads rule stands in check_debug.c. */
#include "check_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <uv.h>

/* --- bodies ------------------------------------------------------------------------------ */

static int return_arg(void *arg, void **result)
{
    *result = arg;
    return runner_sleep(1);
}

static int leftover(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

static int spawn_leftover(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(leftover, arg, NULL, NULL), 0);
    return runner_yield();
}

/* --- one runner a thread ----------------------------------------------------------------- */

enum { ROUNDS = 20 };

typedef struct pair {
    pthread_barrier_t both_run;
    runner_t *runners[2];
    int codes[2];
    void *results[2];
} pair_t;

typedef struct half {
    pair_t *pair;
    int index;
} half_t;

/* Both threads are inside of runner_run() when the barrier opens. */
static int meet(void *arg, void **result)
{
    half_t *half = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&half->pair->both_run);
        if (runner_sleep(1) != 0 || runner_current() != half->pair->runners[half->index]) {
            return -5;
        }
    }
    *result = value_of(100 + half->index);
    return 0;
}

static void *run_half(void *arg)
{
    half_t *half = arg;
    pair_t *pair = half->pair;
    int i = half->index;
    pair->codes[i] = runner_run(pair->runners[i], meet, half, NULL, &pair->results[i]);
    return NULL;
}

START_TEST(R045_two_threads_run_their_runners_at_the_same_time)
{
    pair_t pair;
    pthread_t threads[2];
    half_t halves[2] = {{&pair, 0}, {&pair, 1}};
    memset(&pair, 0, sizeof pair);
    ck_assert_int_eq(pthread_barrier_init(&pair.both_run, NULL, 2), 0);
    for (int i = 0; i < 2; i++) {
        pair.runners[i] = test_runner();
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_half, &halves[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_code(pair.codes[i], 0);
        ck_assert_int_eq(number_of(pair.results[i]), 100 + i);
        runner_free(pair.runners[i]);
    }
    pthread_barrier_destroy(&pair.both_run);
}
END_TEST

/* --- one runner, two threads ------------------------------------------------------------- */

/* A runner that another thread runs: its main task blocks until it is told to end. */
typedef struct busy {
    runner_t *runner;
    pthread_t thread;
    sem_t runs;
    sem_t may_end;
    int code;
    void *result;
} busy_t;

static int block(void *arg, void **result)
{
    busy_t *busy = arg;
    ck_assert_code(runner_spawn(leftover, "leftover", NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    sem_post(&busy->runs);
    while (sem_wait(&busy->may_end) != 0) {
        ;
    }
    *result = value_of(7);
    return runner_sleep(1);
}

static void *run_busy(void *arg)
{
    busy_t *busy = arg;
    busy->code = runner_run(busy->runner, block, busy, NULL, &busy->result);
    return NULL;
}

static void busy_start(busy_t *busy)
{
    memset(busy, 0, sizeof *busy);
    sem_init(&busy->runs, 0, 0);
    sem_init(&busy->may_end, 0, 0);
    busy->runner = test_runner();
    ck_assert_int_eq(pthread_create(&busy->thread, NULL, run_busy, busy), 0);
    while (sem_wait(&busy->runs) != 0) {
        ;
    }
}

static void busy_end(busy_t *busy)
{
    sem_post(&busy->may_end);
    pthread_join(busy->thread, NULL);
    sem_destroy(&busy->runs);
    sem_destroy(&busy->may_end);
}

START_TEST(R046_a_runner_that_another_thread_runs_is_busy)
{
    busy_t busy;
    runner_run_options_t opts;
    void *result = value_of(1);
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    busy_start(&busy);
    ck_assert_int_eq(runner_is_running(busy.runner), 1);
    ck_assert_code(runner_run(busy.runner, log_body, "b", &opts, &result), RUNNER_EBUSY);
    ck_assert_int_eq(number_of(result), 1);
    ck_assert_int_eq(drops(), 0);
    busy_end(&busy);
    ck_assert_code(busy.code, 0);
    ck_assert_int_eq(number_of(busy.result), 7);
    ck_assert_int_eq(runner_is_running(busy.runner), 0);
    log_expect("");
    ck_assert_code(runner_run(busy.runner, log_body, "b", &opts, &result), 0);
    log_expect("b");
    runner_free(busy.runner);
}
END_TEST

START_TEST(R053_close_while_another_thread_runs_it_changes_nothing)
{
    busy_t busy;
    struct uv_loop_s *loop = NULL;
    busy_start(&busy);
    ck_assert_code(runner_close(busy.runner), RUNNER_EBUSY);
    ck_assert_code(runner_get_loop(busy.runner, &loop), RUNNER_EBUSY);
    ck_assert_ptr_null(loop);
    ck_assert_int_eq(runner_is_closed(busy.runner), 0);
    busy_end(&busy);
    ck_assert_code(busy.code, 0);
    log_expect(""); /* nobody was cancelled */
    ck_assert_code(runner_close(busy.runner), 0);
    log_expect("leftover RUNNER_ECANCELED");
    runner_free(busy.runner);
}
END_TEST

typedef struct first_use {
    runner_t *runner;
    runner_fn body;
    void *arg;
    int code;
} first_use_t;

static void *use_first(void *arg)
{
    first_use_t *use = arg;
    struct uv_loop_s *loop = NULL;
    use->code = runner_get_loop(use->runner, &loop);
    if (use->code == 0 && use->body != NULL) {
        use->code = runner_run(use->runner, use->body, use->arg, NULL, NULL);
    }
    return NULL;
}

static int sleep_10ms(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(10);
}

static int log_after_15ms(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(15);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

static int spawn_and_sleep_10ms(void *arg, void **result)
{
    ck_assert_code(runner_spawn(log_after_15ms, arg, NULL, NULL), 0);
    return sleep_10ms(arg, result);
}

START_TEST(R047_a_runner_may_move_to_another_thread_between_runs)
{
    pthread_t thread;
    first_use_t use = {test_runner(), spawn_and_sleep_10ms, "leftover", -1};
    ck_assert_int_eq(pthread_create(&thread, NULL, use_first, &use), 0);
    pthread_join(thread, NULL);
    ck_assert_code(use.code, 0);
    log_expect("");
    ck_assert_code(runner_run(use.runner, sleep_10ms, NULL, NULL, NULL), 0);
    log_expect("leftover 0");
    runner_free(use.runner);
}
END_TEST

START_TEST(R047_a_runner_may_be_made_ready_and_closed_in_other_threads)
{
    pthread_t thread;
    first_use_t use = {test_runner(), NULL, NULL, -1};
    void *result = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, use_first, &use), 0);
    pthread_join(thread, NULL);
    ck_assert_code(use.code, 0);
    ck_assert_code(runner_run(use.runner, return_arg, value_of(3), NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 3);

    use.body = spawn_leftover;
    use.arg = "leftover";
    ck_assert_int_eq(pthread_create(&thread, NULL, use_first, &use), 0);
    pthread_join(thread, NULL);
    ck_assert_code(use.code, 0);
    ck_assert_code(runner_close(use.runner), 0);
    log_expect("leftover RUNNER_ECANCELED");
    runner_free(use.runner);
}
END_TEST

START_TEST(R047_a_runner_that_ran_in_other_threads_leaves_no_handler_behind)
{
    struct sigaction before;
    struct sigaction after;
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &before), 0);
    first_use_t use = {test_runner(), sleep_10ms, NULL, -1};
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, use_first, &use), 0);
        pthread_join(thread, NULL);
        ck_assert_code(use.code, 0);
    }
    runner_free(use.runner);
    ck_assert_int_eq(sigaction(SIGSEGV, NULL, &after), 0);
    ck_assert(before.sa_handler == after.sa_handler);
    ck_assert_int_eq(before.sa_flags & (SA_SIGINFO | SA_ONSTACK),
                     after.sa_flags & (SA_SIGINFO | SA_ONSTACK));
}
END_TEST

/* --- several runners, one thread --------------------------------------------------------- */

START_TEST(R048_two_runners_used_in_turn)
{
    runner_t *a = test_runner();
    runner_t *b = test_runner();
    for (int i = 0; i < 3; i++) {
        void *result = NULL;
        ck_assert_code(runner_run(a, return_arg, value_of(i), NULL, &result), 0);
        ck_assert_int_eq(number_of(result), i);
        ck_assert_code(runner_run(b, return_arg, value_of(-i), NULL, &result), 0);
        ck_assert_int_eq(number_of(result), -i);
    }
    runner_free(a);
    runner_free(b);
}
END_TEST

START_TEST(R049_close_cancels_only_its_own_tasks)
{
    runner_t *a = test_runner();
    runner_t *b = test_runner();
    void *result = NULL;
    ck_assert_code(runner_run(a, spawn_leftover, "a", NULL, NULL), 0);
    ck_assert_code(runner_run(b, spawn_leftover, "b", NULL, NULL), 0);
    ck_assert_code(runner_close(a), 0);
    log_expect("a RUNNER_ECANCELED");
    ck_assert_code(runner_run(b, return_arg, value_of(1), NULL, &result), 0);
    log_expect("");
    ck_assert_code(runner_close(b), 0);
    log_expect("b RUNNER_ECANCELED");
    runner_free(a);
    runner_free(b);
}
END_TEST

/* --- the running loop -------------------------------------------------------------------- */

static int job_sees_none(void *arg, void **result)
{
    (void)result;
    return runner_current() == NULL && runner_current_task() == NULL && runner_is_running(arg) ? 0
                                                                                               : -5;
}

static void *thread_sees_none(void *arg)
{
    return runner_current() == NULL && runner_is_running(arg) ? NULL : arg;
}

static int callback_sees_it(void *arg)
{
    ck_assert_ptr_eq(runner_current(), arg);
    ck_assert_ptr_null(runner_current_task());
    log_add("callback");
    return 0;
}

static int task_sees_it(void *arg, void **result)
{
    pthread_t thread;
    void *wrong = NULL;
    (void)result;
    ck_assert_ptr_eq(runner_current(), arg);
    ck_assert_int_eq(runner_is_running(arg), 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, thread_sees_none, arg), 0);
    pthread_join(thread, &wrong);
    ck_assert_ptr_null(wrong);
    ck_assert_code(runner_to_thread(job_sees_none, arg, NULL, NULL), 0);
    ck_assert_code(runner_call_soon(arg, callback_sees_it, arg, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_ptr_eq(runner_current(), arg);
    ck_assert_ptr_nonnull(runner_current_task());
    return 0;
}

START_TEST(R050_the_running_loop_is_seen_only_from_inside)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    ck_assert_ptr_null(runner_current());
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(runner_current());
        ck_assert_ptr_null(runner_current_task());
        ck_assert_int_eq(runner_is_running(runner), 0);
        ck_assert_code(runner_run(runner, task_sees_it, runner, NULL, NULL), 0);
        log_expect("callback");
    }
    ck_assert_code(runner_close(runner), 0);
    ck_assert_ptr_null(runner_current());
    runner_free(runner);
    ck_assert_ptr_null(runner_current());
}
END_TEST

static int close_sees_it(void *arg, void **result)
{
    (void)result;
    ck_assert_ptr_eq(runner_current(), arg);
    log_add("closable");
    return runner_sleep(1);
}

START_TEST(R050_the_running_loop_is_seen_during_close)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, NULL, close_sees_it, runner, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("closable");
    runner_free(runner);
}
END_TEST

START_TEST(R051_R052_the_default_loop_of_libuv_is_left_alone)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_ptr_null(runner_current()); /* made ready, but not running */
    ck_assert_ptr_ne(loop, uv_default_loop());
    ck_assert_int_eq(uv_loop_close(uv_default_loop()), 0);
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("threads");
    TCase *tcase = test_case(suite, "one runner a thread");
    tcase_add_test(tcase, R045_two_threads_run_their_runners_at_the_same_time);
    tcase = test_case(suite, "one runner, two threads");
    tcase_add_test(tcase, R046_a_runner_that_another_thread_runs_is_busy);
    tcase_add_test(tcase, R047_a_runner_may_move_to_another_thread_between_runs);
    tcase_add_test(tcase, R047_a_runner_may_be_made_ready_and_closed_in_other_threads);
    tcase_add_test(tcase, R047_a_runner_that_ran_in_other_threads_leaves_no_handler_behind);
    tcase_add_test(tcase, R053_close_while_another_thread_runs_it_changes_nothing);
    tcase = test_case(suite, "several runners, one thread");
    tcase_add_test(tcase, R048_two_runners_used_in_turn);
    tcase_add_test(tcase, R049_close_cancels_only_its_own_tasks);
    tcase = test_case(suite, "the running loop");
    tcase_add_test(tcase, R050_the_running_loop_is_seen_only_from_inside);
    tcase_add_test(tcase, R050_the_running_loop_is_seen_during_close);
    tcase_add_test(tcase, R051_R052_the_default_loop_of_libuv_is_left_alone);
    return test_main(suite);
}
