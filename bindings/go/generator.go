package runner

import (
	"context"
	"errors"
	"iter"

	"example.org/librunner/go/internal/core"
)

// ErrIgnored: a generator yielded again instead of ending when it was closed.
const ErrIgnored = Errno(core.EIGNORED)

// ErrGeneratorClosed is what yield returns when the generator is being closed: the body is to clean up,
// which may wait, and to return.
var ErrGeneratorClosed = errors.New("runner: generator is being closed")

// Generator is an asynchronous generator: a body that yields values to the task that asks for the next
// one, see [Generate].
type Generator[T any] struct {
	r        *engine
	fn       func(ctx context.Context, yield func(T) error) error
	ctx      bodyContext
	state    generatorState
	resume   func() (T, bool) // runs the body until it yields, true, or ends
	asker    *task            // while the body runs
	prompt   prompt           // why the body goes on
	closable *Closable        // from the first value on, until shutdown is through with it
	err      error            // of the body
}

type generatorState int

const (
	generatorNew generatorState = iota
	generatorSuspended
	generatorRunning
	generatorOver
)

// prompt is why a body goes on after its yield.
type prompt int

const (
	promptNext prompt = iota
	promptClose
	promptUnwind // never to run again
)

// Generate makes a generator of fn, which yields values and returns at its end: what an async def with
// yield is in Python.
//
// The body runs as part of whichever task asks for the next value: its waits, with the ctx that it is
// given, are that task's waits, and a cancel reaches it there. It begins with the first [Generator.Next]
// and stops in yield until the next value is asked for. Then yield returns nil; or
// [ErrGeneratorClosed], when the generator is being closed.
//
// A generator that was begun and is neither exhausted nor closed is closed when its runner is, as a
// [Closable].
func Generate[T any](ctx context.Context,
	fn func(ctx context.Context, yield func(T) error) error) (*Generator[T], error) {
	t, err := taskOf(ctx)
	if err == nil && fn == nil {
		err = ErrInvalid
	}
	if err != nil {
		return nil, err
	}
	return &Generator[T]{r: t.r, fn: fn, ctx: bodyContext{Context: inherited(ctx)}}, nil
}

// Next runs the body to its next value. false: there is none, because the body has returned, now or
// earlier; with the error that it has returned now. [ErrBusy]: it runs already, in this or another task.
func (g *Generator[T]) Next(ctx context.Context) (value T, ok bool, err error) {
	t, err := g.task(ctx)
	if err != nil || g.state == generatorOver {
		return value, false, err
	}
	if g.state == generatorNew {
		if g.closable, err = register(g.r, "generator", g); err != nil {
			return value, false, err
		}
		g.resume, _ = iter.Pull(func(give func(T) bool) {
			coroutine(func() { g.body(give) })
		})
	}
	value, ok = g.run(ctx, t, promptNext)
	if !ok {
		return value, false, g.err
	}
	if g.closable == nil {
		// Shutdown came while the body waited, and could not close it: it has to come again.
		g.closable, _ = register(g.r, "generator", g)
	}
	return value, true, nil
}

// Close has the yield in which the body stops return [ErrGeneratorClosed], and lets it clean up. It
// returns what the body does; nil for [ErrGeneratorClosed] itself, and for a generator that is over or
// was not begun. [ErrIgnored]: the body yielded again. [ErrBusy]: it runs, in this or another task.
func (g *Generator[T]) Close(ctx context.Context) error {
	t, err := g.task(ctx)
	switch {
	case err != nil:
		return err
	case g.state == generatorNew:
		g.state = generatorOver
		return nil
	case g.state == generatorOver:
		return nil
	}
	if _, yielded := g.run(ctx, t, promptClose); yielded {
		return ErrIgnored
	}
	return g.Err()
}

// All gives the values that are left, for range. An error ends it, as the last pair. When the loop is
// left early, the generator is closed; what it then fails with, [Generator.Err] tells.
//
//	for value, err := range generator.All(ctx) {
func (g *Generator[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		exhausted := false
		defer func() { // also when the loop panics
			if !exhausted {
				_ = g.Close(ctx)
			}
		}()
		for {
			value, ok, err := g.Next(ctx)
			exhausted = !ok
			if ok || err != nil {
				ok = yield(value, err) && ok
			}
			if !ok {
				return
			}
		}
	}
}

// Err is what the body has failed with; nil while it is not over, and if it ended because it was
// closed.
func (g *Generator[T]) Err() error {
	if errors.Is(g.err, ErrGeneratorClosed) {
		return nil
	}
	return g.err
}

// task is that of ctx, if it may run the body now.
func (g *Generator[T]) task(ctx context.Context) (*task, error) {
	t, err := taskOf(ctx)
	switch {
	case err != nil:
		return nil, err
	case t.r != g.r:
		return nil, ErrForeign
	case g.state == generatorRunning:
		return nil, ErrBusy
	}
	return t, nil
}

// run lets the body go on, as a part of t, until it yields or ends.
func (g *Generator[T]) run(ctx context.Context, t *task, why prompt) (value T, yielded bool) {
	g.state, g.asker, g.ctx.asker, g.prompt = generatorRunning, t, ctx, why
	w := g.r.worker
	goroutine := w.goroutine
	defer func() {
		w.goroutine = goroutine
		g.asker, g.ctx.asker = nil, nil
		if yielded {
			g.state = generatorSuspended
		} else { // it has returned, or panicked
			g.over()
		}
	}()
	return g.resume()
}

func (g *Generator[T]) over() {
	g.state, g.resume, g.fn = generatorOver, nil, nil
	if g.closable != nil && g.r.onLoop() == nil {
		_ = g.closable.unregister() // refused while it is being closed
		g.closable = nil
	}
}

// body is what runs on the coroutine. When fn waits, it parks the coroutine of the task that asks, from
// here: to the runtime a coroutine is only a place where some goroutine stands and waits, and then it
// is this one.
func (g *Generator[T]) body(give func(T) bool) {
	defer func() {
		if v := recover(); v != nil && v != errUnwind {
			panic(panicError(v)) // the stack that it came from would be lost on the way
		}
	}()
	g.entered()
	g.err = g.fn(&g.ctx, func(value T) error { return g.yield(give, value) })
}

func (g *Generator[T]) yield(give func(T) bool, value T) error {
	if _, err := taskOf(&g.ctx); err != nil {
		return err // nobody asks, or another task does
	}
	give(value)
	switch g.prompt {
	case promptClose:
		g.entered()
		return ErrGeneratorClosed
	case promptUnwind:
		panic(errUnwind)
	}
	g.entered()
	return nil
}

// errUnwind is what a body that is given up panics with, so that its deferred functions run.
var errUnwind = errors.New("runner: generator is given up")

// entered has debug mode know on which goroutine the task that asks runs now.
func (g *Generator[T]) entered() {
	if g.r.debug {
		g.r.worker.goroutine = goroutineID()
	}
}

// closing is what shutdown does with a generator.
func (g *Generator[T]) closing(ctx context.Context) error {
	if g.state == generatorRunning && g.asker.isDone() {
		return nil // the task was given up in the middle of the body, which never goes on
	}
	return g.Close(ctx)
}

// dropped says that shutdown is through with it. A body that would not end is given up.
func (g *Generator[T]) dropped() {
	g.closable = nil
	if g.state != generatorSuspended {
		return
	}
	resume := g.resume
	g.over()
	g.prompt = promptUnwind
	resume()
}

// bodyContext is the context of a generator's body. Its values are those of the context that the
// generator was made with; its task, and whether that is cancelled, is that of who asks. It has no
// channel that says so: the next one who asks may not be cancelled.
type bodyContext struct {
	context.Context
	asker context.Context // nil while nobody asks
}

func (c *bodyContext) Err() error {
	if c.asker == nil {
		return nil
	}
	return c.asker.Err()
}

func (c *bodyContext) Value(key any) any {
	if key != (taskKey{}) {
		return c.Context.Value(key)
	}
	if c.asker == nil {
		return nil
	}
	return c.asker.Value(key)
}

// waiting is the context whose end ends a wait with ctx: for a generator's body that of who asks.
func waiting(ctx context.Context) context.Context {
	for {
		body, ok := ctx.(*bodyContext)
		if !ok || body.asker == nil {
			return ctx
		}
		ctx = body.asker
	}
}
