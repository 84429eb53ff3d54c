/* Guest mode: the loop is the program's, and neither takes it from the other. Time. */
#include "guests.h"

/* --- nobody starves ---------------------------------------------------------------------- */

static void stop_main(tick_t *tick)
{
    runner_task_t **main_task = tick->arg;
    if (tick->count == 3) {
        tick_end(tick);
        ck_assert_code(runner_task_cancel(*main_task), 0);
    }
}

static int yield_until_cancelled(void *arg, void **result)
{
    int steps = 0;
    *(runner_task_t **)arg = runner_current_task();
    int code = yield_for_ever(&steps, result);
    ck_assert_int_gt(steps, 3);
    return code;
}

START_TEST(R191_R205_a_busy_guest_leaves_the_program_its_turns)
{
    runner_task_t *main_task = NULL;
    ending_t ending;
    tick_t tick;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, yield_until_cancelled, &main_task, &ending);
    tick_start(&tick, 2, stop_main, &main_task);
    program_run();
    ck_assert_ended(&ending, RUNNER_ECANCELED);
    ck_assert_int_eq(tick.count, 3);
    guest_end(runner);
}
END_TEST

static int yield_and_sleep(void *arg, void **result)
{
    (void)result;
    for (int i = 0; i < 5; i++) {
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(runner_sleep(1), 0);
        ++*(int *)arg;
    }
    return 0;
}

static void spin(uv_idle_t *idle)
{
    ending_t *ending = idle->data;
    if (ending->times > 0) {
        uv_close((uv_handle_t *)idle, NULL);
    }
}

START_TEST(R205_a_busy_program_leaves_the_guest_its_turns)
{
    ending_t ending;
    uv_idle_t idle;
    int rounds = 0;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, yield_and_sleep, &rounds, &ending);
    ck_assert_int_eq(uv_idle_init(&program, &idle), 0);
    idle.data = &ending;
    ck_assert_int_eq(uv_idle_start(&idle, spin), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(rounds, 5);
    guest_end(runner);
}
END_TEST

/* --- the loop is the program's ----------------------------------------------------------- */

/* A guest that stopped the loop would have uv_run() return before this timer is at its end. */
static void wake_each_time(tick_t *tick)
{
    ck_assert_code(runner_queue_put_nowait(tick->arg, NULL), 0);
    if (tick->count == 10) {
        runner_queue_shutdown(tick->arg, 0);
        tick_end(tick);
    }
}

static int get_all(void *arg, void **result)
{
    int code = 0;
    void *item;
    (void)result;
    while (code == 0) {
        code = runner_queue_get(arg, &item);
        if (code == 0) {
            code = runner_sleep(1);
        }
    }
    return code;
}

START_TEST(R205_the_loop_is_never_stopped)
{
    runner_queue_t *queue = NULL;
    ending_t ending;
    tick_t tick;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_queue_new(&queue, NULL), 0);
    guest_start(runner, get_all, queue, &ending);
    tick_start(&tick, 2, wake_each_time, queue);
    program_run();
    ck_assert_int_eq(tick.count, 10);
    ck_assert_ended(&ending, RUNNER_EQUEUESHUT);
    runner_queue_unref(queue);
    guest_end(runner);
}
END_TEST

START_TEST(R205_the_program_turns_the_loop_as_it_likes)
{
    ending_t ending;
    int rounds = 0;
    uv_run_mode mode = _i == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, yield_and_sleep, &rounds, &ending);
    while (ending.times == 0) {
        uv_run(&program, mode);
    }
    ck_assert_ended(&ending, 0);
    ending = (ending_t){0};
    ck_assert_code(runner_start_close(runner, note_ending, &ending), 0);
    while (ending.times == 0) {
        uv_run(&program, mode);
    }
    ck_assert_ended(&ending, 0);
    runner_free(runner);
    program_close();
}
END_TEST

/* The program's handles, one of each state. */
typedef struct handles {
    uv_timer_t running;
    uv_timer_t stopped;
    uv_async_t async;
    uv_prepare_t unreferenced;
} handles_t;

static void never_called(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("this is an hour away");
}

static void do_nothing(uv_prepare_t *prepare)
{
    (void)prepare;
}

static void handles_init(handles_t *handles)
{
    uv_timer_init(&program, &handles->running);
    uv_timer_start(&handles->running, never_called, 3600 * 1000, 0);
    uv_timer_init(&program, &handles->stopped);
    uv_async_init(&program, &handles->async, NULL);
    uv_prepare_init(&program, &handles->unreferenced);
    uv_prepare_start(&handles->unreferenced, do_nothing);
    uv_unref((uv_handle_t *)&handles->unreferenced);
    handles->running.data = handles->stopped.data = handles;
    handles->async.data = handles->unreferenced.data = handles;
}

static void ck_assert_untouched(const handles_t *handles)
{
    static const int referenced[] = {1, 1, 1, 0};
    static const int active[] = {1, 0, 1, 1};
    const uv_handle_t *all[] = {
        (const uv_handle_t *)&handles->running, (const uv_handle_t *)&handles->stopped,
        (const uv_handle_t *)&handles->async, (const uv_handle_t *)&handles->unreferenced};
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_eq(all[i]->data, handles);
        ck_assert_int_eq(uv_has_ref(all[i]), referenced[i]);
        ck_assert_int_eq(uv_is_active(all[i]) != 0, active[i]);
        ck_assert_int_eq(uv_is_closing(all[i]), 0);
    }
}

/* The program's handles keep its loop alive: it is stopped by whoever is told. */
static void stop_program(runner_t *self, int code, void *result, void *arg)
{
    note_ending(self, code, result, arg);
    uv_stop(&program);
}

static void turn_until_ended(ending_t *ending)
{
    ck_assert_int_ne(uv_run(&program, UV_RUN_DEFAULT), 0);
    ck_assert_ended(ending, 0);
}

START_TEST(R205_handles_of_the_program_are_not_touched)
{
    handles_t handles;
    ending_t ending = {0};
    int rounds = 0;
    program_open();
    handles_init(&handles);
    runner_t *runner = guest();
    ck_assert_untouched(&handles);
    ck_assert_code(runner_start(runner, yield_and_sleep, &rounds, NULL, stop_program, &ending), 0);
    turn_until_ended(&ending);
    ck_assert_untouched(&handles);
    ending = (ending_t){0};
    ck_assert_code(runner_start_close(runner, stop_program, &ending), 0);
    turn_until_ended(&ending);
    ck_assert_untouched(&handles);
    runner_free(runner);
    ck_assert_untouched(&handles);
    uv_close((uv_handle_t *)&handles.running, NULL);
    uv_close((uv_handle_t *)&handles.stopped, NULL);
    uv_close((uv_handle_t *)&handles.async, NULL);
    uv_close((uv_handle_t *)&handles.unreferenced, NULL);
    program_close();
}
END_TEST

/* --- time -------------------------------------------------------------------------------- */

/* The loop's own idea of the time is old when the program has worked for long. */
static void work_long_and_resolve(tick_t *tick)
{
    uint64_t end_ns = monotonic_ns() + 30 * UINT64_C(1000000);
    while (monotonic_ns() < end_ns) {
        ;
    }
    tick_end(tick);
    ck_assert_code(runner_future_resolve(tick->arg, NULL), 0);
}

static int sleep_after_work(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_future_await(arg, NULL), 0);
    for (uint64_t ms = 1; ms <= 20; ms++) {
        uint64_t before_ns = monotonic_ns();
        uint64_t on_loop_ns = runner_time_ns(runner_current());
        ck_assert_code(runner_sleep(ms), 0);
        ck_assert_int_ge((long)(monotonic_ns() - before_ns), (long)(ms * 1000000));
        ck_assert_int_ge((long)(runner_time_ns(runner_current()) - on_loop_ns),
                         (long)(ms * 1000000));
    }
    return runner_sleep_ns(1);
}

START_TEST(R194_R205_a_sleep_is_never_early)
{
    ending_t ending;
    tick_t tick;
    program_open();
    runner_t *runner = guest();
    runner_future_t *future = guest_future(runner);
    guest_start(runner, sleep_after_work, future, &ending);
    tick_start(&tick, 1, work_long_and_resolve, future);
    program_run();
    ck_assert_ended(&ending, 0);
    runner_future_unref(future);
    guest_end(runner);
}
END_TEST

static int log_timers(void *arg, void **result)
{
    runner_t *runner = runner_current();
    uint64_t when_ns = runner_time_ns(runner) + 200 * UINT64_C(1000000);
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_at_ns(runner, when_ns + 1, log_callback, "d", NULL, NULL), 0);
    ck_assert_code(runner_call_at_ns(runner, when_ns, log_callback, "b", NULL, NULL), 0);
    ck_assert_code(runner_call_at_ns(runner, when_ns, log_callback, "c", NULL, NULL), 0);
    ck_assert_code(runner_call_later(runner, -1, log_callback, "a", NULL, NULL), 0);
    return runner_sleep(300);
}

START_TEST(R192_R193_R205_timers_fire_by_deadline_then_in_start_order)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, log_timers, NULL), 0);
    log_expect("a,b,c,d,ended 0");
    guest_end(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest loop");
    TCase *share = test_case(suite, "share");
    tcase_add_test(share, R191_R205_a_busy_guest_leaves_the_program_its_turns);
    tcase_add_test(share, R205_a_busy_program_leaves_the_guest_its_turns);
    tcase_add_test(share, R205_the_loop_is_never_stopped);
    tcase_add_loop_test(share, R205_the_program_turns_the_loop_as_it_likes, 0, 2);
    tcase_add_test(share, R205_handles_of_the_program_are_not_touched);

    TCase *time = test_case(suite, "time");
    tcase_add_test(time, R194_R205_a_sleep_is_never_early);
    tcase_add_test(time, R192_R193_R205_timers_fire_by_deadline_then_in_start_order);
    return test_main(suite);
}
