/*
 * Batches: which tasks come together, and what the others of a batch can still change. Most scenes
 * look at the events themselves, with room for many of them.
 */
#include "host_driver.h"

/* --- helpers ----------------------------------------------------------------------------- */

static const char *const kind_names[] = {"none",  "start", "resume",    "call",
                                         "ended", "drop",  "exception", "end"};

/* Logs an event that is more than bookkeeping, as it reads when it is handled. */
static void log_event(host_t *host, const runner_host_event_t *event)
{
    if (event->kind == RUNNER_HOST_DROP)
        return;
    const char *name = event->kind == RUNNER_HOST_CALL ? host_value_of(host, event->value)->name
                       : event->task != 0              ? host_task(host, event->task)->name
                                                       : "-";
    log_add("%s %s%s%s", kind_names[event->kind], name, event->status != 0 ? " " : "",
            event->status != 0 ? code_name(event->status) : "");
}

static int log_c_callback(void *arg)
{
    log_add("C %s", (const char *)arg);
    return 0;
}

/* One step, and its events in the log behind a bar. */
static void logged_step(host_t *host)
{
    host_take(host);
    if (host->n_events > 0)
        log_add("|");
    host_work(host);
}

/* A run of which all events are in the log. */
static int logged_run(host_t *host, host_fn body)
{
    host->watch = log_event;
    host_begin(host, body);
    while (!host->over)
        logged_step(host);
    host->watch = NULL;
    return host_drive(host);
}

static void close_and_free(host_t *host)
{
    ck_assert_code(host_close(host), 0);
    ck_assert_int_eq(host->n_errors, 0);
    host_free(host);
}

/* The event of a task in the batch that is out. */
static runner_host_event_t *event_of(host_t *host, const host_task_t *t)
{
    for (size_t i = 0; i < host->n_events; i++)
        if (host->events[i].task == t->id)
            return &host->events[i];
    ck_abort_msg("%s is not in the batch", t->name);
    return NULL;
}

/* --- who comes together ------------------------------------------------------------------ */

static int do_nothing(host_task_t *t)
{
    (void)t;
    return 0;
}

static int yield_once(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, YIELD);
    }
    return 0;
}

static int be_called(host_task_t *t)
{
    (void)t;
    return 0;
}

static int spawn_and_call(host_task_t *t)
{
    switch (t->line) {
    case 0:
        host_spawn_detached(t, yield_once, "a");
        host_spawn_detached(t, yield_once, "b");
        ck_assert_code(
            host_do(t, CALL_SOON, .b = host_value(t->host, VALUE_CALL, "call", be_called)), 0);
        host_spawn_detached(t, yield_once, "c");
        host_flush(t->host);
        ck_assert_code(runner_call_soon(t->host->runner, log_c_callback, "callback", NULL), 0);
        host_spawn_detached(t, yield_once, "d");
        host_spawn_detached(t, yield_once, "e");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    return 0;
}

START_TEST(R190_a_batch_has_the_tasks_that_stand_together)
{
    host_t *host = host_new(MANY_CALL);
    ck_assert_code(logged_run(host, spawn_and_call), 0);
    /* In the second turn nothing stands between them any more. */
    log_expect("|,start main,|,start a,start b,|,call call,|,start c,C callback,|,start d,start e,"
               "|,resume a,resume b,resume c,resume d,resume e,|,resume main,|,end main");
    close_and_free(host);
}
END_TEST

START_TEST(R190_one_event_at_a_time_comes_in_the_same_order)
{
    host_t *host = host_new(ONE_CALL);
    host->watch = log_event;
    ck_assert_code(host_run(host, spawn_and_call), 0);
    host->watch = NULL;
    log_expect("start main,start a,start b,call call,start c,C callback,start d,start e,"
               "resume a,resume b,resume c,resume d,resume e,resume main,end main");
    close_and_free(host);
}
END_TEST

START_TEST(R190_a_batch_has_as_many_as_there_is_room_for)
{
    host_t *host = host_new(THREE_KEPT);
    ck_assert_code(runner_call_soon(host->runner, log_c_callback, "first", NULL), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_code(runner_call_soon(host->runner, log_c_callback, "before", NULL), 0);
    host->watch = log_event;
    ck_assert_code(host_run(host, spawn_and_call), 0);
    host->watch = NULL;
    log_expect("C first,C before,C before,C before,start main,start a,start b,call call,start c,"
               "C callback,start d,start e,resume a,resume b,resume c,resume d,resume e,"
               "resume main,end main");
    close_and_free(host);
}
END_TEST

/* --- a task cancels one behind it -------------------------------------------------------- */

static int cancel_other(host_task_t *t)
{
    host_task_t *other = t->other;
    ck_assert_code(host_do(t, CANCEL, .id = other->id, .b = 77), 0);
    if (t->host->way.cap > 1)
        ck_assert_code(event_of(t->host, other)->status, RUNNER_ECANCELED);
    say(t, "cancels");
    return 0;
}

static int cancel_before_its_start(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        host_task_t *canceller = host_spawn_detached(t, cancel_other, "canceller");
        t->other = host_spawn(t, do_nothing, "other");
        canceller->other = t->other;
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(t->value, 77);
        say(t, "other was cancelled");
    }
    }
    return 0;
}

START_TEST(R145_a_task_that_is_cancelled_in_the_batch_before_its_start)
{
    host_play(_i, cancel_before_its_start, 0);
    log_expect("canceller:cancels,other:ended RUNNER_ECANCELED,main:other was cancelled");
}
END_TEST

static int yield_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT(t, YIELD);
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return t->status;
}

static int yield_and_cancel_other(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, YIELD);
    }
    return cancel_other(t);
}

static int cancel_before_its_turn(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        host_task_t *canceller = host_spawn_detached(t, yield_and_cancel_other, "canceller");
        t->other = host_spawn(t, yield_and_say, "other");
        canceller->other = t->other;
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
        ck_assert_uint_eq(host_ask(t, CANCELLING, .id = t->other->id), 1);
    }
    }
    return 0;
}

START_TEST(R141_a_task_that_is_cancelled_in_the_batch_before_its_turn)
{
    host_play(_i, cancel_before_its_turn, 0);
    log_expect("canceller:cancels,other:RUNNER_ECANCELED 77");
}
END_TEST

static int cancel_twice_and_take_back(host_task_t *t)
{
    host_task_t *other = t->other;
    ck_assert_code(host_do(t, CANCEL, .id = other->id), 0);
    ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = other->id), 0);
    say(t, "changed its mind");
    return 0;
}

static int take_a_cancel_back(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        host_task_t *canceller = host_spawn_detached(t, cancel_twice_and_take_back, "canceller");
        t->other = host_spawn(t, yield_and_say, "other");
        canceller->other = t->other;
        WAIT_CODE(t, 0, AWAIT, .id = t->other->id);
    }
    }
    return 0;
}

/* The request was not delivered, so it is withdrawn from the event too. */
START_TEST(R151_a_cancel_that_is_taken_back_in_the_batch)
{
    host_play(_i, take_a_cancel_back, 0);
    log_expect("canceller:changed its mind,other:0 0");
}
END_TEST

static int take_back_the_cancel_of_main(host_task_t *t)
{
    ck_assert_uint_eq(host_ask(t, UNCANCEL, .id = t->host->main->id), 0);
    say(t, "takes it back");
    return 0;
}

static int cancel_itself_and_yield(host_task_t *t)
{
    switch (t->line) {
    case 0:
        ck_assert_code(host_do(t, CANCEL, .id = t->id), 0);
        host_spawn_detached(t, take_back_the_cancel_of_main, "other");
        WAIT(t, YIELD);
        say(t, "%s", code_name(t->status));
    }
    return 0;
}

/* It was asked before the batch, and stands in it when that is taken back. */
START_TEST(R151_a_cancel_from_before_the_batch_that_is_taken_back_in_it)
{
    host_play(_i, cancel_itself_and_yield, 0);
    log_expect("other:takes it back,main:0");
}
END_TEST

/* --- a task cancels one before it -------------------------------------------------------- */

static int cancel_earlier(host_task_t *t)
{
    ck_assert_code(host_do(t, CANCEL, .id = t->other->id, .b = 78), 0);
    say(t, "cancels");
    return 0;
}

static int sleep_and_say(host_task_t *t)
{
    switch (t->line) {
    case 0:
        say(t, "sleeps");
        WAIT(t, SLEEP, .a = MS(10));
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return t->status;
}

static int cancel_after_its_turn(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        t->other = host_spawn(t, sleep_and_say, "sleeper");
        host_task_t *canceller = host_spawn_detached(t, cancel_earlier, "canceller");
        canceller->other = t->other;
        WAIT_CODE(t, RUNNER_ECANCELED, AWAIT, .id = t->other->id);
    }
    }
    return 0;
}

START_TEST(R141_a_task_that_is_cancelled_in_the_batch_after_its_turn)
{
    host_play(_i, cancel_after_its_turn, 0);
    log_expect("sleeper:sleeps,canceller:cancels,sleeper:RUNNER_ECANCELED 78");
}
END_TEST

/* --- waits with an effect ---------------------------------------------------------------- */

/* What `waits_for_what` waits for, and how that is given to it. */
typedef struct effect {
    const char *name;
    uint64_t (*make)(host_task_t *t);
    int (*wait)(host_task_t *t, uint64_t id);
    void (*give)(host_task_t *t, uint64_t id);
} effect_t;

static uint64_t make_taken_lock(host_task_t *t)
{
    uint64_t id = host_make(t, LOCK_NEW);
    ck_assert_code(host_do(t, LOCK_ACQUIRE, .id = id), 0);
    return id;
}

static int wait_for_lock(host_task_t *t, uint64_t id)
{
    return host_park(t, HOST_CMD(LOCK_ACQUIRE, .id = id));
}

static void give_lock(host_task_t *t, uint64_t id)
{
    ck_assert_code(host_do(t, LOCK_RELEASE, .id = id), 0);
}

static uint64_t make_semaphore(host_task_t *t)
{
    return host_make(t, SEMAPHORE_NEW, .a = 0);
}

static int wait_for_semaphore(host_task_t *t, uint64_t id)
{
    return host_park(t, HOST_CMD(SEMAPHORE_ACQUIRE, .id = id));
}

static void give_semaphore(host_task_t *t, uint64_t id)
{
    ck_assert_code(host_do(t, SEMAPHORE_RELEASE, .id = id), 0);
}

static uint64_t make_queue(host_task_t *t)
{
    return host_make(t, QUEUE_NEW);
}

static int wait_for_item(host_task_t *t, uint64_t id)
{
    return host_park(t, HOST_CMD(QUEUE_GET, .id = id));
}

static void give_item(host_task_t *t, uint64_t id)
{
    uint64_t item = host_value(t->host, VALUE_ITEM, "item", NULL);
    ck_assert_code(host_do(t, QUEUE_PUT_NOWAIT, .id = id, .b = item), 0);
}

static const effect_t effects[] = {
    {"lock", make_taken_lock, wait_for_lock, give_lock},
    {"semaphore", make_semaphore, wait_for_semaphore, give_semaphore},
    {"queue", make_queue, wait_for_item, give_item},
};
enum { EFFECTS = sizeof effects / sizeof effects[0] };
static const effect_t *effect;

static int wait_for_effect(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_FOR(t, effect->wait(t, t->parent->id_kept));
        if (t->status == 0 && effect->wait == wait_for_item)
            host_got(t->host, t->value);
        say(t, "%s", code_name(t->status));
    }
    return t->status;
}

/* Cancels the first who waits, in the turn in which that one has been given what it waited for. */
static int cancel_the_first(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_CODE(t, 0, YIELD);
        ck_assert_code(host_do(t, CANCEL, .id = t->other->id), 0);
        say(t, "cancels");
    }
    return 0;
}

static int give_and_cancel(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        t->id_kept = effect->make(t);
        t->other = host_spawn_detached(t, wait_for_effect, "first");
        host_spawn_detached(t, wait_for_effect, "second");
        host_task_t *canceller = host_spawn_detached(t, cancel_the_first, "canceller");
        canceller->other = t->other;
        WAIT_CODE(t, 0, YIELD);
        effect->give(t, t->id_kept); /* behind the canceller in the queue */
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    }
    return 0;
}

/* The batch of the canceller ends before the task that it cancels: its wait has not ended yet, so
 * that what it was given goes to the next in line. */
START_TEST(a_wait_with_an_effect_begins_its_batch)
{
    int way = _i % WAYS;
    effect = &effects[_i / WAYS];
    host_play(way, give_and_cancel, 0);
    log_expect("canceller:cancels,first:RUNNER_ECANCELED,second:0");
}
END_TEST

static int count_batches(host_task_t *t)
{
    switch (t->line) {
    case 0: {
        t->id_kept = effect->make(t);
        host_spawn_detached(t, yield_once, "x");
        host_spawn_detached(t, wait_for_effect, "first");
        host_spawn_detached(t, yield_once, "y");
        WAIT_CODE(t, 0, YIELD);
        WAIT_CODE(t, 0, YIELD);
        effect->give(t, t->id_kept);
        host_spawn_detached(t, do_nothing, "z");
        WAIT_CODE(t, 0, SLEEP, .a = MS(1));
    }
    }
    return 0;
}

START_TEST(a_wait_with_an_effect_stands_before_others_of_its_batch)
{
    host_t *host = host_new(MANY_CALL);
    effect = &effects[_i];
    ck_assert_code(logged_run(host, count_batches), 0);
    log_expect("|,start main,|,start x,start first,start y,resume main,|,resume x,resume y,"
               "resume main,|,resume first,first:0,start z,|,resume main,|,end main");
    close_and_free(host);
}
END_TEST

static int take_and_wait(host_task_t *t)
{
    switch (t->line) {
    case 0:
        WAIT_FOR(t, effect->wait(t, t->parent->id_kept));
        ck_assert_code(t->status, 0);
        if (effect->wait == wait_for_item)
            host_got(t->host, t->value);
        WAIT(t, SLEEP, .a = MS(1));
        say(t, "%s %d", code_name(t->status), (int)t->value);
    }
    return t->status;
}

static int give_to_one(host_task_t *t)
{
    switch (t->line) {
    case 0:
        t->id_kept = effect->make(t);
        t->other = host_spawn_detached(t, take_and_wait, "taker");
        WAIT_CODE(t, 0, YIELD);
        effect->give(t, t->id_kept);
        WAIT_CODE(t, 0, SLEEP, .a = MS(5));
    }
    return 0;
}

/* The driver itself cancels the task whose event is out: it has what it waited for by then. */
START_TEST(R147_what_was_handed_out_is_told_before_a_cancel)
{
    host_t *host = host_new(MANY_CALL);
    effect = &effects[_i];
    host_begin(host, give_to_one);
    host_step(host); /* main begins, */
    host_step(host); /* the taker waits, main gives */
    host_take(host);
    const runner_host_event_t *event = event_of(host, host->main->other);
    ck_assert_int_eq(event->kind, RUNNER_HOST_RESUME);
    ck_assert_code(host_do(&host->nobody, CANCEL, .id = event->task, .b = 8), 0);
    ck_assert_code(event->status, 0);
    host_work(host);
    ck_assert_code(host_drive(host), 0);
    log_expect("taker:RUNNER_ECANCELED 8");
    close_and_free(host);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("host_batch");
    TCase *tcase = test_case(suite, "together");
    tcase_add_test(tcase, R190_a_batch_has_the_tasks_that_stand_together);
    tcase_add_test(tcase, R190_one_event_at_a_time_comes_in_the_same_order);
    tcase_add_test(tcase, R190_a_batch_has_as_many_as_there_is_room_for);
    tcase = test_case(suite, "cancel");
    add_for_each_way(tcase, R145_a_task_that_is_cancelled_in_the_batch_before_its_start);
    add_for_each_way(tcase, R141_a_task_that_is_cancelled_in_the_batch_before_its_turn);
    add_for_each_way(tcase, R151_a_cancel_that_is_taken_back_in_the_batch);
    add_for_each_way(tcase, R151_a_cancel_from_before_the_batch_that_is_taken_back_in_it);
    add_for_each_way(tcase, R141_a_task_that_is_cancelled_in_the_batch_after_its_turn);
    tcase = test_case(suite, "effects");
    tcase_add_loop_test(tcase, a_wait_with_an_effect_begins_its_batch, 0, WAYS * EFFECTS);
    tcase_add_loop_test(tcase, a_wait_with_an_effect_stands_before_others_of_its_batch, 0, EFFECTS);
    tcase_add_loop_test(tcase, R147_what_was_handed_out_is_told_before_a_cancel, 0, EFFECTS);
    return test_main(suite);
}
