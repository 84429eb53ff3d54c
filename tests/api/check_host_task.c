/* Tasks of a host: spawn, await, outcomes; cancel and uncancel. */
#include "host_driver.h"

/* --- bodies ------------------------------------------------------------------------------ */

static int give_7(host_task_t *t)
{
    t->result = 7;
    return 0;
}

static int fail_with_8(host_task_t *t)
{
    t->result = 8;
    return RUNNER_EUSER;
}

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
        say(t, "%s %d", code_name(t->status), (int)t->value);
        t->result = t->value;
    }
    return t->status;
}

static int sleep_and_give_7(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(10));
        t->result = 7;
    }
    return t->status;
}

/* --- await ------------------------------------------------------------------------------- */

static int await_outcomes(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, sleep_and_give_7, "child");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 7);
        ck_assert_uint_eq(now_ms(t->host->runner), 10);
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id); /* done, and awaited once more */
        ck_assert_uint_eq(t->value, 7);
        t->other = host_spawn(t, fail_with_8, "failing");
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 8); /* what it was ended with */
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 8);
    }
    return 0;
}

START_TEST(R026_await_brings_the_code_and_the_value)
{
    host_play(_i, await_outcomes, 0);
}
END_TEST

static int look_at_outcomes(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, give_7, "child");
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EPENDING);
        ck_assert_code(host_do(t, RESULT, .id = t->other->id), RUNNER_EPENDING); /* R155 */
        WAIT_CODE(t, 0, YIELD);
        ck_assert_uint_eq(host_ask(t, STATUS, .id = t->other->id), 7);
        ck_assert_uint_eq(host_ask(t, RESULT, .id = t->other->id), 7);
        ck_assert_uint_eq(host_ask(t, RESULT, .id = t->other->id), 7);
        t->other = host_spawn(t, fail_with_8, "failing");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EUSER);
        ck_assert_uint_eq(t->b_out, 8);
        ck_assert_code(host_do(t, RESULT, .id = t->other->id), RUNNER_EUSER);
        ck_assert_uint_eq(t->b_out, 8);
    }
    return 0;
}

START_TEST(R155_the_outcome_of_a_task_can_be_looked_at)
{
    host_play(_i, look_at_outcomes, 0);
}
END_TEST

static int await_itself(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ESELF, AWAIT, .id = t->id);
    }
    return 0;
}

START_TEST(R042_a_task_cannot_await_itself)
{
    host_play(_i, await_itself, 0);
}
END_TEST

static int await_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, AWAIT, .id = t->parent->other->id);
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return 0;
}

static int be_awaited_by_three(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, sleep_and_give_7, "child");
        host_spawn_detached(t, await_and_say, "a");
        host_spawn_detached(t, await_and_say, "b");
        host_spawn_detached(t, await_and_say, "c");
        WAIT_CODE(t, 0, SLEEP, .a = MS(20));
    }
    return 0;
}

START_TEST(R190_those_who_await_a_task_are_woken_in_the_order_of_their_coming)
{
    host_play(_i, be_awaited_by_three, 0);
    log_expect("a:0 7,b:0 7,c:0 7");
}
END_TEST

/* --- turns ------------------------------------------------------------------------------- */

static int count_turns(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 3; t->i++) {
            say(t, "%d", t->i);
            if (t->parent->i == 0)
                WAIT_CODE(t, 0, YIELD);
            else
                WAIT_CODE(t, 0, SLEEP, .a = t->parent->i == 1 ? 0 : -MS(5));
        }
    }
    return 0;
}

static int let_two_count(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 3; t->i++) {
            t->other = host_spawn(t, count_turns, "a");
            t->id_kept = host_spawn(t, count_turns, "b")->id;
            WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
            WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        }
    }
    return 0;
}

START_TEST(R195_a_yield_and_a_sleep_for_nothing_are_one_turn)
{
    host_play(_i, let_two_count, 0);
    log_expect("a:0,b:0,a:1,b:1,a:2,b:2,a:0,b:0,a:1,b:1,a:2,b:2,a:0,b:0,a:1,b:1,a:2,b:2");
}
END_TEST

static int sleep_in_order(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, SLEEP, .a = t->name[0] == 'b' ? MS(5) : MS(10));
        say(t, "%dms", (int)now_ms(t->host->runner));
    }
    return 0;
}

static int let_three_sleep(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, sleep_in_order, "a");
        host_spawn_detached(t, sleep_in_order, "b");
        host_spawn_detached(t, sleep_in_order, "c");
        WAIT_CODE(t, 0, SLEEP, .a = MS(20));
    }
    return 0;
}

START_TEST(R193_sleepers_wake_in_the_order_of_their_deadlines)
{
    host_play(_i, let_three_sleep, 0);
    log_expect("b:5ms,a:10ms,c:10ms");
}
END_TEST

/* --- await for a time -------------------------------------------------------------------- */

static int await_for_a_time(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, sleep_and_give_7, "in time");
        WAIT_CODE(t, 0, AWAIT_FOR, .id = t->other->id, .a = MS(11));
        ck_assert_uint_eq(t->value, 7);
        t->other = host_spawn(t, park_for_ever, "late");
        WAIT_CODE(t, RUNNER_ETIMEDOUT, AWAIT_FOR, .id = t->other->id, .a = MS(5));
        ck_assert_uint_eq(now_ms(t->host->runner), 15);
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_ECANCELED);
        t->other = host_spawn(t, sleep_and_give_7, "for ever");
        WAIT_CODE(t, 0, AWAIT_FOR, .id = t->other->id, .a = INT64_MAX);
        t->other = host_spawn(t, give_7, "at once");
        WAIT_CODE(t, RUNNER_ETIMEDOUT, AWAIT_FOR, .id = t->other->id, .a = 0);
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_ECANCELED);
    }
    return 0;
}

START_TEST(R170_await_for_a_time)
{
    host_play(_i, await_for_a_time, 0);
    log_expect("late:RUNNER_ECANCELED 0,at once:ended RUNNER_ECANCELED");
}
END_TEST

static int await_for_half_a_millisecond(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, park_for_ever, "late");
        WAIT_CODE(t, RUNNER_ETIMEDOUT, AWAIT_FOR, .id = t->other->id, .a = 500000);
        ck_assert_uint_eq(runner_time_ns(t->host->runner), (uint64_t)MS(1)); /* rounded up */
        t->other = host_spawn(t, park_for_ever, "later");
        WAIT_CODE(t, RUNNER_ETIMEDOUT, AWAIT_FOR, .id = t->other->id, .a = MS(1) + 1);
        ck_assert_uint_eq(runner_time_ns(t->host->runner), (uint64_t)MS(3));
    }
    return 0;
}

START_TEST(R194_the_time_of_an_await_is_rounded_up)
{
    host_play(_i, await_for_half_a_millisecond, 0);
    log_expect("late:RUNNER_ECANCELED 0,later:RUNNER_ECANCELED 0");
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int cancel_a_sleeper(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, park_for_ever, "child");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id, .b = 55), 0);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->other->id), 1);
        ck_assert_int_eq(t->a_out, RUNNER_REASON_USER);
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EPENDING);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 55);                                      /* R153 */
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), RUNNER_EDONE); /* R142 */
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->other->id), 1);
        ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = t->other->id), 0); /* R152 */
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_ECANCELED);
    }
    return 0;
}

START_TEST(R141_R142_R153_a_cancel_and_its_payload)
{
    host_play(_i, cancel_a_sleeper, 0);
    log_expect("child:RUNNER_ECANCELED 55");
}
END_TEST

static int clean_up(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
        say(t, "%s", code_name(t->status));
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int cancel_once_and_twice(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, clean_up, "child");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->other->id), 2);
        WAIT_CODE(t, 0, SLEEP, .a = MS(7));
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(R143_R144_two_cancels_at_once_and_one_while_cleaning_up)
{
    host_play(_i, cancel_once_and_twice, 0);
    log_expect("child:RUNNER_ECANCELED,child:0,child:RUNNER_ECANCELED");
}
END_TEST

static int cancel_itself(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, CANCEL, .id = t->id, .b = 3), 0);
        say(t, "goes on");
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(5));
        ck_assert_uint_eq(t->value, 3);
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
        ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = t->id), 0);
        ck_assert_code(host_do(t, CANCEL, .id = t->id), 0);
    }
    return 0; /* and ends cancelled */
}

START_TEST(R146_a_task_that_cancels_itself_is_told_at_its_next_wait)
{
    host_play(_i, cancel_itself, RUNNER_ECANCELED);
    log_expect("main:goes on");
}
END_TEST

static int cancel_itself_and_take_it_back(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, CANCEL, .id = t->id), 0);
        ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = t->id), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
        ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = t->id), 0); /* not below */
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0);
        ck_assert_int_eq(t->a_out, 0);
    }
    return 0;
}

START_TEST(R151_uncancel)
{
    host_play(_i, cancel_itself_and_take_it_back, 0);
}
END_TEST

static int await_inner(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, clean_up, "inner");
        WAIT(t, AWAIT, .id = t->other->id);
        say(t, "%s", code_name(t->status));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 1);
    }
    return t->status;
}

static int cancel_outer(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, await_inner, "outer");
        WAIT_CODE(t, 0, YIELD);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id, .b = 4), 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id); /* R148: the inner one swallowed it */
    }
    return 0;
}

START_TEST(R147_the_innermost_wait_is_cancelled_first)
{
    host_play(_i, cancel_outer, 0);
    log_expect("inner:RUNNER_ECANCELED,inner:0,inner:0,outer:0");
}
END_TEST

static int swallow_and_give_42(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        WAIT_CODE(t, 0, YIELD); /* R149 */
        t->result = 42;
    }
    return 0;
}

static int cancel_one_that_swallows(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, swallow_and_give_42, "child");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 42);
    }
    return 0;
}

START_TEST(R148_R149_a_task_may_swallow_its_cancel)
{
    host_play(_i, cancel_one_that_swallows, 0);
}
END_TEST

static int settle_a_task(host_task_t *t)
{
    t->other = host_spawn(t, give_7, "child");
    ck_assert_code(host_do(t, RESOLVE, .id = t->other->id, .b = 1), RUNNER_EBADID);
    ck_assert_code(host_do(t, REJECT, .id = t->other->id, .status = -5), RUNNER_EBADID);
    return 0;
}

START_TEST(R154_a_task_cannot_be_settled)
{
    host_play(_i, settle_a_task, 0);
}
END_TEST

/* --- whose command it is ----------------------------------------------------------------- */

/* A command in the name of this task; at once, also where waits are kept for the next step. */
static int command_of(host_t *host, uint64_t task, uint32_t op)
{
    runner_host_cmd_t cmd = {.task = task, .op = op, .a = MS(1)};
    host_flush(host);
    ck_assert_code(runner_commands(host->runner, &cmd, 1), 0);
    return cmd.status;
}

static int command_for_others(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, park_for_ever, "child");
        WAIT_CODE(t, 0, YIELD);
        /* It is parked: nothing can be done in its name. */
        ck_assert_code(command_of(t->host, t->other->id, RUNNER_HOST_SLEEP), RUNNER_ENOTASK);
        ck_assert_code(command_of(t->host, t->other->id, RUNNER_HOST_DONE), RUNNER_ENOTASK);
        /* Nobody does not wait, or end. */
        ck_assert_code(command_of(t->host, 0, RUNNER_HOST_SLEEP), RUNNER_ENOTASK);
        ck_assert_code(command_of(t->host, 0, RUNNER_HOST_DONE), RUNNER_ENOTASK);
        ck_assert_code(command_of(t->host, t->id, 4711), RUNNER_EINVAL);
        ck_assert_code(command_of(t->host, t->id, 0), RUNNER_EINVAL);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        ck_assert_code(command_of(t->host, t->other->id, RUNNER_HOST_YIELD), RUNNER_ENOTASK);
    }
    return 0;
}

START_TEST(only_a_task_that_runs_does_something)
{
    host_play(_i, command_for_others, 0);
    log_expect("child:RUNNER_ECANCELED 0");
}
END_TEST

START_TEST(outside_of_a_run_nothing_waits)
{
    host_t *host = host_new(ONE_CALL);
    uint64_t future = host_make(&host->nobody, FUTURE_NEW);
    ck_assert_code(host_do(&host->nobody, SPAWN), RUNNER_ENOLOOP);
    ck_assert_code(host_do(&host->nobody, AWAIT, .id = future), RUNNER_ENOTASK);
    ck_assert_code(host_do(&host->nobody, YIELD), RUNNER_ENOTASK);
    ck_assert_code(host_do(&host->nobody, STOP), RUNNER_ENOLOOP);
    ck_assert_code(host_do(&host->nobody, RESOLVE, .id = future, .b = 5), 0);
    ck_assert_uint_eq(host_ask(&host->nobody, RESULT, .id = future), 5);
    ck_assert_code(host_run(host, give_7), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_cancel(Suite *suite)
{
    TCase *tcase = test_case(suite, "cancel");
    add_for_each_way(tcase, R141_R142_R153_a_cancel_and_its_payload);
    add_for_each_way(tcase, R143_R144_two_cancels_at_once_and_one_while_cleaning_up);
    add_for_each_way(tcase, R146_a_task_that_cancels_itself_is_told_at_its_next_wait);
    add_for_each_way(tcase, R147_the_innermost_wait_is_cancelled_first);
    add_for_each_way(tcase, R148_R149_a_task_may_swallow_its_cancel);
    add_for_each_way(tcase, R151_uncancel);
    add_for_each_way(tcase, R154_a_task_cannot_be_settled);
}

int main(void)
{
    Suite *suite = suite_create("host_task");
    TCase *tcase = test_case(suite, "await");
    add_for_each_way(tcase, R026_await_brings_the_code_and_the_value);
    add_for_each_way(tcase, R155_the_outcome_of_a_task_can_be_looked_at);
    add_for_each_way(tcase, R042_a_task_cannot_await_itself);
    add_for_each_way(tcase, R190_those_who_await_a_task_are_woken_in_the_order_of_their_coming);
    add_for_each_way(tcase, R170_await_for_a_time);
    add_for_each_way(tcase, R194_the_time_of_an_await_is_rounded_up);
    tcase = test_case(suite, "turns");
    add_for_each_way(tcase, R195_a_yield_and_a_sleep_for_nothing_are_one_turn);
    add_for_each_way(tcase, R193_sleepers_wake_in_the_order_of_their_deadlines);
    add_cancel(suite);
    tcase = test_case(suite, "whose");
    add_for_each_way(tcase, only_a_task_that_runs_does_something);
    tcase_add_test(tcase, outside_of_a_run_nothing_waits);
    return test_main(suite);
}
