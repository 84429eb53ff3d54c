package core

/*
#include <stdlib.h>
#include <runner.h>

#define CORE_CAPACITY 256
typedef struct core_buffers {
	runner_host_cmd_t cmds[CORE_CAPACITY];
	runner_host_event_t events[CORE_CAPACITY];
} core_buffers_t;
*/
import "C"
import "unsafe"

// Capacity is how many commands [Runner.Cmds] has room for, and the most events of one step.
const Capacity = C.CORE_CAPACITY

// Runner holds a runner_t and the memory of its batches. It is not to be copied. All methods are
// for one goroutine at a time, unless they say so, and none is to be called after [Runner.Free].
type Runner struct {
	self    unsafe.Pointer // runner_t *
	buffers unsafe.Pointer // core_buffers_t *
	cmds    []Cmd          // in buffers
	events  []Event        // in buffers
}

// New makes a runner that takes no signals. Nil options are all defaults.
func New(o *Options) (*Runner, int32) {
	var opts C.runner_options_t
	if code := C.runner_options_init(&opts, C.sizeof_runner_options_t); code != 0 {
		return nil, int32(code)
	}
	opts.signals = C.RUNNER_SIGNALS_NONE
	if o != nil {
		o.fill(&opts)
	}
	buffers := (*C.core_buffers_t)(C.calloc(1, C.sizeof_core_buffers_t))
	if buffers == nil {
		return nil, ENOMEM
	}
	var self *C.runner_t
	if code := C.runner_new(&self, &opts); code != 0 {
		C.free(unsafe.Pointer(buffers))
		return nil, int32(code)
	}
	return &Runner{
		self:    unsafe.Pointer(self),
		buffers: unsafe.Pointer(buffers),
		cmds:    unsafe.Slice((*Cmd)(unsafe.Pointer(&buffers.cmds)), Capacity),
		events:  unsafe.Slice((*Event)(unsafe.Pointer(&buffers.events)), Capacity),
	}, 0
}

func (o *Options) fill(opts *C.runner_options_t) {
	opts.debug = C.int32_t(o.Debug)
	opts.deadlock = C.int32_t(o.Deadlock)
	if o.VirtualClock {
		opts.clock = C.RUNNER_CLOCK_VIRTUAL
	}
	opts.poll_interval = C.uint32_t(o.PollInterval)
	opts.cancel_grace_ms = C.uint64_t(o.CancelGraceMS)
	opts.closable_grace_ms = C.uint64_t(o.ClosableGraceMS)
	opts.executor_join_timeout_ms = C.uint64_t(o.JoinTimeoutMS)
	opts.slow_callback_ms = C.uint64_t(o.SlowMS)
}

// Free closes the runner if needed, and releases it. What [Runner.Cmds] and [Runner.Step] gave is
// gone. A second call does nothing.
func (r *Runner) Free() {
	if r.self == nil {
		return
	}
	Runner_free(r.self)
	C.free(r.buffers)
	*r = Runner{}
}

// Begin begins a run whose main task is main, in a context or 0.
func (r *Runner) Begin(context uint64) (main uint64, code int32) {
	code = Runner_begin(r.self, context, &main)
	return main, code
}

// BeginClose begins to close the runner.
func (r *Runner) BeginClose() int32 { return Runner_begin_close(r.self) }

// End ends a run or a close, and tells its outcome.
func (r *Runner) End() int32 { return Runner_end(r.self) }

// BackendFD is the descriptor that becomes readable when a step has something to do.
func (r *Runner) BackendFD() (fd int, code int32) {
	var out int32
	code = Runner_backend_fd(r.self, &out)
	return int(out), code
}

// BackendWait waits in C until a step has something to do, for at most some nanoseconds.
func (r *Runner) BackendWait(ns int64) int32 { return Runner_backend_wait(r.self, ns) }

// Wakeup ends a BackendWait, also one that has not begun. For any goroutine.
func (r *Runner) Wakeup() int32 { return Runner_wakeup(r.self) }

// Interrupt does what SIGINT does: cancels main. For any goroutine.
func (r *Runner) Interrupt() int32 { return Runner_interrupt(r.self) }

// Post has KindCall come with a value. For any goroutine.
func (r *Runner) Post(value uint64) int32 { return Runner_host_post(r.self, value) }

// JobEnd says that a job has ended. For any goroutine.
func (r *Runner) JobEnd(id uint64, status int32, value uint64) int32 {
	return Runner_host_job_end(r.self, id, status, value)
}

// SubmitterAcquire says that somebody will still submit. For any goroutine.
func (r *Runner) SubmitterAcquire() int32 { return Runner_submitter_acquire(r.self) }

// SubmitterRelease takes one SubmitterAcquire back. For any goroutine.
func (r *Runner) SubmitterRelease() int32 { return Runner_submitter_release(r.self) }

// IsRunning tells whether the loop runs now. For any goroutine.
func (r *Runner) IsRunning() bool { return Runner_is_running(r.self) != 0 }

// IsClosed tells whether the runner has been closed. For any goroutine.
func (r *Runner) IsClosed() bool { return Runner_is_closed(r.self) != 0 }

// Name names a task or a closable.
func (r *Runner) Name(id uint64, name string) int32 { return Runner_host_name(r.self, id, name) }

// TimeNS is the loop's time.
func (r *Runner) TimeNS() uint64 { return Runner_time_ns(r.self) }

// Debug tells whether debug mode is on.
func (r *Runner) Debug() bool { return Runner_debug(r.self) != 0 }

// SetDebug turns debug mode On, Off, or to the Default.
func (r *Runner) SetDebug(debug int32) int32 { return Runner_set_debug(r.self, debug) }
