/*
 * The kinds of check_interleavings.c that are queues. What is in the queue is known exactly: an item
 * goes in when its put returns 0 and comes out when its get does.
 */
#ifndef INTERLEAVE_QUEUES_H
#define INTERLEAVE_QUEUES_H

#include "interleave.h"

enum { CALL_PUT = CALL_KIND, CALL_GET, CALL_JOIN };
enum { MOST_ITEMS = 128 };
enum { ITEM_MADE, ITEM_QUEUED, ITEM_GOT, ITEM_DROPPED };

typedef struct item {
    int state;
    int64_t priority;
} item_t;

static struct {
    runner_queue_t *queue;
    size_t maxsize;
    int32_t order; /* RUNNER_QUEUE_... */
    item_t items[MOST_ITEMS];
    int made;
    item_t *content[MOST_ITEMS]; /* in the order of putting */
    size_t count;
    size_t unfinished;
    uint64_t finishes; /* how often nothing was unfinished any more */
    int shut;
    int dropping; /* items may be dropped now */
} queues;

/* --- items ------------------------------------------------------------------------------- */

static item_t *item_make(void)
{
    CHECK(queues.made < MOST_ITEMS);
    item_t *item = &queues.items[queues.made++];
    *item = (item_t){ITEM_MADE, draw(3)};
    return item;
}

static void item_drop(void *arg)
{
    item_t *item = arg;
    CHECK(queues.dropping && item->state == ITEM_QUEUED);
    item->state = ITEM_DROPPED;
    CHECK(queues.count-- > 0);
}

/* What has to come out next. */
static size_t next_out(void)
{
    size_t next = queues.order == RUNNER_QUEUE_LIFO ? queues.count - 1 : 0;
    if (queues.order == RUNNER_QUEUE_PRIORITY)
        for (size_t i = 1; i < queues.count; i++)
            if (queues.content[i]->priority < queues.content[next]->priority)
                next = i;
    return next;
}

static int is_full(void)
{
    return queues.maxsize > 0 && queues.count >= queues.maxsize;
}

static void finish(size_t count)
{
    queues.unfinished -= count;
    queues.finishes += count > 0 && queues.unfinished == 0;
}

/* There is an item, or a place, for one more of those that wait. Who was woken before may find that
 * somebody has taken what was there, and waits anew behind the others, so this may say of one too
 * many that it was woken. */
static void wake_next(int call)
{
    actor_t *next = NULL;
    for (int i = 0; i < program.count; i++) {
        actor_t *actor = &program.actors[i];
        if (waits(actor, call, 0) && !actor->held && !was_cancelled(actor) &&
            (next == NULL || actor->ticket < next->ticket))
            next = actor;
    }
    if (next != NULL)
        next->held = 1;
}

static void item_in(item_t *item)
{
    CHECK(item->state == ITEM_MADE && !queues.shut && !is_full());
    item->state = ITEM_QUEUED;
    queues.content[queues.count++] = item;
    queues.unfinished++;
    wake_next(CALL_GET);
}

static void item_out(const item_t *item)
{
    CHECK(queues.count > 0);
    size_t next = next_out();
    CHECK(queues.content[next] == item && item->state == ITEM_QUEUED);
    queues.content[next]->state = ITEM_GOT;
    queues.count--;
    for (size_t i = next; i < queues.count; i++)
        queues.content[i] = queues.content[i + 1];
    wake_next(CALL_PUT);
}

/* --- calls ------------------------------------------------------------------------------- */

static int queue_put(actor_t *self)
{
    item_t *item = item_make();
    calls(self, CALL_PUT, 0, "put");
    self->slot = item;
    self->held = 0; /* was not woken */
    if (item->priority == 0)
        return runner_queue_put(queues.queue, item);
    return runner_queue_put_priority(queues.queue, item, item->priority);
}

static int queue_get(actor_t *self)
{
    calls(self, CALL_GET, 0, "get");
    self->slot = NULL;
    self->held = 0;
    return runner_queue_get(queues.queue, &self->slot);
}

static int queue_join(actor_t *self)
{
    calls(self, CALL_JOIN, 0, "join");
    self->mark = queues.finishes;
    int free = queues.unfinished == 0;
    int code = runner_queue_join(queues.queue);
    CHECK(!free || (code == 0 && program.moment == self->moment));
    return code;
}

static void queue_put_nowait(int who)
{
    item_t *item = item_make();
    int expected = queues.shut ? RUNNER_EQUEUESHUT : is_full() ? RUNNER_EFULL : 0;
    say(who, "put_nowait", expected);
    CHECK_CODE(runner_queue_put_priority_nowait(queues.queue, item, item->priority), expected);
    if (expected == 0)
        item_in(item);
}

static void queue_get_nowait(int who)
{
    void *item = NULL;
    int expected = queues.count > 0 ? 0 : queues.shut ? RUNNER_EQUEUESHUT : RUNNER_EEMPTY;
    say(who, "get_nowait", expected);
    CHECK_CODE(runner_queue_get_nowait(queues.queue, &item), expected);
    CHECK(expected == 0 || item == NULL);
    if (expected == 0)
        item_out(item);
}

static void queue_task_done(int who)
{
    int expected = queues.unfinished == 0 ? RUNNER_ETASKDONE : 0;
    say(who, "task_done", expected);
    CHECK_CODE(runner_queue_task_done(queues.queue), expected);
    if (expected == 0)
        finish(1);
}

static void queue_shutdown(int who, int immediate)
{
    say(who, "shutdown", immediate);
    size_t dropped = immediate ? queues.count : 0;
    queues.dropping = immediate;
    CHECK_CODE(runner_queue_shutdown(queues.queue, immediate), 0);
    queues.dropping = 0;
    queues.shut = 1;
    CHECK(!immediate || queues.count == 0);
    finish(dropped < queues.unfinished ? dropped : queues.unfinished);
}

static void queue_act(void)
{
    switch (draw(12)) {
    case 0:
    case 1:
    case 2:
        queue_put_nowait(CALLBACK);
        break;
    case 3:
    case 4:
    case 5:
        queue_get_nowait(CALLBACK);
        break;
    case 6:
        if (chance(4))
            queue_shutdown(CALLBACK, chance(2));
        break;
    default:
        queue_task_done(CALLBACK);
        break;
    }
}

static int queue_begin(actor_t *self)
{
    int choice = draw(16);
    if (choice < 6)
        return queue_put(self);
    if (choice < 12)
        return queue_get(self);
    if (choice < 14)
        return queue_join(self);
    queue_task_done(self->index);
    return 0;
}

/* Nobody who came earlier waits on, but who was woken as well. */
static int was_next_in_queue(const actor_t *self, int call)
{
    for (int i = 0; i < program.count; i++) {
        const actor_t *actor = &program.actors[i];
        if (waits(actor, call, 0) && actor->ticket < self->ticket && !actor->held &&
            !was_cancelled(actor))
            return 0;
    }
    return 1;
}

static void queue_end(actor_t *self, int call, int code)
{
    if (call == CALL_JOIN) {
        CHECK(code == 0 || code == RUNNER_ECANCELED);
        CHECK(code != 0 || !self->parked || queues.finishes > self->mark);
        return;
    }
    if (code == 0) {
        CHECK(!self->parked || queues.shut || (self->held && was_next_in_queue(self, call)));
        if (call == CALL_PUT)
            item_in(self->slot);
        else
            item_out(self->slot);
        return;
    }
    CHECK(call == CALL_PUT || self->slot == NULL);
    if (code == RUNNER_EQUEUESHUT) {
        CHECK(queues.shut && (call == CALL_PUT || queues.count == 0));
        return;
    }
    CHECK_CODE(code, RUNNER_ECANCELED);
    if (self->held && (call == CALL_PUT ? !is_full() : queues.count > 0))
        wake_next(call);
}

/* --- the whole --------------------------------------------------------------------------- */

static void queue_make(int32_t order, size_t maxsize)
{
    memset(&queues, 0, sizeof queues);
    runner_queue_options_t opts;
    CHECK_CODE(runner_queue_options_init(&opts, sizeof opts), 0);
    opts.maxsize = queues.maxsize = maxsize;
    opts.kind = queues.order = order;
    opts.drop = item_drop;
    CHECK_CODE(runner_queue_new(&queues.queue, &opts), 0);
}

static void queue_open(void)
{
    queue_make(RUNNER_QUEUE_FIFO, 0);
}

static void bounded_queue_open(void)
{
    queue_make(RUNNER_QUEUE_FIFO, 1 + (size_t)draw(3));
}

static void lifo_open(void)
{
    queue_make(RUNNER_QUEUE_LIFO, (size_t)draw(3));
}

static void priority_open(void)
{
    queue_make(RUNNER_QUEUE_PRIORITY, (size_t)draw(3));
}

static void queue_check(void)
{
    CHECK(runner_queue_count(queues.queue) == queues.count);
    CHECK(runner_queue_maxsize(queues.queue) == queues.maxsize);
}

static void queue_quiet(void)
{
    CHECK(count_waiting(CALL_GET, 0) == 0 || (queues.count == 0 && !queues.shut));
    CHECK(count_waiting(CALL_PUT, 0) == 0 || (is_full() && !queues.shut));
    for (int i = 0; i < program.count; i++)
        CHECK(!waits(&program.actors[i], CALL_JOIN, 0) ||
              (queues.unfinished > 0 && queues.finishes == program.actors[i].mark));
}

/* What was made is still its maker's, or was got, or is dropped now. */
static void queue_close(void)
{
    queues.dropping = 1;
    runner_queue_unref(queues.queue);
    CHECK(queues.count == 0);
    for (int i = 0; i < queues.made; i++)
        CHECK(queues.items[i].state != ITEM_QUEUED);
}

#define QUEUE_KIND(variable, title, open_fn)                                                       \
    static const kind_t variable = {.name = title,                                                 \
                                    .open = open_fn,                                               \
                                    .begin = queue_begin,                                          \
                                    .end = queue_end,                                              \
                                    .act = queue_act,                                              \
                                    .check = queue_check,                                          \
                                    .quiet = queue_quiet,                                          \
                                    .close = queue_close,                                          \
                                    .most_actors = 6}

QUEUE_KIND(queue_kind, "queue", queue_open);
QUEUE_KIND(bounded_queue_kind, "bounded queue", bounded_queue_open);
QUEUE_KIND(lifo_kind, "lifo queue", lifo_open);
QUEUE_KIND(priority_kind, "priority queue", priority_open);

#endif
