package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// Shield waits for a task or future as its Await does, but a cancel of the task of ctx does not reach
// it, as asyncio.shield. If it fails after such a cancel, and nobody else takes the error, that is
// reported.
func Shield[T any](ctx context.Context, aw Awaitable[T]) (none T, _ error) {
	t, err := taskOf(ctx)
	if err != nil {
		return none, err
	}
	in, err := handlesOf(t.r, []Awaiter{aw})
	if err != nil {
		return none, err
	}
	defer in.release(t.r)
	c := t.r.command(core.Cmd{Task: t.id, Op: core.OpShield, A: int64(in.ids[0])})
	if c.Status != 0 {
		return none, Errno(c.Status)
	}
	if status, value := t.waitMade(ctx, c.ID); status != 0 {
		return none, t.told(aw.base(), status, value)
	}
	return aw.Result()
}
