/**
 * @file
 * Context variables: values that follow a program's tasks, copied when a task is spawned.
 */
#ifndef RUNNER_CONTEXT_H
#define RUNNER_CONTEXT_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Make a context variable.
 *
 * @param name  For people; copied.
 * @param drop  Releases a value when no context holds it any more. It may run on any thread.
 *              NULL is none.
 * @param out   Receives the variable. It lives as long as anything refers to it: give it back with
 *              runner_var_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL name or `out`), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_var_new(const char *name, runner_drop_fn drop, runner_var_t **out);

/**
 * The name of a variable.
 *
 * @param var  Variable. Borrowed.
 *
 * @return Text, valid while the variable is; "" for NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT const char *runner_var_name(const runner_var_t *var);

/**
 * Set a variable in the current context: the task's, the callback's, or the thread's own.
 *
 * @param var    Variable. Shared with the context.
 * @param value  New value. Given if the call returns 0.
 *
 * @return 0, or with nothing changed: RUNNER_EINVAL (NULL variable), RUNNER_ENOMEM.
 * @note Thread: any; each thread and task sees its own context. Blocks: no. Source: R54-R62.
 * @since 0.1
 */
RUNNER_EXPORT int runner_var_set(runner_var_t *var, void *value);

/**
 * Get a variable of the current context.
 *
 * @param var    Variable. Borrowed.
 * @param value  Receives the value, borrowed from the context.
 *
 * @return 0, or with nothing written: RUNNER_EINVAL (NULL argument), RUNNER_EPENDING (never set in
 *         this context).
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_var_get(const runner_var_t *var, void **value);

/**
 * Release a variable. Contexts that hold a value of it keep it alive.
 *
 * @param var  Variable, or NULL. Given.
 *
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_var_unref(runner_var_t *var);

/**
 * Make an empty context.
 *
 * @param out  Receives the context, owned by the caller: release it with runner_context_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_context_new(runner_context_t **out);

/**
 * Copy the current context: the task's, the callback's, or the thread's own.
 *
 * @param out  Receives the copy, owned by the caller: release it with runner_context_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no; the copy shares its storage until either side writes.
 * @since 0.1
 */
RUNNER_EXPORT int runner_context_copy(runner_context_t **out);

/**
 * Get a variable of a context that nothing runs in at the moment.
 *
 * @param context  Context. Borrowed.
 * @param var      Variable. Borrowed.
 * @param value    Receives the value, borrowed from the context.
 *
 * @return As runner_var_get().
 * @note Thread: any one at a time. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_context_get(const runner_context_t *context, const runner_var_t *var,
                                     void **value);

/**
 * Set a variable of a context that nothing runs in at the moment.
 *
 * @param context  Context. Borrowed.
 * @param var      Variable. Shared with the context.
 * @param value    New value. Given if the call returns 0.
 *
 * @return 0, or with nothing changed: RUNNER_EINVAL (NULL context or variable), RUNNER_ENOMEM.
 * @note Thread: any one at a time. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_context_set(runner_context_t *context, runner_var_t *var, void *value);

/**
 * Share a context once more.
 *
 * @param context  Context, or NULL. Shared.
 *
 * @return `context`.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT runner_context_t *runner_context_ref(runner_context_t *context);

/**
 * Release a context.
 *
 * @param context  Context, or NULL. Given.
 *
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_context_unref(runner_context_t *context);

RUNNER_END_DECLS

#endif
