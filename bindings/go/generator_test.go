package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	runner "example.org/librunner/go"
)

// counter yields 0, 1, ... with some time before each, and notes its end.
func counter(t *testing.T, ctx context.Context, d *diary, count int) *runner.Generator[int] {
	t.Helper()
	g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
		defer d.add("body over")
		for i := range count {
			if err := runner.Sleep(ctx, 10*ms); err != nil {
				return err
			}
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	})
	fine(t, err)
	return g
}

func expectNext[T comparable](t *testing.T, ctx context.Context, g *runner.Generator[T], want T) {
	t.Helper()
	got, ok, err := g.Next(ctx)
	fine(t, err)
	if !ok {
		t.Fatal("the generator is over")
	}
	equal(t, "value", got, want)
}

func expectEnd[T comparable](t *testing.T, ctx context.Context, g *runner.Generator[T]) {
	t.Helper()
	_, ok, err := g.Next(ctx)
	fine(t, err)
	equal(t, "there is a value", ok, false)
}

func Test_a_generator_gives_values_and_waits_as_a_part_of_who_asks(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		g := counter(t, ctx, d, 2)
		d.add("made")
		expectNext(t, ctx, g, 0)
		d.add("got 0")
		expectNext(t, ctx, g, 1)
		d.add("got 1")
		expectEnd(t, ctx, g)
		expectEnd(t, ctx, g)
		fine(t, g.Err())
		d.expect(t, "0 made", "10 got 0", "20 got 1", "20 body over")
	})
}

func Test_a_generator_is_for_range(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		for value, err := range counter(t, ctx, d, 2).All(ctx) {
			fine(t, err)
			d.add("got %d", value)
		}
		g := counter(t, ctx, d, 5)
		for value, err := range g.All(ctx) {
			fine(t, err)
			if value == 1 {
				break // closes it
			}
		}
		d.add("left")
		expectEnd(t, ctx, g)
		d.expect(t, "10 got 0", "20 got 1", "20 body over", "40 body over", "40 left")
	})
}

func Test_an_error_of_the_body_is_given_to_who_asks_once_and_unchanged(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		broken := func(_ context.Context, yield func(int) error) error {
			fine(t, yield(1))
			return errFirst
		}
		g, err := runner.Generate(ctx, broken)
		fine(t, err)
		expectNext(t, ctx, g, 1)
		_, ok, err := g.Next(ctx)
		same(t, err, errFirst)
		equal(t, "there is a value", ok, false)
		expectEnd(t, ctx, g)
		same(t, g.Err(), errFirst)
		g, err = runner.Generate(ctx, broken)
		fine(t, err)
		var errs []error
		for _, err := range g.All(ctx) {
			errs = append(errs, err)
		}
		equalSlices(t, "errors", errs, []error{nil, errFirst})
	})
}

func Test_Close_has_yield_say_so_and_the_body_may_wait_while_it_cleans_up(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			err := yield(1)
			is(t, err, runner.ErrGeneratorClosed)
			fine(t, runner.Sleep(ctx, 10*ms))
			d.add("cleaned up")
			return err
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
		fine(t, g.Close(ctx))
		d.add("closed")
		fine(t, g.Close(ctx))
		fine(t, g.Err())
		expectEnd(t, ctx, g)
		d.expect(t, "10 cleaned up", "10 closed")
	})
}

func Test_Close_gives_the_error_of_the_cleanup(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(ctx, func(_ context.Context, yield func(int) error) error {
			if yield(1) != nil {
				return errFirst
			}
			return nil
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
		same(t, g.Close(ctx), errFirst)
		same(t, g.Err(), errFirst)
	})
}

func Test_a_generator_that_was_not_begun_never_is(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		body := func(context.Context, func(int) error) error {
			t.Error("the body has begun")
			return nil
		}
		g, err := runner.Generate(ctx, body)
		fine(t, err)
		fine(t, g.Close(ctx))
		expectEnd(t, ctx, g)
		_, err = runner.Generate(ctx, body) // left behind
		fine(t, err)
	})
}

func Test_a_body_that_ignores_its_close_is_an_error(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(ctx, func(_ context.Context, yield func(int) error) error {
			is(t, yield(1), runner.ErrGeneratorClosed)
			fine(t, yield(2))
			return yield(3)
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
		is(t, g.Close(ctx), runner.ErrIgnored)
		expectNext(t, ctx, g, 3)
		fine(t, g.Close(ctx))
	})
}

func TestR094_a_generator_that_was_left_is_closed_with_the_runner(t *testing.T) {
	var d *diary
	inTask(t, func(ctx context.Context) {
		d = newDiary(ctx)
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			err := yield(1)
			is(t, err, runner.ErrGeneratorClosed)
			fine(t, runner.Sleep(ctx, 10*ms))
			d.add("cleaned up")
			return err
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
		counter(t, ctx, d, 1) // was not begun
		d.add("main over")
	})
	d.expect(t, "0 main over", "10 cleaned up")
}

func TestR094_a_generator_that_ignores_its_close_is_reported_and_given_up(t *testing.T) {
	var reported []error
	unwound := false
	before := countResources()
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			defer func() {
				unwound = true
				is(t, runner.Yield(ctx), runner.ErrNoTask) // this is no task any more
				is(t, yield(0), runner.ErrNoTask)
			}()
			for i := range 5 {
				_ = yield(i)
			}
			t.Error("the body goes on")
			return nil
		})
		fine(t, err)
		expectNext(t, ctx, g, 0)
	}, runner.WithExceptionHandler(func(e runner.Exception) { reported = append(reported, e.Err) }))
	equalSlices(t, "reported", reported, []error{runner.ErrIgnored})
	equal(t, "unwound", unwound, true)
	settle(t, before)
}

func Test_a_cancel_reaches_the_wait_of_the_body(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		g := counter(t, ctx, d, 5)
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			for _, err := range g.All(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		}))
		fine(t, runner.Sleep(ctx, 15*ms))
		task.Cancel(errFirst)
		_, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
		d.expect(t, "15 body over")
		expectEnd(t, ctx, g)
	})
}

func Test_the_context_of_the_body_tells_whether_who_asks_is_cancelled(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(error) error) error {
			for {
				_ = runner.Yield(ctx)
				if err := yield(ctx.Err()); err != nil {
					return err
				}
			}
		})
		fine(t, err)
		for _, want := range []error{nil, context.Canceled, nil} {
			task := runner.Go(ctx, nothing(func(ctx context.Context) error {
				expectNext(t, ctx, g, want)
				return nil
			}))
			fine(t, runner.Yield(ctx))
			if want != nil {
				task.Cancel()
			}
			_, _ = task.Await(ctx)
		}
	})
}

func Test_the_context_of_who_asks_ends_the_wait_of_the_body(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			fine(t, yield(0))
			return runner.Sleep(ctx, runner.Forever)
		})
		fine(t, err)
		expectNext(t, ctx, g, 0)
		derived, cancel := context.WithCancelCause(ctx)
		_, err = runner.LoopOf(ctx).CallLater(10*ms, func() { cancel(errFirst) })
		fine(t, err)
		_, _, err = g.Next(derived)
		is(t, err, errFirst)
	})
}

func Test_several_tasks_may_ask_one_after_the_other(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g := counter(t, ctx, newDiary(ctx), 3)
		for want := range 3 {
			_, err := runner.Go(ctx, nothing(func(ctx context.Context) error {
				expectNext(t, ctx, g, want)
				return nil
			})).Await(ctx)
			fine(t, err)
		}
		expectEnd(t, ctx, g)
	})
}

func Test_a_body_that_waits_cannot_be_asked_by_another_task(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g := counter(t, ctx, newDiary(ctx), 3)
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			expectNext(t, ctx, g, 0)
			return nil
		}))
		fine(t, runner.Sleep(ctx, 5*ms))
		_, _, err := g.Next(ctx)
		is(t, err, runner.ErrBusy)
		is(t, g.Close(ctx), runner.ErrBusy)
		_, err = task.Await(ctx)
		fine(t, err)
		expectNext(t, ctx, g, 1)
	})
}

func Test_a_body_cannot_ask_itself(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var g *runner.Generator[int]
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			_, _, err := g.Next(ctx)
			is(t, err, runner.ErrBusy)
			is(t, g.Close(ctx), runner.ErrBusy)
			return yield(1)
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
	})
}

func Test_generators_nest(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		inner := counter(t, ctx, d, 4)
		squares, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			for value, err := range inner.All(ctx) {
				if err != nil {
					return err
				}
				fine(t, runner.Sleep(ctx, 10*ms))
				if err := yield(value * value); err != nil {
					return err
				}
			}
			return nil
		})
		fine(t, err)
		for want := range 3 {
			_, err := runner.Go(ctx, nothing(func(ctx context.Context) error {
				expectNext(t, ctx, squares, want*want)
				return nil
			})).Await(ctx)
			fine(t, err)
		}
		fine(t, squares.Close(ctx))
		d.add("closed")
		d.expect(t, "60 body over", "60 closed") // the range in the body has closed the inner one
	})
}

func Test_yield_belongs_to_the_body(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var kept func(int) error
		g, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			kept = yield
			_, err := runner.Go(ctx, nothing(func(context.Context) error { return yield(2) })).Await(ctx)
			is(t, err, runner.ErrNoTask)
			return yield(1)
		})
		fine(t, err)
		expectNext(t, ctx, g, 1)
		is(t, kept(3), runner.ErrNoTask)
		expectEnd(t, ctx, g)
		is(t, kept(3), runner.ErrNoTask)
	})
}

func Test_a_body_has_the_values_of_its_maker_and_the_variables_of_who_asks(t *testing.T) {
	type key struct{}
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(context.WithValue(ctx, key{}, "maker"),
			func(ctx context.Context, yield func(string) error) error {
				for {
					value, _ := testVar.Get(ctx)
					if err := yield(ctx.Value(key{}).(string) + strings.Repeat("!", value)); err != nil {
						return err
					}
				}
			})
		fine(t, err)
		for count, want := range []string{"maker", "maker!", "maker!!"} {
			_, err := runner.Go(ctx, nothing(func(ctx context.Context) error {
				fine(t, testVar.Set(ctx, count))
				expectNext(t, context.WithValue(ctx, key{}, "asker"), g, want)
				return nil
			})).Await(ctx)
			fine(t, err)
		}
	})
}

func explode() { panic("in the body") }

func Test_a_panic_of_the_body_goes_on_in_who_asks(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		g, err := runner.Generate(ctx, func(context.Context, func(int) error) error {
			explode()
			return nil
		})
		fine(t, err)
		func() {
			defer func() {
				failure, is := recover().(*runner.PanicError)
				if !is || failure.Value != "in the body" || !strings.Contains(string(failure.Stack), "explode") {
					t.Errorf("recovered %v", failure)
				}
			}()
			_, _, _ = g.Next(ctx)
		}()
		expectEnd(t, ctx, g)
	})
}

func Test_a_panic_of_the_body_comes_out_of_the_run_with_its_stack(t *testing.T) {
	defer func() {
		var failure *runner.PanicError
		err, _ := recover().(error)
		if !errors.As(err, &failure) || failure.Value != "in the body" ||
			!strings.Contains(string(failure.Stack), "explode") {
			t.Errorf("recovered %v", err)
		}
	}()
	_, err := runner.Run(context.Background(), nothing(func(ctx context.Context) error {
		g, err := runner.Generate(ctx, func(context.Context, func(int) error) error {
			explode()
			return nil
		})
		fine(t, err)
		_, _, err = g.Next(ctx)
		return err
	}))
	t.Errorf("the run ended with %v", err)
}

func Test_a_generator_needs_a_task_of_its_runner_and_a_body(t *testing.T) {
	body := func(_ context.Context, yield func(int) error) error { return yield(1) }
	_, err := runner.Generate(context.Background(), body)
	is(t, err, runner.ErrNoTask)
	inTask(t, func(ctx context.Context) {
		_, err := runner.Generate[int](ctx, nil)
		is(t, err, runner.ErrInvalid)
		g, err := runner.Generate(ctx, body)
		fine(t, err)
		fine(t, otherRunner(func(ctx context.Context) error {
			_, _, err := g.Next(ctx)
			is(t, err, runner.ErrForeign)
			is(t, g.Close(ctx), runner.ErrForeign)
			return nil
		}))
		_, _, err = g.Next(context.Background())
		is(t, err, runner.ErrNoTask)
	})
}

func Test_bodies_may_run_in_debug_mode_and_on_a_locked_thread(t *testing.T) {
	for _, option := range []runner.Option{runner.WithDebug(true), runner.WithLockedThread()} {
		inTask(t, func(ctx context.Context) {
			g := counter(t, ctx, newDiary(ctx), 3)
			expectNext(t, ctx, g, 0)
			fine(t, runner.Sleep(ctx, 10*ms))
			_, err := runner.Go(ctx, nothing(func(ctx context.Context) error {
				expectNext(t, ctx, g, 1)
				return runner.Yield(ctx)
			})).Await(ctx)
			fine(t, err)
			fine(t, g.Close(ctx))
			fine(t, runner.Yield(ctx))
			expectNext(t, ctx, counter(t, ctx, newDiary(ctx), 3), 0) // left to the shutdown
			ignoring, err := runner.Generate(ctx, func(_ context.Context, yield func(int) error) error {
				for {
					_ = yield(1)
				}
			})
			fine(t, err)
			expectNext(t, ctx, ignoring, 1)
		}, option, runner.WithExceptionHandler(func(e runner.Exception) {
			if e.Duration == 0 {
				same(t, e.Err, runner.ErrIgnored)
			}
		}))
	}
}
