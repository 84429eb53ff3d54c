/* Task groups: who may open, spawn and close, and what the others are told. */
#include "groups.h"

#include <pthread.h>

/* --- helpers ----------------------------------------------------------------------------- */

static int not_called(void *arg, void **result)
{
    (void)arg;
    (void)result;
    log_add("called");
    return 0;
}

static int not_called_step(void *arg, int status, void **result)
{
    (void)status;
    return not_called(arg, result);
}

/* Both ways to spawn refuse with this code. They drop the argument, and give no task. */
static void ck_assert_refused(runner_group_t *group, int code)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    int dropped = 0;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_increment;
    ck_assert_code(runner_group_spawn(group, not_called, &dropped, &opts, &task), code);
    ck_assert_int_eq(dropped, 1);
    ck_assert_code(runner_group_spawn_step(group, not_called_step, &dropped, &opts, &task), code);
    ck_assert_int_eq(dropped, 2);
    ck_assert_code(runner_group_spawn(group, not_called, NULL, NULL, NULL), code);
    ck_assert_code(runner_group_spawn_step(group, not_called_step, NULL, NULL, NULL), code);
    ck_assert_ptr_null(task);
}

/* --- opening ----------------------------------------------------------------------------- */

static int new_in_callback(void *arg)
{
    ck_assert_code(runner_group_new(arg), 0);
    ck_assert_code(runner_group_open(*(runner_group_t **)arg), RUNNER_ENOTASK);
    ck_assert_refused(*(runner_group_t **)arg, RUNNER_ENOTENTERED);
    log_add("callback");
    return 0;
}

static int open_what_a_callback_made(void *arg, void **result)
{
    runner_group_t *group = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_call_soon(runner_current(), new_in_callback, &group, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_group_open(group), 0); /* the refusal has not used it up */
    start(group, log_body, "child");
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(R166_only_a_task_can_open_a_group)
{
    runner_group_t *group = NULL;
    ck_assert_code(runner_group_new(&group), RUNNER_ENOLOOP);
    ck_assert_code(runner_group_new(NULL), RUNNER_EINVAL);
    ck_assert_ptr_null(group);
    run(open_what_a_callback_made);
    log_expect("callback,child");
}
END_TEST

static int open_again(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_group_open(arg), RUNNER_EENTERED);
    return 0;
}

static int open_twice(void *arg, void **result)
{
    (void)arg;
    runner_group_t *group = open_group();
    ck_assert_code(open_again(group, result), 0);
    ck_assert_code(await_and_unref(spawn_task(open_again, group)), 0);
    start(group, log_body, "child");
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_code(open_again(group, result), 0); /* nor after its end */
    runner_group_unref(group);
    return 0;
}

START_TEST(R166_a_group_is_entered_once)
{
    run(open_twice);
    log_expect("child");
}
END_TEST

/* --- spawning ---------------------------------------------------------------------------- */

static int use_before_open(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = new_group();
    ck_assert_refused(group, RUNNER_ENOTENTERED);
    ck_assert_code(runner_group_close(group, 0), RUNNER_ENOTENTERED);
    ck_assert_code(runner_group_open(group), 0);
    start(group, log_body, "child");
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(R165_a_new_group_takes_no_children)
{
    run(use_before_open);
    log_expect("child");
}
END_TEST

static int use_after_close(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *empty = open_group();
    ck_assert_code(runner_group_close(empty, 0), 0);
    runner_group_t *group = open_group();
    start(group, log_body, "child");
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_refused(empty, RUNNER_EFINISHED);
    ck_assert_refused(group, RUNNER_EFINISHED);
    ck_assert_code(runner_group_close(empty, 0), RUNNER_EFINISHED);
    ck_assert_code(runner_group_close(group, -5), RUNNER_EFINISHED);
    ck_assert_ptr_null(runner_group_errors(group));
    runner_group_unref(empty);
    runner_group_unref(group);
    return runner_yield();
}

START_TEST(R165_nor_does_a_closed_one)
{
    run(use_after_close);
    log_expect("child");
}
END_TEST

/* A child whose sleep is cancelled finds its group closing. */
static int spawn_in_cleanup(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(100);
    ck_assert_code(code, RUNNER_ECANCELED);
    ck_assert_refused(arg, RUNNER_EABORTING);
    log_add("refused");
    return code;
}

static int spawn_after_failure(void *arg, void **result)
{
    work_t work = {"a", 1, -5, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, spawn_in_cleanup, group);
    int code = runner_sleep(100);
    ck_assert_refused(group, RUNNER_EABORTING); /* the body is not better off */
    ck_assert_code(runner_group_close(group, code), RUNNER_EGROUP);
    ck_assert_uint_eq(runner_error_group_count(runner_group_errors(group)), 1);
    ck_assert_refused(group, RUNNER_EFINISHED);
    runner_group_unref(group);
    return 0;
}

START_TEST(R165_nor_one_that_is_aborting)
{
    run(spawn_after_failure);
    log_expect("a 0,refused");
}
END_TEST

/* Runs after the group's own callback, and before the owner has gone on. */
static int spawn_too_late(runner_future_t *future, void *arg)
{
    (void)future;
    ck_assert_uint_eq(runner_group_count(arg), 0);
    ck_assert_refused(arg, RUNNER_EFINISHED);
    log_add("refused");
    return 0;
}

static int spawn_after_the_last(void *arg, void **result)
{
    work_t work = {"a", 10, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    runner_task_t *task = spawn(group, do_work, &work);
    ck_assert_code(runner_future_on_done(runner_task_future(task), spawn_too_late, group, NULL), 0);
    ck_assert_code(runner_group_close(group, 0), 0);
    log_add("closed");
    runner_task_unref(task);
    runner_group_unref(group);
    return 0;
}

START_TEST(R165_nor_one_that_has_seen_its_last_child)
{
    run(spawn_after_the_last);
    log_expect("a 0,refused,closed");
}
END_TEST

/* Runs before the group's own callback: the child that called it still counts. */
static int spawn_in_time(void *arg)
{
    static work_t work = {"late", 10, 0, 0};
    ck_assert_uint_eq(runner_group_count(arg), 1);
    start(arg, do_work, &work);
    log_add("accepted");
    return 0;
}

static int call_and_end(void *arg, void **result)
{
    (void)result;
    return runner_call_soon(runner_current(), spawn_in_time, arg, NULL);
}

static int spawn_in_the_last_turn(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, call_and_end, group);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 10);
    runner_group_unref(group);
    return 0;
}

START_TEST(R165_one_whose_last_child_still_counts_does)
{
    run(spawn_in_the_last_turn);
    log_expect("accepted,late 0");
}
END_TEST

static int spawn_badly(void *arg, void **result)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    int dropped = 0;
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    ck_assert_refused(NULL, RUNNER_EINVAL);
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_increment;
    ck_assert_code(runner_group_spawn(group, NULL, &dropped, &opts, &task), RUNNER_EINVAL);
    ck_assert_int_eq(dropped, 1);
    ck_assert_code(runner_group_spawn_step(group, NULL, &dropped, &opts, &task), RUNNER_EINVAL);
    ck_assert_int_eq(dropped, 2);
    opts.reserved = 1;
    ck_assert_code(runner_group_spawn(group, not_called, &dropped, &opts, &task), RUNNER_EINVAL);
    ck_assert_int_eq(dropped, 3);
    ck_assert_code(runner_group_spawn_step(group, not_called_step, &dropped, &opts, &task),
                   RUNNER_EINVAL);
    ck_assert_int_eq(dropped, 4);
    opts.reserved = 0;
    opts.stack_bytes = SIZE_MAX;
    ck_assert_code(runner_group_spawn(group, not_called, &dropped, &opts, &task), RUNNER_EINVAL);
    ck_assert_int_eq(dropped, 5);
    ck_assert_ptr_null(task);
    ck_assert_uint_eq(runner_group_count(group), 0);
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(R165_bad_arguments_are_refused_and_dropped)
{
    run(spawn_badly);
    log_expect("");
}
END_TEST

/* --- children that spawn for ever -------------------------------------------------------- */

/* Whatever happens to it, it spawns two more: only a refusal stops it. */
typedef struct hydra {
    runner_group_t *group;
    int heads;
    int refused;
} hydra_t;

static int grow(void *arg, void **result)
{
    hydra_t *hydra = arg;
    (void)result;
    hydra->heads++;
    (void)runner_sleep(10);
    for (int i = 0; i < 2; i++) {
        int code = runner_group_spawn(hydra->group, grow, hydra, NULL, NULL);
        if (code != 0) {
            ck_assert_code(code, RUNNER_EABORTING);
            hydra->refused++;
            return code;
        }
    }
    return 0;
}

static int slay(void *arg, void **result)
{
    const hydra_t *hydra = arg;
    (void)result;
    while (hydra->heads < 10) {
        ck_assert_code(runner_sleep(15), 0);
    }
    return -5;
}

static int fight(void *arg, void **result)
{
    runner_group_error_t error = {.size = sizeof error};
    hydra_t hydra = {NULL, 0, 0};
    (void)arg;
    (void)result;
    hydra.group = open_group();
    start(hydra.group, grow, &hydra);
    start(hydra.group, slay, &hydra);
    ck_assert_code(runner_group_close(hydra.group, 0), RUNNER_EGROUP);
    ck_assert_int_ge(hydra.heads, 10);
    ck_assert_int_gt(hydra.refused, 0);
    runner_error_group_t *errors = runner_group_errors(hydra.group);
    ck_assert_uint_eq(runner_error_group_count(errors), (size_t)hydra.refused + 1);
    ck_assert_code(runner_error_group_get(errors, 0, &error), 0);
    ck_assert_code(error.code, -5);
    runner_group_unref(hydra.group);
    return 0;
}

START_TEST(R167_a_group_ends_though_its_children_never_stop_spawning)
{
    run(fight);
}
END_TEST

/* --- closing ----------------------------------------------------------------------------- */

static int close_of_another(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_group_close(arg, 0), RUNNER_EOWNER);
    ck_assert_code(runner_group_close(arg, -5), RUNNER_EOWNER);
    log_add("owner");
    return 0;
}

static int close_in_callback(void *arg)
{
    ck_assert_code(runner_group_close(arg, 0), RUNNER_ENOTASK);
    log_add("task");
    return 0;
}

static int close_badly(void *arg, void **result)
{
    work_t work = {"a", 20, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, close_of_another, group);
    ck_assert_code(runner_group_close(NULL, 0), RUNNER_EINVAL);
    ck_assert_code(runner_group_close(group, 1), RUNNER_EINVAL);
    ck_assert_code(await_and_unref(spawn_task(close_of_another, group)), 0);
    ck_assert_code(runner_call_soon(runner_current(), close_in_callback, group, NULL), 0);
    ck_assert_code(runner_sleep(10), 0);
    /* Nothing was done: the group is open, and its child has not been cancelled. */
    start(group, log_body, "child");
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 20);
    runner_group_unref(group);
    return 0;
}

START_TEST(R165_only_the_owner_closes_and_not_with_a_positive_code)
{
    run(close_badly);
    log_expect("owner,owner,task,child,a 0");
}
END_TEST

static int close_again(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_group_close(arg, 0), RUNNER_EFINISHED);
    log_add("finished");
    return 0;
}

static int close_while_the_owner_waits(void *arg, void **result)
{
    work_t work = {"a", 10, 0, 0};
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    start(group, close_again, group);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 10);
    runner_group_unref(group);
    return 0;
}

START_TEST(R165_nobody_closes_a_group_again_while_the_owner_waits)
{
    run(close_while_the_owner_waits);
    log_expect("finished,a 0");
}
END_TEST

START_TEST(R024_null_group)
{
    runner_group_error_t error = {.size = sizeof error, .code = -1};
    ck_assert_code(runner_group_open(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_group_cancel(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_group_close(NULL, 0), RUNNER_EINVAL);
    ck_assert_uint_eq(runner_group_count(NULL), 0);
    ck_assert_ptr_null(runner_group_errors(NULL));
    runner_group_unref(NULL);
    ck_assert_uint_eq(runner_error_group_count(NULL), 0);
    ck_assert_code(runner_error_group_get(NULL, 0, &error), RUNNER_EINVAL);
    ck_assert_int_eq(error.code, -1);
    ck_assert_ptr_null(runner_error_group_ref(NULL));
    runner_error_group_unref(NULL);
    ck_assert_ptr_null(runner_run_errors(NULL));
    ck_assert_ptr_null(runner_future_errors(NULL));
}
END_TEST

/* --- other loops and threads ------------------------------------------------------------- */

/* Groups of one loop, used from outside of it. */
typedef struct groups {
    runner_group_t *fresh;
    runner_group_t *open;
} groups_t;

static int own_for_ever(void *arg, void **result)
{
    static work_t work = {"child", RUNNER_FOREVER, 0, 0};
    groups_t *groups = arg;
    (void)result;
    groups->fresh = new_group();
    groups->open = open_group();
    start(groups->open, do_work, &work);
    int code = runner_group_close(groups->open, runner_sleep(RUNNER_FOREVER));
    log_add("owner %s", code_name(code));
    return code;
}

static int leave_owner(void *arg, void **result)
{
    (void)result;
    runner_task_unref(spawn_task(own_for_ever, arg));
    ck_assert_code(runner_yield(), 0);
    return runner_yield();
}

static int use_foreign(void *arg, void **result)
{
    const groups_t *groups = arg;
    (void)result;
    ck_assert_code(runner_group_open(groups->fresh), RUNNER_EFOREIGN);
    ck_assert_refused(groups->open, RUNNER_EFOREIGN);
    ck_assert_code(runner_group_close(groups->open, 0), RUNNER_EOWNER);
    ck_assert_uint_eq(runner_group_count(groups->open), 1);
    return runner_yield();
}

START_TEST(R165_R166_a_group_belongs_to_one_loop)
{
    groups_t groups = {NULL, NULL};
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, leave_owner, &groups, NULL, NULL), 0);
    ck_assert_refused(groups.open, RUNNER_ENOLOOP);
    ck_assert_code(runner_group_close(groups.open, 0), RUNNER_ENOTASK);
    runner_t *other = test_runner();
    ck_assert_code(runner_run(other, use_foreign, &groups, NULL, NULL), 0);
    runner_free(other);
    log_expect("");
    runner_free(runner);
    log_expect("child RUNNER_ECANCELED,owner RUNNER_ECANCELED");
    runner_group_unref(groups.fresh);
    runner_group_unref(groups.open);
}
END_TEST

static void *use_from_thread(void *arg)
{
    runner_group_t *group = NULL;
    ck_assert_code(runner_group_new(&group), RUNNER_ENOLOOP);
    ck_assert_ptr_null(group);
    ck_assert_refused(arg, RUNNER_ENOLOOP);
    ck_assert_code(runner_group_cancel(arg), RUNNER_ETHREAD);
    return NULL;
}

static int be_used_from_thread(void *arg, void **result)
{
    work_t work = {"a", 10, 0, 0};
    pthread_t thread;
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    start(group, do_work, &work);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_from_thread, group), 0);
    pthread_join(thread, NULL);
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(another_thread_is_refused_in_debug_mode)
{
    runner_options_t opts = test_options();
    opts.debug = RUNNER_ON;
    runner_t *runner = test_runner_with(&opts);
    ck_assert_code(runner_run(runner, be_used_from_thread, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    log_expect("a 0");
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_refuse");
    TCase *tcase = test_case(suite, "opening");
    tcase_add_test(tcase, R166_only_a_task_can_open_a_group);
    tcase_add_test(tcase, R166_a_group_is_entered_once);
    tcase = test_case(suite, "spawning");
    tcase_add_test(tcase, R165_a_new_group_takes_no_children);
    tcase_add_test(tcase, R165_nor_does_a_closed_one);
    tcase_add_test(tcase, R165_nor_one_that_is_aborting);
    tcase_add_test(tcase, R165_nor_one_that_has_seen_its_last_child);
    tcase_add_test(tcase, R165_one_whose_last_child_still_counts_does);
    tcase_add_test(tcase, R165_bad_arguments_are_refused_and_dropped);
    tcase_add_test(tcase, R167_a_group_ends_though_its_children_never_stop_spawning);
    tcase = test_case(suite, "closing");
    tcase_add_test(tcase, R165_only_the_owner_closes_and_not_with_a_positive_code);
    tcase_add_test(tcase, R165_nobody_closes_a_group_again_while_the_owner_waits);
    tcase_add_test(tcase, R024_null_group);
    tcase = test_case(suite, "loops and threads");
    tcase_add_test(tcase, R165_R166_a_group_belongs_to_one_loop);
    tcase_add_test(tcase, another_thread_is_refused_in_debug_mode);
    return test_main(suite);
}
