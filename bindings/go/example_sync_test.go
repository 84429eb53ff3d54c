package runner_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	runner "example.org/librunner/go"
)

// A producer that is ahead of its consumers waits, because the queue has room for two items only.
func ExampleQueue() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		queue := runner.NewQueue[int](ctx, 2)
		return struct{}{}, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"first", "second"} {
				_, err := g.Go(func(ctx context.Context) error {
					for {
						item, err := queue.Get(ctx)
						if errors.Is(err, runner.ErrQueueShutdown) {
							return nil
						}
						if err != nil {
							return err
						}
						if err := runner.Sleep(ctx, 10*time.Millisecond); err != nil {
							return err
						}
						fmt.Println(name, "has done", item)
					}
				})
				if err != nil {
					return err
				}
			}
			for item := range 5 {
				if err := queue.Put(ctx, item); err != nil {
					return err
				}
			}
			return queue.Shutdown(false) // nothing more comes
		})
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// first has done 0
	// second has done 1
	// first has done 2
	// second has done 3
	// first has done 4
	// <nil>
}

// A lock may be held while its task waits. Without waits inside none is needed: no two tasks run at a
// time.
func ExampleLock() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		lock, balance := runner.NewLock(ctx), 100
		withdraw := func(ctx context.Context) error {
			return lock.With(ctx, func(ctx context.Context) error {
				before := balance
				if err := runner.Sleep(ctx, 10*time.Millisecond); err != nil {
					return err
				}
				balance = before - 30
				return nil
			})
		}
		err := runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for range 3 {
				if _, err := g.Go(withdraw); err != nil {
					return err
				}
			}
			return nil
		})
		fmt.Println(balance)
		return struct{}{}, err
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// 10
	// <nil>
}

// A goroutine of the program has a task go on. It uses the loop, the event belongs to the tasks.
func ExampleEvent() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		ready, loop := runner.NewEvent(ctx), runner.LoopOf(ctx)
		release, err := loop.Hold() // that somebody will come is no deadlock
		if err != nil {
			return struct{}{}, err
		}
		go func() {
			defer release()
			time.Sleep(time.Millisecond)
			_ = loop.CallSoonThreadsafe(func() { _ = ready.Set() })
		}()
		err = ready.Wait(ctx)
		fmt.Println("ready:", ready.IsSet())
		return struct{}{}, err
	})
	fmt.Println(err)
	// Output:
	// ready: true
	// <nil>
}

// Two at a time.
func ExampleSemaphore() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		places, loop := runner.NewSemaphore(ctx, 2), runner.LoopOf(ctx)
		begun := loop.Time()
		return struct{}{}, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for _, name := range []string{"a", "b", "c"} {
				_, err := g.Go(func(ctx context.Context) error {
					return places.With(ctx, func(ctx context.Context) error {
						fmt.Println(name, "begins at", loop.Time()-begun)
						return runner.Sleep(ctx, 10*time.Millisecond)
					})
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// a begins at 0s
	// b begins at 0s
	// c begins at 10ms
	// <nil>
}

func ExampleCondition() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		stock := 0
		changed := runner.NewCondition(ctx, nil)
		return struct{}{}, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				return changed.Lock().With(ctx, func(ctx context.Context) error {
					err := changed.WaitFor(ctx, func() bool { return stock >= 3 })
					fmt.Println("there are", stock)
					return err
				})
			})
			for range 3 {
				if err == nil {
					err = runner.Sleep(ctx, 10*time.Millisecond)
				}
				if err == nil {
					err = changed.Lock().With(ctx, func(context.Context) error {
						stock++
						return changed.NotifyAll()
					})
				}
			}
			return err
		})
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// there are 3
	// <nil>
}

func ExampleBarrier() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		start := runner.NewBarrier(ctx, 3)
		return struct{}{}, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			for i := range 3 {
				_, err := g.Go(func(ctx context.Context) error {
					if err := runner.Sleep(ctx, time.Duration(10*i)*time.Millisecond); err != nil {
						return err
					}
					fmt.Println(i, "is there")
					place, err := start.Wait(ctx)
					if place == 0 {
						fmt.Println("all go on")
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// 0 is there
	// 1 is there
	// 2 is there
	// all go on
	// <nil>
}
