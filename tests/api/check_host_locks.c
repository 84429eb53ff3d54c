/* Events, locks and conditions of a host. */
#include "host_driver.h"

static uint64_t object; /* of the scene */
static uint64_t lock;   /* of its condition */

/* --- events ------------------------------------------------------------------------------ */

static int wait_for_event(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, EVENT_WAIT, .id = object);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int set_an_event(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, EVENT_NEW);
        ck_assert_uint_eq(host_ask(t, EVENT_IS_SET, .id = object), 0);
        host_spawn_detached(t, wait_for_event, "a");
        host_spawn_detached(t, wait_for_event, "b");
        t->other = host_spawn(t, wait_for_event, "c");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        ck_assert_code(host_do(t, EVENT_SET, .id = object), 0);
        ck_assert_uint_eq(host_ask(t, EVENT_IS_SET, .id = object), 1);
        ck_assert_code(host_do(t, EVENT_CLEAR, .id = object), 0); /* who was woken goes on */
        ck_assert_uint_eq(host_ask(t, EVENT_IS_SET, .id = object), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_do(t, EVENT_SET, .id = object), 0);
        WAIT_CODE(t, 0, EVENT_WAIT, .id = object); /* at once */
        say(t, "sees it");
    }
    return 0;
}

START_TEST(an_event_wakes_all_in_the_order_of_their_coming)
{
    host_play(_i, set_an_event, 0);
    log_expect("c:RUNNER_ECANCELED,a:0,b:0,main:sees it");
}
END_TEST

static int release_while_they_wait(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, EVENT_NEW);
        t->other = host_spawn(t, wait_for_event, "a");
        WAIT_CODE(t, 0, YIELD);
        host_release(t, object); /* who waits keeps it, though nobody can set it any more */
        ck_assert_code(host_do(t, EVENT_SET, .id = object), RUNNER_EBADID);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(an_object_is_released_while_a_task_waits_for_it)
{
    host_play(_i, release_while_they_wait, 0);
    log_expect("a:RUNNER_ECANCELED");
}
END_TEST

/* --- locks ------------------------------------------------------------------------------- */

static int hold_for_a_turn(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, LOCK_ACQUIRE, .id = object);
        say(t, "%s", code_name(t->status));
        if (t->status != 0)
            return t->status;
        ck_assert_uint_eq(host_ask(t, LOCK_STATE, .id = object), 1);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = object), 0);
    }
    return 0;
}

static int share_a_lock(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, LOCK_NEW);
        ck_assert_uint_eq(host_ask(t, LOCK_STATE, .id = object), 0);
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = object), RUNNER_ENOTLOCKED);
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = object);
        host_spawn_detached(t, hold_for_a_turn, "a");
        t->other = host_spawn(t, hold_for_a_turn, "b");
        host_spawn_detached(t, hold_for_a_turn, "c");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_uint_eq(host_ask(t, LOCK_STATE, .id = object), 1);
        ck_assert_int_eq(t->a_out, 3);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = object), 0);
        ck_assert_uint_eq(host_ask(t, LOCK_STATE, .id = object), 0); /* on its way to a */
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = object);
        say(t, "has it again");
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = object), 0);
    }
    return 0;
}

START_TEST(a_lock_goes_to_who_waited_longest)
{
    host_play(_i, share_a_lock, 0);
    log_expect("b:RUNNER_ECANCELED,a:0,c:0,main:has it again");
}
END_TEST

static int take_it_twice(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, LOCK_NEW);
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = object);
        WAIT(t, LOCK_ACQUIRE, .id = object);
    }
    return t->status;
}

START_TEST(a_lock_that_is_taken_twice_is_a_deadlock)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, take_it_twice), RUNNER_EDEADLK);
    ck_assert_code(host_do(&host->nobody, LOCK_RELEASE, .id = object), 0); /* anybody may */
    ck_assert_code(host_run(host, wait_for_event), RUNNER_EBADID);
    log_clear();
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- conditions -------------------------------------------------------------------------- */

static int wait_to_be_notified(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = lock);
        WAIT(t, CONDITION_WAIT, .id = object);
        say(t, "%s", code_name(t->status));
        ck_assert_uint_eq(host_ask(t, LOCK_STATE, .id = lock), 1); /* also after a cancel */
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = lock), 0);
    }
    return t->status;
}

static void notify(host_task_t *t, int64_t count)
{
    ck_assert_code(host_do(t, CONDITION_NOTIFY, .id = object, .a = count), 0);
    ck_assert_code(host_do(t, LOCK_RELEASE, .id = lock), 0);
}

static int notify_some(host_task_t *t)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    switch (t->line) {
    case 0:
        lock = host_make(t, LOCK_NEW);
        object = host_make(t, CONDITION_NEW, .a = (int64_t)lock);
        ck_assert_code(host_do(t, CONDITION_NOTIFY, .id = object, .a = 1), RUNNER_ENOTLOCKED);
        WAIT_CODE(t, RUNNER_ENOTLOCKED, CONDITION_WAIT, .id = object);
        for (t->i = 0; t->i < 4; t->i++)
            host_spawn_detached(t, wait_to_be_notified, names[t->i]);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = lock);
        notify(t, 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        log_add("-");
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = lock);
        notify(t, 1);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        log_add("-");
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = lock);
        notify(t, -1);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(a_condition_wakes_as_many_as_it_is_told)
{
    host_play(_i, notify_some, 0);
    log_expect("-,a:0,-,b:0,c:0,d:0");
}
END_TEST

static int cancel_one_that_waits(host_task_t *t)
{
    switch (t->line) {
    case 0:
        lock = host_make(t, LOCK_NEW);
        object = host_make(t, CONDITION_NEW, .a = (int64_t)lock);
        t->other = host_spawn(t, wait_to_be_notified, "a");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = lock);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1)); /* it does not get the lock */
        say(t, "releases");
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = lock), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(a_cancel_of_a_condition_is_told_once_the_lock_is_held)
{
    host_play(_i, cancel_one_that_waits, 0);
    log_expect("main:releases,a:RUNNER_ECANCELED");
}
END_TEST

/* A lock and a condition are used by the tasks of one runner at a time; ids by one only. */
START_TEST(R024_an_id_means_nothing_to_another_runner)
{
    host_t *one = host_new(ONE_CALL);
    host_t *two = host_new(ONE_CALL);
    uint64_t ids[20];
    for (int i = 0; i < 20; i++)
        ids[i] = host_make(&one->nobody, FUTURE_NEW);
    ck_assert_code(host_do(&two->nobody, RESOLVE, .id = ids[19], .b = 1), RUNNER_EBADID);
    ck_assert_code(host_do(&one->nobody, RESOLVE, .id = ids[19], .b = 1), 0);
    ck_assert_code(host_close(one), 0);
    host_free(one);
    ck_assert_code(runner_begin_close(two->runner), 0);
    ck_assert_code(host_drive(two), 0);
    host_free(two);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_locks");
    TCase *tcase = test_case(suite, "event");
    add_for_each_way(tcase, an_event_wakes_all_in_the_order_of_their_coming);
    add_for_each_way(tcase, an_object_is_released_while_a_task_waits_for_it);
    tcase = test_case(suite, "lock");
    add_for_each_way(tcase, a_lock_goes_to_who_waited_longest);
    add_for_each_way(tcase, a_lock_that_is_taken_twice_is_a_deadlock);
    tcase = test_case(suite, "condition");
    add_for_each_way(tcase, a_condition_wakes_as_many_as_it_is_told);
    add_for_each_way(tcase, a_cancel_of_a_condition_is_told_once_the_lock_is_held);
    tcase = test_case(suite, "runners");
    tcase_add_test(tcase, R024_an_id_means_nothing_to_another_runner);
    return test_main(suite);
}
