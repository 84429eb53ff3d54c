/**
 * @file
 * The exception handler: who is told about an error that no caller can be given.
 */
#ifndef RUNNER_HANDLER_H
#define RUNNER_HANDLER_H

#include "export.h"
#include "types.h"

/** What went wrong. Everything in it is borrowed and valid during the call. */
typedef struct runner_exception {
    size_t size;             /**< sizeof(runner_exception_t) of the library. */
    const char *message;     /**< A sentence. */
    int code;                /**< The error, or 0. */
    runner_task_t *task;     /**< The task it happened in, or NULL. */
    runner_future_t *future; /**< The future it was found on, or NULL. */
    const char *name;        /**< Name of the task, callback or closable, or NULL. */
    const char *site;        /**< Where it was spawned, or NULL. */
    uint64_t duration_ns;    /**< Slow steps: how long it took; else 0. */
} runner_exception_t;

/**
 * An exception handler. Runs on the loop's thread, in the context of the task in question.
 * A negative code says that the handler itself failed; the default handler then says so.
 */
typedef int (*runner_exception_fn)(runner_t *self, const runner_exception_t *exception, void *arg);

RUNNER_BEGIN_DECLS

/**
 * Set the exception handler.
 *
 * @param self  Runner. Borrowed.
 * @param fn    Handler; NULL brings the default one back, which writes to stderr.
 * @param arg   Passed to it. Borrowed until `drop` ran.
 * @param drop  Releases `arg`, exactly once: when another handler is set or the runner is freed.
 *              NULL is none.
 *
 * @return 0, or with nothing consumed: RUNNER_EINVAL (NULL runner), RUNNER_ECLOSED, RUNNER_EFORK,
 *         RUNNER_ETHREAD (debug mode: another thread runs the loop).
 * @note Thread: the one that runs the loop, or any while none does. Blocks: no. Source: R65, R91,
 *       R92, R198.
 * @since 0.1
 */
RUNNER_EXPORT int runner_set_exception_handler(runner_t *self, runner_exception_fn fn, void *arg,
                                               runner_drop_fn drop);

/**
 * Hand an error to the exception handler, as the library does.
 *
 * @param self       Runner. Borrowed.
 * @param exception  What went wrong; its `size` is the caller's. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL argument, bad size), RUNNER_EFORK.
 * @note Thread: as runner_set_exception_handler(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_call_exception_handler(runner_t *self,
                                                const runner_exception_t *exception);

/**
 * Write an error to stderr as the default handler does: the message, then a line for each fact,
 * sorted by its key. For handlers that only want to add something.
 *
 * @param self       Runner. Borrowed.
 * @param exception  What went wrong. Borrowed.
 *
 * @return 0, or RUNNER_EINVAL (NULL argument, bad size): nothing written.
 * @note Thread: any. Blocks: as stderr does. Source: R92.
 * @since 0.1
 */
RUNNER_EXPORT int runner_default_exception_handler(runner_t *self,
                                                   const runner_exception_t *exception);

RUNNER_END_DECLS

#endif
