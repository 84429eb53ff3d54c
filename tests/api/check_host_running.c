/* Tasks that a host leaves running from one step to the next, as they wait for something of its own. */
#include "check_support.h"

enum { EVENTS = 16 };

static runner_t *runner;
static runner_host_event_t events[EVENTS];
static size_t n_events;
static int64_t wait_ns;

static void step(void)
{
    ck_assert_code(runner_step(runner, NULL, 0, events, EVENTS, &n_events, &wait_ns), 0);
}

static int do_as(uint64_t task, uint32_t op, uint64_t *id, int64_t a, uint64_t b)
{
    uint64_t none = 0;
    return runner_command(runner, task, op, 0, id != NULL ? id : &none, &a, &b);
}

static int wait_as(uint64_t task, uint32_t op, uint64_t id, int64_t a)
{
    return do_as(task, op, &id, a, 0);
}

/* The next event of this kind and task; steps until there is one. */
static const runner_host_event_t *expect(uint64_t task, int kind)
{
    for (int steps = 0; steps < 100; steps++) {
        step();
        for (size_t i = 0; i < n_events; i++)
            if (events[i].kind == kind && events[i].task == task)
                return &events[i];
    }
    ck_abort_msg("no event of kind %d", kind);
    return NULL;
}

static void expect_none(int kind)
{
    for (int steps = 0; steps < 10; steps++) {
        step();
        for (size_t i = 0; i < n_events; i++)
            ck_assert_int_ne(events[i].kind, kind);
    }
}

static uint64_t begin(void)
{
    uint64_t main_task;
    runner_options_t opts;
    runner_options_init(&opts, sizeof opts);
    opts.clock = RUNNER_CLOCK_VIRTUAL;
    ck_assert_code(runner_new(&runner, &opts), 0);
    ck_assert_code(runner_begin(runner, 0, &main_task), 0);
    expect(main_task, RUNNER_HOST_START);
    return main_task;
}

static uint64_t spawn(uint64_t task)
{
    uint64_t id = 0;
    ck_assert_code(do_as(task, RUNNER_HOST_SPAWN, &id, 0, 0), 0);
    return id;
}

static void done(uint64_t task)
{
    ck_assert_code(do_as(task, RUNNER_HOST_DONE, NULL, RUNNER_HOST_RELEASED, 0), 0);
}

static void end(uint64_t main_task)
{
    done(main_task);
    expect(main_task, RUNNER_HOST_END);
    ck_assert_code(runner_end(runner), 0);
    ck_assert_code(runner_begin_close(runner), 0);
    expect(0, RUNNER_HOST_END);
    ck_assert_code(runner_end(runner), 0);
    runner_free(runner);
}

/* --- a cancel while it runs --- */

START_TEST(a_watched_task_that_is_cancelled_while_it_runs_is_told_of)
{
    uint64_t main_task = begin();
    uint64_t child = spawn(main_task);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_SLEEP, 0, 1000000), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_START);
    step(); /* it has begun, and waits for something that nobody here knows */
    ck_assert_code(wait_as(0, RUNNER_HOST_WATCH, child, 0), 0);
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, child, 0), 0);
    const runner_host_event_t *event = expect(child, RUNNER_HOST_CANCELED);
    ck_assert_code(event->status, RUNNER_ECANCELED);
    /* It is told by its next wait all the same, and once. */
    ck_assert_code(wait_as(child, RUNNER_HOST_SLEEP, 0, 5), RUNNER_EPARKED);
    event = expect(child, RUNNER_HOST_RESUME);
    ck_assert_code(event->status, RUNNER_ECANCELED);
    done(child);
    expect(main_task, RUNNER_HOST_RESUME);
    end(main_task);
}
END_TEST

START_TEST(a_watched_task_that_waits_is_only_resumed)
{
    uint64_t main_task = begin();
    uint64_t child = spawn(main_task);
    ck_assert_code(wait_as(0, RUNNER_HOST_WATCH, child, 0), 0);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_YIELD, 0, 0), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_START);
    ck_assert_code(wait_as(child, RUNNER_HOST_SLEEP, 0, INT64_MAX), RUNNER_EPARKED);
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, child, 0), 0);
    const runner_host_event_t *event = expect(child, RUNNER_HOST_RESUME);
    ck_assert_code(event->status, RUNNER_ECANCELED);
    done(child);
    expect_none(RUNNER_HOST_CANCELED);
    end(main_task);
}
END_TEST

START_TEST(a_task_that_is_not_watched_is_not_told_of)
{
    uint64_t main_task = begin();
    uint64_t child = spawn(main_task);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_YIELD, 0, 0), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_START);
    step();
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, child, 0), 0);
    expect_none(RUNNER_HOST_CANCELED);
    done(child);
    end(main_task);
}
END_TEST

START_TEST(what_is_no_task_cannot_be_watched)
{
    uint64_t main_task = begin();
    uint64_t future = 0;
    ck_assert_code(do_as(0, RUNNER_HOST_FUTURE_NEW, &future, 0, 0), 0);
    ck_assert_code(wait_as(0, RUNNER_HOST_WATCH, future, 0), RUNNER_EBADID);
    ck_assert_code(wait_as(0, RUNNER_HOST_WATCH, 12345, 0), RUNNER_EBADID);
    ck_assert_code(do_as(0, RUNNER_HOST_RELEASE, &future, 0, 0), 0);
    end(main_task);
}
END_TEST

/* --- time --- */

START_TEST(virtual_time_waits_for_a_task_that_runs_unless_it_is_astray)
{
    uint64_t main_task = begin();
    uint64_t child = spawn(main_task);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_SLEEP, 0, 1000000), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_START);
    expect_none(RUNNER_HOST_RESUME);
    ck_assert_code(do_as(child, RUNNER_HOST_ASTRAY, NULL, 0, 1), 0);
    ck_assert_code(do_as(child, RUNNER_HOST_ASTRAY, NULL, 0, 1), 0);
    ck_assert_code(do_as(child, RUNNER_HOST_ASTRAY, NULL, 0, 0), 0);
    expect_none(RUNNER_HOST_RESUME);
    ck_assert_code(do_as(child, RUNNER_HOST_ASTRAY, NULL, 0, 1), 0);
    expect(main_task, RUNNER_HOST_RESUME);
    /* Once it has waited it counts again. */
    ck_assert_code(wait_as(child, RUNNER_HOST_YIELD, 0, 0), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_RESUME);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_SLEEP, 0, 1000000), RUNNER_EPARKED);
    expect_none(RUNNER_HOST_RESUME);
    done(child);
    expect(main_task, RUNNER_HOST_RESUME);
    ck_assert_code(do_as(0, RUNNER_HOST_ASTRAY, NULL, 0, 1), RUNNER_ENOTASK);
    end(main_task);
}
END_TEST

/* --- a wait that is taken back --- */

START_TEST(an_await_that_is_taken_back_leaves_the_task_running)
{
    uint64_t main_task = begin();
    uint64_t child = spawn(main_task);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_AWAIT, child, 0), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_START);
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, main_task, 0), 0);
    /* It can wait for something else, and a cancel of it does not reach the child any more. */
    ck_assert_code(wait_as(main_task, RUNNER_HOST_SLEEP, 0, INT64_MAX), RUNNER_EPARKED);
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, main_task, 0), 0);
    const runner_host_event_t *event = expect(main_task, RUNNER_HOST_RESUME);
    ck_assert_code(event->status, RUNNER_ECANCELED);
    uint64_t count = 7;
    int64_t reason = 0;
    uint64_t id = child;
    ck_assert_code(runner_command(runner, 0, RUNNER_HOST_CANCELLING, 0, &id, &reason, &count), 0);
    ck_assert_uint_eq(count, 0);
    done(child);
    end(main_task);
}
END_TEST

START_TEST(only_an_await_that_goes_on_can_be_taken_back)
{
    uint64_t main_task = begin();
    uint64_t child = spawn(main_task);
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, main_task, 0), RUNNER_EBUSY); /* it runs */
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, child, 0), RUNNER_EBUSY);     /* not begun */
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, 12345, 0), RUNNER_EBADID);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_AWAIT, child, 0), RUNNER_EPARKED);
    expect(child, RUNNER_HOST_START);
    done(child); /* what it has come to is left to who asks for it */
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, main_task, 0), 0);
    expect_none(RUNNER_HOST_RESUME);
    uint64_t slow = spawn(main_task);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_AWAIT, slow, 0), RUNNER_EPARKED);
    expect(slow, RUNNER_HOST_START);
    step();
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, main_task, 0), 0); /* goes to what it awaits */
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, main_task, 0), 0);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_YIELD, 0, 0), RUNNER_EPARKED);
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, main_task, 0), 0);
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, main_task, 0), RUNNER_EBUSY); /* to be told */
    expect(main_task, RUNNER_HOST_RESUME);
    done(slow);
    uint64_t other = spawn(main_task);
    ck_assert_code(wait_as(main_task, RUNNER_HOST_YIELD, 0, 0), RUNNER_EPARKED);
    expect(other, RUNNER_HOST_START);
    ck_assert_code(wait_as(other, RUNNER_HOST_SLEEP, 0, 5), RUNNER_EPARKED);
    ck_assert_code(wait_as(0, RUNNER_HOST_UNPARK, other, 0), RUNNER_EBUSY); /* it sleeps */
    ck_assert_code(wait_as(0, RUNNER_HOST_CANCEL, other, 0), 0); /* as main runs, no time passes */
    expect(other, RUNNER_HOST_RESUME);
    done(other);
    end(main_task);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("host_running");
    TCase *tcase = test_case(suite, "cancelled");
    tcase_add_test(tcase, a_watched_task_that_is_cancelled_while_it_runs_is_told_of);
    tcase_add_test(tcase, a_watched_task_that_waits_is_only_resumed);
    tcase_add_test(tcase, a_task_that_is_not_watched_is_not_told_of);
    tcase_add_test(tcase, what_is_no_task_cannot_be_watched);
    tcase = test_case(suite, "time");
    tcase_add_test(tcase, virtual_time_waits_for_a_task_that_runs_unless_it_is_astray);
    tcase = test_case(suite, "taken back");
    tcase_add_test(tcase, an_await_that_is_taken_back_leaves_the_task_running);
    tcase_add_test(tcase, only_an_await_that_goes_on_can_be_taken_back);
    return test_main(suite);
}
