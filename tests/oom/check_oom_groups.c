/*
 * The sweep of sweep.h through task groups, timeouts, and several futures at once.
 *
 * A child that has no memory fails with RUNNER_ENOMEM, and so its group with RUNNER_EGROUP. Hence
 * the scenarios look into the groups: what they say is RUNNER_ENOMEM if that is somewhere in there,
 * or if a group of errors is not known, which is how the library does without memory for a note.
 */
#include "sweep.h"

enum { MOST_KEPT = 24 };

/* --- what a scenario has got ------------------------------------------------------------- */

/* Released when the runner is gone, so that a scenario may end wherever a call refuses. */
static struct {
    runner_task_t *tasks[MOST_KEPT];
    runner_future_t *futures[MOST_KEPT];
    runner_timeout_t *timeouts[MOST_KEPT];
    runner_group_t *group;
    runner_group_t *inner;
    runner_error_group_t *errors;
    runner_as_completed_t *iteration;
    int steps[MOST_KEPT]; /* of stackless tasks */
} kept;

static void release_kept(void)
{
    for (int i = 0; i < MOST_KEPT; i++) {
        runner_task_unref(kept.tasks[i]);
        runner_future_unref(kept.futures[i]);
        runner_timeout_unref(kept.timeouts[i]);
    }
    runner_group_unref(kept.group);
    runner_group_unref(kept.inner);
    runner_error_group_unref(kept.errors);
    runner_as_completed_unref(kept.iteration);
    memset(&kept, 0, sizeof kept);
}

static int run_and_release(runner_fn body)
{
    int code = run_main(body);
    release_kept();
    return code;
}

/* A call that was given its argument in every case. */
static int given(int code)
{
    atomic_fetch_add(&accepted, 1);
    return code;
}

/* What is in a group of errors, and in those in it. */
typedef struct tally {
    int failures; /* with TASK_ERROR */
    int memory;   /* with RUNNER_ENOMEM */
    int refused;  /* by a group that was ending because of them */
    int unknown;  /* groups */
} tally_t;

static void count_errors(runner_error_group_t *errors, tally_t *tally)
{
    size_t count = runner_error_group_count(errors);
    if (count == 0)
        tally->unknown++;
    for (size_t i = 0; i < count; i++) {
        runner_group_error_t error = {.size = sizeof error};
        ck_assert_code(runner_error_group_get(errors, i, &error), 0);
        if (error.code == RUNNER_EGROUP) {
            count_errors(error.nested, tally);
        } else if (error.code == RUNNER_ENOMEM) {
            tally->memory++;
        } else if (error.code == RUNNER_EABORTING) {
            tally->refused++;
        } else {
            ck_assert_code(error.code, TASK_ERROR);
            ck_assert_code(runner_task_status(error.task), TASK_ERROR);
            tally->failures++;
        }
    }
}

/* 0 if a group has ended with so many failures and no other. */
static int verdict(int code, runner_error_group_t *errors, int failures)
{
    tally_t tally = {0};
    if (code != RUNNER_EGROUP) {
        ck_assert(code != 0 || failures == 0);
        return code;
    }
    count_errors(errors, &tally);
    if (tally.memory > 0 || tally.unknown > 0)
        return RUNNER_ENOMEM;
    ck_assert_int_eq(tally.refused, 0);
    ck_assert_int_eq(tally.failures, failures);
    return 0;
}

/* --- children ---------------------------------------------------------------------------- */

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int park(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

static int sleep_and_give(void *arg, void **result)
{
    TRY(runner_sleep(10));
    *result = arg;
    return 0;
}

static int fail_later(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_yield());
    return TASK_ERROR;
}

static int sleep_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    *result = arg;
    return (*steps)++ == 0 ? runner_sleep(10) : status;
}

static int fail_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    if ((*steps)++ == 0)
        return runner_yield();
    return status == 0 ? TASK_ERROR : status;
}

/* The second main of every scenario. */
static int work_in_group(runner_group_t *group, void *arg)
{
    TRY(runner_group_spawn(group, do_nothing, arg, NULL, NULL));
    kept.steps[0] = 0;
    return runner_group_spawn_step(group, sleep_in_steps, &kept.steps[0], NULL, NULL);
}

static int work(void *arg, void **result)
{
    (void)result;
    return runner_with_group(work_in_group, arg, NULL);
}

/* --- groups ------------------------------------------------------------------------------ */

static int spawn_with(runner_group_t *group, runner_fn fn, int eager, int slot)
{
    runner_spawn_options_t opts = named("child");
    opts.eager = eager;
    return given(runner_group_spawn(group, fn, NULL, &opts, &kept.tasks[slot]));
}

static int spawn_step_with(runner_group_t *group, runner_step_fn fn, int eager, int slot)
{
    runner_spawn_options_t opts = named(NULL);
    opts.eager = eager;
    return given(runner_group_spawn_step(group, fn, &kept.steps[slot], &opts, &kept.tasks[slot]));
}

static int spawn_sleepers(runner_group_t *group)
{
    TRY(spawn_with(group, sleep_and_give, 0, 0));
    TRY(spawn_with(group, sleep_and_give, 1, 1));
    TRY(spawn_step_with(group, sleep_in_steps, 0, 2));
    TRY(spawn_step_with(group, sleep_in_steps, 1, 3));
    return given(runner_group_spawn(
        group, do_nothing, NULL,
        &(runner_spawn_options_t){.size = sizeof(runner_spawn_options_t), .drop = drop_count},
        NULL));
}

static int group_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_group_new(&kept.group));
    TRY(runner_group_open(kept.group));
    int code = runner_group_close(kept.group, spawn_sleepers(kept.group));
    ck_assert_uint_eq(runner_group_count(kept.group), 0);
    return verdict(code, runner_group_errors(kept.group), 0);
}

static int group_scenario(void)
{
    return run_and_release(group_main);
}

START_TEST(R156_group)
{
    sweep(group_scenario, 0);
}
END_TEST

static int failing_body(runner_group_t *group, void *arg)
{
    (void)arg;
    TRY(spawn_sleepers(group));
    TRY(spawn_with(group, fail_later, 0, 4));
    return spawn_step_with(group, fail_in_steps, 1, 5);
}

static int failing_main(void *arg, void **result)
{
    (void)result;
    int code = runner_with_group(failing_body, arg, &kept.errors);
    return verdict(code, kept.errors, 2);
}

static int failing_scenario(void)
{
    return run_and_release(failing_main);
}

START_TEST(R158_children_that_fail)
{
    sweep(failing_scenario, 0);
}
END_TEST

/* Both end in the same turn, so that neither has the other cancelled. */
static int two_that_fail(runner_group_t *group, void *arg)
{
    (void)arg;
    TRY(spawn_with(group, fail_later, 0, 0));
    return spawn_step_with(group, fail_in_steps, 0, 1);
}

/* The innermost group, whose owner has no stack. */
static int own_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    if ((*steps)++ > 0)
        return status;
    TRY(runner_group_new(&kept.inner));
    TRY(runner_group_open(kept.inner));
    return runner_group_close(kept.inner, two_that_fail(kept.inner, NULL));
}

/* Without options: a task has no room for a note then, until it is given one. */
static int one_that_owns(runner_group_t *group, void *arg)
{
    (void)arg;
    return runner_group_spawn_step(group, own_in_steps, &kept.steps[2], NULL, NULL);
}

static int own_on_stack(void *arg, void **result)
{
    (void)result;
    return runner_with_group(one_that_owns, arg, NULL);
}

static int nesting_body(runner_group_t *group, void *arg)
{
    return runner_group_spawn(group, own_on_stack, arg, NULL, NULL);
}

static int nesting_main(void *arg, void **result)
{
    (void)result;
    return runner_with_group(nesting_body, arg, &kept.errors);
}

static int await_kept(void *arg, void **result)
{
    (void)arg;
    return runner_await(kept.tasks[2], result);
}

/* The errors go through two tasks that only wait. */
static int handing_main(void *arg, void **result)
{
    (void)result;
    TRY(runner_spawn(nesting_main, arg, NULL, &kept.tasks[2]));
    TRY(runner_spawn(await_kept, arg, NULL, &kept.tasks[3]));
    runner_future_t *future = runner_task_future(kept.tasks[3]);
    TRY(runner_shield(future, &kept.futures[0]));
    int code = runner_future_await(kept.futures[0], NULL);
    return verdict(code, runner_future_errors(kept.futures[0]), 2);
}

static int handing_scenario(void)
{
    return run_and_release(handing_main);
}

START_TEST(R162_groups_in_groups)
{
    sweep(handing_scenario, 0);
}
END_TEST

static int run_errors_scenario(void)
{
    runner_options_t opts = test_options();
    runner_t *runner = NULL;
    TRY(runner_new(&runner, &opts));
    int code = runner_run(runner, nesting_main, NULL, NULL, NULL);
    code = verdict(code, runner_run_errors(runner), 2);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    release_kept();
    return code;
}

START_TEST(R026_errors_of_a_run)
{
    sweep(run_errors_scenario, 0);
}
END_TEST

static int raise_kept(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_error_group_raise(kept.errors);
}

/* A task that was not told of the errors, and has no room for them. */
static int raising_main(void *arg, void **result)
{
    (void)result;
    int code = runner_with_group(two_that_fail, arg, &kept.errors);
    TRY(verdict(code, kept.errors, 2));
    TRY(runner_spawn(raise_kept, arg, NULL, &kept.tasks[2]));
    code = runner_await(kept.tasks[2], NULL);
    return verdict(code, runner_future_errors(runner_task_future(kept.tasks[2])), 2);
}

static int raising_scenario(void)
{
    return run_and_release(raising_main);
}

START_TEST(R162_errors_that_are_raised_again)
{
    sweep(raising_scenario, 0);
}
END_TEST

static int cancel_group(void *arg)
{
    (void)arg;
    return runner_group_cancel(kept.group);
}

static int cancelled_body(void)
{
    TRY(spawn_with(kept.group, park, 0, 0));
    TRY(spawn_step_with(kept.group, sleep_in_steps, 0, 1));
    TRY(took(runner_call_soon(runner_current(), cancel_group, NULL, drop_count)));
    return runner_sleep(RUNNER_FOREVER);
}

static int cancelled_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_group_new(&kept.group));
    TRY(runner_group_open(kept.group));
    int code = runner_group_close(kept.group, cancelled_body());
    TRY(verdict(code, runner_group_errors(kept.group), 0));
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    TRY(runner_group_new(&kept.inner));
    ck_assert_code(runner_group_cancel(kept.inner), 0);
    TRY(runner_group_open(kept.inner));
    code = spawn_with(kept.inner, park, 0, 2);
    ck_assert_code(code, RUNNER_EABORTING);
    return runner_group_close(kept.inner, runner_yield());
}

static int cancelled_scenario(void)
{
    return run_and_release(cancelled_main);
}

START_TEST(R168_groups_that_are_cancelled)
{
    sweep(cancelled_scenario, 0);
}
END_TEST

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

static int await_for_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    return (*steps)++ == 0 ? runner_await_for(kept.tasks[0], 5, NULL) : status;
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

/* --- what is left at the end ------------------------------------------------------------- */

static int refuse_to_end(void *arg, void **result)
{
    while (runner_sleep(RUNNER_FOREVER) == RUNNER_ECANCELED) {}
    return do_nothing(arg, result);
}

static int leaving_body(runner_group_t *group, void *arg)
{
    runner_spawn_options_t opts = named("left");
    TRY(given(runner_group_spawn(group, refuse_to_end, arg, &opts, &kept.tasks[0])));
    TRY(spawn_step_with(group, await_for_in_steps, 0, 1));
    return runner_await_for(kept.tasks[0], 1000, NULL);
}

static int leave_group(void *arg, void **result)
{
    (void)result;
    return runner_with_group(leaving_body, arg, NULL);
}

static int leave_everything(void *arg, void **result)
{
    return runner_with_timeout(5000, leave_group, arg, result);
}

static int leave_main(void *arg, void **result)
{
    runner_spawn_options_t opts = named(NULL);
    (void)result;
    TRY(took(runner_spawn(leave_everything, arg, &opts, NULL)));
    return runner_sleep(1);
}

/* Closed without patience: the tasks are given up where they wait. What they have opened by a
 * function with a body is found by the runner. */
static int leave_scenario(void)
{
    runner_options_t opts = test_options();
    runner_t *runner = NULL;
    opts.cancel_grace_ms = 1;
    TRY(runner_new(&runner, &opts));
    int code = runner_run(runner, leave_main, NULL, NULL, NULL);
    int closed = runner_close(runner);
    ck_assert(closed == 0 || closed == RUNNER_ETIMEDOUT || closed == RUNNER_EDEADLK);
    ck_assert(closed != 0 || code != 0 || atomic_load(&heap.hit));
    runner_free(runner);
    release_kept();
    return code;
}

START_TEST(everything_left)
{
    sweep(leave_scenario, 0);
}
END_TEST

static void add_groups(Suite *suite)
{
    TCase *tcase = test_case(suite, "groups");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, R156_group);
    tcase_add_test(tcase, R158_children_that_fail);
    tcase_add_test(tcase, R162_groups_in_groups);
    tcase_add_test(tcase, R026_errors_of_a_run);
    tcase_add_test(tcase, R162_errors_that_are_raised_again);
    tcase_add_test(tcase, R168_groups_that_are_cancelled);
    tcase_add_test(tcase, everything_left);
}

static void add_timeouts(Suite *suite)
{
    TCase *tcase = test_case(suite, "timeouts");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, R170_timeouts);
    tcase_add_test(tcase, R174_timeouts_in_timeouts);
    tcase_add_test(tcase, R180_reschedule_of_a_timeout_that_is_due);
    tcase_add_test(tcase, waits_with_a_deadline);
}

static void add_several(Suite *suite)
{
    TCase *tcase = test_case(suite, "several");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, gathers);
    tcase_add_test(tcase, R184_gathers_of_what_fails);
    tcase_add_test(tcase, R182_shields);
    tcase_add_test(tcase, waits_for_several);
    tcase_add_test(tcase, iterations);
}

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    second_main = work;
    Suite *suite = suite_create("oom_groups");
    add_groups(suite);
    add_timeouts(suite);
    add_several(suite);
    return test_main(suite);
}
