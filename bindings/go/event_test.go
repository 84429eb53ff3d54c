package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func Test_an_event_wakes_all_in_the_order_of_their_coming(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		event := runner.NewEvent(ctx)
		fine(t, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"first", "second"} {
				_, err := g.Go(func(ctx context.Context) error {
					defer d.add("%s goes on", name)
					return event.Wait(ctx)
				})
				fine(t, err)
			}
			fine(t, runner.Sleep(ctx, 10*ms))
			equal(t, "set", event.IsSet(), false)
			fine(t, event.Set())
			equal(t, "set", event.IsSet(), true)
			d.add("set")
			return nil
		}))
		d.expect(t, "10 set", "10 first goes on", "10 second goes on")
	})
}

func Test_a_set_event_is_not_waited_for_until_it_is_cleared(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		event := runner.NewEvent(ctx)
		fine(t, event.Set())
		other := runner.Go(ctx, returning(0, 1))
		fine(t, event.Wait(ctx))
		_, err := other.Result()
		is(t, err, runner.ErrPending) // no turn has passed
		fine(t, event.Clear())
		is(t, runner.Timeout(ctx, 10*ms, event.Wait), runner.ErrTimeout)
	})
}

func Test_who_was_woken_goes_on_though_the_event_was_cleared(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		event := runner.NewEvent(ctx)
		waiter := runner.Go(ctx, nothing(event.Wait))
		fine(t, runner.Yield(ctx))
		fine(t, event.Set())
		fine(t, event.Clear())
		_, err := waiter.Await(ctx)
		fine(t, err)
	})
}

func Test_a_goroutine_sets_an_event_through_the_loop(t *testing.T) {
	r := runner.New()
	fine(t, r.Run(context.Background(), func(ctx context.Context) error {
		event, loop := runner.NewEvent(ctx), runner.LoopOf(ctx)
		release, err := loop.Hold()
		fine(t, err)
		go func() {
			defer release()
			if err := loop.CallSoonThreadsafe(func() { fine(t, event.Set()) }); err != nil {
				t.Error(err)
			}
		}()
		return event.Wait(ctx)
	}))
	fine(t, r.Close())
}
