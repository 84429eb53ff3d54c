/*
 * Many random interleavings of tasks that use what makes tasks wait for each other. interleave.h
 * explains what a program is; the kinds are beside it.
 *
 *     INTERLEAVE_SEED=S       the seed; 1 if not given
 *     INTERLEAVE_PROGRAMS=N   how many programs of each kind
 *     INTERLEAVE_PROGRAM=P    only this one, and all that it did on stderr
 */
#include "interleave_futures.h"
#include "interleave_groups.h"
#include "interleave_locks.h"
#include "interleave_queues.h"

static const kind_t *const kinds[] = {
    &lock_kind,    &condition_kind, &semaphore_kind,     &bounded_kind, &event_kind,
    &barrier_kind, &queue_kind,     &bounded_queue_kind, &lifo_kind,    &priority_kind,
    &gather_kind,  &wait_kind,      &as_completed_kind,  &group_kind,
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Enough for each hand-on that goes wrong, and seconds everywhere. */
static int program_count(void)
{
    const char *under = getenv("RUNNER_TEST_UNDER");
    const char *text = getenv("INTERLEAVE_PROGRAMS");
    if (text != NULL)
        return atoi(text);
    if (under != NULL && under[0] != '\0')
        return 500;
#ifdef TEST_UNDER_TSAN
    return 3000;
#else
    return __sanitizer_set_death_callback != NULL ? 20000 : 100000;
#endif
}

START_TEST(nobody_waits_for_what_is_there)
{
    const char *seed = getenv("INTERLEAVE_SEED");
    const char *only = getenv("INTERLEAVE_PROGRAM");
    range_t range = {0, program_count()};
    runner_options_t opts = test_options();
    opts.exception_handler = count_report;
    opts.signals = RUNNER_SIGNALS_NONE;
    kind = kinds[_i];
    runner = test_runner_with(&opts);
    catch_crashes();
    program.seed = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    if (only != NULL)
        range = (range_t){atoi(only), 1};
    ck_assert_code(runner_run(runner, run_range, &range, NULL, NULL), 0);
    if (only != NULL)
        print_steps();
    runner_free(runner);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interleavings");
    for (int i = 0; i < KINDS; i++) {
        TCase *tcase = test_case(suite, kinds[i]->name);
        tcase_set_timeout(tcase, 60);
        tcase_add_loop_test(tcase, nobody_waits_for_what_is_there, i, i + 1);
    }
    return test_main(suite);
}
