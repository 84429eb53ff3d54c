package runner_test

import (
	"context"
	"errors"
	"testing"

	runner "example.org/librunner/go"
)

func Test_Gather_gives_the_values_in_the_order_of_the_arguments(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		tasks := []*runner.Task[int]{
			runner.Go(ctx, returning(30*ms, 1)),
			runner.Go(ctx, returning(10*ms, 2)),
			runner.Go(ctx, returning(20*ms, 3)),
		}
		values, err := runner.Gather(ctx, tasks...)
		fine(t, err)
		equalSlices(t, "values", values, []int{1, 2, 3})
		d.add("over")
		d.expect(t, "30 over")
	})
}

func Test_Gather_takes_tasks_and_futures_some_of_which_are_done(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		done := runner.Go(ctx, returning(0, "task"))
		future := runner.NewFuture[string](ctx)
		fine(t, future.Resolve("future"))
		fine(t, runner.Sleep(ctx, 10*ms))
		later := runner.Go(ctx, returning(10*ms, "later"))
		values, err := runner.Gather[string, runner.Awaitable[string]](ctx, done, future, later, done)
		fine(t, err)
		equalSlices(t, "values", values, []string{"task", "future", "later", "task"})
	})
}

func Test_Gather_of_nothing_is_done(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		values, err := runner.Gather[int, *runner.Task[int]](ctx)
		fine(t, err)
		equal(t, "values", len(values), 0)
	})
}

func Test_Gather_ends_with_the_first_error_and_the_others_go_on(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		slow := runner.Go(ctx, returning(20*ms, 1))
		values, err := runner.Gather(ctx, slow, runner.Go(ctx, func(ctx context.Context) (int, error) {
			return 0, failing(10*ms, errFirst)(ctx)
		}))
		same(t, err, errFirst)
		equal(t, "values", values == nil, true)
		d.add("failed")
		value, err := slow.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 1)
		d.add("over")
		d.expect(t, "10 failed", "20 over")
	}, runner.WithExceptionHandler(func(e runner.Exception) { t.Errorf("reported: %+v", e) }))
}

func Test_a_cancelled_task_is_an_error_of_its_gather(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, returning(runner.Forever, 1))
		_, err := runner.LoopOf(ctx).CallLater(10*ms, func() { task.Cancel(errFirst) })
		fine(t, err)
		_, err = runner.Gather(ctx, task)
		is(t, err, runner.ErrCanceled, errFirst)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func TestR147_a_cancel_of_who_gathers_reaches_all(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		cleaning := func(name string) func(context.Context) (int, error) {
			return func(ctx context.Context) (int, error) {
				err := runner.Sleep(ctx, runner.Forever)
				is(t, err, runner.ErrCanceled)
				d.add("%s over", name)
				return 0, err
			}
		}
		future := runner.NewFuture[int](ctx)
		tasks := []runner.Awaitable[int]{
			runner.Go(ctx, cleaning("first")), future, runner.Go(ctx, cleaning("second")),
		}
		gathering := runner.Go(ctx, func(ctx context.Context) ([]int, error) {
			return runner.Gather(ctx, tasks...)
		})
		fine(t, runner.Sleep(ctx, 10*ms))
		gathering.Cancel()
		_, err := gathering.Await(ctx)
		is(t, err, runner.ErrCanceled)
		d.expect(t, "10 first over", "10 second over")
		equal(t, "future cancelled", future.Cancelled(), true)
	})
}

func Test_GatherResults_takes_errors_as_outcomes(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		cancelled := runner.Go(ctx, returning(runner.Forever, 3))
		fine(t, runner.Yield(ctx))
		cancelled.Cancel()
		results, err := runner.GatherResults(ctx,
			runner.Go(ctx, returning(20*ms, 1)),
			runner.Go(ctx, func(ctx context.Context) (int, error) { return 0, failing(10*ms, errFirst)(ctx) }),
			cancelled)
		fine(t, err)
		equal(t, "results", len(results), 3)
		equal(t, "value", results[0].Value, 1)
		fine(t, results[0].Err)
		same(t, results[1].Err, errFirst)
		is(t, results[2].Err, runner.ErrCanceled)
	}, runner.WithExceptionHandler(func(e runner.Exception) { t.Errorf("reported: %+v", e) }))
}

func Test_gathering_takes_a_task_of_the_same_runner(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		mine := runner.Go(ctx, returning(0, 1))
		_, err := runner.Gather(context.Background(), mine)
		is(t, err, runner.ErrNoTask)
		_, err = runner.Gather(ctx, mine, runner.Go(context.Background(), returning(0, 1)))
		is(t, err, runner.ErrNoTask)
		_, err = runner.Gather[int, runner.Awaitable[int]](ctx, mine, nil)
		is(t, err, runner.ErrInvalid)
		var foreign *runner.Task[int]
		fine(t, errors.Join(otherRunner(func(ctx context.Context) error {
			foreign = runner.Go(ctx, returning(0, 1))
			return nil
		})))
		_, err = runner.Gather(ctx, mine, foreign)
		is(t, err, runner.ErrForeign)
		_, err = runner.Shield(ctx, foreign)
		is(t, err, runner.ErrForeign)
		_, err = runner.AwaitFor(ctx, foreign, 10*ms)
		is(t, err, runner.ErrForeign)
		_, _, err = runner.Wait(ctx, runner.AllCompleted, -1, mine, foreign)
		is(t, err, runner.ErrForeign)
	})
}

// otherRunner runs main on a runner of its own, in another goroutine: here one runs already.
func otherRunner(main func(context.Context) error) error {
	result := make(chan error)
	go func() {
		_, err := runner.Run(context.Background(), nothing(main))
		result <- err
	}()
	return <-result
}
