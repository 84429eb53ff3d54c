/* Descriptors: what is ready at once, and what is refused. */
#include "polls.h"

/* --- what is always ready ---------------------------------------------------------------- */

static void ask_at_once(const char *path, int flags)
{
    uint32_t revents = UNTOUCHED;
    int fd = open(path, flags | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_code(runner_poll(fd, R | W | D, RUNNER_FOREVER, &revents), 0);
    ck_assert_uint_eq(revents, R | W);
    ck_assert_code(runner_poll(fd, R, RUNNER_FOREVER, &revents), 0);
    ck_assert_uint_eq(revents, R);
    ck_assert_code(runner_poll(fd, W | P, RUNNER_FOREVER, &revents), 0);
    ck_assert_uint_eq(revents, W);
    ck_assert_code(runner_poll(fd, D, RUNNER_FOREVER, &revents), UV_EPERM);
    ck_assert_uint_eq(revents, W);
    ck_assert_int_eq(close(fd), 0);
}

static void ask_files(void)
{
    ck_assert_code(runner_call_soon(runner_current(), log_callback, (void *)"soon", NULL), 0);
    ask_at_once("/etc/passwd", O_RDONLY);
    ask_at_once("/", O_RDONLY | O_DIRECTORY);
    ask_at_once("/dev/null", O_RDWR);
    log_add("no turn has passed");
    turn();
}

START_TEST(files_are_ready_at_once)
{
    play(ask_files);
    log_expect("no turn has passed,soon,-");
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static void ask_for_what_is_not_there(void)
{
    static const uint32_t bad[] = {0, 16, R | 32, UINT32_MAX};
    uint32_t revents = UNTOUCHED;
    int high = 1000000; /* none that this process has, and beyond any table */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_code(runner_poll(ends[0], bad[i], RUNNER_FOREVER, &revents), RUNNER_EINVAL);
        ck_assert_code(runner_poll(-1, bad[i], 0, &revents), RUNNER_EINVAL);
    }
    ck_assert_uint_eq(wait_now(ends[1], W), W); /* the first wait opens a descriptor itself */
    int closed = dup(ends[0]);
    ck_assert_int_eq(close(closed), 0);
    const int no[] = {-1, INT32_MIN, closed, high, INT32_MAX};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        ck_assert_code(runner_poll(no[i], R, RUNNER_FOREVER, &revents), UV_EBADF);
        ck_assert_code(runner_poll(no[i], R, 5, &revents), UV_EBADF);
        ck_assert_code(runner_poll(no[i], R, 0, &revents), UV_EBADF);
    }
    ck_assert_uint_eq(revents, UNTOUCHED);
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    ck_assert_code(runner_sleep(20), 0); /* no time of these is left */
    ck_assert_uint_eq(now_ms(runner_current()), 20);
}

START_TEST(what_is_no_descriptor_or_event_is_refused)
{
    play_with_pipe(COROUTINE, ask_for_what_is_not_there);
}
END_TEST

static int poll_in_callback(void *arg)
{
    uint32_t revents = UNTOUCHED;
    (void)arg;
    ck_assert_code(runner_poll(ends[0], R, 5, &revents), RUNNER_ENOTASK);
    ck_assert_code(runner_poll(ends[0], R, 0, &revents), RUNNER_ENOTASK);
    ck_assert_code(runner_poll(-1, R, 0, &revents), RUNNER_ENOTASK);
    ck_assert_code(runner_poll(ends[0], 0, 0, &revents), RUNNER_EINVAL);
    ck_assert_uint_eq(revents, UNTOUCHED);
    log_add("callback");
    return 0;
}

static void poll_outside(void)
{
    ck_assert_code(runner_call_soon(runner_current(), poll_in_callback, NULL, NULL), 0);
    turn();
}

START_TEST(only_tasks_may_wait)
{
    open_pipe();
    ck_assert_code(poll_in_callback(NULL), 0);
    play(poll_outside);
    close_ends();
    log_expect("callback,callback,-");
}
END_TEST

static int poll_when_parked(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    uint32_t revents = UNTOUCHED;
    (void)result;
    if (actor->begun++ == 0) {
        ck_assert_code(begin_wish(actor), RUNNER_EPARKED);
        ck_assert_code(runner_poll(ends[0], R, 5, &revents), RUNNER_EBUSY);
        ck_assert_code(runner_poll(ends[1], W, 0, &revents), RUNNER_EBUSY);
        ck_assert_code(runner_sleep(1), RUNNER_EBUSY);
        ck_assert_uint_eq(revents, UNTOUCHED);
        return RUNNER_EPARKED;
    }
    return log_outcome(actor, status);
}

static void let_it_try(void)
{
    wishes[A] = (wish_t){.fd = ends[0], .events = R, .timeout_ms = 5};
    spawn_body(A, NULL, poll_when_parked);
    join(A, 0);
}

START_TEST(step_that_is_parked_may_not_wait)
{
    play_with_pipe(STACKLESS, let_it_try);
    log_expect("a -");
}
END_TEST

static void look_at_the_tasks(void)
{
    runner_task_info_t infos[2] = {{.size = sizeof infos[0]}};
    size_t count = 0;
    spawn(A, ends[0], R);
    turn();
    ck_assert_code(runner_tasks(runner_current(), infos, 2, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(infos[1].state, RUNNER_STATE_WAITING);
    ck_assert_str_eq(infos[1].waits, "descriptor");
    put(ends[1]);
    join(A, 0);
}

START_TEST(inspection_says_what_it_waits_for)
{
    play_with_pipe(_i, look_at_the_tasks);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("poll_refuse");
    TCase *tcase = test_case(suite, "files");
    tcase_add_test(tcase, files_are_ready_at_once);
    tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, what_is_no_descriptor_or_event_is_refused);
    tcase_add_test(tcase, only_tasks_may_wait);
    tcase_add_test(tcase, step_that_is_parked_may_not_wait);
    add_for_each_kind(tcase, inspection_says_what_it_waits_for);
    return test_main(suite);
}
