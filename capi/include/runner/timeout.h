/**
 * @file
 * Timeouts: a scope whose body is cancelled when a deadline passes.
 *
 *     code = runner_with_timeout(500, fetch, url, &page);   // RUNNER_ETIMEDOUT after half a second
 *     code = runner_await_for(task, 500, &page);
 */
#ifndef RUNNER_TIMEOUT_H
#define RUNNER_TIMEOUT_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a timeout of the loop that runs in this thread.
 *
 * @param out  Receives the timeout: release it with runner_timeout_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOLOOP (no librunner loop runs in
 *         this thread), RUNNER_ENOMEM.
 * @note Thread: the one that runs the loop. Blocks: no. Source: asyncio.Timeout.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_new(runner_timeout_t **out);

/**
 * Enter a timeout: what the running task does until runner_timeout_close() is its body.
 *
 * @param timeout     Timeout. Borrowed.
 * @param timeout_ms  Milliseconds from now; 0 cancels the body at its first wait; RUNNER_FOREVER
 *                    never.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL    NULL
 *   - RUNNER_EENTERED  it was entered before
 *   - RUNNER_ENOTASK   not called from inside a task
 *   - RUNNER_EFOREIGN  it belongs to another loop
 *   - RUNNER_ENOMEM    no room for the timer
 *
 * @note Thread: the one that runs the loop. Blocks: no. Source: R170-R173, R181.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_open(runner_timeout_t *timeout, uint64_t timeout_ms);

/**
 * Enter a timeout with a deadline on the loop's clock, see runner_time_ns().
 *
 * @param timeout  Timeout. Borrowed.
 * @param when_ns  Nanoseconds; one that has passed cancels the body at its first wait; UINT64_MAX
 *                 never.
 *
 * @return As runner_timeout_open().
 * @note Thread: the one that runs the loop. Blocks: no. Source: asyncio.timeout_at(), R173.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_open_at_ns(runner_timeout_t *timeout, uint64_t when_ns);

/**
 * Move the deadline of a timeout that is active.
 *
 * @param timeout     Timeout. Borrowed.
 * @param timeout_ms  Milliseconds from now; RUNNER_FOREVER takes the deadline away.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL       NULL
 *   - RUNNER_ENOTENTERED  it was not entered yet
 *   - RUNNER_EEXPIRING    the deadline has passed and the body was cancelled
 *   - RUNNER_EEXPIRED     it is closed, and had expired
 *   - RUNNER_EFINISHED    it is closed, and had not
 *   - RUNNER_EFOREIGN     it belongs to another loop
 *   - RUNNER_ENOMEM       no room for the timer
 *
 * @note Thread: the one that runs the loop. Blocks: no. Source: R180.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_reschedule(runner_timeout_t *timeout, uint64_t timeout_ms);

/**
 * Move the deadline of a timeout that is active, given on the loop's clock.
 *
 * @param timeout  Timeout. Borrowed.
 * @param when_ns  Nanoseconds, as for runner_timeout_open_at_ns().
 *
 * @return As runner_timeout_reschedule().
 * @note Thread: the one that runs the loop. Blocks: no. Source: R180.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_reschedule_at_ns(runner_timeout_t *timeout, uint64_t when_ns);

/**
 * End the body of a timeout. Does not wait.
 *
 * @param timeout  Timeout. Borrowed.
 * @param code     How the body has ended: 0, or a negative code.
 *
 * @return
 *   - RUNNER_ETIMEDOUT  the body ended with RUNNER_ECANCELED because the deadline passed, and for
 *                       no other reason
 *   - `code`            in every other case; runner_timeout_expired() tells if the deadline passed
 *   or with nothing done:
 *   - RUNNER_EINVAL       NULL, or a positive `code`
 *   - RUNNER_ENOTENTERED  it was not entered
 *   - RUNNER_EFINISHED, RUNNER_EEXPIRED  it was closed before
 *   - RUNNER_EOWNER       another task has entered it
 *
 * @note Thread: the one that runs the loop. Blocks: no. Source: R170-R179.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_close(runner_timeout_t *timeout, int code);

/**
 * Whether the deadline has passed while the body ran.
 *
 * @param timeout  Timeout, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: the one that runs the loop. Blocks: no. Source: R170, R171.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timeout_expired(const runner_timeout_t *timeout);

/**
 * The deadline on the loop's clock.
 *
 * @param timeout  Timeout, or NULL. Borrowed.
 *
 * @return Nanoseconds; UINT64_MAX for none, while it was not entered, and for NULL.
 * @note Thread: the one that runs the loop. Blocks: no. Source: R180.
 * @since 0.1
 */
RUNNER_EXPORT uint64_t runner_timeout_when_ns(const runner_timeout_t *timeout);

/**
 * Release the handle. One that is still open never expires.
 *
 * @param timeout  Timeout, or NULL. Given.
 *
 * @note Thread: the one that runs the loop; after runner_free(), any one at a time. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_timeout_unref(runner_timeout_t *timeout);

/**
 * Run a function as the body of a timeout: opens, calls, closes.
 *
 * @param timeout_ms  Milliseconds from now, as for runner_timeout_open().
 * @param fn          Body; runs in the calling task.
 * @param arg         Passed to it. Borrowed until the call returns.
 * @param result      Receives its result; NULL discards it. Written only when 0 is returned.
 *
 * @return 0, what the body failed with, or RUNNER_ETIMEDOUT. Or with nothing done: RUNNER_EINVAL
 *         (NULL `fn`), RUNNER_ENOTASK, RUNNER_ENOTSUP (a stackless task: use open and close),
 *         RUNNER_ENOMEM. A body that returns a positive number fails with RUNNER_EBADRESULT.
 * @note Thread: the one that runs the loop. Waits if the body does. Source: R170-R179.
 * @since 0.1
 */
RUNNER_EXPORT int runner_with_timeout(uint64_t timeout_ms, runner_fn fn, void *arg, void **result);

/**
 * Wait for a task, but not longer than a time: then it is cancelled, and waited for.
 *
 * @param task        Task of this loop. Borrowed.
 * @param timeout_ms  Milliseconds; 0 cancels a task that is not done at once, even one that has not
 *                    started; RUNNER_FOREVER is runner_await().
 * @param result      Receives the task's result, as for runner_await().
 *
 * @return As runner_await(), and RUNNER_ETIMEDOUT: the time has passed and the task ended
 *         cancelled. A task that ends otherwise all the same has its outcome returned.
 *         RUNNER_ENOMEM: no room for the timer, nothing happened.
 * @note Thread: the one that runs the loop. Waits, unless the task is done.
 *       Source: asyncio.wait_for().
 * @since 0.1
 */
RUNNER_EXPORT int runner_await_for(runner_task_t *task, uint64_t timeout_ms, void **result);

RUNNER_END_DECLS

#endif
