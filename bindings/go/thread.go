package runner

import (
	"context"
	"sync"
	"time"

	"example.org/librunner/go/internal/core"
)

// ToThread runs fn in a goroutine of its own, beside the tasks, and waits for it: for what blocks or
// takes long. Nothing else of this package runs in parallel.
//
// The context of fn has the values of ctx and ends with the wait; it belongs to no task. If the wait
// is cancelled, fn goes on and what it returns is dropped; [Runner.Close] waits for it. A panic of fn
// goes on in the task, as a [*PanicError], and so does [runtime.Goexit].
func ToThread[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	var zero T
	t, err := taskOf(ctx)
	if err == nil && fn == nil {
		err = ErrInvalid
	}
	if err != nil {
		return zero, err
	}
	var value T
	j := &job{r: t.r, ctx: threadCtx{parent: ctx}}
	j.do = func() (err error) {
		value, err = fn(&j.ctx)
		return err
	}
	defer j.ctx.finish()
	status, from := t.waitFor(ctx, core.Cmd{Op: core.OpToThread}, j.start)
	switch {
	case status != 0:
		j.alone = true
		return zero, t.r.errorOf(status, from, t)
	case j.crash != nil:
		j.crash.rise()
	case j.err != nil:
		return zero, j.err
	}
	return value, nil
}

// job is a function that runs in a goroutine of its own.
type job struct {
	r     *engine
	id    uint64
	ctx   threadCtx
	do    func() error
	err   error
	crash *crash
	alone bool // loop: nobody waits for it any more
}

// start starts it, as C has agreed to by c.
func (j *job) start(c core.Cmd) {
	j.id = c.ID
	go j.run()
}

func (j *job) run() {
	returned := false
	defer func() {
		if !returned {
			j.crash = &crash{}
			if value := recover(); value != nil {
				j.crash.panic = panicError(value)
			}
		}
		if !j.r.post(j) && j.crash != nil {
			j.r.log().Error("runner: a function of ToThread has ended after the close", "err", j.crash.error())
		}
	}()
	j.err = j.do()
	returned = true
}

// deliver tells C that it has ended. A panic that nobody waits for ends the run.
func (j *job) deliver(r *engine) {
	r.buffer(core.Cmd{Op: core.OpJobEnd, ID: j.id})
	if j.alone && j.crash != nil {
		r.fall(j.crash)
	}
}

func (*job) urgent() bool { return true }

// threadCtx is the context of a function of ToThread. It has the values of its parent, but no task,
// and ends when the wait of the task does: the end of the parent ends that.
type threadCtx struct {
	parent context.Context
	mu     sync.Mutex
	err    error
	told   endOfContext
}

func (c *threadCtx) Deadline() (time.Time, bool) { return c.parent.Deadline() }

func (c *threadCtx) Value(key any) any {
	if key == (taskKey{}) {
		return nil
	}
	return c.parent.Value(key)
}

func (c *threadCtx) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *threadCtx) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told.channel(c.err != nil)
}

// AfterFunc is what the package context looks for, as that of taskCtx.
func (c *threadCtx) AfterFunc(fn func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go fn()
		return func() bool { return false }
	}
	return c.told.add(fn, &c.mu)
}

// finish ends the context.
func (c *threadCtx) finish() {
	err := c.parent.Err()
	if err == nil {
		err = context.Canceled
	}
	c.mu.Lock()
	c.err = err
	after := c.told.end()
	c.mu.Unlock()
	for fn := range after {
		(*fn)()
	}
}
