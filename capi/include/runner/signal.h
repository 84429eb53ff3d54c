/**
 * @file
 * Signals. What a runner does with them is said by runner_options_t.signals and runner_run().
 */
#ifndef RUNNER_SIGNAL_H
#define RUNNER_SIGNAL_H

#include "export.h"
#include "types.h"

RUNNER_BEGIN_DECLS

/**
 * Do to a running runner what SIGINT does: cancel its main task; a second call before the run
 * returned ends the run at once.
 *
 * For programs that receive the signal in their own way. Has no effect between runs.
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ECLOSED, RUNNER_EFORK,
 *         RUNNER_ENOLOOP (it neither runs nor closes).
 * @note Thread: any; async-signal-safe. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_interrupt(runner_t *self);

/**
 * The signal that a code of runner_run() stands for.
 *
 * @param code  A code.
 *
 * @return SIGINT for RUNNER_EINTR, SIGTERM for RUNNER_ETERM, SIGHUP for RUNNER_EHUP; else 0.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_signal_of(int code);

/**
 * The exit status for a program that ends with this code.
 *
 * @param code  What runner_run() or runner_main() returned.
 *
 * @return 0 for 0, 128 + n for a code that stands for signal n, else 1.
 * @note Thread: any. Blocks: no. Source: R139.
 * @since 0.1
 */
RUNNER_EXPORT int runner_exit_status(int code);

/**
 * End the process by the signal that a code stands for, as the shell's convention asks, so that
 * whoever waits for it sees a death by that signal.
 *
 * Streams are flushed; exit handlers do not run. A code that stands for no signal has no effect.
 *
 * @param code  What runner_run() or runner_main() returned.
 *
 * @note Thread: any. Returns only if the code stands for no signal. Source: R139.
 * @since 0.1
 */
RUNNER_EXPORT void runner_die_by_signal(int code);

RUNNER_END_DECLS

#endif
