'use strict'

// Who waits when a task or future is awaited by `await` alone.

const assert = require('node:assert')
const { run, CancelledError, InvalidStateError, gather } = require('..')
const { test, virtual, withRunner, rejected, turns, immediate, real, deferred } = require('./support/virtual')

const forever = (task) => task.sleep(Infinity)

// Cancels a task that awaits so: whether the cancel has reached the awaited one at once.
async function handsOn(how, expected) {
  await virtual(async (task) => {
    const inner = task.spawn(forever)
    const outer = task.spawn(async (me) => { await how(inner, me) })
    await turns(task, 2)
    outer.cancel('why')
    await turns(task, 3)
    assert.strictEqual(inner.cancelled, expected, String(how))
    inner.cancel()
    await task.until(outer).catch(() => {})
  })
}

test('R147_await_in_its_turn_is_a_wait_of_the_task', async () => {
  await handsOn(async (inner) => await inner, true)
  await handsOn(async (inner, me) => await me.until(inner), true)
  await handsOn((inner) => inner, true)
  await handsOn(async (inner) => { await null; await inner }, true)
  await handsOn(async (inner) => { await (async () => await inner)() }, true)
  await handsOn(async (inner) => { for await (const it of [inner]) assert.ok(it) }, true)
  await handsOn((inner) => Promise.all([inner]), true)
  await handsOn((inner) => Promise.resolve(inner), true)
})

test('R147_of_several_the_first_is_waited_for', async () => {
  await virtual(async (task) => {
    const inner = [task.spawn(forever), task.spawn(forever)]
    const outer = task.spawn(() => Promise.all(inner))
    await turns(task, 2)
    outer.cancel('why')
    assert.strictEqual((await rejected(task.until(outer), CancelledError)).reason, 'why')
    assert.strictEqual(inner[0].cancelled, true)
    inner[1].cancel()
  })
})

test('R147_gather_hands_on_to_all', async () => {
  await virtual(async (task) => {
    const inner = [task.spawn(forever), task.spawn(forever)]
    const outer = task.spawn((me) => gather(me, inner))
    await turns(task, 2)
    outer.cancel('why')
    await rejected(task.until(outer), CancelledError)
    assert.deepStrictEqual(inner.map((it) => it.cancelled), [true, true])
  })
})

test('after_being_astray_until_always_is_one', async () => {
  await virtual(async (task) => {
    const inner = task.spawn(forever)
    const outer = task.spawn(async (me) => { await immediate(); await me.until(inner) })
    await task.until(real(5))
    outer.cancel('why')
    assert.strictEqual((await rejected(task.until(outer), CancelledError)).reason, 'why')
    assert.strictEqual(inner.cancelled, true)
  })
})

test('after_being_astray_an_await_gives_the_value', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn(async (me) => { await me.sleep(5); return 7 })
    await immediate()
    assert.strictEqual(await child, 7)
    await immediate()
    const later = task.spawn(async (me) => { await me.sleep(5); return 8 })
    await immediate()
    assert.strictEqual(await later, 8)
    assert.strictEqual(now(), 10)
  })
})

test('a_direct_call_only_looks_on', async () => {
  for (const look of [(it) => it.then(() => {}, () => {}), (it) => it.catch(() => {}), (it) => it.finally(() => {}).catch(() => {})]) {
    await virtual(async (task) => {
      const inner = task.spawn(forever)
      const outer = task.spawn(async (me) => {
        look(inner)
        await forever(me)
      })
      await turns(task, 2)
      outer.cancel('why')
      assert.strictEqual((await rejected(task.until(outer), CancelledError)).reason, 'why')
      assert.strictEqual(inner.done, false)
      inner.cancel()
    })
  }
})

test('what_a_direct_call_has_made_is_awaited_in_a_task', async () => {
  await virtual(async (task, { now }) => {
    const make = () => task.spawn(async (me) => { await me.sleep(5); return 7 })
    assert.strictEqual(await make().then((value) => value + 1), 8)
    assert.strictEqual(await make().catch(() => 0), 7)
    assert.strictEqual(await make().finally(() => {}), 7)
    assert.strictEqual(await make().then((value) => value + 1).catch(() => 0).finally(() => {}), 8)
    assert.strictEqual(await task.spawn(async (me) => { await me.sleep(5); throw new Error('mine') }).catch((error) => error.message), 'mine')
    assert.strictEqual(now(), 25)
    await task.sleep(1)
  })
})

test('the_same_child_is_awaited_twice_by_one_task', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => { await me.sleep(5); return 7 })
    assert.deepStrictEqual(await Promise.all([child, child, child.then((it) => it + 1)]), [7, 7, 8])
    await task.sleep(1)
  })
})

test('an_await_and_a_wait_at_once', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn(async (me) => { await me.sleep(10); return 7 })
    const both = Promise.all([child, task.sleep(5)])
    assert.deepStrictEqual(await both, [7, undefined])
    assert.strictEqual(now(), 10)
    await task.sleep(1)
  })
})

test('a_wait_and_an_await_at_once', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn(async (me) => { await me.sleep(5); return 7 })
    assert.deepStrictEqual(await Promise.all([task.sleep(10), child]), [undefined, 7])
    assert.strictEqual(now(), 10)
    await task.sleep(1)
  })
})

test('two_waits_at_once_are_refused', async () => {
  await run(async (task) => {
    const waits = [task.sleep(5), task.sleep(5)]
    await rejected(Promise.all(waits), InvalidStateError)
    await waits[0]
    await task.sleep(1)
  })
})

test('code_outside_of_tasks_that_awaits_while_one_has_its_turn', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn(async (me) => { await me.sleep(5); return 7 })
    const gate = deferred()
    const outside = gate.promise.then(async () => await child)
    gate.resolve() // it reads `then` in a microtask of this very turn
    for (let i = 0; i < 10; i++) await null
    await task.sleep(1)
    assert.strictEqual(now(), 1)
    await task.sleep(10)
    assert.strictEqual(await task.until(outside), 7)
  })
})

test('code_outside_that_awaits_a_child_of_one_astray_loses_it_no_cancel', async () => {
  await run(async (task) => {
    const inner = task.spawn(forever)
    const gate = deferred()
    const outer = task.spawn(async (me) => {
      await gate.promise
      await me.sleep(1)
      assert.fail('it was not told')
    })
    await task.yield()
    setImmediate(async () => { await inner.catch(() => {}) })
    setImmediate(async () => { try { await inner } catch { /* only looks on */ } })
    await task.until(real(2))
    outer.cancel('why')
    gate.resolve()
    assert.strictEqual((await rejected(task.until(outer), CancelledError)).reason, 'why')
    assert.strictEqual(inner.done, false)
    inner.cancel()
  })
})

test('an_event_handler_that_spawns_leaves_the_wait_of_its_task_alone', async () => {
  await virtual(async (task, { loop }) => {
    const stop = loop.createFuture()
    const log = []
    const server = task.spawn(async (me) => {
      loop.callLater(1, () => { me.spawn(async (child) => { await child.sleep(1); log.push('handled') }) })
      try { await stop } finally { log.push('stopped') }
    })
    await task.sleep(5)
    assert.deepStrictEqual(log, ['handled'])
    server.cancel('why')
    assert.strictEqual((await rejected(task.until(server), CancelledError)).reason, 'why')
    assert.deepStrictEqual(log, ['handled', 'stopped'])
    assert.strictEqual(stop.cancelled, true)
  })
})

test('a_race_that_a_promise_wins', async () => {
  await withRunner(async (runner) => {
    await runner.run(async (task) => {
      const child = task.spawn(forever)
      assert.strictEqual(await Promise.race([child, real(2).then(() => 'real')]), 'real')
      await task.sleep(1)
      assert.strictEqual(child.done, false)
      assert.strictEqual(await task.spawn(() => 7), 7)
      child.cancel()
    })
  }, { loopFactory: undefined })
})

test('a_race_that_was_left_does_not_swallow_a_cancel', async () => {
  await run(async (task) => {
    const inner = task.spawn(forever)
    const outer = task.spawn(async (me) => {
      await Promise.race([inner, real(1)])
      await forever(me)
    })
    await task.sleep(20)
    outer.cancel('why')
    assert.strictEqual((await rejected(task.until(outer), CancelledError)).reason, 'why')
    assert.strictEqual(inner.done, false)
    inner.cancel()
  })
})
