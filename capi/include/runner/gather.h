/**
 * @file
 * Several futures at once, or one protected from cancellation. Tasks take part as their futures,
 * see runner_task_future().
 */
#ifndef RUNNER_GATHER_H
#define RUNNER_GATHER_H

#include "export.h"
#include "types.h"

/** `return_when`: one future is done. */
#define RUNNER_FIRST_COMPLETED 1
/** `return_when`: one future has failed, or all are done. */
#define RUNNER_FIRST_EXCEPTION 2
/** `return_when`: all futures are done. */
#define RUNNER_ALL_COMPLETED 3

RUNNER_BEGIN_DECLS

/**
 * Combine futures into one that is done when all of them are.
 *
 * Its value is an array of their values, `void **`, in the order of the arguments, owned by the new
 * future. The first of them that fails or is cancelled fails the new one with its code; the others
 * go on. Cancelling the new future, as cancelling a task that awaits it does, cancels all of them,
 * and it ends with RUNNER_ECANCELED once they have.
 *
 * @param futures        Futures of one loop, which may occur more than once. Shared. NULL if there
 *                       are none.
 * @param count          How many.
 * @param return_errors  Not 0: an error is an outcome like another. The array has NULL there, and
 *                       runner_future_status() of that future tells the code.
 * @param out            Receives the future: release it with runner_future_unref(). It goes once it
 *                       has no handle and all that it was made of has ended: later errors of
 *                       those are taken by it.
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL among the futures, or NULL `out`),
 *         RUNNER_EFOREIGN (futures of different loops), RUNNER_ENOLOOP (no futures, and no
 *         librunner loop runs in this thread), RUNNER_ENOMEM, RUNNER_ETHREAD (debug mode: another
 *         thread runs their loop).
 * @note Thread: as runner_future_new(). Blocks: no. Source: asyncio.gather(), R184.
 * @since 0.1
 */
RUNNER_EXPORT int runner_gather(runner_future_t *const *futures, size_t count, int return_errors,
                                runner_future_t **out);

/**
 * A future that ends as another one does, and whose cancel does not reach it.
 *
 * @param inner  Future. Shared.
 * @param out    Receives the future, which is `inner` itself once that is done: release it with
 *               runner_future_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOMEM.
 * @note Thread: as runner_future_new(). Blocks: no. An error of `inner` that comes after the cancel
 *       is reported, unless somebody takes it. Source: asyncio.shield(), R182-R185.
 * @since 0.1
 */
RUNNER_EXPORT int runner_shield(runner_future_t *inner, runner_future_t **out);

/**
 * Wait until some or all of several futures are done. A cancel of the calling task does not reach
 * them. Their outcomes are not taken, but for the error that ends a wait for the first one.
 *
 * @param futures      Futures of this loop. Borrowed; kept alive while the task waits.
 * @param count        How many, at least one.
 * @param return_when  RUNNER_FIRST_COMPLETED, RUNNER_FIRST_EXCEPTION or RUNNER_ALL_COMPLETED.
 * @param timeout_ms   Most milliseconds to wait; RUNNER_FOREVER waits without limit.
 * @param done         Receives how many entries of `futures` are done; NULL is none. Written only
 *                     when 0 is returned. For a stackless caller it must stay valid until the wait
 *                     ends.
 *
 * @return 0, also when the time has passed. Or RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller),
 *         RUNNER_ENOTASK, RUNNER_EBUSY, RUNNER_EINVAL (no futures, NULL among them, unknown
 *         `return_when`), RUNNER_EFOREIGN (a future of another loop), RUNNER_ENOMEM, RUNNER_ETHREAD
 *         (debug mode: another thread runs their loop).
 * @note Thread: the one that runs the loop. Waits. Source: asyncio.wait().
 * @since 0.1
 */
RUNNER_EXPORT int runner_wait(runner_future_t *const *futures, size_t count, int return_when,
                              uint64_t timeout_ms, size_t *done);

/**
 * Begin to go through futures in the order in which they end.
 *
 * @param futures     Futures of one loop. Shared. One that occurs twice comes once. NULL if there
 *                    are none.
 * @param count       How many.
 * @param timeout_ms  Milliseconds for all of them; RUNNER_FOREVER is no limit.
 * @param out         Receives the iteration: release it with runner_as_completed_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL among the futures, or NULL `out`),
 *         RUNNER_EFOREIGN (a future of another loop), RUNNER_ENOLOOP (no librunner loop runs in this
 *         thread), RUNNER_ENOMEM, RUNNER_ETHREAD (debug mode: another thread runs their loop).
 * @note Thread: the one that runs the loop. Blocks: no. Source: asyncio.as_completed().
 * @since 0.1
 */
RUNNER_EXPORT int runner_as_completed_new(runner_future_t *const *futures, size_t count,
                                          uint64_t timeout_ms, runner_as_completed_t **out);

/**
 * Wait for the next future that is done.
 *
 * @param self    Iteration. Borrowed; kept alive while the task waits.
 * @param future  Receives the future, borrowed from the iteration. Written only when 0 is returned.
 *                For a stackless caller it must stay valid until the wait ends.
 *
 * @return 0. RUNNER_EEND: all have come. RUNNER_ETIMEDOUT: the time has passed; once for every
 *         future that has not come. RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller),
 *         RUNNER_ENOTASK, RUNNER_EBUSY, RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (of another loop).
 * @note Thread: the one that runs the loop. Waits, unless one is done. Source:
 *       asyncio.as_completed().
 * @since 0.1
 */
RUNNER_EXPORT int runner_as_completed_next(runner_as_completed_t *self, runner_future_t **future);

/**
 * Release the handle. What has not come goes on by itself.
 *
 * @param self  Iteration, or NULL. Given.
 *
 * @note Thread: the one that runs the loop; after runner_free(), any one at a time. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_as_completed_unref(runner_as_completed_t *self);

RUNNER_END_DECLS

#endif
