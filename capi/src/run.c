/* A run: one main task, driven to its end, and what came of it. */
#include "run.h"

#include <stdio.h>

#include "base/options.h"
#include "coro/overflow.h"
#include "guest.h"
#include "host.h"
#include "inspect.h"
#include "runner/error.h"
#include "runner/group.h"
#include "runner/inspect.h"
#include "shutdown.h"

/* In the order of the header; a fork is found before the flag that the parent has set. */
int runner__acquire(runner_t *self)
{
    int code = runner__home_check(self);
    if (code == RUNNER_EINVAL) {
        return code;
    }
    if (runner__loop_current != NULL) {
        return RUNNER_ELOOP;
    }
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        return RUNNER_ECLOSED;
    }
    return atomic_exchange(&self->tasks.home.busy, true) ? RUNNER_EBUSY : 0;
}

int runner__acquire_own(runner_t *self)
{
    int code = runner__acquire(self);
    if (code == 0) {
        code = runner__guest_refuses_own(self);
        code = code == 0 && runner__host_has_tasks(self) ? RUNNER_EHOSTED : code;
        if (code != 0) {
            runner__release(self);
        }
    }
    return code;
}

void runner__release(runner_t *self)
{
    atomic_store(&self->tasks.home.busy, false);
}

int runner__run_make_main(runner_t *self, runner_fn main, void *arg,
                          const runner_run_options_t *opts)
{
    runner_spawn_options_t spawn = {
        .size = sizeof spawn,
        .name = opts->name,
        .context = opts->context != NULL ? opts->context : self->context,
        .stack_bytes = opts->stack_bytes,
        .drop = opts->drop,
        .result_drop = opts->result_drop,
    };
    runner_task_t *task;
    int code = runner__task_new(&self->tasks, (runner__body_t){.coroutine = main}, arg, true,
                                &spawn, &task);
    if (code == 0) {
        self->main = runner_task_ref(task);
        runner__task_queue(task);
    }
    return code;
}

static void report_deadlock(runner_t *self)
{
    char chain[512];
    runner__inspect_chain(self->main, chain, sizeof chain);
    runner__report_clear(&self->report);
    runner__report_add(&self->report, RUNNER_REPORT_DEADLOCK, RUNNER_EDEADLK, self->main->id, chain,
                       NULL);
    if (runner__loop_of(self)->debug) {
        fprintf(stderr, "librunner: deadlock: %s\n", chain);
        (void)runner_print_tasks(self, stderr);
    }
}

/* A main that was cancelled by a signal, and by nobody else, was interrupted. */
static int main_outcome(runner_t *self, void **result)
{
    runner_task_t *main = self->main;
    int code = runner__future_take(&main->future, result);
    if (code == RUNNER_ECANCELED && main->timer.cancels == 1) {
        int by_signal = runner__signals_code_of_reason((unsigned)runner_task_cancel_reason(main));
        return by_signal != 0 ? by_signal : code;
    }
    return code;
}

static int outcome(runner_t *self, runner__loop_end_t end, void **result)
{
    bool done = runner__future_is_done(&self->main->future);
    if (end == RUNNER__LOOP_FORKED) {
        return RUNNER_EFORK;
    }
    if (self->tasks.abort_code != 0) {
        if (done) {
            (void)runner__future_take(&self->main->future, NULL);
        }
        return self->tasks.abort_code;
    }
    if (done) {
        return main_outcome(self, result);
    }
    if (end == RUNNER__LOOP_ESCAPED) {
        return runner__signals_code(&self->signals);
    }
    if (end == RUNNER__LOOP_DEADLOCK) {
        report_deadlock(self);
        return RUNNER_EDEADLK;
    }
    return RUNNER_ESTOPPED;
}

void runner__run_keep_errors(runner_t *self, runner_error_group_t *errors)
{
    runner_error_group_t *before = self->errors;
    self->errors = runner_error_group_ref(errors);
    runner_error_group_unref(before);
}

int runner__run_end(runner_t *self, runner__loop_end_t end, void **result)
{
    int code = outcome(self, end, result);
    runner_task_t *task = self->main;
    self->main = NULL;
    if (end != RUNNER__LOOP_FORKED) {
        runner__run_keep_errors(self,
                                code == RUNNER_EGROUP ? runner_future_errors(&task->future) : NULL);
        runner_task_unref(task);
    }
    return code;
}

/* A coroutine that overflows its stack says so, from the first run until the runner closes. */
static void guard_stacks(runner_t *self)
{
    if (self->options.signals == RUNNER_SIGNALS_NONE) {
        return;
    }
    (void)runner__overflow_guard_thread();
    if (!self->guarded) {
        self->guarded = runner__overflow_install() == 0;
    }
}

int runner_run(runner_t *self, runner_fn main, void *arg, const runner_run_options_t *opts,
               void **result)
{
    runner_run_options_t complete;
    if (main == NULL || runner__options_read(&complete, sizeof complete, opts) != 0 ||
        complete.stack_bytes > RUNNER__STACK_MAX_BYTES) {
        return RUNNER_EINVAL;
    }
    int code = runner__acquire_own(self);
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) == RUNNER__CREATED) {
        code = self->tasks.home.open(&self->tasks.home);
    }
    if (code == 0) {
        runner__tasks_enter(&self->tasks);
        code = runner__run_make_main(self, main, arg, &complete);
    }
    if (code != 0) {
        runner__release(self);
        return code;
    }
    guard_stacks(self);
    runner__signals_take(self);
    self->tasks.abort_code = 0;
    runner__loop_end_t end = runner__drive(self, &self->main->future);
    code = runner__run_end(self, end, result);
    if (end == RUNNER__LOOP_FORKED) {
        return code;
    }
    runner__tasks_leave(&self->tasks);
    runner__signals_give_back(self);
    runner__release(self);
    return code;
}

runner_error_group_t *runner_run_errors(const runner_t *self)
{
    return runner__home_check(self) == 0 ? self->errors : NULL;
}
