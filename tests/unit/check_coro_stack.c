/*
 * Stacks: where things lie, what is reused, what is given back, what a parked one costs.
 */
#include <check.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coro/coro.h"
#include "coro/guard.h"
#include "coro/slab.h"

#define HEADER_BYTES 200
#define KIB ((size_t)1024)

static runner__stackpool_t pool;

static void setup(void)
{
    runner__stackpool_init(&pool, HEADER_BYTES, 0);
}

static void teardown(void)
{
    runner__stackpool_destroy(&pool);
    runner__guard_force(RUNNER__GUARD_UNKNOWN);
}

static runner__stack_t *take(size_t bytes)
{
    runner__stack_t *stack = runner__stack_acquire(&pool, bytes);
    ck_assert_ptr_nonnull(stack);
    return stack;
}

/* How many pages of a stack have memory behind them. */
static size_t resident_pages(const runner__stack_t *stack)
{
    size_t page = runner__page_bytes();
    size_t count = runner__stack_bytes(stack) / page;
    unsigned char *resident = calloc(count, 1);
    size_t sum = 0;
    ck_assert_ptr_nonnull(resident);
    ck_assert_int_eq(mincore(stack->limit, count * page, (void *)resident), 0);
    for (size_t i = 0; i < count; i++) {
        sum += resident[i] & 1;
    }
    free(resident);
    return sum;
}

START_TEST(test_stack__header_and_base_are_aligned_and_inside)
{
    for (size_t header = 0; header <= 1000; header += 50) {
        runner__stackpool_t other;
        runner__stackpool_init(&other, header, 0);
        runner__stack_t *stack = runner__stack_acquire(&other, 0);
        ck_assert_ptr_nonnull(stack);
        ck_assert_uint_eq((uintptr_t)stack->header % 64, 0);
        ck_assert_uint_eq((uintptr_t)stack->base % 16, 0);
        ck_assert_uint_eq((uintptr_t)stack->limit % runner__page_bytes(), 0);
        ck_assert((char *)stack->header >= stack->base);
        ck_assert((char *)stack->header + header <= (char *)stack);
        ck_assert((char *)(stack + 1) <= stack->limit + runner__stack_bytes(stack));
        ck_assert_uint_ge((size_t)(stack->base - stack->limit), 60 * KIB);
        memset(stack->header, 0xff, header);
        memset(stack->limit, 0xff, (size_t)(stack->base - stack->limit));
        runner__stack_release(&other, stack);
        runner__stackpool_destroy(&other);
    }
}
END_TEST

START_TEST(test_stack__reuse_is_last_in_first_out)
{
    runner__stack_t *one = take(0);
    runner__stack_t *two = take(0);
    ck_assert_ptr_ne(one, two);
    runner__stack_release(&pool, one);
    runner__stack_release(&pool, two);
    ck_assert_ptr_eq(take(0), two);
    ck_assert_ptr_eq(take(0), one);
    runner__stack_release(&pool, one);
    runner__stack_release(&pool, two);
}
END_TEST

START_TEST(test_stack__sizes_are_rounded_up_to_classes)
{
    static const struct {
        size_t asked;
        size_t given;
    } cases[] = {
        {1, 16 * KIB},
        {16 * KIB, 16 * KIB},
        {16 * KIB + 1, 32 * KIB},
        {64 * KIB, 64 * KIB},
        {100 * KIB, 128 * KIB},
        {KIB * KIB, KIB * KIB},
        {200 * KIB * KIB, 256 * KIB * KIB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t page = runner__page_bytes();
        size_t given = cases[i].given > page ? cases[i].given : page;
        runner__stack_t *stack = take(cases[i].asked);
        ck_assert_uint_eq(runner__stack_bytes(stack), given);
        stack->limit[0] = 1;
        runner__stack_release(&pool, stack);
        ck_assert_ptr_eq(take(cases[i].asked), stack);
        runner__stack_release(&pool, stack);
    }
}
END_TEST

START_TEST(test_stack__absurd_sizes_are_refused)
{
    ck_assert_ptr_null(runner__stack_acquire(&pool, RUNNER__STACK_MAX_BYTES + 1));
    ck_assert_ptr_null(runner__stack_acquire(&pool, SIZE_MAX));
    runner__stackpool_t other;
    runner__stackpool_init(&other, HEADER_BYTES, SIZE_MAX);
    ck_assert_ptr_null(runner__stack_acquire(&other, 0));
    runner__stackpool_destroy(&other);
    runner__stackpool_init(&other, 15 * KIB, 16 * KIB);
    if (runner__page_bytes() <= 16 * KIB) {
        ck_assert_ptr_null(runner__stack_acquire(&other, 0));
    }
    runner__stackpool_destroy(&other);
}
END_TEST

#define MANY 3000

/* Enough for several slabs, all different, none overlapping. */
START_TEST(test_stack__many_are_distinct)
{
    static runner__stack_t *all[MANY];
    for (int i = 0; i < MANY; i++) {
        all[i] = take(0);
        memset(all[i]->header, i & 0xff, HEADER_BYTES);
        all[i]->owner = &all[i];
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_ptr_eq(all[i]->owner, &all[i]);
        ck_assert_int_eq(((unsigned char *)all[i]->header)[HEADER_BYTES - 1], i & 0xff);
        runner__stack_release(&pool, all[i]);
    }
}
END_TEST

/* The pool keeps stacks that touched one page longer than such that touched all. */
START_TEST(test_stack__memory_beyond_the_bound_is_given_back)
{
    static runner__stack_t *all[MANY];
    size_t resident = 0;
    for (int i = 0; i < MANY; i++) {
        all[i] = take(0);
        memset(all[i]->limit, 1, (size_t)(all[i]->base - all[i]->limit));
    }
    for (int i = 0; i < MANY; i++) {
        runner__stack_release(&pool, all[i]);
    }
    ck_assert_uint_ge(runner__stack_warm_count(&pool.classes[pool.default_class]), MANY);
    for (int i = 0; i < MANY; i += 1000) {
        runner__stackpool_idle(&pool);
    }
    for (int i = 0; i < MANY; i++) {
        size_t page = runner__page_bytes();
        unsigned char one[1];
        /* The lowest page; a stack in the pool has no record to ask. */
        char *top = (char *)((uintptr_t)((char *)all[i] + page - 1) & ~(uintptr_t)(page - 1));
        ck_assert_int_eq(mincore(top - 64 * KIB, 1, (void *)one), 0);
        resident += one[0] & 1;
    }
    ck_assert_uint_le(resident, RUNNER__STACK_WARM_STACKS);
    ck_assert_uint_ge(resident, 16);
    runner__stackpool_trim(&pool);
    for (int i = 0; i < MANY; i++) {
        all[i] = take(0);
        all[i]->base[-1] = 1;
    }
    for (int i = 0; i < MANY; i++) {
        runner__stack_release(&pool, all[i]);
    }
}
END_TEST

START_TEST(test_stack__trim_unmaps_what_nobody_uses)
{
    static runner__stack_t *all[MANY];
    unsigned char one[1];
    for (int i = 0; i < MANY; i++) {
        all[i] = take(0);
    }
    char *last_page = all[MANY - 1]->limit;
    for (int i = 0; i < MANY; i++) {
        runner__stack_release(&pool, all[i]);
    }
    ck_assert_int_eq(mincore(last_page, 1, (void *)one), 0);
    runner__stackpool_trim(&pool);
    ck_assert_uint_le(runner__stack_warm_count(&pool.classes[pool.default_class]),
                      RUNNER__STACK_WARM_STACKS);
    ck_assert_int_ne(mincore(last_page, 1, (void *)one), 0);
}
END_TEST

static runner__coro_t native;

#if defined(RUNNER__SWITCH_ASM) && !RUNNER__SANITIZED
#define PARKED_PAGES 1
#else
#define PARKED_PAGES 4 /* a ucontext_t of AArch64 alone is larger than a page */
#endif

static void park(void *arg)
{
    runner__coro_t *self = arg;
    runner__coro_switch(self, &native);
    runner__coro_exit(self, &native);
}

START_TEST(test_stack__parked_coroutine_touches_one_page)
{
    runner__stack_t *all[200];
    runner__coro_main_init(&native);
    for (int i = 0; i < 200; i++) {
        all[i] = take(0);
        runner__coro_make(all[i]->header, all[i], park, all[i]->header);
        runner__coro_switch(&native, all[i]->header);
    }
    /* The last ones lie in a slab that this test made; the first might have been used before. */
    for (int i = 100; i < 200; i++) {
        ck_assert_uint_le(resident_pages(all[i]), PARKED_PAGES);
        ck_assert_uint_le(runner__stack_high_water(all[i]), PARKED_PAGES * runner__page_bytes());
    }
    for (int i = 0; i < 200; i++) {
        runner__coro_destroy(all[i]->header);
        runner__stack_release(&pool, all[i]);
    }
    runner__coro_main_fini(&native);
}
END_TEST

START_TEST(test_stack__high_water_follows_the_deepest_use)
{
    runner__stack_t *stack = take(2 * KIB * KIB);
    char *top = stack->limit + runner__stack_bytes(stack);
    size_t page = runner__page_bytes();
    ck_assert_uint_eq(runner__stack_high_water(stack), page);
    for (size_t deep = page; deep <= KIB * KIB; deep += page) {
        top[-(ptrdiff_t)deep] = 1;
    }
    ck_assert_uint_eq(runner__stack_high_water(stack), KIB * KIB);
    runner__stack_release(&pool, stack);
}
END_TEST

START_TEST(test_stack__outlives_its_pool)
{
    runner__stackpool_t other;
    runner__stackpool_init(&other, HEADER_BYTES, 0);
    runner__stack_t *all[40];
    for (int i = 0; i < 40; i++) {
        all[i] = runner__stack_acquire(&other, 0);
        ck_assert_ptr_nonnull(all[i]);
    }
    for (int i = 0; i < 40; i += 2) {
        runner__stack_release(&other, all[i]);
    }
    runner__stackpool_destroy(&other);
    for (int i = 1; i < 40; i += 2) {
        memset(all[i]->limit, 1, (size_t)(all[i]->base - all[i]->limit));
        runner__stack_release(NULL, all[i]);
    }
}
END_TEST

START_TEST(test_stack__slab_of_a_destroyed_pool_is_used_again)
{
    runner__stack_t *first = NULL;
    for (int i = 0; i < 10; i++) {
        runner__stackpool_t other;
        runner__stackpool_init(&other, HEADER_BYTES, 0);
        runner__stack_t *stack = runner__stack_acquire(&other, 0);
        ck_assert(first == NULL || stack == first);
        first = stack;
        runner__stack_release(&other, stack);
        runner__stackpool_destroy(&other);
    }
}
END_TEST

#define THREADS 4

/* They share nothing but the cache of slabs and the registry. */
static void *churn(void *arg)
{
    int *failed = arg;
    for (int round = 0; round < 200 && *failed == 0; round++) {
        runner__stackpool_t own;
        runner__stack_t *held[40];
        runner__stackpool_init(&own, HEADER_BYTES, 0);
        for (int i = 0; i < 40; i++) {
            held[i] = runner__stack_acquire(&own, i % 2 == 0 ? 0 : 16 * KIB);
            if (held[i] == NULL) {
                *failed = 1;
                return NULL;
            }
            memset(held[i]->header, round, HEADER_BYTES);
        }
        for (int i = 0; i < 39; i++) {
            runner__stack_release(&own, held[i]);
        }
        runner__stackpool_destroy(&own);
        runner__stack_release(NULL, held[39]);
    }
    return NULL;
}

START_TEST(test_stack__pools_of_many_threads_do_not_disturb_each_other)
{
    pthread_t threads[THREADS];
    int failed[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, &failed[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(failed[i], 0);
    }
}
END_TEST

START_TEST(test_stack__every_guard_mode_hands_out_usable_stacks)
{
    static const runner__guard_mode_t modes[] = {RUNNER__GUARD_MADVISE, RUNNER__GUARD_MPROTECT,
                                                 RUNNER__GUARD_CANARY};
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
        runner__stack_t *all[100];
        runner__guard_force(modes[m]);
        for (int i = 0; i < 100; i++) {
            all[i] = take(32 * KIB);
            all[i]->base[-1] = 1;
            all[i]->limit[8] = 1;
        }
        ck_assert_int_eq(all[99]->canary != NULL, modes[m] == RUNNER__GUARD_CANARY);
        for (int i = 0; i < 100; i++) {
            runner__stack_release(&pool, all[i]);
        }
        runner__stackpool_destroy(&pool);
    }
}
END_TEST

#if !RUNNER__SANITIZED

START_TEST(test_stack__out_of_memory_is_reported_and_survived)
{
    if (runner__san_on_valgrind()) {
        return; /* it needs address space of its own */
    }
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit limit = {256 * KIB * KIB, 256 * KIB * KIB};
        runner__stack_t *list = NULL;
        int count = 0;
        if (setrlimit(RLIMIT_AS, &limit) != 0) {
            _exit(2);
        }
        for (runner__stack_t *s; (s = runner__stack_acquire(&pool, 0)) != NULL; count++) {
            s->next = list;
            list = s;
            if (count > 10000) {
                _exit(0); /* an emulator that ignores the limit */
            }
        }
        while (list != NULL) {
            runner__stack_t *next = list->next;
            runner__stack_release(&pool, list);
            list = next;
        }
        /* Nearly all of the address space could be used, and the pool still works. */
        _exit(count > 1500 && runner__stack_acquire(&pool, 0) != NULL ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("coro_stack");
    TCase *tcase = tcase_create("pool");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_stack__header_and_base_are_aligned_and_inside);
    tcase_add_test(tcase, test_stack__reuse_is_last_in_first_out);
    tcase_add_test(tcase, test_stack__sizes_are_rounded_up_to_classes);
    tcase_add_test(tcase, test_stack__absurd_sizes_are_refused);
    tcase_add_test(tcase, test_stack__many_are_distinct);
    tcase_add_test(tcase, test_stack__memory_beyond_the_bound_is_given_back);
    tcase_add_test(tcase, test_stack__trim_unmaps_what_nobody_uses);
    tcase_add_test(tcase, test_stack__parked_coroutine_touches_one_page);
    tcase_add_test(tcase, test_stack__high_water_follows_the_deepest_use);
    tcase_add_test(tcase, test_stack__outlives_its_pool);
    tcase_add_test(tcase, test_stack__slab_of_a_destroyed_pool_is_used_again);
    tcase_add_test(tcase, test_stack__pools_of_many_threads_do_not_disturb_each_other);
    tcase_add_test(tcase, test_stack__every_guard_mode_hands_out_usable_stacks);
#if !RUNNER__SANITIZED
    tcase_add_test(tcase, test_stack__out_of_memory_is_reported_and_survived);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
