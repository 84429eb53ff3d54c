package core

import (
	"testing"
	"time"
)

// yielding is a runner whose main yields at every turn, forever.
func yielding(t testing.TB) (r *Runner, turn func()) {
	t.Helper()
	r, code := New(nil)
	if code != 0 {
		t.Fatal(ErrorName(code))
	}
	t.Cleanup(r.Free)
	main, code := r.Begin(0)
	if code != 0 {
		t.Fatal(ErrorName(code))
	}
	cmds := r.Cmds()[:1]
	return r, func() {
		cmds[0] = Cmd{Task: main, Op: OpYield | Suspended}
		events, _, code := r.Step(cmds)
		for code == 0 && len(events) == 0 {
			events, _, code = r.Step(nil)
		}
		if code != 0 || events[0].Task != main {
			t.Fatal(ErrorName(code), events)
		}
	}
}

func TestStepsAndCommandsAllocateNothing(t *testing.T) {
	r, turn := yielding(t)
	if events, _, _ := r.Step(nil); len(events) != 1 {
		t.Fatal(events)
	}
	equal(t, "allocations of a step", testing.AllocsPerRun(100, turn), 0)
	cmds := r.Cmds()[:1]
	equal(t, "allocations of a command", testing.AllocsPerRun(100, func() {
		cmds[0] = Cmd{Op: OpCallAt, A: int64(time.Hour)}
		r.Commands(cmds)
		cmds[0] = Cmd{Op: OpRelease, ID: cmds[0].ID}
		r.Commands(cmds)
	}), 0)
}

func BenchmarkStep(b *testing.B) {
	r, turn := yielding(b)
	r.Step(nil)
	for b.Loop() {
		turn()
	}
}

func BenchmarkCommand(b *testing.B) {
	r, _ := yielding(b)
	cmds := r.Cmds()[:1]
	for b.Loop() {
		cmds[0] = Cmd{Op: OpEventIsSet, ID: 1}
		r.Commands(cmds)
	}
}
