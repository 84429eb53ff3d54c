/* Guest mode with tasks of a host that wait for descriptors. */
#include "guest_hosts.h"

#include <fcntl.h>
#include <unistd.h>

static int ends_of_pipe[2];

static void open_pipe(void)
{
    ck_assert_int_eq(pipe2(ends_of_pipe, O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_pipe(void)
{
    ck_assert_int_eq(close(ends_of_pipe[0]), 0);
    ck_assert_int_eq(close(ends_of_pipe[1]), 0);
}

static runner_host_cmd_t wait_for_a_byte(int state, int status, uint64_t value)
{
    if (state == 0) {
        runner_host_cmd_t cmd = waits(RUNNER_HOST_POLL, 0, RUNNER_HOST_FOREVER);
        cmd.b = (uint64_t)RUNNER_READABLE << 32 | (uint32_t)ends_of_pipe[0];
        return cmd;
    }
    log_add("%s %d", code_name(status), (int)value);
    return ends(status, 0);
}

static void put_at_a_tick(tick_t *tick)
{
    ck_assert_int_eq(write(ends_of_pipe[1], "x", 1), 1);
    tick_end(tick);
}

START_TEST(host_is_woken_by_a_descriptor)
{
    tick_t tick;
    program_open();
    open_pipe();
    host_init(on_wake);
    host.takes_later = _i;
    tick_start(&tick, 2, put_at_a_tick, NULL);
    host_run(wait_for_a_byte);
    log_expect("0 1,ended 0");
    ck_assert_int_le(host.wakes, 3); /* to begin, to go on, to end */
    host_end();
    close_pipe();
}
END_TEST

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    uv_close(handle, NULL);
}

/* It is driven on by its host, though the program has closed its loop. */
START_TEST(closed_loop_watches_nothing)
{
    program_open();
    open_pipe();
    host_init(forget_wake);
    host_begin(wait_for_a_byte);
    (void)uv_run(&program, UV_RUN_NOWAIT);
    ck_assert_int_eq(host.wakes, 1);
    uv_walk(&program, close_handle, NULL);
    (void)uv_run(&program, UV_RUN_NOWAIT);
    ck_assert_int_eq(uv_loop_close(&program), 0);
    take();
    log_expect("RUNNER_ECLOSED 0,ended RUNNER_ECLOSED");
    runner_free(host.runner);
    close_pipe();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest_host_poll");
    TCase *tcase = test_case(suite, "poll");
    tcase_add_loop_test(tcase, host_is_woken_by_a_descriptor, 0, 2);
    tcase_add_test(tcase, closed_loop_watches_nothing);
    return test_main(suite);
}
