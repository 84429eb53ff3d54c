/* Operations that have a body around which something happens. */
#include "body.h"

static const struct handler_of {
    int code;
    handler_t handler;
} special[] = {
    {RUNNER_ECANCELED, HANDLER_CANCELLED},
    {RUNNER_ETIMEDOUT, HANDLER_TIMEOUT},
    {RUNNER_EGROUP, HANDLER_GROUP},
};

static handler_t handler_of(int code)
{
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (special[i].code == code) {
            return special[i].handler;
        }
    }
    return HANDLER_ERROR;
}

ending_t run_try(body_t *body, const op_t *op)
{
    const handlers_t *handlers = op->handlers;
    ending_t ending = run_ops(body, &op->body);
    handler_t handler = handler_of(ending.outcome.code);
    if (ending.kind == ENDED_ERROR && handlers->has[handler]) {
        const ending_t caught = ending;
        const ending_t *before = body->caught;
        body->caught = &caught;
        ending = run_ops(body, &handlers->ops[handler]);
        body->caught = before;
    }
    if (handlers->has[HANDLER_FINALLY]) {
        ending_t finally = run_ops(body, &handlers->ops[HANDLER_FINALLY]);
        ending = finally.kind == ENDED_NORMALLY ? ending : finally;
    }
    return ending;
}

/* A scope was told how its body has ended, and has answered with an outcome. */
static ending_t close_scope(body_t *body, const ending_t *ending, outcome_t outcome)
{
    if (outcome.code != 0) {
        return ended_by(body->world, outcome);
    }
    return ending->kind == ENDED_ERROR ? ended_normally() : *ending;
}

ending_t run_group(body_t *body, const op_t *op)
{
    group_t *outer = body->group;
    group_t *group = group_new(body->world);
    body->group = group;
    ending_t ending = run_ops(body, &op->body);
    body->group = outer;
    return close_scope(body, &ending, wait_group(body->world, group, &ending.outcome));
}

ending_t run_timeout(body_t *body, const op_t *op)
{
    timeout_t *timeout = timeout_new(body->world, op->number);
    ending_t ending = run_ops(body, &op->body);
    return close_scope(body, &ending, timeout_close(body->world, timeout, &ending.outcome));
}

ending_t run_lock(body_t *body, const op_t *op)
{
    lock_t *lock = bound_lock(body->world, op->name);
    int code = lock != NULL ? wait_lock(body->world, lock) : code_of_error(ERROR_NAME_ERROR);
    if (code != 0) {
        return ended_by_code(body->world, code);
    }
    ending_t ending = run_ops(body, &op->body);
    lock_release(body->world, lock);
    return ending;
}

ending_t run_semaphore(body_t *body, const op_t *op)
{
    semaphore_t *semaphore = bound_semaphore(body->world, op->name);
    int code = semaphore != NULL ? wait_semaphore(body->world, semaphore)
                                 : code_of_error(ERROR_NAME_ERROR);
    if (code != 0) {
        return ended_by_code(body->world, code);
    }
    ending_t ending = run_ops(body, &op->body);
    semaphore_release(body->world, semaphore);
    return ending;
}

ending_t run_repeat(body_t *body, const op_t *op)
{
    ending_t ending = ended_normally();
    for (int64_t i = 0; i < op->number && ending.kind == ENDED_NORMALLY; i++) {
        ending = run_ops(body, &op->body);
    }
    return ending;
}
