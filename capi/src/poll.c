#include "poller.h"

#include <fcntl.h>
#include <poll.h>

#include "base/alloc.h"
#include "coroutine.h"

#define NS_PER_MS UINT64_C(1000000)
#define KNOWN_EVENTS (RUNNER_READABLE | RUNNER_WRITABLE | RUNNER_DISCONNECT | RUNNER_PRIORITIZED)
#define FIRST_ROOM 64
#define WARM_WAITS 1024

typedef struct poll_wait {
    runner__node_t link; /* in its line; alone once it is over */
    runner__poller_t *poller;
    runner__line_t *line;
    runner_task_t *task;
    uint32_t *revents; /* where the events go: one of these, or neither */
    void **value;
    uint32_t events;
    uint32_t ready; /* once it is over */
    int code;
} poll_wait_t;

/* --- looking without waiting --- */

static short to_poll(uint32_t events)
{
    int wanted = 0;
    wanted |= (events & RUNNER_READABLE) != 0 ? POLLIN : 0;
    wanted |= (events & RUNNER_WRITABLE) != 0 ? POLLOUT : 0;
    wanted |= (events & RUNNER_PRIORITIZED) != 0 ? POLLPRI : 0;
#ifdef POLLRDHUP
    wanted |= (events & RUNNER_DISCONNECT) != 0 ? POLLRDHUP : 0;
#endif
    return (short)wanted;
}

static uint32_t from_poll(int found)
{
    uint32_t ready = 0;
    if ((found & (POLLERR | POLLHUP)) != 0) {
        return RUNNER__POLL_ALL;
    }
    ready |= (found & POLLIN) != 0 ? RUNNER_READABLE : 0;
    ready |= (found & POLLOUT) != 0 ? RUNNER_WRITABLE : 0;
    ready |= (found & POLLPRI) != 0 ? RUNNER_PRIORITIZED : 0;
#ifdef POLLRDHUP
    ready |= (found & POLLRDHUP) != 0 ? RUNNER_DISCONNECT : 0;
#endif
    return ready;
}

static int look(int fd, uint32_t events, uint32_t *ready)
{
    struct pollfd one = {.fd = fd, .events = to_poll(events)};
    *ready = 0;
    if (poll(&one, 1, 0) <= 0) {
        return 0; /* a signal or a lack of memory: it looks as if nothing had come yet */
    }
    if ((one.revents & POLLNVAL) != 0) {
        return UV_EBADF;
    }
    *ready = from_poll(one.revents) & events;
    return 0;
}

/* --- the ends of a wait --- */

static void hold(const runner__poller_t *poller)
{
    runner__watch_hold((runner__poller_t *)poller, poller->pending > 0 && !poller->resting);
}

static void join(poll_wait_t *wait)
{
    runner__list_push(&wait->line->waits, &wait->link);
    if (wait->poller->pending++ == 0) {
        hold(wait->poller);
    }
}

/* Out of its line; one that is over stays so. */
static void leave(poll_wait_t *wait)
{
    if (runner__list_empty(&wait->link)) {
        return;
    }
    runner__list_remove(&wait->link);
    runner__list_init(&wait->link);
    if (runner__list_empty(&wait->line->waits)) {
        runner__watch_leave(wait->poller, wait->line);
    }
    if (--wait->poller->pending == 0) {
        hold(wait->poller);
    }
}

/* Its time may be over as well, and its entry be queued for that. */
static void wake(poll_wait_t *wait, int code, uint32_t ready)
{
    runner_task_t *task = wait->task;
    leave(wait);
    wait->code = code;
    wait->ready = ready;
    runner__timer_stop(&wait->poller->loop->timers, &task->timer);
    runner__list_remove(&task->timer.entry.node);
    runner__task_queue(task);
}

static poll_wait_t *wait_of(runner__node_t *node)
{
    return RUNNER__CONTAINER(node, poll_wait_t, link);
}

static void wake_all(runner__line_t *line, int code)
{
    while (!runner__list_empty(&line->waits)) {
        wake(wait_of(line->waits.next), code, 0);
    }
}

/* What has become ready in the meantime was just not looked at: it counts. */
static void time_is_over(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    poll_wait_t *wait = RUNNER__CONTAINER(timer, runner_task_t, timer)->wait.on;
    uint32_t ready;
    (void)loop;
    runner__list_init(&entry->node);
    int code = look(wait->line->fd, wait->events, &ready);
    wake(wait, code, ready);
}

static void free_wait(poll_wait_t *wait)
{
    leave(wait);
    runner__pool_give(&wait->poller->free, wait);
}

static bool cancel_wait(runner__wait_t *link, const runner__cancel_t *cancel)
{
    poll_wait_t *wait = link->on;
    leave(wait);
    runner__timer_stop(&wait->poller->loop->timers, &wait->task->timer);
    return runner__wait_cut(link, cancel);
}

static void give(uint32_t ready, uint32_t *revents, void **value)
{
    if (revents != NULL) {
        *revents = ready;
    }
    if (value != NULL) {
        *value = (void *)(uintptr_t)ready;
    }
}

/* Those who were woken beside a task that was cancelled know as much as it did: it has nothing to
 * hand on. */
static int end_wait(runner__wait_t *link, runner__wait_how_t how)
{
    poll_wait_t *wait = link->on;
    int code = how == RUNNER__WAIT_WOKEN ? wait->code : RUNNER_ECANCELED;
    if (code == 0) {
        give(wait->ready, wait->revents, wait->value);
    }
    free_wait(wait);
    return code;
}

static void drop_wait(runner__wait_t *link)
{
    free_wait(link->on);
}

const runner__wait_ops_t runner__wait_for_descriptor = {
    .what = "descriptor", .cancel = cancel_wait, .end = end_wait, .drop = drop_wait};

/* --- watching --- */

static uint32_t wanted(runner__line_t *line)
{
    uint32_t events = 0;
    for (runner__node_t *node = line->waits.next; node != &line->waits; node = node->next) {
        events |= wait_of(node)->events;
    }
    return events;
}

/* The descriptor is not the one that was watched. */
static bool is_gone(int code)
{
    return code == UV_ENOENT || code == UV_EBADF || code == UV_EPERM;
}

static void watch_again(runner__poller_t *poller, runner__line_t *line, uint32_t events)
{
    int code = runner__watch_again(poller, line, events);
    if (code != 0) {
        line->watched = line->watched && !is_gone(code);
        wake_all(line, is_gone(code) ? UV_EBADF : code);
    }
}

void runner__poller_ready(runner__poller_t *poller, runner__line_t *line, uint32_t ready)
{
    uint32_t events = 0;
    runner__node_t *node = line->waits.next;
    while (node != &line->waits) {
        poll_wait_t *wait = wait_of(node);
        node = node->next;
        if ((wait->events & ready) != 0) {
            wake(wait, 0, wait->events & ready);
        } else {
            events |= wait->events;
        }
    }
    if (events != 0) {
        watch_again(poller, line, events);
    }
}

/* For one wait more. Those before it have waited for another descriptor if this one is not known. */
static int watch(runner__poller_t *poller, runner__line_t *line, uint32_t events)
{
    if (line->watched) {
        int code = runner__watch_again(poller, line, events | wanted(line));
        if (code == 0) {
            return 0;
        }
        line->watched = line->watched && !is_gone(code);
        if (!line->watched) {
            wake_all(line, is_gone(code) ? UV_EBADF : code);
        }
        if (code != UV_ENOENT) {
            return code;
        }
    }
    int code = runner__watch_add(poller, line, events);
    line->watched = code == 0;
    return code;
}

/* --- lines --- */

/* A descriptor that does not exist needs no room. */
static int make_room(runner__poller_t *poller, int fd)
{
    size_t room = poller->room > 0 ? poller->room * 2 : FIRST_ROOM;
    room = room > (size_t)fd ? room : (size_t)fd + 1;
    if (fcntl(fd, F_GETFD) == -1) {
        return UV_EBADF;
    }
    runner__line_t **lines = runner__realloc(poller->lines, room * sizeof(runner__line_t *));
    if (lines == NULL) {
        return RUNNER_ENOMEM;
    }
    for (size_t i = poller->room; i < room; i++) {
        lines[i] = NULL;
    }
    poller->lines = lines;
    poller->room = room;
    return 0;
}

static int line_of(runner__poller_t *poller, int fd, runner__line_t **out)
{
    int code = (size_t)fd < poller->room ? 0 : make_room(poller, fd);
    if (code == 0 && poller->lines[fd] == NULL) {
        runner__line_t *line = runner__calloc(1, sizeof *line);
        if (line == NULL) {
            return RUNNER_ENOMEM;
        }
        runner__list_init(&line->waits);
        line->fd = fd;
        poller->lines[fd] = line;
    }
    *out = code == 0 ? poller->lines[fd] : NULL;
    return code;
}

/* --- the poller --- */

static int open_poller(runner__tasks_t *tasks)
{
    runner__poller_t *poller = runner__calloc(1, sizeof *poller);
    if (poller == NULL) {
        return RUNNER_ENOMEM;
    }
    poller->loop = &tasks->home.loop;
    runner__pool_init(&poller->free, sizeof(poll_wait_t), WARM_WAITS);
    int code = runner__watch_open(poller);
    if (code != 0) {
        runner__free(poller);
        return code;
    }
    tasks->poller = poller;
    return 0;
}

void runner__poller_tidy(runner__tasks_t *tasks)
{
    if (tasks->poller != NULL) {
        runner__pool_trim(&tasks->poller->free);
    }
}

void runner__poller_rest(runner__tasks_t *tasks, bool rests)
{
    runner__poller_t *poller = tasks->poller;
    if (poller != NULL && poller->resting != rests) {
        poller->resting = rests;
        hold(poller);
    }
}

bool runner__poller_close(runner__tasks_t *tasks, bool pending, void (*closed)(void *arg),
                          void *arg)
{
    runner__poller_t *poller = tasks->poller;
    if (poller == NULL) {
        return false;
    }
    tasks->poller = NULL;
    bool closing = runner__watch_close(poller->watch, pending, closed, arg);
    for (size_t i = 0; i < poller->room; i++) {
        runner__free(poller->lines[i]);
    }
    runner__free(poller->lines);
    runner__pool_end(&poller->free);
    runner__free(poller);
    return closing;
}

/* --- waiting --- */

static int start_timer(runner_task_t *task, uint64_t timeout_ns)
{
    runner__loop_t *loop = &task->future.home->loop;
    if (timeout_ns == UINT64_MAX) {
        return 0;
    }
    return runner__loop_start_timer(loop, &task->timer, runner__loop_deadline(loop, timeout_ns));
}

/* With a timer, or without one if it fails. */
static int start(runner__poller_t *poller, runner__line_t *line, runner_task_t *task,
                 uint32_t events, uint64_t timeout_ns)
{
    int code = start_timer(task, timeout_ns);
    if (code != 0) {
        return code;
    }
    code = watch(poller, line, events);
    if (code != 0) {
        runner__timer_stop(&poller->loop->timers, &task->timer);
    }
    return code;
}

/* A wait that has begun and stands in its line; NULL with the reason in `code`. */
static poll_wait_t *begin(runner__poller_t *poller, runner_task_t *task, int fd, uint32_t events,
                          uint64_t timeout_ns, int *code)
{
    runner__line_t *line;
    *code = line_of(poller, fd, &line);
    if (*code != 0) {
        return NULL;
    }
    poll_wait_t *wait = runner__pool_take(&poller->free);
    if (wait == NULL) {
        *code = RUNNER_ENOMEM;
        return NULL;
    }
    *code = start(poller, line, task, events, timeout_ns);
    if (*code != 0) {
        runner__pool_give(&poller->free, wait);
        return NULL;
    }
    *wait = (poll_wait_t){.poller = poller, .line = line, .task = task, .events = events};
    join(wait);
    return wait;
}

static int park(poll_wait_t *wait)
{
    runner_task_t *task = wait->task;
    runner__list_init(&task->timer.entry.node);
    task->timer.entry.run = time_is_over;
    task->wait.ops = &runner__wait_for_descriptor;
    task->wait.on = wait;
    return runner__task_park(task);
}

/* The program may have closed the loop of a guest. */
static bool is_closed(const runner__loop_t *loop)
{
    return loop->guest && uv_is_closing((const uv_handle_t *)&loop->inbox.async);
}

static int wait_on(runner_task_t *task, int fd, uint32_t events, uint64_t timeout_ns,
                   uint32_t *revents, void **value)
{
    runner__tasks_t *tasks = runner__task_owner(task);
    if (is_closed(&tasks->home.loop)) {
        return RUNNER_ECLOSED;
    }
    int code = RUNNER__LIKELY(tasks->poller != NULL) ? 0 : open_poller(tasks);
    if (code != 0) {
        return code;
    }
    poll_wait_t *wait = begin(tasks->poller, task, fd, events, timeout_ns, &code);
    if (RUNNER__LIKELY(wait != NULL)) {
        wait->revents = revents;
        wait->value = value;
        return park(wait);
    }
    uint32_t always = events & (RUNNER_READABLE | RUNNER_WRITABLE);
    if (code == UV_EPERM && always != 0) {
        give(always, revents, value);
        return 0;
    }
    return code;
}

static int wait_for(int fd, uint32_t events, uint64_t timeout_ns, uint32_t *revents, void **value)
{
    int code = RUNNER_EINVAL;
    bool good = events != 0 && (events & ~(uint32_t)KNOWN_EVENTS) == 0;
    runner_task_t *task = good ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    if (fd < 0) {
        return UV_EBADF;
    }
    if (timeout_ns != 0) {
        return wait_on(task, fd, events, timeout_ns, revents, value);
    }
    uint32_t ready;
    code = look(fd, events, &ready);
    if (code == 0) {
        give(ready, revents, value);
    }
    return code;
}

int runner__poll_value(int fd, uint32_t events, uint64_t timeout_ns, void **value)
{
    return wait_for(fd, events, timeout_ns, NULL, value);
}

int runner_poll(int fd, uint32_t events, uint64_t timeout_ms, uint32_t *revents)
{
    bool endless = timeout_ms > UINT64_MAX / NS_PER_MS;
    return wait_for(fd, events, endless ? UINT64_MAX : timeout_ms * NS_PER_MS, revents, NULL);
}
