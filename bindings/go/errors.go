package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"example.org/librunner/go/internal/core"
)

// Errno is a code of the library, or of libuv below it. It is what the functions of this package
// return when no error of the program stands behind it; compare with [errors.Is] and the constants.
type Errno int32

const (
	// ErrInvalid: an argument is nil, out of range or a zero value that no New... has made.
	ErrInvalid = Errno(core.EINVAL)
	// ErrNoMemory: the library has no memory left.
	ErrNoMemory = Errno(core.ENOMEM)
	// ErrRunning: not to be called from inside a running loop.
	ErrRunning = Errno(core.ELOOP)
	// ErrClosed: the runner is closed.
	ErrClosed = Errno(core.ECLOSED)
	// ErrBusy: another goroutine runs or closes this runner.
	ErrBusy = Errno(core.EBUSY)
	// ErrThread: called from a goroutine that is no task of the runner, while the runner runs.
	ErrThread = Errno(core.ETHREAD)
	// ErrForked: the runner was made in the parent process.
	ErrForked = Errno(core.EFORK)
	// ErrNoLoop: the runner does not run.
	ErrNoLoop = Errno(core.ENOLOOP)
	// ErrNoTask: the context belongs to no task, or to one that does not run now.
	ErrNoTask = Errno(core.ENOTASK)
	// ErrCanceled: the task was cancelled. What is returned is mostly a [*CanceledError].
	ErrCanceled = Errno(core.ECANCELED)
	// ErrInterrupted: the run was ended by SIGINT, or by [Runner.Interrupt].
	ErrInterrupted = Errno(core.EINTR)
	// ErrStopped: [Loop.Stop] ended the run before its main task.
	ErrStopped = Errno(core.ESTOPPED)
	// ErrTimeout: it took too long. It is [context.DeadlineExceeded] for [errors.Is].
	ErrTimeout = Errno(core.ETIMEDOUT)
	// ErrShutdown: the runner is being closed and starts no thread any more.
	ErrShutdown = Errno(core.ESHUTDOWN)
	// ErrDeadlock: every task waits and nothing can wake one. [Runner.Report] tells for what.
	ErrDeadlock = Errno(core.EDEADLK)
	// ErrDone: the task or future is done already.
	ErrDone = Errno(core.EDONE)
	// ErrPending: the task or future is not done yet.
	ErrPending = Errno(core.EPENDING)
	// ErrSelfAwait: a task cannot await itself.
	ErrSelfAwait = Errno(core.ESELF)
	// ErrForeign: the object belongs to another runner.
	ErrForeign = Errno(core.EFOREIGN)
	// ErrAbandoned: the task was given up at the end of the grace of [Runner.Close].
	ErrAbandoned = Errno(core.EABANDONED)
)

// Error is a sentence.
func (e Errno) Error() string { return "runner: " + core.Strerror(int32(e)) }

// Name is the symbol of the code in C: "RUNNER_ECANCELED", "UV_ENOENT".
func (e Errno) Name() string { return core.ErrorName(int32(e)) }

// Is has [ErrTimeout] be [context.DeadlineExceeded], what a cancel or a signal has ended be
// [context.Canceled], and a code of libuv be what the [syscall.Errno] of that number is.
func (e Errno) Is(target error) bool {
	switch int32(e) {
	case core.ETIMEDOUT:
		return target == context.DeadlineExceeded
	case core.ECANCELED, core.EINTR, core.ETERM, core.EHUP:
		return target == context.Canceled
	}
	// libuv's codes are negated numbers of the system, except on Windows, which has none.
	if e >= 0 || e < -4095 || runtime.GOOS == "windows" {
		return false
	}
	number := syscall.Errno(-e)
	return target == number || number.Is(target)
}

// CanceledError says that a task, or something that it waited for, was cancelled. It is
// [ErrCanceled] and [context.Canceled] for [errors.Is], and what its cause is; of a cause that is
// [context.DeadlineExceeded] it is not [context.Canceled].
type CanceledError struct {
	Cause error // what was given to Cancel, or the cause of the context of Run; or nil
}

// canceled is the CanceledError without a cause.
var canceled = &CanceledError{}

func canceledBy(cause error) *CanceledError {
	if cause == nil {
		return canceled
	}
	return &CanceledError{cause}
}

// Error is a sentence, with the cause if there is one.
func (e *CanceledError) Error() string {
	if e.Cause == nil {
		return ErrCanceled.Error()
	}
	return ErrCanceled.Error() + ": " + e.Cause.Error()
}

// Is tells that it is [ErrCanceled] and [context.Canceled].
func (e *CanceledError) Is(target error) bool {
	return target == ErrCanceled ||
		target == context.Canceled && !errors.Is(e.Cause, context.DeadlineExceeded)
}

// Unwrap gives the cause.
func (e *CanceledError) Unwrap() error { return e.Cause }

// PanicError is a panic of a task, a callback or a function of [ToThread]: it comes out of
// [Runner.Run] and its like as a panic of their caller. Who awaits such a task meanwhile is given it
// as an error.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // of the task, as formatted by [runtime/debug.Stack]
}

// Error tells the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("runner: panic in a task: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap gives the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGoexit is the error of a task that has called runtime.Goexit.
var errGoexit = errors.New("runner: the task has called runtime.Goexit")

// isCancel tells whether err says that something was cancelled, and nothing else. [context.Canceled]
// does if it can come from the context of the task, that is if its cancel was requested.
func isCancel(err error, requested bool) bool {
	for err != nil {
		switch e := err.(type) {
		case *CanceledError:
			return true
		case Errno:
			return e == ErrCanceled
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			return areCancels(e.Unwrap(), requested)
		default:
			return requested && err == context.Canceled
		}
	}
	return false
}

func areCancels(errs []error, requested bool) bool {
	for _, err := range errs {
		if !isCancel(err, requested) {
			return false
		}
	}
	return len(errs) > 0
}
