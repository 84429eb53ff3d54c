#include "guest.h"
#include "host.h"
#include "runner/error.h"
int runner__guest_refuses_own(const runner_t *self)
{
    (void)self;
    return 0;
}
int runner__guest_refuses_step(const runner_t *self)
{
    (void)self;
    return 0;
}
int runner__guest_refuses_host(const runner_t *self)
{
    (void)self;
    return 0;
}
void runner__guest_ready(runner__loop_t *loop)
{
    (void)loop;
}
void runner__guest_touched(runner_t *self)
{
    (void)self;
}
int runner_attach(runner_t *self, struct uv_loop_s *loop, runner_wake_fn wake, void *arg)
{
    (void)self;
    (void)loop;
    (void)wake;
    (void)arg;
    return RUNNER_ENOTSUP;
}
int runner_start(runner_t *self, runner_fn main, void *arg, const runner_run_options_t *opts,
                 runner_ended_fn ended, void *ended_arg)
{
    (void)self;
    (void)main;
    (void)arg;
    (void)opts;
    (void)ended;
    (void)ended_arg;
    return RUNNER_ENOTSUP;
}
int runner_start_close(runner_t *self, runner_ended_fn ended, void *ended_arg)
{
    (void)self;
    (void)ended;
    (void)ended_arg;
    return RUNNER_ENOTSUP;
}
int runner_take(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds, runner_host_event_t *events,
                size_t cap, size_t *n_events)
{
    (void)self;
    (void)cmds;
    (void)n_cmds;
    (void)events;
    (void)cap;
    (void)n_events;
    return RUNNER_ENOTSUP;
}
int runner_pause(runner_t *self)
{
    (void)self;
    return RUNNER_ENOTSUP;
}
int runner_resume(runner_t *self)
{
    (void)self;
    return RUNNER_ENOTSUP;
}
