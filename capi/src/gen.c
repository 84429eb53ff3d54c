/* Asynchronous generators: a coroutine on a stack of its own, run by whichever task asks. */
#include "base/alloc.h"
#include "coroutine.h"
#include "handle.h"
#include "runner/closable.h"
#include "runner/error.h"
#include "runner/gen.h"

typedef enum gen_state { GEN_NEW, GEN_SUSPENDED, GEN_RUNNING, GEN_OVER } gen_state_t;

struct runner_gen {
    runner__nested_t nested; /* its caller is who asked for the next value */
    runner__stack_t *stack;
    runner_t *self;
    runner_closable_t *closable; /* from the first value to the end */
    gen_state_t state;
    bool closing;
    uint32_t refs; /* the handle's, the closable's */
    runner_fn fn;
    void *arg;
    runner_drop_fn drop;
    void *value; /* handed out by the last yield */
    int code;    /* of the body */
};

static const char *overflow_label(const void *owner)
{
    (void)owner;
    return "generator";
}

static void gen_main(void *arg)
{
    runner_gen_t *gen = arg;
    void *ignored = NULL;
    gen->code = gen->fn(gen->arg, &ignored);
    gen->state = GEN_OVER;
    runner__coro_exit(&gen->nested.coro, gen->nested.caller);
}

/* The body will not run any more, whether it has returned or not. */
static void end_body(runner_gen_t *gen)
{
    runner__tasks_t *tasks = &gen->self->tasks;
    gen->state = GEN_OVER;
    if (gen->stack != NULL) {
        bool orphan = tasks->home.free_last != NULL;
        runner__coro_destroy(&gen->nested.coro);
        runner__stack_release(orphan ? NULL : &tasks->stacks, gen->stack);
        gen->stack = NULL;
    }
    if (gen->drop != NULL) {
        runner_drop_fn drop = gen->drop;
        gen->drop = NULL;
        drop(gen->arg);
    }
}

static void unref(void *arg)
{
    runner_gen_t *gen = arg;
    if (--gen->refs > 0) {
        return;
    }
    runner__home_t *home = &gen->self->tasks.home;
    if (gen->stack != NULL) {
        end_body(gen);
    }
    runner__free(gen);
    runner__home_drop(home);
}

/* Shutdown is through with it: what would not end is given up. A body that runs, in a task that
 * came after the tasks were cancelled, ends with that task. */
static void drop_closable(void *arg)
{
    runner_gen_t *gen = arg;
    gen->closable = NULL;
    if (gen->state == GEN_NEW || gen->state == GEN_SUSPENDED) {
        end_body(gen);
    }
    unref(gen);
}

/* The task that asked was given up in the middle of the body, and holds a reference for ever. */
static void task_abandoned(runner__nested_t *nested)
{
    runner_gen_t *gen = RUNNER__CONTAINER(nested, runner_gen_t, nested);
    end_body(gen);
    if (gen->closable != NULL && runner_closable_unregister(gen->closable) == 0) {
        gen->closable = NULL;
    }
    unref(gen);
}

static int close_at_shutdown(void *arg, void **result)
{
    (void)result;
    return runner_gen_close(arg);
}

int runner_gen_new(runner_fn fn, void *arg, runner_drop_fn drop, size_t stack_bytes,
                   runner_gen_t **out)
{
    if (fn == NULL || out == NULL || stack_bytes > RUNNER__STACK_MAX_BYTES) {
        return RUNNER_EINVAL;
    }
    runner__tasks_t *tasks = runner__tasks_current();
    if (tasks == NULL) {
        return RUNNER_ENOLOOP;
    }
    runner_gen_t *gen = runner__calloc(1, sizeof *gen);
    runner__stack_t *stack =
        gen != NULL ? runner__stack_acquire(&tasks->stacks, stack_bytes) : NULL;
    if (stack == NULL) {
        runner__free(gen);
        return RUNNER_ENOMEM;
    }
    stack->label = overflow_label;
    stack->owner = NULL;
    gen->nested.abandoned = task_abandoned;
    gen->stack = stack;
    gen->self = (runner_t *)tasks;
    gen->state = GEN_NEW;
    gen->refs = 1;
    gen->fn = fn;
    gen->arg = arg;
    gen->drop = drop;
    runner__coro_make(&gen->nested.coro, stack, gen_main, gen);
    runner__home_hold(&tasks->home);
    *out = gen;
    return 0;
}

/* Whether the running code may run this generator now. */
static int check(const runner_gen_t *gen)
{
    if (gen == NULL) {
        return RUNNER_EINVAL;
    }
    int code = 0;
    const runner_task_t *task = runner__task_may_wait(&code);
    if (task == NULL) {
        return code;
    }
    if ((task->future.task_flags & RUNNER__TASK_COROUTINE) == 0) {
        return RUNNER_ENOTSUP;
    }
    if (&gen->self->tasks.home != task->future.home) {
        return RUNNER_EFOREIGN;
    }
    return gen->state == GEN_RUNNING ? RUNNER_EBUSY : 0;
}

/* From now on shutdown closes it, in the order in which generators were begun. */
static int begin(runner_gen_t *gen)
{
    int code = runner_closable_register(gen->self, "generator", close_at_shutdown, gen,
                                        drop_closable, &gen->closable);
    if (code == 0) {
        gen->refs++;
    }
    return code;
}

/* Runs the body until it yields or returns. Its waits park the task as a whole: the task then
 * stops in, and is resumed in, this context. */
static void resume(runner_gen_t *gen)
{
    runner__tasks_t *tasks = &gen->self->tasks;
    gen->nested.caller = tasks->active;
    gen->state = GEN_RUNNING;
    tasks->active = &gen->nested.coro;
    runner__coro_switch(gen->nested.caller, &gen->nested.coro);
    tasks->active = gen->nested.caller;
}

/* The body has returned. */
static int finish(runner_gen_t *gen)
{
    int code = gen->code > 0 ? RUNNER_EBADRESULT : gen->code;
    end_body(gen);
    if (gen->closable != NULL && runner_closable_unregister(gen->closable) == 0) {
        gen->closable = NULL;
    }
    return code;
}

int runner_gen_next(runner_gen_t *gen, void **value)
{
    int code = check(gen);
    if (code != 0) {
        return code;
    }
    if (gen->state == GEN_OVER) {
        return RUNNER_EEND;
    }
    if (gen->state == GEN_NEW) {
        code = begin(gen);
        if (code != 0) {
            return code;
        }
    }
    gen->refs++; /* the task may let go of it while the body waits */
    resume(gen);
    if (gen->state == GEN_OVER) {
        code = finish(gen);
        code = code == 0 ? RUNNER_EEND : code;
    } else {
        gen->state = GEN_SUSPENDED;
        if (gen->closable == NULL) {
            (void)begin(gen); /* its closer came while it ran: shutdown has to come again */
        }
        if (value != NULL) {
            *value = gen->value;
        }
    }
    unref(gen);
    return code;
}

int runner_gen_yield(void *value)
{
    runner_task_t *task = runner_current_task();
    if (task == NULL || (task->future.task_flags & RUNNER__TASK_COROUTINE) == 0) {
        return RUNNER_ENOTASK;
    }
    runner__tasks_t *tasks = runner__task_owner(task);
    if (tasks->active == &((runner__cotask_t *)task)->coro) {
        return RUNNER_ENOTASK;
    }
    runner_gen_t *gen = RUNNER__CONTAINER(tasks->active, runner_gen_t, nested.coro);
    gen->value = value;
    gen->state = GEN_SUSPENDED;
    runner__coro_switch(&gen->nested.coro, gen->nested.caller);
    return gen->closing ? RUNNER_ECLOSED : 0;
}

int runner_gen_close(runner_gen_t *gen)
{
    int code = check(gen);
    if (code != 0) {
        return code;
    }
    if (gen->state == GEN_OVER) {
        return 0;
    }
    if (gen->state == GEN_NEW) {
        end_body(gen);
        return 0;
    }
    gen->refs++;
    gen->closing = true;
    resume(gen);
    gen->closing = false;
    if (gen->state == GEN_OVER) {
        code = finish(gen);
        code = code == RUNNER_ECLOSED ? 0 : code;
    } else {
        code = RUNNER_EIGNORED;
    }
    unref(gen);
    return code;
}

void runner_gen_unref(runner_gen_t *gen)
{
    if (gen != NULL) {
        unref(gen);
    }
}
