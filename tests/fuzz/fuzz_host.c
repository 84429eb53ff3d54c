/*
 * A fuzzer of the batch interface. A string of bytes is a program of host tasks, which is told the
 * same in every way of driving it; or commands that make no sense, which have to be refused. Either
 * way nothing may be left in the end; each value of a program comes back once.
 *
 *     fuzz_host [--seed S] [--count N] [--seconds T] [FILE...]
 *
 * Case i has the seed S + i; files are cases by themselves. `fuzz_host N S` is short for
 * `--count N --seed S`. With -DRUNNER_LIBFUZZER there is no main(), for clang -fsanitize=fuzzer.
 */
#include "fuzz_host_drive.h"
#include "fuzz_host_garbage.h"

#include <signal.h>
#include <time.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CASE_SECONDS = 60 };

/* --- one case ---------------------------------------------------------------------------- */

static void run_case(const uint8_t *data, size_t size)
{
    static int cases;
    long long blocks = live_blocks;
    if (size == 0)
        return;
    fuzz_notes_len = 0;
    alarm(CASE_SECONDS);
    if (data[0] % 3 == 0)
        run_garbage(data + 1, size - 1);
    else
        run_program(data + 1, size - 1);
    alarm(0);
    /* The first case may leave what the library keeps for the next. */
    if (live_blocks > blocks && cases++ > 0)
        fuzz_fail(__FILE__, __LINE__, "memory is left", 0);
}

/* --- the programs ------------------------------------------------------------------------ */

static void on_fatal_signal(int signal_number)
{
    static const char hang[] = "the case does not end\n";
    if (signal_number == SIGALRM) {
        ssize_t ignored = write(STDERR_FILENO, hang, sizeof hang - 1);
        (void)ignored;
    }
    fuzz_explain();
    signal(signal_number, SIG_DFL);
    raise(signal_number == SIGALRM ? SIGABRT : signal_number);
}

/* Sanitizers end the process in their own way. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS, SIGALRM};
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        if (__sanitizer_set_death_callback == NULL || fatal[i] == SIGABRT || fatal[i] == SIGALRM)
            sigaction(fatal[i], &(struct sigaction){.sa_handler = on_fatal_signal}, NULL);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(fuzz_explain);
    uv_replace_allocator(counted_malloc, counted_realloc, counted_calloc, counted_free);
    return runner_replace_allocator(counted_malloc, counted_calloc, counted_realloc, counted_free);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run_case(data, size);
    return 0;
}

#ifndef RUNNER_LIBFUZZER

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void run_seed(uint64_t seed)
{
    static uint8_t data[2048];
    uint64_t state = seed;
    size_t size = 16 + next_random(&state) % (sizeof data - 16);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)next_random(&state);
    fuzz_seed = seed;
    run_case(data, size);
}

static int run_file(const char *path)
{
    static uint8_t data[1 << 16];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    fuzz_seed = 0;
    run_case(data, size);
    return 0;
}

typedef struct plan {
    uint64_t seed;
    uint64_t count;
    uint64_t seconds;
    int numbers; /* how many of the short form were given */
    int files;
} plan_t;

static int is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Read the options; files are run as they come. */
static int read_arguments(plan_t *plan, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        uint64_t *option = strcmp(argv[i], "--seed") == 0      ? &plan->seed
                           : strcmp(argv[i], "--count") == 0   ? &plan->count
                           : strcmp(argv[i], "--seconds") == 0 ? &plan->seconds
                                                               : NULL;
        if (option != NULL && is_number(value)) {
            *option = strtoull(argv[++i], NULL, 10);
        } else if (is_number(argv[i]) && plan->numbers < 2) {
            *(plan->numbers++ == 0 ? &plan->count : &plan->seed) = strtoull(argv[i], NULL, 10);
        } else if (argv[i][0] == '-' || option != NULL) {
            fprintf(stderr, "usage: %s [--seed S] [--count N] [--seconds T] [FILE...]\n", argv[0]);
            return 2;
        } else {
            plan->files++;
            if (run_file(argv[i]) != 0)
                return 2;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    plan_t plan = {.seed = 1};
    LLVMFuzzerInitialize(&argc, &argv);
    int status = read_arguments(&plan, argc, argv);
    if (status != 0)
        return status;
    if (plan.count == 0 && plan.seconds == 0 && plan.files == 0)
        plan.count = 1000;
    time_t end = time(NULL) + (time_t)plan.seconds;
    uint64_t done = 0;
    while (plan.count > 0 ? done < plan.count : plan.seconds > 0 && time(NULL) < end)
        run_seed(plan.seed + done++);
    printf("%llu cases from seed %llu, %d files, %llu operations\n", (unsigned long long)done,
           (unsigned long long)plan.seed, plan.files, (unsigned long long)fuzz_operations);
    return 0;
}

#endif
