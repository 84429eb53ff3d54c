package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	runner "example.org/librunner/go"
)

// errLast is the failure of a future that nobody looks at. Such failures are reported last of all,
// which tells the time of the close: the clock of a runner that is closed cannot be read.
var errLast = errors.New("the last report")

// execute runs a program, whose trace goes to the buffer.
func execute(program *program, trace *bytes.Buffer) {
	w := newWorld(program, trace)
	for index := range program.runs {
		w.executeRun(index)
	}
	w.close()
}

func (w *world) executeRun(index int) {
	def := &w.program.runs[index]
	opts := []runner.TaskOption{runner.Name(def.task)}
	if def.freshContext {
		opts = append(opts, runner.InVars(runner.NewVars(w.runner)))
	}
	timers := w.startInterrupts(def.interruptAt)
	main := newBody(w, def.task, w.program.tasks[def.task])
	value, err := runner.RunIn(w.runner, context.Background(), main.runMain, opts...)
	for _, timer := range timers {
		timer.Cancel()
	}
	w.linef("run", "%d %s", index, outcome(value, err))
}

// startInterrupts: a signal would come at some time, from another goroutine. A call from a callback is
// there when the callback is over, as asyncio's handler has run by then.
func (w *world) startInterrupts(times []int64) []*runner.Timer {
	var timers []*runner.Timer
	for _, ms := range times {
		timer := must(w.loop.CallLater(milliseconds(ms), func() { _ = w.runner.Interrupt() }))
		timers = append(timers, timer)
	}
	return timers
}

func (w *world) close() {
	err := w.runner.Close()
	what := "closed"
	switch {
	case errors.Is(err, runner.ErrDeadlock):
		what += " deadlock"
	case err != nil:
		what += fmt.Sprintf(" %v", err)
	}
	w.lineAt(w.closedAt, what)
}

// longest is a time of 292 years, after which something still happens.
const longest = runner.Forever - 1

func milliseconds(ms int64) time.Duration {
	if ms > longest.Milliseconds() {
		return longest
	}
	return time.Duration(ms) * time.Millisecond
}
