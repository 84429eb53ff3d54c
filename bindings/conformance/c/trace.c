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

static void add_outcome(const world_t *world, text_t *text, const outcome_t *outcome);

static int compare_texts(const void *a, const void *b)
{
    return strcmp(((const text_t *)a)->data, ((const text_t *)b)->data);
}

/* Sorted as text. */
static void add_group(const world_t *world, text_t *text, errors_t *errors)
{
    size_t count = errors_count(errors);
    text_t *parts = must(calloc(count + 1, sizeof *parts));
    for (size_t i = 0; i < count; i++) {
        outcome_t outcome = errors_get(errors, i);
        add_outcome(world, &parts[i], &outcome);
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

static void add_outcome(const world_t *world, text_t *text, const outcome_t *outcome)
{
    switch (outcome->code) {
    case 0:
        text_add(text, "value %" PRId64, outcome->value);
        break;
    case RUNNER_ECANCELED:
        text_add(text, "cancelled");
        break;
    case RUNNER_ETIMEDOUT:
        text_add(text, "timeout");
        break;
    case RUNNER_EGROUP:
        add_group(world, text, outcome->errors);
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
        add_error(world, text, outcome->code);
        break;
    }
}

void trace_outcome(world_t *world, const outcome_t *outcome)
{
    add_outcome(world, world->trace, outcome);
}

void trace_report(world_t *world, const char *who, const outcome_t *outcome)
{
    trace_begin(world, "report");
    text_add(world->trace, "%s ", who);
    if (outcome->code == 0) {
        text_add(world->trace, "nothing");
    } else {
        trace_outcome(world, outcome);
    }
    trace_end(world);
}
