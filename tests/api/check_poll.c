/*
 * Descriptors: what a wait for one brings, its time-out, what it keeps going. Several tasks at once have
 * check_poll_several.c, and so on.
 */
#include "polls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>

/* --- events ------------------------------------------------------------------------------ */

static void wake_by_a_byte(void)
{
    spawn(A, ends[0], R);
    settle();
    check_pending(A);
    log_add("write");
    put(ends[1]);
    join(A, 0);
}

START_TEST(a_byte_wakes_who_waits_for_it)
{
    play_with_pipe(_i, wake_by_a_byte);
    log_expect("write,a r");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static void find_a_byte(void)
{
    put(ends[1]);
    spawn(A, ends[0], R);
    join(A, 0);
    spawn(A, ends[0], R); /* it was not read */
    join(A, 0);
}

START_TEST(what_is_ready_already_is_found)
{
    play_with_pipe(_i, find_a_byte);
    log_expect("a r,a r");
}
END_TEST

static void wait_for_room(void)
{
    fill(ends[1]);
    spawn(A, ends[1], W);
    settle();
    check_pending(A);
    drain(ends[0]);
    join(A, 0);
}

START_TEST(room_wakes_who_waits_for_it)
{
    play_with_pipe(_i, wait_for_room);
    log_expect("a w");
}
END_TEST

static void wait_for_either(void)
{
    ck_assert_uint_eq(wait_now(ends[0], R | W), W);
    put(ends[1]);
    ck_assert_uint_eq(wait_now(ends[0], R | W), R | W);
    fill(ends[0]);
    ck_assert_uint_eq(wait_now(ends[0], R | W), R);
    ck_assert_uint_eq(wait_now(ends[0], R | W | D | P), R);
}

START_TEST(of_several_events_those_are_told_that_are_ready)
{
    play_with_sockets(COROUTINE, wait_for_either);
}
END_TEST

/* Both ways to say it: the system tells of one only if it is asked for. */
static void see_the_other_side_shut_down(void)
{
    spawn(A, ends[0], D);
    settle();
    check_pending(A);
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    join(A, 0);
    ck_assert_uint_eq(wait_now(ends[0], R | W), R | W);
}

START_TEST(other_side_writes_no_more)
{
    play_with_sockets(_i, see_the_other_side_shut_down);
    log_expect("a d");
}
END_TEST

static void see_the_writer_go(void)
{
    spawn(A, ends[0], R);
    spawn(B, ends[0], D);
    spawn(C, ends[0], P);
    settle();
    close_end(1);
    join(A, 0);
    join(B, 0);
    join(C, 0);
    ck_assert_uint_eq(wait_now(ends[0], R | W | D | P), R | W | D | P);
}

START_TEST(hang_up_counts_as_every_event)
{
    play_with_pipe(_i, see_the_writer_go);
    log_expect("a r,b d,c p");
}
END_TEST

static void see_the_reader_go(void)
{
    fill(ends[1]);
    spawn(A, ends[1], W);
    settle();
    check_pending(A);
    close_end(0);
    join(A, 0);
}

START_TEST(error_counts_as_every_event)
{
    play_with_pipe(_i, see_the_reader_go);
    log_expect("a w");
}
END_TEST

/* A pair of connected TCP sockets: urgent data is their own. */
static void open_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *)&address, size), -1);
    ck_assert_int_eq(errno, EINPROGRESS);
    ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    ck_assert_int_ge(ends[1], 0);
    ck_assert_int_eq(close(listener), 0);
}

static void see_urgent_data(void)
{
    int error = -1;
    socklen_t size = sizeof error;
    open_tcp();
    ck_assert_uint_eq(wait_now(ends[0], W), W); /* connected */
    ck_assert_int_eq(getsockopt(ends[0], SOL_SOCKET, SO_ERROR, &error, &size), 0);
    ck_assert_int_eq(error, 0);
    spawn(A, ends[0], P);
    settle();
    check_pending(A);
    ck_assert_int_eq(send(ends[1], "!", 1, MSG_OOB), 1);
    join(A, 0);
}

START_TEST(urgent_data_and_a_connection_that_was_made)
{
    kind = _i;
    play(see_urgent_data);
    close_ends();
    log_expect("a p");
}
END_TEST

static void leave_it_as_it_is(void)
{
    int flags = fcntl(ends[0], F_GETFL);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, flags & ~O_NONBLOCK), 0);
    put(ends[1]);
    ck_assert_uint_eq(wait_now(ends[0], R), R);
    ck_assert_int_eq(fcntl(ends[0], F_GETFL), flags & ~O_NONBLOCK);
    ck_assert_uint_eq(wait_now(ends[1], W), W);
    ck_assert_int_ne(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
}

START_TEST(blocking_descriptor_stays_blocking)
{
    play_with_pipe(COROUTINE, leave_it_as_it_is);
}
END_TEST

/* --- time -------------------------------------------------------------------------------- */

static void wait_for_a_time(void)
{
    spawn_for(A, ends[0], R, 50);
    join(A, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 50);
    put(ends[1]);
    spawn_for(A, ends[0], R, 50);
    join(A, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 50);
}

START_TEST(without_an_event_the_wait_ends_when_its_time_is_over)
{
    play_with_pipe(_i, wait_for_a_time);
    log_expect("a -,a r");
}
END_TEST

static void have_time_left(void)
{
    put(ends[1]);
    uint32_t revents = UNTOUCHED;
    ck_assert_code(runner_poll(ends[0], R, 50, &revents), 0);
    ck_assert_uint_eq(revents, R);
    ck_assert_code(runner_sleep(20), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    ck_assert_code(runner_sleep(100), 0);
    ck_assert_uint_eq(now_ms(runner_current()), 120);
}

START_TEST(what_is_left_of_the_time_is_forgotten)
{
    play_with_pipe(COROUTINE, have_time_left);
}
END_TEST

static int put_callback(void *arg)
{
    (void)arg;
    put(ends[1]);
    return 0;
}

/* The kernel has nothing to say before the time is over, and is not asked after. */
static void write_at_the_last_moment(void)
{
    ck_assert_code(runner_call_later(runner_current(), 5, put_callback, NULL, NULL, NULL), 0);
    spawn_for(A, ends[0], R, 5);
    join(A, 0);
}

START_TEST(what_came_before_the_time_was_over_counts)
{
    play_with_pipe(_i, write_at_the_last_moment);
    log_expect("a r");
}
END_TEST

static int close_callback(void *arg)
{
    (void)arg;
    close_end(0);
    return 0;
}

static void close_at_the_last_moment(void)
{
    ck_assert_code(runner_call_later(runner_current(), 5, close_callback, NULL, NULL, NULL), 0);
    spawn_for(A, ends[0], R, 5);
    join(A, UV_EBADF);
}

START_TEST(when_the_time_is_over_a_closed_descriptor_is_found)
{
    play_with_pipe(_i, close_at_the_last_moment);
    log_expect("a UV_EBADF");
}
END_TEST

static void look_without_waiting(void)
{
    uint32_t revents = UNTOUCHED;
    ck_assert_code(runner_call_soon(runner_current(), log_callback, (void *)"soon", NULL), 0);
    ck_assert_code(runner_poll(ends[0], R, 0, &revents), 0);
    ck_assert_uint_eq(revents, 0);
    put(ends[1]);
    ck_assert_code(runner_poll(ends[0], R | W | D | P, 0, &revents), 0);
    ck_assert_uint_eq(revents, R);
    close_end(1);
    ck_assert_code(runner_poll(ends[0], W | D, 0, &revents), 0);
    ck_assert_uint_eq(revents, W | D);
    ck_assert_code(runner_poll(ends[0], R, 0, NULL), 0);
    close_end(0);
    ck_assert_code(runner_poll(99, R, 0, &revents), UV_EBADF);
    log_add("no turn has passed");
    turn();
}

START_TEST(no_time_is_a_look)
{
    play_with_pipe(COROUTINE, look_without_waiting);
    log_expect("no turn has passed,soon,-");
}
END_TEST

static void wait_for_nothing_in_particular(void)
{
    put(ends[1]);
    ck_assert_code(runner_poll(ends[0], R, RUNNER_FOREVER, NULL), 0);
    ck_assert_code(runner_poll(ends[0], D, 5, NULL), 0);
}

START_TEST(the_events_need_not_be_told)
{
    play_with_pipe(COROUTINE, wait_for_nothing_in_particular);
}
END_TEST

/* --- what keeps a run going -------------------------------------------------------------- */

static void *put_in_thread(void *arg)
{
    (void)arg;
    put(ends[1]);
    return NULL;
}

/* Nothing else is on the loop: the run waits in the kernel for it. */
static void wait_for_another_thread(void)
{
    pthread_t thread;
    spawn(A, ends[0], R);
    turn();
    ck_assert_int_eq(pthread_create(&thread, NULL, put_in_thread, NULL), 0);
    join(A, 0);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
}

START_TEST(who_waits_is_no_deadlock)
{
    play_with_pipe(_i, wait_for_another_thread);
    log_expect("-,a r");
}
END_TEST

static void wait_on_the_real_clock(void)
{
    pthread_t thread;
    uint32_t revents = UNTOUCHED;
    ck_assert_int_eq(pthread_create(&thread, NULL, put_in_thread, NULL), 0);
    ck_assert_uint_eq(wait_now(ends[0], R), R);
    pthread_join(thread, NULL);
    get(ends[0]);
    ck_assert_code(runner_poll(ends[0], R, 1, &revents), 0);
    ck_assert_uint_eq(revents, 0);
}

START_TEST(real_time)
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    open_pipe();
    play_with(&opts, wait_on_the_real_clock);
    close_ends();
}
END_TEST

/* Once nobody waits any more, the loop has nothing to wait for. */
static void stop_waiting(void)
{
    runner_event_t *event = NULL;
    spawn_for(A, ends[0], R, 1);
    join(A, 0);
    ck_assert_code(runner_event_new(&event), 0);
    (void)runner_event_wait(event); /* until the close */
    runner_event_unref(event);
}

START_TEST(after_the_wait_a_deadlock_is_found)
{
    runner_t *runner = test_runner();
    open_pipe();
    ck_assert_code(play_on(runner, stop_waiting), RUNNER_EDEADLK);
    runner_free(runner);
    close_ends();
}
END_TEST

/* A task that is always ready does not keep the others from their descriptors. */
static int yield_until(void *arg, void **result)
{
    (void)result;
    while (!runner_task_done(arg)) {
        ck_assert_code(runner_yield(), 0);
    }
    return 0;
}

static void be_busy(void)
{
    runner_task_t *busy = NULL;
    spawn(A, ends[0], R);
    turn();
    put(ends[1]);
    ck_assert_code(runner_spawn(yield_until, cast[A].task, NULL, &busy), 0);
    ck_assert_code(runner_await(busy, NULL), 0);
    runner_task_unref(busy);
    join(A, 0);
}

START_TEST(busy_loop_looks_at_descriptors)
{
    play_with_pipe(_i, be_busy);
    log_expect("-,a r");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("poll");
    TCase *tcase = test_case(suite, "events");
    add_for_each_kind(tcase, a_byte_wakes_who_waits_for_it);
    add_for_each_kind(tcase, what_is_ready_already_is_found);
    add_for_each_kind(tcase, room_wakes_who_waits_for_it);
    tcase_add_test(tcase, of_several_events_those_are_told_that_are_ready);
    add_for_each_kind(tcase, other_side_writes_no_more);
    add_for_each_kind(tcase, hang_up_counts_as_every_event);
    add_for_each_kind(tcase, error_counts_as_every_event);
    add_for_each_kind(tcase, urgent_data_and_a_connection_that_was_made);
    tcase_add_test(tcase, blocking_descriptor_stays_blocking);
    tcase = test_case(suite, "time");
    add_for_each_kind(tcase, without_an_event_the_wait_ends_when_its_time_is_over);
    tcase_add_test(tcase, what_is_left_of_the_time_is_forgotten);
    add_for_each_kind(tcase, what_came_before_the_time_was_over_counts);
    add_for_each_kind(tcase, when_the_time_is_over_a_closed_descriptor_is_found);
    tcase_add_test(tcase, no_time_is_a_look);
    tcase_add_test(tcase, the_events_need_not_be_told);
    tcase = test_case(suite, "runs");
    add_for_each_kind(tcase, who_waits_is_no_deadlock);
    tcase_add_test(tcase, real_time);
    tcase_add_test(tcase, after_the_wait_a_deadlock_is_found);
    add_for_each_kind(tcase, busy_loop_looks_at_descriptors);
    return test_main(suite);
}
