package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// await waits until o is done, and takes its failure.
func (o *outcome) await(ctx context.Context) error {
	if o.r == nil {
		if o.err == nil {
			return ErrInvalid // a zero value
		}
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
	if status == 0 {
		return o.taken()
	}
	watched := self.rare != nil && self.rare.unwaited != nil
	failure := self.r.errorOf(status, value, self)
	if status == core.ECANCELED {
		o.refreshAs(failure)
	}
	// What o itself has ended with is told; but not if self was cancelled and o was not, and not if it was
	// cancelled because ctx has ended.
	if !watched && o.isDone() && o.status == status {
		return o.taken()
	}
	return failure
}
