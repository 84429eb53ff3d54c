/**
 * `asyncio.Runner` for Node: a runner runs a main task on Node's own loop, gives its value back, cancels
 * it cleanly on Ctrl-C, and shuts everything down in a fixed order with nothing lost.
 *
 * Tasks are functions, most of them async, that get their {@link Task} as an argument. They run one at a
 * time, and take turns where they wait. Times are milliseconds, fractions allowed; `Infinity` is without
 * limit. What a function that gives a promise is said to throw, its promise is rejected with.
 *
 * Any argument of the wrong kind is a TypeError with the code `ERR_INVALID_ARG_TYPE`, or a RangeError with
 * the code `ERR_OUT_OF_RANGE`, as in Node.
 *
 * @packageDocumentation
 */

/// <reference lib="es2022" />
/// <reference lib="esnext.disposable" />

// ---- running --------------------------------------------------------------------------------------

/**
 * Runs the function as a task on a runner of its own, closes that, and gives the value of the function:
 * the main entry point of a program, as asyncio.run.
 *
 * @param fn - the main task; it gets its {@link Task}
 * @param options - of the runner and of the run
 * @returns the value of the function
 * @throws {@link KeyboardInterrupt} SIGINT has ended it
 * @throws what the function has thrown, the very object; else as of {@link Runner.run} and
 *   {@link Runner.close}
 * @example
 * ```js
 * const numbers = await run(async (task) => {
 *   const tasks = [1, 2, 3].map((i) => task.spawn(async (child) => {
 *     await child.sleep(100)
 *     return i
 *   }))
 *   return gather(task, tasks)
 * })
 * console.log(numbers) // [ 1, 2, 3 ], after 0.1 seconds
 * ```
 * @since 0.1
 */
export function run<T>(fn: TaskFunction<T>, options?: RunnerOptions & RunOptions): Promise<T>

/**
 * Does what {@link run} does, for the main task of a process: if SIGINT has ended it, the process dies by
 * SIGINT after the close, as a shell expects it.
 *
 * @param fn - the main task; it gets its {@link Task}
 * @param options - of the runner and of the run
 * @returns the value of the function
 * @throws as {@link run}, but for {@link KeyboardInterrupt}
 * @example
 * ```js
 * await runMain(async (task) => {
 *   try {
 *     await task.sleep(Infinity)
 *   } finally {
 *     console.log('cleaned up') // also at Ctrl-C
 *   }
 * })
 * ```
 * @since 0.1
 */
export function runMain<T>(fn: TaskFunction<T>, options?: RunnerOptions & RunOptions): Promise<T>

/**
 * Runs a generator function as a task on a loop of its own, closes that, and gives its value: it blocks
 * the thread until then. Node's own loop stands still meanwhile, with all timers, sockets and promises.
 *
 * It is written with `yield` in the place of `await`: `yield task.sleep(100)`; `yield *` has the type of
 * what comes. Tasks are generator functions; an async function would never go on, and is refused.
 *
 * @param fn - the main task, a generator function; it gets its {@link SyncTask}
 * @param options - of the runner and of the run; as `loopFactory` only {@link testLoop}
 * @returns the value of the generator
 * @throws {@link KeyboardInterrupt} SIGINT has ended it
 * @throws {@link StalledError} every task waits, and nothing can wake one
 * @throws {@link RunningError} called inside of itself
 * @throws `TypeError` it is no generator function
 * @throws what the function has thrown, the very object
 * @example
 * ```js
 * const answer = runSync(function * (task) {
 *   yield task.sleep(100)
 *   return 42
 * })
 * ```
 * @since 0.1
 */
export function runSync<T>(fn: SyncTaskFunction<T>, options?: RunnerOptions & RunOptions): T

/**
 * What a task does: it gets its {@link Task}, and gives a value or a promise of it.
 *
 * @since 0.1
 */
export type TaskFunction<T> = (task: Task) => T | PromiseLike<T>

/**
 * What a task of {@link runSync} does: a generator function that gets its {@link SyncTask}.
 *
 * @since 0.1
 */
export type SyncTaskFunction<T> = (task: SyncTask) => Generator<unknown, T, any>

/**
 * Options of a runner: of {@link Runner} and {@link run}.
 *
 * @since 0.1
 */
export interface RunnerOptions {
  /**
   * Debug mode: steps that take too long are reported, and where tasks were spawned. Without it the
   * variable LIBRUNNER_DEBUG decides.
   */
  debug?: boolean | undefined
  /** Called once, before the first use: {@link nodeLoop} or {@link testLoop}. Default: nodeLoop. */
  loopFactory?: (() => LoopKind) | undefined
  /**
   * Whether Ctrl-C interrupts a run, in the main thread and unless the program listens to SIGINT.
   * Default: true.
   */
  signals?: boolean | undefined
  /**
   * How long {@link Runner.close} waits for the tasks that it has cancelled, before it gives them up.
   * Default: without limit.
   */
  cancelGrace?: number | undefined
  /** The same for what was registered by {@link Task.use} and {@link Task.register}. */
  closableGrace?: number | undefined
  /** Debug mode: how many milliseconds make a step slow. Default: 100. */
  slowCallback?: number | undefined
  /** How many iterations may pass between two looks at the system while tasks are ready. Default: 61. */
  pollInterval?: number | undefined
  /** Most tasks that are not done. Default: without limit. */
  maxTasks?: number | undefined
  /**
   * Whether a run in which nothing can wake a task any more ends with {@link StalledError}, under
   * {@link testLoop} and in {@link runSync}; {@link Loop.hold} says that something else will.
   * Default: true.
   */
  deadlock?: boolean | undefined
  /** Called for every error that nobody can be given. Default: `process.emitWarning`. */
  exceptionHandler?: ((context: ExceptionContext) => void) | undefined
}

/**
 * Options of a run: of {@link Runner.run} and {@link run}.
 *
 * @since 0.1
 */
export interface RunOptions extends SpawnOptions {
  /**
   * What the task runs in. Default: the runner's own, in which variables that one run has set are there
   * for the next.
   */
  context?: Context | undefined
}

/**
 * Options of a task: of {@link Task.spawn} and {@link TaskGroup.spawn}.
 *
 * @since 0.1
 */
export interface SpawnOptions {
  /** For reports and for people. Default: one made of its number. */
  name?: string | undefined
  /** What the task runs in. Default: a copy of that of the task that spawns it. */
  context?: Context | undefined
  /** When it aborts, the task is cancelled with its reason. */
  signal?: AbortSignal | undefined
}

/**
 * An error that nobody can be given: a task has failed and nobody has awaited it, a callback or what is
 * closed has failed, a step took too long. The option `exceptionHandler` gets it.
 *
 * @since 0.1
 */
export interface ExceptionContext {
  /** A sentence. */
  readonly message: string
  /** What the task, callback or closable has thrown. */
  readonly error?: unknown
  /** The task, if it is not done. */
  readonly task?: Task | undefined
  /** The name of the task, callback or closable. */
  readonly name?: string | undefined
  /** Where the task was spawned, in debug mode. */
  readonly site?: string | undefined
  /** How many milliseconds a step took that took too long. */
  readonly duration?: number | undefined
  /** The symbol of the code in C. */
  readonly code?: string | undefined
}

/**
 * The kinds of {@link ReportEntry}.
 *
 * - `cancelled`: a task was cancelled and has ended
 * - `failed`: a task failed while it was cancelled, or nobody has awaited it
 * - `refused`: a task went on in spite of its cancel, and returned
 * - `abandoned`: a task did not end before its grace was over, or could not, and was given up
 * - `closable`: something that was to be closed has failed
 * - `job`, `handle`: not used in Node
 * - `deadlock`: tasks wait for each other; the name is the chain of their waits
 *
 * @since 0.1
 */
export type ReportKind =
  'cancelled' | 'failed' | 'refused' | 'abandoned' | 'closable' | 'job' | 'handle' | 'deadlock'

/**
 * One thing that the close of a runner has found. {@link Runner.report} gives it.
 *
 * @since 0.1
 */
export interface ReportEntry {
  /** What it is. */
  readonly kind: ReportKind
  /** The symbol of the code in C, such as `RUNNER_ETIMEDOUT`. */
  readonly code?: string | undefined
  /** The number of the task. */
  readonly id?: number | undefined
  /** Of the task, the closable, ... */
  readonly name?: string | undefined
  /** What the task waited for when it was given up. */
  readonly waits?: string | undefined
}

/**
 * Runs main tasks, one after the other, with what they share, as asyncio.Runner. What one of them leaves
 * goes on in the next; {@link Runner.close} ends it.
 *
 * @example
 * ```js
 * const runner = new Runner()
 * try {
 *   await runner.run(async (task) => { await task.sleep(100) })
 * } finally {
 *   await runner.close()
 * }
 * ```
 * @since 0.1
 */
export class Runner implements AsyncDisposable {
  /**
   * What it needs is made by its first use, which also tells if that fails.
   *
   * @param options - of the runner
   * @throws `TypeError`, `RangeError` an option of the wrong kind, or out of range
   */
  constructor(options?: RunnerOptions)

  /**
   * Runs the function as a task, until it ends. What it leaves, other tasks, waits for the next run.
   *
   * SIGINT cancels the task; a second one kills the process.
   *
   * @param fn - the main task; it gets its {@link Task}
   * @param options - of the run
   * @returns the value of the function
   * @throws {@link KeyboardInterrupt} SIGINT has ended it
   * @throws {@link StalledError} every task waits, and nothing can wake one
   * @throws {@link RunningError} it runs already
   * @throws {@link ClosedError} the runner is closed
   * @throws {@link BusyError} it is being closed
   * @throws what the function has thrown, the very object
   */
  run<T>(fn: TaskFunction<T>, options?: RunOptions): Promise<T>

  /**
   * Ends what is left, in order: it cancels every task and waits for them, and closes what was registered.
   * What it found on the way stands in {@link Runner.report}. The runner is closed afterwards also if this
   * throws. It may be called again, and then does nothing; a runner that was never used stays usable.
   *
   * @throws {@link TimeoutError} a grace was over
   * @throws {@link StalledError} a task waited for what could not come
   * @throws {@link KeyboardInterrupt} SIGINT has ended it
   * @throws {@link RunningError} it runs
   * @throws {@link BusyError} it is being closed
   */
  close(): Promise<void>

  /** Its loop, which is made if it is not there yet. It throws a {@link ClosedError} after the close. */
  readonly loop: Loop

  /** Whether it was closed. */
  readonly closed: boolean

  /** Whether it runs or is being closed. */
  readonly running: boolean

  /**
   * Does what SIGINT does: it cancels the main task that runs, and the run throws a
   * {@link KeyboardInterrupt}. A second one ends the run, and leaves main where it is.
   *
   * @returns false if nothing runs
   */
  interrupt(): boolean

  /**
   * What the close has found, in the order in which it happened. What tasks have thrown, the exception
   * handler was told.
   */
  readonly report: ReportEntry[]

  /** {@link Runner.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

// ---- loops ----------------------------------------------------------------------------------------

/**
 * On what loop a runner runs: {@link nodeLoop} and {@link testLoop} make it.
 *
 * @since 0.1
 */
export interface LoopKind {
  /** Which one it is. */
  readonly kind: 'node' | 'test'
}

/**
 * The loop that Node runs: real time, and everything of Node goes on beside the tasks.
 *
 * @returns what the option `loopFactory` gives
 * @since 0.1
 */
export function nodeLoop(): LoopKind

/**
 * Node's loop with a virtual clock, which stands still while anything is ready, and else jumps to the next
 * deadline: for tests. Sleeps and timeouts then take no time, and come in the order of their deadlines.
 * Only those of the runner do; `setTimeout` keeps real time.
 *
 * @returns what the option `loopFactory` gives
 * @example
 * ```js
 * await run((task) => task.sleep(3_600_000), { loopFactory: testLoop }) // at once
 * ```
 * @since 0.1
 */
export function testLoop(): LoopKind

/**
 * The loop of a runner: for callbacks, which do not wait. {@link Runner.loop} gives it.
 *
 * What a callback throws is reported, and disturbs nothing else.
 *
 * @since 0.1
 */
export class Loop {
  private constructor()

  /**
   * Its clock, which no change of the system's time moves.
   *
   * @returns milliseconds since some moment in the past
   * @throws {@link ClosedError} the runner is closed
   */
  time(): number

  /**
   * Has a callback called in the next iteration, after what is ready.
   *
   * @param fn - the callback
   * @throws {@link ClosedError} the runner is closed
   */
  callSoon(fn: () => void): void

  /**
   * Has a callback called later. Those of one time are called in the order in which they were asked for.
   *
   * @param ms - from now; 0 or less is due now, and ordered by the time
   * @param fn - the callback
   * @returns what takes it back
   * @throws {@link ClosedError} the runner is closed
   */
  callLater(ms: number, fn: () => void): Timer

  /**
   * Has a callback called at a time of the loop's clock, {@link Loop.time}.
   *
   * @param time - on that clock; what has passed is due now, and ordered by the time
   * @param fn - the callback
   * @returns what takes it back
   * @throws {@link ClosedError} the runner is closed
   */
  callAt(time: number, fn: () => void): Timer

  /**
   * @returns a future that is settled by hand
   * @throws {@link ClosedError} the runner is closed
   */
  createFuture<T = unknown>(): Future<T>

  /**
   * Ends the run after this iteration: its main task stays where it is, and {@link Runner.run} throws a
   * {@link RunnerError} with the code `RUNNER_ESTOPPED`.
   *
   * @throws {@link NoTaskError} nothing runs
   * @throws {@link ClosedError} the runner is closed
   */
  stop(): void

  /**
   * Says that something which the loop does not know of will wake tasks: until the hold ends, tasks that
   * wait with nothing else to wake them are no deadlock.
   *
   * @returns a function, to be called once, that ends the hold
   * @throws {@link ClosedError} the runner is closed
   */
  hold(): () => void

  /** Whether debug mode is on. */
  readonly debug: boolean

  /** Which loop it is. */
  readonly kind: 'node' | 'test'
}

/**
 * A callback that is called later: {@link Loop.callLater} and {@link Loop.callAt} make it.
 *
 * @since 0.1
 */
export class Timer {
  private constructor()

  /**
   * Takes it back: the callback is not called.
   *
   * @returns false if it was called or taken back before, or the runner is closed
   */
  cancel(): boolean

  /** Whether it was taken back. */
  readonly cancelled: boolean
}

// ---- tasks ----------------------------------------------------------------------------------------

/**
 * A function that runs on a runner, with an outcome: {@link Task.spawn} and {@link TaskGroup.spawn} make
 * it, and the function gets it as its argument.
 *
 * A task has its turn until it waits, by a method of its own or by `await` of another task, or ends.
 * Methods that wait are called on the task that waits: a child has its own. A task waits for one thing at a
 * time: a second wait throws an {@link InvalidStateError}, and so does one of a task that is over.
 *
 * @since 0.1
 */
export class Task<out T = unknown> implements PromiseLike<T>, AsyncDisposable {
  private constructor()

  /** Its number among those of its runner, from 1. */
  readonly id: number

  /** The loop of its runner: callbacks, timers, futures. */
  readonly loop: Loop

  /** The name that it was given, or one made of its number. */
  name: string

  /** Whether it has ended. */
  readonly done: boolean

  /** Whether it has ended by a cancel. */
  readonly cancelled: boolean

  /** How many cancels were requested and not taken back. */
  readonly cancelling: number

  /**
   * Starts a function as a task of the same runner. It begins a turn later, and goes on after the one that
   * has started it has ended; at the latest the close of the runner cancels it.
   *
   * @param fn - what the task does; it gets its own {@link Task}
   * @param options - of the task
   * @returns the task
   * @throws {@link ClosedError} the runner is closed
   * @throws {@link RunnerError} there are more than the option `maxTasks` allows: `RUNNER_ENOMEM`
   */
  spawn<U>(fn: TaskFunction<U>, options?: SpawnOptions): Task<U>

  /**
   * Waits for a time.
   *
   * @param ms - `Infinity` is until the task is cancelled; 0 lets everything run that is ready
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link InvalidStateError} the task waits for something else
   */
  sleep(ms: number): Promise<void>

  /**
   * Lets everything run that is ready, once.
   *
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link InvalidStateError} the task waits for something else
   */
  yield(): Promise<void>

  /**
   * Waits until a task, a future or a promise is done, and gives its value; a cancel of the waiting task
   * ends the wait.
   *
   * If the waiting task is cancelled, the cancel is handed on: a task or future is cancelled first.
   * {@link Task.shield} keeps it from that. After the timeout it is cancelled, too. A promise cannot be
   * cancelled: it is no longer waited for, and what becomes of it is nobody's business.
   *
   * @param awaitable - what to wait for
   * @param options - `timeout`: longest time; without it there is no limit
   * @returns its value
   * @throws {@link CancelledError} it, or the task that waits, was cancelled
   * @throws {@link TimeoutError} the time is over
   * @throws {@link InvalidStateError} it is the waiting task itself, or that waits for something else
   * @throws {@link ForeignError} it belongs to another runner
   * @throws what it has failed with, the very object
   * @example
   * ```js
   * const answer = await task.until(fetch(url), { timeout: 5000 })
   * ```
   */
  until<U>(awaitable: U | PromiseLike<U>, options?: { timeout?: number | undefined }): Promise<U>

  /**
   * Waits for a task or future as {@link Task.until} does, but a cancel of the waiting task does not reach
   * it. If it fails after such a cancel, and nobody else takes the error, that is reported.
   *
   * @param awaitable - what to wait for
   * @returns its value
   * @throws {@link CancelledError} it, or the task that waits, was cancelled
   * @throws {@link ForeignError} it belongs to another runner
   * @throws what it has failed with, the very object
   */
  shield<U>(awaitable: U | PromiseLike<U>): Promise<U>

  /**
   * Runs the body, and cancels the task at its next wait once the time has passed.
   *
   * It throws a {@link TimeoutError} if the body then ends cancelled, and was cancelled for no other
   * reason.
   *
   * @param ms - 0 or less cancels the body at its first wait; null never
   * @param body - runs as a part of this task; it gets the {@link Timeout}
   * @returns the value of the body
   * @throws {@link TimeoutError} the time has passed
   * @throws what the body has thrown, the very object
   * @example
   * ```js
   * await task.timeout(100, () => task.sleep(1000)) // throws a TimeoutError
   * ```
   */
  timeout<U>(ms: number | null, body: (timeout: Timeout) => U | PromiseLike<U>): Promise<U>

  /**
   * Does what {@link Task.timeout} does, with a deadline on the clock of {@link Loop.time}.
   *
   * @param time - null is no deadline
   * @param body - runs as a part of this task; it gets the {@link Timeout}
   * @returns the value of the body
   * @throws {@link TimeoutError} the time has passed
   * @throws what the body has thrown, the very object
   */
  timeoutAt<U>(time: number | null, body: (timeout: Timeout) => U | PromiseLike<U>): Promise<U>

  /**
   * Runs the body, and waits for all tasks that it, or one of them, has started with
   * {@link TaskGroup.spawn}, as asyncio.TaskGroup.
   *
   * When a child fails, or the body does, the other children are cancelled, and the body is at its next
   * wait. When all have ended, every error comes out in one {@link GroupError}. A cancel is not an error:
   * of a child that ends cancelled nothing is heard, and when this task is cancelled and nothing fails,
   * that goes on.
   *
   * @param body - runs as a part of this task; it gets the {@link TaskGroup}
   * @returns the value of the body; undefined if {@link TaskGroup.cancel} has ended it
   * @throws {@link GroupError} children, or the body, have failed
   * @throws {@link CancelledError} the task was cancelled
   * @example
   * ```js
   * await task.group((group) => {
   *   group.spawn((child) => child.sleep(1000))
   *   group.spawn((child) => child.sleep(2000))
   * }) // after 2 seconds
   * ```
   */
  group<U>(body: (group: TaskGroup) => U | PromiseLike<U>): Promise<U>

  /**
   * Has something closed when the runner is: its `[Symbol.asyncDispose]`, else its `[Symbol.dispose]`, else
   * its `return`, which an (async) generator has. Otherwise as {@link Task.register}.
   *
   * @param resource - what is to be closed
   * @param options - `name`: for reports
   * @returns the resource
   * @throws {@link ClosedError} the runner is closed
   * @throws `TypeError` it has none of these
   * @example
   * ```js
   * const lines = task.use(readLines(file)) // an async generator: its `finally` runs in any case
   * ```
   */
  use<R extends Disposable | AsyncDisposable | Iterator<any, any, any> | AsyncIterator<any, any, any>>(
    resource: R,
    options?: { name?: string | undefined }
  ): R

  /**
   * Has a function run when the runner is closed: what asyncio does for asynchronous generators, for
   * everything that has to wait while it closes.
   *
   * The function runs as a task, after all tasks have ended, at the same time as those of others that were
   * registered, which begin in that order. What it throws is reported, and disturbs no other.
   *
   * @param close - it gets its own {@link Task}
   * @param options - `name`: for reports
   * @returns what takes it back
   * @throws {@link ClosedError} the runner is closed
   * @example
   * ```js
   * const connection = await connect()
   * task.register((closing) => closing.until(connection.end()), { name: 'connection' })
   * ```
   */
  register(close: (task: Task) => unknown, options?: { name?: string | undefined }): Closable

  /**
   * Asks the task to end: what it waits for throws a {@link CancelledError}, or, if it waits for nothing,
   * its next wait; {@link Task.signal} aborts at once. The task may clean up, wait meanwhile, and go on in
   * spite of it.
   *
   * @param reason - of the {@link CancelledError}, of any kind
   * @returns false if it is done
   */
  cancel(reason?: unknown): boolean

  /**
   * Takes one cancel back. Who goes on in spite of a cancel says so by it.
   *
   * @returns how many are left
   */
  uncancel(): number

  /**
   * Aborts when the task is cancelled, with a {@link CancelledError} as its reason: for what takes an
   * AbortSignal, as `fetch`. It stays aborted until the cancel was taken back, from when on it is another
   * one: what cleans up must not use it.
   *
   * @example
   * ```js
   * const answer = await fetch(url, { signal: task.signal })
   * ```
   */
  readonly signal: AbortSignal

  /**
   * How it has ended. Looking takes the error: it is not reported any more.
   *
   * @returns its value
   * @throws {@link InvalidStateError} it has not ended
   * @throws {@link CancelledError} it was cancelled
   * @throws what it has failed with, the very object
   */
  result(): T

  /**
   * The error that it has failed with. Looking takes it: it is not reported any more.
   *
   * @returns undefined if it has a value
   * @throws {@link InvalidStateError} it has not ended
   * @throws {@link CancelledError} it was cancelled
   */
  exception(): unknown

  /**
   * What `await` calls. There the task that has its turn waits, as in {@link Task.until}. Who calls this by
   * hand, and code outside of tasks, only looks on: no cancel is handed on. Either takes the error.
   *
   * @param onfulfilled - gets the value
   * @param onrejected - gets the error, or the {@link CancelledError}
   * @returns a promise of what these give
   */
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((error: any) => B | PromiseLike<B>) | null
  ): Promise<A | B>

  /**
   * {@link Task.then} without the first function.
   *
   * @param onrejected - gets the error, or the {@link CancelledError}
   * @returns a promise of the value, or of what this gives
   */
  catch<B = never>(onrejected?: ((error: any) => B | PromiseLike<B>) | null): Promise<T | B>

  /**
   * Has a function called at the end, whatever it is.
   *
   * @param onfinally - gets nothing
   * @returns a promise of the outcome
   */
  finally(onfinally?: (() => void) | null): Promise<T>

  /** Cancels the task, and waits for its end, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Tasks that end together, as asyncio.TaskGroup: {@link Task.group} makes it.
 *
 * @since 0.1
 */
export class TaskGroup {
  private constructor()

  /**
   * Starts a function as a task of the group. Every task and callback of the runner may do that until the
   * group has ended.
   *
   * @param fn - what the task does; it gets its own {@link Task}
   * @param options - of the task
   * @returns the task
   * @throws {@link InvalidStateError} the group has ended, or is being cancelled
   * @throws {@link RunnerError} there are more than the option `maxTasks` allows: `RUNNER_ENOMEM`
   */
  spawn<U>(fn: TaskFunction<U>, options?: SpawnOptions): Task<U>

  /**
   * Cancels the children of the group, and its body at the next wait. The group then ends without an
   * error, unless one of them fails on the way. Once it has ended, this does nothing.
   */
  cancel(): void
}

/**
 * A deadline for a body, as asyncio.timeout: {@link Task.timeout} and {@link Task.timeoutAt} make it.
 *
 * @since 0.1
 */
export class Timeout {
  private constructor()

  /** The deadline on the clock of {@link Loop.time}; null if there is none. */
  readonly when: number | null

  /** Whether the deadline has passed while the body ran. */
  readonly expired: boolean

  /**
   * Moves the deadline.
   *
   * @param time - on the clock of {@link Loop.time}; null takes it away
   * @throws {@link InvalidStateError} the body has ended, or the deadline has passed and it was cancelled
   */
  reschedule(time: number | null): void
}

/**
 * A result that is settled once, by hand, with any number of waiters: {@link Loop.createFuture} makes it.
 *
 * @example
 * ```js
 * const answer = runner.loop.createFuture()
 * task.spawn(() => answer.resolve(42))
 * await answer // 42
 * ```
 * @since 0.1
 */
export class Future<in out T = unknown> implements PromiseLike<T> {
  private constructor()

  /**
   * Settles it with a value.
   *
   * @param value - any; a promise is not waited for
   * @throws {@link InvalidStateError} it is settled
   * @throws {@link ClosedError} its runner is closed
   */
  resolve(value: T): void

  /**
   * Settles it with an error. If nobody takes that, it is reported.
   *
   * @param error - a {@link CancelledError} cancels it
   * @throws {@link InvalidStateError} it is settled
   * @throws {@link ClosedError} its runner is closed
   */
  reject(error: unknown): void

  /**
   * Settles it as cancelled: whoever waits for it is given a {@link CancelledError}, and is not cancelled
   * itself.
   *
   * @param reason - of the {@link CancelledError}, of any kind
   * @returns false if it is settled
   */
  cancel(reason?: unknown): boolean

  /** Whether it is settled. */
  readonly done: boolean

  /** Whether it was cancelled. */
  readonly cancelled: boolean

  /**
   * How it was settled. Looking takes the error: it is not reported any more.
   *
   * @returns its value
   * @throws {@link InvalidStateError} it is not settled
   * @throws {@link CancelledError} it was cancelled
   * @throws what it was rejected with, the very object
   */
  result(): T

  /**
   * The error that it was rejected with. Looking takes it: it is not reported any more.
   *
   * @returns undefined if it has a value
   * @throws {@link InvalidStateError} it is not settled
   * @throws {@link CancelledError} it was cancelled
   */
  exception(): unknown

  /**
   * What `await` calls. There the task that has its turn waits, as in {@link Task.until}. Who calls this by
   * hand, and code outside of tasks, only looks on: no cancel is handed on. Either takes the error.
   *
   * @param onfulfilled - gets the value
   * @param onrejected - gets the error, or the {@link CancelledError}
   * @returns a promise of what these give
   */
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((error: any) => B | PromiseLike<B>) | null
  ): Promise<A | B>

  /**
   * {@link Future.then} without the first function.
   *
   * @param onrejected - gets the error, or the {@link CancelledError}
   * @returns a promise of the value, or of what this gives
   */
  catch<B = never>(onrejected?: ((error: any) => B | PromiseLike<B>) | null): Promise<T | B>

  /**
   * Has a function called at the end, whatever it is.
   *
   * @param onfinally - gets nothing
   * @returns a promise of the outcome
   */
  finally(onfinally?: (() => void) | null): Promise<T>
}

/**
 * Something that is closed when its runner is: {@link Task.register} makes it.
 *
 * @since 0.1
 */
export class Closable {
  private constructor()

  /** For reports. */
  readonly name: string | undefined

  /**
   * Takes the registration back: it will not be closed.
   *
   * @returns false if it is closed, being closed, or was taken back
   */
  unregister(): boolean
}

// ---- tasks of runSync -----------------------------------------------------------------------------

/**
 * What a wait gives in {@link runSync}: for `yield`, or for `yield *`, which has its type.
 *
 * @since 0.1
 */
export interface Wait<out T> {
  /**
   * What `yield *` calls.
   *
   * @returns what yields it
   */
  [Symbol.iterator](): Generator<unknown, T, any>
}

/**
 * What a part of a task of {@link runSync} gives: a value, or something that comes to it.
 *
 * @since 0.1
 */
export type SyncSteps<T> = T | Wait<T> | Generator<unknown, T, any>

/**
 * A task of {@link runSync}: a {@link Task} whose waits are no promises, but for `yield`.
 *
 * @since 0.1
 */
export interface SyncTask<out T = unknown> extends Pick<Task<T>,
  'id' | 'name' | 'done' | 'cancelled' | 'cancelling' | 'cancel' | 'uncancel' | 'signal' | 'result' | 'exception'> {
  /**
   * {@link Task.spawn} of a generator function.
   *
   * @param fn - what the task does; it gets its own {@link SyncTask}
   * @param options - of the task
   * @returns the task
   */
  spawn<U>(fn: SyncTaskFunction<U>, options?: SpawnOptions): SyncTask<U>

  /**
   * {@link Task.sleep}.
   *
   * @param ms - `Infinity` is until the task is cancelled; 0 lets everything run that is ready
   * @returns for `yield`
   */
  sleep(ms: number): Wait<void>

  /**
   * {@link Task.yield}.
   *
   * @returns for `yield`
   */
  yield(): Wait<void>

  /**
   * {@link Task.until} of a task.
   *
   * @param awaitable - what to wait for; no promise
   * @param options - `timeout`: longest time; without it there is no limit
   * @returns for `yield`
   */
  until<U>(awaitable: SyncTask<U>, options?: { timeout?: number | undefined }): Wait<U>

  /**
   * {@link Task.shield} of a task.
   *
   * @param awaitable - what to wait for
   * @returns for `yield`
   */
  shield<U>(awaitable: SyncTask<U>): Wait<U>

  /**
   * {@link Task.timeout}.
   *
   * @param ms - 0 or less cancels the body at its first wait; null never
   * @param body - runs as a part of this task; it gets the {@link Timeout}
   * @returns for `yield`
   */
  timeout<U>(ms: number | null, body: (timeout: Timeout) => SyncSteps<U>): Wait<U>

  /**
   * {@link Task.timeoutAt}.
   *
   * @param time - null is no deadline
   * @param body - runs as a part of this task; it gets the {@link Timeout}
   * @returns for `yield`
   */
  timeoutAt<U>(time: number | null, body: (timeout: Timeout) => SyncSteps<U>): Wait<U>

  /**
   * {@link Task.group}.
   *
   * @param body - runs as a part of this task; it gets the group
   * @returns for `yield`
   */
  group<U>(body: (group: SyncTaskGroup) => SyncSteps<U>): Wait<U>

  /**
   * {@link Task.use} of what does not have to wait: by its `[Symbol.dispose]`, or its `return`.
   *
   * @param resource - what is to be closed
   * @param options - `name`: for reports
   * @returns the resource
   */
  use<R extends Disposable | Iterator<any, any, any>>(resource: R, options?: { name?: string | undefined }): R

  /**
   * {@link Task.register}.
   *
   * @param close - it gets its own {@link SyncTask}; a generator function, if it waits
   * @param options - `name`: for reports
   * @returns what takes it back
   */
  register(close: (task: SyncTask) => unknown, options?: { name?: string | undefined }): Closable
}

/**
 * A {@link TaskGroup} in {@link runSync}: {@link SyncTask.group} makes it.
 *
 * @since 0.1
 */
export interface SyncTaskGroup extends Pick<TaskGroup, 'cancel'> {
  /**
   * {@link TaskGroup.spawn} of a generator function.
   *
   * @param fn - what the task does; it gets its own {@link SyncTask}
   * @param options - of the task
   * @returns the task
   */
  spawn<U>(fn: SyncTaskFunction<U>, options?: SpawnOptions): SyncTask<U>
}

// ---- several --------------------------------------------------------------------------------------

/**
 * What can be awaited with others, by {@link gather} and {@link wait}: something that ends once.
 *
 * @since 0.1
 */
export type Awaitable<T = any> = Task<T> | Future<T>

/**
 * Waits for all of them, and gives their values in the order given.
 *
 * The first that fails or is cancelled ends it with that error; the others go on. If the waiting task is
 * cancelled, so are all of them.
 *
 * @param task - the task that waits
 * @param awaitables - tasks and futures
 * @param options - `returnExceptions`: an error takes the place of its value, and the others are waited for
 * @returns their values
 * @throws {@link CancelledError} one of them, or the task that waits, was cancelled
 * @throws {@link ForeignError} one belongs to another runner
 * @throws `TypeError` one is neither a task nor a future
 * @throws what the first has failed with, the very object
 * @example
 * ```js
 * const pages = await gather(task, urls.map((url) => task.spawn((child) => load(child, url))))
 * ```
 * @since 0.1
 */
export function gather<A extends readonly Awaitable[] | []>(
  task: Task,
  awaitables: A,
  options?: { returnExceptions?: false | undefined }
): Promise<{ -readonly [I in keyof A]: Awaited<A[I]> }>
/**
 * Waits for all of them, and gives their values, or the errors in place of these, in the order given.
 * What was thrown comes as it is, also if it is no Error.
 *
 * @param task - the task that waits
 * @param awaitables - tasks and futures
 * @param options - `returnExceptions`
 * @returns their values and errors
 * @throws {@link CancelledError} the task that waits was cancelled
 * @throws {@link ForeignError} one belongs to another runner
 * @throws `TypeError` one is neither a task nor a future
 * @since 0.1
 */
export function gather<A extends readonly Awaitable[] | []>(
  task: Task,
  awaitables: A,
  options: { returnExceptions?: boolean | undefined }
): Promise<{ -readonly [I in keyof A]: Awaited<A[I]> | Error }>
/**
 * Waits for all of them, of any iterable, and gives their values in that order.
 *
 * @param task - the task that waits
 * @param awaitables - tasks and futures
 * @param options - `returnExceptions`: an error takes the place of its value, and the others are waited for
 * @returns their values
 * @throws {@link CancelledError} one of them, or the task that waits, was cancelled
 * @throws {@link ForeignError} one belongs to another runner
 * @throws `TypeError` one is neither a task nor a future
 * @throws what the first has failed with, the very object
 * @since 0.1
 */
export function gather<A extends Awaitable>(
  task: Task,
  awaitables: Iterable<A>,
  options?: { returnExceptions?: false | undefined }
): Promise<Array<Awaited<A>>>
/**
 * Waits for all of them, of any iterable, and gives their values, or the errors in place of these, in that
 * order. What was thrown comes as it is, also if it is no Error.
 *
 * @param task - the task that waits
 * @param awaitables - tasks and futures
 * @param options - `returnExceptions`
 * @returns their values and errors
 * @throws {@link CancelledError} the task that waits was cancelled
 * @throws {@link ForeignError} one belongs to another runner
 * @throws `TypeError` one is neither a task nor a future
 * @since 0.1
 */
export function gather<A extends Awaitable>(
  task: Task,
  awaitables: Iterable<A>,
  options: { returnExceptions?: boolean | undefined }
): Promise<Array<Awaited<A> | Error>>
/**
 * Waits in {@link runSync} for all of them, and gives their values in the order given.
 *
 * @param task - the task that waits
 * @param awaitables - tasks
 * @param options - `returnExceptions`: an error takes the place of its value, and the others are waited for
 * @returns for `yield`
 * @since 0.1
 */
export function gather<A extends ReadonlyArray<SyncTask<any>> | []>(
  task: SyncTask,
  awaitables: A,
  options?: { returnExceptions?: false | undefined }
): Wait<{ -readonly [I in keyof A]: A[I] extends SyncTask<infer U> ? U : never }>
/**
 * Waits in {@link runSync} for all of them, and gives their values, or the errors in place of these, in the
 * order given.
 *
 * @param task - the task that waits
 * @param awaitables - tasks
 * @param options - `returnExceptions`
 * @returns for `yield`
 * @since 0.1
 */
export function gather<A extends ReadonlyArray<SyncTask<any>> | []>(
  task: SyncTask,
  awaitables: A,
  options: { returnExceptions?: boolean | undefined }
): Wait<{ -readonly [I in keyof A]: (A[I] extends SyncTask<infer U> ? U : never) | Error }>

/**
 * Options of {@link wait}.
 *
 * @since 0.1
 */
export interface WaitOptions {
  /** Longest time; without it there is no limit. */
  timeout?: number | undefined
  /** Whether one that is done, or has failed, is enough. Default: `all_completed`. */
  returnWhen?: 'first_completed' | 'first_exception' | 'all_completed' | undefined
}

/**
 * Waits until some or all of them are done, or the time is over. It throws nothing that they have failed
 * with, and takes nothing: their `result` tells. A cancel of the waiting task does not reach them.
 *
 * @param task - the task that waits
 * @param awaitables - tasks and futures, at least one
 * @param options - until when
 * @returns those that are done and those that are not, in the order given
 * @throws {@link CancelledError} the task that waits was cancelled
 * @throws {@link ForeignError} one belongs to another runner
 * @throws `RangeError` there is none to wait for
 * @throws `TypeError` one is neither a task nor a future
 * @example
 * ```js
 * const { done, pending } = await wait(task, tasks, { returnWhen: 'first_completed' })
 * for (const late of pending) late.cancel()
 * ```
 * @since 0.1
 */
export function wait<A extends Awaitable>(
  task: Task,
  awaitables: Iterable<A>,
  options?: WaitOptions
): Promise<{ done: Set<A>, pending: Set<A> }>
export function wait<A extends SyncTask<any>>(
  task: SyncTask,
  awaitables: Iterable<A>,
  options?: WaitOptions
): Wait<{ done: Set<A>, pending: Set<A> }>

/**
 * Whether an error means that a task was cancelled: a {@link CancelledError}, or the AbortError of
 * something that was given {@link Task.signal}. Who catches one throws it again, or calls
 * {@link Task.uncancel}.
 *
 * @param error - what was caught
 * @returns whether it means a cancel
 * @example
 * ```js
 * try {
 *   await fetch(url, { signal: task.signal })
 * } catch (error) {
 *   if (isCancel(error)) throw error
 *   console.error(error)
 * }
 * ```
 * @since 0.1
 */
export function isCancel(error: unknown): boolean

// ---- what tasks share -----------------------------------------------------------------------------

/**
 * What tells which runner something is for: any of its tasks, its loop, or itself.
 *
 * @since 0.1
 */
export type Owner = Task<any> | SyncTask<any> | Runner | Loop

/**
 * A flag that tasks wait for, as asyncio.Event; at first it is not set. Tasks and callbacks of one runner
 * may use it.
 *
 * @example
 * ```js
 * const ready = new Event(task)
 * task.spawn(async (child) => { await ready.wait(child); console.log('go') })
 * ready.set()
 * ```
 * @since 0.1
 */
export class Event {
  /**
   * @param of - which runner it is for
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner)

  /**
   * Sets the flag and wakes every task that waits for it, in the order of their coming.
   *
   * @throws {@link ClosedError} the runner is closed
   */
  set(): void

  /**
   * Clears the flag: who waits from now on waits for the next {@link Event.set}. Who was woken goes on.
   *
   * @throws {@link ClosedError} the runner is closed
   */
  clear(): void

  /** Whether the flag is set. */
  readonly isSet: boolean

  /**
   * Waits until the flag is set; not at all if it is.
   *
   * @param task - the task that waits
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link ForeignError} it belongs to another runner
   */
  wait(task: Task): Promise<void>
  wait(task: SyncTask): Wait<void>
}

/**
 * Lets one task at a time go on, in the order of their coming, as asyncio.Lock. It may be held across
 * waits. Tasks and callbacks of one runner may use it.
 *
 * @example
 * ```js
 * const lock = new Lock(task)
 * await lock.with(task, () => task.sleep(100))
 * ```
 * @since 0.1
 */
export class Lock {
  // So that a Semaphore, which has the same methods, is none.
  private readonly _lock: true

  /**
   * @param of - which runner it is for
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner)

  /**
   * Takes the lock, and waits while another task has it or came earlier. It is not recursive: a task that
   * takes it twice waits for itself.
   *
   * @param task - the task that waits
   * @throws {@link CancelledError} the task was cancelled, and does not have the lock
   * @throws {@link ForeignError} it belongs to another runner
   */
  acquire(task: Task): Promise<void>
  acquire(task: SyncTask): Wait<void>

  /**
   * Gives the lock to the task that has waited longest, or frees it. Any task or callback may do that.
   *
   * @throws {@link InvalidStateError} nobody holds it
   * @throws {@link ClosedError} the runner is closed
   */
  release(): void

  /** Whether a task holds the lock. One to which it was handed, and which has not run yet, does not. */
  readonly locked: boolean

  /**
   * Runs the body while the task holds the lock.
   *
   * @param task - the task that waits
   * @param body - runs as a part of it
   * @returns the value of the body
   * @throws as {@link Lock.acquire} and {@link Lock.release}
   */
  with<U>(task: Task, body: () => U | PromiseLike<U>): Promise<U>
  with<U>(task: SyncTask, body: () => SyncSteps<U>): Wait<U>
}

/**
 * Where tasks that share a lock wait until another one says that something has changed, as
 * asyncio.Condition. Tasks and callbacks of one runner may use it.
 *
 * @example
 * ```js
 * const changed = new Condition(task)
 * let items = 0
 * task.spawn((child) => changed.with(child, () => { items++; changed.notify() }))
 * await changed.with(task, () => changed.waitFor(task, () => items > 0))
 * ```
 * @since 0.1
 */
export class Condition {
  /**
   * @param of - which runner it is for
   * @param lock - that several conditions may share; without it, it has one of its own
   * @throws {@link ForeignError} the lock belongs to another runner
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner, lock?: Lock)

  /**
   * Releases the lock, waits to be notified, and takes the lock again. The lock is held afterwards, also if
   * this throws, but for {@link InvalidStateError}: nobody held it before.
   *
   * What was waited for may have changed meanwhile, so wait in a loop, or with {@link Condition.waitFor}.
   *
   * @param task - the task that waits
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link InvalidStateError} nobody holds the lock
   * @throws {@link ForeignError} it belongs to another runner
   */
  wait(task: Task): Promise<void>
  wait(task: SyncTask): Wait<void>

  /**
   * Waits, as {@link Condition.wait} does, until the predicate is true. It is called while the lock is
   * held, at first before any wait.
   *
   * @param task - the task that waits
   * @param predicate - tells whether to go on; it does not wait, and is no async function
   * @returns what the predicate gave at last
   * @throws as {@link Condition.wait}; what the predicate has thrown, the very object
   */
  waitFor<U>(task: Task, predicate: () => U): Promise<Exclude<U, false | 0 | 0n | '' | null | undefined>>
  waitFor<U>(task: SyncTask, predicate: () => U): Wait<Exclude<U, false | 0 | 0n | '' | null | undefined>>

  /**
   * Wakes tasks that wait, in the order of their coming. Each goes on once it has the lock, which this does
   * not release.
   *
   * @param n - how many at most. Default: 1
   * @throws {@link InvalidStateError} nobody holds the lock
   * @throws {@link ClosedError} the runner is closed
   */
  notify(n?: number): void

  /**
   * Wakes every task that waits, as {@link Condition.notify} does.
   *
   * @throws as {@link Condition.notify}
   */
  notifyAll(): void

  /**
   * {@link Lock.acquire} of its lock.
   *
   * @param task - the task that waits
   * @throws as {@link Lock.acquire}
   */
  acquire(task: Task): Promise<void>
  acquire(task: SyncTask): Wait<void>

  /**
   * {@link Lock.release} of its lock.
   *
   * @throws as {@link Lock.release}
   */
  release(): void

  /**
   * Runs the body while the task holds the lock.
   *
   * @param task - the task that waits
   * @param body - runs as a part of it
   * @returns the value of the body
   * @throws as {@link Lock.acquire} and {@link Lock.release}
   */
  with<U>(task: Task, body: () => U | PromiseLike<U>): Promise<U>
  with<U>(task: SyncTask, body: () => SyncSteps<U>): Wait<U>

  /** Whether a task holds its lock. */
  readonly locked: boolean
}

/**
 * Lets so many tasks at a time go on, in the order of their coming, as asyncio.Semaphore. Tasks and
 * callbacks of one runner may use it.
 *
 * @example
 * ```js
 * const few = new Semaphore(task, 3)
 * await few.with(task, () => task.sleep(100))
 * ```
 * @since 0.1
 */
export class Semaphore {
  /**
   * @param of - which runner it is for
   * @param value - how many may acquire it before one has to wait. Default: 1
   * @param options - `bounded`: it cannot be released more often than it was acquired, as
   *   asyncio.BoundedSemaphore
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner, value?: number, options?: { bounded?: boolean | undefined })

  /**
   * Lowers the value by one, and waits while it is zero or others came earlier.
   *
   * @param task - the task that waits
   * @throws {@link CancelledError} the task was cancelled, and has acquired nothing
   * @throws {@link ForeignError} it belongs to another runner
   */
  acquire(task: Task): Promise<void>
  acquire(task: SyncTask): Wait<void>

  /**
   * Raises the value by one, or hands it to the task that has waited longest. Any task or callback may do
   * that.
   *
   * @throws {@link InvalidStateError} a bounded one has its first value already
   * @throws {@link ClosedError} the runner is closed
   */
  release(): void

  /** Whether a task that came now would have to wait. */
  readonly locked: boolean

  /** What is neither acquired nor on its way to a task. */
  readonly value: number

  /**
   * Runs the body between {@link Semaphore.acquire} and {@link Semaphore.release}.
   *
   * @param task - the task that waits
   * @param body - runs as a part of it
   * @returns the value of the body
   * @throws as {@link Semaphore.acquire} and {@link Semaphore.release}
   */
  with<U>(task: Task, body: () => U | PromiseLike<U>): Promise<U>
  with<U>(task: SyncTask, body: () => SyncSteps<U>): Wait<U>
}

/**
 * Where a number of tasks wait for each other, as asyncio.Barrier. Tasks and callbacks of one runner may
 * use it.
 *
 * @example
 * ```js
 * const barrier = new Barrier(task, 2)
 * task.spawn((child) => barrier.wait(child))
 * await barrier.wait(task) // 0 or 1
 * ```
 * @since 0.1
 */
export class Barrier {
  /**
   * @param of - which runner it is for
   * @param parties - how many tasks pass together
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner, parties: number)

  /**
   * Waits until as many tasks wait as the barrier has parties. Then it can be used again.
   *
   * @param task - the task that waits
   * @returns a number that no other task of this passing has, from 0
   * @throws {@link BrokenBarrierError} it was aborted, or reset while the task waited
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link ForeignError} it belongs to another runner
   */
  wait(task: Task): Promise<number>
  wait(task: SyncTask): Wait<number>

  /**
   * Makes the barrier as new. Who waits at it gets a {@link BrokenBarrierError}.
   *
   * @throws {@link ClosedError} the runner is closed
   */
  reset(): void

  /**
   * Breaks the barrier: who waits at it, and whoever comes, gets a {@link BrokenBarrierError} until it is
   * reset.
   *
   * @throws {@link ClosedError} the runner is closed
   */
  abort(): void

  /** How many tasks it takes to pass. */
  readonly parties: number

  /** How many tasks wait for the others. */
  readonly waiting: number

  /** Whether the barrier is broken. */
  readonly broken: boolean
}

/**
 * Options of a {@link Queue}.
 *
 * @since 0.1
 */
export interface QueueOptions {
  /** How many items it has room for; 0 is no limit. Default: 0. */
  maxSize?: number | undefined
  /**
   * Which item comes out next: the first that was put, the last, or the one of the lowest priority, and of
   * equal ones the first. Default: `fifo`.
   */
  order?: 'fifo' | 'lifo' | 'priority' | undefined
}

/**
 * Options of {@link Queue.put} and {@link Queue.putNowait}.
 *
 * @since 0.1
 */
export interface PutOptions {
  /** In a queue of this order, else without a meaning: an integer. Default: 0. */
  priority?: number | bigint | undefined
}

/**
 * Where tasks hand items to tasks, as asyncio.Queue. Tasks and callbacks of one runner may use it.
 *
 * @example
 * ```js
 * const queue = new Queue(task, { maxSize: 10 })
 * task.spawn(async (child) => {
 *   for (const i of [1, 2, 3]) await queue.put(child, i)
 *   queue.shutdown()
 * })
 * console.log(await queue.get(task)) // 1
 * ```
 * @since 0.1
 */
export class Queue<in out T = unknown> {
  /**
   * @param of - which runner it is for
   * @param options - its size and order
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner, options?: QueueOptions)

  /**
   * Puts an item into the queue, and waits while it is full. If this throws, it was not put.
   *
   * @param task - the task that waits
   * @param item - of any kind
   * @param options - its priority
   * @throws {@link QueueShutDownError} the queue was shut down
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link ForeignError} it belongs to another runner
   */
  put(task: Task, item: T, options?: PutOptions): Promise<void>
  put(task: SyncTask, item: T, options?: PutOptions): Wait<void>

  /**
   * Puts an item as {@link Queue.put} does, but only if there is room.
   *
   * @param item - of any kind
   * @param options - its priority
   * @throws {@link QueueFullError} there is no room
   * @throws {@link QueueShutDownError} the queue was shut down
   * @throws {@link ClosedError} the runner is closed
   */
  putNowait(item: T, options?: PutOptions): void

  /**
   * Takes the next item out of the queue, and waits while it is empty.
   *
   * @param task - the task that waits
   * @returns the item
   * @throws {@link QueueShutDownError} the queue was shut down and is empty
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link ForeignError} it belongs to another runner
   */
  get(task: Task): Promise<T>
  get(task: SyncTask): Wait<T>

  /**
   * Takes the next item out of the queue if there is one.
   *
   * @returns the item
   * @throws {@link QueueEmptyError} there is none
   * @throws {@link QueueShutDownError} the queue was shut down and is empty
   * @throws {@link ClosedError} the runner is closed
   */
  getNowait(): T

  /**
   * Says that the work on an item that was taken out is done.
   *
   * @throws {@link InvalidStateError} that was said for every item before
   * @throws {@link ClosedError} the runner is closed
   */
  taskDone(): void

  /**
   * Waits until {@link Queue.taskDone} was called for every item that was put.
   *
   * @param task - the task that waits
   * @throws {@link CancelledError} the task was cancelled
   * @throws {@link ForeignError} it belongs to another runner
   */
  join(task: Task): Promise<void>
  join(task: SyncTask): Wait<void>

  /**
   * Shuts the queue down: nothing can be put any more, and once it is empty nothing can be got. Who waits
   * to put or get is woken with a {@link QueueShutDownError}.
   *
   * @param options - `immediate`: it is emptied now, and each of its items counts as done
   * @throws {@link ClosedError} the runner is closed
   */
  shutdown(options?: { immediate?: boolean | undefined }): void

  /** How many items are in the queue. */
  readonly size: number

  /** How many items it has room for; 0 is no limit. */
  readonly maxSize: number

  /** Whether there is no item. */
  readonly empty: boolean

  /** Whether there is no room. */
  readonly full: boolean
}

/**
 * A value that follows the tasks of a program, as contextvars.ContextVar. A task gets a copy of what its
 * starter has set, and neither sees what the other sets afterwards. An AsyncLocalStorage follows them, too.
 *
 * Each runner has values of its own. A variable is usually made once for a program: a runner remembers
 * every variable that was set in it until it is closed.
 *
 * @example
 * ```js
 * const request = new ContextVar('request', { default: 0 })
 * await run(async (task) => {
 *   request.set(task, 1)
 *   await task.spawn((child) => request.get(child)) // 1
 * })
 * ```
 * @since 0.1
 */
export class ContextVar<in out T> {
  /**
   * @param name - for people
   * @param options - `default`: what {@link ContextVar.get} gives where it is not set
   */
  constructor(name: string, options?: { default?: T })

  /** The name that it was made with. */
  readonly name: string

  /**
   * @param task - the task that asks; in a callback the loop
   * @param fallback - goes before the default
   * @returns what the task has set, or has got from its starter; else the fallback or the default
   * @throws {@link InvalidStateError} it is not set, and there is neither of these
   */
  get(task: Owner): T
  get<U>(task: Owner, fallback: U): T | U

  /**
   * Sets it for a task, and for what that starts from now on.
   *
   * @param task - the task; in a callback the loop
   * @param value - of any kind
   */
  set(task: Owner, value: T): void

  /**
   * @param task - the task that asks; in a callback the loop
   * @returns whether it is set for the task
   */
  has(task: Owner): boolean
}

/**
 * A set of variables with their values, as contextvars.Context. A task or run that is started with it runs
 * in it: it sees what was set there, and what it sets stays there for the next one.
 *
 * @since 0.1
 */
export class Context {
  /**
   * An empty one.
   *
   * @param of - which runner it is for
   * @throws {@link ClosedError} the runner is closed
   */
  constructor(of: Owner)

  /**
   * @param task - whose variables are copied
   * @returns a copy of what they are now
   */
  static copy(task: Task | SyncTask): Context
}

// ---- errors ---------------------------------------------------------------------------------------

/**
 * What all errors of this library have in common.
 *
 * @since 0.1
 */
export class RunnerError extends Error {
  protected constructor()

  /** The symbol of the code in C, such as `RUNNER_ECLOSED`: it stays the same. */
  readonly code: string
  /** The code of the C library that it stands for. */
  readonly errno: number
}

/**
 * A task was cancelled. It is no {@link RunnerError}, so that who handles these does not swallow it. Who
 * catches it throws it again, or calls {@link Task.uncancel}.
 *
 * @since 0.1
 */
export class CancelledError extends Error {
  /**
   * @param reason - for {@link CancelledError.reason}
   * @param message - without it, one made of the reason
   */
  constructor(reason?: unknown, message?: string)

  /** `RUNNER_ECANCELED`. */
  readonly code: 'RUNNER_ECANCELED'
  /** The code of the C library. */
  readonly errno: number

  /** What was given to {@link Task.cancel}, or the reason of the signal; it is the `cause`, too. */
  readonly reason: unknown
}

/**
 * SIGINT has ended the run, or {@link Runner.interrupt} has.
 *
 * @since 0.1
 */
export class KeyboardInterrupt extends RunnerError {
  /** What a shell gives for a process that has died by SIGINT. */
  readonly exitCode: 130
}

/**
 * One or more tasks of a group, or its body, have failed.
 *
 * @since 0.1
 */
export class GroupError extends AggregateError {
  /**
   * @param errors - what they have thrown
   */
  constructor(errors: readonly unknown[])

  /** What they have thrown, in the order in which they did; the body's is the last. */
  errors: any[]
  /** `RUNNER_EGROUP`. */
  readonly code: 'RUNNER_EGROUP'
  /** The code of the C library. */
  readonly errno: number
}

/**
 * Nothing can continue the run: its tasks wait, and nothing is left on Node's loop that could wake one, so
 * Node would have ended the process. Or, under {@link testLoop} and in {@link runSync}, every task waits
 * for another one.
 *
 * @since 0.1
 */
export class StalledError extends RunnerError {
  /** The tasks that were not done. */
  readonly tasks: StalledTask[]
}

/**
 * A task that was not done when nothing could wake one any more.
 *
 * @since 0.1
 */
export interface StalledTask {
  /** Its number among those of its runner. */
  readonly id: number
  /** Its name. */
  readonly name: string
  /** What it waits for; null if that is nothing of the runner. */
  readonly waits: string | null
}

/**
 * No task runs.
 *
 * @since 0.1
 */
export class NoTaskError extends RunnerError {}

/**
 * The runner runs.
 *
 * @since 0.1
 */
export class RunningError extends RunnerError {}

/**
 * The runner is being closed.
 *
 * @since 0.1
 */
export class BusyError extends RunnerError {}

/**
 * The runner is closed, or being closed.
 *
 * @since 0.1
 */
export class ClosedError extends RunnerError {}

/**
 * A task, future or scope is not in the state that this needs.
 *
 * @since 0.1
 */
export class InvalidStateError extends RunnerError {}

/**
 * It took too long.
 *
 * @since 0.1
 */
export class TimeoutError extends RunnerError {}

/**
 * The task was given up when its runner was closed.
 *
 * @since 0.1
 */
export class AbandonedError extends RunnerError {}

/**
 * The object belongs to another runner.
 *
 * @since 0.1
 */
export class ForeignError extends RunnerError {}

/**
 * The barrier is broken.
 *
 * @since 0.1
 */
export class BrokenBarrierError extends RunnerError {}

/**
 * The queue is full.
 *
 * @since 0.1
 */
export class QueueFullError extends RunnerError {}

/**
 * The queue is empty.
 *
 * @since 0.1
 */
export class QueueEmptyError extends RunnerError {}

/**
 * The queue has been shut down.
 *
 * @since 0.1
 */
export class QueueShutDownError extends RunnerError {}
