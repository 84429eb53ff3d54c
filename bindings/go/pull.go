package runner

import (
	"iter"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"example.org/librunner/go/internal/core"
)

// worker is a coroutine in which tasks and callbacks run, one after the other. The driver switches to
// it by next and gets control back when a task waits, or when there is nothing to begin.
//
// All coroutines are made and resumed on the goroutine of the driver: with a locked thread the Go
// runtime allows nothing else.
type worker struct {
	r         *engine
	next      func() (struct{}, bool)
	stop      func()
	yield     func(struct{}) bool
	goroutine uint64 // debug mode
}

// mostIdle is how many coroutines are kept for tasks to come.
const mostIdle = 1024

// crash is what ends a run from outside of its tasks: a panic, or runtime.Goexit.
type crash struct {
	panic *PanicError // nil: it was runtime.Goexit
}

// begin has a worker work on the batch from where it stands.
func (r *engine) begin() {
	var w *worker
	if n := len(r.idle); n > 0 {
		w = r.idle[n-1]
		r.idle = r.idle[:n-1]
	} else {
		w = &worker{r: r}
		w.next, w.stop = iter.Pull(func(yield func(struct{}) bool) {
			coroutine(func() { w.work(yield) })
		})
	}
	r.enterWorker(w)
}

// resume switches to the coroutine of t, until it waits again.
func (r *engine) resume(t *task) {
	r.cur = t
	if r.debug {
		r.began = monotonic()
	}
	r.enterWorker(t.w)
}

func (r *engine) enterWorker(w *worker) {
	r.worker = w
	w.next()
	r.worker, r.cur = nil, nil
	if len(r.wrecks) > 0 && !r.locked {
		// Its Goexit goes on now, and ends whoever stops it.
		for _, wreck := range r.wrecks {
			go wreck.stop()
		}
		r.wrecks = nil
	}
}

// coroutine runs the body of a coroutine. inCoroutine finds it on the stack.
//
//go:noinline
func coroutine(body func()) { body() }

// work is the body of the coroutine.
func (w *worker) work(yield func(struct{}) bool) {
	r := w.r
	w.yield = yield
	if r.debug {
		w.goroutine = goroutineID()
	}
	for {
		for w.serve() {
		}
		if len(r.idle) >= mostIdle {
			return
		}
		r.idle = append(r.idle, w)
		if !yield(struct{}{}) {
			return
		}
	}
}

// serve takes the next event of the batch if it is one that begins something, and does it.
func (w *worker) serve() bool {
	r := w.r
	if r.next == len(r.events) {
		return false
	}
	event := &r.events[r.next]
	switch event.Kind {
	case core.KindStart:
		r.next++
		if t := r.starting(event); t != nil {
			t.w = w
			w.run(t)
		}
	case core.KindCall:
		r.next++
		if fn := r.called(event); fn != nil {
			w.call(fn)
		}
	case core.KindException:
		r.next++
		w.except()
	default:
		return false
	}
	return true
}

// run runs the body of a task to its end.
func (w *worker) run(t *task) {
	r := w.r
	r.cur = t
	if r.debug {
		r.began = monotonic()
	}
	returned := false
	defer func() {
		if !returned {
			w.fell(t, recover())
		}
	}()
	err := t.self.call((*taskCtx)(t))
	returned = true
	status := t.statusOf(err)
	r.cur = nil
	r.finish(t, status, err)
}

// call runs a callback.
func (w *worker) call(fn func()) {
	r := w.r
	if r.debug {
		r.began = monotonic()
	}
	returned := false
	defer func() {
		if !returned {
			w.fell(nil, recover())
		}
	}()
	fn()
	returned = true
	if r.debug {
		r.tookLong(0)
	}
}

// fell deals with a body that did not return: value is what it has given to panic, nil for
// runtime.Goexit. The run ends. After a Goexit the coroutine is of no more use.
func (w *worker) fell(t *task, value any) {
	r := w.r
	if t != nil && t.isDone() {
		return // given up at the close, and unwound now
	}
	c := &crash{}
	if value != nil {
		c.panic = panicError(value)
	}
	r.cur = nil
	if t != nil {
		r.noteCrash(c)
		r.finish(t, core.EUSER, c.error())
	} else {
		r.fall(c)
	}
	if value == nil {
		r.wrecks = append(r.wrecks, w)
		w.yield(struct{}{})
	}
}

// error is what a task has ended with that c comes from.
func (c *crash) error() error {
	if c.panic != nil {
		return c.panic
	}
	return errGoexit
}

// noteCrash keeps the first crash of a run for its caller.
func (r *engine) noteCrash(c *crash) {
	if r.crash == nil {
		r.crash = c
	}
}

// fall ends the run because of a crash that no task has ended with.
func (r *engine) fall(c *crash) {
	r.noteCrash(c)
	r.command(core.Cmd{Op: core.OpStop})
}

// panicError is what a panic becomes. It is called where the panic was recovered.
func panicError(value any) *PanicError {
	if p, ok := value.(*PanicError); ok {
		return p // it came out of a run inside, or of a thread
	}
	return &PanicError{value, debug.Stack()}
}

// finish ends a task.
func (r *engine) finish(t *task, status int32, err error) {
	if r.debug {
		r.tookLong(t.id)
	}
	c := core.Cmd{Task: t.id, Op: core.OpDone, Status: status, A: core.Released}
	if status != 0 {
		c.B = t.id
	}
	if t.lent {
		c.A = 0
	}
	if status == core.EUSER {
		c.A = 0
		if !t.lent {
			t.flags.Or(flagHeld) // C reports it unless somebody takes it
		}
		if _, fell := err.(*PanicError); fell || err == errGoexit {
			c.A = core.Aborts
		}
	}
	if t.touched && status != core.EUSER {
		status, err = r.finishTouched(t, c, err)
	} else {
		r.buffer(c)
	}
	if c.A&core.Aborts != 0 {
		r.flush() // it takes the rest of the batch back
	}
	r.forget(t)
	switch {
	case status == core.EUSER:
		r.failTask(t, err)
		if !t.lent {
			// Once nobody can take the failure any more, C reports it.
			runtime.AddCleanup(t, release, reference{r, t.id})
		}
	case status != 0 && err != error(canceled):
		r.failTask(t, err)
	}
	t.end(status, err)
}

// finishTouched ends a task that may have been cancelled while it ran, and asks what has become of it:
// a cancel that was not delivered counts.
func (r *engine) finishTouched(t *task, c core.Cmd, err error) (int32, error) {
	c.A = 0
	r.buffer(c)
	c = r.command(core.Cmd{Op: core.OpResult, ID: t.id})
	r.buffer(core.Cmd{Op: core.OpRelease, ID: t.id})
	if c.Status == core.ECANCELED && err == nil {
		err = canceledBy(t.cause())
	}
	return c.Status, err
}

// end settles t and everything that stands for it.
func (t *task) end(status int32, err error) {
	if status != 0 {
		t.self.clear()
	}
	t.w = nil
	t.settle(status, err)
	if t.has(flagWatched) {
		t.endContext()
	}
}

// tookLong has a step reported that took too long, and begins another one.
func (r *engine) tookLong(task uint64) {
	now := monotonic()
	if took := now - r.began; took >= r.slow {
		r.buffer(core.Cmd{Task: task, Op: core.OpTook, A: took})
		r.began = now
	}
}

var epoch = time.Now()

func monotonic() int64 { return int64(time.Since(epoch)) }

// goroutineID is the number of this goroutine. There is no other way to it than the text of its stack.
func goroutineID() (id uint64) {
	var text [32]byte
	for _, c := range text[len("goroutine "):runtime.Stack(text[:], false)] {
		if c < '0' || c > '9' {
			break
		}
		id = 10*id + uint64(c-'0')
	}
	return id
}

var (
	coroutineEntry = reflect.ValueOf(coroutine).Pointer()
	packagePath    = reflect.TypeFor[worker]().PkgPath() + "."
)

// inCoroutine tells whether this goroutine is a coroutine of a runner, of any.
func inCoroutine() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		for _, pc := range pcs[:n] {
			if fn := runtime.FuncForPC(pc - 1); fn != nil && fn.Entry() == coroutineEntry {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

// inPackage tells whether a frame is one of this package, and not of its tests.
func inPackage(frame runtime.Frame) bool {
	return strings.HasPrefix(frame.Function, packagePath) && !strings.HasSuffix(frame.File, "_test.go")
}
