#include "stacks.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif

#ifdef ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Stacks up to this size are all of this size, and some are kept for what comes next. */
#define COMMON_BYTES ((size_t)128 * 1024)
#define MOST_IDLE 64

/* makecontext() passes integers only. */
#define WORD_BITS 32

/* Lies at the upper end of its stack. */
struct fiber {
    ucontext_t here;    /* while it is suspended */
    ucontext_t resumer; /* while it runs */
    char *map;          /* the guard page, then the stack */
    size_t map_bytes;
    void (*fn)(void *arg);
    void *arg;
    bool over;
    fiber_t *next; /* among those that are idle */
#ifdef ASAN
    void *fake_stack;
    void *resumer_fake_stack;
    const void *resumer_stack;
    size_t resumer_bytes;
#endif
#ifdef TSAN
    void *thread;
    void *resumer_thread;
#endif
};

/* The process has one thread. */
static fiber_t *idle;
static size_t idle_count;

/*
 * --- what sanitizers are told: each of them models one stack a thread ---
 *
 * Inlined always: ThreadSanitizer counts calls and returns, and a function that has switched in
 * between would return on the wrong count.
 */
#define INLINED static inline __attribute__((always_inline))

INLINED void tell_new(fiber_t *fiber)
{
#ifdef ASAN
    /* Frames that were left without a return keep their redzones. */
    __asan_unpoison_memory_region(fiber->here.uc_stack.ss_sp, fiber->here.uc_stack.ss_size);
    fiber->fake_stack = NULL;
#endif
#ifdef TSAN
    fiber->thread = __tsan_create_fiber(0);
#endif
    (void)fiber;
}

INLINED void tell_resuming(fiber_t *fiber)
{
#ifdef ASAN
    __sanitizer_start_switch_fiber(&fiber->resumer_fake_stack, fiber->here.uc_stack.ss_sp,
                                   fiber->here.uc_stack.ss_size);
#endif
#ifdef TSAN
    fiber->resumer_thread = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->thread, 0);
#endif
    (void)fiber;
}

INLINED void tell_resumed(fiber_t *fiber)
{
#ifdef ASAN
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &fiber->resumer_stack,
                                    &fiber->resumer_bytes);
#endif
    (void)fiber;
}

/* `over`: what was faked of its frames goes with it. */
INLINED void tell_suspending(fiber_t *fiber, bool over)
{
#ifdef ASAN
    __sanitizer_start_switch_fiber(over ? NULL : &fiber->fake_stack, fiber->resumer_stack,
                                   fiber->resumer_bytes);
#endif
#ifdef TSAN
    __tsan_switch_to_fiber(fiber->resumer_thread, 0);
#endif
    (void)fiber;
    (void)over;
}

INLINED void tell_suspended(fiber_t *fiber)
{
#ifdef ASAN
    __sanitizer_finish_switch_fiber(fiber->resumer_fake_stack, NULL, NULL);
#endif
    (void)fiber;
}

INLINED void tell_free(fiber_t *fiber)
{
#ifdef TSAN
    __tsan_destroy_fiber(fiber->thread);
#endif
    (void)fiber;
}

/* --- switching --- */

static void run(unsigned high, unsigned low)
{
    fiber_t *fiber = (fiber_t *)(uintptr_t)((uint64_t)high << WORD_BITS | low);
    tell_resumed(fiber);
    fiber->fn(fiber->arg);
    fiber->over = true;
    tell_suspending(fiber, true);
    (void)setcontext(&fiber->resumer);
    abort();
}

bool fiber_resume(fiber_t *fiber)
{
    tell_resuming(fiber);
    (void)swapcontext(&fiber->resumer, &fiber->here);
    tell_suspended(fiber);
    return !fiber->over;
}

void fiber_suspend(fiber_t *fiber)
{
    tell_suspending(fiber, false);
    (void)swapcontext(&fiber->here, &fiber->resumer);
    tell_resumed(fiber);
}

/* --- stacks --- */

static fiber_t *map_fiber(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = bytes < COMMON_BYTES ? COMMON_BYTES : bytes;
    size_t map_bytes = (page + room + sizeof(fiber_t) + page - 1) / page * page;
    char *map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED || mprotect(map, page, PROT_NONE) != 0) {
        perror("conformance: a stack");
        exit(EXIT_FAILURE);
    }
    size_t place = (map_bytes - sizeof(fiber_t)) / _Alignof(max_align_t) * _Alignof(max_align_t);
    fiber_t *fiber = (fiber_t *)(void *)(map + place);
    fiber->map = map;
    fiber->map_bytes = map_bytes;
    return fiber;
}

static fiber_t *take_idle(void)
{
    fiber_t *fiber = idle;
    idle = fiber->next;
    idle_count--;
    return fiber;
}

static void prepare(fiber_t *fiber)
{
    uint64_t bits = (uint64_t)(uintptr_t)fiber;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)getcontext(&fiber->here);
    fiber->here.uc_stack.ss_sp = fiber->map + page;
    fiber->here.uc_stack.ss_size = (size_t)((char *)fiber - fiber->map) - page;
    fiber->here.uc_link = NULL;
    makecontext(&fiber->here, (void (*)(void))run, 2, (unsigned)(bits >> WORD_BITS),
                (unsigned)bits);
}

fiber_t *fiber_new(size_t bytes, void (*fn)(void *arg), void *arg)
{
    bool common = bytes <= COMMON_BYTES && idle != NULL;
    fiber_t *fiber = common ? take_idle() : map_fiber(bytes);
    fiber->fn = fn;
    fiber->arg = arg;
    fiber->over = false;
    prepare(fiber);
    tell_new(fiber);
    return fiber;
}

void fiber_free(fiber_t *fiber)
{
    tell_free(fiber);
    size_t room = (size_t)((char *)fiber - fiber->map);
    if (room >= 2 * COMMON_BYTES || idle_count == MOST_IDLE) {
        (void)munmap(fiber->map, fiber->map_bytes);
        return;
    }
    fiber->next = idle;
    idle = fiber;
    idle_count++;
}
