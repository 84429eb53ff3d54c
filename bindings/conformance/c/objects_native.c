/* Objects as handles of librunner: a future_t is a runner_future_t, and so on. */
#include "native.h"

/* --- what is held --- */

typedef struct kept {
    struct kept *older;
    kept_kind_t kind;
    void *object;
} kept_t;

void objects_begin(world_t *world)
{
    world->held = arena_alloc(world->arena, sizeof *world->held);
    check(runner_set_exception_handler(world->runner, report_exception, world, NULL),
          "runner_set_exception_handler");
}

static void release(const kept_t *kept)
{
    switch (kept->kind) {
    case KEPT_TASK:
        runner_task_unref(kept->object);
        break;
    case KEPT_FUTURE:
        runner_future_unref(kept->object);
        break;
    case KEPT_GROUP:
        runner_group_unref(kept->object);
        break;
    case KEPT_ERRORS:
        runner_error_group_unref(kept->object);
        break;
    case KEPT_TIMEOUT:
        runner_timeout_unref(kept->object);
        break;
    case KEPT_EVENT:
        runner_event_unref(kept->object);
        break;
    case KEPT_LOCK:
        runner_lock_unref(kept->object);
        break;
    case KEPT_SEMAPHORE:
        runner_semaphore_unref(kept->object);
        break;
    case KEPT_QUEUE:
        runner_queue_unref(kept->object);
        break;
    case KEPT_VAR:
        runner_var_unref(kept->object);
        break;
    case KEPT_TIMER:
        runner_timer_unref(kept->object);
        break;
    default:
        break;
    }
}

void objects_release(world_t *world)
{
    for (const kept_t *kept = world->held->kept; kept != NULL; kept = kept->older) {
        release(kept);
    }
    world->held->kept = NULL;
}

void keep(world_t *world, kept_kind_t kind, void *object)
{
    kept_t *kept = arena_alloc(world->arena, sizeof *kept);
    kept->older = world->held->kept;
    kept->kind = kind;
    kept->object = object;
    world->held->kept = kept;
}

static void *kept(world_t *world, kept_kind_t kind, void *object)
{
    keep(world, kind, object);
    return object;
}

/* --- outcomes --- */

errors_t *errors_of(int code, runner_error_group_t *errors)
{
    return code == RUNNER_EGROUP ? (errors_t *)errors : NULL;
}

size_t errors_count(const errors_t *errors)
{
    return runner_error_group_count((const runner_error_group_t *)errors);
}

outcome_t errors_get(errors_t *errors, size_t index)
{
    runner_group_error_t error = {.size = sizeof error};
    check(runner_error_group_get((runner_error_group_t *)errors, index, &error),
          "runner_error_group_get");
    return (outcome_t){.code = error.code, .errors = errors_of(error.code, error.nested)};
}

void errors_keep(world_t *world, errors_t *errors)
{
    keep(world, KEPT_ERRORS, runner_error_group_ref((runner_error_group_t *)errors));
}

int code_to_raise(const outcome_t *outcome)
{
    return outcome->errors != NULL
               ? runner_error_group_raise((runner_error_group_t *)outcome->errors)
               : outcome->code;
}

/* --- tasks and futures --- */

future_t *future_new(world_t *world)
{
    runner_future_t *future;
    check(runner_future_new(world->runner, &future), "runner_future_new");
    return kept(world, KEPT_FUTURE, future);
}

int future_resolve(world_t *world, future_t *future, int64_t value)
{
    (void)world;
    return runner_future_resolve(future_of(future), value_of(value));
}

int future_reject(world_t *world, future_t *future, int code)
{
    (void)world;
    return runner_future_reject(future_of(future), code);
}

int future_cancel(world_t *world, future_t *future)
{
    (void)world;
    return runner_future_cancel(future_of(future));
}

int future_status(world_t *world, const future_t *future)
{
    (void)world;
    return runner_future_status(future_of(future));
}

outcome_t future_take(world_t *world, future_t *future)
{
    (void)world;
    void *value = NULL;
    int code = runner_future_result(future_of(future), &value);
    return (outcome_t){code, number_of(value),
                       errors_of(code, runner_future_errors(future_of(future)))};
}

future_t *future_shield(world_t *world, future_t *inner)
{
    runner_future_t *outer;
    check(runner_shield(future_of(inner), &outer), "runner_shield");
    return kept(world, KEPT_FUTURE, outer);
}

future_t *future_gather(world_t *world, future_t *const *futures, size_t count, bool return_errors)
{
    runner_future_t *all;
    runner_future_t *const *list = (runner_future_t *const *)(uintptr_t)futures;
    check(runner_gather(list, count, return_errors, &all), "runner_gather");
    return kept(world, KEPT_FUTURE, all);
}

int self_cancel(world_t *world)
{
    (void)world;
    return runner_task_cancel(runner_current_task());
}

int self_cancelling(world_t *world)
{
    (void)world;
    return runner_task_cancelling(runner_current_task());
}

int self_uncancel(world_t *world)
{
    (void)world;
    return runner_task_uncancel(runner_current_task());
}

/* --- what tasks wait for, and scopes --- */

event_t *event_new(world_t *world)
{
    runner_event_t *event;
    check(runner_event_new(&event), "runner_event_new");
    return kept(world, KEPT_EVENT, event);
}

void event_set(world_t *world, event_t *event)
{
    (void)world;
    check(runner_event_set((runner_event_t *)event), "runner_event_set");
}

void event_clear(world_t *world, event_t *event)
{
    (void)world;
    check(runner_event_clear((runner_event_t *)event), "runner_event_clear");
}

lock_t *lock_new(world_t *world)
{
    runner_lock_t *lock;
    check(runner_lock_new(&lock), "runner_lock_new");
    return kept(world, KEPT_LOCK, lock);
}

void lock_release(world_t *world, lock_t *lock)
{
    (void)world;
    check(runner_lock_release((runner_lock_t *)lock), "runner_lock_release");
}

semaphore_t *semaphore_new(world_t *world, int64_t value)
{
    runner_semaphore_t *semaphore;
    check(runner_semaphore_new(&semaphore, (size_t)value), "runner_semaphore_new");
    return kept(world, KEPT_SEMAPHORE, semaphore);
}

void semaphore_release(world_t *world, semaphore_t *semaphore)
{
    (void)world;
    check(runner_semaphore_release((runner_semaphore_t *)semaphore), "runner_semaphore_release");
}

queue_t *queue_new(world_t *world, int64_t most)
{
    const runner_queue_options_t opts = {.size = sizeof opts, .maxsize = (size_t)most};
    runner_queue_t *queue;
    check(runner_queue_new(&queue, &opts), "runner_queue_new");
    return kept(world, KEPT_QUEUE, queue);
}

group_t *group_new(world_t *world)
{
    runner_group_t *group;
    check(runner_group_new(&group), "runner_group_new");
    keep(world, KEPT_GROUP, group);
    check(runner_group_open(group), "runner_group_open");
    return (group_t *)group;
}

timeout_t *timeout_new(world_t *world, int64_t ms)
{
    runner_timeout_t *timeout;
    check(runner_timeout_new(&timeout), "runner_timeout_new");
    keep(world, KEPT_TIMEOUT, timeout);
    check(runner_timeout_open(timeout, (uint64_t)ms), "runner_timeout_open");
    return (timeout_t *)timeout;
}

outcome_t timeout_close(world_t *world, timeout_t *timeout, const outcome_t *body)
{
    (void)world;
    int code = runner_timeout_close((runner_timeout_t *)timeout, code_to_raise(body));
    return (outcome_t){.code = code, .errors = code == body->code ? body->errors : NULL};
}

/* --- variables, contexts --- */

var_t *var_new(world_t *world, const char *name)
{
    runner_var_t *var;
    check(runner_var_new(name, NULL, &var), "runner_var_new");
    return kept(world, KEPT_VAR, var);
}

void var_set(world_t *world, var_t *var, int64_t value)
{
    (void)world;
    check(runner_var_set((runner_var_t *)var, value_of(value)), "runner_var_set");
}

bool var_get(world_t *world, var_t *var, int64_t *value)
{
    (void)world;
    void *found = NULL;
    int code = runner_var_get((runner_var_t *)var, &found);
    if (code == RUNNER_EPENDING) {
        return false;
    }
    check(code, "runner_var_get");
    *value = number_of(found);
    return true;
}

context_t *context_new(world_t *world)
{
    (void)world;
    runner_context_t *context;
    check(runner_context_new(&context), "runner_context_new");
    return (context_t *)context;
}

void context_release(world_t *world, context_t *context)
{
    (void)world;
    runner_context_unref((runner_context_t *)context);
}

/* --- callbacks --- */

void call_soon(world_t *world, callback_fn_t fn, void *arg)
{
    check(runner_call_soon(world->runner, fn, arg, NULL), "runner_call_soon");
}

alarm_t *call_later(world_t *world, int64_t ms, callback_fn_t fn, void *arg)
{
    runner_timer_t *timer;
    check(runner_call_later(world->runner, ms, fn, arg, NULL, &timer), "runner_call_later");
    return kept(world, KEPT_TIMER, timer);
}

void alarm_cancel(world_t *world, alarm_t *alarm)
{
    (void)world;
    (void)runner_timer_cancel((runner_timer_t *)alarm);
}
