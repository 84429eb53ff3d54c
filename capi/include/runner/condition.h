/**
 * @file
 * Conditions: tasks that share a lock wait until another one says that something has changed.
 */
#ifndef RUNNER_CONDITION_H
#define RUNNER_CONDITION_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a condition.
 *
 * @param out   Receives the condition: release it with runner_condition_unref().
 * @param lock  Its lock, which several conditions may share. Shared. NULL makes a new one.
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL `out`), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no. Source: asyncio.Condition.
 * @since 0.1
 */
RUNNER_EXPORT int runner_condition_new(runner_condition_t **out, runner_lock_t *lock);

/**
 * The lock of a condition, to be acquired and released around everything that follows.
 *
 * @param condition  Condition, or NULL. Borrowed.
 *
 * @return The lock, borrowed from the condition; NULL for NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT runner_lock_t *runner_condition_lock(const runner_condition_t *condition);

/**
 * Release the lock, wait for a notification, and take the lock again.
 *
 * The lock is held whenever this returns a code that is not a refusal, also after a cancel: a cancel
 * that comes while the lock is being taken again is told afterwards. What was waited for may have
 * changed meanwhile, so wait in a loop:
 *
 *     while (code == 0 && !ready)
 *         code = runner_condition_wait(condition);
 *
 * @param condition  Condition. Borrowed; kept alive while the task waits.
 *
 * @return 0: notified. RUNNER_ECANCELED: the lock is held, and another waiter was woken, in case a
 *         notification was meant for this one. RUNNER_EPARKED (stackless caller). Or with nothing done:
 *         RUNNER_ENOTLOCKED (nobody holds the lock), RUNNER_ENOTASK, RUNNER_EBUSY, RUNNER_EINVAL
 *         (NULL), RUNNER_EFOREIGN (tasks of another loop use it).
 * @note Thread: the one that runs the loop. Waits. Source: asyncio.Condition.
 * @since 0.1
 */
RUNNER_EXPORT int runner_condition_wait(runner_condition_t *condition);

/**
 * Wake tasks that wait for the condition, in the order of their coming. Each goes on once it has
 * the lock, which this does not release.
 *
 * @param condition  Condition. Borrowed.
 * @param count      Most tasks to wake.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ENOTLOCKED (nobody holds the lock),
 *         RUNNER_ETHREAD (debug mode: tasks of another thread wait for it).
 * @note Thread: the one that runs the loop whose tasks use it. Blocks: no.
 *       Source: asyncio.Condition.
 * @since 0.1
 */
RUNNER_EXPORT int runner_condition_notify(runner_condition_t *condition, size_t count);

/**
 * Wake every task that waits for the condition.
 *
 * @param condition  Condition. Borrowed.
 *
 * @return As runner_condition_notify().
 * @note Thread: as runner_condition_notify(). Blocks: no. Source: asyncio.Condition.
 * @since 0.1
 */
RUNNER_EXPORT int runner_condition_notify_all(runner_condition_t *condition);

/**
 * Release the handle.
 *
 * @param condition  Condition, or NULL. Given.
 *
 * @note Thread: as runner_condition_notify(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_condition_unref(runner_condition_t *condition);

RUNNER_END_DECLS

#endif
