/* Introspection: which tasks there are, what each waits for, and the tree of them. */
#include "check_support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* --- helpers ----------------------------------------------------------------------------- */

static runner_task_t *spawn_named(const char *name, runner_fn fn, void *arg)
{
    runner_spawn_options_t opts;
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = name;
    opts.site = "here";
    ck_assert_code(runner_spawn(fn, arg, &opts, &task), 0);
    return task;
}

/* A snapshot of at most 8 tasks. How many there are. */
static size_t snapshot(const runner_t *runner, runner_task_info_t infos[8])
{
    size_t count = 99;
    memset(infos, 0, 8 * sizeof infos[0]);
    infos[0].size = sizeof infos[0];
    ck_assert_code(runner_tasks(runner, infos, 8, &count), 0);
    return count;
}

static const runner_task_info_t *info_of(const runner_task_info_t infos[8], const char *name)
{
    for (int i = 0; i < 8; i++) {
        if (strcmp(infos[i].name, name) == 0) {
            return &infos[i];
        }
    }
    ck_abort_msg("no task \"%s\"", name);
    return NULL;
}

static void check_wait(const runner_task_info_t infos[8], const char *name, const char *waits)
{
    const runner_task_info_t *info = info_of(infos, name);
    ck_assert_int_eq(info->state, RUNNER_STATE_WAITING);
    ck_assert_str_eq(info->waits, waits);
}

/* What runner_print_tasks() prints; to be freed. */
static char *printed(const runner_t *runner)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
    ck_assert_code(runner_print_tasks(runner, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    return text;
}

/* --- bodies ------------------------------------------------------------------------------ */

static int sleep_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return runner_sleep(RUNNER_FOREVER);
}

static int await_task(void *arg, void **result)
{
    return runner_await(arg, result);
}

static int await_future(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

static int yield_for_ever(void *arg, void **result)
{
    int code = 0;
    (void)arg;
    (void)result;
    while (code == 0) {
        code = runner_yield();
    }
    return code;
}

static void cancel_and_unref(runner_task_t *task)
{
    ck_assert_code(runner_task_cancel(task), 0);
    ck_assert_code(runner_await(task, NULL), RUNNER_ECANCELED);
    runner_task_unref(task);
}

/* --- the list ---------------------------------------------------------------------------- */

static int list_tasks(void *arg, void **result)
{
    runner_task_info_t infos[8];
    runner_future_t *future = NULL;
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    ck_assert_code(runner_future_new(runner, &future), 0);
    runner_task_t *sleeper = spawn_named("sleeper", sleep_for_ever, NULL);
    runner_task_t *awaiter = spawn_named("awaiter", await_task, sleeper);
    runner_task_t *waiter = spawn_named("waiter", await_future, future);
    runner_task_t *yielder = spawn_named("yielder", yield_for_ever, NULL);
    ck_assert_code(runner_yield(), 0);
    runner_task_t *fresh = spawn_named("fresh", sleep_for_ever, NULL);

    ck_assert_uint_eq(snapshot(runner, infos), 6);
    ck_assert_int_eq(infos[0].state, RUNNER_STATE_RUNNING);
    ck_assert_str_eq(infos[0].name, "Task-1");
    ck_assert_uint_eq(infos[0].id, 1);
    ck_assert_uint_eq(infos[0].parent, 0);
    check_wait(infos, "sleeper", "sleep");
    check_wait(infos, "awaiter", "task");
    check_wait(infos, "waiter", "future");
    ck_assert_uint_eq(info_of(infos, "awaiter")->awaits, runner_task_id(sleeper));
    ck_assert_uint_eq(info_of(infos, "sleeper")->awaits, 0);
    ck_assert_uint_eq(info_of(infos, "waiter")->awaits, 0);
    ck_assert_int_eq(info_of(infos, "fresh")->state, RUNNER_STATE_NEW);
    ck_assert_ptr_null(info_of(infos, "fresh")->waits);

    runner_task_t *tasks[5] = {awaiter, sleeper, waiter, yielder, fresh};
    for (int i = 0; i < 5; i++) {
        if (runner_task_done(tasks[i])) {
            runner_task_unref(tasks[i]);
        } else {
            cancel_and_unref(tasks[i]);
        }
    }
    runner_future_unref(future);
    return 0;
}

START_TEST(R202_a_list_says_state_and_wait_of_every_task)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, list_tasks, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

static int list_order(void *arg, void **result)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    runner_task_info_t infos[8];
    runner_task_t *tasks[4];
    uint64_t self = runner_task_id(runner_current_task());
    (void)arg;
    (void)result;
    for (int i = 0; i < 4; i++) {
        tasks[i] = spawn_named(names[i], sleep_for_ever, NULL);
    }
    ck_assert_code(runner_yield(), 0);
    cancel_and_unref(tasks[1]);
    ck_assert_code(runner_task_cancel(tasks[2]), 0);
    ck_assert_code(runner_task_cancel(tasks[2]), 0);
    ck_assert_uint_eq(snapshot(runner_current(), infos), 4);
    ck_assert_str_eq(infos[1].name, "a");
    ck_assert_str_eq(infos[2].name, "c");
    ck_assert_str_eq(infos[3].name, "d");
    ck_assert_int_eq(infos[2].cancelling, 2);
    ck_assert_int_eq(infos[3].cancelling, 0);
    for (int i = 1; i < 4; i++) {
        ck_assert_uint_eq(infos[i].parent, self);
        ck_assert_str_eq(infos[i].site, "here");
    }
    ck_assert_uint_eq(infos[1].id, runner_task_id(tasks[0]));
    runner_task_unref(tasks[0]);
    runner_task_unref(tasks[2]);
    runner_task_unref(tasks[3]);
    return 0;
}

START_TEST(R202_the_list_is_in_spawn_order_and_holds_what_is_not_done)
{
    runner_t *runner = test_runner();
    runner_task_info_t infos[8];
    ck_assert_code(runner_run(runner, list_order, NULL, NULL, NULL), 0);
    ck_assert_uint_eq(snapshot(runner, infos), 2); /* "a" and "d" are left over */
    ck_assert_str_eq(infos[0].name, "a");
    ck_assert_str_eq(infos[1].name, "d");
    ck_assert_code(runner_close(runner), 0);
    ck_assert_uint_eq(snapshot(runner, infos), 0);
    runner_free(runner);
}
END_TEST

static int list_little(void *arg, void **result)
{
    runner_task_info_t infos[2];
    size_t count = 99;
    runner_t *runner = runner_current();
    (void)arg;
    (void)result;
    char name[81];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        runner_task_unref(spawn_named(name, sleep_for_ever, NULL));
    }
    ck_assert_code(runner_tasks(runner, NULL, 0, &count), 0);
    ck_assert_uint_eq(count, 4);
    memset(infos, 0x55, sizeof infos);
    infos[0].size = sizeof infos[0];
    ck_assert_code(runner_tasks(runner, infos, 1, &count), 0);
    ck_assert_uint_eq(count, 4);
    ck_assert_uint_eq(infos[0].id, 1);
    ck_assert_uint_eq(infos[1].id, UINT64_C(0x5555555555555555)); /* not written */
    infos[0].size = sizeof infos[0];
    ck_assert_code(runner_tasks(runner, infos, 2, &count), 0);
    ck_assert_uint_eq(strlen(infos[1].name), 63);
    return 0;
}

START_TEST(R202_a_list_that_is_too_short_says_how_many_there_are)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, list_little, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

typedef struct peer {
    const runner_t *runner;
    int tasks_code;
    int print_code;
} peer_t;

static void *look_from_thread(void *arg)
{
    peer_t *peer = arg;
    size_t count = 99;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    peer->tasks_code = runner_tasks(peer->runner, NULL, 0, &count);
    peer->print_code = runner_print_tasks(peer->runner, file);
    fclose(file);
    if (count != 99 || size != 0) {
        peer->tasks_code = -1;
    }
    free(text);
    return NULL;
}

static int be_looked_at(void *arg, void **result)
{
    pthread_t thread;
    (void)result;
    ck_assert_int_eq(pthread_create(&thread, NULL, look_from_thread, arg), 0);
    pthread_join(thread, NULL);
    return 0;
}

START_TEST(R202_another_thread_may_not_look_while_the_loop_runs)
{
    runner_t *runner = test_runner();
    peer_t peer = {runner, 0, 0};
    ck_assert_code(runner_run(runner, be_looked_at, &peer, NULL, NULL), 0);
    ck_assert_code(peer.tasks_code, RUNNER_ETHREAD);
    ck_assert_code(peer.print_code, RUNNER_ETHREAD);
    runner_free(runner);
}
END_TEST

START_TEST(R202_bad_input_is_refused)
{
    runner_t *runner = test_runner();
    runner_task_info_t info;
    size_t count = 99;
    memset(&info, 0, sizeof info);
    ck_assert_code(runner_tasks(NULL, NULL, 0, &count), RUNNER_EINVAL);
    ck_assert_code(runner_tasks(runner, NULL, 0, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_tasks(runner, NULL, 1, &count), RUNNER_EINVAL);
    ck_assert_code(runner_tasks(runner, &info, 1, &count), RUNNER_EINVAL);
    ck_assert_code(runner_print_tasks(NULL, stderr), RUNNER_EINVAL);
    ck_assert_code(runner_print_tasks(runner, NULL), RUNNER_EINVAL);
    ck_assert_uint_eq(count, 99);
    info.size = sizeof info;
    ck_assert_code(runner_tasks(runner, &info, 1, &count), 0); /* a new runner has none */
    ck_assert_uint_eq(count, 0);
    runner_free(runner);
}
END_TEST

/* --- the tree ---------------------------------------------------------------------------- */

/* The column in which the line with this text begins to say something; -1 without such a line. */
static int column_of(const char *text, const char *word)
{
    const char *found = strstr(text, word);
    if (found == NULL) {
        return -1;
    }
    while (found > text && found[-1] != '\n') {
        found--;
    }
    int column = 0;
    while (strchr(" |`-+\\", found[column]) != NULL || (unsigned char)found[column] >= 0x80) {
        column++;
    }
    return column;
}

static int print_tree(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_task_t *inner = spawn_named("inner", sleep_for_ever, NULL);
    runner_task_t *middle = spawn_named("middle", await_task, inner);
    runner_task_t *outer = spawn_named("outer", await_task, middle);
    ck_assert_code(runner_yield(), 0);
    char *text = printed(runner_current());
    /* Each task below the one that waits for it. */
    ck_assert_int_ge(column_of(text, "outer"), 0);
    ck_assert_int_gt(column_of(text, "middle"), column_of(text, "outer"));
    ck_assert_int_gt(column_of(text, "inner"), column_of(text, "middle"));
    ck_assert(strstr(text, "outer") < strstr(text, "middle"));
    ck_assert(strstr(text, "middle") < strstr(text, "inner"));
    ck_assert_ptr_nonnull(strstr(text, "sleep"));
    ck_assert_ptr_nonnull(strstr(text, "Task-1"));
    free(text);
    cancel_and_unref(outer);
    runner_task_unref(middle);
    runner_task_unref(inner);
    return 0;
}

START_TEST(R203_the_tree_shows_each_task_below_its_awaiter)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, print_tree, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

enum { CHAIN = 2000 };

static int await_previous(void *arg, void **result)
{
    return runner_await(((runner_task_t **)arg)[-1], result);
}

static int print_chain(void *arg, void **result)
{
    runner_task_t **tasks = calloc(CHAIN, sizeof(runner_task_t *));
    (void)arg;
    ck_assert_ptr_nonnull(tasks);
    tasks[0] = spawn_named("innermost", sleep_for_ever, NULL);
    for (int i = 1; i < CHAIN; i++) {
        tasks[i] = spawn_named("link", await_previous, &tasks[i]);
    }
    ck_assert_code(runner_yield(), 0);
    char *text = printed(runner_current());
    ck_assert_ptr_nonnull(strstr(text, "innermost"));
    free(text);
    ck_assert_code(runner_task_cancel(tasks[CHAIN - 1]), 0);
    ck_assert_code(runner_await(tasks[CHAIN - 1], result), RUNNER_ECANCELED);
    for (int i = 0; i < CHAIN; i++) {
        runner_task_unref(tasks[i]);
    }
    free(tasks);
    return 0;
}

START_TEST(R203_a_deep_tree_needs_no_deep_stack)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, print_chain, NULL, NULL, NULL), 0);
    runner_free(runner);
}
END_TEST

static int await_pointer(void *arg, void **result)
{
    return runner_await(*(runner_task_t **)arg, result);
}

static int print_cycle(void *arg, void **result)
{
    runner_spawn_options_t opts;
    static runner_task_t *a;
    static runner_task_t *b;
    (void)arg;
    (void)result;
    child_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = "alpha";
    child_assert_code(runner_spawn(await_pointer, &b, &opts, &a), 0);
    opts.name = "beta";
    child_assert_code(runner_spawn(await_pointer, &a, &opts, &b), 0);
    child_assert_code(runner_yield(), 0);
    child_assert_code(runner_print_tasks(runner_current(), stdout), 0);
    runner_task_unref(a);
    runner_task_unref(b);
    return 0;
}

/* Nobody can say which of the two should end first; that close comes to an end is what counts. */
static int print_cycle_in_child(void *arg)
{
    runner_options_t opts;
    runner_t *runner = NULL;
    (void)arg;
    child_assert_code(runner_options_init(&opts, sizeof opts), 0);
    opts.clock = RUNNER_CLOCK_VIRTUAL;
    child_assert_code(runner_new(&runner, &opts), 0);
    child_assert_code(runner_run(runner, print_cycle, NULL, NULL, NULL), 0);
    int code = runner_close(runner);
    child_assert(code == 0 || code == RUNNER_EDEADLK);
    runner_free(runner);
    return 0;
}

START_TEST(R203_a_cycle_is_printed_as_such)
{
    static child_t child;
    child_run(&child, print_cycle_in_child, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_ptr_nonnull(strstr(child.out, "cycle"));
    ck_assert_ptr_nonnull(strstr(child.out, "alpha"));
    ck_assert_ptr_nonnull(strstr(child.out, "beta"));
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("inspect");
    TCase *tcase = test_case(suite, "list");
    tcase_add_test(tcase, R202_a_list_says_state_and_wait_of_every_task);
    tcase_add_test(tcase, R202_the_list_is_in_spawn_order_and_holds_what_is_not_done);
    tcase_add_test(tcase, R202_a_list_that_is_too_short_says_how_many_there_are);
    tcase_add_test(tcase, R202_another_thread_may_not_look_while_the_loop_runs);
    tcase_add_test(tcase, R202_bad_input_is_refused);
    tcase = test_case(suite, "tree");
    tcase_add_test(tcase, R203_the_tree_shows_each_task_below_its_awaiter);
    tcase_add_test(tcase, R203_a_deep_tree_needs_no_deep_stack);
    tcase_add_test(tcase, R203_a_cycle_is_printed_as_such);
    return test_main(suite);
}
