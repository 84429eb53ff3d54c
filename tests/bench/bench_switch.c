/* The floor of everything that switches stacks: one switch in one direction, on the library's own
 * layer and nothing above it. */
#include "bench.h"

#include "coro/coro.h"

static runner__coro_t native;
static runner__coro_t other;

static void bounce(void *arg)
{
    (void)arg;
    for (;;) {
        runner__coro_switch(&other, &native);
    }
}

static uint64_t run_switch(size_t n, void *arg)
{
    (void)arg;
    uint64_t start = bench_now();
    for (size_t i = 0; i < n; i += 2) {
        runner__coro_switch(&native, &other);
    }
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_init("raw", argc, argv);
    runner__stackpool_t pool;
    runner__stackpool_init(&pool, 0, 0);
    runner__stack_t *stack = runner__stack_acquire(&pool, 0);
    if (stack == NULL) {
        return 1;
    }
    runner__coro_main_init(&native);
    runner__coro_make(&other, stack, bounce, NULL);
    bench_run(&bench, "switch", bench_batch(&bench, 10000000), run_switch, NULL);
    return 0;
}
