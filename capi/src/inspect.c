#include "inspect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/options.h"
#include "coroutine.h"
#include "group.h"
#include "handle.h"
#include "runner/error.h"

static int state_of(const runner_task_t *task)
{
    if ((task->future.task_flags & RUNNER__TASK_RUNNING) != 0) {
        return RUNNER_STATE_RUNNING;
    }
    if ((task->future.task_flags & RUNNER__TASK_STARTED) == 0) {
        return RUNNER_STATE_NEW;
    }
    return runner__task_waits(task) != NULL ? RUNNER_STATE_WAITING : RUNNER_STATE_READY;
}

static void fill(runner_task_info_t *info, const runner_task_t *task)
{
    char text[32];
    const runner_task_t *awaited = runner__task_awaited(task);
    const runner_group_t *group = runner__group_of_task(task);
    const runner_task_t *owner = group != NULL ? group->owner : NULL;
    memset(info, 0, sizeof *info);
    info->size = sizeof *info;
    info->id = task->id;
    info->state = state_of(task);
    info->cancelling = (int32_t)task->timer.cancels;
    info->awaits = awaited != NULL ? awaited->id : runner__task_holder(task);
    info->group = owner != NULL ? owner->id : 0;
    info->parent = task->parent;
    info->waits = runner__task_waits(task);
    info->site = task->extra != NULL ? task->extra->site : NULL;
    snprintf(info->name, sizeof info->name, "%s", runner__task_label(task, text, sizeof text));
}

/* 0 if the tasks may be looked at from here. */
static int check(const runner_t *self)
{
    int code = runner__home_check(self);
    if (code != 0) {
        return code;
    }
    const runner__loop_t *loop = &self->tasks.home.loop;
    bool elsewhere = atomic_load_explicit(&loop->running, memory_order_relaxed) &&
                     runner__loop_current != loop && !loop->stepped;
    return elsewhere ? RUNNER_ETHREAD : 0;
}

/* Calls fn for every task that is not done, in spawn order: what shutdown has cancelled stands in
 * a list of its own, before what came later. */
typedef void (*visit_fn)(runner_task_t *task, void *arg);

static void visit(const runner__node_t *head, visit_fn fn, void *arg)
{
    for (runner__node_t *node = head->next; node != head; node = node->next) {
        runner_task_t *task = RUNNER__CONTAINER(node, runner_task_t, all);
        if (!runner__future_is_done(&task->future)) {
            fn(task, arg);
        }
    }
}

static void visit_all(const runner_t *self, visit_fn fn, void *arg)
{
    visit(&self->tasks.leftovers, fn, arg);
    visit(&self->tasks.all, fn, arg);
}

typedef struct snapshot {
    unsigned char *next;
    size_t entry_bytes;
    size_t room;
    size_t count;
    bool bad_size;
} snapshot_t;

static void add_info(runner_task_t *task, void *arg)
{
    snapshot_t *snapshot = arg;
    snapshot->count++;
    if (snapshot->room == 0) {
        return;
    }
    runner_task_info_t info;
    fill(&info, task);
    memcpy(snapshot->next, &snapshot->entry_bytes, sizeof(size_t));
    (void)runner__options_write(snapshot->next, &info, sizeof info);
    snapshot->next += snapshot->entry_bytes;
    snapshot->room--;
}

int runner_tasks(const runner_t *self, runner_task_info_t *infos, size_t cap, size_t *count)
{
    int code = check(self);
    if (code != 0) {
        return code;
    }
    if (count == NULL || (infos == NULL && cap > 0)) {
        return RUNNER_EINVAL;
    }
    snapshot_t snapshot = {.next = (unsigned char *)infos, .room = cap};
    if (cap > 0) {
        snapshot.entry_bytes = infos[0].size;
        if (snapshot.entry_bytes < sizeof(size_t) || snapshot.entry_bytes > 4096) {
            return RUNNER_EINVAL;
        }
    }
    visit_all(self, add_info, &snapshot);
    *count = snapshot.count;
    return 0;
}

static void append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + length, size - length, format, args);
    va_end(args);
}

/* The task of this number, if it is not done; the runner has none that is looked for often. */
static runner_task_t *find(const runner__tasks_t *tasks, uint64_t id)
{
    const runner__node_t *heads[] = {&tasks->leftovers, &tasks->all};
    for (int i = 0; i < 2; i++) {
        for (runner__node_t *node = heads[i]->next; node != heads[i]; node = node->next) {
            runner_task_t *task = RUNNER__CONTAINER(node, runner_task_t, all);
            if (task->id == id && !runner__future_is_done(&task->future)) {
                return task;
            }
        }
    }
    return NULL;
}

/* The task that another one waits for, or that holds what it waits for; NULL if there is none. Of
 * the children of a group the first. */
static runner_task_t *next_in_chain(const runner_task_t *task)
{
    const runner_group_t *group = runner__group_awaited(task);
    if (group != NULL) {
        return runner__group_first(group);
    }
    runner_task_t *awaited = runner__task_awaited(task);
    uint64_t holder = awaited == NULL ? runner__task_holder(task) : 0;
    return holder != 0 ? find(runner__task_owner(task), holder) : awaited;
}

/* How far the chain goes before it repeats or ends; whether it repeats. */
static bool has_cycle(const runner_task_t *task)
{
    const runner_task_t *slow = task;
    const runner_task_t *fast = task;
    while (fast != NULL && (fast = next_in_chain(fast)) != NULL) {
        fast = next_in_chain(fast);
        slow = next_in_chain(slow);
        if (slow == fast) {
            return true;
        }
    }
    return false;
}

#define MOST_LINKS 32

void runner__inspect_chain(const runner_task_t *task, char *text, size_t size)
{
    char name[32];
    const runner_task_t *first = task;
    text[0] = '\0';
    if (has_cycle(task)) {
        append(text, size, "cycle: ");
    }
    for (int links = 0; links < MOST_LINKS; links++) {
        append(text, size, "%s", runner__task_label(task, name, sizeof name));
        const runner_task_t *next = next_in_chain(task);
        const char *waits = runner__task_waits(task);
        if (next == NULL) {
            append(text, size, " -> %s", waits != NULL ? waits : "ready");
            return;
        }
        if (next != runner__task_awaited(task)) {
            append(text, size, " -> %s", waits != NULL ? waits : "ready");
        }
        append(text, size, " -> ");
        task = next;
        if (task == first) {
            append(text, size, "%s", runner__task_label(task, name, sizeof name));
            return;
        }
    }
    append(text, size, "...");
}

/* --- the tree --- */

/* How deep groups are printed inside each other; what is deeper begins at the margin again. */
#define MOST_GROUPS 16

/* Many wait for one holder: the latest that was found. */
typedef struct tree {
    FILE *file;
    runner_task_t *holder;
} tree_t;

static runner_task_t *task_below(tree_t *tree, const runner_task_t *task)
{
    uint64_t holder = runner__task_holder(task);
    if (holder == 0) {
        return runner__task_awaited(task);
    }
    if (tree->holder == NULL || tree->holder->id != holder) {
        tree->holder = find(runner__task_owner(task), holder);
    }
    return tree->holder;
}

/* Whether it is printed below another task: one that waits for it, or the owner of its group. */
static void mark_below(runner_task_t *task, void *arg)
{
    runner_task_t *below = task_below(arg, task);
    if (below != NULL) {
        below->future.task_flags |= RUNNER__TASK_AWAITED;
    }
    const runner_group_t *group = runner__group_awaited(task);
    runner_task_t *child = group != NULL ? runner__group_first(group) : NULL;
    for (; child != NULL; child = runner__group_next(group, child)) {
        child->future.task_flags |= RUNNER__TASK_AWAITED;
    }
}

static void clear_marks(runner_task_t *task, void *arg)
{
    (void)arg;
    task->future.task_flags &= ~(uint32_t)(RUNNER__TASK_AWAITED | RUNNER__TASK_PRINTED);
}

static void print_task(const runner_task_t *task, int depth, FILE *file)
{
    static const char *const states[] = {"", "new", "ready", "running", "waiting"};
    char name[32];
    char site[128];
    const char *where = runner__task_site(task, site, sizeof site);
    const char *waits = runner__task_waits(task);
    fprintf(file, "%*s%s (%" PRIu64 ") %s", depth * 2, "",
            runner__task_label(task, name, sizeof name), task->id, states[state_of(task)]);
    if (waits != NULL) {
        fprintf(file, ": %s", waits);
    }
    if (task->timer.cancels > 0) {
        fprintf(file, ", cancelling %u", (unsigned)task->timer.cancels);
    }
    if (where != NULL) {
        fprintf(file, ", from %s", where);
    }
    if (task->future.home->loop.debug && (task->future.task_flags & RUNNER__TASK_COROUTINE) != 0) {
        const runner__stack_t *stack = ((const runner__cotask_t *)task)->stack;
        fprintf(file, ", stack %zu of %zu KiB", runner__stack_high_water(stack) / 1024,
                runner__stack_bytes(stack) / 1024);
    }
    fputc('\n', file);
}

static void print_below(tree_t *tree, runner_task_t *task, int depth, int groups);

static void print_children(tree_t *tree, const runner_group_t *group, int depth, int groups)
{
    runner_task_t *child = groups < MOST_GROUPS ? runner__group_first(group) : NULL;
    for (; child != NULL; child = runner__group_next(group, child)) {
        print_below(tree, child, depth, groups + 1);
    }
}

/* A task and, below it, what it waits for. One that two wait for is printed once in full. */
static void print_below(tree_t *tree, runner_task_t *task, int depth, int groups)
{
    char name[32];
    for (; task != NULL; depth++) {
        if ((task->future.task_flags & RUNNER__TASK_PRINTED) != 0) {
            fprintf(tree->file, "%*s%s (%" PRIu64 ") see above\n", depth * 2, "",
                    runner__task_label(task, name, sizeof name), task->id);
            return;
        }
        task->future.task_flags |= RUNNER__TASK_PRINTED;
        print_task(task, depth, tree->file);
        const runner_group_t *group = runner__group_awaited(task);
        if (group != NULL) {
            print_children(tree, group, depth + 1, groups);
            return;
        }
        task = task_below(tree, task);
    }
}

static void print_root(runner_task_t *task, void *arg)
{
    if ((task->future.task_flags & RUNNER__TASK_AWAITED) == 0) {
        print_below(arg, task, 0, 0);
    }
}

/* Whatever no root leads to waits for itself in a circle, or lies too deep. */
static void print_rest(runner_task_t *task, void *arg)
{
    char text[512];
    tree_t *tree = arg;
    if ((task->future.task_flags & RUNNER__TASK_PRINTED) != 0) {
        return;
    }
    if (!has_cycle(task)) {
        print_below(tree, task, 0, 0);
        return;
    }
    runner__inspect_chain(task, text, sizeof text);
    fprintf(tree->file, "%s\n", text);
    while (task != NULL && (task->future.task_flags & RUNNER__TASK_PRINTED) == 0) {
        task->future.task_flags |= RUNNER__TASK_PRINTED;
        task = next_in_chain(task);
    }
}

int runner_print_tasks(const runner_t *self, FILE *file)
{
    int code = check(self);
    if (code != 0) {
        return code;
    }
    if (file == NULL) {
        return RUNNER_EINVAL;
    }
    tree_t tree = {.file = file};
    visit_all(self, mark_below, &tree);
    visit_all(self, print_root, &tree);
    visit_all(self, print_rest, &tree);
    visit_all(self, clear_marks, NULL);
    return 0;
}
