package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// ErrNotLocked: nobody holds the lock.
const ErrNotLocked = Errno(core.ENOTLOCKED)

// Lock lets one task at a time go on, in the order of their coming, as asyncio.Lock. It may be held
// across waits, which a sync.Mutex may not.
type Lock struct{ object }

// NewLock makes a lock that nobody holds, for the tasks of ctx's runner. What is wrong with ctx, the
// first use tells.
func NewLock(ctx context.Context) *Lock {
	l := &Lock{newObject(ctx, core.Cmd{Op: core.OpLockNew})}
	return owned(l, &l.object)
}

// Acquire takes the lock, and waits while another task has it or came earlier. It is not recursive: a
// task that takes it twice waits for itself.
func (l *Lock) Acquire(ctx context.Context) error {
	_, err := l.wait(ctx, core.Cmd{Op: core.OpLockAcquire})
	return err
}

// Release gives the lock to the task that has waited longest, or frees it. Any task or callback may do
// that. [ErrNotLocked]: nobody holds it.
func (l *Lock) Release() error {
	_, err := l.do(core.Cmd{Op: core.OpLockRelease})
	return err
}

// Locked tells whether a task holds the lock. One to which it was handed, and which has not run yet,
// does not.
func (l *Lock) Locked() bool { return l.look(core.OpLockState).B != 0 }

// With runs fn while the task of ctx holds the lock.
func (l *Lock) With(ctx context.Context, fn func(context.Context) error) error {
	return holding(ctx, l, fn)
}
