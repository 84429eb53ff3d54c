package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func Test_what_needs_a_task_is_refused_without_one(t *testing.T) {
	none := context.Background()
	is(t, runner.Sleep(none, 0), runner.ErrNoTask)
	is(t, runner.Yield(none), runner.ErrNoTask)
	is(t, runner.Sleep(nil, 0), runner.ErrInvalid) //nolint:staticcheck
	equal(t, "current", runner.Current(none), nil)
	equal(t, "cancelling", runner.Cancelling(none), 0)
	equal(t, "uncancel", runner.Uncancel(none), 0)
	task := runner.Go(none, returning(0, 1))
	<-task.Done()
	_, err := task.Await(none)
	is(t, err, runner.ErrNoTask)
	_, err = task.Result()
	is(t, err, runner.ErrNoTask)
	equal(t, "cancel", task.Cancel(), false)
	equal(t, "cancelled", task.Cancelled(), false)
	equal(t, "id", task.ID(), 0)
	future := runner.NewFuture[int](none)
	_, err = future.Await(none)
	is(t, err, runner.ErrNoTask)
	is(t, future.Resolve(1), runner.ErrDone)
}

func Test_a_task_needs_a_function(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		_, err := runner.Go[int](ctx, nil).Await(ctx)
		is(t, err, runner.ErrInvalid)
		_, err = runner.Go(nil, returning(0, 1)).Await(ctx) //nolint:staticcheck
		is(t, err, runner.ErrInvalid)
		_, err = runner.Go(ctx, returning(0, 1)).Await(nil) //nolint:staticcheck
		is(t, err, runner.ErrInvalid)
	})
}

func TestR042_a_task_cannot_await_itself(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var task *runner.Task[int]
		task = runner.Go(ctx, func(ctx context.Context) (int, error) { return task.Await(ctx) })
		_, err := task.Await(ctx)
		is(t, err, runner.ErrSelfAwait)
	})
}

func TestR041_a_task_of_another_runner_cannot_be_awaited_in_a_task(t *testing.T) {
	first, second := newRunner(t), newRunner(t)
	var task *runner.Task[int]
	var future *runner.Future[int]
	fine(t, first.Run(background, func(ctx context.Context) error {
		task, future = runner.Go(ctx, returning(ms, 7)), runner.NewFuture[int](ctx)
		return nil
	}))
	fine(t, second.Run(background, func(ctx context.Context) error {
		_, err := task.Await(ctx)
		is(t, err, runner.ErrForeign)
		_, err = future.Await(ctx)
		is(t, err, runner.ErrForeign)
		_, err = runner.Gather(ctx, task)
		is(t, err, runner.ErrForeign)
		// Its own methods need its own loop.
		equal(t, "cancel", task.Cancel(), false)
		is(t, future.Resolve(1), runner.ErrNoTask)
		return nil
	}))
}

func Test_a_context_is_of_use_while_its_task_runs_only(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var of context.Context
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			of = ctx
			return runner.Yield(ctx)
		}))
		fine(t, runner.Yield(ctx))
		is(t, runner.Sleep(of, 0), runner.ErrNoTask)
		_, err := runner.Go(of, returning(0, 1)).Await(ctx)
		is(t, err, runner.ErrNoTask)
		_, err = task.Await(ctx)
		fine(t, err)
		is(t, runner.Sleep(of, 0), runner.ErrNoTask)
		fine(t, runner.LoopOf(ctx).CallSoon(func() { is(t, runner.Sleep(ctx, 0), runner.ErrNoTask) }))
		fine(t, runner.Yield(ctx))
	})
}

func TestR071_in_debug_mode_other_goroutines_are_found(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		loop, lock, task := runner.LoopOf(ctx), runner.NewLock(ctx), runner.Go(ctx, nothing(forever))
		future := runner.NewFuture[int](ctx)
		done := make(chan struct{})
		go func() { // while the task that it belongs to runs
			defer close(done)
			is(t, runner.Sleep(ctx, 0), runner.ErrThread)
			is(t, lock.Acquire(ctx), runner.ErrThread)
			is(t, lock.Release(), runner.ErrThread)
			is(t, loop.CallSoon(func() { t.Error("it was called") }), runner.ErrThread)
			is(t, loop.Stop(), runner.ErrThread)
			is(t, future.Resolve(1), runner.ErrThread)
			equal(t, "cancel", task.Cancel(), false)
			_, err := runner.Go(ctx, returning(0, 1)).Await(background)
			is(t, err, runner.ErrThread)
			_, err = task.Await(ctx)
			is(t, err, runner.ErrThread)
			fine(t, loop.CallSoonThreadsafe(func() {}))
		}()
		<-done
		fine(t, lock.Acquire(ctx))
		fine(t, lock.Release())
		fine(t, runner.Yield(ctx))
	}, runner.WithDebug(true), runner.WithSlowStep(-1))
}

func Test_what_belongs_to_the_loop_is_refused_while_nothing_runs(t *testing.T) {
	r := newRunner(t)
	var task *runner.Task[struct{}]
	var future *runner.Future[int]
	fine(t, r.Run(background, func(ctx context.Context) error {
		task, future = runner.Go(ctx, nothing(forever)), runner.NewFuture[int](ctx)
		return runner.Yield(ctx)
	}))
	equal(t, "cancel", task.Cancel(), false)
	is(t, future.Resolve(1), runner.ErrNoTask)
	equal(t, "cancelling", task.Cancelling(), 0)
}

func Test_zero_values_are_of_no_use_and_do_no_harm(t *testing.T) {
	var r runner.Runner
	equal(t, "closed", r.Closed(), false)
	equal(t, "running", r.Running(), false)
	is(t, r.Interrupt(), runner.ErrInvalid)
	is(t, r.Close(), runner.ErrInvalid)
	equal(t, "report", len(r.Report()), 0)
	_, err := r.Tasks()
	is(t, err, runner.ErrInvalid)
	for _, loop := range []*runner.Loop{r.Loop(), new(runner.Loop), runner.LoopOf(background)} {
		is(t, loop.CallSoon(func() {}), runner.ErrNoTask)
		is(t, loop.CallSoonThreadsafe(func() {}), runner.ErrNoTask)
		is(t, loop.Stop(), runner.ErrNoTask)
		_, err := loop.CallLater(0, func() {})
		is(t, err, runner.ErrNoTask)
		_, err = loop.Hold()
		is(t, err, runner.ErrNoTask)
		equal(t, "time", loop.Time(), 0)
	}
	var task runner.Task[int]
	_, err = task.Await(background)
	is(t, err, runner.ErrInvalid)
	equal(t, "cancel", task.Cancel(), false)
	equal(t, "cancelling", task.Cancelling()+task.Uncancel(), 0)
	var future runner.Future[int]
	_, err = future.Await(background)
	is(t, err, runner.ErrInvalid)
	is(t, future.Resolve(1), runner.ErrInvalid)
}

func Test_a_nil_option_is_none(t *testing.T) {
	leavesNothing(t)
	_, err := runner.Run(background, nothing(func(ctx context.Context) error {
		_, err := runner.Go(ctx, returning(0, 1), nil).Await(ctx)
		return err
	}), nil)
	fine(t, err)
}
