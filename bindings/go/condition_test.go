package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func Test_notified_tasks_go_on_one_after_the_other_with_the_lock(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		condition := runner.NewCondition(ctx, nil)
		lock := condition.Lock()
		fine(t, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"first", "second", "third"} {
				_, err := g.Go(func(ctx context.Context) error {
					return lock.With(ctx, func(ctx context.Context) error {
						fine(t, condition.Wait(ctx))
						equal(t, "locked", lock.Locked(), true)
						d.add("%s goes on", name)
						return runner.Sleep(ctx, 10*ms)
					})
				})
				fine(t, err)
			}
			fine(t, runner.Sleep(ctx, 10*ms))
			fine(t, lock.With(ctx, func(context.Context) error { return condition.Notify(1) }))
			fine(t, runner.Sleep(ctx, 20*ms))
			return lock.With(ctx, func(context.Context) error { return condition.NotifyAll() })
		}))
		d.expect(t, "10 first goes on", "30 second goes on", "40 third goes on")
	})
}

func Test_WaitFor_waits_until_something_is_so(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		value := 0
		condition := runner.NewCondition(ctx, runner.NewLock(ctx))
		task := runner.Go(ctx, func(ctx context.Context) (int, error) {
			err := condition.Lock().With(ctx, func(ctx context.Context) error {
				return condition.WaitFor(ctx, func() bool { return value >= 3 })
			})
			return value, err
		})
		for range 3 {
			fine(t, runner.Sleep(ctx, 10*ms))
			fine(t, condition.Lock().With(ctx, func(context.Context) error {
				value++
				return condition.NotifyAll()
			}))
		}
		got, err := task.Await(ctx)
		fine(t, err)
		equal(t, "value", got, 3)
	})
}

func Test_a_condition_whose_lock_nobody_holds_refuses(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		condition := runner.NewCondition(ctx, nil)
		is(t, condition.Wait(ctx), runner.ErrNotLocked)
		is(t, condition.Notify(1), runner.ErrNotLocked)
		is(t, condition.NotifyAll(), runner.ErrNotLocked)
		is(t, condition.Notify(-1), runner.ErrInvalid)
		is(t, condition.WaitFor(ctx, nil), runner.ErrInvalid)
		fine(t, condition.WaitFor(ctx, func() bool { return true }))
	})
}

func Test_who_is_cancelled_while_it_waits_holds_the_lock(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		condition := runner.NewCondition(ctx, nil)
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			fine(t, condition.Lock().Acquire(ctx))
			err := condition.Wait(ctx)
			fine(t, condition.Lock().Release())
			return err
		}))
		fine(t, runner.Sleep(ctx, 10*ms))
		task.Cancel()
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled)
		equal(t, "locked", condition.Lock().Locked(), false)
	})
}

func Test_conditions_may_share_a_lock(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		full, empty := runner.NewCondition(ctx, lock), runner.NewCondition(ctx, lock)
		equal(t, "lock", full.Lock() == lock && empty.Lock() == lock, true)
		task := runner.Go(ctx, nothing(func(ctx context.Context) error { return lock.With(ctx, full.Wait) }))
		fine(t, runner.Yield(ctx))
		fine(t, lock.With(ctx, func(ctx context.Context) error {
			fine(t, empty.NotifyAll())
			turns(t, ctx, 3)
			_, err := task.Result()
			is(t, err, runner.ErrPending)
			return full.NotifyAll()
		}))
		_, err := task.Await(ctx)
		fine(t, err)
	})
}

func Test_a_condition_takes_a_lock_of_its_runner(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		fine(t, otherRunner(func(ctx context.Context) error {
			is(t, runner.NewCondition(ctx, lock).Wait(ctx), runner.ErrForeign)
			is(t, runner.NewCondition(ctx, &runner.Lock{}).Wait(ctx), runner.ErrInvalid)
			return nil
		}))
	})
}
