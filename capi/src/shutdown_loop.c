/* The last of a close: the uv loop, with whatever the program has left on it. */
#include "base/alloc.h"
#include "poller.h"
#include "runner/error.h"
#include "shutdown.h"

typedef struct walk {
    runner_t *self;
    size_t open;
    size_t closing;
    bool report;
} walk_t;

static void look_at_handle(uv_handle_t *handle, void *arg)
{
    walk_t *walk = arg;
    if (uv_is_closing(handle)) {
        walk->closing++;
        return;
    }
    walk->open++;
    if (walk->report) {
        runner__report_add(&walk->self->report, RUNNER_REPORT_HANDLE, 0, 0,
                           uv_handle_type_name(uv_handle_get_type(handle)), NULL);
    }
}

static void poller_closed(void *arg)
{
    runner__loop_t *loop = arg;
    loop->open_handles--;
}

/* False if the program has left handles or requests on the loop: it then stays as it is. */
static bool close_loop(runner_t *self)
{
    uv_loop_t *uv = self->uv;
    walk_t walk = {.self = self, .report = true};
    if (runner__poller_close(&self->tasks, false, poller_closed, runner__loop_of(self))) {
        runner__loop_of(self)->open_handles++;
    }
    runner__loop_close(runner__loop_of(self));
    if (uv_loop_close(uv) == 0) {
        return true;
    }
    do {
        walk.closing = 0;
        walk.report = false;
        uv_walk(uv, look_at_handle, &walk);
        (void)runner__loop_flush(uv);
    } while (walk.closing > 0);
    if (uv_loop_close(uv) == 0) {
        return true;
    }
    walk.report = true;
    uv_walk(uv, look_at_handle, &walk);
    return false;
}

void runner__shutdown_release_loop(runner_t *self)
{
    if (self->guest != NULL) {
        /* Somebody else's, as is whatever is on it. */
    } else if (!close_loop(self)) {
        runner__shutdown_note(self, RUNNER_EHANDLES);
    } else if (self->options.loop_factory == NULL) {
        runner__free(self->uv);
    } else if (self->options.loop_release != NULL) {
        self->options.loop_release(self->uv, self->options.loop_arg);
    }
    self->uv = NULL;
}
