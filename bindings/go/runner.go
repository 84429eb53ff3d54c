package runner

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"

	"example.org/librunner/go/internal/core"
)

// Run runs main as a task on a runner of its own, closes that, and returns what main has returned. It
// is asyncio.run: the main entry point of a program.
//
// The error is that of main, unchanged; but [ErrInterrupted] if SIGINT has ended it, and what
// [context.Cause] says of ctx in a [*CanceledError] if that did. Tasks that main has started and that
// are not done when it returns are cancelled, and waited for. A panic of a task panics in the caller,
// as a [*PanicError]; if a task calls [runtime.Goexit], the caller does.
func Run[T any](ctx context.Context, main func(context.Context) (T, error),
	opts ...Option) (value T, err error) {
	r := New(opts...)
	defer func() {
		if closed := r.Close(); closed == error(ErrInterrupted) && err == nil {
			var zero T
			value, err = zero, closed
		}
	}()
	return RunIn(r, ctx, main)
}

// Runner runs main tasks, one after the other, on a loop that they share, as asyncio.Runner. What one
// of them leaves goes on in the next; [Runner.Close] ends it. A zero Runner is of no use: [New] makes
// one.
type Runner struct{ e *engine }

// New makes a runner. What it needs is made by its first use, which also tells if that fails. It is to
// be closed; one that is forgotten is reported to the log once it is collected.
func New(opts ...Option) *Runner {
	r := &Runner{newEngine(opts)}
	runtime.AddCleanup(r, (*engine).forgotten, r.e)
	return r
}

// Run runs main as a task, until it returns, and returns its error as [Run] does. It may be called
// again.
//
// The end of ctx cancels main. From inside a task or callback of any runner Run is refused with
// [ErrRunning]; while another goroutine runs or closes r, with [ErrBusy].
func (r *Runner) Run(ctx context.Context, main func(context.Context) error, opts ...TaskOption) error {
	if main == nil {
		return ErrInvalid
	}
	_, err := RunIn(r, ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, main(ctx)
	}, opts...)
	return err
}

// RunIn is [Runner.Run] for a main with a result.
func RunIn[T any](r *Runner, ctx context.Context, main func(context.Context) (T, error),
	opts ...TaskOption) (T, error) {
	var zero T
	if r == nil || r.e == nil || ctx == nil || main == nil {
		return zero, ErrInvalid
	}
	t := &Task[T]{fn: main}
	t.self = t
	err := r.e.run(ctx, &t.task, opts)
	runtime.KeepAlive(r)
	if err != nil {
		return zero, err
	}
	return t.value, nil
}

// Close ends what is left, in order: it cancels every task and waits for them, closes closables and
// generators, waits for the functions of [ToThread], and frees the loop. What it found on the way
// stands in [Runner.Report].
//
// It may be called again, and then does nothing. A runner that was never used stays usable. The error
// says that it did not wait for everything: [ErrTimeout], a grace was over; [ErrDeadlock], a task
// waited for what could not come; [ErrInterrupted]. The runner is closed then too. It is refused with
// [ErrRunning] in a task or callback, and with [ErrBusy] while another goroutine runs or closes r.
func (r *Runner) Close() error {
	if r == nil || r.e == nil {
		return ErrInvalid
	}
	err := r.e.close()
	runtime.KeepAlive(r)
	return err
}

// Closed tells whether the runner was closed.
func (r *Runner) Closed() bool { return r != nil && r.e != nil && r.e.phase.Load() == shut }

// Running tells whether the runner runs or is being closed.
func (r *Runner) Running() bool {
	if r == nil || r.e == nil {
		return false
	}
	phase := r.e.phase.Load()
	return phase == turning || phase == serving
}

// Interrupt does what SIGINT does: it cancels the main task that runs; a second one ends the run and
// leaves main where it is. [ErrNoLoop]: nothing runs. Any goroutine may call it.
func (r *Runner) Interrupt() error {
	if r == nil || r.e == nil {
		return ErrInvalid
	}
	return r.e.interrupt()
}

// Loop is the loop of the runner.
func (r *Runner) Loop() *Loop {
	if r == nil || r.e == nil {
		return nil
	}
	return &r.e.loop
}

// start begins a run or a close: the caller is the only one until stop.
func (r *engine) start(ready func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch phase := r.phase.Load(); {
	case phase == shut:
		return ErrClosed
	case phase != idle:
		return ErrBusy
	}
	if err := ready(); err != nil {
		return err
	}
	if !r.driving {
		r.driving = true
		go r.drive()
	}
	r.phase.Store(turning)
	return nil
}

// ask has the driver do something, and gives its answer.
func (r *engine) ask(q errand) reply {
	r.setStage(stageAsked)
	if !r.quiet {
		interrupts.add(r)
		defer interrupts.remove(r)
	}
	r.requests <- q
	return <-r.replies
}

func (r *engine) run(ctx context.Context, t *task, opts []TaskOption) error {
	if inCoroutine() {
		return ErrRunning
	}
	q := errand{kind: runMain, main: t}
	err := r.start(func() (err error) {
		if err = r.open(); err == nil {
			q.vars, err = r.describe(t, opts)
		}
		if err == nil && ctx.Err() != nil {
			err = canceledBy(context.Cause(ctx))
		}
		return err
	})
	if err != nil {
		return err
	}
	t.r, t.main = r, true
	t.values = &runValues{context.WithoutCancel(ctx), ctx, r.values}
	answer := r.askUntil(ctx, q)
	r.mu.Lock()
	r.phase.Store(idle)
	r.mu.Unlock()
	answer.crash.rise()
	return t.outcomeOfRun(answer.code)
}

// askUntil is ask for a run that ctx may end.
func (r *engine) askUntil(ctx context.Context, q errand) reply {
	if ctx.Done() == nil {
		return r.ask(q)
	}
	r.core.SubmitterAcquire() // C does not see how ctx ends: to wait for it is no deadlock
	defer r.core.SubmitterRelease()
	stop := context.AfterFunc(ctx, func() { r.post(&ending{q.main, ctx}) })
	defer stop()
	return r.ask(q)
}

// ending cancels a main task because the context of its run has ended.
type ending struct {
	t   *task
	ctx context.Context
}

func (e *ending) deliver(*engine) {
	if e.t.id != 0 && !e.t.isDone() {
		e.t.cancel(context.Cause(e.ctx))
	}
}

func (*ending) urgent() bool { return true }

// outcomeOfRun is what a run returns that has ended with a code, for the main task t.
func (t *task) outcomeOfRun(code int32) error {
	switch {
	case code == 0:
		return nil
	case !t.isDone() || t.status != code:
		// Main has not ended, or what ended the run goes before it.
		if code == core.ECANCELED {
			return canceledBy(t.cause())
		}
		return Errno(code)
	}
	return t.taken()
}

// rise has the caller of a run end as the task did that has ended it.
func (c *crash) rise() {
	switch {
	case c == nil:
	case c.panic != nil:
		panic(c.panic)
	default:
		runtime.Goexit()
	}
}

func (r *engine) close() error {
	if inCoroutine() {
		return ErrRunning
	}
	unused := false
	err := r.start(func() error {
		if unused = r.core == nil; unused {
			return ErrClosed
		}
		return nil
	})
	if err != nil {
		if err == error(ErrClosed) {
			return nil // closed before, or never used
		}
		return err
	}
	answer := r.ask(errand{kind: closeAll})
	answer.crash.rise()
	if answer.code != 0 {
		return Errno(answer.code)
	}
	return nil
}

// forgotten is called when nobody has the Runner any more. It runs nothing of the program.
func (r *engine) forgotten() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.core == nil || r.phase.Load() != idle {
		return
	}
	r.log().Warn("runner: a Runner was collected that was not closed", slog.Int("tasks", r.alive()))
	if r.driving {
		r.requests <- errand{kind: forget}
	} else {
		r.free()
	}
}

// alive is how many tasks there are.
func (r *engine) alive() (n int) {
	for _, t := range r.tasks {
		if t != nil {
			n++
		}
	}
	return n
}

// compatible tells whether the library that was found is one that this package was built for.
func compatible() error {
	found, built := core.ABIVersion(), core.HeaderVersion()
	same := found>>16 == built>>16
	if built>>16 == 0 {
		same = found>>8 == built>>8
	}
	if !same {
		return fmt.Errorf("runner: librunner %s was found; built for %s", version(found), version(built))
	}
	return nil
}

func version(v uint32) string { return fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff) }
