/*
 * Guards: the address range below each stack that must fault.
 */
#ifndef RUNNER__CORO_GUARD_H
#define RUNNER__CORO_GUARD_H

#include "slab.h"

typedef enum runner__guard_mode {
    RUNNER__GUARD_UNKNOWN = 0,
    RUNNER__GUARD_MADVISE,  /* page-table marks: no mapping of their own, any number of them */
    RUNNER__GUARD_MPROTECT, /* two mappings per stack, of which a process has a limited number */
    RUNNER__GUARD_CANARY    /* no guard: a word below the frames, looked at now and then */
} runner__guard_mode_t;

size_t runner__guard_bytes(void);

/* Guards a whole new slab at once where the system can. */
void runner__guard_slab(runner__slab_t *slab);

/* Guards one stack. 0 = it stands without a guard and needs a canary. */
int runner__guard_stack(runner__slab_t *slab, uint32_t index);

/* Before the slab is unmapped. */
void runner__guard_forget(runner__slab_t *slab);

/* For tests: what new stacks use from now on. */
void runner__guard_force(runner__guard_mode_t mode);
runner__guard_mode_t runner__guard_current(void);

#endif
