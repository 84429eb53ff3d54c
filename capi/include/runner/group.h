/**
 * @file
 * Task groups: children that end before the group does, and whose errors come out together.
 *
 *     int body(runner_group_t *group, void *arg)
 *     {
 *         int code = runner_group_spawn(group, fetch, "a", NULL, NULL);
 *         return code != 0 ? code : runner_group_spawn(group, fetch, "b", NULL, NULL);
 *     }
 *
 *     code = runner_with_group(body, NULL, NULL);   // waits for both
 *
 * The first child that fails has its siblings cancelled, and the body at its next wait. When all
 * have ended the group ends with RUNNER_EGROUP, and the errors can be looked at.
 */
#ifndef RUNNER_GROUP_H
#define RUNNER_GROUP_H

#include "export.h"
#include "task.h"
#include "types.h"

/** The body of a group, see runner_with_group(). */
typedef int (*runner_group_fn)(runner_group_t *group, void *arg);

/** One error of a group. */
typedef struct runner_group_error {
    size_t size;                  /**< sizeof(runner_group_error_t) of the caller. */
    runner_task_t *task;          /**< The child that failed; NULL is the body. Borrowed. */
    runner_error_group_t *nested; /**< With RUNNER_EGROUP: what of. Borrowed; NULL if unknown. */
    int32_t code;                 /**< What it failed with. */
    int32_t reserved;             /**< Zero. */
} runner_group_error_t;

RUNNER_BEGIN_DECLS

/**
 * Make a group of the loop that runs in this thread.
 *
 * @param out  Receives the group: release it with runner_group_unref().
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL), RUNNER_ENOLOOP (no librunner loop runs in
 *         this thread), RUNNER_ENOMEM.
 * @note Thread: the one that runs the loop. Blocks: no. Source: asyncio.TaskGroup.
 * @since 0.1
 */
RUNNER_EXPORT int runner_group_new(runner_group_t **out);

/**
 * Enter a group: the running task becomes its owner, and what follows until runner_group_close() is
 * its body.
 *
 * @param group  Group. Borrowed.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL    NULL
 *   - RUNNER_EENTERED  it was entered before
 *   - RUNNER_ENOTASK   not called from inside a task
 *   - RUNNER_EFOREIGN  it belongs to another loop
 *
 * @note Thread: the one that runs the loop. Blocks: no. A group that was cancelled before cancels
 *       the task now. Source: R166, R168.
 * @since 0.1
 */
RUNNER_EXPORT int runner_group_open(runner_group_t *group);

/**
 * Start a coroutine as a child of a group. Any task or callback of the loop may do that while the
 * group is open, its children also while the owner waits for them.
 *
 * @param group  Group. Borrowed.
 * @param fn     Body; runs on a stack of its own.
 * @param arg    Passed to `fn`. Given, in every case: where the call refuses, `opts->drop` has run
 *               when it returns; but for options whose size makes no sense, which name no `drop`.
 * @param opts   Options, as for runner_spawn(); NULL is all defaults. Borrowed.
 * @param out    Receives a handle, shared: release it with runner_task_unref(). NULL: the group
 *               alone hears of the outcome.
 *
 * @return 0, or with nothing started:
 *   - RUNNER_EINVAL       NULL group or `fn`, or bad options
 *   - RUNNER_ENOTENTERED  the group was not entered yet
 *   - RUNNER_EFINISHED    the group is closed
 *   - RUNNER_EABORTING    the group is being cancelled
 *   - RUNNER_EFOREIGN     it belongs to another loop
 *   - RUNNER_ENOLOOP      no librunner loop runs in this thread
 *   - RUNNER_ENOMEM       no memory for the task or its stack
 *
 * @note Thread: the one that runs the loop, in a task or callback. Blocks: no; `eager` runs the
 *       first step before the call returns. Source: R156, R165.
 * @since 0.1
 */
RUNNER_EXPORT int runner_group_spawn(runner_group_t *group, runner_fn fn, void *arg,
                                     const runner_spawn_options_t *opts, runner_task_t **out);

/**
 * Start a stackless task as a child of a group.
 *
 * @param group  Group. Borrowed.
 * @param fn     Body, see runner_step_fn.
 * @param arg    Passed to `fn`. Given, in every case, as for runner_group_spawn().
 * @param opts   Options, as for runner_spawn_step(); NULL is all defaults. Borrowed.
 * @param out    Receives a handle, shared: release it with runner_task_unref(). NULL is none.
 *
 * @return As runner_group_spawn().
 * @note Thread: the one that runs the loop, in a task or callback. Blocks: no. Source: R156, R165.
 * @since 0.1
 */
RUNNER_EXPORT int runner_group_spawn_step(runner_group_t *group, runner_step_fn fn, void *arg,
                                          const runner_spawn_options_t *opts, runner_task_t **out);

/**
 * Cancel a group: its children, and the body at its next wait. The group then ends without an
 * error, unless a child or the body fails on the way.
 *
 * Before the group is entered it is cancelled on entry; once it has ended nothing happens. May be
 * called again.
 *
 * @param group  Group. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ETHREAD (debug mode: called from
 *         another thread than the loop's).
 * @note Thread: the one that runs the loop. Blocks: no. Source: R168.
 * @since 0.1
 */
RUNNER_EXPORT int runner_group_cancel(runner_group_t *group);

/**
 * End the body of a group: wait for every child, and say how the group has ended.
 *
 * A body that ends with a code has the children cancelled first. So has a cancel of the owner while
 * it waits here.
 *
 * @param group  Group. Borrowed; kept alive while the task waits.
 * @param code   How the body has ended: 0, RUNNER_ECANCELED, or what it failed with.
 *
 * @return
 *   - 0                   all is well; or the group was cancelled by itself
 *   - RUNNER_EGROUP       a child or the body has failed, see runner_group_errors()
 *   - RUNNER_ECANCELED    the owner was cancelled from outside, and nothing has failed
 *   - the code of runner_abort(), if a child or the body ends with it
 *   - RUNNER_EPARKED      stackless caller: parked; its status tells
 *   or with nothing done:
 *   - RUNNER_EINVAL       NULL, or a positive `code`
 *   - RUNNER_ENOTENTERED  the group was not entered
 *   - RUNNER_EFINISHED    it was closed before, or is being closed
 *   - RUNNER_EOWNER       another task has entered it
 *   - RUNNER_ENOTASK      not called from inside a task
 *   - RUNNER_EBUSY        the stackless task is parked already
 *
 * @note Thread: the one that runs the loop. Waits, unless there are no children.
 *       Source: R156-R164, R167.
 * @since 0.1
 */
RUNNER_EXPORT int runner_group_close(runner_group_t *group, int code);

/**
 * Run a function as the body of a new group: opens, calls, closes.
 *
 * @param fn      Body; runs in the calling task.
 * @param arg     Passed to it. Borrowed until the call returns.
 * @param errors  Receives what went wrong, only when RUNNER_EGROUP is returned for errors of this
 *                group (an abort may bring that code too): release it with
 *                runner_error_group_unref(). NULL is none.
 *
 * @return As runner_group_close(). Or with nothing done: RUNNER_EINVAL (NULL `fn`), RUNNER_ENOTASK,
 *         RUNNER_ENOTSUP (a stackless task: use open and close), RUNNER_ENOMEM. A body that returns
 *         a positive number fails with RUNNER_EBADRESULT.
 * @note Thread: the one that runs the loop. Waits. Source: R156-R164.
 * @since 0.1
 */
RUNNER_EXPORT int runner_with_group(runner_group_fn fn, void *arg, runner_error_group_t **errors);

/**
 * How many children of a group have not ended.
 *
 * @param group  Group, or NULL. Borrowed.
 *
 * @return The count, in which a child stays for the turn after its end; 0 for NULL.
 * @note Thread: the one that runs the loop. Blocks: no. Source: R169.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_group_count(const runner_group_t *group);

/**
 * What went wrong in a group so far.
 *
 * @param group  Group, or NULL. Borrowed.
 *
 * @return The errors, borrowed from the group; NULL while there are none, and for NULL.
 * @note Thread: the one that runs the loop. Blocks: no. Source: R158, R159.
 * @since 0.1
 */
RUNNER_EXPORT runner_error_group_t *runner_group_errors(runner_group_t *group);

/**
 * Release the handle. Children that still run keep the group alive; they are not cancelled.
 *
 * @param group  Group, or NULL. Given.
 *
 * @note Thread: the one that runs the loop; after runner_free(), any one at a time. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_group_unref(runner_group_t *group);

/**
 * How many errors there are, each of which may be a group of its own.
 *
 * @param errors  Errors, or NULL. Borrowed.
 *
 * @return The count; 0 for NULL.
 * @note Thread: as runner_group_unref(). Blocks: no. Source: R158.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_error_group_count(const runner_error_group_t *errors);

/**
 * Look at one error. They are in the order in which they happened, the body's last. Going through
 * all of them in order takes linear time.
 *
 * @param errors  Errors. Borrowed.
 * @param index   Which, from 0.
 * @param out     Receives it; `out->size` is the caller's size of it. Borrowed.
 *
 * @return 0, or with nothing written: RUNNER_EINVAL (NULL, no such index, bad size).
 * @note Thread: as runner_group_unref(). Blocks: no. Source: R158, R162.
 * @since 0.1
 */
RUNNER_EXPORT int runner_error_group_get(runner_error_group_t *errors, size_t index,
                                         runner_group_error_t *out);

/**
 * Fail with these errors again: what a task returns that has looked at them and passes them on.
 *
 *     return runner_error_group_raise(errors);
 *
 * Only needed if the task was told of other errors since.
 *
 * @param errors  Errors. Shared with the running task until it ends.
 *
 * @return RUNNER_EGROUP. Or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ENOTASK (not called from
 *         inside a task), RUNNER_EFOREIGN (of another loop), RUNNER_EPENDING (the group has not
 *         ended), RUNNER_ENOMEM.
 * @note Thread: the one that runs the loop. Blocks: no. Source: R162.
 * @since 0.1
 */
RUNNER_EXPORT int runner_error_group_raise(runner_error_group_t *errors);

/**
 * Share a handle once more.
 *
 * @param errors  Errors, or NULL. Shared.
 *
 * @return `errors`.
 * @note Thread: as runner_group_unref(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT runner_error_group_t *runner_error_group_ref(runner_error_group_t *errors);

/**
 * Release the handle.
 *
 * @param errors  Errors, or NULL. Given.
 *
 * @note Thread: as runner_group_unref(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_error_group_unref(runner_error_group_t *errors);

/**
 * What the latest run ended with, if that was RUNNER_EGROUP.
 *
 * @param self  Runner. Borrowed.
 *
 * @return The errors, borrowed from the runner until its next run or its end; NULL if there are
 *         none, and for NULL.
 * @note Thread: as runner_run(). Blocks: no. Source: R26.
 * @since 0.1
 */
RUNNER_EXPORT runner_error_group_t *runner_run_errors(const runner_t *self);

RUNNER_END_DECLS

#endif
