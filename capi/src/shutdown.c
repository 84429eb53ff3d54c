#include "shutdown.h"

#include <string.h>

#include "base/alloc.h"
#include "callback.h"
#include "closable.h"
#include "guest.h"
#include "host.h"
#include "inspect.h"
#include "runner/error.h"

#define NS_PER_MS UINT64_C(1000000)
#define DEFAULT_JOIN_TIMEOUT_MS 300000
/* Tasks that spawn tasks while they are cancelled: so many times, then the rest is abandoned. */
#define MOST_GENERATIONS 64

/* Ends a wait by stopping the loop, as the callback that the model adds to a future. */
typedef struct stopper {
    runner__entry_t entry;
    bool fired;
} stopper_t;

static void stop_loop(runner__loop_t *loop, runner__entry_t *entry)
{
    RUNNER__CONTAINER(entry, stopper_t, entry)->fired = true;
    runner__loop_stop(loop);
}

runner__loop_end_t runner__drive(runner_t *self, runner_future_t *future)
{
    stopper_t stopper = {.entry.run = stop_loop, .fired = false};
    runner__list_push(&future->waiters, &stopper.entry.node);
    runner__loop_end_t end = runner__loop_run(runner__loop_of(self));
    if (!stopper.fired) {
        runner__list_remove(&stopper.entry.node);
    }
    return end;
}

void runner__shutdown_note(runner_t *self, int code)
{
    if (self->shutdown.code == 0) {
        self->shutdown.code = code;
    }
}

void runner__shutdown_attend(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    unsigned count = atomic_load(&self->signals.count);
    if (count <= shutdown->seen) {
        return;
    }
    atomic_store(&self->signals.acted, true);
    shutdown->skip = true;
    shutdown->give_up = count > 1;
    shutdown->seen = count;
    runner__shutdown_note(self, runner__signals_code(&self->signals));
    runner__loop_escape(runner__loop_of(self));
}

static void phase_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner_t *self = runner__of_loop(loop);
    runner__list_init(&entry->node);
    self->shutdown.phase_done = true;
    runner__loop_stop(loop);
}

/* A turn of its own between the end of what a phase waited for and the end of the phase. */
static void end_phase(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__list_init(&entry->node);
    runner__loop_push(loop, &runner__of_loop(loop)->shutdown.stop);
}

static void grace_is_over(runner__loop_t *loop, runner__entry_t *entry)
{
    runner_t *self = runner__of_loop(loop);
    runner__list_init(&entry->node);
    self->shutdown.late = true;
    runner__loop_stop(loop);
}

/* The chain of the first task that shutdown waits for and that can never go on. */
static void note_deadlock(runner_t *self)
{
    const runner__node_t *heads[] = {&self->tasks.leftovers, &self->tasks.all};
    char chain[512] = "";
    runner__shutdown_note(self, RUNNER_EDEADLK);
    for (int i = 0; i < 2 && chain[0] == '\0'; i++) {
        for (runner__node_t *node = heads[i]->next; node != heads[i]; node = node->next) {
            const runner_task_t *task = RUNNER__CONTAINER(node, runner_task_t, all);
            if (!runner__future_is_done(&task->future)) {
                runner__inspect_chain(task, chain, sizeof chain);
                runner__report_add(&self->report, RUNNER_REPORT_DEADLOCK, RUNNER_EDEADLK, task->id,
                                   chain, NULL);
                break;
            }
        }
    }
}

bool runner__shutdown_wants_turn(const runner_t *self)
{
    const runner__shutdown_t *shutdown = &self->shutdown;
    return !shutdown->phase_done && !shutdown->late && !shutdown->skip && !shutdown->give_up;
}

/* An abort ends the run only after shutdown: here the turning goes on. */
bool runner__shutdown_turned(runner_t *self, runner__loop_end_t end)
{
    if (self->tasks.abort_code != 0) {
        runner__shutdown_note(self, self->tasks.abort_code);
        self->tasks.abort_code = 0;
    }
    if (end == RUNNER__LOOP_DEADLOCK) {
        note_deadlock(self);
    }
    if (end == RUNNER__LOOP_DEADLOCK || end == RUNNER__LOOP_FORKED) {
        return false;
    }
    if (runner__loop_limit_reached(runner__loop_of(self))) {
        self->shutdown.late = true;
    }
    return runner__shutdown_wants_turn(self);
}

/* Begins a phase that has queued its first entry, or will be queued for. `limit`: real time counts,
 * also under the virtual clock, which stands still while jobs run. */
static void begin_phase(runner_t *self, uint64_t grace_ms, bool limit)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    runner__loop_t *loop = runner__loop_of(self);
    shutdown->phase_done = false;
    shutdown->late = false;
    shutdown->skip = false;
    if (grace_ms == RUNNER_FOREVER) {
        return;
    }
    uint64_t grace_ns = grace_ms < UINT64_MAX / NS_PER_MS ? grace_ms * NS_PER_MS : UINT64_MAX;
    bool real = limit && loop->is_virtual;
    if (real || runner__timer_start(&loop->timers, &shutdown->grace,
                                    runner__loop_deadline(loop, grace_ns)) != 0) {
        runner__loop_set_limit(loop, grace_ns); /* also where there is no memory for a timer */
    }
}

/* Whether the phase came to its own end. */
static bool end_of_phase(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    runner__loop_t *loop = runner__loop_of(self);
    if (!shutdown->phase_done && shutdown->late) {
        runner__shutdown_note(self, RUNNER_ETIMEDOUT);
    }
    runner__loop_set_limit(loop, UINT64_MAX);
    runner__timer_stop(&loop->timers, &shutdown->grace);
    runner__list_remove(&shutdown->grace.entry.node);
    runner__list_remove(&shutdown->step.node);
    runner__list_remove(&shutdown->stop.node);
    runner__list_init(&shutdown->grace.entry.node);
    runner__list_init(&shutdown->step.node);
    runner__list_init(&shutdown->stop.node);
    return shutdown->phase_done;
}

/* An option of zero is for ever, and RUNNER_NO_WAIT is not at all. */
static uint64_t grace_of(uint64_t option_ms)
{
    if (option_ms == RUNNER_NO_WAIT) {
        return 0;
    }
    return option_ms == 0 ? RUNNER_FOREVER : option_ms;
}

static void cancel_leftovers(runner_t *self)
{
    runner__tasks_t *tasks = &self->tasks;
    runner__list_append(&tasks->leftovers, &tasks->all);
    tasks->leftovers_left = tasks->count;
    tasks->leftovers_done.run = end_phase;
    runner__list_init(&tasks->leftovers_done.node);
    for (runner__node_t *node = tasks->leftovers.next; node != &tasks->leftovers;
         node = node->next) {
        RUNNER__CONTAINER(node, runner_task_t, all)->future.task_flags |= RUNNER__TASK_LEFTOVER;
    }
    runner__cancel_t cancel = {RUNNER_REASON_CLOSE, NULL};
    for (runner__node_t *node = tasks->leftovers.next; node != &tasks->leftovers;
         node = node->next) {
        (void)runner__task_cancel(RUNNER__CONTAINER(node, runner_task_t, all), &cancel);
    }
}

static void abandon_leftovers(runner_t *self)
{
    runner__tasks_t *tasks = &self->tasks;
    char name[32];
    for (runner__node_t *node = tasks->leftovers.next; node != &tasks->leftovers;
         node = node->next) {
        runner_task_t *task = RUNNER__CONTAINER(node, runner_task_t, all);
        if (!runner__future_is_done(&task->future)) {
            runner__report_add(&self->report, RUNNER_REPORT_ABANDONED, RUNNER_EABANDONED, task->id,
                               runner__task_label(task, name, sizeof name),
                               runner__task_waits(task));
        }
    }
    for (runner__node_t *node = tasks->leftovers.next; node != &tasks->leftovers;
         node = node->next) {
        runner_task_t *task = RUNNER__CONTAINER(node, runner_task_t, all);
        if (!runner__future_is_done(&task->future)) {
            runner__task_abandon(task);
        }
    }
    runner__list_remove(&tasks->leftovers_done.node);
    runner__list_init(&tasks->leftovers_done.node);
}

/* What a cancelled task ended with, into the report; a failure also to the exception handler. */
static void account_for(runner_t *self, runner_task_t *task)
{
    char name[32];
    int kind = RUNNER_REPORT_CANCELED;
    int code = task->future.code;
    if (code == RUNNER_EABANDONED) {
        (void)runner__future_take(&task->future, NULL);
        return;
    }
    if (code == 0) {
        kind = RUNNER_REPORT_REFUSED;
    } else if (code != RUNNER_ECANCELED) {
        kind = RUNNER_REPORT_FAILED;
        (void)runner__future_take(&task->future, NULL);
        runner__task_report(task, "unhandled exception during runner_run() shutdown");
    }
    runner__report_add(&self->report, kind, code, task->id,
                       runner__task_label(task, name, sizeof name), NULL);
}

static bool begin_cancel(runner_t *self)
{
    if (self->tasks.count == 0) {
        return false;
    }
    cancel_leftovers(self);
    begin_phase(self, grace_of(self->options.cancel_grace_ms), false);
    return true;
}

static void end_cancel(runner_t *self)
{
    runner__tasks_t *tasks = &self->tasks;
    if (!end_of_phase(self)) {
        abandon_leftovers(self);
    }
    while (!runner__list_empty(&tasks->leftovers)) {
        runner__node_t *node = runner__list_pop(&tasks->leftovers);
        runner_task_t *task = RUNNER__CONTAINER(node, runner_task_t, all);
        account_for(self, task);
        runner__future_unref(&task->future);
    }
}

/* The turn in which every closer has ended. */
static void closers_ended(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__closables_finish(runner__of_loop(loop), 0);
    end_phase(loop, entry);
}

static void start_closers(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__list_init(&entry->node);
    entry->run = closers_ended;
    if (runner__closables_start(runner__of_loop(loop)) == 0) {
        end_phase(loop, entry);
    }
}

static bool begin_closables(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    shutdown->step.run = start_closers;
    runner__loop_push(runner__loop_of(self), &shutdown->step);
    begin_phase(self, grace_of(self->options.closable_grace_ms), false);
    return true;
}

static void end_closables(runner_t *self)
{
    bool done = end_of_phase(self);
    runner__closables_finish(self, RUNNER_EABANDONED);
    if (!done) {
        runner__closables_drop(self);
    }
    self->closables_closed = true;
}

static void executor_drained(runner_t *self)
{
    self->shutdown.step.run = end_phase;
    runner__loop_push(runner__loop_of(self), &self->shutdown.step);
}

static void drain_executor(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__list_init(&entry->node);
    if (!runner__executor_shutdown(runner__of_loop(loop), executor_drained)) {
        end_phase(loop, entry);
    }
}

static bool begin_executor(runner_t *self)
{
    uint64_t timeout_ms = self->options.executor_join_timeout_ms;
    timeout_ms = timeout_ms == 0 ? DEFAULT_JOIN_TIMEOUT_MS : grace_of(timeout_ms);
    self->shutdown.step.run = drain_executor;
    runner__loop_push(runner__loop_of(self), &self->shutdown.step);
    begin_phase(self, timeout_ms, true);
    return true;
}

static void end_executor(runner_t *self)
{
    (void)end_of_phase(self);
    size_t left = runner__executor_release(self);
    if (left == 0) {
        return;
    }
    for (size_t i = 0; i < left; i++) {
        runner__report_add(&self->report, RUNNER_REPORT_JOB, RUNNER_EABANDONED, 0, "job", NULL);
    }
    runner_exception_t info = {.size = sizeof info,
                               .message = "executor did not finish joining its threads in time",
                               .code = RUNNER_ETIMEDOUT};
    runner__handler_call(runner__loop_of(self), &info);
}

/* --- their order --- */

static bool has_leftovers(const runner_t *self)
{
    return self->tasks.count > 0 || !runner__list_empty(&self->closables);
}

static bool begin_current(runner_t *self)
{
    switch (self->shutdown.phase) {
    case RUNNER__PHASE_CANCEL:
        return begin_cancel(self);
    case RUNNER__PHASE_CLOSABLES:
        return begin_closables(self);
    default:
        return begin_executor(self);
    }
}

static void end_current(runner_t *self)
{
    switch (self->shutdown.phase) {
    case RUNNER__PHASE_CANCEL:
        end_cancel(self);
        break;
    case RUNNER__PHASE_CLOSABLES:
        end_closables(self);
        break;
    default:
        end_executor(self);
        break;
    }
}

/* What closables have spawned, and registered, goes the same way: a further generation. The one
 * after the last is given up as it is. */
static runner__closing_t after_closables(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    bool given_up = shutdown->generation > MOST_GENERATIONS;
    if (has_leftovers(self) && !given_up) {
        if (++shutdown->generation <= MOST_GENERATIONS) {
            self->report.generations++;
        } else {
            shutdown->given_up_before = shutdown->give_up;
            shutdown->give_up = true;
            runner__shutdown_note(self, RUNNER_ETIMEDOUT);
        }
        return RUNNER__PHASE_CANCEL;
    }
    if (given_up) {
        shutdown->give_up = shutdown->given_up_before;
    }
    return shutdown->drained ? RUNNER__PHASE_NONE : RUNNER__PHASE_EXECUTOR;
}

static runner__closing_t following(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    switch (shutdown->phase) {
    case RUNNER__PHASE_CANCEL:
        /* Other threads could go on for ever: what they bring after the first round is refused. */
        atomic_store_explicit(&self->tasks_shut, true, memory_order_relaxed);
        return RUNNER__PHASE_CLOSABLES;
    case RUNNER__PHASE_CLOSABLES:
        return after_closables(self);
    default:
        shutdown->drained = true;
        if (!has_leftovers(self)) {
            return RUNNER__PHASE_NONE;
        }
        shutdown->generation = 1;
        self->report.generations++;
        return RUNNER__PHASE_CANCEL;
    }
}

bool runner__shutdown_next(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    while (shutdown->phase != RUNNER__PHASE_NONE) {
        if (shutdown->turning) {
            shutdown->turning = false;
            end_current(self);
            shutdown->phase = following(self);
        } else if (begin_current(self)) {
            shutdown->turning = true;
            return true;
        } else {
            shutdown->phase = following(self);
        }
    }
    return false;
}

/* Failures that nobody has taken: the last chance to hear of them. */
static void report_failures(runner_t *self)
{
    runner__node_t *failed = &self->tasks.home.failed;
    for (runner__node_t *node = failed->next; node != failed; node = node->next) {
        char name[32];
        runner_future_t *future = RUNNER__CONTAINER(node, runner_future_t, waiters);
        bool is_task = runner__future_is_task(future);
        runner_task_t *task = is_task ? runner__task_of_future(future) : NULL;
        runner__report_add(&self->report, RUNNER_REPORT_FAILED, future->code,
                           is_task ? task->id : 0,
                           is_task ? runner__task_label(task, name, sizeof name) : "future", NULL);
    }
    runner__future_report_all(&self->tasks.home);
}

/* The entries of other threads that were accepted: each sees that the runner has closed. */
void runner__shutdown_refuse(runner_t *self)
{
    runner__loop_t *loop = runner__loop_of(self);
    atomic_store_explicit(&self->tasks_shut, true, memory_order_relaxed);
    atomic_store_explicit(&self->tasks.home.phase, RUNNER__CLOSED, memory_order_release);
    runner__inbox_close(&loop->inbox, &loop->ready);
    runner__callbacks_drop(self);
    while (!runner__list_empty(&loop->ready)) {
        runner__node_t *node = runner__list_pop(&loop->ready);
        runner__entry_t *entry = RUNNER__CONTAINER(node, runner__entry_t, node);
        entry->run(loop, entry);
    }
}

void runner__shutdown_begin(runner_t *self)
{
    runner__shutdown_t *shutdown = &self->shutdown;
    memset(shutdown, 0, sizeof *shutdown);
    shutdown->stop.run = phase_is_done;
    shutdown->grace.entry.run = grace_is_over;
    shutdown->grace.slot = RUNNER__TIMER_IDLE;
    runner__list_init(&shutdown->grace.entry.node);
    runner__list_init(&shutdown->stop.node);
    runner__list_init(&shutdown->step.node);
    runner__list_init(&shutdown->closers);
    shutdown->active = true;
    shutdown->generation = 1;
    self->tasks.abort_code = 0;
    runner__report_clear(&self->report);
    self->report.made = true;
    self->report.generations = 1;
}

void runner__shutdown_settle(runner_t *self)
{
    (void)runner__loop_time(runner__loop_of(self)); /* where its clock stops */
    report_failures(self);
    runner__shutdown_refuse(self);
    runner__scoped_release_all(&self->tasks);
}

int runner__shutdown_end(runner_t *self)
{
    runner__closables_free(self);
    runner_context_unref(self->context);
    self->context = NULL;
    self->shutdown.active = false;
    return self->shutdown.code;
}

int runner__shutdown(runner_t *self, bool give_up)
{
    runner__shutdown_begin(self);
    self->shutdown.give_up = give_up;
    while (runner__shutdown_next(self)) {
        runner__loop_end_t end = RUNNER__LOOP_STOPPED;
        bool goes_on = runner__shutdown_wants_turn(self);
        while (goes_on) {
            end = runner__loop_run(runner__loop_of(self));
            goes_on = runner__shutdown_turned(self, end);
        }
        if (end == RUNNER__LOOP_FORKED) {
            return RUNNER_EFORK;
        }
    }
    runner__shutdown_settle(self);
    if (self->host != NULL) {
        runner__host_end_jobs(self->host);
    }
    if (self->guest != NULL) {
        (void)runner__guest_close(self);
    }
    runner__shutdown_release_loop(self);
    return runner__shutdown_end(self);
}
