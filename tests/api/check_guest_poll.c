/* Guest mode: tasks of a guest wait for descriptors. */
#include "guests.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];

static void open_pipe(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_pipe(void)
{
    ck_assert_int_eq(close(ends[0]), 0);
    ck_assert_int_eq(close(ends[1]), 0);
}

static void put(void)
{
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
}

static int wait_for_a_byte(void *arg, void **result)
{
    uint32_t revents = 99;
    char c;
    (void)result;
    int code = runner_poll(ends[0], RUNNER_READABLE, RUNNER_FOREVER, &revents);
    log_add("%s %s", arg != NULL ? (const char *)arg : "main", code_name(code));
    if (code == 0) {
        ck_assert_uint_eq(revents, RUNNER_READABLE);
        ck_assert_int_eq(read(ends[0], &c, 1), 1);
    }
    return code;
}

static void turn(int times)
{
    for (int i = 0; i < times; i++) {
        (void)uv_run(&program, UV_RUN_NOWAIT);
    }
}

/* --- what keeps the loop going ----------------------------------------------------------- */

static void put_in_thread(void *arg)
{
    (void)arg;
    put();
}

START_TEST(wait_keeps_the_loop_of_the_program_alive)
{
    ending_t ending;
    uv_thread_t thread;
    program_open();
    open_pipe();
    runner_t *runner = guest();
    guest_start(runner, wait_for_a_byte, NULL, &ending);
    turn(5);
    ck_assert_int_eq(ending.times, 0);
    ck_assert_int_ne(uv_loop_alive(&program), 0);
    ck_assert_int_eq(uv_thread_create(&thread, put_in_thread, NULL), 0);
    program_run();
    uv_thread_join(&thread);
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    log_expect("main 0,ended 0");
    guest_end(runner);
    close_pipe();
}
END_TEST

static int wait_twice(void *arg, void **result)
{
    uint32_t revents = 99;
    int code = wait_for_a_byte(arg, result);
    if (code == 0) {
        code = runner_poll(ends[0], RUNNER_READABLE, 5, &revents);
        ck_assert_uint_eq(revents, 0);
    }
    return code;
}

static void put_at_a_tick(tick_t *tick)
{
    put();
    tick_end(tick);
}

START_TEST(callback_of_the_program_makes_it_ready)
{
    ending_t ending;
    tick_t tick;
    program_open();
    open_pipe();
    runner_t *runner = guest();
    guest_start(runner, wait_twice, NULL, &ending);
    tick_start(&tick, 2, put_at_a_tick, NULL);
    program_run();
    ck_assert_ended(&ending, 0);
    guest_end(runner);
    close_pipe();
}
END_TEST

/* --- pauses ------------------------------------------------------------------------------ */

START_TEST(pause_holds_what_is_ready_and_lets_the_loop_go)
{
    ending_t ending;
    program_open();
    open_pipe();
    runner_t *runner = guest();
    guest_start(runner, wait_for_a_byte, NULL, &ending);
    turn(5);
    ck_assert_code(runner_pause(runner), 0);
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    put();
    program_turn_a_while();
    log_expect("");
    ck_assert_code(runner_resume(runner), 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("main 0,ended 0");
    guest_end(runner);
    close_pipe();
}
END_TEST

START_TEST(pause_without_an_event_is_waited_through)
{
    ending_t ending;
    program_open();
    open_pipe();
    runner_t *runner = guest();
    guest_start(runner, wait_for_a_byte, NULL, &ending);
    turn(5);
    ck_assert_code(runner_pause(runner), 0);
    program_turn_a_while();
    ck_assert_code(runner_resume(runner), 0);
    ck_assert_int_ne(uv_loop_alive(&program), 0);
    put();
    program_run();
    ck_assert_ended(&ending, 0);
    guest_end(runner);
    close_pipe();
}
END_TEST

/* --- ends -------------------------------------------------------------------------------- */

static int leave_one(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(wait_for_a_byte, "other", NULL, NULL), 0);
    return runner_yield();
}

START_TEST(between_two_runs_a_wait_keeps_nothing_alive_and_goes_on_in_the_next)
{
    program_open();
    open_pipe();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_one, NULL), 0);
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    log_expect("ended 0");
    put();
    program_turn_a_while();
    log_expect("");
    ck_assert_code(guest_run(runner, leave_one, NULL), 0);
    log_expect("other 0,ended 0");
    guest_end(runner);
    log_expect("other RUNNER_ECANCELED,ended 0");
    close_pipe();
}
END_TEST

START_TEST(close_cancels_who_waits)
{
    program_open();
    open_pipe();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_one, NULL), 0);
    ck_assert_code(guest_close(runner), 0);
    log_expect("ended 0,other RUNNER_ECANCELED,ended 0");
    ck_assert_int_eq(handles_open(), 0);
    runner_free(runner);
    program_close();
    close_pipe();
}
END_TEST

/* A guest whose task waits, in a run or after it. */
static runner_t *guest_that_waits(int runs, ending_t *ending)
{
    runner_t *runner = guest();
    if (runs) {
        guest_start(runner, wait_for_a_byte, NULL, ending);
        turn(5);
    } else {
        ck_assert_code(guest_run(runner, leave_one, NULL), 0);
    }
    log_clear();
    return runner;
}

START_TEST(guest_that_waits_is_freed)
{
    ending_t ending;
    program_open();
    int fds = fd_count();
    open_pipe();
    runner_t *runner = guest_that_waits(_i, &ending);
    put();
    runner_free(runner);
    turn(1);
    ck_assert_int_eq(handles_open(), 0);
    ck_assert_int_eq(uv_loop_close(&program), 0);
    close_pipe();
    ck_assert_int_le(fd_count(), fds);
}
END_TEST

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    uv_close(handle, NULL);
}

START_TEST(program_closes_every_handle)
{
    ending_t ending;
    program_open();
    int fds = fd_count();
    open_pipe();
    runner_t *runner = guest_that_waits(_i, &ending);
    uv_walk(&program, close_handle, NULL);
    turn(1);
    put();
    ck_assert_int_eq(uv_loop_close(&program), 0);
    memset(&program, 0xee, sizeof program);
    runner_free(runner);
    close_pipe();
    ck_assert_int_le(fd_count(), fds);
}
END_TEST

static int turn_in_child(void)
{
    alarm((unsigned)(scaled_ms(10000) / 1000));
    if (uv_loop_fork(&program) != 0) {
        return 1;
    }
    put();
    turn(20);
    return strcmp(log_text(), "") == 0 ? 0 : 2;
}

/* The program of the child goes on with its loop: what comes is the parent's all the same. */
START_TEST(forked_child_takes_no_event)
{
    ending_t ending;
    int status = -1;
    program_open();
    open_pipe();
    runner_t *runner = guest();
    guest_start(runner, wait_for_a_byte, NULL, &ending);
    turn(5);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        _exit(turn_in_child());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("main 0,ended 0");
    guest_end(runner);
    close_pipe();
}
END_TEST

enum { GUESTS = 3 };

static int pipes[GUESTS][2];

static int wait_for_its_own(void *arg, void **result)
{
    (void)result;
    return runner_poll(*(int *)arg, RUNNER_READABLE, RUNNER_FOREVER, NULL);
}

START_TEST(several_guests_wait_on_one_loop)
{
    ending_t endings[GUESTS];
    runner_t *runners[GUESTS];
    program_open();
    for (int i = 0; i < GUESTS; i++) {
        ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
        runners[i] = guest();
        guest_start(runners[i], wait_for_its_own, &pipes[i][0], &endings[i]);
    }
    turn(5);
    for (int i = GUESTS - 1; i >= 0; i--) {
        ck_assert_int_eq(write(pipes[i][1], "x", 1), 1);
        while (endings[i].times == 0) {
            turn(1);
        }
        ck_assert_ended(&endings[i], 0);
        ck_assert_int_eq(uv_loop_alive(&program), i > 0);
    }
    for (int i = 0; i < GUESTS; i++) {
        ck_assert_code(guest_close(runners[i]), 0);
        runner_free(runners[i]);
        ck_assert_int_eq(close(pipes[i][0]), 0);
        ck_assert_int_eq(close(pipes[i][1]), 0);
    }
    program_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest_poll");
    TCase *alive = test_case(suite, "alive");
    tcase_add_test(alive, wait_keeps_the_loop_of_the_program_alive);
    tcase_add_test(alive, callback_of_the_program_makes_it_ready);
    TCase *pauses = test_case(suite, "pauses");
    tcase_add_test(pauses, pause_holds_what_is_ready_and_lets_the_loop_go);
    tcase_add_test(pauses, pause_without_an_event_is_waited_through);
    TCase *over = test_case(suite, "ends");
    tcase_add_test(over, between_two_runs_a_wait_keeps_nothing_alive_and_goes_on_in_the_next);
    tcase_add_test(over, close_cancels_who_waits);
    tcase_add_loop_test(over, guest_that_waits_is_freed, 0, 2);
    tcase_add_loop_test(over, program_closes_every_handle, 0, 2);
    tcase_add_test(over, forked_child_takes_no_event);
    tcase_add_test(over, several_guests_wait_on_one_loop);
    return test_main(suite);
}
