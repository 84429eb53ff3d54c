/* Plain callbacks, timers, time, and the exception handler. */
#include "check_support.h"

#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* --- helpers ----------------------------------------------------------------------------- */

static void soon(const char *entry)
{
    ck_assert_code(runner_call_soon(runner_current(), log_callback, (void *)(uintptr_t)entry, NULL),
                   0);
}

static runner_timer_t *later(int64_t timeout_ms, const char *entry)
{
    runner_timer_t *timer = NULL;
    ck_assert_code(runner_call_later(runner_current(), timeout_ms, log_callback,
                                     (void *)(uintptr_t)entry, drop_count, &timer),
                   0);
    return timer;
}

/* A timer whose handle is not wanted. */
static void later_detached(int64_t timeout_ms, const char *entry)
{
    runner_timer_unref(later(timeout_ms, entry));
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

static void run_on_real_clock(runner_fn body, void *arg)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    ck_assert_code(runner_main(body, arg, &opts, NULL), 0);
}

static uint64_t now(void)
{
    return now_ms(runner_current());
}

/* --- soon -------------------------------------------------------------------------------- */

static int nested_soon(void *arg)
{
    log_add("%s", (const char *)arg);
    soon("nested");
    return 0;
}

static int queue_callbacks(void *arg, void **result)
{
    (void)arg;
    (void)result;
    soon("a");
    ck_assert_code(runner_call_soon(runner_current(), nested_soon, "b", NULL), 0);
    soon("c");
    log_add("main");
    ck_assert_code(runner_yield(), 0);
    log_add("main");
    return runner_yield();
}

START_TEST(R190_callbacks_run_first_in_first_out)
{
    run(queue_callbacks);
    log_expect("main,a,b,c,main,nested");
}
END_TEST

START_TEST(R190_also_those_queued_before_the_run)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_call_soon(runner, log_callback, "a", drop_count), 0);
    ck_assert_code(runner_call_soon(runner, log_callback, "b", drop_count), 0);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    log_expect("a,b,main");
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
}
END_TEST

static int resolve_arg(void *arg)
{
    return runner_future_resolve(arg, value_of(7));
}

static int log_turns(void *arg, void **result)
{
    (void)result;
    for (int i = 1; i <= 3; i++) {
        log_add("%s%d", (const char *)arg, i);
        ck_assert_code(runner_yield(), 0);
    }
    return 0;
}

static int mix(void *arg, void **result)
{
    runner_future_t *future = NULL;
    (void)arg;
    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    ck_assert_code(runner_spawn(log_turns, "a", NULL, NULL), 0);
    soon("s");
    ck_assert_code(runner_call_soon(runner_current(), resolve_arg, future, NULL), 0);
    ck_assert_code(runner_spawn(log_turns, "b", NULL, NULL), 0);
    ck_assert_code(runner_call_soon(runner_current(), nested_soon, "t", NULL), 0);
    ck_assert_code(runner_future_await(future, result), 0);
    log_add("main");
    soon("u");
    ck_assert_code(runner_sleep(0), 0);
    log_add("main");
    runner_future_unref(future);
    return runner_yield();
}

START_TEST(R190_the_order_is_the_same_on_every_clock)
{
    for (int i = 0; i < 6; i++) {
        runner_options_t opts = test_options();
        opts.clock = i % 2;
        opts.poll_interval = (uint32_t)(i / 2);
        ck_assert_code(runner_main(mix, NULL, &opts, NULL), 0);
        log_expect("a1,s,b1,t,a2,main,b2,nested,a3,u,main,b3");
    }
}
END_TEST

/* A callback that queues itself until everything else was served. */
typedef struct busy {
    uv_poll_t poll;
    int pipe[2];
    int polled;
    int timer_fired;
    int slept;
    int threadsafe;
    int rounds;
} busy_t;

static int queue_again(void *arg)
{
    busy_t *busy = arg;
    busy->rounds++;
    if (busy->polled && busy->timer_fired && busy->slept && busy->threadsafe) {
        return 0;
    }
    return runner_call_soon(runner_current(), queue_again, busy, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    busy_t *busy = poll->data;
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(events, UV_READABLE);
    busy->polled = 1;
    uv_poll_stop(poll);
    uv_close((uv_handle_t *)poll, NULL);
}

static int set_flag(void *arg)
{
    *(int *)arg = 1;
    return 0;
}

static void *post_from_thread(void *arg)
{
    busy_t *busy = arg;
    ck_assert_int_eq(write(busy->pipe[1], "x", 1), 1);
    return NULL;
}

static int stay_busy(void *arg, void **result)
{
    busy_t *busy = arg;
    runner_t *runner = runner_current();
    struct uv_loop_s *loop = NULL;
    pthread_t thread;
    (void)result;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_int_eq(uv_poll_init(loop, &busy->poll, busy->pipe[0]), 0);
    busy->poll.data = busy;
    ck_assert_int_eq(uv_poll_start(&busy->poll, UV_READABLE, on_readable), 0);
    ck_assert_code(runner_call_soon(runner, queue_again, busy, NULL), 0);
    ck_assert_code(runner_call_later(runner, 5, set_flag, &busy->timer_fired, NULL, NULL), 0);
    ck_assert_code(runner_call_soon_threadsafe(runner, set_flag, &busy->threadsafe, NULL), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_from_thread, busy), 0);
    int code = runner_sleep(10);
    busy->slept = 1;
    while (code == 0 && !(busy->polled && busy->timer_fired && busy->threadsafe)) {
        code = runner_yield();
    }
    pthread_join(thread, NULL);
    return code;
}

START_TEST(R191_endless_callbacks_starve_neither_timers_nor_io)
{
    busy_t busy;
    memset(&busy, 0, sizeof busy);
    ck_assert_int_eq(pipe(busy.pipe), 0);
    run_on_real_clock(stay_busy, &busy);
    ck_assert_int_gt(busy.rounds, 1);
    close(busy.pipe[0]);
    close(busy.pipe[1]);
}
END_TEST

/* --- timers ------------------------------------------------------------------------------ */

static int negative_delays(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(10), 0);
    later_detached(1, "+1");
    later_detached(0, "0");
    later_detached(-1, "-1");
    later_detached(-2, "-2");
    later_detached(INT64_MIN, "min");
    ck_assert_code(runner_yield(), 0);
    log_add("main"); /* was queued before the next iteration found the timers due */
    ck_assert_uint_eq(now(), 10);
    return runner_sleep(2);
}

START_TEST(R192_negative_delays_are_due_now_in_the_order_of_their_deadlines)
{
    run(negative_delays);
    log_expect("main,min,-2,-1,0,+1");
    ck_assert_int_eq(drops(), 5);
}
END_TEST

static int negative_delays_at_zero(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_uint_eq(runner_time_ns(runner_current()), 0);
    later_detached(0, "0");
    later_detached(-1, "-1");
    later_detached(-2, "-2");
    return runner_sleep(1);
}

START_TEST(R192_also_when_the_clock_begins)
{
    run(negative_delays_at_zero);
    log_expect("-2,-1,0");
}
END_TEST

static int equal_deadlines(void *arg, void **result)
{
    runner_t *runner = runner_current();
    char names[20][8];
    (void)arg;
    (void)result;
    for (int i = 0; i < 20; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        if (i % 2 == 0) {
            later_detached(5, names[i]);
        } else {
            ck_assert_code(runner_call_at_ns(runner, runner_time_ns(runner) + 5000000u,
                                             log_callback, names[i], NULL, NULL),
                           0);
        }
    }
    later_detached(4, "before");
    return runner_sleep(6);
}

START_TEST(R193_equal_deadlines_fire_in_the_order_of_asking)
{
    run(equal_deadlines);
    log_expect("before,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19");
}
END_TEST

static int sleep_5_and_log(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(5);
    log_add("%s", (const char *)arg);
    return code;
}

static int timers_and_sleeps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    later_detached(5, "t1");
    ck_assert_code(runner_spawn(sleep_5_and_log, "s1", NULL, NULL), 0);
    later_detached(5, "t2");
    ck_assert_code(runner_yield(), 0);
    later_detached(5, "t3");
    return runner_sleep(10);
}

START_TEST(R193_a_sleeper_runs_a_turn_after_its_timer_fired)
{
    run(timers_and_sleeps);
    log_expect("t1,t2,t3,s1");
}
END_TEST

static int many_deadlines(void *arg, void **result)
{
    static const int delays[] = {7, 3, 9, 1, 8, 2, 6, 4, 10, 5};
    static char names[10][8];
    (void)arg;
    (void)result;
    for (int i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "%d", delays[i]);
        later_detached(delays[i], names[i]);
    }
    return runner_sleep(11);
}

START_TEST(R193_timers_fire_in_the_order_of_their_deadlines)
{
    run(many_deadlines);
    log_expect("1,2,3,4,5,6,7,8,9,10");
}
END_TEST

/* --- sleep ------------------------------------------------------------------------------- */

static int block_then_sleep(void *arg, void **result)
{
    uint64_t start = monotonic_ns();
    (void)arg;
    (void)result;
    while (monotonic_ns() - start < 50 * 1000000u) {
        ;
    }
    start = monotonic_ns();
    int code = runner_sleep(20);
    ck_assert_uint_ge(monotonic_ns() - start, 20 * 1000000u);
    start = monotonic_ns();
    ck_assert_code(runner_sleep_ns(1500000), 0);
    ck_assert_uint_ge(monotonic_ns() - start, 1500000u);
    return code;
}

START_TEST(R194_a_sleep_is_never_too_short)
{
    run_on_real_clock(block_then_sleep, NULL);
}
END_TEST

static int fire_late_enough(void *arg)
{
    ck_assert_uint_ge(monotonic_ns(), *(uint64_t *)arg);
    log_add("fired");
    return 0;
}

static int block_then_call_later(void *arg, void **result)
{
    uint64_t start = monotonic_ns();
    (void)arg;
    (void)result;
    while (monotonic_ns() - start < 50 * 1000000u) {
        ;
    }
    uint64_t due = monotonic_ns() + 20 * 1000000u;
    ck_assert_code(runner_call_later(runner_current(), 20, fire_late_enough, &due, NULL, NULL), 0);
    while (log_text()[0] == '\0') {
        ck_assert_code(runner_sleep(1), 0);
    }
    return 0;
}

START_TEST(R194_nor_is_a_timer)
{
    run_on_real_clock(block_then_call_later, NULL);
    log_expect("fired");
}
END_TEST

static int exact_sleeps(void *arg, void **result)
{
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    ck_assert_uint_eq(runner_time_ns(runner), 0);
    ck_assert_code(runner_sleep(20), 0);
    ck_assert_uint_eq(runner_time_ns(runner), 20 * 1000000u);
    ck_assert_code(runner_sleep_ns(1), 0);
    ck_assert_uint_eq(runner_time_ns(runner), 20 * 1000000u + 1);
    ck_assert_code(runner_yield(), 0);
    ck_assert_uint_eq(runner_time_ns(runner), 20 * 1000000u + 1);
    return 0;
}

START_TEST(R194_virtual_time_is_exact)
{
    run(exact_sleeps);
}
END_TEST

static int soon_a_then_b(void *arg)
{
    (void)arg;
    log_add("a");
    soon("b");
    return 0;
}

static int one_turn(void *arg, void **result)
{
    int (*waits[3])(void) = {runner_yield, NULL, NULL};
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_call_soon(runner_current(), soon_a_then_b, NULL, NULL), 0);
        ck_assert_code(i == 0 ? waits[0]() : i == 1 ? runner_sleep(0) : runner_sleep_ns(0), 0);
        log_add("main");
        ck_assert_code(runner_yield(), 0);
        log_add("main");
    }
    return 0;
}

START_TEST(R195_a_sleep_of_zero_is_one_turn)
{
    run(one_turn);
    log_expect("a,main,b,main,a,main,b,main,a,main,b,main");
}
END_TEST

static int cancel_itself(void *arg)
{
    runner_timer_t **timer = arg;
    ck_assert_code(runner_timer_cancel(*timer), RUNNER_EDONE);
    runner_timer_unref(*timer);
    *timer = NULL;
    log_add("timer");
    return 0;
}

static int let_timer_end_itself(void *arg, void **result)
{
    runner_timer_t *timer = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(
        runner_call_later(runner_current(), 5, cancel_itself, &timer, drop_count, &timer), 0);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_ptr_null(timer);
    return 0;
}

START_TEST(R196_a_timer_that_runs_is_done)
{
    run(let_timer_end_itself);
    log_expect("timer");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

/* --- cancelled timers -------------------------------------------------------------------- */

static int cancel_timers(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_timer_t *first = later(5, "first");
    runner_timer_t *second = later(5, "second");
    runner_timer_t *third = later(0, "third");
    ck_assert_code(runner_timer_cancel(first), 0);
    ck_assert_int_eq(drops(), 1); /* at once */
    ck_assert_code(runner_timer_cancel(first), RUNNER_EDONE);
    ck_assert_code(runner_timer_cancel(third), 0);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_timer_cancel(second), RUNNER_EDONE);
    ck_assert_code(runner_timer_cancel(NULL), RUNNER_EINVAL);
    runner_timer_unref(first);
    runner_timer_unref(second);
    runner_timer_unref(third);
    runner_timer_unref(NULL);
    return 0;
}

START_TEST(R196_a_cancelled_timer_never_runs)
{
    run(cancel_timers);
    log_expect("second");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

static int cancel_timer(void *arg)
{
    log_add("cancel");
    return runner_timer_cancel(*(runner_timer_t **)arg);
}

static int cancel_due_timer(void *arg, void **result)
{
    runner_timer_t *due = NULL;
    (void)arg;
    (void)result;
    /* Both are due at once; the first one cancels the second, which is queued already. */
    ck_assert_code(runner_call_later(runner_current(), 5, cancel_timer, &due, NULL, NULL), 0);
    due = later(5, "due");
    ck_assert_code(runner_sleep(10), 0);
    runner_timer_unref(due);
    return 0;
}

START_TEST(R196_not_even_if_it_was_due_already)
{
    run(cancel_due_timer);
    log_expect("cancel");
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* Bytes that the library holds, more or less than when counting began. */
static intptr_t held;

static void *held_add(void *ptr)
{
    held += (intptr_t)malloc_usable_size(ptr);
    return ptr;
}

static void *held_malloc(size_t size)
{
    return held_add(malloc(size));
}

static void *held_calloc(size_t count, size_t size)
{
    return held_add(calloc(count, size));
}

static void *held_realloc(void *ptr, size_t size)
{
    held -= (intptr_t)malloc_usable_size(ptr);
    return held_add(realloc(ptr, size));
}

static void held_free(void *ptr)
{
    held -= (intptr_t)malloc_usable_size(ptr);
    free(ptr);
}

static int start_and_cancel(void *arg, void **result)
{
    intptr_t *most = arg;
    (void)result;
    for (int i = 0; i < 100000; i++) {
        runner_timer_t *timer = NULL;
        int code =
            runner_call_later(runner_current(), 1000000 + i, log_callback, NULL, NULL, &timer);
        if (code == 0) {
            code = runner_timer_cancel(timer);
        }
        runner_timer_unref(timer);
        if (code != 0) {
            return code;
        }
        *most = held > *most ? held : *most;
    }
    return 0;
}

static int count_memory(void *arg)
{
    runner_t *runner = NULL;
    intptr_t most = 0;
    (void)arg;
    child_assert_code(runner_replace_allocator(held_malloc, held_calloc, held_realloc, held_free),
                      0);
    child_assert_code(runner_new(&runner, NULL), 0);
    child_assert_code(runner_run(runner, start_and_cancel, &most, NULL, NULL), 0);
    runner_free(runner);
    child_assert(most > 0 && most < 1024 * 1024);
    child_assert(held <= 0);
    return 0;
}

START_TEST(R196_many_cancelled_timers_do_not_accumulate)
{
    static child_t child;
    child_run(&child, count_memory, NULL, 20000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

/* --- the far future ---------------------------------------------------------------------- */

static int far_future(void *arg, void **result)
{
    static const uint64_t days_1000 = UINT64_C(1000) * 24 * 3600 * 1000;
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    later_detached(INT64_MAX, "max");
    ck_assert_code(runner_call_at_ns(runner, UINT64_MAX, log_callback, "max", drop_count, NULL), 0);
    ck_assert_code(runner_call_at_ns(runner, UINT64_MAX - 1, log_callback, "max", drop_count, NULL),
                   0);
    later_detached(1, "near");
    ck_assert_code(runner_sleep(days_1000), 0);
    ck_assert_uint_eq(now(), days_1000);
    return 0;
}

START_TEST(R197_a_deadline_in_a_far_future_does_not_overflow)
{
    run(far_future);
    log_expect("near");
    ck_assert_int_eq(drops(), 4);
}
END_TEST

static int sleep_for(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(*(uint64_t *)arg);
    log_add("%s", code_name(code));
    return code;
}

static int sleep_long(void *arg, void **result)
{
    uint64_t times[] = {RUNNER_FOREVER, RUNNER_FOREVER - 1, UINT64_MAX / 1000000, INT64_MAX,
                        UINT64_C(5000000000)};
    runner_task_t *tasks[5];
    (void)arg;
    for (int i = 0; i < 5; i++) {
        ck_assert_code(runner_spawn(sleep_for, &times[i], NULL, &tasks[i]), 0);
    }
    ck_assert_code(runner_sleep(20), 0);
    log_add("main");
    for (int i = 0; i < 5; i++) {
        ck_assert_code(runner_task_cancel(tasks[i]), 0);
        ck_assert_code(runner_await(tasks[i], result), RUNNER_ECANCELED);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(R197_nor_does_a_long_sleep)
{
    run_on_real_clock(sleep_long, NULL);
    log_expect("main,RUNNER_ECANCELED,RUNNER_ECANCELED,RUNNER_ECANCELED,RUNNER_ECANCELED,"
               "RUNNER_ECANCELED");
}
END_TEST

/* --- other threads ----------------------------------------------------------------------- */

typedef struct poster {
    runner_t *runner;
    runner_future_t *future;
    sem_t go;
    int code;
} poster_t;

static void *post_late(void *arg)
{
    poster_t *poster = arg;
    while (sem_wait(&poster->go) != 0) {
        ;
    }
    poster->code =
        runner_call_soon_threadsafe(poster->runner, resolve_arg, poster->future, drop_count);
    return NULL;
}

static int release_poster(void *arg)
{
    sem_post(arg);
    return 0;
}

static int wait_for_poster(void *arg, void **result)
{
    poster_t *poster = arg;
    ck_assert_code(runner_call_soon(poster->runner, release_poster, &poster->go, NULL), 0);
    return runner_future_await(poster->future, result);
}

START_TEST(a_thread_safe_callback_wakes_the_waiting_loop)
{
    poster_t poster = {test_runner(), NULL, {{0}}, -1};
    pthread_t thread;
    void *result = NULL;
    sem_init(&poster.go, 0, 0);
    ck_assert_code(runner_future_new(poster.runner, &poster.future), 0);
    ck_assert_code(runner_submitter_acquire(poster.runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_late, &poster), 0);
    ck_assert_code(runner_run(poster.runner, wait_for_poster, &poster, NULL, &result), 0);
    pthread_join(thread, NULL);
    ck_assert_code(poster.code, 0);
    ck_assert_int_eq(number_of(result), 7);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_submitter_release(poster.runner), 0);
    ck_assert_code(runner_submitter_release(poster.runner), RUNNER_EINVAL);
    runner_future_unref(poster.future);
    runner_free(poster.runner);
    sem_destroy(&poster.go);
}
END_TEST

/* Numbers posted by another thread, and the next one that is expected. */
static int posted[1000];
static int next_posted;

static int expect_next(void *arg)
{
    ck_assert_int_eq((int)((int *)arg - posted), next_posted);
    next_posted++;
    return 0;
}

static void *post_numbers(void *arg)
{
    poster_t *poster = arg;
    for (int i = 0; i < 1000 && poster->code == 0; i++) {
        poster->code =
            runner_call_soon_threadsafe(poster->runner, expect_next, &posted[i], drop_count);
    }
    ck_assert_code(runner_call_soon_threadsafe(poster->runner, resolve_arg, poster->future, NULL),
                   0);
    return NULL;
}

START_TEST(R190_thread_safe_callbacks_of_one_thread_run_first_in_first_out)
{
    poster_t poster = {test_runner(), NULL, {{0}}, 0};
    pthread_t thread;
    next_posted = 0;
    sem_init(&poster.go, 0, 0);
    ck_assert_code(runner_future_new(poster.runner, &poster.future), 0);
    ck_assert_code(runner_submitter_acquire(poster.runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_numbers, &poster), 0);
    ck_assert_code(runner_run(poster.runner, wait_for_poster, &poster, NULL, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_code(runner_submitter_release(poster.runner), 0);
    ck_assert_int_eq(next_posted, 1000);
    ck_assert_int_eq(drops(), 1000);
    runner_future_unref(poster.future);
    runner_free(poster.runner);
    sem_destroy(&poster.go);
}
END_TEST

START_TEST(wakeups_are_not_counted_and_change_nothing)
{
    runner_t *runner = test_runner();
    for (int i = 0; i < 100; i++) {
        ck_assert_code(runner_wakeup(runner), 0);
    }
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_code(runner_wakeup(runner), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_wakeup(runner), RUNNER_ECLOSED);
    log_expect("main");
    runner_free(runner);
}
END_TEST

START_TEST(R098_R099_what_is_still_scheduled_at_close_is_dropped_and_no_more_is_taken)
{
    runner_t *runner = test_runner();
    runner_timer_t *timer = NULL;
    ck_assert_code(runner_call_later(runner, 5, log_callback, "timer", drop_count, &timer), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_timer_cancel(timer), RUNNER_EDONE);
    runner_timer_unref(timer);
    timer = NULL;
    ck_assert_code(runner_call_soon(runner, log_callback, "no", drop_count), RUNNER_ECLOSED);
    ck_assert_code(runner_call_later(runner, 1, log_callback, "no", drop_count, &timer),
                   RUNNER_ECLOSED);
    ck_assert_code(runner_call_at_ns(runner, 1, log_callback, "no", drop_count, &timer),
                   RUNNER_ECLOSED);
    ck_assert_code(runner_call_soon_threadsafe(runner, log_callback, "no", drop_count),
                   RUNNER_ECLOSED);
    ck_assert_ptr_null(timer);
    runner_free(runner);
    ck_assert_int_eq(drops(), 1);
    log_expect("main");
}
END_TEST

/* A drop function that schedules again: what is accepted is dropped too. */
static int rescheduled;

static int never(void *arg)
{
    (void)arg;
    return -5;
}

static int again(void *arg)
{
    (void)arg;
    return 0;
}

static void schedule_again(void *arg)
{
    drop_count(NULL);
    if (rescheduled < 100 && runner_call_soon(arg, again, arg, schedule_again) == 0) {
        rescheduled++;
    }
}

START_TEST(R098_a_drop_function_may_schedule_and_nothing_is_lost)
{
    runner_t *runner = test_runner();
    rescheduled = 0;
    ck_assert_code(runner_call_later(runner, 5, never, runner, schedule_again, NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    ck_assert_int_eq(drops(), rescheduled + 1);
}
END_TEST

/* --- the exception handler --------------------------------------------------------------- */

static int my_handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    ck_assert_ptr_nonnull(self);
    ck_assert_uint_eq(exception->size, sizeof *exception);
    log_add("%s %d", (const char *)arg, exception->code);
    return 0;
}

static int fail_callback(void *arg)
{
    return (int)number_of(arg);
}

static void run_failing_callback(runner_t *runner, int code)
{
    ck_assert_code(runner_call_soon(runner, fail_callback, value_of(code), NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
}

START_TEST(R198_a_handler_of_the_program_is_told)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_set_exception_handler(runner, my_handler, "first", drop_count), 0);
    run_failing_callback(runner, -5);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_set_exception_handler(runner, my_handler, "second", drop_count), 0);
    ck_assert_int_eq(drops(), 1);
    run_failing_callback(runner, -6);
    log_expect("first -5,main,second -6,main");
    runner_free(runner);
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int restore_default_handler(void *arg)
{
    runner_t *runner = NULL;
    (void)arg;
    child_assert_code(runner_new(&runner, NULL), 0);
    child_assert_code(runner_set_exception_handler(runner, my_handler, "mine", drop_count), 0);
    child_assert_code(runner_set_exception_handler(runner, NULL, NULL, NULL), 0);
    child_assert(drops() == 1);
    child_assert_code(runner_call_soon(runner, fail_callback, value_of(RUNNER_EHANDLES), NULL), 0);
    child_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_free(runner);
    return strcmp(log_text(), "main") == 0 ? 0 : 1;
}

START_TEST(R198_null_brings_the_default_handler_back)
{
    static child_t child;
    child_run(&child, restore_default_handler, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_ptr_nonnull(strstr(child.err, "RUNNER_EHANDLES"));
    ck_assert_uint_eq(child.out_len, 0);
}
END_TEST

static int call_handlers(void *arg)
{
    runner_exception_t exception;
    runner_t *runner = NULL;
    runner_options_t opts;
    (void)arg;
    memset(&exception, 0, sizeof exception);
    exception.size = sizeof exception;
    exception.message = "the sky fell";
    exception.code = -5;
    exception.name = "chicken";
    child_assert_code(runner_options_init(&opts, sizeof opts), 0);
    opts.exception_handler = my_handler;
    opts.exception_arg = (void *)"mine";
    child_assert_code(runner_new(&runner, &opts), 0);
    child_assert_code(runner_call_exception_handler(runner, &exception), 0);
    child_assert(strcmp(log_text(), "mine -5") == 0);
    child_assert_code(runner_default_exception_handler(runner, &exception), 0);
    child_assert_code(runner_call_exception_handler(NULL, &exception), RUNNER_EINVAL);
    child_assert_code(runner_call_exception_handler(runner, NULL), RUNNER_EINVAL);
    child_assert_code(runner_default_exception_handler(NULL, &exception), RUNNER_EINVAL);
    child_assert_code(runner_default_exception_handler(runner, NULL), RUNNER_EINVAL);
    exception.size = 1;
    child_assert_code(runner_call_exception_handler(runner, &exception), RUNNER_EINVAL);
    child_assert_code(runner_default_exception_handler(runner, &exception), RUNNER_EINVAL);
    runner_free(runner);
    return strcmp(log_text(), "mine -5") == 0 ? 0 : 1;
}

START_TEST(R198_a_program_may_call_the_handlers_itself)
{
    static child_t child;
    child_run(&child, call_handlers, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_int_eq(strncmp(child.err, "the sky fell\n", 13), 0);
    ck_assert_ptr_nonnull(strstr(child.err, "chicken"));
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_timer_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "timers");
    tcase_add_test(tcase, R192_negative_delays_are_due_now_in_the_order_of_their_deadlines);
    tcase_add_test(tcase, R192_also_when_the_clock_begins);
    tcase_add_test(tcase, R193_equal_deadlines_fire_in_the_order_of_asking);
    tcase_add_test(tcase, R193_a_sleeper_runs_a_turn_after_its_timer_fired);
    tcase_add_test(tcase, R193_timers_fire_in_the_order_of_their_deadlines);
    tcase = test_case(suite, "sleep");
    tcase_add_test(tcase, R194_a_sleep_is_never_too_short);
    tcase_add_test(tcase, R194_nor_is_a_timer);
    tcase_add_test(tcase, R194_virtual_time_is_exact);
    tcase_add_test(tcase, R195_a_sleep_of_zero_is_one_turn);
    tcase = test_case(suite, "cancelled timers");
    tcase_add_test(tcase, R196_a_timer_that_runs_is_done);
    tcase_add_test(tcase, R196_a_cancelled_timer_never_runs);
    tcase_add_test(tcase, R196_not_even_if_it_was_due_already);
    tcase_add_test(tcase, R196_many_cancelled_timers_do_not_accumulate);
    tcase = test_case(suite, "the far future");
    tcase_add_test(tcase, R197_a_deadline_in_a_far_future_does_not_overflow);
    tcase_add_test(tcase, R197_nor_does_a_long_sleep);
}

int main(void)
{
    Suite *suite = suite_create("callback");
    TCase *tcase = test_case(suite, "soon");
    tcase_add_test(tcase, R190_callbacks_run_first_in_first_out);
    tcase_add_test(tcase, R190_also_those_queued_before_the_run);
    tcase_add_test(tcase, R190_the_order_is_the_same_on_every_clock);
    tcase_add_test(tcase, R191_endless_callbacks_starve_neither_timers_nor_io);
    add_timer_tests(suite);
    tcase = test_case(suite, "other threads");
    tcase_add_test(tcase, a_thread_safe_callback_wakes_the_waiting_loop);
    tcase_add_test(tcase, R190_thread_safe_callbacks_of_one_thread_run_first_in_first_out);
    tcase_add_test(tcase, wakeups_are_not_counted_and_change_nothing);
    tcase = test_case(suite, "close");
    tcase_add_test(tcase,
                   R098_R099_what_is_still_scheduled_at_close_is_dropped_and_no_more_is_taken);
    tcase_add_test(tcase, R098_a_drop_function_may_schedule_and_nothing_is_lost);
    tcase = test_case(suite, "exception handler");
    tcase_add_test(tcase, R198_a_handler_of_the_program_is_told);
    tcase_add_test(tcase, R198_null_brings_the_default_handler_back);
    tcase_add_test(tcase, R198_a_program_may_call_the_handlers_itself);
    return test_main(suite);
}
