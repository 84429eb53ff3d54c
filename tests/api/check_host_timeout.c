/* Timeouts of a host. */
#include "host_driver.h"

/* --- helpers ----------------------------------------------------------------------------- */

static uint64_t open_timeout(host_task_t *t, int64_t timeout_ns)
{
    uint64_t timeout = host_make(t, TIMEOUT_NEW);
    ck_assert_code(host_do(t, TIMEOUT_OPEN, .id = timeout, .a = timeout_ns), 0);
    return timeout;
}

/* What a body ends with that has ended with `status`. */
static int close_timeout(host_task_t *t, uint64_t timeout, int status)
{
    return host_do(t, TIMEOUT_CLOSE, .id = timeout, .status = status);
}

static void check_state(host_task_t *t, uint64_t timeout, int expired, int64_t deadline)
{
    ck_assert_uint_eq(host_ask(t, TIMEOUT_STATE, .id = timeout), (uint64_t)expired);
    ck_assert_int_eq(t->a_out, deadline);
}

/* --- expiry ------------------------------------------------------------------------------ */

static int expire(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, MS(5));
        check_state(t, t->id_kept, 0, MS(5));
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(10));
        ck_assert_uint_eq(now_ms(t->host->runner), 5);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 1);
        ck_assert_int_eq(t->a_out, RUNNER_REASON_TIMEOUT);
        ck_assert_code(close_timeout(t, t->id_kept, t->status), RUNNER_ETIMEDOUT);
        check_state(t, t->id_kept, 1, MS(5));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0); /* R178 */
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
    }
    return 0;
}

START_TEST(R170_R178_a_body_that_outlives_its_deadline)
{
    host_play(_i, expire, 0);
}
END_TEST

static int end_in_time(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, MS(5));
        WAIT_CODE(t, 0, SLEEP, .a = MS(4));
        ck_assert_code(close_timeout(t, t->id_kept, 0), 0);
        check_state(t, t->id_kept, 0, MS(5));
        t->id_kept = open_timeout(t, MS(5));
        ck_assert_code(close_timeout(t, t->id_kept, RUNNER_EUSER), RUNNER_EUSER);
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
    }
    return 0;
}

START_TEST(R171_a_body_that_ends_before)
{
    host_play(_i, end_in_time, 0);
}
END_TEST

static int have_no_deadline(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, INT64_MAX);
        check_state(t, t->id_kept, 0, INT64_MAX);
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
        ck_assert_code(close_timeout(t, t->id_kept, 0), 0);
    }
    return 0;
}

START_TEST(R172_a_timeout_without_a_deadline)
{
    host_play(_i, have_no_deadline, 0);
}
END_TEST

static int have_no_time(host_task_t *t)
{
    switch (t->line) {
    case 0:
        for (t->i = 0; t->i < 3; t->i++) {
            t->id_kept = open_timeout(t, t->i == 0 ? 0 : t->i == 1 ? -MS(5) : INT64_MIN);
            say(t, "runs");
            WAIT_CODE(t, RUNNER_ECANCELED, YIELD);
            ck_assert_code(close_timeout(t, t->id_kept, t->status), RUNNER_ETIMEDOUT);
        }
    }
    return 0;
}

START_TEST(R173_no_time_at_all)
{
    host_play(_i, have_no_time, 0);
    log_expect("main:runs,main:runs,main:runs");
}
END_TEST

static int open_at(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, SLEEP, .a = MS(3));
        t->id_kept = host_make(t, TIMEOUT_NEW);
        ck_assert_code(host_do(t, TIMEOUT_OPEN_AT, .id = t->id_kept, .a = MS(8)), 0);
        check_state(t, t->id_kept, 0, MS(8));
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(10));
        ck_assert_uint_eq(now_ms(t->host->runner), 8);
        ck_assert_code(close_timeout(t, t->id_kept, t->status), RUNNER_ETIMEDOUT);
        t->id_kept = host_make(t, TIMEOUT_NEW);
        ck_assert_code(host_do(t, TIMEOUT_OPEN_AT, .id = t->id_kept, .a = MS(2)), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(10));
        ck_assert_code(close_timeout(t, t->id_kept, t->status), RUNNER_ETIMEDOUT);
        t->id_kept = host_make(t, TIMEOUT_NEW);
        ck_assert_code(host_do(t, TIMEOUT_OPEN_AT, .id = t->id_kept, .a = INT64_MAX), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(10));
        ck_assert_code(close_timeout(t, t->id_kept, 0), 0);
    }
    return 0;
}

START_TEST(R173_a_deadline_on_the_clock)
{
    host_play(_i, open_at, 0);
}
END_TEST

/* --- nested ------------------------------------------------------------------------------ */

static int nest(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, MS(5));
        t->result = open_timeout(t, MS(5)); /* the inner one */
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(10));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 2);
        ck_assert_code(close_timeout(t, t->result, t->status), RUNNER_ECANCELED);
        ck_assert_code(close_timeout(t, t->id_kept, RUNNER_ECANCELED), RUNNER_ETIMEDOUT);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0);
    }
    return 0;
}

START_TEST(R174_of_two_with_one_deadline_the_outer_one_tells)
{
    host_play(_i, nest, 0);
}
END_TEST

/* --- cancels beside it ------------------------------------------------------------------- */

static int have_a_timeout(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, MS(5));
        WAIT(t, SLEEP, .a = MS(10));
        t->status = close_timeout(t, t->id_kept, t->status);
        say(t, "%s %d", code_name(t->status), (int)host_ask(t, CANCELLING, .id = t->id));
    }
    return t->status;
}

static int cancel_before_the_deadline(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, have_a_timeout, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(R176_a_cancel_before_the_deadline_is_a_cancel)
{
    host_play(_i, cancel_before_the_deadline, 0);
    log_expect("child:RUNNER_ECANCELED 1");
}
END_TEST

/* Its sleep begins before the timeout does, so that it runs between the expiry and the child. */
static int cancel_at_the_deadline(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, have_a_timeout, "child");
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    return 0;
}

START_TEST(R177_of_a_cancel_and_the_deadline_the_cancel_wins)
{
    host_play(_i, cancel_at_the_deadline, 0);
    log_expect("child:RUNNER_ECANCELED 1");
}
END_TEST

static int answer_with_an_error(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, MS(5));
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(10));
        ck_assert_code(close_timeout(t, t->id_kept, RUNNER_EUSER), RUNNER_EUSER);
        check_state(t, t->id_kept, 1, MS(5));
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->id), 0);
    }
    return 0;
}

START_TEST(R179_a_body_that_answers_with_another_error)
{
    host_play(_i, answer_with_an_error, 0);
}
END_TEST

/* --- another deadline -------------------------------------------------------------------- */

static int reschedule(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, TIMEOUT_NEW);
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE, .id = t->id_kept, .a = MS(1)),
                       RUNNER_ENOTENTERED);
        check_state(t, t->id_kept, 0, INT64_MAX);
        ck_assert_code(host_do(t, TIMEOUT_OPEN, .id = t->id_kept, .a = MS(5)), 0);
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE, .id = t->id_kept, .a = MS(7)), 0);
        check_state(t, t->id_kept, 0, MS(7));
        WAIT_CODE(t, 0, SLEEP, .a = MS(6));
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE, .id = t->id_kept, .a = INT64_MAX), 0);
        check_state(t, t->id_kept, 0, INT64_MAX);
        WAIT_CODE(t, 0, SLEEP, .a = MS(6));
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE_AT, .id = t->id_kept, .a = MS(15)), 0);
        WAIT_CODE(t, RUNNER_ECANCELED, SLEEP, .a = MS(6));
        ck_assert_uint_eq(now_ms(t->host->runner), 15);
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE, .id = t->id_kept, .a = MS(1)),
                       RUNNER_EEXPIRING);
        ck_assert_code(close_timeout(t, t->id_kept, t->status), RUNNER_ETIMEDOUT);
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE, .id = t->id_kept, .a = MS(1)),
                       RUNNER_EEXPIRED);
        t->id_kept = open_timeout(t, MS(5));
        ck_assert_code(close_timeout(t, t->id_kept, 0), 0);
        ck_assert_code(host_do(t, TIMEOUT_RESCHEDULE_AT, .id = t->id_kept, .a = MS(1)),
                       RUNNER_EFINISHED);
    }
    return 0;
}

START_TEST(R180_a_timeout_is_given_another_deadline)
{
    host_play(_i, reschedule, 0);
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static int close_that_of_main(host_task_t *t)
{
    ck_assert_code(close_timeout(t, t->parent->id_kept, 0), RUNNER_EOWNER);
    ck_assert_code(host_do(t, TIMEOUT_OPEN, .id = t->parent->id_kept, .a = 0), RUNNER_EENTERED);
    return 0;
}

static int refuse_everything(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = host_make(t, TIMEOUT_NEW);
        ck_assert_code(close_timeout(t, t->id_kept, 0), RUNNER_ENOTENTERED);
        ck_assert_code(host_do(&t->host->nobody, TIMEOUT_OPEN, .id = t->id_kept, .a = MS(1)),
                       RUNNER_ENOTASK);
        ck_assert_code(host_do(t, TIMEOUT_OPEN, .id = t->id_kept, .a = MS(50)), 0);
        ck_assert_code(host_do(t, TIMEOUT_OPEN, .id = t->id_kept, .a = MS(1)), RUNNER_EENTERED);
        ck_assert_code(host_do(t, TIMEOUT_OPEN_AT, .id = t->id_kept, .a = MS(1)), RUNNER_EENTERED);
        ck_assert_code(close_timeout(t, t->id_kept, 5), RUNNER_EINVAL);
        t->other = host_spawn(t, close_that_of_main, "other");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        ck_assert_code(close_timeout(t, t->id_kept, 0), 0);
        ck_assert_code(close_timeout(t, t->id_kept, 0), RUNNER_EFINISHED);
    }
    return 0;
}

START_TEST(R181_what_a_timeout_refuses)
{
    host_play(_i, refuse_everything, 0);
}
END_TEST

static int leave_it_open(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = open_timeout(t, MS(5));
        host_release(t, t->id_kept);
        WAIT_CODE(t, 0, SLEEP, .a = MS(10)); /* it never expires */
    }
    return 0;
}

START_TEST(a_timeout_that_is_released_never_expires)
{
    host_play(_i, leave_it_open, 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_timeout");
    TCase *tcase = test_case(suite, "expiry");
    add_for_each_way(tcase, R170_R178_a_body_that_outlives_its_deadline);
    add_for_each_way(tcase, R171_a_body_that_ends_before);
    add_for_each_way(tcase, R172_a_timeout_without_a_deadline);
    add_for_each_way(tcase, R173_no_time_at_all);
    add_for_each_way(tcase, R173_a_deadline_on_the_clock);
    add_for_each_way(tcase, R174_of_two_with_one_deadline_the_outer_one_tells);
    tcase = test_case(suite, "beside");
    add_for_each_way(tcase, R176_a_cancel_before_the_deadline_is_a_cancel);
    add_for_each_way(tcase, R177_of_a_cancel_and_the_deadline_the_cancel_wins);
    add_for_each_way(tcase, R179_a_body_that_answers_with_another_error);
    tcase = test_case(suite, "deadline");
    add_for_each_way(tcase, R180_a_timeout_is_given_another_deadline);
    tcase = test_case(suite, "refused");
    add_for_each_way(tcase, R181_what_a_timeout_refuses);
    add_for_each_way(tcase, a_timeout_that_is_released_never_expires);
    return test_main(suite);
}
