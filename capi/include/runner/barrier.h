/**
 * @file
 * Barriers: a number of tasks wait for each other.
 */
#ifndef RUNNER_BARRIER_H
#define RUNNER_BARRIER_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a barrier. It belongs to no runner.
 *
 * @param out      Receives the barrier: release it with runner_barrier_unref().
 * @param parties  How many tasks it takes to pass, at least 1.
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL, or no parties), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no. Source: asyncio.Barrier.
 * @since 0.1
 */
RUNNER_EXPORT int runner_barrier_new(runner_barrier_t **out, size_t parties);

/**
 * Wait until as many tasks wait as the barrier has parties. Then all of them go on, and once they
 * have, the barrier can be used again; who comes before that waits for it.
 *
 * @param barrier  Barrier. Borrowed; kept alive while the task waits.
 * @param index    Receives a number that no other task of this passing has, from 0 to parties - 1;
 *                 NULL is none. Written only when 0 is returned. For a stackless caller it must
 *                 stay valid until the wait ends.
 *
 * @return 0: passed. RUNNER_EBROKEN: runner_barrier_abort() or runner_barrier_reset() was called.
 *         RUNNER_ECANCELED: this task is not counted any more. RUNNER_EPARKED (stackless caller),
 *         RUNNER_ENOTASK, RUNNER_EBUSY, RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (tasks of another
 *         loop wait at it).
 * @note Thread: the one that runs the loop. Waits, unless it is the last. Source: asyncio.Barrier.
 * @since 0.1
 */
RUNNER_EXPORT int runner_barrier_wait(runner_barrier_t *barrier, size_t *index);

/**
 * Make the barrier as new. Who waits at it gets RUNNER_EBROKEN.
 *
 * @param barrier  Barrier. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ETHREAD (debug mode: tasks of
 *         another thread wait at it).
 * @note Thread: the one that runs the loop whose tasks use it. Blocks: no. Source: asyncio.Barrier.
 * @since 0.1
 */
RUNNER_EXPORT int runner_barrier_reset(runner_barrier_t *barrier);

/**
 * Break the barrier: who waits at it, and whoever comes, gets RUNNER_EBROKEN until it is reset.
 *
 * @param barrier  Barrier. Borrowed.
 *
 * @return As runner_barrier_reset().
 * @note Thread: as runner_barrier_reset(). Blocks: no. Source: asyncio.Barrier.
 * @since 0.1
 */
RUNNER_EXPORT int runner_barrier_abort(runner_barrier_t *barrier);

/**
 * How many tasks it takes to pass.
 *
 * @param barrier  Barrier, or NULL. Borrowed.
 *
 * @return The count; 0 for NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_barrier_parties(const runner_barrier_t *barrier);

/**
 * How many tasks wait for the others.
 *
 * @param barrier  Barrier, or NULL. Borrowed.
 *
 * @return The count; 0 for NULL, and unless it is filling.
 * @note Thread: as runner_barrier_reset(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_barrier_waiting(const runner_barrier_t *barrier);

/**
 * Whether the barrier is broken.
 *
 * @param barrier  Barrier, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: as runner_barrier_reset(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_barrier_broken(const runner_barrier_t *barrier);

/**
 * Release the handle.
 *
 * @param barrier  Barrier, or NULL. Given.
 *
 * @note Thread: as runner_barrier_reset(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_barrier_unref(runner_barrier_t *barrier);

RUNNER_END_DECLS

#endif
