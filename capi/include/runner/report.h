/**
 * @file
 * The shutdown report: what runner_close() found and did, as data.
 */
#ifndef RUNNER_REPORT_H
#define RUNNER_REPORT_H

#include "export.h"
#include "types.h"

/** An item: a task that was cancelled and ended. */
#define RUNNER_REPORT_CANCELED 1
/** An item: a task that failed while it was cancelled, or that nobody had awaited. */
#define RUNNER_REPORT_FAILED 2
/** An item: a task that swallowed its cancel and returned. */
#define RUNNER_REPORT_REFUSED 3
/** An item: a task that did not end before its deadline, or could not, and was given up. */
#define RUNNER_REPORT_ABANDONED 4
/** An item: a closable that failed. */
#define RUNNER_REPORT_CLOSABLE 5
/** An item: a job that did not end before the deadline of the executor. */
#define RUNNER_REPORT_JOB 6
/** An item: a handle of the program that was still open on the loop. */
#define RUNNER_REPORT_HANDLE 7
/** An item: a deadlock; the name is the chain of waits. */
#define RUNNER_REPORT_DEADLOCK 8

/** One thing that shutdown found. Texts are borrowed from the report. */
typedef struct runner_report_item {
    size_t size;       /**< sizeof(runner_report_item_t) of the caller. */
    int kind;          /**< RUNNER_REPORT_... */
    int code;          /**< Its error, or 0. */
    uint64_t id;       /**< Number of the task, or 0. */
    const char *name;  /**< Name of the task, closable or handle type. */
    const char *waits; /**< What it waited for when it was given up, or NULL. */
} runner_report_item_t;

RUNNER_BEGIN_DECLS

/**
 * The report of a runner: of its latest deadlock while it is open, of its shutdown once closed.
 *
 * @param self  Runner. Borrowed.
 * @param out   Receives the report, borrowed from the runner.
 *
 * @return 0, or with nothing written: RUNNER_EINVAL (NULL argument), RUNNER_EFORK, RUNNER_EPENDING (no
 *         report).
 * @note Thread: any, while none runs it. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_get_report(const runner_t *self, const runner_report_t **out);

/**
 * How many things of a kind happened. Counts are right also where memory ran out for the items.
 *
 * @param report  Report. Borrowed.
 * @param kind    RUNNER_REPORT_..., or 0 for all items that can be read.
 *
 * @return The count; 0 for NULL or an unknown kind.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_report_count(const runner_report_t *report, int kind);

/**
 * Read one item.
 *
 * @param report  Report. Borrowed.
 * @param index   0 to runner_report_count(report, 0) - 1, in the order in which things happened.
 * @param item    Filled up to its `size`. Borrowed.
 *
 * @return 0, or RUNNER_EINVAL (NULL argument, bad size, no such item): nothing written.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_report_get(const runner_report_t *report, size_t index,
                                    runner_report_item_t *item);

/**
 * How many times the phases of shutdown were gone through because there were new tasks.
 *
 * @param report  Report. Borrowed.
 *
 * @return The count, 1 for a shutdown without late tasks; 0 for NULL.
 * @note Thread: any. Blocks: no. Source: R87.
 * @since 0.1
 */
RUNNER_EXPORT uint32_t runner_report_generations(const runner_report_t *report);

RUNNER_END_DECLS

#endif
