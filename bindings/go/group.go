package runner

import (
	"context"
	"fmt"
	"strings"

	"example.org/librunner/go/internal/core"
)

const (
	// ErrAborting: a task group takes no more children, because it is being cancelled.
	ErrAborting = Errno(core.EABORTING)
	// ErrFinished: a task group takes no more children, because it has ended; or a timeout cannot be
	// moved, because its body has ended in time.
	ErrFinished = Errno(core.EFINISHED)
)

// GroupError is what a [Group] ends with when children of it, or its body, have failed.
//
// [errors.Is] and [errors.As] find each of the errors. One of them may be a GroupError itself: that
// of a group inside.
type GroupError struct {
	Errs []error // in the order in which they happened, that of the body last
}

// Error tells how many errors there are, and each of them.
func (e *GroupError) Error() string {
	texts := make([]string, len(e.Errs))
	for i, err := range e.Errs {
		texts[i] = err.Error()
	}
	return fmt.Sprintf("%v (%d): %s", Errno(core.EGROUP), len(texts), strings.Join(texts, "; "))
}

// Unwrap gives the errors.
func (e *GroupError) Unwrap() []error { return e.Errs }

// TaskGroup is a group whose body runs, see [Group].
type TaskGroup struct {
	r    *engine
	id   uint64
	ctx  context.Context // of the body; the children inherit its values
	over bool            // it has ended, and its id is released
}

// Group runs fn, and waits for all tasks that it, or one of them, has started with [TaskGroup.Go]: as
// asyncio.TaskGroup.
//
// When a child fails, or fn does, the other children are cancelled, and fn is at its next wait. When
// all have ended, Group returns a [*GroupError] with every error, the objects that were returned. A
// cancel is not an error: of a child that ends cancelled nothing is heard, and when the task of ctx is
// cancelled and nothing fails, so is what Group returns. A panic of fn goes on after the children have
// been cancelled and have ended.
func Group(ctx context.Context, fn func(ctx context.Context, g *TaskGroup) error) error {
	if fn == nil {
		return ErrInvalid
	}
	t, err := taskOf(ctx)
	if err != nil {
		return err
	}
	g, err := openGroup(ctx, t)
	if err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned && running(ctx) { // a panic or Goexit, which goes on after this
			_ = g.close(t, Errno(core.EUSER))
		}
	}()
	err = fn(ctx, g)
	returned = true
	return g.close(t, err)
}

// running tells whether the task of ctx runs. One that is unwound because it was given up does not.
func running(ctx context.Context) bool {
	_, err := taskOf(ctx)
	return err == nil
}

func openGroup(ctx context.Context, t *task) (*TaskGroup, error) {
	id, err := t.r.newID()
	if err != nil {
		return nil, err
	}
	g := &TaskGroup{r: t.r, id: id, ctx: ctx}
	t.r.buffer(core.Cmd{Op: core.OpGroupNew, ID: id})
	if c := t.r.command(core.Cmd{Task: t.id, Op: core.OpGroupOpen, ID: id}); c.Status != 0 {
		g.release()
		return nil, Errno(c.Status)
	}
	return g, nil
}

// close ends the body, which has returned body, and waits for the children.
func (g *TaskGroup) close(t *task, body error) error {
	defer g.release()
	ended := t.statusOf(body)
	status, value := t.waitAnyway(g.ctx, core.Cmd{Op: core.OpGroupClose, ID: g.id, Status: ended})
	t.recount()
	switch {
	case status == 0:
		return nil
	case status == core.ECANCELED && ended == status:
		t.takeUnwaited()
		return body // the very error
	case status == core.EGROUP:
		return &GroupError{g.errors(t, body)}
	case status == core.EUSER: // a child has ended the run
		for _, err := range g.errors(t, body) {
			if isCrash(err) {
				return err
			}
		}
	}
	return g.r.errorOf(status, value, t)
}

// isCrash tells whether err is that of a task that has ended its run by a panic or Goexit.
func isCrash(err error) bool {
	_, panicked := err.(*PanicError)
	return panicked || err == errGoexit
}

// waitAnyway is wait for what has to be done also if ctx has ended: that then is a cancel that comes
// while t waits.
func (t *task) waitAnyway(ctx context.Context, c core.Cmd) (status int32, value uint64) {
	if ctx = waiting(ctx); !t.foreign(ctx) {
		return t.wait(ctx, c)
	}
	c.Task = t.id
	w := t.watchOver(ctx)
	return w.over(t.park(c, nil))
}

// errors are what the children have failed with, and the body if it did.
func (g *TaskGroup) errors(t *task, body error) []error {
	g.r.flush()
	tasks, codes, _ := g.r.core.Errors(g.id)
	errs := make([]error, len(tasks))
	for i, id := range tasks {
		if id == 0 {
			errs[i] = body
		} else {
			errs[i] = g.r.errorOf(codes[i], id, t)
		}
	}
	return errs
}

func (g *TaskGroup) release() {
	g.over = true
	g.r.buffer(core.Cmd{Op: core.OpRelease, ID: g.id})
}

// Go starts fn as a task of the group. Every task and callback of the runner may do that until the
// group has ended.
//
// With an error nothing was started. [ErrAborting]: the group is being cancelled. [ErrFinished]: it has
// ended.
func (g *TaskGroup) Go(fn func(context.Context) error, opts ...TaskOption) (*Task[struct{}], error) {
	if fn == nil {
		return nil, ErrInvalid
	}
	return GoIn(g, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }, opts...)
}

// GoIn starts fn, which has a result, as a task of a group: see [TaskGroup.Go].
func GoIn[T any](g *TaskGroup, fn func(context.Context) (T, error), opts ...TaskOption) (*Task[T], error) {
	if g == nil || fn == nil {
		return nil, ErrInvalid
	}
	if g.over {
		return nil, ErrFinished
	}
	if err := g.r.onLoop(); err != nil {
		return nil, err
	}
	return spawn(g.ctx, g.r, g.id, fn, opts)
}

// Cancel cancels the children of the group, and its body at the next wait. The group then ends without
// an error, unless one of them fails on the way. Once it has ended, Cancel does nothing.
func (g *TaskGroup) Cancel() error {
	if g.over {
		return nil
	}
	if err := g.r.onLoop(); err != nil {
		return err
	}
	if c := g.r.command(core.Cmd{Op: core.OpGroupCancel, ID: g.id}); c.Status != 0 {
		return Errno(c.Status)
	}
	return nil
}
