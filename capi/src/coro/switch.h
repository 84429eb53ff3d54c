/*
 * The backend of coro.h: one way to save a context and to resume another.
 *
 * x86-64 and AArch64 have assembly. Everything else, RUNNER_CORO_UCONTEXT, and a process with a
 * hardware shadow stack use ucontext, which the C library keeps in step with the shadow stack;
 * Windows uses fibers.
 */
#ifndef RUNNER__CORO_SWITCH_H
#define RUNNER__CORO_SWITCH_H

#include <stdint.h>

#include "stack.h"

#if defined(_WIN32)
#define RUNNER__SWITCH_FIBERS 1
#elif !defined(RUNNER_CORO_UCONTEXT) && defined(__x86_64__) && !defined(__ILP32__)
#define RUNNER__SWITCH_X86_64 1
#elif !defined(RUNNER_CORO_UCONTEXT) && defined(__aarch64__) && !defined(__ILP32__) &&             \
    !defined(__ARM_BIG_ENDIAN)
#define RUNNER__SWITCH_AARCH64 1
#endif

#if defined(RUNNER__SWITCH_X86_64) || defined(RUNNER__SWITCH_AARCH64)
#define RUNNER__SWITCH_ASM 1
#endif

/* musl has neither ucontext nor shadow stacks; where assembly exists it is all that is needed. */
#if !defined(_WIN32) && (!defined(RUNNER__SWITCH_ASM) || defined(__GLIBC__))
#define RUNNER__SWITCH_UCONTEXT 1
#endif

/* Under a sanitizer each coroutine starts here: arg is its runner__san_t. */
void runner__coro_sanitized_entry(void *arg);

#if defined(RUNNER__SWITCH_UCONTEXT)
void *runner__ucontext_make(runner__stack_t *stack, void (*entry)(void *arg), void *arg);
void runner__ucontext_switch(void **save, void *to);
__attribute__((noreturn)) void runner__ucontext_exit(void *to);
void runner__ucontext_destroy(runner__stack_t *stack);
#endif

#if defined(RUNNER__SWITCH_FIBERS)
void *runner__fiber_make(runner__stack_t *stack, void (*entry)(void *arg), void *arg);
void runner__fiber_switch(void **save, void *to);
__attribute__((noreturn)) void runner__fiber_exit(void *to);
void runner__fiber_destroy(runner__stack_t *stack);

/* Makes sure that a stack which is about to be handed out has a fiber; -1 = out of memory. */
int runner__fiber_prepare(runner__stack_t *stack);
void runner__fiber_free(runner__stack_t *stack);

/* The native stack of the calling thread becomes, or ceases to be, a fiber. */
void runner__fiber_attach(void);
void runner__fiber_detach(void);
#endif

#if defined(RUNNER__SWITCH_ASM)
__attribute__((visibility("hidden"))) void runner__asm_switch(void **save, void *to);
__attribute__((visibility("hidden"), noreturn)) void runner__asm_exit(void *to);
__attribute__((visibility("hidden"))) void runner__asm_start(void);

/* Decided once, before the first context exists: non-zero = use ucontext all the same. */
__attribute__((visibility("hidden"))) extern int runner__switch_portable;
#endif

#if defined(RUNNER__SWITCH_X86_64)

/* The layout that switch_x86_64_sysv.S pushes and pops, lowest address first. */
typedef struct runner__asm_frame {
    uint32_t mxcsr;
    uint32_t x87_control;
    uintptr_t r12, r13, r14, r15, rbx, rbp;
    uintptr_t rip;
    uintptr_t end[2]; /* the zero return address of the entry frame, and alignment */
} runner__asm_frame_t;

static inline void *runner__asm_make(char *base, void (*entry)(void *arg), void *arg)
{
    runner__asm_frame_t *frame = (runner__asm_frame_t *)(void *)(base - sizeof *frame);
    uint16_t x87_control;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(x87_control));
    frame->x87_control = x87_control;
    frame->r12 = (uintptr_t)entry;
    frame->r13 = (uintptr_t)arg;
    frame->rbp = 0;
    frame->rip = (uintptr_t)runner__asm_start;
    frame->end[0] = 0;
    frame->end[1] = 0;
    return frame;
}

#elif defined(RUNNER__SWITCH_AARCH64)

/* The layout that switch_aarch64_aapcs.S stores and loads, lowest address first. */
typedef struct runner__asm_frame {
    uintptr_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
    uintptr_t fp, lr;
    uint64_t d[8];
    uint64_t fpcr;
    uint64_t pad;
} runner__asm_frame_t;

static inline void *runner__asm_make(char *base, void (*entry)(void *arg), void *arg)
{
    runner__asm_frame_t *frame = (runner__asm_frame_t *)(void *)(base - sizeof *frame);
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
    frame->x19 = (uintptr_t)entry;
    frame->x20 = (uintptr_t)arg;
    frame->fp = 0;
    frame->lr = (uintptr_t)runner__asm_start;
    return frame;
}

#endif

static inline void *runner__context_make(runner__stack_t *stack, void (*entry)(void *arg),
                                         void *arg)
{
#if defined(RUNNER__SWITCH_FIBERS)
    return runner__fiber_make(stack, entry, arg);
#else
#if defined(RUNNER__SWITCH_UCONTEXT)
#if defined(RUNNER__SWITCH_ASM)
    if (__builtin_expect(runner__switch_portable, 0))
#endif
    {
        return runner__ucontext_make(stack, entry, arg);
    }
#endif
#if defined(RUNNER__SWITCH_ASM)
    return runner__asm_make(stack->base, entry, arg);
#endif
#endif
}

static inline void runner__context_switch(void **save, void *to)
{
#if defined(RUNNER__SWITCH_FIBERS)
    runner__fiber_switch(save, to);
#else
#if defined(RUNNER__SWITCH_UCONTEXT)
#if defined(RUNNER__SWITCH_ASM)
    if (__builtin_expect(runner__switch_portable, 0))
#endif
    {
        runner__ucontext_switch(save, to);
        return;
    }
#endif
#if defined(RUNNER__SWITCH_ASM)
    runner__asm_switch(save, to);
#endif
#endif
}

__attribute__((noreturn)) static inline void runner__context_exit(void *to)
{
#if defined(RUNNER__SWITCH_FIBERS)
    runner__fiber_exit(to);
#else
#if defined(RUNNER__SWITCH_UCONTEXT)
#if defined(RUNNER__SWITCH_ASM)
    if (__builtin_expect(runner__switch_portable, 0))
#endif
    {
        runner__ucontext_exit(to);
    }
#endif
#if defined(RUNNER__SWITCH_ASM)
    runner__asm_exit(to);
#endif
#endif
}

static inline void runner__context_destroy(runner__stack_t *stack)
{
#if defined(RUNNER__SWITCH_FIBERS)
    runner__fiber_destroy(stack);
#elif defined(RUNNER__SWITCH_UCONTEXT)
#if defined(RUNNER__SWITCH_ASM)
    if (__builtin_expect(runner__switch_portable, 0))
#endif
    {
        runner__ucontext_destroy(stack);
    }
#else
    (void)stack;
#endif
}

#endif
