package runner

import (
	"context"
	"time"

	"example.org/librunner/go/internal/core"
)

// When says when a [Wait] is over.
type When int32

const (
	// FirstCompleted is when one is done.
	FirstCompleted = When(core.FirstCompleted)
	// FirstException is when one has failed, or all are done.
	FirstException = When(core.FirstException)
	// AllCompleted is when all are done.
	AllCompleted = When(core.AllCompleted)
)

// Wait waits until some or all of aws are done, or the timeout has passed, and tells which are and
// which are not, as asyncio.wait. A timeout of less than 0 is none. At least one is to be waited for.
//
// It takes no outcomes: what the done ones have ended with, their Result tells. A cancel of the task of
// ctx does not reach them.
//
//	done, pending, err := runner.Wait(ctx, runner.FirstCompleted, -1, tasks...)
//	done, pending, err := runner.Wait[runner.Awaiter](ctx, runner.AllCompleted, -1, task, future)
func Wait[A Awaiter](ctx context.Context, when When, timeout time.Duration,
	aws ...A) (done, pending []A, err error) {
	over, err := waitFor(ctx, when, timeout, awaiters(aws))
	if err != nil {
		return nil, nil, err
	}
	for i, aw := range aws {
		if over[i] {
			done = append(done, aw)
		} else {
			pending = append(pending, aw)
		}
	}
	return done, pending, nil
}

// waitFor waits, and tells of each whether it is done.
func waitFor(ctx context.Context, when When, timeout time.Duration, aws []Awaiter) ([]bool, error) {
	t, err := taskOf(ctx)
	if err != nil {
		return nil, err
	}
	in, err := handlesOf(t.r, aws)
	if err != nil {
		return nil, err
	}
	ns := int64(timeout)
	if timeout < 0 {
		ns = core.Forever
	}
	t.r.flush()
	status, value := t.r.core.Wait(t.id, in.ids, int32(when), ns), uint64(0)
	if status == core.EPARKED {
		status, value = t.suspend(ctx)
	}
	in.release(t.r)
	if status != 0 {
		return nil, t.r.errorOf(status, value, t)
	}
	refresh(aws)
	over := make([]bool, len(aws))
	for i, aw := range aws {
		over[i] = aw.base().isDone()
	}
	return over, nil
}
