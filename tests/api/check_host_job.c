/* Jobs of a host: it runs them in threads of its own, the runner waits for them. */
#include "host_driver.h"

#include <pthread.h>

/* --- a host's thread --------------------------------------------------------------------- */

/* A job that ends in a thread, at once or when the test lets it. */
typedef struct job {
    runner_t *runner;
    uint64_t id;
    int status;
    uint64_t value;
    int held; /* until job_let_go() */
    int code; /* of runner_host_job_end() */
    pthread_t thread;
} job_t;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t let_go = PTHREAD_COND_INITIALIZER;

static void *run_job(void *arg)
{
    job_t *job = arg;
    pthread_mutex_lock(&mutex);
    while (job->held)
        pthread_cond_wait(&let_go, &mutex);
    pthread_mutex_unlock(&mutex);
    job->code = runner_host_job_end(job->runner, job->id, job->status, job->value);
    return NULL;
}

static void job_start(job_t *job, host_t *host, uint64_t id)
{
    job->runner = host->runner;
    job->id = id;
    ck_assert_int_eq(pthread_create(&job->thread, NULL, run_job, job), 0);
}

static void job_let_go(job_t *job)
{
    pthread_mutex_lock(&mutex);
    job->held = 0;
    pthread_cond_broadcast(&let_go);
    pthread_mutex_unlock(&mutex);
}

static void job_join(job_t *job)
{
    job_let_go(job);
    ck_assert_int_eq(pthread_join(job->thread, NULL), 0);
}

static job_t job; /* of the scene */

/* The id is reserved, so that the thread has it also where the command goes with the next step. */
static uint64_t reserve(host_task_t *t)
{
    uint64_t id = 0;
    ck_assert_code(runner_reserve(t->host->runner, &id, 1), 0);
    return id;
}

/* Steps until nothing is ready. */
static void settle(host_t *host)
{
    do {
        host_take(host);
        host_work(host);
    } while (!host->over && (host->n_events > 0 || host->wait_ns == 0));
}

/* --- outcomes ---------------------------------------------------------------------------- */

static int wait_for_a_thread(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = reserve(t);
        job_start(&job, t->host, t->id_kept);
        WAIT(t, TO_THREAD, .id = t->id_kept);
        say(t, "%s %d", code_name(t->status), (int)t->value);
        job_join(&job);
        ck_assert_code(job.code, 0);
        ck_assert_uint_eq(now_ms(t->host->runner), 0); /* time stands still meanwhile */
    }
    return 0;
}

START_TEST(R102_the_value_of_a_job_comes_to_its_task)
{
    job = (job_t){.value = 7};
    host_play(_i, wait_for_a_thread, 0);
    log_expect("main:0 7");
}
END_TEST

START_TEST(R102_so_does_its_failure)
{
    job = (job_t){.status = RUNNER_EUSER, .value = 8};
    host_play(_i, wait_for_a_thread, 0);
    log_expect("main:RUNNER_EUSER 8");
}
END_TEST

static int await_the_future_of_a_job(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, JOB), 0);
        host_own(t->host, t->b_out);
        t->id_kept = t->b_out;
        job_start(&job, t->host, t->id_out);
        ck_assert_code(host_do(t, STATUS, .id = t->id_kept), RUNNER_EPENDING);
        WAIT(t, AWAIT, .id = t->id_kept);
        say(t, "%s %d", code_name(t->status), (int)t->value);
        job_join(&job);
        host_release(t, t->id_kept);
    }
    return 0;
}

START_TEST(R102_the_future_of_a_job)
{
    job = (job_t){.value = 7};
    host_play(_i, await_the_future_of_a_job, 0);
    log_expect("main:0 7");
}
END_TEST

static int wait_for_a_job_of_the_driver(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = reserve(t);
        WAIT(t, TO_THREAD, .id = t->id_kept);
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return 0;
}

START_TEST(a_job_is_ended_by_a_command)
{
    host_t *host = host_new(_i);
    host_begin(host, wait_for_a_job_of_the_driver);
    uint64_t id = 0;
    settle(host);
    id = host->main->id_kept;
    ck_assert_code(host_do(&host->nobody, JOB_END, .id = id, .status = 5), RUNNER_EINVAL);
    ck_assert_code(host_do(&host->nobody, JOB_END, .id = id, .b = 9), 0);
    ck_assert_code(host_do(&host->nobody, JOB_END, .id = id, .b = 9), RUNNER_EBADID);
    ck_assert_code(host_drive(host), 0);
    log_expect("main:0 9");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int start_many(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = reserve(t);
        WAIT_CODE(t, 0, TO_THREAD, .id = t->id_kept);
        t->parent->i += (int)t->value;
    }
    return 0;
}

enum { JOBS = 10 };

static int await_many(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (int i = 0; i < JOBS; i++)
            host_spawn_detached(t, start_many, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1)); /* later than all jobs: they hold time */
        ck_assert_int_eq(t->i, JOBS);
    }
    return 0;
}

START_TEST(R103_many_jobs_at_once)
{
    host_t *host = host_new(_i);
    job_t jobs[JOBS];
    int count = 0;
    host_begin(host, await_many);
    settle(host);
    for (host_task_t *t = host->all; t != NULL; t = t->next)
        if (t != host->main) {
            jobs[count] = (job_t){.value = 1};
            job_start(&jobs[count++], host, t->id_kept);
        }
    ck_assert_int_eq(count, JOBS);
    ck_assert_code(host_drive(host), 0);
    for (int i = 0; i < JOBS; i++)
        job_join(&jobs[i]);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- cancelled --------------------------------------------------------------------------- */

static int cancel_one_with_a_job(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, wait_for_a_job_of_the_driver, "child");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id); /* at once, though the job goes on */
        ck_assert_code(host_do(t, JOB_END, .id = t->other->id_kept, .b = 5), 0);
        ck_assert_code(host_do(t, JOB_END, .id = t->other->id_kept, .b = 5), RUNNER_EBADID);
    }
    return 0;
}

START_TEST(R105_a_task_is_cancelled_while_its_job_runs)
{
    host_play(_i, cancel_one_with_a_job, 0);
    log_expect("child:RUNNER_ECANCELED 0");
}
END_TEST

static int cancel_the_future_of_a_job(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, JOB), 0);
        t->result = t->id_out;
        t->id_kept = t->b_out;
        host_own(t->host, t->id_kept);
        ck_assert_code(host_do(t, CANCEL, .id = t->id_kept), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->id_kept);
        ck_assert_code(host_do(t, JOB_END, .id = t->result), 0);
    }
    return 0;
}

START_TEST(R105_the_future_of_a_job_is_cancelled)
{
    host_play(_i, cancel_the_future_of_a_job, 0);
}
END_TEST

/* --- the close --------------------------------------------------------------------------- */

static int leave_a_job(host_task_t *t)
{
    ck_assert_code(host_do(t, JOB), 0);
    host_own(t->host, t->b_out);
    job_start(&job, t->host, t->id_out);
    return 0;
}

START_TEST(R106_the_close_waits_for_a_job)
{
    host_t *host = host_new(_i);
    job = (job_t){.held = 1};
    ck_assert_code(host_run(host, leave_a_job), 0);
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    for (int i = 0; i < 3; i++)
        settle(host);
    ck_assert_int_eq(host->over, 0);
    ck_assert_int_ne(host->wait_ns, 0);
    job_let_go(&job);
    ck_assert_code(host_drive(host), 0);
    job_join(&job);
    ck_assert_code(job.code, 0);
    host_free(host);
}
END_TEST

static int start_another_job(host_task_t *t)
{
    say(t, "%s", code_name(host_do(t, JOB)));
    ck_assert_uint_eq(t->id_out, 0);
    job_let_go(&job);
    return 0;
}

START_TEST(R108_R109_while_the_close_waits_for_jobs_callbacks_come_but_no_jobs)
{
    host_t *host = host_new(_i);
    job = (job_t){.held = 1};
    ck_assert_code(host_run(host, leave_a_job), 0);
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    settle(host);
    uint64_t value = host_value(host, VALUE_CALL, "posted", start_another_job);
    ck_assert_code(runner_host_post(host->runner, value), 0);
    ck_assert_code(host_drive(host), 0);
    log_expect("posted:RUNNER_ESHUTDOWN");
    job_join(&job);
    host_free(host);
}
END_TEST

START_TEST(R110_R111_a_job_that_does_not_end_is_given_up)
{
    runner_options_t opts = host_options();
    opts.executor_join_timeout_ms = 20;
    host_t *host = host_new_with(_i, &opts);
    const runner_report_t *report = NULL;
    job = (job_t){.held = 1};
    ck_assert_code(host_run(host, leave_a_job), 0);
    ck_assert_code(host_close(host), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_get_report(host->runner, &report), 0);
    ck_assert_uint_eq(runner_report_count(report, RUNNER_REPORT_JOB), 1);
    job_join(&job);
    ck_assert_code(job.code, RUNNER_ECLOSED);
    ck_assert_code(host_do(&host->nobody, JOB_END, .id = job.id), RUNNER_ECLOSED);
    host_free(host);
}
END_TEST

/* --- deadlocks --------------------------------------------------------------------------- */

static int await_what_never_comes(host_task_t *t)
{
    switch (t->line) {
    case 0:
        leave_a_job(t);
        WAIT(t, SLEEP, .a = INT64_MAX);
    }
    return t->status;
}

START_TEST(a_job_on_its_way_is_no_deadlock)
{
    host_t *host = host_new(_i);
    job = (job_t){.held = 1};
    host_begin(host, await_what_never_comes);
    settle(host);
    ck_assert_int_eq(host->over, 0);
    ck_assert_int_eq(host->wait_ns, RUNNER_HOST_FOREVER);
    job_let_go(&job);
    ck_assert_code(host_drive(host), RUNNER_EDEADLK); /* now nothing can come any more */
    job_join(&job);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static int return_at_once(host_task_t *t)
{
    (void)t;
    return 0;
}

START_TEST(the_end_of_a_job_is_said_with_sense)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(host_do(&host->nobody, JOB), 0);
    uint64_t id = host->nobody.id_out;
    host_own(host, host->nobody.b_out);
    ck_assert_code(runner_host_job_end(host->runner, id, 1, 0), RUNNER_EINVAL);
    ck_assert_code(runner_host_job_end(NULL, id, 0, 0), RUNNER_EINVAL);
    ck_assert_code(runner_host_job_end(host->runner, id, 0, 5), 0);
    ck_assert_code(runner_host_job_end(host->runner, id, 0, 6), 0); /* is found out later */
    ck_assert_code(host_run(host, return_at_once), 0);
    ck_assert_uint_eq(host_ask(&host->nobody, RESULT, .id = host->made[0]), 5);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int refuse_a_wait(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        WAIT_CODE(t, RUNNER_EBADID, TO_THREAD, .id = t->id_kept);
        ck_assert_code(host_do(t, JOB, .id = t->id_kept), RUNNER_EBADID);
        ck_assert_uint_eq(t->b_out, 0);
    }
    return 0;
}

START_TEST(an_id_that_is_in_use_names_no_job)
{
    host_play(_i, refuse_a_wait, 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_job");
    TCase *tcase = test_case(suite, "outcomes");
    add_for_each_way(tcase, R102_the_value_of_a_job_comes_to_its_task);
    add_for_each_way(tcase, R102_so_does_its_failure);
    add_for_each_way(tcase, R102_the_future_of_a_job);
    add_for_each_way(tcase, a_job_is_ended_by_a_command);
    add_for_each_way(tcase, R103_many_jobs_at_once);
    tcase = test_case(suite, "cancelled");
    add_for_each_way(tcase, R105_a_task_is_cancelled_while_its_job_runs);
    add_for_each_way(tcase, R105_the_future_of_a_job_is_cancelled);
    tcase = test_case(suite, "close");
    add_for_each_way(tcase, R106_the_close_waits_for_a_job);
    add_for_each_way(tcase, R108_R109_while_the_close_waits_for_jobs_callbacks_come_but_no_jobs);
    add_for_each_way(tcase, R110_R111_a_job_that_does_not_end_is_given_up);
    tcase = test_case(suite, "deadlock");
    add_for_each_way(tcase, a_job_on_its_way_is_no_deadlock);
    tcase = test_case(suite, "refused");
    tcase_add_test(tcase, the_end_of_a_job_is_said_with_sense);
    add_for_each_way(tcase, an_id_that_is_in_use_names_no_job);
    return test_main(suite);
}
