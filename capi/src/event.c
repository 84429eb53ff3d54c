#include "runner/event.h"

#include "base/alloc.h"
#include "waiters.h"

struct runner_event {
    runner__node_t waiters;
    uint32_t refs;
    bool is_set;
};

static void unref(runner_event_t *event)
{
    if (--event->refs == 0) {
        runner__free(event);
    }
}

static int end_wait(runner__wait_t *wait, runner__wait_how_t how)
{
    unref(wait->on);
    return how == RUNNER__WAIT_WOKEN ? 0 : RUNNER_ECANCELED;
}

static void drop_wait(runner__wait_t *wait)
{
    unref(wait->on);
}

static const runner__wait_ops_t wait_ops = {
    .what = "event", .cancel = runner__wait_cut, .end = end_wait, .drop = drop_wait};

int runner_event_new(runner_event_t **out)
{
    runner_event_t *event = out != NULL ? runner__malloc(sizeof *event) : NULL;
    if (event == NULL) {
        return out != NULL ? RUNNER_ENOMEM : RUNNER_EINVAL;
    }
    runner__list_init(&event->waiters);
    event->refs = 1;
    event->is_set = false;
    *out = event;
    return 0;
}

int runner_event_set(runner_event_t *event)
{
    int code = event != NULL ? runner__waiters_check_thread(&event->waiters) : RUNNER_EINVAL;
    if (code == 0) {
        event->is_set = true;
        runner__waiters_wake_all(&event->waiters);
    }
    return code;
}

int runner_event_clear(runner_event_t *event)
{
    if (event == NULL) {
        return RUNNER_EINVAL;
    }
    event->is_set = false;
    return 0;
}

int runner_event_is_set(const runner_event_t *event)
{
    return event != NULL && event->is_set;
}

int runner_event_wait(runner_event_t *event)
{
    int code = RUNNER_EINVAL;
    runner_task_t *task = event != NULL ? runner__task_may_wait(&code) : NULL;
    if (task == NULL) {
        return code;
    }
    if (event->is_set) {
        return 0;
    }
    code = runner__waiters_check(&event->waiters, task);
    if (code != 0) {
        return code;
    }
    event->refs++;
    return runner__park_if(runner__waiters_join(&event->waiters, task, &wait_ops, event), task);
}

void runner_event_unref(runner_event_t *event)
{
    if (event != NULL) {
        unref(event);
    }
}
