/* Driving a runner by steps: begin, step, end. */
#include "host.h"

#include "base/alloc.h"
#include "guest.h"
#include "run.h"
#include "runner/error.h"
#include "runner/version.h"
#include "shutdown.h"

uint32_t runner_abi_version(void)
{
    return RUNNER_VERSION_MAJOR << 16 | RUNNER_VERSION_MINOR << 8 | RUNNER_VERSION_PATCH;
}

/* --- life --- */

static void stop_loop(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__list_init(&entry->node);
    runner__loop_stop(loop);
}

runner__host_t *runner__host_of(runner_t *self)
{
    if (self->host != NULL) {
        return self->host;
    }
    runner__host_t *host = runner__calloc(1, sizeof *host);
    if (host == NULL) {
        return NULL;
    }
    host->self = self;
    runner__ids_init(&host->ids);
    runner__tell_init(host);
    runner__scope_init(&host->called);
    host->stopper.run = stop_loop;
    runner__list_init(&host->stopper.node);
    self->host = host;
    return host;
}

bool runner__host_has_tasks(const runner_t *self)
{
    return self->host != NULL && self->host->tasks > 0;
}

/* Releasing one may let others go. */
void runner__host_free(runner_t *self)
{
    runner__host_t *host = self->host;
    if (host == NULL) {
        return;
    }
    host->silent = true;
    for (uint32_t i = 0; i < host->ids.made; i++) {
        runner__slot_t *slot = &host->ids.slots[i];
        if (slot->kind != RUNNER__KIND_FREE && slot->kind != RUNNER__KIND_GONE && slot->held) {
            (void)runner__host_release(host, (uint64_t)slot->generation << 32 | i);
        }
    }
    runner__scope_fini(&host->called);
    runner__tell_fini(host);
    runner__ids_fini(&host->ids);
    self->host = NULL;
    runner__free(host);
}

/* What goes wrong is told to the host, unless the program has a handler of its own. */
static int tell_exception(runner_t *self, const runner_exception_t *exception, void *arg)
{
    (void)arg;
    bool told =
        self->host != NULL && !self->host->silent && runner__tell_exception(self->host, exception);
    return told ? 0 : runner_default_exception_handler(self, exception);
}

static void tell_from_now(runner__host_t *host)
{
    host->listens = true;
    host->self->handler.standard = tell_exception;
}

int runner__host_check(const runner_t *self)
{
    int code = runner__home_check(self);
    if (code == RUNNER_EINVAL) {
        return code;
    }
    return runner__loop_current != NULL ? RUNNER_ELOOP : code;
}

int runner__host_use(runner_t *self, runner__host_t **out)
{
    int code = runner__host_check(self);
    if (code == 0 && runner__home_phase(&self->tasks.home) == RUNNER__CREATED) {
        code = self->tasks.home.open(&self->tasks.home);
    }
    if (code == 0) {
        *out = runner__host_of(self);
        code = *out != NULL ? 0 : RUNNER_ENOMEM;
    }
    if (code == 0 && !(*out)->listens) {
        tell_from_now(*out);
    }
    return code;
}

/* --- begin --- */

void runner__host_enter_mode(runner__host_t *host, runner__host_mode_t mode)
{
    host->mode = mode;
    host->over = false;
    host->told = false;
    host->value = NULL;
    host->main = 0;
    host->self->tasks.abort_code = 0;
    runner__signals_listen(host->self);
    runner__loop_begin(runner__loop_of(host->self));
    runner__loop_of(host->self)->stepped = true;
}

static int make_main(runner__host_t *host, uint64_t context_id, uint64_t *main)
{
    runner_t *self = host->self;
    runner_context_t *context = self->context;
    if (context_id != 0) {
        context = runner__ids_get(&host->ids, context_id, RUNNER__KIND_CONTEXT);
        if (context == NULL) {
            return RUNNER_EBADID;
        }
    }
    runner_spawn_options_t opts = {.size = sizeof opts, .context = context};
    runner_task_t *task;
    uint64_t id = 0;
    int code = runner__host_make_task(host, 0, &opts, &id, &task);
    if (code != 0) {
        return code;
    }
    runner__list_push(&task->future.waiters, &host->stopper.node);
    self->main = runner_task_ref(task);
    runner__task_queue(task);
    *main = id;
    return 0;
}

int runner__host_begin(runner_t *self, uint64_t context, uint64_t *main)
{
    runner__host_t *host;
    int code = runner__acquire(self);
    if (code != 0) {
        return code;
    }
    code = runner__host_use(self, &host);
    code = code != 0 ? code : make_main(host, context, main);
    if (code != 0) {
        runner__release(self);
        return code;
    }
    runner__host_enter_mode(host, RUNNER__HOST_RUN);
    host->main = *main;
    return 0;
}

int runner__host_begin_close(runner_t *self)
{
    runner__host_t *host;
    int code = runner__acquire(self);
    if (code != 0) {
        return code;
    }
    bool unused = runner__home_phase(&self->tasks.home) == RUNNER__CREATED;
    code = unused ? RUNNER_ECLOSED : runner__host_use(self, &host);
    if (code != 0) {
        runner__release(self);
        return code;
    }
    runner__host_enter_mode(host, RUNNER__HOST_CLOSE);
    runner__shutdown_begin(self);
    (void)runner__shutdown_next(self);
    return 0;
}

/* --- step --- */

/* The loop's part is over: says how, once everything else was told. */
static void finish(runner__host_t *host, int code)
{
    host->over = true;
    host->code = code;
}

static void finish_run(runner__host_t *host, runner__loop_end_t end)
{
    runner_t *self = host->self;
    runner__list_remove(&host->stopper.node);
    runner__list_init(&host->stopper.node);
    host->value = self->main->future.value;
    finish(host, runner__run_end(self, end, host->takes_value ? &host->value : NULL));
    host->takes_value = false;
    if (host->listens) {
        runner__run_keep_errors(self, NULL); /* the host was told, and has them */
    }
}

void runner__host_closed(runner__host_t *host)
{
    host->closing = false;
    finish(host, runner__shutdown_end(host->self));
}

static void finish_close(runner__host_t *host)
{
    runner_t *self = host->self;
    runner__shutdown_settle(self);
    runner__host_end_jobs(host);
    host->closing = runner__guest_close(self);
    if (!host->closing) {
        runner__shutdown_release_loop(self);
        runner__host_closed(host);
    }
}

/* A loop that has ended ends a run; in a close it ends a phase at most. */
static void ended(runner__host_t *host, runner__loop_end_t end)
{
    runner_t *self = host->self;
    runner__loop_t *loop = runner__loop_of(self);
    runner__batch_return(host);
    runner__loop_finish(loop);
    if (host->mode == RUNNER__HOST_RUN) {
        finish_run(host, end);
        return;
    }
    bool goes_on = runner__shutdown_turned(self, end);
    while (!goes_on && runner__shutdown_next(self)) {
        goes_on = runner__shutdown_wants_turn(self);
    }
    if (goes_on) {
        runner__loop_begin(loop);
    } else {
        finish_close(host);
    }
}

/* The end is told last. */
static void tell_end(runner__host_t *host)
{
    if (host->over && runner__tell(host) &&
        runner__batch_push(host, host->main, RUNNER_HOST_END, host->code,
                           (uint64_t)(uintptr_t)host->value)) {
        host->told = true;
        host->silent = host->mode == RUNNER__HOST_CLOSE;
    }
}

static void turn(runner__host_t *host)
{
    runner__loop_t *loop = runner__loop_of(host->self);
    loop->pausing = false;
    if (host->closing) {
        (void)runner__tell(host);
        return;
    }
    if (!host->over && (!runner__tell(host) || loop->pausing)) {
        return; /* a call is first worked by itself */
    }
    while (!host->over && !host->closing && host->count < host->cap) {
        runner__tasks_enter(&host->self->tasks);
        runner__loop_end_t end = runner__loop_step(loop);
        runner__tasks_leave(&host->self->tasks);
        if (end == RUNNER__LOOP_PAUSED || end == RUNNER__LOOP_IDLE) {
            break;
        }
        ended(host, end);
    }
    if (!host->over) {
        (void)runner__tell(host);
    }
    tell_end(host);
}

static int check_step(const runner_t *self)
{
    int code = runner__host_check(self);
    if (code == 0 &&
        (self->host == NULL || self->host->mode == RUNNER__HOST_IDLE || self->host->told)) {
        code = RUNNER_ENOLOOP;
    }
    return code;
}

int runner__host_turn(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds,
                      runner_host_event_t *events, size_t cap, size_t *n_events)
{
    if (self == NULL || (cmds == NULL && n_cmds > 0) || events == NULL || cap == 0 ||
        n_events == NULL) {
        return RUNNER_EINVAL;
    }
    int code = check_step(self);
    if (code != 0) {
        return code;
    }
    runner__host_t *host = self->host;
    runner__host_do(host, cmds, n_cmds);
    runner__batch_begin(host, events, cap);
    turn(host);
    *n_events = host->count;
    return 0;
}

int runner_step(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds, runner_host_event_t *events,
                size_t cap, size_t *n_events, int64_t *wait_ns)
{
    if (self != NULL && wait_ns == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner__guest_refuses_step(self);
    code = code != 0 ? code : runner__host_turn(self, cmds, n_cmds, events, cap, n_events);
    if (code == 0) {
        bool idle = *n_events == 0 && !self->host->over;
        *wait_ns = idle ? runner__loop_wait_ns(runner__loop_of(self)) : 0;
    }
    return code;
}

/* --- end --- */

/* Broken off: as a stop would, or a second signal in a close. */
static void break_off(runner__host_t *host)
{
    if (host->closing) {
        runner__host_closed(host);
        return;
    }
    if (host->mode == RUNNER__HOST_CLOSE) {
        host->self->shutdown.give_up = true;
        runner__shutdown_note(host->self, RUNNER_ETIMEDOUT);
    }
    ended(host, RUNNER__LOOP_STOPPED);
    if (host->closing) {
        runner__host_closed(host);
    }
}

int runner__host_finish(runner_t *self)
{
    runner__host_t *host = self->host;
    if (!host->over) {
        break_off(host);
    }
    bool closed = host->mode == RUNNER__HOST_CLOSE;
    host->silent = host->silent || closed;
    host->mode = RUNNER__HOST_IDLE;
    host->events = NULL;
    host->batch = 0;
    runner__tell_forget(host);
    if (closed) {
        runner__tell_nobody(host);
    }
    if (closed && self->options.on_report != NULL) {
        self->options.on_report(&self->report, self->options.on_report_arg);
    }
    runner__signals_give_back(self);
    runner__release(self);
    return host->code;
}

int runner_begin(runner_t *self, uint64_t context, uint64_t *main)
{
    if (self == NULL || main == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner__host_check(self);
    code = code != 0 ? code : runner__guest_refuses_host(self);
    code = code != 0 ? code : runner__host_begin(self, context, main);
    if (code == 0) {
        runner__guest_touched(self);
    }
    return code;
}

int runner_begin_close(runner_t *self)
{
    int code = runner__host_check(self);
    code = code != 0 ? code : runner__guest_refuses_host(self);
    code = code != 0 ? code : runner__host_begin_close(self);
    if (code == 0) {
        runner__guest_touched(self);
    }
    return code;
}

int runner_end(runner_t *self)
{
    int code = runner__host_check(self);
    if (code == 0 && (self->host == NULL || self->host->mode == RUNNER__HOST_IDLE)) {
        code = RUNNER_ENOLOOP;
    }
    if (code != 0) {
        return code;
    }
    code = runner__host_finish(self);
    runner__guest_touched(self); /* nothing of it keeps the loop alive any more */
    return code;
}

/* --- waiting --- */

int runner_backend_fd(runner_t *self, int *fd)
{
    runner__host_t *host;
    int code = fd != NULL ? runner__host_use(self, &host) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        return RUNNER_ECLOSED;
    }
    int found = uv_backend_fd(self->uv);
    if (found < 0) {
        return RUNNER_ENOTSUP;
    }
    *fd = found;
    return 0;
}

int runner_backend_wait(runner_t *self, int64_t timeout_ns)
{
    int code = runner__host_check(self);
    code = code != 0 ? code : runner__guest_refuses_step(self);
    code = code != 0 ? code : check_step(self);
    if (code == 0 && !self->host->over && runner__tell_is_empty(self->host)) {
        runner__loop_wait(runner__loop_of(self), timeout_ns);
    }
    return code;
}
