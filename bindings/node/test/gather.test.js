'use strict'

// gather

const assert = require('node:assert')
const { CancelledError, ForeignError, InvalidStateError, gather, wait, run } = require('..')
const { test, virtual, withRunner, rejected, turns, untilCancelled, immediate } = require('./support/virtual')

const returning = (task, ms, value) => task.spawn(async (me) => { await me.sleep(ms); return value })
const failing = (task, ms, error) => task.spawn(async (me) => { await me.sleep(ms); throw error })

test('the_values_come_in_the_order_of_the_arguments', async () => {
  await virtual(async (task, { now }) => {
    const values = [{}, {}, {}]
    const got = await gather(task, [returning(task, 30, values[0]), returning(task, 10, values[1]), returning(task, 20, values[2])])
    assert.ok(got.every((it, i) => it === values[i]))
    assert.deepStrictEqual([got.length, now()], [3, 30])
  })
})

test('tasks_and_futures_some_of_which_are_done_and_the_same_twice', async () => {
  await virtual(async (task, { loop }) => {
    const done = returning(task, 0, 'task')
    const future = loop.createFuture()
    future.resolve('future')
    await task.sleep(10)
    const later = returning(task, 10, 'later')
    assert.deepStrictEqual(await gather(task, [done, future, later, done]), ['task', 'future', 'later', 'task'])
  })
})

test('any_iterable', async () => {
  await virtual(async (task) => {
    assert.deepStrictEqual(await gather(task, []), [])
    const children = [returning(task, 1, 1), returning(task, 1, 2)]
    assert.deepStrictEqual(await gather(task, new Set(children)), [1, 2])
    assert.deepStrictEqual(await gather(task, children.values()), [1, 2])
    assert.deepStrictEqual(await gather(task, (function * () { yield * children })()), [1, 2])
  })
})

test('all_of_them_may_be_done', async () => {
  await virtual(async (task) => {
    const children = [returning(task, 0, 1), returning(task, 0, 2)]
    await turns(task, 3)
    assert.deepStrictEqual(await gather(task, children), [1, 2])
    assert.deepStrictEqual(await gather(task, children, { returnExceptions: true }), [1, 2])
  })
})

test('the_first_error_ends_it_and_the_others_go_on', async () => {
  await virtual(async (task, { note, lines }) => {
    const error = new Error('first')
    const slow = returning(task, 20, 1)
    const late = failing(task, 15, new Error('second')) // which gather takes, too
    await rejected(gather(task, [slow, failing(task, 10, error), late]), error)
    note('failed')
    assert.strictEqual(await slow, 1)
    note('over')
    assert.deepStrictEqual(lines, ['10 failed', '20 over'])
  })
})

test('an_error_that_was_there_before_is_the_very_same', async () => {
  await virtual(async (task) => {
    const error = new Error('first')
    const failed = failing(task, 0, error)
    const pending = returning(task, 10, 1)
    await turns(task, 3)
    await rejected(gather(task, [pending, failed]), error)
    await rejected(gather(task, [failed, pending]), error) // it is taken now
    await rejected(gather(task, [failed]), error)
    const results = await gather(task, [failed, pending, failed], { returnExceptions: true })
    assert.ok(results[0] === error && results[1] === 1 && results[2] === error)
  })
})

test('a_cancelled_task_or_future_is_an_error_of_its_gather', async () => {
  await virtual(async (task, { loop }) => {
    for (const make of [() => task.spawn((me) => me.sleep(Infinity)), () => loop.createFuture()]) {
      const one = make()
      loop.callLater(10, () => one.cancel('because'))
      for (let i = 0; i < 2; i++) {
        assert.strictEqual((await rejected(gather(task, [one]), CancelledError)).reason, 'because')
        assert.strictEqual(task.cancelling, 0)
      }
    }
  })
})

test('R147_a_cancel_of_who_gathers_reaches_all', async () => {
  await virtual(async (task, { loop, note, lines }) => {
    const future = loop.createFuture()
    const children = ['first', 'second'].map((name) => task.spawn((me) => untilCancelled(me, () => note(`${name} over`))))
    const gathering = task.spawn((me) => gather(me, [children[0], future, children[1]]))
    await task.sleep(10)
    gathering.cancel('enough')
    assert.strictEqual((await rejected(gathering, CancelledError)).reason, 'enough')
    assert.deepStrictEqual(lines, ['10 first over', '10 second over'])
    assert.ok([future, ...children].every((it) => it.cancelled))
  })
})

test('a_cancel_of_who_gathers_waits_for_those_that_clean_up', async () => {
  await virtual(async (task, { note, lines }) => {
    const child = task.spawn((me) => untilCancelled(me, async () => { await me.sleep(10); note('clean') }))
    const gathering = task.spawn((me) => gather(me, [child]))
    await turns(task)
    gathering.cancel()
    await rejected(gathering, CancelledError)
    note('gathered')
    assert.deepStrictEqual(lines, ['10 clean', '10 gathered'])
  })
})

test('errors_may_take_the_places_of_values', async () => {
  await virtual(async (task, { now }) => {
    const [first, second] = [new Error('first'), 'second']
    const cancelled = task.spawn((me) => me.sleep(Infinity))
    await turns(task)
    cancelled.cancel('because')
    const results = await gather(task, [returning(task, 20, 1), failing(task, 10, first), cancelled, failing(task, 30, second)],
      { returnExceptions: true })
    assert.strictEqual(results[0], 1)
    assert.strictEqual(results[1], first)
    assert.ok(results[2] instanceof CancelledError && results[2].reason === 'because')
    assert.strictEqual(results[3], second)
    assert.strictEqual(now(), 30)
  })
})

test('an_error_that_is_a_value_and_errors_that_are_no_Error', async () => {
  await virtual(async (task) => {
    const value = new Error('a value')
    assert.deepStrictEqual(await gather(task, [returning(task, 0, value)]), [value])
    for (const error of [undefined, null, 'text']) {
      const seen = await gather(task, [failing(task, 1, error)]).then(() => assert.fail(), (it) => [it])
      assert.strictEqual(seen[0], error)
      const results = await gather(task, [failing(task, 1, error)], { returnExceptions: true })
      assert.strictEqual(results[0], error)
    }
  })
})

test('what_is_neither_a_task_nor_a_future_is_refused', async () => {
  await virtual(async (task) => {
    const mine = returning(task, 0, 1)
    for (const other of [undefined, null, 1, [mine], () => 1, Promise.resolve(1), { then() {} }]) {
      assert.strictEqual((await rejected(gather(task, [mine, other]), TypeError)).code, 'ERR_INVALID_ARG_TYPE')
      await rejected(wait(task, [mine, other]), TypeError)
    }
    for (const list of [undefined, null, 5, 'text', {}]) {
      await rejected(gather(task, list), TypeError)
      await rejected(wait(task, list), TypeError)
    }
    for (const who of [undefined, null, 5, {}, [mine]]) await rejected(gather(who, [mine]), TypeError)
    for (const options of [5, { returnExceptions: 1 }]) await rejected(gather(task, [mine], options), TypeError)
    assert.deepStrictEqual(await gather(task, [mine]), [1])
  })
})

test('R041_what_belongs_to_another_runner_is_refused', async () => {
  await withRunner(async (runner) => {
    const [theirs] = await runner.run((task) => [returning(task, 1, 1)])
    await virtual(async (task) => {
      const mine = returning(task, 1, 1)
      await rejected(gather(task, [theirs, mine]), ForeignError)
      await rejected(wait(task, [theirs, mine]), ForeignError)
      assert.deepStrictEqual(await gather(task, [mine]), [1])
    })
  })
})

test('a_gather_while_another_wait_pends_is_refused', async () => {
  await run(async (task) => {
    const child = task.spawn((me) => me.sleep(20))
    const first = task.sleep(5)
    await rejected(gather(task, [child]), InvalidStateError)
    await rejected(wait(task, [child]), InvalidStateError)
    await first
    assert.strictEqual(child.done, false)
    child.cancel()
  })
})

test('gathering_after_being_astray', async () => {
  await virtual(async (task) => {
    const children = [1, 2].map((i) => task.spawn(async (me) => { await immediate(); await me.sleep(i); await immediate(); return i }))
    await immediate()
    assert.deepStrictEqual(await gather(task, children), [1, 2])
  })
})

test('nothing_is_remembered_of_the_failures_that_gather_has_taken', async () => {
  await virtual(async (task, { loop }) => {
    const futures = [1, 2, 3].map(() => loop.createFuture())
    const gathering = task.spawn((me) => gather(me, futures))
    await turns(task)
    futures[0].reject(new Error('first'))
    futures[1].reject(new Error('second'))
    assert.strictEqual((await rejected(gathering, Error)).message, 'first')
    futures[2].reject(new Error('third'))
    await turns(task, 2)
    assert.deepStrictEqual(futures.map((it) => it.exception().message), ['first', 'second', 'third'])
  })
})

test('a_thousand', async () => {
  await virtual(async (task) => {
    const children = Array.from({ length: 1000 }, (_, i) => returning(task, i % 7, i))
    assert.deepStrictEqual(await gather(task, children), Array.from({ length: 1000 }, (_, i) => i))
  })
})
