/*
 * A host whose runner is a guest: it is woken, and takes its batches at once or when it likes. As
 * small as can be: its tasks are little state machines.
 */
#ifndef API_GUEST_HOSTS_H
#define API_GUEST_HOSTS_H

#include "guests.h"

enum { PLACES = 16, CMDS = 32 };

/* One step of a task: from how its wait ended to what it does next. */
typedef runner_host_cmd_t (*step_fn)(int state, int status, uint64_t value);

typedef struct hosted {
    uint64_t id;
    step_fn step;
    int state;
} hosted_t;

typedef struct host {
    runner_t *runner;
    hosted_t tasks[PLACES];
    runner_host_cmd_t cmds[CMDS];
    size_t count;
    runner_host_event_t events[8]; /* the runner's until the next take */
    size_t cap;                    /* events in one batch */
    int takes_later;               /* not inside of the wake function */
    uv_idle_t later;               /* when it does */
    int wakes;
    int over; /* how often the end was told */
    int code;
    uint64_t value;
} host_t;

static host_t host;

/* --- commands of a task ------------------------------------------------------------------ */

static inline void give_kept(void)
{
    ck_assert_code(runner_commands(host.runner, host.cmds, host.count), 0);
    host.count = 0;
}

/* Does something now, after what is kept; the task itself is not parked by it. */
static inline int now(uint64_t task, uint32_t op, uint64_t *id, int64_t *a, uint64_t *b)
{
    give_kept();
    return runner_command(host.runner, task, op, 0, id, a, b);
}

static inline void add_task(uint64_t id, step_fn step)
{
    hosted_t *task = host.tasks;
    while (task->id != 0) {
        task++;
    }
    ck_assert(task < host.tasks + PLACES);
    *task = (hosted_t){.id = id, .step = step};
}

static inline hosted_t *task_of(uint64_t id)
{
    for (hosted_t *task = host.tasks; task < host.tasks + PLACES; task++) {
        if (task->id == id) {
            return task;
        }
    }
    ck_abort_msg("an event for a task that nobody knows");
    return NULL;
}

static uint64_t running; /* the task that is resumed now */

static inline uint64_t spawn(step_fn step)
{
    uint64_t id = 0;
    ck_assert_code(now(running, RUNNER_HOST_SPAWN, &id, NULL, NULL), 0);
    add_task(id, step);
    return id;
}

static inline runner_host_cmd_t waits(uint32_t op, uint64_t id, int64_t a)
{
    return (runner_host_cmd_t){.op = op | RUNNER_HOST_SUSPENDED, .id = id, .a = a};
}

static inline runner_host_cmd_t ends(int status, uint64_t value)
{
    return (runner_host_cmd_t){
        .op = RUNNER_HOST_DONE, .status = status, .a = RUNNER_HOST_RELEASED, .b = value};
}

/* --- the driver -------------------------------------------------------------------------- */

static inline void resume(const runner_host_event_t *event)
{
    hosted_t *task = task_of(event->task);
    running = task->id;
    runner_host_cmd_t cmd = event->kind == RUNNER_HOST_START && event->status < 0
                                ? ends(event->status, 0)
                                : task->step(task->state++, event->status, event->value);
    running = 0;
    cmd.task = task->id;
    if (cmd.op == RUNNER_HOST_DONE) {
        task->id = 0;
    }
    ck_assert_uint_lt(host.count, CMDS);
    host.cmds[host.count++] = cmd;
    if (cmd.op == (RUNNER_HOST_AWAIT | RUNNER_HOST_SUSPENDED)) {
        give_kept(); /* it may hand a cancel on to a task behind it in the batch */
    }
}

static inline void handle(const runner_host_event_t *event)
{
    switch (event->kind) {
    case RUNNER_HOST_START:
    case RUNNER_HOST_RESUME:
        resume(event);
        break;
    case RUNNER_HOST_CALL:
        log_add("call %d", (int)event->value);
        break;
    case RUNNER_HOST_ENDED:
        task_of(event->task)->id = 0;
        break;
    case RUNNER_HOST_END:
        host.over++;
        host.value = event->value;
        break;
    default:
        break;
    }
}

static inline void take_later(void);

/* Takes until there is nothing more, or until the end was told; but gives the loop back after some
 * batches, and goes on then. */
static inline void take(void)
{
    size_t n_events = 1;
    int over = host.over;
    for (int i = 0; i < 16 && n_events > 0 && host.over == over; i++) {
        ck_assert_code(
            runner_take(host.runner, host.cmds, host.count, host.events, host.cap, &n_events), 0);
        host.count = 0;
        ck_assert_uint_le(n_events, host.cap);
        for (size_t k = 0; k < n_events; k++) {
            handle(&host.events[k]);
        }
    }
    if (host.over > over) {
        host.code = runner_end(host.runner);
        log_add("ended %s", code_name(host.code));
    } else if (n_events > 0) {
        take_later();
    }
}

static inline void take_in_idle(uv_idle_t *idle)
{
    uv_idle_stop(idle);
    take();
}

static inline void take_later(void)
{
    ck_assert_int_eq(uv_idle_start(&host.later, take_in_idle), 0);
}

static inline void on_wake(runner_t *self, void *arg)
{
    ck_assert_ptr_eq(self, host.runner);
    uv_thread_t thread = uv_thread_self();
    ck_assert_ptr_eq(arg, &host);
    ck_assert_int_ne(uv_thread_equal(&thread, &program_thread), 0);
    ck_assert_ptr_null(runner_current());
    host.wakes++;
    if (host.takes_later) {
        take_later();
    } else {
        take();
    }
}

static inline void host_init(runner_wake_fn wake)
{
    runner_options_t opts = guest_options();
    host = (host_t){.cap = 8};
    host.runner = test_runner_with(&opts);
    ck_assert_code(runner_attach(host.runner, &program, wake, &host), 0);
    ck_assert_int_eq(uv_idle_init(&program, &host.later), 0);
}

static inline void host_begin(step_fn step)
{
    uint64_t id = 0;
    int wakes = host.wakes;
    ck_assert_code(runner_begin(host.runner, 0, &id), 0);
    ck_assert_int_eq(host.wakes, wakes); /* from the loop, and not from here */
    host.over = 0;
    add_task(id, step);
}

static inline void host_run(step_fn step)
{
    host_begin(step);
    program_run();
    ck_assert_int_eq(host.over, 1);
}

static inline void host_end(void)
{
    host.over = 0;
    ck_assert_code(runner_begin_close(host.runner), 0);
    program_run();
    ck_assert_int_eq(host.over, 1);
    ck_assert_code(host.code, 0);
    ck_assert_int_eq(runner_is_closed(host.runner), 1);
    runner_free(host.runner);
    uv_close((uv_handle_t *)&host.later, NULL);
    program_close();
}

/* --- tasks that several tests have ------------------------------------------------------- */

static inline runner_host_cmd_t return_at_once(int state, int status, uint64_t value)
{
    (void)value;
    log_add("m%d %s", state, code_name(status));
    return ends(0, 7);
}

static inline runner_host_cmd_t sleep_short(int state, int status, uint64_t value)
{
    (void)value;
    return state == 0 ? waits(RUNNER_HOST_SLEEP, 0, 3000000) : ends(status, 0);
}

/* A wake function that does not take. */
static inline void forget_wake(runner_t *self, void *arg)
{
    (void)self;
    (void)arg;
    host.wakes++;
}

#endif
