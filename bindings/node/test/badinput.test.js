'use strict'

// What makes no sense has a documented error that says what is wrong, and no other effect.

const assert = require('node:assert')
const { test, virtual, rejected, thrown, immediate } = require('./support/virtual')
const { hostile, revoked, NO_OBJECTS, OBJECTS, NO_FUNCTIONS, NO_TIMES, BAD_TIMES, refuses, rejects } = require('./support/badvalues')
const librunner = require('..')

const { run, runMain, Runner, testLoop, gather, wait, Context, ContextVar, Event, Lock, Condition, Semaphore,
  Barrier, Queue, ClosedError, RunningError, BusyError, InvalidStateError, ForeignError,
  CancelledError, RunnerError } = librunner

// ---- functions ----

test('R015_what_is_no_function_cannot_be_run', async () => {
  const runner = new Runner()
  for (const value of NO_FUNCTIONS) {
    await rejects(() => run(value), TypeError, /function/)
    await rejects(() => runMain(value), TypeError, /function/)
    await rejects(() => runner.run(value), TypeError, /function/)
  }
  assert.strictEqual(await runner.run(() => 1), 1)
  await runner.close()
})

test('what_is_no_function_is_no_body', () => virtual(async (task, { loop }) => {
  for (const value of NO_FUNCTIONS) {
    refuses(() => task.spawn(value), TypeError, /function/)
    refuses(() => task.register(value), TypeError, /function/)
    refuses(() => loop.callSoon(value), TypeError, /function/)
    refuses(() => loop.callLater(1, value), TypeError, /function/)
    refuses(() => loop.callAt(1, value), TypeError, /function/)
    await rejects(() => task.group(value), TypeError, /function/)
    await rejects(() => task.timeout(1, value), TypeError, /function/)
    await rejects(() => task.timeoutAt(1, value), TypeError, /function/)
    await rejects(() => new Lock(task).with(task, value), TypeError, /function/)
    await rejects(() => new Semaphore(task).with(task, value), TypeError, /function/)
    await rejects(() => new Condition(task).with(task, value), TypeError, /function/)
    await rejects(() => new Condition(task).waitFor(task, value), TypeError, /function/)
  }
  await task.group((group) => {
    for (const value of NO_FUNCTIONS) refuses(() => group.spawn(value), TypeError, /function/)
  })
  assert.strictEqual(await task.spawn((child) => child.name), 'Task-2') // none has begun
}))

test('functions_of_all_kinds_are_functions', async () => {
  class Callable extends Function {}
  const bound = function () { return this.value }.bind({ value: 2 })
  assert.deepStrictEqual(await virtual(async (task) => [
    await task.spawn(new Callable('return 1')),
    await task.spawn(bound),
    await task.spawn(new Proxy(() => 3, {})),
    await task.spawn(Object.freeze(() => 4)),
    await task.spawn(Math.max.bind(null, 5, 1))
  ].slice(0, 4)), [1, 2, 3, 4])
})

test('a_class_and_a_function_that_throws_when_it_is_called_fail_in_their_task', () => virtual(async (task) => {
  await rejected(task.spawn(class {}), TypeError)
  await rejected(task.spawn(revoked(() => {})), TypeError)
  await rejected(task.spawn(hostile(() => {})), EvalError)
  await rejected(task.spawn(function * () { throw new SyntaxError() }.constructor), SyntaxError).catch(() => {})
}))

// ---- options ----

test('R018_options_that_are_no_object_or_not_known_are_refused', async () => {
  for (const value of [...NO_OBJECTS, () => {}]) {
    refuses(() => new Runner(value), TypeError, /options/)
    await rejects(() => run(() => {}, value), TypeError, /options/)
  }
  const runner = new Runner()
  for (const value of [...NO_OBJECTS, () => {}]) await rejects(() => runner.run(() => {}, value), TypeError, /options/)
  refuses(() => new Runner({ unknown: 1 }), TypeError, /unknown/)
  await rejects(() => run(() => {}, { unknown: 1 }), TypeError, /unknown/)
  await rejects(() => runner.run(() => {}, { debug: true }), TypeError, /debug/)
  await runner.close()
})

test('options_whose_getters_throw_fail_with_that_error_and_nothing_begins', async () => {
  const names = ['debug', 'loopFactory', 'signals', 'cancelGrace', 'closableGrace', 'slowCallback', 'pollInterval', 'maxTasks', 'deadlock', 'exceptionHandler']
  for (const name of names) {
    const options = { get [name]() { throw new EvalError(name) } }
    thrown(() => new Runner(options), EvalError)
    await rejected(run(() => assert.fail(), options), EvalError)
  }
  const runner = new Runner({ loopFactory: testLoop })
  for (const name of ['name', 'context', 'signal']) {
    const options = { get [name]() { throw new EvalError(name) } }
    await rejected(runner.run(() => assert.fail(), options), EvalError)
    await rejected(run(() => assert.fail(), options), EvalError)
    await runner.run((task) => {
      thrown(() => task.spawn(() => assert.fail(), options), EvalError)
      if (name === 'name') thrown(() => task.register(() => assert.fail(), options), EvalError)
      if (name === 'name') thrown(() => task.use({ return: () => assert.fail() }, options), EvalError)
    })
  }
  for (const options of [hostile(), revoked()]) {
    thrown(() => new Runner(options), Error)
    await rejected(run(() => assert.fail(), options), Error)
    await rejected(runner.run(() => assert.fail(), options), Error)
    await runner.run((task) => { thrown(() => task.spawn(() => assert.fail(), options), Error) })
  }
  assert.strictEqual(await runner.run(() => 1), 1)
  await runner.close()
})

test('options_of_the_wrong_kind_are_named', () => {
  const odd = [...NO_OBJECTS.filter((value) => typeof value !== 'boolean'), ...OBJECTS, () => {}]
  for (const name of ['debug', 'signals', 'deadlock']) {
    for (const value of odd) refuses(() => new Runner({ [name]: value }), TypeError, new RegExp(name))
  }
  for (const name of ['cancelGrace', 'closableGrace', 'slowCallback', 'maxTasks', 'pollInterval']) {
    for (const value of ['5', true, 5n, Symbol('s'), {}, hostile()]) refuses(() => new Runner({ [name]: value }), TypeError, new RegExp(name))
    for (const value of [-1, NaN, -Infinity]) refuses(() => new Runner({ [name]: value }), RangeError, new RegExp(name))
  }
  for (const name of ['maxTasks', 'pollInterval']) {
    for (const value of [0, 1.5]) refuses(() => new Runner({ [name]: value }), RangeError, new RegExp(name))
  }
  for (const name of ['loopFactory', 'exceptionHandler']) {
    for (const value of NO_FUNCTIONS.filter((one) => one !== undefined && one !== null)) refuses(() => new Runner({ [name]: value }), TypeError, new RegExp(name))
  }
})

test('names_that_are_none_are_refused_and_nothing_begins', () => virtual(async (task) => {
  for (const value of [5, true, 1n, Symbol('name'), {}, [], hostile(), revoked(), () => {}]) {
    refuses(() => task.spawn(() => assert.fail(), { name: value }), TypeError, /name/)
    refuses(() => task.register(() => assert.fail(), { name: value }), TypeError, /name/)
    refuses(() => task.use({ return: () => assert.fail() }, { name: value }), TypeError, /name/)
    refuses(() => { task.name = value }, TypeError, /name/)
    refuses(() => new ContextVar(value), TypeError, /name/)
    await rejects(() => run(() => assert.fail(), { name: value }), TypeError, /name/)
  }
  refuses(() => task.spawn(() => assert.fail(), { name: 'a\0b' }), RangeError, /name/)
  assert.strictEqual(task.name, 'Task-1')
  assert.strictEqual(await task.spawn((child) => child.name), 'Task-2')
}))

test('names_of_all_kinds_are_names', () => virtual(async (task) => {
  for (const name of ['', ' ', 'ü', '\u{1F600}', '\ud800', 'x'.repeat(100_000), 'a\nb']) {
    assert.strictEqual(await task.spawn((child) => child.name, { name }), name)
    task.name = name
    assert.strictEqual(task.name, name)
  }
}))

test('signals_and_contexts_that_are_none_are_refused', () => virtual(async (task) => {
  const signals = [...NO_OBJECTS, {}, [], new EventTarget(), { aborted: true }, () => {}]
  for (const value of signals) {
    refuses(() => task.spawn(() => assert.fail(), { signal: value }), TypeError, /signal/)
    await rejects(() => run(() => assert.fail(), { signal: value }), TypeError, /signal/)
  }
  for (const value of [...NO_OBJECTS, {}, [], new Map(), () => {}]) {
    refuses(() => task.spawn(() => assert.fail(), { context: value }), TypeError, /context/)
    await rejects(() => run(() => assert.fail(), { context: value }), TypeError, /context/)
  }
  for (const value of [hostile(), revoked()]) {
    thrown(() => task.spawn(() => assert.fail(), { signal: value }), Error)
    thrown(() => task.spawn(() => assert.fail(), { context: value }), Error)
  }
  assert.strictEqual(await task.spawn((child) => child.name), 'Task-2')
}))

test('a_loop_factory_that_fails_or_gives_none_leaves_the_runner_as_it_was', async () => {
  let made = () => { throw new EvalError() }
  const runner = new Runner({ loopFactory: () => made() })
  await rejected(runner.run(() => assert.fail()), EvalError)
  thrown(() => runner.loop, EvalError)
  for (const value of [undefined, null, ...NO_OBJECTS, ...OBJECTS, testLoop]) {
    made = () => value
    await rejects(() => runner.run(() => assert.fail()), TypeError, /loopFactory/)
  }
  made = testLoop
  assert.strictEqual(await runner.run(() => 1), 1)
  await runner.close()
})

// ---- times ----

test('times_that_are_none_are_refused', () => virtual(async (task, { loop }) => {
  for (const value of NO_TIMES) {
    await rejects(() => task.sleep(value), TypeError, /ms/)
    refuses(() => loop.callLater(value === undefined ? {} : value, () => assert.fail()), TypeError, /ms/)
    refuses(() => loop.callAt(value === undefined ? {} : value, () => assert.fail()), TypeError, /time/)
    if (value === undefined) continue
    await rejects(() => task.timeout(value, () => assert.fail()), TypeError, /ms/)
    await rejects(() => task.timeoutAt(value, () => assert.fail()), TypeError, /time/)
    await rejects(() => task.until(1, { timeout: value }), TypeError, /timeout/)
    await rejects(() => wait(task, [task], { timeout: value }), TypeError, /timeout/)
    await task.timeout(1, (timeout) => { refuses(() => timeout.reschedule(value), TypeError, /time/) })
  }
  await rejects(() => task.sleep(null), TypeError, /ms/)
}))

test('times_that_are_negative_or_NaN_are_refused', () => virtual(async (task, { loop, now }) => {
  for (const value of BAD_TIMES) {
    await rejects(() => task.sleep(value), RangeError, /ms/)
    await rejects(() => task.until(1, { timeout: value }), RangeError, /timeout/)
    await rejects(() => wait(task, [task], { timeout: value }), RangeError, /timeout/)
  }
  refuses(() => loop.callLater(NaN, () => assert.fail()), RangeError, /ms/)
  refuses(() => loop.callAt(NaN, () => assert.fail()), RangeError, /time/)
  await rejects(() => task.timeout(NaN, () => assert.fail()), RangeError, /ms/)
  await rejects(() => task.timeoutAt(NaN, () => assert.fail()), RangeError, /time/)
  await task.timeout(1, (timeout) => { refuses(() => timeout.reschedule(NaN), RangeError, /time/) })
  assert.strictEqual(now(), 0)
}))

test('times_that_are_huge_or_tiny_are_times', () => virtual(async (task, { loop }) => {
  for (const value of [Infinity, Number.MAX_VALUE, 1e300, 2 ** 63, 2 ** 62, 9e15, 2 ** 53, 2 ** 31, 2 ** 32, 4294967.296]) {
    const child = task.spawn((one) => one.sleep(value))
    await task.yield()
    child.cancel()
    await rejected(child, CancelledError)
    assert.strictEqual(await task.timeout(value, async () => 1), 1)
    assert.strictEqual(await task.timeoutAt(value, async () => 1), 1)
    loop.callLater(value, () => assert.fail()).cancel()
    loop.callAt(value, () => assert.fail()).cancel()
    assert.strictEqual(await task.until(1, { timeout: value }), 1)
  }
  for (const value of [0, -0, Number.MIN_VALUE, 1e-9, 0.1]) await task.sleep(value)
  await new Promise((resolve) => loop.callLater(-5, resolve))
  await new Promise((resolve) => loop.callAt(-Number.MAX_VALUE, resolve))
}))

// ---- tasks that are none, and of others ----

test('who_waits_has_to_be_a_task', () => virtual(async (task) => {
  const [event, lock, semaphore, queue, barrier] = [new Event(task), new Lock(task), new Semaphore(task), new Queue(task), new Barrier(task, 2)]
  const condition = new Condition(task)
  for (const value of [undefined, null, ...NO_OBJECTS, {}, [], () => {}, Promise.resolve(), event]) {
    await rejects(() => event.wait(value), TypeError, /task/)
    await rejects(() => lock.acquire(value), TypeError, /task/)
    await rejects(() => lock.with(value, () => assert.fail()), TypeError, /task/)
    await rejects(() => condition.wait(value), TypeError, /task/)
    await rejects(() => condition.waitFor(value, () => true), TypeError, /task/)
    await rejects(() => semaphore.acquire(value), TypeError, /task/)
    await rejects(() => queue.get(value), TypeError, /task/)
    await rejects(() => queue.put(value, 1), TypeError, /task/)
    await rejects(() => queue.join(value), TypeError, /task/)
    await rejects(() => barrier.wait(value), TypeError, /task/)
    await rejects(() => gather(value, []), TypeError, /task/)
    await rejects(() => wait(value, [task]), TypeError, /task/)
    refuses(() => Context.copy(value), TypeError, /task/)
    for (const Class of [Event, Lock, Condition, Semaphore, Queue, Context]) {
      if (value !== event) refuses(() => new Class(value), TypeError, /of/)
    }
    if (value !== event) refuses(() => new Barrier(value, 1), TypeError, /of/)
    if (value !== event) refuses(() => new ContextVar('one').get(value), TypeError, /task/)
  }
}))

test('what_is_waited_for_has_to_be_what_can_be', () => virtual(async (task) => {
  for (const value of [undefined, null, 5, 'text', {}, Symbol('s'), () => {}]) {
    await rejects(() => gather(task, value), TypeError, /awaitables/)
    await rejects(() => wait(task, value), TypeError, /awaitables/)
    await rejects(() => gather(task, [value]), TypeError, /awaitables/)
    await rejects(() => wait(task, [value]), TypeError, /awaitables/)
  }
  await rejects(() => gather(task, [Promise.resolve()]), TypeError, /awaitables/)
  await rejects(() => wait(task, []), RangeError, /awaitables/)
  await rejects(() => wait(task, [task], { returnWhen: 'some_time' }), RangeError, /returnWhen/)
  await rejects(() => gather(task, [], { returnExceptions: 1 }), TypeError, /returnExceptions/)
  await rejected(gather(task, { * [Symbol.iterator]() { throw new EvalError() } }), EvalError)
  assert.deepStrictEqual(await gather(task, []), [])
}))

test('numbers_of_what_is_shared_have_to_make_sense', () => virtual(async (task) => {
  for (const value of [-1, NaN, 1.5, -Infinity]) {
    refuses(() => new Semaphore(task, value), RangeError, /value/)
    refuses(() => new Barrier(task, value), RangeError, /parties/)
    refuses(() => new Queue(task, { maxSize: value }), RangeError, /maxSize/)
    refuses(() => new Condition(task).notify(value), RangeError, /n\b/)
  }
  refuses(() => new Barrier(task, 0), RangeError, /parties/)
  for (const value of ['5', true, {}, 5n, null, Symbol('s')]) {
    refuses(() => new Semaphore(task, value), TypeError, /value/)
    refuses(() => new Barrier(task, value), TypeError, /parties/)
    refuses(() => new Queue(task, { maxSize: value }), TypeError, /maxSize/)
  }
  refuses(() => new Queue(task, { order: 'random' }), RangeError, /order/)
  refuses(() => new Queue(task, 5), TypeError, /options/)
  const queue = new Queue(task, { order: 'priority' })
  for (const priority of ['1', {}, null]) refuses(() => queue.putNowait(1, { priority }), TypeError, /priority/)
  for (const priority of [NaN, 0.5, Infinity, 2n ** 64n]) refuses(() => queue.putNowait(1, { priority }), RangeError, /priority/)
  assert.strictEqual(queue.size, 0)
}))

test('what_belongs_to_another_runner_is_foreign', async () => {
  const other = new Runner({ loopFactory: testLoop })
  const theirs = {}
  await other.run((task) => {
    Object.assign(theirs, {
      task, child: task.spawn((one) => one.sleep(1e6)), future: other.loop.createFuture(), event: new Event(task), lock: new Lock(task),
      queue: new Queue(task), context: new Context(task), semaphore: new Semaphore(task), barrier: new Barrier(task, 2), condition: new Condition(task)
    })
  })
  await virtual(async (task) => {
    for (const one of [theirs.child, theirs.future]) {
      await rejected(task.until(one), ForeignError)
      await rejected(task.until(one, { timeout: 1 }), ForeignError)
      await rejected(task.shield(one), ForeignError)
      await rejected(gather(task, [one]), ForeignError)
      await rejected(wait(task, [one]), ForeignError)
    }
    await rejected(theirs.event.wait(task), ForeignError)
    await rejected(theirs.lock.acquire(task), ForeignError)
    await rejected(theirs.lock.with(task, () => assert.fail()), ForeignError)
    await rejected(theirs.semaphore.acquire(task), ForeignError)
    await rejected(theirs.barrier.wait(task), ForeignError)
    await rejected(theirs.condition.wait(task), ForeignError)
    await rejected(theirs.queue.get(task), ForeignError)
    await rejected(theirs.queue.put(task, 1), ForeignError)
    await rejected(theirs.queue.join(task), ForeignError)
    thrown(() => task.spawn(() => assert.fail(), { context: theirs.context }), ForeignError)
    thrown(() => new Condition(task, theirs.lock), ForeignError)
    assert.strictEqual(await task.spawn((child) => child.name), 'Task-2')
  })
  await other.close()
})

// ---- the life of a runner ----

// That of another runner is a promise like any other.
test('R016_a_run_inside_of_a_task_of_the_same_runner_is_refused', async () => {
  const runner = new Runner()
  await runner.run(async (task) => {
    await rejected(runner.run(() => assert.fail()), RunningError)
    await rejected(runner.close(), RunnerError)
    await task.sleep(1)
    await rejected(runner.run(() => assert.fail()), RunningError)
    await task.spawn(async () => { await rejected(runner.run(() => assert.fail()), RunningError) })
    assert.strictEqual(await task.until(run(async (other) => { await other.sleep(1); return 7 })), 7)
  })
  const ends = runner.run((task) => task.sleep(5))
  await rejected(runner.run(() => assert.fail()), RunnerError)
  await rejected(runner.close(), RunnerError)
  await ends
  const closes = runner.close()
  await closes
  await runner.close()
})

test('R014_a_closed_runner_says_so', async () => {
  const runner = new Runner()
  const left = {}
  await runner.run((task) => {
    Object.assign(left, { task, child: task.spawn((one) => one.sleep(1e6)), future: runner.loop.createFuture(), event: new Event(task), queue: new Queue(task), lock: new Lock(task) })
    left.timer = runner.loop.callLater(1e6, () => {})
    left.closable = task.register(() => {})
  })
  const { loop } = runner
  await runner.close()
  const { task, child, future, event, queue, lock, timer, closable } = left
  await rejected(runner.run(() => assert.fail()), ClosedError)
  thrown(() => runner.loop, ClosedError)
  for (const act of [() => loop.time(), () => loop.callSoon(() => {}), () => loop.callLater(1, () => {}), () => loop.createFuture(), () => loop.stop(), () => loop.hold(),
    () => task.spawn(() => {}), () => task.register(() => {}), () => new Event(runner), () => new Queue(task), () => new Context(task)]) thrown(act, ClosedError)
  for (const act of [() => task.sleep(1), () => task.yield(), () => task.until(Promise.resolve()), () => event.wait(task), () => queue.get(task),
    () => task.group(() => assert.fail()), () => task.timeout(1, () => assert.fail()), () => lock.acquire(task)]) await rejected(act(), RunnerError)
  assert.deepStrictEqual([child.done, child.cancelled, child.cancel(), timer.cancel(), closable.unregister(), future.cancel(), runner.interrupt(), task.cancelling, task.uncancel()],
    [true, true, false, false, false, false, false, 0, 0])
  await rejected(child, CancelledError)
  thrown(() => future.resolve(1), RunnerError)
  assert.ok(task.signal instanceof AbortSignal && child.signal.aborted)
})

test('R089_a_second_close_waits_for_nothing_and_says_nothing', async () => {
  const runner = new Runner()
  await runner.close()
  await runner.close()
  assert.strictEqual(await runner.run(() => 1), 1) // it was never used
  const first = runner.close()
  const error = await runner.close().then(() => undefined, (thrown) => thrown)
  assert.ok(error === undefined || error instanceof BusyError, String(error))
  await first
  await runner.close()
})

// Everything that it has is asked; nothing happens but errors.
function poke(made) {
  for (let type = made; type !== null && type !== Object.prototype; type = Object.getPrototypeOf(type)) {
    for (const key of Reflect.ownKeys(type)) {
      try {
        const value = made[key]
        if (typeof value === 'function') Promise.resolve(value.call(made)).catch(() => {})
      } catch {
        // as it should
      }
    }
  }
}

test('R027_what_only_the_runner_makes_is_of_no_use_if_somebody_else_makes_it', () => virtual(async (task) => {
  for (const name of ['Task', 'Loop', 'TaskGroup', 'Timeout', 'Future', 'Timer', 'Closable']) {
    thrown(() => librunner[name](), TypeError)
    let made = Object.create(librunner[name].prototype)
    poke(made)
    try {
      made = new librunner[name]()
    } catch {
      continue
    }
    poke(made)
    refuses(() => new Event(made), TypeError, /of/)
    await rejects(() => new Event(task).wait(made), TypeError, /task/)
  }
  await immediate()
  await task.yield()
}))

test('a_task_that_waits_cannot_wait_for_something_else', () => virtual(async (task) => {
  const first = task.sleep(5)
  await rejected(task.sleep(1), InvalidStateError)
  await rejected(new Event(task).wait(task), InvalidStateError)
  await first
  const child = task.spawn((one) => one.sleep(1))
  await rejected(child.sleep(1), InvalidStateError) // has not begun
  await child
  await rejected(child.sleep(1), RunnerError)
  await rejected(child.until(Promise.resolve()), RunnerError)
  await rejected(child.group(() => assert.fail()), RunnerError)
}))
