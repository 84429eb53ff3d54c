#include "wait.h"

#include "runner/error.h"

static bool cancel_future(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    runner_future_t *future = wait->on;
    return future->ops->cancel(future, cancel);
}

static int end_future(runner__wait_t *wait)
{
    runner_future_t *future = wait->on;
    int code = runner__future_take(future, wait->out);
    runner__future_unref(future);
    return code;
}

static void drop_future(runner__wait_t *wait)
{
    runner__future_unref(wait->on);
}

const runner__wait_ops_t runner__wait_for_future = {
    .what = "future",
    .cancel = cancel_future,
    .end = end_future,
    .drop = drop_future,
};

static runner__wait_t take(runner__wait_t *wait)
{
    runner__wait_t taken = *wait;
    wait->ops = NULL;
    wait->on = NULL;
    wait->out = NULL;
    return taken;
}

int runner__wait_end(runner__wait_t *wait, bool canceled)
{
    if (wait->ops == NULL) {
        return canceled ? RUNNER_ECANCELED : 0;
    }
    runner__wait_t over = take(wait);
    if (!canceled) {
        return over.ops->end(&over);
    }
    if (over.ops->hand_on != NULL) {
        over.ops->hand_on(&over);
    } else {
        over.out = NULL;
        (void)over.ops->end(&over);
    }
    return RUNNER_ECANCELED;
}

void runner__wait_drop(runner__wait_t *wait)
{
    runner__wait_t dropped = take(wait);
    if (dropped.ops != NULL && dropped.ops->drop != NULL) {
        dropped.ops->drop(&dropped);
    }
}
