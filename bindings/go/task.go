package runner

import (
	"context"
	"runtime"
	"strconv"

	"example.org/librunner/go/internal/core"
)

// Task is a function that runs on a runner as a task, with an outcome. [Go] and [TaskGroup.Go] make
// it.
type Task[T any] struct {
	task
	fn    func(context.Context) (T, error)
	value T
}

// AnyTask is a task of whatever type.
type AnyTask interface {
	Awaiter
	// ID is the number of the task among those of its runner, from 1.
	ID() uint64
	// Name is the name that [Name] gave it, or one made of its number.
	Name() string
	// Cancel is [Task.Cancel].
	Cancel(cause ...error) bool
	// Cancelling is [Task.Cancelling].
	Cancelling() int
	// Uncancel is [Task.Uncancel].
	Uncancel() int
	// Cancelled is [Task.Cancelled].
	Cancelled() bool
}

// task is a Task without its type.
type task struct {
	outcome
	self    body
	values  context.Context // what the context of the task finds its values in
	w       *worker         // that runs it, or nil
	ctx     *endOfContext   // or nil, by lazyMu
	rare    *rare           // or nil
	number  uint64          // of the task among those of the runner, from 1
	brought uint64          // loop: with which its wait has ended
	woken   int32           // loop: ... and the status
	// touched: it may have been cancelled while it ran. main: it is the main task of a run. lent: C has
	// made it, and keeps its reference.
	touched, main, lent bool
}

// rare is what only some tasks have.
type rare struct {
	name     string
	site     string // where it was spawned, in debug mode
	cause    error  // loop: of the latest cancel
	unwaited error  // loop: why the context of its wait has ended that
	watch    *watch // loop: of the context of its wait, or nil
}

// rarely is for what only some tasks have, to be set.
func (t *task) rarely() *rare {
	if t.rare == nil {
		t.rare = &rare{}
	}
	return t.rare
}

// cause is that of the latest cancel of t.
func (t *task) cause() error {
	if t.rare == nil {
		return nil
	}
	return t.rare.cause
}

// takeUnwaited is why the context of the latest wait has ended that, or nil. It is told once.
func (t *task) takeUnwaited() (err error) {
	if t.rare != nil {
		err, t.rare.unwaited = t.rare.unwaited, nil
	}
	return err
}

// body is the typed side of a task.
type body interface {
	AnyTask
	call(ctx context.Context) error
	clear()
}

func (t *Task[T]) call(ctx context.Context) (err error) {
	fn := t.fn
	t.fn = nil
	t.value, err = fn(ctx)
	return err
}

func (t *Task[T]) clear() {
	var zero T
	t.value = zero
}

// Go starts fn as a task of the runner that ctx belongs to. It begins a turn later, with a context of
// its own, which has the values of ctx; its cancel and its deadline it has not. The task goes on after
// the one that started it has ended, at the latest until [Runner.Close], which cancels it.
//
// Go always returns a task. If none can be started, because ctx belongs to no running task or fn is
// nil, it is one that has failed with the reason.
func Go[T any](ctx context.Context, fn func(context.Context) (T, error), opts ...TaskOption) *Task[T] {
	starter, err := taskOf(ctx)
	if err == nil {
		var t *Task[T]
		if t, err = spawn(ctx, starter.r, 0, fn, opts); err == nil {
			return t
		}
	}
	return failed[T](err)
}

// failed is a task that could not be started.
func failed[T any](err error) *Task[T] {
	t := &Task[T]{}
	t.self = t
	t.settle(core.EINVAL, err)
	return t
}

// spawn starts a task of r, in a group or 0.
func spawn[T any](ctx context.Context, r *engine, group uint64,
	fn func(context.Context) (T, error), opts []TaskOption) (*Task[T], error) {
	if fn == nil || ctx == nil {
		return nil, ErrInvalid
	}
	t := &Task[T]{fn: fn}
	t.self = t
	t.values = inherited(ctx)
	if err := r.spawn(&t.task, group, opts); err != nil {
		return nil, err
	}
	return t, nil
}

func (r *engine) spawn(t *task, group uint64, opts []TaskOption) (err error) {
	c := core.Cmd{Task: r.curID(), Op: core.OpSpawn, A: int64(group)}
	if len(opts) > 0 || r.debug {
		if c.B, err = r.describe(t, opts); err != nil {
			return err
		}
	}
	if c.ID, err = r.newID(); err != nil {
		return err
	}
	t.r, t.id = r, c.ID
	r.know(t)
	// A spawn that can be refused only because memory has run out may wait for the next step.
	if (group == 0 || group == r.taking) && t.rare == nil && !r.closing {
		r.buffer(c)
		r.count(t)
		return nil
	}
	if c = r.command(c); c.Status != 0 {
		r.forget(t)
		r.ids = append(r.ids, t.id)
		return Errno(c.Status)
	}
	r.count(t)
	r.name(t)
	r.taking = group
	return nil
}

// name has C know the name of t.
func (r *engine) name(t *task) {
	if t.rare != nil && t.rare.name != "" {
		r.core.Name(t.id, t.rare.name)
	}
}

// count gives t its number: the one that C has given it.
func (r *engine) count(t *task) {
	r.started++
	t.number = r.started
}

// describe gives t what its options say. It returns the context that it is to run in, or 0.
func (r *engine) describe(t *task, opts []TaskOption) (vars uint64, err error) {
	o := taskOptionsOf(opts)
	if o.vars != nil {
		if vars, err = o.vars.contextID(r); err != nil {
			return 0, err
		}
	}
	if o.name != "" {
		t.rarely().name = o.name
	}
	if r.debug {
		t.rarely().site = callSite()
	}
	return vars, nil
}

// ID is the number of the task among those of its runner, from 1; 0 if it could not be started.
func (t *task) ID() uint64 { return t.number }

// Name is the name that the option [Name] gave it, or one made of its number.
func (t *task) Name() string {
	if t.rare != nil && t.rare.name != "" {
		return t.rare.name
	}
	return taskName(t.number)
}

// taskName is the name of a task that was given none: the one that C uses.
func taskName(number uint64) string { return "Task-" + strconv.FormatUint(number, 10) }

// Await waits until the task is done, and takes its outcome. It does not wait if the task is done.
//
// A task that awaits and is cancelled hands the cancel on: the awaited task is cancelled first. If
// ctx is derived from that of the awaiting task and ends, it is the same; [Shield] keeps a task from
// that. A goroutine that is no task awaits with a context that belongs to none; that one's end only
// ends the wait.
func (t *Task[T]) Await(ctx context.Context) (T, error) {
	if err := t.await(ctx); err != nil {
		var zero T
		return zero, err
	}
	return t.value, nil
}

// Result is the outcome of a task that is done, or [ErrPending]. Any goroutine may call it.
func (t *Task[T]) Result() (T, error) {
	var zero T
	if !t.isDone() {
		return zero, ErrPending
	}
	if err := t.taken(); err != nil {
		return zero, err
	}
	return t.value, nil
}

// Cancel asks the task to end: what it waits for ends with a [*CanceledError] that has the cause, or,
// if it waits for nothing, its next wait. The task may clean up, wait meanwhile, and go on in spite of
// it. Cancel returns false if the task is done. It is for tasks and callbacks of the runner;
// called by others it does nothing and returns false. They use [Loop.CallSoonThreadsafe].
func (t *task) Cancel(cause ...error) bool {
	if t.isDone() || t.r == nil || t.r.onLoop() != nil {
		return false
	}
	var why error
	if len(cause) > 0 {
		why = cause[0]
	}
	return t.cancel(why)
}

// cancel requests a cancel of t, on the loop.
func (t *task) cancel(cause error) bool {
	c := core.Cmd{Op: core.OpCancel, ID: t.id}
	if cause != nil {
		c.B = t.id
	}
	before := t.cause()
	if cause != nil || before != nil {
		t.rarely().cause = cause
	}
	if t.r.command(c).Status != 0 {
		if cause != nil {
			t.rare.cause = before
		}
		return false
	}
	t.cancelContext()
	return true
}

// Cancelling is how many cancels of the task were requested and not taken back by [Task.Uncancel]. It
// is for tasks and callbacks of the runner.
func (t *task) Cancelling() int {
	if t.isDone() || t.r == nil || t.r.onLoop() != nil {
		return 0
	}
	return int(t.r.command(core.Cmd{Op: core.OpCancelling, ID: t.id}).B)
}

// Uncancel takes one cancel back, and returns how many are left. Who goes on in spite of a cancel
// says so by it; the context of the task is then as if it had not been cancelled. It is for tasks and
// callbacks of the runner.
func (t *task) Uncancel() int {
	if t.isDone() || t.r == nil || t.r.onLoop() != nil {
		return 0
	}
	left := t.r.command(core.Cmd{Op: core.OpUncancel, ID: t.id}).B
	if left == 0 {
		t.restoreContext()
	}
	return int(left)
}

// Current is the task that ctx belongs to, and nil if that is none, or does not run now.
func Current(ctx context.Context) AnyTask {
	t, err := taskOf(ctx)
	if err != nil {
		return nil
	}
	return t.self
}

// Cancelling is how many cancels of the task of ctx were requested and not taken back.
func Cancelling(ctx context.Context) int {
	t, err := taskOf(ctx)
	if err != nil {
		return 0
	}
	return t.Cancelling()
}

// Uncancel takes one cancel of the task of ctx back, as [Task.Uncancel].
func Uncancel(ctx context.Context) int {
	t, err := taskOf(ctx)
	if err != nil {
		return 0
	}
	return t.Uncancel()
}

// statusOf is the status of C for what a body of t has returned.
func (t *task) statusOf(err error) int32 {
	switch {
	case err == nil:
		return 0
	case isCancel(err, t.has(flagCanceled)):
		return core.ECANCELED
	}
	return core.EUSER
}

// callSite is where the function of this package was called from that the program has called.
func callSite() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !inPackage(frame) {
			return frame.File + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return ""
		}
	}
}
