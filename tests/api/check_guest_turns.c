/* Guest mode: the order in a guest's turns, what wakes a guest, and what keeps the loop alive. */
#include "guests.h"

#include <pthread.h>
#include <semaphore.h>

/* --- the order is that of own mode ------------------------------------------------------- */

typedef struct stage {
    runner_future_t *future;
    runner_queue_t *queue;
    runner_lock_t *lock;
} stage_t;

static int worker(void *arg, void **result)
{
    stage_t *stage = arg;
    void *item = NULL;
    (void)result;
    log_add("w0");
    ck_assert_code(runner_lock_acquire(stage->lock), 0);
    log_add("w1");
    ck_assert_code(runner_sleep(2), 0);
    ck_assert_code(runner_lock_release(stage->lock), 0);
    log_add("w2");
    ck_assert_code(runner_queue_get(stage->queue, &item), 0);
    log_add("w%d", (int)number_of(item));
    ck_assert_code(runner_future_resolve(stage->future, NULL), 0);
    log_add("w3");
    int code = runner_sleep(3600 * 1000);
    log_add("w %s", code_name(code));
    return code;
}

static int play_stage(stage_t *stage)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(worker, stage, NULL, &task), 0);
    ck_assert_code(runner_call_later(runner_current(), 1, log_callback, "later", NULL, NULL), 0);
    ck_assert_code(runner_call_soon(runner_current(), log_callback, "soon", NULL), 0);
    ck_assert_code(runner_lock_acquire(stage->lock), 0);
    log_add("m0");
    ck_assert_code(runner_yield(), 0);
    log_add("m1");
    ck_assert_code(runner_lock_release(stage->lock), 0);
    ck_assert_code(runner_lock_acquire(stage->lock), 0);
    log_add("m2");
    ck_assert_code(runner_lock_release(stage->lock), 0);
    ck_assert_code(runner_queue_put(stage->queue, value_of(42)), 0);
    ck_assert_code(runner_future_await(stage->future, NULL), 0);
    log_add("m3");
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    log_add("m4");
    runner_task_unref(task);
    return 0;
}

static int play(void *arg, void **result)
{
    stage_t stage = {0};
    (void)arg;
    (void)result;
    stage.future = guest_future(runner_current());
    ck_assert_code(runner_queue_new(&stage.queue, NULL), 0);
    ck_assert_code(runner_lock_new(&stage.lock), 0);
    int code = play_stage(&stage);
    runner_future_unref(stage.future);
    runner_queue_unref(stage.queue);
    runner_lock_unref(stage.lock);
    return code;
}

START_TEST(R190_R205_tasks_interleave_as_in_own_mode)
{
    char expected[1024];
    runner_t *own = test_runner();
    ck_assert_code(runner_run(own, play, NULL, NULL, NULL), 0);
    runner_free(own);
    snprintf(expected, sizeof expected, "%s,ended 0", log_text());
    ck_assert_ptr_nonnull(strstr(expected, "w42"));
    log_clear();

    program_open();
    runner_options_t opts = guest_options();
    opts.clock = _i == 0 ? RUNNER_CLOCK_REAL : RUNNER_CLOCK_VIRTUAL;
    runner_t *runner = guest_with(&opts);
    ck_assert_code(guest_run(runner, play, NULL), 0);
    log_expect(expected);
    guest_end(runner);
}
END_TEST

static int sleep_an_hour(void *arg, void **result)
{
    (void)arg;
    (void)result;
    uint64_t start_ms = now_ms(runner_current());
    ck_assert_code(runner_sleep(3600 * 1000), 0);
    ck_assert_int_eq((int)(now_ms(runner_current()) - start_ms), 3600 * 1000);
    return 0;
}

START_TEST(R205_a_guest_may_have_the_virtual_clock)
{
    program_open();
    runner_options_t opts = test_options();
    runner_t *runner = guest_with(&opts);
    ck_assert_code(guest_run(runner, sleep_an_hour, NULL), 0);
    guest_end(runner);
}
END_TEST

/* --- the program touches a guest between its turns --------------------------------------- */

/* What main waits for, and what the program has to wake it with. */
typedef struct scene {
    runner_t *runner;
    runner_future_t *future;
    runner_event_t *event;
    runner_queue_t *queue;
    runner_task_t *main;
    runner_timer_t *timer;
    sem_t waits;
} scene_t;

static int end_wait(void *arg)
{
    scene_t *scene = arg;
    return runner_future_resolve(scene->future, NULL);
}

static int by_future(scene_t *scene)
{
    return runner_future_await(scene->future, NULL);
}

static void resolve(scene_t *scene)
{
    ck_assert_code(runner_future_resolve(scene->future, NULL), 0);
}

static int by_event(scene_t *scene)
{
    return runner_event_wait(scene->event);
}

static void set_event(scene_t *scene)
{
    runner_event_set(scene->event);
}

static int by_queue(scene_t *scene)
{
    void *item;
    return runner_queue_get(scene->queue, &item);
}

static void put_item(scene_t *scene)
{
    ck_assert_code(runner_queue_put_nowait(scene->queue, NULL), 0);
}

static int by_cancel(scene_t *scene)
{
    (void)scene;
    return runner_sleep(3600 * 1000) == RUNNER_ECANCELED ? 0 : -1;
}

static void cancel_main(scene_t *scene)
{
    ck_assert_code(runner_task_cancel(scene->main), 0);
}

static void call_soon(scene_t *scene)
{
    ck_assert_code(runner_call_soon(scene->runner, end_wait, scene, NULL), 0);
}

static void call_later(scene_t *scene)
{
    ck_assert_code(runner_call_later(scene->runner, 1, end_wait, scene, NULL, NULL), 0);
}

/* Main sleeps beside it: a deadline is there already, and it is a later one. */
static int by_earlier_timer(scene_t *scene)
{
    int code = runner_call_later(scene->runner, 3600 * 1000, end_wait, scene, NULL, &scene->timer);
    return code == 0 ? runner_future_await(scene->future, NULL) : code;
}

static void call_threadsafe(scene_t *scene)
{
    ck_assert_code(runner_call_soon_threadsafe(scene->runner, end_wait, scene, NULL), 0);
}

static int end_wait_body(void *arg, void **result)
{
    (void)result;
    return end_wait(arg);
}

static void spawn_threadsafe(scene_t *scene)
{
    ck_assert_code(runner_spawn_threadsafe(scene->runner, end_wait_body, scene, NULL, NULL), 0);
}

static int by_interrupt(scene_t *scene)
{
    return runner_future_await(scene->future, NULL) == RUNNER_ECANCELED ? 0 : -1;
}

static void interrupt(scene_t *scene)
{
    ck_assert_code(runner_interrupt(scene->runner), 0);
}

static int by_gather(scene_t *scene)
{
    runner_future_t *all = NULL;
    int code = runner_gather(&scene->future, 1, 0, &all);
    code = code == 0 ? runner_future_await(all, NULL) : code;
    runner_future_unref(all);
    return code;
}

static const struct way {
    int (*wait)(scene_t *scene);
    void (*wake)(scene_t *scene);
} ways[] = {
    {by_future, resolve},          {by_event, set_event},
    {by_queue, put_item},          {by_cancel, cancel_main},
    {by_future, call_soon},        {by_future, call_later},
    {by_earlier_timer, call_soon}, {by_earlier_timer, call_later},
    {by_future, call_threadsafe},  {by_earlier_timer, call_threadsafe},
    {by_future, spawn_threadsafe}, {by_interrupt, interrupt},
    {by_gather, resolve},          {by_earlier_timer, resolve},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const struct way *way;

static int wait_in_way(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    scene->main = runner_current_task();
    log_add("waits");
    int code = way->wait(scene);
    log_add("woken");
    return code;
}

/* The only thing that the program ever does: nothing else happens on the loop afterwards. */
static void wake_in_way(tick_t *tick)
{
    if (log_text()[0] == '\0') {
        return; /* main has not begun */
    }
    tick_end(tick);
    log_add("wakes");
    way->wake(tick->arg);
    log_add("-");
}

START_TEST(R205_what_the_program_makes_ready_is_worked)
{
    scene_t scene = {0};
    ending_t ending;
    tick_t tick;
    program_open();
    way = &ways[_i];
    scene.runner = guest();
    scene.future = guest_future(scene.runner);
    ck_assert_code(runner_event_new(&scene.event), 0);
    ck_assert_code(runner_queue_new(&scene.queue, NULL), 0);
    guest_start(scene.runner, wait_in_way, &scene, &ending);
    tick_start(&tick, 5, wake_in_way, &scene);
    program_run();
    log_expect("waits,wakes,-,woken,ended 0");
    ck_assert_ended(&ending, 0);
    runner_timer_unref(scene.timer);
    runner_event_unref(scene.event);
    runner_queue_unref(scene.queue);
    runner_future_unref(scene.future);
    guest_end(scene.runner);
}
END_TEST

/* --- what keeps the loop alive ----------------------------------------------------------- */

START_TEST(R205_a_run_that_nothing_can_bring_on_keeps_nothing_alive)
{
    ending_t ending;
    program_open();
    runner_options_t opts = guest_options();
    opts.deadlock = _i == 0 ? RUNNER_DEFAULT : RUNNER_ON;
    runner_t *runner = guest_with(&opts);
    runner_future_t *future = guest_future(runner);
    guest_start(runner, await_future, future, &ending);
    program_run();
    ck_assert_int_eq(ending.times, 0);
    ck_assert_int_eq(runner_is_running(runner), 1);
    program_turn_a_while();
    ck_assert_int_eq(ending.times, 0);

    ck_assert_code(runner_future_resolve(future, NULL), 0);
    ck_assert_int_eq(uv_loop_alive(&program), 1);
    program_run();
    ck_assert_ended(&ending, 0);
    runner_future_unref(future);
    guest_end(runner);
}
END_TEST

/* Main waits; the last timer is taken back between two turns. */
static void cancel_timer(tick_t *tick)
{
    scene_t *scene = tick->arg;
    if (scene->timer != NULL) {
        ck_assert_code(runner_timer_cancel(scene->timer), 0);
        tick_end(tick);
    }
}

static int wait_beside_timer(void *arg, void **result)
{
    (void)result;
    return by_earlier_timer(arg);
}

START_TEST(R196_R205_a_timer_that_was_taken_back_keeps_nothing_alive)
{
    scene_t scene = {0};
    ending_t ending;
    tick_t tick;
    program_open();
    scene.runner = guest();
    scene.future = guest_future(scene.runner);
    guest_start(scene.runner, wait_beside_timer, &scene, &ending);
    tick_start(&tick, 2, cancel_timer, &scene);
    program_run(); /* and not for an hour */
    ck_assert_int_eq(ending.times, 0);
    resolve(&scene);
    program_run();
    ck_assert_ended(&ending, 0);
    runner_timer_unref(scene.timer);
    runner_future_unref(scene.future);
    guest_end(scene.runner);
}
END_TEST

static void *post_late(void *arg)
{
    scene_t *scene = arg;
    sem_wait(&scene->waits);
    ck_assert_code(runner_call_soon_threadsafe(scene->runner, end_wait, scene, NULL), 0);
    ck_assert_code(runner_submitter_release(scene->runner), 0);
    return NULL;
}

static int tell_and_wait(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    sem_post(&scene->waits);
    return runner_future_await(scene->future, NULL);
}

START_TEST(R098_R205_a_submitter_keeps_the_loop_alive_and_wakes_it)
{
    scene_t scene = {0};
    ending_t ending;
    pthread_t thread;
    program_open();
    ck_assert_int_eq(sem_init(&scene.waits, 0, 0), 0);
    scene.runner = guest();
    scene.future = guest_future(scene.runner);
    ck_assert_code(runner_submitter_acquire(scene.runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, post_late, &scene), 0);
    guest_start(scene.runner, tell_and_wait, &scene, &ending);
    program_run();
    ck_assert_ended(&ending, 0);
    pthread_join(thread, NULL);
    sem_destroy(&scene.waits);
    runner_future_unref(scene.future);
    guest_end(scene.runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest turns");
    TCase *order = test_case(suite, "order");
    tcase_add_loop_test(order, R190_R205_tasks_interleave_as_in_own_mode, 0, 2);
    tcase_add_test(order, R205_a_guest_may_have_the_virtual_clock);

    TCase *wake = test_case(suite, "wake");
    tcase_add_loop_test(wake, R205_what_the_program_makes_ready_is_worked, 0, WAYS);

    TCase *alive = test_case(suite, "alive");
    tcase_add_loop_test(alive, R205_a_run_that_nothing_can_bring_on_keeps_nothing_alive, 0, 2);
    tcase_add_test(alive, R196_R205_a_timer_that_was_taken_back_keeps_nothing_alive);
    tcase_add_test(alive, R098_R205_a_submitter_keeps_the_loop_alive_and_wakes_it);
    return test_main(suite);
}
