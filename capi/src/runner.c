/* The runner: new, get_loop, close, free. The only file that knows all others. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"
#include "callback.h"
#include "coro/overflow.h"
#include "group.h"
#include "guest.h"
#include "host.h"
#include "poller.h"
#include "run.h"
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
    runner__poller_tidy(&self->tasks);
}

static const runner__loop_hooks_t hooks = {
    .attention = attend,
    .exception = runner__handler_call,
    .take = runner__batch_take,
    .ready = runner__guest_ready,
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

int runner__open_on(runner_t *self, uv_loop_t *uv)
{
    runner__home_t *home = &self->tasks.home;
    runner_context_t *context;
    int code = runner_context_copy(&context);
    if (code != 0) {
        return code;
    }
    code = runner__loop_open(&home->loop, uv);
    if (code != 0) {
        runner_context_unref(context);
        return code;
    }
    self->uv = uv;
    self->context = context;
    home->loop.debug = runner__debug_wanted(self);
    atomic_store_explicit(&home->phase, RUNNER__OPEN, memory_order_release);
    return 0;
}

/* First use. On failure all is as before. */
static int open_runner(runner__home_t *home)
{
    runner_t *self = (runner_t *)home;
    uv_loop_t *uv = NULL;
    int code = make_uv_loop(self, &uv);
    if (code != 0) {
        return code;
    }
    code = runner__open_on(self, uv);
    if (code != 0) {
        unmake_uv_loop(self, uv);
    }
    return code;
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

static void unguard_stacks(runner_t *self)
{
    if (self->guarded) {
        runner__overflow_uninstall();
    }
    self->guarded = false;
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

/* `give_up`: without waiting for anything. */
static int close_runner(runner_t *self, bool give_up)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) != RUNNER__OPEN) {
        return 0;
    }
    code = give_up ? runner__acquire(self) : runner__acquire_own(self);
    if (code != 0) {
        return code == RUNNER_ECLOSED ? 0 : code;
    }
    runner__signals_take(self);
    runner__signals_restart(self);
    runner__tasks_enter(&self->tasks);
    code = runner__shutdown(self, give_up);
    if (runner__home_check(self) != 0) {
        return code; /* a forked child */
    }
    runner__tasks_leave(&self->tasks);
    unguard_stacks(self);
    if (self->options.on_report != NULL) {
        self->options.on_report(&self->report, self->options.on_report_arg);
    }
    runner__signals_give_back(self);
    runner__release(self);
    return code;
}

int runner_close(runner_t *self)
{
    return close_runner(self, false);
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
    if (self->host != NULL && self->host->mode != RUNNER__HOST_IDLE) {
        (void)runner__host_finish(self);
    }
    (void)close_runner(self, self->guest != NULL || runner__host_has_tasks(self));
    if (runner__home_phase(home) != RUNNER__CLOSED) {
        runner__shutdown_refuse(self);
    }
    runner__host_free(self);
    home->magic = RUNNER__MAGIC_FREED;
    runner__handler_fini(&self->handler);
    runner__report_clear(&self->report);
    runner__run_keep_errors(self, NULL);
    runner__tasks_fini(&self->tasks);
    runner__callbacks_fini(self);
    runner__free(self->posts);
    runner__guest_free(self);
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
