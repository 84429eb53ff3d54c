/*
 * Symmetric coroutines: make, switch, exit.
 *
 * A context is either the native stack of a thread (runner__coro_main_init) or a coroutine on a
 * stack of its own (runner__coro_make). Any context may switch to any other of the same thread;
 * a coroutine never moves to another thread.
 *
 *     stack = runner__stack_acquire(pool, 0);
 *     runner__coro_make(co, stack, entry, arg);
 *     runner__coro_switch(&native, co);        entry ends with runner__coro_exit(co, &native)
 *     runner__coro_destroy(co);
 *     runner__stack_release(pool, stack);
 *
 * The floating-point control state (rounding, exception masks) belongs to the context; a new
 * coroutine starts with that of its maker. The signal mask belongs to the thread and is shared
 * (the portable backend saves and restores it per context, as a side effect).
 */
#ifndef RUNNER__CORO_CORO_H
#define RUNNER__CORO_CORO_H

#include <stddef.h>
#include <stdint.h>

#include "sanitizer.h"
#include "stack.h"
#include "switch.h"

typedef struct runner__coro runner__coro_t;

struct runner__coro {
    void *sp;               /* the saved context; meaning depends on the backend */
    runner__stack_t *stack; /* NULL for the native stack */
    const uint64_t *canary; /* set only where the stack has no guard */
#if RUNNER__SANITIZED
    runner__san_t san;
#endif
};

/* The context of the calling thread's native stack (or of whatever stack the caller runs on).
 * Nothing is allocated. */
void runner__coro_main_init(runner__coro_t *thread_ctx);
void runner__coro_main_fini(runner__coro_t *thread_ctx);

/* The entry function must not return: its last act is runner__coro_exit(). co must stay where it
 * is until it was destroyed; the header of its own stack is a good place. */
static inline void runner__coro_make(runner__coro_t *co, runner__stack_t *stack,
                                     void (*entry)(void *arg), void *arg)
{
    co->stack = stack;
    co->canary = stack->canary;
#if RUNNER__SANITIZED
    runner__san_make(&co->san, stack->limit, stack->base, entry, arg);
    co->sp = runner__context_make(stack, runner__coro_sanitized_entry, &co->san);
#else
    co->sp = runner__context_make(stack, entry, arg);
#endif
}

/* Suspends from, which must be the running context, and resumes to. */
static inline void runner__coro_switch(runner__coro_t *from, runner__coro_t *to)
{
    if (__builtin_expect(from->canary != NULL, 0)) {
        runner__stack_check_canary(from->stack);
    }
#if RUNNER__SANITIZED
    runner__san_leave(&from->san, &to->san, 0);
#endif
    runner__context_switch(&from->sp, to->sp);
#if RUNNER__SANITIZED
    runner__san_arrive(&from->san);
#endif
}

/* The last switch out of from. Its stack may be released as soon as to runs. */
__attribute__((noreturn)) static inline void runner__coro_exit(runner__coro_t *from,
                                                               runner__coro_t *to)
{
    if (__builtin_expect(from->canary != NULL, 0)) {
        runner__stack_check_canary(from->stack);
    }
#if RUNNER__SANITIZED
    runner__san_leave(&from->san, &to->san, 1);
#endif
    runner__context_exit(to->sp);
}

/* Once for every coroutine that was made, when it has exited, never ran, or is parked and will
 * not be resumed (its frames are dropped without being unwound); before its stack is released.
 * Never from the coroutine itself. */
static inline void runner__coro_destroy(runner__coro_t *co)
{
#if RUNNER__SANITIZED
    runner__san_destroy(&co->san);
#endif
    runner__context_destroy(co->stack);
    co->sp = NULL;
}

#endif
