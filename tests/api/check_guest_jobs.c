/* Guest mode: blocking jobs, closables and generators of a guest, and how a close ends them. */
#include "guests.h"

#include <semaphore.h>

/* --- what else is closed ----------------------------------------------------------------- */

/* Closes with an await, which the program ends. */
static int close_slowly(void *arg, void **result)
{
    (void)result;
    log_add("close");
    int code = runner_event_wait(arg);
    log_add("closed");
    return code;
}

static void let_close(tick_t *tick)
{
    if (tick->count == 5) {
        log_add("program");
        runner_event_set(tick->arg);
        tick_end(tick);
    }
}

static int generate(void *arg, void **result)
{
    int code = 0;
    (void)arg;
    (void)result;
    while (code == 0) {
        code = runner_gen_yield(value_of(7));
    }
    log_add("generator %s", code_name(code));
    return code;
}

static int leave_closables(void *arg, void **result)
{
    runner_t *runner = runner_current();
    runner_gen_t *gen = NULL;
    void *value = NULL;
    (void)result;
    ck_assert_code(runner_closable_register(runner, "a", close_slowly, arg, NULL, NULL), 0);
    ck_assert_code(runner_gen_new(generate, NULL, NULL, 0, &gen), 0);
    ck_assert_code(runner_gen_next(gen, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(R094_R096_R205_closables_and_generators_are_closed)
{
    tick_t tick;
    runner_event_t *event = NULL;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_event_new(&event), 0);
    ck_assert_code(guest_run(runner, leave_closables, event), 0);
    log_clear();
    ck_assert_code(close_beside(runner, &tick, let_close, event), 0);
    ck_assert_int_eq(strncmp(log_text(), "close,", 6), 0);
    ck_assert_ptr_nonnull(strstr(log_text(), "program,closed,ended 0"));
    ck_assert_ptr_nonnull(strstr(log_text(), "generator"));
    runner_event_unref(event);
    runner_free(runner);
    program_close();
}
END_TEST

START_TEST(R098_R205_what_is_scheduled_is_dropped)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, log_body, "main"), 0);
    ck_assert_code(runner_call_later(runner, 3600 * 1000, log_callback, "x", drop_count, NULL), 0);
    ck_assert_code(guest_close(runner), 0);
    ck_assert_int_eq(drops(), 1);
    log_expect("main,ended 0,ended 0");
    runner_free(runner);
    program_close();
}
END_TEST

static sem_t go_on;

static int wait_for_program(void *arg, void **result)
{
    (void)arg;
    (void)result;
    sem_wait(&go_on);
    log_add("job");
    return 0;
}

static int leave_job(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_run_in_executor(runner_current(), wait_for_program, NULL, NULL, NULL);
}

/* The job ends when the program says so, which a loop that waits for threads never would. */
static void let_job_end(tick_t *tick)
{
    if (tick->count == 5) {
        log_add("program");
        sem_post(&go_on);
        tick_end(tick);
    }
}

START_TEST(R107_R205_a_close_waits_for_jobs_and_does_not_block)
{
    tick_t tick;
    int threads = threads_before();
    program_open();
    sem_init(&go_on, 0, 0);
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_job, NULL), 0);
    log_clear();
    ck_assert_code(close_beside(runner, &tick, let_job_end, NULL), 0);
    log_expect("program,job,ended 0");
    ck_assert_int_eq(threads_settle(threads), 1);
    runner_free(runner);
    program_close();
    sem_destroy(&go_on);
}
END_TEST

static void release_job(tick_t *tick)
{
    if (runner_is_closed(tick->arg)) {
        sem_post(&go_on);
        tick_end(tick);
    }
}

START_TEST(R110_R205_the_time_for_jobs_runs_out)
{
    tick_t tick;
    int threads = threads_before();
    program_open();
    sem_init(&go_on, 0, 0);
    runner_options_t opts = guest_options();
    opts.executor_join_timeout_ms = 5;
    runner_t *runner = guest_with(&opts);
    ck_assert_code(guest_run(runner, leave_job, NULL), 0);
    ck_assert_code(close_beside(runner, &tick, release_job, runner), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(reported(runner, RUNNER_REPORT_JOB), 1);
    ck_assert_int_eq(threads_settle(threads), 1);
    runner_free(runner);
    program_close();
    sem_destroy(&go_on);
}
END_TEST

static int square_in_thread(void *arg, void **result)
{
    *result = value_of(number_of(arg) * number_of(arg));
    return 0;
}

static int await_jobs(void *arg, void **result)
{
    intptr_t sum = 0;
    (void)arg;
    for (intptr_t i = 1; i <= 20; i++) {
        void *value = NULL;
        ck_assert_code(runner_to_thread(square_in_thread, value_of(i), NULL, &value), 0);
        sum += number_of(value);
    }
    *result = value_of(sum);
    return 0;
}

/* Nothing else is open on the loop: a job on its way keeps it alive. */
START_TEST(R101_R205_a_task_waits_for_jobs)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, await_jobs, NULL, &ending);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(number_of(ending.result), 2870);
    guest_end(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest jobs");
    TCase *jobs = test_case(suite, "jobs");
    tcase_add_test(jobs, R101_R205_a_task_waits_for_jobs);
    tcase_add_test(jobs, R107_R205_a_close_waits_for_jobs_and_does_not_block);
    tcase_add_test(jobs, R110_R205_the_time_for_jobs_runs_out);

    TCase *closables = test_case(suite, "closables");
    tcase_add_test(closables, R094_R096_R205_closables_and_generators_are_closed);
    tcase_add_test(closables, R098_R205_what_is_scheduled_is_dropped);
    return test_main(suite);
}
