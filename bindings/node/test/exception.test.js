'use strict'

// Errors that nobody can be given.

const assert = require('node:assert')
const { Runner, run, testLoop, gather } = require('..')
const { test, withRunner, rejected, thrown, turns, untilCancelled, immediate } = require('./support/virtual')

const ERROR = new Error('mine')

// Runs on a virtual clock: what is reported.
async function reported(main, options) {
  const contexts = []
  await run(main, { loopFactory: testLoop, exceptionHandler: (context) => contexts.push(context), ...options })
  return contexts
}

// What is told by process warnings.
async function warned(act) {
  const warnings = []
  const note = (warning) => warnings.push(warning)
  process.on('warning', note)
  try {
    await act()
    await immediate()
    await immediate()
  } finally {
    process.off('warning', note)
  }
  return warnings
}

test('R093_a_failure_that_nobody_takes', async () => {
  const contexts = await reported(async (task) => {
    task.spawn(() => { throw ERROR }, { name: 'loser' })
    await task.sleep(1)
  })
  assert.strictEqual(contexts.length, 1)
  const [context] = contexts
  assert.deepStrictEqual([context.message, context.error, context.name], ['Task exception was never retrieved', ERROR, 'loser'])
  assert.deepStrictEqual([context.code, context.duration, context.site], [undefined, undefined, undefined])
})

test('R093_a_task_without_a_name', async () => {
  const contexts = await reported(async (task) => { task.spawn(async () => { throw ERROR }); await task.yield() })
  assert.deepStrictEqual(contexts.map((it) => it.name), ['Task-2'])
})

test('R093_a_failure_that_somebody_takes_is_not_reported', async () => {
  const takes = [async (it) => await it, (it) => it.result(), (it) => it.exception(), (it) => it.catch(() => {}), (it) => it.then(null, () => {}),
    (it, task) => task.until(it), (it, task) => task.shield(it), (it, task) => gather(task, [it]), (it, task) => gather(task, [it], { returnExceptions: true }),
    (it) => Promise.all([it]), (it) => Promise.allSettled([it])]
  for (const take of takes) {
    for (const late of [false, true]) {
      assert.deepStrictEqual(await reported(async (task) => {
        const child = task.spawn(async (me) => { await me.yield(); throw ERROR })
        if (late) await task.sleep(1)
        else if (take.length < 2 && /result|exception/.test(String(take))) await turns(task, 3)
        try { await take(child, task) } catch (error) { assert.strictEqual(error, ERROR) }
      }), [], String(take))
    }
  }
})

test('R093_a_failure_is_never_an_unhandled_rejection', async () => {
  const seen = []
  const note = (error) => seen.push(error)
  process.on('unhandledRejection', note)
  try {
    const contexts = await reported(async (task) => {
      task.spawn(async () => { throw ERROR })
      task.spawn(() => Promise.reject(ERROR))
      task.spawn(async (me) => { await me.until(Promise.reject(ERROR)) })
      const cancelled = task.spawn((me) => me.sleep(1000))
      await task.sleep(1)
      cancelled.cancel()
      await task.sleep(1)
    })
    assert.strictEqual(contexts.length, 3)
    await immediate()
    assert.deepStrictEqual(seen, [])
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('R093_a_failure_is_reported_when_the_task_is_collected', async () => {
  if (global.gc === undefined) return
  const contexts = []
  await run(async (task) => {
    await task.spawn((me) => { for (let i = 0; i < 20; i++) me.spawn(() => { throw new Error(String(i)) }) })
    for (let i = 0; i < 100 && contexts.length < 15; i++) {
      await task.until(immediate())
      global.gc()
    }
    assert.ok(contexts.length >= 15, String(contexts.length))
  }, { exceptionHandler: (context) => contexts.push(context) })
  assert.deepStrictEqual(contexts.map((it) => Number(it.error.message)).sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i))
})

test('R081_a_failure_in_a_cleanup_at_the_close', async () => {
  const contexts = await reported(async (task) => {
    task.spawn((me) => untilCancelled(me, () => { throw ERROR }), { name: 'bad' })
    await task.yield()
  })
  assert.deepStrictEqual(contexts.map((it) => [it.error, it.name]), [[ERROR, 'bad']])
  assert.match(contexts[0].message, /shutdown/)
})

test('R039_an_error_of_a_callback', async () => {
  let wentOn = false
  const contexts = []
  await withRunner(async (runner) => {
    await runner.run(async (task) => {
      runner.loop.callSoon(() => { throw ERROR })
      runner.loop.callLater(0, () => { throw ERROR })
      await task.sleep(2)
      wentOn = true
    })
  }, { exceptionHandler: (context) => contexts.push(context) })
  assert.strictEqual(wentOn, true)
  assert.deepStrictEqual(contexts.map((it) => [it.message, it.error === ERROR]), [['Exception in callback', true], ['Exception in callback', true]])
})

test('R039_what_is_no_Error_in_a_callback', async () => {
  const contexts = []
  await withRunner(async (runner) => {
    await runner.run(async (task) => {
      for (const value of [undefined, null, 'text']) runner.loop.callSoon(() => { throw value })
      await task.yield()
    })
  }, { exceptionHandler: (context) => contexts.push(context) })
  assert.deepStrictEqual(contexts.map((it) => [it.message, it.error]), [undefined, null, 'text'].map((it) => ['Exception in callback', it]))
})

test('R198_a_handler_has_to_be_a_function', () => {
  for (const exceptionHandler of [null, 5, 'text', {}]) thrown(() => new Runner({ exceptionHandler }), TypeError)
})

test('R091_a_handler_that_throws_changes_nothing', async () => {
  const warnings = await warned(async () => {
    await withRunner(async (runner) => {
      assert.strictEqual(await runner.run(async (task) => {
        runner.loop.callSoon(() => { throw ERROR })
        await task.sleep(1)
        return 1
      }), 1)
    }, { exceptionHandler: () => { throw new RangeError('in the handler') } })
  })
  assert.deepStrictEqual(warnings.map((it) => it.message), ['Exception in callback', 'Unhandled error in exception handler'])
  assert.match(warnings[0].detail, /mine/)
  assert.match(warnings[1].detail, /RangeError: in the handler/)
})

test('a_handler_may_use_the_runner', async () => {
  const log = []
  let main
  await run(async (task) => {
    main = task
    task.register(() => { throw ERROR })
  }, { loopFactory: testLoop, exceptionHandler: ({ error }) => log.push(error.message, main.done) })
  assert.deepStrictEqual(log.slice(0, 2), ['mine', true])
  await withRunner(async (runner) => {
    await runner.run(async (task) => {
      main = task
      runner.loop.callSoon(() => { throw ERROR })
      await task.sleep(1)
    })
    assert.ok(log.includes('spawned'))
  }, { exceptionHandler: () => main.spawn(() => log.push('spawned')) })
})

test('R092_without_a_handler_it_is_a_warning_of_the_process', async () => {
  const warnings = await warned(() => run(async (task) => {
    task.spawn(() => { throw ERROR }, { name: 'loser' })
    await task.sleep(1)
  }, { loopFactory: testLoop }))
  assert.deepStrictEqual(warnings.map((it) => [it.name, it.message]), [['RunnerWarning', 'Task exception was never retrieved (loser)']])
  assert.match(warnings[0].detail, /Error: mine[^]*exception\.test\.js/)
})

test('an_error_that_cannot_be_shown_is_told_all_the_same', async () => {
  const hostile = { toString() { throw new Error('no') } }
  const broken = Object.defineProperty(new Error('x'), 'stack', { get() { throw new Error('no') } })
  const warnings = await warned(() => run(async (task) => {
    for (const error of [hostile, broken, Symbol('s'), Object.create(null)]) task.spawn(() => { throw error })
    await task.sleep(1)
  }, { loopFactory: testLoop }))
  assert.strictEqual(warnings.length, 4)
})

test('R093_looking_after_the_close_is_too_late_and_works', async () => {
  let kept
  const contexts = await reported(async (task) => {
    kept = task.spawn(() => { throw ERROR })
    await task.yield()
  })
  assert.strictEqual(contexts.length, 1)
  thrown(() => kept.result(), ERROR)
  await rejected(kept, ERROR)
  assert.strictEqual(contexts.length, 1)
})

test('what_has_ended_the_run_is_not_reported', async () => {
  const contexts = []
  await withRunner(async (runner) => {
    await rejected(runner.run(() => { throw ERROR }), ERROR)
    await rejected(runner.run((task) => task.spawn(() => { throw ERROR })), ERROR)
    await rejected(runner.run((task) => task.group((group) => { group.spawn(() => { throw ERROR }) })), Error)
  }, { exceptionHandler: (context) => contexts.push(context) })
  assert.deepStrictEqual(contexts, [])
})
