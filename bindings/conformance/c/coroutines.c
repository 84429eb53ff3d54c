/* Bodies as coroutines of librunner: each has a stack, and a wait is a call that takes long. */
#include "body.h"

static int run_coroutine(void *arg, void **result)
{
    body_t *body = arg;
    path_register(body->world, body->path);
    return body_run(body, result);
}

/* Nobody else holds a main task, which may go on after its run and fail then. */
static int run_main_coroutine(void *arg, void **result)
{
    const body_t *body = arg;
    world_keep(body->world, KEPT_TASK, runner_task_ref(runner_current_task()));
    return run_coroutine(arg, result);
}

static runner_spawn_options_t options_of(const body_t *body)
{
    return (runner_spawn_options_t){.size = sizeof(runner_spawn_options_t),
                                    .name = body->path->text};
}

int start_body(body_t *body, runner_task_t **task)
{
    const runner_spawn_options_t opts = options_of(body);
    return runner_spawn(run_coroutine, body, &opts, task);
}

int start_child(runner_group_t *group, body_t *body, runner_task_t **task)
{
    const runner_spawn_options_t opts = options_of(body);
    return runner_group_spawn(group, run_coroutine, body, &opts, task);
}

int run_main(body_t *body, runner_context_t *context, void **result)
{
    const runner_run_options_t opts = {
        .size = sizeof opts, .name = body->path->text, .context = context};
    return runner_run(body->world->runner, run_main_coroutine, body, &opts, result);
}

/* The task that closes it is librunner's: it has no path. */
static int run_generator(void *arg, void **result)
{
    (void)runner_gen_yield(NULL);
    return body_run(arg, result);
}

int start_closable(body_t *body)
{
    runner_gen_t *gen;
    check(runner_gen_new(run_generator, body, NULL, 0, &gen), "runner_gen_new");
    int code = runner_gen_next(gen, NULL);
    runner_gen_unref(gen);
    return code;
}

int wait_turn(void)
{
    return runner_yield();
}

int wait_time(uint64_t ms)
{
    return runner_sleep(ms);
}

int wait_future(runner_future_t *future, void **value)
{
    return runner_future_await(future, value);
}

int wait_several(runner_future_t *const *futures, size_t count, int mode, uint64_t ms)
{
    return runner_wait(futures, count, mode, ms, NULL);
}

int wait_event(runner_event_t *event)
{
    return runner_event_wait(event);
}

int wait_lock(runner_lock_t *lock)
{
    return runner_lock_acquire(lock);
}

int wait_semaphore(runner_semaphore_t *semaphore)
{
    return runner_semaphore_acquire(semaphore);
}

int wait_put(runner_queue_t *queue, void *item)
{
    return runner_queue_put(queue, item);
}

int wait_get(runner_queue_t *queue, void **item)
{
    return runner_queue_get(queue, item);
}

int wait_group(runner_group_t *group, int code)
{
    return runner_group_close(group, code);
}
