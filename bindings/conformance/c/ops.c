/* The operations, but for those that have a body around which something happens. */
#include "body.h"

#include <inttypes.h>

body_t *body_new(world_t *world, path_t *path, const ops_t *ops)
{
    body_t *body = arena_alloc(world->arena, sizeof *body);
    body->world = world;
    body->path = path;
    body->ops = ops;
    return body;
}

/* --- endings --- */

ending_t ended_normally(void)
{
    return (ending_t){.kind = ENDED_NORMALLY};
}

static ending_t ended_with(int64_t value)
{
    return (ending_t){.kind = ENDED_RETURN, .value = value};
}

/* What asyncio refuses with RuntimeError. */
static bool is_runtime_error(int code)
{
    return code == RUNNER_ESELF || code == RUNNER_EABORTING || code == RUNNER_EFINISHED;
}

ending_t ended_by(world_t *world, int code, runner_error_group_t *errors)
{
    if (code == 0) {
        return ended_normally();
    }
    if (errors != NULL) {
        world_keep(world, KEPT_ERRORS, runner_error_group_ref(errors));
    }
    if (is_runtime_error(code)) {
        code = code_of_error(ERROR_RUNTIME_ERROR);
    }
    return (ending_t){.kind = ENDED_ERROR, .code = code, .errors = errors};
}

static ending_t failed(world_t *world, int error)
{
    return ended_by(world, code_of_error(error), NULL);
}

/* Of an operation that does nothing but for a name that is not bound. */
static ending_t done(world_t *world, bool bound)
{
    return bound ? ended_normally() : failed(world, ERROR_NAME_ERROR);
}

int code_of_ending(const ending_t *ending)
{
    if (ending->kind != ENDED_ERROR) {
        return 0;
    }
    if (ending->code == RUNNER_EGROUP && ending->errors != NULL) {
        return runner_error_group_raise(ending->errors);
    }
    return ending->code;
}

/* --- tasks --- */

static ending_t run_spawn(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    const task_def_t *def = &world->program->tasks[op->task];
    path_t *path = path_child(world, body->path, def->name);
    body_t *child = body_new(world, path, &def->body);
    runner_task_t *task;
    int code =
        op->kind == OP_GSPAWN ? start_child(body->group, child, &task) : start_body(child, &task);
    if (code == 0) {
        path_spawned(body->path);
        bind_task(world, op->name, task);
    }
    return ended_by(world, code, NULL);
}

static void trace_value(const body_t *body, const void *value)
{
    trace(body->world, body->path->text, "got %" PRId64, number_of(value));
}

/* Waits for a future whose value is a number. */
static ending_t await_number(body_t *body, runner_future_t *future)
{
    void *value = NULL;
    int code = wait_future(future, &value);
    if (code == 0) {
        trace_value(body, value);
    }
    return ended_by(body->world, code, runner_future_errors(future));
}

static ending_t run_await(body_t *body, const op_t *op)
{
    runner_future_t *future = awaitable_of(body->world, op->name);
    return future != NULL ? await_number(body, future) : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_shield(body_t *body, const op_t *op)
{
    runner_future_t *inner = awaitable_of(body->world, op->name);
    runner_future_t *outer;
    if (inner == NULL) {
        return failed(body->world, ERROR_NAME_ERROR);
    }
    check(runner_shield(inner, &outer), "runner_shield");
    world_keep(body->world, KEPT_FUTURE, outer);
    return await_number(body, outer);
}

static ending_t run_cancel_self(body_t *body)
{
    int code = runner_task_cancel(runner_current_task());
    trace(body->world, body->path->text, "cancel self %s", code == 0 ? "true" : "false");
    return ended_normally();
}

static ending_t run_cancelling(body_t *body)
{
    trace(body->world, body->path->text, "cancelling %d",
          runner_task_cancelling(runner_current_task()));
    return ended_normally();
}

static ending_t run_uncancel(body_t *body)
{
    trace(body->world, body->path->text, "uncancel %d",
          runner_task_uncancel(runner_current_task()));
    return ended_normally();
}

static ending_t run_state(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    const handle_t *handle = bound_handle(world, op->name);
    if (handle == NULL) {
        return failed(world, ERROR_NAME_ERROR);
    }
    void *value = NULL;
    int code = runner_future_result(handle->future, &value);
    trace_begin(world, body->path->text);
    text_add(world->trace, "state %s ", world->program->names[NAMES_HANDLE].texts[op->name]);
    trace_outcome(world, code, value, runner_future_errors(handle->future));
    trace_end(world);
    return ended_normally();
}

/* --- futures --- */

static ending_t run_future(body_t *body, const op_t *op)
{
    runner_future_t *future;
    check(runner_future_new(body->world->runner, &future), "runner_future_new");
    bind_future(body->world, op->name, future);
    return ended_normally();
}

/* The futures of several names; NULL if one is not bound. */
static runner_future_t **find_futures(world_t *world, const op_t *op)
{
    runner_future_t **futures = arena_array(world->arena, (size_t)op->names_count, sizeof(void *));
    for (int i = 0; i < op->names_count; i++) {
        futures[i] = awaitable_of(world, op->names[i]);
        if (futures[i] == NULL) {
            return NULL;
        }
    }
    return futures;
}

static void trace_gathered(const body_t *body, runner_future_t *const *futures, size_t count,
                           void *const *values)
{
    world_t *world = body->world;
    trace_begin(world, body->path->text);
    text_add(world->trace, "gathered [");
    for (size_t i = 0; i < count; i++) {
        text_add(world->trace, i > 0 ? ", " : "");
        trace_outcome(world, runner_future_status(futures[i]), values[i],
                      runner_future_errors(futures[i]));
    }
    text_add(world->trace, "]");
    trace_end(world);
}

static ending_t run_gather(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    size_t count = (size_t)op->names_count;
    runner_future_t **futures = find_futures(world, op);
    runner_future_t *all;
    void *values = NULL;
    if (futures == NULL) {
        return failed(world, ERROR_NAME_ERROR);
    }
    check(runner_gather(futures, count, op->flag, &all), "runner_gather");
    world_keep(world, KEPT_FUTURE, all);
    int code = wait_future(all, &values);
    if (code == 0) {
        trace_gathered(body, futures, count, values);
    }
    return ended_by(world, code, runner_future_errors(all));
}

static bool is_first(const op_t *op, int index)
{
    for (int i = 0; i < index; i++) {
        if (op->names[i] == op->names[index]) {
            return false;
        }
    }
    return true;
}

static void trace_those(const world_t *world, const op_t *op, runner_future_t *const *futures,
                        bool that_are_done)
{
    const char *gap = "";
    for (int i = 0; i < op->names_count; i++) {
        if (is_first(op, i) && (runner_future_done(futures[i]) != 0) == that_are_done) {
            text_add(world->trace, "%s%s", gap,
                     world->program->names[NAMES_HANDLE].texts[op->names[i]]);
            gap = " ";
        }
    }
}

static ending_t run_wait(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    runner_future_t **futures = find_futures(world, op);
    if (futures == NULL) {
        return failed(world, ERROR_NAME_ERROR);
    }
    uint64_t ms = op->number == NO_TIME ? RUNNER_FOREVER : (uint64_t)op->number;
    int code = wait_several(futures, (size_t)op->names_count, op->mode, ms);
    if (code == 0) {
        trace_begin(world, body->path->text);
        text_add(world->trace, "done [");
        trace_those(world, op, futures, true);
        text_add(world->trace, "] pending [");
        trace_those(world, op, futures, false);
        text_add(world->trace, "]");
        trace_end(world);
    }
    return ended_by(world, code, NULL);
}

/* --- events, locks, semaphores, queues --- */

static ending_t run_event_new(body_t *body, const op_t *op)
{
    runner_event_t *event;
    check(runner_event_new(&event), "runner_event_new");
    bind_object(body->world, NAMES_EVENT, op->name, KEPT_EVENT, event);
    return ended_normally();
}

static ending_t run_event_clear(body_t *body, const op_t *op)
{
    runner_event_t *event = bound_event(body->world, op->name);
    if (event != NULL) {
        check(runner_event_clear(event), "runner_event_clear");
    }
    return done(body->world, event != NULL);
}

static ending_t run_event_wait(body_t *body, const op_t *op)
{
    runner_event_t *event = bound_event(body->world, op->name);
    return event != NULL ? ended_by(body->world, wait_event(event), NULL)
                         : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_lock_new(body_t *body, const op_t *op)
{
    runner_lock_t *lock;
    check(runner_lock_new(&lock), "runner_lock_new");
    bind_object(body->world, NAMES_LOCK, op->name, KEPT_LOCK, lock);
    return ended_normally();
}

static ending_t run_sem_new(body_t *body, const op_t *op)
{
    runner_semaphore_t *semaphore;
    check(runner_semaphore_new(&semaphore, (size_t)op->number), "runner_semaphore_new");
    bind_object(body->world, NAMES_SEMAPHORE, op->name, KEPT_SEMAPHORE, semaphore);
    return ended_normally();
}

static ending_t run_queue_new(body_t *body, const op_t *op)
{
    const runner_queue_options_t opts = {.size = sizeof opts, .maxsize = (size_t)op->number};
    runner_queue_t *queue;
    check(runner_queue_new(&queue, &opts), "runner_queue_new");
    bind_object(body->world, NAMES_QUEUE, op->name, KEPT_QUEUE, queue);
    return ended_normally();
}

static ending_t run_put(body_t *body, const op_t *op)
{
    runner_queue_t *queue = bound_queue(body->world, op->name);
    return queue != NULL ? ended_by(body->world, wait_put(queue, value_of(op->number)), NULL)
                         : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_get(body_t *body, const op_t *op)
{
    runner_queue_t *queue = bound_queue(body->world, op->name);
    if (queue == NULL) {
        return failed(body->world, ERROR_NAME_ERROR);
    }
    void *item = NULL;
    int code = wait_get(queue, &item);
    if (code == 0) {
        trace_value(body, item);
    }
    return ended_by(body->world, code, NULL);
}

/* --- the rest --- */

static ending_t run_var_set(body_t *body, const op_t *op)
{
    check(runner_var_set(world_var(body->world, op->name), value_of(op->number)), "runner_var_set");
    return ended_normally();
}

static ending_t run_var_get(body_t *body, const op_t *op)
{
    void *value = NULL;
    int code = runner_var_get(world_var(body->world, op->name), &value);
    if (code == RUNNER_EPENDING) {
        trace(body->world, body->path->text, "var %s unset", op->text);
    } else {
        check(code, "runner_var_get");
        trace(body->world, body->path->text, "var %s %" PRId64, op->text, number_of(value));
    }
    return ended_normally();
}

static ending_t run_closable(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    path_t *path = path_closable(world, body->path, op->text);
    return ended_by(world, start_closable(body_new(world, path, &op->body)), NULL);
}

/* What callbacks can do as well. */
static ending_t run_shared(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    const char *who = body->path->text;
    switch (op->kind) {
    case OP_LOG:
        return done(world, do_log(world, who, op));
    case OP_CANCEL:
        return done(world, do_cancel(world, who, op));
    case OP_RESOLVE:
        return done(world, do_resolve(world, who, op));
    case OP_REJECT:
        return done(world, do_reject(world, who, op));
    case OP_EVENT_SET:
        return done(world, do_event_set(world, op));
    case OP_CALL_SOON:
        do_call_soon(world, op);
        return ended_normally();
    default:
        do_call_later(world, op);
        return ended_normally();
    }
}

static ending_t run_op(body_t *body, const op_t *op)
{
    switch (op->kind) {
    case OP_YIELD:
        return ended_by(body->world, wait_turn(), NULL);
    case OP_SLEEP:
        return ended_by(body->world, wait_time((uint64_t)op->number), NULL);
    case OP_SPAWN:
    case OP_GSPAWN:
        return run_spawn(body, op);
    case OP_AWAIT:
        return run_await(body, op);
    case OP_RETURN:
        return ended_with(op->number);
    case OP_FAIL:
        return failed(body->world, op->error);
    case OP_RAISE:
        return *body->caught;
    case OP_TRY:
        return run_try(body, op);
    case OP_CANCEL_SELF:
        return run_cancel_self(body);
    case OP_CANCELLING:
        return run_cancelling(body);
    case OP_UNCANCEL:
        return run_uncancel(body);
    case OP_STATE:
        return run_state(body, op);
    case OP_FUTURE:
        return run_future(body, op);
    case OP_SHIELD:
        return run_shield(body, op);
    case OP_GATHER:
        return run_gather(body, op);
    case OP_WAIT:
        return run_wait(body, op);
    case OP_GROUP:
        return run_group(body, op);
    case OP_TIMEOUT:
        return run_timeout(body, op);
    case OP_EVENT_NEW:
        return run_event_new(body, op);
    case OP_EVENT_CLEAR:
        return run_event_clear(body, op);
    case OP_EVENT_WAIT:
        return run_event_wait(body, op);
    case OP_LOCK_NEW:
        return run_lock_new(body, op);
    case OP_LOCK:
        return run_lock(body, op);
    case OP_SEM_NEW:
        return run_sem_new(body, op);
    case OP_SEM:
        return run_semaphore(body, op);
    case OP_QUEUE_NEW:
        return run_queue_new(body, op);
    case OP_PUT:
        return run_put(body, op);
    case OP_GET:
        return run_get(body, op);
    case OP_VAR_SET:
        return run_var_set(body, op);
    case OP_VAR_GET:
        return run_var_get(body, op);
    case OP_CLOSABLE:
        return run_closable(body, op);
    case OP_REPEAT:
        return run_repeat(body, op);
    default:
        return run_shared(body, op);
    }
}

ending_t run_ops(body_t *body, const ops_t *ops)
{
    ending_t ending = ended_normally();
    for (int i = 0; i < ops->count && ending.kind == ENDED_NORMALLY; i++) {
        ending = run_op(body, &ops->list[i]);
    }
    return ending;
}

int body_run(body_t *body, void **result)
{
    world_t *world = body->world;
    trace(world, body->path->text, "start");
    ending_t ending = run_ops(body, body->ops);
    trace_begin(world, body->path->text);
    text_add(world->trace, "end ");
    trace_outcome(world, ending.code, value_of(ending.value), ending.errors);
    trace_end(world);
    *result = value_of(ending.value);
    return code_of_ending(&ending);
}
