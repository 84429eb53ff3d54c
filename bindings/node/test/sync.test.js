'use strict'

// runSync: tasks that are generators, on a loop of their own.

const assert = require('node:assert')
const { test } = require('node:test')
const {
  run, runSync, nodeLoop, wait, Lock, Queue, CancelledError, InvalidStateError, ClosedError, RunningError
} = require('..')
const { virtual, turns, throws, sleeper } = require('./support/sync')
const { thrown } = require('./support/virtual')

test('the_value_and_the_very_error_come_out', () => {
  const error = new Error('mine')
  assert.strictEqual(runSync(function * () { return 3 }), 3)
  assert.strictEqual(runSync(function * (task) { yield task.sleep(1); return task.name }, { name: 'main' }), 'main')
  thrown(() => runSync(function * () { throw error }), error)
  thrown(() => runSync(function * (task) { yield task.yield(); throw error }), error)
  const promise = Promise.resolve(3)
  assert.strictEqual(runSync(function * () { return promise }), promise) // it is not waited for
})

test('it_blocks_for_as_long_as_it_says', () => {
  const begun = performance.now()
  runSync(function * (task) { yield task.sleep(20) })
  assert.ok(performance.now() - begun >= 19.9)
})

test('nothing_of_Node_happens_meanwhile', async () => {
  const seen = []
  setImmediate(() => seen.push('immediate'))
  process.nextTick(() => seen.push('tick'))
  Promise.resolve().then(() => seen.push('microtask'))
  runSync(function * (task) { yield task.sleep(5); seen.push('sync') })
  assert.deepStrictEqual(seen, ['sync'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepStrictEqual([...seen].sort(), ['immediate', 'microtask', 'sync', 'tick'])
})

test('it_runs_wherever_a_function_is_called', async () => {
  const main = function * (task) { yield task.sleep(1); return yield task.spawn(function * () { return 3 }) }
  await Promise.resolve()
  assert.strictEqual(runSync(main), 3)
  for (const later of [queueMicrotask, process.nextTick, setImmediate, setTimeout]) {
    assert.strictEqual(await new Promise((resolve) => later(() => resolve(runSync(main)))), 3)
  }
  assert.strictEqual(await run(() => runSync(main)), 3) // its tasks stand still meanwhile
  assert.strictEqual(await run(async (task) => { await task.sleep(1); return runSync(main) }), 3)
})

test('tasks_take_turns', () => virtual(function * (task, { note, lines }) {
  const walk = (name, ms) => function * (child) {
    for (let i = 0; i < 2; i++) {
      yield child.sleep(ms)
      note(name)
    }
    return name
  }
  const [slow, fast] = [task.spawn(walk('slow', 10)), task.spawn(walk('fast', 6), { name: 'fast' })]
  assert.strictEqual(fast.name, 'fast')
  assert.strictEqual(yield slow, 'slow')
  assert.strictEqual(yield fast, 'fast') // it is done: no turn passes
  assert.strictEqual(yield task.until(fast), 'fast')
  assert.deepStrictEqual(lines, ['6 fast', '10 slow', '12 fast', '20 slow'])
}))

test('the_failure_of_a_child_is_thrown_where_it_is_yielded', () => virtual(function * (task) {
  const error = new Error('mine')
  const failing = () => task.spawn(function * (child) { yield child.yield(); throw error })
  yield throws(function * () { yield failing() }, error)
  const done = failing()
  yield turns(task, 3)
  yield throws(function * () { yield done }, error)
  assert.strictEqual(failing().done, false) // nobody asks for it: it is reported
}, { exceptionHandler: ({ error }) => assert.strictEqual(error.message, 'mine') }))

test('a_failure_that_nobody_has_asked_for_is_reported', () => {
  const reported = []
  virtual(function * (task) {
    task.spawn(function * () { throw new Error('mine') })
    yield turns(task, 2)
  }, { exceptionHandler: (context) => reported.push(context) })
  assert.deepStrictEqual(reported.map(({ error }) => error.message), ['mine'])
})

test('generators_may_be_yielded_and_waits_delegated_to', () => virtual(function * (task) {
  function * inner(value) {
    yield task.sleep(1)
    if (value === undefined) throw new Error('inner')
    return value
  }
  assert.strictEqual(yield inner(3), 3)
  assert.strictEqual(yield * inner(4), 4)
  assert.strictEqual((yield throws(() => inner(), Error)).message, 'inner')
  const queue = new Queue(task)
  queue.putNowait('item')
  assert.strictEqual(yield * queue.get(task), 'item')
  assert.strictEqual(yield * task.sleep(1), undefined)
  assert.strictEqual(yield task.until(5), 5)
}))

// ---- what is refused ----

const HOW = /its functions are generators, `function \* \(task\) \{…\}`, with `yield` in the place of `await`/

test('functions_have_to_be_generators', () => {
  for (const no of [async () => {}, async function * () {}, () => 3, () => Promise.resolve(3), async (task) => { await task.sleep(1) }]) {
    assert.match(thrown(() => runSync(no), TypeError).message, HOW)
    virtual(function * (task) {
      assert.match((yield throws(function * () { yield task.spawn(no) }, TypeError)).message, HOW)
      const error = yield throws(() => task.group(function * (group) { group.spawn(no) }), Error)
      assert.match((error.errors?.[0] ?? error).message, HOW)
    })
  }
  for (const no of [undefined, 3, {}, (function * () {})()]) {
    assert.match(thrown(() => runSync(no), TypeError).message, /^the main function must be a function/)
  }
  assert.strictEqual(runSync((function * () { return this }).bind(3)), 3)
  assert.strictEqual(runSync((task) => (function * () { yield task.yield(); return 4 })()), 4)
})

test('promises_and_thenables_cannot_be_yielded', () => virtual(function * (task) {
  for (const no of [Promise.resolve(3), { then() {} }, (async () => {})()]) {
    for (const use of [() => no, () => task.until(no), () => task.shield(no),
      () => task.timeout(1, () => no), () => new Lock(task).with(task, () => no)]) {
      assert.match((yield throws(function * () { yield use() }, TypeError)).message, HOW)
    }
  }
  for (const no of [undefined, null, 3, 'text', {}, [], function * () {}]) {
    const error = yield throws(function * () { yield no }, TypeError)
    assert.match(error.message, /^what is yielded must be a wait of the task such as/)
  }
  yield task.sleep(1) // it goes on
}))

test('a_wait_has_to_be_yielded', () => virtual(function * (task) {
  const forgotten = task.sleep(5)
  const error = yield throws(function * () { yield task.sleep(1) }, InvalidStateError)
  assert.match(error.message, /^Task-1 already waits for something/)
  yield forgotten
  const child = task.spawn(function * (own) { return yield own.sleep(1) })
  yield throws(function * () { yield child.sleep(1) }, InvalidStateError)
  yield child
  let others
  const other = task.spawn(function * (own) { others = own.sleep(5); yield others })
  yield turns(task, 1)
  yield throws(function * () { yield others }, InvalidStateError)
  yield other
  yield throws(function * () { yield task.until(task) }, InvalidStateError)
}))

test('a_task_that_leaves_a_wait_alone_ends_with_it', () => virtual(function * (task, { now }) {
  const child = task.spawn(function * (own) { own.sleep(10); return 3 })
  assert.strictEqual(yield child, 3)
  assert.strictEqual(now(), 10)
  assert.strictEqual(yield task.timeout(50, function * () { task.sleep(10); return 4 }), 4)
  assert.strictEqual(now(), 20)
  assert.strictEqual(yield task.group(function * () { task.sleep(10); return 5 }), 5)
  assert.strictEqual(now(), 30)
}))

test('R030_R031_it_cannot_be_called_in_itself', () => virtual(function * (task) {
  const error = thrown(() => runSync(function * () {}), RunningError)
  assert.match(error.message, /^runSync is called inside of runSync/)
  yield task.yield()
}))

test('what_is_over_refuses', () => {
  let task, lock
  runSync(function * (main) { task = main; lock = new Lock(main) })
  for (const use of [() => task.sleep(1), () => task.spawn(function * () {}), () => lock.acquire(task), () => lock.locked]) {
    thrown(use, ClosedError)
  }
  assert.strictEqual(task.done, true)
})

test('options_are_those_of_a_runner_and_of_a_run', () => {
  thrown(() => runSync(function * () {}, { nonsense: 1 }), TypeError)
  thrown(() => runSync(function * () {}, 3), TypeError)
  assert.match(thrown(() => runSync(function * () {}, { loopFactory: nodeLoop }), TypeError).message, /Node's loop stands still/)
  const aborted = new AbortController()
  aborted.abort('enough')
  assert.strictEqual(thrown(() => runSync(sleeper, { signal: aborted.signal }), CancelledError).reason, 'enough')
  thrown(() => runSync(function * (task) {
    task.spawn(function * () {})
    task.spawn(function * () {})
  }, { maxTasks: 2 }), Error)
  assert.strictEqual(runSync(function * (task) { return task._engine.debug }, { debug: true }), true)
})
