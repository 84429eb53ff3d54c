package main

import (
	"bytes"
	"time"

	runner "example.org/librunner/go"
)

// world is what a program has while it runs. All tasks and callbacks of a runner run one at a time,
// and so does whoever waits for its run: nothing here needs a lock.
type world struct {
	program    *program
	runner     *runner.Runner
	loop       *runner.Loop
	trace      *bytes.Buffer
	handles    map[string]*handle
	events     map[string]*runner.Event
	locks      map[string]*runner.Lock
	semaphores map[string]*runner.Semaphore
	queues     map[string]*runner.Queue[int64]
	variables  map[string]*runner.Var[int64]
	spawned    map[string]int    // by the tasks of a path
	paths      map[uint64]string // by the number of the task
	kept       []*handle         // all there ever were
	last       *runner.Future[int64]
	closedAt   time.Duration
}

// handle is what a name of a task or a future is bound to.
type handle struct {
	awaitable       // a *runner.Task or a *runner.Future
	body      *body // of a task
}

type awaitable interface {
	runner.Awaitable[int64]
	Cancel(cause ...error) bool
	Cancelled() bool
}

// isGivenUp tells whether it is a task that the shutdown has given up. In asyncio such a task stays
// pending for ever. To look at its outcome would count as taking it.
func (h *handle) isGivenUp() bool {
	if h.body == nil || h.body.ended || h.Cancelled() {
		return false
	}
	select {
	case <-h.Done():
		return true
	default:
		return false
	}
}

func newWorld(program *program, trace *bytes.Buffer) *world {
	w := &world{
		program:    program,
		trace:      trace,
		handles:    map[string]*handle{},
		events:     map[string]*runner.Event{},
		locks:      map[string]*runner.Lock{},
		semaphores: map[string]*runner.Semaphore{},
		queues:     map[string]*runner.Queue[int64]{},
		variables:  map[string]*runner.Var[int64]{},
		spawned:    map[string]int{},
		paths:      map[uint64]string{},
	}
	w.runner = runner.New(
		runner.WithDebug(false),
		runner.WithVirtualClock(),
		runner.WithDeadlockDetection(true),
		runner.WithInterrupt(false),
		runner.WithExceptionHandler(w.report),
	)
	w.loop = w.runner.Loop()
	return w
}

// bind gives a name to a task or future, which is held until the end.
func (w *world) bind(name string, handle *handle) {
	w.handles[name] = handle
	w.kept = append(w.kept, handle)
}

// find is what a name is bound to. Something in the program binds it, but perhaps not yet.
func find[T any](names map[string]T, name string) (T, error) {
	value, bound := names[name]
	if !bound {
		return value, failure("NameError")
	}
	return value, nil
}

// variable is a context variable, made on first use.
func (w *world) variable(name string) *runner.Var[int64] {
	if w.variables[name] == nil {
		w.variables[name] = runner.NewVar[int64](name)
	}
	return w.variables[name]
}

// check ends the process: the library cannot do something for which a program gives no reason.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// must is check for what has a value as well.
func must[T any](value T, err error) T {
	check(err)
	return value
}
