/**
 * @file
 * Events: a flag that tasks wait for.
 */
#ifndef RUNNER_EVENT_H
#define RUNNER_EVENT_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make an event whose flag is not set. It belongs to no runner.
 *
 * @param out  Receives the event: release it with runner_event_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no. Source: asyncio.Event.
 * @since 0.1
 */
RUNNER_EXPORT int runner_event_new(runner_event_t **out);

/**
 * Set the flag and wake every task that waits for it, in the order of their coming.
 *
 * @param event  Event. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ETHREAD (debug mode: tasks of
 *         another thread wait for it).
 * @note Thread: the one that runs the loop whose tasks use it. Blocks: no. Source: asyncio.Event.
 * @since 0.1
 */
RUNNER_EXPORT int runner_event_set(runner_event_t *event);

/**
 * Clear the flag: who waits from now on waits for the next runner_event_set(). Who was woken goes
 * on.
 *
 * @param event  Event. Borrowed.
 *
 * @return 0, or RUNNER_EINVAL (NULL).
 * @note Thread: as runner_event_set(). Blocks: no. Source: asyncio.Event.
 * @since 0.1
 */
RUNNER_EXPORT int runner_event_clear(runner_event_t *event);

/**
 * Whether the flag is set.
 *
 * @param event  Event, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: as runner_event_set(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_event_is_set(const runner_event_t *event);

/**
 * Wait until the flag is set; at once if it is.
 *
 * @param event  Event. Borrowed; kept alive while the task waits.
 *
 * @return 0, or RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller), RUNNER_ENOTASK, RUNNER_EBUSY,
 *         RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (tasks of another loop wait for it).
 * @note Thread: the one that runs the loop. Waits, unless it is set. Source: asyncio.Event.
 * @since 0.1
 */
RUNNER_EXPORT int runner_event_wait(runner_event_t *event);

/**
 * Release the handle.
 *
 * @param event  Event, or NULL. Given.
 *
 * @note Thread: as runner_event_set(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_event_unref(runner_event_t *event);

RUNNER_END_DECLS

#endif
