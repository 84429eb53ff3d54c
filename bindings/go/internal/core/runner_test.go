package core

import (
	"testing"
	"time"
)

func TestR001_a_new_runner_is_neither_running_nor_closed(t *testing.T) {
	d := newDriver(t, nil)
	equal(t, "IsRunning", d.IsRunning(), false)
	equal(t, "IsClosed", d.IsClosed(), false)
	equal(t, "TimeNS", d.TimeNS(), 0)
	equal(t, "Count", d.Count(), 0)
	equal(t, "len(Cmds)", len(d.Cmds()), Capacity)
}

func TestR025_the_value_of_main_comes_with_the_end(t *testing.T) {
	d := newDriver(t, &Options{VirtualClock: true})
	id, code := d.Begin(0)
	equalCode(t, "Begin", code, 0)
	steps := [][]Cmd{
		nil,
		{{Task: id, Op: OpSleep | Suspended, A: int64(time.Hour)}},
		{{Task: id, Op: OpDone, B: 42}},
	}
	want := []Event{
		{Task: id, Kind: KindStart},
		{Task: id, Kind: KindResume},
		{Task: id, Kind: KindEnd, Value: 42},
	}
	for i, cmds := range steps {
		events, _, code := d.Step(cmds)
		for code == 0 && len(events) == 0 {
			events, _, code = d.Step(nil)
		}
		equalCode(t, "Step", code, 0)
		equal(t, "events", len(events), 1)
		equal(t, "event", events[0], want[i])
		equal(t, "IsRunning", d.IsRunning(), events[0].Kind != KindEnd)
	}
	equal(t, "TimeNS", d.TimeNS(), uint64(time.Hour))
	equalCode(t, "End", d.End(), 0)
	equal(t, "IsRunning", d.IsRunning(), false)
}

func TestR026_main_fails_with_what_identifies_it(t *testing.T) {
	d := newDriver(t, &Options{VirtualClock: true})
	equalCode(t, "run", d.run(sleep(time.Second), fail(7)), EUSER)
}

func TestR018_a_refused_begin_has_no_effect(t *testing.T) {
	d := newDriver(t, nil)
	if _, code := d.Begin(12345); code != EBADID {
		t.Errorf("Begin: %s", ErrorName(code))
	}
	equalCode(t, "End", d.End(), ENOLOOP)
	_, _, code := d.Step(nil)
	equalCode(t, "Step", code, ENOLOOP)
	equalCode(t, "run", d.run(done(1)), 0)
}

func TestR079_a_leftover_is_cancelled_at_close(t *testing.T) {
	d := newDriver(t, &Options{VirtualClock: true})
	var left uint64
	status := int32(0)
	d.run(func(e Event) Cmd {
		left = d.spawn(e.Task, 0, sleep(time.Hour), func(e Event) Cmd {
			status = e.Status
			return Cmd{Op: OpDone, Status: e.Status}
		})
		return sleep(time.Second)(e)
	})
	equalCode(t, "close", d.close(), 0)
	equalCode(t, "status of the leftover", status, ECANCELED)
	equal(t, "IsClosed", d.IsClosed(), true)
	d.must(Cmd{Op: OpRelease, ID: left})
	equal(t, "Count", d.Count(), 0)
	equalCode(t, "BeginClose", d.BeginClose(), ECLOSED)
}

func TestR119_interrupt_cancels_main(t *testing.T) {
	d := newDriver(t, nil)
	equalCode(t, "SubmitterAcquire", d.SubmitterAcquire(), 0) // who interrupts
	code := d.run(func(e Event) Cmd {
		go func() { equalCode(t, "Interrupt", d.Interrupt(), 0) }()
		return Cmd{Op: OpSleep, A: Forever}
	}, func(e Event) Cmd {
		equalCode(t, "status", e.Status, ECANCELED)
		return Cmd{Op: OpDone, Status: e.Status}
	})
	equalCode(t, "run", code, EINTR)
	equalCode(t, "Interrupt between runs", d.Interrupt(), ENOLOOP)
}

func TestR099_a_post_comes_from_any_goroutine(t *testing.T) {
	d := newDriver(t, nil)
	equalCode(t, "Reserve", d.Reserve(make([]uint64, 1)), 0) // used by a host from here on
	future := d.must(Cmd{Op: OpFutureNew})
	d.calls = func(e Event) { d.must(Cmd{Op: OpResolve, ID: future, B: e.Value}) }
	equalCode(t, "SubmitterAcquire", d.SubmitterAcquire(), 0)
	go func() { equalCode(t, "Post", d.Post(99), 0) }()
	got := uint64(0)
	equalCode(t, "run", d.run(
		func(e Event) Cmd { return Cmd{Op: OpAwait, ID: future} },
		func(e Event) Cmd { got = e.Value; return done(0)(e) },
	), 0)
	equal(t, "value", got, 99)
	equalCode(t, "SubmitterRelease", d.SubmitterRelease(), 0)
	equalCode(t, "SubmitterRelease without Acquire", d.SubmitterRelease(), EINVAL)
}

func TestR101_a_job_ends_in_a_goroutine_of_its_own(t *testing.T) {
	d := newDriver(t, nil)
	got := Event{}
	equalCode(t, "run", d.run(
		func(e Event) Cmd {
			job := d.do(Cmd{Task: e.Task, Op: OpToThread})
			equalCode(t, "announced", job.Status, EPARKED)
			go func() { equalCode(t, "JobEnd", d.JobEnd(job.ID, EUSER, 5), 0) }()
			return Cmd{}
		},
		func(e Event) Cmd { got = e; return done(0)(e) },
	), 0)
	equalCode(t, "status", got.Status, EUSER)
	equal(t, "value", got.Value, 5)
}

func TestWakeupEndsAWaitAlsoBeforeItBegins(t *testing.T) {
	d := newDriver(t, nil)
	if _, code := d.Begin(0); code != 0 {
		t.Fatal(ErrorName(code))
	}
	_, _, code := d.Step(nil)
	equalCode(t, "Step", code, 0)
	equalCode(t, "Wakeup", d.Wakeup(), 0)
	equalCode(t, "BackendWait", d.BackendWait(Forever), 0)
	go func() { equalCode(t, "Wakeup", d.Wakeup(), 0) }()
	equalCode(t, "BackendWait", d.BackendWait(Forever), 0)
}

func TestBackendFDIsADescriptor(t *testing.T) {
	d := newDriver(t, nil)
	fd, code := d.BackendFD()
	equalCode(t, "BackendFD", code, 0)
	if fd < 3 {
		t.Errorf("descriptor %d", fd)
	}
}

func TestOptionsReachTheLibrary(t *testing.T) {
	d := newDriver(t, &Options{Debug: On})
	equal(t, "Debug", d.Runner.Debug(), true)
	equalCode(t, "SetDebug", d.SetDebug(Off), 0)
	equal(t, "Debug", d.Runner.Debug(), false)
	equalCode(t, "SetDebug", d.SetDebug(2), EINVAL)
	_, code := New(&Options{Debug: 2})
	equalCode(t, "New", code, EINVAL)
	_, code = New(&Options{Deadlock: -2})
	equalCode(t, "New", code, EINVAL)
}

func TestAFreedRunnerRefuses(t *testing.T) {
	r, code := New(nil)
	equalCode(t, "New", code, 0)
	r.Free()
	r.Free()
	equal(t, "Cmds", len(r.Cmds()), 0)
	equal(t, "IsClosed", r.IsClosed(), true)
	events, _, code := r.Step(nil)
	equalCode(t, "Step", code, EINVAL)
	equal(t, "events", len(events), 0)
	equalCode(t, "Commands", r.Commands([]Cmd{{Op: OpFutureNew}}), EINVAL)
	equalCode(t, "Wakeup", r.Wakeup(), EINVAL)
}

func TestIdsThatAreGoneAreRefused(t *testing.T) {
	d := newDriver(t, nil)
	ids := make([]uint64, 100)
	equalCode(t, "Reserve", d.Reserve(ids), 0)
	equal(t, "Count", d.Count(), 100)
	for _, id := range ids {
		d.must(Cmd{Op: OpRelease, ID: id})
	}
	equal(t, "Count", d.Count(), 0)
	equalCode(t, "status", d.do(Cmd{Op: OpRelease, ID: ids[0]}).Status, EBADID)
	equalCode(t, "Name", d.Name(ids[0], "x"), EBADID)
	_, _, code := d.Errors(ids[0])
	equalCode(t, "Errors", code, EBADID)
}
