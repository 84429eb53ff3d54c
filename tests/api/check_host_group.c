/* Task groups of a host, and what went wrong in them. */
#include "host_driver.h"

/* --- bodies ------------------------------------------------------------------------------ */

static int sleep_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(10));
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int fail_after_5ms(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(5));
        t->result = 8;
        say(t, "fails");
    }
    return RUNNER_EUSER;
}

static int fail_in_cleanup(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(10));
        say(t, "%s", code_name(t->status));
    }
    return RUNNER_EUSER;
}

static int do_nothing(host_task_t *t)
{
    (void)t;
    return 0;
}

/* A new group that is open. */
static uint64_t open_group(host_task_t *t)
{
    uint64_t group = host_make(t, GROUP_NEW);
    ck_assert_code(host_do(t, GROUP_OPEN, .id = group), 0);
    return group;
}

/* The errors of a group: names and codes. */
static void say_errors(host_task_t *t, uint64_t group)
{
    uint64_t tasks[4];
    int32_t codes[4];
    size_t count = 0;
    ck_assert_code(runner_host_errors(t->host->runner, group, tasks, codes, 4, &count), 0);
    say(t, "%d errors", (int)count);
    for (size_t i = 0; i < count && i < 4; i++)
        log_add("%s %s", tasks[i] == 0 ? "body" : host_task(t->host, tasks[i])->name,
                code_name(codes[i]));
}

/* --- children ---------------------------------------------------------------------------- */

static int close_when_all_are_done(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, sleep_and_say, "a");
        host_spawn_in(t, t->id_kept, sleep_and_say, "b");
        say(t, "closes");
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept);
        say(t, "%dms", (int)now_ms(t->host->runner));
        say_errors(t, t->id_kept);
    }
    return 0;
}

START_TEST(R156_a_group_waits_for_its_children)
{
    host_play(_i, close_when_all_are_done, 0);
    log_expect("main:closes,a:0,b:0,main:10ms,main:0 errors");
}
END_TEST

static int spawn_a_sibling(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(5));
        host_spawn_in(t, t->parent->id_kept, sleep_and_say, "sibling");
    }
    return t->status;
}

static int close_with_late_children(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, spawn_a_sibling, "a");
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept);
        say(t, "%dms", (int)now_ms(t->host->runner));
    }
    return 0;
}

START_TEST(R156_children_spawn_children_while_the_owner_waits)
{
    host_play(_i, close_with_late_children, 0);
    log_expect("sibling:0,main:15ms");
}
END_TEST

static int cancel_one_child(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        t->other = host_spawn_in(t, t->id_kept, sleep_and_say, "a");
        host_spawn_in(t, t->id_kept, sleep_and_say, "b");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept);
    }
    return 0;
}

START_TEST(R157_a_child_that_is_cancelled_is_no_error)
{
    host_play(_i, cancel_one_child, 0);
    log_expect("a:RUNNER_ECANCELED,b:0");
}
END_TEST

/* --- errors ------------------------------------------------------------------------------ */

static int close_with_one_that_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, sleep_and_say, "a");
        host_spawn_in(t, t->id_kept, fail_after_5ms, "b");
        host_spawn_in(t, t->id_kept, fail_in_cleanup, "c");
        WAIT_CODE(t, RUNNER_EGROUP, GROUP_CLOSE, .id = t->id_kept);
        say_errors(t, t->id_kept);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0); /* R164 */
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

START_TEST(R158_a_child_that_fails_has_its_siblings_cancelled)
{
    host_play(_i, close_with_one_that_fails, 0);
    log_expect("b:fails,a:RUNNER_ECANCELED,c:RUNNER_ECANCELED,main:2 errors,b RUNNER_EUSER,"
               "c RUNNER_EUSER");
}
END_TEST

static int body_waits_while_a_child_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, fail_after_5ms, "a");
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 1);
        ck_assert_int_eq(t->a_out, RUNNER_REASON_GROUP);
        WAIT_CODE(t, RUNNER_EGROUP, GROUP_CLOSE, .id = t->id_kept, .status = t->status);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0);
        say_errors(t, t->id_kept);
    }
    return 0;
}

START_TEST(R158_a_child_that_fails_cancels_the_body)
{
    host_play(_i, body_waits_while_a_child_fails, 0);
    log_expect("a:fails,main:1 errors,a RUNNER_EUSER");
}
END_TEST

static int body_fails(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, fail_in_cleanup, "a");
        WAIT_CODE(t, 0, YIELD);
        WAIT_CODE(t, RUNNER_EGROUP, GROUP_CLOSE, .id = t->id_kept, .status = RUNNER_EUSER);
        say_errors(t, t->id_kept);
    }
    return 0;
}

START_TEST(R159_a_body_that_fails_has_the_children_cancelled)
{
    host_play(_i, body_fails, 0);
    log_expect("a:RUNNER_ECANCELED,main:2 errors,a RUNNER_EUSER,body RUNNER_EUSER");
}
END_TEST

/* Room for fewer errors than there are, and for none. */
static void look_at_some_errors(host_task_t *t)
{
    uint64_t tasks[2] = {5, 5};
    int32_t codes[2] = {5, 5};
    size_t count = 5;
    runner_t *runner = t->host->runner;
    ck_assert_code(runner_host_errors(runner, t->id_kept, NULL, codes, 1, &count), RUNNER_EINVAL);
    ck_assert_code(runner_host_errors(runner, t->id_kept, tasks, NULL, 1, &count), RUNNER_EINVAL);
    ck_assert_code(runner_host_errors(runner, t->id_kept, tasks, codes, 1, NULL), RUNNER_EINVAL);
    ck_assert_uint_eq(count, 5);
    ck_assert_code(runner_host_errors(runner, t->id_kept, NULL, NULL, 0, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_code(runner_host_errors(runner, t->id_kept, tasks, codes, 1, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(tasks[0], t->other->id);
    ck_assert_code(codes[0], RUNNER_EUSER);
    ck_assert_uint_eq(tasks[1], 5);
    ck_assert_int_eq(codes[1], 5);
}

static int let_two_fail(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        t->other = host_spawn_in(t, t->id_kept, fail_after_5ms, "a");
        host_spawn_in(t, t->id_kept, fail_in_cleanup, "b");
        WAIT_CODE(t, RUNNER_EGROUP, GROUP_CLOSE, .id = t->id_kept);
        look_at_some_errors(t);
    }
    return 0;
}

START_TEST(R158_as_many_errors_as_there_is_room_for)
{
    host_play(_i, let_two_fail, 0);
    log_clear();
}
END_TEST

static int inner_group(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, fail_after_5ms, "inner child");
        WAIT(t, GROUP_CLOSE, .id = t->id_kept);
        say_errors(t, t->id_kept);
    }
    return t->status;
}

/* The errors go with the group: a run keeps none of them, and so no task. */
START_TEST(R162_a_run_ends_with_the_errors_of_a_group)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, inner_group), RUNNER_EGROUP);
    ck_assert_ptr_null(runner_run_errors(host->runner));
    log_expect("inner child:fails,main:1 errors,inner child RUNNER_EUSER");
    host_release_all(host);
    ck_assert_code(host_run(host, do_nothing), 0);
    host_release_all(host);
    ck_assert_uint_le(runner_host_count(host->runner), 1); /* main's, until its drop is told */
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int outer_group(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, inner_group, "inner");
        host_spawn_in(t, t->id_kept, sleep_and_say, "sibling");
        WAIT_CODE(t, RUNNER_EGROUP, GROUP_CLOSE, .id = t->id_kept);
        say_errors(t, t->id_kept);
    }
    return 0;
}

START_TEST(R162_a_group_in_a_group)
{
    host_play(_i, outer_group, 0);
    log_expect("inner child:fails,inner:1 errors,inner child RUNNER_EUSER,"
               "sibling:RUNNER_ECANCELED,main:1 errors,inner RUNNER_EGROUP");
}
END_TEST

static int abort_the_run(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = MS(5));
        t->done_flags = RUNNER_HOST_ABORTS;
    }
    return RUNNER_EUSER;
}

static int close_with_one_that_aborts(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, sleep_and_say, "a");
        host_spawn_in(t, t->id_kept, abort_the_run, "b");
        WAIT(t, GROUP_CLOSE, .id = t->id_kept);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

START_TEST(R163_an_abort_comes_out_of_the_group_as_it_is)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, close_with_one_that_aborts), RUNNER_EUSER);
    log_expect("");
    ck_assert_code(host_run(host, sleep_and_say), RUNNER_EUSER); /* it comes out of main now */
    log_expect("a:RUNNER_ECANCELED,main:RUNNER_EUSER");
    ck_assert_code(host_close(host), 0);
    log_expect("main:RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

static int own_a_group(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, sleep_and_say, "a");
        host_spawn_in(t, t->id_kept, t->parent->i == 0 ? sleep_and_say : fail_in_cleanup, "b");
        WAIT(t, GROUP_CLOSE, .id = t->id_kept);
        say(t, "%s %d", code_name(t->status), (int)host_ask(t, CANCELLING, .id = t->id));
    }
    return t->status == RUNNER_EGROUP ? 0 : t->status;
}

static int cancel_the_owner(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, own_a_group, "owner");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT(t, AWAIT, .id = t->other->id);
        say(t, "%s", code_name(t->status));
    }
    return 0;
}

START_TEST(R160_the_cancel_of_the_owner_reaches_the_children)
{
    host_play(_i, cancel_the_owner, 0);
    log_expect("a:RUNNER_ECANCELED,b:RUNNER_ECANCELED,owner:RUNNER_ECANCELED 1,"
               "main:RUNNER_ECANCELED");
}
END_TEST

static int cancel_the_owner_of_one_that_fails(host_task_t *t)
{
    if (t->line == 0)
        t->i = 1;
    return cancel_the_owner(t);
}

START_TEST(R161_errors_in_the_cleanup_win_over_the_cancel)
{
    host_play(_i, cancel_the_owner_of_one_that_fails, 0);
    /* It ends with 0, but the cancel was never told: it ends cancelled. */
    log_expect("a:RUNNER_ECANCELED,b:RUNNER_ECANCELED,owner:RUNNER_EGROUP 1,"
               "main:RUNNER_ECANCELED");
}
END_TEST

static int cancel_a_group(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        host_spawn_in(t, t->id_kept, sleep_and_say, "a");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, GROUP_CANCEL, .id = t->id_kept), 0);
        ck_assert_code(host_do(t, GROUP_CANCEL, .id = t->id_kept), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(1));
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept, .status = t->status);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0);
        ck_assert_code(host_do(t, GROUP_CANCEL, .id = t->id_kept), 0); /* has ended */
    }
    return 0;
}

START_TEST(R168_a_group_is_cancelled)
{
    host_play(_i, cancel_a_group, 0);
    log_expect("a:RUNNER_ECANCELED");
}
END_TEST

static int cancel_before_it_is_entered(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, GROUP_NEW);
        ck_assert_code(host_do(t, GROUP_CANCEL, .id = t->id_kept), 0);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, YIELD);
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept, .status = t->status);
    }
    return 0;
}

START_TEST(R168_a_group_is_cancelled_before_it_is_entered)
{
    host_play(_i, cancel_before_it_is_entered, 0);
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static int open_it_too(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->parent->id_kept), RUNNER_EENTERED);
        WAIT_CODE(t, RUNNER_EOWNER, GROUP_CLOSE, .id = t->parent->id_kept);
    }
    return 0;
}

static int refuse_everything(host_task_t *t)
{
    host_task_t *none = NULL;
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, GROUP_NEW);
        ck_assert_code(host_try_spawn(t, t->id_kept, 0, do_nothing, "early", &none),
                       RUNNER_ENOTENTERED);
        WAIT_CODE(t, RUNNER_ENOTENTERED, GROUP_CLOSE, .id = t->id_kept);
        ck_assert_code(host_do(&t->host->nobody, GROUP_OPEN, .id = t->id_kept), RUNNER_ENOTASK);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), 0);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), RUNNER_EENTERED);
        WAIT_CODE(t, RUNNER_EINVAL, GROUP_CLOSE, .id = t->id_kept, .status = 5);
        t->other = host_spawn(t, open_it_too, "other");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_code(host_do(t, GROUP_CANCEL, .id = t->id_kept), 0);
        ck_assert_code(host_try_spawn(t, t->id_kept, 0, do_nothing, "late", &none),
                       RUNNER_EABORTING);
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept);
        ck_assert_code(host_try_spawn(t, t->id_kept, 0, do_nothing, "too late", &none),
                       RUNNER_EFINISHED);
        WAIT_CODE(t, RUNNER_EFINISHED, GROUP_CLOSE, .id = t->id_kept);
        ck_assert_ptr_null(none);
    }
    return 0;
}

START_TEST(R165_R166_what_a_group_refuses)
{
    host_play(_i, refuse_everything, 0);
}
END_TEST

static int spawn_one_by_one(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_group(t);
        for (t->i = 0; t->i < 20; t->i++) {
            t->other = host_spawn_in(t, t->id_kept, do_nothing, "child");
            host_release(t, t->other->id);
            WAIT_CODE(t, 0, YIELD);
            WAIT_CODE(t, 0, YIELD);
        }
        ck_assert_uint_lt(runner_host_count(t->host->runner), 8);
        WAIT_CODE(t, 0, GROUP_CLOSE, .id = t->id_kept);
    }
    return 0;
}

START_TEST(R169_children_that_are_over_do_not_accumulate)
{
    host_play(_i, spawn_one_by_one, 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_errors(Suite *suite)
{
    TCase *tcase = test_case(suite, "errors");
    add_for_each_way(tcase, R158_a_child_that_fails_has_its_siblings_cancelled);
    add_for_each_way(tcase, R158_a_child_that_fails_cancels_the_body);
    add_for_each_way(tcase, R159_a_body_that_fails_has_the_children_cancelled);
    add_for_each_way(tcase, R158_as_many_errors_as_there_is_room_for);
    add_for_each_way(tcase, R162_a_group_in_a_group);
    add_for_each_way(tcase, R162_a_run_ends_with_the_errors_of_a_group);
    add_for_each_way(tcase, R163_an_abort_comes_out_of_the_group_as_it_is);
}

int main(void)
{
    Suite *suite = suite_create("host_group");
    TCase *tcase = test_case(suite, "children");
    add_for_each_way(tcase, R156_a_group_waits_for_its_children);
    add_for_each_way(tcase, R156_children_spawn_children_while_the_owner_waits);
    add_for_each_way(tcase, R157_a_child_that_is_cancelled_is_no_error);
    add_for_each_way(tcase, R169_children_that_are_over_do_not_accumulate);
    add_errors(suite);
    tcase = test_case(suite, "cancel");
    add_for_each_way(tcase, R160_the_cancel_of_the_owner_reaches_the_children);
    add_for_each_way(tcase, R161_errors_in_the_cleanup_win_over_the_cancel);
    add_for_each_way(tcase, R168_a_group_is_cancelled);
    add_for_each_way(tcase, R168_a_group_is_cancelled_before_it_is_entered);
    tcase = test_case(suite, "refused");
    add_for_each_way(tcase, R165_R166_what_a_group_refuses);
    return test_main(suite);
}
