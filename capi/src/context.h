/*
 * Context variables. The variables of a context are an immutable array that copies share; a write
 * makes a new array unless nobody else holds it. So a copy at spawn costs one increment, and
 * nothing at all while no variable was ever set.
 */
#ifndef RUNNER__CONTEXT_H
#define RUNNER__CONTEXT_H

#include "loop.h"
#include "runner/context.h"

typedef struct runner__vars runner__vars_t;

/* Where a task or callback finds its variables: in a context of the program, or in its own copy. */
typedef struct runner__scope {
    runner__vars_t *vars;      /* meaningful without a context; NULL while nothing is set */
    runner_context_t *context; /* shared, or NULL */
} runner__scope_t;

struct runner_context {
    atomic_uint refs;
    runner__vars_t *vars;
};

runner__vars_t *runner__vars_ref(runner__vars_t *vars);
void runner__vars_unref(runner__vars_t *vars);

/* The scope that the running code sees: the running entry's, else the thread's own; NULL if the
 * thread never set anything. */
runner__scope_t *runner__scope_current(void);

/* A scope with a copy of the current variables. */
void runner__scope_copy(runner__scope_t *scope);

/* The same, knowing whose variables those are; NULL for nobody's. */
static inline void runner__scope_copy_from(runner__scope_t *scope, const runner__scope_t *from)
{
    runner__vars_t *vars = NULL;
    if (from != NULL) {
        vars = from->context != NULL ? from->context->vars : from->vars;
    }
    scope->context = NULL;
    scope->vars = vars != NULL ? runner__vars_ref(vars) : NULL;
}

/* A scope that shares a context. */
void runner__scope_share(runner__scope_t *scope, runner_context_t *context);

void runner__scope_clear(runner__scope_t *scope);

static inline void runner__scope_fini(runner__scope_t *scope)
{
    if (scope->vars != NULL || scope->context != NULL) {
        runner__scope_clear(scope);
    }
}

/* Makes a scope the calling thread's own for a while, outside of any loop. Returns the scope to
 * go back to. */
runner__scope_t *runner__scope_enter_thread(runner__scope_t *scope);

static inline void runner__scope_init(runner__scope_t *scope)
{
    scope->vars = NULL;
    scope->context = NULL;
}

#endif
