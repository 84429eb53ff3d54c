/* What a task says about itself: to the program, which holds a handle, and to reports. */
#include <stdio.h>

#include "base/alloc.h"
#include "runner/error.h"
#include "runner/handler.h"
#include "task.h"

const char *runner__task_waits(const runner_task_t *task)
{
    if (task->wait.ops == NULL || (task->future.task_flags & RUNNER__TASK_QUEUED) != 0) {
        return NULL;
    }
    if (task->wait.ops->future != NULL) {
        const runner_future_t *future = task->wait.ops->future(&task->wait);
        return runner__future_is_done(future) ? NULL : future->ops->what;
    }
    return task->wait.ops->what;
}

uint64_t runner__task_holder(const runner_task_t *task)
{
    bool waits = runner__task_waits(task) != NULL && task->wait.ops->holder != NULL;
    return waits ? task->wait.ops->holder(&task->wait) : 0;
}

const char *runner__task_label(const runner_task_t *task, char *text, size_t size)
{
    if (task->extra != NULL && task->extra->name != NULL) {
        return task->extra->name;
    }
    snprintf(text, size, "Task-%llu", (unsigned long long)task->id);
    return text;
}

const char *runner__task_site(const runner_task_t *task, char *text, size_t size)
{
    if (task->extra == NULL) {
        return NULL;
    }
    if (task->extra->site != NULL) {
        return task->extra->site;
    }
    return runner__describe_address(task->extra->address, text, size) ? text : NULL;
}

void runner__task_report(runner_task_t *task, const char *message)
{
    char name[32];
    char site[128];
    runner__loop_t *loop = &task->future.home->loop;
    runner_exception_t info = {.size = sizeof info,
                               .message = message,
                               .code = task->future.code,
                               .task = task,
                               .name = runner__task_label(task, name, sizeof name),
                               .site = runner__task_site(task, site, sizeof site)};
    void *scope = loop->scope;
    loop->scope = &task->scope;
    loop->hooks->exception(loop, &info);
    loop->scope = scope;
}

runner_task_t *runner_current_task(void)
{
    runner__tasks_t *tasks = runner__tasks_current();
    return tasks != NULL ? tasks->current : NULL;
}

int runner_task_done(const runner_task_t *task)
{
    return task != NULL && runner__future_is_done(&task->future);
}

int runner_task_cancelled(const runner_task_t *task)
{
    return runner_task_done(task) && task->future.code == RUNNER_ECANCELED;
}

int runner_task_status(const runner_task_t *task)
{
    return task != NULL ? runner_future_status(&task->future) : RUNNER_EINVAL;
}

int runner_task_result(runner_task_t *task, void **result)
{
    return task != NULL ? runner_future_result(&task->future, result) : RUNNER_EINVAL;
}

const char *runner_task_name(runner_task_t *task)
{
    char text[32];
    if (task == NULL) {
        return "";
    }
    const char *name = runner__task_label(task, text, sizeof text);
    if (name == text) {
        if (!runner__task_add_extra(runner__task_owner(task), task)) {
            return "Task";
        }
        task->extra->name = runner__strdup(text);
        name = task->extra->name != NULL ? task->extra->name : "Task";
    }
    return name;
}

uint64_t runner_task_id(const runner_task_t *task)
{
    return task != NULL ? task->id : 0;
}

runner_future_t *runner_task_future(runner_task_t *task)
{
    return task != NULL ? &task->future : NULL;
}

runner_task_t *runner_task_ref(runner_task_t *task)
{
    if (task != NULL) {
        task->future.refs++;
    }
    return task;
}

void runner_task_unref(runner_task_t *task)
{
    if (task != NULL) {
        runner__future_unref(&task->future);
    }
}
