/* The free list. Under AddressSanitizer it keeps nothing. */
#include "check_support.h"

#include <stdlib.h>

#include "base/pool.h"
#include "model.h"

enum { OBJECT_BYTES = 48 };

static int allocated; /* by the library, not freed */
static int refused;   /* further allocations fail */

static void *counting_malloc(size_t size)
{
    void *ptr = refused ? NULL : malloc(size);
    allocated += ptr != NULL;
    return ptr;
}

static void counting_free(void *ptr)
{
    allocated -= ptr != NULL;
    free(ptr);
}

static void setup(void)
{
    allocated = 0;
    refused = 0;
    ck_assert_code(runner_replace_allocator(counting_malloc, calloc, realloc, counting_free), 0);
}

static void teardown(void)
{
    ck_assert_code(runner_replace_allocator(NULL, NULL, NULL, NULL), 0);
    ck_assert_int_eq(allocated, 0);
}

/* What a pool keeps of so many objects that it was given. */
static int kept(int given)
{
    return RUNNER__POOL_KEEPS ? given : 0;
}

/* An object, all of whose bytes are written. */
static void *take(runner__pool_t *pool)
{
    void *object = runner__pool_take(pool);
    ck_assert_ptr_nonnull(object);
    memset(object, 0xa5, OBJECT_BYTES);
    return object;
}

START_TEST(test_pool__new_one_holds_nothing)
{
    runner__pool_t pool;
    runner__pool_init(&pool, OBJECT_BYTES, 8);
    ck_assert_int_eq(allocated, 0);
    runner__pool_clear(&pool);
    ck_assert_int_eq(allocated, 0);
}
END_TEST

START_TEST(test_pool__keeps_what_it_is_given_and_trims_it_to_its_bound)
{
    runner__pool_t pool;
    void *object[6];
    runner__pool_init(&pool, OBJECT_BYTES, 4);
    for (int i = 0; i < 6; i++) {
        object[i] = take(&pool);
    }
    ck_assert_int_eq(allocated, 6);
    for (int i = 0; i < 6; i++) {
        runner__pool_give(&pool, object[i]);
        ck_assert_int_eq(allocated, 5 - i + kept(i + 1));
    }
    runner__pool_trim(&pool);
    ck_assert_int_eq(allocated, kept(4));
    runner__pool_trim(&pool);
    ck_assert_int_eq(allocated, kept(4));
    runner__pool_clear(&pool);
}
END_TEST

/* A program that waits for the first time after a burst is not held up by it. */
START_TEST(test_pool__trims_a_part_at_a_time)
{
    enum { MANY = 3 * RUNNER__POOL_TRIM };
    runner__pool_t pool;
    static void *object[MANY];
    runner__pool_init(&pool, OBJECT_BYTES, 4);
    for (int i = 0; i < MANY; i++) {
        object[i] = take(&pool);
    }
    for (int i = 0; i < MANY; i++) {
        runner__pool_give(&pool, object[i]);
    }
    for (int left = MANY - RUNNER__POOL_TRIM; left > 4; left -= RUNNER__POOL_TRIM) {
        runner__pool_trim(&pool);
        ck_assert_int_eq(allocated, kept(left));
    }
    runner__pool_trim(&pool);
    ck_assert_int_eq(allocated, kept(4));
    runner__pool_clear(&pool);
}
END_TEST

#if RUNNER__POOL_KEEPS
START_TEST(test_pool__hands_out_last_in_first_out)
{
    runner__pool_t pool;
    void *object[3];
    runner__pool_init(&pool, OBJECT_BYTES, 3);
    for (int i = 0; i < 3; i++) {
        object[i] = take(&pool);
    }
    for (int i = 0; i < 3; i++) {
        runner__pool_give(&pool, object[i]);
    }
    for (int i = 2; i >= 0; i--) {
        ck_assert_ptr_eq(take(&pool), object[i]);
    }
    for (int i = 0; i < 3; i++) {
        runner__pool_give(&pool, object[i]);
    }
    runner__pool_clear(&pool);
}
END_TEST

START_TEST(test_pool__what_is_kept_needs_no_memory)
{
    runner__pool_t pool;
    runner__pool_init(&pool, OBJECT_BYTES, 3);
    void *object = take(&pool);
    runner__pool_give(&pool, object);
    refused = 1;
    ck_assert_ptr_eq(take(&pool), object);
    ck_assert_ptr_null(runner__pool_take(&pool));
    runner__pool_give(&pool, object);
    ck_assert_ptr_eq(take(&pool), object);
    runner__pool_give(&pool, object);
    runner__pool_clear(&pool);
}
END_TEST
#endif

START_TEST(test_pool__without_memory_there_is_no_object)
{
    runner__pool_t pool;
    runner__pool_init(&pool, OBJECT_BYTES, 3);
    refused = 1;
    ck_assert_ptr_null(runner__pool_take(&pool));
    ck_assert_ptr_null(runner__pool_take(&pool));
    refused = 0;
    runner__pool_give(&pool, take(&pool));
    runner__pool_clear(&pool);
    ck_assert_int_eq(allocated, 0);
}
END_TEST

START_TEST(test_pool__that_may_keep_none_frees_at_once)
{
    runner__pool_t pool;
    runner__pool_init(&pool, OBJECT_BYTES, 0);
    runner__pool_give(&pool, take(&pool));
    ck_assert_int_eq(allocated, 0);
}
END_TEST

/* As when a runner ends while objects are still out: they come back later, and are not kept. */
START_TEST(test_pool__whose_bound_is_taken_away_frees_what_comes_back)
{
    runner__pool_t pool;
    runner__pool_init(&pool, OBJECT_BYTES, 4);
    void *early = take(&pool);
    void *late = take(&pool);
    runner__pool_give(&pool, early);
    runner__pool_end(&pool);
    ck_assert_int_eq(allocated, 1);
    runner__pool_give(&pool, late);
    ck_assert_int_eq(allocated, 0);
}
END_TEST

START_TEST(test_pool__random_use_never_hands_out_twice)
{
    enum { MOST = 10, OUT = 40 };
    runner__pool_t pool;
    dice_t dice = {(uint64_t)_i};
    uint64_t *out[OUT] = {NULL};
    int count = 0;
    int in_pool = 0;
    runner__pool_init(&pool, OBJECT_BYTES, MOST);
    for (int step = 0; step < 20000; step++) {
        uint32_t at = dice_below(&dice, OUT);
        if (out[at] == NULL) {
            out[at] = take(&pool);
            *out[at] = at;
            count++;
            in_pool -= in_pool > 0;
        } else {
            model_assert(*out[at] == at, "seed %d, step %d", _i, step);
            runner__pool_give(&pool, out[at]);
            out[at] = NULL;
            count--;
            in_pool = kept(in_pool + 1);
        }
        model_assert(allocated == count + in_pool, "seed %d, step %d", _i, step);
        if (dice_below(&dice, 500) == 0) {
            runner__pool_clear(&pool);
            in_pool = 0;
        }
        if (dice_below(&dice, 100) == 0) {
            runner__pool_trim(&pool);
            in_pool = in_pool < MOST ? in_pool : MOST;
        }
    }
    for (int i = 0; i < OUT; i++) {
        if (out[i] != NULL) {
            runner__pool_give(&pool, out[i]);
        }
    }
    runner__pool_clear(&pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tcase = test_case(suite, "pool");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_pool__new_one_holds_nothing);
    tcase_add_test(tcase, test_pool__keeps_what_it_is_given_and_trims_it_to_its_bound);
    tcase_add_test(tcase, test_pool__trims_a_part_at_a_time);
#if RUNNER__POOL_KEEPS
    tcase_add_test(tcase, test_pool__hands_out_last_in_first_out);
    tcase_add_test(tcase, test_pool__what_is_kept_needs_no_memory);
#endif
    tcase_add_test(tcase, test_pool__without_memory_there_is_no_object);
    tcase_add_test(tcase, test_pool__that_may_keep_none_frees_at_once);
    tcase_add_test(tcase, test_pool__whose_bound_is_taken_away_frees_what_comes_back);
    tcase_add_loop_test(tcase, test_pool__random_use_never_hands_out_twice, 1, 5);
    return test_main(suite);
}
