/* What a binding is at its core: a program that turns a runner step by step, with tasks of its own.
 *
 * A task here is a small state machine; in a language it is a coroutine or a fiber. The runner
 * knows it by a number and never calls it. The program waits with poll(2), for the runner and for a
 * pipe of its own. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <runner.h>
#include <stdio.h>
#include <unistd.h>

#define MS INT64_C(1000000)

enum { TASKS = 8, EVENTS = 4 };

struct host;
struct task;

/* One step of a task, from the end of a wait to what it does next: another wait, or its end. */
typedef runner_host_cmd_t (*step_fn)(struct host *host, struct task *task, int status,
                                     uint64_t value);

struct task {
    uint64_t id; /* 0: the place is free */
    step_fn step;
    int state;
    int64_t at_end; /* RUNNER_HOST_RELEASED, if nobody but the task itself uses its id */
};

struct host {
    runner_t *runner;
    struct task tasks[TASKS]; /* a binding has a table, and the lower half of an id as its index */
    runner_host_cmd_t cmds[EVENTS]; /* for the next step: each event adds one at most */
    size_t n_cmds;
    int pipe[2];
    uint64_t received; /* a future for what the pipe brings */
    uint64_t sleeper;
};

/* ---- commands --------------------------------------------------------------------------------- */

/* Gives what was kept: all has to happen in the order of the tasks. */
static void give_kept(struct host *host)
{
    if (host->n_cmds > 0) {
        runner_commands(host->runner, host->cmds, host->n_cmds);
        host->n_cmds = 0;
    }
}

static int now(struct host *host, uint64_t task, uint32_t op, uint64_t *id, int64_t *a, uint64_t *b)
{
    give_kept(host);
    return runner_command(host->runner, task, op, 0, id, a, b);
}

static struct task *place_of(struct host *host, uint64_t id)
{
    struct task *task = host->tasks;
    while (task < host->tasks + TASKS && task->id != id) {
        task++;
    }
    return task < host->tasks + TASKS ? task : NULL;
}

/* `id`: NULL if nobody wants to know it. */
static int spawn(struct host *host, const struct task *self, step_fn step, uint64_t *id)
{
    struct task *task = place_of(host, 0);
    uint64_t made = 0;
    int code = RUNNER_ENOMEM;
    if (task != NULL) {
        code = now(host, self->id, RUNNER_HOST_SPAWN, &made, NULL, NULL);
    }
    if (code == 0) {
        *task = (struct task){
            .id = made, .step = step, .at_end = id == NULL ? RUNNER_HOST_RELEASED : 0};
    }
    if (code == 0 && id != NULL) {
        *id = made;
    }
    return code;
}

static runner_host_cmd_t sleeps(int64_t ms)
{
    return (runner_host_cmd_t){.op = RUNNER_HOST_SLEEP, .a = ms * MS};
}

static runner_host_cmd_t awaits(uint64_t id)
{
    return (runner_host_cmd_t){.op = RUNNER_HOST_AWAIT, .id = id};
}

static runner_host_cmd_t ends(int status, uint64_t value)
{
    return (runner_host_cmd_t){.op = RUNNER_HOST_DONE, .status = status, .b = value};
}

/* ---- tasks ------------------------------------------------------------------------------------ */

static runner_host_cmd_t writer(struct host *host, struct task *task, int status, uint64_t value)
{
    (void)value;
    if (task->state++ == 0) {
        printf("writer: sleeps\n");
        return sleeps(20);
    }
    if (status == 0) {
        printf("writer: writes into the pipe\n");
        status = write(host->pipe[1], "*", 1) == 1 ? 0 : RUNNER_EUSER;
    }
    return ends(status, 0);
}

static runner_host_cmd_t sleeper(struct host *host, struct task *task, int status, uint64_t value)
{
    (void)host;
    (void)value;
    switch (task->state++) {
    case 0:
        printf("sleeper: sleeps\n");
        return sleeps(3600000);
    case 1:
        printf("sleeper: %s; it cleans up, which takes a while\n", runner_strerror(status));
        return sleeps(5);
    default:
        printf("sleeper: ends\n");
        return ends(RUNNER_ECANCELED, 0);
    }
}

static runner_host_cmd_t begin(struct host *host, struct task *task)
{
    int code = now(host, task->id, RUNNER_HOST_FUTURE_NEW, &host->received, NULL, NULL);
    if (code == 0) {
        code = spawn(host, task, writer, NULL);
    }
    if (code == 0) {
        code = spawn(host, task, sleeper, &host->sleeper);
    }
    printf("main: waits for the pipe\n");
    return code == 0 ? awaits(host->received) : ends(code, 0);
}

static runner_host_cmd_t main_task(struct host *host, struct task *task, int status, uint64_t value)
{
    switch (task->state++) {
    case 0:
        return begin(host, task);
    case 1:
        if (status < 0) {
            break;
        }
        printf("main: %" PRIu64 " came out of it; cancels the sleeper\n", value);
        now(host, task->id, RUNNER_HOST_CANCEL, &host->sleeper, NULL, NULL);
        return awaits(host->sleeper);
    default:
        printf("main: of the sleeper: %s\n", runner_strerror(status));
        now(host, task->id, RUNNER_HOST_RELEASE, &host->sleeper, NULL, NULL);
        now(host, task->id, RUNNER_HOST_RELEASE, &host->received, NULL, NULL);
        status = status == RUNNER_ECANCELED ? 0 : status;
    }
    return ends(status, 7);
}

/* ---- the driver ------------------------------------------------------------------------------- */

/* Resumes a task. What it does next is kept for the next step if it concerns that task only. An
 * await does not: it may hand a cancel on to a task that stands behind this one in the batch. */
static void resume(struct host *host, struct task *task, const runner_host_event_t *event)
{
    uint64_t id = task->id;
    runner_host_cmd_t cmd;
    if (event->kind == RUNNER_HOST_START && event->status < 0) {
        cmd = ends(event->status, 0); /* cancelled before it could begin */
    } else {
        cmd = task->step(host, task, event->status, event->value);
    }
    int keeps = cmd.op != RUNNER_HOST_AWAIT;
    cmd.task = id;
    if (cmd.op == RUNNER_HOST_DONE) {
        cmd.a = task->at_end;
        task->id = 0;
    } else {
        cmd.op |= RUNNER_HOST_SUSPENDED;
    }
    host->cmds[host->n_cmds++] = cmd;
    if (!keeps) {
        give_kept(host);
    }
}

static void tell_exception(struct host *host)
{
    runner_host_exception_t exception = {.size = sizeof exception};
    if (runner_host_exception(host->runner, &exception) == 0) {
        fprintf(stderr, "host: %s: %s\n", exception.message, runner_strerror(exception.code));
    }
}

/* Returns 1 if this was the last event. The event is read only now: a task that was resumed before,
 * of the same batch, may have cancelled this one, and so changed it. */
static int handle(struct host *host, const runner_host_event_t *event)
{
    switch (event->kind) {
    case RUNNER_HOST_START:
    case RUNNER_HOST_RESUME:
        resume(host, place_of(host, event->task), event);
        break;
    case RUNNER_HOST_ENDED: /* given up at shutdown: it is forgotten where it stands */
        place_of(host, event->task)->id = 0;
        break;
    case RUNNER_HOST_EXCEPTION:
        tell_exception(host);
        break;
    case RUNNER_HOST_END:
        if (event->value != 0) {
            printf("the value of main is %" PRIu64 "\n", event->value);
        }
        return 1;
    default: /* RUNNER_HOST_NONE, and what has no use here */
        break;
    }
    return 0;
}

static void wait_for_something(struct host *host, int runner_fd, int64_t wait_ns)
{
    struct pollfd fds[2] = {{.fd = runner_fd, .events = POLLIN},
                            {.fd = host->pipe[0], .events = POLLIN}};
    int64_t wait_ms = wait_ns / MS + (wait_ns % MS != 0); /* rounded up, as poll counts */
    int most = wait_ns == RUNNER_HOST_FOREVER ? -1 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
    poll(fds, 2, most);
    unsigned char byte;
    if ((fds[1].revents & POLLIN) != 0 && read(host->pipe[0], &byte, 1) == 1) {
        uint64_t value = byte;
        now(host, 0, RUNNER_HOST_RESOLVE, &host->received, NULL, &value);
    }
}

/* Turns the runner until the run or the close that has begun is over. */
static int drive(struct host *host)
{
    runner_host_event_t events[EVENTS]; /* the runner's until the next step */
    size_t n_events;
    int64_t wait_ns;
    int runner_fd;
    int over = 0;
    int code = runner_backend_fd(host->runner, &runner_fd);
    while (code == 0 && !over) {
        code = runner_step(host->runner, host->cmds, host->n_cmds, events, EVENTS, &n_events,
                           &wait_ns);
        host->n_cmds = 0;
        for (size_t i = 0; code == 0 && i < n_events; i++) {
            over |= handle(host, &events[i]);
        }
        if (code == 0 && n_events == 0 && wait_ns != 0) {
            wait_for_something(host, runner_fd, wait_ns);
        }
    }
    int ended = runner_end(host->runner);
    return code < 0 ? code : ended;
}

static int run(struct host *host)
{
    uint64_t id = 0;
    int code = runner_begin(host->runner, 0, &id);
    if (code == 0) {
        host->tasks[0] = (struct task){.id = id, .step = main_task, .at_end = RUNNER_HOST_RELEASED};
        code = drive(host);
        printf("the run has ended: %s\n", code == 0 ? "well" : runner_strerror(code));
    }
    int closed = runner_begin_close(host->runner);
    closed = closed == 0 ? drive(host) : closed;
    printf("closed: %d; ids in use: %d\n", closed, (int)runner_host_count(host->runner));
    return code < 0 ? code : closed;
}

int main(void)
{
    static struct host host;
    int code = pipe(host.pipe) == 0 ? runner_new(&host.runner, NULL) : RUNNER_EUSER;
    if (code == 0) {
        code = run(&host);
    }
    runner_free(host.runner);
    if (code < 0) {
        fprintf(stderr, "host: %s\n", runner_strerror(code));
    }
    return runner_exit_status(code);
}
