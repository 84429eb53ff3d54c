'use strict'

// Debug mode.

const assert = require('node:assert')
const { Runner, run, testLoop, nodeLoop, gather, CancelledError } = require('..')
const { test, withRunner, rejected, immediate } = require('./support/virtual')

function busy(ms) {
  const until = performance.now() + ms
  while (performance.now() < until);
}

async function reported(main, options) {
  const contexts = []
  await run(main, { debug: true, exceptionHandler: (context) => contexts.push(context), ...options })
  return contexts
}

const slow = (contexts) => contexts.filter((it) => it.duration !== undefined)

test('R066_R067_R068_R069_it_is_an_option_or_a_variable', async () => {
  const before = process.env.LIBRUNNER_DEBUG
  try {
    for (const [variable, debug, expected] of [['', undefined, false], ['1', undefined, true], ['1', false, false], ['', true, true]]) {
      process.env.LIBRUNNER_DEBUG = variable
      for (const loopFactory of [nodeLoop, testLoop]) {
        const runner = new Runner({ debug, loopFactory })
        assert.strictEqual(runner.loop.debug, expected)
        await runner.close()
      }
    }
  } finally {
    if (before === undefined) delete process.env.LIBRUNNER_DEBUG
    else process.env.LIBRUNNER_DEBUG = before
  }
  await rejected(run(() => 1, { debug: 1 }), TypeError)
})

test('R070_a_slow_step_is_reported_with_its_task', async () => {
  const contexts = slow(await reported(async (task) => {
    const children = [
      task.spawn(async (me) => { busy(12); await me.yield() }, { name: 'waits' }),
      task.spawn(() => { busy(12) }, { name: 'ends' }),
      task.spawn(async (me) => { await me.yield(); busy(12); throw new Error('mine') }, { name: 'fails' })
    ]
    await gather(task, children, { returnExceptions: true })
  }, { slowCallback: 10 }))
  for (const name of ['waits', 'ends', 'fails']) {
    const context = contexts.find((it) => it.name === name)
    assert.ok(context !== undefined, `${name} is missing`)
    assert.ok(context.duration >= 10)
    assert.strictEqual(context.error, undefined)
    assert.match(context.message, /took long/)
  }
})

test('R070_a_slow_callback_is_reported', async () => {
  const contexts = []
  const runner = new Runner({ debug: true, slowCallback: 10, exceptionHandler: (context) => contexts.push(context) })
  await runner.run(async (task) => {
    runner.loop.callSoon(() => busy(12))
    await task.sleep(1)
  })
  await runner.close()
  assert.ok(slow(contexts).some((it) => it.task === undefined && it.duration >= 10))
})

test('R070_the_time_of_a_wait_does_not_count', async () => {
  const contexts = slow(await reported(async (task) => {
    await task.spawn((me) => me.sleep(350))
    await task.until(new Promise((resolve) => setTimeout(resolve, 350)))
    await new Promise((resolve) => setTimeout(resolve, 350)) // astray
    await task.sleep(1)
  }, { slowCallback: 300 }))
  assert.deepStrictEqual(contexts, [])
})

test('R070_without_debug_mode_nothing_is_slow', async () => {
  assert.deepStrictEqual(await reported(async (task) => { busy(5); await task.yield() }, { debug: false, slowCallback: 1 }), [])
})

test('R073_a_report_says_where_the_task_was_spawned', async () => {
  const contexts = await reported(async (task) => {
    task.spawn(() => { throw new Error('mine') })
    await task.yield()
  }, { slowCallback: 1e6 })
  assert.strictEqual(contexts.length, 1)
  assert.match(contexts[0].site, /debug\.test\.js:\d+:\d+\)?$/)
})

test('R073_of_a_child_of_a_group_and_a_main', async () => {
  const contexts = await reported(async (task) => {
    await task.group((group) => { group.spawn(async (me) => { me.spawn(() => { throw new Error('mine') }); await me.yield() }) })
  }, { slowCallback: 1e6 })
  assert.match(contexts[0].site, /debug\.test\.js/)
})

test('a_CancelledError_has_a_stack_only_in_debug_mode', async () => {
  for (const debug of [true, false]) {
    await run(async (task) => {
      const child = task.spawn((me) => me.sleep(1000))
      await task.yield()
      child.cancel()
      const error = await rejected(child, CancelledError)
      assert.strictEqual(/\n {4}at /.test(error.stack), debug)
    }, { debug, loopFactory: testLoop, slowCallback: 1e6 })
  }
})

test('everything_goes_on_as_without_it', async () => {
  assert.deepStrictEqual(await reported(async (task) => {
    assert.strictEqual(await task.spawn(async (me) => { await me.yield(); return 3 }), 3)
    const error = new Error('mine')
    await rejected(task.spawn(() => { throw error }), error)
    const child = task.spawn((me) => me.sleep(60_000))
    await task.yield()
    child.cancel('why')
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'why')
    await task.timeout(1000, () => task.group((group) => { group.spawn((me) => me.sleep(1)) }))
    await immediate()
    await task.until(immediate())
    assert.deepStrictEqual(await gather(task, [task.spawn(() => 1)]), [1])
    task.register((me) => me.yield())
  }, { slowCallback: 1e6, loopFactory: testLoop }), [])
})

test('the_limit_is_100_ms_by_default_and_may_be_anything', async () => {
  await withRunner((runner) => { assert.strictEqual(runner.loop.debug, true) }, { debug: true, slowCallback: Infinity })
  assert.deepStrictEqual(slow(await reported(() => { busy(1) }, { loopFactory: testLoop })), [])
  for (const slowCallback of [-1, NaN, '1']) {
    await rejected(run(() => 1, { slowCallback }), Error)
  }
})
