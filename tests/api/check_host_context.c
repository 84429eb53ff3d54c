/* Context variables of a host. */
#include "host_driver.h"

static uint64_t var; /* of the scene */

static void set(host_task_t *t, const char *name)
{
    uint64_t value = host_value(t->host, VALUE_VAR, name, NULL);
    ck_assert_code(host_do(t, VAR_SET, .id = var, .b = value), 0);
}

/* What the variable is in the context of a task. */
static const char *get(host_task_t *t)
{
    int code = host_do(t, VAR_GET, .id = var);
    if (code == RUNNER_EPENDING)
        return "-";
    ck_assert_code(code, 0);
    return host_value_of(t->host, t->b_out)->name;
}

/* --- tasks ------------------------------------------------------------------------------- */

static int look_and_set(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "%s", get(t));
        set(t, t->name);
        WAIT_CODE(t, 0, YIELD);
        say(t, "%s", get(t));
    }
    return 0;
}

static int spawn_with_values(host_task_t *t)
{
    switch (t->line) {
    case 0:
        var = host_make(t, VAR_NEW);
        say(t, "%s", get(t));
        set(t, "1");
        host_spawn_detached(t, look_and_set, "a"); /* a copy of now */
        host_flush(t->host);
        set(t, "2");
        host_spawn_detached(t, look_and_set, "b");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        say(t, "%s", get(t));
    }
    return 0;
}

START_TEST(R060_a_task_has_a_copy_of_its_spawners_context)
{
    host_play(_i, spawn_with_values, 0);
    log_expect("main:-,a:1,b:2,a:a,b:b,main:2");
}
END_TEST

static int spawn_in_contexts(host_task_t *t)
{
    host_task_t *task = NULL;
    switch (t->line) {
    case 0:
        var = host_make(t, VAR_NEW);
        set(t, "1");
        t->id_kept = host_make(t, CONTEXT_COPY);
        set(t, "2");
        ck_assert_code(host_try_spawn(t, 0, t->id_kept, look_and_set, "a", &task), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_code(host_try_spawn(t, 0, t->id_kept, look_and_set, "b", &task), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        t->id_kept = host_make(t, CONTEXT_NEW);
        ck_assert_code(host_try_spawn(t, 0, t->id_kept, look_and_set, "c", &task), 0);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        say(t, "%s", get(t));
    }
    return 0;
}

START_TEST(R061_a_task_shares_the_context_that_it_is_given)
{
    host_play(_i, spawn_in_contexts, 0);
    log_expect("a:1,a:a,b:a,b:b,c:-,c:c,main:2");
}
END_TEST

/* --- runs -------------------------------------------------------------------------------- */

START_TEST(R054_R055_the_runs_of_a_runner_share_a_context)
{
    host_t *host = host_new(_i);
    var = host_make(&host->nobody, VAR_NEW);
    for (int i = 0; i < 3; i++)
        ck_assert_code(host_run(host, look_and_set), 0);
    log_expect("main:-,main:main,main:main,main:main,main:main,main:main");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

START_TEST(R058_R059_a_run_in_a_context_of_its_own)
{
    host_t *host = host_new(_i);
    var = host_make(&host->nobody, VAR_NEW);
    uint64_t context = host_make(&host->nobody, CONTEXT_NEW);
    ck_assert_code(host_run(host, look_and_set), 0);
    for (int i = 0; i < 2; i++) {
        host_begin_in(host, context, look_and_set);
        ck_assert_code(host_drive(host), 0);
    }
    host_release(&host->nobody, context);
    ck_assert_code(host_run(host, look_and_set), 0);
    log_expect("main:-,main:main,main:-,main:main,main:main,main:main,main:main,main:main");
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

/* --- callbacks --------------------------------------------------------------------------- */

static int say_what_is_set(host_task_t *t)
{
    say(t, "%s", get(t));
    return 0;
}

static int call_with_values(host_task_t *t)
{
    switch (t->line) {
    case 0:
        var = host_make(t, VAR_NEW);
        set(t, "1");
        ck_assert_code(
            host_do(t, CALL_SOON, .b = host_value(t->host, VALUE_CALL, "soon", say_what_is_set)),
            0);
        host_make(t, CALL_LATER, .a = MS(1),
                  .b = host_value(t->host, VALUE_CALL, "later", say_what_is_set));
        set(t, "2");
        WAIT_CODE(t, 0, SLEEP, .a = MS(2));
    }
    return 0;
}

/* Commands of a callback are those of nobody; the context is the one that it was scheduled in. */
START_TEST(R064_a_callback_runs_in_the_context_that_it_was_scheduled_in)
{
    host_play(_i, call_with_values, 0);
    log_expect("soon:1,later:1");
}
END_TEST

/* --- values ------------------------------------------------------------------------------ */

static int set_again_and_again(host_task_t *t)
{
    switch (t->line) {
    case 0:
        var = host_make(t, VAR_NEW);
        set(t, "1");
        set(t, "2");
        set(t, "3");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_int_eq(t->host->values[0].dropped, 1);
        ck_assert_int_eq(t->host->values[1].dropped, 1);
        ck_assert_int_eq(t->host->values[2].dropped, 0);
        host_release(t, var); /* the context has it still */
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_int_eq(t->host->values[2].dropped, 0);
    }
    return 0;
}

START_TEST(R063_a_value_is_dropped_when_no_context_has_it)
{
    host_play(_i, set_again_and_again, 0);
}
END_TEST

static int hold_it_in_a_context(host_task_t *t)
{
    switch (t->line) {
    case 0:
        var = host_make(t, VAR_NEW);
        set(t, "1");
        t->id_kept = host_make(t, CONTEXT_COPY);
        set(t, "2");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_int_eq(t->host->values[0].dropped, 0);
        host_release(t, t->id_kept);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_int_eq(t->host->values[0].dropped, 1);
    }
    return 0;
}

START_TEST(R063_a_context_keeps_its_values)
{
    host_play(_i, hold_it_in_a_context, 0);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_context");
    TCase *tcase = test_case(suite, "tasks");
    add_for_each_way(tcase, R060_a_task_has_a_copy_of_its_spawners_context);
    add_for_each_way(tcase, R061_a_task_shares_the_context_that_it_is_given);
    tcase = test_case(suite, "runs");
    add_for_each_way(tcase, R054_R055_the_runs_of_a_runner_share_a_context);
    add_for_each_way(tcase, R058_R059_a_run_in_a_context_of_its_own);
    tcase = test_case(suite, "callbacks");
    add_for_each_way(tcase, R064_a_callback_runs_in_the_context_that_it_was_scheduled_in);
    tcase = test_case(suite, "values");
    add_for_each_way(tcase, R063_a_value_is_dropped_when_no_context_has_it);
    add_for_each_way(tcase, R063_a_context_keeps_its_values);
    return test_main(suite);
}
