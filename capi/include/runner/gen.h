/**
 * @file
 * Asynchronous generators: coroutines that yield values to the task that asks for the next one.
 */
#ifndef RUNNER_GEN_H
#define RUNNER_GEN_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a generator. Its body starts with the first runner_gen_next().
 *
 * The body runs as part of whichever task asks for the next value, so its waits are that task's
 * waits, and a cancel reaches it there. A generator that is neither exhausted nor closed is
 * closed at shutdown.
 *
 * @param fn          Body: calls runner_gen_yield(), returns 0 at its end or a negative code.
 * @param arg         Passed to `fn`. Borrowed until `drop` ran.
 * @param drop        Releases `arg`, exactly once, when the body is over. NULL is none.
 * @param stack_bytes Stack of the body; 0 is the runner's option.
 * @param out         Receives the generator, owned by the caller: release it with
 *                    runner_gen_unref().
 *
 * @return 0, or with nothing consumed: RUNNER_EINVAL (NULL `fn` or `out`, absurd stack size),
 *         RUNNER_ENOLOOP, RUNNER_ENOMEM.
 * @note Thread: the one that runs the loop, in a task or callback. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_gen_new(runner_fn fn, void *arg, runner_drop_fn drop, size_t stack_bytes,
                                 runner_gen_t **out);

/**
 * Run the generator to its next value.
 *
 * @param gen    Generator. Borrowed.
 * @param value  Receives the value; NULL discards it. Written only when 0 is returned.
 *
 * @return 0 with a value. Otherwise:
 *   - RUNNER_EEND     the body has returned 0, now or earlier, or it was closed
 *   - RUNNER_EBUSY    the generator is running already, in this or another task
 *   - RUNNER_EINVAL   NULL
 *   - RUNNER_ENOTASK, RUNNER_ENOTSUP  not called from a coroutine
 *   - RUNNER_EFOREIGN the generator belongs to another loop
 *   - any other code  what the body returned; it is over
 *
 * @note Thread: the one that runs the loop, in a coroutine. Waits as the body does.
 * @since 0.1
 */
RUNNER_EXPORT int runner_gen_next(runner_gen_t *gen, void **value);

/**
 * Inside a generator: hand a value out, and stop until the next one is asked for.
 *
 * @param value  Handed to the caller of runner_gen_next().
 *
 * @return 0 when the next value is asked for; RUNNER_ECLOSED when the generator is being closed:
 *         clean up, which may wait, and return; RUNNER_ENOTASK outside of a generator.
 * @note Thread: the one that runs the loop, in a generator.
 * @since 0.1
 */
RUNNER_EXPORT int runner_gen_yield(void *value);

/**
 * Close a generator: its runner_gen_yield() returns RUNNER_ECLOSED and the body cleans up.
 *
 * @param gen  Generator. Borrowed.
 *
 * @return 0 if the body is over: it returned 0 or RUNNER_ECLOSED, had not started, or was over
 *         before. Otherwise:
 *   - RUNNER_EIGNORED  the body yielded again instead of ending
 *   - RUNNER_EBUSY     the generator is running
 *   - RUNNER_EINVAL, RUNNER_ENOTASK, RUNNER_ENOTSUP, RUNNER_EFOREIGN  as runner_gen_next()
 *   - any other code   what the body returned; it is over
 *
 * @note Thread: the one that runs the loop, in a coroutine. Waits as the body does.
 * @since 0.1
 */
RUNNER_EXPORT int runner_gen_close(runner_gen_t *gen);

/**
 * Release a generator. One that is not over is closed at shutdown.
 *
 * @param gen  Generator, or NULL. Given.
 *
 * @note Thread: the one that runs the loop, or any while none does. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_gen_unref(runner_gen_t *gen);

RUNNER_END_DECLS

#endif
