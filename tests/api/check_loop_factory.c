/* A loop that the program makes: when the factory is called, and who ends what. */
#include "check_support.h"

#include <stdlib.h>
#include <uv.h>

/* What a factory did and is to do. */
typedef struct factory {
    int made;
    int released;
    int fail_with; /* a code to answer with instead of a loop */
    uv_loop_t loop;
} factory_t;

static int make_loop(void *arg, struct uv_loop_s **loop)
{
    factory_t *factory = arg;
    if (factory->fail_with != 0) {
        return factory->fail_with;
    }
    factory->made++;
    *loop = &factory->loop;
    return uv_loop_init(&factory->loop);
}

static void release_loop(struct uv_loop_s *loop, void *arg)
{
    factory_t *factory = arg;
    ck_assert_ptr_eq(loop, &factory->loop);
    factory->released++;
}

static runner_options_t factory_options(factory_t *factory)
{
    runner_options_t opts = test_options();
    memset(factory, 0, sizeof *factory);
    opts.loop_factory = make_loop;
    opts.loop_release = release_loop;
    opts.loop_arg = factory;
    return opts;
}

static runner_t *factory_runner(factory_t *factory)
{
    runner_options_t opts = factory_options(factory);
    return test_runner_with(&opts);
}

static int look_at_loop(void *arg, void **result)
{
    (void)result;
    return runner_get_loop(runner_current(), arg);
}

/* --- making ------------------------------------------------------------------------------ */

START_TEST(R074_R075_the_factory_is_called_once_and_late)
{
    factory_t factory;
    struct uv_loop_s *inside = NULL;
    struct uv_loop_s *after = NULL;
    runner_t *runner = factory_runner(&factory);
    ck_assert_int_eq(factory.made, 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_run(runner, look_at_loop, &inside, NULL, NULL), 0);
    }
    ck_assert_code(runner_get_loop(runner, &after), 0);
    ck_assert_int_eq(factory.made, 1);
    ck_assert_ptr_eq(inside, &factory.loop);
    ck_assert_ptr_eq(after, &factory.loop);
    ck_assert_int_eq(factory.released, 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(factory.released, 1);
    runner_free(runner);
    ck_assert_int_eq(factory.released, 1);
}
END_TEST

START_TEST(R074_every_first_use_makes_the_loop)
{
    factory_t factory;
    runner_future_t *future = NULL;
    runner_t *runner = factory_runner(&factory);
    ck_assert_code(runner_call_soon(runner, log_callback, "soon", NULL), 0);
    ck_assert_int_eq(factory.made, 1);
    runner_free(runner);
    log_expect("soon");

    runner = factory_runner(&factory);
    ck_assert_code(runner_call_later(runner, 1, log_callback, "later", NULL, NULL), 0);
    ck_assert_int_eq(factory.made, 1);
    runner_free(runner);

    runner = factory_runner(&factory);
    ck_assert_code(runner_future_new(runner, &future), 0);
    runner_future_unref(future);
    ck_assert_int_eq(factory.made, 1);
    runner_free(runner);
    ck_assert_int_eq(factory.released, 1);
    log_expect("");
}
END_TEST

START_TEST(R074_main_uses_the_factory_too)
{
    factory_t factory;
    struct uv_loop_s *inside = NULL;
    runner_options_t opts = factory_options(&factory);
    ck_assert_code(runner_main(look_at_loop, &inside, &opts, NULL), 0);
    ck_assert_ptr_eq(inside, &factory.loop);
    ck_assert_int_eq(factory.made, 1);
    ck_assert_int_eq(factory.released, 1);
}
END_TEST

START_TEST(R074_R078_the_release_function_may_be_missing)
{
    factory_t factory;
    runner_options_t opts = factory_options(&factory);
    opts.loop_release = NULL;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(factory.released, 0);
    ck_assert_int_eq(uv_loop_init(&factory.loop), 0); /* the memory is the program's again */
    ck_assert_int_eq(uv_loop_close(&factory.loop), 0);
}
END_TEST

/* --- failing ----------------------------------------------------------------------------- */

START_TEST(R020_R076_a_factory_that_fails_leaves_the_runner_as_it_was)
{
    factory_t factory;
    runner_run_options_t opts;
    struct uv_loop_s *loop = NULL;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    runner_t *runner = factory_runner(&factory);
    factory.fail_with = -4242;
    ck_assert_code(runner_run(runner, log_body, "main", &opts, NULL), -4242);
    ck_assert_code(runner_get_loop(runner, &loop), -4242);
    ck_assert_code(runner_call_soon(runner, log_callback, "soon", drop_count), -4242);
    ck_assert_ptr_null(loop);
    ck_assert_int_eq(drops(), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(runner_is_closed(runner), 0);

    factory.fail_with = 0;
    ck_assert_code(runner_run(runner, log_body, "main", &opts, NULL), 0);
    ck_assert_int_eq(factory.made, 1);
    ck_assert_int_eq(drops(), 1);
    log_expect("main");
    runner_free(runner);
    ck_assert_int_eq(factory.released, 1);
}
END_TEST

static int give_nothing(void *arg, struct uv_loop_s **loop)
{
    (void)loop;
    return *(int *)arg;
}

START_TEST(R076_a_factory_that_gives_no_loop_has_failed)
{
    runner_options_t opts = test_options();
    int answer = 0;
    opts.loop_factory = give_nothing;
    opts.loop_arg = &answer;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), RUNNER_EFACTORY);
    answer = 1;
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), RUNNER_EFACTORY);
    answer = -5;
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), -5);
    ck_assert_code(runner_main(log_body, "main", &opts, NULL), -5);
    log_expect("");
    runner_free(runner);
}
END_TEST

/* --- the default ------------------------------------------------------------------------- */

START_TEST(R077_without_a_factory_the_loop_is_libuvs)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_int_ge(uv_backend_fd(loop), 0);
    ck_assert_uint_gt(uv_now(loop), 0);
    runner_free(runner);
}
END_TEST

/* --- handles of the program -------------------------------------------------------------- */

typedef struct ticker {
    uv_timer_t timer;
    runner_future_t *future;
    int closed;
} ticker_t;

static void on_timer(uv_timer_t *timer)
{
    ticker_t *ticker = timer->data;
    log_add("uv timer");
    ck_assert_code(runner_future_resolve(ticker->future, NULL), 0);
}

static void on_close(uv_handle_t *handle)
{
    ticker_t *ticker = handle->data;
    ticker->closed++;
    log_add("uv closed");
}

static int use_uv_timer(void *arg, void **result)
{
    ticker_t *ticker = arg;
    struct uv_loop_s *loop = NULL;
    ck_assert_code(runner_get_loop(runner_current(), &loop), 0);
    ck_assert_code(runner_future_new(runner_current(), &ticker->future), 0);
    ck_assert_int_eq(uv_timer_init(loop, &ticker->timer), 0);
    ticker->timer.data = ticker;
    ck_assert_int_eq(uv_timer_start(&ticker->timer, on_timer, 5, 0), 0);
    int code = runner_future_await(ticker->future, result);
    runner_future_unref(ticker->future);
    uv_close((uv_handle_t *)&ticker->timer, on_close);
    log_add("main");
    return code;
}

START_TEST(R075_R078_handles_of_the_program_work_on_the_loop)
{
    factory_t factory;
    ticker_t ticker;
    memset(&ticker, 0, sizeof ticker);
    runner_options_t opts = factory_options(&factory);
    opts.clock = RUNNER_CLOCK_REAL;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, use_uv_timer, &ticker, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(ticker.closed, 1);
    ck_assert_int_eq(factory.released, 1);
    log_expect("uv timer,main,uv closed");
    runner_free(runner);
}
END_TEST

/* A handle of every kind that needs no file; each one's callback settles the future. */
typedef struct handles {
    runner_future_t *future;
    union {
        uv_handle_t any;
        uv_timer_t timer;
        uv_prepare_t prepare;
        uv_check_t check;
        uv_idle_t idle;
        uv_async_t async;
    } uv;
} handles_t;

static void settle(uv_handle_t *handle)
{
    handles_t *handles = handle->data;
    (void)runner_future_resolve(handles->future, NULL);
}

static void on_due(uv_timer_t *timer)
{
    settle((uv_handle_t *)timer);
}

static void on_prepare(uv_prepare_t *prepare)
{
    settle((uv_handle_t *)prepare);
}

static void on_check(uv_check_t *check)
{
    settle((uv_handle_t *)check);
}

static void on_idle(uv_idle_t *idle)
{
    settle((uv_handle_t *)idle);
}

static void on_async(uv_async_t *async)
{
    settle((uv_handle_t *)async);
}

enum { KINDS = 6 };

static void start_handle(struct uv_loop_s *loop, handles_t *handles, int kind)
{
    switch (kind) {
    case 0:
    case 1:
        ck_assert_int_eq(uv_timer_init(loop, &handles->uv.timer), 0);
        ck_assert_int_eq(uv_timer_start(&handles->uv.timer, on_due, (uint64_t)kind * 5, 0), 0);
        break;
    case 2:
        ck_assert_int_eq(uv_prepare_init(loop, &handles->uv.prepare), 0);
        ck_assert_int_eq(uv_prepare_start(&handles->uv.prepare, on_prepare), 0);
        break;
    case 3:
        /* A check runs after a poll; the wake-up ends the poll. */
        ck_assert_int_eq(uv_check_init(loop, &handles->uv.check), 0);
        ck_assert_int_eq(uv_check_start(&handles->uv.check, on_check), 0);
        ck_assert_code(runner_wakeup(runner_current()), 0);
        break;
    case 4:
        ck_assert_int_eq(uv_idle_init(loop, &handles->uv.idle), 0);
        ck_assert_int_eq(uv_idle_start(&handles->uv.idle, on_idle), 0);
        break;
    default:
        ck_assert_int_eq(uv_async_init(loop, &handles->uv.async, on_async), 0);
        ck_assert_int_eq(uv_async_send(&handles->uv.async), 0);
    }
    handles->uv.any.data = handles;
}

static int await_handles(void *arg, void **result)
{
    struct uv_loop_s *loop = NULL;
    (void)arg;
    ck_assert_code(runner_get_loop(runner_current(), &loop), 0);
    for (int kind = 0; kind < KINDS; kind++) {
        handles_t handles;
        ck_assert_code(runner_future_new(runner_current(), &handles.future), 0);
        start_handle(loop, &handles, kind);
        ck_assert_code(runner_future_await(handles.future, result), 0);
        log_add("%d", kind);
        runner_future_unref(handles.future);
        ck_assert_code(runner_future_new(runner_current(), &handles.future), 0);
        uv_close(&handles.uv.any, settle);
        ck_assert_code(runner_future_await(handles.future, result), 0);
        runner_future_unref(handles.future);
    }
    return 0;
}

START_TEST(R078_callbacks_of_any_handle_wake_the_tasks)
{
    for (int clock = RUNNER_CLOCK_REAL; clock <= RUNNER_CLOCK_VIRTUAL; clock++) {
        runner_options_t opts = test_options();
        opts.clock = clock;
        ck_assert_code(runner_main(await_handles, NULL, &opts, NULL), 0);
        log_expect("0,1,2,3,4,5");
    }
}
END_TEST

static void report_handles(const runner_report_t *report, void *arg)
{
    *(size_t *)arg = runner_report_count(report, RUNNER_REPORT_HANDLE);
}

START_TEST(R012_R078_a_handle_left_open_is_reported_and_not_closed)
{
    factory_t factory;
    uv_timer_t timer;
    size_t handles = 0;
    runner_options_t opts = factory_options(&factory);
    opts.loop_release = NULL;
    opts.on_report = report_handles;
    opts.on_report_arg = &handles;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_int_eq(uv_timer_init(&factory.loop, &timer), 0);
    ck_assert_code(runner_close(runner), RUNNER_EHANDLES);
    ck_assert_uint_eq(handles, 1);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_int_eq(uv_is_closing((uv_handle_t *)&timer), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);

    /* The loop is the program's: it can finish what it began. */
    uv_close((uv_handle_t *)&timer, NULL);
    ck_assert_int_eq(uv_run(&factory.loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&factory.loop), 0);
    log_expect("main");
}
END_TEST

START_TEST(R078_free_leaves_an_open_handle_alone_too)
{
    factory_t factory;
    uv_async_t async;
    size_t handles = 0;
    runner_options_t opts = factory_options(&factory);
    opts.loop_release = NULL;
    opts.on_report = report_handles;
    opts.on_report_arg = &handles;
    runner_t *runner = test_runner_with(&opts);
    struct uv_loop_s *loop = NULL;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_int_eq(uv_async_init(loop, &async, NULL), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_free(runner);
    ck_assert_uint_eq(handles, 1);
    uv_close((uv_handle_t *)&async, NULL);
    ck_assert_int_eq(uv_run(&factory.loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&factory.loop), 0);
    log_expect("main");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("loop_factory");
    TCase *tcase = test_case(suite, "making");
    tcase_add_test(tcase, R074_R075_the_factory_is_called_once_and_late);
    tcase_add_test(tcase, R074_every_first_use_makes_the_loop);
    tcase_add_test(tcase, R074_main_uses_the_factory_too);
    tcase_add_test(tcase, R074_R078_the_release_function_may_be_missing);
    tcase = test_case(suite, "failing");
    tcase_add_test(tcase, R020_R076_a_factory_that_fails_leaves_the_runner_as_it_was);
    tcase_add_test(tcase, R076_a_factory_that_gives_no_loop_has_failed);
    tcase = test_case(suite, "default");
    tcase_add_test(tcase, R077_without_a_factory_the_loop_is_libuvs);
    tcase = test_case(suite, "handles of the program");
    tcase_add_test(tcase, R075_R078_handles_of_the_program_work_on_the_loop);
    tcase_add_test(tcase, R078_callbacks_of_any_handle_wake_the_tasks);
    tcase_add_test(tcase, R012_R078_a_handle_left_open_is_reported_and_not_closed);
    tcase_add_test(tcase, R078_free_leaves_an_open_handle_alone_too);
    return test_main(suite);
}
