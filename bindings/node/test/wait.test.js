'use strict'

// wait

const assert = require('node:assert')
const { CancelledError, InvalidStateError, gather, wait, run, testLoop } = require('..')
const { test, virtual, rejected, turns } = require('./support/virtual')

const ERROR = new Error('mine')

const after = (task, ms, error) => task.spawn(async (me) => {
  await me.sleep(ms)
  if (error !== undefined) throw error
  return ms
})

function assertWaited(result, done, pending) {
  assert.deepStrictEqual(Object.keys(result).sort(), ['done', 'pending'])
  assert.deepStrictEqual([[...result.done].map((it) => it.id), [...result.pending].map((it) => it.id)], [done.map((it) => it.id), pending.map((it) => it.id)])
}

for (const [mode, time, count] of [['first_completed', 10, 1], ['first_exception', 20, 2], ['all_completed', 30, 3]]) {
  test(`wait_until_${mode}`, async () => {
    await virtual(async (task, { now }) => {
      const all = [after(task, 30), after(task, 20, ERROR), after(task, 10)]
      assertWaited(await wait(task, all, { returnWhen: mode }), all.slice(3 - count), all.slice(0, 3 - count))
      assert.strictEqual(now(), time)
      await rejected(all[1], ERROR)
    })
  })
}

test('all_is_the_default', async () => {
  await virtual(async (task, { now }) => {
    const { done, pending } = await wait(task, [after(task, 10), after(task, 20)])
    assert.deepStrictEqual([done.size, pending.size, now()], [2, 0, 20])
    assert.ok(done instanceof Set && pending instanceof Set)
  })
})

test('a_timeout_leaves_the_others_alone', async () => {
  await virtual(async (task, { now }) => {
    const [fast, slow] = [after(task, 10), after(task, 30)]
    assertWaited(await wait(task, [fast, slow], { timeout: 20 }), [fast], [slow])
    assert.strictEqual(now(), 20)
    await slow
    assert.strictEqual(now(), 30)
  })
})

test('a_timeout_of_0_looks', async () => {
  await virtual(async (task, { now }) => {
    const [done, pending] = [after(task, 0), after(task, 10)]
    await turns(task, 3)
    assertWaited(await wait(task, [done, pending], { timeout: 0 }), [done], [pending])
    assert.strictEqual(now(), 0)
  })
})

test('tasks_and_futures', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const child = after(task, 0)
    await turns(task, 2)
    const first = await wait(task, [future, child], { returnWhen: 'first_completed' })
    assert.ok(first.done.has(child) && first.pending.has(future))
    future.cancel()
    assert.strictEqual((await wait(task, [future, child])).done.size, 2)
  })
})

test('R147_a_cancel_of_who_waits_does_not_reach_what_it_waits_for', async () => {
  await virtual(async (task) => {
    const child = after(task, 20)
    const waiting = task.spawn((me) => wait(me, [child]))
    await task.sleep(10)
    waiting.cancel('enough')
    assert.strictEqual((await rejected(waiting, CancelledError)).reason, 'enough')
    assert.strictEqual(await child, 20)
  })
})

test('a_cancelled_task_is_done_and_no_exception', async () => {
  await virtual(async (task, { loop, now }) => {
    const cancelled = task.spawn((me) => me.sleep(Infinity))
    const slow = after(task, 20)
    loop.callLater(10, () => cancelled.cancel())
    assertWaited(await wait(task, [cancelled, slow], { returnWhen: 'first_completed' }), [cancelled], [slow])
    assertWaited(await wait(task, [cancelled, slow], { returnWhen: 'first_exception' }), [cancelled, slow], [])
    assert.strictEqual(now(), 20)
  })
})

test('R093_what_was_taken_can_be_waited_for_again_and_is_not_reported', async () => {
  await virtual(async (task, { loop }) => {
    const child = after(task, 10, ERROR)
    const future = loop.createFuture()
    const other = new Error('other')
    future.reject(other)
    await rejected(child, ERROR)
    await rejected(future, other)
    await task.sleep(10) // the library has let go of both
    for (let i = 0; i < 2; i++) {
      assert.strictEqual((await wait(task, [child, future], { returnWhen: 'first_exception' })).done.size, 2)
      await rejected(gather(task, [child]), ERROR)
      await rejected(gather(task, [future]), other)
      await rejected(task.shield(child), ERROR)
      await rejected(task.until(child, { timeout: 10 }), ERROR)
    }
  })
})

test('R093_wait_takes_no_failure', async () => {
  const reported = []
  await run(async (task) => {
    const child = task.spawn(() => { throw ERROR })
    assertWaited(await wait(task, [child]), [child], [])
  }, { loopFactory: testLoop, exceptionHandler: (context) => reported.push(context.error) })
  assert.deepStrictEqual(reported, [ERROR])
})

test('what_stands_twice_counts_once_and_there_has_to_be_something', async () => {
  await virtual(async (task) => {
    const done = after(task, 0)
    await turns(task, 3)
    const pending = after(task, 10)
    assertWaited(await wait(task, [done, pending, done]), [done, pending], [])
    assert.match((await rejected(wait(task, []), RangeError)).message, /nothing/)
  })
})

test('options_are_checked', async () => {
  await virtual(async (task) => {
    const child = after(task, 10)
    for (const returnWhen of [null, 'all', 5, 'ALL_COMPLETED']) assert.match((await rejected(wait(task, [child], { returnWhen }), Error)).message, /returnWhen/)
    for (const timeout of ['1', NaN, -1, {}]) assert.match((await rejected(wait(task, [child], { timeout }), Error)).code ?? '', /^ERR_/)
    await rejected(wait(task, child), TypeError)
    await rejected(wait(task, [child], 5), TypeError)
    await rejected(wait({}, [child]), TypeError)
    const over = task.spawn(() => 1)
    await over
    await rejected(wait(over, [child]), InvalidStateError)
  })
})

test('no_limit_is_no_limit', async () => {
  await virtual(async (task) => {
    for (const timeout of [undefined, Infinity, 1e12]) {
      const child = after(task, 10)
      assertWaited(await wait(task, [child], { timeout }), [child], [])
    }
  })
})

test('the_usual_loop_over_those_that_are_done_first', async () => {
  await virtual(async (task, { now }) => {
    let pending = new Set([30, 10, 20].map((ms) => after(task, ms)))
    const order = []
    while (pending.size > 0) {
      const result = await wait(task, pending, { returnWhen: 'first_completed' })
      for (const one of result.done) order.push([one.result(), now()])
      pending = result.pending
    }
    assert.deepStrictEqual(order, [[10, 10], [20, 20], [30, 30]])
  })
})
