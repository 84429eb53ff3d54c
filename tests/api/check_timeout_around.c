/* Timeouts around groups, locks, conditions, shields, futures and jobs. */
#include "check_support.h"

#include <semaphore.h>

/* --- helpers ----------------------------------------------------------------------------- */

static runner_timeout_t *opened(uint64_t timeout_ms)
{
    runner_timeout_t *timeout = NULL;
    ck_assert_code(runner_timeout_new(&timeout), 0);
    ck_assert_code(runner_timeout_open(timeout, timeout_ms), 0);
    return timeout;
}

/* Close, compare and release. */
#define ck_assert_closes(timeout, code, expected, has_expired)                                     \
    do {                                                                                           \
        ck_assert_code(runner_timeout_close(timeout, code), expected);                             \
        ck_assert_int_eq(runner_timeout_expired(timeout), has_expired);                            \
        runner_timeout_unref(timeout);                                                             \
    } while (0)

static runner_task_t *spawn(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    return task;
}

static int await_and_unref(runner_task_t *task)
{
    int code = runner_await(task, NULL);
    runner_task_unref(task);
    return code;
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}

/* Nothing is left of a cancel in the running task. */
static void expect_no_requests(void)
{
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(1), 0);
}

/* --- groups ------------------------------------------------------------------------------ */

static int log_child(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

static int crash_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER) == RUNNER_ECANCELED ? -6 : -7;
}

static int fail_at_10(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(10);
    return code != 0 ? code : -6;
}

static runner_group_t *group_with(runner_fn child, void *arg)
{
    runner_group_t *group = NULL;
    ck_assert_code(runner_group_new(&group), 0);
    ck_assert_code(runner_group_open(group), 0);
    ck_assert_code(runner_group_spawn(group, child, arg, NULL, NULL), 0);
    return group;
}

static void expect_errors(runner_group_t *group, int first, int second)
{
    runner_group_error_t error = {.size = sizeof error};
    runner_error_group_t *errors = runner_group_errors(group);
    ck_assert_uint_eq(runner_error_group_count(errors), second != 0 ? 2 : 1);
    ck_assert_code(runner_error_group_get(errors, 0, &error), 0);
    ck_assert_code(error.code, first);
    if (second != 0) {
        ck_assert_code(runner_error_group_get(errors, 1, &error), 0);
        ck_assert_code(error.code, second);
    }
}

static int expire_in_group_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timeout_t *timeout = opened(10);
    runner_group_t *group = group_with(log_child, "a");
    ck_assert_code(runner_group_spawn(group, log_child, "b", NULL, NULL), 0);
    int code = runner_group_close(group, 0);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_closes(timeout, code, RUNNER_ETIMEDOUT, 1);
    ck_assert_uint_eq(runner_group_count(group), 0);
    runner_group_unref(group);
    expect_no_requests();
    return 0;
}

START_TEST(R170_an_expiry_while_a_group_waits_cancels_its_children)
{
    run(expire_in_group_close);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED");
}
END_TEST

static int crash_on_expiry(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int wait_in_body = 0; wait_in_body < 2; wait_in_body++) {
        runner_timeout_t *timeout = opened(10);
        runner_group_t *group = group_with(crash_in_cleanup, NULL);
        int code = runner_group_close(group, wait_in_body ? runner_sleep(1000) : 0);
        ck_assert_code(code, RUNNER_EGROUP);
        expect_errors(group, -6, 0);
        ck_assert_closes(timeout, code, RUNNER_EGROUP, 1);
        runner_group_unref(group);
        expect_no_requests();
    }
    return 0;
}

START_TEST(R179_children_that_fail_on_the_expiry_make_it_an_error_of_their_group)
{
    run(crash_on_expiry);
}
END_TEST

static int fail_around_timeout(void *arg, void **result)
{
    (void)arg;
    (void)result;
    /* The child fails first, and its group cancels the body. */
    runner_group_t *group = group_with(fail_at_10, NULL);
    ck_assert_code(runner_yield(), 0);
    runner_timeout_t *timeout = opened(20);
    int code = runner_sleep(1000);
    ck_assert_int_eq(runner_task_cancel_reason(runner_current_task()), RUNNER_REASON_GROUP);
    ck_assert_closes(timeout, code, RUNNER_ECANCELED, 0);
    ck_assert_code(runner_group_close(group, RUNNER_ECANCELED), RUNNER_EGROUP);
    expect_errors(group, -6, 0);
    runner_group_unref(group);
    expect_no_requests();

    /* Both at once: the body is over before the group hears of its child. */
    group = group_with(fail_at_10, NULL);
    ck_assert_code(runner_yield(), 0);
    timeout = opened(10);
    code = runner_sleep(1000);
    ck_assert_closes(timeout, code, RUNNER_ETIMEDOUT, 1);
    ck_assert_code(runner_group_close(group, RUNNER_ETIMEDOUT), RUNNER_EGROUP);
    expect_errors(group, -6, RUNNER_ETIMEDOUT);
    runner_group_unref(group);
    expect_no_requests();
    return 0;
}

START_TEST(R176_the_cancel_of_a_group_is_no_timeout_of_its_body)
{
    run(fail_around_timeout);
}
END_TEST

static int time_out_in_group(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = group_with(log_child, "child");
    runner_timeout_t *timeout = opened(10);
    int code = runner_sleep(1000);
    ck_assert_closes(timeout, code, RUNNER_ETIMEDOUT, 1);
    ck_assert_code(runner_group_close(group, RUNNER_ETIMEDOUT), RUNNER_EGROUP);
    expect_errors(group, RUNNER_ETIMEDOUT, 0);
    runner_group_unref(group);
    expect_no_requests();
    return 0;
}

START_TEST(R170_a_body_that_times_out_fails_its_group)
{
    run(time_out_in_group);
    log_expect("child RUNNER_ECANCELED");
}
END_TEST

/* --- locks ------------------------------------------------------------------------------- */

static int acquire_with_timeout(void *arg, void **result)
{
    (void)result;
    runner_timeout_t *timeout = opened(10);
    int code = runner_timeout_close(timeout, runner_lock_acquire(arg));
    log_add("a %s, locked: %d", code_name(code), runner_lock_locked(arg));
    runner_timeout_unref(timeout);
    expect_no_requests();
    return 0;
}

static int acquire_and_release(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_lock_acquire(arg), 0);
    log_add("b %dms", (int)now_ms(runner_current()));
    return runner_lock_release(arg);
}

static int wait_for_lock(void *arg, void **result)
{
    runner_lock_t *lock = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_lock_new(&lock), 0);
    ck_assert_code(runner_lock_acquire(lock), 0);
    runner_task_t *a = spawn(acquire_with_timeout, lock);
    runner_task_t *b = spawn(acquire_and_release, lock);
    ck_assert_code(runner_sleep(14), 0);
    ck_assert_code(await_and_unref(a), 0);
    ck_assert_uint_eq(runner_lock_waiters(lock), 1);
    ck_assert_code(runner_lock_release(lock), 0);
    ck_assert_code(await_and_unref(b), 0);
    ck_assert_int_eq(runner_lock_locked(lock), 0);
    runner_lock_unref(lock);
    return 0;
}

START_TEST(R170_who_times_out_waiting_for_a_lock_leaves_the_line)
{
    run(wait_for_lock);
    log_expect("a RUNNER_ETIMEDOUT, locked: 1,b 14ms");
}
END_TEST

static int release_lock(void *arg)
{
    return runner_lock_release(arg);
}

/* The timer that releases is started before or after that of the timeout. */
static int race_for_lock(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int release_first = 0; release_first < 2; release_first++) {
        runner_lock_t *lock = NULL;
        ck_assert_code(runner_lock_new(&lock), 0);
        ck_assert_code(runner_lock_acquire(lock), 0);
        ck_assert_code(runner_sleep(10), 0);
        if (release_first) {
            ck_assert_code(runner_call_later(runner_current(), 10, release_lock, lock, NULL, NULL),
                           0);
        }
        runner_task_t *a = spawn(acquire_with_timeout, lock);
        ck_assert_code(runner_yield(), 0);
        if (!release_first) {
            ck_assert_code(runner_call_later(runner_current(), 10, release_lock, lock, NULL, NULL),
                           0);
        }
        runner_task_t *b = spawn(acquire_and_release, lock);
        ck_assert_code(await_and_unref(a), 0);
        ck_assert_code(await_and_unref(b), 0);
        ck_assert_int_eq(runner_lock_locked(lock), 0);
        ck_assert_uint_eq(runner_lock_waiters(lock), 0);
        runner_lock_unref(lock);
    }
    return 0;
}

START_TEST(R170_a_lock_that_is_handed_over_at_the_deadline_goes_to_the_next_in_line)
{
    run(race_for_lock);
    log_expect("a RUNNER_ETIMEDOUT, locked: 0,b 20ms,a RUNNER_ETIMEDOUT, locked: 0,b 41ms");
}
END_TEST

static int wait_for_condition(void *arg, void **result)
{
    runner_lock_t *lock = runner_condition_lock(arg);
    (void)result;
    runner_timeout_t *timeout = opened(10);
    ck_assert_code(runner_lock_acquire(lock), 0);
    int code = runner_condition_wait(arg);
    log_add("%dms %s", (int)now_ms(runner_current()), code_name(code));
    ck_assert_uint_eq(runner_lock_holder(lock), runner_task_id(runner_current_task()));
    ck_assert_code(runner_lock_release(lock), 0);
    ck_assert_closes(timeout, code, RUNNER_ETIMEDOUT, 1);
    expect_no_requests();
    return 0;
}

static int hold_over_deadline(void *arg, void **result)
{
    runner_condition_t *condition = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_condition_new(&condition, NULL), 0);
    runner_lock_t *lock = runner_condition_lock(condition);
    runner_task_t *task = spawn(wait_for_condition, condition);
    ck_assert_code(runner_sleep(5), 0);
    ck_assert_code(runner_lock_acquire(lock), 0);
    ck_assert_code(runner_sleep(10), 0);
    log_add("release");
    ck_assert_code(runner_lock_release(lock), 0);
    ck_assert_code(await_and_unref(task), 0);
    ck_assert_int_eq(runner_lock_locked(lock), 0);
    runner_condition_unref(condition);
    return 0;
}

START_TEST(R170_who_times_out_waiting_for_a_condition_takes_the_lock_again_first)
{
    run(hold_over_deadline);
    log_expect("release,15ms RUNNER_ECANCELED");
}
END_TEST

/* --- futures ----------------------------------------------------------------------------- */

static int await_arg(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

static int give_5_later(void *arg, void **result)
{
    (void)arg;
    *result = value_of(5);
    return runner_sleep(20);
}

static int time_out_shields(void *arg, void **result)
{
    static const uint64_t times[] = {0, 10, 30, RUNNER_FOREVER};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int enough = times[i] >= 30;
        void *value = NULL;
        runner_future_t *shield = NULL;
        runner_task_t *inner = spawn(give_5_later, NULL);
        ck_assert_code(runner_shield(runner_task_future(inner), &shield), 0);
        ck_assert_code(runner_with_timeout(times[i], await_arg, shield, &value),
                       enough ? 0 : RUNNER_ETIMEDOUT);
        ck_assert_int_eq(runner_task_done(inner), enough);
        ck_assert_code(runner_future_status(shield), enough ? 0 : RUNNER_ECANCELED);
        ck_assert_int_eq(number_of(value), enough ? 5 : 0);
        ck_assert_code(runner_await(inner, &value), 0);
        ck_assert_int_eq(number_of(value), 5);
        runner_future_unref(shield);
        runner_task_unref(inner);
        expect_no_requests();
    }
    return 0;
}

START_TEST(R170_R182_a_timeout_around_a_shield_leaves_the_inner_task_alone)
{
    run(time_out_shields);
}
END_TEST

static int resolve_with_3(void *arg)
{
    return runner_future_resolve(arg, value_of(3));
}

static int await_futures(void *arg, void **result)
{
    runner_future_t *future = NULL;
    void *value = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    ck_assert_code(runner_call_soon(runner_current(), resolve_with_3, future, NULL), 0);
    ck_assert_code(runner_with_timeout(200, await_arg, future, &value), 0);
    ck_assert_int_eq(number_of(value), 3);
    value = NULL;
    ck_assert_code(runner_with_timeout(0, await_arg, future, &value), 0); /* it is done */
    ck_assert_int_eq(number_of(value), 3);
    runner_future_unref(future);

    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    ck_assert_code(runner_with_timeout(10, await_arg, future, &value), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_future_status(future), RUNNER_ECANCELED);
    ck_assert_int_eq(number_of(value), 3);
    runner_future_unref(future);
    return 0;
}

START_TEST(R170_R171_a_timeout_around_a_future_cancels_it_or_hands_its_value_on)
{
    run(await_futures);
}
END_TEST

/* --- jobs -------------------------------------------------------------------------------- */

typedef struct job {
    runner_t *runner;
    runner_timeout_t *timeout;
    sem_t semaphore;
} job_t;

static int expire_now(void *arg)
{
    return runner_timeout_reschedule(arg, 0);
}

/* A job that certainly runs when the timeout of who waits for it expires. */
static int expire_and_wait(void *arg, void **result)
{
    job_t *job = arg;
    *result = value_of(6);
    int code = runner_call_soon_threadsafe(job->runner, expire_now, job->timeout, NULL);
    while (sem_wait(&job->semaphore) != 0) {}
    log_add("job");
    return code;
}

static int time_out_job(void *arg, void **result)
{
    job_t *job = arg;
    void *value = value_of(1);
    (void)result;
    job->timeout = opened(RUNNER_FOREVER);
    int code = runner_to_thread(expire_and_wait, job, NULL, &value);
    ck_assert_closes(job->timeout, code, RUNNER_ETIMEDOUT, 1);
    log_add("timed out");
    ck_assert_int_eq(sem_post(&job->semaphore), 0);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_int_eq(number_of(value), 1);
    return 0;
}

START_TEST(R170_a_job_goes_on_after_the_timeout_of_who_waits_for_it)
{
    job_t job = {.runner = test_runner()};
    ck_assert_int_eq(sem_init(&job.semaphore, 0, 0), 0);
    ck_assert_code(runner_run(job.runner, time_out_job, &job, NULL, NULL), 0);
    runner_free(job.runner); /* waits for the job */
    log_expect("timed out,job");
    ck_assert_int_eq(sem_destroy(&job.semaphore), 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("timeout_around");
    TCase *tcase = test_case(suite, "groups");
    tcase_add_test(tcase, R170_an_expiry_while_a_group_waits_cancels_its_children);
    tcase_add_test(tcase, R179_children_that_fail_on_the_expiry_make_it_an_error_of_their_group);
    tcase_add_test(tcase, R176_the_cancel_of_a_group_is_no_timeout_of_its_body);
    tcase_add_test(tcase, R170_a_body_that_times_out_fails_its_group);
    tcase = test_case(suite, "locks");
    tcase_add_test(tcase, R170_who_times_out_waiting_for_a_lock_leaves_the_line);
    tcase_add_test(tcase, R170_a_lock_that_is_handed_over_at_the_deadline_goes_to_the_next_in_line);
    tcase_add_test(tcase, R170_who_times_out_waiting_for_a_condition_takes_the_lock_again_first);
    tcase = test_case(suite, "futures");
    tcase_add_test(tcase, R170_R182_a_timeout_around_a_shield_leaves_the_inner_task_alone);
    tcase_add_test(tcase, R170_R171_a_timeout_around_a_future_cancels_it_or_hands_its_value_on);
    tcase = test_case(suite, "jobs");
    tcase_add_test(tcase, R170_a_job_goes_on_after_the_timeout_of_who_waits_for_it);
    return test_main(suite);
}
