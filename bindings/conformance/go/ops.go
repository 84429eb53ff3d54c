package main

import (
	"context"

	runner "example.org/librunner/go"
)

// body is a list of operations that is run by a task, or by the close of a closable.
type body struct {
	world     *world
	path      string
	list      []op
	innermost *runner.TaskGroup // of those that are open
	caught    error             // by the innermost handler that runs
	ended     bool
}

func newBody(world *world, path string, list []op) *body {
	return &body{world: world, path: path, list: list}
}

// flow is how operations have ended that have not failed: by reaching a return, or their end.
type flow struct {
	returned bool
	value    int64
}

// run runs the whole body, from its start to its end.
func (b *body) run(ctx context.Context) (int64, error) {
	b.line("start")
	end, err := b.ops(ctx, b.list)
	b.ended = true
	b.line("end " + outcome(end.value, err))
	return end.value, err
}

// runMain: the number of a main task is not known before it runs.
func (b *body) runMain(ctx context.Context) (int64, error) {
	w := b.world
	w.paths[runner.Current(ctx).ID()] = b.path
	if w.last == nil {
		w.last = runner.NewFuture[int64](ctx)
		check(w.last.Reject(errLast))
	}
	return b.run(ctx)
}

func (b *body) line(what string) {
	b.world.line(b.path, what)
}

func (b *body) linef(format string, args ...any) {
	b.world.linef(b.path, format, args...)
}

func (b *body) ops(ctx context.Context, list []op) (flow, error) {
	for i := range list {
		end, err := b.op(ctx, &list[i])
		if err != nil || end.returned {
			return end, err
		}
	}
	return flow{}, nil
}

// op does one operation. Those that have a flow of their own are here, the others in plain.
func (b *body) op(ctx context.Context, o *op) (flow, error) {
	switch o.word {
	case "return":
		return flow{returned: true, value: o.number}, nil
	case "try":
		return b.try(ctx, o)
	case "group":
		return b.group(ctx, o)
	case "timeout":
		return b.timeout(ctx, o)
	case "lock":
		return b.lock(ctx, o)
	case "sem":
		return b.semaphore(ctx, o)
	case "repeat":
		return b.repeat(ctx, o)
	}
	return flow{}, b.plain(ctx, o)
}

// plain does an operation after which the next one follows.
func (b *body) plain(ctx context.Context, o *op) error {
	switch o.word {
	case "yield":
		return runner.Yield(ctx)
	case "sleep":
		return runner.Sleep(ctx, milliseconds(o.number))
	case "fail":
		return failure(o.failure)
	case "raise":
		return b.caught
	case "spawn", "gspawn":
		return b.spawn(ctx, o)
	case "await":
		return b.await(ctx, o)
	case "shield":
		return b.shield(ctx, o)
	case "gather":
		return b.gather(ctx, o)
	case "wait":
		return b.wait(ctx, o)
	case "cancel_self", "cancelling", "uncancel":
		b.self(ctx, o)
	case "state":
		return b.state(o)
	case "event_clear", "event_wait":
		return b.event(ctx, o)
	case "put":
		return b.put(ctx, o)
	case "get":
		return b.get(ctx, o)
	case "future", "event_new", "lock_new", "sem_new", "queue_new":
		b.make(ctx, o)
	case "var_set":
		check(b.world.variable(o.name).Set(ctx, o.number))
	case "var_get":
		b.variable(ctx, o)
	case "closable":
		b.closable(ctx, o)
	default:
		return b.world.shared(b.path, o)
	}
	return nil
}

// make binds a name to something new.
func (b *body) make(ctx context.Context, o *op) {
	w := b.world
	switch o.word {
	case "future":
		w.bind(o.name, &handle{awaitable: runner.NewFuture[int64](ctx)})
	case "event_new":
		w.events[o.name] = runner.NewEvent(ctx)
	case "lock_new":
		w.locks[o.name] = runner.NewLock(ctx)
	case "sem_new":
		w.semaphores[o.name] = runner.NewSemaphore(ctx, int(o.number))
	case "queue_new":
		w.queues[o.name] = runner.NewQueue[int64](ctx, int(o.number))
	}
}

func (b *body) variable(ctx context.Context, o *op) {
	value, set := b.world.variable(o.name).Get(ctx)
	if set {
		b.linef("var %s %d", o.name, value)
	} else {
		b.linef("var %s unset", o.name)
	}
}

// closable: the task that closes it is none of the program's, so that its failure is reported as that
// of a closable. All that are made by one path under one name have the same path.
func (b *body) closable(ctx context.Context, o *op) {
	inside := newBody(b.world, closablePath(b.path, o.name), o.body)
	must(runner.Register(ctx, o.name, func(ctx context.Context) error {
		_, err := inside.run(ctx)
		return err
	}))
}
