package runner

import (
	"context"
	"runtime"

	"example.org/librunner/go/internal/core"
)

// Future is a result that is settled once, with any number of waiters.
type Future[T any] struct {
	outcome
	value T
}

// NewFuture makes a future of the runner that ctx belongs to. If that is none, the future has failed
// with the reason.
func NewFuture[T any](ctx context.Context) *Future[T] {
	f := &Future[T]{}
	f.flags.Store(flagFuture)
	t, err := taskOf(ctx)
	if err == nil {
		c := t.r.command(core.Cmd{Task: t.id, Op: core.OpFutureNew})
		if c.Status == 0 {
			f.r, f.id = t.r, c.ID
			runtime.AddCleanup(f, release, reference{f.r, f.id})
			return f
		}
		err = Errno(c.Status)
	}
	f.settle(core.EINVAL, err)
	return f
}

// Resolve settles the future with a value. [ErrDone]: it is settled. For tasks and callbacks of the
// runner.
func (f *Future[T]) Resolve(value T) error {
	if err := f.order(core.Cmd{Op: core.OpResolve}); err != nil {
		return err
	}
	f.value = value
	f.settle(0, nil)
	return nil
}

// Reject settles the future with an error. [ErrDone]: it is settled. For tasks and callbacks of the
// runner.
func (f *Future[T]) Reject(reason error) error {
	switch {
	case reason == nil:
		return ErrInvalid
	case isCancel(reason, false):
		return f.cancelled(reason)
	}
	if err := f.order(core.Cmd{Op: core.OpReject, Status: core.EUSER, B: f.id}); err != nil {
		return err
	}
	f.flags.Or(flagHeld)
	f.r.fail(f.id, reason)
	f.settle(core.EUSER, reason)
	return nil
}

// Cancel settles the future as cancelled. It returns false if it is settled. For tasks and callbacks
// of the runner.
func (f *Future[T]) Cancel(cause ...error) bool {
	var why error
	if len(cause) > 0 {
		why = cause[0]
	}
	return f.cancelled(canceledBy(why)) == nil
}

func (f *Future[T]) cancelled(reason error) error {
	if err := f.order(core.Cmd{Op: core.OpCancel}); err != nil {
		return err
	}
	f.settle(core.ECANCELED, reason)
	return nil
}

// order has C settle the future.
func (f *Future[T]) order(c core.Cmd) error {
	switch {
	case f.isDone():
		return ErrDone
	case f.r == nil:
		return ErrInvalid // a zero value
	}
	if err := f.r.onLoop(); err != nil {
		return err
	}
	c.ID = f.id
	if c = f.r.command(c); c.Status != 0 {
		f.refresh()
		return Errno(c.Status)
	}
	return nil
}

// Await waits until the future is settled, and takes its outcome. It is [Task.Await]: who awaits and is
// cancelled cancels the future.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	if err := f.await(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f.value, nil
}

// Result is the outcome of a future that is settled, or [ErrPending]. Any goroutine may call it.
func (f *Future[T]) Result() (T, error) {
	var zero T
	f.look()
	if !f.isDone() {
		return zero, ErrPending
	}
	if err := f.taken(); err != nil {
		return zero, err
	}
	return f.value, nil
}
