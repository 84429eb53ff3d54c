/**
 * @file
 * Guest mode: a runner on a libuv loop that somebody else turns.
 *
 * runner_attach() puts the runner on a loop of the program. It never turns, stops or walks that loop,
 * and closes only its own handles; whatever is ready is worked in callbacks of those. Tasks are C
 * tasks, started with runner_start(); or a host's (host.h), which is woken up and takes its batches
 * with runner_take(). Signals are the host's: the runner takes none.
 *
 * The guest keeps the loop alive only while something of it can come by itself: ready work, a timer, a
 * job, a wait for a descriptor, a registered submitter (runner_submitter_acquire()). Whoever posts from another thread to a
 * guest that waits for nothing else registers first. A program that closes handles that are not its
 * own, as uv_walk() finds them, turns the loop until they are closed before it frees the runner. There are no deadlocks in guest mode: the program
 * may always settle something.
 *
 * Between two runs nothing runs: tasks that are left wait for the next one, as in every mode.
 */
#ifndef RUNNER_GUEST_H
#define RUNNER_GUEST_H

#include "export.h"
#include "host.h"
#include "lifecycle.h"
#include "types.h"

/** Is called on the loop's thread when runner_take() has something to do. It may call it, or later. */
typedef void (*runner_wake_fn)(runner_t *self, void *arg);

/** Is told, on the loop's thread and exactly once, that a run or a close is over: its code is that of
 * runner_run() or runner_close(). `result`: of the main task, if the code is 0. */
typedef void (*runner_ended_fn)(runner_t *self, int code, void *result, void *arg);

RUNNER_BEGIN_DECLS

/**
 * Make a new runner the guest of a loop.
 *
 * @param self  Runner that was never used. Borrowed.
 * @param loop  The loop. Borrowed until the runner has closed. It may be that of another runner; the
 *              loop factory of the options is not used.
 * @param wake  Called when runner_take() is wanted. NULL: the runner takes its turns by itself, and
 *              has no host tasks.
 * @param arg   Passed to it. Borrowed.
 *
 * @return 0, or with nothing changed:
 *   - RUNNER_EINVAL   NULL runner or loop
 *   - RUNNER_EBUSY    the runner has been used already
 *   - RUNNER_ECLOSED, RUNNER_EFORK
 *   - RUNNER_ENOMEM, or a code of libuv
 *
 * @note Thread: the one that turns the loop. Blocks: no. Source: R205.
 * @since 0.1
 */
RUNNER_EXPORT int runner_attach(runner_t *self, struct uv_loop_s *loop, runner_wake_fn wake,
                                void *arg);

/**
 * Run one task to its end, as runner_run() does, without waiting for it.
 *
 * @param self    Runner that is a guest and takes its turns by itself. Borrowed.
 * @param main    Body of the main task.
 * @param arg     Passed to `main`. Borrowed as in runner_run().
 * @param opts    Options of this run; NULL is all defaults. Borrowed.
 * @param ended   Told the outcome; called from the loop, never from here. NULL: nobody is told, and
 *                the result goes to `opts->result_drop`.
 * @param ended_arg  Passed to it. Borrowed until then.
 *
 * @return 0, or with nothing begun: as runner_run(), and RUNNER_ENOTSUP (not such a guest).
 * @note Thread: the one that turns the loop. Blocks: no. Source: R205, R206.
 * @since 0.1
 */
RUNNER_EXPORT int runner_start(runner_t *self, runner_fn main, void *arg,
                               const runner_run_options_t *opts, runner_ended_fn ended,
                               void *ended_arg);

/**
 * Close a guest, as runner_close() does, without waiting for it. `ended` is told after the runner's
 * last handle on the loop was closed; then runner_free() may be called, also from `ended`.
 *
 * @param self       Runner that is a guest and takes its turns by itself. Borrowed.
 * @param ended      Told the outcome; NULL: nobody is. A runner that was closed tells nobody.
 * @param ended_arg  Passed to it. Borrowed until then.
 *
 * @return 0, or with nothing begun: as runner_begin_close(), RUNNER_EINVAL (NULL), RUNNER_ENOTSUP (not
 *         such a guest).
 * @note Thread: the one that turns the loop. Blocks: no. Source: R205.
 * @since 0.1
 */
RUNNER_EXPORT int runner_start_close(runner_t *self, runner_ended_fn ended, void *ended_arg);

/**
 * Take a turn for a host: as runner_step(), on a loop that somebody else turns. Until it gives no more
 * events it is to be called again; then the runner wakes the host by itself. A host whose tasks never
 * wait gives the loop back now and then.
 *
 * @param self      Runner that is a guest with a wake function. Borrowed.
 * @param cmds      Commands. Borrowed. NULL if none.
 * @param n_cmds    How many.
 * @param events    Receives what the host has to do. Borrowed until the next call, or runner_end().
 * @param cap       Most events, at least 1.
 * @param n_events  Receives how many there are.
 *
 * @return As runner_step(), and RUNNER_ENOTSUP (not such a guest).
 * @note Thread: the one that turns the loop. Blocks: no. Source: R205.
 * @since 0.1
 */
RUNNER_EXPORT int runner_take(runner_t *self, runner_host_cmd_t *cmds, size_t n_cmds,
                              runner_host_event_t *events, size_t cap, size_t *n_events);

/**
 * Hold a guest: nothing of its run or close goes on until runner_resume(), nor does one that begins
 * meanwhile. Timers that fall due are noticed then. It keeps the loop alive no longer. Not counted.
 *
 * @param self  Runner that is a guest. Borrowed.
 *
 * @return 0, or RUNNER_EINVAL (NULL), RUNNER_ENOTSUP (not a guest), RUNNER_ECLOSED, RUNNER_EFORK.
 * @note Thread: the one that turns the loop. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_pause(runner_t *self);

/**
 * Let a guest go on. If a pause fell into the very end of a close, its `ended` is called from here.
 *
 * @param self  Runner that is a guest. Borrowed.
 *
 * @return As runner_pause().
 * @note Thread: the one that turns the loop. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_resume(runner_t *self);

RUNNER_END_DECLS

#endif
