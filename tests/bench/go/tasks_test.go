package bench

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"testing"

	runner "example.org/librunner/go"
	"golang.org/x/sync/errgroup"
)

func answer(context.Context) (int, error) { return 42, nil }

// BenchmarkSpawnAwait: one of 1,000 tasks that are started, and then awaited one after the other.
func BenchmarkSpawnAwait(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		inRunner(b, func(ctx context.Context) error {
			var tasks [batch]*runner.Task[int]
			return batches(b.N, func(size int) error {
				for i := range size {
					tasks[i] = runner.Go(ctx, answer)
				}
				for _, task := range tasks[:size] {
					if _, err := task.Await(ctx); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
	b.Run("errgroup", nativeErrgroup)
	b.Run("waitgroup", nativeWaitGroup)
	b.Run("channel", nativeChannel)
}

// BenchmarkGather: the same, awaited together.
func BenchmarkGather(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		inRunner(b, func(ctx context.Context) error {
			var tasks [batch]runner.Awaitable[int]
			return batches(b.N, func(size int) error {
				for i := range size {
					tasks[i] = runner.Go(ctx, answer)
				}
				_, err := runner.Gather(ctx, tasks[:size]...)
				return err
			})
		})
	})
	b.Run("errgroup", nativeErrgroup)
	b.Run("waitgroup", nativeWaitGroup)
	b.Run("channel", nativeChannel)
}

// BenchmarkGroup: the same in a task group.
func BenchmarkGroup(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		child := func(context.Context) error { return nil }
		inRunner(b, func(ctx context.Context) error {
			return batches(b.N, func(size int) error {
				return runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
					for range size {
						if _, err := group.Go(child); err != nil {
							return err
						}
					}
					return nil
				})
			})
		})
	})
	b.Run("errgroup", nativeErrgroup)
	b.Run("waitgroup", nativeWaitGroup)
	b.Run("channel", nativeChannel)
}

func nativeErrgroup(b *testing.B) {
	native(b, func() error {
		var results [batch]int
		return batches(b.N, func(size int) error {
			var group errgroup.Group
			for i := range size {
				group.Go(func() error {
					value, err := answer(background)
					results[i] = value
					return err
				})
			}
			return group.Wait()
		})
	})
}

func nativeWaitGroup(b *testing.B) {
	native(b, func() error {
		var results [batch]int
		return batches(b.N, func(size int) error {
			var group sync.WaitGroup
			group.Add(size)
			for i := range size {
				go func() {
					defer group.Done()
					results[i], _ = answer(background)
				}()
			}
			group.Wait()
			return nil
		})
	})
}

func nativeChannel(b *testing.B) {
	native(b, func() error {
		results := make(chan int, batch)
		return batches(b.N, func(size int) error {
			for range size {
				go func() {
					value, _ := answer(background)
					results <- value
				}()
			}
			for range size {
				<-results
			}
			return nil
		})
	})
}

// BenchmarkSpawnAwaitOne: one task that is started and awaited, one by one.
func BenchmarkSpawnAwaitOne(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		inRunner(b, func(ctx context.Context) error {
			for range b.N {
				if _, err := runner.Go(ctx, answer).Await(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("errgroup", func(b *testing.B) {
		native(b, func() error {
			for range b.N {
				var group errgroup.Group
				group.Go(func() error { return nil })
				if err := group.Wait(); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("waitgroup", func(b *testing.B) {
		native(b, func() error {
			for range b.N {
				var group sync.WaitGroup
				group.Add(1)
				go group.Done()
				group.Wait()
			}
			return nil
		})
	})
	b.Run("channel", func(b *testing.B) {
		native(b, func() error {
			results := make(chan int)
			for range b.N {
				go func() { results <- 42 }()
				<-results
			}
			return nil
		})
	})
}

// BenchmarkYield1000: one of 1,000 tasks gives way to the next.
func BenchmarkYield1000(b *testing.B) { yields(b, batch) }

// BenchmarkYield1: the only task gives way.
func BenchmarkYield1(b *testing.B) { yields(b, 1) }

func yields(b *testing.B, tasks int) {
	b.Run("librunner", func(b *testing.B) {
		rounds := (b.N + tasks - 1) / tasks
		inRunner(b, func(ctx context.Context) error {
			return runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
				for range tasks {
					_, err := group.Go(func(ctx context.Context) error {
						for range rounds {
							if err := runner.Sleep(ctx, 0); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
	b.Run("waitgroup", func(b *testing.B) {
		rounds := (b.N + tasks - 1) / tasks
		native(b, func() error {
			var group sync.WaitGroup
			group.Add(tasks)
			for range tasks {
				go func() {
					defer group.Done()
					for range rounds {
						runtime.Gosched()
					}
				}()
			}
			group.Wait()
			return nil
		})
	})
	b.Run("pull", func(b *testing.B) {
		rounds := (b.N + tasks - 1) / tasks
		native(b, func() error {
			resume := make([]func() (struct{}, bool), tasks)
			for i := range resume {
				next, stop := iter.Pull(func(yield func(struct{}) bool) {
					for yield(struct{}{}) {
					}
				})
				resume[i] = next
				defer stop()
			}
			for range rounds {
				for _, next := range resume {
					next()
				}
			}
			return nil
		})
	})
}
