package runner_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	runner "example.org/librunner/go"
)

func TestR156_group_waits_for_every_child(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		var first *runner.Task[string]
		var second *runner.Task[int]
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) (err error) {
			first, err = runner.GoIn(g, returning(20*ms, "a"), runner.Name("first"))
			fine(t, err)
			second, err = runner.GoIn(g, returning(10*ms, 2))
			fine(t, err)
			d.add("body over")
			return nil
		})
		fine(t, err)
		d.add("group over")
		d.expect(t, "0 body over", "20 group over")
		equal(t, "name", first.Name(), "first")
		text, err := first.Result()
		fine(t, err)
		equal(t, "result", text, "a")
		number, err := second.Result()
		fine(t, err)
		equal(t, "result", number, 2)
	})
}

func TestR156_children_may_be_added_by_children_while_the_owner_waits(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				fine(t, runner.Sleep(ctx, 10*ms))
				_, err := g.Go(func(ctx context.Context) error {
					defer d.add("grandchild over")
					return runner.Sleep(ctx, 10*ms)
				})
				return err
			})
			return err
		})
		fine(t, err)
		d.expect(t, "20 grandchild over")
	})
}

func TestR156_a_callback_may_add_children(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		ran := false
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := runner.LoopOf(ctx).CallLater(10*ms, func() {
				_, err := g.Go(func(ctx context.Context) error { ran = true; return nil })
				fine(t, err)
			})
			fine(t, err)
			return runner.Sleep(ctx, 20*ms)
		})
		fine(t, err)
		equal(t, "the child ran", ran, true)
	})
}

func TestR156_an_empty_group_does_not_wait(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		other := runner.Go(ctx, func(context.Context) (int, error) { return 1, nil })
		fine(t, runner.Group(ctx, func(context.Context, *runner.TaskGroup) error { return nil }))
		_, err := other.Result()
		is(t, err, runner.ErrPending)
	})
}

func TestR157_a_cancelled_child_is_no_error(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			child, err := g.Go(failing(runner.Forever, nil))
			fine(t, err)
			_, err = g.Go(failing(20*ms, nil))
			fine(t, err)
			fine(t, runner.Sleep(ctx, 10*ms))
			equal(t, "cancel", child.Cancel(), true)
			return nil
		})
		fine(t, err)
		d.add("over")
		d.expect(t, "20 over")
	})
}

func TestR158_a_failing_child_has_its_siblings_and_the_body_cancelled(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(failing(10*ms, errFirst))
			fine(t, err)
			_, err = g.Go(func(ctx context.Context) error {
				err := runner.Sleep(ctx, runner.Forever)
				is(t, err, runner.ErrCanceled, context.Canceled)
				fine(t, runner.Sleep(ctx, 5*ms)) // it may clean up
				d.add("sibling over")
				return err
			})
			fine(t, err)
			err = runner.Sleep(ctx, runner.Forever)
			is(t, err, runner.ErrCanceled)
			d.add("body over")
			return err
		})
		d.add("group over")
		d.expect(t, "10 body over", "15 sibling over", "15 group over")
		var group *runner.GroupError
		if !errors.As(err, &group) || len(group.Errs) != 1 {
			t.Fatalf("got %v", err)
		}
		same(t, group.Errs[0], errFirst)
		is(t, err, errFirst)
		isNot(t, err, runner.ErrCanceled, errSecond)
		equal(t, "text", err.Error(), "runner: errors in a task group (1): first")
	})
}

func TestR158_errors_come_out_in_the_order_of_the_failures_and_unchanged(t *testing.T) {
	wrapped := fmt.Errorf("more: %w", errSecond)
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				_ = runner.Sleep(ctx, runner.Forever)
				return errFirst
			})
			fine(t, err)
			_, err = g.Go(failing(10*ms, wrapped))
			fine(t, err)
			return nil
		})
		var group *runner.GroupError
		if !errors.As(err, &group) {
			t.Fatalf("got %v", err)
		}
		equalSlices(t, "errors", group.Errs, []error{wrapped, errFirst})
		is(t, err, errFirst, errSecond)
	})
}

func TestR158_the_failure_of_a_child_is_not_reported_a_second_time(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(failing(10*ms, errFirst))
			return err
		})
		is(t, err, errFirst)
	}, runner.WithExceptionHandler(func(e runner.Exception) { t.Errorf("reported: %+v", e) }))
}

// Nobody but the group has the child: Go's collector takes the task long before its error is asked for.
func TestR158_the_error_of_a_forgotten_child_comes_out_unchanged(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(failing(10*ms, errFirst))
			fine(t, err)
			_, err = g.Go(func(ctx context.Context) error {
				is(t, runner.Sleep(ctx, runner.Forever), runner.ErrCanceled)
				for range 20 {
					runtime.GC()
					fine(t, runner.Sleep(ctx, ms))
				}
				return errSecond
			})
			return err
		})
		var group *runner.GroupError
		if !errors.As(err, &group) {
			t.Fatalf("got %v", err)
		}
		equalSlices(t, "errors", group.Errs, []error{errFirst, errSecond})
	}, runner.WithExceptionHandler(func(e runner.Exception) { t.Errorf("reported: %+v", e) }))
}

func TestR159_the_error_of_the_body_cancels_the_children_and_comes_last(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				err := runner.Sleep(ctx, runner.Forever)
				is(t, err, runner.ErrCanceled)
				d.add("child over")
				return errFirst
			})
			fine(t, err)
			fine(t, runner.Sleep(ctx, 10*ms))
			return errSecond
		})
		d.expect(t, "10 child over")
		var group *runner.GroupError
		if !errors.As(err, &group) {
			t.Fatalf("got %v", err)
		}
		equalSlices(t, "errors", group.Errs, []error{errFirst, errSecond})
	})
}

func TestR159_children_that_have_not_started_never_do(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var child *runner.Task[struct{}]
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) (err error) {
			child, err = g.Go(func(context.Context) error {
				t.Error("the child has started")
				return nil
			})
			fine(t, err)
			return errFirst
		})
		is(t, err, errFirst)
		equal(t, "cancelled", child.Cancelled(), true)
	})
}

func TestR162_the_errors_of_an_inner_group_are_one_error_of_the_outer(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var inner error
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				inner = runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
					_, err := g.Go(failing(10*ms, errFirst))
					return err
				})
				return inner
			})
			fine(t, err)
			_, err = g.Go(failing(10*ms, errSecond))
			return err
		})
		var group *runner.GroupError
		if !errors.As(err, &group) || len(group.Errs) != 2 {
			t.Fatalf("got %v", err)
		}
		equalSlices(t, "errors", group.Errs, []error{errSecond, inner})
		is(t, err, errFirst, errSecond)
	})
}

func TestR162_groups_of_one_task_nest(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, outer *runner.TaskGroup) error {
			_, err := outer.Go(failing(10*ms, errFirst))
			fine(t, err)
			err = runner.Group(ctx, func(ctx context.Context, inner *runner.TaskGroup) error {
				_, err := inner.Go(func(ctx context.Context) error {
					_ = runner.Sleep(ctx, runner.Forever)
					return errSecond
				})
				return err
			})
			is(t, err, errSecond)
			return err
		})
		var group, nested *runner.GroupError
		if !errors.As(err, &group) || len(group.Errs) != 2 || !errors.As(group.Errs[1], &nested) {
			t.Fatalf("got %v", err)
		}
		same(t, group.Errs[0], errFirst)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
	})
}

func TestR163_a_panic_of_the_body_goes_on_after_the_children_have_ended(t *testing.T) {
	d, caught := (*diary)(nil), any(nil)
	inTask(t, func(ctx context.Context) {
		d = newDiary(ctx)
		defer func() {
			caught = recover()
			d.add("caught")
		}()
		_ = runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				err := runner.Sleep(ctx, runner.Forever)
				fine(t, runner.Sleep(ctx, 10*ms))
				d.add("child over")
				return err
			})
			fine(t, err)
			fine(t, runner.Yield(ctx))
			panic("body")
		})
	})
	d.expect(t, "10 child over", "10 caught")
	equal(t, "panic", caught, any("body"))
}

func TestR163_a_panic_of_a_child_comes_out_of_the_run(t *testing.T) {
	defer func() {
		var failure *runner.PanicError
		if err, is := recover().(error); !is || !errors.As(err, &failure) || failure.Value != "child" {
			t.Errorf("the run panicked with %v", err)
		}
	}()
	// The run ends at once. Main is cancelled by the close.
	_, err := runner.Run(context.Background(), nothing(func(ctx context.Context) error {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(context.Context) error { panic("child") })
			return err
		})
		if failure, is := err.(*runner.PanicError); !is || failure.Value != "child" {
			t.Errorf("the group ended with %v", err)
		}
		return nil
	}))
	t.Errorf("the run ended with %v", err)
}

func TestR165_a_group_that_is_over_takes_no_children(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var left *runner.TaskGroup
		fine(t, runner.Group(ctx, func(_ context.Context, g *runner.TaskGroup) error {
			left = g
			return nil
		}))
		task, err := left.Go(failing(0, nil))
		is(t, err, runner.ErrFinished)
		equal(t, "task", task, nil)
		fine(t, left.Cancel())
	})
}

func TestR165_a_group_that_is_being_cancelled_takes_no_children(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(failing(0, errFirst))
			fine(t, err)
			is(t, runner.Sleep(ctx, runner.Forever), runner.ErrCanceled)
			_, err = g.Go(failing(0, nil))
			is(t, err, runner.ErrAborting)
			return nil
		})
		is(t, err, errFirst)
	})
}

func TestR166_a_group_needs_a_task_and_a_body(t *testing.T) {
	body := func(context.Context, *runner.TaskGroup) error { return nil }
	is(t, runner.Group(context.Background(), body), runner.ErrNoTask)
	inTask(t, func(ctx context.Context) {
		is(t, runner.Group(ctx, nil), runner.ErrInvalid)
		fine(t, runner.Group(ctx, func(_ context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(nil)
			is(t, err, runner.ErrInvalid)
			return nil
		}))
	})
}

func TestR167_a_group_ends_though_its_children_never_stop_spawning(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		spawned := 0
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			var breed func(ctx context.Context) error
			breed = func(ctx context.Context) error {
				spawned++
				_ = runner.Sleep(ctx, 10*ms)
				_, err := g.Go(breed)
				return err
			}
			_, err := g.Go(breed)
			fine(t, err)
			fine(t, runner.Sleep(ctx, 35*ms))
			return errFirst
		})
		is(t, err, errFirst, runner.ErrAborting)
		equal(t, "spawned", spawned, 4)
	})
}

func TestR060_children_inherit_the_values_of_the_groups_context(t *testing.T) {
	type key struct{}
	inTask(t, func(ctx context.Context) {
		fine(t, runner.Group(context.WithValue(ctx, key{}, "value"),
			func(_ context.Context, g *runner.TaskGroup) error {
				_, err := g.Go(func(ctx context.Context) error {
					equal(t, "value", ctx.Value(key{}), any("value"))
					return nil
				})
				return err
			}))
	})
}
