'use strict'

const assert = require('node:assert')
const { Barrier, BrokenBarrierError, CancelledError } = require('..')
const { test, virtual, rejected, thrown, turns } = require('./support/virtual')

test('a_barrier_lets_its_parties_pass_together_and_again', () => virtual(async (task, { note, lines }) => {
  const barrier = new Barrier(task, 3)
  assert.strictEqual(barrier.parties, 3)
  for (let round = 0; round < 2; round++) {
    const places = []
    await task.group(async (group) => {
      for (let i = 0; i < 3; i++) {
        group.spawn(async (child) => { await child.sleep(i * 10); places.push(await barrier.wait(child)) })
      }
      await task.sleep(15)
      assert.strictEqual(barrier.waiting, 2)
    })
    assert.deepStrictEqual(places.sort(), [0, 1, 2])
    note('passed')
  }
  assert.deepStrictEqual(lines, ['20 passed', '40 passed'])
  assert.strictEqual(barrier.waiting, 0)
}))

test('an_aborted_barrier_is_broken_until_it_is_reset', () => virtual(async (task) => {
  const barrier = new Barrier(task, 2)
  let waiter = task.spawn((child) => barrier.wait(child))
  await turns(task, 1)
  assert.strictEqual(barrier.abort(), undefined)
  assert.strictEqual(barrier.broken, true)
  await rejected(task.until(waiter), BrokenBarrierError)
  assert.strictEqual((await rejected(barrier.wait(task), BrokenBarrierError)).code, 'RUNNER_EBROKEN')
  assert.strictEqual(barrier.reset(), undefined)
  assert.strictEqual(barrier.broken, false)
  waiter = task.spawn((child) => barrier.wait(child))
  assert.deepStrictEqual([await barrier.wait(task), await waiter].sort(), [0, 1])
}))

test('a_reset_breaks_the_wait_of_those_who_wait', () => virtual(async (task) => {
  const barrier = new Barrier(task, 2)
  const waiter = task.spawn((child) => barrier.wait(child))
  await turns(task, 1)
  barrier.reset()
  await rejected(task.until(waiter), BrokenBarrierError)
  assert.strictEqual(barrier.broken, false)
}))

test('a_cancelled_waiter_does_not_count', () => virtual(async (task) => {
  const barrier = new Barrier(task, 2)
  const waiter = task.spawn((child) => barrier.wait(child))
  await turns(task, 1)
  waiter.cancel()
  await rejected(task.until(waiter), CancelledError)
  assert.strictEqual(barrier.waiting, 0)
}))

test('a_barrier_needs_a_party', () => virtual(async (task) => {
  for (const parties of [0, -1, 2.5, NaN]) thrown(() => new Barrier(task, parties), RangeError)
  for (const parties of ['2', null, undefined]) thrown(() => new Barrier(task, parties), TypeError)
  assert.strictEqual(await new Barrier(task, 1).wait(task), 0)
}))

// The wait of the last one of a batch is done with the next turn: its outcome comes as an event.
test('the_place_comes_at_once_or_with_an_event', () => virtual(async (task) => {
  const barrier = new Barrier(task, 1)
  const children = [1, 2, 3].map(() => task.spawn((child) => barrier.wait(child)))
  for (const child of children) assert.strictEqual(await child, 0)
}))
