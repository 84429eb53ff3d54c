/* A runner's life: new, first use, close, free; and runner_main(), which is all of it. */
#include "check_support.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

/* --- bodies ------------------------------------------------------------------------------ */

static int return_seven(void *arg, void **result)
{
    (void)arg;
    *result = value_of(7);
    return 0;
}

static int fail_with_77(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return -77;
}

/* Log how the wait of a task that is left over ends. */
static int leftover(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

/* Leave a task behind that waits for ever. */
static int spawn_leftover(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(leftover, "leftover", NULL, NULL), 0);
    return runner_yield();
}

static int close_me(void *arg, void **result)
{
    (void)result;
    log_add("%s", (const char *)arg);
    return runner_sleep(1);
}

/* Store the loop of the current runner. */
static int look_at_loop(void *arg, void **result)
{
    (void)result;
    return runner_get_loop(runner_current(), arg);
}

/* The dispositions of all signals, in the kernel's own bytes: in what sigaction() gives back, some
 * were written by nobody. */
typedef struct dispositions {
    unsigned char bytes[32][64];
} dispositions_t;

static void read_dispositions(dispositions_t *all)
{
    memset(all, 0, sizeof *all);
    for (int i = 1; i < 32; i++) {
        ck_assert_int_eq(syscall(SYS_rt_sigaction, i, NULL, all->bytes[i], 8), 0);
    }
}

static int dispositions_are(const dispositions_t *before)
{
    dispositions_t now;
    read_dispositions(&now);
    return memcmp(&now, before, sizeof now) == 0;
}

/* --- new --------------------------------------------------------------------------------- */

START_TEST(R001_new_makes_no_loop_fd_thread_or_signal_handler)
{
    int fds = fd_count();
    int threads = thread_count();
    dispositions_t before;
    read_dispositions(&before);
    runner_t *runner = test_runner_with(NULL);
    ck_assert_int_eq(fd_count(), fds);
    ck_assert_int_eq(thread_count(), threads);
    ck_assert(dispositions_are(&before));
    ck_assert_int_eq(runner_is_running(runner), 0);
    ck_assert_int_eq(runner_is_closed(runner), 0);
    ck_assert_uint_eq(runner_time_ns(runner), 0);
    runner_free(runner);
    ck_assert_int_eq(fd_count(), fds);
}
END_TEST

START_TEST(R002_R003_before_in_and_after_a_run_the_loop_is_the_same)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *before = NULL;
    struct uv_loop_s *again = NULL;
    struct uv_loop_s *inside = NULL;
    struct uv_loop_s *after = NULL;
    ck_assert_code(runner_get_loop(runner, &before), 0);
    ck_assert_code(runner_get_loop(runner, &again), 0);
    ck_assert_code(runner_run(runner, look_at_loop, &inside, NULL, NULL), 0);
    ck_assert_code(runner_get_loop(runner, &after), 0);
    ck_assert_ptr_nonnull(before);
    ck_assert_ptr_eq(before, again);
    ck_assert_ptr_eq(before, inside);
    ck_assert_ptr_eq(before, after);
    runner_free(runner);
}
END_TEST

START_TEST(R002_the_first_run_makes_the_loop_and_later_runs_keep_it)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *first = NULL;
    struct uv_loop_s *second = NULL;
    ck_assert_code(runner_run(runner, look_at_loop, &first, NULL, NULL), 0);
    int fds = fd_count();
    ck_assert_code(runner_run(runner, look_at_loop, &second, NULL, NULL), 0);
    ck_assert_ptr_eq(first, second);
    ck_assert_int_eq(fd_count(), fds);
    runner_free(runner);
}
END_TEST

/* --- close ------------------------------------------------------------------------------- */

START_TEST(R004_close_of_an_unused_runner_leaves_it_usable)
{
    int fds = fd_count();
    runner_t *runner = test_runner();
    void *result = NULL;
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(fd_count(), fds);
    ck_assert_int_eq(runner_is_closed(runner), 0);
    ck_assert_code(runner_run(runner, return_seven, NULL, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
    runner_free(runner);
}
END_TEST

START_TEST(R005_close_ends_tasks_and_closables_and_the_loop)
{
    runner_t *warm = test_runner();
    ck_assert_code(runner_run(warm, return_seven, NULL, NULL, NULL), 0);
    runner_free(warm);
    int fds = fd_count();

    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, NULL, close_me, "closable", NULL, NULL), 0);
    ck_assert_code(runner_run(runner, spawn_leftover, NULL, NULL, NULL), 0);
    ck_assert_int_gt(fd_count(), fds);
    ck_assert_code(runner_close(runner), 0);
    log_expect("leftover RUNNER_ECANCELED,closable");
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_int_eq(fd_count(), fds);
    runner_free(runner);
}
END_TEST

START_TEST(R006_a_second_close_does_nothing)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, NULL, close_me, "closable", drop_count, NULL),
                   0);
    ck_assert_code(runner_run(runner, spawn_leftover, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    log_expect("leftover RUNNER_ECANCELED,closable");
    for (int i = 0; i < 3; i++) {
        ck_assert_code(runner_close(runner), 0);
    }
    log_expect("");
    ck_assert_int_eq(drops(), 1);
    ck_assert_int_eq(runner_is_closed(runner), 1);
    runner_free(runner);
}
END_TEST

START_TEST(R007_R008_R009_R018_a_closed_runner_refuses_and_takes_nothing)
{
    runner_t *runner = test_runner();
    struct uv_loop_s *loop = NULL;
    void *result = value_of(1);
    runner_run_options_t opts;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_get_loop(runner, &loop), 0);
    ck_assert_code(runner_close(runner), 0);
    loop = NULL;
    ck_assert_code(runner_run(runner, log_body, "called", &opts, &result), RUNNER_ECLOSED);
    ck_assert_code(runner_get_loop(runner, &loop), RUNNER_ECLOSED);
    ck_assert_ptr_null(loop);
    ck_assert_int_eq(number_of(result), 1);
    ck_assert_int_eq(drops(), 0);
    log_expect("");
    runner_free(runner);
}
END_TEST

/* The scope form in C: use a runner, then close it, whatever happened. */
static int scope(runner_t *runner, runner_fn body, void *arg)
{
    int code = runner_run(runner, body, arg, NULL, NULL);
    ck_assert_code(runner_close(runner), 0);
    return code;
}

START_TEST(R009_R011_after_an_inner_scope_the_outer_one_is_refused)
{
    runner_t *runner = test_runner();
    ck_assert_code(scope(runner, log_body, "inner"), 0);
    ck_assert_code(scope(runner, log_body, "outer"), RUNNER_ECLOSED);
    log_expect("inner");
    runner_free(runner);
}
END_TEST

START_TEST(R010_a_failing_body_does_not_stop_the_close)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, NULL, close_me, "closable", NULL, NULL), 0);
    ck_assert_code(scope(runner, fail_with_77, NULL), -77);
    log_expect("closable");
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_int_eq(exceptions(), 0);
    runner_free(runner);
}
END_TEST

/* Answer the cancel of shutdown with another wait that never ends. */
static int swallow_and_wait(void *arg, void **result)
{
    (void)arg;
    (void)result;
    if (runner_sleep(RUNNER_FOREVER) == RUNNER_ECANCELED) {
        log_add("swallowed");
    }
    return runner_sleep(RUNNER_FOREVER);
}

static int spawn_swallower(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_spawn(swallow_and_wait, NULL, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R012_a_close_that_fails_half_way_has_closed_all_the_same)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_closable_register(runner, NULL, close_me, "closable", NULL, NULL), 0);
    ck_assert_code(runner_run(runner, spawn_swallower, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), RUNNER_EDEADLK);
    log_expect("swallowed,closable");
    ck_assert_int_eq(runner_is_closed(runner), 1);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), RUNNER_ECLOSED);
    runner_free(runner);
    log_expect("");
}
END_TEST

/* --- main -------------------------------------------------------------------------------- */

typedef struct factory {
    int made;
    int released;
} factory_t;

static int make_loop(void *arg, struct uv_loop_s **loop)
{
    factory_t *factory = arg;
    uv_loop_t *made = malloc(sizeof *made);
    int code = uv_loop_init(made);
    if (code < 0) {
        free(made);
        return code;
    }
    factory->made++;
    *loop = made;
    return 0;
}

static void release_loop(struct uv_loop_s *loop, void *arg)
{
    factory_t *factory = arg;
    factory->released++;
    free(loop);
}

static int interrupted(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_interrupt(runner_current()), 0);
    return runner_sleep(RUNNER_FOREVER);
}

static int cancel_self(void *arg, void **result)
{
    (void)arg;
    (void)result;
    ck_assert_code(runner_task_cancel(runner_current_task()), 0);
    return runner_yield();
}

START_TEST(R013_main_is_new_run_close_whatever_happens)
{
    static const struct {
        runner_fn body;
        int code;
    } cases[] = {{return_seven, 0},
                 {fail_with_77, -77},
                 {cancel_self, RUNNER_ECANCELED},
                 {interrupted, RUNNER_EINTR},
                 {spawn_leftover, 0}};
    factory_t factory = {0, 0};
    runner_options_t opts = test_options();
    opts.loop_factory = make_loop;
    opts.loop_release = release_loop;
    opts.loop_arg = &factory;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_code(runner_main(cases[i].body, NULL, &opts, NULL), cases[i].code);
        ck_assert_int_eq(factory.made, (int)i + 1);
        ck_assert_int_eq(factory.released, (int)i + 1);
        ck_assert_ptr_null(runner_current());
    }
    log_expect("leftover RUNNER_ECANCELED");
}
END_TEST

static int blocking_job(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

static int use_everything(void *arg, void **result)
{
    (void)arg;
    int code = runner_to_thread(blocking_job, NULL, NULL, NULL);
    if (code == 0) {
        code = runner_sleep(1);
    }
    *result = value_of(7);
    return code;
}

START_TEST(R014_main_again_and_again_costs_nothing_in_the_end)
{
    void *result = NULL;
    ck_assert_code(runner_main(use_everything, NULL, NULL, &result), 0);
    int fds = fd_count();
    int threads = thread_count();
    dispositions_t before;
    read_dispositions(&before);
    for (int i = 0; i < 30; i++) {
        result = NULL;
        ck_assert_code(runner_main(use_everything, NULL, NULL, &result), 0);
        ck_assert_int_eq(number_of(result), 7);
    }
    ck_assert_int_eq(fd_count(), fds);
    ck_assert(threads_settle(threads));
    ck_assert(dispositions_are(&before));
}
END_TEST

START_TEST(R015_without_a_body_nothing_is_made)
{
    int fds = fd_count();
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, NULL, NULL, NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_main(NULL, NULL, NULL, NULL), RUNNER_EINVAL);
    ck_assert_int_eq(fd_count(), fds);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_int_eq(runner_is_closed(runner), 0); /* it is still new */
    runner_free(runner);
}
END_TEST

/* Whatever can be awaited is run by a body of one line. */
static int await_future(void *arg, void **result)
{
    return runner_future_await(arg, result);
}

static int resolve_with_seven(void *arg)
{
    return runner_future_resolve(arg, value_of(7));
}

START_TEST(R016_R017_a_run_can_wait_for_any_future)
{
    runner_t *runner = test_runner();
    runner_future_t *future = NULL;
    void *result = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_call_later(runner, 10, resolve_with_seven, future, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, await_future, future, NULL, &result), 0);
    ck_assert_int_eq(number_of(result), 7);
    runner_future_unref(future);
    runner_free(runner);
}
END_TEST

static int run_again(void *arg, void **result)
{
    (void)result;
    runner_run_options_t opts;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    return runner_run(runner_current(), log_body, arg, &opts, NULL);
}

START_TEST(R018_a_refused_run_consumes_nothing)
{
    runner_t *runner = test_runner();
    runner_run_options_t opts;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_run(runner, NULL, "null", &opts, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run(NULL, log_body, "null", &opts, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run(runner, run_again, "inner", NULL, NULL), RUNNER_ELOOP);
    ck_assert_code(runner_close(runner), 0);
    ck_assert_code(runner_run(runner, log_body, "closed", &opts, NULL), RUNNER_ECLOSED);
    log_expect("");
    ck_assert_int_eq(drops(), 0);
    runner_free(runner);
}
END_TEST

START_TEST(R018_an_accepted_run_drops_its_argument_once)
{
    runner_t *runner = test_runner();
    runner_run_options_t opts;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.drop = drop_count;
    ck_assert_code(runner_run(runner, log_body, "main", &opts, NULL), 0);
    ck_assert_int_eq(drops(), 1);
    ck_assert_code(runner_run(runner, fail_with_77, NULL, &opts, NULL), -77);
    ck_assert_int_eq(drops(), 2);
    runner_free(runner);
    ck_assert_int_eq(drops(), 2);
    log_expect("main");
}
END_TEST

/* --- free -------------------------------------------------------------------------------- */

static int remember_thread(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(RUNNER_FOREVER);
    *(pthread_t *)arg = pthread_self();
    return code;
}

static int spawn_rememberer(void *arg, void **result)
{
    (void)result;
    ck_assert_code(runner_spawn(remember_thread, arg, NULL, NULL), 0);
    return runner_yield();
}

START_TEST(R019_free_closes_on_the_calling_thread)
{
    runner_t *runner = test_runner();
    runner_free(runner);
    runner = test_runner();
    ck_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), 0);
    runner_free(runner);
    int fds = fd_count();

    pthread_t thread;
    memset(&thread, 0, sizeof thread);
    runner = test_runner();
    ck_assert_code(runner_run(runner, spawn_rememberer, &thread, NULL, NULL), 0);
    runner_free(runner);
    ck_assert(pthread_equal(thread, pthread_self()));
    ck_assert_int_eq(fd_count(), fds);
    runner_free(NULL);
}
END_TEST

static int keep_handles(void *arg, void **result)
{
    runner_task_t **task = arg;
    (void)result;
    ck_assert_code(runner_spawn(leftover, "leftover", NULL, task), 0);
    return runner_yield();
}

START_TEST(R019_handles_outlive_the_runner)
{
    runner_t *runner = test_runner();
    runner_task_t *task = NULL;
    runner_future_t *future = NULL;
    ck_assert_code(runner_future_new(runner, &future), 0);
    ck_assert_code(runner_run(runner, keep_handles, &task, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(runner_task_cancelled(task), 1);
    ck_assert_code(runner_task_status(task), RUNNER_ECANCELED);
    ck_assert_str_eq(runner_task_name(task), "Task-2");
    ck_assert_ptr_eq(runner_task_ref(task), task);
    runner_task_unref(task);
    runner_task_unref(task);
    runner_future_unref(future);
}
END_TEST

/* File descriptors that only take up room. */
static int fillers[64];
static int filler_count;

/* At most 64 from now on; the hard limit stays, for programs that watch this one have fds too. */
static void limit_fds(void)
{
    struct rlimit limit;
    child_assert(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 64;
    child_assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* Use up all that are left. */
static void fill_fds(void)
{
    for (int fd; filler_count < 64 && (fd = dup(STDERR_FILENO)) >= 0;) {
        fillers[filler_count++] = fd;
    }
    child_assert(errno == EMFILE);
}

static void free_fds(int count)
{
    while (count-- > 0) {
        close(fillers[--filler_count]);
    }
}

/* Try to make a loop with so many free file descriptors. Whether it was refused. */
static int loop_refused(int free)
{
    runner_t *runner = NULL;
    struct uv_loop_s *loop = NULL;
    child_assert_code(runner_new(&runner, NULL), 0);
    fill_fds();
    free_fds(free);
    int code = runner_get_loop(runner, &loop);
    child_assert(code == 0 || code == UV_EMFILE);
    child_assert((code == 0) == (loop != NULL));
    if (code != 0) {
        child_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), UV_EMFILE);
        int before = filler_count;
        fill_fds();
        child_assert(filler_count == before + free); /* what was free is free again */
    }
    runner_free(runner);
    return code != 0;
}

static int loop_without_fds(void *arg)
{
    (void)arg;
    /* libuv makes fds of its own with the first loop of a process and aborts if it can not. */
    child_assert_code(runner_main(return_seven, NULL, NULL, NULL), 0);
    limit_fds();
    child_assert(loop_refused(0));
    child_assert(!loop_refused(20));
    for (int free = 1; free < 20; free++) {
        if (!loop_refused(free)) {
            return 0;
        }
    }
    return 1;
}

START_TEST(R020_no_file_descriptors_left)
{
    static child_t child;
    child_run(&child, loop_without_fds, NULL, 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

static int retry_with_fds(void *arg)
{
    runner_t *runner = NULL;
    struct uv_loop_s *loop = NULL;
    (void)arg;
    limit_fds();
    child_assert_code(runner_new(&runner, NULL), 0);
    fill_fds();
    child_assert_code(runner_get_loop(runner, &loop), UV_EMFILE);
    child_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), UV_EMFILE);
    child_assert(runner_is_closed(runner) == 0);
    free_fds(filler_count);
    child_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R020_a_loop_that_could_not_be_made_is_tried_again)
{
    static child_t child;
    child_run(&child, retry_with_fds, NULL, 10000);
    ck_assert_child_exited(&child, 0);
}
END_TEST

/* --- from the inside --------------------------------------------------------------------- */

static int log_after_5ms(void *arg, void **result)
{
    (void)result;
    int code = runner_sleep(5);
    log_add("%s %s", (const char *)arg, code_name(code));
    return code;
}

static int close_from_inside(void *arg, void **result)
{
    runner_t *other = arg;
    (void)result;
    ck_assert_code(runner_spawn(log_after_5ms, "sibling", NULL, NULL), 0);
    ck_assert_code(runner_yield(), 0);
    ck_assert_code(runner_close(runner_current()), RUNNER_ELOOP);
    ck_assert_code(runner_close(other), RUNNER_ELOOP);
    ck_assert_int_eq(runner_task_cancelling(runner_current_task()), 0);
    int code = runner_sleep(10);
    log_add("main %s", code_name(code));
    return code;
}

START_TEST(R021_close_from_inside_is_refused_before_it_does_anything)
{
    runner_t *runner = test_runner();
    runner_t *other = test_runner();
    ck_assert_code(runner_run(other, spawn_leftover, NULL, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, close_from_inside, other, NULL, NULL), 0);
    log_expect("sibling 0,main 0");
    ck_assert_int_eq(runner_is_closed(runner), 0);
    ck_assert_int_eq(runner_is_closed(other), 0);
    runner_free(runner);
    runner_free(other);
    log_expect("leftover RUNNER_ECANCELED");
}
END_TEST

static int free_from_inside(void *arg, void **result)
{
    (void)arg;
    (void)result;
    runner_free(runner_current());
    return runner_sleep(1);
}

static int free_in_child(void *arg)
{
    (void)arg;
    runner_t *runner = NULL;
    child_assert_code(runner_new(&runner, NULL), 0);
    child_assert_code(runner_run(runner, free_from_inside, NULL, NULL, NULL), 0);
    child_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), 0);
    runner_free(runner);
    return 0;
}

START_TEST(R021_free_from_inside_only_complains)
{
    static child_t child;
    child_run(&child, free_in_child, NULL, 10000);
    ck_assert_child_exited(&child, 0);
    ck_assert_uint_gt(child.err_len, 0);
}
END_TEST

static int close_loop_from_inside(void *arg, void **result)
{
    struct uv_loop_s *loop = NULL;
    (void)arg;
    (void)result;
    ck_assert_code(runner_get_loop(runner_current(), &loop), 0);
    ck_assert_code(uv_loop_close(loop), UV_EBUSY);
    return runner_sleep(1);
}

START_TEST(R022_libuv_refuses_to_close_the_loop_from_inside)
{
    runner_t *runner = test_runner();
    ck_assert_code(runner_run(runner, close_loop_from_inside, NULL, NULL, NULL), 0);
    ck_assert_code(runner_run(runner, return_seven, NULL, NULL, NULL), 0);
    ck_assert_code(runner_close(runner), 0);
    runner_free(runner);
}
END_TEST

/* --- outputs ----------------------------------------------------------------------------- */

START_TEST(R023_without_an_output_the_result_is_dropped)
{
    runner_t *runner = test_runner();
    runner_run_options_t opts;
    void *result = NULL;
    ck_assert_code(runner_run_options_init(&opts, sizeof opts), 0);
    opts.result_drop = drop_result_count;
    ck_assert_code(runner_run(runner, return_seven, NULL, &opts, NULL), 0);
    ck_assert_int_eq(result_drops(), 1);
    ck_assert_code(runner_run(runner, return_seven, NULL, &opts, &result), 0);
    ck_assert_int_eq(result_drops(), 1); /* taken: it is the caller's */
    ck_assert_int_eq(number_of(result), 7);
    ck_assert_code(runner_main(return_seven, NULL, NULL, NULL), 0);
    runner_free(runner);
    ck_assert_int_eq(result_drops(), 1);
}
END_TEST

static int fail_with_result(void *arg, void **result)
{
    (void)arg;
    *result = value_of(7);
    return -5;
}

START_TEST(R023_an_output_is_written_only_on_success)
{
    runner_t *runner = test_runner();
    void *result = value_of(1);
    ck_assert_code(runner_run(runner, fail_with_result, NULL, NULL, &result), -5);
    ck_assert_int_eq(number_of(result), 1);
    ck_assert_code(runner_main(fail_with_result, NULL, NULL, &result), -5);
    ck_assert_int_eq(number_of(result), 1);
    runner_free(runner);
}
END_TEST

START_TEST(R024_a_null_runner_is_refused_everywhere_in_its_life)
{
    struct uv_loop_s *loop = NULL;
    ck_assert_code(runner_new(NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_run(NULL, return_seven, NULL, NULL, NULL), RUNNER_EINVAL);
    ck_assert_code(runner_get_loop(NULL, &loop), RUNNER_EINVAL);
    ck_assert_code(runner_close(NULL), RUNNER_EINVAL);
    ck_assert_int_eq(runner_is_running(NULL), 0);
    ck_assert_int_eq(runner_is_closed(NULL), 1);
    ck_assert_ptr_null(loop);
}
END_TEST

/* --- suite ------------------------------------------------------------------------------- */

static void add_close_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "close");
    tcase_add_test(tcase, R004_close_of_an_unused_runner_leaves_it_usable);
    tcase_add_test(tcase, R005_close_ends_tasks_and_closables_and_the_loop);
    tcase_add_test(tcase, R006_a_second_close_does_nothing);
    tcase_add_test(tcase, R007_R008_R009_R018_a_closed_runner_refuses_and_takes_nothing);
    tcase_add_test(tcase, R009_R011_after_an_inner_scope_the_outer_one_is_refused);
    tcase_add_test(tcase, R010_a_failing_body_does_not_stop_the_close);
    tcase_add_test(tcase, R012_a_close_that_fails_half_way_has_closed_all_the_same);
}

static void add_free_tests(Suite *suite)
{
    TCase *tcase = test_case(suite, "free");
    tcase_add_test(tcase, R019_free_closes_on_the_calling_thread);
    tcase_add_test(tcase, R019_handles_outlive_the_runner);
    tcase = test_case(suite, "no fds");
    tcase_add_test(tcase, R020_no_file_descriptors_left);
    tcase_add_test(tcase, R020_a_loop_that_could_not_be_made_is_tried_again);
    tcase = test_case(suite, "from inside");
    tcase_add_test(tcase, R021_close_from_inside_is_refused_before_it_does_anything);
    tcase_add_test(tcase, R021_free_from_inside_only_complains);
    tcase_add_test(tcase, R022_libuv_refuses_to_close_the_loop_from_inside);
    tcase = test_case(suite, "outputs");
    tcase_add_test(tcase, R023_without_an_output_the_result_is_dropped);
    tcase_add_test(tcase, R023_an_output_is_written_only_on_success);
    tcase_add_test(tcase, R024_a_null_runner_is_refused_everywhere_in_its_life);
}

int main(void)
{
    Suite *suite = suite_create("lifecycle");
    TCase *tcase = test_case(suite, "new");
    tcase_add_test(tcase, R001_new_makes_no_loop_fd_thread_or_signal_handler);
    tcase_add_test(tcase, R002_R003_before_in_and_after_a_run_the_loop_is_the_same);
    tcase_add_test(tcase, R002_the_first_run_makes_the_loop_and_later_runs_keep_it);
    add_close_tests(suite);
    tcase = test_case(suite, "main");
    tcase_add_test(tcase, R013_main_is_new_run_close_whatever_happens);
    tcase_add_test(tcase, R014_main_again_and_again_costs_nothing_in_the_end);
    tcase_add_test(tcase, R015_without_a_body_nothing_is_made);
    tcase_add_test(tcase, R016_R017_a_run_can_wait_for_any_future);
    tcase_add_test(tcase, R018_a_refused_run_consumes_nothing);
    tcase_add_test(tcase, R018_an_accepted_run_drops_its_argument_once);
    add_free_tests(suite);
    return test_main(suite);
}
