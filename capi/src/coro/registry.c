/*
 * The registry is a chain of fixed tables that only grows: a reader in a signal handler needs no
 * lock and never meets freed memory. Writers claim an entry with one compare-and-swap, so that a
 * fork in another thread cannot leave a lock behind.
 */
#include "registry.h"

#if !defined(_WIN32)

#include <stdlib.h>

struct runner__registry_entry {
    atomic_uintptr_t low;  /* the slab itself; 0 = free */
    atomic_uintptr_t high; /* 0 = being written */
};

#define TABLE_ENTRIES 64

typedef struct table {
    struct runner__registry_entry entries[TABLE_ENTRIES];
    _Atomic(struct table *) next;
} table_t;

static table_t first_table;

static struct runner__registry_entry *claim(table_t *table, uintptr_t low)
{
    for (size_t i = 0; i < TABLE_ENTRIES; i++) {
        struct runner__registry_entry *entry = &table->entries[i];
        uintptr_t free_mark = 0;
        if (atomic_load_explicit(&entry->low, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong(&entry->low, &free_mark, low)) {
            return entry;
        }
    }
    return NULL;
}

static table_t *grow(table_t *last)
{
    table_t *fresh = calloc(1, sizeof *fresh);
    table_t *expected = NULL;
    if (fresh == NULL) {
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&last->next, &expected, fresh)) {
        free(fresh);
        return expected;
    }
    return fresh;
}

runner__registry_entry_t *runner__registry_add(runner__slab_t *slab)
{
    table_t *table = &first_table;
    while (table != NULL) {
        struct runner__registry_entry *entry = claim(table, (uintptr_t)slab);
        if (entry != NULL) {
            atomic_store_explicit(&entry->high, (uintptr_t)slab + slab->map_bytes,
                                  memory_order_release);
            return entry;
        }
        table_t *next = atomic_load_explicit(&table->next, memory_order_acquire);
        table = next != NULL ? next : grow(table);
    }
    return NULL;
}

void runner__registry_remove(runner__registry_entry_t *entry)
{
    if (entry != NULL) {
        atomic_store_explicit(&entry->high, 0, memory_order_release);
        atomic_store_explicit(&entry->low, 0, memory_order_release);
    }
}

runner__slab_t *runner__registry_find(const void *address)
{
    uintptr_t wanted = (uintptr_t)address;
    table_t *table = &first_table;
    while (table != NULL) {
        for (size_t i = 0; i < TABLE_ENTRIES; i++) {
            uintptr_t high = atomic_load_explicit(&table->entries[i].high, memory_order_acquire);
            uintptr_t low = atomic_load_explicit(&table->entries[i].low, memory_order_acquire);
            if (low != 0 && wanted >= low && wanted < high) {
                return (runner__slab_t *)low;
            }
        }
        table = atomic_load_explicit(&table->next, memory_order_acquire);
    }
    return NULL;
}

#endif
