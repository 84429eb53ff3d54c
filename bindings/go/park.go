package runner

import (
	"context"
	"runtime"
	"time"

	"example.org/librunner/go/internal/core"
)

// Sleep waits for a time. Zero or less lets everything run that is ready, once.
func Sleep(ctx context.Context, d time.Duration) error {
	return waitOnly(ctx, core.OpSleep|core.Suspended, int64(d))
}

// Yield lets everything run that is ready, once.
func Yield(ctx context.Context) error {
	return waitOnly(ctx, core.OpYield|core.Suspended, 0)
}

func waitOnly(ctx context.Context, op uint32, a int64) error {
	t, err := taskOf(ctx)
	if err != nil {
		return err
	}
	c := core.Cmd{Task: t.id, Op: op, A: a}
	var status int32
	var value uint64
	if _, own := ctx.(*taskCtx); own && !t.r.debug {
		t.r.buffer(c) // the short way of what wait does
		if status, value = t.pause(); status == core.ECANCELED {
			t.noticeCancel()
		}
	} else {
		status, value = t.wait(ctx, c)
	}
	if status == 0 {
		return nil
	}
	return t.r.errorOf(status, value, t)
}

// wait does a command that may park t. Its status and value are those of the command if t goes on at
// once, else those of the event that resumes t. A command with core.Suspended parks t for certain,
// and is kept for the next step.
//
// ctx is that of t, or derived from it: in that case its end ends the wait as a cancel of t would.
func (t *task) wait(ctx context.Context, c core.Cmd) (status int32, value uint64) {
	return t.waitFor(ctx, c, nil)
}

// waitFor is wait that calls start with the command once that has parked t.
func (t *task) waitFor(ctx context.Context, c core.Cmd, start func(core.Cmd)) (status int32, value uint64) {
	c.Task = t.id
	ctx = waiting(ctx)
	if t.foreign(ctx) {
		return t.waitWatched(ctx, c, start)
	}
	status, value = t.park(c, start)
	if status == core.ECANCELED {
		t.noticeCancel()
	}
	return status, value
}

// foreign tells whether ctx can end although t is not cancelled.
func (t *task) foreign(ctx context.Context) bool {
	if own, ok := ctx.(*taskCtx); ok && (*task)(own) == t {
		return false
	}
	done := ctx.Done()
	return done != nil && done != (*taskCtx)(t).Done()
}

// park is wait without a look at contexts.
func (t *task) park(c core.Cmd, start func(core.Cmd)) (status int32, value uint64) {
	r := t.r
	if r.debug {
		r.tookLong(t.id)
	}
	if c.Op&core.Suspended != 0 {
		r.buffer(c)
		return t.pause()
	}
	if c = r.command(c); c.Status != core.EPARKED {
		return c.Status, c.B
	}
	if start != nil {
		start(c)
	}
	return t.pause()
}

// pause switches to the driver, until the event comes that resumes t.
func (t *task) pause() (status int32, value uint64) {
	if !t.w.yield(struct{}{}) {
		runtime.Goexit() // it was given up: nothing but its deferred functions runs any more
	}
	return t.woken, t.brought
}

// suspend is wait for what has parked t already.
func (t *task) suspend(ctx context.Context) (status int32, value uint64) {
	ctx = waiting(ctx)
	if t.foreign(ctx) {
		w := t.watchOver(ctx)
		status, value = t.pause()
		return w.over(status, value)
	}
	status, value = t.pause()
	if status == core.ECANCELED {
		t.noticeCancel()
	}
	return status, value
}

// noticeCancel has the context of t agree with what C knows of its cancels.
func (t *task) noticeCancel() {
	c := t.r.command(core.Cmd{Op: core.OpCancelling, ID: t.id})
	switch {
	case c.B == 0:
		t.restoreContext()
	case c.A != core.ReasonTimeout && c.A != core.ReasonGroup:
		t.cancelContext()
	}
}

// recount is noticeCancel, after something that may have taken a cancel of t back.
func (t *task) recount() {
	if t.has(flagCanceled) {
		t.noticeCancel()
	}
}

// watch ends a wait of a task when a context ends.
type watch struct {
	t     *task
	ctx   context.Context
	stop  func() bool
	place int    // among those of the engine
	fired bool   // loop: the wait was cancelled by it
	base  uint64 // how many cancels there were before
}

// waitWatched is wait with a context that can end by itself.
func (t *task) waitWatched(ctx context.Context, c core.Cmd, start func(core.Cmd)) (status int32, value uint64) {
	// A cancel that was requested and not delivered is delivered by the wait.
	if ctx.Err() != nil && !t.touched {
		t.rarely().unwaited = context.Cause(ctx)
		return core.ECANCELED, 0
	}
	w := t.watchOver(ctx)
	status, value = t.park(c, start)
	return w.over(status, value)
}

// watchOver begins to watch over a wait of t.
func (t *task) watchOver(ctx context.Context) *watch {
	r := t.r
	w := &watch{t: t, ctx: ctx, place: len(r.watches)}
	w.base = r.command(core.Cmd{Op: core.OpCancelling, ID: t.id}).B
	t.rarely().watch = w
	r.watches = append(r.watches, w)
	if len(r.watches) == 1 {
		r.core.SubmitterAcquire() // what comes from a context is not seen by C: no deadlock
	}
	w.stop = context.AfterFunc(ctx, func() { t.r.post(w) })
	return w
}

// deliver cancels the wait, unless it is over.
func (w *watch) deliver(r *engine) {
	if w.t.rare.watch != w || w.fired {
		return
	}
	w.fired = r.command(core.Cmd{Op: core.OpCancel, ID: w.t.id}).Status == 0
}

func (*watch) urgent() bool { return true }

// lookAtWatches cancels waits whose contexts have ended, for the virtual clock: time must not go on
// before they have.
func (r *engine) lookAtWatches() {
	for _, w := range r.watches {
		if w.ctx.Err() != nil {
			w.deliver(r)
		}
	}
}

// over ends the watch over a wait that has ended: its cancel was not meant for the task.
func (w *watch) over(status int32, value uint64) (int32, uint64) {
	t := w.t
	r := t.r
	w.stop()
	t.rare.watch = nil
	last := len(r.watches) - 1
	r.watches[w.place] = r.watches[last]
	r.watches[w.place].place = w.place
	r.watches[last] = nil
	r.watches = r.watches[:last]
	if last == 0 {
		r.core.SubmitterRelease()
	}
	if w.fired {
		left := r.command(core.Cmd{Op: core.OpUncancel, ID: t.id}).B
		if status == core.ECANCELED && left <= w.base {
			t.rare.unwaited = context.Cause(w.ctx)
			return status, 0
		}
		value = t.id // why t was cancelled: the cancel of the wait has no cause
	}
	if status == core.ECANCELED {
		t.noticeCancel()
	}
	return status, value
}
