package runner

import (
	"context"
	"errors"
	"time"
)

// taskCtx is a task as the context that its body is given. It is done while a cancel of the task is
// requested, and when the task has ended. A cancel by a timeout or a group of its own does not count:
// that ends a part of the task.
type taskCtx task

type taskKey struct{}

// contextTask is the task that ctx belongs to, or nil.
func contextTask(ctx context.Context) *task {
	if c, ok := ctx.(*taskCtx); ok {
		return (*task)(c)
	}
	if ctx == nil {
		return nil
	}
	t, _ := ctx.Value(taskKey{}).(*task)
	return t
}

// inherited is what a task that is started with ctx finds its values in. The task that started it is
// left out: it may be gone long before.
func inherited(ctx context.Context) context.Context {
	if c, ok := ctx.(*taskCtx); ok {
		return c.values
	}
	// Without this the package context would take the cause of a cancel of ctx for one of the task.
	return context.WithoutCancel(ctx)
}

// Deadline is that of the context of Run, for the main task.
func (c *taskCtx) Deadline() (deadline time.Time, ok bool) {
	if run, isRun := c.values.(*runValues); isRun && c.main {
		return run.ctx.Deadline()
	}
	return time.Time{}, false
}

func (c *taskCtx) Done() <-chan struct{} {
	c.r.lazyMu.Lock()
	defer c.r.lazyMu.Unlock()
	return (*task)(c).lazyContext().channel(c.ended())
}

// Err is [context.Canceled], or [context.DeadlineExceeded] where the deadline of Run's context did it.
func (c *taskCtx) Err() error {
	switch flags := c.flags.Load(); {
	case flags&flagLate != 0:
		return context.DeadlineExceeded
	case flags&(flagCanceled|flagDone) != 0:
		return context.Canceled
	}
	return nil
}

func (c *taskCtx) Value(key any) any {
	if key == (taskKey{}) {
		return (*task)(c)
	}
	return c.values.Value(key)
}

// AfterFunc is what the package context looks for, to start no goroutine for a context that is
// derived from this one.
func (c *taskCtx) AfterFunc(fn func()) (stop func() bool) {
	c.r.lazyMu.Lock()
	defer c.r.lazyMu.Unlock()
	if c.ended() {
		go fn()
		return func() bool { return false }
	}
	return (*task)(c).lazyContext().add(fn, &c.r.lazyMu)
}

func (c *taskCtx) ended() bool { return c.flags.Load()&(flagCanceled|flagDone) != 0 }

// lazyContext is the state of the context of t. The caller holds lazyMu.
func (t *task) lazyContext() *endOfContext {
	if t.ctx == nil {
		t.ctx = &endOfContext{}
		t.flags.Or(flagWatched)
	}
	return t.ctx
}

// cancelContext has the context of t be done.
func (t *task) cancelContext() {
	flags := flagCanceled
	if errors.Is(t.cause(), context.DeadlineExceeded) {
		flags |= flagLate
	}
	if t.flags.Or(flags)&flagWatched != 0 {
		t.endContext()
	}
}

// endContext tells everybody who waits for the context of t, which is done.
func (t *task) endContext() {
	t.r.lazyMu.Lock()
	after := t.ctx.end()
	t.r.lazyMu.Unlock()
	for fn := range after {
		(*fn)()
	}
}

// restoreContext has the context of t be as if it had not been cancelled: nothing of the cancel is
// left. What was derived from it stays cancelled.
func (t *task) restoreContext() {
	if !t.has(flagCanceled) {
		return
	}
	t.r.lazyMu.Lock()
	defer t.r.lazyMu.Unlock()
	t.flags.And(^(flagCanceled | flagLate))
	if t.ctx != nil {
		t.ctx.done = nil
	}
}

// runValues has the values of the context of a run, and behind them those of the runner.
type runValues struct {
	context.Context                 // the values of ctx
	ctx             context.Context // given to Run
	runner          context.Context // given to WithContext, or nil
}

func (v *runValues) Value(key any) any {
	if value := v.Context.Value(key); value != nil || v.runner == nil {
		return value
	}
	return v.runner.Value(key)
}
