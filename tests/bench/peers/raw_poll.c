/* The floor of a wait for a descriptor: two pipes in a bare epoll set, watched for one event at a time. */
#include "raw.h"

#include <fcntl.h>
#include <sys/epoll.h>

static int pipes[2][2]; /* each its reading end, its writing end */

static void watch(int set, int op, int which)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
    event.data.u32 = (uint32_t)which;
    raw_check(epoll_ctl(set, op, pipes[which][0], &event), "epoll_ctl");
}

static void pass(int set, size_t n)
{
    struct epoll_event event;
    char byte;
    for (size_t i = 0; i < n; i++) {
        raw_check(epoll_wait(set, &event, 1, -1), "epoll_wait");
        int which = (int)event.data.u32;
        if (read(pipes[which][0], &byte, 1) != 1 || write(pipes[1 - which][1], &byte, 1) != 1) {
            perror("bench_raw: pipe");
            exit(1);
        }
        watch(set, EPOLL_CTL_MOD, which);
    }
}

static uint64_t polls(size_t n, void *arg)
{
    (void)arg;
    int set = epoll_create1(EPOLL_CLOEXEC);
    raw_check(set, "epoll_create1");
    for (int i = 0; i < 2; i++) {
        raw_check(pipe2(pipes[i], O_CLOEXEC), "pipe2");
        watch(set, EPOLL_CTL_ADD, i);
    }
    raw_check((int)write(pipes[0][1], "x", 1), "write");
    uint64_t start = bench_now();
    pass(set, n);
    uint64_t elapsed = bench_now() - start;
    for (int i = 0; i < 2; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    close(set);
    return elapsed;
}

void raw_polls(const struct bench *bench)
{
    bench_run(bench, "poll", bench_batch(bench, 200000), polls, NULL);
}
