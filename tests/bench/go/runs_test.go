package bench

import (
	"context"
	"os"
	"os/signal"
	"testing"

	runner "example.org/librunner/go"
)

func trivial(context.Context) error { return nil }

// BenchmarkRunWarm: a trivial main on a runner that has run before, with the handling of SIGINT. The
// peer is what a program does for that by hand.
func BenchmarkRunWarm(b *testing.B) {
	b.Run("librunner", func(b *testing.B) { warm(b, true) })
	b.Run("channel", func(b *testing.B) {
		native(b, func() error {
			for range b.N {
				ctx, stop := signal.NotifyContext(background, os.Interrupt)
				done := make(chan error)
				go func() { done <- trivial(ctx) }()
				err := <-done
				stop()
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// BenchmarkRunWarmNoSignals: the same without.
func BenchmarkRunWarmNoSignals(b *testing.B) {
	b.Run("librunner", func(b *testing.B) { warm(b, false) })
	b.Run("channel", func(b *testing.B) {
		native(b, func() error {
			for range b.N {
				done := make(chan error)
				go func() { done <- trivial(background) }()
				if err := <-done; err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func warm(b *testing.B, interrupt bool) {
	r := runner.New(runner.WithInterrupt(interrupt))
	defer r.Close()
	if err := r.Run(background, trivial); err != nil {
		b.Fatal(err)
	}
	native(b, func() error {
		for range b.N {
			if err := r.Run(background, trivial); err != nil {
				return err
			}
		}
		return nil
	})
	b.StopTimer()
}

// BenchmarkRunCold: make a runner, run a trivial main, close it.
func BenchmarkRunCold(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		native(b, func() error {
			for range b.N {
				if _, err := runner.Run(background, answer); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
