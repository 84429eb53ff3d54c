'use strict'

// Tasks: their outcome, their names, who awaits them and how.

const assert = require('node:assert')
const { run, Task, InvalidStateError, CancelledError, ForeignError, StalledError, TimeoutError, GroupError, gather } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, immediate, deferred } = require('./support/virtual')

test('a_task_has_an_outcome_that_many_may_await', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => { await me.sleep(1); return 7 }, { name: 'seven' })
    assert.strictEqual(child.name, 'seven')
    assert.strictEqual(child.done, false)
    const waiters = [1, 2, 3].map(() => task.spawn(async () => await child))
    assert.deepStrictEqual(await gather(task, waiters), [7, 7, 7])
    assert.deepStrictEqual([child.result(), await child, await task.until(child)], [7, 7, 7])
    assert.strictEqual(child.exception(), undefined)
    assert.deepStrictEqual([child.done, child.cancelled], [true, false])
  })
})

test('its_value_may_be_anything_and_is_not_looked_at', async () => {
  await virtual(async (task) => {
    for (const value of [undefined, null, false, 0, '', Object.create(null), new Error('a value'), Symbol.iterator, [1]]) {
      const child = task.spawn(async () => value)
      assert.strictEqual(await child, value)
      assert.strictEqual(await task.until(child), value)
      assert.strictEqual(child.result(), value)
    }
  })
})

test('its_error_comes_out_as_it_is_and_through_chains', async () => {
  await virtual(async (task) => {
    const error = Object.freeze(new Error('mine'))
    const inner = task.spawn(async (me) => { await me.sleep(1); throw error })
    const middle = task.spawn(async () => await inner)
    await rejected(middle, error)
    await rejected(inner, error)
    await rejected(task.until(inner), error)
    thrown(() => inner.result(), error)
    assert.strictEqual(inner.exception(), error)
    assert.strictEqual(inner.cancelled, false)
  })
})

test('an_error_that_is_no_Error_comes_through', async () => {
  await virtual(async (task) => {
    for (const error of [undefined, null, 0, 'text', Symbol.iterator]) {
      const child = task.spawn(async () => { throw error })
      const seen = await child.then(() => 'a value', (it) => [it])
      assert.strictEqual(seen[0], error)
      assert.strictEqual(child.exception(), error)
    }
  })
})

test('R155_the_outcome_of_one_that_is_not_done', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => me.sleep(1))
    assert.strictEqual(thrown(() => child.result(), InvalidStateError).code, 'RUNNER_EPENDING')
    thrown(() => child.exception(), InvalidStateError)
    child.cancel()
    await task.sleep(1)
    thrown(() => child.result(), CancelledError)
    thrown(() => child.exception(), CancelledError)
  })
})

test('R042_a_task_cannot_wait_for_itself', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.until(task), InvalidStateError)
    assert.strictEqual(error.code, 'RUNNER_ESELF')
    await rejected(task.until(task, { timeout: 5 }), InvalidStateError)
    const child = task.spawn(async (me) => { await rejected(me.until(me), InvalidStateError); return 1 })
    assert.strictEqual(await child, 1)
  })
  await rejected(virtual((task) => task.shield(task)), StalledError)
  await rejected(virtual((task) => gather(task, [task])), Error)
})

test('two_that_await_each_other_are_a_deadlock', async () => {
  const error = await rejected(virtual(async (task) => {
    const names = { name: 'first' }
    const first = task.spawn((me) => me.until(second), names)
    const second = task.spawn(async () => await first, { name: 'second' })
    await first
  }), StalledError)
  assert.strictEqual(error.code, 'RUNNER_EDEADLK')
  assert.match(error.message, /first/)
  assert.ok(error.tasks.some(({ name, waits }) => name === 'second' && waits === 'task'), JSON.stringify(error.tasks))
})

test('R041_one_of_another_runner_cannot_be_waited_for_but_observed', async () => {
  await withRunner(async (first) => {
    const { theirs } = await first.run((task) => ({ theirs: task.spawn(async (me) => { await me.sleep(1); return 7 }) }))
    await virtual(async (task) => {
      await rejected(task.until(theirs), ForeignError)
      await rejected(task.until(theirs, { timeout: 1 }), ForeignError)
      await rejected(task.shield(theirs), ForeignError)
    })
    assert.strictEqual(await first.run(async () => await theirs), 7)
    await virtual(async () => assert.strictEqual(await theirs, 7))
  })
})

test('until_with_a_timeout', async () => {
  await virtual(async (task, { now }) => {
    assert.strictEqual(await task.until(task.spawn(async () => 7), { timeout: 1 }), 7)
    assert.strictEqual(await task.until(task.spawn(async () => 7), { timeout: undefined }), 7)
    assert.strictEqual(await task.until(task.spawn(async () => 7), { timeout: Infinity }), 7)
    const slow = task.spawn((me) => me.sleep(60_000))
    await rejected(task.until(slow, { timeout: 500 }), TimeoutError)
    assert.strictEqual(now(), 500)
    assert.strictEqual(slow.cancelled, true)
    await rejected(task.until(task.spawn((me) => me.sleep(1000)), { timeout: 0 }), TimeoutError)
    const done = task.spawn(() => 1)
    await task.yield()
    assert.strictEqual(await task.until(done, { timeout: 0 }), 1)
    const error = new Error('mine')
    await rejected(task.until(task.spawn(async () => { throw error }), { timeout: 1 }), error)
    assert.strictEqual(task.cancelling, 0)
  })
})

test('until_checks_its_timeout', async () => {
  await virtual(async (task) => {
    for (const timeout of ['1', NaN, -1, {}, true]) {
      const error = await rejected(task.until(1, { timeout }), Error)
      assert.match(error.code ?? '', /^ERR_/, String(timeout))
    }
    await rejected(task.until(1, 5), TypeError)
  })
})

test('names', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => me.sleep(1))
    assert.deepStrictEqual([task.name, child.name], ['Task-1', 'Task-2'])
    child.name = 'other'
    assert.strictEqual(child.name, 'other')
    child.name = null
    assert.strictEqual(child.name, 'Task-2')
    thrown(() => { child.name = 5 }, TypeError)
    thrown(() => { child.name = 'a\0b' }, RangeError)
    await child
    child.name = 'late ü'
    assert.strictEqual(child.name, 'late ü')
    thrown(() => task.spawn(() => 1, { name: 5 }), TypeError)
  })
})

test('ids_count_from_1_in_each_runner', async () => {
  await withRunner(async (runner) => {
    assert.strictEqual(await runner.run((task) => task.id), 1)
    assert.deepStrictEqual(await runner.run((task) => [task.id, task.spawn(() => 1).id, task.spawn(() => 1).id]), [2, 3, 4])
  })
})

test('a_task_is_no_constructor_for_users', async () => {
  assert.throws(() => Task())
  await virtual((task) => {
    assert.ok(task instanceof Task)
    assert.strictEqual(Object.prototype.toString.call(task), '[object Task]')
  })
})

test('awaiting_many_times_gives_the_same_each_time', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => ({}))
    const first = await child
    for (let i = 0; i < 5; i++) assert.strictEqual(await child, first)
  })
})

// ---- who waits ------------------------------------------------------------------------------------

test('R147_await_of_a_child_waits_as_until_does_and_hands_a_cancel_on', async () => {
  await virtual(async (task) => {
    for (const how of [async (me, child) => await child, (me, child) => me.until(child)]) {
      const inner = task.spawn((me) => me.sleep(1000))
      const outer = task.spawn((me) => how(me, inner))
      await turns(task, 2)
      outer.cancel('down')
      await rejected(outer, CancelledError)
      assert.strictEqual(inner.cancelled, true)
    }
  })
})

test('a_promise_that_others_have_made_of_a_task_only_observes', async () => {
  await virtual(async (task) => {
    const inner = task.spawn((me) => me.sleep(1000))
    const gate = deferred()
    const observer = (async () => { await gate.promise; return await inner })()
    const outer = task.spawn((me) => me.until(observer))
    await turns(task, 2)
    setImmediate(gate.resolve)
    await task.until(immediate())
    outer.cancel()
    await rejected(outer, CancelledError)
    assert.strictEqual(inner.done, false)
    inner.cancel()
    await rejected(observer, CancelledError)
  })
})

test('Promise_all_of_children', async () => {
  await virtual(async (task, { now }) => {
    const children = [3, 1, 2].map((i) => task.spawn(async (me) => { await me.sleep(i); return i }))
    assert.deepStrictEqual(await Promise.all(children), [3, 1, 2])
    assert.strictEqual(now(), 3)
    assert.strictEqual(await task.until(Promise.all(children)).then((all) => all.length), 3)
    await task.sleep(1)
  })
})

test('Promise_race_any_and_allSettled_of_children', async () => {
  await virtual(async (task) => {
    const make = () => [30, 10, 20].map((i) => task.spawn(async (me) => {
      await me.sleep(i)
      if (i === 10) throw new Error('ten')
      return i
    }))
    assert.strictEqual((await rejected(Promise.race(make()), Error)).message, 'ten')
    await task.sleep(100)
    assert.strictEqual(await Promise.any(make()), 20)
    await task.sleep(100)
    const settled = await Promise.allSettled(make())
    assert.deepStrictEqual(settled.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
    await task.sleep(1)
  })
})

test('Promise_race_between_a_child_and_a_promise_of_the_program', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => me.sleep(1000))
    assert.strictEqual(await task.until(Promise.race([child, immediate().then(() => 'immediate')])), 'immediate')
    await task.sleep(5)
    assert.strictEqual(child.done, false)
    child.cancel()
    await rejected(child, CancelledError)
  })
})

test('a_then_that_is_not_awaited_does_not_lose_a_cancel', async () => {
  await virtual(async (task) => {
    for (const observe of [(it) => it.then(() => {}, () => {}), (it) => it.catch(() => {}), (it) => it.finally(() => {}).catch(() => {})]) {
      const background = task.spawn((me) => me.sleep(Infinity))
      const child = task.spawn(async (me) => {
        observe(background)
        await immediate()
        await me.sleep(1)
      })
      await task.yield()
      child.cancel('why')
      assert.strictEqual((await rejected(task.until(child), CancelledError)).reason, 'why')
      assert.strictEqual(background.done, false)
      background.cancel()
    }
  })
})

test('a_then_that_is_not_awaited_does_not_stop_the_task', async () => {
  await virtual(async (task, { note, lines }) => {
    const child = task.spawn(async (me) => { await me.sleep(10); return 'value' })
    child.then((value) => note(`then ${value}`))
    await task.sleep(5)
    note('slept')
    await task.sleep(10)
    note('over')
    assert.deepStrictEqual(lines, ['5 slept', '10 then value', '15 over'])
  })
})

test('a_then_that_is_not_awaited_and_then_each_other_call', async () => {
  const calls = {
    yield: (task) => task.yield(),
    until: (task) => task.until(1),
    untilChild: (task) => task.until(task.spawn((me) => me.sleep(1))),
    child: async (task) => await task.spawn((me) => me.sleep(1)),
    timeout: (task) => task.timeout(5, () => task.sleep(1)),
    group: (task) => task.group((group) => { group.spawn((me) => me.sleep(1)) }),
    gather: (task) => gather(task, [task.spawn((me) => me.sleep(1))]),
    shield: (task) => task.shield(task.spawn((me) => me.sleep(1))),
    spawn: (task) => { task.spawn((me) => me.sleep(1)) },
    end: () => undefined
  }
  for (const [name, call] of Object.entries(calls)) {
    await virtual(async (task) => {
      const slow = task.spawn(async (me) => { await me.sleep(100); return 7 })
      let seen
      const asked = task.spawn(async (me) => {
        const promise = slow.then((value) => { seen = value })
        await call(me)
        return { promise }
      })
      const { promise } = await asked
      assert.strictEqual(slow.done, false, name)
      await promise
      assert.strictEqual(seen, 7, name)
    })
  }
})

test('a_catch_that_is_not_awaited_takes_the_failure', async () => {
  await virtual(async (task) => {
    let seen
    const child = task.spawn(async (me) => { await me.sleep(1); throw new Error('mine') })
    child.catch((error) => { seen = error.message })
    await task.sleep(5)
    assert.strictEqual(seen, 'mine')
  })
})

test('finally_gives_the_outcome', async () => {
  await virtual(async (task) => {
    let called = 0
    assert.strictEqual(await task.spawn(async (me) => { await me.sleep(1); return 5 }).finally(() => { called++ }), 5)
    const error = new Error('mine')
    await rejected(task.spawn(async () => { throw error }).finally(() => { called++ }), error)
    assert.strictEqual(await task.spawn(() => 1).finally(), 1)
    assert.strictEqual(called, 2)
  })
})

test('then_without_functions_passes_on', async () => {
  await virtual(async (task) => {
    assert.strictEqual(await task.spawn(() => 5).then(), 5)
    assert.strictEqual(await task.spawn(() => 5).then(null, null), 5)
    const error = new Error('mine')
    await rejected(task.spawn(() => { throw error }).then(undefined, undefined), error)
  })
})

test('a_task_looks_on_at_its_own_end', async () => {
  const log = []
  await virtual(async (task) => {
    const child = task.spawn(async (me) => {
      me.finally(() => log.push('finally'))
      await me.sleep(1)
      log.push('body')
    })
    await child
    await task.yield()
  })
  assert.deepStrictEqual(log, ['body', 'finally'])
})

test('a_second_wait_while_one_pends_is_refused', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => { await me.sleep(1000) })
    const first = task.sleep(10)
    const waits = [task.sleep(1), task.yield(), task.until(child), task.until(1), task.shield(child), gather(task, [child])]
    for (const wait of waits) wait.catch(() => {})
    await first
    for (const wait of waits.slice(0, 3)) await rejected(wait, InvalidStateError)
    child.cancel()
    await Promise.allSettled(waits)
  })
})

test('a_second_wait_says_what_to_do', async () => {
  await virtual(async (task) => {
    const first = task.sleep(10)
    const error = await rejected(task.sleep(5), InvalidStateError)
    assert.match(error.message, /Task-1 already waits.*one thing at a time/)
    await first
  })
})

test('a_wait_left_alone_when_the_function_returns', async () => {
  await virtual(async (task, { now }) => {
    let over = false
    const child = task.spawn((me) => { me.sleep(10).then(() => { over = true }); return 5 })
    assert.strictEqual(await child, 5)
    assert.deepStrictEqual([over, now()], [true, 10])
  })
})

test('a_wait_left_alone_that_is_cancelled', async () => {
  await virtual(async (task) => {
    let told
    const child = task.spawn((me) => { me.sleep(1000).catch((error) => { told = error }); return 5 })
    await task.yield()
    child.cancel('why')
    const end = await child.then((it) => it, (error) => error)
    assert.strictEqual(told.reason, 'why')
    assert.ok(end === 5 || end instanceof CancelledError)
  })
})

test('a_wait_of_a_task_that_is_over_is_refused', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => 1)
    await child
    await rejected(child.sleep(1), InvalidStateError)
    await rejected(child.yield(), InvalidStateError)
    await rejected(child.until(1), Error)
    await rejected(child.timeout(1, () => 1), Error)
    await rejected(child.group(() => 1), Error)
  })
})

test('a_wait_of_a_task_that_has_not_begun_is_refused', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => 1)
    await rejected(child.sleep(1), InvalidStateError)
    assert.strictEqual(await child, 1)
  })
})

test('a_task_waits_with_its_own_methods_and_not_those_of_its_parent', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async () => { await rejected(task.sleep(1), InvalidStateError); return 1 })
    assert.strictEqual(await task.until(child), 1)
  })
})

test('asyncDispose_cancels_and_waits', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn(async (me) => {
      try { await me.sleep(1000) } finally { await me.sleep(10) }
    })
    await task.yield()
    await child[Symbol.asyncDispose]()
    assert.deepStrictEqual([child.cancelled, now()], [true, 10])
    await child[Symbol.asyncDispose]()
    const failed = task.spawn(async () => { throw new Error('mine') })
    await task.yield()
    assert.strictEqual((await rejected(failed[Symbol.asyncDispose](), Error)).message, 'mine')
  })
})

test('awaited_from_outside_of_any_task', async () => {
  await withRunner(async (runner) => {
    const begun = deferred()
    const gate = deferred()
    const running = runner.run(async (task) => {
      const child = task.spawn(async (me) => { await me.until(gate.promise); await me.sleep(10); return 7 })
      setImmediate(begun.resolve, [child])
      await task.sleep(20)
      return 1
    })
    const [child] = await begun.promise
    setImmediate(gate.resolve)
    const outside = Promise.all([child, child.then((it) => it + 1), child.finally(() => {})])
    assert.deepStrictEqual(await outside, [7, 8, 7])
    assert.strictEqual(await running, 1)
    assert.strictEqual(await child, 7)
  })
})

test('a_task_of_a_closed_runner_says_how_it_has_ended', async () => {
  const { left, ended } = await virtual(async (task) => {
    const made = { left: task.spawn((me) => me.sleep(1000)), ended: task.spawn(() => 7) }
    await task.yield()
    return made
  })
  assert.strictEqual(left.cancelled, true)
  await rejected(left, CancelledError)
  assert.strictEqual(await ended, 7)
  assert.strictEqual(left.cancel(), false)
  assert.deepStrictEqual([left.cancelling, left.uncancel()], [0, 0])
})

test('GroupError_and_others_are_values_like_any_error', async () => {
  const error = new GroupError([new Error('mine')])
  await rejected(run(() => { throw error }), error)
  assert.match(error.message, /^1 error in a task group: mine \(Error\)$/)
})
