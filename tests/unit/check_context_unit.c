/* Variables: what copies share, when a value is dropped, and that threads may do all this. */
#include "check_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "context.h"
#include "model.h"

/* A value: how often it was dropped. */
typedef struct token {
    atomic_int dropped;
} token_t;

static void drop_token(void *value)
{
    atomic_fetch_add(&((token_t *)value)->dropped, 1);
}

static int dropped(token_t *token)
{
    return atomic_load(&token->dropped);
}

static runner_var_t *new_var(void)
{
    runner_var_t *var = NULL;
    ck_assert_code(runner_var_new("var", drop_token, &var), 0);
    return var;
}

/* The value in the current scope; NULL if it was never set there. */
static token_t *get(const runner_var_t *var)
{
    void *value = NULL;
    int code = runner_var_get(var, &value);
    return code == 0 ? value : NULL;
}

/* What each test works with: two scopes, and one variable. */
static runner__scope_t one;
static runner__scope_t two;
static runner_var_t *var;
static token_t tokens[3];

static void setup(void)
{
    runner__scope_init(&one);
    runner__scope_init(&two);
    memset(tokens, 0, sizeof tokens);
    var = new_var();
    runner__scope_enter_thread(&one);
}

static void teardown(void)
{
    runner__scope_enter_thread(NULL);
    runner__scope_fini(&one);
    runner__scope_fini(&two);
    runner_var_unref(var);
}

static void set_in(runner__scope_t *scope, token_t *token)
{
    runner__scope_t *before = runner__scope_enter_thread(scope);
    ck_assert_code(runner_var_set(var, token), 0);
    runner__scope_enter_thread(before);
}

static token_t *get_in(runner__scope_t *scope)
{
    runner__scope_t *before = runner__scope_enter_thread(scope);
    token_t *token = get(var);
    runner__scope_enter_thread(before);
    return token;
}

/* --- what copies share -------------------------------------------------------------------- */

static void *no_malloc(size_t size)
{
    (void)size;
    return NULL;
}

static void *no_realloc(void *ptr, size_t size)
{
    (void)ptr;
    return no_malloc(size);
}

static void *no_calloc(size_t count, size_t size)
{
    return no_malloc(count * size);
}

static void forbid_memory(void)
{
    ck_assert_code(runner_replace_allocator(no_malloc, no_calloc, no_realloc, free), 0);
}

static void allow_memory(void)
{
    ck_assert_code(runner_replace_allocator(NULL, NULL, NULL, NULL), 0);
}

START_TEST(test_context__copy_of_nothing_is_nothing)
{
    runner__scope_copy(&two);
    ck_assert_ptr_null(two.vars);
    ck_assert_ptr_null(two.context);
    ck_assert_ptr_null(get(var));
}
END_TEST

START_TEST(test_context__copies_share_until_one_writes)
{
    set_in(&one, &tokens[0]);
    forbid_memory(); /* a copy takes none */
    runner__scope_copy(&two);
    allow_memory();
    ck_assert_ptr_nonnull(one.vars);
    ck_assert_ptr_eq(two.vars, one.vars);
    set_in(&two, &tokens[1]);
    ck_assert_ptr_ne(two.vars, one.vars);
    ck_assert_ptr_eq(get_in(&one), &tokens[0]);
    ck_assert_ptr_eq(get_in(&two), &tokens[1]);
}
END_TEST

START_TEST(test_context__writer_may_be_the_original)
{
    set_in(&one, &tokens[0]);
    runner__scope_copy(&two);
    runner__vars_t *shared = two.vars;
    set_in(&one, &tokens[1]);
    ck_assert_ptr_eq(two.vars, shared);
    ck_assert_ptr_eq(get_in(&one), &tokens[1]);
    ck_assert_ptr_eq(get_in(&two), &tokens[0]);
}
END_TEST

START_TEST(test_context__sole_owner_writes_in_place)
{
    set_in(&one, &tokens[0]);
    runner__scope_copy(&two);
    runner__scope_fini(&two);
    runner__vars_t *own = one.vars;
    set_in(&one, &tokens[1]);
    ck_assert_ptr_eq(one.vars, own);
    ck_assert_int_eq(dropped(&tokens[0]), 1);
    ck_assert_ptr_eq(get_in(&one), &tokens[1]);
}
END_TEST

START_TEST(R061_test_context__scopes_that_share_a_context_see_each_others_writes)
{
    runner_context_t *context = NULL;
    ck_assert_code(runner_context_new(&context), 0);
    runner__scope_share(&one, context);
    runner__scope_share(&two, context);
    runner_context_unref(context);
    set_in(&one, &tokens[0]);
    ck_assert_ptr_eq(get_in(&two), &tokens[0]);
    set_in(&two, &tokens[1]);
    ck_assert_ptr_eq(get_in(&one), &tokens[1]);
    ck_assert_int_eq(dropped(&tokens[0]), 1);
    runner__scope_fini(&one);
    ck_assert_int_eq(dropped(&tokens[1]), 0);
    runner__scope_fini(&two);
    ck_assert_int_eq(dropped(&tokens[1]), 1);
}
END_TEST

START_TEST(test_context__copy_of_a_shared_context_is_no_share)
{
    runner_context_t *context = NULL;
    ck_assert_code(runner_context_new(&context), 0);
    ck_assert_code(runner_context_set(context, var, &tokens[0]), 0);
    runner__scope_share(&one, context);
    runner_context_unref(context);
    runner__scope_copy_from(&two, &one);
    ck_assert_ptr_null(two.context);
    ck_assert_ptr_eq(get_in(&two), &tokens[0]);
    set_in(&one, &tokens[1]);
    ck_assert_ptr_eq(get_in(&one), &tokens[1]);
    ck_assert_ptr_eq(get_in(&two), &tokens[0]);
    runner__scope_fini(&two);
    runner__scope_copy_from(&two, NULL);
    ck_assert_ptr_null(get_in(&two));
}
END_TEST

/* --- when a value is dropped -------------------------------------------------------------- */

START_TEST(R063_test_context__value_is_dropped_with_its_last_holder)
{
    set_in(&one, &tokens[0]);
    runner__scope_copy(&two);
    runner__scope_fini(&one);
    ck_assert_int_eq(dropped(&tokens[0]), 0);
    ck_assert_ptr_eq(get_in(&two), &tokens[0]);
    runner__scope_fini(&two);
    ck_assert_int_eq(dropped(&tokens[0]), 1);
    runner__scope_fini(&two); /* empty by now */
    ck_assert_int_eq(dropped(&tokens[0]), 1);
}
END_TEST

START_TEST(test_context__value_that_is_set_twice_is_held_twice)
{
    set_in(&one, &tokens[0]);
    set_in(&one, &tokens[0]);
    ck_assert_int_eq(dropped(&tokens[0]), 1);
    runner__scope_fini(&one);
    ck_assert_int_eq(dropped(&tokens[0]), 2);
}
END_TEST

START_TEST(test_context__variable_lives_as_long_as_a_value_of_it)
{
    runner_var_t *brief = new_var();
    ck_assert_code(runner_var_set(brief, &tokens[1]), 0);
    runner_var_unref(brief);
    set_in(&one, &tokens[0]); /* copies the array, with the box of that variable */
    runner__scope_copy(&two);
    runner__scope_fini(&one);
    ck_assert_int_eq(dropped(&tokens[1]), 0);
    runner__scope_fini(&two);
    ck_assert_int_eq(dropped(&tokens[1]), 1);
    ck_assert_int_eq(dropped(&tokens[0]), 1);
}
END_TEST

static int allocations_left;

static void *limited_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* The first allocation fails, then the second; a write needs no more than these two. */
START_TEST(test_context__write_without_memory_changes_nothing)
{
    set_in(&one, &tokens[0]);
    runner__scope_copy(&two);
    ck_assert_code(runner_replace_allocator(limited_malloc, calloc, realloc, free), 0);
    for (int i = 0; i < 2; i++) {
        runner__vars_t *before = one.vars;
        allocations_left = i;
        ck_assert_code(runner_var_set(var, &tokens[1]), RUNNER_ENOMEM);
        ck_assert_ptr_eq(one.vars, before);
        ck_assert_ptr_eq(get(var), &tokens[0]);
    }
    allocations_left = 2;
    ck_assert_code(runner_var_set(var, &tokens[1]), 0);
    allow_memory();
    ck_assert_ptr_eq(get(var), &tokens[1]);
    ck_assert_int_eq(dropped(&tokens[0]), 0); /* the other scope has it */
    ck_assert_int_eq(dropped(&tokens[1]), 0);
}
END_TEST

/* --- against a model ---------------------------------------------------------------------- */

enum { VARS = 60, CONTEXTS = 8, STEPS = 4000, NONE = -1 };

typedef struct model {
    runner_var_t *var[VARS];
    runner_context_t *context[CONTEXTS]; /* NULL: none there */
    int value[CONTEXTS][VARS];           /* the token, or NONE */
    token_t token[STEPS];
    int holders[STEPS]; /* contexts that have the token */
    int unheld;         /* tokens that were given up by all */
} model_t;

static void model_hold(model_t *model, int token, int change)
{
    if (token != NONE) {
        model->holders[token] += change;
        model->unheld += model->holders[token] == 0;
    }
}

static void model_set(model_t *model, uint32_t at, uint32_t index, int token)
{
    int code = runner_context_set(model->context[at], model->var[index], &model->token[token]);
    ck_assert_code(code, 0);
    model_hold(model, token, 1);
    model_hold(model, model->value[at][index], -1);
    model->value[at][index] = token;
}

static void model_forget(model_t *model, uint32_t at)
{
    runner_context_unref(model->context[at]);
    model->context[at] = NULL;
    for (int i = 0; i < VARS; i++) {
        model_hold(model, model->value[at][i], -1);
    }
}

/* A new context in an empty place: a copy of `from` if there is one. */
static void model_make(model_t *model, uint32_t at, uint32_t from)
{
    runner__scope_t scope;
    runner__scope_init(&scope);
    if (model->context[from] == NULL) {
        ck_assert_code(runner_context_new(&model->context[at]), 0);
        for (int i = 0; i < VARS; i++) {
            model->value[at][i] = NONE;
        }
        return;
    }
    runner__scope_share(&scope, model->context[from]);
    runner__scope_t *before = runner__scope_enter_thread(&scope);
    ck_assert_code(runner_context_copy(&model->context[at]), 0);
    runner__scope_enter_thread(before);
    runner__scope_fini(&scope);
    for (int i = 0; i < VARS; i++) {
        model->value[at][i] = model->value[from][i];
        model_hold(model, model->value[at][i], 1);
    }
}

static void model_compare(model_t *model, int tokens_used, int seed)
{
    for (int at = 0; at < CONTEXTS; at++) {
        for (int i = 0; i < VARS && model->context[at] != NULL; i++) {
            void *value = NULL;
            int code = runner_context_get(model->context[at], model->var[i], &value);
            int token = model->value[at][i];
            model_assert(code == (token == NONE ? RUNNER_EPENDING : 0), "seed %d", seed);
            model_assert(token == NONE || value == &model->token[token], "seed %d", seed);
        }
    }
    int all_dropped = 0;
    for (int i = 0; i < tokens_used; i++) {
        int is = dropped(&model->token[i]);
        model_assert(is == (model->holders[i] == 0), "seed %d: token %d dropped %d times", seed, i,
                     is);
        all_dropped += is;
    }
    model_assert(all_dropped == model->unheld, "seed %d", seed);
}

START_TEST(test_context__behaves_as_tables_that_are_copied)
{
    static model_t model;
    dice_t dice = {(uint64_t)_i};
    int used = 0;
    memset(&model, 0, sizeof model);
    for (int i = 0; i < VARS; i++) {
        model.var[i] = new_var();
    }
    for (int step = 0; step < STEPS; step++) {
        uint32_t at = dice_below(&dice, CONTEXTS);
        if (model.context[at] == NULL) {
            model_make(&model, at, dice_below(&dice, CONTEXTS));
        } else if (dice_below(&dice, 12) == 0) {
            model_forget(&model, at);
        } else {
            model_set(&model, at, dice_below(&dice, VARS), used++);
        }
        if (step % 50 == 0) {
            model_compare(&model, used, _i);
        }
    }
    for (uint32_t at = 0; at < CONTEXTS; at++) {
        if (model.context[at] != NULL) {
            model_forget(&model, at);
        }
    }
    model_compare(&model, used, _i);
    ck_assert_int_eq(model.unheld, used);
    for (int i = 0; i < VARS; i++) {
        runner_var_unref(model.var[i]);
    }
}
END_TEST

/* --- threads ------------------------------------------------------------------------------ */

enum { THREADS = 4, ROUNDS = 300, SHARED = 5 };

typedef struct worker {
    pthread_t thread;
    int wrong; /* values that were not what they should be */
    token_t token[ROUNDS];
} worker_t;

static runner_var_t *shared_var[SHARED];
static token_t shared_token[SHARED];
static runner__scope_t base;

/* Reads the shared values, and writes one into a copy, over and over. */
static void *write_into_copies(void *arg)
{
    worker_t *self = arg;
    runner__scope_t mine;
    runner__scope_init(&mine);
    mine.vars = runner__vars_ref(base.vars);
    for (int round = 0; round < ROUNDS; round++) {
        runner__scope_t copy;
        runner__scope_enter_thread(&mine);
        runner__scope_copy(&copy);
        runner__scope_enter_thread(&copy);
        int written = round % SHARED;
        self->wrong += runner_var_set(shared_var[written], &self->token[round]) != 0;
        for (int i = 0; i < SHARED; i++) {
            token_t *expected = i == written ? &self->token[round] : &shared_token[i];
            self->wrong += get(shared_var[i]) != expected;
        }
        runner__scope_enter_thread(&mine);
        runner__scope_fini(&copy);
    }
    runner__scope_enter_thread(NULL);
    runner__scope_fini(&mine);
    return NULL;
}

START_TEST(test_context__threads_copy_and_write_what_they_share)
{
    static worker_t worker[THREADS];
    memset(worker, 0, sizeof worker);
    memset(shared_token, 0, sizeof shared_token);
    for (int i = 0; i < SHARED; i++) {
        shared_var[i] = new_var();
        ck_assert_code(runner_var_set(shared_var[i], &shared_token[i]), 0);
    }
    runner__scope_copy(&base);
    runner__scope_fini(&one);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&worker[i].thread, NULL, write_into_copies, &worker[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(worker[i].thread, NULL);
        ck_assert_int_eq(worker[i].wrong, 0);
        for (int round = 0; round < ROUNDS; round++) {
            ck_assert_int_eq(dropped(&worker[i].token[round]), 1);
        }
    }
    for (int i = 0; i < SHARED; i++) {
        ck_assert_int_eq(dropped(&shared_token[i]), 0);
    }
    runner__scope_fini(&base);
    for (int i = 0; i < SHARED; i++) {
        ck_assert_int_eq(dropped(&shared_token[i]), 1);
        runner_var_unref(shared_var[i]);
    }
}
END_TEST

/* The last holder may be another thread than the one that made the value. */
static void *let_go(void *arg)
{
    runner__scope_fini(arg);
    return NULL;
}

START_TEST(test_context__last_holder_may_be_another_thread)
{
    pthread_t thread;
    set_in(&one, &tokens[0]);
    runner__scope_copy(&two);
    runner__scope_fini(&one);
    ck_assert_int_eq(pthread_create(&thread, NULL, let_go, &two), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(dropped(&tokens[0]), 1);
}
END_TEST

static void *set_and_end(void *arg)
{
    worker_t *self = arg;
    self->wrong += get(var) != NULL;
    for (int i = 0; i < 3; i++) {
        self->wrong += runner_var_set(var, &self->token[i]) != 0;
        self->wrong += get(var) != &self->token[i];
    }
    self->wrong += dropped(&self->token[2]);
    return NULL;
}

START_TEST(test_context__own_scope_of_a_thread_ends_with_it)
{
    static worker_t worker;
    memset(&worker, 0, sizeof worker);
    set_in(&one, &tokens[0]);
    ck_assert_int_eq(pthread_create(&worker.thread, NULL, set_and_end, &worker), 0);
    pthread_join(worker.thread, NULL);
    ck_assert_int_eq(worker.wrong, 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(dropped(&worker.token[i]), 1);
    }
    ck_assert_ptr_eq(get(var), &tokens[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("context_unit");
    TCase *tcase = test_case(suite, "copies");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_context__copy_of_nothing_is_nothing);
    tcase_add_test(tcase, test_context__copies_share_until_one_writes);
    tcase_add_test(tcase, test_context__writer_may_be_the_original);
    tcase_add_test(tcase, test_context__sole_owner_writes_in_place);
    tcase_add_test(tcase, R061_test_context__scopes_that_share_a_context_see_each_others_writes);
    tcase_add_test(tcase, test_context__copy_of_a_shared_context_is_no_share);

    tcase = test_case(suite, "drops");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, R063_test_context__value_is_dropped_with_its_last_holder);
    tcase_add_test(tcase, test_context__value_that_is_set_twice_is_held_twice);
    tcase_add_test(tcase, test_context__variable_lives_as_long_as_a_value_of_it);
    tcase_add_test(tcase, test_context__write_without_memory_changes_nothing);
    tcase_add_loop_test(tcase, test_context__behaves_as_tables_that_are_copied, 1, 6);

    tcase = test_case(suite, "threads");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_context__threads_copy_and_write_what_they_share);
    tcase_add_test(tcase, test_context__last_holder_may_be_another_thread);
    tcase_add_test(tcase, test_context__own_scope_of_a_thread_ends_with_it);
    return test_main(suite);
}
