package runner_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

func TestR001_a_new_runner_makes_nothing(t *testing.T) {
	before := countResources()
	r := runner.New()
	equal(t, "resources", countResources(), before)
	equal(t, "closed", r.Closed(), false)
	equal(t, "running", r.Running(), false)
}

func TestR002_R003_the_loop_is_made_once(t *testing.T) {
	r := newRunner(t)
	loop := r.Loop()
	fine(t, loop.CallSoon(func() {}))
	fine(t, r.Run(background, func(ctx context.Context) error {
		equal(t, "loop in the task", runner.LoopOf(ctx), loop)
		return nil
	}))
	equal(t, "loop afterwards", r.Loop(), loop)
}

func TestR004_a_runner_that_was_not_used_stays_usable_after_a_close(t *testing.T) {
	r := newRunner(t)
	fine(t, r.Close())
	equal(t, "closed", r.Closed(), false)
	fine(t, r.Run(background, func(context.Context) error { return nil }))
	fine(t, r.Close())
	equal(t, "closed", r.Closed(), true)
}

func TestR005_R006_R007_R008_R099_a_closed_runner_refuses_everything(t *testing.T) {
	r := newRunner(t)
	var left context.Context
	fine(t, r.Run(background, func(ctx context.Context) error {
		left = ctx
		return nil
	}))
	loop := r.Loop()
	fine(t, r.Close())
	fine(t, r.Close())

	called := func() { t.Error("it was called") }
	is(t, r.Run(background, func(context.Context) error { called(); return nil }), runner.ErrClosed)
	is(t, loop.CallSoon(called), runner.ErrClosed)
	is(t, loop.CallSoonThreadsafe(called), runner.ErrClosed)
	_, err := loop.CallLater(0, called)
	is(t, err, runner.ErrClosed)
	_, err = loop.Hold()
	is(t, err, runner.ErrClosed)
	is(t, loop.Stop(), runner.ErrClosed)
	is(t, r.Interrupt(), runner.ErrClosed)
	is(t, runner.Sleep(left, 0), runner.ErrClosed)
	_, err = runner.Go(left, returning(0, 1)).Await(background)
	is(t, err, runner.ErrClosed)
}

func TestR010_a_deferred_close_follows_an_error_and_a_panic(t *testing.T) {
	leavesNothing(t)
	var r *runner.Runner
	value := panics(func() {
		r = runner.New()
		defer r.Close()
		fine(t, r.Run(background, func(context.Context) error { return nil }))
		panic(errFirst)
	})
	equal(t, "panic", value, any(errFirst))
	equal(t, "closed", r.Closed(), true)
}

func TestR013_R014_Run_closes_its_runner_whatever_happens(t *testing.T) {
	leavesNothing(t)
	cleaned := 0
	child := nothing(func(ctx context.Context) error {
		defer func() { cleaned++ }()
		return forever(ctx)
	})
	for range 10 {
		value, err := runner.Run(background, func(ctx context.Context) (int, error) {
			runner.Go(ctx, child)
			return 7, runner.Yield(ctx)
		})
		fine(t, err)
		equal(t, "value", value, 7)
		_, err = runner.Run(background, func(ctx context.Context) (int, error) {
			runner.Go(ctx, child)
			runner.Yield(ctx)
			return 7, errFirst
		})
		same(t, err, errFirst)
		panicked := panics(func() {
			runner.Run(background, func(ctx context.Context) (int, error) {
				runner.Go(ctx, child)
				runner.Yield(ctx)
				panic(errSecond)
			})
		})
		is(t, panicked.(error), errSecond)
	}
	equal(t, "children that were cancelled", cleaned, 30)
}

func TestR015_R018_what_cannot_be_run_is_refused_without_an_effect(t *testing.T) {
	r := newRunner(t)
	is(t, r.Run(background, nil), runner.ErrInvalid)
	is(t, r.Run(nil, func(context.Context) error { return nil }), runner.ErrInvalid) //nolint:staticcheck
	_, err := runner.RunIn[int](r, background, nil)
	is(t, err, runner.ErrInvalid)
	_, err = runner.Run[int](background, nil)
	is(t, err, runner.ErrInvalid)
	is(t, (&runner.Runner{}).Run(background, func(context.Context) error { return nil }), runner.ErrInvalid)
	is(t, (*runner.Runner)(nil).Close(), runner.ErrInvalid)
}

func TestR015_options_out_of_range_come_out_of_the_first_use(t *testing.T) {
	r := newRunner(t, runner.WithPollInterval(0))
	is(t, r.Run(background, func(context.Context) error { return nil }), runner.ErrInvalid)
	is(t, r.Loop().CallSoon(func() {}), runner.ErrInvalid)
	fine(t, r.Close())
}

func TestR019_a_forgotten_runner_is_reported_and_freed(t *testing.T) {
	leavesNothing(t)
	log := newLog()
	func() {
		r := runner.New(log.option())
		fine(t, r.Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, ms) }))
	}()
	eventually(t, "the warning", func() bool { return log.has("not closed") })
}

func TestR019_a_forgotten_runner_that_has_never_run_is_freed(t *testing.T) {
	leavesNothing(t)
	log := newLog()
	func() { fine(t, runner.New(log.option()).Loop().CallSoon(func() { t.Error("it was called") })) }()
	eventually(t, "the warning", func() bool { return log.has("not closed") })
}

func TestR019_nothing_of_a_program_runs_when_its_forgotten_runner_is_freed(t *testing.T) {
	log := newLog()
	var left *runner.Task[struct{}]
	func() {
		r := runner.New(log.option())
		fine(t, r.Run(background, func(ctx context.Context) error {
			left = runner.Go(ctx, nothing(func(ctx context.Context) error {
				defer t.Error("it was unwound")
				return forever(ctx)
			}))
			return runner.Yield(ctx)
		}))
	}()
	<-settled(left)
	_, err := left.Result()
	is(t, err, runner.ErrAbandoned)
	if !log.has("tasks=1") {
		t.Errorf("the log is\n%s", log)
	}
}

// settled is closed once the task is done, which nothing but the garbage collector brings about.
func settled(task *runner.Task[struct{}]) <-chan struct{} {
	for {
		select {
		case <-task.Done():
			return task.Done()
		default:
			runtime.GC()
		}
	}
}

func TestR021_R053_a_close_that_is_refused_changes_nothing(t *testing.T) {
	r := newRunner(t)
	fine(t, r.Run(background, func(ctx context.Context) error {
		child := runner.Go(ctx, returning(10*ms, 1))
		is(t, r.Close(), runner.ErrRunning)
		fine(t, runner.LoopOf(ctx).CallSoon(func() { is(t, r.Close(), runner.ErrRunning) }))
		_, err := runner.ToThread(ctx, nothing(func(context.Context) error { return r.Close() }))
		is(t, err, runner.ErrBusy)
		equal(t, "cancelling", runner.Cancelling(ctx), 0)
		value, err := child.Await(ctx)
		equal(t, "child", value, 1)
		return err
	}))
	equal(t, "closed", r.Closed(), false)
}

func TestR025_R027_the_value_comes_out_as_it_is(t *testing.T) {
	type thing struct{ n int }
	made := &thing{7}
	got, err := runner.Run(background, func(ctx context.Context) (*thing, error) {
		return made, runner.Yield(ctx)
	})
	fine(t, err)
	equal(t, "value", got, made)
}

func TestR026_R028_the_error_of_main_comes_out_as_it_is(t *testing.T) {
	r := newRunner(t)
	failure := &os.PathError{Op: "test", Path: "nowhere", Err: errFirst}
	same(t, r.Run(background, func(ctx context.Context) error {
		runner.Yield(ctx)
		return failure
	}), failure)
	same(t, r.Run(background, func(context.Context) error { return runner.ErrEmpty }), runner.ErrEmpty)
	fine(t, r.Run(background, func(context.Context) error { return nil }))
}

func TestR029_a_main_that_says_so_counts_as_cancelled(t *testing.T) {
	r := newRunner(t)
	wrapped := errors.Join(runner.ErrCanceled)
	same(t, r.Run(background, func(context.Context) error { return wrapped }), wrapped)
	// What says something else as well has failed.
	both := errors.Join(runner.ErrCanceled, errFirst)
	same(t, r.Run(background, func(context.Context) error { return both }), both)
}

func TestR030_R031_a_run_inside_of_a_loop_is_refused(t *testing.T) {
	r, other := newRunner(t), newRunner(t)
	never := func(context.Context) error { t.Error("it was run"); return nil }
	fine(t, r.Run(background, func(ctx context.Context) error {
		for _, in := range []context.Context{ctx, background} {
			is(t, r.Run(in, never), runner.ErrRunning)
			is(t, other.Run(in, never), runner.ErrRunning)
			_, err := runner.Run(in, nothing(never))
			is(t, err, runner.ErrRunning)
		}
		fine(t, runner.LoopOf(ctx).CallSoon(func() {
			is(t, other.Run(background, never), runner.ErrRunning)
		}))
		return runner.Sleep(ctx, ms)
	}))
}

func TestR032_a_run_in_a_thread_is_allowed(t *testing.T) {
	r := newRunner(t)
	fine(t, r.Run(background, func(ctx context.Context) error {
		value, err := runner.ToThread(ctx, func(ctx context.Context) (int, error) {
			is(t, r.Run(ctx, func(context.Context) error { return nil }), runner.ErrBusy)
			return runner.Run(ctx, returning(ms, 7))
		})
		equal(t, "value", value, 7)
		return err
	}))
}

func TestR033_a_stopped_run_leaves_main_for_the_next(t *testing.T) {
	r := newRunner(t)
	ended := false
	is(t, r.Run(background, func(ctx context.Context) error {
		fine(t, runner.LoopOf(ctx).Stop())
		err := runner.Sleep(ctx, 10*ms)
		ended = true
		return err
	}), runner.ErrStopped)
	equal(t, "main has ended", ended, false)
	fine(t, r.Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, 20*ms) }))
	equal(t, "main has ended", ended, true)
	is(t, r.Loop().Stop(), runner.ErrNoTask)
}

func TestR034_tasks_that_are_left_go_on_in_the_next_run(t *testing.T) {
	r := newRunner(t)
	var left *runner.Task[int]
	fine(t, r.Run(background, func(ctx context.Context) error {
		left = runner.Go(ctx, returning(10*ms, 5))
		return runner.Yield(ctx)
	}))
	_, err := left.Result()
	is(t, err, runner.ErrPending)
	fine(t, r.Run(background, func(ctx context.Context) error {
		value, err := left.Await(ctx)
		equal(t, "value", value, 5)
		return err
	}))
}

func TestR035_R036_what_is_ready_when_main_ends_runs_once_more(t *testing.T) {
	r := newRunner(t)
	var log []string
	fine(t, r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			log = append(log, "child")
			runner.Go(ctx, nothing(func(context.Context) error {
				t.Error("the grandchild ran")
				return nil
			}))
			return nil
		}))
		loop := runner.LoopOf(ctx)
		fine(t, loop.CallSoon(func() { log = append(log, "soon") }))
		_, err := loop.CallLater(ms, func() { t.Error("the timer ran") })
		return err
	}))
	equalSlices(t, "log", log, []string{"child", "soon"})
}

func TestR045_runners_run_side_by_side(t *testing.T) {
	leavesNothing(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			value, err := runner.Run(background, func(ctx context.Context) (int, error) {
				tasks := make([]*runner.Task[int], 100)
				for j := range tasks {
					tasks[j] = runner.Go(ctx, returning(time.Duration(j%3)*ms, i))
				}
				sum := 0
				for _, task := range tasks {
					value, err := task.Await(ctx)
					if err != nil {
						return 0, err
					}
					sum += value
				}
				return sum, nil
			})
			if err != nil || value != 100*i {
				t.Errorf("runner %d: %d, %v", i, value, err)
			}
		}()
	}
	all.Wait()
}

func TestR046_R053_a_runner_is_run_by_one_at_a_time(t *testing.T) {
	r := newRunner(t)
	started, stop := make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- r.Run(background, func(ctx context.Context) error {
			_, err := runner.ToThread(ctx, nothing(func(context.Context) error {
				close(started)
				<-stop
				return nil
			}))
			return err
		})
	}()
	<-started
	equal(t, "running", r.Running(), true)
	is(t, r.Run(background, func(context.Context) error { return nil }), runner.ErrBusy)
	is(t, r.Close(), runner.ErrBusy)
	_, err := r.Tasks()
	is(t, err, runner.ErrThread)
	close(stop)
	fine(t, <-ended)
	equal(t, "running", r.Running(), false)
}

func TestR047_R048_runners_are_used_by_turns_from_any_goroutine(t *testing.T) {
	runners := []*runner.Runner{newRunner(t), newRunner(t)}
	for i := range 20 {
		done := make(chan error)
		go func() {
			done <- runners[i%2].Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, ms) })
		}()
		fine(t, <-done)
	}
}

func TestR049_a_close_cancels_the_tasks_of_its_runner_only(t *testing.T) {
	first, second := newRunner(t), newRunner(t)
	var tasks [2]*runner.Task[int]
	for i, r := range []*runner.Runner{first, second} {
		fine(t, r.Run(background, func(ctx context.Context) error {
			tasks[i] = runner.Go(ctx, returning(time.Hour, i))
			return runner.Yield(ctx)
		}))
	}
	fine(t, first.Close())
	equal(t, "cancelled", tasks[0].Cancelled(), true)
	_, err := tasks[1].Result()
	is(t, err, runner.ErrPending)
}

func TestR050_the_loop_is_found_in_its_tasks_only(t *testing.T) {
	r := newRunner(t)
	equal(t, "outside", runner.LoopOf(background), nil)
	var left context.Context
	fine(t, r.Run(background, func(ctx context.Context) error {
		left = ctx
		_, err := runner.ToThread(ctx, nothing(func(ctx context.Context) error {
			equal(t, "in a thread", runner.LoopOf(ctx), nil)
			return nil
		}))
		return err
	}))
	equal(t, "afterwards", runner.LoopOf(left), nil)
	equal(t, "task afterwards", runner.Current(left), nil)
}

func TestR066_R067_R068_debug_mode_is_an_option_or_a_variable(t *testing.T) {
	slow := func(opts ...runner.Option) int {
		var seen exceptions
		opts = append(opts, seen.option(), runner.WithSlowStep(0))
		inTask(t, func(context.Context) { time.Sleep(2 * ms) }, opts...)
		return len(seen.got)
	}
	for _, variable := range []string{"", "1"} {
		t.Setenv("LIBRUNNER_DEBUG", variable)
		equal(t, "on", slow(runner.WithDebug(true)) > 0, true)
		equal(t, "off", slow(runner.WithDebug(false)), 0)
		equal(t, "default", slow() > 0, variable != "")
	}
}

func TestR070_a_slow_step_is_reported_with_its_task(t *testing.T) {
	var seen exceptions
	inTask(t, func(ctx context.Context) {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			time.Sleep(2 * ms)
			return runner.Yield(ctx)
		}), runner.Name("slow"))
		turns(t, ctx, 3)
	}, seen.option(), runner.WithDebug(true), runner.WithSlowStep(2*ms))
	for _, x := range seen.got {
		if x.Name == "slow" && x.Duration >= 2*ms {
			return
		}
	}
	t.Errorf("got %+v", seen.got)
}
