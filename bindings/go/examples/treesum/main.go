// Command treesum prints the SHA-256 sum of every regular file below a directory, as sha256sum prints
// it, sorted by path. At most N files are open at the same time.
//
//	usage: treesum DIR [N]
//
// Reading directories and files blocks, so each is a job for a goroutine of its own: ToThread. A task
// is started for a job only when the semaphore has a place for it: there are never more than N of
// them, however large the tree is, and what grows with it is only the list of paths.
//
// Only tasks touch what they share, and tasks never run in parallel, so nothing here is locked. A job
// is given what it needs and returns what it found.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	runner "example.org/librunner/go"
)

const mostJobs = 256

func usage(out io.Writer) {
	fmt.Fprintf(out, "usage: treesum DIR [N]\n"+
		"Print the SHA-256 sum of every regular file below DIR, sorted by path.\n"+
		"N: how many files to read at the same time, 1 to %d; default: 2 for each processor.\n",
		mostJobs)
}

// parse returns the arguments DIR and N, or false if they are not as they should be.
func parse(args []string) (dir string, jobs int, fine bool) {
	if len(args) < 1 || len(args) > 2 || strings.HasPrefix(args[0], "-") {
		return "", 0, false
	}
	if len(args) == 1 {
		return args[0], min(2*runtime.NumCPU(), mostJobs), true
	}
	n, err := strconv.ParseUint(args[1], 10, 32)
	return args[0], int(n), err == nil && n >= 1 && n <= mostJobs
}

// errorText is the text of a system error as C's strerror has it, which differs in the first letter.
func errorText(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err.Error()
	}
	text := number.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

// dieBySignal ends the process as the signal does by default, as a shell expects it.
func dieBySignal(number syscall.Signal) {
	signal.Reset(number)
	if err := syscall.Kill(os.Getpid(), number); err == nil {
		select {}
	}
	os.Exit(128 + int(number))
}

func treesum(args []string) int {
	if len(args) == 1 && args[0] == "--help" {
		usage(os.Stdout)
		return 0
	}
	dir, jobs, fine := parse(args)
	if !fine {
		usage(os.Stderr)
		return 2
	}
	work := tree{progress: newMeter(os.Stderr)}
	if err := work.startAt(dir); err != nil {
		fmt.Fprintf(os.Stderr, "treesum: %s: %s\n", dir, errorText(err))
		return 1
	}
	_, err := runner.Run(context.Background(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, work.run(ctx, jobs)
	})
	if errors.Is(err, runner.ErrInterrupted) {
		fmt.Fprintf(os.Stderr, "treesum: interrupted after %d of %d files\n",
			work.done, len(work.files))
		dieBySignal(syscall.SIGINT)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "treesum: %s\n", errorText(err))
		return 1
	}
	if work.failed {
		return 1
	}
	return 0
}

func main() {
	os.Exit(treesum(os.Args[1:]))
}
