package runner_test

import (
	"context"
	"slices"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

func Test_a_barrier_lets_its_parties_pass_together_and_again(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		barrier := runner.NewBarrier(ctx, 3)
		equal(t, "parties", barrier.Parties(), 3)
		for range 2 {
			var places []int
			fine(t, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
				for i := range 3 {
					_, err := g.Go(func(ctx context.Context) error {
						fine(t, failing(10*ms*time.Duration(i), nil)(ctx))
						place, err := barrier.Wait(ctx)
						places = append(places, place)
						return err
					})
					fine(t, err)
				}
				fine(t, runner.Sleep(ctx, 15*ms))
				equal(t, "waiting", barrier.Waiting(), 2)
				return nil
			}))
			slices.Sort(places)
			equalSlices(t, "places", places, []int{0, 1, 2})
			d.add("passed")
		}
		d.expect(t, "20 passed", "40 passed")
		equal(t, "waiting", barrier.Waiting(), 0)
	})
}

func Test_an_aborted_barrier_is_broken_until_it_is_reset(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		barrier := runner.NewBarrier(ctx, 2)
		waiter := runner.Go(ctx, barrier.Wait)
		fine(t, runner.Yield(ctx))
		fine(t, barrier.Abort())
		equal(t, "broken", barrier.Broken(), true)
		_, err := waiter.Await(ctx)
		is(t, err, runner.ErrBroken)
		_, err = barrier.Wait(ctx)
		is(t, err, runner.ErrBroken)
		fine(t, barrier.Reset())
		equal(t, "broken", barrier.Broken(), false)
		waiter = runner.Go(ctx, barrier.Wait)
		_, err = barrier.Wait(ctx)
		fine(t, err)
		_, err = waiter.Await(ctx)
		fine(t, err)
	})
}

func Test_a_reset_breaks_the_wait_of_those_who_wait(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		barrier := runner.NewBarrier(ctx, 2)
		waiter := runner.Go(ctx, barrier.Wait)
		fine(t, runner.Yield(ctx))
		fine(t, barrier.Reset())
		_, err := waiter.Await(ctx)
		is(t, err, runner.ErrBroken)
		equal(t, "broken", barrier.Broken(), false)
	})
}

func Test_a_cancelled_waiter_does_not_count(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		barrier := runner.NewBarrier(ctx, 2)
		waiter := runner.Go(ctx, barrier.Wait)
		fine(t, runner.Yield(ctx))
		waiter.Cancel()
		_, err := waiter.Await(ctx)
		is(t, err, runner.ErrCanceled)
		equal(t, "waiting", barrier.Waiting(), 0)
	})
}

func Test_a_barrier_needs_a_party(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		for _, parties := range []int{0, -1} {
			_, err := runner.NewBarrier(ctx, parties).Wait(ctx)
			is(t, err, runner.ErrInvalid)
		}
		place, err := runner.NewBarrier(ctx, 1).Wait(ctx)
		fine(t, err)
		equal(t, "place", place, 0)
	})
}
