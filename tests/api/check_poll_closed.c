/*
 * Descriptors that are closed while a task waits, and what else is watched beside them: handles of the
 * program, loops.
 */
#include "polls.h"

#include <sys/epoll.h>
#include <sys/resource.h>

/* --- descriptors that are closed --------------------------------------------------------- */

static void wait_for_a_closed_one_again(void)
{
    int fd = ends[0];
    spawn(A, fd, R);
    spawn(B, fd, R);
    settle();
    close_end(0);
    uint32_t revents = UNTOUCHED;
    ck_assert_code(runner_poll(fd, R, RUNNER_FOREVER, &revents), UV_EBADF);
    ck_assert_uint_eq(revents, UNTOUCHED);
    join(A, UV_EBADF);
    join(B, UV_EBADF);
}

START_TEST(who_waits_for_a_closed_descriptor_learns_it_with_the_next)
{
    play_with_pipe(_i, wait_for_a_closed_one_again);
    log_expect("a UV_EBADF,b UV_EBADF");
}
END_TEST

static void give_its_number_to_a_file(void)
{
    spawn(A, ends[0], R);
    settle();
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(dup2(file, ends[0]), ends[0]);
    ck_assert_int_eq(close(file), 0);
    spawn(B, ends[0], R);
    join(B, 0);
    join(A, UV_EBADF);
}

START_TEST(number_is_that_of_a_file_now)
{
    play_with_pipe(_i, give_its_number_to_a_file);
    log_expect("b r,a UV_EBADF");
}
END_TEST

static void leave_it_closed(void)
{
    spawn(A, ends[0], R);
    settle();
    close_end(0);
    close_end(1);
    settle();
    check_pending(A);
    cancel(A);
    join(A, RUNNER_ECANCELED);
}

START_TEST(closed_descriptor_may_be_left_by_a_cancel)
{
    play_with_pipe(_i, leave_it_closed);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

static void close_when_it_is_ready(void)
{
    fill(ends[0]);
    spawn(A, ends[0], R);
    spawn(B, ends[0], W);
    settle();
    put(ends[1]);
    close_end(0); /* not even seen by the loop */
    close_end(1);
    open_sockets();
    settle();
    cancel(A);
    cancel(B);
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    spawn(C, ends[0], R);
    settle();
    check_pending(C);
    put(ends[1]);
    join(C, 0);
}

START_TEST(closed_descriptor_is_ready_no_more)
{
    play_with_sockets(_i, close_when_it_is_ready);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,c r");
}
END_TEST

#ifndef TEST_POLL_UV
/* A pipe whose reading end has this number. */
static void open_pipe_at(int fd)
{
    open_pipe();
    if (ends[0] != fd) {
        ck_assert_int_eq(dup3(ends[0], fd, O_CLOEXEC), fd);
        if (ends[1] != fd) {
            close_end(0);
        }
        ends[0] = fd;
    }
}

static void give_its_number_to_a_pipe(void)
{
    int fd = ends[0];
    spawn(A, fd, R);
    settle();
    close_ends();
    open_pipe_at(fd);
    spawn(B, fd, R);
    settle();
    check_pending(B);
    join(A, UV_EBADF);
    put(ends[1]);
    join(B, 0);
}

START_TEST(number_is_that_of_another_pipe_now)
{
    play_with_pipe(_i, give_its_number_to_a_pipe);
    log_expect("a UV_EBADF,b r");
}
END_TEST

/* The kernel goes on to watch a pipe that is open elsewhere, under the number that it had. */
static void keep_it_open_elsewhere(void)
{
    int fd = ends[0];
    int elsewhere = dup(fd);
    int writer = ends[1];
    spawn(A, fd, R);
    settle();
    close_end(0);
    open_pipe_at(fd);
    spawn(B, fd, R);
    settle();
    join(A, UV_EBADF);
    put(writer);
    settle();
    check_pending(B);
    put(ends[1]);
    join(B, 0);
    ck_assert_int_eq(dup2(elsewhere, fd), fd); /* and back again */
    spawn(C, fd, R);
    join(C, 0);
    get(fd);
    spawn(E, fd, R);
    settle();
    check_pending(E);
    put(writer);
    join(E, 0);
    ck_assert_int_eq(close(elsewhere), 0);
    ck_assert_int_eq(close(writer), 0);
}

START_TEST(what_comes_of_the_pipe_before_is_not_taken_for_this_one)
{
    play_with_pipe(_i, keep_it_open_elsewhere);
    log_expect("a UV_EBADF,b r,c r,e r");
}
END_TEST

/* --- beside libuv ------------------------------------------------------------------------ */

static int seen;

static void on_poll(uv_poll_t *poll, int status, int events)
{
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(events, UV_READABLE);
    seen++;
    uv_close((uv_handle_t *)poll, NULL);
}

static void watch_beside_the_program(void)
{
    uv_loop_t *loop = NULL;
    uv_poll_t poll;
    seen = 0;
    ck_assert_code(runner_get_loop(runner_current(), &loop), 0);
    ck_assert_int_eq(uv_poll_init(loop, &poll, ends[0]), 0);
    ck_assert_int_eq(uv_poll_start(&poll, UV_READABLE, on_poll), 0);
    spawn(A, ends[0], R);
    settle();
    put(ends[1]);
    join(A, 0);
    settle();
    ck_assert_int_eq(seen, 1);
    settle(); /* it is closed */
}

START_TEST(handle_of_the_program_may_watch_it_as_well)
{
    play_with_pipe(_i, watch_beside_the_program);
    log_expect("a r");
}
END_TEST

/* A circle: the loop would have to be ready for the loop to be ready. Also the first wait finds it. */
static void watch_the_loop_itself(void)
{
    uv_loop_t *loop = NULL;
    uint32_t revents = UNTOUCHED;
    ck_assert_code(runner_get_loop(runner_current(), &loop), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_poll(uv_backend_fd(loop), R, 5, &revents), UV_ELOOP);
        settle();
    }
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    ck_assert_int_eq(epoll_ctl(set, EPOLL_CTL_ADD, uv_backend_fd(loop), &event), 0);
    ck_assert_code(runner_poll(set, R, 5, &revents), UV_ELOOP);
    ck_assert_int_eq(close(set), 0);
    ck_assert_uint_eq(revents, UNTOUCHED);
    settle();
}

START_TEST(loop_that_runs_is_no_descriptor_to_wait_for)
{
    play(watch_the_loop_itself);
}
END_TEST

static runner_t *other_runner;

static void watch_another_loop(void)
{
    int fd = -1;
    ck_assert_code(runner_backend_fd(other_runner, &fd), RUNNER_ELOOP);
    uv_loop_t *loop = NULL;
    ck_assert_code(runner_get_loop(other_runner, &loop), 0);
    spawn(A, uv_backend_fd(loop), R);
    settle();
    check_pending(A);
    ck_assert_code(runner_wakeup(other_runner), 0);
    join(A, 0);
}

START_TEST(loop_of_another_runner_is_one)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    other_runner = test_runner_with(&opts);
    kind = _i;
    ck_assert_code(play_on(other_runner, settle), 0); /* has waited in the kernel */
    play(watch_another_loop);
    runner_free(other_runner);
    log_expect("a r");
}
END_TEST

/* The first wait needs a descriptor itself. */
static void have_no_descriptor_left(void)
{
    struct rlimit before;
    struct rlimit none;
    uint32_t revents = UNTOUCHED;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int code = runner_poll(ends[0], R, 5, &revents);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_code(code, UV_EMFILE);
    ck_assert_uint_eq(revents, UNTOUCHED);
    spawn_for(A, ends[0], R, 5);
    join(A, 0);
}

START_TEST(without_descriptors_the_wait_is_refused)
{
    play_with_pipe(_i, have_no_descriptor_left);
    log_expect("a -");
}
END_TEST
#endif

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("poll_closed");
    TCase *tcase = test_case(suite, "closed");
    add_for_each_kind(tcase, who_waits_for_a_closed_descriptor_learns_it_with_the_next);
    add_for_each_kind(tcase, number_is_that_of_a_file_now);
    add_for_each_kind(tcase, closed_descriptor_may_be_left_by_a_cancel);
    add_for_each_kind(tcase, closed_descriptor_is_ready_no_more);
#ifndef TEST_POLL_UV
    add_for_each_kind(tcase, number_is_that_of_another_pipe_now);
    add_for_each_kind(tcase, what_comes_of_the_pipe_before_is_not_taken_for_this_one);
    tcase = test_case(suite, "beside");
    add_for_each_kind(tcase, handle_of_the_program_may_watch_it_as_well);
    tcase_add_test(tcase, loop_that_runs_is_no_descriptor_to_wait_for);
    add_for_each_kind(tcase, loop_of_another_runner_is_one);
    add_for_each_kind(tcase, without_descriptors_the_wait_is_refused);
#endif
    return test_main(suite);
}
