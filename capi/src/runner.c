/* The runner: new, run, get_loop, close, free. The only file that knows all others. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "callback.h"
#include "coro/overflow.h"
#include "group.h"
#include "inspect.h"
#include "runner/error.h"
#include "shutdown.h"
#include "state.h"
#include "timeout.h"

#define NS_PER_MS UINT64_C(1000000)
#define DEFAULT_SLOW_MS 100

/* Signals and aborts, between two entries. A first signal cancels main, a second ends the run. One
 * that comes after main is done is nobody's here: it is raised again once the run is over. */
static void attend(runner__loop_t *loop)
{
    runner_t *self = runner__of_loop(loop);
    unsigned count = atomic_load(&self->signals.count);
    if (count == 0) {
        return;
    }
    if (self->shutdown.active) {
        runner__shutdown_attend(self);
        return;
    }
    if (self->main == NULL || runner__future_is_done(&self->main->future)) {
        return;
    }
    if (!atomic_load(&self->signals.acted)) {
        runner__cancel_t cancel = {runner__signals_reason(&self->signals), NULL};
        atomic_store(&self->signals.acted, true);
        (void)runner__task_cancel(self->main, &cancel);
    }
    if (count > 1) {
        runner__loop_escape(loop);
    }
}

static void tidy_up(runner__loop_t *loop)
{
    runner_t *self = runner__of_loop(loop);
    runner__tasks_tidy(&self->tasks);
    runner__pool_trim(&self->callback_pool);
}

static const runner__loop_hooks_t hooks = {
    .attention = attend,
    .exception = runner__handler_call,
    .idle = tidy_up,
    .slow = runner__handler_slow,
};

static int check_options(const runner_options_t *opts)
{
    int all = RUNNER_SIGNALS_INT | RUNNER_SIGNALS_TERM | RUNNER_SIGNALS_HUP;
    bool fits = runner__is_tristate(opts->debug) && runner__is_tristate(opts->deadlock) &&
                (opts->clock == RUNNER_CLOCK_REAL || opts->clock == RUNNER_CLOCK_VIRTUAL) &&
                opts->signals >= RUNNER_SIGNALS_NONE && opts->signals <= all &&
                opts->stack_bytes <= RUNNER__STACK_MAX_BYTES;
    return fits ? 0 : RUNNER_EINVAL;
}

/* The program's executor is copied, so that its struct need not live as long as the runner. */
static int read_executor(runner_t *self)
{
    if (self->options.executor == NULL) {
        return 0;
    }
    int code = runner__options_read(&self->executor, sizeof self->executor, self->options.executor);
    if (code != 0 || self->executor.submit == NULL) {
        return RUNNER_EINVAL;
    }
    self->options.executor = &self->executor;
    return 0;
}

static int make_uv_loop(runner_t *self, uv_loop_t **out)
{
    if (self->options.loop_factory != NULL) {
        int code = self->options.loop_factory(self->options.loop_arg, out);
        return code >= 0 && (code > 0 || *out == NULL) ? RUNNER_EFACTORY : code;
    }
    uv_loop_t *uv = runner__malloc(sizeof *uv);
    if (uv == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = runner__uv_loop_init(uv);
    if (code != 0) {
        runner__free(uv);
        return code;
    }
    *out = uv;
    return 0;
}

static void unmake_uv_loop(runner_t *self, uv_loop_t *uv)
{
    (void)uv_loop_close(uv);
    if (self->options.loop_factory == NULL) {
        runner__free(uv);
    } else if (self->options.loop_release != NULL) {
        self->options.loop_release(uv, self->options.loop_arg);
    }
}

/* First use: the loop, and a copy of the caller's context. On failure all is as before. */
static int open_runner(runner__home_t *home)
{
    runner_t *self = (runner_t *)home;
    runner_context_t *context;
    uv_loop_t *uv = NULL;
    int code = runner_context_copy(&context);
    if (code != 0) {
        return code;
    }
    code = make_uv_loop(self, &uv);
    if (code != 0) {
        runner_context_unref(context);
        return code;
    }
    code = runner__loop_open(&home->loop, uv);
    if (code != 0) {
        unmake_uv_loop(self, uv);
        runner_context_unref(context);
        return code;
    }
    self->uv = uv;
    self->context = context;
    home->loop.debug = runner__debug_wanted(self);
    atomic_store_explicit(&home->phase, RUNNER__OPEN, memory_order_release);
    return 0;
}

static void apply_options(runner_t *self)
{
    const runner_options_t *opts = &self->options;
    runner__loop_t *loop = runner__loop_of(self);
    loop->is_virtual = opts->clock == RUNNER_CLOCK_VIRTUAL;
    loop->detect_deadlock = opts->deadlock != RUNNER_OFF;
    uint64_t slow_ms = opts->slow_callback_ms == 0 ? DEFAULT_SLOW_MS : opts->slow_callback_ms;
    loop->slow_ns = slow_ms < UINT64_MAX / NS_PER_MS ? slow_ms * NS_PER_MS : UINT64_MAX;
    if (opts->poll_interval != 0) {
        loop->poll_interval = opts->poll_interval;
    }
    self->handler.fn = opts->exception_handler;
    self->handler.arg = opts->exception_arg;
}

int runner_new(runner_t **out, const runner_options_t *opts)
{
    if (out == NULL) {
        return RUNNER_EINVAL;
    }
    runner_t *self = runner__calloc(1, sizeof *self);
    if (self == NULL) {
        return RUNNER_ENOMEM;
    }
    int code = runner__options_read(&self->options, sizeof self->options, opts);
    code = code != 0 ? code : check_options(&self->options);
    code = code != 0 ? code : read_executor(self);
    code = code != 0 ? code : runner__tasks_init(&self->tasks, &hooks, self->options.stack_bytes);
    if (code != 0) {
        runner__free(self);
        return code;
    }
    self->tasks.home.open = open_runner;
    runner__groups_init(&self->tasks);
    runner__timeouts_init(&self->tasks);
    runner__callbacks_init(self);
    runner__list_init(&self->closables);
    runner__list_init(&self->closed);
    runner__signals_init(&self->signals);
    atomic_init(&self->jobs_shut, false);
    atomic_init(&self->tasks_shut, false);
    runner__report_init(&self->report);
    apply_options(self);
    *out = self;
    return 0;
}

/* In the order of the header; a fork is found before the flag that the parent has set. */
static int acquire(runner_t *self)
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

static void release(runner_t *self)
{
    atomic_store(&self->tasks.home.busy, false);
}

static int make_main(runner_t *self, runner_fn main, void *arg, const runner_run_options_t *opts)
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

/* What a run ended with stays to be looked at. */
static void keep_errors(runner_t *self, runner_error_group_t *errors)
{
    runner_error_group_t *before = self->errors;
    self->errors = runner_error_group_ref(errors);
    runner_error_group_unref(before);
}

/* True if this is a forked child, which has come back from the parent's loop. */
static bool run_main(runner_t *self, int *code, void **result)
{
    self->tasks.abort_code = 0;
    runner__loop_end_t end = runner__drive(self, &self->main->future);
    *code = outcome(self, end, result);
    runner_task_t *task = self->main;
    self->main = NULL;
    if (end == RUNNER__LOOP_FORKED) {
        return true;
    }
    keep_errors(self, *code == RUNNER_EGROUP ? runner_future_errors(&task->future) : NULL);
    runner_task_unref(task);
    return false;
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

static void unguard_stacks(runner_t *self)
{
    if (self->guarded) {
        runner__overflow_uninstall();
    }
    self->guarded = false;
}

int runner_run(runner_t *self, runner_fn main, void *arg, const runner_run_options_t *opts,
               void **result)
{
    runner_run_options_t complete;
    if (main == NULL || runner__options_read(&complete, sizeof complete, opts) != 0 ||
        complete.stack_bytes > RUNNER__STACK_MAX_BYTES) {
        return RUNNER_EINVAL;
    }
    int code = acquire(self);
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) == RUNNER__CREATED) {
        code = open_runner(&self->tasks.home);
    }
    if (code == 0) {
        runner__tasks_enter(&self->tasks);
        code = make_main(self, main, arg, &complete);
    }
    if (code != 0) {
        release(self);
        return code;
    }
    guard_stacks(self);
    runner__signals_take(self);
    if (run_main(self, &code, result)) {
        return code;
    }
    runner__tasks_leave(&self->tasks);
    runner__signals_give_back(self);
    release(self);
    return code;
}

runner_error_group_t *runner_run_errors(const runner_t *self)
{
    return runner__home_check(self) == 0 ? self->errors : NULL;
}

int runner_get_loop(runner_t *self, struct uv_loop_s **out)
{
    if (out == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    const runner__loop_t *loop = runner__loop_of(self);
    if (atomic_load_explicit(&loop->running, memory_order_relaxed) &&
        runner__loop_current != loop) {
        return RUNNER_EBUSY;
    }
    runner__home_t *home;
    code = runner__home_use(self, &home);
    if (code == 0) {
        *out = self->uv;
    }
    return code;
}

int runner_close(runner_t *self)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) != RUNNER__OPEN) {
        return 0;
    }
    code = acquire(self);
    if (code != 0) {
        return code == RUNNER_ECLOSED ? 0 : code;
    }
    runner__signals_take(self);
    runner__signals_restart(self);
    runner__tasks_enter(&self->tasks);
    code = runner__shutdown(self);
    if (runner__home_check(self) != 0) {
        return code; /* a forked child */
    }
    runner__tasks_leave(&self->tasks);
    unguard_stacks(self);
    if (self->options.on_report != NULL) {
        self->options.on_report(&self->report, self->options.on_report_arg);
    }
    runner__signals_give_back(self);
    release(self);
    return code;
}

/* The last task or future that the program held is gone. */
static void free_memory(runner__home_t *home)
{
    runner_t *self = (runner_t *)home;
    runner__loop_fini(&home->loop);
    runner__free(self);
}

void runner_free(runner_t *self)
{
    if (self == NULL || runner__home_check(self) != 0) {
        return; /* a forked child leaves everything to its own end */
    }
    runner__home_t *home = &self->tasks.home;
    if (runner__loop_current != NULL && runner__home_phase(home) == RUNNER__OPEN) {
        fprintf(stderr, "librunner: runner_free() cannot close a runner inside a running loop\n");
        return;
    }
    if (home->loop.debug && runner__home_phase(home) == RUNNER__OPEN) {
        runner_exception_t info = {.size = sizeof info, .message = "unclosed event loop was freed"};
        runner__handler_call(&home->loop, &info);
    }
    (void)runner_close(self);
    if (runner__home_phase(home) != RUNNER__CLOSED) {
        runner__shutdown_refuse(self);
    }
    home->magic = RUNNER__MAGIC_FREED;
    runner__handler_fini(&self->handler);
    runner__report_clear(&self->report);
    keep_errors(self, NULL);
    runner__tasks_fini(&self->tasks);
    runner__callbacks_fini(self);
    runner__free(self->posts);
    if (home->alive == 0) {
        free_memory(home);
    } else {
        home->free_last = free_memory;
    }
}

/* Signals are held from before main until after close: none falls between the two. */
int runner_main(runner_fn main, void *arg, const runner_options_t *opts, void **result)
{
    runner_t *self;
    if (main == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner_new(&self, opts);
    if (code != 0) {
        return code;
    }
    runner__signals_take(self);
    code = runner_run(self, main, arg, NULL, result);
    if (runner__home_check(self) != 0) {
        return code;
    }
    int closed = runner_close(self);
    runner__signals_give_back(self);
    bool ended_by =
        closed != RUNNER_ETIMEDOUT && closed != RUNNER_EDEADLK && closed != RUNNER_EHANDLES;
    runner_free(self);
    return code == 0 && ended_by ? closed : code;
}
