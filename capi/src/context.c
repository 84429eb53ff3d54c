#include "context.h"

#include <string.h>

#include "base/alloc.h"
#include "runner/error.h"

struct runner_var {
    atomic_uint refs;
    runner_drop_fn drop;
    char name[];
};

/* A value is held by every array that has it, on whatever thread. */
typedef struct box {
    atomic_uint refs;
    runner_var_t *var;
    void *value;
} box_t;

/* Sorted by the address of the variable. */
struct runner__vars {
    atomic_uint refs;
    uint32_t count;
    box_t *boxes[];
};

static void ref(atomic_uint *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether that was the last reference. */
static bool unref(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

int runner_var_new(const char *name, runner_drop_fn drop, runner_var_t **out)
{
    if (name == NULL || out == NULL) {
        return RUNNER_EINVAL;
    }
    size_t size = strlen(name) + 1;
    runner_var_t *var = runner__malloc(sizeof *var + size);
    if (var == NULL) {
        return RUNNER_ENOMEM;
    }
    atomic_init(&var->refs, 1);
    var->drop = drop;
    memcpy(var->name, name, size);
    *out = var;
    return 0;
}

const char *runner_var_name(const runner_var_t *var)
{
    return var != NULL ? var->name : "";
}

void runner_var_unref(runner_var_t *var)
{
    if (var != NULL && unref(&var->refs)) {
        runner__free(var);
    }
}

static box_t *box_new(runner_var_t *var, void *value)
{
    box_t *box = runner__malloc(sizeof *box);
    if (box != NULL) {
        atomic_init(&box->refs, 1);
        ref(&var->refs);
        box->var = var;
        box->value = value;
    }
    return box;
}

static void box_unref(box_t *box)
{
    if (unref(&box->refs)) {
        if (box->var->drop != NULL) {
            box->var->drop(box->value);
        }
        runner_var_unref(box->var);
        runner__free(box);
    }
}

runner__vars_t *runner__vars_ref(runner__vars_t *vars)
{
    if (vars != NULL) {
        ref(&vars->refs);
    }
    return vars;
}

void runner__vars_unref(runner__vars_t *vars)
{
    if (vars != NULL && unref(&vars->refs)) {
        for (uint32_t i = 0; i < vars->count; i++) {
            box_unref(vars->boxes[i]);
        }
        runner__free(vars);
    }
}

/* The index of a variable, or where it would have to stand. */
static uint32_t find(const runner__vars_t *vars, const runner_var_t *var, bool *found)
{
    uint32_t low = 0;
    uint32_t high = vars != NULL ? vars->count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uintptr_t at = (uintptr_t)vars->boxes[middle]->var;
        if (at == (uintptr_t)var) {
            *found = true;
            return middle;
        }
        if (at < (uintptr_t)var) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = false;
    return low;
}

/* A new array like `old` with `box` at `index`, instead of or before what stood there. */
static runner__vars_t *with_box(const runner__vars_t *old, uint32_t index, bool replaces,
                                box_t *box)
{
    uint32_t before = old != NULL ? old->count : 0;
    uint32_t count = replaces ? before : before + 1;
    runner__vars_t *vars = runner__malloc(sizeof *vars + count * sizeof(box_t *));
    if (vars == NULL) {
        return NULL;
    }
    atomic_init(&vars->refs, 1);
    vars->count = count;
    for (uint32_t i = 0, from = 0; i < count; i++) {
        if (i == index) {
            vars->boxes[i] = box;
            from += replaces ? 1 : 0;
        } else {
            vars->boxes[i] = old->boxes[from++];
            ref(&vars->boxes[i]->refs);
        }
    }
    return vars;
}

static int vars_set(runner__vars_t **vars, runner_var_t *var, void *value)
{
    bool replaces;
    uint32_t index = find(*vars, var, &replaces);
    box_t *box = box_new(var, value);
    if (box == NULL) {
        return RUNNER_ENOMEM;
    }
    if (replaces && atomic_load_explicit(&(*vars)->refs, memory_order_acquire) == 1) {
        box_t *old = (*vars)->boxes[index];
        (*vars)->boxes[index] = box;
        box_unref(old);
        return 0;
    }
    runner__vars_t *made = with_box(*vars, index, replaces, box);
    if (made == NULL) {
        runner_var_unref(var);
        runner__free(box);
        return RUNNER_ENOMEM;
    }
    runner__vars_t *old = *vars;
    *vars = made;
    runner__vars_unref(old);
    return 0;
}

static int vars_get(const runner__vars_t *vars, const runner_var_t *var, void **value)
{
    bool found;
    uint32_t index = find(vars, var, &found);
    if (!found || vars == NULL) {
        return RUNNER_EPENDING;
    }
    *value = vars->boxes[index]->value;
    return 0;
}

static runner__vars_t **scope_vars(runner__scope_t *scope)
{
    return scope->context != NULL ? &scope->context->vars : &scope->vars;
}

/* The scope of threads outside of loops: made by the first write, gone with the thread. */
static RUNNER__THREAD_LOCAL runner__scope_t *entered;

static void free_thread_scope(void *scope)
{
    runner__scope_fini(scope);
    runner__free(scope);
}

runner__scope_t *runner__scope_enter_thread(runner__scope_t *scope)
{
    runner__scope_t *before = entered;
    entered = scope;
    return before;
}

runner__scope_t *runner__scope_current(void)
{
    runner__loop_t *loop = runner__loop_current;
    if (loop != NULL && loop->scope != NULL) {
        return loop->scope;
    }
    return entered != NULL ? entered : runner__thread_value();
}

/* As runner__scope_current(), but makes one; NULL without memory. */
static runner__scope_t *writable_scope(void)
{
    runner__scope_t *scope = runner__scope_current();
    if (scope != NULL) {
        return scope;
    }
    scope = runner__malloc(sizeof *scope);
    if (scope == NULL) {
        return NULL;
    }
    runner__scope_init(scope);
    if (!runner__thread_set_value(scope, free_thread_scope)) {
        runner__free(scope);
        return NULL;
    }
    return scope;
}

void runner__scope_copy(runner__scope_t *scope)
{
    runner__scope_copy_from(scope, runner__scope_current());
}

void runner__scope_share(runner__scope_t *scope, runner_context_t *context)
{
    scope->vars = NULL;
    scope->context = runner_context_ref(context);
}

void runner__scope_clear(runner__scope_t *scope)
{
    runner__vars_unref(scope->vars);
    runner_context_unref(scope->context);
    runner__scope_init(scope);
}

int runner_var_set(runner_var_t *var, void *value)
{
    if (var == NULL) {
        return RUNNER_EINVAL;
    }
    runner__scope_t *scope = writable_scope();
    return scope != NULL ? vars_set(scope_vars(scope), var, value) : RUNNER_ENOMEM;
}

int runner_var_get(const runner_var_t *var, void **value)
{
    if (var == NULL || value == NULL) {
        return RUNNER_EINVAL;
    }
    runner__scope_t *scope = runner__scope_current();
    return vars_get(scope != NULL ? *scope_vars(scope) : NULL, var, value);
}

static int context_new(runner__vars_t *vars, runner_context_t **out)
{
    runner_context_t *context = runner__malloc(sizeof *context);
    if (context == NULL) {
        return RUNNER_ENOMEM;
    }
    atomic_init(&context->refs, 1);
    context->vars = runner__vars_ref(vars);
    *out = context;
    return 0;
}

int runner_context_new(runner_context_t **out)
{
    return out != NULL ? context_new(NULL, out) : RUNNER_EINVAL;
}

int runner_context_copy(runner_context_t **out)
{
    if (out == NULL) {
        return RUNNER_EINVAL;
    }
    runner__scope_t *scope = runner__scope_current();
    return context_new(scope != NULL ? *scope_vars(scope) : NULL, out);
}

int runner_context_get(const runner_context_t *context, const runner_var_t *var, void **value)
{
    if (context == NULL || var == NULL || value == NULL) {
        return RUNNER_EINVAL;
    }
    return vars_get(context->vars, var, value);
}

int runner_context_set(runner_context_t *context, runner_var_t *var, void *value)
{
    if (context == NULL || var == NULL) {
        return RUNNER_EINVAL;
    }
    return vars_set(&context->vars, var, value);
}

runner_context_t *runner_context_ref(runner_context_t *context)
{
    if (context != NULL) {
        ref(&context->refs);
    }
    return context;
}

void runner_context_unref(runner_context_t *context)
{
    if (context != NULL && unref(&context->refs)) {
        runner__vars_unref(context->vars);
        runner__free(context);
    }
}
