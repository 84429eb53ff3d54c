'use strict'

const assert = require('node:assert')
const { Condition, Lock, CancelledError, InvalidStateError, ForeignError } = require('..')
const { test, virtual, rejected, thrown, turns, withRunner } = require('./support/virtual')

test('notified_tasks_go_on_one_after_the_other_with_the_lock', () => virtual(async (task, { note, lines }) => {
  const condition = new Condition(task)
  await task.group(async (group) => {
    for (const name of ['first', 'second', 'third']) {
      group.spawn((child) => condition.with(child, async () => {
        assert.strictEqual(await condition.wait(child), undefined)
        assert.strictEqual(condition.locked, true)
        note(`${name} goes on`)
        await child.sleep(10)
      }))
    }
    await task.sleep(10)
    await condition.with(task, () => assert.strictEqual(condition.notify(), undefined))
    await task.sleep(20)
    await condition.with(task, () => assert.strictEqual(condition.notifyAll(), undefined))
  })
  assert.deepStrictEqual(lines, ['10 first goes on', '30 second goes on', '40 third goes on'])
}))

test('notify_wakes_as_many_as_it_says', () => virtual(async (task) => {
  const condition = new Condition(task)
  const tasks = [1, 2, 3, 4].map(() => task.spawn((child) => condition.with(child, () => condition.wait(child))))
  await turns(task, 1)
  await condition.with(task, () => {
    condition.notify(0)
    condition.notify(3)
  })
  await task.sleep(10)
  assert.deepStrictEqual(tasks.map((one) => one.done), [true, true, true, false])
  await condition.with(task, () => condition.notify(100))
  await tasks[3]
}))

test('waitFor_waits_until_something_is_so', () => virtual(async (task) => {
  const condition = new Condition(task, new Lock(task))
  let value = 0
  const waiter = task.spawn((child) => condition.with(child, () =>
    condition.waitFor(child, () => value >= 3 && `value ${value}`)))
  for (let i = 0; i < 3; i++) {
    await task.sleep(10)
    await condition.with(task, () => { value++; condition.notifyAll() })
  }
  assert.strictEqual(await waiter, 'value 3')
}))

test('a_condition_whose_lock_nobody_holds_refuses', () => virtual(async (task) => {
  const condition = new Condition(task)
  assert.strictEqual((await rejected(condition.wait(task), InvalidStateError)).code, 'RUNNER_ENOTLOCKED')
  for (const use of [() => condition.notify(), () => condition.notifyAll(), () => condition.release()]) {
    assert.strictEqual(thrown(use, InvalidStateError).code, 'RUNNER_ENOTLOCKED')
  }
  assert.strictEqual(condition.locked, false)
  for (const n of [-1, 1.5, NaN]) thrown(() => condition.notify(n), RangeError)
  thrown(() => condition.notify('1'), TypeError)
}))

test('a_predicate_is_asked_before_any_wait_and_does_not_wait_itself', () => virtual(async (task) => {
  const condition = new Condition(task)
  const error = new Error('mine')
  assert.strictEqual(await condition.waitFor(task, () => 3), 3)
  await rejected(condition.waitFor(task, () => { throw error }), error)
  for (const no of [undefined, async () => false]) await rejected(condition.waitFor(task, no), TypeError)
}))

test('who_is_cancelled_while_it_waits_holds_the_lock', () => virtual(async (task) => {
  const condition = new Condition(task)
  let locked
  const waiter = task.spawn(async (child) => {
    await condition.acquire(child)
    try {
      await condition.wait(child)
    } finally {
      locked = condition.locked
      condition.release()
    }
  })
  await task.sleep(10)
  waiter.cancel()
  await rejected(task.until(waiter), CancelledError)
  assert.deepStrictEqual([locked, condition.locked], [true, false])
}))

// It gets the lock first, however long that takes.
test('who_is_cancelled_while_another_holds_the_lock_waits_for_that', () => virtual(async (task, { note, lines }) => {
  const condition = new Condition(task)
  const waiter = task.spawn((child) => condition.with(child, () =>
    condition.wait(child).catch((error) => { note('cancelled'); throw error })))
  await turns(task, 1)
  await condition.with(task, async () => {
    waiter.cancel()
    await task.sleep(10)
    note('released')
  })
  await rejected(task.until(waiter), CancelledError)
  assert.deepStrictEqual(lines, ['10 released', '10 cancelled'])
}))

test('conditions_may_share_a_lock', () => virtual(async (task) => {
  const lock = new Lock(task)
  const full = new Condition(task, lock)
  const empty = new Condition(task, lock)
  const waiter = task.spawn((child) => lock.with(child, () => full.wait(child)))
  await turns(task, 1)
  await lock.with(task, async () => {
    empty.notifyAll()
    await turns(task, 3)
    assert.deepStrictEqual([full.locked, empty.locked, waiter.done], [true, true, false])
    full.notifyAll()
  })
  await waiter
}))

test('a_condition_takes_a_lock_of_its_runner', () => withRunner((runner) => virtual((task) => {
  for (const no of [3, {}, new Condition(task)]) thrown(() => new Condition(task, no), TypeError)
  thrown(() => new Condition(task, new Lock(runner)), ForeignError)
  assert.strictEqual(new Condition(task, null).locked, false) // it has one of its own
})))
