/* Futures of a host, alone and several: settle, shield, gather, wait. */
#include "host_driver.h"

/* --- bodies ------------------------------------------------------------------------------ */

static int await_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, AWAIT, .id = t->parent->id_kept);
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return t->status;
}

static int sleep_and_give_7(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(10));
        say(t, "%s", code_name(t->status));
        t->result = 7;
    }
    return t->status;
}

static int sleep_and_fail_with_8(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
        t->result = 8;
    }
    return t->status == 0 ? RUNNER_EUSER : t->status;
}

/* --- one --------------------------------------------------------------------------------- */

static int settle_futures(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        ck_assert_code(host_do(t, STATUS, .id = t->id_kept), RUNNER_EPENDING);
        host_spawn_detached(t, await_and_say, "a");
        host_spawn_detached(t, await_and_say, "b");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, RESOLVE, .id = t->id_kept, .b = UINT64_MAX), 0);
        ck_assert_code(host_do(t, RESOLVE, .id = t->id_kept, .b = 1), RUNNER_EDONE);
        ck_assert_code(host_do(t, REJECT, .id = t->id_kept, .status = -5), RUNNER_EDONE);
        ck_assert_code(host_do(t, CANCEL, .id = t->id_kept), RUNNER_EDONE);
        ck_assert_uint_eq(host_ask(t, STATUS, .id = t->id_kept), UINT64_MAX);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, UINT64_MAX);
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

START_TEST(a_future_is_settled_once)
{
    host_play(_i, settle_futures, 0);
    log_expect("a:0 -1,b:0 -1");
}
END_TEST

static int reject_futures(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        ck_assert_code(host_do(t, REJECT, .id = t->id_kept, .status = 0), RUNNER_EINVAL);
        ck_assert_code(host_do(t, REJECT, .id = t->id_kept, .status = 5), RUNNER_EINVAL);
        t->other = host_spawn(t, await_and_say, "a");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, REJECT, .id = t->id_kept, .status = RUNNER_EUSER, .b = 12), 0);
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = t->other->id);
        ck_assert_code(host_do(t, RESULT, .id = t->id_kept), RUNNER_EUSER);
        ck_assert_uint_eq(t->b_out, 12);
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 12);
        t->id_kept = host_make(t, FUTURE_NEW);
        ck_assert_code(host_do(t, REJECT, .id = t->id_kept, .status = RUNNER_ECANCELED), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->id_kept);
    }
    return 0;
}

START_TEST(a_future_fails_with_what_it_was_rejected_with)
{
    host_play(_i, reject_futures, 0);
    log_expect("a:RUNNER_EUSER 12");
}
END_TEST

static int cancel_waiter(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, FUTURE_NEW);
        t->other = host_spawn(t, await_and_say, "a");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id, .b = 6), 0);
        ck_assert_code(host_do(t, STATUS, .id = t->id_kept), RUNNER_ECANCELED); /* R147 */
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        t->id_kept = host_make(t, FUTURE_NEW);
        t->other = host_spawn(t, await_and_say, "b");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->id_kept), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(R147_the_cancel_of_a_waiter_cancels_the_future)
{
    host_play(_i, cancel_waiter, 0);
    log_expect("a:RUNNER_ECANCELED 6,b:RUNNER_ECANCELED 0");
}
END_TEST

static int do_nothing(host_task_t *t)
{
    (void)t;
    return 0;
}

START_TEST(R093_a_rejected_future_that_nobody_looked_at_is_reported)
{
    host_t *host = host_new(ONE_CALL);
    uint64_t future = host_make(&host->nobody, FUTURE_NEW);
    ck_assert_code(host_do(&host->nobody, REJECT, .id = future, .status = RUNNER_EUSER, .b = 33),
                   0);
    host_release(&host->nobody, future);
    ck_assert_code(host_run(host, do_nothing), 0);
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_code(host->errors[0].code, RUNNER_EUSER);
    ck_assert_uint_eq(host->errors[0].value, 33);
    ck_assert_uint_eq(host->errors[0].task, 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- shield ------------------------------------------------------------------------------ */

static int cancel_the_shielded(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, sleep_and_give_7, "inner");
        t->id_kept = host_make(t, SHIELD, .a = (int64_t)t->other->id);
        host_spawn(t, await_and_say, "outer");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = host_latest(t)->id), 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 7);
    }
    return 0;
}

START_TEST(R182_the_cancel_of_a_shield_does_not_reach_the_inner_task)
{
    host_play(_i, cancel_the_shielded, 0);
    log_expect("outer:RUNNER_ECANCELED 0,inner:0");
}
END_TEST

static int shield_what_ends(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, sleep_and_give_7, "a");
        t->id_kept = host_make(t, SHIELD, .a = (int64_t)t->other->id);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 7);
        t->id_kept = host_make(t, SHIELD, .a = (int64_t)t->other->id); /* done already */
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 7);
        t->other = host_spawn(t, sleep_and_fail_with_8, "b");
        t->id_kept = host_make(t, SHIELD, .a = (int64_t)t->other->id);
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 8);
        t->other = host_spawn(t, sleep_and_give_7, "c");
        t->id_kept = host_make(t, SHIELD, .a = (int64_t)t->other->id);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->id_kept);
    }
    return 0;
}

START_TEST(R183_a_shield_ends_as_what_it_shields)
{
    host_play(_i, shield_what_ends, 0);
    log_expect("a:0,b:0,c:RUNNER_ECANCELED");
}
END_TEST

/* --- gather ------------------------------------------------------------------------------ */

static uint64_t gather(host_task_t *t, const uint64_t *ids, size_t count, int return_errors)
{
    uint64_t future = 0;
    host_flush(t->host);
    ck_assert_code(runner_host_gather(t->host->runner, ids, count, return_errors, &future), 0);
    host_own(t->host, future);
    return future;
}

static int gather_two(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        t->other = host_spawn(t, sleep_and_give_7, "a");
        uint64_t ids[] = {t->other->id, host_make(t, FUTURE_NEW), t->other->id};
        ck_assert_code(host_do(t, RESOLVE, .id = ids[1], .b = 1), 0);
        t->id_kept = gather(t, ids, 3, 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 0); /* each has its own value */
        ck_assert_uint_eq(host_ask(t, RESULT, .id = t->id_kept), 0);
        ck_assert_uint_eq(host_ask(t, RESULT, .id = t->other->id), 7);
        t->id_kept = gather(t, NULL, 0, 0);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
    }
    }
    return 0;
}

START_TEST(gather_waits_for_all)
{
    host_play(_i, gather_two, 0);
    log_expect("a:0");
}
END_TEST

static int gather_one_that_fails(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        t->other = host_spawn(t, sleep_and_give_7, "a");
        uint64_t ids[] = {t->other->id, host_spawn(t, sleep_and_fail_with_8, "b")->id};
        t->id_kept = gather(t, ids, 2, 0);
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = t->id_kept);
        ck_assert_uint_eq(t->value, 8); /* of the one that failed */
        say(t, "%dms", (int)now_ms(t->host->runner));
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id); /* it goes on */
    }
    }
    return 0;
}

START_TEST(gather_fails_with_the_first_that_does)
{
    host_play(_i, gather_one_that_fails, 0);
    log_expect("b:0,main:5ms,a:0");
}
END_TEST

static int gather_errors(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        uint64_t ids[] = {host_spawn(t, sleep_and_give_7, "a")->id,
                          host_spawn(t, sleep_and_fail_with_8, "b")->id};
        t->other = host_latest(t);
        t->id_kept = gather(t, ids, 2, 1);
        WAIT_CODE(t, 0, AWAIT, .id = t->id_kept);
        say(t, "%dms", (int)now_ms(t->host->runner));
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EUSER);
        ck_assert_uint_eq(t->b_out, 8);
    }
    }
    return 0;
}

START_TEST(gather_takes_errors_for_outcomes)
{
    host_play(_i, gather_errors, 0);
    log_expect("b:0,a:0,main:10ms");
}
END_TEST

static int await_a_gather(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        uint64_t ids[] = {host_spawn(t, sleep_and_give_7, "a")->id,
                          host_spawn(t, sleep_and_fail_with_8, "b")->id};
        t->id_kept = gather(t, ids, 2, 0);
        WAIT(t, AWAIT, .id = t->id_kept);
        say(t, "%s", code_name(t->status));
    }
    }
    return t->status;
}

static int cancel_a_gather(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, await_a_gather, "outer");
        WAIT_CODE(t, 0, YIELD);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(the_cancel_of_a_gather_reaches_all)
{
    host_play(_i, cancel_a_gather, 0);
    log_expect("a:RUNNER_ECANCELED,b:RUNNER_ECANCELED,outer:RUNNER_ECANCELED");
}
END_TEST

/* --- wait -------------------------------------------------------------------------------- */

static int wait_for(host_task_t *t, const uint64_t *ids, size_t count, int when, int64_t timeout_ns)
{
    host_flush(t->host);
    return runner_host_wait(t->host->runner, t->id, ids, count, when, timeout_ns);
}

static uint64_t three[3]; /* of the scenes below */

static void spawn_three(host_task_t *t)
{
    three[0] = host_spawn(t, sleep_and_give_7, "a")->id;
    three[1] = host_spawn(t, sleep_and_fail_with_8, "b")->id;
    three[2] = host_make(t, FUTURE_NEW);
}

/* Which of the three are done. */
static void say_which(host_task_t *t)
{
    say(t, "%s %dms %d%d%d", code_name(t->status), (int)now_ms(t->host->runner),
        host_do(t, STATUS, .id = three[0]) != RUNNER_EPENDING,
        host_do(t, STATUS, .id = three[1]) != RUNNER_EPENDING,
        host_do(t, STATUS, .id = three[2]) != RUNNER_EPENDING);
}

static int wait_for_some(host_task_t *t)
{
    switch (t->line) {
    case 0:
        spawn_three(t);
        WAIT_FOR(t, wait_for(t, three, 3, RUNNER_FIRST_COMPLETED, RUNNER_HOST_FOREVER));
        say_which(t);
        WAIT_FOR(t, wait_for(t, three, 2, RUNNER_ALL_COMPLETED, RUNNER_HOST_FOREVER));
        say_which(t);
        WAIT_FOR(t, wait_for(t, three, 3, RUNNER_ALL_COMPLETED, MS(5) - 1));
        say_which(t);
        WAIT_FOR(t, wait_for(t, three, 3, RUNNER_FIRST_EXCEPTION, RUNNER_HOST_FOREVER));
        say_which(t);
        ck_assert_code(host_do(t, RESULT, .id = three[1]), RUNNER_EUSER);
    }
    return 0;
}

START_TEST(wait_for_some_of_several)
{
    host_play(_i, wait_for_some, 0);
    log_expect("b:0,main:0 5ms 010,a:0,main:0 10ms 110,main:0 15ms 110,main:0 15ms 110");
}
END_TEST

static int wait_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_FOR(t, wait_for(t, three, 3, RUNNER_ALL_COMPLETED, RUNNER_HOST_FOREVER));
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int cancel_one_that_waits(host_task_t *t)
{
    switch (t->line) {
    case 0:
        spawn_three(t);
        t->other = host_spawn(t, wait_and_say, "waiter");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        WAIT_CODE(t, 0, AWAIT, .id = three[0]);
        WAIT_CODE(t, RUNNER_EUSER, AWAIT, .id = three[1]);
    }
    return 0;
}

START_TEST(the_cancel_of_a_wait_does_not_reach_the_others)
{
    host_play(_i, cancel_one_that_waits, 0);
    log_expect("waiter:RUNNER_ECANCELED,b:0,a:0");
}
END_TEST

static int refuse_waits(host_task_t *t)
{
    runner_t *runner = t->host->runner;
    uint64_t future = host_make(t, FUTURE_NEW);
    host_flush(t->host);
    ck_assert_code(wait_for(t, &future, 0, RUNNER_ALL_COMPLETED, 0), RUNNER_EINVAL);
    ck_assert_code(wait_for(t, NULL, 1, RUNNER_ALL_COMPLETED, 0), RUNNER_EINVAL);
    ck_assert_code(wait_for(t, &future, 1, 0, 0), RUNNER_EINVAL);
    ck_assert_code(wait_for(t, &future, 1, 4, 0), RUNNER_EINVAL);
    ck_assert_code(runner_host_wait(runner, 0, &future, 1, RUNNER_ALL_COMPLETED, 0),
                   RUNNER_ENOTASK);
    ck_assert_code(runner_host_wait(runner, future, &future, 1, RUNNER_ALL_COMPLETED, 0),
                   RUNNER_ENOTASK);
    return 0;
}

START_TEST(R024_waits_that_are_refused)
{
    host_play(_i, refuse_waits, 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_future");
    TCase *tcase = test_case(suite, "one");
    add_for_each_way(tcase, a_future_is_settled_once);
    add_for_each_way(tcase, a_future_fails_with_what_it_was_rejected_with);
    add_for_each_way(tcase, R147_the_cancel_of_a_waiter_cancels_the_future);
    tcase_add_test(tcase, R093_a_rejected_future_that_nobody_looked_at_is_reported);
    tcase = test_case(suite, "shield");
    add_for_each_way(tcase, R182_the_cancel_of_a_shield_does_not_reach_the_inner_task);
    add_for_each_way(tcase, R183_a_shield_ends_as_what_it_shields);
    tcase = test_case(suite, "gather");
    add_for_each_way(tcase, gather_waits_for_all);
    add_for_each_way(tcase, gather_fails_with_the_first_that_does);
    add_for_each_way(tcase, gather_takes_errors_for_outcomes);
    add_for_each_way(tcase, the_cancel_of_a_gather_reaches_all);
    tcase = test_case(suite, "wait");
    add_for_each_way(tcase, wait_for_some_of_several);
    add_for_each_way(tcase, the_cancel_of_a_wait_does_not_reach_the_others);
    add_for_each_way(tcase, R024_waits_that_are_refused);
    return test_main(suite);
}
