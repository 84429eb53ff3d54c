'use strict'

// Futures: settled once, by hand.

const assert = require('node:assert')
const { Future, testLoop, CancelledError, ClosedError, InvalidStateError, ForeignError, Runner, gather } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate } = require('./support/virtual')

test('a_future_gives_its_very_value_to_all_who_wait', async () => {
  await virtual(async (task, { loop }) => {
    const value = {}
    const future = loop.createFuture()
    assert.ok(future instanceof Future)
    const waiting = [1, 2, 3].map(() => task.spawn(async () => await future))
    await turns(task)
    assert.deepStrictEqual([future.done, future.cancelled], [false, false])
    assert.strictEqual(future.resolve(value), undefined)
    assert.deepStrictEqual([future.done, future.cancelled], [true, false])
    for (const one of waiting) assert.strictEqual(await one, value)
    assert.strictEqual(await future, value)
    assert.strictEqual(await task.until(future), value)
    assert.strictEqual(future.result(), value)
    assert.strictEqual(future.exception(), undefined)
  })
})

test('a_value_may_be_anything', async () => {
  await virtual(async (task, { loop }) => {
    for (const value of [undefined, null, false, new Error('a value'), Object.create(null)]) {
      const future = loop.createFuture()
      future.resolve(value)
      assert.strictEqual(await future, value)
      const later = loop.createFuture()
      loop.callSoon(() => later.resolve(value))
      assert.strictEqual(await task.until(later), value)
    }
  })
})

test('R026_a_future_fails_with_the_very_error', async () => {
  await virtual(async (task, { loop }) => {
    for (const error of [new Error('mine'), undefined, null, 'text']) {
      const future = loop.createFuture()
      const waiting = [1, 2].map(() => task.spawn(async () => await future))
      await turns(task)
      assert.strictEqual(future.reject(error), undefined)
      for (const one of [...waiting, future]) await task.until(one).then(() => assert.fail(), (it) => assert.strictEqual(it, error))
      assert.strictEqual(future.exception(), error)
    }
  })
})

test('what_is_settled_is_refused', async () => {
  await virtual(async (task, { loop }) => {
    for (const settle of [(it) => it.resolve(1), (it) => it.reject(new Error('mine')), (it) => it.cancel()]) {
      const future = loop.createFuture()
      settle(future)
      thrown(() => future.resolve(2), InvalidStateError)
      thrown(() => future.reject(new Error('late')), InvalidStateError)
      thrown(() => future.reject(new CancelledError()), InvalidStateError)
      assert.strictEqual(future.cancel(), false)
      try { future.exception() } catch { /* it was cancelled */ }
    }
  })
})

test('R155_a_pending_future_has_no_outcome', async () => {
  await virtual((task, { loop }) => {
    const future = loop.createFuture()
    assert.strictEqual(thrown(() => future.result(), InvalidStateError).code, 'RUNNER_EPENDING')
    thrown(() => future.exception(), InvalidStateError)
  })
})

test('a_cancelled_future_cancels_nobody', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const waiting = task.spawn(async (me) => {
      const error = await rejected(future, CancelledError)
      assert.strictEqual(me.cancelling, 0)
      await me.sleep(10)
      return error.reason
    })
    await turns(task)
    assert.strictEqual(future.cancel(), true)
    assert.deepStrictEqual([future.cancelled, future.done], [true, true])
    assert.strictEqual(await waiting, undefined)
    thrown(() => future.result(), CancelledError)
    thrown(() => future.exception(), CancelledError)
    await rejected(future, CancelledError)
  })
})

test('R153_the_reason_of_a_cancel_comes_out', async () => {
  await virtual(async (task, { loop }) => {
    for (const cancel of [(it) => it.cancel('because'), (it) => it.reject(new CancelledError('because'))]) {
      const future = loop.createFuture()
      const waiting = task.spawn(async () => await future)
      await turns(task, 2)
      cancel(future)
      for (const one of [waiting, future]) assert.strictEqual((await rejected(task.until(one), CancelledError)).reason, 'because')
      assert.strictEqual(thrown(() => future.result(), CancelledError).reason, 'because')
    }
  })
})

test('R147_a_cancel_of_who_waits_is_handed_on', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const waiting = [1, 2].map(() => task.spawn(async () => await future))
    await turns(task)
    waiting[0].cancel('enough')
    thrown(() => future.resolve(1), InvalidStateError) // at once
    for (const one of waiting) await rejected(one, CancelledError)
    assert.strictEqual(future.cancelled, true)
    assert.strictEqual(thrown(() => future.result(), CancelledError).reason, 'enough')
  })
})

test('a_future_is_made_and_settled_while_nothing_runs', async () => {
  await withRunner(async (runner) => {
    const [first, second, third] = [1, 2, 3].map(() => runner.loop.createFuture())
    first.resolve(1)
    assert.strictEqual(first.result(), 1)
    assert.strictEqual(await first, 1)
    assert.strictEqual(await runner.run(async () => await first), 1)
    second.cancel('why')
    await rejected(runner.run(async () => await second), CancelledError)
    setImmediate(() => third.resolve(3))
    assert.strictEqual(await third, 3)
  })
})

test('a_future_that_is_pending_at_the_close_is_cancelled', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const pending = runner.loop.createFuture()
  const settled = runner.loop.createFuture()
  await runner.run(() => settled.resolve(1))
  const watched = pending.then(() => 'a value', (error) => error)
  await runner.close()
  assert.deepStrictEqual([pending.done, pending.cancelled], [true, true])
  assert.match((await rejected(pending, CancelledError)).message, /closed/)
  assert.ok((await watched) instanceof CancelledError)
  assert.strictEqual(pending.cancel(), false)
  thrown(() => pending.resolve(1), Error)
  assert.strictEqual(await settled, 1)
})

test('a_closed_runner_refuses_what_is_pending', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const pending = runner.loop.createFuture()
  await runner.close()
  thrown(() => pending.resolve(1), ClosedError)
  thrown(() => pending.reject(new Error('mine')), ClosedError)
})

test('R041_a_future_of_another_runner_is_refused_but_may_be_observed', async () => {
  await withRunner(async (runner) => {
    const theirs = runner.loop.createFuture()
    await virtual(async (task) => {
      await rejected(task.until(theirs), ForeignError)
      await rejected(task.shield(theirs), ForeignError)
      await rejected(gather(task, [theirs]), ForeignError)
      const observed = task.spawn((me) => me.until(theirs.then((it) => it + 1)))
      await task.until(immediate())
      theirs.resolve(1)
      assert.strictEqual(await observed, 2)
    })
  })
})

test('code_without_a_turn_settles_a_future', async () => {
  await virtual(async (task, { loop }) => {
    const release = loop.hold()
    const future = loop.createFuture()
    setImmediate(() => { release(); future.resolve(7) })
    assert.strictEqual(await task.until(future), 7)
  })
})

test('a_callback_or_another_task_settles_a_future', async () => {
  await virtual(async (task, { loop, now }) => {
    const future = loop.createFuture()
    loop.callLater(10, () => future.resolve('callback'))
    assert.strictEqual(await future, 'callback')
    const other = loop.createFuture()
    task.spawn(async (me) => { await me.sleep(5); other.resolve('task') })
    assert.strictEqual(await other, 'task')
    assert.strictEqual(now(), 15)
  })
})

test('R093_a_failure_that_nobody_takes_is_reported_at_the_close', async () => {
  const reported = []
  const error = new Error('lost')
  const runner = new Runner({ loopFactory: testLoop, exceptionHandler: (context) => reported.push(context) })
  const future = await runner.run(() => { const made = runner.loop.createFuture(); made.reject(error); return [made] })
  await runner.close()
  assert.deepStrictEqual(reported.map((it) => [it.message, it.error, it.task]), [['Future exception was never retrieved', error, undefined]])
  assert.strictEqual(future[0].exception(), error)
})

test('R093_a_failure_that_somebody_takes_is_not_reported', async () => {
  const takes = [(it) => it.catch(() => {}), (it) => { try { it.result() } catch { /* taken */ } }, (it) => it.exception(),
    (it, task) => gather(task, [it], { returnExceptions: true }), (it, task) => task.until(it).catch(() => {})]
  await virtual(async (task, { loop }) => {
    for (const take of takes) {
      const future = loop.createFuture()
      future.reject(new Error('mine'))
      await take(future, task)
    }
  })
})

test('a_future_can_be_thenned_as_a_promise', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const log = []
    future.then((value) => log.push(value)).finally(() => log.push('finally'))
    future.resolve(1)
    await task.until(immediate())
    assert.deepStrictEqual(log, [1, 'finally'])
    assert.strictEqual(Object.prototype.toString.call(future), '[object Future]')
  })
})
