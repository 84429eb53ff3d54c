/*
 * Gather: deep chains, and tasks that wait for themselves through a gather. Neither may need a deep
 * stack, nor go round for ever.
 */
#include "inputs.h"

#include <stdlib.h>

/* --- deep -------------------------------------------------------------------------------- */

/* How many are in a chain; fewer where they are slow, still too many for a small stack. */
static int length = 5000;

/* Most of the tasks of a chain are stackless, to keep it cheap; some are coroutines. */
typedef struct link {
    runner_future_t *future; /* what it waits for */
    runner_task_t *task;
    int called;
} link_t;

static int step_of_link(void *arg, int status, void **result)
{
    link_t *link = arg;
    return link->called++ == 0 ? runner_future_await(link->future, result) : status;
}

static int body_of_link(void *arg, void **result)
{
    link_t *link = arg;
    return runner_future_await(link->future, result);
}

/* Every task awaits a gather of the one before it; the first waits for `leaf`. */
static link_t *new_chain(runner_future_t *leaf)
{
    link_t *links = calloc((size_t)length, sizeof *links);
    ck_assert_ptr_nonnull(links);
    for (int i = 0; i < length; i++) {
        runner_future_t *input = i > 0 ? runner_task_future(links[i - 1].task) : leaf;
        links[i].future = gather(&input, 1, i % 2);
        int code = i % 50 == 0 ? runner_spawn(body_of_link, &links[i], NULL, &links[i].task)
                               : runner_spawn_step(step_of_link, &links[i], NULL, &links[i].task);
        ck_assert_code(code, 0);
    }
    ck_assert_code(runner_yield(), 0);
    for (int i = 0; i < length; i++) { /* the wait keeps it */
        runner_future_unref(links[i].future);
    }
    return links;
}

static void free_chain(link_t *links)
{
    for (int i = 0; i < length; i++) {
        runner_task_unref(links[i].task);
    }
    free(links);
}

static int cancel_chain(void *arg, void **result)
{
    runner_future_t *leaf = new_future();
    link_t *links = new_chain(leaf);
    (void)arg;
    (void)result;
    ck_assert_code(runner_task_cancel(links[length - 1].task), 0);
    ck_assert_code(runner_future_status(leaf), RUNNER_ECANCELED);
    ck_assert_code(runner_await(links[length - 1].task, NULL), RUNNER_ECANCELED);
    for (int i = 0; i < length; i++) {
        ck_assert_int_eq(runner_task_cancelled(links[i].task), 1);
        ck_assert_int_eq(runner_task_cancelling(links[i].task), 1);
    }
    free_chain(links);
    runner_future_unref(leaf);
    return 0;
}

START_TEST(R147_a_deep_chain_of_tasks_and_gathers_is_cancelled_on_a_small_stack)
{
    run(cancel_chain);
}
END_TEST

typedef struct leftover {
    runner_future_t *leaf;
    link_t *links;
} leftover_t;

static int leave_chain(void *arg, void **result)
{
    leftover_t *leftover = arg;
    (void)result;
    leftover->links = new_chain(leftover->leaf);
    return 0;
}

START_TEST(R079_a_deep_chain_that_is_left_over_ends_at_close)
{
    runner_t *runner = test_runner();
    leftover_t leftover = {future_of(runner), NULL};
    ck_assert_code(runner_run(runner, leave_chain, &leftover, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    for (int i = 0; i < length; i++) {
        ck_assert_int_eq(runner_task_cancelled(leftover.links[i].task), 1);
    }
    runner_free(runner);
    free_chain(leftover.links);
    runner_future_unref(leftover.leaf);
}
END_TEST

/* A gather of a gather of a gather. Each is held by the next one alone. */
static runner_future_t *new_tower(runner_future_t *leaf)
{
    runner_future_t *top = runner_future_ref(leaf);
    for (int i = 0; i < length; i++) {
        runner_future_t *above = gather(&top, 1, i % 2);
        runner_future_unref(top);
        top = above;
    }
    return top;
}

static int settle_towers(void *arg, void **result)
{
    static const int leaf_codes[] = {0, RUNNER_ECANCELED, -5, RUNNER_EPENDING};
    (void)arg;
    (void)result;
    for (int way = 0; way < 4; way++) {
        runner_future_t *leaf = new_future();
        runner_future_t *top = new_tower(leaf);
        void *value = NULL;
        if (way == 0) {
            resolve(leaf, 7);
            ck_assert_code(runner_future_await(top, &value), 0);
            for (int i = 0; i < length; i++) { /* every array is there as long as the top is */
                value = ((void **)value)[0];
            }
            ck_assert_int_eq(number_of(value), 7);
        } else if (way == 1) {
            cancel(top);
            ck_assert_code(runner_future_status(leaf), RUNNER_ECANCELED);
            ck_assert_code(runner_future_await(top, NULL), RUNNER_ECANCELED);
        } else if (way == 2) {
            /* Every other one returns errors, so the error ends at the second one. */
            reject(leaf, -5);
            ck_assert_code(runner_future_await(top, NULL), 0);
        }
        runner_future_unref(top); /* the last time before it is done */
        ck_assert_code(runner_future_status(leaf), leaf_codes[way]);
        runner_future_unref(leaf);
    }
    return 0;
}

START_TEST(a_deep_tower_of_gathers_ends_and_goes_on_a_small_stack)
{
    run(settle_towers);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* --- cycles ------------------------------------------------------------------------------ */

/* Tasks of which each awaits a gather of the next one, and the last one of the first. */
typedef struct knot {
    runner_future_t *future;
    runner_task_t *task;
    int called;
} knot_t;

static int body_of_knot(void *arg, void **result)
{
    knot_t *knot = arg;
    return runner_future_await(knot->future, result);
}

static int step_of_knot(void *arg, int status, void **result)
{
    knot_t *knot = arg;
    return knot->called++ == 0 ? runner_future_await(knot->future, result) : status;
}

static void tie(knot_t *knots, int count)
{
    for (int i = 0; i < count; i++) {
        int code = i % 2 == 0 ? runner_spawn(body_of_knot, &knots[i], NULL, &knots[i].task)
                              : runner_spawn_step(step_of_knot, &knots[i], NULL, &knots[i].task);
        ck_assert_code(code, 0);
    }
    for (int i = 0; i < count; i++) {
        runner_future_t *next = runner_task_future(knots[(i + 1) % count].task);
        knots[i].future = gather(&next, 1, 0);
    }
    ck_assert_code(runner_yield(), 0);
    for (int i = 0; i < count; i++) {
        runner_future_unref(knots[i].future);
    }
}

static int cancel_cycles(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int count = 1; count <= 4; count++) {
        knot_t knots[4] = {{NULL, NULL, 0}};
        tie(knots, count);
        ck_assert_code(runner_task_cancel(knots[0].task), 0);
        for (int i = 0; i < count; i++) {
            await_and_unref(knots[i].task, RUNNER_ECANCELED);
        }
    }
    return 0;
}

START_TEST(tasks_that_wait_for_themselves_through_gathers_can_be_cancelled)
{
    run(cancel_cycles);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* Two of which one waits directly, or through a gather of a gather, or through a shield. */
static int cancel_mixed_cycles(void *arg, void **result)
{
    (void)arg;
    (void)result;
    for (int way = 0; way < 3; way++) {
        for (int first = 0; first < 2; first++) {
            knot_t knots[2] = {{NULL, NULL, 0}, {NULL, NULL, 0}};
            runner_future_t *inputs[2];
            for (int i = 0; i < 2; i++) {
                ck_assert_code(runner_spawn(body_of_knot, &knots[i], NULL, &knots[i].task), 0);
                inputs[1 - i] = runner_task_future(knots[i].task);
            }
            knots[0].future = gather(&inputs[0], 1, 0);
            knots[1].future = way == 0 ? runner_future_ref(inputs[1]) : gather(&inputs[1], 1, 1);
            if (way > 0) {
                runner_future_t *inner = knots[1].future;
                knots[1].future = way == 1 ? gather(&inner, 1, 0) : shield(inner);
                runner_future_unref(inner);
            }
            ck_assert_code(runner_yield(), 0);
            ck_assert_code(runner_task_cancel(knots[first].task), 0);
            for (int i = 0; i < 2; i++) {
                await_and_unref(knots[i].task, RUNNER_ECANCELED);
                runner_future_unref(knots[i].future);
            }
        }
    }
    return 0;
}

START_TEST(it_does_not_matter_through_what_they_wait)
{
    run(cancel_mixed_cycles);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

/* Logs its name when it is cancelled, and ends so. */
static int log_cancel(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s", (const char *)arg);
    return code;
}

static int cancel_cycle_with_another(void *arg, void **result)
{
    runner_task_t *other = NULL;
    knot_t knot = {NULL, NULL, 0};
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(log_cancel, "other", NULL, &other), 0);
    ck_assert_code(runner_spawn(body_of_knot, &knot, NULL, &knot.task), 0);
    runner_future_t *inputs[3] = {runner_task_future(knot.task), runner_task_future(other),
                                  runner_task_future(knot.task)};
    knot.future = gather(inputs, 3, 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(knot.task), 0);
    await_and_unref(knot.task, RUNNER_ECANCELED);
    await_and_unref(other, RUNNER_ECANCELED);
    ck_assert_code(runner_future_await(knot.future, NULL), RUNNER_ECANCELED);
    runner_future_unref(knot.future);
    return 0;
}

START_TEST(who_else_is_gathered_in_a_cycle_is_cancelled_too)
{
    run(cancel_cycle_with_another);
    log_expect("other");
}
END_TEST

static int leave_cycle(void *arg, void **result)
{
    (void)result;
    tie(arg, 3);
    return 0;
}

/* Nobody can say which of them should end first; that close comes to an end is what counts. */
START_TEST(a_cycle_that_is_left_over_ends_at_close)
{
    runner_t *runner = test_runner();
    knot_t knots[3] = {{NULL, NULL, 0}};
    ck_assert_code(runner_run(runner, leave_cycle, knots, NULL, NULL), 0);
    int code = runner_close(runner);
    ck_assert(code == 0 || code == RUNNER_EDEADLK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(runner_task_done(knots[i].task), 1);
        runner_task_unref(knots[i].task);
    }
    runner_free(runner);
}
END_TEST

static int await_myself(void *arg, void **result)
{
    runner_future_t *self = runner_task_future(runner_current_task());
    (void)arg;
    runner_future_t *gathered = gather(&self, 1, 0);
    int code = runner_future_await(gathered, result);
    log_add("main %s", code_name(code));
    runner_future_unref(gathered);
    return code;
}

START_TEST(main_that_waits_for_itself_is_a_deadlock)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, await_myself, NULL, NULL, NULL), RUNNER_EDEADLK);
    ck_assert_code(runner_close(runner), 0);
    log_expect("main RUNNER_ECANCELED");
    runner_free(runner);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    const char *under = getenv("RUNNER_TEST_UNDER");
    Suite *suite = suite_create("gather deep");
    if (under != NULL && strcmp(under, "valgrind") == 0) {
        length = 1000;
    }
    TCase *tcase = test_case(suite, "chains");
    tcase_add_test(tcase, R147_a_deep_chain_of_tasks_and_gathers_is_cancelled_on_a_small_stack);
    tcase_add_test(tcase, R079_a_deep_chain_that_is_left_over_ends_at_close);
    tcase_add_test(tcase, a_deep_tower_of_gathers_ends_and_goes_on_a_small_stack);
    tcase = test_case(suite, "cycles");
    tcase_add_test(tcase, tasks_that_wait_for_themselves_through_gathers_can_be_cancelled);
    tcase_add_test(tcase, it_does_not_matter_through_what_they_wait);
    tcase_add_test(tcase, who_else_is_gathered_in_a_cycle_is_cancelled_too);
    tcase_add_test(tcase, a_cycle_that_is_left_over_ends_at_close);
    tcase_add_test(tcase, main_that_waits_for_itself_is_a_deadlock);
    return test_main(suite);
}
