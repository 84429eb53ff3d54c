package core

/*
#include <runner.h>
*/
import "C"
import "time"

// Exception is what the next KindException is about; false if there is none.
func (r *Runner) Exception() (Exception, bool) {
	e := C.runner_host_exception_t{size: C.sizeof_runner_host_exception_t}
	if C.runner_host_exception((*C.runner_t)(r.self), &e) != 0 {
		return Exception{}, false
	}
	return Exception{
		Message:  C.GoString(e.message),
		Name:     C.GoString(e.name),
		Site:     C.GoString(e.site),
		Task:     uint64(e.task),
		Value:    uint64(e.value),
		Duration: time.Duration(e.duration_ns),
		Code:     int32(e.code),
	}, true
}
