package runner

import (
	"context"
	"runtime"

	"example.org/librunner/go/internal/core"
)

// Closable is something that is closed when its runner is, see [Register].
type Closable struct {
	r  *engine
	id uint64
}

// Register has a function run when the runner of ctx's task is closed: what asyncio does for
// asynchronous generators, for everything that has to wait while it closes.
//
// It runs as a task, after all tasks have ended and before jobs are waited for, at the same time as
// those of other closables, which begin in the order in which they were registered. An error that it
// returns is reported, and disturbs no other. The name is for reports; it may be empty.
func Register(ctx context.Context, name string, close func(context.Context) error) (*Closable, error) {
	t, err := taskOf(ctx)
	if err != nil {
		return nil, err
	}
	if close == nil {
		return nil, ErrInvalid
	}
	return register(t.r, name, closer(close))
}

// Register is [Register] without a task: in a callback of the runner, or while it does not run.
func (l *Loop) Register(name string, close func(context.Context) error) (*Closable, error) {
	if close == nil {
		return nil, ErrInvalid
	}
	if err := l.r.enter(); err != nil {
		return nil, err
	}
	defer l.r.leave()
	return register(l.r, name, closer(close))
}

// closer is what is kept for a closable.
type closer func(context.Context) error

func (c closer) closing(ctx context.Context) error { return c(ctx) }

func register(r *engine, name string, close closing) (*Closable, error) {
	kept := r.keep(close)
	c := r.command(core.Cmd{Op: core.OpClosableRegister, B: kept})
	if c.Status != 0 {
		r.take(kept)
		return nil, Errno(c.Status)
	}
	if name != "" {
		r.core.Name(c.ID, name)
	}
	if r.closing {
		r.exceptNow() // it may be too late for this one
	}
	if r.closing && r.worker != nil {
		r.worker.except() // it may be too late for it, which is reported before all else
	}
	closable := &Closable{r, c.ID}
	runtime.AddCleanup(closable, release, reference{r, c.ID})
	return closable, nil
}

// exceptNow has what the latest command has caused reported before its task goes on.
func (r *engine) exceptNow() {
	if r.worker == nil {
		return
	}
	running := r.cur
	r.cur = nil
	r.worker.except()
	r.cur = running
}

// Unregister takes the registration back, and nothing is closed. [ErrDone]: it is closed, or being
// closed.
func (c *Closable) Unregister() error {
	if err := c.r.enter(); err != nil {
		return err
	}
	defer c.r.leave()
	return c.unregister()
}

func (c *Closable) unregister() error {
	done := c.r.command(core.Cmd{Op: core.OpClosableUnregister, ID: c.id})
	runtime.KeepAlive(c)
	if done.Status != 0 {
		return Errno(done.Status)
	}
	return nil
}
