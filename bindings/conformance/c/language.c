#include "language.h"

#include <string.h>

const op_spec_t op_specs[OP_KINDS] = {
    [OP_LOG] = {"log", {ARG_TEXT}, true},
    [OP_YIELD] = {"yield", {ARG_NONE}, false},
    [OP_SLEEP] = {"sleep", {ARG_TIME}, false},
    [OP_SPAWN] = {"spawn", {ARG_NEW_TASK, ARG_TASK}, false},
    [OP_AWAIT] = {"await", {ARG_HANDLE}, false},
    [OP_RETURN] = {"return", {ARG_NUMBER}, false},
    [OP_FAIL] = {"fail", {ARG_ERROR}, false},
    [OP_RAISE] = {"raise", {ARG_NONE}, false},
    [OP_TRY] = {"try", {ARG_OPS, ARG_HANDLERS}, false},
    [OP_CANCEL] = {"cancel", {ARG_HANDLE}, true},
    [OP_CANCEL_SELF] = {"cancel_self", {ARG_NONE}, false},
    [OP_CANCELLING] = {"cancelling", {ARG_NONE}, false},
    [OP_UNCANCEL] = {"uncancel", {ARG_NONE}, false},
    [OP_STATE] = {"state", {ARG_HANDLE}, false},
    [OP_FUTURE] = {"future", {ARG_NEW_FUTURE}, false},
    [OP_RESOLVE] = {"resolve", {ARG_FUTURE, ARG_NUMBER}, true},
    [OP_REJECT] = {"reject", {ARG_FUTURE, ARG_ERROR}, true},
    [OP_SHIELD] = {"shield", {ARG_HANDLE}, false},
    [OP_GATHER] = {"gather", {ARG_HANDLES, ARG_FLAG}, false},
    [OP_WAIT] = {"wait", {ARG_SOME_HANDLES, ARG_MODE, ARG_TIME_OR_NULL}, false},
    [OP_GROUP] = {"group", {ARG_OPS}, false},
    [OP_GSPAWN] = {"gspawn", {ARG_NEW_TASK, ARG_TASK}, false},
    [OP_TIMEOUT] = {"timeout", {ARG_TIME, ARG_OPS}, false},
    [OP_EVENT_NEW] = {"event_new", {ARG_NEW_EVENT}, false},
    [OP_EVENT_SET] = {"event_set", {ARG_EVENT}, true},
    [OP_EVENT_CLEAR] = {"event_clear", {ARG_EVENT}, false},
    [OP_EVENT_WAIT] = {"event_wait", {ARG_EVENT}, false},
    [OP_LOCK_NEW] = {"lock_new", {ARG_NEW_LOCK}, false},
    [OP_LOCK] = {"lock", {ARG_LOCK, ARG_OPS}, false},
    [OP_SEM_NEW] = {"sem_new", {ARG_NEW_SEMAPHORE, ARG_COUNT}, false},
    [OP_SEM] = {"sem", {ARG_SEMAPHORE, ARG_OPS}, false},
    [OP_QUEUE_NEW] = {"queue_new", {ARG_NEW_QUEUE, ARG_COUNT}, false},
    [OP_PUT] = {"put", {ARG_QUEUE, ARG_NUMBER}, false},
    [OP_GET] = {"get", {ARG_QUEUE}, false},
    [OP_CALL_SOON] = {"call_soon", {ARG_CALLBACK_OPS}, true},
    [OP_CALL_LATER] = {"call_later", {ARG_TIME, ARG_CALLBACK_OPS}, true},
    [OP_VAR_SET] = {"var_set", {ARG_VAR, ARG_NUMBER}, false},
    [OP_VAR_GET] = {"var_get", {ARG_VAR}, false},
    [OP_CLOSABLE] = {"closable", {ARG_CLOSABLE, ARG_OPS}, false},
    [OP_REPEAT] = {"repeat", {ARG_COUNT, ARG_OPS}, false},
};

const char *const handler_keys[HANDLERS] = {
    [HANDLER_CANCELLED] = "cancelled", [HANDLER_ERROR] = "error",     [HANDLER_TIMEOUT] = "timeout",
    [HANDLER_GROUP] = "group",         [HANDLER_FINALLY] = "finally",
};

const op_spec_t *op_spec_find(const char *name)
{
    for (int kind = 0; kind < OP_KINDS; kind++) {
        if (strcmp(op_specs[kind].name, name) == 0) {
            return &op_specs[kind];
        }
    }
    return NULL;
}

size_t op_spec_arguments(const op_spec_t *spec)
{
    size_t count = 0;
    while (count < MOST_ARGUMENTS && spec->args[count] != ARG_NONE) {
        count++;
    }
    return count;
}
