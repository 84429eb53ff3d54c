/**
 * @file
 * Tasks for a loop that runs in another thread, with a handle to wait on and cancel from here.
 */
#ifndef RUNNER_SUBMISSION_H
#define RUNNER_SUBMISSION_H

#include "export.h"
#include "task.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Start a coroutine on the loop of a runner, from any thread.
 *
 * What is accepted settles exactly once: with the task's outcome, or RUNNER_ECANCELED if the
 * runner closes first.
 *
 * @param self  Runner. Borrowed; must not be freed meanwhile.
 * @param fn    Body.
 * @param arg   Passed to `fn`. Borrowed until `opts->drop` ran or the submission is settled.
 * @param opts  Options, as for runner_spawn(); NULL is all defaults. `name` and `context` are
 *              shared with the loop's thread. `eager` is ignored. Borrowed.
 * @param out   Receives a handle for any thread: release it with runner_submission_unref(). NULL
 *              detaches the task.
 *
 * @return 0, or with nothing consumed:
 *   - RUNNER_EINVAL   NULL runner or `fn`, or bad options
 *   - RUNNER_ECLOSED  the runner is closed, or closing and past the cancelling of its tasks
 *   - RUNNER_EFORK    made in the parent process
 *   - RUNNER_ENOMEM   no memory
 *   - a code of libuv: a lock could not be made
 *
 * @note Thread: any. Blocks: no. Source: R186, R188.
 * @since 0.1
 */
RUNNER_EXPORT int runner_spawn_threadsafe(runner_t *self, runner_fn fn, void *arg,
                                          const runner_spawn_options_t *opts,
                                          runner_submission_t **out);

/**
 * Block this thread until the submission is settled, and take its outcome.
 *
 * @param submission  Handle. Borrowed.
 * @param timeout_ms  Most milliseconds to wait; RUNNER_FOREVER waits without limit.
 * @param result      Receives the task's result; NULL leaves it. Written only when 0 is returned.
 *
 * @return 0 or the task's code. Also:
 *   - RUNNER_ECANCELED  the task was cancelled, or the runner closed before it ran
 *   - RUNNER_EABANDONED shutdown gave the task up
 *   - RUNNER_ENOMEM     there was no memory for the task when it was to start
 *   - RUNNER_ETIMEDOUT  it is not settled yet and goes on
 *   - RUNNER_EINVAL     NULL
 *   - RUNNER_ELOOP      called on the thread that would have to settle it
 *
 * @note Thread: any but the loop's. Blocks: yes. Source: R186, R187.
 * @since 0.1
 */
RUNNER_EXPORT int runner_submission_wait(runner_submission_t *submission, uint64_t timeout_ms,
                                         void **result);

/**
 * Ask the task to end, from any thread.
 *
 * @param submission  Handle. Borrowed.
 *
 * @return 0 if the request is on its way, or with nothing done: RUNNER_EINVAL (NULL),
 *         RUNNER_EDONE (settled).
 * @note Thread: any. Blocks: no. Source: R187.
 * @since 0.1
 */
RUNNER_EXPORT int runner_submission_cancel(runner_submission_t *submission);

/**
 * Whether the submission is settled.
 *
 * @param submission  Handle, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_submission_done(runner_submission_t *submission);

/**
 * Release the handle; the task goes on.
 *
 * @param submission  Handle, or NULL. Given.
 *
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_submission_unref(runner_submission_t *submission);

RUNNER_END_DECLS

#endif
