/*
 * Asynchronous generators: bodies that hand values to whoever asks for the next one, and that
 * shutdown closes with awaits.
 */
#include "check_support.h"

enum { BODY_ERROR = -30001 };

static runner_gen_t *gen_here(runner_fn fn, void *arg)
{
    runner_gen_t *gen = NULL;
    ck_assert_code(runner_gen_new(fn, arg, drop_count, 0, &gen), 0);
    ck_assert_ptr_nonnull(gen);
    return gen;
}

/* The next value is this number. */
static void expect_next(runner_gen_t *gen, intptr_t number)
{
    void *value = NULL;
    ck_assert_code(runner_gen_next(gen, &value), 0);
    ck_assert_int_eq(number_of(value), number);
}

static void run(runner_fn main, void *arg)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, main, arg, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
}

/* --- bodies ------------------------------------------------------------------------------ */

static int one_two(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("start");
    ck_assert_code(runner_gen_yield(value_of(1)), 0);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_gen_yield(value_of(2)), 0);
    log_add("end");
    return 0;
}

static int one_then_fail(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_gen_yield(value_of(1)), 0);
    return BODY_ERROR;
}

/* Counts until it is closed; its cleanup waits. */
static int count_up(void *arg, void **result)
{
    (void)result;
    int code = 0;
    for (intptr_t i = 1; code == 0; i++)
        code = runner_gen_yield(value_of(i));
    ck_assert_code(code, RUNNER_ECLOSED);
    ck_assert_code(runner_sleep(10), 0);
    log_add("%s", (const char *)arg);
    return code;
}

/* --- next -------------------------------------------------------------------------------- */

static int take_all(void *arg, void **result)
{
    (void)arg;
    (void)result;
    void *value = value_of(99);
    runner_gen_t *gen = gen_here(one_two, NULL);
    log_add("new");
    expect_next(gen, 1);
    expect_next(gen, 2);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    ck_assert_code(runner_gen_next(gen, &value), RUNNER_EEND);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_gen_next(gen, &value), RUNNER_EEND);
    ck_assert_int_eq(number_of(value), 99);
    ck_assert_code(runner_gen_close(gen), 0);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(gen_hands_out_its_values_and_ends)
{
    run(take_all, NULL);
    log_expect("new,start,end");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int take_until_error(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = gen_here(one_then_fail, NULL);
    ck_assert_code(runner_gen_next(gen, NULL), 0);
    ck_assert_code(runner_gen_next(gen, NULL), BODY_ERROR);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_EEND);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(gen_that_fails_says_so_once)
{
    run(take_until_error, NULL);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int ask_oneself(void *arg, void **result)
{
    (void)result;
    runner_gen_t **self = arg;
    ck_assert_code(runner_gen_next(*self, NULL), RUNNER_EBUSY);
    ck_assert_code(runner_gen_close(*self), RUNNER_EBUSY);
    return runner_gen_yield(NULL);
}

static int ask_a_gen_that_asks_itself(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = NULL;
    gen = gen_here(ask_oneself, &gen);
    ck_assert_code(runner_gen_next(gen, NULL), 0);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_EEND);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(gen_can_not_ask_itself)
{
    run(ask_a_gen_that_asks_itself, NULL);
}
END_TEST

static int sleep_then_yield(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(10), 0);
    return runner_gen_yield(value_of(1));
}

static int take_one(void *arg, void **result)
{
    (void)result;
    expect_next(arg, 1);
    log_add("taken");
    return 0;
}

static int ask_while_another_waits(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *other = NULL;
    runner_gen_t *gen = gen_here(sleep_then_yield, NULL);
    ck_assert_code(runner_spawn(take_one, gen, NULL, &other), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_EBUSY);
    ck_assert_code(runner_gen_close(gen), RUNNER_EBUSY);
    ck_assert_code(runner_await(other, NULL), 0);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_EEND);
    runner_task_unref(other);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(gen_that_waits_for_one_task_is_busy_for_the_others)
{
    run(ask_while_another_waits, NULL);
    log_expect("taken");
}
END_TEST

static int sleep_long(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("body %s", code_name(code));
    return runner_gen_yield(value_of(1)) == 0 ? code : 0;
}

static int cancel_who_asks(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *other = NULL;
    runner_gen_t *gen = gen_here(sleep_long, NULL);
    ck_assert_code(runner_spawn(take_one, gen, NULL, &other), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(other), 0);
    ck_assert_code(runner_await(other, NULL), 0);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_ECANCELED);
    runner_task_unref(other);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(cancel_of_the_task_that_asks_reaches_the_body)
{
    run(cancel_who_asks, NULL);
    log_expect("body RUNNER_ECANCELED,taken");
}
END_TEST

/* --- close ------------------------------------------------------------------------------- */

static int close_after_two(void *arg, void **result)
{
    (void)result;
    runner_gen_t *gen = gen_here(count_up, arg);
    expect_next(gen, 1);
    expect_next(gen, 2);
    ck_assert_code(runner_gen_close(gen), 0);
    log_add("closed");
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_gen_close(gen), 0);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_EEND);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(close_lets_the_body_clean_up_with_awaits)
{
    run(close_after_two, "cleanup");
    log_expect("cleanup,closed");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int close_before_start(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = gen_here(one_two, NULL);
    ck_assert_code(runner_gen_close(gen), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_gen_next(gen, NULL), RUNNER_EEND);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(close_before_the_first_next_never_starts_the_body)
{
    run(close_before_start, NULL);
    log_expect("");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

/* Ignores its first close. */
static int ignore_once(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_gen_yield(value_of(1)), 0);
    ck_assert_code(runner_gen_yield(value_of(2)), RUNNER_ECLOSED);
    ck_assert_code(runner_gen_yield(value_of(3)), RUNNER_ECLOSED);
    log_add("over");
    return BODY_ERROR;
}

static int close_twice(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = gen_here(ignore_once, NULL);
    expect_next(gen, 1);
    expect_next(gen, 2);
    ck_assert_code(runner_gen_close(gen), RUNNER_EIGNORED);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_gen_close(gen), BODY_ERROR);
    ck_assert_int_eq(drops(), 1);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(close_that_is_ignored_says_so_and_an_error_in_cleanup_is_returned)
{
    run(close_twice, NULL);
    log_expect("over");
}
END_TEST

/* --- shutdown ---------------------------------------------------------------------------- */

static int leave_open(void *arg, void **result)
{
    (void)result;
    runner_gen_t *gen = gen_here(count_up, arg);
    expect_next(gen, 1);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(R094_generator_that_was_left_is_closed_at_shutdown)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_open, "cleanup", NULL, NULL), 0);
    log_expect("");
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("cleanup");
    ck_assert_int_eq(drops(), 1);
    runner_free(runner);
}
END_TEST

static int use_until_cancelled(void *arg, void **result)
{
    (void)result;
    runner_gen_t **gen = arg;
    expect_next(*gen, 1);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("task");
    return code;
}

static int leave_open_with_a_task(void *arg, void **result)
{
    (void)result;
    runner_gen_t **gen = arg;
    *gen = gen_here(count_up, "gen");
    ck_assert_code(runner_spawn(use_until_cancelled, gen, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R080_R094_generators_close_after_the_tasks)
{
    runner_gen_t *gen = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_open_with_a_task, &gen, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("task,gen");
    runner_gen_unref(gen);
    runner_free(runner);
}
END_TEST

static int fail_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_yield(value_of(1));
    return BODY_ERROR;
}

static int leave_two_open(void *arg, void **result)
{
    (void)result;
    runner_gen_t *failing = gen_here(fail_in_cleanup, NULL);
    expect_next(failing, 1);
    runner_gen_unref(failing);
    return leave_open(arg, result);
}

START_TEST(R094_error_of_a_generator_at_shutdown_is_reported)
{
    run(leave_two_open, "other");
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_int_eq(exception_at(0)->code, BODY_ERROR);
    ck_assert_ptr_nonnull(strstr(log_text(), "other"));
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int ignore_every_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;)
        runner_gen_yield(value_of(1));
    return 0;
}

static int leave_one_that_ignores(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = gen_here(ignore_every_close, NULL);
    expect_next(gen, 1);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(R094_generator_that_ignores_its_close_does_not_stop_shutdown)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_one_that_ignores, NULL, NULL, NULL), 0);
    runner_close(runner);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_int_eq(exception_at(0)->code, RUNNER_EIGNORED);
    ck_assert_int_eq(drops(), 1);
    runner_free(runner);
}
END_TEST

/* A task that asks a generator while shutdown closes it: a closable leaves it behind. */
static int count_slowly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_gen_yield(value_of(1));
    if (code == 0)
        code = runner_sleep(RUNNER_FOREVER);
    log_add("body %s", code_name(code));
    return code;
}

static int ask_at_shutdown(void *arg, void **result)
{
    runner_gen_t **gen = arg;
    int code = runner_gen_next(*gen, result);
    log_add("asked %s", code_name(code));
    return code;
}

static int leave_one_that_asks(void *arg, void **result)
{
    (void)result;
    runner_spawn_options_t opts = {.size = sizeof opts, .eager = 1};
    ck_assert_code(runner_spawn(ask_at_shutdown, arg, &opts, NULL), 0);
    return runner_yield();
}

static int begin_and_leave(void *arg, void **result)
{
    runner_gen_t **gen = arg;
    (void)result;
    *gen = gen_here(count_slowly, NULL);
    expect_next(*gen, 1);
    return 0;
}

START_TEST(R094_R097_generator_in_use_at_shutdown_ends_where_it_waits)
{
    runner_gen_t *gen = NULL;
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, "asks", leave_one_that_asks, &gen, NULL, NULL),
                   0);
    ck_assert_code(runner_run(runner, begin_and_leave, &gen, NULL, NULL), 0);
    runner_close(runner);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_ptr_nonnull(strstr(log_text(), "body RUNNER_ECANCELED,asked RUNNER_ECANCELED"));
    ck_assert_int_eq(drops(), 1);
    runner_gen_unref(gen);
    runner_free(runner);
}
END_TEST

static int leave_unstarted(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_unref(gen_here(one_two, NULL));
    return 0;
}

START_TEST(generator_that_never_started_is_only_dropped)
{
    run(leave_unstarted, NULL);
    log_expect("");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

/* --- misuse ------------------------------------------------------------------------------ */

START_TEST(gen_needs_a_loop_and_a_body)
{
    runner_gen_t *gen = NULL;
    ck_assert_code(runner_gen_new(one_two, NULL, drop_count, 0, &gen), RUNNER_ENOLOOP);
    ck_assert_ptr_null(gen);
    ck_assert_code(runner_gen_next(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_gen_close(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_gen_yield(NULL), RUNNER_ENOTASK);
    runner_gen_unref(NULL);
    ck_assert_int_eq(drops(), 0);
}
END_TEST

static int refused_in_a_task(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = NULL;
    ck_assert_code(runner_gen_new(NULL, NULL, drop_count, 0, &gen), RUNNER_EINVAL);
    ck_assert_code(runner_gen_new(one_two, NULL, drop_count, 0, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_gen_new(one_two, NULL, drop_count, SIZE_MAX, &gen), RUNNER_EINVAL);
    ck_assert_code(runner_gen_yield(NULL), RUNNER_ENOTASK);
    ck_assert_ptr_null(gen);
    return 0;
}

START_TEST(refused_generators_consume_nothing)
{
    run(refused_in_a_task, NULL);
    ck_assert_int_eq(drops(), 0);
}
END_TEST

static int ask_in_a_callback(void *arg)
{
    runner_gen_t **gen = arg;
    ck_assert_code(runner_gen_next(*gen, NULL), RUNNER_ENOTASK);
    ck_assert_code(runner_gen_close(*gen), RUNNER_ENOTASK);
    log_add("callback");
    return 0;
}

static int ask_in_a_step(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    runner_gen_t **gen = arg;
    ck_assert_code(runner_gen_next(*gen, NULL), RUNNER_ENOTSUP);
    ck_assert_code(runner_gen_close(*gen), RUNNER_ENOTSUP);
    log_add("step");
    return 0;
}

static int ask_from_the_wrong_places(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_gen_t *gen = gen_here(one_two, NULL);
    ck_assert_code(runner_call_soon(runner_current(), ask_in_a_callback, &gen, NULL), 0);
    ck_assert_code(runner_spawn_step(ask_in_a_step, &gen, NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    runner_gen_unref(gen);
    return 0;
}

START_TEST(only_coroutines_can_ask)
{
    run(ask_from_the_wrong_places, NULL);
    log_expect("callback,step");
}
END_TEST

static int make_gen(void *arg, void **result)
{
    (void)result;
    *(runner_gen_t **)arg = gen_here(one_two, NULL);
    return 0;
}

static int ask_foreign(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_gen_next(arg, NULL), RUNNER_EFOREIGN);
    ck_assert_code(runner_gen_close(arg), RUNNER_EFOREIGN);
    return 0;
}

START_TEST(R041_generator_of_another_loop_is_refused)
{
    runner_gen_t *gen = NULL;
    runner_t *owner = test_runner();
    ck_assert_code(runner_run(owner, make_gen, &gen, NULL, NULL), 0);
    run(ask_foreign, gen);
    runner_gen_unref(gen);
    ck_assert_code(runner_close(owner), 0);
    runner_free(owner);
    ck_assert_int_eq(drops(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gen");
    TCase *tcase = test_case(suite, "next");
    tcase_add_test(tcase, gen_hands_out_its_values_and_ends);
    tcase_add_test(tcase, gen_that_fails_says_so_once);
    tcase_add_test(tcase, gen_can_not_ask_itself);
    tcase_add_test(tcase, gen_that_waits_for_one_task_is_busy_for_the_others);
    tcase_add_test(tcase, cancel_of_the_task_that_asks_reaches_the_body);

    tcase = test_case(suite, "close");
    tcase_add_test(tcase, close_lets_the_body_clean_up_with_awaits);
    tcase_add_test(tcase, close_before_the_first_next_never_starts_the_body);
    tcase_add_test(tcase, close_that_is_ignored_says_so_and_an_error_in_cleanup_is_returned);

    tcase = test_case(suite, "shutdown");
    tcase_add_test(tcase, R094_generator_that_was_left_is_closed_at_shutdown);
    tcase_add_test(tcase, R080_R094_generators_close_after_the_tasks);
    tcase_add_test(tcase, R094_error_of_a_generator_at_shutdown_is_reported);
    tcase_add_test(tcase, R094_generator_that_ignores_its_close_does_not_stop_shutdown);
    tcase_add_test(tcase, R094_R097_generator_in_use_at_shutdown_ends_where_it_waits);
    tcase_add_test(tcase, generator_that_never_started_is_only_dropped);

    tcase = test_case(suite, "misuse");
    tcase_add_test(tcase, gen_needs_a_loop_and_a_body);
    tcase_add_test(tcase, refused_generators_consume_nothing);
    tcase_add_test(tcase, only_coroutines_can_ask);
    tcase_add_test(tcase, R041_generator_of_another_loop_is_refused);
    return test_main(suite);
}
