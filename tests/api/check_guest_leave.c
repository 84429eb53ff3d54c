/*
 * Guest mode: the program leaves first. It turns the loop no more, or closes what is on it, while a
 * guest is in the middle of something: runner_free() never waits, and nobody is told of an end.
 */
#include "guests.h"

#include <pthread.h>
#include <semaphore.h>

static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        (void)uv_run(&program, UV_RUN_NOWAIT);
    }
}

/* --- a guest in the middle of something -------------------------------------------------- */

enum { STARTED, RUNNING, PAUSED, BETWEEN, CLOSE_BEGUN, CLOSING, PHASES };

/* A guest with something of everything: main waits for a future that nobody settles, one task
 * sleeps and hears no cancel, one is always ready; a callback, a timer, a post, a closable. */
typedef struct household {
    runner_t *runner;
    runner_future_t *future;
    runner_task_t *sleeper;
    runner_task_t *busy;
    int steps;
    ending_t run;
    ending_t close;
} household_t;

static int swallow_all(void *arg, void **result)
{
    int code = 0;
    (void)arg;
    (void)result;
    while (code != RUNNER_EPENDING) { /* which is never */
        code = runner_sleep(3600 * 1000);
    }
    return code;
}

static runner_task_t *spawn_dropped(runner_fn body, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_spawn(body, arg, &opts, &task), 0);
    return task;
}

static int keep_house(void *arg, void **result)
{
    household_t *house = arg;
    runner_t *runner = runner_current();
    (void)result;
    house->sleeper = spawn_dropped(swallow_all, NULL);
    house->busy = spawn_dropped(yield_for_ever, &house->steps);
    ck_assert_code(runner_call_later(runner, 3600 * 1000, log_callback, "x", drop_count, NULL), 0);
    ck_assert_code(
        runner_closable_register(runner, "closable", swallow_all, NULL, drop_count, NULL), 0);
    return runner_future_await(house->future, NULL);
}

static void house_close(household_t *house)
{
    ck_assert_code(runner_future_resolve(house->future, NULL), 0);
    while (house->run.times == 0) {
        turn(1);
    }
    ck_assert_code(house->run.code, 0);
}

/* Brings a new house into a phase. */
static void house_open(household_t *house, int phase)
{
    runner_run_options_t opts;
    *house = (household_t){0};
    house->runner = guest();
    house->future = guest_future(house->runner);
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_start(house->runner, keep_house, house, &opts, note_ending, &house->run),
                   0);
    ck_assert_code(runner_call_soon(house->runner, log_callback, "soon", drop_count), 0);
    if (phase == STARTED) {
        return;
    }
    turn(5);
    ck_assert_int_gt(house->steps, 0);
    if (phase == PAUSED) {
        ck_assert_code(runner_pause(house->runner), 0);
    }
    if (phase >= BETWEEN) {
        house_close(house);
    }
    if (phase >= CLOSE_BEGUN) {
        ck_assert_code(runner_start_close(house->runner, note_ending, &house->close), 0);
    }
    if (phase == CLOSING) {
        turn(5);
    }
    ck_assert_code(runner_call_soon_threadsafe(house->runner, log_callback, "post", drop_count), 0);
}

/* How many things have to be dropped in all. */
static int house_drops(int phase)
{
    return phase == STARTED ? 2 : 7;
}

static void house_free(household_t *house)
{
    int steps = house->steps;
    int told = house->run.times;
    runner_free(house->runner);
    ck_assert_int_le(house->steps, steps + 1); /* at most to hear of its cancel */
    ck_assert_int_eq(house->run.times, told);
    ck_assert_int_eq(house->close.times, 0);
}

/* What the program holds is still good to look at, after the runner is gone. */
static void house_check(household_t *house, int phase)
{
    ck_assert_int_eq(drops(), house_drops(phase));
    if (house->sleeper != NULL) {
        ck_assert_code(runner_task_status(house->sleeper), RUNNER_EABANDONED);
        ck_assert_int_eq(runner_task_done(house->busy), 1);
    }
    runner_task_unref(house->sleeper);
    runner_task_unref(house->busy);
    runner_future_unref(house->future);
}

/* --- the loop is turned once more -------------------------------------------------------- */

START_TEST(R208_a_guest_is_freed_in_the_middle)
{
    household_t house;
    program_open();
    house_open(&house, _i);
    house_free(&house);
    house_check(&house, _i);
    turn(1);
    ck_assert_int_eq(handles_open(), 0);
    ck_assert_int_eq(house.close.times, 0);
    ck_assert_int_eq(uv_loop_close(&program), 0);
}
END_TEST

static void free_self(runner_t *self, int code, void *result, void *arg)
{
    note_ending(self, code, result, arg);
    runner_free(self);
}

START_TEST(R208_a_guest_is_freed_as_its_run_ends)
{
    household_t house = {0};
    program_open();
    house.runner = guest();
    house.future = guest_future(house.runner);
    ck_assert_code(runner_start(house.runner, keep_house, &house, NULL, free_self, &house.run), 0);
    turn(5);
    house_close(&house);
    ck_assert_int_eq(drops(), 4);
    ck_assert_code(runner_task_status(house.sleeper), RUNNER_EABANDONED);
    runner_task_unref(house.sleeper);
    runner_task_unref(house.busy);
    runner_future_unref(house.future);
    turn(1);
    ck_assert_int_eq(uv_loop_close(&program), 0);
}
END_TEST

START_TEST(R019_R208_a_guest_that_never_ran_is_freed)
{
    program_open();
    runner_t *runner = guest();
    runner_free(runner);
    turn(1);
    ck_assert_int_eq(uv_loop_close(&program), 0);
}
END_TEST

/* --- the loop is never turned again ------------------------------------------------------ */

START_TEST(R208_the_loop_is_never_turned_again)
{
    household_t house;
    program_open();
    house_open(&house, _i);
    house_free(&house);
    house_check(&house, _i);
    ck_assert_int_eq(uv_loop_close(&program), handles_open() > 0 ? UV_EBUSY : 0);
}
END_TEST

static int exit_in_the_middle(void *arg)
{
    ending_t ending = {0};
    runner_t *runner = child_guest(RUNNER_SIGNALS_AUTO);
    (void)arg;
    child_assert_code(runner_start(runner, sleep_long, NULL, NULL, child_note_ending, &ending), 0);
    turn(5);
    child_assert(ending.times == 0);
    return 0;
}

START_TEST(R208_the_program_ends_in_the_middle)
{
    child_t child;
    child_run(&child, exit_in_the_middle, NULL, 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

/* --- the loop is closed ------------------------------------------------------------------ */

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    uv_close(handle, NULL);
}

/* As an environment does that is taken down: it knows nothing of guests. */
START_TEST(R208_the_program_closes_every_handle)
{
    household_t house;
    program_open();
    house_open(&house, _i);
    uv_walk(&program, close_handle, NULL);
    turn(1);
    ck_assert_int_eq(uv_loop_close(&program), 0);
    memset(&program, 0xee, sizeof program);
    house_free(&house);
    house_check(&house, _i);
}
END_TEST

/* --- other threads ----------------------------------------------------------------------- */

typedef struct blocked {
    sem_t begun;
    sem_t go_on;
} blocked_t;

static int block(void *arg, void **result)
{
    blocked_t *blocked = arg;
    sem_post(&blocked->begun);
    sem_wait(&blocked->go_on);
    *result = value_of(7);
    return 0;
}

static int run_blocked(void *arg, void **result)
{
    runner_job_options_t opts;
    ck_assert_code(runner_job_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    return runner_to_thread(block, arg, &opts, result);
}

START_TEST(R110_R111_R208_a_job_is_not_waited_for)
{
    blocked_t blocked;
    ending_t ending;
    int threads = threads_before();
    program_open();
    sem_init(&blocked.begun, 0, 0);
    sem_init(&blocked.go_on, 0, 0);
    runner_t *runner = guest();
    guest_start(runner, run_blocked, &blocked, &ending);
    turn(5);
    sem_wait(&blocked.begun);
    runner_free(runner);
    ck_assert_int_eq(ending.times, 0);
    turn(1);
    ck_assert_int_eq(uv_loop_close(&program), 0);
    ck_assert_int_eq(drops(), 0);

    sem_post(&blocked.go_on);
    ck_assert_int_eq(threads_settle(threads), 1);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    sem_destroy(&blocked.begun);
    sem_destroy(&blocked.go_on);
}
END_TEST

static int end_at_once(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int run_quick(void *arg, void **result)
{
    (void)arg;
    return runner_to_thread(end_at_once, NULL, NULL, result);
}

START_TEST(R208_idle_threads_are_gone)
{
    int threads = threads_before();
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, run_quick, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(threads_settle(threads), 1);
    turn(1);
    ck_assert_int_eq(uv_loop_close(&program), 0);
}
END_TEST

static void *wait_for_submission(void *arg)
{
    return value_of(runner_submission_wait(arg, RUNNER_FOREVER, NULL));
}

START_TEST(R188_R208_whoever_waits_for_a_submission_is_told)
{
    pthread_t thread;
    void *code = NULL;
    household_t house;
    runner_submission_t *submission = NULL;
    program_open();
    house_open(&house, _i);
    ck_assert_code(runner_spawn_threadsafe(house.runner, sleep_long, NULL, NULL, &submission), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_submission, submission), 0);
    turn(2);
    house_free(&house);
    pthread_join(thread, &code);
    ck_assert_int_lt((int)number_of(code), 0);
    runner_submission_unref(submission);
    house_check(&house, _i);
    turn(1);
    ck_assert_int_eq(uv_loop_close(&program), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest leave");
    TCase *freed = test_case(suite, "freed");
    tcase_add_loop_test(freed, R208_a_guest_is_freed_in_the_middle, 0, PHASES);
    tcase_add_test(freed, R208_a_guest_is_freed_as_its_run_ends);
    tcase_add_test(freed, R019_R208_a_guest_that_never_ran_is_freed);

    TCase *ended = test_case(suite, "ended");
    tcase_add_loop_test(ended, R208_the_loop_is_never_turned_again, 0, PHASES);
    tcase_add_test(ended, R208_the_program_ends_in_the_middle);

    TCase *closed = test_case(suite, "closed");
    tcase_add_loop_test(closed, R208_the_program_closes_every_handle, 0, PHASES);
    TCase *threads = test_case(suite, "threads");
    tcase_add_test(threads, R110_R111_R208_a_job_is_not_waited_for);
    tcase_add_test(threads, R208_idle_threads_are_gone);
    tcase_add_loop_test(threads, R188_R208_whoever_waits_for_a_submission_is_told, RUNNING,
                        BETWEEN);
    return test_main(suite);
}
