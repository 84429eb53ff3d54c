/*
 * Queues: what is in them, in which order it comes out, and what becomes of it. Waiting has
 * check_queue_wait.c, shutdown has check_queue_shutdown.c.
 */
#include "queues.h"

#include <stdlib.h>

/* Smaller under emulators and ThreadSanitizer. */
static size_t many(void)
{
#ifdef TEST_UNDER_TSAN
    return 10000;
#else
    const char *under = getenv("RUNNER_TEST_UNDER");
    return under != NULL && under[0] != '\0' ? 10000 : 100000;
#endif
}

static int put_priority(intptr_t number, int64_t priority)
{
    return runner_queue_put_priority_nowait(queue, value_of(number), priority);
}

static void put_numbers(int count)
{
    for (int i = 0; i < count; i++) {
        put(i);
    }
}

/* --- options ----------------------------------------------------------------------------- */

START_TEST(options_begin_with_an_endless_fifo)
{
    runner_queue_options_t opts;
    memset(&opts, 0xff, sizeof opts);
    ck_assert_code(runner_queue_options_init(&opts, sizeof opts), 0);
    ck_assert_uint_eq(opts.size, sizeof opts);
    ck_assert_uint_eq(opts.maxsize, 0);
    ck_assert_int_eq(opts.kind, RUNNER_QUEUE_FIFO);
    ck_assert_int_eq(opts.reserved, 0);
    ck_assert(opts.drop == NULL);
}
END_TEST

START_TEST(options_are_filled_no_further_than_the_caller_knows_them)
{
    runner_queue_options_t opts;
    size_t older = offsetof(runner_queue_options_t, kind);
    memset(&opts, 0xff, sizeof opts);
    ck_assert_code(runner_queue_options_init(NULL, sizeof opts), RUNNER_EINVAL);
    ck_assert_code(runner_queue_options_init(&opts, sizeof opts.size - 1), RUNNER_EINVAL);
    ck_assert_uint_eq(opts.size, SIZE_MAX);
    ck_assert_code(runner_queue_options_init(&opts, older), 0);
    ck_assert_uint_eq(opts.size, older);
    ck_assert_uint_eq(opts.maxsize, 0);
    ck_assert_int_eq(opts.kind, -1);
    opts.maxsize = 1;
    ck_assert_code(runner_queue_new(&queue, &opts), 0); /* the rest is not read */
    ck_assert_uint_eq(runner_queue_maxsize(queue), 1);
    unref_queue();
}
END_TEST

static void check_refused(const runner_queue_options_t *opts)
{
    runner_queue_t *none = NULL;
    ck_assert_code(runner_queue_new(&none, opts), RUNNER_EINVAL);
    ck_assert_ptr_null(none);
}

START_TEST(bad_options_are_refused)
{
    struct {
        runner_queue_options_t opts;
        char tail[16];
    } newer;
    ck_assert_code(runner_queue_options_init(&newer.opts, sizeof newer), 0);
    ck_assert_code(runner_queue_new(NULL, &newer.opts), RUNNER_EINVAL);
    ck_assert_code(runner_queue_new(&queue, &newer.opts), 0);
    unref_queue();
    newer.tail[15] = 1;
    check_refused(&newer.opts);
    ck_assert_code(runner_queue_options_init(&newer.opts, sizeof newer.opts), 0);
    newer.opts.kind = RUNNER_QUEUE_PRIORITY + 1;
    check_refused(&newer.opts);
    newer.opts.kind = RUNNER_QUEUE_FIFO - 1;
    check_refused(&newer.opts);
    newer.opts.kind = RUNNER_QUEUE_FIFO;
    newer.opts.reserved = 1;
    check_refused(&newer.opts);
    newer.opts.reserved = 0;
    newer.opts.size = 0;
    check_refused(&newer.opts);
}
END_TEST

START_TEST(null_is_refused)
{
    void *item = value_of(7);
    ck_assert_code(runner_queue_new(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_queue_put_nowait(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_queue_put_priority_nowait(NULL, NULL, 1), RUNNER_EINVAL);
    ck_assert_code(runner_queue_get_nowait(NULL, &item), RUNNER_EINVAL);
    ck_assert_code(runner_queue_task_done(NULL), RUNNER_EINVAL);
    ck_assert_code(runner_queue_shutdown(NULL, 0), RUNNER_EINVAL);
    ck_assert_uint_eq(runner_queue_count(NULL), 0);
    ck_assert_uint_eq(runner_queue_maxsize(NULL), 0);
    runner_queue_unref(NULL);
    ck_assert_int_eq(number_of(item), 7);
}
END_TEST

static void get_into_null(void)
{
    put(1);
    ck_assert_code(runner_queue_get_nowait(queue, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_queue_get(queue, NULL), RUNNER_EINVAL);
    check_count(1);
    get(1);
}

START_TEST(get_without_a_place_for_the_item_takes_nothing)
{
    play_new(COROUTINE, RUNNER_QUEUE_FIFO, 0, get_into_null);
}
END_TEST

/* --- order ------------------------------------------------------------------------------- */

static const intptr_t orders[][3] = {
    [RUNNER_QUEUE_FIFO] = {1, 3, 2},
    [RUNNER_QUEUE_LIFO] = {2, 3, 1},
    [RUNNER_QUEUE_PRIORITY] = {1, 2, 3},
};

static const intptr_t *order;

static void put_and_get(void)
{
    static const intptr_t numbers[] = {1, 3, 2};
    check_count(0);
    for (size_t i = 0; i < 3; i++) {
        void *item = value_of(numbers[i]);
        ck_assert_code(runner_queue_put_priority(queue, item, numbers[i]), 0);
        check_count(i + 1);
    }
    for (size_t i = 0; i < 3; i++) {
        void *item = NULL;
        ck_assert_code(runner_queue_get(queue, &item), 0);
        ck_assert_int_eq(number_of(item), order[i]);
        check_count(2 - i);
    }
}

START_TEST(each_kind_has_its_order)
{
    order = orders[_i];
    play_new(COROUTINE, _i, 0, put_and_get);
}
END_TEST

START_TEST(default_is_fifo)
{
    ck_assert_code(runner_queue_new(&queue, NULL), 0);
    order = orders[RUNNER_QUEUE_FIFO];
    play(put_and_get);
    ck_assert_uint_eq(runner_queue_maxsize(queue), 0);
    unref_queue();
}
END_TEST

START_TEST(nothing_of_it_needs_a_loop)
{
    make_queue(RUNNER_QUEUE_LIFO, 2);
    put(1);
    ck_assert_code(put_priority(2, -5), 0);
    check_count(2);
    ck_assert_code(runner_queue_put_nowait(queue, NULL), RUNNER_EFULL);
    get(2); /* priorities mean nothing here */
    get(1);
    task_done();
    task_done();
    ck_assert_code(runner_queue_shutdown(queue, 0), 0);
    unref_queue();
}
END_TEST

START_TEST(lowest_priority_comes_first_and_equal_ones_in_the_order_of_their_coming)
{
    static const int64_t priorities[] = {5, 0, INT64_MAX, INT64_MIN, -1, 5, INT64_MIN, 0};
    static const intptr_t sorted[] = {3, 6, 4, 1, 7, 8, 0, 5, 2};
    make_queue(RUNNER_QUEUE_PRIORITY, 0);
    for (int i = 0; i < 8; i++) {
        ck_assert_code(put_priority(i, priorities[i]), 0);
    }
    put(8); /* has priority 0 */
    for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++) {
        get(sorted[i]);
    }
    unref_queue();
}
END_TEST

START_TEST(null_is_an_item_like_others)
{
    make_queue(_i, 0);
    put(0);
    check_count(1);
    get(0);
    put(0);
    unref_queue();
    ck_assert_int_eq(dropped[0], 1);
}
END_TEST

/* A few hundred puts and gets in a row that depends on the seed, beside a plain list. */
enum { MODEL = 300 };

typedef struct model {
    struct {
        intptr_t number;
        int64_t priority;
    } items[MODEL];
    size_t count;
} model_t;

/* Where the item is that has to come out next. */
static size_t model_next(const model_t *model, int kind_of_queue)
{
    size_t next = 0;
    if (kind_of_queue == RUNNER_QUEUE_LIFO) {
        return model->count - 1;
    }
    for (size_t i = 1; kind_of_queue == RUNNER_QUEUE_PRIORITY && i < model->count; i++) {
        if (model->items[i].priority < model->items[next].priority) {
            next = i;
        }
    }
    return next;
}

static void model_take(model_t *model, size_t at)
{
    model->count--;
    memmove(&model->items[at], &model->items[at + 1], (model->count - at) * sizeof model->items[0]);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void compare_with_model(int kind_of_queue, uint32_t seed)
{
    model_t model = {.count = 0};
    uint32_t bias = seed % 3 + 1; /* 1: mostly empty, 3: it grows */
    make_queue(kind_of_queue, MODEL);
    for (intptr_t number = 0; number < (intptr_t)2 * MODEL; number++) {
        if (next_random(&seed) % 4 < bias && model.count < MODEL) {
            int64_t priority = (int64_t)(next_random(&seed) % 5) - 2;
            model.items[model.count].number = number;
            model.items[model.count++].priority = priority;
            ck_assert_code(put_priority(number, priority), 0);
        } else if (model.count > 0) {
            size_t next = model_next(&model, kind_of_queue);
            get(model.items[next].number);
            model_take(&model, next);
        }
        check_count(model.count);
    }
    for (; model.count > 0; model_take(&model, model_next(&model, kind_of_queue))) {
        get(model.items[model_next(&model, kind_of_queue)].number);
    }
    check_count(0);
    unref_queue();
}

START_TEST(puts_and_gets_in_any_row_are_those_of_a_plain_list)
{
    for (uint32_t seed = 0; seed < 30; seed++) {
        compare_with_model(_i, seed);
    }
}
END_TEST

/* Its first item may lie anywhere in the memory of the queue when that has to grow. */
START_TEST(queue_may_grow_wherever_its_first_item_lies)
{
    for (int gone = 0; gone < 70; gone++) {
        make_queue(_i, 0);
        for (int i = 0; i < gone; i++) {
            put(1);
            get(1);
        }
        for (int i = 0; i < 70; i++) {
            put(i);
        }
        check_count(70);
        for (int i = 0; i < 70; i++) {
            get(_i == RUNNER_QUEUE_LIFO ? 69 - i : i);
        }
        check_count(0);
        unref_queue();
    }
}
END_TEST

static int64_t priority_of(size_t number)
{
    return (int64_t)(number * 7919 % 1009) - 500;
}

START_TEST(queue_holds_many_items)
{
    size_t count = many();
    size_t before = 0;
    make_queue(_i, 0);
    for (size_t i = 0; i < count; i++) {
        ck_assert_code(put_priority((intptr_t)i, priority_of(i)), 0);
    }
    check_count(count);
    for (size_t i = 0; i < count; i++) {
        void *item = NULL;
        ck_assert_code(runner_queue_get_nowait(queue, &item), 0);
        size_t number = (size_t)number_of(item);
        if (_i == RUNNER_QUEUE_FIFO) {
            ck_assert_uint_eq(number, i);
        } else if (_i == RUNNER_QUEUE_LIFO) {
            ck_assert_uint_eq(number, count - 1 - i);
        } else if (i > 0) {
            int64_t step = priority_of(number) - priority_of(before);
            ck_assert(step > 0 || (step == 0 && number > before));
        }
        before = number;
    }
    check_count(0);
    for (size_t i = 0; i < count; i++) {
        task_done();
    }
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    unref_queue();
}
END_TEST

/* --- limits ------------------------------------------------------------------------------ */

START_TEST(full_queue_takes_no_item)
{
    make_queue(_i, 2);
    ck_assert_uint_eq(runner_queue_maxsize(queue), 2);
    put(1);
    put(1);
    ck_assert_code(runner_queue_put_nowait(queue, value_of(2)), RUNNER_EFULL);
    ck_assert_code(put_priority(2, -1), RUNNER_EFULL);
    check_count(2);
    get(1);
    put(1);
    check_count(2);
    get(1);
    get(1);
    for (int i = 0; i < 3; i++) {
        task_done(); /* for each that was put, not for those that were refused */
    }
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    unref_queue();
    ck_assert_int_eq(dropped[2], 0); /* it stayed with the caller */
}
END_TEST

START_TEST(huge_limit_needs_no_memory)
{
    static const size_t limits[] = {SIZE_MAX - 1, SIZE_MAX / sizeof(void *)};
    for (size_t i = 0; i < 2; i++) {
        make_queue(_i, limits[i]);
        ck_assert_uint_eq(runner_queue_maxsize(queue), limits[i]);
        put(1);
        get(1);
        unref_queue();
    }
}
END_TEST

START_TEST(empty_queue_gives_no_item)
{
    void *item = value_of(7);
    make_queue(_i, 0);
    ck_assert_code(runner_queue_get_nowait(queue, &item), RUNNER_EEMPTY);
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    put(1);
    get(1);
    ck_assert_code(runner_queue_get_nowait(queue, &item), RUNNER_EEMPTY);
    ck_assert_int_eq(number_of(item), 7);
    unref_queue();
}
END_TEST

/* --- task_done and join ------------------------------------------------------------------ */

static void do_tasks(void)
{
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    ck_assert_code(runner_queue_join(queue), 0);
    ck_assert_code(runner_queue_join(queue), 0);
    put(1);
    put(2);
    task_done(); /* counts what was put: nothing needs to have been taken */
    get(1);
    spawn_join(A);
    turn();
    check_pending(A);
    task_done();
    join(A, 0);
    ck_assert_code(runner_queue_task_done(queue), RUNNER_ETASKDONE);
    ck_assert_code(runner_queue_join(queue), 0);
    get(2);
}

START_TEST(join_waits_for_as_many_tasks_as_items_were_put)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, do_tasks);
    log_expect("-,a");
}
END_TEST

static void join_and_put_more(void)
{
    put(1);
    put(2);
    spawn_join(A);
    spawn_join(B);
    turn();
    task_done();
    turn();
    check_pending(A);
    task_done();
    put(3); /* which is none of the business of A and B: they have been woken */
    spawn_join(C);
    turn();
    join(A, 0);
    join(B, 0);
    check_pending(C);
    task_done();
    join(C, 0);
    for (int i = 1; i <= 3; i++) {
        get(i);
    }
}

START_TEST(join_ends_although_more_was_put_meanwhile)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, join_and_put_more);
    log_expect("-,-,a,b,-,c");
}
END_TEST

static void cancel_join(void)
{
    put(1);
    spawn_join(A);
    spawn_join(B);
    turn();
    task_done();
    cancel(A);
    turn();
    join(A, RUNNER_ECANCELED);
    join(B, 0);
    get(1);
}

START_TEST(cancelled_join_takes_nothing_from_the_others)
{
    play_new(_i, RUNNER_QUEUE_FIFO, 0, cancel_join);
    log_expect("-,a RUNNER_ECANCELED,b,-");
}
END_TEST

static int work_goes_on;
static intptr_t sum;

static int work(void *arg, void **result)
{
    actor_t *actor = arg;
    (void)result;
    while (work_goes_on) {
        ck_assert_code(runner_queue_get(queue, &actor->item), 0);
        sum += number_of(actor->item);
        task_done();
    }
    return 0;
}

static void two_workers(void)
{
    ck_assert_code(runner_queue_join(queue), 0);
    ck_assert_code(runner_queue_join(queue), 0);
    put_numbers(100);
    work_goes_on = 1;
    spawn_body(A, work, NULL);
    spawn_body(B, work, NULL);
    ck_assert_code(runner_queue_join(queue), 0);
    ck_assert_int_eq(sum, 4950);
    work_goes_on = 0;
    put(0);
    put(0);
    join(A, 0);
    join(B, 0);
}

START_TEST(join_returns_when_workers_have_done_everything)
{
    play_new(COROUTINE, _i, 0, two_workers);
}
END_TEST

/* --- drop -------------------------------------------------------------------------------- */

START_TEST(items_that_are_left_are_dropped_with_the_queue)
{
    int taken[10] = {0};
    make_queue(_i, 0);
    put_numbers(10);
    for (int i = 0; i < 4; i++) {
        void *item = NULL;
        ck_assert_code(runner_queue_get_nowait(queue, &item), 0);
        taken[number_of(item)] = 1;
        task_done();
    }
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(dropped[i], 0);
    }
    unref_queue();
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(dropped[i], taken[i] ? 0 : 1);
    }
}
END_TEST

START_TEST(without_a_drop_items_are_left_alone)
{
    ck_assert_code(runner_queue_new(&queue, NULL), 0);
    put(1);
    put(2);
    ck_assert_code(runner_queue_shutdown(queue, 1), 0);
    check_count(0);
    unref_queue();
    ck_assert_code(runner_queue_new(&queue, NULL), 0);
    put(1);
    unref_queue();
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

#define add_for_each_queue(tcase, test) tcase_add_loop_test(tcase, test, 0, 3)

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tcase = test_case(suite, "options");
    tcase_add_test(tcase, options_begin_with_an_endless_fifo);
    tcase_add_test(tcase, options_are_filled_no_further_than_the_caller_knows_them);
    tcase_add_test(tcase, bad_options_are_refused);
    tcase_add_test(tcase, null_is_refused);
    tcase_add_test(tcase, get_without_a_place_for_the_item_takes_nothing);
    tcase = test_case(suite, "order");
    add_for_each_queue(tcase, each_kind_has_its_order);
    tcase_add_test(tcase, default_is_fifo);
    tcase_add_test(tcase, nothing_of_it_needs_a_loop);
    tcase_add_test(tcase, lowest_priority_comes_first_and_equal_ones_in_the_order_of_their_coming);
    add_for_each_queue(tcase, null_is_an_item_like_others);
    add_for_each_queue(tcase, puts_and_gets_in_any_row_are_those_of_a_plain_list);
    add_for_each_queue(tcase, queue_may_grow_wherever_its_first_item_lies);
    add_for_each_queue(tcase, queue_holds_many_items);
    tcase = test_case(suite, "limits");
    add_for_each_queue(tcase, full_queue_takes_no_item);
    add_for_each_queue(tcase, huge_limit_needs_no_memory);
    add_for_each_queue(tcase, empty_queue_gives_no_item);
    tcase = test_case(suite, "join");
    add_for_each_kind(tcase, join_waits_for_as_many_tasks_as_items_were_put);
    add_for_each_kind(tcase, join_ends_although_more_was_put_meanwhile);
    add_for_each_kind(tcase, cancelled_join_takes_nothing_from_the_others);
    add_for_each_queue(tcase, join_returns_when_workers_have_done_everything);
    tcase = test_case(suite, "drop");
    add_for_each_queue(tcase, items_that_are_left_are_dropped_with_the_queue);
    tcase_add_test(tcase, without_a_drop_items_are_left_alone);
    return test_main(suite);
}
