package core

import (
	"testing"
	"time"
)

func TestR093_what_nobody_takes_is_told(t *testing.T) {
	d := newDriver(t, &Options{VirtualClock: true})
	var child uint64
	d.run(func(e Event) Cmd {
		child = d.spawn(e.Task, 0, fail(77))
		equalCode(t, "Name", d.Name(child, "Grüße"), 0)
		d.must(Cmd{Op: OpRelease, ID: child})
		return sleep(time.Second)(e)
	})
	equal(t, "exceptions", len(d.told), 1)
	if t.Failed() {
		return
	}
	e := d.told[0]
	equal(t, "Name", e.Name, "Grüße")
	equal(t, "Value", e.Value, 77)
	equal(t, "Task", e.Task, child)
	equalCode(t, "Code", e.Code, EUSER)
	if e.Message == "" {
		t.Error("no message")
	}
	if _, ok := d.Exception(); ok {
		t.Error("told twice")
	}
}

func TestR202_tasks_and_what_they_wait_for(t *testing.T) {
	const children = 30
	d := newDriver(t, &Options{VirtualClock: true})
	var tasks []TaskInfo
	ids := []uint64{}
	code := d.run(
		func(e Event) Cmd {
			for range children {
				ids = append(ids, d.spawn(e.Task, 0, sleep(time.Hour)))
			}
			d.Name(ids[0], "first")
			return sleep(1)(e)
		},
		func(e Event) Cmd {
			var code int32
			tasks, code = d.Tasks()
			equalCode(t, "Tasks", code, 0)
			return done(0)(e)
		},
	)
	equalCode(t, "run", code, 0)
	equal(t, "tasks", len(tasks), children+1)
	if t.Failed() {
		return
	}
	equal(t, "State of main", tasks[0].State, StateReady) // in the batch that is worked
	equal(t, "Waits of main", tasks[0].Waits, "")
	equal(t, "Name", tasks[1].Name, "first")
	for _, task := range tasks[1:] {
		equal(t, "State", task.State, StateWaiting)
		equal(t, "Waits", task.Waits, "sleep")
		equal(t, "Parent", task.Parent, tasks[0].ID)
	}
}

func TestR079_the_report_names_what_was_given_up(t *testing.T) {
	d := newDriver(t, &Options{VirtualClock: true, CancelGraceMS: 1000})
	equal(t, "reports before the close", len(d.Report()), 0)
	var stubborn uint64
	d.run(func(e Event) Cmd {
		stubborn = d.spawn(e.Task, 0, sleep(time.Hour), sleep(time.Hour))
		d.Name(stubborn, "stubborn")
		d.spawn(e.Task, 0, sleep(time.Hour))
		return sleep(1)(e)
	})
	equalCode(t, "close", d.close(), ETIMEDOUT)
	equalCode(t, "ended", d.ended[stubborn], EABANDONED)
	kinds := map[int32]ReportEntry{}
	for _, entry := range d.Report() {
		kinds[entry.Kind] = entry
	}
	equal(t, "kinds", len(kinds), 2)
	equalCode(t, "the other task", kinds[ReportCanceled].Code, ECANCELED)
	equal(t, "Name", kinds[ReportAbandoned].Name, "stubborn")
	equal(t, "Waits", kinds[ReportAbandoned].Waits, "sleep")
}
