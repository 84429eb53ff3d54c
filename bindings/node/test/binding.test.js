'use strict'

// To which runner an event belongs, and with it a lock and all their like.

const assert = require('node:assert')
const { Event, Lock, Condition, Semaphore, Barrier, Queue, ClosedError, ForeignError } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate } = require('./support/virtual')

// How it is made, its waits, what never waits, and what only looks.
const KINDS = [
  [Event, (of) => new Event(of), ['wait'], ['set', 'clear'], ['isSet']],
  [Lock, (of) => new Lock(of), ['acquire', 'with'], ['release'], ['locked']],
  [Condition, (of) => new Condition(of), ['wait', 'acquire', 'with'], ['notify', 'notifyAll', 'release'], ['locked']],
  [Semaphore, (of) => new Semaphore(of), ['acquire', 'with'], ['release'], ['locked', 'value']],
  [Barrier, (of) => new Barrier(of, 2), ['wait'], ['reset', 'abort'], ['waiting', 'broken']],
  [Queue, (of) => new Queue(of), ['put', 'get', 'join'], ['putNowait', 'getNowait', 'taskDone', 'shutdown'],
    ['size', 'empty']]
]

const body = () => assert.fail('it was called')

for (const [{ name }, make, waits, tells, looks] of KINDS) {
  test(`it_is_made_for_a_runner: ${name}`, () => withRunner(async (runner) => {
    const [task] = await runner.run((main) => [main])
    for (const of of [runner, runner.loop, task, runner.loop.createFuture()]) {
      for (const look of looks) assert.ok([false, true, 0, 1].includes(make(of)[look]))
    }
    for (const of of [undefined, null, 3, {}, 'task', runner.run]) {
      assert.match(thrown(() => make(of), TypeError).message, /^of must be the task, runner or loop that it is for/)
    }
    assert.strictEqual(String(make(runner)), `[object ${name}]`)
  }))

  test(`what_waits_takes_the_task_that_waits: ${name}`, () => virtual(async (task) => {
    const made = make(task)
    for (const method of waits) {
      for (const no of [undefined, null, {}, 3, task._engine.runner]) {
        const error = await rejected(made[method](no, body), TypeError)
        assert.match(error.message, /^task must be the task that waits, not /)
        assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE')
      }
    }
  }))

  test(`a_task_of_another_runner_may_not_wait_for_it: ${name}`, () => withRunner((runner) => virtual(async (task) => {
    const made = make(runner)
    for (const method of waits) await rejected(made[method](task, body), ForeignError)
  })))

  test(`R008_after_the_close_it_refuses: ${name}`, async () => {
    const [made, task] = await virtual((own) => [make(own), own])
    for (const method of tells) thrown(() => made[method](), ClosedError)
    for (const look of looks) thrown(() => made[look], ClosedError)
    for (const method of waits) await rejected(made[method](task, body), ClosedError)
    thrown(() => make(task), ClosedError)
  })

  test(`forgotten_ones_are_released: ${name}`, () => virtual(async (task) => {
    const { runner_host_count: count } = require('../lib/native')
    const { core } = task._engine
    const before = count(core)
    for (let i = 0; i < 500; i++) make(task)
    assert.ok(count(core) - before >= 500)
    for (let tries = 0; count(core) - before >= 500 && tries < 20; tries++) {
      global.gc()
      await immediate()
      await task.yield()
    }
    assert.ok(count(core) - before < 500)
  }))
}

test('they_outlive_the_run_that_made_them', () => withRunner(async (runner) => {
  const lock = new Lock(runner)
  const queue = new Queue(runner, { maxSize: 1 })
  await runner.run(async (task) => { await queue.put(task, 'first run'); await lock.acquire(task) })
  assert.deepStrictEqual([lock.locked, queue.size], [true, 1]) // nothing runs: anybody may look
  await runner.run(async (task) => {
    assert.strictEqual(lock.locked, true)
    assert.strictEqual(await queue.get(task), 'first run')
    lock.release()
  })
}))

test('what_is_done_between_two_runs_is_seen_by_the_next', () => withRunner(async (runner) => {
  const event = new Event(runner)
  let waiter
  await runner.run(async (task) => {
    waiter = task.spawn(async (child) => { await event.wait(child); return 3 })
    await turns(task, 1)
  })
  event.set()
  await immediate()
  assert.strictEqual(waiter.done, false)
  assert.strictEqual(await runner.run((task) => task.until(waiter)), 3)
}))

test('who_waits_keeps_what_it_waits_for', () => virtual(async (task) => {
  const waiter = task.spawn((child) => new Event(child).wait(child))
  await turns(task, 1)
  global.gc()
  await immediate()
  await turns(task, 2)
  assert.strictEqual(waiter.done, false)
  waiter.cancel()
}))
