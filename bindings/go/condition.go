package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// Condition is where tasks that share a lock wait until another one says that something has changed,
// as asyncio.Condition.
type Condition struct {
	object
	lock *Lock
}

// NewCondition makes a condition of a lock, which several conditions may share; nil makes a lock for
// it. What is wrong with ctx or the lock, the first use tells.
func NewCondition(ctx context.Context, lock *Lock) *Condition {
	if lock == nil {
		lock = NewLock(ctx)
	}
	c := &Condition{lock: lock}
	if _, c.err = lock.task(ctx); c.err == nil {
		c.object = newObject(ctx, core.Cmd{Op: core.OpConditionNew, A: int64(lock.id)})
	}
	return owned(c, &c.object)
}

// Lock is the lock of the condition: what follows is done while holding it.
func (c *Condition) Lock() *Lock { return c.lock }

// Wait releases the lock, waits to be notified, and takes the lock again. The lock is held when it
// returns, also with an error, but for [ErrNotLocked]: nobody held it before.
//
// What was waited for may have changed meanwhile, so wait in a loop, or with [Condition.WaitFor].
func (c *Condition) Wait(ctx context.Context) error {
	_, err := c.wait(ctx, core.Cmd{Op: core.OpConditionWait})
	return err
}

// WaitFor waits, as Wait does, until fn returns true. It is called while the lock is held, at first
// before any wait.
func (c *Condition) WaitFor(ctx context.Context, fn func() bool) error {
	if fn == nil {
		return ErrInvalid
	}
	for !fn() {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Notify wakes at most n tasks that wait, in the order of their coming. Each goes on once it has the
// lock, which this does not release. [ErrNotLocked]: nobody holds the lock.
func (c *Condition) Notify(n int) error {
	if n < 0 {
		return ErrInvalid
	}
	_, err := c.do(core.Cmd{Op: core.OpConditionNotify, A: int64(n)})
	return err
}

// NotifyAll wakes every task that waits, as Notify does.
func (c *Condition) NotifyAll() error {
	_, err := c.do(core.Cmd{Op: core.OpConditionNotify, A: -1})
	return err
}
