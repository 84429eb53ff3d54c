/* The sweep of sweep.h through waits for descriptors. */
#include "sweep.h"

#include <fcntl.h>
#include <unistd.h>

enum { ENDS = 6, HIGH = 300 };

static int ends[ENDS][2];
static uint32_t revents[ENDS];
static runner_task_t *tasks[ENDS];

static void open_ends(void)
{
    for (int i = 0; i < ENDS; i++)
        ck_assert_int_eq(pipe2(ends[i], O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_ends(void)
{
    for (int i = 0; i < ENDS; i++) {
        runner_task_unref(tasks[i]);
        tasks[i] = NULL;
        ck_assert_int_eq(close(ends[i][0]), 0);
        ck_assert_int_eq(close(ends[i][1]), 0);
    }
}

static void put(int i)
{
    ck_assert_int_eq(write(ends[i][1], "x", 1), 1);
}

static int run_with_ends(runner_fn body)
{
    open_ends();
    int code = run_main(body);
    close_ends();
    return code;
}

/* The second main: memory is back. */
static int work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    put(0);
    return runner_poll(ends[0][0], RUNNER_READABLE, 1000, NULL);
}

/* --- waits ------------------------------------------------------------------------------- */

static int wait_on_stack(void *arg, void **result)
{
    int i = *(int *)arg;
    (void)result;
    return runner_poll(ends[i][0], RUNNER_READABLE, 1000, &revents[i]);
}

static int wait_in_steps(void *arg, int status, void **result)
{
    int i = *(int *)arg;
    (void)result;
    if (status == 0 && revents[i] == 0)
        return runner_poll(ends[i][0], RUNNER_READABLE, RUNNER_FOREVER, &revents[i]);
    return status;
}

static int wait_main(void *arg, void **result)
{
    static int numbers[ENDS];
    runner_spawn_options_t opts = named(NULL);
    (void)arg;
    (void)result;
    for (int i = 0; i < ENDS; i++) {
        numbers[i] = i;
        revents[i] = 0;
        TRY(took(i % 2 == 0 ? runner_spawn(wait_on_stack, &numbers[i], &opts, &tasks[i])
                            : runner_spawn_step(wait_in_steps, &numbers[i], &opts, &tasks[i])));
    }
    TRY(runner_yield());
    for (int i = 0; i < ENDS; i++) {
        put(i);
        TRY(runner_await(tasks[i], NULL));
        ck_assert_uint_eq(revents[i], RUNNER_READABLE);
    }
    return 0;
}

static int wait_scenario(void)
{
    return run_with_ends(wait_main);
}

START_TEST(waits_for_descriptors)
{
    sweep(wait_scenario, 0);
}
END_TEST

/* Two events of one descriptor: who is left waits on, or hears that this is not possible. */
static int wait_for_room(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_poll(ends[0][0], RUNNER_PRIORITIZED, 10, &revents[1]);
}

static int share_main(void *arg, void **result)
{
    static int number = 0;
    runner_spawn_options_t opts = named(NULL);
    (void)arg;
    (void)result;
    revents[0] = revents[1] = 0;
    TRY(took(runner_spawn(wait_on_stack, &number, &opts, &tasks[0])));
    TRY(took(runner_spawn(wait_for_room, NULL, &opts, &tasks[1])));
    TRY(runner_yield());
    put(0);
    TRY(runner_await(tasks[0], NULL));
    TRY(runner_await(tasks[1], NULL));
    ck_assert_uint_eq(revents[0], RUNNER_READABLE);
    ck_assert_uint_eq(revents[1], 0);
    return 0;
}

static int share_scenario(void)
{
    return run_with_ends(share_main);
}

START_TEST(waits_for_one_descriptor)
{
    sweep(share_scenario, 0);
}
END_TEST

/* Beyond the room that there is at first. */
static int high_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    TRY(runner_poll(ends[0][0], RUNNER_READABLE, 1, NULL));
    int high = fcntl(ends[1][0], F_DUPFD_CLOEXEC, HIGH);
    ck_assert_int_ge(high, HIGH);
    put(1);
    int code = runner_poll(high, RUNNER_READABLE, 1000, &revents[1]);
    ck_assert_int_eq(close(high), 0);
    return code;
}

static int high_scenario(void)
{
    return run_with_ends(high_main);
}

START_TEST(high_numbers)
{
    sweep(high_scenario, 0);
}
END_TEST

/* Somebody waits when the runner is closed. */
static int leave_main(void *arg, void **result)
{
    static int number = 0;
    runner_spawn_options_t opts = named(NULL);
    (void)arg;
    (void)result;
    TRY(took(runner_spawn(wait_on_stack, &number, &opts, &tasks[0])));
    TRY(runner_yield());
    TRY(runner_poll(ends[1][0], RUNNER_READABLE, 1, NULL));
    return 0;
}

static int leave_scenario(void)
{
    return run_with_ends(leave_main);
}

START_TEST(waits_that_are_left)
{
    sweep(leave_scenario, 0);
}
END_TEST

int main(void)
{
    if (!use_failing_allocator())
        return EXIT_FAILURE;
    second_main = work;
    Suite *suite = suite_create("oom_poll");
    TCase *tcase = test_case(suite, "sweep");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, waits_for_descriptors);
    tcase_add_test(tcase, waits_for_one_descriptor);
    tcase_add_test(tcase, high_numbers);
    tcase_add_test(tcase, waits_that_are_left);
    return test_main(suite);
}
