package runner

import (
	"context"
	"math"
	"time"

	"example.org/librunner/go/internal/core"
)

const (
	// ErrExpiring: the deadline of a timeout has passed and its body was cancelled.
	ErrExpiring = Errno(core.EEXPIRING)
	// ErrExpired: a timeout has ended, and had expired.
	ErrExpired = Errno(core.EEXPIRED)
)

// Forever is a time that never comes: a timeout without a deadline.
const Forever time.Duration = math.MaxInt64

// Timeout runs fn, and cancels it at its next wait once d has passed, as asyncio.timeout.
//
// It returns [ErrTimeout], which is also [context.DeadlineExceeded], if fn then ends cancelled, and was
// cancelled for no other reason. In every other case it returns what fn does. A d of 0 or less cancels
// fn at its first wait, [Forever] never.
func Timeout(ctx context.Context, d time.Duration, fn func(context.Context) error) error {
	if fn == nil {
		return ErrInvalid
	}
	return timeout(ctx, &TimeoutScope{}, core.OpTimeoutOpen, d,
		func(ctx context.Context, _ *TimeoutScope) error { return fn(ctx) })
}

// TimeoutScoped is [Timeout] for an fn that looks at its timeout or moves its deadline.
func TimeoutScoped(ctx context.Context, d time.Duration,
	fn func(ctx context.Context, s *TimeoutScope) error) error {
	return timeout(ctx, &TimeoutScope{shared: true}, core.OpTimeoutOpen, d, fn)
}

// TimeoutAt is [TimeoutScoped] with a deadline on the clock of [Loop.Time], as asyncio.timeout_at.
func TimeoutAt(ctx context.Context, when time.Duration,
	fn func(ctx context.Context, s *TimeoutScope) error) error {
	return timeout(ctx, &TimeoutScope{shared: true}, core.OpTimeoutOpenAt, when, fn)
}

// TimeoutScope is a timeout, in its body and afterwards.
type TimeoutScope struct {
	r      *engine
	id     uint64
	shared bool // somebody may look at it afterwards
	over   bool // it has ended, and its id is released
	// How it was then.
	expired bool
	when    int64
}

func timeout(ctx context.Context, s *TimeoutScope, open uint32, d time.Duration,
	fn func(context.Context, *TimeoutScope) error) error {
	if fn == nil {
		return ErrInvalid
	}
	t, err := taskOf(ctx)
	if err != nil {
		return err
	}
	if err := s.open(t, open, d); err != nil {
		return err
	}
	returned := false
	defer func() {
		if !returned && running(ctx) { // a panic or Goexit, which goes on after this
			_ = s.close(t, Errno(core.EUSER))
		}
	}()
	err = fn(ctx, s)
	returned = true
	return s.close(t, err)
}

func (s *TimeoutScope) open(t *task, op uint32, d time.Duration) (err error) {
	s.r = t.r
	if s.id, err = t.r.newID(); err != nil {
		return err
	}
	t.r.buffer(core.Cmd{Op: core.OpTimeoutNew, ID: s.id})
	if c := t.r.command(core.Cmd{Task: t.id, Op: op, ID: s.id, A: int64(d)}); c.Status != 0 {
		s.release()
		return Errno(c.Status)
	}
	return nil
}

// close ends the body, which has returned body.
func (s *TimeoutScope) close(t *task, body error) error {
	status := t.statusOf(body)
	c := s.r.command(core.Cmd{Task: t.id, Op: core.OpTimeoutClose, ID: s.id, Status: status})
	t.recount()
	if s.shared {
		s.expired, s.when = s.state()
	}
	s.release()
	if c.Status != status {
		return Errno(c.Status)
	}
	return body
}

func (s *TimeoutScope) release() {
	s.over = true
	s.r.buffer(core.Cmd{Op: core.OpRelease, ID: s.id})
}

// state asks whether it has expired, and for its deadline.
func (s *TimeoutScope) state() (expired bool, when int64) {
	c := s.r.command(core.Cmd{Op: core.OpTimeoutState, ID: s.id})
	return c.B != 0, c.A
}

// Reschedule moves the deadline to d from now; [Forever] takes it away. [ErrExpiring]: it has passed
// and the body was cancelled. [ErrExpired], [ErrFinished]: the body has ended.
func (s *TimeoutScope) Reschedule(d time.Duration) error {
	return s.reschedule(core.OpTimeoutReschedule, d)
}

// RescheduleAt moves the deadline to a time on the clock of [Loop.Time], as Reschedule does.
func (s *TimeoutScope) RescheduleAt(when time.Duration) error {
	return s.reschedule(core.OpTimeoutRescheduleAt, when)
}

func (s *TimeoutScope) reschedule(op uint32, d time.Duration) error {
	switch {
	case s.over && s.expired:
		return ErrExpired
	case s.over:
		return ErrFinished
	}
	if err := s.r.onLoop(); err != nil {
		return err
	}
	if c := s.r.command(core.Cmd{Op: op, ID: s.id, A: int64(d)}); c.Status != 0 {
		return Errno(c.Status)
	}
	return nil
}

// Expired tells whether the deadline has passed while the body ran.
func (s *TimeoutScope) Expired() bool {
	if !s.over && s.r.onLoop() == nil {
		expired, _ := s.state()
		return expired
	}
	return s.expired
}

// When is the deadline on the clock of [Loop.Time]; false if there is none.
func (s *TimeoutScope) When() (time.Duration, bool) {
	when := s.when
	if !s.over && s.r.onLoop() == nil {
		_, when = s.state()
	}
	return time.Duration(when), when != core.Forever
}

// AwaitFor waits for a task or future as its Await does, but not longer than d: then it is cancelled,
// and waited for, as asyncio.wait_for. [ErrTimeout]: the time has passed and it ended cancelled. If it
// ends otherwise all the same, that is its outcome.
func AwaitFor[T any](ctx context.Context, aw Awaitable[T], d time.Duration) (value T, err error) {
	t, err := taskOf(ctx)
	if err != nil {
		return value, err
	}
	if aw == nil {
		return value, ErrInvalid
	}
	awaited, isTask := aw.(*Task[T])
	if !isTask || awaited.isDone() {
		err = Timeout(ctx, d, func(ctx context.Context) (err error) {
			value, err = aw.Await(ctx)
			return err
		})
		return value, err
	}
	if awaited.r != t.r {
		return value, ErrForeign
	}
	id, _, err := awaited.handle()
	if err != nil {
		return value, err
	}
	status, from := t.wait(ctx, core.Cmd{Op: core.OpAwaitFor, ID: id, A: int64(d)})
	if status != 0 {
		return value, t.told(&awaited.outcome, status, from)
	}
	return aw.Result()
}
