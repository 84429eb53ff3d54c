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

func TestR102_a_function_runs_once_beside_the_tasks(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var ran atomic.Int32
		value, err := runner.ToThread(ctx, func(context.Context) (int, error) {
			ran.Add(1)
			return 7, nil
		})
		fine(t, err)
		equal(t, "value", value, 7)
		equal(t, "ran", ran.Load(), 1)
		_, err = runner.ToThread(ctx, nothing(func(context.Context) error { return errFirst }))
		same(t, err, errFirst)
	})
}

func TestR103_functions_run_in_parallel(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		const count = 50
		var here sync.WaitGroup
		here.Add(count)
		tasks := make([]*runner.Task[int], count)
		for i := range tasks {
			tasks[i] = runner.Go(ctx, func(ctx context.Context) (int, error) {
				return runner.ToThread(ctx, func(context.Context) (int, error) {
					here.Done()
					here.Wait() // for all of them
					return i, nil
				})
			})
		}
		values, err := runner.Gather(ctx, tasks...)
		fine(t, err)
		for i, value := range values {
			equal(t, "value", value, i)
		}
	})
}

func TestR105_a_cancelled_wait_leaves_its_function_to_itself(t *testing.T) {
	leavesNothing(t)
	stop, ended := make(chan struct{}), make(chan struct{})
	r := runner.New()
	fine(t, r.Run(background, func(ctx context.Context) error {
		var inside context.Context
		started := make(chan struct{})
		task := runner.Go(ctx, func(ctx context.Context) (int, error) {
			return runner.ToThread(ctx, func(ctx context.Context) (int, error) {
				defer close(ended)
				inside = ctx
				close(started)
				<-ctx.Done()
				<-stop
				return 7, errFirst
			})
		})
		fine(t, runner.Yield(ctx))
		<-started
		task.Cancel(errSecond)
		value, err := task.Await(ctx)
		is(t, err, runner.ErrCanceled, errSecond)
		equal(t, "value", value, 0)
		same(t, inside.Err(), context.Canceled)
		close(stop)
		return nil
	}))
	fine(t, r.Close())
	<-ended
}

func TestR106_a_close_waits_for_functions(t *testing.T) {
	leavesNothing(t)
	r := runner.New()
	ended := false
	fine(t, r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, err := runner.ToThread(ctx, nothing(func(ctx context.Context) error {
				<-ctx.Done() // the close cancels the task
				time.Sleep(5 * ms)
				ended = true
				return nil
			}))
			return err
		}))
		turns(t, ctx, 2)
		return nil
	}))
	fine(t, r.Close())
	equal(t, "ended", ended, true)
}

func TestR109_a_function_may_call_back_while_the_close_waits_for_it(t *testing.T) {
	leavesNothing(t)
	r := runner.New()
	called := make(chan struct{})
	fine(t, r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, err := runner.ToThread(ctx, nothing(func(ctx context.Context) error {
				<-ctx.Done()
				fine(t, r.Loop().CallSoonThreadsafe(func() { close(called) }))
				<-called
				return nil
			}))
			return err
		}))
		turns(t, ctx, 2)
		return nil
	}))
	fine(t, r.Close())
	<-called
}

func TestR110_R111_a_function_that_does_not_end_is_left_behind(t *testing.T) {
	leavesNothing(t)
	log := newLog()
	r := runner.New(runner.WithJoinTimeout(5*ms), log.option())
	stop := make(chan struct{})
	fine(t, r.Run(background, func(ctx context.Context) error {
		for _, body := range []func(context.Context) error{
			func(context.Context) error { <-stop; return errFirst },
			func(context.Context) error { <-stop; panic("boom") },
		} {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				_, err := runner.ToThread(ctx, nothing(body))
				return err
			}))
		}
		turns(t, ctx, 2)
		return nil
	}))
	is(t, r.Close(), runner.ErrTimeout)
	jobs := 0
	for _, entry := range r.Report() {
		if entry.Kind == runner.ReportJob {
			jobs++
		}
	}
	equal(t, "jobs in the report", jobs, 2)
	close(stop)
	eventually(t, "the late panic is logged", func() bool { return log.has("boom") })
}

func TestR062_a_function_has_the_values_of_its_task_and_no_task(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(context.WithValue(ctx, key("k"), 1), time.Hour)
		defer cancel()
		want, _ := ctx.Deadline()
		_, err := runner.ToThread(ctx, nothing(func(ctx context.Context) error {
			equal(t, "value", ctx.Value(key("k")), any(1))
			got, _ := ctx.Deadline()
			equal(t, "deadline", got, want)
			equal(t, "task", runner.Current(ctx), nil)
			is(t, runner.Sleep(ctx, 0), runner.ErrNoTask)
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			stop := context.AfterFunc(ctx, func() {})
			equal(t, "stop", stop(), true)
			fine(t, derived.Err())
			return ctx.Err()
		}))
		fine(t, err)
	})
}

func Test_the_context_of_a_function_ends_with_it(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		called := make(chan struct{})
		inside, err := runner.ToThread(ctx, func(ctx context.Context) (context.Context, error) {
			context.AfterFunc(ctx, func() { close(called) })
			return ctx, nil
		})
		fine(t, err)
		<-inside.Done()
		<-called
		fine(t, ctx.Err())
	})
}

func Test_a_goroutine_awaits_inside_of_a_function(t *testing.T) {
	value, err := runner.Run(background, func(ctx context.Context) (int, error) {
		task := runner.Go(ctx, returning(ms, 7))
		return runner.ToThread(ctx, func(ctx context.Context) (int, error) { return task.Await(ctx) })
	})
	fine(t, err)
	equal(t, "value", value, 7)
}

func Test_ToThread_is_refused_without_a_task_or_a_function(t *testing.T) {
	_, err := runner.ToThread(background, returning(0, 1))
	is(t, err, runner.ErrNoTask)
	inTask(t, func(ctx context.Context) {
		_, err := runner.ToThread[int](ctx, nil)
		is(t, err, runner.ErrInvalid)
	})
}

func Test_tasks_share_without_locks(t *testing.T) {
	// The race detector sees it if two tasks, or a task and the caller of Run, are not in order.
	leavesNothing(t)
	shared := 0
	r := runner.New()
	defer r.Close()
	for range 3 {
		fine(t, r.Run(background, func(ctx context.Context) error {
			for range 100 {
				runner.Go(ctx, nothing(func(ctx context.Context) error {
					for range 10 {
						shared++
						runtime.Gosched()
						if err := runner.Yield(ctx); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			shared++
			return runner.Sleep(ctx, ms)
		}))
		shared++
	}
}
