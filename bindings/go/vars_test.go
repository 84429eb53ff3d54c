package runner_test

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

var testVar = runner.NewVar[int]("test")

// expectVar is about the variable in the task of ctx: 0 is not set.
func expectVar(t *testing.T, ctx context.Context, want int) {
	t.Helper()
	got, ok := testVar.Get(ctx)
	equal(t, "variable", got, want)
	equal(t, "is set", ok, want != 0)
}

func TestR060_a_task_gets_a_copy_of_the_variables_of_its_starter(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		expectVar(t, ctx, 0)
		fine(t, testVar.Set(ctx, 1))
		task := runner.Go(ctx, nothing(func(ctx context.Context) error {
			expectVar(t, ctx, 1)
			fine(t, testVar.Set(ctx, 2))
			fine(t, runner.Sleep(ctx, 10*ms))
			expectVar(t, ctx, 2)
			return nil
		}))
		fine(t, testVar.Set(ctx, 3))
		_, err := task.Await(ctx)
		fine(t, err)
		expectVar(t, ctx, 3)
	})
}

func TestR061_tasks_may_share_a_set_of_variables(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		fine(t, testVar.Set(ctx, 1))
		vars, err := runner.CopyVars(ctx)
		fine(t, err)
		for want := 1; want <= 3; want++ {
			_, err = runner.Go(ctx, nothing(func(ctx context.Context) error {
				expectVar(t, ctx, want)
				return testVar.Set(ctx, want+1)
			}), runner.InVars(vars)).Await(ctx)
			fine(t, err)
		}
		fine(t, runner.Group(ctx, func(_ context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error { expectVar(t, ctx, 4); return nil },
				runner.InVars(vars))
			return err
		}))
		expectVar(t, ctx, 1)
	})
}

func TestR054_R055_R058_R059_runs_share_the_runners_variables_or_have_their_own(t *testing.T) {
	r := runner.New()
	own := runner.NewVars(r)
	set := func(before, after int, opts ...runner.TaskOption) {
		t.Helper()
		fine(t, r.Run(context.Background(), func(ctx context.Context) error {
			expectVar(t, ctx, before)
			return testVar.Set(ctx, after)
		}, opts...))
	}
	set(0, 1)
	set(1, 2)
	set(0, 10, runner.InVars(own))
	set(10, 11, runner.InVars(own))
	set(2, 3)
	set(3, 4, runner.InVars(nil))
	fine(t, r.Close())
}

func Test_variables_of_different_runners_are_different(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		fine(t, testVar.Set(ctx, 1))
		vars, err := runner.CopyVars(ctx)
		fine(t, err)
		fine(t, otherRunner(func(ctx context.Context) error {
			expectVar(t, ctx, 0)
			_, err := runner.Go(ctx, returning(0, 1), runner.InVars(vars)).Await(ctx)
			is(t, err, runner.ErrForeign)
			return nil
		}))
	})
}

func Test_variables_hold_anything(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		failure := runner.NewVar[error]("failure")
		equal(t, "name", failure.Name(), "failure")
		fine(t, failure.Set(ctx, errFirst))
		got, ok := failure.Get(ctx)
		same(t, got, errFirst)
		equal(t, "is set", ok, true)
		fine(t, failure.Set(ctx, nil))
		got, ok = failure.Get(ctx)
		fine(t, got)
		equal(t, "is set", ok, true)
	})
}

func Test_a_variable_needs_a_task(t *testing.T) {
	is(t, testVar.Set(context.Background(), 1), runner.ErrNoTask)
	expectVar(t, context.Background(), 0)
	_, err := runner.CopyVars(context.Background())
	is(t, err, runner.ErrNoTask)
}
