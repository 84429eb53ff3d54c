package runner_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	runner "example.org/librunner/go"
)

func Test_each_kind_of_queue_has_its_order(t *testing.T) {
	for name, c := range map[string]struct {
		make func(context.Context, int) *runner.Queue[string]
		want []string
	}{
		"fifo":     {runner.NewQueue[string], []string{"c", "a", "b", "d"}},
		"lifo":     {runner.NewLifoQueue[string], []string{"d", "b", "a", "c"}},
		"priority": {runner.NewPriorityQueue[string], []string{"a", "b", "c", "d"}},
	} {
		inTask(t, func(ctx context.Context) {
			queue := c.make(ctx, 0)
			fine(t, queue.PutPriority(ctx, "c", 3))
			fine(t, queue.TryPutPriority("a", -1))
			fine(t, queue.Put(ctx, "b")) // 0
			fine(t, queue.TryPutPriority("d", 3))
			equal(t, "length", queue.Len(), 4)
			var got []string
			for queue.Len() > 0 {
				item, err := queue.Get(ctx)
				fine(t, err)
				got = append(got, item)
			}
			equalSlices(t, name, got, c.want)
		})
	}
}

func Test_a_full_queue_is_waited_for_and_an_empty_one_too(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		queue := runner.NewQueue[int](ctx, 2)
		equal(t, "limit", queue.Limit(), 2)
		fine(t, runner.Group(ctx, func(ctx context.Context, g *runner.TaskGroup) error {
			_, err := g.Go(func(ctx context.Context) error {
				for i := range 5 {
					fine(t, queue.Put(ctx, i))
					d.add("put %d", i)
				}
				return nil
			})
			fine(t, err)
			for want := range 5 {
				fine(t, runner.Sleep(ctx, 10*ms))
				got, err := queue.Get(ctx)
				fine(t, err)
				equal(t, "item", got, want)
			}
			_, err = g.Go(failing(10*ms, nil))
			fine(t, err)
			_, err = runner.LoopOf(ctx).CallLater(20*ms, func() { fine(t, queue.TryPut(5)) })
			fine(t, err)
			got, err := queue.Get(ctx)
			equal(t, "item", got, 5)
			d.add("got %d", got)
			return err
		}))
		d.expect(t, "0 put 0", "0 put 1", "10 put 2", "20 put 3", "30 put 4", "70 got 5")
	})
}

func Test_without_a_wait_a_queue_may_be_full_or_empty(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		queue := runner.NewQueue[int](ctx, 1)
		_, err := queue.TryGet()
		is(t, err, runner.ErrEmpty)
		fine(t, queue.TryPut(1))
		is(t, queue.TryPut(2), runner.ErrFull)
		got, err := queue.TryGet()
		fine(t, err)
		equal(t, "item", got, 1)
	})
}

func Test_items_may_be_anything_also_nil(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		errs := runner.NewQueue[error](ctx, 0)
		fine(t, errs.TryPut(nil))
		fine(t, errs.TryPut(errFirst))
		got, err := errs.Get(ctx)
		fine(t, err)
		fine(t, got)
		got, err = errs.Get(ctx)
		fine(t, err)
		same(t, got, errFirst)
	})
}

func Test_a_cancelled_wait_puts_and_takes_nothing(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		queue := runner.NewQueue[int](ctx, 1)
		is(t, runner.Timeout(ctx, 10*ms, func(ctx context.Context) error {
			_, err := queue.Get(ctx)
			return err
		}), runner.ErrTimeout)
		fine(t, queue.TryPut(1))
		is(t, runner.Timeout(ctx, 10*ms, func(ctx context.Context) error { return queue.Put(ctx, 2) }),
			runner.ErrTimeout)
		got, err := queue.TryGet()
		fine(t, err)
		equal(t, "item", got, 1)
		equal(t, "length", queue.Len(), 0)
	})
}

func Test_Join_waits_until_all_is_done(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		d := newDiary(ctx)
		queue := runner.NewQueue[int](ctx, 0)
		fine(t, queue.Join(ctx))
		is(t, queue.TaskDone(), runner.ErrTaskDone)
		for i := range 3 {
			fine(t, queue.TryPut(i))
		}
		worker := runner.Go(ctx, nothing(func(ctx context.Context) error {
			for {
				if _, err := queue.Get(ctx); err != nil {
					return err
				}
				fine(t, runner.Sleep(ctx, 10*ms))
				fine(t, queue.TaskDone())
			}
		}))
		fine(t, queue.Join(ctx))
		d.add("done")
		d.expect(t, "30 done")
		worker.Cancel()
		_, err := worker.Await(ctx)
		is(t, err, runner.ErrCanceled)
	})
}

func Test_a_queue_that_is_shut_down_gives_what_it_has(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		queue := runner.NewQueue[int](ctx, 1)
		fine(t, queue.Put(ctx, 1))
		putter := runner.Go(ctx, nothing(func(ctx context.Context) error { return queue.Put(ctx, 2) }))
		fine(t, runner.Yield(ctx))
		fine(t, queue.Shutdown(false))
		_, err := putter.Await(ctx)
		is(t, err, runner.ErrQueueShutdown)
		is(t, queue.TryPut(3), runner.ErrQueueShutdown)
		got, err := queue.Get(ctx)
		fine(t, err)
		equal(t, "item", got, 1)
		_, err = queue.Get(ctx)
		is(t, err, runner.ErrQueueShutdown)
		_, err = queue.TryGet()
		is(t, err, runner.ErrQueueShutdown)
	})
}

func Test_an_immediate_shutdown_drops_the_items_and_ends_the_join(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		queue := runner.NewQueue[int](ctx, 0)
		fine(t, queue.TryPut(1))
		joining := runner.Go(ctx, nothing(queue.Join))
		fine(t, runner.Yield(ctx))
		fine(t, queue.Shutdown(true))
		_, err := joining.Await(ctx)
		fine(t, err)
		equal(t, "length", queue.Len(), 0)
		_, err = queue.Get(ctx)
		is(t, err, runner.ErrQueueShutdown)
	})
}

// What the queue does not have any more, Go's collector finds.
func Test_dropped_items_are_let_go(t *testing.T) {
	inTask(t, func(ctx context.Context) {
		var gone atomic.Int32
		queue := runner.NewQueue[*[64]byte](ctx, 3)
		func() {
			for range 3 {
				item := new([64]byte)
				runtime.AddCleanup(item, func(int) { gone.Add(1) }, 0)
				fine(t, queue.TryPut(item))
			}
			item := new([64]byte)
			runtime.AddCleanup(item, func(int) { gone.Add(1) }, 0)
			is(t, queue.TryPut(item), runner.ErrFull)
		}()
		fine(t, queue.Shutdown(true))
		for range 1000 { // cleanups run on a goroutine of their own
			fine(t, runner.Yield(ctx))
			runtime.GC()
			if gone.Load() == 4 {
				return
			}
		}
		t.Errorf("%d of 4 items are gone", gone.Load())
	})
}
