package runner_test

import (
	"context"
	"fmt"
	"time"

	runner "example.org/librunner/go"
)

// What has to wait while it is closed is registered: the runner closes it, after its tasks have ended.
func ExampleRegister() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		_, err := runner.Register(ctx, "connection", func(ctx context.Context) error {
			fmt.Println("says good-bye")
			err := runner.Sleep(ctx, 10*time.Millisecond)
			fmt.Println("is closed")
			return err
		})
		fmt.Println("main is over")
		return struct{}{}, err
	})
	fmt.Println(err)
	// Output:
	// main is over
	// says good-bye
	// is closed
	// <nil>
}

// A generator waits between its values, and cleans up if it is left early.
func ExampleGenerate() {
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		ticks, err := runner.Generate(ctx, func(ctx context.Context, yield func(int) error) error {
			defer fmt.Println("no more ticks")
			for i := 1; ; i++ {
				if err := runner.Sleep(ctx, time.Second); err != nil {
					return err
				}
				if err := yield(i); err != nil { // it is being closed
					return err
				}
			}
		})
		if err != nil {
			return struct{}{}, err
		}
		for tick, err := range ticks.All(ctx) {
			if err != nil {
				return struct{}{}, err
			}
			fmt.Println("tick", tick)
			if tick == 3 {
				break
			}
		}
		return struct{}{}, ticks.Err()
	}, runner.WithVirtualClock())
	fmt.Println(err)
	// Output:
	// tick 1
	// tick 2
	// tick 3
	// no more ticks
	// <nil>
}

// Every task sees what was set where it was started.
func ExampleVar() {
	user := runner.NewVar[string]("user")
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		handle := func(name string) func(context.Context) (string, error) {
			return func(ctx context.Context) (string, error) {
				if err := user.Set(ctx, name); err != nil {
					return "", err
				}
				return runner.Go(ctx, func(ctx context.Context) (string, error) {
					name, _ := user.Get(ctx)
					return "for " + name, nil
				}).Await(ctx)
			}
		}
		answers, err := runner.Gather(ctx, runner.Go(ctx, handle("ann")), runner.Go(ctx, handle("bob")))
		fmt.Println(answers)
		_, ok := user.Get(ctx)
		fmt.Println("set here:", ok)
		return struct{}{}, err
	})
	fmt.Println(err)
	// Output:
	// [for ann for bob]
	// set here: false
	// <nil>
}
