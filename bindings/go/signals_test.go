package runner_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Real signals. Each test starts this program again as a child process that runs one of
// signalChildren, and talks to it: what the child prints and what the parent writes is in step, so
// that no test depends on how fast anything is.

const (
	signalChildVariable = "RUNNER_SIGNAL_CHILD"
	signalChildLimit    = 2 * time.Minute
)

func init() {
	name, ok := os.LookupEnv(signalChildVariable)
	if !ok {
		return
	}
	// Not here: while packages are initialised the goroutine is bound to the first thread.
	go func() {
		signalChildren[name]()
		os.Exit(0)
	}()
	select {}
}

// signalChild is the parent's view of a child.
type signalChild struct {
	t       *testing.T
	command *exec.Cmd
	cancel  context.CancelFunc
	out     *bufio.Scanner
	in      io.Writer
	errors  bytes.Buffer
}

// startSignalChild runs the child of that name, by the command if there is one.
func startSignalChild(t *testing.T, name string, by ...string) *signalChild {
	t.Helper()
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	arguments := append(by, program)
	ctx, cancel := context.WithTimeout(context.Background(), signalChildLimit)
	t.Cleanup(cancel)
	c := &signalChild{t: t, cancel: cancel}
	c.command = exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	c.command.Env = append(os.Environ(), signalChildVariable+"="+name)
	c.command.Stderr = &c.errors
	out, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if c.in, err = c.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// expect reads the next line that the child says.
func (c *signalChild) expect(line string) {
	c.t.Helper()
	if !c.out.Scan() {
		err := c.command.Wait()
		c.t.Fatalf("the child ended (%v) before it said %q\n%s", err, line, &c.errors)
	}
	if c.out.Text() != line {
		c.cancel()
		c.t.Fatalf("the child said %q, expected %q", c.out.Text(), line)
	}
}

func (c *signalChild) signal(number syscall.Signal) {
	c.t.Helper()
	if err := c.command.Process.Signal(number); err != nil {
		c.t.Fatal(err)
	}
}

// tell has the child's listen return.
func (c *signalChild) tell() {
	c.t.Helper()
	if _, err := c.in.Write([]byte("\n")); err != nil {
		c.t.Fatal(err)
	}
}

// wait is how the child ended. It says nothing more.
func (c *signalChild) wait() syscall.WaitStatus {
	c.t.Helper()
	if c.out.Scan() {
		c.cancel()
		c.t.Fatalf("the child said %q, expected its end", c.out.Text())
	}
	var exit *exec.ExitError
	if err := c.command.Wait(); err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return c.command.ProcessState.Sys().(syscall.WaitStatus)
}

func (c *signalChild) ends() {
	c.t.Helper()
	if status := c.wait(); status.Exited() && status.ExitStatus() == 0 {
		return
	}
	c.t.Fatalf("the child ended with %v\n%s", c.command.ProcessState, &c.errors)
}

// endsByInterrupt is Go's default effect of SIGINT.
func (c *signalChild) endsByInterrupt() {
	c.t.Helper()
	status := c.wait()
	if status.Signaled() && status.Signal() == syscall.SIGINT || status.Exited() && status.ExitStatus() == 2 {
		return
	}
	c.t.Fatalf("the child ended with %v, not by SIGINT\n%s", c.command.ProcessState, &c.errors)
}

// ---- for children --------------------------------------------------------------------------------

func say(format string, values ...any) { fmt.Printf(format+"\n", values...) }

// listen waits until the parent tells the child to go on.
func listen() {
	var line [1]byte
	if _, err := io.ReadFull(os.Stdin, line[:]); err != nil {
		panic(err)
	}
}

// ---- tests ---------------------------------------------------------------------------------------

func TestR119_R121_first_interrupt_cancels_main(t *testing.T) {
	c := startSignalChild(t, "parked")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("main: canceled")
	c.expect("run: interrupted, canceled")
	c.expect("closed: <nil>")
	c.ends()
}

func TestR120_first_interrupt_cancels_a_main_that_yields(t *testing.T) {
	c := startSignalChild(t, "yielding")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("run: interrupted, canceled")
	c.ends()
}

func TestR123_main_cleans_up_after_an_interrupt(t *testing.T) {
	c := startSignalChild(t, "cleanup")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("cleanup: <nil>")
	c.expect("run: interrupted, canceled")
	c.ends()
}

func TestR119_main_may_swallow_an_interrupt(t *testing.T) {
	c := startSignalChild(t, "swallow")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("run: 42, <nil>")
	c.ends()
}

func TestR136_interrupt_reaches_the_innermost_wait_first(t *testing.T) {
	c := startSignalChild(t, "group")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("child: canceled")
	c.expect("main: canceled")
	c.expect("run: interrupted, canceled")
	c.ends()
}

func TestR128_second_interrupt_ends_the_process(t *testing.T) {
	c := startSignalChild(t, "stubborn")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("cleaning up")
	c.signal(syscall.SIGINT)
	c.endsByInterrupt()
}

// Which of the signals is the second one cannot be seen from outside of a loop that does not turn.
func TestR129_interrupts_end_a_process_that_never_waits(t *testing.T) {
	c := startSignalChild(t, "busy")
	c.expect("ready")
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		again := time.NewTicker(10 * time.Millisecond)
		defer again.Stop()
		for {
			// A signal to a process that has ended is no failure.
			c.command.Process.Signal(syscall.SIGINT)
			select {
			case <-ended:
				return
			case <-again.C:
			}
		}
	}()
	c.endsByInterrupt()
}

func TestR131_interrupt_between_runs_has_its_default_effect(t *testing.T) {
	c := startSignalChild(t, "between")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.endsByInterrupt()
}

func Test_interrupt_after_the_close_has_its_default_effect(t *testing.T) {
	c := startSignalChild(t, "after")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.endsByInterrupt()
}

func TestR133_every_run_can_be_interrupted(t *testing.T) {
	c := startSignalChild(t, "runs")
	for range 3 {
		c.expect("ready")
		c.signal(syscall.SIGINT)
		c.expect("run: interrupted, canceled")
		c.tell()
	}
	c.ends()
}

// The close waits for a task that does not end, until it is interrupted, and then gives it up.
func TestR132_a_close_can_be_interrupted(t *testing.T) {
	c := startSignalChild(t, "closing")
	c.expect("run: <nil>")
	c.expect("task: canceled")
	c.signal(syscall.SIGINT)
	c.expect("closed: interrupted, canceled")
	c.ends()
}

func Test_an_interrupt_goes_to_every_runner_that_runs(t *testing.T) {
	c := startSignalChild(t, "runners")
	for range 2 {
		c.expect("ready")
	}
	c.signal(syscall.SIGINT)
	for range 2 {
		c.expect("run: interrupted, canceled")
	}
	c.ends()
}

func TestR118_a_channel_of_the_program_gets_interrupts_too(t *testing.T) {
	c := startSignalChild(t, "own")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("run: interrupted, canceled")
	c.expect("own: interrupt")
	c.signal(syscall.SIGINT)
	c.expect("own: interrupt")
	c.ends()
}

func TestR118_a_program_can_keep_interrupts_to_itself(t *testing.T) {
	c := startSignalChild(t, "off-own")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.expect("own: interrupt")
	c.expect("run: 42, <nil>")
	c.ends()
}

func TestR116_without_WithInterrupt_an_interrupt_ends_the_process(t *testing.T) {
	c := startSignalChild(t, "off")
	c.expect("ready")
	c.signal(syscall.SIGINT)
	c.endsByInterrupt()
}

func TestR116_an_ignored_interrupt_stays_ignored(t *testing.T) {
	c := startSignalChild(t, "ignored", "/bin/sh", "-c", `trap "" INT; exec "$0"`)
	for _, when := range []string{"before", "during", "after"} {
		c.expect(when + ": ignored true")
		c.signal(syscall.SIGINT)
		c.tell()
	}
	c.expect("run: 42, <nil>")
	c.ends()
}

func TestR114_a_run_changes_no_disposition(t *testing.T) {
	c := startSignalChild(t, "dispositions")
	c.expect("the same before, during and after")
	c.ends()
}

func Test_handlers_of_Go_survive_a_flood_of_signals(t *testing.T) {
	c := startSignalChild(t, "flood")
	c.expect("survived during runs")
	c.expect("survived after runs")
	c.ends()
}

func Test_child_processes_end_well(t *testing.T) {
	c := startSignalChild(t, "processes")
	c.expect("during a run: all ended")
	c.expect("after it: all ended")
	c.ends()
}
