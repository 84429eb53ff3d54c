/* Conditions and cancels: while a task waits for the notification, while it takes the lock again,
 * several times; and who gets the notification. */
#include "waiting.h"

/* --- while waiting for the notification -------------------------------------------------- */

static int cancel_waiter(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT);
    turn("t1");
    cancel(a);
    check_not_held(scene->lock, 0);
    turn("t2");
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    check_held(scene->lock, a, 0); /* it has not released it */
    return 0;
}

START_TEST(who_is_cancelled_holds_the_lock)
{
    run(cancel_waiter, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2");
}
END_TEST

static int cancel_waiter_while_held(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    cancel(a);
    turn("t2");
    ck_assert_int_eq(runner_task_done(a->task), 0);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    ck_assert_uint_eq(info_of(a).awaits, runner_task_id(runner_current_task()));
    give(scene->lock);
    turn("t3");
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_is_cancelled_waits_for_the_lock_before_it_is_told)
{
    run(cancel_waiter_while_held, _i);
    log_expect("t1,t2,a RUNNER_ECANCELED,t3");
}
END_TEST

static int cancel_one_of_three(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    actor_t *c = start(scene, "c", ENTER WAIT GIVE);
    turn("t1");
    cancel(a);
    turn("t2");
    turn("t3");
    turn("t4");
    ck_assert_int_eq(runner_task_done(c->task), 0);
    notify(scene, 1);
    turn("t5");
    return 0;
}

START_TEST(a_cancel_wakes_the_next_although_nobody_has_notified)
{
    /* The task can not know whether it was notified at the same time: better once too often. */
    run(cancel_one_of_three, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b woke,t3,t4,c woke,t5");
}
END_TEST

static int cancel_then_notify(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    start(scene, "c", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    cancel(a);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0); /* means "b" */
    give(scene->lock);
    turn("t2");
    turn("t3");
    return 0;
}

START_TEST(a_notification_passes_over_who_is_cancelled)
{
    run(cancel_then_notify, _i);
    log_expect("t1,a RUNNER_ECANCELED,b woke,t2,c woke,t3");
}
END_TEST

static int cancel_by_callback(void *arg)
{
    cancel(arg);
    return 0;
}

static int release_callback(void *arg)
{
    return runner_lock_release(arg);
}

static int contest_the_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_t *runner = runner_current();
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT);
    turn("t1");
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    ck_assert_code(runner_call_soon(runner, cancel_by_callback, a, NULL), 0);
    ck_assert_code(runner_call_soon(runner, release_callback, scene->lock, NULL), 0);
    ck_assert_code(runner_await(a->task, NULL), RUNNER_ECANCELED);
    check_held(scene->lock, a, 0);
    return 0;
}

START_TEST(the_lock_is_held_after_a_cancel_that_meets_a_release)
{
    run(contest_the_lock, _i);
    log_expect("t1,a RUNNER_ECANCELED");
}
END_TEST

/* --- the notification is handed on ------------------------------------------------------- */

static int notify_then_cancel(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    actor_t *b = start(scene, "b", ENTER WAIT GIVE);
    actor_t *c = start(scene, "c", ENTER WAIT GIVE);
    turn("t1");
    notify(scene, 1);
    cancel(a);
    turn("t2");
    cancel(b); /* has got what was meant for "a" */
    turn("t3");
    turn("t4");
    ck_assert_int_eq(runner_task_cancelled(b->task), 1);
    ck_assert_code(runner_task_status(c->task), 0);
    return 0;
}

START_TEST(condition_hands_on_the_notification_of_a_cancelled_waiter)
{
    run(notify_then_cancel, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,b RUNNER_ECANCELED,t3,c woke,t4");
}
END_TEST

static int cancel_beside_another_condition(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    actor_t *b = start(scene, "b", ENTER WAIT_OTHER GIVE);
    start(scene, "c", ENTER WAIT GIVE);
    turn("t1");
    notify(scene, 1);
    cancel(a);
    turn("t2");
    turn("t3");
    ck_assert_int_eq(runner_task_done(b->task), 0);
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->other, 1), 0);
    give(scene->lock);
    turn("t4");
    return 0;
}

START_TEST(a_notification_is_handed_on_within_its_condition)
{
    run(cancel_beside_another_condition, _i);
    log_expect("t1,a RUNNER_ECANCELED,t2,c woke,t3,b woke,t4");
}
END_TEST

/* A consumer of items: 0 is none, less than 0 the end. */
typedef struct shop {
    runner_lock_t *lock;
    runner_condition_t *condition;
    int items;
} shop_t;

typedef struct consumer {
    shop_t *shop;
    const char *name;
    int has_lock; /* stackless */
} consumer_t;

/* Under the lock. */
static int consume_items(const consumer_t *consumer, int code)
{
    shop_t *shop = consumer->shop;
    while (code == 0 && shop->items >= 0) {
        if (shop->items > 0) {
            shop->items--;
            log_add("%s item", consumer->name);
        }
        code = shop->items == 0 ? runner_condition_wait(shop->condition) : 0;
    }
    if (code != RUNNER_EPARKED) {
        log_add("%s %s", consumer->name, code_name(code));
        ck_assert_code(runner_lock_release(shop->lock), 0);
    }
    return code;
}

static int consume(void *arg, void **result)
{
    const consumer_t *consumer = arg;
    (void)result;
    take(consumer->shop->lock);
    return consume_items(consumer, 0);
}

static int consume_in_steps(void *arg, int status, void **result)
{
    consumer_t *consumer = arg;
    (void)result;
    if (!consumer->has_lock) {
        consumer->has_lock = 1;
        take(consumer->shop->lock);
    }
    return consume_items(consumer, status);
}

static int wait_until_empty(void *arg, void **result)
{
    const shop_t *shop = arg;
    int code = 0;
    (void)result;
    while (code == 0 && shop->items != 0) {
        code = runner_condition_wait(shop->condition);
    }
    return code;
}

/* One item for two consumers, of whom the first is cancelled a number of turns after it was
 * notified: the second has to consume it. */
static int sell(const scene_t *scene, int turns)
{
    shop_t shop = {scene->lock, scene->condition, 0};
    consumer_t consumers[2] = {{&shop, "a", 0}, {&shop, "b", 0}};
    runner_task_t *tasks[2];
    for (int i = 0; i < 2; i++) {
        ck_assert_code(scene->kind == STACKLESS
                           ? runner_spawn_step(consume_in_steps, &consumers[i], NULL, &tasks[i])
                           : runner_spawn(consume, &consumers[i], NULL, &tasks[i]),
                       0);
    }
    turn("t1");
    take(scene->lock);
    shop.items++;
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    for (int i = 0; i < turns; i++) {
        turn("turn");
    }
    ck_assert_code(runner_task_cancel(tasks[0]), 0);
    ck_assert_code(runner_with_timeout(10, wait_until_empty, &shop, NULL), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(shop.items, 0);
    shop.items = -1;
    ck_assert_code(runner_condition_notify_all(scene->condition), 0);
    give(scene->lock);
    ck_assert_code(runner_await(tasks[0], NULL), RUNNER_ECANCELED);
    ck_assert_code(runner_await(tasks[1], NULL), 0);
    runner_task_unref(tasks[0]);
    runner_task_unref(tasks[1]);
    return 0;
}

static int sell_at_once(void *arg, void **result)
{
    (void)result;
    return sell(arg, 0);
}

static int sell_a_turn_later(void *arg, void **result)
{
    (void)result;
    return sell(arg, 1);
}

START_TEST(no_item_is_lost_when_the_notified_consumer_is_cancelled)
{
    run(sell_at_once, _i);
    log_expect("t1,a RUNNER_ECANCELED,b item,b 0");
}
END_TEST

START_TEST(no_item_is_lost_when_the_notified_consumer_is_cancelled_while_it_takes_the_lock)
{
    run(sell_a_turn_later, _i);
    log_expect("t1,turn,a RUNNER_ECANCELED,b item,b 0");
}
END_TEST

/* --- while taking the lock again --------------------------------------------------------- */

static int cancel_in_line(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    turn("t2");
    start(scene, "x", TAKE GIVE);
    turn("t3");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 2);
    cancel(a);
    turn("t4"); /* "a" stands behind "x" now */
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 2);
    ck_assert_int_eq(runner_task_done(a->task), 0);
    give(scene->lock);
    turn("t5");
    turn("t6");
    turn("t7");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_is_cancelled_in_line_for_the_lock_goes_to_its_end_and_is_told_when_it_has_it)
{
    run(cancel_in_line, _i);
    log_expect("t1,t2,t3,t4,x took,t5,a RUNNER_ECANCELED,t6,b woke,t7");
}
END_TEST

/* Leaves "a" in line for the lock, which main holds. */
static actor_t *put_in_line(scene_t *scene)
{
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    ck_assert_code(runner_condition_notify(scene->condition, 1), 0);
    turn("t2");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    return a;
}

static int cancel_often(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    for (int i = 3; i < 6; i++) {
        ck_assert_code(runner_task_cancel_with(a->task, i == 5 ? "last" : "early", (uint64_t)i), 0);
        ck_assert_code(runner_yield(), 0);
        log_add("t%d", i);
        ck_assert_int_eq(runner_task_done(a->task), 0);
        ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    }
    ck_assert_int_eq(runner_task_cancelling(a->task), 3);
    give(scene->lock);
    ck_assert_code(runner_await(a->task, NULL), RUNNER_ECANCELED);
    ck_assert_str_eq(runner_task_cancel_message(a->task), "last");
    ck_assert_uint_eq(runner_task_cancel_payload(a->task), 5);
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(several_cancels_are_told_as_one_once_the_lock_is_held)
{
    run(cancel_often, _i);
    log_expect("t1,t2,t3,t4,t5,a RUNNER_ECANCELED");
}
END_TEST

static int cancel_twice_in_a_turn(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    cancel(a); /* cuts its place in line; the next comes before it has run */
    cancel(a);
    turn("t3");
    turn("t4");
    ck_assert_int_eq(runner_task_done(a->task), 0);
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock);
    turn("t5");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(two_cancels_of_one_turn_are_told_as_one)
{
    run(cancel_twice_in_a_turn, _i);
    log_expect("t1,t2,t3,t4,a RUNNER_ECANCELED,t5");
}
END_TEST

static int cancel_in_both_parts(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    start(scene, "b", ENTER WAIT GIVE);
    turn("t1");
    take(scene->lock);
    cancel(a);
    turn("t2");
    cancel(a);
    turn("t3");
    ck_assert_uint_eq(runner_lock_waiters(scene->lock), 1);
    give(scene->lock);
    turn("t4");
    ck_assert_int_eq(runner_task_cancelling(a->task), 2);
    turn("t5");
    return 0;
}

START_TEST(a_cancel_in_each_part_of_the_wait_is_told_once)
{
    run(cancel_in_both_parts, _i);
    log_expect("t1,t2,t3,a RUNNER_ECANCELED,t4,b woke,t5");
}
END_TEST

static int cancel_who_was_given_the_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    start(scene, "x", TAKE GIVE);
    turn("t3");
    give(scene->lock);
    cancel(a); /* "x" is given the lock when "a" runs, and "a" stands behind it */
    turn("t4");
    check_not_held(scene->lock, 2);
    turn("t5");
    check_not_held(scene->lock, 1);
    turn("t6");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_is_cancelled_when_it_was_given_the_lock_hands_it_on_and_takes_it_later)
{
    run(cancel_who_was_given_the_lock, _i);
    log_expect("t1,t2,t3,t4,x took,t5,a RUNNER_ECANCELED,t6");
}
END_TEST

static int cancel_and_release(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    start(scene, "x", TAKE GIVE);
    turn("t3");
    cancel(a);
    give(scene->lock); /* finds "a" at the head of the line, and wakes nobody */
    turn("t4");
    check_not_held(scene->lock, 2);
    turn("t5");
    turn("t6");
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_is_cancelled_in_line_stands_there_until_it_has_run)
{
    run(cancel_and_release, _i);
    log_expect("t1,t2,t3,t4,x took,t5,a RUNNER_ECANCELED,t6");
}
END_TEST

static int cancel_the_only_one_in_line(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    give(scene->lock);
    cancel(a);
    turn("t3"); /* it gives the lock back and takes it in one go */
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    check_not_held(scene->lock, 0);
    return 0;
}

START_TEST(who_is_alone_in_line_takes_the_lock_in_the_turn_of_the_cancel)
{
    run(cancel_the_only_one_in_line, _i);
    log_expect("t1,t2,a RUNNER_ECANCELED,t3");
}
END_TEST

static int cancel_turns_after_notify(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    cancel(a);
    turn("t3");
    give(scene->lock);
    turn("t4");
    ck_assert_int_eq(runner_task_cancelled(a->task), 1);
    return 0;
}

START_TEST(a_cancel_that_came_in_line_is_told_when_the_lock_is_released)
{
    run(cancel_turns_after_notify, _i);
    log_expect("t1,t2,t3,a RUNNER_ECANCELED,t4");
}
END_TEST

/* --- cancels that are taken back, or come early ------------------------------------------ */

static int take_back_while_notified(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    actor_t *b = start(scene, "b", ENTER WAIT GIVE);
    turn("t1");
    notify(scene, 1);
    cancel(a); /* is notified, and has not run */
    ck_assert_int_eq(runner_task_uncancel(a->task), 0);
    turn("t2");
    turn("t3");
    ck_assert_int_eq(runner_task_done(b->task), 0); /* nothing was handed on */
    cancel(b);
    ck_assert_int_eq(runner_task_uncancel(b->task), 0); /* too late */
    turn("t4");
    return 0;
}

START_TEST(a_cancel_of_who_is_notified_can_be_taken_back)
{
    run(take_back_while_notified, _i);
    log_expect("t1,a woke,t2,t3,b RUNNER_ECANCELED,t4");
}
END_TEST

static int take_back_in_line(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    cancel(a);
    ck_assert_int_eq(runner_task_uncancel(a->task), 0);
    turn("t3");
    ck_assert_int_eq(runner_task_done(a->task), 0);
    give(scene->lock);
    turn("t4");
    return 0;
}

START_TEST(a_cancel_in_line_for_the_lock_can_not_be_taken_back)
{
    run(take_back_in_line, _i);
    log_expect("t1,t2,t3,a RUNNER_ECANCELED,t4");
}
END_TEST

static int take_back_with_the_lock(void *arg, void **result)
{
    scene_t *scene = arg;
    actor_t *a = put_in_line(scene);
    (void)result;
    give(scene->lock);
    cancel(a);
    ck_assert_int_eq(runner_task_uncancel(a->task), 0);
    turn("t3");
    return 0;
}

START_TEST(a_cancel_of_who_was_given_the_lock_can_be_taken_back)
{
    run(take_back_with_the_lock, _i);
    log_expect("t1,t2,a woke,t3");
}
END_TEST

/* Cancels itself under the lock, and waits. */
static int cancel_oneself(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    return runner_condition_wait(scene->condition);
}

static int end_cancelled(const scene_t *scene, int code)
{
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    log_add("a %s", code_name(code));
    give(scene->lock);
    return code;
}

static int cancel_oneself_on_stack(void *arg, void **result)
{
    return end_cancelled(arg, cancel_oneself(arg, result));
}

static int cancel_oneself_in_steps(void *arg, int status, void **result)
{
    return status == 0 ? cancel_oneself(arg, result) : end_cancelled(arg, status);
}

static int let_it_cancel_itself(void *arg, void **result)
{
    scene_t *scene = arg;
    runner_task_t *task = NULL;
    (void)result;
    ck_assert_code(scene->kind == STACKLESS
                       ? runner_spawn_step(cancel_oneself_in_steps, scene, NULL, &task)
                       : runner_spawn(cancel_oneself_on_stack, scene, NULL, &task),
                   0);
    start(scene, "x", TAKE GIVE);
    turn("t1");
    check_not_held(scene->lock, 0);
    turn("t2");
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    runner_task_unref(task);
    return 0;
}

START_TEST(a_task_that_cancels_itself_releases_the_lock_and_is_told_when_it_has_it_again)
{
    run(let_it_cancel_itself, _i);
    log_expect("x took,t1,a RUNNER_ECANCELED,t2");
}
END_TEST

/* --- what cancels ------------------------------------------------------------------------ */

static int cancel_with_a_message(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    actor_t *a = start(scene, "a", ENTER WAIT GIVE);
    turn("t1");
    ck_assert_code(runner_task_cancel_with(a->task, "foo", 7), 0);
    ck_assert_code(runner_await(a->task, NULL), RUNNER_ECANCELED);
    ck_assert_str_eq(runner_task_cancel_message(a->task), "foo");
    ck_assert_uint_eq(runner_task_cancel_payload(a->task), 7);
    a = put_in_line(scene);
    ck_assert_code(runner_task_cancel_with(a->task, "bar", 8), 0);
    give(scene->lock);
    ck_assert_code(runner_await(a->task, NULL), RUNNER_ECANCELED);
    ck_assert_str_eq(runner_task_cancel_message(a->task), "bar");
    ck_assert_str_eq(runner_task_cancel_message(runner_current_task()), "bar"); /* handed up */
    return 0;
}

START_TEST(the_message_of_a_cancel_reaches_who_awaits_the_waiter)
{
    run(cancel_with_a_message, _i);
    log_expect("t1,a RUNNER_ECANCELED,t1,t2,a RUNNER_ECANCELED");
}
END_TEST

static int wait_for_condition(void *arg, void **result)
{
    (void)result;
    return runner_condition_wait(arg);
}

static int time_out(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    ck_assert_code(runner_with_timeout(500, wait_for_condition, scene->condition, NULL),
                   RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 500);
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    give(scene->lock);
    return 0;
}

START_TEST(a_timeout_ends_the_wait_with_the_lock_held)
{
    run(time_out, COROUTINES);
}
END_TEST

static int time_out_while_the_lock_is_held(void *arg, void **result)
{
    scene_t *scene = arg;
    (void)result;
    take(scene->lock);
    start(scene, "x", TAKE FLAG GIVE);
    runner_timer_t *timer = NULL;
    ck_assert_code(
        runner_call_later(runner_current(), 30, set_flag_callback, scene->event, NULL, &timer), 0);
    ck_assert_code(runner_with_timeout(10, wait_for_condition, scene->condition, NULL),
                   RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 30); /* the lock was not free before */
    ck_assert_uint_eq(runner_lock_holder(scene->lock), runner_task_id(runner_current_task()));
    runner_timer_unref(timer);
    return 0;
}

START_TEST(a_timeout_waits_for_the_lock_as_every_cancel_does)
{
    run(time_out_while_the_lock_is_held, _i);
    log_expect("x took,x woke");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("condition cancel");
    TCase *tcase = test_case(suite, "waiting for the notification");
    add_for_each_kind(tcase, who_is_cancelled_holds_the_lock);
    add_for_each_kind(tcase, who_is_cancelled_waits_for_the_lock_before_it_is_told);
    add_for_each_kind(tcase, a_cancel_wakes_the_next_although_nobody_has_notified);
    add_for_each_kind(tcase, a_notification_passes_over_who_is_cancelled);
    add_for_each_kind(tcase, the_lock_is_held_after_a_cancel_that_meets_a_release);
    tcase = test_case(suite, "handed on");
    add_for_each_kind(tcase, condition_hands_on_the_notification_of_a_cancelled_waiter);
    add_for_each_kind(tcase, a_notification_is_handed_on_within_its_condition);
    add_for_two_kinds(tcase, no_item_is_lost_when_the_notified_consumer_is_cancelled);
    add_for_two_kinds(
        tcase, no_item_is_lost_when_the_notified_consumer_is_cancelled_while_it_takes_the_lock);
    tcase = test_case(suite, "taking the lock again");
    add_for_each_kind(
        tcase, who_is_cancelled_in_line_for_the_lock_goes_to_its_end_and_is_told_when_it_has_it);
    add_for_each_kind(tcase, several_cancels_are_told_as_one_once_the_lock_is_held);
    add_for_each_kind(tcase, two_cancels_of_one_turn_are_told_as_one);
    add_for_each_kind(tcase, a_cancel_in_each_part_of_the_wait_is_told_once);
    add_for_each_kind(tcase,
                      who_is_cancelled_when_it_was_given_the_lock_hands_it_on_and_takes_it_later);
    add_for_each_kind(tcase, who_is_cancelled_in_line_stands_there_until_it_has_run);
    add_for_each_kind(tcase, who_is_alone_in_line_takes_the_lock_in_the_turn_of_the_cancel);
    add_for_each_kind(tcase, a_cancel_that_came_in_line_is_told_when_the_lock_is_released);
    tcase = test_case(suite, "taken back or early");
    add_for_each_kind(tcase, a_cancel_of_who_is_notified_can_be_taken_back);
    add_for_each_kind(tcase, a_cancel_in_line_for_the_lock_can_not_be_taken_back);
    add_for_each_kind(tcase, a_cancel_of_who_was_given_the_lock_can_be_taken_back);
    add_for_two_kinds(
        tcase, a_task_that_cancels_itself_releases_the_lock_and_is_told_when_it_has_it_again);
    tcase = test_case(suite, "what cancels");
    add_for_two_kinds(tcase, the_message_of_a_cancel_reaches_who_awaits_the_waiter);
    tcase_add_test(tcase, a_timeout_ends_the_wait_with_the_lock_held);
    add_for_two_kinds(tcase, a_timeout_waits_for_the_lock_as_every_cancel_does);
    return test_main(suite);
}
