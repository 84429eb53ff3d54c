#include "execute.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "body.h"

#define NS_PER_MS UINT64_C(1000000)

/* What a level of nested operations takes of a stack at most, sanitizers included. */
#define STACK_PER_LEVEL ((size_t)4096)
#define STACK_AT_LEAST ((size_t)32 * 1024)
#define STACK_DEFAULT ((size_t)64 * 1024)

/* --- interrupts --- */

static sigset_t only_sigint(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    return set;
}

/*
 * While a program with interrupts runs, SIGINT is blocked but for the moment in which it is raised.
 * A signal that no run has acted on is raised again by librunner (R130), for the disposition that
 * ends the process: that one stays pending, and is forgotten.
 */
static void block_interrupts(bool blocked)
{
    const sigset_t set = only_sigint();
    (void)pthread_sigmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static void forget_interrupts(void)
{
    const struct timespec no_time = {0, 0};
    const sigset_t set = only_sigint();
    while (sigtimedwait(&set, NULL, &no_time) > 0) {}
}

/* The handler runs once, with the signal blocked again as soon as it is through. */
static int interrupt(void *arg)
{
    sigset_t set;
    (void)arg;
    (void)raise(SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, NULL, &set);
    (void)sigdelset(&set, SIGINT);
    (void)sigsuspend(&set);
    return 0;
}

static void start_interrupts(world_t *world, const run_def_t *run, runner_timer_t **timers)
{
    for (int i = 0; i < run->interrupts; i++) {
        check(runner_call_later(world->runner, run->interrupt_at[i], interrupt, NULL, NULL,
                                &timers[i]),
              "runner_call_later");
    }
}

static void stop_interrupts(const run_def_t *run, runner_timer_t **timers)
{
    for (int i = 0; i < run->interrupts; i++) {
        (void)runner_timer_cancel(timers[i]);
        runner_timer_unref(timers[i]);
    }
}

/* --- runs --- */

static void execute_run(world_t *world, int index)
{
    const run_def_t *run = &world->program->runs[index];
    const task_def_t *def = &world->program->tasks[run->task];
    body_t *body = body_new(world, path_main(world, def->name), &def->body);
    runner_timer_t *timers[MOST_INTERRUPTS];
    runner_context_t *context = NULL;
    void *value = NULL;
    if (run->fresh_context) {
        check(runner_context_new(&context), "runner_context_new");
    }
    start_interrupts(world, run, timers);
    int code = run_main(body, context, &value);
    stop_interrupts(run, timers);
    if (run->interrupts > 0) {
        forget_interrupts();
    }
    runner_context_unref(context);
    trace_begin(world, "run");
    text_add(world->trace, "%d ", index);
    trace_outcome(world, code, value, runner_run_errors(world->runner));
    trace_end(world);
}

/* --- the shutdown --- */

/* The clock cannot be read of a runner that is closed. Failures that nobody took are reported in
 * creation order after everything else: trace_report() reads the clock when it hears of this one,
 * which is the last. */
static void make_last(world_t *world)
{
    check(runner_future_new(world->runner, &world->last), "runner_future_new");
    check(runner_future_reject(world->last, RUNNER_EUSER), "runner_future_reject");
    world_keep(world, KEPT_FUTURE, world->last);
}

static void execute_close(world_t *world)
{
    make_last(world);
    int code = runner_close(world->runner);
    text_add(world->trace, "%" PRIu64 " closed", world->closed_ns / NS_PER_MS);
    if (code != 0) {
        text_add(world->trace, " %s",
                 code == RUNNER_EDEADLK ? "deadlock" : runner_error_name(code));
    }
    trace_end(world);
}

/* --- the whole --- */

/* The default is enough for nearly all. */
static size_t stack_bytes(const program_t *program)
{
    size_t bytes = STACK_AT_LEAST + (size_t)program->depth * STACK_PER_LEVEL;
    return bytes > STACK_DEFAULT ? bytes : 0;
}

void execute(const program_t *program, text_t *trace_text)
{
    world_t world;
    world_init(&world, program, trace_text);
    const runner_options_t opts = {
        .size = sizeof opts,
        .clock = RUNNER_CLOCK_VIRTUAL,
        .deadlock = RUNNER_ON,
        .debug = RUNNER_OFF,
        .stack_bytes = stack_bytes(program),
        .exception_handler = trace_report,
        .exception_arg = &world,
    };
    check(runner_new(&world.runner, &opts), "runner_new");
    if (program->interrupts) {
        block_interrupts(true);
    }
    for (int i = 0; i < program->run_count; i++) {
        execute_run(&world, i);
    }
    execute_close(&world);
    if (program->interrupts) {
        block_interrupts(false);
    }
    world_release(&world);
    runner_free(world.runner);
}
