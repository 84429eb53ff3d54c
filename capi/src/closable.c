#include "closable.h"

#include <stdio.h>

#include "base/alloc.h"
#include "handle.h"
#include "runner/error.h"

struct runner_closable {
    runner__node_t node;   /* in self->closables, then shutdown.closers, then self->closed */
    runner__entry_t ended; /* waits for the task */
    runner_t *self;
    char *name;
    runner__closer_fn make;
    runner_fn close; /* of a coroutine */
    void *arg;
    runner_drop_fn drop;
    runner_task_t *task; /* held while it is being closed */
    bool over;
};

static const char *name_of(const runner_closable_t *closable)
{
    return closable->name != NULL ? closable->name : "closable";
}

static void free_closable(runner_closable_t *closable)
{
    runner__free(closable->name);
    runner__free(closable);
}

static void drop_arg(runner_closable_t *closable)
{
    closable->over = true;
    if (closable->drop != NULL) {
        closable->drop(closable->arg);
    }
}

/* The registration may still be asked about: it is kept until the runner is closed. */
static void retire(runner_closable_t *closable)
{
    runner__list_push(&closable->self->closed, &closable->node);
    drop_arg(closable);
}

static void tell(const runner_closable_t *closable, const char *message, int code)
{
    runner_exception_t info = {.size = sizeof info,
                               .message = message,
                               .code = code,
                               .task = closable->task,
                               .name = name_of(closable)};
    runner__handler_call(runner__loop_of(closable->self), &info);
}

static int make_coroutine(runner_closable_t *closable, const runner_spawn_options_t *opts,
                          runner_task_t **out)
{
    runner__body_t body = {.coroutine = closable->close};
    return runner__task_new(&closable->self->tasks, body, closable->arg, true, opts, out);
}

static int add(runner_t *self, const char *name, runner__closer_fn make, runner_fn close, void *arg,
               runner_drop_fn drop, runner_closable_t **out)
{
    runner__home_t *home;
    int code = runner__home_use(self, &home);
    if (code != 0) {
        return code;
    }
    runner_closable_t *closable = runner__calloc(1, sizeof *closable);
    char *copy = name != NULL ? runner__strdup(name) : NULL;
    if (closable == NULL || (name != NULL && copy == NULL)) {
        runner__free(closable);
        runner__free(copy);
        return RUNNER_ENOMEM;
    }
    closable->self = self;
    closable->name = copy;
    closable->make = make;
    closable->close = close;
    closable->arg = arg;
    closable->drop = drop;
    runner__list_push(&self->closables, &closable->node);
    if (self->closables_closed) {
        tell(closable, "closable was registered after the closables were shut down", 0);
    }
    if (out != NULL) {
        *out = closable;
    }
    return 0;
}

int runner_closable_register(runner_t *self, const char *name, runner_fn close, void *arg,
                             runner_drop_fn drop, runner_closable_t **out)
{
    return close != NULL ? add(self, name, NULL, close, arg, drop, out) : RUNNER_EINVAL;
}

int runner__closable_register(runner_t *self, const char *name, runner__closer_fn make, void *arg,
                              runner_drop_fn drop, runner_closable_t **out)
{
    return add(self, name, make, NULL, arg, drop, out);
}

bool runner__closable_rename(runner_closable_t *closable, const char *name)
{
    char *copy = name != NULL ? runner__strdup(name) : NULL;
    if (name != NULL && copy == NULL) {
        return false;
    }
    runner__free(closable->name);
    closable->name = copy;
    return true;
}

int runner_closable_unregister(runner_closable_t *closable)
{
    if (closable == NULL) {
        return RUNNER_EINVAL;
    }
    if (closable->task != NULL || closable->over) {
        return RUNNER_EDONE;
    }
    runner__list_remove(&closable->node);
    drop_arg(closable);
    free_closable(closable);
    return 0;
}

static void closer_ended(runner__loop_t *loop, runner__entry_t *entry)
{
    runner_t *self = runner__of_loop(loop);
    runner__list_init(&entry->node);
    if (--self->shutdown.closers_left == 0) {
        runner__loop_push(loop, &self->shutdown.step);
    }
}

static bool start(runner_t *self, runner_closable_t *closable)
{
    runner_spawn_options_t opts = {.size = sizeof opts, .name = closable->name};
    runner_task_t *task;
    int code = closable->make != NULL ? closable->make(self, closable->arg, &opts, &task)
                                      : make_coroutine(closable, &opts, &task);
    if (code != 0) {
        tell(closable, "closable could not be closed", code);
        runner__report_add(&self->report, RUNNER_REPORT_CLOSABLE, code, 0, name_of(closable), NULL);
        retire(closable);
        return false;
    }
    closable->task = runner_task_ref(task);
    closable->ended.run = closer_ended;
    runner__list_push(&task->future.waiters, &closable->ended.node);
    runner__task_queue(task);
    return true;
}

size_t runner__closables_start(runner_t *self)
{
    size_t started = 0;
    runner__node_t all;
    runner__list_init(&all);
    runner__list_append(&all, &self->closables);
    while (!runner__list_empty(&all)) {
        runner__node_t *node = runner__list_pop(&all);
        if (start(self, RUNNER__CONTAINER(node, runner_closable_t, node))) {
            runner__list_push(&self->shutdown.closers, node);
            started++;
        }
    }
    self->shutdown.closers_left = started;
    return started;
}

static void finish(runner_t *self, runner_closable_t *closable, int abandon_code)
{
    runner_task_t *task = closable->task;
    if (!runner_task_done(task)) {
        runner__report_add(&self->report, RUNNER_REPORT_ABANDONED, abandon_code, task->id,
                           name_of(closable), runner__task_waits(task));
        runner__task_abandon(task);
    }
    runner__list_remove(&closable->ended.node);
    int code = runner__future_take(&task->future, NULL);
    if (code < 0 && code != RUNNER_ECANCELED && code != RUNNER_EABANDONED) {
        tell(closable, "an error occurred during closing of a closable", code);
        runner__report_add(&self->report, RUNNER_REPORT_CLOSABLE, code, task->id, name_of(closable),
                           NULL);
    }
    closable->task = NULL;
    runner__future_unref(&task->future);
    retire(closable);
}

void runner__closables_finish(runner_t *self, int code)
{
    while (!runner__list_empty(&self->shutdown.closers)) {
        runner__node_t *node = runner__list_pop(&self->shutdown.closers);
        finish(self, RUNNER__CONTAINER(node, runner_closable_t, node), code);
    }
}

void runner__closables_drop(runner_t *self)
{
    while (!runner__list_empty(&self->closables)) {
        runner__node_t *node = runner__list_pop(&self->closables);
        runner_closable_t *closable = RUNNER__CONTAINER(node, runner_closable_t, node);
        runner__report_add(&self->report, RUNNER_REPORT_ABANDONED, RUNNER_EABANDONED, 0,
                           name_of(closable), NULL);
        retire(closable);
    }
}

void runner__closables_free(runner_t *self)
{
    while (!runner__list_empty(&self->closed)) {
        runner__node_t *node = runner__list_pop(&self->closed);
        free_closable(RUNNER__CONTAINER(node, runner_closable_t, node));
    }
}
