#include "inbox.h"

#include <errno.h>

int runner__inbox_init(runner__inbox_t *inbox)
{
    runner__list_init(&inbox->entries);
    inbox->closed = false;
    atomic_init(&inbox->filled, false);
    atomic_init(&inbox->wakers, 0);
    atomic_init(&inbox->async_open, false);
    return uv_mutex_init(&inbox->lock);
}

void runner__inbox_fini(runner__inbox_t *inbox)
{
    uv_mutex_destroy(&inbox->lock);
}

int runner__inbox_attach(runner__inbox_t *inbox, uv_loop_t *loop, uv_async_cb woken)
{
    int code = uv_async_init(loop, &inbox->async, woken);
    if (code == 0) {
        uv_unref((uv_handle_t *)&inbox->async);
        atomic_store(&inbox->async_open, true);
    }
    return code;
}

/* Another thread may be between its look at async_open and the end of its send. A signal handler
 * on this very thread finishes before this goes on, so the wait is short and cannot lock up. */
void runner__inbox_leave(runner__inbox_t *inbox)
{
    atomic_store(&inbox->async_open, false);
    while (atomic_load(&inbox->wakers) != 0) {}
}

void runner__inbox_detach(runner__inbox_t *inbox, uv_close_cb closed)
{
    runner__inbox_leave(inbox);
    uv_close((uv_handle_t *)&inbox->async, closed);
}

void runner__inbox_wake(runner__inbox_t *inbox)
{
    int saved = errno;
    atomic_fetch_add(&inbox->wakers, 1);
    if (atomic_load(&inbox->async_open)) {
        (void)uv_async_send(&inbox->async);
    }
    atomic_fetch_sub(&inbox->wakers, 1);
    errno = saved;
}

bool runner__inbox_begin(runner__inbox_t *inbox)
{
    uv_mutex_lock(&inbox->lock);
    if (inbox->closed) {
        uv_mutex_unlock(&inbox->lock);
        return false;
    }
    return true;
}

void runner__inbox_give_up(runner__inbox_t *inbox)
{
    uv_mutex_unlock(&inbox->lock);
}

/* The wake-up is inside the lock: the entry may be what ends the run, and the inbox with it, as soon
 * as the lock is free. */
void runner__inbox_commit(runner__inbox_t *inbox, runner__entry_t *entry)
{
    runner__list_push(&inbox->entries, &entry->node);
    /* Only the entry that ends the emptiness wakes: the loop drains all of them at once. */
    if (!atomic_load_explicit(&inbox->filled, memory_order_relaxed)) {
        atomic_store_explicit(&inbox->filled, true, memory_order_relaxed);
        runner__inbox_wake(inbox);
    }
    uv_mutex_unlock(&inbox->lock);
}

bool runner__inbox_post(runner__inbox_t *inbox, runner__entry_t *entry)
{
    bool accepted = runner__inbox_begin(inbox);
    if (accepted) {
        runner__inbox_commit(inbox, entry);
    }
    return accepted;
}

static void take_all(runner__inbox_t *inbox, runner__node_t *into)
{
    runner__list_append(into, &inbox->entries);
    atomic_store_explicit(&inbox->filled, false, memory_order_relaxed);
}

void runner__inbox_drain(runner__inbox_t *inbox, runner__node_t *into)
{
    uv_mutex_lock(&inbox->lock);
    take_all(inbox, into);
    uv_mutex_unlock(&inbox->lock);
}

void runner__inbox_close(runner__inbox_t *inbox, runner__node_t *into)
{
    uv_mutex_lock(&inbox->lock);
    inbox->closed = true;
    take_all(inbox, into);
    uv_mutex_unlock(&inbox->lock);
}
