package main

import (
	"errors"

	runner "example.org/librunner/go"
)

// The operations that callbacks can do, and bodies as well.

// shared does such an operation on behalf of somebody. The error is one of the language.
func (w *world) shared(who string, o *op) error {
	switch o.word {
	case "log":
		w.line(who, o.text)
		return nil
	case "cancel":
		return w.cancel(who, o)
	case "resolve":
		return w.settle(who, o, func(f *runner.Future[int64]) error { return f.Resolve(o.number) })
	case "reject":
		return w.settle(who, o, func(f *runner.Future[int64]) error { return f.Reject(failure(o.failure)) })
	case "event_set":
		event, err := find(w.events, o.name)
		if err == nil {
			check(event.Set())
		}
		return err
	case "call_soon":
		check(w.loop.CallSoon(w.callback(o.body)))
		return nil
	case "call_later":
		must(w.loop.CallLater(milliseconds(o.number), w.callback(o.body)))
		return nil
	}
	panic("no operation: " + o.word)
}

// callback: nobody could catch an error of its operations. One on a name that is not bound does
// nothing.
func (w *world) callback(list []op) func() {
	return func() {
		for i := range list {
			_ = w.shared(byLoop, &list[i])
		}
	}
}

func (w *world) cancel(who string, o *op) error {
	handle, err := find(w.handles, o.name)
	if err == nil {
		w.linef(who, "cancel %s %t", o.name, handle.isGivenUp() || handle.Cancel())
	}
	return err
}

func (w *world) settle(who string, o *op, settle func(*runner.Future[int64]) error) error {
	handle, err := find(w.handles, o.name)
	if err != nil {
		return err
	}
	err = settle(handle.awaitable.(*runner.Future[int64]))
	if errors.Is(err, runner.ErrDone) {
		w.line(who, "settled "+o.name)
		return nil
	}
	check(err)
	return nil
}
