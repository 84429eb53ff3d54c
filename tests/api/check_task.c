/* Coroutines as tasks: spawn, await, outcomes, handles. */
#include "check_support.h"

#include <stdio.h>
#include <stdlib.h>

/* --- helpers ----------------------------------------------------------------------------- */

static runner_task_t *spawn(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    ck_assert_ptr_nonnull(task);
    return task;
}

static runner_task_t *spawn_counted(runner_fn fn, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn(fn, arg, &opts, &task), 0);
    return task;
}

static void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

static int give_arg(void *arg, void **result)
{
    *result = arg;
    return runner_yield();
}

static int fail_with_arg(void *arg, void **result)
{
    *result = value_of(1);
    int code = runner_yield();
    return code != 0 ? code : (int)number_of(arg);
}

/* --- order ------------------------------------------------------------------------------- */

static int log_two_steps(void *arg, void **result)
{
    (void)result;
    log_add("%s1", (const char *)arg);
    int code = runner_yield();
    log_add("%s2", (const char *)arg);
    return code;
}

static int spawn_three(void *arg, void **result)
{
    runner_task_t *tasks[3] = {spawn(log_two_steps, "a"), spawn(log_two_steps, "b"),
                               spawn(log_two_steps, "c")};
    (void)arg;
    log_add("main");
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        runner_task_unref(tasks[i]);
    }
    log_add("end");
    return 0;
}

START_TEST(R190_tasks_start_in_the_next_iteration_in_the_order_of_their_spawn)
{
    run(spawn_three);
    log_expect("main,a1,b1,c1,a2,b2,c2,end");
}
END_TEST

static int await_and_log(void *arg, void **result)
{
    void **both = arg;
    int code = runner_await(both[0], result);
    log_add("%s %d", (const char *)both[1], (int)number_of(*result));
    return code;
}

static int await_together(void *arg, void **result)
{
    runner_task_t *task = spawn(give_arg, value_of(5));
    void *args[3][2] = {{task, "a"}, {task, "b"}, {task, "c"}};
    runner_task_t *waiters[3];
    (void)arg;
    for (int i = 0; i < 3; i++) {
        waiters[i] = spawn(await_and_log, args[i]);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_await(waiters[i], result), 0);
        ck_assert_int_eq(number_of(*result), 5);
        runner_task_unref(waiters[i]);
    }
    runner_task_unref(task);
    return 0;
}

START_TEST(a_task_may_be_awaited_by_many)
{
    run(await_together);
    log_expect("a 5,b 5,c 5");
}
END_TEST

/* --- outcomes ---------------------------------------------------------------------------- */

static int take_outcomes(void *arg, void **result)
{
    void *value = value_of(-1);
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_counted(give_arg, value_of(5));
    ck_assert_code(runner_await(task, NULL), 0); /* leaves the result with the task */
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 0);
    ck_assert_code(runner_await(task, &value), 0);
    ck_assert_int_eq(number_of(value), 5);
    runner_task_unref(task);
    ck_assert_int_eq(result_drops(), 0); /* it was taken */

    task = spawn_counted(give_arg, value_of(6));
    ck_assert_code(runner_await(task, NULL), 0);
    ck_assert_code(runner_task_result(task, NULL), 0);
    runner_task_unref(task);
    ck_assert_int_eq(result_drops(), 1); /* nobody took it */

    task = spawn_counted(fail_with_arg, value_of(-5));
    ck_assert_code(runner_await(task, &value), -5);
    ck_assert_int_eq(number_of(value), 5);
    runner_task_unref(task);
    ck_assert_int_eq(drops(), 3);
    return 0;
}

START_TEST(a_result_is_taken_or_dropped)
{
    run(take_outcomes);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int leave_results(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_unref(spawn_counted(give_arg, value_of(5)));
    runner_task_unref(spawn_counted(give_arg, NULL)); /* a NULL result is none */
    return runner_sleep(1);
}

START_TEST(the_result_of_a_task_without_handles_is_dropped_at_its_end)
{
    run(leave_results);
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_ge(result_drops(), 1);
}
END_TEST

static int fail_unseen(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(fail_with_arg, value_of(-5), NULL, NULL), 0);
    ck_assert_code(runner_sleep(1), 0);
    log_add("detached");
    runner_task_t *task = spawn(fail_with_arg, value_of(-6));
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_code(runner_task_status(task), -6); /* a look takes nothing */
    ck_assert_ptr_eq(runner_task_ref(task), task);
    runner_task_unref(task);
    log_add("one handle left");
    runner_task_unref(task);
    log_add("none");
    return 0;
}

START_TEST(R093_a_failure_that_nobody_took_is_reported_with_the_last_handle)
{
    run(fail_unseen);
    log_expect("eh,detached,one handle left,eh,none");
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_uint_eq(exception_at(0)->task_id, 2);
    ck_assert_code(exception_at(1)->code, -6);
    ck_assert_uint_eq(exception_at(1)->task_id, 3);
}
END_TEST

static int fail_and_keep(void *arg, void **result)
{
    (void)result;
    *(runner_task_t **)arg = spawn(fail_with_arg, value_of(-5));
    return runner_sleep(1);
}

START_TEST(R093_at_the_latest_when_the_runner_closes)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    ck_assert_code(runner_run(runner, fail_and_keep, &task, NULL, NULL), 0);
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
    runner_free(runner);
    runner_task_unref(task);
    ck_assert_int_eq(exceptions(), 1);
}
END_TEST

/* --- names and numbers ------------------------------------------------------------------- */

static int check_names(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *named = NULL;
    char name[] = "worker";
    (void)arg;
    (void)result;
    runner_task_t *plain = spawn(give_arg, NULL);
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = name;
    ck_assert_code(runner_spawn(give_arg, NULL, &opts, &named), 0);
    memset(name, 'x', sizeof name - 1); /* it was copied */
    ck_assert_str_eq(runner_task_name(plain), "Task-2");
    ck_assert_str_eq(runner_task_name(named), "worker");
    ck_assert_uint_eq(runner_task_id(runner_current_task()), 1);
    ck_assert_uint_eq(runner_task_id(plain), 2);
    ck_assert_uint_eq(runner_task_id(named), 3);
    ck_assert_code(runner_await(named, NULL), 0);
    ck_assert_str_eq(runner_task_name(named), "worker");
    runner_task_unref(plain);
    runner_task_unref(named);
    runner_task_t *later = spawn(give_arg, NULL);
    ck_assert_uint_eq(runner_task_id(later), 4); /* never used twice */
    runner_task_unref(later);
    return 0;
}

START_TEST(tasks_have_names_and_numbers)
{
    run(check_names);
}
END_TEST

static int compare_current(void *arg, void **result)
{
    (void)result;
    for (int i = 0; i < 3; i++) {
        ck_assert_ptr_eq(runner_current_task(), *(runner_task_t **)arg);
        ck_assert_code(runner_yield(), 0);
    }
    return 0;
}

static int check_current(void *arg, void **result)
{
    runner_task_t *tasks[2];
    runner_task_t *self = runner_current_task();
    (void)arg;
    for (int i = 0; i < 2; i++) {
        tasks[i] = spawn(compare_current, &tasks[i]);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        ck_assert_ptr_eq(runner_current_task(), self);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(the_current_task_is_the_one_that_runs)
{
    run(check_current);
}
END_TEST

/* --- stacks ------------------------------------------------------------------------------ */

/* Sum up over a stack frame a level, waiting at the bottom. */
static int descend(int levels)
{
    volatile unsigned char frame[512];
    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] = (unsigned char)(levels + (int)i);
    }
    int below = levels == 0 ? runner_yield() : descend(levels - 1);
    for (size_t i = 0; i < sizeof frame; i++) {
        if (frame[i] != (unsigned char)(levels + (int)i)) {
            return -5;
        }
    }
    return below;
}

static int dive(void *arg, void **result)
{
    double factor = 1.5 + (double)number_of(arg);
    (void)result;
    int code = descend(30);
    return code != 0 ? code : factor == 1.5 + (double)number_of(arg) ? 0 : -6;
}

static int dive_together(void *arg, void **result)
{
    runner_task_t *tasks[20];
    (void)arg;
    for (int i = 0; i < 20; i++) {
        tasks[i] = spawn(dive, value_of(i));
    }
    for (int i = 0; i < 20; i++) {
        ck_assert_code(runner_await(tasks[i], result), 0);
        runner_task_unref(tasks[i]);
    }
    return 0;
}

START_TEST(every_task_keeps_its_stack_while_others_run)
{
    run(dive_together);
}
END_TEST

static int print_numbers(void *arg, void **result)
{
    char text[64];
    (void)result;
    int code = runner_yield();
    snprintf(text, sizeof text, "%s %.3f", (const char *)arg, 1.0 / 8);
    log_add("%s", text);
    return code;
}

START_TEST(library_functions_work_on_a_stack_of_default_size)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, print_numbers, "printed", NULL, NULL), 0);
    log_expect("printed 0.125");
    runner_free(runner);
}
END_TEST

static int count_up(void *arg, void **result)
{
    (void)result;
    ++*(int *)arg;
    int code = runner_yield();
    ++*(int *)arg;
    return code;
}

static int spawn_many(void *arg, void **result)
{
    enum { MANY = 5000 };
    runner_task_t **tasks = calloc(MANY, sizeof(runner_task_t *));
    (void)result;
    ck_assert_ptr_nonnull(tasks);
    for (int i = 0; i < MANY; i++) {
        tasks[i] = spawn(count_up, arg);
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_code(runner_await(tasks[i], NULL), 0);
        runner_task_unref(tasks[i]);
    }
    free(tasks);
    return *(int *)arg == 2 * MANY ? 0 : -5;
}

START_TEST(thousands_of_tasks_wait_at_once)
{
    runner_t *runner = test_runner();
    int count = 0;
    ck_assert_code(runner_run(runner, spawn_many, &count, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

/* --- arguments --------------------------------------------------------------------------- */

static int wait_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

static int leave_all_kinds(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_unref(spawn_counted(give_arg, NULL));
    runner_task_unref(spawn_counted(wait_for_ever, NULL));
    ck_assert_code(runner_yield(), 0);
    runner_task_unref(spawn_counted(give_arg, NULL));
    runner_task_t *cancelled = spawn_counted(give_arg, NULL);
    ck_assert_code(runner_task_cancel(cancelled), 0);
    runner_task_unref(cancelled);
    return 0;
}

START_TEST(R098_every_argument_is_dropped_once)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_all_kinds, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(drops(), 4);
    runner_free(runner);
    ck_assert_int_eq(drops(), 4);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("task");
    TCase *tcase = test_case(suite, "order");
    tcase_add_test(tcase, R190_tasks_start_in_the_next_iteration_in_the_order_of_their_spawn);
    tcase_add_test(tcase, a_task_may_be_awaited_by_many);
    tcase = test_case(suite, "outcomes");
    tcase_add_test(tcase, a_result_is_taken_or_dropped);
    tcase_add_test(tcase, the_result_of_a_task_without_handles_is_dropped_at_its_end);
    tcase_add_test(tcase, R093_a_failure_that_nobody_took_is_reported_with_the_last_handle);
    tcase_add_test(tcase, R093_at_the_latest_when_the_runner_closes);
    tcase = test_case(suite, "names and numbers");
    tcase_add_test(tcase, tasks_have_names_and_numbers);
    tcase_add_test(tcase, the_current_task_is_the_one_that_runs);
    tcase = test_case(suite, "stacks");
    tcase_add_test(tcase, every_task_keeps_its_stack_while_others_run);
    tcase_add_test(tcase, library_functions_work_on_a_stack_of_default_size);
    tcase_add_test(tcase, thousands_of_tasks_wait_at_once);
    tcase = test_case(suite, "arguments");
    tcase_add_test(tcase, R098_every_argument_is_dropped_once);
    return test_main(suite);
}
