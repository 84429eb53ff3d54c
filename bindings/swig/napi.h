// What the typemaps of napi.i call. It goes into the output for Node as it is. Each function that
// takes a value returns false with an exception thrown if it cannot.
#include <cmath>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

// ---- numbers and texts --------------------------------------------------------------------------

static const double core_max_safe = 9007199254740991.0; // 2^53 - 1

static bool core_throw_type(napi_env env, const char *text)
{
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text);
    return false;
}

static bool core_throw_range(napi_env env, const char *text)
{
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text);
    return false;
}

// An integer of at most 53 bits.
static bool core_to_integer(napi_env env, napi_value value, double least, double most, double *out)
{
    if (napi_get_value_double(env, value, out) != napi_ok)
        return core_throw_type(env, "expected a number");
    if (std::trunc(*out) != *out) // also what is not a number, or infinite
        return core_throw_range(env, "expected an integer");
    if (*out < least || *out > most)
        return core_throw_range(env, "the integer is out of range");
    return true;
}

static bool core_to_int32(napi_env env, napi_value value, int32_t *out)
{
    double number;
    if (!core_to_integer(env, value, INT32_MIN, INT32_MAX, &number))
        return false;
    *out = static_cast<int32_t>(number);
    return true;
}

static bool core_to_uint32(napi_env env, napi_value value, uint32_t *out)
{
    double number;
    if (!core_to_integer(env, value, 0, UINT32_MAX, &number))
        return false;
    *out = static_cast<uint32_t>(number);
    return true;
}

static bool core_to_size(napi_env env, napi_value value, size_t *out)
{
    uint32_t number;
    if (!core_to_uint32(env, value, &number))
        return false;
    *out = number;
    return true;
}

static bool core_is_bigint(napi_env env, napi_value value)
{
    napi_valuetype type;
    return napi_typeof(env, value, &type) == napi_ok && type == napi_bigint;
}

static bool core_to_int64(napi_env env, napi_value value, int64_t *out)
{
    double number;
    bool lossless;
    if (core_is_bigint(env, value)) {
        napi_get_value_bigint_int64(env, value, out, &lossless);
        return lossless || core_throw_range(env, "the integer does not fit in 64 bits");
    }
    if (!core_to_integer(env, value, -core_max_safe, core_max_safe, &number))
        return false;
    *out = static_cast<int64_t>(number);
    return true;
}

static bool core_to_uint64(napi_env env, napi_value value, uint64_t *out)
{
    double number;
    bool lossless;
    if (core_is_bigint(env, value)) {
        napi_get_value_bigint_uint64(env, value, out, &lossless);
        return lossless ||
               core_throw_range(env, "the integer does not fit in 64 bits, or is negative");
    }
    if (!core_to_integer(env, value, 0, core_max_safe, &number))
        return false;
    *out = static_cast<uint64_t>(number);
    return true;
}

static napi_value core_number(napi_env env, double number)
{
    napi_value value = nullptr;
    napi_create_double(env, number, &value);
    return value;
}

static napi_value core_from_int64(napi_env env, int64_t number)
{
    napi_value value = nullptr;
    if (std::fabs(static_cast<double>(number)) <= core_max_safe)
        return core_number(env, static_cast<double>(number));
    napi_create_bigint_int64(env, number, &value);
    return value;
}

static napi_value core_from_uint64(napi_env env, uint64_t number)
{
    napi_value value = nullptr;
    if (number <= static_cast<uint64_t>(core_max_safe))
        return core_number(env, static_cast<double>(number));
    napi_create_bigint_uint64(env, number, &value);
    return value;
}

static napi_value core_null(napi_env env)
{
    napi_value value = nullptr;
    napi_get_null(env, &value);
    return value;
}

// NULL is null.
static napi_value core_text(napi_env env, const char *text)
{
    napi_value value = nullptr;
    if (text == nullptr)
        return core_null(env);
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    return value;
}

static bool core_is_null(napi_env env, napi_value value)
{
    napi_valuetype type = napi_null;
    napi_typeof(env, value, &type);
    return type == napi_null || type == napi_undefined;
}

// A text that C can take; empty for null.
static bool core_to_text(napi_env env, napi_value value, std::string *storage)
{
    size_t length = 0;
    if (core_is_null(env, value))
        return true;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
        return core_throw_type(env, "expected a string");
    storage->resize(length + 1);
    napi_get_value_string_utf8(env, value, &(*storage)[0], length + 1, &length);
    storage->resize(length);
    if (storage->find('\0') != std::string::npos)
        return core_throw_type(env, "a string with a zero in it");
    return true;
}

// ---- handles ------------------------------------------------------------------------------------

// What stands before each thing that an External points to: the address of its kind.
struct core_kind {
    const char *expected;
    void (*collect)(void *data);
};

struct core_handle {
    const core_kind *kind;
    void *data;
};

static const core_kind core_runner_kind = {
    "expected a runner",
    [](void *data) { core_runner_collect(static_cast<core_runner_t *>(data)); }};
static const core_kind core_events_kind = {
    "expected a buffer of events",
    [](void *data) { core_events_unref(static_cast<core_events_t *>(data)); }};
static const core_kind core_commands_kind = {
    "expected a buffer of commands",
    [](void *data) { core_commands_free(static_cast<core_commands_t *>(data)); }};

static void core_collect(napi_env, void *data, void *)
{
    core_handle *handle = static_cast<core_handle *>(data);
    handle->kind->collect(handle->data);
    delete handle;
}

// nullptr, with an exception thrown: `data` is NULL, or there is no memory. It is released then.
static napi_value core_from_handle(napi_env env, const core_kind *kind, void *data)
{
    napi_value value = nullptr;
    core_handle *handle = data ? new (std::nothrow) core_handle{kind, data} : nullptr;
    if (handle != nullptr &&
        napi_create_external(env, handle, core_collect, nullptr, &value) == napi_ok)
        return value;
    if (data != nullptr)
        kind->collect(data);
    delete handle;
    napi_throw_error(env, "ERR_MEMORY_ALLOCATION_FAILED", "out of memory");
    return nullptr;
}

template <typename T>
static bool core_to_handle(napi_env env, napi_value value, const core_kind *kind, T **out)
{
    napi_valuetype type = napi_undefined;
    void *data = nullptr;
    if (napi_typeof(env, value, &type) != napi_ok || type != napi_external)
        return core_throw_type(env, kind->expected);
    napi_get_value_external(env, value, &data);
    core_handle *handle = static_cast<core_handle *>(data);
    if (handle == nullptr || handle->kind != kind)
        return core_throw_type(env, kind->expected);
    *out = static_cast<T *>(handle->data);
    return true;
}

// ---- options ------------------------------------------------------------------------------------

static bool core_set_option(napi_env env, napi_value key, napi_value value,
                            runner_options_t *options)
{
    std::string name;
    if (!core_to_text(env, key, &name))
        return false;
    const core_option *option = core_option_find(name.c_str());
    if (option == nullptr)
        return core_throw_type(env, ("unknown option: " + name).c_str());
    void *field = reinterpret_cast<char *>(options) + option->offset;
    switch (option->type) {
    case CORE_INT32:
        return core_to_int32(env, value, static_cast<int32_t *>(field));
    case CORE_UINT32:
        return core_to_uint32(env, value, static_cast<uint32_t *>(field));
    case CORE_UINT64:
        return core_to_uint64(env, value, static_cast<uint64_t *>(field));
    case CORE_SIZE:
        return core_to_size(env, value, static_cast<size_t *>(field));
    }
    return false;
}

// null, or an object such as { debug: RUNNER_ON }.
static bool core_to_options(napi_env env, napi_value value, runner_options_t *options)
{
    napi_value keys = nullptr;
    uint32_t count = 0;
    runner_options_init(options, sizeof(*options));
    if (core_is_null(env, value))
        return true;
    if (napi_get_property_names(env, value, &keys) != napi_ok)
        return core_throw_type(env, "expected an object of options");
    napi_get_array_length(env, keys, &count);
    for (uint32_t i = 0; i < count; i++) {
        napi_value key = nullptr;
        napi_value option = nullptr;
        napi_get_element(env, keys, i, &key);
        if (napi_get_property(env, value, key, &option) != napi_ok) // a getter has thrown
            return false;
        if (!core_set_option(env, key, option, options))
            return false;
    }
    return true;
}

// ---- arrays -------------------------------------------------------------------------------------

static bool core_to_ids(napi_env env, napi_value value, std::vector<uint64_t> *ids)
{
    bool is_array = false;
    uint32_t count = 0;
    napi_is_array(env, value, &is_array);
    if (!is_array)
        return core_throw_type(env, "expected an array of ids");
    napi_get_array_length(env, value, &count);
    for (uint32_t i = 0; i < count; i++) {
        napi_value element = nullptr;
        uint64_t id = 0;
        if (napi_get_element(env, value, i, &element) != napi_ok ||
            !core_to_uint64(env, element, &id))
            return false;
        ids->push_back(id);
    }
    return true;
}

// As much room as a number says.
template <typename T> static bool core_to_room(napi_env env, napi_value value, std::vector<T> *room)
{
    double count;
    if (!core_to_integer(env, value, 0, 1 << 24, &count))
        return false;
    room->resize(static_cast<size_t>(count));
    return true;
}

// An Array of `count` elements that a function makes one by one.
template <typename Make> static napi_value core_list(napi_env env, size_t count, Make make)
{
    napi_value list = nullptr;
    napi_create_array_with_length(env, count, &list);
    for (size_t i = 0; i < count; i++)
        napi_set_element(env, list, static_cast<uint32_t>(i), make(i));
    return list;
}

static napi_value core_fields(napi_env env, const std::vector<napi_value> &fields)
{
    return core_list(env, fields.size(), [&](size_t i) { return fields[i]; });
}

static napi_value core_ids(napi_env env, const uint64_t *ids, size_t count)
{
    return core_list(env, count, [&](size_t i) { return core_from_uint64(env, ids[i]); });
}

// [[task, code], ...]
static napi_value core_errors(napi_env env, const uint64_t *tasks, const int32_t *codes,
                              size_t count)
{
    return core_list(env, count, [&](size_t i) {
        return core_fields(env, {core_from_uint64(env, tasks[i]), core_number(env, codes[i])});
    });
}

// ---- structs: an Array of the fields, in their order, without the size --------------------------

static napi_value core_exception(napi_env env, const runner_host_exception_t *exception)
{
    return core_fields(
        env, {core_text(env, exception->message), core_text(env, exception->name),
              core_text(env, exception->site), core_from_uint64(env, exception->task),
              core_from_uint64(env, exception->value),
              core_from_uint64(env, exception->duration_ns), core_number(env, exception->code)});
}

static napi_value core_report_item(napi_env env, const runner_report_item_t *item)
{
    return core_fields(env, {core_number(env, item->kind), core_number(env, item->code),
                             core_from_uint64(env, item->id), core_text(env, item->name),
                             core_text(env, item->waits)});
}

static napi_value core_task_info(napi_env env, const runner_task_info_t *info)
{
    return core_fields(env,
                       {core_from_uint64(env, info->id), core_number(env, info->state),
                        core_number(env, info->cancelling), core_from_uint64(env, info->awaits),
                        core_from_uint64(env, info->parent), core_text(env, info->waits),
                        core_text(env, info->site), core_text(env, info->name),
                        core_from_uint64(env, info->group)});
}

static napi_value core_task_infos(napi_env env, const runner_task_info_t *infos, size_t count)
{
    return core_list(env, count, [&](size_t i) { return core_task_info(env, &infos[i]); });
}
