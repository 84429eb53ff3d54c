/*
 * Queues: tasks that wait for an item or for room, and in which order they get it. Cancels have
 * check_queue_cancel.c, shutdown has check_queue_shutdown.c, what holds for every wait has
 * check_waiting.c.
 */
#include "queues.h"

/* --- waiting for an item ----------------------------------------------------------------- */

static void wait_for_item(void)
{
    spawn_get(A);
    turn();
    put(1);
    check_count(1); /* it stays in the queue until A runs */
    turn();
    check_count(0);
    join(A, 0);
}

START_TEST(getter_takes_the_item_when_it_runs)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, wait_for_item);
    log_expect("-,a=1,-");
}
END_TEST

static void wait_in_line(void)
{
    spawn_get(A);
    spawn_get(B);
    spawn_get(C);
    turn();
    put(1);
    put(2);
    put(3);
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
}

START_TEST(items_go_to_getters_in_the_order_of_their_coming)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, wait_in_line);
    log_expect("-,a=1,b=2,c=3");
}
END_TEST

START_TEST(getter_of_a_lifo_takes_what_is_newest_when_it_runs)
{
    play_new(_i, RUNNER_QUEUE_LIFO, 0, wait_in_line);
    log_expect("-,a=3,b=2,c=1");
}
END_TEST

static void steal_item(void)
{
    spawn_get(A);
    spawn_get(B);
    turn();
    put(1);
    get(1); /* before A runs: A waits again, behind B */
    turn();
    check_pending(A);
    put(2);
    turn();
    put(3);
    join(A, 0);
    join(B, 0);
}

START_TEST(getter_whose_item_was_taken_waits_again)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, steal_item);
    log_expect("-,-,b=2,-,a=3");
}
END_TEST

static int put_callback(void *arg)
{
    return runner_queue_put_nowait(arg, value_of(1));
}

static void wait_for_callback(void)
{
    spawn_get(A);
    ck_assert_code(runner_call_later(runner_current(), 10, put_callback, queue, NULL, NULL), 0);
    join(A, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
}

START_TEST(callback_may_put)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, wait_for_callback);
    log_expect("a=1");
}
END_TEST

static int get_twice(void *arg, void **result)
{
    (void)result;
    ck_assert_code(get_and_log(arg), 0);
    return get_and_log(arg);
}

static void put_one_by_one(void)
{
    for (int who = A; who <= C; who++) {
        spawn_body(who, get_twice, NULL);
    }
    turn();
    for (int i = 0; i < 6; i++) {
        put(i);
        turn();
    }
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
}

START_TEST(who_comes_again_waits_behind_the_others)
{
    play_new(COROUTINE, RUNNER_QUEUE_FIFO, 0, put_one_by_one);
    log_expect("-,a=0,-,b=1,-,c=2,-,a=3,-,b=4,-,c=5,-");
}
END_TEST

static void put_all_at_once(void)
{
    for (int who = A; who <= C; who++) {
        spawn_body(who, get_twice, NULL);
    }
    turn();
    for (int i = 0; i < 6; i++) {
        put(i);
    }
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
}

START_TEST(who_finds_an_item_does_not_wait_though_others_were_woken)
{
    play_new(COROUTINE, RUNNER_QUEUE_FIFO, 0, put_all_at_once);
    log_expect("-,a=0,a=1,b=2,b=3,c=4,c=5");
}
END_TEST

/* --- waiting for room -------------------------------------------------------------------- */

static void wait_for_room(void)
{
    put(1);
    spawn_put(A, 2);
    turn();
    check_count(1);
    get(1);
    check_count(0);
    turn();
    check_count(1);
    join(A, 0);
    get(2);
}

START_TEST(putter_puts_its_item_when_it_runs)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, wait_for_room);
    log_expect("-,a,-");
}
END_TEST

static void put_in_line(void)
{
    put(0);
    spawn_put(A, 1);
    spawn_put(B, 2);
    spawn_put(C, 3);
    turn();
    for (int i = 0; i < 3; i++) {
        get(i);
        turn();
    }
    for (int who = A; who <= C; who++) {
        join(who, 0);
    }
    get(3);
}

START_TEST(room_goes_to_putters_in_the_order_of_their_coming)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, put_in_line);
    log_expect("-,a,-,b,-,c,-");
}
END_TEST

static void steal_room(void)
{
    put(1);
    spawn_put(A, 2);
    spawn_put(B, 3);
    turn();
    get(1);
    put(9); /* before A runs: A waits again, behind B */
    turn();
    get(9);
    turn();
    get(3);
    turn();
    get(2);
    join(A, 0);
    join(B, 0);
}

START_TEST(putter_whose_place_was_taken_waits_again)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, steal_room);
    log_expect("-,-,b,-,a,-");
}
END_TEST

static int get_callback(void *arg)
{
    void *item = NULL;
    return runner_queue_get_nowait(arg, &item);
}

static void wait_for_room_by_callback(void)
{
    put(1);
    spawn_put(A, 2);
    ck_assert_code(runner_call_later(runner_current(), 10, get_callback, queue, NULL, NULL), 0);
    join(A, 0);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    get(2);
}

START_TEST(callback_may_get)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, wait_for_room_by_callback);
    log_expect("a");
}
END_TEST

static int put_three(void *arg, void **result)
{
    const actor_t *actor = arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_queue_put(queue, value_of(i)), 0);
        log_add("%s%d", actor->name, i);
    }
    return 0;
}

static void put_until_full(void)
{
    spawn_body(A, put_three, NULL);
    turn();
    turn();
    get(0);
    turn();
    get(1);
    get(2);
    join(A, 0);
}

START_TEST(put_waits_only_when_the_queue_is_full)
{
    play_new(COROUTINE, RUNNER_QUEUE_FIFO, 2, put_until_full);
    log_expect("a0,a1,-,-,a2,-");
}
END_TEST

static int put_urgent_on_stack(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_queue_put_priority(queue, value_of(3), -1);
}

static int put_urgent_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    return actor->begun++ == 0 ? runner_queue_put_priority(queue, value_of(3), -1) : status;
}

static void wait_with_priority(void)
{
    put(1);
    put(2);
    spawn_body(A, put_urgent_on_stack, put_urgent_in_steps);
    turn();
    get(1);
    join(A, 0);
    get(3);
    get(2);
}

START_TEST(item_keeps_its_priority_while_its_putter_waits)
{
    play_new(_i, RUNNER_QUEUE_PRIORITY, 2, wait_with_priority);
}
END_TEST

/* --- getters and putters ----------------------------------------------------------------- */

static void get_in_main(int number)
{
    void *item = value_of(-1);
    ck_assert_code(runner_queue_get(queue, &item), 0);
    ck_assert_int_eq(number_of(item), number);
    log_add("%d", number);
}

static void get_from_putters(void)
{
    spawn_put(A, 1);
    spawn_put(B, 2);
    get_in_main(1);
    get_in_main(2);
    join(A, 0);
    join(B, 0);
}

START_TEST(getter_and_putters_take_turns)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, get_from_putters);
    log_expect("a,1,b,2");
}
END_TEST

static int produce(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 5; i++) {
        ck_assert_code(runner_queue_put(queue, value_of(i)), 0);
        log_add("put %d", i);
    }
    return 0;
}

static int consume(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 5; i++) {
        get_in_main(i);
    }
    return 0;
}

static void produce_and_consume(void)
{
    spawn_body(A, produce, NULL);
    spawn_body(B, consume, NULL);
    join(A, 0);
    join(B, 0);
}

START_TEST(producer_and_consumer_do_not_wait_for_each_other_for_ever)
{
    play_new(COROUTINE, RUNNER_QUEUE_FIFO, 1, produce_and_consume);
    log_expect("put 0,0,put 1,1,put 2,2,put 3,3,put 4,4");
}
END_TEST

static int get_what_is_there(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    for (int left = (int)runner_queue_count(queue); left > 0; left--) {
        get_in_main(2 - left);
    }
    return 0;
}

static void empty_at_once(void)
{
    spawn_body(E, get_what_is_there, NULL);
    for (int who = A; who <= D; who++) {
        spawn_put(who, who);
    }
    for (int who = A; who <= E; who++) {
        join(who, 0);
    }
    get(2);
    get(3);
}

START_TEST(every_item_that_is_taken_lets_a_putter_in)
{
    play_new(COROUTINE, RUNNER_QUEUE_FIFO, 2, empty_at_once);
    log_expect("a,b,0,1,c,d");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("queue_wait");
    TCase *tcase = test_case(suite, "get");
    add_for_each_kind(tcase, getter_takes_the_item_when_it_runs);
    add_for_each_kind(tcase, items_go_to_getters_in_the_order_of_their_coming);
    add_for_each_kind(tcase, getter_of_a_lifo_takes_what_is_newest_when_it_runs);
    add_for_each_kind(tcase, getter_whose_item_was_taken_waits_again);
    add_for_each_kind(tcase, callback_may_put);
    tcase_add_test(tcase, who_comes_again_waits_behind_the_others);
    tcase_add_test(tcase, who_finds_an_item_does_not_wait_though_others_were_woken);
    tcase = test_case(suite, "put");
    add_for_each_kind(tcase, putter_puts_its_item_when_it_runs);
    add_for_each_kind(tcase, room_goes_to_putters_in_the_order_of_their_coming);
    add_for_each_kind(tcase, putter_whose_place_was_taken_waits_again);
    add_for_each_kind(tcase, callback_may_get);
    tcase_add_test(tcase, put_waits_only_when_the_queue_is_full);
    add_for_each_kind(tcase, item_keeps_its_priority_while_its_putter_waits);
    tcase = test_case(suite, "get and put");
    add_for_each_kind(tcase, getter_and_putters_take_turns);
    tcase_add_test(tcase, producer_and_consumer_do_not_wait_for_each_other_for_ever);
    tcase_add_test(tcase, every_item_that_is_taken_lets_a_putter_in);
    return test_main(suite);
}
