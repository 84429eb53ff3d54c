/*
 * The sweep of sweep.h through the batch interface, with the host of tests/api.
 *
 * A command that is refused says so, and its task ends with that. Steps, ends of tasks and jobs,
 * and releases need no memory. Whatever was refused: no id and no block is left, and each value of the
 * host comes back once.
 */
/* Some of it is for tasks in C only. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "sweep.h"
#pragma GCC diagnostic pop
#include "../api/host_driver.h"

#include <fcntl.h>
#include <unistd.h>

/* --- a host that may be refused everything ----------------------------------------------- */

/* Waits are done at once, or with the next step. */
static const host_way_t ways[] = {{"at once", 64, 0, 0}, {"with the step", 1, 0, 1}};
enum { OOM_WAYS = sizeof ways / sizeof ways[0] };
static int way;

static host_fn main_of_host;

/* A value that is given with a command; refused, it stays the host's. */
static int give_now(host_task_t *t, int kind, host_fn fn, runner_host_cmd_t *cmd)
{
    cmd->b = host_value(t->host, kind, "value", fn);
    int status = host_do_now(t, cmd);
    if (status != 0)
        host_value_refused(t->host, cmd->b);
    return status;
}

#define give(t, kind, fn, operation, ...) give_now(t, kind, fn, HOST_CMD(operation, __VA_ARGS__))

/* The id of what a command makes, in `t->id_out`. */
static int make_now(host_task_t *t, int status)
{
    if (status == 0)
        host_own(t->host, t->id_out);
    return status;
}

#define make(t, operation, ...) make_now(t, host_do(t, operation, __VA_ARGS__))

static int spawn(host_task_t *t, uint64_t group, host_fn body)
{
    return host_try_spawn(t, group, 0, body, "child", &t->other);
}

/* In a body: end with what a wait was refused with, or has ended with. */
#define TRY_WAIT_FOR(t, expr)                                                                      \
    do {                                                                                           \
        WAIT_FOR(t, expr);                                                                         \
        if ((t)->status != 0)                                                                      \
            return (t)->status;                                                                    \
    } while (0)
#define TRY_WAIT(t, operation, ...) TRY_WAIT_FOR(t, host_park(t, HOST_CMD(operation, __VA_ARGS__)))

static int end_at_once(host_task_t *t)
{
    (void)t;
    return 0;
}

static int second_main_of_host(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(spawn(t, 0, end_at_once));
        TRY_WAIT(t, AWAIT, .id = t->other->id);
    }
    return 0;
}

/* A run of main, and one that has memory and must succeed. The code of the first. */
static int run_both(host_t *host)
{
    uint64_t id = 0;
    int code = runner_begin(host->runner, 0, &id);
    if (code == 0) {
        host->main = host_learn(host, id, main_of_host, "main");
        host_own(host, id);
        host->over = 0;
        code = host_drive(host);
    }
    atomic_store(&heap.enough, 1);
    ck_assert_code(host_run(host, second_main_of_host), 0);
    host_release_all(host);
    atomic_store(&heap.enough, 0);
    return code;
}

static int host_scenario(void)
{
    runner_options_t opts = host_options();
    runner_t *runner = NULL;
    TRY(runner_new(&runner, &opts));
    host_t *host = calloc(1, sizeof *host);
    ck_assert_ptr_nonnull(host);
    host->runner = runner;
    host->way = ways[way];
    host->events = host->arrays[0];
    host->nobody = (host_task_t){.host = host, .name = "nobody"};
    int code = run_both(host);
    ck_assert_code(host_close(host), 0);
    host_free(host); /* looks at ids, tasks and values */
    return code;
}

static void sweep_host(host_fn body, int which)
{
    main_of_host = body;
    way = which;
    sweep(host_scenario, 0);
}

/* --- tasks and futures ------------------------------------------------------------------- */

static int sleep_and_end(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY_WAIT(t, SLEEP, .a = MS(5));
    }
    return 0;
}

static int use_tasks(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(spawn(t, 0, sleep_and_end));
        TRY(runner_host_name(t->host->runner, t->other->id, "a name"));
        TRY(runner_host_name(t->host->runner, t->other->id, NULL));
        TRY_WAIT(t, AWAIT, .id = t->other->id);
        TRY(spawn(t, 0, sleep_and_end));
        TRY_WAIT(t, AWAIT_FOR, .id = t->other->id, .a = MS(50));
        TRY(spawn(t, 0, sleep_and_end));
        TRY_WAIT(t, YIELD);
        TRY(host_do(t, CANCEL, .id = t->other->id, .b = 5));
        WAIT(t, AWAIT, .id = t->other->id);
        if (t->status != RUNNER_ECANCELED)
            return t->status;
        ck_assert_uint_eq(t->value, 5);
        TRY(runner_reserve(t->host->runner, &t->id_kept, 1));
        host_own(t->host, t->id_kept);
        TRY(host_do(t, FUTURE_NEW, .id = t->id_kept));
        TRY(host_do(t, RESOLVE, .id = t->id_kept, .b = 1));
        TRY_WAIT(t, AWAIT, .id = t->id_kept);
    }
    return 0;
}

START_TEST(tasks_of_a_host)
{
    sweep_host(use_tasks, _i);
}
END_TEST

static int spawn_fifty(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (int i = 0; i < 50; i++)
            TRY(spawn(t, 0, sleep_and_end));
        TRY_WAIT(t, SLEEP, .a = MS(10));
    }
    return 0;
}

START_TEST(many_tasks_of_a_host)
{
    sweep_host(spawn_fifty, _i);
}
END_TEST

static int gather_and_wait(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        uint64_t ids[2];
        for (int i = 0; i < 2; i++) {
            TRY(spawn(t, 0, sleep_and_end));
            ids[i] = t->other->id;
        }
        TRY(make(t, SHIELD, .a = (int64_t)ids[1]));
        ids[1] = t->id_out;
        TRY(runner_host_gather(t->host->runner, ids, 2, 0, &t->id_kept));
        host_own(t->host, t->id_kept);
        TRY_WAIT_FOR(
            t, runner_host_wait(t->host->runner, t->id, ids, 2, RUNNER_FIRST_COMPLETED, MS(50)));
        TRY_WAIT(t, AWAIT, .id = t->id_kept);
    }
    }
    return 0;
}

START_TEST(several_futures_of_a_host)
{
    sweep_host(gather_and_wait, _i);
}
END_TEST

static int fail_unseen(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make(t, FUTURE_NEW));
        TRY(host_do(t, REJECT, .id = t->id_out, .status = TASK_ERROR));
        host_release(t, t->host->made[t->host->n_made - 1]); /* told, if there is memory for it */
        TRY_WAIT(t, YIELD);
    }
    return 0;
}

START_TEST(R093_errors_of_a_host)
{
    sweep_host(fail_unseen, _i);
}
END_TEST

/* --- groups and timeouts ----------------------------------------------------------------- */

/* What a group has ended with: no memory, if that is what its children say. */
static int verdict(host_task_t *t)
{
    uint64_t tasks[8];
    int32_t codes[8];
    size_t count = 0;
    if (t->status != RUNNER_EGROUP)
        return t->status;
    ck_assert_code(runner_host_errors(t->host->runner, t->id_kept, tasks, codes, 8, &count), 0);
    ck_assert_uint_ge(count, 1);
    for (size_t i = 0; i < count; i++)
        ck_assert_code(codes[i], RUNNER_ENOMEM);
    return RUNNER_ENOMEM;
}

static int use_group(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make(t, GROUP_NEW));
        t->id_kept = t->id_out;
        TRY(host_do(t, GROUP_OPEN, .id = t->id_kept));
        t->i = spawn(t, t->id_kept, sleep_and_end);
        if (t->i == 0)
            t->i = spawn(t, t->id_kept, sleep_and_end);
        WAIT(t, GROUP_CLOSE, .id = t->id_kept, .status = t->i);
        TRY(verdict(t));
    }
    return 0;
}

START_TEST(R156_groups_of_a_host)
{
    sweep_host(use_group, _i);
}
END_TEST

static int use_timeout(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make(t, TIMEOUT_NEW));
        t->id_kept = t->id_out;
        TRY(host_do(t, TIMEOUT_OPEN, .id = t->id_kept, .a = MS(50)));
        TRY(host_do(t, TIMEOUT_RESCHEDULE, .id = t->id_kept, .a = MS(5)));
        WAIT(t, SLEEP, .a = MS(10));
        int code = host_do(t, TIMEOUT_CLOSE, .id = t->id_kept, .status = t->status);
        return code == RUNNER_ETIMEDOUT ? 0 : code;
    }
    return 0;
}

START_TEST(R170_timeouts_of_a_host)
{
    sweep_host(use_timeout, _i);
}
END_TEST

/* --- what tasks wait for ----------------------------------------------------------------- */

static uint64_t lock, condition, semaphore, event, barrier;

static int make_sync(host_task_t *t)
{
    TRY(make(t, LOCK_NEW));
    lock = t->id_out;
    TRY(make(t, CONDITION_NEW, .a = (int64_t)lock));
    condition = t->id_out;
    TRY(make(t, SEMAPHORE_NEW, .a = 1, .b = 1));
    semaphore = t->id_out;
    TRY(make(t, EVENT_NEW));
    event = t->id_out;
    TRY(make(t, BARRIER_NEW, .a = 2));
    barrier = t->id_out;
    return 0;
}

static int wait_for_all(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY_WAIT(t, LOCK_ACQUIRE, .id = lock);
        TRY_WAIT(t, CONDITION_WAIT, .id = condition);
        TRY(host_do(t, LOCK_RELEASE, .id = lock));
        TRY_WAIT(t, SEMAPHORE_ACQUIRE, .id = semaphore);
        TRY_WAIT(t, EVENT_WAIT, .id = event);
        TRY_WAIT(t, BARRIER_WAIT, .id = barrier);
    }
    return 0;
}

static int use_sync(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make_sync(t));
        TRY(spawn(t, 0, wait_for_all));
        TRY_WAIT(t, SLEEP, .a = MS(1));
        TRY_WAIT(t, LOCK_ACQUIRE, .id = lock);
        TRY(host_do(t, CONDITION_NOTIFY, .id = condition, .a = -1));
        TRY(host_do(t, LOCK_RELEASE, .id = lock));
        TRY_WAIT(t, SLEEP, .a = MS(1));
        TRY(host_do(t, SEMAPHORE_RELEASE, .id = semaphore));
        TRY(host_do(t, EVENT_SET, .id = event));
        TRY_WAIT(t, BARRIER_WAIT, .id = barrier);
        TRY_WAIT(t, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(locks_of_a_host)
{
    sweep_host(use_sync, _i);
}
END_TEST

static uint64_t queue;

static int put_items(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 12; t->i++) {
            t->id_kept = host_value(t->host, VALUE_ITEM, "item", NULL);
            WAIT(t, QUEUE_PUT, .id = queue, .b = t->id_kept);
            if (t->status != 0) {
                host_value_refused(t->host, t->id_kept);
                return t->status;
            }
        }
    }
    return 0;
}

/* Gets without a wait: one that puts may have failed, and nothing would come. */
static int exchange_items(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make(t, QUEUE_NEW, .a = 2));
        queue = t->id_out;
        TRY(give(t, VALUE_ITEM, NULL, QUEUE_PUT_NOWAIT, .id = queue));
        TRY(spawn(t, 0, put_items));
        TRY_WAIT(t, YIELD);
        while (host_do(t, STATUS, .id = t->other->id) == RUNNER_EPENDING) {
            t->status = host_do(t, QUEUE_GET_NOWAIT, .id = queue);
            if (t->status == 0)
                host_got(t->host, t->b_out);
            TRY_WAIT(t, YIELD);
        }
        TRY_WAIT(t, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(R098_queues_of_a_host)
{
    sweep_host(exchange_items, _i);
}
END_TEST

/* --- callbacks, contexts, jobs ----------------------------------------------------------- */

static int use_callbacks(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(give(t, VALUE_CALL, end_at_once, CALL_SOON, .a = 0));
        for (t->i = 0; t->i < 20; t->i++)
            TRY(make_now(t, give(t, VALUE_CALL, end_at_once, CALL_LATER, .a = MS(t->i))));
        TRY(host_do(t, TIMER_CANCEL, .id = t->id_out));
        TRY(make_now(t, give(t, VALUE_CALL, end_at_once, CALL_AT, .a = MS(1000))));
        t->id_kept = host_value(t->host, VALUE_CALL, "post", end_at_once);
        t->status = runner_host_post(t->host->runner, t->id_kept);
        if (t->status != 0)
            host_value_refused(t->host, t->id_kept);
        TRY(t->status);
        TRY_WAIT(t, SLEEP, .a = MS(100));
    }
    return 0;
}

START_TEST(R098_callbacks_of_a_host)
{
    sweep_host(use_callbacks, _i);
}
END_TEST

static int use_context(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make(t, CONTEXT_NEW));
        TRY(make(t, CONTEXT_COPY));
        t->id_kept = t->id_out;
        for (t->i = 0; t->i < 6; t->i++) {
            TRY(make(t, VAR_NEW));
            TRY(give(t, VALUE_VAR, NULL, VAR_SET, .id = t->id_out));
        }
        TRY(host_try_spawn(t, 0, t->id_kept, sleep_and_end, "child", &t->other));
        TRY_WAIT(t, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(R063_contexts_of_a_host)
{
    sweep_host(use_context, _i);
}
END_TEST

static int end_a_job(host_task_t *t)
{
    uint64_t job = t->parent->id_kept;
    if (t->parent->i == 0 && runner_host_job_end(t->host->runner, job, 0, 5) != 0)
        ck_assert_code(host_do(t, JOB_END, .id = job, .b = 5), 0); /* needs no memory */
    return 0;
}

static int use_jobs(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(host_do(t, JOB));
        host_own(t->host, t->b_out);
        t->id_kept = t->b_out;
        ck_assert_code(host_do(t, JOB_END, .id = t->id_out, .b = 4), 0);
        TRY_WAIT(t, AWAIT, .id = t->id_kept);
        TRY(runner_reserve(t->host->runner, &t->id_kept, 1));
        t->status = spawn(t, 0, end_a_job);
        if (t->status != 0) {
            ck_assert_code(host_do(t, RELEASE, .id = t->id_kept), 0);
            return t->status;
        }
        WAIT(t, TO_THREAD, .id = t->id_kept);
        if (t->status != 0) { /* refused: the id is still only reserved */
            t->i = 1;
            ck_assert_code(host_do(t, RELEASE, .id = t->id_kept), 0);
        }
    }
    return t->status;
}

START_TEST(R107_jobs_of_a_host)
{
    sweep_host(use_jobs, _i);
}
END_TEST

/* --- descriptors ------------------------------------------------------------------------- */

static int ends[2];

static int wait_for_a_byte(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY_WAIT(t, POLL, .a = MS(1000), .b = (uint64_t)RUNNER_READABLE << 32 | (uint32_t)ends[0]);
        ck_assert_uint_eq(t->value, RUNNER_READABLE);
    }
    return 0;
}

static int use_descriptors(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(spawn(t, 0, wait_for_a_byte));
        TRY(spawn(t, 0, wait_for_a_byte));
        t->id_kept = t->other->id;
        TRY_WAIT(t, YIELD);
        ck_assert_int_eq(write(ends[1], "x", 1), 1);
        TRY_WAIT(t, AWAIT, .id = t->id_kept);
        TRY(spawn(t, 0, wait_for_a_byte));
    }
    return 0;
}

START_TEST(descriptors_of_a_host)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    sweep_host(use_descriptors, _i);
    ck_assert_int_eq(close(ends[0]), 0);
    ck_assert_int_eq(close(ends[1]), 0);
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

static int park(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY_WAIT(t, SLEEP, .a = INT64_MAX);
    }
    return 0;
}

static int fail_in_cleanup(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
    }
    return TASK_ERROR;
}

static int leave_everything(host_task_t *t)
{
    switch (t->line) {
    case 0:
        TRY(make_now(t, give(t, VALUE_CLOSABLE, sleep_and_end, CLOSABLE_REGISTER, .a = 0)));
        TRY(runner_host_name(t->host->runner, t->id_out, "closable"));
        TRY(make_now(t, give(t, VALUE_CLOSABLE, end_at_once, CLOSABLE_REGISTER, .a = 0)));
        TRY(host_do(t, CLOSABLE_UNREGISTER, .id = t->id_out));
        TRY(spawn(t, 0, park));
        TRY(spawn(t, 0, fail_in_cleanup));
        TRY(make_now(t, give(t, VALUE_CALL, end_at_once, CALL_LATER, .a = MS(1000))));
        TRY_WAIT(t, YIELD);
        TRY(spawn(t, 0, park)); /* never starts */
    }
    return 0;
}

START_TEST(R080_shutdown_of_a_host)
{
    sweep_host(leave_everything, _i);
}
END_TEST

#define add_for_both(tcase, test) tcase_add_loop_test(tcase, test, 0, OOM_WAYS)

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    Suite *suite = suite_create("oom_host");
    TCase *tcase = test_case(suite, "sweep");
    tcase_set_timeout(tcase, 60);
    add_for_both(tcase, tasks_of_a_host);
    add_for_both(tcase, many_tasks_of_a_host);
    add_for_both(tcase, several_futures_of_a_host);
    add_for_both(tcase, R093_errors_of_a_host);
    add_for_both(tcase, R156_groups_of_a_host);
    add_for_both(tcase, R170_timeouts_of_a_host);
    add_for_both(tcase, locks_of_a_host);
    add_for_both(tcase, R098_queues_of_a_host);
    add_for_both(tcase, R098_callbacks_of_a_host);
    add_for_both(tcase, R063_contexts_of_a_host);
    add_for_both(tcase, R107_jobs_of_a_host);
    add_for_both(tcase, descriptors_of_a_host);
    add_for_both(tcase, R080_shutdown_of_a_host);
    return test_main(suite);
}
