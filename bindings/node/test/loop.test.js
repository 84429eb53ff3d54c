'use strict'

// The loop: callbacks, timers, the clock, loop factories, holds.

const assert = require('node:assert')
const { run, Runner, Loop, Timer, nodeLoop, testLoop, ClosedError, RunnerError, StalledError, CancelledError } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate, real, deferred } = require('./support/virtual')

test('R190_R064_callbacks_are_called_in_order', async () => {
  const log = []
  await withRunner(async (runner) => {
    runner.loop.callSoon(() => log.push(0)) // before the run
    await runner.run(async (task) => {
      const { loop } = runner
      for (const i of [1, 2, 3]) loop.callSoon(() => log.push(i))
      loop.callSoon(() => loop.callSoon(() => log.push(4)))
      await task.sleep(1)
    })
  })
  assert.deepStrictEqual(log, [0, 1, 2, 3, 4])
})

test('R195_a_callback_comes_before_a_task_that_yields_after_it', async () => {
  for (const pause of [(task) => task.yield(), (task) => task.sleep(0)]) {
    await virtual(async (task, { loop, note, lines }) => {
      loop.callSoon(() => note('callback'))
      await pause(task)
      note('task')
      assert.deepStrictEqual(lines, ['0 callback', '0 task'])
    })
  }
})

test('R192_R193_timers_are_called_in_the_order_of_their_times', async () => {
  await virtual(async (task, { loop, note, lines }) => {
    loop.callLater(20, () => note('20a'))
    loop.callLater(10, () => note('10'))
    loop.callLater(20, () => note('20b'))
    loop.callAt(loop.time() + 15, () => note('at 15'))
    loop.callLater(25.5, () => note('25.5'))
    await task.sleep(30)
    assert.deepStrictEqual(lines, ['10 10', '15 at 15', '20 20a', '20 20b', '25.5 25.5'])
  })
})

test('R192_a_time_that_has_passed_is_due_and_keeps_its_order', async () => {
  const log = []
  await virtual(async (task, { loop }) => {
    for (const delay of [-100, -200, 0, -300, -250]) loop.callLater(delay, () => log.push(delay))
    await task.sleep(2)
  })
  assert.deepStrictEqual(log, [-300, -250, -200, -100, 0])
})

test('R196_a_timer_that_is_taken_back_is_not_called', async () => {
  await virtual(async (task, { loop }) => {
    for (let i = 0; i < 1000; i++) {
      const timer = loop.callLater(3_600_000, () => assert.fail('it was called'))
      assert.ok(timer instanceof Timer)
      assert.strictEqual(timer.cancelled, false)
      assert.strictEqual(timer.cancel(), true)
      assert.strictEqual(timer.cancelled, true)
      assert.strictEqual(timer.cancel(), false)
    }
    let inside
    const timer = loop.callLater(0, () => { inside = timer.cancel() })
    await task.sleep(1)
    assert.deepStrictEqual([inside, timer.cancel(), timer.cancelled], [false, false, false])
  })
})

test('R197_a_timer_may_be_far_away', async () => {
  const year = 365 * 24 * 3_600_000
  await virtual(async (task, { loop }) => {
    const called = []
    loop.callLater(100 * year, () => called.push(100))
    loop.callLater(Infinity, () => assert.fail('it was called'))
    loop.callAt(1e300, () => assert.fail('it was called'))
    await task.sleep(101 * year)
    assert.deepStrictEqual(called, [100])
  })
})

test('R191_callbacks_without_an_end_do_not_keep_timers_away', async () => {
  const runner = new Runner()
  await runner.run(async (task) => {
    let stop = false
    const again = () => { if (!stop) runner.loop.callSoon(again) }
    again()
    await task.sleep(1)
    await real(1)
    stop = true
  })
  await runner.close()
})

test('R036_R098_what_is_scheduled_at_the_close_is_dropped', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const timers = []
  const never = () => assert.fail('it was called')
  await runner.run(() => { timers.push(runner.loop.callLater(3_600_000, never)) })
  timers.push(runner.loop.callLater(3_600_000, never))
  await runner.close()
  for (const timer of timers) assert.strictEqual(timer.cancel(), false)
})

test('R002_R003_R074_the_loop_is_the_same_at_all_times', async () => {
  await withRunner(async (runner) => {
    const { loop } = runner
    assert.ok(loop instanceof Loop)
    assert.strictEqual(runner.loop, loop)
    assert.strictEqual((await runner.run(() => [runner.loop]))[0], loop)
    assert.strictEqual(runner.loop, loop)
  })
})

test('R008_R099_a_closed_runner_has_no_loop', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const { loop } = runner
  await runner.close()
  thrown(() => runner.loop, ClosedError)
  const never = () => assert.fail('it was called')
  for (const use of [() => loop.callSoon(never), () => loop.callLater(0, never), () => loop.callAt(0, never), () => loop.createFuture(),
    () => loop.hold(), () => loop.stop(), () => loop.time()]) thrown(use, ClosedError)
})

test('stop_needs_a_run', async () => {
  await withRunner((runner) => { thrown(() => runner.loop.stop(), RunnerError) })
})

test('R072_callbacks_have_to_be_functions_and_times_numbers', async () => {
  await withRunner(async ({ loop }) => {
    for (const callback of [undefined, null, 1, 'text', {}]) {
      thrown(() => loop.callSoon(callback), TypeError)
      thrown(() => loop.callLater(0, callback), TypeError)
      thrown(() => loop.callAt(0, callback), TypeError)
    }
    const never = () => assert.fail('it was called')
    for (const time of ['1', {}, true, 1n]) {
      thrown(() => loop.callLater(time, never), TypeError)
      thrown(() => loop.callAt(time, never), TypeError)
    }
    thrown(() => loop.callLater(NaN, never), RangeError)
    thrown(() => loop.callAt(NaN, never), RangeError)
    assert.strictEqual(typeof loop.time(), 'number')
  })
})

test('the_virtual_clock_stands_still_while_anything_is_ready', async () => {
  await virtual(async (task, { now }) => {
    await turns(task, 100)
    assert.strictEqual(now(), 0)
    await task.sleep(24 * 3_600_000)
    assert.strictEqual(now(), 24 * 3_600_000)
  })
})

test('the_virtual_clock_stands_still_for_microtasks', async () => {
  await virtual(async (task, { loop, now }) => {
    const seen = []
    const child = task.spawn((me) => me.sleep(10))
    child.then(async () => {
      for (let i = 0; i < 20; i++) await null
      seen.push(now())
      loop.callLater(5, () => seen.push(now()))
    })
    await task.sleep(20)
    assert.deepStrictEqual(seen, [10, 15])
  })
})

test('the_virtual_clock_does_not_move_between_runs', async () => {
  await withRunner(async (runner) => {
    await runner.run((task) => task.sleep(10))
    const before = runner.loop.time()
    await real(2)
    assert.strictEqual(runner.loop.time(), before)
    await runner.run((task) => { assert.strictEqual(runner.loop.time(), before); return task.sleep(10) })
    assert.strictEqual(runner.loop.time(), before + 10)
  })
})

test('the_real_clock_goes_on', async () => {
  const runner = new Runner()
  const before = runner.loop.time()
  await runner.run((task) => task.sleep(5))
  assert.ok(runner.loop.time() >= before + 5)
  await runner.close()
})

test('kinds_of_loops', async () => {
  assert.deepStrictEqual([nodeLoop().kind, testLoop().kind], ['node', 'test'])
  for (const [loopFactory, kind] of [[nodeLoop, 'node'], [testLoop, 'test'], [undefined, 'node']]) {
    const runner = new Runner({ loopFactory })
    assert.strictEqual(runner.loop.kind, kind)
    await runner.close()
  }
})

test('a_callback_spawns_and_settles', async () => {
  await virtual(async (task, { loop, note, lines }) => {
    const future = loop.createFuture()
    loop.callSoon(() => {
      task.spawn(() => note('task'))
      loop.callLater(10, () => future.resolve(1))
    })
    assert.strictEqual(await future, 1)
    assert.deepStrictEqual(lines, ['0 task'])
  })
})

test('an_async_callback_is_called_and_its_promise_is_its_own', async () => {
  await virtual(async (task, { loop }) => {
    const log = []
    const gate = deferred()
    loop.callSoon(async () => { log.push('begun'); await gate.promise; log.push('over') })
    await task.yield()
    assert.deepStrictEqual(log, ['begun'])
    gate.resolve()
    await task.until(immediate())
    assert.deepStrictEqual(log, ['begun', 'over'])
  })
})

// ---- deadlocks and holds --------------------------------------------------------------------------

test('a_deadlock_is_found_under_the_virtual_clock', async () => {
  await withRunner(async (runner) => {
    const error = await rejected(runner.run((task) => task.until(runner.loop.createFuture()), { name: 'main' }), StalledError)
    assert.deepStrictEqual(error.tasks, [{ id: 1, name: 'main', waits: 'future' }])
    assert.match(error.message, /main \(waits for future\)/)
    await rejected(runner.run((task) => task.sleep(Infinity)), StalledError)
    assert.strictEqual(await runner.run(() => 1), 1)
  })
})

test('the_main_of_a_deadlock_is_left_and_cancelled_by_the_close', async () => {
  const log = []
  await withRunner(async (runner) => {
    await rejected(runner.run((task) => task.sleep(Infinity).catch((error) => { log.push(error.name); throw error })), StalledError)
    assert.deepStrictEqual(log, [])
  })
  assert.deepStrictEqual(log, ['CancelledError'])
})

test('a_hold_says_that_something_else_will_wake_a_task', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    const release = loop.hold()
    setTimeout(() => {
      future.resolve(7)
      release()
      release() // does nothing
    }, 2)
    assert.strictEqual(await task.until(future), 7)
    assert.strictEqual(await task.spawn(() => 1), 1)
  })
})

test('a_hold_that_ends_without_anything_is_a_deadlock', async () => {
  await rejected(virtual(async (task, { loop }) => {
    const release = loop.hold()
    setTimeout(release, 2)
    await task.until(loop.createFuture())
  }), StalledError)
})

test('without_deadlock_nothing_is_said', async () => {
  await virtual(async (task, { loop }) => {
    const future = loop.createFuture()
    setTimeout(() => future.resolve(7), 2)
    assert.strictEqual(await task.until(future), 7)
  }, { deadlock: false })
})

// ---- factories ------------------------------------------------------------------------------------

test('R074_the_factory_is_called_once_and_not_before_the_first_use', async () => {
  let called = 0
  await withRunner(async (runner) => {
    assert.strictEqual(called, 0)
    await runner.run(() => {})
    await runner.run(() => {})
    assert.strictEqual(runner.loop.kind, 'test')
    assert.strictEqual(called, 1)
  }, { loopFactory: (...given) => { assert.deepStrictEqual(given, []); called++; return testLoop() } })
})

test('R004_without_a_use_it_is_never_called', async () => {
  await withRunner(() => {}, { loopFactory: () => assert.fail('it was called') })
})

test('R020_R076_if_the_factory_fails_all_is_as_it_was', async () => {
  const error = new Error('mine')
  let attempts = 0
  await withRunner(async (runner) => {
    await rejected(runner.run(() => assert.fail('it ran')), error)
    thrown(() => runner.loop, error)
    await runner.close()
    assert.deepStrictEqual([runner.closed, runner.running], [false, false])
    await rejected(runner.run(() => assert.fail('it ran')), error)
    assert.strictEqual(await runner.run(() => 1), 1)
    assert.strictEqual(await runner.run(() => 2), 2)
    assert.strictEqual(attempts, 4)
  }, { loopFactory: () => { if (++attempts < 4) throw error; return testLoop() } })
})

test('a_factory_that_gives_no_loop_is_refused', async () => {
  for (const made of [undefined, null, 5, {}, { kind: 'test' }, Promise.resolve(testLoop())]) {
    await rejected(run(() => assert.fail('it ran'), { loopFactory: () => made }), TypeError)
  }
  for (const loopFactory of [null, 5, 'test', testLoop()]) thrown(() => new Runner({ loopFactory }), TypeError)
})

test('R013_the_error_of_a_factory_comes_out_of_the_short_form', async () => {
  const error = new Error('mine')
  await rejected(run(() => assert.fail('it ran'), { loopFactory: () => { throw error } }), error)
})

test('a_timer_that_cancels_a_task', async () => {
  await virtual(async (task, { loop, now }) => {
    const child = task.spawn((me) => me.sleep(Infinity))
    loop.callLater(10, () => child.cancel('timer'))
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'timer')
    assert.strictEqual(now(), 10)
  })
})

test('a_task_has_the_loop_of_its_runner', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  await runner.run(async (task) => {
    assert.strictEqual(task.loop, runner.loop)
    const future = task.loop.createFuture()
    task.loop.callLater(5, () => future.resolve(7))
    assert.strictEqual(await task.spawn((child) => child.until(future)), 7)
  })
  await runner.close()
})
