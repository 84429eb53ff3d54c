// Command hello runs one task on a runner of its own. Press Ctrl-C while it sleeps: the task is
// cancelled, may clean up, and Run returns ErrInterrupted.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	runner "example.org/librunner/go"
)

func hello(ctx context.Context) (string, error) {
	if err := runner.Sleep(ctx, time.Second); err != nil {
		return "", err
	}
	return "hello world", nil
}

func main() {
	greeting, err := runner.Run(context.Background(), hello)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
	fmt.Println(greeting)
}
