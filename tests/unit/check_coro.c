/*
 * Contexts: where a coroutine starts and ends, who can switch to whom, and how many there can be.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "coro/coro.h"

#define HEADER_BYTES 256

typedef struct fiber {
    runner__coro_t co;
    runner__stack_t *stack;
    runner__coro_t *back; /* where it switches to */
    struct fiber *child;
    long count;
    int depth;
} fiber_t;

static runner__stackpool_t pool;
static runner__coro_t native;

static void setup(void)
{
    runner__stackpool_init(&pool, HEADER_BYTES, 0);
    runner__coro_main_init(&native);
}

static void teardown(void)
{
    runner__coro_main_fini(&native);
    runner__stackpool_destroy(&pool);
}

static fiber_t *spawn(void (*entry)(void *))
{
    runner__stack_t *stack = runner__stack_acquire(&pool, 0);
    ck_assert_ptr_nonnull(stack);
    fiber_t *fiber = stack->header;
    memset(fiber, 0, sizeof *fiber);
    fiber->stack = stack;
    fiber->back = &native;
    runner__coro_make(&fiber->co, stack, entry, fiber);
    return fiber;
}

static void drop(fiber_t *fiber)
{
    runner__stack_t *stack = fiber->stack;
    runner__coro_destroy(&fiber->co);
    runner__stack_release(&pool, stack);
}

static void enter(fiber_t *fiber)
{
    runner__coro_switch(&native, &fiber->co);
}

static void count_once(void *arg)
{
    fiber_t *self = arg;
    self->count++;
    runner__coro_exit(&self->co, self->back);
}

static void count_for_ever(void *arg)
{
    fiber_t *self = arg;
    for (;;) {
        self->count++;
        runner__coro_switch(&self->co, self->back);
    }
}

START_TEST(test_coro__runs_and_exits)
{
    fiber_t *fiber = spawn(count_once);
    enter(fiber);
    ck_assert_int_eq(fiber->count, 1);
    drop(fiber);
}
END_TEST

START_TEST(test_coro__resumes_where_it_left)
{
    fiber_t *fiber = spawn(count_for_ever);
    for (long i = 1; i <= 1000; i++) {
        enter(fiber);
        ck_assert_int_eq(fiber->count, i);
    }
    drop(fiber);
}
END_TEST

START_TEST(test_coro__can_be_dropped_before_it_ran)
{
    fiber_t *fiber = spawn(count_once);
    ck_assert_int_eq(fiber->count, 0);
    drop(fiber);
}
END_TEST

START_TEST(test_coro__can_be_dropped_while_parked_and_its_stack_used_again)
{
    for (int i = 0; i < 100; i++) {
        fiber_t *parked = spawn(count_for_ever);
        enter(parked);
        drop(parked);
        fiber_t *next = spawn(count_once);
        ck_assert_ptr_eq(next, parked);
        enter(next);
        ck_assert_int_eq(next->count, 1);
        drop(next);
    }
}
END_TEST

#if RUNNER__TSAN
#define MANY 1000 /* it counts each as a thread, of which it knows a limited number */
#else
#define MANY 10000
#endif
#define NESTED 500

/* Each starts the next and is resumed by it, coroutine to coroutine. */
static void nest(void *arg)
{
    fiber_t *self = arg;
    self->count = 1;
    if (self->depth > 0) {
        fiber_t *child = spawn(nest);
        child->depth = self->depth - 1;
        child->back = &self->co;
        runner__coro_switch(&self->co, &child->co);
        self->count += child->count;
        drop(child);
    }
    runner__coro_exit(&self->co, self->back);
}

START_TEST(test_coro__nests_coroutine_in_coroutine)
{
    fiber_t *fiber = spawn(nest);
    fiber->depth = NESTED;
    enter(fiber);
    ck_assert_int_eq(fiber->count, NESTED + 1);
    drop(fiber);
}
END_TEST

static void relay(void *arg)
{
    fiber_t *self = arg;
    for (;;) {
        self->count++;
        runner__coro_switch(&self->co, self->child != NULL ? &self->child->co : &native);
    }
}

START_TEST(test_coro__many_in_a_ring)
{
    static fiber_t *all[MANY];
    for (int i = MANY - 1; i >= 0; i--) {
        all[i] = spawn(relay);
        all[i]->child = i + 1 < MANY ? all[i + 1] : NULL;
    }
    for (int lap = 0; lap < 10; lap++) {
        enter(all[0]);
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(all[i]->count, 10);
        drop(all[i]);
    }
}
END_TEST

#if defined(RUNNER__SWITCH_ASM) && defined(RUNNER__SWITCH_UCONTEXT) && !RUNNER__ASAN

/* What a process with a shadow stack does. Not under AddressSanitizer, which warns of ucontext. */
START_TEST(test_coro__assembly_can_be_left_aside_at_run_time)
{
    int before = runner__switch_portable;
    runner__switch_portable = 1;
    fiber_t *fiber = spawn(nest);
    fiber->depth = 20;
    enter(fiber);
    ck_assert_int_eq(fiber->count, 21);
    drop(fiber);
    fiber = spawn(count_for_ever);
    enter(fiber);
    drop(fiber);
    runner__switch_portable = before;
}
END_TEST

#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("coro");
    TCase *tcase = tcase_create("context");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_coro__runs_and_exits);
    tcase_add_test(tcase, test_coro__resumes_where_it_left);
    tcase_add_test(tcase, test_coro__can_be_dropped_before_it_ran);
    tcase_add_test(tcase, test_coro__can_be_dropped_while_parked_and_its_stack_used_again);
    tcase_add_test(tcase, test_coro__nests_coroutine_in_coroutine);
    tcase_add_test(tcase, test_coro__many_in_a_ring);
#if defined(RUNNER__SWITCH_ASM) && defined(RUNNER__SWITCH_UCONTEXT) && !RUNNER__ASAN
    tcase_add_test(tcase, test_coro__assembly_can_be_left_aside_at_run_time);
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
