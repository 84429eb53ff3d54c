#include "wait.h"

#include "runner/error.h"

static bool cancel_future(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    runner_future_t *future = wait->on;
    return future->ops->cancel(future, cancel);
}

static int end_future(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_future_t *future = wait->on;
    bool woken = how == RUNNER__WAIT_WOKEN;
    int code = runner__future_take(future, woken ? wait->out : NULL);
    runner__future_unref(future);
    return woken ? code : RUNNER_ECANCELED;
}

static void drop_future(runner__wait_t *wait)
{
    runner__future_unref(wait->on);
}

static runner_future_t *future_of(const runner__wait_t *wait)
{
    return wait->on;
}

const runner__wait_ops_t runner__wait_for_future = {
    .what = "future",
    .cancel = cancel_future,
    .end = end_future,
    .drop = drop_future,
    .future = future_of,
};

int runner__wait_end(runner__wait_t *wait, runner__wait_how_t how)
{
    const runner__wait_ops_t *ops = wait->ops;
    if (ops == NULL) {
        return how == RUNNER__WAIT_WOKEN ? 0 : RUNNER_ECANCELED;
    }
    wait->ops = NULL;
    return ops->end(wait, how);
}

void runner__wait_drop(runner__wait_t *wait)
{
    const runner__wait_ops_t *ops = wait->ops;
    wait->ops = NULL;
    if (ops != NULL && ops->drop != NULL) {
        ops->drop(wait);
    }
}
