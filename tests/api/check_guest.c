/* Guest mode: a runner comes to a loop of the program, runs there, and leaves it. */
#include "guests.h"

/* --- attaching --------------------------------------------------------------------------- */

static int no_loop(void *arg, struct uv_loop_s **loop)
{
    (void)loop;
    ++*(int *)arg;
    return UV_EMFILE;
}

START_TEST(R205_attach_refuses_null)
{
    runner_t *runner = test_runner();
    program_open();
    ck_assert_code(runner_attach(NULL, &program, NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_attach(runner, NULL, NULL, NULL), RUNNER_EINVAL);
    ck_assert_int_eq(handles_open(), 0);
    ck_assert_code(runner_run(runner, log_body, "its own loop", NULL, NULL), 0);
    log_expect("its own loop");
    runner_free(runner);
    program_close();
}
END_TEST

static void use_by_run(runner_t *runner)
{
    ck_assert_code(runner_run(runner, log_body, "used", NULL, NULL), 0);
}

static void use_by_get_loop(runner_t *runner)
{
    uv_loop_t *loop = NULL;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
}

static void use_by_call_soon(runner_t *runner)
{
    ck_assert_code(runner_call_soon(runner, log_callback, "used", NULL), 0);
}

static void use_by_attach(runner_t *runner)
{
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), 0);
}

static void (*const uses[])(runner_t *runner) = {use_by_run, use_by_get_loop, use_by_call_soon};
enum { USES = sizeof uses / sizeof uses[0] };

START_TEST(R205_attach_refuses_a_runner_that_was_used)
{
    uv_loop_t *before = NULL;
    uv_loop_t *after = NULL;
    runner_t *runner = test_runner();
    program_open();
    uses[_i](runner);
    ck_assert_code(runner_get_loop(runner, &before), 0);
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), RUNNER_EBUSY);
    ck_assert_int_eq(handles_open(), 0);
    ck_assert_code(runner_get_loop(runner, &after), 0);
    ck_assert_ptr_eq(before, after);
    ck_assert_code(runner_run(runner, log_body, "as before", NULL, NULL), 0);
    ck_assert_ptr_nonnull(strstr(log_text(), "as before"));
    runner_free(runner);
    program_close();
}
END_TEST

START_TEST(R205_attach_refuses_a_runner_that_is_a_guest)
{
    uv_loop_t other;
    runner_t *runner = test_runner();
    program_open();
    ck_assert_int_eq(uv_loop_init(&other), 0);
    use_by_attach(runner);
    int handles = handles_open();
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), RUNNER_EBUSY);
    ck_assert_code(runner_attach(runner, &other, NULL, NULL), RUNNER_EBUSY);
    ck_assert_int_eq(handles_open(), handles);
    ck_assert_int_eq(uv_loop_close(&other), 0);
    ck_assert_code(guest_run(runner, log_body, "guest"), 0);
    log_expect("guest,ended 0");
    guest_end(runner);
}
END_TEST

START_TEST(R205_attach_refuses_a_runner_that_has_closed)
{
    runner_t *runner = test_runner();
    program_open();
    use_by_run(runner);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), RUNNER_ECLOSED);
    runner_free(runner);

    runner = guest();
    ck_assert_code(guest_close(runner), 0);
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), RUNNER_ECLOSED);
    runner_free(runner);
    program_close();
}
END_TEST

START_TEST(R205_attach_refuses_a_runner_that_runs)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, log_body, "main", &ending);
    ck_assert_code(runner_attach(runner, &program, NULL, NULL), RUNNER_EBUSY);
    program_run();
    ck_assert_ended(&ending, 0);
    guest_end(runner);
}
END_TEST

static int guest_calls_in_child(void *arg)
{
    runner_t *runner = arg;
    runner_host_event_t event;
    size_t count;
    ending_t ending = {0};
    child_assert_code(runner_attach(runner, &program, NULL, NULL), RUNNER_EFORK);
    child_assert_code(runner_start(runner, log_body, "child", NULL, note_ending, &ending),
                      RUNNER_EFORK);
    child_assert_code(runner_start_close(runner, note_ending, &ending), RUNNER_EFORK);
    child_assert_code(runner_take(runner, NULL, 0, &event, 1, &count), RUNNER_EFORK);
    child_assert_code(runner_pause(runner), RUNNER_EFORK);
    child_assert_code(runner_resume(runner), RUNNER_EFORK);
    child_assert(ending.times == 0);
    runner_free(runner);
    return 0;
}

START_TEST(R201_R205_a_guest_of_the_parent_is_refused_in_a_child)
{
    child_t child;
    runner_t *fresh = test_runner();
    program_open();
    runner_t *runner = guest();
    child_run(&child, guest_calls_in_child, runner, 10000);
    ck_assert_child_exited(&child, 0);
    child_run(&child, guest_calls_in_child, fresh, 10000);
    ck_assert_child_exited(&child, 0);
    runner_free(fresh);
    guest_end(runner);
}
END_TEST

START_TEST(R205_attach_costs_no_thread_and_keeps_nothing_alive)
{
    program_open();
    int threads = thread_count();
    int fds = fd_count();
    runner_t *runner = guest();
    ck_assert_int_eq(thread_count(), threads);
    ck_assert_int_eq(fd_count(), fds);
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    program_run();
    guest_end(runner);
}
END_TEST

START_TEST(R205_the_loop_of_a_guest_is_the_one_that_it_was_given)
{
    int made = 0;
    uv_loop_t *loop = NULL;
    runner_options_t opts = guest_options();
    opts.loop_factory = no_loop;
    opts.loop_arg = &made;
    program_open();
    runner_t *runner = guest_with(&opts);
    ck_assert_code(guest_run(runner, log_body, "main"), 0);
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_ptr_eq(loop, &program);
    guest_end(runner);
    ck_assert_int_eq(made, 0);
}
END_TEST

START_TEST(R205_what_was_posted_before_the_attach_waits_for_the_first_run)
{
    runner_t *runner = test_runner();
    program_open();
    ck_assert_code(runner_call_soon_threadsafe(runner, log_callback, "post", drop_count), 0);
    use_by_attach(runner);
    program_turn_a_while();
    log_expect("");
    ck_assert_code(guest_run(runner, log_body, "main"), 0);
    log_expect("main,post,ended 0");
    ck_assert_int_eq(drops(), 1);
    guest_end(runner);
}
END_TEST

/* --- starting ---------------------------------------------------------------------------- */

START_TEST(R205_start_returns_before_main_begins)
{
    ending_t ending;
    program_open();
    runner_t *runner = guest();
    guest_start(runner, log_body, "main", &ending);
    log_add("started");
    ck_assert_int_eq(uv_loop_alive(&program), 1);
    program_run();
    log_expect("started,main,ended 0");
    ck_assert_ended(&ending, 0);
    guest_end(runner);
}
END_TEST

/* A main of this outcome: what `ended` is given. */
static int return_arg(void *arg, void **result)
{
    *result = value_of(7);
    return (int)number_of(arg);
}

static void log_drop(void *arg)
{
    (void)arg;
    log_add("drop");
}

START_TEST(R025_R026_R205_ended_is_given_code_and_result)
{
    static const int codes[][2] = {
        {0, 0}, {-5, -5}, {5, RUNNER_EBADRESULT}, {RUNNER_ECANCELED, RUNNER_ECANCELED}};
    int code = codes[_i][0];
    runner_run_options_t opts;
    ending_t ending = {0};
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = log_drop;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_start(runner, return_arg, value_of(code), &opts, note_ending, &ending),
                   0);
    program_run();
    ck_assert_ended(&ending, codes[_i][1]);
    ck_assert_ptr_eq(ending.result, code == 0 ? value_of(7) : NULL);
    ck_assert_int_eq(result_drops(), 0); /* of a failure there is no result */
    ck_assert_int_eq(strncmp(log_text(), "drop,ended", 10), 0);
    guest_end(runner);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

START_TEST(R023_R205_nobody_has_to_be_told)
{
    runner_run_options_t opts;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_start(runner, return_arg, NULL, &opts, NULL, NULL), 0);
    program_run();
    ck_assert_int_eq(runner_is_running(runner), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1);
    ck_assert_code(runner_start_close(runner, NULL, NULL), 0);
    program_run();
    ck_assert_int_eq(runner_is_closed(runner), 1);
    runner_free(runner);
    program_close();
}
END_TEST

START_TEST(R018_R205_a_start_that_is_refused_has_no_effect)
{
    runner_run_options_t opts;
    ending_t ending = {0};
    runner_t *own = test_runner();
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_start(NULL, log_body, "x", &opts, note_ending, &ending), RUNNER_EINVAL);
    ck_assert_code(runner_start(runner, NULL, "x", &opts, note_ending, &ending), RUNNER_EINVAL);
    ck_assert_code(runner_start(own, log_body, "x", &opts, note_ending, &ending), RUNNER_ENOTSUP);
    opts.stack_bytes = SIZE_MAX;
    ck_assert_code(runner_start(runner, log_body, "x", &opts, note_ending, &ending), RUNNER_EINVAL);
    program_run();
    ck_assert_int_eq(ending.times, 0);
    ck_assert_int_eq(drops(), 0);
    log_expect("");
    ck_assert_code(runner_run(own, log_body, "own", NULL, NULL), 0);
    ck_assert_code(guest_run(runner, log_body, "guest"), 0);
    log_expect("own,guest,ended 0");
    guest_end(runner);
    runner_free(own);
}
END_TEST

START_TEST(R002_R028_R205_one_run_after_another)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, return_arg, value_of(-5)), -5);
    ck_assert_code(guest_run(runner, log_body, "again"), 0);
    ck_assert_code(guest_run(runner, log_body, "and again"), 0);
    log_expect("ended UV_EIO,again,ended 0,and again,ended 0");
    guest_end(runner);
}
END_TEST

/* `ended` starts the next run, and at last the close; whose `ended` frees the runner. */
static void free_it(runner_t *self, int code, void *result, void *arg)
{
    note_ending(self, code, result, arg);
    runner_free(self);
}

static void go_on(runner_t *self, int code, void *result, void *arg)
{
    ending_t *ending = arg;
    note_ending(self, code, result, arg);
    if (ending->times < 3) {
        ck_assert_code(runner_start(self, log_body, "next", NULL, go_on, ending), 0);
    } else {
        ck_assert_code(runner_start_close(self, free_it, ending), 0);
    }
    log_add("-");
}

START_TEST(R205_ended_may_start_close_and_free)
{
    ending_t ending = {0};
    program_open();
    runner_t *runner = guest();
    ck_assert_code(runner_start(runner, log_body, "first", NULL, go_on, &ending), 0);
    program_run();
    log_expect("first,ended 0,-,next,ended 0,-,next,ended 0,-,ended 0");
    ck_assert_int_eq(ending.times, 4);
    program_close();
}
END_TEST

/* --- between two runs -------------------------------------------------------------------- */

static int leave_tasks(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(yield_for_ever, arg, NULL, NULL), 0);
    ck_assert_code(runner_spawn(sleep_long, NULL, NULL, NULL), 0);
    return runner_yield();
}

static int yield_thrice(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_yield(), 0);
    }
    return runner_sleep(2);
}

START_TEST(R034_R205_between_two_runs_nothing_runs)
{
    int steps = 0;
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, leave_tasks, &steps), 0);
    int before = steps;
    ck_assert_int_gt(before, 0);
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    ck_assert_code(runner_call_soon(runner, log_callback, "soon", NULL), 0);
    ck_assert_code(runner_call_later(runner, 1, log_callback, "timer", NULL, NULL), 0);
    ck_assert_code(runner_call_soon_threadsafe(runner, log_callback, "post", NULL), 0);
    ck_assert_int_eq(uv_loop_alive(&program), 0);
    program_turn_a_while();
    ck_assert_int_eq(steps, before);
    log_expect("ended 0");

    ck_assert_code(guest_run(runner, yield_thrice, NULL), 0);
    ck_assert_int_ge(steps, before + 3);
    ck_assert_ptr_nonnull(strstr(log_text(), "soon"));
    ck_assert_ptr_nonnull(strstr(log_text(), "post"));
    ck_assert_ptr_nonnull(strstr(log_text(), "timer"));
    guest_end(runner);
}
END_TEST

static int schedule_and_return(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner_current(), log_callback, "soon", NULL), 0);
    ck_assert_code(runner_spawn(log_body, "child", NULL, NULL), 0);
    log_add("main");
    return 0;
}

START_TEST(R035_R036_R205_the_iteration_of_the_end_completes)
{
    program_open();
    runner_t *runner = guest();
    ck_assert_code(guest_run(runner, schedule_and_return, NULL), 0);
    log_expect("main,soon,child,ended 0");
    guest_end(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guest");
    TCase *attach = test_case(suite, "attach");
    tcase_add_test(attach, R205_attach_refuses_null);
    tcase_add_loop_test(attach, R205_attach_refuses_a_runner_that_was_used, 0, USES);
    tcase_add_test(attach, R205_attach_refuses_a_runner_that_is_a_guest);
    tcase_add_test(attach, R205_attach_refuses_a_runner_that_has_closed);
    tcase_add_test(attach, R205_attach_refuses_a_runner_that_runs);
    tcase_add_test(attach, R201_R205_a_guest_of_the_parent_is_refused_in_a_child);
    tcase_add_test(attach, R205_attach_costs_no_thread_and_keeps_nothing_alive);
    tcase_add_test(attach, R205_the_loop_of_a_guest_is_the_one_that_it_was_given);
    tcase_add_test(attach, R205_what_was_posted_before_the_attach_waits_for_the_first_run);

    TCase *start = test_case(suite, "start");
    tcase_add_test(start, R205_start_returns_before_main_begins);
    tcase_add_loop_test(start, R025_R026_R205_ended_is_given_code_and_result, 0, 4);
    tcase_add_test(start, R023_R205_nobody_has_to_be_told);
    tcase_add_test(start, R018_R205_a_start_that_is_refused_has_no_effect);
    tcase_add_test(start, R002_R028_R205_one_run_after_another);
    tcase_add_test(start, R205_ended_may_start_close_and_free);

    TCase *between = test_case(suite, "between");
    tcase_add_test(between, R034_R205_between_two_runs_nothing_runs);
    tcase_add_test(between, R035_R036_R205_the_iteration_of_the_end_completes);
    return test_main(suite);
}
