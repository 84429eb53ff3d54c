package runner

import "example.org/librunner/go/internal/core"

// posted is what other goroutines have the loop do.
type posted interface {
	// deliver does it, on the driver, between two steps.
	deliver(r *engine)
	// urgent tells whether a loop that waits is to be woken for it.
	urgent() bool
}

// post has the driver deliver p before its next step. It is false if r is closed, or so far in closing
// that it would not be done: that is decided under the lock that the close takes. Any goroutine.
func (r *engine) post(p posted) bool {
	r.postMu.Lock()
	if r.gone {
		r.postMu.Unlock()
		return false
	}
	r.posts = append(r.posts, p)
	r.posted.Store(true)
	wake := r.parked && p.urgent()
	if wake {
		r.rouse()
	}
	r.postMu.Unlock()
	return true
}

// rouse wakes the driver, which is parked. The caller holds postMu.
func (r *engine) rouse() {
	r.parked = false
	if r.inCore {
		r.core.Wakeup()
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it is awake, or about to be
	}
}

// deliver does what was posted.
func (r *engine) deliver() {
	if !r.posted.Load() {
		return
	}
	r.postMu.Lock()
	posts := r.posts
	r.posts, r.spare = r.spare, nil
	r.posted.Store(false)
	r.parked = false
	r.postMu.Unlock()
	for i, p := range posts {
		p.deliver(r)
		posts[i] = nil
	}
	r.spare = posts[:0]
}

// callSoon is a function for the loop: of [Loop.CallSoonThreadsafe].
type callSoon func()

func (fn callSoon) deliver(r *engine) {
	r.buffer(core.Cmd{Op: core.OpCallSoon, B: r.keep(fn)})
}

func (callSoon) urgent() bool { return true }

// releasing releases an object of C.
type releasing uint64

func (id releasing) deliver(r *engine) {
	c := core.Cmd{Op: core.OpRelease, ID: uint64(id)}
	if r.failures[c.ID] == nil {
		r.buffer(c)
	} else if r.command(c).Status != 0 {
		delete(r.failures, c.ID) // it was released before, and then needed again
	}
}

func (releasing) urgent() bool { return false }

// releaseLater releases an object of C that the program does not refer to any more. Any goroutine.
func (r *engine) releaseLater(id uint64) { r.post(releasing(id)) }

// setStage says how far the run or close is.
func (r *engine) setStage(stage int) {
	r.postMu.Lock()
	interrupted := r.stage == stageInterrupted
	r.stage = stage
	r.postMu.Unlock()
	if interrupted && stage == stageBegun {
		r.core.Interrupt()
	}
}

// interrupt is SIGINT for r, if it runs. Any goroutine.
func (r *engine) interrupt() error {
	r.postMu.Lock()
	defer r.postMu.Unlock()
	switch {
	case r.gone:
		return ErrClosed
	case r.stage == stageNone:
		return ErrNoLoop
	case r.stage != stageBegun:
		r.stage = stageInterrupted
		return nil
	}
	if code := r.core.Interrupt(); code != 0 {
		return Errno(code)
	}
	if r.parked {
		r.rouse()
	}
	return nil
}
