/**
 * @file
 * Closables: resources that close with awaits at shutdown. Generators are built on them.
 */
#ifndef RUNNER_CLOSABLE_H
#define RUNNER_CLOSABLE_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Have a coroutine run at shutdown, after the tasks have ended and before the executor drains.
 *
 * All closables close concurrently, started in registration order. They may await, spawn and use
 * the executor. An error is reported and disturbs no other.
 *
 * @param self   Runner. Borrowed; made ready to use if it is new.
 * @param name   For reports; copied. NULL is "closable".
 * @param close  Body of the task that closes it; called at most once.
 * @param arg    Passed to it. Borrowed until `drop` ran.
 * @param drop   Releases `arg`, exactly once: closed, or unregistered. NULL is none.
 * @param out    Receives the registration, valid until it is unregistered or the runner is closed.
 *               NULL: it can not be unregistered.
 *
 * @return 0, or with nothing consumed: RUNNER_EINVAL (NULL runner or `close`), RUNNER_ECLOSED,
 *         RUNNER_EFORK, RUNNER_ENOMEM, RUNNER_ETHREAD (debug mode), or a code of the loop's
 *         creation.
 * @note Thread: the one that runs the loop, or any while none does. Blocks: no. Source: R94-R97.
 * @since 0.1
 */
RUNNER_EXPORT int runner_closable_register(runner_t *self, const char *name, runner_fn close,
                                           void *arg, runner_drop_fn drop, runner_closable_t **out);

/**
 * Take a registration back without closing; `drop` runs now.
 *
 * @param closable  Registration. Given if the call returns 0.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_EDONE (it is being closed).
 * @note Thread: as runner_closable_register(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_closable_unregister(runner_closable_t *closable);

RUNNER_END_DECLS

#endif
