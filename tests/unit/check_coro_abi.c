/*
 * What a switch owes to the calling convention: registers, control words, alignment, unwinding.
 */
#include <check.h>
#include <fenv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GLIBC__)
#include <execinfo.h>
#endif

#include "coro/coro.h"

#define HEADER_BYTES 256
#define NOINLINE __attribute__((noinline))

typedef struct fiber {
    runner__coro_t co;
    runner__stack_t *stack;
    runner__coro_t *back; /* where it switches to */
    long count;
    int ok;
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

/* Enough live values that the compiler keeps some in every callee-saved register. */
static NOINLINE uint64_t mix_across_switches(fiber_t *self, runner__coro_t *from, uint64_t seed)
{
    uint64_t v[12];
    double d[8];
    for (uint64_t i = 0; i < 12; i++) {
        v[i] = seed * (2 * i + 1);
    }
    for (int i = 0; i < 8; i++) {
        d[i] = (double)(seed % 1000) + i;
    }
    for (int round = 0; round < 10; round++) {
        uint64_t a = v[0], b = v[1], c = v[2], e = v[3], f = v[4], g = v[5], h = v[6], j = v[7];
        double x = d[0], y = d[1], z = d[2], w = d[3];
        runner__coro_switch(from, from == &native ? &self->co : self->back);
        v[0] = b + a, v[1] = c ^ b, v[2] = e + c, v[3] = f ^ e;
        v[4] = g + f, v[5] = h ^ g, v[6] = j + h, v[7] = a ^ j;
        d[0] = y, d[1] = z, d[2] = w, d[3] = x;
    }
    uint64_t sum = 0;
    for (int i = 0; i < 12; i++) {
        sum = sum * 31 + v[i];
    }
    for (int i = 0; i < 8; i++) {
        sum = sum * 31 + (uint64_t)d[i];
    }
    return sum;
}

static void mixer(void *arg)
{
    fiber_t *self = arg;
    self->count = (long)mix_across_switches(self, &self->co, 77);
    runner__coro_exit(&self->co, self->back);
}

START_TEST(test_coro_abi__switch_keeps_the_values_of_both_sides)
{
    fiber_t *one = spawn(mixer);
    fiber_t *two = spawn(mixer);
    uint64_t here = mix_across_switches(one, &native, 77);
    enter(one);
    for (int i = 0; i < 11; i++) {
        enter(two);
    }
    ck_assert_int_eq(one->count, two->count);
    ck_assert_int_eq((long)here, two->count);
    drop(one);
    drop(two);
}
END_TEST

#if defined(RUNNER__SWITCH_ASM) && !RUNNER__SANITIZED

#if defined(RUNNER__SWITCH_X86_64)

static NOINLINE int registers_survive(void **save, void *to)
{
    int ok;
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "movq $0x1001, %%rbx\n\tmovq $0x1002, %%rbp\n\tmovq $0x1003, %%r12\n\t"
                     "movq $0x1004, %%r13\n\tmovq $0x1005, %%r14\n\tmovq $0x1006, %%r15\n\t"
                     "call runner__asm_switch\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "cmpq $0x1001, %%rbx\n\tjne 1f\n\tcmpq $0x1002, %%rbp\n\tjne 1f\n\t"
                     "cmpq $0x1003, %%r12\n\tjne 1f\n\tcmpq $0x1004, %%r13\n\tjne 1f\n\t"
                     "cmpq $0x1005, %%r14\n\tjne 1f\n\tcmpq $0x1006, %%r15\n\tjne 1f\n\t"
                     "incl %%eax\n"
                     "1:\n\t"
                     "popq %%rbp\n\t"
                     "leaq 128(%%rsp), %%rsp"
                     : "=&a"(ok), "+D"(save), "+S"(to)
                     :
                     : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "memory", "cc");
    return ok;
}

static void spoil_registers(void *arg)
{
    fiber_t *self = arg;
    for (;;) {
        __asm__ volatile("movq $-1, %%rbx\n\tmovq $-1, %%r12\n\tmovq $-1, %%r13\n\t"
                         "movq $-1, %%r14\n\tmovq $-1, %%r15"
                         :
                         :
                         : "rbx", "r12", "r13", "r14", "r15");
        runner__coro_switch(&self->co, self->back);
    }
}

#else

static NOINLINE int registers_survive(void **save, void *to)
{
    register void **x0 __asm__("x0") = save;
    register void *x1 __asm__("x1") = to;
    uint64_t sum;
    __asm__ volatile(
        "str x29, [sp, #-16]!\n\t"
        "mov x19, #1\n\tmov x20, #2\n\tmov x21, #3\n\tmov x22, #4\n\tmov x23, #5\n\t"
        "mov x24, #6\n\tmov x25, #7\n\tmov x26, #8\n\tmov x27, #9\n\tmov x28, #10\n\t"
        "mov x29, #11\n\tfmov d8, #1.0\n\tfmov d9, #2.0\n\tfmov d10, #3.0\n\tfmov d11, #4.0\n\t"
        "fmov d12, #5.0\n\tfmov d13, #6.0\n\tfmov d14, #7.0\n\tfmov d15, #8.0\n\t"
        "bl runner__asm_switch\n\t"
        /* Each register weighs differently, so that no two can be exchanged. */
        "mov %2, #0\n\t"
        "add %2, x19, %2, lsl #4\n\tadd %2, x20, %2, lsl #4\n\tadd %2, x21, %2, lsl #4\n\t"
        "add %2, x22, %2, lsl #4\n\tadd %2, x23, %2, lsl #4\n\tadd %2, x24, %2, lsl #4\n\t"
        "add %2, x25, %2, lsl #4\n\tadd %2, x26, %2, lsl #4\n\tadd %2, x27, %2, lsl #4\n\t"
        "add %2, x28, %2, lsl #4\n\tadd %2, x29, %2, lsl #4\n\t"
        "fadd d0, d8, d8\n\tfadd d0, d0, d9\n\tfadd d0, d0, d0\n\tfadd d0, d0, d10\n\t"
        "fadd d0, d0, d0\n\tfadd d0, d0, d11\n\tfadd d0, d0, d0\n\tfadd d0, d0, d12\n\t"
        "fadd d0, d0, d0\n\tfadd d0, d0, d13\n\tfadd d0, d0, d0\n\tfadd d0, d0, d14\n\t"
        "fadd d0, d0, d0\n\tfadd d0, d0, d15\n\t"
        "fcvtzu x1, d0\n\tadd %2, x1, %2, lsl #12\n\t"
        "ldr x29, [sp], #16"
        : "+r"(x0), "+r"(x1), "=&r"(sum)
        :
        : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
          "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "d0",
          "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15", "memory", "cc");
    uint64_t ints = UINT64_C(0x123456789ab);
    return sum == ((ints << 12) + 502);
}

static void spoil_registers(void *arg)
{
    fiber_t *self = arg;
    for (;;) {
        __asm__ volatile("mov x19, #-1\n\tmov x20, #-1\n\tmov x21, #-1\n\tmov x22, #-1\n\t"
                         "mov x23, #-1\n\tmov x24, #-1\n\tmov x25, #-1\n\tmov x26, #-1\n\t"
                         "mov x27, #-1\n\tmov x28, #-1\n\tfmov d8, #31.0\n\tfmov d9, d8\n\t"
                         "fmov d10, d8\n\tfmov d11, d8\n\tfmov d12, d8\n\tfmov d13, d8\n\t"
                         "fmov d14, d8\n\tfmov d15, d8"
                         :
                         :
                         : "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                           "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15");
        runner__coro_switch(&self->co, self->back);
    }
}

#endif

START_TEST(test_coro_abi__switch_keeps_callee_saved_registers)
{
    fiber_t *fiber = spawn(spoil_registers);
    for (int i = 0; i < 100 && !runner__switch_portable; i++) {
        ck_assert_int_eq(registers_survive(&native.sp, fiber->co.sp), 1);
    }
    drop(fiber);
}
END_TEST

#endif

static void round_upward(void *arg)
{
    fiber_t *self = arg;
    self->ok = fegetround() == FE_DOWNWARD; /* as its maker */
    (void)fesetround(FE_UPWARD);
    runner__coro_switch(&self->co, self->back);
    self->ok = self->ok && fegetround() == FE_UPWARD;
    runner__coro_exit(&self->co, self->back);
}

START_TEST(test_coro_abi__rounding_mode_belongs_to_the_context)
{
    (void)fesetround(FE_DOWNWARD);
    fiber_t *fiber = spawn(round_upward);
    (void)fesetround(FE_TONEAREST);
    enter(fiber);
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
    enter(fiber);
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
    ck_assert_int_eq(fiber->ok, 1);
    drop(fiber);
}
END_TEST

static NOINLINE int aligned_locals(double x)
{
    _Alignas(16) double lanes[4] = {x, x + 1, x + 2, x + 3};
    char text[128];
    __asm__ volatile("" : : "r"(lanes) : "memory");
    (void)snprintf(text, sizeof text, "%.1f %.2f %g %Lf", lanes[0], lanes[1], lanes[2] / 3,
                   (long double)lanes[3]);
    return ((uintptr_t)lanes & 15) == 0 && strncmp(text, "1.5 2.50 1.16667 4.5", 20) == 0;
}

static void print_doubles(void *arg)
{
    fiber_t *self = arg;
#if defined(__x86_64__)
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    self->ok = (frame & 15) == 0 && aligned_locals(1.5);
#else
    self->ok = aligned_locals(1.5);
#endif
    runner__coro_exit(&self->co, self->back);
}

START_TEST(test_coro_abi__stack_is_aligned_at_entry)
{
    fiber_t *fiber = spawn(print_doubles);
    ck_assert_uint_eq((uintptr_t)fiber->stack->base & 15, 0);
    enter(fiber);
    ck_assert_int_eq(fiber->ok, 1);
    drop(fiber);
}
END_TEST

#if defined(__GLIBC__)

#define FRAMES 32
#define KEEP_FRAME() __asm__ volatile("" : : : "memory")

static void *frames[FRAMES];
static int frame_count;

static NOINLINE void inner(fiber_t *self)
{
    frame_count = backtrace(frames, FRAMES);
    runner__coro_switch(&self->co, self->back);
    KEEP_FRAME();
}

static NOINLINE void middle(fiber_t *self)
{
    inner(self);
    KEEP_FRAME();
}

static NOINLINE void outer(void *arg)
{
    fiber_t *self = arg;
    middle(self);
    runner__coro_exit(&self->co, self->back);
}

static int is_in(void (*function)(void), const void *address)
{
    uintptr_t start = (uintptr_t)function;
    return (uintptr_t)address > start && (uintptr_t)address < start + 1024;
}

START_TEST(test_coro_abi__backtrace_shows_its_frames_and_ends)
{
    int first = 0;
    (void)backtrace(frames, FRAMES); /* loads the unwinder, which needs a large stack */
    fiber_t *fiber = spawn(outer);
    enter(fiber);
    while (first < frame_count && !is_in((void (*)(void))inner, frames[first])) {
        first++;
    }
    ck_assert_int_lt(first + 2, frame_count);
    ck_assert(is_in((void (*)(void))middle, frames[first + 1]));
    ck_assert(is_in((void (*)(void))outer, frames[first + 2]));
    /* Below it only how it was started. */
    ck_assert_int_le(frame_count, first + 6);
    enter(fiber);
    drop(fiber);
}
END_TEST

#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("coro_abi");
    TCase *tcase = tcase_create("context");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test_coro_abi__switch_keeps_the_values_of_both_sides);
#if defined(RUNNER__SWITCH_ASM) && !RUNNER__SANITIZED
    tcase_add_test(tcase, test_coro_abi__switch_keeps_callee_saved_registers);
#endif
    tcase_add_test(tcase, test_coro_abi__rounding_mode_belongs_to_the_context);
    tcase_add_test(tcase, test_coro_abi__stack_is_aligned_at_entry);
#if defined(__GLIBC__)
    tcase_add_test(tcase, test_coro_abi__backtrace_shows_its_frames_and_ends);
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
