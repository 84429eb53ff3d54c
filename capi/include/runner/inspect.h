/**
 * @file
 * Introspection: which tasks there are and what each waits for.
 */
#ifndef RUNNER_INSPECT_H
#define RUNNER_INSPECT_H

#include <stdio.h>

#include "export.h"
#include "types.h"

/** `state`: in the ready queue, not started. */
#define RUNNER_STATE_NEW 1
/** `state`: in the ready queue. */
#define RUNNER_STATE_READY 2
/** `state`: the task that runs now. */
#define RUNNER_STATE_RUNNING 3
/** `state`: parked, see `waits`. */
#define RUNNER_STATE_WAITING 4

/** A task that is not done. */
typedef struct runner_task_info {
    size_t size;        /**< sizeof(runner_task_info_t) of the caller. */
    uint64_t id;        /**< Number of the task. */
    int32_t state;      /**< RUNNER_STATE_... */
    int32_t cancelling; /**< Cancel requests. */
    uint64_t awaits;    /**< Number of the task that it waits for, or that holds the lock, or 0. */
    uint64_t parent;    /**< Number of the task that spawned it, or 0. */
    const char *waits;  /**< "sleep", "future", "task", "thread" ...; NULL if it is ready. */
    const char *site;   /**< Where it was spawned, or NULL. */
    char name[64];      /**< Its name, cut at 63 bytes. */
    uint64_t group;     /**< Number of the task that owns the group that it is a child of, or 0. */
} runner_task_info_t;

RUNNER_BEGIN_DECLS

/**
 * A snapshot of the tasks that are not done, in spawn order.
 *
 * @param self   Runner. Borrowed.
 * @param infos  Filled with at most `cap` entries; `infos[0].size` is the caller's size of every
 *               entry. NULL if `cap` is 0. Borrowed.
 * @param cap    Entries that fit.
 * @param count  Receives how many tasks there are, which may be more than `cap`.
 *
 * @return 0, or with nothing written: RUNNER_EINVAL (NULL, bad size), RUNNER_EFORK,
 *         RUNNER_ETHREAD (another thread runs it).
 * @note Thread: the one that runs it, or any while none does. Blocks: no. Source: R202.
 * @since 0.1
 */
RUNNER_EXPORT int runner_tasks(const runner_t *self, runner_task_info_t *infos, size_t cap,
                               size_t *count);

/**
 * Print the tasks as a tree, each below the task that waits for it; a cycle is printed as such.
 *
 * @param self  Runner. Borrowed.
 * @param file  Stream. Borrowed.
 *
 * @return 0, or RUNNER_EINVAL (NULL), RUNNER_EFORK, RUNNER_ETHREAD (another thread runs it): nothing
 *         printed.
 * @note Thread: as runner_tasks(). Blocks: as the stream does. Source: R203.
 * @since 0.1
 */
RUNNER_EXPORT int runner_print_tasks(const runner_t *self, FILE *file);

RUNNER_END_DECLS

#endif
