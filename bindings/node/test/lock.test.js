'use strict'

const assert = require('node:assert')
const { run, testLoop, Lock, CancelledError, InvalidStateError, StalledError } = require('..')
const { test, virtual, rejected, thrown, turns } = require('./support/virtual')

test('a_lock_is_handed_over_in_the_order_of_coming', () => virtual(async (task, { note, lines }) => {
  const lock = new Lock(task)
  assert.strictEqual(await lock.acquire(task), undefined)
  assert.strictEqual(lock.locked, true)
  await task.group(async (group) => {
    for (const name of ['first', 'second', 'third']) {
      group.spawn((child) => lock.with(child, () => { note(`${name} has it`); return child.sleep(10) }))
    }
    await task.sleep(5)
    assert.strictEqual(lock.release(), undefined)
  })
  assert.deepStrictEqual(lines, ['5 first has it', '15 second has it', '25 third has it'])
  assert.strictEqual(lock.locked, false)
}))

test('what_nobody_holds_cannot_be_released', () => virtual((task) => {
  assert.strictEqual(thrown(() => new Lock(task).release(), InvalidStateError).code, 'RUNNER_ENOTLOCKED')
}))

test('a_callback_may_release_a_lock', () => virtual(async (task, { loop, now }) => {
  const lock = new Lock(task)
  await lock.acquire(task)
  loop.callLater(10, () => lock.release())
  await lock.acquire(task)
  assert.strictEqual(now(), 10)
}))

test('a_cancelled_waiter_leaves_the_line', () => virtual(async (task) => {
  const lock = new Lock(task)
  await lock.acquire(task)
  const [first, second] = [1, 2].map((n) => task.spawn(async (child) => { await lock.acquire(child); return n }))
  await turns(task, 1)
  first.cancel()
  lock.release()
  await rejected(task.until(first), CancelledError)
  assert.strictEqual(await second, 2)
  assert.strictEqual(lock.locked, true)
}))

// It is cancelled after the lock was handed to it, and before it could run.
test('a_lock_is_not_lost_with_a_cancelled_waiter', () => virtual(async (task) => {
  const lock = new Lock(task)
  await lock.acquire(task)
  const [first, second] = [1, 2].map(() => task.spawn((child) => lock.with(child, () => 3)))
  await turns(task, 1)
  lock.release()
  first.cancel()
  assert.strictEqual(await second, 3)
  await rejected(task.until(first), CancelledError)
  assert.strictEqual(lock.locked, false)
}))

// Both have their turn in the same batch: the second is cancelled by the first, which has got the lock.
test('who_has_just_got_it_may_cancel_the_next', () => virtual(async (task) => {
  const lock = new Lock(task)
  await lock.acquire(task)
  let second
  const first = task.spawn((child) => lock.with(child, async () => { second.cancel(); await child.yield(); return 1 }))
  second = task.spawn((child) => lock.with(child, () => 2))
  await turns(task, 1)
  lock.release()
  assert.strictEqual(await first, 1)
  await rejected(task.until(second), CancelledError)
  assert.strictEqual(lock.locked, false)
}))

test('a_task_that_takes_it_twice_waits_for_itself', async () => {
  await rejected(run(async (task) => {
    const lock = new Lock(task)
    await lock.with(task, () => lock.acquire(task))
  }, { loopFactory: testLoop, exceptionHandler: () => {} }), StalledError)
})

test('with_releases_the_lock_whatever_happens', () => virtual(async (task) => {
  const lock = new Lock(task)
  const error = new Error('mine')
  assert.strictEqual(await lock.with(task, () => 3), 3)
  assert.strictEqual(lock.locked, false)
  assert.strictEqual(await lock.with(task, async () => { await task.yield(); return 4 }), 4)
  assert.strictEqual(lock.locked, false)
  await rejected(lock.with(task, () => { throw error }), error)
  assert.strictEqual(lock.locked, false)
  await rejected(lock.with(task, async () => { await task.sleep(1); throw error }), error)
  assert.strictEqual(lock.locked, false)
  const cancelled = task.spawn((child) => lock.with(child, () => child.sleep(Infinity)))
  await turns(task, 1)
  assert.strictEqual(lock.locked, true)
  cancelled.cancel()
  await rejected(task.until(cancelled), CancelledError)
  assert.strictEqual(lock.locked, false)
  await rejected(lock.with(task, () => lock.release()), InvalidStateError)
}))

test('with_without_the_lock_releases_nothing', () => virtual(async (task) => {
  const lock = new Lock(task)
  await lock.acquire(task)
  const waiter = task.spawn((child) => lock.with(child, () => assert.fail('it does not have the lock')))
  await turns(task, 1)
  waiter.cancel()
  await rejected(task.until(waiter), CancelledError)
  assert.strictEqual(lock.locked, true)
}))

test('with_needs_a_function_before_it_waits', () => virtual(async (task) => {
  const lock = new Lock(task)
  for (const body of [undefined, 3, task.sleep(1)]) {
    assert.match((await rejected(lock.with(task, body), TypeError)).message, /^body must be a function/)
  }
  assert.strictEqual(lock.locked, false)
}))

test('it_may_be_held_across_waits_by_many', () => run(async (task) => {
  const lock = new Lock(task)
  let inside = 0
  let most = 0
  await task.group((group) => {
    for (let i = 0; i < 20; i++) {
      group.spawn((child) => lock.with(child, async () => {
        most = Math.max(most, ++inside)
        await child.yield()
        inside--
      }))
    }
  })
  assert.deepStrictEqual([inside, most], [0, 1])
}))
