package runner_test

import (
	"context"
	"errors"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// What a real SIGINT does is tested in signals_test.go; these interrupts come from the program.

func TestR119_R133_an_interrupt_cancels_main_each_time(t *testing.T) {
	r := newRealRunner(t)
	for range 3 {
		err := r.Run(background, func(ctx context.Context) error {
			go r.Interrupt()
			err := forever(ctx)
			is(t, err, runner.ErrCanceled)
			same(t, ctx.Err(), context.Canceled)
			return err
		})
		is(t, err, runner.ErrInterrupted, context.Canceled)
		isNot(t, err, context.DeadlineExceeded)
	}
	fine(t, r.Run(background, func(context.Context) error { return nil }))
	is(t, r.Interrupt(), runner.ErrNoLoop)
}

func TestR114_no_interrupt_that_a_run_has_taken_is_lost(t *testing.T) {
	r := newRealRunner(t)
	for range 300 {
		go func() {
			for r.Interrupt() != nil { // until the run takes it, as soon as it can
			}
		}()
		is(t, r.Run(background, forever), runner.ErrInterrupted)
	}
}

func TestR122_an_interrupt_while_main_runs_counts_when_it_returns(t *testing.T) {
	r := newRunner(t)
	value, err := runner.RunIn(r, background, func(context.Context) (int, error) {
		return 7, r.Interrupt()
	})
	is(t, err, runner.ErrInterrupted)
	equal(t, "value", value, 0)
}

func TestR124_R125_main_may_make_something_else_of_an_interrupt(t *testing.T) {
	r := newRunner(t)
	value, err := runner.RunIn(r, background, func(ctx context.Context) (int, error) {
		fine(t, r.Interrupt())
		is(t, forever(ctx), runner.ErrCanceled)
		return 7, runner.Sleep(ctx, ms)
	})
	fine(t, err)
	equal(t, "value", value, 7)
	same(t, r.Run(background, func(ctx context.Context) error {
		fine(t, r.Interrupt())
		forever(ctx)
		return errFirst
	}), errFirst)
}

func TestR126_a_main_that_was_cancelled_as_well_is_cancelled(t *testing.T) {
	r := newRunner(t)
	err := r.Run(background, func(ctx context.Context) error {
		main := runner.Current(ctx)
		runner.Go(ctx, nothing(func(context.Context) error {
			main.Cancel(errFirst)
			return r.Interrupt()
		}))
		return forever(ctx)
	})
	is(t, err, runner.ErrCanceled)
	isNot(t, err, runner.ErrInterrupted)
}

func TestR128_a_second_interrupt_ends_the_run_at_once(t *testing.T) {
	r := newRunner(t)
	ended := false
	is(t, r.Run(background, func(ctx context.Context) error {
		fine(t, r.Interrupt())
		is(t, forever(ctx), runner.ErrCanceled)
		fine(t, r.Interrupt())
		err := forever(ctx)
		ended = true
		return err
	}), runner.ErrInterrupted)
	equal(t, "main has ended", ended, false)
	fine(t, r.Close())
	equal(t, "main has ended", ended, true)
}

func TestR137_an_interrupt_in_a_timeout_is_one(t *testing.T) {
	r := newRunner(t)
	is(t, r.Run(background, func(ctx context.Context) error {
		fine(t, r.Interrupt())
		return runner.Timeout(ctx, time.Hour, forever)
	}), runner.ErrInterrupted)
}

func TestR138_a_shielded_task_goes_on_through_an_interrupt(t *testing.T) {
	r := newRunner(t)
	var inner *runner.Task[int]
	is(t, r.Run(background, func(ctx context.Context) error {
		inner = runner.Go(ctx, returning(ms, 7))
		runner.Yield(ctx)
		fine(t, r.Interrupt())
		_, err := runner.Shield(ctx, inner)
		return err
	}), runner.ErrInterrupted)
	fine(t, r.Run(background, func(ctx context.Context) error {
		value, err := inner.Await(ctx)
		equal(t, "value", value, 7)
		return err
	}))
}

func TestR132_an_interrupt_in_a_close_ends_the_grace_of_its_phase(t *testing.T) {
	r := newRealRunner(t)
	started := make(chan struct{})
	fine(t, r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			forever(ctx)
			close(started)
			return forever(ctx)
		}))
		return runner.Yield(ctx)
	}))
	go func() {
		<-started
		r.Interrupt()
	}()
	err := r.Close()
	if err == nil || !errors.Is(err, runner.ErrInterrupted) && !errors.Is(err, runner.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}
