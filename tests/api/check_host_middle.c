/* A run ends, or is interrupted, while a batch is out. */
#include "host_driver.h"

/* --- bodies ------------------------------------------------------------------------------ */

static int yield_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "1");
        WAIT(t, YIELD);
        say(t, "%s", t->status == 0 ? "2" : code_name(t->status));
    }
    return t->status;
}

static int sleep_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "again");
        WAIT(t, SLEEP, .a = MS(20));
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

/* Main spawns one that does something in the middle of a batch, between two others. */
static host_fn what;

static int spawn_around(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, yield_and_say, "a");
        host_spawn_detached(t, what, "x");
        host_spawn_detached(t, yield_and_say, "b");
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int run_around(host_t *host, host_fn fn)
{
    what = fn;
    return host_run(host, spawn_around);
}

static void close_and_free(host_t *host)
{
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}

/* --- stop -------------------------------------------------------------------------------- */

static int stop(host_task_t *t)
{
    say(t, "stops");
    host_spawn_detached(t, yield_and_say, "child");
    ck_assert_code(host_do(t, STOP), 0);
    return 0;
}

START_TEST(R033_the_iteration_completes_when_the_run_is_stopped)
{
    host_t *host = host_new(_i);
    ck_assert_code(run_around(host, stop), RUNNER_ESTOPPED);
    log_expect("a:1,x:stops,b:1");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("a:2,child:1,b:2,main:again,child:2,main:0,main:0");
    close_and_free(host);
}
END_TEST

static int stop_from_a_callback(host_task_t *t)
{
    ck_assert_code(host_do(t, STOP), 0);
    say(t, "stops");
    return 0;
}

static int call_and_park(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        uint64_t value = host_value(t->host, VALUE_CALL, "callback", stop_from_a_callback);
        ck_assert_code(host_do(t, CALL_SOON, .b = value), 0);
        host_spawn_detached(t, yield_and_say, "a");
        WAIT(t, SLEEP, .a = MS(5));
    }
    }
    return 0;
}

START_TEST(R033_a_callback_stops_the_run)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, call_and_park), RUNNER_ESTOPPED);
    log_expect("callback:stops,a:1");
    ck_assert_code(host_close(host), 0);
    log_expect("a:RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

/* --- abort ------------------------------------------------------------------------------- */

static int abort_the_run(host_task_t *t)
{
    say(t, "aborts");
    t->done_flags = RUNNER_HOST_ABORTS;
    return RUNNER_EUSER;
}

START_TEST(R038_an_abort_leaves_the_rest_of_the_batch_its_turn)
{
    host_t *host = host_new(_i);
    ck_assert_code(run_around(host, abort_the_run), RUNNER_EUSER);
    log_expect("a:1,x:aborts");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("b:1,a:2,main:again,b:2,main:0,main:0");
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 1); /* nobody has awaited it: R93 */
    ck_assert_code(host->errors[0].code, RUNNER_EUSER);
    host_free(host);
}
END_TEST

static int spawn_before(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, yield_and_say, "a");
        host_spawn_detached(t, abort_the_run, "x");
        WAIT(t, SLEEP, .a = MS(5));
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

START_TEST(R038_an_abort_of_the_last_of_the_batch)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_before), RUNNER_EUSER);
    log_expect("a:1,x:aborts");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("a:2,main:again,main:0,main:0");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int take_the_lock(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, LOCK_ACQUIRE, .id = t->parent->id_kept);
        say(t, "%s", code_name(t->status));
        if (t->status == 0)
            ck_assert_code(host_do(t, LOCK_RELEASE, .id = t->parent->id_kept), 0);
    }
    return t->status;
}

static int yield_and_abort(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, YIELD);
        t->done_flags = RUNNER_HOST_ABORTS;
    }
    return RUNNER_EUSER;
}

static int hold_a_lock(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, LOCK_NEW);
        WAIT_CODE(t, 0, LOCK_ACQUIRE, .id = t->id_kept);
        host_spawn_detached(t, take_the_lock, "a");
        host_spawn_detached(t, take_the_lock, "b");
        host_spawn_detached(t, yield_and_abort, "x");
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, LOCK_RELEASE, .id = t->id_kept), 0); /* a stands behind x */
        WAIT(t, SLEEP, .a = MS(5));
    }
    return t->status;
}

/* The lock was on its way to a, which has not run: the close cancels it before it has it. */
START_TEST(R038_what_stands_behind_an_abort_is_not_begun)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, hold_a_lock), RUNNER_EUSER);
    log_expect("");
    ck_assert_code(host_close(host), 0);
    log_expect("a:RUNNER_ECANCELED,b:RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

static int own_a_group(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, GROUP_NEW);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), 0);
        host_spawn_in(t, t->id_kept, abort_the_run, "child");
        WAIT(t, GROUP_CLOSE, .id = t->id_kept);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int spawn_owner_and_others(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, own_a_group, "owner");
        WAIT(t, YIELD);
        WAIT(t, YIELD);
        host_spawn_detached(t, yield_and_say, "a");
        WAIT(t, SLEEP, .a = MS(5));
    }
    return 0;
}

/* The owner says nothing of an abort: that its end is one, the library knows. Whoever stands
 * behind it keeps the turn, also where the owner's end is kept for the next step. */
START_TEST(R163_an_abort_that_comes_out_of_a_group_in_a_batch)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_owner_and_others), RUNNER_EUSER);
    log_expect("child:aborts");
    ck_assert_code(host_run(host, yield_and_say), RUNNER_EUSER);
    log_expect("main:1,a:1,owner:RUNNER_EUSER");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("main:2,a:2,main:again,main:0");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int own_one_that_aborts(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, GROUP_NEW);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), 0);
        host_spawn_in(t, t->id_kept, abort_the_run, "child");
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(50));
        say(t, "cancelled");
        WAIT(t, GROUP_CLOSE, .id = t->id_kept); /* the child has ended: at once */
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

static int spawn_one_behind(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, own_one_that_aborts, "owner");
        WAIT(t, SLEEP, .a = MS(5));
    }
    return 0;
}

/* The same, with an owner that learns of it while it runs. */
START_TEST(R163_an_abort_that_comes_out_of_a_group_at_once)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_one_behind), RUNNER_EUSER);
    log_expect("child:aborts");
    ck_assert_code(host_run(host, yield_and_say), RUNNER_EUSER);
    log_expect("main:1,owner:cancelled,owner:RUNNER_EUSER");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_clear();
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int swallow_an_abort(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, GROUP_NEW);
        ck_assert_code(host_do(t, GROUP_OPEN, .id = t->id_kept), 0);
        host_spawn_in(t, t->id_kept, abort_the_run, "child");
        WAIT_CODE(t, RUNNER_EUSER, GROUP_CLOSE, .id = t->id_kept);
        say(t, "swallows");
        for (t->i = 0; t->i < 3; t->i++) {
            WAIT_CODE(t, 0, YIELD);
            host_flush(t->host); /* what the one before has kept */
            (void)host_ask(t, CANCELLING, .id = t->id);
        }
        say(t, "goes on");
    }
    return 0;
}

static int yield_often(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 10; t->i++)
            WAIT_CODE(t, 0, YIELD);
        say(t, "ends");
    }
    return 0;
}

static int spawn_one_that_swallows(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, yield_often, "before");
        host_spawn_detached(t, swallow_an_abort, "owner");
        WAIT(t, SLEEP, .a = MS(5));
    }
    return 0;
}

/* It may still end with that error, so nobody stands behind it in a batch. What those do who stand
 * before it does not take it back: the host may have begun with it by then. */
START_TEST(R163_an_abort_that_the_owner_of_the_group_swallows)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_one_that_swallows), RUNNER_EUSER);
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("child:aborts,main:again,owner:swallows,owner:goes on,before:ends,main:0");
    close_and_free(host);
}
END_TEST

static int abort_with_success(host_task_t *t)
{
    say(t, "changed its mind");
    t->done_flags = RUNNER_HOST_ABORTS;
    return 0;
}

START_TEST(only_a_failure_aborts)
{
    host_t *host = host_new(_i);
    ck_assert_code(run_around(host, abort_with_success), 0);
    log_expect("a:1,x:changed its mind,b:1,a:2,b:2,main:0");
    close_and_free(host);
}
END_TEST

/* --- the first interrupt ----------------------------------------------------------------- */

static int await_two(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "yields");
        WAIT(t, YIELD);
        say(t, "%s", code_name(t->status));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 1);
        ck_assert_int_eq(t->a_out, RUNNER_REASON_SIGINT);
    }
    return t->status;
}

static int interrupt(host_task_t *t)
{
    say(t, "interrupts");
    ck_assert_code(runner_interrupt(t->host->runner), 0);
    /* A command tells the library, as the next step does: the batch may have main in it. */
    host_ask(t, CANCELLING, .id = t->id);
    return 0;
}

static int spawn_one_that_interrupts(host_task_t *t)
{
    if (t->line == 0)
        host_spawn_detached(t, interrupt, "x");
    return await_two(t);
}

START_TEST(R119_the_first_interrupt_reaches_main_in_the_batch)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_one_that_interrupts), RUNNER_EINTR);
    log_expect("main:yields,x:interrupts,main:RUNNER_ECANCELED");
    close_and_free(host);
}
END_TEST

START_TEST(R119_the_first_interrupt_cancels_main_that_is_parked)
{
    host_t *host = host_new(_i);
    ck_assert_code(run_around(host, interrupt), RUNNER_EINTR);
    log_expect("a:1,x:interrupts,b:1,a:2,main:RUNNER_ECANCELED,b:2");
    close_and_free(host);
}
END_TEST

static int end_cancelled_by_others(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        ck_assert_code(host_do(t, CANCEL, .id = t->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(1));
    }
    return t->status;
}

START_TEST(R126_an_interrupt_beside_another_cancel_is_a_cancel)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, end_cancelled_by_others), RUNNER_ECANCELED);
    close_and_free(host);
}
END_TEST

/* --- the second -------------------------------------------------------------------------- */

static int interrupt_twice(host_task_t *t)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        host_ask(t, CANCELLING, .id = t->id);
    }
    say(t, "interrupts twice");
    return 0;
}

START_TEST(R128_the_second_interrupt_takes_the_rest_of_the_batch_back)
{
    host_t *host = host_new(_i);
    ck_assert_code(run_around(host, interrupt_twice), RUNNER_EINTR);
    log_expect("a:1,x:interrupts twice");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("b:1,a:2,main:RUNNER_ECANCELED,main:again,b:2,main:0"); /* R134 */
    close_and_free(host);
}
END_TEST

/* The events themselves: those that were not resumed are none any more. */
START_TEST(R128_what_was_taken_back_reads_as_nothing)
{
    host_t *host = host_new(MANY_CALL);
    what = interrupt_twice;
    host_begin(host, spawn_around);
    host_step(host);
    host_take(host);
    ck_assert_uint_eq(host->n_events, 3);
    host_handle(host, &host->events[0]);
    host_handle(host, &host->events[1]);
    ck_assert_int_eq(host->events[2].kind, RUNNER_HOST_NONE);
    host_take(host);
    ck_assert_int_eq(host->events[host->n_events - 1].kind, RUNNER_HOST_END);
    host_work(host);
    ck_assert_int_eq(host->over, 1);
    ck_assert_code(host_drive(host), RUNNER_EINTR);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int cancel_next_and_interrupt(host_task_t *t)
{
    ck_assert_code(host_do(t, CANCEL, .id = t->other->id, .b = 6), 0);
    return interrupt_twice(t);
}

static int spawn_canceller(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        host_task_t *x = host_spawn_detached(t, cancel_next_and_interrupt, "x");
        x->other = host_spawn(t, yield_and_say, "new");
        WAIT(t, SLEEP, .a = MS(5));
    }
    }
    return t->status;
}

static int yield_then_cancel_next(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, YIELD);
    }
    return cancel_next_and_interrupt(t);
}

static int spawn_late_canceller(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        host_task_t *x = host_spawn_detached(t, yield_then_cancel_next, "x");
        x->other = host_spawn(t, yield_and_say, "old");
        WAIT(t, SLEEP, .a = MS(5));
    }
    }
    return t->status;
}

START_TEST(R145_one_that_was_cancelled_and_taken_back_never_starts)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_canceller), RUNNER_EINTR);
    log_expect("x:interrupts twice");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("new:ended RUNNER_ECANCELED,main:again,main:0");
    close_and_free(host);
}
END_TEST

START_TEST(R141_one_that_was_cancelled_and_taken_back_is_told_later)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_late_canceller), RUNNER_EINTR);
    log_expect("old:1,x:interrupts twice");
    ck_assert_code(host_run(host, sleep_and_say), 0);
    log_expect("old:RUNNER_ECANCELED,main:again,main:0");
    close_and_free(host);
}
END_TEST

static int interrupt_in_one_go(host_task_t *t)
{
    ck_assert_code(runner_interrupt(t->host->runner), 0);
    ck_assert_code(runner_interrupt(t->host->runner), 0);
    say(t, "interrupts twice");
    return 0;
}

/* Nobody has acted on the first: a second one in the same breath adds nothing that main could see,
 * and ends the run no less. */
START_TEST(R128_two_interrupts_at_once_end_the_run)
{
    host_t *host = host_new(_i);
    ck_assert_code(run_around(host, interrupt_in_one_go), RUNNER_EINTR);
    log_clear();
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_middle");
    TCase *tcase = test_case(suite, "stop");
    add_for_each_way(tcase, R033_the_iteration_completes_when_the_run_is_stopped);
    add_for_each_way(tcase, R033_a_callback_stops_the_run);
    tcase = test_case(suite, "abort");
    add_for_each_way(tcase, R038_an_abort_leaves_the_rest_of_the_batch_its_turn);
    add_for_each_way(tcase, R038_an_abort_of_the_last_of_the_batch);
    add_for_each_way(tcase, R038_what_stands_behind_an_abort_is_not_begun);
    add_for_each_way(tcase, R163_an_abort_that_comes_out_of_a_group_in_a_batch);
    add_for_each_way(tcase, R163_an_abort_that_comes_out_of_a_group_at_once);
    add_for_each_way(tcase, R163_an_abort_that_the_owner_of_the_group_swallows);
    add_for_each_way(tcase, only_a_failure_aborts);
    tcase = test_case(suite, "interrupt");
    add_for_each_way(tcase, R119_the_first_interrupt_reaches_main_in_the_batch);
    add_for_each_way(tcase, R119_the_first_interrupt_cancels_main_that_is_parked);
    add_for_each_way(tcase, R126_an_interrupt_beside_another_cancel_is_a_cancel);
    add_for_each_way(tcase, R128_the_second_interrupt_takes_the_rest_of_the_batch_back);
    add_for_each_way(tcase, R145_one_that_was_cancelled_and_taken_back_never_starts);
    add_for_each_way(tcase, R141_one_that_was_cancelled_and_taken_back_is_told_later);
    tcase_add_test(tcase, R128_what_was_taken_back_reads_as_nothing);
    add_for_each_way(tcase, R128_two_interrupts_at_once_end_the_run);
    return test_main(suite);
}
