package runner_test

import (
	"context"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// expiring is the body of a timeout that waits for ever.
func expiring(ctx context.Context) error { return runner.Sleep(ctx, runner.Forever) }

func TestR170_a_body_that_outlives_its_deadline_times_out(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.Timeout(ctx, 10*ms, func(ctx context.Context) error {
			err := runner.Sleep(ctx, runner.Forever)
			is(t, err, runner.ErrCanceled)
			return err
		})
		d.add("over")
		d.expect(t, "10 over")
		same(t, err, runner.ErrTimeout)
		is(t, err, context.DeadlineExceeded)
		isNot(t, err, context.Canceled)
	})
}

func TestR170_the_scope_tells_that_it_has_expired(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var scope *runner.TimeoutScope
		begin := runner.LoopOf(ctx).Time()
		err := runner.TimeoutScoped(ctx, 10*ms, func(ctx context.Context, s *runner.TimeoutScope) error {
			scope = s
			when, ok := s.When()
			equal(t, "when", when, begin+10*ms)
			equal(t, "has a deadline", ok, true)
			equal(t, "expired", s.Expired(), false)
			err := runner.Sleep(ctx, runner.Forever)
			equal(t, "expired", s.Expired(), true)
			return err
		})
		is(t, err, runner.ErrTimeout)
		equal(t, "expired", scope.Expired(), true)
	})
}

func TestR170_a_deadline_may_be_given_on_the_clock_of_the_loop(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.TimeoutAt(ctx, runner.LoopOf(ctx).Time()+10*ms,
			func(ctx context.Context, _ *runner.TimeoutScope) error { return expiring(ctx) })
		is(t, err, runner.ErrTimeout)
		d.add("over")
		d.expect(t, "10 over")
	})
}

func TestR171_a_body_that_ends_first_has_its_own_outcome(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		fine(t, runner.Timeout(ctx, 10*ms, failing(5*ms, nil)))
		same(t, runner.Timeout(ctx, 10*ms, failing(5*ms, errFirst)), errFirst)
		err := runner.TimeoutScoped(ctx, 10*ms, func(ctx context.Context, s *runner.TimeoutScope) error {
			defer func() { equal(t, "expired", s.Expired(), false) }()
			return errFirst
		})
		same(t, err, errFirst)
		fine(t, runner.Sleep(ctx, 20*ms)) // nothing is left that could expire
	})
}

func TestR172_forever_never_expires(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.TimeoutScoped(ctx, runner.Forever, func(ctx context.Context, s *runner.TimeoutScope) error {
			_, ok := s.When()
			equal(t, "has a deadline", ok, false)
			return runner.Sleep(ctx, 1000*time.Hour)
		})
		fine(t, err)
	})
}

func TestR173_no_time_cancels_at_the_first_wait(t *testing.T) {
	for _, timeout := range []time.Duration{0, -1, -time.Hour} {
		inTask(t, func(ctx context.Context) {
			began := false
			err := runner.Timeout(ctx, timeout, func(ctx context.Context) error {
				began = true
				return runner.Sleep(ctx, 0)
			})
			is(t, err, runner.ErrTimeout)
			equal(t, "began", began, true)
		})
	}
}

func TestR174_of_nested_timeouts_with_one_deadline_the_outer_one_reports_it(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var inner, outer *runner.TimeoutScope
		err := runner.TimeoutScoped(ctx, 10*ms, func(ctx context.Context, s *runner.TimeoutScope) error {
			outer = s
			err := runner.TimeoutScoped(ctx, 10*ms, func(ctx context.Context, s *runner.TimeoutScope) error {
				inner = s
				return expiring(ctx)
			})
			is(t, err, runner.ErrCanceled)
			isNot(t, err, runner.ErrTimeout)
			return err
		})
		is(t, err, runner.ErrTimeout)
		equal(t, "both expired", inner.Expired() && outer.Expired(), true)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func TestR176_R177_a_cancel_from_outside_is_no_timeout(t *testing.T) {
	for _, both := range []bool{false, true} {
		inTask(t, func(ctx context.Context) {
			task := runner.Go(ctx, nothing(func(ctx context.Context) error {
				err := runner.Timeout(ctx, 10*ms, expiring)
				isNot(t, err, runner.ErrTimeout)
				equal(t, "cancelling", runner.Cancelling(ctx), 1)
				return err
			}))
			if both { // the timer has run, the task has not
				_, err := runner.LoopOf(ctx).CallLater(10*ms, func() { task.Cancel() })
				fine(t, err)
			} else {
				fine(t, runner.Sleep(ctx, 5*ms))
				task.Cancel()
			}
			_, err := task.Await(ctx)
			is(t, err, runner.ErrCanceled)
		})
	}
}

func TestR178_a_task_is_not_left_cancelled_by_its_timeout(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		is(t, runner.Timeout(ctx, 10*ms, expiring), runner.ErrTimeout)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
		fine(t, ctx.Err())
		fine(t, runner.Sleep(ctx, 10*ms))
	})
}

func TestR178_a_body_may_swallow_the_expiry(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		fine(t, runner.Timeout(ctx, 10*ms, func(ctx context.Context) error {
			is(t, expiring(ctx), runner.ErrCanceled)
			return nil
		}))
		fine(t, runner.Yield(ctx))
	})
}

func TestR179_a_body_may_answer_the_expiry_with_an_error(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Timeout(ctx, 10*ms, func(ctx context.Context) error {
			is(t, expiring(ctx), runner.ErrCanceled)
			return errFirst
		})
		same(t, err, errFirst)
	})
}

func TestR179_children_that_fail_on_the_expiry_make_it_an_error_of_their_group(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Timeout(ctx, 10*ms, func(ctx context.Context) error {
			return runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
				_, err := g.Go(func(ctx context.Context) error {
					is(t, expiring(ctx), runner.ErrCanceled)
					return errFirst
				})
				return err
			})
		})
		is(t, err, errFirst)
		isNot(t, err, runner.ErrTimeout)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func TestR180_a_deadline_may_be_moved_while_it_has_not_passed(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		var scope *runner.TimeoutScope
		err := runner.TimeoutScoped(ctx, 10*ms, func(ctx context.Context, s *runner.TimeoutScope) error {
			scope = s
			fine(t, s.Reschedule(30*ms))
			fine(t, runner.Sleep(ctx, 20*ms))
			fine(t, s.Reschedule(runner.Forever))
			fine(t, runner.Sleep(ctx, 20*ms))
			fine(t, s.RescheduleAt(runner.LoopOf(ctx).Time()+10*ms))
			err := expiring(ctx)
			is(t, s.Reschedule(time.Hour), runner.ErrExpiring)
			return err
		})
		is(t, err, runner.ErrTimeout)
		d.add("over")
		d.expect(t, "50 over")
		is(t, scope.Reschedule(time.Hour), runner.ErrExpired)
		err = runner.TimeoutScoped(ctx, 10*ms, func(_ context.Context, s *runner.TimeoutScope) error {
			scope = s
			return nil
		})
		fine(t, err)
		is(t, scope.Reschedule(time.Hour), runner.ErrFinished)
	})
}

func TestR181_a_timeout_needs_a_task_and_a_body(t *testing.T) {
	is(t, runner.Timeout(context.Background(), time.Hour, expiring), runner.ErrNoTask)
	inTask(t, func(ctx context.Context) {
		is(t, runner.Timeout(ctx, time.Hour, nil), runner.ErrInvalid)
		is(t, runner.TimeoutScoped(ctx, time.Hour, nil), runner.ErrInvalid)
	})
}

func Test_a_panic_leaves_a_timeout(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		func() {
			defer func() { equal(t, "panic", recover(), any("body")) }()
			_ = runner.Timeout(ctx, 10*ms, func(context.Context) error { panic("body") })
		}()
		fine(t, runner.Sleep(ctx, 20*ms)) // nothing is left that could expire
	})
}

func TestR170_AwaitFor_cancels_and_waits_for_a_task_that_takes_too_long(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			err := expiring(ctx)
			fine(t, runner.Sleep(ctx, 5*ms))
			d.add("task over")
			return err
		}))
		_, err := runner.AwaitFor(ctx, task, 10*ms)
		is(t, err, runner.ErrTimeout, context.DeadlineExceeded)
		d.add("over")
		d.expect(t, "15 task over", "15 over")
		equal(t, "cancelled", task.Cancelled(), true)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func Test_AwaitFor_gives_the_outcome_of_a_task_that_ends_in_time(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		value, err := runner.AwaitFor(ctx, runner.Go(ctx, returning(10*ms, "a")), 20*ms)
		fine(t, err)
		equal(t, "value", value, "a")
		_, err = runner.AwaitFor(ctx, runner.Go(ctx, nothing(failing(10*ms, errFirst))), runner.Forever)
		same(t, err, errFirst)
		done := runner.Go(ctx, returning(0, "b"))
		turns(t, ctx, 2)
		value, err = runner.AwaitFor(ctx, done, 0)
		fine(t, err)
		equal(t, "value", value, "b")
	})
}

func TestR145_AwaitFor_without_time_never_starts_a_new_task(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, func(context.Context) (int, error) {
			t.Error("the task has started")
			return 0, nil
		})
		_, err := runner.AwaitFor(ctx, task, 0)
		is(t, err, runner.ErrTimeout)
		equal(t, "cancelled", task.Cancelled(), true)
	})
}

func TestR148_AwaitFor_gives_the_result_of_a_task_that_swallows_the_cancel(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, func(ctx context.Context) (int, error) {
			is(t, expiring(ctx), runner.ErrCanceled)
			return 42, nil
		})
		value, err := runner.AwaitFor(ctx, task, 10*ms)
		fine(t, err)
		equal(t, "value", value, 42)
	})
}

func Test_AwaitFor_takes_futures(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		future := runner.NewFuture[int](ctx)
		_, err := runner.AwaitFor(ctx, future, 10*ms)
		is(t, err, runner.ErrTimeout)
		equal(t, "cancelled", future.Cancelled(), true)
		future = runner.NewFuture[int](ctx)
		_, err = runner.LoopOf(ctx).CallLater(5*ms, func() { fine(t, future.Resolve(7)) })
		fine(t, err)
		value, err := runner.AwaitFor(ctx, future, 10*ms)
		fine(t, err)
		equal(t, "value", value, 7)
	})
}
