#include "runner/semaphore.h"

#include "base/alloc.h"
#include "waiters.h"

struct runner_semaphore {
    runner__node_t waiters;
    runner__home_t *home; /* of those who wait or were granted; compared, never looked into */
    size_t value;
    size_t most;    /* what a release may raise the value to */
    size_t granted; /* tasks that were woken with a share of the value and have not run */
    uint32_t refs;
};

static void unref(runner_semaphore_t *semaphore)
{
    if (--semaphore->refs == 0) {
        runner__free(semaphore);
    }
}

static bool grant(runner_semaphore_t *semaphore)
{
    if (!runner__waiters_wake(&semaphore->waiters)) {
        return false;
    }
    semaphore->value--;
    semaphore->granted++;
    return true;
}

/* Whatever value there is goes to those who wait: also what came while others stood before them. */
static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_semaphore_t *semaphore = wait->on;
    if (how != RUNNER__WAIT_CUT) {
        semaphore->granted--;
    }
    if (how == RUNNER__WAIT_LATE) {
        semaphore->value++;
    }
    while (semaphore->value > 0 && grant(semaphore)) {}
    unref(semaphore);
    return how == RUNNER__WAIT_WOKEN ? 0 : RUNNER_ECANCELED;
}

static void drop_wait(runner__wait_t *wait)
{
    (void)end_wait(wait, runner__wait_lost(wait));
}

static const runner__wait_ops_t wait_ops = {
    .what = "semaphore", .cancel = runner__wait_cut, .end = end_wait, .drop = drop_wait};

static int make(runner_semaphore_t **out, size_t value, size_t most)
{
    runner_semaphore_t *semaphore = out != NULL ? runner__malloc(sizeof *semaphore) : NULL;
    if (semaphore == NULL) {
        return out != NULL ? RUNNER_ENOMEM : RUNNER_EINVAL;
    }
    runner__list_init(&semaphore->waiters);
    semaphore->home = NULL;
    semaphore->value = value;
    semaphore->most = most;
    semaphore->granted = 0;
    semaphore->refs = 1;
    *out = semaphore;
    return 0;
}

int runner_semaphore_new(runner_semaphore_t **out, size_t value)
{
    return make(out, value, SIZE_MAX);
}

int runner_semaphore_new_bounded(runner_semaphore_t **out, size_t value)
{
    return make(out, value, value);
}

/* Who was granted a share and has not run still stands before everybody who comes. */
static inline bool is_locked(const runner_semaphore_t *semaphore)
{
    return semaphore->value == 0 || semaphore->granted > 0 ||
           !runner__list_empty(&semaphore->waiters);
}

int runner_semaphore_acquire(runner_semaphore_t *semaphore)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = semaphore != NULL ? runner__task_may_wait(&code) : NULL;
    if (RUNNER__UNLIKELY(task == NULL)) {
        return code;
    }
    if (RUNNER__LIKELY(!is_locked(semaphore))) {
        semaphore->value--;
        return 0;
    }
    bool used = semaphore->granted > 0 || !runner__list_empty(&semaphore->waiters);
    if (used && semaphore->home != task->future.home) {
        return RUNNER_EFOREIGN;
    }
    semaphore->home = task->future.home;
    semaphore->refs++;
    code = runner__waiters_join(&semaphore->waiters, task, &wait_ops, semaphore);
    return runner__park_if(code, task);
}

int runner_semaphore_release(runner_semaphore_t *semaphore)
{
    if (RUNNER__UNLIKELY(semaphore == NULL)) {
        return RUNNER_EINVAL;
    }
    if (RUNNER__UNLIKELY(semaphore->value >= semaphore->most)) {
        return RUNNER_ERELEASED;
    }
    int code = runner__waiters_check_thread(&semaphore->waiters);
    if (RUNNER__UNLIKELY(code != 0)) {
        return code;
    }
    semaphore->value++;
    (void)grant(semaphore);
    return 0;
}

int runner_semaphore_locked(const runner_semaphore_t *semaphore)
{
    return semaphore != NULL && is_locked(semaphore);
}

size_t runner_semaphore_value(const runner_semaphore_t *semaphore)
{
    return semaphore != NULL ? semaphore->value : 0;
}

void runner_semaphore_unref(runner_semaphore_t *semaphore)
{
    if (semaphore != NULL) {
        unref(semaphore);
    }
}
