'use strict'

// AbortSignals: those of the program, which cancel tasks, and those of tasks, which abort what Node does.

const assert = require('node:assert')
const { EventEmitter, getEventListeners, once } = require('node:events')
const timers = require('node:timers/promises')
const { test, virtual, rejected, immediate, untilCancelled } = require('./support/virtual')
const { run, Runner, testLoop, nodeLoop, Event, isCancel, wait, CancelledError, StalledError } = require('..')

const VIRTUAL = { loopFactory: testLoop }
const REAL = { loopFactory: nodeLoop }

// ---- signals of the program ----

test('a_signal_cancels_main_with_its_reason', async () => {
  for (const reason of [undefined, 'why', new Error('why'), { why: 1 }, 0, null]) {
    const controller = new AbortController()
    let cleaned = false
    const ends = run(async (task) => {
      setImmediate(() => controller.abort(reason))
      try {
        await task.until(new Promise(() => {}))
      } finally {
        await task.sleep(1)
        cleaned = true
      }
    }, { signal: controller.signal })
    const error = await rejected(ends, CancelledError)
    assert.strictEqual(error.reason, controller.signal.reason)
    assert.strictEqual(error.cause, controller.signal.reason)
    assert.ok(cleaned)
  }
})

test('a_signal_that_is_aborted_already_cancels_at_once', async () => {
  const signal = AbortSignal.abort('before')
  const { reason } = await rejected(run(() => assert.fail('it has begun'), { ...VIRTUAL, signal }), CancelledError)
  assert.strictEqual(reason, 'before')
  await virtual(async (task) => {
    const child = task.spawn(() => assert.fail('it has begun'), { signal })
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'before')
  })
})

test('a_signal_of_a_run_cancels_no_other_task', async () => {
  const controller = new AbortController()
  const runner = new Runner()
  let left
  await rejected(runner.run(async (task) => {
    left = task.spawn((child) => child.sleep(30).then(() => 'left'))
    await task.yield()
    controller.abort()
    await task.sleep(60_000)
  }, { signal: controller.signal }), CancelledError)
  assert.strictEqual(await runner.run(() => left), 'left')
  await runner.close()
})

test('main_may_swallow_what_a_signal_has_asked', async () => {
  const controller = new AbortController()
  assert.strictEqual(await run(async (task) => {
    controller.abort()
    await rejected(task.sleep(1), CancelledError)
    task.uncancel()
    await task.sleep(1)
    return 7
  }, { ...VIRTUAL, signal: controller.signal }), 7)
})

test('a_signal_that_comes_when_all_is_over_does_nothing', async () => {
  const controller = new AbortController()
  const runner = new Runner(VIRTUAL)
  const children = []
  assert.strictEqual(await runner.run(async (task) => {
    children.push(task.spawn(() => 1, { signal: controller.signal }))
    await task.yield()
    return 7
  }, { signal: controller.signal }), 7)
  controller.abort()
  assert.strictEqual(children[0].result(), 1)
  await runner.close()
  assert.strictEqual(await run((task) => task.sleep(1), VIRTUAL), undefined)
})

test('a_signal_that_comes_between_two_runs_cancels_in_the_next', async () => {
  const controller = new AbortController()
  const runner = new Runner(VIRTUAL)
  let child
  await runner.run(async (task) => {
    child = task.spawn((one) => one.sleep(10), { signal: controller.signal })
    await task.yield()
  })
  controller.abort('between')
  await runner.run(async (task) => { assert.strictEqual((await rejected(child, CancelledError)).reason, 'between') })
  await runner.close()
})

test('a_signal_that_comes_in_a_close_does_nothing_more', async () => {
  const controller = new AbortController()
  const runner = new Runner(VIRTUAL)
  let cleaned = false
  await runner.run(async (task) => {
    task.spawn((child) => untilCancelled(child, async () => {
      controller.abort('again')
      await child.sleep(5).catch((error) => { assert.ok(isCancel(error)) })
      cleaned = true
    }), { signal: controller.signal })
    await task.yield()
  })
  await runner.close()
  assert.ok(cleaned)
})

test('one_signal_cancels_many_tasks_in_linear_time', () => virtual(async (task) => {
  const took = []
  for (const count of [2_000, 20_000]) {
    const controller = new AbortController()
    const children = Array.from({ length: count }, () => task.spawn((child) => child.sleep(60_000), { signal: controller.signal }))
    await task.yield()
    assert.strictEqual(getEventListeners(controller.signal, 'abort').length, 1)
    const begun = performance.now()
    controller.abort()
    await wait(task, children)
    took.push(performance.now() - begun)
    assert.ok(children.every((child) => child.cancelled))
    assert.strictEqual(getEventListeners(controller.signal, 'abort').length, 0)
  }
  assert.ok(took[1] < 50 * Math.max(took[0], 10), `${took.join()} ms`) // 10 times as many; quadratic would be 100 times
}))

test('signals_that_Node_makes_are_signals', async () => {
  const error = await rejected(run((task) => task.sleep(60_000), { signal: AbortSignal.timeout(5) }), CancelledError)
  assert.strictEqual(error.reason.name, 'TimeoutError')
  if (AbortSignal.any !== undefined) {
    const controller = new AbortController()
    const ends = run((task) => { setImmediate(() => controller.abort('any')); return task.sleep(60_000) },
      { signal: AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)]) })
    assert.strictEqual((await rejected(ends, CancelledError)).reason, 'any')
  }
})

test('a_task_follows_the_signal_of_another', () => virtual(async (task) => {
  const first = task.spawn((child) => child.sleep(60_000))
  const second = task.spawn((child) => child.sleep(60_000), { signal: first.signal })
  await task.yield()
  first.cancel('first')
  await rejected(first, CancelledError)
  const error = await rejected(second, CancelledError)
  assert.strictEqual(error.reason.reason, 'first')
}))

// ---- signals of tasks ----

test('the_signal_of_a_task_is_made_once_it_is_read_and_stays', () => virtual(async (task) => {
  const { signal } = task
  assert.ok(signal instanceof AbortSignal)
  assert.strictEqual(task.signal, signal)
  assert.strictEqual(signal.aborted, false)
  await task.yield()
  assert.strictEqual(task.signal, signal)
}))

test('it_is_aborted_at_once_also_if_the_task_is_astray', () => virtual(async (task) => {
  let go
  const child = task.spawn(async () => { await new Promise((resolve) => { go = resolve }) })
  const { signal } = child
  await immediate()
  child.cancel('why')
  assert.ok(signal.aborted)
  assert.ok(signal.reason instanceof CancelledError)
  assert.strictEqual(signal.reason.reason, 'why')
  go()
  await wait(task, [child])
}, REAL))

test('a_fresh_one_after_the_cancel_was_taken_back', () => virtual(async (task) => {
  const child = task.spawn(async (one) => {
    const first = one.signal
    await rejected(one.sleep(60_000), CancelledError)
    assert.ok(first.aborted)
    assert.strictEqual(one.signal, first)
    one.uncancel()
    const second = one.signal
    assert.notStrictEqual(second, first)
    assert.deepStrictEqual([first.aborted, second.aborted], [true, false])
    await one.sleep(1)
    return second
  })
  await task.yield()
  child.cancel()
  assert.strictEqual((await child).aborted, false)
}))

test('the_signal_of_a_task_that_is_over', () => virtual(async (task) => {
  const done = task.spawn(() => 1)
  const failed = task.spawn(() => { throw new Error() })
  const cancelled = task.spawn((child) => child.sleep(60_000))
  await task.yield()
  cancelled.cancel('why')
  await wait(task, [done, failed, cancelled])
  assert.deepStrictEqual([done, failed, cancelled].map((one) => one.signal.aborted), [false, false, true])
  assert.strictEqual(cancelled.signal.reason.reason, 'why')
  failed.exception()
}))

test('what_listens_may_do_anything', () => virtual(async (task, { loop }) => {
  const seen = []
  const child = task.spawn((one) => one.sleep(60_000))
  child.signal.addEventListener('abort', () => {
    seen.push('abort', child.done, child.cancelling)
    task.spawn(() => seen.push('spawned'))
    loop.callSoon(() => seen.push('called'))
    child.cancel('again')
    other.cancel()
  })
  const other = task.spawn((one) => one.sleep(60_000))
  await task.yield()
  child.cancel()
  await wait(task, [child, other])
  await task.yield()
  assert.deepStrictEqual(seen.slice(0, 3), ['abort', false, 1])
  assert.deepStrictEqual(seen.slice(-2).sort(), ['called', 'spawned'])
  assert.deepStrictEqual([child.cancelled, other.cancelled], [true, true])
}))

test('it_aborts_what_Node_does', () => virtual(async (task) => {
  const emitter = new EventEmitter()
  const bodies = [
    (child) => timers.setTimeout(60_000, null, { signal: child.signal }),
    (child) => once(emitter, 'never', { signal: child.signal }),
    async (child) => { for await (const tick of timers.setInterval(60_000, 1, { signal: child.signal })) void tick },
    (child) => child.until(timers.setTimeout(60_000, null, { signal: child.signal })),
    (child) => child.timeout(60_000, () => timers.setTimeout(60_000, null, { signal: child.signal })),
    (child) => child.group(() => timers.setTimeout(60_000, null, { signal: child.signal }))
  ]
  const children = bodies.map((body) => task.spawn(body))
  await task.sleep(5)
  for (const child of children) child.cancel('why')
  for (const child of children) {
    const error = await rejected(child, CancelledError)
    assert.ok(isCancel(error) && child.cancelled)
  }
  assert.strictEqual(emitter.listenerCount('never'), 0)
}, REAL))

test('an_AbortError_that_no_cancel_has_caused_is_a_failure', () => virtual(async (task) => {
  const child = task.spawn(() => timers.setTimeout(60_000, null, { signal: AbortSignal.abort() }))
  const error = await rejected(child, Error)
  assert.strictEqual(error.name, 'AbortError')
  assert.deepStrictEqual([child.cancelled, isCancel(error)], [false, false])
}, REAL))

test('it_is_aborted_for_an_interrupt_a_stall_and_a_close', async () => {
  const runner = new Runner({ signals: false })
  const interrupted = runner.run(async (task) => {
    const { signal } = task
    setImmediate(() => runner.interrupt())
    await rejected(timers.setTimeout(60_000, null, { signal }), Error)
    assert.ok(signal.aborted)
    throw new SyntaxError()
  })
  await rejected(interrupted, SyntaxError)
  let left
  await runner.run(async (task) => {
    task.spawn((child) => { left = child.signal; return timers.setTimeout(60_000, null, { signal: left }) })
    await task.yield()
  })
  assert.strictEqual(left.aborted, false)
  await runner.close()
  assert.strictEqual(left.aborted, true)
  let stuck
  await rejected(run((task) => {
    stuck = task.signal
    return new Event(task).wait(task)
  }, VIRTUAL), StalledError)
  assert.ok(stuck.aborted)
})
