'use strict'

// Task groups and cancels: of the owner, of the group.

const assert = require('node:assert')
const { Runner, testLoop, GroupError, CancelledError, TimeoutError } = require('..')
const { test, virtual, rejected, thrown, turns, untilCancelled } = require('./support/virtual')

const first = new Error('first')

const forever = (task) => task.sleep(Infinity)

// Throws it when it is cancelled.
const failing = (error) => (task) => forever(task).catch(() => { throw error })

test('R160_a_cancelled_owner_has_its_children_cancelled_and_waits_for_them', async () => {
  await virtual(async (task, { note, lines }) => {
    const owner = task.spawn(async (me) => {
      try {
        await me.group((group) => { group.spawn((it) => untilCancelled(it, async () => { await it.sleep(10); note('child over') })) })
      } finally {
        note('group over')
        assert.strictEqual(me.cancelling, 1)
      }
    })
    await task.sleep(10)
    owner.cancel('why')
    assert.strictEqual((await rejected(owner, CancelledError)).reason, 'why')
    assert.deepStrictEqual(lines, ['20 child over', '20 group over'])
  })
})

test('R160_a_cancelled_body_gives_back_its_own_error', async () => {
  await virtual(async (task) => {
    let inside
    const owner = task.spawn(async (me) => {
      const outside = await rejected(me.group(() => forever(me).catch((error) => { inside = error; throw error })), CancelledError)
      assert.strictEqual(inside, outside)
      throw outside
    })
    await turns(task, 1)
    owner.cancel('mine')
    assert.strictEqual((await rejected(owner, CancelledError)).reason, 'mine')
    thrown(() => owner.result(), inside)
  })
})

test('R160_a_second_cancel_meets_the_wait_for_the_children', async () => {
  await virtual(async (task, { note, lines }) => {
    const owner = task.spawn(async (me) => {
      try {
        await me.group((group) => { group.spawn((it) => untilCancelled(it, async () => { await it.sleep(10); note('child over') })) })
      } finally {
        assert.strictEqual(me.cancelling, 2)
      }
    })
    await task.sleep(10)
    owner.cancel()
    await task.sleep(5)
    owner.cancel()
    await rejected(owner, CancelledError)
    assert.deepStrictEqual(lines, ['20 child over'])
  })
})

test('R161_errors_win_over_a_cancel_which_is_not_lost', async () => {
  await virtual(async (task) => {
    const owner = task.spawn(async (me) => {
      const error = await rejected(me.group((group) => { group.spawn(failing(first)) }), GroupError)
      assert.deepStrictEqual(error.errors, [first])
      assert.strictEqual(me.cancelling, 1)
      await rejected(me.yield(), CancelledError)
      throw error
    })
    await task.sleep(10)
    owner.cancel()
    assert.deepStrictEqual((await rejected(owner, GroupError)).errors, [first])
  })
})

test('R161_a_cancel_that_lost_to_errors_counts_if_the_task_just_ends', async () => {
  await virtual(async (task) => {
    const owner = task.spawn((me) => me.group((group) => { group.spawn(failing(first)) }).catch(() => 3))
    await task.sleep(10)
    owner.cancel()
    await rejected(owner, CancelledError)
    assert.strictEqual(owner.cancelled, true)
  })
})

test('R164_a_group_takes_its_cancel_back', async () => {
  await virtual(async (task) => {
    await rejected(task.group((group) => {
      group.spawn(async (me) => { await me.sleep(10); throw first })
      return forever(task)
    }), GroupError)
    assert.strictEqual(task.cancelling, 0)
    await task.sleep(10)
  })
})

test('R168_a_group_can_be_cancelled_without_an_error', async () => {
  await virtual(async (task, { note, lines }) => {
    const value = await task.group(async (group) => {
      group.spawn(forever)
      group.spawn(async (me) => { await me.sleep(10); group.cancel(); group.cancel() })
      await untilCancelled(task, () => note('body over'))
      return 1
    })
    note('group over')
    assert.strictEqual(value, undefined)
    assert.deepStrictEqual(lines, ['10 body over', '10 group over'])
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R168_a_body_that_does_not_wait_again_has_its_value', async () => {
  await virtual(async (task) => {
    assert.strictEqual(await task.group((group) => { group.spawn(forever); group.cancel(); return 3 }), 3)
    assert.strictEqual(task.cancelling, 0)
    await task.yield()
  })
})

test('R168_an_error_of_the_body_survives_the_cancel_of_its_group', async () => {
  await virtual(async (task) => {
    const error = await rejected(task.group((group) => { group.cancel(); throw first }), GroupError)
    assert.deepStrictEqual(error.errors, [first])
  })
})

test('R168_a_callback_may_cancel_a_group', async () => {
  await virtual(async (task, { loop, now }) => {
    await task.group((group) => {
      loop.callLater(10, () => group.cancel())
      group.spawn(forever)
    })
    assert.strictEqual(now(), 10)
  })
})

test('R029_a_body_that_throws_a_CancelledError_by_itself_comes_out_so', async () => {
  await virtual(async (task) => {
    const mine = new CancelledError('mine')
    let child
    await rejected(task.group(async (group) => {
      child = group.spawn(forever)
      await task.yield()
      throw mine
    }), mine)
    assert.strictEqual(child.cancelled, true)
    assert.strictEqual(task.cancelling, 0)
  })
})

test('R079_a_group_that_is_left_is_cancelled_by_the_close', async () => {
  const log = []
  await virtual(async (task) => {
    task.spawn((owner) => owner.group((group) => {
      group.spawn((me) => untilCancelled(me, async () => { await me.sleep(10); log.push('child over') }))
    }).finally(() => log.push('group over')))
    await turns(task, 2)
  })
  assert.deepStrictEqual(log, ['child over', 'group over'])
})

test('R085_a_group_may_be_given_up', async () => {
  const runner = new Runner({ loopFactory: testLoop, cancelGrace: 10, exceptionHandler: () => {} })
  const stubborn = async (task) => {
    for (let i = 0; i < 50; i++) await task.sleep(1000).catch(() => {})
  }
  await runner.run(async (task) => {
    task.spawn((me) => me.group((group) => { group.spawn(stubborn); return stubborn(me) }))
    task.spawn((me) => me.timeout(3_600_000, () => stubborn(me)))
    await turns(task, 3)
  })
  await rejected(runner.close(), TimeoutError)
  assert.strictEqual(runner.closed, true)
})
