/* Node: handles are Externals of our own, which have to stay private to the layer above. 64-bit
 * numbers come as a Number if it holds them exactly, else as a BigInt, and are taken as either: an
 * id is always the same kind of value, and only to be given back. What is of a wrong type or out of
 * range throws. Constants are getters: copy them once. */

%header "buffers.h"
%header "napi.h"

/* ---- numbers and texts ----------------------------------------------------------------------- */

/* SWIG's own, and the functions that they would bring along. */
%clear int, size_t, const char *;

%define %number_in(type, convert)
%typemap(in) type {
  if (!convert(env, $input, &$1))
    SWIG_fail;
}
%enddef
%number_in(int, core_to_int32)
%number_in(int32_t, core_to_int32)
%number_in(uint32_t, core_to_uint32)
%number_in(int64_t, core_to_int64)
%number_in(uint64_t, core_to_uint64)
%number_in(size_t, core_to_size)

%typemap(out) int, int32_t, uint32_t "$result = Napi::Value(env, core_number(env, $1));"
%typemap(out) int64_t "$result = Napi::Value(env, core_from_int64(env, $1));"
%typemap(out) uint64_t, size_t "$result = Napi::Value(env, core_from_uint64(env, $1));"
%typemap(out) const char * "$result = Napi::Value(env, core_text(env, $1));"

%typemap(in) const char *name (std::string storage) {
  if (!core_to_text(env, $input, &storage))
    SWIG_fail;
  $1 = core_is_null(env, $input) ? nullptr : &storage[0];
}

/* ---- handles --------------------------------------------------------------------------------- */

%typemap(in) runner_t *self (core_runner_t *box), const runner_t *self (core_runner_t *box) {
  if (!core_to_handle(env, $input, &core_runner_kind, &box))
    SWIG_fail;
  $1 = box->runner;
}
%typemap(in) core_events_t *, const core_events_t * {
  if (!core_to_handle(env, $input, &core_events_kind, &$1))
    SWIG_fail;
}
%typemap(in) core_commands_t *, const core_commands_t * {
  if (!core_to_handle(env, $input, &core_commands_kind, &$1))
    SWIG_fail;
}
%typemap(out) core_events_t * {
  $result = Napi::Value(env, core_from_handle(env, &core_events_kind, $1));
}
%typemap(out) core_commands_t * {
  $result = Napi::Value(env, core_from_handle(env, &core_commands_kind, $1));
}

/* The handle is made first: what may fail is over when there is a runner. */
%typemap(in, numinputs=0) runner_t **out (core_runner_t *box, napi_value handle, runner_t *made) {
  box = static_cast<core_runner_t *>(calloc(1, sizeof(*box)));
  handle = core_from_handle(env, &core_runner_kind, box);
  if (handle == nullptr)
    SWIG_fail;
  made = nullptr;
  $1 = &made;
}
%typemap(argout) runner_t **out {
  box$argnum->runner = made$argnum;
  %append_output(Napi::Value(env, made$argnum ? handle$argnum : core_null(env)));
}
%typemap(in) const runner_options_t *opts (runner_options_t options) {
  if (!core_to_options(env, $input, &options))
    SWIG_fail;
  $1 = &options;
}
%feature("action") runner_free "(void)arg1; core_runner_free(box1);"

/* The report is asked for at each call: there is no address that could be out of date. */
%typemap(in) const runner_report_t *report (const runner_report_t *report, core_runner_t *box) {
  report = nullptr;
  if (!core_to_handle(env, $input, &core_runner_kind, &box))
    SWIG_fail;
  runner_get_report(box->runner, &report);
  $1 = const_cast<runner_report_t *>(report);
}

/* ---- what is written ------------------------------------------------------------------------- */

%typemap(in, numinputs=0) uint64_t *main (uint64_t value), uint64_t *out (uint64_t value),
    size_t *n_events (size_t value), int64_t *wait_ns (int64_t value), int *fd (int value) {
  value = 0;
  $1 = &value;
}
%typemap(argout) uint64_t *main, uint64_t *out, size_t *n_events {
  %append_output(Napi::Value(env, core_from_uint64(env, value$argnum)));
}
%typemap(argout) int64_t *wait_ns {
  %append_output(Napi::Value(env, core_from_int64(env, value$argnum)));
}
%typemap(argout) int *fd {
  %append_output(Napi::Value(env, core_number(env, value$argnum)));
}

/* runner_command(): parts that are read and written. */
%typemap(in) uint64_t *id (uint64_t value), uint64_t *b (uint64_t value) {
  if (!core_to_uint64(env, $input, &value))
    SWIG_fail;
  $1 = &value;
}
%typemap(in) int64_t *a (int64_t value) {
  if (!core_to_int64(env, $input, &value))
    SWIG_fail;
  $1 = &value;
}
%typemap(argout) uint64_t *id, uint64_t *b {
  %append_output(Napi::Value(env, core_from_uint64(env, value$argnum)));
}
%typemap(argout) int64_t *a {
  %append_output(Napi::Value(env, core_from_int64(env, value$argnum)));
}

%typemap(in, numinputs=0) runner_host_exception_t *out (runner_host_exception_t exception) {
  memset(&exception, 0, sizeof(exception));
  exception.size = sizeof(exception);
  $1 = &exception;
}
%typemap(argout) runner_host_exception_t *out {
  %append_output(Napi::Value(env, result ? core_null(env) : core_exception(env, $1)));
}

%typemap(in, numinputs=0) runner_report_item_t *item (runner_report_item_t item) {
  memset(&item, 0, sizeof(item));
  item.size = sizeof(item);
  $1 = &item;
}
%typemap(argout) runner_report_item_t *item {
  %append_output(Napi::Value(env, result ? core_null(env) : core_report_item(env, $1)));
}

/* ---- arrays and buffers ---------------------------------------------------------------------- */

/* An Array of ids. */
%typemap(in) (const uint64_t *ids, size_t count) (std::vector<uint64_t> copy) {
  if (!core_to_ids(env, $input, &copy))
    SWIG_fail;
  $1 = copy.data();
  $2 = copy.size();
}

/* How many are wanted; they come as an Array. */
%typemap(in) (uint64_t *ids, size_t count) (std::vector<uint64_t> copy) {
  if (!core_to_room(env, $input, &copy))
    SWIG_fail;
  $1 = copy.data();
  $2 = copy.size();
}
%typemap(argout) (uint64_t *ids, size_t count) {
  %append_output(Napi::Value(env, core_ids(env, $1, result ? 0 : $2)));
}

/* At most how many are wanted. Two outputs: how many there are, and an Array. */
%typemap(in) (uint64_t *tasks, int32_t *codes, size_t cap, size_t *count)
    (std::vector<uint64_t> copy, std::vector<int32_t> copy_codes, size_t value) {
  if (!core_to_room(env, $input, &copy))
    SWIG_fail;
  copy_codes.resize(copy.size());
  value = 0;
  $1 = copy.data();
  $2 = copy_codes.data();
  $3 = copy.size();
  $4 = &value;
}
%typemap(argout) (uint64_t *tasks, int32_t *codes, size_t cap, size_t *count) {
  %append_output(Napi::Value(env, core_from_uint64(env, *$4)));
  %append_output(Napi::Value(env, core_errors(env, $1, $2, *$4 < $3 ? *$4 : $3)));
}

%typemap(in) (runner_task_info_t *infos, size_t cap, size_t *count)
    (std::vector<runner_task_info_t> copy, size_t value) {
  if (!core_to_room(env, $input, &copy))
    SWIG_fail;
  if (!copy.empty())
    copy[0].size = sizeof(runner_task_info_t);
  value = 0;
  $1 = copy.data();
  $2 = copy.size();
  $3 = &value;
}
%typemap(argout) (runner_task_info_t *infos, size_t cap, size_t *count) {
  %append_output(Napi::Value(env, core_from_uint64(env, *$3)));
  %append_output(Napi::Value(env, core_task_infos(env, $1, *$3 < $2 ? *$3 : $2)));
}

/* A buffer of commands, or null for none. */
%typemap(in) (runner_host_cmd_t *cmds, size_t n_cmds) (core_commands_t *commands) {
  commands = nullptr;
  if (!core_is_null(env, $input) && !core_to_handle(env, $input, &core_commands_kind, &commands))
    SWIG_fail;
  $1 = commands ? commands->items : nullptr;
  $2 = commands ? commands->count : 0;
}

/* A buffer of events. box1 is that of self, always the first parameter. */
%typemap(in) (runner_host_event_t *events, size_t cap) {
  if (!core_to_handle(env, $input, &core_events_kind, &box1->offered))
    SWIG_fail;
  $1 = box1->offered->items;
  $2 = box1->offered->cap;
}
%typemap(argout) (runner_host_event_t *events, size_t cap) {
  if (result == 0)
    core_runner_stepped(box1);
}

/* The addon of the package brings the part that is written by hand, bindings/node/src/driver.h; it asks
 * for the runner of a handle. */
%wrapper %{
#ifdef LIBRUNNER_ADDON
extern "C" {
void *librunner_core_box(napi_env env, napi_value value);
runner_t *librunner_core_runner(const void *box);
void librunner_core_free(void *box);
bool librunner_driver_init(napi_env env, napi_value exports);
}

void *librunner_core_box(napi_env env, napi_value value)
{
    core_runner_t *box = nullptr;
    return core_to_handle(env, value, &core_runner_kind, &box) ? box : nullptr;
}

runner_t *librunner_core_runner(const void *box)
{
    return static_cast<const core_runner_t *>(box)->runner;
}

void librunner_core_free(void *box)
{
    core_runner_free(static_cast<core_runner_t *>(box));
}
#endif
%}
%init %{
#ifdef LIBRUNNER_ADDON
  if (!librunner_driver_init(env, exports))
    return Napi::Object();
#endif
%}

%include "hosted.i"
