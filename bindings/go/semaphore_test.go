package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func Test_a_semaphore_lets_so_many_tasks_go_on_at_a_time(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		semaphore := runner.NewSemaphore(ctx, 2)
		fine(t, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				_, err := g.Go(func(ctx context.Context) error {
					return semaphore.With(ctx, func(ctx context.Context) error {
						d.add("%s", name)
						return runner.Sleep(ctx, 10*ms)
					})
				})
				fine(t, err)
			}
			fine(t, runner.Sleep(ctx, 5*ms))
			equal(t, "locked", semaphore.Locked(), true)
			equal(t, "value", semaphore.Value(), 0)
			return nil
		}))
		d.expect(t, "0 a", "0 b", "10 c", "10 d", "20 e")
		equal(t, "locked", semaphore.Locked(), false)
		equal(t, "value", semaphore.Value(), 2)
	})
}

func Test_only_a_bounded_semaphore_refuses_to_be_released_too_often(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		semaphore := runner.NewSemaphore(ctx, 0)
		fine(t, semaphore.Release())
		equal(t, "value", semaphore.Value(), 1)
		bounded := runner.NewBoundedSemaphore(ctx, 1)
		is(t, bounded.Release(), runner.ErrReleased)
		fine(t, bounded.Acquire(ctx))
		fine(t, bounded.Release())
	})
}

func Test_a_semaphore_cannot_begin_below_zero(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		is(t, runner.NewSemaphore(ctx, -1).Acquire(ctx), runner.ErrInvalid)
	})
}

func Test_a_semaphore_is_not_lost_with_a_cancelled_waiter(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		semaphore := runner.NewSemaphore(ctx, 1)
		fine(t, semaphore.Acquire(ctx))
		first := runner.Go(ctx, nothing(semaphore.Acquire))
		second := runner.Go(ctx, nothing(semaphore.Acquire))
		fine(t, runner.Yield(ctx))
		fine(t, semaphore.Release()) // handed to the first one, which never gets to know
		first.Cancel()
		_, err := second.Await(ctx)
		fine(t, err)
		_, err = first.Await(ctx)
		is(t, err, runner.ErrCanceled)
	})
}
