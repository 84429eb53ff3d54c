/*
 * Many threads, many tasks, many wake-ups, deep stacks.
 */
#include "check_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Instrumented programs have fewer stacks: a thread sanitizer counts each as a thread and knows
 * about 8,000 of them, Valgrind as a mapping and knows about 30,000. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define INSTRUMENTED 1
#endif
#endif

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#ifdef TEST_UNDER_TSAN
/* libuv closes descriptors by a system call that the sanitizer does not see: to it, whoever is
 * given the same number next races with whoever had it before. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race_top:eventfd\nrace_top:epoll_create1\nrace_top:pipe2\n";
}
#endif

enum {
    ROUNDS = 200,
    THREADS = 8,
    MANY_TASKS = 100000,
    STORM = 20000,
    LONG_CHAIN = 2000,
};

static int many_coroutines(void)
{
#ifdef INSTRUMENTED
    return 2000;
#else
    return RUNNING_ON_VALGRIND ? 2000 : MANY_TASKS;
#endif
}

/* --- submitting while the runner closes (R188) ------------------------------------------- */

/* What one thread has submitted, and what became of it. */
typedef struct submitter {
    runner_t *runner;
    pthread_barrier_t *start;
    pthread_t thread;
    int accepted;
    int settled; /* submissions that could be waited for */
    atomic_int dropped;
} submitter_t;

static void count_drop(void *arg)
{
    submitter_t *self = arg;
    atomic_fetch_add(&self->dropped, 1);
}

static int yield_once(void *arg, void **result)
{
    *result = arg;
    return runner_yield();
}

static int do_nothing_soon(void *arg)
{
    (void)arg;
    return 0;
}

static int submit_task(submitter_t *self)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = count_drop};
    runner_submission_t *submission = NULL;
    int code = runner_spawn_threadsafe(self->runner, yield_once, self, &opts, &submission);
    if (code != 0)
        return code;
    self->accepted++;
    int outcome = runner_submission_wait(submission, RUNNER_FOREVER, NULL);
    self->settled += outcome == 0 || outcome == RUNNER_ECANCELED;
    runner_submission_unref(submission);
    return 0;
}

static int submit_callback(submitter_t *self)
{
    int code = runner_call_soon_threadsafe(self->runner, do_nothing_soon, self, count_drop);
    if (code == 0) {
        self->accepted++;
        self->settled++; /* seen by its drop */
    }
    return code;
}

/* Submits until it is refused. */
static void *submit_until_closed(void *arg)
{
    submitter_t *self = arg;
    int code = 0;
    pthread_barrier_wait(self->start);
    for (int i = 0; code == 0; i++)
        code = i % 2 == 0 ? submit_callback(self) : submit_task(self);
    ck_assert_code(code, RUNNER_ECLOSED);
    return NULL;
}

static int sleep_briefly(void *arg, void **result)
{
    (void)result;
    pthread_barrier_wait(arg);
    return runner_sleep(1);
}

/* Eight threads submit while a run ends and the runner closes. */
static void submit_and_close(int *accepted)
{
    submitter_t submitters[THREADS] = {{0}};
    pthread_barrier_t start;
    runner_t *runner = test_runner_with(NULL);
    pthread_barrier_init(&start, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        submitters[i].runner = runner;
        submitters[i].start = &start;
        ck_assert_int_eq(
            pthread_create(&submitters[i].thread, NULL, submit_until_closed, &submitters[i]), 0);
    }
    ck_assert_code(runner_run(runner, sleep_briefly, &start, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(submitters[i].thread, NULL);
        ck_assert_int_eq(submitters[i].settled, submitters[i].accepted);
        ck_assert_int_eq(atomic_load(&submitters[i].dropped), submitters[i].accepted);
        *accepted += submitters[i].accepted;
    }
    runner_free(runner);
    pthread_barrier_destroy(&start);
}

START_TEST(R188_what_eight_threads_submit_while_it_closes_all_settles)
{
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++)
        submit_and_close(&accepted);
    ck_assert_int_gt(accepted, ROUNDS);
}
END_TEST

/* The same, and nobody waits: the submissions of a round are looked at after the close. */
typedef struct flooder {
    submitter_t base;
    runner_submission_t *list[256];
    int count;
} flooder_t;

static void *flood(void *arg)
{
    flooder_t *self = arg;
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = count_drop};
    pthread_barrier_wait(self->base.start);
    while (self->count < 256 && runner_spawn_threadsafe(self->base.runner, yield_once, self, &opts,
                                                        &self->list[self->count]) == 0)
        self->count++;
    return NULL;
}

static void flood_and_close(void)
{
    static flooder_t flooders[THREADS];
    pthread_barrier_t start;
    runner_t *runner = test_runner_with(NULL);
    memset(flooders, 0, sizeof flooders);
    pthread_barrier_init(&start, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        flooders[i].base = (submitter_t){.runner = runner, .start = &start};
        ck_assert_int_eq(pthread_create(&flooders[i].base.thread, NULL, flood, &flooders[i]), 0);
    }
    ck_assert_code(runner_run(runner, sleep_briefly, &start, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    for (int i = 0; i < THREADS; i++) {
        flooder_t *self = &flooders[i];
        pthread_join(self->base.thread, NULL);
        for (int k = 0; k < self->count; k++) {
            int code = runner_submission_wait(self->list[k], 0, NULL);
            ck_assert_msg(code == 0 || code == RUNNER_ECANCELED, "%s", code_name(code));
            runner_submission_unref(self->list[k]);
        }
        ck_assert_int_eq(atomic_load(&self->base.dropped), self->count);
    }
    runner_free(runner);
    pthread_barrier_destroy(&start);
}

START_TEST(R188_a_flood_of_submissions_is_settled_when_close_returns)
{
    for (int round = 0; round < ROUNDS / 4; round++)
        flood_and_close();
}
END_TEST

/* --- wake-ups ---------------------------------------------------------------------------- */

typedef struct storm {
    runner_t *runner;
    runner_future_t *over;
    atomic_int calls;
    int expected;
} storm_t;

static int count_call(void *arg)
{
    storm_t *storm = arg;
    if (atomic_fetch_add(&storm->calls, 1) + 1 == storm->expected)
        return runner_future_resolve(storm->over, NULL);
    return 0;
}

static void *storm_thread(void *arg)
{
    storm_t *storm = arg;
    for (int i = 0; i < STORM; i++) {
        ck_assert_code(runner_call_soon_threadsafe(storm->runner, count_call, storm, NULL), 0);
        if (i % 7 == 0)
            ck_assert_code(runner_wakeup(storm->runner), 0);
    }
    ck_assert_code(runner_submitter_release(storm->runner), 0);
    return NULL;
}

static int await_future(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

START_TEST(R186_no_wake_up_of_a_storm_is_lost)
{
    pthread_t threads[THREADS];
    storm_t storm = {.runner = test_runner_with(NULL), .expected = THREADS * STORM};
    ck_assert_code(runner_future_new(storm.runner, &storm.over), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_code(runner_submitter_acquire(storm.runner), 0);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, storm_thread, &storm), 0);
    }
    ck_assert_code(runner_run(storm.runner, await_future, storm.over, NULL, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&storm.calls), THREADS * STORM);
    runner_future_unref(storm.over);
    runner_free(storm.runner);
}
END_TEST

/* One message at a time, there and back: each finds the loop asleep. */
typedef struct ping {
    runner_t *runner;
    int left;
} ping_t;

static int pong(void *arg, void **result)
{
    (void)result;
    return ++*(int *)arg > 0 ? runner_yield() : 0;
}

static void *ping_thread(void *arg)
{
    ping_t *ping = arg;
    int answers = 0;
    for (int i = 0; i < ping->left; i++) {
        runner_submission_t *submission = NULL;
        ck_assert_code(runner_spawn_threadsafe(ping->runner, pong, &answers, NULL, &submission), 0);
        ck_assert_code(runner_submission_wait(submission, RUNNER_FOREVER, NULL), 0);
        runner_submission_unref(submission);
    }
    ck_assert_int_eq(answers, ping->left);
    ck_assert_code(runner_interrupt(ping->runner), 0);
    ck_assert_code(runner_submitter_release(ping->runner), 0);
    return NULL;
}

static int park(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R186_loop_that_sleeps_wakes_for_every_message)
{
    pthread_t thread;
    ping_t ping = {test_runner_with(NULL), 5000};
    ck_assert_code(runner_submitter_acquire(ping.runner), 0);
    /* The loop runs before the thread may interrupt it. */
    ck_assert_int_eq(pthread_create(&thread, NULL, ping_thread, &ping), 0);
    ck_assert_code(runner_run(ping.runner, park, NULL, NULL, NULL), RUNNER_EINTR);
    pthread_join(thread, NULL);
    runner_free(ping.runner);
}
END_TEST

/* --- many tasks -------------------------------------------------------------------------- */

static int sleep_and_count(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(10);
    ++*(int *)arg;
    return code;
}

static int step_sleep_and_count(void *arg, int status, void **result)
{
    int **counters = arg;
    (void)result;
    if (counters[0] != NULL) {
        counters[0] = NULL;
        return runner_sleep(10);
    }
    ++*counters[1];
    return status;
}

static int spawn_many_coroutines(void *arg, void **result)
{
    (void)result;
    int count = many_coroutines();
    for (int i = 0; i < count; i++)
        ck_assert_code(runner_spawn(sleep_and_count, arg, NULL, NULL), 0);
    return runner_sleep(20);
}

START_TEST(all_of_100000_sleeping_coroutines_wake)
{
    int woken = 0;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_many_coroutines, &woken, NULL, NULL), 0);
    ck_assert_int_eq(woken, many_coroutines());
    runner_free(runner);
}
END_TEST

static int spawn_many_steps(void *arg, void **result)
{
    int *woken = arg;
    int *(*counters)[2] = calloc(MANY_TASKS, sizeof *counters);
    (void)result;
    ck_assert_ptr_nonnull(counters);
    for (int i = 0; i < MANY_TASKS; i++) {
        counters[i][0] = counters[i][1] = woken;
        ck_assert_code(runner_spawn_step(step_sleep_and_count, counters[i], NULL, NULL), 0);
    }
    int code = runner_sleep(20);
    free(counters);
    return code;
}

START_TEST(all_of_100000_sleeping_stackless_tasks_wake)
{
    int woken = 0;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_many_steps, &woken, NULL, NULL), 0);
    ck_assert_int_eq(woken, MANY_TASKS);
    runner_free(runner);
}
END_TEST

static int park_and_count(void *arg, void **result)
{
    int code = park(NULL, result);
    ++*(int *)arg;
    return code;
}

static int leave_many(void *arg, void **result)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .drop = drop_count};
    (void)result;
    int count = many_coroutines();
    for (int i = 0; i < count; i++)
        ck_assert_code(runner_spawn(park_and_count, arg, &opts, NULL), 0);
    return runner_yield();
}

START_TEST(R079_all_of_100000_leftovers_are_cancelled)
{
    int cancelled = 0;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_many, &cancelled, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(cancelled, many_coroutines());
    ck_assert_int_eq(drops(), many_coroutines());
    runner_free(runner);
}
END_TEST

static int sleep_ten(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(10);
}

START_TEST(R196_many_cancelled_timers_do_not_accumulate)
{
    runner_t *runner = test_runner();
    for (int i = 0; i < MANY_TASKS; i++) {
        runner_timer_t *timer = NULL;
        ck_assert_code(
            runner_call_later(runner, 1 + i % 9, do_nothing_soon, NULL, drop_count, &timer), 0);
        ck_assert_code(runner_timer_cancel(timer), 0);
        runner_timer_unref(timer);
    }
    ck_assert_int_eq(drops(), MANY_TASKS);
    ck_assert_code(runner_run(runner, sleep_ten, NULL, NULL, NULL), 0);
    ck_assert_uint_eq(now_ms(runner), 10);
    runner_free(runner);
}
END_TEST

static int spawn_and_await(void *arg, void **result)
{
    (void)arg;
    for (int i = 0; i < MANY_TASKS; i++) {
        runner_task_t *task = NULL;
        ck_assert_code(runner_spawn(yield_once, &task, NULL, &task), 0);
        ck_assert_code(runner_await(task, result), 0);
        ck_assert_ptr_eq(*result, &task);
        runner_task_unref(task);
    }
    return 0;
}

START_TEST(R102_tasks_one_after_the_other_use_the_same_memory)
{
    runner_t *runner = test_runner();
    int fds = fd_count();
    ck_assert_code(runner_run(runner, spawn_and_await, NULL, NULL, NULL), 0);
    ck_assert_int_le(fd_count(), fds + 8);
    runner_free(runner);
}
END_TEST

/* --- deep stacks ------------------------------------------------------------------------- */

/* Uses at least 256 bytes of stack a level; awaits at the deepest. */
static int dig(int depth, volatile char *above)
{
    volatile char room[256];
    room[0] = above != NULL ? above[0] : 'x';
    if (depth == 0)
        return runner_yield();
    int code = dig(depth - 1, room);
    return room[0] == 'x' ? code : RUNNER_EUSER;
}

static int dig_deep(void *arg, void **result)
{
    (void)result;
    return dig((int)number_of(arg), NULL);
}

static int dig_in_tasks(void *arg, void **result)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .stack_bytes = 64u << 20};
    runner_task_t *tasks[4];
    (void)arg;
    for (int i = 0; i < 4; i++)
        ck_assert_code(runner_spawn(dig_deep, value_of(20000), &opts, &tasks[i]), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(stacks_of_64_mib_can_be_used)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, dig_in_tasks, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* A chain of tasks, each awaiting the next. */
static int await_next(void *arg, void **result)
{
    intptr_t left = number_of(arg);
    runner_task_t *next = NULL;
    if (left == 0)
        return park(NULL, result);
    ck_assert_code(runner_spawn(await_next, value_of(left - 1), NULL, &next), 0);
    int code = runner_await(next, result);
    runner_task_unref(next);
    return code;
}

static int cancel_the_chain(void *arg, void **result)
{
    runner_task_t *first = NULL;
    ck_assert_code(runner_spawn(await_next, arg, NULL, &first), 0);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_task_cancel(first), 0);
    int code = runner_await(first, result);
    runner_task_unref(first);
    return code == RUNNER_ECANCELED ? 0 : code;
}

START_TEST(R136_cancel_goes_down_a_chain_of_2000_awaits_and_up_again)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, cancel_the_chain, value_of(LONG_CHAIN), NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* --- many runners ------------------------------------------------------------------------ */

static void *run_again_and_again(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        void *result = NULL;
        ck_assert_code(runner_main(yield_once, arg, NULL, &result), 0);
        ck_assert_ptr_eq(result, arg);
    }
    return NULL;
}

START_TEST(R014_R045_runners_come_and_go_in_eight_threads)
{
    pthread_t threads[THREADS];
    /* libuv keeps a pipe of its own from the first loop on. */
    ck_assert_code(runner_main(yield_once, NULL, NULL, NULL), 0);
    int fds = fd_count();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_again_and_again, value_of(i + 1)),
                         0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
#ifdef TEST_UNDER_TSAN
    fds += fd_count() > fds ? 2 : 0; /* what explains the suppressed reports has a pipe to it */
#endif
    ck_assert_int_eq(fd_count(), fds);
}
END_TEST

static TCase *slow_case(Suite *suite, const char *name)
{
    TCase *tcase = test_case(suite, name);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("stress");
    TCase *tcase = slow_case(suite, "threads");
    tcase_add_test(tcase, R188_what_eight_threads_submit_while_it_closes_all_settles);
    tcase_add_test(tcase, R188_a_flood_of_submissions_is_settled_when_close_returns);
    tcase_add_test(tcase, R186_no_wake_up_of_a_storm_is_lost);
    tcase_add_test(tcase, R186_loop_that_sleeps_wakes_for_every_message);
    tcase_add_test(tcase, R014_R045_runners_come_and_go_in_eight_threads);

    tcase = slow_case(suite, "tasks");
    tcase_add_test(tcase, all_of_100000_sleeping_coroutines_wake);
    tcase_add_test(tcase, all_of_100000_sleeping_stackless_tasks_wake);
    tcase_add_test(tcase, R079_all_of_100000_leftovers_are_cancelled);
    tcase_add_test(tcase, R196_many_cancelled_timers_do_not_accumulate);
    tcase_add_test(tcase, R102_tasks_one_after_the_other_use_the_same_memory);

    tcase = slow_case(suite, "stacks");
    tcase_add_test(tcase, stacks_of_64_mib_can_be_used);
    tcase_add_test(tcase, R136_cancel_goes_down_a_chain_of_2000_awaits_and_up_again);
    return test_main(suite);
}
