/* Go: what crosses is numbers, strings and pointers to numbers. What takes a struct of the headers
 * is called through cgo, where its fields have types; so are the calls of every turn. */

/* Called through cgo, at every turn: hot.go. */
%ignore runner_step;
%ignore runner_commands;

/* Called through cgo, with a struct: runner.go, exception.go, report.go, tasks.go. */
%ignore runner_new;
%ignore runner_host_exception;
%ignore runner_report_count;
%ignore runner_report_get;
%ignore runner_tasks;

/* Of no use to Go: it gives commands in batches, is no guest, and ends no process. */
%ignore runner_command;
%ignore runner_take;
%ignore runner_pause;
%ignore runner_resume;
%ignore runner_report_generations;
%ignore runner_signal_of;
%ignore runner_exit_status;

/* SWIG would make variables of enumerators, filled by calls at start-up: constants.py makes
 * constants. */
%rename("$ignore", %$isconstant) "";
%rename("$ignore", %$isenumitem) "";

%typemap(gotype) int, int32_t "int32"
%typemap(gotype) uint32_t "uint32"
%typemap(gotype) int64_t "int64"
%typemap(gotype) uint64_t "uint64"
%typemap(gotype) size_t "int"
%typemap(in) int, int32_t, uint32_t, int64_t, uint64_t, size_t "$1 = ($1_ltype)$input;"
%typemap(out) int, int32_t, uint32_t, int64_t, uint64_t, size_t "$result = $1;"

%typemap(gotype) int *, int32_t * "*int32"
%typemap(gotype) uint64_t *, const uint64_t * "*uint64"
%typemap(gotype) size_t * "*int"
%typemap(gotype) runner_t *, const runner_t * "unsafe.Pointer"

/* Static texts of the library: their address is enough, and saves a copy in C. */
%typemap(gotype) const char *runner_strerror, const char *runner_error_name "unsafe.Pointer"
%typemap(out) const char *runner_strerror, const char *runner_error_name "$result = (void *)$1;"
%typemap(goout) const char *runner_strerror, const char *runner_error_name ""

/* A copy with a zero at its end, as SWIG's own; but memory can run out. */
%typemap(in) const char *name (char *copy) {
  copy = (char *)malloc($input.n + 1);
  if (copy == NULL)
    return RUNNER_ENOMEM;
  memcpy(copy, $input.p, $input.n);
  copy[$input.n] = '\0';
  $1 = copy;
}
%typemap(freearg) const char *name "free(copy$argnum);"
