/*
 * Guest mode: when a loop counts as running. Inside the turns of a guest nothing else may run in
 * that thread; between its turns the program does what it likes.
 */
#include "guests.h"

/* --- inside a turn ----------------------------------------------------------------------- */

/* Runners that a turn tries to start, and must not. */
typedef struct others {
    runner_t *self;      /* the guest whose turn it is */
    runner_t *neighbour; /* another guest of the same loop */
    runner_t *own;       /* has a loop of its own, and has run already */
    int tried;
} others_t;

static int never(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_abort_msg("this must not run");
    return 0;
}

static void never_told(runner_t *self, int code, void *result, void *arg)
{
    (void)self;
    (void)code;
    (void)result;
    (void)arg;
    ck_abort_msg("nobody is to be told");
}

static int try_all(void *arg)
{
    others_t *others = arg;
    runner_t *all[] = {others->self, others->neighbour, others->own};
    uint64_t main_id = 7;
    ck_assert_ptr_eq(runner_current(), others->self);
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_run(all[i], never, NULL, NULL, NULL), RUNNER_ELOOP);
        ck_assert_code(runner_close(all[i]), RUNNER_ELOOP);
        ck_assert_code(runner_begin(all[i], 0, &main_id), RUNNER_ELOOP);
        ck_assert_code(runner_begin_close(all[i]), RUNNER_ELOOP);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_start(all[i], never, NULL, NULL, never_told, NULL), RUNNER_ELOOP);
        ck_assert_code(runner_start_close(all[i], never_told, NULL), RUNNER_ELOOP);
    }
    ck_assert_code(runner_main(never, NULL, NULL, NULL), RUNNER_ELOOP);
    ck_assert_int_eq((int)main_id, 7);
    ck_assert_ptr_eq(runner_current(), others->self);
    others->tried++;
    return 0;
}

static int try_in_task(void *arg, void **result)
{
    (void)result;
    return try_all(arg);
}

static int try_in_step(void *arg, int status, void **result)
{
    (void)status;
    (void)result;
    return try_all(arg);
}

static int try_when_done(runner_future_t *future, void *arg)
{
    (void)future;
    return try_all(arg);
}

static int try_in_handler(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)self;
    (void)exception;
    return try_all(arg);
}

static int fail_here(void *arg)
{
    (void)arg;
    return -5;
}

/* In every kind of code that a turn runs. */
static int try_everywhere(void *arg, void **result)
{
    others_t *others = arg;
    runner_t *self = runner_current();
    runner_future_t *future = guest_future(self);
    runner_task_t *task = NULL;
    (void)result;
    ck_assert_code(try_all(others), 0);
    ck_assert_code(runner_call_soon(self, try_all, others, NULL), 0);
    ck_assert_code(runner_call_later(self, 1, try_all, others, NULL, NULL), 0);
    ck_assert_code(runner_call_soon_threadsafe(self, try_all, others, NULL), 0);
    ck_assert_code(runner_spawn_step(try_in_step, others, NULL, NULL), 0);
    ck_assert_code(runner_future_on_done(future, try_when_done, others, NULL), 0);
    ck_assert_code(runner_future_resolve(future, NULL), 0);
    runner_future_unref(future);
    ck_assert_code(runner_set_exception_handler(self, try_in_handler, others, NULL), 0);
    ck_assert_code(runner_call_soon(self, fail_here, NULL, NULL), 0);
    ck_assert_code(runner_spawn(try_in_task, others, NULL, &task), 0);
    ck_assert_code(runner_await(task, NULL), 0);
    runner_task_unref(task);
    return runner_sleep(3);
}

START_TEST(R021_R030_R031_R206_nothing_else_runs_inside_a_turn)
{
    others_t others = {0};
    program_open();
    others.self = guest();
    others.neighbour = guest();
    others.own = test_runner();
    ck_assert_code(runner_run(others.own, log_body, "own", NULL, NULL), 0);
    ck_assert_code(guest_run(others.self, try_everywhere, &others), 0);
    ck_assert_int_eq(others.tried, 8);
    log_expect("own,ended 0");

    ck_assert_code(guest_run(others.neighbour, log_body, "neighbour"), 0);
    ck_assert_code(runner_run(others.own, log_body, "own", NULL, NULL), 0);
    log_expect("neighbour,ended 0,own");
    ck_assert_code(guest_close(others.neighbour), 0);
    runner_free(others.neighbour);
    runner_free(others.own);
    guest_end(others.self);
}
END_TEST

static int try_in_cleanup(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_sleep(3600 * 1000), RUNNER_ECANCELED);
    ck_assert_code(try_all(arg), 0);
    return RUNNER_ECANCELED;
}

static int leave_cleanup(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(try_in_cleanup, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R031_R206_nor_inside_a_turn_of_a_close)
{
    others_t others = {0};
    program_open();
    others.self = guest();
    others.neighbour = guest();
    others.own = test_runner();
    ck_assert_code(runner_run(others.own, log_body, "own", NULL, NULL), 0);
    ck_assert_code(guest_run(others.self, leave_cleanup, &others), 0);
    ck_assert_code(guest_close(others.self), 0);
    ck_assert_int_eq(others.tried, 1);
    runner_free(others.self);
    runner_free(others.own);
    guest_end(others.neighbour);
}
END_TEST

/* A child, as what it says stands on stderr. */
static int free_in_task(void *arg, void **result)
{
    (void)result;
    runner_free(*(runner_t **)arg);
    return runner_yield();
}

static int free_inside_a_turn(void *arg)
{
    ending_t ending = {0};
    runner_t *runner = child_guest(RUNNER_SIGNALS_AUTO);
    (void)arg;
    child_assert_code(runner_start(runner, free_in_task, &runner, NULL, child_note_ending, &ending),
                      0);
    uv_run(&program, UV_RUN_DEFAULT);
    child_assert(ending.times == 1);
    child_assert_code(ending.code, 0);
    child_assert(!runner_is_closed(runner));
    child_end(runner);
    return 0;
}

START_TEST(R021_R206_a_guest_is_not_freed_inside_its_turn)
{
    child_t child;
    child_run(&child, free_inside_a_turn, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_ptr_nonnull(strstr(child.err, "runner_free()"));
}
END_TEST

static int job_of_its_own(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_ptr_null(runner_current());
    return runner_main(log_body, "inner", NULL, NULL);
}

static int run_in_thread(void *arg, void **result)
{
    (void)arg;
    return runner_to_thread(job_of_its_own, NULL, NULL, result);
}

START_TEST(R032_R206_a_job_may_run_a_runner)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, run_in_thread, NULL), 0);
    log_expect("inner,ended 0");
    guest_end(runner);
}
END_TEST

/* --- between two turns ------------------------------------------------------------------- */

static runner_future_t *tried; /* main waits for it: the program has done what it was to do */

static void run_another(tick_t *tick)
{
    runner_t **runners = tick->arg;
    tick_end(tick);
    ck_assert_int_eq(runner_is_running(runners[0]), 1);
    ck_assert_code(runner_run(runners[1], log_body, "own", NULL, NULL), 0);
    ck_assert_code(runner_main(log_body, "main", NULL, NULL), 0);
    ck_assert_ptr_null(runner_current());
    ck_assert_int_eq(runner_is_running(runners[0]), 1);
    ck_assert_code(runner_future_resolve(tried, NULL), 0);
}

static int wait_for_program(void *arg, void **result)
{
    (void)arg;
    int code = runner_future_await(tried, result);
    log_add("guest");
    return code;
}

static int sleep_some(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(5);
}

START_TEST(R206_between_two_turns_another_runner_may_run)
{
    runner_t *runners[2];
    ending_t ending;
    tick_t tick;
    program_open();
    runners[0] = guest();
    runners[1] = test_runner();
    tried = guest_future(runners[0]);
    ck_assert_int_eq(runner_is_running(runners[0]), 0);
    guest_start(runners[0], wait_for_program, NULL, &ending);
    ck_assert_int_eq(runner_is_running(runners[0]), 1);
    tick_start(&tick, 1, run_another, runners);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_int_eq(runner_is_running(runners[0]), 0);
    log_expect("own,main,guest,ended 0");
    runner_future_unref(tried);
    runner_free(runners[1]);
    guest_end(runners[0]);
}
END_TEST

static void try_busy(tick_t *tick)
{
    runner_t *runner = tick->arg;
    tick_end(tick);
    ck_assert_code(runner_start(runner, never, NULL, NULL, never_told, NULL), RUNNER_EBUSY);
    ck_assert_code(runner_start_close(runner, never_told, NULL), RUNNER_EBUSY);
    log_add("tried");
    ck_assert_code(runner_future_resolve(tried, NULL), 0);
}

/* The first time while a run is under way, the second while a close is. */
START_TEST(R046_R206_a_guest_does_one_thing_at_a_time)
{
    ending_t ending;
    tick_t tick;
    program_open();
    runner_t *runner = guest();
    tried = guest_future(runner);
    guest_start(runner, wait_for_program, NULL, &ending);
    tick_start(&tick, 1, try_busy, runner);
    program_run();
    ck_assert_ended(&ending, 0);
    log_expect("tried,guest,ended 0");
    runner_future_unref(tried);

    ending = (ending_t){0};
    ck_assert_code(runner_start_close(runner, note_ending, &ending), 0);
    ck_assert_code(runner_start(runner, never, NULL, NULL, never_told, NULL), RUNNER_EBUSY);
    ck_assert_code(runner_start_close(runner, never_told, NULL), RUNNER_EBUSY);
    program_run();
    ck_assert_ended(&ending, 0);
    ck_assert_code(runner_start(runner, never, NULL, NULL, never_told, NULL), RUNNER_ECLOSED);
    ck_assert_code(runner_start_close(runner, never_told, NULL), RUNNER_ECLOSED);
    runner_free(runner);
    program_close();
}
END_TEST

START_TEST(R205_a_guest_is_not_driven_in_another_way)
{
    uint64_t main_id = 7;
    runner_host_event_t event;
    size_t count = 7;
    int64_t wait_ns = 7;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_run(runner, never, NULL, NULL, NULL), RUNNER_ENOTSUP);
    ck_assert_code(runner_close(runner), RUNNER_ENOTSUP);
    ck_assert_code(runner_begin(runner, 0, &main_id), RUNNER_ENOTSUP);
    ck_assert_code(runner_begin_close(runner), RUNNER_ENOTSUP);
    ck_assert_code(runner_take(runner, NULL, 0, &event, 1, &count), RUNNER_ENOTSUP);
    ck_assert_code(runner_step(runner, NULL, 0, &event, 1, &count, &wait_ns), RUNNER_ENOTSUP);
    ck_assert_code(runner_backend_wait(runner, 0), RUNNER_ENOTSUP);
    ck_assert_int_eq((int)main_id, 7);
    ck_assert_int_eq((int)count, 7);
    ck_assert_int_eq((int)wait_ns, 7);
    ck_assert_code(guest_run(runner, log_body, "main"), 0);
    log_expect("main,ended 0");
    guest_end(runner);
}
END_TEST

START_TEST(R205_a_runner_that_is_no_guest_is_refused)
{
    runner_host_event_t event;
    size_t count = 7;
    runner_t *runner = test_runner();
    ck_assert_code(runner_start_close(runner, never_told, NULL), RUNNER_ENOTSUP);
    ck_assert_code(runner_pause(runner), RUNNER_ENOTSUP);
    ck_assert_code(runner_resume(runner), RUNNER_ENOTSUP);
    ck_assert_code(runner_take(runner, NULL, 0, &event, 1, &count), RUNNER_ENOTSUP);
    ck_assert_code(runner_start_close(NULL, never_told, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_pause(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_resume(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_take(NULL, NULL, 0, &event, 1, &count), RUNNER_EINVAL);
    ck_assert_int_eq((int)count, 7);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* --- a guest of another runner ----------------------------------------------------------- */

static int host_a_guest(void *arg, void **result)
{
    runner_t *visitor = arg;
    runner_t *self = runner_current();
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_sleep(2), 0);
        ck_assert_ptr_eq(runner_current(), self);
    }
    ck_assert_int_eq(runner_is_running(visitor), 0);
    return 0;
}

static int visit(void *arg, void **result)
{
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_eq(runner_current(), *(runner_t **)arg);
        ck_assert_code(runner_yield(), 0);
        ck_assert_code(runner_sleep(1), 0);
    }
    log_add("visited");
    return 0;
}

/* The loop of a runner in own mode is a libuv loop as any other. */
START_TEST(R050_R206_a_guest_on_the_loop_of_another_runner)
{
    uv_loop_t *loop = NULL;
    runner_options_t opts = guest_options();
    runner_t *owner = test_runner_with(&opts);
    runner_t *visitor = test_runner_with(&opts);
    ck_assert_code(runner_get_loop(owner, &loop), 0);
    ck_assert_code(runner_attach(visitor, loop, NULL, NULL), 0);
    ck_assert_code(runner_start(visitor, visit, &visitor, NULL, NULL, NULL), 0);
    while (runner_is_running(visitor)) {
        ck_assert_code(runner_run(owner, sleep_some, NULL, NULL, NULL), 0);
    }
    ck_assert_ptr_nonnull(strstr(log_text(), "visited"));
    ck_assert_code(runner_run(owner, host_a_guest, visitor, NULL, NULL), 0);
    ck_assert_code(runner_start_close(visitor, NULL, NULL), 0);
    while (!runner_is_closed(visitor)) {
        ck_assert_code(runner_run(owner, sleep_some, NULL, NULL, NULL), 0);
    }
    runner_free(visitor);
    ck_assert_code(runner_close(owner), 0);
    runner_free(owner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest running");
    TCase *inside = test_case(suite, "inside");
    tcase_add_test(inside, R021_R030_R031_R206_nothing_else_runs_inside_a_turn);
    tcase_add_test(inside, R031_R206_nor_inside_a_turn_of_a_close);
    tcase_add_test(inside, R021_R206_a_guest_is_not_freed_inside_its_turn);
    tcase_add_test(inside, R032_R206_a_job_may_run_a_runner);

    TCase *between = test_case(suite, "between");
    tcase_add_test(between, R206_between_two_turns_another_runner_may_run);
    tcase_add_test(between, R046_R206_a_guest_does_one_thing_at_a_time);
    tcase_add_test(between, R205_a_guest_is_not_driven_in_another_way);
    tcase_add_test(between, R205_a_runner_that_is_no_guest_is_refused);
    tcase_add_test(between, R050_R206_a_guest_on_the_loop_of_another_runner);
    return test_main(suite);
}
