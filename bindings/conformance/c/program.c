#include "program.h"

#include <string.h>

#include "reader.h"

static const char *const program_keys[] = {"name", "tasks", "runs", "min_version", "differs", NULL};
#define PROGRAM_KEYS_NEEDED 3

static const char *const run_keys[] = {"task", "context", "interrupt_at", NULL};
#define RUN_KEYS_NEEDED 1

/* --- offences --- */

/* What a program says of itself may have control characters, and an offence is one line. */
static void make_one_line(text_t *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if ((unsigned char)text->data[i] < ' ') {
            text->data[i] = '?';
        }
    }
}

void program_offence(text_t *offence, const char *program, const char *reason)
{
    text_add(offence, "conformance: %s: %s", program, reason);
    make_one_line(offence);
}

#define OFFENCE(reader, ...)                                                                       \
    (text_add((reader)->offence, "conformance: %s: ", (reader)->program->name),                    \
     text_add((reader)->offence, __VA_ARGS__), false)

static void say_run(reader_t *reader, size_t index)
{
    text_add(reader->offence, "conformance: %s: run %zu: ", reader->program->name, index);
}

#define RUN_OFFENCE(reader, index, ...)                                                            \
    (say_run(reader, index), text_add((reader)->offence, __VA_ARGS__), false)

/* --- keys --- */

static const char *missing_key(const json_t *object, const char *const *keys, int needed)
{
    for (int i = 0; i < needed; i++) {
        if (json_object_get(object, keys[i]) == NULL) {
            return keys[i];
        }
    }
    return NULL;
}

static bool is_one_of(const char *key, const char *const *keys)
{
    while (*keys != NULL && strcmp(*keys, key) != 0) {
        keys++;
    }
    return *keys != NULL;
}

static const char *unknown_key(const json_t *object, const char *const *keys)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!is_one_of(key, keys)) {
            return key;
        }
    }
    return NULL;
}

static bool check_keys(reader_t *reader, const json_t *root)
{
    const char *key = missing_key(root, program_keys, PROGRAM_KEYS_NEEDED);
    if (key != NULL) {
        return OFFENCE(reader, "missing key \"%s\"", key);
    }
    key = unknown_key(root, program_keys);
    return key == NULL || OFFENCE(reader, "unknown key \"%s\"", key);
}

/* --- tasks --- */

static void define_tasks(reader_t *reader, const json_t *tasks)
{
    program_t *program = reader->program;
    const char *name;
    json_t *body;
    program->tasks = arena_array(program->arena, json_object_size(tasks), sizeof *program->tasks);
    json_object_foreach((json_t *)(uintptr_t)tasks, name, body)
    {
        program->tasks[program->task_count++].name = arena_text(program->arena, name, strlen(name));
        reader_collect(reader, body);
    }
}

static bool read_tasks(reader_t *reader, const json_t *tasks)
{
    const char *name;
    json_t *body;
    int index = 0;
    if (!json_is_object(tasks)) {
        return OFFENCE(reader, "\"tasks\" must be an object");
    }
    define_tasks(reader, tasks);
    json_object_foreach((json_t *)(uintptr_t)tasks, name, body)
    {
        if (!is_name(name, strlen(name))) {
            return OFFENCE(reader, "bad task name \"%s\"", name);
        }
        if (!reader_body(reader, name, body, &reader->program->tasks[index++].body)) {
            return false;
        }
    }
    return true;
}

/* --- runs --- */

static bool read_interrupts(const json_t *times, run_def_t *run)
{
    size_t index;
    json_t *time;
    if (!json_is_array(times) || json_array_size(times) > MOST_INTERRUPTS) {
        return false;
    }
    json_array_foreach(times, index, time)
    {
        int64_t *at = &run->interrupt_at[run->interrupts++];
        if (!reader_number(time, at) || *at < 0) {
            return false;
        }
    }
    return true;
}

static bool read_run(reader_t *reader, const json_t *object, size_t index, run_def_t *run)
{
    if (!json_is_object(object)) {
        return RUN_OFFENCE(reader, index, "not a JSON object");
    }
    const char *key = missing_key(object, run_keys, RUN_KEYS_NEEDED);
    if (key != NULL) {
        return RUN_OFFENCE(reader, index, "missing key \"%s\"", key);
    }
    key = unknown_key(object, run_keys);
    if (key != NULL) {
        return RUN_OFFENCE(reader, index, "unknown key \"%s\"", key);
    }
    const char *task = json_string_value(json_object_get(object, "task"));
    if (task == NULL) {
        return RUN_OFFENCE(reader, index, "\"task\" must be a text");
    }
    run->task = reader_find_task(reader, task);
    if (run->task == NAME_UNKNOWN) {
        return RUN_OFFENCE(reader, index, "undefined task \"%s\"", task);
    }
    const json_t *context = json_object_get(object, "context");
    run->fresh_context = context != NULL;
    if (context != NULL &&
        (!json_is_string(context) || strcmp(json_string_value(context), "fresh") != 0)) {
        return RUN_OFFENCE(reader, index, "\"context\" must be \"fresh\"");
    }
    const json_t *times = json_object_get(object, "interrupt_at");
    if (times != NULL && !read_interrupts(times, run)) {
        return RUN_OFFENCE(reader, index, "\"interrupt_at\" must be a list of at most 2 times");
    }
    reader->program->interrupts = reader->program->interrupts || run->interrupts > 0;
    return true;
}

static bool read_runs(reader_t *reader, const json_t *runs)
{
    program_t *program = reader->program;
    size_t index;
    json_t *run;
    if (!json_is_array(runs)) {
        return OFFENCE(reader, "\"runs\" must be a list");
    }
    if (json_array_size(runs) == 0) {
        return OFFENCE(reader, "\"runs\" must not be empty");
    }
    program->runs = arena_array(program->arena, json_array_size(runs), sizeof *program->runs);
    json_array_foreach(runs, index, run)
    {
        if (!read_run(reader, run, index, &program->runs[program->run_count++])) {
            return false;
        }
    }
    return true;
}

/* --- the whole --- */

static bool check_text(reader_t *reader, const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);
    return value == NULL || json_is_string(value) || OFFENCE(reader, "\"%s\" must be a text", key);
}

static bool read_root(reader_t *reader, const json_t *root)
{
    const json_t *name = json_object_get(root, "name");
    bool named = reader_is_text(name) && json_string_length(name) > 0;
    program_t *program = reader->program;
    if (named) {
        program->name =
            arena_text(program->arena, json_string_value(name), json_string_length(name));
    }
    return check_keys(reader, root) && (named || OFFENCE(reader, "\"name\" must be a text")) &&
           read_tasks(reader, json_object_get(root, "tasks")) &&
           read_runs(reader, json_object_get(root, "runs")) &&
           check_text(reader, root, "min_version") && check_text(reader, root, "differs");
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* jansson refuses a text with a number that is too big for it. Such a number is JSON, and wrong at
 * every place: a fraction, which is wrong there too, takes its place. */
static bool replace_number(text_t *text, const json_error_t *error)
{
    size_t end = error->position > 0 ? (size_t)error->position : 0;
    while (end > 0 && end <= text->length && !is_of_number(text->data[end - 1])) {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && begin <= text->length && is_of_number(text->data[begin - 1])) {
        begin--;
    }
    if (end - begin < 3) {
        return false;
    }
    memset(text->data + begin, ' ', end - begin);
    memcpy(text->data + begin, "0.5", 3);
    return true;
}

static json_t *load(const char *json, size_t length)
{
    json_error_t error;
    json_t *root = json_loadb(json, length, JSON_ALLOW_NUL, &error);
    if (root != NULL || json_error_code(&error) != json_error_numeric_overflow) {
        return root;
    }
    text_t text = {NULL, 0, 0};
    text_add_bytes(&text, json, length);
    while (root == NULL && json_error_code(&error) == json_error_numeric_overflow &&
           replace_number(&text, &error)) {
        root = json_loadb(text.data, text.length, JSON_ALLOW_NUL, &error);
    }
    text_free(&text);
    return root;
}

bool program_read(program_t *program, arena_t *arena, const char *json, size_t length,
                  const char *file, text_t *offence)
{
    *program = (program_t){.arena = arena, .name = file};
    (void)names_add(&program->names[NAMES_ERROR], arena, "NameError");
    (void)names_add(&program->names[NAMES_ERROR], arena, "RuntimeError");
    json_t *root = load(json, length);
    if (!json_is_object(root)) {
        json_decref(root);
        program_offence(offence, file, "not a JSON object");
        return false;
    }
    reader_t reader = {.program = program, .offence = offence};
    bool good = read_root(&reader, root);
    json_decref(root);
    text_free(&reader.where);
    make_one_line(offence);
    return good;
}
