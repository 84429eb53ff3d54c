package bench

import (
	"context"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// BenchmarkCompletion: what another goroutine has done reaches a loop that is parked, from before it is
// said until a callback knows; for the peer, a goroutine that is parked. Only that way is timed.
func BenchmarkCompletion(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		reached, _ := completions(b)
		b.ReportMetric(float64(reached)/float64(b.N), "ns/op")
	})
	b.Run("channel", nativeCompletions)
}

// BenchmarkCompletionAwaited: the same, until the task goes on that waits for it.
func BenchmarkCompletionAwaited(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		_, awaited := completions(b)
		b.ReportMetric(float64(awaited)/float64(b.N), "ns/op")
	})
	b.Run("channel", nativeCompletions)
}

// completions is how long it took, all in all, until callbacks and until tasks knew.
func completions(b *testing.B) (reached, awaited time.Duration) {
	ask := make(chan *runner.Future[time.Time])
	inRunner(b, func(ctx context.Context) error {
		loop := runner.LoopOf(ctx)
		release, err := loop.Hold()
		if err != nil {
			return err
		}
		go func() {
			defer release()
			for future := range ask {
				said := time.Now()
				loop.CallSoonThreadsafe(func() {
					reached += time.Since(said)
					future.Resolve(said)
				})
			}
		}()
		defer close(ask)
		for range b.N {
			future := runner.NewFuture[time.Time](ctx)
			ask <- future
			said, err := future.Await(ctx)
			if err != nil {
				return err
			}
			awaited += time.Since(said)
		}
		return nil
	})
	return reached, awaited
}

func nativeCompletions(b *testing.B) {
	ask, said := make(chan struct{}), make(chan time.Time)
	var spent time.Duration
	native(b, func() error {
		go func() {
			for range ask {
				said <- time.Now()
			}
		}()
		defer close(ask)
		for range b.N {
			ask <- struct{}{}
			spent += time.Since(<-said)
		}
		return nil
	})
	b.ReportMetric(float64(spent)/float64(b.N), "ns/op")
}

// BenchmarkToThread: an empty function on a goroutine of its own, awaited, one by one.
func BenchmarkToThread(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		inRunner(b, func(ctx context.Context) error {
			for range b.N {
				if _, err := runner.ToThread(ctx, answer); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("channel", func(b *testing.B) {
		native(b, func() error {
			for range b.N {
				result := make(chan int)
				go func() {
					value, _ := answer(background)
					result <- value
				}()
				<-result
			}
			return nil
		})
	})
}

// BenchmarkQueue: an item is put into a queue of 64 by one task, and got by another.
func BenchmarkQueue(b *testing.B) {
	const room = 64
	b.Run("librunner", func(b *testing.B) {
		inRunner(b, func(ctx context.Context) error {
			queue := runner.NewQueue[int](ctx, room)
			producer := runner.Go(ctx, func(ctx context.Context) (int, error) {
				for i := range b.N {
					if err := queue.Put(ctx, i); err != nil {
						return 0, err
					}
				}
				return 0, nil
			})
			for range b.N {
				if _, err := queue.Get(ctx); err != nil {
					return err
				}
			}
			_, err := producer.Await(ctx)
			return err
		})
	})
	b.Run("channel", func(b *testing.B) {
		native(b, func() error {
			queue := make(chan int, room)
			go func() {
				for i := range b.N {
					queue <- i
				}
			}()
			for range b.N {
				<-queue
			}
			return nil
		})
	})
}
