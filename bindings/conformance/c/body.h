/*
 * Bodies: a list of operations that is run by a task, or by the close of a closable.
 *
 * Evaluation is in ops.c and scopes.c. What suspends a body, and what starts one, is declared here
 * and defined in coroutines.c, and nowhere else: those who evaluate do not know how a body waits.
 */
#ifndef CONFORMANCE_BODY_H
#define CONFORMANCE_BODY_H

#include "trace.h"

typedef enum ending_kind { ENDED_NORMALLY, ENDED_RETURN, ENDED_ERROR } ending_kind_t;

/* How an operation, or a list of them, has ended. */
typedef struct ending {
    ending_kind_t kind;
    int code;                     /* of an error */
    int64_t value;                /* of a return */
    runner_error_group_t *errors; /* of RUNNER_EGROUP; held by the world */
} ending_t;

typedef struct body {
    world_t *world;
    path_t *path;
    const ops_t *ops;
    runner_group_t *group;  /* the innermost that is open */
    const ending_t *caught; /* by the innermost handler that runs */
} body_t;

/* --- evaluation --- */

body_t *body_new(world_t *world, path_t *path, const ops_t *ops);

/* Runs the whole body, from its `start` to its `end`. Returns what its task has to end with. */
int body_run(body_t *body, void **result);

ending_t run_ops(body_t *body, const ops_t *ops);

ending_t ended_normally(void);

/* The outcome of a call; 0 is a normal end. `errors` is what is known of RUNNER_EGROUP. */
ending_t ended_by(world_t *world, int code, runner_error_group_t *errors);

/* The code that an ending has for whoever is told it next: a scope, a task. */
int code_of_ending(const ending_t *ending);

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

int start_body(body_t *body, runner_task_t **task);
int start_child(runner_group_t *group, body_t *body, runner_task_t **task);

/* Runs it as the main task of the runner; the result is that of runner_run(). */
int run_main(body_t *body, runner_context_t *context, void **result);

/* Suspends a generator that runs it when it is closed. */
int start_closable(body_t *body);

/* --- how it waits: as the functions of librunner --- */

int wait_turn(void);
int wait_time(uint64_t ms);
int wait_future(runner_future_t *future, void **value);
int wait_several(runner_future_t *const *futures, size_t count, int mode, uint64_t ms);
int wait_event(runner_event_t *event);
int wait_lock(runner_lock_t *lock);
int wait_semaphore(runner_semaphore_t *semaphore);
int wait_put(runner_queue_t *queue, void *item);
int wait_get(runner_queue_t *queue, void **item);
int wait_group(runner_group_t *group, int code);

#endif
