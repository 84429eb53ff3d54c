/*
 * The watch on Linux: an epoll descriptor of our own, which is one handle of the loop. The kernel drops
 * a descriptor that is closed, and refuses one that cannot be watched to whoever asks; libuv's own
 * set would find that out in its next turn, and abort the program.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "poller.h"

#define MOST_EVENTS 256
#define MOST_ROUNDS 16

struct runner__watch {
    uv_poll_t handle;
    int epfd;
    runner__poller_t *poller;
    void (*closed)(void *arg);
    void *arg;
};

static uint32_t to_epoll(uint32_t events)
{
    uint32_t wanted = EPOLLONESHOT;
    wanted |= (events & RUNNER_READABLE) != 0 ? (uint32_t)EPOLLIN : 0;
    wanted |= (events & RUNNER_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0;
    wanted |= (events & RUNNER_DISCONNECT) != 0 ? (uint32_t)EPOLLRDHUP : 0;
    wanted |= (events & RUNNER_PRIORITIZED) != 0 ? (uint32_t)EPOLLPRI : 0;
    return wanted;
}

static uint32_t from_epoll(uint32_t found)
{
    uint32_t ready = 0;
    if ((found & (EPOLLERR | EPOLLHUP)) != 0) {
        return RUNNER__POLL_ALL;
    }
    ready |= (found & EPOLLIN) != 0 ? RUNNER_READABLE : 0;
    ready |= (found & EPOLLOUT) != 0 ? RUNNER_WRITABLE : 0;
    ready |= (found & EPOLLRDHUP) != 0 ? RUNNER_DISCONNECT : 0;
    ready |= (found & EPOLLPRI) != 0 ? RUNNER_PRIORITIZED : 0;
    return ready;
}

/* A file that is open elsewhere as well stays in the set when its descriptor is closed here. What comes
 * of it is not of the turn in which its number is watched now. */
static void tell(runner__poller_t *poller, const struct epoll_event *event)
{
    runner__line_t *line = poller->lines[event->data.u64 & UINT32_MAX];
    if (line->turn == (uint32_t)(event->data.u64 >> 32)) {
        runner__poller_ready(poller, line, from_epoll(event->events));
    }
}

static void on_ready(uv_poll_t *handle, int status, int found)
{
    const runner__watch_t *watch = handle->data;
    struct epoll_event events[MOST_EVENTS];
    (void)status;
    (void)found;
    if (runner__poller_is_parents(watch->poller)) {
        (void)uv_poll_stop(handle);
        return;
    }
    for (int round = 0; round < MOST_ROUNDS; round++) {
        int count = epoll_wait(watch->epfd, events, MOST_EVENTS, 0);
        for (int i = 0; i < count; i++) {
            tell(watch->poller, &events[i]);
        }
        if (count < MOST_EVENTS) {
            break;
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    runner__watch_t *watch = handle->data;
    void (*closed)(void *arg) = watch->closed;
    void *arg = watch->arg;
    runner__free(watch);
    if (closed != NULL) {
        closed(arg);
    }
}

/* libuv would add it in its next turn, and abort where it cannot; it minds no more that it is there
 * already. And from now on the kernel refuses to have libuv's own set watched by ours, a circle. */
static int add_now(const runner__watch_t *watch, const uv_loop_t *uv)
{
    struct epoll_event event = {.events = EPOLLIN};
    event.data.fd = watch->epfd;
    return epoll_ctl(uv_backend_fd(uv), EPOLL_CTL_ADD, watch->epfd, &event) == 0
               ? 0
               : uv_translate_sys_error(errno);
}

static int open_watch(runner__watch_t *watch, uv_loop_t *uv)
{
    watch->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (watch->epfd < 0) {
        int code = uv_translate_sys_error(errno);
        runner__free(watch);
        return code;
    }
    int code = uv_poll_init(uv, &watch->handle, watch->epfd);
    if (code != 0) {
        (void)close(watch->epfd);
        runner__free(watch);
        return code;
    }
    watch->handle.data = watch;
    (void)uv_poll_start(&watch->handle, UV_READABLE, on_ready); /* cannot fail */
    uv_unref((uv_handle_t *)&watch->handle);
    code = add_now(watch, uv);
    if (code != 0) {
        (void)runner__watch_close(watch, false, NULL, NULL);
    }
    return code;
}

int runner__watch_open(runner__poller_t *poller)
{
    runner__watch_t *watch = runner__malloc(sizeof *watch);
    if (watch == NULL) {
        return RUNNER_ENOMEM;
    }
    watch->poller = poller;
    int code = open_watch(watch, poller->loop->uv);
    if (code == 0) {
        poller->watch = watch;
    }
    return code;
}

/* While libuv still refers to a handle that somebody else has closed, its memory stays; nobody says
 * when that ends. */
bool runner__watch_close(runner__watch_t *watch, bool pending, void (*closed)(void *arg), void *arg)
{
    uv_handle_t *handle = (uv_handle_t *)&watch->handle;
    bool ours = !uv_is_closing(handle);
    watch->closed = closed;
    watch->arg = arg;
    if (ours) {
        uv_close(handle, on_closed);
    }
    (void)close(watch->epfd);
    if (!ours && !pending) {
        runner__free(watch);
    }
    return ours;
}

static int control(const runner__poller_t *poller, int op, runner__line_t *line, uint32_t events)
{
    struct epoll_event event = {.events = to_epoll(events)};
    uint32_t turn = line->turn + 1;
    event.data.u64 = (uint64_t)turn << 32 | (uint32_t)line->fd;
    if (epoll_ctl(poller->watch->epfd, op, line->fd, &event) != 0) {
        return uv_translate_sys_error(errno);
    }
    line->turn = turn;
    return 0;
}

int runner__watch_add(runner__poller_t *poller, runner__line_t *line, uint32_t events)
{
    int code = control(poller, EPOLL_CTL_ADD, line, events);
    return code != UV_EEXIST ? code : control(poller, EPOLL_CTL_MOD, line, events);
}

int runner__watch_again(runner__poller_t *poller, runner__line_t *line, uint32_t events)
{
    return control(poller, EPOLL_CTL_MOD, line, events);
}

/* What comes all the same is dropped, once: that is cheaper than to take it out. */
void runner__watch_leave(runner__poller_t *poller, runner__line_t *line)
{
    (void)poller;
    (void)line;
}

void runner__watch_hold(runner__poller_t *poller, bool holds)
{
    uv_handle_t *handle = (uv_handle_t *)&poller->watch->handle;
    if (holds) {
        uv_ref(handle);
    } else {
        uv_unref(handle);
    }
}
