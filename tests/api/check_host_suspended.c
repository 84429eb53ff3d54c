/* Waits whose outcome is there at once, of tasks that the host has suspended already. */
#include "host_driver.h"

/* --- three tasks, and raw commands ------------------------------------------------------- */

static int never_run(host_task_t *t)
{
    (void)t;
    ck_abort_msg("the test resumes it");
    return 0;
}

static int spawn_three(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        ck_assert_code(host_do(t, RESOLVE, .id = t->id_kept, .b = 5), 0);
        host_spawn_detached(t, never_run, "a");
        host_spawn_detached(t, never_run, "b");
        host_spawn_detached(t, never_run, "c");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

/* What steps have brought, but for what is told of things that are gone. */
static runner_host_event_t brought[HOST_EVENTS];
static size_t n_brought;

static void step_with(host_t *host, runner_host_cmd_t *cmds, size_t n_cmds)
{
    size_t count = 0;
    ck_assert_code(
        runner_step(host->runner, cmds, n_cmds, host->events, HOST_EVENTS, &count, &host->wait_ns),
        0);
    n_brought = 0;
    for (size_t i = 0; i < count; i++)
        if (host->events[i].kind != RUNNER_HOST_DROP)
            brought[n_brought++] = host->events[i];
}

/* The next event; more of them come with another step. */
static void expect_next(host_t *host, size_t *at, uint64_t task, int status, uint64_t value)
{
    while (*at >= n_brought) {
        step_with(host, NULL, 0);
        *at = 0;
    }
    const runner_host_event_t *event = &brought[(*at)++];
    ck_assert_uint_eq(event->task, task);
    ck_assert_int_eq(event->kind, RUNNER_HOST_RESUME);
    ck_assert_code(event->status, status);
    ck_assert_uint_eq(event->value, value);
}

/* The tasks a, b and c are out, and none of them was resumed. */
static host_t *host_with_three(uint64_t *tasks)
{
    host_t *host = host_new(MANY_CALL);
    host_begin(host, spawn_three);
    host_step(host);
    host_take(host);
    ck_assert_uint_eq(host->n_events, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(host->events[i].kind, RUNNER_HOST_START);
        tasks[i] = host->events[i].task;
    }
    return host;
}

START_TEST(an_outcome_that_is_there_at_once_comes_as_the_next_event)
{
    uint64_t tasks[3];
    host_t *host = host_with_three(tasks);
    runner_host_cmd_t cmds[] = {
        {.task = tasks[0],
         .op = RUNNER_HOST_AWAIT | RUNNER_HOST_SUSPENDED,
         .id = host->main->id_kept},
        {.task = tasks[1], .op = RUNNER_HOST_YIELD | RUNNER_HOST_SUSPENDED},
        {.task = tasks[2],
         .op = RUNNER_HOST_AWAIT | RUNNER_HOST_SUSPENDED,
         .id = host->main->id_kept},
    };
    size_t at = 0;
    step_with(host, cmds, 3);
    expect_next(host, &at, tasks[0], 0, 5);
    expect_next(host, &at, tasks[2], 0, 5);
    expect_next(host, &at, tasks[1], 0, 0);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host_discard(host);
}
END_TEST

START_TEST(a_refusal_is_an_outcome_of_a_wait)
{
    uint64_t tasks[3];
    host_t *host = host_with_three(tasks);
    runner_host_cmd_t cmds[] = {
        {.task = tasks[0], .op = RUNNER_HOST_AWAIT | RUNNER_HOST_SUSPENDED, .id = 12345},
        {.task = tasks[1], .op = RUNNER_HOST_AWAIT, .id = 12345},
        {.task = tasks[2], .op = RUNNER_HOST_DONE},
    };
    size_t at = 0;
    step_with(host, cmds, 2);
    expect_next(host, &at, tasks[0], RUNNER_EBADID, 0);
    ck_assert_code(cmds[1].status, RUNNER_EBADID); /* it runs on */
    cmds[1] = (runner_host_cmd_t){.task = tasks[1], .op = RUNNER_HOST_YIELD};
    step_with(host, cmds + 1, 2);
    ck_assert_code(cmds[1].status, RUNNER_EPARKED);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host_discard(host);
}
END_TEST

/* Between two events of a batch: those behind it are not taken back. */
START_TEST(an_outcome_at_once_waits_for_the_rest_of_the_batch)
{
    uint64_t tasks[3];
    host_t *host = host_with_three(tasks);
    runner_host_cmd_t cmd = {.task = tasks[0],
                             .op = RUNNER_HOST_AWAIT | RUNNER_HOST_SUSPENDED,
                             .id = host->main->id_kept};
    ck_assert_code(runner_commands(host->runner, &cmd, 1), 0);
    ck_assert_int_eq(host->events[1].kind, RUNNER_HOST_START);
    ck_assert_int_eq(host->events[2].kind, RUNNER_HOST_START);
    runner_host_cmd_t cmds[] = {{.task = tasks[1], .op = RUNNER_HOST_YIELD},
                                {.task = tasks[2], .op = RUNNER_HOST_DONE}};
    size_t at = 0;
    step_with(host, cmds, 2);
    expect_next(host, &at, tasks[0], 0, 5);
    expect_next(host, &at, tasks[1], 0, 0);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host_discard(host);
}
END_TEST

/* --- cancelled before it is told --------------------------------------------------------- */

/* What was there is told: it may have changed something. The cancel comes with the next wait, as for a
 * task that was not suspended. */
static void cancel_before_it_is_told(host_t *host, const uint64_t *tasks, runner_host_cmd_t first,
                                     uint64_t value)
{
    size_t at = 0;
    runner_host_cmd_t cmds[] = {
        first,
        {.task = tasks[1], .op = RUNNER_HOST_CANCEL, .id = tasks[0], .b = 9},
        {.task = tasks[1], .op = RUNNER_HOST_SLEEP, .a = MS(100)},
        {.task = tasks[2], .op = RUNNER_HOST_SLEEP, .a = MS(100)},
    };
    step_with(host, cmds, 4);
    ck_assert_code(cmds[1].status, 0);
    expect_next(host, &at, tasks[0], 0, value);
    cmds[0] = (runner_host_cmd_t){.task = tasks[0], .op = RUNNER_HOST_SLEEP, .a = MS(50)};
    step_with(host, cmds, 1);
    at = 0;
    expect_next(host, &at, tasks[0], RUNNER_ECANCELED, 9);
    ck_assert_uint_eq(now_ms(host->runner), 0);
    ck_assert_code(runner_end(host->runner), RUNNER_ESTOPPED);
    host_discard(host);
}

START_TEST(R147_an_outcome_that_was_there_is_told_before_a_cancel)
{
    uint64_t tasks[3];
    host_t *host = host_with_three(tasks);
    cancel_before_it_is_told(host, tasks,
                             (runner_host_cmd_t){.task = tasks[0],
                                                 .op = RUNNER_HOST_AWAIT | RUNNER_HOST_SUSPENDED,
                                                 .id = host->main->id_kept},
                             5);
}
END_TEST

START_TEST(a_lock_that_was_free_is_not_lost_by_a_cancel)
{
    uint64_t tasks[3];
    host_t *host = host_with_three(tasks);
    cancel_before_it_is_told(
        host, tasks,
        (runner_host_cmd_t){.task = tasks[0],
                            .op = RUNNER_HOST_LOCK_ACQUIRE | RUNNER_HOST_SUSPENDED,
                            .id = host_make(&host->nobody, LOCK_NEW)},
        0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_suspended");
    TCase *tcase = test_case(suite, "at once");
    tcase_add_test(tcase, an_outcome_that_is_there_at_once_comes_as_the_next_event);
    tcase_add_test(tcase, a_refusal_is_an_outcome_of_a_wait);
    tcase_add_test(tcase, an_outcome_at_once_waits_for_the_rest_of_the_batch);
    tcase = test_case(suite, "cancelled");
    tcase_add_test(tcase, R147_an_outcome_that_was_there_is_told_before_a_cancel);
    tcase_add_test(tcase, a_lock_that_was_free_is_not_lost_by_a_cancel);
    return test_main(suite);
}
