package runner

import (
	"context"
	"runtime"

	"example.org/librunner/go/internal/core"
)

// Var is a context variable, as contextvars.ContextVar: a value that follows the tasks of a program.
// A task that is started gets a copy of what its starter has set, and neither sees what the other one
// sets afterwards.
//
// What never changes is better given along in a [context.Context]; tasks inherit its values too.
type Var[T any] struct{ variable }

// variable is a Var of any type. Each runner that it is set in knows it by an id.
type variable struct{ name string }

// NewVar makes a variable, usually once for a program. The name is for people.
func NewVar[T any](name string) *Var[T] { return &Var[T]{variable{name}} }

// Name is the name that the variable was made with.
func (v *variable) Name() string { return v.name }

// Set sets the variable for the task of ctx, and for those that it starts from now on.
func (v *Var[T]) Set(ctx context.Context, value T) error {
	t, err := taskOf(ctx)
	if err != nil {
		return err
	}
	id, err := v.in(t.r)
	if err != nil {
		return err
	}
	kept := t.r.keep(value)
	c := t.r.command(core.Cmd{Task: t.id, Op: core.OpVarSet, ID: id, B: kept})
	if c.Status != 0 {
		t.r.take(kept)
		return Errno(c.Status)
	}
	return nil
}

// Get gives what the task of ctx has set, or has got from its starter; false if that is nothing, or
// ctx has no task.
func (v *Var[T]) Get(ctx context.Context) (value T, ok bool) {
	t, err := taskOf(ctx)
	if err != nil {
		return value, false
	}
	id, known := t.r.vars[&v.variable]
	if !known {
		return value, false
	}
	c := t.r.command(core.Cmd{Task: t.id, Op: core.OpVarGet, ID: id})
	if c.Status != 0 {
		return value, false
	}
	value, _ = t.r.peek(c.B).(T)
	return value, true
}

// in is the id of the variable in a runner, which learns of it with the first Set.
func (v *variable) in(r *engine) (uint64, error) {
	if id, known := r.vars[v]; known {
		return id, nil
	}
	c := r.command(core.Cmd{Op: core.OpVarNew})
	if c.Status != 0 {
		return 0, Errno(c.Status)
	}
	if r.vars == nil {
		r.vars = make(map[*variable]uint64)
	}
	r.vars[v] = c.ID
	return c.ID, nil
}

// Vars is a set of variables with their values, as contextvars.Context. A task that is started with
// [InVars] runs in it: it sees what was set there, and what it sets stays there for the next one.
type Vars struct {
	r  *engine
	id uint64 // 0 until it is used
}

// NewVars makes an empty set of variables for tasks of r.
func NewVars(r *Runner) *Vars { return &Vars{r: r.e} }

// CopyVars makes a copy of the variables of ctx's task, as contextvars.copy_context.
func CopyVars(ctx context.Context) (*Vars, error) {
	t, err := taskOf(ctx)
	if err != nil {
		return nil, err
	}
	c := t.r.command(core.Cmd{Task: t.id, Op: core.OpContextCopy})
	if c.Status != 0 {
		return nil, Errno(c.Status)
	}
	v := &Vars{r: t.r}
	v.made(c.ID)
	return v, nil
}

// contextID is the id of the set in r, for who starts a task or a run in it.
func (v *Vars) contextID(r *engine) (uint64, error) {
	if v.r != r {
		return 0, ErrForeign
	}
	if v.id == 0 {
		c := r.command(core.Cmd{Op: core.OpContextNew})
		if c.Status != 0 {
			return 0, Errno(c.Status)
		}
		v.made(c.ID)
	}
	return v.id, nil
}

func (v *Vars) made(id uint64) {
	v.id = id
	runtime.AddCleanup(v, release, reference{v.r, id})
}

// InVars has a task run in v, not in a copy of the variables of its starter; and a run in v, not in the
// runner's own.
func InVars(v *Vars) TaskOption {
	return func(o *taskOptions) {
		if v != nil {
			o.vars = v
		}
	}
}
