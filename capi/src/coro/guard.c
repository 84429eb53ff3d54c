/*
 * Three kinds of guard, best first.
 *
 * MADV_GUARD_INSTALL (Linux 6.13) marks page-table entries: a million guarded stacks cost no
 * mapping at all, and process_madvise() installs many per call. mprotect() splits the mapping, two
 * per stack, against a limit per process (vm.max_map_count, 65530 by default) that malloc, threads
 * and libraries draw on too. Near that limit new stacks go without a guard: their lowest word
 * holds a canary that is compared on every switch away and on release. That notices an overflow
 * after the fact and ends the process; what lies below may have been overwritten by then. It also
 * costs such a stack a second page.
 */
#include "guard.h"

#if !defined(_WIN32)

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__linux__)
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
/* The calling process, for calls that take a pidfd (Linux 6.15). */
#define SELF_PIDFD (-10001)
#endif

/* A frame that is larger than its guard can step over it, and few compilers probe for that by
 * default: wide enough for a function with a path or stdio buffer or two. An odd number of 4 KiB
 * pages, so that neighbouring stacks do not all use the same sets of the TLB. */
#define GUARD_TARGET_BYTES ((size_t)20 * 1024)
#define BATCH 32
#define MAP_COUNT_FALLBACK 65530

static atomic_int current_mode;
static atomic_int batch_refused;
static atomic_long vma_guards;
static atomic_long vma_limit;

size_t runner__guard_bytes(void)
{
    size_t page = runner__page_bytes();
    return page < GUARD_TARGET_BYTES ? GUARD_TARGET_BYTES / page * page : page;
}

void runner__guard_force(runner__guard_mode_t mode)
{
    atomic_store(&current_mode, (int)mode);
}

runner__guard_mode_t runner__guard_current(void)
{
    return (runner__guard_mode_t)atomic_load_explicit(&current_mode, memory_order_relaxed);
}

#if defined(__linux__)

/* Emulators accept advice that they do not know; only an access tells. The kernel's own access on
 * behalf of a system call reports the guard as EFAULT instead of a signal. Not through the C
 * library, because a sanitizer would look at the path first. */
static int really_guarded(const char *guard)
{
    return syscall(SYS_faccessat, AT_FDCWD, guard, F_OK) != 0 && errno == EFAULT;
}

static int install(runner__slab_t *slab, uint32_t index)
{
    char *guard = runner__slab_guard(slab, index);
    int saved = errno;
    if (runner__san_on_valgrind()) {
        return 0; /* it only knows mappings, and reads what a system call points to itself */
    }
    int ok = madvise(guard, slab->guard_bytes, MADV_GUARD_INSTALL) == 0;
    if (ok && runner__guard_current() == RUNNER__GUARD_UNKNOWN) {
        ok = really_guarded(guard);
    }
    errno = saved;
    return ok;
}

/* How many of the stacks from first on have a guard now: all, some, or none. */
static uint32_t install_batch(runner__slab_t *slab, uint32_t first)
{
    struct iovec ranges[BATCH];
    uint32_t n = 0;
    for (; n < BATCH && first + n < slab->count; n++) {
        ranges[n].iov_base = runner__slab_guard(slab, first + n);
        ranges[n].iov_len = slab->guard_bytes;
    }
    int saved = errno;
    long done =
        syscall(SYS_process_madvise, SELF_PIDFD, ranges, (unsigned long)n, MADV_GUARD_INSTALL, 0u);
    errno = saved;
    return done <= 0 ? 0 : (uint32_t)((size_t)done / slab->guard_bytes);
}

#else

static int install(runner__slab_t *slab, uint32_t index)
{
    (void)slab;
    (void)index;
    return 0;
}

static uint32_t install_batch(runner__slab_t *slab, uint32_t first)
{
    (void)slab;
    (void)first;
    return 0;
}

#endif

void runner__guard_slab(runner__slab_t *slab)
{
    runner__guard_mode_t mode = runner__guard_current();
    if ((mode != RUNNER__GUARD_UNKNOWN && mode != RUNNER__GUARD_MADVISE) ||
        atomic_load_explicit(&batch_refused, memory_order_relaxed) || runner__san_on_valgrind()) {
        return;
    }
    uint32_t first = 0;
    while (first < slab->count) {
        uint32_t done = install_batch(slab, first);
        if (done == 0) {
            if (first == 0) {
                atomic_store_explicit(&batch_refused, 1, memory_order_relaxed);
            }
            return;
        }
        for (uint32_t i = 0; i < done; i++) {
            runner__slabmap_set(&slab->guarded, first + i);
        }
        first += done;
    }
    /* An emulator does not know this call at all, so its success needs no second look. */
    runner__guard_force(RUNNER__GUARD_MADVISE);
}

/* Half of what the system allows; the other half is everybody else's. */
static long guard_limit(void)
{
    long limit = atomic_load_explicit(&vma_limit, memory_order_relaxed);
    if (limit != 0) {
        return limit;
    }
    limit = MAP_COUNT_FALLBACK;
#if defined(__linux__)
    char text[32];
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t n = read(fd, text, sizeof text - 1);
        (void)close(fd);
        if (n > 0) {
            text[n] = '\0';
            long found = strtol(text, NULL, 10);
            limit = found > 0 ? found : limit;
        }
    }
#endif
    limit = limit / 2 / 2; /* two mappings per stack */
    atomic_store_explicit(&vma_limit, limit, memory_order_relaxed);
    return limit;
}

static int protect(runner__slab_t *slab, uint32_t index)
{
    if (atomic_fetch_add(&vma_guards, 1) < guard_limit() &&
        mprotect(runner__slab_guard(slab, index), slab->guard_bytes, PROT_NONE) == 0) {
        atomic_fetch_add_explicit(&slab->vma_guards, 1, memory_order_relaxed);
        return 1;
    }
    atomic_fetch_sub(&vma_guards, 1);
    return 0;
}

int runner__guard_stack(runner__slab_t *slab, uint32_t index)
{
    runner__guard_mode_t mode = runner__guard_current();
    if (runner__slabmap_has(&slab->guarded, index)) {
        return 1;
    }
    int guarded = 0;
    if (mode == RUNNER__GUARD_UNKNOWN || mode == RUNNER__GUARD_MADVISE) {
        guarded = install(slab, index);
        if (mode == RUNNER__GUARD_UNKNOWN) {
            runner__guard_force(guarded ? RUNNER__GUARD_MADVISE : RUNNER__GUARD_MPROTECT);
        }
    }
    if (!guarded && mode != RUNNER__GUARD_CANARY) {
        guarded = protect(slab, index);
    }
    if (guarded) {
        runner__slabmap_set(&slab->guarded, index);
    }
    return guarded;
}

void runner__guard_forget(runner__slab_t *slab)
{
    atomic_fetch_sub(&vma_guards, (long)atomic_load(&slab->vma_guards));
}

#endif
