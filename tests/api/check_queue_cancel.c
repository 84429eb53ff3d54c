/* Queues whose getters and putters are cancelled, end or are given up: nothing is lost. */
#include "queues.h"

/* --- cancel ------------------------------------------------------------------------------ */

static void cancel_chosen_getters(void)
{
    spawn_get(A);
    spawn_get(B);
    spawn_get(C);
    turn();
    put(1);
    cancel(A);
    turn();
    cancel(B); /* A has woken it in this turn */
    turn();
    turn();
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
}

START_TEST(item_of_a_cancelled_getter_goes_to_the_next)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, cancel_chosen_getters);
    log_expect("-,a RUNNER_ECANCELED,-,b RUNNER_ECANCELED,-,c=1,-");
}
END_TEST

static void cancel_one_of_many_getters(void)
{
    spawn_get(A);
    spawn_get(B);
    spawn_get(C);
    turn();
    put(1);
    put(2);
    cancel(A);
    join(A, RUNNER_ECANCELED);
    join(B, 0);
    join(C, 0);
}

START_TEST(no_item_is_lost_with_one_of_many_getters)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, cancel_one_of_many_getters);
    log_expect("-,a RUNNER_ECANCELED,b=1,c=2");
}
END_TEST

static void cancel_only_getter(void)
{
    spawn_get(A);
    turn();
    put(1);
    put(2);
    cancel(A);
    join(A, RUNNER_ECANCELED);
    check_count(2);
    spawn_get(A); /* tries again */
    join(A, 0);
    get(2);
}

START_TEST(item_of_a_cancelled_getter_stays_in_its_place)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, cancel_only_getter);
    log_expect("-,a RUNNER_ECANCELED,a=1");
}
END_TEST

static void cancel_waiting_getter(void)
{
    spawn_get(A);
    spawn_get(B);
    turn();
    cancel(A);
    put(1); /* passes over A, which has not run */
    turn();
    join(A, RUNNER_ECANCELED);
    join(B, 0);
}

START_TEST(cancelled_getter_is_out_of_the_line_at_once)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, cancel_waiting_getter);
    log_expect("-,a RUNNER_ECANCELED,b=1,-");
}
END_TEST

static void cancel_chosen_putters(void)
{
    put(1);
    spawn_put(A, 2);
    spawn_put(B, 3);
    spawn_put(C, 4);
    turn();
    get(1);
    cancel(A);
    turn();
    cancel(B); /* A has woken it in this turn */
    turn();
    turn();
    get(4);
    join(A, RUNNER_ECANCELED);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
}

START_TEST(place_of_a_cancelled_putter_goes_to_the_next)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, cancel_chosen_putters);
    log_expect("-,a RUNNER_ECANCELED,-,b RUNNER_ECANCELED,-,c,-");
}
END_TEST

static void cancel_only_putter(void)
{
    put(1);
    spawn_put(A, 2);
    turn();
    get(1);
    cancel(A);
    join(A, RUNNER_ECANCELED);
    check_count(0);
    spawn_put(A, 2); /* tries again */
    join(A, 0);
    get(2);
}

START_TEST(cancelled_putter_has_put_nothing)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, cancel_only_putter);
    log_expect("-,a RUNNER_ECANCELED,a");
}
END_TEST

static void cancel_waiting_putter(void)
{
    spawn_put(A, 1);
    spawn_put(B, 2);
    spawn_put(C, 3);
    turn();
    cancel(B);
    get(1); /* passes over B, which has not run */
    turn();
    join(A, 0);
    join(B, RUNNER_ECANCELED);
    join(C, 0);
    get(3);
}

START_TEST(cancelled_putter_is_out_of_the_line_at_once)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 1, cancel_waiting_putter);
    log_expect("a,-,b RUNNER_ECANCELED,c,-");
}
END_TEST

/* Waits, lets B wait behind it, puts an item that wakes it, and ends. */
static int end_when_given(void *arg, int status, void **result)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .eager = 1};
    actor_t *actor = arg;
    (void)status;
    (void)result;
    ck_assert_code(runner_queue_get(queue, &actor->item), RUNNER_EPARKED);
    ck_assert_code(runner_spawn(get_on_stack, &cast[B], &opts, &cast[B].task), 0);
    put(1);
    return 0;
}

static void end_with_it(void)
{
    spawn_body(A, NULL, end_when_given);
    turn();
    join(A, 0);
    join(B, 0);
}

START_TEST(step_that_ends_before_it_takes_its_item_leaves_it_to_the_next)
{
    play_new(STACKLESS, RUNNER_QUEUE_FIFO, 0, end_with_it);
    log_expect("-,b=1");
}
END_TEST

/* --- runners ----------------------------------------------------------------------------- */

static void leave_getter(void)
{
    spawn_get(A);
    turn();
}

static void leave_putter(void)
{
    put(1);
    spawn_put(A, 2);
    turn();
}

static void put_in_main(void)
{
    log_add("main %s", code_name(runner_queue_put(queue, value_of(3))));
}

static void get_of_another(void)
{
    void *item = value_of(-1);
    log_add("main %s", code_name(runner_queue_get(queue, &item)));
    ck_assert_int_eq(number_of(item), -1);
}

START_TEST(who_waits_keeps_other_runners_from_putting_and_getting)
{
    runner_t *first = test_runner();
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 1);
    ck_assert_code(play_on(first, leave_getter), 0);
    play(put_in_main); /* also from what would not have to wait */
    log_expect("-,main RUNNER_EFOREIGN");
    check_count(0);
    put(1); /* between runs anybody may: A runs in the next one */
    ck_assert_code(runner_run(first, log_body, "next", NULL, NULL), 0);
    log_expect("a=1,next");
    unref(A);
    ck_assert_code(play_on(first, leave_putter), 0);
    play(get_of_another);
    log_expect("-,main RUNNER_EFOREIGN");
    check_count(1);
    get(1);
    ck_assert_code(runner_run(first, log_body, "next", NULL, NULL), 0);
    log_expect("a,next");
    unref(A);
    get(2);
    unref_queue();
    runner_free(first);
}
END_TEST

/* If the first item can be had, the second cannot: A waits for it already. */
static void get_more_of_another(void)
{
    void *item = value_of(-1);
    (void)runner_queue_get(queue, &item);
    log_add("main %s", code_name(runner_queue_get(queue, &item)));
}

START_TEST(woken_getter_of_another_runner_stands_before_who_has_to_wait)
{
    runner_t *first = test_runner();
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 0);
    ck_assert_code(play_on(first, leave_getter), 0);
    put(1); /* for A, that runs when its runner does */
    play(get_more_of_another);
    log_expect("-,main RUNNER_EFOREIGN");
    ck_assert_code(runner_close(first), 0);
    log_expect("a RUNNER_ECANCELED");
    unref(A);
    unref_queue();
    runner_free(first);
}
END_TEST

START_TEST(close_leaves_the_item_of_a_getter_in_the_queue)
{
    runner_t *first = test_runner();
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 0);
    ck_assert_code(play_on(first, leave_getter), 0);
    put(1);
    ck_assert_code(runner_close(first), 0);
    log_expect("-,a RUNNER_ECANCELED");
    unref(A);
    runner_free(first);
    check_count(1);
    ck_assert_int_eq(dropped[1], 0);
    unref_queue();
    ck_assert_int_eq(dropped[1], 1);
}
END_TEST

START_TEST(close_does_not_touch_the_item_of_a_putter)
{
    runner_t *first = test_runner();
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 1);
    ck_assert_code(play_on(first, leave_putter), 0);
    get(1);
    ck_assert_code(runner_close(first), 0);
    log_expect("-,a RUNNER_ECANCELED");
    unref(A);
    runner_free(first);
    check_count(0);
    unref_queue();
    ck_assert_int_eq(dropped[2], 0);
}
END_TEST

/* Swallows every cancel and tries again. */
static int insist_to_get(void *arg, void **result)
{
    int code = RUNNER_ECANCELED;
    while (code == RUNNER_ECANCELED) {
        code = get_on_stack(arg, result);
    }
    return code;
}

static int insist_to_get_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ > 0 && log_get(actor, status) != RUNNER_ECANCELED) {
        return status;
    }
    actor->item = value_of(-1);
    return runner_queue_get(queue, &actor->item);
}

static int put_when_cancelled(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    put(1);
    return log_done(arg, code);
}

/* When they are cancelled, A waits again, and then B puts what would be for A. */
static void leave_insistent_getter(void)
{
    spawn_body(A, insist_to_get, insist_to_get_in_steps);
    ck_assert_code(runner_spawn(put_when_cancelled, &cast[B], NULL, NULL), 0);
    turn();
}

START_TEST(abandoned_getter_leaves_its_item_in_the_queue)
{
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 0);
    play_and_abandon(leave_insistent_getter);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED");
    get(1);
    unref_queue();
    ck_assert_int_eq(dropped[1], 0);
}
END_TEST

static int insist_to_put(void *arg, void **result)
{
    int code = RUNNER_ECANCELED;
    while (code == RUNNER_ECANCELED) {
        code = put_on_stack(arg, result);
    }
    return code;
}

static int insist_to_put_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ > 0 && log_done(actor, status) != RUNNER_ECANCELED) {
        return status;
    }
    return runner_queue_put(queue, actor->item);
}

static int get_when_cancelled(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    get(1);
    return log_done(arg, code);
}

/* When they are cancelled, A waits again, and then B makes room for it. */
static void leave_insistent_putter(void)
{
    put(1);
    cast[A].item = value_of(2);
    spawn_body(A, insist_to_put, insist_to_put_in_steps);
    ck_assert_code(runner_spawn(get_when_cancelled, &cast[B], NULL, NULL), 0);
    turn();
}

START_TEST(abandoned_putter_puts_nothing_and_keeps_its_item)
{
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 1);
    play_and_abandon(leave_insistent_putter);
    log_expect("-,a RUNNER_ECANCELED,b RUNNER_ECANCELED");
    check_count(0);
    put(3);
    unref_queue();
    ck_assert_int_eq(dropped[2], 0);
    ck_assert_int_eq(dropped[3], 1);
}
END_TEST

static void release_handle(void)
{
    put(1);
    spawn_put(A, 2);
    turn();
    unref_queue();
    turn();
    ck_assert_int_eq(dropped[1], 0); /* A keeps the queue and what is in it */
    cancel(A);
    join(A, RUNNER_ECANCELED);
}

START_TEST(items_are_dropped_when_the_last_task_has_stopped_waiting)
{
    kind = _i;
    make_queue(RUNNER_QUEUE_FIFO, 1);
    play(release_handle);
    ck_assert_int_eq(dropped[1], 1);
    ck_assert_int_eq(dropped[2], 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("queue_cancel");
    TCase *tcase = test_case(suite, "cancel");
    add_for_each_kind(tcase, item_of_a_cancelled_getter_goes_to_the_next);
    add_for_each_kind(tcase, no_item_is_lost_with_one_of_many_getters);
    add_for_each_kind(tcase, item_of_a_cancelled_getter_stays_in_its_place);
    add_for_each_kind(tcase, cancelled_getter_is_out_of_the_line_at_once);
    add_for_each_kind(tcase, place_of_a_cancelled_putter_goes_to_the_next);
    add_for_each_kind(tcase, cancelled_putter_has_put_nothing);
    add_for_each_kind(tcase, cancelled_putter_is_out_of_the_line_at_once);
    tcase_add_test(tcase, step_that_ends_before_it_takes_its_item_leaves_it_to_the_next);
    tcase = test_case(suite, "runners");
    add_for_each_kind(tcase, who_waits_keeps_other_runners_from_putting_and_getting);
    add_for_each_kind(tcase, woken_getter_of_another_runner_stands_before_who_has_to_wait);
    add_for_each_kind(tcase, close_leaves_the_item_of_a_getter_in_the_queue);
    add_for_each_kind(tcase, close_does_not_touch_the_item_of_a_putter);
    add_for_each_kind(tcase, abandoned_getter_leaves_its_item_in_the_queue);
    add_for_each_kind(tcase, abandoned_putter_puts_nothing_and_keeps_its_item);
    add_for_each_kind(tcase, items_are_dropped_when_the_last_task_has_stopped_waiting);
    return test_main(suite);
}
