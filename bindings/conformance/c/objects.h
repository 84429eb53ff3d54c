/*
 * What the operations work on: futures, locks and the like, and the outcomes of tasks.
 *
 * Declared once and defined twice: objects_native.c has them as the handles of librunner,
 * objects_host.c as ids of the batch interface. Nobody else knows which of the two it is. What is
 * made here is held until objects_release().
 */
#ifndef CONFORMANCE_OBJECTS_H
#define CONFORMANCE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct world world_t;

typedef struct future future_t; /* tasks are futures as well */
typedef struct event event_t;
typedef struct lock lock_t;
typedef struct semaphore semaphore_t;
typedef struct queue queue_t;
typedef struct group group_t;
typedef struct timeout timeout_t;
typedef struct var var_t;
typedef struct context context_t;
typedef struct alarm alarm_t;

/* What RUNNER_EGROUP is of. */
typedef struct errors errors_t;

/* How something has ended. */
typedef struct outcome {
    int code;
    int64_t value;    /* if the code is 0 */
    errors_t *errors; /* of RUNNER_EGROUP; NULL if unknown */
} outcome_t;

/* The runner has just been made. */
void objects_begin(world_t *world);

/* The runner is closed: gives back everything that was made. */
void objects_release(world_t *world);

/* --- outcomes --- */

size_t errors_count(const errors_t *errors);
outcome_t errors_get(errors_t *errors, size_t index);

/* Keeps errors that were told with an outcome. */
void errors_keep(world_t *world, errors_t *errors);

/* The code with which the running task tells of an outcome: to a scope, or as its own end. */
int code_to_raise(const outcome_t *outcome);

/* --- tasks and futures --- */

future_t *future_new(world_t *world);

/* These fail only as the program made it: RUNNER_EDONE where there is nothing to settle or cancel. */
int future_resolve(world_t *world, future_t *future, int64_t value);
int future_reject(world_t *world, future_t *future, int code);
int future_cancel(world_t *world, future_t *future);

/* How it has ended, RUNNER_EPENDING if it has not. The second counts as taking the outcome. */
int future_status(world_t *world, const future_t *future);
outcome_t future_take(world_t *world, future_t *future);

future_t *future_shield(world_t *world, future_t *inner);
future_t *future_gather(world_t *world, future_t *const *futures, size_t count, bool return_errors);

/* Of the running task. */
int self_cancel(world_t *world);
int self_cancelling(world_t *world);
int self_uncancel(world_t *world);

/* --- what tasks wait for, and scopes --- */

event_t *event_new(world_t *world);
void event_set(world_t *world, event_t *event);
void event_clear(world_t *world, event_t *event);

lock_t *lock_new(world_t *world);
void lock_release(world_t *world, lock_t *lock);

semaphore_t *semaphore_new(world_t *world, int64_t value);
void semaphore_release(world_t *world, semaphore_t *semaphore);

/* `most` items; 0 is no limit. */
queue_t *queue_new(world_t *world, int64_t most);

/* Entered by the running task. */
group_t *group_new(world_t *world);
timeout_t *timeout_new(world_t *world, int64_t ms);

/* What comes of a timeout whose body has ended so. */
outcome_t timeout_close(world_t *world, timeout_t *timeout, const outcome_t *body);

/* --- variables, contexts --- */

var_t *var_new(world_t *world, const char *name);
void var_set(world_t *world, var_t *var, int64_t value);

/* False if it is not set. */
bool var_get(world_t *world, var_t *var, int64_t *value);

/* An empty one; NULL is the runner's. It is held until context_release(). */
context_t *context_new(world_t *world);
void context_release(world_t *world, context_t *context);

/* --- callbacks --- */

/* Returns 0. */
typedef int (*callback_fn_t)(void *arg);

void call_soon(world_t *world, callback_fn_t fn, void *arg);

/* Taking an alarm back that has gone off does nothing. */
alarm_t *call_later(world_t *world, int64_t ms, callback_fn_t fn, void *arg);
void alarm_cancel(world_t *world, alarm_t *alarm);

#endif
