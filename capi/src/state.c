#include "state.h"

#include <stdlib.h>

#include "handle.h"
#include "runner/error.h"

bool runner__is_tristate(int value)
{
    return value == RUNNER_DEFAULT || value == RUNNER_ON || value == RUNNER_OFF;
}

static bool debug_by_environment(void)
{
    const char *value = getenv("LIBRUNNER_DEBUG");
    return value != NULL && value[0] != '\0';
}

bool runner__debug_wanted(const runner_t *self)
{
    return self->options.debug == RUNNER_DEFAULT ? debug_by_environment()
                                                 : self->options.debug == RUNNER_ON;
}

int runner_stop(runner_t *self)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    runner__home_t *home = &self->tasks.home;
    if (runner__home_phase(home) == RUNNER__CLOSED) {
        return RUNNER_ECLOSED;
    }
    code = runner__home_check_thread(home);
    if (code != 0) {
        return code;
    }
    if (runner__loop_current != &home->loop || self->shutdown.active) {
        return RUNNER_ENOLOOP;
    }
    runner__loop_stop(&home->loop);
    return 0;
}

int runner_abort(int code)
{
    runner__tasks_t *tasks = runner__tasks_current();
    if (code >= 0) {
        return RUNNER_EINVAL;
    }
    if (tasks == NULL || (tasks->current == NULL && tasks->home.loop.polling)) {
        return RUNNER_ENOLOOP; /* or inside a callback of the program's own handle */
    }
    if (tasks->current != NULL) {
        tasks->current->future.task_flags |= RUNNER__TASK_ABORTS;
    } else {
        tasks->aborts = true;
    }
    return code;
}

runner_t *runner_current(void)
{
    return (runner_t *)runner__loop_current;
}

int runner_is_running(const runner_t *self)
{
    return runner__home_check(self) == 0 &&
           atomic_load_explicit(&self->tasks.home.loop.running, memory_order_relaxed);
}

int runner_is_closed(const runner_t *self)
{
    return self == NULL || runner__home_phase(&self->tasks.home) == RUNNER__CLOSED;
}

int runner_debug(const runner_t *self)
{
    if (runner__home_check(self) != 0) {
        return 0;
    }
    bool open = runner__home_phase(&self->tasks.home) != RUNNER__CREATED;
    return open ? self->tasks.home.loop.debug : runner__debug_wanted(self);
}

int runner_set_debug(runner_t *self, int debug)
{
    int code = runner__is_tristate(debug) ? runner__home_check(self) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    self->options.debug = debug;
    runner__loop_of(self)->debug = runner__debug_wanted(self);
    return 0;
}

uint64_t runner_time_ns(const runner_t *self)
{
    if (runner__home_check(self) != 0 || runner__home_phase(&self->tasks.home) == RUNNER__CREATED) {
        return 0;
    }
    if (runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        return (uint64_t)self->tasks.home.loop.now_ns;
    }
    return (uint64_t)runner__loop_time(&((runner_t *)(uintptr_t)self)->tasks.home.loop);
}
