package runner_test

import (
	"context"
	"errors"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

type key string

func Test_a_task_has_the_values_of_who_starts_it(t *testing.T) {
	r := newRunner(t, runner.WithContext(context.WithValue(
		context.WithValue(background, key("runner"), 1), key("both"), "runner")))
	ctx := context.WithValue(context.WithValue(background, key("run"), 2), key("both"), "run")
	fine(t, r.Run(ctx, func(ctx context.Context) error {
		equal(t, "of the runner", ctx.Value(key("runner")), any(1))
		equal(t, "of the run", ctx.Value(key("run")), any(2))
		equal(t, "of both", ctx.Value(key("both")), any("run"))
		inner := context.WithValue(ctx, key("task"), 3)
		_, err := runner.Go(inner, nothing(func(ctx context.Context) error {
			equal(t, "of the starter", ctx.Value(key("task")), any(3))
			equal(t, "of the runner, in the child", ctx.Value(key("runner")), any(1))
			equal(t, "of nobody", ctx.Value(key("nobody")), nil)
			return runner.Sleep(ctx, ms)
		})).Await(inner)
		return err
	}))
}

func Test_the_end_of_the_context_of_a_run_cancels_main(t *testing.T) {
	r := newRealRunner(t)
	ctx, cancel := context.WithCancelCause(background)
	err := r.Run(ctx, func(ctx context.Context) error {
		go cancel(errFirst)
		err := forever(ctx)
		is(t, err, runner.ErrCanceled, context.Canceled, errFirst)
		<-ctx.Done()
		same(t, ctx.Err(), context.Canceled)
		return err
	})
	is(t, err, runner.ErrCanceled, context.Canceled, errFirst)
	// What main makes of it is its own affair.
	ctx, cancel = context.WithCancelCause(background)
	same(t, r.Run(ctx, func(ctx context.Context) error {
		go cancel(errFirst)
		forever(ctx)
		return errSecond
	}), errSecond)
}

func Test_the_deadline_of_the_context_of_a_run_is_one(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithTimeout(background, 20*ms)
	defer cancel()
	want, _ := ctx.Deadline()
	_, err := runner.Run(ctx, nothing(func(ctx context.Context) error {
		got, ok := ctx.Deadline()
		equal(t, "has a deadline", ok, true)
		equal(t, "deadline", got, want)
		child := runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, ok := ctx.Deadline()
			equal(t, "the child has a deadline", ok, false)
			return nil
		}))
		child.Await(ctx)
		err := forever(ctx)
		same(t, ctx.Err(), context.DeadlineExceeded)
		return err
	}))
	is(t, err, context.DeadlineExceeded, runner.ErrCanceled)
	isNot(t, err, context.Canceled)
}

func Test_a_context_that_has_ended_starts_nothing(t *testing.T) {
	r := newRunner(t)
	ctx, cancel := context.WithCancelCause(background)
	cancel(errFirst)
	is(t, r.Run(ctx, func(context.Context) error { t.Error("it ran"); return nil }),
		errFirst, runner.ErrCanceled, context.Canceled)
	fine(t, r.Run(background, func(context.Context) error { return nil }))
}

func Test_a_run_whose_context_may_end_is_no_deadlock(t *testing.T) {
	r := newRunner(t)
	is(t, r.Run(background, func(ctx context.Context) error {
		_, err := runner.NewFuture[int](ctx).Await(ctx)
		return err
	}), runner.ErrDeadlock)
	ctx, cancel := context.WithCancel(background)
	is(t, r.Run(ctx, func(ctx context.Context) error {
		time.AfterFunc(5*ms, cancel)
		_, err := runner.NewFuture[int](ctx).Await(ctx)
		return err
	}), context.Canceled)
}

func Test_the_context_of_a_task_ends_with_its_cancel_and_comes_back_with_uncancel(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var inside context.Context
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			inside = ctx
			first := ctx.Done()
			forever(ctx)
			<-first
			same(t, ctx.Err(), context.Canceled)
			equal(t, "left", runner.Uncancel(ctx), 0)
			fine(t, ctx.Err())
			select {
			case <-ctx.Done():
				t.Error("it is done")
			default:
			}
			derived, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			return runner.Sleep(derived, ms)
		}))
		fine(t, runner.Yield(ctx))
		fine(t, inside.Err())
		task.Cancel()
		same(t, inside.Err(), context.Canceled)
		_, err := task.Await(ctx)
		fine(t, err)
		// A context ends with its task, whatever that ends with.
		same(t, inside.Err(), context.Canceled)
		<-inside.Done()
	})
}

func Test_contexts_that_are_derived_from_a_task_end_with_it(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		before := countResources()
		var derived, valued context.Context
		called := make(chan struct{}, 2)
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			var cancel, cancelValued context.CancelFunc
			derived, cancel = context.WithCancel(ctx)
			defer cancel()
			valued, cancelValued = context.WithCancel(context.WithValue(ctx, key("k"), 1))
			defer cancelValued()
			context.AfterFunc(ctx, func() { called <- struct{}{} })
			stop := context.AfterFunc(ctx, func() { t.Error("it was stopped") })
			equal(t, "stop", stop(), true)
			return forever(ctx)
		}))
		fine(t, runner.Yield(ctx))
		fine(t, derived.Err())
		// A context that is derived straight from a task's needs no goroutine; the one behind the value does.
		if now := countResources(); now.goroutines > before.goroutines+2 {
			t.Errorf("%d goroutines more", now.goroutines-before.goroutines)
		}
		task.Cancel(errFirst)
		<-derived.Done()
		<-valued.Done()
		<-called
		task.Await(ctx)
		context.AfterFunc(derived, func() { called <- struct{}{} })
		<-called
	})
}

func Test_a_derived_context_ends_every_kind_of_wait(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		lock := runner.NewLock(ctx)
		fine(t, lock.Acquire(ctx))
		task := runner.Go(ctx, nothing(forever))
		for name, wait := range map[string]func(context.Context) error{
			"sleep":  forever,
			"lock":   lock.Acquire,
			"event":  runner.NewEvent(ctx).Wait,
			"await":  func(ctx context.Context) error { _, err := task.Await(ctx); return err },
			"future": func(ctx context.Context) error { _, err := runner.NewFuture[int](ctx).Await(ctx); return err },
			"thread": func(ctx context.Context) error {
				_, err := runner.ToThread(ctx, nothing(func(ctx context.Context) error { <-ctx.Done(); return nil }))
				return err
			},
		} {
			derived, cancel := context.WithCancelCause(ctx)
			fine(t, runner.LoopOf(ctx).CallSoon(func() { cancel(errFirst) }))
			if err := wait(derived); err != errFirst {
				t.Errorf("%s: %v", name, err)
			}
			if err := wait(derived); err != errFirst && name != "await" { // and does not begin again
				t.Errorf("%s once more: %v", name, err)
			}
			fine(t, ctx.Err())
			equal(t, "cancelling", runner.Cancelling(ctx), 0)
		}
		equal(t, "the awaited task was cancelled", task.Cancelled(), true)
	})
}

func Test_a_derived_context_that_does_not_end_changes_nothing(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		fine(t, runner.Sleep(derived, ms))
		fine(t, runner.Sleep(context.WithValue(ctx, key("k"), 1), ms))
		fine(t, runner.Sleep(context.WithoutCancel(ctx), ms))
		cancel()
		fine(t, runner.Sleep(ctx, ms)) // a cancel that comes after the wait is not meant for another one
	})
}

func Test_a_cancel_of_the_task_goes_before_the_end_of_a_derived_context(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		derivedCause := errors.New("derived")
		var cancel context.CancelCauseFunc
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			var derived context.Context
			derived, cancel = context.WithCancelCause(ctx)
			err := forever(derived)
			is(t, err, runner.ErrCanceled, errFirst)
			equal(t, "cancelling", runner.Cancelling(ctx), 1)
			return err
		}))
		fine(t, runner.Yield(ctx))
		task.Cancel(errFirst)
		cancel(derivedCause)
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
		equal(t, "cancelled", task.Cancelled(), true)
	})
}

func Test_after_a_cancel_a_context_without_it_waits(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			err := forever(ctx)
			derived, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			is(t, runner.Sleep(derived, ms), context.Canceled)
			fine(t, runner.Sleep(context.WithoutCancel(ctx), ms))
			return err
		}))
		fine(t, runner.Yield(ctx))
		task.Cancel()
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled)
	})
}

func Test_a_timeout_of_the_task_leaves_derived_contexts_alone(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		is(t, runner.Timeout(ctx, ms, forever), runner.ErrTimeout)
		fine(t, derived.Err())
		fine(t, runner.Sleep(derived, ms))
	})
}
