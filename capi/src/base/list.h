/*
 * Intrusive circular doubly linked lists. A head is a node of its own; a node that is in no list
 * is undefined unless it was initialised as a head, so owners keep their own flags.
 */
#ifndef RUNNER__BASE_LIST_H
#define RUNNER__BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct runner__node {
    struct runner__node *next;
    struct runner__node *prev;
} runner__node_t;

#define RUNNER__CONTAINER(ptr, type, member)                                                       \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void runner__list_init(runner__node_t *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool runner__list_empty(const runner__node_t *head)
{
    return head->next == head;
}

static inline void runner__list_push(runner__node_t *head, runner__node_t *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

static inline void runner__list_remove(runner__node_t *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}

/* The first node, taken out; the list must not be empty. */
static inline runner__node_t *runner__list_pop(runner__node_t *head)
{
    runner__node_t *node = head->next;
    head->next = node->next;
    node->next->prev = head;
    return node;
}

/* All of from behind the last of head; from is empty afterwards. */
static inline void runner__list_append(runner__node_t *head, runner__node_t *from)
{
    if (runner__list_empty(from)) {
        return;
    }
    from->next->prev = head->prev;
    head->prev->next = from->next;
    from->prev->next = head;
    head->prev = from->prev;
    runner__list_init(from);
}

/* All of from before the first of head; from is empty afterwards. */
static inline void runner__list_prepend(runner__node_t *head, runner__node_t *from)
{
    if (runner__list_empty(from)) {
        return;
    }
    from->prev->next = head->next;
    head->next->prev = from->prev;
    from->next->prev = head;
    head->next = from->next;
    runner__list_init(from);
}

/* Sorts a list, keeping the order of what is equal. */
void runner__list_sort(runner__node_t *head,
                       bool (*before)(const runner__node_t *a, const runner__node_t *b));

#endif
