package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// ErrBroken: the barrier was aborted, or reset while the task waited at it.
const ErrBroken = Errno(core.EBROKEN)

// Barrier is where a number of tasks wait for each other, as asyncio.Barrier.
type Barrier struct {
	object
	parties int
}

// NewBarrier makes a barrier that n tasks pass together, for the tasks of ctx's runner. What is wrong
// with ctx or n, the first use tells.
func NewBarrier(ctx context.Context, n int) *Barrier {
	b := &Barrier{newObject(ctx, core.Cmd{Op: core.OpBarrierNew, A: int64(n)}), n}
	return owned(b, &b.object)
}

// Wait waits until as many tasks wait as the barrier has parties. It gives a number that no other
// task of this passing has, from 0. Then the barrier can be used again. [ErrBroken]: it was broken.
func (b *Barrier) Wait(ctx context.Context) (int, error) {
	place, err := b.wait(ctx, core.Cmd{Op: core.OpBarrierWait})
	return int(place), err
}

// Reset makes the barrier as new. Who waits at it gets [ErrBroken].
func (b *Barrier) Reset() error {
	_, err := b.do(core.Cmd{Op: core.OpBarrierReset})
	return err
}

// Abort breaks the barrier: who waits at it, and whoever comes, gets [ErrBroken] until it is reset.
func (b *Barrier) Abort() error {
	_, err := b.do(core.Cmd{Op: core.OpBarrierAbort})
	return err
}

// Parties is how many tasks it takes to pass.
func (b *Barrier) Parties() int { return b.parties }

// Waiting is how many tasks wait for the others.
func (b *Barrier) Waiting() int { return int(b.look(core.OpBarrierState).A) }

// Broken tells whether the barrier is broken.
func (b *Barrier) Broken() bool { return b.look(core.OpBarrierState).B != 0 }
