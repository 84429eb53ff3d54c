/* What the operations of a program make. */
#include "reader.h"

bool reader_makes(arg_t arg, namespace_t *names)
{
    switch (arg) {
    case ARG_NEW_TASK:
    case ARG_NEW_FUTURE:
        *names = NAMES_HANDLE;
        return true;
    case ARG_NEW_EVENT:
        *names = NAMES_EVENT;
        return true;
    case ARG_NEW_LOCK:
        *names = NAMES_LOCK;
        return true;
    case ARG_NEW_SEMAPHORE:
        *names = NAMES_SEMAPHORE;
        return true;
    case ARG_NEW_QUEUE:
        *names = NAMES_QUEUE;
        return true;
    default:
        return false;
    }
}

static const op_spec_t *spec_of(const json_t *op)
{
    const json_t *first = json_array_get(op, 0);
    return json_is_string(first) ? op_spec_find(json_string_value(first)) : NULL;
}

bool reader_is_name(const json_t *value)
{
    return json_is_string(value) && is_name(json_string_value(value), json_string_length(value));
}

static void collect_name(reader_t *reader, arg_t arg, namespace_t names, const char *name)
{
    program_t *program = reader->program;
    names_t *table = &program->names[names];
    int room = table->room;
    int number = names_add(table, program->arena, name);
    if (names != NAMES_HANDLE) {
        return;
    }
    if (table->room != room) {
        unsigned *ever = arena_array(program->arena, (size_t)table->room, sizeof *ever);
        for (int i = 0; i < number; i++) {
            ever[i] = reader->made_ever[i];
        }
        reader->made_ever = ever;
        reader->made = arena_array(program->arena, (size_t)table->room, sizeof *reader->made);
    }
    reader->made_ever[number] |= arg == ARG_NEW_TASK ? MADE_TASK : MADE_FUTURE;
}

static void collect_arg(reader_t *reader, arg_t arg, const json_t *value)
{
    namespace_t names;
    if (reader_makes(arg, &names)) {
        if (reader_is_name(value)) {
            collect_name(reader, arg, names, json_string_value(value));
        }
    } else if (arg == ARG_OPS || arg == ARG_CALLBACK_OPS) {
        reader_collect(reader, value);
    } else if (arg == ARG_HANDLERS) {
        for (int i = 0; i < HANDLERS; i++) {
            reader_collect(reader, json_object_get(value, handler_keys[i]));
        }
    }
}

void reader_collect(reader_t *reader, const json_t *list)
{
    size_t index;
    json_t *op;
    json_array_foreach(list, index, op)
    {
        const op_spec_t *spec = spec_of(op);
        for (size_t i = 0; spec != NULL && i < MOST_ARGUMENTS; i++) {
            collect_arg(reader, spec->args[i], json_array_get(op, i + 1));
        }
    }
}
