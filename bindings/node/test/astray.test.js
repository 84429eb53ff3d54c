'use strict'

// Tasks that await what the runner knows nothing of, and come back: in every state.

const assert = require('node:assert')
const { once, EventEmitter } = require('node:events')
const { run, Runner, testLoop, CancelledError, ClosedError, AbandonedError, StalledError, TimeoutError, GroupError, gather, wait } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, untilCancelled, immediate, real, deferred } = require('./support/virtual')

const nextTick = () => new Promise((resolve) => process.nextTick(resolve))
const microtask = () => Promise.resolve()

const WAYS = {
  microtask,
  nextTick,
  immediate,
  real: () => real(1),
  microtasks: async () => { for (let i = 0; i < 20; i++) await microtask() },
  ticks: async () => { for (let i = 0; i < 5; i++) await nextTick() },
  event: () => {
    const emitter = new EventEmitter()
    setImmediate(() => emitter.emit('it', 1))
    return once(emitter, 'it')
  },
  thenable: async () => await { then: (resolve) => setImmediate(resolve) }
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`a_task_goes_astray_and_comes_back_by_${name}`, async () => {
    await virtual(async (task, { now }) => {
      await way()
      await task.sleep(5)
      await way()
      assert.strictEqual(await task.spawn(async (me) => { await way(); await me.sleep(5); await way(); return 7 }), 7)
      await way()
      await turns(task, 2)
      await way()
      assert.strictEqual(now(), 10)
      return 1
    })
  })

  test(`a_task_that_was_astray_by_${name}_does_everything`, async () => {
    await virtual(async (task, { loop, now }) => {
      await way()
      const children = [1, 2].map((i) => task.spawn(async (me) => { await me.sleep(i); return i }))
      assert.deepStrictEqual(await gather(task, children), [1, 2])
      await way()
      assert.strictEqual((await wait(task, children)).done.size, 2)
      await way()
      await rejected(task.timeout(5, () => task.sleep(10)), TimeoutError)
      await way()
      assert.strictEqual(await task.group(async (group) => { await way(); group.spawn((me) => me.sleep(1)); return 3 }), 3)
      await way()
      const future = loop.createFuture()
      loop.callLater(1, () => future.resolve(4))
      assert.strictEqual(await task.until(future), 4)
      await way()
      assert.strictEqual(await task.shield(task.spawn(() => 5)), 5)
      await way()
      assert.strictEqual(task.cancelling, 0)
      task.cancel()
      task.uncancel()
      await task.sleep(1)
      assert.strictEqual(now(), 10)
    })
  })
}

test('others_have_their_turns_meanwhile', async () => {
  await virtual(async (task) => {
    const log = []
    const gate = deferred()
    const away = task.spawn(async (me) => {
      log.push('away')
      await gate.promise
      log.push('back')
      await me.yield()
      log.push('over')
    })
    const other = task.spawn(async (me) => {
      for (let i = 0; i < 3; i++) {
        log.push(i)
        await me.yield()
      }
      gate.resolve()
    })
    await other
    await away
    assert.deepStrictEqual(log, ['away', 0, 1, 2, 'back', 'over'])
  })
})

test('a_chain_of_microtasks_keeps_the_turn', async () => {
  await virtual(async (task) => {
    const log = []
    const first = task.spawn(async (me) => {
      for (let i = 0; i < 50; i++) await null
      log.push('first')
      await me.yield()
    })
    const second = task.spawn(() => { log.push('second') })
    await gather(task, [first, second])
    assert.deepStrictEqual(log, ['first', 'second'])
  })
})

test('the_virtual_clock_stands_still_while_a_task_is_astray_or_waits_for_a_promise', async () => {
  for (const how of [(task, promise) => task.until(promise), (task, promise) => promise]) {
    await virtual(async (task, { now }) => {
      let slept = false
      const sleeper = task.spawn(async (me) => { await me.sleep(1); slept = true })
      await task.yield()
      await how(task, real(10))
      assert.deepStrictEqual([now(), slept], [0, false])
      await sleeper
      assert.strictEqual(now(), 1)
    })
  }
})

test('many_tasks_go_astray_at_once', async () => {
  await virtual(async (task) => {
    const children = Array.from({ length: 300 }, (_, i) => task.spawn(async (me) => {
      await immediate()
      if (i % 3 === 0) await me.sleep(1)
      if (i % 3 === 1) await real(1)
      return i
    }))
    const values = await gather(task, children)
    assert.deepStrictEqual(values, Array.from({ length: 300 }, (_, i) => i))
  })
})

// ---- cancelled meanwhile --------------------------------------------------------------------------

test('one_that_is_cancelled_astray_is_told_at_its_next_wait', async () => {
  const waits = [(me) => me.sleep(5), (me) => me.yield(), (me) => me.until(new Promise(() => {})), (me) => me.until(1),
    (me) => me.until(me.spawn((it) => it.sleep(5))), (me) => gather(me, [me.spawn((it) => it.sleep(1))]),
    (me) => me.group((group) => { group.spawn((it) => it.sleep(1)) }), (me) => me.shield(me.spawn((it) => it.sleep(1))),
    (me) => me.timeout(5, () => me.sleep(1)), (me) => wait(me, [me.spawn((it) => it.sleep(1))])]
  for (const next of waits) {
    for (const begun of [false, true]) {
      await virtual(async (task) => {
        const log = []
        const gate = deferred()
        const child = task.spawn(async (me) => {
          if (begun) await me.yield()
          await gate.promise
          log.push(me.cancelling)
          await next(me)
          log.push('never')
        })
        await turns(task, begun ? 2 : 1)
        assert.strictEqual(child.cancel('why'), true)
        gate.resolve()
        assert.strictEqual((await rejected(task.until(child), CancelledError)).reason, 'why')
        assert.deepStrictEqual(log, [1], `${next} ${begun}`)
      })
    }
  }
})

test('R146_one_that_is_cancelled_astray_and_returns_is_cancelled', async () => {
  await virtual(async (task) => {
    const gate = deferred()
    const child = task.spawn(async () => { await gate.promise; return 7 })
    const error = new Error('mine')
    const failing = task.spawn(async () => { await gate.promise; throw error })
    await task.yield()
    child.cancel('why')
    failing.cancel()
    gate.resolve()
    assert.strictEqual((await rejected(task.until(child), CancelledError)).reason, 'why')
    assert.strictEqual(child.cancelled, true)
    await rejected(task.until(failing), error)
  })
})

test('one_astray_hears_of_a_cancel_by_its_signal_at_once', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => new Promise((resolve, reject) => {
      me.signal.addEventListener('abort', () => reject(me.signal.reason), { once: true })
    }))
    await task.yield()
    child.cancel('why')
    assert.strictEqual((await rejected(task.until(child), CancelledError)).reason, 'why')
  })
})

test('a_cancel_of_one_astray_that_is_taken_back_is_never_told', async () => {
  await virtual(async (task) => {
    const gate = deferred()
    const child = task.spawn(async (me) => { await gate.promise; await me.sleep(1); return 7 })
    await task.yield()
    child.cancel()
    child.uncancel()
    gate.resolve()
    assert.strictEqual(await child, 7)
  })
})

test('one_that_waits_for_one_astray_hands_its_cancel_on', async () => {
  await virtual(async (task) => {
    const inner = task.spawn(async (me) => { await immediate(); await me.sleep(5) })
    const outer = task.spawn(async () => await inner)
    await turns(task, 2)
    outer.cancel('why')
    assert.strictEqual((await rejected(task.until(outer), CancelledError)).reason, 'why')
    assert.strictEqual(inner.cancelled, true)
  })
})

test('a_promise_that_is_waited_for_by_until_is_left_at_a_cancel', async () => {
  await virtual(async (task) => {
    const gate = deferred()
    const child = task.spawn((me) => me.until(gate.promise))
    await task.yield()
    child.cancel('why')
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'why')
    gate.reject(new Error('late: nobody hears of it'))
    await immediate()
    await task.sleep(1)
  })
})

// ---- main astray, runs ended, runner closed -------------------------------------------------------

test('R034_a_child_that_comes_back_between_two_runs_goes_on_in_the_next', async () => {
  await withRunner(async (runner) => {
    const log = []
    const gate = deferred()
    const made = await runner.run(async (task) => {
      const child = task.spawn(async (me) => {
        await gate.promise
        log.push('back')
        await me.sleep(5)
        log.push('slept')
        return 7
      })
      await task.yield()
      return { child }
    })
    gate.resolve()
    await real(5)
    assert.deepStrictEqual(log, ['back'])
    assert.strictEqual(made.child.done, false)
    assert.strictEqual(await runner.run((task) => task.until(made.child)), 7)
    assert.deepStrictEqual(log, ['back', 'slept'])
  })
})

test('R034_a_child_that_ends_between_two_runs_is_done_in_the_next', async () => {
  await withRunner(async (runner) => {
    const gate = deferred()
    const made = await runner.run(async (task) => {
      const children = [
        task.spawn(async () => { await gate.promise; return 7 }),
        task.spawn(async () => { await gate.promise; throw new Error('mine') })
      ]
      await task.yield()
      return { children }
    })
    gate.resolve()
    await real(5)
    await runner.run(async (task) => {
      await turns(task, 2)
      assert.strictEqual(made.children[0].result(), 7)
      assert.strictEqual((await rejected(made.children[1], Error)).message, 'mine')
    })
  })
})

test('what_one_astray_calls_between_two_runs_is_done_in_the_next', async () => {
  const calls = {
    sleep: async (me) => { await me.sleep(1); return 7 },
    yield: async (me) => { await me.yield(); return 7 },
    until: (me) => me.until(7),
    timeout: (me) => me.timeout(5, async () => { await me.sleep(1); return 7 }),
    group: (me) => me.group((group) => { group.spawn((it) => it.sleep(1)); return 7 }),
    spawn: (me) => me.spawn(async (it) => { await it.sleep(1); return 7 }),
    shield: (me) => me.shield(me.spawn(() => 7)),
    gather: async (me) => (await gather(me, [me.spawn(() => 7)]))[0],
    wait: async (me) => (await wait(me, [me.spawn(() => 7)])).done.size + 6
  }
  for (const [name, call] of Object.entries(calls)) {
    await withRunner(async (runner) => {
      let called = false
      const gate = deferred()
      const made = await runner.run(async (task) => {
        const child = task.spawn(async (me) => {
          await gate.promise
          called = true
          return call(me)
        })
        await task.yield()
        return { child }
      })
      gate.resolve()
      await real(2)
      assert.deepStrictEqual([called, made.child.done], [true, false], name)
      assert.strictEqual(await runner.run((task) => task.until(made.child)), 7, name)
    })
  }
})

test('R079_one_astray_at_the_close_is_cancelled_and_waited_for', async () => {
  const log = []
  await virtual(async (task) => {
    const gate = deferred()
    setTimeout(gate.resolve, 5)
    task.spawn(async (me) => {
      await gate.promise
      log.push(me.cancelling)
      await untilCancelled(me, async () => { await me.sleep(5); log.push('cleaned') })
    })
    await task.yield()
  })
  assert.deepStrictEqual(log, [1, 'cleaned'])
})

test('R079_one_that_comes_back_between_the_run_and_the_close', async () => {
  const log = []
  const runner = new Runner({ loopFactory: testLoop })
  const gate = deferred()
  await runner.run(async (task) => {
    task.spawn(async (me) => {
      await gate.promise
      log.push('back')
      await me.sleep(5).finally(() => log.push('over'))
    })
    await task.yield()
  })
  gate.resolve()
  await real(2)
  assert.deepStrictEqual(log, ['back'])
  await runner.close()
  assert.deepStrictEqual(log, ['back', 'over'])
  assert.deepStrictEqual(runner.report.map((entry) => entry.kind), ['cancelled'])
})

test('R085_one_astray_that_does_not_come_back_is_given_up_after_the_grace', async () => {
  const runner = new Runner({ cancelGrace: 5 })
  const gate = deferred()
  const made = await runner.run(async (task) => {
    const child = task.spawn(async (me) => { await gate.promise; await me.sleep(1); return 1 }, { name: 'away' })
    await task.yield()
    return { child }
  })
  const alive = setInterval(() => {}, 1000)
  await rejected(runner.close(), TimeoutError)
  clearInterval(alive)
  assert.strictEqual(runner.closed, true)
  thrown(() => made.child.result(), AbandonedError)
  assert.ok(runner.report.some((entry) => entry.kind === 'abandoned' && entry.name === 'away'))
  gate.resolve()
  await immediate()
  thrown(() => made.child.result(), AbandonedError)
})

test('what_one_astray_calls_after_the_close_is_refused', async () => {
  const runner = new Runner({ cancelGrace: 1 })
  const gate = deferred()
  const errors = []
  await runner.run(async (task) => {
    task.spawn(async (me) => {
      await gate.promise
      const calls = [() => me.sleep(1), () => me.yield(), () => me.until(1), () => me.timeout(1, () => 1), () => me.group(() => 1),
        async () => me.spawn(() => 1), () => gather(me, []), async () => me.register(() => 1)]
      for (const call of calls) errors.push(await call().then(() => 'nothing', (error) => error))
      gate.over()
    })
    await task.yield()
  })
  const alive = setInterval(() => {}, 1000)
  await runner.close().catch(() => {})
  const over = new Promise((resolve) => { gate.over = resolve })
  gate.resolve()
  await over
  clearInterval(alive)
  assert.deepStrictEqual(errors.map((error) => error instanceof ClosedError || error), errors.map(() => true))
})

test('a_main_that_is_astray_when_it_is_interrupted', async () => {
  const { KeyboardInterrupt } = require('..')
  await withRunner(async (runner) => {
    const [gate, begun] = [deferred(), deferred()]
    const running = runner.run(async (task) => { setImmediate(begun.resolve); await gate.promise; await task.sleep(1000) })
    await begun.promise
    assert.strictEqual(runner.interrupt(), true)
    gate.resolve()
    await rejected(running, KeyboardInterrupt)
  })
})

test('a_main_astray_that_is_stopped_goes_on_in_the_next_run', async () => {
  await withRunner(async (runner) => {
    const gate = deferred()
    const log = []
    const begun = deferred()
    const running = runner.run(async (task) => {
      setImmediate(begun.resolve)
      await gate.promise
      log.push('back')
      await task.sleep(1)
      log.push('slept')
    })
    await begun.promise
    runner.loop.stop()
    await rejected(running, Error)
    gate.resolve()
    await immediate()
    assert.deepStrictEqual(log, ['back'])
    await runner.run((task) => task.sleep(5))
    assert.deepStrictEqual(log, ['back', 'slept'])
  })
})

test('one_astray_that_never_comes_back_is_a_stall_if_nothing_is_left', async () => {
  const { execFile } = require('node:child_process')
  const program = `
    const { run, testLoop, nodeLoop } = require(${JSON.stringify(require.resolve('..'))})
    async function main() {
      for (const loopFactory of [testLoop, nodeLoop]) {
        for (const how of [(task) => new Promise(() => {}), (task) => task.until(new Promise(() => {})),
                           (task) => task.spawn(() => new Promise(() => {}), { name: 'lost' })]) {
          const error = await run(how, { loopFactory, name: 'main' }).catch((it) => it)
          console.log(error.name, error.code, error.tasks.map(({ name }) => name).join())
        }
      }
    }
    main()`
  const out = await new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', program], { timeout: 30_000 }, (error, text, errors) => error ? reject(new Error(error.message + errors)) : resolve(text))
  })
  const each = ['main', 'main', 'main,lost'].map((names) => `StalledError RUNNER_EDEADLK ${names}`)
  assert.deepStrictEqual(out.trim().split('\n'), [...each, ...each])
})

test('a_wait_of_one_astray_while_another_has_its_turn', async () => {
  await virtual(async (task) => {
    const log = []
    const gate = deferred()
    const away = task.spawn(async (me) => {
      await gate.promise
      log.push('away is back')
      await me.sleep(1)
      log.push('away slept')
    })
    await task.yield()
    const busy = task.spawn(async (me) => {
      gate.resolve()
      for (let i = 0; i < 10; i++) await null
      log.push('busy goes on')
      await me.sleep(1)
      log.push('busy slept')
    })
    await gather(task, [away, busy])
    assert.deepStrictEqual(log, ['away is back', 'busy goes on', 'away slept', 'busy slept'])
  })
})

test('a_group_whose_owner_comes_back_after_its_child_has_failed_and_the_timeout_is_over', async () => {
  await run(async (task) => {
    const error = new Error('mine')
    const seen = await rejected(task.timeout(1, () => task.group(async (group) => {
      group.spawn(() => { throw error })
      await real(20)
    })), GroupError)
    assert.deepStrictEqual(seen.errors, [error])
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
  })
})

test('StalledError_tells_what_waits_for_the_outside', async () => {
  const error = await rejected(virtual(async (task, { loop }) => { await task.until(loop.createFuture()) }), StalledError)
  assert.deepStrictEqual(error.tasks, [{ id: 1, name: 'Task-1', waits: 'future' }])
})
