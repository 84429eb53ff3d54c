/* Batches: which tasks are handed out, and what can still change about that. */
#include "host.h"
#include "poller.h"
#include "runner/error.h"

static runner__host_t *host_of_task(const runner_task_t *task)
{
    return ((runner_t *)task->future.home)->host;
}

/* --- while a task is out, its wait has room for this --- */

static size_t place_of(const runner_task_t *task)
{
    return (size_t)(uintptr_t)task->wait.on;
}

/* --- what a task that was taken back, or had its outcome at once, waits with --- */

/* The outcome, and what to do with a cancel that comes before it is told: an outcome that had an
 * effect on others is told, and the cancel at the next wait. */
#define HAD_EFFECT (INT64_C(1) << 32)

static bool cancel_returned(runner__wait_t *wait, const runner__cancel_t *cancel)
{
    (void)wait;
    (void)cancel;
    return false;
}

static int end_returned(runner__wait_t *wait, runner__wait_how_t how)
{
    runner_task_t *task = RUNNER__CONTAINER(wait, runner_task_t, wait);
    int64_t what = wait->put.priority;
    task->arg = wait->put.item;
    if (how == RUNNER__WAIT_WOKEN) {
        return (int)(int32_t)what;
    }
    if ((what & HAD_EFFECT) != 0) {
        task->future.task_flags |= RUNNER__TASK_MUST_CANCEL;
        return (int)(int32_t)what;
    }
    return RUNNER_ECANCELED;
}

static const runner__wait_ops_t returned_ops = {
    .what = "host", .cancel = cancel_returned, .end = end_returned};

static void return_with(runner_task_t *task, int status, uint64_t value, bool effect)
{
    task->wait.ops = &returned_ops;
    task->wait.put.item = (void *)(uintptr_t)value;
    task->wait.put.priority = (int64_t)(uint32_t)status | (effect ? HAD_EFFECT : 0);
}

/* --- handing out --- */

/* Whether the end of its wait changes what others see, such as a lock that is handed over. It then has
 * to be told what its wait has brought, even if it is cancelled before. */
static bool has_effect(const runner_task_t *task)
{
    const runner__wait_ops_t *ops = task->wait.ops;
    if (ops == NULL || ops == &runner__wait_for_time || ops == &runner__wait_for_descriptor) {
        return false;
    }
    if (ops == &returned_ops) {
        return (task->wait.put.priority & HAD_EFFECT) != 0;
    }
    if (ops == &runner__wait_for_future) {
        const runner_future_t *future = task->wait.on;
        return !runner__future_is_done(future) || future->code != 0;
    }
    return true;
}

static uint64_t value_of(const runner_task_t *task, int status, uint64_t of_future)
{
    if (status == RUNNER_ECANCELED) {
        return runner_task_cancel_payload(task);
    }
    return of_future != 0 ? of_future : (uint64_t)(uintptr_t)task->arg;
}

bool runner__batch_push(runner__host_t *host, uint64_t task, int kind, int status, uint64_t value)
{
    if (host->count == host->cap) {
        return false;
    }
    host->events[host->count++] =
        (runner_host_event_t){.task = task, .kind = kind, .status = status, .value = value};
    return true;
}

/* Ends its wait, and hands it out if it is to run. */
static void hand_out(runner__host_t *host, runner_task_t *task, bool effect)
{
    bool started = (task->future.task_flags & RUNNER__TASK_STARTED) != 0;
    uint64_t of_future = 0;
    int status = 0;
    if (task->wait.ops == &runner__wait_for_future) {
        of_future = (uint64_t)(uintptr_t)((const runner_future_t *)task->wait.on)->value;
    }
    if (!runner__task_wake(task, &status)) {
        return; /* the wait goes on */
    }
    runner__host_end_item(task, status);
    uint64_t value = value_of(task, status, of_future);
    task->future.task_flags |= RUNNER__TASK_OUT;
    task->wait.on = (void *)(uintptr_t)host->count;
    return_with(task, status, value, effect);
    task->wait.ops = NULL;
    runner__list_push(&host->out, &task->timer.entry.node);
    host->batch++;
    /* If it ends with what it is told, the run ends: nobody may stand behind it. */
    host->complete = (task->future.task_flags & RUNNER__TASK_ABORTS) != 0;
    (void)runner__batch_push(host, task->body.id, started ? RUNNER_HOST_RESUME : RUNNER_HOST_START,
                             status, value);
    runner__loop_of(host->self)->pausing = true;
}

/* It was cancelled before it ever ran: it ends without. */
static void end_unstarted(runner__host_t *host, runner_task_t *task)
{
    int status;
    runner_task_ref(task);
    (void)runner__task_wake(task, &status);
    host->tasks--;
    (void)runner__batch_push(host, task->body.id, RUNNER_HOST_ENDED, RUNNER_ECANCELED, 0);
    runner_task_unref(task);
}

/* A wait can be ended before the tasks that stand before it in a batch have run if that changes nothing
 * that they see, and there is no cancel to be told that they could take back. */
bool runner__batch_take(runner__loop_t *loop, runner__entry_t *entry)
{
    if (entry->run != runner__task_entry) {
        return false;
    }
    runner__timer_t *timer = RUNNER__CONTAINER(entry, runner__timer_t, entry);
    runner_task_t *task = RUNNER__CONTAINER(timer, runner_task_t, timer);
    if ((task->future.task_flags & RUNNER__TASK_HOST) == 0) {
        return false;
    }
    runner__host_t *host = runner__of_loop(loop)->host;
    bool canceled = (task->future.task_flags & RUNNER__TASK_MUST_CANCEL) != 0;
    bool effect = has_effect(task);
    bool pure = !canceled && (!effect || task->wait.ops == &returned_ops);
    if (host->batch > 0 && (host->complete || !pure)) {
        return false;
    }
    if ((host->batch == 0 && !runner__tell(host)) || host->count == host->cap) {
        loop->pausing = true;
        return false;
    }
    runner__list_remove(&entry->node);
    if (canceled && (task->future.task_flags & RUNNER__TASK_STARTED) == 0) {
        end_unstarted(host, task);
    } else {
        hand_out(host, task, effect);
    }
    return true;
}

/* --- what a batch can still learn --- */

static void revised(runner_task_t *task)
{
    runner_host_event_t *event = &host_of_task(task)->events[place_of(task)];
    if ((task->future.task_flags & RUNNER__TASK_MUST_CANCEL) == 0) {
        event->status = (int32_t)task->wait.put.priority;
        event->value = (uint64_t)(uintptr_t)task->wait.put.item;
        return;
    }
    if ((task->wait.put.priority & HAD_EFFECT) != 0) {
        return; /* told at its next wait */
    }
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_MUST_CANCEL;
    event->status = RUNNER_ECANCELED;
    if (event->kind == RUNNER_HOST_RESUME) {
        event->value = runner_task_cancel_payload(task);
    }
}

static void begin(runner__host_t *host, runner_task_t *task)
{
    runner__list_remove(&task->timer.entry.node);
    runner__list_init(&task->timer.entry.node);
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_OUT;
    task->future.task_flags |= RUNNER__TASK_RUNNING;
    task->wait.on = NULL;
    task->arg = NULL;
    runner__loop_of(host->self)->outside++;
}

static runner_task_t *first_out(const runner__host_t *host)
{
    runner__timer_t *timer = RUNNER__CONTAINER(host->out.next, runner__timer_t, entry.node);
    return RUNNER__CONTAINER(timer, runner_task_t, timer);
}

/* They are resumed in order: those before it have begun as well, though what they did may be kept. */
static void begin_up_to(runner__host_t *host, const runner_task_t *last)
{
    while (!runner__list_empty(&host->out)) {
        runner_task_t *task = first_out(host);
        begin(host, task);
        if (task == last) {
            break;
        }
    }
}

runner_task_t *runner__batch_running(runner__host_t *host, uint64_t id)
{
    runner_task_t *task = runner__host_task(host, id);
    if (task == NULL || (task->future.task_flags & RUNNER__TASK_HOST) == 0) {
        return NULL;
    }
    if ((task->future.task_flags & RUNNER__TASK_OUT) != 0) {
        begin_up_to(host, task);
    }
    return (task->future.task_flags & RUNNER__TASK_RUNNING) != 0 ? task : NULL;
}

int runner__batch_unpark(runner__host_t *host, uint64_t id)
{
    runner_task_t *task = runner__host_task(host, id);
    if (task == NULL) {
        return RUNNER_EBADID;
    }
    uint32_t busy = RUNNER__TASK_QUEUED | RUNNER__TASK_OUT | RUNNER__TASK_RUNNING;
    if ((task->future.task_flags & RUNNER__TASK_HOST) == 0 ||
        (task->future.task_flags & busy) != 0 || task->wait.ops != &runner__wait_for_future) {
        return RUNNER_EBUSY;
    }
    runner__list_remove(&task->timer.entry.node);
    runner__list_init(&task->timer.entry.node);
    runner__wait_drop(&task->wait);
    task->future.task_flags |= RUNNER__TASK_RUNNING;
    task->arg = NULL;
    runner__loop_of(host->self)->outside++;
    return 0;
}

void runner__batch_parked(runner__host_t *host, runner_task_t *task)
{
    runner__batch_astray(host, task, false);
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_RUNNING;
    runner__loop_of(host->self)->outside--;
}

void runner__batch_astray(runner__host_t *host, runner_task_t *task, bool uncounted)
{
    bool is_uncounted = (task->future.task_flags & RUNNER__TASK_ASTRAY) != 0;
    if (uncounted && !is_uncounted) {
        task->future.task_flags |= RUNNER__TASK_ASTRAY;
        runner__loop_of(host->self)->outside--;
    } else if (!uncounted && is_uncounted) {
        task->future.task_flags &= ~(uint32_t)RUNNER__TASK_ASTRAY;
        runner__loop_of(host->self)->outside++;
    }
}

void runner__batch_begin(runner__host_t *host, runner_host_event_t *events, size_t cap)
{
    begin_up_to(host, NULL);
    host->events = events;
    host->cap = cap;
    host->count = 0;
    host->batch = 0;
    host->complete = false;
    host->ending = false;
    if (runner__list_empty(&host->calls)) {
        runner__scope_fini(&host->called);
        runner__scope_init(&host->called);
    }
    runner__tell_forget(host);
}

/* It is to be told again what it was to be told. */
static void take_back(runner__host_t *host, runner_task_t *task)
{
    runner_host_event_t *event = &host->events[place_of(task)];
    bool effect = (task->wait.put.priority & HAD_EFFECT) != 0;
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_OUT;
    if (event->kind == RUNNER_HOST_RESUME) {
        return_with(task, event->status, event->value, effect);
    } else {
        task->future.task_flags &= ~(uint32_t)RUNNER__TASK_STARTED;
        if (event->status != 0) {
            task->future.task_flags |= RUNNER__TASK_MUST_CANCEL;
        }
    }
    task->timer.entry.run = runner__task_entry;
    task->future.task_flags |= RUNNER__TASK_QUEUED;
    *event = (runner_host_event_t){.kind = RUNNER_HOST_NONE};
}

void runner__batch_return(runner__host_t *host)
{
    for (runner__node_t *node = host->out.next; node != &host->out; node = node->next) {
        runner__timer_t *timer = RUNNER__CONTAINER(node, runner__timer_t, entry.node);
        take_back(host, RUNNER__CONTAINER(timer, runner_task_t, timer));
    }
    host->batch = 0;
    runner__list_prepend(&runner__loop_of(host->self)->current, &host->out);
}

void runner__batch_resume(runner__host_t *host, runner_task_t *task, int status, uint64_t value)
{
    runner__batch_parked(host, task);
    return_with(task, status, value, true);
    task->timer.entry.run = runner__task_entry;
    task->future.task_flags |= RUNNER__TASK_QUEUED;
    runner__list_push(&host->returned, &task->timer.entry.node);
}

/* --- the ends that the host has no part in --- */

static void freed(runner_task_t *task)
{
    runner__host_t *host = host_of_task(task);
    runner__slot_t *slot = host != NULL ? runner__ids_find(&host->ids, task->body.id) : NULL;
    if (slot == NULL) {
        return;
    }
    if (host->silent) {
        runner__ids_free(&host->ids, slot);
    } else {
        runner__ids_gone(&host->ids, slot);
    }
}

static void abandoned(runner_task_t *task)
{
    runner__host_t *host = host_of_task(task);
    host->tasks--;
    if ((task->future.task_flags & RUNNER__TASK_RUNNING) != 0) {
        runner__batch_parked(host, task);
    }
    task->future.task_flags &= ~(uint32_t)RUNNER__TASK_OUT;
    runner__host_end_item(task, RUNNER_EABANDONED);
    runner_task_ref(task);
    runner__list_push(&host->ended, &task->timer.entry.node);
}

/* Without memory the host is not told early: its next wait is told in any case. */
static void noticed(runner_task_t *task)
{
    runner__host_t *host = host_of_task(task);
    runner__value_t *notice = runner__value_new(host, task->body.id);
    if (notice != NULL) {
        runner__list_push(&host->noticed, &notice->node);
    }
}

const runner__host_ops_t runner__host_ops = {
    .freed = freed, .abandoned = abandoned, .revised = revised, .noticed = noticed};
