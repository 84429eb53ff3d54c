/*
 * What the tests of descriptors share: pipes and sockets, and tasks that wait for them.
 *
 * A task logs its name and what it was told: "a r" is RUNNER_READABLE, "a -" that its time was over,
 * "a UV_EBADF" a code.
 */
#ifndef API_POLLS_H
#define API_POLLS_H

#include "scenes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define R RUNNER_READABLE
#define W RUNNER_WRITABLE
#define D RUNNER_DISCONNECT
#define P RUNNER_PRIORITIZED

/* --- descriptors ------------------------------------------------------------------------- */

/* A pipe has its reading end first; the ends of a pair of sockets are alike. */
static int ends[2] = {-1, -1};

static inline void open_pipe(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static inline void open_sockets(void)
{
    int kinds = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    ck_assert_int_eq(socketpair(AF_UNIX, kinds, 0, ends), 0);
}

static inline void close_end(int which)
{
    ck_assert_int_eq(close(ends[which]), 0);
    ends[which] = -1;
}

static inline void close_ends(void)
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close_end(i);
        }
    }
}

static inline void put(int fd)
{
    ck_assert_int_eq(write(fd, "x", 1), 1);
}

static inline void get(int fd)
{
    char c;
    ck_assert_int_eq(read(fd, &c, 1), 1);
}

/* Until there is no room any more. */
static inline void fill(int fd)
{
    static const char block[4096];
    while (write(fd, block, sizeof block) > 0) {}
    ck_assert_int_eq(errno, EAGAIN);
}

static inline void drain(int fd)
{
    char block[4096];
    while (read(fd, block, sizeof block) > 0) {}
    ck_assert_int_eq(errno, EAGAIN);
}

/* --- tasks that wait --------------------------------------------------------------------- */

enum { UNTOUCHED = 99 };

/* What a task of the cast waits for. */
typedef struct wish {
    int fd;
    uint32_t events;
    uint64_t timeout_ms;
    uint32_t revents;
} wish_t;

static wish_t wishes[CAST];

static inline wish_t *wish_of(const actor_t *actor)
{
    return &wishes[actor - cast];
}

static inline const char *events_text(uint32_t events)
{
    static char text[8];
    snprintf(text, sizeof text, "%s%s%s%s%s", events & R ? "r" : "", events & W ? "w" : "",
             events & D ? "d" : "", events & P ? "p" : "", events == 0 ? "-" : "");
    return text;
}

static inline int log_outcome(const actor_t *actor, int code)
{
    const wish_t *wish = wish_of(actor);
    if (code == 0) {
        ck_assert_uint_eq(wish->revents & ~wish->events, 0);
        log_add("%s %s", actor->name, events_text(wish->revents));
    } else {
        ck_assert_uint_eq(wish->revents, UNTOUCHED);
        log_add("%s %s", actor->name, code_name(code));
    }
    return code;
}

static inline int begin_wish(const actor_t *actor)
{
    wish_t *wish = wish_of(actor);
    wish->revents = UNTOUCHED;
    return runner_poll(wish->fd, wish->events, wish->timeout_ms, &wish->revents);
}

static inline int wish_on_stack(void *arg, void **result)
{
    (void)result;
    return log_outcome(arg, begin_wish(arg));
}

static inline int wish_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ == 0) {
        status = begin_wish(actor);
        if (status == RUNNER_EPARKED) {
            return status;
        }
    }
    return log_outcome(actor, status);
}

/* A task that waits once, and ends with what that brought. */
static inline void spawn_for(int who, int fd, uint32_t events, uint64_t timeout_ms)
{
    wishes[who] = (wish_t){.fd = fd, .events = events, .timeout_ms = timeout_ms};
    spawn_body(who, wish_on_stack, wish_in_steps);
}

static inline void spawn(int who, int fd, uint32_t events)
{
    spawn_for(who, fd, events, RUNNER_FOREVER);
}

/* A task that swallows every cancel, and waits again. */
static inline int insist_on_stack(void *arg, void **result)
{
    int code = RUNNER_ECANCELED;
    while (code == RUNNER_ECANCELED) {
        code = wish_on_stack(arg, result);
    }
    return code;
}

static inline int insist_in_steps(void *arg, int status, void **result)
{
    actor_t *actor = arg;
    (void)result;
    if (actor->begun++ > 0 && log_outcome(actor, status) != RUNNER_ECANCELED) {
        return status;
    }
    return begin_wish(actor);
}

static inline void spawn_insisting(int who, int fd, uint32_t events)
{
    wishes[who] = (wish_t){.fd = fd, .events = events, .timeout_ms = RUNNER_FOREVER};
    spawn_body(who, insist_on_stack, insist_in_steps);
}

/* Nothing else is left to do for anybody: the kernel was looked at, and who was woken has run. It
 * takes a millisecond of virtual time. */
static inline void settle(void)
{
    ck_assert_code(runner_sleep(1), 0);
}

/* In the running task, without a limit: the events. */
static inline uint32_t wait_now(int fd, uint32_t events)
{
    uint32_t revents = UNTOUCHED;
    ck_assert_code(runner_poll(fd, events, RUNNER_FOREVER, &revents), 0);
    return revents;
}

/* Plays a scene with the ends of a pipe, or of a pair of sockets. */
static inline void play_with_pipe(int kind_of_tasks, void (*scene)(void))
{
    kind = kind_of_tasks;
    open_pipe();
    play(scene);
    close_ends();
}

static inline void play_with_sockets(int kind_of_tasks, void (*scene)(void))
{
    kind = kind_of_tasks;
    open_sockets();
    play(scene);
    close_ends();
}

#endif
