/* What objects_native.c and coroutines.c share: handles of librunner, and who holds them. */
#ifndef CONFORMANCE_NATIVE_H
#define CONFORMANCE_NATIVE_H

#include "trace.h"

/* What is held until the end. */
typedef enum kept_kind {
    KEPT_TASK,
    KEPT_FUTURE,
    KEPT_GROUP,
    KEPT_ERRORS,
    KEPT_TIMEOUT,
    KEPT_EVENT,
    KEPT_LOCK,
    KEPT_SEMAPHORE,
    KEPT_QUEUE,
    KEPT_VAR,
    KEPT_TIMER
} kept_kind_t;

struct held {
    struct kept *kept;    /* the newest first */
    const path_t **paths; /* by number of the task; NULL for those of librunner itself */
    size_t paths_room;
};

/* Takes over one reference, and gives it back at the end. */
void keep(world_t *world, kept_kind_t kind, void *object);

/* Nobody but this mode has objects of these types: they are the handles themselves. */
static inline runner_future_t *future_of(const future_t *future)
{
    return (runner_future_t *)(uintptr_t)future;
}

/* NULL unless it is one of RUNNER_EGROUP whose errors are known. */
errors_t *errors_of(int code, runner_error_group_t *errors);

/* The exception handler; its argument is the world. */
int report_exception(runner_t *runner, const runner_exception_t *exception, void *arg);

/* As the library takes them: in a pointer. */
static inline void *value_of(int64_t number)
{
    return (void *)(intptr_t)number;
}

static inline int64_t number_of(const void *value)
{
    return (int64_t)(intptr_t)value;
}

#endif
