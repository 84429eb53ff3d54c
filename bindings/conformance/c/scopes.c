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
    handler_t handler = handler_of(ending.code);
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

/* A scope was told how its body has ended, and has answered with a code. */
static ending_t close_scope(body_t *body, const ending_t *ending, int code,
                            runner_error_group_t *errors)
{
    if (code != 0) {
        return ended_by(body->world, code, errors);
    }
    return ending->kind == ENDED_ERROR ? ended_normally() : *ending;
}

ending_t run_group(body_t *body, const op_t *op)
{
    runner_group_t *outer = body->group;
    runner_group_t *group;
    check(runner_group_new(&group), "runner_group_new");
    world_keep(body->world, KEPT_GROUP, group);
    check(runner_group_open(group), "runner_group_open");
    body->group = group;
    ending_t ending = run_ops(body, &op->body);
    body->group = outer;
    int code = wait_group(group, code_of_ending(&ending));
    return close_scope(body, &ending, code, runner_group_errors(group));
}

ending_t run_timeout(body_t *body, const op_t *op)
{
    runner_timeout_t *timeout;
    check(runner_timeout_new(&timeout), "runner_timeout_new");
    world_keep(body->world, KEPT_TIMEOUT, timeout);
    check(runner_timeout_open(timeout, (uint64_t)op->number), "runner_timeout_open");
    ending_t ending = run_ops(body, &op->body);
    int code = runner_timeout_close(timeout, code_of_ending(&ending));
    return close_scope(body, &ending, code, ending.errors);
}

ending_t run_lock(body_t *body, const op_t *op)
{
    runner_lock_t *lock = bound_lock(body->world, op->name);
    if (lock == NULL) {
        return ended_by(body->world, code_of_error(ERROR_NAME_ERROR), NULL);
    }
    int code = wait_lock(lock);
    if (code != 0) {
        return ended_by(body->world, code, NULL);
    }
    ending_t ending = run_ops(body, &op->body);
    check(runner_lock_release(lock), "runner_lock_release");
    return ending;
}

ending_t run_semaphore(body_t *body, const op_t *op)
{
    runner_semaphore_t *semaphore = bound_semaphore(body->world, op->name);
    if (semaphore == NULL) {
        return ended_by(body->world, code_of_error(ERROR_NAME_ERROR), NULL);
    }
    int code = wait_semaphore(semaphore);
    if (code != 0) {
        return ended_by(body->world, code, NULL);
    }
    ending_t ending = run_ops(body, &op->body);
    check(runner_semaphore_release(semaphore), "runner_semaphore_release");
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
