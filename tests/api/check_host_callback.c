/* Callbacks of a host: soon, later, and from other threads. */
#include "host_driver.h"

#include <pthread.h>

/* --- helpers ----------------------------------------------------------------------------- */

static int call_again(host_task_t *t);

static int call_soon(host_task_t *t, const char *name, host_fn fn)
{
    return host_do(t, CALL_SOON, .b = host_value(t->host, VALUE_CALL, name, fn));
}

/* A timer, of which the host holds the id. */
static uint64_t call_later(host_task_t *t, const char *name, int64_t timeout_ns)
{
    return host_make(t, CALL_LATER, .a = timeout_ns,
                     .b = host_value(t->host, VALUE_CALL, name, NULL));
}

/* --- soon -------------------------------------------------------------------------------- */

static int call_again(host_task_t *t)
{
    say(t, "called");
    return call_soon(t, "again", NULL);
}

static int be_between(host_task_t *t)
{
    say(t, "runs");
    return 0;
}

static int call_three(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(call_soon(t, "a", call_again), 0);
        host_spawn_detached(t, be_between, "task");
        ck_assert_code(call_soon(t, "b", NULL), 0);
        WAIT_CODE(t, 0, YIELD);
        say(t, "yielded");
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

START_TEST(R190_callbacks_stand_in_line_with_tasks)
{
    host_play(_i, call_three, 0);
    log_expect("a:called,task:runs,b:called,main:yielded,again:called");
}
END_TEST

static int settle_what_main_awaits(host_task_t *t)
{
    return host_do(t, RESOLVE, .id = t->host->main->id_kept, .b = 5);
}

static int await_a_callback(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        ck_assert_code(call_soon(t, "settles", settle_what_main_awaits), 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 5);
    }
    return 0;
}

START_TEST(a_callback_settles_a_future)
{
    host_play(_i, await_a_callback, 0);
}
END_TEST

static int spawn_from_a_callback(host_task_t *t)
{
    host_spawn_detached(t, be_between, "spawned");
    return 0;
}

static int let_a_callback_spawn(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(call_soon(t, "spawns", spawn_from_a_callback), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(a_callback_spawns_a_task)
{
    host_play(_i, let_a_callback_spawn, 0);
    log_expect("spawned:runs");
}
END_TEST

/* --- later ------------------------------------------------------------------------------- */

static int start_timers(host_task_t *t)
{
    switch (t->line) {
    case 0:
        call_later(t, "10", MS(10));
        call_later(t, "5", MS(5));
        call_later(t, "-1", -MS(1));
        call_later(t, "-2", -MS(2)); /* R192 */
        call_later(t, "0", 0);
        call_later(t, "5 too", MS(5)); /* R193 */
        host_make(t, CALL_AT, .a = MS(7), .b = host_value(t->host, VALUE_CALL, "at 7", NULL));
        host_make(t, CALL_AT, .a = -1, .b = host_value(t->host, VALUE_CALL, "at -1", NULL));
        WAIT_CODE(t, 0, SLEEP, .a = MS(20));
    }
    return 0;
}

START_TEST(R192_R193_timers_fire_in_the_order_of_their_deadlines)
{
    host_play(_i, start_timers, 0);
    ck_assert_ptr_nonnull(strstr(log_text(), "5:called,5 too:called,at 7:called,10:called"));
    log_clear();
}
END_TEST

static int start_timers_late(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
        call_later(t, "in 5", MS(5));
        host_make(t, CALL_AT, .a = MS(12), .b = host_value(t->host, VALUE_CALL, "at 12", NULL));
        WAIT_CODE(t, 0, SLEEP, .a = MS(4));
        say(t, "%dms", (int)now_ms(t->host->runner));
        WAIT_CODE(t, 0, SLEEP, .a = MS(4));
    }
    return 0;
}

START_TEST(R192_later_counts_from_now_and_at_from_the_beginning)
{
    host_play(_i, start_timers_late, 0);
    log_expect("at 12:called,main:14ms,in 5:called");
}
END_TEST

static int cancel_timers(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = call_later(t, "never", MS(5));
        ck_assert_code(host_do(t, TIMER_CANCEL, .id = t->id_kept), 0);
        ck_assert_code(host_do(t, TIMER_CANCEL, .id = t->id_kept), RUNNER_EDONE);
        t->id_kept = call_later(t, "timer", MS(5));
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
        ck_assert_code(host_do(t, TIMER_CANCEL, .id = t->id_kept), RUNNER_EDONE);
        ck_assert_int_eq(t->host->values[0].dropped, 1);
    }
    return 0;
}

START_TEST(R196_a_timer_that_was_taken_back_never_fires)
{
    host_play(_i, cancel_timers, 0);
    log_expect("timer:called");
}
END_TEST

static int release_a_timer(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_release(t, call_later(t, "timer", MS(5)));
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
    }
    return 0;
}

START_TEST(a_timer_goes_on_without_its_id)
{
    host_play(_i, release_a_timer, 0);
    log_expect("timer:called");
}
END_TEST

static uint64_t timer_of_call;

static void look_for_the_timer(host_t *host, const runner_host_event_t *event)
{
    (void)host;
    if (event->kind == RUNNER_HOST_CALL)
        ck_assert_uint_eq(event->task, timer_of_call);
}

static int have_calls_looked_at(host_task_t *t)
{
    switch (t->line) {
    case 0:
        timer_of_call = call_later(t, "timer", MS(5));
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
        timer_of_call = 0;
        ck_assert_code(call_soon(t, "soon", NULL), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
    }
    return 0;
}

START_TEST(a_call_says_whose_timer_it_is)
{
    host_t *host = host_new(_i);
    host->watch = look_for_the_timer;
    ck_assert_code(host_run(host, have_calls_looked_at), 0);
    log_expect("timer:called,soon:called");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int set_a_timer_for_days(host_task_t *t)
{
    switch (t->line) {
    case 0:
        call_later(t, "days", MS(86400000) * 30);
        call_later(t, "never", INT64_MAX);
        WAIT_CODE(t, 0, SLEEP, .a = MS(86400000) * 31);
        say(t, "%llus", (unsigned long long)now_ms(t->host->runner) / 1000);
    }
    return 0;
}

START_TEST(R197_timers_far_in_the_future)
{
    host_play(_i, set_a_timer_for_days, 0);
    log_expect("days:called,main:2678400s");
}
END_TEST

/* --- from other threads ------------------------------------------------------------------ */

enum { THREADS = 4, POSTS = 40 };

typedef struct poster {
    runner_t *runner;
    uint64_t values[POSTS];
} poster_t;

static void *post_all(void *arg)
{
    poster_t *poster = arg;
    for (int i = 0; i < POSTS; i++)
        ck_assert_code(runner_host_post(poster->runner, poster->values[i]), 0);
    return NULL;
}

static int count_a_post(host_task_t *t)
{
    host_task_t *first = t->host->main;
    if (first != NULL && ++first->i == THREADS * POSTS)
        ck_assert_code(host_do(t, RESOLVE, .id = first->id_kept), 0);
    return 0;
}

static int await_all_posts(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        ck_assert_int_eq(t->i, THREADS * POSTS);
    }
    return 0;
}

START_TEST(R188_every_post_of_other_threads_comes_once)
{
    pthread_t threads[THREADS];
    poster_t posters[THREADS];
    host_t *host = host_new(_i);
    ck_assert_code(runner_submitter_acquire(host->runner), 0);
    host_begin(host, await_all_posts);
    for (int i = 0; i < THREADS; i++) {
        posters[i].runner = host->runner;
        for (int k = 0; k < POSTS; k++)
            posters[i].values[k] = host_value(host, VALUE_CALL, "post", count_a_post);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    ck_assert_code(host_drive(host), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_code(runner_submitter_release(host->runner), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R099_what_was_posted_before_the_close_comes_or_is_dropped)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, be_between), 0);
    host_release_all(host);
    uint64_t value = host_value(host, VALUE_CALL, "early", NULL);
    ck_assert_code(runner_host_post(host->runner, value), 0);
    ck_assert_code(runner_begin_close(host->runner), 0);
    value = host_value(host, VALUE_CALL, "late", NULL);
    ck_assert_code(runner_host_post(host->runner, value), 0);
    host->over = 0;
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(runner_host_post(host->runner, 1), RUNNER_ECLOSED);
    host_free(host); /* each has come to its end once */
}
END_TEST

/* --- the close --------------------------------------------------------------------------- */

static int leave_callbacks(host_task_t *t)
{
    call_later(t, "!held", MS(5));
    host_release(t, call_later(t, "!released", MS(5)));
    return 0;
}

START_TEST(R098_what_is_still_scheduled_is_dropped_by_the_close)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, leave_callbacks), 0);
    ck_assert_code(host_close(host), 0);
    log_expect("drop held,drop released");
    host_free(host);
}
END_TEST

START_TEST(R099_a_closed_runner_takes_no_callbacks)
{
    host_t *host = host_new(ONE_CALL);
    ck_assert_code(host_run(host, be_between), 0);
    ck_assert_code(host_close(host), 0);
    ck_assert_code(host_do(&host->nobody, CALL_SOON, .b = 5), RUNNER_ECLOSED);
    ck_assert_code(host_do(&host->nobody, CALL_LATER, .b = 5), RUNNER_ECLOSED);
    ck_assert_code(host_do(&host->nobody, CALL_AT, .b = 5), RUNNER_ECLOSED);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_callback");
    TCase *tcase = test_case(suite, "soon");
    add_for_each_way(tcase, R190_callbacks_stand_in_line_with_tasks);
    add_for_each_way(tcase, a_callback_settles_a_future);
    add_for_each_way(tcase, a_callback_spawns_a_task);
    tcase = test_case(suite, "later");
    add_for_each_way(tcase, R192_R193_timers_fire_in_the_order_of_their_deadlines);
    add_for_each_way(tcase, R192_later_counts_from_now_and_at_from_the_beginning);
    add_for_each_way(tcase, R196_a_timer_that_was_taken_back_never_fires);
    add_for_each_way(tcase, a_timer_goes_on_without_its_id);
    add_for_each_way(tcase, a_call_says_whose_timer_it_is);
    add_for_each_way(tcase, R197_timers_far_in_the_future);
    tcase = test_case(suite, "threads");
    add_for_each_way(tcase, R188_every_post_of_other_threads_comes_once);
    add_for_each_way(tcase, R099_what_was_posted_before_the_close_comes_or_is_dropped);
    tcase = test_case(suite, "close");
    add_for_each_way(tcase, R098_what_is_still_scheduled_is_dropped_by_the_close);
    tcase_add_test(tcase, R099_a_closed_runner_takes_no_callbacks);
    return test_main(suite);
}
