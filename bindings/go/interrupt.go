package runner

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"
)

// interrupts is the one in the process that takes SIGINT, while a runner runs that wants it.
//
// The first SIGINT goes to every such runner; then the signal is given back, so that a second one has
// its usual effect: Go code that does not wait cannot be interrupted otherwise. A run that begins
// later takes it again.
var interrupts watchman

// linger is how long the signal is kept after the last run, because taking it and giving it back costs
// a hundred times more than a short run. A SIGINT that comes in this time is raised again.
const linger = time.Millisecond

type watchman struct {
	mu      sync.Mutex
	runners []*engine      // that run
	signals chan os.Signal // nil: SIGINT is not taken
	last    time.Time      // when the last run has ended
	timer   *time.Timer    // of the lingering, or nil
	waits   bool           // the timer runs
}

// add says that r runs.
func (w *watchman) add(r *engine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runners = append(w.runners, r)
	if w.signals == nil && !signal.Ignored(os.Interrupt) {
		w.signals = make(chan os.Signal, 1)
		signal.Notify(w.signals, os.Interrupt)
		go w.watch(w.signals)
	}
}

// remove says that r does not run any more.
func (w *watchman) remove(r *engine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.runners) - 1
	i := slices.Index(w.runners, r)
	w.runners[i] = w.runners[last]
	w.runners[last] = nil
	w.runners = w.runners[:last]
	if last > 0 || w.signals == nil {
		return
	}
	w.last = time.Now()
	if w.waits {
		return
	}
	w.waits = true
	if w.timer == nil {
		w.timer = time.AfterFunc(linger, w.expire)
	} else {
		w.timer.Reset(linger)
	}
}

// expire gives the signal back when the last run has ended long enough ago.
func (w *watchman) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waits = false
	if len(w.runners) > 0 || w.signals == nil {
		return
	}
	if left := linger - time.Since(w.last); left > 0 {
		w.waits = true
		w.timer.Reset(left)
		return
	}
	w.giveBack()
}

// giveBack has SIGINT do what it did before. The caller holds mu.
func (w *watchman) giveBack() {
	signal.Stop(w.signals)
	close(w.signals)
	w.signals = nil
}

func (w *watchman) watch(signals chan os.Signal) {
	for range signals {
		w.interrupt(signals)
	}
}

// interrupt tells every runner that runs.
func (w *watchman) interrupt(signals chan os.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signals == signals {
		w.giveBack()
	}
	taken := false
	for _, r := range w.runners {
		taken = r.interrupt() == nil || taken
	}
	if !taken {
		raise() // it came after the last run
	}
}
