/**
 * @file
 * Futures: one result that somebody settles once, and any number of waiters.
 */
#ifndef RUNNER_FUTURE_H
#define RUNNER_FUTURE_H

#include "export.h"
#include "types.h"

/** Is told that a future is done. Runs in an iteration of its own, never inside the settling. */
typedef int (*runner_done_fn)(runner_future_t *future, void *arg);

RUNNER_BEGIN_DECLS

/**
 * Make a pending future.
 *
 * @param self  Runner whose tasks may wait for it. Borrowed; made ready to use if it is new.
 * @param out   Receives the future, owned by the caller: release it with runner_future_unref().
 *
 * @return 0, or with nothing made:
 *   - RUNNER_EINVAL   NULL argument
 *   - RUNNER_ECLOSED  the runner is closed
 *   - RUNNER_EFORK    made in the parent process
 *   - RUNNER_ETHREAD  debug mode: another thread runs it
 *   - RUNNER_ENOMEM, or a code of the loop's creation
 *
 * @note Thread: the one that runs the loop, or any while none does. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_new(runner_t *self, runner_future_t **out);

/**
 * Settle a future with a value.
 *
 * @param future  Future. Borrowed.
 * @param value   Handed to every waiter. The future does not own it.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL   NULL, or a task
 *   - RUNNER_EDONE    it is settled already
 *   - RUNNER_ETHREAD  debug mode: another thread runs the loop
 *
 * @note Thread: as runner_future_new(). Blocks: no. Waiters run later. Source: R154.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_resolve(runner_future_t *future, void *value);

/**
 * Settle a future with an error.
 *
 * @param future  Future. Borrowed.
 * @param code    A negative code; RUNNER_ECANCELED cancels it.
 *
 * @return As runner_future_resolve(), and RUNNER_EINVAL for a code that is not negative.
 * @note Thread: as runner_future_new(). Blocks: no. Waiters run later.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_reject(runner_future_t *future, int code);

/**
 * Settle a future as cancelled. The future of a task asks the task to end, as
 * runner_task_cancel(); that of a job, as cancelling the task in runner_to_thread().
 *
 * @param future  Future. Borrowed.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL   NULL
 *   - RUNNER_EDONE    it is settled already
 *   - RUNNER_ETHREAD  debug mode: another thread runs the loop
 *
 * @note Thread: as runner_future_new(). Blocks: no. Waiters run later.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_cancel(runner_future_t *future);

/**
 * Wait for a future and take its outcome. A cancel of the calling task cancels the future.
 *
 * @param future  Future of this loop. Borrowed.
 * @param result  Receives the value; NULL discards it. Written only when it was resolved. For a
 *                stackless caller it must stay valid until the wait ends.
 *
 * @return 0 or the future's code; RUNNER_ECANCELED if it or the caller was cancelled. Also
 *         RUNNER_EPARKED, RUNNER_EINVAL, RUNNER_ENOTASK, RUNNER_ESELF, RUNNER_EFOREIGN as
 *         runner_await().
 * @note Thread: the one that runs the loop. Waits, unless it is done. Source: R41, R147.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_await(runner_future_t *future, void **result);

/**
 * Be told when a future is done; if it is already, in the next iteration.
 *
 * @param future  Future. Borrowed; kept alive until the callback ran.
 * @param fn      Callback, called once, in the context of this call. A negative code is reported.
 * @param arg     Passed to it. Borrowed until `drop` ran.
 * @param drop    Releases `arg`, exactly once, after the callback or when the loop closes before.
 *                NULL is none.
 *
 * @return 0, or with nothing consumed: RUNNER_EINVAL (NULL future or `fn`), RUNNER_ECLOSED,
 *         RUNNER_ENOMEM, RUNNER_ETHREAD (debug mode).
 * @note Thread: as runner_future_new(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_on_done(runner_future_t *future, runner_done_fn fn, void *arg,
                                        runner_drop_fn drop);

/**
 * Whether a future is settled.
 *
 * @param future  Future. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: as runner_future_new(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_done(const runner_future_t *future);

/**
 * How a future was settled, without taking the outcome.
 *
 * @param future  Future. Borrowed.
 *
 * @return 0 or its code; RUNNER_EPENDING while it is not settled; RUNNER_EINVAL for NULL.
 * @note Thread: as runner_future_new(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_status(const runner_future_t *future);

/**
 * Take the outcome of a settled future.
 *
 * @param future  Future. Borrowed.
 * @param result  Receives the value; NULL discards it. Written only when 0 is returned.
 *
 * @return 0 or its code; RUNNER_EPENDING, RUNNER_EINVAL (NULL): nothing happened.
 * @note Thread: as runner_future_new(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_future_result(runner_future_t *future, void **result);

/**
 * What a future that failed with RUNNER_EGROUP failed of. A task hands it on to whoever awaits it,
 * and so do runner_gather() and runner_shield().
 *
 * @param future  Future, or NULL. Borrowed.
 *
 * @return The errors, borrowed from the future; NULL if there are none, and for NULL.
 * @note Thread: as runner_future_new(). Blocks: no. Source: R26, R162.
 * @since 0.1
 */
RUNNER_EXPORT runner_error_group_t *runner_future_errors(const runner_future_t *future);

/**
 * Share a handle once more.
 *
 * @param future  Future, or NULL. Shared.
 *
 * @return `future`.
 * @note Thread: as runner_future_new(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT runner_future_t *runner_future_ref(runner_future_t *future);

/**
 * Release a handle. When the last one of a rejected future goes and nobody took its outcome, the
 * exception handler is told.
 *
 * @param future  Future, or NULL. Given.
 *
 * @note Thread: as runner_future_new(); after runner_free(), any one at a time. Blocks: no.
 *       Source: R93.
 * @since 0.1
 */
RUNNER_EXPORT void runner_future_unref(runner_future_t *future);

RUNNER_END_DECLS

#endif
