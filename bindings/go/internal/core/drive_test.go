package core

import (
	"testing"
	"time"
)

// A turn is what a task does when it is begun or resumed: one command, which parks or ends it.
type turn func(e Event) Cmd

// A driver runs tasks that are lists of turns, as a binding does with functions.
type driver struct {
	*Runner
	t     *testing.T
	tasks map[uint64][]turn
	calls func(e Event)    // KindCall
	told  []Exception      // KindException
	ended map[uint64]int32 // KindEnded, by task
	drops []Event          // KindDrop
}

func newDriver(t *testing.T, o *Options) *driver {
	t.Helper()
	r, code := New(o)
	if code != 0 {
		t.Fatalf("New: %s", ErrorName(code))
	}
	t.Cleanup(r.Free)
	return &driver{Runner: r, t: t, tasks: map[uint64][]turn{}, ended: map[uint64]int32{}}
}

// run is a run of main; it returns its outcome.
func (d *driver) run(main ...turn) int32 {
	d.t.Helper()
	id, code := d.Begin(0)
	if code != 0 {
		d.t.Fatalf("Begin: %s", ErrorName(code))
	}
	d.tasks[id] = main
	code = d.drive()
	d.do(Cmd{Op: OpRelease, ID: id})
	return code
}

// close closes the runner; it returns its outcome.
func (d *driver) close() int32 {
	d.t.Helper()
	if code := d.BeginClose(); code != 0 {
		d.t.Fatalf("BeginClose: %s", ErrorName(code))
	}
	return d.drive()
}

func (d *driver) drive() int32 {
	d.t.Helper()
	pending := d.Cmds()[:0]
	deadline := time.Now().Add(time.Minute)
	for {
		if time.Now().After(deadline) {
			d.t.Fatal("nothing ends this")
		}
		events, wait, code := d.Step(pending)
		if code != 0 {
			d.t.Fatalf("Step: %s", ErrorName(code))
		}
		for _, c := range pending {
			if c.Status != 0 && c.Status != EPARKED {
				d.t.Errorf("operation %d: %s", c.Op, ErrorName(c.Status))
			}
		}
		pending = pending[:0]
		for i := range events {
			if events[i].Kind == KindEnd {
				return d.End()
			}
			if next, ok := d.handle(events[i]); ok {
				pending = append(pending, next)
			}
		}
		if len(events) == 0 && wait != 0 {
			if code := d.BackendWait(wait); code != 0 {
				d.t.Fatalf("BackendWait: %s", ErrorName(code))
			}
		}
	}
}

func (d *driver) handle(e Event) (next Cmd, ok bool) {
	switch e.Kind {
	case KindStart, KindResume:
		if e.Kind == KindStart && e.Status != 0 {
			return Cmd{Task: e.Task, Op: OpDone, Status: e.Status}, true
		}
		if len(d.tasks[e.Task]) == 0 {
			return Cmd{Task: e.Task, Op: OpDone, Status: e.Status, B: e.Value}, true
		}
		turn := d.tasks[e.Task][0]
		d.tasks[e.Task] = d.tasks[e.Task][1:]
		next = turn(e)
		if next.Op == 0 {
			return Cmd{}, false // parked by another call
		}
		next.Task = e.Task
		if next.Op != OpDone {
			next.Op |= Suspended
		}
		return next, true
	case KindCall:
		d.calls(e)
	case KindEnded:
		d.ended[e.Task] = e.Status
	case KindException:
		exception, ok := d.Exception()
		equal(d.t, "Exception", ok, true)
		equalCode(d.t, "code of the exception", exception.Code, e.Status)
		d.told = append(d.told, exception)
	case KindDrop:
		d.drops = append(d.drops, e)
	default:
		d.t.Errorf("event of kind %d", e.Kind)
	}
	return Cmd{}, false
}

// do does one command now.
func (d *driver) do(c Cmd) Cmd {
	d.t.Helper()
	one := []Cmd{c}
	if code := d.Commands(one); code != 0 {
		d.t.Fatalf("operation %d: %s", c.Op, ErrorName(code))
	}
	return one[0]
}

// must does one command now, which succeeds, and returns its id.
func (d *driver) must(c Cmd) uint64 {
	d.t.Helper()
	c = d.do(c)
	if c.Status != 0 {
		d.t.Fatalf("operation %d: %s", c.Op, ErrorName(c.Status))
	}
	return c.ID
}

// spawn starts a task on behalf of another one.
func (d *driver) spawn(parent, group uint64, turns ...turn) uint64 {
	d.t.Helper()
	id := d.must(Cmd{Task: parent, Op: OpSpawn, A: int64(group)})
	d.tasks[id] = turns
	return id
}

func sleep(d time.Duration) turn {
	return func(Event) Cmd { return Cmd{Op: OpSleep, A: int64(d)} }
}

// done ends a task with a value.
func done(value uint64) turn {
	return func(Event) Cmd { return Cmd{Op: OpDone, B: value} }
}

// fail ends a task with a failure, identified by a value.
func fail(value uint64) turn {
	return func(Event) Cmd { return Cmd{Op: OpDone, Status: EUSER, B: value} }
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equalCode(t *testing.T, what string, got, want int32) {
	t.Helper()
	equal(t, what, ErrorName(got), ErrorName(want))
}
