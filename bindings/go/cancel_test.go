package runner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

func TestR141_R143_cancels_are_counted_and_delivered_once(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		delivered := 0
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			for delivered == 0 {
				if runner.Sleep(ctx, time.Hour) != nil {
					delivered++
				}
			}
			equal(t, "cancelling inside", runner.Cancelling(ctx), 2)
			return runner.Sleep(ctx, ms)
		}))
		fine(t, runner.Yield(ctx))
		equal(t, "first", task.Cancel(), true)
		equal(t, "second", task.Cancel(), true)
		equal(t, "cancelling", task.Cancelling(), 2)
		equal(t, "cancelled", task.Cancelled(), false)
		_, err := task.Await(ctx)
		fine(t, err)
		equal(t, "delivered", delivered, 1)
	})
}

func TestR142_R152_a_finished_task_cannot_be_cancelled(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, returning(0, 7))
		_, err := task.Await(ctx)
		fine(t, err)
		equal(t, "cancel", task.Cancel(), false)
		equal(t, "cancelling", task.Cancelling(), 0)
		equal(t, "uncancel", task.Uncancel(), 0)
		value, err := task.Result()
		fine(t, err)
		equal(t, "value", value, 7)
	})
}

func TestR144_a_second_cancel_interrupts_the_cleanup(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			is(t, runner.Sleep(ctx, time.Hour), errFirst)
			err := runner.Sleep(ctx, time.Hour)
			is(t, err, errSecond)
			return err
		}))
		fine(t, runner.Yield(ctx))
		task.Cancel(errFirst)
		fine(t, runner.Yield(ctx))
		task.Cancel(errSecond)
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, context.Canceled, errSecond)
		equal(t, "cancelled", task.Cancelled(), true)
	})
}

func TestR145_R088_a_task_that_is_cancelled_before_its_turn_never_begins(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(func(context.Context) error { t.Error("it began"); return nil }))
		task.Cancel(errFirst)
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
	})
}

func TestR146_a_task_that_cancels_itself_hears_of_it_at_its_next_wait(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			runner.Current(ctx).Cancel(errFirst)
			err := runner.Sleep(ctx, time.Hour)
			is(t, err, errFirst)
			return err
		}))
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
	})
}

func TestR146_a_task_that_cancels_itself_and_returns_is_cancelled(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, func(ctx context.Context) (int, error) {
			runner.Current(ctx).Cancel(errFirst)
			return 7, nil
		})
		value, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
		equal(t, "value", value, 0)
		equal(t, "cancelled", task.Cancelled(), true)
	})
}

func TestR147_a_cancel_reaches_the_innermost_wait_first(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var log []string
		inner := runner.Go(ctx, nothing(func(ctx context.Context) error {
			err := forever(ctx)
			log = append(log, "inner")
			return err
		}))
		outer := runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, err := inner.Await(ctx)
			log = append(log, "outer")
			return err
		}))
		turns(t, ctx, 2)
		outer.Cancel(errFirst)
		_, err := outer.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
		equal(t, "inner cancelled", inner.Cancelled(), true)
		equalSlices(t, "log", log, []string{"inner", "outer"})
	})
}

func TestR147_an_awaited_task_may_refuse_the_cancel(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		inner := runner.Go(ctx, func(ctx context.Context) (int, error) {
			forever(ctx)
			return 7, nil
		})
		outer := runner.Go(ctx, func(ctx context.Context) (int, error) { return inner.Await(ctx) })
		turns(t, ctx, 2)
		outer.Cancel()
		value, err := outer.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 7)
	})
}

func TestR148_R149_a_task_may_go_on_in_spite_of_a_cancel(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, func(ctx context.Context) (int, error) {
			is(t, forever(ctx), runner.ErrCanceled)
			return 42, runner.Sleep(ctx, ms)
		})
		fine(t, runner.Yield(ctx))
		task.Cancel()
		value, err := task.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 42)
		equal(t, "cancelled", task.Cancelled(), false)
	})
}

func TestR151_uncancel_takes_a_cancel_back(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		equal(t, "nothing to take back", runner.Uncancel(ctx), 0)
		self := runner.Current(ctx)
		self.Cancel()
		self.Cancel()
		equal(t, "one left", self.Uncancel(), 1)
		equal(t, "none left", runner.Uncancel(ctx), 0)
		// It was not delivered, and is not any more.
		fine(t, runner.Sleep(ctx, ms))
		fine(t, ctx.Err())
	})
}

func TestR153_the_cause_of_a_cancel_reaches_who_awaits(t *testing.T) {
	type cause struct{ error }
	why := &cause{errFirst}
	inTask(t, func(ctx context.Context) {
		inner := runner.Go(ctx, nothing(forever))
		outer := runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, err := inner.Await(ctx)
			return err
		}))
		turns(t, ctx, 2)
		inner.Cancel(why)
		_, err := outer.Await(ctx)
		var canceled *runner.CanceledError
		if !errors.As(err, &canceled) || canceled.Cause != error(why) {
			t.Errorf("got %v", err)
		}
		_, err = runner.Gather(ctx, inner)
		is(t, err, why)
	})
}

func TestR155_the_outcome_of_a_cancelled_task_is_its_cancel(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(forever))
		_, err := task.Result()
		is(t, err, runner.ErrPending)
		task.Cancel()
		turns(t, ctx, 2)
		_, err = task.Result()
		is(t, err, runner.ErrCanceled, context.Canceled)
		isNot(t, err, context.DeadlineExceeded)
	})
}

func Test_what_counts_as_cancelled(t *testing.T) {
	failure := errors.New("failure")
	for name, test := range map[string]struct {
		body      func(ctx context.Context) error
		cancelled bool
	}{
		"the error of the wait":          {forever, true},
		"wrapped":                        {func(ctx context.Context) error { return fmt.Errorf("while: %w", forever(ctx)) }, true},
		"the error of the context":       {func(ctx context.Context) error { forever(ctx); return ctx.Err() }, true},
		"another error":                  {func(ctx context.Context) error { forever(ctx); return failure }, false},
		"another error beside it":        {func(ctx context.Context) error { return errors.Join(forever(ctx), failure) }, false},
		"the cancel of another context":  {func(context.Context) error { return context.Canceled }, false},
		"two cancels":                    {func(ctx context.Context) error { return errors.Join(forever(ctx), ctx.Err()) }, true},
		"the end of the time of another": {func(context.Context) error { return context.DeadlineExceeded }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inTask(t, func(ctx context.Context) {
				task := runner.Go(ctx, nothing(test.body))
				fine(t, runner.Yield(ctx))
				task.Cancel()
				_, err := task.Await(ctx)
				equal(t, "cancelled", task.Cancelled(), test.cancelled)
				if err == nil {
					t.Error("no error")
				}
			})
		})
	}
}

func Test_a_batch_is_read_event_by_event(t *testing.T) {
	// A task that stands behind another one in the same turn may be cancelled by it.
	inTask(t, func(ctx context.Context) {
		var victim *runner.Task[struct{}]
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			fine(t, runner.Yield(ctx))
			victim.Cancel(errFirst)
			return nil
		}))
		victim = runner.Go(ctx, nothing(func(ctx context.Context) error { return runner.Yield(ctx) }))
		_, err := victim.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)

		never := runner.Go(ctx, nothing(func(ctx context.Context) error { return runner.Yield(ctx) }))
		next := runner.Go(ctx, nothing(func(context.Context) error { t.Error("it began"); return nil }))
		runner.Go(ctx, nothing(func(context.Context) error { return nil }))
		equal(t, "cancel", next.Cancel(), true)
		_, err = next.Await(ctx)
		is(t, err, runner.ErrCanceled)
		_, err = never.Await(ctx)
		fine(t, err)
	})
}
