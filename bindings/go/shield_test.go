package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func TestR182_a_shielded_task_goes_on_when_who_awaits_it_is_cancelled(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		inner := runner.Go(ctx, returning(20*ms, "done"))
		outer := runner.Go(ctx, func(ctx context.Context) (string, error) { return runner.Shield(ctx, inner) })
		fine(t, runner.Sleep(ctx, 10*ms))
		outer.Cancel()
		_, err := outer.Await(ctx)
		is(t, err, runner.ErrCanceled)
		_, err = inner.Result()
		is(t, err, runner.ErrPending)
		value, err := inner.Await(ctx)
		fine(t, err)
		equal(t, "value", value, "done")
	})
}

func TestR183_the_outcome_of_a_shielded_task_comes_through(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, returning(10*ms, "done"))
		for range 2 { // pending, done
			value, err := runner.Shield(ctx, task)
			fine(t, err)
			equal(t, "value", value, "done")
		}
		failed := runner.Go(ctx, nothing(failing(10*ms, errFirst)))
		for range 2 {
			_, err := runner.Shield(ctx, failed)
			same(t, err, errFirst)
		}
		inner := runner.Go(ctx, returning(runner.Forever, 1))
		_, err := runner.LoopOf(ctx).CallLater(10*ms, func() { inner.Cancel(errSecond) })
		fine(t, err)
		_, err = runner.Shield(ctx, inner)
		is(t, err, runner.ErrCanceled, errSecond)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func TestR183_a_future_can_be_shielded(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		future := runner.NewFuture[int](ctx)
		outer := runner.Go(ctx, func(ctx context.Context) (int, error) { return runner.Shield(ctx, future) })
		fine(t, runner.Yield(ctx))
		outer.Cancel()
		_, err := outer.Await(ctx)
		is(t, err, runner.ErrCanceled)
		fine(t, future.Resolve(1))
		value, err := future.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 1)
	})
}

func TestR184_a_gather_of_shielded_tasks_leaves_them_alone(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		inner := runner.Go(ctx, returning(20*ms, 1))
		shielding := runner.Go(ctx, func(ctx context.Context) (int, error) { return runner.Shield(ctx, inner) })
		gathering := runner.Go(ctx, func(ctx context.Context) ([]int, error) {
			return runner.Gather(ctx, shielding)
		})
		fine(t, runner.Sleep(ctx, 10*ms))
		gathering.Cancel()
		_, err := gathering.Await(ctx)
		is(t, err, runner.ErrCanceled)
		value, err := inner.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 1)
	})
}

func TestR185_an_error_after_the_shield_was_cancelled_is_reported(t *testing.T) {
	var reported []error
	inTask(t, func(ctx context.Context) {
		inner := runner.Go(ctx, nothing(failing(20*ms, errFirst)))
		outer := runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, err := runner.Shield(ctx, inner)
			return err
		}))
		fine(t, runner.Sleep(ctx, 10*ms))
		outer.Cancel()
		_, err := outer.Await(ctx)
		is(t, err, runner.ErrCanceled)
		fine(t, runner.Sleep(ctx, 20*ms))
	}, runner.WithExceptionHandler(func(e runner.Exception) { reported = append(reported, e.Err) }))
	equalSlices(t, "reported", reported, []error{errFirst})
}
