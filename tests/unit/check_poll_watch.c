/*
 * Waits for descriptors by epoll: what they cost, and what happens where the kernel refuses. The
 * program's epoll_ctl() stands in front of the C library's.
 */
#include "check_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "base/pool.h"

/* --- the kernel -------------------------------------------------------------------------- */

static int controls;    /* calls of epoll_ctl() */
static int refuse_with; /* 0, or an error of the next ones... */
static int refuse_op;   /* ...that do this */
static int refused;

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    controls++;
    if (refuse_with != 0 && op == refuse_op) {
        refused++;
        errno = refuse_with;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);
}

static void refuse(int op, int error)
{
    refuse_op = op;
    refuse_with = error;
    refused = 0;
}

static long allocations;

static void *count_malloc(size_t size)
{
    allocations++;
    return malloc(size);
}

static void *count_calloc(size_t count, size_t size)
{
    allocations++;
    return calloc(count, size);
}

static void *count_realloc(void *old, size_t size)
{
    allocations++;
    return realloc(old, size);
}

/* --- scenes ------------------------------------------------------------------------------ */

static int ends[2][2]; /* of two pairs of pipes: read, write */

static void put(int i)
{
    ck_assert_int_eq(write(ends[i][1], "x", 1), 1);
}

static void get(int i)
{
    char c;
    ck_assert_int_eq(read(ends[i][0], &c, 1), 1);
}

static int wait_for(int i)
{
    return runner_poll(ends[i][0], RUNNER_READABLE, RUNNER_FOREVER, NULL);
}

static void run(runner_fn body)
{
    runner_options_t opts = test_options();
    runner_t *runner = test_runner_with(&opts);
    refuse(0, 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pipe2(ends[i], O_CLOEXEC | O_NONBLOCK), 0);
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(close(ends[i][0]), 0);
        ck_assert_int_eq(close(ends[i][1]), 0);
    }
}

/* --- costs ------------------------------------------------------------------------------- */

enum { WARM = 10, ROUNDS = 1000 };

static void talk(int mine, int others, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        if (mine == 0)
            put(others);
        ck_assert_code(wait_for(mine), 0);
        get(mine);
        if (mine == 1)
            put(others);
    }
}

static int talk_back(void *arg, void **result)
{
    (void)arg;
    (void)result;
    talk(1, 0, WARM + ROUNDS);
    return 0;
}

static int talk_main(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(talk_back, NULL, NULL, &task), 0);
    talk(0, 1, WARM);
    int controls_before = controls;
    long allocations_before = allocations;
    talk(0, 1, ROUNDS);
    ck_assert_int_ge(controls - controls_before, 2 * ROUNDS - 1); /* the other may be ahead */
    ck_assert_int_le(controls - controls_before, 2 * ROUNDS);
    if (RUNNER__POOL_KEEPS)
        ck_assert_int_eq(allocations - allocations_before, 0);
    ck_assert_code(runner_await(task, NULL), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(test_poll_watch__wait_is_one_call_and_no_allocation)
{
    run(talk_main);
}
END_TEST

/* One who waits beside those who come and go costs another call, to be watched for again. */
static int wait_for_urgent_data(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_poll(ends[0][0], RUNNER_PRIORITIZED, RUNNER_FOREVER, NULL);
}

static int share_main(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(wait_for_urgent_data, NULL, NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    put(0);
    ck_assert_code(wait_for(0), 0);
    int before = controls;
    for (int i = 0; i < WARM; i++)
        ck_assert_code(wait_for(0), 0);
    ck_assert_int_eq(controls - before, 2 * WARM);
    return 0;
}

START_TEST(test_poll_watch__who_remains_is_one_call_more)
{
    run(share_main);
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static int refuse_new_ones(void *arg, void **result)
{
    (void)arg;
    (void)result;
    put(0);
    put(1);
    refuse(EPOLL_CTL_ADD, ENOSPC); /* of libuv, then of ours */
    ck_assert_code(wait_for(0), UV_ENOSPC);
    refuse(0, 0);
    ck_assert_code(wait_for(0), 0);
    refuse(EPOLL_CTL_ADD, ENOSPC);
    ck_assert_code(wait_for(1), UV_ENOSPC);
    ck_assert_int_eq(refused, 1);
    ck_assert_code(wait_for(0), 0); /* is known */
    refuse(0, 0);
    ck_assert_code(wait_for(1), 0);
    return 0;
}

START_TEST(test_poll_watch__kernel_refuses_one_more)
{
    run(refuse_new_ones);
}
END_TEST

/* The handle exists already, and is closed again. */
static int refuse_the_set(void *arg, void **result)
{
    (void)arg;
    (void)result;
    put(0);
    for (int i = 1; i <= 2; i++) {
        static int calls;
        calls = controls;
        refuse(EPOLL_CTL_ADD, ENOMEM);
        ck_assert_code(wait_for(0), UV_ENOMEM);
        ck_assert_int_ge(controls, calls + 1);
        refuse(0, 0);
        ck_assert_code(runner_sleep(1), 0);
    }
    ck_assert_code(wait_for(0), 0);
    return 0;
}

START_TEST(test_poll_watch__kernel_refuses_the_set)
{
    int fds = -1;
    for (int i = 0; i < 2; i++) {
        run(refuse_the_set);
        ck_assert(fds == -1 || fd_count() == fds);
        fds = fd_count();
    }
}
END_TEST

static int wait_body(void *arg, void **result)
{
    (void)result;
    int code = runner_poll(ends[0][0], *(const uint32_t *)arg, RUNNER_FOREVER, NULL);
    log_add("%s", code_name(code));
    return 0;
}

static const uint32_t readable = RUNNER_READABLE;
static const uint32_t prioritized = RUNNER_PRIORITIZED;

static runner_task_t *spawn(const uint32_t *events)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(wait_body, (void *)(uintptr_t)events, NULL, &task), 0);
    ck_assert_code(runner_sleep(1), 0); /* libuv has seen our set, too */
    return task;
}

static void join(runner_task_t *task)
{
    ck_assert_code(runner_await(task, NULL), 0);
    runner_task_unref(task);
}

/* Who came before is watched as it was. */
static int refuse_a_change(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn(&readable);
    refuse(EPOLL_CTL_MOD, ENOMEM);
    ck_assert_code(wait_for(0), UV_ENOMEM);
    ck_assert_int_eq(refused, 1);
    put(0);
    join(task);
    refuse(0, 0);
    return wait_for(0);
}

START_TEST(test_poll_watch__kernel_refuses_a_change)
{
    run(refuse_a_change);
    log_expect("0");
}
END_TEST

/* Who remains cannot be watched any more, and is told. */
static int refuse_to_go_on(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *first = spawn(&readable);
    runner_task_t *second = spawn(&prioritized);
    runner_task_t *third = spawn(&prioritized);
    refuse(EPOLL_CTL_MOD, *(int *)arg);
    put(0);
    join(first);
    join(second);
    join(third);
    ck_assert_int_eq(refused, 1);
    refuse(0, 0);
    return wait_for(0);
}

static int refuse_to_go_on_for_now(void *arg, void **result)
{
    int error = ENOMEM;
    (void)arg;
    return refuse_to_go_on(&error, result);
}

static int refuse_to_go_on_for_good(void *arg, void **result)
{
    int error = ENOENT;
    (void)arg;
    return refuse_to_go_on(&error, result);
}

START_TEST(test_poll_watch__kernel_refuses_to_go_on)
{
    run(refuse_to_go_on_for_now);
    log_expect("0,UV_ENOMEM,UV_ENOMEM");
    run(refuse_to_go_on_for_good);
    log_expect("0,UV_EBADF,UV_EBADF");
}
END_TEST

int main(void)
{
#ifdef TEST_POLL_UV
    return 77; /* there is no epoll */
#endif
    if (runner_replace_allocator(count_malloc, count_calloc, count_realloc, free) != 0)
        return EXIT_FAILURE;
    Suite *suite = suite_create("poll_watch");
    TCase *tcase = test_case(suite, "costs");
    tcase_add_test(tcase, test_poll_watch__wait_is_one_call_and_no_allocation);
    tcase_add_test(tcase, test_poll_watch__who_remains_is_one_call_more);
    tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, test_poll_watch__kernel_refuses_one_more);
    tcase_add_test(tcase, test_poll_watch__kernel_refuses_the_set);
    tcase_add_test(tcase, test_poll_watch__kernel_refuses_a_change);
    tcase_add_test(tcase, test_poll_watch__kernel_refuses_to_go_on);
    return test_main(suite);
}
