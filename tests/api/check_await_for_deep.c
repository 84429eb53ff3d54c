/* runner_await_for() many times at once: nested, shared, in long chains, without a stack, at the
 * end of a runner. */
#include "check_support.h"

#include <stdlib.h>

/* --- helpers ----------------------------------------------------------------------------- */

static runner_task_t *spawn(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    return task;
}

static runner_task_t *spawn_step(runner_step_fn fn, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_spawn_step(fn, arg, &opts, &task), 0);
    return task;
}

static int await_and_unref(runner_task_t *task)
{
    int code = runner_await(task, NULL);
    runner_task_unref(task);
    return code;
}

static void run_with(runner_fn body, void *arg)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, arg, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}

static void run(runner_fn body)
{
    run_with(body, NULL);
}

static void expect_no_requests(void)
{
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_sleep(1), 0);
}

static int wait_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("inner");
    return code;
}

static int give_5_at_10(void *arg, void **result)
{
    (void)arg;
    *result = value_of(5);
    return runner_sleep(10);
}

/* A task that awaits another one, and tells how that was. */
typedef struct waiter {
    runner_task_t *task;
    uint64_t timeout_ms;
    const char *name;
} waiter_t;

static int await_as_told(void *arg, void **result)
{
    const waiter_t *waiter = arg;
    int code = runner_await_for(waiter->task, waiter->timeout_ms, result);
    log_add("%s %s %dms", waiter->name, code_name(code), (int)now_ms(runner_current()));
    return code == RUNNER_ETIMEDOUT ? RUNNER_EUSER : code;
}

/* --- nested ------------------------------------------------------------------------------ */

typedef struct nest {
    uint64_t outer_ms;
    uint64_t inner_ms;
    int inner_first; /* the inner deadline is set before the outer one */
    int outcome;
    int requests; /* of the innermost task */
    const char *log;
} nest_t;

static int nest_awaits(void *arg, void **result)
{
    const nest_t *nest = arg;
    waiter_t waiter = {spawn(wait_for_ever, NULL), nest->inner_ms, "middle"};
    runner_task_t *middle = spawn(await_as_told, &waiter);
    (void)result;
    if (nest->inner_first) {
        ck_assert_code(runner_yield(), 0);
    }
    ck_assert_code(runner_await_for(middle, nest->outer_ms, NULL), nest->outcome);
    log_expect(nest->log);
    ck_assert_int_eq(runner_task_cancelling(waiter.task), nest->requests);
    ck_assert_int_eq(runner_task_cancelled(waiter.task), 1);
    runner_task_unref(middle);
    runner_task_unref(waiter.task);
    expect_no_requests();
    return 0;
}

START_TEST(R174_of_nested_waits_the_one_whose_time_is_over_first_times_out)
{
    static const nest_t nests[] = {
        {10, 20, 0, RUNNER_ETIMEDOUT, 1, "inner,middle RUNNER_ECANCELED 10ms"},
        {10, 20, 1, RUNNER_ETIMEDOUT, 1, "inner,middle RUNNER_ECANCELED 10ms"},
        {20, 10, 0, RUNNER_EUSER, 1, "inner,middle RUNNER_ETIMEDOUT 10ms"},
        {10, 10, 0, RUNNER_ETIMEDOUT, 2, "inner,middle RUNNER_ECANCELED 10ms"},
        {10, 10, 1, RUNNER_ETIMEDOUT, 2, "inner,middle RUNNER_ECANCELED 10ms"},
        {10, RUNNER_FOREVER, 0, RUNNER_ETIMEDOUT, 1, "inner,middle RUNNER_ECANCELED 10ms"},
        {10, 0, 0, RUNNER_EUSER, 1, "inner,middle RUNNER_ETIMEDOUT 0ms"},
        {0, 10, 1, RUNNER_ETIMEDOUT, 1, "inner,middle RUNNER_ECANCELED 0ms"},
    };
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        nest_t nest = nests[i];
        run_with(nest_awaits, &nest);
    }
}
END_TEST

static int await_arg_for_20(void *arg, void **result)
{
    int code = runner_await_for(arg, 20, result);
    log_add("%s", code_name(code));
    return code;
}

static int await_in_timeouts(void *arg, void **result)
{
    static const uint64_t times[] = {0, 10, 20};
    (void)arg;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        runner_task_t *task = spawn(wait_for_ever, NULL);
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(runner_with_timeout(times[i], await_arg_for_20, task, result),
                       RUNNER_ETIMEDOUT);
        ck_assert_int_eq(runner_task_cancelled(task), 1);
        runner_task_unref(task);
        log_expect("inner,RUNNER_ECANCELED");
        expect_no_requests();
    }
    runner_task_t *task = spawn(wait_for_ever, NULL);
    ck_assert_code(runner_with_timeout(30, await_arg_for_20, task, result), RUNNER_ETIMEDOUT);
    log_expect("inner,RUNNER_ETIMEDOUT");
    runner_task_unref(task);
    expect_no_requests();
    return 0;
}

START_TEST(R174_a_timeout_around_the_wait_goes_first)
{
    run(await_in_timeouts);
}
END_TEST

static int look_at_wait(void *arg, void **result)
{
    runner_task_info_t infos[3] = {{.size = sizeof infos[0]}};
    waiter_t waiter = {spawn(wait_for_ever, NULL), 10, "waiter"};
    runner_task_t *task = spawn(await_as_told, &waiter);
    size_t count = 0;
    (void)arg;
    (void)result;
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_tasks(runner_current(), infos, 3, &count), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(infos[2].id, runner_task_id(task));
    ck_assert_str_eq(infos[2].waits, "task");
    ck_assert_uint_eq(infos[2].awaits, runner_task_id(waiter.task));
    ck_assert_code(await_and_unref(task), RUNNER_EUSER);
    runner_task_unref(waiter.task);
    return 0;
}

START_TEST(R202_the_wait_for_a_task_with_a_deadline_is_shown_as_such)
{
    run(look_at_wait);
    log_expect("inner,waiter RUNNER_ETIMEDOUT 10ms");
}
END_TEST

/* --- shared ------------------------------------------------------------------------------ */

static int share_task(void *arg, void **result)
{
    waiter_t *waiters = arg;
    runner_task_t *tasks[2];
    (void)result;
    runner_task_t *inner = spawn(wait_for_ever, NULL);
    for (int i = 0; i < 2; i++) {
        waiters[i].task = inner;
        tasks[i] = spawn(await_as_told, &waiters[i]);
    }
    for (int i = 0; i < 2; i++) {
        int code = runner_await(tasks[i], NULL);
        ck_assert(code == RUNNER_EUSER || code == RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelling(tasks[i]), 0);
        runner_task_unref(tasks[i]);
    }
    runner_task_unref(inner);
    return 0;
}

START_TEST(R176_the_timeout_of_one_is_a_cancel_for_others_that_await_the_task)
{
    waiter_t waiters[2] = {{NULL, 10, "a"}, {NULL, 5, "b"}};
    run_with(share_task, waiters);
    log_expect("inner,a RUNNER_ECANCELED 5ms,b RUNNER_ETIMEDOUT 5ms");
    waiters[0].timeout_ms = 5;
    run_with(share_task, waiters);
    log_expect("inner,a RUNNER_ETIMEDOUT 5ms,b RUNNER_ETIMEDOUT 5ms");
    waiters[0].timeout_ms = 0;
    waiters[1].timeout_ms = RUNNER_FOREVER;
    run_with(share_task, waiters);
    log_expect("inner,b RUNNER_ECANCELED 0ms,a RUNNER_ETIMEDOUT 0ms");
}
END_TEST

/* --- long chains ------------------------------------------------------------------------- */

enum { LENGTH = 20000, LENGTH_SLOW = 2000, LENGTH_OF_COROUTINES = 1000 };

typedef struct link {
    runner_task_t *task;
    runner_task_t *previous;
    uint64_t timeout_ms;
    void *value;
    int status;
} link_t;

typedef struct chain {
    link_t *links;
    runner_task_t *innermost;
    int length;
} chain_t;

static int chain_length(void)
{
#ifdef TEST_UNDER_TSAN
    return LENGTH_SLOW;
#else
    const char *under = getenv("RUNNER_TEST_UNDER");
    return under != NULL && under[0] != '\0' ? LENGTH_SLOW : LENGTH;
#endif
}

static int step_link(void *arg, int status, void **result)
{
    link_t *link = arg;
    if (link->status == RUNNER_EPENDING) {
        link->status = runner_await_for(link->previous, link->timeout_ms, &link->value);
        return link->status;
    }
    link->status = status;
    *result = link->value;
    return status;
}

static int await_link(void *arg, void **result)
{
    link_t *link = arg;
    link->status = runner_await_for(link->previous, link->timeout_ms, &link->value);
    *result = link->value;
    return link->status;
}

/* Links that await each other with ever later deadlines, or none. */
static chain_t chain_of(int length, runner_task_t *innermost, int stackless, uint64_t timeout_ms)
{
    chain_t chain = {calloc((size_t)length, sizeof(link_t)), innermost, length};
    ck_assert_ptr_nonnull(chain.links);
    for (int i = 0; i < length; i++) {
        link_t *link = &chain.links[i];
        link->previous = i == 0 ? innermost : chain.links[i - 1].task;
        link->timeout_ms = timeout_ms == RUNNER_FOREVER ? timeout_ms : timeout_ms + (uint64_t)i;
        link->status = RUNNER_EPENDING;
        link->task = stackless ? spawn_step(step_link, link) : spawn(await_link, link);
    }
    ck_assert_code(runner_yield(), 0);
    return chain;
}

static void expect_chain(chain_t *chain, int status, int requests)
{
    for (int i = 0; i < chain->length; i++) {
        link_t *link = &chain->links[i];
        ck_assert_code(link->status, status);
        ck_assert_code(runner_task_status(link->task), status);
        ck_assert_int_eq(runner_task_cancelling(link->task), requests);
        runner_task_unref(link->task);
    }
    runner_task_unref(chain->innermost);
    free(chain->links);
}

static int cancel_chain(void *arg, void **result)
{
    static const uint64_t times[] = {1000, RUNNER_FOREVER};
    int stackless = arg == NULL;
    (void)result;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        chain_t chain = chain_of(stackless ? chain_length() : LENGTH_OF_COROUTINES,
                                 spawn(wait_for_ever, NULL), stackless, times[i]);
        runner_task_t *last = chain.links[chain.length - 1].task;
        ck_assert_code(runner_task_cancel(last), 0);
        ck_assert_int_eq(runner_task_cancelling(chain.innermost), 1);
        ck_assert_code(runner_await(last, NULL), RUNNER_ECANCELED);
        expect_chain(&chain, RUNNER_ECANCELED, 1);
    }
    ck_assert_uint_eq(now_ms(runner_current()), 0);
    return 0;
}

START_TEST(R147_a_cancel_goes_down_a_long_chain_of_stackless_waits_without_recursion)
{
    run(cancel_chain);
    log_expect("inner,inner");
}
END_TEST

START_TEST(R147_a_cancel_goes_down_a_chain_of_waits_of_coroutines)
{
    run_with(cancel_chain, value_of(1));
    log_expect("inner,inner");
}
END_TEST

static int time_out_chain(void *arg, void **result)
{
    (void)arg;
    (void)result;
    chain_t chain = chain_of(chain_length(), spawn(wait_for_ever, NULL), 1, 1000);
    runner_task_t *last = chain.links[chain.length - 1].task;
    ck_assert_code(runner_await_for(last, 10, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    expect_chain(&chain, RUNNER_ECANCELED, 1);
    expect_no_requests();

    chain = chain_of(chain_length(), spawn(wait_for_ever, NULL), 1, RUNNER_FOREVER);
    last = chain.links[chain.length - 1].task;
    ck_assert_code(runner_await_for(last, 0, NULL), RUNNER_ETIMEDOUT);
    ck_assert_uint_eq(now_ms(runner_current()), 11);
    expect_chain(&chain, RUNNER_ECANCELED, 1);
    expect_no_requests();
    return runner_sleep(RUNNER_FOREVER);
}

/* None of the links' own timers is left. */
START_TEST(R170_an_outer_deadline_goes_down_a_long_chain_without_recursion)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, time_out_chain, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), 12);
    log_expect("inner,inner");
    runner_free(runner);
}
END_TEST

static int finish_chain(void *arg, void **result)
{
    void *value = NULL;
    (void)arg;
    (void)result;
    chain_t chain = chain_of(chain_length(), spawn(give_5_at_10, NULL), 1, 1000);
    runner_task_t *last = chain.links[chain.length - 1].task;
    ck_assert_code(runner_await_for(last, 1000, &value), 0);
    ck_assert_int_eq(number_of(value), 5);
    expect_chain(&chain, 0, 0);
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R171_a_result_comes_up_a_long_chain_in_time)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, finish_chain, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), 10);
    runner_free(runner);
}
END_TEST

static int leave_chain(void *arg, void **result)
{
    (void)result;
    *(chain_t *)arg = chain_of(LENGTH_SLOW, spawn(wait_for_ever, NULL), 1, 1000);
    return 0;
}

START_TEST(R079_a_long_chain_that_is_left_over_is_cancelled_at_close)
{
    runner_t *runner = test_runner();
    chain_t chain = {NULL, NULL, 0};
    ck_assert_code(runner_run(runner, leave_chain, &chain, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(drops(), chain.length);
    for (int i = 0; i < chain.length; i++) {
        ck_assert_code(chain.links[i].status, RUNNER_ECANCELED);
        runner_task_unref(chain.links[i].task);
    }
    runner_task_unref(chain.innermost);
    free(chain.links);
    runner_free(runner);
}
END_TEST

/* --- circles ----------------------------------------------------------------------------- */

static int await_each_other(void *arg, void **result)
{
    waiter_t waiters[2] = {{NULL, 10, "a"}, {NULL, 20, "b"}};
    (void)arg;
    (void)result;
    runner_task_t *a = spawn(await_as_told, &waiters[0]);
    runner_task_t *b = spawn(await_as_told, &waiters[1]);
    waiters[0].task = b;
    waiters[1].task = a;
    int of_b = runner_await(b, NULL);
    int of_a = runner_await(a, NULL);
    log_add("a: %s b: %s", code_name(of_a), code_name(of_b));
    ck_assert_uint_eq(now_ms(runner_current()), 10);
    runner_task_unref(a);
    runner_task_unref(b);
    return 0;
}

START_TEST(R136_a_deadline_ends_a_circle_of_waits)
{
    run(await_each_other);
    log_expect(
        "b RUNNER_ECANCELED 10ms,a RUNNER_ETIMEDOUT 10ms,a: RUNNER_EUSER b: RUNNER_ECANCELED");
}
END_TEST

/* --- stackless callers ------------------------------------------------------------------- */

typedef struct machine {
    runner_task_t *task;
    uint64_t timeout_ms;
    void *value;
    int state;
    int ends;     /* does not wait for the outcome */
    int requests; /* that it has in the end */
} machine_t;

static int step_once(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    if (m->state++ == 0) {
        int code = runner_await_for(m->task, m->timeout_ms, &m->value);
        log_add("%s", code_name(code));
        if (code == RUNNER_EPARKED) {
            ck_assert_code(runner_await_for(m->task, m->timeout_ms, &m->value), RUNNER_EBUSY);
            return m->ends ? 0 : code;
        }
        status = code;
    }
    log_add("%s %d %dms", code_name(status), (int)number_of(m->value),
            (int)now_ms(runner_current()));
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), m->requests);
    return status == RUNNER_ETIMEDOUT ? RUNNER_EUSER : status;
}

static int swallow_and_give_42(void *arg, void **result)
{
    (void)arg;
    *result = value_of(42);
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    return runner_sleep(1);
}

static int give_3(void *arg, void **result)
{
    (void)arg;
    *result = value_of(3);
    return 0;
}

static int step_with(runner_fn fn, uint64_t timeout_ms)
{
    machine_t m = {spawn(fn, NULL), timeout_ms, NULL, 0, 0, 0};
    ck_assert_code(runner_yield(), 0);
    int code = await_and_unref(spawn_step(step_once, &m));
    runner_task_unref(m.task);
    return code;
}

static int step_through(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(step_with(give_5_at_10, 20), 0);
    log_expect("RUNNER_EPARKED,0 5 10ms");
    ck_assert_code(step_with(wait_for_ever, 20), RUNNER_EUSER);
    log_expect("RUNNER_EPARKED,inner,RUNNER_ETIMEDOUT 0 30ms");
    ck_assert_code(step_with(wait_for_ever, 0), RUNNER_EUSER);
    log_expect("RUNNER_EPARKED,inner,RUNNER_ETIMEDOUT 0 30ms");
    ck_assert_code(step_with(swallow_and_give_42, 20), 0);
    log_expect("RUNNER_EPARKED,0 42 51ms");
    ck_assert_code(step_with(swallow_and_give_42, 0), 0);
    log_expect("RUNNER_EPARKED,0 42 52ms");
    ck_assert_code(step_with(give_3, 0), 0); /* is done already */
    log_expect("0,0 3 52ms");
    return 0;
}

START_TEST(R170_R171_a_stackless_caller_parks_and_is_told)
{
    run(step_through);
}
END_TEST

static int cancel_steps(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int directly = 0; directly < 2; directly++) {
        machine_t m = {spawn(wait_for_ever, NULL), 10, NULL, 0, 0, directly};
        runner_task_t *step = spawn_step(step_once, &m);
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(runner_task_cancel(directly ? step : m.task), 0);
        ck_assert_code(await_and_unref(step), RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelled(m.task), 1);
        runner_task_unref(m.task);
        log_expect("RUNNER_EPARKED,inner,RUNNER_ECANCELED 0 0ms");
    }
    return runner_sleep(RUNNER_FOREVER);
}

START_TEST(R147_R176_a_stackless_caller_is_told_of_a_cancel_of_its_own_or_of_its_task)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, cancel_steps, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_uint_eq(now_ms(runner), 0);
    runner_free(runner);
}
END_TEST

static int leave_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (uint64_t timeout_ms = 0; timeout_ms <= 10; timeout_ms += 10) {
        machine_t m = {spawn(wait_for_ever, NULL), timeout_ms, NULL, 0, 1, 0};
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(await_and_unref(spawn_step(step_once, &m)), 0);
        ck_assert_code(runner_sleep(20), 0);
        ck_assert_int_eq(runner_task_done(m.task), timeout_ms == 0);
        if (timeout_ms != 0) {
            ck_assert_code(runner_task_cancel(m.task), 0);
        }
        ck_assert_code(await_and_unref(m.task), RUNNER_ECANCELED);
    }
    return 0;
}

START_TEST(a_stackless_caller_that_does_not_wait_takes_its_deadline_along)
{
    run(leave_wait);
    log_expect("RUNNER_EPARKED,inner,RUNNER_EPARKED,inner");
}
END_TEST

/* --- the end of the runner --------------------------------------------------------------- */

static int refuse_to_end(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;) {
        log_add("%s", code_name(runner_sleep(RUNNER_FOREVER)));
    }
    return 0;
}

static int leave_waits(void *arg, void **result)
{
    waiter_t *waiters = arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        waiters[i].task = spawn(refuse_to_end, NULL);
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(runner_spawn(await_as_told, &waiters[i], NULL, NULL), 0);
    }
    return runner_yield();
}

START_TEST(waits_that_are_abandoned_end_with_the_runner)
{
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 10;
    runner_t *runner = test_runner_with(&opts);
    waiter_t waiters[3] = {{NULL, 1000, "a"}, {NULL, RUNNER_FOREVER, "b"}, {NULL, 0, "c"}};
    ck_assert_code(runner_run(runner, leave_waits, waiters, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_task_status(waiters[i].task), RUNNER_EABANDONED);
    }
    runner_free(runner);
    for (int i = 0; i < 3; i++) {
        runner_task_unref(waiters[i].task);
    }
}
END_TEST

static int await_in_cleanup(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(RUNNER_FOREVER), RUNNER_ECANCELED);
    runner_task_t *task = spawn(wait_for_ever, NULL);
    int code = runner_await_for(task, 10, NULL);
    log_add("%s %dms", code_name(code), (int)now_ms(runner_current()));
    runner_task_unref(task);
    return RUNNER_ECANCELED;
}

static int leave_cleanup(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(await_in_cleanup, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R087_a_cleanup_at_close_may_wait_with_a_deadline)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_cleanup, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("inner,RUNNER_ETIMEDOUT 10ms");
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("await_for_deep");
    TCase *tcase = test_case(suite, "nested");
    tcase_add_test(tcase, R174_of_nested_waits_the_one_whose_time_is_over_first_times_out);
    tcase_add_test(tcase, R174_a_timeout_around_the_wait_goes_first);
    tcase_add_test(tcase, R202_the_wait_for_a_task_with_a_deadline_is_shown_as_such);
    tcase_add_test(tcase, R176_the_timeout_of_one_is_a_cancel_for_others_that_await_the_task);
    tcase_add_test(tcase, R136_a_deadline_ends_a_circle_of_waits);
    tcase = test_case(suite, "long chains");
    tcase_add_test(tcase,
                   R147_a_cancel_goes_down_a_long_chain_of_stackless_waits_without_recursion);
    tcase_add_test(tcase, R147_a_cancel_goes_down_a_chain_of_waits_of_coroutines);
    tcase_add_test(tcase, R170_an_outer_deadline_goes_down_a_long_chain_without_recursion);
    tcase_add_test(tcase, R171_a_result_comes_up_a_long_chain_in_time);
    tcase_add_test(tcase, R079_a_long_chain_that_is_left_over_is_cancelled_at_close);
    tcase = test_case(suite, "stackless callers");
    tcase_add_test(tcase, R170_R171_a_stackless_caller_parks_and_is_told);
    tcase_add_test(tcase,
                   R147_R176_a_stackless_caller_is_told_of_a_cancel_of_its_own_or_of_its_task);
    tcase_add_test(tcase, a_stackless_caller_that_does_not_wait_takes_its_deadline_along);
    tcase = test_case(suite, "the end of the runner");
    tcase_add_test(tcase, waits_that_are_abandoned_end_with_the_runner);
    tcase_add_test(tcase, R087_a_cleanup_at_close_may_wait_with_a_deadline);
    return test_main(suite);
}
