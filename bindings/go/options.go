package runner

import (
	"context"
	"log/slog"
	"time"

	"example.org/librunner/go/internal/core"
)

// Option is an option of [New] and [Run].
type Option func(*options)

type options struct {
	core    core.Options
	values  context.Context // or nil
	quiet   bool            // takes no SIGINT
	locked  bool
	inCore  bool            // waits in C, not in Go
	logger  *slog.Logger    // or nil
	handler func(Exception) // or nil
	err     error           // of an option that is out of range
}

// WithDebug turns debug mode on or off. Default: on if the variable LIBRUNNER_DEBUG is not empty.
//
// In debug mode steps that take too long are reported, every report tells where its task was spawned,
// and calls that come from the wrong goroutine are refused with [ErrThread].
func WithDebug(on bool) Option {
	return func(o *options) { o.core.Debug = tristate(on) }
}

// WithDeadlockDetection tells whether a run in which nothing can wake a task any more ends with
// [ErrDeadlock]. Default: true. Where goroutines of the program will settle what tasks wait for by
// [Loop.CallSoonThreadsafe], [Loop.Hold] says so.
func WithDeadlockDetection(on bool) Option {
	return func(o *options) { o.core.Deadlock = tristate(on) }
}

func tristate(on bool) int32 {
	if on {
		return core.On
	}
	return core.Off
}

// WithContext gives every task of the runner the values of ctx; those of the context of [Runner.Run]
// go before them. Its cancel and its deadline have no effect.
func WithContext(ctx context.Context) Option {
	return func(o *options) { o.values = ctx }
}

// WithInterrupt tells whether SIGINT interrupts a run. Default: true, unless the process ignores the
// signal. False leaves the signal alone.
func WithInterrupt(on bool) Option {
	return func(o *options) { o.quiet = !on }
}

// WithVirtualClock has time stand still while anything is ready or a thread of [ToThread] runs, and
// else jump to the next deadline: sleeps and timeouts of this package then take no time, and come in
// the order of their deadlines. Deadlines of contexts keep real time.
func WithVirtualClock() Option {
	return func(o *options) { o.core.VirtualClock = true }
}

// WithLogger sets where errors that nobody can be given are logged. Default: [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return func(o *options) { o.logger = logger }
}

// WithExceptionHandler has fn called with every error that nobody can be given, instead of the log.
// It is called as a callback of the runner: it may use the loop, but not wait.
func WithExceptionHandler(fn func(Exception)) Option {
	return func(o *options) { o.handler = fn }
}

// WithCancelGrace sets how long [Runner.Close] waits for the tasks that it has cancelled, before it
// gives them up. Default, and less than 0: without limit. What is given up is unwound as by
// [runtime.Goexit], and stands in the report.
func WithCancelGrace(d time.Duration) Option {
	return func(o *options) { o.core.CancelGraceMS = milliseconds(d) }
}

// WithClosableGrace sets how long [Runner.Close] waits for closables and generators. Default, and less
// than 0: without limit.
func WithClosableGrace(d time.Duration) Option {
	return func(o *options) { o.core.ClosableGraceMS = milliseconds(d) }
}

// WithJoinTimeout sets how long [Runner.Close] waits for the functions of [ToThread]. Default: five
// minutes. Less than 0: without limit.
func WithJoinTimeout(d time.Duration) Option {
	return func(o *options) { o.core.JoinTimeoutMS = milliseconds(d) }
}

// WithSlowStep sets how long a step may take before debug mode reports it, in milliseconds, at least
// one. Default: 100 of them. Less than 0: it reports none.
func WithSlowStep(d time.Duration) Option {
	return func(o *options) {
		if d == 0 {
			d = time.Millisecond
		}
		o.core.SlowMS = milliseconds(d)
	}
}

// WithLockedThread locks the goroutine that runs the tasks to its thread: for C libraries that have to
// be called from one thread. What comes from other goroutines then takes some ten times longer to
// reach the loop.
func WithLockedThread() Option {
	return func(o *options) { o.locked = true }
}

// WithPollInterval sets how many iterations may pass between two looks at the kernel while tasks are
// ready. Default: 61. 1 is asyncio's.
func WithPollInterval(n int) Option {
	return func(o *options) {
		if n < 1 || n > 1<<31-1 {
			o.err = ErrInvalid
			return
		}
		o.core.PollInterval = uint32(n)
	}
}

// milliseconds is d as the library counts: rounded up, with values of their own for no time and for
// less than that, which is without limit.
func milliseconds(d time.Duration) uint64 {
	switch {
	case d < 0:
		return core.ForeverMS
	case d == 0:
		return core.NoWaitMS
	}
	return uint64((d + time.Millisecond - 1) / time.Millisecond)
}

// TaskOption is an option of a task: of [Go], [Runner.Run] and [TaskGroup.Go].
type TaskOption func(*taskOptions)

type taskOptions struct {
	name string
	vars interface {
		contextID(r *engine) (uint64, error)
	} // or nil
}

// Name names a task, for reports and for people.
func Name(name string) TaskOption {
	return func(o *taskOptions) { o.name = name }
}

func taskOptionsOf(opts []TaskOption) taskOptions {
	var o taskOptions
	for _, set := range opts {
		if set != nil {
			set(&o)
		}
	}
	return o
}
