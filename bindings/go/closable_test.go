package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func TestR080_R094_closables_are_closed_together_after_the_tasks_have_ended(t *testing.T) {
	var d *diary
	inTask(t, func(ctx context.Context) {
		d = newDiary(ctx)
		for _, name := range []string{"first", "second"} {
			_, err := runner.Register(ctx, name, func(ctx context.Context) error {
				d.add("%s begins", name)
				fine(t, runner.Sleep(ctx, 10*ms))
				d.add("%s is closed", name)
				return nil
			})
			fine(t, err)
		}
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			err := runner.Sleep(ctx, runner.Forever)
			fine(t, runner.Sleep(ctx, 10*ms))
			d.add("task over")
			return err
		}))
		fine(t, runner.Yield(ctx))
	})
	d.expect(t, "10 task over", "10 first begins", "10 second begins",
		"20 first is closed", "20 second is closed")
}

func TestR094_an_error_of_a_closable_is_reported_and_disturbs_no_other(t *testing.T) {
	var reported []runner.Exception
	closed := false
	inTask(t, func(ctx context.Context) {
		_, err := runner.Register(ctx, "broken", func(context.Context) error { return errFirst })
		fine(t, err)
		_, err = runner.Register(ctx, "", func(context.Context) error { closed = true; return nil })
		fine(t, err)
	}, runner.WithExceptionHandler(func(e runner.Exception) { reported = append(reported, e) }))
	equal(t, "closed", closed, true)
	if len(reported) != 1 {
		t.Fatalf("reported: %+v", reported)
	}
	same(t, reported[0].Err, errFirst)
	equal(t, "name", reported[0].Name, "broken")
}

func TestR095_a_closable_may_spawn_and_use_threads(t *testing.T) {
	results := 0
	inTask(t, func(ctx context.Context) {
		_, err := runner.Register(ctx, "", func(ctx context.Context) error {
			value, err := runner.ToThread(ctx, func(context.Context) (int, error) { return 1, nil })
			fine(t, err)
			results += value
			value, err = runner.Go(ctx, returning(10*ms, 2)).Await(ctx)
			results += value
			return err
		})
		fine(t, err)
	})
	equal(t, "results", results, 3)
}

func Test_what_is_unregistered_is_not_closed(t *testing.T) {
	var left *runner.Closable
	inTask(t, func(ctx context.Context) {
		closable, err := runner.Register(ctx, "", func(context.Context) error {
			t.Error("it was closed")
			return nil
		})
		fine(t, err)
		fine(t, closable.Unregister())
		if closable.Unregister() == nil {
			t.Error("it was unregistered twice")
		}
		left, err = runner.Register(ctx, "", func(context.Context) error {
			is(t, left.Unregister(), runner.ErrDone)
			return nil
		})
		fine(t, err)
	})
	is(t, left.Unregister(), runner.ErrClosed)
}

func Test_the_loop_registers_while_nothing_runs(t *testing.T) {
	r := runner.New(runner.WithVirtualClock())
	closed := 0
	closable, err := r.Loop().Register("", func(context.Context) error { closed++; return nil })
	fine(t, err)
	fine(t, closable.Unregister())
	_, err = r.Loop().Register("", func(context.Context) error { closed++; return nil })
	fine(t, err)
	fine(t, r.Close())
	equal(t, "closed", closed, 1)
	_, err = r.Loop().Register("", func(context.Context) error { return nil })
	is(t, err, runner.ErrClosed)
}

func Test_a_closable_needs_a_task_and_a_function(t *testing.T) {
	_, err := runner.Register(context.Background(), "", func(context.Context) error { return nil })
	is(t, err, runner.ErrNoTask)
	inTask(t, func(ctx context.Context) {
		_, err := runner.Register(ctx, "", nil)
		is(t, err, runner.ErrInvalid)
		_, err = runner.LoopOf(ctx).Register("", nil)
		is(t, err, runner.ErrInvalid)
	})
}

func TestR096_what_is_registered_too_late_is_reported_at_once_and_closed(t *testing.T) {
	var d *diary
	inTask(t, func(ctx context.Context) {
		d = newDiary(ctx)
		_, err := runner.Register(ctx, "first", func(ctx context.Context) error {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				err := runner.Sleep(ctx, runner.Forever)
				_, failed := runner.Register(ctx, "late", func(context.Context) error {
					d.add("closed")
					return nil
				})
				fine(t, failed)
				d.add("registered")
				return err
			}))
			return runner.Yield(ctx)
		})
		fine(t, err)
	}, runner.WithExceptionHandler(func(e runner.Exception) {
		fine(t, e.Err)
		d.add("reported: %s", e.Name) // it had none yet
	}))
	d.expect(t, "0 reported: closable", "0 registered", "0 closed")
}
