/* server COMMAND...: serves while COMMAND runs, and ends with its status.
 *
 * On 127.0.0.1, one loop for all: what connects to port BENCH_ECHO gets back what it sends; what
 * connects to port BENCH_HTTP gets one answer to one request. COMMAND finds both ports in its
 * environment. All messages are small, so a write is never waited for. */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 256, BACKLOG = 4096, REQUEST_BYTES = 8 * 1024 };

enum kind { ECHO_LISTENER, HTTP_LISTENER, ECHO, HTTP };

static const char answer[] = "HTTP/1.1 200 OK\r\n"
                             "Content-Type: text/plain\r\n"
                             "Content-Length: 12\r\n"
                             "Connection: close\r\n"
                             "\r\n"
                             "hello world\n";

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(int epoll, int fd, enum kind kind)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void listen_at(int epoll, enum kind kind, const char *variable)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    char port[16];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        die("listen");
    }
    watch(epoll, fd, kind);
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    setenv(variable, port, 1);
}

static void accept_all(int epoll, int listener, enum kind kind)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        watch(epoll, fd, kind);
    }
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        die("accept");
    }
}

/* Closing the descriptor ends its watch as well. */
static void echo(int fd)
{
    char block[REQUEST_BYTES];
    ssize_t length = read(fd, block, sizeof block);
    if (length < 0 && errno == EAGAIN) {
        return;
    }
    if (length <= 0 || write(fd, block, (size_t)length) != length) {
        close(fd);
    }
}

/* Peeks until the request is whole: then there is nothing to keep for a connection. */
static void serve_http(int fd)
{
    char request[REQUEST_BYTES];
    ssize_t length = recv(fd, request, sizeof request, MSG_PEEK);
    if (length < 0 && errno == EAGAIN) {
        return;
    }
    if (length > 0 && length < (ssize_t)sizeof request &&
        memmem(request, (size_t)length, "\r\n\r\n", 4) == NULL) {
        return;
    }
    if (length > 0 && read(fd, request, (size_t)length) == length &&
        write(fd, answer, sizeof answer - 1) == sizeof answer - 1) {
        shutdown(fd, SHUT_WR);
    }
    close(fd);
}

static void serve(int epoll, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    switch ((enum kind)(event->data.u64 >> 32)) {
    case ECHO_LISTENER:
        accept_all(epoll, fd, ECHO);
        break;
    case HTTP_LISTENER:
        accept_all(epoll, fd, HTTP);
        break;
    case ECHO:
        echo(fd);
        break;
    case HTTP:
        serve_http(fd);
        break;
    }
}

static pid_t start(char **command, const sigset_t *mask)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        die("fork");
    }
    if (child == 0) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            execvp(command[0], command);
            perror(command[0]);
        }
        _exit(127);
    }
    return child;
}

static void ignore(int number)
{
    (void)number; /* it only has to interrupt the wait */
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: server COMMAND...\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int epoll = epoll_create1(EPOLL_CLOEXEC);
    listen_at(epoll, ECHO_LISTENER, "BENCH_ECHO");
    listen_at(epoll, HTTP_LISTENER, "BENCH_HTTP");

    /* SIGCHLD comes only during the wait, so none is missed. */
    sigset_t children;
    sigset_t mask;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, &mask);
    signal(SIGCHLD, ignore);
    signal(SIGPIPE, SIG_IGN);
    pid_t child = start(argv + 1, &mask);

    for (;;) {
        struct epoll_event events[BATCH];
        int count = epoll_pwait(epoll, events, BATCH, -1, &mask);
        for (int i = 0; i < count; i++) {
            serve(epoll, &events[i]);
        }
        int status;
        if (count < 0 && waitpid(child, &status, WNOHANG) == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
}
