/*
 * What the tests of task groups share: children that sleep and say how that ended, and errors as
 * text.
 */
#ifndef GROUPS_H
#define GROUPS_H

#include "check_support.h"

#include <stdio.h>

/* What a child does: it sleeps, says how that ended, and ends with a code, or with another one if
 * it was cancelled. */
typedef struct work {
    const char *name;
    uint64_t ms; /* and its result */
    int code;
    int if_cancelled; /* 0 is RUNNER_ECANCELED */
} work_t;

static inline int do_work(void *arg, void **result)
{
    const work_t *work = arg;
    int code = runner_sleep(work->ms);
    log_add("%s %s", work->name, code_name(code));
    *result = value_of((intptr_t)work->ms);
    if (code == 0) {
        return work->code;
    }
    return work->if_cancelled != 0 ? work->if_cancelled : code;
}

static inline int fail_at_once(void *arg, void **result)
{
    (void)result;
    return (int)number_of(arg);
}

/* --- groups ------------------------------------------------------------------------------ */

static inline runner_group_t *new_group(void)
{
    runner_group_t *group = NULL;
    ck_assert_code(runner_group_new(&group), 0);
    ck_assert_ptr_nonnull(group);
    return group;
}

static inline runner_group_t *open_group(void)
{
    runner_group_t *group = new_group();
    ck_assert_code(runner_group_open(group), 0);
    return group;
}

static inline int close_and_unref(runner_group_t *group, int code)
{
    code = runner_group_close(group, code);
    runner_group_unref(group);
    return code;
}

/* Options of children whose drops are counted. */
static inline runner_spawn_options_t child_options(void)
{
    runner_spawn_options_t opts;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    return opts;
}

/* A child with a handle. */
static inline runner_task_t *spawn(runner_group_t *group, runner_fn fn, void *arg)
{
    runner_spawn_options_t opts = child_options();
    runner_task_t *task = NULL;
    ck_assert_code(runner_group_spawn(group, fn, arg, &opts, &task), 0);
    ck_assert_ptr_nonnull(task);
    return task;
}

/* One without. */
static inline void start(runner_group_t *group, runner_fn fn, void *arg)
{
    runner_spawn_options_t opts = child_options();
    ck_assert_code(runner_group_spawn(group, fn, arg, &opts, NULL), 0);
}

/* One that runs inside the spawn. */
static inline runner_task_t *spawn_eager(runner_group_t *group, runner_fn fn, void *arg)
{
    runner_spawn_options_t opts = child_options();
    runner_task_t *task = NULL;
    opts.eager = 1;
    ck_assert_code(runner_group_spawn(group, fn, arg, &opts, &task), 0);
    ck_assert_ptr_nonnull(task);
    return task;
}

/* --- tasks ------------------------------------------------------------------------------- */

/* A task of no group. */
static inline runner_task_t *spawn_task(runner_fn fn, void *arg)
{
    runner_task_t *task = NULL;
    ck_assert_code(runner_spawn(fn, arg, NULL, &task), 0);
    return task;
}

static inline int await_and_unref(runner_task_t *task)
{
    int code = runner_await(task, NULL);
    runner_task_unref(task);
    return code;
}

/* How often the running task has been cancelled. */
static inline int cancelling(void)
{
    return runner_task_cancelling(runner_current_task());
}

static inline int reason(void)
{
    return runner_task_cancel_reason(runner_current_task());
}

static inline uint64_t now(void)
{
    return now_ms(runner_current());
}

static inline void run(runner_fn body)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, body, NULL, NULL, NULL), 0);
    runner_free(runner);
}

/* --- errors ------------------------------------------------------------------------------ */

static inline runner_group_error_t error_at(runner_error_group_t *errors, size_t index)
{
    runner_group_error_t error;
    memset(&error, 0x55, sizeof error);
    error.size = sizeof error;
    ck_assert_code(runner_error_group_get(errors, index, &error), 0);
    ck_assert_uint_eq(error.size, sizeof error);
    ck_assert_int_eq(error.reserved, 0);
    return error;
}

/* Appends the codes of errors, those of nested ones in brackets: "-5,[-6,-7]". The body's, which
 * is nobody's child, has a star. */
static inline void append_errors(char *text, size_t size, runner_error_group_t *errors)
{
    for (size_t i = 0; i < runner_error_group_count(errors); i++) {
        runner_group_error_t error = error_at(errors, i);
        const char *comma = i > 0 ? "," : "";
        size_t len = strlen(text);
        if (error.nested == NULL) {
            snprintf(text + len, size - len, "%s%d", comma, (int)error.code);
        } else {
            ck_assert_code(error.code, RUNNER_EGROUP);
            snprintf(text + len, size - len, "%s[", comma);
            append_errors(text, size, error.nested);
            len = strlen(text);
            snprintf(text + len, size - len, "]");
        }
        len = strlen(text);
        snprintf(text + len, size - len, "%s", error.task == NULL ? "*" : "");
    }
}

#define ck_assert_errors(errors, expected)                                                         \
    do {                                                                                           \
        char text_[256] = "";                                                                      \
        append_errors(text_, sizeof text_, errors);                                                \
        ck_assert_str_eq(text_, expected);                                                         \
    } while (0)

/* Close a group that then has failed with these errors, and release it. */
#define ck_assert_fails(group, code, expected)                                                     \
    do {                                                                                           \
        ck_assert_code(runner_group_close(group, code), RUNNER_EGROUP);                            \
        ck_assert_errors(runner_group_errors(group), expected);                                    \
        runner_group_unref(group);                                                                 \
    } while (0)

#endif
