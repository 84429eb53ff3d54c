/*
 * A fuzzer of call sequences. A string of bytes is decoded into calls on several runners and on
 * everything that they make: tasks, stackless tasks, futures, timers, contexts, submissions,
 * closables, generators, jobs, groups, timeouts, futures made of others; and on locks, queues and
 * what else tasks of any runner share. Bodies and callbacks read their own calls from the same
 * bytes. A small model (fuzz_model.h) says which codes are possible and what must hold in the end.
 *
 *     fuzz_calls [--seed S] [--count N] [--seconds T] [FILE...]
 *
 * Case i has the seed S + i; files are cases by themselves. `fuzz_calls N S` is short for
 * `--count N --seed S`. With -DRUNNER_LIBFUZZER there is no main(), for clang -fsanitize=fuzzer.
 */
#include "fuzz_queues.h"
#include "fuzz_several.h"

#include <signal.h>
#include <time.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- one operation ----------------------------------------------------------------------- */

/* NULL for every handle: refused, or harmless, and nothing is consumed. */
static void op_nulls(place_t *at)
{
    void *value = NULL;
    (void)at;
    CHECK_CODE(runner_task_cancel(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_task_result(NULL, &value), RUNNER_EINVAL);
    CHECK_CODE(runner_future_resolve(NULL, NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_future_cancel(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_timer_cancel(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_call_soon(NULL, callback, NULL, token_drop), RUNNER_EINVAL);
    CHECK_CODE(runner_call_soon_threadsafe(NULL, callback, NULL, token_drop), RUNNER_EINVAL);
    CHECK_CODE(runner_spawn(NULL, NULL, NULL, NULL), RUNNER_EINVAL, RUNNER_ENOLOOP);
    CHECK_CODE(runner_submission_cancel(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_closable_unregister(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_gen_next(NULL, NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_close(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_run(NULL, coroutine, NULL, NULL, NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_group_close(NULL, 0), RUNNER_EINVAL);
    CHECK_CODE(runner_timeout_close(NULL, 0), RUNNER_EINVAL);
    CHECK_CODE(runner_await_for(NULL, 0, NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_shield(NULL, NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_as_completed_next(NULL, NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_lock_acquire(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_condition_wait(NULL), RUNNER_EINVAL);
    CHECK_CODE(runner_queue_get(NULL, &value), RUNNER_EINVAL);
    runner_task_unref(NULL);
    runner_future_unref(NULL);
    runner_timer_unref(NULL);
    runner_submission_unref(NULL);
    runner_gen_unref(NULL);
    runner_group_unref(NULL);
    runner_timeout_unref(NULL);
    runner_queue_unref(NULL);
    runner_free(NULL);
}

typedef void (*operation_fn)(place_t *at);

/* What is wanted often stands here more than once. */
static const operation_fn operations[] = {op_run,
                                          op_run,
                                          op_run,
                                          op_new,
                                          op_new,
                                          op_spawn,
                                          op_spawn,
                                          op_spawn,
                                          op_spawn,
                                          op_spawn,
                                          op_spawn,
                                          op_await,
                                          op_await,
                                          op_await,
                                          op_await,
                                          op_sleep,
                                          op_sleep,
                                          op_sleep,
                                          op_sleep,
                                          op_cancel,
                                          op_cancel,
                                          op_uncancel,
                                          op_task_result,
                                          op_task_unref,
                                          op_future_new,
                                          op_future_new,
                                          op_settle,
                                          op_settle,
                                          op_future_await,
                                          op_future_await,
                                          op_on_done,
                                          op_future_unref,
                                          op_call_soon,
                                          op_call_soon,
                                          op_call_later,
                                          op_call_later,
                                          op_timer_cancel,
                                          op_timer_unref,
                                          op_wakeup,
                                          op_submit,
                                          op_submit,
                                          op_submission_wait,
                                          op_submission_cancel,
                                          op_submission_unref,
                                          op_var_set,
                                          op_var_get,
                                          op_var_new,
                                          op_context,
                                          op_closable,
                                          op_unregister,
                                          op_gen_new,
                                          op_gen_next,
                                          op_gen_next,
                                          op_gen_yield,
                                          op_gen_yield,
                                          op_gen_unref,
                                          op_to_thread,
                                          op_executor,
                                          op_close,
                                          op_free,
                                          op_look,
                                          op_inspect,
                                          op_stop,
                                          op_interrupt,
                                          op_handler,
                                          op_future_result,
                                          op_nulls,
                                          op_group,
                                          op_group,
                                          op_group,
                                          op_group_spawn,
                                          op_group_spawn,
                                          op_group_spawn,
                                          op_with_group,
                                          op_errors,
                                          op_timeout,
                                          op_timeout,
                                          op_with_timeout,
                                          op_await_for,
                                          op_await_for,
                                          op_gather,
                                          op_gather,
                                          op_shield,
                                          op_job,
                                          op_fan,
                                          op_fan,
                                          op_fan,
                                          op_wait,
                                          op_wait,
                                          op_iteration,
                                          op_iteration,
                                          op_event,
                                          op_lock,
                                          op_lock,
                                          op_condition,
                                          op_condition,
                                          op_semaphore,
                                          op_barrier,
                                          op_queue,
                                          op_queue,
                                          op_poke,
                                          op_poke,
                                          op_poke};

static void operate(place_t *at)
{
    unsigned choice = take_byte();
    fuzz_operations++;
    operations[choice % (sizeof operations / sizeof operations[0])](at);
}

/* --- one case ---------------------------------------------------------------------------- */

/* The program ends: every handle is given back, in whatever order the tables have them. */
static void give_back(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (task_in(&tasks[i]) != NULL) {
            check_task(&tasks[i]);
            CHECK(runner_task_done(tasks[i].handle) == 1);
            runner_task_unref(tasks[i].handle);
        }
        if (submissions[i].handle != NULL)
            check_submission(&submissions[i], 0);
        runner_submission_unref(submissions[i].handle);
        runner_future_unref(futures[i].handle);
        runner_timer_unref(timers[i].handle);
        runner_gen_unref(gens[i].handle);
        runner_context_unref(contexts[i].handle);
        runner_var_unref(vars[i].handle);
    }
}

/* In one order or another. */
static void give_everything_back(void)
{
    static void (*const parts[])(void) = {give_back,        give_back_queues,   give_back_sync,
                                          give_back_groups, give_back_timeouts, give_back_several};
    int count = sizeof parts / sizeof parts[0];
    check_sync_end();
    for (int i = 0; i < count; i++)
        parts[(token_count + i) % count]();
}

static void case_begin(const uint8_t *data, size_t size)
{
    memset(runners, 0, sizeof runners);
    held_t *const tables[] = {tasks,      futures,    timers,     submissions, closables,
                              gens,       contexts,   vars,       groups,      group_errors,
                              timeouts,   fans,       iterations, events,      locks,
                              conditions, semaphores, barriers,   queues};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        memset(tables[i], 0, sizeof tasks);
    token_count = 0;
    serials = nesting = reentered = aborts = 0;
    drop_depth = 0;
    fuzz_notes_len = 0;
    input_at = data;
    input_left = size;
}

static void case_end(void)
{
    place_t top = {.kind = TOP};
    input_left = 0;
    for (int i = 0; i < RUNNERS; i++) {
        if (runners[i].handle == NULL)
            continue;
        note("free runner %d at the end", i);
        runners[i].closing = 1;
        runner_free(runners[i].handle);
        forget_borrowed(runners[i].serial);
        tokens_check_closed(runners[i].serial);
        runners[i].handle = NULL;
    }
    (void)top;
    give_everything_back();
    tokens_check_end();
}

static void run_case(const uint8_t *data, size_t size)
{
    place_t top = {.kind = TOP};
    case_begin(data, size);
    long long blocks = live_blocks;
    alarm(CASE_SECONDS);
    op_new(&top);
    while (input_left > 0)
        operate(&top);
    case_end();
    /* A job that was given up ends on its thread, some time. */
    for (int i = 0; i < 1000 && live_blocks > blocks; i++)
        usleep(1000);
    alarm(0);
    /* The first case may leave what the library keeps for the next. */
    static int cases;
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
    static char stack[65536];
    (void)argc;
    (void)argv;
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        if (__sanitizer_set_death_callback == NULL || fatal[i] == SIGABRT || fatal[i] == SIGALRM)
            sigaction(fatal[i],
                      &(struct sigaction){.sa_handler = on_fatal_signal, .sa_flags = SA_ONSTACK},
                      NULL);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(fuzz_explain);
    null_file = fopen("/dev/null", "w");
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
    static uint8_t data[1024];
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
    fclose(null_file);
    return 0;
}

#endif
