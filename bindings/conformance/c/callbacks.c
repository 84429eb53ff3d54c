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
    future_t *future = bound_handle(world, op->name);
    if (future == NULL) {
        return false;
    }
    bool canceled = future_cancel(world, future) == 0 || is_given_up(world, future);
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
    future_t *future = bound_handle(world, op->name);
    if (future != NULL) {
        tell_settled(world, who, op, future_resolve(world, future, op->number));
    }
    return future != NULL;
}

bool do_reject(world_t *world, const char *who, const op_t *op)
{
    future_t *future = bound_handle(world, op->name);
    if (future != NULL) {
        tell_settled(world, who, op, future_reject(world, future, code_of_error(op->error)));
    }
    return future != NULL;
}

bool do_event_set(world_t *world, const op_t *op)
{
    event_t *event = bound_event(world, op->name);
    if (event != NULL) {
        event_set(world, event);
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
    call_soon(world, run_callback, make_callback(world, &op->body));
}

void do_call_later(world_t *world, const op_t *op)
{
    (void)call_later(world, op->number, run_callback, make_callback(world, &op->body));
}
