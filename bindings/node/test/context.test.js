'use strict'

// Context variables.

const assert = require('node:assert')
const { Runner, Context, ContextVar, testLoop, ForeignError, InvalidStateError, ClosedError } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate } = require('./support/virtual')

const VAR = new ContextVar('test')

test('R060_a_task_gets_a_copy_of_the_variables_of_its_starter', async () => {
  await virtual(async (task) => {
    assert.strictEqual(VAR.has(task), false)
    VAR.set(task, 1)
    const child = task.spawn(async (me) => {
      assert.strictEqual(VAR.get(me), 1)
      VAR.set(me, 2)
      await me.sleep(10)
      return VAR.get(me)
    })
    VAR.set(task, 3)
    assert.strictEqual(await child, 2)
    assert.strictEqual(VAR.get(task), 3)
    assert.strictEqual(VAR.has(task), true)
  })
})

test('R060_the_copy_is_of_the_time_of_the_spawn', async () => {
  await virtual(async (task) => {
    VAR.set(task, 1)
    const child = task.spawn((me) => VAR.get(me))
    VAR.set(task, 2)
    assert.strictEqual(await child, 1)
    await task.group((group) => {
      const inside = group.spawn((me) => VAR.get(me))
      VAR.set(task, 3)
      return inside
    }).then((value) => assert.strictEqual(value, 2))
  })
})

test('R061_tasks_may_share_a_context', async () => {
  await virtual(async (task) => {
    VAR.set(task, 1)
    const context = Context.copy(task)
    assert.ok(context instanceof Context)
    for (const i of [0, 1, 2]) {
      await task.spawn((me) => {
        assert.strictEqual(VAR.get(me), i + 1)
        VAR.set(me, i + 2)
      }, { context })
    }
    await task.group((group) => { group.spawn((me) => assert.strictEqual(VAR.get(me), 4), { context }) })
    assert.strictEqual(VAR.get(task), 1)
  })
})

test('R061_an_empty_context', async () => {
  await virtual(async (task) => {
    VAR.set(task, 1)
    assert.strictEqual(await task.spawn((me) => VAR.has(me), { context: new Context(task) }), false)
  })
})

test('R054_R055_R058_R059_runs_share_the_runners_variables_or_have_their_own', async () => {
  await withRunner(async (runner) => {
    const context = new Context(runner)
    const set = (before, after, options) => runner.run((task) => {
      assert.strictEqual(VAR.get(task, undefined), before)
      VAR.set(task, after)
    }, options)
    await set(undefined, 1)
    await set(1, 2)
    await set(undefined, 10, { context })
    await set(10, 11, { context })
    await set(2, 3)
    await set(3, 4, { context: undefined })
  })
})

test('R056_another_runner_has_variables_of_its_own', async () => {
  await virtual(async (task) => {
    VAR.set(task, 1)
    await task.until(virtual((other) => { assert.strictEqual(VAR.has(other), false); VAR.set(other, 2) }))
    assert.strictEqual(VAR.get(task), 1)
  })
})

test('R064_callbacks_have_the_context_that_they_were_scheduled_in', async () => {
  await virtual(async (task, { loop }) => {
    const seen = []
    VAR.set(task, 'soon')
    loop.callSoon(() => {
      seen.push(VAR.get(loop))
      VAR.set(loop, 'changed')
      loop.callSoon(() => seen.push(VAR.get(loop)))
    })
    VAR.set(task, 'later')
    loop.callLater(10, () => seen.push(VAR.get(loop)))
    VAR.set(task, 'at')
    loop.callAt(loop.time() + 20, () => seen.push(VAR.get(loop)))
    VAR.set(task, 'main')
    await task.sleep(30)
    assert.deepStrictEqual(seen, ['soon', 'changed', 'later', 'at'])
    assert.strictEqual(VAR.get(task), 'main')
  })
})

test('a_default_and_a_fallback', async () => {
  const variable = new ContextVar('with default', { default: 'default' })
  const nothing = new ContextVar('with nothing', { default: undefined })
  await virtual((task) => {
    assert.strictEqual(variable.get(task), 'default')
    assert.strictEqual(variable.get(task, 'fallback'), 'fallback')
    assert.strictEqual(variable.get(task, undefined), undefined)
    assert.strictEqual(nothing.get(task), undefined)
    assert.strictEqual(variable.has(task), false)
    variable.set(task, undefined)
    assert.strictEqual(variable.get(task, 'fallback'), undefined)
    assert.strictEqual(variable.has(task), true)
    assert.match(thrown(() => VAR.get(task), InvalidStateError).message, /test/)
  })
})

test('a_variable_holds_anything', async () => {
  await virtual(async (task) => {
    for (const value of [undefined, null, false, {}, new Error('a value'), Symbol.iterator]) {
      VAR.set(task, value)
      await turns(task) // and lets go of the one before
      assert.strictEqual(VAR.get(task), value)
    }
  })
})

test('a_variable_after_being_astray', async () => {
  await virtual(async (task) => {
    VAR.set(task, 1)
    await immediate()
    assert.strictEqual(VAR.get(task), 1)
    VAR.set(task, 2)
    await immediate()
    const child = task.spawn(async (me) => { await immediate(); return VAR.get(me) })
    await immediate()
    assert.strictEqual(await child, 2)
    assert.strictEqual(VAR.get(task), 2)
  })
})

test('a_context_of_another_runner_is_refused', async () => {
  await withRunner(async (runner) => {
    const context = new Context(runner)
    await runner.run((task) => VAR.set(task, 1), { context })
    await virtual((task) => { thrown(() => task.spawn(() => 1, { context }), ForeignError) })
    await withRunner(async (other) => {
      await rejected(other.run(() => assert.fail('it ran'), { context }), ForeignError)
      assert.strictEqual(await other.run(() => 1), 1)
    })
  })
})

test('bad_arguments_and_closed_runners', async () => {
  for (const name of [undefined, null, 5, {}]) thrown(() => new ContextVar(name), TypeError)
  assert.strictEqual(new ContextVar('name').name, 'name')
  for (const of of [undefined, null, 5, {}]) {
    thrown(() => new Context(of), TypeError)
    thrown(() => VAR.get(of), TypeError)
    thrown(() => VAR.set(of, 1), TypeError)
    thrown(() => Context.copy(of), TypeError)
  }
  const runner = new Runner({ loopFactory: testLoop })
  await runner.run((task) => VAR.set(task, 1))
  await runner.close()
  thrown(() => new Context(runner), ClosedError)
  thrown(() => VAR.get(runner), ClosedError)
})

test('a_callback_that_spawns_and_reads_leaves_the_wait_of_its_task_alone', async () => {
  await virtual(async (task, { loop, now }) => {
    VAR.set(task, 1)
    const future = loop.createFuture()
    const log = []
    loop.callLater(5, () => {
      log.push(VAR.get(task, 'none') !== 'none')
      Context.copy(task)
      task.spawn(async (me) => { await me.sleep(5); log.push('spawned') })
    })
    loop.callLater(20, () => future.resolve())
    const child = task.spawn(async () => await future)
    await future
    assert.strictEqual(now(), 20)
    await child
    assert.strictEqual(log[1], 'spawned')
    const cancelled = loop.createFuture()
    const waiting = task.spawn(async (me) => {
      loop.callLater(1, () => me.spawn(() => {}))
      await cancelled
    })
    await task.sleep(5)
    waiting.cancel('why')
    await rejected(task.until(waiting), Error)
    assert.strictEqual(cancelled.cancelled, true)
  })
})
