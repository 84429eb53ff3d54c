/*
 * Other threads beside a host's driver: posts that race with the close, jobs that end anywhere,
 * steps that come from one thread after the other.
 */
#include "../api/host_driver.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS = 4 };

static runner_options_t real_time(void)
{
    runner_options_t opts = host_options();
    opts.clock = RUNNER_CLOCK_REAL;
    opts.deadlock = RUNNER_OFF;
    return opts;
}

/* --- posts that race with the close ------------------------------------------------------ */

enum { MOST_POSTS = 3000, ENOUGH = 200, ROUNDS = 10 };

typedef struct poster {
    runner_t *runner;
    pthread_t thread;
    uint64_t number;
    int accepted;
    unsigned char came[MOST_POSTS];
} poster_t;

static poster_t posters[THREADS];

/* Until it is refused. */
static void *post(void *arg)
{
    poster_t *poster = arg;
    int code = 0;
    while (code == 0 && poster->accepted < MOST_POSTS) {
        code = runner_host_post(poster->runner, poster->number << 32 | (uint64_t)poster->accepted);
        poster->accepted += code == 0;
        sched_yield();
    }
    ck_assert(code == RUNNER_ECLOSED || poster->accepted == MOST_POSTS);
    return NULL;
}

static void came(uint64_t value)
{
    poster_t *poster = &posters[value >> 32];
    ck_assert_uint_lt(value >> 32, THREADS);
    ck_assert_int_eq(poster->came[(uint32_t)value]++, 0);
}

static int await_enough(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
    }
    return 0;
}

/* Drives to the end; calls and drops are posts. */
static int drive_with_posts(host_t *host)
{
    int calls = 0;
    host->over = 0;
    while (!host->over) {
        host_take(host);
        for (size_t i = 0; i < host->n_events; i++) {
            const runner_host_event_t *event = &host->events[i];
            int is_post = event->kind == RUNNER_HOST_CALL ||
                          (event->kind == RUNNER_HOST_DROP && event->value != 0);
            if (is_post)
                came(event->value);
            else
                host_handle(host, event);
            if (is_post && ++calls == ENOUGH && host->main != NULL)
                ck_assert_code(host_do(&host->nobody, RESOLVE, .id = host->main->id_kept), 0);
        }
        if (host->n_events == 0 && host->wait_ns != 0)
            host_wait(host);
    }
    return host_drive(host);
}

static void post_and_close(int way)
{
    runner_options_t opts = real_time();
    host_t *host = host_new_with(way, &opts);
    host_begin(host, await_enough);
    for (int i = 0; i < THREADS; i++) {
        memset(&posters[i], 0, sizeof posters[i]);
        posters[i].runner = host->runner;
        posters[i].number = (uint64_t)i;
        ck_assert_int_eq(pthread_create(&posters[i].thread, NULL, post, &posters[i]), 0);
    }
    ck_assert_code(drive_with_posts(host), 0);
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    ck_assert_code(drive_with_posts(host), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(posters[i].thread, NULL), 0);
        for (int k = 0; k < MOST_POSTS; k++)
            ck_assert_int_eq(posters[i].came[k], k < posters[i].accepted);
    }
    host_free(host);
}

START_TEST(R188_every_accepted_post_comes_once_whatever_the_close_does)
{
    for (int i = 0; i < ROUNDS; i++)
        post_and_close(_i);
}
END_TEST

/* --- jobs -------------------------------------------------------------------------------- */

enum { TASKS = 30, JOBS_EACH = 20, LINE = TASKS };

/* The host's workers, and the jobs that wait for one. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    runner_t *runner;
    uint64_t line[LINE];
    size_t count;
    int over;
    pthread_t threads[THREADS];
} workers = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *work(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&workers.mutex);
    for (;;) {
        while (workers.count == 0 && !workers.over)
            pthread_cond_wait(&workers.changed, &workers.mutex);
        if (workers.count == 0)
            break;
        uint64_t id = workers.line[--workers.count];
        pthread_mutex_unlock(&workers.mutex);
        ck_assert_code(runner_host_job_end(workers.runner, id, 0, id), 0);
        pthread_mutex_lock(&workers.mutex);
    }
    pthread_mutex_unlock(&workers.mutex);
    return NULL;
}

static void workers_start(runner_t *runner)
{
    workers.runner = runner;
    workers.over = 0;
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&workers.threads[i], NULL, work, NULL), 0);
}

static void workers_join(void)
{
    pthread_mutex_lock(&workers.mutex);
    workers.over = 1;
    pthread_cond_broadcast(&workers.changed);
    pthread_mutex_unlock(&workers.mutex);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(workers.threads[i], NULL), 0);
}

/* A job that is handed over before the library knows of it: it may end before that. */
static uint64_t job_for_workers(host_task_t *t)
{
    uint64_t id = 0;
    ck_assert_code(runner_reserve(t->host->runner, &id, 1), 0);
    pthread_mutex_lock(&workers.mutex);
    ck_assert_uint_lt(workers.count, LINE);
    workers.line[workers.count++] = id;
    pthread_cond_signal(&workers.changed);
    pthread_mutex_unlock(&workers.mutex);
    return id;
}

static int do_jobs(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < JOBS_EACH; t->i++) {
            t->id_kept = job_for_workers(t);
            WAIT_CODE(t, 0, TO_THREAD, .id = t->id_kept);
            ck_assert_uint_eq(t->value, t->id_kept);
        }
    }
    return 0;
}

static int have_jobs_done(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, GROUP_NEW);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), 0);
        for (int i = 0; i < TASKS; i++)
            host_spawn_in(t, t->id_kept, do_jobs, "child");
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept);
    }
    return 0;
}

static void *step_here(void *arg)
{
    host_t *host = arg;
    for (int i = 0; i < 10 && !host->over; i++)
        host_step(host);
    return NULL;
}

/* A driver that goes from thread to thread. */
static void drive_in_threads(host_t *host)
{
    while (!host->over) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, step_here, host), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
}

START_TEST(R103_jobs_end_in_any_thread_and_steps_come_from_any)
{
    runner_options_t opts = real_time();
    host_t *host = host_new_with(_i, &opts);
    workers_start(host->runner);
    host_begin(host, have_jobs_done);
    drive_in_threads(host);
    ck_assert_code(host_drive(host), 0);
    workers_join();
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- interrupts and wake-ups ------------------------------------------------------------- */

static atomic_int pester_over;

static void *pester(void *arg)
{
    while (!atomic_load(&pester_over))
        ck_assert_code(runner_wakeup(arg), 0);
    int code = runner_interrupt(arg);
    ck_assert(code == 0 || code == RUNNER_ENOLOOP);
    return NULL;
}

static int tick_until_cancelled(host_task_t *t)
{
    switch (t->line) {
    case 0:
        while (t->status == 0) {
            if (++t->i == 100)
                atomic_store(&pester_over, 1);
            WAIT(t, SLEEP, .a = t->i < 100 ? 1000 : MS(10));
        }
    }
    return t->status;
}

START_TEST(R119_an_interrupt_from_another_thread_among_wake_ups)
{
    runner_options_t opts = real_time();
    host_t *host = host_new_with(_i, &opts);
    pthread_t thread;
    atomic_store(&pester_over, 0);
    host_begin(host, tick_until_cancelled);
    ck_assert_int_eq(pthread_create(&thread, NULL, pester, host->runner), 0);
    ck_assert_code(host_drive(host), RUNNER_EINTR);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host_threads");
    TCase *tcase = test_case(suite, "threads");
    tcase_set_timeout(tcase, 60);
    add_for_each_way(tcase, R188_every_accepted_post_comes_once_whatever_the_close_does);
    add_for_each_way(tcase, R103_jobs_end_in_any_thread_and_steps_come_from_any);
    add_for_each_way(tcase, R119_an_interrupt_from_another_thread_among_wake_ups);
    return test_main(suite);
}
