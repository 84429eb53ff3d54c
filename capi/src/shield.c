/* A shield: a future that follows another one, and that a cancel cuts off from it. */
#include "base/alloc.h"
#include "future.h"
#include "runner/gather.h"

typedef struct shield {
    runner_future_t outer;
    runner__trash_t trash;
    runner__entry_t done;   /* waits for the inner one; leads to itself once it does not */
    runner_future_t *inner; /* held */
} shield_t;

static shield_t *shield_of(runner_future_t *outer)
{
    return RUNNER__CONTAINER(outer, shield_t, outer);
}

/* What the inner one ends with is its own again: an error that nobody takes is reported. */
static void cut_off(shield_t *shield)
{
    runner__list_remove(&shield->done.node);
    runner__list_init(&shield->done.node);
}

static bool cancel_outer(runner_future_t *outer, const runner__cancel_t *cancel)
{
    if (runner__future_is_done(outer)) {
        return false;
    }
    cut_off(shield_of(outer));
    runner__future_set_note(outer, cancel->note);
    runner__future_settle(outer, RUNNER_ECANCELED, NULL);
    return true;
}

static void free_thrown(runner__trash_t *trash)
{
    shield_t *shield = RUNNER__CONTAINER(trash, shield_t, trash);
    if ((shield->outer.flags & RUNNER__FUTURE_VALUE_TAKEN) != 0) {
        shield->inner->flags |= RUNNER__FUTURE_VALUE_TAKEN;
    }
    runner__future_unref(shield->inner);
    runner__free(shield);
}

static void free_outer(runner_future_t *outer)
{
    cut_off(shield_of(outer));
    runner__home_throw(outer->home, &shield_of(outer)->trash, free_thrown);
}

static const runner__future_ops_t shield_ops = {.what = "shield",
                                                .cancel = cancel_outer,
                                                .report = runner__future_report_plain,
                                                .free = free_outer};

static void inner_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    shield_t *shield = RUNNER__CONTAINER(entry, shield_t, done);
    (void)loop;
    runner__list_init(&entry->node);
    runner__future_follow(&shield->outer, shield->inner);
}

int runner_shield(runner_future_t *inner, runner_future_t **out)
{
    if (inner == NULL || out == NULL) {
        return RUNNER_EINVAL;
    }
    if (runner__future_is_done(inner)) {
        *out = runner_future_ref(inner);
        return 0;
    }
    shield_t *shield = runner__malloc(sizeof *shield);
    if (shield == NULL) {
        return RUNNER_ENOMEM;
    }
    runner__future_init(&shield->outer, inner->home, &shield_ops);
    shield->inner = runner_future_ref(inner);
    shield->done.run = inner_is_done;
    runner__list_push(&inner->waiters, &shield->done.node);
    *out = &shield->outer;
    return 0;
}
