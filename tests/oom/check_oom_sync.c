/*
 * The sweep of sweep.h through events, locks, conditions, semaphores, barriers and queues.
 *
 * The objects belong to no runner: a scenario makes them before its runner and releases them after
 * it, whatever came of the run. Only making them and putting into a queue needs memory, so a task
 * that was spawned does its part; where one is missing nobody waits for it.
 */
#include "sweep.h"

enum { ACTORS = 6, ITEMS = 50, LEFT = 6 };

/* --- what a scenario has got ------------------------------------------------------------- */

static struct {
    runner_event_t *event;
    runner_lock_t *lock;
    runner_condition_t *condition;
    runner_semaphore_t *semaphore;
    runner_barrier_t *barrier;
    runner_queue_t *queue;
    runner_task_t *tasks[ACTORS];
    int steps[ACTORS]; /* of stackless tasks */
    void *item;        /* of the consumer without a stack */
    int passed;        /* actors */
    int is_true;       /* what the condition is about */
} kept;

static void release_kept(void)
{
    runner_event_unref(kept.event);
    runner_condition_unref(kept.condition);
    runner_lock_unref(kept.lock);
    runner_semaphore_unref(kept.semaphore);
    runner_barrier_unref(kept.barrier);
    runner_queue_unref(kept.queue);
    for (int i = 0; i < ACTORS; i++)
        runner_task_unref(kept.tasks[i]);
    memset(&kept, 0, sizeof kept);
}

/* Runs the main of a scenario that could make its objects. */
static int run_and_release(int made, runner_fn body)
{
    int code = made == 0 ? run_main(body) : made;
    ck_assert_int_eq(runner_lock_locked(kept.lock), 0);
    ck_assert_uint_eq(runner_lock_waiters(kept.lock), 0);
    release_kept();
    return code;
}

/* --- actors ------------------------------------------------------------------------------ */

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* The second main of every scenario. */
static int work(void *arg, void **result)
{
    runner_task_t *task = NULL;
    TRY(runner_spawn(do_nothing, arg, NULL, &task));
    int code = runner_await(task, result);
    runner_task_unref(task);
    return code;
}

/* Half of them have a stack and half have none. They have begun to wait when this returns. */
static int spawn_actors(runner_fn on_stack, runner_step_fn in_steps)
{
    runner_spawn_options_t opts = named("actor");
    for (int i = 0; i < ACTORS; i += 2) {
        TRY(took(runner_spawn(on_stack, NULL, &opts, &kept.tasks[i])));
        TRY(took(runner_spawn_step(in_steps, &kept.steps[i + 1], &opts, &kept.tasks[i + 1])));
    }
    return runner_yield();
}

/* One was cancelled, and all others pass. */
static int await_actors(int cancelled)
{
    for (int i = 0; i < ACTORS; i++)
        ck_assert_code(runner_await(kept.tasks[i], NULL), i == cancelled ? RUNNER_ECANCELED : 0);
    ck_assert_int_eq(kept.passed, ACTORS - 1);
    return 0;
}

/* --- events ------------------------------------------------------------------------------ */

static int wait_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_event_wait(kept.event));
    kept.passed++;
    return 0;
}

static int wait_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    if ((*steps)++ == 0)
        return runner_event_wait(kept.event);
    kept.passed += status == 0;
    return status;
}

static int event_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(spawn_actors(wait_on_stack, wait_in_steps));
    ck_assert_code(runner_event_set(kept.event), 0);
    ck_assert_code(runner_task_cancel(kept.tasks[1]), 0);
    return await_actors(1);
}

static int event_scenario(void)
{
    return run_and_release(runner_event_new(&kept.event), event_main);
}

START_TEST(events)
{
    sweep(event_scenario, 0);
}
END_TEST

/* --- locks ------------------------------------------------------------------------------- */

static int lock_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_lock_acquire(kept.lock));
    int code = runner_yield();
    kept.passed += code == 0;
    ck_assert_code(runner_lock_release(kept.lock), 0);
    return code;
}

static int lock_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    int step = (*steps)++;
    if (step == 0)
        return runner_lock_acquire(kept.lock);
    if (step == 1)
        return status == 0 ? runner_yield() : status;
    kept.passed += status == 0;
    ck_assert_code(runner_lock_release(kept.lock), 0);
    return status;
}

/* The actor that is handed the lock is cancelled before it runs. */
static int lock_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_lock_acquire(kept.lock), 0);
    int code = spawn_actors(lock_on_stack, lock_in_steps);
    ck_assert_code(runner_lock_release(kept.lock), 0);
    TRY(code);
    ck_assert_code(runner_task_cancel(kept.tasks[0]), 0);
    return await_actors(0);
}

static int lock_scenario(void)
{
    return run_and_release(runner_lock_new(&kept.lock), lock_main);
}

START_TEST(locks)
{
    sweep(lock_scenario, 0);
}
END_TEST

/* --- conditions -------------------------------------------------------------------------- */

static int leave_condition(int code)
{
    kept.passed += code == 0;
    ck_assert_code(runner_lock_release(runner_condition_lock(kept.condition)), 0);
    return code;
}

static int watch_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_lock_acquire(runner_condition_lock(kept.condition)));
    int code = 0;
    while (code == 0 && !kept.is_true)
        code = runner_condition_wait(kept.condition);
    return leave_condition(code);
}

static int watch_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    if ((*steps)++ == 0) {
        status = runner_lock_acquire(runner_condition_lock(kept.condition));
        if (status != 0)
            return status; /* parked, too: the next step has the lock */
    } else if (status != 0) {
        return leave_condition(status);
    }
    return kept.is_true ? leave_condition(0) : runner_condition_wait(kept.condition);
}

/* One is cancelled while it takes the lock again. */
static int condition_main(void *arg, void **result)
{
    runner_lock_t *lock = runner_condition_lock(kept.condition);
    (void)arg;
    (void)result;
    TRY(spawn_actors(watch_on_stack, watch_in_steps));
    ck_assert_code(runner_lock_acquire(lock), 0);
    kept.is_true = 1;
    ck_assert_code(runner_condition_notify_all(kept.condition), 0);
    int code = runner_yield();
    ck_assert_code(runner_task_cancel(kept.tasks[3]), 0);
    ck_assert_code(runner_lock_release(lock), 0);
    return code != 0 ? code : await_actors(3);
}

static int condition_scenario(void)
{
    return run_and_release(runner_condition_new(&kept.condition, NULL), condition_main);
}

START_TEST(conditions)
{
    sweep(condition_scenario, 0);
}
END_TEST

static int shared_lock_scenario(void)
{
    int code = runner_lock_new(&kept.lock);
    if (code == 0)
        code = runner_condition_new(&kept.condition, kept.lock);
    return run_and_release(code, condition_main);
}

START_TEST(conditions_that_share_a_lock)
{
    sweep(shared_lock_scenario, 0);
}
END_TEST

/* --- semaphores -------------------------------------------------------------------------- */

static int enter_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_semaphore_acquire(kept.semaphore));
    int code = runner_yield();
    kept.passed += code == 0;
    ck_assert_code(runner_semaphore_release(kept.semaphore), 0);
    return code;
}

static int enter_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    int step = (*steps)++;
    if (step == 0)
        return runner_semaphore_acquire(kept.semaphore);
    if (step == 1)
        return status == 0 ? runner_yield() : status;
    kept.passed += status == 0;
    ck_assert_code(runner_semaphore_release(kept.semaphore), 0);
    return status;
}

/* One of the two that may enter is cancelled before it runs. */
static int semaphore_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 2; i++)
        ck_assert_code(runner_semaphore_acquire(kept.semaphore), 0);
    int code = spawn_actors(enter_on_stack, enter_in_steps);
    for (int i = 0; i < 2; i++)
        ck_assert_code(runner_semaphore_release(kept.semaphore), 0);
    TRY(code);
    ck_assert_code(runner_task_cancel(kept.tasks[1]), 0);
    TRY(await_actors(1));
    ck_assert_uint_eq(runner_semaphore_value(kept.semaphore), 2);
    return 0;
}

static int semaphore_scenario(void)
{
    return run_and_release(runner_semaphore_new(&kept.semaphore, 2), semaphore_main);
}

static int bounded_scenario(void)
{
    return run_and_release(runner_semaphore_new_bounded(&kept.semaphore, 2), semaphore_main);
}

START_TEST(semaphores)
{
    sweep(semaphore_scenario, 0);
    sweep(bounded_scenario, 0);
}
END_TEST

/* --- barriers ---------------------------------------------------------------------------- */

static int meet_on_stack(void *arg, void **result)
{
    size_t index = ACTORS;
    (void)arg;
    (void)result;
    TRY(runner_barrier_wait(kept.barrier, &index));
    ck_assert_uint_lt(index, ACTORS);
    kept.passed++;
    return 0;
}

static int meet_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    if ((*steps)++ == 0)
        status = runner_barrier_wait(kept.barrier, NULL);
    kept.passed += status == 0;
    return status;
}

/* All have come, and one is cancelled before it leaves. Where one is missing the others do not wait
 * for it. */
static int barrier_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = spawn_actors(meet_on_stack, meet_in_steps);
    if (code != 0) {
        ck_assert_code(runner_barrier_abort(kept.barrier), 0);
        return code;
    }
    ck_assert_code(runner_task_cancel(kept.tasks[2]), 0);
    return await_actors(2);
}

static int barrier_scenario(void)
{
    return run_and_release(runner_barrier_new(&kept.barrier, ACTORS), barrier_main);
}

START_TEST(barriers)
{
    sweep(barrier_scenario, 0);
}
END_TEST

/* --- queues ------------------------------------------------------------------------------ */

static runner_queue_options_t queue_opts;

static int produce_on_stack(void *arg, void **result)
{
    (void)result;
    for (int i = 0; i < ITEMS; i++)
        TRY(took(runner_queue_put_priority(kept.queue, arg, i % 3)));
    return 0;
}

static int produce_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    for (;;) {
        if (*steps > 0)
            TRY(took(status));
        if (*steps == ITEMS)
            return 0;
        ++*steps;
        status = runner_queue_put(kept.queue, arg);
        if (status == RUNNER_EPARKED)
            return status;
    }
}

/* What comes out of the queue is released by whoever has got it. */
static int consume(void *item)
{
    drop_count(item);
    return runner_queue_task_done(kept.queue);
}

static int consume_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < ITEMS - LEFT; i++) {
        void *item = NULL;
        TRY(runner_queue_get(kept.queue, &item));
        TRY(consume(item));
    }
    return 0;
}

static int consume_in_steps(void *arg, int status, void **result)
{
    int *steps = arg;
    (void)result;
    for (;;) {
        if (*steps > 0) {
            TRY(status);
            TRY(consume(kept.item));
        }
        if (*steps == ITEMS)
            return 0;
        ++*steps;
        status = runner_queue_get(kept.queue, &kept.item);
        if (status == RUNNER_EPARKED)
            return status;
    }
}

static int spawn_workers(void)
{
    runner_spawn_options_t opts = named("worker");
    TRY(took(runner_spawn(produce_on_stack, NULL, &opts, &kept.tasks[0])));
    TRY(took(runner_spawn_step(produce_in_steps, &kept.steps[1], &opts, &kept.tasks[1])));
    TRY(took(runner_spawn(consume_on_stack, NULL, &opts, &kept.tasks[2])));
    return took(runner_spawn_step(consume_in_steps, &kept.steps[3], &opts, &kept.tasks[3]));
}

/* What nobody has got is dropped: where there is a limit by a shutdown, else with the queue. */
static int queue_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(spawn_workers());
    for (int i = 0; i < 4; i++)
        TRY(runner_await(kept.tasks[i], NULL));
    ck_assert_uint_eq(runner_queue_count(kept.queue), LEFT);
    if (queue_opts.maxsize != 0) {
        ck_assert_code(runner_queue_shutdown(kept.queue, 1), 0);
        ck_assert_code(runner_queue_put_nowait(kept.queue, NULL), RUNNER_EQUEUESHUT);
        TRY(runner_queue_join(kept.queue));
    }
    return 0;
}

static int queue_scenario(void)
{
    return run_and_release(runner_queue_new(&kept.queue, &queue_opts), queue_main);
}

static void sweep_queue(int kind, size_t maxsize)
{
    ck_assert_code(runner_queue_options_init(&queue_opts, sizeof queue_opts), 0);
    queue_opts.kind = kind;
    queue_opts.maxsize = maxsize;
    queue_opts.drop = drop_count;
    sweep(queue_scenario, 0);
}

/* With the limit the producers have to wait while there is room for twice as many. */
START_TEST(queues)
{
    sweep_queue(_i, 0);
    sweep_queue(_i, LEFT + 1);
    sweep_queue(_i, 20);
}
END_TEST

/* Whatever room there was: the item that is refused is still the caller's, and those that are in
 * the queue come out as if nothing had been. */
static int refuse_scenario(void)
{
    static int numbers[ITEMS];
    runner_queue_t *queue = NULL;
    TRY(runner_queue_new(&queue, &queue_opts));
    int count = 0;
    int code = 0;
    while (count < ITEMS && (code = runner_queue_put_nowait(queue, &numbers[count])) == 0)
        count++;
    ck_assert_uint_eq(runner_queue_count(queue), (size_t)count);
    for (int i = 0; i < count; i++) {
        void *item = NULL;
        ck_assert_code(runner_queue_get_nowait(queue, &item), 0);
        ck_assert_ptr_eq(item, &numbers[queue_opts.kind == RUNNER_QUEUE_LIFO ? count - 1 - i : i]);
    }
    runner_queue_unref(queue);
    return code;
}

START_TEST(queues_that_can_not_grow)
{
    ck_assert_code(runner_queue_options_init(&queue_opts, sizeof queue_opts), 0);
    queue_opts.kind = _i;
    sweep(refuse_scenario, 0);
}
END_TEST

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    second_main = work;
    Suite *suite = suite_create("oom_sync");
    TCase *tcase = test_case(suite, "sync");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, events);
    tcase_add_test(tcase, locks);
    tcase_add_test(tcase, conditions);
    tcase_add_test(tcase, conditions_that_share_a_lock);
    tcase_add_test(tcase, semaphores);
    tcase_add_test(tcase, barriers);
    tcase = test_case(suite, "queues");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, queues, RUNNER_QUEUE_FIFO, RUNNER_QUEUE_PRIORITY + 1);
    tcase_add_loop_test(tcase, queues_that_can_not_grow, RUNNER_QUEUE_FIFO,
                        RUNNER_QUEUE_PRIORITY + 1);
    return test_main(suite);
}
