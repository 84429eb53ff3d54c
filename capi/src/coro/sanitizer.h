/*
 * The only place that knows AddressSanitizer, ThreadSanitizer and Valgrind.
 *
 * Each of them models one stack per thread and must be told about every switch or every stack.
 * In a build without sanitizers all of this is empty, except that Valgrind, which runs unmodified
 * programs, is asked for once per stack and never on a switch.
 */
#ifndef RUNNER__CORO_SANITIZER_H
#define RUNNER__CORO_SANITIZER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define RUNNER__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RUNNER__ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define RUNNER__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RUNNER__TSAN 1
#endif
#endif

#ifndef RUNNER__ASAN
#define RUNNER__ASAN 0
#endif
#ifndef RUNNER__TSAN
#define RUNNER__TSAN 0
#endif

#define RUNNER__SANITIZED (RUNNER__ASAN || RUNNER__TSAN)

#if RUNNER__ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if RUNNER__TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__has_include) && !defined(_WIN32)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define RUNNER__VALGRIND 1
#endif
#endif
#ifndef RUNNER__VALGRIND
#define RUNNER__VALGRIND 0
#endif

/* Frames that a coroutine left without returning keep their redzones poisoned. */
static inline void runner__san_unpoison(const char *low, const char *high)
{
#if RUNNER__ASAN
    __asan_unpoison_memory_region(low, (size_t)(high - low));
#else
    (void)low;
    (void)high;
#endif
}

#if RUNNER__SANITIZED

/* One per context; part of runner__coro_t. */
typedef struct runner__san {
    struct runner__san *previous; /* who switched to this context last */
    void *fake_stack;
    const void *bottom; /* lowest byte; unknown for a native stack until it was left once */
    size_t bytes;
    void *fiber;
    void (*entry)(void *arg);
    void *arg;
} runner__san_t;

static inline void runner__san_native(runner__san_t *san)
{
    *san = (runner__san_t){0};
#if RUNNER__TSAN
    san->fiber = __tsan_get_current_fiber();
#endif
}

static inline void runner__san_make(runner__san_t *san, char *limit, char *base,
                                    void (*entry)(void *arg), void *arg)
{
    *san = (runner__san_t){
        .bottom = limit, .bytes = (size_t)(base - limit), .entry = entry, .arg = arg};
#if RUNNER__TSAN
    san->fiber = __tsan_create_fiber(0);
#endif
}

/* Just before a switch. last: the context never runs again, so its fake frames go. */
static inline void runner__san_leave(runner__san_t *from, runner__san_t *to, int last)
{
    to->previous = from;
#if RUNNER__ASAN
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->bottom, to->bytes);
#else
    (void)last;
#endif
#if RUNNER__TSAN
    /* Flag 0 makes the switch a happens-before edge, which it is: both run on one thread. */
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* Just after a switch, on the context that was switched to. */
static inline void runner__san_arrive(runner__san_t *self)
{
#if RUNNER__ASAN
    const void *bottom = NULL;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &bytes);
    self->fake_stack = NULL;
    self->previous->bottom = bottom;
    self->previous->bytes = bytes;
#else
    (void)self;
#endif
}

static inline void runner__san_destroy(runner__san_t *san)
{
#if RUNNER__TSAN
    if (san->fiber != NULL) {
        __tsan_destroy_fiber(san->fiber);
    }
#endif
    san->fiber = NULL;
}

#endif /* RUNNER__SANITIZED */

static inline int runner__san_on_valgrind(void)
{
#if RUNNER__VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return 0;
#endif
}

/* Memcheck takes what lies below a stack pointer for dead. A stack that is used anew is written to
 * by its maker, from outside. */
static inline void runner__san_revive(char *limit, char *base)
{
#if RUNNER__VALGRIND
    (void)VALGRIND_MAKE_MEM_UNDEFINED(limit, base - limit);
#else
    (void)limit;
    (void)base;
#endif
}

static inline uint32_t runner__san_register(char *limit, char *base)
{
#if RUNNER__VALGRIND
    return (uint32_t)VALGRIND_STACK_REGISTER(limit, base - 1);
#else
    (void)limit;
    (void)base;
    return 0;
#endif
}

static inline void runner__san_deregister(uint32_t id)
{
#if RUNNER__VALGRIND
    VALGRIND_STACK_DEREGISTER(id);
#else
    (void)id;
#endif
}

#endif
