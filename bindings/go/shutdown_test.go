package runner_test

import (
	"context"
	"sync"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// kinds are those of the entries of a report.
func kinds(r *runner.Runner) (found []runner.ReportKind) {
	for _, entry := range r.Report() {
		found = append(found, entry.Kind)
	}
	return found
}

func TestR079_R083_R089_a_close_cancels_what_is_left_and_waits(t *testing.T) {
	var seen exceptions
	r := newRunner(t, seen.option())
	var log []string
	fine(t, r.Run(background, func(ctx context.Context) error {
		for _, name := range []string{"a", "b", "c"} {
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				err := forever(ctx)
				log = append(log, name+" cancelled")
				runner.Sleep(ctx, ms)
				log = append(log, name+" ended")
				return err
			}), runner.Name(name))
		}
		return runner.Yield(ctx)
	}))
	fine(t, r.Close())
	equalSlices(t, "log", log, []string{
		"a cancelled", "b cancelled", "c cancelled", "a ended", "b ended", "c ended"})
	equal(t, "reported", len(seen.got), 0)
	equalSlices(t, "report", kinds(r),
		[]runner.ReportKind{runner.ReportCanceled, runner.ReportCanceled, runner.ReportCanceled})
	equal(t, "name", r.Report()[0].Name, "a")
	equal(t, "kind as text", r.Report()[0].Kind.String(), "canceled")
}

func TestR080_the_phases_of_a_close_have_their_order(t *testing.T) {
	var mu sync.Mutex // the function in the thread adds as well
	var log []string
	add := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, what)
	}
	leavesNothing(t)
	_, err := runner.Run(background, nothing(func(ctx context.Context) error {
		_, err := runner.Register(ctx, "closable", func(ctx context.Context) error {
			add("closable")
			return nil
		})
		fine(t, err)
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, err := runner.ToThread(ctx, nothing(func(ctx context.Context) error {
				<-ctx.Done()
				add("thread")
				return nil
			}))
			add("task")
			runner.Sleep(ctx, ms)
			return err
		}))
		turns(t, ctx, 2)
		add("main")
		return nil
	}), runner.WithExceptionHandler(func(runner.Exception) { add("report") }))
	fine(t, err)
	if len(log) != 4 || log[0] != "main" || log[3] != "closable" {
		t.Errorf("got %v", log)
	}
}

func TestR081_R082_R100_an_error_in_a_cleanup_is_reported_and_the_result_stays(t *testing.T) {
	var seen exceptions
	value, err := runner.Run(background, func(ctx context.Context) (int, error) {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			forever(ctx)
			return errFirst
		}), runner.Name("bad"))
		return 7, runner.Yield(ctx)
	}, seen.option())
	fine(t, err)
	equal(t, "value", value, 7)
	equal(t, "reported", len(seen.got), 1)
	same(t, seen.got[0].Err, errFirst)
	equal(t, "name", seen.got[0].Name, "bad")
	if !containsAll(seen.got[0].Message, "shutdown") {
		t.Errorf("the message is %q", seen.got[0].Message)
	}
}

func TestR084_a_task_may_refuse_to_be_cancelled(t *testing.T) {
	r := newRunner(t)
	var task *runner.Task[int]
	fine(t, r.Run(background, func(ctx context.Context) error {
		task = runner.Go(ctx, func(ctx context.Context) (int, error) {
			forever(ctx)
			return 7, nil
		})
		return runner.Yield(ctx)
	}))
	fine(t, r.Close())
	value, err := task.Result()
	fine(t, err)
	equal(t, "value", value, 7)
	equalSlices(t, "report", kinds(r), []runner.ReportKind{runner.ReportRefused})
}

func TestR085_a_task_that_never_ends_is_given_up_and_unwound(t *testing.T) {
	for _, locked := range []bool{false, true} {
		opts := []runner.Option{runner.WithCancelGrace(10 * ms)}
		if locked {
			opts = append(opts, runner.WithLockedThread())
		}
		r := newRunner(t, opts...)
		var log []string
		var tasks [3]*runner.Task[struct{}]
		fine(t, r.Run(background, func(ctx context.Context) error {
			for i := range tasks {
				tasks[i] = runner.Go(ctx, nothing(func(ctx context.Context) error {
					defer func() {
						if i == 1 {
							panic("nobody is there to hear it")
						}
					}()
					defer func() {
						is(t, runner.Sleep(ctx, 0), runner.ErrClosed)
						log = append(log, "unwound")
					}()
					for {
						runner.Sleep(ctx, time.Hour)
					}
				}), runner.Name("stubborn"))
			}
			return runner.Yield(ctx)
		}))
		is(t, r.Close(), runner.ErrTimeout)
		for _, task := range tasks {
			_, err := task.Result()
			is(t, err, runner.ErrAbandoned)
			<-task.Done()
		}
		equalSlices(t, "log", log, []string{"unwound", "unwound", "unwound"})
		report := r.Report()
		equal(t, "entries", len(report), 3)
		equal(t, "kind", report[0].Kind, runner.ReportAbandoned)
		equal(t, "name", report[0].Name, "stubborn")
		equal(t, "waits", report[0].Waits, "sleep")
		fine(t, r.Close())
	}
}

func TestR085_a_task_that_nothing_can_wake_is_given_up(t *testing.T) {
	r := newRunner(t)
	fine(t, r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			forever(ctx)
			for {
				runner.NewFuture[int](ctx).Await(ctx)
			}
		}))
		return runner.Yield(ctx)
	}))
	is(t, r.Close(), runner.ErrDeadlock)
	equalSlices(t, "report", kinds(r), []runner.ReportKind{runner.ReportDeadlock, runner.ReportAbandoned})
}

func TestR086_R087_a_cleanup_may_use_everything_and_start_tasks(t *testing.T) {
	r := newRunner(t)
	var log []string
	fine(t, r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, nothing(func(ctx context.Context) error {
			forever(ctx)
			value, err := runner.ToThread(ctx, func(context.Context) (string, error) { return "thread", nil })
			fine(t, err)
			log = append(log, value)
			fine(t, runner.LoopOf(ctx).CallSoon(func() { log = append(log, "callback") }))
			fine(t, runner.Sleep(ctx, ms))
			runner.Go(ctx, nothing(func(ctx context.Context) error {
				log = append(log, "late")
				err := forever(ctx)
				log = append(log, "late cancelled")
				return err
			}))
			return runner.Yield(ctx)
		}))
		return runner.Yield(ctx)
	}))
	fine(t, r.Close())
	equalSlices(t, "log", log, []string{"thread", "callback", "late", "late cancelled"})
}

func TestR134_main_of_a_run_that_was_ended_goes_on_in_the_next(t *testing.T) {
	r := newRunner(t)
	var log []string
	is(t, r.Run(background, func(ctx context.Context) error {
		fine(t, r.Interrupt())
		is(t, runner.Sleep(ctx, time.Hour), runner.ErrCanceled)
		log = append(log, "interrupted")
		fine(t, r.Interrupt())
		runner.Yield(ctx)
		log = append(log, "still there")
		return nil
	}), runner.ErrInterrupted)
	equalSlices(t, "log", log, []string{"interrupted"})
	fine(t, r.Run(background, func(ctx context.Context) error { return runner.Sleep(ctx, ms) }))
	equalSlices(t, "log", log, []string{"interrupted", "still there"})
}

func Test_a_closed_runner_holds_nothing(t *testing.T) {
	// The handler refers to the runner, and what it has made to both: nothing of it is kept.
	leavesNothing(t)
	collected := make(chan struct{})
	func() {
		var r *runner.Runner
		var left *runner.Future[int]
		marker := &struct{ runner **runner.Runner }{&r}
		setCleanup(marker, collected)
		r = runner.New(runner.WithExceptionHandler(func(runner.Exception) { _, _ = marker, left }))
		fine(t, r.Run(background, func(ctx context.Context) error {
			left = runner.NewFuture[int](ctx)
			runner.Go(ctx, nothing(failing(0, errFirst)))
			return runner.Yield(ctx)
		}))
		fine(t, r.Close())
	}()
	eventually(t, "its collection", func() bool {
		select {
		case <-collected:
			return true
		default:
			return false
		}
	})
}
