/*
 * A guest takes its turns in callbacks of handles that it has on the loop of the program: an idle
 * handle while something is ready, a timer for its next deadline, and the inbox's async for what
 * comes from other threads. They keep that loop alive only while something of the run can still come.
 */
#include "guest.h"

#include "base/alloc.h"
#include "base/options.h"
#include "host.h"
#include "poller.h"
#include "run.h"
#include "runner/error.h"
#include "shutdown.h"

/* Without host tasks there is only the end to be told. */
#define EVENTS 8

typedef struct runner__guest {
    runner_t *self;
    uv_idle_t idle;
    runner_wake_fn wake; /* NULL: it takes its turns by itself */
    void *wake_arg;
    runner_ended_fn ended; /* of the run or close that is under way, or NULL */
    void *ended_arg;
    bool paused;
    bool woken; /* the host takes turns: it was woken, and goes on until there are no more events */
    bool closed; /* the last handle is, and the end was not told because of a pause */
} guest_t;

static runner__loop_t *loop_of(const guest_t *guest)
{
    return runner__loop_of(guest->self);
}

static bool is_under_way(const guest_t *guest)
{
    const runner__host_t *host = guest->self->host;
    return host != NULL && host->mode != RUNNER__HOST_IDLE && !host->closing && !host->told;
}

/* --- when the next turn is --- */

static void on_idle(uv_idle_t *idle);

static void on_timer(uv_timer_t *timer)
{
    runner__loop_t *loop = timer->data;
    runner__guest_ready(loop);
}

/* The program may close them all by itself, and its loop. */
static bool is_gone(const guest_t *guest)
{
    return uv_is_closing((const uv_handle_t *)&guest->idle) != 0;
}

static void rest(guest_t *guest)
{
    runner__loop_t *loop = loop_of(guest);
    if (is_gone(guest)) {
        return;
    }
    (void)uv_idle_stop(&guest->idle);
    (void)uv_timer_stop(&loop->wake_timer);
    uv_unref((uv_handle_t *)&loop->inbox.async);
    runner__poller_rest(&guest->self->tasks, true);
}

/* What can still come from other threads keeps the loop alive; so do a timer that runs and a wait for a
 * descriptor. */
static void arm(guest_t *guest)
{
    runner__loop_t *loop = loop_of(guest);
    bool under_way = is_under_way(guest);
    guest->woken = guest->woken && under_way;
    if (guest->woken) {
        return;
    }
    rest(guest);
    if (!under_way || guest->paused || is_gone(guest)) {
        return;
    }
    const runner__host_t *host = guest->self->host;
    if (host->over || !runner__tell_is_empty(host) || runner__loop_wait_ns(loop) == 0) {
        (void)uv_idle_start(&guest->idle, on_idle);
        return;
    }
    if (atomic_load(&loop->jobs) != 0 || atomic_load(&loop->submitters) != 0) {
        uv_ref((uv_handle_t *)&loop->inbox.async);
    }
    runner__poller_rest(&guest->self->tasks, false);
    runner__loop_arm(loop, on_timer);
}

void runner__guest_ready(runner__loop_t *loop)
{
    guest_t *guest = runner__of_loop(loop)->guest;
    if (guest != NULL && is_under_way(guest) && !guest->paused && !guest->woken &&
        !is_gone(guest)) {
        (void)uv_idle_start(&guest->idle, on_idle);
    }
}

void runner__guest_touched(runner_t *self)
{
    if (self->guest != NULL && runner__loop_current == NULL) {
        arm(self->guest);
    }
}

/* --- turns --- */

/* The runner may be freed by whoever is told. */
static void tell_end(guest_t *guest)
{
    runner_t *self = guest->self;
    runner_ended_fn ended = guest->ended;
    void *arg = guest->ended_arg;
    void *value = self->host->value;
    guest->ended = NULL;
    int code = runner__host_finish(self);
    rest(guest);
    if (ended != NULL) {
        ended(self, code, code == 0 ? value : NULL, arg);
    }
}

static void take_turn(guest_t *guest)
{
    runner_host_event_t events[EVENTS];
    size_t count = 0;
    (void)runner__host_turn(guest->self, NULL, 0, events, EVENTS, &count);
    if (guest->self->host->told) {
        tell_end(guest);
    } else {
        arm(guest);
    }
}

static void wake(guest_t *guest)
{
    guest->woken = true;
    rest(guest);
    guest->wake(guest->self, guest->wake_arg);
}

/* The loop may be that of another runner, which runs none of its entries now. */
static runner__loop_t *set_aside(void)
{
    runner__loop_t *outer = runner__loop_current;
    runner__loop_current = NULL;
    return outer;
}

static void on_idle(uv_idle_t *idle)
{
    guest_t *guest = idle->data;
    runner__loop_t *outer = set_aside();
    if (!is_under_way(guest) || guest->paused) {
        rest(guest);
    } else if (guest->wake != NULL) {
        wake(guest);
    } else {
        take_turn(guest);
    }
    runner__loop_current = outer;
}

int runner_take(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds, runner_host_event_t *events,
                size_t cap, size_t *n_events)
{
    int code = runner__host_check(self);
    if (code == 0 && (self->guest == NULL || self->guest->wake == NULL)) {
        code = RUNNER_ENOTSUP;
    }
    if (code != 0 || n_events == NULL) {
        return code != 0 ? code : RUNNER_EINVAL;
    }
    guest_t *guest = self->guest;
    if (guest->paused) {
        *n_events = 0;
        guest->woken = false;
        return runner_commands(self, cmds, n_cmds);
    }
    code = runner__host_turn(self, cmds, n_cmds, events, cap, n_events);
    if (code == 0) {
        guest->woken = *n_events > 0;
        arm(guest);
    }
    return code;
}

/* --- begin --- */

static int check_guest(const runner_t *self, bool by_itself)
{
    if (self->guest == NULL || (by_itself && self->guest->wake != NULL)) {
        return RUNNER_ENOTSUP;
    }
    return 0;
}

static int check_start(runner_t *self)
{
    int code = runner__acquire(self);
    if (code == 0) {
        code = check_guest(self, true);
        if (code == 0 && runner__host_of(self) == NULL) {
            code = RUNNER_ENOMEM;
        }
        if (code != 0) {
            runner__release(self);
        }
    }
    return code;
}

static void begin(runner_t *self, runner_ended_fn ended, void *ended_arg)
{
    self->guest->ended = ended;
    self->guest->ended_arg = ended_arg;
    arm(self->guest);
}

int runner_start(runner_t *self, runner_fn main, void *arg, const runner_run_options_t *opts,
                 runner_ended_fn ended, void *ended_arg)
{
    runner_run_options_t complete;
    if (main == NULL || runner__options_read(&complete, sizeof complete, opts) != 0 ||
        complete.stack_bytes > RUNNER__STACK_MAX_BYTES) {
        return RUNNER_EINVAL;
    }
    int code = check_start(self);
    if (code != 0) {
        return code;
    }
    runner__tasks_enter(&self->tasks);
    code = runner__run_make_main(self, main, arg, &complete);
    runner__tasks_leave(&self->tasks);
    if (code != 0) {
        runner__release(self);
        return code;
    }
    self->host->takes_value = ended != NULL;
    runner__list_push(&self->main->future.waiters, &self->host->stopper.node);
    runner__host_enter_mode(self->host, RUNNER__HOST_RUN);
    begin(self, ended, ended_arg);
    return 0;
}

int runner_start_close(runner_t *self, runner_ended_fn ended, void *ended_arg)
{
    int code = check_start(self);
    if (code != 0) {
        return code;
    }
    runner__release(self);
    code = runner__host_begin_close(self);
    if (code == 0) {
        begin(self, ended, ended_arg);
    }
    return code;
}

/* --- pause --- */

static int check_pause(const runner_t *self)
{
    int code = runner__home_check(self);
    if (code == 0) {
        code = check_guest(self, false);
    }
    bool closed = code == 0 && runner__home_phase(&self->tasks.home) == RUNNER__CLOSED;
    return closed && !self->guest->closed ? RUNNER_ECLOSED : code;
}

int runner_pause(runner_t *self)
{
    int code = check_pause(self);
    if (code == 0) {
        self->guest->paused = true;
        runner__loop_of(self)->pausing = true;
        rest(self->guest);
    }
    return code;
}

static void closed(guest_t *guest);

int runner_resume(runner_t *self)
{
    int code = check_pause(self);
    if (code == 0 && self->guest->paused) {
        self->guest->paused = false;
        if (self->guest->closed) {
            closed(self->guest);
        } else if (runner__loop_current == NULL) {
            arm(self->guest);
        }
    }
    return code;
}

/* --- life --- */

static int check_attach(const runner_t *self)
{
    int code = runner__home_check(self);
    if (code == 0) {
        runner__phase_t phase = runner__home_phase(&self->tasks.home);
        code = phase == RUNNER__CLOSED ? RUNNER_ECLOSED : 0;
        code = phase == RUNNER__OPEN ? RUNNER_EBUSY : code;
    }
    return code;
}

int runner_attach(runner_t *self, struct uv_loop_s *loop, runner_wake_fn wake, void *arg)
{
    int code = loop != NULL ? check_attach(self) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    guest_t *guest = runner__calloc(1, sizeof *guest);
    if (guest == NULL) {
        return RUNNER_ENOMEM;
    }
    self->tasks.home.loop.guest = true;
    code = runner__open_on(self, loop);
    if (code != 0) {
        self->tasks.home.loop.guest = false;
        runner__free(guest);
        return code;
    }
    guest->self = self;
    guest->wake = wake;
    guest->wake_arg = arg;
    (void)uv_idle_init(loop, &guest->idle); /* cannot fail */
    guest->idle.data = guest;
    self->guest = guest;
    uv_ref((uv_handle_t *)&runner__loop_of(self)->wake_timer); /* when it runs, it counts */
    runner__loop_of(self)->polling = true;
    return 0;
}

/* The end of a close, which somebody waits for. */
static void closed(guest_t *guest)
{
    runner_t *self = guest->self;
    guest->closed = guest->paused;
    if (guest->paused) {
        return;
    }
    runner__host_closed(self->host);
    if (guest->wake != NULL) {
        guest->wake(self, guest->wake_arg);
    } else {
        take_turn(guest);
    }
}

/* The memory of the handles lies in the runner, or here: both stay until the last is closed. */
static void one_closed(void *arg)
{
    guest_t *guest = arg;
    runner_t *self = guest->self;
    runner__home_t *home = &self->tasks.home;
    if (--home->loop.open_handles > 0) {
        return;
    }
    runner__loop_t *outer = set_aside();
    runner__home_hold(home);
    if (self->host != NULL && self->host->closing) {
        closed(guest);
    }
    runner__loop_current = outer;
    if (home->magic != RUNNER__MAGIC_ALIVE && self->guest == guest) {
        runner__free(guest); /* nobody has been there to do it since */
    }
    runner__home_drop(home);
    runner__home_drop(home);
}

static void on_closed(uv_handle_t *handle)
{
    one_closed(handle->data);
}

/* One that the program has closed is either gone, and has no reference any more, or will be; nobody says
 * when, so the memory stays for good then. */
static void close_handle(guest_t *guest, uv_handle_t *handle, bool pending)
{
    if (!uv_is_closing(handle)) {
        handle->data = guest;
        uv_close(handle, on_closed);
    } else if (!pending) {
        loop_of(guest)->open_handles--;
    }
}

bool runner__guest_close(runner_t *self)
{
    guest_t *guest = self->guest;
    if (guest == NULL) {
        return false;
    }
    runner__loop_t *loop = loop_of(guest);
    bool pending = is_gone(guest) && uv_has_ref((const uv_handle_t *)&guest->idle) != 0;
    rest(guest);
    loop->open_handles++;
    runner__home_hold(&self->tasks.home);
    runner__inbox_leave(&loop->inbox);
    close_handle(guest, (uv_handle_t *)&loop->inbox.async, pending);
    close_handle(guest, (uv_handle_t *)&loop->wake_timer, pending);
    close_handle(guest, (uv_handle_t *)&guest->idle, pending);
    if (runner__poller_close(&self->tasks, pending, one_closed, guest)) {
        loop->open_handles++;
    }
    if (loop->open_handles == 0) {
        runner__home_drop(&self->tasks.home);
    }
    return loop->open_handles > 0;
}

void runner__guest_free(runner_t *self)
{
    if (self->guest != NULL && runner__loop_of(self)->open_handles == 0) {
        runner__free(self->guest);
        self->guest = NULL;
    }
}

/* --- who drives it --- */

int runner__guest_refuses_own(const runner_t *self)
{
    return self->guest != NULL ? RUNNER_ENOTSUP : 0;
}

int runner__guest_refuses_step(const runner_t *self)
{
    return self != NULL && self->guest != NULL ? RUNNER_ENOTSUP : 0;
}

int runner__guest_refuses_host(const runner_t *self)
{
    bool by_itself = self != NULL && self->guest != NULL && self->guest->wake == NULL;
    return by_itself ? RUNNER_ENOTSUP : 0;
}
