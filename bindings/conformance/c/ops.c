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
    return (ending_t){.kind = ENDED_RETURN, .outcome = {.value = value}};
}

/* What asyncio refuses with RuntimeError. */
static bool is_runtime_error(int code)
{
    return code == RUNNER_ESELF || code == RUNNER_EABORTING || code == RUNNER_EFINISHED;
}

ending_t ended_by(world_t *world, outcome_t outcome)
{
    if (outcome.code == 0) {
        return ended_normally();
    }
    if (outcome.errors != NULL) {
        errors_keep(world, outcome.errors);
    }
    if (is_runtime_error(outcome.code)) {
        outcome.code = code_of_error(ERROR_RUNTIME_ERROR);
    }
    return (ending_t){.kind = ENDED_ERROR, .outcome = outcome};
}

ending_t ended_by_code(world_t *world, int code)
{
    return ended_by(world, (outcome_t){.code = code});
}

static ending_t failed(world_t *world, int error)
{
    return ended_by_code(world, code_of_error(error));
}

/* Of an operation that does nothing but for a name that is not bound. */
static ending_t done(world_t *world, bool bound)
{
    return bound ? ended_normally() : failed(world, ERROR_NAME_ERROR);
}

/* --- tasks --- */

static ending_t run_spawn(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    const task_def_t *def = &world->program->tasks[op->task];
    path_t *path = path_child(world, body->path, def->name);
    body_t *child = body_new(world, path, &def->body);
    future_t *task;
    int code =
        op->kind == OP_GSPAWN ? start_child(body->group, child, &task) : start_body(child, &task);
    if (code == 0) {
        path_spawned(body->path);
        world->handles[op->name] = task;
    }
    return ended_by_code(world, code);
}

static void trace_value(const body_t *body, int64_t value)
{
    trace(body->world, body->path->text, "got %" PRId64, value);
}

/* Waits for a future whose value is a number. */
static ending_t await_number(body_t *body, future_t *future)
{
    outcome_t outcome = wait_future(body->world, future);
    if (outcome.code == 0) {
        trace_value(body, outcome.value);
    }
    return ended_by(body->world, outcome);
}

static ending_t run_await(body_t *body, const op_t *op)
{
    future_t *future = awaitable_of(body->world, op->name);
    return future != NULL ? await_number(body, future) : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_shield(body_t *body, const op_t *op)
{
    future_t *inner = awaitable_of(body->world, op->name);
    return inner != NULL ? await_number(body, future_shield(body->world, inner))
                         : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_cancel_self(body_t *body)
{
    int code = self_cancel(body->world);
    trace(body->world, body->path->text, "cancel self %s", code == 0 ? "true" : "false");
    return ended_normally();
}

static ending_t run_cancelling(body_t *body)
{
    trace(body->world, body->path->text, "cancelling %d", self_cancelling(body->world));
    return ended_normally();
}

static ending_t run_uncancel(body_t *body)
{
    trace(body->world, body->path->text, "uncancel %d", self_uncancel(body->world));
    return ended_normally();
}

static ending_t run_state(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    future_t *future = bound_handle(world, op->name);
    if (future == NULL) {
        return failed(world, ERROR_NAME_ERROR);
    }
    outcome_t outcome = future_take(world, future);
    trace_begin(world, body->path->text);
    text_add(world->trace, "state %s ", world->program->names[NAMES_HANDLE].texts[op->name]);
    trace_outcome(world, &outcome);
    trace_end(world);
    return ended_normally();
}

/* --- futures --- */

static ending_t run_future(body_t *body, const op_t *op)
{
    body->world->handles[op->name] = future_new(body->world);
    return ended_normally();
}

/* The futures of several names; NULL if one is not bound. */
static future_t **find_futures(world_t *world, const op_t *op)
{
    future_t **futures = arena_array(world->arena, (size_t)op->names_count, sizeof(void *));
    for (int i = 0; i < op->names_count; i++) {
        futures[i] = awaitable_of(world, op->names[i]);
        if (futures[i] == NULL) {
            return NULL;
        }
    }
    return futures;
}

/* All of them are done, and what they have failed with is taken. */
static void trace_gathered(const body_t *body, future_t *const *futures, size_t count)
{
    world_t *world = body->world;
    trace_begin(world, body->path->text);
    text_add(world->trace, "gathered [");
    for (size_t i = 0; i < count; i++) {
        outcome_t outcome = future_take(world, futures[i]);
        text_add(world->trace, i > 0 ? ", " : "");
        trace_outcome(world, &outcome);
    }
    text_add(world->trace, "]");
    trace_end(world);
}

static ending_t run_gather(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    size_t count = (size_t)op->names_count;
    future_t **futures = find_futures(world, op);
    if (futures == NULL) {
        return failed(world, ERROR_NAME_ERROR);
    }
    outcome_t outcome = wait_future(world, future_gather(world, futures, count, op->flag));
    if (outcome.code == 0) {
        trace_gathered(body, futures, count);
    }
    return ended_by(world, outcome);
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

static void trace_those(world_t *world, const op_t *op, future_t *const *futures,
                        bool that_are_done)
{
    const char *gap = "";
    for (int i = 0; i < op->names_count; i++) {
        if (is_first(op, i) &&
            (future_status(world, futures[i]) != RUNNER_EPENDING) == that_are_done) {
            text_add(world->trace, "%s%s", gap,
                     world->program->names[NAMES_HANDLE].texts[op->names[i]]);
            gap = " ";
        }
    }
}

static ending_t run_wait(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    future_t **futures = find_futures(world, op);
    if (futures == NULL) {
        return failed(world, ERROR_NAME_ERROR);
    }
    int code = wait_several(world, futures, (size_t)op->names_count, op->mode, op->number);
    if (code == 0) {
        trace_begin(world, body->path->text);
        text_add(world->trace, "done [");
        trace_those(world, op, futures, true);
        text_add(world->trace, "] pending [");
        trace_those(world, op, futures, false);
        text_add(world->trace, "]");
        trace_end(world);
    }
    return ended_by_code(world, code);
}

/* --- events, locks, semaphores, queues --- */

static ending_t bind_new(body_t *body, namespace_t names, const op_t *op, void *object)
{
    body->world->objects[names][op->name] = object;
    return ended_normally();
}

static ending_t run_event_clear(body_t *body, const op_t *op)
{
    event_t *event = bound_event(body->world, op->name);
    if (event != NULL) {
        event_clear(body->world, event);
    }
    return done(body->world, event != NULL);
}

static ending_t run_event_wait(body_t *body, const op_t *op)
{
    event_t *event = bound_event(body->world, op->name);
    return event != NULL ? ended_by_code(body->world, wait_event(body->world, event))
                         : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_put(body_t *body, const op_t *op)
{
    queue_t *queue = bound_queue(body->world, op->name);
    return queue != NULL ? ended_by_code(body->world, wait_put(body->world, queue, op->number))
                         : failed(body->world, ERROR_NAME_ERROR);
}

static ending_t run_get(body_t *body, const op_t *op)
{
    queue_t *queue = bound_queue(body->world, op->name);
    if (queue == NULL) {
        return failed(body->world, ERROR_NAME_ERROR);
    }
    int64_t item = 0;
    int code = wait_get(body->world, queue, &item);
    if (code == 0) {
        trace_value(body, item);
    }
    return ended_by_code(body->world, code);
}

/* --- the rest --- */

static ending_t run_var_set(body_t *body, const op_t *op)
{
    var_set(body->world, world_var(body->world, op->name), op->number);
    return ended_normally();
}

static ending_t run_var_get(body_t *body, const op_t *op)
{
    int64_t value;
    if (var_get(body->world, world_var(body->world, op->name), &value)) {
        trace(body->world, body->path->text, "var %s %" PRId64, op->text, value);
    } else {
        trace(body->world, body->path->text, "var %s unset", op->text);
    }
    return ended_normally();
}

static ending_t run_closable(body_t *body, const op_t *op)
{
    world_t *world = body->world;
    path_t *path = path_closable(world, body->path, op->text);
    return ended_by_code(world, start_closable(body_new(world, path, &op->body)));
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
    world_t *world = body->world;
    switch (op->kind) {
    case OP_YIELD:
        return ended_by_code(world, wait_turn(world));
    case OP_SLEEP:
        return ended_by_code(world, wait_time(world, op->number));
    case OP_SPAWN:
    case OP_GSPAWN:
        return run_spawn(body, op);
    case OP_AWAIT:
        return run_await(body, op);
    case OP_RETURN:
        return ended_with(op->number);
    case OP_FAIL:
        return failed(world, op->error);
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
        return bind_new(body, NAMES_EVENT, op, event_new(world));
    case OP_EVENT_CLEAR:
        return run_event_clear(body, op);
    case OP_EVENT_WAIT:
        return run_event_wait(body, op);
    case OP_LOCK_NEW:
        return bind_new(body, NAMES_LOCK, op, lock_new(world));
    case OP_LOCK:
        return run_lock(body, op);
    case OP_SEM_NEW:
        return bind_new(body, NAMES_SEMAPHORE, op, semaphore_new(world, op->number));
    case OP_SEM:
        return run_semaphore(body, op);
    case OP_QUEUE_NEW:
        return bind_new(body, NAMES_QUEUE, op, queue_new(world, op->number));
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

outcome_t body_run(body_t *body)
{
    world_t *world = body->world;
    trace(world, body->path->text, "start");
    ending_t ending = run_ops(body, body->ops);
    trace_begin(world, body->path->text);
    text_add(world->trace, "end ");
    trace_outcome(world, &ending.outcome);
    trace_end(world);
    return ending.outcome;
}
