/*
 * The executor: blocking jobs on threads, and what happens to them at shutdown.
 */
#include "check_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

enum { JOB_ERROR = -30001 };

static const runner_job_options_t counted = {
    .size = sizeof counted, .drop = drop_count, .result_drop = drop_result_count};

/* A job that says when it runs and ends when it may. */
typedef struct gate {
    sem_t running;
    sem_t go;
    atomic_int calls;
} gate_t;

static void gate_init(gate_t *gate)
{
    sem_init(&gate->running, 0, 0);
    sem_init(&gate->go, 0, 0);
    atomic_init(&gate->calls, 0);
}

static void gate_destroy(gate_t *gate)
{
    sem_destroy(&gate->running);
    sem_destroy(&gate->go);
}

static int pass_gate(void *arg, void **result)
{
    gate_t *gate = arg;
    atomic_fetch_add(&gate->calls, 1);
    sem_post(&gate->running);
    sem_wait(&gate->go);
    *result = gate;
    return 0;
}

static int count_call(void *arg, void **result)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    *result = arg;
    return 0;
}

/* A runner whose executor has so many threads. */
static runner_t *runner_with_threads(uint32_t threads)
{
    runner_options_t opts = test_options();
    opts.executor_threads = threads;
    return test_runner_with(&opts);
}

static runner_future_t *submitted(runner_t *runner, runner_job_fn fn, void *arg)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_run_in_executor(runner, fn, arg, &counted, &future), 0);
    return future;
}

static void run(runner_t *runner, runner_fn main, void *arg)
{
    ck_assert_code(runner_run(runner, main, arg, NULL, NULL), 0);
}

static int do_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

/* How many threads there are. Some tools start one of their own with the program's first, so one
 * is started before they are counted. */
static void *count_without_me(void *arg)
{
    *(int *)arg = thread_count() - 1;
    return NULL;
}

static int threads_before(void)
{
    pthread_t thread;
    int count = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, count_without_me, &count), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(threads_settle(count), 1);
    return count;
}

/* --- threads ----------------------------------------------------------------------------- */

static int job_in_main(void *arg, void **result)
{
    (void)result;
    int *before = arg;
    atomic_int calls = 0;
    ck_assert_int_eq(thread_count(), *before);
    ck_assert_code(runner_to_thread(count_call, &calls, NULL, NULL), 0);
    ck_assert_int_gt(thread_count(), *before);
    return 0;
}

START_TEST(R101_threads_are_made_with_the_first_job)
{
    int before = threads_before();
    runner_t *runner = test_runner();
    run(runner, job_in_main, &before);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(threads_settle(before), 1);
    runner_free(runner);
}
END_TEST

START_TEST(R101_threads_are_at_most_the_option)
{
    gate_t gate;
    gate_init(&gate);
    int before = threads_before();
    runner_t *runner = runner_with_threads(2);
    for (int i = 0; i < 5; i++)
        runner_future_unref(submitted(runner, pass_gate, &gate));
    for (int i = 0; i < 2; i++)
        sem_wait(&gate.running);
    ck_assert_int_eq(thread_count(), before + 2);
    for (int i = 0; i < 5; i++)
        sem_post(&gate.go);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(atomic_load(&gate.calls), 5);
    runner_free(runner);
    gate_destroy(&gate);
}
END_TEST

static int read_signal_mask(void *arg, void **result)
{
    (void)result;
    return pthread_sigmask(SIG_BLOCK, NULL, arg) == 0 ? 0 : JOB_ERROR;
}

static int job_for_mask(void *arg, void **result)
{
    return runner_to_thread(read_signal_mask, arg, NULL, result);
}

START_TEST(R115_worker_threads_block_all_signals)
{
    sigset_t mask;
    sigemptyset(&mask);
    runner_t *runner = test_runner();
    run(runner, job_for_mask, &mask);
    ck_assert_int_eq(sigismember(&mask, SIGINT), 1);
    ck_assert_int_eq(sigismember(&mask, SIGTERM), 1);
    ck_assert_int_eq(sigismember(&mask, SIGUSR1), 1);
    runner_free(runner);
}
END_TEST

static int refuse_threads(void *arg)
{
    (void)arg;
    runner_future_t *future = NULL;
    runner_t *runner = test_runner();
    run(runner, do_nothing, NULL);
    /* The limit does not hold for root. */
    if (geteuid() == 0)
        child_assert(setresuid(65534, 65534, 65534) == 0);
    child_assert(setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) == 0);
    int code = runner_run_in_executor(runner, pass_gate, NULL, &counted, &future);
    child_assert(code < 0);
    child_assert(future == NULL);
    child_assert(drops() == 0);
    child_assert_code(runner_close(runner), 0);
    runner_free(runner);
    _exit(0);
}

START_TEST(R018_job_is_refused_when_no_thread_can_be_made)
{
    child_t child;
    child_run(&child, refuse_threads, NULL, 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

/* --- runner_to_thread() ------------------------------------------------------------------ */

typedef struct seen {
    pthread_t thread;
    runner_t *current;
    int calls;
} seen_t;

static int look_around(void *arg, void **result)
{
    seen_t *seen = arg;
    seen->thread = pthread_self();
    seen->current = runner_current();
    seen->calls++;
    *result = value_of(9);
    return 0;
}

static int await_look_around(void *arg, void **result)
{
    return runner_to_thread(look_around, arg, &counted, result);
}

START_TEST(R050_R102_job_runs_once_off_the_loop_thread_and_gives_its_value)
{
    seen_t seen = {.calls = 0};
    void *result = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_look_around, &seen, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 9);
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_int_eq(pthread_equal(seen.thread, pthread_self()), 0);
    ck_assert_ptr_null(seen.current);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 0);
    runner_free(runner);
}
END_TEST

static int return_number(void *arg, void **result)
{
    *result = arg;
    return (int)number_of(arg);
}

static int await_numbers(void *arg, void **result)
{
    (void)arg;
    (void)result;
    void *value = value_of(1);
    ck_assert_code(runner_to_thread(return_number, value_of(JOB_ERROR), &counted, &value),
                   JOB_ERROR);
    ck_assert_code(runner_to_thread(return_number, value_of(3), &counted, &value),
                   RUNNER_EBADRESULT);
    ck_assert_int_eq(number_of(value), 1);
    ck_assert_int_eq(drops(), 2);
    return 0;
}

START_TEST(R102_error_of_a_job_is_returned_where_it_is_awaited)
{
    runner_t *runner = test_runner();
    run(runner, await_numbers, NULL);
    runner_free(runner);
}
END_TEST

static int discard_result(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_to_thread(count_call, arg, &counted, NULL), 0);
    ck_assert_int_eq(result_drops(), 1);
    ck_assert_int_eq(drops(), 1);
    return 0;
}

START_TEST(R102_result_that_nobody_wants_is_dropped)
{
    atomic_int calls = 0;
    runner_t *runner = test_runner();
    run(runner, discard_result, &calls);
    ck_assert_int_eq(calls, 1);
    runner_free(runner);
}
END_TEST

static int await_job(void *arg, void **result)
{
    return runner_to_thread(count_call, arg, &counted, result);
}

static int await_ten_jobs(void *arg, void **result)
{
    runner_task_t *tasks[10];
    for (int i = 0; i < 10; i++)
        ck_assert_code(runner_spawn(await_job, arg, NULL, &tasks[i]), 0);
    for (int i = 0; i < 10; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        ck_assert_ptr_eq(*result, arg);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(R103_ten_jobs_at_once_all_run)
{
    atomic_int calls = 0;
    runner_t *runner = test_runner();
    run(runner, await_ten_jobs, &calls);
    ck_assert_int_eq(calls, 10);
    ck_assert_int_eq(drops(), 10);
    runner_free(runner);
}
END_TEST

static int step_with_job(void *arg, int status, void **result)
{
    atomic_int *calls = arg;
    if (atomic_load(calls) == 0)
        return runner_to_thread(count_call, arg, &counted, result);
    log_add("step %s", code_name(status));
    return status;
}

static int spawn_step_with_job(void *arg, void **result)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(step_with_job, arg, NULL, &task), 0);
    ck_assert_code(runner_await(task, result), 0);
    ck_assert_ptr_eq(*result, arg);
    runner_task_unref(task);
    return 0;
}

START_TEST(R102_stackless_task_parks_on_a_job)
{
    atomic_int calls = 0;
    runner_t *runner = test_runner();
    run(runner, spawn_step_with_job, &calls);
    log_expect("step 0");
    runner_free(runner);
}
END_TEST

static runner_var_t *var;

static int see_and_set_var(void *arg, void **result)
{
    (void)arg;
    int code = runner_var_get(var, result);
    runner_var_set(var, value_of(99));
    return code;
}

static int jobs_with_var(void *arg, void **result)
{
    (void)arg;
    void *value = NULL;
    ck_assert_code(runner_var_set(var, value_of(5)), 0);
    ck_assert_code(runner_to_thread(see_and_set_var, NULL, NULL, &value), 0);
    ck_assert_int_eq(number_of(value), 5);
    ck_assert_code(runner_var_get(var, &value), 0);
    ck_assert_int_eq(number_of(value), 5);

    runner_future_t *raw = submitted(runner_current(), see_and_set_var, NULL);
    ck_assert_code(runner_future_await(raw, result), RUNNER_EPENDING);
    runner_future_unref(raw);
    return 0;
}

START_TEST(R062_to_thread_copies_the_context_and_run_in_executor_does_not)
{
    ck_assert_code(runner_var_new("v", NULL, &var), 0);
    runner_t *runner = runner_with_threads(1);
    run(runner, jobs_with_var, NULL);
    runner_free(runner);
    runner_var_unref(var);
}
END_TEST

/* --- cancelling -------------------------------------------------------------------------- */

static int await_gate(void *arg, void **result)
{
    int code = runner_to_thread(pass_gate, arg, &counted, result);
    log_add("%s", code_name(code));
    return code;
}

/* One thread is held by `gates[0]`; a task waits for a job in the queue behind it. */
static int cancel_queued(void *arg, void **result)
{
    gate_t *gates = arg;
    runner_task_t *task = NULL;
    runner_future_t *first = submitted(runner_current(), pass_gate, &gates[0]);
    sem_wait(&gates[0].running);
    ck_assert_code(runner_spawn(await_gate, &gates[1], NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    runner_task_unref(task);
    sem_post(&gates[0].go);
    ck_assert_code(runner_future_await(first, result), 0);
    runner_future_unref(first);
    return 0;
}

START_TEST(R104_cancelled_job_in_the_queue_never_runs)
{
    gate_t gates[2];
    gate_init(&gates[0]);
    gate_init(&gates[1]);
    runner_t *runner = runner_with_threads(1);
    run(runner, cancel_queued, gates);
    log_expect("RUNNER_ECANCELED");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(atomic_load(&gates[1].calls), 0);
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
    gate_destroy(&gates[0]);
    gate_destroy(&gates[1]);
}
END_TEST

static int cancel_running(void *arg, void **result)
{
    gate_t *gate = arg;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(await_gate, gate, NULL, &task), 0);
    ck_assert_code(runner_yield(), 0);
    sem_wait(&gate->running);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    runner_task_unref(task);
    log_add("await is over");
    ck_assert_int_eq(drops(), 0);
    sem_post(&gate->go);
    return 0;
}

START_TEST(R105_cancelled_job_that_runs_goes_on_and_its_result_is_dropped)
{
    gate_t gate;
    gate_init(&gate);
    runner_t *runner = test_runner();
    run(runner, cancel_running, &gate);
    log_expect("RUNNER_ECANCELED,await is over");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(atomic_load(&gate.calls), 1);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
    gate_destroy(&gate);
}
END_TEST

static int cancel_future_of_queued(void *arg, void **result)
{
    gate_t *gates = arg;
    (void)result;
    runner_future_t *first = submitted(runner_current(), pass_gate, &gates[0]);
    sem_wait(&gates[0].running);
    runner_future_t *second = submitted(runner_current(), pass_gate, &gates[1]);
    ck_assert_code(runner_future_cancel(second), 0);
    ck_assert_code(runner_future_cancel(second), RUNNER_EDONE);
    ck_assert_code(runner_future_status(second), RUNNER_ECANCELED);
    sem_post(&gates[0].go);
    ck_assert_code(runner_future_await(first, NULL), 0);
    runner_future_unref(first);
    runner_future_unref(second);
    return 0;
}

START_TEST(R104_cancelled_future_of_a_job_in_the_queue)
{
    gate_t gates[2];
    gate_init(&gates[0]);
    gate_init(&gates[1]);
    runner_t *runner = runner_with_threads(1);
    run(runner, cancel_future_of_queued, gates);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(atomic_load(&gates[1].calls), 0);
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
    gate_destroy(&gates[0]);
    gate_destroy(&gates[1]);
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

static int leave_gate_task(void *arg, void **result)
{
    gate_t *gate = arg;
    (void)result;
    ck_assert_code(runner_spawn(await_gate, gate, NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    sem_wait(&gate->running);
    return 0;
}

static int open_gate(void *arg, void **result)
{
    gate_t *gate = arg;
    (void)result;
    log_add("closable");
    sem_post(&gate->go);
    return 0;
}

START_TEST(R106_close_waits_for_a_running_job)
{
    gate_t gate;
    gate_init(&gate);
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, "c", open_gate, &gate, NULL, NULL), 0);
    run(runner, leave_gate_task, &gate);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("RUNNER_ECANCELED,closable");
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    runner_free(runner);
    gate_destroy(&gate);
}
END_TEST

START_TEST(R107_close_runs_the_jobs_in_the_queue)
{
    gate_t gate;
    atomic_int calls = 0;
    gate_init(&gate);
    runner_t *runner = runner_with_threads(1);
    ck_assert_code(runner_closable_register(runner, "c", open_gate, &gate, NULL, NULL), 0);
    ck_assert_code(runner_run_in_executor(runner, pass_gate, &gate, &counted, NULL), 0);
    sem_wait(&gate.running);
    for (int i = 0; i < 20; i++)
        ck_assert_code(runner_run_in_executor(runner, count_call, &calls, &counted, NULL), 0);
    ck_assert_int_eq(atomic_load(&calls), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(atomic_load(&calls), 20);
    ck_assert_int_eq(drops(), 21);
    ck_assert_int_eq(result_drops(), 21);
    runner_free(runner);
    gate_destroy(&gate);
}
END_TEST

typedef struct late {
    runner_t *runner;
    atomic_int calls;
    atomic_int refusal;
} late_t;

static int log_late(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    log_add("callback");
    return 0;
}

/* A job that tries to submit another until the executor has been shut down, and posts then. */
static int submit_and_post(void *arg, void **result)
{
    late_t *late = arg;
    int code = RUNNER_ETHREAD;
    (void)result;
    while (code == RUNNER_ETHREAD) {
        code = runner_run_in_executor(late->runner, count_call, &late->calls, &counted, NULL);
        usleep(1000);
    }
    atomic_store(&late->refusal, code);
    log_add("job");
    return runner_call_soon_threadsafe(late->runner, log_late, &late->calls, drop_count);
}

START_TEST(R108_R109_job_in_the_last_phase_can_post_but_not_submit)
{
    late_t late = {.runner = test_runner()};
    ck_assert_code(runner_run_in_executor(late.runner, submit_and_post, &late, NULL, NULL), 0);
    run(late.runner, do_nothing, NULL);
    ck_assert_code(runner_close(late.runner), 0);
    ck_assert_code(atomic_load(&late.refusal), RUNNER_ESHUTDOWN);
    log_expect("job,callback");
    ck_assert_int_eq(atomic_load(&late.calls), 1);
    ck_assert_int_eq(drops(), 1);
    runner_free(late.runner);
}
END_TEST

/* A runner that gives jobs up after 20 ms. */
static runner_t *impatient_runner(void)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.executor_join_timeout_ms = 20;
    opts.executor_threads = 1;
    return test_runner_with(&opts);
}

START_TEST(R110_R111_job_that_does_not_end_is_abandoned_and_may_end_later)
{
    gate_t gate;
    gate_init(&gate);
    int threads = threads_before();
    runner_t *runner = impatient_runner();
    runner_future_t *future = submitted(runner, pass_gate, &gate);
    run(runner, do_nothing, NULL);
    sem_wait(&gate.running);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_int_eq(drops(), 0);
    runner_future_unref(future);
    runner_free(runner);
    sem_post(&gate.go);
    ck_assert_int_eq(threads_settle(threads), 1);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    gate_destroy(&gate);
}
END_TEST

START_TEST(R110_R111_job_queued_behind_an_abandoned_one_is_dropped_once)
{
    gate_t gate;
    atomic_int calls = 0;
    gate_init(&gate);
    int threads = threads_before();
    runner_t *runner = impatient_runner();
    runner_future_unref(submitted(runner, pass_gate, &gate));
    runner_future_unref(submitted(runner, count_call, &calls));
    sem_wait(&gate.running);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    runner_free(runner);
    sem_post(&gate.go);
    ck_assert_int_eq(threads_settle(threads), 1);
    ck_assert_int_le(atomic_load(&calls), 1);
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_eq(result_drops(), 1 + atomic_load(&calls));
    gate_destroy(&gate);
}
END_TEST

/* A leftover that answers its cancel with a job, which outlives its grace. */
static int await_job_when_cancelled(void *arg, void **result)
{
    runner_sleep(RUNNER_FOREVER);
    return runner_to_thread(pass_gate, arg, &counted, result);
}

static int leave_job_in_cleanup(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(await_job_when_cancelled, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R085_R105_job_of_an_abandoned_task_runs_on_and_its_result_is_dropped)
{
    gate_t gate;
    gate_init(&gate);
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.cancel_grace_ms = 20;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_closable_register(runner, "c", open_gate, &gate, NULL, NULL), 0);
    run(runner, leave_job_in_cleanup, &gate);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(atomic_load(&gate.calls), 1);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    runner_free(runner);
    gate_destroy(&gate);
}
END_TEST

/* The program's own executor runs the job at once: its result is there before the task takes it. */
static int run_at_once(void *arg, runner_job_t *job)
{
    (void)arg;
    runner_job_run(job);
    return 0;
}

static int await_job_and_give_up(void *arg, void **result)
{
    runner_sleep(RUNNER_FOREVER);
    ck_assert_code(runner_interrupt(runner_current()), 0);
    ck_assert_code(runner_interrupt(runner_current()), 0);
    return runner_to_thread(count_call, arg, &counted, result);
}

static int leave_job_that_is_given_up(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(await_job_and_give_up, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R085_R105_result_that_an_abandoned_task_did_not_take_is_dropped)
{
    atomic_int calls = 0;
    runner_executor_t executor = {sizeof executor, run_at_once, NULL, NULL};
    runner_options_t opts = test_options();
    opts.executor = &executor;
    runner_t *runner = test_runner_with(&opts);
    run(runner, leave_job_that_is_given_up, &calls);
    ck_assert_code(runner_close(runner), RUNNER_EINTR);
    ck_assert_int_eq(drops(), calls);
    ck_assert_int_eq(result_drops(), calls);
    runner_free(runner);
}
END_TEST

static atomic_int jobs_called;

static int count_job(void *arg, void **result)
{
    (void)arg;
    (void)result;
    atomic_fetch_add(&jobs_called, 1);
    return 0;
}

static int await_counted_job(void *arg, void **result)
{
    int code = runner_to_thread(count_job, arg, &counted, result);
    /* It may be too late for jobs. */
    return code == RUNNER_ESHUTDOWN ? 0 : code;
}

/* A callback that comes again so many turns, then begins a task with a job, and perhaps ends the
 * phase of shutdown in which that happens. */
typedef struct countdown {
    int turns;
    int interrupts;
} countdown_t;

static int begin_job_after_some_turns(void *arg)
{
    countdown_t *countdown = arg;
    runner_spawn_options_t opts = {.size = sizeof opts, .eager = 1};
    if (countdown->turns-- > 0)
        return runner_call_soon(runner_current(), begin_job_after_some_turns, countdown, NULL);
    ck_assert_code(runner_spawn(await_counted_job, NULL, &opts, NULL), 0);
    for (int i = 0; i < countdown->interrupts; i++)
        ck_assert_code(runner_interrupt(runner_current()), 0);
    return 0;
}

/* The argument of the test is the number of interrupts. */
START_TEST(R086_R107_R132_job_that_is_begun_at_any_turn_of_shutdown)
{
    runner_executor_t executor = {sizeof executor, run_at_once, NULL, NULL};
    for (int turns = 0; turns < 40; turns++) {
        countdown_t countdown = {turns, _i};
        int dropped = drops();
        runner_options_t opts = test_options();
        opts.executor = &executor;
        runner_t *runner = test_runner_with(&opts);
        atomic_store(&jobs_called, 0);
        ck_assert_code(runner_call_soon(runner, begin_job_after_some_turns, &countdown, NULL), 0);
        int code = runner_close(runner);
        ck_assert_msg(code == 0 || (_i > 0 && code == RUNNER_EINTR), "%s", code_name(code));
        runner_free(runner);
        ck_assert_int_eq(drops() - dropped, atomic_load(&jobs_called));
    }
}
END_TEST

/* A task that comes in the last phase, and cleans up by sleeping. */
static int clean_up_late(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    ck_assert_code(runner_sleep(10), 0);
    log_add("clean");
    return code;
}

static int spawn_late_and_skip(void *arg)
{
    (void)arg;
    runner_spawn_options_t opts = {.size = sizeof opts, .eager = 1};
    ck_assert_code(runner_spawn(clean_up_late, NULL, &opts, NULL), 0);
    return runner_interrupt(runner_current());
}

typedef struct stuck {
    runner_t *runner;
    gate_t gate;
} stuck_t;

/* A job that has the last phase skipped while it runs. */
static int skip_and_pass_gate(void *arg, void **result)
{
    stuck_t *stuck = arg;
    while (runner_run_in_executor(stuck->runner, count_call, NULL, NULL, NULL) == RUNNER_ETHREAD)
        usleep(1000);
    int code = runner_call_soon_threadsafe(stuck->runner, spawn_late_and_skip, NULL, NULL);
    return code == 0 ? pass_gate(&stuck->gate, result) : code;
}

START_TEST(R087_R110_task_that_comes_when_a_job_is_given_up_still_ends)
{
    int threads = threads_before();
    stuck_t stuck = {.runner = test_runner()};
    gate_init(&stuck.gate);
    ck_assert_code(runner_run_in_executor(stuck.runner, skip_and_pass_gate, &stuck, NULL, NULL), 0);
    ck_assert_code(runner_close(stuck.runner), RUNNER_EINTR);
    log_expect("eh,clean"); /* told that the job was given up */
    /* The job has seen the runner: it is freed when that is over. */
    sem_post(&stuck.gate.go);
    ck_assert_int_eq(threads_settle(threads), 1);
    runner_free(stuck.runner);
    gate_destroy(&stuck.gate);
}
END_TEST

START_TEST(R113_close_waits_only_for_the_jobs_of_its_own_runner)
{
    gate_t gate;
    gate_init(&gate);
    runner_t *busy = test_runner();
    runner_t *idle = test_runner();
    atomic_int calls = 0;
    ck_assert_code(runner_run_in_executor(busy, pass_gate, &gate, &counted, NULL), 0);
    ck_assert_code(runner_run_in_executor(idle, count_call, &calls, &counted, NULL), 0);
    sem_wait(&gate.running);
    ck_assert_code(runner_close(idle), 0);
    ck_assert_int_eq(atomic_load(&calls), 1);
    ck_assert_int_eq(drops(), 1);
    sem_post(&gate.go);
    ck_assert_code(runner_close(busy), 0);
    ck_assert_int_eq(drops(), 2);
    runner_free(busy);
    runner_free(idle);
    gate_destroy(&gate);
}
END_TEST

/* --- the program's own threads ----------------------------------------------------------- */

/* One thread that takes one job at a time. */
typedef struct own {
    pthread_t thread;
    runner_job_t *job;
    sem_t full;
    sem_t empty;
    int submits;
    int shutdowns;
    int refusal;
} own_t;

static void *own_thread(void *arg)
{
    own_t *own = arg;
    for (;;) {
        sem_wait(&own->full);
        if (own->job == NULL)
            return NULL;
        runner_job_t *job = own->job;
        sem_post(&own->empty);
        runner_job_run(job);
    }
}

static int own_submit(void *arg, runner_job_t *job)
{
    own_t *own = arg;
    if (own->refusal != 0)
        return own->refusal;
    own->submits++;
    sem_wait(&own->empty);
    own->job = job;
    sem_post(&own->full);
    return 0;
}

static void own_shutdown(void *arg)
{
    own_t *own = arg;
    own->shutdowns++;
    log_add("shutdown");
}

static runner_t *runner_with_own(own_t *own)
{
    runner_executor_t executor = {sizeof executor, own_submit, own_shutdown, own};
    runner_options_t opts = test_options();
    opts.executor = &executor;
    memset(own, 0, sizeof *own);
    sem_init(&own->full, 0, 0);
    sem_init(&own->empty, 0, 1);
    ck_assert_int_eq(pthread_create(&own->thread, NULL, own_thread, own), 0);
    return test_runner_with(&opts);
}

static void own_end(own_t *own)
{
    sem_wait(&own->empty);
    own->job = NULL;
    sem_post(&own->full);
    pthread_join(own->thread, NULL);
    sem_destroy(&own->full);
    sem_destroy(&own->empty);
}

START_TEST(R112_jobs_run_on_the_program_own_threads)
{
    own_t own;
    seen_t seen = {.calls = 0};
    runner_t *runner = runner_with_own(&own);
    int threads = thread_count();
    run(runner, await_look_around, &seen);
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_int_ne(pthread_equal(seen.thread, own.thread), 0);
    ck_assert_int_eq(thread_count(), threads);
    ck_assert_int_eq(own.submits, 1);
    ck_assert_int_eq(own.shutdowns, 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(own.shutdowns, 1);
    runner_free(runner);
    own_end(&own);
    ck_assert_int_eq(own.shutdowns, 1);
}
END_TEST

static int log_job(void *arg, void **result)
{
    return log_body(arg, result);
}

START_TEST(R107_R112_close_waits_for_the_jobs_it_gave_away)
{
    own_t own;
    runner_t *runner = runner_with_own(&own);
    for (int i = 0; i < 3; i++)
        ck_assert_code(runner_run_in_executor(runner, log_job, "job", &counted, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(drops(), 3);
    runner_free(runner);
    own_end(&own);
}
END_TEST

static int await_refused_job(void *arg, void **result)
{
    atomic_int calls = 0;
    runner_future_t *future = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_to_thread(count_call, &calls, &counted, NULL), JOB_ERROR);
    ck_assert_code(runner_run_in_executor(runner_current(), count_call, &calls, &counted, &future),
                   JOB_ERROR);
    ck_assert_ptr_null(future);
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(drops(), 0);
    return 0;
}

START_TEST(R018_R112_refusal_of_the_own_executor_consumes_nothing)
{
    own_t own;
    runner_t *runner = runner_with_own(&own);
    own.refusal = JOB_ERROR;
    run(runner, await_refused_job, NULL);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    own_end(&own);
}
END_TEST

START_TEST(R112_executor_of_the_wrong_kind_is_refused)
{
    runner_t *runner = NULL;
    runner_executor_t executor = {.size = sizeof executor};
    runner_options_t opts = test_options();
    opts.executor = &executor;
    ck_assert_code(runner_new(&runner, &opts), RUNNER_EINVAL);
    executor = (runner_executor_t){.size = 1, .submit = own_submit};
    ck_assert_code(runner_new(&runner, &opts), RUNNER_EINVAL);
    ck_assert_ptr_null(runner);
}
END_TEST

/* --- misuse ------------------------------------------------------------------------------ */

static int refused_in_task(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_job_options_t bad = {.size = 1, .drop = drop_count};
    ck_assert_code(runner_to_thread(NULL, NULL, &counted, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_to_thread(count_call, NULL, &bad, NULL), RUNNER_EINVAL);
    return 0;
}

START_TEST(R018_R024_refused_jobs_consume_nothing)
{
    runner_future_t *future = NULL;
    runner_job_options_t filled;
    runner_t *runner = test_runner();
    ck_assert_code(runner_to_thread(count_call, NULL, &counted, NULL), RUNNER_ENOTASK);
    ck_assert_code(runner_run_in_executor(NULL, count_call, NULL, &counted, &future),
                   RUNNER_EINVAL);
    ck_assert_code(runner_run_in_executor(runner, NULL, NULL, &counted, &future), RUNNER_EINVAL);
    run(runner, refused_in_task, NULL);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_run_in_executor(runner, count_call, NULL, &counted, &future),
                   RUNNER_ECLOSED);
    ck_assert_ptr_null(future);
    ck_assert_int_eq(drops(), 0);
    runner_free(runner);

    memset(&filled, 0x55, sizeof filled);
    ck_assert_code(runner_job_options_init(&filled, sizeof filled), 0);
    ck_assert_uint_eq(filled.size, sizeof filled);
    ck_assert(filled.drop == NULL && filled.result_drop == NULL);
    ck_assert_code(runner_job_options_init(&filled, 1), RUNNER_EINVAL);
    ck_assert_code(runner_job_options_init(NULL, sizeof filled), RUNNER_EINVAL);
}
END_TEST

static void add_jobs(Suite *suite)
{
    TCase *tcase = test_case(suite, "threads");
    tcase_add_test(tcase, R101_threads_are_made_with_the_first_job);
    tcase_add_test(tcase, R101_threads_are_at_most_the_option);
    tcase_add_test(tcase, R115_worker_threads_block_all_signals);
    tcase_add_test(tcase, R018_job_is_refused_when_no_thread_can_be_made);

    tcase = test_case(suite, "await");
    tcase_add_test(tcase, R050_R102_job_runs_once_off_the_loop_thread_and_gives_its_value);
    tcase_add_test(tcase, R102_error_of_a_job_is_returned_where_it_is_awaited);
    tcase_add_test(tcase, R102_result_that_nobody_wants_is_dropped);
    tcase_add_test(tcase, R103_ten_jobs_at_once_all_run);
    tcase_add_test(tcase, R102_stackless_task_parks_on_a_job);
    tcase_add_test(tcase, R062_to_thread_copies_the_context_and_run_in_executor_does_not);

    tcase = test_case(suite, "cancel");
    tcase_add_test(tcase, R104_cancelled_job_in_the_queue_never_runs);
    tcase_add_test(tcase, R105_cancelled_job_that_runs_goes_on_and_its_result_is_dropped);
    tcase_add_test(tcase, R104_cancelled_future_of_a_job_in_the_queue);
}

int main(void)
{
    Suite *suite = suite_create("executor");
    add_jobs(suite);

    TCase *tcase = test_case(suite, "shutdown");
    tcase_add_test(tcase, R106_close_waits_for_a_running_job);
    tcase_add_test(tcase, R107_close_runs_the_jobs_in_the_queue);
    tcase_add_test(tcase, R108_R109_job_in_the_last_phase_can_post_but_not_submit);
    tcase_add_test(tcase, R110_R111_job_that_does_not_end_is_abandoned_and_may_end_later);
    tcase_add_test(tcase, R110_R111_job_queued_behind_an_abandoned_one_is_dropped_once);
    tcase_add_test(tcase, R085_R105_job_of_an_abandoned_task_runs_on_and_its_result_is_dropped);
    tcase_add_test(tcase, R085_R105_result_that_an_abandoned_task_did_not_take_is_dropped);
    tcase_add_loop_test(tcase, R086_R107_R132_job_that_is_begun_at_any_turn_of_shutdown, 0, 3);
    tcase_add_test(tcase, R087_R110_task_that_comes_when_a_job_is_given_up_still_ends);
    tcase_add_test(tcase, R113_close_waits_only_for_the_jobs_of_its_own_runner);

    tcase = test_case(suite, "own threads");
    tcase_add_test(tcase, R112_jobs_run_on_the_program_own_threads);
    tcase_add_test(tcase, R107_R112_close_waits_for_the_jobs_it_gave_away);
    tcase_add_test(tcase, R018_R112_refusal_of_the_own_executor_consumes_nothing);
    tcase_add_test(tcase, R112_executor_of_the_wrong_kind_is_refused);

    tcase = test_case(suite, "misuse");
    tcase_add_test(tcase, R018_R024_refused_jobs_consume_nothing);
    return test_main(suite);
}
