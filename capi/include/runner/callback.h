/**
 * @file
 * Plain callbacks: soon, later, and from other threads.
 */
#ifndef RUNNER_CALLBACK_H
#define RUNNER_CALLBACK_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Call a function in the next iteration of the loop, in the context of this call. First in,
 * first out.
 *
 * @param self  Runner. Borrowed; made ready to use if it is new.
 * @param fn    Callback, called once. A negative code is reported to the exception handler, a
 *              positive one as RUNNER_EBADRESULT.
 * @param arg   Passed to it. Borrowed until `drop` ran.
 * @param drop  Releases `arg`, exactly once: after the callback, or when the runner closes
 *              before. NULL is none.
 *
 * @return 0, or with nothing consumed:
 *   - RUNNER_EINVAL   NULL runner or `fn`
 *   - RUNNER_ECLOSED  the runner is closed
 *   - RUNNER_EFORK    made in the parent process
 *   - RUNNER_ETHREAD  debug mode: another thread runs the loop
 *   - RUNNER_ENOMEM, or a code of the loop's creation
 *
 * @note Thread: the one that runs the loop, or any while none does. Blocks: no. Source: R36, R39,
 *       R64, R98, R99, R190.
 * @since 0.1
 */
RUNNER_EXPORT int runner_call_soon(runner_t *self, runner_callback_fn fn, void *arg,
                                   runner_drop_fn drop);

/**
 * Call a function after a time, in the context of this call. Callbacks of one deadline run in the
 * order in which they were asked for.
 *
 * @param self        Runner. Borrowed; made ready to use if it is new.
 * @param timeout_ms  Milliseconds from now; 0 or less is due now, ordered by deadline.
 * @param fn          Callback, called once unless it is cancelled.
 * @param arg         Passed to it. Borrowed until `drop` ran.
 * @param drop        Releases `arg`, exactly once: ran, cancelled, or closed. NULL is none.
 * @param out         Receives a handle: release it with runner_timer_unref(). NULL is none.
 *
 * @return As runner_call_soon().
 * @note Thread: as runner_call_soon(). Blocks: no. Source: R192-R194, R196, R197.
 * @since 0.1
 */
RUNNER_EXPORT int runner_call_later(runner_t *self, int64_t timeout_ms, runner_callback_fn fn,
                                    void *arg, runner_drop_fn drop, runner_timer_t **out);

/**
 * Call a function at a time of the loop's clock, see runner_time_ns().
 *
 * @param self     Runner. Borrowed; made ready to use if it is new.
 * @param when_ns  Deadline in nanoseconds; a past one is due now, ordered by deadline.
 * @param fn       Callback, called once unless it is cancelled.
 * @param arg      Passed to it. Borrowed until `drop` ran.
 * @param drop     Releases `arg`, exactly once: ran, cancelled, or closed. NULL is none.
 * @param out      Receives a handle: release it with runner_timer_unref(). NULL is none.
 *
 * @return As runner_call_soon().
 * @note Thread: as runner_call_soon(). Blocks: no. Source: R192-R194, R196, R197.
 * @since 0.1
 */
RUNNER_EXPORT int runner_call_at_ns(runner_t *self, uint64_t when_ns, runner_callback_fn fn,
                                    void *arg, runner_drop_fn drop, runner_timer_t **out);

/**
 * Cancel a timer: its callback will not run and its `drop` runs now.
 *
 * @param timer  Timer. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_EDONE (ran, or cancelled),
 *         RUNNER_ETHREAD (debug mode: another thread runs the loop).
 * @note Thread: as runner_call_soon(). Blocks: no. Source: R196.
 * @since 0.1
 */
RUNNER_EXPORT int runner_timer_cancel(runner_timer_t *timer);

/**
 * Release the handle of a timer; the timer itself goes on.
 *
 * @param timer  Timer, or NULL. Given.
 *
 * @note Thread: as runner_call_soon(); after runner_free(), any one at a time. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_timer_unref(runner_timer_t *timer);

/**
 * Call a function on the loop, from any thread, and wake the loop if it waits.
 *
 * What is accepted runs, or is dropped by runner_close() or, if the runner never ran, by
 * runner_free(); either way `drop` runs once.
 *
 * @param self  Runner. Borrowed; must not be freed meanwhile.
 * @param fn    Callback, called once, in a copy of the calling thread's context.
 * @param arg   Passed to it. Borrowed until `drop` ran.
 * @param drop  Releases `arg`, exactly once, on the loop's thread. NULL is none.
 *
 * @return 0, or with nothing consumed:
 *   - RUNNER_EINVAL   NULL runner or `fn`
 *   - RUNNER_ECLOSED  the runner is closed
 *   - RUNNER_EFORK    made in the parent process
 *   - RUNNER_ENOMEM   no memory
 *
 * @note Thread: any, also an executor's job. Blocks: no. Source: R99, R109, R188.
 * @since 0.1
 */
RUNNER_EXPORT int runner_call_soon_threadsafe(runner_t *self, runner_callback_fn fn, void *arg,
                                              runner_drop_fn drop);

/**
 * Wake the loop if it waits in the kernel. Wake-ups are not counted.
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ECLOSED, RUNNER_EFORK.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_wakeup(runner_t *self);

/**
 * Say that another thread will still submit, so that the loop waits for it instead of calling an
 * empty loop a deadlock. Calls are counted.
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ECLOSED, RUNNER_EFORK.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_submitter_acquire(runner_t *self);

/**
 * Take back one runner_submitter_acquire().
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL, or nothing was acquired), RUNNER_ECLOSED,
 *         RUNNER_EFORK.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_submitter_release(runner_t *self);

RUNNER_END_DECLS

#endif
