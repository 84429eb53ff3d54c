/*
 * Queues that are shut down: at once, or when they are empty; with tasks that wait to get, to put
 * and to join. The tests of empty and full queues run for each kind of queue and of tasks.
 */
#include "queues.h"

enum { QUEUES = 3 };

static void shut_down(int immediate)
{
    ck_assert_code(runner_queue_shutdown(queue, immediate), 0);
}

static void check_dropped(int number, int times)
{
    ck_assert_int_eq(dropped[number], times);
}

/* Nothing can be put any more, and the queue is empty. */
static void check_shut(void)
{
    void *item = value_of(7);
    check_count(0);
    ck_assert_code(runner_queue_put(queue, value_of(9)), RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_put_nowait(queue, value_of(9)), RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_put_priority(queue, value_of(9), 1), RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_put_priority_nowait(queue, value_of(9), 1), RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_get(queue, &item), RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_get_nowait(queue, &item), RUNNER_EQUEUESHUT);
    ck_assert_int_eq(number_of(item), 7);
    check_count(0);
    check_dropped(9, 0);
}

static void check_all_done(void)
{
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    ck_assert_code(runner_queue_join(queue), 0);
}

/* Plays a scene with a new queue, and releases that. */
static void play_queue(int index, size_t maxsize, void (*scene)(void))
{
    kind = index % KINDS;
    make_queue(index / KINDS, maxsize);
    play(scene);
    unref_queue();
}

/* --- what can still be done -------------------------------------------------------------- */

static void shut_down_empty(void)
{
    spawn_get(A);
    turn();
    shut_down(0);
    check_pending(A);
    ck_assert_code(runner_queue_join(queue), 0);
    turn();
    join(A, RUNNER_EQUEUESHUT);
    check_shut();
    check_all_done();
}

START_TEST(empty_queue_is_over_when_it_is_shut_down)
{
    play_queue(_i, 0, shut_down_empty);
    log_expect("-,a RUNNER_EQUEUESHUT,-");
}
END_TEST

static void shut_down_full(void)
{
    void *item = value_of(-1);
    put(1);
    spawn_join(A);
    spawn_put(B, 2);
    turn();
    shut_down(0);
    check_count(1);
    ck_assert_code(runner_queue_put_nowait(queue, value_of(9)), RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_put(queue, value_of(9)), RUNNER_EQUEUESHUT);
    turn();
    join(B, RUNNER_EQUEUESHUT);
    ck_assert_code(runner_queue_get(queue, &item), 0);
    ck_assert_int_eq(number_of(item), 1);
    turn();
    check_pending(A);
    check_shut();
    task_done();
    turn();
    join(A, 0);
    check_all_done();
}

START_TEST(queue_with_items_is_over_when_it_is_empty)
{
    play_queue(_i, 1, shut_down_full);
    log_expect("-,b RUNNER_EQUEUESHUT,-,-,a,-");
    check_dropped(1, 0);
    check_dropped(2, 0);
}
END_TEST

static void shut_down_at_once(void)
{
    put(1);
    put(2);
    spawn_join(A);
    turn();
    shut_down(1);
    check_count(0);
    check_dropped(1, 1);
    check_dropped(2, 1);
    check_pending(A);
    turn();
    join(A, 0);
    check_shut();
    check_all_done();
}

START_TEST(immediate_shutdown_drops_the_items_and_ends_the_join)
{
    play_queue(_i, 0, shut_down_at_once);
    log_expect("-,a,-");
    check_dropped(1, 1);
    check_dropped(2, 1);
}
END_TEST

static void shut_down_with_unfinished(void)
{
    put(1);
    put(1);
    spawn_join(A);
    turn();
    get(1);
    shut_down(1);
    turn();
    check_pending(A); /* the item that was taken is not done */
    check_shut();
    task_done();
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    turn();
    join(A, 0);
}

START_TEST(immediate_shutdown_leaves_the_tasks_that_were_taken)
{
    play_queue(_i, 0, shut_down_with_unfinished);
    log_expect("-,-,a,-");
    check_dropped(1, 1);
}
END_TEST

static void shut_down_twice(void)
{
    put(1);
    shut_down(0);
    shut_down(0);
    check_count(1);
    shut_down(1);
    check_count(0);
    check_dropped(1, 1);
    shut_down(1);
    shut_down(0);
    check_shut();
    check_all_done();
}

START_TEST(queue_may_be_shut_down_again_and_at_once_after_all)
{
    play_queue(_i, 0, shut_down_twice);
    check_dropped(1, 1);
}
END_TEST

START_TEST(shutdown_needs_no_loop_and_ends_with_the_queue)
{
    make_queue(_i, 0);
    put(1);
    put(2);
    shut_down(0);
    check_count(2);
    get(_i == RUNNER_QUEUE_LIFO ? 2 : 1);
    unref_queue();
    check_dropped(1, _i == RUNNER_QUEUE_LIFO);
    check_dropped(2, _i != RUNNER_QUEUE_LIFO);
}
END_TEST

/* --- tasks that wait --------------------------------------------------------------------- */

static void shut_down_getters(void)
{
    spawn_get(A);
    spawn_get(B);
    spawn_get(C);
    turn();
    put(1);
    shut_down(0);
    check_count(1); /* it is for A, the first that runs */
    join(A, 0);
    join(B, RUNNER_EQUEUESHUT);
    join(C, RUNNER_EQUEUESHUT);
}

START_TEST(shutdown_wakes_all_getters_and_the_first_gets_what_is_left)
{
    play_queue(_i, 0, shut_down_getters);
    log_expect("-,a=1,b RUNNER_EQUEUESHUT,c RUNNER_EQUEUESHUT");
    check_dropped(1, 0);
}
END_TEST

static void shut_down_chosen_getter(void)
{
    spawn_get(A);
    spawn_get(B);
    turn();
    put(1);
    shut_down(1);
    check_dropped(1, 1); /* though A was woken for it */
    join(A, RUNNER_EQUEUESHUT);
    join(B, RUNNER_EQUEUESHUT);
    check_all_done();
}

START_TEST(immediate_shutdown_leaves_nothing_to_a_getter_that_was_woken)
{
    play_queue(_i, 0, shut_down_chosen_getter);
    log_expect("-,a RUNNER_EQUEUESHUT,b RUNNER_EQUEUESHUT");
    check_dropped(1, 1);
}
END_TEST

static void shut_down_and_steal(void)
{
    spawn_get(A);
    turn();
    put(1);
    shut_down(0);
    get(1);
    join(A, RUNNER_EQUEUESHUT); /* it does not wait again */
}

START_TEST(getter_whose_item_was_taken_does_not_wait_for_a_queue_that_is_shut)
{
    play_queue(_i, 0, shut_down_and_steal);
    log_expect("-,a RUNNER_EQUEUESHUT");
}
END_TEST

static void shut_down_putters(void)
{
    put(1);
    spawn_put(A, 2);
    spawn_put(B, 3);
    turn();
    get(1); /* wakes A, which is not done with that */
    shut_down(0);
    join(A, RUNNER_EQUEUESHUT);
    join(B, RUNNER_EQUEUESHUT);
    check_shut();
}

START_TEST(shutdown_wakes_all_putters_and_none_puts_its_item)
{
    play_queue(_i, 1, shut_down_putters);
    log_expect("-,a RUNNER_EQUEUESHUT,b RUNNER_EQUEUESHUT");
    check_dropped(2, 0);
    check_dropped(3, 0);
}
END_TEST

static void shut_down_joiner_and_putters(void)
{
    put(1);
    spawn_put(A, 2);
    spawn_put(B, 3);
    spawn_join(C);
    turn();
    shut_down(1);
    join(A, RUNNER_EQUEUESHUT);
    join(B, RUNNER_EQUEUESHUT);
    join(C, 0);
    check_shut();
}

START_TEST(immediate_shutdown_wakes_joiners_first_and_makes_no_room_for_putters)
{
    play_queue(_i, 1, shut_down_joiner_and_putters);
    log_expect("-,c,a RUNNER_EQUEUESHUT,b RUNNER_EQUEUESHUT");
    check_dropped(1, 1);
    check_dropped(2, 0);
    check_dropped(3, 0);
}
END_TEST

static void cancel_and_shut_down(void)
{
    put(1);
    spawn_put(A, 2);
    spawn_put(B, 3);
    turn();
    cancel(A);
    shut_down(0);
    cancel(B);
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    check_count(1);
}

START_TEST(cancel_counts_more_than_a_shutdown_of_the_same_turn)
{
    play_queue(_i, 1, cancel_and_shut_down);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED");
    check_dropped(1, 1); /* with the queue */
    check_dropped(2, 0);
    check_dropped(3, 0);
}
END_TEST

static int shut_down_callback(void *arg)
{
    return runner_queue_shutdown(arg, 0);
}

static void shut_down_by_callback(void)
{
    spawn_get(A);
    ck_assert_code(runner_call_later(runner_current(), 10, shut_down_callback, queue, NULL, NULL),
                   0);
    join(A, RUNNER_EQUEUESHUT);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
}

START_TEST(callback_may_shut_down)
{
    play_queue(_i, 0, shut_down_by_callback);
    log_expect("a RUNNER_EQUEUESHUT");
}
END_TEST

/* Works until there is nothing any more. */
static int work(void *arg, void **result)
{
    actor_t *actor = arg;
    (void)result;
    while (get_and_log(actor) == 0) {
        ck_assert_code(runner_yield(), 0);
        task_done();
    }
    return 0;
}

static void shut_down_workers(void)
{
    spawn_body(A, work, NULL);
    spawn_body(B, work, NULL);
    turn();
    for (int i = 0; i < 5; i++) {
        put(i);
    }
    spawn_body(C, join_on_stack, NULL);
    shut_down(0);
    join(A, 0);
    join(B, 0);
    join(C, 0);
}

START_TEST(workers_do_what_is_left_and_end)
{
    play_queue(COROUTINE, 0, shut_down_workers);
    log_expect("-,a=0,b=1,a=2,b=3,a=4,b RUNNER_EQUEUESHUT,a RUNNER_EQUEUESHUT,c");
}
END_TEST

/* --- drop -------------------------------------------------------------------------------- */

/* A drop that uses the queue. What it may do then is what anybody may. */
static void use_queue(void *item)
{
    size_t count = runner_queue_count(queue);
    drop_item(item);
    log_add("drop, %zu left", count);
    ck_assert_code(runner_queue_put_nowait(queue, value_of(9)), RUNNER_EQUEUESHUT);
    shut_down(1); /* drops the others meanwhile */
    check_count(0);
}

START_TEST(drop_may_use_the_queue_that_is_shut_down)
{
    runner_queue_options_t opts = {.size = sizeof opts, .drop = use_queue, .kind = _i};
    ck_assert_code(runner_queue_new(&queue, &opts), 0);
    for (int i = 0; i < 3; i++) {
        put(i);
    }
    shut_down(1);
    log_expect("drop, 2 left,drop, 1 left,drop, 0 left");
    check_count(0);
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    unref_queue();
    for (int i = 0; i < 3; i++) {
        check_dropped(i, 1);
    }
    check_dropped(9, 0);
}
END_TEST

static runner_queue_t *nested;

static void unref_nested(void *item)
{
    drop_item(item);
    runner_queue_unref(nested);
}

START_TEST(drop_of_an_item_may_release_another_queue)
{
    runner_queue_options_t opts = {.size = sizeof opts, .drop = unref_nested};
    make_queue(RUNNER_QUEUE_FIFO, 0);
    nested = queue;
    put(1);
    ck_assert_code(runner_queue_new(&queue, &opts), 0);
    put(2);
    unref_queue();
    check_dropped(1, 1);
    check_dropped(2, 1);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

#define add_for_each(tcase, test) tcase_add_loop_test(tcase, test, 0, QUEUES *KINDS)

int main(void)
{
    Suite *suite = suite_create("queue_shutdown");
    TCase *tcase = test_case(suite, "kinds");
    add_for_each(tcase, empty_queue_is_over_when_it_is_shut_down);
    add_for_each(tcase, queue_with_items_is_over_when_it_is_empty);
    add_for_each(tcase, immediate_shutdown_drops_the_items_and_ends_the_join);
    add_for_each(tcase, immediate_shutdown_leaves_the_tasks_that_were_taken);
    add_for_each(tcase, queue_may_be_shut_down_again_and_at_once_after_all);
    tcase_add_loop_test(tcase, shutdown_needs_no_loop_and_ends_with_the_queue, 0, QUEUES);
    tcase = test_case(suite, "waiting");
    add_for_each_kind(tcase, shutdown_wakes_all_getters_and_the_first_gets_what_is_left);
    add_for_each_kind(tcase, immediate_shutdown_leaves_nothing_to_a_getter_that_was_woken);
    add_for_each_kind(tcase, getter_whose_item_was_taken_does_not_wait_for_a_queue_that_is_shut);
    add_for_each_kind(tcase, shutdown_wakes_all_putters_and_none_puts_its_item);
    add_for_each_kind(tcase, immediate_shutdown_wakes_joiners_first_and_makes_no_room_for_putters);
    add_for_each_kind(tcase, cancel_counts_more_than_a_shutdown_of_the_same_turn);
    add_for_each_kind(tcase, callback_may_shut_down);
    tcase_add_test(tcase, workers_do_what_is_left_and_end);
    tcase = test_case(suite, "drop");
    tcase_add_loop_test(tcase, drop_may_use_the_queue_that_is_shut_down, 0, QUEUES);
    tcase_add_test(tcase, drop_of_an_item_may_release_another_queue);
    return test_main(suite);
}
