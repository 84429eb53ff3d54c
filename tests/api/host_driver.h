/*
 * The driver of the host in host.h: begins runs and closes, takes steps, resumes tasks. Between two
 * steps nothing of the library is in the thread.
 */
#ifndef API_HOST_DRIVER_H
#define API_HOST_DRIVER_H

#include "host.h"

/* Steps one after the other that bring nothing and ask to be taken again. */
enum { HOST_IDLE_STEPS = 100000 };

/* --- tasks ------------------------------------------------------------------------------- */

static inline void host_done(host_task_t *t, int code)
{
    host_t *host = t->host;
    runner_host_cmd_t cmd = {
        .task = t->id, .op = RUNNER_HOST_DONE, .status = code, .a = t->done_flags, .b = t->result};
    t->phase = HOST_OVER;
    t->outcome = code;
    if (t->done_flags & RUNNER_HOST_RELEASED)
        host_disown(host, t->id);
    if (host->way.keeps && (t->done_flags & RUNNER_HOST_ABORTS) == 0)
        host_keep(host, &cmd);
    else
        ck_assert_code(host_do_now(t, &cmd), 0);
}

static inline void host_resume(host_task_t *t, int status, uint64_t value)
{
    t->phase = HOST_RUNS;
    t->status = status;
    t->value = value;
    int code = t->body(t);
    if (code == RUNNER_EPARKED)
        t->phase = HOST_PARKED;
    else
        host_done(t, code);
}

/* --- events ------------------------------------------------------------------------------ */

/* The first event of a task. One that the library made for a closable is new to the host. A task
 * that was cancelled before its turn may also be told as RUNNER_HOST_ENDED: the log reads the same. */
static inline void host_on_start(host_t *host, const runner_host_event_t *event)
{
    host_task_t *t = NULL;
    if (event->value != 0) {
        host_value_t *closable = host_value_of(host, event->value);
        ck_assert_int_eq(closable->kind, VALUE_CLOSABLE);
        closable->came++;
        t = host_learn(host, event->task, closable->fn, closable->name);
    } else {
        t = host_task(host, event->task);
    }
    ck_assert_int_eq(t->phase, HOST_NEW);
    if (event->status != 0) {
        ck_assert_code(event->status, RUNNER_ECANCELED);
        say(t, "ended %s", code_name(event->status));
        host_done(t, event->status);
        return;
    }
    host_resume(t, 0, 0);
}

static inline void host_on_call(host_t *host, const runner_host_event_t *event)
{
    host_value_t *call = host_value_of(host, event->value);
    ck_assert_int_eq(call->kind, VALUE_CALL);
    ck_assert_code(event->status, 0);
    call->came++;
    host->nobody.name = call->name;
    host->nobody.value = event->value;
    if (call->fn != NULL)
        call->fn(&host->nobody);
    else
        say(&host->nobody, "called");
    host->nobody.name = "nobody";
}

static inline void host_on_drop(host_t *host, const runner_host_event_t *event)
{
    ck_assert_code(event->status, 0);
    ck_assert(event->task != 0 || event->value != 0);
    if (event->task != 0)
        host_forget(host, event->task);
    if (event->value != 0) {
        host_value_t *value = host_value_of(host, event->value);
        value->dropped++;
        if (value->name[0] == '!') /* a value whose drop the log shows */
            log_add("drop %s", value->name + 1);
    }
}

static inline void host_on_ended(host_t *host, const runner_host_event_t *event)
{
    host_task_t *t = host_task(host, event->task);
    ck_assert_int_ne(t->phase, HOST_OVER);
    ck_assert(event->status == RUNNER_ECANCELED ? t->phase == HOST_NEW
                                                : event->status == RUNNER_EABANDONED);
    t->phase = HOST_OVER;
    t->outcome = event->status;
    say(t, "ended %s", code_name(event->status));
}

static inline void host_on_exception(host_t *host, const runner_host_event_t *event)
{
    runner_host_exception_t exception = {.size = sizeof exception};
    ck_assert_code(runner_host_exception(host->runner, &exception), 0);
    ck_assert_int_lt(host->n_errors, HOST_ERRORS);
    ck_assert_uint_eq(exception.task, event->task);
    ck_assert_code(exception.code, event->status);
    ck_assert_ptr_nonnull(exception.message);
    host_error_t *error = &host->errors[host->n_errors++];
    *error = (host_error_t){.task = exception.task,
                            .value = exception.value,
                            .duration_ns = exception.duration_ns,
                            .code = exception.code};
    snprintf(error->message, sizeof error->message, "%s", exception.message);
    snprintf(error->name, sizeof error->name, "%s", exception.name ? exception.name : "");
    snprintf(error->site, sizeof error->site, "%s", exception.site ? exception.site : "");
}

static inline void host_on_end(host_t *host, const runner_host_event_t *event)
{
    host->over = 1;
    host->code = event->status;
    host->result = event->value;
    ck_assert_uint_eq(event->task, host->main != NULL ? host->main->id : 0);
}

/* Handle an event where it stands: it may have changed since the step. */
static inline void host_handle(host_t *host, const runner_host_event_t *event)
{
    ck_assert(!host->over);
    if (host->watch != NULL)
        host->watch(host, event);
    switch (event->kind) {
    case RUNNER_HOST_NONE: /* only one behind others is taken back */
        ck_assert_uint_gt(host->n_events, 1);
        break;
    case RUNNER_HOST_START:
        host_on_start(host, event);
        break;
    case RUNNER_HOST_RESUME: {
        host_task_t *t = host_task(host, event->task);
        ck_assert_msg(t->phase == HOST_PARKED, "%s is resumed in phase %d", t->name, t->phase);
        host_resume(t, event->status, event->value);
        break;
    }
    case RUNNER_HOST_CALL:
        host_on_call(host, event);
        break;
    case RUNNER_HOST_ENDED:
        host_on_ended(host, event);
        break;
    case RUNNER_HOST_DROP:
        host_on_drop(host, event);
        break;
    case RUNNER_HOST_EXCEPTION:
        host_on_exception(host, event);
        break;
    case RUNNER_HOST_END:
        host_on_end(host, event);
        break;
    default:
        ck_abort_msg("there is no kind of event %d", event->kind);
    }
}

/* --- steps ------------------------------------------------------------------------------- */

/* What holds of every batch: a callback has no tasks beside it, nothing comes behind the end. */
static inline void host_check_batch(const host_t *host)
{
    int calls = 0;
    int tasks = 0;
    for (size_t i = 0; i < host->n_events; i++) {
        int kind = host->events[i].kind;
        calls += kind == RUNNER_HOST_CALL;
        tasks += kind == RUNNER_HOST_START || kind == RUNNER_HOST_RESUME;
        ck_assert(kind != RUNNER_HOST_END || i + 1 == host->n_events);
    }
    ck_assert(calls == 0 || (calls == 1 && tasks == 0));
}

/* A step, without what is to be done. The events before it are the library's until it returns. */
static inline void host_take(host_t *host)
{
    size_t n_events = SIZE_MAX;
    int64_t wait_ns = -1;
    runner_host_event_t *before = host->events;
    host->events = host->arrays[before == host->arrays[0]];
    memset(host->events, 0xff, sizeof host->arrays[0]);
    ck_assert_code(runner_step(host->runner, host->n_kept > 0 ? host->kept : NULL, host->n_kept,
                               host->events, host->way.cap, &n_events, &wait_ns),
                   0);
    host_check_kept(host);
    memset(before, 0xff, sizeof host->arrays[0]);
    ck_assert_uint_le(n_events, host->way.cap);
    ck_assert_int_ge(wait_ns, 0);
    host->n_events = n_events;
    host->wait_ns = wait_ns;
    host_check_batch(host);
}

static inline void host_work(host_t *host)
{
    for (size_t i = 0; i < host->n_events; i++)
        host_handle(host, &host->events[i]);
}

/* Wait on the descriptor, as the step has said. */
static inline void host_wait(host_t *host)
{
    int fd = -1;
    const uint64_t limit = scaled_ms(10000);
    int64_t ms = host->wait_ns / 1000000 + 1;
    ck_assert_code(runner_backend_fd(host->runner, &fd), 0);
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    int ready = poll(&pollfd, 1, (uint64_t)ms < limit ? (int)ms : (int)limit);
    ck_assert_msg(ready > 0 || (uint64_t)ms < limit, "nothing comes");
}

/* A step, and what it says. */
static inline void host_step(host_t *host)
{
    host_take(host);
    host->idle_steps = host->n_events == 0 && host->wait_ns == 0 ? host->idle_steps + 1 : 0;
    ck_assert_msg(host->idle_steps < HOST_IDLE_STEPS, "steps bring nothing");
    host_work(host);
    if (host->n_events == 0 && host->wait_ns != 0)
        host_wait(host);
}

/* --- runs -------------------------------------------------------------------------------- */

/* Options of a host's runner: nobody is told of an error but by RUNNER_HOST_EXCEPTION. */
static inline runner_options_t host_options(void)
{
    runner_options_t opts = test_options();
    opts.exception_handler = NULL;
    return opts;
}

static inline host_t *host_new_with(int way, const runner_options_t *opts)
{
    host_t *host = calloc(1, sizeof *host);
    ck_assert_ptr_nonnull(host);
    host->runner = test_runner_with(opts);
    host->way = host_ways[way];
    host->events = host->arrays[0];
    host->nobody = (host_task_t){.host = host, .name = "nobody"};
    return host;
}

static inline host_t *host_new(int way)
{
    runner_options_t opts = host_options();
    return host_new_with(way, &opts);
}

static inline void host_begin_in(host_t *host, uint64_t context, host_fn body)
{
    uint64_t id = 0;
    ck_assert_code(runner_begin(host->runner, context, &id), 0);
    host->main = host_learn(host, id, body, "main");
    host_own(host, id);
    host->over = 0;
}

static inline void host_begin(host_t *host, host_fn body)
{
    host_begin_in(host, 0, body);
}

/* Step until the end is told, and end. The code. */
static inline int host_drive(host_t *host)
{
    while (!host->over)
        host_step(host);
    int told = host->code;
    host_flush(host); /* what was done last belongs to this run */
    int code = runner_end(host->runner);
    ck_assert_code(told, code);
    host->main = NULL;
    return code;
}

static inline int host_run(host_t *host, host_fn body)
{
    host_begin(host, body);
    return host_drive(host);
}

static inline void host_release_all(host_t *host)
{
    while (host->n_made > 0)
        host_release(&host->nobody, host->made[host->n_made - 1]);
    host_flush(host);
}

/* Release what is left, and close. The code. */
static inline int host_close(host_t *host)
{
    host_release_all(host);
    ck_assert_code(runner_begin_close(host->runner), 0);
    host->over = 0;
    return host_drive(host);
}

/* The runner is closed: no id is left, and every value has come to its end. */
static inline void host_check_end(host_t *host)
{
    ck_assert_int_eq(runner_is_closed(host->runner), 1);
    ck_assert_uint_eq(runner_host_count(host->runner), 0);
    for (const host_task_t *t = host->all; t != NULL; t = t->next)
        ck_assert_msg(t->dropped, "%s was never dropped", t->name);
    host_check_values(host);
}

/* Free what is left, closed or not. */
static inline void host_discard(host_t *host)
{
    runner_free(host->runner);
    while (host->all != NULL) {
        host_task_t *t = host->all;
        host->all = t->next;
        free(t);
    }
    free(host->tasks);
    free(host);
}

static inline void host_free(host_t *host)
{
    host_check_end(host);
    host_discard(host);
}

/* Play a scene on a runner of its own; it ends with this code, and nothing is left to report. */
static inline void host_play(int way, host_fn body, int expected)
{
    host_t *host = host_new(way);
    ck_assert_code(host_run(host, body), expected);
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}

#define add_for_each_way(tcase, test) tcase_add_loop_test(tcase, test, 0, WAYS)

#endif
