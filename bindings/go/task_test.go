package runner_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

func Test_a_task_has_an_outcome_that_many_may_await(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, returning(10*ms, 7), runner.Name("seven"))
		equal(t, "name", task.Name(), "seven")
		equal(t, "cancelled", task.Cancelled(), false)
		var waiters []*runner.Task[int]
		for range 3 {
			waiters = append(waiters, runner.Go(ctx, func(ctx context.Context) (int, error) {
				return task.Await(ctx)
			}))
		}
		for _, waiter := range waiters {
			value, err := waiter.Await(ctx)
			fine(t, err)
			equal(t, "value", value, 7)
		}
		value, err := task.Result()
		fine(t, err)
		equal(t, "result", value, 7)
		value, err = task.Await(ctx)
		fine(t, err)
		equal(t, "awaited again", value, 7)
	})
}

func Test_the_error_of_a_task_comes_out_as_it_is_and_through_chains(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		inner := runner.Go(ctx, nothing(failing(ms, errFirst)))
		middle := runner.Go(ctx, func(ctx context.Context) (struct{}, error) { return inner.Await(ctx) })
		_, err := middle.Await(ctx)
		same(t, err, errFirst)
		_, err = inner.Await(ctx)
		same(t, err, errFirst)
		_, err = inner.Result()
		same(t, err, errFirst)
	})
}

func Test_tasks_begin_a_turn_later_in_the_order_of_their_start(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var log []int
		for i := range 1000 { // more than a batch has room for
			runner.Go(ctx, nothing(func(context.Context) error { log = append(log, i); return nil }))
		}
		equal(t, "started", len(log), 0)
		fine(t, runner.Yield(ctx))
		equal(t, "started", len(log), 1000)
		for i, got := range log {
			if got != i {
				t.Fatalf("%d was started as number %d", got, i)
			}
		}
	})
}

func TestR190_R195_yielding_tasks_take_turns(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var log []string
		for _, name := range []string{"a", "b"} {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				for range 3 {
					log = append(log, name)
					if err := runner.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		turns(t, ctx, 5)
		equalSlices(t, "log", log, []string{"a", "b", "a", "b", "a", "b"})
	})
}

func TestR193_equal_sleeps_end_in_the_order_of_their_start(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var log []int
		for i := range 600 {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				err := runner.Sleep(ctx, 5*ms)
				log = append(log, i)
				return err
			}))
		}
		fine(t, runner.Sleep(ctx, 10*ms))
		equal(t, "ended", len(log), 600)
		for i, got := range log {
			if got != i {
				t.Fatalf("%d has ended as number %d", got, i)
			}
		}
	})
}

func TestR194_a_sleep_is_never_too_short(t *testing.T) {
	leavesNothing(t)
	_, err := runner.Run(background, nothing(func(ctx context.Context) error {
		time.Sleep(20 * ms) // the clock of the loop is late now
		for _, d := range []time.Duration{time.Microsecond, ms, 3*ms + 300*time.Microsecond} {
			begun := time.Now()
			fine(t, runner.Sleep(ctx, d))
			if slept := time.Since(begun); slept < d {
				t.Errorf("slept %v instead of %v", slept, d)
			}
		}
		return nil
	}))
	fine(t, err)
}

func Test_hundred_thousand_tasks_sleep_at_once(t *testing.T) {
	if testing.Short() {
		t.Skip("takes memory")
	}
	const count = 100_000
	inTask(t, func(ctx context.Context) {
		woken := 0
		tasks := make([]*runner.Task[struct{}], count)
		for i := range tasks {
			tasks[i] = runner.Go(ctx, nothing(func(ctx context.Context) error {
				err := runner.Sleep(ctx, time.Second)
				woken++
				return err
			}))
		}
		for _, task := range tasks {
			_, err := task.Await(ctx)
			fine(t, err)
		}
		equal(t, "woken", woken, count)
	})
}

func Test_a_goroutine_awaits_on_a_channel(t *testing.T) {
	r := newRunner(t)
	var good, bad *runner.Task[int]
	var waiting sync.WaitGroup
	wait := func(task *runner.Task[int], want int, failure error) {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			<-task.Done()
			value, err := task.Await(background)
			if value != want || err != failure {
				t.Errorf("got %d, %v instead of %d, %v", value, err, want, failure)
			}
		}()
	}
	fine(t, r.Run(background, func(ctx context.Context) error {
		good = runner.Go(ctx, returning(ms, 7))
		bad = runner.Go(ctx, func(ctx context.Context) (int, error) { return 0, failing(ms, errFirst)(ctx) })
		for range 3 {
			wait(good, 7, nil)
			wait(bad, 0, errFirst)
		}
		return runner.Sleep(ctx, 2*ms)
	}))
	waiting.Wait()
	wait(good, 7, nil) // while nothing runs
	wait(bad, 0, errFirst)
	waiting.Wait()
}

func Test_a_goroutine_stops_awaiting_when_its_context_ends(t *testing.T) {
	r := newRunner(t)
	var task *runner.Task[int]
	fine(t, r.Run(background, func(ctx context.Context) error {
		task = runner.Go(ctx, returning(time.Hour, 7))
		return nil
	}))
	ctx, cancel := context.WithCancelCause(background)
	cancel(errFirst)
	_, err := task.Await(ctx)
	same(t, err, errFirst)
}

func TestR188_a_goroutine_that_awaits_is_told_at_the_close(t *testing.T) {
	r := newRunner(t)
	told := make(chan error, 2)
	fine(t, r.Run(background, func(ctx context.Context) error {
		task, future := runner.Go(ctx, returning(time.Hour, 7)), runner.NewFuture[int](ctx)
		go func() { _, err := task.Await(background); told <- err }()
		go func() { _, err := future.Await(background); told <- err }()
		return runner.Sleep(ctx, ms)
	}))
	fine(t, r.Close())
	is(t, <-told, runner.ErrCanceled)
	is(t, <-told, runner.ErrCanceled)
}

func TestR188_a_future_of_a_closed_runner_is_cancelled(t *testing.T) {
	r := newRunner(t)
	var futures [3]*runner.Future[int]
	fine(t, r.Run(background, func(ctx context.Context) error {
		for i := range futures {
			futures[i] = runner.NewFuture[int](ctx)
		}
		return nil
	}))
	_, err := futures[0].Result()
	is(t, err, runner.ErrPending)
	fine(t, r.Close())
	_, err = futures[0].Result()
	is(t, err, runner.ErrCanceled, runner.ErrClosed)
	_, err = futures[1].Await(background)
	is(t, err, runner.ErrCanceled)
	<-futures[2].Done()
	is(t, futures[2].Resolve(1), runner.ErrDone)
}

func TestR093_a_failure_that_nobody_takes_is_reported_once(t *testing.T) {
	var seen exceptions
	inTask(t, func(ctx context.Context) {
		kept := []*runner.Task[struct{}]{
			runner.Go(ctx, nothing(failing(0, errFirst)), runner.Name("not taken")),
			runner.Go(ctx, nothing(failing(0, errSecond))),
			runner.Go(ctx, nothing(failing(0, errThird))),
		}
		turns(t, ctx, 3)
		_, err := kept[1].Await(ctx)
		same(t, err, errSecond)
		_, err = kept[2].Result()
		same(t, err, errThird)
		equal(t, "reported before the close", len(seen.got), 0)
		runtime.KeepAlive(kept)
	}, seen.option())
	equal(t, "reported", len(seen.got), 1)
	same(t, seen.got[0].Err, errFirst)
	equal(t, "name", seen.got[0].Name, "not taken")
}

func TestR093_a_failure_is_reported_once_nobody_can_take_it(t *testing.T) {
	var seen exceptions
	inTask(t, func(ctx context.Context) {
		runner.Go(ctx, nothing(failing(0, errFirst)))
		future := runner.NewFuture[int](ctx)
		fine(t, future.Reject(errSecond))
		for range 10_000 {
			runtime.GC()
			fine(t, runner.Yield(ctx))
			if len(seen.got) == 2 {
				break
			}
		}
		equal(t, "reported while the task runs", len(seen.got), 2)
	}, seen.option())
	equal(t, "reported", len(seen.got), 2)
	is(t, errors.Join(seen.got[0].Err, seen.got[1].Err), errFirst, errSecond)
}

func TestR092_without_a_handler_it_is_logged(t *testing.T) {
	log := newLog()
	inTask(t, func(ctx context.Context) {
		runner.Go(ctx, nothing(failing(0, errFirst)), runner.Name("lost"))
		turns(t, ctx, 3)
	}, log.option())
	for _, text := range []string{"level=ERROR", "err=first", "name=lost", "never retrieved"} {
		if !log.has(text) {
			t.Errorf("%q is not in the log:\n%s", text, log)
		}
	}
}

func TestR073_in_debug_mode_a_report_says_where_the_task_was_started(t *testing.T) {
	var seen exceptions
	inTask(t, func(ctx context.Context) {
		runner.Go(ctx, nothing(failing(0, errFirst)))
		turns(t, ctx, 3)
	}, seen.option(), runner.WithDebug(true))
	equal(t, "reported", len(seen.got), 1)
	if site := seen.got[0].Site; !containsAll(site, "task_test.go:") {
		t.Errorf("the site is %q", site)
	}
}

func Test_a_future_is_settled_once(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		good, bad, gone := runner.NewFuture[int](ctx), runner.NewFuture[int](ctx), runner.NewFuture[int](ctx)
		_, err := good.Result()
		is(t, err, runner.ErrPending)
		fine(t, runner.LoopOf(ctx).CallSoon(func() {
			fine(t, good.Resolve(7))
			fine(t, bad.Reject(errFirst))
			equal(t, "cancel", gone.Cancel(errSecond), true)
		}))
		value, err := good.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 7)
		_, err = bad.Await(ctx)
		same(t, err, errFirst)
		_, err = gone.Await(ctx)
		is(t, err, runner.ErrCanceled, errSecond)
		equal(t, "cancelled", gone.Cancelled(), true)
		is(t, good.Resolve(8), runner.ErrDone)
		is(t, good.Reject(errFirst), runner.ErrDone)
		equal(t, "cancel", good.Cancel(), false)
		is(t, good.Reject(nil), runner.ErrInvalid)
		value, _ = good.Result()
		equal(t, "value", value, 7)
	})
}

func TestR147_a_future_is_cancelled_with_the_task_that_awaits_it(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		future := runner.NewFuture[int](ctx)
		waiter := runner.Go(ctx, func(ctx context.Context) (int, error) { return future.Await(ctx) })
		fine(t, runner.Yield(ctx))
		waiter.Cancel(errFirst)
		_, err := waiter.Await(ctx)
		is(t, err, runner.ErrCanceled, errFirst)
		equal(t, "cancelled", future.Cancelled(), true)
		is(t, future.Resolve(1), runner.ErrDone)
		<-future.Done()
	})
}

func Test_tasks_are_listed(t *testing.T) {
	r := newRunner(t)
	fine(t, r.Run(background, func(ctx context.Context) error {
		sleeper := runner.Go(ctx, returning(time.Hour, 1), runner.Name("sleeper"))
		waiter := runner.Go(ctx, func(ctx context.Context) (int, error) { return sleeper.Await(ctx) })
		fine(t, runner.Yield(ctx))
		infos, err := r.Tasks()
		fine(t, err)
		equal(t, "tasks", len(infos), 3)
		equal(t, "state of main", infos[0].State, "running")
		equal(t, "name", infos[1].Name, "sleeper")
		equal(t, "state", infos[1].State, "waiting")
		equal(t, "waits", infos[1].Waits, "sleep")
		equal(t, "awaits", infos[2].Awaits, infos[1].ID)
		equal(t, "name", infos[2].Name, waiter.Name())
		return nil
	}, runner.Name("main")))
	infos, err := r.Tasks()
	fine(t, err)
	equal(t, "tasks between runs", len(infos), 2)
}
