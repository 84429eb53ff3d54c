package runner

import (
	"context"
	"sync"
	"time"

	"example.org/librunner/go/internal/core"
)

// Loop is the loop of a runner: for callbacks, which are functions that do not wait. Its methods are
// for tasks and callbacks of the runner and, while nothing runs, for anybody, unless they say so.
//
// A callback that panics ends the run, as a task does.
type Loop struct{ r *engine }

// engine is that of the loop, which is nil if LoopOf has found none.
func (l *Loop) engine() (*engine, error) {
	if l == nil || l.r == nil {
		return nil, ErrNoTask
	}
	return l.r, nil
}

// enter is enter of its engine.
func (l *Loop) enter() error {
	r, err := l.engine()
	if err != nil {
		return err
	}
	return r.enter()
}

// LoopOf is the loop of the runner that ctx belongs to, and nil if that is none.
func LoopOf(ctx context.Context) *Loop {
	t, err := taskOf(ctx)
	if err != nil {
		return nil
	}
	return &t.r.loop
}

// CallSoon has fn called in the next iteration, after what is ready.
func (l *Loop) CallSoon(fn func()) error {
	if fn == nil {
		return ErrInvalid
	}
	if err := l.enter(); err != nil {
		return err
	}
	defer l.r.leave()
	kept := l.r.keep(callSoon(fn))
	c := l.r.command(core.Cmd{Task: l.r.curID(), Op: core.OpCallSoon, B: kept})
	if c.Status != 0 {
		l.r.take(kept)
		return Errno(c.Status)
	}
	return nil
}

// CallSoonThreadsafe is CallSoon for any goroutine. If it returns nil, fn is called, or the runner is
// closed before; if it returns [ErrClosed], fn is not called.
func (l *Loop) CallSoonThreadsafe(fn func()) error {
	r, err := l.engine()
	switch {
	case err != nil:
		return err
	case fn == nil:
		return ErrInvalid
	case !r.post(callSoon(fn)):
		return ErrClosed
	}
	return nil
}

// Timer is a callback that is called later. [Loop.CallLater] makes it.
type Timer struct {
	r  *engine
	id uint64
	fn func() // nil: it was called or taken back
}

// CallLater has fn called after a time, in the order of their times.
func (l *Loop) CallLater(d time.Duration, fn func()) (*Timer, error) {
	return l.call(core.OpCallLater, d, fn)
}

// CallAt has fn called at a time of the loop's clock, [Loop.Time].
func (l *Loop) CallAt(t time.Duration, fn func()) (*Timer, error) {
	return l.call(core.OpCallAt, t, fn)
}

func (l *Loop) call(op uint32, when time.Duration, fn func()) (*Timer, error) {
	if fn == nil {
		return nil, ErrInvalid
	}
	if err := l.enter(); err != nil {
		return nil, err
	}
	defer l.r.leave()
	t := &Timer{r: l.r, fn: fn}
	kept := l.r.keep(t)
	c := l.r.command(core.Cmd{Task: l.r.curID(), Op: op, A: int64(when), B: kept})
	if c.Status != 0 {
		l.r.take(kept)
		return nil, Errno(c.Status)
	}
	t.id = c.ID
	return t, nil
}

// Cancel takes the timer back. It returns false if the callback was called, or taken back before.
func (t *Timer) Cancel() bool {
	if t == nil || t.r == nil || t.r.enter() != nil {
		return false
	}
	defer t.r.leave()
	if t.fn == nil {
		return false
	}
	t.fn = nil
	c := t.r.command(core.Cmd{Op: core.OpTimerCancel, ID: t.id})
	t.r.buffer(core.Cmd{Op: core.OpRelease, ID: t.id})
	return c.Status == 0
}

// fire is its function, which is to be called now.
func (t *Timer) fire() func() {
	fn := t.fn
	t.fn = nil
	if fn != nil {
		t.r.buffer(core.Cmd{Op: core.OpRelease, ID: t.id})
	}
	return fn
}

// Time is the loop's clock. It has nothing to do with the time of day.
func (l *Loop) Time() time.Duration {
	if l.enter() != nil {
		return 0
	}
	defer l.r.leave()
	return time.Duration(l.r.core.TimeNS())
}

// Stop ends the run after the iteration: it returns [ErrStopped], and its main task stays where it is.
func (l *Loop) Stop() error {
	r, err := l.engine()
	if err == nil {
		err = r.onLoop()
	}
	if err != nil {
		return err
	}
	if c := r.command(core.Cmd{Op: core.OpStop}); c.Status != 0 {
		return Errno(c.Status)
	}
	return nil
}

// Hold says that a goroutine of the program will call [Loop.CallSoonThreadsafe]: until release is
// called, tasks that wait with nothing else to wake them are no deadlock. Any goroutine may call
// either.
func (l *Loop) Hold() (release func(), err error) {
	r, err := l.engine()
	if err == nil {
		err = r.hold()
	}
	if err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { r.post(letGo{}) }), nil
}

func (r *engine) hold() error {
	if err := r.made(); err != nil {
		return err
	}
	r.postMu.Lock()
	defer r.postMu.Unlock()
	if r.gone {
		return ErrClosed
	}
	if code := r.core.SubmitterAcquire(); code != 0 {
		return Errno(code)
	}
	return nil
}

// letGo is the end of a hold. It is posted, so that what was posted before comes first: C does not see
// that.
type letGo struct{}

func (letGo) deliver(r *engine) { r.core.SubmitterRelease() }

func (letGo) urgent() bool { return true } // it may be a deadlock now

// made has what C has of r made, if no run has done so. Any goroutine.
func (r *engine) made() error {
	if phase := r.phase.Load(); phase == turning || phase == serving {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open()
}
