#include "gather.h"

#include "base/alloc.h"
#include "several.h"
#include "task.h"

typedef struct gather {
    runner__fan_t fan;
    runner__trash_t trash;
    runner__scoped_t waiting; /* holds a reference while children are left: it takes their errors */
    size_t count;
    size_t left; /* different children that have not been accounted for */
    bool return_errors;
    bool has_values;   /* the array is its value */
    bool held;         /* by itself */
    bool was_canceled; /* some of the children, by a cancel of this */
    void **values;     /* behind the children */
    runner__one_t children[];
} gather_t;

static gather_t *gather_of(runner_future_t *future)
{
    return (gather_t *)future;
}

static bool cancel_gather(runner_future_t *future, const runner__cancel_t *cancel)
{
    gather_t *gather = gather_of(future);
    bool open = !runner__future_is_done(future) && !gather->fan.busy;
    return open && runner__cancel(future, cancel);
}

static runner_future_t *child(runner_future_t *future, size_t index)
{
    gather_t *gather = gather_of(future);
    return index < gather->count ? gather->children[index].future : NULL;
}

static void children_canceled(runner_future_t *future)
{
    gather_of(future)->was_canceled = true;
}

/* Whoever took the array has the values: until then they were the children's. */
static void free_thrown(runner__trash_t *trash)
{
    gather_t *gather = RUNNER__CONTAINER(trash, gather_t, trash);
    bool taken = (gather->fan.future.flags & RUNNER__FUTURE_VALUE_TAKEN) != 0;
    for (size_t i = 0; taken && i < gather->count; i++) {
        runner_future_t *future = gather->children[i].future;
        if (future->code == 0) {
            future->flags |= RUNNER__FUTURE_VALUE_TAKEN;
        }
    }
    runner__several_drop(gather->children, gather->count);
    runner__free(gather);
}

static void free_gather(runner_future_t *future)
{
    gather_t *gather = gather_of(future);
    for (size_t i = 0; i < gather->count; i++) {
        runner__one_forget(&gather->children[i]);
    }
    runner__home_throw(future->home, &gather->trash, free_thrown);
}

static const runner__future_ops_t gather_ops = {.what = "gather",
                                                .cancel = cancel_gather,
                                                .report = runner__future_report_plain,
                                                .free = free_gather,
                                                .child = child,
                                                .children_canceled = children_canceled};

/* All children have ended, and nothing was to be raised before. */
static void settle(gather_t *gather)
{
    for (size_t i = 0; i < gather->count; i++) {
        runner_future_t *future = gather->children[i].future;
        bool has_value = runner__future_take(future, NULL) == 0;
        gather->values[i] = has_value ? future->value : NULL;
    }
    int code = gather->was_canceled ? RUNNER_ECANCELED : 0;
    bool has_values = code == 0 && gather->has_values;
    runner__future_settle(&gather->fan.future, code, has_values ? gather->values : NULL);
}

static void hold(gather_t *gather, void (*release)(runner__scoped_t *waiting))
{
    runner__tasks_t *tasks = (runner__tasks_t *)gather->fan.future.home;
    if (runner__home_phase(&tasks->home) == RUNNER__CLOSED) {
        return; /* none of them will ever end */
    }
    gather->held = true;
    (void)runner_future_ref(&gather->fan.future);
    runner__scoped_add(tasks, &gather->waiting, release);
}

static void let_go(runner__scoped_t *waiting)
{
    gather_t *gather = RUNNER__CONTAINER(waiting, gather_t, waiting);
    runner__list_remove(&waiting->node);
    gather->held = false;
    runner__future_unref(&gather->fan.future);
}

static void account_for(gather_t *gather, runner_future_t *future)
{
    gather->left--;
    if (runner__future_is_done(&gather->fan.future)) {
        (void)runner__future_take(future, NULL);
    } else if (future->code != 0 && !gather->return_errors) {
        runner__future_follow(&gather->fan.future, future);
    } else if (gather->left == 0) {
        settle(gather);
    }
    if (gather->left == 0 && gather->held) {
        let_go(&gather->waiting);
    }
}

static void child_is_done(runner__loop_t *loop, runner__entry_t *entry)
{
    runner__one_t *one = RUNNER__CONTAINER(entry, runner__one_t, done);
    (void)loop;
    runner__list_init(&entry->node);
    account_for(one->of, one->future);
}

static void wait_unless_done(runner__one_t *one)
{
    if (!runner__future_is_done(one->future)) {
        runner__one_wait(one);
    }
}

static void account_if_done(runner__one_t *one)
{
    if (runner__future_is_done(one->future)) {
        account_for(one->of, one->future);
    }
}

static gather_t *allocate(size_t count)
{
    size_t each = sizeof(runner__one_t) + sizeof(void *);
    if (count > (SIZE_MAX - sizeof(gather_t)) / each) {
        return NULL;
    }
    return runner__malloc(sizeof(gather_t) + count * each);
}

int runner__gather(runner_future_t *const *futures, size_t count, bool return_errors,
                   bool has_values, runner_future_t **out)
{
    runner__home_t *home;
    int code = out != NULL ? runner__several_home(futures, count, &home) : RUNNER_EINVAL;
    if (code != 0) {
        return code;
    }
    gather_t *gather = allocate(count);
    if (gather == NULL) {
        return RUNNER_ENOMEM;
    }
    runner__future_init(&gather->fan.future, home, &gather_ops);
    gather->fan.busy = false;
    gather->count = count;
    gather->return_errors = return_errors;
    gather->has_values = has_values;
    gather->held = false;
    gather->was_canceled = false;
    gather->values = (void **)(gather->children + count);
    runner__several_hold(gather->children, futures, count, gather, child_is_done);
    gather->left = runner__several_each(gather->children, count, wait_unless_done);
    if (count == 0) {
        settle(gather);
    } else {
        hold(gather, let_go);
        (void)runner__several_each(gather->children, count, account_if_done);
    }
    *out = &gather->fan.future;
    return 0;
}

int runner_gather(runner_future_t *const *futures, size_t count, int return_errors,
                  runner_future_t **out)
{
    return runner__gather(futures, count, return_errors != 0, true, out);
}
