#include "home.h"

#include "runner/error.h"

int runner__home_init(runner__home_t *home, const runner__loop_hooks_t *hooks)
{
    int code = runner__loop_init(&home->loop, hooks);
    if (code != 0) {
        return code;
    }
    home->magic = RUNNER__MAGIC_ALIVE;
    home->fork_generation = runner__fork_generation();
    atomic_init(&home->phase, RUNNER__CREATED);
    atomic_init(&home->busy, false);
    home->open = NULL;
    home->free_last = NULL;
    runner__list_init(&home->failed);
    runner__list_init(&home->trash);
    home->emptying = false;
    home->created = 0;
    home->alive = 0;
    return 0;
}

void runner__home_throw(runner__home_t *home, runner__trash_t *trash,
                        void (*free)(runner__trash_t *trash))
{
    trash->free = free;
    runner__list_push(&home->trash, &trash->node);
    if (home->emptying) {
        return;
    }
    home->emptying = true;
    runner__home_hold(home); /* what is freed may be the last of it */
    while (!runner__list_empty(&home->trash)) {
        runner__node_t *node = runner__list_pop(&home->trash);
        runner__trash_t *next = RUNNER__CONTAINER(node, runner__trash_t, node);
        next->free(next);
    }
    home->emptying = false;
    runner__home_drop(home);
}

int runner__home_check(const runner_t *self)
{
    const runner__home_t *home = runner__home_of(self);
    if (home == NULL || home->magic != RUNNER__MAGIC_ALIVE) {
        return RUNNER_EINVAL;
    }
    return home->fork_generation == runner__fork_generation() ? 0 : RUNNER_EFORK;
}

int runner__home_check_thread(const runner__home_t *home)
{
    const runner__loop_t *loop = &home->loop;
    if (RUNNER__LIKELY(!loop->debug)) {
        return 0;
    }
    bool foreign = atomic_load_explicit(&loop->running, memory_order_relaxed) &&
                   runner__loop_current != loop && !loop->stepped;
    return foreign ? RUNNER_ETHREAD : 0;
}

int runner__home_use(runner_t *self, runner__home_t **out)
{
    int code = runner__home_check(self);
    if (RUNNER__UNLIKELY(code != 0)) {
        return code;
    }
    runner__home_t *home = runner__home_of(self);
    code = runner__home_check_thread(home);
    if (RUNNER__UNLIKELY(code != 0)) {
        return code;
    }
    runner__phase_t phase = runner__home_phase(home);
    if (RUNNER__UNLIKELY(phase != RUNNER__OPEN)) {
        code = phase == RUNNER__CLOSED ? RUNNER_ECLOSED : home->open(home);
        if (code != 0) {
            return code;
        }
    }
    *out = home;
    return 0;
}
