#include "handler.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/options.h"
#include "handle.h"
#include "runner/error.h"

/* A record is written at once, so that those of several threads do not mix. */
typedef struct record {
    char text[1024];
    size_t length;
} record_t;

__attribute__((format(printf, 2, 3))) static void add(record_t *record, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof record->text - record->length;
    int wrote = vsnprintf(record->text + record->length, room, format, args);
    va_end(args);
    if (wrote > 0) {
        record->length += (size_t)wrote < room ? (size_t)wrote : room - 1;
    }
}

/* The facts sorted by their key, as the model's default handler does. */
static void write_record(const char *message, const runner_exception_t *info)
{
    record_t record = {.length = 0};
    add(&record, "%s\n", message);
    if (info->code != 0) {
        add(&record, "code: %s (%s)\n", runner_error_name(info->code), runner_strerror(info->code));
    }
    if (info->duration_ns != 0) {
        add(&record, "duration: %.3f s\n", (double)info->duration_ns / 1e9);
    }
    if (info->future != NULL) {
        add(&record, "future: %p\n", (const void *)info->future);
    }
    if (info->name != NULL) {
        add(&record, "name: %s\n", info->name);
    }
    if (info->site != NULL) {
        add(&record, "site: %s\n", info->site);
    }
    if (info->task != NULL) {
        add(&record, "task: %" PRIu64 "\n", runner_task_id(info->task));
    }
    (void)fwrite(record.text, 1, record.length, stderr);
}

static const char *message_of(const runner_exception_t *info)
{
    return info->message != NULL ? info->message : "Unhandled error in event loop";
}

void runner__handler_call(struct runner__loop *loop, const void *exception)
{
    const runner_exception_t *info = exception;
    runner_t *self = runner__of_loop(loop);
    runner_exception_fn fn = self->handler.fn != NULL ? self->handler.fn : self->handler.standard;
    if (fn == NULL) {
        write_record(message_of(info), info);
        return;
    }
    if (fn(self, info, self->handler.arg) < 0) {
        write_record("Unhandled error in exception handler", info);
    }
}

void runner__handler_returned(struct runner__loop *loop, int code, runner_future_t *future,
                              const void *address)
{
    char site[128];
    runner__tasks_t *tasks = &runner__of_loop(loop)->tasks;
    if (tasks->aborts && code < 0) {
        tasks->abort_code = code;
        runner__loop_escape(loop);
        return;
    }
    bool sited = runner__describe_address(address, site, sizeof site);
    runner_exception_t info = {.size = sizeof info,
                               .message = "Exception in callback",
                               .code = code > 0 ? RUNNER_EBADRESULT : code,
                               .future = future,
                               .site = sited ? site : NULL};
    runner__handler_call(loop, &info);
}

void runner__handler_slow(struct runner__loop *loop, const char *label, uint64_t duration_ns)
{
    runner_exception_t info = {.size = sizeof info,
                               .message = "Executing a step took long",
                               .name = label[0] != '\0' ? label : NULL,
                               .duration_ns = duration_ns};
    runner__handler_call(loop, &info);
}

void runner__handler_fini(runner__handler_t *handler)
{
    runner__handler_t old = *handler;
    handler->fn = NULL;
    handler->arg = NULL;
    handler->drop = NULL;
    if (old.drop != NULL) {
        old.drop(old.arg);
    }
}

int runner_set_exception_handler(runner_t *self, runner_exception_fn fn, void *arg,
                                 runner_drop_fn drop)
{
    int code = runner__home_check(self);
    if (code == 0) {
        code = runner__home_check_thread(&self->tasks.home);
    }
    if (code == 0 && runner__home_phase(&self->tasks.home) == RUNNER__CLOSED) {
        code = RUNNER_ECLOSED;
    }
    if (code != 0) {
        return code;
    }
    runner__handler_fini(&self->handler);
    self->handler.fn = fn;
    self->handler.arg = arg;
    self->handler.drop = drop;
    return 0;
}

int runner_call_exception_handler(runner_t *self, const runner_exception_t *exception)
{
    runner_exception_t info;
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    if (exception == NULL || runner__options_read(&info, sizeof info, exception) != 0) {
        return RUNNER_EINVAL;
    }
    info.size = sizeof info;
    runner__handler_call(runner__loop_of(self), &info);
    return 0;
}

int runner_default_exception_handler(runner_t *self, const runner_exception_t *exception)
{
    runner_exception_t info;
    if (self == NULL || exception == NULL ||
        runner__options_read(&info, sizeof info, exception) != 0) {
        return RUNNER_EINVAL;
    }
    write_record(message_of(&info), &info);
    return 0;
}
