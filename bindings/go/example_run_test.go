package runner_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	runner "example.org/librunner/go"
)

// One call is a whole program: it makes a runner, runs main and closes the runner.
func ExampleRun() {
	greeting, err := runner.Run(context.Background(), func(ctx context.Context) (string, error) {
		if err := runner.Sleep(ctx, 10*time.Millisecond); err != nil {
			return "", err
		}
		return "hello", nil
	})
	fmt.Println(greeting, err)
	// Output: hello <nil>
}

// The error of main comes out as it is. That of a context that ends says why main was cancelled.
func ExampleRun_errors() {
	errBroken := errors.New("broken")
	_, err := runner.Run(context.Background(), func(context.Context) (int, error) {
		return 0, errBroken
	})
	fmt.Println(err == errBroken)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = runner.Run(ctx, func(ctx context.Context) (int, error) {
		return 0, runner.Sleep(ctx, time.Hour)
	})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// true
	// true
}

// ExampleRun written with a Runner: New makes nothing yet, the first run does.
func ExampleRunner() {
	r := runner.New()
	defer r.Close()
	err := r.Run(context.Background(), func(ctx context.Context) error {
		if err := runner.Sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
		fmt.Println("hello")
		return nil
	})
	fmt.Println(err)
	// Output:
	// hello
	// <nil>
}

// Several runs share a loop and its variables. What the first one leaves goes on in the second.
func ExampleRunner_Run() {
	counter := runner.NewVar[int]("counter")
	r := runner.New(runner.WithVirtualClock())
	defer r.Close()
	for range 3 {
		err := r.Run(context.Background(), func(ctx context.Context) error {
			count, _ := counter.Get(ctx)
			fmt.Println("runs before this one:", count)
			if count == 0 {
				runner.Go(ctx, func(ctx context.Context) (struct{}, error) {
					err := runner.Sleep(ctx, 15*time.Millisecond)
					fmt.Println("a task of the first run:", err)
					return struct{}{}, err
				})
			}
			if err := counter.Set(ctx, count+1); err != nil {
				return err
			}
			return runner.Sleep(ctx, 10*time.Millisecond)
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// runs before this one: 0
	// runs before this one: 1
	// a task of the first run: <nil>
	// runs before this one: 2
}

func ExampleRunIn() {
	r := runner.New()
	defer r.Close()
	sum := 0
	for i := range 3 {
		square, err := runner.RunIn(r, context.Background(), func(ctx context.Context) (int, error) {
			return i * i, runner.Yield(ctx)
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		sum += square
	}
	fmt.Println(sum)
	// Output: 5
}

// How Ctrl-C is handled:
//
// Run takes SIGINT before any code of the program runs, and gives it back when it returns. The first
// one cancels the main task: what it waits for returns an error, deferred functions run, and it may
// wait while it cleans up. Run then returns ErrInterrupted. The second one has its default effect, so
// that a program which cannot be cancelled dies of it.
//
// Interrupt does what the signal does.
func ExampleRunner_Interrupt() {
	r := runner.New(runner.WithVirtualClock())
	defer r.Close()
	err := r.Run(context.Background(), func(ctx context.Context) error {
		defer fmt.Println("cleaned up")
		if _, err := runner.LoopOf(ctx).CallLater(time.Second, func() { _ = r.Interrupt() }); err != nil {
			return err
		}
		return runner.Sleep(ctx, time.Hour)
	})
	fmt.Println(errors.Is(err, runner.ErrInterrupted))
	// Output:
	// cleaned up
	// true
}

// Sleeps and timeouts of an hour take no time, and come in their order.
func ExampleWithVirtualClock() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		begun := runner.LoopOf(ctx).Time()
		err := runner.Timeout(ctx, time.Hour, func(ctx context.Context) error {
			return runner.Sleep(ctx, 24*time.Hour)
		})
		fmt.Println(runner.LoopOf(ctx).Time()-begun, err)
		return struct{}{}, nil
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// 1h0m0s runner: timed out
	// <nil>
}

func ExampleLoop_CallLater() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		loop, rung := runner.LoopOf(ctx), runner.NewEvent(ctx)
		if _, err := loop.CallLater(20*time.Millisecond, func() {
			fmt.Println("rings")
			_ = rung.Set()
		}); err != nil {
			return struct{}{}, err
		}
		snooze, err := loop.CallLater(10*time.Millisecond, func() { fmt.Println("is not called") })
		if err != nil {
			return struct{}{}, err
		}
		fmt.Println("taken back:", snooze.Cancel())
		return struct{}{}, rung.Wait(ctx)
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// taken back: true
	// rings
	// <nil>
}
