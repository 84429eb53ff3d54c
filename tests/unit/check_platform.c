/* Forks, threads and code addresses. */
#include "check_support.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/platform.h"

/* --- forks -------------------------------------------------------------------------------- */

enum { HOOKS = 12, MOST_HOOKS = 8 };

/* Which hooks were called in this process, as letters, in order. */
static char called[64];
static uint32_t generation_in_hook; /* as the latest of them saw it */

static void note_call(char letter)
{
    generation_in_hook = runner__fork_generation();
    size_t length = strlen(called);
    called[length] = letter;
    called[length + 1] = '\0';
}

#define HOOK(letter)                                                                               \
    static void hook_##letter(void)                                                                \
    {                                                                                              \
        note_call(#letter[0]);                                                                     \
    }
HOOK(a)
HOOK(b)
HOOK(c)
HOOK(d)
HOOK(e)
HOOK(f)
HOOK(g)
HOOK(h)
HOOK(i)
HOOK(j)
HOOK(k)
HOOK(l)

static void (*const hook[HOOKS])(void) = {hook_a, hook_b, hook_c, hook_d, hook_e, hook_f,
                                          hook_g, hook_h, hook_i, hook_j, hook_k, hook_l};

static int see_another_generation(void *arg)
{
    const uint32_t *parents = arg;
    child_assert(runner__fork_generation() != *parents);
    child_assert(runner__fork_generation() == runner__fork_generation());
    return 0;
}

static int fork_again(void *arg)
{
    const uint32_t *parents = arg;
    int status = 0;
    uint32_t mine = runner__fork_generation();
    child_assert(mine != *parents);
    pid_t pid = fork();
    child_assert(pid >= 0);
    if (pid == 0) {
        uint32_t now = runner__fork_generation();
        _exit(now != mine && now != *parents ? 0 : 1);
    }
    child_assert(waitpid(pid, &status, 0) == pid);
    child_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    child_assert(runner__fork_generation() == mine);
    return 0;
}

static void expect_child(child_fn fn, void *arg)
{
    child_t child;
    child_run(&child, fn, arg, scaled_ms(10000));
    ck_assert_child_exited(&child, 0);
}

START_TEST(R199_test_platform__generation_changes_in_a_child_and_only_there)
{
    runner__at_fork_child(hook_a);
    uint32_t generation = runner__fork_generation();
    expect_child(see_another_generation, &generation);
    ck_assert_uint_eq(runner__fork_generation(), generation);
    expect_child(fork_again, &generation);
    ck_assert_uint_eq(runner__fork_generation(), generation);
}
END_TEST

static int expect_called(void *arg)
{
    child_assert(strcmp(called, arg) == 0);
    return 0;
}

START_TEST(test_platform__hooks_are_called_once_in_every_child_in_their_order)
{
    called[0] = '\0';
    for (int round = 0; round < 3; round++) {
        runner__at_fork_child(hook_a);
        runner__at_fork_child(hook_b);
    }
    char expected[] = "ab";
    expect_child(expect_called, expected);
    expect_child(expect_called, expected);
    ck_assert_str_eq(called, "");
}
END_TEST

START_TEST(test_platform__hooks_beyond_the_eighth_are_ignored)
{
    called[0] = '\0';
    for (int i = 0; i < HOOKS; i++) {
        runner__at_fork_child(hook[i]);
    }
    char expected[] = "abcdefgh";
    ck_assert_uint_eq(strlen(expected), MOST_HOOKS);
    expect_child(expect_called, expected);
}
END_TEST

static int compare_generation(void *arg)
{
    (void)arg;
    child_assert(generation_in_hook == runner__fork_generation());
    return 0;
}

START_TEST(test_platform__hooks_see_the_new_generation)
{
    runner__at_fork_child(hook_a);
    generation_in_hook = 0;
    expect_child(compare_generation, NULL);
    ck_assert_uint_eq(generation_in_hook, 0);
}
END_TEST

/* --- the main thread ---------------------------------------------------------------------- */

static int child_is_main(void *arg)
{
    (void)arg;
    child_assert(runner__is_main_thread());
    return 0;
}

START_TEST(R115_test_platform__main_thread_knows_that_it_is)
{
    ck_assert(runner__is_main_thread());
    ck_assert(runner__is_main_thread());
    expect_child(child_is_main, NULL);
}
END_TEST

typedef struct answers {
    bool before;
    bool after;
    int status; /* of the child that the thread made */
} answers_t;

/* The thread that forks is the main thread of the child. */
static void *fork_in_thread(void *arg)
{
    answers_t *answers = arg;
    answers->before = runner__is_main_thread();
    pid_t pid = fork();
    if (pid == 0) {
        _exit(runner__is_main_thread() ? 7 : 8);
    }
    if (waitpid(pid, &answers->status, 0) != pid) {
        answers->status = -1;
    }
    answers->after = runner__is_main_thread();
    return NULL;
}

START_TEST(R115_test_platform__other_thread_is_not_the_main_one_until_it_forks)
{
    answers_t answers = {.before = true, .after = true};
    pthread_t thread;
    runner__at_fork_child(hook_a);
    ck_assert_int_eq(pthread_create(&thread, NULL, fork_in_thread, &answers), 0);
    pthread_join(thread, NULL);
    ck_assert(!answers.before);
    ck_assert(!answers.after);
    ck_assert(WIFEXITED(answers.status));
    ck_assert_int_eq(WEXITSTATUS(answers.status), 7);
    ck_assert(runner__is_main_thread());
}
END_TEST

/* --- thread values ------------------------------------------------------------------------ */

enum { THREADS = 4 };

typedef struct holder {
    pthread_t thread;
    pthread_t released_in;
    int released;
    int wrong;
} holder_t;

static void release_holder(void *value)
{
    holder_t *holder = value;
    holder->released++;
    holder->released_in = pthread_self();
}

static void release_wrongly(void *value)
{
    ((holder_t *)value)->wrong++;
}

static pthread_barrier_t all_have_set;

static void *hold_value(void *arg)
{
    holder_t *self = arg;
    self->wrong += runner__thread_value() != NULL;
    self->wrong += !runner__thread_set_value(self, release_holder);
    pthread_barrier_wait(&all_have_set);
    self->wrong += runner__thread_value() != self;
    self->wrong += self->released;
    return NULL;
}

START_TEST(test_platform__value_of_each_thread_is_released_when_it_ends)
{
    holder_t holder[THREADS] = {0};
    pthread_barrier_init(&all_have_set, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&holder[i].thread, NULL, hold_value, &holder[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(holder[i].thread, NULL);
        ck_assert_int_eq(holder[i].wrong, 0);
        ck_assert_int_eq(holder[i].released, 1);
        ck_assert(pthread_equal(holder[i].released_in, holder[i].thread));
    }
    pthread_barrier_destroy(&all_have_set);
    ck_assert_ptr_null(runner__thread_value());
}
END_TEST

/* The value is set twice, then to the second for good; the first is its owner's. */
static void *replace_value(void *arg)
{
    holder_t *two = arg;
    two[0].wrong += !runner__thread_set_value(&two[0], release_holder);
    two[0].wrong += !runner__thread_set_value(&two[1], release_wrongly);
    two[0].wrong += runner__thread_value() != &two[1];
    return NULL;
}

START_TEST(test_platform__latest_value_is_released_by_the_first_function)
{
    holder_t two[2] = {0};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, replace_value, two), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(two[0].wrong + two[1].wrong, 0);
    ck_assert_int_eq(two[0].released, 0);
    ck_assert_int_eq(two[1].released, 1);
}
END_TEST

static void *take_value_back(void *arg)
{
    holder_t *self = arg;
    self->wrong += !runner__thread_set_value(self, release_holder);
    self->wrong += !runner__thread_set_value(NULL, release_holder);
    self->wrong += runner__thread_value() != NULL;
    return NULL;
}

START_TEST(test_platform__value_that_was_taken_back_is_not_released)
{
    holder_t holder = {0};
    ck_assert_int_eq(pthread_create(&holder.thread, NULL, take_value_back, &holder), 0);
    pthread_join(holder.thread, NULL);
    ck_assert_int_eq(holder.wrong, 0);
    ck_assert_int_eq(holder.released, 0);
}
END_TEST

/* --- threads of the library --------------------------------------------------------------- */

static void read_mask(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE, SIGALRM};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

START_TEST(R115_test_platform__thread_blocks_all_signals_and_its_maker_none_more)
{
    uv_thread_t thread;
    sigset_t in_thread;
    sigset_t before;
    sigset_t after;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ck_assert_code(runner__thread_start(&thread, read_mask, &in_thread), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    ck_assert_int_eq(uv_thread_join(&thread), 0);
    for (int i = 0; i < SIGNALS; i++) {
        ck_assert_int_eq(sigismember(&in_thread, signals[i]), 1);
        ck_assert_int_eq(sigismember(&after, signals[i]), 0);
    }
    ck_assert_int_eq(sigismember(&after, SIGUSR2), 1);
}
END_TEST

static int detach_state(pthread_t thread)
{
    pthread_attr_t attr;
    int state = -1;
    ck_assert_int_eq(pthread_getattr_np(thread, &attr), 0);
    ck_assert_int_eq(pthread_attr_getdetachstate(&attr, &state), 0);
    pthread_attr_destroy(&attr);
    return state;
}

static sem_t may_end;
static sem_t has_ended;

static void end_when_told(void *arg)
{
    (void)arg;
    while (sem_wait(&may_end) != 0) {}
    sem_post(&has_ended);
}

START_TEST(test_platform__detached_thread_ends_by_itself)
{
    uv_thread_t thread;
    sem_init(&may_end, 0, 0);
    sem_init(&has_ended, 0, 0);
    ck_assert_code(runner__thread_start(&thread, end_when_told, NULL), 0);
    ck_assert_int_eq(detach_state(thread), PTHREAD_CREATE_JOINABLE);
    runner__thread_detach(thread);
    ck_assert_int_eq(detach_state(thread), PTHREAD_CREATE_DETACHED);
    sem_post(&may_end);
    sem_wait(&has_ended);
}
END_TEST

/* --- code addresses ----------------------------------------------------------------------- */

START_TEST(R073_test_platform__address_of_an_exported_function_has_its_name)
{
    char text[64];
    char tiny[4] = "xyz";
    const char *code = dlsym(RTLD_DEFAULT, "uv_version_string");
    ck_assert_ptr_nonnull(code);
    ck_assert(runner__describe_address(code, text, sizeof text));
    ck_assert_str_eq(text, "uv_version_string+0x0");
    ck_assert(runner__describe_address(code + 3, text, sizeof text));
    ck_assert_str_eq(text, "uv_version_string+0x3");
    ck_assert(runner__describe_address(code, tiny, sizeof tiny));
    ck_assert_str_eq(tiny, "uv_");
}
END_TEST

START_TEST(test_platform__address_of_nothing_has_no_name)
{
    char text[8] = "before";
    int on_stack = 0;
    ck_assert(!runner__describe_address(NULL, text, sizeof text));
    ck_assert(!runner__describe_address(&on_stack, text, sizeof text));
    ck_assert_str_eq(text, "before");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("platform");
    TCase *tcase = test_case(suite, "forks");
    tcase_add_test(tcase, R199_test_platform__generation_changes_in_a_child_and_only_there);
    tcase_add_test(tcase, test_platform__hooks_are_called_once_in_every_child_in_their_order);
    tcase_add_test(tcase, test_platform__hooks_beyond_the_eighth_are_ignored);
    tcase_add_test(tcase, test_platform__hooks_see_the_new_generation);
    tcase_add_test(tcase, R115_test_platform__main_thread_knows_that_it_is);
    tcase_add_test(tcase, R115_test_platform__other_thread_is_not_the_main_one_until_it_forks);

    tcase = test_case(suite, "threads");
    tcase_add_test(tcase, test_platform__value_of_each_thread_is_released_when_it_ends);
    tcase_add_test(tcase, test_platform__latest_value_is_released_by_the_first_function);
    tcase_add_test(tcase, test_platform__value_that_was_taken_back_is_not_released);
    tcase_add_test(tcase, R115_test_platform__thread_blocks_all_signals_and_its_maker_none_more);
    tcase_add_test(tcase, test_platform__detached_thread_ends_by_itself);

    tcase = test_case(suite, "addresses");
    tcase_add_test(tcase, R073_test_platform__address_of_an_exported_function_has_its_name);
    tcase_add_test(tcase, test_platform__address_of_nothing_has_no_name);
    return test_main(suite);
}
