// Package bench measures the Go binding beside what Go programs use without it, in the same run.
// tests/bench/go.sh runs it and prints a table; OPS.md explains the operations.
//
// A benchmark is named by its operation, a sub-benchmark by who does it: librunner, errgroup,
// waitgroup (goroutines and a sync.WaitGroup), channel, pull (bare coroutines of iter.Pull).
package bench

import (
	"context"
	"testing"

	runner "example.org/librunner/go"
)

// batch is how many tasks there are at a time.
const batch = 1000

var background = context.Background()

// inRunner measures what main does, from the time when main runs.
func inRunner(b *testing.B, main func(ctx context.Context) error, options ...runner.Option) {
	b.Helper()
	b.ReportAllocs()
	_, err := runner.Run(background, func(ctx context.Context) (struct{}, error) {
		b.ResetTimer()
		defer b.StopTimer()
		return struct{}{}, main(ctx)
	}, options...)
	if err != nil {
		b.Fatal(err)
	}
}

// native measures the same without a runner.
func native(b *testing.B, main func() error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	if err := main(); err != nil {
		b.Fatal(err)
	}
}

// batches calls do with the size of one batch after the other, until there were n.
func batches(n int, do func(size int) error) error {
	for ; n > 0; n -= batch {
		if err := do(min(n, batch)); err != nil {
			return err
		}
	}
	return nil
}
