package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

const ms = time.Millisecond

var (
	errFirst  = errors.New("first")
	errSecond = errors.New("second")
	errThird  = errors.New("third")
)

// inTask runs body as the main task of a runner with a virtual clock, and closes the runner.
func inTask(t *testing.T, body func(ctx context.Context), opts ...runner.Option) {
	t.Helper()
	leavesNothing(t)
	r := runner.New(append([]runner.Option{runner.WithVirtualClock()}, opts...)...)
	err := r.Run(context.Background(), func(ctx context.Context) error {
		body(ctx)
		return nil
	})
	if err != nil {
		t.Errorf("the run ended with %v", err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("the close ended with %v", err)
	}
}

// fine ends the test at an error.
func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// same is for errors that have to come out as the very object.
func same(t *testing.T, got, want error) {
	t.Helper()
	if got != want {
		t.Errorf("got error %v, want %v itself", got, want)
	}
}

func is(t *testing.T, got error, want ...error) {
	t.Helper()
	for _, want := range want {
		if !errors.Is(got, want) {
			t.Errorf("got error %v, want %v", got, want)
		}
	}
}

func isNot(t *testing.T, got error, not ...error) {
	t.Helper()
	for _, not := range not {
		if errors.Is(got, not) {
			t.Errorf("got error %v, which should not be %v", got, not)
		}
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equalSlices[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// nothing makes the body of a task without a result.
func nothing(fn func(context.Context) error) func(context.Context) (struct{}, error) {
	return func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) }
}

// failing is the body of a task that fails after a time; returning of one that returns a value.
func failing(after time.Duration, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		if stopped := runner.Sleep(ctx, after); stopped != nil {
			return stopped
		}
		return err
	}
}

func returning[T any](after time.Duration, value T) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		if err := runner.Sleep(ctx, after); err != nil {
			var none T
			return none, err
		}
		return value, nil
	}
}

// turns lets everything that is ready run so many times.
func turns(t *testing.T, ctx context.Context, count int) {
	t.Helper()
	for range count {
		fine(t, runner.Yield(ctx))
	}
}

// diary is what has happened, and when: in milliseconds since it was begun.
type diary struct {
	loop  *runner.Loop
	begun time.Duration
	lines []string
}

func newDiary(ctx context.Context) *diary {
	loop := runner.LoopOf(ctx)
	return &diary{loop: loop, begun: loop.Time()}
}

func (d *diary) add(format string, args ...any) {
	at := (d.loop.Time() - d.begun) / ms
	d.lines = append(d.lines, fmt.Sprintf("%d %s", at, fmt.Sprintf(format, args...)))
}

func (d *diary) expect(t *testing.T, lines ...string) {
	t.Helper()
	equalSlices(t, "diary", d.lines, lines)
}
