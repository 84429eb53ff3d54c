/* Futures below the runner: who is queued, and which failures are told, when and in which order. */
#include "check_support.h"

#include <stdlib.h>

#include "model.h"
#include "task.h"

static runner__tasks_t tasks; /* of which only the home is used */
static runner__home_t *const home = &tasks.home;
static int told; /* times that the handler was */
static void (*on_exception)(const runner_exception_t *info);

/* A future by the code that it failed with: -1 is "f1". */
static void tell(runner__loop_t *loop, const void *info)
{
    const runner_exception_t *exception = info;
    (void)loop;
    told++;
    if (on_exception != NULL) {
        on_exception(exception);
    } else {
        log_add("f%d", -exception->code);
    }
}

static void attend(runner__loop_t *loop)
{
    (void)loop;
}

static const runner__loop_hooks_t hooks = {.attention = attend, .exception = tell};

static void setup(void)
{
    told = 0;
    on_exception = NULL;
    ck_assert_code(runner__tasks_init(&tasks, &hooks, 0), 0);
}

static void teardown(void)
{
    ck_assert_uint_eq(home->alive, 0);
    ck_assert(runner__list_empty(&home->failed));
    runner__tasks_fini(&tasks);
    runner__loop_fini(&home->loop);
}

static runner_future_t *new_future(void)
{
    runner_future_t *future = runner__future_new(home);
    ck_assert_ptr_nonnull(future);
    return future;
}

/* The entries of the ready queue, by their place in `entry`; the queue is empty afterwards. */
static void expect_ready(const runner__entry_t *entry, const char *expected)
{
    log_clear();
    while (!runner__list_empty(&home->loop.ready)) {
        runner__node_t *node = runner__list_pop(&home->loop.ready);
        log_add("%d", (int)(RUNNER__CONTAINER(node, runner__entry_t, node) - entry));
    }
    log_expect(expected);
}

/* --- settling ----------------------------------------------------------------------------- */

START_TEST(R190_test_future__waiters_are_queued_in_order_behind_what_is_ready)
{
    runner__entry_t entry[6];
    runner_future_t *a = new_future();
    runner_future_t *b = new_future();
    runner__loop_push(&home->loop, &entry[0]);
    for (int i = 1; i <= 2; i++) {
        runner__list_push(&a->waiters, &entry[i].node);
        runner__list_push(&b->waiters, &entry[i + 2].node);
    }
    runner__future_settle(b, 0, NULL);
    runner__loop_push(&home->loop, &entry[5]);
    runner__future_settle(a, RUNNER_ECANCELED, NULL);
    ck_assert(runner__list_empty(&a->waiters));
    ck_assert(runner__list_empty(&b->waiters));
    expect_ready(entry, "0,3,4,5,1,2");
    runner_future_unref(a);
    runner_future_unref(b);
}
END_TEST

START_TEST(test_future__outcome_is_the_one_it_was_settled_with)
{
    runner_future_t *future = new_future();
    void *result = value_of(1);
    ck_assert(!runner__future_is_done(future));
    runner__future_settle(future, 0, value_of(7));
    ck_assert(runner__future_is_done(future));
    ck_assert_code(runner__future_take(future, NULL), 0);
    ck_assert_uint_eq(future->flags & RUNNER__FUTURE_VALUE_TAKEN, 0);
    ck_assert_code(runner__future_take(future, &result), 0);
    ck_assert_uint_ne(future->flags & RUNNER__FUTURE_VALUE_TAKEN, 0);
    ck_assert_int_eq(number_of(result), 7);
    runner_future_unref(future);
}
END_TEST

START_TEST(test_future__failure_writes_no_result)
{
    runner_future_t *future = new_future();
    void *result = value_of(1);
    runner__future_settle(future, RUNNER_EUSER, NULL);
    ck_assert_code(runner__future_take(future, &result), RUNNER_EUSER);
    ck_assert_int_eq(number_of(result), 1);
    ck_assert_uint_eq(future->flags & RUNNER__FUTURE_VALUE_TAKEN, 0);
    runner_future_unref(future);
    ck_assert_int_eq(told, 0);
}
END_TEST

START_TEST(R154_test_future__settles_once)
{
    runner_future_t *future = new_future();
    ck_assert_code(runner_future_resolve(future, value_of(3)), 0);
    ck_assert_code(runner_future_resolve(future, value_of(4)), RUNNER_EDONE);
    ck_assert_code(runner_future_reject(future, RUNNER_EUSER), RUNNER_EDONE);
    ck_assert_code(runner_future_cancel(future), RUNNER_EDONE);
    ck_assert_code(future->code, 0);
    ck_assert_int_eq(number_of(future->value), 3);
    runner_future_unref(future);
}
END_TEST

/* --- failures that nobody took ------------------------------------------------------------ */

enum { MANY = 8 };

START_TEST(R093_test_future__failures_are_told_in_the_order_of_creation)
{
    static const int settled[MANY] = {4, 1, 7, 0, 6, 3, 5, 2};
    runner_future_t *future[MANY];
    for (int i = 0; i < MANY; i++) {
        future[i] = new_future();
    }
    for (int i = 0; i < MANY; i++) {
        runner__future_settle(future[settled[i]], -1 - settled[i], NULL);
    }
    ck_assert_int_eq(told, 0);
    runner__future_report_all(home);
    log_expect("f1,f2,f3,f4,f5,f6,f7,f8");
    runner__future_report_all(home);
    for (int i = 0; i < MANY; i++) {
        runner_future_unref(future[i]);
    }
    ck_assert_int_eq(told, MANY);
}
END_TEST

START_TEST(R093_test_future__failure_that_was_taken_is_not_told)
{
    runner_future_t *future[MANY];
    for (int i = 0; i < MANY; i++) {
        future[i] = new_future();
        runner__future_settle(future[i], -1 - i, NULL);
    }
    for (int i = 0; i < MANY; i += 2) { /* in the middle of the list and at both ends */
        ck_assert_code(runner__future_take(future[i], NULL), -1 - i);
        ck_assert(runner__list_empty(&future[i]->waiters));
    }
    ck_assert_code(runner__future_take(future[MANY - 1], NULL), -MANY);
    ck_assert_code(runner_future_status(future[1]), -2); /* only looks */
    runner__future_report_all(home);
    log_expect("f2,f4,f6");
    for (int i = 0; i < MANY; i++) {
        runner_future_unref(future[i]);
    }
    log_expect("");
}
END_TEST

START_TEST(R093_test_future__failure_is_told_with_the_last_reference)
{
    runner_future_t *future = new_future();
    runner_future_ref(future);
    runner__future_settle(future, -1, NULL);
    runner_future_unref(future);
    log_expect("");
    runner_future_unref(future);
    log_expect("f1");
    ck_assert_uint_eq(home->alive, 0);
}
END_TEST

START_TEST(test_future__success_and_cancel_are_no_failures)
{
    runner_future_t *fine = new_future();
    runner_future_t *canceled = new_future();
    runner__future_settle(fine, 0, NULL);
    runner__future_settle(canceled, RUNNER_ECANCELED, NULL);
    ck_assert(runner__list_empty(&home->failed));
    runner__future_report_all(home);
    runner_future_unref(fine);
    runner_future_unref(canceled);
    ck_assert_int_eq(told, 0);
}
END_TEST

/* --- handlers that do something ----------------------------------------------------------- */

static runner_future_t *made[2];

static void make_one_fail(const runner_exception_t *info)
{
    log_add("f%d", -info->code);
    if (told == 1) {
        made[1] = new_future();
        made[0] = new_future();
        runner__future_settle(made[0], -11, NULL);
        runner__future_settle(made[1], -12, NULL);
    }
}

START_TEST(test_future__failures_made_by_the_handler_come_behind)
{
    runner_future_t *future[2] = {new_future(), new_future()};
    on_exception = make_one_fail;
    runner__future_settle(future[1], -2, NULL);
    runner__future_settle(future[0], -1, NULL);
    runner__future_report_all(home);
    log_expect("f1,f2,f11,f12"); /* as they failed: sorted is what was there at the start */
    for (int i = 0; i < 2; i++) {
        runner_future_unref(future[i]);
        runner_future_unref(made[i]);
    }
    ck_assert_int_eq(told, 4);
}
END_TEST

static void take_the_next(const runner_exception_t *info)
{
    log_add("f%d", -info->code);
    ck_assert_ptr_ne(info->future, made[0]);
    ck_assert_code(runner__future_take(made[0], NULL), -2);
}

START_TEST(test_future__handler_may_take_another_failure)
{
    runner_future_t *first = new_future();
    made[0] = new_future();
    on_exception = take_the_next;
    runner__future_settle(first, -1, NULL);
    runner__future_settle(made[0], -2, NULL);
    runner__future_report_all(home);
    log_expect("f1");
    runner_future_unref(first);
    runner_future_unref(made[0]);
    ck_assert_int_eq(told, 1);
}
END_TEST

static void look_closely(const runner_exception_t *info)
{
    ck_assert_code(runner_future_status(info->future), -1);
    runner_future_unref(runner_future_ref(info->future));
    log_add("looked");
}

START_TEST(test_future__handler_may_refer_to_a_future_that_is_about_to_go)
{
    runner_future_t *future = new_future();
    on_exception = look_closely;
    runner__future_settle(future, -1, NULL);
    runner_future_unref(future);
    log_expect("looked");
    ck_assert_uint_eq(home->alive, 0);
}
END_TEST

static void keep(const runner_exception_t *info)
{
    made[0] = runner_future_ref(info->future);
}

START_TEST(test_future__handler_may_keep_a_future_that_is_about_to_go)
{
    runner_future_t *future = new_future();
    on_exception = keep;
    runner__future_settle(future, -1, NULL);
    runner_future_unref(future);
    ck_assert_ptr_eq(made[0], future);
    ck_assert_uint_eq(home->alive, 1);
    ck_assert_code(runner_future_status(future), -1);
    runner_future_unref(made[0]);
    ck_assert_uint_eq(home->alive, 0);
    ck_assert_int_eq(told, 1);
}
END_TEST

/* --- notes and the home ------------------------------------------------------------------- */

START_TEST(R153_test_future__cancel_brings_its_note)
{
    runner_future_t *future = new_future();
    runner__cancel_t cancel = {RUNNER_REASON_USER, runner__note_new("enough", 42)};
    ck_assert_ptr_nonnull(cancel.note);
    ck_assert(future->ops->cancel(future, &cancel));
    ck_assert_uint_eq(cancel.note->refs, 2);
    ck_assert(!future->ops->cancel(future, &cancel));
    ck_assert_uint_eq(cancel.note->refs, 2);
    runner__note_unref(cancel.note);
    ck_assert_code(runner__future_take(future, NULL), RUNNER_ECANCELED);
    ck_assert_ptr_nonnull(future->note->text);
    ck_assert_str_eq(future->note->text, "enough");
    ck_assert_uint_eq(future->note->payload, 42);
    runner_future_unref(future);
}
END_TEST

START_TEST(test_future__note_can_be_replaced_also_by_itself)
{
    runner_future_t *future = new_future();
    runner__note_t *note = runner__note_new(NULL, 1);
    ck_assert_ptr_null(note->text);
    runner__future_set_note(future, note);
    runner__note_unref(note); /* the future's alone now */
    runner__future_set_note(future, note);
    ck_assert_uint_eq(note->refs, 1);
    runner__note_t *other = runner__note_new("", 2);
    ck_assert_ptr_nonnull(other->text);
    runner__future_set_note(future, other);
    ck_assert_uint_eq(other->refs, 2);
    runner__future_set_note(future, NULL);
    ck_assert_ptr_null(future->note);
    ck_assert_uint_eq(other->refs, 1);
    runner__note_unref(other);
    runner_future_unref(future);
}
END_TEST

static void say_last(runner__home_t *of)
{
    ck_assert_ptr_eq(of, home);
    log_add("last");
}

START_TEST(R019_test_future__last_one_of_a_freed_home_says_so)
{
    runner_future_t *future[2] = {new_future(), new_future()};
    ck_assert_uint_eq(home->alive, 2);
    home->free_last = say_last;
    runner_future_unref(future[1]);
    log_expect("");
    runner_future_unref(future[0]);
    log_expect("last");
}
END_TEST

/* --- against a model ---------------------------------------------------------------------- */

enum { FUTURES = 40 };

typedef struct model {
    runner_future_t *future; /* NULL: gone */
    int refs;
    int code; /* 1: not done */
    int open; /* failed, and nobody took or was told it */
} model_t;

static model_t model[FUTURES];

/* Every future has a code of its own: which one was told is seen from that. */
static void model_expect_one(char *text, size_t size, int i)
{
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%sf%d", length > 0 ? "," : "", i + 1);
    model[i].open = 0;
}

static void model_step(dice_t *dice, int i, char *expected, size_t size)
{
    static const int codes[] = {0, RUNNER_ECANCELED, 1, 1, 1};
    model_t *at = &model[i];
    switch (dice_below(dice, 8)) {
    case 0:
    case 1:
        if (at->code == 1) {
            int code = codes[dice_below(dice, 5)];
            at->code = code == 1 ? -1 - i : code;
            at->open = code == 1;
            runner__future_settle(at->future, at->code, NULL);
        }
        break;
    case 2:
        if (at->code != 1) {
            ck_assert_code(runner__future_take(at->future, NULL), at->code);
            at->open = 0;
        }
        break;
    case 3:
        runner_future_ref(at->future);
        at->refs++;
        break;
    default:
        if (--at->refs == 0 && at->open) {
            model_expect_one(expected, size, i);
        }
        runner_future_unref(at->future);
        at->future = at->refs > 0 ? at->future : NULL;
    }
}

START_TEST(R093_test_future__every_failure_is_told_once_or_taken)
{
    dice_t dice = {(uint64_t)_i};
    char expected[1024] = "";
    for (int i = 0; i < FUTURES; i++) {
        model[i] = (model_t){new_future(), 1, 1, 0};
    }
    for (int step = 0; step < 150; step++) {
        int i = (int)dice_below(&dice, FUTURES);
        if (model[i].future != NULL) {
            model_step(&dice, i, expected, sizeof expected);
            model_assert(strcmp(log_text(), expected) == 0, "seed %d, step %d: %s instead of %s",
                         _i, step, log_text(), expected);
        }
    }
    for (int i = 0; i < FUTURES; i++) {
        if (model[i].open) {
            model_expect_one(expected, sizeof expected, i);
        }
    }
    runner__future_report_all(home);
    for (int i = 0; i < FUTURES; i++) {
        for (; model[i].future != NULL && model[i].refs > 0; model[i].refs--) {
            runner_future_unref(model[i].future);
        }
    }
    model_assert(strcmp(log_text(), expected) == 0, "seed %d: %s instead of %s", _i, log_text(),
                 expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("future_unit");
    TCase *tcase = test_case(suite, "settle");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, R190_test_future__waiters_are_queued_in_order_behind_what_is_ready);
    tcase_add_test(tcase, test_future__outcome_is_the_one_it_was_settled_with);
    tcase_add_test(tcase, test_future__failure_writes_no_result);
    tcase_add_test(tcase, R154_test_future__settles_once);

    tcase = test_case(suite, "failures");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, R093_test_future__failures_are_told_in_the_order_of_creation);
    tcase_add_test(tcase, R093_test_future__failure_that_was_taken_is_not_told);
    tcase_add_test(tcase, R093_test_future__failure_is_told_with_the_last_reference);
    tcase_add_test(tcase, test_future__success_and_cancel_are_no_failures);
    tcase_add_loop_test(tcase, R093_test_future__every_failure_is_told_once_or_taken, 1, 21);

    tcase = test_case(suite, "handlers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_future__failures_made_by_the_handler_come_behind);
    tcase_add_test(tcase, test_future__handler_may_take_another_failure);
    tcase_add_test(tcase, test_future__handler_may_refer_to_a_future_that_is_about_to_go);
    tcase_add_test(tcase, test_future__handler_may_keep_a_future_that_is_about_to_go);

    tcase = test_case(suite, "notes");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, R153_test_future__cancel_brings_its_note);
    tcase_add_test(tcase, test_future__note_can_be_replaced_also_by_itself);
    tcase_add_test(tcase, R019_test_future__last_one_of_a_freed_home_says_so);
    return test_main(suite);
}
