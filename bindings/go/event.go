package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

// Event is a flag that tasks wait for, as asyncio.Event.
type Event struct{ object }

// NewEvent makes an event that is not set, for the tasks of ctx's runner. What is wrong with ctx, the
// first use tells.
func NewEvent(ctx context.Context) *Event {
	e := &Event{newObject(ctx, core.Cmd{Op: core.OpEventNew})}
	return owned(e, &e.object)
}

// Set sets the flag and wakes every task that waits for it, in the order of their coming.
func (e *Event) Set() error {
	_, err := e.do(core.Cmd{Op: core.OpEventSet})
	return err
}

// Clear clears the flag: who waits from now on waits for the next Set. Who was woken goes on.
func (e *Event) Clear() error {
	_, err := e.do(core.Cmd{Op: core.OpEventClear})
	return err
}

// IsSet tells whether the flag is set.
func (e *Event) IsSet() bool { return e.look(core.OpEventIsSet).B != 0 }

// Wait waits until the flag is set; not at all if it is.
func (e *Event) Wait(ctx context.Context) error {
	_, err := e.wait(ctx, core.Cmd{Op: core.OpEventWait})
	return err
}
