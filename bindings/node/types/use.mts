// What a program may write, in an ES module. It is compiled, never run.

import {
  run, runMain, runSync, Runner, nodeLoop, testLoop, gather, wait, isCancel,
  Task, Event, Lock, Condition, Semaphore, Barrier, Queue, ContextVar, Context,
  RunnerError, CancelledError, GroupError, StalledError, KeyboardInterrupt
} from 'librunner'
import type {
  Awaitable, Closable, ExceptionContext, Future, Loop, LoopKind, Owner, PutOptions, QueueOptions, ReportEntry, ReportKind,
  RunnerOptions, RunOptions, SpawnOptions, StalledTask, SyncSteps, SyncTask, SyncTaskFunction, SyncTaskGroup,
  TaskFunction, TaskGroup, Timeout, Timer, Wait, WaitOptions
} from 'librunner'
import { same } from './same.js'

// ---- running --------------------------------------------------------------------------------------

export async function running(signal: AbortSignal): Promise<void> {
  const number = await run(async (task) => {
    same<typeof task, Task<unknown>>()
    return 42
  })
  same<typeof number, number>()
  const text = await run(() => 'not async')
  same<typeof text, string>()
  const nothing = await run(async () => {})
  same<typeof nothing, void>()
  const never = runMain(() => { throw new Error('always') })
  same<typeof never, Promise<never>>()
  const given = await run<number | string>(async () => 42)
  same<typeof given, number | string>()
  const adopted = await run((task) => task.spawn(async () => 42))
  same<typeof adopted, number>()

  await run(async () => {}, {
    name: 'main', signal, debug: true, signals: false, cancelGrace: Infinity, closableGrace: 0.5, slowCallback: 10,
    pollInterval: 1, maxTasks: 1000, deadlock: false, loopFactory: testLoop,
    exceptionHandler(context) {
      same<typeof context, ExceptionContext>()
      same<typeof context.task, Task | undefined>()
    }
  })
  const options: RunnerOptions & RunOptions = { debug: undefined, loopFactory: () => nodeLoop(), name: undefined }
  await run(async () => {}, options)

}

export function blocking(): void {
  const number = runSync(function * (task) {
    same<typeof task, SyncTask<unknown>>()
    const child = task.spawn(function * (own) {
      yield own.sleep(1)
      return 'text'
    }, { name: 'child' })
    same<typeof child, SyncTask<string>>()
    const any = yield child
    const text = yield * task.until(child, { timeout: 100 })
    same<typeof text, string>()
    const shielded = yield * task.shield(child)
    same<typeof shielded, string>()
    const timed = yield * task.timeout(10, function * (timeout) {
      same<typeof timeout, Timeout>()
      yield task.yield()
      return 1
    })
    same<typeof timed, number>()
    yield task.timeoutAt(null, () => task.sleep(1))
    const grouped = yield * task.group(function * (group) {
      same<typeof group, SyncTaskGroup>()
      const one = group.spawn(function * () { return true })
      return yield * task.until(one)
    })
    same<typeof grouped, boolean>()
    const other = task.spawn(function * () { return 2 })
    const both = yield * gather(task, [child, other])
    same<typeof both, [string, number]>()
    const outcomes = yield * gather(task, [child, other], { returnExceptions: true })
    same<typeof outcomes, [string | Error, number | Error]>()
    const { done } = yield * wait(task, [child], { returnWhen: 'first_completed' })
    same<typeof done, Set<SyncTask<string>>>()
    task.use((function * () { yield 1 })())
    task.register(function * (closing) { yield closing.sleep(1) })

    const queue = new Queue<string>(task)
    yield queue.put(task, 'item')
    const item = yield * queue.get(task)
    same<typeof item, string>()
    const lock = new Lock(task)
    const held = yield * lock.with(task, function * () {
      yield task.sleep(1)
      return 1
    })
    same<typeof held, number>()
    yield new Event(task).wait(task)
    const steps: SyncSteps<number> = held
    const wait1: Wait<void> = task.sleep(1)
    const main: SyncTaskFunction<string> = function * () { return 'main' }
    void [any, steps, wait1, main, Context.copy(task), child.name, child.result(), child.cancel('why')]
    return timed
  }, { loopFactory: testLoop })
  same<typeof number, number>()
}

export async function runners(): Promise<void> {
  const runner = new Runner({ debug: false })
  const value = await runner.run(async () => 1, { name: 'one' })
  same<typeof value, number>()
  same<typeof runner.loop, Loop>()
  const flags: boolean[] = [runner.closed, runner.running, runner.interrupt()]
  await runner.close()
  for (const entry of runner.report) {
    same<typeof entry, ReportEntry>()
    same<typeof entry.kind, ReportKind>()
  }
  const disposable: AsyncDisposable = new Runner()
  await disposable[Symbol.asyncDispose]()
  void flags
}

export function loops(loop: Loop): void {
  const kinds: LoopKind[] = [nodeLoop(), testLoop()]
  const timer = loop.callLater(0.5, () => {})
  same<typeof timer, Timer>()
  const taken: boolean = loop.callAt(loop.time() + 1, () => {}).cancel() || timer.cancelled
  loop.callSoon(() => 42)
  const release = loop.hold()
  release()
  const future = loop.createFuture<number>()
  same<typeof future, Future<number>>()
  future.resolve(42)
  future.reject(new Error('no'))
  const unknown = loop.createFuture()
  unknown.resolve(undefined)
  loop.stop()
  void [kinds, taken, loop.debug, loop.kind]
}

// ---- tasks ----------------------------------------------------------------------------------------

export async function tasks(task: Task, promise: Promise<string>, future: Future<boolean>): Promise<void> {
  const child = task.spawn(async (own) => {
    same<typeof own, Task<unknown>>()
    return 'value'
  }, { name: 'child', signal: AbortSignal.timeout(5) })
  same<typeof child, Task<string>>()
  same<Awaited<typeof child>, string>()
  const options: SpawnOptions = { context: Context.copy(task) }
  const named: TaskFunction<number> = (own) => own.id
  same<ReturnType<typeof child.result>, string>()
  await task.spawn(named, options)

  await task.sleep(0)
  await task.yield()
  const waited = [await task.until(child), await task.until(promise, { timeout: 100 }), await task.until('a value')]
  same<typeof waited, string[]>()
  const settled = await task.until(future)
  same<typeof settled, boolean>()
  const shielded = await task.shield(child)
  same<typeof shielded, string>()

  const timed = await task.timeout(100, (timeout) => {
    same<typeof timeout, Timeout>()
    timeout.reschedule(timeout.when === null ? null : timeout.when + 1)
    return timeout.expired
  })
  same<typeof timed, boolean>()
  await task.timeout(null, async () => {})
  await task.timeoutAt(null, async () => {})

  const grouped = await task.group(async (group) => {
    same<typeof group, TaskGroup>()
    const one = group.spawn((own) => own.name, { name: 'one' })
    same<typeof one, Task<string>>()
    group.cancel()
    return 1
  })
  same<typeof grouped, number>()

  child.name = 'renamed'
  const flags: boolean[] = [child.done, child.cancelled, child.cancel(), child.cancel('reason')]
  const numbers: number[] = [child.id, child.cancelling, child.uncancel()]
  same<typeof child.signal, AbortSignal>()
  const error: unknown = child.exception()
  const lengths = child.then((value) => value.length)
  same<typeof lengths, Promise<number>>()
  same<ReturnType<typeof child.finally>, Promise<string>>()
  const caught = child.catch(() => null)
  same<typeof caught, Promise<string | null>>()
  const disposable: AsyncDisposable = child
  const like: PromiseLike<string> = child
  const wider: Task<string | number> = child // the type of the value is an output alone
  void [flags, numbers, error, disposable, like, wider]
}

export async function closables(task: Task): Promise<void> {
  async function * numbers(): AsyncGenerator<number> {
    yield 1
  }
  const generator = task.use(numbers(), { name: 'numbers' })
  same<typeof generator, AsyncGenerator<number>>()
  task.use((function * () { yield 1 })())
  task.use({ [Symbol.dispose]() {} })
  const disposable = task.use({ name: 'mine', async [Symbol.asyncDispose]() {} })
  same<typeof disposable.name, string>()
  const closable = task.register(async (closing) => { await closing.sleep(1) }, { name: 'last' })
  same<typeof closable, Closable>()
  const taken: boolean = closable.unregister()
  void [taken, closable.name]
}

export async function combined(task: Task, texts: Task<string>[], future: Future<number>): Promise<void> {
  const tuple = await gather(task, [texts[0]!, future])
  same<typeof tuple, [string, number]>()
  const list = await gather(task, texts)
  same<typeof list, string[]>()
  const iterated = await gather(task, new Set([future]))
  same<typeof iterated, number[]>()
  const outcomes = await gather(task, [texts[0]!, future], { returnExceptions: true })
  same<typeof outcomes, [string | Error, number | Error]>()
  const more = await gather(task, texts.values(), { returnExceptions: true })
  same<typeof more, Array<string | Error>>()
  const nothing = await gather(task, [])
  same<typeof nothing, []>()

  const options: WaitOptions = { timeout: 10, returnWhen: 'first_exception' }
  const awaitables: Awaitable[] = [...texts, future]
  const { done, pending } = await wait(task, texts, options)
  same<typeof done, Set<Task<string>>>()
  for (const late of pending) late.cancel()
  const mixed = await wait(task, [texts[0]!, future])
  same<typeof mixed.done, Set<Task<string> | Future<number>>>()
  void awaitables
}

// ---- what tasks share -----------------------------------------------------------------------------

export async function shared(task: Task, runner: Runner): Promise<void> {
  const owners: Owner[] = [task, runner, runner.loop]
  const event = new Event(runner)
  await event.wait(task)
  event.set()
  event.clear()

  const lock = new Lock(runner.loop)
  const locked = await lock.with(task, async () => 1)
  same<typeof locked, number>()
  await lock.acquire(task)
  lock.release()

  const condition = new Condition(task, lock)
  const found = await condition.waitFor(task, () => [1, 2].find((number) => number > 1))
  same<typeof found, number>()
  await condition.wait(task)
  condition.notify()
  condition.notify(2)
  condition.notifyAll()
  await condition.with(task, () => {})
  await condition.acquire(task)
  condition.release()

  const semaphore = new Semaphore(task, 3, { bounded: true })
  const value: number = semaphore.value
  await semaphore.with(task, () => 1)

  const barrier = new Barrier(task, 2)
  const place: number = await barrier.wait(task)
  barrier.reset()
  barrier.abort()

  const queueOptions: QueueOptions = { maxSize: 3, order: 'priority' }
  const queue = new Queue<string>(task, queueOptions)
  const putOptions: PutOptions = { priority: -1 }
  await queue.put(task, 'text', putOptions)
  queue.putNowait('text', { priority: 2n ** 60n })
  const taken = await queue.get(task)
  same<typeof taken, string>()
  const got: string = queue.getNowait()
  queue.taskDone()
  await queue.join(task)
  queue.shutdown({ immediate: true })
  void [
    owners, event.isSet, lock.locked, condition.locked, semaphore.locked, value, place, barrier.parties,
    barrier.waiting, barrier.broken, got, queue.size, queue.maxSize, queue.empty, queue.full
  ]
}

export function variables(task: Task): void {
  const withDefault = new ContextVar('count', { default: 0 as number })
  same<typeof withDefault, ContextVar<number>>()
  const count = withDefault.get(task)
  same<typeof count, number>()
  withDefault.set(task, 1)
  const without = new ContextVar<string>('user')
  const user = without.get(task, null)
  same<typeof user, string | null>()
  const flags: boolean[] = [without.has(task)]
  task.spawn(() => {}, { context: new Context(task) })
  void [flags, without.name]
}

// ---- errors ---------------------------------------------------------------------------------------

export function errors(error: unknown): string {
  if (isCancel(error)) return 'cancelled'
  if (error instanceof CancelledError) return String(error.reason) + error.code + error.errno
  if (error instanceof GroupError) return String(error.errors.length) + error.code
  if (error instanceof StalledError) return error.tasks.map((task: StalledTask) => task.waits ?? task.name).join()
  if (error instanceof KeyboardInterrupt) process(error.exitCode)
  if (error instanceof RunnerError) return error.code + error.errno + error.message
  return 'another one'
}

function process(code: 130): void {
  void code
}
