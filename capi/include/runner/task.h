/**
 * @file
 * Tasks: spawn, await, cancel; and what a task calls to let others run.
 *
 * The calls that wait (runner_await(), runner_sleep(), runner_yield(), runner_future_await(),
 * runner_to_thread(), ...) share these outcomes:
 *   - in a coroutine they return when the wait is over; RUNNER_ECANCELED says that the task was
 *     cancelled: clean up, which may wait again, and return that code, or swallow it;
 *   - in a stackless task they park the task and return RUNNER_EPARKED; the body returns that
 *     code and is called again with the outcome;
 *   - RUNNER_ENOTASK: called from outside a task, nothing happened;
 *   - RUNNER_EBUSY: the stackless task is parked already, nothing happened.
 */
#ifndef RUNNER_TASK_H
#define RUNNER_TASK_H

#include "export.h"
#include "types.h"

/** Options of runner_spawn(). Zero means default; fill it with runner_spawn_options_init(). */
typedef struct runner_spawn_options {
    size_t size;               /**< sizeof(runner_spawn_options_t) of the caller. */
    const char *name;          /**< Name of the task; copied. NULL is "Task-<id>". */
    const char *site;          /**< Where it was spawned, for reports; static text, borrowed. */
    runner_context_t *context; /**< Context to run in; shared. NULL is a copy of the current one. */
    size_t stack_bytes;        /**< Stack of a coroutine; 0 is the runner's option. */
    runner_drop_fn drop;       /**< Releases `arg`, exactly once if the spawn was accepted. */
    runner_drop_fn result_drop; /**< Releases a result that nobody took. */
    int32_t eager;              /**< Not 0: the first step runs inside the spawn. */
    int32_t reserved;           /**< Zero. */
} runner_spawn_options_t;

/** Why a task was cancelled: by runner_task_cancel(). */
#define RUNNER_REASON_USER 1
/** Why a task was cancelled: by its group. */
#define RUNNER_REASON_GROUP 2
/** Why a task was cancelled: by a timeout. */
#define RUNNER_REASON_TIMEOUT 3
/** Why a task was cancelled: by SIGINT or runner_interrupt(). */
#define RUNNER_REASON_SIGINT 4
/** Why a task was cancelled: by SIGTERM. */
#define RUNNER_REASON_SIGTERM 5
/** Why a task was cancelled: by SIGHUP. */
#define RUNNER_REASON_SIGHUP 6
/** Why a task was cancelled: by runner_close(). */
#define RUNNER_REASON_CLOSE 7
/** Why a task was cancelled: because the task that awaits it was. */
#define RUNNER_REASON_PARENT 8

RUNNER_BEGIN_DECLS

/**
 * Fill a spawn's options with their defaults.
 *
 * @param opts  Options to fill. Borrowed.
 * @param size  sizeof(runner_spawn_options_t) of the caller.
 *
 * @return 0, or RUNNER_EINVAL (NULL, or a size smaller than the `size` field): nothing written.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_spawn_options_init(runner_spawn_options_t *opts, size_t size);

/**
 * Start a coroutine on the loop of this thread. It takes its first step in the next iteration.
 *
 * @param fn    Body; runs on a stack of its own.
 * @param arg   Passed to `fn`. Borrowed until `opts->drop` ran or the task is done.
 * @param opts  Options; NULL is all defaults. Borrowed.
 * @param out   Receives a handle, shared with the runner: release it with runner_task_unref().
 *              NULL detaches the task: it runs on its own and a failure is reported.
 *
 * @return 0, or with nothing started and nothing consumed:
 *   - RUNNER_EINVAL   `fn` is NULL, a stack size is absurd, or bad options
 *   - RUNNER_ENOLOOP  no librunner loop runs in this thread
 *   - RUNNER_ENOMEM   no memory for the task or its stack
 *
 * @note Thread: the one that runs the loop, in a task or callback. Blocks: no; `eager` runs the
 *       first step before the call returns. Source: R60, R61, R189.
 * @since 0.1
 */
RUNNER_EXPORT int runner_spawn(runner_fn fn, void *arg, const runner_spawn_options_t *opts,
                               runner_task_t **out);

/**
 * Start a stackless task on the loop of this thread: a callback with an outcome.
 *
 * `fn` runs on the loop's stack, so the task costs a few cache lines. It may park; see
 * runner_step_fn.
 *
 * @param fn    Body.
 * @param arg   Passed to `fn`. Borrowed until `opts->drop` ran or the task is done.
 * @param opts  Options; `stack_bytes` is ignored. NULL is all defaults. Borrowed.
 * @param out   Receives a handle, shared: release it with runner_task_unref(). NULL detaches.
 *
 * @return 0, or with nothing started and nothing consumed:
 *   - RUNNER_EINVAL   `fn` is NULL, or bad options
 *   - RUNNER_ENOLOOP  no librunner loop runs in this thread
 *   - RUNNER_ENOMEM   no memory for the task
 *
 * @note Thread: the one that runs the loop, in a task or callback. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_spawn_step(runner_step_fn fn, void *arg,
                                    const runner_spawn_options_t *opts, runner_task_t **out);

/**
 * Wait for a task and take its outcome.
 *
 * If the calling task is cancelled meanwhile, so is `task`: the innermost wait goes first.
 *
 * @param task    Task of this loop. Borrowed.
 * @param result  Receives the task's result; NULL leaves it with the task. Written only when the
 *                task ended with 0. For a stackless caller it must stay valid until the wait ends.
 *
 * @return 0 or the task's own code; RUNNER_ECANCELED if it or the caller was cancelled. Also:
 *   - RUNNER_EPARKED   stackless caller: parked
 *   - RUNNER_EINVAL    NULL task
 *   - RUNNER_ENOTASK   not called from inside a task
 *   - RUNNER_ESELF     the task awaits itself; told a turn later
 *   - RUNNER_EFOREIGN  the task belongs to another loop
 *
 * @note Thread: the one that runs the loop. Waits, unless the task is done. Source: R41, R42,
 *       R136, R147.
 * @since 0.1
 */
RUNNER_EXPORT int runner_await(runner_task_t *task, void **result);

/**
 * Let everything run that is ready, once.
 *
 * @return 0, RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller), or RUNNER_ENOTASK.
 * @note Thread: the one that runs the loop. Waits one turn. Source: R195.
 * @since 0.1
 */
RUNNER_EXPORT int runner_yield(void);

/**
 * Wait for a time, never less.
 *
 * @param timeout_ms  Milliseconds; 0 is runner_yield(); RUNNER_FOREVER waits for a cancel.
 *
 * @return 0, RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller), RUNNER_ENOTASK, or
 *         RUNNER_ENOMEM: no room for the timer, nothing happened.
 * @note Thread: the one that runs the loop. Waits. Source: R194, R197.
 * @since 0.1
 */
RUNNER_EXPORT int runner_sleep(uint64_t timeout_ms);

/**
 * Wait for a time, never less, given in nanoseconds. The kernel's timers have a resolution of
 * about a millisecond.
 *
 * @param timeout_ns  Nanoseconds; 0 is runner_yield(); UINT64_MAX waits for a cancel.
 *
 * @return As runner_sleep().
 * @note Thread: the one that runs the loop. Waits. Source: R194, R197.
 * @since 0.1
 */
RUNNER_EXPORT int runner_sleep_ns(uint64_t timeout_ns);

/**
 * The task that runs now in this thread.
 *
 * @return The task, borrowed; NULL outside of tasks.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT runner_task_t *runner_current_task(void);

/**
 * Ask a task to end.
 *
 * Its innermost wait ends with RUNNER_ECANCELED inside the task, which cleans up and may swallow
 * it. Requests are counted; each one is delivered once. A task that has not started never does.
 * A task that cancels itself is told at its next wait, or ends cancelled if it returns instead.
 *
 * @param task  Task. Borrowed.
 *
 * @return 0 if the request was counted, or with nothing done:
 *   - RUNNER_EINVAL   NULL
 *   - RUNNER_EDONE    the task is done
 *   - RUNNER_ETHREAD  debug mode: called from another thread than the loop's
 *
 * @note Thread: the one that runs the loop, or any while none does. Blocks: no. Source: R141-R150.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_cancel(runner_task_t *task);

/**
 * Ask a task to end and say why.
 *
 * @param task     Task. Borrowed.
 * @param message  For whoever asks runner_task_cancel_message(); copied. NULL is none.
 * @param payload  A value that reaches them unchanged, see runner_task_cancel_payload().
 *
 * @return As runner_task_cancel(), and RUNNER_ENOMEM: no room for the message, nothing done.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R153.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_cancel_with(runner_task_t *task, const char *message,
                                          uint64_t payload);

/**
 * Take one cancel request back: the latest of runner_task_cancel(), else the latest of all. At
 * zero, one that was not delivered yet is withdrawn.
 *
 * @param task  Task. Borrowed.
 *
 * @return How many requests are left, 0 for NULL and for a task that is done without any.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R151, R152.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_uncancel(runner_task_t *task);

/**
 * How many cancel requests a task has.
 *
 * @param task  Task. Borrowed.
 *
 * @return The count; 0 for NULL.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R141-R143.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_cancelling(const runner_task_t *task);

/**
 * Why the task was asked to end, by the latest request that still counts. The reasons of the latest
 * 16 requests are known.
 *
 * @param task  Task. Borrowed.
 *
 * @return One of RUNNER_REASON_...; 0 if no request counts or its reason is not known any more,
 *         and for NULL.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R135.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_cancel_reason(const runner_task_t *task);

/**
 * The message of the latest runner_task_cancel_with().
 *
 * A task that was cancelled while it awaited another hands its message down, and a task that ends
 * cancelled hands it up to whoever awaits it.
 *
 * @param task  Task. Borrowed.
 *
 * @return The text, valid until the next request or the release of the handle; NULL if none.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R153.
 * @since 0.1
 */
RUNNER_EXPORT const char *runner_task_cancel_message(const runner_task_t *task);

/**
 * The payload of the latest runner_task_cancel_with().
 *
 * @param task  Task. Borrowed.
 *
 * @return The value; 0 if none.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R153.
 * @since 0.1
 */
RUNNER_EXPORT uint64_t runner_task_cancel_payload(const runner_task_t *task);

/**
 * Whether a task is done: finished, failed or cancelled.
 *
 * @param task  Task. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: as runner_task_cancel(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_done(const runner_task_t *task);

/**
 * Whether a task ended cancelled.
 *
 * @param task  Task. Borrowed.
 *
 * @return 1 or 0; 0 for NULL and for a task that is pending, however often it was cancelled.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R141, R148.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_cancelled(const runner_task_t *task);

/**
 * How a task ended. Does not take the outcome: a failure is still reported if nobody else does.
 *
 * @param task  Task. Borrowed.
 *
 * @return 0 or the task's code, RUNNER_ECANCELED, RUNNER_EABANDONED; RUNNER_EPENDING while it is
 *         not done; RUNNER_EINVAL for NULL.
 * @note Thread: as runner_task_cancel(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_status(const runner_task_t *task);

/**
 * Take the outcome of a task that is done.
 *
 * @param task    Task. Borrowed.
 * @param result  Receives the result; NULL leaves it with the task. Written only when 0 is
 *                returned.
 *
 * @return 0 or the task's code, RUNNER_ECANCELED, RUNNER_EABANDONED; RUNNER_EPENDING while it is
 *         not done, RUNNER_EINVAL for NULL: nothing happened.
 * @note Thread: as runner_task_cancel(). Blocks: no. Source: R155.
 * @since 0.1
 */
RUNNER_EXPORT int runner_task_result(runner_task_t *task, void **result);

/**
 * The name of a task.
 *
 * @param task  Task. Borrowed.
 *
 * @return Text, valid while the handle is; "Task-<id>" unless the spawn gave one; "" for NULL.
 * @note Thread: as runner_task_cancel(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT const char *runner_task_name(runner_task_t *task);

/**
 * The number of a task: 1 for a runner's first, never used twice.
 *
 * @param task  Task. Borrowed.
 *
 * @return The number; 0 for NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT uint64_t runner_task_id(const runner_task_t *task);

/**
 * The task as a future, for everything that takes futures. It cannot be settled by hand.
 *
 * @param task  Task. Borrowed.
 *
 * @return The future, borrowed from the task; NULL for NULL.
 * @note Thread: any. Blocks: no. Source: R154.
 * @since 0.1
 */
RUNNER_EXPORT runner_future_t *runner_task_future(runner_task_t *task);

/**
 * Share a handle once more.
 *
 * @param task  Task, or NULL. Shared.
 *
 * @return `task`.
 * @note Thread: as runner_task_cancel(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT runner_task_t *runner_task_ref(runner_task_t *task);

/**
 * Release a handle. The task itself goes on; when the last handle of a failed task goes and
 * nobody took its outcome, the exception handler is told.
 *
 * @param task  Task, or NULL. Given.
 *
 * @note Thread: as runner_task_cancel(); after runner_free(), any one at a time. Blocks: no.
 *       Source: R93.
 * @since 0.1
 */
RUNNER_EXPORT void runner_task_unref(runner_task_t *task);

RUNNER_END_DECLS

#endif
