/*
 * The close of a runner that a host drives: what is left gets its turns, what does not end is given
 * up.
 */
#include "host_driver.h"

/* --- bodies ------------------------------------------------------------------------------ */

static int return_at_once(host_task_t *t)
{
    (void)t;
    return 0;
}

static int park_for_ever(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, SLEEP, .a = INT64_MAX);
        say(t, "%s", code_name(t->status));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 1);
        ck_assert_int_eq(t->a_out, RUNNER_REASON_CLOSE);
    }
    return t->status;
}

static int clean_up_with_waits(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        say(t, "cleans up");
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
        say(t, "%dms", (int)now_ms(t->host->runner));
    }
    return RUNNER_ECANCELED;
}

static int fail_in_cleanup(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        say(t, "fails");
        t->result = 8;
    }
    return RUNNER_EUSER;
}

static int swallow(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        say(t, "swallows");
    }
    return 0;
}

static int swallow_and_park(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (;;)
            WAIT(t, SLEEP, .a = MS(1000));
    }
    return 0;
}

/* What the next main leaves behind. */
static struct {
    host_fn fn;
    const char *name;
} left[4];

static int leave_them(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 4 && left[t->i].fn != NULL; t->i++)
            host_spawn_detached(t, left[t->i].fn, left[t->i].name);
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

static host_t *host_with_left(int way, const runner_options_t *opts)
{
    host_t *host = host_new_with(way, opts);
    ck_assert_code(host_run(host, leave_them), 0);
    return host;
}

static host_t *host_with_options(int way)
{
    runner_options_t opts = host_options();
    return host_with_left(way, &opts);
}

static const runner_report_t *report_of(const host_t *host)
{
    const runner_report_t *report = NULL;
    ck_assert_code(runner_get_report(host->runner, &report), 0);
    return report;
}

/* --- leftovers --------------------------------------------------------------------------- */

START_TEST(R079_R089_leftovers_are_cancelled_in_the_order_of_their_spawn)
{
    left[0].fn = park_for_ever, left[0].name = "a";
    left[1].fn = clean_up_with_waits, left[1].name = "b"; /* R086 */
    left[2].fn = park_for_ever, left[2].name = "c";
    host_t *host = host_with_options(_i);
    ck_assert_code(host_close(host), 0);
    log_expect("a:RUNNER_ECANCELED,b:cleans up,c:RUNNER_ECANCELED,b:10ms");
    ck_assert_uint_eq(runner_report_count(report_of(host), RUNNER_REPORT_CANCELED), 3);
    ck_assert_int_eq(host->n_errors, 0); /* R083 */
    host_free(host);
}
END_TEST

START_TEST(R081_R084_what_leftovers_end_with_is_reported)
{
    left[0].fn = fail_in_cleanup, left[0].name = "a";
    left[1].fn = swallow, left[1].name = "b";
    host_t *host = host_with_options(_i);
    host_task_t *failed = host->all->next;
    ck_assert_code(host_close(host), 0);
    log_expect("a:fails,b:swallows");
    ck_assert_int_eq(host->n_errors, 1);
    ck_assert_code(host->errors[0].code, RUNNER_EUSER);
    ck_assert_uint_eq(host->errors[0].value, 8);
    ck_assert_uint_eq(host->errors[0].task, failed->id);
    ck_assert_ptr_nonnull(strstr(host->errors[0].message, "shutdown"));
    ck_assert_uint_eq(runner_report_count(report_of(host), RUNNER_REPORT_FAILED), 1);
    ck_assert_uint_eq(runner_report_count(report_of(host), RUNNER_REPORT_REFUSED), 1);
    host_free(host);
}
END_TEST

static int spawn_one_more(host_task_t *t)
{
    host_spawn_detached(t, park_for_ever, "unstarted");
    return 0;
}

/* Main ends while its child is queued; the child's child is spawned in the last turn. */
static int spawn_at_the_end(host_task_t *t)
{
    host_spawn_detached(t, spawn_one_more, "child");
    return 0;
}

START_TEST(R088_a_leftover_that_never_started_never_does)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, spawn_at_the_end), 0);
    log_expect("");
    ck_assert_code(host_close(host), 0);
    log_expect("unstarted:ended RUNNER_ECANCELED");
    host_free(host);
}
END_TEST

static int spawn_in_cleanup(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        host_spawn_detached(t, t->parent->i++ < 3 ? spawn_in_cleanup : park_for_ever, "late");
        host_latest(t)->parent = t->parent;
        WAIT_CODE(t, 0, YIELD);
        say(t, "has spawned");
    }
    return 0;
}

START_TEST(R087_late_tasks_are_cancelled_in_generations)
{
    left[0].fn = spawn_in_cleanup, left[0].name = "first";
    host_t *host = host_with_options(_i);
    ck_assert_code(host_close(host), 0);
    log_expect("first:has spawned,late:has spawned,late:has spawned,late:RUNNER_ECANCELED");
    ck_assert_uint_eq(runner_report_generations(report_of(host)), 4);
    host_free(host);
}
END_TEST

static int abort_in_cleanup(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        say(t, "aborts");
        t->done_flags = RUNNER_HOST_ABORTS;
    }
    return RUNNER_EUSER;
}

START_TEST(R090_an_abort_in_a_cleanup_is_the_code_of_the_close)
{
    left[0].fn = abort_in_cleanup, left[0].name = "a";
    left[1].fn = park_for_ever, left[1].name = "b";
    host_t *host = host_with_options(_i);
    ck_assert_code(host_close(host), RUNNER_EUSER);
    log_expect("a:aborts,b:RUNNER_ECANCELED");
    ck_assert_int_eq(runner_is_closed(host->runner), 1);
    host_free(host);
}
END_TEST

/* --- what does not end ------------------------------------------------------------------- */

START_TEST(R085_a_task_that_swallows_its_cancel_is_given_up_after_the_grace)
{
    runner_options_t opts = host_options();
    opts.cancel_grace_ms = 50;
    left[0].fn = swallow_and_park, left[0].name = "a";
    left[1].fn = park_for_ever, left[1].name = "b";
    host_t *host = host_with_left(_i, &opts);
    ck_assert_code(host_close(host), RUNNER_ETIMEDOUT);
    log_expect("b:RUNNER_ECANCELED,a:ended RUNNER_EABANDONED");
    ck_assert_uint_eq(runner_report_count(report_of(host), RUNNER_REPORT_ABANDONED), 1);
    host_free(host);
}
END_TEST

static int await_what_never_comes(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        WAIT(t, SLEEP, .a = INT64_MAX);
    }
    return 0;
}

START_TEST(R085_a_task_that_waits_for_what_never_comes_is_given_up)
{
    left[0].fn = await_what_never_comes, left[0].name = "a";
    host_t *host = host_with_options(_i);
    ck_assert_code(host_close(host), RUNNER_EDEADLK);
    log_expect("a:ended RUNNER_EABANDONED");
    host_free(host);
}
END_TEST

/* A driver that gives up. */
START_TEST(a_close_is_broken_off)
{
    left[0].fn = swallow_and_park, left[0].name = "a";
    left[1].fn = park_for_ever, left[1].name = "b";
    host_t *host = host_with_options(ONE_CALL);
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    host_step(host);
    ck_assert_code(runner_end(host->runner), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_is_closed(host->runner), 1);
    ck_assert_uint_eq(runner_report_count(report_of(host), RUNNER_REPORT_ABANDONED), 2);
    ck_assert_code(runner_close(host->runner), 0);
    ck_assert_uint_eq(runner_host_count(host->runner), 0);
    host_discard(host);
    log_expect("");
}
END_TEST

/* --- interrupts -------------------------------------------------------------------------- */

static int interrupt_and_clean_up(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = INT64_MAX);
        ck_assert_code(runner_interrupt(t->host->runner), 0);
        WAIT(t, SLEEP, .a = MS(10));
        say(t, "must not be here");
    }
    return 0;
}

START_TEST(R132_an_interrupt_ends_the_grace_of_a_phase)
{
    host_t *host = host_new(_i);
    left[0].fn = interrupt_and_clean_up, left[0].name = "a";
    ck_assert_code(host_run(host, leave_them), 0);
    host_make(&host->nobody, CLOSABLE_REGISTER,
              .b = host_value(host, VALUE_CLOSABLE, "closable", return_at_once));
    ck_assert_code(host_close(host), RUNNER_EINTR);
    log_expect("a:ended RUNNER_EABANDONED");
    ck_assert_int_eq(host->values[0].came, 1); /* the phases go on */
    host_free(host);
}
END_TEST

/* --- the end ----------------------------------------------------------------------------- */

static int log_report(const runner_report_t *report)
{
    log_add("report %d", (int)runner_report_count(report, RUNNER_REPORT_CANCELED));
    return 0;
}

static void on_report(const runner_report_t *report, void *arg)
{
    (void)arg;
    log_report(report);
}

START_TEST(R080_the_report_comes_last)
{
    runner_options_t opts = host_options();
    opts.on_report = on_report;
    left[0].fn = park_for_ever, left[0].name = "a";
    host_t *host = host_with_left(_i, &opts);
    ck_assert_code(host_close(host), 0);
    log_expect("a:RUNNER_ECANCELED,report 1");
    host_free(host);
}
END_TEST

static int leave_everything(host_task_t *t)
{
    host_t *host = t->host;
    uint64_t queue = host_make(t, QUEUE_NEW);
    uint64_t var = host_make(t, VAR_NEW);
    ck_assert_code(host_do(t, VAR_SET, .id = var, .b = host_value(host, VALUE_VAR, "var", NULL)),
                   0);
    ck_assert_code(
        host_do(t, QUEUE_PUT_NOWAIT, .id = queue, .b = host_value(host, VALUE_ITEM, "item", NULL)),
        0);
    host_make(t, CALL_LATER, .a = MS(5), .b = host_value(host, VALUE_CALL, "later", NULL));
    host_make(t, CLOSABLE_REGISTER,
              .b = host_value(host, VALUE_CLOSABLE, "closable", return_at_once));
    host_make(t, EVENT_NEW);
    host_make(t, FUTURE_NEW);
    host_spawn(t, park_for_ever, "held");
    return 0;
}

/* A host that ends before it has released anything. */
START_TEST(R098_what_was_never_released_goes_with_the_runner)
{
    host_t *host = host_new(_i);
    ck_assert_code(host_run(host, leave_everything), 0);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    ck_assert_code(host_drive(host), 0);
    log_expect("held:RUNNER_ECANCELED");
    ck_assert_int_eq(host->values[2].dropped, 1); /* the timer's */
    ck_assert_int_eq(host->values[3].came, 1);    /* the closable's */
    ck_assert_int_eq(host->values[3].dropped, 1);
    host_discard(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_close");
    TCase *tcase = test_case(suite, "leftovers");
    add_for_each_way(tcase, R079_R089_leftovers_are_cancelled_in_the_order_of_their_spawn);
    add_for_each_way(tcase, R081_R084_what_leftovers_end_with_is_reported);
    add_for_each_way(tcase, R087_late_tasks_are_cancelled_in_generations);
    add_for_each_way(tcase, R088_a_leftover_that_never_started_never_does);
    add_for_each_way(tcase, R090_an_abort_in_a_cleanup_is_the_code_of_the_close);
    tcase = test_case(suite, "given up");
    add_for_each_way(tcase, R085_a_task_that_swallows_its_cancel_is_given_up_after_the_grace);
    add_for_each_way(tcase, R085_a_task_that_waits_for_what_never_comes_is_given_up);
    tcase_add_test(tcase, a_close_is_broken_off);
    add_for_each_way(tcase, R132_an_interrupt_ends_the_grace_of_a_phase);
    tcase = test_case(suite, "end");
    add_for_each_way(tcase, R080_the_report_comes_last);
    add_for_each_way(tcase, R098_what_was_never_released_goes_with_the_runner);
    return test_main(suite);
}
