/* Option structs, versions and codes: what lets a program and the library differ in age. */
#include "check_support.h"

#include <uv.h>

/* --- init -------------------------------------------------------------------------------- */

static int is_zero(const void *bytes, size_t from, size_t to)
{
    const unsigned char *byte = bytes;
    for (size_t i = from; i < to; i++) {
        if (byte[i] != 0) {
            return 0;
        }
    }
    return 1;
}

START_TEST(init_fills_the_size_and_the_defaults)
{
    runner_options_t opts;
    runner_run_options_t run_opts;
    runner_spawn_options_t spawn_opts;
    runner_job_options_t job_opts;
    memset(&opts, 0xff, sizeof opts);
    memset(&run_opts, 0xff, sizeof run_opts);
    memset(&spawn_opts, 0xff, sizeof spawn_opts);
    memset(&job_opts, 0xff, sizeof job_opts);
    ck_assert_code(runner_options_init(&opts, sizeof opts), 0);
    ck_assert_code(runner_run_options_init(&run_opts, sizeof run_opts), 0);
    ck_assert_code(runner_spawn_options_init(&spawn_opts, sizeof spawn_opts), 0);
    ck_assert_code(runner_job_options_init(&job_opts, sizeof job_opts), 0);
    ck_assert_uint_eq(opts.size, sizeof opts);
    ck_assert_uint_eq(run_opts.size, sizeof run_opts);
    ck_assert_uint_eq(spawn_opts.size, sizeof spawn_opts);
    ck_assert_uint_eq(job_opts.size, sizeof job_opts);
    ck_assert(is_zero(&opts, sizeof(size_t), sizeof opts)); /* zero means default */
    ck_assert(is_zero(&run_opts, sizeof(size_t), sizeof run_opts));
    ck_assert(is_zero(&spawn_opts, sizeof(size_t), sizeof spawn_opts));
    ck_assert(is_zero(&job_opts, sizeof(size_t), sizeof job_opts));
}
END_TEST

START_TEST(init_writes_no_further_than_an_older_struct_reaches)
{
    size_t half = offsetof(runner_options_t, stack_bytes);
    runner_options_t opts;
    memset(&opts, 0xff, sizeof opts);
    ck_assert_code(runner_options_init(&opts, half), 0);
    ck_assert_uint_eq(opts.size, half);
    ck_assert(is_zero(&opts, sizeof(size_t), half));
    for (size_t i = half; i < sizeof opts; i++) {
        ck_assert_uint_eq(((unsigned char *)&opts)[i], 0xff);
    }
}
END_TEST

START_TEST(init_fills_a_newer_struct_with_zeros)
{
    struct {
        runner_options_t opts;
        char tail[24];
    } newer;
    memset(&newer, 0xff, sizeof newer);
    ck_assert_code(runner_options_init(&newer.opts, sizeof newer), 0);
    ck_assert_uint_eq(newer.opts.size, sizeof newer);
    ck_assert(is_zero(&newer, sizeof(size_t), sizeof newer));
}
END_TEST

START_TEST(init_refuses_null_and_what_is_no_struct)
{
    runner_options_t opts;
    memset(&opts, 0xff, sizeof opts);
    ck_assert_code(runner_options_init(NULL, sizeof opts), RUNNER_EINVAL);
    ck_assert_code(runner_options_init(&opts, 0), RUNNER_EINVAL);
    ck_assert_code(runner_options_init(&opts, sizeof(size_t) - 1), RUNNER_EINVAL);
    ck_assert_uint_eq(opts.size, SIZE_MAX); /* nothing was written */
    ck_assert_code(runner_run_options_init(NULL, sizeof opts), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_options_init(NULL, sizeof opts), RUNNER_EINVAL);
    ck_assert_code(runner_job_options_init(NULL, sizeof opts), RUNNER_EINVAL);
    ck_assert_code(runner_run_options_init((runner_run_options_t *)&opts, 1), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_options_init((runner_spawn_options_t *)&opts, 1), RUNNER_EINVAL);
    ck_assert_code(runner_job_options_init((runner_job_options_t *)&opts, 1), RUNNER_EINVAL);
    ck_assert_uint_eq(opts.size, SIZE_MAX);
}
END_TEST

/* --- sizes ------------------------------------------------------------------------------- */

static int give_seven(void *arg, void **result)
{
    (void)arg;
    *result = value_of(7);
    return 0;
}

/* A struct of every kind with room for fields that this version does not know. */
typedef union newer {
    size_t size;
    runner_options_t runner;
    runner_run_options_t run;
    runner_spawn_options_t spawn;
    runner_job_options_t job;
    char bytes[sizeof(runner_options_t) + 64];
} newer_t;

START_TEST(an_older_struct_is_accepted_and_not_read_past_its_end)
{
    newer_t opts;
    memset(&opts, 0xff, sizeof opts);
    size_t half = offsetof(runner_options_t, loop_factory);
    ck_assert_code(runner_options_init(&opts.runner, half), 0);
    opts.runner.clock = RUNNER_CLOCK_VIRTUAL;
    runner_t *runner = test_runner_with(&opts.runner);
    void *result = NULL;

    memset(&opts, 0xff, sizeof opts);
    half = offsetof(runner_run_options_t, stack_bytes);
    ck_assert_code(runner_run_options_init(&opts.run, half), 0);
    ck_assert_code(runner_run(runner, give_seven, NULL, &opts.run, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
    runner_free(runner);
}
END_TEST

START_TEST(a_newer_struct_is_accepted_while_its_tail_is_zero)
{
    newer_t opts;
    runner_t *runner = NULL;
    size_t size = sizeof(runner_options_t) + 16;
    ck_assert_code(runner_options_init(&opts.runner, size), 0);
    ck_assert_code(runner_new(&runner, &opts.runner), 0);
    runner_free(runner);
    runner = NULL;
    opts.bytes[size - 1] = 1;
    ck_assert_code(runner_new(&runner, &opts.runner), RUNNER_EINVAL);
    ck_assert_code(runner_main(give_seven, NULL, &opts.runner, NULL), RUNNER_EINVAL);
    ck_assert_ptr_null(runner);
}
END_TEST

START_TEST(a_newer_run_struct_is_accepted_while_its_tail_is_zero)
{
    newer_t opts;
    runner_t *runner = test_runner();
    size_t size = sizeof(runner_run_options_t) + 16;
    ck_assert_code(runner_run_options_init(&opts.run, size), 0);
    opts.run.drop = drop_count;
    ck_assert_code(runner_run(runner, log_body, "main", &opts.run, NULL), 0);
    ck_assert_int_eq(drops(), 1);
    opts.bytes[size - 1] = 1;
    ck_assert_code(runner_run(runner, log_body, "main", &opts.run, NULL), RUNNER_EINVAL);
    ck_assert_int_eq(drops(), 1);
    log_expect("main");
    runner_free(runner);
}
END_TEST

static int log_job(void *arg, void **result)
{
    return log_body(arg, result);
}

static int newer_in_task(void *arg, void **result)
{
    newer_t opts;
    runner_task_t *task = NULL;
    size_t size = sizeof(runner_spawn_options_t) + 16;
    (void)arg;
    ck_assert_code(runner_spawn_options_init(&opts.spawn, size), 0);
    opts.spawn.drop = drop_count;
    ck_assert_code(runner_spawn(log_body, "task", &opts.spawn, &task), 0);
    ck_assert_code(runner_await(task, result), 0);
    runner_task_unref(task);
    task = NULL;
    opts.bytes[size - 1] = 1;
    ck_assert_code(runner_spawn(log_body, "no", &opts.spawn, &task), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_step(NULL, NULL, &opts.spawn, &task), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_threadsafe(runner_current(), log_body, "no", &opts.spawn, NULL),
                   RUNNER_EINVAL);
    ck_assert_ptr_null(task);

    size = sizeof(runner_job_options_t) + 16;
    ck_assert_code(runner_job_options_init(&opts.job, size), 0);
    opts.job.drop = drop_count;
    ck_assert_code(runner_to_thread(log_job, "job", &opts.job, NULL), 0);
    opts.bytes[size - 1] = 1;
    ck_assert_code(runner_to_thread(log_job, "no", &opts.job, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run_in_executor(runner_current(), log_job, "no", &opts.job, NULL),
                   RUNNER_EINVAL);
    return runner_sleep(1);
}

START_TEST(newer_spawn_and_job_structs_are_accepted_while_their_tails_are_zero)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, newer_in_task, NULL, NULL, NULL), 0);
    runner_free(runner);
    log_expect("task,job");
    ck_assert_int_eq(drops(), 2);
}
END_TEST

static int sizes_in_task(void *arg, void **result)
{
    newer_t opts;
    (void)arg;
    (void)result;
    memset(&opts, 0, sizeof opts);
    for (opts.size = 0; opts.size < sizeof(size_t); opts.size++) {
        ck_assert_code(runner_spawn(give_seven, NULL, &opts.spawn, NULL), RUNNER_EINVAL);
        ck_assert_code(runner_to_thread(give_seven, NULL, &opts.job, NULL), RUNNER_EINVAL);
    }
    return 0;
}

START_TEST(a_size_that_was_not_set_is_refused)
{
    newer_t opts;
    runner_t *runner = NULL;
    memset(&opts, 0, sizeof opts);
    for (opts.size = 0; opts.size < sizeof(size_t); opts.size++) {
        ck_assert_code(runner_new(&runner, &opts.runner), RUNNER_EINVAL);
    }
    ck_assert_ptr_null(runner);
    runner = test_runner();
    for (opts.size = 0; opts.size < sizeof(size_t); opts.size++) {
        ck_assert_code(runner_run(runner, give_seven, NULL, &opts.run, NULL), RUNNER_EINVAL);
    }
    ck_assert_code(runner_run(runner, sizes_in_task, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* --- values ------------------------------------------------------------------------------ */

static int code_with(runner_options_t opts)
{
    runner_t *runner = NULL;
    int code = runner_new(&runner, &opts);
    ck_assert_int_eq(code == 0, runner != NULL);
    runner_free(runner);
    return code;
}

#define ck_assert_refused(field, value)                                                            \
    do {                                                                                           \
        runner_options_t opts_ = test_options();                                                   \
        opts_.field = (value);                                                                     \
        ck_assert_code(code_with(opts_), RUNNER_EINVAL);                                           \
    } while (0)

START_TEST(options_out_of_range_are_refused)
{
    ck_assert_refused(debug, 2);
    ck_assert_refused(debug, -2);
    ck_assert_refused(clock, 2);
    ck_assert_refused(clock, -1);
    ck_assert_refused(deadlock, 2);
    ck_assert_refused(deadlock, -2);
    ck_assert_refused(signals, 8);
    ck_assert_refused(signals, -2);
    ck_assert_refused(stack_bytes, SIZE_MAX);
}
END_TEST

START_TEST(an_executor_without_submit_is_refused)
{
    runner_executor_t executor;
    memset(&executor, 0, sizeof executor);
    ck_assert_refused(executor, &executor);
    executor.size = sizeof executor;
    ck_assert_refused(executor, &executor);
}
END_TEST

#define ck_assert_taken(field, value)                                                              \
    do {                                                                                           \
        runner_options_t opts_ = test_options();                                                   \
        opts_.field = (value);                                                                     \
        ck_assert_code(code_with(opts_), 0);                                                       \
    } while (0)

START_TEST(options_in_range_are_taken)
{
    for (int tri = RUNNER_OFF; tri <= RUNNER_ON; tri++) {
        ck_assert_taken(debug, tri);
        ck_assert_taken(deadlock, tri);
    }
    for (int signals = RUNNER_SIGNALS_NONE; signals <= 7; signals++) {
        ck_assert_taken(signals, signals);
    }
    ck_assert_taken(poll_interval, 1);
    ck_assert_taken(poll_interval, UINT32_MAX);
    ck_assert_taken(executor_threads, 1);
    ck_assert_taken(executor_join_timeout_ms, RUNNER_NO_WAIT);
    ck_assert_taken(executor_join_timeout_ms, RUNNER_FOREVER);
    ck_assert_taken(cancel_grace_ms, RUNNER_NO_WAIT);
    ck_assert_taken(closable_grace_ms, RUNNER_FOREVER);
    ck_assert_taken(slow_callback_ms, RUNNER_FOREVER);
    ck_assert_taken(stack_bytes, 1024 * 1024);
}
END_TEST

/* --- codes ------------------------------------------------------------------------------- */

START_TEST(every_code_has_a_name_and_a_text)
{
#define CHECK_CODE(name, value, text)                                                              \
    ck_assert_int_eq(RUNNER_##name, value);                                                        \
    ck_assert_int_ge(value, -20099);                                                               \
    ck_assert_int_le(value, -20001);                                                               \
    ck_assert_str_eq(runner_error_name(value), "RUNNER_" #name);                                   \
    ck_assert_str_eq(runner_strerror(value), text);
    RUNNER_ERROR_MAP(CHECK_CODE)
#undef CHECK_CODE
}
END_TEST

START_TEST(no_two_codes_are_the_same)
{
    /* A switch with a label twice does not compile. */
    switch (RUNNER_EINVAL) {
#define CASE_CODE(name, value, text) case RUNNER_##name:
        RUNNER_ERROR_MAP(CASE_CODE)
#undef CASE_CODE
        ck_assert_int_eq(RUNNER_OK, 0);
        break;
    default:
        ck_abort_msg("RUNNER_EINVAL is not in the map");
    }
}
END_TEST

START_TEST(codes_of_libuv_are_known_too)
{
#define CHECK_UV_CODE(name, text)                                                                  \
    ck_assert_str_eq(runner_error_name(UV_##name), "UV_" #name);                                   \
    ck_assert_str_eq(runner_strerror(UV_##name), text);
    UV_ERRNO_MAP(CHECK_UV_CODE)
#undef CHECK_UV_CODE
}
END_TEST

START_TEST(unknown_codes_are_called_so)
{
    static const int codes[] = {1, -2500, -20099, -20100, -2000000000, 2000000000};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ck_assert_str_eq(runner_strerror(codes[i]), "unknown error");
        ck_assert_str_eq(runner_error_name(codes[i]), "RUNNER_UNKNOWN");
    }
    ck_assert_ptr_nonnull(runner_strerror(0));
    ck_assert_ptr_nonnull(runner_error_name(0));
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = test_case(suite, "init");
    tcase_add_test(tcase, init_fills_the_size_and_the_defaults);
    tcase_add_test(tcase, init_writes_no_further_than_an_older_struct_reaches);
    tcase_add_test(tcase, init_fills_a_newer_struct_with_zeros);
    tcase_add_test(tcase, init_refuses_null_and_what_is_no_struct);
    tcase = test_case(suite, "sizes");
    tcase_add_test(tcase, an_older_struct_is_accepted_and_not_read_past_its_end);
    tcase_add_test(tcase, a_newer_struct_is_accepted_while_its_tail_is_zero);
    tcase_add_test(tcase, a_newer_run_struct_is_accepted_while_its_tail_is_zero);
    tcase_add_test(tcase, newer_spawn_and_job_structs_are_accepted_while_their_tails_are_zero);
    tcase_add_test(tcase, a_size_that_was_not_set_is_refused);
    tcase = test_case(suite, "values");
    tcase_add_test(tcase, options_out_of_range_are_refused);
    tcase_add_test(tcase, an_executor_without_submit_is_refused);
    tcase_add_test(tcase, options_in_range_are_taken);
    tcase = test_case(suite, "codes");
    tcase_add_test(tcase, every_code_has_a_name_and_a_text);
    tcase_add_test(tcase, no_two_codes_are_the_same);
    tcase_add_test(tcase, codes_of_libuv_are_known_too);
    tcase_add_test(tcase, unknown_codes_are_called_so);
    return test_main(suite);
}
