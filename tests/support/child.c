/* Child processes with a hard time limit; see check_support.h. */
#include "check_support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_main(child_fn fn, void *arg, pid_t parent, int out, int err)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(CHILD_FAILED);
    }
    static const int defaults[] = {SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE};
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        signal(defaults[i], SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    static char buffer[BUFSIZ]; /* Check has written to stdout: without one the mode stays */
    setvbuf(stdout, buffer, _IOLBF, sizeof buffer);
    exit(fn(arg));
}

void child_start(child_t *child, child_fn fn, void *arg, uint64_t timeout_ms)
{
    memset(child, 0, sizeof *child);
    int out[2];
    int err[2];
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    child->deadline_ns = monotonic_ns() + scaled_ms(timeout_ms) * 1000000u;
    /* What is still buffered must not be written by both processes. */
    fflush(NULL);
    pid_t parent = getpid();
    child->pid = fork();
    ck_assert_int_ge(child->pid, 0);
    if (child->pid == 0) {
        close(out[0]);
        close(err[0]);
        child_main(fn, arg, parent, out[1], err[1]);
    }
    close(out[1]);
    close(err[1]);
    child->out_fd = out[0];
    child->err_fd = err[0];
}

/* Read what there is; close the pipe at its end. What does not fit is thrown away. */
static void read_some(int *fd, char *text, size_t size, size_t *len)
{
    char waste[512];
    size_t room = size - 1 - *len;
    ssize_t n = room > 0 ? read(*fd, text + *len, room) : read(*fd, waste, sizeof waste);
    if (n > 0) {
        if (room > 0) {
            *len += (size_t)n;
            text[*len] = '\0';
        }
    } else if (n == 0 || errno != EINTR) {
        close(*fd);
        *fd = -1;
    }
}

/* Wait for output or for the end of both pipes. 0: both are closed, or the time is over. */
static int read_output(child_t *child)
{
    if (child->out_fd < 0 && child->err_fd < 0) {
        return 0;
    }
    uint64_t now = monotonic_ns();
    if (now >= child->deadline_ns) {
        return 0;
    }
    struct pollfd fds[2] = {{child->out_fd, POLLIN, 0}, {child->err_fd, POLLIN, 0}};
    int n = poll(fds, 2, (int)((child->deadline_ns - now) / 1000000u) + 1);
    if (n > 0 && fds[0].revents != 0) {
        read_some(&child->out_fd, child->out, sizeof child->out, &child->out_len);
    }
    if (n > 0 && fds[1].revents != 0) {
        read_some(&child->err_fd, child->err, sizeof child->err, &child->err_len);
    }
    return 1;
}

int child_await_output(child_t *child, const char *text)
{
    while (strstr(child->out, text) == NULL) {
        if (!read_output(child)) {
            return 0;
        }
    }
    return 1;
}

void child_signal(child_t *child, int signal_number)
{
    ck_assert_int_eq(kill(child->pid, signal_number), 0);
}

void child_finish(child_t *child)
{
    pid_t ended = 0;
    while (read_output(child)) {
        ;
    }
    while ((ended = waitpid(child->pid, &child->status, WNOHANG)) == 0 &&
           monotonic_ns() < child->deadline_ns) {
        poll(NULL, 0, 1);
    }
    if (ended == 0) {
        child->timed_out = 1;
        kill(child->pid, SIGKILL);
        waitpid(child->pid, &child->status, 0);
    }
    if (child->out_fd >= 0) {
        close(child->out_fd);
    }
    if (child->err_fd >= 0) {
        close(child->err_fd);
    }
    child->out_fd = child->err_fd = -1;
}

void child_run(child_t *child, child_fn fn, void *arg, uint64_t timeout_ms)
{
    child_start(child, fn, arg, timeout_ms);
    child_finish(child);
}

void child_fail(const char *file, int line, const char *expr)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, expr);
    fflush(NULL);
    _exit(CHILD_FAILED);
}

void child_fail_code(const char *file, int line, const char *expr, int is, int want)
{
    fprintf(stderr, "%s:%d: %s is %s (%d), not %s (%d)\n", file, line, expr, code_name(is), is,
            code_name(want), want);
    fflush(NULL);
    _exit(CHILD_FAILED);
}

int child_exited(const child_t *child, int expected)
{
    return !child->timed_out && WIFEXITED(child->status) && WEXITSTATUS(child->status) == expected;
}

int child_signaled(const child_t *child, int expected)
{
    return !child->timed_out && WIFSIGNALED(child->status) && WTERMSIG(child->status) == expected;
}

const char *child_text(const child_t *child)
{
    static char text[sizeof child->out + sizeof child->err + 256];
    char how[64];
    if (child->timed_out) {
        snprintf(how, sizeof how, "was killed when its time was over");
    } else if (WIFSIGNALED(child->status)) {
        snprintf(how, sizeof how, "died by signal %d", WTERMSIG(child->status));
    } else {
        snprintf(how, sizeof how, "exited with %d", WEXITSTATUS(child->status));
    }
    snprintf(text, sizeof text, "the child %s; stdout: \"%s\"; stderr: \"%s\"", how, child->out,
             child->err);
    return text;
}
