'use strict'

// One run: its value, its error, what it leaves.

const assert = require('node:assert')
const { run, Runner, testLoop, CancelledError, RunningError, RunnerError, isCancel } = require('..')
const { test, virtual, withRunner, rejected, turns, immediate, untilCancelled, deferred } = require('./support/virtual')

test('R025_R026_R027_the_value_of_the_function_comes_out', async () => {
  const value = {
    get then() { return undefined },
    toString() { assert.fail('the value was looked at') }
  }
  assert.strictEqual(await run(() => value), value)
  assert.strictEqual(await run(async () => value), value)
  assert.strictEqual(await run(async (task) => { await task.yield(); return value }), value)
  for (const simple of [undefined, null, 0, '', false, NaN, 5n, Symbol.iterator]) {
    assert.ok(Object.is(await run(() => simple), simple))
    assert.ok(Object.is(await run(async () => simple), simple))
  }
})

test('R026_the_very_error_comes_out', async () => {
  for (const error of [new Error('mine'), Object.freeze(new Error('frozen')), 'a text', undefined, null, 0]) {
    assert.strictEqual(await run(() => { throw error }).catch((it) => [it]).then(([it]) => it), error)
    assert.strictEqual(await run(async () => { throw error }).catch((it) => [it]).then(([it]) => it), error)
    const late = run(async (task) => { await task.yield(); throw error })
    assert.strictEqual(await late.catch((it) => [it]).then(([it]) => it), error)
  }
})

test('R026_the_stack_of_the_error_is_that_of_the_program', async () => {
  const error = await rejected(run(async (task) => {
    await task.yield()
    throw new Error('mine')
  }), Error)
  assert.ok(error.stack.includes('run.test.js'))
})

test('the_function_is_given_its_task', async () => {
  await run((task) => {
    assert.strictEqual(task.id, 1)
    assert.strictEqual(task.name, 'Task-1')
    assert.strictEqual(task.done, false)
  })
  await run((task) => assert.strictEqual(task.name, 'main'), { name: 'main' })
})

test('R017_a_thenable_that_main_returns_is_followed', async () => {
  const thenable = { then: (resolve) => setImmediate(resolve, 5) }
  assert.strictEqual(await run(() => thenable), 5)
  const broken = { then() { throw new TypeError('mine') } }
  assert.strictEqual((await rejected(run(() => broken), TypeError)).message, 'mine')
})

test('R017_a_task_that_main_returns_is_followed', async () => {
  assert.strictEqual(await virtual((task) => task.spawn(async (child) => { await child.sleep(1000); return 7 })), 7)
  const error = new Error('mine')
  await rejected(virtual(async (task) => task.spawn(() => { throw error })), error)
})

test('a_main_that_returns_itself_fails_and_does_not_hang', async () => {
  await rejected(virtual((task) => task), Error)
})

test('R015_what_is_no_function_is_refused_as_a_rejection', async () => {
  for (const body of [undefined, null, 5, 'text', {}, Promise.resolve()]) {
    const error = await rejected(run(body), TypeError)
    assert.strictEqual(error.code, 'ERR_INVALID_ARG_TYPE')
    const runner = new Runner()
    await rejected(runner.run(body), TypeError)
    await runner.close()
    assert.strictEqual(runner.closed, false)
  }
})

test('R015_R018_bad_options_are_refused_and_main_is_not_called', async () => {
  const main = () => assert.fail('main was called')
  const wrong = [5, 'text', { unknown: 1 }, { name: 5 }, { name: 'a\0b' }, { context: 5 }, { signal: 5 }, { signal: {} }]
  for (const options of wrong) {
    const error = await rejected(run(main, options), Error)
    assert.match(error.code, /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/)
    await withRunner(async (runner) => {
      await rejected(runner.run(main, options), Error)
      assert.strictEqual(await runner.run(() => 1), 1)
    })
  }
})

test('run_returns_before_main_is_called', async () => {
  let called = false
  const promise = run(() => { called = true })
  assert.strictEqual(called, false)
  await promise
  assert.strictEqual(called, true)
})

test('R029_a_main_that_says_so_counts_as_cancelled', async () => {
  const error = new CancelledError('mine')
  await rejected(run(() => { throw error }), error)
  await rejected(run(async (task) => { await task.yield(); throw error }), error)
})

test('R013_R014_run_closes_its_runner_whatever_happens', async () => {
  let cleaned = 0
  const child = async (task) => untilCancelled(task, () => { cleaned++ })
  const error = new Error('mine')
  for (let i = 0; i < 10; i++) {
    assert.strictEqual(await virtual(async (task) => { task.spawn(child); await task.yield(); return 7 }), 7)
    await rejected(virtual(async (task) => { task.spawn(child); await task.yield(); throw error }), error)
  }
  assert.strictEqual(cleaned, 20)
})

test('R013_a_run_is_over_when_its_close_is', async () => {
  const log = []
  await run(async (task) => {
    task.spawn((child) => untilCancelled(child, async () => {
      await child.sleep(1000)
      log.push('cleaned')
    }))
    await task.yield()
  }, { loopFactory: testLoop })
  assert.deepStrictEqual(log, ['cleaned'])
})

test('R035_R036_what_is_ready_when_main_ends_runs_once_more', async () => {
  const log = []
  await withRunner(async (runner) => {
    await runner.run((task) => {
      task.spawn((child) => {
        log.push('child')
        child.spawn(() => log.push('grandchild'))
      })
      runner.loop.callSoon(() => log.push('soon'))
      runner.loop.callLater(1, () => log.push('timer'))
    })
    assert.deepStrictEqual(log, ['child', 'soon'])
  })
  assert.deepStrictEqual(log, ['child', 'soon'])
})

test('R028_a_run_after_a_failed_one_is_a_new_one', async () => {
  await withRunner(async (runner) => {
    await rejected(runner.run(() => { throw new Error('first') }), Error)
    await rejected(runner.run(async (task) => { task.cancel(); await task.yield() }), CancelledError)
    assert.strictEqual(await runner.run(() => 2), 2)
  })
})

test('R030_a_run_in_a_task_of_the_same_runner_is_refused_and_changes_nothing', async () => {
  await withRunner(async (runner) => {
    const value = await runner.run(async (task) => {
      const error = await rejected(runner.run(() => assert.fail('it ran')), RunningError)
      assert.strictEqual(error.code, 'RUNNER_ELOOP')
      await rejected(task.until(runner.run(() => assert.fail('it ran'))), RunningError)
      await task.spawn(async () => { await rejected(runner.run(() => assert.fail('it ran')), RunningError) })
      return task.spawn(async (child) => { await child.sleep(5); return 7 })
    })
    assert.strictEqual(value, 7)
    assert.strictEqual(await runner.run(() => 1), 1)
  })
})

test('R030_a_run_in_a_callback_of_the_same_runner_is_refused', async () => {
  await virtual(async (task, { runner, loop }) => {
    let refused
    loop.callSoon(() => { refused = rejected(runner.run(() => assert.fail('it ran')), RunningError) })
    await task.yield()
    await refused
  })
})

test('R030_a_second_run_from_elsewhere_meanwhile_is_refused', async () => {
  await withRunner(async (runner) => {
    const gate = deferred()
    const first = runner.run(async (task) => { await gate.promise; await task.sleep(5); return 1 })
    await rejected(runner.run(() => assert.fail('it ran')), RunningError)
    await immediate()
    await rejected(runner.run(() => assert.fail('it ran')), RunningError)
    gate.resolve()
    assert.strictEqual(await first, 1)
  })
})

test('R031_a_run_of_another_runner_may_be_awaited_in_a_task', async () => {
  const inner = () => virtual(async (task) => { await task.sleep(1000); return 7 })
  assert.strictEqual(await virtual((task) => task.until(inner())), 7)
  assert.strictEqual(await virtual(async (task) => {
    const value = await inner()
    await task.sleep(5)
    return value
  }), 7)
})

test('R033_stop_ends_the_run_and_leaves_main_where_it_is', async () => {
  const log = []
  await withRunner(async (runner) => {
    const error = await rejected(runner.run(async (task) => {
      runner.loop.stop()
      await task.yield()
      log.push('went on')
      await untilCancelled(task, () => log.push('cancelled'))
    }), RunnerError)
    assert.strictEqual(error.code, 'RUNNER_ESTOPPED')
    assert.deepStrictEqual(log, [])
    assert.strictEqual(await runner.run(async (task) => { await turns(task, 2); return 1 }), 1)
    assert.deepStrictEqual(log, ['went on'])
  })
  assert.deepStrictEqual(log, ['went on', 'cancelled'])
})

test('R034_tasks_that_are_left_go_on_in_the_next_run', async () => {
  await withRunner(async (runner) => {
    const left = await runner.run((task) => ({ left: task.spawn(async (child) => { await child.sleep(1000); return 5 }) }))
    assert.strictEqual(left.left.done, false)
    assert.strictEqual(await runner.run(async () => await left.left), 5)
  })
})

test('R043_the_error_of_main_goes_before_what_the_close_says', async () => {
  const error = new Error('mine')
  await rejected(run(async (task) => {
    task.spawn(async (child) => {
      for (;;) {
        try { await child.sleep(1000) } catch { /* it refuses */ }
      }
    })
    await task.yield()
    throw error
  }, { loopFactory: testLoop, cancelGrace: 10 }), error)
})

test('options_of_the_runner_and_of_the_run_are_given_together', async () => {
  const signal = AbortSignal.abort('why')
  const error = await rejected(run((task) => task.sleep(Infinity), { loopFactory: testLoop, debug: true, name: 'main', signal }), CancelledError)
  assert.strictEqual(error.reason, 'why')
  assert.ok(isCancel(error))
})

test('many_runs_side_by_side_do_not_mix', async () => {
  const values = await Promise.all(Array.from({ length: 20 }, (_, i) => virtual(async (task) => {
    const children = Array.from({ length: 10 }, (_, j) => task.spawn(async (child) => { await child.sleep(j % 3); return i }))
    let sum = 0
    for (const child of children) sum += await child
    return sum
  })))
  assert.deepStrictEqual(values, Array.from({ length: 20 }, (_, i) => i * 10))
})
