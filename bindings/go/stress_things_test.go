package runner_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	runner "example.org/librunner/go"
)

// What the tasks of the stress test do. Each returns only errors that end its task.

type stressThing struct {
	name string
	do   func(s *stress, ctx context.Context, depth int) error
}

// Those that have nothing inside, and those that begin tasks.
var stressLeaves, stressNodes []stressThing

func init() { // not where they are declared: nodes do things
	stressLeaves = chosen(
		stressThing{"yield", (*stress).yield},
		stressThing{"sleep", (*stress).sleep},
		stressThing{"derived", (*stress).derived},
		stressThing{"thread", (*stress).thread},
		stressThing{"lock", (*stress).lock},
		stressThing{"event", (*stress).event},
		stressThing{"future", (*stress).future},
		stressThing{"closable", (*stress).closable},
		stressThing{"variable", (*stress).variable},
		stressThing{"generator", (*stress).generator},
		stressThing{"fail", (*stress).fail},
	)
	stressNodes = chosen(
		stressThing{"await", (*stress).await},
		stressThing{"cancel", (*stress).cancel},
		stressThing{"leave", (*stress).leave},
		stressThing{"group", (*stress).group},
		stressThing{"timeout", (*stress).timeout},
		stressThing{"gather", (*stress).gather},
		stressThing{"shield", (*stress).shield},
		stressThing{"wait", (*stress).wait},
		stressThing{"queue", (*stress).pass},
	)
}

// chosen is those of the things that RUNNER_STRESS_ONLY names, or all; to yield can always be chosen.
func chosen(things ...stressThing) []stressThing {
	only, some := os.LookupEnv("RUNNER_STRESS_ONLY")
	if !some {
		return things
	}
	var found []stressThing
	for _, thing := range things {
		if slices.Contains(strings.Split(only, ","), thing.name) {
			found = append(found, thing)
		}
	}
	if found == nil {
		return []stressThing{{"yield", (*stress).yield}}
	}
	return found
}

// short is a time that is often zero.
func (s *stress) short() time.Duration { return time.Duration(s.random.IntN(3)*500) * time.Microsecond }

func (s *stress) yield(ctx context.Context, _ int) error {
	for range s.random.IntN(10) {
		if err := runner.Yield(ctx); err != nil {
			return s.expect("yield", err)
		}
	}
	return nil
}

func (s *stress) sleep(ctx context.Context, _ int) error {
	return s.expect("sleep", runner.Sleep(ctx, s.short()))
}

// derived sleeps with a context that ends sooner than the task.
func (s *stress) derived(ctx context.Context, _ int) error {
	inner, cancel := context.WithTimeout(ctx, s.short())
	defer cancel()
	err := s.expect("sleep", runner.Sleep(inner, time.Hour), context.DeadlineExceeded)
	if err == nil {
		s.t.Error("a sleep of an hour is over")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// thread blocks as a system call does.
func (s *stress) thread(ctx context.Context, _ int) error {
	duration, value := s.short(), s.random.Int()
	got, err := runner.ToThread(ctx, func(context.Context) (int, error) {
		time.Sleep(duration)
		return value, nil
	})
	if err == nil && got != value {
		s.t.Errorf("a thread returned %d instead of %d", got, value)
	}
	return s.expect("thread", err)
}

func (s *stress) lock(ctx context.Context, _ int) error {
	locked := s.locked
	return s.expect("lock", locked.mutex.With(ctx, func(ctx context.Context) error {
		locked.inside++
		defer func() { locked.inside-- }()
		if locked.inside != 1 {
			s.t.Errorf("%d tasks hold one lock", locked.inside)
		}
		return runner.Yield(ctx)
	}))
}

// event is set by a callback of another goroutine.
func (s *stress) event(ctx context.Context, _ int) error {
	event, loop, after := runner.NewEvent(ctx), runner.LoopOf(ctx), s.short()
	release, err := loop.Hold()
	if err != nil {
		return s.expect("hold", err)
	}
	go func() {
		defer release()
		time.Sleep(after)
		// Refused when the runner was closed meanwhile.
		loop.CallSoonThreadsafe(func() { event.Set() })
	}()
	return s.expect("event", event.Wait(ctx))
}

// future is resolved by a callback.
func (s *stress) future(ctx context.Context, _ int) error {
	future, value := runner.NewFuture[int](ctx), s.random.Int()
	_, err := runner.LoopOf(ctx).CallLater(s.short(), func() { future.Resolve(value) })
	if err != nil {
		return s.expect("call later", err)
	}
	got, err := future.Await(ctx)
	if err == nil && got != value {
		s.t.Errorf("a future has the value %d instead of %d", got, value)
	}
	return s.expect("future", err)
}

// closable is left to the shutdown half of the time.
func (s *stress) closable(ctx context.Context, _ int) error {
	closable, err := runner.Register(ctx, "stress", func(ctx context.Context) error {
		return s.expect("closing", runner.Yield(ctx))
	})
	if err != nil || s.random.IntN(2) == 0 {
		return s.expect("register", err)
	}
	closable.Unregister()
	return nil
}

var stressVariable = runner.NewVar[int]("stress")

func (s *stress) variable(ctx context.Context, _ int) error {
	value := s.random.Int()
	if err := stressVariable.Set(ctx, value); err != nil {
		return s.expect("set", err)
	}
	if err := runner.Yield(ctx); err != nil {
		return s.expect("yield", err)
	}
	if got, ok := stressVariable.Get(ctx); !ok || got != value {
		s.t.Errorf("a variable is %d, %t instead of %d", got, ok, value)
	}
	return nil
}

// generator is left suspended half of the time.
func (s *stress) generator(ctx context.Context, _ int) error {
	const count = 5
	generator, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
		for i := range count {
			if err := runner.Yield(ctx); err != nil {
				return err
			}
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.expect("generate", err)
	}
	for want := range 1 + s.random.IntN(count) {
		got, more, err := generator.Next(ctx)
		if err != nil {
			return s.expect("next", err)
		}
		if !more || got != want {
			s.t.Errorf("a generator gave %d, %t instead of %d", got, more, want)
		}
	}
	if s.random.IntN(2) == 0 {
		return nil
	}
	return s.expect("close", generator.Close(ctx))
}

func (s *stress) fail(context.Context, int) error {
	if s.random.IntN(10) == 0 {
		return errStress
	}
	return nil
}

// ---- with tasks inside ---------------------------------------------------------------------------

func (s *stress) await(ctx context.Context, depth int) error {
	value, err := runner.Go(ctx, s.body(depth)).Await(ctx)
	if err == nil && value != 1 {
		s.t.Errorf("a task returned %d", value)
	}
	return s.expect("await", err)
}

// cancel takes it that the task ends first, or fails, or does not heed.
func (s *stress) cancel(ctx context.Context, depth int) error {
	task := runner.Go(ctx, s.body(depth))
	if err := s.yield(ctx, 0); err != nil {
		return err
	}
	task.Cancel()
	_, err := task.Await(ctx)
	s.expect("await", err)
	if runner.Cancelling(ctx) > 0 {
		return err
	}
	return nil
}

// leave leaves a task to the shutdown.
func (s *stress) leave(ctx context.Context, depth int) error {
	if len(s.loose) < 50 {
		s.loose[runner.Go(ctx, s.body(depth), runner.Name("loose"))] = true
	}
	return nil
}

func (s *stress) group(ctx context.Context, depth int) error {
	return s.expect("group", runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
		for range s.random.IntN(6) {
			if _, err := runner.GoIn(group, s.body(depth)); err != nil {
				return err
			}
		}
		if s.random.IntN(8) == 0 {
			group.Cancel()
		}
		return runner.Yield(ctx)
	}))
}

func (s *stress) timeout(ctx context.Context, depth int) error {
	err := runner.Timeout(ctx, s.short(), func(ctx context.Context) error {
		return s.tasks(ctx, depth)
	})
	if errors.Is(err, runner.ErrTimeout) {
		return nil
	}
	return s.expect("timeout", err)
}

func (s *stress) several(ctx context.Context, depth int) []*runner.Task[int] {
	tasks := make([]*runner.Task[int], 1+s.random.IntN(5))
	for i := range tasks {
		tasks[i] = runner.Go(ctx, s.body(depth))
	}
	return tasks
}

func (s *stress) gather(ctx context.Context, depth int) error {
	var awaitables []runner.Awaitable[int]
	for _, task := range s.several(ctx, depth) {
		awaitables = append(awaitables, task)
	}
	values, err := runner.Gather(ctx, awaitables...)
	for _, value := range values {
		if err == nil && value != 1 {
			s.t.Errorf("a gathered task returned %d", value)
		}
	}
	return s.expect("gather", err)
}

func (s *stress) shield(ctx context.Context, depth int) error {
	_, err := runner.Shield(ctx, runner.Go(ctx, s.body(depth)))
	return s.expect("shield", err)
}

func (s *stress) wait(ctx context.Context, depth int) error {
	tasks := s.several(ctx, depth)
	var awaiters []runner.Awaiter
	for _, task := range tasks {
		awaiters = append(awaiters, task)
	}
	when := []runner.When{runner.FirstCompleted, runner.FirstException, runner.AllCompleted}[s.random.IntN(3)]
	done, pending, err := runner.Wait(ctx, when, s.short(), awaiters...)
	if err == nil && len(done)+len(pending) != len(tasks) {
		s.t.Errorf("of %d tasks %d are done and %d pending", len(tasks), len(done), len(pending))
	}
	return s.expect("wait", err)
}

// pass hands items from one task to another through a small queue.
func (s *stress) pass(ctx context.Context, _ int) error {
	const count = 20
	return s.expect("pass", runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
		queue := runner.NewQueue[int](ctx, 1+s.random.IntN(4))
		_, err := group.Go(func(ctx context.Context) error {
			for i := range count {
				if err := queue.Put(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for want := range count {
			got, err := queue.Get(ctx)
			if err != nil {
				return err
			}
			if got != want {
				s.t.Errorf("a queue gave %d instead of %d", got, want)
			}
			if want%8 == 0 {
				runtime.GC()
			}
		}
		return nil
	}))
}
