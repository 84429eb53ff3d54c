/*
 * Bodies: a list of operations that is run by a task, or by the close of a closable.
 *
 * Evaluation is in ops.c and scopes.c. What suspends a body, and what starts one, is declared here
 * and defined twice: in coroutines.c, where a body is a coroutine of librunner, and in host_tasks.c
 * and host_waits.c, where it is a host task. Those who evaluate do not know how a body waits.
 */
#ifndef CONFORMANCE_BODY_H
#define CONFORMANCE_BODY_H

#include "trace.h"

typedef enum ending_kind { ENDED_NORMALLY, ENDED_RETURN, ENDED_ERROR } ending_kind_t;

/* How an operation, or a list of them, has ended. */
typedef struct ending {
    ending_kind_t kind;
    outcome_t outcome; /* 0 with the value of a return; the error */
} ending_t;

typedef struct body {
    world_t *world;
    path_t *path;
    const ops_t *ops;
    group_t *group;         /* the innermost that is open */
    const ending_t *caught; /* by the innermost handler that runs */
} body_t;

/* --- evaluation --- */

body_t *body_new(world_t *world, path_t *path, const ops_t *ops);

/* Runs the whole body, from its `start` to its `end`. Returns what its task has to end with. */
outcome_t body_run(body_t *body);

ending_t run_ops(body_t *body, const ops_t *ops);

ending_t ended_normally(void);

/* The outcome of a call, whose value is of no interest; 0 is a normal end. */
ending_t ended_by(world_t *world, outcome_t outcome);
ending_t ended_by_code(world_t *world, int code);

/* scopes.c */
ending_t run_try(body_t *body, const op_t *op);
ending_t run_group(body_t *body, const op_t *op);
ending_t run_timeout(body_t *body, const op_t *op);
ending_t run_lock(body_t *body, const op_t *op);
ending_t run_semaphore(body_t *body, const op_t *op);
ending_t run_repeat(body_t *body, const op_t *op);

/* --- callbacks.c: what callbacks can do as well; false: a name is not bound --- */

bool do_log(world_t *world, const char *who, const op_t *op);
bool do_cancel(world_t *world, const char *who, const op_t *op);
bool do_resolve(world_t *world, const char *who, const op_t *op);
bool do_reject(world_t *world, const char *who, const op_t *op);
bool do_event_set(world_t *world, const op_t *op);
void do_call_soon(world_t *world, const op_t *op);
void do_call_later(world_t *world, const op_t *op);

/* --- how a body is started --- */

int start_body(body_t *body, future_t **task);
int start_child(group_t *group, body_t *body, future_t **task);

/* Suspends what runs it when it is closed. */
int start_closable(body_t *body);

/* Runs it as the main task of the runner; how the run has ended. */
outcome_t run_main(body_t *body, context_t *context);

/* As runner_close(). */
int close_runner(world_t *world);

/* --- how it waits: as the functions of librunner --- */

int wait_turn(world_t *world);
int wait_time(world_t *world, int64_t ms);
outcome_t wait_future(world_t *world, future_t *future);

/* At most `ms`; NO_TIME is for ever. */
int wait_several(world_t *world, future_t *const *futures, size_t count, int mode, int64_t ms);

int wait_event(world_t *world, event_t *event);
int wait_lock(world_t *world, lock_t *lock);
int wait_semaphore(world_t *world, semaphore_t *semaphore);
int wait_put(world_t *world, queue_t *queue, int64_t item);
int wait_get(world_t *world, queue_t *queue, int64_t *item);

/* For the children of a group whose body has ended so. */
outcome_t wait_group(world_t *world, group_t *group, const outcome_t *body);

#endif
