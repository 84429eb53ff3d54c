// Package runner is asyncio.Runner for Go: it runs tasks on an event loop, one at a time, cancels them
// cleanly on Ctrl-C, and shuts everything down in a fixed order. It stands on the C library librunner,
// whose rules are those of Python's asyncio.
//
// # What a runner is
//
// A [Runner] owns a loop. [Runner.Run] runs one function on it as its main task, and returns what that
// returns; [Runner.Close] ends what is left. [Run] does all of it, and is what most programs need:
//
//	func main() {
//		greeting, err := runner.Run(context.Background(), func(ctx context.Context) (string, error) {
//			err := runner.Sleep(ctx, time.Second)
//			return "hello world", err
//		})
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(greeting)
//	}
//
// A task is a function with a context of its own. It runs until it waits, in [Sleep], [Task.Await],
// [Lock.Acquire], [Queue.Get] and their like; then another one runs. No two tasks of a runner ever run
// in parallel, and they take their turns in an order that depends on nothing but the program: what
// they share needs no locks, and a run can be repeated. [Go] starts a task, [Group] several that end
// together, [ToThread] a function that runs in parallel.
//
// # Cancels
//
// [Task.Cancel] has the wait of the task return a [*CanceledError]. The task may clean up, which may
// wait again, and returns the error; or goes on in spite of it. The end of the context that was given
// to Run cancels the main task. So does the first SIGINT of a run: Run then returns [ErrInterrupted].
// From then on the signal has its default effect, so a second Ctrl-C ends the process.
//
// Every call that waits takes a context: that of the task, or one that is derived from it. A derived
// one that ends, as by [context.WithTimeout], ends the wait, and the call returns its cause. [Timeout]
// bounds everything that a function does.
//
// # Errors
//
// What a task returns comes out of its Await, its group, its gather and of Run as the very same error.
// Errors of the library itself are numbers, [Errno], with names: [ErrTimeout], [ErrClosed] and so on.
// [errors.Is] knows that a cancel is [context.Canceled] and a timeout [context.DeadlineExceeded]. Several
// errors are one [*GroupError]. A panic of a task panics in the caller of Run, as a [*PanicError].
//
// A failure that nobody takes, by Await, Result or a group, is logged, at the latest by Close.
//
// # Rules
//
//   - What blocks, blocks the loop: [time.Sleep], a channel, a [sync.WaitGroup], a read of a file or a
//     connection. Use what this package has for it, or [ToThread].
//   - A [sync.Mutex] that is held across a wait is a deadlock as soon as another task wants it: that one
//     blocks the loop. A [Lock] may be held; where nothing waits, none is needed.
//   - A context belongs to its task. Another task, or a goroutine, that waits with it gets [ErrNoTask],
//     in debug mode [ErrThread]. Goroutines reach the loop by [Loop.CallSoonThreadsafe] alone; they
//     may also read what says so, as [Task.Done], and Await with a context that belongs to no task.
//   - A task that calls [runtime.LockOSThread], or is inside of a callback from C, must not wait: the Go
//     runtime then ends the process ("OS thread locking must match locking at coroutine creation"),
//     which nothing can recover. [WithLockedThread] is for C libraries that need one thread.
//   - A loop that never waits cannot be cancelled, and nothing else runs beside it. [Yield] lets others
//     run.
//   - Close every runner that you make by [New]. Tasks that wait are never collected as garbage: only
//     Close ends them, and only Close waits for them.
//   - Run and Close are refused inside of a task, with [ErrRunning]. In another goroutine a runner of its
//     own is allowed; a task that waits for that goroutine other than by ToThread blocks its loop.
//   - Time that C waits is real time: [WithVirtualClock] makes tests fast, the package testing/synctest
//     does not.
//
// Parallel work is not faster by this package; ToThread is a goroutine, and goroutines are good at it.
// What there is to gain is that the rest is not parallel.
//
// # Debug mode
//
// [WithDebug], or a variable LIBRUNNER_DEBUG that is not empty, has steps reported that take too long,
// has reports tell where their task was started, and refuses calls from the wrong goroutine.
package runner
