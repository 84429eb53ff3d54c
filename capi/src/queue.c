#include "runner/queue.h"

#include "base/alloc.h"
#include "base/options.h"
#include "items.h"
#include "waiters.h"

struct runner_queue {
    runner__items_t items;
    size_t maxsize; /* SIZE_MAX: no limit */
    size_t unfinished;
    runner__home_t *home; /* of those who wait to put or get; compared, never looked into */
    size_t waits;         /* how many those are, woken or not */
    runner__node_t getters;
    runner__node_t putters;
    runner__node_t joiners;
    runner_drop_fn drop;
    uint32_t refs;
    bool is_shut;
};

static const runner__wait_ops_t put_ops;
static const runner__wait_ops_t get_ops;

static bool is_full(const runner_queue_t *queue)
{
    return queue->items.count >= queue->maxsize;
}

static void drop_items(runner_queue_t *queue)
{
    while (queue->items.count > 0) {
        void *item = runner__items_pop(&queue->items);
        if (queue->unfinished > 0) {
            queue->unfinished--;
        }
        if (queue->drop != NULL) {
            queue->drop(item);
        }
    }
}

static void unref(runner_queue_t *queue)
{
    if (queue->refs == 1) {
        drop_items(queue); /* which may use the queue */
    }
    if (--queue->refs == 0) {
        runner__items_fini(&queue->items);
        runner__free(queue);
    }
}

/* A task of another loop may not come while some wait. */
static inline bool is_foreign(const runner_queue_t *queue, const runner_task_t *task)
{
    return queue->waits > 0 && queue->home != task->future.home;
}

/* What the public functions end with: the wait, if there is one, holds a reference. */
static inline int park_if(runner_queue_t *queue, int code, runner_task_t *task)
{
    if (RUNNER__LIKELY(code != RUNNER_EPARKED)) {
        return code;
    }
    queue->home = task->future.home;
    queue->waits++;
    queue->refs++;
    return runner__task_park(task);
}

/* What the ends of waits end with. */
static int over(runner_queue_t *queue, int code)
{
    if (code != RUNNER_EPARKED) {
        queue->waits--;
        unref(queue);
    }
    return code;
}

/* --- put --- */

static inline int put_now(runner_queue_t *queue, void *item, int64_t priority)
{
    if (RUNNER__UNLIKELY(queue->is_shut)) {
        return RUNNER_EQUEUESHUT;
    }
    if (is_full(queue)) {
        return RUNNER_EFULL;
    }
    if (RUNNER__UNLIKELY(!runner__items_grow(&queue->items))) {
        return RUNNER_ENOMEM;
    }
    runner__items_push(&queue->items, item, priority);
    queue->unfinished++;
    (void)runner__waiters_wake(&queue->getters);
    return 0;
}

static int put_or_wait(runner_queue_t *queue, runner_task_t *task, void *item, int64_t priority)
{
    int code = put_now(queue, item, priority);
    if (code != RUNNER_EFULL) {
        return code;
    }
    task->wait.put.item = item;
    task->wait.put.priority = priority;
    return runner__waiters_join(&queue->putters, task, &put_ops, queue);
}

/* Another task may have taken the place before this one ran: then it waits again. */
static int end_put(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_queue_t *queue = wait->on;
    if (how == RUNNER__WAIT_WOKEN) {
        return over(queue, put_or_wait(queue, runner__task_of_wait(wait), wait->put.item,
                                       wait->put.priority));
    }
    if (how == RUNNER__WAIT_LATE && !is_full(queue)) {
        (void)runner__waiters_wake(&queue->putters);
    }
    return over(queue, RUNNER_ECANCELED);
}

static void drop_put(runner__wait_t *wait)
{
    (void)end_put(wait, runner__wait_lost(wait));
}

static const runner__wait_ops_t put_ops = {
    .what = "queue put", .cancel = runner__wait_cut, .end = end_put, .drop = drop_put};

int runner_queue_put_priority(runner_queue_t *queue, void *item, int64_t priority)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = queue != NULL ? runner__task_may_wait(&code) : NULL;
    if (RUNNER__UNLIKELY(task == NULL)) {
        return code;
    }
    if (RUNNER__UNLIKELY(is_foreign(queue, task))) {
        return RUNNER_EFOREIGN;
    }
    return park_if(queue, put_or_wait(queue, task, item, priority), task);
}

int runner_queue_put(runner_queue_t *queue, void *item)
{
    return runner_queue_put_priority(queue, item, 0);
}

int runner_queue_put_priority_nowait(runner_queue_t *queue, void *item, int64_t priority)
{
    int code = queue != NULL ? runner__waiters_check_thread(&queue->getters) : RUNNER_EINVAL;
    return code != 0 ? code : put_now(queue, item, priority);
}

int runner_queue_put_nowait(runner_queue_t *queue, void *item)
{
    return runner_queue_put_priority_nowait(queue, item, 0);
}

/* --- get --- */

static inline int get_now(runner_queue_t *queue, void **item)
{
    if (queue->items.count == 0) {
        return queue->is_shut ? RUNNER_EQUEUESHUT : RUNNER_EEMPTY;
    }
    *item = runner__items_pop(&queue->items);
    (void)runner__waiters_wake(&queue->putters);
    return 0;
}

static int get_or_wait(runner_queue_t *queue, runner_task_t *task, void **item)
{
    int code = get_now(queue, item);
    if (code != RUNNER_EEMPTY) {
        return code;
    }
    task->wait.out = item;
    return runner__waiters_join(&queue->getters, task, &get_ops, queue);
}

static int end_get(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_queue_t *queue = wait->on;
    if (how == RUNNER__WAIT_WOKEN) {
        return over(queue, get_or_wait(queue, runner__task_of_wait(wait), wait->out));
    }
    if (how == RUNNER__WAIT_LATE && queue->items.count > 0) {
        (void)runner__waiters_wake(&queue->getters);
    }
    return over(queue, RUNNER_ECANCELED);
}

static void drop_get(runner__wait_t *wait)
{
    (void)end_get(wait, runner__wait_lost(wait));
}

static const runner__wait_ops_t get_ops = {
    .what = "queue get", .cancel = runner__wait_cut, .end = end_get, .drop = drop_get};

int runner_queue_get(runner_queue_t *queue, void **item)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = queue != NULL && item != NULL ? runner__task_may_wait(&code) : NULL;
    if (RUNNER__UNLIKELY(task == NULL)) {
        return code;
    }
    if (RUNNER__UNLIKELY(is_foreign(queue, task))) {
        return RUNNER_EFOREIGN;
    }
    return park_if(queue, get_or_wait(queue, task, item), task);
}

int runner_queue_get_nowait(runner_queue_t *queue, void **item)
{
    int code = queue != NULL && item != NULL ? runner__waiters_check_thread(&queue->putters)
                                             : RUNNER_EINVAL;
    return code != 0 ? code : get_now(queue, item);
}

/* --- join --- */

static int end_join(runner__wait_t *wait, runner__wait_how_t how)
{
    unref(wait->on);
    return how == RUNNER__WAIT_WOKEN ? 0 : RUNNER_ECANCELED;
}

static void drop_join(runner__wait_t *wait)
{
    unref(wait->on);
}

static const runner__wait_ops_t join_ops = {
    .what = "queue join", .cancel = runner__wait_cut, .end = end_join, .drop = drop_join};

int runner_queue_join(runner_queue_t *queue)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = queue != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    code = queue->unfinished > 0 ? runner__waiters_check(&queue->joiners, task) : 0;
    if (code != 0 || queue->unfinished == 0) {
        return code;
    }
    queue->refs++;
    return runner__park_if(runner__waiters_join(&queue->joiners, task, &join_ops, queue), task);
}

int runner_queue_task_done(runner_queue_t *queue)
{
    int code = queue != NULL ? runner__waiters_check_thread(&queue->joiners) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (queue->unfinished == 0) {
        return RUNNER_ETASKDONE;
    }
    if (--queue->unfinished == 0) {
        runner__waiters_wake_all(&queue->joiners);
    }
    return 0;
}

/* --- the queue itself --- */

int runner_queue_options_init(runner_queue_options_t *opts, size_t size)
{
    return runner__options_fill(opts, size);
}

int runner_queue_new(runner_queue_t **out, const runner_queue_options_t *opts)
{
    runner_queue_options_t complete;
    int code = out != NULL ? runner__options_read(&complete, sizeof complete, opts) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    if (complete.kind < RUNNER_QUEUE_FIFO || complete.kind > RUNNER_QUEUE_PRIORITY ||
        complete.reserved != 0) {
        return RUNNER_EINVAL;
    }
    runner_queue_t *queue = runner__malloc(sizeof *queue);
    if (queue == NULL) {
        return RUNNER_ENOMEM;
    }
    runner__items_init(&queue->items, complete.kind);
    queue->maxsize = complete.maxsize != 0 ? complete.maxsize : SIZE_MAX;
    queue->unfinished = 0;
    queue->home = NULL;
    queue->waits = 0;
    runner__list_init(&queue->getters);
    runner__list_init(&queue->putters);
    runner__list_init(&queue->joiners);
    queue->drop = complete.drop;
    queue->refs = 1;
    queue->is_shut = false;
    *out = queue;
    return 0;
}

int runner_queue_shutdown(runner_queue_t *queue, int immediate)
{
    int code = queue != NULL ? runner__waiters_check_thread(&queue->getters) : RUNNER_EINVAL;
    code = code != 0 ? code : runner__waiters_check_thread(&queue->putters);
    code = code != 0 ? code : runner__waiters_check_thread(&queue->joiners);
    if (code != 0) {
        return code;
    }
    queue->refs++;
    queue->is_shut = true;
    if (immediate != 0) {
        drop_items(queue);
        if (queue->unfinished == 0) {
            runner__waiters_wake_all(&queue->joiners);
        }
    }
    runner__waiters_wake_all(&queue->getters);
    runner__waiters_wake_all(&queue->putters);
    unref(queue);
    return 0;
}

size_t runner_queue_count(const runner_queue_t *queue)
{
    return queue != NULL ? queue->items.count : 0;
}

size_t runner_queue_maxsize(const runner_queue_t *queue)
{
    return queue != NULL && queue->maxsize != SIZE_MAX ? queue->maxsize : 0;
}

void runner_queue_unref(runner_queue_t *queue)
{
    if (queue != NULL) {
        unref(queue);
    }
}
