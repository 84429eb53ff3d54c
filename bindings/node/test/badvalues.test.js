'use strict'

// Results, errors and thenables of all kinds: they come out as they went in, and nobody asks them anything.

const assert = require('node:assert')
const { test, virtual, rejected, thrown, immediate } = require('./support/virtual')
const { hostile, revoked, nameless, mute } = require('./support/badvalues')
const { run, Runner, nodeLoop, testLoop, gather, wait, Queue, ContextVar, Condition, GroupError, TimeoutError, CancelledError,
  AbandonedError, RunnerError, isCancel } = require('..')

// Getters that throw, but for `then`, which JavaScript itself asks.
const shy = {
  then: undefined,
  get name() { throw new EvalError('name') },
  get message() { throw new EvalError('message') },
  get stack() { throw new EvalError('stack') },
  get cause() { throw new EvalError('cause') },
  get code() { throw new EvalError('code') },
  get [Symbol.toStringTag]() { throw new EvalError('tag') },
  get constructor() { throw new EvalError('constructor') },
  get [Symbol.toPrimitive]() { throw new EvalError('primitive') },
  toString() { throw new EvalError('toString') }
}

class ShyError extends Error {
  get name() { throw new EvalError('name') }
  get message() { throw new EvalError('message') }
  get stack() { throw new EvalError('stack') }
  get cause() { throw new EvalError('cause') }
  toString() { throw new EvalError('toString') }
}

const silent = Object.defineProperty(new Error('silent'), 'stack', { get() { throw new EvalError('stack') } })

const VALUES = [undefined, null, 0, NaN, '', 'text', false, 1n, Symbol('s'), {}, [], () => {}, nameless, shy, new Map(),
  Object.freeze({}), new Error('no error'), new WeakRef({}), globalThis, new Date(NaN)]
const ERRORS = [undefined, null, 0, NaN, '', 'text', false, 1n, Symbol('s'), {}, nameless, shy, mute, new ShyError(), silent,
  hostile(), revoked(), Object.freeze(new Error('frozen')), Object.freeze({}), new (class extends Error { name = 5 })(), () => {},
  Object.create(Error.prototype), new AggregateError([]), Object.assign(new Error('AbortError'), { name: 'AbortError', cause: shy })]

// Fails like that, in all ways a body can.
const failing = (error) => [
  () => { throw error },
  async () => { throw error },
  async (task) => { await task.yield(); throw error },
  () => Promise.reject(error),
  () => ({ then(resolve, reject) { reject(error) } }),
  () => ({ get then() { throw error } }),
  async (task) => { await task.until(Promise.reject(error)) },
  async (task) => { await immediate(); throw error }
]

// What it is rejected with, in a box.
const errorOf = (promise) => promise.then(() => assert.fail('it was not rejected'), (error) => ({ error }))

async function assertError(promise, wanted) {
  const { error } = await errorOf(promise)
  if (!Object.is(error, wanted)) throw error instanceof assert.AssertionError ? error : new assert.AssertionError({ message: 'it is another error' })
}

// ---- results ----

test('R005_results_of_all_kinds_come_out_as_they_are', () => virtual(async (task, { loop }) => {
  for (const value of VALUES) {
    assert.ok(Object.is(await task.spawn(() => value), value))
    assert.ok(Object.is(await task.spawn(async () => value), value))
    assert.ok(Object.is(await task.spawn(async (child) => { await child.yield(); return value }), value))
    const child = task.spawn(() => value)
    await task.yield()
    assert.ok(Object.is(child.result(), value))
    assert.strictEqual(child.exception(), undefined)
    assert.ok(Object.is(await task.until(child), value))
    assert.ok(Object.is(await task.until(value), value))
    assert.ok(Object.is(await task.shield(child), value))
    assert.ok(Object.is((await gather(task, [child]))[0], value))
    assert.ok(Object.is(await task.group(() => value), value))
    assert.ok(Object.is(await task.timeout(1, () => value), value))
    const future = loop.createFuture()
    loop.callSoon(() => future.resolve(value))
    assert.ok(Object.is(await future, value))
    const queue = new Queue(task)
    queue.putNowait(value)
    assert.ok(Object.is(await queue.get(task), value))
    const variable = new ContextVar('one')
    variable.set(task, value)
    assert.ok(Object.is(variable.get(task), value))
  }
}))

test('R005_results_of_main', async () => {
  for (const value of VALUES) assert.ok(Object.is(await run(() => value, { loopFactory: testLoop }), value))
})

// ---- errors ----

test('R006_errors_of_all_kinds_come_out_as_they_are', () => virtual(async (task, { loop }) => {
  for (const error of ERRORS) {
    for (const body of failing(error)) {
      await assertError(task.spawn(body), error)
      const child = task.spawn(body)
      await wait(task, [child])
      const kept = child.exception()
      assert.ok(Object.is(kept, error))
      await assertError(task.until(child), error)
      await assertError(gather(task, [child]), error)
      await assertError(task.shield(child), error)
    }
    await assertError(task.until(Promise.reject(error)), error)
    await assertError(task.until(Promise.reject(error), { timeout: 5 }), error)
    await assertError(task.timeout(5, () => { throw error }), error)
    const future = loop.createFuture()
    loop.callSoon(() => future.reject(error))
    await assertError(future.then(), error)
    const { error: group } = await errorOf(task.group((one) => { one.spawn(() => { throw error }) }))
    assert.ok(group instanceof GroupError && group.errors.length === 1 && Object.is(group.errors[0], error))
  }
}))

test('R006_errors_of_main', async () => {
  for (const error of ERRORS) {
    for (const body of failing(error)) await assertError(run(body, { loopFactory: testLoop }), error)
  }
})

test('R094_errors_of_all_kinds_can_be_reported', async () => {
  for (const error of ERRORS) {
    const seen = []
    await run(async (task) => {
      task.spawn(() => { throw error }, { name: 'child' })
      await task.sleep(1)
    }, { loopFactory: testLoop, exceptionHandler: (context) => seen.push(context) })
    assert.strictEqual(seen.length, 1)
    assert.ok(typeof seen[0].message === 'string')
    assert.ok(Object.is(seen[0].error, error))
  }
})

test('R094_errors_of_all_kinds_can_be_warned_of', async () => {
  const warnings = []
  const listen = (warning) => warnings.push(warning)
  process.on('warning', listen)
  for (const error of ERRORS) {
    await run(async (task) => {
      task.spawn(() => { throw error }, { name: 'child' })
      task._engine.runner.loop.callSoon(() => { throw error })
      await task.sleep(1)
    }, { loopFactory: testLoop })
  }
  await immediate()
  process.off('warning', listen)
  assert.strictEqual(warnings.filter(({ name }) => name === 'RunnerWarning').length, 2 * ERRORS.length)
})

test('errors_of_closables_can_be_of_all_kinds', async () => {
  for (const error of ERRORS) {
    const seen = []
    await run((task) => {
      task.register(() => { throw error }, { name: 'one' })
      task.register(async () => { throw error })
      task.use({ [Symbol.asyncDispose]() { throw error } })
      task.use({ [Symbol.asyncDispose]() { return { get then() { throw error } } } })
      task.use({ return() { return Promise.reject(error) } })
    }, { loopFactory: testLoop, exceptionHandler: (context) => seen.push(context) })
    assert.strictEqual(seen.length, 5)
  }
})

test('reasons_of_all_kinds_come_out_as_they_are', () => virtual(async (task) => {
  for (const reason of ERRORS) {
    const child = task.spawn((one) => one.sleep(1e6))
    await task.yield()
    child.cancel(reason)
    const { error } = await errorOf(child)
    assert.ok(error instanceof CancelledError && isCancel(error))
    assert.ok(Object.is(error.reason, reason))
    assert.strictEqual(typeof error.message, 'string')
    const controller = new AbortController()
    const other = task.spawn((one) => one.sleep(1e6), { signal: controller.signal })
    await task.yield()
    controller.abort(reason)
    const { error: aborted } = await errorOf(other)
    assert.ok(Object.is(aborted.reason, controller.signal.reason))
  }
}))

test('isCancel_asks_nothing_that_could_hurt', () => {
  for (const value of [...ERRORS, ...VALUES]) assert.strictEqual(isCancel(value), false)
  assert.strictEqual(isCancel(), false)
  assert.strictEqual(isCancel(new CancelledError('why')), true)
})

test('errors_can_be_made_of_anything', () => {
  for (const value of ERRORS) {
    assert.strictEqual(typeof new CancelledError(value).message, 'string')
    assert.strictEqual(typeof new GroupError([value]).message, 'string')
    assert.ok(String(new GroupError([value])).startsWith('GroupError'))
  }
})

// ---- handlers ----

test('a_handler_that_throws_is_warned_of_and_all_goes_on', async () => {
  const warnings = []
  const listen = (warning) => warnings.push(warning.message)
  process.on('warning', listen)
  assert.strictEqual(await run(async (task) => {
    task.spawn(() => { throw new Error('first') })
    await task.sleep(1)
    task.spawn(() => { throw new Error('second') })
    return 7
  }, { loopFactory: testLoop, exceptionHandler: () => { throw shy } }), 7)
  await immediate()
  process.off('warning', listen)
  assert.strictEqual(warnings.filter((message) => /handler/.test(message)).length, 2)
})

test('a_handler_that_rejects_is_no_handler_of_promises', async () => {
  const seen = []
  await run(async (task) => {
    task.spawn(() => { throw new Error() })
    await task.sleep(1)
  }, { loopFactory: testLoop, exceptionHandler: async (context) => { seen.push(context) } })
  assert.strictEqual(seen.length, 1)
})

test('a_handler_may_use_the_runner', async () => {
  const seen = []
  const runner = new Runner({ loopFactory: testLoop, exceptionHandler: ({ error }) => {
    seen.push(error.message)
    runner.loop.callSoon(() => seen.push('called'))
    if (seen.length < 4) main.spawn(() => { throw new Error('of the handler') })
  } })
  let main
  await runner.run(async (task) => {
    main = task
    runner.loop.callSoon(() => { throw new Error('first') })
    await task.sleep(1)
  })
  await runner.close()
  assert.ok(seen.includes('first') && seen.includes('called') && seen.includes('of the handler'), seen.join())
})

test('a_callback_that_throws_hurts_no_other', async () => {
  const seen = []
  const runner = new Runner({ loopFactory: testLoop, exceptionHandler: ({ error }) => seen.push(error) })
  await runner.run(async (task) => {
    for (let i = 0; i < 5; i++) {
      runner.loop.callSoon(() => { throw i })
      runner.loop.callLater(i, () => { throw i + 10 })
    }
    await task.sleep(10)
  })
  await runner.close()
  assert.deepStrictEqual(seen.sort((a, b) => a - b), [0, 1, 2, 3, 4, 10, 11, 12, 13, 14])
})

test('a_predicate_and_an_iterable_that_throw_fail_their_call', () => virtual(async (task) => {
  const condition = new Condition(task)
  await condition.with(task, async () => {
    for (const error of ERRORS) await assertError(condition.waitFor(task, () => { throw error }), error)
  })
  assert.strictEqual(condition.locked, false)
  for (const error of ERRORS) await assertError(gather(task, { get [Symbol.iterator]() { throw error } }), error)
}))

// ---- thenables ----

test('thenables_of_all_kinds_are_followed_as_by_await', () => virtual(async (task) => {
  const kinds = [
    [{ then(resolve) { resolve(7) } }, 7],
    [{ then(resolve) { resolve(7); resolve(8) } }, 7],
    [{ then(resolve, reject) { resolve(7); reject(new Error()) } }, 7],
    [{ then(resolve) { resolve(7); throw new Error() } }, 7],
    [{ then(resolve) { setImmediate(resolve, 7) } }, 7],
    [{ then(resolve) { resolve({ then(again) { again(7) } }) } }, 7],
    [Object.freeze({ then(resolve) { resolve(7) } }), 7],
    [Object.assign(() => {}, { then(resolve) { resolve(7) } }), 7],
    [new (class extends Promise {})((resolve) => resolve(7)), 7]
  ]
  for (const [thenable, value] of kinds) {
    assert.strictEqual(await task.until(thenable), value)
    assert.strictEqual(await task.shield(thenable), value)
    assert.strictEqual(await task.spawn(() => thenable), value)
    assert.strictEqual(await task.spawn(async () => thenable), value)
    assert.strictEqual(await task.timeout(60_000, () => thenable), value)
    assert.strictEqual(await task.group(() => thenable), value)
  }
}))

test('thenables_that_fail_fail', () => virtual(async (task) => {
  const error = new Error()
  const kinds = [
    { then() { throw error } },
    { get then() { throw error } },
    { then(resolve, reject) { reject(error) } },
    { then(resolve, reject) { reject(error); resolve(7) } },
    { then(resolve, reject) { reject(error); throw new EvalError() } },
    { then(resolve, reject) { setImmediate(reject, error) } },
    new Proxy({}, { get() { throw error } })
  ]
  for (const thenable of kinds) {
    await assertError(task.until(thenable), error)
    await assertError(task.shield(thenable), error)
    await assertError(task.spawn(() => thenable), error)
    await assertError(task.timeout(60_000, () => thenable), error)
    await assertError(task.group(() => thenable), error).catch(() => {}) // in a GroupError
  }
}))

// Time that is virtual stands still while a task waits for a promise.
const REAL = { loopFactory: nodeLoop }

test('a_thenable_that_never_settles_can_be_left', () => virtual(async (task) => {
  const never = { then() {} }
  await rejected(task.timeout(5, () => task.until(never)), TimeoutError)
  await rejected(task.until(never, { timeout: 5 }), TimeoutError)
  const child = task.spawn((one) => one.until(never))
  await task.yield()
  child.cancel()
  await rejected(child, CancelledError)
}, REAL))

test('a_thenable_that_settles_after_it_was_left_hurts_nobody', () => virtual(async (task) => {
  for (const how of [0, 1]) {
    let settle
    const late = { then(...both) { settle = both[how] } }
    await rejected(task.until(late, { timeout: 5 }), TimeoutError)
    settle(new Error())
    settle(7)
    await immediate()
    await task.yield()
  }
}, REAL))

test('a_promise_whose_then_is_not_its_own_is_followed', () => virtual(async (task) => {
  const promise = Promise.resolve(1)
  promise.then = (resolve) => resolve(2)
  assert.strictEqual(await task.until(promise), 2)
  const odd = Promise.resolve(1)
  Object.defineProperty(odd, 'constructor', { get() { throw new EvalError() } })
  await task.until(odd).catch((error) => assert.ok(error instanceof EvalError))
}))

// ---- tasks that do not do what they should ----

test('R083_a_task_that_ignores_its_cancel_ends_when_it_ends', () => virtual(async (task, { now }) => {
  const child = task.spawn(async (one) => {
    for (let i = 0; i < 3; i++) await one.sleep(10).catch(() => {})
    return 7
  })
  await task.yield()
  assert.strictEqual(child.cancel(), true)
  assert.strictEqual(await child, 7)
  assert.strictEqual(child.cancelled, false)
  assert.strictEqual(now(), 20)
}))

test('R086_a_task_that_ignores_all_cancels_is_given_up_after_its_grace', async () => {
  const runner = new Runner({ cancelGrace: 20, loopFactory: testLoop })
  let child
  let end = false
  await runner.run(async (task) => {
    child = task.spawn(async (one) => { while (!end) await one.sleep(5).catch(() => {}) }, { name: 'stubborn' })
    await task.sleep(1)
  })
  await rejected(runner.close(), RunnerError)
  assert.ok(runner.closed && child.done)
  assert.ok(runner.report.some(({ kind, name }) => kind === 'abandoned' && name === 'stubborn'))
  thrown(() => child.result(), AbandonedError)
  end = true
  await immediate()
})

test('a_closable_that_is_odd_is_closed_all_the_same', async () => {
  const closed = []
  const seen = []
  await run((task) => {
    task.use(Object.freeze({ [Symbol.asyncDispose]: async () => { closed.push(1) } }))
    task.use(Object.assign(() => {}, { return() { closed.push(2) } }))
    task.use({ [Symbol.asyncDispose]: () => ({ then(resolve) { closed.push(3); resolve() } }) })
    task.use({ get return() { return () => { closed.push(4) } } })
    task.use((function * () { try { yield 1 } finally { closed.push(5) } })()) // has not begun: nothing to close
    const begun = (function * () { try { yield 1 } finally { closed.push(6) } })()
    begun.next()
    task.use(begun)
  }, { loopFactory: testLoop, exceptionHandler: (context) => seen.push(context) })
  assert.deepStrictEqual(closed.sort(), [1, 2, 3, 4, 6])
  assert.deepStrictEqual(seen, [])
})

test('a_task_that_gives_itself_or_its_parent_hangs_nobody', () => virtual(async (task) => {
  await rejected(task.spawn((child) => child), TypeError)
  const other = task.spawn((child) => task.spawn(() => child))
  await rejected(task.until(other, { timeout: 50 }), Error)
}))
