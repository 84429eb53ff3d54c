'use strict'

// Task#shield

const assert = require('node:assert')
const { run, testLoop, CancelledError, KeyboardInterrupt, gather } = require('..')
const { test, virtual, withRunner, rejected, turns, immediate } = require('./support/virtual')

const ERROR = new Error('mine')

const after = (task, ms, value, error) => task.spawn(async (me) => {
  await me.sleep(ms)
  if (error !== undefined) throw error
  return value
})

test('R182_a_shielded_task_goes_on_when_who_waits_for_it_is_cancelled', async () => {
  await virtual(async (task, { now }) => {
    const value = {}
    const inner = after(task, 20, value)
    const outer = task.spawn((me) => me.shield(inner))
    await task.sleep(10)
    outer.cancel('enough')
    assert.strictEqual((await rejected(outer, CancelledError)).reason, 'enough')
    assert.strictEqual(inner.done, false)
    assert.strictEqual(await inner, value)
    assert.strictEqual(now(), 20)
  })
})

test('R183_the_outcome_of_a_shielded_task_comes_through', async () => {
  await virtual(async (task, { loop }) => {
    const value = {}
    const child = after(task, 10, value)
    for (let i = 0; i < 2; i++) assert.strictEqual(await task.shield(child), value) // pending, done
    const failed = after(task, 10, null, ERROR)
    for (let i = 0; i < 2; i++) await rejected(task.shield(failed), ERROR)
    const inner = task.spawn((me) => me.sleep(Infinity))
    loop.callLater(10, () => inner.cancel('because'))
    for (let i = 0; i < 2; i++) assert.strictEqual((await rejected(task.shield(inner), CancelledError)).reason, 'because')
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R183_a_future_can_be_shielded', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const outer = task.spawn((me) => me.shield(future))
    await task.yield()
    outer.cancel()
    await rejected(outer, CancelledError)
    assert.strictEqual(future.done, false)
    future.resolve(1)
    assert.strictEqual(await task.shield(future), 1)
    const failing = loop.createFuture()
    loop.callLater(10, () => failing.reject(ERROR))
    for (let i = 0; i < 2; i++) await rejected(task.shield(failing), ERROR)
    const cancelled = loop.createFuture()
    loop.callLater(10, () => cancelled.cancel('because'))
    for (let i = 0; i < 2; i++) assert.strictEqual((await rejected(task.shield(cancelled), CancelledError)).reason, 'because')
  })
})

test('a_promise_or_value_can_be_shielded', async () => {
  await virtual(async (task) => {
    assert.strictEqual(await task.shield(immediate().then(() => 7)), 7)
    assert.strictEqual(await task.shield(5), 5)
    const child = task.spawn((me) => me.shield(new Promise(() => {})))
    await task.yield()
    child.cancel('why')
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'why')
  })
})

test('R184_a_gather_of_shielded_tasks_and_a_shielded_gather', async () => {
  await virtual(async (task) => {
    const inner = after(task, 20, 1)
    const shielding = task.spawn((me) => me.shield(inner))
    const gathering = task.spawn((me) => gather(me, [shielding]))
    await task.sleep(10)
    gathering.cancel()
    await rejected(gathering, CancelledError)
    assert.strictEqual(await inner, 1)
    const again = after(task, 20, 1)
    const gatheringAgain = task.spawn((me) => gather(me, [again]))
    const outer = task.spawn((me) => me.shield(gatheringAgain))
    await task.sleep(10)
    outer.cancel()
    await rejected(outer, CancelledError)
    assert.deepStrictEqual(await gatheringAgain, [1])
  })
})

test('R185_an_error_after_the_shield_was_cancelled_is_reported_unless_it_is_taken', async () => {
  for (const take of [false, true]) {
    const reported = []
    await run(async (task) => {
      const inner = after(task, 20, null, ERROR)
      const outer = task.spawn((me) => me.shield(inner))
      await task.sleep(10)
      outer.cancel()
      await rejected(outer, CancelledError)
      if (take) await rejected(inner, ERROR)
      else await task.sleep(20)
    }, { loopFactory: testLoop, exceptionHandler: (context) => reported.push(context.error) })
    assert.deepStrictEqual(reported, take ? [] : [ERROR])
  }
})

test('several_shields_of_one_task', async () => {
  await virtual(async (task) => {
    const inner = after(task, 20, 1)
    const outers = [1, 2, 3].map(() => task.spawn((me) => me.shield(inner)))
    await task.sleep(10)
    outers[1].cancel()
    const results = await gather(task, outers, { returnExceptions: true })
    assert.deepStrictEqual(results.map((it) => it instanceof CancelledError ? 'cancelled' : it), [1, 'cancelled', 1])
  })
})

test('R138_main_awaits_a_shielded_task_and_is_interrupted', async () => {
  const log = []
  await withRunner(async (runner) => {
    runner.loop.callLater(10, () => runner.interrupt())
    let inner
    await rejected(runner.run((task) => {
      inner = task.spawn((me) => me.sleep(Infinity).finally(() => log.push('inner over')))
      return task.shield(inner)
    }), KeyboardInterrupt)
    log.push('run over')
    assert.strictEqual(inner.done, false)
  })
  assert.deepStrictEqual(log, ['run over', 'inner over'])
})

test('a_shield_in_a_timeout', async () => {
  await virtual(async (task, { now }) => {
    const inner = after(task, 20, 1)
    await rejected(task.timeout(10, () => task.shield(inner)), Error)
    assert.strictEqual(now(), 10)
    assert.strictEqual(await inner, 1)
    await turns(task)
  })
})
