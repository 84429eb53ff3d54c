package runner_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// each runs a test with every way in which a driver can wait.
func eachWayToWait(t *testing.T, test func(t *testing.T, opts ...runner.Option)) {
	for name, opts := range map[string][]runner.Option{
		"in Go":         nil,
		"in C":          {runner.WithoutPoller()},
		"in Go, locked": {runner.WithLockedThread()},
		"in C, locked":  {runner.WithoutPoller(), runner.WithLockedThread()},
	} {
		t.Run(name, func(t *testing.T) { test(t, opts...) })
	}
}

func Test_a_loop_that_waits_is_woken_by_time(t *testing.T) {
	eachWayToWait(t, func(t *testing.T, opts ...runner.Option) {
		r := newRealRunner(t, opts...)
		fine(t, r.Run(background, func(ctx context.Context) error {
			for _, d := range []time.Duration{ms, 100 * time.Microsecond, 3 * ms} {
				fine(t, runner.Sleep(ctx, d))
			}
			return nil
		}))
	})
}

func Test_a_loop_that_waits_is_woken_by_other_goroutines(t *testing.T) {
	eachWayToWait(t, func(t *testing.T, opts ...runner.Option) {
		r := newRealRunner(t, opts...)
		fine(t, r.Run(background, func(ctx context.Context) error {
			for range 200 {
				value, err := runner.ToThread(ctx, func(context.Context) (int, error) { return 7, nil })
				fine(t, err)
				equal(t, "value", value, 7)
			}
			return nil
		}))
	})
}

func TestR121_a_loop_that_waits_is_woken_by_an_interrupt(t *testing.T) {
	eachWayToWait(t, func(t *testing.T, opts ...runner.Option) {
		r := newRealRunner(t, opts...)
		var begun atomic.Int64
		is(t, r.Run(background, func(ctx context.Context) error {
			go func() {
				time.Sleep(ms) // the loop most likely waits by then; if not, it is no matter
				begun.Store(int64(time.Since(epoch)))
				r.Interrupt()
			}()
			return forever(ctx)
		}), runner.ErrInterrupted)
		if took := time.Since(epoch) - time.Duration(begun.Load()); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

var epoch = time.Now()

func Test_a_loop_that_waits_is_woken_by_the_end_of_a_context(t *testing.T) {
	eachWayToWait(t, func(t *testing.T, opts ...runner.Option) {
		r := newRealRunner(t, opts...)
		ctx, cancel := context.WithCancelCause(background)
		is(t, r.Run(ctx, func(ctx context.Context) error {
			derived, stop := context.WithTimeout(ctx, ms)
			defer stop()
			is(t, forever(derived), context.DeadlineExceeded)
			time.AfterFunc(ms, func() { cancel(errFirst) })
			return forever(ctx)
		}), context.Canceled, errFirst)
	})
}
