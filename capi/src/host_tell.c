/* What a host is told, and what is kept until then: ends, values that come back, errors, calls. */
#include <string.h>

#include "base/alloc.h"
#include "host.h"
#include "runner/error.h"

#define WARM_VALUES 1024

/* --- what is kept of an exception until the host has asked --- */

typedef struct kept_exception {
    runner__node_t node;
    runner_host_exception_t info;
    char texts[];
} kept_exception_t;

static void forget_all(runner__node_t *errors)
{
    while (!runner__list_empty(errors)) {
        runner__free(RUNNER__CONTAINER(runner__list_pop(errors), kept_exception_t, node));
    }
}

void runner__tell_forget(runner__host_t *host)
{
    forget_all(&host->told_errors);
    runner__free(host->asked);
    host->asked = NULL;
}

void runner__tell_init(runner__host_t *host)
{
    runner__pool_init(&host->values, sizeof(runner__value_t), WARM_VALUES);
    runner__list_init(&host->ended);
    runner__list_init(&host->noticed);
    runner__list_init(&host->dropped);
    runner__list_init(&host->errors);
    runner__list_init(&host->told_errors);
    runner__list_init(&host->calls);
    runner__list_init(&host->returned);
    runner__list_init(&host->out);
    host->self->tasks.host_ops = &runner__host_ops;
}

static void forget_values(runner__node_t *values)
{
    while (!runner__list_empty(values)) {
        (void)runner__value_take(
            RUNNER__CONTAINER(runner__list_pop(values), runner__value_t, node));
    }
}

void runner__tell_nobody(runner__host_t *host)
{
    while (!runner__list_empty(&host->ended)) {
        runner__node_t *node = runner__list_pop(&host->ended);
        runner__timer_t *timer = RUNNER__CONTAINER(node, runner__timer_t, entry.node);
        runner__list_init(node);
        runner_task_unref(RUNNER__CONTAINER(timer, runner_task_t, timer));
    }
    forget_values(&host->noticed);
    forget_values(&host->dropped);
    forget_values(&host->calls);
    while (runner__ids_pop_gone(&host->ids) != 0) {}
    forget_all(&host->errors);
    runner__tell_forget(host);
}

void runner__tell_fini(runner__host_t *host)
{
    runner__tell_nobody(host);
    runner__pool_end(&host->values);
}

/* --- values --- */

runner__value_t *runner__value_new(runner__host_t *host, uint64_t value)
{
    runner__value_t *made = runner__pool_take(&host->values);
    if (made != NULL) {
        runner__list_init(&made->node);
        made->host = host;
        made->value = value;
        made->id = 0;
        made->outside = false;
    }
    return made;
}

runner__value_t *runner__value_new_outside(runner__host_t *host, uint64_t value)
{
    runner__value_t *made = runner__malloc(sizeof *made);
    if (made != NULL) {
        runner__list_init(&made->node);
        made->host = host;
        made->value = value;
        made->id = 0;
        made->outside = true;
    }
    return made;
}

uint64_t runner__value_take(runner__value_t *value)
{
    uint64_t taken = value->value;
    if (value->outside) {
        runner__free(value);
    } else {
        runner__pool_give(&value->host->values, value);
    }
    return taken;
}

/* One that was called has gone to the host that way: its drop comes after the call. */
void runner__value_drop(void *arg)
{
    runner__value_t *value = arg;
    if (!runner__list_empty(&value->node)) {
        return;
    }
    if (value->host->silent) {
        (void)runner__value_take(value);
    } else {
        runner__list_push(&value->host->dropped, &value->node);
    }
}

int runner__value_call(void *arg)
{
    runner__value_t *value = arg;
    runner__host_t *host = value->host;
    runner__list_push(&host->calls, &value->node);
    runner__scope_fini(&host->called);
    runner__scope_copy(&host->called);
    runner__loop_of(host->self)->pausing = true;
    return 0;
}

/* --- telling --- */

static bool tell_ended(runner__host_t *host)
{
    while (!runner__list_empty(&host->ended) && host->count < host->cap) {
        runner__node_t *node = runner__list_pop(&host->ended);
        runner__timer_t *timer = RUNNER__CONTAINER(node, runner__timer_t, entry.node);
        runner_task_t *task = RUNNER__CONTAINER(timer, runner_task_t, timer);
        runner__list_init(node);
        (void)runner__batch_push(host, task->body.id, RUNNER_HOST_ENDED, task->future.code, 0);
        runner_task_unref(task);
    }
    return runner__list_empty(&host->ended);
}

static bool tell_noticed(runner__host_t *host)
{
    while (!runner__list_empty(&host->noticed) && host->count < host->cap) {
        runner__node_t *node = runner__list_pop(&host->noticed);
        uint64_t id = runner__value_take(RUNNER__CONTAINER(node, runner__value_t, node));
        (void)runner__batch_push(host, id, RUNNER_HOST_CANCELED, RUNNER_ECANCELED, 0);
    }
    return runner__list_empty(&host->noticed);
}

static bool tell_gone(runner__host_t *host)
{
    while (host->count < host->cap) {
        uint64_t id = runner__ids_pop_gone(&host->ids);
        if (id == 0) {
            break;
        }
        (void)runner__batch_push(host, id, RUNNER_HOST_DROP, 0, 0);
    }
    while (!runner__list_empty(&host->dropped) && host->count < host->cap) {
        runner__node_t *node = runner__list_pop(&host->dropped);
        uint64_t value = runner__value_take(RUNNER__CONTAINER(node, runner__value_t, node));
        (void)runner__batch_push(host, 0, RUNNER_HOST_DROP, 0, value);
    }
    return host->ids.gone == 0 && runner__list_empty(&host->dropped);
}

static bool tell_calls(runner__host_t *host)
{
    while (!runner__list_empty(&host->calls) && host->count < host->cap) {
        runner__node_t *node = runner__list_pop(&host->calls);
        runner__value_t *call = RUNNER__CONTAINER(node, runner__value_t, node);
        uint64_t id = call->id;
        (void)runner__batch_push(host, id, RUNNER_HOST_CALL, 0, runner__value_take(call));
        runner__loop_of(host->self)->pausing = true;
    }
    return runner__list_empty(&host->calls);
}

/* --- exceptions --- */

static char *copy_text(char **at, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    char *copy = *at;
    size_t size = strlen(text) + 1;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static size_t size_of(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

/* In a host's task it is a failure of that one, in a future's the same. */
static void identify(kept_exception_t *kept, const runner_exception_t *info)
{
    const runner_task_t *task = info->task;
    if (task != NULL && (task->future.task_flags & RUNNER__TASK_HOST) != 0) {
        kept->info.task = task->body.id;
        kept->info.value = (uint64_t)(uintptr_t)task->future.value;
    } else if (info->future != NULL) {
        kept->info.value = (uint64_t)(uintptr_t)info->future->value;
    }
}

bool runner__tell_exception(runner__host_t *host, const runner_exception_t *info)
{
    const char *message = info->message != NULL ? info->message : "Unhandled error in event loop";
    size_t texts = size_of(message) + size_of(info->name) + size_of(info->site);
    kept_exception_t *kept = runner__malloc(sizeof *kept + texts);
    if (kept == NULL) {
        return false;
    }
    char *at = kept->texts;
    kept->info = (runner_host_exception_t){
        .size = sizeof kept->info, .code = info->code, .duration_ns = info->duration_ns};
    kept->info.message = copy_text(&at, message);
    kept->info.name = copy_text(&at, info->name);
    kept->info.site = copy_text(&at, info->site);
    identify(kept, info);
    runner__list_push(&host->errors, &kept->node);
    runner__loop_of(host->self)->pausing = true;
    return true;
}

static bool tell_exceptions(runner__host_t *host)
{
    while (!runner__list_empty(&host->errors) && host->count < host->cap) {
        runner__node_t *node = runner__list_pop(&host->errors);
        const kept_exception_t *kept = RUNNER__CONTAINER(node, kept_exception_t, node);
        (void)runner__batch_push(host, kept->info.task, RUNNER_HOST_EXCEPTION, kept->info.code,
                                 kept->info.value);
        runner__list_push(&host->told_errors, node);
    }
    return runner__list_empty(&host->errors);
}

int runner_host_exception(runner_t *self, runner_host_exception_t *out)
{
    int code = runner__home_check(self);
    if (code != 0 || out == NULL || out->size < sizeof out->size) {
        return code != 0 ? code : RUNNER_EINVAL;
    }
    runner__host_t *host = self->host;
    if (host == NULL) {
        return RUNNER_EEND;
    }
    runner__free(host->asked);
    host->asked = NULL;
    runner__node_t *from =
        runner__list_empty(&host->told_errors) ? &host->errors : &host->told_errors;
    if (runner__list_empty(from)) {
        return RUNNER_EEND;
    }
    kept_exception_t *kept = RUNNER__CONTAINER(runner__list_pop(from), kept_exception_t, node);
    size_t size = out->size < sizeof *out ? out->size : sizeof *out;
    host->asked = kept;
    kept->info.size = size;
    memcpy(out, &kept->info, size);
    return 0;
}

bool runner__tell_is_empty(const runner__host_t *host)
{
    return runner__list_empty(&host->ended) && runner__list_empty(&host->noticed) &&
           host->ids.gone == 0 && runner__list_empty(&host->dropped) &&
           runner__list_empty(&host->errors) && runner__list_empty(&host->calls);
}

bool runner__tell(runner__host_t *host)
{
    return tell_ended(host) && tell_noticed(host) && tell_exceptions(host) && tell_gone(host) &&
           tell_calls(host);
}
