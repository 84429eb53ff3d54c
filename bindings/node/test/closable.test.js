'use strict'

// What is closed when its runner is.

const assert = require('node:assert')
const { Runner, Closable, testLoop, run, ClosedError, TimeoutError } = require('..')
const { test, virtual, withRunner, rejected, thrown, untilCancelled, immediate } = require('./support/virtual')

test('R080_R094_closables_are_closed_together_after_the_tasks_have_ended', async () => {
  const log = []
  await virtual(async (task) => {
    for (const name of ['first', 'second']) {
      task.register(async (me) => {
        log.push(`${name} begins`)
        await me.sleep(1)
        log.push(`${name} is closed`)
      }, { name })
    }
    task.spawn((me) => untilCancelled(me, async () => { await me.sleep(1); log.push('task over') }))
    await task.yield()
  })
  assert.deepStrictEqual(log, ['task over', 'first begins', 'second begins', 'first is closed', 'second is closed'])
})

test('R094_an_error_of_a_closable_is_reported_and_disturbs_no_other', async () => {
  const seen = []
  const log = []
  const error = new Error('broken')
  const value = await virtual((task) => {
    task.register(() => { throw error }, { name: 'bad' })
    task.register(async (me) => { await me.yield(); throw error })
    task.register(() => log.push('closed'))
    return 7
  }, { exceptionHandler: (context) => seen.push(context) })
  assert.strictEqual(value, 7)
  assert.deepStrictEqual(log, ['closed'])
  assert.deepStrictEqual(seen.map((it) => it.error === error), [true, true])
  assert.strictEqual(seen[0].name, 'bad')
})

test('R095_a_closable_may_wait_spawn_and_register', async () => {
  const log = []
  await virtual((task) => {
    task.register(async (me) => {
      log.push(await me.until(immediate().then(() => 'foreign')))
      log.push(await me.spawn(async (it) => { await it.sleep(1); return 'task' }))
      await immediate()
      me.register(() => log.push('late'))
    })
  })
  assert.deepStrictEqual(log, ['foreign', 'task', 'late'])
})

test('R097_tasks_that_a_closable_leaves_are_cancelled', async () => {
  const log = []
  await virtual((task) => {
    task.register(async (me) => {
      me.spawn((it) => untilCancelled(it, () => log.push('left')))
      await me.yield()
    })
  })
  assert.deepStrictEqual(log, ['left'])
})

test('R096_what_is_registered_too_late_is_reported_at_once_and_closed', async () => {
  const log = []
  await virtual((task) => {
    task.register(async (me) => {
      me.spawn((it) => untilCancelled(it, () => {
        it.register(() => log.push('closed'), { name: 'late' })
        log.push('registered')
      }))
      await me.yield()
    })
  }, { exceptionHandler: ({ message }) => log.push(/registered after/.test(message) ? 'reported' : message) })
  assert.deepStrictEqual(log, ['reported', 'registered', 'closed'])
})

test('what_is_unregistered_is_not_closed', async () => {
  const log = []
  let left
  await virtual(async (task) => {
    const closable = task.register(() => assert.fail('it was closed'))
    assert.ok(closable instanceof Closable)
    assert.strictEqual(closable.unregister(), true)
    assert.strictEqual(closable.unregister(), false)
    await task.yield()
    assert.strictEqual(closable.unregister(), false)
    left = task.register(() => log.push(left.unregister()), { name: 'left' })
    assert.strictEqual(left.name, 'left')
  })
  assert.deepStrictEqual(log, [false])
  assert.strictEqual(left.unregister(), false)
})

test('a_closable_is_taken_back_in_a_callback_and_between_runs', async () => {
  const log = []
  await withRunner(async (runner) => {
    const never = () => assert.fail('it was closed')
    const [first, second] = await runner.run((task) => [task.register(never), task.register(never)])
    assert.strictEqual(first.unregister(), true)
    await runner.run(async (task) => {
      runner.loop.callSoon(() => log.push(second.unregister()))
      await task.yield()
    })
  })
  assert.deepStrictEqual(log, [true])
})

test('bad_arguments', async () => {
  await virtual((task) => {
    for (const close of [undefined, null, 5, {}]) thrown(() => task.register(close), TypeError)
    for (const resource of [undefined, null, 5, 'text', {}, { return: 5 }, () => {}]) thrown(() => task.use(resource), TypeError)
    thrown(() => task.register(() => {}, { name: 5 }), TypeError)
    thrown(() => task.use({ [Symbol.dispose]() {} }, { name: 5 }), TypeError)
  })
})

test('R099_a_closed_runner_takes_no_more', async () => {
  const [task] = await virtual((main) => [main])
  thrown(() => task.register(() => {}), ClosedError)
  thrown(() => task.use({ [Symbol.asyncDispose]() {} }), ClosedError)
})

test('R085_a_closable_that_never_ends_is_given_up', async () => {
  const runner = new Runner({ loopFactory: testLoop, closableGrace: 10, exceptionHandler: () => {} })
  await runner.run((task) => { task.register((me) => me.sleep(Infinity).catch(() => me.sleep(1e6)), { name: 'stubborn' }) })
  await rejected(runner.close(), TimeoutError)
  assert.strictEqual(runner.closed, true)
  assert.ok(runner.report.some((entry) => entry.name === 'stubborn'))
})

test('R085_a_closable_that_waits_for_a_promise_is_given_up_after_the_grace', async () => {
  for (const close of [(me) => me.until(new Promise(() => {})), () => new Promise(() => {})]) {
    const runner = new Runner({ closableGrace: 5, exceptionHandler: () => {} })
    await runner.run((task) => { task.register(close) })
    await rejected(runner.close(), TimeoutError)
    assert.strictEqual(runner.closed, true)
  }
})

// ---- use ------------------------------------------------------------------------------------------

test('use_closes_what_is_disposable', async () => {
  const log = []
  const asynchronous = { async [Symbol.asyncDispose]() { await immediate(); log.push(this === asynchronous) }, [Symbol.dispose]() { log.push('wrong') } }
  const synchronous = { [Symbol.dispose]() { log.push(this === synchronous) } }
  await virtual((task) => {
    assert.strictEqual(task.use(asynchronous), asynchronous)
    assert.strictEqual(task.use(synchronous), synchronous)
  })
  assert.deepStrictEqual(log, [true, true])
})

test('use_closes_generators_that_were_left', async () => {
  const log = []
  async function * lines() {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      await immediate()
      log.push('async generator')
    }
  }
  function * numbers() {
    try { yield 1 } finally { log.push('generator') }
  }
  await virtual(async (task) => {
    const left = task.use(lines(), { name: 'lines' })
    assert.deepStrictEqual(await left.next(), { value: 0, done: false })
    assert.strictEqual(task.use(numbers()).next().value, 1)
  })
  assert.deepStrictEqual(log.sort(), ['async generator', 'generator'])
})

test('an_error_of_a_resource_is_reported_with_its_name', async () => {
  const seen = []
  const error = new Error('broken')
  await virtual((task) => { task.use({ [Symbol.dispose]() { throw error } }, { name: 'db' }) }, { exceptionHandler: (context) => seen.push(context) })
  assert.deepStrictEqual(seen.map((it) => [it.name, it.error]), [['db', error]])
})

test('closables_are_closed_if_main_fails_and_if_it_was_cancelled', async () => {
  for (const main of [() => { throw new Error('mine') }, async (task) => { task.cancel(); await task.yield() }]) {
    let closed = 0
    await rejected(run((task) => { task.register(() => { closed++ }); return main(task) }, { loopFactory: testLoop }), Error)
    assert.strictEqual(closed, 1)
  }
})

test('what_is_registered_by_code_without_a_turn_and_between_runs_is_closed', async () => {
  const log = []
  await withRunner(async (runner) => {
    const [task] = await runner.run((main) => [main])
    task.register(() => log.push('between'))
    await runner.run(async (main) => {
      await immediate()
      main.register(() => log.push('astray'))
    })
  })
  assert.deepStrictEqual(log, ['between', 'astray'])
})
