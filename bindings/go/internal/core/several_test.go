package core

import (
	"slices"
	"testing"
	"time"
)

func TestR158_errors_of_a_group_in_their_order(t *testing.T) {
	const children = 20 // more than Errors looks for at first
	d := newDriver(t, &Options{VirtualClock: true})
	group := uint64(0)
	ids := []uint64{}
	var tasks []uint64
	var codes []int32
	code := d.run(
		func(e Event) Cmd {
			group = d.must(Cmd{Task: e.Task, Op: OpGroupNew})
			d.must(Cmd{Task: e.Task, Op: OpGroupOpen, ID: group})
			for range children {
				// They fail one after the other, as they are cancelled by the first failure.
				ids = append(ids, d.spawn(e.Task, group, sleep(time.Hour), fail(1)))
			}
			ids = append(ids, d.spawn(e.Task, group, fail(1)))
			return Cmd{Op: OpGroupClose, ID: group}
		},
		func(e Event) Cmd {
			equalCode(t, "status", e.Status, EGROUP)
			var code int32
			tasks, codes, code = d.Errors(group)
			equalCode(t, "Errors", code, 0)
			return done(0)(e)
		},
	)
	equalCode(t, "run", code, 0)
	want := append([]uint64{ids[children]}, ids[:children]...)
	if !slices.Equal(tasks, want) {
		t.Errorf("tasks: got %v, want %v", tasks, want)
	}
	for _, code := range codes {
		equalCode(t, "code", code, EUSER)
	}
	equal(t, "codes", len(codes), children+1)
}

func TestR182_gather_of_several(t *testing.T) {
	for _, test := range []struct {
		returnErrors bool
		status       int32
		value        uint64
	}{{true, 0, 0}, {false, EUSER, 9}} {
		d := newDriver(t, &Options{VirtualClock: true})
		var future uint64
		got := Event{}
		code := d.run(
			func(e Event) Cmd {
				a := d.spawn(e.Task, 0, sleep(2), done(1))
				b := d.spawn(e.Task, 0, sleep(1), fail(9))
				var code int32
				future, code = d.Gather([]uint64{a, b}, test.returnErrors)
				equalCode(t, "Gather", code, 0)
				return Cmd{Op: OpAwait, ID: future}
			},
			func(e Event) Cmd { got = e; return done(0)(e) },
		)
		equalCode(t, "run", code, 0)
		equalCode(t, "status", got.Status, test.status)
		if test.status != 0 {
			equal(t, "value", got.Value, test.value)
		}
	}
}

func TestR186_wait_for_the_first_of_several(t *testing.T) {
	d := newDriver(t, &Options{VirtualClock: true})
	var a, b uint64
	code := d.run(
		func(e Event) Cmd {
			a = d.spawn(e.Task, 0, sleep(time.Second), done(1))
			b = d.spawn(e.Task, 0, sleep(time.Minute), done(2))
			equalCode(t, "Wait", d.Wait(e.Task, []uint64{a, b}, FirstCompleted, Forever), EPARKED)
			return Cmd{}
		},
		func(e Event) Cmd {
			equalCode(t, "status", e.Status, 0)
			equalCode(t, "a", d.do(Cmd{Op: OpStatus, ID: a}).Status, 0)
			equalCode(t, "b", d.do(Cmd{Op: OpStatus, ID: b}).Status, EPENDING)
			equalCode(t, "Wait for nothing", d.Wait(e.Task, nil, AllCompleted, Forever), EINVAL)
			return done(0)(e)
		},
	)
	equalCode(t, "run", code, 0)
	equal(t, "TimeNS", d.TimeNS(), uint64(time.Second))
}
