#include "several.h"

int runner__several_home(runner_future_t *const *futures, size_t count, runner__home_t **home)
{
    if (futures == NULL && count > 0) {
        return RUNNER_EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        if (futures[i] == NULL) {
            return RUNNER_EINVAL;
        }
    }
    for (size_t i = 1; i < count; i++) {
        if (futures[i]->home != futures[0]->home) {
            return RUNNER_EFOREIGN;
        }
    }
    *home = count > 0 ? futures[0]->home : (runner__home_t *)runner__loop_current;
    return *home != NULL ? runner__home_check_thread(*home) : RUNNER_ENOLOOP;
}

void runner__several_hold(runner__one_t *ones, runner_future_t *const *futures, size_t count,
                          void *of, runner__entry_fn done)
{
    for (size_t i = 0; i < count; i++) {
        ones[i].done.run = done;
        runner__list_init(&ones[i].done.node);
        ones[i].future = runner_future_ref(futures[i]);
        ones[i].of = of;
    }
}

/* A mark in each future tells whether it came before. */
size_t runner__several_each(runner__one_t *ones, size_t count, void (*fn)(runner__one_t *one))
{
    size_t different = 0;
    for (size_t i = 0; i < count; i++) {
        runner_future_t *future = ones[i].future;
        if ((future->flags & RUNNER__FUTURE_MARKED) == 0) {
            future->flags |= RUNNER__FUTURE_MARKED;
            different++;
            fn(&ones[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        ones[i].future->flags &= ~(uint32_t)RUNNER__FUTURE_MARKED;
    }
    return different;
}

void runner__one_wait(runner__one_t *one)
{
    runner_future_t *future = one->future;
    if (runner__future_is_done(future)) {
        runner__loop_push(&future->home->loop, &one->done);
    } else {
        runner__list_push(&future->waiters, &one->done.node);
    }
}

void runner__one_forget(runner__one_t *one)
{
    runner__list_remove(&one->done.node);
    runner__list_init(&one->done.node);
}

void runner__several_drop(runner__one_t *ones, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        runner__one_forget(&ones[i]);
        runner__future_unref(ones[i].future);
    }
}
