package runner_test

import (
	"context"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// What belongs to a loop is not for others, also while main stands in the middle of it.
func Test_scopes_are_for_the_loop(t *testing.T) {
	r := runner.New()
	var group *runner.TaskGroup
	var scope *runner.TimeoutScope
	err := r.Run(context.Background(), func(ctx context.Context) error {
		return runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			group = g
			return runner.TimeoutScoped(ctx, time.Hour, func(ctx context.Context, s *runner.TimeoutScope) error {
				scope = s
				fine(t, runner.LoopOf(ctx).Stop())
				return runner.Sleep(ctx, time.Hour)
			})
		})
	})
	is(t, err, runner.ErrStopped)
	_, err = group.Go(failing(0, nil))
	is(t, err, runner.ErrNoTask)
	is(t, group.Cancel(), runner.ErrNoTask)
	is(t, scope.Reschedule(0), runner.ErrNoTask)
	equal(t, "expired", scope.Expired(), false)
	fine(t, r.Close())
	_, err = group.Go(failing(0, nil))
	is(t, err, runner.ErrFinished)
	is(t, scope.Reschedule(0), runner.ErrFinished)
}

func Test_waiting_for_tasks_needs_a_task(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		task, nowhere := runner.Go(ctx, returning(0, 1)), context.Background()
		_, err := runner.Shield(nowhere, task)
		is(t, err, runner.ErrNoTask)
		_, err = runner.AwaitFor(nowhere, task, 10*ms)
		is(t, err, runner.ErrNoTask)
		_, err = runner.GatherResults(nowhere, task)
		is(t, err, runner.ErrNoTask)
		_, _, err = runner.Wait(nowhere, runner.AllCompleted, -1, task)
		is(t, err, runner.ErrNoTask)
		_, err = runner.Shield[int](ctx, nil)
		is(t, err, runner.ErrInvalid)
		_, err = runner.AwaitFor[int](ctx, nil, 10*ms)
		is(t, err, runner.ErrInvalid)
		_, err = runner.GoIn(nil, returning(0, 1))
		is(t, err, runner.ErrInvalid)
	})
}

func Test_queues_that_could_not_be_made_say_why(t *testing.T) {
	queue := runner.NewQueue[int](context.Background(), 0)
	is(t, queue.Put(context.Background(), 1), runner.ErrNoTask)
	is(t, queue.TryPut(1), runner.ErrNoTask)
	_, err := queue.TryGet()
	is(t, err, runner.ErrNoTask)
	equal(t, "length", queue.Len(), 0)
	inTask(t, func(ctx context.Context) {
		_, err := runner.NewQueue[int](ctx, -1).Get(ctx)
		is(t, err, runner.ErrInvalid)
		condition := runner.NewCondition(ctx, nil)
		fine(t, condition.Lock().Acquire(ctx))
		err = runner.Timeout(ctx, 10*ms, func(ctx context.Context) error {
			return condition.WaitFor(ctx, func() bool { return false })
		})
		is(t, err, runner.ErrTimeout)
	})
}
