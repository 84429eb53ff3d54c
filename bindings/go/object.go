package runner

import (
	"context"
	"runtime"

	"example.org/librunner/go/internal/core"
)

// object is what a Lock, an Event and their like have in common: something of one runner, that the
// library knows by its id.
type object struct {
	r   *engine
	id  uint64
	err error // why it could not be made: what every use of it returns
}

// newObject does a command that makes something, for the task of ctx.
func newObject(ctx context.Context, c core.Cmd) object {
	t, err := taskOf(ctx)
	if err != nil {
		return object{err: err}
	}
	c.Task = t.id
	c = t.r.command(c)
	if c.Status != 0 {
		return object{r: t.r, err: Errno(c.Status)}
	}
	return object{r: t.r, id: c.ID}
}

// owned has the id of o, which is part of owner, released once nothing refers to owner any more.
// asyncio's objects have no close either.
func owned[T any](owner *T, o *object) *T {
	if o.id != 0 {
		runtime.AddCleanup(owner, release, reference{o.r, o.id})
	}
	return owner
}

type reference struct {
	r  *engine
	id uint64
}

func release(gone reference) { gone.r.releaseLater(gone.id) }

func (o *object) usable() error {
	if o.r == nil && o.err == nil {
		return ErrInvalid // a zero value, that no New... has made
	}
	return o.err
}

// task is the running task that ctx belongs to, provided that it may use the object.
func (o *object) task(ctx context.Context) (*task, error) {
	if err := o.usable(); err != nil {
		return nil, err
	}
	t, err := taskOf(ctx)
	if err == nil && t.r != o.r {
		err = ErrForeign
	}
	return t, err
}

// wait does a command that may park the task of ctx, and gives the value of its outcome.
func (o *object) wait(ctx context.Context, c core.Cmd) (uint64, error) {
	t, err := o.task(ctx)
	if err != nil {
		return 0, err
	}
	return o.park(ctx, t, c)
}

// park is wait, of a task that may use the object.
func (o *object) park(ctx context.Context, t *task, c core.Cmd) (uint64, error) {
	c.ID = o.id
	status, value := t.wait(ctx, c)
	runtime.KeepAlive(o)
	if status != 0 {
		return 0, o.r.errorOf(status, value, t)
	}
	return value, nil
}

// reachable is nil for a task or a callback that may use the object.
func (o *object) reachable() error {
	if err := o.usable(); err != nil {
		return err
	}
	return o.r.onLoop()
}

// do does a command that never waits, for a task or a callback.
func (o *object) do(c core.Cmd) (core.Cmd, error) {
	if err := o.reachable(); err != nil {
		return c, err
	}
	return o.give(c)
}

// give is do, where the object is known to be reachable.
func (o *object) give(c core.Cmd) (core.Cmd, error) {
	c.ID = o.id
	c = o.r.command(c)
	runtime.KeepAlive(o)
	if c.Status != 0 {
		return c, Errno(c.Status)
	}
	return c, nil
}

// look does a command that only looks, and cannot fail but by misuse: then it finds nothing.
func (o *object) look(op uint32) core.Cmd {
	c, err := o.do(core.Cmd{Op: op})
	if err != nil {
		return core.Cmd{}
	}
	return c
}

// holder is what is taken and given back: a lock, a semaphore.
type holder interface {
	Acquire(ctx context.Context) error
	Release() error
}

// holding runs fn between Acquire and Release; that also follows a panic. What fn returns goes before
// what Release does.
func holding(ctx context.Context, h holder, fn func(context.Context) error) (err error) {
	if fn == nil {
		return ErrInvalid
	}
	if err := h.Acquire(ctx); err != nil {
		return err
	}
	defer func() {
		if released := h.Release(); err == nil {
			err = released
		}
	}()
	return fn(ctx)
}
