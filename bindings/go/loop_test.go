package runner_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

func TestR190_R064_callbacks_are_called_in_order(t *testing.T) {
	r := newRunner(t)
	var log []int
	add := func(n int) func() { return func() { log = append(log, n) } }
	fine(t, r.Loop().CallSoon(add(0))) // before the run
	fine(t, r.Run(background, func(ctx context.Context) error {
		loop := runner.LoopOf(ctx)
		for i := 1; i < 4; i++ {
			fine(t, loop.CallSoon(add(i)))
		}
		fine(t, loop.CallSoon(func() { fine(t, loop.CallSoon(add(4))) }))
		return runner.Sleep(ctx, ms)
	}))
	equalSlices(t, "log", log, []int{0, 1, 2, 3, 4})
}

func TestR192_R193_timers_are_called_in_the_order_of_their_times(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		later := func(delay time.Duration, name string) *runner.Timer {
			timer, err := runner.LoopOf(ctx).CallLater(delay, func() { d.add("%s", name) })
			fine(t, err)
			return timer
		}
		later(20*ms, "20a")
		later(10*ms, "10")
		later(20*ms, "20b")
		_, err := runner.LoopOf(ctx).CallAt(runner.LoopOf(ctx).Time()+15*ms, func() { d.add("at 15") })
		fine(t, err)
		fine(t, runner.Sleep(ctx, 30*ms))
		d.expect(t, "10 10", "15 at 15", "20 20a", "20 20b")
	})
}

func TestR192_a_time_that_has_passed_is_due_and_keeps_its_order(t *testing.T) {
	leavesNothing(t)
	var log []int
	_, err := runner.Run(background, nothing(func(ctx context.Context) error {
		for _, delay := range []int{-1, -2, 0, -3} {
			_, err := runner.LoopOf(ctx).CallLater(time.Duration(delay)*time.Second, func() { log = append(log, delay) })
			fine(t, err)
		}
		return runner.Sleep(ctx, 2*ms)
	}))
	fine(t, err)
	equalSlices(t, "log", log, []int{-3, -2, -1, 0})
}

func TestR196_a_timer_that_is_taken_back_is_not_called(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		before := runner.HostCount(ctx)
		for range 1000 {
			timer, err := runner.LoopOf(ctx).CallLater(time.Hour, func() { t.Error("it was called") })
			fine(t, err)
			equal(t, "cancel", timer.Cancel(), true)
			equal(t, "cancel again", timer.Cancel(), false)
		}
		fine(t, runner.Yield(ctx))
		equal(t, "ids in use", runner.HostCount(ctx), before)
		var called *runner.Timer
		called, err := runner.LoopOf(ctx).CallLater(0, func() { equal(t, "cancel inside", called.Cancel(), false) })
		fine(t, err)
		fine(t, runner.Sleep(ctx, ms))
		equal(t, "cancel afterwards", called.Cancel(), false)
	})
}

func TestR197_a_timer_may_be_far_away(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		called := false
		_, err := runner.LoopOf(ctx).CallLater(200*365*24*time.Hour, func() { called = true })
		fine(t, err)
		fine(t, runner.Sleep(ctx, 201*365*24*time.Hour))
		equal(t, "called", called, true)
	})
}

func TestR191_callbacks_without_an_end_do_not_keep_timers_away(t *testing.T) {
	leavesNothing(t)
	_, err := runner.Run(background, nothing(func(ctx context.Context) error {
		loop, stop := runner.LoopOf(ctx), false
		var again func()
		again = func() {
			if !stop {
				fine(t, loop.CallSoon(again))
			}
		}
		again()
		err := runner.Sleep(ctx, ms)
		stop = true
		return err
	}))
	fine(t, err)
}

func TestR098_what_is_scheduled_at_the_close_is_dropped(t *testing.T) {
	r := newRunner(t)
	never := func() { t.Error("it was called") }
	fine(t, r.Run(background, func(ctx context.Context) error {
		_, err := runner.LoopOf(ctx).CallLater(time.Hour, never)
		return err
	}))
	_, err := r.Loop().CallLater(time.Hour, never)
	fine(t, err)
	fine(t, r.Close())
}

func TestR188_what_other_goroutines_bring_is_called_or_refused(t *testing.T) {
	leavesNothing(t)
	for range 20 {
		r := runner.New()
		var accepted, called atomic.Int64
		var all sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				for {
					select {
					case <-stop:
						return
					default:
					}
					if accepted.Load() > called.Load()+100 {
						runtime.Gosched()
						continue
					}
					switch err := r.Loop().CallSoonThreadsafe(func() { called.Add(1) }); err {
					case nil:
						accepted.Add(1)
					case runner.ErrClosed:
						return
					default:
						t.Error(err)
					}
				}
			}()
		}
		fine(t, r.Run(background, func(ctx context.Context) error {
			for called.Load() < 100 {
				if err := runner.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		}))
		fine(t, r.Close())
		close(stop)
		all.Wait()
		if called.Load() > accepted.Load() {
			t.Errorf("%d were called, %d accepted", called.Load(), accepted.Load())
		}
		is(t, r.Loop().CallSoonThreadsafe(func() {}), runner.ErrClosed)
	}
}

func Test_a_callback_from_another_goroutine_wakes_a_loop_that_waits(t *testing.T) {
	leavesNothing(t)
	for _, locked := range []bool{false, true} {
		var opts []runner.Option
		if locked {
			opts = append(opts, runner.WithLockedThread())
		}
		_, err := runner.Run(background, nothing(func(ctx context.Context) error {
			loop := runner.LoopOf(ctx)
			for range 100 {
				release, err := loop.Hold()
				fine(t, err)
				future := runner.NewFuture[int](ctx)
				go func() {
					defer release()
					fine(t, loop.CallSoonThreadsafe(func() { fine(t, future.Resolve(7)) }))
				}()
				value, err := future.Await(ctx)
				fine(t, err)
				equal(t, "value", value, 7)
			}
			return nil
		}), opts...)
		fine(t, err)
	}
}

func Test_a_deadlock_is_an_error_with_its_chain(t *testing.T) {
	r := newRunner(t)
	fine(t, r.Run(background, func(context.Context) error { return nil }))
	equal(t, "entries", len(r.Report()), 0)
	is(t, r.Run(background, func(ctx context.Context) error {
		stuck := runner.Go(ctx, func(ctx context.Context) (int, error) {
			return runner.NewFuture[int](ctx).Await(ctx)
		}, runner.Name("stuck"))
		_, err := stuck.Await(ctx)
		return err
	}, runner.Name("main")), runner.ErrDeadlock)
	report := r.Report()
	equal(t, "entries", len(report), 1)
	equal(t, "kind", report[0].Kind, runner.ReportDeadlock)
	if !containsAll(report[0].Name, "main", "stuck", "future") {
		t.Errorf("the chain is %q", report[0].Name)
	}
}

func Test_who_holds_the_loop_keeps_it_from_a_deadlock(t *testing.T) {
	r := newRunner(t)
	release, err := r.Loop().Hold()
	fine(t, err)
	is(t, r.Run(background, func(ctx context.Context) error {
		time.AfterFunc(5*ms, release) // the loop is told
		_, err := runner.NewFuture[int](ctx).Await(ctx)
		return err
	}), runner.ErrDeadlock)
	release()
}

func Test_without_deadlock_detection_the_loop_waits(t *testing.T) {
	r := newRunner(t, runner.WithDeadlockDetection(false))
	fine(t, r.Run(background, func(ctx context.Context) error {
		future, loop := runner.NewFuture[int](ctx), runner.LoopOf(ctx)
		time.AfterFunc(5*ms, func() { loop.CallSoonThreadsafe(func() { future.Resolve(1) }) })
		_, err := future.Await(ctx)
		return err
	}))
}

func Test_the_virtual_clock_stands_still_while_anything_is_ready(t *testing.T) {
	begun := time.Now()
	inTask(t, func(ctx context.Context) {
		loop := runner.LoopOf(ctx)
		equal(t, "time", loop.Time(), 0)
		turns(t, ctx, 100)
		equal(t, "time", loop.Time(), 0)
		fine(t, runner.Sleep(ctx, 24*time.Hour))
		equal(t, "time", loop.Time(), 24*time.Hour)
	})
	if took := time.Since(begun); took > time.Hour {
		t.Errorf("it took %v", took)
	}
}

func Test_callbacks_are_refused_without_a_function(t *testing.T) {
	r := newRunner(t)
	is(t, r.Loop().CallSoon(nil), runner.ErrInvalid)
	is(t, r.Loop().CallSoonThreadsafe(nil), runner.ErrInvalid)
	_, err := r.Loop().CallLater(0, nil)
	is(t, err, runner.ErrInvalid)
	_, err = r.Loop().CallAt(0, nil)
	is(t, err, runner.ErrInvalid)
	equal(t, "cancel of no timer", (*runner.Timer)(nil).Cancel(), false)
	equal(t, "cancel of a zero timer", new(runner.Timer).Cancel(), false)
}
