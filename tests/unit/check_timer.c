/* The heap of deadlines: against a naive model, ties, extremes, and growth without memory. */
#include "check_support.h"

#include <stdlib.h>

#include "model.h"
#include "timer.h"

static runner__timers_t timers;

static void setup(void)
{
    runner__timers_init(&timers);
}

static void teardown(void)
{
    runner__timers_fini(&timers);
}

static void make_idle(runner__timer_t *timer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        timer[i].slot = RUNNER__TIMER_IDLE;
    }
}

static void start(runner__timer_t *timer, int64_t deadline_ns)
{
    ck_assert_code(runner__timer_start(&timers, timer, deadline_ns), 0);
    ck_assert(runner__timer_active(timer));
}

/* --- against a model ---------------------------------------------------------------------- */

enum { TIMERS = 400, STEPS = 100000 };

typedef struct naive {
    int64_t deadline_ns;
    uint64_t order; /* of the start; 0 while idle */
} naive_t;

static runner__timer_t timer_of[TIMERS];
static naive_t naive[TIMERS];

static bool naive_before(const naive_t *a, const naive_t *b)
{
    return a->deadline_ns < b->deadline_ns ||
           (a->deadline_ns == b->deadline_ns && a->order < b->order);
}

/* The index of the earliest, or -1. */
static int naive_first(void)
{
    int first = -1;
    for (int i = 0; i < TIMERS; i++) {
        if (naive[i].order != 0 && (first < 0 || naive_before(&naive[i], &naive[first]))) {
            first = i;
        }
    }
    return first;
}

/* Few different deadlines, so that many are equal; sometimes the ends of the scale. */
static int64_t some_time(dice_t *dice)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};
    uint32_t chance = dice_below(dice, 40);
    if (chance < 4) {
        return ends[chance];
    }
    return chance < 20 ? (int64_t)dice_below(dice, 50) : (int64_t)dice_next(dice);
}

static void pop_and_compare(int64_t now_ns, int seed)
{
    int first = naive_first();
    model_assert(runner__timers_empty(&timers) == (first < 0), "seed %d", seed);
    if (first >= 0) {
        model_assert(runner__timers_next(&timers) == naive[first].deadline_ns, "seed %d", seed);
    }
    runner__timer_t *expected =
        first >= 0 && naive[first].deadline_ns <= now_ns ? &timer_of[first] : NULL;
    runner__timer_t *timer = runner__timers_pop_due(&timers, now_ns);
    model_assert(timer == expected, "seed %d, timer %d instead of %d", seed,
                 timer != NULL ? (int)(timer - timer_of) : -1, first);
    if (timer != NULL) {
        model_assert(!runner__timer_active(timer), "seed %d", seed);
        naive[first].order = 0;
    }
}

static void compare_all(int seed)
{
    uint32_t active = 0;
    for (int i = 0; i < TIMERS; i++) {
        bool is_active = naive[i].order != 0;
        model_assert(runner__timer_active(&timer_of[i]) == is_active, "seed %d, timer %d", seed, i);
        if (is_active) {
            const runner__timer_slot_t *slot = &timers.slots[timer_of[i].slot];
            model_assert(slot->timer == &timer_of[i] && slot->deadline_ns == naive[i].deadline_ns,
                         "seed %d, timer %d", seed, i);
            active++;
        }
    }
    model_assert(timers.count == active, "seed %d", seed);
}

static void random_step(dice_t *dice, uint64_t step, int seed)
{
    uint32_t i = dice_below(dice, TIMERS);
    /* Phases in which starts prevail, and others in which the heap shrinks. */
    uint32_t starts = step / 5000 % 2 == 0 ? 7 : 3;
    if (dice_below(dice, 10) < starts) {
        if (naive[i].order == 0) {
            naive[i].deadline_ns = some_time(dice);
            naive[i].order = step + 1;
            int code = runner__timer_start(&timers, &timer_of[i], naive[i].deadline_ns);
            model_assert(code == 0, "seed %d", seed);
        }
    } else if (dice_below(dice, 2) == 0) {
        runner__timer_stop(&timers, &timer_of[i]);
        naive[i].order = 0;
    } else {
        pop_and_compare(some_time(dice), seed);
    }
}

START_TEST(test_timer__behaves_as_a_plain_search_does)
{
    dice_t dice = {(uint64_t)_i};
    make_idle(timer_of, TIMERS);
    memset(naive, 0, sizeof naive);
    for (uint64_t step = 0; step < STEPS; step++) {
        random_step(&dice, step, _i);
        if (step % 1000 == 0) {
            compare_all(_i);
        }
    }
    while (naive_first() >= 0) {
        pop_and_compare(INT64_MAX, _i);
    }
    pop_and_compare(INT64_MAX, _i);
    compare_all(_i);
}
END_TEST

/* --- order -------------------------------------------------------------------------------- */

START_TEST(R193_test_timer__equal_deadlines_are_first_in_first_out)
{
    make_idle(timer_of, TIMERS);
    for (int i = 0; i < TIMERS; i++) {
        start(&timer_of[i], 7);
    }
    for (int i = 0; i < TIMERS; i += 3) {
        runner__timer_stop(&timers, &timer_of[i]);
    }
    for (int i = 0; i < TIMERS; i += 3) { /* started again: now they are the last */
        start(&timer_of[i], 7);
    }
    for (int i = 0; i < TIMERS; i++) {
        if (i % 3 != 0) {
            ck_assert_ptr_eq(runner__timers_pop_due(&timers, 7), &timer_of[i]);
        }
    }
    for (int i = 0; i < TIMERS; i += 3) {
        ck_assert_ptr_eq(runner__timers_pop_due(&timers, 7), &timer_of[i]);
    }
    ck_assert_ptr_null(runner__timers_pop_due(&timers, 7));
}
END_TEST

START_TEST(test_timer__is_due_at_its_deadline_and_not_before)
{
    runner__timer_t timer;
    make_idle(&timer, 1);
    start(&timer, 1000);
    ck_assert_ptr_null(runner__timers_pop_due(&timers, 999));
    ck_assert_ptr_eq(runner__timers_pop_due(&timers, 1000), &timer);
    ck_assert(!runner__timer_active(&timer));
    ck_assert_ptr_null(runner__timers_pop_due(&timers, INT64_MAX));
}
END_TEST

START_TEST(R197_test_timer__deadlines_reach_both_ends_of_the_scale)
{
    static const int64_t deadlines[] = {INT64_MAX, 0, INT64_MIN, -1, INT64_MAX - 1, INT64_MIN + 1};
    static const int sorted[] = {2, 5, 3, 1, 4, 0};
    runner__timer_t timer[6];
    make_idle(timer, 6);
    for (int i = 0; i < 6; i++) {
        start(&timer[i], deadlines[i]);
    }
    for (int i = 0; i < 6; i++) {
        int64_t deadline_ns = deadlines[sorted[i]];
        ck_assert_int_eq(runner__timers_next(&timers), deadline_ns);
        if (deadline_ns != INT64_MIN) {
            ck_assert_ptr_null(runner__timers_pop_due(&timers, deadline_ns - 1));
        }
        ck_assert_ptr_eq(runner__timers_pop_due(&timers, deadline_ns), &timer[sorted[i]]);
    }
    ck_assert(runner__timers_empty(&timers));
}
END_TEST

START_TEST(R196_test_timer__stopped_one_is_not_popped_and_leaves_no_slot)
{
    runner__timer_t timer[2];
    make_idle(timer, 2);
    runner__timer_stop(&timers, &timer[0]); /* idle: stays so */
    ck_assert(!runner__timer_active(&timer[0]));
    start(&timer[0], 1);
    start(&timer[1], 2);
    runner__timer_stop(&timers, &timer[0]);
    runner__timer_stop(&timers, &timer[0]);
    ck_assert_uint_eq(timers.count, 1);
    ck_assert_ptr_eq(runner__timers_pop_due(&timers, 5), &timer[1]);
    for (int i = 0; i < 100000; i++) {
        (void)runner__timer_start(&timers, &timer[0], i);
        runner__timer_stop(&timers, &timer[0]);
    }
    ck_assert_uint_le(timers.room, 16);
}
END_TEST

/* --- memory ------------------------------------------------------------------------------- */

static void *no_realloc(void *ptr, size_t size)
{
    (void)ptr;
    (void)size;
    return NULL;
}

static void forbid_growth(void)
{
    ck_assert_code(runner_replace_allocator(malloc, calloc, no_realloc, free), 0);
}

static void allow_growth(void)
{
    ck_assert_code(runner_replace_allocator(NULL, NULL, NULL, NULL), 0);
}

START_TEST(test_timer__first_start_without_memory_changes_nothing)
{
    runner__timer_t timer;
    make_idle(&timer, 1);
    forbid_growth();
    ck_assert_code(runner__timer_start(&timers, &timer, 5), RUNNER_ENOMEM);
    ck_assert(!runner__timer_active(&timer));
    ck_assert(runner__timers_empty(&timers));
    allow_growth();
    start(&timer, 5);
    ck_assert_ptr_eq(runner__timers_pop_due(&timers, 5), &timer);
}
END_TEST

START_TEST(test_timer__heap_that_can_not_grow_stays_as_it_is)
{
    make_idle(timer_of, TIMERS);
    int count = 0;
    do {
        start(&timer_of[count], 1000 - count);
        count++;
    } while (timers.count < timers.room);
    runner__timers_t before = timers;
    forbid_growth();
    ck_assert_code(runner__timer_start(&timers, &timer_of[count], -1), RUNNER_ENOMEM);
    ck_assert(!runner__timer_active(&timer_of[count]));
    ck_assert_mem_eq(&timers, &before, sizeof before);
    runner__timer_stop(&timers, &timer_of[0]); /* makes room for one, without growth */
    start(&timer_of[0], 1000);
    allow_growth();
    start(&timer_of[count], -1);
    for (int i = count; i >= 0; i--) {
        ck_assert_ptr_eq(runner__timers_pop_due(&timers, 1000), &timer_of[i]);
    }
    ck_assert(runner__timers_empty(&timers));
}
END_TEST

START_TEST(test_timer__heap_that_is_absurdly_full_refuses)
{
    runner__timer_t timer;
    runner__timers_t full = {NULL, UINT32_C(1) << 31, UINT32_C(1) << 31, 0};
    make_idle(&timer, 1);
    ck_assert_code(runner__timer_start(&full, &timer, 5), RUNNER_ENOMEM);
    ck_assert(!runner__timer_active(&timer));
    ck_assert_uint_eq(full.count, UINT32_C(1) << 31);
}
END_TEST

START_TEST(test_timer__can_be_used_again_after_fini)
{
    runner__timer_t timer;
    make_idle(&timer, 1);
    start(&timer, 5);
    runner__timers_fini(&timers);
    ck_assert(runner__timers_empty(&timers));
    make_idle(&timer, 1);
    start(&timer, 6);
    ck_assert_ptr_eq(runner__timers_pop_due(&timers, 6), &timer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timer");
    TCase *tcase = test_case(suite, "order");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_timer__behaves_as_a_plain_search_does, 1, 4);
    tcase_add_test(tcase, R193_test_timer__equal_deadlines_are_first_in_first_out);
    tcase_add_test(tcase, test_timer__is_due_at_its_deadline_and_not_before);
    tcase_add_test(tcase, R197_test_timer__deadlines_reach_both_ends_of_the_scale);
    tcase_add_test(tcase, R196_test_timer__stopped_one_is_not_popped_and_leaves_no_slot);

    tcase = test_case(suite, "memory");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_timer__first_start_without_memory_changes_nothing);
    tcase_add_test(tcase, test_timer__heap_that_can_not_grow_stays_as_it_is);
    tcase_add_test(tcase, test_timer__heap_that_is_absurdly_full_refuses);
    tcase_add_test(tcase, test_timer__can_be_used_again_after_fini);
    return test_main(suite);
}
