#include "callback.h"

#include <stdio.h>

#include "base/alloc.h"
#include "handle.h"
#include "runner/error.h"

#define NS_PER_MS INT64_C(1000000)
#define WARM_CALLBACKS 4096

/* A callback wherever it stands: in the ready queue, in the heap, with a future. */
struct runner_timer {
    runner__timer_t timer;
    runner__node_t all; /* in self->callbacks until it ran or was dropped */
    runner__scope_t scope;
    runner_callback_fn fn;
    runner_done_fn done_fn;  /* instead of fn, with future */
    runner_future_t *future; /* held */
    void *arg;
    runner_drop_fn drop;
    const void *address; /* debug: who asked for it */
    runner_t *self;
    uint32_t refs; /* the runner's, until it ran or was dropped, and the handle's */
    bool over;
};

static void unref(runner_timer_t *callback)
{
    if (--callback->refs == 0) {
        runner_t *self = callback->self;
        runner__pool_give(&self->callback_pool, callback);
        runner__home_drop(&self->tasks.home);
    }
}

/* The runner has no more to do with it. */
static void finish(runner_timer_t *callback)
{
    if (callback->drop != NULL) {
        callback->drop(callback->arg);
    }
    runner__scope_fini(&callback->scope);
    if (callback->future != NULL) {
        runner__future_unref(callback->future);
    }
    unref(callback);
}

static void take_out(runner_timer_t *callback)
{
    callback->over = true;
    runner__list_remove(&callback->all);
}

/* Debug: the name of the function, for the report of a slow step. */
static void label(runner_timer_t *callback, runner__loop_t *loop)
{
    uintptr_t address =
        callback->fn != NULL ? (uintptr_t)callback->fn : (uintptr_t)callback->done_fn;
    if (!runner__describe_address((const void *)address, loop->label, sizeof loop->label)) {
        snprintf(loop->label, sizeof loop->label, "callback %#zx", (size_t)address);
    }
}

static void call(runner_timer_t *callback)
{
    runner__tasks_t *tasks = &callback->self->tasks;
    runner__loop_t *loop = &tasks->home.loop;
    if (RUNNER__UNLIKELY(loop->debug)) {
        label(callback, loop);
    }
    loop->scope = &callback->scope;
    tasks->aborts = false;
    int code = callback->fn != NULL ? callback->fn(callback->arg)
                                    : callback->done_fn(callback->future, callback->arg);
    if (RUNNER__UNLIKELY(code != 0)) {
        runner__handler_returned(loop, code, callback->future, callback->address);
    }
    loop->scope = NULL;
}

static void run_callback(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    runner_timer_t *callback = RUNNER__CONTAINER(timer, runner_timer_t, timer);
    (void)loop;
    take_out(callback);
    call(callback);
    finish(callback);
}

/* A callback in its own place among self->callbacks, standing nowhere yet. */
static int make(runner_t *self, void *arg, runner_drop_fn drop, const void *address,
                runner_timer_t **out)
{
    runner_timer_t *callback = runner__pool_take(&self->callback_pool);
    if (callback == NULL) {
        return RUNNER_ENOMEM;
    }
    callback->timer.entry.run = run_callback;
    callback->timer.slot = RUNNER__TIMER_IDLE;
    runner__list_init(&callback->timer.entry.node);
    runner__scope_copy(&callback->scope);
    callback->fn = NULL;
    callback->done_fn = NULL;
    callback->future = NULL;
    callback->arg = arg;
    callback->drop = drop;
    callback->address = runner__loop_of(self)->debug ? address : NULL;
    callback->self = self;
    callback->refs = 1;
    callback->over = false;
    runner__list_push(&self->callbacks, &callback->all);
    runner__home_hold(&self->tasks.home);
    *out = callback;
    return 0;
}

int runner_call_soon(runner_t *self, runner_callback_fn fn, void *arg, runner_drop_fn drop)
{
    runner__home_t *home;
    runner_timer_t *callback;
    int code = fn != NULL ? runner__home_use(self, &home) : RUNNER_EINVAL;
    code = code != 0 ? code : make(self, arg, drop, __builtin_return_address(0), &callback);
    if (code != 0) {
        return code;
    }
    callback->fn = fn;
    runner__loop_push(runner__loop_of(self), &callback->timer.entry);
    return 0;
}

static int start(runner_t *self, int64_t when_ns, runner_callback_fn fn, void *arg,
                 runner_drop_fn drop, const void *address, runner_timer_t **out)
{
    runner_timer_t *callback;
    int code = make(self, arg, drop, address, &callback);
    if (code != 0) {
        return code;
    }
    code = runner__loop_start_timer(runner__loop_of(self), &callback->timer, when_ns);
    if (code != 0) {
        callback->drop = NULL;
        take_out(callback);
        finish(callback);
        return code;
    }
    callback->fn = fn;
    if (out != NULL) {
        callback->refs++;
        *out = callback;
    }
    return 0;
}

int runner__call_at(runner_t *self, int64_t when_ns, runner_callback_fn fn, void *arg,
                    runner_drop_fn drop, runner_timer_t **out)
{
    runner__home_t *home;
    int code = runner__home_use(self, &home);
    return code != 0 ? code : start(self, when_ns, fn, arg, drop, NULL, out);
}

int runner_call_later(runner_t *self, int64_t timeout_ms, runner_callback_fn fn, void *arg,
                      runner_drop_fn drop, runner_timer_t **out)
{
    runner__home_t *home;
    int code = fn != NULL ? runner__home_use(self, &home) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    int64_t now_ns = runner__loop_time(&home->loop);
    int64_t when_ns;
    if (timeout_ms > (INT64_MAX - now_ns) / NS_PER_MS) {
        when_ns = INT64_MAX;
    } else if (timeout_ms < INT64_MIN / NS_PER_MS) {
        when_ns = INT64_MIN;
    } else {
        when_ns = now_ns + timeout_ms * NS_PER_MS;
    }
    return start(self, when_ns, fn, arg, drop, __builtin_return_address(0), out);
}

int runner_call_at_ns(runner_t *self, uint64_t when_ns, runner_callback_fn fn, void *arg,
                      runner_drop_fn drop, runner_timer_t **out)
{
    runner__home_t *home;
    int code = fn != NULL ? runner__home_use(self, &home) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    int64_t deadline_ns = when_ns > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)when_ns;
    return start(self, deadline_ns, fn, arg, drop, __builtin_return_address(0), out);
}

int runner_timer_cancel(runner_timer_t *timer)
{
    if (timer == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner__home_check_thread(&timer->self->tasks.home);
    if (code != 0) {
        return code;
    }
    if (timer->over) {
        return RUNNER_EDONE;
    }
    runner__timer_stop(&runner__loop_of(timer->self)->timers, &timer->timer);
    runner__loop_touched(runner__loop_of(timer->self));
    runner__list_remove(&timer->timer.entry.node);
    take_out(timer);
    finish(timer);
    return 0;
}

void runner_timer_unref(runner_timer_t *timer)
{
    if (timer != NULL) {
        unref(timer);
    }
}

int runner_future_on_done(runner_future_t *future, runner_done_fn fn, void *arg,
                          runner_drop_fn drop)
{
    if (future == NULL || fn == NULL) {
        return RUNNER_EINVAL;
    }
    runner__home_t *home = future->home;
    runner_timer_t *callback;
    runner_t *self = (runner_t *)home;
    if (runner__home_phase(home) == RUNNER__CLOSED) {
        return RUNNER_ECLOSED; /* and perhaps freed */
    }
    int code = runner__home_use(self, &home);
    code = code != 0 ? code : make(self, arg, drop, __builtin_return_address(0), &callback);
    if (code != 0) {
        return code;
    }
    callback->done_fn = fn;
    callback->future = runner_future_ref(future);
    if (runner__future_is_done(future)) {
        runner__loop_push(&home->loop, &callback->timer.entry);
    } else {
        runner__list_push(&future->waiters, &callback->timer.entry.node);
    }
    return 0;
}

void runner__callbacks_init(runner_t *self)
{
    runner__list_init(&self->callbacks);
    runner__pool_init(&self->callback_pool, sizeof(runner_timer_t), WARM_CALLBACKS);
}

void runner__callbacks_fini(runner_t *self)
{
    runner__pool_end(&self->callback_pool);
}

void runner__callbacks_drop(runner_t *self)
{
    while (!runner__list_empty(&self->callbacks)) {
        runner_timer_t *callback = RUNNER__CONTAINER(self->callbacks.next, runner_timer_t, all);
        runner__timer_stop(&runner__loop_of(self)->timers, &callback->timer);
        runner__list_remove(&callback->timer.entry.node);
        take_out(callback);
        finish(callback);
    }
}
