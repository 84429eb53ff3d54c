/* Task groups within each other, and what runs, tasks and aborts make of their errors. */
#include "groups.h"

#include <stdlib.h>

/* --- groups in groups -------------------------------------------------------------------- */

static int fail_inside(void *arg, void **result)
{
    work_t works[] = {{"outer", 100, 0, 0}, {"inner", 10, -5, 0}};
    (void)arg;
    (void)result;
    runner_group_t *outer = open_group();
    start(outer, do_work, &works[0]);
    runner_group_t *inner = open_group();
    start(inner, do_work, &works[1]);
    int code = runner_group_close(inner, 0);
    ck_assert_code(code, RUNNER_EGROUP);
    ck_assert_errors(runner_group_errors(inner), "-5");
    runner_group_unref(inner);
    ck_assert_fails(outer, code, "[-5]*");
    ck_assert_uint_eq(now(), 10);
    return runner_yield();
}

START_TEST(R162_the_errors_of_an_inner_group_are_one_error_of_the_outer)
{
    run(fail_inside);
    log_expect("inner 0,outer RUNNER_ECANCELED");
}
END_TEST

static int fail_outside(void *arg, void **result)
{
    work_t works[] = {{"outer", 10, -5, 0}, {"inner", 100, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *outer = open_group();
    start(outer, do_work, &works[0]);
    runner_group_t *inner = open_group();
    start(inner, do_work, &works[1]);
    int code = runner_group_close(inner, 0);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_ptr_null(runner_group_errors(inner));
    runner_group_unref(inner);
    ck_assert_fails(outer, code, "-5");
    return runner_yield();
}

START_TEST(R162_a_failure_in_the_outer_group_cancels_the_inner_one)
{
    run(fail_outside);
    log_expect("outer 0,inner RUNNER_ECANCELED");
}
END_TEST

/* A child with a group of its own, in which a child of that child may have one, too. */
static int fail_with_group(void *arg, void **result)
{
    (void)result;
    runner_group_t *group = open_group();
    if (number_of(arg) > 0) {
        start(group, fail_with_group, value_of(number_of(arg) - 1));
    }
    start(group, fail_at_once, value_of(-5));
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

static int fail_in_trees(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *deep = spawn(group, fail_with_group, value_of(1));
    runner_task_t *flat = spawn(group, fail_with_group, value_of(0));
    runner_group_t *other = open_group();
    ck_assert_code(runner_group_close(other, -9), RUNNER_EGROUP);
    ck_assert_code(runner_sleep(10), RUNNER_ECANCELED);
    ck_assert_code(runner_group_close(group, RUNNER_EGROUP), RUNNER_EGROUP);
    runner_group_unref(other);
    runner_error_group_t *errors = runner_group_errors(group);
    ck_assert_uint_eq(runner_error_group_count(errors), 3);
    ck_assert_errors(runner_future_errors(runner_task_future(flat)), "-5");
    ck_assert_errors(error_at(errors, 2).nested, "-9*");
    ck_assert_ptr_null(error_at(errors, 2).task);
    for (size_t i = 0; i < 2; i++) {
        runner_group_error_t error = error_at(errors, i);
        char nested[64] = "";
        ck_assert(error.task == deep || error.task == flat);
        append_errors(nested, sizeof nested, error.nested);
        ck_assert_errors(runner_future_errors(runner_task_future(error.task)), nested);
    }
    runner_group_unref(group);
    runner_task_unref(deep);
    runner_task_unref(flat);
    return 0;
}

START_TEST(R162_a_child_that_had_a_group_hands_its_errors_on)
{
    run(fail_in_trees);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int rethrow(void *arg, void **result)
{
    (void)result;
    return await_and_unref(spawn_task(fail_with_group, arg));
}

START_TEST(R026_R162_a_run_and_an_await_hand_the_errors_on)
{
    runner_t *runner = test_runner();
    ck_assert_ptr_null(runner_run_errors(runner));
    ck_assert_code(runner_run(runner, fail_with_group, value_of(0), NULL, NULL), RUNNER_EGROUP);
    ck_assert_errors(runner_run_errors(runner), "-5");
    ck_assert_code(runner_run(runner, rethrow, value_of(0), NULL, NULL), RUNNER_EGROUP);
    ck_assert_errors(runner_run_errors(runner), "-5");
    ck_assert_code(runner_run(runner, fail_at_once, value_of(-5), NULL, NULL), -5);
    ck_assert_ptr_null(runner_run_errors(runner));
    ck_assert_code(runner_run(runner, fail_at_once, value_of(RUNNER_EGROUP), NULL, NULL),
                   RUNNER_EGROUP);
    ck_assert_ptr_null(runner_run_errors(runner));
    ck_assert_code(runner_run(runner, fail_with_group, value_of(0), NULL, NULL), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_error_group_ref(runner_run_errors(runner));
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    ck_assert_errors(errors, "-5");
    runner_error_group_unref(errors);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int fail_in_two_groups(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *first = open_group();
    start(first, fail_at_once, value_of(-5));
    ck_assert_fails(first, 0, "-5");
    runner_group_t *second = open_group();
    start(second, fail_at_once, value_of(-6));
    int code = runner_group_close(second, 0);
    runner_group_unref(second);
    return code;
}

START_TEST(R162_the_group_that_ended_last_is_what_a_task_failed_of)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, fail_in_two_groups, NULL, NULL, NULL), RUNNER_EGROUP);
    ck_assert_errors(runner_run_errors(runner), "-6");
    runner_free(runner);
}
END_TEST

/* Looks at the errors of one group, hears of another one's, and fails of the first ones. */
static int raise_the_first(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *first = open_group();
    ck_assert_code(runner_group_close(first, -5), RUNNER_EGROUP);
    runner_group_t *second = open_group();
    ck_assert_fails(second, -6, "-6*");
    int code = runner_error_group_raise(runner_group_errors(first));
    runner_group_unref(first);
    return code;
}

START_TEST(R162_errors_can_be_raised_again)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, raise_the_first, NULL, NULL, NULL), RUNNER_EGROUP);
    ck_assert_errors(runner_run_errors(runner), "-5*");
    runner_free(runner);
}
END_TEST

/* A sibling of the one that failed: what it passes on would hold itself. */
static int raise_own_group(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    ck_assert_code(runner_error_group_raise(runner_group_errors(arg)), RUNNER_EPENDING);
    return -7;
}

static int own_who_raises(void *arg, void **result)
{
    work_t work = {"", 10, -6, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_code(runner_group_spawn(group, raise_own_group, group, NULL, NULL), 0);
    start(group, do_work, &work);
    ck_assert_fails(group, 0, "-6,-7");
    return 0;
}

START_TEST(R162_errors_of_a_group_that_goes_on_cannot_be_raised)
{
    run(own_who_raises);
}
END_TEST

static int raise_in_callback(void *arg)
{
    ck_assert_code(runner_error_group_raise(arg), RUNNER_ENOTASK);
    log_add("callback");
    return 0;
}

/* Errors of another loop are nothing that this task can fail of. */
static int raise_badly(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_error_group_raise(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_error_group_raise(arg), RUNNER_EFOREIGN);
    ck_assert_code(runner_call_soon(runner_current(), raise_in_callback, arg, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    return RUNNER_EGROUP;
}

START_TEST(R162_errors_are_raised_by_tasks_of_their_loop)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, fail_with_group, value_of(0), NULL, NULL), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_run_errors(runner);
    ck_assert_code(runner_error_group_raise(errors), RUNNER_ENOTASK);
    runner_t *other = test_runner();
    ck_assert_code(runner_run(other, raise_badly, errors, NULL, NULL), RUNNER_EGROUP);
    ck_assert_ptr_null(runner_run_errors(other));
    runner_free(other);
    ck_assert_errors(errors, "-5");
    runner_free(runner);
    log_expect("callback");
}
END_TEST

static int fail_and_wait(void *arg, void **result)
{
    runner_task_t *task = spawn_task(fail_with_group, value_of(0));
    runner_future_t *future = runner_task_future(task);
    (void)arg;
    ck_assert_ptr_null(runner_future_errors(future)); /* pending */
    ck_assert_code(runner_future_await(future, result), RUNNER_EGROUP);
    ck_assert_errors(runner_future_errors(future), "-5");
    ck_assert_code(runner_task_result(task, result), RUNNER_EGROUP);
    ck_assert_errors(runner_future_errors(future), "-5"); /* taking the outcome leaves them */
    runner_task_unref(task);

    ck_assert_code(runner_future_new(runner_current(), &future), 0);
    ck_assert_code(runner_future_reject(future, RUNNER_EGROUP), 0);
    ck_assert_code(runner_future_await(future, result), RUNNER_EGROUP);
    ck_assert_ptr_null(runner_future_errors(future)); /* of no group */
    runner_future_unref(future);
    return 0;
}

START_TEST(R162_the_future_of_a_task_has_its_errors)
{
    run(fail_and_wait);
}
END_TEST

enum { DEEP = 1000 };

static int fail_deep(void *arg, void **result)
{
    (void)result;
    if (number_of(arg) == 0) {
        return -5;
    }
    runner_group_t *group = open_group();
    start(group, fail_deep, value_of(number_of(arg) - 1));
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

static int release_errors(void *arg, void **result)
{
    (void)result;
    runner_error_group_unref(arg);
    return 0;
}

/* On a stack on which a thousand calls within each other have no room. The running task has the
 * errors of the group that it heard of last: of another one, so that nobody has these any more. */
static void release_on_small_stack(runner_error_group_t *errors)
{
    runner_spawn_options_t opts = child_options();
    runner_task_t *task = NULL;
    runner_group_t *other = open_group();
    ck_assert_fails(other, -1, "-1*");
    opts.stack_bytes = 16384;
    opts.drop = NULL;
    ck_assert_code(runner_spawn(release_errors, errors, &opts, &task), 0);
    ck_assert_code(await_and_unref(task), 0);
}

/* How deep errors are nested, with one in each. */
static int levels_of(runner_error_group_t *errors)
{
    int levels = 0;
    while (errors != NULL) {
        ck_assert_uint_eq(runner_error_group_count(errors), 1);
        runner_group_error_t error = error_at(errors, 0);
        ck_assert_code(error.code, error.nested != NULL ? RUNNER_EGROUP : -5);
        errors = error.nested;
        levels++;
    }
    return levels;
}

static int fail_with_stacks(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, fail_deep, value_of(DEEP - 1));
    ck_assert_code(runner_group_close(group, 0), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_error_group_ref(runner_group_errors(group));
    runner_group_unref(group);
    ck_assert_int_eq(levels_of(errors), DEEP);
    release_on_small_stack(errors);
    return 0;
}

START_TEST(R162_errors_of_groups_a_thousand_deep)
{
    run(fail_with_stacks);
    ck_assert_int_eq(drops(), DEEP);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* Without stacks: each link owns a group whose only child is the next one. The last one sleeps. */
typedef struct link {
    struct link *next;
    runner_group_t *group;
    int started;
    int code;
} link_t;

static int own_next(void *arg, int status, void **result)
{
    link_t *link = arg;
    (void)result;
    if (link->started++ == 0) {
        if (link->next == NULL) {
            return runner_sleep(10);
        }
        link->group = open_group();
        ck_assert_code(runner_group_spawn_step(link->group, own_next, link->next, NULL, NULL), 0);
        return runner_group_close(link->group, 0);
    }
    runner_group_unref(link->group);
    return status != 0 ? status : link->code;
}

static link_t *make_chain(int code)
{
    link_t *links = calloc(DEEP + 1, sizeof *links);
    ck_assert_ptr_nonnull(links);
    for (int i = 0; i < DEEP; i++) {
        links[i].next = &links[i + 1];
    }
    links[DEEP].code = code;
    return links;
}

static int fail_without_stacks(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    link_t *links = make_chain(-5);
    ck_assert_code(runner_spawn_step(own_next, links, NULL, &task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_EGROUP);
    runner_error_group_t *errors = runner_future_errors(runner_task_future(task));
    ck_assert_int_eq(levels_of(errors), DEEP);
    (void)runner_error_group_ref(errors);
    runner_task_unref(task);
    release_on_small_stack(errors);
    free(links);
    return 0;
}

START_TEST(R162_the_same_without_stacks)
{
    run(fail_without_stacks);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int cancel_chain(void *arg, void **result)
{
    runner_task_t *task = NULL;
    (void)arg;
    link_t *links = make_chain(0);
    ck_assert_code(runner_spawn_step(own_next, links, NULL, &task), 0);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_int_eq(links[DEEP].started, 1);
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, result), RUNNER_ECANCELED);
    ck_assert_int_eq(links[DEEP].started, 2);
    ck_assert_uint_eq(now(), 1);
    runner_task_unref(task);
    free(links);
    return 0;
}

START_TEST(R160_R162_a_cancel_goes_through_a_thousand_groups)
{
    run(cancel_chain);
}
END_TEST

/* --- base errors ------------------------------------------------------------------------- */

static int abort_body(void *arg, void **result)
{
    work_t work = {"a", 10, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_yield(), 0);
    int code = runner_group_close(group, runner_abort(-77));
    log_add("closed");
    ck_assert_code(code, -77);
    runner_group_unref(group);
    return code;
}

START_TEST(R163_an_abort_of_the_body_is_not_wrapped)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, abort_body, NULL, NULL, NULL), -77);
    log_expect("a RUNNER_ECANCELED,closed");
    ck_assert_ptr_null(runner_run_errors(runner));
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
}
END_TEST

static int return_abort(runner_group_t *group, void *arg)
{
    start(group, do_work, arg);
    ck_assert_code(runner_sleep(50), RUNNER_ECANCELED);
    return runner_abort(-77);
}

static int with_aborting_group(void *arg, void **result)
{
    work_t work = {"a", 10, -5, 0};
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    int code = runner_with_group(return_abort, &work, &errors);
    ck_assert_code(code, -77);
    ck_assert_ptr_null(errors);
    return code;
}

START_TEST(R163_an_abort_goes_before_the_errors_of_children)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, with_aborting_group, NULL, NULL, NULL), -77);
    runner_free(runner);
    log_expect("a 0");
}
END_TEST

static int abort_child(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(10), 0);
    return runner_abort(-77);
}

static int own_aborting_child(void *arg, void **result)
{
    static work_t work = {"a", 100, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, abort_child, NULL);
    int code = runner_sleep(100);
    log_add("body %s", code_name(code));
    code = runner_group_close(group, code);
    runner_group_unref(group);
    log_add("closed");
    ck_assert_code(code, -77);
    return code;
}

static int swallow_abort(void *arg, void **result)
{
    return own_aborting_child(arg, result) == -77 ? 0 : -5;
}

static int sleep_50ms(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(50);
    log_add("slept");
    return code;
}

START_TEST(R163_an_abort_of_a_child_ends_the_run_and_then_the_group)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, own_aborting_child, NULL, NULL, NULL), -77);
    log_expect("");
    /* What the owner ends with in the next run is the same error once more. */
    ck_assert_code(runner_run(runner, sleep_50ms, NULL, NULL, NULL), -77);
    log_expect("a RUNNER_ECANCELED,body RUNNER_ECANCELED,closed,eh");
    ck_assert_code(exception_at(0)->code, -77);
    ck_assert_uint_eq(exception_at(0)->task_id, 1); /* the main that was left behind */
    ck_assert_code(runner_run(runner, sleep_50ms, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    log_expect("slept,slept");
}
END_TEST

static int abort_and_fail(runner_group_t *group, void *arg)
{
    (void)group;
    (void)arg;
    (void)runner_abort(-77);
    return RUNNER_EGROUP;
}

static int be_aborted_as_a_group(void *arg, void **result)
{
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_group(abort_and_fail, NULL, &errors), RUNNER_EGROUP);
    ck_assert_ptr_null(errors);
    return 0;
}

START_TEST(R163_an_abort_is_no_group_of_errors_whatever_its_code)
{
    run(be_aborted_as_a_group);
}
END_TEST

START_TEST(R163_unless_the_owner_swallows_it)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, swallow_abort, NULL, NULL, NULL), -77);
    ck_assert_code(runner_run(runner, sleep_50ms, NULL, NULL, NULL), 0);
    log_expect("a RUNNER_ECANCELED,body RUNNER_ECANCELED,closed,slept");
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
}
END_TEST

START_TEST(R090_R163_an_abort_may_come_out_of_the_close_of_the_runner)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, own_aborting_child, NULL, NULL, NULL), -77);
    ck_assert_code(runner_close(runner), -77);
    log_expect("body RUNNER_ECANCELED,a RUNNER_ECANCELED,closed,eh");
    ck_assert_uint_eq(exception_at(0)->task_id, 1);
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_nested");
    TCase *tcase = test_case(suite, "groups in groups");
    tcase_add_test(tcase, R162_the_errors_of_an_inner_group_are_one_error_of_the_outer);
    tcase_add_test(tcase, R162_a_failure_in_the_outer_group_cancels_the_inner_one);
    tcase_add_test(tcase, R162_a_child_that_had_a_group_hands_its_errors_on);
    tcase_add_test(tcase, R026_R162_a_run_and_an_await_hand_the_errors_on);
    tcase_add_test(tcase, R162_the_group_that_ended_last_is_what_a_task_failed_of);
    tcase_add_test(tcase, R162_errors_can_be_raised_again);
    tcase_add_test(tcase, R162_errors_of_a_group_that_goes_on_cannot_be_raised);
    tcase_add_test(tcase, R162_errors_are_raised_by_tasks_of_their_loop);
    tcase_add_test(tcase, R162_the_future_of_a_task_has_its_errors);
    tcase_add_test(tcase, R162_errors_of_groups_a_thousand_deep);
    tcase_add_test(tcase, R162_the_same_without_stacks);
    tcase_add_test(tcase, R160_R162_a_cancel_goes_through_a_thousand_groups);
    tcase = test_case(suite, "base errors");
    tcase_add_test(tcase, R163_an_abort_of_the_body_is_not_wrapped);
    tcase_add_test(tcase, R163_an_abort_goes_before_the_errors_of_children);
    tcase_add_test(tcase, R163_an_abort_of_a_child_ends_the_run_and_then_the_group);
    tcase_add_test(tcase, R163_an_abort_is_no_group_of_errors_whatever_its_code);
    tcase_add_test(tcase, R163_unless_the_owner_swallows_it);
    tcase_add_test(tcase, R090_R163_an_abort_may_come_out_of_the_close_of_the_runner);
    return test_main(suite);
}
