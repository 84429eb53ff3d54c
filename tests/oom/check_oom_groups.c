/*
 * The sweep of sweep.h through task groups.
 *
 * A child that has no memory fails with RUNNER_ENOMEM, and so its group with RUNNER_EGROUP. Hence
 * the scenarios look into the groups: what they say is RUNNER_ENOMEM if that is somewhere in there,
 * or if a group of errors is not known, which is how the library does without memory for a note.
 */
#include "kept.h"

/* --- what went wrong --------------------------------------------------------------------- */

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

/* A call that was given its argument in every case. */
static int given(int code)
{
    atomic_fetch_add(&accepted, 1);
    return code;
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

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    second_main = work;
    Suite *suite = suite_create("oom_groups");
    TCase *tcase = test_case(suite, "groups");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, R156_group);
    tcase_add_test(tcase, R158_children_that_fail);
    tcase_add_test(tcase, R162_groups_in_groups);
    tcase_add_test(tcase, R026_errors_of_a_run);
    tcase_add_test(tcase, R162_errors_that_are_raised_again);
    tcase_add_test(tcase, R168_groups_that_are_cancelled);
    tcase_add_test(tcase, everything_left);
    return test_main(suite);
}
