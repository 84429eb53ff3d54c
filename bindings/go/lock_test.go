package runner_test

import (
	"context"
	"runtime"
	"testing"

	runner "example.org/librunner/go"
)

func Test_a_lock_is_handed_over_in_the_order_of_coming(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		lock := runner.NewLock(ctx)
		fine(t, lock.Acquire(ctx))
		equal(t, "locked", lock.Locked(), true)
		fine(t, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"first", "second", "third"} {
				_, err := g.Go(func(ctx context.Context) error {
					return lock.With(ctx, func(ctx context.Context) error {
						d.add("%s has it", name)
						return runner.Sleep(ctx, 10*ms)
					})
				})
				fine(t, err)
			}
			fine(t, runner.Sleep(ctx, 5*ms))
			return lock.Release()
		}))
		d.expect(t, "5 first has it", "15 second has it", "25 third has it")
		equal(t, "locked", lock.Locked(), false)
	})
}

func Test_what_nobody_holds_cannot_be_released(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		is(t, runner.NewLock(ctx).Release(), runner.ErrNotLocked)
	})
}

func Test_a_callback_may_release_a_lock(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		fine(t, lock.Acquire(ctx))
		_, err := runner.LoopOf(ctx).CallLater(10*ms, func() { fine(t, lock.Release()) })
		fine(t, err)
		fine(t, lock.Acquire(ctx))
	})
}

func Test_a_cancelled_waiter_leaves_the_line(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		fine(t, lock.Acquire(ctx))
		first := runner.Go(ctx, nothing(lock.Acquire))
		second := runner.Go(ctx, nothing(lock.Acquire))
		fine(t, runner.Yield(ctx))
		first.Cancel()
		fine(t, lock.Release())
		_, err := first.Await(ctx)
		is(t, err, runner.ErrCanceled)
		_, err = second.Await(ctx)
		fine(t, err)
		equal(t, "locked", lock.Locked(), true)
	})
}

func Test_With_releases_the_lock_whatever_happens(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		same(t, lock.With(ctx, func(context.Context) error { return errFirst }), errFirst)
		equal(t, "locked", lock.Locked(), false)
		func() {
			defer func() { equal(t, "panic", recover(), any("inside")) }()
			_ = lock.With(ctx, func(context.Context) error { panic("inside") })
		}()
		equal(t, "locked", lock.Locked(), false)
		is(t, lock.With(ctx, nil), runner.ErrInvalid)
		is(t, lock.With(ctx, func(context.Context) error { return lock.Release() }), runner.ErrNotLocked)
	})
}

func Test_what_is_wrong_with_the_context_the_first_use_tells(t *testing.T) {
	lock := runner.NewLock(context.Background())
	is(t, lock.Acquire(context.Background()), runner.ErrNoTask)
	is(t, lock.Release(), runner.ErrNoTask)
	is(t, (&runner.Lock{}).Release(), runner.ErrInvalid)
	var left *runner.Lock
	inTask(t, func(ctx context.Context) {
		is(t, lock.Acquire(ctx), runner.ErrNoTask)
		is(t, (&runner.Lock{}).Acquire(ctx), runner.ErrInvalid)
		left = runner.NewLock(ctx)
		fine(t, otherRunner(func(ctx context.Context) error {
			is(t, left.Acquire(ctx), runner.ErrForeign)
			return nil
		}))
	})
	is(t, left.Release(), runner.ErrClosed)
	equal(t, "locked", left.Locked(), false)
}

func Test_a_derived_context_ends_a_wait_and_nothing_else(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		fine(t, lock.Acquire(ctx))
		derived, cancel := context.WithCancelCause(ctx)
		_, err := runner.LoopOf(ctx).CallLater(10*ms, func() { cancel(errFirst) })
		fine(t, err)
		is(t, lock.Acquire(derived), errFirst)
		fine(t, ctx.Err())
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
		fine(t, runner.Sleep(ctx, 10*ms))
	})
}

// Objects have no Close: what nothing refers to any more is released.
func Test_forgotten_objects_are_released(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		const count = 1000
		begin := runner.HostCount(ctx)
		for range count {
			runner.NewLock(ctx)
			runner.NewEvent(ctx)
			runner.NewQueue[int](ctx, 0)
		}
		equal(t, "in use", runner.HostCount(ctx)-begin >= 3*count, true)
		for range 1000 { // cleanups run on a goroutine of their own
			runtime.GC()
			fine(t, runner.Yield(ctx))
			if runner.HostCount(ctx)-begin < count {
				return
			}
		}
		t.Errorf("%d ids are still in use", runner.HostCount(ctx)-begin)
	})
}

func Test_objects_outlive_the_run_that_made_them(t *testing.T) {
	r := runner.New(runner.WithVirtualClock())
	var lock *runner.Lock
	var queue *runner.Queue[string]
	fine(t, r.Run(context.Background(), func(ctx context.Context) error {
		lock, queue = runner.NewLock(ctx), runner.NewQueue[string](ctx, 1)
		fine(t, queue.Put(ctx, "first run"))
		return lock.Acquire(ctx)
	}))
	is(t, lock.Release(), runner.ErrNoTask) // nothing runs
	fine(t, r.Run(context.Background(), func(ctx context.Context) error {
		equal(t, "locked", lock.Locked(), true)
		item, err := queue.Get(ctx)
		equal(t, "item", item, "first run")
		fine(t, err)
		return lock.Release()
	}))
	fine(t, r.Close())
}
