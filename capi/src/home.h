/*
 * What every object of a runner refers to: its loop, and what a handle must be checked against.
 *
 * A runner_t begins with its home (handle.h asserts it), so that the lower layers can check and
 * open a runner without knowing the rest of it. A home outlives runner_free() while the program
 * still holds tasks or futures of it.
 */
#ifndef RUNNER__HOME_H
#define RUNNER__HOME_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/pool.h"
#include "loop.h"
#include "runner/types.h"

#define RUNNER__MAGIC_ALIVE UINT32_C(0x52554e52)
#define RUNNER__MAGIC_FREED UINT32_C(0xdead5255)

typedef enum runner__phase {
    RUNNER__CREATED, /* no loop yet */
    RUNNER__OPEN,    /* has a loop */
    RUNNER__CLOSED
} runner__phase_t;

typedef struct runner__home runner__home_t;

/* Something that is to be freed and holds other things, which may be the last to hold others again.
 * They may be nested deeper than a stack is, so they are freed one after the other. */
typedef struct runner__trash {
    runner__node_t node;
    void (*free)(struct runner__trash *trash);
} runner__trash_t;

struct runner__home {
    runner__loop_t loop;
    uint32_t magic;
    uint32_t fork_generation;                /* of the process that made it */
    atomic_int phase;                        /* runner__phase_t */
    atomic_bool busy;                        /* a thread runs or closes it */
    int (*open)(runner__home_t *home);       /* makes the loop */
    void (*free_last)(runner__home_t *home); /* set once freed: the last object is gone */
    runner__node_t failed;                   /* futures that failed and whose outcome nobody took */
    uint64_t created;                        /* futures and tasks so far: their order */
    size_t alive;                            /* futures and tasks that have memory */
    runner__pool_t futures;                  /* plain ones that are free */
    runner__node_t trash;
    bool emptying; /* the trash */
};

int runner__home_init(runner__home_t *home, const runner__loop_hooks_t *hooks);

/* 0, RUNNER_EINVAL (NULL, or not a live handle) or RUNNER_EFORK. */
int runner__home_check(const runner_t *self);

/* Checks a handle for a call that schedules something, and opens it on first use. Also
 * RUNNER_ECLOSED, RUNNER_ETHREAD in debug mode, or why it could not be opened. */
int runner__home_use(runner_t *self, runner__home_t **out);

/* RUNNER_ETHREAD if debug mode finds that another thread runs the loop. */
int runner__home_check_thread(const runner__home_t *home);

/* Frees it, now or behind what is being freed. */
void runner__home_throw(runner__home_t *home, runner__trash_t *trash,
                        void (*free)(runner__trash_t *trash));

static inline runner__phase_t runner__home_phase(const runner__home_t *home)
{
    return (runner__phase_t)atomic_load_explicit(&home->phase, memory_order_acquire);
}

static inline runner__home_t *runner__home_of(const runner_t *self)
{
    return (runner__home_t *)(uintptr_t)self;
}

/* An object of this home begins or ends to have memory. */
static inline void runner__home_hold(runner__home_t *home)
{
    home->alive++;
}

static inline void runner__home_drop(runner__home_t *home)
{
    if (--home->alive == 0 && RUNNER__UNLIKELY(home->free_last != NULL)) {
        home->free_last(home);
    }
}

#endif
