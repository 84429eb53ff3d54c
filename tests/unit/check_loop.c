/* The loop alone: iterations, what ends a run, and what a loop that has nothing to do waits for. */
#include "check_support.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "steps.h"

static void push_extra_and_stop(void)
{
    push_extra();
    stop();
}

static void push_extra_and_escape(void)
{
    push_extra();
    escape();
}

/* --- iterations --------------------------------------------------------------------------- */

START_TEST(R190_test_loop__runs_first_in_first_out)
{
    step_t step[] = {STEP("a", push_extra), STEP("b", push_last), STEP("c", NULL)};
    for (int i = 0; i < 3; i++) {
        push(&step[i]);
    }
    run_until(STOPPED);
    log_expect("a,b,c,extra,last");
}
END_TEST

START_TEST(R033_test_loop__iteration_is_a_snapshot_and_stop_completes_it)
{
    step_t step[] = {STEP("a", push_extra_and_stop), STEP("b", NULL), STEP("c", NULL)};
    for (int i = 0; i < 3; i++) {
        push(&step[i]);
    }
    run_until(STOPPED);
    log_expect("a,b,c");
    ck_assert_ptr_eq(loop.ready.next, &extra.timer.entry.node);
    push(&last);
    run_until(STOPPED);
    log_expect("extra,last");
}
END_TEST

START_TEST(R037_test_loop__escape_keeps_the_rest_in_order)
{
    step_t step[] = {STEP("a", NULL), STEP("b", push_extra_and_escape), STEP("c", NULL),
                     STEP("d", push_last)};
    for (int i = 0; i < 4; i++) {
        push(&step[i]);
    }
    run_until(ESCAPED);
    log_expect("a,b");
    ck_assert(runner__list_empty(&loop.current));
    run_until(STOPPED);
    log_expect("c,d,extra,last");
}
END_TEST

START_TEST(test_loop__escape_of_the_last_entry_leaves_what_it_queued)
{
    step_t step = STEP("a", push_extra_and_escape);
    push(&step);
    run_until(ESCAPED);
    log_expect("a");
    run_until(DEADLOCK);
    log_expect("extra");
}
END_TEST

static void look_at_current(void)
{
    ck_assert_ptr_eq(runner__loop_current, &loop);
    ck_assert(atomic_load(&loop.running));
    stop();
}

START_TEST(R050_test_loop__is_the_current_one_only_while_it_runs)
{
    step_t step = STEP("a", look_at_current);
    ck_assert_ptr_null(runner__loop_current);
    push(&step);
    run_until(STOPPED);
    log_expect("a");
    ck_assert_ptr_null(runner__loop_current);
    ck_assert(!atomic_load(&loop.running));
}
END_TEST

/* --- attention ---------------------------------------------------------------------------- */

static void ask_twice(void)
{
    runner__loop_attend(&loop);
    runner__loop_attend(&loop);
}

static void log_attention(void)
{
    log_add("!");
}

static void log_and_escape(void)
{
    log_attention();
    escape();
    on_attention = NULL;
}

START_TEST(test_loop__attention_is_paid_right_after_the_entry)
{
    step_t step[] = {STEP("a", NULL), STEP("b", ask_twice), STEP("c", stop)};
    on_attention = log_attention;
    for (int i = 0; i < 3; i++) {
        push(&step[i]);
    }
    run_until(STOPPED);
    log_expect("a,b,!,c");
}
END_TEST

START_TEST(test_loop__attention_from_before_comes_first_and_may_end_the_run)
{
    step_t step = STEP("a", stop);
    push(&step);
    on_attention = log_and_escape;
    runner__loop_attend(&loop);
    run_until(ESCAPED);
    log_expect("!");
    run_until(STOPPED);
    log_expect("a");
}
END_TEST

/* Asks again and again, whenever the loop runs and has not heard it yet. */
static atomic_bool asker_ends;

static void *ask_from_outside(void *arg)
{
    (void)arg;
    while (!atomic_load(&asker_ends)) {
        if (atomic_load(&loop.running) && atomic_load(&loop.attention) == 0) {
            runner__loop_attend(&loop);
        }
    }
    return NULL;
}

START_TEST(R121_test_loop__attention_wakes_the_waiting_loop)
{
    pthread_t thread;
    loop.detect_deadlock = false;
    on_attention = stop;
    atomic_store(&asker_ends, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_from_outside, NULL), 0);
    for (int i = 0; i < 200; i++) {
        run_until(STOPPED);
    }
    atomic_store(&asker_ends, true);
    pthread_join(thread, NULL);
    ck_assert_int_ge(attentions, 200);
}
END_TEST

/* --- the end of all work ------------------------------------------------------------------ */

START_TEST(test_loop__with_nothing_to_come_is_a_deadlock)
{
    run_until(DEADLOCK);
    push(&extra);
    run_until(DEADLOCK);
    log_expect("extra");
    ck_assert_int_eq(idles, 0);
}
END_TEST

/* Posts one entry after the loop has begun to run, for as many runs as it is told. */
static void *post_last(void *arg)
{
    atomic_uint *counter = arg;
    while (!atomic_load(&loop.running)) {}
    (void)runner__inbox_post(&loop.inbox, &last.timer.entry);
    if (counter != NULL) {
        atomic_fetch_sub(counter, 1);
    }
    return NULL;
}

static void run_with_poster(atomic_uint *counter)
{
    pthread_t thread;
    if (counter != NULL) {
        atomic_fetch_add(counter, 1);
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, post_last, counter), 0);
    run_until(STOPPED);
    log_expect("last");
    pthread_join(thread, NULL);
}

START_TEST(test_loop__waits_for_jobs_and_submitters_and_without_detection)
{
    for (int i = 0; i < 20; i++) {
        run_with_poster(&loop.jobs);
        run_with_poster(&loop.submitters);
        run_until(DEADLOCK);
    }
    loop.detect_deadlock = false;
    for (int i = 0; i < 20; i++) {
        run_with_poster(NULL);
    }
}
END_TEST

static void on_program_timer(uv_timer_t *timer)
{
    log_add("io");
    uv_close((uv_handle_t *)timer, NULL);
}

START_TEST(test_loop__waits_for_handles_of_the_program)
{
    static uv_timer_t timer;
    ck_assert_code(uv_timer_init(&uv, &timer), 0);
    ck_assert_code(uv_timer_start(&timer, on_program_timer, 3, 0), 0);
    run_until(DEADLOCK);
    log_expect("io");
    ck_assert_int_ge(idles, 1);
}
END_TEST

static void push_before_the_wait(uv_prepare_t *prepare)
{
    uv_prepare_stop(prepare);
    push(&last);
}

static void start_before_the_wait(uv_prepare_t *prepare)
{
    uv_prepare_stop(prepare);
    int64_t deadline_ns = runner__loop_deadline(&loop, 2000000);
    ck_assert_code(runner__loop_start_timer(&loop, &last.timer, deadline_ns), 0);
}

static void stop_before_the_wait(uv_prepare_t *prepare)
{
    uv_prepare_stop(prepare);
    stop();
    log_add("last");
}

/* Nothing else would ever wake the loop. */
static void expect_no_wait_after(uv_prepare_cb callback)
{
    static uv_prepare_t prepare;
    ck_assert_code(uv_prepare_init(&uv, &prepare), 0);
    ck_assert_code(uv_prepare_start(&prepare, callback), 0);
    run_until(STOPPED);
    log_expect("last");
    uv_close((uv_handle_t *)&prepare, NULL);
}

START_TEST(test_loop__does_not_wait_when_a_handle_made_something_ready)
{
    expect_no_wait_after(push_before_the_wait);
}
END_TEST

START_TEST(R033_test_loop__does_not_wait_when_a_handle_stopped_it)
{
    expect_no_wait_after(stop_before_the_wait);
}
END_TEST

START_TEST(test_loop__waits_no_longer_than_for_a_timer_that_a_handle_started)
{
    expect_no_wait_after(start_before_the_wait);
}
END_TEST

static void on_program_close(uv_handle_t *handle)
{
    (void)handle;
    log_add("closed");
}

START_TEST(test_loop__close_completes_what_was_closing)
{
    runner__loop_t brief;
    uv_loop_t brief_uv;
    uv_idle_t handle;
    int before = fd_count();
    ck_assert_code(runner__loop_init(&brief, &hooks), 0);
    ck_assert_code(uv_loop_init(&brief_uv), 0);
    ck_assert_code(runner__loop_open(&brief, &brief_uv), 0);
    ck_assert_int_eq(uv_loop_alive(&brief_uv), 0);
    ck_assert_code(uv_idle_init(&brief_uv, &handle), 0);
    uv_close((uv_handle_t *)&handle, on_program_close);
    runner__loop_close(&brief);
    log_expect("closed");
    ck_assert_ptr_null(brief.uv);
    ck_assert_code(uv_loop_close(&brief_uv), 0);
    runner__loop_fini(&brief);
    ck_assert_int_eq(fd_count(), before);
}
END_TEST

/* --- debug mode --------------------------------------------------------------------------- */

static void set_label(void)
{
    strcpy(loop.label, "me");
}

START_TEST(R070_test_loop__slow_entries_are_told_with_their_label)
{
    step_t step[] = {STEP("a", set_label), STEP("b", NULL), STEP("c", stop)};
    loop.debug = true;
    for (int i = 0; i < 3; i++) {
        push(&step[i]);
    }
    run_until(STOPPED);
    log_expect("a,slow:me,b,slow:,c,slow:"); /* everything is slower than nothing */
    loop.slow_ns = UINT64_MAX;
    push(&last);
    run_until(STOPPED);
    log_expect("last");
}
END_TEST

/* --- fork --------------------------------------------------------------------------------- */

static pid_t forked_child;

static void fork_here(void)
{
    forked_child = fork();
    ck_assert_int_ge(forked_child, 0);
    if (forked_child == 0) {
        _exit(runner__loop_current == NULL && loop.forked ? 7 : 8);
    }
}

static void fork_and_return(void)
{
    forked_child = fork();
}

static int exit_status(void)
{
    int status = 0;
    ck_assert_int_eq(waitpid(forked_child, &status, 0), forked_child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(R199_test_loop__does_not_run_in_a_forked_child)
{
    step_t step[] = {STEP("a", fork_here), STEP("b", stop)};
    for (int i = 0; i < 2; i++) {
        push(&step[i]);
    }
    run_until(STOPPED);
    log_expect("a,b");
    ck_assert_int_eq(exit_status(), 7);
    ck_assert(!loop.forked);
}
END_TEST

START_TEST(R199_test_loop__returns_at_once_in_a_forked_child)
{
    step_t step[] = {STEP("a", fork_and_return), STEP("b", stop)};
    for (int i = 0; i < 2; i++) {
        push(&step[i]);
    }
    runner__loop_end_t end = runner__loop_run(&loop);
    if (forked_child == 0) {
        bool right = end == RUNNER__LOOP_FORKED && strcmp(log_text(), "a") == 0 &&
                     runner__loop_current == NULL && attentions == 0;
        _exit(right ? 7 : 8);
    }
    ck_assert_int_eq((int)end, (int)RUNNER__LOOP_STOPPED);
    log_expect("a,b");
    ck_assert_int_eq(exit_status(), 7);
}
END_TEST

static TCase *loop_case(Suite *suite, const char *name)
{
    TCase *tcase = test_case(suite, name);
    tcase_add_checked_fixture(tcase, setup, teardown);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *tcase = loop_case(suite, "iterations");
    tcase_add_test(tcase, R190_test_loop__runs_first_in_first_out);
    tcase_add_test(tcase, R033_test_loop__iteration_is_a_snapshot_and_stop_completes_it);
    tcase_add_test(tcase, R037_test_loop__escape_keeps_the_rest_in_order);
    tcase_add_test(tcase, test_loop__escape_of_the_last_entry_leaves_what_it_queued);
    tcase_add_test(tcase, R050_test_loop__is_the_current_one_only_while_it_runs);
    tcase_add_test(tcase, test_loop__attention_is_paid_right_after_the_entry);
    tcase_add_test(tcase, test_loop__attention_from_before_comes_first_and_may_end_the_run);
    tcase_add_test(tcase, R121_test_loop__attention_wakes_the_waiting_loop);
    tcase_add_test(tcase, R070_test_loop__slow_entries_are_told_with_their_label);

    tcase = loop_case(suite, "waiting");
    tcase_add_test(tcase, test_loop__with_nothing_to_come_is_a_deadlock);
    tcase_add_test(tcase, test_loop__waits_for_jobs_and_submitters_and_without_detection);
    tcase_add_test(tcase, test_loop__waits_for_handles_of_the_program);
    tcase_add_test(tcase, test_loop__does_not_wait_when_a_handle_made_something_ready);
    tcase_add_test(tcase, R033_test_loop__does_not_wait_when_a_handle_stopped_it);
    tcase_add_test(tcase, test_loop__waits_no_longer_than_for_a_timer_that_a_handle_started);
    tcase_add_test(tcase, test_loop__close_completes_what_was_closing);

    tcase = loop_case(suite, "fork");
    tcase_add_test(tcase, R199_test_loop__does_not_run_in_a_forked_child);
    tcase_add_test(tcase, R199_test_loop__returns_at_once_in_a_forked_child);
    return test_main(suite);
}
