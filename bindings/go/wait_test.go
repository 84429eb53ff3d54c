package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

func Test_Wait_for_the_first_the_first_error_or_all(t *testing.T) {
	for _, c := range []struct {
		when runner.When
		at   string
		done int
	}{
		{runner.FirstCompleted, "10 over", 1},
		{runner.FirstException, "20 over", 2},
		{runner.AllCompleted, "30 over", 3},
	} {
		inTask(t, func(ctx context.Context) {
			d := newDiary(ctx)
			slow := runner.Go(ctx, nothing(failing(30*ms, nil)))
			failed := runner.Go(ctx, nothing(failing(20*ms, errFirst)))
			fast := runner.Go(ctx, nothing(failing(10*ms, nil)))
			all := []*runner.Task[struct{}]{slow, failed, fast}
			done, pending, err := runner.Wait(ctx, c.when, -1, all...)
			fine(t, err)
			d.add("over")
			d.expect(t, c.at)
			equalSlices(t, "done", done, all[3-c.done:])
			equalSlices(t, "pending", pending, all[:3-c.done])
			_, err = failed.Await(ctx)
			same(t, err, errFirst)
		})
	}
}

func Test_Wait_ends_when_the_time_has_passed_and_leaves_the_others_alone(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		fast, slow := runner.Go(ctx, returning(10*ms, 1)), runner.Go(ctx, returning(30*ms, 2))
		done, pending, err := runner.Wait(ctx, runner.AllCompleted, 20*ms, fast, slow)
		fine(t, err)
		d.add("over")
		equalSlices(t, "done", done, []*runner.Task[int]{fast})
		equalSlices(t, "pending", pending, []*runner.Task[int]{slow})
		value, err := slow.Await(ctx)
		fine(t, err)
		equal(t, "value", value, 2)
		d.add("slow one over")
		d.expect(t, "20 over", "30 slow one over")
	})
}

func Test_Wait_takes_tasks_and_futures_of_any_type(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		future := runner.NewFuture[string](ctx)
		done := runner.Go(ctx, returning(0, 1))
		turns(t, ctx, 2)
		over, pending, err := runner.Wait[runner.Awaiter](ctx, runner.FirstCompleted, -1, future, done)
		fine(t, err)
		equalSlices(t, "done", over, []runner.Awaiter{done})
		equalSlices(t, "pending", pending, []runner.Awaiter{future})
	})
}

func TestR147_a_cancel_of_who_waits_does_not_reach_what_it_waits_for(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, returning(20*ms, 1))
		waiting := runner.Go(ctx, nothing(func(ctx context.Context) error {
			_, _, err := runner.Wait(ctx, runner.AllCompleted, -1, task)
			return err
		}))
		fine(t, runner.Sleep(ctx, 10*ms))
		waiting.Cancel()
		_, err := waiting.Await(ctx)
		is(t, err, runner.ErrCanceled)
		_, err = task.Await(ctx)
		fine(t, err)
	})
}

func Test_Wait_ends_with_a_derived_context(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		derived, cancel := context.WithCancelCause(ctx)
		task := runner.Go(ctx, returning(runner.Forever, 1))
		_, err := runner.LoopOf(ctx).CallLater(10*ms, func() { cancel(errFirst) })
		fine(t, err)
		_, _, err = runner.Wait(derived, runner.AllCompleted, -1, task)
		is(t, err, errFirst)
		fine(t, runner.Yield(ctx))
		_, err = task.Result()
		is(t, err, runner.ErrPending)
	})
}

func Test_Wait_refuses_nothing_to_wait_for(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		_, _, err := runner.Wait[runner.Awaiter](ctx, runner.AllCompleted, -1)
		is(t, err, runner.ErrInvalid)
		_, _, err = runner.Wait(ctx, runner.When(0), -1, runner.Go(ctx, returning(0, 1)))
		is(t, err, runner.ErrInvalid)
	})
}

func TestR093_what_was_taken_before_can_be_waited_for_again_and_is_not_reported(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(failing(10*ms, errFirst)))
		future := runner.NewFuture[struct{}](ctx)
		fine(t, future.Reject(errSecond))
		_, err := task.Await(ctx)
		same(t, err, errFirst)
		_, err = future.Await(ctx)
		same(t, err, errSecond)
		fine(t, runner.Sleep(ctx, 10*ms)) // the library has let go of both
		for range 2 {
			done, pending, err := runner.Wait[runner.Awaiter](ctx, runner.FirstException, -1, task, future)
			fine(t, err)
			equal(t, "done", len(done), 2)
			equal(t, "pending", len(pending), 0)
			_, err = runner.Gather(ctx, task)
			same(t, err, errFirst)
			_, err = runner.Gather(ctx, future)
			same(t, err, errSecond)
			_, err = runner.Shield(ctx, task)
			same(t, err, errFirst)
			_, err = runner.AwaitFor(ctx, task, 10*ms)
			same(t, err, errFirst)
			results, err := runner.GatherResults[struct{}, runner.Awaitable[struct{}]](ctx, task, future, task)
			fine(t, err)
			equal(t, "results", results[0].Err == errFirst && results[1].Err == errSecond && results[2].Err == errFirst, true)
		}
	}, runner.WithExceptionHandler(func(e runner.Exception) { t.Errorf("reported: %+v", e) }))
}

func TestR093_Wait_takes_no_failure(t *testing.T) {
	var reported []error
	inTask(t, func(ctx context.Context) {
		task := runner.Go(ctx, nothing(failing(10*ms, errFirst)))
		done, _, err := runner.Wait(ctx, runner.AllCompleted, -1, task)
		fine(t, err)
		equal(t, "done", len(done), 1)
	}, runner.WithExceptionHandler(func(e runner.Exception) { reported = append(reported, e.Err) }))
	equalSlices(t, "reported", reported, []error{errFirst})
}

func Test_what_stands_twice_among_those_to_wait_for_counts_once(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		done := runner.Go(ctx, returning(0, 1))
		turns(t, ctx, 3)
		pending := runner.Go(ctx, returning(10*ms, 2))
		over, _, err := runner.Wait(ctx, runner.AllCompleted, -1, done, pending, done)
		fine(t, err)
		equal(t, "done", len(over), 3)
		values, err := runner.Gather(ctx, done, pending, done)
		fine(t, err)
		equalSlices(t, "values", values, []int{1, 2, 1})
	})
}
