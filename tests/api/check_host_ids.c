/* Ids: one for every object, never used twice, refused once they are gone or of another kind. */
#include "host_driver.h"

/* --- helpers ----------------------------------------------------------------------------- */

static const uint64_t nobodys[] = {0,
                                   1,
                                   12345,
                                   UINT64_C(999) << 32,
                                   UINT64_MAX,
                                   UINT64_C(0xffffffff),
                                   UINT64_C(0xffffffff00000000)};
enum { NOBODYS = sizeof nobodys / sizeof nobodys[0] };

/* The operations that use an object, and what kind it has to be of. */
enum {
    TASK = 1,
    FUTURE = 2,
    GROUP = 4,
    TIMEOUT = 8,
    EVENT = 16,
    LOCK = 32,
    CONDITION = 64,
    SEMAPHORE = 128,
    BARRIER = 256,
    QUEUE = 512,
    TIMER = 1024,
    VAR = 2048,
    CONTEXT = 4096,
    CLOSABLE = 8192,
    JOB = 16384,
    KINDS_OF_IDS = 15
};
static const struct use {
    uint32_t op;
    int kinds;
} uses[] = {
    {RUNNER_HOST_AWAIT, TASK | FUTURE},
    {RUNNER_HOST_AWAIT_FOR, TASK},
    {RUNNER_HOST_CANCEL, TASK | FUTURE},
    {RUNNER_HOST_UNCANCEL, TASK},
    {RUNNER_HOST_CANCELLING, TASK},
    {RUNNER_HOST_STATUS, TASK | FUTURE},
    {RUNNER_HOST_RESULT, TASK | FUTURE},
    {RUNNER_HOST_RESOLVE, FUTURE},
    {RUNNER_HOST_REJECT, FUTURE},
    {RUNNER_HOST_GROUP_OPEN, GROUP},
    {RUNNER_HOST_GROUP_CLOSE, GROUP},
    {RUNNER_HOST_GROUP_CANCEL, GROUP},
    {RUNNER_HOST_TIMEOUT_OPEN, TIMEOUT},
    {RUNNER_HOST_TIMEOUT_OPEN_AT, TIMEOUT},
    {RUNNER_HOST_TIMEOUT_CLOSE, TIMEOUT},
    {RUNNER_HOST_TIMEOUT_RESCHEDULE, TIMEOUT},
    {RUNNER_HOST_TIMEOUT_RESCHEDULE_AT, TIMEOUT},
    {RUNNER_HOST_TIMEOUT_STATE, TIMEOUT},
    {RUNNER_HOST_EVENT_SET, EVENT},
    {RUNNER_HOST_EVENT_CLEAR, EVENT},
    {RUNNER_HOST_EVENT_IS_SET, EVENT},
    {RUNNER_HOST_EVENT_WAIT, EVENT},
    {RUNNER_HOST_LOCK_ACQUIRE, LOCK},
    {RUNNER_HOST_LOCK_RELEASE, LOCK},
    {RUNNER_HOST_LOCK_STATE, LOCK},
    {RUNNER_HOST_CONDITION_WAIT, CONDITION},
    {RUNNER_HOST_CONDITION_NOTIFY, CONDITION},
    {RUNNER_HOST_SEMAPHORE_ACQUIRE, SEMAPHORE},
    {RUNNER_HOST_SEMAPHORE_RELEASE, SEMAPHORE},
    {RUNNER_HOST_SEMAPHORE_STATE, SEMAPHORE},
    {RUNNER_HOST_BARRIER_WAIT, BARRIER},
    {RUNNER_HOST_BARRIER_RESET, BARRIER},
    {RUNNER_HOST_BARRIER_ABORT, BARRIER},
    {RUNNER_HOST_BARRIER_STATE, BARRIER},
    {RUNNER_HOST_QUEUE_PUT, QUEUE},
    {RUNNER_HOST_QUEUE_PUT_NOWAIT, QUEUE},
    {RUNNER_HOST_QUEUE_GET, QUEUE},
    {RUNNER_HOST_QUEUE_GET_NOWAIT, QUEUE},
    {RUNNER_HOST_QUEUE_TASK_DONE, QUEUE},
    {RUNNER_HOST_QUEUE_JOIN, QUEUE},
    {RUNNER_HOST_QUEUE_SHUTDOWN, QUEUE},
    {RUNNER_HOST_QUEUE_COUNT, QUEUE},
    {RUNNER_HOST_TIMER_CANCEL, TIMER},
    {RUNNER_HOST_VAR_SET, VAR},
    {RUNNER_HOST_VAR_GET, VAR},
    {RUNNER_HOST_CLOSABLE_UNREGISTER, CLOSABLE},
    {RUNNER_HOST_JOB_END, JOB},
};
enum { USES = sizeof uses / sizeof uses[0] };

static int refused(host_task_t *t, uint32_t op, uint64_t id)
{
    return host_do_now(t, &(runner_host_cmd_t){.op = op, .id = id, .b = 1});
}

static int do_nothing(host_task_t *t)
{
    (void)t;
    return 0;
}

/* One object of each kind, in the order of the bits; the index of a kind is that of its bit. */
static void make_one_of_each(host_task_t *t, uint64_t ids[KINDS_OF_IDS])
{
    host_t *host = t->host;
    uint64_t *id = ids;
    *id++ = host_spawn(t, do_nothing, "task")->id;
    host_flush(host);
    *id++ = host_make(t, FUTURE_NEW);
    *id++ = host_make(t, GROUP_NEW);
    *id++ = host_make(t, TIMEOUT_NEW);
    *id++ = host_make(t, EVENT_NEW);
    *id++ = host_make(t, LOCK_NEW);
    *id++ = host_make(t, CONDITION_NEW, .a = (int64_t)ids[5]);
    *id++ = host_make(t, SEMAPHORE_NEW, .a = 1);
    *id++ = host_make(t, BARRIER_NEW, .a = 2);
    *id++ = host_make(t, QUEUE_NEW);
    *id++ = host_make(t, CALL_LATER, .a = MS(1000),
                      .b = host_value(host, VALUE_CALL, "timer", do_nothing));
    *id++ = host_make(t, VAR_NEW);
    *id++ = host_make(t, CONTEXT_NEW);
    *id++ = host_make(t, CLOSABLE_REGISTER,
                      .b = host_value(host, VALUE_CLOSABLE, "closable", do_nothing));
    ck_assert_code(host_do(t, JOB), 0);
    *id++ = t->id_out;
    host_own(host, t->b_out); /* the future */
    ck_assert_int_eq((int)(id - ids), KINDS_OF_IDS);
}

static void end_the_job(host_task_t *t, uint64_t job)
{
    ck_assert_code(host_do(t, JOB_END, .id = job, .b = 3), 0);
    ck_assert_code(refused(t, RUNNER_HOST_JOB_END, job), RUNNER_EBADID);
}

/* --- of nobody, and of another kind ------------------------------------------------------ */

static int use_ids_of_nobody(host_task_t *t)
{
    for (int i = 0; i < NOBODYS; i++) {
        for (int use = 0; use < USES; use++)
            ck_assert_code(refused(t, uses[use].op, nobodys[i]), RUNNER_EBADID);
        ck_assert_code(refused(t, RUNNER_HOST_RELEASE, nobodys[i]), RUNNER_EBADID);
    }
    return 0;
}

START_TEST(R024_an_id_of_nobody_is_refused_by_every_operation)
{
    host_play(_i, use_ids_of_nobody, 0);
}
END_TEST

static int use_wrong_kinds(host_task_t *t)
{
    uint64_t ids[KINDS_OF_IDS];
    make_one_of_each(t, ids);
    for (int kind = 0; kind < KINDS_OF_IDS; kind++)
        for (int use = 0; use < USES; use++)
            if ((uses[use].kinds & 1 << kind) == 0)
                ck_assert_msg(refused(t, uses[use].op, ids[kind]) == RUNNER_EBADID,
                              "operation %u takes an object of kind %d", uses[use].op, kind);
    end_the_job(t, ids[KINDS_OF_IDS - 1]);
    return 0;
}

START_TEST(R024_an_id_of_another_kind_is_refused_by_every_operation)
{
    host_play(_i, use_wrong_kinds, 0);
}
END_TEST

static int use_bad_ids_in_other_places(host_task_t *t)
{
    uint64_t lock = host_make(t, LOCK_NEW);
    uint64_t out = 5;
    uint64_t several[] = {host_make(t, FUTURE_NEW), lock};
    int32_t code = 5;
    size_t count = 5;
    runner_t *runner = t->host->runner;
    ck_assert_code(host_do(t, SPAWN, .a = (int64_t)lock), RUNNER_EBADID);
    ck_assert_code(host_do(t, SPAWN, .b = lock), RUNNER_EBADID);
    ck_assert_code(host_do(t, SPAWN, .a = -1), RUNNER_EBADID);
    ck_assert_uint_eq(t->id_out, 0); /* nothing was made */
    ck_assert_code(host_do(t, SHIELD, .a = (int64_t)lock), RUNNER_EBADID);
    ck_assert_code(host_do(t, CONDITION_NEW, .a = (int64_t)several[0]), RUNNER_EBADID);
    ck_assert_code(runner_host_gather(runner, several, 2, 0, &out), RUNNER_EBADID);
    ck_assert_code(runner_host_wait(runner, t->id, several, 2, RUNNER_ALL_COMPLETED, 0),
                   RUNNER_EBADID);
    ck_assert_code(runner_host_errors(runner, lock, &out, &code, 1, &count), RUNNER_EBADID);
    ck_assert_code(runner_host_name(runner, lock, "lock"), RUNNER_EBADID);
    ck_assert_code(runner_host_name(runner, 0, NULL), RUNNER_EBADID);
    ck_assert_uint_eq(out, 5);
    ck_assert_int_eq(code, 5);
    ck_assert_uint_eq(count, 5);
    return 0;
}

START_TEST(R024_a_bad_id_is_refused_wherever_it_stands)
{
    host_play(_i, use_bad_ids_in_other_places, 0);
}
END_TEST

/* --- gone -------------------------------------------------------------------------------- */

static int use_what_is_gone(host_task_t *t)
{
    uint64_t ids[KINDS_OF_IDS];
    make_one_of_each(t, ids);
    ck_assert_code(host_do(t, TIMER_CANCEL, .id = ids[10]), 0);
    ck_assert_code(host_do(t, CLOSABLE_UNREGISTER, .id = ids[13]), 0);
    end_the_job(t, ids[KINDS_OF_IDS - 1]);
    for (int kind = 1; kind < KINDS_OF_IDS - 1; kind++) /* the task lives on its own */
        host_release(t, ids[kind]);
    for (int kind = 1; kind < KINDS_OF_IDS; kind++) {
        ck_assert_code(refused(t, RUNNER_HOST_RELEASE, ids[kind]), RUNNER_EBADID);
        for (int use = 0; use < USES; use++)
            if ((uses[use].kinds & 1 << kind) != 0)
                ck_assert_code(refused(t, uses[use].op, ids[kind]), RUNNER_EBADID);
    }
    return 0;
}

START_TEST(an_object_is_released_once_and_gone)
{
    host_play(_i, use_what_is_gone, 0);
}
END_TEST

static int make_and_release_many(host_task_t *t)
{
    uint64_t last = 0;
    for (int i = 0; i < 500; i++) {
        uint64_t id = host_make(t, FUTURE_NEW);
        ck_assert_uint_ne(id, last);
        ck_assert_code(refused(t, RUNNER_HOST_STATUS, last), RUNNER_EBADID);
        host_release(t, id);
        /* The place is used again, under another name. */
        ck_assert_uint_lt(host_index(id), 10);
        last = id;
    }
    return 0;
}

START_TEST(an_id_is_never_used_twice)
{
    host_play(_i, make_and_release_many, 0);
}
END_TEST

enum { MANY = 1000 };

static void hold_many_once(host_task_t *t)
{
    static uint64_t ids[MANY];
    for (int i = 0; i < MANY; i++) {
        ck_assert_code(host_do(t, FUTURE_NEW), 0);
        ids[i] = t->id_out;
        ck_assert_uint_lt(host_index(ids[i]), MANY + 10); /* places are used again */
        ck_assert_code(host_do(t, RESOLVE, .id = ids[i], .b = (uint64_t)i), 0);
    }
    ck_assert_uint_ge(runner_host_count(t->host->runner), MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_uint_eq(host_ask(t, RESULT, .id = ids[i]), (uint64_t)i);
        ck_assert_code(refused(t, RUNNER_HOST_RELEASE, ids[i]), 0);
    }
}

static int hold_many(host_task_t *t)
{
    for (int i = 0; i < 3; i++)
        hold_many_once(t);
    return 0;
}

START_TEST(there_is_room_for_many_objects_at_once)
{
    host_play(_i, hold_many, 0);
}
END_TEST

/* --- tasks ------------------------------------------------------------------------------- */

static int release_a_task_twice(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, do_nothing, "child");
        host_release(t, t->other->id);
        ck_assert_code(refused(t, RUNNER_HOST_RELEASE, t->other->id), RUNNER_EBADID);
        /* It still runs, and its id is known. */
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EPENDING);
        WAIT_CODE(t, 0, YIELD);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_int_eq(t->other->dropped, 1);
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EBADID);
    }
    return 0;
}

START_TEST(the_id_of_a_task_is_known_until_its_drop)
{
    host_play(_i, release_a_task_twice, 0);
}
END_TEST

static int keep_a_task(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, do_nothing, "child");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
        ck_assert_int_eq(t->other->dropped, 0);
        ck_assert_code(host_do(t, RESULT, .id = t->other->id), 0);
        host_release(t, t->other->id);
        ck_assert_code(host_do(t, STATUS, .id = t->other->id), RUNNER_EBADID); /* gone, not told */
        WAIT_CODE(t, 0, YIELD);
        ck_assert_int_eq(t->other->dropped, 1);
    }
    return 0;
}

START_TEST(a_task_stays_as_long_as_the_host_holds_it)
{
    host_play(_i, keep_a_task, 0);
}
END_TEST

static int release_with_its_end(host_task_t *t)
{
    t->done_flags = RUNNER_HOST_RELEASED;
    t->result = 9;
    return 0;
}

static int await_one_that_releases_itself(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->other = host_spawn(t, release_with_its_end, "child");
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id); /* who waits holds it too */
        ck_assert_uint_eq(t->value, 9);
        WAIT_CODE(t, 0, YIELD);
        ck_assert_int_eq(t->other->dropped, 1);
    }
    return 0;
}

START_TEST(a_task_is_released_with_its_end)
{
    host_play(_i, await_one_that_releases_itself, 0);
}
END_TEST

static int spawn_in_turn(host_task_t *t)
{
    switch (t->line) {
    case 0:
        /* host_learn() sees that no index comes again before its drop. */
        for (t->i = 0; t->i < 40; t->i++) {
            host_spawn_detached(t, do_nothing, "child");
            WAIT_CODE(t, 0, YIELD);
        }
        host_flush(t->host);
        ck_assert_uint_lt(runner_host_count(t->host->runner), 10);
    }
    return 0;
}

START_TEST(R169_tasks_that_are_over_do_not_accumulate)
{
    host_play(_i, spawn_in_turn, 0);
}
END_TEST

/* --- reserved ---------------------------------------------------------------------------- */

static int use_reserved_ids(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        runner_t *runner = t->host->runner;
        uint64_t ids[3];
        size_t before = runner_host_count(runner);
        ck_assert_code(runner_reserve(runner, ids, 3), 0);
        ck_assert_uint_eq(runner_host_count(runner), before + 3);
        ck_assert(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
        /* There is nothing there yet. */
        for (int use = 0; use < USES; use++)
            ck_assert_code(refused(t, uses[use].op, ids[0]), RUNNER_EBADID);
        ck_assert_uint_eq(host_make(t, FUTURE_NEW, .id = ids[0]), ids[0]);
        ck_assert_code(host_do(t, RESOLVE, .id = ids[0], .b = 4), 0);
        ck_assert_uint_eq(host_make(t, QUEUE_NEW, .id = ids[1]), ids[1]);
        ck_assert_uint_eq(runner_host_count(runner), before + 3);
        /* One that is used already, or nobody's, makes nothing. */
        ck_assert_code(host_do(t, FUTURE_NEW, .id = ids[0]), RUNNER_EBADID);
        ck_assert_code(host_do(t, SPAWN, .id = ids[1]), RUNNER_EBADID);
        ck_assert_code(host_do(t, LOCK_NEW, .id = 12345), RUNNER_EBADID);
        ck_assert_uint_eq(runner_host_count(runner), before + 3);
        ck_assert_code(refused(t, RUNNER_HOST_RELEASE, ids[2]), 0); /* never used */
        ck_assert_code(refused(t, RUNNER_HOST_RELEASE, ids[2]), RUNNER_EBADID);
        ck_assert_uint_eq(runner_host_count(runner), before + 2);
        WAIT_CODE(t, 0, AWAIT, .id = ids[0]);
        ck_assert_uint_eq(t->value, 4);
    }
    }
    return 0;
}

START_TEST(ids_are_reserved_before_there_is_an_object)
{
    host_play(_i, use_reserved_ids, 0);
}
END_TEST

START_TEST(a_reserved_id_makes_one_object_of_any_kind)
{
    host_t *host = host_new(ONE_CALL);
    static const uint32_t makers[] = {
        RUNNER_HOST_FUTURE_NEW,    RUNNER_HOST_EVENT_NEW,     RUNNER_HOST_LOCK_NEW,
        RUNNER_HOST_SEMAPHORE_NEW, RUNNER_HOST_QUEUE_NEW,     RUNNER_HOST_VAR_NEW,
        RUNNER_HOST_CONTEXT_NEW,   RUNNER_HOST_CONDITION_NEW, RUNNER_HOST_BARRIER_NEW};
    uint64_t lock = host_make(&host->nobody, LOCK_NEW);
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        runner_host_cmd_t cmd = {.op = makers[i], .a = 1};
        if (makers[i] == RUNNER_HOST_CONDITION_NEW)
            cmd.a = (int64_t)lock;
        ck_assert_code(runner_reserve(host->runner, &cmd.id, 1), 0);
        uint64_t id = cmd.id;
        ck_assert_uint_eq(host_make_now(&host->nobody, &cmd), id);
    }
    ck_assert_code(host_run(host, do_nothing), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host);
}
END_TEST

static int refuse_with_a_reserved_id(host_task_t *t)
{
    uint64_t id = 0;
    ck_assert_code(runner_reserve(t->host->runner, &id, 1), 0);
    ck_assert_code(host_do(t, BARRIER_NEW, .id = id, .a = 0), RUNNER_EINVAL);
    ck_assert_uint_eq(t->id_out, id);
    ck_assert_code(host_do(t, SPAWN, .id = id, .a = 12345), RUNNER_EBADID);
    /* It is still reserved. */
    ck_assert_uint_eq(host_make(t, BARRIER_NEW, .id = id, .a = 1), id);
    return 0;
}

START_TEST(a_refused_command_leaves_the_id_reserved)
{
    host_play(_i, refuse_with_a_reserved_id, 0);
}
END_TEST

/* --- the count --------------------------------------------------------------------------- */

START_TEST(R169_the_count_goes_back_to_nothing)
{
    host_t *host = host_new(_i);
    uint64_t id = 0;
    ck_assert_uint_eq(runner_host_count(host->runner), 0);
    ck_assert_code(runner_reserve(host->runner, &id, 1), 0);
    ck_assert_uint_eq(runner_host_count(host->runner), 1);
    ck_assert_code(refused(&host->nobody, RUNNER_HOST_RELEASE, id), 0);
    ck_assert_uint_eq(runner_host_count(host->runner), 0);
    ck_assert_code(host_run(host, use_wrong_kinds), 0);
    ck_assert_uint_gt(runner_host_count(host->runner), 0);
    ck_assert_code(host_close(host), 0);
    host_free(host); /* looks at the count */
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_ids");
    TCase *tcase = test_case(suite, "refused");
    add_for_each_way(tcase, R024_an_id_of_nobody_is_refused_by_every_operation);
    add_for_each_way(tcase, R024_an_id_of_another_kind_is_refused_by_every_operation);
    add_for_each_way(tcase, R024_a_bad_id_is_refused_wherever_it_stands);
    tcase = test_case(suite, "gone");
    add_for_each_way(tcase, an_object_is_released_once_and_gone);
    add_for_each_way(tcase, an_id_is_never_used_twice);
    add_for_each_way(tcase, there_is_room_for_many_objects_at_once);
    tcase = test_case(suite, "tasks");
    add_for_each_way(tcase, the_id_of_a_task_is_known_until_its_drop);
    add_for_each_way(tcase, a_task_stays_as_long_as_the_host_holds_it);
    add_for_each_way(tcase, a_task_is_released_with_its_end);
    add_for_each_way(tcase, R169_tasks_that_are_over_do_not_accumulate);
    tcase = test_case(suite, "reserved");
    add_for_each_way(tcase, ids_are_reserved_before_there_is_an_object);
    tcase_add_test(tcase, a_reserved_id_makes_one_object_of_any_kind);
    add_for_each_way(tcase, a_refused_command_leaves_the_id_reserved);
    tcase = test_case(suite, "count");
    add_for_each_way(tcase, R169_the_count_goes_back_to_nothing);
    return test_main(suite);
}
