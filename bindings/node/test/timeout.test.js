'use strict'

// Timeouts: expiry, nesting, cancels from outside, moved deadlines.

const assert = require('node:assert')
const { run, Timeout, TimeoutError, CancelledError, InvalidStateError, GroupError } = require('..')
const { test, virtual, rejected, thrown, turns, untilCancelled, immediate, real } = require('./support/virtual')

const first = new Error('first')
const forever = (task) => task.sleep(Infinity)

test('R170_a_body_that_outlives_its_deadline_times_out', async () => {
  await virtual(async (task, { now }) => {
    let inside
    const error = await rejected(task.timeout(10, () => forever(task).catch((it) => { inside = it; throw it })), TimeoutError)
    assert.strictEqual(now(), 10)
    assert.ok(inside instanceof CancelledError)
    assert.strictEqual(error.cause, inside)
    assert.strictEqual(error.code, 'RUNNER_ETIMEDOUT')
    assert.strictEqual(error.name, 'TimeoutError')
  })
})

test('R170_the_timeout_tells_that_it_has_expired', async () => {
  await virtual(async (task, { loop }) => {
    const begun = loop.time()
    let left
    await rejected(task.timeout(10, async (timeout) => {
      left = timeout
      assert.ok(timeout instanceof Timeout)
      assert.ok(Math.abs(timeout.when - begun - 10) < 1e-3)
      assert.strictEqual(timeout.expired, false)
      await untilCancelled(task, () => assert.strictEqual(timeout.expired, true))
    }), TimeoutError)
    assert.strictEqual(left.expired, true)
    assert.ok(Math.abs(left.when - begun - 10) < 1e-3)
  })
})

test('R170_a_deadline_may_be_given_on_the_clock_of_the_loop', async () => {
  await virtual(async (task, { loop, now }) => {
    await task.sleep(1000)
    await rejected(task.timeoutAt(loop.time() + 10, () => forever(task)), TimeoutError)
    assert.strictEqual(now(), 1010)
    await rejected(task.timeoutAt(loop.time() - 1, () => task.yield()), TimeoutError)
    await rejected(task.timeoutAt(-1e12, () => task.yield()), TimeoutError)
    assert.strictEqual(await task.timeoutAt(null, async (timeout) => { await task.sleep(1e6); return timeout.when === null && 3 }), 3)
  })
})

test('R170_fractions_are_times', async () => {
  await virtual(async (task, { now }) => {
    await rejected(task.timeout(0.25, () => forever(task)), TimeoutError)
    assert.strictEqual(now(), 0.25)
  })
})

test('R171_a_body_that_ends_first_has_its_own_outcome', async () => {
  await virtual(async (task) => {
    assert.strictEqual(await task.timeout(10, async () => { await task.sleep(5); return 3 }), 3)
    assert.strictEqual(await task.timeout(10, () => 4), 4)
    await rejected(task.timeout(10, async () => { await task.sleep(5); throw first }), first)
    let left
    await rejected(task.timeout(10, (timeout) => { left = timeout; throw first }), first)
    assert.strictEqual(left.expired, false)
    await task.sleep(20) // nothing is left that could expire
  })
})

test('R171_errors_of_every_kind_come_out_unchanged', async () => {
  await virtual(async (task) => {
    for (const error of [undefined, null, 'text', new CancelledError('mine'), new TypeError('mine')]) {
      const seen = await task.timeout(1, () => { throw error }).then(() => assert.fail(), (it) => [it])
      assert.strictEqual(seen[0], error)
    }
    let mine
    await rejected(task.timeout(5, () => forever(task)).catch((error) => { mine = error; throw error }), TimeoutError)
    await rejected(task.timeout(5, () => { throw mine }), mine)
  })
})

test('R172_without_a_time_it_never_expires', async () => {
  await virtual(async (task) => {
    for (const time of [null, Infinity]) {
      await task.timeout(time, async (timeout) => {
        assert.strictEqual(timeout.when, null)
        await task.sleep(3_600_000_000)
        assert.strictEqual(timeout.expired, false)
      })
    }
  })
})

test('R173_no_time_cancels_at_the_first_wait', async () => {
  await virtual(async (task) => {
    for (const time of [0, -1, -3_600_000]) {
      let began = false
      await rejected(task.timeout(time, () => { began = true; return task.yield() }), TimeoutError)
      assert.strictEqual(began, true)
    }
    assert.strictEqual(await task.timeout(0, () => 3), 3)
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
  })
})

test('R174_of_nested_timeouts_with_one_deadline_the_outer_one_reports_it', async () => {
  await virtual(async (task) => {
    let inner
    let outer
    await rejected(task.timeout(10, async (timeout) => {
      outer = timeout
      await rejected(task.timeout(10, (it) => { inner = it; return forever(task) }), CancelledError)
      throw new CancelledError()
    }), TimeoutError)
    assert.deepStrictEqual([inner.expired, outer.expired, task.cancelling], [true, true, 0])
  })
})

test('R174_an_inner_timeout_that_expires_first_leaves_the_outer_one', async () => {
  await virtual(async (task, { now }) => {
    await task.timeout(20, async () => {
      await rejected(task.timeout(10, () => forever(task)), TimeoutError)
      await task.sleep(5)
    })
    await rejected(task.timeout(10, () => task.timeout(20, () => forever(task))), TimeoutError)
    assert.strictEqual(now(), 25)
  })
})

test('R175_a_loop_that_was_busy_past_both', async () => {
  await run(async (task) => {
    await rejected(task.timeout(20, async () => {
      await rejected(task.timeout(10, () => {
        const until = performance.now() + 30
        while (performance.now() < until);
        return forever(task)
      }), CancelledError)
      throw new CancelledError()
    }), TimeoutError)
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R176_a_cancel_from_outside_is_no_timeout', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => me.timeout(10, () => forever(me)).finally(() => assert.strictEqual(me.cancelling, 1)))
    await task.sleep(5)
    child.cancel('mine')
    assert.strictEqual((await rejected(child, CancelledError)).reason, 'mine')
    assert.strictEqual(child.cancelled, true)
  })
})

test('R177_a_cancel_from_outside_goes_before_an_expiry_at_the_same_time', async () => {
  await virtual(async (task, { loop }) => {
    const child = task.spawn((me) => me.timeout(10, () => forever(me)).finally(() => assert.strictEqual(me.cancelling, 1)))
    loop.callLater(10, () => child.cancel('mine'))
    await rejected(child, CancelledError)
    assert.strictEqual(child.cancelled, true)
  })
})

test('R178_a_task_is_not_left_cancelled_by_its_timeout', async () => {
  await virtual(async (task) => {
    await rejected(task.timeout(10, () => forever(task)), TimeoutError)
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(10)
  })
})

test('R178_a_body_may_swallow_the_expiry', async () => {
  await virtual(async (task) => {
    assert.strictEqual(await task.timeout(10, (timeout) => forever(task).catch(() => timeout.expired)), true)
    assert.strictEqual(task.cancelling, 0)
    await turns(task)
  })
})

test('R179_a_body_may_answer_the_expiry_with_an_error', async () => {
  await virtual(async (task) => {
    await rejected(task.timeout(10, () => forever(task).catch(() => { throw first })), first)
    assert.strictEqual(task.cancelling, 0)
    const error = await rejected(task.timeout(10, () => task.group((group) => {
      group.spawn((me) => forever(me).catch(() => { throw first }))
    })), GroupError)
    assert.deepStrictEqual(error.errors, [first])
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R170_a_timeout_ends_a_group_with_its_children', async () => {
  await virtual(async (task, { note, lines }) => {
    await rejected(task.timeout(10, () => task.group((group) => {
      group.spawn((me) => untilCancelled(me, async () => { await me.sleep(5); note('child over') }))
    })), TimeoutError)
    assert.deepStrictEqual(lines, ['15 child over'])
  })
})

test('R170_a_timeout_in_a_group_does_not_end_the_group', async () => {
  await virtual(async (task, { now }) => {
    await task.group(async (group) => {
      group.spawn((me) => me.sleep(50))
      await rejected(task.timeout(10, () => forever(task)), TimeoutError)
      await task.sleep(5)
    })
    assert.strictEqual(now(), 50)
  })
})

test('R180_a_deadline_may_be_moved_while_it_has_not_passed', async () => {
  await virtual(async (task, { loop, now }) => {
    let left
    await rejected(task.timeout(10, async (timeout) => {
      left = timeout
      assert.strictEqual(timeout.reschedule(loop.time() + 30), undefined)
      await task.sleep(20)
      timeout.reschedule(null)
      assert.strictEqual(timeout.when, null)
      await task.sleep(20)
      timeout.reschedule(loop.time() + 10)
      await untilCancelled(task, () => assertRefused('RUNNER_EEXPIRING', () => timeout.reschedule(null)))
    }), TimeoutError)
    assert.strictEqual(now(), 50)
    assertRefused('RUNNER_EEXPIRED', () => left.reschedule(null))
    left = await task.timeout(10, (timeout) => timeout)
    assertRefused('RUNNER_EFINISHED', () => left.reschedule(null))
  })
})

function assertRefused(code, act) {
  assert.strictEqual(thrown(act, InvalidStateError).code, code)
}

test('R180_a_deadline_in_the_past_is_due_at_once', async () => {
  await virtual(async (task, { loop, now }) => {
    await rejected(task.timeout(10_000, (timeout) => { timeout.reschedule(loop.time() - 1); return task.yield() }), TimeoutError)
    assert.strictEqual(now(), 0)
  })
})

test('R180_another_task_or_a_callback_may_move_it', async () => {
  await virtual(async (task, { loop, now }) => {
    await rejected(task.timeout(10, (timeout) => {
      task.spawn(() => timeout.reschedule(loop.time() + 20))
      loop.callLater(15, () => timeout.reschedule(loop.time() + 20))
      return forever(task)
    }), TimeoutError)
    assert.strictEqual(now(), 35)
  })
})

test('R181_a_timeout_needs_a_body_and_a_time', async () => {
  await virtual(async (task) => {
    for (const body of [undefined, 5, {}]) await rejected(task.timeout(1, body), TypeError)
    const never = () => assert.fail('the body began')
    await rejected(task.timeout(NaN, never), RangeError)
    for (const time of ['1', {}, true, 1n, Symbol.iterator]) await rejected(task.timeout(time, never), TypeError)
    await rejected(task.timeoutAt('1', never), TypeError)
    await task.timeout(1, (timeout) => {
      thrown(() => timeout.reschedule(NaN), RangeError)
      thrown(() => timeout.reschedule('1'), TypeError)
    })
  })
})

test('a_timeout_around_waits_of_every_kind', async () => {
  await virtual(async (task) => {
    const waits = [() => task.sleep(100), () => task.until(new Promise(() => {})), async () => await task.spawn((me) => me.sleep(100)),
      () => task.until(task.spawn((me) => me.sleep(100))), () => task.shield(task.spawn((me) => me.sleep(100))),
      () => task.timeout(50, () => task.sleep(100))]
    for (const wait of waits) await rejected(task.timeout(0, wait), TimeoutError)
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R170_until_cancels_and_waits_for_a_task_that_takes_too_long', async () => {
  await virtual(async (task, { now, note, lines }) => {
    const child = task.spawn((me) => untilCancelled(me, async () => { await me.sleep(5); note('child over') }))
    await rejected(task.until(child, { timeout: 10 }), TimeoutError)
    assert.deepStrictEqual(lines, ['15 child over'])
    assert.deepStrictEqual([now(), child.cancelled, task.cancelling], [15, true, 0])
  })
})

test('R145_until_without_time_never_starts_a_new_task', async () => {
  await virtual(async (task) => {
    const child = task.spawn(() => assert.fail('it began'))
    await rejected(task.until(child, { timeout: 0 }), TimeoutError)
    assert.strictEqual(child.cancelled, true)
  })
})

test('R148_until_gives_the_result_of_a_task_that_swallows_the_cancel', async () => {
  await virtual(async (task) => {
    const child = task.spawn((me) => forever(me).catch(() => 42))
    assert.strictEqual(await task.until(child, { timeout: 10 }), 42)
  })
})

test('until_with_a_timeout_for_a_promise_and_a_future', async () => {
  await run(async (task) => {
    await rejected(task.until(new Promise(() => {}), { timeout: 2 }), TimeoutError)
    assert.strictEqual(await task.until(immediate().then(() => 1), { timeout: 60_000 }), 1)
    assert.strictEqual(task.cancelling, 0)
  })
  await virtual(async (task, { loop, now }) => {
    const future = loop.createFuture()
    await rejected(task.until(future, { timeout: 10 }), TimeoutError)
    assert.deepStrictEqual([now(), future.cancelled], [10, true])
  })
})

// ---- astray ---------------------------------------------------------------------------------------

// Astray until the time is over.
async function overdue(timeout) {
  while (!timeout.expired) await real(1)
}

test('a_body_that_was_astray_when_the_time_was_over_is_told_at_its_next_wait', async () => {
  await run(async (task) => {
    let after = false
    await rejected(task.timeout(1, async (timeout) => {
      await overdue(timeout)
      after = true
      await task.sleep(1000)
      assert.fail('it was not told')
    }), TimeoutError)
    assert.strictEqual(after, true)
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
  })
})

test('a_body_that_ends_astray_after_its_time_has_timed_out', async () => {
  await run(async (task) => {
    await rejected(task.timeout(1, async (timeout) => { await overdue(timeout); return 'late' }), TimeoutError)
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
    await rejected(task.timeout(1, async (timeout) => { await overdue(timeout); throw first }), first)
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(1)
  })
})

test('the_signal_of_a_body_astray_aborts_when_its_time_is_over', async () => {
  const { setTimeout: wait } = require('node:timers/promises')
  await run(async (task) => {
    await rejected(task.timeout(2, () => wait(60_000, null, { signal: task.signal })), TimeoutError)
    assert.strictEqual(task.cancelling, 0)
    assert.strictEqual(task.signal.aborted, false)
  })
})

test('a_timeout_that_is_begun_and_left_astray', async () => {
  await run(async (task) => {
    await immediate()
    assert.strictEqual(await task.timeout(60_000, async () => { await immediate(); return 3 }), 3)
    await immediate()
    await rejected(task.timeout(1, async () => { await immediate(); await forever(task) }), TimeoutError)
  })
})
