/**
 * @file
 * The executor: blocking jobs on threads, awaited by tasks.
 */
#ifndef RUNNER_EXECUTOR_H
#define RUNNER_EXECUTOR_H

#include "export.h"
#include "types.h"

/** A job on its way through a program's own executor. */
typedef struct runner_job runner_job_t;

/** A blocking job. Runs on a worker thread. 0, or a negative code. */
typedef int (*runner_job_fn)(void *arg, void **result);

/**
 * Threads of the program, to be used instead of the library's own pool.
 *
 * `submit` is called on the loop's thread with a job that some thread must then give to
 * runner_job_run(), exactly once; a negative code refuses it. runner_close() waits until every
 * accepted job was run, at most as long as `executor_join_timeout_ms` says.
 */
typedef struct runner_executor {
    size_t size;                                 /**< sizeof(runner_executor_t) of the caller. */
    int (*submit)(void *arg, runner_job_t *job); /**< Takes a job. */
    void (*shutdown)(void *arg);                 /**< No further job will come; may be NULL. */
    void *arg;                                   /**< Given to both; borrowed. */
} runner_executor_t;

/** Options of a job. Zero means default; fill it with runner_job_options_init(). */
typedef struct runner_job_options {
    size_t size;                /**< sizeof(runner_job_options_t) of the caller. */
    runner_drop_fn drop;        /**< Releases `arg`, exactly once if the job was accepted. */
    runner_drop_fn result_drop; /**< Releases a result that nobody took. */
} runner_job_options_t;

RUNNER_BEGIN_DECLS

/**
 * Fill a job's options with their defaults.
 *
 * @param opts  Options to fill. Borrowed.
 * @param size  sizeof(runner_job_options_t) of the caller.
 *
 * @return 0, or RUNNER_EINVAL (NULL, or a size smaller than the `size` field): nothing written.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_job_options_init(runner_job_options_t *opts, size_t size);

/**
 * Run a blocking job on a worker thread and wait for it, in a copy of the task's context.
 *
 * If the task is cancelled, a job that waits in the queue never runs; one that runs goes on to
 * its end, and its result is dropped. `drop` and `result_drop` may run on the worker thread.
 *
 * @param fn      Job.
 * @param arg     Passed to it. Borrowed until `opts->drop` ran; without a drop, until the job
 *                has ended, which a cancel does not wait for.
 * @param opts    Options; NULL is all defaults. Borrowed.
 * @param result  Receives the result; NULL discards it through `opts->result_drop`. Written only
 *                when the job returned 0. For a stackless caller it must stay valid until the
 *                wait ends.
 *
 * @return 0 or the job's code (a positive one as RUNNER_EBADRESULT); RUNNER_ECANCELED;
 *         RUNNER_EPARKED (stackless caller). Refused, with nothing consumed:
 *   - RUNNER_EINVAL    `fn` is NULL, or bad options
 *   - RUNNER_ENOTASK   not called from inside a task
 *   - RUNNER_ESHUTDOWN the executor was shut down
 *   - RUNNER_ENOMEM    no memory
 *   - a code of libuv: no worker thread could be made
 *   - the code of the program's own executor
 *
 * @note Thread: the one that runs the loop. Waits. Source: R62, R101-R105, R108.
 * @since 0.1
 */
RUNNER_EXPORT int runner_to_thread(runner_job_fn fn, void *arg, const runner_job_options_t *opts,
                                   void **result);

/**
 * Run a blocking job on a worker thread, in an empty context, and get a future for it.
 *
 * @param self  Runner. Borrowed; made ready to use if it is new.
 * @param fn    Job.
 * @param arg   Passed to it. Borrowed until `opts->drop` ran.
 * @param opts  Options; NULL is all defaults. Borrowed.
 * @param out   Receives a future; cancelling it is as cancelling the task in runner_to_thread().
 *              Release it with runner_future_unref(). NULL: nobody is told.
 *
 * @return 0, or with nothing consumed: RUNNER_EINVAL, RUNNER_ECLOSED, RUNNER_EFORK,
 *         RUNNER_ESHUTDOWN, RUNNER_ENOMEM, RUNNER_ETHREAD (debug mode), a code of libuv or of the
 *         program's own executor as in runner_to_thread().
 * @note Thread: the one that runs the loop, or any while none does; a job of the executor, where
 *       only RUNNER_ESHUTDOWN or RUNNER_ETHREAD can be the answer. Blocks: no. Source: R62, R107,
 *       R108, R112.
 * @since 0.1
 */
RUNNER_EXPORT int runner_run_in_executor(runner_t *self, runner_job_fn fn, void *arg,
                                         const runner_job_options_t *opts, runner_future_t **out);

/**
 * Run a job that `runner_executor_t.submit` was given. The job is gone afterwards.
 *
 * @param job  Job. Given.
 *
 * @note Thread: any, exactly once a job. Blocks: as the job does. Source: R112.
 * @since 0.1
 */
RUNNER_EXPORT void runner_job_run(runner_job_t *job);

RUNNER_END_DECLS

#endif
