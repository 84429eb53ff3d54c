/**
 * @file
 * Semaphores: so many tasks at a time, in the order of their coming.
 */
#ifndef RUNNER_SEMAPHORE_H
#define RUNNER_SEMAPHORE_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a semaphore. It belongs to no runner.
 *
 * @param out    Receives the semaphore: release it with runner_semaphore_unref().
 * @param value  How many tasks may acquire it before one has to wait.
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no. Source: asyncio.Semaphore.
 * @since 0.1
 */
RUNNER_EXPORT int runner_semaphore_new(runner_semaphore_t **out, size_t value);

/**
 * Make a semaphore that can not be released more often than it was acquired.
 *
 * @param out    Receives the semaphore: release it with runner_semaphore_unref().
 * @param value  How many tasks may acquire it before one has to wait.
 *
 * @return As runner_semaphore_new().
 * @note Thread: any. Blocks: no. Source: asyncio.BoundedSemaphore.
 * @since 0.1
 */
RUNNER_EXPORT int runner_semaphore_new_bounded(runner_semaphore_t **out, size_t value);

/**
 * Lower the value by one; wait while it is zero or others came earlier.
 *
 * @param semaphore  Semaphore. Borrowed; kept alive while the task waits.
 *
 * @return 0: acquired. RUNNER_ECANCELED: it is not; if it was handed to this task meanwhile, the
 *         next in line has got it. RUNNER_EPARKED (stackless caller), RUNNER_ENOTASK, RUNNER_EBUSY,
 *         RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (tasks of another loop wait for it).
 * @note Thread: the one that runs the loop. Waits, unless it is free. Source: asyncio.Semaphore.
 * @since 0.1
 */
RUNNER_EXPORT int runner_semaphore_acquire(runner_semaphore_t *semaphore);

/**
 * Raise the value by one, or hand it to the task that has waited longest.
 *
 * @param semaphore  Semaphore. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ERELEASED (a bounded one has its
 *         first value already, or the value would overflow), RUNNER_ETHREAD (debug mode: tasks of
 *         another thread wait for it).
 * @note Thread: the one that runs the loop whose tasks use it. Blocks: no.
 *       Source: asyncio.Semaphore, asyncio.BoundedSemaphore.
 * @since 0.1
 */
RUNNER_EXPORT int runner_semaphore_release(runner_semaphore_t *semaphore);

/**
 * Whether a task that came now would have to wait.
 *
 * @param semaphore  Semaphore, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: as runner_semaphore_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_semaphore_locked(const runner_semaphore_t *semaphore);

/**
 * The value: what is neither acquired nor on its way to a task.
 *
 * @param semaphore  Semaphore, or NULL. Borrowed.
 *
 * @return The value; 0 for NULL.
 * @note Thread: as runner_semaphore_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_semaphore_value(const runner_semaphore_t *semaphore);

/**
 * Release the handle.
 *
 * @param semaphore  Semaphore, or NULL. Given.
 *
 * @note Thread: as runner_semaphore_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_semaphore_unref(runner_semaphore_t *semaphore);

RUNNER_END_DECLS

#endif
