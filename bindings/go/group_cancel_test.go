package runner_test

import (
	"context"
	"errors"
	"testing"

	runner "example.org/librunner/go"
)

func TestR160_a_cancelled_owner_has_its_children_cancelled_and_waits_for_them(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		owner := runner.Go(ctx, nothing(func(ctx context.Context) error {
			err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
				_, err := g.Go(func(ctx context.Context) error {
					err := runner.Sleep(ctx, runner.Forever)
					fine(t, runner.Sleep(ctx, 10*ms))
					d.add("child over")
					return err
				})
				return err
			})
			d.add("group over")
			isNot(t, err, errFirst)
			is(t, err, runner.ErrCanceled)
			equal(t, "cancelling", runner.Cancelling(ctx), 1)
			return err
		}))
		fine(t, runner.Sleep(ctx, 10*ms))
		owner.Cancel()
		_, err := owner.Await(ctx)
		is(t, err, runner.ErrCanceled)
		d.expect(t, "20 child over", "20 group over")
	})
}

func TestR160_a_cancelled_body_gives_back_its_own_error(t *testing.T) {
	cause := errors.New("cause")
	inTask(t, func(ctx context.Context) {
		owner := runner.Go(ctx, nothing(func(ctx context.Context) error {
			var inside error
			err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
				inside = runner.Sleep(ctx, runner.Forever)
				return inside
			})
			same(t, err, inside)
			is(t, err, cause)
			return err
		}))
		fine(t, runner.Yield(ctx))
		owner.Cancel(cause)
		_, err := owner.Await(ctx)
		is(t, err, runner.ErrCanceled, cause)
	})
}

func TestR161_errors_win_over_a_cancel_which_is_not_lost(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		owner := runner.Go(ctx, nothing(func(ctx context.Context) error {
			err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
				_, err := g.Go(func(ctx context.Context) error {
					_ = runner.Sleep(ctx, runner.Forever)
					return errFirst
				})
				return err
			})
			is(t, err, errFirst)
			isNot(t, err, runner.ErrCanceled)
			equal(t, "cancelling", runner.Cancelling(ctx), 1)
			is(t, runner.Sleep(ctx, 0), runner.ErrCanceled)
			return err
		}))
		fine(t, runner.Sleep(ctx, 10*ms))
		owner.Cancel()
		_, err := owner.Await(ctx)
		is(t, err, errFirst)
	})
}

func TestR164_a_group_takes_its_cancel_back(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(failing(10*ms, errFirst))
			fine(t, err)
			return runner.Sleep(ctx, runner.Forever)
		})
		is(t, err, errFirst)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
		fine(t, ctx.Err())
		fine(t, runner.Sleep(ctx, 10*ms))
	})
}

func TestR168_a_group_can_be_cancelled_without_an_error(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(failing(runner.Forever, nil))
			fine(t, err)
			_, err = g.Go(func(ctx context.Context) error {
				fine(t, runner.Sleep(ctx, 10*ms))
				fine(t, g.Cancel())
				fine(t, g.Cancel())
				return nil
			})
			fine(t, err)
			err = runner.Sleep(ctx, runner.Forever)
			d.add("body over")
			return err
		})
		fine(t, err)
		d.add("group over")
		d.expect(t, "10 body over", "10 group over")
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func TestR168_an_error_of_the_body_survives_the_cancel_of_its_group(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			fine(t, g.Cancel())
			return errFirst
		})
		is(t, err, errFirst)
	})
}

func Test_a_derived_context_ends_the_wait_of_a_group(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		derived, cancel := context.WithCancelCause(ctx)
		err := runner.Group(derived, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				err := runner.Sleep(ctx, runner.Forever)
				is(t, err, runner.ErrCanceled)
				return err
			})
			fine(t, err)
			_, err = g.Go(func(ctx context.Context) error {
				cancel(errFirst)
				return nil
			})
			return err
		})
		is(t, err, errFirst)
		fine(t, runner.Yield(ctx))
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}
