/* Waits of host tasks for descriptors. What holds for every task has check_poll.c. */
#include "host_driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <uv.h>

static int ends[2]; /* of a pipe: read, write */

#define EVENTS(fd, events) ((uint64_t)(uint32_t)(fd) | (uint64_t)(events) << 32)
#define READABLE(fd) EVENTS(fd, RUNNER_READABLE)

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

static void get(void)
{
    char c;
    ck_assert_int_eq(read(ends[0], &c, 1), 1);
}

static void play(int way, host_fn body, int expected)
{
    open_pipe();
    host_play(way, body, expected);
    close_pipe();
}

/* --- outcomes ---------------------------------------------------------------------------- */

static int wait_for_a_byte(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, POLL, .a = INT64_MAX, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        if (t->status == 0)
            get();
    }
    return t->status;
}

static int wake_one(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, wait_for_a_byte, "a");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        say(t, "writes");
        put();
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(a_byte_wakes_who_waits_for_it)
{
    play(_i, wake_one, 0);
    log_expect("main:writes,a:0 1");
}
END_TEST

static int wait_for_what_is_there(host_task_t *t)
{
    switch (t->line) {
    case 0:
        put();
        WAIT(t, POLL, .a = INT64_MAX, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        WAIT(t, POLL, .a = INT64_MAX, .b = EVENTS(ends[1], RUNNER_WRITABLE | RUNNER_READABLE));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        get();
    }
    return 0;
}

START_TEST(what_is_ready_already_is_told)
{
    play(_i, wait_for_what_is_there, 0);
    log_expect("main:0 1,main:0 2");
}
END_TEST

static int wait_for_a_time(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, POLL, .a = MS(5), .b = READABLE(ends[0]));
        say(t, "%s %d %d", code_name(t->status), (int)t->value, (int)now_ms(t->host->runner));
        WAIT(t, POLL, .a = 0, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        WAIT(t, POLL, .a = -1, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        put();
        WAIT(t, POLL, .a = 0, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        get();
    }
    return 0;
}

START_TEST(without_an_event_the_value_is_0)
{
    play(_i, wait_for_a_time, 0);
    log_expect("main:0 0 5,main:0 0,main:0 0,main:0 1");
}
END_TEST

static int wait_less_than_a_millisecond(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, POLL, .a = 1500, .b = READABLE(ends[0]));
        ck_assert_uint_eq(runner_time_ns(t->host->runner), 1500);
    }
    return 0;
}

START_TEST(time_is_counted_in_nanoseconds)
{
    play(_i, wait_less_than_a_millisecond, 0);
}
END_TEST

static int ask_for_what_is_refused(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_EINVAL, POLL, .a = MS(1), .b = EVENTS(ends[0], 0));
        WAIT_CODE(t, RUNNER_EINVAL, POLL, .a = MS(1), .b = EVENTS(ends[0], 16));
        WAIT_CODE(t, UV_EBADF, POLL, .a = MS(1), .b = READABLE(-1));
        WAIT_CODE(t, UV_EBADF, POLL, .a = 0, .b = READABLE(1000000));
        WAIT_CODE(t, UV_EBADF, POLL, .a = MS(1), .b = READABLE(1000000));
        ck_assert_code(host_do(&t->host->nobody, POLL, .b = READABLE(ends[0])), RUNNER_ENOTASK);
    }
    return 0;
}

START_TEST(refusals_are_outcomes)
{
    play(_i, ask_for_what_is_refused, 0);
}
END_TEST

/* --- batches ----------------------------------------------------------------------------- */

static size_t most_tasks;

static void count_tasks(host_t *host, const runner_host_event_t *event)
{
    (void)event;
    size_t tasks = 0;
    for (size_t i = 0; i < host->n_events; i++)
        tasks += host->events[i].kind == RUNNER_HOST_RESUME;
    most_tasks = tasks > most_tasks ? tasks : most_tasks;
}

static int wait_and_look(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, POLL, .a = INT64_MAX, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return t->status;
}

static int wake_three(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, wait_and_look, "a");
        host_spawn_detached(t, wait_and_look, "b");
        t->other = host_spawn(t, wait_and_look, "c");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        t->host->watch = count_tasks;
        put();
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        t->host->watch = NULL;
    }
    return 0;
}

START_TEST(all_who_are_woken_come_in_one_batch)
{
    most_tasks = 0;
    play(_i, wake_three, 0);
    log_expect("a:0 1,b:0 1,c:0 1");
    ck_assert_uint_eq(most_tasks, host_ways[_i].cap < 3 ? host_ways[_i].cap : 3);
}
END_TEST

/* --- cancels ----------------------------------------------------------------------------- */

static int cancel_who_waits(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, wait_for_a_byte, "a");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id, .b = 7), 0);
        put();
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 7);
        WAIT(t, POLL, .a = MS(1), .b = READABLE(ends[0])); /* nobody has taken it */
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return 0;
}

START_TEST(a_cancel_ends_the_wait_and_takes_no_event)
{
    play(_i, cancel_who_waits, 0);
    log_expect("a:RUNNER_ECANCELED 7,main:0 1");
}
END_TEST

static int cancel_who_stands_behind(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, POLL, .a = INT64_MAX, .b = READABLE(ends[0]));
        say(t, "%s %d", code_name(t->status), (int)t->value);
        ck_assert_code(host_do(t, CANCEL, .id = t->parent->other->id), 0);
    }
    return 0;
}

static int wake_two_of_whom_one_is_cancelled(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, cancel_who_stands_behind, "a");
        t->other = host_spawn(t, wait_and_look, "b");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        put();
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(who_is_cancelled_by_the_one_before_is_told_that)
{
    play(_i, wake_two_of_whom_one_is_cancelled, 0);
    log_expect("a:0 1,b:RUNNER_ECANCELED 0");
}
END_TEST

static int cancel_itself_first(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, CANCEL, .id = t->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, POLL, .a = INT64_MAX, .b = READABLE(ends[0]));
    }
    return 0;
}

START_TEST(a_cancel_of_before_is_told)
{
    play(_i, cancel_itself_first, 0);
}
END_TEST

/* --- the driver -------------------------------------------------------------------------- */

/* A step that waits for nothing else says so, and the backend's descriptor tells. */
START_TEST(the_backend_is_ready_when_a_descriptor_is)
{
    int fd = -1;
    open_pipe();
    host_t *host = host_new(_i);
    host_begin(host, wait_for_a_byte);
    host_step(host);
    do
        host_take(host);
    while (host->wait_ns == 0);
    ck_assert_uint_eq(host->n_events, 0);
    ck_assert_int_eq(host->wait_ns, RUNNER_HOST_FOREVER);
    ck_assert_code(runner_backend_fd(host->runner, &fd), 0);
    struct pollfd backend = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&backend, 1, 0), 0);
    put();
    ck_assert_int_eq(poll(&backend, 1, 0), 1);
    ck_assert_code(host_drive(host), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
    log_expect("main:0 1");
    close_pipe();
}
END_TEST

/* It is not told a deadlock, and a break leaves the task where it is. */
static int leave_one(host_task_t *t)
{
    t->other = host_spawn(t, wait_for_a_byte, "a");
    return 0;
}

static int write_for_who_is_left(host_task_t *t)
{
    switch (t->line) {
    case 0:
        put();
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(a_wait_goes_on_in_the_next_run)
{
    open_pipe();
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, leave_one), 0);
    log_expect("");
    ck_assert_code(host_run(host, write_for_who_is_left), 0);
    log_expect("a:0 1");
    ck_assert_code(host_close(host), 0);
    host_free(host);
    close_pipe();
}
END_TEST

static int leave_one_that_waits(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, wait_for_a_byte, "a");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

static int do_nothing(host_task_t *t)
{
    (void)t;
    return 0;
}

/* libuv keeps what its first loop opens. */
static int count_fds(int way)
{
    host_play(way, do_nothing, 0);
    return fd_count();
}

START_TEST(close_cancels_who_waits)
{
    int before = count_fds(_i);
    play(_i, leave_one_that_waits, 0);
    log_expect("a:RUNNER_ECANCELED 0");
    ck_assert_int_eq(fd_count(), before);
}
END_TEST

START_TEST(free_gives_up_who_waits)
{
    int before = count_fds(_i);
    open_pipe();
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, leave_one_that_waits), 0);
    host_discard(host);
    close_pipe();
    ck_assert_int_eq(fd_count(), before);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_poll");
    TCase *tcase = test_case(suite, "outcomes");
    add_for_each_way(tcase, a_byte_wakes_who_waits_for_it);
    add_for_each_way(tcase, what_is_ready_already_is_told);
    add_for_each_way(tcase, without_an_event_the_value_is_0);
    add_for_each_way(tcase, time_is_counted_in_nanoseconds);
    add_for_each_way(tcase, refusals_are_outcomes);
    tcase = test_case(suite, "batches");
    add_for_each_way(tcase, all_who_are_woken_come_in_one_batch);
    tcase = test_case(suite, "cancels");
    add_for_each_way(tcase, a_cancel_ends_the_wait_and_takes_no_event);
    add_for_each_way(tcase, who_is_cancelled_by_the_one_before_is_told_that);
    add_for_each_way(tcase, a_cancel_of_before_is_told);
    tcase = test_case(suite, "driver");
    add_for_each_way(tcase, the_backend_is_ready_when_a_descriptor_is);
    add_for_each_way(tcase, a_wait_goes_on_in_the_next_run);
    add_for_each_way(tcase, close_cancels_who_waits);
    add_for_each_way(tcase, free_gives_up_who_waits);
    return test_main(suite);
}
