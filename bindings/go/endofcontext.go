package runner

import "sync"

// endOfContext is how the end of a context is told to those who have asked for it: nothing is made
// before. The caller of its methods holds the lock of the context.
type endOfContext struct {
	done  chan struct{}
	after map[*func()]struct{}
}

// channel is what Done returns, of a context that has ended or not.
func (e *endOfContext) channel(ended bool) <-chan struct{} {
	if e.done == nil {
		if ended {
			return closedChannel
		}
		e.done = make(chan struct{})
	}
	return e.done
}

// add has fn called when the context ends. mu is the lock of the context.
func (e *endOfContext) add(fn func(), mu *sync.Mutex) (stop func() bool) {
	if e.after == nil {
		e.after = make(map[*func()]struct{})
	}
	key := &fn
	e.after[key] = struct{}{}
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		_, waits := e.after[key]
		delete(e.after, key)
		return waits
	}
}

// end says that the context has ended. It returns the functions to be called, once the lock is free:
// they are those of contexts that are derived from it, which do not wait.
func (e *endOfContext) end() map[*func()]struct{} {
	after := e.after
	e.after = nil
	if e.done != nil && !isClosed(e.done) {
		close(e.done)
	}
	return after
}

var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
