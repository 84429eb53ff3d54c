/* What the typemaps of ruby.i call. It goes into the output for Ruby as it is. */
#include <limits.h>
#include <ruby/thread.h>
#ifndef _WIN32
#include <poll.h>
#endif

/* ---- numbers and texts ----------------------------------------------------------------------- */

static VALUE core_to_integer(VALUE value)
{
    if (!RB_INTEGER_TYPE_P(value))
        rb_raise(rb_eTypeError, "wrong argument type %" PRIsVALUE " (expected Integer)",
                 rb_obj_class(value));
    return value;
}

static int64_t core_to_int64(VALUE value)
{
    return NUM2LL(core_to_integer(value));
}

static uint64_t core_to_uint64(VALUE value)
{
    core_to_integer(value);
    if (FIXNUM_P(value) ? FIX2LONG(value) < 0 : RBIGNUM_NEGATIVE_P(value))
        rb_raise(rb_eRangeError, "%" PRIsVALUE " is negative", value);
    return NUM2ULL(value);
}

static int32_t core_to_int32(VALUE value)
{
    int64_t number = core_to_int64(value);
    if (number < INT32_MIN || number > INT32_MAX)
        rb_raise(rb_eRangeError, "%" PRIsVALUE " does not fit in 32 bits", value);
    return (int32_t)number;
}

static uint32_t core_to_uint32(VALUE value)
{
    uint64_t number = core_to_uint64(value);
    if (number > UINT32_MAX)
        rb_raise(rb_eRangeError, "%" PRIsVALUE " does not fit in 32 bits", value);
    return (uint32_t)number;
}

static size_t core_to_size(VALUE value)
{
    uint64_t number = core_to_uint64(value);
    if (number > LONG_MAX / sizeof(runner_task_info_t))
        rb_raise(rb_eRangeError, "%" PRIsVALUE " is too many", value);
    return (size_t)number;
}

static VALUE core_text(const char *text)
{
    return text ? rb_utf8_str_new_cstr(text) : Qnil;
}

/* ---- handles --------------------------------------------------------------------------------- */

static void core_collect_runner(void *data)
{
    core_runner_collect((core_runner_t *)data);
}
static void core_collect_events(void *data)
{
    core_events_unref((core_events_t *)data);
}
static void core_collect_commands(void *data)
{
    core_commands_free((core_commands_t *)data);
}

/* Freed at once: none of these functions runs Ruby. */
static const rb_data_type_t core_runner_type = {
    .wrap_struct_name = "Librunner::Core::Runner",
    .function = {.dfree = core_collect_runner},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};
static const rb_data_type_t core_events_type = {
    .wrap_struct_name = "Librunner::Core::Events",
    .function = {.dfree = core_collect_events},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};
static const rb_data_type_t core_commands_type = {
    .wrap_struct_name = "Librunner::Core::Commands",
    .function = {.dfree = core_collect_commands},
    .flags = RUBY_TYPED_FREE_IMMEDIATELY,
};

static VALUE core_runner_class, core_events_class, core_commands_class;

static VALUE core_define_class(VALUE module, const char *name)
{
    VALUE klass = rb_define_class_under(module, name, rb_cObject);
    rb_undef_alloc_func(klass);
    return klass;
}

static void core_init_classes(VALUE module)
{
    core_runner_class = core_define_class(module, "Runner");
    core_events_class = core_define_class(module, "Events");
    core_commands_class = core_define_class(module, "Commands");
}

static core_runner_t *core_to_runner(VALUE value)
{
    return (core_runner_t *)rb_check_typeddata(value, &core_runner_type);
}

static core_events_t *core_to_events(VALUE value)
{
    return (core_events_t *)rb_check_typeddata(value, &core_events_type);
}

static core_commands_t *core_to_commands(VALUE value)
{
    return (core_commands_t *)rb_check_typeddata(value, &core_commands_type);
}

/* An empty one, made before the runner that goes into it: this may raise. */
static VALUE core_from_runner(void)
{
    core_runner_t *box;
    VALUE value = TypedData_Wrap_Struct(core_runner_class, &core_runner_type, NULL);
    box = (core_runner_t *)calloc(1, sizeof(*box));
    if (box == NULL)
        rb_memerror();
    DATA_PTR(value) = box;
    return value;
}

/* NULL: there was no memory. */
static VALUE core_from_events(core_events_t *events)
{
    if (events == NULL)
        rb_memerror();
    return TypedData_Wrap_Struct(core_events_class, &core_events_type, events);
}

static VALUE core_from_commands(core_commands_t *commands)
{
    if (commands == NULL)
        rb_memerror();
    return TypedData_Wrap_Struct(core_commands_class, &core_commands_type, commands);
}

/* ---- options --------------------------------------------------------------------------------- */

static int core_set_option(VALUE key, VALUE value, VALUE options)
{
    const struct core_option *option = NULL;
    char *field;
    if (SYMBOL_P(key))
        option = core_option_find(rb_id2name(SYM2ID(key)));
    if (option == NULL)
        rb_raise(rb_eArgError, "unknown option: %+" PRIsVALUE, key);
    field = (char *)options + option->offset;
    switch (option->type) {
    case CORE_INT32:
        *(int32_t *)field = core_to_int32(value);
        break;
    case CORE_UINT32:
        *(uint32_t *)field = core_to_uint32(value);
        break;
    case CORE_UINT64:
        *(uint64_t *)field = core_to_uint64(value);
        break;
    case CORE_SIZE:
        *(size_t *)field = core_to_size(value);
        break;
    }
    return ST_CONTINUE;
}

/* nil, or a Hash such as { debug: RUNNER_ON }. */
static void core_to_options(VALUE value, runner_options_t *options)
{
    runner_options_init(options, sizeof(*options));
    if (NIL_P(value))
        return;
    Check_Type(value, T_HASH);
    rb_hash_foreach(value, core_set_option, (VALUE)options);
}

/* ---- waiting --------------------------------------------------------------------------------- */

typedef struct core_waiting {
    runner_t *runner;
    int64_t timeout_ns;
    int fd; /* of the loop, or -1 */
    int code;
} core_waiting_t;

/* A signal ends the wait, so that Ruby can look at it: libuv would go on. */
static void *core_wait_unlocked(void *data)
{
    core_waiting_t *waiting = (core_waiting_t *)data;
#ifndef _WIN32
    if (waiting->fd >= 0) {
        struct pollfd poll_fd = {waiting->fd, POLLIN, 0};
        int64_t timeout_ms = waiting->timeout_ns / 1000000 + (waiting->timeout_ns % 1000000 != 0);
        if (timeout_ms > INT_MAX) /* early is no harm: who waits looks again */
            timeout_ms = INT_MAX;
        poll(&poll_fd, 1, waiting->timeout_ns == INT64_MAX ? -1 : (int)timeout_ms);
        return NULL;
    }
#endif
    waiting->code = runner_backend_wait(waiting->runner, waiting->timeout_ns);
    return NULL;
}

/* An atomic and a write: Ruby may call it in the handler of a signal. */
static void core_wait_unblock(void *runner)
{
    runner_wakeup((runner_t *)runner);
}

/* Whether the descriptor is readable already. Giving the lock away costs a time slice where another
 * thread computes, so it is given only to a wait that is one. */
static int core_is_ready(int fd)
{
#ifndef _WIN32
    struct pollfd poll_fd = {fd, POLLIN, 0};
    return fd >= 0 && poll(&poll_fd, 1, 0) > 0;
#else
    return 0;
#endif
}

static int core_wait(runner_t *runner, int64_t timeout_ns)
{
    core_waiting_t waiting = {runner, timeout_ns, -1, 0};
    if (runner_backend_fd(runner, &waiting.fd) != 0)
        waiting.fd = -1;
    if (runner == NULL || timeout_ns <= 0 || core_is_ready(waiting.fd))
        waiting.code = runner_backend_wait(runner, timeout_ns < 0 ? timeout_ns : 0);
    else
        rb_nogvl(core_wait_unlocked, &waiting, core_wait_unblock, runner, RB_NOGVL_UBF_ASYNC_SAFE);
    return waiting.code;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

/* Memory that the collector frees. */
static VALUE core_array(size_t count, size_t size)
{
    VALUE array = rb_str_new(NULL, (long)(count * size));
    memset(RSTRING_PTR(array), 0, count * size);
    return array;
}

static VALUE core_to_ids(VALUE value, size_t *count)
{
    VALUE copy;
    uint64_t *ids;
    long i;
    Check_Type(value, T_ARRAY);
    *count = (size_t)RARRAY_LEN(value);
    copy = core_array(*count, sizeof(uint64_t));
    ids = (uint64_t *)RSTRING_PTR(copy);
    for (i = 0; i < (long)*count; i++)
        ids[i] = core_to_uint64(rb_ary_entry(value, i));
    return copy;
}

static VALUE core_ids(const uint64_t *ids, size_t count)
{
    VALUE array = rb_ary_new_capa((long)count);
    size_t i;
    for (i = 0; i < count; i++)
        rb_ary_push(array, ULL2NUM(ids[i]));
    return array;
}

/* [[task, code], ...] */
static VALUE core_errors(const uint64_t *tasks, const int32_t *codes, size_t count)
{
    VALUE array = rb_ary_new_capa((long)count);
    size_t i;
    for (i = 0; i < count; i++)
        rb_ary_push(array, rb_assoc_new(ULL2NUM(tasks[i]), INT2NUM(codes[i])));
    return array;
}

/* ---- structs: an Array of the fields, in their order, without the size ----------------------- */

static VALUE core_exception(const runner_host_exception_t *exception)
{
    return rb_ary_new_from_args(7, core_text(exception->message), core_text(exception->name),
                                core_text(exception->site), ULL2NUM(exception->task),
                                ULL2NUM(exception->value), ULL2NUM(exception->duration_ns),
                                INT2NUM(exception->code));
}

static VALUE core_report_item(const runner_report_item_t *item)
{
    return rb_ary_new_from_args(5, INT2NUM(item->kind), INT2NUM(item->code), ULL2NUM(item->id),
                                core_text(item->name), core_text(item->waits));
}

static VALUE core_task_info(const runner_task_info_t *info)
{
    return rb_ary_new_from_args(9, ULL2NUM(info->id), INT2NUM(info->state),
                                INT2NUM(info->cancelling), ULL2NUM(info->awaits),
                                ULL2NUM(info->parent), core_text(info->waits),
                                core_text(info->site), core_text(info->name), ULL2NUM(info->group));
}

static VALUE core_task_infos(const runner_task_info_t *infos, size_t count)
{
    VALUE array = rb_ary_new_capa((long)count);
    size_t i;
    for (i = 0; i < count; i++)
        rb_ary_push(array, core_task_info(&infos[i]));
    return array;
}

/* ---- for what is written by hand beside it --------------------------------------------------- */

runner_t *librunner_core_runner(VALUE core);
int librunner_core_wait(runner_t *runner, int64_t timeout_ns);

runner_t *librunner_core_runner(VALUE core)
{
    return core_to_runner(core)->runner;
}

/* runner_backend_wait() that lets other threads run. It may raise. */
int librunner_core_wait(runner_t *runner, int64_t timeout_ns)
{
    return core_wait(runner, timeout_ns);
}
