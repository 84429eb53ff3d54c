'use strict'

// What is forgotten is collected, and what is over leaves nothing.

const assert = require('node:assert')
const { test } = require('node:test')
const { getEventListeners } = require('node:events')
const { run, Runner, testLoop, gather, wait, Event, Lock, Semaphore, Queue, Condition, Barrier, Context, ContextVar } = require('..')
const { assertCollected, sizes, growth } = require('./support/memory')

const PER_ROUND = 200 // bytes: a leaked object of a round would be more

// Runs `act(task, i)` in many rounds in one run, and sees that neither the library nor JavaScript has more
// than before.
async function assertNothingLeft(act, { rounds = 300, options } = {}) {
  await run(async (task) => {
    for (let i = 0; i < 20; i++) await act(task, i)
    await assertCollected(async () => { await task.yield(); return true })
    const before = sizes(task)
    for (let i = 0; i < rounds; i++) await act(task, i)
    let after
    await assertCollected(async () => {
      await task.sleep(1)
      after = sizes(task)
      return after.objects <= before.objects && after.slots <= before.slots
    }, () => `of ${JSON.stringify(before)} there are ${JSON.stringify(after)}`)
  }, { exceptionHandler: () => {}, ...options })
}

// ---- objects of the library ----

const CASES = {
  tasks: (task) => task.spawn(() => {}),
  tasks_that_wait: (task) => task.spawn((child) => child.sleep(0)),
  tasks_that_nobody_awaits: (task) => { task.spawn(() => {}); return task.yield() },
  tasks_that_fail: (task) => task.spawn(() => { throw new Error() }).catch(() => {}),
  tasks_that_fail_and_nobody_awaits: (task) => { task.spawn(() => { throw new Error() }); return task.yield() },
  tasks_that_go_astray: (task) => task.spawn(async () => { await null }),
  tasks_that_are_cancelled: (task) => {
    const child = task.spawn((one) => one.sleep(60_000))
    return task.yield().then(() => { child.cancel('why'); return child }).catch(() => {})
  },
  tasks_that_are_cancelled_before_they_begin: (task) => {
    const child = task.spawn(() => {})
    child.cancel(new Error())
    return child.catch(() => {})
  },
  tasks_that_swallow_a_cancel: async (task) => {
    const child = task.spawn((one) => one.sleep(60_000).catch(() => 7))
    await task.yield()
    child.cancel({ reason: 1 })
    assert.strictEqual(await child, 7)
  },
  tasks_with_a_name: (task, i) => task.spawn(() => {}, { name: `child ${i}` }),
  tasks_with_a_signal: (task) => task.spawn((child) => { void child.signal }),
  tasks_that_a_signal_cancels: async (task) => {
    const controller = new AbortController()
    const child = task.spawn((one) => one.sleep(60_000), { signal: controller.signal })
    await task.yield()
    controller.abort()
    await child.catch(() => {})
  },
  tasks_with_a_context: (task) => task.spawn(() => {}, { context: new Context(task) }),
  promises: (task) => task.until(Promise.resolve(1)),
  promises_that_are_cancelled: async (task) => {
    const child = task.spawn((one) => one.until(new Promise(() => {})))
    await task.yield()
    child.cancel()
    await child.catch(() => {})
  },
  promises_that_fail: (task) => task.until(Promise.reject(new Error())).catch(() => {}),
  promises_that_come_too_late: (task) => task.until(new Promise((resolve) => setImmediate(resolve)), { timeout: 0.0001 }).catch(() => {}),
  shields: (task) => task.shield(task.spawn((child) => child.yield())),
  shields_that_are_cancelled: async (task) => {
    const inner = task.spawn((one) => one.sleep(1))
    const child = task.spawn((one) => one.shield(inner))
    await task.yield()
    child.cancel()
    await child.catch(() => {})
    await inner
  },
  groups: (task) => task.group((group) => { group.spawn((child) => child.yield()) }),
  groups_that_fail: (task) => task.group((group) => {
    group.spawn(() => { throw new Error() })
    group.spawn((child) => child.sleep(60_000))
  }).catch(() => {}),
  timeouts: (task) => task.timeout(60_000, () => task.yield()),
  timeouts_that_expire: (task) => task.timeout(0, () => task.sleep(60_000)).catch(() => {}),
  gathers: (task) => gather(task, [1, 2].map(() => task.spawn((child) => child.yield()))),
  gathers_of_what_is_over: async (task) => {
    const children = [task.spawn(() => 1), task.spawn(() => { throw new Error() })]
    await task.yield()
    await gather(task, children, { returnExceptions: true })
    await gather(task, children).catch(() => {})
  },
  waits: (task) => wait(task, [1, 2].map(() => task.spawn((child) => child.yield()))),
  callbacks: (task, i, loop = task._engine.runner.loop) => { loop.callSoon(() => {}); return task.yield() },
  callbacks_that_throw: (task, i, loop = task._engine.runner.loop) => { loop.callSoon(() => { throw new Error() }); return task.yield() },
  timers: (task, i, loop = task._engine.runner.loop) => { loop.callLater(0, () => {}); return task.sleep(0.1) },
  timers_that_are_cancelled: (task, i, loop = task._engine.runner.loop) => { loop.callLater(60_000, () => {}).cancel(); return task.yield() },
  futures: async (task, i, loop = task._engine.runner.loop) => {
    const future = loop.createFuture()
    loop.callSoon(() => future.resolve(1))
    await future
  },
  futures_that_are_forgotten: (task, i, loop = task._engine.runner.loop) => { loop.createFuture(); return task.yield() },
  futures_that_fail: (task, i, loop = task._engine.runner.loop) => {
    loop.createFuture().reject(new Error())
    const future = loop.createFuture()
    future.reject(new Error())
    return future.catch(() => {})
  },
  holds: (task, i, loop = task._engine.runner.loop) => { loop.hold()(); return task.yield() },
  closables: (task) => { task.register(() => {}, { name: 'one' }).unregister(); return task.yield() },
  events: async (task) => {
    const event = new Event(task)
    task.spawn(() => event.set())
    await event.wait(task)
  },
  locks: (task) => {
    const lock = new Lock(task)
    return lock.with(task, async () => {
      const child = task.spawn((one) => lock.acquire(one))
      await task.yield()
      child.cancel()
    })
  },
  semaphores: (task) => new Semaphore(task, 1).with(task, () => task.yield()),
  conditions: async (task) => {
    const condition = new Condition(task)
    task.spawn((child) => condition.with(child, () => condition.notifyAll()))
    await condition.with(task, () => condition.wait(task))
  },
  barriers: async (task) => {
    const barrier = new Barrier(task, 2)
    task.spawn((child) => barrier.wait(child))
    await barrier.wait(task)
  },
  queues: async (task) => {
    const queue = new Queue(task)
    task.spawn((child) => queue.put(child, { item: 1 }))
    await queue.get(task)
    queue.putNowait({ item: 2 }) // it goes with the queue
    const child = task.spawn((one) => new Queue(one).get(one))
    await task.yield()
    child.cancel()
  },
  contexts: (task) => { Context.copy(task); return task.yield() },
  variables: (task, i) => { const one = new ContextVar('one'); one.set(task, i); assert.strictEqual(one.get(task), i); return task.yield() }
}

// A variable that was set stays in its context as long as that one.
const KEPT = new Set(['variables'])

for (const [name, act] of Object.entries(CASES)) {
  if (KEPT.has(name)) continue
  test(`${name}_leave_nothing`, () => assertNothingLeft(act))
  test(`${name}_leave_nothing_on_a_virtual_clock`, () => assertNothingLeft(act, { rounds: 100, options: { loopFactory: testLoop } }))
}

test('variables_of_a_child_leave_nothing', () => assertNothingLeft((task, i) => task.spawn((child) => CASES.variables(child, i))))

test('R093_a_failure_is_reported_once_nobody_can_take_it', async () => {
  const seen = []
  await run(async (task) => {
    await task.spawn((parent) => { for (let i = 0; i < 20; i++) parent.spawn(() => { throw new Error(i) }) })
    await task.yield()
    await assertCollected(async () => { await task.yield(); return seen.length >= 15 }, () => `${seen.length} of 20 while it runs`)
  }, { exceptionHandler: ({ error }) => seen.push(Number(error.message)) })
  assert.deepStrictEqual(seen.sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i))
})

// ---- objects of JavaScript ----

// Whether what `make` gives is collected once it has returned.
async function assertForgotten(make, meanwhile = () => {}) {
  const left = new Set()
  const registry = new FinalizationRegistry((i) => left.delete(i))
  for (let i = 0; i < 10; i++) {
    left.add(i)
    registry.register(await make(), i)
  }
  await assertCollected(async () => { await meanwhile(); return left.size <= 1 }, () => `${left.size} of 10 are left`)
}

test('runners_that_were_never_used_are_collected', () => assertForgotten(() => new Runner()))

test('runners_that_were_used_are_collected', () => assertForgotten(async () => {
  const runner = new Runner()
  await runner.run((task) => task.sleep(0))
  return runner
}))

test('runners_with_tasks_that_wait_are_collected', () => assertForgotten(async () => {
  const runner = new Runner()
  await runner.run(async (task) => {
    const event = new Event(task)
    task.spawn((child) => child.sleep(60_000))
    task.spawn((child) => event.wait(child))
    runner.loop.callLater(60_000, () => {})
    task.register(() => {})
    await task.yield()
  })
  return runner
}))

test('runners_on_a_virtual_clock_are_collected', () => assertForgotten(async () => {
  const runner = new Runner({ loopFactory: testLoop })
  await runner.run((task) => { task.spawn((child) => child.sleep(60_000)) })
  return runner
}))

test('runners_that_were_closed_are_collected', () => assertForgotten(async () => {
  const runner = new Runner()
  await runner.run((task) => task.sleep(0))
  await runner.close()
  return runner
}))

test('what_main_gives_is_collected_with_a_runner_that_stays', async () => {
  const runner = new Runner()
  await assertForgotten(() => runner.run(() => ({})))
  await assertForgotten(() => runner.run(() => { throw new Error() }).catch((error) => error))
  await assertForgotten(() => runner.run((task) => task))
    .catch((error) => assert.ok(error)) // it cannot give itself
  await runner.close()
})

test('tasks_futures_and_closables_are_collected', async () => {
  const runner = new Runner()
  const { loop } = runner
  await runner.run(async (task) => {
    const beat = () => task.yield()
    await assertForgotten(async () => {
      const child = task.spawn((one) => one.yield())
      await task.sleep(0.1)
      return { child }.child._body ?? { of: child }
    }, beat)
    const children = []
    await assertForgotten(async () => {
      const value = {}
      children.push(task.spawn(async (child) => { const one = value; await child.yield(); void one }))
      await task.sleep(1)
      return value
    }, beat)
    await assertForgotten(async () => ({ future: loop.createFuture() }).future.constructor && [loop.createFuture()], beat)
    await assertForgotten(() => { const one = {}; task.register(() => one).unregister(); return one }, beat)
    await assertForgotten(() => { const one = {}; loop.callLater(60_000, () => one).cancel(); return one }, beat)
    await assertForgotten(async () => { const one = {}; loop.callSoon(() => one); await task.yield(); return one }, beat)
    await assertForgotten(async () => {
      const one = {}
      const child = task.spawn((two) => two.sleep(60_000))
      await task.yield()
      child.cancel(one)
      await child.catch(() => {})
      return one
    }, beat)
    await assertForgotten(async () => { const one = {}; await task.until(Promise.resolve(one)); return one }, beat)
    await assertForgotten(async () => { const one = {}; new Queue(task).putNowait(one); await task.yield(); return one }, beat)
  })
  await runner.close()
})

// ---- the heap ----

test('tasks_one_after_another_do_not_grow', { timeout: 100_000 }, async () => {
  await run(async (task) => {
    const bytes = await growth(25_000, () => task.spawn(() => {}))
    assert.ok(bytes < 8, `${bytes} bytes for each`)
  })
})

test('runs_of_a_runner_do_not_grow', async () => {
  const runner = new Runner()
  const bytes = await growth(1000, () => runner.run((task) => task.yield()))
  assert.ok(bytes < PER_ROUND, `${bytes} bytes for each`)
  await runner.close()
})

test('runners_do_not_grow', async () => {
  const bytes = await growth(300, () => run((task) => { task.spawn((child) => child.sleep(60_000)); return task.sleep(0) }))
  assert.ok(bytes < 3 * PER_ROUND, `${bytes} bytes for each`)
})

test('a_sleep_that_is_cancelled_leaves_the_heap_at_once', async () => {
  await run(async (task) => {
    const count = () => sizes(task).objects
    const before = count()
    for (let i = 0; i < 3; i++) {
      const children = Array.from({ length: 1000 }, () => task.spawn((child) => child.sleep(86_400_000)))
      await task.yield()
      assert.ok(count() >= before + 1000)
      for (const child of children) child.cancel()
      await wait(task, children)
      await task.yield()
      assert.ok(count() < before + 100, `${count()} of ${before}`)
    }
  })
})

// ---- signals of the program ----

test('a_signal_that_many_share_has_one_listener_and_then_none', async () => {
  const { signal } = new AbortController()
  await run(async (task) => {
    const children = Array.from({ length: 100 }, (_, i) => task.spawn((child) => child.sleep(i % 10), { signal }))
    await task.yield()
    assert.strictEqual(getEventListeners(signal, 'abort').length, 1)
    await gather(task, children)
    assert.strictEqual(getEventListeners(signal, 'abort').length, 0)
    const failed = task.spawn(() => { throw new Error() }, { signal })
    await failed.catch(() => {})
    const cancelled = task.spawn((child) => child.sleep(60_000), { signal })
    await task.yield()
    cancelled.cancel()
    await cancelled.catch(() => {})
    const early = task.spawn(() => {}, { signal })
    early.cancel()
    await early.catch(() => {})
    assert.strictEqual(getEventListeners(signal, 'abort').length, 0)
  }, {})
  await run((task) => task.sleep(1), { signal })
  assert.strictEqual(getEventListeners(signal, 'abort').length, 0)
  await run((task) => { task.spawn((child) => child.sleep(60_000), { signal }) }, { signal })
  assert.strictEqual(getEventListeners(signal, 'abort').length, 0)
})

test('a_signal_that_lives_for_ever_keeps_no_task', async () => {
  const { signal } = new AbortController()
  await assertForgotten(async () => {
    const runner = new Runner()
    await runner.run((task) => task.spawn((child) => child.yield(), { signal }), { signal })
    await runner.close()
    return runner
  })
})
