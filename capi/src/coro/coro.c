#include "coro.h"

#include <stdatomic.h>

#if defined(RUNNER__SWITCH_AARCH64) && defined(RUNNER__SWITCH_UCONTEXT)
#define HINT_CHKFEAT "hint #40"
#endif

#if defined(RUNNER__SWITCH_ASM)

int runner__switch_portable;

/* The assembly does not keep a hardware shadow stack in step: the first return in a coroutine
 * would fault. A process has one from its start or not at all. */
static int shadow_stack_active(void)
{
#if !defined(RUNNER__SWITCH_UCONTEXT)
    return 0;
#elif defined(RUNNER__SWITCH_X86_64)
    uint64_t pointer = 0;
    __asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(pointer)); /* rdsspq %rax */
    return pointer != 0;
#else
    register uint64_t feature __asm__("x16") = 1; /* guarded control stack */
    __asm__ volatile(HINT_CHKFEAT : "+r"(feature));
    return feature == 0;
#endif
}

static void choose_backend(void)
{
    static atomic_int chosen;
    if (atomic_load_explicit(&chosen, memory_order_acquire) == 0) {
        if (shadow_stack_active()) {
            runner__switch_portable = 1;
        }
        atomic_store_explicit(&chosen, 1, memory_order_release);
    }
}

#else

static void choose_backend(void)
{
}

#endif

void runner__coro_main_init(runner__coro_t *thread_ctx)
{
    choose_backend();
#if defined(RUNNER__SWITCH_FIBERS)
    runner__fiber_attach();
#endif
    *thread_ctx = (runner__coro_t){0};
#if RUNNER__SANITIZED
    runner__san_native(&thread_ctx->san);
#endif
}

void runner__coro_main_fini(runner__coro_t *thread_ctx)
{
#if defined(RUNNER__SWITCH_FIBERS)
    runner__fiber_detach();
#endif
    /* A native stack's fiber under a sanitizer is the sanitizer's own. */
    *thread_ctx = (runner__coro_t){0};
}

void runner__coro_sanitized_entry(void *arg)
{
#if RUNNER__SANITIZED
    runner__san_t *san = arg;
    runner__san_arrive(san);
    san->entry(san->arg);
#else
    (void)arg;
#endif
}
