/*
 * The sweep of sweep.h through timeouts, and waits for several futures at once.
 */
#include "kept.h"

/* --- timeouts ---------------------------------------------------------------------------- */

/* A timeout of no time at all, which stands in the ready queue, is given time. If that is refused it
 * is due as before. */
static int postpone_main(void *arg, void **result)
{
    runner_timeout_t *timeout = NULL;
    (void)arg;
    (void)result;
    TRY(runner_timeout_new(&timeout));
    kept.timeouts[0] = timeout;
    ck_assert_code(runner_timeout_open(timeout, 0), 0);
    uint64_t due_ns = runner_timeout_when_ns(timeout);
    int code = runner_timeout_reschedule(timeout, 50);
    if (code != 0) {
        ck_assert_uint_eq(runner_timeout_when_ns(timeout), due_ns);
        ck_assert_code(runner_yield(), RUNNER_ECANCELED);
    } else {
        ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
        ck_assert_uint_eq(runner_time_ns(runner_current()), due_ns + UINT64_C(50000000));
    }
    ck_assert_code(runner_timeout_close(timeout, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
    return code;
}

static int postpone_scenario(void)
{
    return run_and_release(postpone_main);
}

START_TEST(R180_reschedule_of_a_timeout_that_is_due)
{
    sweep(postpone_scenario, 0);
}
END_TEST

/* A deadline that can not be moved stays. */
static int move(runner_timeout_t *timeout, uint64_t timeout_ms)
{
    uint64_t before_ns = runner_timeout_when_ns(timeout);
    int code = runner_timeout_reschedule(timeout, timeout_ms);
    if (code != 0)
        ck_assert_uint_eq(runner_timeout_when_ns(timeout), before_ns);
    return code;
}

static int open_one(runner_timeout_t *timeout, uint64_t timeout_ms)
{
    int code = runner_timeout_open(timeout, timeout_ms);
    if (code != 0) {
        ck_assert_code(runner_timeout_close(timeout, 0), RUNNER_ENOTENTERED);
        ck_assert_uint_eq(runner_timeout_when_ns(timeout), UINT64_MAX);
    }
    return code;
}

/* As many that the heap of timers has to grow. */
static int open_many(int *opened)
{
    for (; *opened < MOST_KEPT; ++*opened) {
        TRY(runner_timeout_new(&kept.timeouts[*opened]));
        TRY(open_one(kept.timeouts[*opened], RUNNER_FOREVER));
    }
    for (int i = 0; i < MOST_KEPT; i++)
        TRY(move(kept.timeouts[i], (uint64_t)(MOST_KEPT - i) * 10));
    return 0;
}

static int timeouts_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int opened = 0;
    int code = open_many(&opened);
    if (code == 0)
        code = move(kept.timeouts[MOST_KEPT - 1], 1);
    /* Half of them is left open. */
    int waited = code == 0 ? runner_sleep(RUNNER_FOREVER) : 0;
    for (int i = opened - 1; i >= MOST_KEPT / 2; i--)
        waited = runner_timeout_close(kept.timeouts[i], waited);
    return code != 0 ? code : waited;
}

static int timeouts_scenario(void)
{
    return run_and_release(timeouts_main);
}

START_TEST(R170_timeouts)
{
    sweep(timeouts_scenario, RUNNER_ETIMEDOUT);
}
END_TEST

static int with_inner_timeout(void *arg, void **result)
{
    int code = runner_with_timeout(10, park, arg, result);
    return code == RUNNER_ETIMEDOUT ? runner_sleep(RUNNER_FOREVER) : code;
}

static int with_timeout_main(void *arg, void **result)
{
    void *untouched = &kept;
    TRY(runner_with_timeout(RUNNER_FOREVER, do_nothing, arg, result));
    int code = runner_with_timeout(20, with_inner_timeout, arg, &untouched);
    ck_assert_ptr_eq(untouched, &kept);
    return code;
}

static int with_timeout_scenario(void)
{
    return run_and_release(with_timeout_main);
}

START_TEST(R174_timeouts_in_timeouts)
{
    sweep(with_timeout_scenario, RUNNER_ETIMEDOUT);
}
END_TEST

/* Refused for want of memory it has not cancelled the task. */
static int await_for_one(runner_task_t *task, uint64_t timeout_ms)
{
    void *value = &kept;
    int code = runner_await_for(task, timeout_ms, &value);
    ck_assert_ptr_eq(value, &kept);
    if (code == RUNNER_ENOMEM && !runner_task_done(task))
        ck_assert_int_eq(runner_task_cancelling(task), 0);
    return code == RUNNER_ETIMEDOUT ? 0 : code;
}

static int await_for_main(void *arg, void **result)
{
    runner_spawn_options_t opts = named(NULL);
    for (int i = 0; i < 3; i++)
        TRY(took(runner_spawn(park, arg, &opts, &kept.tasks[i])));
    TRY(took(runner_spawn_step(await_for_in_steps, &kept.steps[0], &opts, &kept.tasks[3])));
    int code = runner_await(kept.tasks[3], NULL);
    TRY(code == RUNNER_ETIMEDOUT ? 0 : code);
    TRY(await_for_one(kept.tasks[1], 5));
    TRY(await_for_one(kept.tasks[2], 0));
    TRY(took(runner_spawn(sleep_and_give, arg, &opts, &kept.tasks[4])));
    return runner_await_for(kept.tasks[4], 1000, result);
}

static int await_for_scenario(void)
{
    return run_and_release(await_for_main);
}

START_TEST(waits_with_a_deadline)
{
    sweep(await_for_scenario, 0);
}
END_TEST

/* --- several futures --------------------------------------------------------------------- */

/* A coroutine, a stackless task and two futures: three of the array, one of them twice. */
static int make_inputs(runner_future_t **inputs, runner_fn coroutine, runner_step_fn step)
{
    runner_spawn_options_t opts = named("input");
    TRY(took(runner_spawn(coroutine, &kept, &opts, &kept.tasks[0])));
    TRY(took(runner_spawn_step(step, &kept.steps[1], &opts, &kept.tasks[1])));
    TRY(runner_future_new(runner_current(), &kept.futures[0]));
    inputs[0] = runner_task_future(kept.tasks[0]);
    inputs[1] = runner_task_future(kept.tasks[1]);
    inputs[2] = kept.futures[0];
    inputs[3] = inputs[0];
    return 0;
}

/* Whether one of them had no memory to sleep with. */
static int check_inputs(void)
{
    for (int i = 0; i < 2; i++) {
        if (runner_task_status(kept.tasks[i]) == RUNNER_ENOMEM)
            return RUNNER_ENOMEM;
    }
    return 0;
}

static int resolve_kept(void *arg)
{
    (void)arg;
    return runner_future_resolve(kept.futures[0], &kept);
}

static int gather_main(void *arg, void **result)
{
    runner_future_t *inputs[4];
    void *value = NULL;
    (void)result;
    TRY(make_inputs(inputs, sleep_and_give, sleep_in_steps));
    TRY(runner_gather(inputs, 4, 0, &kept.futures[1]));
    TRY(runner_gather(NULL, 0, 0, &kept.futures[2]));
    TRY(took(runner_call_later(runner_current(), 5, resolve_kept, arg, drop_count, NULL)));
    int code = runner_future_await(kept.futures[1], &value);
    if (code == 0) {
        void **values = value;
        ck_assert_ptr_eq(values[0], &kept);
        ck_assert_ptr_eq(values[1], &kept.steps[1]);
        ck_assert_ptr_eq(values[2], &kept);
        ck_assert_ptr_eq(values[3], &kept);
    }
    return code;
}

static int gather_scenario(void)
{
    return run_and_release(gather_main);
}

START_TEST(gathers)
{
    sweep(gather_scenario, 0);
}
END_TEST

static int gather_errors_main(void *arg, void **result)
{
    runner_future_t *inputs[4];
    (void)arg;
    (void)result;
    TRY(make_inputs(inputs, fail_later, fail_in_steps));
    TRY(runner_gather(inputs, 4, 1, &kept.futures[1]));
    TRY(runner_gather(inputs, 2, 0, &kept.futures[2]));
    int code = runner_future_await(kept.futures[2], NULL);
    /* The children go on; cancelling what is left of them ends the first one. */
    ck_assert_code(code, TASK_ERROR);
    ck_assert_code(runner_future_cancel(kept.futures[1]), 0);
    code = runner_future_await(kept.futures[1], NULL);
    ck_assert_code(runner_task_status(kept.tasks[1]), TASK_ERROR);
    return code == RUNNER_ECANCELED ? 0 : code;
}

static int gather_errors_scenario(void)
{
    return run_and_release(gather_errors_main);
}

START_TEST(R184_gathers_of_what_fails)
{
    sweep(gather_errors_scenario, 0);
}
END_TEST

static int shield_main(void *arg, void **result)
{
    runner_spawn_options_t opts = named("protected");
    TRY(took(runner_spawn(sleep_and_give, arg, &opts, &kept.tasks[0])));
    TRY(runner_shield(runner_task_future(kept.tasks[0]), &kept.futures[0]));
    TRY(runner_shield(kept.futures[0], &kept.futures[1]));
    TRY(runner_shield(kept.futures[0], &kept.futures[2]));
    ck_assert_code(runner_future_cancel(kept.futures[1]), 0);
    ck_assert_code(runner_future_status(kept.futures[0]), RUNNER_EPENDING);
    TRY(runner_future_await(kept.futures[2], result));
    return runner_shield(kept.futures[2], &kept.futures[3]); /* needs no memory */
}

static int shield_scenario(void)
{
    return run_and_release(shield_main);
}

START_TEST(R182_shields)
{
    sweep(shield_scenario, 0);
}
END_TEST

static int wait_in_steps(void *arg, int status, void **result)
{
    static size_t done;
    runner_future_t *future = runner_task_future(kept.tasks[0]);
    int *steps = arg;
    (void)result;
    return (*steps)++ == 0 ? runner_wait(&future, 1, RUNNER_FIRST_EXCEPTION, 3, &done) : status;
}

static int wait_main(void *arg, void **result)
{
    runner_future_t *inputs[4];
    runner_spawn_options_t opts = named(NULL);
    size_t done = 99;
    (void)arg;
    (void)result;
    TRY(make_inputs(inputs, sleep_and_give, sleep_in_steps));
    TRY(took(runner_spawn_step(wait_in_steps, &kept.steps[2], &opts, &kept.tasks[2])));
    int code = runner_wait(inputs, 4, RUNNER_FIRST_COMPLETED, RUNNER_FOREVER, &done);
    ck_assert(code == 0 || done == 99);
    TRY(code);
    TRY(check_inputs());
    ck_assert_uint_eq(done, 3);
    TRY(runner_wait(inputs, 4, RUNNER_ALL_COMPLETED, 5, &done));
    ck_assert_uint_eq(done, 3);
    return runner_await(kept.tasks[2], NULL);
}

static int wait_scenario(void)
{
    return run_and_release(wait_main);
}

START_TEST(waits_for_several)
{
    sweep(wait_scenario, 0);
}
END_TEST

static int iterate_in_steps(void *arg, int status, void **result)
{
    static runner_future_t *next;
    int *steps = arg;
    (void)result;
    return (*steps)++ == 0 ? runner_as_completed_next(kept.iteration, &next) : status;
}

/* Two tasks share the iteration: the future that is never resolved comes too late for one. */
static int iterate_main(void *arg, void **result)
{
    runner_future_t *inputs[4];
    runner_spawn_options_t opts = named(NULL);
    runner_future_t *next = NULL;
    (void)arg;
    (void)result;
    TRY(make_inputs(inputs, sleep_and_give, sleep_in_steps));
    TRY(runner_as_completed_new(inputs, 4, 50, &kept.iteration));
    TRY(took(runner_spawn_step(iterate_in_steps, &kept.steps[2], &opts, &kept.tasks[2])));
    TRY(runner_await(kept.tasks[2], NULL));
    TRY(runner_as_completed_next(kept.iteration, &next));
    TRY(runner_future_status(next));
    int code = runner_as_completed_next(kept.iteration, &next);
    ck_assert_code(code, RUNNER_ETIMEDOUT);
    ck_assert_code(runner_as_completed_next(kept.iteration, &next), RUNNER_EEND);
    return 0;
}

static int iterate_scenario(void)
{
    return run_and_release(iterate_main);
}

START_TEST(iterations)
{
    sweep(iterate_scenario, 0);
}
END_TEST

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    second_main = work;
    Suite *suite = suite_create("oom_several");
    TCase *tcase = test_case(suite, "timeouts");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, R170_timeouts);
    tcase_add_test(tcase, R174_timeouts_in_timeouts);
    tcase_add_test(tcase, R180_reschedule_of_a_timeout_that_is_due);
    tcase_add_test(tcase, waits_with_a_deadline);
    tcase = test_case(suite, "several");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, gathers);
    tcase_add_test(tcase, R184_gathers_of_what_fails);
    tcase_add_test(tcase, R182_shields);
    tcase_add_test(tcase, waits_for_several);
    tcase_add_test(tcase, iterations);
    return test_main(suite);
}
