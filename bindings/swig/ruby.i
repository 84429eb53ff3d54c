/* Ruby: handles are TypedData of our own, 64-bit numbers are Integers, texts are UTF-8 Strings.
 * What is of a wrong type or out of range raises.
 *
 * Only runner_backend_wait() lets other threads run; while it does, they may do to that runner what
 * the headers allow to any thread, and nothing else. runner_free() of a runner that is open closes
 * it, and holds up everything: close it before, step by step. */

%header "buffers.h"
%header "ruby.h"
%init %{ core_init_classes(mCore); %}

/* ---- numbers and texts ----------------------------------------------------------------------- */

/* SWIG's own, and the functions that they would bring along. */
%clear int, size_t, const char *;

%typemap(in) int, int32_t "$1 = core_to_int32($input);"
%typemap(in) uint32_t "$1 = core_to_uint32($input);"
%typemap(in) int64_t "$1 = core_to_int64($input);"
%typemap(in) uint64_t "$1 = core_to_uint64($input);"
%typemap(in) size_t "$1 = core_to_size($input);"
%typemap(in) const char *name "$1 = NIL_P($input) ? NULL : StringValueCStr($input);"

%typemap(out) int, int32_t "$result = INT2NUM($1);"
%typemap(out) uint32_t "$result = UINT2NUM($1);"
%typemap(out) int64_t "$result = LL2NUM($1);"
%typemap(out) uint64_t "$result = ULL2NUM($1);"
%typemap(out) size_t "$result = SIZET2NUM($1);"
%typemap(out) const char * "$result = core_text($1);"

%typemap(constcode, noblock=1) int { rb_define_const($module, "$symname", INT2NUM($value)); }
%typemap(constcode, noblock=1) uint32_t { rb_define_const($module, "$symname", UINT2NUM($value)); }
%typemap(constcode, noblock=1) int64_t { rb_define_const($module, "$symname", LL2NUM($value)); }
%typemap(constcode, noblock=1) uint64_t { rb_define_const($module, "$symname", ULL2NUM($value)); }

/* ---- handles --------------------------------------------------------------------------------- */

%typemap(in) runner_t *self (core_runner_t *box), const runner_t *self (core_runner_t *box) {
  box = core_to_runner($input);
  $1 = box->runner;
}
%typemap(in) core_events_t *, const core_events_t * "$1 = core_to_events($input);"
%typemap(in) core_commands_t *, const core_commands_t * "$1 = core_to_commands($input);"
%typemap(out) core_events_t * "$result = core_from_events($1);"
%typemap(out) core_commands_t * "$result = core_from_commands($1);"

%typemap(in, numinputs=0) runner_t **out (VALUE handle, runner_t *made = NULL) {
  handle = core_from_runner();
  $1 = &made;
}
%typemap(argout) runner_t **out {
  core_to_runner(handle$argnum)->runner = made$argnum;
  %append_output(made$argnum ? handle$argnum : Qnil);
}
%typemap(in) const runner_options_t *opts (runner_options_t options) {
  core_to_options($input, &options);
  $1 = &options;
}
%feature("action") runner_free "(void)arg1; core_runner_free(box1);"
%feature("action") runner_backend_wait "result = core_wait(arg1, arg2);"

/* The report is asked for at each call: there is no address that could be out of date. */
%typemap(in) const runner_report_t *report (const runner_report_t *report) {
  report = NULL;
  runner_get_report(core_to_runner($input)->runner, &report);
  $1 = (runner_report_t *)report;
}

/* ---- what is written ------------------------------------------------------------------------- */

%typemap(in, numinputs=0) uint64_t *main (uint64_t value = 0), uint64_t *out (uint64_t value = 0),
    size_t *n_events (size_t value = 0),
    int64_t *wait_ns (int64_t value = 0), int *fd (int value = 0) "$1 = &value;"
%typemap(argout) uint64_t *main, uint64_t *out { %append_output(ULL2NUM(value$argnum)); }
%typemap(argout) size_t *n_events { %append_output(SIZET2NUM(value$argnum)); }
%typemap(argout) int64_t *wait_ns { %append_output(LL2NUM(value$argnum)); }
%typemap(argout) int *fd { %append_output(INT2NUM(value$argnum)); }

/* runner_command(): parts that are read and written. */
%typemap(in) uint64_t *id (uint64_t value), uint64_t *b (uint64_t value) {
  value = core_to_uint64($input);
  $1 = &value;
}
%typemap(in) int64_t *a (int64_t value) {
  value = core_to_int64($input);
  $1 = &value;
}
%typemap(argout) uint64_t *id, uint64_t *b { %append_output(ULL2NUM(value$argnum)); }
%typemap(argout) int64_t *a { %append_output(LL2NUM(value$argnum)); }

%typemap(in, numinputs=0) runner_host_exception_t *out (runner_host_exception_t exception) {
  memset(&exception, 0, sizeof(exception));
  exception.size = sizeof(exception);
  $1 = &exception;
}
%typemap(argout) runner_host_exception_t *out {
  %append_output(result ? Qnil : core_exception($1));
}

%typemap(in, numinputs=0) runner_report_item_t *item (runner_report_item_t item) {
  memset(&item, 0, sizeof(item));
  item.size = sizeof(item);
  $1 = &item;
}
%typemap(argout) runner_report_item_t *item {
  %append_output(result ? Qnil : core_report_item($1));
}

/* ---- arrays and buffers ---------------------------------------------------------------------- */

/* An Array of ids. Its copy is memory of the collector, so that a raise loses nothing. */
%typemap(in) (const uint64_t *ids, size_t count) (VALUE copy) {
  copy = core_to_ids($input, &$2);
  $1 = (uint64_t *)RSTRING_PTR(copy);
}
%typemap(freearg) (const uint64_t *ids, size_t count) "RB_GC_GUARD(copy$argnum);"

/* How many are wanted; they come as an Array. */
%typemap(in) (uint64_t *ids, size_t count) (VALUE copy) {
  $2 = core_to_size($input);
  copy = core_array($2, sizeof(uint64_t));
  $1 = (uint64_t *)RSTRING_PTR(copy);
}
%typemap(argout) (uint64_t *ids, size_t count) { %append_output(core_ids($1, result ? 0 : $2)); }
%typemap(freearg) (uint64_t *ids, size_t count) "RB_GC_GUARD(copy$argnum);"

/* At most how many are wanted. Two outputs: how many there are, and an Array. */
%typemap(in) (uint64_t *tasks, int32_t *codes, size_t cap, size_t *count)
    (VALUE copy, VALUE copy_codes, size_t value = 0) {
  $3 = core_to_size($input);
  copy = core_array($3, sizeof(uint64_t));
  copy_codes = core_array($3, sizeof(int32_t));
  $1 = (uint64_t *)RSTRING_PTR(copy);
  $2 = (int32_t *)RSTRING_PTR(copy_codes);
  $4 = &value;
}
%typemap(argout) (uint64_t *tasks, int32_t *codes, size_t cap, size_t *count) {
  %append_output(SIZET2NUM(*$4));
  %append_output(core_errors($1, $2, *$4 < $3 ? *$4 : $3));
}
%typemap(freearg) (uint64_t *tasks, int32_t *codes, size_t cap, size_t *count) {
  RB_GC_GUARD(copy$argnum);
  RB_GC_GUARD(copy_codes$argnum);
}

%typemap(in) (runner_task_info_t *infos, size_t cap, size_t *count)
    (VALUE copy, size_t value = 0) {
  $2 = core_to_size($input);
  copy = core_array($2, sizeof(runner_task_info_t));
  $1 = (runner_task_info_t *)RSTRING_PTR(copy);
  if ($2 > 0)
    $1->size = sizeof(runner_task_info_t);
  $3 = &value;
}
%typemap(argout) (runner_task_info_t *infos, size_t cap, size_t *count) {
  %append_output(SIZET2NUM(*$3));
  %append_output(core_task_infos($1, *$3 < $2 ? *$3 : $2));
}
%typemap(freearg) (runner_task_info_t *infos, size_t cap, size_t *count) "RB_GC_GUARD(copy$argnum);"

/* A buffer of commands, or nil for none. */
%typemap(in) (runner_host_cmd_t *cmds, size_t n_cmds) (core_commands_t *commands) {
  commands = NIL_P($input) ? NULL : core_to_commands($input);
  $1 = commands ? commands->items : NULL;
  $2 = commands ? commands->count : 0;
}

/* A buffer of events. box1 is that of self, always the first parameter. */
%typemap(in) (runner_host_event_t *events, size_t cap) {
  box1->offered = core_to_events($input);
  $1 = box1->offered->items;
  $2 = box1->offered->cap;
}
%typemap(argout) (runner_host_event_t *events, size_t cap) {
  if (result == 0)
    core_runner_stepped(box1);
}

%include "hosted.i"
