/* The calibration line and the floors that need no loop; the others are in raw_*.c. */
#include "raw.h"

#include <signal.h>

void raw_check(int status, const char *what)
{
    if (status < 0) {
        fprintf(stderr, "bench_raw: %s: %s\n", what, uv_strerror(status));
        exit(1);
    }
}

static void nothing(void)
{
    __asm__ volatile("");
}

/* Volatile, so that the call stays an indirect call, which is what a callback is. */
static void (*volatile callee)(void) = nothing;

static uint64_t calls(size_t n, void *arg)
{
    (void)arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        callee();
    }
    return bench_now() - start;
}

/* getppid does next to nothing in the kernel and the C library does not cache it. */
static uint64_t syscalls(size_t n, void *arg)
{
    (void)arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        (void)getppid();
    }
    return bench_now() - start;
}

static void ignore(int signum)
{
    (void)signum;
}

static uint64_t sigaction_pairs(size_t n, void *arg)
{
    (void)arg;
    struct sigaction ours = {.sa_handler = ignore};
    struct sigaction saved;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i++) {
        sigaction(SIGINT, &ours, &saved);
        sigaction(SIGINT, &saved, NULL);
    }
    return bench_now() - start;
}

/* What a sleeping coroutine cannot avoid: the first touch of one page, each in a 64 KiB stack of
 * its own. */
static void page_touches(const struct bench *bench, void *arg)
{
    const size_t stack = 65536;
    size_t bytes = bench->sleepers * stack;
    (void)arg;
    char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        bench_skip(bench, "page_touch_ns", "no address space");
        return;
    }
    madvise(base, bytes, MADV_NOHUGEPAGE);
    size_t before = bench_memory();
    uint64_t start = bench_now();
    for (size_t i = 0; i < bench->sleepers; i++) {
        ((volatile char *)base)[i * stack] = 1;
    }
    uint64_t elapsed = bench_now() - start;
    double count = (double)bench->sleepers;
    bench_line(bench, "page_touch_ns", (double)elapsed / count, "ns");
    bench_line(bench, "page_touch_bytes", (double)(bench_memory() - before) / count, "B");
}

int main(int argc, char **argv)
{
    struct bench bench = bench_init("raw", argc, argv);
    bench_run(&bench, "call", bench_batch(&bench, 4000000), calls, NULL);
    bench_run(&bench, "syscall", bench_batch(&bench, 400000), syscalls, NULL);
    bench_run(&bench, "sigaction_pair", bench_batch(&bench, 200000), sigaction_pairs, NULL);
    raw_loops(&bench);
    raw_timers(&bench);
    raw_polls(&bench);
    if (bench_wants(&bench, "page_touch_ns") || bench_wants(&bench, "page_touch_bytes")) {
        bench_back_memory(bench.sleepers * 4096);
        bench_in_child(&bench, page_touches, NULL);
    }
    /* Last: children are forked above, and a fork with libuv's worker threads around is a
     * different thing to measure. */
    raw_threads(&bench);
    return 0;
}
