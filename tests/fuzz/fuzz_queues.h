/*
 * Operations of the call fuzzer on queues, whose content is known exactly: an item goes in when its
 * put ends with 0, comes out when a get does, and the drop function says what was dropped. Included
 * once.
 */
#ifndef FUZZ_QUEUES_H
#define FUZZ_QUEUES_H

#include "fuzz_sync.h"

/* State of an item; of a queue: whether it was shut down. */
enum { MADE, QUEUED, OUT };

static int drop_depth;

/* --- what is in a queue ------------------------------------------------------------------ */

static void item_leaves(token_t *item)
{
    CHECK(item->state == QUEUED);
    item->state = OUT;
    CHECK(item->parts[0]->count-- > 0);
}

/* May use the queues, also the one that drops. */
static void item_drop(void *arg)
{
    token_t *item = token_of(arg);
    token_t *queue = item->parts[0];
    token_drop(item);
    if (item->state == MADE) {
        item->state = OUT; /* with the queue, of which the put that just succeeded was the last */
        item->accepted = 1;
        return;
    }
    item_leaves(item);
    queue->unfinished -= queue->unfinished > 0;
    if (drop_depth == 0 && item->number % 4 == 0 && input_left > 0) {
        drop_depth++;
        poke();
        drop_depth--;
    }
}

static void item_put(token_t *queue, token_t *item)
{
    CHECK(queue->state == 0 && item->state != QUEUED);
    if (item->state == OUT)
        return;
    CHECK(queue->limit == 0 || queue->count < queue->limit);
    item->state = QUEUED;
    item->order = ++queue->order;
    item->accepted = queue->has_drop;
    queue->count++;
    queue->unfinished++;
}

static int comes_before(const token_t *queue, const token_t *a, const token_t *b)
{
    if (queue->variant == RUNNER_QUEUE_LIFO)
        return a->order > b->order;
    if (queue->variant == RUNNER_QUEUE_PRIORITY && a->priority != b->priority)
        return a->priority < b->priority;
    return a->order < b->order;
}

/* What was got is the program's. */
static void item_got(token_t *queue, void *value)
{
    token_t *item = token_of(value);
    CHECK(item->kind == ITEM && item->parts[0] == queue);
    for (int i = 0; i < token_count; i++) {
        const token_t *other = &tokens[i];
        int in_queue = other->kind == ITEM && other->parts[0] == queue && other->state == QUEUED;
        CHECK(!in_queue || other == item || comes_before(queue, item, other));
    }
    item_leaves(item);
    if (item->accepted)
        token_drop(item);
}

static void check_queue(const held_t *slot)
{
    CHECK(runner_queue_count(slot->handle) == slot->token->count);
    CHECK(runner_queue_maxsize(slot->handle) == slot->token->limit);
}

static token_t *item_new(token_t *queue, uint8_t bits)
{
    token_t *item = token_new(ITEM, 0);
    if (item != NULL) {
        item->parts[0] = queue;
        item->priority = queue->variant == RUNNER_QUEUE_PRIORITY ? (bits >> 3) % 4 : 0;
    }
    return item;
}

/* --- waiting ----------------------------------------------------------------------------- */

static void put_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED, RUNNER_EQUEUESHUT);
    CHECK(code != RUNNER_EQUEUESHUT || wait->object->state != 0);
    CHECK(code == 0 || wait->item->state == MADE);
    if (code == 0)
        item_put(wait->object, wait->item);
}

static void get_ended(wait_for_t *wait, int code)
{
    CHECK_CODE(code, 0, RUNNER_ECANCELED, RUNNER_EQUEUESHUT);
    CHECK(code != RUNNER_EQUEUESHUT || (wait->object->state != 0 && wait->object->count == 0));
    CHECK((wait->value != NULL) == (code == 0));
    if (code == 0)
        item_got(wait->object, wait->value);
}

static void join_ended(wait_for_t *wait, int code)
{
    (void)wait;
    CHECK_CODE(code, 0, RUNNER_ECANCELED);
}

static void queue_put(place_t *at, held_t *slot, uint8_t bits)
{
    wait_for_t own;
    token_t *item = item_new(slot->token, bits);
    if (item == NULL)
        return;
    note("token %d puts token %d into queue, object %d", number_of(at), item->number,
         slot->token->number);
    wait_for_t *wait = wait_begin(at, &own, slot->token, put_ended);
    wait->item = item;
    int code = item->priority != 0 ? runner_queue_put_priority(slot->handle, item, item->priority)
                                   : runner_queue_put(slot->handle, item);
    (void)wait_return(at, wait, code);
}

static void queue_get(place_t *at, held_t *slot)
{
    wait_for_t own;
    note("token %d gets from queue, object %d", number_of(at), slot->token->number);
    wait_for_t *wait = wait_begin(at, &own, slot->token, get_ended);
    int code = runner_queue_get(slot->handle, &wait->value);
    (void)wait_return(at, wait, code);
}

static void queue_join(place_t *at, held_t *slot)
{
    wait_for_t own;
    note("token %d joins queue, object %d", number_of(at), slot->token->number);
    int is_idle = slot->token->unfinished == 0;
    wait_for_t *wait = wait_begin(at, &own, slot->token, join_ended);
    int code = runner_queue_join(slot->handle);
    CHECK(!is_idle || !may_wait(at) || code == 0);
    (void)wait_return(at, wait, code);
}

static void queue_new(uint8_t bits)
{
    token_t *object;
    held_t *slot = object_slot(queues, &object);
    runner_queue_options_t opts;
    runner_queue_t *queue = NULL;
    if (slot == NULL)
        return;
    CHECK_CODE(runner_queue_options_init(&opts, sizeof opts), 0);
    opts.kind = bits % 3;
    opts.maxsize = (bits >> 2) & 3;
    opts.drop = (bits & 16) != 0 ? NULL : item_drop;
    object->variant = opts.kind;
    object->limit = opts.maxsize;
    object->has_drop = opts.drop != NULL;
    CHECK_CODE(runner_queue_new(&queue, &opts), 0);
    note("queue, object %d, kind %d, maxsize %zu", object->number, opts.kind, opts.maxsize);
    hold(slot, queue, object, 0);
}

static void op_queue(place_t *at)
{
    held_t *slot = some_held(queues);
    uint8_t bits = take_byte();
    if (wants_new(slot, bits)) {
        queue_new(bits);
        return;
    }
    check_queue(slot);
    if ((bits & 7) == 0 && slot->pins == 0) {
        note("unref queue, object %d", slot->token->number);
        runner_queue_t *queue = slot->handle;
        *slot = (held_t){0};
        runner_queue_unref(queue);
    } else if ((bits & 7) < 4) {
        queue_put(at, slot, bits);
    } else if ((bits & 7) < 7) {
        queue_get(at, slot);
    } else {
        queue_join(at, slot);
    }
}

/* --- without waiting --------------------------------------------------------------------- */

static void put_nowait(held_t *slot, uint8_t bits)
{
    token_t *queue = slot->token;
    token_t *item = item_new(queue, bits);
    if (item == NULL)
        return;
    int full = queue->limit != 0 && queue->count >= queue->limit;
    int code = item->priority != 0
                   ? runner_queue_put_priority_nowait(slot->handle, item, item->priority)
                   : runner_queue_put_nowait(slot->handle, item);
    note("put token %d into queue, object %d: %d", item->number, queue->number, code);
    CHECK_CODE(code, queue->state != 0 ? RUNNER_EQUEUESHUT : full ? RUNNER_EFULL : 0);
    if (code == 0)
        item_put(queue, item);
}

static void get_nowait(held_t *slot)
{
    token_t *queue = slot->token;
    void *value = NULL;
    int empty = queue->state != 0 ? RUNNER_EQUEUESHUT : RUNNER_EEMPTY;
    int code = runner_queue_get_nowait(slot->handle, &value);
    note("get from queue, object %d: %d", queue->number, code);
    CHECK_CODE(code, queue->count > 0 ? 0 : empty);
    CHECK((value != NULL) == (code == 0));
    if (code == 0)
        item_got(queue, value);
}

/* Without a drop function nobody tells what has left the queue. */
static void forget_items(token_t *queue)
{
    for (int i = 0; i < token_count; i++) {
        token_t *item = &tokens[i];
        if (item->kind == ITEM && item->parts[0] == queue && item->state == QUEUED) {
            item_leaves(item);
            queue->unfinished -= queue->unfinished > 0;
        }
    }
}

static void queue_shutdown(held_t *slot, int immediate)
{
    token_t *queue = slot->token;
    note("shut queue, object %d%s", queue->number, immediate ? ", at once" : "");
    queue->state = 1;
    if (immediate && !queue->has_drop)
        forget_items(queue);
    slot->pins++;
    CHECK_CODE(runner_queue_shutdown(slot->handle, immediate), 0);
    slot->pins--;
    CHECK(!immediate || queue->count == 0);
}

static void poke_queue(held_t *slot, uint8_t bits)
{
    token_t *queue = slot->token;
    if ((bits & 7) < 3) {
        put_nowait(slot, bits);
    } else if ((bits & 7) < 5) {
        get_nowait(slot);
    } else if ((bits & 7) < 7) {
        int code = runner_queue_task_done(slot->handle);
        note("task_done of queue, object %d: %d", queue->number, code);
        CHECK_CODE(code, queue->unfinished > 0 ? 0 : RUNNER_ETASKDONE);
        queue->unfinished -= code == 0;
    } else if ((bits & 0xc0) == 0xc0) {
        queue_shutdown(slot, bits & 8);
    }
    check_queue(slot);
}

/* Any call on such an object that does not wait. */
static void poke(void)
{
    static const struct {
        held_t *table;
        void (*fn)(held_t *slot, uint8_t bits);
    } kinds[] = {{events, poke_event},         {conditions, poke_condition},
                 {semaphores, poke_semaphore}, {barriers, poke_barrier},
                 {queues, poke_queue},         {queues, poke_queue}};
    unsigned kind = take_below(8);
    held_t *slot = some_held(kind < 6 ? kinds[kind].table : locks);
    uint8_t bits = take_byte();
    if (slot != NULL && kind < 6)
        kinds[kind].fn(slot, bits);
    else if (slot != NULL)
        release(slot->handle, slot->token);
}

static void op_poke(place_t *at)
{
    (void)at;
    poke();
}

static void give_back_queues(void)
{
    for (int i = 0; i < SLOTS; i++) {
        runner_queue_t *queue = queues[i].handle;
        if (queue != NULL)
            check_queue(&queues[i]);
        queues[i] = (held_t){0};
        runner_queue_unref(queue);
    }
}

#endif
