/*
 * Where the slabs of this process lie, readable from a signal handler.
 */
#ifndef RUNNER__CORO_REGISTRY_H
#define RUNNER__CORO_REGISTRY_H

#include "slab.h"

/* NULL when there is no memory for an entry: an overflow there goes unexplained. */
runner__registry_entry_t *runner__registry_add(runner__slab_t *slab);
void runner__registry_remove(runner__registry_entry_t *entry);

/* The slab that an address belongs to, or NULL. Async-signal-safe. */
runner__slab_t *runner__registry_find(const void *address);

#endif
