package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// await waits until o is done, and takes its failure.
func (o *outcome) await(ctx context.Context) error {
	if o.r == nil {
		return o.err
	}
	self, err := taskOf(ctx)
	switch {
	case err == nil:
		return o.awaitIn(self, ctx)
	case o.isDone():
		return o.taken()
	case contextTask(ctx) != nil || ctx == nil:
		return err
	}
	select {
	case <-o.Done():
		return o.taken()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitIn is await in a task.
func (o *outcome) awaitIn(self *task, ctx context.Context) error {
	switch {
	case o.r != self.r:
		return ErrForeign
	case o.isDone():
		return o.taken()
	}
	// To await a task parks for certain: that C has ended it comes as an event. A future may have been
	// cancelled, and a cancel that self was not told of goes on to what it awaits, at once.
	c := core.Cmd{Op: core.OpAwait | core.Suspended, ID: o.id}
	if self.touched || o.has(flagFuture) || o == &self.outcome {
		c.Op = core.OpAwait
	}
	status, value := self.wait(ctx, c)
	if status != 0 && o.has(flagFuture) {
		o.refresh()
	}
	// If self was cancelled, that o has ended too changes nothing.
	if o.isDone() && o.status == status {
		self.unwaited = nil
		return o.taken()
	}
	if status == 0 {
		return ErrPending
	}
	return self.r.errorOf(status, value, self)
}
