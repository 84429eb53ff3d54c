package main

import (
	"context"

	runner "example.org/librunner/go"
)

// Operations that have a body around which something happens.

// scope is a function of the library that calls a function and does something before and after.
type scope func(inside func(context.Context) error) error

// inside runs the body of an operation in a scope, which may take its error for another one, or for
// none. A return passes it by.
func (b *body) inside(o *op, scope scope) (flow, error) {
	var end flow
	err := scope(func(ctx context.Context) (err error) {
		end, err = b.ops(ctx, o.body)
		return err
	})
	if err != nil {
		return flow{}, err
	}
	return end, nil
}

func (b *body) group(ctx context.Context, o *op) (flow, error) {
	outer := b.innermost
	return b.inside(o, func(inside func(context.Context) error) error {
		return runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
			b.innermost = group
			err := inside(ctx)
			b.innermost = outer
			return err
		})
	})
}

func (b *body) timeout(ctx context.Context, o *op) (flow, error) {
	return b.inside(o, func(inside func(context.Context) error) error {
		return runner.Timeout(ctx, milliseconds(o.number), inside)
	})
}

func (b *body) lock(ctx context.Context, o *op) (flow, error) {
	lock, err := find(b.world.locks, o.name)
	if err != nil {
		return flow{}, err
	}
	return b.inside(o, func(inside func(context.Context) error) error {
		return lock.With(ctx, inside)
	})
}

func (b *body) semaphore(ctx context.Context, o *op) (flow, error) {
	semaphore, err := find(b.world.semaphores, o.name)
	if err != nil {
		return flow{}, err
	}
	return b.inside(o, func(inside func(context.Context) error) error {
		return semaphore.With(ctx, inside)
	})
}

func (b *body) repeat(ctx context.Context, o *op) (end flow, err error) {
	for i := int64(0); i < o.number && err == nil && !end.returned; i++ {
		end, err = b.ops(ctx, o.body)
	}
	return end, err
}

func (b *body) try(ctx context.Context, o *op) (flow, error) {
	end, err := b.ops(ctx, o.body)
	if err != nil {
		if handler, has := o.handlers[kindOf(err)]; has {
			before := b.caught
			b.caught = err
			end, err = b.ops(ctx, handler)
			b.caught = before
		}
	}
	instead, failed := b.ops(ctx, o.handlers["finally"])
	if failed != nil || instead.returned {
		return instead, failed
	}
	return end, err
}
