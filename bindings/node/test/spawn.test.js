'use strict'

// How tasks begin, and in which order they go on; beside plain promises, too.

const assert = require('node:assert')
const { run, Runner, testLoop, NoTaskError, ClosedError, RunnerError, ForeignError, Context, gather, GroupError } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate } = require('./support/virtual')

test('tasks_begin_a_turn_later_in_the_order_of_their_start', async () => {
  await virtual(async (task) => {
    const log = []
    const tasks = Array.from({ length: 1000 }, (_, i) => task.spawn(() => { log.push(i) })) // more than a batch has room for
    assert.deepStrictEqual(log, [])
    await task.yield()
    assert.deepStrictEqual(log, Array.from({ length: 1000 }, (_, i) => i))
    assert.ok(tasks.every((it) => it.done))
  })
})

test('R190_R195_yielding_tasks_take_turns', async () => {
  for (const pause of [(me) => me.yield(), (me) => me.sleep(0)]) {
    await virtual(async (task) => {
      const log = []
      const children = ['a', 'b'].map((name) => task.spawn(async (me) => {
        for (let i = 0; i < 3; i++) {
          log.push(name)
          await pause(me)
        }
      }))
      await gather(task, children)
      assert.strictEqual(log.join(''), 'ababab')
    })
  }
})

test('R193_equal_sleeps_end_in_the_order_of_their_start', async () => {
  await virtual(async (task) => {
    const log = []
    for (let i = 0; i < 600; i++) task.spawn(async (me) => { await me.sleep(5); log.push(i) })
    await task.sleep(10)
    assert.deepStrictEqual(log, Array.from({ length: 600 }, (_, i) => i))
  })
})

test('R194_a_sleep_is_never_too_short', async () => {
  await run(async (task) => {
    const busy = performance.now() + 20
    while (performance.now() < busy); // the clock of the loop is late now
    for (const ms of [0.001, 1, 3.3, 2]) {
      const began = performance.now()
      await task.sleep(ms)
      assert.ok(performance.now() - began >= ms, String(ms))
    }
  })
})

test('sleep_takes_numbers_that_are_times', async () => {
  await virtual(async (task, { now }) => {
    for (const ms of [0, -0, 1, 1.5, 2 ** 40]) assert.strictEqual(await task.sleep(ms), undefined)
    assert.strictEqual(now(), 2 ** 40 + 2.5)
    for (const ms of [-1, -0.001, NaN, -Infinity]) assert.strictEqual((await rejected(task.sleep(ms), RangeError)).code, 'ERR_OUT_OF_RANGE')
    for (const ms of ['1', undefined, null, {}, 1n, true, [1], Symbol.iterator]) {
      assert.strictEqual((await rejected(task.sleep(ms), TypeError)).code, 'ERR_INVALID_ARG_TYPE')
    }
    assert.strictEqual(task.cancelling, 0)
  })
})

test('a_child_is_given_its_task_and_its_name', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => [me], { name: 'child' })
    const [given] = await child
    assert.strictEqual(given, child)
    assert.strictEqual(child.name, 'child')
  })
})

test('a_body_that_is_no_function_and_bad_options_are_refused', async () => {
  await virtual((task) => {
    for (const body of [undefined, null, 5, 'text', {}, Promise.resolve()]) assert.strictEqual(thrown(() => task.spawn(body), TypeError).code, 'ERR_INVALID_ARG_TYPE')
    const never = () => assert.fail('it began')
    for (const options of [5, 'text', { name: 5 }, { context: 5 }, { signal: 5 }, { signal: {} }]) thrown(() => task.spawn(never, options), TypeError)
    thrown(() => task.spawn(never, { name: 'a\0b' }), RangeError)
  })
})

test('a_context_of_another_runner_is_refused', async () => {
  await withRunner(async (other) => {
    const context = await other.run((task) => new Context(task))
    await virtual((task) => { thrown(() => task.spawn(() => assert.fail('it began'), { context }), ForeignError) })
  })
})

test('callbacks_spawn_by_the_task_that_they_have', async () => {
  await virtual(async (task, { loop }) => {
    let child
    loop.callSoon(() => { child = task.spawn(async (me) => { await me.sleep(1); return 7 }) })
    await task.yield()
    assert.strictEqual(await child, 7)
  })
})

test('code_without_a_turn_spawns', async () => {
  await virtual(async (task) => {
    const child = await task.until(new Promise((resolve) => setImmediate(() => {
      resolve([task.spawn(async (me) => { await me.sleep(1); return 7 })])
    })))
    assert.strictEqual(await child[0], 7)
  })
})

test('a_task_that_is_over_may_still_be_spawned_by', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => 1)
    await child
    assert.strictEqual(await child.spawn(() => 2), 2)
  })
})

test('what_is_spawned_between_two_runs_begins_in_the_next', async () => {
  await withRunner(async (runner) => {
    const log = []
    const [task] = await runner.run((main) => [main])
    const child = task.spawn(() => { log.push('child'); return 7 })
    await immediate()
    assert.deepStrictEqual(log, [])
    assert.strictEqual(child.done, false)
    assert.strictEqual(await runner.run((main) => main.until(child)), 7)
  })
})

test('what_is_spawned_between_a_run_and_the_close_never_begins', async () => {
  const runner = new Runner({ loopFactory: testLoop })
  const [task] = await runner.run((main) => [main])
  const child = task.spawn(() => assert.fail('it began'))
  await runner.close()
  assert.strictEqual(child.cancelled, true)
  thrown(() => task.spawn(() => 1), ClosedError)
})

test('R078_a_spawn_after_the_close_is_refused', async () => {
  const [task] = await virtual((main) => [main])
  const error = thrown(() => task.spawn(() => 1), ClosedError)
  assert.strictEqual(error.code, 'RUNNER_ECLOSED')
})

// ---- maxTasks -------------------------------------------------------------------------------------

test('maxTasks_is_an_error_of_who_spawns', async () => {
  await virtual(async (task) => {
    const children = Array.from({ length: 9 }, () => task.spawn(async (me) => { await me.sleep(1); return 1 }))
    const error = thrown(() => task.spawn(() => assert.fail('it began')), RunnerError)
    assert.strictEqual(error.code, 'RUNNER_ENOMEM')
    assert.match(error.message, /maxTasks/)
    assert.deepStrictEqual(await gather(task, children), Array(9).fill(1))
    assert.strictEqual(await task.spawn(() => 2), 2)
  }, { maxTasks: 10 })
})

test('maxTasks_does_not_count_tasks_that_are_over', async () => {
  await virtual(async (task) => {
    for (let i = 0; i < 20; i++) {
      assert.strictEqual(await task.spawn(() => i), i)
      for (const count of [0, 1]) {
        const child = task.spawn((me) => me.sleep(60_000))
        await turns(task, count)
        child.cancel()
        await child.catch(() => {})
      }
      await rejected(task.spawn(() => { throw new Error('mine') }), Error)
      await rejected(task.spawn(async (me) => { await me.yield(); throw new Error('mine') }), Error)
    }
  }, { maxTasks: 3 })
})

test('a_group_that_cannot_spawn_fails_and_cancels_its_tasks', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group((group) => { for (let i = 0; i < 10; i++) group.spawn(() => assert.fail('it began')) }), GroupError)
    assert.deepStrictEqual(error.errors.map((it) => it.code), ['RUNNER_ENOMEM'])
    assert.strictEqual(await task.spawn(() => 1), 1)
  }, { maxTasks: 5 })
})

test('a_close_at_the_limit_closes_all', async () => {
  const log = []
  const runner = new Runner({ loopFactory: testLoop, maxTasks: 4 })
  await runner.run(async (task) => {
    task.register(() => log.push('closable'))
    for (let i = 0; i < 3; i++) task.spawn((me) => me.sleep(60_000).finally(() => log.push('task')))
    await task.yield()
  })
  await runner.close()
  assert.deepStrictEqual(log, ['task', 'task', 'task', 'closable'])
})

// ---- turns and plain promises ---------------------------------------------------------------------

test('one_turn_at_a_time_and_each_to_its_next_wait', async () => {
  await virtual(async (task) => {
    const log = []
    const make = (name) => task.spawn(async (me) => {
      log.push(`${name}1`)
      await null
      log.push(`${name}2`)
      await Promise.resolve().then(() => Promise.resolve())
      log.push(`${name}3`)
      await me.yield()
      log.push(`${name}4`)
    })
    await gather(task, [make('a'), make('b')])
    assert.deepStrictEqual(log, ['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'a4', 'b4'])
  })
})

test('synchronous_code_is_never_interrupted', async () => {
  await virtual(async (task) => {
    let inside = 0
    const body = async (me) => {
      for (let i = 0; i < 5; i++) {
        assert.strictEqual(inside++, 0)
        task.spawn(() => assert.strictEqual(inside, 0))
        me.cancelling // a command
        inside--
        await me.yield()
      }
    }
    await gather(task, Array.from({ length: 5 }, () => task.spawn(body)))
  })
})

test('a_turn_begins_in_microtasks_of_its_own', async () => {
  await virtual(async (task) => {
    const log = []
    const child = task.spawn(() => { log.push('child') })
    const wait = task.yield()
    log.push('after the call')
    await wait
    assert.deepStrictEqual(log, ['after the call', 'child'])
    await child
  })
})

test('process_nextTick_and_setImmediate_have_their_chance', async () => {
  await run(async (task) => {
    const log = []
    let stop = false
    setImmediate(() => { log.push('immediate'); stop = true })
    process.nextTick(() => log.push('tick'))
    setTimeout(() => log.push('timeout'), 0)
    while (!stop) await task.yield() // a task that is always ready
    assert.ok(log.includes('tick') && log.includes('immediate'))
  })
})

test('R191_tasks_that_spawn_for_ever_do_not_keep_timers_away', async () => {
  await run(async (task) => {
    let stop = false
    const breed = (me) => { if (!stop) me.spawn(breed) }
    task.spawn(breed)
    await new Promise((resolve) => setTimeout(resolve, 1))
    await task.sleep(1)
    stop = true
  })
})

test('a_generator_of_many_tasks_sleeps_at_once', async () => {
  await virtual(async (task, { now }) => {
    let woken = 0
    const children = Array.from({ length: 2000 }, () => task.spawn(async (me) => { await me.sleep(1); woken++ }))
    await gather(task, children)
    assert.deepStrictEqual([woken, now()], [2000, 1])
  })
})

test('a_body_that_throws_at_once_and_one_that_throws_later', async () => {
  await virtual(async (task) => {
    const error = new Error('mine')
    await rejected(task.spawn(() => { throw error }), error)
    await rejected(task.spawn(() => Promise.reject(error)), error)
    await rejected(task.spawn(() => ({ then(_, reject) { setImmediate(reject, error) } })), error)
    await rejected(task.spawn(() => { throw new NoTaskError(0) }), NoTaskError)
  })
})
