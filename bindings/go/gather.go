package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// Result is the outcome of one of those that were given to [GatherResults].
type Result[T any] struct {
	Value T
	Err   error
}

// Gather waits for all of aws, and gives their values in that order, as asyncio.gather.
//
// The first that fails or is cancelled ends it with that error; the others go on. When the task of ctx
// is cancelled, so are all of them.
//
//	values, err := runner.Gather(ctx, tasks...)
//	values, err := runner.Gather(ctx, first, second)
//	values, err := runner.Gather[int, runner.Awaitable[int]](ctx, task, future)
func Gather[T any, A Awaitable[T]](ctx context.Context, aws ...A) ([]T, error) {
	if err := gather(ctx, awaiters(aws), false); err != nil {
		return nil, err
	}
	values := make([]T, len(aws))
	for i, aw := range aws {
		values[i], _ = aw.Result()
	}
	return values, nil
}

// GatherResults waits for all of aws, whatever they end with, and gives their outcomes in that order,
// as asyncio.gather does with return_exceptions. The error is that of the wait alone.
func GatherResults[T any, A Awaitable[T]](ctx context.Context, aws ...A) ([]Result[T], error) {
	if err := gather(ctx, awaiters(aws), true); err != nil {
		return nil, err
	}
	results := make([]Result[T], len(aws))
	for i, aw := range aws {
		results[i].Value, results[i].Err = aw.Result()
	}
	return results, nil
}

func gather(ctx context.Context, aws []Awaiter, returnErrors bool) error {
	t, err := taskOf(ctx)
	if err != nil {
		return err
	}
	in, err := handlesOf(t.r, aws)
	if err != nil {
		return err
	}
	t.r.flush()
	future, code := t.r.core.Gather(in.ids, returnErrors)
	if code != 0 {
		in.release(t.r)
		return Errno(code)
	}
	status, value := t.waitMade(ctx, future)
	in.release(t.r)
	if status == 0 {
		return nil
	}
	refresh(aws) // a cancel of the task has gone on to them
	for _, aw := range aws {
		if o := aw.base(); o.id == value {
			return t.told(o, status, value)
		}
	}
	return t.r.errorOf(status, value, t)
}

// refresh has futures ask what the library may have done to them meanwhile.
func refresh(aws []Awaiter) {
	for _, aw := range aws {
		aw.base().refresh()
	}
}

// waitMade waits for a future that was made for this, and releases it.
func (t *task) waitMade(ctx context.Context, future uint64) (status int32, value uint64) {
	status, value = t.wait(ctx, core.Cmd{Op: core.OpAwait, ID: future})
	t.r.buffer(core.Cmd{Op: core.OpRelease, ID: future})
	return status, value
}

// told is the error of a wait for o that has ended with a status and a value: o's own, which then
// counts as taken, unless something else has ended the wait.
func (t *task) told(o *outcome, status int32, value uint64) error {
	if o.isDone() && o.status == status {
		t.takeUnwaited()
		return o.taken()
	}
	return t.r.errorOf(status, value, t)
}

func awaiters[A Awaiter](aws []A) []Awaiter {
	all := make([]Awaiter, len(aws))
	for i, aw := range aws {
		all[i] = aw
	}
	return all
}

// handles are the ids by which the library knows tasks and futures.
type handles struct {
	ids    []uint64
	copies map[*outcome]uint64 // those of them that were made for this use only
}

// handlesOf are the handles of aws, to be released after the wait. What stands twice among them has one
// id.
func handlesOf(r *engine, aws []Awaiter) (handles, error) {
	h := handles{ids: make([]uint64, 0, len(aws))}
	for _, aw := range aws {
		id, err := h.of(r, aw)
		if err != nil {
			h.release(r)
			return handles{}, err
		}
		h.ids = append(h.ids, id)
	}
	return h, nil
}

func (h *handles) of(r *engine, aw Awaiter) (uint64, error) {
	if aw == nil {
		return 0, ErrInvalid
	}
	o := aw.base()
	if o.r != nil && o.r != r {
		return 0, ErrForeign
	}
	if id, made := h.copies[o]; made {
		return id, nil
	}
	id, made, err := o.handle()
	if made {
		if h.copies == nil {
			h.copies = make(map[*outcome]uint64)
		}
		h.copies[o] = id
	}
	return id, err
}

// release lets go of the copies. What one of them has failed with is known already.
func (h *handles) release(r *engine) {
	for _, id := range h.copies {
		r.buffer(core.Cmd{Op: core.OpResult, ID: id})
		r.buffer(core.Cmd{Op: core.OpRelease, ID: id})
	}
}
