#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

/* librunner's own codes are far below: no program has so many names. */
int code_of_error(int error)
{
    return -1 - error;
}

static int error_of_code(int code)
{
    return -1 - code;
}

void *value_of(int64_t number)
{
    return (void *)(intptr_t)number;
}

int64_t number_of(const void *value)
{
    return (int64_t)(intptr_t)value;
}

/* --- paths --- */

/* "main", "main/child#2", "main/~name". */
static path_t *make_path(world_t *world, const path_t *above, const char *mark, const char *name,
                         unsigned number)
{
    char end[16] = "";
    if (number != 0) {
        (void)snprintf(end, sizeof end, "#%u", number);
    }
    const char *begin = above != NULL ? above->text : "";
    size_t size = strlen(begin) + strlen(mark) + strlen(name) + strlen(end) + 1;
    path_t *path = arena_alloc(world->arena, sizeof *path);
    path->text = arena_alloc(world->arena, size);
    path->name = name;
    (void)snprintf(path->text, size, "%s%s%s%s", begin, mark, name, end);
    return path;
}

/* One that was made before is the same: it goes on counting. */
static path_t *find_or_make(world_t *world, path_t **first, const path_t *above, const char *mark,
                            const char *name)
{
    for (path_t *path = *first; path != NULL; path = path->next) {
        if (strcmp(path->name, name) == 0) {
            return path;
        }
    }
    path_t *path = make_path(world, above, mark, name, 0);
    path->next = *first;
    *first = path;
    return path;
}

path_t *path_main(world_t *world, const char *task)
{
    return find_or_make(world, &world->mains, NULL, "", task);
}

path_t *path_closable(world_t *world, path_t *maker, const char *name)
{
    return find_or_make(world, &maker->closables, maker, "/~", name);
}

path_t *path_child(world_t *world, const path_t *spawner, const char *task)
{
    return make_path(world, spawner, "/", task, spawner->spawned + 1);
}

void path_spawned(path_t *spawner)
{
    spawner->spawned++;
}

void path_register(world_t *world, const path_t *path)
{
    size_t id = (size_t)runner_task_id(runner_current_task());
    if (id >= world->paths_room) {
        size_t room = id * 2 > 64 ? id * 2 : 64;
        const path_t **paths = arena_array(world->arena, room, sizeof(void *));
        if (world->paths_room > 0) {
            memcpy(paths, world->paths, world->paths_room * sizeof(void *));
        }
        world->paths = paths;
        world->paths_room = room;
    }
    world->paths[id] = path;
}

const path_t *path_of_task(const world_t *world, const runner_task_t *task)
{
    size_t id = (size_t)runner_task_id(task);
    return id < world->paths_room ? world->paths[id] : NULL;
}

/* --- lines --- */

void trace_begin(world_t *world, const char *who)
{
    text_add(world->trace, "%" PRIu64 " %s ", runner_time_ns(world->runner) / NS_PER_MS, who);
}

void trace_end(world_t *world)
{
    text_add_bytes(world->trace, "\n", 1);
}

void trace(world_t *world, const char *who, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trace_begin(world, who);
    text_add_args(world->trace, format, args);
    trace_end(world);
    va_end(args);
}

/* --- outcomes --- */

static void add_outcome(const world_t *world, text_t *text, int code, const void *value,
                        runner_error_group_t *errors);

static int compare_texts(const void *a, const void *b)
{
    return strcmp(((const text_t *)a)->data, ((const text_t *)b)->data);
}

/* Sorted as text. */
static void add_group(const world_t *world, text_t *text, runner_error_group_t *errors)
{
    size_t count = runner_error_group_count(errors);
    text_t *parts = must(calloc(count + 1, sizeof *parts));
    for (size_t i = 0; i < count; i++) {
        runner_group_error_t error = {.size = sizeof error};
        check(runner_error_group_get(errors, i, &error), "runner_error_group_get");
        add_outcome(world, &parts[i], error.code, NULL, error.nested);
    }
    qsort(parts, count, sizeof *parts, compare_texts);
    text_add(text, "group [");
    for (size_t i = 0; i < count; i++) {
        text_add(text, "%s%s", i > 0 ? ", " : "", parts[i].data);
        text_free(&parts[i]);
    }
    text_add(text, "]");
    free(parts);
}

static void add_error(const world_t *world, text_t *text, int code)
{
    const names_t *errors = &world->program->names[NAMES_ERROR];
    int error = error_of_code(code);
    bool known = error >= 0 && error < errors->count;
    text_add(text, "error %s", known ? errors->texts[error] : runner_error_name(code));
}

static void add_outcome(const world_t *world, text_t *text, int code, const void *value,
                        runner_error_group_t *errors)
{
    switch (code) {
    case 0:
        text_add(text, "value %" PRId64, number_of(value));
        break;
    case RUNNER_ECANCELED:
        text_add(text, "cancelled");
        break;
    case RUNNER_ETIMEDOUT:
        text_add(text, "timeout");
        break;
    case RUNNER_EGROUP:
        add_group(world, text, errors);
        break;
    case RUNNER_EPENDING:
    case RUNNER_EABANDONED: /* given up by shutdown */
        text_add(text, "pending");
        break;
    case RUNNER_EINTR:
        text_add(text, "interrupted");
        break;
    case RUNNER_EDEADLK:
        text_add(text, "deadlock");
        break;
    default:
        add_error(world, text, code);
        break;
    }
}

void trace_outcome(world_t *world, int code, const void *value, runner_error_group_t *errors)
{
    add_outcome(world, world->trace, code, value, errors);
}

/* --- reports --- */

/* librunner spawns tasks of its own only to close what is closed with awaits. */
static const char *whose(const world_t *world, const runner_exception_t *exception)
{
    if (exception->task == NULL) {
        return exception->name != NULL ? "closable" : "none";
    }
    const path_t *path = path_of_task(world, exception->task);
    return path != NULL ? path->text : "closable";
}

int trace_report(runner_t *runner, const runner_exception_t *exception, void *arg)
{
    world_t *world = arg;
    (void)runner;
    if (exception->future != NULL && exception->future == world->last) {
        world->closed_ns = runner_time_ns(world->runner);
        return 0;
    }
    const runner_future_t *future =
        exception->task != NULL ? runner_task_future(exception->task) : exception->future;
    trace_begin(world, "report");
    text_add(world->trace, "%s ", whose(world, exception));
    if (exception->code == 0) {
        text_add(world->trace, "nothing");
    } else {
        trace_outcome(world, exception->code, NULL, runner_future_errors(future));
    }
    trace_end(world);
    return 0;
}
