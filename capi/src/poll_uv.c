/*
 * The watch where there is no epoll: a handle of libuv for each descriptor, made anew whenever it is
 * watched, because making one is when libuv checks the descriptor.
 *
 * What libuv does not allow: a descriptor that is closed between the wait and the next turn of the
 * loop, or that got the number of one that was, may abort the program; one that a handle of the
 * program watches as well is refused with UV_EEXIST; and those who wait for a number before and after it
 * was reused are not told apart.
 */
#include <assert.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "poller.h"

struct runner__watch {
    runner__poller_t *poller;
    runner__node_t handles; /* that are not closing */
    size_t open;            /* those, and those that are */
    bool holds;
    void (*closed)(void *arg); /* once it is being closed */
    void *arg;
};

typedef struct poll_handle {
    uv_poll_t uv;
    runner__node_t node; /* in the watch */
    runner__watch_t *watch;
    runner__line_t *line;
} poll_handle_t;

/* UV_READABLE and the others have the values of RUNNER_READABLE and those. */
static_assert(RUNNER_READABLE == UV_READABLE && RUNNER_WRITABLE == UV_WRITABLE &&
                  RUNNER_DISCONNECT == UV_DISCONNECT && RUNNER_PRIORITIZED == UV_PRIORITIZED,
              "events are libuv's");

static uv_handle_t *base_of(poll_handle_t *handle)
{
    return (uv_handle_t *)&handle->uv;
}

static void on_closed(uv_handle_t *base)
{
    poll_handle_t *handle = base->data;
    runner__watch_t *watch = handle->watch;
    runner__free(handle);
    watch->open--;
    if (watch->open == 0 && watch->closed != NULL) {
        void (*closed)(void *arg) = watch->closed;
        void *arg = watch->arg;
        runner__free(watch);
        closed(arg);
    }
}

/* The program may have closed it, with the loop of a guest. */
static void unwatch(runner__line_t *line)
{
    poll_handle_t *handle = line->watching;
    if (handle != NULL && !uv_is_closing(base_of(handle))) {
        runner__list_remove(&handle->node);
        uv_close(base_of(handle), on_closed);
    }
    line->watching = NULL;
    line->watched = false;
}

static void on_ready(uv_poll_t *uv, int status, int events)
{
    const poll_handle_t *handle = uv->data;
    runner__line_t *line = handle->line;
    runner__poller_t *poller = handle->watch->poller;
    if (runner__poller_is_parents(poller)) {
        (void)uv_poll_stop(uv);
        return;
    }
    unwatch(line);
    runner__poller_ready(poller, line, status != 0 ? RUNNER__POLL_ALL : (uint32_t)events);
}

/* uv_poll_init() makes it non-blocking for everybody who has it. */
static int init_as_it_is(runner__poller_t *poller, poll_handle_t *handle, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    int code = uv_poll_init(poller->loop->uv, &handle->uv, fd);
    if (flags != -1 && (flags & O_NONBLOCK) == 0) {
        (void)fcntl(fd, F_SETFL, flags);
    }
    return code;
}

/* In place of the handle that it has. */
int runner__watch_again(runner__poller_t *poller, runner__line_t *line, uint32_t events)
{
    runner__watch_t *watch = poller->watch;
    poll_handle_t *handle = runner__malloc(sizeof *handle);
    if (handle == NULL) {
        return RUNNER_ENOMEM;
    }
    unwatch(line);
    int code = init_as_it_is(poller, handle, line->fd);
    if (code != 0) {
        runner__free(handle);
        return code;
    }
    handle->uv.data = handle;
    handle->watch = watch;
    handle->line = line;
    runner__list_push(&watch->handles, &handle->node);
    watch->open++;
    line->watching = handle;
    line->watched = true;
    (void)uv_poll_start(&handle->uv, (int)events, on_ready); /* cannot fail: it is new */
    if (!watch->holds) {
        uv_unref(base_of(handle));
    }
    return 0;
}

int runner__watch_add(runner__poller_t *poller, runner__line_t *line, uint32_t events)
{
    return runner__watch_again(poller, line, events);
}

/* libuv would take the next who gets its number for the one that was watched. */
void runner__watch_leave(runner__poller_t *poller, runner__line_t *line)
{
    (void)poller;
    unwatch(line);
}

void runner__watch_hold(runner__poller_t *poller, bool holds)
{
    runner__watch_t *watch = poller->watch;
    watch->holds = holds;
    for (runner__node_t *node = watch->handles.next; node != &watch->handles; node = node->next) {
        poll_handle_t *handle = RUNNER__CONTAINER(node, poll_handle_t, node);
        if (holds) {
            uv_ref(base_of(handle));
        } else {
            uv_unref(base_of(handle));
        }
    }
}

int runner__watch_open(runner__poller_t *poller)
{
    runner__watch_t *watch = runner__calloc(1, sizeof *watch);
    if (watch == NULL) {
        return RUNNER_ENOMEM;
    }
    watch->poller = poller;
    runner__list_init(&watch->handles);
    poller->watch = watch;
    return 0;
}

bool runner__watch_close(runner__watch_t *watch, bool pending, void (*closed)(void *arg), void *arg)
{
    runner__node_t *head = &watch->handles;
    while (!runner__list_empty(head)) {
        poll_handle_t *handle = RUNNER__CONTAINER(runner__list_pop(head), poll_handle_t, node);
        if (!uv_is_closing(base_of(handle))) {
            uv_close(base_of(handle), on_closed);
            continue;
        }
        watch->open--;
        if (!pending) {
            runner__free(handle);
        }
    }
    watch->closed = closed;
    watch->arg = arg;
    if (watch->open > 0) {
        return true;
    }
    runner__free(watch);
    return false;
}
