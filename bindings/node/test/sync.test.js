'use strict'

// runSync: tasks that are generators, on a loop of their own.

const assert = require('node:assert')
const { test } = require('node:test')
const {
  run, runSync, Runner, testLoop, nodeLoop, gather, wait, Loop, Event, Lock, Condition, Semaphore, Barrier, Queue, ContextVar,
  CancelledError, TimeoutError, GroupError, InvalidStateError, StalledError, ClosedError, ForeignError, RunningError, QueueFullError
} = require('..')
const { thrown } = require('./support/virtual')

// On a virtual clock. What is reported is an error, unless the options have a handler of their own.
function virtual(main, options) {
  const reported = []
  const value = runSync(function * (task) {
    const loop = new Loop(task._engine)
    const begun = loop.time()
    const lines = []
    const now = () => Math.round(loop.time() - begun)
    return yield main(task, { loop, lines, now, note: (text) => { lines.push(`${now()} ${text}`) } })
  }, { loopFactory: testLoop, exceptionHandler: (context) => reported.push(context), ...options })
  assert.deepStrictEqual(reported, [])
  return value
}

function * turns(task, count) {
  for (let i = 0; i < count; i++) yield task.yield()
}

// What a generator, which waits, throws.
function * throws(steps, wanted) {
  try {
    yield steps()
  } catch (error) {
    return thrown(() => { throw error }, wanted)
  }
  assert.fail('nothing was thrown')
}

function * sleeper(task) {
  yield task.sleep(Infinity)
}

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
  assert.deepStrictEqual(seen, ['sync', 'tick', 'microtask', 'immediate'].sort((a, b) => seen.indexOf(a) - seen.indexOf(b)))
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

test('R018_it_cannot_be_called_in_itself', () => virtual(function * (task) {
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

test('nothing_of_it_is_left', () => {
  const held = () => process.getActiveResourcesInfo().length
  runSync(function * () {})
  const before = held()
  for (let i = 0; i < 50; i++) runSync(function * (task) { yield task.spawn(sleeper).cancel() ? task.yield() : null })
  assert.ok(held() <= before)
})
