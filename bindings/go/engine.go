package runner

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"example.org/librunner/go/internal/core"
)

// engine is what a Runner stands for. It does not refer to the Runner, so that one that is forgotten
// can be collected.
//
// What is marked "loop" belongs to the loop: to the driver and the coroutines that it resumes, one at
// a time; while nothing runs, to who holds mu.
type engine struct {
	options
	loop Loop

	mu       sync.Mutex // taken to begin and end a run, and for what is done between runs
	phase    atomic.Int32
	outside  bool // by mu: enter has taken it
	driving  bool // by mu: there is a driver
	requests chan errand
	replies  chan reply
	entries  []core.ReportEntry // by mu: the report, once closed

	core *core.Runner // nil until it is needed; see postMu for its end
	cmds []core.Cmd   // loop: in memory of C
	n    int          // loop: how many of cmds are to be done

	events  []core.Event // loop: the batch, in memory of C
	next    int          // loop: the first event of it that nobody has taken
	over    bool         // loop: KindEnd has come
	closing bool         // loop: it is being closed
	crash   *crash       // loop: what ends the run from outside of its tasks
	cur     *task        // loop: the task whose body runs
	worker  *worker      // loop: the coroutine that runs
	idle    []*worker    // loop: those that wait for a task
	wrecks  []*worker    // loop: those whose task has called runtime.Goexit
	lost    []*worker    // loop: those whose task was given up
	timer   *time.Timer  // loop: of park

	taking   uint64               // loop: a group that takes children as long as nothing but spawns happens, or 0
	started  uint64               // loop: how many tasks there were
	tasks    []*task              // loop: those that are not done, by the index of their id
	gones    []uint64             // loop: ids whose failures C may still tell, but does not know any more
	watches  []*watch             // loop: of the contexts of waits
	failures map[uint64]*failure  // loop: of those that are
	vars     map[*variable]uint64 // loop: their ids
	ids      []uint64             // loop: reserved
	reserve  []uint64             // loop: memory for ids
	slots    slots                // loop

	debug bool
	began int64 // loop, debug mode: when the step did
	slow  int64 // nanoseconds that make a step slow

	postMu sync.Mutex // taken by other goroutines
	posts  []posted   // by postMu
	spare  []posted   // loop: memory for posts
	posted atomic.Bool
	parked bool // by postMu: the driver waits for wake
	gone   bool // by postMu: nothing is accepted any more, and core is about to be freed
	wake   chan struct{}
	poller *poller // loop

	lazyMu   sync.Mutex            // guards what outcomes and contexts make when they are asked for it
	expected map[*outcome]struct{} // by lazyMu: futures that somebody waits for outside of the loop
}

// Phases of an engine.
const (
	idle    int32 = iota // nothing runs
	turning              // the driver takes a step, or waits
	serving              // tasks and callbacks run
	shut                 // it is closed
)

func newEngine(opts []Option) *engine {
	r := &engine{
		requests: make(chan errand),
		replies:  make(chan reply, 1),
		wake:     make(chan struct{}, 1),
	}
	r.loop.r = r
	for _, set := range opts {
		if set != nil {
			set(&r.options)
		}
	}
	return r
}

// open makes what C has of the engine, at its first use. The caller holds mu.
func (r *engine) open() error {
	switch {
	case r.phase.Load() == shut:
		return ErrClosed
	case r.core != nil:
		return nil
	case r.err != nil:
		return r.err
	}
	if err := compatible(); err != nil {
		return err
	}
	made, code := core.New(&r.options.core)
	if code != 0 {
		return Errno(code)
	}
	r.core, r.cmds = made, made.Cmds()
	r.debug = made.Debug()
	r.slow = slowStep(r.options.core.SlowMS)
	return nil
}

// onLoop is nil for the running task or callback of r. For any other goroutine it is an error, unless
// that comes while one runs and debug mode is off.
func (r *engine) onLoop() error {
	switch r.phase.Load() {
	case serving:
		return r.checkGoroutine()
	case shut:
		return ErrClosed
	case turning:
		return ErrThread
	}
	return ErrNoTask
}

// enter begins a use of the loop that is allowed to the running task or callback of r and, while
// nothing runs, to anybody; leave ends it.
func (r *engine) enter() error {
	switch r.phase.Load() {
	case serving:
		return r.checkGoroutine()
	case turning:
		return ErrThread
	}
	r.mu.Lock()
	err := r.open()
	if err == nil && r.phase.Load() != idle {
		err = ErrThread
	}
	if err != nil {
		r.mu.Unlock()
		return err
	}
	r.outside = true
	return nil
}

func (r *engine) leave() {
	if r.outside {
		r.outside = false
		r.mu.Unlock()
	}
}

// curID is the id of the task whose body runs, or 0.
func (r *engine) curID() uint64 {
	if r.cur == nil {
		return 0
	}
	return r.cur.id
}

// taskOf is the running task that ctx belongs to.
func taskOf(ctx context.Context) (*task, error) {
	t := contextTask(ctx)
	if t == nil {
		if ctx == nil {
			return nil, ErrInvalid
		}
		return nil, ErrNoTask
	}
	if t.r.cur != t {
		if t.r.phase.Load() == shut {
			return nil, ErrClosed
		}
		return nil, ErrNoTask
	}
	return t, t.r.checkGoroutine()
}

// checkGoroutine finds in debug mode who uses the loop from a goroutine that is not the one that runs.
func (r *engine) checkGoroutine() error {
	if r.debug && r.worker != nil && r.worker.goroutine != goroutineID() {
		return ErrThread
	}
	return nil
}
