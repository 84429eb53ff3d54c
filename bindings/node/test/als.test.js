'use strict'

// AsyncLocalStorage: every function runs in the context in which it was spawned or scheduled.

const assert = require('node:assert')
const { AsyncLocalStorage } = require('node:async_hooks')
const { run, Runner, testLoop, gather } = require('..')
const { test, virtual, withRunner, rejected, turns, immediate } = require('./support/virtual')

const als = new AsyncLocalStorage()
const get = () => als.getStore()

test('main_runs_in_the_context_of_its_run', async () => {
  await als.run('outer', async () => {
    assert.strictEqual(await run(get), 'outer')
    assert.strictEqual(await run(async (task) => { await task.sleep(1); return get() }), 'outer')
    assert.strictEqual(get(), 'outer')
  })
  assert.strictEqual(await run(get), undefined)
})

test('a_child_runs_in_the_context_of_its_spawn', async () => {
  await virtual(async (task) => {
    const children = ['a', 'b', 'c'].map((name) => als.run(name, () => task.spawn(async (me) => {
      const seen = [get()]
      await me.sleep(1)
      seen.push(get())
      await immediate()
      seen.push(get())
      await me.until(immediate())
      seen.push(get())
      await me.yield()
      seen.push(get(), await me.spawn(async (it) => { await it.yield(); return get() }))
      return seen
    })))
    assert.deepStrictEqual(await gather(task, children), ['a', 'b', 'c'].map((name) => Array(6).fill(name)))
    assert.strictEqual(get(), undefined)
  })
})

test('tasks_that_take_turns_do_not_mix', async () => {
  await virtual(async (task) => {
    const children = Array.from({ length: 50 }, (_, i) => als.run(i, () => task.spawn(async (me) => {
      for (let j = 0; j < 5; j++) {
        await (j % 2 === 0 ? me.yield() : me.sleep(i % 3))
        assert.strictEqual(get(), i)
      }
    })))
    await gather(task, children)
  })
})

test('who_awaits_keeps_its_own', async () => {
  await virtual(async (task) => {
    const child = als.run('child', () => task.spawn(async (me) => { await me.sleep(1); return get() }))
    const waiter = als.run('waiter', () => task.spawn(async () => [await child, get()]))
    assert.deepStrictEqual(await waiter, ['child', 'waiter'])
    assert.deepStrictEqual([await child, get()], ['child', undefined])
    await als.run('inner', async () => {
      await task.until(waiter)
      assert.strictEqual(get(), 'inner')
      await rejected(task.spawn(() => { throw new Error('mine') }), Error)
      assert.strictEqual(get(), 'inner')
    })
    assert.strictEqual(get(), undefined)
  })
})

test('callbacks_run_in_the_context_in_which_they_were_scheduled', async () => {
  await virtual(async (task, { loop }) => {
    const seen = []
    als.run('soon', () => loop.callSoon(() => seen.push(get())))
    als.run('later', () => loop.callLater(1, () => seen.push(get())))
    als.run('at', () => loop.callAt(loop.time() + 2, () => { seen.push(get()); loop.callSoon(() => seen.push(get())) }))
    await task.sleep(5)
    assert.deepStrictEqual(seen, ['soon', 'later', 'at', 'at'])
  })
})

test('reactions_run_in_the_context_in_which_they_were_made', async () => {
  await virtual(async (task) => {
    const child = als.run('child', () => task.spawn((me) => me.sleep(1)))
    const seen = []
    als.run('then', () => child.then(() => seen.push(get())))
    als.run('finally', () => child.finally(() => seen.push(get())))
    await task.sleep(5)
    assert.deepStrictEqual(seen.sort(), ['finally', 'then'])
  })
})

test('closables_run_in_the_context_in_which_they_were_registered', async () => {
  const seen = []
  await virtual((task) => {
    als.run('register', () => task.register(async (me) => { seen.push(get()); await me.sleep(1); seen.push(get()) }))
    als.run('use', () => task.use({ [Symbol.asyncDispose]: async () => { seen.push(get()) } }))
  })
  assert.deepStrictEqual(seen, ['register', 'use', 'register'])
})

test('a_cancel_does_not_change_it', async () => {
  await virtual(async (task) => {
    const child = als.run('child', () => task.spawn(async (me) => {
      try { await me.sleep(1000) } catch { return get() }
    }))
    await task.yield()
    als.run('canceller', () => child.cancel())
    assert.strictEqual(await child, 'child')
  })
})

test('a_task_that_a_group_has_started', async () => {
  await virtual(async (task) => {
    const seen = []
    await als.run('group', () => task.group((group) => {
      seen.push(get())
      als.run('child', () => group.spawn(async (me) => { await me.yield(); seen.push(get()) }))
      group.spawn(() => seen.push(get()))
    }))
    await als.run('timeout', () => task.timeout(5, async () => { await task.sleep(1); seen.push(get()) }))
    assert.deepStrictEqual(seen, ['group', 'group', 'child', 'timeout'])
  })
})

test('leftovers_keep_theirs_in_the_next_run', async () => {
  await withRunner(async (runner) => {
    const [left] = await als.run('first', () => runner.run(async (task) => [task.spawn(async (me) => { await me.sleep(10); return get() })]))
    assert.strictEqual(await als.run('second', () => runner.run(async (task) => [await task.until(left), get()])).then(String), 'first,second')
  })
})

test('what_waits_between_two_runs_keeps_its_own', async () => {
  await withRunner(async (runner) => {
    const [left] = await als.run('first', () => runner.run(async (task) => {
      const child = task.spawn(async (me) => { await immediate(); await me.sleep(1); return get() })
      await turns(task)
      return [child]
    }))
    await immediate()
    assert.strictEqual(await als.run('second', () => runner.run((task) => task.until(left))), 'first')
  })
})

test('the_exception_handler_may_ask_for_it', async () => {
  const runner = new Runner({ loopFactory: testLoop, exceptionHandler: () => { get() } })
  await als.run('run', () => runner.run(async (task) => {
    runner.loop.callSoon(() => { throw new Error('mine') })
    await task.yield()
    assert.strictEqual(get(), 'run')
  }))
  await runner.close()
})

test('enterWith_in_a_task_stays_in_it', async () => {
  await virtual(async (task) => {
    const first = task.spawn(async (me) => { als.enterWith('first'); await me.sleep(1); return get() })
    const second = task.spawn(async (me) => { await me.sleep(2); return get() })
    assert.deepStrictEqual(await gather(task, [first, second]), ['first', undefined])
  })
})
