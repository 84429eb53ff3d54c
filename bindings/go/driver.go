package runner

import (
	"context"
	"runtime"
	"time"

	"example.org/librunner/go/internal/core"
)

// errand is what the driver is asked to do. An answer comes for each but forget.
type errand struct {
	kind int
	main *task // of run
	vars uint64
}

// Kinds of errand.
const (
	runMain = iota
	closeAll
	forget // the Runner was collected: free what is left
)

// reply is how a run or a close ended.
type reply struct {
	code  int32
	crash *crash
}

// drive is the goroutine of the driver: it takes every step of r, and makes and resumes every
// coroutine. It lives from the first run to the close.
func (r *engine) drive() {
	if r.locked {
		runtime.LockOSThread()
	}
	for q := range r.requests {
		switch q.kind {
		case runMain:
			r.replies <- r.runMain(q)
			continue
		case closeAll:
			answer := r.closeAll()
			defer func() { r.replies <- answer }()
		case forget:
			r.free()
			r.lost = nil // nobody expects code of the program to run now
		}
		// Comes last: it may end this goroutine.
		r.unwind(r.left())
		return
	}
}

// runMain runs a main task, from begin to end.
func (r *engine) runMain(q errand) reply {
	id, code := r.core.Begin(q.vars)
	if code != 0 {
		return reply{code: code}
	}
	t := q.main
	t.id = id
	r.know(t)
	r.count(t)
	r.name(t)
	return r.turn()
}

// closeAll closes what the library has of r, and frees it.
func (r *engine) closeAll() reply {
	r.closing = true
	answer := reply{code: r.core.BeginClose()}
	if answer.code == 0 {
		answer = r.turn()
	}
	r.free()
	return answer
}

// turn takes steps until the run or the close is over.
func (r *engine) turn() reply {
	r.phase.Store(turning)
	r.setStage(stageBegun)
	r.over, r.crash = false, nil
	for !r.over {
		r.deliver()
		if r.options.core.VirtualClock {
			r.lookAtWatches()
		}
		n := r.n
		r.n, r.taking = 0, 0
		events, wait, code := r.core.Step(r.cmds[:n])
		if n > 0 {
			r.settleRefused(n)
		}
		switch {
		case code != 0:
			return reply{code, r.crash} // not of a step of ours: the process was forked
		case len(events) > 0:
			if len(r.gones) > 0 {
				r.forgetFailures(events[0].Kind)
			}
			r.work(events)
		case wait != 0:
			r.park(wait)
		}
	}
	r.flush()
	r.setStage(stageNone)
	return reply{r.core.End(), r.crash}
}

// work has the tasks do what the events of a batch say, in their order. An event is read right before
// it is done: what is done before may have changed it.
func (r *engine) work(events []core.Event) {
	r.phase.Store(serving)
	r.events, r.next = events, 0
	for r.next < len(r.events) {
		event := &r.events[r.next]
		switch event.Kind {
		case core.KindResume:
			r.next++
			if t := r.task(event.Task); t != nil && t.w != nil {
				t.woken, t.brought = event.Status, event.Value
				r.resume(t)
			}
		case core.KindStart, core.KindCall, core.KindException:
			r.begin()
		default:
			r.next++
			r.note(event)
		}
	}
	r.events = nil
	r.next = 0
	r.phase.Store(turning)
}

// note takes notice of an event that is not about a body.
func (r *engine) note(event *core.Event) {
	switch event.Kind {
	case core.KindEnded:
		if t := r.task(event.Task); t != nil && !t.isDone() {
			r.lose(t, event.Status)
		}
	case core.KindDrop:
		if _, known := r.failures[event.Task]; known {
			r.gones = append(r.gones, event.Task)
		}
		if value, ok := r.take(event.Value).(interface{ dropped() }); ok {
			value.dropped()
		}
	case core.KindEnd:
		r.over = true
	}
}

// forgetFailures forgets those of tasks that are gone, once C has told everything that is about them:
// that stands before what is to be done.
func (r *engine) forgetFailures(next int32) {
	switch next {
	case core.KindEnded, core.KindDrop, core.KindException:
		return
	}
	for _, id := range r.gones {
		delete(r.failures, id)
	}
	r.gones = r.gones[:0]
}

// lose ends a task that C has ended: it was cancelled before it began, or given up at the close.
func (r *engine) lose(t *task, status int32) {
	err := error(Errno(status))
	if status == core.ECANCELED {
		err = canceledBy(t.cause())
	}
	r.forget(t)
	r.giveUp(t, status, err)
	if !t.lent {
		r.buffer(core.Cmd{Op: core.OpRelease, ID: t.id})
	}
}

// giveUp ends a task that is not run any further. Its coroutine is unwound when all else is closed.
func (r *engine) giveUp(t *task, status int32, err error) {
	if t.w != nil {
		r.lost = append(r.lost, t.w)
	}
	t.end(status, err)
}

// closing is what is kept for a closable.
type closing interface {
	closing(ctx context.Context) error
}

// closers makes the tasks that close closables, of all those that begin in the batch: C has made all
// of them before.
func (r *engine) closers() {
	for i := r.next - 1; i < len(r.events); i++ {
		event := &r.events[i]
		if c, ok := r.peek(event.Value).(closing); ok && event.Kind == core.KindStart && r.task(event.Task) == nil {
			r.closer(event.Task, c)
		}
	}
}

func (r *engine) closer(id uint64, c closing) {
	t := &Task[struct{}]{fn: func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.closing(ctx)
	}}
	t.self = t
	t.r, t.id, t.lent = r, id, true
	t.values = context.Background()
	if r.values != nil {
		t.values = context.WithoutCancel(r.values)
	}
	r.know(&t.task)
	r.count(&t.task)
}

// starting is the task of a KindStart that is to run its body; nil if it ends without.
func (r *engine) starting(event *core.Event) *task {
	t := r.task(event.Task)
	if t == nil {
		r.closers()
		if t = r.task(event.Task); t == nil {
			return nil
		}
	}
	if event.Status != 0 {
		r.finish(t, event.Status, canceledBy(t.cause()))
		return nil
	}
	return t
}

// called is the function of a KindCall.
func (r *engine) called(event *core.Event) func() {
	switch value := r.take(event.Value).(type) {
	case callSoon:
		return value
	case *Timer:
		return value.fire()
	}
	return nil
}

// park waits until there is something to do, or a time in nanoseconds is over.
func (r *engine) park(ns int64) {
	if r.poller == nil && !r.inCore {
		r.watchBackend()
	}
	r.postMu.Lock()
	r.parked = len(r.posts) == 0
	wait := r.parked
	r.postMu.Unlock()
	if !wait {
		return
	}
	if r.inCore {
		r.core.BackendWait(ns)
	} else {
		r.parkInGo(ns)
	}
	if !r.posted.Load() { // else deliver does it
		r.postMu.Lock()
		r.parked = false
		r.postMu.Unlock()
	}
}

func (r *engine) parkInGo(ns int64) {
	r.poller.arm()
	if ns == core.Forever {
		<-r.wake
		return
	}
	if r.timer == nil {
		r.timer = time.NewTimer(time.Duration(ns))
	} else {
		r.timer.Reset(time.Duration(ns))
	}
	select {
	case <-r.wake:
		r.timer.Stop()
	case <-r.timer.C:
	}
}

// watchBackend has the descriptor of the loop watched. Where that is not possible the driver waits in
// C from now on.
func (r *engine) watchBackend() {
	if fd, code := r.core.BackendFD(); code == 0 {
		if p, err := newPoller(fd, r.wake); err == nil {
			r.poller = p
			return
		}
	}
	r.postMu.Lock()
	r.inCore = true
	r.postMu.Unlock()
}

// free refuses what other goroutines bring from now on, tells those who wait for what will not come,
// and frees what the library has of r.
func (r *engine) free() {
	r.postMu.Lock()
	r.gone = true
	posts := r.posts
	r.posts = nil
	r.postMu.Unlock()
	for _, p := range posts {
		if waited, ok := p.(interface{ dropped() }); ok {
			waited.dropped()
		}
	}
	if r.poller != nil {
		r.poller.close()
	}
	r.entries = r.core.Report()
	r.phase.Store(shut)
	for _, t := range r.tasks {
		if t != nil && !t.isDone() {
			r.giveUp(t, core.EABANDONED, ErrAbandoned)
		}
	}
	r.lazyMu.Lock()
	for o := range r.expected {
		o.abandon()
	}
	r.expected = nil
	r.lazyMu.Unlock()
	r.core.Free()
	r.tasks, r.slots, r.events, r.cmds = nil, slots{}, nil, nil
	// What is the program's may refer to what waits to be collected, and so must not be held.
	r.handler, r.values, r.failures, r.vars = nil, nil, nil, nil
}

// left are the coroutines that exist.
func (r *engine) left() []*worker {
	left := append(append(r.lost, r.wrecks...), r.idle...)
	r.lost, r.wrecks, r.idle = nil, nil, nil
	return left
}

// unwind ends coroutines. One whose task was given up, or has called runtime.Goexit, takes this
// goroutine with it: what is deferred goes on.
func (r *engine) unwind(left []*worker) {
	if len(left) == 0 {
		return
	}
	defer r.unwind(left[1:])
	left[0].stop()
}
