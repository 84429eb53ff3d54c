/* What the tasks of one runner share: its pools, and what running functions have open. */
#include "coroutine.h"
#include "task.h"

/* What a pool of stackless tasks keeps: about a megabyte. */
#define WARM_TASKS 4096
#define WARM_EXTRAS 1024

int runner__tasks_init(runner__tasks_t *tasks, const runner__loop_hooks_t *hooks,
                       size_t stack_bytes)
{
    int code = runner__home_init(&tasks->home, hooks);
    if (code != 0) {
        return code;
    }
    tasks->current = NULL;
    tasks->active = &tasks->native;
    tasks->host_ops = NULL;
    tasks->poller = NULL;
    runner__futures_init(&tasks->home);
    runner__stackpool_init(&tasks->stacks, sizeof(runner__cotask_t), stack_bytes);
    runner__pool_init(&tasks->plain, sizeof(runner_task_t), WARM_TASKS);
    runner__pool_init(&tasks->extras, sizeof(runner__task_extra_t), WARM_EXTRAS);
    runner__pool_init(&tasks->groups, 0, 0);
    runner__pool_init(&tasks->members, 0, 0);
    runner__pool_init(&tasks->timeouts, 0, 0);
    runner__list_init(&tasks->all);
    runner__list_init(&tasks->leftovers);
    runner__list_init(&tasks->scoped);
    tasks->count = 0;
    tasks->spawned = 0;
    tasks->leftovers_left = 0;
    tasks->abort_code = 0;
    tasks->aborts = false;
    return 0;
}

void runner__tasks_fini(runner__tasks_t *tasks)
{
    runner__stackpool_destroy(&tasks->stacks);
    runner__pool_end(&tasks->plain);
    runner__pool_end(&tasks->extras);
    runner__pool_end(&tasks->groups);
    runner__pool_end(&tasks->members);
    runner__pool_end(&tasks->timeouts);
    runner__futures_fini(&tasks->home);
}

void runner__tasks_tidy(runner__tasks_t *tasks)
{
    runner__stackpool_idle(&tasks->stacks);
    runner__pool_trim(&tasks->plain);
    runner__pool_trim(&tasks->extras);
    runner__pool_trim(&tasks->groups);
    runner__pool_trim(&tasks->members);
    runner__pool_trim(&tasks->timeouts);
    runner__pool_trim(&tasks->home.futures);
}

void runner__scoped_release_all(runner__tasks_t *tasks)
{
    while (!runner__list_empty(&tasks->scoped)) {
        runner__node_t *node = tasks->scoped.next;
        runner__scoped_t *scoped = RUNNER__CONTAINER(node, runner__scoped_t, node);
        scoped->release(scoped);
    }
}

void runner__tasks_enter(runner__tasks_t *tasks)
{
    runner__coro_main_init(&tasks->native);
    tasks->active = &tasks->native;
    tasks->current = NULL;
    tasks->home.loop.scope = NULL;
}

void runner__tasks_leave(runner__tasks_t *tasks)
{
    runner__coro_main_fini(&tasks->native);
}
