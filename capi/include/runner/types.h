/**
 * @file
 * The handles and the callback types that several headers share.
 */
#ifndef RUNNER_TYPES_H
#define RUNNER_TYPES_H

#include <stddef.h>
#include <stdint.h>

/** A runner: one event loop and everything that runs on it. */
typedef struct runner runner_t;
/** A task: a body that runs on a runner, with an outcome. */
typedef struct runner_task runner_task_t;
/** A future: one result that is settled once, with any number of waiters. */
typedef struct runner_future runner_future_t;
/** A timer made by runner_call_later(). */
typedef struct runner_timer runner_timer_t;
/** A set of context variables. */
typedef struct runner_context runner_context_t;
/** A context variable: a key into contexts. */
typedef struct runner_var runner_var_t;
/** A task handed over from another thread; its handle works from any thread. */
typedef struct runner_submission runner_submission_t;
/** A resource that closes with awaits at shutdown. */
typedef struct runner_closable runner_closable_t;
/** An asynchronous generator. */
typedef struct runner_gen runner_gen_t;
/** A task group: children that end before it does. */
typedef struct runner_group runner_group_t;
/** What went wrong in a task group. */
typedef struct runner_error_group runner_error_group_t;
/** A scope with a deadline. */
typedef struct runner_timeout runner_timeout_t;
/** An iteration over futures in the order in which they end. */
typedef struct runner_as_completed runner_as_completed_t;
/** A flag that tasks wait for. */
typedef struct runner_event runner_event_t;
/** One task at a time. */
typedef struct runner_lock runner_lock_t;
/** Tasks that share a lock tell each other that something has changed. */
typedef struct runner_condition runner_condition_t;
/** So many tasks at a time. */
typedef struct runner_semaphore runner_semaphore_t;
/** A number of tasks that wait for each other. */
typedef struct runner_barrier runner_barrier_t;
/** Items that tasks hand to tasks. */
typedef struct runner_queue runner_queue_t;
/** What shutdown found and did. */
typedef struct runner_report runner_report_t;

/** libuv's loop; include uv.h to use it. `struct uv_loop_s *` is `uv_loop_t *`. */
struct uv_loop_s;

/**
 * A coroutine body. It runs on a stack of its own and may call everything that waits.
 * Returns 0, or a negative code; `*result` (initially NULL) is handed to whoever awaits the task.
 */
typedef int (*runner_fn)(void *arg, void **result);

/**
 * A stackless body. It runs on the loop's stack, first with `status` 0. A call that waits parks
 * the task and returns RUNNER_EPARKED at once; the body returns that code, and is called again
 * with the outcome of the wait as `status`. Any other return value ends the task.
 */
typedef int (*runner_step_fn)(void *arg, int status, void **result);

/** A plain callback. A negative code is reported to the exception handler. */
typedef int (*runner_callback_fn)(void *arg);

/** Releases `arg`. Called exactly once for every call that accepted it. */
typedef void (*runner_drop_fn)(void *arg);

/** Tri-state options: let the library decide. */
#define RUNNER_DEFAULT 0
/** Tri-state options: on. */
#define RUNNER_ON 1
/** Tri-state options: off. */
#define RUNNER_OFF (-1)

/** A time that never comes, for every option in milliseconds. */
#define RUNNER_FOREVER UINT64_MAX
/** No waiting at all, for options in milliseconds whose zero means "default". */
#define RUNNER_NO_WAIT (UINT64_MAX - 1)

#endif
