package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

// Everything at once: many runners side by side, each with random tasks of every kind, cancels,
// timeouts, threads and interrupts, under a garbage collector that runs all the time. In the end
// there are as many goroutines and descriptors as before.
//
//	RUNNER_STRESS=10m        how long
//	RUNNER_STRESS_SEED=42    with the random numbers of a run that failed
//	RUNNER_STRESS_ONLY=a,b   only these of the things in stress_things_test.go

const (
	stressDefault = 3 * time.Second
	stressShort   = 300 * time.Millisecond
	stressRunners = 6 // at a time
	stressSettle  = 30 * time.Second
)

func stressDuration(t *testing.T) time.Duration {
	if text := os.Getenv("RUNNER_STRESS"); text != "" {
		duration, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return duration
	}
	if testing.Short() {
		return stressShort
	}
	return stressDefault
}

func stressSeed(t *testing.T) uint64 {
	text := os.Getenv("RUNNER_STRESS_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// resources is what a runner must give back.
type resources struct{ goroutines, descriptors int }

func countResources() resources {
	counted := resources{goroutines: runtime.NumGoroutine()}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		counted.descriptors = len(open)
	}
	return counted
}

// settle waits until what has ended is gone, too.
func settle(t *testing.T, before resources) {
	t.Helper()
	var now resources
	for deadline := time.Now().Add(stressSettle); time.Now().Before(deadline); {
		runtime.GC() // runs cleanups
		now = countResources()
		if now.goroutines <= before.goroutines && now.descriptors <= before.descriptors {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	stacks = stacks[:runtime.Stack(stacks, true)]
	t.Errorf("before: %+v, after: %+v\n%s", before, now, stacks)
}

func TestStress(t *testing.T) {
	duration, seed := stressDuration(t), stressSeed(t)
	t.Logf("RUNNER_STRESS=%s RUNNER_STRESS_SEED=%d", duration, seed)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	// What stays after a first run stays once: the watcher of signals, the netpoller.
	stressRunner(t, rand.New(rand.NewPCG(seed, 0)))
	before := countResources()
	end := time.Now().Add(duration)
	var all sync.WaitGroup
	for index := range stressRunners {
		all.Add(1)
		go func() {
			defer all.Done()
			random := rand.New(rand.NewPCG(seed, uint64(index+1)))
			for !t.Failed() && time.Now().Before(end) {
				stressRunner(t, random)
			}
		}()
	}
	all.Wait()
	settle(t, before)
}

var errStress = errors.New("a task of the stress test failed")

// stressRunner is the life of one runner: a few runs that end in different ways, and its close.
func stressRunner(t *testing.T, random *rand.Rand) {
	options := []runner.Option{runner.WithExceptionHandler(func(runner.Exception) {})}
	if random.IntN(4) == 0 {
		options = append(options, runner.WithDebug(true))
	}
	if random.IntN(8) == 0 {
		options = append(options, runner.WithLockedThread())
	}
	s := &stress{t: t, random: random, loose: make(map[*runner.Task[int]]bool)}
	r := runner.New(options...)
	for range 1 + random.IntN(4) {
		s.run(r)
	}
	if err := r.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if s.started != s.ended {
		t.Errorf("%d tasks were started, %d have ended", s.started, s.ended)
	}
	for task := range s.loose {
		if value, err := task.Result(); err == nil && value != 1 {
			t.Errorf("a task that was left behind has the result %d", value)
		}
	}
}

// run is one run that its context, an interrupt, an error, a panic or nothing ends.
func (s *stress) run(r *runner.Runner) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	ending, after := s.random.IntN(6), time.Duration(s.random.IntN(5))*time.Millisecond
	var outside sync.WaitGroup
	defer outside.Wait()
	defer func() {
		var failure *runner.PanicError
		if value := recover(); value == nil {
			return
		} else if err, is := value.(error); !is || !errors.As(err, &failure) || failure.Value != errStress {
			s.t.Errorf("the run panicked with %v", value)
		}
	}()
	err := r.Run(ctx, func(ctx context.Context) error {
		s.locked = &stressLock{mutex: runner.NewLock(ctx)}
		switch ending {
		case 0:
			outside.Add(1)
			go func() { defer outside.Done(); time.Sleep(after); cancel(errStress) }()
		case 1:
			outside.Add(1)
			go func() { defer outside.Done(); time.Sleep(after); r.Interrupt() }()
		}
		err := s.tasks(ctx, 3)
		switch ending {
		case 2:
			return errStress
		case 3:
			panic(errStress)
		}
		return err
	})
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, errStress) {
		return
	}
	s.t.Errorf("the run ended with %v", err)
}

// stress is what the tasks of one runner share. Nothing is locked: no two of them run in parallel.
type stress struct {
	t      *testing.T
	random *rand.Rand
	locked *stressLock
	loose  map[*runner.Task[int]]bool // tasks that nobody awaits

	started, ended int // bodies of tasks
}

// stressLock is made anew for each run: what an earlier one has left holds that one's.
type stressLock struct {
	mutex  *runner.Lock
	inside int
}

// expect complains about an error that is neither a cancel nor one of those that the test makes.
func (s *stress) expect(what string, err error, others ...error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, errStress) {
		return err
	}
	for _, other := range others {
		if errors.Is(err, other) {
			return err
		}
	}
	s.t.Errorf("%s: %v", what, err)
	return err
}

// body is that of a task which does some random things and returns 1.
func (s *stress) body(depth int) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		s.started++
		defer func() { s.ended++ }()
		if err := s.tasks(ctx, depth); err != nil {
			return 0, err
		}
		return 1, nil
	}
}

// tasks does some random things, and in them, while there is depth left, others.
func (s *stress) tasks(ctx context.Context, depth int) error {
	for range 1 + s.random.IntN(4) {
		things := stressLeaves
		if depth > 0 && s.random.IntN(3) > 0 {
			things = stressNodes
		}
		thing := things[s.random.IntN(len(things))]
		if err := thing.do(s, ctx, depth-1); err != nil {
			return fmt.Errorf("%s: %w", thing.name, err)
		}
	}
	return nil
}
