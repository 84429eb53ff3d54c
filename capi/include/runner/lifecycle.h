/**
 * @file
 * The runner itself: new, run, get_loop, close, free; and runner_main(), which is all of them.
 */
#ifndef RUNNER_LIFECYCLE_H
#define RUNNER_LIFECYCLE_H

#include "executor.h"
#include "export.h"
#include "handler.h"
#include "report.h"
#include "types.h"

/** `clock`: time passes as it does outside (uv_hrtime). */
#define RUNNER_CLOCK_REAL 0
/** `clock`: time stands still while anything is ready or a job runs, and else jumps to the next
 * deadline. Handles of the program on the loop keep real time. */
#define RUNNER_CLOCK_VIRTUAL 1

/** `signals`: SIGINT, if this is the main thread and its disposition is the default. */
#define RUNNER_SIGNALS_AUTO 0
/** `signals`: touch no disposition, nor that of SIGSEGV to name a stack overflow. */
#define RUNNER_SIGNALS_NONE (-1)
/** `signals`, as a bit set: SIGINT. */
#define RUNNER_SIGNALS_INT 1
/** `signals`, as a bit set: SIGTERM. */
#define RUNNER_SIGNALS_TERM 2
/** `signals`, as a bit set: SIGHUP. */
#define RUNNER_SIGNALS_HUP 4

/**
 * Makes the loop of a runner. Called once, lazily, with `loop_arg`; stores an initialised loop in
 * `*loop` and returns 0. A negative code is returned to the caller of the runner, which stays as
 * it was.
 */
typedef int (*runner_loop_factory_fn)(void *arg, struct uv_loop_s **loop);

/** Frees the memory of a factory's loop, after the runner has closed it. */
typedef void (*runner_loop_release_fn)(struct uv_loop_s *loop, void *arg);

/** Is told the shutdown report at the end of runner_close(); the report is borrowed. */
typedef void (*runner_report_fn)(const runner_report_t *report, void *arg);

/** Options of a runner. Zero means default; fill it with runner_options_init(). */
typedef struct runner_options {
    size_t size;               /**< sizeof(runner_options_t) of the caller. */
    int32_t debug;             /**< Tri-state; default reads LIBRUNNER_DEBUG at loop creation. */
    int32_t clock;             /**< RUNNER_CLOCK_REAL or RUNNER_CLOCK_VIRTUAL. */
    int32_t deadlock;          /**< Tri-state: return RUNNER_EDEADLK instead of waiting for ever. */
    int32_t signals;           /**< RUNNER_SIGNALS_AUTO, _NONE, or a bit set. */
    uint32_t poll_interval;    /**< Iterations between looks at the kernel; 0 is 61. */
    uint32_t executor_threads; /**< Most worker threads; 0 is min(32, cores + 4). */
    uint64_t executor_join_timeout_ms;     /**< Wait for jobs at close; 0 is 300,000. */
    uint64_t cancel_grace_ms;              /**< Wait for cancelled tasks at close; 0 is for ever. */
    uint64_t closable_grace_ms;            /**< Wait for closables at close; 0 is for ever. */
    uint64_t slow_callback_ms;             /**< Debug: report longer steps; 0 is 100. */
    size_t stack_bytes;                    /**< Stack of a coroutine; 0 is 64 KiB. */
    runner_loop_factory_fn loop_factory;   /**< Makes the loop; NULL is uv_loop_init(). */
    runner_loop_release_fn loop_release;   /**< Frees the factory's loop after it was closed. */
    void *loop_arg;                        /**< Given to both; borrowed. */
    runner_exception_fn exception_handler; /**< First exception handler; NULL is the default one. */
    void *exception_arg;                   /**< Given to it; borrowed. */
    runner_report_fn on_report;            /**< Told the shutdown report. */
    void *on_report_arg;                   /**< Given to it; borrowed. */
    const runner_executor_t *executor; /**< Threads of the program; copied. NULL is the own pool. */
} runner_options_t;

/** Options of one run. Zero means default; fill it with runner_run_options_init(). */
typedef struct runner_run_options {
    size_t size;                /**< sizeof(runner_run_options_t) of the caller. */
    const char *name;           /**< Name of the main task; copied. */
    runner_context_t *context;  /**< Context of the main task; shared. NULL is the runner's own. */
    size_t stack_bytes;         /**< Stack of the main task; 0 is the runner's option. */
    runner_drop_fn drop;        /**< Releases `arg`, exactly once if the run was accepted. */
    runner_drop_fn result_drop; /**< Releases a result that nobody took. */
} runner_run_options_t;

RUNNER_BEGIN_DECLS

/**
 * Fill a runner's options with their defaults.
 *
 * @param opts  Options to fill. Borrowed.
 * @param size  sizeof(runner_options_t) of the caller, so that an older caller's shorter struct
 *              is not written past its end.
 *
 * @return 0, or RUNNER_EINVAL (NULL, or a size smaller than the `size` field): nothing written.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_options_init(runner_options_t *opts, size_t size);

/**
 * Fill a run's options with their defaults.
 *
 * @param opts  Options to fill. Borrowed.
 * @param size  sizeof(runner_run_options_t) of the caller.
 *
 * @return 0, or RUNNER_EINVAL (NULL, or a size smaller than the `size` field): nothing written.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_run_options_init(runner_run_options_t *opts, size_t size);

/**
 * Make a runner.
 *
 * Nothing else is made yet: no loop, file descriptor, thread or signal handler. They come with
 * the first runner_run(), runner_get_loop() or schedule call.
 *
 * @param out   Receives the runner, owned by the caller: end it with runner_free().
 * @param opts  Options, copied. NULL is all defaults. Borrowed.
 *
 * @return 0, or with nothing made:
 *   - RUNNER_EINVAL  `out` is NULL, an option is out of range, or `opts` has a size that is too
 *                    small or an unknown tail that is not zero
 *   - RUNNER_ENOMEM  no memory
 *   - a code of libuv: a lock could not be made
 *
 * @note Thread: any. Blocks: no. Source: R1.
 * @since 0.1
 */
RUNNER_EXPORT RUNNER_NODISCARD int runner_new(runner_t **out, const runner_options_t *opts);

/**
 * Run one task to its end on the runner's loop, and hand its result back.
 *
 * `main` starts on a stack of its own and the loop turns until it returns. Tasks that it spawned
 * and did not wait for are left as they are: the next run goes on with them, runner_close()
 * cancels them. While the call lasts, SIGINT is handled as `signals` says: a first one cancels
 * `main`, so that it can clean up; a second one ends the call at once and leaves `main` pending.
 *
 * A refused call has no effect: `main` is not called and `arg` stays with the caller.
 *
 * @param self    Runner to drive. Borrowed.
 * @param main    Body of the main task.
 * @param arg     Passed to `main`. Borrowed until `opts->drop` ran, else until `main` is over: a
 *                run that leaves it pending leaves that to the next run, or to runner_close().
 * @param opts    Options of this run; NULL is all defaults. Borrowed.
 * @param result  Receives `main`'s result, owned by the caller. NULL discards it through
 *                `opts->result_drop`. Written only when 0 is returned.
 *
 * @return 0 if `main` returned 0. Refused, in the order in which it is checked:
 *   - RUNNER_EINVAL    NULL runner or `main`, bad options
 *   - RUNNER_ELOOP     a librunner loop runs in this thread, of this or any runner
 *   - RUNNER_EFORK     the runner was made in the parent process
 *   - RUNNER_ECLOSED   runner_close() came first
 *   - RUNNER_EBUSY     another thread runs it
 *   - RUNNER_ENOTSUP   it is a guest (guest.h)
 *   - RUNNER_EHOSTED   it has tasks of a host, which only that can run (host.h)
 *   - RUNNER_ENOMEM, a code of libuv, or the code of the factory: nothing could be made;
 *     RUNNER_EFACTORY: the factory said 0 and gave no loop, or a positive code
 *
 *   After `main` was started:
 *   - RUNNER_ECANCELED  `main` was cancelled, or returned this code itself
 *   - RUNNER_EINTR, RUNNER_ETERM, RUNNER_EHUP  cancelled by that signal, or ended by a second one
 *   - RUNNER_ESTOPPED   runner_stop() ended the loop; `main` is still pending
 *   - RUNNER_EDEADLK    nothing can ever wake a task; `main` is still pending
 *   - RUNNER_EFORK      in a child that was forked inside the run: it has come back from the
 *                       parent's loop, where it has no business
 *   - any other code    exactly what `main` returned, or what runner_abort() ended the run with
 *
 * @note Thread: any one at a time. Blocks: yes. Source: R25-R43, R114-R139.
 * @since 0.1
 */
RUNNER_EXPORT int runner_run(runner_t *self, runner_fn main, void *arg,
                             const runner_run_options_t *opts, void **result);

/**
 * The loop of this runner, made on first use.
 *
 * The loop may be given to libuv to add handles. Do not run, stop or close it.
 *
 * @param self  Runner. Borrowed.
 * @param out   Receives the loop. It belongs to the runner and ends with runner_close().
 *
 * @return 0, or with nothing written:
 *   - RUNNER_EINVAL   NULL argument
 *   - RUNNER_ECLOSED  the runner is closed
 *   - RUNNER_EFORK    the runner was made in the parent process
 *   - RUNNER_EBUSY    another thread runs it
 *   - RUNNER_ENOMEM, RUNNER_EFACTORY, a code of libuv or of the factory: the loop could not be
 *     made; the next call tries again
 *
 * @note Thread: the one that runs it, or any while none does. Blocks: no. Source: R2, R3, R8.
 * @since 0.1
 */
RUNNER_EXPORT int runner_get_loop(runner_t *self, struct uv_loop_s **out);

/**
 * Shut the runner down in order; nothing that was accepted is lost.
 *
 * Cancels every task and waits for all; reports the errors of those that failed; closes the
 * closables and waits; repeats this while there are new tasks; runs the queued jobs of the
 * executor and joins it; drops what is still scheduled, and closes the loop. Each phase has a
 * deadline among the options. A runner that was never used stays usable; a second close does
 * nothing. The handle stays valid until runner_free().
 *
 * SIGINT during close, where `runner_run` would handle it: the first ends the grace of the
 * current phase, the second abandons what is left.
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0 when everything is closed, also for the second call. Otherwise:
 *   - RUNNER_EINVAL   NULL; nothing happened
 *   - RUNNER_ELOOP    called while a loop runs in this thread; nothing happened
 *   - RUNNER_EBUSY    another thread runs it; nothing happened
 *   - RUNNER_ENOTSUP  it is a guest; nothing happened
 *   - RUNNER_EHOSTED  it has tasks of a host, which only that can run; nothing happened
 *   - RUNNER_EFORK    made in the parent process; nothing happened. Also in a child that was forked
 *                     inside the close
 *   - RUNNER_EDEADLK  closed, but a task waited for what could never come and was abandoned
 *   - RUNNER_ETIMEDOUT closed, but a deadline ran out and the report names what was abandoned
 *   - RUNNER_EINTR, RUNNER_ETERM, RUNNER_EHUP  closed, but a signal ended some of the waiting
 *   - RUNNER_EHANDLES closed, but the program left handles open on its own loop
 *   - any other code  closed; what a task ended shutdown with by runner_abort()
 *
 * @note Thread: any, while none runs it. Blocks: yes. Source: R4-R6, R12, R21, R79-R100.
 * @since 0.1
 */
RUNNER_EXPORT int runner_close(runner_t *self);

/**
 * Close the runner if needed, and release it.
 *
 * Handles of tasks and futures that the program still holds stay valid; release them as usual.
 * In a forked child the call does nothing: what the parent made stays until the child ends. Inside
 * a running loop, of this or another runner, one that is open cannot be closed: the call then does
 * nothing but say so on stderr. In debug mode the exception handler is told if the runner was not
 * closed before. Tasks of a host are given up, as nobody will run them. A guest is given up without
 * waiting, whatever it is in the middle of, and its end is told to nobody.
 *
 * @param self  Runner, or NULL. Given.
 *
 * @note Thread: any, while none runs it. Blocks: yes, as runner_close().
 * @since 0.1
 */
RUNNER_EXPORT void runner_free(runner_t *self);

/**
 * Run one task on a runner of its own: runner_new(), runner_run(), runner_close() and
 * runner_free() in one call. The main entry point of a program.
 *
 * What `main` ended with is returned, also if shutdown failed; shutdown's own errors are in the
 * report that `opts->on_report` is given. If `main` returned 0 and shutdown was ended by a signal,
 * or by runner_abort(), that code is returned.
 *
 * @param main    Body of the main task.
 * @param arg     Passed to `main`. Borrowed until the call returns.
 * @param opts    Options of the runner; NULL is all defaults. Borrowed.
 * @param result  Receives `main`'s result; NULL discards it. Written only when `main` returned 0.
 *
 * @return As runner_run(), with RUNNER_ECLOSED and RUNNER_EBUSY excluded.
 * @note Thread: any. Blocks: yes. Source: R13, R14, R43.
 * @since 0.1
 */
RUNNER_EXPORT int runner_main(runner_fn main, void *arg, const runner_options_t *opts,
                              void **result);

/**
 * Stop the loop at the end of the current iteration; the run returns RUNNER_ESTOPPED.
 *
 * @param self  Runner. Borrowed.
 *
 * @return 0, or with nothing done:
 *   - RUNNER_EINVAL   NULL
 *   - RUNNER_ECLOSED  the runner is closed
 *   - RUNNER_EFORK    made in the parent process
 *   - RUNNER_ENOLOOP  it does not run
 *   - RUNNER_ETHREAD  debug mode: called from another thread than the one that runs it
 *
 * @note Thread: the one that runs it. Blocks: no. Source: R33.
 * @since 0.1
 */
RUNNER_EXPORT int runner_stop(runner_t *self);

/**
 * End the run with the error that the current body returns.
 *
 * Use it as `return runner_abort(code);` from a task or a callback. The outcome of a task is that
 * error as usual; beyond that, runner_run() returns it at once and the main task is left pending.
 * During shutdown the phases still finish, and runner_close() returns it. A body that returns
 * another error ends the run with that one; one that returns 0 has changed its mind.
 *
 * @param code  A negative code; RUNNER_EUSER if the reason stands elsewhere.
 *
 * @return `code`, or with nothing done:
 *   - RUNNER_EINVAL   `code` is not negative
 *   - RUNNER_ENOLOOP  not called from inside a task or callback
 *
 * @note Thread: the one that runs the loop. Blocks: no. Source: R37, R38, R90, R150.
 * @since 0.1
 */
RUNNER_EXPORT int runner_abort(int code);

/**
 * The runner whose loop runs in this thread.
 *
 * @return The runner, borrowed; NULL outside of callbacks and tasks, in other threads, and in a
 *         forked child.
 * @note Thread: any. Blocks: no. Source: R50.
 * @since 0.1
 */
RUNNER_EXPORT runner_t *runner_current(void);

/**
 * Whether the runner's loop runs now, in any thread.
 *
 * @param self  Runner, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL and in a forked child.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_is_running(const runner_t *self);

/**
 * Whether the runner has been closed.
 *
 * @param self  Runner, or NULL. Borrowed.
 *
 * @return 1 or 0; 1 for NULL.
 * @note Thread: any. Blocks: no. Source: R5.
 * @since 0.1
 */
RUNNER_EXPORT int runner_is_closed(const runner_t *self);

/**
 * Whether debug mode is on. Before the loop exists, what it would be now.
 *
 * @param self  Runner, or NULL. Borrowed.
 *
 * @return 1 or 0; 0 for NULL.
 * @note Thread: the one that runs it, or any while none does. Blocks: no. Source: R66-R69.
 * @since 0.1
 */
RUNNER_EXPORT int runner_debug(const runner_t *self);

/**
 * Turn debug mode on or off.
 *
 * @param self   Runner. Borrowed.
 * @param debug  RUNNER_ON, RUNNER_OFF, or RUNNER_DEFAULT to read LIBRUNNER_DEBUG again.
 *
 * @return 0, or with nothing changed: RUNNER_EINVAL (NULL, or another value), RUNNER_EFORK.
 * @note Thread: the one that runs it, or any while none does. Blocks: no. Source: R66-R69.
 * @since 0.1
 */
RUNNER_EXPORT int runner_set_debug(runner_t *self, int debug);

/**
 * The loop's time: nanoseconds from an arbitrary start, never going back.
 *
 * Under the virtual clock it starts at 0 and moves only when nothing is ready; else each call
 * reads the clock.
 *
 * @param self  Runner. Borrowed.
 *
 * @return The time in nanoseconds; 0 for NULL and for a runner that was never used.
 *         It stands still once the runner has closed.
 * @note Thread: the one that runs it, or any while none does. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT uint64_t runner_time_ns(const runner_t *self);

RUNNER_END_DECLS

#endif
