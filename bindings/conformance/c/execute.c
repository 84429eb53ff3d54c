#include "execute.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "body.h"

#define NS_PER_MS UINT64_C(1000000)

/* What a level of nested operations takes of a stack at most, sanitizers included. */
#define STACK_PER_LEVEL ((size_t)4096)
#define STACK_AT_LEAST ((size_t)32 * 1024)
#define STACK_DEFAULT ((size_t)64 * 1024) /* of the runner: enough for nearly all */

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

static void start_interrupts(world_t *world, const run_def_t *run, alarm_t **alarms)
{
    for (int i = 0; i < run->interrupts; i++) {
        alarms[i] = call_later(world, run->interrupt_at[i], interrupt, NULL);
    }
}

static void stop_interrupts(world_t *world, const run_def_t *run, alarm_t **alarms)
{
    for (int i = 0; i < run->interrupts; i++) {
        alarm_cancel(world, alarms[i]);
    }
}

/* --- runs --- */

static void execute_run(world_t *world, int index)
{
    const run_def_t *run = &world->program->runs[index];
    const task_def_t *def = &world->program->tasks[run->task];
    body_t *body = body_new(world, path_main(world, def->name), &def->body);
    alarm_t *alarms[MOST_INTERRUPTS];
    context_t *context = run->fresh_context ? context_new(world) : NULL;
    start_interrupts(world, run, alarms);
    outcome_t outcome = run_main(body, context);
    stop_interrupts(world, run, alarms);
    if (run->interrupts > 0) {
        forget_interrupts();
    }
    context_release(world, context);
    trace_begin(world, "run");
    text_add(world->trace, "%d ", index);
    trace_outcome(world, &outcome);
    trace_end(world);
}

/* --- the shutdown --- */

/* The clock stands still since then. */
static void execute_close(world_t *world)
{
    int code = close_runner(world);
    text_add(world->trace, "%" PRIu64 " closed", runner_time_ns(world->runner) / NS_PER_MS);
    if (code != 0) {
        text_add(world->trace, " %s",
                 code == RUNNER_EDEADLK ? "deadlock" : runner_error_name(code));
    }
    trace_end(world);
}

/* --- the whole --- */

static size_t stack_bytes(const program_t *program)
{
    return STACK_AT_LEAST + (size_t)program->depth * STACK_PER_LEVEL;
}

void execute(const program_t *program, text_t *trace_text)
{
    world_t world;
    world_init(&world, program, trace_text);
    world.stack_bytes = stack_bytes(program);
    const runner_options_t opts = {
        .size = sizeof opts,
        .clock = RUNNER_CLOCK_VIRTUAL,
        .deadlock = RUNNER_ON,
        .debug = RUNNER_OFF,
        .stack_bytes = world.stack_bytes > STACK_DEFAULT ? world.stack_bytes : 0,
    };
    check(runner_new(&world.runner, &opts), "runner_new");
    objects_begin(&world);
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
    objects_release(&world);
    runner_free(world.runner);
}
