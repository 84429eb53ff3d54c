package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	runner "example.org/librunner/go"
)

const sleepers = 100_000

// BenchmarkSleepers: the memory that one of 100,000 sleeping tasks adds to the process, for the peer a
// sleeping goroutine. Each is measured once, in a process of its own: -benchtime 1x.
func BenchmarkSleepers(b *testing.B) {
	b.Run("librunner", func(b *testing.B) {
		before := resident(b)
		inRunner(b, func(ctx context.Context) error {
			tasks := make([]*runner.Task[int], sleepers)
			for i := range tasks {
				tasks[i] = runner.Go(ctx, func(ctx context.Context) (int, error) {
					return 0, runner.Sleep(ctx, time.Hour)
				})
			}
			if err := runner.Sleep(ctx, time.Millisecond); err != nil { // all of them have begun
				return err
			}
			b.ReportMetric(float64(resident(b)-before)/sleepers, "B/task")
			for _, task := range tasks {
				task.Cancel()
			}
			return nil
		})
	})
	b.Run("waitgroup", func(b *testing.B) {
		before := resident(b)
		native(b, func() error {
			var begun sync.WaitGroup
			begun.Add(sleepers)
			for range sleepers {
				go func() {
					begun.Done()
					time.Sleep(time.Hour) // longer than the process lives
				}()
			}
			begun.Wait()
			b.ReportMetric(float64(resident(b)-before)/sleepers, "B/task")
			return nil
		})
	})
}

// resident is the memory of the process with its page tables, without garbage.
func resident(b *testing.B) int {
	b.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc/self/status")
	}
	kilobytes := 0
	for line := range bytes.Lines(status) {
		for _, name := range []string{"VmRSS:", "VmPTE:"} {
			if value, found := bytes.CutPrefix(line, []byte(name)); found {
				number, err := strconv.Atoi(string(bytes.Fields(value)[0]))
				if err != nil {
					panic(fmt.Sprintf("%q: %v", line, err))
				}
				kilobytes += number
			}
		}
	}
	return kilobytes * 1024
}
