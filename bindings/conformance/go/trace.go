package main

import (
	"errors"
	"fmt"
	"time"

	runner "example.org/librunner/go"
)

// byLoop is who callbacks are: they have no path.
const byLoop = "loop"

func childPath(spawner, task string, number int) string {
	return fmt.Sprintf("%s/%s#%d", spawner, task, number)
}

func closablePath(maker, name string) string {
	return fmt.Sprintf("%s/~%s", maker, name)
}

// line adds a line to the trace.
func (w *world) line(who, what string) {
	w.lineAt(w.loop.Time(), who+" "+what)
}

func (w *world) linef(who, format string, args ...any) {
	w.line(who, fmt.Sprintf(format, args...))
}

func (w *world) lineAt(now time.Duration, what string) {
	fmt.Fprintf(w.trace, "%d %s\n", now.Milliseconds(), what)
}

// report is the exception handler.
func (w *world) report(exception runner.Exception) {
	if errors.Is(exception.Err, errLast) {
		w.closedAt = w.loop.Time()
		return
	}
	what := "nothing"
	if exception.Err != nil {
		what = outcomeOfError(exception.Err)
	}
	w.linef("report", "%s %s", w.whose(exception), what)
}

// whose: librunner starts tasks of its own only to close what is closed with awaits.
func (w *world) whose(exception runner.Exception) string {
	path, ours := w.paths[exception.ID]
	switch {
	case ours:
		return path
	case exception.ID != 0 || exception.Name != "":
		return "closable"
	}
	return "none"
}
