#include "reader.h"

#include <runner.h>
#include <string.h>

#define MOST_NUMBER (INT64_C(1) << 53)

/* Where an operation stands. */
typedef struct place {
    bool in_group;
    bool in_handler;
    bool in_callback;
} place_t;

static bool read_ops(reader_t *reader, const json_t *list, place_t place, ops_t *ops);

/* --- offences --- */

static void begin_offence(reader_t *reader)
{
    text_add(reader->offence, "conformance: %s: task %s", reader->program->name, reader->task);
    if (reader->where.length > 0) {
        text_add(reader->offence, ", op %s", reader->where.data);
    }
    text_add(reader->offence, ": ");
}

#define OFFENCE(reader, ...)                                                                       \
    (begin_offence(reader), text_add((reader)->offence, __VA_ARGS__), false)

static bool wrong_argument(reader_t *reader, const op_spec_t *spec, size_t index, const char *what)
{
    return OFFENCE(reader, "argument %zu of \"%s\" must be %s", index, spec->name, what);
}

/* --- arguments --- */

bool reader_number(const json_t *value, int64_t *number)
{
    if (!json_is_integer(value)) {
        return false;
    }
    *number = json_integer_value(value);
    return *number >= -MOST_NUMBER && *number <= MOST_NUMBER;
}

/* Control characters are none: a trace has one line for each event. */
bool reader_is_text(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ') {
            return false;
        }
    }
    return text != NULL;
}

int reader_find_task(const reader_t *reader, const char *name)
{
    for (int i = 0; i < reader->program->task_count; i++) {
        if (strcmp(reader->program->tasks[i].name, name) == 0) {
            return i;
        }
    }
    return NAME_UNKNOWN;
}

static bool read_text(const json_t *value, arena_t *arena, op_t *op)
{
    if (!reader_is_text(value)) {
        return false;
    }
    op->text_length = json_string_length(value);
    op->text = arena_text(arena, json_string_value(value), op->text_length);
    return true;
}

static bool read_error(const json_t *value, program_t *program, op_t *op)
{
    if (!json_is_string(value) ||
        !is_error_name(json_string_value(value), json_string_length(value))) {
        return false;
    }
    op->error = names_add(&program->names[NAMES_ERROR], program->arena, json_string_value(value));
    return true;
}

static bool read_mode(const json_t *value, op_t *op)
{
    static const struct {
        const char *name;
        int mode;
    } modes[] = {
        {"first", RUNNER_FIRST_COMPLETED},
        {"first_error", RUNNER_FIRST_EXCEPTION},
        {"all", RUNNER_ALL_COMPLETED},
    };
    for (size_t i = 0; json_is_string(value) && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(json_string_value(value), modes[i].name) == 0) {
            op->mode = modes[i].mode;
            return true;
        }
    }
    return false;
}

static bool read_time(const json_t *value, op_t *op)
{
    return reader_number(value, &op->number) && op->number >= 0;
}

static bool read_time_or_null(const json_t *value, op_t *op)
{
    if (json_is_null(value)) {
        op->number = NO_TIME;
        return true;
    }
    return read_time(value, op);
}

static bool read_task(reader_t *reader, const op_spec_t *spec, size_t index, const json_t *value,
                      op_t *op)
{
    if (!json_is_string(value)) {
        return wrong_argument(reader, spec, index, "a task");
    }
    op->task = reader_find_task(reader, json_string_value(value));
    if (op->task == NAME_UNKNOWN) {
        return OFFENCE(reader, "undefined task \"%s\"", json_string_value(value));
    }
    return true;
}

/* A name that is given to something new. Handles alone are of two kinds. */
static bool read_new(reader_t *reader, const op_spec_t *spec, arg_t arg, const json_t *value,
                     op_t *op)
{
    namespace_t names = NAMES_HANDLE;
    if (!reader_is_name(value)) {
        return wrong_argument(reader, spec, 1, "a name");
    }
    (void)reader_makes(arg, &names);
    op->name = names_find(&reader->program->names[names], json_string_value(value));
    if (names == NAMES_HANDLE) {
        unsigned as = arg == ARG_NEW_TASK ? MADE_TASK : MADE_FUTURE;
        reader->made[op->name] |= as;
        if (reader->made[op->name] != as) {
            return OFFENCE(reader, "\"%s\" is both a task and a future", json_string_value(value));
        }
    }
    return true;
}

/* A name that something of the program has been given. */
static bool read_old(reader_t *reader, const op_spec_t *spec, namespace_t names,
                     const json_t *value, op_t *op)
{
    if (!reader_is_name(value)) {
        return wrong_argument(reader, spec, 1, "a name");
    }
    const char *name = json_string_value(value);
    op->name = names_find(&reader->program->names[names], name);
    if (op->name == NAME_UNKNOWN) {
        return OFFENCE(reader, "undefined name \"%s\"", name);
    }
    if (spec->args[0] == ARG_FUTURE && (reader->made_ever[op->name] & MADE_FUTURE) == 0) {
        return OFFENCE(reader, "\"%s\" is not a future", name);
    }
    return true;
}

static bool read_var(reader_t *reader, const op_spec_t *spec, const json_t *value, op_t *op)
{
    program_t *program = reader->program;
    if (!reader_is_name(value)) {
        return wrong_argument(reader, spec, 1, "a name");
    }
    op->text = arena_text(program->arena, json_string_value(value), json_string_length(value));
    op->name = names_add(&program->names[NAMES_VAR], program->arena, op->text);
    return true;
}

static bool read_closable_name(reader_t *reader, const op_spec_t *spec, const json_t *value,
                               op_t *op)
{
    if (!reader_is_name(value)) {
        return wrong_argument(reader, spec, 1, "a name");
    }
    op->text =
        arena_text(reader->program->arena, json_string_value(value), json_string_length(value));
    return true;
}

static bool read_handles(reader_t *reader, const op_spec_t *spec, bool some, const json_t *value,
                         op_t *op)
{
    program_t *program = reader->program;
    size_t index;
    json_t *item;
    bool good = json_array_size(value) > 0 || (json_is_array(value) && !some);
    json_array_foreach(value, index, item)
    {
        good = good && reader_is_name(item);
    }
    if (!good) {
        return wrong_argument(reader, spec, 1, "a list of names");
    }
    op->names = arena_array(program->arena, json_array_size(value), sizeof *op->names);
    json_array_foreach(value, index, item)
    {
        int name = names_find(&program->names[NAMES_HANDLE], json_string_value(item));
        if (name == NAME_UNKNOWN) {
            return OFFENCE(reader, "undefined name \"%s\"", json_string_value(item));
        }
        op->names[op->names_count++] = name;
    }
    return true;
}

static bool is_handler_key(const char *key)
{
    for (int i = 0; i < HANDLERS; i++) {
        if (strcmp(handler_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* The handlers themselves; what is in them is read after the body. */
static bool check_handlers(reader_t *reader, const op_spec_t *spec, const json_t *value)
{
    const char *key;
    json_t *ops;
    if (!json_is_object(value)) {
        return wrong_argument(reader, spec, 2, "handlers");
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, ops)
    {
        if (!is_handler_key(key)) {
            return OFFENCE(reader, "unknown handler \"%s\"", key);
        }
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, ops)
    {
        if (!json_is_array(ops)) {
            return wrong_argument(reader, spec, 2, "handlers");
        }
    }
    return true;
}

static bool read_arg(reader_t *reader, const op_spec_t *spec, size_t index, const json_t *value,
                     op_t *op)
{
    program_t *program = reader->program;
    arg_t arg = spec->args[index - 1];
    switch (arg) {
    case ARG_TEXT:
        return read_text(value, program->arena, op) ||
               wrong_argument(reader, spec, index, "a text");
    case ARG_TIME:
        return read_time(value, op) || wrong_argument(reader, spec, index, "a time");
    case ARG_TIME_OR_NULL:
        return read_time_or_null(value, op) ||
               wrong_argument(reader, spec, index, "a time or null");
    case ARG_NUMBER:
        return reader_number(value, &op->number) || wrong_argument(reader, spec, index, "a number");
    case ARG_COUNT:
        return read_time(value, op) || wrong_argument(reader, spec, index, "a count");
    case ARG_ERROR:
        return read_error(value, program, op) ||
               wrong_argument(reader, spec, index, "an error name");
    case ARG_TASK:
        return read_task(reader, spec, index, value, op);
    case ARG_NEW_TASK:
    case ARG_NEW_FUTURE:
    case ARG_NEW_EVENT:
    case ARG_NEW_LOCK:
    case ARG_NEW_SEMAPHORE:
    case ARG_NEW_QUEUE:
        return read_new(reader, spec, arg, value, op);
    case ARG_HANDLE:
    case ARG_FUTURE:
        return read_old(reader, spec, NAMES_HANDLE, value, op);
    case ARG_EVENT:
        return read_old(reader, spec, NAMES_EVENT, value, op);
    case ARG_LOCK:
        return read_old(reader, spec, NAMES_LOCK, value, op);
    case ARG_SEMAPHORE:
        return read_old(reader, spec, NAMES_SEMAPHORE, value, op);
    case ARG_QUEUE:
        return read_old(reader, spec, NAMES_QUEUE, value, op);
    case ARG_HANDLES:
    case ARG_SOME_HANDLES:
        return read_handles(reader, spec, arg == ARG_SOME_HANDLES, value, op);
    case ARG_VAR:
        return read_var(reader, spec, value, op);
    case ARG_CLOSABLE:
        return read_closable_name(reader, spec, value, op);
    case ARG_MODE:
        return read_mode(value, op) || wrong_argument(reader, spec, index, "a mode");
    case ARG_FLAG:
        op->flag = json_is_true(value);
        return json_is_boolean(value) || wrong_argument(reader, spec, index, "true or false");
    case ARG_OPS:
    case ARG_CALLBACK_OPS:
        return json_is_array(value) || wrong_argument(reader, spec, index, "a list of operations");
    case ARG_HANDLERS:
        return check_handlers(reader, spec, value);
    default:
        return true;
    }
}

/* --- what is inside --- */

static bool read_in(reader_t *reader, const json_t *list, place_t place, const char *part,
                    ops_t *ops)
{
    size_t length = reader->where.length;
    if (part != NULL) {
        text_add(&reader->where, ".%s", part);
    }
    bool good = read_ops(reader, list, place, ops);
    if (good) {
        text_cut(&reader->where, length);
    }
    return good;
}

static bool read_handlers(reader_t *reader, const json_t *value, place_t place, op_t *op)
{
    op->handlers = arena_alloc(reader->program->arena, sizeof *op->handlers);
    for (int i = 0; i < HANDLERS; i++) {
        const json_t *list = json_object_get(value, handler_keys[i]);
        place.in_handler = i != HANDLER_FINALLY;
        op->handlers->has[i] = list != NULL;
        if (list != NULL && !read_in(reader, list, place, handler_keys[i], &op->handlers->ops[i])) {
            return false;
        }
    }
    return true;
}

static bool read_inside(reader_t *reader, const op_spec_t *spec, const json_t *list, place_t place,
                        op_t *op)
{
    size_t last = json_array_size(list) - 1;
    if (op->kind == OP_TRY) {
        return read_in(reader, json_array_get(list, 1), place, "body", &op->body) &&
               read_handlers(reader, json_array_get(list, 2), place, op);
    }
    if (last == 0 ||
        (spec->args[last - 1] != ARG_OPS && spec->args[last - 1] != ARG_CALLBACK_OPS)) {
        return true;
    }
    if (op->kind == OP_GROUP) {
        place.in_group = true;
    } else if (op->kind == OP_CLOSABLE) {
        place = (place_t){false, false, false};
    } else if (spec->args[last - 1] == ARG_CALLBACK_OPS) {
        place = (place_t){false, false, true};
    }
    return read_in(reader, json_array_get(list, last), place, NULL, &op->body);
}

/* --- operations --- */

static bool read_args(reader_t *reader, const op_spec_t *spec, const json_t *list, op_t *op)
{
    size_t wants = op_spec_arguments(spec);
    size_t got = json_array_size(list) - 1;
    if (wants != got) {
        return OFFENCE(reader, "\"%s\" takes %zu argument%s, got %zu", spec->name, wants,
                       wants == 1 ? "" : "s", got);
    }
    for (size_t index = 1; index <= wants; index++) {
        if (!read_arg(reader, spec, index, json_array_get(list, index), op)) {
            return false;
        }
    }
    return true;
}

static bool read_op(reader_t *reader, const json_t *list, place_t place, op_t *op)
{
    const json_t *first = json_array_get(list, 0);
    if (!json_is_string(first)) {
        return OFFENCE(reader, "not an operation");
    }
    const op_spec_t *spec = op_spec_find(json_string_value(first));
    if (spec == NULL) {
        return OFFENCE(reader, "unknown operation \"%s\"", json_string_value(first));
    }
    op->kind = (op_kind_t)(spec - op_specs);
    if (place.in_callback && !spec->in_callback) {
        return OFFENCE(reader, "\"%s\" cannot be used in a callback", spec->name);
    }
    if (op->kind == OP_GSPAWN && !place.in_group) {
        return OFFENCE(reader, "\"gspawn\" outside of a group");
    }
    if (op->kind == OP_RAISE && !place.in_handler) {
        return OFFENCE(reader, "\"raise\" outside of a handler");
    }
    return read_args(reader, spec, list, op) && read_inside(reader, spec, list, place, op);
}

static bool read_ops(reader_t *reader, const json_t *list, place_t place, ops_t *ops)
{
    size_t length = reader->where.length;
    size_t index;
    json_t *item;
    ops->list = arena_array(reader->program->arena, json_array_size(list), sizeof *ops->list);
    if (++reader->depth > reader->program->depth) {
        reader->program->depth = reader->depth;
    }
    json_array_foreach(list, index, item)
    {
        text_add(&reader->where, length > 0 ? ".%zu" : "%zu", index);
        if (!read_op(reader, item, place, &ops->list[ops->count])) {
            return false;
        }
        ops->count++;
        text_cut(&reader->where, length);
    }
    reader->depth--;
    return true;
}

bool reader_body(reader_t *reader, const char *task, const json_t *list, ops_t *ops)
{
    reader->task = task;
    text_cut(&reader->where, 0);
    if (!json_is_array(list)) {
        return OFFENCE(reader, "body must be a list");
    }
    return read_ops(reader, list, (place_t){false, false, false}, ops);
}
