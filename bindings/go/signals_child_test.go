package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	runner "example.org/librunner/go"
)

// What the children of signals_test.go do.
var signalChildren = map[string]func(){
	"parked":       childParked,
	"yielding":     childYielding,
	"cleanup":      childCleanup,
	"swallow":      childSwallow,
	"group":        childGroup,
	"stubborn":     childStubborn,
	"busy":         childBusy,
	"between":      childBetween,
	"after":        childAfter,
	"runs":         childRuns,
	"closing":      childClosing,
	"runners":      childRunners,
	"own":          childOwn,
	"off-own":      childOffOwn,
	"off":          childOff,
	"ignored":      childIgnored,
	"dispositions": childDispositions,
	"flood":        childFlood,
	"processes":    childProcesses,
}

var background = context.Background()

// forever parks the task until it is cancelled.
func forever(ctx context.Context) error { return runner.Sleep(ctx, time.Hour) }

// kind is what a program can ask of an error.
func kind(err error) string {
	var kinds []string
	if errors.Is(err, runner.ErrInterrupted) {
		kinds = append(kinds, "interrupted")
	}
	if errors.Is(err, context.Canceled) {
		kinds = append(kinds, "canceled")
	}
	if kinds == nil {
		return fmt.Sprint(err)
	}
	return strings.Join(kinds, ", ")
}

func childParked() {
	r := runner.New()
	err := r.Run(background, func(ctx context.Context) error {
		say("ready")
		err := forever(ctx)
		say("main: %s", kind(err))
		return err
	})
	say("run: %s", kind(err))
	say("closed: %v", r.Close())
}

func childYielding() {
	_, err := runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		for {
			if err := runner.Yield(ctx); err != nil {
				return 0, err
			}
		}
	})
	say("run: %s", kind(err))
}

func childCleanup() {
	_, err := runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		err := forever(ctx)
		say("cleanup: %v", runner.Sleep(ctx, time.Millisecond))
		return 0, err
	})
	say("run: %s", kind(err))
}

func childSwallow() {
	value, err := runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		forever(ctx)
		return 42, nil
	})
	say("run: %d, %v", value, err)
}

func childGroup() {
	_, err := runner.Run(background, func(ctx context.Context) (int, error) {
		err := runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
			_, err := group.Go(func(ctx context.Context) error {
				say("ready")
				err := forever(ctx)
				say("child: %s", kind(err))
				return err
			})
			return err
		})
		say("main: %s", kind(err))
		return 0, err
	})
	say("run: %s", kind(err))
}

func childStubborn() {
	runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		forever(ctx)
		say("cleaning up")
		return 0, forever(ctx)
	})
	say("the run has ended")
}

func childBusy() {
	runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		for {
		}
	})
}

func childBetween() {
	r := runner.New()
	defer r.Close()
	if err := r.Run(background, func(context.Context) error { return nil }); err != nil {
		say("run: %v", err)
	}
	say("ready")
	listen()
}

func childAfter() {
	runner.Run(background, func(ctx context.Context) (int, error) { return 0, runner.Yield(ctx) })
	say("ready")
	listen()
}

func childRuns() {
	r := runner.New()
	defer r.Close()
	for range 3 {
		err := r.Run(background, func(ctx context.Context) error {
			say("ready")
			return forever(ctx)
		})
		say("run: %s", kind(err))
		listen()
	}
}

func childClosing() {
	r := runner.New()
	say("run: %v", r.Run(background, func(ctx context.Context) error {
		runner.Go(ctx, func(ctx context.Context) (int, error) {
			say("task: %s", kind(forever(ctx)))
			return 0, forever(ctx)
		})
		return runner.Yield(ctx)
	}))
	say("closed: %s", kind(r.Close()))
}

func childRunners() {
	var both sync.WaitGroup
	for range 2 {
		both.Add(1)
		go func() {
			defer both.Done()
			_, err := runner.Run(background, func(ctx context.Context) (int, error) {
				say("ready")
				return 0, forever(ctx)
			})
			say("run: %s", kind(err))
		}()
	}
	both.Wait()
}

func childOwn() {
	own := make(chan os.Signal, 1)
	signal.Notify(own, os.Interrupt)
	_, err := runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		return 0, forever(ctx)
	})
	say("run: %s", kind(err))
	for range 2 {
		say("own: %v", <-own)
	}
}

func childOffOwn() {
	own := make(chan os.Signal, 1)
	signal.Notify(own, os.Interrupt)
	value, err := runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		return runner.ToThread(ctx, func(context.Context) (int, error) {
			say("own: %v", <-own)
			return 42, nil
		})
	}, runner.WithInterrupt(false))
	say("run: %d, %v", value, err)
}

func childOff() {
	runner.Run(background, func(ctx context.Context) (int, error) {
		say("ready")
		return 0, forever(ctx)
	}, runner.WithInterrupt(false))
	say("the run has ended")
}

func childIgnored() {
	pause := func(when string) {
		say("%s: ignored %t", when, signal.Ignored(os.Interrupt))
		listen()
	}
	pause("before")
	value, err := runner.Run(background, func(ctx context.Context) (int, error) {
		_, err := runner.ToThread(ctx, func(context.Context) (int, error) {
			pause("during")
			return 0, nil
		})
		if err != nil {
			return 0, err
		}
		return 42, runner.Yield(ctx)
	})
	pause("after")
	say("run: %d, %v", value, err)
}

// dispositions is which signals the process ignores and catches, as the kernel tells it.
func dispositions() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	var lines []string
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "SigIgn:") || strings.HasPrefix(line, "SigCgt:") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, ", ")
}

func childDispositions() {
	before := dispositions()
	during, err := runner.Run(background, func(ctx context.Context) (string, error) {
		if err := runner.Sleep(ctx, time.Millisecond); err != nil {
			return "", err
		}
		return runner.ToThread(ctx, func(context.Context) (string, error) { return dispositions(), nil })
	})
	if after := dispositions(); err != nil || before != during || before != after {
		say("before %s, during %s, after %s, %v", before, during, after, err)
		return
	}
	say("the same before, during and after")
}

// busyGoroutines grow and shrink their stacks and allocate, so that a handler that runs on one of
// their stacks does harm.
func busyGoroutines() (stop func()) {
	var over atomic.Bool
	var grow func(depth int) int
	grow = func(depth int) int {
		var frame [256]byte
		if depth == 0 {
			return len(frame)
		}
		frame[depth%len(frame)] = byte(depth)
		return grow(depth-1) + int(frame[0])
	}
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for !over.Load() {
				grow(100)
				_ = make([]byte, 1<<12)
				runtime.Gosched()
			}
		}()
	}
	return func() { over.Store(true) }
}

// flood sends SIGUSR1 to this process until it is stopped.
func flood() (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-over:
				return
			default:
				syscall.Kill(os.Getpid(), syscall.SIGUSR1)
			}
		}
	}()
	return func() { close(over); <-ended }
}

func childFlood() {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1)
	stopBusy, stopFlood := busyGoroutines(), flood()
	for range 10 {
		_, err := runner.Run(background, func(ctx context.Context) (int, error) {
			for range 20 {
				if err := runner.Sleep(ctx, time.Millisecond); err != nil {
					return 0, err
				}
				<-received // stops the loop until there was one more
			}
			return runner.ToThread(ctx, func(context.Context) (int, error) { return 0, nil })
		})
		if err != nil {
			say("run: %v", err)
			return
		}
	}
	say("survived during runs")
	for range 500 {
		<-received
	}
	stopFlood()
	stopBusy()
	say("survived after runs")
}

// childProcesses: the C library takes no SIGCHLD, which Go needs for itself.
func childProcesses() {
	const count, atOnce = 300, 8
	start := func() error { return exec.Command("/bin/true").Run() }
	_, err := runner.Run(background, func(ctx context.Context) (int, error) {
		places := runner.NewSemaphore(ctx, atOnce)
		return 0, runner.Group(ctx, func(ctx context.Context, group *runner.TaskGroup) error {
			for range count {
				if err := places.Acquire(ctx); err != nil {
					return err
				}
				_, err := group.Go(func(ctx context.Context) error {
					defer places.Release()
					_, err := runner.ToThread(ctx, func(context.Context) (int, error) { return 0, start() })
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		say("during a run: %v", err)
		return
	}
	say("during a run: all ended")
	for range count {
		if err := start(); err != nil {
			say("after it: %v", err)
			return
		}
	}
	say("after it: all ended")
}
