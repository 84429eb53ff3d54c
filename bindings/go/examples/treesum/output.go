package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	runner "example.org/librunner/go"
)

const progressInterval = 100 * time.Millisecond

var escapes = strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r")

// printSums prints as sha256sum does: a line with an escaped name starts with a backslash.
func printSums(out io.Writer, files []string, sums []sum) error {
	buffer := bufio.NewWriter(out)
	for index, path := range files {
		if sums[index].err != nil {
			continue
		}
		name := escapes.Replace(path)
		if name != path {
			buffer.WriteByte('\\')
		}
		fmt.Fprintf(buffer, "%x  %s\n", sums[index].digest, name)
	}
	return buffer.Flush() // with the first error of all the writes
}

// meter is the line on a terminal that shows how far the work got; nil if there is no terminal.
type meter struct {
	out io.Writer
}

func newMeter(file *os.File) *meter {
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return &meter{file}
}

func (m *meter) show(done, files int) {
	fmt.Fprintf(m.out, "\r\033[K%d of %d files", done, files)
}

func (m *meter) clear() {
	if m != nil {
		io.WriteString(m.out, "\r\033[K")
	}
}

// showProgress is a task that ends by a cancel.
func (t *tree) showProgress(ctx context.Context) error {
	defer t.progress.clear()
	for {
		t.progress.show(t.done, len(t.files))
		if err := runner.Sleep(ctx, progressInterval); err != nil {
			return err
		}
	}
}
