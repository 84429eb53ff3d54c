/* Task groups: what closing waits for, and how long a group lives. */
#include "groups.h"

/* --- helpers ----------------------------------------------------------------------------- */

/* The result of a child that is done. */
static int result_and_unref(runner_task_t *task)
{
    void *value = value_of(-1);
    ck_assert_code(runner_task_result(task, &value), 0);
    runner_task_unref(task);
    return (int)number_of(value);
}

/* --- children ---------------------------------------------------------------------------- */

static int wait_for_two(void *arg, void **result)
{
    work_t works[] = {{"a", 10, 0, 0}, {"b", 20, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_uint_eq(runner_group_count(group), 0);
    runner_task_t *a = spawn(group, do_work, &works[0]);
    runner_task_t *b = spawn(group, do_work, &works[1]);
    ck_assert_uint_eq(runner_group_count(group), 2);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 20);
    ck_assert_uint_eq(runner_group_count(group), 0);
    ck_assert_ptr_null(runner_group_errors(group));
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_eq(result_and_unref(a), 10);
    ck_assert_int_eq(result_and_unref(b), 20);
    runner_group_unref(group);
    return 0;
}

START_TEST(R156_closing_waits_for_every_child)
{
    run(wait_for_two);
    log_expect("a 0,b 0");
    ck_assert_int_eq(result_drops(), 0);
}
END_TEST

static int add_while_the_body_waits(void *arg, void **result)
{
    work_t works[] = {{"a", 10, 0, 0}, {"b", 20, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *a = spawn(group, do_work, &works[0]);
    ck_assert_code(runner_sleep(15), 0);
    ck_assert_uint_eq(runner_group_count(group), 0);
    runner_task_t *b = spawn(group, do_work, &works[1]);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 35);
    ck_assert_int_eq(result_and_unref(a), 10);
    ck_assert_int_eq(result_and_unref(b), 20);
    runner_group_unref(group);
    return 0;
}

START_TEST(R156_children_may_be_added_while_the_body_waits)
{
    run(add_while_the_body_waits);
    log_expect("a 0,b 0");
}
END_TEST

/* A child that starts others. */
static int do_root(void *arg, void **result)
{
    static work_t works[] = {{"a", 10, 0, 0}, {"b", 20, 0, 0}};
    (void)result;
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_uint_eq(runner_group_count(arg), 1);
    start(arg, do_work, &works[0]);
    start(arg, do_work, &works[1]);
    ck_assert_uint_eq(runner_group_count(arg), 3);
    return 0;
}

static int let_children_add(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_root, group);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 30);
    runner_group_unref(group);
    return 0;
}

START_TEST(R156_children_may_be_added_by_children_while_the_owner_waits)
{
    run(let_children_add);
    log_expect("a 0,b 0");
    ck_assert_int_eq(result_drops(), 2);
}
END_TEST

static int add_from_task(void *arg, void **result)
{
    static work_t work = {"from a task", 10, 0, 0};
    (void)result;
    start(arg, do_work, &work);
    return 0;
}

static int add_from_callback(void *arg)
{
    static work_t work = {"from a callback", 10, 0, 0};
    start(arg, do_work, &work);
    return 0;
}

static int let_others_add(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *task = spawn_task(add_from_task, group);
    ck_assert_code(runner_call_soon(runner_current(), add_from_callback, group, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_uint_eq(runner_group_count(group), 2);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 10);
    runner_group_unref(group);
    return await_and_unref(task);
}

START_TEST(R156_any_task_and_any_callback_may_add_children)
{
    run(let_others_add);
    log_expect("from a task 0,from a callback 0");
}
END_TEST

static int close_empty(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner_current(), log_callback, "soon", NULL), 0);
    runner_group_t *group = open_group();
    ck_assert_code(runner_group_close(group, 0), 0);
    log_add("closed");
    runner_group_unref(group);
    return runner_yield();
}

START_TEST(R156_closing_an_empty_group_does_not_wait)
{
    run(close_empty);
    log_expect("closed,soon");
}
END_TEST

static int tick(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int i = 0; i < 5; i++) {
        log_add("t%d", i);
        ck_assert_code(runner_yield(), 0);
    }
    return 0;
}

static int count_turns(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *ticker = spawn_task(tick, NULL);
    runner_group_t *group = open_group();
    start(group, log_body, "child");
    log_add("body");
    ck_assert_code(runner_group_close(group, 0), 0);
    log_add("closed");
    runner_group_unref(group);
    return await_and_unref(ticker);
}

START_TEST(R156_the_owner_goes_on_two_turns_after_its_last_child)
{
    run(count_turns);
    log_expect("body,t0,child,t1,t2,closed,t3,t4");
}
END_TEST

static int yield_and_log(void *arg, void **result)
{
    int code = runner_yield();
    (void)log_body(arg, result);
    return code;
}

static int end_one_after_the_other(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *ticker = spawn_task(tick, NULL);
    runner_group_t *group = open_group();
    start(group, yield_and_log, "b");
    start(group, log_body, "a");
    ck_assert_code(close_and_unref(group, 0), 0);
    log_add("closed");
    return await_and_unref(ticker);
}

START_TEST(R156_and_not_a_turn_earlier_because_another_ended_before)
{
    run(end_one_after_the_other);
    log_expect("t0,a,t1,b,t2,t3,closed,t4");
}
END_TEST

static int cancel_one(void *arg, void **result)
{
    work_t works[] = {{"a", 100, 0, 0}, {"b", 20, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *a = spawn(group, do_work, &works[0]);
    ck_assert_code(runner_sleep(15), 0);
    ck_assert_code(runner_task_cancel(a), 0);
    runner_task_t *b = spawn(group, do_work, &works[1]);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 35);
    ck_assert_ptr_null(runner_group_errors(group));
    ck_assert_int_eq(runner_task_cancelled(a), 1);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    runner_task_unref(a);
    ck_assert_int_eq(result_and_unref(b), 20);
    runner_group_unref(group);
    return 0;
}

START_TEST(R157_a_cancelled_child_is_no_error)
{
    run(cancel_one);
    log_expect("a RUNNER_ECANCELED,b 0");
}
END_TEST

static int end_cancelled(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return RUNNER_ECANCELED; /* though nobody asked for it */
}

static int let_one_end_cancelled(void *arg, void **result)
{
    work_t work = {"a", 10, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, end_cancelled, NULL);
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(R157_nor_is_one_that_ends_so_by_itself)
{
    run(let_one_end_cancelled);
    log_expect("a 0");
}
END_TEST

static int set_var(void *arg, void **result)
{
    log_add("%s", runner_task_name(runner_current_task()));
    *result = value_of(1);
    ck_assert_code(runner_yield(), 0);
    return runner_var_set(arg, value_of(7));
}

static int use_options(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_var_t *var = NULL;
    runner_context_t *context = NULL;
    void *value = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_var_new("var", NULL, &var), 0);
    ck_assert_code(runner_context_copy(&context), 0);
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = "yolo";
    opts.context = context;
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    runner_group_t *group = open_group();
    ck_assert_code(runner_group_spawn(group, set_var, var, &opts, NULL), 0);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(result_drops(), 1); /* no handle: nobody can take it */
    ck_assert_code(runner_context_get(context, var, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    runner_group_unref(group);
    runner_context_unref(context);
    runner_var_unref(var);
    return 0;
}

START_TEST(R156_a_child_has_the_options_of_any_task)
{
    run(use_options);
    log_expect("yolo");
}
END_TEST

/* --- eager children ---------------------------------------------------------------------- */

static int give_seven(void *arg, void **result)
{
    log_add("%s", (const char *)arg);
    *result = value_of(7);
    return 0;
}

/* In its first step it is a child as any other: it may spawn, and may not close. */
static int look_and_spawn(void *arg, void **result)
{
    static work_t work = {"grandchild", 10, 0, 0};
    (void)result;
    ck_assert_code(runner_group_close(arg, 0), RUNNER_EOWNER);
    start(arg, do_work, &work);
    log_add("first step");
    int code = runner_sleep(5);
    log_add("second step");
    return code;
}

static int start_eagerly(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *done = spawn_eager(group, give_seven, "at once");
    ck_assert_int_eq(runner_task_done(done), 1);
    ck_assert_int_eq(drops(), 1);
    runner_task_t *waiting = spawn_eager(group, look_and_spawn, group);
    log_add("body");
    ck_assert_int_eq(runner_task_done(waiting), 0);
    ck_assert_uint_ge(runner_group_count(group), 2);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 10);
    ck_assert_int_eq(result_and_unref(done), 7);
    runner_task_unref(waiting);
    runner_group_unref(group);
    return 0;
}

START_TEST(R156_R189_children_may_start_eagerly)
{
    run(start_eagerly);
    log_expect("at once,first step,body,second step,grandchild 0");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

static int close_after_eager(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 3; i++) {
        runner_task_unref(spawn_eager(group, give_seven, "done"));
    }
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(runner_group_count(group), 0);
    runner_group_unref(group);
    return 0;
}

START_TEST(R156_R189_a_group_of_children_that_are_done_closes)
{
    run(close_after_eager);
    log_expect("done,done,done");
    ck_assert_int_eq(drops(), 3);
    ck_assert_int_eq(result_drops(), 3);
}
END_TEST

/* --- the count --------------------------------------------------------------------------- */

static int count_children(void *arg, void **result)
{
    work_t work = {"", 30, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 10; i++) {
        ck_assert_code(runner_sleep(10), 0);
        start(group, do_work, &work);
        if (i == 5) {
            ck_assert_uint_lt(runner_group_count(group), 5);
        }
    }
    ck_assert_int_ge(result_drops(), 6); /* what has left is gone, not only uncounted */
    ck_assert_code(runner_sleep(135), 0);
    ck_assert_uint_eq(runner_group_count(group), 0);
    ck_assert_int_eq(result_drops(), 10);
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(R169_children_that_have_ended_leave_the_group)
{
    run(count_children);
}
END_TEST

static int count_after_end(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *task = spawn(group, log_body, "child");
    ck_assert_code(runner_yield(), 0);
    ck_assert_int_eq(runner_task_done(task), 1);
    ck_assert_uint_eq(runner_group_count(group), 1);
    ck_assert_code(runner_yield(), 0);
    ck_assert_uint_eq(runner_group_count(group), 0);
    ck_assert_code(runner_group_close(group, 0), 0);
    runner_task_unref(task);
    runner_group_unref(group);
    return 0;
}

START_TEST(R169_a_child_counts_for_one_more_turn)
{
    run(count_after_end);
    log_expect("child");
}
END_TEST

/* --- how long a group lives -------------------------------------------------------------- */

static int release_handle(void *arg, void **result)
{
    static work_t work = {"a", 10, 0, 0};
    (void)result;
    start(arg, do_work, &work);
    runner_group_unref(arg);
    return 0;
}

static int wait_without_handle(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, release_handle, group);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 10);
    return 0;
}

START_TEST(R156_the_handle_may_go_while_the_owner_waits)
{
    run(wait_without_handle);
    log_expect("a 0");
}
END_TEST

/* Its group has lost both its handle and its owner. */
static int use_orphaned_group(void *arg, void **result)
{
    static work_t work = {"grandchild", 10, 0, 0};
    (void)result;
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_uint_eq(runner_group_count(arg), 1);
    start(arg, do_work, &work);
    log_add("child");
    return 0;
}

static int forget_to_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, use_orphaned_group, group);
    runner_group_unref(group);
    return 0;
}

static int await_forgetful(void *arg, void **result)
{
    (void)result;
    ck_assert_code(await_and_unref(spawn_task(forget_to_close, arg)), 0);
    log_add("owner");
    return runner_sleep(50);
}

START_TEST(R156_children_keep_a_group_whose_owner_forgot_to_close)
{
    run(await_forgetful);
    log_expect("owner,child,grandchild 0");
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int forget_failing(void *arg, void **result)
{
    static work_t works[] = {{"a", 10, -5, 0}, {"b", 10, 0, 0}, {"c", 20, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 3; i++) {
        start(group, do_work, &works[i]);
    }
    runner_group_unref(group);
    return 0;
}

static int await_forgotten(void *arg, void **result)
{
    (void)result;
    ck_assert_code(await_and_unref(spawn_task(forget_failing, arg)), 0);
    return runner_sleep(50);
}

START_TEST(R158_a_failure_after_the_owner_has_ended_is_reported)
{
    run(await_forgotten);
    log_expect("a 0,b 0,eh,c 0");
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_uint_ne(exception_at(0)->task_id, 0);
}
END_TEST

typedef struct kept {
    runner_group_t *fresh;
    runner_group_t *left;
    runner_group_t *closed;
} kept_t;

static int keep_groups(void *arg, void **result)
{
    static work_t work = {"left", RUNNER_FOREVER, 0, 0};
    kept_t *kept = arg;
    (void)result;
    kept->fresh = new_group();
    kept->left = open_group();
    start(kept->left, do_work, &work);
    kept->closed = open_group();
    start(kept->closed, log_body, "child");
    return runner_group_close(kept->closed, 0);
}

START_TEST(R156_handles_may_outlive_the_runner)
{
    kept_t kept = {NULL, NULL, NULL};
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, keep_groups, &kept, NULL, NULL), 0);
    runner_free(runner);
    log_expect("child,left RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 2);
    runner_group_unref(kept.fresh);
    runner_group_unref(kept.left);
    runner_group_unref(kept.closed);
}
END_TEST

static int ignore_cancels(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (;;) {
        (void)runner_sleep(1000);
    }
    return 0;
}

static int own_stubborn(void *arg, void **result)
{
    (void)result;
    *(runner_group_t **)arg = open_group();
    start(*(runner_group_t **)arg, ignore_cancels, NULL);
    return runner_group_close(*(runner_group_t **)arg, 0);
}

static int spawn_stubborn(runner_group_t *group, void *arg)
{
    start(group, ignore_cancels, arg);
    return 0;
}

/* Nobody but its frames knows the group. */
static int own_stubborn_scope(void *arg, void **result)
{
    (void)result;
    return runner_with_group(spawn_stubborn, arg, NULL);
}

typedef struct owners {
    runner_group_t *group;
    runner_task_t *tasks[2];
} owners_t;

static int leave_owners(void *arg, void **result)
{
    owners_t *owners = arg;
    (void)result;
    owners->tasks[0] = spawn_task(own_stubborn, &owners->group);
    owners->tasks[1] = spawn_task(own_stubborn_scope, NULL);
    return runner_sleep(1);
}

START_TEST(R085_R160_a_group_that_does_not_end_is_given_up_with_its_tasks)
{
    owners_t owners = {NULL, {NULL, NULL}};
    runner_options_t opts = test_options();
    opts.cancel_grace_ms = 50;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, leave_owners, &owners, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(drops(), 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_code(runner_task_status(owners.tasks[i]), RUNNER_EABANDONED);
        runner_task_unref(owners.tasks[i]);
    }
    runner_free(runner);
    runner_group_unref(owners.group);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group");
    TCase *tcase = test_case(suite, "children");
    tcase_add_test(tcase, R156_closing_waits_for_every_child);
    tcase_add_test(tcase, R156_children_may_be_added_while_the_body_waits);
    tcase_add_test(tcase, R156_children_may_be_added_by_children_while_the_owner_waits);
    tcase_add_test(tcase, R156_any_task_and_any_callback_may_add_children);
    tcase_add_test(tcase, R156_closing_an_empty_group_does_not_wait);
    tcase_add_test(tcase, R156_the_owner_goes_on_two_turns_after_its_last_child);
    tcase_add_test(tcase, R156_and_not_a_turn_earlier_because_another_ended_before);
    tcase_add_test(tcase, R157_a_cancelled_child_is_no_error);
    tcase_add_test(tcase, R157_nor_is_one_that_ends_so_by_itself);
    tcase_add_test(tcase, R156_a_child_has_the_options_of_any_task);
    tcase = test_case(suite, "eager children");
    tcase_add_test(tcase, R156_R189_children_may_start_eagerly);
    tcase_add_test(tcase, R156_R189_a_group_of_children_that_are_done_closes);
    tcase = test_case(suite, "the count");
    tcase_add_test(tcase, R169_children_that_have_ended_leave_the_group);
    tcase_add_test(tcase, R169_a_child_counts_for_one_more_turn);
    tcase = test_case(suite, "how long a group lives");
    tcase_add_test(tcase, R156_the_handle_may_go_while_the_owner_waits);
    tcase_add_test(tcase, R156_children_keep_a_group_whose_owner_forgot_to_close);
    tcase_add_test(tcase, R158_a_failure_after_the_owner_has_ended_is_reported);
    tcase_add_test(tcase, R156_handles_may_outlive_the_runner);
    tcase_add_test(tcase, R085_R160_a_group_that_does_not_end_is_given_up_with_its_tasks);
    return test_main(suite);
}
