package runner_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// TestMain makes what a process keeps once it was used, so that tests can count what they leave: Go's
// network poller, and the goroutine that hands out signals.
func TestMain(m *testing.M) {
	runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, runner.Sleep(ctx, time.Millisecond)
	})
	os.Exit(m.Run())
}

// leavesNothing has the test fail if there are more goroutines or descriptors after it than now.
func leavesNothing(t *testing.T) {
	t.Helper()
	if counted == t {
		return
	}
	counted = t
	before := countResources()
	t.Cleanup(func() { settle(t, before) })
}

// counted is the test that leavesNothing was called for.
var counted *testing.T

// newRunner makes a runner with a virtual clock, which the test closes at the latest when it ends.
func newRunner(t *testing.T, opts ...runner.Option) *runner.Runner {
	t.Helper()
	return newRealRunner(t, append([]runner.Option{runner.WithVirtualClock()}, opts...)...)
}

// newRealRunner is newRunner with the real clock: for what waits for other goroutines.
func newRealRunner(t *testing.T, opts ...runner.Option) *runner.Runner {
	t.Helper()
	leavesNothing(t)
	r := runner.New(opts...)
	t.Cleanup(func() { r.Close() })
	return r
}

// exceptions collects what nobody could be given.
type exceptions struct{ got []runner.Exception }

func (e *exceptions) option() runner.Option {
	return runner.WithExceptionHandler(func(x runner.Exception) { e.got = append(e.got, x) })
}

// panics is what fn gives to panic, or nil.
func panics(fn func()) (value any) {
	defer func() { value = recover() }()
	fn()
	return nil
}

// exits tells whether fn calls runtime.Goexit.
func exits(fn func()) bool {
	exited := make(chan bool)
	go func() {
		returned := false
		defer func() { exited <- !returned }()
		fn()
		returned = true
	}()
	return <-exited
}

// eventually waits for what another goroutine, or the garbage collector, does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// setCleanup has collected closed once nothing refers to object any more.
func setCleanup[T any](object *T, collected chan struct{}) {
	runtime.AddCleanup(object, func(collected chan struct{}) { close(collected) }, collected)
}
