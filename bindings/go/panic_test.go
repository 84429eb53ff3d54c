package runner_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// panicOf is the PanicError that fn panics with.
func panicOf(t *testing.T, fn func()) *runner.PanicError {
	t.Helper()
	failure, ok := panics(fn).(*runner.PanicError)
	if !ok {
		t.Fatalf("it did not panic with a PanicError")
	}
	return failure
}

func panicking(context.Context) error { panic("boom") }

func TestR044_R037_a_panic_of_main_panics_in_the_caller_with_its_stack(t *testing.T) {
	var seen exceptions
	r := newRunner(t, seen.option())
	failure := panicOf(t, func() { r.Run(background, panicking) })
	equal(t, "value", failure.Value, any("boom"))
	if !containsAll(string(failure.Stack), "go_test.panicking", "panic_test.go") {
		t.Errorf("the stack is\n%s", failure.Stack)
	}
	if !containsAll(failure.Error(), "boom", "go_test.panicking") {
		t.Errorf("the text is\n%s", failure.Error())
	}
	fine(t, r.Run(background, func(context.Context) error { return nil }))
	fine(t, r.Close())
	equal(t, "reported", len(seen.got), 0)
}

func TestR044_a_panic_with_an_error_is_that_error(t *testing.T) {
	r := newRunner(t)
	is(t, panicOf(t, func() { r.Run(background, func(context.Context) error { panic(errFirst) }) }), errFirst)
	var runtimeError runtime.Error
	failure := panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			var none []int
			return errors.New(string(rune(none[len(runner.Current(ctx).Name())])))
		})
	})
	equal(t, "runtime error", errors.As(failure, &runtimeError), true)
	failure = panicOf(t, func() { r.Run(background, func(context.Context) error { panic(nil) }) })
	var nilError *runtime.PanicNilError
	equal(t, "nil", errors.As(failure, &nilError), true)
}

func TestR038_a_panic_of_a_child_ends_the_run_and_leaves_main(t *testing.T) {
	r := newRunner(t)
	var child *runner.Task[struct{}]
	var log []string
	panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			child = runner.Go(ctx, nothing(panicking))
			err := forever(ctx)
			log = append(log, "main")
			return err
		})
	})
	equalSlices(t, "log", log, nil)
	_, err := child.Result()
	var failure *runner.PanicError
	equal(t, "its outcome", errors.As(err, &failure), true)
	fine(t, r.Close())
	equalSlices(t, "log", log, []string{"main"})
}

func TestR038_who_awaits_a_panicking_task_is_given_it_as_an_error(t *testing.T) {
	r := newRunner(t)
	var got error
	panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			_, got = runner.Go(ctx, nothing(panicking)).Await(ctx)
			return nil
		})
	})
	fine(t, r.Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, ms) }))
	var failure *runner.PanicError
	equal(t, "its outcome", errors.As(got, &failure), true)
}

func Test_tasks_of_the_batch_of_a_panic_keep_their_turn(t *testing.T) {
	r := newRunner(t)
	var log []string
	panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			for _, name := range []string{"a", "boom", "c"} {
				runner.Go(ctx, nothing(func(ctx context.Context) error {
					if name == "boom" {
						panic(name)
					}
					log = append(log, name)
					err := runner.Yield(ctx)
					log = append(log, name)
					return err
				}))
			}
			return forever(ctx)
		})
	})
	equalSlices(t, "log", log, []string{"a"})
	fine(t, r.Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, ms) }))
	equalSlices(t, "log", log, []string{"a", "c", "a", "c"})
}

func TestR039_a_panic_of_a_callback_ends_the_run(t *testing.T) {
	r := newRunner(t)
	for name, schedule := range map[string]func(*runner.Loop, func()) error{
		"soon":       (*runner.Loop).CallSoon,
		"threadsafe": (*runner.Loop).CallSoonThreadsafe,
		"timer":      func(l *runner.Loop, fn func()) error { _, err := l.CallLater(0, fn); return err },
	} {
		failure := panicOf(t, func() {
			r.Run(background, func(ctx context.Context) error {
				fine(t, schedule(runner.LoopOf(ctx), func() { panic(name) }))
				return forever(ctx)
			})
		})
		equal(t, "value", failure.Value, any(name))
	}
}

func TestR090_a_panic_in_a_cleanup_does_not_stop_the_close(t *testing.T) {
	r := newRunner(t)
	cleaned := 0
	fine(t, r.Run(background, func(ctx context.Context) error {
		for i := range 3 {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				forever(ctx)
				cleaned++
				if i == 1 {
					panic("boom")
				}
				return nil
			}))
		}
		return runner.Yield(ctx)
	}))
	panicOf(t, func() { r.Close() })
	equal(t, "cleaned", cleaned, 3)
	equal(t, "closed", r.Closed(), true)
	fine(t, r.Close())
}

func TestR163_a_deferred_function_may_wait_while_its_task_panics(t *testing.T) {
	r := newRunner(t)
	waited := false
	panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			defer func() { waited = runner.Sleep(ctx, ms) == nil }()
			panic("boom")
		})
	})
	equal(t, "waited", waited, true)
}

func TestR044_Goexit_in_a_task_exits_the_caller_of_the_run(t *testing.T) {
	for name, body := range map[string]func(ctx context.Context) error{
		"main": func(context.Context) error { runtime.Goexit(); return nil },
		"later": func(ctx context.Context) error {
			runner.Sleep(ctx, ms)
			runtime.Goexit()
			return nil
		},
		"child": func(ctx context.Context) error {
			runner.Go(ctx, nothing(func(context.Context) error { runtime.Goexit(); return nil }))
			return forever(ctx)
		},
		"callback": func(ctx context.Context) error {
			fine(t, runner.LoopOf(ctx).CallSoon(runtime.Goexit))
			return forever(ctx)
		},
		"thread": func(ctx context.Context) error {
			runner.ToThread(ctx, nothing(func(context.Context) error { runtime.Goexit(); return nil }))
			return nil
		},
	} {
		for _, locked := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var opts []runner.Option
				if locked {
					opts = append(opts, runner.WithLockedThread())
				}
				r := newRunner(t, opts...)
				deferred := false
				equal(t, "exits", exits(func() {
					r.Run(background, func(ctx context.Context) error {
						defer func() { deferred = true }()
						return body(ctx)
					})
				}), true)
				fine(t, r.Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, ms) }))
				fine(t, r.Close())
				equal(t, "deferred functions ran", deferred, true)
			})
		}
	}
}

func TestR013_Run_closes_its_runner_when_a_task_exits(t *testing.T) {
	leavesNothing(t)
	cleaned := false
	equal(t, "exits", exits(func() {
		runner.Run(background, nothing(func(ctx context.Context) error {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				defer func() { cleaned = true }()
				return forever(ctx)
			}))
			runner.Yield(ctx)
			runtime.Goexit()
			return nil
		}))
	}), true)
	equal(t, "cleaned", cleaned, true)
}

func Test_a_panic_in_a_thread_panics_in_the_task(t *testing.T) {
	r := newRunner(t)
	failure := panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			runner.ToThread(ctx, nothing(panicking))
			return nil
		})
	})
	equal(t, "value", failure.Value, any("boom"))
	if !containsAll(string(failure.Stack), "go_test.panicking") {
		t.Errorf("the stack is\n%s", failure.Stack)
	}
	fine(t, r.Run(background, func(ctx context.Context) error {
		inner := panics(func() { runner.ToThread(ctx, nothing(panicking)) })
		equal(t, "recovered in the task", inner.(*runner.PanicError).Value, any("boom"))
		return nil
	}))
}

func Test_a_panic_in_a_thread_that_nobody_waits_for_ends_the_run(t *testing.T) {
	r := newRunner(t)
	failure := panicOf(t, func() {
		r.Run(background, func(ctx context.Context) error {
			stop := make(chan struct{})
			task := runner.Go(ctx, nothing(func(ctx context.Context) error {
				_, err := runner.ToThread(ctx, nothing(func(context.Context) error { <-stop; panic("boom") }))
				return err
			}))
			turns(t, ctx, 2)
			task.Cancel()
			_, err := task.Await(ctx)
			is(t, err, runner.ErrCanceled)
			close(stop)
			return forever(ctx)
		})
	})
	equal(t, "value", failure.Value, any("boom"))
}

func TestR091_a_panic_of_the_exception_handler_is_logged(t *testing.T) {
	log := newLog()
	inTask(t, func(ctx context.Context) {
		runner.Go(ctx, nothing(failing(0, errFirst)))
		turns(t, ctx, 3)
	}, log.option(), runner.WithExceptionHandler(func(runner.Exception) { panic("boom") }))
	for _, text := range []string{"err=first", "Unhandled error in exception handler", "boom"} {
		if !log.has(text) {
			t.Errorf("%q is not in the log:\n%s", text, log)
		}
	}
}

func Test_FailNow_ends_a_test_from_within_a_task(t *testing.T) {
	// As t.FailNow does it: the test's own goroutine has to end.
	after := false
	equal(t, "exits", exits(func() {
		runner.Run(background, nothing(func(ctx context.Context) error {
			runner.Sleep(ctx, time.Millisecond)
			runtime.Goexit()
			return nil
		}))
		after = true
	}), true)
	equal(t, "went on", after, false)
}
