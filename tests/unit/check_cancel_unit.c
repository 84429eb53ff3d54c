/* Cancellation of chains and cycles of awaiting tasks, and the stack of reasons. */
#include "check_support.h"

#include <stdlib.h>

#include "model.h"
#include "task.h"

/* A stackless task that awaits another one, or sleeps for ever. */
typedef struct link {
    runner_task_t *next;
    int parked;
    int swallows; /* ends with 0 whatever it is told */
    int status;   /* what it was told */
    const char *name;
} link_t;

static int await_next(void *arg, int status, void **result)
{
    link_t *link = arg;
    (void)result;
    if (!link->parked) {
        link->parked = 1;
        return link->next != NULL ? runner_await(link->next, NULL) : runner_sleep(RUNNER_FOREVER);
    }
    link->status = status;
    if (link->name != NULL) {
        log_add("%s", link->name);
    }
    return link->swallows ? 0 : status;
}

static runner_task_t *spawn_link(link_t *link)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(await_next, link, NULL, &task), 0);
    return task;
}

static runner_t *runner;

static void setup(void)
{
    runner = test_runner();
}

static void teardown(void)
{
    runner_free(runner);
}

static void run(runner_fn body, void *arg)
{
    ck_assert_code(runner_run(runner, body, arg, NULL, NULL), 0);
}

/* --- chains ------------------------------------------------------------------------------- */

enum { LENGTH = 200000, LENGTH_IN_VALGRIND = 20000 };

static runner_task_t *chain[LENGTH]; /* each awaits the one before it */
static link_t links[LENGTH];

static void spawn_chain(int length)
{
    memset(links, 0, sizeof links);
    for (int i = 0; i < length; i++) {
        links[i].next = i > 0 ? chain[i - 1] : NULL;
        chain[i] = spawn_link(&links[i]);
    }
}

static void release_chain(int length)
{
    for (int i = 0; i < length; i++) {
        runner_task_unref(chain[i]);
    }
}

/* On a stack of the default size: a cancel that calls itself for every task would not fit. */
static int cancel_long_chain(void *arg, void **result)
{
    int length = (int)number_of(arg);
    (void)result;
    spawn_chain(length);
    ck_assert_code(runner_yield(), 0);
    runner_task_t *last = chain[length - 1];
    ck_assert_code(runner_task_cancel(last), 0);
    ck_assert_int_eq(runner_task_cancel_reason(last), RUNNER_REASON_USER);
    for (int i = 0; i < length; i++) {
        model_assert(chain[i]->timer.cancels == 1, "task %d", i);
        model_assert((chain[i]->future.task_flags & RUNNER__TASK_VISITED) == 0, "task %d", i);
        model_assert((chain[i]->future.task_flags & RUNNER__TASK_MUST_CANCEL) == 0, "task %d", i);
        model_assert(i == length - 1 || runner_task_cancel_reason(chain[i]) == RUNNER_REASON_PARENT,
                     "task %d", i);
        model_assert(!runner_task_done(chain[i]), "task %d", i);
    }
    ck_assert_code(runner_await(last, NULL), RUNNER_ECANCELED);
    for (int i = 0; i < length; i++) {
        model_assert(links[i].status == RUNNER_ECANCELED, "task %d", i);
        model_assert(runner_task_cancelled(chain[i]), "task %d", i);
    }
    release_chain(length);
    return 0;
}

START_TEST(R147_test_cancel__very_long_chain_unwinds_without_recursion)
{
    const char *under = getenv("RUNNER_TEST_UNDER");
    bool slow = under != NULL && strcmp(under, "valgrind") == 0;
    run(cancel_long_chain, value_of(slow ? LENGTH_IN_VALGRIND : LENGTH));
}
END_TEST

static int cancel_middle_of_chain(void *arg, void **result)
{
    (void)arg;
    (void)result;
    spawn_chain(9);
    links[4].swallows = 1;
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(chain[6]), 0);
    for (int i = 0; i < 9; i++) {
        ck_assert_int_eq(runner_task_cancelling(chain[i]), i <= 6);
    }
    ck_assert_code(runner_await(chain[8], NULL), 0);
    for (int i = 0; i < 9; i++) {
        ck_assert_code(runner_task_status(chain[i]), i < 4 ? RUNNER_ECANCELED : 0);
    }
    release_chain(9);
    return 0;
}

START_TEST(R147_test_cancel__reaches_what_is_awaited_and_not_who_awaits)
{
    run(cancel_middle_of_chain, NULL);
}
END_TEST

static int cancel_again_from_further_down(void *arg, void **result)
{
    (void)arg;
    (void)result;
    spawn_chain(5);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_task_cancel(chain[4]), 0);
    ck_assert_code(runner_task_cancel(chain[2]), 0);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(runner_task_cancelling(chain[i]), i <= 2 ? 2 : 1);
        ck_assert_uint_eq(chain[i]->future.task_flags & RUNNER__TASK_VISITED, 0);
    }
    ck_assert_int_eq(runner_task_cancel_reason(chain[2]), RUNNER_REASON_USER);
    ck_assert_int_eq(runner_task_uncancel(chain[2]), 1);
    ck_assert_int_eq(runner_task_cancel_reason(chain[2]), RUNNER_REASON_PARENT);
    ck_assert_code(runner_await(chain[4], NULL), RUNNER_ECANCELED);
    release_chain(5);
    return 0;
}

START_TEST(R143_test_cancel__two_requests_may_enter_a_chain_at_two_places)
{
    run(cancel_again_from_further_down, NULL);
}
END_TEST

/* --- cycles ------------------------------------------------------------------------------- */

enum { MOST = 4 };

/* `count` tasks in a ring, "a" awaits "b" and so on, and "t" behind them, which awaits "a". */
static void spawn_ring(link_t *link, runner_task_t **task, int count)
{
    static const char *const names[] = {"a", "b", "c"};
    memset(link, 0, MOST * sizeof *link);
    for (int i = 0; i < count; i++) {
        link[i].name = names[i];
        task[i] = spawn_link(&link[i]);
    }
    for (int i = 0; i < count; i++) {
        link[i].next = task[(i + 1) % count];
    }
    link[count].name = "t";
    link[count].next = task[0];
    task[count] = spawn_link(&link[count]);
    ck_assert_code(runner_yield(), 0);
}

/* After a cancel of `first`, the last of the ring is cut out: it waits for nothing any more. */
static void expect_cut(runner_task_t **task, int count)
{
    runner_task_t *cut = task[count - 1];
    ck_assert_ptr_null(cut->wait.ops);
    ck_assert_uint_ne(cut->future.task_flags & RUNNER__TASK_MUST_CANCEL, 0);
    ck_assert_uint_ne(cut->future.task_flags & RUNNER__TASK_QUEUED, 0);
    for (int i = 0; i < count; i++) {
        ck_assert_uint_eq(task[i]->future.task_flags & RUNNER__TASK_VISITED, 0);
        ck_assert_int_eq(runner_task_cancelling(task[i]), 1);
        ck_assert(i == count - 1 || runner__task_awaited(task[i]) == task[i + 1]);
    }
    /* Only "t" waits for "a". */
    ck_assert_ptr_eq(task[0]->future.waiters.next, &task[count]->timer.entry.node);
    ck_assert_ptr_eq(task[0]->future.waiters.prev, &task[count]->timer.entry.node);
}

static int cancel_ring(void *arg, void **result)
{
    int count = (int)number_of(arg);
    link_t link[MOST];
    runner_task_t *task[MOST];
    (void)result;
    spawn_ring(link, task, count);
    ck_assert_code(runner_task_cancel(task[0]), 0);
    expect_cut(task, count);
    ck_assert_code(runner_await(task[count], NULL), RUNNER_ECANCELED);
    log_expect(count == 2 ? "b,a,t" : "c,b,a,t");
    for (int i = 0; i <= count; i++) {
        ck_assert_code(link[i].status, RUNNER_ECANCELED);
        ck_assert_int_eq(runner_task_cancelled(task[i]), 1);
        runner_task_unref(task[i]);
    }
    return 0;
}

START_TEST(test_cancel__cycle_is_cut_where_it_closes)
{
    run(cancel_ring, value_of(_i));
}
END_TEST

static int cancel_into_ring(void *arg, void **result)
{
    int count = (int)number_of(arg);
    link_t link[MOST];
    runner_task_t *task[MOST];
    (void)result;
    spawn_ring(link, task, count);
    ck_assert_code(runner_task_cancel(task[count]), 0);
    expect_cut(task, count);
    ck_assert_int_eq(runner_task_cancelling(task[count]), 1);
    ck_assert_uint_eq(task[count]->future.task_flags & RUNNER__TASK_VISITED, 0);
    ck_assert_code(runner_await(task[count], NULL), RUNNER_ECANCELED);
    log_expect(count == 2 ? "b,a,t" : "c,b,a,t");
    for (int i = 0; i <= count; i++) {
        runner_task_unref(task[i]);
    }
    return 0;
}

START_TEST(test_cancel__cycle_at_the_end_of_a_chain_is_cut_too)
{
    run(cancel_into_ring, value_of(_i));
}
END_TEST

static int cancel_ring_twice(void *arg, void **result)
{
    link_t link[MOST];
    runner_task_t *task[MOST];
    (void)arg;
    (void)result;
    spawn_ring(link, task, 3);
    link[2].swallows = 1; /* "c" says no: "b" goes on as if nothing had been */
    ck_assert_code(runner_task_cancel(task[0]), 0);
    ck_assert_code(runner_task_cancel(task[0]), 0); /* a chain by now: c is queued already */
    ck_assert_int_eq(runner_task_cancelling(task[2]), 2);
    ck_assert_code(runner_await(task[3], NULL), 0);
    log_expect("c,b,a,t");
    ck_assert_code(link[2].status, RUNNER_ECANCELED);
    ck_assert_code(link[1].status, 0);
    for (int i = 0; i <= 3; i++) {
        ck_assert_uint_eq(
            task[i]->future.task_flags & (RUNNER__TASK_VISITED | RUNNER__TASK_MUST_CANCEL), 0);
        runner_task_unref(task[i]);
    }
    return 0;
}

START_TEST(R148_test_cancel__who_is_cut_out_may_swallow_it)
{
    run(cancel_ring_twice, NULL);
}
END_TEST

/* --- reasons ------------------------------------------------------------------------------ */

static int never(void *arg, int status, void **result)
{
    (void)arg;
    (void)status;
    (void)result;
    log_add("ran");
    return 0;
}

static runner_task_t *spawn_never(void)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_step(never, NULL, NULL, &task), 0);
    return task;
}

static void request(runner_task_t *task, unsigned reason)
{
    runner__cancel_t cancel = {reason, NULL};
    ck_assert(runner__task_cancel(task, &cancel));
}

static int push_and_pop_reasons(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_never();
    ck_assert_int_eq(runner_task_cancel_reason(task), 0);
    for (unsigned i = 0; i < 16; i++) { /* all but those of the program's own */
        request(task, i % 7 + 2);
        ck_assert_int_eq(runner_task_cancel_reason(task), (int)(i % 7 + 2));
        ck_assert_int_eq(runner_task_cancelling(task), (int)i + 1);
    }
    for (int i = 15; i >= 0; i--) {
        ck_assert_int_eq(runner_task_cancel_reason(task), i % 7 + 2);
        ck_assert_int_eq(runner_task_uncancel(task), i);
    }
    ck_assert_int_eq(runner_task_cancel_reason(task), 0);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_code(runner_await(task, NULL), 0);
    log_expect("ran");
    runner_task_unref(task);
    return 0;
}

START_TEST(R151_test_cancel__reasons_are_a_stack)
{
    run(push_and_pop_reasons, NULL);
}
END_TEST

static int take_own_requests_back(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_never();
    request(task, RUNNER_REASON_TIMEOUT);
    request(task, RUNNER_REASON_USER);
    request(task, RUNNER_REASON_SIGINT);
    request(task, RUNNER_REASON_USER);
    request(task, RUNNER_REASON_GROUP);
    ck_assert_int_eq(runner_task_uncancel(task), 4);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_GROUP);
    ck_assert_int_eq(runner_task_uncancel(task), 3);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_GROUP);
    ck_assert_int_eq(runner_task_uncancel(task), 2); /* none of its own is left */
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_SIGINT);
    ck_assert_int_eq(runner_task_uncancel(task), 1);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_TIMEOUT);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_code(runner_await(task, NULL), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R151_test_cancel__own_requests_are_taken_back_first)
{
    run(take_own_requests_back, NULL);
}
END_TEST

/* The reasons that are known: the latest sixteen, the latest last. */
enum { KNOWN = 16 };

typedef struct reasons {
    unsigned reason[KNOWN];
    int known;
    int count; /* of the requests, also those whose reason is not known any more */
} reasons_t;

static void model_push(reasons_t *model, unsigned reason)
{
    if (model->known == KNOWN) {
        memmove(model->reason, model->reason + 1, (KNOWN - 1) * sizeof model->reason[0]);
        model->known--;
    }
    model->reason[model->known++] = reason;
    model->count++;
}

static void model_pop(reasons_t *model)
{
    int at = model->known - 1;
    while (at >= 0 && model->reason[at] != RUNNER_REASON_USER) {
        at--;
    }
    at = at >= 0 ? at : model->known - 1;
    model->count--;
    if (at >= 0) {
        model->known--;
        for (; at < model->known; at++) {
            model->reason[at] = model->reason[at + 1];
        }
    }
}

static int push_and_pop_at_random(void *arg, void **result)
{
    int seed = (int)number_of(arg);
    dice_t dice = {(uint64_t)seed};
    reasons_t model = {.known = 0};
    runner_task_t *task = spawn_never();
    (void)result;
    for (int step = 0; step < 2000; step++) {
        uint32_t pushes = step / 100 % 2 == 0 ? 6 : 4; /* of 10: up to more than are known */
        if (dice_below(&dice, 10) < pushes) {
            unsigned reason = dice_below(&dice, 8) + 1;
            request(task, reason);
            model_push(&model, reason);
        } else if (model.count > 0) {
            model_pop(&model);
            model_assert(runner_task_uncancel(task) == model.count, "seed %d, step %d", seed, step);
        }
        model_assert(runner_task_cancelling(task) == model.count, "seed %d, step %d", seed, step);
        int reason = runner_task_cancel_reason(task);
        model_assert(model.known == 0 || reason == (int)model.reason[model.known - 1],
                     "seed %d, step %d: %d", seed, step, reason);
        model_assert(model.count > 0 || reason == 0, "seed %d, step %d: %d", seed, step, reason);
    }
    ck_assert_code(runner_await(task, NULL), model.count > 0 ? RUNNER_ECANCELED : 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R143_R151_test_cancel__every_request_is_counted_and_sixteen_reasons_are_known)
{
    run(push_and_pop_at_random, value_of(_i));
}
END_TEST

static int take_sigint_back(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *task = spawn_never();
    request(task, RUNNER_REASON_SIGINT);
    ck_assert_int_eq(runner_task_uncancel(task), 0);
    ck_assert_uint_eq(task->future.task_flags & RUNNER__TASK_MUST_CANCEL, 0);
    request(task, RUNNER_REASON_USER);
    ck_assert_int_eq(runner_task_cancel_reason(task), RUNNER_REASON_USER);
    ck_assert_int_eq(runner_task_cancelling(task), 1);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    log_expect("");
    runner_task_unref(task);
    return 0;
}

START_TEST(R135_test_cancel__reason_that_was_taken_back_is_forgotten)
{
    run(take_sigint_back, NULL);
}
END_TEST

static int cancel_what_is_done(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner__cancel_t cancel = {RUNNER_REASON_GROUP, NULL};
    runner_task_t *task = spawn_never();
    ck_assert_code(runner_await(task, NULL), 0);
    ck_assert(!runner__task_cancel(task, &cancel));
    ck_assert_int_eq(runner_task_cancelling(task), 0);
    ck_assert_int_eq(runner_task_cancel_reason(task), 0);
    runner_task_unref(task);
    return 0;
}

START_TEST(R142_test_cancel__task_that_is_done_counts_nothing)
{
    run(cancel_what_is_done, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cancel_unit");
    TCase *tcase = test_case(suite, "chains");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, R147_test_cancel__very_long_chain_unwinds_without_recursion);
    tcase_add_test(tcase, R147_test_cancel__reaches_what_is_awaited_and_not_who_awaits);
    tcase_add_test(tcase, R143_test_cancel__two_requests_may_enter_a_chain_at_two_places);

    tcase = test_case(suite, "cycles");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_cancel__cycle_is_cut_where_it_closes, 2, 4);
    tcase_add_loop_test(tcase, test_cancel__cycle_at_the_end_of_a_chain_is_cut_too, 2, 4);
    tcase_add_test(tcase, R148_test_cancel__who_is_cut_out_may_swallow_it);

    tcase = test_case(suite, "reasons");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, R151_test_cancel__reasons_are_a_stack);
    tcase_add_test(tcase, R151_test_cancel__own_requests_are_taken_back_first);
    tcase_add_loop_test(
        tcase, R143_R151_test_cancel__every_request_is_counted_and_sixteen_reasons_are_known, 1,
        11);
    tcase_add_test(tcase, R135_test_cancel__reason_that_was_taken_back_is_forgotten);
    tcase_add_test(tcase, R142_test_cancel__task_that_is_done_counts_nothing);
    return test_main(suite);
}
