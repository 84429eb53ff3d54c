package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	runner "example.org/librunner/go"
)

func Test_codes_are_the_errors_of_the_standard_library_that_mean_the_same(t *testing.T) {
	is(t, runner.ErrTimeout, context.DeadlineExceeded)
	is(t, runner.ErrCanceled, context.Canceled)
	is(t, runner.ErrInterrupted, context.Canceled)
	isNot(t, runner.ErrTimeout, context.Canceled)
	isNot(t, runner.ErrCanceled, context.DeadlineExceeded, runner.ErrInterrupted)
	isNot(t, runner.ErrClosed, context.Canceled, context.DeadlineExceeded)
	missing := runner.Errno(-int32(syscall.ENOENT))
	is(t, missing, syscall.ENOENT, fs.ErrNotExist)
	isNot(t, missing, syscall.EPERM)
	is(t, fmt.Errorf("while: %w", runner.ErrClosed), runner.ErrClosed)
}

func Test_codes_have_a_text_and_a_name(t *testing.T) {
	equal(t, "text", runner.ErrClosed.Error(), "runner: runner is closed")
	equal(t, "name", runner.ErrClosed.Name(), "RUNNER_ECLOSED")
	equal(t, "name", runner.Errno(-2).Name(), "UV_ENOENT")
	if text := runner.Errno(-2).Error(); !strings.Contains(text, "no such file") {
		t.Errorf("the text is %q", text)
	}
}

func Test_a_cancel_tells_its_cause(t *testing.T) {
	err := error(&runner.CanceledError{Cause: errFirst})
	is(t, err, runner.ErrCanceled, context.Canceled, errFirst)
	equal(t, "text", err.Error(), "runner: task was cancelled: first")
	late := error(&runner.CanceledError{Cause: context.DeadlineExceeded})
	is(t, late, runner.ErrCanceled, context.DeadlineExceeded)
	isNot(t, late, context.Canceled)
	equal(t, "text", (&runner.CanceledError{}).Error(), "runner: task was cancelled")
}

func Test_a_panic_unwraps_to_an_error_only(t *testing.T) {
	is(t, &runner.PanicError{Value: errFirst}, errFirst)
	equal(t, "unwrapped", errors.Unwrap(&runner.PanicError{Value: "boom"}), nil)
}
