/* Semaphores, barriers and queues of a host. */
#include "host_driver.h"

static uint64_t object; /* of the scene */

/* --- semaphores -------------------------------------------------------------------------- */

static int acquire_for_a_turn(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SEMAPHORE_ACQUIRE, .id = object);
        say(t, "%s", code_name(t->status));
        if (t->status != 0)
            return t->status;
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, SEMAPHORE_RELEASE, .id = object), 0);
    }
    return 0;
}

static void check_semaphore(host_task_t *t, int64_t value, uint64_t would_wait)
{
    ck_assert_uint_eq(host_ask(t, SEMAPHORE_STATE, .id = object), would_wait);
    ck_assert_int_eq(t->a_out, value);
}

static int share_a_semaphore(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, SEMAPHORE_NEW, .a = 2);
        check_semaphore(t, 2, 0);
        host_spawn_detached(t, acquire_for_a_turn, "a");
        host_spawn_detached(t, acquire_for_a_turn, "b");
        t->other = host_spawn(t, acquire_for_a_turn, "c");
        host_spawn_detached(t, acquire_for_a_turn, "d");
        WAIT_CODE(t, 0, YIELD);
        check_semaphore(t, 0, 1);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        check_semaphore(t, 2, 0);
        ck_assert_code(host_do(t, SEMAPHORE_RELEASE, .id = object), 0);
        check_semaphore(t, 3, 0);
        WAIT_CODE(t, 0, SEMAPHORE_ACQUIRE, .id = object);
        check_semaphore(t, 2, 0);
    }
    return 0;
}

START_TEST(a_semaphore_lets_so_many_in)
{
    host_play(_i, share_a_semaphore, 0);
    log_expect("a:0,b:0,c:RUNNER_ECANCELED,d:0");
}
END_TEST

static int release_too_often(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, SEMAPHORE_NEW, .a = 1, .b = 1);
        ck_assert_code(host_do(t, SEMAPHORE_RELEASE, .id = object), RUNNER_ERELEASED);
        WAIT_CODE(t, 0, SEMAPHORE_ACQUIRE, .id = object);
        ck_assert_code(host_do(t, SEMAPHORE_RELEASE, .id = object), 0);
        ck_assert_code(host_do(t, SEMAPHORE_RELEASE, .id = object), RUNNER_ERELEASED);
        ck_assert_code(host_do(t, SEMAPHORE_NEW, .a = -1), RUNNER_EINVAL);
        ck_assert_code(host_do(t, SEMAPHORE_NEW, .a = 1, .b = 2), RUNNER_EINVAL);
    }
    return 0;
}

START_TEST(a_bounded_semaphore_is_released_as_often_as_it_was_acquired)
{
    host_play(_i, release_too_often, 0);
}
END_TEST

/* --- barriers ---------------------------------------------------------------------------- */

static int meet(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, BARRIER_WAIT, .id = object);
        say(t, "%s", code_name(t->status));
        if (t->status == 0)
            t->parent->result |= UINT64_C(1) << t->value;
    }
    return t->status;
}

static void check_barrier(host_task_t *t, int64_t waiting, uint64_t broken)
{
    ck_assert_uint_eq(host_ask(t, BARRIER_STATE, .id = object), broken);
    ck_assert_int_eq(t->a_out, waiting);
}

static int meet_at_a_barrier(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, BARRIER_NEW, .a = 0), RUNNER_EINVAL);
        ck_assert_code(host_do(t, BARRIER_NEW, .a = -1), RUNNER_EINVAL);
        object = host_make(t, BARRIER_NEW, .a = 3);
        host_spawn_detached(t, meet, "a");
        host_spawn_detached(t, meet, "b");
        WAIT_CODE(t, 0, YIELD);
        check_barrier(t, 2, 0);
        WAIT_CODE(t, 0, BARRIER_WAIT, .id = object);
        t->result |= UINT64_C(1) << t->value;
        say(t, "passes");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        check_barrier(t, 0, 0);
        ck_assert_uint_eq(t->result, 7); /* each has a place of its own */
    }
    return 0;
}

START_TEST(a_barrier_is_passed_by_all_at_once)
{
    host_play(_i, meet_at_a_barrier, 0);
    log_expect("main:passes,a:0,b:0");
}
END_TEST

static int break_a_barrier(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, BARRIER_NEW, .a = 2);
        host_spawn_detached(t, meet, "a");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, BARRIER_RESET, .id = object), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        check_barrier(t, 0, 0);
        host_spawn_detached(t, meet, "b");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, BARRIER_ABORT, .id = object), 0);
        check_barrier(t, 0, 1);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        WAIT_CODE(t, RUNNER_EBROKEN, BARRIER_WAIT, .id = object);
        ck_assert_code(host_do(t, BARRIER_RESET, .id = object), 0);
        check_barrier(t, 0, 0);
        t->other = host_spawn(t, meet, "c");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        check_barrier(t, 0, 0);
    }
    return 0;
}

START_TEST(a_barrier_is_reset_and_broken)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, break_a_barrier), 0);
    log_expect("a:RUNNER_EBROKEN,b:RUNNER_EBROKEN,c:RUNNER_ECANCELED");
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 2); /* of a and b, whom nobody awaited */
    host_free(host);
}
END_TEST

/* --- queues ------------------------------------------------------------------------------ */

static int put_now(host_task_t *t, const char *name, int64_t priority)
{
    uint64_t item = host_value(t->host, VALUE_ITEM, name, NULL);
    int code = host_do(t, QUEUE_PUT_NOWAIT, .id = object, .b = item, .a = priority);
    if (code != 0)
        host_value_refused(t->host, item);
    return code;
}

static const char *get_now(host_task_t *t)
{
    return host_got(t->host, host_ask(t, QUEUE_GET_NOWAIT, .id = object));
}

static int get_in_order(host_task_t *t)
{
    static const char *const orders[] = {"abc", "cba", "bac"};
    for (int kind = RUNNER_QUEUE_FIFO; kind <= RUNNER_QUEUE_PRIORITY; kind++) {
        object = host_make(t, QUEUE_NEW, .b = (uint64_t)kind);
        ck_assert_code(put_now(t, "a", 5), 0);
        ck_assert_code(put_now(t, "b", -5), 0);
        ck_assert_code(put_now(t, "c", 5), 0);
        ck_assert_uint_eq(host_ask(t, QUEUE_COUNT, .id = object), 3);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(*get_now(t), orders[kind][i]);
        ck_assert_code(host_do(t, QUEUE_GET_NOWAIT, .id = object), RUNNER_EEMPTY);
    }
    ck_assert_code(host_do(t, QUEUE_NEW, .b = 3), RUNNER_EINVAL);
    ck_assert_code(host_do(t, QUEUE_NEW, .a = -1), RUNNER_EINVAL);
    return 0;
}

START_TEST(a_queue_gives_its_items_in_the_order_of_its_kind)
{
    host_play(_i, get_in_order, 0);
}
END_TEST

static int get_one(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, QUEUE_GET, .id = object);
        say(t, "%s", t->status == 0 ? host_got(t->host, t->value) : code_name(t->status));
    }
    return t->status;
}

static int put_for_those_who_wait(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW);
        host_spawn_detached(t, get_one, "a");
        t->other = host_spawn(t, get_one, "b");
        host_spawn_detached(t, get_one, "c");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(put_now(t, "1", 0), 0);
        ck_assert_code(put_now(t, "2", 0), 0);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0); /* its item goes to c */
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(put_now(t, "3", 0), 0);
        WAIT_CODE(t, 0, QUEUE_GET, .id = object); /* at once */
        ck_assert_str_eq(host_got(t->host, t->value), "3");
    }
    return 0;
}

START_TEST(an_item_goes_to_who_waited_longest)
{
    host_play(_i, put_for_those_who_wait, 0);
    log_expect("a:1,b:RUNNER_ECANCELED,c:2");
}
END_TEST

/* The item is the queue's only if the outcome is 0. */
static int put_one(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_value(t->host, VALUE_ITEM, t->name, NULL);
        WAIT(t, QUEUE_PUT, .id = object, .b = t->id_kept);
        ck_assert(t->value == 0 || t->value == t->id_kept); /* with an event, or at once */
        say(t, "%s", code_name(t->status));
        if (t->status != 0)
            host_value_refused(t->host, t->id_kept);
    }
    return t->status;
}

static int get_from_a_full_queue(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW, .a = 1);
        host_spawn_detached(t, put_one, "1");
        host_spawn_detached(t, put_one, "2");
        t->other = host_spawn(t, put_one, "3");
        host_spawn_detached(t, put_one, "4");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(put_now(t, "5", 0), RUNNER_EFULL);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        for (t->i = 0; t->i < 3; t->i++) {
            WAIT_CODE(t, 0, QUEUE_GET, .id = object);
            say(t, "got %s", host_got(t->host, t->value));
            WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        }
    }
    return 0;
}

START_TEST(who_puts_waits_for_a_place)
{
    host_play(_i, get_from_a_full_queue, 0);
    log_expect("1:0,main:got 1,3:RUNNER_ECANCELED,2:0,main:got 2,4:0,main:got 4");
}
END_TEST

static int give_7_later(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(1));
        t->result = 7;
    }
    return t->status;
}

static int put_get_and_await(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_value(t->host, VALUE_ITEM, "second", NULL);
        WAIT_CODE(t, 0, QUEUE_PUT, .id = object, .b = t->id_kept);
        t->other = host_spawn(t, give_7_later, "child");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 7);
        WAIT_CODE(t, 0, QUEUE_GET, .id = object);
        say(t, "got %s", host_got(t->host, t->value));
        t->other = host_spawn(t, give_7_later, "child");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 7);
    }
    return 0;
}

static int let_it_put_and_get(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW, .a = 1);
        ck_assert_code(put_now(t, "first", 0), 0);
        t->other = host_spawn(t, put_get_and_await, "other");
        WAIT_CODE(t, 0, YIELD);
        get_now(t);
        WAIT_CODE(t, 0, YIELD);
        get_now(t);
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
        ck_assert_code(put_now(t, "third", 0), 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
    }
    return 0;
}

/* Each wait brings a value of its own. */
START_TEST(a_task_that_waited_at_a_queue_waits_for_something_else)
{
    host_play(_i, let_it_put_and_get, 0);
    log_expect("other:got third");
}
END_TEST

static int join_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, QUEUE_JOIN, .id = object);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int work_off(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW);
        WAIT_CODE(t, 0, QUEUE_JOIN, .id = object); /* at once */
        ck_assert_code(host_do(t, QUEUE_TASK_DONE, .id = object), RUNNER_ETASKDONE);
        ck_assert_code(put_now(t, "1", 0), 0);
        ck_assert_code(put_now(t, "2", 0), 0);
        host_spawn_detached(t, join_and_say, "a");
        WAIT_CODE(t, 0, YIELD);
        for (t->i = 0; t->i < 2; t->i++) {
            get_now(t);
            say(t, "done");
            ck_assert_code(host_do(t, QUEUE_TASK_DONE, .id = object), 0);
            WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        }
        ck_assert_code(host_do(t, QUEUE_TASK_DONE, .id = object), RUNNER_ETASKDONE);
    }
    return 0;
}

START_TEST(a_queue_is_joined_when_all_items_are_dealt_with)
{
    host_play(_i, work_off, 0);
    log_expect("main:done,main:done,a:0");
}
END_TEST

static int shut_it_down(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW, .a = 1);
        host_spawn_detached(t, put_one, "1");
        host_spawn_detached(t, put_one, "2");
        host_spawn_detached(t, join_and_say, "joins");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, QUEUE_SHUTDOWN, .id = object), 0);
        ck_assert_code(put_now(t, "3", 0), RUNNER_EQUEUESHUT);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_uint_eq(host_ask(t, QUEUE_COUNT, .id = object), 1);
        get_now(t); /* what it has can still be got */
        ck_assert_code(host_do(t, QUEUE_TASK_DONE, .id = object), 0);
        ck_assert_code(host_do(t, QUEUE_GET_NOWAIT, .id = object), RUNNER_EQUEUESHUT);
        WAIT_CODE(t, RUNNER_EQUEUESHUT, QUEUE_GET, .id = object);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(a_queue_that_is_shut_down_takes_nothing)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, shut_it_down), 0);
    log_expect("1:0,2:RUNNER_EQUEUESHUT,joins:0");
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 1);
    host_free(host);
}
END_TEST

static int shut_it_down_at_once(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW);
        ck_assert_code(put_now(t, "1", 0), 0);
        ck_assert_code(put_now(t, "2", 0), 0);
        host_spawn_detached(t, join_and_say, "joins");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, QUEUE_SHUTDOWN, .id = object, .a = 1), 0);
        ck_assert_uint_eq(host_ask(t, QUEUE_COUNT, .id = object), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        for (size_t i = 0; i < t->host->n_values; i++)
            ck_assert_int_eq(t->host->values[i].dropped, 1);
    }
    return 0;
}

START_TEST(R098_the_items_of_a_queue_that_is_shut_down_at_once_are_dropped)
{
    host_play(_i, shut_it_down_at_once, 0);
    log_expect("joins:0");
}
END_TEST

static int leave_items(host_task_t *t)
{
    object = host_make(t, QUEUE_NEW);
    ck_assert_code(put_now(t, "1", 0), 0);
    ck_assert_code(put_now(t, "2", 0), 0);
    if (t->i == 0)
        host_release(t, object);
    object = host_make(t, QUEUE_NEW);
    return put_now(t, "3", 0);
}

/* host_free() sees that each of them was dropped once. */
START_TEST(R098_the_items_that_nobody_gets_are_dropped_with_the_queue)
{
    host_play(_i, leave_items, 0);
}
END_TEST

static int leave_one_that_puts(host_task_t *t)
{
    switch (t->line) {
    case 0:
        object = host_make(t, QUEUE_NEW, .a = 1);
        host_spawn_detached(t, put_one, "1");
        host_spawn_detached(t, put_one, "2");
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

START_TEST(R079_a_leftover_that_puts_is_cancelled_and_keeps_its_item)
{
    host_play(_i, leave_one_that_puts, 0);
    log_expect("1:0,2:RUNNER_ECANCELED");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_queue");
    TCase *tcase = test_case(suite, "semaphore");
    add_for_each_way(tcase, a_semaphore_lets_so_many_in);
    add_for_each_way(tcase, a_bounded_semaphore_is_released_as_often_as_it_was_acquired);
    tcase = test_case(suite, "barrier");
    add_for_each_way(tcase, a_barrier_is_passed_by_all_at_once);
    add_for_each_way(tcase, a_barrier_is_reset_and_broken);
    tcase = test_case(suite, "queue");
    add_for_each_way(tcase, a_queue_gives_its_items_in_the_order_of_its_kind);
    add_for_each_way(tcase, an_item_goes_to_who_waited_longest);
    add_for_each_way(tcase, who_puts_waits_for_a_place);
    add_for_each_way(tcase, a_task_that_waited_at_a_queue_waits_for_something_else);
    add_for_each_way(tcase, a_queue_is_joined_when_all_items_are_dealt_with);
    add_for_each_way(tcase, a_queue_that_is_shut_down_takes_nothing);
    tcase = test_case(suite, "items");
    add_for_each_way(tcase, R098_the_items_of_a_queue_that_is_shut_down_at_once_are_dropped);
    add_for_each_way(tcase, R098_the_items_that_nobody_gets_are_dropped_with_the_queue);
    add_for_each_way(tcase, R079_a_leftover_that_puts_is_cancelled_and_keeps_its_item);
    return test_main(suite);
}
