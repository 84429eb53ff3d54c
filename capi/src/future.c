#include "future.h"

#include <string.h>

#include "base/alloc.h"
#include "runner/error.h"
#include "runner/handler.h"
#include "runner/task.h"

/* About 300 KiB. */
#define WARM_FUTURES 4096

static void free_note(runner__note_t *note)
{
    runner__free(note);
}

runner__note_t *runner__note_new(const char *message, uint64_t payload)
{
    size_t size = message == NULL ? 0 : strlen(message) + 1;
    runner__note_t *note = runner__malloc(sizeof *note + size);
    if (note == NULL) {
        return NULL;
    }
    *note = (runner__note_t){.refs = 1, .payload = payload, .free = free_note};
    if (message != NULL) {
        note->text = memcpy(note + 1, message, size);
    }
    return note;
}

void runner__note_unref(runner__note_t *note)
{
    if (note != NULL && --note->refs == 0) {
        note->free(note);
    }
}

void runner__future_init(runner_future_t *future, runner__home_t *home,
                         const runner__future_ops_t *ops)
{
    runner__list_init(&future->waiters);
    future->home = home;
    future->ops = ops;
    future->value = NULL;
    future->note = NULL;
    future->order = home->created++;
    future->refs = 1;
    future->code = 0;
    future->flags = 0;
    runner__home_hold(home);
}

static bool cancel_plain(runner_future_t *future, const runner__cancel_t *cancel)
{
    if (runner__future_is_done(future)) {
        return false;
    }
    runner__future_set_note(future, cancel->note);
    runner__future_settle(future, RUNNER_ECANCELED, NULL);
    return true;
}

static void free_plain(runner_future_t *future)
{
    runner__pool_give(&future->home->futures, future);
}

void runner__future_report_plain(runner_future_t *future)
{
    runner_exception_t info = {.size = sizeof info,
                               .message = "Future exception was never retrieved",
                               .code = future->code,
                               .future = future};
    future->home->loop.hooks->exception(&future->home->loop, &info);
}

static const runner__future_ops_t plain_ops = {.what = "future",
                                               .cancel = cancel_plain,
                                               .report = runner__future_report_plain,
                                               .free = free_plain};

void runner__futures_init(runner__home_t *home)
{
    runner__pool_init(&home->futures, sizeof(runner_future_t), WARM_FUTURES);
}

void runner__futures_fini(runner__home_t *home)
{
    runner__pool_end(&home->futures);
}

runner_future_t *runner__future_new(runner__home_t *home)
{
    runner_future_t *future = runner__pool_take(&home->futures);
    if (future != NULL) {
        runner__future_init(future, home, &plain_ops);
    }
    return future;
}

void runner__future_list(runner_future_t *future)
{
    runner__list_push(&future->home->failed, &future->waiters);
    future->flags |= RUNNER__FUTURE_LISTED;
}

void runner__future_set_note(runner_future_t *future, runner__note_t *note)
{
    runner__note_t *old = future->note;
    future->note = runner__note_ref(note);
    runner__note_unref(old);
}

void runner__future_follow(runner_future_t *future, runner_future_t *other)
{
    int code = runner__future_take(other, NULL);
    runner__future_set_note(future, other->note);
    runner__future_settle(future, code, other->value);
}

void runner__future_unlist(runner_future_t *future)
{
    runner__list_remove(&future->waiters);
    runner__list_init(&future->waiters);
    future->flags &= ~(uint32_t)RUNNER__FUTURE_LISTED;
}

void runner__future_report(runner_future_t *future)
{
    if ((future->flags & RUNNER__FUTURE_LISTED) == 0) {
        return;
    }
    runner__future_unlist(future);
    future->flags |= RUNNER__FUTURE_TAKEN;
    future->ops->report(future);
}

static bool created_before(const runner__node_t *a, const runner__node_t *b)
{
    return RUNNER__CONTAINER(a, runner_future_t, waiters)->order <
           RUNNER__CONTAINER(b, runner_future_t, waiters)->order;
}

/* The handler may make further futures fail: they come behind. */
void runner__future_report_all(runner__home_t *home)
{
    runner__list_sort(&home->failed, created_before);
    while (!runner__list_empty(&home->failed)) {
        runner__future_report(RUNNER__CONTAINER(home->failed.next, runner_future_t, waiters));
    }
}

/* The handler may look at the future, so it is told while the future is whole; a reference that
 * it takes and gives back must not come here again. */
void runner__future_release(runner_future_t *future)
{
    runner__home_t *home = future->home;
    if (RUNNER__UNLIKELY((future->flags & RUNNER__FUTURE_LISTED) != 0)) {
        future->refs = 1;
        runner__future_report(future);
        if (--future->refs > 0) {
            return;
        }
    }
    if (RUNNER__UNLIKELY(future->note != NULL)) {
        runner__note_unref(future->note);
    }
    future->ops->free(future);
    runner__home_drop(home);
}

int runner_future_new(runner_t *self, runner_future_t **out)
{
    runner__home_t *home;
    if (out == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner__home_use(self, &home);
    if (code != 0) {
        return code;
    }
    runner_future_t *future = runner__future_new(home);
    if (future == NULL) {
        return RUNNER_ENOMEM;
    }
    *out = future;
    return 0;
}

/* Whether a future of the program may be settled by hand now. */
static int check_settle(const runner_future_t *future)
{
    if (future == NULL || future->ops != &plain_ops) {
        return RUNNER_EINVAL;
    }
    int code = runner__home_check_thread(future->home);
    if (code != 0) {
        return code;
    }
    return runner__future_is_done(future) ? RUNNER_EDONE : 0;
}

int runner_future_resolve(runner_future_t *future, void *value)
{
    int code = check_settle(future);
    if (code == 0) {
        runner__future_settle(future, 0, value);
    }
    return code;
}

int runner_future_reject(runner_future_t *future, int code)
{
    if (code >= 0) {
        return RUNNER_EINVAL;
    }
    int refused = check_settle(future);
    if (refused == 0) {
        runner__future_settle(future, code, NULL);
    }
    return refused;
}

int runner_future_cancel(runner_future_t *future)
{
    if (future == NULL) {
        return RUNNER_EINVAL;
    }
    int code = runner__home_check_thread(future->home);
    if (code != 0) {
        return code;
    }
    runner__cancel_t cancel = {RUNNER_REASON_USER, NULL};
    return future->ops->cancel(future, &cancel) ? 0 : RUNNER_EDONE;
}

int runner_future_done(const runner_future_t *future)
{
    return future != NULL && runner__future_is_done(future);
}

int runner_future_status(const runner_future_t *future)
{
    if (future == NULL) {
        return RUNNER_EINVAL;
    }
    return runner__future_is_done(future) ? future->code : RUNNER_EPENDING;
}

int runner_future_result(runner_future_t *future, void **result)
{
    if (future == NULL) {
        return RUNNER_EINVAL;
    }
    if (!runner__future_is_done(future)) {
        return RUNNER_EPENDING;
    }
    return runner__future_take(future, result);
}

runner_error_group_t *runner_future_errors(const runner_future_t *future)
{
    bool has_any = future != NULL && runner__future_is_done(future) &&
                   future->code == RUNNER_EGROUP && future->note != NULL && future->note->is_errors;
    return has_any ? (runner_error_group_t *)future->note : NULL;
}

runner_future_t *runner_future_ref(runner_future_t *future)
{
    if (future != NULL) {
        future->refs++;
    }
    return future;
}

void runner_future_unref(runner_future_t *future)
{
    if (future != NULL) {
        runner__future_unref(future);
    }
}
