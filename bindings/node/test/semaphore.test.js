'use strict'

const assert = require('node:assert')
const { Semaphore, CancelledError, InvalidStateError } = require('..')
const { test, virtual, rejected, thrown, turns } = require('./support/virtual')

test('a_semaphore_lets_so_many_tasks_go_on_at_a_time', () => virtual(async (task, { note, lines }) => {
  const semaphore = new Semaphore(task, 2)
  await task.group(async (group) => {
    for (const name of 'abcde') {
      group.spawn((child) => semaphore.with(child, () => { note(name); return child.sleep(10) }))
    }
    await task.sleep(5)
    assert.strictEqual(semaphore.locked, true)
    assert.strictEqual(semaphore.value, 0)
  })
  assert.deepStrictEqual(lines, ['0 a', '0 b', '10 c', '10 d', '20 e'])
  assert.strictEqual(semaphore.locked, false)
  assert.strictEqual(semaphore.value, 2)
}))

test('only_a_bounded_semaphore_refuses_to_be_released_too_often', () => virtual(async (task) => {
  const semaphore = new Semaphore(task, 0)
  assert.strictEqual(semaphore.locked, true)
  assert.strictEqual(semaphore.release(), undefined)
  assert.strictEqual(semaphore.value, 1)
  const bounded = new Semaphore(task, 1, { bounded: true })
  assert.strictEqual(thrown(() => bounded.release(), InvalidStateError).code, 'RUNNER_ERELEASED')
  await bounded.acquire(task)
  bounded.release()
  assert.strictEqual(bounded.value, 1)
}))

test('what_a_semaphore_is_made_with', () => virtual((task) => {
  for (const value of [-1, 1.5, NaN, Infinity, 2 ** 53]) thrown(() => new Semaphore(task, value), RangeError)
  for (const value of ['1', null, 1n]) thrown(() => new Semaphore(task, value), TypeError)
  thrown(() => new Semaphore(task, 1, { bounded: 1 }), TypeError)
  thrown(() => new Semaphore(task, 1, true), TypeError)
  assert.strictEqual(new Semaphore(task).value, 1)
  assert.strictEqual(new Semaphore(task, Number.MAX_SAFE_INTEGER).value, Number.MAX_SAFE_INTEGER)
}))

test('a_value_is_not_lost_with_a_cancelled_waiter', () => virtual(async (task) => {
  const semaphore = new Semaphore(task)
  await semaphore.acquire(task)
  const [first, second] = [1, 2].map((n) => task.spawn(async (child) => { await semaphore.acquire(child); return n }))
  await turns(task, 1)
  semaphore.release()
  first.cancel()
  assert.strictEqual(await second, 2)
  await rejected(task.until(first), CancelledError)
}))

test('with_releases_it_whatever_happens', () => virtual(async (task) => {
  const semaphore = new Semaphore(task)
  const error = new Error('mine')
  assert.strictEqual(await semaphore.with(task, () => 3), 3)
  await rejected(semaphore.with(task, () => { throw error }), error)
  assert.strictEqual(semaphore.value, 1)
  await semaphore.acquire(task)
  const waiter = task.spawn((child) => semaphore.with(child, () => assert.fail('it has acquired nothing')))
  await turns(task, 1)
  waiter.cancel()
  await rejected(task.until(waiter), CancelledError)
  assert.strictEqual(semaphore.value, 0)
}))

test('a_callback_may_release_it', () => virtual(async (task, { loop, now }) => {
  const semaphore = new Semaphore(task, 0)
  loop.callLater(10, () => semaphore.release())
  await semaphore.acquire(task)
  assert.strictEqual(now(), 10)
}))
