package runner

import (
	"context"
	"sync/atomic"

	"example.org/librunner/go/internal/core"
)

// outcome is what a task and a future have in common: how it ends, and who is told. What is marked
// "done" is written once, before the flag is set, and then read by anybody.
type outcome struct {
	r      *engine // nil: it could not be made, and is done with err
	id     uint64
	flags  atomic.Uint32
	status int32         // done
	err    error         // done
	told   chan struct{} // by lazyMu: closed when it is done
}

// Flags of an outcome.
const (
	flagDone     uint32 = 1 << iota // its outcome is there
	flagAsked                       // told has been made
	flagHeld                        // it has failed, and C holds a reference to report that
	flagTaken                       // its failure was given to somebody
	flagFuture                      // it is a future: C can end it by itself
	flagCanceled                    // the context of the task is canceled
	flagLate                        // ... because of a deadline
	flagWatched                     // the context of the task has been asked for what it makes lazily
)

// Awaiter is a task or a future of whatever type: [*Task] and [*Future].
type Awaiter interface {
	// Done is closed when it is done.
	Done() <-chan struct{}
	base() *outcome
}

// Awaitable is a task or a future of some type: [*Task] and [*Future].
type Awaitable[T any] interface {
	Awaiter
	Await(ctx context.Context) (T, error)
	Result() (T, error)
}

func (o *outcome) base() *outcome { return o }

func (o *outcome) has(flag uint32) bool { return o.flags.Load()&flag != 0 }

func (o *outcome) isDone() bool { return o.has(flagDone) }

// Done is a channel that is closed when it is done. Any goroutine may call it.
func (o *outcome) Done() <-chan struct{} {
	if o.r == nil {
		return closedChannel
	}
	o.r.lazyMu.Lock()
	defer o.r.lazyMu.Unlock()
	if o.told == nil {
		o.told = make(chan struct{})
		// Who sets the second of the two flags closes.
		if o.flags.Or(flagAsked)&flagDone != 0 {
			close(o.told)
		} else if o.has(flagFuture) {
			o.r.expect(o)
		}
	}
	if o.has(flagFuture) && o.r.phase.Load() == shut {
		o.abandon()
	}
	return o.told
}

// abandon ends a future that was pending when its runner was closed. The caller holds lazyMu.
func (o *outcome) abandon() {
	if o.isDone() {
		return
	}
	o.status, o.err = core.ECANCELED, canceledBy(ErrClosed)
	if o.flags.Or(flagDone)&flagAsked != 0 {
		close(o.told)
	}
}

// expect remembers a future that somebody waits for outside of the loop, so that the close tells him.
func (r *engine) expect(o *outcome) {
	if r.expected == nil {
		r.expected = make(map[*outcome]struct{})
	}
	r.expected[o] = struct{}{}
}

// settle ends it, and tells who waits outside of the loop. What waits for it inside, C wakes.
func (o *outcome) settle(status int32, err error) {
	o.status, o.err = status, err
	if o.flags.Or(flagDone)&flagAsked != 0 {
		o.r.lazyMu.Lock()
		close(o.told)
		delete(o.r.expected, o)
		o.r.lazyMu.Unlock()
	}
}

// refresh asks C whether a future was cancelled together with who waited for it.
func (o *outcome) refresh() { o.refreshAs(nil) }

// refreshAs is refresh that knows why.
func (o *outcome) refreshAs(err error) {
	if o.flags.Load()&(flagFuture|flagDone) != flagFuture {
		return
	}
	if c := o.r.command(core.Cmd{Op: core.OpStatus, ID: o.id}); c.Status != core.ECANCELED {
		return
	}
	if !isCancel(err, false) {
		err = canceledBy(err)
	}
	o.settle(core.ECANCELED, err)
}

// look is refresh for those who may ask C, or need not any more.
func (o *outcome) look() {
	if o.r == nil || o.flags.Load()&(flagFuture|flagDone) != flagFuture {
		return
	}
	switch o.r.onLoop() {
	case nil:
		o.refresh()
	case error(ErrClosed):
		o.r.lazyMu.Lock()
		o.abandon()
		o.r.lazyMu.Unlock()
	}
}

// Cancelled tells whether it is done, and was cancelled. Any goroutine may call it.
func (o *outcome) Cancelled() bool {
	o.look()
	return o.isDone() && (o.status == core.ECANCELED || o.r == nil && isCancel(o.err, false))
}

// taken is the error of one that is done, which somebody now is given: it is not reported any more.
// Any goroutine may call it.
func (o *outcome) taken() error {
	if o.flags.Load()&(flagHeld|flagTaken) == flagHeld && o.flags.Or(flagTaken)&flagTaken == 0 {
		o.r.post(taking{o})
	}
	return o.err
}

// taking has the library know that the failure of an outcome was taken.
type taking struct{ *outcome }

func (o taking) deliver(r *engine) {
	r.buffer(core.Cmd{Op: core.OpResult, ID: o.id})
	r.buffer(core.Cmd{Op: core.OpRelease, ID: o.id})
	if o.has(flagFuture) {
		delete(r.failures, o.id) // no event says that it is gone
	}
}

func (taking) urgent() bool { return false }

// handle is an id of C to wait for: its own while C has it, else that of a future that is settled like
// it. The latter is to be released after the wait.
func (o *outcome) handle() (id uint64, release bool, err error) {
	if o.r == nil {
		return 0, false, o.err
	}
	o.refresh()
	if !o.isDone() || o.flags.Load()&(flagHeld|flagTaken) == flagHeld {
		return o.id, false, nil
	}
	r := o.r
	future := r.command(core.Cmd{Op: core.OpFutureNew})
	if future.Status != 0 {
		return 0, false, Errno(future.Status)
	}
	settle := core.Cmd{Op: core.OpResolve, ID: future.ID}
	switch o.status {
	case 0:
	case core.ECANCELED:
		settle.Op = core.OpCancel
	default:
		settle = core.Cmd{Op: core.OpReject, ID: future.ID, Status: o.status, B: o.id}
		if r.failures[o.id] == nil {
			r.fail(o.id, o.err)
		}
	}
	r.buffer(settle)
	r.flush()
	return future.ID, true, nil
}

// failure is what is known of a task or a future that has failed, or was cancelled for a cause, as
// long as C can name it.
type failure struct {
	err    error
	name   string
	site   string
	number uint64
	risen  bool // the run has ended with it
}

// fail remembers the error of an outcome.
func (r *engine) fail(id uint64, err error) *failure {
	f := &failure{err: err}
	if r.failures == nil {
		r.failures = make(map[uint64]*failure)
	}
	r.failures[id] = f
	return f
}

// failTask remembers the error of a task.
func (r *engine) failTask(t *task, err error) {
	f := r.fail(t.id, err)
	f.number = t.number
	f.risen = r.crash != nil && err == r.crash.error()
	if t.rare != nil {
		f.name, f.site = t.rare.name, t.rare.site
	}
}

// errorOf is the error of a wait of t that has failed with a status and a value: what the task that
// the value names has ended with, why t was cancelled, or the code.
func (r *engine) errorOf(status int32, value uint64, t *task) error {
	if err := t.takeUnwaited(); err != nil {
		return err
	}
	if value != 0 {
		if f := r.failures[value]; f != nil {
			return f.err
		}
	}
	if status != core.ECANCELED {
		return Errno(status)
	}
	if target := r.task(value); target != nil {
		return canceledBy(target.cause())
	}
	return canceled
}
