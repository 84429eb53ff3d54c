package core

/*
#cgo noescape runner_step
#cgo nocallback runner_step
#cgo noescape runner_commands
#cgo nocallback runner_commands
#include <runner/host.h>
*/
import "C"
import "unsafe"

// Cmds is the command buffer, in C memory, of length [Capacity]: fill its beginning, and give that
// to Step or Commands.
func (r *Runner) Cmds() []Cmd { return r.cmds }

// Step does the commands, then what is due. The events are in C memory, and valid until the next
// step or End; one whose task was not resumed yet may change. wait is how many nanoseconds nothing
// will be due: 0 is to step again, Forever is to wait for the descriptor.
func (r *Runner) Step(cmds []Cmd) (events []Event, wait int64, code int32) {
	var n C.size_t
	var ns C.int64_t
	buffer := (*C.runner_host_event_t)(unsafe.Pointer(unsafe.SliceData(r.events)))
	code = int32(C.runner_step((*C.runner_t)(r.self), first(cmds), C.size_t(len(cmds)),
		buffer, C.size_t(len(r.events)), &n, &ns))
	return r.events[:n], int64(ns), code
}

// Commands does commands now, between two steps. Each gets its status.
func (r *Runner) Commands(cmds []Cmd) int32 {
	return int32(C.runner_commands((*C.runner_t)(r.self), first(cmds), C.size_t(len(cmds))))
}

func first(cmds []Cmd) *C.runner_host_cmd_t {
	return (*C.runner_host_cmd_t)(unsafe.Pointer(unsafe.SliceData(cmds)))
}

// Cmd and Event are the structs of C: a difference is a constant that overflows.
const (
	_ = -(unsafe.Sizeof(Cmd{}) ^ C.sizeof_runner_host_cmd_t)
	_ = -(unsafe.Offsetof(Cmd{}.Task) ^ unsafe.Offsetof(C.runner_host_cmd_t{}.task))
	_ = -(unsafe.Offsetof(Cmd{}.Op) ^ unsafe.Offsetof(C.runner_host_cmd_t{}.op))
	_ = -(unsafe.Offsetof(Cmd{}.Status) ^ unsafe.Offsetof(C.runner_host_cmd_t{}.status))
	_ = -(unsafe.Offsetof(Cmd{}.ID) ^ unsafe.Offsetof(C.runner_host_cmd_t{}.id))
	_ = -(unsafe.Offsetof(Cmd{}.A) ^ unsafe.Offsetof(C.runner_host_cmd_t{}.a))
	_ = -(unsafe.Offsetof(Cmd{}.B) ^ unsafe.Offsetof(C.runner_host_cmd_t{}.b))
	_ = -(unsafe.Sizeof(Event{}) ^ C.sizeof_runner_host_event_t)
	_ = -(unsafe.Offsetof(Event{}.Task) ^ unsafe.Offsetof(C.runner_host_event_t{}.task))
	_ = -(unsafe.Offsetof(Event{}.Kind) ^ unsafe.Offsetof(C.runner_host_event_t{}.kind))
	_ = -(unsafe.Offsetof(Event{}.Status) ^ unsafe.Offsetof(C.runner_host_event_t{}.status))
	_ = -(unsafe.Offsetof(Event{}.Value) ^ unsafe.Offsetof(C.runner_host_event_t{}.value))
)
