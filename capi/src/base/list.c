#include "base/list.h"

/* Moves the first half of head's nodes to the end of half. */
static void split(runner__node_t *head, runner__node_t *half)
{
    runner__node_t *slow = head->next;
    for (runner__node_t *fast = slow->next; fast != head && fast->next != head;
         fast = fast->next->next) {
        slow = slow->next;
    }
    half->next = head->next;
    head->next->prev = half;
    head->next = slow->next;
    slow->next->prev = head;
    slow->next = half;
    half->prev = slow;
}

void runner__list_sort(runner__node_t *head,
                       bool (*before)(const runner__node_t *a, const runner__node_t *b))
{
    if (runner__list_empty(head) || head->next->next == head) {
        return;
    }
    runner__node_t first;
    runner__node_t merged;
    runner__list_init(&first);
    runner__list_init(&merged);
    split(head, &first);
    runner__list_sort(&first, before);
    runner__list_sort(head, before);
    while (!runner__list_empty(&first) && !runner__list_empty(head)) {
        bool second = before(head->next, first.next);
        runner__list_push(&merged, runner__list_pop(second ? head : &first));
    }
    runner__list_append(&merged, &first);
    runner__list_prepend(head, &merged);
}
