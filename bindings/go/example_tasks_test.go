package runner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	runner "example.org/librunner/go"
)

// fetch stands for something that takes a while.
func fetch(ctx context.Context, name string, takes time.Duration) (string, error) {
	if err := runner.Sleep(ctx, takes); err != nil {
		return "", err
	}
	return "page " + name, nil
}

// Tasks that were started with Go run beside each other: both take 20 ms here, not 30.
func ExampleGo() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		begun := runner.LoopOf(ctx).Time()
		a := runner.Go(ctx, func(ctx context.Context) (string, error) {
			return fetch(ctx, "a", 20*time.Millisecond)
		})
		b := runner.Go(ctx, func(ctx context.Context) (string, error) {
			return fetch(ctx, "b", 10*time.Millisecond)
		})
		for _, task := range []*runner.Task[string]{a, b} {
			page, err := task.Await(ctx)
			fmt.Println(page, err)
		}
		fmt.Println(runner.LoopOf(ctx).Time() - begun)
		return struct{}{}, nil
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// page a <nil>
	// page b <nil>
	// 20ms
	// <nil>
}

// A task that is cancelled may clean up, and wait while it does.
func ExampleTask_Cancel() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		task := runner.Go(ctx, func(ctx context.Context) (int, error) {
			err := runner.Sleep(ctx, time.Hour)
			fmt.Println("cancelled:", errors.Is(err, runner.ErrCanceled))
			fmt.Println("cleaned up:", runner.Sleep(ctx, 10*time.Millisecond) == nil)
			return 0, err
		})
		if err := runner.Yield(ctx); err != nil {
			return struct{}{}, err
		}
		task.Cancel(errors.New("no longer needed"))
		_, err := task.Await(ctx)
		fmt.Println(err)
		return struct{}{}, nil
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// cancelled: true
	// cleaned up: true
	// runner: task was cancelled: no longer needed
	// <nil>
}

// A group waits for its children. The first that fails has the others cancelled.
func ExampleGroup() {
	errBroken := errors.New("broken")
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, takes := range []time.Duration{10 * time.Millisecond, 30 * time.Millisecond} {
				_, err := g.Go(func(ctx context.Context) error {
					_, err := fetch(ctx, "", takes)
					fmt.Println(takes, err)
					return err
				})
				if err != nil {
					return err
				}
			}
			_, err := g.Go(func(ctx context.Context) error {
				if err := runner.Sleep(ctx, 20*time.Millisecond); err != nil {
					return err
				}
				return errBroken
			})
			return err
		})
	}, runner.WithVirtualClock())
	fmt.Println(err)
	fmt.Println(errors.Is(err, errBroken))
	// Output:
	// 10ms <nil>
	// 30ms runner: task was cancelled
	// runner: errors in a task group (1): broken
	// true
}

func ExampleGoIn() {
	pages, err := runner.Run(context.Background(), func(ctx context.Context) (pages []string, err error) {
		var tasks []*runner.Task[string]
		err = runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"a", "b", "c"} {
				task, err := runner.GoIn(g, func(ctx context.Context) (string, error) {
					return fetch(ctx, name, 10*time.Millisecond)
				}, runner.Name("fetch "+name))
				if err != nil {
					return err
				}
				tasks = append(tasks, task)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, task := range tasks {
			page, _ := task.Result() // all have succeeded
			pages = append(pages, page)
		}
		return pages, nil
	})
	fmt.Println(strings.Join(pages, ", "), err)
	// Output: page a, page b, page c <nil>
}

func ExampleTimeout() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		err := runner.Timeout(ctx, 50*time.Millisecond, func(ctx context.Context) error {
			_, err := fetch(ctx, "a", time.Hour)
			return err
		})
		fmt.Println(err, errors.Is(err, context.DeadlineExceeded))
		return struct{}{}, nil
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// runner: timed out true
	// <nil>
}

// A timeout for silence, not for all of the work: every piece moves the deadline.
func ExampleTimeoutScoped() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		const silence = 20 * time.Millisecond
		pieces := 0
		err := runner.TimeoutScoped(ctx, silence, func(ctx context.Context, s *runner.TimeoutScope) error {
			for takes := 5 * time.Millisecond; ; takes *= 2 {
				if err := runner.Sleep(ctx, takes); err != nil {
					return err
				}
				pieces++
				if err := s.Reschedule(silence); err != nil {
					return err
				}
			}
		})
		fmt.Println(pieces, "pieces:", err)
		return struct{}{}, nil
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// 2 pieces: runner: timed out
	// <nil>
}

func ExampleGather() {
	pages, err := runner.Run(context.Background(), func(ctx context.Context) ([]string, error) {
		var tasks []*runner.Task[string]
		for i, name := range []string{"a", "b", "c"} {
			tasks = append(tasks, runner.Go(ctx, func(ctx context.Context) (string, error) {
				return fetch(ctx, name, time.Duration(30-10*i)*time.Millisecond)
			}))
		}
		return runner.Gather(ctx, tasks...)
	}, runner.WithVirtualClock())
	fmt.Println(strings.Join(pages, ", "), err)
	// Output: page a, page b, page c <nil>
}

func ExampleGatherResults() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		good := runner.Go(ctx, func(context.Context) (int, error) { return 1, nil })
		bad := runner.Go(ctx, func(context.Context) (int, error) { return 0, errors.New("broken") })
		results, err := runner.GatherResults(ctx, good, bad)
		for _, result := range results {
			fmt.Println(result.Value, result.Err)
		}
		return struct{}{}, err
	})
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// 0 broken
	// <nil>
}

// The first of several that answers; the others are not needed any more.
func ExampleWait() {
	page, err := runner.Run(context.Background(), func(ctx context.Context) (string, error) {
		var mirrors []*runner.Task[string]
		for name, takes := range map[string]time.Duration{"near": 10, "far": 20, "down": 1000} {
			mirrors = append(mirrors, runner.Go(ctx, func(ctx context.Context) (string, error) {
				return fetch(ctx, name, takes*time.Millisecond)
			}))
		}
		done, pending, err := runner.Wait(ctx, runner.FirstCompleted, 100*time.Millisecond, mirrors...)
		for _, task := range pending {
			task.Cancel()
		}
		if err != nil || len(done) == 0 {
			return "", err
		}
		return done[0].Result()
	}, runner.WithVirtualClock())
	fmt.Println(page, err)
	// Output: page near <nil>
}

// What has to be finished is, though nobody waits for it any more.
func ExampleShield() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		save := runner.Go(ctx, func(ctx context.Context) (int, error) {
			err := runner.Sleep(ctx, 20*time.Millisecond)
			fmt.Println("saved:", err == nil)
			return 42, err
		})
		err := runner.Timeout(ctx, 10*time.Millisecond, func(ctx context.Context) error {
			_, err := runner.Shield(ctx, save)
			return err
		})
		fmt.Println(err)
		bytes, err := save.Await(ctx)
		fmt.Println(bytes, err)
		return struct{}{}, nil
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// runner: timed out
	// saved: true
	// 42 <nil>
	// <nil>
}

// What blocks or takes long runs in a goroutine of its own.
func ExampleToThread() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		sum, err := runner.ToThread(ctx, func(ctx context.Context) (int, error) {
			sum := 0
			for i := range 1_000_000 {
				if i%1000 == 0 && ctx.Err() != nil { // nobody waits any more
					return 0, ctx.Err()
				}
				sum += i
			}
			return sum, nil
		})
		fmt.Println(sum)
		return struct{}{}, err
	})
	fmt.Println(err)
	// Output:
	// 499999500000
	// <nil>
}
