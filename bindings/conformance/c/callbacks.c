/* Callbacks, and the operations that they share with bodies. */
#include "body.h"

typedef struct callback {
    world_t *world;
    const ops_t *ops;
} callback_t;

bool do_log(world_t *world, const char *who, const op_t *op)
{
    trace_begin(world, who);
    text_add_bytes(world->trace, op->text, op->text_length);
    trace_end(world);
    return true;
}

static const char *name_of_handle(const world_t *world, const op_t *op)
{
    return world->program->names[NAMES_HANDLE].texts[op->name];
}

bool do_cancel(world_t *world, const char *who, const op_t *op)
{
    const handle_t *handle = bound_handle(world, op->name);
    if (handle == NULL) {
        return false;
    }
    int code = handle->task != NULL ? runner_task_cancel(handle->task)
                                    : runner_future_cancel(handle->future);
    bool canceled = code == 0 || is_given_up(handle->future);
    trace(world, who, "cancel %s %s", name_of_handle(world, op), canceled ? "true" : "false");
    return true;
}

static void tell_settled(world_t *world, const char *who, const op_t *op, int code)
{
    if (code == RUNNER_EDONE) {
        trace(world, who, "settled %s", name_of_handle(world, op));
    } else {
        check(code, "settling a future");
    }
}

bool do_resolve(world_t *world, const char *who, const op_t *op)
{
    const handle_t *handle = bound_handle(world, op->name);
    if (handle != NULL) {
        tell_settled(world, who, op, runner_future_resolve(handle->future, value_of(op->number)));
    }
    return handle != NULL;
}

bool do_reject(world_t *world, const char *who, const op_t *op)
{
    const handle_t *handle = bound_handle(world, op->name);
    if (handle != NULL) {
        tell_settled(world, who, op,
                     runner_future_reject(handle->future, code_of_error(op->error)));
    }
    return handle != NULL;
}

bool do_event_set(world_t *world, const op_t *op)
{
    runner_event_t *event = bound_event(world, op->name);
    if (event != NULL) {
        check(runner_event_set(event), "runner_event_set");
    }
    return event != NULL;
}

static void run_callback_op(world_t *world, const op_t *op)
{
    switch (op->kind) {
    case OP_LOG:
        (void)do_log(world, WHO_LOOP, op);
        break;
    case OP_CANCEL:
        (void)do_cancel(world, WHO_LOOP, op);
        break;
    case OP_RESOLVE:
        (void)do_resolve(world, WHO_LOOP, op);
        break;
    case OP_REJECT:
        (void)do_reject(world, WHO_LOOP, op);
        break;
    case OP_EVENT_SET:
        (void)do_event_set(world, op);
        break;
    case OP_CALL_SOON:
        do_call_soon(world, op);
        break;
    case OP_CALL_LATER:
        do_call_later(world, op);
        break;
    default: /* refused by the reader */
        break;
    }
}

static int run_callback(void *arg)
{
    const callback_t *callback = arg;
    for (int i = 0; i < callback->ops->count; i++) {
        run_callback_op(callback->world, &callback->ops->list[i]);
    }
    return 0;
}

static callback_t *make_callback(world_t *world, const ops_t *ops)
{
    callback_t *callback = arena_alloc(world->arena, sizeof *callback);
    callback->world = world;
    callback->ops = ops;
    return callback;
}

void do_call_soon(world_t *world, const op_t *op)
{
    callback_t *callback = make_callback(world, &op->body);
    check(runner_call_soon(world->runner, run_callback, callback, NULL), "runner_call_soon");
}

void do_call_later(world_t *world, const op_t *op)
{
    callback_t *callback = make_callback(world, &op->body);
    check(runner_call_later(world->runner, op->number, run_callback, callback, NULL, NULL),
          "runner_call_later");
}
