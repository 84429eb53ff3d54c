// What the types refuse. Each of these lines is an error, or the line above it would be one.

import {
  run, runSync, Runner, gather, wait, Event, Condition, Semaphore, Barrier, Queue, ContextVar, Context, Lock,
  Closable, Future, Loop, Task, TaskGroup, Timeout, Timer
} from 'librunner'
import * as librunner from 'librunner'

export async function refused(task: Task, texts: Array<Task<string>>, runner: Runner): Promise<void> {
  // ---- not a function, or of another kind ----
  // @ts-expect-error
  run(42)
  // @ts-expect-error
  run((async () => {})())
  // @ts-expect-error
  run(async (task: string) => task)
  // @ts-expect-error
  runSync(async () => {})
  // @ts-expect-error
  runSync(() => 42)
  runSync(function * (own) {
    // @ts-expect-error
    own.spawn(() => 42)
    // @ts-expect-error
    own.spawn(async () => 42)
    // @ts-expect-error
    own.until(Promise.resolve(1))
    // @ts-expect-error
    const text: string = yield * own.until(own.spawn(function * () { return 1 }))
    // @ts-expect-error
    own.then(() => {})
    // @ts-expect-error
    own.until(task)
    // @ts-expect-error
    new Lock(own).acquire(own).then(() => {})
    return text
  })
  // @ts-expect-error
  task.spawn()
  // @ts-expect-error
  run.call(null)

  // ---- options ----
  // @ts-expect-error
  run(async () => {}, { colour: 'blue' })
  // @ts-expect-error
  runner.run(async () => {}, { debug: true })
  // @ts-expect-error
  new Runner({ debug: 'yes' })
  // @ts-expect-error
  new Runner({ loopFactory: librunner.nodeLoop() })
  // @ts-expect-error
  run(async () => {}, { signal: new AbortController() })
  // @ts-expect-error
  task.spawn(async () => {}, 'name')

  // ---- only the library makes these ----
  // @ts-expect-error
  new Task()
  // @ts-expect-error
  new TaskGroup()
  // @ts-expect-error
  new Future()
  // @ts-expect-error
  new Loop()
  // @ts-expect-error
  new Timer()
  // @ts-expect-error
  new Timeout()
  // @ts-expect-error
  new Closable()
  // @ts-expect-error
  new librunner.ClosedError('closed')

  // ---- what is read only ----
  // @ts-expect-error
  task.id = 2
  // @ts-expect-error
  task.done = true
  // @ts-expect-error
  runner.report = []
  // @ts-expect-error
  task.name = 42

  // ---- times ----
  // @ts-expect-error
  task.sleep()
  // @ts-expect-error
  task.sleep('1s')
  // @ts-expect-error
  task.timeout(100)
  // @ts-expect-error
  task.until(texts[0], 100)

  // ---- values of another type ----
  // @ts-expect-error
  const number: number = await texts[0]
  // @ts-expect-error
  const narrow: Task<'a'> = task.spawn(() => 'b')
  // @ts-expect-error
  runner.loop.createFuture<number>().resolve('text')
  // @ts-expect-error
  const wider: Future<string | number> = runner.loop.createFuture<string>()
  // @ts-expect-error
  const flag: boolean = (await gather(task, texts))[0]
  // @ts-expect-error
  const sure: string = (await gather(task, texts, { returnExceptions: true }))[0]!
  // @ts-expect-error
  gather(texts)
  // @ts-expect-error
  wait(task, [Promise.resolve(1)])
  // @ts-expect-error
  wait(task, texts, { returnWhen: 'FIRST_COMPLETED' })

  // ---- what tasks share ----
  // @ts-expect-error
  new Event()
  // @ts-expect-error
  new Event(task).wait()
  // @ts-expect-error
  new Condition(task, new Semaphore(task))
  // @ts-expect-error
  new Barrier(task)
  // @ts-expect-error
  new Queue<string>(task).putNowait(42)
  // @ts-expect-error
  new Queue<string>(task).put('no task')
  // @ts-expect-error
  new Queue(task, { order: 'random' })
  // @ts-expect-error
  gather(task, [Promise.resolve(1)])
  // @ts-expect-error
  new ContextVar('count', { default: 0 }).set(task, 'text')
  // @ts-expect-error
  new Context()
  // @ts-expect-error
  task.use(42)
  // @ts-expect-error
  task.use({ close() {} })

  // ---- what is not there ----
  // @ts-expect-error
  librunner.sleep(1)
  // @ts-expect-error
  librunner.default
  void [number, narrow, wider, flag, sure]
}
