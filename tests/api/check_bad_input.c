/* Bad input: every call answers it with its documented code, changes nothing and leaks nothing. */
#include "check_support.h"

#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

/* --- functions that must never be called ------------------------------------------------- */

static int no_body(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("called");
    return 0;
}

static int no_callback(void *arg)
{
    return no_body(arg, NULL);
}

static int no_step(void *arg, int status, void **result)
{
    (void)status;
    return no_body(arg, result);
}

static int no_done(runner_future_t *future, void *arg)
{
    (void)future;
    return no_body(arg, NULL);
}

static int no_handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)exception;
    return no_body(arg, NULL);
}

static void ck_assert_nothing_happened(void)
{
    log_expect("");
    ck_assert_int_eq(drops(), 0);
    ck_assert_int_eq(result_drops(), 0);
    ck_assert_int_eq(exceptions(), 0);
}

/* --- NULL -------------------------------------------------------------------------------- */

START_TEST(R024_null_runner)
{
    runner_timer_t *timer = NULL;
    runner_future_t *future = NULL;
    runner_closable_t *closable = NULL;
    runner_submission_t *submission = NULL;
    const runner_report_t *report = NULL;
    const int codes[] = {
        runner_run(NULL, no_body, NULL, NULL, NULL),
        runner_close(NULL),
        runner_stop(NULL),
        runner_set_debug(NULL, RUNNER_ON),
        runner_call_soon(NULL, no_callback, NULL, drop_count),
        runner_call_later(NULL, 1, no_callback, NULL, drop_count, &timer),
        runner_call_at_ns(NULL, 1, no_callback, NULL, drop_count, &timer),
        runner_call_soon_threadsafe(NULL, no_callback, NULL, drop_count),
        runner_wakeup(NULL),
        runner_submitter_acquire(NULL),
        runner_submitter_release(NULL),
        runner_closable_register(NULL, NULL, no_body, NULL, drop_count, &closable),
        runner_future_new(NULL, &future),
        runner_run_in_executor(NULL, no_body, NULL, NULL, &future),
        runner_spawn_threadsafe(NULL, no_body, NULL, NULL, &submission),
        runner_set_exception_handler(NULL, no_handler, NULL, drop_count),
        runner_interrupt(NULL),
        runner_get_report(NULL, &report),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ck_assert_code(codes[i], RUNNER_EINVAL);
    }
    ck_assert(timer == NULL && future == NULL && closable == NULL);
    ck_assert(submission == NULL && report == NULL);
    ck_assert_uint_eq(runner_time_ns(NULL), 0);
    ck_assert_int_eq(runner_debug(NULL), 0);
    runner_free(NULL);
    ck_assert_nothing_happened();
}
END_TEST

START_TEST(R024_null_callback)
{
    runner_t *runner = test_runner();
    runner_timer_t *timer = NULL;
    runner_future_t *future = NULL;
    runner_closable_t *closable = NULL;
    runner_submission_t *submission = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    const int codes[] = {
        runner_run(runner, NULL, NULL, NULL, NULL),
        runner_main(NULL, NULL, NULL, NULL),
        runner_call_soon(runner, NULL, NULL, drop_count),
        runner_call_later(runner, 1, NULL, NULL, drop_count, &timer),
        runner_call_at_ns(runner, 1, NULL, NULL, drop_count, &timer),
        runner_call_soon_threadsafe(runner, NULL, NULL, drop_count),
        runner_closable_register(runner, NULL, NULL, NULL, drop_count, &closable),
        runner_future_on_done(future, NULL, NULL, drop_count),
        runner_run_in_executor(runner, NULL, NULL, NULL, NULL),
        runner_spawn_threadsafe(runner, NULL, NULL, NULL, &submission),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ck_assert_code(codes[i], RUNNER_EINVAL);
    }
    ck_assert(timer == NULL && closable == NULL && submission == NULL);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    log_expect("main");
    runner_future_unref(future);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

START_TEST(R024_null_task_and_future)
{
    void *value = NULL;
    runner_timer_unref(NULL);
    runner_task_unref(NULL);
    runner_future_unref(NULL);
    runner_submission_unref(NULL);
    runner_gen_unref(NULL);
    ck_assert_code(runner_timer_cancel(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_task_cancel(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_task_cancel_with(NULL, "why", 1), RUNNER_EINVAL);
    ck_assert_int_eq(runner_task_uncancel(NULL), 0);
    ck_assert_int_eq(runner_task_cancelling(NULL), 0);
    ck_assert_int_eq(runner_task_cancel_reason(NULL), 0);
    ck_assert_ptr_null(runner_task_cancel_message(NULL));
    ck_assert_uint_eq(runner_task_cancel_payload(NULL), 0);
    ck_assert_int_eq(runner_task_done(NULL), 0);
    ck_assert_int_eq(runner_task_cancelled(NULL), 0);
    ck_assert_code(runner_task_status(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_task_result(NULL, &value), RUNNER_EINVAL);
    ck_assert_str_eq(runner_task_name(NULL), "");
    ck_assert_uint_eq(runner_task_id(NULL), 0);
    ck_assert_ptr_null(runner_task_future(NULL));
    ck_assert_ptr_null(runner_task_ref(NULL));
    ck_assert_code(runner_future_resolve(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_future_reject(NULL, -5), RUNNER_EINVAL);
    ck_assert_code(runner_future_cancel(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_future_on_done(NULL, no_done, NULL, drop_count), RUNNER_EINVAL);
    ck_assert_int_eq(runner_future_done(NULL), 0);
    ck_assert_code(runner_future_status(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_future_result(NULL, &value), RUNNER_EINVAL);
    ck_assert_ptr_null(runner_future_ref(NULL));
    ck_assert_code(runner_closable_unregister(NULL), RUNNER_EINVAL);
    ck_assert_nothing_happened();
}
END_TEST

static int null_waits(void *arg, void **result)
{
    runner_task_t *task = NULL;
    runner_gen_t *gen = NULL;
    (void)arg;
    ck_assert_code(runner_await(NULL, result), RUNNER_EINVAL);
    ck_assert_code(runner_future_await(NULL, result), RUNNER_EINVAL);
    ck_assert_code(runner_spawn(NULL, NULL, NULL, &task), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_step(NULL, NULL, NULL, &task), RUNNER_EINVAL);
    ck_assert_code(runner_to_thread(NULL, NULL, NULL, result), RUNNER_EINVAL);
    ck_assert_code(runner_gen_new(NULL, NULL, drop_count, 0, &gen), RUNNER_EINVAL);
    ck_assert_code(runner_gen_new(no_body, NULL, drop_count, 0, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_gen_next(NULL, result), RUNNER_EINVAL);
    ck_assert_code(runner_gen_close(NULL), RUNNER_EINVAL);
    ck_assert(task == NULL && gen == NULL);
    return runner_sleep(1);
}

START_TEST(R024_null_inside_a_task)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, null_waits, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

START_TEST(R024_null_context_and_variable)
{
    runner_var_t *var = NULL;
    runner_context_t *context = NULL;
    void *value = value_of(1);
    ck_assert_code(runner_var_new(NULL, drop_count, &var), RUNNER_EINVAL);
    ck_assert_code(runner_var_new("var", drop_count, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_var_set(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_var_get(NULL, &value), RUNNER_EINVAL);
    ck_assert_str_eq(runner_var_name(NULL), "");
    ck_assert_code(runner_context_new(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_context_copy(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_var_new("var", NULL, &var), 0);
    ck_assert_code(runner_context_new(&context), 0);
    ck_assert_code(runner_var_get(var, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_var_get(var, &value), RUNNER_EPENDING);
    ck_assert_code(runner_context_get(NULL, var, &value), RUNNER_EINVAL);
    ck_assert_code(runner_context_get(context, NULL, &value), RUNNER_EINVAL);
    ck_assert_code(runner_context_get(context, var, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_context_get(context, var, &value), RUNNER_EPENDING);
    ck_assert_code(runner_context_set(NULL, var, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_context_set(context, NULL, NULL), RUNNER_EINVAL);
    ck_assert_ptr_null(runner_context_ref(NULL));
    ck_assert_int_eq(number_of(value), 1);
    runner_context_unref(NULL);
    runner_var_unref(NULL);
    runner_context_unref(context);
    runner_var_unref(var);
    ck_assert_nothing_happened();
}
END_TEST

START_TEST(R024_null_outputs)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_new(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_get_loop(runner, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_future_new(runner, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_get_report(runner, NULL), RUNNER_EINVAL);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

static void *other_malloc(size_t size)
{
    (void)size;
    return NULL;
}

START_TEST(R024_null_allocator)
{
    ck_assert_code(runner_replace_allocator(other_malloc, NULL, NULL, NULL), RUNNER_EINVAL);
    runner_t *runner = test_runner(); /* with the C library's functions */
    runner_free(runner);
}
END_TEST

/* --- closed ------------------------------------------------------------------------------ */

START_TEST(R099_closed_runner)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    runner_timer_t *timer = NULL;
    runner_future_t *future = NULL;
    runner_closable_t *closable = NULL;
    runner_submission_t *submission = NULL;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_code(runner_close(runner), 0);
    loop = NULL;
    const int codes[] = {
        runner_run(runner, no_body, NULL, NULL, NULL),
        runner_get_loop(runner, &loop),
        runner_stop(runner),
        runner_call_soon(runner, no_callback, NULL, drop_count),
        runner_call_later(runner, 1, no_callback, NULL, drop_count, &timer),
        runner_call_at_ns(runner, 1, no_callback, NULL, drop_count, &timer),
        runner_call_soon_threadsafe(runner, no_callback, NULL, drop_count),
        runner_wakeup(runner),
        runner_submitter_acquire(runner),
        runner_submitter_release(runner),
        runner_closable_register(runner, NULL, no_body, NULL, drop_count, &closable),
        runner_future_new(runner, &future),
        runner_run_in_executor(runner, no_body, NULL, NULL, &future),
        runner_spawn_threadsafe(runner, no_body, NULL, NULL, &submission),
        runner_set_exception_handler(runner, no_handler, NULL, drop_count),
        runner_interrupt(runner),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ck_assert_code(codes[i], RUNNER_ECLOSED);
    }
    ck_assert(loop == NULL && timer == NULL && future == NULL);
    ck_assert(closable == NULL && submission == NULL);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

static int keep_and_wait(void *arg, void **result)
{
    *(runner_task_t **)arg = runner_task_ref(runner_current_task());
    (void)result;
    return runner_sleep(1);
}

START_TEST(R024_handles_of_a_freed_runner)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    runner_timer_t *timer = NULL;
    runner_future_t *future = NULL;
    void *value = value_of(1);
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_call_later(runner, 100, no_callback, NULL, NULL, &timer), 0);
    ck_assert_code(runner_run(runner, keep_and_wait, &task, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_code(runner_task_cancel(task), RUNNER_EDONE);
    ck_assert_code(runner_task_status(task), 0);
    ck_assert_code(runner_future_result(future, &value), RUNNER_EPENDING);
    ck_assert_code(runner_future_on_done(future, no_done, NULL, drop_count), RUNNER_ECLOSED);
    ck_assert_code(runner_timer_cancel(timer), RUNNER_EDONE);
    ck_assert_int_eq(number_of(value), 1);
    runner_timer_unref(timer);
    runner_future_unref(future);
    runner_task_unref(task);
    ck_assert_nothing_happened();
}
END_TEST

/* --- outside ----------------------------------------------------------------------------- */

START_TEST(calls_for_tasks_outside_of_any_loop)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    runner_gen_t *gen = NULL;
    void *value = value_of(1);
    ck_assert_code(runner_run(runner, keep_and_wait, &task, NULL, NULL), 0);
    ck_assert_code(runner_spawn(no_body, NULL, NULL, NULL), RUNNER_ENOLOOP);
    ck_assert_code(runner_spawn_step(no_step, NULL, NULL, NULL), RUNNER_ENOLOOP);
    ck_assert_code(runner_gen_new(no_body, NULL, drop_count, 0, &gen), RUNNER_ENOLOOP);
    ck_assert_code(runner_gen_yield(NULL), RUNNER_ENOTASK);
    ck_assert_code(runner_await(task, &value), RUNNER_ENOTASK);
    ck_assert_code(runner_yield(), RUNNER_ENOTASK);
    ck_assert_code(runner_sleep(1), RUNNER_ENOTASK);
    ck_assert_code(runner_sleep_ns(1), RUNNER_ENOTASK);
    ck_assert_code(runner_to_thread(no_body, NULL, NULL, &value), RUNNER_ENOTASK);
    ck_assert_code(runner_stop(runner), RUNNER_ENOLOOP);
    ck_assert_code(runner_abort(-5), RUNNER_ENOLOOP);
    ck_assert_code(runner_interrupt(runner), RUNNER_ENOLOOP);
    ck_assert_ptr_null(runner_current());
    ck_assert_ptr_null(runner_current_task());
    ck_assert_ptr_null(gen);
    ck_assert_int_eq(number_of(value), 1);
    runner_task_unref(task);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

static int wait_in_callback(void *arg)
{
    runner_task_t *task = arg;
    void *value = value_of(1);
    ck_assert_code(runner_await(task, &value), RUNNER_ENOTASK);
    ck_assert_code(runner_future_await(runner_task_future(task), &value), RUNNER_ENOTASK);
    ck_assert_code(runner_yield(), RUNNER_ENOTASK);
    ck_assert_code(runner_sleep(1), RUNNER_ENOTASK);
    ck_assert_code(runner_to_thread(no_body, NULL, NULL, &value), RUNNER_ENOTASK);
    ck_assert_int_eq(number_of(value), 1);
    return 0;
}

static int call_waiter(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(
        runner_call_soon(runner_current(), wait_in_callback, runner_current_task(), NULL), 0);
    return runner_yield();
}

START_TEST(calls_that_wait_in_a_callback)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, call_waiter, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

static int wait_for_wrong_things(void *arg, void **result)
{
    runner_task_t *self = runner_current_task();
    runner_task_t *child = NULL;
    void *value = value_of(1);
    (void)result;
    ck_assert_code(runner_await(self, &value), RUNNER_ESELF);
    ck_assert_code(runner_future_await(runner_task_future(self), &value), RUNNER_ESELF);
    ck_assert_code(runner_await(arg, &value), RUNNER_EFOREIGN);
    ck_assert_code(runner_spawn(keep_and_wait, &self, NULL, &child), 0);
    ck_assert_code(runner_task_result(child, &value), RUNNER_EPENDING);
    ck_assert_code(runner_await(child, NULL), 0);
    ck_assert_int_eq(number_of(value), 1);
    runner_task_unref(child);
    runner_task_unref(self); /* the child stored itself there */
    return 0;
}

START_TEST(R041_R042_R155_wrong_tasks)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    runner_task_t *foreign = NULL;
    ck_assert_code(runner_run(other, keep_and_wait, &foreign, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, wait_for_wrong_things, foreign, NULL, NULL), 0);
    runner_task_unref(foreign);
    runner_free(runner);
    runner_free(other);
    ck_assert_nothing_happened();
}
END_TEST

/* --- stacks ------------------------------------------------------------------------------ */

static int spawn_huge(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    runner_gen_t *gen = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.stack_bytes = SIZE_MAX;
    ck_assert_code(runner_spawn(no_body, NULL, &opts, &task), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_threadsafe(runner_current(), no_body, NULL, &opts, NULL),
                   RUNNER_EINVAL);
    ck_assert_code(runner_gen_new(no_body, NULL, drop_count, SIZE_MAX, &gen), RUNNER_EINVAL);
    /* More than any address space of 48 bits, and still a possible size. */
    opts.stack_bytes = SIZE_MAX / 4;
    int code = runner_spawn(no_body, NULL, &opts, &task);
    ck_assert_msg(code == RUNNER_EINVAL || code == RUNNER_ENOMEM, "spawn: %s", code_name(code));
    ck_assert(task == NULL && gen == NULL);
    return runner_sleep(1);
}

START_TEST(a_stack_that_nobody_has)
{
    runner_t *runner = test_runner();
    runner_run_options_t opts;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.stack_bytes = SIZE_MAX;
    opts.drop = drop_count;
    ck_assert_code(runner_run(runner, no_body, NULL, &opts, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run(runner, spawn_huge, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

static int small_body(void *arg, void **result)
{
    *result = arg;
    return runner_yield();
}

static int spawn_sizes(void *arg, void **result)
{
    static const size_t sizes[] = {0, 16384, 65536, 65537, 1 << 20};
    (void)arg;
    (void)result;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        runner_spawn_options_t opts;
        runner_task_t *task = NULL;
        void *value = NULL;
        ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
        opts.stack_bytes = sizes[i];
        ck_assert_code(runner_spawn(small_body, value_of(7), &opts, &task), 0);
        ck_assert_code(runner_await(task, &value), 0);
        ck_assert_int_eq(number_of(value), 7);
        runner_task_unref(task);
    }
    return 0;
}

START_TEST(stacks_of_all_sizes)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_sizes, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

static int spawn_reserved(void *arg, void **result)
{
    runner_spawn_options_t opts;
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.reserved = 1;
    ck_assert_code(runner_spawn(no_body, NULL, &opts, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_spawn_step(no_step, NULL, &opts, NULL), RUNNER_EINVAL);
    return runner_sleep(1);
}

START_TEST(a_reserved_field_that_is_not_zero)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_reserved, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_nothing_happened();
}
END_TEST

/* --- codes of callbacks ------------------------------------------------------------------ */

static int positive(void *arg, void **result)
{
    (void)arg;
    *result = value_of(1);
    return 1;
}

static int positive_callback(void *arg)
{
    (void)arg;
    return 1;
}

static int positive_step(void *arg, int status, void **result)
{
    (void)status;
    return positive(arg, result);
}

static int await_positive(void *arg, void **result)
{
    runner_t *runner = arg;
    runner_task_t *task = NULL;
    runner_future_t *future = NULL;
    void *value = value_of(-1);
    (void)result;
    ck_assert_code(runner_spawn(positive, NULL, NULL, &task), 0);
    ck_assert_code(runner_await(task, &value), RUNNER_EBADRESULT);
    runner_task_unref(task);
    ck_assert_code(runner_spawn_step(positive_step, NULL, NULL, &task), 0);
    ck_assert_code(runner_await(task, &value), RUNNER_EBADRESULT);
    runner_task_unref(task);
    ck_assert_code(runner_to_thread(positive, NULL, NULL, &value), RUNNER_EBADRESULT);
    ck_assert_code(runner_run_in_executor(runner, positive, NULL, NULL, &future), 0);
    ck_assert_code(runner_future_await(future, &value), RUNNER_EBADRESULT);
    runner_future_unref(future);
    ck_assert_int_eq(number_of(value), -1);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_code(runner_call_soon(runner, positive_callback, NULL, NULL), 0);
    ck_assert_code(runner_call_soon_threadsafe(runner, positive_callback, NULL, NULL), 0);
    ck_assert_code(runner_call_later(runner, 0, positive_callback, NULL, NULL, NULL), 0);
    return runner_sleep(1);
}

START_TEST(a_callback_that_returns_a_positive_code)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_positive, runner, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_code(exception_at(i)->code, RUNNER_EBADRESULT);
    }
    runner_free(runner);
}
END_TEST

/* --- no threads -------------------------------------------------------------------------- */

static void *do_nothing(void *arg)
{
    return arg;
}

/* The kernel refuses new threads to this process, or allows them again. */
static void limit_threads(int none)
{
    struct rlimit limit;
    child_assert(getrlimit(RLIMIT_NPROC, &limit) == 0);
    limit.rlim_cur = none ? 0 : limit.rlim_max;
    child_assert(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

/* 0 if this user can not be refused. */
static int refuse_threads(void)
{
    pthread_t thread;
    /* The limit does not bind the superuser. */
    if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(64321) != 0 || setuid(64321) != 0)) {
        return 0;
    }
    /* For leak checkers, which look at the process from a thread of their own. */
    prctl(PR_SET_DUMPABLE, 1);
    limit_threads(1);
    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    return 0;
}

enum { THREADS_NOT_REFUSED = 77 };

static int drop_into_job(void *arg, void **result)
{
    runner_job_options_t opts;
    runner_future_t *future = NULL;
    void *value = value_of(1);
    (void)result;
    child_assert_code(runner_job_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    child_assert_code(runner_to_thread(no_body, NULL, &opts, &value), UV_EAGAIN);
    child_assert_code(runner_run_in_executor(arg, no_body, NULL, &opts, &future), UV_EAGAIN);
    child_assert(future == NULL && number_of(value) == 1);
    child_assert(drops() == 0);
    return runner_sleep(1);
}

static int run_without_threads(void *arg)
{
    runner_t *runner = NULL;
    (void)arg;
    log_clear();
    if (!refuse_threads()) {
        return THREADS_NOT_REFUSED;
    }
    child_assert_code(runner_new(&runner, NULL), 0);
    child_assert_code(runner_run(runner, drop_into_job, runner, NULL, NULL), 0);
    child_assert_code(runner_close(runner), 0);
    runner_free(runner);
    limit_threads(0);
    return strcmp(log_text(), "") == 0 && drops() == 0 ? 0 : 1;
}

START_TEST(no_thread_can_be_made)
{
    static child_t child;
    child_run(&child, run_without_threads, NULL, 10000);
    if (child_exited(&child, THREADS_NOT_REFUSED)) {
        fputs("no_thread_can_be_made: not tried, this user may make threads without limit\n",
              stderr);
        return;
    }
    ck_assert_child_exited(&child, 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("bad_input");
    TCase *tcase = test_case(suite, "null");
    tcase_add_test(tcase, R024_null_runner);
    tcase_add_test(tcase, R024_null_callback);
    tcase_add_test(tcase, R024_null_task_and_future);
    tcase_add_test(tcase, R024_null_inside_a_task);
    tcase_add_test(tcase, R024_null_context_and_variable);
    tcase_add_test(tcase, R024_null_outputs);
    tcase_add_test(tcase, R024_null_allocator);
    tcase = test_case(suite, "closed");
    tcase_add_test(tcase, R099_closed_runner);
    tcase_add_test(tcase, R024_handles_of_a_freed_runner);
    tcase = test_case(suite, "outside");
    tcase_add_test(tcase, calls_for_tasks_outside_of_any_loop);
    tcase_add_test(tcase, calls_that_wait_in_a_callback);
    tcase_add_test(tcase, R041_R042_R155_wrong_tasks);
    tcase = test_case(suite, "stacks");
    tcase_add_test(tcase, a_stack_that_nobody_has);
    tcase_add_test(tcase, stacks_of_all_sizes);
    tcase_add_test(tcase, a_reserved_field_that_is_not_zero);
    tcase = test_case(suite, "codes");
    tcase_add_test(tcase, a_callback_that_returns_a_positive_code);
    tcase = test_case(suite, "threads");
    tcase_add_test(tcase, no_thread_can_be_made);
    return test_main(suite);
}
