/* Descriptors: several tasks wait for one, and many for many. */
#include "polls.h"

#include <stdlib.h>
#include <sys/resource.h>

/* --- for one descriptor ------------------------------------------------------------------ */

static void read_and_write(void)
{
    fill(ends[0]);
    spawn(A, ends[0], R);
    spawn(B, ends[0], W);
    settle();
    check_pending(A);
    check_pending(B);
    drain(ends[1]);
    join(B, 0);
    settle();
    check_pending(A);
    put(ends[1]);
    join(A, 0);
}

START_TEST(each_is_woken_by_its_own_events)
{
    play_with_sockets(_i, read_and_write);
    log_expect("b w,a r");
}
END_TEST

/* The same, and the other comes first. */
static void write_and_read(void)
{
    fill(ends[0]);
    spawn(A, ends[0], W);
    spawn(B, ends[0], R);
    settle();
    put(ends[1]);
    join(B, 0);
    get(ends[0]);
    spawn(C, ends[0], R | W);
    settle();
    check_pending(A);
    check_pending(C);
    drain(ends[1]);
    join(A, 0);
    join(C, 0);
}

START_TEST(who_remains_is_watched_for)
{
    play_with_sockets(_i, write_and_read);
    log_expect("b r,a w,c w");
}
END_TEST

static void wake_all_readers(void)
{
    spawn(A, ends[0], R);
    spawn(B, ends[0], R | W);
    spawn(C, ends[0], R);
    settle();
    put(ends[1]);
    join(A, 0);
    join(B, 0);
    join(C, 0);
}

START_TEST(all_who_wait_for_it_are_woken_in_the_order_of_their_coming)
{
    play_with_pipe(_i, wake_all_readers);
    log_expect("a r,b r,c r");
}
END_TEST

static void wake_both_by_one_event(void)
{
    spawn(A, ends[0], R);
    spawn(B, ends[0], D);
    settle();
    ck_assert_int_eq(shutdown(ends[1], SHUT_WR), 0);
    join(A, 0);
    join(B, 0);
}

START_TEST(what_is_ready_for_several_events_wakes_all_of_these)
{
    play_with_sockets(_i, wake_both_by_one_event);
    log_expect("a r,b d");
}
END_TEST

static void come_later(void)
{
    spawn(A, ends[0], R);
    settle();
    put(ends[1]);
    spawn(B, ends[0], R); /* before anybody has looked */
    join(A, 0);
    join(B, 0);
}

START_TEST(who_comes_when_it_is_ready_is_woken_as_well)
{
    play_with_pipe(_i, come_later);
    log_expect("a r,b r");
}
END_TEST

static void have_less_time(void)
{
    spawn_for(A, ends[0], R, 30);
    spawn_for(B, ends[0], R, 10);
    spawn_for(C, ends[0], R, 20);
    join(B, 0);
    join(C, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 20);
    put(ends[1]);
    join(A, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 20);
}

START_TEST(each_has_its_own_time)
{
    play_with_pipe(_i, have_less_time);
    log_expect("b -,c -,a r");
}
END_TEST

static void change_the_middle(void)
{
    spawn(A, ends[0], R);
    spawn(B, ends[0], R);
    spawn(C, ends[0], W);
    fill(ends[0]);
    settle();
    cancel(B);
    join(B, RUNNER_ECANCELED);
    put(ends[1]);
    join(A, 0);
    drain(ends[1]);
    join(C, 0);
}

START_TEST(who_is_cancelled_leaves_the_others_waiting)
{
    play_with_sockets(_i, change_the_middle);
    log_expect("b RUNNER_ECANCELED,a r,c w");
}
END_TEST

/* The kernel was told to say when there is something to read, and says so. */
static void come_for_nobody(void)
{
    fill(ends[0]);
    spawn(A, ends[0], R);
    spawn(B, ends[0], W);
    settle();
    cancel(A);
    join(A, RUNNER_ECANCELED);
    put(ends[1]);
    settle();
    check_pending(B);
    drain(ends[1]);
    join(B, 0);
}

START_TEST(event_for_who_has_gone_takes_nothing_from_the_others)
{
    play_with_sockets(_i, come_for_nobody);
    log_expect("a RUNNER_ECANCELED,b w");
}
END_TEST

static void come_for_nobody_at_all(void)
{
    spawn(A, ends[0], R);
    settle();
    cancel(A);
    join(A, RUNNER_ECANCELED);
    put(ends[1]);
    settle();
    settle();
    spawn(B, ends[0], R);
    join(B, 0);
    get(ends[0]);
    spawn(C, ends[0], R);
    settle();
    check_pending(C);
    put(ends[1]);
    join(C, 0);
}

START_TEST(event_for_nobody_is_forgotten)
{
    play_with_pipe(_i, come_for_nobody_at_all);
    log_expect("a RUNNER_ECANCELED,b r,c r");
}
END_TEST

/* --- for many descriptors ---------------------------------------------------------------- */

enum { MANY = 1000 };

typedef struct many {
    int fds[MANY][2];
    uint32_t revents[MANY];
    int count;
    int woken;
} many_t;

static many_t many;

/* As many pipes as this process may have, up to a thousand. */
static void open_many(void)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t wanted = 2 * MANY + 64;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    ck_assert_uint_ge(limit.rlim_cur, 256 + 64);
    many = (many_t){.count = limit.rlim_cur >= wanted ? MANY : (int)(limit.rlim_cur - 64) / 2};
    for (int i = 0; i < many.count; i++) {
        ck_assert_int_eq(pipe2(many.fds[i], O_CLOEXEC | O_NONBLOCK), 0);
    }
}

static void close_many(void)
{
    for (int i = 0; i < many.count; i++) {
        ck_assert_int_eq(close(many.fds[i][0]), 0);
        ck_assert_int_eq(close(many.fds[i][1]), 0);
    }
}

static int wait_for_one_of_many(void *arg, int status, void **result)
{
    int i = (int)number_of(arg);
    (void)result;
    if (status == 0 && many.revents[i] == 0) {
        return runner_poll(many.fds[i][0], R, RUNNER_FOREVER, &many.revents[i]);
    }
    many.woken += status == 0;
    return status;
}

static void spawn_many(runner_task_t **tasks)
{
    for (int i = 0; i < many.count; i++) {
        many.revents[i] = 0;
        ck_assert_code(runner_spawn_step(wait_for_one_of_many, value_of(i), NULL, &tasks[i]), 0);
    }
    settle();
    ck_assert_int_eq(many.woken, 0);
}

/* All at once: more than are looked at in one go. Then one by one, from the last on. */
static void wait_for_many(void)
{
    runner_task_t *tasks[MANY];
    spawn_many(tasks);
    for (int i = 0; i < many.count; i++) {
        put(many.fds[i][1]);
    }
    settle();
    ck_assert_int_eq(many.woken, many.count);
    for (int i = 0; i < many.count; i++) {
        ck_assert_code(runner_task_status(tasks[i]), 0);
        ck_assert_uint_eq(many.revents[i], R);
        runner_task_unref(tasks[i]);
        get(many.fds[i][0]);
    }
    many.woken = 0;
    spawn_many(tasks);
    for (int i = many.count - 1; i >= 0; i--) {
        put(many.fds[i][1]);
        ck_assert_code(runner_await(tasks[i], NULL), 0);
        runner_task_unref(tasks[i]);
        ck_assert_int_eq(many.woken, many.count - i);
        get(many.fds[i][0]);
    }
}

START_TEST(many_descriptors)
{
    open_many();
    play(wait_for_many);
    close_many();
}
END_TEST

static void leave_many(void)
{
    runner_task_t *tasks[MANY];
    spawn_many(tasks);
    for (int i = 0; i < many.count; i++) {
        runner_task_unref(tasks[i]);
    }
}

START_TEST(close_cancels_many)
{
    open_many();
    play(leave_many);
    ck_assert_int_eq(many.woken, 0);
    close_many();
}
END_TEST

/* --- two tasks talk ---------------------------------------------------------------------- */

enum { ROUNDS = 2000 };

static int echo(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < ROUNDS; i++) {
        ck_assert_uint_eq(wait_now(ends[1], R), R);
        get(ends[1]);
        put(ends[1]);
    }
    return 0;
}

static void talk(void)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(echo, NULL, NULL, &task), 0);
    for (int i = 0; i < ROUNDS; i++) {
        put(ends[0]);
        ck_assert_uint_eq(wait_now(ends[0], R), R);
        get(ends[0]);
    }
    ck_assert_code(runner_await(task, NULL), 0);
    runner_task_unref(task);
}

START_TEST(two_tasks_talk_through_sockets)
{
    play_with_sockets(COROUTINE, talk);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("poll_several");
    TCase *tcase = test_case(suite, "one");
    add_for_each_kind(tcase, each_is_woken_by_its_own_events);
    add_for_each_kind(tcase, who_remains_is_watched_for);
    add_for_each_kind(tcase, all_who_wait_for_it_are_woken_in_the_order_of_their_coming);
    add_for_each_kind(tcase, what_is_ready_for_several_events_wakes_all_of_these);
    add_for_each_kind(tcase, who_comes_when_it_is_ready_is_woken_as_well);
    add_for_each_kind(tcase, each_has_its_own_time);
    add_for_each_kind(tcase, who_is_cancelled_leaves_the_others_waiting);
    add_for_each_kind(tcase, event_for_who_has_gone_takes_nothing_from_the_others);
    add_for_each_kind(tcase, event_for_nobody_is_forgotten);
    tcase = test_case(suite, "many");
    tcase_add_test(tcase, many_descriptors);
    tcase_add_test(tcase, close_cancels_many);
    tcase_add_test(tcase, two_tasks_talk_through_sockets);
    return test_main(suite);
}
