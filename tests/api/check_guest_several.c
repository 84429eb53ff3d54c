/* Guest mode: guests that share a loop, and other threads that post to one. */
#include "guests.h"

#include <pthread.h>

/* --- several guests ---------------------------------------------------------------------- */

enum { GUESTS = 5 };

typedef struct visitor {
    runner_t *runner;
    ending_t ending;
    int rounds;
} visitor_t;

static int visit(void *arg, void **result)
{
    visitor_t *visitor = arg;
    *result = visitor;
    for (int i = 0; i < 5; i++) {
        ck_assert_ptr_eq(runner_current(), visitor->runner);
        ck_assert_code(runner_yield(), 0);
        ck_assert_ptr_eq(runner_current(), visitor->runner);
        ck_assert_code(runner_sleep(1), 0);
        visitor->rounds++;
    }
    return 0;
}

START_TEST(R045_R205_several_guests_share_a_loop)
{
    visitor_t visitors[GUESTS];
    program_open();
    for (int i = 0; i < GUESTS; i++) {
        visitors[i] = (visitor_t){.runner = guest()};
    }
    for (int i = 0; i < GUESTS; i++) {
        guest_start(visitors[i].runner, visit, &visitors[i], &visitors[i].ending);
    }
    program_run();
    for (int i = 0; i < GUESTS; i++) {
        ck_assert_ended(&visitors[i].ending, 0);
        ck_assert_ptr_eq(visitors[i].ending.result, &visitors[i]);
        ck_assert_int_eq(visitors[i].rounds, 5);
    }
    /* Each leaves while the others are there. */
    for (int i = 0; i < GUESTS; i++) {
        if (i + 1 < GUESTS) {
            guest_start(visitors[i + 1].runner, visit, &visitors[i + 1], &visitors[i + 1].ending);
        }
        ck_assert_code(guest_close(visitors[i].runner), 0);
        if (i + 1 < GUESTS) {
            ck_assert_ended(&visitors[i + 1].ending, 0);
        }
        runner_free(visitors[i].runner);
    }
    program_close();
}
END_TEST

/* A future of one guest, settled in a task of another. */
static int settle_for_other(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_future_await(arg, NULL), RUNNER_EFOREIGN);
    ck_assert_code(runner_sleep(1), 0);
    return runner_future_resolve(arg, NULL);
}

START_TEST(R041_R205_a_guest_wakes_its_neighbour)
{
    ending_t waiting;
    ending_t settling;
    program_open();
    runner_t *first = guest();
    runner_t *second = guest();
    runner_future_t *future = guest_future(first);
    guest_start(first, await_future, future, &waiting);
    guest_start(second, settle_for_other, future, &settling);
    program_run();
    ck_assert_ended(&waiting, 0);
    ck_assert_ended(&settling, 0);
    runner_future_unref(future);
    ck_assert_code(guest_close(first), 0);
    ck_assert_code(guest_close(second), 0);
    runner_free(first);
    runner_free(second);
    program_close();
}
END_TEST

/* --- threads ----------------------------------------------------------------------------- */

enum { POSTS = 2000 };

typedef struct office {
    runner_t *runner;
    runner_future_t *finished;
    int posts; /* on the loop's thread */
} office_t;

static int count_post(void *arg)
{
    office_t *office = arg;
    if (++office->posts == POSTS) {
        return runner_future_resolve(office->finished, NULL);
    }
    return 0;
}

static int add_one(void *arg, void **result)
{
    *result = value_of(number_of(arg) + 1);
    return runner_yield();
}

static void *post_all(void *arg)
{
    office_t *office = arg;
    for (int i = 0; i < POSTS; i++) {
        ck_assert_code(runner_call_soon_threadsafe(office->runner, count_post, office, NULL), 0);
        if (i % 100 == 0) {
            runner_submission_t *submission = NULL;
            void *result = NULL;
            ck_assert_code(
                runner_spawn_threadsafe(office->runner, add_one, value_of(i), NULL, &submission),
                0);
            ck_assert_code(runner_submission_wait(submission, RUNNER_FOREVER, &result), 0);
            ck_assert_int_eq(number_of(result), i + 1);
            runner_submission_unref(submission);
        }
    }
    ck_assert_code(runner_submitter_release(office->runner), 0);
    return NULL;
}

/* The loop, the guest and its whole life in a thread that is not the first. */
static void *keep_office(void *arg)
{
    office_t *office = arg;
    ending_t ending;
    pthread_t thread;
    program_open();
    office->runner = guest();
    office->finished = guest_future(office->runner);
    ck_assert_code(runner_submitter_acquire(office->runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_all, office), 0);
    guest_start(office->runner, await_future, office->finished, &ending);
    program_run();
    ck_assert_ended(&ending, 0);
    pthread_join(thread, NULL);
    runner_future_unref(office->finished);
    guest_end(office->runner);
    return NULL;
}

START_TEST(R098_R186_R205_other_threads_post_to_a_guest)
{
    office_t office = {0};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_office, &office), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(office.posts, POSTS);
}
END_TEST

static int schedule(void *arg, void **result)
{
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner, log_callback, "soon", NULL), 0);
    ck_assert_code(runner_call_later(runner, 1, log_callback, "later", NULL, NULL), 0);
    return runner_sleep(3);
}

START_TEST(R205_debug_mode_knows_the_thread_of_a_guest)
{
    program_open();
    runner_options_t opts = guest_options();
    opts.debug = RUNNER_ON;
    opts.slow_callback_ms = 3600 * 1000;
    runner_t *runner = guest_with(&opts);
    ck_assert_code(runner_call_soon(runner, log_callback, "before", NULL), 0);
    ck_assert_code(guest_run(runner, schedule, NULL), 0);
    log_expect("before,soon,later,ended 0");
    ck_assert_code(runner_call_soon(runner, log_callback, "after", NULL), 0);
    guest_end(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest several");
    TCase *several = test_case(suite, "several");
    tcase_add_test(several, R045_R205_several_guests_share_a_loop);
    tcase_add_test(several, R041_R205_a_guest_wakes_its_neighbour);

    TCase *threads = test_case(suite, "threads");
    tcase_add_test(threads, R098_R186_R205_other_threads_post_to_a_guest);
    tcase_add_test(threads, R205_debug_mode_knows_the_thread_of_a_guest);
    return test_main(suite);
}
