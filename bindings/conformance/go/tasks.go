package main

import (
	"context"
	"slices"
	"strings"
	"time"

	runner "example.org/librunner/go"
)

// Operations on tasks and futures.

// spawn: a task that is refused was not spawned. It has no number, and binds no name.
func (b *body) spawn(ctx context.Context, o *op) error {
	w := b.world
	number := w.spawned[b.path] + 1
	child := newBody(w, childPath(b.path, o.task, number), w.program.tasks[o.task])
	task, err := b.start(ctx, o, child)
	if err != nil {
		return err
	}
	w.spawned[b.path] = number
	w.paths[task.ID()] = child.path
	w.bind(o.name, &handle{task, child})
	return nil
}

func (b *body) start(ctx context.Context, o *op, child *body) (*runner.Task[int64], error) {
	if o.word == "gspawn" {
		return runner.GoIn(b.innermost, child.run, runner.Name(child.path))
	}
	task := runner.Go(ctx, child.run, runner.Name(child.path))
	if task.ID() == 0 {
		_, err := task.Result()
		return nil, err
	}
	return task, nil
}

func (b *body) state(o *op) error {
	handle, err := find(b.world.handles, o.name)
	if err == nil {
		b.linef("state %s %s", o.name, outcome(handle.Result()))
	}
	return err
}

// got is the end of an operation that waits for a number.
func (b *body) got(value int64, err error) error {
	if err == nil {
		b.linef("got %d", value)
	}
	return err
}

func (b *body) await(ctx context.Context, o *op) error {
	handle, err := b.awaitable(ctx, o.name)
	if err != nil {
		return err
	}
	return b.got(handle.Await(ctx))
}

func (b *body) shield(ctx context.Context, o *op) error {
	handle, err := b.awaitable(ctx, o.name)
	if err != nil {
		return err
	}
	return b.got(runner.Shield(ctx, handle))
}

// awaitable is what has to be waited for in place of a handle. In asyncio a task that the shutdown
// has given up stays pending for ever.
func (b *body) awaitable(ctx context.Context, name string) (runner.Awaitable[int64], error) {
	handle, err := find(b.world.handles, name)
	if err != nil {
		return nil, err
	}
	if handle.isGivenUp() {
		return runner.NewFuture[int64](ctx), nil
	}
	return handle.awaitable, nil
}

func (b *body) awaitables(ctx context.Context, o *op) ([]runner.Awaitable[int64], error) {
	var handles []runner.Awaitable[int64]
	for _, name := range o.names {
		handle, err := b.awaitable(ctx, name)
		if err != nil {
			return nil, err
		}
		handles = append(handles, handle)
	}
	return handles, nil
}

func (b *body) gather(ctx context.Context, o *op) error {
	handles, err := b.awaitables(ctx, o)
	if err != nil {
		return err
	}
	var outcomes []string
	if o.flag {
		var results []runner.Result[int64]
		results, err = runner.GatherResults[int64](ctx, handles...)
		for _, result := range results {
			outcomes = append(outcomes, outcome(result.Value, result.Err))
		}
	} else {
		var values []int64
		values, err = runner.Gather[int64](ctx, handles...)
		for _, value := range values {
			outcomes = append(outcomes, outcome(value, nil))
		}
	}
	if err == nil {
		b.linef("gathered [%s]", strings.Join(outcomes, ", "))
	}
	return err
}

var modes = map[string]runner.When{
	"first":       runner.FirstCompleted,
	"first_error": runner.FirstException,
	"all":         runner.AllCompleted,
}

// wait names those that are done and those that are not in argument order.
func (b *body) wait(ctx context.Context, o *op) error {
	handles, err := b.awaitables(ctx, o)
	if err != nil {
		return err
	}
	limit := time.Duration(-1)
	if !o.endless {
		limit = milliseconds(o.number)
	}
	those, _, err := runner.Wait(ctx, modes[o.mode], limit, handles...)
	if err != nil {
		return err
	}
	var done, pending []string
	for i, name := range o.names {
		switch {
		case slices.Index(o.names, name) < i:
		case slices.Contains(those, handles[i]):
			done = append(done, name)
		default:
			pending = append(pending, name)
		}
	}
	b.linef("done [%s] pending [%s]", strings.Join(done, " "), strings.Join(pending, " "))
	return nil
}

// self is for operations on the task that runs the body.
func (b *body) self(ctx context.Context, o *op) {
	switch o.word {
	case "cancel_self":
		b.linef("cancel self %t", runner.Current(ctx).Cancel())
	case "cancelling":
		b.linef("cancelling %d", runner.Current(ctx).Cancelling())
	case "uncancel":
		b.linef("uncancel %d", runner.Current(ctx).Uncancel())
	}
}
