/* Descriptors: the ends of runs, closes, forks. */
#include "polls.h"

#include <sys/wait.h>

/* --- runs and closes --------------------------------------------------------------------- */

static int fds_before;

/* libuv keeps what its first loop opens. */
static void count_fds(void)
{
    play(turn);
    log_clear();
    fds_before = fd_count();
}

static void leave_waiting(void)
{
    spawn(A, ends[0], R);
    spawn_for(B, ends[0], R, 1000);
    settle();
    unref(A);
    unref(B);
}

START_TEST(close_cancels_who_waits_and_leaves_no_descriptor)
{
    count_fds();
    play_with_pipe(_i, leave_waiting);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED");
    ck_assert_int_eq(fd_count(), fds_before);
}
END_TEST

static void leave_insisting(void)
{
    spawn_insisting(A, ends[0], R);
    settle();
}

START_TEST(who_waits_again_may_be_given_up)
{
    count_fds();
    kind = _i;
    open_pipe();
    play_and_abandon(leave_insisting);
    put(ends[1]);
    close_ends();
    log_expect("a RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(fd_count(), fds_before);
}
END_TEST

static void leave_one(void)
{
    spawn(A, ends[0], R);
    settle();
}

static void find_it(void)
{
    join(A, 0);
}

START_TEST(wait_goes_on_in_the_next_run)
{
    runner_t *runner = test_runner();
    kind = _i;
    open_pipe();
    ck_assert_code(play_on(runner, leave_one), 0);
    put(ends[1]);
    ck_assert_code(play_on(runner, find_it), 0);
    log_expect("a r");
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    close_ends();
}
END_TEST

static int abort_callback(void *arg)
{
    (void)arg;
    return runner_abort(-5);
}

static void break_off(void)
{
    ck_assert_code(runner_call_later(runner_current(), 5, abort_callback, NULL, NULL, NULL), 0);
    spawn_for(A, ends[0], R, 5);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED); /* by the close */
}

/* Its time is over, and the run has broken off before it was told. Then the kernel says something. */
START_TEST(event_comes_between_the_end_of_its_time_and_its_turn)
{
    runner_options_t opts = test_options();
    opts.poll_interval = 1;
    runner_t *runner = test_runner_with(&opts);
    kind = _i;
    open_pipe();
    ck_assert_code(play_on(runner, break_off), -5);
    log_expect("");
    put(ends[1]);
    ck_assert_code(play_on(runner, find_it), 0);
    log_expect("a r");
    runner_free(runner);
    close_ends();
}
END_TEST

static void leave_another(void)
{
    spawn(B, ends[0], R);
    settle();
}

static void find_the_other(void)
{
    join(B, 0);
}

START_TEST(tasks_of_two_runners_wait_for_the_same)
{
    runner_t *first = test_runner();
    runner_t *second = test_runner();
    kind = _i;
    open_pipe();
    ck_assert_code(play_on(first, leave_one), 0);
    ck_assert_code(play_on(second, leave_another), 0);
    put(ends[1]);
    ck_assert_code(play_on(second, find_the_other), 0);
    ck_assert_code(play_on(first, find_it), 0);
    log_expect("b r,a r");
    runner_free(first);
    runner_free(second);
    close_ends();
}
END_TEST

/* --- fork -------------------------------------------------------------------------------- */

static int wait_in_child(void *arg, void **result)
{
    uint32_t revents = 0;
    (void)arg;
    (void)result;
    child_assert(write(ends[1], "x", 1) == 1);
    child_assert_code(runner_poll(ends[0], R, RUNNER_FOREVER, &revents), 0);
    child_assert(revents == R);
    char c;
    child_assert(read(ends[0], &c, 1) == 1);
    return 0;
}

static void be_a_child(void)
{
    uint32_t revents = UNTOUCHED;
    alarm((unsigned)(scaled_ms(10000) / 1000));
    child_assert_code(runner_poll(ends[0], R, RUNNER_FOREVER, &revents), RUNNER_ENOTASK);
    child_assert(revents == UNTOUCHED);
    child_assert_code(runner_main(wait_in_child, NULL, NULL, NULL), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    _exit(0);
}

static void fork_while_one_waits(void)
{
    int status = -1;
    spawn(A, ends[0], R);
    settle();
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        be_a_child();
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    /* The byte of the child has come and gone, or it was seen: both are right. */
    put(ends[1]);
    join(A, 0);
    get(ends[0]);
    spawn(B, ends[0], R);
    settle();
    check_pending(B);
    put(ends[1]);
    join(B, 0);
}

START_TEST(forked_child_has_waits_of_its_own)
{
    play_with_pipe(_i, fork_while_one_waits);
    log_expect("a r,b r");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("poll_life");
    TCase *tcase = test_case(suite, "runs");
    add_for_each_kind(tcase, close_cancels_who_waits_and_leaves_no_descriptor);
    add_for_each_kind(tcase, who_waits_again_may_be_given_up);
    add_for_each_kind(tcase, wait_goes_on_in_the_next_run);
    add_for_each_kind(tcase, event_comes_between_the_end_of_its_time_and_its_turn);
    add_for_each_kind(tcase, tasks_of_two_runners_wait_for_the_same);
    tcase = test_case(suite, "fork");
    add_for_each_kind(tcase, forked_child_has_waits_of_its_own);
    return test_main(suite);
}
