'use strict'

// The life of a runner: made, run several times, closed.

const assert = require('node:assert')
const lib = require('..')
const {
  Runner, run, runMain, testLoop, nodeLoop, BusyError, ClosedError, RunningError, KeyboardInterrupt, CancelledError, TimeoutError, StalledError, RunnerError,
  AbandonedError, InvalidStateError
} = lib
const { test, virtual, withRunner, rejected, thrown, turns, untilCancelled, immediate, real } = require('./support/virtual')

test('R001_a_new_runner_makes_nothing', async () => {
  const runner = new Runner({ loopFactory: () => assert.fail('a loop was made') })
  assert.deepStrictEqual([runner.closed, runner.running, runner.report.length, runner.interrupt()], [false, false, 0, false])
  await runner.close()
})

test('R004_one_that_was_not_used_stays_usable_after_a_close', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  for (let i = 0; i < 2; i++) assert.strictEqual(await runner.close(), undefined)
  assert.strictEqual(runner.closed, false)
  assert.strictEqual(await runner.run(() => 1), 1)
  await runner.close()
  assert.strictEqual(runner.closed, true)
})

test('R002_asking_for_the_loop_is_a_use', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  assert.strictEqual(runner.loop.kind, 'test')
  await runner.close()
  assert.strictEqual(runner.closed, true)
})

test('R005_R006_R007_R008_R009_R099_a_closed_runner_refuses_everything', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const { loop } = runner
  const [task, child] = await runner.run((main) => [main, main.spawn(() => 1)])
  for (let i = 0; i < 2; i++) assert.strictEqual(await runner.close(), undefined)
  assert.deepStrictEqual([runner.closed, runner.running, runner.interrupt()], [true, false, false])
  const never = () => assert.fail('it was called')
  const error = await rejected(runner.run(never), ClosedError)
  assert.strictEqual(error.code, 'RUNNER_ECLOSED')
  thrown(() => runner.loop, ClosedError)
  for (const use of [() => loop.callSoon(never), () => loop.callLater(0, never), () => loop.createFuture(), () => task.spawn(never)]) thrown(use, ClosedError)
  assert.deepStrictEqual([child.done, child.cancel(), child.cancelling, child.uncancel()], [true, false, 0, 0])
})

test('R010_asyncDispose_is_close', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  await runner.run(() => {})
  assert.strictEqual(await runner[Symbol.asyncDispose](), undefined)
  assert.strictEqual(runner.closed, true)
  await runner[Symbol.asyncDispose]()
})

// Older ones do not know the syntax.
if (Number(process.versions.node.split('.')[0]) >= 24) {
  test('R010_await_using', async () => {
    const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
    const body = new AsyncFunction('make', 'await using runner = make(); await runner.run((task) => task.sleep(1)); return [runner]')
    const [runner] = await body(() => new Runner({ loopFactory: testLoop }))
    assert.strictEqual(runner.closed, true)
  })
}

test('R012_a_close_that_fails_has_closed_all_the_same', async () => {
  const runner = new Runner({ loopFactory: testLoop, cancelGrace: 10 })
  const [left] = await runner.run(async (task) => {
    const child = task.spawn(async (me) => { for (;;) await me.sleep(1000).catch(() => {}) })
    await task.yield()
    return [child]
  })
  await rejected(runner.close(), TimeoutError)
  assert.strictEqual(runner.closed, true)
  thrown(() => left.result(), AbandonedError)
  assert.strictEqual(await runner.close(), undefined)
})

test('R085_a_close_that_nothing_can_end', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const [left] = await runner.run(async (task) => {
    const child = task.spawn((me) => me.sleep(Infinity).catch(() => me.sleep(Infinity)))
    await task.yield()
    return [child]
  })
  await rejected(runner.close(), StalledError)
  assert.strictEqual(runner.closed, true)
  thrown(() => left.result(), AbandonedError)
})

test('R021_R053_a_close_that_is_refused_changes_nothing', async () => {
  await withRunner(async (runner) => {
    const running = runner.run(async (task) => {
      const child = task.spawn(async (me) => { await me.sleep(10); return 1 })
      await rejected(runner.close(), RunningError)
      const refused = []
      runner.loop.callSoon(() => refused.push(rejected(runner.close(), RunningError)))
      await task.yield()
      await task.until(Promise.all(refused))
      assert.strictEqual(task.cancelling, 0)
      return child
    })
    await rejected(runner.close(), RunningError)
    assert.strictEqual(runner.running, true)
    assert.strictEqual(await running, 1)
    assert.deepStrictEqual([runner.closed, runner.running], [false, false])
  })
})

test('R046_R053_while_it_is_being_closed_it_is_busy', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const errors = []
  await runner.run(async (task) => {
    task.spawn((me) => untilCancelled(me, async () => {
      for (const use of [() => runner.close(), () => runner.run(() => 1)]) errors.push(await use().catch((error) => error))
    }))
    await task.yield()
  })
  const closing = runner.close()
  await rejected(runner.close(), BusyError)
  await rejected(runner.run(() => 1), BusyError)
  assert.strictEqual(runner.running, true)
  await closing
  assert.deepStrictEqual(errors.map((error) => error instanceof BusyError), [true, true])
})

test('R048_runners_are_used_by_turns_and_at_once', async () => {
  const runners = [nodeLoop, testLoop].map((loopFactory) => new Runner({ loopFactory }))
  for (let i = 0; i < 6; i++) assert.strictEqual(await runners[i % 2].run(async (task) => { await task.sleep(1); return i }), i)
  const values = await Promise.all(runners.map((runner, i) => runner.run(async (task) => { await task.sleep(1); return i })))
  assert.deepStrictEqual(values, [0, 1])
  await Promise.all(runners.map((runner) => runner.close()))
})

test('R049_a_close_cancels_the_tasks_of_its_runner_only', async () => {
  const runners = [1, 2].map(() => new Runner({ loopFactory: testLoop }))
  const tasks = (await Promise.all(runners.map((runner) => runner.run(async (task) => {
    const child = task.spawn((me) => me.sleep(60_000))
    await task.yield()
    return [child]
  })))).flat()
  await runners[0].close()
  assert.deepStrictEqual(tasks.map((task) => task.cancelled), [true, false])
  await runners[1].close()
  assert.strictEqual(tasks[1].cancelled, true)
})

test('R031_runs_of_siblings_in_tasks_of_each_other', async () => {
  await withRunner(async (first) => {
    await withRunner(async (second) => {
      assert.strictEqual(await first.run(async (task) => {
        const value = await task.until(second.run(async (other) => {
          await rejected(first.run(() => 1), RunningError)
          await other.sleep(5)
          return 7
        }))
        await task.sleep(5)
        return value
      }), 7)
    })
  })
})

test('options_are_checked_at_once', () => {
  const wrong = { unknown: 1, debug: 1, loopFactory: 'x', signals: 1, cancelGrace: -1, closableGrace: 'long', slowCallback: -1, pollInterval: 0, maxTasks: 0,
    deadlock: 'yes', exceptionHandler: 5 }
  for (const [name, value] of Object.entries(wrong)) {
    const error = thrown(() => new Runner({ [name]: value }), Error)
    assert.match(error.code, /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/, name)
    assert.ok(error.message.includes(name), error.message)
  }
  for (const options of [5, 'text', true]) thrown(() => new Runner(options), TypeError)
  for (const options of [undefined, null, {}, { debug: undefined, cancelGrace: Infinity, closableGrace: 0, maxTasks: Infinity, slowCallback: 0.5, pollInterval: 1 }]) {
    assert.strictEqual(new Runner(options).closed, false)
  }
})

// ---- the close ------------------------------------------------------------------------------------

test('R079_R089_what_is_left_is_cancelled_together_and_waited_for', async () => {
  const log = []
  const runner = new Runner({ loopFactory: testLoop })
  const left = await runner.run(async (task) => {
    const children = ['a', 'b', 'c'].map((name) => task.spawn((me) => untilCancelled(me, async () => {
      log.push(`${name} cancelled`)
      await me.sleep(1)
      log.push(`${name} ended`)
    })))
    await task.yield()
    return children
  })
  await runner.close()
  assert.deepStrictEqual(log, ['a cancelled', 'b cancelled', 'c cancelled', 'a ended', 'b ended', 'c ended'])
  assert.ok(left.every((task) => task.cancelled))
})

test('R082_R100_an_error_in_a_cleanup_is_reported_and_the_outcome_stays', async () => {
  const error = new Error('main')
  const other = new Error('cleanup')
  for (const fails of [false, true]) {
    const seen = []
    const running = run(async (task) => {
      task.spawn((me) => untilCancelled(me, () => { throw other }))
      await task.yield()
      if (fails) throw error
      return 7
    }, { loopFactory: testLoop, exceptionHandler: (context) => seen.push(context.error) })
    if (fails) await rejected(running, error)
    else assert.strictEqual(await running, 7)
    assert.deepStrictEqual(seen, [other])
  }
})

test('R084_a_task_may_refuse_and_end', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const [left] = await runner.run(async (task) => { const child = task.spawn((me) => me.sleep(1000).catch(() => 7)); await task.yield(); return [child] })
  await runner.close()
  assert.strictEqual(left.result(), 7)
})

test('R086_R087_a_cleanup_may_use_everything_and_spawn', async () => {
  const log = []
  const runner = new Runner({ loopFactory: testLoop })
  await runner.run(async (task) => {
    task.spawn((me) => untilCancelled(me, async () => {
      runner.loop.callSoon(() => log.push('callback'))
      await me.sleep(1)
      await me.timeout(5, () => me.sleep(1))
      log.push(await me.until(immediate().then(() => 'foreign')))
      me.spawn((it) => untilCancelled(it, () => log.push('late cancelled')))
      await me.yield()
    }))
    await task.yield()
  })
  await runner.close()
  assert.deepStrictEqual(log, ['callback', 'foreign', 'late cancelled'])
})

test('R087_tasks_that_spawn_for_ever_are_given_up', async () => {
  const runner = new Runner({ loopFactory: testLoop, exceptionHandler: () => {} })
  const again = (task) => untilCancelled(task, () => { task.spawn(again); return task.yield() })
  await runner.run(async (task) => { task.spawn(again); await task.yield() })
  await rejected(runner.close(), RunnerError)
  assert.strictEqual(runner.closed, true)
})

test('R088_one_that_was_not_begun_never_is', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const [child] = await runner.run((task) => [task.spawn((me) => { me.spawn(() => assert.fail('it began')) })])
  await runner.close()
  assert.strictEqual(child.done, true)
})

// ---- interrupts -----------------------------------------------------------------------------------

test('R119_R123_an_interrupt_cancels_main_and_its_cleanup_runs', async () => {
  const log = []
  await withRunner(async (runner) => {
    const error = await rejected(runner.run(async (task) => {
      runner.loop.callLater(10, () => log.push(runner.interrupt()))
      await untilCancelled(task, async () => { await task.sleep(5); log.push('cleaned') })
    }), KeyboardInterrupt)
    assert.deepStrictEqual([error.code, error.exitCode, error.cause instanceof CancelledError], ['RUNNER_EINTR', 130, true])
    assert.deepStrictEqual(log, [true, 'cleaned'])
    assert.strictEqual(await runner.run(() => 1), 1)
  })
})

test('R122_an_interrupt_of_a_main_that_runs_and_returns', async () => {
  await withRunner(async (runner) => {
    await rejected(runner.run(() => { runner.interrupt(); return 1 }), KeyboardInterrupt)
    await rejected(runner.run(async (task) => { runner.interrupt(); await task.yield() }), KeyboardInterrupt)
  })
})

test('R124_R125_a_main_that_swallows_an_interrupt_or_answers_it', async () => {
  await withRunner(async (runner) => {
    const interrupt = () => runner.loop.callLater(1, () => runner.interrupt())
    assert.strictEqual(await runner.run((task) => { interrupt(); return task.sleep(1000).catch(() => 7) }), 7)
    const error = new Error('mine')
    await rejected(runner.run((task) => { interrupt(); return task.sleep(1000).catch(() => { throw error }) }), error)
  })
})

test('R126_a_main_that_was_cancelled_by_another_too', async () => {
  await withRunner(async (runner) => {
    await rejected(runner.run((task) => {
      runner.loop.callLater(1, () => { runner.interrupt(); task.cancel('other') })
      return task.sleep(1000)
    }), CancelledError)
  })
})

test('R128_a_second_interrupt_ends_the_run_and_leaves_main', async () => {
  const log = []
  await withRunner(async (runner) => {
    await rejected(runner.run(async (task) => {
      runner.loop.callLater(1, () => runner.interrupt())
      runner.loop.callLater(5, () => runner.interrupt())
      await untilCancelled(task, () => untilCancelled(task, () => log.push('second')))
    }), KeyboardInterrupt)
    assert.deepStrictEqual(log, [])
  })
  assert.deepStrictEqual(log, ['second'])
})

test('R136_an_interrupt_goes_down_to_the_innermost_wait', async () => {
  const log = []
  await withRunner(async (runner) => {
    runner.loop.callLater(1, () => runner.interrupt())
    await rejected(runner.run(async (task) => {
      const child = task.spawn((me) => untilCancelled(me, () => log.push('child')))
      try { await child } finally { log.push('main') }
    }), KeyboardInterrupt)
  })
  assert.deepStrictEqual(log, ['child', 'main'])
})

test('runMain_gives_what_run_gives', async () => {
  assert.strictEqual(await runMain(async (task) => { await task.sleep(1); return 7 }, { loopFactory: testLoop }), 7)
  const error = new Error('mine')
  await rejected(runMain(() => { throw error }), error)
  await rejected(runMain(5), TypeError)
})

// ---- what is there --------------------------------------------------------------------------------

test('classes_that_are_made_by_the_library_alone_cannot_be_made_or_are_harmless', async () => {
  await virtual(async (task) => {
    for (const name of ['Task', 'TaskGroup', 'Timeout', 'Future', 'Loop', 'Timer', 'Closable']) {
      let made
      try { made = new lib[name]() } catch { continue }
      assert.ok(made instanceof lib[name], name)
    }
    assert.strictEqual(task.cancelling, 0)
    await turns(task)
  })
})

test('every_error_has_a_code_and_a_number', async () => {
  await withRunner(async (runner) => {
    const errors = [await rejected(runner.run((task) => task.timeout(0, () => task.yield())), TimeoutError),
      await rejected(runner.run((task) => task.until(task)), InvalidStateError), await rejected(runner.run((task) => task.sleep(Infinity)), StalledError)]
    for (const error of errors) {
      assert.ok(error instanceof RunnerError && error instanceof Error)
      assert.match(error.code, /^RUNNER_E/)
      assert.ok(error.errno < 0)
      assert.strictEqual(error.name, error.constructor.name)
      assert.notStrictEqual(error.message, '')
    }
  })
})

test('a_run_that_does_nothing_ends_soon_and_leaves_the_process_alone', async () => {
  const before = process.listenerCount('SIGINT') + process.listenerCount('beforeExit')
  const running = run((task) => task.until(immediate()))
  await running
  await real(1)
  assert.strictEqual(process.listenerCount('SIGINT') + process.listenerCount('beforeExit'), before)
})
