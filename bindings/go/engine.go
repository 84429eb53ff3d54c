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

	// The life of the runner.
	mu       sync.Mutex // taken to begin and end a run, and for what is done between runs
	phase    atomic.Int32
	outside  bool // by mu: enter has taken it
	driving  bool // by mu: there is a driver
	requests chan errand
	replies  chan reply
	entries  []core.ReportEntry // the report, once the phase is shut

	// What C has of it, and is told.
	core *core.Runner // made by open; see postMu for its end
	cmds []core.Cmd   // loop: in memory of C
	n    int          // loop: how many of cmds are to be done

	// The run or close: all loop.
	events  []core.Event // the batch, in memory of C
	next    int          // the first event of it that nobody has taken
	over    bool         // KindEnd has come
	closing bool         // it is being closed
	crash   *crash       // what its caller ends with
	cur     *task        // whose body runs, or nil
	worker  *worker      // the coroutine that runs, or nil
	idle    []*worker    // those that wait for a task
	wrecks  []*worker    // those whose task has called runtime.Goexit
	lost    []*worker    // those whose task was given up
	watches []*watch     // of the contexts of waits

	// What there is: all loop.
	started  uint64               // how many tasks there were
	taking   uint64               // a group that takes children, as long as nothing but spawns happens; or 0
	tasks    []*task              // those that are not done, by the index of their id
	failures map[uint64]*failure  // of tasks and futures that are done, by their id
	gones    []uint64             // ids of failures: C has forgotten them, but may not have told all
	vars     map[*variable]uint64 // their ids
	ids      []uint64             // reserved
	reserve  []uint64             // memory for ids
	slots    slots

	// Debug mode.
	debug bool
	slow  int64 // nanoseconds that make a step slow
	began int64 // loop: when the step did

	// What comes from other goroutines.
	postMu sync.Mutex
	posts  []posted    // by postMu
	posted atomic.Bool // there are some
	spare  []posted    // loop: memory for posts
	stage  int         // by postMu: of the run or close
	gone   bool        // by postMu: nothing is accepted any more, and core is about to be freed
	parked bool        // by postMu: the driver waits
	wake   chan struct{}
	timer  *time.Timer // loop: wakes the driver
	poller *poller     // loop: wakes the driver

	// What is made when somebody asks for it: channels, and the like.
	lazyMu   sync.Mutex
	expected map[*outcome]struct{} // by lazyMu: futures that somebody waits for outside of the loop
}

// Phases of an engine.
const (
	idle    int32 = iota // nothing runs
	turning              // the driver takes a step, or waits
	serving              // tasks and callbacks run
	shut                 // it is closed
)

// Stages of a run or a close. An interrupt that comes before it has begun is kept.
const (
	stageNone = iota
	stageAsked
	stageInterrupted
	stageBegun
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
