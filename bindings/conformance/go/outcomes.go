package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	runner "example.org/librunner/go"
)

// failure is an error of the language: its name.
type failure string

func (f failure) Error() string {
	return string(f)
}

// refused are the errors for what asyncio refuses with RuntimeError.
var refused = []error{runner.ErrSelfAwait, runner.ErrAborting, runner.ErrFinished}

// The kinds of errors, named as the handlers of try that take them.
const (
	cancelled = "cancelled"
	anError   = "error"
	timedOut  = "timeout"
	group     = "group"
)

// kindOf: a group is asked for first, as errors.Is looks at the errors inside.
func kindOf(err error) string {
	if _, is := err.(*runner.GroupError); is {
		return group
	}
	switch {
	case errors.Is(err, runner.ErrCanceled):
		return cancelled
	case errors.Is(err, runner.ErrTimeout):
		return timedOut
	}
	return anError
}

// outcome of a task, a run, a gathered future.
func outcome(value int64, err error) string {
	switch {
	case err == nil:
		return fmt.Sprintf("value %d", value)
	case errors.Is(err, runner.ErrPending), errors.Is(err, runner.ErrAbandoned):
		return "pending"
	case errors.Is(err, runner.ErrInterrupted):
		return "interrupted"
	case errors.Is(err, runner.ErrDeadlock):
		return "deadlock"
	}
	return outcomeOfError(err)
}

func outcomeOfError(err error) string {
	switch kind := kindOf(err); kind {
	case group:
		outcomes := sortedOutcomes(err.(*runner.GroupError).Errs)
		return fmt.Sprintf("group [%s]", strings.Join(outcomes, ", "))
	case anError:
		return "error " + nameOf(err)
	default:
		return kind
	}
}

func sortedOutcomes(errs []error) []string {
	var outcomes []string
	for _, err := range errs {
		outcomes = append(outcomes, outcomeOfError(err))
	}
	slices.Sort(outcomes)
	return outcomes
}

// nameOf is the name of an error that is none of the library's own outcomes.
func nameOf(err error) string {
	for _, one := range refused {
		if errors.Is(err, one) {
			return "RuntimeError"
		}
	}
	return err.Error()
}
