'use strict'

// Queues: order, room, shutdown, what becomes of the items.

const assert = require('node:assert')
const { run, Queue, QueueEmptyError, QueueFullError, QueueShutDownError, TimeoutError, CancelledError, InvalidStateError } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate } = require('./support/virtual')

for (const [order, wanted] of Object.entries({ fifo: 'cabd', lifo: 'dbac', priority: 'abcd' })) {
  test(`each_kind_of_queue_has_its_order: ${order}`, () => virtual(async (task) => {
    const queue = new Queue(task, { order })
    assert.strictEqual(await queue.put(task, 'c', { priority: 3 }), undefined)
    assert.strictEqual(queue.putNowait('a', { priority: -1 }), undefined)
    await queue.put(task, 'b') // 0
    queue.putNowait('d', { priority: 3n })
    assert.strictEqual(queue.size, 4)
    let got = ''
    for (let i = 0; i < 4; i++) got += await queue.get(task)
    assert.strictEqual(got, wanted)
    assert.strictEqual(queue.empty, true)
  }))
}

test('a_full_queue_is_waited_for_and_an_empty_one_too', () => virtual(async (task, { loop, note, lines }) => {
  const queue = new Queue(task, { maxSize: 2 })
  assert.strictEqual(queue.maxSize, 2)
  await task.group(async (group) => {
    group.spawn(async (child) => {
      for (let i = 0; i < 5; i++) { await queue.put(child, i); note(`put ${i}`) }
    })
    for (let i = 0; i < 5; i++) {
      await task.sleep(10)
      assert.strictEqual(await queue.get(task), i)
    }
    loop.callLater(20, () => queue.putNowait(5))
    note(`got ${await queue.get(task)}`)
  })
  assert.deepStrictEqual(lines, ['0 put 0', '0 put 1', '10 put 2', '20 put 3', '30 put 4', '70 got 5'])
}))

test('without_a_wait_a_queue_may_be_full_or_empty', () => virtual((task) => {
  const queue = new Queue(task, { maxSize: 1 })
  thrown(() => queue.getNowait(), QueueEmptyError)
  assert.strictEqual(queue.full, false)
  queue.putNowait(1)
  assert.deepStrictEqual([queue.full, queue.empty], [true, false])
  assert.strictEqual(thrown(() => queue.putNowait(2), QueueFullError).code, 'RUNNER_EFULL')
  assert.strictEqual(queue.getNowait(), 1)
  const endless = new Queue(task)
  for (let i = 0; i < 100; i++) endless.putNowait(i)
  assert.strictEqual(endless.full, false)
}))

// Something whose every use throws.
const touchy = new Proxy({}, { get: () => assert.fail('it was looked at') })

test('items_may_be_anything_and_come_out_as_the_very_objects', () => virtual(async (task) => {
  const queue = new Queue(task)
  const items = [undefined, null, false, NaN, {}, 'text', Symbol('s'), 2n ** 70n, new Error('mine'), Object.create(null)]
  for (const item of items) await queue.put(task, item)
  for (const item of items) assert.ok(Object.is(await queue.get(task), item))
  for (const item of [touchy, task, Promise.resolve(3)]) { // `await` would not give these as they are
    await queue.put(task, item)
    assert.strictEqual(queue.getNowait(), item)
  }
}))

test('dropped_items_are_asked_nothing', () => virtual(async (task) => {
  const queue = new Queue(task)
  for (const item of [touchy, { _dropped: () => assert.fail('called') }, null]) queue.putNowait(item)
  queue.shutdown({ immediate: true })
  await turns(task, 2)
}))

test('a_cancelled_wait_puts_and_takes_nothing', () => virtual(async (task) => {
  const queue = new Queue(task, { maxSize: 1 })
  await rejected(task.timeout(10, () => queue.get(task)), TimeoutError)
  queue.putNowait(1)
  await rejected(task.timeout(10, () => queue.put(task, 2)), TimeoutError)
  assert.strictEqual(queue.getNowait(), 1)
  assert.strictEqual(queue.size, 0)
}))

// It was woken for an item, and cancelled before it could take it: the next one gets it.
test('no_item_is_lost_with_a_cancelled_waiter', () => virtual(async (task) => {
  const queue = new Queue(task)
  const [first, second] = [1, 2].map(() => task.spawn((child) => queue.get(child)))
  await turns(task, 1)
  queue.putNowait(1)
  first.cancel()
  assert.strictEqual(await second, 1)
  assert.strictEqual(first.cancelled, true)
}))

test('join_waits_until_all_is_done', () => virtual(async (task, { now }) => {
  const queue = new Queue(task)
  assert.strictEqual(await queue.join(task), undefined)
  assert.strictEqual(thrown(() => queue.taskDone(), InvalidStateError).code, 'RUNNER_ETASKDONE')
  for (let i = 0; i < 3; i++) await queue.put(task, i)
  const worker = task.spawn(async (child) => {
    for (;;) {
      await queue.get(child)
      await child.sleep(10)
      assert.strictEqual(queue.taskDone(), undefined)
    }
  })
  await queue.join(task)
  assert.strictEqual(now(), 30)
  worker.cancel()
  await rejected(task.until(worker), CancelledError)
}))

test('a_queue_that_is_shut_down_gives_what_it_has', () => virtual(async (task) => {
  const queue = new Queue(task, { maxSize: 1 })
  await queue.put(task, 1)
  const putter = task.spawn((child) => queue.put(child, 2))
  await turns(task, 1)
  assert.strictEqual(queue.shutdown(), undefined)
  await rejected(task.until(putter), QueueShutDownError)
  thrown(() => queue.putNowait(3), QueueShutDownError)
  await rejected(queue.put(task, 3), QueueShutDownError)
  assert.strictEqual(await queue.get(task), 1)
  await rejected(queue.get(task), QueueShutDownError)
  thrown(() => queue.getNowait(), QueueShutDownError)
}))

test('a_shutdown_wakes_those_who_wait_for_items', () => virtual(async (task) => {
  const queue = new Queue(task)
  const getter = task.spawn((child) => queue.get(child))
  await turns(task, 1)
  queue.shutdown()
  await rejected(task.until(getter), QueueShutDownError)
}))

test('an_immediate_shutdown_drops_the_items_and_ends_the_join', () => virtual(async (task) => {
  const queue = new Queue(task)
  queue.putNowait(1)
  const joining = task.spawn((child) => queue.join(child))
  await turns(task, 1)
  queue.shutdown({ immediate: true })
  assert.strictEqual(await joining, undefined)
  assert.strictEqual(queue.size, 0)
  await rejected(queue.get(task), QueueShutDownError)
}))

test('what_a_queue_is_made_with', () => virtual(async (task) => {
  thrown(() => new Queue(task, { maxSize: -1 }), RangeError)
  thrown(() => new Queue(task, { maxSize: '1' }), TypeError)
  thrown(() => new Queue(task, { order: 'random' }), RangeError)
  thrown(() => new Queue(task, 3), TypeError)
  const queue = new Queue(task, { order: 'priority' })
  thrown(() => queue.shutdown({ immediate: 1 }), TypeError)
  const kept = keptBy(task)
  for (const priority of ['1', null, {}]) await rejected(queue.put(task, 1, { priority }), TypeError)
  for (const priority of [1.5, NaN, 2 ** 60, 2n ** 63n]) await rejected(queue.put(task, 1, { priority }), RangeError)
  thrown(() => queue.putNowait(1, { priority: -(2n ** 63n) - 1n }), RangeError)
  assert.deepStrictEqual([queue.size, keptBy(task)], [0, kept])
  const far = [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER, 2 ** 32, 1, 0, -1, -(2 ** 32), Number.MIN_SAFE_INTEGER, -(2n ** 63n)]
  for (const priority of far) await queue.put(task, priority, { priority })
  for (const priority of far.reverse()) assert.strictEqual(await queue.get(task), priority)
}))

// How many values of JavaScript the library has.
const keptBy = (task) => task._engine.slots.size

test('items_are_let_go', () => virtual(async (task) => {
  const queue = new Queue(task, { maxSize: 3 })
  const kept = keptBy(task)
  for (let i = 0; i < 3; i++) queue.putNowait({})
  thrown(() => queue.putNowait({}), QueueFullError)
  await rejected(task.timeout(0, () => queue.put(task, {})), TimeoutError)
  await rejected(queue.put({}, {}), TypeError)
  const putter = task.spawn(async (child) => {
    const first = queue.put(child, 1)
    await rejected(queue.put(child, 2), InvalidStateError) // it waits already
    return first
  })
  await turns(task, 1)
  putter.cancel()
  await rejected(task.until(putter), CancelledError)
  assert.strictEqual(keptBy(task), kept + 3)
  await queue.get(task)
  assert.strictEqual(keptBy(task), kept + 2)
  queue.shutdown({ immediate: true })
  await turns(task, 2)
  assert.strictEqual(keptBy(task), kept)
}))

function fillAndForget(task) {
  for (let i = 0; i < 100; i++) new Queue(task).putNowait({})
}

test('the_items_of_a_forgotten_queue_are_let_go', () => run(async (task) => {
  const kept = keptBy(task)
  fillAndForget(task)
  assert.strictEqual(keptBy(task), kept + 100)
  for (let tries = 0; keptBy(task) > kept && tries < 20; tries++) {
    global.gc()
    await immediate()
    await task.yield()
  }
  assert.ok(keptBy(task) - kept < 100)
}))

test('a_put_that_waits_when_its_run_ends_goes_on_in_the_next', () => withRunner(async (runner) => {
  let queue
  await runner.run(async (task) => {
    queue = new Queue(task, { maxSize: 1 })
    await queue.put(task, 1)
    task.spawn((child) => queue.put(child, 2))
    await turns(task, 1)
  })
  assert.deepStrictEqual([queue.size, queue.getNowait()], [1, 1])
  assert.strictEqual(await runner.run((task) => queue.get(task)), 2)
}))

test('many_tasks_hand_items_to_many', () => virtual(async (task) => {
  const queue = new Queue(task, { maxSize: 3 })
  const got = []
  await task.group(async (group) => {
    const getters = [1, 2, 3, 4, 5].map(() => group.spawn(async (child) => {
      try {
        for (;;) { got.push(await queue.get(child)); await child.yield() }
      } catch (error) {
        if (!(error instanceof QueueShutDownError)) throw error
      }
    }))
    await task.group((inner) => {
      for (let i = 0; i < 10; i++) {
        inner.spawn(async (child) => { for (let j = 0; j < 20; j++) await queue.put(child, i * 20 + j) })
      }
    })
    queue.shutdown()
    for (const getter of getters) await getter
  })
  assert.deepStrictEqual(got.sort((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i))
}))
