/*
 * What the scenarios on groups, timeouts and several futures share: the handles that they have got,
 * and the bodies of their tasks. Included once by each program.
 */
#ifndef KEPT_H
#define KEPT_H

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

/* --- bodies ------------------------------------------------------------------------------ */

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

static int await_for_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    return (*steps)++ == 0 ? runner_await_for(kept.tasks[0], 5, NULL) : status;
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

#endif
