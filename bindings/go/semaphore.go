package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// ErrReleased: a bounded semaphore has its first value already.
const ErrReleased = Errno(core.ERELEASED)

// Semaphore lets so many tasks at a time go on, in the order of their coming, as asyncio.Semaphore.
type Semaphore struct{ object }

// NewSemaphore makes a semaphore that n tasks may acquire before one has to wait, for the tasks of
// ctx's runner. What is wrong with ctx or n, the first use tells.
func NewSemaphore(ctx context.Context, n int) *Semaphore { return newSemaphore(ctx, n, 0) }

// NewBoundedSemaphore makes a semaphore that cannot be released more often than it was acquired, as
// asyncio.BoundedSemaphore.
func NewBoundedSemaphore(ctx context.Context, n int) *Semaphore { return newSemaphore(ctx, n, 1) }

func newSemaphore(ctx context.Context, n int, bounded uint64) *Semaphore {
	s := &Semaphore{newObject(ctx, core.Cmd{Op: core.OpSemaphoreNew, A: int64(n), B: bounded})}
	return owned(s, &s.object)
}

// Acquire lowers the value by one, and waits while it is zero or others came earlier.
func (s *Semaphore) Acquire(ctx context.Context) error {
	_, err := s.wait(ctx, core.Cmd{Op: core.OpSemaphoreAcquire})
	return err
}

// Release raises the value by one, or hands it to the task that has waited longest. Any task or
// callback may do that. [ErrReleased]: a bounded one has its first value already.
func (s *Semaphore) Release() error {
	_, err := s.do(core.Cmd{Op: core.OpSemaphoreRelease})
	return err
}

// Locked tells whether a task that came now would have to wait.
func (s *Semaphore) Locked() bool { return s.look(core.OpSemaphoreState).B != 0 }

// Value is what is neither acquired nor on its way to a task.
func (s *Semaphore) Value() int { return int(s.look(core.OpSemaphoreState).A) }

// With runs fn between Acquire and Release.
func (s *Semaphore) With(ctx context.Context, fn func(context.Context) error) error {
	return holding(ctx, s, fn)
}
