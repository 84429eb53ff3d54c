/**
 * @file
 * Queues: tasks hand items to tasks.
 */
#ifndef RUNNER_QUEUE_H
#define RUNNER_QUEUE_H

#include "export.h"
#include "types.h"

/** `kind`: first in, first out. */
#define RUNNER_QUEUE_FIFO 0
/** `kind`: last in, first out. */
#define RUNNER_QUEUE_LIFO 1
/** `kind`: lowest priority first, equal ones first in, first out. */
#define RUNNER_QUEUE_PRIORITY 2

/** Options of runner_queue_new(). Zero means default; fill it with runner_queue_options_init(). */
typedef struct runner_queue_options {
    size_t size;         /**< sizeof(runner_queue_options_t) of the caller. */
    size_t maxsize;      /**< Most items in the queue; 0 is no limit. */
    int32_t kind;        /**< RUNNER_QUEUE_... */
    int32_t reserved;    /**< Zero. */
    runner_drop_fn drop; /**< Releases items that nobody gets, also NULL: shut down, or freed. */
} runner_queue_options_t;

RUNNER_BEGIN_DECLS

/**
 * Fill a queue's options with their defaults.
 *
 * @param opts  Options to fill. Borrowed.
 * @param size  sizeof(runner_queue_options_t) of the caller.
 *
 * @return 0, or RUNNER_EINVAL (NULL, or a size smaller than the `size` field): nothing written.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_options_init(runner_queue_options_t *opts, size_t size);

/**
 * Make a queue. It belongs to no runner.
 *
 * @param out   Receives the queue: release it with runner_queue_unref().
 * @param opts  Options; NULL is all defaults. Borrowed.
 *
 * @return 0, or with nothing made: RUNNER_EINVAL (NULL `out`, bad options), RUNNER_ENOMEM.
 * @note Thread: any. Blocks: no. Source: asyncio.Queue, LifoQueue, PriorityQueue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_new(runner_queue_t **out, const runner_queue_options_t *opts);

/**
 * Put an item into the queue; wait while it is full.
 *
 * @param queue  Queue. Borrowed; kept alive while the task waits.
 * @param item   Item; may be NULL. Given if 0 is returned, else still the caller's.
 *
 * @return 0, or with the item not put: RUNNER_ECANCELED (the free place, if there was one for this
 *         task, went to the next in line), RUNNER_EQUEUESHUT (the queue was shut down),
 *         RUNNER_EPARKED (stackless caller: its status tells), RUNNER_ENOTASK, RUNNER_EBUSY,
 *         RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (tasks of another loop wait for it),
 *         RUNNER_ENOMEM.
 * @note Thread: the one that runs the loop. Waits, unless there is room. Source: asyncio.Queue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_put(runner_queue_t *queue, void *item);

/**
 * Put an item into the queue, if it has room.
 *
 * @param queue  Queue. Borrowed.
 * @param item   Item; may be NULL. Given if 0 is returned.
 *
 * @return 0, or with nothing done: RUNNER_EFULL, RUNNER_EQUEUESHUT, RUNNER_EINVAL (NULL),
 *         RUNNER_ENOMEM, RUNNER_ETHREAD (debug mode: tasks of another thread wait for it).
 * @note Thread: the one that runs the loop whose tasks use it. Blocks: no. Source: asyncio.Queue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_put_nowait(runner_queue_t *queue, void *item);

/**
 * Put an item with a priority into the queue; wait while it is full. runner_queue_put() gives it
 * priority 0.
 *
 * @param queue     Queue. Borrowed; kept alive while the task waits.
 * @param item      Item; may be NULL. Given if 0 is returned, else still the caller's.
 * @param priority  The lowest comes out first. Without meaning but for RUNNER_QUEUE_PRIORITY.
 *
 * @return As runner_queue_put().
 * @note Thread: the one that runs the loop. Waits, unless there is room.
 *       Source: asyncio.PriorityQueue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_put_priority(runner_queue_t *queue, void *item, int64_t priority);

/**
 * Put an item with a priority into the queue, if it has room.
 *
 * @param queue     Queue. Borrowed.
 * @param item      Item; may be NULL. Given if 0 is returned.
 * @param priority  As for runner_queue_put_priority().
 *
 * @return As runner_queue_put_nowait().
 * @note Thread: as runner_queue_put_nowait(). Blocks: no. Source: asyncio.PriorityQueue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_put_priority_nowait(runner_queue_t *queue, void *item,
                                                   int64_t priority);

/**
 * Take the next item out of the queue; wait while it is empty.
 *
 * @param queue  Queue. Borrowed; kept alive while the task waits.
 * @param item   Receives the item, then the caller's. Written only when 0 is returned. For a
 *               stackless caller it must stay valid until the wait ends.
 *
 * @return 0, or with nothing taken: RUNNER_ECANCELED (the item, if there was one for this task,
 *         went to the next in line), RUNNER_EQUEUESHUT (the queue was shut down and is empty),
 *         RUNNER_EPARKED (stackless caller: its status tells), RUNNER_ENOTASK, RUNNER_EBUSY,
 *         RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (tasks of another loop wait for it).
 * @note Thread: the one that runs the loop. Waits, unless there is an item. Source: asyncio.Queue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_get(runner_queue_t *queue, void **item);

/**
 * Take the next item out of the queue, if there is one.
 *
 * @param queue  Queue. Borrowed.
 * @param item   Receives the item, then the caller's. Written only when 0 is returned.
 *
 * @return 0, or with nothing done: RUNNER_EEMPTY, RUNNER_EQUEUESHUT (shut down and empty),
 *         RUNNER_EINVAL (NULL), RUNNER_ETHREAD (debug mode: tasks of another thread wait for it).
 * @note Thread: as runner_queue_put_nowait(). Blocks: no. Source: asyncio.Queue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_get_nowait(runner_queue_t *queue, void **item);

/**
 * Say that the work on an item that was taken out is done.
 *
 * @param queue  Queue. Borrowed.
 *
 * @return 0, or with nothing done: RUNNER_ETASKDONE (called more often than items were put),
 *         RUNNER_EINVAL (NULL), RUNNER_ETHREAD (debug mode: tasks of another thread wait for it).
 * @note Thread: as runner_queue_put_nowait(). Blocks: no. Source: asyncio.Queue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_task_done(runner_queue_t *queue);

/**
 * Wait until runner_queue_task_done() was called for every item that was put.
 *
 * @param queue  Queue. Borrowed; kept alive while the task waits.
 *
 * @return 0, or RUNNER_ECANCELED, RUNNER_EPARKED (stackless caller), RUNNER_ENOTASK, RUNNER_EBUSY,
 *         RUNNER_EINVAL (NULL), RUNNER_EFOREIGN (tasks of another loop wait for it).
 * @note Thread: the one that runs the loop. Waits, unless all is done. Source: asyncio.Queue.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_join(runner_queue_t *queue);

/**
 * Shut the queue down: nothing can be put any more, and once it is empty nothing can be got. Who
 * waits to put or get is woken. May be called again.
 *
 * @param queue      Queue. Borrowed.
 * @param immediate  Not 0: it is emptied now. Every item is dropped and counts as done.
 *
 * @return 0, or with nothing done: RUNNER_EINVAL (NULL), RUNNER_ETHREAD (debug mode: tasks of
 *         another thread wait for it).
 * @note Thread: as runner_queue_put_nowait(). Blocks: no. Source: asyncio.Queue.shutdown() of 3.13.
 * @since 0.1
 */
RUNNER_EXPORT int runner_queue_shutdown(runner_queue_t *queue, int immediate);

/**
 * How many items are in the queue.
 *
 * @param queue  Queue, or NULL. Borrowed.
 *
 * @return The count; 0 for NULL.
 * @note Thread: as runner_queue_put_nowait(). Blocks: no. Source: asyncio.Queue.qsize().
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_queue_count(const runner_queue_t *queue);

/**
 * How many items the queue has room for.
 *
 * @param queue  Queue, or NULL. Borrowed.
 *
 * @return The limit; 0 for none, and for NULL.
 * @note Thread: any. Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT size_t runner_queue_maxsize(const runner_queue_t *queue);

/**
 * Release the handle. With the last one go the items that are left.
 *
 * @param queue  Queue, or NULL. Given.
 *
 * @note Thread: as runner_queue_put_nowait(). Blocks: no.
 * @since 0.1
 */
RUNNER_EXPORT void runner_queue_unref(runner_queue_t *queue);

RUNNER_END_DECLS

#endif
