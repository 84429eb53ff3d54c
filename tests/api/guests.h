/*
 * What the tests of guest mode share: the loop of a program, a timer of that program, guests, and
 * what their runs and closes ended with. Guests have the real clock; what has to come in an order
 * is led there by what happens, never by how long it takes.
 */
#ifndef API_GUESTS_H
#define API_GUESTS_H

#include "check_support.h"

#include <uv.h>

/* --- the program ------------------------------------------------------------------------- */

/* The loop that the program turns. */
static uv_loop_t program;
static uv_thread_t program_thread;

static inline void program_open(void)
{
    program_thread = uv_thread_self();
    ck_assert_int_eq(uv_loop_init(&program), 0);
}

/* Turns the loop until nothing is open on it that counts. */
static inline void program_run(void)
{
    ck_assert_int_eq(uv_run(&program, UV_RUN_DEFAULT), 0);
}

/* Whatever was open is closed, and so is the loop. */
static inline void program_close(void)
{
    program_run();
    ck_assert_int_eq(uv_loop_close(&program), 0);
}

static inline void count_handle(uv_handle_t *handle, void *arg)
{
    (void)handle;
    ++*(int *)arg;
}

/* How many handles are open on the loop, of whomever. */
static inline int handles_open(void)
{
    int count = 0;
    uv_walk(&program, count_handle, &count);
    return count;
}

/* A timer of the program: its function is called each time, until it closes the timer. */
typedef struct tick {
    uv_timer_t timer;
    void (*fn)(struct tick *tick);
    void *arg;
    int count; /* which one this is, from 1 */
} tick_t;

static inline void on_tick(uv_timer_t *timer)
{
    tick_t *tick = timer->data;
    ck_assert_ptr_null(runner_current());
    tick->count++;
    tick->fn(tick);
}

static inline void tick_start(tick_t *tick, uint64_t every_ms, void (*fn)(tick_t *tick), void *arg)
{
    *tick = (tick_t){.fn = fn, .arg = arg};
    ck_assert_int_eq(uv_timer_init(&program, &tick->timer), 0);
    tick->timer.data = tick;
    ck_assert_int_eq(uv_timer_start(&tick->timer, on_tick, every_ms, every_ms), 0);
}

static inline void tick_end(tick_t *tick)
{
    uv_close((uv_handle_t *)&tick->timer, NULL);
}

/* Turns the loop so many times while nothing else has to happen. */
static inline void tick_thrice(tick_t *tick)
{
    if (tick->count == 3) {
        tick_end(tick);
    }
}

static inline void program_turn_a_while(void)
{
    tick_t tick;
    tick_start(&tick, 2, tick_thrice, NULL);
    program_run();
    ck_assert_int_eq(tick.count, 3);
}

/* --- guests ------------------------------------------------------------------------------ */

static inline runner_options_t guest_options(void)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    return opts;
}

static inline runner_t *guest_with(const runner_options_t *opts)
{
    runner_t *runner = test_runner_with(opts);
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), 0);
    return runner;
}

static inline runner_t *guest(void)
{
    runner_options_t opts = guest_options();
    return guest_with(&opts);
}

/* What a run or a close ended with. */
typedef struct ending {
    int times;
    int code;
    void *result;
} ending_t;

/* Told on the loop's thread, never inside a turn, and when the runner is ready for more. */
static inline void note_ending(runner_t *self, int code, void *result, void *arg)
{
    ending_t *ending = arg;
    uv_thread_t thread = uv_thread_self();
    ck_assert_int_ne(uv_thread_equal(&thread, &program_thread), 0);
    ck_assert_ptr_null(runner_current());
    ck_assert_ptr_null(runner_current_task());
    ck_assert_int_eq(runner_is_running(self), 0);
    ending->times++;
    ending->code = code;
    ending->result = result;
    log_add("ended %s", code_name(code));
}

#define ck_assert_ended(ending, expected)                                                          \
    do {                                                                                           \
        ck_assert_int_eq((ending)->times, 1);                                                      \
        ck_assert_code((ending)->code, expected);                                                  \
    } while (0)

static inline void guest_start(runner_t *runner, runner_fn body, void *arg, ending_t *ending)
{
    *ending = (ending_t){0};
    ck_assert_code(runner_start(runner, body, arg, NULL, note_ending, ending), 0);
    ck_assert_int_eq(ending->times, 0);
}

/* One run from its begin to its end: what it ended with. */
static inline int guest_run(runner_t *runner, runner_fn body, void *arg)
{
    ending_t ending;
    guest_start(runner, body, arg, &ending);
    program_run();
    ck_assert_int_eq(ending.times, 1);
    return ending.code;
}

static inline int guest_close(runner_t *runner)
{
    ending_t ending = {0};
    ck_assert_code(runner_start_close(runner, note_ending, &ending), 0);
    ck_assert_int_eq(ending.times, 0);
    program_run();
    ck_assert_int_eq(ending.times, 1);
    ck_assert_ptr_null(ending.result);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    return ending.code;
}

/* Closes a guest well, and its program. */
static inline void guest_end(runner_t *runner)
{
    ck_assert_code(guest_close(runner), 0);
    runner_free(runner);
    program_close();
}

static inline runner_future_t *guest_future(runner_t *runner)
{
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    return future;
}

/* --- threads ----------------------------------------------------------------------------- */

static inline void count_without_me(void *arg)
{
    *(int *)arg = thread_count() - 1;
}

/* How many threads there are without any of a runner: a sanitizer makes one of its own with the
 * first. */
static inline int threads_before(void)
{
    uv_thread_t thread;
    int count = 0;
    ck_assert_int_eq(uv_thread_create(&thread, count_without_me, &count), 0);
    uv_thread_join(&thread);
    ck_assert_int_eq(threads_settle(count), 1);
    return count;
}

/* --- closes ------------------------------------------------------------------------------ */

static inline const runner_report_t *report_of(const runner_t *runner)
{
    const runner_report_t *report = NULL;
    ck_assert_code(runner_get_report(runner, &report), 0);
    return report;
}

static inline int reported(const runner_t *runner, int kind)
{
    return (int)runner_report_count(report_of(runner), kind);
}

/* Closes a guest while the program's timer ticks on. */
static inline int close_beside(runner_t *runner, tick_t *tick, void (*fn)(tick_t *tick), void *arg)
{
    tick_start(tick, 1, fn, arg);
    return guest_close(runner);
}

static inline void tick_until_closed(tick_t *tick)
{
    if (runner_is_closed(tick->arg)) {
        tick_end(tick);
    }
}

/* --- guests in child processes ----------------------------------------------------------- */

static inline runner_t *child_guest(int signals)
{
    runner_options_t opts;
    runner_t *runner = NULL;
    child_assert(uv_loop_init(&program) == 0);
    child_assert_code(runner_options_init(&opts, sizeof opts), 0);
    opts.signals = signals;
    child_assert_code(runner_new(&runner, &opts), 0);
    child_assert_code(runner_attach(runner, &program, NULL, NULL), 0);
    return runner;
}

static inline void child_note_ending(runner_t *self, int code, void *result, void *arg)
{
    ending_t *ending = arg;
    (void)self;
    ending->times++;
    ending->code = code;
    ending->result = result;
}

/* As guest_end(). */
static inline void child_end(runner_t *runner)
{
    ending_t ending = {0};
    child_assert_code(runner_start_close(runner, child_note_ending, &ending), 0);
    uv_run(&program, UV_RUN_DEFAULT);
    child_assert(ending.times == 1);
    child_assert_code(ending.code, 0);
    runner_free(runner);
    child_assert(uv_loop_close(&program) == 0);
}

/* --- bodies ------------------------------------------------------------------------------ */

static inline int await_future(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

static inline int sleep_long(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(3600 * 1000);
}

/* Goes on for as long as it is let: arg counts its steps. */
static inline int yield_for_ever(void *arg, void **result)
{
    int *steps = arg;
    int code = 0;
    (void)result;
    while (code == 0) {
        ++*steps;
        code = runner_yield();
    }
    return code;
}

#endif
