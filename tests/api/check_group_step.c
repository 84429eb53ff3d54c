/* Task groups of stackless tasks: owners that park in close, and children without stacks. */
#include "groups.h"

/* --- helpers ----------------------------------------------------------------------------- */

/* A body that goes through its steps: `state` is the next one. */
typedef struct machine {
    int state;
    const char *name;
    runner_group_t *group;
    runner_group_t *inner;
    struct machine *child;
    uint64_t ms;
    int code;         /* what a child ends with */
    int if_cancelled; /* and if it was cancelled; 0 is RUNNER_ECANCELED */
} machine_t;

/* A child: it sleeps, says how that ended, and ends. */
static int work_in_steps(void *arg, int status, void **result)
{
    machine_t *m = arg;
    if (m->state++ == 0) {
        ck_assert_code(status, 0);
        return runner_sleep(m->ms);
    }
    log_add("%s %s", m->name, code_name(status));
    *result = value_of((intptr_t)m->ms);
    if (status == 0) {
        return m->code;
    }
    return m->if_cancelled != 0 ? m->if_cancelled : status;
}

static runner_task_t *spawn_step(runner_group_t *group, runner_step_fn fn, void *arg)
{
    runner_spawn_options_t opts = child_options();
    runner_task_t *task = NULL;
    ck_assert_code(runner_group_spawn_step(group, fn, arg, &opts, &task), 0);
    ck_assert_ptr_nonnull(task);
    return task;
}

static void start_step(runner_group_t *group, runner_step_fn fn, void *arg)
{
    runner_task_unref(spawn_step(group, fn, arg));
}

static runner_task_t *spawn_step_task(runner_step_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(fn, arg, NULL, &task), 0);
    return task;
}

/* Run a stackless task of this body to its end. */
static int run_step(runner_step_fn body, machine_t *m)
{
    return await_and_unref(spawn_step_task(body, m));
}

/* The same, cancelled after 10 ms. */
static int cancel_step(runner_step_fn body, machine_t *m)
{
    runner_task_t *task = spawn_step_task(body, m);
    ck_assert_code(runner_sleep(10), 0);
    ck_assert_int_eq(runner_task_done(task), 0);
    ck_assert_code(runner_task_cancel(task), 0);
    return await_and_unref(task);
}

/* --- an owner without a stack ------------------------------------------------------------ */

static int own_two(void *arg, int status, void **result)
{
    static machine_t children[] = {{.name = "a", .ms = 10}, {.name = "b", .ms = 20}};
    machine_t *m = arg;
    (void)result;
    if (m->state++ == 0) {
        m->group = open_group();
        start_step(m->group, work_in_steps, &children[0]);
        start_step(m->group, work_in_steps, &children[1]);
        ck_assert_uint_eq(runner_group_count(m->group), 2);
        ck_assert_code(runner_group_close(m->group, 0), RUNNER_EPARKED);
        log_add("parked");
        return RUNNER_EPARKED;
    }
    log_add("closed %s", code_name(status));
    ck_assert_uint_eq(now(), 20);
    ck_assert_uint_eq(runner_group_count(m->group), 0);
    ck_assert_code(runner_group_close(m->group, 0), RUNNER_EFINISHED);
    runner_group_unref(m->group);
    return status;
}

static int await_owner_of_two(void *arg, void **result)
{
    machine_t m = {0};
    (void)arg;
    (void)result;
    return run_step(own_two, &m);
}

START_TEST(R156_closing_parks_until_every_child_has_ended)
{
    run(await_owner_of_two);
    log_expect("parked,a 0,b 0,closed 0");
    ck_assert_int_eq(drops(), 2);
    ck_assert_int_eq(result_drops(), 2);
}
END_TEST

static int own_none(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    ck_assert_code(status, 0);
    m->group = open_group();
    int code = runner_group_close(m->group, m->code);
    log_add("%s", code_name(code));
    ck_assert_errors(runner_group_errors(m->group), m->code == -5 ? "-5*" : "");
    runner_group_unref(m->group);
    return code;
}

static int await_owners_of_none(void *arg, void **result)
{
    machine_t machines[] = {{.code = 0}, {.code = -5}, {.code = RUNNER_ECANCELED}};
    (void)arg;
    (void)result;
    ck_assert_code(run_step(own_none, &machines[0]), 0);
    ck_assert_code(run_step(own_none, &machines[1]), RUNNER_EGROUP);
    ck_assert_code(run_step(own_none, &machines[2]), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R156_R159_without_children_closing_does_not_park)
{
    run(await_owners_of_none);
    log_expect("0,RUNNER_EGROUP,RUNNER_ECANCELED");
}
END_TEST

static int tick(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    ck_assert_code(status, 0);
    if (m->state == 5) {
        return 0;
    }
    log_add("t%d", m->state++);
    return runner_yield();
}

static int end_at_once(void *arg, int status, void **result)
{
    const machine_t *m = arg;
    (void)result;
    ck_assert_code(status, 0);
    log_add("child");
    return m->code;
}

static int count_turns(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    ck_assert_code(status, 0);
    if (m->state++ == 0) {
        m->group = open_group();
        start_step(m->group, end_at_once, m->child);
        log_add("body");
        return runner_group_close(m->group, 0);
    }
    log_add("closed");
    runner_group_unref(m->group);
    return 0;
}

static int await_turns(void *arg, void **result)
{
    machine_t child = {0};
    machine_t ticker = {0};
    machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_step_task(count_turns, &owner);
    ck_assert_code(run_step(tick, &ticker), 0);
    return await_and_unref(task);
}

START_TEST(R156_turns_are_the_same_as_with_a_stack)
{
    run(await_turns);
    log_expect("body,t0,child,t1,t2,closed,t3,t4");
}
END_TEST

/* --- children without stacks ------------------------------------------------------------- */

static int look_on(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    if (m->state++ == 0) {
        log_add("%s", runner_task_name(runner_current_task()));
        ck_assert_code(runner_group_close(m->group, 0), RUNNER_EOWNER);
        ck_assert_code(runner_group_open(m->group), RUNNER_EENTERED);
        return runner_sleep(m->ms);
    }
    start_step(m->group, work_in_steps, m->child); /* also a child may spawn */
    return status;
}

static int own_on_stack(void *arg, void **result)
{
    machine_t grandchild = {.name = "grandchild", .ms = 5};
    machine_t eager = {.name = "eager", .ms = 20};
    machine_t looker = {.ms = 10, .child = &grandchild};
    runner_spawn_options_t opts = child_options();
    runner_task_t *task = NULL;
    void *value = NULL;
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    looker.group = group;
    opts.name = "looker";
    opts.stack_bytes = 1 << 20; /* means nothing here */
    ck_assert_code(runner_group_spawn_step(group, look_on, &looker, &opts, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    opts.eager = 1;
    ck_assert_code(runner_group_spawn_step(group, work_in_steps, &eager, &opts, &task), 0);
    ck_assert_int_eq(eager.state, 1); /* it has begun */
    ck_assert_uint_eq(runner_group_count(group), 2);
    ck_assert_code(runner_group_close(group, 0), 0);
    ck_assert_uint_eq(now(), 20);
    ck_assert_code(runner_task_result(task, &value), 0);
    ck_assert_int_eq(number_of(value), 20);
    runner_task_unref(task);
    runner_group_unref(group);
    return 0;
}

START_TEST(R156_R189_children_need_no_stacks)
{
    run(own_on_stack);
    log_expect("looker,grandchild 0,eager 0");
    ck_assert_int_eq(drops(), 3);
}
END_TEST

static int own_many(void *arg, void **result)
{
    machine_t children[10];
    (void)arg;
    (void)result;
    runner_group_t *group = open_group();
    for (int i = 0; i < 10; i++) {
        children[i] = (machine_t){.name = "", .ms = 30};
        start_step(group, work_in_steps, &children[i]);
        ck_assert_code(runner_sleep(10), 0);
        ck_assert_uint_le(runner_group_count(group), 4);
    }
    ck_assert_code(runner_sleep(50), 0);
    ck_assert_uint_eq(runner_group_count(group), 0);
    int code = runner_group_close(group, 0);
    runner_group_unref(group);
    return code;
}

START_TEST(R169_stackless_children_leave_the_group_too)
{
    run(own_many);
    ck_assert_int_eq(result_drops(), 10);
}
END_TEST

/* --- failures ---------------------------------------------------------------------------- */

/* Opens, spawns `child` and another one, waits in its body, and closes with what that gave. */
static int own_failing(void *arg, int status, void **result)
{
    static machine_t sibling;
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        sibling = (machine_t){.name = "sibling", .ms = 100};
        m->group = open_group();
        start_step(m->group, work_in_steps, m->child);
        start_step(m->group, work_in_steps, &sibling);
        return runner_sleep(m->ms);
    case 1:
        log_add("body %s", code_name(status));
        return runner_group_close(m->group, status);
    default:
        log_add("closed %s", code_name(status));
        ck_assert_int_eq(cancelling(), 0);
        ck_assert_errors(runner_group_errors(m->group), "-5");
        runner_group_unref(m->group);
        return status;
    }
}

static int await_failing(void *arg, void **result)
{
    machine_t child = {.name = "a", .ms = 10, .code = -5};
    machine_t owner = {.ms = 50, .child = &child};
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_step_task(own_failing, &owner);
    ck_assert_code(runner_await(task, NULL), RUNNER_EGROUP);
    ck_assert_errors(runner_future_errors(runner_task_future(task)), "-5");
    runner_task_unref(task);
    ck_assert_uint_eq(now(), 10);

    child.state = 0;
    owner = (machine_t){.ms = 0, .child = &child}; /* the body is over when the child fails */
    return run_step(own_failing, &owner) == RUNNER_EGROUP ? 0 : -5;
}

START_TEST(R158_a_failing_child_cancels_its_siblings_and_the_parked_body)
{
    run(await_failing);
    log_expect("a 0,sibling RUNNER_ECANCELED,body RUNNER_ECANCELED,closed RUNNER_EGROUP,"
               "body 0,a 0,sibling RUNNER_ECANCELED,closed RUNNER_EGROUP");
    ck_assert_int_eq(exceptions(), 0);
    ck_assert_int_eq(drops(), 4);
}
END_TEST

/* Its body fails while children run. */
static int fail_in_body(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->group = open_group();
        start_step(m->group, work_in_steps, m->child);
        return runner_sleep(5);
    case 1:
        return runner_group_close(m->group, -6);
    default:
        ck_assert_code(status, RUNNER_EGROUP);
        ck_assert_errors(runner_group_errors(m->group), "-7,-6*");
        runner_group_unref(m->group);
        return status;
    }
}

static int await_failing_body(void *arg, void **result)
{
    machine_t child = {.name = "a", .ms = 10, .if_cancelled = -7};
    machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    ck_assert_code(run_step(fail_in_body, &owner), RUNNER_EGROUP);
    ck_assert_uint_eq(now(), 5);
    return 0;
}

START_TEST(R159_the_error_of_a_stackless_body_comes_last)
{
    run(await_failing_body);
    log_expect("a RUNNER_ECANCELED");
}
END_TEST

static int abort_step(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->group = open_group();
        start_step(m->group, work_in_steps, m->child);
        return runner_sleep(5);
    case 1:
        return runner_group_close(m->group, runner_abort(-77));
    default:
        log_add("closed");
        ck_assert_code(status, -77);
        runner_group_unref(m->group);
        return status;
    }
}

static int await_abort(void *arg, void **result)
{
    static machine_t child = {.name = "a", .ms = 10};
    static machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    return run_step(abort_step, &owner);
}

START_TEST(R163_an_abort_of_a_stackless_body_is_not_wrapped)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_abort, NULL, NULL, NULL), -77);
    runner_free(runner);
    log_expect("a RUNNER_ECANCELED,closed");
}
END_TEST

/* --- cancel ------------------------------------------------------------------------------ */

/* Parks in close at once; then in another wait, to see what is left of the cancel. */
static int close_and_wait(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->group = open_group();
        start_step(m->group, work_in_steps, m->child);
        return runner_group_close(m->group, 0);
    case 1:
        log_add("closed %s", code_name(status));
        log_add("%d", cancelling());
        runner_group_unref(m->group);
        return runner_yield();
    default:
        log_add("then %s", code_name(status));
        return status;
    }
}

static int cancel_parked(void *arg, void **result)
{
    machine_t child = {.name = "a", .ms = 100};
    machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    ck_assert_code(cancel_step(close_and_wait, &owner), 0);
    child = (machine_t){.name = "b", .ms = 100, .if_cancelled = -5};
    owner.state = 0;
    ck_assert_code(cancel_step(close_and_wait, &owner), RUNNER_ECANCELED);
    return 0;
}

START_TEST(R160_R161_an_owner_that_is_parked_in_close_is_cancelled)
{
    run(cancel_parked);
    log_expect("a RUNNER_ECANCELED,closed RUNNER_ECANCELED,1,then 0,"
               "b RUNNER_ECANCELED,closed RUNNER_EGROUP,1,then RUNNER_ECANCELED");
}
END_TEST

static int fail_and_wait(void *arg, void **result)
{
    machine_t child = {.name = "a", .ms = 10, .code = -5};
    machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    return run_step(close_and_wait, &owner);
}

START_TEST(R164_the_cancel_of_a_failed_group_is_taken_back)
{
    run(fail_and_wait);
    log_expect("a 0,closed RUNNER_EGROUP,0,then 0");
}
END_TEST

/* Two groups, whose children fail in one turn. */
static int fail_in_both(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->group = open_group();
        m->inner = open_group();
        start_step(m->inner, work_in_steps, &m->child[0]);
        start_step(m->group, work_in_steps, &m->child[1]);
        return runner_group_close(m->inner, 0);
    case 1:
        ck_assert_code(status, RUNNER_EGROUP);
        ck_assert_int_eq(cancelling(), 1);
        runner_group_unref(m->inner);
        return runner_sleep(100);
    case 2:
        ck_assert_code(status, RUNNER_ECANCELED);
        status = runner_group_close(m->group, status);
        ck_assert_code(status, RUNNER_EGROUP);
        ck_assert_int_eq(cancelling(), 0);
        runner_group_unref(m->group);
        return runner_sleep(5);
    default:
        return status;
    }
}

static int await_both(void *arg, void **result)
{
    machine_t children[] = {{.name = "inner", .ms = 10, .code = -5},
                            {.name = "outer", .ms = 10, .code = -6}};
    machine_t owner = {.child = children};
    (void)arg;
    (void)result;
    ck_assert_code(run_step(fail_in_both, &owner), 0);
    ck_assert_uint_eq(now(), 15);
    return 0;
}

START_TEST(R162_two_groups_of_a_stackless_task_fail_at_once)
{
    run(await_both);
    log_expect("inner 0,outer 0");
}
END_TEST

static int cancel_own_group(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->group = open_group();
        start_step(m->group, work_in_steps, m->child);
        return runner_sleep(5);
    case 1:
        ck_assert_code(runner_group_cancel(m->group), 0);
        ck_assert_int_eq(cancelling(), 1);
        return runner_sleep(100);
    case 2:
        log_add("body %s", code_name(status));
        return runner_group_close(m->group, status);
    case 3:
        log_add("closed %s", code_name(status));
        ck_assert_int_eq(cancelling(), 0);
        runner_group_unref(m->group);
        return runner_yield();
    default:
        return status;
    }
}

static int await_own_cancel(void *arg, void **result)
{
    machine_t child = {.name = "a", .ms = 100};
    machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    ck_assert_code(run_step(cancel_own_group, &owner), 0);
    ck_assert_uint_eq(now(), 5);
    return 0;
}

START_TEST(R168_a_stackless_body_may_cancel_its_group)
{
    run(await_own_cancel);
    log_expect("a RUNNER_ECANCELED,body RUNNER_ECANCELED,closed 0");
}
END_TEST

static int leave_parked(void *arg, void **result)
{
    (void)result;
    runner_task_unref(spawn_step_task(close_and_wait, arg));
    return runner_sleep(1);
}

START_TEST(R079_R160_a_parked_owner_is_unwound_when_the_runner_closes)
{
    runner_t *runner = test_runner();
    machine_t child = {.name = "a", .ms = RUNNER_FOREVER};
    machine_t owner = {.child = &child};
    ck_assert_code(runner_run(runner, leave_parked, &owner, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
    log_expect("a RUNNER_ECANCELED,closed RUNNER_ECANCELED,1,then 0");
}
END_TEST

/* --- refusals ---------------------------------------------------------------------------- */

static int close_while_parked(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    switch (m->state++) {
    case 0:
        m->group = open_group();
        start_step(m->group, work_in_steps, m->child);
        ck_assert_code(runner_sleep(5), RUNNER_EPARKED);
        ck_assert_code(runner_group_close(m->group, -5), RUNNER_EBUSY);
        return RUNNER_EPARKED;
    case 1:
        /* Nothing was done: the sleep has gone on, the group is open, its child not cancelled. */
        ck_assert_code(status, 0);
        ck_assert_uint_eq(now(), 5);
        ck_assert_code(runner_group_close(m->group, 0), RUNNER_EPARKED);
        ck_assert_code(runner_sleep(5), RUNNER_EBUSY);
        return RUNNER_EPARKED;
    default:
        ck_assert_uint_eq(now(), 10);
        runner_group_unref(m->group);
        return status;
    }
}

static int await_impatient(void *arg, void **result)
{
    machine_t child = {.name = "a", .ms = 10};
    machine_t owner = {.child = &child};
    (void)arg;
    (void)result;
    return run_step(close_while_parked, &owner);
}

START_TEST(a_parked_task_cannot_close)
{
    run(await_impatient);
    log_expect("a 0");
}
END_TEST

static int not_called(runner_group_t *group, void *arg)
{
    (void)group;
    (void)arg;
    log_add("called");
    return 0;
}

static int use_with_group(void *arg, int status, void **result)
{
    runner_error_group_t *errors = NULL;
    (void)arg;
    (void)status;
    (void)result;
    ck_assert_code(runner_with_group(not_called, NULL, &errors), RUNNER_ENOTSUP);
    ck_assert_ptr_null(errors);
    return 0;
}

static int await_with_group(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return run_step(use_with_group, NULL);
}

START_TEST(with_group_needs_a_stack)
{
    run(await_with_group);
    log_expect("");
}
END_TEST

/* --- owners that leave ------------------------------------------------------------------- */

/* Parks in close, and ends all the same. */
static int close_and_leave(void *arg, int status, void **result)
{
    machine_t *m = arg;
    (void)result;
    ck_assert_code(status, 0);
    ck_assert_int_eq(m->state++, 0);
    runner_group_t *group = open_group();
    start_step(group, work_in_steps, &m->child[0]);
    start_step(group, work_in_steps, &m->child[1]);
    ck_assert_code(runner_group_close(group, 0), RUNNER_EPARKED);
    runner_group_unref(group);
    return 0;
}

static int await_leaver(void *arg, void **result)
{
    machine_t children[] = {{.name = "a", .ms = 10, .code = -5}, {.name = "b", .ms = 20}};
    machine_t owner = {.child = children};
    (void)arg;
    (void)result;
    ck_assert_code(run_step(close_and_leave, &owner), 0);
    log_add("left");
    return runner_sleep(50);
}

START_TEST(R158_an_owner_that_leaves_while_it_closes_leaves_its_children)
{
    run(await_leaver);
    log_expect("left,a 0,eh,b 0");
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
    ck_assert_int_eq(drops(), 2);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("group_step");
    TCase *tcase = test_case(suite, "an owner without a stack");
    tcase_add_test(tcase, R156_closing_parks_until_every_child_has_ended);
    tcase_add_test(tcase, R156_R159_without_children_closing_does_not_park);
    tcase_add_test(tcase, R156_turns_are_the_same_as_with_a_stack);
    tcase = test_case(suite, "children without stacks");
    tcase_add_test(tcase, R156_R189_children_need_no_stacks);
    tcase_add_test(tcase, R169_stackless_children_leave_the_group_too);
    tcase = test_case(suite, "failures");
    tcase_add_test(tcase, R158_a_failing_child_cancels_its_siblings_and_the_parked_body);
    tcase_add_test(tcase, R159_the_error_of_a_stackless_body_comes_last);
    tcase_add_test(tcase, R163_an_abort_of_a_stackless_body_is_not_wrapped);
    tcase = test_case(suite, "cancel");
    tcase_add_test(tcase, R160_R161_an_owner_that_is_parked_in_close_is_cancelled);
    tcase_add_test(tcase, R164_the_cancel_of_a_failed_group_is_taken_back);
    tcase_add_test(tcase, R162_two_groups_of_a_stackless_task_fail_at_once);
    tcase_add_test(tcase, R168_a_stackless_body_may_cancel_its_group);
    tcase_add_test(tcase, R079_R160_a_parked_owner_is_unwound_when_the_runner_closes);
    tcase = test_case(suite, "refusals");
    tcase_add_test(tcase, a_parked_task_cannot_close);
    tcase_add_test(tcase, with_group_needs_a_stack);
    tcase = test_case(suite, "owners that leave");
    tcase_add_test(tcase, R158_an_owner_that_leaves_while_it_closes_leaves_its_children);
    return test_main(suite);
}
