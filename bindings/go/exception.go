package runner

import (
	"context"
	"log/slog"
	"time"

	"example.org/librunner/go/internal/core"
)

// Exception is an error that nobody can be given: a task has failed and nobody has awaited it, a
// closable has failed at the close, a step took too long.
type Exception struct {
	Message  string        // a sentence
	Err      error         // what the task or closable has ended with, or nil
	Name     string        // of the task, callback or closable, or ""
	ID       uint64        // of the task, or 0
	Site     string        // where the task was spawned, in debug mode, or ""
	Duration time.Duration // of a step that took too long, or 0
}

// except hands on what a KindException is about.
func (w *worker) except() {
	r := w.r
	told, ok := r.core.Exception()
	if !ok {
		return
	}
	if f := r.failures[told.Value]; f != nil && f.risen {
		return // the caller of the run has it
	}
	e := r.exception(told)
	if r.handler == nil {
		r.report(e)
		return
	}
	w.handle(e)
}

// handle calls the handler of the program. A panic of it changes nothing but that it is logged as well.
func (w *worker) handle(e Exception) {
	r := w.r
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		if value == nil {
			w.fell(nil, nil)
			return
		}
		r.report(e)
		r.report(Exception{Message: "Unhandled error in exception handler", Err: panicError(value)})
	}()
	r.handler(e)
	returned = true
}

// exception is what C has told, with the error that the program knows.
func (r *engine) exception(told core.Exception) Exception {
	e := Exception{
		Message:  told.Message,
		Name:     told.Name,
		Site:     told.Site,
		Duration: told.Duration,
	}
	if told.Code != 0 {
		e.Err = Errno(told.Code)
	}
	if f := r.failures[told.Value]; f != nil {
		e.Err, e.ID = f.err, f.number
		if f.name != "" {
			e.Name = f.name
		}
		if f.site != "" {
			e.Site = f.site
		}
	} else if t := r.task(told.Task); t != nil {
		e.Name, e.ID = t.Name(), t.number
		if t.rare != nil {
			e.Site = t.rare.site
		}
	}
	return e
}

// report logs an exception.
func (r *engine) report(e Exception) {
	level := slog.LevelError
	attrs := make([]slog.Attr, 0, 4)
	if e.Err != nil {
		attrs = append(attrs, slog.Any("err", e.Err))
	}
	if e.Name != "" {
		attrs = append(attrs, slog.String("name", e.Name))
	}
	if e.Duration != 0 {
		level = slog.LevelWarn
		attrs = append(attrs, slog.Duration("duration", e.Duration))
	}
	if e.Site != "" {
		attrs = append(attrs, slog.String("site", e.Site))
	}
	r.log().LogAttrs(context.Background(), level, e.Message, attrs...)
}

func (r *engine) log() *slog.Logger {
	if r.logger != nil {
		return r.logger
	}
	return slog.Default()
}

// slowStep is how many nanoseconds make a step slow, by the option in milliseconds.
func slowStep(ms uint64) int64 {
	switch {
	case ms == 0:
		return int64(100 * time.Millisecond)
	case ms > uint64(1<<63-1)/uint64(time.Millisecond):
		return 1<<63 - 1
	}
	return int64(ms) * int64(time.Millisecond)
}
