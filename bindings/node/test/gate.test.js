'use strict'

// Between two runs nothing of a runner runs: what is left waits for the next run or the close.

const assert = require('node:assert')
const { Runner, testLoop, CancelledError, AbandonedError, gather } = require('..')
const { test, withRunner, rejected, turns, immediate, real, deferred } = require('./support/virtual')

// Starts tasks in a run, and gives them.
const leave = (runner, ...bodies) => runner.run(async (task) => {
  const left = bodies.map((body) => task.spawn(body))
  await task.yield()
  return left
})

test('a_task_that_only_yields_stands_still', async () => {
  for (const loopFactory of [testLoop, undefined]) {
    const runner = new Runner({ loopFactory, exceptionHandler: () => {} })
    let steps = 0
    await leave(runner, async (task) => { for (;;) { await task.yield(); steps++ } })
    const before = steps
    await real(10)
    assert.strictEqual(steps, before)
    await runner.run((task) => turns(task, 3))
    assert.ok(steps > before)
    await runner.close()
  }
})

test('a_sleep_that_ends_between_two_runs_is_over_in_the_next', async () => {
  const runner = new Runner()
  let woken = false
  const [left] = await leave(runner, async (task) => { await task.sleep(1); woken = true })
  await real(10)
  assert.strictEqual(woken, false)
  await runner.run((task) => task.until(left))
  assert.strictEqual(woken, true)
  await runner.close()
})

test('callbacks_and_timers_stand_still', async () => {
  const runner = new Runner()
  const log = []
  await runner.run(() => { runner.loop.callLater(1, () => log.push('timer')) })
  runner.loop.callSoon(() => log.push('soon'))
  await real(10)
  assert.deepStrictEqual(log, [])
  await runner.run((task) => task.sleep(5))
  assert.deepStrictEqual(log.sort(), ['soon', 'timer'])
  await runner.close()
})

test('a_cancel_between_two_runs_is_delivered_in_the_next', async () => {
  await withRunner(async (runner) => {
    const log = []
    const [left] = await leave(runner, (task) => task.sleep(Infinity).catch((error) => { log.push(error.reason); throw error }))
    assert.strictEqual(left.cancel('between'), true)
    assert.strictEqual(left.cancelling, 1)
    await immediate()
    assert.deepStrictEqual([log, left.done], [[], false])
    await runner.run((task) => turns(task, 2))
    assert.deepStrictEqual([log, left.cancelled], [['between'], true])
  })
})

test('a_cancel_between_two_runs_of_one_that_has_not_begun', async () => {
  await withRunner(async (runner) => {
    const [task] = await runner.run((main) => [main])
    const child = task.spawn(() => assert.fail('it began'))
    child.cancel('early')
    await runner.run((main) => turns(main, 2))
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'early')
  })
})

test('a_future_that_is_settled_between_two_runs_wakes_in_the_next', async () => {
  await withRunner(async (runner) => {
    const future = runner.loop.createFuture()
    const log = []
    const [left] = await leave(runner, async () => { log.push(await future) })
    future.resolve('between')
    await immediate()
    assert.deepStrictEqual(log, [])
    await runner.run((task) => task.until(left))
    assert.deepStrictEqual(log, ['between'])
  })
})

test('a_promise_that_is_settled_between_two_runs_wakes_in_the_next', async () => {
  await withRunner(async (runner) => {
    const gates = [deferred(), deferred()]
    const log = []
    const left = await leave(runner, ...gates.map((gate) => async (task) => {
      log.push(await task.until(gate.promise).catch((error) => error.message))
    }))
    gates[0].resolve('value')
    gates[1].reject(new Error('error'))
    await real(2)
    assert.deepStrictEqual(log, [])
    await runner.run((task) => gather(task, left))
    assert.deepStrictEqual(log, ['value', 'error'])
  })
})

test('a_foreign_wait_that_ends_in_the_next_run', async () => {
  await withRunner(async (runner) => {
    const gate = deferred()
    const [left] = await leave(runner, (task) => task.until(gate.promise))
    setImmediate(() => gate.resolve(7))
    assert.strictEqual(await runner.run((task) => task.until(left)), 7)
  })
})

test('one_that_comes_back_calls_several_things_one_after_the_other', async () => {
  await withRunner(async (runner) => {
    const log = []
    const gate = deferred()
    const [left] = await leave(runner, async (task) => {
      await gate.promise
      log.push('back')
      await task.yield()
      await immediate()
      await task.sleep(1)
      log.push(await task.spawn(async (child) => { await child.sleep(1); return 'child' }))
    })
    gate.resolve()
    await real(2)
    assert.deepStrictEqual(log, ['back'])
    await runner.run((task) => task.until(left))
    assert.deepStrictEqual(log, ['back', 'child'])
  })
})

test('what_comes_back_keeps_its_order', async () => {
  await withRunner(async (runner) => {
    const log = []
    const gate = deferred()
    const left = await leave(runner, ...[1, 2, 3].map((i) => async (task) => {
      await gate.promise
      await task.yield()
      log.push(i)
    }))
    gate.resolve()
    await real(2)
    await runner.run((task) => gather(task, left))
    assert.deepStrictEqual(log, [1, 2, 3])
  })
})

test('R034_leftovers_of_several_runs', async () => {
  await withRunner(async (runner) => {
    const log = []
    for (let i = 0; i < 5; i++) await leave(runner, async (task) => { await task.sleep(10); log.push(i) })
    assert.deepStrictEqual(log, [])
    await runner.run((task) => task.sleep(20))
    assert.deepStrictEqual(log, [0, 1, 2, 3, 4])
  })
})

test('R034_a_leftover_is_awaited_by_the_next_main_in_every_way', async () => {
  const ways = [(task, left) => task.until(left), async (task, left) => await left, async (task, left) => (await gather(task, [left]))[0],
    (task, left) => task.shield(left), (task, left) => left, (task, left) => task.timeout(1000, () => left)]
  for (const way of ways) {
    await withRunner(async (runner) => {
      const [left] = await leave(runner, async (task) => { await task.sleep(10); return 7 })
      assert.strictEqual(await runner.run((task) => way(task, left)), 7, String(way))
    })
  }
})

test('a_leftover_is_observed_from_outside_across_runs', async () => {
  await withRunner(async (runner) => {
    const [left] = await leave(runner, async (task) => { await task.sleep(10); return 7 })
    const outside = left.then((value) => value + 1)
    await immediate()
    await runner.run((task) => task.sleep(20))
    assert.strictEqual(await outside, 8)
  })
})

test('R133_the_next_run_is_a_new_one_after_every_kind_of_end', async () => {
  await withRunner(async (runner) => {
    const ends = [() => 1, () => { throw new Error('mine') }, async (task) => { task.cancel(); await task.yield() },
      (task) => task.sleep(Infinity), async (task) => { runner.loop.stop(); await task.sleep(1) }, async (task) => { runner.interrupt(); await task.sleep(1) },
      async (task) => { await immediate(); return task.until(immediate()) }]
    for (const end of ends) {
      await runner.run(end).catch(() => {})
      assert.strictEqual(await runner.run(async (task) => { await task.sleep(1); return task.cancelling }), 0, String(end))
    }
  })
})

test('R079_leftovers_are_cancelled_by_the_close_whatever_they_wait_for', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const future = runner.loop.createFuture()
  const left = await leave(runner, (task) => task.sleep(Infinity), (task) => task.until(future), (task) => task.until(new Promise(() => {})),
    async () => await future, (task) => task.group((group) => { group.spawn((me) => me.sleep(1000)) }),
    (task) => gather(task, [task.spawn((me) => me.sleep(1000))]), (task) => task.shield(task.spawn((me) => me.sleep(1000))))
  await runner.close()
  assert.deepStrictEqual(left.map((it) => it.cancelled), left.map(() => true))
})

test('a_task_that_ends_while_nothing_runs_is_done_by_the_close', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const gate = deferred()
  const [left] = await leave(runner, async () => { await gate.promise; return 7 })
  gate.resolve()
  await real(2)
  await runner.close()
  assert.ok(left.done)
  assert.strictEqual(await left.then((value) => value, (error) => error instanceof CancelledError && 7), 7)
})

test('what_is_left_does_not_keep_the_process_alive', async () => {
  const { execFile } = require('node:child_process')
  const program = `
    const { Runner } = require(${JSON.stringify(require.resolve('..'))})
    const runner = new Runner()
    runner.run(async (task) => {
      task.spawn((child) => child.sleep(1e6))
      runner.loop.callLater(1e6, () => {})
      await task.sleep(1)
    }).then(() => console.log('over'))`
  const out = await new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', program], { timeout: 30_000 }, (error, text) => error ? reject(error) : resolve(text))
  })
  assert.strictEqual(out, 'over\n')
})

test('R019_a_runner_that_is_collected_without_a_close', async () => {
  const { execFile } = require('node:child_process')
  const program = `
    const { Runner, testLoop } = require(${JSON.stringify(require.resolve('..'))})
    const seen = []
    const registry = new FinalizationRegistry((name) => seen.push(name))
    async function forget(i) {
      const runner = new Runner(i % 2 ? { loopFactory: testLoop } : {})
      registry.register(runner, i)
      await runner.run(async (task) => {
        task.spawn((child) => child.sleep(1e6))
        runner.loop.callLater(1e6, () => {})
        runner.loop.createFuture()
        task.register(() => console.log('closed'))
        await task.yield()
      })
    }
    async function main() {
      for (let i = 0; i < 20; i++) await forget(i)
      for (let i = 0; i < 50 && seen.length < 15; i++) {
        gc()
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      console.log(seen.length >= 15 ? 'collected' : seen.length)
      const { run } = require(${JSON.stringify(require.resolve('..'))})
      console.log(await run(async (task) => { await task.sleep(1); return 'goes on' }))
    }
    main()`
  const out = await new Promise((resolve, reject) => {
    execFile(process.execPath, ['--expose-gc', '-e', program], { timeout: 60_000 }, (error, text, errors) => error ? reject(new Error(errors)) : resolve(text))
  })
  assert.strictEqual(out, 'collected\ngoes on\n')
})

test('a_given_up_task_never_goes_on', async () => {
  const log = []
  const runner = new Runner({ loopFactory: testLoop, cancelGrace: 10 })
  const [left] = await leave(runner, async (task) => {
    try {
      for (;;) await task.sleep(1000).catch(() => log.push('refused'))
    } finally {
      log.push('unwound')
    }
  })
  await rejected(runner.close(), Error)
  await real(2)
  assert.deepStrictEqual(log, ['refused'])
  await rejected(left, AbandonedError)
  assert.strictEqual(left.cancel(), false)
})
