'use strict'

const assert = require('node:assert')
const { run, Event, StalledError, TimeoutError, CancelledError, InvalidStateError } = require('..')
const { test, virtual, rejected, turns } = require('./support/virtual')

test('an_event_wakes_all_in_the_order_of_their_coming', () => virtual(async (task, { note, lines }) => {
  const event = new Event(task)
  await task.group(async (group) => {
    for (const name of ['first', 'second']) {
      group.spawn(async (child) => { await event.wait(child); note(`${name} goes on`) })
    }
    await task.sleep(10)
    assert.strictEqual(event.isSet, false)
    assert.strictEqual(event.set(), undefined)
    assert.strictEqual(event.isSet, true)
    note('set')
  })
  assert.deepStrictEqual(lines, ['10 set', '10 first goes on', '10 second goes on'])
}))

test('a_set_event_is_not_waited_for_until_it_is_cleared', () => virtual(async (task) => {
  const event = new Event(task)
  event.set()
  event.set()
  const other = task.spawn(() => 1)
  assert.strictEqual(await event.wait(task), undefined)
  assert.strictEqual(other.done, false) // no turn has passed
  assert.strictEqual(event.clear(), undefined)
  await rejected(task.timeout(10, () => event.wait(task)), TimeoutError)
}))

test('who_was_woken_goes_on_though_the_event_was_cleared', () => virtual(async (task) => {
  const event = new Event(task)
  const waiter = task.spawn(async (child) => { await event.wait(child); return 3 })
  await turns(task, 1)
  event.set()
  event.clear()
  assert.strictEqual(await waiter, 3)
}))

test('a_cancelled_waiter_is_told_and_the_others_wait_on', () => virtual(async (task) => {
  const event = new Event(task)
  const [first, second] = [1, 2].map((n) => task.spawn(async (child) => { await event.wait(child); return n }))
  await turns(task, 1)
  first.cancel()
  await turns(task, 2)
  assert.strictEqual(first.cancelled, true)
  assert.strictEqual(second.done, false)
  event.set()
  assert.strictEqual(await second, 2)
}))

test('a_cancel_that_comes_after_the_set_wins', () => virtual(async (task) => {
  const event = new Event(task)
  const waiter = task.spawn((child) => event.wait(child))
  await turns(task, 1)
  event.set()
  waiter.cancel()
  await rejected(task.until(waiter), CancelledError)
}))

test('a_callback_sets_but_no_task_waits_in_it', () => virtual(async (task, { loop }) => {
  const event = new Event(loop)
  let refused
  loop.callSoon(() => {
    refused = rejected(event.wait(task), InvalidStateError) // the task waits already
    event.set()
  })
  await event.wait(task)
  assert.strictEqual((await refused).code, 'RUNNER_EPARKED')
}))

test('nobody_sets_it', async () => {
  const options = { loopFactory: require('..').testLoop, exceptionHandler: () => {} }
  const error = await rejected(run((task) => new Event(task).wait(task), options), StalledError)
  assert.strictEqual(error.tasks[0].waits, 'event')
})

test('what_comes_from_elsewhere_sets_it', () => run(async (task) => {
  const event = new Event(task)
  setTimeout(() => event.set(), 5)
  await event.wait(task)
}))
