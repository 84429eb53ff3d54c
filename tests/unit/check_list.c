/* Intrusive lists: each operation, all of them against arrays, and the sort. */
#include "check_support.h"

#include <stdlib.h>

#include "base/list.h"
#include "model.h"

typedef struct item {
    runner__node_t node;
    int key;
    int order; /* among the items of its list when they were pushed */
} item_t;

static item_t *item_of(runner__node_t *node)
{
    return RUNNER__CONTAINER(node, item_t, node);
}

static runner__node_t head;
static runner__node_t other;
static item_t items[4];

static void setup(void)
{
    runner__list_init(&head);
    runner__list_init(&other);
    for (int i = 0; i < 4; i++) {
        items[i].key = i;
    }
}

/* The keys of a list, forwards; backwards they are the same. */
static void expect_keys(runner__node_t *list, const char *expected)
{
    runner__node_t *last = list;
    log_clear();
    for (runner__node_t *node = list->next; node != list; node = node->next) {
        ck_assert_ptr_eq(node->prev, last);
        log_add("%d", item_of(node)->key);
        last = node;
    }
    ck_assert_ptr_eq(list->prev, last);
    log_expect(expected);
}

START_TEST(test_list__new_one_is_empty)
{
    ck_assert(runner__list_empty(&head));
    expect_keys(&head, "");
    runner__list_push(&head, &items[0].node);
    ck_assert(!runner__list_empty(&head));
}
END_TEST

START_TEST(test_list__push_and_pop_are_first_in_first_out)
{
    for (int i = 0; i < 3; i++) {
        runner__list_push(&head, &items[i].node);
    }
    expect_keys(&head, "0,1,2");
    ck_assert_ptr_eq(runner__list_pop(&head), &items[0].node);
    expect_keys(&head, "1,2");
    runner__list_push(&head, &items[0].node);
    expect_keys(&head, "1,2,0");
    for (int i = 1; i <= 3; i++) {
        ck_assert_ptr_eq(runner__list_pop(&head), &items[i % 3].node);
    }
    ck_assert(runner__list_empty(&head));
}
END_TEST

START_TEST(test_list__remove_takes_any_node_out)
{
    for (int i = 0; i < 4; i++) {
        runner__list_push(&head, &items[i].node);
    }
    runner__list_remove(&items[2].node);
    expect_keys(&head, "0,1,3");
    runner__list_remove(&items[0].node);
    expect_keys(&head, "1,3");
    runner__list_remove(&items[3].node);
    expect_keys(&head, "1");
    runner__list_remove(&items[1].node);
    expect_keys(&head, "");
}
END_TEST

START_TEST(test_list__remove_of_a_node_that_is_a_list_of_its_own_does_nothing)
{
    runner__list_push(&head, &items[0].node);
    runner__list_init(&items[1].node);
    runner__list_remove(&items[1].node);
    ck_assert(runner__list_empty(&items[1].node));
    expect_keys(&head, "0");
}
END_TEST

START_TEST(test_list__append_puts_all_behind_the_last)
{
    runner__list_append(&head, &other);
    expect_keys(&head, "");
    runner__list_push(&other, &items[0].node);
    runner__list_push(&other, &items[1].node);
    runner__list_append(&head, &other);
    expect_keys(&head, "0,1");
    expect_keys(&other, "");
    runner__list_append(&head, &other);
    expect_keys(&head, "0,1");
    runner__list_push(&other, &items[2].node);
    runner__list_push(&other, &items[3].node);
    runner__list_append(&head, &other);
    expect_keys(&head, "0,1,2,3");
    expect_keys(&other, "");
}
END_TEST

START_TEST(test_list__prepend_puts_all_before_the_first)
{
    runner__list_prepend(&head, &other);
    expect_keys(&head, "");
    runner__list_push(&other, &items[2].node);
    runner__list_push(&other, &items[3].node);
    runner__list_prepend(&head, &other);
    expect_keys(&head, "2,3");
    expect_keys(&other, "");
    runner__list_prepend(&head, &other);
    expect_keys(&head, "2,3");
    runner__list_push(&other, &items[0].node);
    runner__list_push(&other, &items[1].node);
    runner__list_prepend(&head, &other);
    expect_keys(&head, "0,1,2,3");
    expect_keys(&other, "");
}
END_TEST

/* --- all operations against arrays -------------------------------------------------------- */

enum { LISTS = 3, ITEMS = 24, NOWHERE = -1 };

typedef struct model {
    runner__node_t head[LISTS];
    item_t item[ITEMS];
    int where[ITEMS]; /* the list, or NOWHERE */
    int key[LISTS][ITEMS];
    int count[LISTS];
} model_t;

static void model_insert(model_t *model, int list, int at, int key)
{
    int *keys = model->key[list];
    memmove(keys + at + 1, keys + at, (size_t)(model->count[list] - at) * sizeof *keys);
    keys[at] = key;
    model->count[list]++;
    model->where[key] = list;
}

static void model_remove(model_t *model, int key)
{
    int list = model->where[key];
    int *keys = model->key[list];
    int at = 0;
    while (keys[at] != key) {
        at++;
    }
    model->count[list]--;
    memmove(keys + at, keys + at + 1, (size_t)(model->count[list] - at) * sizeof *keys);
    model->where[key] = NOWHERE;
}

static void model_move_all(model_t *model, int to, int from, int in_front)
{
    for (int i = 0; model->count[from] > 0; i++) {
        int key = model->key[from][0];
        model_remove(model, key);
        model_insert(model, to, in_front ? i : model->count[to], key);
    }
}

static void model_step(model_t *model, dice_t *dice)
{
    int list = (int)dice_below(dice, LISTS);
    int from = (list + 1 + (int)dice_below(dice, LISTS - 1)) % LISTS;
    int key = (int)dice_below(dice, ITEMS);
    int chance = (int)dice_below(dice, 20);
    if (chance == 0) {
        runner__list_append(&model->head[list], &model->head[from]);
        model_move_all(model, list, from, 0);
    } else if (chance == 1) {
        runner__list_prepend(&model->head[list], &model->head[from]);
        model_move_all(model, list, from, 1);
    } else if (chance < 5 && model->count[list] > 0) {
        runner__node_t *node = runner__list_pop(&model->head[list]);
        ck_assert_ptr_eq(node, &model->item[model->key[list][0]].node);
        model_remove(model, model->key[list][0]);
    } else if (model->where[key] == NOWHERE) {
        runner__list_push(&model->head[list], &model->item[key].node);
        model_insert(model, list, model->count[list], key);
    } else {
        runner__list_remove(&model->item[key].node);
        model_remove(model, key);
    }
}

static void model_compare(model_t *model, int step, int seed)
{
    for (int list = 0; list < LISTS; list++) {
        runner__node_t *node = &model->head[list];
        for (int i = 0; i < model->count[list]; i++) {
            runner__node_t *next = &model->item[model->key[list][i]].node;
            model_assert(node->next == next && next->prev == node, "seed %d, step %d", seed, step);
            node = next;
        }
        model_assert(node->next == &model->head[list] && model->head[list].prev == node,
                     "seed %d, step %d", seed, step);
        model_assert(runner__list_empty(&model->head[list]) == (model->count[list] == 0),
                     "seed %d, step %d", seed, step);
    }
}

START_TEST(test_list__behaves_as_an_array_does)
{
    dice_t dice = {(uint64_t)_i};
    model_t model = {0};
    for (int i = 0; i < LISTS; i++) {
        runner__list_init(&model.head[i]);
    }
    for (int i = 0; i < ITEMS; i++) {
        model.where[i] = NOWHERE;
    }
    for (int step = 0; step < 5000; step++) {
        model_step(&model, &dice);
        model_compare(&model, step, _i);
    }
}
END_TEST

/* --- the sort ----------------------------------------------------------------------------- */

static bool key_before(const runner__node_t *a, const runner__node_t *b)
{
    return RUNNER__CONTAINER(a, item_t, node)->key < RUNNER__CONTAINER(b, item_t, node)->key;
}

/* Sorts a list of random keys; checks that it is sorted, stable and whole. */
static void sort_random(int count, uint32_t keys, int seed)
{
    dice_t dice = {(uint64_t)seed};
    item_t *many = malloc((size_t)count * sizeof *many + 1);
    ck_assert_ptr_nonnull(many);
    runner__list_init(&head);
    for (int i = 0; i < count; i++) {
        many[i].key = (int)dice_below(&dice, keys);
        many[i].order = i;
        runner__list_push(&head, &many[i].node);
    }
    runner__list_sort(&head, key_before);
    int seen = 0;
    runner__node_t *last = &head;
    for (runner__node_t *node = head.next; node != &head && seen <= count; node = node->next) {
        const item_t *a = item_of(last);
        const item_t *b = item_of(node);
        model_assert(node->prev == last, "count %d, seed %d", count, seed);
        model_assert(last == &head || a->key < b->key || (a->key == b->key && a->order < b->order),
                     "count %d, seed %d, at %d", count, seed, seen);
        last = node;
        seen++;
    }
    model_assert(seen == count && head.prev == last, "count %d, seed %d", count, seed);
    free(many);
}

START_TEST(test_list__sort_is_right_and_stable_for_every_small_length)
{
    for (int count = 0; count <= 70; count++) {
        sort_random(count, 1, _i);
        sort_random(count, 4, _i);
        sort_random(count, 1000, _i);
    }
}
END_TEST

START_TEST(test_list__sort_of_very_many)
{
    sort_random(100000, 300, 1);
    sort_random(100001, UINT32_C(1) << 31, 2);
}
END_TEST

START_TEST(test_list__sort_of_what_is_sorted_and_of_the_reverse)
{
    for (int i = 0; i < 4; i++) {
        runner__list_push(&other, &items[i].node);
    }
    runner__list_sort(&other, key_before);
    expect_keys(&other, "0,1,2,3");
    for (int i = 3; i >= 0; i--) {
        runner__list_remove(&items[i].node);
        runner__list_push(&head, &items[i].node);
    }
    expect_keys(&head, "3,2,1,0");
    runner__list_sort(&head, key_before);
    expect_keys(&head, "0,1,2,3");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list");
    TCase *tcase = test_case(suite, "operations");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, test_list__new_one_is_empty);
    tcase_add_test(tcase, test_list__push_and_pop_are_first_in_first_out);
    tcase_add_test(tcase, test_list__remove_takes_any_node_out);
    tcase_add_test(tcase, test_list__remove_of_a_node_that_is_a_list_of_its_own_does_nothing);
    tcase_add_test(tcase, test_list__append_puts_all_behind_the_last);
    tcase_add_test(tcase, test_list__prepend_puts_all_before_the_first);
    tcase_add_loop_test(tcase, test_list__behaves_as_an_array_does, 1, 11);

    tcase = test_case(suite, "sort");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, test_list__sort_is_right_and_stable_for_every_small_length, 1, 11);
    tcase_add_test(tcase, test_list__sort_of_very_many);
    tcase_add_test(tcase, test_list__sort_of_what_is_sorted_and_of_the_reverse);
    return test_main(suite);
}
