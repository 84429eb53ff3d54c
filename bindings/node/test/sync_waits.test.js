'use strict'

// What tasks of runSync do: they are cancelled, wait for each other, share.

const assert = require('node:assert')
const fs = require('node:fs')
const { test } = require('node:test')
const { AsyncLocalStorage } = require('node:async_hooks')
const {
  runSync, Runner, testLoop, gather, wait, Event, Lock, Condition, Semaphore, Barrier, Queue, ContextVar,
  CancelledError, TimeoutError, GroupError, InvalidStateError, StalledError, ForeignError, QueueFullError
} = require('..')
const { virtual, turns, throws, sleeper } = require('./support/sync')
const { thrown } = require('./support/virtual')

// ---- cancels ----

test('R153_a_cancel_is_thrown_where_the_task_waits', () => virtual(function * (task, { now, note, lines }) {
  const child = task.spawn(function * (own) {
    try {
      yield own.sleep(1000)
    } catch (error) {
      note(`${error.name} ${error.reason} ${own.cancelling}`)
      throw error
    } finally {
      yield own.sleep(5)
      note('cleaned up')
    }
  })
  yield task.sleep(10)
  assert.strictEqual(child.cancel('enough'), true)
  const error = yield throws(function * () { yield child }, CancelledError)
  assert.strictEqual(error.reason, 'enough')
  assert.deepStrictEqual([child.cancelled, now()], [true, 15])
  assert.deepStrictEqual(lines, ['10 CancelledError enough 1', '15 cleaned up'])
}))

test('R151_a_cancel_may_be_taken_back', () => virtual(function * (task) {
  const child = task.spawn(function * (own) {
    try {
      yield own.sleep(1000)
    } catch {
      return own.uncancel()
    }
  })
  yield turns(task, 1)
  child.cancel()
  assert.strictEqual(yield child, 0)
}))

test('R146_one_that_cancels_itself_is_told_at_its_next_wait', () => virtual(function * (task) {
  const child = task.spawn(function * (own) {
    own.cancel()
    assert.strictEqual(own.signal.aborted, true)
    yield own.yield()
    assert.fail('it goes on')
  })
  yield throws(function * () { yield child }, CancelledError)
}))

test('R147_a_cancel_goes_to_what_is_awaited', () => virtual(function * (task) {
  const inner = task.spawn(sleeper)
  const outer = task.spawn(function * () { yield inner })
  const shielding = task.spawn(function * (own) { yield own.shield(inner) })
  yield turns(task, 2)
  shielding.cancel()
  yield turns(task, 2)
  assert.deepStrictEqual([shielding.cancelled, inner.done], [true, false])
  outer.cancel()
  yield throws(function * () { yield outer }, CancelledError)
  assert.strictEqual(inner.cancelled, true)
}))

test('one_that_swallows_every_cancel_is_given_up_at_the_close', () => {
  let child
  thrown(() => runSync(function * (task) {
    child = task.spawn(function * (own) {
      for (;;) {
        try {
          yield own.sleep(1000)
        } catch {
          // and goes on
        }
      }
    })
    yield task.yield()
  }, { loopFactory: testLoop, cancelGrace: 10, exceptionHandler: () => {} }), TimeoutError)
  assert.strictEqual(child.exception().code, 'RUNNER_EABANDONED')
})

test('what_is_left_is_cancelled_at_the_close_and_what_was_registered_is_closed', () => {
  const lines = []
  runSync(function * (task) {
    task.spawn(function * (own) {
      try {
        yield own.sleep(Infinity)
      } finally {
        yield own.sleep(1)
        lines.push('left')
      }
    })
    task.register(function * (own) { yield own.sleep(1); lines.push('closed') })
    task.register(() => { lines.push('closed at once') })
    thrown(() => task.register(async () => {}), TypeError)
    const resource = { return() { lines.push('returned'); return {} } }
    assert.strictEqual(task.use(resource), resource)
    thrown(() => task.use({ [Symbol.asyncDispose]() {} }), TypeError)
    yield task.yield()
    lines.push('main')
  })
  assert.deepStrictEqual([lines.slice(0, 2), lines.slice(2).sort()], [['main', 'left'], ['closed', 'closed at once', 'returned']])
})

test('nothing_can_wake_a_task_any_more', () => {
  for (const loopFactory of [undefined, testLoop]) {
    const error = thrown(() => runSync(function * (task) { yield new Event(task).wait(task) }, { loopFactory }), StalledError)
    assert.deepStrictEqual(error.tasks.map(({ name, waits }) => [name, waits]), [['Task-1', 'event']])
  }
})

// ---- what a task shares, and waits for ----

test('a_timeout_ends_what_takes_too_long', () => virtual(function * (task, { now }) {
  const error = yield throws(() => task.timeout(10, () => task.sleep(1000)), TimeoutError)
  assert.ok(error.cause instanceof CancelledError)
  assert.deepStrictEqual([now(), task.cancelling], [10, 0])
  assert.strictEqual(yield * task.timeout(10, function * (timeout) {
    assert.strictEqual(timeout.expired, false)
    timeout.reschedule(null)
    yield task.sleep(20)
    return 3
  }), 3)
  assert.strictEqual(yield task.timeout(null, () => 4), 4)
  const mine = new Error('mine')
  yield throws(() => task.timeout(10, function * () { throw mine }), mine)
  yield throws(() => task.timeout(10, () => task.timeout(5, () => task.sleep(7))), TimeoutError)
  assert.strictEqual(now(), 35)
  for (const no of [NaN, '1']) thrown(() => task.timeout(no, function * () {}), Error)
  yield throws(() => task.timeout(1, async () => {}), TypeError)
  yield throws(() => task.timeoutAt(task._engine.idle, undefined), TypeError)
  yield throws(() => task.until(task.spawn(sleeper), { timeout: 5 }), TimeoutError)
}))

test('a_group_waits_for_its_children', () => virtual(function * (task, { now }) {
  let children
  assert.strictEqual(yield * task.group(function * (group) {
    children = [10, 20].map((ms) => group.spawn(function * (own) { yield own.sleep(ms); return ms }))
    yield task.sleep(1)
    return 'body'
  }), 'body')
  assert.deepStrictEqual([now(), ...children.map((child) => child.result())], [20, 10, 20])
}))

test('R158_a_child_that_fails_cancels_its_group', () => virtual(function * (task) {
  const error = new Error('mine')
  let other
  const failure = yield throws(() => task.group(function * (group) {
    group.spawn(function * (own) { yield own.sleep(5); throw error })
    other = group.spawn(sleeper)
    yield task.sleep(Infinity)
  }), GroupError)
  assert.deepStrictEqual([failure.errors, other.cancelled, task.cancelling], [[error], true, 0])
  const both = yield throws(() => task.group(function * (group) {
    group.spawn(function * () { throw error })
    yield task.yield()
    throw new RangeError('body')
  }), GroupError)
  assert.deepStrictEqual(both.errors.map((one) => one.message), ['mine', 'body'])
}))

test('a_group_may_be_cancelled_from_inside_and_from_outside', () => virtual(function * (task) {
  const child = task.spawn(function * (own) {
    yield own.group(function * (group) { group.spawn(sleeper) })
  })
  yield turns(task, 2)
  child.cancel()
  yield throws(function * () { yield child }, CancelledError)
  assert.strictEqual(yield task.group(function * (group) { group.spawn(sleeper); group.cancel(); yield task.sleep(Infinity) }), undefined)
}))

test('gather_and_wait_take_tasks_of_it', () => virtual(function * (task) {
  const spawn = (ms) => task.spawn(function * (own) { yield own.sleep(ms); if (ms > 50) throw new Error('long'); return ms })
  assert.deepStrictEqual(yield gather(task, [spawn(3), spawn(1), spawn(2)]), [3, 1, 2])
  assert.strictEqual((yield throws(() => gather(task, [spawn(1), spawn(60)]), Error)).message, 'long')
  const [one, two] = yield * gather(task, [spawn(1), spawn(60)], { returnExceptions: true })
  assert.deepStrictEqual([one, two.message], [1, 'long'])
  yield throws(() => gather(task, [Promise.resolve()]), TypeError)
  const [short, long] = [spawn(1), spawn(10)]
  const { done, pending } = yield wait(task, [short, long], { returnWhen: 'first_completed' })
  assert.deepStrictEqual([[...done], [...pending]], [[short], [long]])
  assert.strictEqual(yield task.shield(long), 10)
  yield throws(() => wait(task, []), RangeError)
}))

test('futures_and_callbacks_work', () => virtual(function * (task, { loop, now }) {
  const future = loop.createFuture()
  loop.callLater(5, () => future.resolve(3))
  assert.strictEqual(yield future, 3)
  assert.strictEqual(now(), 5)
  yield throws(() => task.until(loop.createFuture(), { timeout: 5 }), TimeoutError)
  const failing = loop.createFuture()
  const error = new Error('mine')
  loop.callSoon(() => failing.reject(error))
  yield throws(function * () { yield failing }, error)
}))

test('events_locks_and_their_like_work', () => virtual(function * (task, { note, lines }) {
  const event = new Event(task)
  const lock = new Lock(task)
  const condition = new Condition(task, lock)
  const semaphore = new Semaphore(task, 2)
  const barrier = new Barrier(task, 2)
  let ready = false
  task.spawn(function * (own) {
    yield event.wait(own)
    yield lock.with(own, function * () { ready = true; condition.notifyAll(); yield own.sleep(5); note('released') })
    yield barrier.wait(own)
  })
  const found = yield lock.with(task, function * () {
    event.set()
    return yield condition.waitFor(task, () => ready && 'ready')
  })
  note(found)
  assert.ok([0, 1].includes(yield barrier.wait(task)))
  assert.deepStrictEqual(lines, ['5 released', '5 ready'])
  assert.strictEqual(yield semaphore.with(task, () => semaphore.value), 1)
  yield throws(() => semaphore.with(task, function * () { throw new RangeError('mine') }), RangeError)
  assert.deepStrictEqual([semaphore.value, lock.locked], [2, false])
  yield throws(function * () { yield lock.acquire() }, TypeError)
  const holder = task.spawn(function * (own) { yield lock.with(own, () => own.sleep(Infinity)) })
  yield turns(task, 1)
  holder.cancel()
  yield lock.acquire(task)
  assert.strictEqual(holder.cancelled, true)
}))

test('queues_work_and_lose_no_item', () => virtual(function * (task) {
  const kept = task._engine.slots.size
  const queue = new Queue(task, { maxSize: 1 })
  const putter = task.spawn(function * (own) {
    for (let i = 0; i < 3; i++) yield queue.put(own, i)
    queue.shutdown()
  })
  for (let i = 0; i < 3; i++) assert.strictEqual(yield queue.get(task), i)
  yield putter
  const full = new Queue(task, { maxSize: 1 })
  full.putNowait({})
  thrown(() => full.putNowait({}), QueueFullError)
  yield throws(() => task.timeout(1, () => full.put(task, {})), TimeoutError)
  yield throws(function * () { yield full.put(task, 1, { priority: 'no' }) }, TypeError)
  yield throws(function * () { yield full.put(undefined, 1) }, TypeError)
  const forgotten = task.sleep(1)
  yield throws(function * () { yield full.put(task, 1) }, InvalidStateError)
  yield forgotten
  assert.strictEqual(task._engine.slots.size, kept + 1)
  assert.deepStrictEqual(yield full.get(task), {})
}))

test('variables_follow_the_tasks', () => virtual(function * (task) {
  const variable = new ContextVar('v', { default: 0 })
  variable.set(task, 1)
  const child = task.spawn(function * (own) {
    const before = variable.get(own)
    variable.set(own, 2)
    yield own.yield()
    return [before, variable.get(own)]
  })
  assert.deepStrictEqual(yield child, [1, 2])
  assert.strictEqual(variable.get(task), 1)
}))

test('an_AsyncLocalStorage_follows_the_tasks', () => {
  const storage = new AsyncLocalStorage()
  const look = function * (own) { yield own.sleep(1); return storage.getStore() }
  storage.run('outside', () => virtual(function * (task) {
    const inside = storage.run('inside', () => task.spawn(look))
    assert.deepStrictEqual(yield gather(task, [task.spawn(look), inside]), ['outside', 'inside'])
    assert.strictEqual(storage.getStore(), 'outside')
  }))
})

test('what_belongs_to_another_runner_is_refused', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const other = runner.loop.createFuture()
  const lock = new Lock(runner)
  virtual(function * (task) {
    yield throws(function * () { yield other }, ForeignError)
    yield throws(function * () { yield lock.acquire(task) }, ForeignError)
  })
  await runner.close()
})

// Whoever looks on by a promise is told when Node goes on.
test('a_promise_of_its_task_comes_afterwards', async () => {
  let watched
  runSync(function * (task) {
    watched = task.spawn(function * (own) { yield own.sleep(1); return 3 }).then((value) => value + 1)
    yield task.sleep(5)
  })
  assert.strictEqual(await watched, 4)
})

test('R014_no_descriptor_is_left', { skip: !fs.existsSync('/proc/self/fd') }, () => {
  const descriptors = () => fs.readdirSync('/proc/self/fd').length
  const once = () => runSync(function * (task) {
    task.spawn(sleeper).cancel()
    yield task.sleep(0.01)
  })
  once()
  const before = descriptors()
  for (let i = 0; i < 50; i++) once()
  assert.strictEqual(descriptors(), before)
})
