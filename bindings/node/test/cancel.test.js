'use strict'

// Cancels: counted, delivered once, handed on, taken back; by hand and by an AbortSignal.

const assert = require('node:assert')
const { getEventListeners } = require('node:events')
const { run, testLoop, CancelledError, RunnerError, isCancel, gather } = require('..')
const { test, virtual, withRunner, rejected, thrown, turns, deferred } = require('./support/virtual')

const forever = (task) => task.sleep(Infinity)

async function assertCancelled(task, reason) {
  const error = await rejected(task, CancelledError)
  assert.strictEqual(error.reason, reason)
  assert.strictEqual(task.cancelled, true)
  return error
}

test('it_is_no_RunnerError', async () => {
  const error = new CancelledError('why')
  assert.ok(!(error instanceof RunnerError))
  assert.deepStrictEqual([error.name, error.code, error.reason, error.cause, error.message],
    ['CancelledError', 'RUNNER_ECANCELED', 'why', 'why', 'why'])
  const plain = new CancelledError()
  assert.deepStrictEqual([plain.reason, 'cause' in plain], [undefined, false])
  assert.notStrictEqual(plain.message, '')
})

test('R141_R143_cancels_are_counted_and_delivered_once', async () => {
  await virtual(async (task) => {
    let delivered = 0
    const child = task.spawn(async (me) => {
      try { await forever(me) } catch { delivered++ }
      assert.strictEqual(me.cancelling, 2)
      await me.sleep(1)
      return 7
    })
    await task.yield()
    assert.deepStrictEqual([child.cancel(), child.cancel()], [true, true])
    assert.deepStrictEqual([child.cancelling, child.cancelled, child.done], [2, false, false])
    assert.strictEqual(await child, 7)
    assert.strictEqual(delivered, 1)
  })
})

test('R142_R152_a_finished_task_cannot_be_cancelled', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => 7)
    await child
    assert.strictEqual(child.cancel(), false)
    assert.deepStrictEqual([child.cancelling, child.uncancel(), child.result()], [0, 0, 7])
  })
})

test('R144_a_second_cancel_interrupts_the_cleanup', async () => {
  await virtual(async (task) => {
    const log = []
    const child = task.spawn(async (me) => {
      try {
        await forever(me)
      } catch (first) {
        log.push(first.reason)
        try { await forever(me) } catch (second) {
          log.push(second.reason)
          throw second
        }
      }
    })
    await task.yield()
    child.cancel('first')
    await task.yield()
    child.cancel('second')
    await assertCancelled(child, 'second')
    assert.deepStrictEqual(log, ['first', 'second'])
  })
})

test('R145_R088_one_that_is_cancelled_before_its_turn_never_begins', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => assert.fail('it began'))
    child.cancel('early')
    await assertCancelled(child, 'early')
    assert.strictEqual(thrown(() => child.result(), CancelledError).reason, 'early')
  })
})

test('R146_one_that_cancels_itself_hears_of_it_at_its_next_wait', async () => {
  const waits = [(me) => me.sleep(5), (me) => me.yield(), (me) => me.until(1), (me) => me.sleep(Infinity),
    async (me) => await me.spawn((it) => it.sleep(5)), (me) => gather(me, [me.spawn((it) => it.sleep(1))]),
    (me) => me.group((group) => { group.spawn((it) => it.sleep(1)) })]
  for (const wait of waits) {
    await virtual(async (task) => {
      const log = []
      const child = task.spawn(async (me) => {
        me.cancel('mine')
        log.push('goes on')
        await wait(me)
        log.push('never')
      })
      await assertCancelled(child, 'mine')
      assert.deepStrictEqual(log, ['goes on'], wait.toString())
    })
  }
})

test('R146_one_that_cancels_itself_and_ends_is_cancelled', async () => {
  await virtual(async (task) => {
    await assertCancelled(task.spawn((me) => { me.cancel('mine'); return 7 }), 'mine')
    await assertCancelled(task.spawn(async (me) => { me.cancel('mine'); return 7 }), 'mine')
    await assertCancelled(task.spawn(async (me) => { await me.yield(); me.cancel('mine'); return 7 }), 'mine')
  })
})

test('R146_a_failure_goes_before_a_cancel_that_was_not_told', async () => {
  await virtual(async (task) => {
    const error = new Error('mine')
    const child = task.spawn((me) => { me.cancel(); throw error })
    await rejected(child, error)
    assert.strictEqual(child.cancelled, false)
  })
})

test('R146_a_cancel_by_another_in_the_same_batch_is_not_lost', async () => {
  await virtual(async (task) => {
    const children = []
    const log = []
    children.push(task.spawn(async (me) => { children[1].cancel('by 0'); await me.sleep(1); return 0 }))
    children.push(task.spawn(async (me) => { log.push('begun'); await me.sleep(1) }))
    children.push(task.spawn(async (me) => { children[0].cancel('by 2'); await me.sleep(1); return 2 }))
    await assertCancelled(children[0], 'by 2')
    await assertCancelled(children[1], 'by 0')
    assert.strictEqual(await children[2], 2)
    assert.deepStrictEqual(log, [])
  })
})

test('a_batch_is_read_event_by_event', async () => {
  await virtual(async (task) => {
    let victim = null
    task.spawn(async (me) => {
      await me.yield()
      victim.cancel('late')
    })
    victim = task.spawn((me) => me.yield())
    await assertCancelled(victim, 'late')
  })
})

test('R147_it_reaches_the_innermost_wait_first', async () => {
  await virtual(async (task) => {
    const log = []
    const inner = task.spawn((me) => forever(me).finally(() => log.push('inner')))
    const outer = task.spawn(async () => { try { await inner } finally { log.push('outer') } })
    await turns(task, 2)
    outer.cancel('down')
    await assertCancelled(outer, 'down')
    await assertCancelled(inner, 'down')
    assert.deepStrictEqual(log, ['inner', 'outer'])
  })
})

test('R147_an_awaited_task_may_refuse', async () => {
  await virtual(async (task) => {
    const inner = task.spawn((me) => forever(me).catch(() => 7))
    const outer = task.spawn(async () => await inner)
    await turns(task, 2)
    outer.cancel()
    assert.strictEqual(await outer, 7)
  })
})

test('R148_R149_a_task_may_go_on_in_spite_of_it', async () => {
  await virtual(async (task, { now }) => {
    const child = task.spawn(async (me) => {
      try { await forever(me) } catch { await me.sleep(10) }
      return 42
    })
    await task.yield()
    child.cancel()
    assert.deepStrictEqual([await child, child.cancelled, now()], [42, false, 10])
  })
})

test('R151_uncancel_takes_one_back', async () => {
  await virtual(async (task) => {
    assert.strictEqual(task.uncancel(), 0)
    task.cancel()
    task.cancel()
    assert.deepStrictEqual([task.cancelling, task.uncancel(), task.cancelling], [2, 1, 1])
    assert.strictEqual(task.uncancel(), 0)
    await task.sleep(1) // it was not delivered, and is not any more
  })
})

test('R151_uncancel_after_the_delivery', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => {
      try { await forever(me) } catch { me.uncancel() }
      assert.strictEqual(me.cancelling, 0)
      await me.sleep(1)
      return 1
    })
    await task.yield()
    child.cancel()
    assert.strictEqual(await child, 1)
  })
})

test('R151_a_task_whose_cancel_was_taken_back_by_another_goes_on', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => { await me.sleep(1); return 1 })
    assert.strictEqual(child.cancel(), true)
    assert.strictEqual(child.uncancel(), 0)
    assert.strictEqual(await child, 1)
  })
})

test('R153_the_reason_reaches_who_awaits_and_may_be_anything', async () => {
  await virtual(async (task) => {
    for (const reason of ['why', 5, null, false, new Error('mine'), { an: 'object' }, Symbol.iterator]) {
      const inner = task.spawn(forever)
      const outer = task.spawn(async () => await inner)
      await turns(task, 2)
      inner.cancel(reason)
      await assertCancelled(outer, reason)
      assert.strictEqual((await assertCancelled(inner, reason)).cause, reason)
    }
  })
})

test('R153_the_reason_that_counts_is_the_latest_and_a_later_one_without_keeps_it', async () => {
  await virtual(async (task) => {
    const child = task.spawn(forever)
    await task.yield()
    child.cancel('first')
    child.cancel('second')
    child.cancel()
    await assertCancelled(child, 'second')
  })
})

test('the_error_that_a_task_throws_itself_is_its_outcome', async () => {
  await virtual(async (task) => {
    const error = new CancelledError('mine')
    const child = task.spawn(async () => { throw error })
    await assertCancelled(child, 'mine')
    thrown(() => child.result(), error)
    class Special extends CancelledError {}
    const special = task.spawn(() => { throw new Special('of its kind') })
    await assertCancelled(special, 'of its kind')
    thrown(() => special.result(), Special)
  })
})

test('what_counts_as_cancelled', async () => {
  await virtual(async (task) => {
    const bodies = [
      [forever, true],
      [(me) => forever(me).catch(() => { throw new Error('mine') }), false],
      [(me) => forever(me).finally(() => me.sleep(1)), true],
      [(me) => forever(me).finally(async () => { await me.spawn(() => 1) }), true]
    ]
    for (const [body, cancelled] of bodies) {
      const child = task.spawn(body)
      await task.yield()
      child.cancel()
      await rejected(child, Error)
      assert.strictEqual(child.cancelled, cancelled)
    }
  })
})

test('a_cancelled_main_comes_out_as_such', async () => {
  const error = await rejected(virtual((task) => {
    task.spawn(() => { task.cancel('enough') })
    return forever(task)
  }), CancelledError)
  assert.strictEqual(error.reason, 'enough')
  await rejected(virtual((task) => { task.cancel() }), CancelledError)
})

test('a_cleanup_may_wait_spawn_and_throw', async () => {
  await virtual(async (task) => {
    const log = []
    const error = new Error('in finally')
    const child = task.spawn(async (me) => {
      try { await forever(me) } finally {
        await me.sleep(1)
        log.push(await me.spawn(async (it) => { await it.sleep(1); return 'child' }))
        throw error // eslint-disable-line no-unsafe-finally
      }
    })
    await task.yield()
    child.cancel()
    await rejected(child, error)
    assert.deepStrictEqual(log, ['child'])
  })
})

test('a_task_that_only_yields_is_cancelled', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => { for (;;) await me.yield() })
    await turns(task, 5)
    child.cancel('stop')
    await assertCancelled(child, 'stop')
  })
})

test('many_are_cancelled_at_once', async () => {
  await virtual(async (task) => {
    let ended = 0
    const children = Array.from({ length: 500 }, () => task.spawn((me) => forever(me).finally(() => { ended++ })))
    await task.yield()
    for (const child of children) child.cancel()
    for (const child of children) await assertCancelled(child)
    assert.strictEqual(ended, 500)
  })
})

test('a_cancel_from_outside_of_the_run', async () => {
  await withRunner(async (runner) => {
    const begun = deferred()
    const running = runner.run(async (task) => {
      const child = task.spawn(forever)
      setImmediate(begun.resolve, [child])
      await rejected(task.until(child), CancelledError)
      return 1
    })
    const [child] = await begun.promise
    assert.strictEqual(child.cancel('outside'), true)
    assert.strictEqual(await running, 1)
    await assertCancelled(child, 'outside')
  }, { deadlock: false })
})

// ---- signals --------------------------------------------------------------------------------------

test('a_signal_cancels_the_task_with_its_reason', async () => {
  await virtual(async (task) => {
    const controller = new AbortController()
    const child = task.spawn(forever, { signal: controller.signal })
    await task.yield()
    controller.abort('why')
    await assertCancelled(child, 'why')
  })
})

test('a_signal_that_has_aborted_before_and_a_main_with_a_signal', async () => {
  await virtual(async (task) => {
    await assertCancelled(task.spawn(() => assert.fail('it began'), { signal: AbortSignal.abort('early') }), 'early')
  })
  const controller = new AbortController()
  const running = run(forever, { signal: controller.signal })
  setImmediate(() => controller.abort())
  const error = await rejected(running, CancelledError)
  assert.strictEqual(error.reason.name, 'AbortError')
  await rejected(run(() => assert.fail('it began'), { signal: AbortSignal.abort('early') }), CancelledError)
})

test('a_signal_has_one_listener_for_all_its_tasks_and_none_afterwards', async () => {
  await virtual(async (task) => {
    const { signal } = new AbortController()
    const children = Array.from({ length: 20 }, (_, i) => task.spawn((me) => me.sleep(i), { signal }))
    await task.yield()
    assert.strictEqual(getEventListeners(signal, 'abort').length, 1)
    await gather(task, children)
    assert.strictEqual(getEventListeners(signal, 'abort').length, 0)
    const again = task.spawn((me) => me.sleep(1), { signal })
    assert.strictEqual(getEventListeners(signal, 'abort').length, 1)
    await again
    assert.strictEqual(getEventListeners(signal, 'abort').length, 0)
  })
})

test('the_signal_of_a_task_aborts_at_once_with_the_CancelledError', async () => {
  await virtual(async (task) => {
    let signal
    const child = task.spawn((me) => { signal = me.signal; return forever(me) })
    await task.yield()
    assert.strictEqual(signal.aborted, false)
    assert.strictEqual(child.signal, signal)
    child.cancel('why')
    await assertCancelled(child, 'why')
    assert.strictEqual(signal.aborted, true)
    assert.ok(signal.reason instanceof CancelledError)
    assert.strictEqual(signal.reason.reason, 'why')
  })
})

test('a_signal_that_is_asked_for_after_the_cancel_is_aborted', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => {
      try { await forever(me) } catch { return me.signal.aborted }
    })
    await task.yield()
    child.cancel()
    assert.strictEqual(await child, true)
    const done = task.spawn(() => 1)
    await done
    assert.strictEqual(done.signal.aborted, false)
    const cancelled = task.spawn(forever)
    cancelled.cancel('late')
    await rejected(cancelled, CancelledError)
    assert.strictEqual(cancelled.signal.reason.reason, 'late')
  })
})

test('R151_the_signal_is_a_fresh_one_after_the_cancel_was_taken_back', async () => {
  await virtual(async (task) => {
    const child = task.spawn(async (me) => {
      const first = me.signal
      try { await forever(me) } catch { /* goes on */ }
      assert.strictEqual(me.signal, first)
      assert.strictEqual(first.aborted, true)
      me.uncancel()
      assert.notStrictEqual(me.signal, first)
      assert.strictEqual(me.signal.aborted, false)
      const second = me.signal
      me.cancel('again')
      assert.strictEqual(second.aborted, true)
      return 1
    })
    await task.yield()
    child.cancel()
    await assertCancelled(child, 'again')
  })
})

test('the_signal_is_a_fresh_one_after_a_timeout_and_after_a_group', async () => {
  await virtual(async (task) => {
    let inside
    await task.timeout(5, async () => {
      inside = task.signal
      await forever(task)
    }).catch(() => {})
    assert.deepStrictEqual([inside.aborted, task.signal.aborted], [true, false])
    await task.group(async (group) => {
      inside = task.signal
      group.spawn(() => { throw new Error('mine') })
      await forever(task)
    }).catch(() => {})
    assert.deepStrictEqual([inside.aborted, task.signal.aborted], [true, false])
  })
})

test('the_AbortError_that_the_signal_has_caused_is_a_cancel', async () => {
  const { setTimeout: wait } = require('node:timers/promises')
  await run(async (task) => {
    const child = task.spawn((me) => wait(60_000, null, { signal: me.signal }))
    await task.sleep(1)
    child.cancel('why')
    const error = await rejected(child, Error)
    assert.strictEqual(isCancel(error), true)
    assert.strictEqual(child.cancelled, true)
    assert.strictEqual(error.reason ?? error.cause?.reason, 'why')
  })
})

test('isCancel_knows_what_is_one', () => {
  const abort = new Error('aborted')
  abort.name = 'AbortError'
  const ours = Object.assign(new Error('aborted', { cause: new CancelledError('why') }), { name: 'AbortError' })
  const hostile = { get name() { throw new Error('no') } }
  assert.deepStrictEqual([new CancelledError(), ours, abort, new Error('x'), undefined, null, 5, 'text', hostile].map(isCancel),
    [true, true, false, false, false, false, false, false, false])
})

test('an_AbortError_of_a_foreign_signal_is_a_failure', async () => {
  await run(async (task) => {
    const child = task.spawn(async () => { AbortSignal.abort().throwIfAborted() })
    await rejected(child, Error)
    assert.strictEqual(child.cancelled, false)
  }, { loopFactory: testLoop })
})
