/* The operations of the language: their names, their arguments, where they may stand. */
#ifndef CONFORMANCE_LANGUAGE_H
#define CONFORMANCE_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#define MOST_ARGUMENTS 3

typedef enum op_kind {
    OP_LOG,
    OP_YIELD,
    OP_SLEEP,
    OP_SPAWN,
    OP_AWAIT,
    OP_RETURN,
    OP_FAIL,
    OP_RAISE,
    OP_TRY,
    OP_CANCEL,
    OP_CANCEL_SELF,
    OP_CANCELLING,
    OP_UNCANCEL,
    OP_STATE,
    OP_FUTURE,
    OP_RESOLVE,
    OP_REJECT,
    OP_SHIELD,
    OP_GATHER,
    OP_WAIT,
    OP_GROUP,
    OP_GSPAWN,
    OP_TIMEOUT,
    OP_EVENT_NEW,
    OP_EVENT_SET,
    OP_EVENT_CLEAR,
    OP_EVENT_WAIT,
    OP_LOCK_NEW,
    OP_LOCK,
    OP_SEM_NEW,
    OP_SEM,
    OP_QUEUE_NEW,
    OP_PUT,
    OP_GET,
    OP_CALL_SOON,
    OP_CALL_LATER,
    OP_VAR_SET,
    OP_VAR_GET,
    OP_CLOSABLE,
    OP_REPEAT,
    OP_KINDS
} op_kind_t;

typedef enum arg {
    ARG_NONE,
    ARG_TEXT,
    ARG_TIME,
    ARG_TIME_OR_NULL,
    ARG_NUMBER,
    ARG_COUNT, /* a number that is not negative */
    ARG_ERROR,
    ARG_TASK,
    ARG_NEW_TASK,   /* the name that is given to one */
    ARG_NEW_FUTURE, /* likewise */
    ARG_HANDLE,     /* of a task or future */
    ARG_HANDLES,
    ARG_SOME_HANDLES, /* at least one */
    ARG_FUTURE,
    ARG_NEW_EVENT,
    ARG_EVENT,
    ARG_NEW_LOCK,
    ARG_LOCK,
    ARG_NEW_SEMAPHORE,
    ARG_SEMAPHORE,
    ARG_NEW_QUEUE,
    ARG_QUEUE,
    ARG_VAR,
    ARG_CLOSABLE, /* its name */
    ARG_MODE,
    ARG_FLAG,
    ARG_OPS,
    ARG_CALLBACK_OPS,
    ARG_HANDLERS
} arg_t;

/* What `try` can have, in the order in which it is read. */
typedef enum handler {
    HANDLER_CANCELLED,
    HANDLER_ERROR,
    HANDLER_TIMEOUT,
    HANDLER_GROUP,
    HANDLER_FINALLY,
    HANDLERS
} handler_t;

typedef struct op_spec {
    const char *name;
    arg_t args[MOST_ARGUMENTS];
    bool in_callback; /* may stand in a callback */
} op_spec_t;

/* By op_kind_t. */
extern const op_spec_t op_specs[OP_KINDS];

/* By handler_t. */
extern const char *const handler_keys[HANDLERS];

/* NULL if there is no such operation. */
const op_spec_t *op_spec_find(const char *name);

size_t op_spec_arguments(const op_spec_t *spec);

#endif
