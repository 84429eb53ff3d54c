package runner

import (
	"example.org/librunner/go/internal/core"
)

// Commands say to the library what tasks did. Those that nobody but their own task notices are kept in
// a buffer until the next step; any other one is given at once, after what is in the buffer.

// buffer keeps c for the next step: one that parks its own task, starts, ends or releases something.
func (r *engine) buffer(c core.Cmd) {
	if r.n == len(r.cmds) {
		if r.n == 0 {
			return // closed: what is unwound now cannot do anything
		}
		r.flush()
	}
	r.cmds[r.n] = c
	r.n++
}

// command gives what is buffered and then c to the library, now, in the name of the task that runs. It
// returns c with what came out.
func (r *engine) command(c core.Cmd) core.Cmd {
	if c.Task == 0 {
		c.Task = r.curID()
	}
	switch c.Op {
	case core.OpCancel, core.OpGroupCancel, core.OpGroupOpen:
		if r.cur != nil {
			r.cur.touched = true
		}
	}
	if c.Op != core.OpSpawn {
		r.taking = 0
	}
	r.buffer(c)
	last := r.n - 1
	if last < 0 {
		c.Status = core.ECLOSED
		return c
	}
	if code := r.flush(); code != 0 {
		c.Status = code
		return c
	}
	return r.cmds[last]
}

// flush gives what is buffered to the library. It returns why that refuses all of it, or 0.
func (r *engine) flush() int32 {
	n := r.n
	if n == 0 {
		return 0
	}
	r.n = 0
	code := r.core.Commands(r.cmds[:n])
	if code == 0 {
		r.settleRefused(n)
	}
	return code
}

// settleRefused ends the tasks of those n commands that were to start one and could not.
func (r *engine) settleRefused(n int) {
	for i := range r.cmds[:n] {
		c := &r.cmds[i]
		if c.Status >= 0 || c.Op != core.OpSpawn || c.Status == core.EPARKED {
			continue
		}
		if t := r.task(c.ID); t != nil && !t.isDone() {
			r.forget(t)
			t.settle(c.Status, Errno(c.Status))
		}
	}
}

// newID is an id for an object that a command will make.
func (r *engine) newID() (uint64, error) {
	if len(r.ids) == 0 {
		if r.reserve == nil {
			r.reserve = make([]uint64, 64)
		}
		if code := r.core.Reserve(r.reserve); code != 0 {
			return 0, Errno(code)
		}
		r.ids = r.reserve
	}
	id := r.ids[len(r.ids)-1]
	r.ids = r.ids[:len(r.ids)-1]
	return id, nil
}

// know enters t into the table of tasks.
func (r *engine) know(t *task) {
	index := int(uint32(t.id))
	for index >= len(r.tasks) {
		r.tasks = append(r.tasks, nil)
	}
	r.tasks[index] = t
}

// forget takes t out of the table.
func (r *engine) forget(t *task) {
	if r.task(t.id) == t {
		r.tasks[uint32(t.id)] = nil
	}
}

// task is the task of an id, or nil.
func (r *engine) task(id uint64) *task {
	if index := int(uint32(id)); index < len(r.tasks) {
		if t := r.tasks[index]; t != nil && t.id == id {
			return t
		}
	}
	return nil
}

// slots holds the values of Go that the library knows by a number: callbacks, items, variables.
type slots struct {
	values []any // nil where it is free
	free   []uint32
}

// nothing is what slots holds for nil.
type nothing struct{}

// keep makes a number for v. It comes back once: from a command, or with an event.
func (r *engine) keep(v any) uint64 {
	if v == nil {
		v = nothing{}
	}
	s := &r.slots
	if n := len(s.free); n > 0 {
		index := s.free[n-1]
		s.free = s.free[:n-1]
		s.values[index] = v
		return uint64(index) + 1
	}
	s.values = append(s.values, v)
	return uint64(len(s.values))
}

// peek is the value of a number, or nil.
func (r *engine) peek(h uint64) any {
	if h == 0 || h > uint64(len(r.slots.values)) {
		return nil
	}
	v := r.slots.values[h-1]
	if v == (any)(nothing{}) {
		return nil
	}
	return v
}

// take is the value of a number, which then is free.
func (r *engine) take(h uint64) any {
	v := r.peek(h)
	if h != 0 && h <= uint64(len(r.slots.values)) && r.slots.values[h-1] != nil {
		r.slots.values[h-1] = nil
		r.slots.free = append(r.slots.free, uint32(h-1))
	}
	return v
}
