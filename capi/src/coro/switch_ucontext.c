/*
 * The portable backend: swapcontext(). It enters the kernel twice per switch for the signal mask.
 *
 * A suspended context is a ucontext_t on its own stack: no allocation, and nothing to set up for
 * a thread's native stack.
 */
#include "switch.h"

#if defined(RUNNER__SWITCH_UCONTEXT)

#if defined(__APPLE__)
#define _XOPEN_SOURCE 600
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define WORD_BITS 32

/* makecontext() passes integers only. */
static void start(unsigned entry_high, unsigned entry_low, unsigned arg_high, unsigned arg_low)
{
    uintptr_t entry = (uintptr_t)((uint64_t)entry_high << WORD_BITS | entry_low);
    uintptr_t arg = (uintptr_t)((uint64_t)arg_high << WORD_BITS | arg_low);
    ((void (*)(void *))entry)((void *)arg);
    abort();
}

/* The first context of a coroutine lies above its frames and stays there. */
static ucontext_t *place_of(const runner__stack_t *stack)
{
    size_t room = (sizeof(ucontext_t) + 63) & ~(size_t)63;
    return (ucontext_t *)(void *)(stack->base - room);
}

void *runner__ucontext_make(runner__stack_t *stack, void (*entry)(void *arg), void *arg)
{
    ucontext_t *context = place_of(stack);
    uint64_t entry_bits = (uint64_t)(uintptr_t)entry;
    uint64_t arg_bits = (uint64_t)(uintptr_t)arg;
    memset(context, 0, sizeof *context);
    (void)getcontext(context);
    context->uc_stack.ss_sp = stack->limit;
    context->uc_stack.ss_size = (size_t)((char *)context - stack->limit);
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))start, 4, (unsigned)(entry_bits >> WORD_BITS),
                (unsigned)entry_bits, (unsigned)(arg_bits >> WORD_BITS), (unsigned)arg_bits);
    return context;
}

/* Where shadow stacks are active, glibc's makecontext() maps one for each context, notes base and
 * size behind the context, and nobody ever unmaps it. */
void runner__ucontext_destroy(runner__stack_t *stack)
{
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 28)
    ucontext_t *context = place_of(stack);
    if (context->__ssp[1] != 0 && context->__ssp[2] != 0) {
        (void)munmap((void *)(uintptr_t)context->__ssp[1], (size_t)context->__ssp[2]);
        context->__ssp[1] = 0;
    }
#endif
#endif
    (void)stack;
}

void runner__ucontext_switch(void **save, void *to)
{
    ucontext_t here;
    *save = &here;
    (void)swapcontext(&here, to);
}

void runner__ucontext_exit(void *to)
{
    (void)setcontext(to);
    abort();
}

#endif
