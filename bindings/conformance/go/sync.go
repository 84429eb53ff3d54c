package main

import "context"

// Operations on events and queues.

func (b *body) event(ctx context.Context, o *op) error {
	event, err := find(b.world.events, o.name)
	if err != nil {
		return err
	}
	if o.word == "event_clear" {
		check(event.Clear())
		return nil
	}
	return event.Wait(ctx)
}

func (b *body) put(ctx context.Context, o *op) error {
	queue, err := find(b.world.queues, o.name)
	if err != nil {
		return err
	}
	return queue.Put(ctx, o.number)
}

func (b *body) get(ctx context.Context, o *op) error {
	queue, err := find(b.world.queues, o.name)
	if err != nil {
		return err
	}
	return b.got(queue.Get(ctx))
}
