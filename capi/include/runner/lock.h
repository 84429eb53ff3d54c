/**
 * @file
 * Locks: one task at a time, in the order of their coming.
 */
#ifndef RUNNER_LOCK_H
#define RUNNER_LOCK_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a lock that nobody holds. It belongs to no runner.
 *
 * @param out  Receives the lock: release it with runner_lock_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no. Source: asyncio.Lock.
 * @since 0.1
 */
RUNNER_EXPORT int runner_lock_new(runner_lock_t **out);

/**
 * Take the lock; wait while another task has it or came earlier.
 *
 * It is not recursive: a task that takes it twice waits for itself.
 *
 * @param lock  Lock. Borrowed; kept alive while the task waits.
 *
 * @return 0: the calling task holds it. RUNNER_ECANCELED: it does not; if the lock was handed to it
 *         meanwhile, the next in line has got it. RUNNER_EPARKED (stackless caller),
 *         RUNNER_ENOTASK, RUNNER_EBUSY (a stackless task that is parked already), RUNNER_EINVAL
 *         (NULL), RUNNER_EFOREIGN (a task of another loop holds it or waits for it).
 * @note Thread: the one that runs the loop. Waits, unless it is free. Source: asyncio.Lock.
 * @since 0.1
 */
RUNNER_EXPORT int runner_lock_acquire(runner_lock_t *lock);

/**
 * Give the lock to the task that has waited longest, or free it. Any task or callback may do that,
 * not only the holder.
 *
 * @param lock  Lock. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ENOTLOCKED (nobody holds it),
 *         RUNNER_ETHREAD (debug mode: tasks of another thread wait for it).
 * @note Thread: the one that runs the loop whose tasks use it. Blocks: no. Source: asyncio.Lock.
 * @since 0.1
 */
RUNNER_EXPORT int runner_lock_release(runner_lock_t *lock);

/**
 * Whether a task holds the lock.
 *
 * @param lock  Lock, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL, and while a task to which it was handed has not run yet.
 * @note Thread: as runner_lock_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_lock_locked(const runner_lock_t *lock);

/**
 * The number of the task that took the lock, for reports.
 *
 * @param lock  Lock, or NULL. Borrowed.
 *
 * @return What runner_task_id() says of it; 0 while nobody holds it, and for NULL.
 * @note Thread: as runner_lock_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT uint64_t runner_lock_holder(const runner_lock_t *lock);

/**
 * How many tasks wait for the lock: also one to which it was handed and that has not run, but not one
 * that was cancelled.
 *
 * @param lock  Lock, or NULL. Borrowed.
 *
 * @return The count; 0 for NULL.
 * @note Thread: as runner_lock_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_lock_waiters(const runner_lock_t *lock);

/**
 * Release the handle. Who waits for the lock keeps it alive; who holds it does not: release it
 * first.
 *
 * @param lock  Lock, or NULL. Given.
 *
 * @note Thread: as runner_lock_release(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_lock_unref(runner_lock_t *lock);

RUNNER_END_DECLS

#endif
