package runner_test

import (
	"context"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// stubborn waits for ever, whatever it is told.
func stubborn(ctx context.Context) {
	for {
		_ = runner.Sleep(ctx, time.Hour)
	}
}

// closeGivingUp runs main, and closes the runner, which has to give up what main has left.
func closeGivingUp(t *testing.T, main func(ctx context.Context) error, opts ...runner.Option) {
	t.Helper()
	opts = append(opts, runner.WithVirtualClock(), runner.WithCancelGrace(10*ms),
		runner.WithClosableGrace(10*ms),
		runner.WithExceptionHandler(func(e runner.Exception) { t.Errorf("reported: %+v", e) }))
	r := runner.New(opts...)
	fine(t, r.Run(context.Background(), main))
	is(t, r.Close(), runner.ErrTimeout)
}

func TestR085_a_group_and_a_timeout_that_are_given_up_are_unwound(t *testing.T) {
	unwound := 0
	closeGivingUp(t, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			defer func() { unwound++ }()
			return runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
				_, err := g.Go(func(ctx context.Context) error {
					defer func() { unwound++ }()
					return runner.Timeout(ctx, time.Hour, func(ctx context.Context) error {
						stubborn(ctx)
						return nil
					})
				})
				fine(t, err)
				stubborn(ctx)
				return nil
			})
		}))
		return runner.Yield(ctx)
	})
	equal(t, "unwound", unwound, 2)
}

func TestR085_what_is_held_is_given_back_where_it_is_unwound(t *testing.T) {
	unwound := 0
	closeGivingUp(t, func(ctx context.Context) error {
		lock, queue := runner.NewLock(ctx), runner.NewQueue[int](ctx, 1)
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			defer func() { unwound++ }()
			return lock.With(ctx, func(ctx context.Context) error {
				for {
					_ = queue.Put(ctx, 1)
				}
			})
		}))
		return runner.Yield(ctx)
	})
	equal(t, "unwound", unwound, 1)
}

func TestR085_a_generator_is_given_up_with_the_task_that_waits_in_it(t *testing.T) {
	for _, opts := range [][]runner.Option{
		nil, {runner.WithLockedThread()}, {runner.WithDebug(true), runner.WithSlowStep(-1)},
	} {
		unwound := 0
		closeGivingUp(t, func(ctx context.Context) error {
			g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
				defer func() { unwound++ }()
				stubborn(ctx)
				return nil
			})
			fine(t, err)
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				defer func() { unwound++ }()
				_, _, err := g.Next(ctx)
				return err
			}))
			return runner.Yield(ctx)
		}, opts...)
		equal(t, "unwound", unwound, 2)
	}
}

func TestR094_a_generator_whose_cleanup_never_ends_is_given_up(t *testing.T) {
	unwound := false
	closeGivingUp(t, func(ctx context.Context) error {
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			defer func() { unwound = true }()
			is(t, yield(1), runner.ErrGeneratorClosed)
			stubborn(ctx)
			return nil
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
		return nil
	})
	equal(t, "unwound", unwound, true)
}

func TestR085_a_group_that_waits_for_its_children_is_unwound(t *testing.T) {
	unwound := 0
	closeGivingUp(t, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			defer func() { unwound++ }()
			return runner.Group(ctx, func(_ context.Context, g *runner.TaskGroup) error {
				_, err := g.Go(func(ctx context.Context) error {
					defer func() { unwound++ }()
					stubborn(ctx)
					return nil
				})
				return err
			})
		}))
		return runner.Yield(ctx)
	})
	equal(t, "unwound", unwound, 2)
}
