package runner

import (
	"context"

	"example.org/librunner/go/internal/core"
)

const (
	// ErrEmpty: there is no item to get without a wait.
	ErrEmpty = Errno(core.EEMPTY)
	// ErrFull: there is no room to put an item without a wait.
	ErrFull = Errno(core.EFULL)
	// ErrQueueShutdown: nothing can be put any more, or the queue is empty for good.
	ErrQueueShutdown = Errno(core.EQUEUESHUT)
	// ErrTaskDone: TaskDone was called more often than items were put.
	ErrTaskDone = Errno(core.ETASKDONE)
)

// Queue is where tasks hand items to tasks, as asyncio.Queue.
type Queue[T any] struct {
	object
	limit int
}

// NewQueue makes a queue that gives its items in the order in which they were put, for the tasks of
// ctx's runner. limit is how many items it has room for, 0 is no limit. What is wrong with ctx or
// limit, the first use tells.
func NewQueue[T any](ctx context.Context, limit int) *Queue[T] {
	return newQueue[T](ctx, limit, core.QueueFIFO)
}

// NewLifoQueue makes a queue that gives the latest item first, as asyncio.LifoQueue.
func NewLifoQueue[T any](ctx context.Context, limit int) *Queue[T] {
	return newQueue[T](ctx, limit, core.QueueLIFO)
}

// NewPriorityQueue makes a queue that gives the item of the lowest priority first, and of equal ones
// the earliest, as asyncio.PriorityQueue.
func NewPriorityQueue[T any](ctx context.Context, limit int) *Queue[T] {
	return newQueue[T](ctx, limit, core.QueuePriority)
}

func newQueue[T any](ctx context.Context, limit int, kind uint64) *Queue[T] {
	q := &Queue[T]{newObject(ctx, core.Cmd{Op: core.OpQueueNew, A: int64(limit), B: kind}), limit}
	return owned(q, &q.object)
}

// Put puts an item into the queue, and waits while it is full. [ErrQueueShutdown]: it was shut down.
// With an error the item was not put.
func (q *Queue[T]) Put(ctx context.Context, item T) error { return q.PutPriority(ctx, item, 0) }

// PutPriority puts an item as Put does, with a priority. That has a meaning in a queue of
// [NewPriorityQueue] only; Put gives 0.
func (q *Queue[T]) PutPriority(ctx context.Context, item T, priority int64) error {
	t, err := q.task(ctx)
	if err != nil {
		return err
	}
	kept := q.r.keep(item)
	if _, err = q.park(ctx, t, core.Cmd{Op: core.OpQueuePut, A: priority, B: kept}); err != nil {
		q.r.take(kept)
	}
	return err
}

// TryPut puts an item if the queue has room: else [ErrFull].
func (q *Queue[T]) TryPut(item T) error { return q.TryPutPriority(item, 0) }

// TryPutPriority puts an item as TryPut does, with a priority.
func (q *Queue[T]) TryPutPriority(item T, priority int64) error {
	if err := q.reachable(); err != nil {
		return err
	}
	kept := q.r.keep(item)
	_, err := q.give(core.Cmd{Op: core.OpQueuePutNowait, A: priority, B: kept})
	if err != nil {
		q.r.take(kept)
	}
	return err
}

// Get takes the next item out of the queue, and waits while it is empty. [ErrQueueShutdown]: it was
// shut down and is empty.
func (q *Queue[T]) Get(ctx context.Context) (T, error) {
	kept, err := q.wait(ctx, core.Cmd{Op: core.OpQueueGet})
	return q.item(kept, err)
}

// TryGet takes the next item out of the queue if there is one: else [ErrEmpty].
func (q *Queue[T]) TryGet() (T, error) {
	c, err := q.do(core.Cmd{Op: core.OpQueueGetNowait})
	return q.item(c.B, err)
}

func (q *Queue[T]) item(kept uint64, err error) (item T, _ error) {
	if err == nil {
		item, _ = q.r.take(kept).(T)
	}
	return item, err
}

// TaskDone says that the work on an item that was taken out is done. [ErrTaskDone]: it was said for
// every item before.
func (q *Queue[T]) TaskDone() error {
	_, err := q.do(core.Cmd{Op: core.OpQueueTaskDone})
	return err
}

// Join waits until TaskDone was called for every item that was put.
func (q *Queue[T]) Join(ctx context.Context) error {
	_, err := q.wait(ctx, core.Cmd{Op: core.OpQueueJoin})
	return err
}

// Shutdown shuts the queue down: nothing can be put any more, and once it is empty nothing can be got.
// Who waits to put or get is woken with [ErrQueueShutdown]. Immediate: it is emptied now, and each of
// its items counts as done.
func (q *Queue[T]) Shutdown(immediate bool) error {
	c := core.Cmd{Op: core.OpQueueShutdown}
	if immediate {
		c.A = 1
	}
	_, err := q.do(c)
	return err
}

// Len is how many items are in the queue.
func (q *Queue[T]) Len() int { return int(q.look(core.OpQueueCount).B) }

// Limit is how many items the queue has room for; 0 is no limit.
func (q *Queue[T]) Limit() int { return q.limit }
