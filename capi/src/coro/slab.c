#include "slab.h"

#if !defined(_WIN32)

#include <sys/mman.h>
#include <unistd.h>
#if defined(__linux__) && !defined(NDEBUG)
#include <sys/prctl.h>
#endif

#include "guard.h"
#include "registry.h"

#if !defined(MAP_ANONYMOUS)
#define MAP_ANONYMOUS MAP_ANON
#endif

/* Linux: a hint that also keeps huge pages away (6.7). OpenBSD insists on it for stacks. Elsewhere
 * it means a mapping that grows by itself, which is the opposite of what is wanted here. */
#if defined(__linux__) || defined(__OpenBSD__)
#define STACK_FLAG MAP_STACK
#else
#define STACK_FLAG 0
#endif
#if defined(MAP_NORESERVE)
#define RESERVE_FLAG MAP_NORESERVE
#else
#define RESERVE_FLAG 0
#endif

#define CACHED_SLABS 2
#define CACHED_STACK_BYTES ((size_t)256 * 1024)

/* Small slabs of destroyed pools: a program that makes and drops a pool per call enters the kernel
 * only the first time. Exchanged, never locked, so a fork at any moment is harmless. */
static _Atomic(runner__slab_t *) cache[CACHED_SLABS];

static atomic_size_t page_bytes;

size_t runner__page_bytes(void)
{
    size_t bytes = atomic_load_explicit(&page_bytes, memory_order_relaxed);
    if (bytes == 0) {
        long found = sysconf(_SC_PAGESIZE);
        bytes = found > 0 ? (size_t)found : 4096;
        atomic_store_explicit(&page_bytes, bytes, memory_order_relaxed);
    }
    return bytes;
}

void runner__slab_link(runner__slab_t **head, runner__slab_t *slab)
{
    slab->next = *head;
    slab->link = head;
    if (*head != NULL) {
        (*head)->link = &slab->next;
    }
    *head = slab;
}

void runner__slab_unlink(runner__slab_t *slab)
{
    *slab->link = slab->next;
    if (slab->next != NULL) {
        slab->next->link = slab->link;
    }
}

static void unmap(runner__slab_t *slab)
{
    runner__guard_forget(slab);
    runner__registry_remove(slab->registered);
    runner__san_unpoison((char *)slab, (char *)slab + slab->map_bytes);
    (void)munmap(slab, slab->map_bytes);
}

static void all_cold(runner__slab_t *slab)
{
    for (uint32_t i = 0; i < slab->count; i++) {
        runner__slabmap_set(&slab->cold, i);
    }
    slab->cold_count = slab->count;
}

static runner__slab_t *from_cache(size_t stack_bytes)
{
    for (int i = 0; i < CACHED_SLABS; i++) {
        if (atomic_load_explicit(&cache[i], memory_order_relaxed) == NULL) {
            continue;
        }
        /* Only the one who took it out may look at it. */
        runner__slab_t *slab = atomic_exchange(&cache[i], NULL);
        if (slab == NULL || slab->stack_bytes == stack_bytes) {
            return slab;
        }
        runner__slab_t *expected = NULL;
        if (!atomic_compare_exchange_strong(&cache[i], &expected, slab)) {
            unmap(slab);
        }
    }
    return NULL;
}

/* The newest comes first and the oldest falls out, so that sizes which went out of use do not
 * occupy the cache for ever. What falls out is returned. */
static runner__slab_t *to_cache(runner__slab_t *slab)
{
    for (int i = 0; i < CACHED_SLABS && slab != NULL; i++) {
        slab = atomic_exchange(&cache[i], slab);
    }
    return slab;
}

static void advise(char *memory, size_t bytes)
{
#if defined(__linux__)
    /* Where guards are page-table marks, the kernel is new enough for the MAP_STACK flag. */
    if (runner__guard_current() != RUNNER__GUARD_MADVISE) {
        (void)madvise(memory, bytes, MADV_NOHUGEPAGE);
    }
#if !defined(NDEBUG) && defined(PR_SET_VMA)
    (void)prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory, bytes, "librunner stacks");
#endif
#else
    (void)memory;
    (void)bytes;
#endif
}

static runner__slab_t *map(size_t stack_bytes, uint8_t klass, uint32_t count)
{
    size_t page = runner__page_bytes();
    size_t guard = runner__guard_bytes();
    size_t head = (sizeof(runner__slab_t) + page - 1) / page * page;
    size_t stride = stack_bytes + guard;
    size_t bytes = head + count * stride;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | RESERVE_FLAG | STACK_FLAG, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    runner__slab_t *slab = (runner__slab_t *)(void *)memory;
    slab->stacks = memory + head;
    slab->stride = stride;
    slab->guard_bytes = guard;
    slab->stack_bytes = stack_bytes;
    slab->map_bytes = bytes;
    slab->count = count;
    slab->klass = klass;
    atomic_init(&slab->out, 0);
    atomic_init(&slab->vma_guards, 0);
    all_cold(slab);
    runner__guard_slab(slab);
    advise(memory, bytes);
    slab->registered = runner__registry_add(slab);
    return slab;
}

runner__slab_t *runner__slab_new(size_t stack_bytes, uint8_t klass, uint32_t count)
{
    if (count <= RUNNER__SLAB_SMALL_STACKS) {
        runner__slab_t *cached = from_cache(stack_bytes);
        if (cached != NULL) {
            return cached;
        }
    }
    for (;;) {
        runner__slab_t *slab = map(stack_bytes, klass, count);
        if (slab != NULL || count == 1) {
            return slab;
        }
        count = count > RUNNER__SLAB_SMALL_STACKS ? RUNNER__SLAB_SMALL_STACKS : 1;
    }
}

void runner__slab_free(runner__slab_t *slab, int may_cache)
{
    if (may_cache && slab->count <= RUNNER__SLAB_SMALL_STACKS &&
        slab->stack_bytes <= CACHED_STACK_BYTES) {
        all_cold(slab);
        slab = to_cache(slab);
    }
    if (slab != NULL) {
        unmap(slab);
    }
}

static uint32_t first_cold(const runner__slab_t *slab)
{
    uint32_t w = 0;
    while (slab->cold.word[w] == 0) {
        w++;
    }
    return w * 64 + (uint32_t)__builtin_ctzll(slab->cold.word[w]);
}

runner__stack_t *runner__slab_take(runner__slab_t *slab, size_t header_bytes)
{
    uint32_t index = first_cold(slab);
    runner__stack_t *stack = runner__slab_record(slab, index);
    int guarded = runner__guard_stack(slab, index);
    uintptr_t header = ((uintptr_t)stack - header_bytes) & ~(uintptr_t)63;

    runner__slabmap_clear(&slab->cold, index);
    slab->cold_count--;
    runner__san_unpoison(runner__slab_guard(slab, index), runner__slab_top(slab, index));
    stack->next = NULL;
    stack->slab = slab;
    stack->limit = runner__slab_guard(slab, index) + slab->guard_bytes;
    stack->base = (char *)stack - ((uintptr_t)stack - header);
    stack->header = stack->base;
    stack->canary = NULL;
    stack->label = NULL;
    stack->owner = NULL;
    stack->fiber = NULL;
    stack->index = (uint16_t)index;
    stack->klass = slab->klass;
    stack->valgrind_id = 0;
    stack->watched = !guarded || runner__san_on_valgrind();
    if (!guarded) {
        stack->canary = (uint64_t *)(void *)stack->limit;
        *stack->canary = RUNNER__STACK_CANARY;
    }
    if (runner__san_on_valgrind()) {
        stack->valgrind_id = runner__san_register(stack->limit, stack->base);
    }
    return stack;
}

void runner__slab_put(runner__slab_t *slab, runner__stack_t *stack)
{
    runner__slab_unwatch(stack);
    runner__slabmap_set(&slab->cold, stack->index);
    slab->cold_count++;
}

void runner__slab_mark(runner__slab_t *slab, runner__stack_t *stack)
{
    runner__slab_unwatch(stack);
    runner__slabmap_set(&slab->cooling, stack->index);
}

void runner__slab_cool(runner__slab_t *slab)
{
    uint32_t i = 0;
    while (i < slab->count) {
        if (slab->cooling.word[i / 64] == 0) {
            i = (i / 64 + 1) * 64;
            continue;
        }
        uint32_t first = i;
        while (i < slab->count && runner__slabmap_has(&slab->cooling, i)) {
            runner__slabmap_clear(&slab->cooling, i);
            runner__slabmap_set(&slab->cold, i);
            i++;
        }
        if (i == first) {
            i++;
            continue;
        }
        /* The guards between them are part of the range and stay in place. */
        char *low = runner__slab_guard(slab, first) + slab->guard_bytes;
        (void)madvise(low, (size_t)(runner__slab_top(slab, i - 1) - low), MADV_DONTNEED);
        slab->cold_count += i - first;
    }
}

#endif
