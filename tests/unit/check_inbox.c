/* The inbox: what is accepted is drained, in order, whoever posts, drains and closes. */
#include "check_support.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>

#include "inbox.h"
#include "model.h"

static runner__inbox_t inbox;
static uv_loop_t loop;
static int woken;  /* times that the loop was */
static int closed; /* close callbacks */

static void on_woken(uv_async_t *async)
{
    (void)async;
    woken++;
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
    closed++;
}

static void attach(uv_loop_t *to)
{
    ck_assert_code(runner__inbox_attach(&inbox, to, on_woken), 0);
}

static void detach(uv_loop_t *from)
{
    int before = closed;
    runner__inbox_detach(&inbox, on_closed);
    while (closed == before) {
        uv_run(from, UV_RUN_NOWAIT);
    }
}

/* The loop waits for a wake-up; one that never comes is the end of the time limit. */
static void wait_for_wake(void)
{
    int before = woken;
    uv_ref((uv_handle_t *)&inbox.async);
    while (woken == before) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    uv_unref((uv_handle_t *)&inbox.async);
}

static void setup(void)
{
    woken = 0;
    closed = 0;
    ck_assert_code(runner__inbox_init(&inbox), 0);
    ck_assert_code(uv_loop_init(&loop), 0);
}

static void teardown(void)
{
    ck_assert_code(uv_loop_close(&loop), 0);
    runner__inbox_fini(&inbox);
}

/* --- one thread --------------------------------------------------------------------------- */

/* The entries of a list, by their place in `entry`. */
static void expect_entries(runner__node_t *list, const runner__entry_t *entry, const char *expected)
{
    log_clear();
    for (runner__node_t *node = list->next; node != list; node = node->next) {
        log_add("%d", (int)(RUNNER__CONTAINER(node, runner__entry_t, node) - entry));
    }
    log_expect(expected);
}

START_TEST(test_inbox__opens_no_descriptor)
{
    runner__inbox_t another;
    int before = fd_count();
    ck_assert_code(runner__inbox_init(&another), 0);
    ck_assert_int_eq(fd_count(), before);
    runner__inbox_fini(&another);
}
END_TEST

START_TEST(test_inbox__drain_moves_all_in_order_behind_what_is_there)
{
    runner__entry_t entry[4];
    runner__node_t into;
    runner__list_init(&into);
    ck_assert(!runner__inbox_filled(&inbox));
    runner__inbox_drain(&inbox, &into);
    ck_assert(runner__list_empty(&into));
    runner__list_push(&into, &entry[3].node);
    for (int i = 0; i < 3; i++) {
        ck_assert(runner__inbox_post(&inbox, &entry[i]));
        ck_assert(runner__inbox_filled(&inbox));
    }
    runner__inbox_drain(&inbox, &into);
    ck_assert(!runner__inbox_filled(&inbox));
    expect_entries(&into, entry, "3,0,1,2");
}
END_TEST

START_TEST(test_inbox__close_hands_out_what_was_accepted_and_refuses_the_rest)
{
    runner__entry_t entry[3];
    runner__node_t into;
    runner__list_init(&into);
    runner__list_push(&into, &entry[2].node);
    ck_assert(runner__inbox_post(&inbox, &entry[0]));
    runner__inbox_close(&inbox, &into);
    expect_entries(&into, entry, "2,0");
    ck_assert(!runner__inbox_post(&inbox, &entry[1]));
    ck_assert(!runner__inbox_filled(&inbox));
    runner__inbox_drain(&inbox, &into);
    runner__inbox_close(&inbox, &into); /* again: still closed, nothing new */
    ck_assert(!runner__inbox_post(&inbox, &entry[1]));
    expect_entries(&into, entry, "2,0");
}
END_TEST

START_TEST(test_inbox__does_not_keep_a_loop_alive)
{
    attach(&loop);
    ck_assert_int_eq(uv_loop_alive(&loop), 0);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    detach(&loop);
}
END_TEST

START_TEST(test_inbox__post_wakes_the_loop_after_every_drain)
{
    runner__entry_t entry;
    runner__node_t into;
    runner__list_init(&into);
    attach(&loop);
    for (int i = 0; i < 3; i++) {
        ck_assert(runner__inbox_post(&inbox, &entry));
        wait_for_wake();
        runner__inbox_drain(&inbox, &into);
        ck_assert_ptr_eq(runner__list_pop(&into), &entry.node);
    }
    ck_assert_int_eq(woken, 3);
    detach(&loop);
}
END_TEST

START_TEST(test_inbox__wake_without_a_loop_does_nothing)
{
    runner__inbox_wake(&inbox);
    attach(&loop);
    detach(&loop);
    runner__inbox_wake(&inbox);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(woken, 0);
    ck_assert_uint_eq(atomic_load(&inbox.wakers), 0);
}
END_TEST

/* --- many threads ------------------------------------------------------------------------- */

enum { THREADS = 4, POSTS = 20000 };

typedef struct post {
    runner__entry_t entry;
    int thread;
    int number;
} post_t;

static post_t posts[THREADS][POSTS];

typedef struct poster {
    pthread_t thread;
    int index;
    int accepted; /* posts, before the first that was refused */
} poster_t;

static void *post_until_refused(void *arg)
{
    poster_t *self = arg;
    post_t *mine = posts[self->index];
    int number = 0;
    for (; number < POSTS; number++) {
        mine[number].thread = self->index;
        mine[number].number = number;
        if (!runner__inbox_post(&inbox, &mine[number].entry)) {
            break;
        }
    }
    self->accepted = number;
    return NULL;
}

/* Takes a list apart: each thread's posts come in their order, without a gap. */
static void count_list(runner__node_t *list, int *seen)
{
    while (!runner__list_empty(list)) {
        runner__entry_t *entry = RUNNER__CONTAINER(runner__list_pop(list), runner__entry_t, node);
        const post_t *post = RUNNER__CONTAINER(entry, post_t, entry);
        model_assert(post->number == seen[post->thread], "thread %d: %d instead of %d",
                     post->thread, post->number, seen[post->thread]);
        seen[post->thread]++;
    }
}

/* Every thread has been heard of, and so many posts came in all. */
static bool heard(const int *seen, int enough)
{
    int sum = 0;
    bool all = true;
    for (int i = 0; i < THREADS; i++) {
        sum += seen[i];
        all = all && seen[i] > 0;
    }
    return all && sum >= enough;
}

/* Waits in the kernel while the inbox is empty: a wake-up that is lost would be noticed. */
START_TEST(R188_test_inbox__what_is_accepted_is_drained_while_threads_post_and_it_closes)
{
    poster_t poster[THREADS];
    int seen[THREADS] = {0};
    runner__node_t list;
    runner__list_init(&list);
    attach(&loop);
    uv_ref((uv_handle_t *)&inbox.async);
    for (int i = 0; i < THREADS; i++) {
        poster[i].index = i;
        ck_assert_int_eq(pthread_create(&poster[i].thread, NULL, post_until_refused, &poster[i]),
                         0);
    }
    while (!heard(seen, 500 * _i)) {
        if (!runner__inbox_filled(&inbox)) {
            uv_run(&loop, UV_RUN_ONCE);
        }
        runner__inbox_drain(&inbox, &list);
        count_list(&list, seen);
    }
    runner__inbox_close(&inbox, &list);
    runner__node_t late;
    runner__list_init(&late);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(poster[i].thread, NULL);
    }
    count_list(&list, seen);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(poster[i].accepted, seen[i]);
    }
    runner__inbox_drain(&inbox, &late);
    ck_assert(runner__list_empty(&late));
    detach(&loop);
}
END_TEST

/* A thread that was stopped in the middle of runner__inbox_wake(): it goes on once the inbox is
 * being detached. The handle must not be closing as long as it is in there. */
static void *wake_slowly(void *arg)
{
    int *closing = arg;
    while (atomic_load(&inbox.async_open)) {}
    for (int i = 0; i < 1000; i++) {
        *closing += uv_is_closing((uv_handle_t *)&inbox.async) != 0;
        sched_yield();
    }
    atomic_fetch_sub(&inbox.wakers, 1);
    return NULL;
}

START_TEST(test_inbox__detach_waits_for_one_who_is_about_to_wake)
{
    pthread_t thread;
    int closing = 0;
    attach(&loop);
    atomic_fetch_add(&inbox.wakers, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_slowly, &closing), 0);
    detach(&loop);
    pthread_join(thread, NULL);
    ck_assert_int_eq(closing, 0);
    ck_assert_int_eq(closed, 1);
}
END_TEST

static atomic_bool wakers_end;

static void *wake_again_and_again(void *arg)
{
    sem_t *started = arg;
    sem_post(started);
    while (!atomic_load(&wakers_end)) {
        runner__inbox_wake(&inbox);
    }
    return NULL;
}

/* The memory of each loop is gone at once: a wake-up that comes too late would touch it. */
START_TEST(test_inbox__detached_loop_is_not_touched_by_those_who_wake)
{
    pthread_t waker[2];
    sem_t started;
    sem_init(&started, 0, 0);
    atomic_store(&wakers_end, false);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_create(&waker[i], NULL, wake_again_and_again, &started), 0);
    }
    for (int i = 0; i < 2; i++) {
        sem_wait(&started);
    }
    for (int round = 0; round < 100; round++) {
        uv_loop_t *brief = malloc(sizeof *brief);
        ck_assert_ptr_nonnull(brief);
        ck_assert_code(uv_loop_init(brief), 0);
        attach(brief);
        detach(brief);
        ck_assert_code(uv_loop_close(brief), 0);
        memset(brief, 0xdd, sizeof *brief);
        free(brief);
    }
    atomic_store(&wakers_end, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(waker[i], NULL);
    }
    sem_destroy(&started);
    ck_assert_int_eq(closed, 100);
}
END_TEST

/* --- signals ------------------------------------------------------------------------------ */

static void wake_from_handler(int signal_number)
{
    (void)signal_number;
    runner__inbox_wake(&inbox);
}

static void handle_sigusr1(void)
{
    struct sigaction action = {.sa_handler = wake_from_handler};
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
}

START_TEST(test_inbox__a_signal_handler_may_wake)
{
    attach(&loop);
    handle_sigusr1();
    for (int i = 1; i <= 100; i++) {
        raise(SIGUSR1);
        wait_for_wake();
        ck_assert_int_eq(woken, i);
    }
    detach(&loop);
}
END_TEST

typedef struct sender {
    pthread_t target;
    sem_t go;
    int rounds;
} sender_t;

static void *send_signals(void *arg)
{
    sender_t *sender = arg;
    for (int i = 0; i < sender->rounds; i++) {
        sem_wait(&sender->go);
        pthread_kill(sender->target, SIGUSR1);
    }
    return NULL;
}

/* Before, in or after the system call that waits: the loop wakes. */
START_TEST(R121_test_inbox__a_signal_handler_wakes_a_loop_that_waits)
{
    sender_t sender = {.target = pthread_self(), .rounds = 300};
    pthread_t thread;
    sem_init(&sender.go, 0, 0);
    attach(&loop);
    handle_sigusr1();
    ck_assert_int_eq(pthread_create(&thread, NULL, send_signals, &sender), 0);
    for (int i = 1; i <= sender.rounds; i++) {
        sem_post(&sender.go);
        wait_for_wake();
        ck_assert_int_eq(woken, i);
    }
    pthread_join(thread, NULL);
    sem_destroy(&sender.go);
    detach(&loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inbox");
    TCase *tcase = test_case(suite, "thread");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_inbox__opens_no_descriptor);
    tcase_add_test(tcase, test_inbox__drain_moves_all_in_order_behind_what_is_there);
    tcase_add_test(tcase, test_inbox__close_hands_out_what_was_accepted_and_refuses_the_rest);
    tcase_add_test(tcase, test_inbox__does_not_keep_a_loop_alive);
    tcase_add_test(tcase, test_inbox__post_wakes_the_loop_after_every_drain);
    tcase_add_test(tcase, test_inbox__wake_without_a_loop_does_nothing);

    tcase = test_case(suite, "threads");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(
        tcase, R188_test_inbox__what_is_accepted_is_drained_while_threads_post_and_it_closes, 0,
        10);
    tcase_add_test(tcase, test_inbox__detach_waits_for_one_who_is_about_to_wake);
    tcase_add_test(tcase, test_inbox__detached_loop_is_not_touched_by_those_who_wake);

    tcase = test_case(suite, "signals");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_inbox__a_signal_handler_may_wake);
    tcase_add_test(tcase, R121_test_inbox__a_signal_handler_wakes_a_loop_that_waits);
    return test_main(suite);
}
