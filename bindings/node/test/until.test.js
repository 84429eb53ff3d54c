'use strict'

// Task#until: for tasks, futures, promises, values.

const assert = require('node:assert')
const { run, CancelledError, InvalidStateError, gather } = require('..')
const { test, virtual, withRunner, rejected, turns, immediate, real, deferred } = require('./support/virtual')

test('a_value_is_given_at_once', async () => {
  await virtual(async (task) => {
    for (const value of [undefined, null, 0, 'text', NaN, {}, [], () => 1]) assert.ok(Object.is(await task.until(value), value))
  })
})

test('a_promise_gives_its_value_or_the_very_error', async () => {
  await virtual(async (task) => {
    const value = {}
    const error = new Error('mine')
    assert.strictEqual(await task.until(Promise.resolve(value)), value)
    assert.strictEqual(await task.until(immediate().then(() => value)), value)
    await rejected(task.until(Promise.reject(error)), error)
    await rejected(task.until(immediate().then(() => { throw error })), error)
    assert.strictEqual(await task.until({ then: (resolve) => resolve(value) }), value)
    await rejected(task.until({ then() { throw error } }), error)
  })
})

test('a_promise_may_fail_with_what_is_no_Error', async () => {
  await virtual(async (task) => {
    for (const value of [undefined, null, 'text', 0]) {
      const seen = await task.until(immediate().then(() => Promise.reject(value))).then(() => assert.fail(), (it) => [it])
      assert.strictEqual(seen[0], value)
    }
  })
})

test('others_run_meanwhile', async () => {
  await virtual(async (task) => {
    const log = []
    const gate = deferred()
    task.spawn(async (me) => { for (let i = 0; i < 3; i++) { log.push(i); await me.yield() } gate.resolve('value') })
    log.push(await task.until(gate.promise))
    assert.deepStrictEqual(log, [0, 1, 2, 'value'])
  })
})

test('R147_a_cancel_ends_the_wait_for_a_promise', async () => {
  await virtual(async (task) => {
    const gate = deferred()
    const child = task.spawn((me) => me.until(gate.promise))
    const other = task.spawn((me) => me.until(gate.promise))
    await task.yield()
    child.cancel('why')
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'why')
    gate.resolve(7)
    assert.strictEqual(await other, 7)
  })
})

test('R147_a_cancel_is_handed_on_to_a_task_and_a_future', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const inner = task.spawn((me) => me.sleep(1000))
    const waiting = [task.spawn((me) => me.until(future)), task.spawn((me) => me.until(inner))]
    await turns(task, 2)
    for (const one of waiting) one.cancel('why')
    for (const one of waiting) assert.strictEqual((await rejected(one, CancelledError)).reason, 'why')
    assert.deepStrictEqual([future.cancelled, inner.cancelled], [true, true])
  })
})

test('a_promise_that_fails_in_the_same_moment_as_the_cancel_is_no_unhandled_rejection', async () => {
  const seen = []
  const note = (error) => seen.push(error)
  process.on('unhandledRejection', note)
  try {
    await virtual(async (task) => {
      const gate = deferred()
      const child = task.spawn((me) => me.until(gate.promise))
      await task.yield()
      gate.reject(new Error('mine'))
      child.cancel()
      await task.until(child).catch(() => {})
      await task.until(immediate())
    })
    await immediate()
    assert.deepStrictEqual(seen, [])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('a_promise_that_is_there_is_not_there_at_once_but_before_real_time', async () => {
  await virtual(async (task, { now }) => {
    const sleeper = task.spawn((me) => me.sleep(1))
    assert.strictEqual(await task.until(Promise.resolve(1)), 1)
    assert.deepStrictEqual([now(), sleeper.done], [0, false])
  })
})

test('the_virtual_clock_stands_still_for_it_and_goes_on_afterwards', async () => {
  await virtual(async (task, { now }) => {
    const sleeper = task.spawn((me) => me.sleep(10))
    const waiting = [1, 2, 3].map((ms) => task.spawn((me) => me.until(real(ms))))
    await gather(task, waiting)
    assert.deepStrictEqual([now(), sleeper.done], [0, false])
    await sleeper
    assert.strictEqual(now(), 10)
  })
})

test('a_cancelled_wait_for_a_promise_lets_the_virtual_clock_go_on', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn((me) => me.until(new Promise(() => {})))
    await task.yield()
    child.cancel()
    await rejected(child, CancelledError)
    await task.sleep(10)
    assert.strictEqual(now(), 10)
  })
})

test('until_is_refused_while_another_wait_pends', async () => {
  await run(async (task) => {
    const first = task.sleep(10)
    await rejected(task.until(1), InvalidStateError)
    await rejected(task.until(Promise.resolve(1)), InvalidStateError)
    await first
  })
})

test('an_until_that_was_refused_leaves_no_unhandled_rejection', async () => {
  const seen = []
  const note = (error) => seen.push(error)
  process.on('unhandledRejection', note)
  try {
    await run(async (task) => {
      const first = task.sleep(5)
      const failing = Promise.reject(new Error('mine'))
      failing.catch(() => {})
      await rejected(task.until(failing), InvalidStateError)
      await first
    })
    await immediate()
    assert.deepStrictEqual(seen, [])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('Promise_all_of_untils_is_a_mistake_that_is_told', async () => {
  await run(async (task) => {
    const waits = [task.until(real(5)), task.until(real(5))]
    const error = await rejected(Promise.all(waits), InvalidStateError)
    assert.match(error.message, /gather/)
    await waits[0]
    await task.sleep(1)
  })
})

test('await_child_and_until_child_are_the_same', async () => {
  await virtual(async (task, { now }) => {
    for (const how of [async (child) => await child, (child) => task.until(child)]) {
      const begun = now()
      assert.strictEqual(await how(task.spawn(async (me) => { await me.sleep(5); return 7 })), 7)
      assert.strictEqual(now(), begun + 5)
      const error = new Error('mine')
      await rejected(how(task.spawn(async (me) => { await me.sleep(5); throw error })), error)
      const cancelled = task.spawn((me) => me.sleep(1000))
      task.spawn(() => cancelled.cancel('why'))
      assert.strictEqual((await rejected(how(cancelled), CancelledError)).reason, 'why')
      assert.strictEqual(task.cancelling, 0)
    }
  })
})

test('R138_a_child_is_awaited_from_several_places_at_once', async () => {
  await withRunner(async (runner) => {
    let child
    const begun = deferred()
    const outside = begun.promise.then(async () => await child)
    const running = runner.run(async (task) => {
      child = task.spawn(async (me) => { await me.sleep(5); return 7 })
      begun.resolve()
      const others = [task.spawn(async () => await child), task.spawn((me) => me.until(child)), task.spawn((me) => me.shield(child))]
      return [await child, ...await gather(task, others)]
    })
    assert.deepStrictEqual(await running, [7, 7, 7, 7])
    assert.strictEqual(await outside, 7)
  })
})
