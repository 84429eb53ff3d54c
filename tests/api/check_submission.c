/* Tasks from other threads: every accepted one settles, whatever happens to the runner. */
#include "check_support.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- bodies of submitted tasks ----------------------------------------------------------- */

static int give_seven(void *arg, void **result)
{
    int code = runner_sleep(1);
    ck_assert_ptr_eq(runner_current(), arg);
    *result = value_of(7);
    return code;
}

static int fail_with_5(void *arg, void **result)
{
    (void)arg;
    (void)result;
    (void)runner_yield();
    return -5;
}

static int cancel_self(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    return runner_yield();
}

static int wait_for_ever(void *arg, void **result)
{
    (void)arg;
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("task %s", code_name(code));
    return code;
}

/* --- a loop in one thread, a submitter in another ---------------------------------------- */

typedef struct scene {
    runner_t *runner;
    runner_future_t *over;
    void (*submit)(runner_t *runner);
} scene_t;

static int resolve(void *arg)
{
    return runner_future_resolve(arg, NULL);
}

static void *submitter(void *arg)
{
    scene_t *scene = arg;
    scene->submit(scene->runner);
    ck_assert_code(runner_call_soon_threadsafe(scene->runner, resolve, scene->over, NULL), 0);
    return NULL;
}

static int until_over(void *arg, void **result)
{
    return runner_future_await(((scene_t *)arg)->over, result);
}

/* Run `submit` in another thread while the loop turns in this one. On the real clock: virtual time
 * stands still while another thread may still submit. */
static void play(void (*submit)(runner_t *runner))
{
    runner_options_t opts = test_options();
    opts.clock = RUNNER_CLOCK_REAL;
    scene_t scene = {test_runner_with(&opts), NULL, submit};
    pthread_t thread;
    ck_assert_code(runner_future_new(scene.runner, &scene.over), 0);
    ck_assert_code(runner_submitter_acquire(scene.runner), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, submitter, &scene), 0);
    ck_assert_code(runner_run(scene.runner, until_over, &scene, NULL, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_code(runner_submitter_release(scene.runner), 0);
    runner_future_unref(scene.over);
    runner_free(scene.runner);
}

static runner_submission_t *submit(runner_t *runner, runner_fn fn, void *arg)
{
    runner_submission_t *submission = NULL;
    runner_spawn_options_t opts;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn_threadsafe(runner, fn, arg, &opts, &submission), 0);
    return submission;
}

/* --- outcomes ---------------------------------------------------------------------------- */

static void submit_for_outcomes(runner_t *runner)
{
    void *value = value_of(-1);
    runner_submission_t *s = submit(runner, give_seven, runner);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, &value), 0);
    ck_assert_int_eq(number_of(value), 7);
    ck_assert_int_eq(runner_submission_done(s), 1);
    ck_assert_code(runner_submission_cancel(s), RUNNER_EDONE);
    runner_submission_unref(s);

    s = submit(runner, fail_with_5, NULL);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, &value), -5);
    runner_submission_unref(s);

    s = submit(runner, cancel_self, NULL);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, &value), RUNNER_ECANCELED);
    runner_submission_unref(s);
    ck_assert_int_eq(number_of(value), 7);
}

START_TEST(R186_the_submitter_gets_value_error_or_cancel)
{
    play(submit_for_outcomes);
    ck_assert_int_eq(drops(), 3);
    ck_assert_int_eq(result_drops(), 0);
    ck_assert_int_eq(exceptions(), 0);
}
END_TEST

static int note_thread(void *arg, void **result)
{
    (void)result;
    *(pthread_t *)arg = pthread_self();
    return 0;
}

static pthread_t loop_thread;

static void submit_for_thread(runner_t *runner)
{
    runner_submission_t *s = submit(runner, note_thread, &loop_thread);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, NULL), 0);
    runner_submission_unref(s);
    ck_assert(!pthread_equal(loop_thread, pthread_self()));
}

START_TEST(R186_the_task_runs_in_the_thread_of_the_loop)
{
    play(submit_for_thread);
    ck_assert(pthread_equal(loop_thread, pthread_self()));
}
END_TEST

static int check_options(void *arg, void **result)
{
    void *value = NULL;
    *result = value_of(7);
    ck_assert_str_eq(runner_task_name(runner_current_task()), "from outside");
    int code = runner_var_get(arg, &value);
    ck_assert_code(code, 0);
    ck_assert_int_eq(number_of(value), 3);
    return 0;
}

static void submit_with_options(runner_t *runner)
{
    runner_var_t *var = NULL;
    runner_context_t *context = NULL;
    runner_submission_t *s = NULL;
    runner_spawn_options_t opts;
    ck_assert_code(runner_var_new("var", NULL, &var), 0);
    ck_assert_code(runner_context_new(&context), 0);
    ck_assert_code(runner_context_set(context, var, value_of(3)), 0);
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.name = "from outside";
    opts.context = context;
    opts.stack_bytes = 256 * 1024;
    opts.eager = 1;
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn_threadsafe(runner, check_options, var, &opts, &s), 0);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, NULL), 0);
    ck_assert_int_eq(result_drops(), 0); /* left with the submission */
    runner_submission_unref(s);
    runner_context_unref(context);
    runner_var_unref(var);
}

START_TEST(R186_options_are_those_of_a_spawn)
{
    play(submit_with_options);
    ck_assert_int_eq(result_drops(), 1);
}
END_TEST

/* Ends as cancelled although it has a result, which is nobody's then. */
static int give_after_cancel(void *arg, void **result)
{
    (void)arg;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    *result = value_of(7);
    return 0;
}

static void submit_what_is_cancelled_at_its_end(runner_t *runner)
{
    void *value = value_of(-1);
    runner_submission_t *s = NULL;
    runner_spawn_options_t opts;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_spawn_threadsafe(runner, give_after_cancel, NULL, &opts, &s), 0);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, &value), RUNNER_ECANCELED);
    ck_assert_int_eq((int)number_of(value), -1);
    runner_submission_unref(s);
}

START_TEST(R148_R186_a_result_that_a_cancel_has_overtaken_is_dropped)
{
    play(submit_what_is_cancelled_at_its_end);
    ck_assert_int_eq(result_drops(), 1);
}
END_TEST

static void submit_detached(runner_t *runner)
{
    runner_submission_t *last = NULL;
    ck_assert_code(runner_spawn_threadsafe(runner, log_body, "a", NULL, NULL), 0);
    ck_assert_code(runner_spawn_threadsafe(runner, fail_with_5, NULL, NULL, NULL), 0);
    for (int i = 0; i < 2; i++) { /* the failing one takes two turns */
        last = submit(runner, log_body, "b");
        ck_assert_code(runner_submission_wait(last, RUNNER_FOREVER, NULL), 0);
        runner_submission_unref(last);
    }
}

START_TEST(R186_without_a_handle_a_failure_is_reported)
{
    play(submit_detached);
    ck_assert_int_eq(exceptions(), 1);
    ck_assert_code(exception_at(0)->code, -5);
}
END_TEST

/* --- waiting and cancelling -------------------------------------------------------------- */

static void submit_and_give_up(runner_t *runner)
{
    void *value = value_of(-1);
    runner_submission_t *s = submit(runner, wait_for_ever, NULL);
    ck_assert_code(runner_submission_wait(s, 0, &value), RUNNER_ETIMEDOUT);
    ck_assert_code(runner_submission_wait(s, 20, &value), RUNNER_ETIMEDOUT);
    ck_assert_int_eq(runner_submission_done(s), 0);
    ck_assert_code(runner_submission_cancel(s), 0);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, &value), RUNNER_ECANCELED);
    ck_assert_code(runner_submission_cancel(s), RUNNER_EDONE);
    ck_assert_int_eq(number_of(value), -1);
    runner_submission_unref(s);
}

START_TEST(R187_a_submitter_that_waited_long_enough_cancels)
{
    play(submit_and_give_up);
    ck_assert_str_eq(log_text(), "task RUNNER_ECANCELED");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

START_TEST(R187_a_cancel_before_the_loop_saw_the_task)
{
    runner_t *runner = test_runner();
    runner_submission_t *s = submit(runner, log_body, "entered");
    ck_assert_code(runner_submission_cancel(s), 0);
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    runner_free(runner);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, NULL), RUNNER_ECANCELED);
    runner_submission_unref(s);
    log_expect("main");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

static int wait_inside(void *arg, void **result)
{
    runner_submission_t *s = submit(arg, log_body, "task");
    (void)result;
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, NULL), RUNNER_ELOOP);
    ck_assert_code(runner_submission_wait(s, 0, NULL), RUNNER_ELOOP);
    while (!runner_submission_done(s)) {
        ck_assert_code(runner_sleep(1), 0);
    }
    runner_submission_unref(s);
    return 0;
}

START_TEST(R187_the_loop_can_not_wait_for_itself)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, wait_inside, runner, NULL, NULL), 0);
    log_expect("task");
    runner_free(runner);
}
END_TEST

START_TEST(R186_bad_handles_are_refused)
{
    void *value = NULL;
    ck_assert_code(runner_submission_wait(NULL, 0, &value), RUNNER_EINVAL);
    ck_assert_code(runner_submission_cancel(NULL), RUNNER_EINVAL);
    ck_assert_int_eq(runner_submission_done(NULL), 0);
    runner_submission_unref(NULL);
    ck_assert_code(runner_spawn_threadsafe(NULL, log_body, "a", NULL, NULL), RUNNER_EINVAL);
    runner_t *runner = test_runner();
    ck_assert_code(runner_spawn_threadsafe(runner, NULL, "a", NULL, NULL), RUNNER_EINVAL);
    runner_free(runner);
}
END_TEST

/* --- the end of the runner --------------------------------------------------------------- */

START_TEST(R188_what_was_never_run_is_cancelled_by_close)
{
    runner_t *runner = test_runner();
    runner_submission_t *s = submit(runner, log_body, "entered");
    runner_free(runner);
    ck_assert_int_eq(runner_submission_done(s), 1);
    ck_assert_code(runner_submission_wait(s, RUNNER_FOREVER, NULL), RUNNER_ECANCELED);
    runner_submission_unref(s);
    log_expect("");
    ck_assert_int_eq(drops(), 1);
}
END_TEST

START_TEST(R188_between_runs_it_is_taken_for_the_next_one)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, log_body, "first", NULL, NULL), 0);
    runner_submission_t *s = submit(runner, log_body, "task");
    ck_assert_int_eq(runner_submission_done(s), 0);
    ck_assert_code(runner_run(runner, wait_inside, runner, NULL, NULL), 0);
    ck_assert_int_eq(runner_submission_done(s), 1);
    log_expect("first,task,task");
    runner_submission_unref(s);
    runner_free(runner);
}
END_TEST

START_TEST(R188_after_close_it_is_refused_and_nothing_is_taken)
{
    runner_t *runner = test_runner();
    runner_submission_t *s = NULL;
    runner_spawn_options_t opts;
    ck_assert_code(runner_spawn_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_run(runner, log_body, "main", NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_spawn_threadsafe(runner, log_body, "no", &opts, &s), RUNNER_ECLOSED);
    ck_assert_ptr_null(s);
    ck_assert_int_eq(drops(), 0);
    runner_free(runner);
    log_expect("main");
}
END_TEST

enum { THREADS = 4, SUBMISSIONS_MAX = 2000 };

typedef struct racer {
    runner_t *runner;
    atomic_int *started;
    int accepted;
    int settled;
    int refused_with;
} racer_t;

static int short_task(void *arg, void **result)
{
    *result = arg;
    return runner_yield();
}

static void *race(void *arg)
{
    static runner_submission_t *kept[THREADS][SUBMISSIONS_MAX];
    racer_t *racer = arg;
    int index = atomic_fetch_add(racer->started, 1);
    runner_spawn_options_t opts;
    runner_spawn_options_init(&opts, sizeof opts);
    opts.drop = drop_count;
    opts.result_drop = drop_result_count;
    while (racer->accepted < SUBMISSIONS_MAX) {
        int code = runner_spawn_threadsafe(racer->runner, short_task, value_of(1), &opts,
                                           &kept[index][racer->accepted]);
        if (code != 0) {
            racer->refused_with = code;
            break;
        }
        racer->accepted++;
    }
    for (int i = 0; i < racer->accepted; i++) {
        int code = runner_submission_wait(kept[index][i], RUNNER_FOREVER, NULL);
        racer->settled += code == 0 || code == RUNNER_ECANCELED;
        runner_submission_unref(kept[index][i]);
    }
    return NULL;
}

static int until_all_race(void *arg, void **result)
{
    (void)result;
    while (atomic_load((atomic_int *)arg) < THREADS) {
        if (runner_yield() != 0) {
            return -5;
        }
    }
    return 0;
}

START_TEST(R188_a_submit_that_races_with_close_is_refused_or_settled)
{
    for (int round = 0; round < 10; round++) {
        racer_t racers[THREADS];
        pthread_t threads[THREADS];
        atomic_int started = 0;
        int before = drops();
        int accepted = 0;
        runner_t *runner = test_runner();
        for (int i = 0; i < THREADS; i++) {
            racers[i] = (racer_t){runner, &started, 0, 0, 0};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        ck_assert_code(runner_run(runner, until_all_race, &started, NULL, NULL), 0);
        ck_assert_code(runner_close(runner), 0);
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            ck_assert_int_eq(racers[i].settled, racers[i].accepted);
            if (racers[i].accepted < SUBMISSIONS_MAX) {
                ck_assert_code(racers[i].refused_with, RUNNER_ECLOSED);
            }
            accepted += racers[i].accepted;
        }
        runner_free(runner);
        ck_assert_int_eq(drops() - before, accepted);
    }
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("submission");
    TCase *tcase = test_case(suite, "outcomes");
    tcase_add_test(tcase, R186_the_submitter_gets_value_error_or_cancel);
    tcase_add_test(tcase, R186_the_task_runs_in_the_thread_of_the_loop);
    tcase_add_test(tcase, R186_options_are_those_of_a_spawn);
    tcase_add_test(tcase, R148_R186_a_result_that_a_cancel_has_overtaken_is_dropped);
    tcase_add_test(tcase, R186_without_a_handle_a_failure_is_reported);
    tcase_add_test(tcase, R186_bad_handles_are_refused);
    tcase = test_case(suite, "waiting and cancelling");
    tcase_add_test(tcase, R187_a_submitter_that_waited_long_enough_cancels);
    tcase_add_test(tcase, R187_a_cancel_before_the_loop_saw_the_task);
    tcase_add_test(tcase, R187_the_loop_can_not_wait_for_itself);
    tcase = test_case(suite, "the end of the runner");
    tcase_add_test(tcase, R188_what_was_never_run_is_cancelled_by_close);
    tcase_add_test(tcase, R188_between_runs_it_is_taken_for_the_next_one);
    tcase_add_test(tcase, R188_after_close_it_is_refused_and_nothing_is_taken);
    tcase_add_test(tcase, R188_a_submit_that_races_with_close_is_refused_or_settled);
    return test_main(suite);
}
