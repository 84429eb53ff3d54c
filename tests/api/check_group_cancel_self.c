/* Task groups that are cancelled by runner_group_cancel(): they end without an error. */
#include "groups.h"

/* --- by the body ------------------------------------------------------------------------- */

static int refused(runner_group_t *group)
{
    return runner_group_spawn(group, do_work, NULL, NULL, NULL);
}

static int cancel_in_body(void *arg, void **result)
{
    work_t work = {"a", 100, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_code(runner_group_cancel(group), 0); /* as if once */
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), RUNNER_REASON_GROUP);
    ck_assert_code(refused(group), RUNNER_EABORTING);
    int code = runner_sleep(5);
    log_add("body %s", code_name(code));
    ck_assert_code(runner_group_close(group, code), 0);
    ck_assert_ptr_null(runner_group_errors(group));
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_int_eq(reason(), 0);
    ck_assert_uint_eq(now(), 0);
    runner_group_unref(group);
    return runner_sleep(1);
}

START_TEST(R168_a_cancelled_group_ends_without_an_error)
{
    run(cancel_in_body);
    log_expect("a RUNNER_ECANCELED,body RUNNER_ECANCELED");
}
END_TEST

static int cancel_and_close(void *arg, void **result)
{
    work_t work = {"never", 100, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_code(close_and_unref(group, 0), 0);
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_code(runner_yield(), 0); /* what was not delivered is withdrawn */
    group = open_group();
    start(group, do_work, &work);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_code(close_and_unref(group, 0), 0);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

START_TEST(R164_R168_a_cancel_that_no_wait_has_seen_is_withdrawn)
{
    run(cancel_and_close);
    log_expect("");
}
END_TEST

static int cancel_within(runner_group_t *group, void *arg)
{
    start(group, do_work, arg);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_cancel(group), 0);
    return runner_sleep(5);
}

static int cancel_with_group(void *arg, void **result)
{
    work_t work = {"a", 100, 0, 0};
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_with_group(cancel_within, &work, &errors), 0);
    ck_assert_ptr_null(errors);
    return runner_yield();
}

START_TEST(R168_so_does_runner_with_group)
{
    run(cancel_with_group);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

/* --- by others --------------------------------------------------------------------------- */

static int cancel_as_child(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_group_cancel(arg), 0);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), RUNNER_REASON_GROUP);
    int code = runner_sleep(1);
    log_add("child %s", code_name(code));
    return code;
}

/* `arg` is NULL if the body is to wait, too. */
static int own_cancelling_child(void *arg, void **result)
{
    work_t work = {"b", 100, 0, 0};
    int code = 0;
    (void)result;
    uint64_t began_ms = now();
    runner_group_t *group = open_group();
    start(group, cancel_as_child, group);
    start(group, do_work, &work);
    if (arg == NULL) {
        code = runner_sleep(50);
        log_add("body %s", code_name(code));
    }
    ck_assert_code(close_and_unref(group, code), 0);
    ck_assert_uint_eq(now() - began_ms, 10);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

static int own_both(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(own_cancelling_child(NULL, result), 0);
    return own_cancelling_child(value_of(1), result);
}

START_TEST(R168_a_child_may_cancel_its_group)
{
    run(own_both);
    log_expect("b RUNNER_ECANCELED,body RUNNER_ECANCELED,child RUNNER_ECANCELED,"
               "b RUNNER_ECANCELED,child RUNNER_ECANCELED");
}
END_TEST

static int cancel_eagerly(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_group_cancel(arg), 0);
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("eager %s", code_name(code));
    return code;
}

static int own_eager_child(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_unref(spawn_eager(group, cancel_eagerly, group));
    ck_assert_code(close_and_unref(group, 0), 0);
    return runner_yield();
}

START_TEST(R168_R189_an_eager_child_may_cancel_its_group_and_itself_with_it)
{
    run(own_eager_child);
    log_expect("eager RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int cancel_group(void *arg)
{
    log_add("cancel");
    return runner_group_cancel(arg);
}

static void cancel_after_5ms(runner_group_t *group)
{
    ck_assert_code(runner_call_later(runner_current(), 5, cancel_group, group, NULL, NULL), 0);
}

static int close_and_be_cancelled(void *arg, void **result)
{
    work_t work = {"a", 100, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    cancel_after_5ms(group);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 5);
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_code(runner_group_cancel(group), 0); /* it has ended */
    ck_assert_int_eq(cancelling(), 0);
    runner_group_unref(group);
    return runner_sleep(10);
}

START_TEST(R168_a_callback_may_cancel_a_group_whose_owner_waits)
{
    run(close_and_be_cancelled);
    log_expect("cancel,a RUNNER_ECANCELED");
}
END_TEST

/* Nobody is left to be told, and the children still are cancelled. */
static int open_and_leave(void *arg, void **result)
{
    static work_t work = {"a", 100, 0, 0};
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    *(runner_group_t **)arg = group;
    return 0;
}

static int cancel_abandoned(void *arg, void **result)
{
    runner_group_t *group = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(await_and_unref(spawn_task(open_and_leave, &group)), 0);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_code(runner_sleep(1), 0);
    ck_assert_uint_eq(runner_group_count(group), 0);
    runner_group_unref(group);
    return 0;
}

START_TEST(R168_a_group_whose_owner_has_ended_can_be_cancelled)
{
    run(cancel_abandoned);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

/* --- before and after -------------------------------------------------------------------- */

static int cancel_before_open(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = new_group();
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_code(refused(group), RUNNER_ENOTENTERED);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_open(group), 0);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_code(refused(group), RUNNER_EABORTING);
    ck_assert_code(runner_group_open(group), RUNNER_EENTERED);
    int code = runner_sleep(5);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_code(runner_group_close(group, code), 0);
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_code(refused(group), RUNNER_EFINISHED);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_int_eq(cancelling(), 0);
    runner_group_unref(group);
    return runner_yield();
}

START_TEST(R168_before_it_is_entered_it_is_cancelled_on_entry_and_later_not_at_all)
{
    run(cancel_before_open);
}
END_TEST

/* --- and something fails ----------------------------------------------------------------- */

static int fail_when_cancelled(void *arg, void **result)
{
    work_t works[] = {{"a", 100, 0, -5}, {"b", 100, 0, 0}};
    runner_group_error_t error = {.size = sizeof error};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &works[0]);
    start(group, do_work, &works[1]);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_cancel(group), 0);
    int code = runner_sleep(5);
    ck_assert_code(runner_group_close(group, code), RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(runner_group_errors(group)), 1);
    ck_assert_code(runner_error_group_get(runner_group_errors(group), 0, &error), 0);
    ck_assert_code(error.code, -5);
    runner_group_unref(group);
    ck_assert_int_eq(cancelling(), 0);
    ck_assert_code(runner_yield(), 0);

    group = open_group();
    start(group, do_work, &works[1]);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_code(close_and_unref(group, -6), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

START_TEST(R168_errors_on_the_way_are_not_lost)
{
    run(fail_when_cancelled);
    log_expect("a RUNNER_ECANCELED,b RUNNER_ECANCELED,b RUNNER_ECANCELED");
}
END_TEST

static int cancel_after_failure(void *arg, void **result)
{
    work_t works[] = {{"a", 1, -5, 0}, {"b", 100, 0, 0}};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &works[0]);
    start(group, do_work, &works[1]);
    int code = runner_sleep(50);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_code(runner_group_cancel(group), 0);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_code(close_and_unref(group, code), RUNNER_EGROUP);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

START_TEST(R168_a_group_that_fails_is_cancelled_already)
{
    run(cancel_after_failure);
    log_expect("a 0,b RUNNER_ECANCELED");
}
END_TEST

/* --- and the owner from outside ---------------------------------------------------------- */

/* Both at once, in one or the other order, while the body waits. */
typedef struct both {
    runner_group_t *group;
    runner_task_t *owner;
    int owner_first;
} both_t;

static int cancel_both(void *arg)
{
    const both_t *both = arg;
    if (both->owner_first) {
        ck_assert_code(runner_task_cancel(both->owner), 0);
    }
    ck_assert_code(runner_group_cancel(both->group), 0);
    if (!both->owner_first) {
        ck_assert_code(runner_task_cancel(both->owner), 0);
    }
    return 0;
}

static int own_cancelled_twice(void *arg, void **result)
{
    work_t work = {"a", 100, 0, 0};
    (void)result;
    both_t both = {open_group(), runner_current_task(), arg != NULL};
    start(both.group, do_work, &work);
    ck_assert_code(runner_call_later(runner_current(), 5, cancel_both, &both, NULL, NULL), 0);
    int code = runner_sleep(50);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 2);
    ck_assert_code(close_and_unref(both.group, code), RUNNER_ECANCELED);
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), RUNNER_REASON_USER);
    ck_assert_code(runner_yield(), 0); /* it was delivered */
    return RUNNER_ECANCELED;
}

static int await_cancelled_twice(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(await_and_unref(spawn_task(own_cancelled_twice, NULL)), RUNNER_ECANCELED);
    ck_assert_code(await_and_unref(spawn_task(own_cancelled_twice, value_of(1))), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R160_R168_a_cancel_from_outside_goes_on)
{
    run(await_cancelled_twice);
    log_expect("a RUNNER_ECANCELED,a RUNNER_ECANCELED");
}
END_TEST

static int be_stubborn(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_sleep(100), RUNNER_ECANCELED);
    return runner_sleep(30);
}

static int close_with_stubborn(void *arg, void **result)
{
    runner_group_t **group = arg;
    (void)result;
    *group = open_group();
    start(*group, be_stubborn, NULL);
    int code = runner_group_close(*group, 0);
    log_add("owner %s", code_name(code));
    ck_assert_int_eq(cancelling(), 1);
    ck_assert_int_eq(reason(), RUNNER_REASON_USER);
    return code;
}

/* While the owner waits for its children: one cancel, then the other. */
static int cancel_one_after_the_other(void *arg, void **result)
{
    runner_group_t *group = NULL;
    (void)result;
    runner_task_t *task = spawn_task(close_with_stubborn, &group);
    ck_assert_code(runner_sleep(10), 0);
    for (int i = 0; i < 2; i++) {
        if ((i == 0) == (arg == NULL)) {
            ck_assert_code(runner_group_cancel(group), 0);
        } else {
            ck_assert_code(runner_task_cancel(task), 0);
        }
        ck_assert_code(runner_sleep(5), 0);
    }
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(await_and_unref(task), RUNNER_ECANCELED);
    runner_group_unref(group);
    return 0;
}

static int cancel_in_both_orders(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(cancel_one_after_the_other(value_of(1), result), 0);
    log_add("next");
    return cancel_one_after_the_other(NULL, result);
}

START_TEST(R160_R168_also_one_that_comes_while_the_owner_waits)
{
    run(cancel_in_both_orders);
    log_expect("owner RUNNER_ECANCELED,next,owner RUNNER_ECANCELED");
}
END_TEST

/* --- groups in groups -------------------------------------------------------------------- */

typedef struct nested {
    runner_group_t *outer;
    runner_group_t *inner;
    int cancel_outer;
    int cancel_inner;
} nested_t;

static int cancel_nested(void *arg)
{
    const nested_t *nested = arg;
    if (nested->cancel_inner) {
        ck_assert_code(runner_group_cancel(nested->inner), 0);
    }
    if (nested->cancel_outer) {
        ck_assert_code(runner_group_cancel(nested->outer), 0);
    }
    return 0;
}

static int own_nested(void *arg, void **result)
{
    work_t works[] = {{"outer", 100, 0, 0}, {"inner", 100, 0, 0}};
    nested_t *nested = arg;
    (void)result;
    nested->outer = open_group();
    start(nested->outer, do_work, &works[0]);
    nested->inner = open_group();
    start(nested->inner, do_work, &works[1]);
    ck_assert_code(runner_call_later(runner_current(), 5, cancel_nested, nested, NULL, NULL), 0);
    int code = close_and_unref(nested->inner, 0);
    log_add("%s", code_name(code));
    ck_assert_int_eq(cancelling(), nested->cancel_outer);
    ck_assert_code(close_and_unref(nested->outer, code), 0);
    ck_assert_int_eq(cancelling(), 0);
    return runner_yield();
}

static int cancel_inner(void *arg, void **result)
{
    nested_t nested = {NULL, NULL, 0, 1};
    (void)arg;
    return own_nested(&nested, result);
}

START_TEST(R162_R168_cancelling_the_inner_group_leaves_the_outer_alone)
{
    run(cancel_inner);
    log_expect("inner RUNNER_ECANCELED,0,outer 0");
}
END_TEST

static int cancel_outer(void *arg, void **result)
{
    nested_t nested = {NULL, NULL, 1, 0};
    (void)arg;
    return own_nested(&nested, result);
}

START_TEST(R162_R168_cancelling_the_outer_group_cancels_the_inner_one)
{
    run(cancel_outer);
    log_expect("outer RUNNER_ECANCELED,inner RUNNER_ECANCELED,RUNNER_ECANCELED");
}
END_TEST

static int cancel_both_groups(void *arg, void **result)
{
    nested_t nested = {NULL, NULL, 1, 1};
    (void)arg;
    return own_nested(&nested, result);
}

START_TEST(R162_R168_two_cancelled_groups_each_take_their_cancel_back)
{
    run(cancel_both_groups);
    log_expect("inner RUNNER_ECANCELED,outer RUNNER_ECANCELED,RUNNER_ECANCELED");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_cancel_self");
    TCase *tcase = test_case(suite, "by the body");
    tcase_add_test(tcase, R168_a_cancelled_group_ends_without_an_error);
    tcase_add_test(tcase, R164_R168_a_cancel_that_no_wait_has_seen_is_withdrawn);
    tcase_add_test(tcase, R168_so_does_runner_with_group);
    tcase = test_case(suite, "by others");
    tcase_add_test(tcase, R168_a_child_may_cancel_its_group);
    tcase_add_test(tcase, R168_R189_an_eager_child_may_cancel_its_group_and_itself_with_it);
    tcase_add_test(tcase, R168_a_callback_may_cancel_a_group_whose_owner_waits);
    tcase_add_test(tcase, R168_a_group_whose_owner_has_ended_can_be_cancelled);
    tcase = test_case(suite, "before and after");
    tcase_add_test(tcase, R168_before_it_is_entered_it_is_cancelled_on_entry_and_later_not_at_all);
    tcase = test_case(suite, "and something fails");
    tcase_add_test(tcase, R168_errors_on_the_way_are_not_lost);
    tcase_add_test(tcase, R168_a_group_that_fails_is_cancelled_already);
    tcase = test_case(suite, "and the owner from outside");
    tcase_add_test(tcase, R160_R168_a_cancel_from_outside_goes_on);
    tcase_add_test(tcase, R160_R168_also_one_that_comes_while_the_owner_waits);
    tcase = test_case(suite, "groups in groups");
    tcase_add_test(tcase, R162_R168_cancelling_the_inner_group_leaves_the_outer_alone);
    tcase_add_test(tcase, R162_R168_cancelling_the_outer_group_cancels_the_inner_one);
    tcase_add_test(tcase, R162_R168_two_cancelled_groups_each_take_their_cancel_back);
    return test_main(suite);
}
